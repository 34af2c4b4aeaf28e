# ruff: noqa: E501 - the samples have the long lines of real files
from __future__ import annotations

import io

from stromata.formats import library_xml
from stromata.formats.content import Passage, examine
from stromata.model import Name, Problem, Record, Translation
from stromata.progress import silent

MARC = """<?xml version="1.0"?>
<marc:collection xmlns:marc="http://www.loc.gov/MARC21/slim">
<marc:record><marc:leader>00000cam a2200000 i 4500</marc:leader><marc:controlfield tag="001">42</marc:controlfield>
<marc:controlfield tag="003">LIB</marc:controlfield>
<marc:controlfield tag="008">160101s2016    gw ||||| |||| 00||||ger  </marc:controlfield>
<marc:datafield tag="020"><marc:subfield code="a">9783161484100 (pbk.)</marc:subfield></marc:datafield>
<marc:datafield tag="100"><marc:subfield code="a">Li, Bo,</marc:subfield><marc:subfield code="e">author.</marc:subfield></marc:datafield>
<marc:datafield tag="245"><marc:subfield code="a">Cells :</marc:subfield><marc:subfield code="b">in skin /</marc:subfield>
<marc:subfield code="c">Bo Li</marc:subfield></marc:datafield>
<marc:datafield tag="264"><marc:subfield code="a">Town :</marc:subfield><marc:subfield code="b">House,</marc:subfield>
<marc:subfield code="c">2016.</marc:subfield></marc:datafield>
<marc:datafield tag="300"><marc:subfield code="a">417 p.</marc:subfield></marc:datafield>
<marc:datafield tag="650"><marc:subfield code="a">Skin.</marc:subfield><marc:subfield code="x">Repair.</marc:subfield></marc:datafield>
<marc:datafield tag="700"><marc:subfield code="a">Ed, Ina</marc:subfield><marc:subfield code="4">edt</marc:subfield></marc:datafield>
<marc:datafield tag="856"><marc:subfield code="u">https://doi.org/10.99999/B.1</marc:subfield></marc:datafield></marc:record>
</marc:collection>
"""

MODS = """<modsCollection xmlns="http://www.loc.gov/mods/v3"><mods ID="k1">
<titleInfo><nonSort>The</nonSort><title>cells</title><subTitle>in skin</subTitle></titleInfo>
<titleInfo type="translated" lang="fre"><title>Les cellules</title></titleInfo>
<name type="personal"><namePart type="family">Li</namePart><namePart type="given">Bo</namePart>
<role><roleTerm type="text">author</roleTerm></role></name>
<name type="corporate"><namePart>A Group</namePart></name>
<name><namePart>Ed, Ina</namePart><role><roleTerm>editor</roleTerm></role></name>
<originInfo><dateIssued>2003-05</dateIssued></originInfo><language><languageTerm>eng</languageTerm></language>
<abstract>About NCT01234567.</abstract><subject><topic>Skin</topic></subject><note>A note</note>
<identifier type="doi">10.99999/M.1</identifier><identifier type="local">x1</identifier>
<location><url>https://a.example</url></location>
<relatedItem type="host"><titleInfo><title>Journal of Cells</title></titleInfo>
<titleInfo type="abbreviated"><title>J Cells</title></titleInfo><genre>periodical</genre>
<part><detail type="volume"><number>30</number></detail><detail type="issue"><number>2</number></detail>
<extent unit="page"><start>197</start><end>205</end></extent></part><identifier type="issn">0948-3055</identifier></relatedItem>
</mods></modsCollection>
"""

Item = Record | Problem | Passage


def marc(text: str) -> list[Item]:
    return list(library_xml.read_marc(examine("marc.xml", lambda: io.BytesIO(text.encode())), progress=silent))


def mods(text: str) -> list[Item]:
    return list(library_xml.read_mods(examine("mods.xml", lambda: io.BytesIO(text.encode())), progress=silent))


def test_a_catalogued_book_is_read() -> None:
    (record,) = (item for item in marc(MARC) if isinstance(item, Record))
    assert (record.type, record.title, record.date) == ("book", "Cells: in skin", "2016")
    assert record.authors == (Name(family="Li", given="Bo"),)
    assert (record.publisher, record.isbn, record.doi) == ("House", ("9783161484100",), "10.99999/b.1")
    assert (record.language, record.language_basis) == ("de", "stated")
    assert (record.accession, record.database, record.keywords) == ("42", "LIB", ("Skin -- Repair",))
    assert {("A2", "Ed, Ina"), ("CY", "Town"), ("MARC 300", "$a 417 p.")} <= set(record.extra)


def test_an_article_in_a_catalogue_names_what_it_stands_in() -> None:
    host = (
        '<datafield tag="773"><subfield code="t">Journal of Cells.</subfield><subfield code="x">1234-5679</subfield>'
        '<subfield code="g">Vol. 24, no. 9 (Sept. 1993), p. 235-48</subfield></datafield>'
    )
    title = '<datafield tag="245"><subfield code="a">An article</subfield></datafield>'
    (record,) = (
        item
        for item in marc(f"<record><leader>00000nab a22</leader>{title}{host}</record>")
        if isinstance(item, Record)
    )
    assert (record.type, record.volume, record.issue, record.pages) == ("article-journal", "24", "9", "235-48")
    assert (record.date[:4], record.issn) == ("1993", ("1234-5679",))


def test_a_record_wrapped_into_a_library_s_answer_is_one() -> None:
    inner = '<record><datafield tag="245"><subfield code="a">T</subfield></datafield></record>'
    found = marc(f"<record><recordSchema>MARC21-xml</recordSchema><recordData>{inner}</recordData></record>")
    assert [item.title for item in found if isinstance(item, Record)] == ["T"]
    assert not [item for item in found if isinstance(item, Problem)]


def test_an_entry_of_mods_is_read() -> None:
    (record,) = (item for item in mods(MODS) if isinstance(item, Record))
    assert (record.type, record.title, record.date) == ("article-journal", "The cells: in skin", "2003-05")
    assert record.authors == (Name(family="Li", given="Bo"), Name(literal="A Group"))
    assert (record.journal, record.journal_abbreviation, record.issn) == ("Journal of Cells", "J Cells", ("0948-3055",))
    assert (record.volume, record.issue, record.pages, record.doi) == ("30", "2", "197-205", "10.99999/m.1")
    assert record.translations == (Translation(language="fr", title="Les cellules"),)
    assert (record.keywords, record.notes, record.urls) == (("Skin",), ("A note",), ("https://a.example",))
    assert record.registry_ids == ("NCT01234567",)
    assert {("ID", "k1"), ("A2", "Ed, Ina"), ("identifier", "x1 [local]")} <= set(record.extra)


def test_entries_that_say_nothing_are_told() -> None:
    assert [item.code for item in mods("<mods><note>x</note></mods>") if isinstance(item, Problem)] == [
        "mods-empty-entry"
    ]
    empty = '<collection><record><datafield tag="300"/></record></collection>'
    assert [item.code for item in marc(empty) if isinstance(item, Problem)] == ["marc-empty-entry"]


def test_each_claims_its_own() -> None:
    assert (library_xml.sniff_marc(MARC), library_xml.sniff_mods(MARC)) == (True, False)
    assert (library_xml.sniff_marc(MODS), library_xml.sniff_mods(MODS)) == (False, True)
