"""Rows of the prepared table: one normal form for each field, whatever the export did to it."""

import pytest

from dedupe.records import record
from stromata.dedupe import normal
from stromata.model import Name, Translation


def row(**fields: object) -> dict[str, object]:
    return next(normal.prepare([("id", record(1, **fields))])).to_pylist()[0]


def test_rows_come_in_order_in_batches_of_one_schema(monkeypatch):
    monkeypatch.setattr(normal, "BATCH", 2)
    batches = list(normal.prepare((str(number), record(number)) for number in range(5)))
    assert [batch.num_rows for batch in batches] == [2, 2, 1]
    assert all(batch.schema == normal.SCHEMA for batch in batches)
    assert [place for batch in batches for place in batch.column("place").to_pylist()] == [0, 1, 2, 3, 4]
    assert next(normal.prepare([("x", record(1))], start=7)).column("place").to_pylist() == [7]
    assert list(normal.prepare([])) == []


def test_a_record_without_anything_has_a_row_of_blanks():
    empty = row(title="", authors=(), year=None, journal="")
    assert {value for name, value in empty.items() if name not in {"id", "place"}} <= {"", 0}


@pytest.mark.parametrize(
    ("pages", "page", "last", "damaged"),
    [
        ("221-8", "221", "228", False),
        ("12-9", "12", "19", False),
        ("S12-S19", "s12", "s19", False),
        ("912 -- 920", "912", "920", False),
        ("pp. 58-58; discussion 59", "58", "58", False),
        ("e0192222", "e0192222", "", False),
        ("v-vii", "v", "vii", False),
        ("06-Oct", "6", "10", True),
        ("Oct-21", "10", "21", True),
        ("Suppl-89", "", "89", False),
        ("62 p", "", "", False),
        ("No Pagination Specified", "", "", False),
    ],
)
def test_pages(pages, page, last, damaged):
    found = row(pages=pages)
    assert (found["page"], found["last"], found["damaged"]) == (page, last, damaged)


@pytest.mark.parametrize(
    ("volume", "issue", "number", "part"),
    [
        ("59 (1 Supplement 2)", "", "59", "s1 2"),
        ("43 (9) (no pagination)", "", "43", "9"),
        ("1)", "Suppl 1", "", "s1"),
        ("Part A. 9", "", "9", ""),
        ("053", "Pt 3", "53", "3"),
        ("12", "2-Mar", "12", "2 3"),
        ("UNKNOWN", "UNKNOWN", "", ""),
    ],
)
def test_volume_and_issue(volume, issue, number, part):
    found = row(volume=volume, issue=issue)
    assert (found["volume"], found["issue"]) == (number, part)


def test_a_doi_loses_what_is_not_its_own_and_its_stem_the_version():
    assert row(doi="10.1016/s0025-7753%2817%2930624-3")["doi"] == "10.1016/s0025-7753(17)30624-3"
    assert row(doi="10.1000/ABC.")["doi"] == "10.1000/abc"
    assert row(doi="10.1002/14651858.cd001869.pub8")["doi_stem"] == "10.1002/14651858.cd001869"
    assert row(doi="10.21203/rs.3.rs-12/v2")["doi_stem"] == "10.21203/rs.3.rs-12"


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"type": "article-journal"}, "article"),
        ({"journal": "bioRxiv"}, "preprint"),
        ({"journal": "", "doi": "10.1101/2020.01.01.123456"}, "preprint"),
        ({"doi": "10.1101/gr.123.4"}, ""),
        ({"type": "article"}, "preprint"),
        ({"type": "report", "accession": "NCT00000001", "registry_ids": ("NCT00000001",)}, "registry"),
        ({"journal": "Blood. Conference: 60th Annual Meeting"}, "abstract"),
        ({"issue": "1 MeetingAbstracts"}, "abstract"),
        ({"journal": "Dissertation Abstracts International"}, "thesis"),
        ({"type": "chapter"}, "chapter"),
    ],
)
def test_kinds(fields, kind):
    assert row(**fields)["kind"] == kind


def test_structured_and_plain_abstracts_begin_alike():
    plain = "We gave stromal cells to twelve adults with psoriasis and followed them for one year in two centres."
    assert row(abstract=f"BACKGROUND: {plain}")["abstract"] == row(abstract=plain)["abstract"] != ""
    assert row(abstract="No abstract available. " * 4)["abstract"] == ""


def test_other_fields():
    found = row(
        title="Stromal cells: a review", translations=(Translation("zh", "干细胞综述"),), issn=("1234-567X",),
        registry_ids=("NCT2", "NCT1"), database="Embase", accession="L55", authors=(Name("Ames", "J"), Name("Bo", "K")),
        journal="Lancet (London, England)", year=99999, pmcid="PMC12",
    )  # fmt: skip
    assert (found["title_key"], found["core"], found["alternative"]) == ("stromalcellsareview", 12, "干细胞综述")
    assert (found["issns"], found["registry"], found["accession"]) == ("1234567x", "nct1 nct2", "embase:l55")
    assert (found["families"], found["first"], found["given"], found["authors"]) == ("ames bo", "ames", "j", 2)
    assert (found["journal"], found["year"], found["pmcid"], found["authors_key"]) == ("lancet", 0, "pmc12", "ames bo")
