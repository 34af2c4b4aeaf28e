"""Entries of tag lines: cut whole or line by line with the same result, and never without bound."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.formats import nbib, scan_bytes, tag_lines
from stromata.formats.account import Account, Ledger
from stromata.formats.ris_entries import EntryCutter
from stromata.formats.tag_lines import MOST_LINES, left_over
from stromata.model import Problem, Record

RIS = "TY  - JOUR\nTI  - A title\n{}ER  - \n\n"
NBIB = "PMID- 1\nTI  - A title\n{}SO  - J. 2020\n\n"


def read(text: str) -> tuple[list[Record], list[Problem], Account]:
    reading = scan_bytes(text.encode())
    ledger = Ledger()
    items = list(reading.noted(ledger))
    records = [item for item in items if isinstance(item, Record)]
    return records, [item for item in items if isinstance(item, Problem)], reading.account(ledger)


def without_place(record: Record) -> tuple[object, ...]:
    return tuple(getattr(record, name) for name in ("title", "authors", "keywords", "abstract", "notes", "extra"))


@pytest.mark.parametrize(
    ("plain", "odd"),
    [
        (RIS.format("AU  - Roe, Ann\nKW  - skin\nAB  - Words.\nXX  - odd\n"),
         RIS.format("AU - Roe, Ann\nKW  - skin\nAB  - Words.\nXX  - odd\n")),
        (NBIB.format("FAU - Roe, Ann\nOT  - skin\nAB  - Words\n      and more.\nXX  - odd\n"),
         NBIB.format("FAU - Roe, Ann\nOT  - skin\n\nAB  - Words\n\n      and more.\nXX  - odd\n")),
    ],
    ids=["ris", "nbib"],
)  # fmt: skip
def test_an_entry_cut_line_by_line_is_the_one_cut_whole(plain: str, odd: str) -> None:
    (whole,), _, _ = read(plain)
    (slow,), _, _ = read(odd)
    assert without_place(whole) == without_place(slow)
    assert whole.extra


@pytest.mark.parametrize("form", ["ris-whole", "ris-wrapped", "nbib-whole", "nbib-lines"])
def test_an_entry_without_end_is_read_up_to_a_limit_and_the_rest_is_told(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stromata.formats.tag_lines.MOST_LINES", 50)
    words = "".join(f"{{tag}} - word {n}\n" for n in range(100))
    text = {
        "ris-whole": RIS.format(words.format(tag="KW ")),
        "ris-wrapped": RIS.format("AB  - word\n" + "word\n" * 99),
        "nbib-whole": NBIB.format(words.format(tag="OT ")),
        "nbib-lines": NBIB.format("\n" + words.format(tag="OT ")),
    }[form]
    after = RIS.format("AU  - Roe, Ann\n") if "ris" in form else NBIB.format("").replace("PMID- 1", "PMID- 2")
    (record, last), problems, account = read(text + after)
    assert record.end_line == record.line + 49
    assert len(record.keywords) in {0, 47, 48}
    assert [problem.code for problem in problems] == [f"{form.split('-', maxsplit=1)[0]}-long-entry"]
    assert problems[0].line == record.line + 50
    assert account.unread_bytes == 0
    assert account.passages == {"stray": 1}
    assert last.line == text.count("\n") + 1


def test_the_limit_is_beyond_every_publication() -> None:
    assert MOST_LINES >= 50_000


def test_what_is_left_comes_in_the_order_met_and_as_often_as_it_is_left() -> None:
    pairs = [("ZZ", "b"), ("N1", "ours: AA=c=d"), ("TI", "a"), ("ZZ", "a"), ("ZZ", "b"), ("ZZ", "b")]
    left = {"ZZ": ["b", "a", "b"]}
    assert list(left_over(pairs, left, note="N1", mark="ours: ")) == [
        ("ZZ", "b"), ("AA", "c=d"), ("ZZ", "a"), ("ZZ", "b"),
    ]  # fmt: skip


def test_text_outside_entries_is_told_once_and_held_only_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stromata.formats.ris_entries._OUTSIDE", 40)
    text = RIS.format("") + "stray words\n" * 30 + "\n" + "more\n" * 5
    _, problems, account = read(text)
    assert [problem.code for problem in problems] == ["ris-outside-entry"]
    assert "Lines 5 to 40" in problems[0].text
    assert problems[0].text.count("stray words") == 4
    assert account.unread_bytes == 0
    assert account.passages == {"stray": 2}


def test_stray_lines_of_medline_text_that_follow_one_another_are_told_together() -> None:
    text = NBIB.format("stray\nand more\nof it\n" + "AB  - Words.\nalone\n")
    (record,), problems, account = read(text)
    assert [(one.line, one.code) for one in problems] == [(3, "nbib-stray-line"), (7, "nbib-stray-line")]
    assert "Lines 3 to 5 have" in problems[0].text
    assert "stray and more of it" in problems[0].text
    assert record.abstract == "Words."
    assert account.unread_bytes == 0


LINES = st.sampled_from(
    [
        *("TY  - JOUR", "TY  - BOOK ", "TI  - A title", "AB  - Words", "AU  - ", "KW  - ", "ER  - ", "ER  -", "", "  "),
        *(
            "word",
            "more words - with a hyphen",
            "Provider: Ovid",
            "Record #1 of 2",
            "12. ",
            "----",
            "database: MEDLINE",
        ),
        *(" indented", "a line of more than twenty-four characters", "ER positive", "T1-weighted", "PMID- 1", "PMID- "),
        *("OWN - ", "JT  - ", "      goes on", "\tgoes on"),
    ]
)


@given(
    form=st.sampled_from([("ris", "TY  - JOUR\nTI  - The first\nER  - \n"), ("nbib", "PMID- 7\nTI  - The first\n\n")]),
    lines=st.lists(LINES, max_size=14),
)
@settings(max_examples=200, deadline=None)
def test_lines_taken_together_are_read_as_one_by_one(form: tuple[str, str], lines: list[str]) -> None:
    text = form[1] + "\n".join(lines) + "\n"
    together, _, account = read(text)
    with pytest.MonkeyPatch.context() as patch:
        for cutter in (EntryCutter, nbib._Cutter):
            patch.setattr(cutter, "flow", re.compile("(?!)"))
            patch.setattr(cutter, "empty", re.compile("(?!)"))
        alone, _, one_by_one = read(text)
    assert together == alone
    assert account.record_bytes == one_by_one.record_bytes
    assert account.unread_bytes == one_by_one.unread_bytes


def test_entries_that_say_nothing_are_told_once() -> None:
    for entry, first in (
        ("TY  - JOUR\nER  - \n", RIS), ("TY  - JOUR\nAU  - \nER  - \n\n", RIS), ("TY  - BOOK\n", RIS),
        ("PMID- \n\n", NBIB), ("PMID- \nTI  - \n\n", NBIB),
    ):  # fmt: skip
        records, problems, account = read(first.format("") + entry * 500 + first.format(""))
        assert len(records) == 2
        (empty,) = [one for one in problems if one.code.endswith("empty-entry")]
        assert "500 of them" in empty.text or ("499 of them" in empty.text and entry == "TY  - BOOK\n")
        assert account.unread_bytes == 0
        assert len(problems) < 5


def test_one_entry_that_says_nothing_is_told_by_itself() -> None:
    _, problems, _ = read(RIS.format("") + "TY  - JOUR\nER  - \n\n" + RIS.format(""))
    assert [one.text for one in problems] == ["The entry in lines 5 to 6 is empty."]


def test_an_entry_with_something_in_it_ends_the_run() -> None:
    records, _, _ = read("TY  - JOUR\nER  - \n" * 3 + "TY  - JOUR\nTI  - B\nER  - \n" + "TY  - JOUR\nER  - \n" * 3)
    assert [(one.title, one.line, one.end_line) for one in records] == [("B", 7, 9)]
    records, _, _ = read("TY  - JOUR\n" * 5 + "TI  - B\nER  - \n")
    assert [(one.title, one.line) for one in records] == [("B", 5)]


OVID = "<1>\nTitle\n  A title.\nAbstract\n  {}\nSource\n  J. 2020\n\n"
ENW = "%0 Journal Article\n%T A title\n{}\n"


@pytest.mark.parametrize("entry", [RIS, NBIB, ENW, OVID], ids=["ris", "nbib", "enw", "ovid"])
def test_a_line_longer_than_any_is_cut_and_told(entry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tag_lines, "LONGEST_LINE", 500)
    tag = {RIS: "AB  - ", NBIB: "AB  - "}.get(entry, "%X " if entry.startswith("%") else "")
    records, problems, account = read(entry.format("") + entry.format(f"{tag}{'cell ' * 200}\n") + entry.format(""))
    assert len(records) == 3
    assert [len(one.abstract) > 450 for one in records] == [False, True, False]
    assert all(len(one.abstract) < 500 for one in records)
    (told,) = [one for one in problems if one.code == "long-line"]
    assert records[1].line < told.line < records[2].line
    assert account.unread_bytes == 0
