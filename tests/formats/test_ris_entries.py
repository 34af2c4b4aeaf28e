"""Where the entries of a RIS file begin and end, and what stands between them."""

from __future__ import annotations

import pytest

from stromata import formats
from stromata.formats.ris_entries import sniff
from stromata.model import Name, Problem, Record


def read(text: str) -> tuple[tuple[Record, ...], tuple[Problem, ...]]:
    return formats.read_bytes(text.encode())


def one(text: str) -> Record:
    (record,) = read(text)[0]
    return record


@pytest.mark.parametrize("gap", ["  - ", " - ", "\t-\t", "  -", "  -  ", "   - ", " -  "])
def test_blanks_around_the_hyphen_do_not_matter(gap: str) -> None:
    record = one(f"TY{gap}JOUR\nTI{gap}A title\nAU{gap}Li, Bo\nKW{gap}skin\nER{gap.rstrip()}\n")
    assert (record.title, record.keywords) == ("A title", ("skin",))
    assert record.authors == (Name(family="Li", given="Bo"),)


def test_text_that_begins_like_a_tag_stays_text() -> None:
    text = """TY  - JOUR
TI  - A title
AB  - Cells were counted.
ER positive tumours were left out, and
ER - positive ones too.
TY was not measured. T1- and
T2-weighted images were made;
IL-6 and
C3 - C5 as well.
ER  -
"""
    record = one(text.replace("C3 - C5", "c3 - c5"))
    assert record.abstract.startswith("Cells were counted. ER positive tumours")
    assert "ER - positive ones too. TY was not" in record.abstract
    assert "T2-weighted images" in record.abstract
    assert "IL-6" in record.abstract
    assert (record.line, record.end_line) == (1, 10)


def test_an_entry_without_an_end_is_closed_by_the_next_and_named() -> None:
    text = "TY  - JOUR\nTI  - One\n\nTY  - JOUR\nTI  - Two\nER  - \n"
    records, problems = read(text)
    assert [record.title for record in records] == ["One", "Two"]
    assert [(problem.code, problem.line) for problem in problems] == [("ris-missing-er", 2)]


def test_a_file_that_is_cut_off_still_gives_its_last_entry() -> None:
    records, problems = read("TY  - JOUR\nTI  - One\nER  - \nTY  - JOUR\nTI  - Two\nAB  - It stops in the mid")
    assert [record.title for record in records] == ["One", "Two"]
    assert records[1].abstract == "It stops in the mid"
    assert [(problem.code, problem.line) for problem in problems] == [("ris-truncated", 6)]


def test_an_entry_without_its_opening_is_read_and_named() -> None:
    records, problems = read("T1  - One\nJF  - J\nPY  - 2001/09/01/\nAU  - Li, B\nER  -\n")
    assert (records[0].title, records[0].date) == ("One", "2001-09-01")
    assert [problem.code for problem in problems] == ["ris-missing-ty"]


def test_numbers_and_notes_between_entries_are_no_entries() -> None:
    text = """Record #1 of 2
Provider: Some Press
Database: Fictional Base
Content: text/plain; charset="UTF-8"

1.
TY  - JOUR
TI  - One
ER  -

Link to the Full Text: http://example.org/1

<2. >
TY  - JOUR
TI  - Two
ER  -
C1  - Fictional Base <1946 to now>
1 stem cells/ (10)
2 skin/ and 1 (3)
"""
    reading, ledger = formats.scan_bytes(text.encode()), formats.Ledger()
    records = [item for item in reading.noted(ledger) if isinstance(item, Record)]
    account = reading.account(ledger)
    assert [record.title for record in records] == ["One", "Two"]
    assert records[0].database == "Fictional Base"
    assert "2 skin/ and 1 (3)" in account.search_log[0]
    assert account.passages == {"preamble": 7, "search-strategy": 1}
    assert account.unread_bytes == 0


def test_a_line_that_belongs_nowhere_is_named() -> None:
    text = "TY  - JOUR\nTI  - One\nPY  - 2020\n\n% Comment\nER  - \nand a stray sentence\nTY  - JOUR\nTI  - Two\nER  -"
    _, problems = read(text)
    assert [(problem.line, problem.code) for problem in problems] == [(5, "ris-stray-line"), (7, "ris-outside-entry")]
    assert "% Comment" in problems[0].text
    assert "and a stray sentence" in problems[1].text


@pytest.mark.parametrize(
    ("head", "is_ris"),
    [
        ("Record #1 of 2\n\nTY  - JOUR\n", True),
        (" TY - Journal Article\n", True),
        ("T1  - One\nJF  - J\nAU  - Li, B\n", True),
        ("T1  - One\nJF  - J\n", False),
        ("SN  - 1\nLA  - eng\nPB  - Press\n", False),
        ("PMID- 1\nTI  - TY  - JOUR\n", False),
        ("PMID- 1\nTY  - JOUR\n", False),
        ("OWN - NLM\nTI  - A\nAB  - B\nDP  - 2020\n", False),
        ("<1>\nTI  - A\nAU  - B\nAB  - C\n", False),
        ("T2-weighted images\nTI: a title\n", False),
    ],
)
def test_ris_is_known_by_an_opening_or_by_several_of_its_tags(head: str, is_ris: bool) -> None:
    assert sniff(head) is is_ris
