from __future__ import annotations

import io
import json

import pytest

from stromata import formats
from stromata.formats.account import Ledger
from stromata.model import Name, Record

ITEM = {
    "id": "x", "type": "article-journal", "title": "Cells &amp; <i>skin</i>", "container-title": "Fictional Journal",
    "author": [{"family": "Berg", "given": "Ana", "non-dropping-particle": "van den"}, {"literal": "A Group"}],
    "issued": {"date-parts": [["2020", 5, 3]]}, "DOI": "https://doi.org/10.99999/X", "page": "1-9", "ISSN": "1234-5679",
    "keyword": "one, two", "number-of-pages": "9", "event-place": {"city": "Nowhere"},
}  # fmt: skip


def test_an_item_is_read_and_unknown_variables_kept() -> None:
    (record,), problems = formats.read_bytes(json.dumps([ITEM], indent=1).encode())
    assert problems == ()
    assert record.title == "Cells & skin"
    assert record.authors == (Name(family="van den Berg", given="Ana"), Name(literal="A Group"))
    assert (record.date, record.year, record.doi, record.pages) == ("2020-05-03", 2020, "10.99999/x", "1-9")
    assert record.keywords == ("one", "two")
    assert ("number-of-pages", "9") in record.extra
    assert ("event-place", '{"city": "Nowhere"}') in record.extra


def test_a_broken_item_is_named_with_its_line_and_the_others_are_read() -> None:
    good = json.dumps(ITEM)
    text = f'[\n{good},\n{{"type": "book", oops}},\n{good}\n]'
    records, problems = formats.read_bytes(text.encode())
    assert [record.number for record in records] == [1, 2]
    assert [(problem.line, problem.code) for problem in problems] == [(3, "csl-broken")]


def test_a_list_that_is_cut_off_gives_what_is_whole() -> None:
    text = "[\n" + json.dumps(ITEM) + ",\n" + json.dumps(ITEM)[:60]
    records, problems = formats.read_bytes(text.encode())
    assert len(records) == 1
    assert [problem.code for problem in problems] == ["csl-cut"]


def test_what_is_written_is_a_list_of_items() -> None:
    stream = io.BytesIO()
    record = Record(source="ab", number=1, line=1, end_line=1, title="T", year=2020, date="2020", doi="10.99999/x")
    formats.write([record], "csl-json", stream)
    (item,) = json.loads(stream.getvalue())
    assert item["title"] == "T"
    assert item["issued"] == {"date-parts": [[2020]]}
    assert item["DOI"] == "10.99999/x"


def test_nothing_is_written_as_an_empty_list() -> None:
    stream = io.BytesIO()
    formats.write([], "csl-json", stream)
    assert json.loads(stream.getvalue()) == []


def test_a_value_that_is_no_number_is_missing_and_named() -> None:
    text = '[{"type": "book", "title": "A", "volume": NaN, "issue": -Infinity},\n{"type": "book", "title": "B"}]'
    records, problems = formats.read_bytes(text.encode())
    assert [(record.volume, record.issue, record.extra) for record in records] == [("", "", ()), ("", "", ())]
    assert [(problem.line, problem.code) for problem in problems] == [(1, "csl-no-value")]
    assert "NaN, -Infinity" in problems[0].text


def test_numbers_beyond_all_bounds_stay_as_they_are_written() -> None:
    digits = "9" * 6000
    text = f'[{{"type": "book", "title": "A", "volume": {digits}, "issue": 1e999, "page": 1.50, "x": 3}}]'
    (record,), problems = formats.read_bytes(text.encode())
    assert (record.volume, record.issue, record.pages, record.extra) == (digits, "1e999", "1.5", (("x", "3"),))
    assert problems == ()


@pytest.mark.parametrize("depth", [300, 900, 2000, 60_000])
@pytest.mark.parametrize("key", ["title", "x", "author", "issued"])
def test_nesting_is_read_or_named_in_words_for_users(depth: int, key: str) -> None:
    nested = "[" * depth + '"q"' + "]" * depth
    text = f'[{{"type": "book", "DOI": "10.99999/1", "{key}": {nested}}},\n{json.dumps(ITEM)}\n]'
    records, problems = formats.read_bytes(text.encode())
    assert records[-1].title == "Cells & skin"
    assert len(records) + len(problems) >= 2
    for problem in problems:
        assert "nested too deeply" in problem.text
        assert "recursion" not in problem.text
        assert problem.hint


def test_a_broken_item_is_told_with_its_place() -> None:
    text = f'[{json.dumps(ITEM)},\n{{"type": "book", "title": oops}}]'
    _, (problem,) = formats.read_bytes(text.encode())
    assert "line 2, column 27" in problem.text


def test_nul_characters_are_counted_however_they_are_written() -> None:
    text = json.dumps([ITEM | {"title": "a\0b", "publisher": "\0"}])
    (record,), (problem,) = formats.read_bytes(text.encode())
    assert record.title == "ab"
    assert problem.code == "nul-characters"
    assert "2 NUL" in problem.text
    (record,), (problem,) = formats.read_bytes(text.replace("\\u0000", "\0").encode())
    assert record.title == "ab"
    assert problem.code == "nul-characters"
    assert "2 NUL" in problem.text


def test_every_line_of_a_list_is_in_an_item_or_in_its_frame() -> None:
    reading = formats.scan_bytes(f"[\n{json.dumps(ITEM, indent=1)},\n{json.dumps(ITEM)}\n]\n".encode())
    ledger = Ledger()
    records = [item for item in reading.noted(ledger) if isinstance(item, Record)]
    account = reading.account(ledger)
    assert [record.line for record in records] == [2, 3 + json.dumps(ITEM, indent=1).count("\n")]
    assert (account.unread_bytes, account.passage_bytes) == (0, 4)
    assert account.record_bytes == account.bytes - 4


def test_items_in_a_frame_and_one_to_a_line_are_read() -> None:
    for text in (json.dumps({"items": [ITEM, ITEM]}), f"{json.dumps(ITEM)}\n{json.dumps(ITEM)}\n"):
        records, problems = formats.read_bytes(text.encode())
        assert len(records) == 2
        assert problems == ()


def test_broken_items_on_one_line_cost_no_look_through_the_rest_each() -> None:
    text = "[" + json.dumps(ITEM) + ',{"type" 1}' * 20_000 + "]"
    records, problems = formats.read_bytes(text.encode())
    assert len(records) == 1
    assert 1 <= len(problems) <= 600
