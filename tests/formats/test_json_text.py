from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.formats.json_text import Broken, Item, Walk

A, B = {"title": "a"}, {"title": "b"}


def walk(text: str) -> tuple[list[dict[str, object]], list[Broken]]:
    found = list(Walk(text).items())
    return [one.value for one in found if isinstance(one, Item)], [one for one in found if isinstance(one, Broken)]


@pytest.mark.parametrize(
    "document",
    [
        [A, B], {"results": [A, B]}, {"meta": {"n": 2}, "results": [A, B]}, {"message": {"items": [A, B]}},
        {"resultList": {"result": [A, B]}}, {"response": {"docs": [A, B]}}, {"data": [A, B], "next": 3},
        {"result": {"uids": ["1", "2"], "1": A, "2": B}}, [{"results": [A]}, {"results": [B]}],
    ],
)  # fmt: skip
def test_records_are_found_in_what_services_put_around_them(document: object) -> None:
    for indent in (None, 1):
        assert walk(json.dumps(document, indent=indent)) == ([A, B], [])


def test_one_record_to_a_line_and_pages_one_after_the_other() -> None:
    assert walk('{"title": "a"}\n{"title": "b"}\n') == ([A, B], [])
    assert walk('{"results": [{"title": "a"}]}\n{"results": [{"title": "b"}]}') == ([A, B], [])


def test_a_record_may_have_a_key_of_a_frame() -> None:
    assert walk('{"title": "a", "references": [1, 2]}')[0] == [{"title": "a", "references": [1, 2]}]
    assert walk('{"DOI": "x", "title": "a", "items": [{"b": 1}]}')[0][0]["items"] == [{"b": 1}]


def test_what_stands_around_is_kept() -> None:
    one = Walk('{"totalCount": 3, "results": [{"title": "a"}], "nextPageToken": "abc"}')
    assert len(list(one.items())) == 1
    assert one.frame == {"totalCount": 3, "nextPageToken": "abc"}


def test_a_broken_record_does_not_take_the_others_with_it() -> None:
    values, broken = walk('[{"title": "a"},\n{"title": oops},\n{"title": "b"}]')
    assert values == [A, B]
    assert len(broken) == 1
    assert "line 2" in broken[0].why


@pytest.mark.parametrize("cut", range(1, 30))
def test_a_document_that_is_cut_gives_what_is_whole_and_says_so(cut: int) -> None:
    text = '{"results": [{"title": "a"},\n{"title": "b"},\n{"title": "c"}], "n": 1}'
    kept = text[: len(text) - cut]
    values, broken = walk(kept)
    assert [A, B][: kept.count("},")] == values[: kept.count("},")]
    assert broken
    assert broken[-1].cut


def test_odd_values_are_noted() -> None:
    (one,) = Walk('{"title": "a", "x": NaN, "k": 1, "k": 2, "big": ' + "9" * 5000 + "}").items()
    assert isinstance(one, Item)
    assert (one.no_values, one.repeated) == (("NaN",), (("k", 1),))
    assert one.value["x"] is None
    assert one.value["k"] == 2
    assert one.value["big"] == "9" * 5000


def test_values_that_are_no_records_are_one_stretch() -> None:
    values, broken = walk('[1, "x", null,\n{"title": "a"}, 2]')
    assert values == [A]
    assert len(broken) == 2


@pytest.mark.parametrize(
    "text",
    [
        '{"title":"a","x":' + "[" * 100_000, '[{"title":"a"},' + '{"a":' * 100_000, '{"data":' * 100_000,
        '{"data":[' * 100_000, '[{"title":"a"},' + ',\n{"a":"x' * 50_000, "[" + ",\n".join(['{"t": oops}'] * 50_000),
    ],
)  # fmt: skip
def test_hostile_documents_end(text: str) -> None:
    _, broken = walk(text)
    assert 1 <= len(broken) <= 600


@given(st.text(st.sampled_from('{}[],:"ab1\\ \n'), max_size=120))
def test_any_text_is_walked_forwards(text: str) -> None:
    end = 0
    for one in Walk(text).items():
        assert end <= one.start <= one.end <= len(text)
        end = one.start


@given(
    st.lists(
        st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.none(), min_size=1), max_size=5
    )
)
def test_what_is_written_is_read(values: list[dict[str, object]]) -> None:
    assert walk(json.dumps(values)) == (values, [])
