# ruff: noqa: E501 - the samples have the long lines of real files
from __future__ import annotations

import io

from stromata.formats import jats
from stromata.formats.content import Passage, examine
from stromata.model import Name, Problem, Record, Translation
from stromata.progress import silent

ARTICLE = """<?xml version="1.0"?>
<!DOCTYPE article PUBLIC "-//NLM//DTD JATS//EN" "JATS.dtd">
<article xmlns:xlink="http://www.w3.org/1999/xlink" article-type="review-article" xml:lang="en"><front>
<journal-meta><journal-id journal-id-type="nlm-ta">Fict J</journal-id>
<journal-title-group><journal-title>Fictional Journal</journal-title></journal-title-group>
<issn pub-type="ppub">1234-5679</issn><publisher><publisher-name>House</publisher-name></publisher></journal-meta>
<article-meta><article-id pub-id-type="pmid">12</article-id><article-id pub-id-type="pmc">345</article-id>
<article-id pub-id-type="doi">10.99999/FJ.1</article-id><article-id pub-id-type="publisher-id">p1</article-id>
<title-group><article-title>Cells in <italic>skin</italic><xref ref-type="fn">*</xref></article-title>
<subtitle>A review</subtitle><trans-title-group xml:lang="fr"><trans-title>Cellules</trans-title></trans-title-group></title-group>
<contrib-group><contrib contrib-type="author"><name><surname>Li</surname><given-names>Bo</given-names></name>
<contrib-id contrib-id-type="orcid">0000-1</contrib-id></contrib>
<contrib contrib-type="author"><collab>Study Group<contrib-group><contrib><name><surname>Member</surname></name></contrib>
</contrib-group></collab></contrib>
<contrib contrib-type="editor"><name><surname>Ed</surname><given-names>Ina</given-names></name></contrib></contrib-group>
<aff id="a1">A place</aff>
<pub-date pub-type="epub"><day>3</day><month>5</month><year>2018</year></pub-date>
<pub-date pub-type="ppub"><month>7</month><year>2018</year></pub-date>
<volume>5</volume><issue>2</issue><fpage>12</fpage><lpage>19</lpage>
<abstract><title>Abstract</title><sec><title>Background</title><p>Skin.</p></sec><sec><title>Results:</title><p>NCT01234567 <inline-formula>
<alternatives><mml:math xmlns:mml="http://www.w3.org/1998/Math/MathML"><mml:mi>x</mml:mi></mml:math><tex-math>\\x</tex-math></alternatives>
</inline-formula></p></sec></abstract>
<abstract abstract-type="graphical"><p>A picture.</p></abstract>
<trans-abstract xml:lang="fr"><p>La peau.</p></trans-abstract>
<kwd-group><kwd>cells</kwd><kwd>skin</kwd></kwd-group></article-meta></front>
<body><p>Text with <ext-link xlink:href="https://doi.org/10.1/other">10.1/other</ext-link></p></body>
<back><ref-list><ref><element-citation><article-title>Cited</article-title><pub-id pub-id-type="doi">10.1/cited</pub-id>
</element-citation></ref></ref-list></back></article>
"""

Item = Record | Problem | Passage


def items(text: str) -> list[Item]:
    content = examine("jats.xml", lambda: io.BytesIO(text.encode()))
    return list(jats.read(content, progress=silent))


def test_the_front_of_an_article_is_read_and_no_number_of_a_cited_work() -> None:
    found = items(ARTICLE)
    (record,) = (item for item in found if isinstance(item, Record))
    assert not [item for item in found if isinstance(item, Problem)]
    assert record.title == "Cells in skin: A review"
    assert (record.doi, record.pmid, record.pmcid) == ("10.99999/fj.1", "12", "PMC345")
    assert record.authors == (Name(family="Li", given="Bo"), Name(literal="Study Group"))
    assert (record.journal, record.journal_abbreviation, record.publisher) == ("Fictional Journal", "Fict J", "House")
    assert (record.volume, record.issue, record.pages, record.date) == ("5", "2", "12-19", "2018-07")
    assert record.abstract == "Background: Skin. Results: NCT01234567 x"
    assert record.registry_ids == ("NCT01234567",)
    assert record.translations == (Translation(language="fr", title="Cellules", abstract="La peau."),)
    assert (record.keywords, record.issn) == (("cells", "skin"), ("1234-5679",))
    assert (record.language, record.language_basis) == ("en", "stated")
    assert (record.line, record.end_line) == (3, ARTICLE.count("\n"))
    kept = {("AID", "p1 [publisher-id]"), ("FED", "Ed, Ina"), ("AD", "A place"), ("pub-date", "2018-05-03 [epub]"),
            ("CR", "Cited 10.1/cited | doi: 10.1/cited"), ("abstract/graphical", "A picture."), ("AUID", "ORCID: 0000-1"), ("article-type", "review-article")}  # fmt: skip
    assert kept <= set(record.extra)


