from __future__ import annotations

from stromata.dedupe.two_passes import searched, unique
from stromata.model import Name, Record

TITLES = ("Stromal cells in severe plaque psoriasis: a first trial", "Grafts of skin in burns of children and adults")


def record(number: int, title: str, **fields: object) -> Record:
    values = {
        "authors": (Name(family="Berg", given="Anna"),),
        "year": 2020,
        "journal": "Cells",
        "volume": "3",
        "pages": "1-9",
    }
    return Record(source="f" * 64, number=number, line=1, end_line=2, title=title, **(values | fields))  # type: ignore[arg-type]


ENTRIES = [
    ("a", record(1, TITLES[0])),
    ("b", record(2, TITLES[1])),
    ("c", record(3, TITLES[0].upper(), abstract="What was found.", doi="10.5555/1")),
]


def test_a_cluster_is_written_once_where_its_last_record_stood() -> None:
    found = list(unique(iter(ENTRIES), [("a", "a"), ("b", "b"), ("c", "a")]))
    assert [one.title for one in found] == [TITLES[1], TITLES[0]]
    assert (found[1].abstract, found[1].doi) == ("What was found.", "10.5555/1")


def test_a_search_holds_while_its_context_is_open_and_follows_what_people_said() -> None:
    with searched(ENTRIES) as found:
        assert [cluster for _, cluster, _ in found.clusters()] == ["a", "b", "a"]
        assert (found.records, found.merged, found.questions) == (3, 1, 0)
    with searched(ENTRIES, apart=[frozenset(("a", "c"))], settled={"b": "a"}) as found:
        assert [cluster for _, cluster, _ in found.clusters()] == ["a", "a", "c"]
        assert found.questions == 0
