"""Tagged text of the Web of Science, EndNote, RefWorks, NoteExpress and CNKI."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.formats import tagged
from stromata.formats.content import Passage
from stromata.formats.draft import FIELDS
from stromata.formats.tagged import LayoutName
from stromata.model import Name, Problem, Record

NAMES: tuple[LayoutName, ...] = ("isi", "enw", "refworks-tagged", "noteexpress", "cnki-custom")


def items(name: LayoutName, text: str) -> list[Record | Problem | Passage]:
    assert tagged.sniffer(name)(text)
    return list(tagged.reader(name)(enumerate(text.split("\n"), start=1), source="s"))


def records(name: LayoutName, text: str) -> list[Record]:
    return [item for item in items(name, text) if isinstance(item, Record)]


def codes(name: LayoutName, text: str) -> list[str]:
    return [item.code for item in items(name, text) if isinstance(item, Problem)]


WOS = """\
FN Clarivate Analytics Web of Science
VR 1.0
PT J
AU Takeda, Y
   Roe, AB
AF Takeda, Yuichi
   Roe, Anna B.
TI Stromal cells of
   the jelly
SO JOURNAL OF CELLS
LA English
DT Review; Early Access
DE cells; jelly
ID STEM-CELLS; BONE
   MARROW
AB First line
   NCT01234567 second.
C1 [Takeda, Y] Univ A, Tokyo,
   Japan.
   [Roe, AB] Univ B, Bonn, Germany.
EM a@a.example
CR Other A, 2003, J PHYS, V94, P4896, DOI 10.9999/cited.1
   More B, 2004, DOI 10.9999/cited.2
TC 5
PU PRESS
PI BONN
SN 0953-8984
EI 1361-648X
J9 J CELLS-BASEL
JI J. Cells
PD JUN 14
PY 2006
VL 18
IS 23
BP 5323
EP 5331
UT WOS:000238592600006
ER

PT J
AU Solo, A
TI Second
SO Curr Cells
PS 2457-71
PY 2006
UT MEDLINE:16842170
ER

EF
"""


def test_web_of_science_entries() -> None:
    first, second = records("isi", WOS)
    assert first.title == "Stromal cells of the jelly"
    assert first.authors == (Name("Takeda", "Yuichi"), Name("Roe", "Anna B."))
    assert (first.type, first.date, first.pages) == ("article-journal", "2006-06-14", "5323-5331")
    assert (first.journal, first.journal_abbreviation) == ("JOURNAL OF CELLS", "J. Cells")
    assert first.keywords == ("cells", "jelly", "STEM-CELLS", "BONE MARROW")
    assert first.issn == ("0953-8984", "1361-648X")
    assert (first.accession, first.database) == ("WOS:000238592600006", "Web of Science Core Collection")
    assert first.registry_ids == ("NCT01234567",)
    assert [value for tag, value in first.extra if tag == "PT"] == ["Review", "Early Access"]
    assert [value for tag, value in first.extra if tag == "AD"] == [
        "[Takeda, Y] Univ A, Tokyo, Japan.", "[Roe, AB] Univ B, Bonn, Germany.",
    ]  # fmt: skip
    assert (second.pmid, second.database, second.pages) == ("16842170", "MEDLINE", "2457-71")
    assert codes("isi", WOS) == []
    kinds = [(item.kind, item.line) for item in items("isi", WOS) if isinstance(item, Passage)]
    assert kinds == [("wrapper", 1), ("wrapper", 2), ("wrapper", WOS.count("\n"))]


def test_a_cited_work_never_gives_its_doi() -> None:
    first, _ = records("isi", WOS)
    assert first.doi == ""
    assert len([value for tag, value in first.extra if tag == "references"]) == 2


def test_entries_without_ends_are_still_told_apart() -> None:
    text = WOS.replace("ER\n", "").replace("EF\n", "")
    assert [record.title for record in records("isi", text)] == ["Stromal cells of the jelly", "Second"]
    assert codes("isi", text) == ["isi-no-end", "isi-no-end"]


def test_zoological_record_and_books() -> None:
    text = (
        "PT J\nAN ZOOR1\nTI A bird.\nAU Still, Andrew N. (a@b.example) \n   Siegel, Rodney B.\nSO Condor\n"
        "PD Aug 1 2019\n"
        "PY 2019\nUT ZOOREC:ZOOR1\nER\nPT S\nAU X, Y\nTI Talk\nDT Proceedings Paper\nSO MEETING\nER\n"
        "PT B\nTI Book\nSO Book\nBN 978-90-8585933-8\nER\n"
    )
    bird, talk, book = records("isi", text)
    assert bird.authors == (Name("Still", "Andrew N."), Name("Siegel", "Rodney B."))
    assert ("email", "a@b.example") in bird.extra
    assert (bird.date, bird.database) == ("2019-08-01", "Zoological Record")
    assert talk.type == "paper-conference"
    assert (book.type, book.journal, book.isbn) == ("book", "", ("9789085859338",))


def test_text_outside_web_of_science_entries_is_told() -> None:
    text = "Exported for a review\nPT J\nTI A\nER\nlost words\nPT J\nTI B\nER\n"
    passages = [(item.kind, item.line) for item in items("isi", text) if isinstance(item, Passage)]
    assert passages == [("preamble", 1), ("stray", 5)]
    assert codes("isi", text) == ["isi-outside-entry"]


ENW = """\
%0 Journal Article
%A Guo, Wenbo
%A 王海霞;罗耀群
%T A title
   that goes on
