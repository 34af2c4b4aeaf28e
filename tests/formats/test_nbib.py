from __future__ import annotations

import io
from dataclasses import replace

import nbib
import pytest

from stromata import formats
from stromata.model import Name, Problem, Record, Translation

ENTRY = """
PMID- 39999990
OWN - NLM
STAT- MEDLINE
IS  - 2215-0161 (Electronic)
VI  - 5
IP  - 2
DP  - 2018 May 3
TI  - Stromal cells and skin in a long title that goes on in the next
      line.
PG  - 283-98
LID - S0000-1 [pii]
AID - 10.99999/FJ.1 [doi]
AB  - BACKGROUND: Something. Registered as NCT01234567.
      RESULTS: Something else.
FAU - Takeda, Yuichi
AU  - Takeda Y
AD  - A place
FAU - Osaka, Hiro
AU  - Osaka H
CN  - Fictional Study Group
LA  - eng
SI  - ClinicalTrials.gov/NCT07654321
SI  - GENBANK/X1
PT  - Journal Article
PT  - Review
TA  - Fict J
JT  - Fictional journal
MH  - *Skin/pathology
OT  - stromal cells
PMC - PMC6055010
CIN - Fict J. 2019;1:1. PMID: 1
"""


def read(text: str) -> tuple[tuple[Record, ...], tuple[Problem, ...]]:
    return formats.read_bytes(text.encode())


def one(text: str) -> Record:
    (record,) = read(text)[0]
    return record


def written(*records: Record) -> str:
    stream = io.BytesIO()
    formats.write(records, "nbib", stream)
    return stream.getvalue().decode()


def test_an_entry_of_pubmed_is_read_whole() -> None:
    record = one(ENTRY)
    assert record.title == "Stromal cells and skin in a long title that goes on in the next line."
    assert record.authors == (
        Name(family="Takeda", given="Yuichi"),
        Name(family="Osaka", given="Hiro"),
        Name(literal="Fictional Study Group"),
    )
    assert (record.pmid, record.pmcid, record.doi) == ("39999990", "PMC6055010", "10.99999/fj.1")
    assert (record.year, record.date) == (2018, "2018-05-03")
    assert (record.journal, record.journal_abbreviation) == ("Fictional journal", "Fict J")
    assert (record.volume, record.issue, record.pages, record.issn) == ("5", "2", "283-98", ("2215-0161",))
    assert record.abstract == "BACKGROUND: Something. Registered as NCT01234567. RESULTS: Something else."
    assert record.keywords == ("*Skin/pathology", "stromal cells")
    assert (record.language, record.language_basis) == ("en", "stated")
    assert record.registry_ids == ("NCT07654321", "NCT01234567")
    assert record.type == "article-journal"
    for pair in (("PT", "Review"), ("SI", "GENBANK/X1"), ("LID", "S0000-1 [pii]"), ("AD", "A place")):
        assert pair in record.extra
    assert any(tag == "CIN" for tag, _ in record.extra)
    assert (record.line, record.end_line) == (2, len(ENTRY.splitlines()))


def test_entries_are_parted_by_their_numbers_and_by_blank_lines() -> None:
    text = "PMID- 1\nTI  - One\n\nPMID- 2\nTI  - Two\nPMID- 3\nTI  - Three\n\nOWN - ERIC\nTI  - Four\n"
    records, problems = read(text)
    assert [record.title for record in records] == ["One", "Two", "Three", "Four"]
    assert [record.number for record in records] == [1, 2, 3, 4]
    assert problems == ()


def test_the_central_number_may_stand_before_the_pubmed_number() -> None:
    record = one("\nPMC - PMC1234\nPMID- 7\nTI  - One\n")
    assert (record.pmcid, record.pmid) == ("PMC1234", "7")


def test_sloppy_tags_are_read_and_lines_without_one_are_named() -> None:
    records, problems = read("PMID-27433151\nSO  invalid line\nTI  -This is a title\n")
    assert (records[0].pmid, records[0].title) == ("27433151", "This is a title")
    assert [(problem.line, problem.code) for problem in problems] == [(2, "nbib-stray-line")]


def test_a_bracketed_title_is_a_translation_of_the_original() -> None:
    record = one(
        "PMID- 1\nTI  - [Stromal cells in psoriasis].\nLA  - chi\nTT  - Yin xie bing.\nPT  - Journal Article\n"
    )
    assert record.title == "Stromal cells in psoriasis"
    assert record.language == "zh"
    assert record.translations == (Translation(language="zh", title="Yin xie bing."),)
    again = one(written(record))
    assert (again.title, again.translations) == (record.title, record.translations)


@pytest.mark.parametrize(
    ("said", "date"),
    [("2019 Nov-Dec", "2019-11"), ("1998-1999", "1998"), ("2001 Spring", "2001"), ("2013 06 10", "2013-06-10")],
)
def test_dates_are_read_as_far_as_they_are_given(said: str, date: str) -> None:
    assert one(f"PMID- 1\nDP  - {said}\nTI  - T\n").date == date


