"""Certainty as a table: proposals in a CSV form, the levels that people fill in, and what is wrong with them."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import cast

from stromata.consensus.grade import LOWER, RAISE, Proposal
from stromata.consensus.sheet import Sheet, folded, read_sheet
from stromata.model import Problem
from stromata.model.consensus import CERTAINTIES, Certainty, DomainLevel, LowerDomain, RaiseFactor

CERTAINTY_COLUMNS = ("synthesis", "label", "domain", "proposed", "because", "level", "reason")
"""Columns of the form. `label`, `proposed` and `because` are for whoever fills it in; the reader skips them."""

START = "start"
FORM_DOMAINS: tuple[str, ...] = (START, *LOWER, *RAISE)
"""The rows of each synthesis, in their order."""

_LOWERED = ("not-serious", "serious", "very-serious")
_ALLOWED: dict[str, tuple[str, ...]] = {
    START: tuple(reversed(CERTAINTIES)),
    **dict.fromkeys(LOWER, _LOWERED),
    **dict.fromkeys(RAISE, ("none", "raised")),
    "large-effect": ("none", "raised", "raised-twice"),
}
_BY_HAND = "No number can tell. Leave the level empty if it was not considered."
_NAMES = {name: name for name in CERTAINTY_COLUMNS}
_INDIRECT_NAMES = {"study": "study", "reason": "reason", "because": "reason"}


@dataclass(frozen=True, slots=True)
class Proposed:
    """What is proposed for one synthesis.

    Attributes
    ----------
    synthesis : ``plan`` or ``plan/condition``.
    start : None when certainty cannot start from these studies; `start_reason` says why.
    domains : at most one proposal a domain.
    """

    synthesis: str
    label: str
    start: Certainty | None
    start_reason: str
    domains: tuple[Proposal, ...]


@dataclass(frozen=True, slots=True)
class Rating:
    """What somebody filled in for one synthesis.

    Attributes
    ----------
    domains : (domain, level, reason): the five that lower certainty, and those that raise it as far as considered.
    """

    synthesis: str
    start: Certainty
    start_reason: str
    domains: tuple[tuple[LowerDomain | RaiseFactor, DomainLevel, str], ...]


def certainty_text(blocks: Iterable[Proposed]) -> str:
    """Return the form (CSV): for each synthesis a row for the start and one for each domain, levels still empty."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CERTAINTY_COLUMNS)
    for block in blocks:
        given = {one.domain: (one.level or "", one.reason) for one in block.domains}
        for domain in FORM_DOMAINS:
            level, because = given.get(domain, ("", _BY_HAND))  # type: ignore[call-overload]  # no key is no proposal
            if domain == START:
                level, because = block.start or "", block.start_reason
            writer.writerow((block.synthesis, block.label, domain, level, because, "", ""))
    return out.getvalue()


def read_certainty(
    source: Path | str | bytes, *, syntheses: Mapping[str, str]
) -> tuple[tuple[Rating, ...], tuple[Problem, ...]]:
    """Read a filled-in form.

    Parameters
    ----------
    source : as for `stromata.consensus.read_votes`. Needed are the columns synthesis, domain, level and reason.
    syntheses : each that there is, with the reason why it cannot be judged; empty = it can.

    Returns
    -------
    tuple of Rating
        Those of syntheses without a fault, in the order of their first rows. A synthesis is judged as a whole: a fault
        in one of its rows leaves out all of them.
    tuple of Problem
        Every fault in the order of lines.

    Raises
    ------
    NotFound
        There is no such file.
    Unreadable
        It cannot be opened or decoded, a needed column is missing, or it has no rows.
    """
    sheet = read_sheet(source, _NAMES, needed=("synthesis", "domain", "level", "reason"))
    blocks: dict[str, _Block] = {}
    for line, row in sheet.rows:
        name = row["synthesis"]
        if not name:
            sheet.report(line, "synthesis-missing", "The row names no synthesis.", "Fill it in.", "synthesis")
            continue
        if name not in blocks:
            blocks[name] = _Block(name, line, sheet, faulty=not _is_known(line, name, sheet, syntheses))
            blocks[name].known = not blocks[name].faulty
        if blocks[name].known:
            blocks[name].take(line, row)
    found = [rating for block in blocks.values() if (rating := block.finished()) is not None]
    return tuple(found), tuple(sorted(sheet.problems, key=lambda problem: problem.line))


