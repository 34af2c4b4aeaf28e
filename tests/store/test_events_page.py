from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from stromata.model import PAYLOADS, Event, Merge

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "events.md"


def _entries() -> dict[str, str]:
    _, *parts = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {part.partition("\n")[0]: part for part in parts}


def _fields(text: str) -> list[str]:
    return [
        name for row in re.findall(r"^\| (`.+?`) \|", text, flags=re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    ]


def test_every_kind_of_event_has_its_entry_and_no_other() -> None:
    assert list(_entries())[1:] == [cls.kind for cls in PAYLOADS]


@pytest.mark.parametrize("cls", PAYLOADS, ids=lambda cls: cls.kind)
def test_every_field_of_an_event_is_described(cls: type) -> None:
    expected = [field.name for field in dataclasses.fields(cls)]
    if cls.kind == "references-merged":
        expected += [field.name for field in dataclasses.fields(Merge)]
    assert _fields(_entries()[cls.kind]) == expected


def test_what_every_event_carries_is_described() -> None:
    described = set(_fields(_entries()["What every event carries"]))
    assert described == {field.name for field in dataclasses.fields(Event)} | {"kind", "version"}
