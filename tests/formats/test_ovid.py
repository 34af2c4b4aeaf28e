"""Ovid's own text."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.formats import ovid
from stromata.formats.content import Passage
from stromata.model import Name, Problem, Record

TAGGED = """\
Database: Embase <1974 to 2018>
Search Strategy:
--------
1  exp stromal cell/ (1234)
2  jelly.mp. (56)

<3001. >
VN  - Ovid Technologies
DB  - Embase
UI  - 621381829
TI  - Quality of life: A review. [References].
SO  - BMC Proceedings. Conference: 2nd Conference. Spain. 12 (Supplement 3) (no pagination), 2018. Date: 2018.
AU  - Behan L.
AU  - Lucas J.S.
AU  - Werner, S. M. [Author, Reprint Author; E-mail: s@a.example]
AU  - Zhang, Weijia 1,2,+
AU  - Peterson, James A. Ph.D., FACSM
AU  - Shedko, MB
AU  - AHMED, Mughees.
IN  - (Behan) Univ A
      (Lucas) Univ B
KW  - one;  two
AB  - Background: First.
Method(s): Second line.
IS  - 1753-6561
DO  - http://dx.doi.org/10.1186/s1
LG  - English
PT  - Conference Abstract
YR  - 2018
XL  - http://resolver.example/?id=doi:10.9999/other

<3002. >
VN  - Ovid Technologies
DB  - Ovid MEDLINE(R)
UI  - 31234567
TI  - [A translated title.]
LG  - Russian
SO  - Journal of Cells. 28(2):103-106, April 2015.
AU  - Roe, Anna
"""

LABELLED = """\
<1>
Score
  *****
Accession Number
  00006236-201504000-00002.
Author
  Bunkers, Sandra Schmidt RN; PhD; FAAN 1;  Hermans, Erik MD +
Title
  Listening: Important.[Miscellaneous]
Source
  Nursing Science Quarterly.   28(2):103-106, April 2015.
References
  Other A. 10.9999/cited

  More B.
DOI Number
  10.1177/0894318415571606

<2>
Title
  Second
Source
  Acta Cells August 2011;43(8):647-653
"""


def items(text: str) -> list[Record | Problem | Passage]:
    assert ovid.sniff(text)
    return list(ovid.read(enumerate(text.split("\n"), start=1), source="s"))


def records(text: str) -> list[Record]:
    return [item for item in items(text) if isinstance(item, Record)]


def test_entries_with_short_tags() -> None:
    first, second = records(TAGGED)
    assert first.title == "Quality of life: A review."
    assert first.authors == (
        Name("Behan", "L."), Name("Lucas", "J.S."), Name("Werner", "S. M."), Name("Zhang", "Weijia"),
        Name("Peterson", "James A."), Name("Shedko", "MB"), Name("AHMED", "Mughees"),
    )  # fmt: skip
    assert (first.journal, first.volume, first.issue, first.year) == ("BMC Proceedings", "12", "Supplement 3", 2018)
    assert (first.doi, first.accession, first.database) == ("10.1186/s1", "621381829", "Embase")
    assert first.keywords == ("one", "two")
    assert first.abstract == "Background: First. Method(s): Second line."
    assert dict(first.extra)["SO"].startswith("BMC Proceedings. Conference")
    assert (second.pmid, second.title, second.language) == ("31234567", "A translated title.", "ru")
    assert (second.journal, second.volume, second.issue, second.pages) == ("Journal of Cells", "28", "2", "103-106")


def test_a_search_strategy_is_kept_whole() -> None:
    (strategy,) = [item for item in items(TAGGED) if isinstance(item, Passage)]
    assert (strategy.kind, strategy.line, strategy.end_line) == ("search-strategy", 1, 5)
    assert "jelly.mp. (56)" in strategy.text


def test_entries_with_long_labels() -> None:
    first, second = records(LABELLED)
    assert first.title == "Listening: Important."
    assert first.authors == (Name("Bunkers", "Sandra Schmidt"), Name("Hermans", "Erik"))
    assert (first.accession, first.doi) == ("00006236-201504000-00002", "10.1177/0894318415571606")
    assert [value for tag, value in first.extra if tag == "references"] == ["Other A. 10.9999/cited", "More B."]
    assert (second.journal, second.volume, second.pages, second.year) == ("Acta Cells", "43", "647-653", 2011)


def test_a_book_and_its_editors() -> None:
    (book,) = records(
        "<1. >\nVN  - Ovid Technologies\nDB  - Books@Ovid\nED  - Roe, A.;  Doe, B.\nTI  - Atlas\nYR  - 2024\n"
    )
    assert (book.type, book.title) == ("book", "Atlas")
    assert [value for tag, value in book.extra if tag == "ED"] == ["Roe, A.", "Doe, B."]


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from((*TAGGED.split("\n"), *LABELLED.split("\n"), "<1>", "<2. >", "VN  - ", "lost words", "")),
        max_size=25,
    )
)
def test_no_lines_break_the_reading_and_none_is_lost(lines: list[str]) -> None:
    covered: set[int] = set()
    for item in ovid.read(enumerate(lines, start=1), source="s"):
        if not isinstance(item, Problem):
            covered |= set(range(item.line, item.end_line + 1))
    assert all(number in covered or not line.strip() for number, line in enumerate(lines, start=1))


@given(st.text(alphabet="a;[] ", max_size=60) | st.integers(395, 406).map(lambda n: f"a;b{'c' * n}]d;e[f;g]h;"))
def test_names_are_split_at_semicolons_that_no_brackets_hold(text: str) -> None:
    assert ovid._listed(text) == re.split(r";(?![^\[\]]{0,400}\])", text)
