"""One view of a cluster, with the origin of each field."""

from stromata.dedupe import combine
from stromata.model import Name, Record


def test_each_field_names_the_record_it_comes_from():
    one = Record(source="a" * 64, number=1, line=1, end_line=2, title="T", authors=(Name("A"),), abstract="short")
    two = Record(
        source="b" * 64, number=4, line=9, end_line=9, title="t.", authors=(Name("A"), Name("B")),
        abstract="longer text", doi="10.1/x", year=2020,
    )  # fmt: skip
    reference = combine(one.id, (one, two))
    assert reference.id == one.id
    assert reference.records == (one.id, two.id)
    assert (reference.merged.title, reference.merged.abstract) == ("T", "longer text")
    assert len(reference.merged.authors) == 2
    assert dict(reference.provenance) == {
        "title": one.id, "authors": two.id, "abstract": two.id, "doi": two.id, "year": two.id
    }  # fmt: skip


def test_a_single_record_is_its_own_view():
    one = Record(source="a" * 64, number=1, line=1, end_line=2, title="T")
    assert combine(one.id, (one,)).merged == one
