"""The vocabulary of article pages, loaded from ``page_words.yaml`` when the first page is read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

SHORT = 90
"""Characters up to which a line can be a button or a counter."""


@dataclass(frozen=True, slots=True)
class Words:
    """See ``page_words.yaml`` for what each table is.

    Attributes
    ----------
    headings : a heading in lower case, and the field that follows it.
    labels : headings inside a structured abstract, in lower case.
    """

    headings: dict[str, str]
    labels: frozenset[str]
    article_types: dict[str, str]
    short_furniture: re.Pattern[str]
    any_furniture: re.Pattern[str]
    machine_translated: re.Pattern[str]
    affiliation: re.Pattern[str]
    journal: re.Pattern[str]
    journal_han: re.Pattern[str]
    publisher: re.Pattern[str]
    degrees: re.Pattern[str]
    not_in_names: frozenset[str]
    surnames: frozenset[str]


@cache
def words() -> Words:
    """Return the vocabulary; it is read once."""
    data = yaml.safe_load(files("stromata.formats").joinpath("page_words.yaml").read_text(encoding="utf-8"))

    def pattern(name: str, flags: re.RegexFlag = re.IGNORECASE) -> re.Pattern[str]:
        return re.compile("|".join(data[name]), flags)

    return Words(
        headings={word: field for field, its_words in data["headings"].items() for word in its_words},
        labels=frozenset(data["labels"]),
        article_types=data["article_types"],
        short_furniture=pattern("short_furniture"),
        any_furniture=pattern("any_furniture"),
        machine_translated=pattern("machine_translated"),
        affiliation=pattern("affiliation"),
        journal=pattern("journal"),
        journal_han=pattern("journal_han"),
        publisher=pattern("publisher"),
        degrees=pattern("degrees", re.NOFLAG),
        not_in_names=frozenset(data["not_in_names"].split()),
        surnames=frozenset(data["surnames"]) - {" "},
    )
