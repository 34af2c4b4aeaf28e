"""convert: files of one format into one of another, with an account of every byte."""

import json

import pytest

from projects import entries, ris


@pytest.mark.parametrize(("to", "sign"), [("csl-json", '"DOI"'), ("ris", "TY  - "), ("nbib", "TI  - ")])
def test_convert_from_stdin_to_stdout(run, to, sign):
    done = run("convert", "-", "--to", to, stdin=ris(*entries()).encode())
    assert done.status == 0
    assert sign in done.out
    assert "3 records" in done.err


def test_convert_writes_a_file_and_names_problems(run, tmp_path):
    source = tmp_path / "in.ris"
    source.write_text("stray\n" + ris(*entries()), encoding="utf-8")
    done = run("convert", source, "--to", "csl-json", "-o", tmp_path / "out.json", "--json")
    assert (done.status, done.json["records"]) == (0, 3)
    (told,) = done.json["files"]
    assert (told["file"], told["format"], told["records"], len(told["problems"])) == ("in.ris", "ris", 3, 1)
    assert ":1: " in done.err
    assert len(json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))) == 3


def test_convert_fails_when_nothing_can_be_read_or_the_format_is_unknown(run, tmp_path):
    (tmp_path / "empty.ris").write_text("")
    assert run("convert", tmp_path / "empty.ris", "--to", "ris").status == 4
    done = run("convert", "-", "--to", "docx", stdin=ris(*entries()).encode())
    assert done.status == 4
    assert "csl-json" in done.err


def test_several_files_and_archives_go_into_one_with_an_account_of_each(run, tmp_path):
    import gzip

    (tmp_path / "a.ris").write_text("Provider: X\n" + ris(*entries()), encoding="utf-8")
    (tmp_path / "b.ris.gz").write_bytes(gzip.compress(ris(*entries()[:1]).encode()))
    account = tmp_path / "account.json"
    done = run(
        "convert", tmp_path / "a.ris", tmp_path / "b.ris.gz", "--to", "csv", "-o", tmp_path / "o", "--account", account
    )
    assert done.status == 0
    first, second = json.loads(account.read_text(encoding="utf-8"))["files"]
    assert (first["records"], first["passages"], first["unread_bytes"]) == (3, {"preamble": 1}, 0)
    assert (second["file"], second["format"], second["records"]) == ("b.ris", "ris", 1)
    shares = ("record_bytes", "passage_bytes", "blank_bytes", "unread_bytes")
    assert all(sum(one[name] for name in shares) == one["bytes"] for one in (first, second))
    assert len((tmp_path / "o").read_text(encoding="utf-8").splitlines()) == 5


def test_one_file_that_cannot_be_read_does_not_keep_the_others_out(run, tmp_path):
    (tmp_path / "a.ris").write_text(ris(*entries()), encoding="utf-8")
    (tmp_path / "b.pdf").write_bytes(b"%PDF-1.7\n")
    done = run("convert", tmp_path / "b.pdf", tmp_path / "a.ris", "--to", "ris", "-o", tmp_path / "o.ris")
    assert done.status == 4
    assert "b.pdf is a PDF" in done.err
    assert (tmp_path / "o.ris").read_text(encoding="utf-8").count("TY  - ") == 3


def test_an_output_without_a_folder_is_refused_before_the_work(run, tmp_path):
    (tmp_path / "a.ris").write_text(ris(*entries()), encoding="utf-8")
    lost = tmp_path / "none" / "c.csv"
    done = run("dedupe", tmp_path / "a.ris", "-o", tmp_path / "u.ris", "--clusters", lost)
    assert done.status == 8
    assert "there is no such folder" in done.err
    assert not (tmp_path / "u.ris").exists()
    assert run("convert", tmp_path / "a.ris", "--to", "ris", "-o", lost).status == 8


def test_a_name_that_no_file_can_have_does_not_keep_the_others_out(run, tmp_path):
    (tmp_path / "a.ris").write_text(ris(*entries()), encoding="utf-8")
    (tmp_path / "loop.ris").symlink_to("loop.ris")
    long = tmp_path / ("x" * 300)
    done = run("convert", long, tmp_path / "loop.ris", tmp_path / "a.ris", "--to", "csv", "-o", tmp_path / "o.csv")
    assert done.status == 4
    assert "File name too long" in done.err
    assert "is a link that leads to no file" in done.err
    assert len((tmp_path / "o.csv").read_text(encoding="utf-8").splitlines()) == 4
