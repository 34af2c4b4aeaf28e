"""From counts and means to effect sizes, with zero cells handled in the open.

K is the number of studies; every column has K entries in the order of the studies.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from stromata.errors import InvalidInput
from stromata.model import EffectSize, Interval
from stromata.synthesis.intervals import FloatArray, check_level, exact_interval, normal_quantile, wilson_interval
from stromata.synthesis.measures import Columns, Kind, Measure, get_measure

ZeroCells = Literal["only0", "all", "if0all", "none"]
"""Which studies get the correction: those with a zero cell, all, all once any has one, or none."""

_COUNTS = frozenset({"xi", "ni", "ai", "bi", "ci", "di", "n1i", "n2i"})
_TOTALS = frozenset({"ni", "n1i", "n2i"})
_DEVIATIONS = frozenset({"sdi", "sd1i", "sd2i"})
_ARM_OF = {"xi": "ni", "ai": "n1i", "ci": "n2i"}

_MIN_ARM = 2.0
"""People per arm below which a standard deviation cannot have been computed."""


@dataclass(frozen=True, slots=True)
class BadCell:
    """An impossible value. `row` counts studies from 1; `reason` completes "<column> is <value>: ..."."""

    row: int
    column: str
    value: float
    reason: str

    def __str__(self) -> str:
        return f"row {self.row}, {self.column} is {self.value:g}: {self.reason}"


def effect_sizes(
    measure: str,
    *,
    labels: Sequence[str] = (),
    studies: Sequence[str] = (),
    groups: Sequence[str] = (),
    data_points: Sequence[tuple[str, ...]] = (),
    add: float | None = None,
    to: ZeroCells = "only0",
    drop00: bool = False,
    level: float = 0.95,
    **columns: npt.ArrayLike,
) -> tuple[EffectSize, ...]:
    """Compute one effect size per study.

    Parameters
    ----------
    measure : name of an entry of `stromata.synthesis.MEASURES`, such as ``PLO``.
    labels, studies, groups, data_points : (K,) what goes into the fields of `EffectSize`; labels default to 1 to K.
    add : added to each cell of a study that is corrected; None is the measure's default (1/2, and 0 for PAS and PFT,
        which exist without a correction).
    to : which studies are corrected. With ``none``, an estimate that does not exist is None.
    drop00 : a two-arm study in which nobody, or everybody, had the event gives no estimate.
    level : coverage of the intervals on the natural scale.
    columns : (K,) numbers under the names that the measure needs, such as ``xi=[8, 0], ni=[17, 6]``.

    Returns
    -------
    Effects in the order of the studies. One that got a correction is marked `adjusted`. The natural interval of a
    proportion is exact and never corrected; others are the estimate plus and minus z standard errors, transformed.

    Raises
    ------
    InvalidInput
        Unknown measure, missing or unequal columns, or impossible values: negative or fractional counts, more events
        than people, no people, a standard deviation that is not above 0, anything not finite. All bad cells are named
        at once, before anything is computed.

    Examples
    --------
    >>> effect = effect_sizes("PLO", labels=["Pilot"], xi=[6], ni=[6], to="none")[0]
    >>> effect.yi is None, round(effect.natural.ci_low, 3), effect.natural.ci_high
    (True, 0.541, 1.0)

    References
    ----------
    Viechtbauer (2010), Journal of Statistical Software 36(3), for the meaning of `add`, `to` and `drop00`.
    """
    entry = get_measure(measure)
    check_level(level)
    names = choose_columns(entry, columns.keys())
    given = _as_arrays(names, columns)
    size = len(given[names[0]])
    bad = bad_cells(given)
    if bad:
        raise InvalidInput(
            f"{len(bad)} impossible values for {measure}: " + "; ".join(str(cell) for cell in bad),
            hint="Correct these rows or leave them out.",
        )
    yi, vi, adjusted = _compute(entry, given, add=entry.add if add is None else add, to=to, drop00=drop00)
    texts = {
        "labels": tuple(labels) or tuple(str(row + 1) for row in range(size)),
        "studies": tuple(studies) or ("",) * size,
        "groups": tuple(groups) or ("",) * size,
    }
    points = tuple(data_points) or ((),) * size
    for name, values in (*texts.items(), ("data_points", points)):
        if len(values) != size:
            raise InvalidInput(f"{len(values)} {name} for {size} studies; there must be one each")
    effects = []
    for row in range(size):
        bare = EffectSize(
            label=texts["labels"][row],
            measure=entry.name,
            yi=_or_none(yi[row]) if math.isfinite(vi[row]) else None,
            vi=_or_none(vi[row]) if math.isfinite(yi[row]) else None,
            natural=Interval(None, None, None),
            inputs=tuple((name, float(given[name][row])) for name in names),
            study=texts["studies"][row],
            group=texts["groups"][row],
            data_points=points[row],
            adjusted=bool(adjusted[row]),
        )
        effects.append(at_level(bare, level))
    return tuple(effects)


def at_level(effect: EffectSize, level: float) -> EffectSize:
    """Return `effect` with its intervals on the natural scale at coverage `level`."""
    entry = get_measure(effect.measure)
    counts = dict(effect.inputs)
    if entry.kind == "proportion" and "xi" in counts and "ni" in counts:
        x, n = counts["xi"], counts["ni"]
        return replace(
            effect,
            natural=Interval(x / n, *exact_interval(x, n, level)),
            wilson=Interval(x / n, *wilson_interval(x, n, level)),
        )
    if effect.yi is None or effect.vi is None:
        return effect
    half = normal_quantile(level) * math.sqrt(max(effect.vi, 0.0))
    n = total(effect) or 1.0
    bounds = (entry.to_natural(value, n) for value in (effect.yi, effect.yi - half, effect.yi + half))
    return replace(effect, natural=Interval(*bounds))


def uncorrected(effect: EffectSize) -> EffectSize:
    """Return a proportion without any correction: its estimate and variance are None with no or only events."""
    if not effect.adjusted:
        return effect
    given = {name: np.array([value]) for name, value in effect.inputs}
    yi, vi, _ = _compute(get_measure(effect.measure), given, add=0.0, to="none", drop00=False)
    exists = bool(np.isfinite(yi[0]) and np.isfinite(vi[0]))
    return replace(effect, yi=float(yi[0]) if exists else None, vi=float(vi[0]) if exists else None, adjusted=False)


def total(effect: EffectSize) -> float:
    """Return the people behind an effect, all arms together; 0 when its inputs do not say."""
    counts = dict(effect.inputs)
    one_arm = [counts[name] for name in ("ni", "n1i", "n2i") if name in counts]
    return float(sum(one_arm)) if one_arm else float(sum(counts.get(name, 0.0) for name in ("ai", "bi", "ci", "di")))


def events(effect: EffectSize) -> float:
    """Return the events behind an effect, all arms together; 0 for means."""
    counts = dict(effect.inputs)
    return float(sum(counts.get(name, 0.0) for name in ("xi", "ai", "ci")))


def choose_columns(measure: Measure, given: Iterable[str]) -> tuple[str, ...]:
    """Return the set of columns to compute `measure` from.

    Raises
    ------
    InvalidInput
        What is given is not one of the measure's sets.
    """
    names = frozenset(given)
    for wanted in measure.columns:
        if frozenset(wanted) == names:
            return wanted
    allowed = " or ".join(", ".join(wanted) for wanted in measure.columns)
    raise InvalidInput(
        f"{measure.name} got the columns {', '.join(sorted(names)) or '(none)'}; it needs {allowed}",
        hint="Name each column it needs, and no other.",
    )


def bad_cells(columns: Columns) -> tuple[BadCell, ...]:
    """Return every impossible value of `columns`, by row and then by column."""
    found = []
    for name, values in columns.items():
        for row, value in enumerate(values):
            reason = _reason(name, float(value))
            if not reason and name in _ARM_OF and _ARM_OF[name] in columns:
                arm = float(columns[_ARM_OF[name]][row])
                reason = f"more than the total of {arm:g}" if 0 <= arm < value else ""
            if reason:
                found.append(BadCell(row + 1, name, float(value), reason))
    for first, second in (("ai", "bi"), ("ci", "di")):
        if first in columns and second in columns:
            empty = np.flatnonzero((columns[first] == 0) & (columns[second] == 0))
            found += [BadCell(int(row) + 1, second, 0.0, f"with {first} of 0 it makes an empty arm") for row in empty]
    if "n1i" in columns and "m1i" in columns and not any(cell.column in _TOTALS for cell in found):
        small = np.flatnonzero(columns["n1i"] + columns["n2i"] < 2 * _MIN_ARM)
        found += [
            BadCell(int(row) + 1, "n1i", float(columns["n1i"][row]), "fewer than 4 in both arms") for row in small
        ]
    order = {name: place for place, name in enumerate(columns)}
    return tuple(sorted(found, key=lambda cell: (cell.row, order[cell.column])))


def _reason(name: str, value: float) -> str:
    if not math.isfinite(value):
        return "it must be a finite number"
    if name in _COUNTS and value < 0:
        return "a count cannot be negative"
    if name in _TOTALS and value == 0:
        return "an arm needs at least one person"
    if name in _COUNTS and value != math.floor(value):
        return "a count must be whole"
    if name in _DEVIATIONS and value <= 0:
        return "a standard deviation must be above 0"
    return ""


def _as_arrays(names: tuple[str, ...], columns: Mapping[str, npt.ArrayLike]) -> dict[str, FloatArray]:
    arrays = {}
    for name in names:
        try:
            arrays[name] = np.atleast_1d(np.asarray(columns[name], dtype=np.float64))
        except (TypeError, ValueError) as error:
            raise InvalidInput(f"column {name} holds something that is not a number: {error}") from error
        if arrays[name].ndim != 1:
            raise InvalidInput(f"column {name} has {arrays[name].ndim} dimensions; it must have one")
    lengths = {name: len(values) for name, values in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise InvalidInput(
            "columns of unequal length: " + ", ".join(f"{name} has {length}" for name, length in lengths.items())
        )
    return arrays


def _compute(
    measure: Measure, given: Columns, *, add: float, to: ZeroCells, drop00: bool
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.bool_]]:
    """Return estimates, variances (NaN or infinite where they do not exist) and who got a correction, each (K,)."""
    if not math.isfinite(add) or add < 0:
        raise InvalidInput(f"add is {add!r}; it must be a finite number, 0 or above")
    cells = _cells(measure.kind, given)
    adjusted = np.zeros(len(next(iter(given.values()))), dtype=np.bool_)
    if measure.kind in {"proportion", "two-by-two"}:
        adjusted = _who(np.column_stack(list(cells.values())), to) & (add > 0)
        cells = {name: values + add * adjusted for name, values in cells.items()}
    whole = {"xi": cells["xi"], "ni": cells["xi"] + cells["mi"]} if measure.kind == "proportion" else cells
    with np.errstate(all="ignore"):  # zero cells left uncorrected give infinities, which the caller reads as "none"
        yi, vi = measure.compute(whole)
    if drop00 and measure.kind == "two-by-two":
        neither = (given["ai"] == 0) & (given["ci"] == 0)
        original = _cells(measure.kind, given)
        everybody = (original["bi"] == 0) & (original["di"] == 0)
        yi = np.where(neither | everybody, np.nan, yi)
        adjusted = adjusted & ~(neither | everybody)
    return yi, vi, adjusted


def _cells(kind: Kind, given: Columns) -> dict[str, FloatArray]:
    """Return what a correction is added to: the two cells of one arm, the four of two; means as they are."""
    if kind == "proportion":
        return {"xi": given["xi"], "mi": given["ni"] - given["xi"]}
    if kind == "two-by-two" and "n1i" in given:
        return {
            "ai": given["ai"],
            "bi": given["n1i"] - given["ai"],
            "ci": given["ci"],
            "di": given["n2i"] - given["ci"],
        }
    return dict(given)


def _who(cells: npt.NDArray[np.float64], to: ZeroCells) -> npt.NDArray[np.bool_]:
    zero: npt.NDArray[np.bool_] = np.any(cells == 0, axis=1)
    if to == "only0":
        return zero
    if to == "none":
        return np.zeros_like(zero)
    if to == "all":
        return np.ones_like(zero)
    if to == "if0all":
        return np.full_like(zero, bool(zero.any()))
    raise InvalidInput(f"to is {to!r}; it must be only0, all, if0all or none")


def _or_none(value: np.float64) -> float | None:
    return float(value) if math.isfinite(value) else None
