# ruff: noqa: E501 - the samples have the long lines of real files
from __future__ import annotations

import io
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.formats import endnote_xml
from stromata.formats.content import Passage, examine
from stromata.model import Name, Problem, Record, Translation
from stromata.progress import silent

RECORD = """<record><database name="My.enl" path="C:\\My.enl">My.enl</database>
<source-app name="EndNote" version="20.1">EndNote</source-app><rec-number>12</rec-number>
<foreign-keys><key app="EN" db-id="x">12</key></foreign-keys><ref-type name="Journal Article">17</ref-type>
<contributors><authors><author><style face="normal" font="default" size="100%">Li, Bo</style></author>
<author>Fictional Study Group,</author></authors><secondary-authors><author>Ed, Ina</author></secondary-authors></contributors>
<auth-address><style>A place</style></auth-address>
<titles><title><style face="bold">Cells</style><style face="normal"> in </style><style face="italic">skin</style>
<style face="superscript">2+</style></title><secondary-title>Fictional Journal</secondary-title>
<alt-title>Fict J</alt-title><short-title>Cells</short-title></titles>
<periodical><full-title>Fictional Journal</full-title></periodical><pages>12–19</pages><volume>5</volume>
<number>2</number><keywords><keyword><style>Skin</style></keyword><keyword>Cells</keyword></keywords>
<dates><year><style>2018</style></year><pub-dates><date>May 3</date></pub-dates></dates>
<isbn>1234-5679 (Print)&#xD;2345-6780</isbn><accession-num>321</accession-num>
<electronic-resource-num>https://doi.org/10.99999/FJ.1</electronic-resource-num><abstract>About NCT01234567.</abstract>
<notes>First&#xD;Second</notes><research-notes>Mine</research-notes>
<urls><related-urls><url>https://a.example/1</url></related-urls><pdf-urls><url>internal-pdf://1.pdf</url></pdf-urls></urls>
<custom2>PMC777</custom2><custom5>five</custom5><remote-database-name>MEDLINE</remote-database-name>
<remote-database-provider>Ovid</remote-database-provider><language>eng</language><newer><part>x</part></newer></record>"""

Item = Record | Problem | Passage


def items(text: str) -> list[Item]:
    content = examine("endnote.xml", lambda: io.BytesIO(text.encode()))
    return list(endnote_xml.read(content, progress=silent))


def one(inner: str) -> Record:
    (record,) = (item for item in items(f"<xml><records>{inner}</records></xml>") if isinstance(item, Record))
    return record


def bare(record: Record) -> Record:
    return replace(record, source="", number=0, line=0, end_line=0)


def returned(record: Record) -> Record:
    stream = io.StringIO()
    endnote_xml.write([record], stream)
    (back,) = (item for item in items(stream.getvalue()) if isinstance(item, Record))
    return bare(back)


def test_a_record_of_endnote_is_read_whole() -> None:
    record = one(RECORD)
    assert record.title == "Cells in skin 2+"
    assert record.authors == (Name(family="Li", given="Bo"), Name(literal="Fictional Study Group"))
    assert (record.type, record.date, record.pages) == ("article-journal", "2018-05-03", "12-19")
    assert (record.journal, record.journal_abbreviation) == ("Fictional Journal", "Fict J")
    assert (record.volume, record.issue, record.doi) == ("5", "2", "10.99999/fj.1")
    assert record.issn == ("1234-5679", "2345-6780")
    assert (record.accession, record.database, record.pmid, record.pmcid) == ("321", "MEDLINE", "321", "PMC777")
    assert (record.registry_ids, record.keywords) == (("NCT01234567",), ("Skin", "Cells"))
    assert (record.notes, record.urls) == (("First", "Second"), ("https://a.example/1",))
    assert (record.language, record.language_basis) == ("en", "stated")
    kept = {("A2", "Ed, Ina"), ("AD", "A place"), ("ST", "Cells"), ("C5", "five"), ("DP", "Ovid"), ("ID", "12"),
            ("L1", "internal-pdf://1.pdf"), ("research-notes", "Mine"), ("newer/part", "x")}  # fmt: skip
    assert kept <= set(record.extra)


def test_what_is_read_is_written_and_read_as_the_same() -> None:
    assert returned(one(RECORD)) == bare(one(RECORD))


