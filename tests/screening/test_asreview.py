"""Project files of ASReview: what is written is read again, and has the layout that ASReview 3 opens."""

import io
import json
import sqlite3
import time
import zipfile
from dataclasses import replace

import pytest

from stromata.errors import InvalidInput, Unreadable
from stromata.screening import asreview
from stromata.screening.asreview import Given, Item, Project, is_project, read_project, write_project
from stromata.screening.documents import Document
from stromata.screening.labelled import LabelledSet, labelled_set
from stromata.screening.rankers import RANKERS
from stromata.screening.simulate import Plan, replay

MODEL = ("svm", "max", "balanced", "tfidf")
ITEMS = (
    Item(0, "Cells", "We gave cells.", ("Li, A", "Bo, C"), ("skin", "stem cells"), 2020, "10.1000/a", "", 1),
    Item(1, "Roads", "", label=0),
    Item(2, "细胞", "治疗", label=None, duplicate_of=0),
)
VERDICTS = (
    Given(1, 0, 1.7e9, prior=True),
    Given(0, 1, 1.7e9 + 4.5, trained=1, note="good", tags='{"a": 1}', reviewer=3, model=MODEL),
)
PROJECT = Project("My review", ITEMS, VERDICTS, mode="oracle", created=1_700_000_000, settings={"name": "elas_u4"})


def unpacked(data):
    archive = zipfile.ZipFile(io.BytesIO(data))
    base = sqlite3.connect(":memory:")
    base.deserialize(archive.read("results.db"))
    return archive, base


def packed(**members):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_db", ".db").replace("_json", ".json"), content)
    return data.getvalue()


def test_what_is_written_is_read_again():
    data = write_project(PROJECT)
    assert is_project(data)
    assert read_project(data, name="x.asreview") == PROJECT
    assert write_project(PROJECT) == data


def test_the_layout_is_that_of_asreview_3():
    """As asreview 3.0.8 makes it with Project.create and add_dataset: it refuses other columns and versions."""
    archive, base = unpacked(write_project(PROJECT))
    assert set(archive.namelist()) == {"project.json", "results.db", "data/references.csv"}
    config = json.loads(archive.read("project.json"))
    assert config["project_file_version"] == 3
    assert {"version", "id", "mode", "name"} <= config.keys()
    assert set(config["review"]) == {"status", "model"}
    assert config["datasets"] == [{"id": "references.csv", "name": "references.csv"}]
    assert base.execute("PRAGMA user_version").fetchone() == (3,)
    columns = {table: [row[1] for row in base.execute(f"PRAGMA table_xinfo({table})")] for table in
               ("record", "results", "last_ranking", "decision_changes")}  # fmt: skip
    assert columns["record"] == [
        "dataset_row", "dataset_id", "title", "abstract", "authors", "keywords", "year", "doi", "url", "included",
        "record_id", "duplicate_of", "group_id",
    ]  # fmt: skip
    model = ["classifier", "querier", "balancer", "feature_extractor", "training_set", "time"]
    assert columns["results"] == ["record_id", "label", *model, "note", "tags", "user_id"]
    assert columns["last_ranking"] == ["record_id", "ranking", *model]
    assert columns["decision_changes"] == ["record_id", "label", "time", "user_id"]
    triggers = {row[0] for row in base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    assert triggers == {"trg_results_delete", "trg_results_label_update"}


def test_priors_have_no_querier_and_later_changes_are_kept_by_asreviews_trigger():
    _, base = unpacked(write_project(PROJECT))
    assert base.execute("SELECT record_id FROM results WHERE querier IS NULL").fetchall() == [(1,)]
    assert base.execute("SELECT group_id FROM record ORDER BY record_id").fetchall() == [(0,), (1,), (0,)]
    base.execute("UPDATE results SET label = 1 WHERE record_id = 1")
    assert base.execute("SELECT record_id, label FROM decision_changes").fetchall() == [(1, 0)]


def test_projects_of_asreview_2_are_read():
    """In version 2 references and verdicts stand in two databases, and the review has a folder."""
    _, base = unpacked(write_project(PROJECT))
    whole = base.serialize()
    config = {"version": "2.1", "id": "p", "mode": "oracle", "name": "My review", "created_at_unix": 1_700_000_000,
              "reviews": [{"id": "abc", "status": "review", "model": {"name": "elas_u4"}}],
              "datasets": [{"id": "d", "name": "references.csv"}]}  # fmt: skip
    data = packed(project_json=json.dumps(config), data_store_db=whole, reviews__abc__results_db=whole)
    found = read_project(data, name="x.asreview")
    assert replace(found, version=PROJECT.version) == PROJECT
    config["reviews"] = []
    empty = read_project(packed(project_json=json.dumps(config), data_store_db=whole), name="x.asreview")
    assert (empty.verdicts, len(empty.items)) == ((), 3)


def test_references_that_are_only_shown_have_no_verdict():
    _, base = unpacked(write_project(PROJECT))
    base.execute("INSERT INTO results (record_id, querier) VALUES (2, 'max')")
    base.commit()
    config = json.dumps({"version": "3.0", "project_file_version": 3, "name": "n"})
    found = read_project(packed(project_json=config, results_db=base.serialize()), name="x")
    assert [verdict.id for verdict in found.verdicts] == [1, 0]


def test_a_database_marked_for_a_log_beside_it_is_read():
    data = write_project(PROJECT)
    archive, base = unpacked(data)
    marked = bytearray(base.serialize())
    marked[18:20] = b"\x02\x02"
    again = packed(project_json=archive.read("project.json"), results_db=bytes(marked))
    assert read_project(again, name="x") == PROJECT


@pytest.mark.parametrize("version", [1, 4])
def test_layouts_that_are_not_known_say_what_to_do(version):
    config = json.dumps({"version": f"{version}.2", "name": "old"})
    with pytest.raises(Unreadable, match=f"version {version}") as raised:
        read_project(packed(project_json=config), name="old.asreview")
    assert "ASReview" in raised.value.hint


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda _: packed(project_json="{"),
        lambda _: packed(project_json="[]"),
        lambda _: packed(project_json='{"version": "3.0"}'),
        lambda _: packed(project_json='{"version": "x"}'),
        lambda _: packed(project_json='{"version": "3.0"}', results_db=b"no database"),
        lambda _: packed(project_json='{"version": "3.0"}', results_db=b"SQLite format 3\x00" + b"\x01" * 90),
    ],
)
def test_damaged_files_are_named(damage):
    with pytest.raises(Unreadable, match=r"x\.asreview is a damaged project file"):
        read_project(damage(write_project(PROJECT)), name="x.asreview")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE results SET label = 7 WHERE record_id = 0", "7 is no label"),
        ("UPDATE record SET title = x'00'", "text"),
    ],
)
def test_cells_of_another_kind_are_not_taken_for_labels_or_texts(change, said):
    archive, base = unpacked(write_project(PROJECT))
    base.execute(change)
    base.commit()
    data = packed(project_json=archive.read("project.json"), results_db=base.serialize())
    with pytest.raises(Unreadable, match=said):
        read_project(data, name="x")


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", packed(other="x"), b"title,label\n"])
def test_other_files_are_no_projects(data):
    assert not is_project(data)


