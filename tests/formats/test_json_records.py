from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.formats import csl, json_records, read_bytes
from stromata.formats.content import Passage, examine
from stromata.model import Name, Problem, Record

TRIAL = {
    "protocolSection": {
        "identificationModule": {
            "nctId": "NCT01234567",
            "briefTitle": "Cells for skin",
            "officialTitle": "A trial of cells",
            "secondaryIdInfos": [{"id": "2020-001234-12", "type": "EUDRACT_NUMBER"}],
        },
        "statusModule": {"overallStatus": "RECRUITING", "studyFirstPostDateStruct": {"date": "2020-05-03"}},
        "descriptionModule": {"briefSummary": "We give cells.", "detailedDescription": "At length."},
        "conditionsModule": {"conditions": ["Psoriasis"], "keywords": ["MSC"]},
    },
    "hasResults": False,
}
OPENALEX = {
    "id": "https://openalex.org/W77",
    "doi": "https://doi.org/10.99999/ABC",
    "title": "Cells for skin",
    "display_name": "Cells for skin",
    "publication_year": 2020,
    "publication_date": "2020-05-03",
    "type": "article",
    "ids": {"pmid": "https://pubmed.ncbi.nlm.nih.gov/12345678"},
    "language": "en",
    "primary_location": {
        "landing_page_url": "https://doi.org/10.99999/abc",
        "source": {"display_name": "J Cells", "issn_l": "1234-567X", "issn": ["1234-567X", "2345-6789"]},
    },
    "authorships": [
        {"author": {"display_name": "Ana M. Silva"}, "raw_author_name": "Silva, Ana M."},
        {"author": {"display_name": "Bo Li"}},
    ],
    "biblio": {"volume": "12", "issue": "3", "first_page": "12", "last_page": "19"},
    "abstract_inverted_index": {"cells": [1, 4], "We": [0], "give": [3], "and": [2]},
    "cited_by_count": 4,
}
CROSSREF = {
    "DOI": "10.99999/abc",
    "type": "journal-article",
    "title": ["Cells for skin"],
    "container-title": ["J Cells"],
    "short-container-title": ["JC"],
    "author": [{"family": "Silva", "given": "Ana", "suffix": "Jr"}, {"name": "A Group"}],
    "issued": {"date-parts": [[2020, 5]]},
    "published-print": {"date-parts": [[2020, 5, 3]]},
    "volume": "12",
    "page": "12-19",
    "abstract": "<jats:p>We <jats:italic>give</jats:italic> cells.</jats:p>",
    "is-referenced-by-count": 3,
    "reference-count": 2,
    "ISSN": ["1234-567X"],
    "update-to": [{"type": "retraction", "DOI": "10.99999/old"}],
    "reference": [{"DOI": "10.99999/cited"}],
}
SEMANTIC = {
    "paperId": "f00",
    "externalIds": {"DOI": "10.99999/abc", "PubMed": "12345678", "PubMedCentral": "777"},
    "title": "Cells for skin",
    "year": 2020,
    "publicationDate": "2020-05-03",
    "authors": [{"authorId": "1", "name": "Ana M. Silva"}],
    "journal": {"name": "J Cells", "volume": "12", "pages": "12-19"},
    "publicationTypes": ["JournalArticle"],
    "abstract": "We give.",
}
EUROPE = {
    "id": "12345678",
    "source": "MED",
    "pmid": "12345678",
    "pmcid": "PMC777",
    "doi": "10.99999/abc",
    "title": "Cells for skin.",
    "authorString": "Silva AM, Li B.",
    "journalInfo": {
        "volume": "12",
        "issue": "3",
        "journal": {"title": "J Cells", "medlineAbbreviation": "JC", "issn": "1234-567X"},
    },
    "pubYear": "2020",
    "pageInfo": "12-19",
    "firstPublicationDate": "2020-05-03",
    "abstractText": "<h4>Aim</h4>We give.",
    "isOpenAccess": "Y",
}
SUMMARY = {
    "uid": "12345678",
    "pubdate": "2020 May 3",
    "sortpubdate": "2020/05/03 00:00",
    "source": "JC",
    "fulljournalname": "J Cells",
    "authors": [{"name": "Silva AM", "authtype": "Author"}, {"name": "A Group", "authtype": "CollectiveName"}],
    "title": "Cells for skin",
    "volume": "12",
    "issue": "3",
    "pages": "12-9",
    "articleids": [{"idtype": "doi", "value": "10.99999/abc"}],
    "lang": ["eng"],
}


