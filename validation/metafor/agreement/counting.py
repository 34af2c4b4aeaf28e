"""What becomes of a record: numbers against tolerances, reasons for differences, and one account of all records."""

from __future__ import annotations

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from agreement.differences import DIFFERENCES, OWN_TO_R, REFUSALS

Json = dict[str, Any]  # Any: records as JSON gives them

EXACT = 1e-10
"""Relative tolerance of closed forms."""
ESTIMATE = 1e-7
"""Relative tolerance of estimates that follow from an iterative tau2."""
TAU2 = 1e-6
P_VALUE = 1e-6
"""Absolute."""
COLUMNS = ("agree", "deliberate", "refused", "objects", "left out", "beyond", "failed")
"""What a record can come to; each comes to exactly one."""


class LeftOut(Exception):  # noqa: N818 - not an error: a record of something that stromata does not do
    """The record asks for something outside this comparison; the text says what."""


class ReferenceFails(Exception):  # noqa: N818 - as above
    """The recorded answer is an error, and stromata answered."""


def real(value: object) -> float | None:
    """Return a number of a record; None for anything that is not one finite number."""
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def floats(value: object) -> list[float]:
    """Return numbers of a record, infinities too; NaN where there is none."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, dict) and "values" in value:
        value = value["values"]
    if not isinstance(value, list | tuple):
        value = [value]
    out: list[float] = []
    for each in value:
        if isinstance(each, list | tuple):
            out += floats(each)
        elif each is None or isinstance(each, str):
            out.append({"Inf": math.inf, "-Inf": -math.inf}.get(each or "", math.nan))
        else:
            out.append(float(each))
    return out


def difference(ours: float, reference: float, scale: float = 0.0) -> float:
    """Return the difference relative to the reference, or to `scale` (a standard error) where that is larger."""
    if ours == reference or (math.isnan(ours) and math.isnan(reference)):
        return 0.0
    return abs(ours - reference) / max(abs(reference), scale, 1e-300)


def texts(value: object) -> list[str]:
    return [] if value is None else [str(each) for each in (value if isinstance(value, list) else [value])]


def target(record: Json) -> Json:
    """Return the reference value; the newer metafor's where the two differ by definition."""
    newer = record.get("v5")
    value: Json = record["value"]
    return {**value, **newer} if isinstance(newer, dict) and isinstance(value, dict) else value