def test_projects_that_contradict_themselves_are_not_written():
    for wrong in (
        replace(PROJECT, items=(*ITEMS, ITEMS[0])),
        replace(PROJECT, verdicts=(*VERDICTS, VERDICTS[0])),
        replace(PROJECT, verdicts=(Given(9, 1),)),
    ):
        with pytest.raises(InvalidInput):
            write_project(wrong)


def test_a_project_is_a_labelled_set_by_its_verdicts_before_the_labels_of_its_data():
    turned = replace(PROJECT, verdicts=(Given(0, 0), Given(1, 1)))
    found = labelled_set([asreview.labelled_part(turned, name="x")], name="x")
    assert (found.relevant, found.unlabelled) == ((False, True), 1)
    by_data = labelled_set([asreview.labelled_part(replace(PROJECT, verdicts=()), name="x")], name="x")
    assert by_data.relevant == (True, False)
    assert by_data.documents[0].names == ("10.1000/a",)


def test_a_replay_becomes_a_simulation_with_priors_first_and_verdicts_in_order():
    documents = tuple(Document(str(2 * place), title=f"w{place % 3} cells") for place in range(8))
    data = LabelledSet("A set!", documents, tuple(place % 3 == 0 for place in range(8)))
    run = replay(data, RANKERS["default"], Plan(rules=()), clock=time.process_time)
    project = asreview.replay_project(data, run, created=5)
    assert project.mode == "simulate"
    assert [2 * verdict.id for verdict in project.verdicts] == [*run.priors, *run.order]
    assert [verdict.prior for verdict in project.verdicts] == [True] * 2 + [False] * 6
    assert [verdict.trained for verdict in project.verdicts] == [None, None, *run.trained]
    assert [item.label for item in project.items] == [int(one) for one in data.relevant]
    assert read_project(write_project(project), name="x") == project
