"""Entries of tag lines; text of them (RIS, MEDLINE) is cut into plain ones in one go, and the others line by line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from stromata.formats.content import Content, Passage
from stromata.model import Problem
from stromata.progress import Progress

MOST_LINES = 100_000
"""Lines of one entry that are read; no publication has so many, and what an entry takes in memory stays bounded."""

LONGEST_LINE = 1 << 24
"""Characters of a line that are read: no value is so long, and what a line takes in memory stays bounded."""

Pairs = list[tuple[str, str]]
"""(tag, value) in the order met."""

Fields = list[tuple[str, list[str]]]
"""(tag, the lines of its value) in the order met."""

_SMALL = 120
"""Characters of an entry that may be one without values: those with them are nearly always longer."""

_BLANK_LINES = re.compile(r"\n++")


@dataclass(slots=True)
class Entry:
    """The lines of one entry, up to `MOST_LINES` of them."""

    line: int
    end_line: int
    fields: Fields = field(default_factory=list)
    tidy: bool = False
    """Whether the values need no cleaning but for blanks around them."""
    beyond: bool = False
    """Whether there were more lines than an entry may have."""

    def add(self, tag: str, value: str, number: int) -> None:
        """Take a tag and the first line of its value."""
        if number - self.line < MOST_LINES:
            self.fields.append((tag, [value]))
        else:
            self.beyond = True
        self.end_line = number
        self.tidy = False

    def go_on(self, lines: list[str], number: int) -> None:
        """Take further lines of the last value; `number` is that of the first of them."""
        left = max(0, MOST_LINES - (number - self.line))
        self.fields[-1][1].extend(lines[:left])
        self.beyond = self.beyond or len(lines) > left
        self.end_line = number + len(lines) - 1
        self.tidy = False

    def goes_on(self, line: str, number: int) -> None:
        """Take a further line of the last value."""
        if number - self.line < MOST_LINES:
            self.fields[-1][1].append(line)
        else:
            self.beyond = True
        self.end_line = number
        self.tidy = False

    def shorten(self) -> None:
        """Keep no more lines than an entry may have, of one that was not taken line by line."""
        if self.end_line - self.line < MOST_LINES:
            return
        left, kept = MOST_LINES, []
        for tag, parts in self.fields:
            if left > 0:
                kept.append((tag, parts[:left]))
            left -= len(parts)
        self.fields, self.beyond = kept, left < 0

    def handed_on(self, form: str) -> Iterator[Entry | Problem | Passage]:
        """Yield the entry; one that goes on beyond `MOST_LINES` ends there, and what is left out is told."""
        if not self.beyond:
            yield self
            return
        last, cut_at = self.end_line, self.line + MOST_LINES
        self.end_line = cut_at - 1
        yield self
        text = (
            f"The entry that begins in line {self.line} goes on to line {last}; an entry has at most {MOST_LINES} "
            f"lines. Lines {cut_at} to {last} were left out."
        )
        yield Problem(cut_at, f"{form}-long-entry", text, "Look whether the ends of entries are missing in the file.")
        yield Passage(cut_at, last, "stray")


class Cutter(Protocol):
    """What a format knows of its entries; it holds the one that is open.

    Attributes
    ----------
    plain : pattern of a whole entry as nearly all are.
    run : pattern of plain lines of tags within an entry.
    empty : pattern of a run of entries that say nothing, two at least.
    blank : whether the last line was blank; `cut` sets it.
    """

    plain: re.Pattern[str]
    run: re.Pattern[str]
    empty: re.Pattern[str]
    blank: bool

    @property
    def flow(self) -> re.Pattern[str]:
        """Pattern of a run of lines that surely have no tag."""

    @property
    def may_begin(self) -> bool:
        """Whether a plain entry may begin here."""

    @property
    def may_run(self) -> bool:
        """Whether plain lines of tags here belong to the entry at hand."""

    @property
    def may_flow(self) -> bool:
        """Whether lines without a tag here belong to what the line before belongs to."""

    def take_whole(self, text: str, number: int, after: int) -> Iterator[Entry | Problem | Passage]:
        """Take a plain entry; `number` is that of its first line, `after` that of the line behind it."""

    def take_run(self, text: str, number: int) -> int:
        """Take plain lines of tags; return the number of the line behind them."""

    def take_empty(self, text: str, number: int) -> Iterator[Entry | Problem | Passage]:
        """Take a run of entries that say nothing, told together."""

    def take_flow(self, text: str, number: int) -> int:
        """Take a run of lines without tags; return the number of the line behind them."""

    def take(self, number: int, line: str) -> Iterator[Entry | Problem | Passage]:
        """Take any line that is not empty."""

    def take_problem(self, problem: Problem) -> Iterator[Problem]:
        """Take a Problem of decoding."""

    def ended(self) -> Iterator[Entry | Problem | Passage]:
        """Close what is open at the end of the file."""


def cut(content: Content, cutter: Cutter, progress: Progress) -> Iterator[Entry | Problem | Passage]:
    """Yield the entries of a file as they end, with what stands between them."""
    match_plain, match_run = cutter.plain.match, cutter.run.match
    for first, block in content.blocks(progress=progress):
        if not isinstance(block, str):
            yield from cutter.take_problem(block)
            continue
        text = block
        if len(block) > LONGEST_LINE:
            shorter = list(bounded(enumerate(block.split("\n"), start=first)))
            yield from (item for _, item in shorter if isinstance(item, Problem))
            text = "\n".join(item for _, item in shorter if isinstance(item, str))
        number, place, size = first, 0, len(text)
        while place < size:
            begins = cutter.may_begin
            if begins and (plain := match_plain(text, place)) and not _is_empty(cutter, plain):
                found = plain.group()
                after = number + found.count("\n")
                yield from cutter.take_whole(found, number, after)
                number, place = after, plain.end()
            elif text[place] == "\n":
                blank = _BLANK_LINES.match(text, place)
                end = blank.end() if blank else place + 1
                cutter.blank = True
                number, place = number + end - place, end
            elif begins and (empty := cutter.empty.match(text, place)):
                yield from cutter.take_empty(empty.group(), number)
                number, place = number + empty.group().count("\n"), empty.end()
            elif cutter.may_run and (run := match_run(text, place)):
                number, place = cutter.take_run(run.group(), number), run.end()
            elif cutter.may_flow and (flow := cutter.flow.match(text, place)):
                number, place = cutter.take_flow(flow.group(), number), flow.end()
            else:
                end = text.index("\n", place)
                yield from cutter.take(number, text[place:end])
                number, place = number + 1, end + 1
    yield from cutter.ended()


def _is_empty(cutter: Cutter, plain: re.Match[str]) -> bool:
    """Tell whether a plain entry, by its size, may be one of a run of empty ones, and is."""
    return plain.end() - plain.start() < _SMALL and cutter.empty.match(plain.string, plain.start()) is not None


def told_empty(form: str, line: int, end_line: int, many: int) -> Iterator[Problem | Passage]:
    """Yield what is to be said of several entries that follow one another and say nothing.

    form : beginning of the code of the Problem.
    """
    yield Passage(line, end_line, "stray")
    text = f"Entries without anything in them stand in lines {line} to {end_line}: {many} of them."
    yield Problem(line, f"{form}-empty-entry", text, "Export these entries again.")


def bounded(lines: Iterable[tuple[int, str | Problem]]) -> Iterator[tuple[int, str | Problem]]:
    """Yield lines, cut where they are longer than `LONGEST_LINE`; before such a line comes a Problem."""
    for number, line in lines:
        if isinstance(line, str) and len(line) > LONGEST_LINE:
            said = f"Line {number} has {len(line)} characters; the first {LONGEST_LINE} were read."
            yield number, Problem(number, "long-line", said, "Look whether the line ends of the file were lost.")
            yield number, line[:LONGEST_LINE]
        else:
            yield number, line


def left_over(pairs: Pairs, values: dict[str, list[str]], *, note: str, mark: str) -> Iterator[tuple[str, str]]:
    """Yield what is left without a field, in the order met.

    Parameters
    ----------
    pairs : all that the entry holds.
    values : what is left of it, by tag; equal pairs are as many as are left.
    note, mark : tag and beginning of the notes into which our own writer puts tags of other formats: ``mark`` tag
        ``=`` value. They are among the yield.
    """
    left = Counter((tag, value) for tag, rest in values.items() for value in rest)
    for pair in pairs:
        tag, value = pair
        if tag == note and value.startswith(mark):
            name, _, rest = value.removeprefix(mark).partition("=")
            yield name, rest
        elif tag in values and left[pair]:
            left[pair] -= 1
            yield pair