%J 现代情报
%J JOURNAL OF INFORMATION
%D 2021
%8 September  1, 2021
%V 45
%N 3
%P 5
%P 1309-1348
%@ 1008-0821
%K one;two
%K three
%R 10.1234/abc
%R oai:x:1
%U http://a.example
%X First paragraph.

Second paragraph.
%W CNKI
%C Bonn
%7 2nd

%T No type
%A Roe, A.
%B A container
%D 1999


%0 Book
%T Third
"""


def test_endnote_and_refer_entries() -> None:
    first, second, third = records("enw", ENW)
    assert (first.title, first.type, first.date) == ("A title that goes on", "article-journal", "2021-09-01")
    assert first.authors == (Name("Guo", "Wenbo"), Name(literal="王海霞"), Name(literal="罗耀群"))
    assert (first.journal, first.pages, first.doi) == ("现代情报", "1309-1348", "10.1234/abc")
    assert first.keywords == ("one", "two", "three")
    assert first.abstract == "First paragraph. Second paragraph."
    assert {("translated-journal", "JOURNAL OF INFORMATION"), ("%P", "5"), ("%R", "oai:x:1"), ("ET", "2nd")} <= set(
        first.extra
    )
    assert (second.title, second.journal, second.type) == ("No type", "A container", "")
    assert (third.title, third.type) == ("Third", "book")


def test_entries_of_endnote_without_blank_lines_between() -> None:
    text = "%0 Book\n%T A\n%0 Book\n%T B\n%0 Serial\n%0 Audio\n%T C\n"
    assert [record.title for record in records("enw", text)] == ["A", "B", "C"]


REFWORKS = """\
Refworks Export Tagged Format

Tag legend
RT=Reference Type

RT Book, Section
SR Electronic(1)
ID 206
A1 Stans,Stephen
T1 Depression
YR 2002
SP 101
OP 123
K1 Etiology
K1 Heart
AB Text about
DO not a tag here but text
A2 Gulf, C.T.
T2 Stress and the heart
LA English
SN 0727912771 (paperback)

RT Journal Article
SR 1
A1颜宏,石德成,尹尚军
T1 外施
JF 应用生态学报
OP 889-892
K1 羊草;盐胁迫
SN 1001-9332
LK https://link.cnki.net/doi/10.13287/j.1001
"""


def test_refworks_entries() -> None:
    first, second = records("refworks-tagged", REFWORKS)
    assert (first.type, first.title, first.journal) == ("chapter", "Depression", "Stress and the heart")
    assert (first.pages, first.keywords, first.isbn) == ("101-123", ("Etiology", "Heart"), ("0727912771",))
    assert ("A2", "Gulf, C.T.") in first.extra
    assert second.authors == (Name(literal="颜宏"), Name(literal="石德成"), Name(literal="尹尚军"))
    assert (second.pages, second.keywords, second.doi) == ("889-892", ("羊草", "盐胁迫"), "10.13287/j.1001")
    kinds = [item.kind for item in items("refworks-tagged", REFWORKS) if isinstance(item, Passage)]
    assert kinds == ["preamble"]


NOTEEXPRESS = """\
{Reference Type}: Journal Article
{Title}: 脐带间充质干细胞
{Translated Title}: Umbilical cord stromal cells
{Author}: 谢昕;王小增;
{Author Address}: 中国地质大学



