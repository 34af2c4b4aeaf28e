"""export: each of the formats, to files and to stdout."""

import io
import sys

import pytest

from projects import begin, entries, import_text, ris
from stromata import formats, review
from stromata.errors import InvalidInput

FORMATS = ("ris", "nbib", "bibtex", "csl-json", "endnote-xml", "csv", "xlsx", "parquet")


@pytest.fixture
def folder(tmp_path):
    with begin(tmp_path / "review") as project:
        import_text(project, tmp_path, "a.ris", ris(*entries()))
    return tmp_path / "review"


@pytest.mark.parametrize("to", FORMATS)
def test_references_are_written_in_every_format_and_can_be_read_back(run, folder, tmp_path, to):
    path = tmp_path / "out"
    done = run("--dir", folder, "export", "references", "--to", to, "-o", path, "--json")
    assert (done.status, done.json["bytes"]) == (0, path.stat().st_size)
    records, _ = formats.read(path)
    assert [record.title for record in records] == [entry["TI"] for entry in entries()]


def test_these_are_all_formats_that_are_written():
    assert {form.name for form in formats.FORMATS if form.write or form.write_binary} == set(FORMATS)


def test_a_workbook_goes_to_a_pipe_and_not_to_a_terminal(run, folder, monkeypatch):
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", out)
    assert run("--dir", folder, "export", "references", "--to", "xlsx").status == 0
    assert out.buffer.getvalue().startswith(b"PK")
    monkeypatch.setattr(out, "isatty", lambda: True, raising=False)
    size = len(out.buffer.getvalue())
    assert run("--dir", folder, "export", "references", "--to", "parquet").status == 4
    assert len(out.buffer.getvalue()) == size
    assert run("--dir", folder, "export", "flow", "--to", "parquet").status == 0  # a table of its own format


def test_an_unknown_format_or_part_leaves_no_file(run, folder, tmp_path):
    for words, said in ((("references", "--to", "docx"), "written are"), (("everything",), "there are")):
        done = run("--dir", folder, "export", *words, "-o", tmp_path / "out")
        assert (done.status, said in done.err) == (4, True)
    assert not (tmp_path / "out").exists()


def test_text_is_text_and_a_workbook_is_not(folder):
    with review.open_project(folder, actor="lead", clock=lambda: "2026-02-02T00:00:00Z") as project:
        assert review.export(project, "references", to="bibtex").startswith("@")
        with pytest.raises(InvalidInput, match="no text"):
            review.export(project, "references", to="xlsx")