@pytest.mark.parametrize(
    ("said", "kind", "kept"),
    [
        ('<ref-type name="Journal Article">0</ref-type>', "article-journal", ""),
        ('<ref-type name="">6</ref-type>', "book", ""),
        ("<ref-type>5</ref-type>", "chapter", ""),
        ('<ref-type name="Electronic Article">43</ref-type>', "article-journal", "Electronic Article"),
        ('<ref-type name="Ancient Text">51</ref-type>', "", "Ancient Text"),
        ("", "", ""),
    ],
)
def test_types_are_told_by_name_and_by_number(said: str, kind: str, kept: str) -> None:
    record = one(f"<record>{said}<titles><title>T</title></titles></record>")
    assert record.type == kind
    assert [value for tag, value in record.extra if tag == "ref-type"] == ([kept] if kept else [])
    assert returned(record) == bare(record)


def test_the_second_title_of_a_book_is_its_series_and_of_a_section_its_book() -> None:
    titles = "<titles><title>T</title><secondary-title>S</secondary-title></titles>"
    book = one(f'<record><ref-type name="Book">6</ref-type>{titles}</record>')
    assert (book.journal, book.extra) == ("", (("T2", "S"),))
    assert one(f'<record><ref-type name="Book Section">5</ref-type>{titles}</record>').journal == "S"


def test_dates_and_numbers_that_are_none_stay_and_are_told() -> None:
    text = (
        "<record><titles><title>T</title></titles><dates><year>in press</year></dates>"
        "<electronic-resource-num>none</electronic-resource-num></record>"
    )
    found = items(f"<records>{text}</records>")
    assert sorted(item.code for item in found if isinstance(item, Problem)) == ["endnote-date", "endnote-doi"]
    assert {("PY", "in press"), ("DO", "none")} <= set(one(text).extra)


def test_one_keyword_element_may_hold_a_list() -> None:
    titles = "<record><titles><title>T</title></titles><keywords>{}</keywords></record>"
    assert one(titles.format("<keyword>a; b&#xD;c</keyword>")).keywords == ("a", "b", "c")
    record = replace(one(titles.format("<keyword>a</keyword>")), keywords=("a; b",))
    assert returned(record).keywords == ("a; b",)


def test_an_entry_that_says_nothing_is_told() -> None:
    found = items("<xml><records><record><rec-number>1</rec-number></record></records></xml>")
    assert [item.code for item in found if isinstance(item, Problem)] == ["endnote-empty-entry"]


def test_the_file_written_is_what_endnote_expects() -> None:
    stream = io.StringIO()
    record = replace(one(RECORD), title="A < B & C", type="thesis")
    endnote_xml.write([record], stream)
    text = stream.getvalue()
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<xml><records>\n<record>')
    assert '<ref-type name="Thesis">32</ref-type>' in text
    assert "<title>A &lt; B &amp; C</title>" in text
    assert "<custom5>five</custom5>" in text
    assert endnote_xml.sniff(text)


WORDS = st.text(st.characters(categories=("Lu", "Ll", "Nd"), max_codepoint=0x2FF), min_size=1, max_size=8)
PAIRS = st.tuples(
    st.sampled_from(
        ("AD", "CY", "C1", "C8", "LB", "OWN", "STAT", "GR", "research-notes", "ref-type", "T2", "odd name")
    ),
    WORDS,
)


@settings(deadline=None)
@given(
    st.lists(PAIRS, max_size=9),
    st.lists(WORDS, max_size=3, unique=True),
    st.sampled_from(("article-journal", "book", "chapter", "", "speech", "report")),
)
def test_everything_comes_back_in_its_order(extra: list[tuple[str, str]], words: list[str], kind: str) -> None:
    record = Record(
        source="", number=0, line=0, end_line=0, type=kind, title="Title here", authors=(Name(family="Li", given="Bo"),),
        year=2020, date="2020-02-01", journal="Journal", journal_abbreviation="J", pmid="12", pmcid="PMC333", isbn=("316148410X",),
        registry_ids=("NCT01234567",), accession="A1", database="Embase", urls=("https://a.example",), abstract="<b> & text",
        keywords=tuple(words), notes=tuple(f"note {word}" for word in words), language="de", language_basis="stated",
        translations=(Translation(language="zh", title="题", abstract="摘", machine=True),), extra=tuple(extra),
    )  # fmt: skip
    assert returned(record) == record
