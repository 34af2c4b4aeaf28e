from __future__ import annotations

import json
from dataclasses import replace

import pytest

from stromata.formats.own import note_of, restored, tidied
from stromata.model import Name, Record, Translation

PLACE = Record("s", 1, 1, 1)
FULL = replace(
    PLACE, type="book", title="A {b} & <c>\\ é 𝄞", year=2020, date="2020-01", authors=(Name("Li", "", "Jr"),),
    keywords=("", "a;  b"), translations=(Translation("zh", "题", machine=True),),
    extra=(("X", "1"), ("Y", ""), ("X", "1")),
)  # fmt: skip


def test_a_note_makes_the_record_of_what_was_read() -> None:
    note = note_of(FULL, PLACE)
    assert restored(PLACE, note) == tidied(FULL)
    assert note_of(FULL, FULL) == ""


def test_a_note_holds_plain_signs_only() -> None:
    note = note_of(FULL, PLACE)
    assert note.isascii()
    assert set(note) & set("&<>@%$~^_#") == set()
    assert "  " not in note
    assert json.loads(note)["title"][1] == FULL.title


def test_the_order_of_extra_is_told_by_places() -> None:
    back = replace(FULL, extra=(("Y", ""), ("X", "1"), ("X", "1")))
    note = note_of(FULL, back)
    assert json.loads(note)["order"][1] == [1, 0, 2]
    assert restored(back, note).extra == FULL.extra


def test_a_field_that_was_changed_since_stays_as_it_is() -> None:
    note = note_of(FULL, PLACE)
    assert restored(replace(PLACE, title="New"), note).title == "New"
    assert restored(replace(PLACE, title="New"), note).year == 2020


def test_what_brings_nothing_back_has_a_note_even_where_nothing_is_said() -> None:
    assert note_of(PLACE, None) == "{}"
    assert restored(PLACE, "{}") == PLACE


def test_no_control_character_comes_in_through_a_note() -> None:
    note = note_of(replace(PLACE, title="a\x9bb", extra=(("k\u202e", "\x1b[2J"),)), PLACE)
    found = restored(PLACE, note)
    assert (found.title, found.extra) == ("ab", (("k", "[2J"),))


@pytest.mark.parametrize("note", ["", "{", "[]", "1", '{"title": 1}', '{"source": ["", "x"]}', "[" * 100_000])
def test_a_note_that_cannot_be_read_changes_nothing(note: str) -> None:
    assert restored(PLACE, note) == PLACE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("year", "x"), ("year", True), ("date", "2020-13-01"), ("language_basis", "guessed"), ("title", ["x"]),
        ("authors", [["a"]]), ("authors", "x"), ("extra", [["a", "b", "c"], 1]), ("order", [5]), ("keywords", [1]),
        ("translations", [["zh", "x"]]), ("number", 7),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_its_field_is_not_taken(name: str, value: object) -> None:
    told = json.loads(note_of(replace(FULL, language_basis="stated"), PLACE))
    place = "extra" if name == "order" else name
    check = told.get(place, ["", ""])[0]
    assert restored(PLACE, json.dumps({name: [check, value]})) == PLACE