@dataclass
class Comparison:
    """One record being compared."""

    record: Json
    label: str
    tolerance: float = EXACT
    held: list[tuple[str, str, float, float]] = field(default_factory=list)
    """Label, quantity, difference, tolerance."""
    reasons: list[tuple[str, str]] = field(default_factory=list)
    """Codes of deliberate differences, with what was found."""
    cautions: list[str] = field(default_factory=list)
    alike: bool = False
    """Both refuse, or both say that there is no answer."""
    makes_objects: bool = False

    @property
    def fails(self) -> bool:
        """Whether the recorded answer is an error."""
        return "error" in self.record

    def reference(self, *results: object) -> Json:
        """Return the recorded value beside which `results` are put; their cautions answer the reference's warnings."""
        for result in results:
            self.cautions += [getattr(each, "code", str(each)) for each in getattr(result, "cautions", ())]
        if self.fails:
            raise ReferenceFails
        return target(self.record)

    def note(self, quantity: str, found: float, tolerance: float) -> None:
        """Count one number."""
        self.held.append((self.label, quantity, found, tolerance))

    def hold(
        self, quantity: str, ours: object, theirs: object, *, scale: float = 0.0, tolerance: float | None = None
    ) -> None:
        """Count numbers; where the reference has none there is nothing to compare."""
        mine, other = floats(ours), floats(theirs)
        if len(mine) != len(other):
            self.note(f"{quantity}: {len(mine)} numbers for {len(other)}", math.inf, 0.0)
            return
        for a, b in zip(mine, other, strict=True):
            if math.isnan(b) or (math.isinf(b) and a == b):
                continue
            found = difference(a, b, scale) if math.isfinite(a) else math.inf
            self.note(quantity, found, self.tolerance if tolerance is None else tolerance)

    def have(
        self, quantity: str, ours: float | None, theirs: object, *, scale: float = 0.0, tolerance: float | None = None
    ) -> None:
        """Count one number where both have it."""
        if ours is not None and real(theirs) is not None:
            self.hold(quantity, ours, real(theirs), scale=scale, tolerance=tolerance)

    def p(self, ours: object, theirs: object, quantity: str = "p-values (absolute)") -> None:
        """Count p-values where both have them."""
        mine, other = floats(ours), floats(theirs)
        if len(mine) != len(other):
            self.note(f"{quantity}: {len(mine)} numbers for {len(other)}", math.inf, 0.0)
            return
        for a, b in zip(mine, other, strict=True):
            if not math.isnan(b):
                self.note(quantity, abs(a - b) if math.isfinite(a) else 1.0, P_VALUE)

    def differs(self, code: str, detail: str = "") -> None:
        """Count a deliberate difference; `code` stands in `differences.DIFFERENCES`."""
        self.reasons.append((code, detail))

    def beyond(self, since: int = 0) -> float:
        """Return the worst difference beyond its tolerance since a mark; 0 when all lie within."""
        return max((found for *_, found, tolerance in self.held[since:] if not found <= tolerance), default=0.0)

    def mark(self) -> int:
        return len(self.held)

    def explain(self, since: int, code: str, detail: str = "") -> None:
        """Take back what lies beyond tolerance since a mark, for a reason that was confirmed."""
        worst = self.beyond(since)
        self.held[since:] = [each for each in self.held[since:] if each[2] <= each[3]]
        self.differs(code, f"worst {worst:.1e}; {detail}".removesuffix("; "))

    def refuses(self, error: Exception) -> None:
        """Count that stromata refuses: as the reference does, for a stated reason, or else as a fault."""
        if self.fails:
            self.alike = True
            return
        code = next((code for pattern, code in REFUSALS if re.search(pattern, str(error))), "")
        if code:
            self.differs(code, str(error)[:90])
        else:
            self.note(f"refused: {str(error)[:80]}", math.inf, 0.0)

    def column(self) -> str:
        """Return what the record comes to."""
        if self.beyond():
            return "beyond"
        if self.reasons:
            return "deliberate"
        if self.alike:
            return "refused"
        return "agree" if self.held else "objects" if self.makes_objects else "left out"