def test_a_set_of_articles_is_cut_and_one_without_a_description_is_told() -> None:
    body = ARTICLE.partition("?>\n")[2].partition('dtd">\n')[2]
    found = items(f"<pmc-articleset>\n{body}\n<article><body><p>x</p></body></article>\n{body}</pmc-articleset>")
    assert [item.pmid for item in found if isinstance(item, Record)] == ["12", "12"]
    assert [item.code for item in found if isinstance(item, Problem)] == ["jats-empty-entry"]


def test_only_jats_is_claimed() -> None:
    assert jats.sniff(ARTICLE)
    assert not jats.sniff("<html><body><article>a page</article></body></html>")


def test_text_within_nested_elements_of_one_name_comes_once() -> None:
    nested = "<aff>" * 200 + "Place" + "</aff>" * 200
    words = "<kwd-group>" + "<kwd>" * 200 + "skin" + "</kwd>" * 200 + "</kwd-group>"
    text = f"<article><front><article-meta>{TITLED}{nested}{words}</article-meta></front></article>"
    (record,) = [
        one
        for one in jats.read(examine("a", lambda: io.BytesIO(text.encode())), progress=silent)
        if isinstance(one, Record)
    ]
    assert [pair for pair in record.extra if pair[0] == "AD"] == [("AD", "Place")]
    assert record.keywords == ("skin",)


def test_a_formula_in_tex_alone_is_kept_and_the_second_form_of_one_is_not() -> None:
    body = "<abstract><p>a <tex-math>x</tex-math> b <tex-math>y</tex-math></p></abstract>"
    text = f"<article><front><article-meta>{TITLED}{body}</article-meta></front></article>"
    (record,) = [
        one
        for one in jats.read(examine("a", lambda: io.BytesIO(text.encode())), progress=silent)
        if isinstance(one, Record)
    ]
    assert record.abstract == "a x b y"


TITLED = "<title-group><article-title>Cells</article-title></title-group>"


def test_works_cited_are_kept_one_to_a_line_with_their_numbers() -> None:
    works = (
        "<title>References</title><ref><label>1</label><mixed-citation><name><surname>Li</surname> <given-names>B</given-names>"
        '</name>. <article-title>Old cells</article-title>. 2001; 5:1.<pub-id pub-id-type="pmid">77</pub-id></mixed-citation></ref>'
        "<ref><element-citation><person-group><name><surname>Wu</surname><given-names>C</given-names></name></person-group>"
        '<source>J</source><year>2002</year><pub-id pub-id-type="doi">10.99999/b</pub-id></element-citation></ref>'
        "<ref><mixed-citation>First of two</mixed-citation><mixed-citation>Second</mixed-citation></ref>"
        "<ref><citation-alternatives><mixed-citation>One way</mixed-citation><element-citation>Other</element-citation>"
        "</citation-alternatives></ref><ref><note>Unpublished</note></ref><ref/>"
    )
    text = f"<article><front><article-meta>{TITLED}</article-meta></front><back><ref-list>{works}</ref-list></back></article>"
    (record,) = [item for item in items(text) if isinstance(item, Record)]
    assert [value for tag, value in record.extra if tag == "CR"] == [
        "Li B. Old cells. 2001; 5:1.77 | PMID: 77",
        "Wu C J 2002 10.99999/b | doi: 10.99999/b",
        "First of two",
        "Second",
        "One way",
        "Unpublished",
    ]
    assert (record.doi, record.pmid) == ("", "")
