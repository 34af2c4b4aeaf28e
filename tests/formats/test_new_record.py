"""Records made quickly are records like any other."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, fields, replace

import pytest

from stromata.formats.new_record import new_record
from stromata.model import Name, Record

VALUES = {"type": "book", "title": "A title", "authors": (Name("Li", "Bo"),), "year": 2020, "extra": (("ZZ", "x"),)}


def test_what_is_made_is_no_different_from_a_record() -> None:
    quick, plain = (make("s" * 64, 3, 7, 9, **VALUES) for make in (new_record, Record))  # type: ignore[arg-type]
    assert type(quick) is Record
    assert quick == plain
    assert hash(quick) == hash(plain)
    assert repr(quick) == repr(plain)
    assert quick.id == plain.id
    assert replace(quick, title="B") == replace(plain, title="B")
    assert pickle.loads(pickle.dumps(quick)) == plain


def test_fields_that_are_not_given_are_those_of_a_record() -> None:
    quick, plain = new_record("s", 1, 2, 3), Record("s", 1, 2, 3)
    assert [getattr(quick, one.name) for one in fields(Record)] == [getattr(plain, one.name) for one in fields(Record)]


def test_it_never_changes() -> None:
    with pytest.raises(FrozenInstanceError):
        new_record("s", 1, 2, 3).title = "x"  # type: ignore[misc]
