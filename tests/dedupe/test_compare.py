"""Levels of agreement of each field."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.records import record
from stromata.dedupe.compare import LEVELS, RESULT, compare, different_words, journal_level, wording_level
from stromata.dedupe.evidence import paired
from stromata.model import Name, Record, Translation


def levels(one: dict[str, object], two: dict[str, object], **known: int) -> dict[str, str]:
    """Compare two records that differ from one another in the given fields."""
    row = compare(paired(record(1, **one), record(2, **two), **known)).to_pylist()[0]
    return {field: LEVELS[field][row[field]] for field in LEVELS}


@pytest.mark.parametrize(
    ("field", "name", "one", "two"),
    [
        ("title", "equal", {"title": "In-vivo cells (CD4+)"}, {"title": "IN VIVO CELLS: CD4"}),
        ("title", "almost", {"title": "Stromal cells for psoriasis"}, {"title": "Stromal cell for psoriasis"}),
        ("title", "main", {"title": "Stromal cells for lupus: a review"}, {"title": "Stromal cells for lupus"}),
        ("title", "part", {"title": "Stromal cells for lupus in adults"}, {"title": "Stromal cells for lupus"}),
        ("title", "other", {"title": "Stromal cells for lupus"}, {"title": "Optical fibre networks"}),
        ("title", "missing", {"title": ""}, {}),
        ("wording", "spelling", {"title": "Tumor cells in haemophilia"}, {"title": "Tumour cells in hemophilia"}),
        ("wording", "exchanged", {"title": "Fish oil for asthma in rats"}, {"title": "Fish oil for asthma in mice"}),
        ("wording", "added", {"title": "Cells in chronic asthma of rats"}, {"title": "Cells in asthma of rats"}),
        ("numbers", "equal", {"title": "Cells in type II diabetes"}, {"title": "Cells in type 2 diabetes"}),
        ("numbers", "contradict", {"title": "Cells in lupus: part 1"}, {"title": "Cells in lupus: part 2"}),
        ("numbers", "one-sided", {"title": "Cells in lupus: part 1"}, {"title": "Cells in lupus: parts"}),
        ("marks", "erratum", {"title": "Erratum to: Stromal cells in asthma"}, {"title": "Stromal cells in asthma"}),
        ("marks", "equal", {"title": "Reply to: Cells in asthma"}, {"title": "Reply to: Cells in asthma"}),
        ("kind", "preprint", {"journal": "medRxiv"}, {}),
        ("kind", "abstract", {"journal": "Blood. Conference: ASH"}, {"type": "article-journal"}),
        ("authors", "same", {"authors": (Name("Bo"), Name("Ames"))}, {"authors": (Name("Ames"), Name("Bo"))}),
        ("authors", "all", {"authors": (Name("Bo"),)}, {"authors": (Name("Bo"),)}),
        ("authors", "none", {"authors": (Name("Quill"), Name("Zorn"))}, {}),
        ("authors", "missing", {"authors": (Name(literal="Anonymous"),)}, {}),
        ("first", "equal", {"authors": (Name("Müller", "K"),)}, {"authors": (Name("Muller", "Karl"),)}),
        ("first", "swapped", {"authors": (Name("Wang", "Xiaoguang"),)}, {"authors": (Name("Xiaoguang", "Wang"),)}),
        ("first", "in-list", {"authors": (Name("Bo"), Name("Ames"))}, {"authors": (Name("Ames"), Name("Bo"))}),
        ("first", "initials-differ", {"authors": (Name("Wang", "L"),)}, {"authors": (Name("Wang", "X"),)}),
        ("first", "other", {"authors": (Name("Quill", "L"),)}, {}),
        ("year", "one", {"year": 2020}, {"year": 2021}),
        ("year", "far", {"year": 2020}, {"year": 2010}),
        ("year", "missing", {"year": None}, {}),
        ("journal", "equal", {"journal": "Lancet (London)"}, {"journal": "LANCET"}),
        ("journal", "abbreviated", {"journal": "Ann Rheum Dis"}, {"journal": "Annals of the Rheumatic Diseases"}),
        ("journal", "equal", {"journal": "A", "issn": ("1234-5678",)}, {"journal": "B", "issn": ("1234-5678",)}),
        ("volume", "elsewhere", {"volume": "3"}, {"volume": "30", "issue": "Suppl 3"}),
        ("volume", "elsewhere", {"volume": "2020"}, {"volume": "7"}),
        ("volume", "other", {"volume": "3"}, {"volume": "4"}),
        ("issue", "overlap", {"issue": "1-2"}, {"issue": "2"}),
        ("issue", "other", {"issue": "1"}, {"issue": "2"}),
        ("pages", "equal", {"pages": "12-19"}, {"pages": "12-9"}),
        ("pages", "first", {"pages": "S33"}, {"pages": "S33"}),
        ("pages", "first", {"pages": "12"}, {"pages": "12-19"}),
        ("pages", "equal", {"pages": "6-10"}, {"pages": "06-Oct"}),
        ("pages", "first", {"pages": "158s-162s"}, {"pages": "158-162"}),
        ("pages", "missing", {"pages": "300-310"}, {"pages": "06-Oct"}),
        ("pages", "overlap", {"pages": "945-948"}, {"pages": "948-961"}),
        ("pages", "unlike", {"pages": "e390"}, {"pages": "1823-30"}),
        ("pages", "other", {"pages": "12-19"}, {"pages": "30-37"}),
        ("doi", "equal", {"doi": "10.1000/abc.12"}, {"doi": "10.1000/abc.12pmid"}),
        ("doi", "equal", {"doi": "10.3402/fnr.v57i0.2"}, {"doi": "10.3402/fnrv57i0.2"}),
        ("doi", "version", {"doi": "10.1002/1.cd01.pub2"}, {"doi": "10.1002/1.cd01.pub3"}),
        ("doi", "other", {"doi": "10.1136/bmjopen-2016-012759"}, {"doi": "10.1136/bmjopen-2016-012759corr1"}),
        ("pmid", "other", {"pmid": "1"}, {"pmid": "2"}),
        ("record", "equal", {"pmcid": "PMC1"}, {"pmcid": "PMC1"}),
        ("registry", "overlap", {"registry_ids": ("NCT1", "NCT2")}, {"registry_ids": ("NCT2",)}),
        ("registry", "other", {"registry_ids": ("NCT1",)}, {"registry_ids": ("NCT2",)}),
    ],
)
def test_levels(field, name, one, two):
    assert levels(one, two)[field] == name
    assert levels(two, one)[field] == name


def test_abstracts_are_compared_by_their_beginning():
    text = "We gave stromal cells to twelve adults with plaque psoriasis and followed them for a year."
    other = "Plain optical fibres lose light at bends, which this study measured over many kilometres."
    assert levels({"abstract": f"OBJECTIVE: {text} More."}, {"abstract": text})["abstract"] == "equal"
    assert levels({"abstract": other}, {"abstract": text})["abstract"] == "other"
    assert levels({}, {"abstract": text})["abstract"] == "missing"


def test_a_title_in_another_language_counts():
    english = {"title": "Zellen", "translations": (Translation("en", "Stromal cells for plaque psoriasis in adults"),)}
    assert levels(english, {})["title"] == "equal"


def test_a_doi_of_many_titles_is_a_container_and_a_title_of_many_years_a_column():
    same = {"doi": "10.1000/supplement"}
    assert levels(same, same)["doi"] == "equal"
    assert levels(same, same, doi_titles=9)["doi"] == "container"
    assert levels({}, {})["weight"] == "middling"
    assert levels({}, {}, title_years=9)["weight"] == "generic"


def test_entries_of_registries_under_different_numbers_are_two():
    def entry(number: str) -> dict[str, object]:
        return {"type": "report", "accession": number, "registry_ids": (number,)}

    assert levels(entry("NCT1"), entry("NCT2"))["registry"] == "entries"
    assert levels(entry("NCT1"), entry("NCT1"))["registry"] == "equal"


def test_pairs_without_a_common_title_are_not_looked_at_further():
    found = levels({"title": "Optical fibre networks"}, {})
    assert {name for field, name in found.items() if field not in {"title", "weight"}} == {
        values[0] for field, values in LEVELS.items() if field not in {"title", "weight"}
    }
    assert levels({"title": "Optical fibre networks", "doi": "10.1/x"}, {"doi": "10.1/x"})["year"] == "equal"


PNAS = "proceedings of the national academy of sciences"


@pytest.mark.parametrize(
    ("left", "right", "name"),
    [
        ("proc natl acad sci u s a", f"{PNAS} of the united states of america", "abbreviated"),
        ("pnas", PNAS, "abbreviated"),
        ("jama", "journal of the american medical association", "abbreviated"),
        ("brain", "brain a journal of neurology", "part"),
        ("acm sigmod record", "sigmod record", "part"),
        ("stroke", "nature", "other"),
        ("diabetes", "diabetologia", "other"),
        ("annual meeting of cells", "international conference on stroma", "meetings"),
        ("icis 2017", "international conference on information systems", "abbreviated"),
        ("vldb j", "very large data bases", "other"),
    ],
)  # fmt: skip
def test_journals(left, right, name):
    assert LEVELS["journal"][journal_level(left, right)] == name == LEVELS["journal"][journal_level(right, left)]


def test_words_that_are_only_spelt_otherwise_are_not_different():
    assert different_words("tumour cells in vivo", "tumor cell invivo") == ([], [])
    assert different_words("cells in rats", "cells in mice") == (["rats"], ["mice"])


TEXT = st.text(alphabet="abcde XYZ0123-.,()é", max_size=25)
RECORDS = st.builds(
    Record, source=st.just("a" * 64), number=st.just(1), line=st.just(1), end_line=st.just(1), title=TEXT,
    authors=st.lists(st.builds(Name, family=TEXT, given=TEXT), max_size=3).map(tuple), year=st.integers(1990, 2030),
    journal=TEXT, volume=TEXT, issue=TEXT, pages=TEXT, doi=TEXT, abstract=st.text(min_size=60, max_size=80),
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(RECORDS, RECORDS)
def test_comparison_is_symmetric_and_a_record_agrees_with_itself(one, two):
    there, back, itself = (compare(paired(*pair)).to_pylist()[0] for pair in ((one, two), (two, one), (one, one)))
    assert {field: there[field] for field in LEVELS} == {field: back[field] for field in LEVELS}
    assert itself["title"] in {LEVELS["title"].index("equal"), 0}
    for field in ("year", "journal", "volume", "doi"):
        assert itself[field] in {len(LEVELS[field]) - 1, 0}


def test_a_batch_is_compared_row_by_row_and_an_empty_one_too():
    pairs = [
        paired(record(1), record(2, title=title))
        for title in ("Stromal cells for plaque psoriasis in adults", "Fibres")
    ]
    batch = pa.Table.from_batches(pairs).combine_chunks().to_batches()[0]
    together = compare(batch)
    assert together.schema.names == list(RESULT)
    assert together.to_pylist() == [compare(pair).to_pylist()[0] for pair in pairs]
    assert compare(batch.slice(0, 0)).num_rows == 0


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        ("stromal cells are safe in lupus", "stromal cells are not safe in lupus", "opposed"),
        ("stromal cells with steroids", "stromal cells without steroids", "opposed"),
        ("stromal cells case a", "stromal cells case b", "opposed"),
        ("non invasive imaging", "noninvasive imaging", "added"),
        ("a study of stromal cells", "study of stromal cells", "spelling"),
        ("stromal cells in lupus", "stromal cells in adult lupus", "added"),
        ("stromal cells in rats", "stromal cells in mice", "exchanged"),
    ],
)
def test_words_that_turn_the_meaning_are_told_from_words_exchanged_or_added(one, two, expected):
    assert LEVELS["wording"][wording_level(one, two)] == LEVELS["wording"][wording_level(two, one)] == expected


def test_titles_and_journals_in_two_scripts_cannot_be_compared():
    chinese = {"title": "间充质干细胞治疗银屑病", "journal": "中华皮肤科杂志", "volume": "3", "pages": "10-19"}
    english = {
        "title": "Stromal cells for psoriasis",
        "journal": "Chinese Journal of Skin",
        "volume": "3",
        "pages": "10-19",
    }
    found = levels(chinese, english)
    assert (found["title"], found["journal"], found["pages"]) == ("missing", "missing", "equal")
    greek = levels({"title": "Effect of β-cells"}, {"title": "Kidney stones of adults"})
    assert greek["title"] == "other"


def test_the_page_of_one_title_is_equal_and_that_of_several_is_shared():
    one, two = {"urls": ("https://example.org/a/1",)}, {"urls": ("http://www.example.org/a/1/",)}
    assert levels(one, two)["url"] == "equal"
    assert levels(one, two, url_titles=2)["url"] == "shared"
    assert levels(one, {"urls": ("https://example.org/a/2",)})["url"] == "silent"
    assert levels(one, {})["url"] == "silent"


def test_a_list_with_all_names_exchanged_counts_for_more_than_one_with_the_first():
    team = {"authors": (Name("Wang", "X"), Name("Liu", "J"))}
    turned = (Name("Xiaoguang", "Wang"), Name("Junping", "Liu"))
    assert levels(team, {"authors": turned})["authors"] == "most"
    assert levels(team, {"authors": (*turned, Name("Doe", "M"))})["authors"] == "half"
