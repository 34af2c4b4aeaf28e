"""The account of a file: every byte is in a record, in a passage between records, blank, or named as unread."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from stromata.formats.content import Content, Passage
from stromata.model import Problem, Record

_SHOWN = 20
"""Stretches of unread lines that an account names."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where the bytes of a file went.

    Attributes
    ----------
    file, format, encoding, sha256 : what was read.
    bytes : size of the file; the sum of the four that follow.
    record_bytes, passage_bytes, blank_bytes, unread_bytes : of lines in records, in passages between them (their line
        ends included), of blank lines, and of lines that are in none of them.
    records : their number.
    passages : number of passages of each kind.
    problems : in the order met.
    search_log : search strategies met in the file, whole.
    unread : (first, last) line of the first stretches that are in nothing.
    """

    file: str
    format: str
    encoding: str
    sha256: str
    bytes: int
    records: int
    problems: tuple[Problem, ...]
    search_log: tuple[str, ...]
    passages: dict[str, int]
    record_bytes: int
    passage_bytes: int
    blank_bytes: int
    unread_bytes: int
    unread: tuple[tuple[int, int], ...]


class Ledger:
    """Notes what comes out of a file, in memory that hardly grows, so that its bytes can be accounted for."""

    def __init__(self) -> None:
        self.records = 0
        self.problems: list[Problem] = []
        self.search_log: list[str] = []
        self.passages: Counter[str] = Counter()
        self._starts, self._ends = array("q"), array("q")  # of records and passages alike
        self._kinds = bytearray()  # 1 for a record, 0 for a passage

    def note(self, item: Record | Problem | Passage) -> None:
        """Take note of one item."""
        if isinstance(item, Record):
            self.records += 1
        elif isinstance(item, Problem):
            self.problems.append(item)
            return
        else:
            self.passages[item.kind] += 1
            if item.kind == "search-strategy":
                self.search_log.append(item.text)
        self._starts.append(item.line)
        self._ends.append(max(item.line, item.end_line))
        self._kinds.append(isinstance(item, Record))

    def account(self, content: Content, form: str) -> Account:
        """Go through the file's lines once more, and tell where they went."""
        if content.is_packed:  # rows stand for lines, and bytes are packed
            sizes = {"record": content.size, "passage": 0, "blank": 0, "unread": 0}
            unread: tuple[tuple[int, int], ...] = ()
        else:
            sizes, unread = self._lines(content)
        return Account(
            file=content.name, format=form, encoding=content.encoding, sha256=content.sha256, bytes=content.size,
            records=self.records, problems=tuple(self.problems), search_log=tuple(self.search_log),
            passages=dict(self.passages), record_bytes=sizes["record"], passage_bytes=sizes["passage"],
            blank_bytes=sizes["blank"], unread_bytes=sizes["unread"], unread=unread,
        )  # fmt: skip

    def _lines(self, content: Content) -> tuple[dict[str, int], tuple[tuple[int, int], ...]]:
        spans = self._spans()
        start, end, record = next(spans)
        sizes = dict.fromkeys(("passage", "blank", "unread"), 0)
        unread: list[tuple[int, int]] = []
        for first, lengths, blanks in content.measured():
            number, last = first, first + len(lengths) - 1
            while number <= last:
                while end < number:
                    start, end, record = next(spans)
                stop = min(last, end if start <= number else start - 1)
                low, high = number - first, stop - first + 1
                if start > number or not record:
                    self._outside(sizes, unread, lengths[low:high], blanks[low:high], number, inside=start <= number)
                number = stop + 1
        return {"record": content.size - sum(sizes.values()), **sizes}, tuple(unread)

    @staticmethod
    def _outside(
        sizes: dict[str, int],
        unread: list[tuple[int, int]],
        lengths: list[int],
        blanks: list[bool],
        number: int,
        *,
        inside: bool,
    ) -> None:
        """Count lines that are in no record: those of a passage, blank ones, and the rest."""
        if inside:
            sizes["passage"] += sum(lengths)
            return
        for place, (length, blank) in enumerate(zip(lengths, blanks, strict=True)):
            sizes["blank" if blank else "unread"] += length
            if blank:
                continue
            line = number + place
            if unread and unread[-1][1] == line - 1:
                unread[-1] = (unread[-1][0], line)
            elif len(unread) < _SHOWN:
                unread.append((line, line))

    def _spans(self) -> Iterator[tuple[int, int, bool]]:
        """Yield spans of lines that do not overlap, in order; where they do overlap, a record comes first."""
        order = sorted(range(len(self._starts)), key=lambda place: (self._starts[place], -self._kinds[place]))
        done = 0
        for place in order:
            start, end = max(self._starts[place], done + 1), self._ends[place]
            if start <= end:
                yield start, end, bool(self._kinds[place])
                done = end
        while True:
            yield 1 << 62, 1 << 62, False
