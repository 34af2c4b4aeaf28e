"""Cited works as the formats keep them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.formats import read_bytes
from stromata.model import Record
from stromata.screening.cited import cited_by, names_of


def record(*extra, **fields):
    return Record("0" * 64, 1, 1, 1, extra=extra, **fields)


def test_a_record_has_all_ids_by_which_it_may_be_cited():
    assert names_of(record(doi="10.1000/ABC", pmid="7")) == ("doi:10.1000/abc", "pmid:7")
    assert names_of(record(pmid="7", pmcid="PMC123456")) == ("pmcid:123456", "pmid:7")
    assert names_of(record(accession="W2741809807")) == ("openalex:w2741809807",)
    assert names_of(record(accession="012-345-678-901-23X")) == ("lens:012-345-678-901-23x",)
    assert names_of(record(accession="WOS:000123")) == ()


@pytest.mark.parametrize(
    ("tag", "text", "works"),
    [
        ("CR", "Smith 2001 | PMID: 123 | doi: 10.1000/xyz1", ("doi:10.1000/xyz1", "pmid:123")),
        ("references", "Lee K, 2010, J CELLS, V4, P2, DOI 10.1016/S0140-6736(97)11096-0",
         ("doi:10.1016/s0140-6736(97)11096-0",)),
        ("references", "Lee K, 2010, DOI [10.1000/xyz2, DOI 10.1000/xyz3]", ("doi:10.1000/xyz2", "doi:10.1000/xyz3")),
        ("References", "Smith J., (2001); (https://doi.org/10.1000/xyz1); Lee, 10.1000/XYZ2.",
         ("doi:10.1000/xyz1", "doi:10.1000/xyz2")),
        ("References", "012-345-678-901-23X; 112-345-678-901-231",
         ("lens:012-345-678-901-23x", "lens:112-345-678-901-231")),
        ("referenced_works", '["https://openalex.org/W2741809807"]', ("openalex:w2741809807",)),
        ("reference", '[{"key": "r1", "DOI": "10.1000/xyz1"}, {"unstructured": "Doi:10.1000/xyz2."}]',
         ("doi:10.1000/xyz1", "doi:10.1000/xyz2")),
        ("referenceList", '{"reference": [{"id": "123456", "source": "MED"}, {"id": "9", "source": "AGR"}]}',
         ("pmid:123456",)),
        ("references", '[{"paperId": "q", "externalIds": {"PubMed": "55"}}]', ("pmid:55",)),
        ("CR", "Smith 2001 | PMCID: PMC0765432 | pmc 12", ("pmcid:765432",)),
        ("references", '[{"paperId": "q", "externalIds": {"PubMedCentral": "PMC765432"}}]', ("pmcid:765432",)),
        ("references", '[{"paperId": "q", "externalIds": {"PubMedCentral": "765432"}}]', ("pmcid:765432",)),
        ("references", '[{"pmid": "55"', ()),
        ("abstract-note", "doi:10.1000/xyz1", ()),
    ],
)  # fmt: skip
def test_ids_are_read_from_the_lists_of_cited_works(tag, text, works):
    assert cited_by(record((tag, text))) == works


def test_notes_are_read_where_they_are_a_list_of_cited_works():
    assert cited_by(record(notes=("References: Smith, 10.1000/xyz1;", "See also 10.1000/xyz2"))) == (
        "doi:10.1000/xyz1",
    )


def test_a_record_does_not_cite_itself():
    assert cited_by(record(("CR", "10.1000/own"), ("CR", "10.1000/other"), doi="10.1000/own")) == ("doi:10.1000/other",)


@given(st.text(alphabet='10.1000/ab()[]{}",.;W123-MED: ', max_size=60))
def test_any_list_is_read(text):
    assert all(":" in one for one in cited_by(record(("references", text), ("references", '{"a":' + text))))


FILES = {
    "a.txt": b"FN Clarivate Analytics Web of Science\nVR 1.0\nPT J\nTI Cells heal\nCR Smith J, 2001, DOI 10.1000/xyz1\n"
    b"   Lee K, 2010, J CELLS\nPY 2020\nUT WOS:1\nER\n\nEF\n",
    "b.ris": b"TY  - JOUR\nTI  - Cells heal\nN1  - References: Smith J., Older, (2001), 10.1000/xyz1;\nDB  - Scopus\n"
    b"ER  - \n",
    "c.csv": b'Authors,Title,Year,Source title,DOI,References,EID\n"A B",Cells heal,2020,"J","10.1000/a",'
    b'"Smith, (2001), doi:10.1000/xyz1","2-s2.0-1"\n',
    "d.bib": b"@article{a, title={Cells heal}, year={2020}, Cited-References={Smith J, 2001, DOI 10.1000/xyz1.}}\n",
    "e.json": b'{"status": "ok", "message-type": "work", "message": {"DOI": "10.1000/a", "title": ["Cells heal"], '
    b'"type": "journal-article", "reference": [{"key": "r1", "DOI": "10.1000/xyz1"}]}}',
    "f.xml": b'<?xml version="1.0"?><PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID><Article><Journal>'
    b"<Title>J</Title></Journal><ArticleTitle>Cells heal</ArticleTitle></Article></MedlineCitation><PubmedData>"
    b'<ReferenceList><Reference><Citation>Smith</Citation><ArticleIdList><ArticleId IdType="doi">10.1000/xyz1'
    b"</ArticleId></ArticleIdList></Reference></ReferenceList></PubmedData></PubmedArticle></PubmedArticleSet>",
    "g.xml": b"<article><front><article-meta><title-group><article-title>Cells heal</article-title></title-group>"
    b"</article-meta></front><back><ref-list><ref><mixed-citation>Smith 2001</mixed-citation></ref>"
    b'<ref><element-citation><pub-id pub-id-type="doi">10.1000/xyz1</pub-id></element-citation></ref></ref-list></back>'
    b"</article>",
}


@pytest.mark.parametrize("name", FILES)
def test_what_the_readers_keep_is_found(name):
    records, _ = read_bytes(FILES[name], name=name)
    assert [cited_by(one) for one in records] == [("doi:10.1000/xyz1",)]


OPENALEX = {
    "meta": {"count": 1},
    "results": [
        {
            "id": "https://openalex.org/W4300000001", "doi": "https://doi.org/10.99999/own",
            "title": "Cells heal knees", "publication_year": 2020, "type": "article", "ids": {"pmid": "https://pubmed.ncbi.nlm.nih.gov/31000001"},
            "authorships": [{"author": {"display_name": "Ana Berg"}}],
            "referenced_works": ["https://openalex.org/W2000000001", "https://openalex.org/W2000000002"],
            "related_works": ["https://openalex.org/W2900000003"],
        }
    ],
}  # fmt: skip
EUROPE_PMC = {
    "version": "6.9",
    "hitCount": 1,
    "resultList": {
        "result": [
            {
                "id": "31000001", "source": "MED", "pmid": "31000001", "doi": "10.99999/own",
                "title": "Cells heal knees", "authorString": "Berg A.", "pubYear": "2020", "journalTitle": "J Cells",
                "referenceList": {
                    "reference": [
                        {"id": "11000001", "source": "MED", "title": "Earlier cells", "doi": "10.99999/xyz1"},
                        {"id": "PMC9000001", "source": "PMC", "title": "Known by its number in PubMed Central"},
                        {"title": "Known by its words alone"},
                    ]
                },
            }
        ]
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "cites", "names"),
    [
        (
            OPENALEX,
            ("openalex:w2000000001", "openalex:w2000000002"),
            ("doi:10.99999/own", "openalex:w4300000001", "pmid:31000001"),
        ),
        (EUROPE_PMC, ("doi:10.99999/xyz1", "pmcid:9000001", "pmid:11000001"), ("doi:10.99999/own", "pmid:31000001")),
    ],
)
def test_the_answers_of_catalogues_tell_what_a_work_cites_and_by_what_it_is_cited(answer, cites, names):
    (one,), problems = read_bytes(json.dumps(answer).encode())
    assert problems == ()
    assert (cited_by(one), names_of(one)) == (cites, names)
