"""What follows from other fields of a record: a dose by weight from dose and weight, minutes from two times.

Only what is stated exactly is used; nothing is assumed. Where a record states the result as well, both must agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from stromata.model import Problem
from stromata.model.standards import RecordEntry
from stromata.standards.fields import find

AGREEMENT = 0.01
"""Two ways to one number may differ by this share of the larger one, for rounding."""

Formula = Callable[..., float | None]


@dataclass(frozen=True, slots=True)
class _Way:
    """A field that follows from others, and how to say so, where a record does not state `without`.

    Each formula grows with its first number.
    """

    target: str
    needs: tuple[str, ...]
    formula: Formula
    text: str
    without: str = ""


def moment(text: str) -> datetime | date:
    """Return an ISO text as a day, or as a moment where it has a time."""
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def _minutes(start: str, end: str) -> float | None:
    """Return the minutes from one moment to a later one; None where one has no time, or only one has a zone."""
    first, last = moment(start), moment(end)
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        return None
    if (first.tzinfo is None) != (last.tzinfo is None) or last < first:
        return None
    return (last - first).total_seconds() / 60


def _days(one: str, other: str) -> float:
    return float(abs((date.fromisoformat(one[:10]) - date.fromisoformat(other[:10])).days))


def _ratio(over: float, under: float) -> float | None:
    return over / under if under > 0 else None


def _hourly(per_ml: float, volume_ml: float, weight_kg: float, minutes: float) -> float | None:
    """Return EU per kg in the hour in which most is given: a shorter infusion is all given within one hour."""
    hours = max(minutes / 60, 1.0)
    return per_ml * volume_ml / weight_kg / hours if weight_kg > 0 else None


_WAYS = (
    _Way("dose_cells_per_kg", ("dose_cells_total", "body_weight_kg"), _ratio, "dose in cells over body weight"),
    _Way("dmso_g_per_kg", ("dmso_g", "body_weight_kg"), _ratio, "DMSO over body weight"),
    _Way("thaw_to_infusion_minutes", ("thaw_datetime", "infusion_datetime"), _minutes, "thawing to infusion"),
    _Way("infusion_duration_minutes", ("infusion_datetime", "infusion_end_datetime"), _minutes, "start to end"),
    _Way("infusion_rate_ml_per_min", ("infusion_volume_ml", "infusion_duration_minutes"), _ratio, "volume over time"),
    _Way(
        "endotoxin_eu_per_kg_per_hour",
        ("endotoxin_eu_per_ml", "infusion_volume_ml", "body_weight_kg", "infusion_duration_minutes"),
        _hourly,
        "concentration times volume over body weight and hours (at least one)",
    ),
    _Way(
        "donor_specimen_interval_days",
        ("donor_specimen_datetime", "collection_datetime"),
        _days,
        "days between donor specimen and collection",
    ),
    _Way("donor_age_months", ("donor_age_years",), lambda years: years * 12, "age in years times twelve"),
    _Way("cd14_or_cd11b_pct", ("cd14_pct", "cd11b_pct"), max, "the larger of the two"),
    _Way("cd14_or_cd11b_pct", ("cd14_pct",), float, "CD14", without="cd11b_pct"),
    _Way("cd14_or_cd11b_pct", ("cd11b_pct",), float, "CD11b", without="cd14_pct"),
    _Way("cd79a_or_cd19_pct", ("cd79a_pct", "cd19_pct"), max, "the larger of the two"),
    _Way("cd79a_or_cd19_pct", ("cd79a_pct",), float, "CD79a", without="cd19_pct"),
    _Way("cd79a_or_cd19_pct", ("cd19_pct",), float, "CD19", without="cd79a_pct"),
)


_TOGETHER: Mapping[str, tuple[str, ...]] = {
    "donor_nat_hiv_hbv_hcv": ("donor_nat_hiv_1", "donor_nat_hcv", "donor_nat_hbv")
}
"""Fields of one test that looks for several things at once: its result is that of each which has no own result."""


def with_worked_out(entries: Iterable[RecordEntry]) -> tuple[dict[str, RecordEntry], tuple[Problem, ...]]:
    """Return the entries by field, with what follows from them, and a problem where two ways do not agree.

    A bounded number (``< 0.25``) carries its bound along where more of it makes more of the result, and is not used
    otherwise.
    """
    found = {entry.field: entry for entry in entries}
    for name, parts in _TOGETHER.items():
        if name in found:
            note = f"{found[name].note} Stated by {name}, one test for all.".strip()
            found |= {part: replace(found[name], field=part, note=note) for part in parts if part not in found}
    problems: list[Problem] = []
    given = frozenset(found)
    for way in _WAYS:
        entry = _worked(way, found)
        stated = found.get(way.target)
        if entry is None or way.without in given:
            continue
        if stated is None:
            found[way.target] = entry
        elif way.target in given:
            problems.extend(_differ(stated, entry))
    return found, tuple(problems)


def _worked(way: _Way, found: Mapping[str, RecordEntry]) -> RecordEntry | None:
    needed = [found.get(name) for name in way.needs]
    values = [entry.value for entry in needed if entry is not None and isinstance(entry.value, int | float | str)]
    bounded = [place for place, entry in enumerate(needed) if entry is not None and entry.relation]
    usable = len(values) == len(way.needs) and not any(isinstance(value, bool) for value in values)
    field = find(way.target)
    if not usable or field is None or "not done" in values or (bounded and (bounded != [0] or way.formula is max)):
        return None
    result = way.formula(*values)
    if result is None:
        return None
    note = f"Worked out from {' and '.join(way.needs)}: {way.text}."
    first = needed[0]
    relation = first.relation if first is not None else ""
    return RecordEntry(
        way.target, float(f"{result:.12g}"), field.unit, relation, text=f"{relation} {result:.6g}".strip(), note=note
    )


def _differ(stated: RecordEntry, entry: RecordEntry) -> Iterator[Problem]:
    if not isinstance(stated.value, float) or not isinstance(entry.value, float) or stated.relation:
        return
    if abs(stated.value - entry.value) <= AGREEMENT * max(abs(stated.value), abs(entry.value)):
        return
    yield Problem(
        stated.line,
        "do-not-agree",
        f"{stated.field} is stated as {stated.text}, but {entry.text} {entry.unit} follows from the other fields. "
        "The stated value is used.",
        f"Correct one of them. {entry.note}",
        stated.place,
    )
