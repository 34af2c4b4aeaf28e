"""The text that the EU Clinical Trials Register gives out: one record per trial, from the protocols of all countries.

A trial's protocols, one per country, stand one after the other under one EudraCT number. The first gives title and
purpose; of the others, what differs stays in extra. Fields go by their number (``E.5.1``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from stromata.formats.content import Passage
from stromata.formats.draft import Draft
from stromata.formats.language import language_code
from stromata.formats.tagged import Outside, table
from stromata.formats.text import clean
from stromata.model import Problem, Record, Translation

_NUMBER = re.compile(r"\s*EudraCT Number:\s*(\d{4}-\d{6}-\d{2})\s*", re.IGNORECASE)
_SNIFF = re.compile(r"^[ \t]*EudraCT Number:[ \t]*\d{4}-\d{6}-\d{2}[ \t]*$", re.MULTILINE | re.IGNORECASE)
_SNIFF_FIELD = re.compile(r"^[ \t]*A\.\d", re.MULTILINE)
_CODED = re.compile(r"\s*([A-Z](?:\.\d{1,2})+)((?: (?:and|to) [A-Z](?:\.\d{1,2})+)?)[.\s]\s*(.*)")
_LABELLED = re.compile(r"\s*([^:]{2,100}?):\s*(.*)")
_SECTION = re.compile(r"\s*[A-Z]\. [A-Z].{3,120}")
_LABELS = frozenset(
    ("sponsor's protocol code number", "national competent authority", "clinical trial type", "trial status",
     "date on which this record was first entered in the eudract database", "trial results", "link", "results link")
)  # fmt: skip
_LANGUAGE = re.compile(r"(.{2,120}) \(([a-z]{2})\)")
_DATABASE = "EU Clinical Trials Register"


@dataclass(slots=True)
class _Trial:
    """One trial: (code or label, what the code is called, value), each once."""

    line: int
    end_line: int
    number: str
    values: list[tuple[str, str, str]] = field(default_factory=list)
    seen: set[tuple[str, str, str]] = field(default_factory=set)
    last: tuple[str, str, list[str]] | None = None

    def settle(self) -> None:
        """Put away the value that was being read."""
        if self.last:
            tag, label, parts = self.last
            value = (tag, label, clean(" ".join(parts)))
            if value[2] and value not in self.seen:
                self.seen.add(value)
                self.values.append(value)
        self.last = None


def sniff(head: str) -> bool:
    """Tell whether the first part of a file looks like the register's text."""
    return _SNIFF.search(head) is not None and _SNIFF_FIELD.search(head) is not None


def read(lines: Iterable[tuple[int, str | Problem]], *, source: str) -> Iterator[Record | Problem | Passage]:
    """Yield a Record for each trial, Problems and Passages, in order; see `catalogue.LineReader`."""
    number = 0
    for item in _trials(lines):
        if not isinstance(item, _Trial):
            yield item
            continue
        draft = _draft(item)
        record = draft.record(source=source, number=number + 1)
        if record is None:
            yield Passage(item.line, item.end_line, "stray")
        else:
            number += 1
            yield record
        yield from draft.problems


def _trials(lines: Iterable[tuple[int, str | Problem]]) -> Iterator[_Trial | Problem | Passage]:
    trial: _Trial | None = None
    outside = Outside("euctr-txt")
    summary = 0  # line of the heading over a protocol: which trial it belongs to is said in the next
    for number, line in lines:
        if not isinstance(line, str):
            yield line
            continue
        if not line or line.isspace():
            continue
        found = _NUMBER.fullmatch(line)
        if found:
            if trial is None or trial.number != found[1]:
                if trial:
                    trial.settle()
                    yield trial
                yield from outside.told()
                trial = _Trial(summary or number, number, found[1])
            trial.settle()
            trial.end_line, summary = number, 0
            continue
        if summary and trial:
            _take(trial, summary, "Summary")
        elif summary:
            outside.add(summary, "Summary")
        summary = number if line.strip() == "Summary" else 0
        if not summary and trial:
            _take(trial, number, line)
        elif not summary:
            outside.add(number, line)
    if trial:
        trial.end_line = summary or trial.end_line
        trial.settle()
        yield trial
    elif summary:
        outside.add(summary, "Summary")
    yield from outside.told()


def _take(trial: _Trial, number: int, line: str) -> None:
    """Take a line: a field by its number, a line of the summary, a heading, or the continuation of the field before."""
    trial.end_line = number
    coded = _CODED.match(line)
    labelled = None if coded else _LABELLED.match(line)
    if coded:
        trial.settle()
        label, colon, value = coded[3].partition(": ") if ": " in coded[3] else coded[3].partition(":")
        trial.last = (coded[1], f"{coded[2]} {label}".strip(), [value if colon else ""])
        if not colon:
            tab = re.split(r"\t", coded[3], maxsplit=1)
            trial.last = (coded[1], tab[0], tab[1:])
    elif labelled and labelled[1].strip().lower() in _LABELS:
        trial.settle()
        trial.last = (labelled[1].strip(), "", [labelled[2]])
    elif _SECTION.fullmatch(line) and ":" not in line:
        trial.settle()
    elif trial.last:
        trial.last[2].append(line)
    else:
        trial.last = ("text", "", [line])


def _draft(trial: _Trial) -> Draft:
    """Turn a trial's fields into those of a record."""
    draft = Draft(trial.line, trial.end_line, "euctr-txt")
    says = table("euctr-txt")
    draft.add("accession", "AN", trial.number)
    draft.add("database", "DB", _DATABASE)
    draft.add("registry", "SI", f"EUCTR{trial.number}")
    titles: dict[str, str] = {}
    purposes: dict[str, str] = {}
    entered: list[str] = []
    for tag, label, value in trial.values:
        foreign = _LANGUAGE.fullmatch(label)
        code = language_code(foreign[2]) if foreign else ""
        kept = f"{label}: {value}" if label else value
        if tag == says["title"] and code not in titles:
            titles[code] = value
        elif tag == says["acronym"] and not code:
            draft.keep("ST", value)
        elif tag in says["conditions"] and not code:
            draft.add("keyword", tag, value)
        elif tag == "Link":
            draft.add("url", tag, value)
        elif tag in says["abstract"] and not code and tag not in purposes:
            purposes[tag] = kept
        elif tag.startswith("Date on which"):
            entered.append(value)
        else:
            draft.keep(tag, kept)
    if entered:
        draft.add("date", "DA", min(entered))
    for value in entered:
        draft.keep("entered", value)
    main = "" if "" in titles else next(iter(titles), "")
    if titles:
        draft.add("title", says["title"], titles[main])
    draft.translations += [Translation(code, title=title) for code, title in titles.items() if code and code != main]
    if purposes:
        draft.add("abstract", "AB", " ".join(purposes.values()))
    return draft
