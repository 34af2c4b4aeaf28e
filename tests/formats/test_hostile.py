from __future__ import annotations

import importlib.util
import io
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from stromata.errors import StromataError, Unreadable
from stromata.formats import scan_bytes
from stromata.formats.account import Account, Ledger
from stromata.formats.catalogue import FORMATS
from stromata.model import Problem, Record

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def _hostile() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hostile", BENCHMARKS / "hostile.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["hostile"] = module
    spec.loader.exec_module(module)
    return module


HOSTILE = _hostile()
SIZE = 20_000
"""Bytes of most files here: what grows faster than the file is found by the benchmark."""


def read(data: bytes) -> tuple[list[Record], list[Problem], Account]:
    reading = scan_bytes(data)
    ledger = Ledger()
    items = list(reading.noted(ledger))
    records = [item for item in items if isinstance(item, Record)]
    return records, [item for item in items if isinstance(item, Problem)], reading.account(ledger)


@pytest.mark.parametrize("name", HOSTILE.CASES)
def test_a_hostile_file_is_read_or_refused_and_accounted_for(name: str) -> None:
    data = HOSTILE.CASES[name][1](SIZE)
    try:
        records, _, account = read(data)
    except StromataError:
        return
    assert records
    assert account.unread_bytes == 0
    assert account.record_bytes + account.passage_bytes + account.blank_bytes == len(data)


@pytest.mark.parametrize("form", HOSTILE.ORDINARY)
def test_the_ordinary_files_are_read_whole(form: str) -> None:
    records, _, account = read(HOSTILE.ordinary(form, SIZE))
    assert len(records) >= (1 if "page" in form else 10)
    assert account.unread_bytes == 0


@pytest.mark.parametrize("form", [form for form in FORMATS if form.read], ids=lambda form: form.name)
def test_no_trap_makes_a_recogniser_fail(form: object) -> None:
    for piece in HOSTILE.TRAPS.values():
        assert form.sniff(piece * 400) in {True, False}  # type: ignore[attr-defined]  # a Format
        assert form.sniff(f"{piece * 10}\n" * 40) in {True, False}  # type: ignore[attr-defined]


def test_twenty_thousand_authors_all_arrive() -> None:
    for name in ("ris-authors", "nbib-authors", "bibtex-authors", "pubmed-authors", "csl-authors"):
        data = HOSTILE.CASES[name][1](300_000)
        records, _, _ = read(data)
        assert len(records) == 1
        assert len(records[0].authors) > 5_000, name


def test_twenty_thousand_keywords_all_arrive() -> None:
    records, _, _ = read(HOSTILE.CASES["ris-keywords"][1](300_000))
    assert len(records[0].keywords) > 15_000


def test_a_title_of_a_megabyte_arrives_whole() -> None:
    title = "Cells " * 170_000
    records, _, _ = read(f"TY  - JOUR\nTI  - {title}\nER  - \n".encode())
    assert records[0].title == title.strip()


def test_rows_with_open_quotation_marks_are_each_a_record() -> None:
    rows = 3_000
    data = "title,authors,year,journal,abstract,doi\n" + '"A title of it,"Garcia, A",2020,Journal,text,\n' * rows
    records, problems, account = read(data.encode())
    assert len(records) == rows
    assert problems
    assert account.unread_bytes == 0


def test_rows_of_empty_cells_are_accounted_for_as_frame() -> None:
    data = b"title,authors,year\n,,\n,,\nA title of it,B,2020\n,,\n"
    records, _, account = read(data)
    assert len(records) == 1
    assert account.unread_bytes == 0
    assert account.passages["wrapper"] == 3  # the headings, two rows together, and the last


def test_an_archive_that_unpacks_to_far_more_than_text_ever_does_is_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.ris", b"\n" * 200_000_000)
    with pytest.raises(Unreadable, match="unpacks to"):
        read(stream.getvalue())