def read(text: str) -> tuple[list[Record], list[Problem], list[Passage]]:
    content = examine("x.json", lambda: io.BytesIO(text.encode()))
    items = [one for one in json_records.read(content) if not (isinstance(one, Problem) and one.code == "no-line-end")]
    return (
        [one for one in items if isinstance(one, Record)],
        [one for one in items if isinstance(one, Problem)],
        [one for one in items if isinstance(one, Passage)],
    )


def only(value: Any) -> Record:
    text = json.dumps(value)
    assert json_records.sniff(text)
    (record,), problems, _ = read(text)
    assert problems == []
    return record


def test_a_study_of_a_trial_register_is_read_and_nothing_lost() -> None:
    record = only({"studies": [TRIAL], "nextPageToken": "abc"})
    assert (record.title, record.date, record.accession) == ("Cells for skin", "2020-05-03", "NCT01234567")
    assert record.registry_ids == ("NCT01234567", "EUCTR2020-001234-12")
    assert (record.abstract, record.keywords) == ("We give cells.", ("Psoriasis", "MSC"))
    extra = dict(record.extra)
    assert extra["protocolSection.identificationModule.officialTitle"] == "A trial of cells"
    assert extra["protocolSection.statusModule.overallStatus"] == "RECRUITING"
    assert extra["protocolSection.descriptionModule.detailedDescription"] == "At length."
    assert extra["hasResults"] == "false"


def test_an_abstract_is_rebuilt_from_its_index() -> None:
    record = only(OPENALEX)
    assert record.abstract == "We cells and give cells"
    assert record.authors == (Name("Silva", "Ana M."), Name("Li", "Bo"))
    assert (record.doi, record.pmid, record.accession) == ("10.99999/abc", "12345678", "W77")
    assert (record.journal, record.volume, record.issue, record.pages) == ("J Cells", "12", "3", "12-19")
    assert (record.issn, record.date, record.type) == (("1234-567X", "2345-6789"), "2020-05-03", "article-journal")
    assert dict(record.extra)["cited_by_count"] == "4"


@pytest.mark.parametrize(
    "frame",
    [
        CROSSREF,
        [CROSSREF],
        {"status": "ok", "message-type": "work", "message": CROSSREF},
        {"status": "ok", "message": {"items": [CROSSREF]}},
    ],
)
def test_works_of_crossref_are_read_in_every_frame(frame: Any) -> None:
    record = only(frame)
    assert record.authors == (Name("Silva", "Ana", "Jr"), Name(literal="A Group"))
    assert (record.title, record.journal, record.journal_abbreviation) == ("Cells for skin", "J Cells", "JC")
    assert (record.date, record.doi, record.abstract) == ("2020-05-03", "10.99999/abc", "We give cells.")
    assert json.loads(dict(record.extra)["update-to"]) == CROSSREF["update-to"]


def test_semantic_scholar_europe_pmc_and_pubmed_fill_the_same_fields() -> None:
    records = (
        only({"data": [SEMANTIC]}),
        only({"resultList": {"result": [EUROPE]}}),
        only({"result": {"uids": ["1"], "1": SUMMARY}}),
    )
    for record in records:
        assert record.title.rstrip(".") == "Cells for skin"
        assert (record.year, record.date, record.doi, record.pmid) == (2020, "2020-05-03", "10.99999/abc", "12345678")
        assert (record.journal, record.volume) == ("J Cells", "12")
        assert record.authors[0].family == "Silva"
    assert [record.database for record in records] == ["Semantic Scholar", "Europe PMC", "PubMed"]
    assert records[1].abstract.replace(" ", "") == "AimWegive."
    assert records[1].authors == (Name("Silva", "AM"), Name("Li", "B"))
    assert records[2].authors[1] == Name(literal="A Group")


def test_objects_of_no_known_shape_are_read_by_their_keys() -> None:
    value = {
        "title": "Cells",
        "authors": ["Ana Silva", "Li, Bo"],
        "year": 2020,
        "journal": "J",
        "included": 1,
        "x": {"y": 2},
    }
    record = only([value])
    assert (record.authors, record.year, record.journal) == ((Name("Silva", "Ana"), Name("Li", "Bo")), 2020, "J")
    assert record.extra == (("included", "1"), ("x", '{"y": 2}'))


def test_names_as_objects_are_read() -> None:
    record = only([{"title": "Cells", "year": 2020, "authors": [{"first": "Ana", "last": "Silva"}, {"name": "Bo Li"}]}])
    assert record.authors == (Name("Silva", "Ana"), Name("Li", "Bo"))