,湖北武汉
{Journal}: 中华杂志
{ISBN/ISSN}:0253-3766
{Year}: 2016
{Issue}: 09
{Pages}: 14-16
{Keywords}: 公共；关系；；历程
{Abstract}：摘要(#br)正文
{Database Provider}: CNKI
{Language}：chi


{Reference Type}: Thesis
{Title}: 第二
{Author}: 张三
"""


def test_noteexpress_entries() -> None:
    first, second = records("noteexpress", NOTEEXPRESS)
    assert first.title == "脐带间充质干细胞"
    assert [(one.language, one.title) for one in first.translations] == [("en", "Umbilical cord stromal cells")]
    assert first.authors == (Name(literal="谢昕"), Name(literal="王小增"))
    assert first.keywords == ("公共", "关系", "历程")
    assert (first.abstract, first.language, first.issue) == ("摘要 正文", "zh", "09")
    assert ("AD", "中国地质大学 ,湖北武汉") in first.extra
    assert (second.title, second.type) == ("第二", "thesis")


@pytest.mark.parametrize("opener", ["DataType: 1\n", "SrcDatabase-来源库: 期刊\n"])
def test_cnki_entries(opener: str) -> None:
    text = "".join(
        f"{opener}Title-题名: 题{number}\nAuthor-作者: 柯洪琴;陈璿英;\nSource-刊名: 中南药学\nYear-年: 2021\n"
        "PubTime-出版时间: 2021-01-18\nSummary-摘要: 目的\nRoll-卷: 19\nPage-页码: 168-170\nOrgan-机构: 医院;\n"
        for number in (1, 2)
    )
    first, second = records("cnki-custom", text)
    assert (first.title, second.title) == ("题1", "题2")
    assert first.authors == (Name(literal="柯洪琴"), Name(literal="陈璿英"))
    assert (first.date, first.volume, first.pages) == ("2021-01-18", "19", "168-170")
    assert ("AD", "医院;") in first.extra


def test_tables_name_fields_that_there_are() -> None:
    own = FIELDS | {"publication-type", "other-pages", "source", "group"}
    for name in (*NAMES, "ovid-tagged"):
        for target in tagged.layout(name).tags.values():
            assert target.startswith("=") or target in own, (name, target)


def test_ten_thousand_authors() -> None:
    text = "PT J\nAU " + "\n   ".join(f"Name{number}, A" for number in range(10_000)) + "\nTI T\nER\n"
    assert len(records("isi", text)[0].authors) == 10_000


@pytest.mark.parametrize("name", NAMES)
def test_one_layout_is_not_taken_for_another(name: LayoutName) -> None:
    samples = {"isi": WOS, "enw": ENW, "refworks-tagged": REFWORKS, "noteexpress": NOTEEXPRESS}
    for other, text in samples.items():
        assert tagged.sniffer(name)(text) == (name == other)


@settings(max_examples=60)
@given(name=st.sampled_from(NAMES), data=st.data())
def test_no_text_breaks_the_reading_and_no_line_is_lost(name: LayoutName, data: st.DataObject) -> None:
    pool = [
        *WOS.split("\n"),
        *ENW.split("\n"),
        *REFWORKS.split("\n"),
        *NOTEEXPRESS.split("\n"),
        "x",
        "%",
        "{A}:",
        "ER",
        "EF",
    ]
    lines = data.draw(
        st.lists(st.sampled_from(pool) | st.text(max_size=12).map(lambda t: " ".join(t.split())), max_size=30)
    )
    covered: set[int] = set()
    for item in tagged.reader(name)(enumerate(lines, start=1), source="s"):
        if not isinstance(item, Problem):
            covered |= set(range(item.line, item.end_line + 1))
    assert all(number in covered or not line.strip() for number, line in enumerate(lines, start=1))


@pytest.mark.parametrize("piece", ["AU Roe, A\n", "   Roe, A\n"])
def test_an_entry_without_end_is_read_up_to_a_limit_and_the_rest_is_told(
    piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stromata.formats.tag_lines.MOST_LINES", 50)
    text = "FN Clarivate Analytics Web of Science\nVR 1.0\nPT J\nTI A title\nCR Roe, B\n" + piece * 100 + "ER\nEF\n"
    found = items("isi", text)
    (record,) = [item for item in found if isinstance(item, Record)]
    assert (record.line, record.end_line) == (3, 52)
    assert [item.code for item in found if isinstance(item, Problem)] == ["isi-long-entry"]
    assert [(item.line, item.end_line) for item in found if isinstance(item, Passage) and item.kind == "stray"] == [
        (53, 106)
    ]
