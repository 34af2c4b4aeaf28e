"""Import: whole or not at all, with an account of everything."""

from pathlib import Path

import pytest

from projects import ANN, as_person, begin, entries, ris
from stromata import review
from stromata.errors import Conflict, InvalidInput, NotAllowed, NotFound, Unreadable


@pytest.fixture
def project(tmp_path):
    with begin(tmp_path / "review") as opened:
        yield opened


def test_an_import_keeps_the_bytes_and_counts_the_records(project, tmp_path):
    path = tmp_path / "search.ris"
    path.write_text(ris(*entries()) + "stray words\n", encoding="utf-8")
    details = review.SourceDetails(database="MEDLINE", platform="Ovid", searched_on="2026-01-02", strategy="1. cells/")
    source = review.import_file(project, path, details=details)
    assert (source.format, source.records, source.size) == ("ris", 3, path.stat().st_size)
    assert (source.database, source.platform, source.strategy) == ("MEDLINE", "Ovid", "1. cells/")
    with project.store.files.open(source.sha256) as kept:
        assert kept.read() == path.read_bytes()
    assert len(list(review.references(project))) == 3


def test_the_same_bytes_are_imported_once(project, tmp_path):
    path, copy = tmp_path / "a.ris", tmp_path / "b.ris"
    for target in (path, copy):
        target.write_text(ris(*entries()), encoding="utf-8")
    review.import_file(project, path)
    before = review.info(project)
    with pytest.raises(Conflict, match=r"imported before, as 'a\.ris'"):
        review.import_file(project, copy)
    assert review.info(project) == before


def test_one_bad_file_does_not_keep_the_others_out(project, tmp_path):
    good, empty = tmp_path / "good.ris", tmp_path / "empty.ris"
    good.write_text(ris(*entries()), encoding="utf-8")
    empty.write_text("")
    done = review.import_files(project, [empty, tmp_path / "none.ris", good])
    assert [type(item.error) for item in done] == [Unreadable, NotFound, type(None)]
    account = review.import_account(done)
    assert [item["file"] for item in account["sources"]] == ["good.ris"]
    assert [item["file"] for item in account["failed"]] == ["empty.ris", "none.ris"]


@pytest.mark.parametrize(
    "content", [b"", b"%PDF-1.7\n\x00\x01binary", b"PK\x03\x04\x14\x00\x06\x00", b"\x00" * 200, b"   \n\n"]
)
def test_what_holds_no_records_leaves_the_review_as_it_was(project, tmp_path, content):
    path = tmp_path / "wrong.ris"
    path.write_bytes(content)
    before = review.info(project)
    with pytest.raises(Unreadable) as caught:
        review.import_file(project, path)
    assert "wrong.ris" in caught.value.message
    assert caught.value.hint
    assert review.info(project) == before


def test_a_wrong_ending_does_not_matter(project, tmp_path):
    path = tmp_path / "export.pdf"
    path.write_text(ris(*entries()), encoding="utf-8")
    assert review.import_file(project, path).format == "ris"


def test_a_truncated_file_gives_what_it_holds_and_says_that_the_end_is_missing(project, tmp_path):
    path = tmp_path / "cut.ris"
    path.write_text(ris(*entries())[:-12].rstrip(), encoding="utf-8")
    source = review.import_file(project, path)
    assert source.records == 3
    assert source.problems


def test_a_record_of_ten_megabytes_goes_in(project, tmp_path):
    path = tmp_path / "large.ris"
    path.write_text(
        ris({"TI": "A large abstract about cells", "AB": "word " * 2_000_000, "PY": "2020"}), encoding="utf-8"
    )
    review.import_file(project, path)
    (reference,) = review.references(project)
    assert len(reference.merged.abstract) == 5 * 2_000_000 - 1


def test_only_the_lead_imports_and_words_are_checked(project, tmp_path):
    path = tmp_path / "a.ris"
    path.write_text(ris(*entries()), encoding="utf-8")
    with pytest.raises(NotAllowed):
        review.import_file(as_person(project, ANN), path)
    with pytest.raises(InvalidInput, match="allowed: database"):
        review.import_file(project, path, details=review.SourceDetails(kind="library"))
    with pytest.raises(InvalidInput, match="YYYY-MM-DD"):
        review.import_file(project, path, details=review.SourceDetails(searched_on="last week"))


def test_a_folder_is_no_file(project, tmp_path):
    with pytest.raises(Unreadable, match="not a file"):
        review.import_file(project, tmp_path)


def test_a_damaged_copy_is_put_back_when_its_file_is_given_again(project, tmp_path):
    path = tmp_path / "a.ris"
    path.write_text(ris(*entries()), encoding="utf-8")
    source = review.import_file(project, path)
    project.store.files.path(source.sha256).unlink()
    with pytest.raises(Conflict) as caught:
        review.import_file(project, path)
    assert "put back" in caught.value.hint
    assert project.store.files.check(source.sha256) == "whole"


@pytest.mark.parametrize("opens", [1, 2, 3, 4])
def test_a_file_that_vanishes_while_it_is_read_does_not_keep_the_others_out(project, tmp_path, monkeypatch, opens):
    good, bad, late = (tmp_path / name for name in ("good.ris", "bad.ris", "late.ris"))
    for number, path in enumerate((good, bad, late)):
        path.write_text(ris(*entries()[number:]), encoding="utf-8")
    opened = Path.open
    rest = iter(range(opens - 1))

    def failing(path, *given, **named):
        if path == late:
            raise OSError(5, "Input/output error")
        if path == bad and next(rest, None) is None:
            raise FileNotFoundError(2, "No such file or directory")
        return opened(path, *given, **named)

    monkeypatch.setattr(Path, "open", failing)
    done = review.import_files(project, [bad, late, tmp_path / ("x" * 300), good])
    assert [type(item.error) for item in done] == [Unreadable, Unreadable, Unreadable, type(None)]
    assert "bad.ris cannot be " in done[0].error.message
    assert "No such file" in done[0].error.message
    assert all(item.error.hint for item in done[:3])
    assert [source.file for source in review.sources(project)] == ["good.ris"]


def test_what_was_imported_is_found_by_its_bytes_alone(project, tmp_path):
    path = tmp_path / "a.ris"
    path.write_text(ris(*entries()), encoding="utf-8")
    source = review.import_file(project, path)
    with project.store.snapshot(project.id) as view:
        assert view.source(source.sha256) == source
        assert view.source(source.sha256[:12] + "0" * 52) is None
        assert view.source("0" * 64) is None
