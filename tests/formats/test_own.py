from __future__ import annotations

import json
from dataclasses import replace

import pytest

from stromata.formats.own import _sum_of, astray, note_of, restored, tidied, translation_of
from stromata.model import Name, Problem, Record, Translation

PLACE = Record("s", 1, 1, 1)
FULL = replace(
    PLACE, type="book", title="A {b} & <c>\\ é 𝄞", year=2020, date="2020-01", authors=(Name("Li", "", "Jr"),),
    keywords=("", "a;  b"), translations=(Translation("zh", "题", machine=True),),
    extra=(("X", "1"), ("Y", ""), ("X", "1")),
)  # fmt: skip


def read(record: Record, note: str) -> tuple[Record, list[str]]:
    """Return the record with the note, and the codes of the problems."""
    problems: list[Problem] = []
    found = restored(record, note, form="ris", problems=problems)
    return found, [problem.code for problem in problems]


def whole(record: Record, note: str) -> Record:
    found, codes = read(record, note)
    assert codes == []
    return found


def test_a_note_makes_the_record_of_what_was_read() -> None:
    note = note_of(FULL, PLACE)
    assert whole(PLACE, note) == tidied(FULL)
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
    assert whole(back, note).extra == FULL.extra


def test_a_field_that_was_changed_since_stays_as_it_is_and_is_named() -> None:
    problems: list[Problem] = []
    found = restored(replace(PLACE, title="New"), note_of(FULL, PLACE), form="ris", problems=problems)
    assert (found.title, found.year) == ("New", 2020)
    assert [(one.line, one.code) for one in problems] == [(1, "ris-own-note-older")]
    assert ": title. They were read as they stand now" in problems[0].text
    assert problems[0].hint


def test_what_brings_nothing_back_has_a_note_even_where_nothing_is_said() -> None:
    assert note_of(PLACE, None) == "{}"
    assert whole(PLACE, "{}") == PLACE


def test_no_control_character_comes_in_through_a_note() -> None:
    note = note_of(replace(PLACE, title="a\x9bb", extra=(("k\u202e", "\x1b[2J"),)), PLACE)
    found = whole(PLACE, note)
    assert (found.title, found.extra) == ("ab", (("k", "[2J"),))


def test_nothing_is_said_of_an_entry_without_a_note() -> None:
    assert read(PLACE, "") == (PLACE, [])


def kept(note: str) -> Record:
    """Return the bare record that keeps a damaged note as it stands."""
    return replace(PLACE, notes=(f"stromata.record: {note}",))


@pytest.mark.parametrize(
    "note", ["{", "[]", "1", '{"title": 1}', '{"check": ""}', '{"source": ["", "x"]}', "[" * 9_999]
)
def test_a_note_that_cannot_be_read_stays_as_it_is_and_is_told(note: str) -> None:
    assert read(PLACE, note) == (kept(note), ["ris-own-note"])


def test_every_letter_of_a_note_counts() -> None:
    note = note_of(replace(PLACE, title="A", extra=(("X", "1"),)), PLACE)
    for place, sign in enumerate(note):
        other = "a" if sign != "a" else "b"
        assert read(PLACE, f"{note[:place]}{other}{note[place + 1 :]}")[1] == ["ris-own-note"]
        assert read(PLACE, note[:place])[1] == (["ris-own-note"] if place else [])


def test_a_damaged_note_is_shown_up_to_a_length() -> None:
    problems: list[Problem] = []
    restored(replace(PLACE, line=7), '{"title": ' + "x" * 5000, form="nbib", problems=problems)
    assert problems[0].line == 7
    assert 'stromata.record: {"title": xxx' in problems[0].text
    assert len(problems[0].text) < 500
    assert problems[0].hint


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("year", "x"), ("year", True), ("date", "2020-13-01"), ("language_basis", "guessed"), ("title", ["x"]),
        ("order", [5]), ("number", 7),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_its_field_is_not_taken(name: str, value: object) -> None:
    record = replace(FULL, language_basis="stated")
    note = json.loads(note_of(record, PLACE))
    of_field = note.get("extra" if name == "order" else name, ["", ""])[0]
    forged = _with_check({name: [of_field, value]})
    found, codes = read(PLACE, forged)
    assert replace(found, notes=()) == PLACE
    assert len(codes) == 1


def _with_check(said: dict[str, object]) -> str:
    """Return a note whose checksum is right, whatever it says."""
    return json.dumps({**said, "check": _sum_of(said)})


@pytest.mark.parametrize(
    "value",
    [
        "stromata.recrod: {}", "stromata.extra: nothing", 'x.record: {"title": ["1234abcd", "A"]}',
        '"title": ["1234abcd", "A"], "check": "00000000"',
    ],
)  # fmt: skip
def test_a_note_under_another_name_is_told(value: str) -> None:
    (problem,) = astray([("N1", value)], place="N1", line=3, form="ris")
    assert (problem.line, problem.code) == (3, "ris-own-note")


def test_a_note_in_another_place_is_told_and_one_in_its_own_is_not() -> None:
    note = f"stromata.record: {note_of(FULL, PLACE)}"
    assert len(list(astray([("N2", note)], place="N1", line=3, form="ris"))) == 1
    good = ["stromata.registry: NCT01234567", "stromata.extra: CN=1", "A note on stromata.", '{"title": ["A"]}']
    assert list(astray([("N1", one) for one in (note, *good)], place="N1", line=3, form="ris")) == []


def test_a_translation_is_read_whole_or_not_at_all() -> None:
    text = '{"language": "zh", "title": "题", "machine": true}'
    assert translation_of(text) == Translation("zh", "题", machine=True)
    for damaged in (text[:-1], text.replace("title", "titel"), text.replace("language", "lang"), "[]", "1"):
        assert translation_of(damaged) is None
