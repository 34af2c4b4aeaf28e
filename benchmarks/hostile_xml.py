# ruff: noqa: E501 - entries as they stand in a file, as wide as they read best
"""Measure how slow XML, JSON and archives are that are made to be slow, all by rule.

    python benchmarks/hostile_xml.py --megabytes 6 [--only PART-OF-A-NAME]

One JSON line per case: size in bytes, items (records, problems), CPU seconds, ``times`` those of an ordinary file of
the same format and size, microseconds for one item, and the peak of memory in MB, each case in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from ordinary_files import OPENALEX, ORDINARY, TEXT, Maker, encoded, entries, filled, ordinary, packed, repeated, zipped

from stromata import formats
from stromata.errors import StromataError

_PX, _ART, _PXE = (
    ORDINARY["pubmed-xml"][0],
    "<PubmedArticle><MedlineCitation><PMID>1</PMID><Article><ArticleTitle>A b</ArticleTitle>",
    "</PubmedArticleSet>\n",
)
_CIT = "<PubmedArticle><MedlineCitation><PMID>1</PMID><Article><ArticleTitle>A b</ArticleTitle></Article>"
_CITE = "</MedlineCitation></PubmedArticle>\n" + _PXE
_ARTE = "</Article>" + _CITE
_DATA = _CIT + "</MedlineCitation><PubmedData>"
_DATAE = "</PubmedData></PubmedArticle>\n" + _PXE
_EX, _EXE = ORDINARY["endnote-xml"][0], ORDINARY["endnote-xml"][2]
_REC, _RECE = _EX + "<record><titles><title>A b</title></titles>", "</record>" + _EXE
_STUDY = ORDINARY["registry-xml"][0] + "<clinical_study><id_info><nct_id>NCT01000000</nct_id>"
_STUDYE = "<brief_title>A b</brief_title></clinical_study>\n</clinical_studies>\n"
_META = (
    ORDINARY["jats"][0] + "<article><front><article-meta><title-group><article-title>A b</article-title></title-group>"
)
_METAE = "</article-meta></front></article>\n</pmc-articleset>\n"
_MX, _MXE = ORDINARY["marcxml"][0], ORDINARY["marcxml"][2]
_MREC, _MRECE = (
    _MX
    + '<record><leader>00000nam a2200000 a 4500</leader><datafield tag="245"><subfield code="a">A b</subfield></datafield>',
    "</record>\n" + _MXE,
)
_DX, _DXE = ORDINARY["mods"][0], ORDINARY["mods"][2]
_DREC, _DRECE = _DX + "<mods><titleInfo><title>A b</title></titleInfo>", "</mods>\n" + _DXE
_JX = '{"results": [{"id": "https://openalex.org/W1", "display_name": "A b"'
_NAMESPACES = "".join(f' xmlns:a{n}="http://a/{n}"' for n in range(3000))

CASES: dict[str, tuple[str, Maker]] = {
    # what stands between entries
    "xml-comments-between": ("pubmed-xml", repeated(_PX, "<!---->", _ART + _ARTE)),
    "xml-comments-and-text": ("pubmed-xml", repeated(_PX, "<!---->x", _ART + _ARTE)),
    "xml-comments-lines": ("pubmed-xml", repeated(_PX, "<!---->\n", _ART + _ARTE)),
    "xml-comments-and-entries": ("pubmed-xml", repeated(_PX, "<!-- --><PubmedArticle/>", _ART + _ARTE)),
    "xml-comments-and-tags": ("pubmed-xml", repeated(_PX, "<!----><PubmedArticleSet>", _ART + _ARTE)),
    "xml-instructions-between": ("pubmed-xml", repeated(_PX, "<?a?>", _ART + _ARTE)),
    "xml-instructions-and-text": ("pubmed-xml", repeated(_PX, "<?a?>x", _ART + _ARTE)),
    "xml-cdata-between": ("pubmed-xml", repeated(_PX, "<![CDATA[a]]>", _ART + _ARTE)),
    "xml-doctypes-between": ("pubmed-xml", repeated(_PX, "<!DOCTYPE a>", _ART + _ARTE)),
    "xml-doctypes-open": ("pubmed-xml", repeated(_PX + _ART + _ARTE, "<!DOCTYPE a ")),
    "xml-frames-between": ("pubmed-xml", repeated(_PX, "<PubmedArticleSet>", _ART + _ARTE)),
    "xml-mixed-between": ("pubmed-xml", repeated(_PX, "<!--a--><?b?>c<![CDATA[d]]>\n", _ART + _ARTE)),
    "xml-blank-between": ("pubmed-xml", repeated(_PX, " ", _ART + _ARTE)),
    "xml-lines-between": ("pubmed-xml", repeated(_PX, "\n", _ART + _ARTE)),
    "xml-stray-between": ("pubmed-xml", repeated(_PX, "<b>x</b>\n", _ART + _ARTE)),
    "xml-less-between": ("pubmed-xml", repeated(_PX, "< ", _ART + _ARTE)),
    "xml-long-tag": ("pubmed-xml", repeated(_PX + "<PubmedArticleSet ", "a", ">" + _ART + _ARTE)),
    "xml-long-prefix": ("pubmed-xml", repeated(_PX + "<", "a", ":PubmedArticle>" + _ART + _ARTE)),
    "xml-prefixes": ("pubmed-xml", repeated(_PX, "<a:b", _ART + _ARTE)),
    # many small entries
    "xml-tiny": ("pubmed-xml", repeated(_PX, "<PubmedArticle><a/></PubmedArticle>", _PXE)),
    "xml-tiny-pmid": ("pubmed-xml", repeated(_PX, "<MedlineCitation><PMID>{n}</PMID></MedlineCitation>", _PXE)),
    "xml-tiny-blank": ("pubmed-xml", repeated(_PX, "<PubmedArticle> </PubmedArticle>x", _PXE)),
    "xml-tiny-empty": ("pubmed-xml", repeated(_PX, "<PubmedArticle/>x", _PXE)),
    "xml-tiny-deleted": ("pubmed-xml", repeated(_PX + _ART + "</Article></MedlineCitation></PubmedArticle>", "<DeleteCitation><PMID>1</PMID></DeleteCitation>", _PXE)),
    "endnote-tiny": ("endnote-xml", repeated(_EX, "<record><a/></record>", _RECE)),
    "endnote-tiny-titled": ("endnote-xml", repeated(_EX, "<record><titles><title>A</title></titles></record>", _EXE)),
    "jats-tiny": ("jats", repeated(_META + "</article-meta></front></article>", "<article><a/></article>", "</pmc-articleset>\n")),
    "registry-tiny": ("registry-xml", repeated(_STUDY + "</id_info></clinical_study>", "<clinical_study><a/></clinical_study>", "</clinical_studies>\n")),
    "marc-tiny": ("marcxml", repeated(_MREC + "</record>", "<record><a/></record>", _MXE)),
    "mods-tiny": ("mods", repeated(_DREC + "</mods>", "<mods><a/></mods>", _DXE)),
    "xml-namespaces": ("pubmed-xml", entries("pubmed-xml", "<PubmedArticle>", "<PubmedArticle xmlns:a='http://a/'>")),
    "xml-namespaces-around": ("pubmed-xml", repeated(f"<PubmedArticleSet{_NAMESPACES}>", _ART + "</Article></MedlineCitation></PubmedArticle>", _PXE)),
    "xml-namespaces-each": ("pubmed-xml", repeated(_PX, '<PubmedArticleSet xmlns:a{n}="b">' + _ART + "</Article></MedlineCitation></PubmedArticle>", _PXE)),
    "xml-broken-entities": ("pubmed-xml", entries("pubmed-xml", "Trial {n}", "Trial &eacute; {n} AT&T")),
    "xml-named-characters": ("pubmed-xml", entries("pubmed-xml", TEXT, "&eacute;" * 200)),
    "xml-comment-ends": ("pubmed-xml", entries("pubmed-xml", "Trial {n}", "<!--</PubmedArticle>-->")),
    "xml-cdata-ends": ("pubmed-xml", entries("pubmed-xml", "Trial {n}", "<![CDATA[</PubmedArticle>]]>")),
    # one large entry
    "xml-comments-inside": ("pubmed-xml", filled("pubmed-xml", "Trial {n}", "<!---->")),
    "xml-comments-open-inside": ("pubmed-xml", filled("pubmed-xml", "Trial {n}", "<!-- ")),
    "xml-instructions-inside": ("pubmed-xml", filled("pubmed-xml", "Trial {n}", "<?a?>")),
    "xml-cdata-inside": ("pubmed-xml", filled("pubmed-xml", "Trial {n}", "<![CDATA[a]]>")),
    "xml-attributes": ("pubmed-xml", repeated(_PX + _ART + "<a ", 'b{n}="" ', "/>" + _ARTE)),
    "xml-attributes-same": ("pubmed-xml", repeated(_PX + _ART + "<a ", 'b="" ', "/>" + _ARTE)),
    "xml-attribute-long": ("pubmed-xml", repeated(_PX + _ART + '<a b="', "c", '"/>' + _ARTE)),
    "xml-namespaces-inside": ("pubmed-xml", repeated(_PX + _ART + "<a", ' xmlns:b{n}="c"', "/>" + _ARTE)),
    "xml-namespaces-nested": ("pubmed-xml", repeated(_PX + _ART, '<a{n}:b xmlns:a{n}="c"/>', _ARTE)),
    "xml-deep": ("pubmed-xml", entries("pubmed-xml", "Trial {n}", "<i>" * 200 + "a" + "</i>" * 200)),
    "xml-too-deep": ("pubmed-xml", entries("pubmed-xml", "Trial {n}", "<i>" * 300 + "a" + "</i>" * 300)),
    "xml-deep-open": ("pubmed-xml", filled("pubmed-xml", "Trial {n}", "<i>")),
    "xml-mixed": ("pubmed-xml", filled("pubmed-xml", "Trial {n}", "a<i>b</i>")),
    "xml-mixed-each": ("pubmed-xml", entries("pubmed-xml", TEXT, "a<i>b</i>" * 100)),
    "xml-references": ("pubmed-xml", filled("pubmed-xml", "Trial {n}", "&#97;")),
    "xml-references-twice": ("pubmed-xml", filled("pubmed-xml", "Trial {n}", "&amp;lt;")),
    "xml-named": ("pubmed-xml", filled("pubmed-xml", "Trial {n}", "&eacute;")),
    "xml-ampersands": ("pubmed-xml", filled("pubmed-xml", "Trial {n}", "& ")),
    "xml-text": ("pubmed-xml", filled("pubmed-xml", TEXT, "a")),
    "xml-blank-inside": ("pubmed-xml", filled("pubmed-xml", TEXT, " ")),
    "xml-lines-inside": ("pubmed-xml", filled("pubmed-xml", TEXT, "\n")),
    "xml-elements": ("pubmed-xml", repeated(_PX + _ART, "<a/>", _ARTE)),
    "xml-elements-text": ("pubmed-xml", repeated(_PX + _ART, "<a>b</a>", _ARTE)),
    "xml-parts": ("pubmed-xml", repeated(_PX + _ART + "<c>", "<a>b</a>", "</c>" + _ARTE)),
    "pubmed-ids": ("pubmed-xml", repeated(_PX + _DATA + "<ArticleIdList>", '<ArticleId IdType="doi">10.1234/{n}</ArticleId>', "</ArticleIdList>" + _DATAE)),
    "pubmed-numbers": ("pubmed-xml", repeated(_PX + _DATA + "<ArticleIdList>", "<ArticleId>{n}</ArticleId>", "</ArticleIdList>" + _DATAE)),
    "pubmed-places": ("pubmed-xml", repeated(_PX + _ART, '<ELocationID EIdType="doi">10.1234/{n}</ELocationID>', _ARTE)),
    "pubmed-issn": ("pubmed-xml", repeated(_PX + _ART + "<Journal>", "<ISSN>1234-5679</ISSN>", "</Journal>" + _ARTE)),
    "pubmed-issn-wrong": ("pubmed-xml", repeated(_PX + _ART + "<Journal>", "<ISSN>x{n}</ISSN>", "</Journal>" + _ARTE)),
    "pubmed-authors": ("pubmed-xml", repeated(_PX + _ART + "<AuthorList>", "<Author><LastName>G{n}</LastName></Author>", "</AuthorList>" + _ARTE)),
    "pubmed-authors-short": ("pubmed-xml", repeated(_PX + _ART + "<AuthorList>", "<Author><LastName>G</LastName></Author>", "</AuthorList>" + _ARTE)),
    "pubmed-groups": ("pubmed-xml", repeated(_PX + _ART + "<AuthorList>", "<Author><CollectiveName>G{n}</CollectiveName></Author>", "</AuthorList>" + _ARTE)),
    "pubmed-places-of-authors": ("pubmed-xml", repeated(_PX + _ART + "<AuthorList><Author>", "<AffiliationInfo><Affiliation>G{n}</Affiliation></AffiliationInfo>", "</Author></AuthorList>" + _ARTE)),
    "pubmed-keywords": ("pubmed-xml", repeated(_PX + _CIT + "<KeywordList>", "<Keyword>a {n}</Keyword>", "</KeywordList>" + _CITE)),
    "pubmed-headings": ("pubmed-xml", repeated(_PX + _CIT + "<MeshHeadingList>", "<MeshHeading><DescriptorName>a {n}</DescriptorName></MeshHeading>", "</MeshHeadingList>" + _CITE)),
    "pubmed-types": ("pubmed-xml", repeated(_PX + _ART + "<PublicationTypeList>", "<PublicationType>a{n}</PublicationType>", "</PublicationTypeList>" + _ARTE)),
    "pubmed-languages": ("pubmed-xml", repeated(_PX + _ART, "<Language>x{n}</Language>", _ARTE)),
    "pubmed-grants": ("pubmed-xml", repeated(_PX + _ART + "<GrantList>", "<Grant><GrantID>{n}</GrantID></Grant>", "</GrantList>" + _ARTE)),
    "pubmed-banks": ("pubmed-xml", repeated(_PX + _ART + "<DataBankList><DataBank><DataBankName>a</DataBankName><AccessionNumberList>", "<AccessionNumber>NCT0{n}</AccessionNumber>", "</AccessionNumberList></DataBank></DataBankList>" + _ARTE)),
    "pubmed-chemicals": ("pubmed-xml", repeated(_PX + _CIT + "<ChemicalList>", "<Chemical><NameOfSubstance>{n}</NameOfSubstance></Chemical>", "</ChemicalList>" + _CITE)),
    "pubmed-links": ("pubmed-xml", repeated(_PX + _CIT + "<CommentsCorrectionsList>", '<CommentsCorrections RefType="Cites"><PMID>{n}</PMID></CommentsCorrections>', "</CommentsCorrectionsList>" + _CITE)),
    "pubmed-cited": ("pubmed-xml", repeated(_PX + _DATA + "<ReferenceList>", "<Reference><Citation>{n}</Citation></Reference>", "</ReferenceList>" + _DATAE)),
    "pubmed-cited-nested": ("pubmed-xml", repeated(_PX + _DATA + "<ReferenceList><Reference>" + "<Title>" * 240, "a ", "</Title>" * 240 + "</Reference></ReferenceList>" + _DATAE)),
    "pubmed-history": ("pubmed-xml", repeated(_PX + _DATA + "<History>", "<PubMedPubDate><Year>2020</Year></PubMedPubDate>", "</History>" + _DATAE)),
    "pubmed-dates": ("pubmed-xml", repeated(_PX + _ART + "<Journal><JournalIssue>", "<PubDate><Year>2020</Year></PubDate>", "</JournalIssue></Journal>" + _ARTE)),
    "pubmed-sections": ("pubmed-xml", repeated(_PX + _ART + "<Abstract>", '<AbstractText Label="A">b</AbstractText>', "</Abstract>" + _ARTE)),
    "pubmed-other-abstracts": ("pubmed-xml", repeated(_PX + _CIT, '<OtherAbstract Language="fre"><AbstractText>a {n}</AbstractText></OtherAbstract>', _CITE)),
    "pubmed-titles": ("pubmed-xml", repeated(_PX + _ART, "<ArticleTitle>a {n}</ArticleTitle>", _ARTE)),
    "pubmed-abstracts": ("pubmed-xml", repeated(_PX + _ART, "<Abstract>a</Abstract>", _ARTE)),
    "pubmed-withdrawn": ("pubmed-xml", repeated(_PX + _ART + "</Article></MedlineCitation></PubmedArticle><DeleteCitation>", "<PMID>{n}</PMID>", "</DeleteCitation>" + _PXE)),
    "pubmed-withdrawn-nested": ("pubmed-xml", repeated(_PX + _ART + "</Article></MedlineCitation></PubmedArticle><DeleteCitation>" + "<PMID>" * 240, "a ", "</PMID>" * 240 + "</DeleteCitation>" + _PXE)),
    "pubmed-registrations": ("pubmed-xml", filled("pubmed-xml", TEXT, "NCT0{n} ")),
    "pubmed-registrations-same": ("pubmed-xml", filled("pubmed-xml", TEXT, "NCT01234567 ")),
    "endnote-styles": ("endnote-xml", filled("endnote-xml", TEXT, '<style face="normal">a</style>')),
    "endnote-styles-short": ("endnote-xml", filled("endnote-xml", TEXT, "<style>a</style>")),
    "endnote-styles-each": ("endnote-xml", entries("endnote-xml", TEXT, '<style face="normal">a</style>' * 50)),
    "endnote-authors": ("endnote-xml", repeated(_REC + "<contributors><authors>", "<author>Garcia{n}, A</author>", "</authors></contributors>" + _RECE)),
    "endnote-author-parts": ("endnote-xml", repeated(_REC + "<contributors><authors><author>", "G{n}, A; ", "</author></authors></contributors>" + _RECE)),
    "endnote-keywords": ("endnote-xml", repeated(_REC + "<keywords>", "<keyword>a {n}</keyword>", "</keywords>" + _RECE)),
    "endnote-urls": ("endnote-xml", repeated(_REC + "<urls><related-urls>", "<url>http://a/{n}</url>", "</related-urls></urls>" + _RECE)),
    "endnote-ids": ("endnote-xml", repeated(_REC, "<electronic-resource-num>10.1234/{n}</electronic-resource-num>", _RECE)),
    "endnote-titles": ("endnote-xml", repeated(_EX + "<record><titles>", "<title>a {n}</title>", "</titles>" + _RECE)),
    "endnote-second-titles": ("endnote-xml", repeated(_EX + "<record><titles><title>A b</title>", "<secondary-title>a {n}</secondary-title>", "</titles>" + _RECE)),
    "endnote-alternatives": ("endnote-xml", repeated(_EX + "<record><titles><title>A b</title>", "<alt-title>a {n}</alt-title>", "</titles>" + _RECE)),
    "endnote-years": ("endnote-xml", repeated(_REC + "<dates>", "<year>2020</year>", "</dates>" + _RECE)),
    "endnote-wrong-years": ("endnote-xml", repeated(_REC + "<dates>", "<year>x{n}</year>", "</dates>" + _RECE)),
    "endnote-pub-dates": ("endnote-xml", repeated(_REC + "<dates><pub-dates>", "<date>Jan {n}</date>", "</pub-dates></dates>" + _RECE)),
    "endnote-notes": ("endnote-xml", repeated(_REC + "<notes>", "a {n}&#13;", "</notes>" + _RECE)),
    "endnote-research": ("endnote-xml", repeated(_REC + "<research-notes>", "stromata.extra: a={n}&#13;", "</research-notes>" + _RECE)),
    "endnote-order": ("endnote-xml", repeated(_REC + "<research-notes>stromata.order: ", "1 ", "</research-notes>" + _RECE)),
    "endnote-note-of-ours": ("endnote-xml", repeated(_REC + "<research-notes>stromata.record: ", "[", "</research-notes>" + _RECE)),
    "endnote-fields": ("endnote-xml", repeated(_REC, "<custom1>{n}</custom1>", _RECE)),
    "endnote-isbn": ("endnote-xml", repeated(_REC + "<isbn>", "1234-5679 ", "</isbn>" + _RECE)),
    "endnote-isbn-digits": ("endnote-xml", repeated(_REC + "<isbn>", "97", "</isbn>" + _RECE)),
    "jats-affiliations": ("jats", repeated(_META, "<aff>a {n}</aff>", _METAE)),
    "jats-affiliations-nested": ("jats", repeated(_META + "<aff>" * 240, "a ", "</aff>" * 240 + _METAE)),
    "jats-keywords": ("jats", repeated(_META + "<kwd-group>", "<kwd>a {n}</kwd>", "</kwd-group>" + _METAE)),
    "jats-keywords-nested": ("jats", repeated(_META + "<kwd-group>" + "<kwd>" * 240, "a ", "</kwd>" * 240 + "</kwd-group>" + _METAE)),
    "jats-formulas": ("jats", repeated(_META + "<abstract><p>", "<tex-math>a</tex-math>", "</p></abstract>" + _METAE)),
    "jats-authors": ("jats", repeated(_META + "<contrib-group>", "<contrib><name><surname>G{n}</surname></name></contrib>", "</contrib-group>" + _METAE)),
    "jats-dates": ("jats", repeated(_META, "<pub-date><year>2020</year></pub-date>", _METAE)),
    "jats-ids": ("jats", repeated(_META, '<article-id pub-id-type="doi">10.1234/{n}</article-id>', _METAE)),
    "jats-abstracts": ("jats", repeated(_META, "<abstract><p>a</p></abstract>", _METAE)),
    "jats-summaries": ("jats", repeated(_META, '<abstract abstract-type="summary"><p>a {n}</p></abstract>', _METAE)),
    "jats-translated": ("jats", repeated(_META, '<trans-abstract xml:lang="fr"><p>a</p></trans-abstract>', _METAE)),
    "jats-subtitles": ("jats", repeated(_META.replace("</title-group>", ""), "<subtitle>a</subtitle>", "</title-group>" + _METAE)),
    "jats-inner": ("jats", repeated(_META + "</article-meta></front>", "<sub-article><article></article></sub-article>", "</article>\n")),
    "jats-open": ("jats", repeated(ORDINARY["jats"][0], "<article><front><article-meta>")),
    "jats-body": ("jats", repeated(_META + "</article-meta></front><body>", "<p>a</p>", "</body></article>\n")),
    "registry-numbers": ("registry-xml", repeated(_STUDY, "<secondary_id>a{n}</secondary_id>", "</id_info>" + _STUDYE)),
    "registry-registrations": ("registry-xml", repeated(_STUDY, "<secondary_id>NCT0{n}</secondary_id>", "</id_info>" + _STUDYE)),
    "registry-conditions": ("registry-xml", repeated(_STUDY + "</id_info>", "<condition>a {n}</condition>", _STUDYE)),
    "registry-parts": ("registry-xml", repeated("<Trials_downloaded_from_ICTRP><Trial><TrialID>NCT01234567</TrialID><Condition>", "a&lt;b", "</Condition></Trial></Trials_downloaded_from_ICTRP>")),
    "registry-semicolons": ("registry-xml", repeated("<Trials_downloaded_from_ICTRP><Trial><TrialID>NCT01234567</TrialID><Condition>", "a{n};", "</Condition></Trial></Trials_downloaded_from_ICTRP>")),
    "marc-fields": ("marcxml", repeated(_MREC, '<datafield tag="650"><subfield code="a">a {n}</subfield></datafield>', _MRECE)),
    "marc-fields-same": ("marcxml", repeated(_MREC, '<datafield tag="245"><subfield code="a">a {n}</subfield></datafield>', _MRECE)),
    "marc-parts": ("marcxml", repeated(_MREC + '<datafield tag="245">', '<subfield code="b">a</subfield>', "</datafield>" + _MRECE)),
    "marc-names": ("marcxml", repeated(_MREC, '<datafield tag="700"><subfield code="a">G{n}, A</subfield></datafield>', _MRECE)),
    "marc-isbn": ("marcxml", repeated(_MREC, '<datafield tag="020"><subfield code="a">{n}</subfield></datafield>', _MRECE)),
    "marc-ids": ("marcxml", repeated(_MREC, '<datafield tag="024"><subfield code="a">{n}</subfield></datafield>', _MRECE)),
    "marc-nested": ("marcxml", entries("marcxml", "<leader>", "<record>" * 100 + "</record>" * 100 + "<leader>")),
    "marc-open": ("marcxml", repeated(_MX, "<record><leader>a</leader>")),
    "mods-titles": ("mods", repeated(_DREC, "<titleInfo><title>a {n}</title></titleInfo>", _DRECE)),
    "mods-names": ("mods", repeated(_DREC, "<name><namePart>G{n}, A</namePart></name>", _DRECE)),
    "mods-subjects": ("mods", repeated(_DREC, "<subject><topic>a {n}</topic></subject>", _DRECE)),
    "mods-ids": ("mods", repeated(_DREC, '<identifier type="doi">10.1234/{n}</identifier>', _DRECE)),
    "mods-abstracts": ("mods", repeated(_DREC, "<abstract>a {n}</abstract>", _DRECE)),
    # encodings and line ends
    "xml-utf-16": ("pubmed-xml", encoded(repeated(*ORDINARY["pubmed-xml"]), "utf-16")),
    "xml-utf-32": ("pubmed-xml", encoded(repeated(*ORDINARY["pubmed-xml"]), "utf-32")),
    "xml-returns": ("pubmed-xml", lambda size: ordinary("pubmed-xml", size).replace(b"\n", b"\r")),
    "xml-returns-many": ("pubmed-xml", repeated(_PX, "\r", _ART + _ARTE)),
    "xml-latin": ("pubmed-xml", encoded(repeated('<?xml version="1.0" encoding="iso-8859-1"?><PubmedArticleSet>', ORDINARY["pubmed-xml"][1].replace("cells", "cellés"), _PXE), "latin-1")),
    "xml-latin-lines": ("pubmed-xml", encoded(repeated('<?xml version="1.0" encoding="iso-8859-1"?><PubmedArticleSet>é\n', "\n", _ART + _ARTE), "latin-1")),
    "xml-nuls": ("pubmed-xml", entries("pubmed-xml", "Trial", "Tri\x00al")),
    "xml-shown": ("pubmed-xml", lambda size: ordinary("pubmed-xml", size).replace(b"<", b"&lt;").replace(b">", b"&gt;")),
    "xml-shown-twice": ("pubmed-xml", repeated("&lt;PubmedArticleSet&gt;", "&amp;lt;", "&lt;/PubmedArticleSet&gt;")),
    "xml-gzip": ("pubmed-xml", packed(repeated(*ORDINARY["pubmed-xml"]))),
    # JSON
    "json-keys": ("json", repeated(_JX, ', "k{n}": 1', "}]}")),
    "json-keys-same": ("json", repeated(_JX, ', "k": 1', "}]}")),
    "json-keys-unknown": ("json", repeated('[{"title": "A b", "authors": "B", "year": 2020', ', "k{n}": 1', "}]")),
    "json-keys-each": ("json", repeated("", '{"title": "A b", "authors": "B", "k{n}": 1}\n')),
    "json-frame-keys": ("json", repeated('{"meta": {}, "results": [{"id": "https://openalex.org/W1", "display_name": "A b"}]', ', "k{n}": 1', "}")),
    "json-deep": ("json", repeated('{"results": [', '{"id": "W{n}", "display_name": "A", "authorships": [], "a": ' + "[" * 300 + "]" * 300 + "},", "{}]}")),
    "json-deeper": ("json", repeated('{"results": [', '{"id": "W{n}", "display_name": "A", "authorships": [], "a": ' + "[" * 900 + "]" * 900 + "},", "{}]}")),
    "json-too-deep": ("json", repeated('{"results": [', '{"id": "W{n}", "display_name": "A", "authorships": [], "a": ' + "[" * 9000 + "]" * 9000 + "},", "{}]}")),
    "json-lists": ("json", repeated(_JX + ', "a": [', "[],", "0]}]}")),
    "json-frames-nested": ("json", repeated('{"results": [', '{"data": {"items": {"works": ', "")),
    "json-frames": ("json", repeated(_JX + "}]}\n", '{"results": []}\n')),
    "json-frames-numbers": ("json", repeated(_JX + "}]}\n", '{"results": 1}\n')),
    "json-frame-late": ("json", repeated("", '{"a": 1, "b": [1, 2], "results": [{"id": "https://openalex.org/W1", "display_name": "A"}]}\n')),
    "json-empty-lines": ("json-lines", repeated(OPENALEX + "\n", "{}\n")),
    "json-list-lines": ("json-lines", repeated(OPENALEX + "\n", "[]\n")),
    "json-byte-lines": ("json-lines", repeated(OPENALEX + "\n", "1\n")),
    "json-brace-lines": ("json-lines", repeated(OPENALEX + "\n", "{\n")),
    "json-end-lines": ("json-lines", repeated(OPENALEX + "\n", "}\n")),
    "json-comma-lines": ("json-lines", repeated(OPENALEX + "\n", ",\n")),
    "json-quote-lines": ("json-lines", repeated(OPENALEX + "\n", '"\n')),
    "json-null-lines": ("json-lines", repeated(OPENALEX + "\n", "null\n")),
    "json-blank-lines": ("json-lines", repeated(OPENALEX + "\n", "\n")),
    "json-tiny-lines": ("json-lines", repeated(OPENALEX + "\n", '{"title": "A", "year": 2020}\n')),
    "json-cut-lines": ("json-lines", repeated(OPENALEX + "\n", '{"title": "A\n')),
    "json-escapes": ("json", repeated(_JX + ', "note": "', "\\u0061", '"}]}')),
    "json-escapes-title": ("json", repeated('{"results": [{"id": "https://openalex.org/W1", "display_name": "', "\\u0061", '"}]}')),
    "json-surrogates": ("json", repeated(_JX + ', "note": "', "\\ud800", '"}]}')),
    "json-pairs": ("json", repeated(_JX + ', "note": "', "\\ud83d\\ude00", '"}]}')),
    "json-backslashes": ("json", repeated(_JX + ', "note": "', "\\\\", '"}]}')),
    "json-quotes": ("json", repeated(_JX + ', "note": "', '\\"', '"}]}')),
    "json-open-text": ("json", repeated(_JX + ', "note": "', "a", "")),
    "json-long-text": ("json", repeated(_JX + ', "note": "', "a", '"}]}')),
    "json-numbers": ("json", repeated(_JX + ', "a": [', "1234567890" * 39 + ",", "0]}]}")),
    "json-numbers-long": ("json", repeated(_JX + ', "a": [', "1234567890" * 400 + ",", "0]}]}")),
    "json-decimals": ("json", repeated(_JX + ', "a": [', "1.5e300,", "0]}]}")),
    "json-decimals-long": ("json", repeated(_JX + ', "a": 0.', "3", "}]}")),
    "json-nan": ("json", repeated(_JX + ', "a": [', "NaN,", "0]}]}")),
    "json-blank": ("json", repeated(_JX, " ", "}]}")),
    "json-authors": ("json", repeated(_JX + ', "authorships": [', '{"author": {"display_name": "G{n}"}},', "{}]}]}")),
    "json-inverted": ("json", repeated(_JX + ', "abstract_inverted_index": {', '"a{n}": [{n}],', '"b": [0]}}]}')),
    "json-inverted-same": ("json", repeated(_JX + ', "abstract_inverted_index": {"a": [', "1,", "0]}}]}")),
    "json-broken": ("json", repeated(_JX + "},\n", '{"a" 1},\n', "]}")),
    "json-broken-line": ("json", repeated(_JX + "},", '{"a" 1},', "]}")),
    "json-utf-16": ("json", encoded(repeated(*ORDINARY["json"]), "utf-16")),
    "json-utf-32": ("json", encoded(repeated(*ORDINARY["json"]), "utf-32")),
    "json-wide-signs": ("json", entries("json", "skin", "skin \U0001f600")),
    "json-trials": ("json", repeated('{"studies": [{"protocolSection": {"identificationModule": {"nctId": "NCT01234567", "briefTitle": "A b", "secondaryIdInfos": [', '{"id": "a{n}"},', "{}]}}}]}")),
    "json-summaries": ("json", repeated('{"result": {"uids": ["1"],', '"{n}": {"uid": "{n}", "title": "A", "authors": []},', '"1": {"uid": "1", "title": "A b"}}}')),
    "csl-keys": ("csl-json", repeated('[{"id": "1", "type": "book", "title": "A b"', ', "k{n}": 1', "}]")),
    "csl-keys-same": ("csl-json", repeated('[{"id": "1", "type": "book", "title": "A b"', ', "k": 1', "}]")),
    "csl-authors": ("csl-json", repeated('[{"id": "1", "type": "book", "title": "A b", "author": [', '{"family": "G{n}"},', '{"family": "B"}]}]')),
    "csl-tiny": ("csl-json", repeated('[{"id": "1", "type": "book", "title": "A b"},', '{"id": "2", "type": "book"},', '{"id": "3"}]')),
    "csl-tiny-titled": ("csl-json", repeated("[", '{"type": "book", "title": "A"},', '{"type": "book", "title": "A"}]')),
    "csl-broken": ("csl-json", repeated('[{"id": "1", "type": "book", "title": "A b"},\n', '{"a" 1},\n', "]")),
    "csl-broken-line": ("csl-json", repeated('[{"id": "1", "type": "book", "title": "A b"},', '{"a" 1},', "]")),
    "csl-lines": ("csl-json", repeated("", '{"id": "{n}", "type": "book", "title": "A"}\n')),
    "csl-deep": ("csl-json", repeated("[", '{"type": "book", "title": "A", "a": ' + "[" * 900 + "]" * 900 + "},", '{"type": "book", "title": "A"}]')),
    "csl-too-deep": ("csl-json", repeated("[", '{"type": "book", "title": "A", "a": ' + "[" * 9000 + "]" * 9000 + "},", '{"type": "book", "title": "A"}]')),
    "csl-keywords": ("csl-json", repeated('[{"type": "book", "title": "A b", "keyword": "', "a{n}, ", '"}]')),
    "csl-custom": ("csl-json", repeated('[{"type": "book", "title": "A b", "custom": {"stromata": {"extra": [', '["a", "{n}"],', '["a", "b"]]}}}]')),
    "csl-dates": ("csl-json", repeated('[{"type": "book", "title": "A b", "issued": {"date-parts": [[', "1,", "1]]}}]")),
    "csl-utf-16": ("csl-json", encoded(repeated(*ORDINARY["csl-json"]), "utf-16")),
    # archives
    "zip-files": ("json", zipped(b"TY  - JOUR\n", 100_000)),
    "gzip-gzip": ("pubmed-xml", packed(packed(repeated(*ORDINARY["pubmed-xml"])))),
}  # fmt: skip
"""Name: (format of the ordinary file to compare with, maker of a file of about so many bytes)."""


def _stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the shape of a handler
    raise TimeoutError


def weigh(path: str, limit: float) -> tuple[float, int, float]:
    """Return CPU seconds of reading a file, which may be refused, the number of items met, and the peak in MB.

    limit : CPU seconds after which it is given up.
    """
    signal.signal(signal.SIGVTALRM, _stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, limit)
    began, items = time.process_time(), 0
    try:
        for part in formats.parts(path):
            for _ in formats.scan(part):
                items += 1
    except (StromataError, TimeoutError):
        pass
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return time.process_time() - began, items, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(megabytes: float, wanted: str = "") -> Iterator[dict[str, object]]:
    """Yield what each file takes, by an ordinary one of its format."""
    context = multiprocessing.get_context("spawn")
    size = int(megabytes * 1_000_000)
    usual: dict[str, tuple[float, int, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        for name, (form, make) in CASES.items():
            if wanted not in name:
                continue
            if form not in usual:
                path.write_bytes(ordinary(form, size))
                with context.Pool(1) as pool:
                    usual[form] = pool.apply(weigh, (str(path), max(60, 10 * megabytes)))
                took, items, peak = usual[form]
                yield {
                    "case": f"ordinary {form}",
                    "cpu_seconds": round(took, 3),
                    "items": items,
                    "peak_mb": round(peak),
                }
            path.write_bytes(make(size))
            with context.Pool(1) as pool:
                took, items, peak = pool.apply(weigh, (str(path), max(60, 10 * megabytes)))
            yield {
                "case": name,
                "size": path.stat().st_size,
                "items": items,
                "cpu_seconds": round(took, 3),
                "times": round(took / max(usual[form][0], 1e-9), 2),
                "microseconds": round(1e6 * took / max(items, 1), 1),
                "peak_mb": round(peak),
            }


def main(arguments: list[str] | None = None) -> None:
    """Print one JSON line per case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=6.0)
    parser.add_argument("--only", default="")
    chosen = parser.parse_args(arguments)
    for row in run(chosen.megabytes, chosen.only):
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