@dataclass
class Account:
    """Every record, once."""

    rows: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """Folder and id of a record to its kind and column."""
    worst: dict[tuple[str, str], tuple[float, float, str]] = field(default_factory=dict)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    beyond: list[tuple[str, str, str, float, float]] = field(default_factory=list)
    reasons: defaultdict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    left_out: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    failed: list[tuple[str, str]] = field(default_factory=list)
    warned: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    silent: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Records whose warning has no counterpart here, by the warning."""

    def enter(self, folder: str, c: Comparison, column: str, why: str = "") -> None:
        """Enter one record."""
        name, kind = str(c.record["id"]), str(c.record["kind"])
        if (folder, name) in self.rows:
            name = f"{name} #{sum(key[0] == folder for key in self.rows)}"
        self.rows[folder, name] = kind, column
        for label, quantity, found, tolerance in c.held:
            key = label, quantity
            self.counts[key] += 1
            if key not in self.worst or not found <= self.worst[key][0]:
                self.worst[key] = found, tolerance, name
            if not found <= tolerance:
                self.beyond.append((label, quantity, name, found, tolerance))
        for code in dict.fromkeys(code for code, _ in c.reasons):
            self.reasons[code].append((name, next(detail for each, detail in c.reasons if each == code)))
        if column == "left out":
            self.left_out[why or "nothing in it to compare"].append(f"{kind}: {name}")
        if column == "failed":
            self.failed.append((name, why))
        for warning in texts(c.record.get("warnings")):
            how = answer(c, column, warning)
            self.warned[wording(warning)][how] += 1
            if how == "silent":
                self.silent[wording(warning)].append(name)

    def by_kind(self) -> dict[str, Counter[str]]:
        """Return counts of columns by kind."""
        out: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for kind, column in self.rows.values():
            out[kind][column] += 1
        return out

    @property
    def status(self) -> int:
        return 3 if self.beyond or self.failed else 0

    def told(self) -> str:
        """Return the account as JSON."""
        return json.dumps(
            {
                "kinds": {kind: {"records": sum(row.values()), **row} for kind, row in sorted(self.by_kind().items())},
                "deliberate": {code: [name for name, _ in found] for code, found in sorted(self.reasons.items())},
                "left_out": dict(sorted(self.left_out.items())),
                "beyond": self.beyond,
                "failed": self.failed,
                "warnings": {text: dict(row) for text, row in sorted(self.warned.items())},
                "silent": dict(sorted(self.silent.items())),
            },
            indent=1,
        )


def wording(warning: str) -> str:
    """Return a warning without its numbers and names."""
    return re.sub(r"'[^']*'|-?\d[\d.e-]*", "_", warning.replace("\n", " "))[:90]


def answer(c: Comparison, column: str, warning: str) -> str:
    """Return how stromata answers a warning of R."""
    if any(re.search(pattern, warning) for pattern in OWN_TO_R):
        return "R's own computing"
    if column in {"left out", "failed"}:
        return "left out"
    if column == "refused" or any("refus" in detail or code.startswith("refused") for code, detail in c.reasons):
        return "refused"
    return "caution" if c.cautions else "a stated difference" if c.reasons else "silent"


def lines(account: Account, *, everything: bool = False) -> Iterator[str]:
    """Yield the account as text."""
    if everything:
        yield "| kind | quantity | values | worst difference | tolerance | record |"
        yield "| --- | --- | --- | --- | --- | --- |"
        for key in sorted(account.worst):
            worst, tolerance, record = account.worst[key]
            yield f"| {key[0]} | {key[1]} | {account.counts[key]} | {worst:.1e} | {tolerance:.0e} | {record} |"
        yield ""
    yield "| kind | records | agree | deliberate | refused | objects | left out | beyond | failed | share | settled |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    total: Counter[str] = Counter()
    for kind, row in sorted(account.by_kind().items()):
        total += row
        yield table_row(kind, row)
    yield table_row("all", total)
    yield f"\nDeliberate differences: {total['deliberate']} records"
    for code, found in sorted(account.reasons.items(), key=lambda item: -len(item[1])):
        yield f"  {len(found)} {code}: {DIFFERENCES[code]} For example {found[0][0]}: {found[0][1]}".rstrip(": ")
        for name, detail in found[1:] if everything else ():
            yield f"      {name}: {detail}"
    yield f"\nLeft out: {total['left out']} records"
    for why, names in sorted(account.left_out.items(), key=lambda item: -len(item[1])):
        yield f"  {len(names)} {why}. For example {names[0]}"
        for name in names[1:] if everything else ():
            yield f"      {name}"
    answers: Counter[str] = Counter()
    for row in account.warned.values():
        answers += row
    yield f"\nWarnings of R: {answers.total()}, answered by {dict(answers.most_common())}"
    for text, row in sorted(account.warned.items(), key=lambda item: -item[1].total()):
        if everything or row["silent"]:
            yield f"  {dict(row.most_common())} {text}" + (
                f" Silent: {account.silent[text][0]}" if row["silent"] else ""
            )
    yield f"\nBeyond tolerance: {total['beyond']} records"
    for label, quantity, name, found_, tolerance in account.beyond if everything else account.beyond[:60]:
        yield f"  {name} {label} {quantity}: {found_:.3e} > {tolerance:.0e}"
    yield f"Failed: {total['failed']} records"
    for name, why in account.failed if everything else account.failed[:60]:
        yield f"  {name}: {why}"


def table_row(kind: str, row: Counter[str]) -> str:
    """Return one line of the table; the shares leave out records that only make objects."""
    asked = row.total() - row["objects"]
    agree, settled = (
        (row["agree"] + row["refused"], row["agree"] + row["refused"] + row["deliberate"]) if asked else (0, 0)
    )
    shares = [f"{100 * part / asked:.1f} %" if asked else "" for part in (agree, settled)]
    numbers = [row.total(), *(row[name] for name in COLUMNS)]
    return f"| {kind} | {' | '.join(map(str, numbers))} | {' | '.join(shares)} |"