def read_indirect(source: Path | str | bytes) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """Read which studies a person found indirect, and why.

    Parameters
    ----------
    source : as for `read_certainty`, with the columns study and reason.

    Raises
    ------
    NotFound, Unreadable
        As for `read_certainty`.
    """
    sheet = read_sheet(source, _INDIRECT_NAMES, needed=("study", "reason"))
    found: dict[str, str] = {}
    for line, row in sheet.rows:
        study, reason = row["study"], row["reason"]
        if not study or not reason:
            missing = "reason" if study else "study"
            hint = "Say in what the study differs from the question." if study else "Write the id of the study."
            sheet.report(line, f"{missing}-missing", f"The row has no {missing}.", hint, missing)
        elif study in found:
            text = f"{study} stands in the table twice; the first row counts."
            sheet.report(line, "study-twice", text, "Put both reasons into one row.", "study")
        else:
            found[study] = reason
    return found, tuple(sheet.problems)


def _is_known(line: int, name: str, sheet: Sheet, syntheses: Mapping[str, str]) -> bool:
    if name not in syntheses:
        near = get_close_matches(name, syntheses, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {_listed(syntheses)}."
        sheet.report(line, "synthesis-unknown", f"There is no synthesis {name!r}.", hint, "synthesis")
        return False
    if syntheses[name]:
        text = f"{name} cannot be judged: {syntheses[name]}"
        sheet.report(line, "synthesis-without-result", text, "Take its rows out.", "synthesis")
        return False
    return True


def _listed(names: Collection[str]) -> str:
    return ", ".join(names) or "none; run the plans first"


@dataclass(slots=True)
class _Block:
    """The rows of one synthesis, while they are read."""

    name: str
    line: int
    sheet: Sheet
    faulty: bool = False
    known: bool = True
    given: dict[str, tuple[str, str]] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)

    def report(self, line: int, code: str, text: str, hint: str, column: str) -> None:
        self.faulty = True
        self.sheet.report(line, code, f"{self.name}: {text}", hint, column)

    def take(self, line: int, row: Mapping[str, str]) -> None:
        domain, level, reason = _word(row["domain"]), _word(row["level"]), row["reason"].strip()
        if domain not in FORM_DOMAINS:
            hint = f"Allowed are {', '.join(FORM_DOMAINS)}."
            text = f"there is no domain {row['domain']!r}." if domain else "the row names no domain."
            self.report(line, "domain-unknown", text, hint, "domain")
        elif domain in self.seen:
            text = f"{domain} stands on line {self.seen[domain]} already."
            self.report(line, "domain-twice", text, "Keep one of the two rows.", "domain")
        else:
            self.seen[domain] = line
            self._judge(line, domain, level, reason, given=row["level"])

    def _judge(self, line: int, domain: str, level: str, reason: str, *, given: str) -> None:
        allowed = ", ".join(_ALLOWED[domain])
        if not level and domain in RAISE and not reason:
            return
        if not level:
            text = f"{domain} has no level." if domain not in RAISE else f"{domain} has a reason, but no level."
            self.report(line, "level-missing", text, f"Write one of {allowed}.", "level")
        elif level not in _ALLOWED[domain]:
            text = f"{given!r} is no level of {domain}."
            self.report(line, "level-unknown", text, f"Write one of {allowed}.", "level")
        elif not reason:
            text = f"{domain} is judged {level}, and no reason is given."
            self.report(line, "reason-missing", text, "Say why in a sentence: it becomes the footnote.", "reason")
        else:
            self.given[domain] = (level, reason)

    def finished(self) -> Rating | None:
        for domain in (START, *LOWER):
            if self.known and domain not in self.seen:
                text = f"there is no row for {domain}."
                self.report(self.line, "domain-missing", text, "Add the row: a synthesis is judged whole.", "domain")
        if self.faulty:
            return None
        start, why = self.given[START]
        return Rating(self.name, cast("Certainty", start), why, tuple(self._levels()))

    def _levels(self) -> Iterator[tuple[LowerDomain | RaiseFactor, DomainLevel, str]]:
        for domain in (*LOWER, *RAISE):
            if domain in self.given:
                level, reason = self.given[domain]
                yield domain, cast("DomainLevel", level), reason


def _word(cell: str) -> str:
    """Return a word as the form writes it: ``Very serious`` is ``very-serious``."""
    return folded(cell).replace(" ", "-").replace("_", "-")
