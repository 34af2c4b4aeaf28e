"""dedupe: from files to files, its accuracy, its explanations, and the answers of a person."""

import csv
import io

import pytest

from projects import begin, entries, import_text, ris
from stromata import formats

TABLE = """id,title,authors,year,journal,volume,issue,pages,doi,pmid,abstract
a1,Stromal cells in severe plaque psoriasis: a first trial,"Chen, L.; Wang, S.",2022,Cells,10,2,12-19,10.5555/x1,,
a2,Stromal Cells in severe plaque psoriasis: A first trial.,"Chen L, Wang S",2022,Cells,10,2,12-9,10.5555/X1,,
a3,Grafts of skin in burns of children and adults,"Doe, J.",2020,Burns,3,1,4-9,,,
"""


def rows(path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


@pytest.fixture
def library(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def test_each_reference_is_written_once_with_its_fields_combined(run, library, tmp_path):
    out, clusters, ask = (tmp_path / name for name in ("unique.ris", "clusters.csv", "ask.csv"))
    done = run("dedupe", library, "-o", out, "--clusters", clusters, "--ask", ask, "--json")
    assert done.status == 0
    assert [done.json[name] for name in ("records", "references", "duplicates", "questions")] == [3, 2, 1, 0]
    assert done.json["files"][0]["unread_bytes"] == 0
    kept, _ = formats.read(out)
    assert [record.title[:6] for record in kept] == ["Stroma", "Grafts"]
    assert kept[0].pages == "12-19"
    told = [(row["record_id"], row["cluster_id"]) for row in rows(clusters)]
    assert told == [("a1", "a1"), ("a2", "a1"), ("a3", "a3")]
    assert rows(ask) == []


def test_what_a_person_answered_is_followed(run, library, tmp_path):
    answers, clusters = tmp_path / "answers.csv", tmp_path / "clusters.csv"
    answers.write_text("left,right,answer\na1,a2,different\na1,a3,same\n", encoding="utf-8")
    done = run("dedupe", library, "--clusters", clusters, "--answers", answers, "--json")
    assert (done.json["references"], done.json["questions"]) == (2, 0)
    assert [row["cluster_id"] for row in rows(clusters)] == ["a1", "a2", "a1"]
    answers.write_text("left,right,answer\na1,a2,perhaps\n", encoding="utf-8")
    refused = run("dedupe", library, "--answers", answers)
    assert refused.status == 4
    assert "line 2: the answer is 'perhaps'" in refused.err


def test_a_file_that_cannot_be_read_does_not_stop_the_others_but_the_status_tells(run, library, tmp_path):
    (tmp_path / "empty.ris").write_text("")
    done = run("dedupe", library, tmp_path / "empty.ris", "-o", tmp_path / "out.bib")
    assert done.status == 4
    assert "empty.ris is empty" in done.err
    assert len(formats.read(tmp_path / "out.bib")[0]) == 2
    nothing = run("dedupe", tmp_path / "empty.ris", "-o", tmp_path / "none.ris")
    assert nothing.status == 4
    assert not (tmp_path / "none.ris").exists()


def test_clusters_are_measured_against_a_truth(run, tmp_path):
    clusters, truth = tmp_path / "clusters.csv", tmp_path / "truth.csv"
    clusters.write_text("record_id,cluster_id,decided_by\na,1,x\nb,1,x\nc,1,x\nd,2,x\ne,3,x\n")
    truth.write_text("record_id,cluster_id\na,w\nb,w\nc,v\nd,u\ne,u\n")
    found = run("dedupe", "evaluate", clusters, "--truth", truth, "--json").json
    # Of three predicted pairs one is true; of two true pairs one was found; v has no record of its own any more.
    assert found["precision"] == pytest.approx(1 / 3)
    assert found["recall"] == pytest.approx(1 / 2)
    assert (found["references_lost"], found["missed"]) == (1, 1)
    assert found["false_merges"] == [["a", "c"]]
    shown = run("dedupe", "evaluate", clusters, "--truth", truth)
    assert "1 references lost" in shown.out
    truth.write_text("record_id,cluster_id\na,w\na,w\n")
    twice = run("dedupe", "evaluate", clusters, "--truth", truth)
    assert (twice.status, "line 3" in twice.err) == (4, True)


def test_a_pair_is_explained_in_sentences(run, library):
    said = run("dedupe", "explain", "a1", "a2", "--in", library)
    assert "For: " in said.out
    found = run("dedupe", "explain", "a1", "a3", "--in", library, "--json").json
    assert found["verdict"] == "different"
    assert found["against"]
    assert run("dedupe", "explain", "a1", "zz", "--in", library).status == 5


def test_in_a_review_the_queue_is_written_answered_and_stays_answered(run, tmp_path):
    folder = tmp_path / "review"
    first, second, third = entries()
    with begin(folder) as project:
        import_text(project, tmp_path, "a.ris", ris(first, second))
        import_text(project, tmp_path, "b.ris", ris({**first, "DO": "10.5555/other", "AN": "9"}, third))
    ask = tmp_path / "ask.csv"
    found = run("--dir", folder, "dedupe", "--ask", ask, "--json").json
    assert found["merges"] == []
    (row,) = rows(ask)
    assert "DOI" in row["against"]
    assert "For: " in run("--dir", folder, "dedupe", "explain", row["left"], row["right"]).out
    answered = ask.read_text(encoding="utf-8").replace(
        f"{row['left']},{row['right']},", f"{row['left']},{row['right']},no", 1
    )
    ask.write_text(answered, encoding="utf-8")
    assert run("--dir", folder, "dedupe", "answer", ask, "--json").json == {"merged": 0, "kept_apart": 1}
    assert run("--dir", folder, "dedupe", "--json").json["questions"] == []
    apart = run("--dir", folder, "dedupe", "apart", "10.5555/2", "10.5555/3", "--reason", "seen", "--json")
    assert apart.json == {"kept_apart": ["10.5555/2", "10.5555/3"]}


def test_new_files_are_compared_with_what_was_kept_of_earlier_ones(run, library, tmp_path):
    kept, clusters, later = (tmp_path / name for name in ("kept.parquet", "clusters.csv", "later.ris"))
    assert run("dedupe", library, "--keep", kept).status == 0
    later.write_text(
        "TY  - JOUR\nTI  - Grafts of skin in burns of children and adults\nAU  - Doe, J.\nPY  - 2020\n"
        "JF  - Burns\nVL  - 3\nIS  - 1\nSP  - 4\nEP  - 9\nER  - \n"
    )
    done = run("dedupe", later, "--against", kept, "--clusters", clusters, "--json")
    assert (done.json["records"], done.json["references"]) == (4, 2)
    assert rows(clusters)[-1]["cluster_id"] == "a3"
    both = run("dedupe", later, "--against", kept, "-o", tmp_path / "out.ris")
    assert (both.status, "--clusters" in both.err) == (4, True)


def test_works_of_one_family_are_listed_and_not_merged(run, tmp_path):
    table, related = tmp_path / "in.csv", tmp_path / "related.csv"
    table.write_text(
        TABLE
        + 'a4,Erratum: Stromal cells in severe plaque psoriasis: a first trial,"Chen, L.",2022,Cells,10,3,77,,,\n',
        encoding="utf-8",
    )
    assert run("dedupe", table, "--related", related, "--json").json["references"] == 3
    (row,) = rows(related)
    assert (row["right"], row["relation"]) == ("a4", "erratum-of")


def test_standard_input_is_written_too(run, tmp_path):
    done = run("dedupe", "-", "-o", tmp_path / "out.ris", "--json", stdin=TABLE.encode())
    assert (done.status, done.json["references"]) == (0, 2)
    assert len(formats.read(tmp_path / "out.ris")[0]) == 2


def test_a_file_given_twice_and_ids_that_repeat_lose_no_record(run, library, tmp_path):
    clusters = tmp_path / "clusters.csv"
    copy = tmp_path / "copy.csv"
    copy.write_text(TABLE, encoding="utf-8")
    done = run("dedupe", library, copy, library, "-o", tmp_path / "out.ris", "--clusters", clusters, "--json")
    assert (done.status, done.json["records"], done.json["references"]) == (0, 9, 2)
    told = rows(clusters)
    assert len({row["record_id"] for row in told}) == 9
    assert [row["cluster_id"] for row in told] == ["a1", "a1", "a3"] * 3
    assert "6 records have an id that an earlier one has" in done.err


def test_answers_are_followed_along_their_chain_and_must_not_contradict_each_other(run, library, tmp_path):
    answers, clusters = tmp_path / "answers.csv", tmp_path / "clusters.csv"
    more = tmp_path / "more.csv"
    more.write_text(
        TABLE.splitlines()[0] + "\nb1,A wholly other work on soil,Roe,1999,Soils,1,1,1-2,,,\n", encoding="utf-8"
    )
    answers.write_text("left,right,answer\na1,b1,same\na3,b1,same\n", encoding="utf-8")
    done = run("dedupe", library, more, "--clusters", clusters, "--answers", answers)
    assert done.status == 0
    # The second record contradicts the others of its twin's cluster: it stays outside.
    assert [row["cluster_id"] for row in rows(clusters)] == ["a1", "a2", "a1", "a1"]
    answers.write_text("left,right,answer\na1,b1,same\na3,b1,same\na1,a3,different\n", encoding="utf-8")
    refused = run("dedupe", library, more, "--clusters", clusters, "--answers", answers)
    assert (refused.status, "a1 and a3 are said to be different" in refused.err) == (4, True)


def test_answers_about_ids_that_are_not_there_are_told(run, library, tmp_path):
    answers = tmp_path / "answers.csv"
    answers.write_text("left,right,answer\na1,zz,same\na1,a2,different\n", encoding="utf-8")
    done = run("dedupe", library, "--clusters", tmp_path / "c.csv", "--answers", answers)
    assert done.status == 3
    assert "no record has the id zz" in done.err
    assert [row["cluster_id"] for row in rows(tmp_path / "c.csv")] == ["a1", "a2", "a3"]


@pytest.mark.parametrize("option", ["-o", "--clusters", "--ask", "--related", "--keep"])
def test_no_output_takes_the_place_of_an_input(run, library, option):
    done = run("dedupe", library, option, library)
    assert done.status == 4
    assert "is read, and would be lost" in done.err
    assert library.read_text(encoding="utf-8") == TABLE


def test_no_output_takes_the_place_of_another_or_of_the_answers(run, library, tmp_path):
    done = run("dedupe", library, "-o", tmp_path / "x.csv", "--clusters", tmp_path / "." / "x.csv")
    assert (done.status, "two results" in done.err) == (4, True)
    answers = tmp_path / "answers.csv"
    answers.write_text("left,right,answer\na1,a2,different\n", encoding="utf-8")
    done = run("dedupe", library, "--ask", answers, "--answers", answers)
    assert (done.status, "is read, and would be lost" in done.err) == (4, True)


def test_counts_do_not_mix_with_a_file_on_stdout(run, library):
    done = run("dedupe", library, "--clusters", "-")
    assert (done.status, len(done.out.splitlines())) == (0, 4)
    assert "2 references" in done.err


def test_standard_input_is_named_once(run):
    done = run("dedupe", "-", "/dev/stdin", stdin=TABLE.encode())
    assert (done.status, "standard input was given twice" in done.err) == (4, True)


def test_what_is_kept_is_whole_or_as_it_was(run, library, tmp_path):
    assert run("dedupe", library, "--keep", tmp_path / "nowhere" / "kept").status == 8
    kept = tmp_path / "kept"
    assert run("dedupe", library, "--keep", kept).status == 0
    more = tmp_path / "more.csv"
    more.write_text(TABLE.replace("a1,", "b1,").replace("a2,", "b2,").replace("a3,", "b3,"), encoding="utf-8")
    done = run("dedupe", more, "--against", kept, "--keep", kept, "--clusters", tmp_path / "c.csv")
    assert done.status == 0
    assert len(rows(tmp_path / "c.csv")) == 6


def test_in_a_review_all_can_be_compared_anew(run, tmp_path):
    with begin(tmp_path / "review") as project:
        import_text(project, tmp_path, "a.ris", ris(*entries()))
        import_text(project, tmp_path, "b.ris", ris(entries()[0] | {"AN": "1"}))
    assert "1 references merged into 1" in run("--dir", tmp_path / "review", "dedupe").out
    assert run("--dir", tmp_path / "review", "dedupe", "--all", "--json").json["merges"] == []
