"""Extraction and suggestions from the command line, as two extractors and an adjudicator use them."""

import csv
import io
from dataclasses import replace

import pytest

from projects import ANN, BOB, LEAD, PROTOCOL, begin
from stromata import review

GIVEN = {
    ("study", "title"): "A trial",
    ("study", "condition"): "psoriasis",
    ("study", "design"): "single-arm",
    ("study", "n_enrolled"): "17",
    ("arm", "label"): "Cells",
    ("arm", "role"): "intervention",
    ("arm", "product_class"): "msc",
    ("outcome", "kind"): "response",
    ("result", "events"): "8",
    ("result", "total"): "17",
}
TEXT = (
    "Seventeen patients with plaque psoriasis were enrolled in this single-arm trial (NCT00000017). No deaths occurred."
)


@pytest.fixture
def folder(tmp_path):
    with begin(tmp_path / "review") as project:
        for person in (ANN, BOB):
            review.grant(project, person, "extractor")
        review.grant(project, LEAD, "adjudicator")
        review.set_protocol(project, replace(PROTOCOL, extractors=2))
    return tmp_path / "review"


@pytest.fixture
def fill(run, folder, tmp_path):
    def fill(**changed):
        out = tmp_path / "form.csv"
        assert (
            run("--dir", folder, "extract", "form", "S1", "--arm", "cells", "--outcome", "resp", "-o", out).status == 0
        )
        rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"))))
        given = GIVEN | {("study", name): value for name, value in changed.items()}
        for row in rows:
            row["value"] = given.get((row["about"], row["field"]), "")
            row["address"] = "https://example.org/1"
        return write(out, rows)

    return fill


def write(path, rows):
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_from_the_form_to_the_studies(run, folder, fill, tmp_path):
    assert run("--dir", folder, "--as", ANN, "extract", "load", fill()).status == 0
    sealed = run("--dir", folder, "--as", BOB, "extract", "compare", "S1")
    assert (sealed.status, "sealed" in sealed.err) == (6, True)
    done = run("--dir", folder, "--as", BOB, "extract", "load", fill(n_enrolled="18"), "--json")
    assert (done.status, done.json["kept"], done.json["answers"]) == (0, True, {"S1": 10})
    listed = run("--dir", folder, "extract", "--json").json["extractions"]
    assert listed == [{"study": "S1", "extractors": [ANN, BOB], "state": "differing", "differences": 1}]
    shown = run("--dir", folder, "extract", "compare", "S1").out
    assert "n_enrolled" in shown
    assert "17" in shown
    assert "18" in shown
    assert run("--dir", folder, "extract", "finish", "S1").status == 7
    row = {"study": "S1", "about": "study", "subject": "", "field": "n_enrolled", "value": "18", "note": "table 1"}
    settled = run("--dir", folder, "extract", "settle", write(tmp_path / "s.csv", [row]), "--json")
    assert settled.json["settled"] == {"S1": 1}
    finished = run("--dir", folder, "extract", "finish", "S1", "--json")
    assert (finished.status, finished.json["loaded"], finished.json["data_points"]) == (0, True, 2)
    (study,) = run("--dir", folder, "studies", "--json").json["studies"]
    assert study["n_enrolled"] == 18
    counted = run("--dir", folder, "extract", "agreement", "--json").json["agreement"]
    agreed = {item["field"]: item["equal"] for item in counted}
    assert (agreed["n_enrolled"], agreed["title"]) == (0, 1)


def test_an_empty_form_can_be_had_as_json(run, folder):
    done = run("--dir", folder, "extract", "form", "S1", "--arm", "cells", "--json")
    assert {row["about"] for row in done.json["rows"]} == {"study", "arm"}


def test_a_bad_form_is_refused_with_line_and_column(run, folder, fill):
    done = run("--dir", folder, "--as", ANN, "extract", "load", fill(n_enrolled="many"))
    assert done.status == 4
    assert "n_enrolled is 'many', which is not a number" in done.err
    assert "form.csv:11:value" in done.err
    assert run("--dir", folder, "extract", "--json").json["extractions"] == []
    assert run("--dir", folder, "--as", ANN, "extract", "load", "--partly", fill(n_enrolled="many")).status == 0