def test_lines_are_exact_and_all_others_are_passages() -> None:
    text = (
        '{\n "total": 2,\n "results": [\n'
        + json.dumps(OPENALEX, indent=1)
        + ",\n"
        + json.dumps(OPENALEX)
        + '\n ],\n\n "next": 1\n}'
    )
    records, problems, passages = read(text)
    size = json.dumps(OPENALEX, indent=1).count("\n")
    assert problems == []
    assert [(one.line, one.end_line) for one in records] == [(4, 4 + size), (5 + size, 5 + size)]
    spans: list[Record | Passage] = [*records, *passages]
    covered = {n for one in spans for n in range(one.line, one.end_line + 1)}
    assert covered == set(range(1, text.count("\n") + 2))
    assert passages[-1].text == "total: 2; next: 1"


def test_one_record_to_a_line() -> None:
    text = "\n".join(json.dumps({**SEMANTIC, "title": f"T{i}"}) for i in range(3))
    assert [(one.line, one.title) for one in read(text)[0]] == [(1, "T0"), (2, "T1"), (3, "T2")]


def test_a_cut_document_gives_what_is_whole_and_says_so() -> None:
    text = json.dumps({"results": [OPENALEX, OPENALEX]})
    records, problems, _ = read(text[:-200])
    assert len(records) == 1
    assert [problem.code for problem in problems] == ["json-cut"]


def test_odd_values_are_told_and_kept() -> None:
    text = '[{"title": "Cells", "year": NaN, "journal": "A", "journal": "B", "pmid": ' + "9" * 6000 + "}]"
    (record,), problems, _ = read(text)
    assert record.journal == "B"
    assert ("journal (again)", "A") in record.extra
    assert {problem.code for problem in problems} == {"json-repeated-key", "json-no-value", "table-pmid"}


def test_what_is_no_record_is_told() -> None:
    records, problems, passages = read('[{"title": "Cells", "year": 2020},\n{"a": 1}]')
    assert len(records) == 1
    assert [(problem.code, problem.line) for problem in problems] == [("json-empty", 2)]
    assert [(one.kind, one.line) for one in passages] == [("stray", 2)]


def test_items_of_citation_processors_are_left_to_their_own_reader() -> None:
    item = {"id": "x", "type": "book", "title": "T", "issued": {"date-parts": [[2020]]}, "author": [{"family": "Li"}]}
    text = json.dumps([item])
    assert csl.sniff(text)
    assert not json_records.sniff(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        '{"@context": "https://schema.org", "name": "x", "title": "t", "author": "a", "year": 1}',
        '{"title": "only"}',
        "[1, 2]",
        "title,year\n",
        "",
        '{"cells": [], "title": 1, "year": 2}',
        "{Reference Type}: x",
    ],
)
def test_other_text_is_not_claimed(text: str) -> None:
    assert not json_records.sniff(text)


KEYS = sorted({*OPENALEX, *CROSSREF, *SEMANTIC, *EUROPE, *SUMMARY, *TRIAL})
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.sampled_from(KEYS), one),
    max_leaves=12,
)


@settings(deadline=None)
@given(VALUES, st.integers(0, 400))
def test_anything_under_the_keys_of_services_is_read_or_told(value: object, cut: int) -> None:
    text = json.dumps([value, OPENALEX])
    for given_text in (text, text[:cut]):
        if given_text.strip():
            records, problems, passages = read(given_text)
            assert records or problems or passages


def test_an_object_of_many_keys_is_read_and_none_is_lost() -> None:
    many = {f"k{n}": n for n in range(1000)}
    (record,), problems, _ = read(json.dumps([{"title": "Cells", **many, "authors": "Li, Bo", "year": 2020}]))
    assert problems == []
    assert (record.title, record.year, str(record.authors[0])) == ("Cells", 2020, "Li, Bo")
    assert [pair for pair in record.extra if pair[0].startswith("k")] == [(f"k{n}", str(n)) for n in range(1000)]


def test_objects_of_ever_different_keys_are_all_read_and_keep_them() -> None:
    lines = "".join(f'{{"title": "A b", "authors": "Li, Bo", "year": 2020, "k{n}": {n}}}\n' for n in range(2_500))
    records, problems = read_bytes(lines.encode())
    assert len(records) == 2_500
    assert not problems
    assert all(record.extra == ((f"k{n}", str(n)),) for n, record in enumerate(records))
