# ruff: noqa: E501 - the samples have the long lines of real files
from __future__ import annotations

import io
from dataclasses import replace

import pytest

from stromata import formats
from stromata.formats import nbib, pubmed_xml
from stromata.formats.content import Passage, examine
from stromata.model import Name, Problem, Record, Translation
from stromata.progress import silent

ARTICLE = """<PubmedArticle>
<MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="1">39999990</PMID>
<DateCompleted><Year>2018</Year><Month>07</Month><Day>1</Day></DateCompleted>
<DateRevised><Year>2019</Year><Month>01</Month><Day>02</Day></DateRevised>
<Article PubModel="Print"><Journal><ISSN IssnType="Electronic">2215-0161</ISSN>
<JournalIssue CitedMedium="Internet"><Volume>5</Volume><Issue>2</Issue>
<PubDate><Year>2018</Year><Month>May</Month><Day>3</Day></PubDate></JournalIssue>
<Title>Fictional journal</Title><ISOAbbreviation>Fict. J.</ISOAbbreviation></Journal>
<ArticleTitle>Stromal <i>cells</i> and CD34<sup>+</sup> skin.</ArticleTitle>
<Pagination><MedlinePgn>283-98</MedlinePgn></Pagination>
<ELocationID EIdType="pii" ValidYN="Y">S0000-1</ELocationID>
<ELocationID EIdType="doi" ValidYN="Y">10.99999/FJ.1</ELocationID>
<Abstract><AbstractText Label="BACKGROUND" NlmCategory="BACKGROUND">Something at P &lt; 0.05.</AbstractText>
<AbstractText Label="RESULTS">Registered as NCT01234567; <mml:math xmlns:mml="http://www.w3.org/1998/Math/MathML"
><mml:mi>x</mml:mi><mml:mn>2</mml:mn></mml:math>.</AbstractText>
<CopyrightInformation>Copyright of nobody.</CopyrightInformation></Abstract>
<AuthorList CompleteYN="Y"><Author ValidYN="Y"><LastName>Takeda</LastName><ForeName>Yuichi</ForeName>
<Initials>Y</Initials><Suffix>Jr</Suffix><Identifier Source="ORCID">0000-0000-0000-0001</Identifier>
<AffiliationInfo><Affiliation>A place</Affiliation></AffiliationInfo></Author>
<Author ValidYN="Y"><CollectiveName>Fictional Study Group</CollectiveName></Author></AuthorList>
<Language>eng</Language>
<DataBankList CompleteYN="Y"><DataBank><DataBankName>ClinicalTrials.gov</DataBankName>
<AccessionNumberList><AccessionNumber>NCT07654321</AccessionNumber></AccessionNumberList></DataBank>
<DataBank><DataBankName>GENBANK</DataBankName>
<AccessionNumberList><AccessionNumber>X1</AccessionNumber></AccessionNumberList></DataBank></DataBankList>
<GrantList CompleteYN="Y"><Grant><GrantID>G-1</GrantID><Agency>Fund</Agency><Country>Nowhere</Country></Grant></GrantList>
<PublicationTypeList><PublicationType UI="D016428">Journal Article</PublicationType>
<PublicationType UI="D016454">Review</PublicationType></PublicationTypeList>
<ArticleDate DateType="Electronic"><Year>2018</Year><Month>04</Month><Day>30</Day></ArticleDate></Article>
<MedlineJournalInfo><Country>Nowhere</Country><MedlineTA>Fict J</MedlineTA><NlmUniqueID>999</NlmUniqueID>
<ISSNLinking>2215-0161</ISSNLinking></MedlineJournalInfo>
<ChemicalList><Chemical><RegistryNumber>0</RegistryNumber><NameOfSubstance UI="D1">Water</NameOfSubstance></Chemical>
</ChemicalList><CitationSubset>IM</CitationSubset>
<CommentsCorrectionsList>
<CommentsCorrections RefType="CommentIn"><RefSource>Fict J. 2019;1:1</RefSource><PMID Version="1">1</PMID></CommentsCorrections>
<CommentsCorrections RefType="RetractionIn"><RefSource>Fict J. 2020;2:2</RefSource></CommentsCorrections>
</CommentsCorrectionsList>
<MeshHeadingList><MeshHeading><DescriptorName MajorTopicYN="N">Skin</DescriptorName>
<QualifierName MajorTopicYN="Y">pathology</QualifierName></MeshHeading>
<MeshHeading><DescriptorName MajorTopicYN="Y">Wound Healing</DescriptorName></MeshHeading></MeshHeadingList>
<KeywordList Owner="NOTNLM"><Keyword MajorTopicYN="N">stromal cells</Keyword></KeywordList>
<CoiStatement>None.</CoiStatement></MedlineCitation>
<PubmedData><History><PubMedPubDate PubStatus="received"><Year>2018</Year><Month>1</Month><Day>2</Day></PubMedPubDate>
<PubMedPubDate PubStatus="pubmed"><Year>2018</Year><Month>5</Month><Day>4</Day><Hour>6</Hour><Minute>0</Minute></PubMedPubDate>
<PubMedPubDate PubStatus="entrez"><Year>2018</Year><Month>5</Month><Day>3</Day><Hour>6</Hour><Minute>10</Minute></PubMedPubDate>
</History><PublicationStatus>ppublish</PublicationStatus>
<ArticleIdList><ArticleId IdType="pubmed">39999990</ArticleId><ArticleId IdType="pmc">PMC6055010</ArticleId>
<ArticleId IdType="doi">10.99999/FJ.1</ArticleId><ArticleId IdType="pii">S0000-1</ArticleId></ArticleIdList>
<ReferenceList><Reference><Citation>A cited work. 1999.</Citation><ArticleIdList>
<ArticleId IdType="pubmed">123</ArticleId><ArticleId IdType="doi">10.1/cited</ArticleId></ArticleIdList></Reference>
</ReferenceList></PubmedData></PubmedArticle>"""