def test_suggestions_name_the_words_they_rest_on(run, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    done = run("suggest", path, "--json")
    found = done.json["suggestions"]
    assert all(TEXT[item["start"] : item["end"]] == item["quote"] for item in found)
    assert set(found[0]) == {"field", "value", "unit", "start", "end", "quote", "confidence"}
    assert ("n", "17") in [(item["field"], item["value"]) for item in found]
    assert run("suggest", "-", "--json", stdin=TEXT.encode()).json["suggestions"] == found
    assert "Seventeen patients" in run("suggest", path).out


def test_kept_suggestions_stand_in_the_form_and_can_be_judged(run, folder, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    kept = run("--dir", folder, "--as", ANN, "suggest", path, "--keep", "--about", "S1", "--json").json
    form = run("--dir", folder, "extract", "form", "S1", "--suggestions", kept["id"][:12]).out
    shown = {row["field"]: row["suggested"] for row in csv.DictReader(io.StringIO(form)) if row["suggested"]}
    assert shown["n_enrolled"] == "17"
    named = f"{kept['id'][:12]}:0"
    assert run("--dir", folder, "--as", ANN, "extract", "judge", named, "rejected").status == 0
    assert run("--dir", folder, "--as", ANN, "extract", "judge", named, "amended").status == 4
    assert run("--dir", folder, "--as", ANN, "extract", "judge", "ff:0", "rejected").status == 5


def test_an_unknown_extractor_lists_those_there_are(run, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    done = run("suggest", path, "--extractor", "oracle")
    assert done.status == 5
    assert "rules" in done.err


@pytest.mark.parametrize(
    "data",
    [
        TEXT.replace(". ", ".\r\n").encode(),
        ("\ufeff" + TEXT).encode(),
        "共纳入17例银屑病患者，静脉输注脐带间充质干细胞，无死亡。".encode("gb18030"),
        ("Title\r" + TEXT).encode("utf-16"),
    ],
)
def test_places_count_the_characters_of_the_file_as_it_is(run, tmp_path, data):
    path = tmp_path / "text.txt"
    path.write_bytes(data)
    encoding = "utf-16" if data[:2] == b"\xff\xfe" else "gb18030" if data[:1] == "共".encode("gb18030")[:1] else "utf-8"
    text = data.decode(encoding)
    found = run("suggest", path, "--json").json["suggestions"]
    assert ("n", "17") in [(item["field"], item["value"]) for item in found]
    assert all(text[item["start"] : item["end"]] == item["quote"] for item in found)
    assert run("suggest", "-", "--json", stdin=data).json["suggestions"] == found


def test_a_file_that_is_no_text_is_refused(run, tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\xff\xfe\xfd")
    done = run("suggest", path)
    assert (done.status, "no text" in done.err) == (4, True)


def test_an_extraction_is_taken_back_with_a_reason(run, folder, fill):
    assert run("--dir", folder, "--as", ANN, "extract", "load", fill()).status == 0
    assert run("--dir", folder, "--as", ANN, "extract", "withdraw", "S1").status == 4
    assert run("--dir", folder, "--as", BOB, "extract", "withdraw", "S1", "--reason", "not mine").status == 5
    assert run("--dir", folder, "--as", ANN, "extract", "withdraw", "S1", "--reason", "wrong id").status == 0
    assert run("--dir", folder, "extract", "--json").json["extractions"] == []


def test_a_form_in_another_encoding_is_told_and_kept(run, folder, fill):
    path = fill()
    path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16"))
    done = run("--dir", folder, "--as", ANN, "extract", "load", path)
    assert done.status == 0
    assert "UTF-16" in done.err
    assert [item["extractors"] for item in run("--dir", folder, "extract", "--json").json["extractions"]] == [[ANN]]
