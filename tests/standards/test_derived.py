"""A team's own standard: what may be changed, and what is refused."""

from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.errors import InvalidInput, NotFound, StromataError, Unreadable
from stromata.standards import check, derive, read_standard, record_of, standard, standards
from stromata.standards.catalogue import criterion
from stromata.standards.derived import _row

CELLS = standard("cell-therapy")


def one(found, name):
    return next(each for each in found.criteria if each.id == name)


def derived(*changes, **options):
    return derive(CELLS, changes, id="ours", version="1", **options)


def test_an_override_keeps_what_it_does_not_name():
    found = derived({"override": "SA-02", "severity": "must", "reason": "Reserve.", "statement": "S3"})
    before, after = one(CELLS, "SA-02"), one(found, "SA-02")
    assert (after.severity, after.value, after.sources) == ("must", before.value, before.sources)
    assert (after.statement, after.must_reason) == ("S3", "Reserve.")
    assert (found.extends, found.changes[0].action, found.changes[0].reason) == (
        "cell-therapy 1.0",
        "override",
        "Reserve.",
    )
    assert len(found.criteria) == len(CELLS.criteria)


def test_a_new_limit_no_longer_rests_on_the_old_source():
    by_team = one(derived({"override": "SA-01", "value": 75, "reason": "Our data."}), "SA-01")
    assert (by_team.sources, by_team.basis) == ((), "team-decision")
    assert "Our data." in by_team.note
    by_panel = one(derived({"override": "SA-01", "value": 75, "reason": "R.", "statement": "S1"}), "SA-01")
    assert (by_panel.basis, by_panel.statement) == ("consensus", "S1")
    marrow = one(derived({"override": "DS-09", "value": 3, "reason": "R."}), "DS-09")
    assert marrow.exceptions == ()


def test_an_unsourced_criterion_with_a_limit_of_the_teams_own_is_enforced():
    found = derived({"override": "IN-21", "value": 2, "severity": "must", "reason": "Local rule.", "statement": "S9"})
    record, _ = record_of([("post_infusion_observation_hours", 1)], subject="infusion")
    result = next(each for each in check(record, found).results if each.criterion == "IN-21")
    assert (result.status, result.statement) == ("not-met", "S9")


def test_a_criterion_is_added_and_another_dropped():
    row = {"stage": "infusion-management", "subject": "infusion", "field": "observer", "operator": "present"}
    found = derived(
        {"add": "EX-1", **row, "severity": "must", "reason": "Somebody stays."},
        {"drop": "SF-16", "reason": "Local law."},
    )
    assert one(found, "EX-1").rationale == "Somebody stays."
    assert "SF-16" not in {each.id for each in found.criteria}
    record, _ = record_of([("team", "x"), ("bedside_observer", "N. N.")], subject="infusion")
    assert {each.criterion: each.status for each in check(record, found).results}["EX-1"] == "met"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"override": "XX-9", "value": 1, "reason": "R."}, r"change 1 \(XX-9\): there is no criterion XX-9"),
        ({"override": "SA-01", "value": 75}, r"change 1 \(SA-01\): reason: missing"),
        ({"override": "SA-01", "value": "high", "reason": "R."}, "'high' is not a number"),
        ({"override": "SA-01", "unit": "EU/mL", "reason": "R."}, "does not fit viability_release_pct"),
        ({"override": "SA-01", "vlaue": 75, "reason": "R."}, "vlaue: there is no such key"),
        ({"add": "SA-01", "reason": "R."}, "there is a criterion SA-01 already"),
        ({"drop": "SA-01"}, "reason: missing"),
        ({"drop": "SA-01", "value": 3, "reason": "R."}, "has no meaning in a drop"),
        ({"value": 75, "reason": "R."}, "exactly one of"),
        ({"drop": "SA-01", "add": "X", "reason": "R."}, "exactly one of"),
        ({"override": "SA-01", "value": 75, "reason": "R.", "statement": "S9"}, "there is no statement 'S9'"),
        ("SA-01", "not a list of key"),
    ],
)
def test_a_change_that_does_not_fit_is_refused_with_its_place(change, said):
    with pytest.raises(InvalidInput, match=said):
        derived(change, statements={"S1"})


