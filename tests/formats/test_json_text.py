from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stromata.formats import json_text
from stromata.formats.json_text import Broken, Item, Walk

A, B = {"title": "a"}, {"title": "b"}


def walk(text: str) -> tuple[list[dict[str, object]], list[Broken]]:
    found = list(Walk(iter([text])).items())
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
    one = Walk(iter(['{"totalCount": 3, "results": [{"title": "a"}], "nextPageToken": "abc"}']))
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
    (one,) = Walk(iter(['{"title": "a", "x": NaN, "k": 1, "k": 2, "big": ' + "9" * 5000 + "}"])).items()
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


@settings(deadline=None)
@given(st.text(st.sampled_from('{}[],:"ab1\\ \n'), max_size=120))
def test_any_text_is_walked_forwards(text: str) -> None:
    end = 1
    for one in Walk(iter([text])).items():
        assert end <= one.line <= one.end_line <= text.count("\n") + 1
        end = one.line


@settings(deadline=None)
@given(
    st.lists(
        st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.none(), min_size=1), max_size=5
    )
)
def test_what_is_written_is_read(values: list[dict[str, object]]) -> None:
    assert walk(json.dumps(values)) == (values, [])


ODD = (
    '{"results": [{"title": "a\\"}{", "n": 1.5e3}, {"title": NaN}], "next": 12, "data": [{"uid": "b"}]}',
    '[{"title": "a"},\n  {"title": oops},\n  {"title": "b", "x": [[], {}]}, 12345, "x", null, {}]',
    '{"result": {"uids": ["1"], "1": {"title": "a"}}}\n\n{"title": "b", "t": true}\n{"title": "c\n{"title": "d"}\n',
    ']}\n{"message": {"items": [{"title": "a", "k": 1, "k": 2}\n{"title": "b"}]',
)


@pytest.mark.parametrize("text", ODD)
@given(size=st.integers(1, 40), block=st.integers(1, 50))
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_does_not_matter_in_which_pieces_a_text_comes(
    text: str, size: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Walk(iter([text]))
    expected = list(whole.items())
    monkeypatch.setattr(json_text, "_BLOCK", block)
    monkeypatch.setattr(json_text, "_LONGEST_TOKEN", 20)
    walk = Walk(text[at : at + size] for at in range(0, len(text), size))
    assert list(walk.items()) == expected
    assert (walk.frame, walk.lines, walk.nuls) == (whole.frame, whole.lines, whole.nuls)
    monkeypatch.undo()


def test_what_is_larger_than_any_record_is_named_and_the_next_line_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_text, "LONGEST", 4000)
    monkeypatch.setattr(json_text, "_BLOCK", 500)
    text = '{"title": "a"}\n{"title": "' + "x" * 9000 + '"}\n{"title": "b"}\n'
    values, broken = walk_pieces(text)
    assert values == [A, B]
    assert [(one.line, one.end_line, one.cut) for one in broken] == [(2, 2, False)]
    assert "larger than any record" in broken[0].why


def test_a_broken_record_after_which_no_line_begins_ends_with_its_brace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_text, "_BLOCK", 20)
    values, broken = walk_pieces('[{"title": "a"}, {"title": oops, "x": {"title": "no"}}, {"title": "b"}]')
    assert values == [A, B]
    assert len(broken) == 1


def test_the_text_that_was_walked_is_let_go() -> None:
    line = '{"title": "' + "x" * 1000 + '"}\n'
    walk = Walk(line * 100 for _ in range(200))
    held = max(len(walk.text) for _ in walk.items())
    assert held < 4 << 20


def test_the_place_of_an_error_is_that_in_the_file() -> None:
    line = '{"title": "' + "x" * 1000 + '"}\n'
    text = line * 3000 + '{"title": oops}\n' + line
    (one,) = [item for item in Walk(iter([text])).items() if isinstance(item, Broken)]
    assert one.line == 3001
    assert "line 3001, column 11" in one.why


def walk_pieces(text: str) -> tuple[list[dict[str, object]], list[Broken]]:
    found = list(Walk(text[at : at + 100] for at in range(0, len(text), 100)).items())
    return [one.value for one in found if isinstance(one, Item)], [one for one in found if isinstance(one, Broken)]


def test_however_many_records_of_one_line_are_broken_the_others_are_read() -> None:
    text = (
        "[" + ",".join(['{"title": "a"}', '{"title": oops}', '{"title": "b", "x": "' + "y" * 3000 + '"}'] * 400) + "]"
    )
    values, broken = walk(text)
    assert len(values) == 800
    assert len(broken) == 400


def test_braces_in_a_text_do_not_hide_what_holds_records() -> None:
    assert walk('{"note": "}", "results": [{"title": "a"}, {"title": "b"}]}') == ([A, B], [])
    assert walk('{"note": "\\"}", "results": [{"title": "a"}]}\n{"title": "b"}') == ([A, B], [])


def test_empty_lists_and_answers_are_frames_and_passed_in_one_go() -> None:
    steps = 0

    class Counted(Walk):
        def _ready(self, at: int) -> int:
            nonlocal steps
            steps += 1
            return super()._ready(at)

    for empty in ("[]\n", '{"results": []}\n', '{ "hits" : [ ] },'):
        steps = 0
        found = list(Counted(iter(['{"title": "a"}\n' + empty * 5_000 + '{"title": "b"}\n'])).items())
        assert [one.value if isinstance(one, Item) else one for one in found] == [A, B]
        assert steps < 50
