"""Which pairs are proposed, and that no block grows beyond bounds."""

import duckdb
import pyarrow as pa

from dedupe.records import record
from stromata.dedupe import normal
from stromata.dedupe.blocking import CONTEXT, LARGEST_BLOCK, PAIR_COLUMNS, candidate_pairs, context, pair_columns
from stromata.dedupe.compare import compare
from stromata.model import Name


def proposed(*records: dict[str, object], added_from: int = 0) -> set[tuple[int, int]]:
    entries = [(str(number), record(number, **fields)) for number, fields in enumerate(records)]
    with duckdb.connect() as base:
        base.register("prepared", pa.Table.from_batches(normal.prepare(entries)))
        return set(base.sql(candidate_pairs(added_from=added_from)).fetchall())


APART = {"title": "Optical fibre networks", "authors": (Name("Zorn", "X"),), "year": 1999, "journal": "Light"}


def test_records_that_share_one_key_are_a_pair_and_others_are_not():
    for shared in (
        {"doi": "10.1000/a"}, {"pmid": "77"}, {"pmcid": "PMC7"}, {"accession": "L1", "database": "Embase"},
        {"registry_ids": ("NCT1",)}, {"volume": "3", "pages": "55", "year": 2001},
        {"abstract": "We gave stromal cells to twelve adults with psoriasis and followed them for one year."},
    ):  # fmt: skip
        assert proposed(shared, APART | shared) == {(0, 1)}, shared
    assert proposed({}, APART) == set()


def test_titles_meet_by_their_beginning_their_end_and_their_longest_words():
    long = "Allogeneic umbilical stromal cells against refractory lupus nephritis in adolescents"
    for other in (long + " and adults", "Infusion of a" + long[1:], "Refractory adolescents: allogeneic cells"):
        assert proposed({"title": long}, APART | {"title": other}) == {(0, 1)}, other


def test_the_same_authors_and_year_make_a_pair_whatever_the_title():
    team = {"authors": (Name("Ames", "J"), Name("Bose", "K"), Name("Coe", "L")), "year": 2020}
    turned = {"authors": (Name("Coe", "L"), Name("Ames", "J"), Name("Bose", "K")), "year": 2020}
    assert proposed(team, APART | turned) == {(0, 1)}


def test_a_key_of_too_many_records_is_refined_by_year_and_else_dropped():
    many = [
        APART | {"title": "Editorial", "year": 1900 + number // 2, "journal": str(number)}
        for number in range(2 * LARGEST_BLOCK)
    ]
    assert proposed(*many) == {(number, number + 1) for number in range(0, 2 * LARGEST_BLOCK, 2)}
    same_year = [APART | {"title": "Editorial", "volume": str(number)} for number in range(LARGEST_BLOCK + 1)]
    assert proposed(*same_year) == set()
    assert len(proposed(*same_year[:-1])) == LARGEST_BLOCK * (LARGEST_BLOCK - 1) // 2


def test_only_pairs_with_an_added_record_are_proposed():
    assert proposed({}, {}, {}, added_from=2) == {(0, 2), (1, 2)}


def test_pairs_carry_both_records_and_what_the_collection_knows():
    records = [
        record(number, doi="10.1000/s", title=title, year=2000 + number, urls=("https://example.org/list/9",))
        for number, title in enumerate(("Stromal cells for lupus", "Optical fibre networks", "Stromal cells for lupus"))
    ]
    entries = ((str(number), one) for number, one in enumerate(records))
    with duckdb.connect() as base:
        base.register("prepared", pa.Table.from_batches(normal.prepare(entries)))
        base.execute(f"CREATE TABLE context AS {context()}")
        base.execute(f"CREATE TABLE pairs AS {candidate_pairs()}")
        found = base.sql(f"SELECT * FROM ({pair_columns()}) ORDER BY l_place, r_place").to_arrow_table()
    assert [name for name in found.column_names if name.startswith("l_")] == [f"l_{name}" for name in PAIR_COLUMNS]
    pairs = list(zip(*(found[name].to_pylist() for name in ("l_place", "r_place", *CONTEXT)), strict=True))
    assert pairs == [(0, 1, 2, 2, 2), (0, 2, 2, 2, 2), (1, 2, 2, 2, 2)]
    assert compare(found.combine_chunks().to_batches()[0]).num_rows == 3


def test_what_the_collection_knows_of_a_pair_does_not_depend_on_which_record_comes_first():
    """The DOI of a supplement under several titles, and a title of several years, on one side of the pair only."""
    shared = [{"title": "Stromal cells for lupus", "doi": "10.1000/s"}, {"title": "Optics", "doi": "10.1000/s"}]
    records = [*shared, {"title": "Stromal cells for lupus!", "doi": "10.1000/s.pmid1"}]
    for order in (records, records[::-1]):
        entries = [(str(number), record(number, **fields)) for number, fields in enumerate(order)]
        with duckdb.connect() as base:
            base.register("prepared", pa.Table.from_batches(normal.prepare(entries)))
            base.execute(f"CREATE TABLE context AS {context()}")
            base.execute("CREATE TABLE pairs AS SELECT 0 AS left_place, 2 AS right_place")
            assert base.sql(f"SELECT doi_titles FROM ({pair_columns()})").fetchall() == [(2,)]