def test_every_wrong_change_is_told_at_once():
    with pytest.raises(InvalidInput) as caught:
        derived({"drop": "XX-1", "reason": "R."}, {"drop": "SA-01", "reason": "R."}, {"drop": "XX-2", "reason": "R."})
    assert "change 1 (XX-1)" in caught.value.message
    assert "change 3 (XX-2)" in caught.value.message


def test_nothing_of_a_criterion_is_lost_on_the_way_through_a_row():
    for each in (each for found in standards() for each in found.criteria):
        assert criterion(_row(each), {}) == each


def test_the_worked_standard_is_read():
    found = read_standard(files("stromata.examples").joinpath("records/team-standard.yaml").read_bytes())
    assert (found.id, found.extends, len(found.changes)) == ("example-unit", "cell-therapy 1.0", 4)
    record, _ = record_of([("karyotype", "46,XY,16qh+")], subject="batch")
    assert {each.criterion: each.status for each in check(record, found).results}["SA-12"] == "met"
    assert {each.criterion: each.status for each in check(record, CELLS).results}["SA-12"] == "not-met"


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("", Unreadable, "no keys"),
        ("a: [", Unreadable, "line"),
        ("- 1", Unreadable, "no keys"),
        ("id: a\nversion: 1\nid: b\nextends: cell-therapy\n", Unreadable, r"id \(line 3\)"),
        (
            "id: a\nversion: 1\nextends: cell-therapy\nchanges:\n- {drop: SA-01, drop: SA-02, reason: R}",
            Unreadable,
            "drop",
        ),
        ("id: a\nversion: 1\n", InvalidInput, "extends: missing"),
        ("id: a\nversion: 1\nextends: nothing\n", NotFound, "nothing"),
        ("id: a\nversion: 1\nextends: cell-therapy\nextends_version: '0.9'\n", InvalidInput, "this stromata has 1.0"),
        (
            "id: a\nversion: 1\nextends: cell-therapy\nchange: []\n",
            InvalidInput,
            r"'change' \(line 4\): there is no such key",
        ),
        ("id: a\nversion: 1\nextends: cell-therapy\nchanges: 3\n", InvalidInput, "changes: it is not a list"),
        ("id: [x]\nversion: 1\nextends: cell-therapy\n", InvalidInput, "is not a text"),
        ("id: &a [*a]\nversion: 1\nextends: cell-therapy\n", Unreadable, r"line 1: the alias \*a stands"),
        ("id: x\nversion: !!python/object/apply:os.getcwd []\n", Unreadable, "line 2: what stands there is neither"),
    ],
)
def test_a_file_that_is_no_standard_is_refused(text, error, said):
    with pytest.raises(error, match=said):
        read_standard(text.encode())


def test_a_file_that_is_not_there_is_not_found(tmp_path):
    with pytest.raises(NotFound):
        read_standard(tmp_path / "none.yaml")


CHANGES = "id: a\nversion: 2020-13-45\nextends: cell-therapy\nchanges:\n"


def test_faults_of_a_file_are_told_with_its_name_and_line(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(f"{CHANGES}- {{drop: XX-1, reason: R}}\n\n- {{drop: SA-01}}\n", encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        read_standard(path)
    assert caught.value.message == (
        "own.yaml: change 1 (XX-1, line 5): there is no criterion XX-1; change 2 (SA-01, line 7): reason: missing"
    )
    with pytest.raises(NotFound, match=r"own\.yaml, line 3: there is no standard 'nothing'"):
        read_standard(path.read_bytes().replace(b"cell-therapy", b"nothing"), name="own.yaml")


def test_a_version_may_look_like_a_day_that_there_is_not():
    assert read_standard(f"{CHANGES}- {{drop: SA-01, reason: R}}\n".encode()).version == "2020-13-45"


def test_a_flood_of_faults_is_told_in_a_few_lines():
    long = "x" * 100_000
    text = CHANGES + "".join(f"- {{override: SA-01, value: [[{long}]], reason: R}}\n" for _ in range(5))
    with pytest.raises(InvalidInput) as caught:
        read_standard(text.encode())
    assert len(caught.value.message) < 2000
    text = CHANGES + "- {drop: XX-1, reason: R}\n" * 500
    with pytest.raises(InvalidInput, match=r"; and 480 more$") as caught:
        read_standard(text.encode())
    assert len(caught.value.message) < 2000


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda data: data.decode("latin-1")))
def test_any_text_gives_a_standard_or_an_error_of_ours(text):
    with pytest.raises(StromataError):
        read_standard(text.encode())
