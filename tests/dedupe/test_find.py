"""Which references are merged, which are asked about, and which are left alone."""

from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.dedupe import find_duplicates
from stromata.model import Name, Record

SOURCE = "a" * 64
TITLE = "Stromal cells for plaque psoriasis in adults"


def record(number: int, **fields: object) -> Record:
    defaults = {"title": TITLE, "authors": (Name("Ames", "J"),), "year": 2020, "journal": "Journal of Cells"}
    return Record(source=SOURCE, number=number, line=1, end_line=2, **(defaults | fields))  # type: ignore[arg-type]


def found(*records: Record, apart: frozenset[frozenset[str]] = frozenset()):
    return find_duplicates(((item.id, item) for item in records), apart=apart)


def merged(*records: Record) -> list[tuple[str, tuple[str, ...]]]:
    return [(merge.into, merge.merged) for merge in found(*records).merges]


def test_the_same_doi_makes_one_reference_although_titles_are_spelt_differently():
    one, two = record(1, doi="10.1/x"), record(2, doi="10.1/x", title="STROMAL CELLS. For plaque psoriasis")
    assert merged(one, two) == [(one.id, (two.id,))]


def test_the_same_title_year_and_first_author_make_one_reference():
    one = record(1, doi="10.1/x")
    two = record(2, title="Stromal cells for plaque psoriasis in adults.", authors=(Name("AMES", "John"), Name("Bo")))
    merge = found(one, two).merges[0]
    assert (merge.into, merge.merged, merge.rule) == (one.id, (two.id,), "weights")
    assert "same title, first author, year, journal" in merge.evidence


def test_an_abbreviated_journal_is_the_same_journal():
    one, two = record(1, journal="Annals of the Rheumatic Diseases"), record(2, journal="Ann Rheum Dis")
    assert merged(one, two) == [(one.id, (two.id,))]


def test_a_title_alone_never_merges():
    assert merged(record(1), record(2, authors=(Name("Other", "P"),))) == []
    assert merged(record(1), record(2, authors=())) == []
    assert merged(record(1), record(2, year=None)) == []


def test_a_short_title_names_no_publication():
    assert merged(record(1, title="Reply"), record(2, title="Reply")) == []


def test_two_dois_keep_a_preprint_and_its_article_apart_and_ask():
    one, two = record(1, doi="10.1101/p"), record(2, doi="10.1/x")
    result = found(one, two)
    assert result.merges == ()
    assert [(q.left, q.right) for q in result.questions] == [(one.id, two.id)]
    assert "10.1101/p" in result.questions[0].against


def test_another_journal_is_asked_about_not_merged():
    result = found(record(1), record(2, journal="Proceedings of the Cell Meeting"))
    assert (len(result.merges), len(result.questions)) == (0, 1)


def test_an_erratum_keeps_its_own_title():
    assert merged(record(1), record(2, title="Erratum: " + TITLE)) == []


def test_years_one_apart_merge_only_within_one_journal():
    one, two = record(1, year=2019), record(2, year=2020)
    assert merged(one, two) == [(one.id, (two.id,))]
    assert merged(record(1, year=2019, journal=""), record(2, year=2020)) == []
    assert merged(record(1, year=2018), record(2, year=2020)) == []


def test_a_record_that_fits_two_with_different_dois_equally_is_asked_about_not_merged():
    one, bridge, two = record(1, doi="10.1/a"), record(2), record(3, doi="10.1/b")
    result = found(one, bridge, two)
    assert result.merges == ()
    assert {(one.id, bridge.id), (bridge.id, two.id)} <= {(q.left, q.right) for q in result.questions}


def test_what_a_person_has_split_stays_apart_while_others_still_merge():
    one, two, three = (
        record(1, doi="10.1/x", pages="1-9"),
        record(2, doi="10.1/x"),
        record(3, doi="10.1/x", pages="1-9"),
    )
    result = found(one, two, three, apart=frozenset({frozenset((one.id, two.id))}))
    assert [(m.into, m.merged) for m in result.merges] == [(one.id, (three.id,))]
    assert not [q for q in result.questions if {q.left, q.right} <= {one.id, two.id, three.id}]


def test_what_a_person_has_merged_is_not_reported_again_but_grows():
    one, two, three = record(1), record(2, authors=(), journal=""), record(3, doi="10.1/x")
    result = find_duplicates(((item.id, item) for item in (one, two, three)), settled={two.id: one.id})
    assert [(m.into, m.merged) for m in result.merges] == [(one.id, (three.id,))]


def test_chinese_titles_are_compared_too():
    one = record(1, title="间充质干细胞治疗银屑病的临床研究", authors=(Name(literal="王伟"),), journal="中华皮肤科杂志")
    two = record(
        2, title="间充质干细胞治疗银屑病的临床研究。", authors=(Name(literal="王伟"),), journal="中华皮肤科杂志"
    )
    assert merged(one, two) == [(one.id, (two.id,))]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "doi": st.sampled_from(["", "10.1/a", "10.1/b"]),
                "pmid": st.sampled_from(["", "1", "2"]),
                "title": st.sampled_from([TITLE, "Another study of cells in lupus nephritis"]),
                "year": st.sampled_from([2019, 2020, None]),
            }
        ),
        max_size=8,
    )
)
def test_no_cluster_ever_holds_two_dois_or_two_pmids_and_no_reference_is_lost(fields):
    numbers = count(1)
    records = {item.id: item for item in (record(next(numbers), **one) for one in fields)}
    merges = found(*records.values()).merges
    seen = [id_ for merge in merges for id_ in (merge.into, *merge.merged)]
    assert len(seen) == len(set(seen))
    for merge in merges:
        cluster = [records[id_] for id_ in (merge.into, *merge.merged)]
        assert len({item.doi for item in cluster} - {""}) <= 1
        assert len({item.pmid for item in cluster} - {""}) <= 1
        assert merge.into == min((item.id for item in cluster), key=list(records).index)