def test_what_is_no_date_is_named_and_kept() -> None:
    records, problems = read("PMID- 1\nDP  - soon\nTI  - T\n")
    assert records[0].year is None
    assert ("DP", "soon") in records[0].extra
    assert [problem.code for problem in problems] == ["nbib-date"]


def test_what_is_written_is_read_again_as_the_same() -> None:
    record = one(ENTRY)
    again = one(written(record))
    place = {"source": "", "line": 0, "end_line": 0, "extra": ()}
    assert replace(again, **place) == replace(record, **place)
    assert sorted(again.extra) == sorted(record.extra)


def test_records_without_a_pubmed_number_stay_apart() -> None:
    first = Record(source="", number=1, line=1, end_line=1, title="One", authors=(Name(literal="张三"),))
    second = Record(source="", number=2, line=1, end_line=1, abstract="Only an abstract. It has no title at all.")
    records, _ = read("\n" + written(replace(first, pmid="5"), first, second, first))
    assert [record.title for record in records] == ["One", "One", "", "One"]
    assert records[0].authors == first.authors


def test_the_package_nbib_reads_the_same() -> None:
    record = one(ENTRY)
    (entry,) = nbib.read(written(replace(record, extra=())))
    assert entry["title"] == record.title
    assert entry["doi"] == record.doi
    assert entry["pubmed_id"] == int(record.pmid)
    assert [author["author"] for author in entry["authors"]] == ["Takeda, Yuichi", "Osaka, Hiro"]


def test_lines_are_wrapped_but_words_kept_whole() -> None:
    text = written(one(ENTRY))
    assert max(map(len, text.splitlines())) <= 88
    assert "TI  - Stromal cells" in text


PUBMED = ENTRY + "EDAT- 2018/05/03 06:00\nPHST- 2018/01/01 00:00 [received]\nSO  - Fict J. 2018;5(2):283-98.\n"


def cut(text: str) -> bool:
    return "nbib-cut" in [problem.code for problem in read(text)[1]]


@pytest.mark.parametrize("last", ["AB  - BACK", "AU  - Takeda Y", "MH  - *Sk", "EDAT- 20", "PHST- 2018/01/01 00"])
@pytest.mark.parametrize("before", [0, 1, 3])
def test_a_file_that_ends_in_the_middle_of_an_entry_of_pubmed_is_told(last: str, before: int) -> None:
    start = PUBMED.index(last) + len(last)
    dated_or_early = "EDAT" in PUBMED[:start] or "JT  -" not in PUBMED[:start]
    assert cut(PUBMED * before + PUBMED[:start]) is (before > 0 or dated_or_early)
    assert not cut(PUBMED * before + PUBMED)
    assert not cut(PUBMED * before + PUBMED.rstrip())


@pytest.mark.parametrize(
    "entries",
    [
        ["PMID- 1\nTI  - A\nAB  - B\nJT  - J"],
        ["PMID- 1\nTI  - A\nAB  - B\nJT  - J", "PMID- 2\nTI  - A"],
        ["PMID- 1\nTI  - A\nAB  - B"] * 4 + ["PMID- 2\nTI  - A"],
        ["PMID- 1\nTI  - A\nAU  - B\nDP  - 2020\nJT  - J", "PMID- 2\nTI  - A\nJT  - J\nAU  - B"] * 2,
        [ENTRY.strip()] * 3,
    ],
)
def test_a_file_written_by_hand_without_a_last_line_end_is_not_taken_for_cut(entries: list[str]) -> None:
    assert not cut("\n\n".join(entries))


def test_an_entry_that_lacks_what_ends_all_others_is_told_where_they_are_not_of_pubmed() -> None:
    entry = "PMID- 1\nTI  - A\nAB  - B\nDP  - 2020\nVI  - 2\nJT  - J\n\n"
    assert cut(entry * 3 + "PMID- 2\nTI  - A\nAB  - begins")
    assert not cut(entry * 3 + "PMID- 2\nTI  - A\nAB  - begins\n")


def test_two_persons_of_one_name_are_both_kept() -> None:
    entry = "PMID- 1\nTI  - A title.\nFAU - Wang, Wei\nAU  - Wang W\nFAU - Li, Bo\nAU  - Li B\n"
    data = f"{entry}FAU - Wang, Wei\nAU  - Wang W\n\n".encode()
    records, _ = formats.read_bytes(data)
    assert [str(name) for name in records[0].authors] == ["Wang, Wei", "Li, Bo", "Wang, Wei"]


def test_a_name_written_twice_by_hand_is_one_person() -> None:
    records, _ = formats.read_bytes(b"PMID- 1\nTI  - A title.\nAU  - Wang W\nAU  - Wang W\n\n")
    assert len(records[0].authors) == 1


def test_a_number_of_pubmed_that_is_none_stays() -> None:
    ((record,), _) = read("PMID- 12x and more\nTI  - Cells\nPMC - none\n")
    assert (record.pmid, record.pmcid) == ("", "")
    assert record.extra == (("PMID", "12x and more"), ("PMC", "none"))