SAME = """
PMID- 39999990
OWN - NLM
STAT- MEDLINE
DCOM- 20180701
LR  - 20190102
IS  - 2215-0161 (Electronic)
VI  - 5
IP  - 2
DP  - 2018 May 3
TI  - Stromal cells and CD34+ skin.
PG  - 283-98
LID - S0000-1 [pii]
LID - 10.99999/FJ.1 [doi]
AB  - BACKGROUND: Something at P < 0.05. RESULTS: Registered as NCT01234567; x2.
CI  - Copyright of nobody.
FAU - Takeda, Yuichi, Jr
AU  - Takeda Y Jr
AUID- ORCID: 0000-0000-0000-0001
AD  - A place
CN  - Fictional Study Group
LA  - eng
SI  - ClinicalTrials.gov/NCT07654321
SI  - GENBANK/X1
GR  - G-1/Fund/Nowhere
PT  - Journal Article
PT  - Review
DEP - 20180430
PL  - Nowhere
TA  - Fict J
JT  - Fictional journal
JID - 999
RN  - 0 (Water)
SB  - IM
CIN - Fict J. 2019;1:1. PMID: 1
RIN - Fict J. 2020;2:2
MH  - Skin/*pathology
MH  - *Wound Healing
OTO - NOTNLM
OT  - stromal cells
COIS- None.
PMC - PMC6055010
EDAT- 2018/05/04 06:00
CRDT- 2018/05/03 06:10
PHST- 2018/01/02 00:00 [received]
AID - 10.99999/FJ.1 [doi]
AID - S0000-1 [pii]
PST - ppublish
"""

Item = Record | Problem | Passage


def items(text: str) -> list[Item]:
    content = examine("pubmed.xml", lambda: io.BytesIO(text.encode()))
    return list(pubmed_xml.read(content, progress=silent))


def one(text: str) -> Record:
    (record,) = (item for item in items(f"<PubmedArticleSet>{text}</PubmedArticleSet>") if isinstance(item, Record))
    return record


def article(inner: str, *, pmid: str = "7", journal: str = "") -> str:
    return (
        f'<PubmedArticle><MedlineCitation><PMID Version="1">{pmid}</PMID><Article>{journal}{inner}</Article>'
        "</MedlineCitation></PubmedArticle>"
    )


def bare(record: Record) -> Record:
    return replace(record, source="", number=0, line=0, end_line=0, extra=())


