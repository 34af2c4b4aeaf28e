"""What a program must be to propose values from text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from stromata.model import Suggestion


@dataclass(frozen=True, slots=True)
class Draft:
    """What an extractor drew from a text.

    Attributes
    ----------
    suggestions : proposals, each with its span in the text as given.
    rejected : what the extractor dropped itself, a sentence for each.
    """

    suggestions: tuple[Suggestion, ...] = ()
    rejected: tuple[str, ...] = ()


@runtime_checkable
class Extractor(Protocol):
    """A program that proposes values from text.

    It is chosen by its name in the group ``extractors`` of `stromata.plugins`, where a callable stands that takes the
    settings (or nothing, for the usual ones) and returns the extractor.

    Attributes
    ----------
    name, version : recorded with every run; another version may propose other things.
    settings : a frozen dataclass of plain values, recorded with every run. No key or password is among them.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - described above

    @property
    def version(self) -> str: ...  # noqa: D102 - described above

    @property
    def settings(self) -> object: ...  # noqa: D102 - described above

    def extract(self, text: str) -> Draft:
        """Draw proposals from `text`; any text gives a draft, and the same text the same one where that can be had."""
        ...