def test_an_article_is_the_same_record_from_xml_and_from_medline_text() -> None:
    record = one(ARTICLE)
    (other,), problems = formats.read_bytes(SAME.encode())
    assert problems == ()
    assert bare(record) == bare(other)
    assert sorted(pair for pair in record.extra if pair[0] != "CR") == sorted(other.extra)
    assert record.keywords == ("Skin/*pathology", "*Wound Healing", "stromal cells")


def test_what_the_nbib_writer_makes_of_it_reads_back_as_the_same() -> None:
    record = one(ARTICLE)
    stream = io.StringIO()
    nbib.write([record], stream)
    (back,), _ = formats.read_bytes(stream.getvalue().encode())
    assert bare(back) == bare(record)
    assert sorted(back.extra) == sorted(record.extra)


def test_a_cited_work_gives_no_number_to_the_article() -> None:
    cited = ARTICLE.replace('<ArticleId IdType="doi">10.99999/FJ.1</ArticleId>', "").replace(
        '<ELocationID EIdType="doi" ValidYN="Y">10.99999/FJ.1</ELocationID>', ""
    )
    record = one(cited)
    assert (record.doi, record.pmid) == ("", "39999990")
    assert [value for tag, value in record.extra if tag == "CR"] == [
        "A cited work. 1999. | PMID: 123 | doi: 10.1/cited"
    ]


def test_a_translated_title_loses_its_brackets_and_keeps_the_original() -> None:
    inner = (
        "<ArticleTitle>[Cells in skin].</ArticleTitle><Language>chi</Language>"
        "<VernacularTitle>皮肤细胞。</VernacularTitle>"
    )
    text = article(inner).replace(
        "</Article>",
        '</Article><OtherAbstract Type="Publisher" Language="chi"><AbstractText>目的。</AbstractText></OtherAbstract>',
    )
    record = one(text)
    assert (record.title, record.language) == ("Cells in skin", "zh")
    assert record.translations == (Translation(language="zh", title="皮肤细胞。", abstract="目的。"),)


@pytest.mark.parametrize(
    ("said", "date"),
    [
        ("<MedlineDate>2019 Nov-Dec</MedlineDate>", "2019-11"),
        ("<MedlineDate>1998-1999</MedlineDate>", "1998"),
        ("<Year>2001</Year><Season>Spring</Season>", "2001"),
        ("<Year>2001</Year><Month>02</Month>", "2001-02"),
    ],
)
def test_dates_in_every_form(said: str, date: str) -> None:
    journal = f"<Journal><JournalIssue><PubDate>{said}</PubDate></JournalIssue><Title>J</Title></Journal>"
    record = one(article("<ArticleTitle>T</ArticleTitle>", journal=journal))
    assert (record.date, record.year) == (date, int(date[:4]))
    assert ("Season" in said or "Medline" in said) == any(tag == "PubDate" for tag, _ in record.extra)


def test_an_author_replaced_by_a_corrected_form_is_kept_apart_and_namesakes_stay_two() -> None:
    author = "<Author ValidYN='{}'><LastName>{}</LastName><ForeName>Yi</ForeName></Author>"
    inner = author.format("N", "Wnag") + 2 * author.format("Y", "Wang")
    record = one(article(f"<ArticleTitle>T</ArticleTitle><AuthorList>{inner}</AuthorList>"))
    assert record.authors == (Name(family="Wang", given="Yi"), Name(family="Wang", given="Yi"))
    assert ("Author/ValidYN=N", "Wnag, Yi") in record.extra


def test_books_and_chapters_are_read() -> None:
    book = (
        "<Book><Publisher><PublisherName>House</PublisherName><PublisherLocation>Town</PublisherLocation></Publisher>"
        "<BookTitle>A whole book</BookTitle><PubDate><Year>2010</Year></PubDate><Isbn>9783161484100</Isbn>"
        '<AuthorList Type="editors"><Author><LastName>Ed</LastName><ForeName>Ina</ForeName></Author></AuthorList></Book>'
    )
    frame = "<PubmedBookArticle><BookDocument><PMID>5</PMID>{}{}</BookDocument></PubmedBookArticle>"
    whole = one(frame.format(book, ""))
    assert (whole.type, whole.title, whole.publisher, whole.year) == ("book", "A whole book", "House", 2010)
    assert whole.isbn == ("9783161484100",)
    authors = '<AuthorList Type="authors"><Author><LastName>Li</LastName></Author></AuthorList>'
    chapter = one(frame.format(book, f"<ArticleTitle>One chapter</ArticleTitle>{authors}"))
    assert (chapter.type, chapter.title, chapter.journal) == ("chapter", "One chapter", "A whole book")
    assert chapter.authors == (Name(family="Li"),)
    assert ("FED", "Ed, Ina") in chapter.extra


def test_withdrawn_numbers_are_listed() -> None:
    found = items(
        f"<PubmedArticleSet>{ARTICLE}\n<DeleteCitation>\n<PMID>11</PMID>\n<PMID>12</PMID></DeleteCitation></PubmedArticleSet>"
    )
    problem = next(item for item in found if isinstance(item, Problem))
    assert problem.code == "pubmed-withdrawn"
    assert "2 numbers: 11 12" in problem.text
    assert any(isinstance(item, Passage) and item.kind == "comment" for item in found)


def test_a_bare_citation_and_a_page_that_shows_the_xml_are_read() -> None:
    citation = article("<ArticleTitle>A &lt; B &amp;amp; C</ArticleTitle>").partition("<PubmedArticle>")[2]
    assert one(citation.removesuffix("</PubmedArticle>")).title == "A < B & C"
    shown = (
        article("<ArticleTitle>A &lt; B</ArticleTitle>").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    )
    page = f"<pre>\n{shown}\n</pre>"
    assert pubmed_xml.sniff(page)
    assert [item.title for item in items(page) if isinstance(item, Record)] == ["A < B"]


def test_an_entry_that_says_nothing_and_one_without_a_title_are_told() -> None:
    found = items(
        "<PubmedArticleSet><PubmedArticle><a>wrong</a></PubmedArticle>\n" + article("") + "</PubmedArticleSet>"
    )
    assert [item.code for item in found if isinstance(item, Problem)] == ["pubmed-empty-entry", "pubmed-no-title"]
    assert [item.pmid for item in found if isinstance(item, Record)] == ["7"]


def test_what_has_no_field_is_kept_under_its_name() -> None:
    text = article("<ArticleTitle>T</ArticleTitle><Novelty>n</Novelty><Other><a>1</a><b>2</b></Other>")
    assert {("Novelty", "n"), ("Other/a", "1"), ("Other/b", "2")} <= set(one(text).extra)
    deep = article("<ArticleTitle>T</ArticleTitle><Other><a><b>2</b></a></Other>")
    assert ("Other/a", "b: 2") in one(deep).extra


def test_only_pubmed_xml_is_claimed() -> None:
    assert pubmed_xml.sniff('<?xml version="1.0"?>\n<PubmedArticleSet>')
    assert pubmed_xml.sniff("cut off here</Abstract>\n<PubmedArticle>")
    assert not pubmed_xml.sniff("TY  - JOUR\nAB  - about <PubmedArticle> tags\n")


def test_ten_thousand_authors_are_read() -> None:
    authors = "".join(f"<Author><LastName>N{number}</LastName></Author>" for number in range(10_000))
    assert len(one(article(f"<ArticleTitle>T</ArticleTitle><AuthorList>{authors}</AuthorList>")).authors) == 10_000


def test_a_tag_in_a_continued_line_of_medline_text_makes_no_xml() -> None:
    assert not pubmed_xml.sniff("PMID- 1\nTI  - A title of\n      <PubmedArticle> in it\n")
    assert pubmed_xml.sniff("Saved page\n  &lt;PubmedArticle&gt;\n")


@pytest.mark.parametrize("root", ["xml", "records", "article", "modsCollection", "clinical_study"])
def test_other_xml_whose_text_shows_tags_of_pubmed_is_not_claimed(root: str) -> None:
    head = f"<?xml version='1.0'?>\n<{root}><note>about &lt;PubmedArticle&gt;\n&lt;MedlineCitation&gt;</note></{root}>"
    assert not pubmed_xml.sniff(head)
    for page in ("pre", "html", "HTML", "body"):
        assert pubmed_xml.sniff(f"<!DOCTYPE html>\n<{page}>\n&lt;PubmedArticleSet&gt;</{page}>")
