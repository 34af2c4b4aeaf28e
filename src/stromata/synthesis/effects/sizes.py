"""From counts, means and printed results to effect sizes, with zero cells handled in the open.

K is the number of studies; every column has K entries in the order of the studies.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from stromata.errors import InvalidInput
from stromata.model import EffectSize, Interval
from stromata.synthesis.effects.columns import (
    MOST,
    as_arrays,
    check,
    choose_columns,
    label_texts,
    one_dimensional,
    whole_table,
)
from stromata.synthesis.effects.correlations import printed
from stromata.synthesis.effects.measures import Columns, Correction, Measure, VarianceType, get_measure
from stromata.synthesis.intervals import (
    FloatArray,
    check_level,
    exact_bounds,
    exact_rate_bounds,
    normal_quantile,
    number,
    wilson_bounds,
)

ZeroCells = Literal["only0", "all", "if0all", "none"]
"""Which studies get the correction: those with a zero cell, all, all once any has one, or none."""

_COUNTED = frozenset({"proportion", "rate", "two-by-two", "two-rates", "pairs"})
"""Kinds of measures that count events."""

_NOTHING = Interval(None, None, None)

_LOPSIDED = 0.1
"""Share of its interval's width by which an estimate may miss the middle: more than rounding of the bounds explains."""


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
    vtype: VarianceType | None = None,
    correct: Correction | None = None,
    ci_level: float = 0.95,
    level: float = 0.95,
    **columns: npt.ArrayLike,
) -> tuple[EffectSize, ...]:
    """Compute one effect size per study.

    Parameters
    ----------
    measure : name of an entry of `stromata.synthesis.MEASURES`, such as ``PLO``.
    labels, studies, groups, data_points : (K,) what goes into the fields of `EffectSize`; labels default to 1 to K.
    add : added to each cell of a study that is corrected; None is the measure's default (1/2, and 0 for AS, PHI, RTET,
        PAS, PFT, IRS, IRFT and IRSD, which exist without a correction).
    to : which studies are corrected. With ``none``, an estimate that does not exist is None.
    drop00 : a two-arm study in which nobody, or everybody, had the event gives no estimate.
    vtype : how the sampling variance is computed; None is the measure's default. What there is stands in its `vtypes`.
    correct : how bias is taken from the estimate; None is the measure's default. What there is stands in its
        `corrections`.
    ci_level : coverage of the intervals that were printed, when `ci_lb` and `ci_ub` are given.
    level : coverage of the intervals on the natural scale.
    columns : (K,) numbers under the names that the measure needs, such as ``xi=[8, 0], ni=[17, 6]``.

    Returns
    -------
    Effects in the order of the studies. One that got a correction is marked `adjusted`. The natural interval of a
    proportion or a rate is exact and never corrected; others are the estimate plus and minus z standard errors,
    transformed.

    Raises
    ------
    InvalidInput
        Unknown measure, columns that it does not take, missing or unequal columns, a `vtype` or `correct` that it does
        not have, or impossible values: negative or fractional counts, more events than people, no people, too few
        people for the measure, a standard deviation that is not above 0, a correlation of 1 or more, an estimate
        outside its interval, anything not finite. All bad cells are named, by study and column, before anything is
        computed.

    Examples
    --------
    >>> effect = effect_sizes("PLO", labels=["Pilot"], xi=[6], ni=[6], to="none")[0]
    >>> effect.yi is None, round(effect.natural.ci_low, 3), effect.natural.ci_high
    (True, 0.541, 1.0)
    >>> hazard = effect_sizes("HR", out=[0.7], ci_lb=[0.5], ci_ub=[0.98])[0]
    >>> round(hazard.yi, 4), round(hazard.vi, 4)
    (-0.3567, 0.0295)

    References
    ----------
    Viechtbauer (2010), Journal of Statistical Software 36(3), for the meaning of `add`, `to`, `drop00` and `vtype`.
    """
    entry = get_measure(measure)
    check_level(level)
    names = choose_columns(entry, columns.keys())
    given = as_arrays(names, columns)
    one_dimensional(given)
    names_of_studies = label_texts(labels)
    check(entry, given, labels=names_of_studies)
    given = whole_table(entry, given)
    computed = _compute(entry, given, add=add, to=to, drop00=drop00, vtype=vtype, correct=correct, ci_level=ci_level)
    size = len(given[names[0]])
    if "ci_lb" in given:
        given["ci_level"] = np.full(size, ci_level)
    texts = _texts(size, labels=names_of_studies, studies=studies, groups=groups, data_points=data_points)
    return _assembled(entry, given, computed, texts, level)


def effect_arrays(
    measure: str,
    *,
    add: float | None = None,
    to: ZeroCells = "only0",
    drop00: bool = False,
    vtype: VarianceType | None = None,
    correct: Correction | None = None,
    ci_level: float = 0.95,
    **columns: npt.ArrayLike,
) -> tuple[FloatArray, FloatArray]:
    """Compute estimates and sampling variances as arrays: what `effect_sizes` computes, without anything around it.

    For simulations and for many syntheses at once.

    Parameters
    ----------
    measure, add, to, drop00, vtype, correct, ci_level : as `effect_sizes`.
    columns : (..., K) numbers; the last axis holds the studies of one synthesis, which ``to="if0all"`` and averages
        over studies (`vtype` AV) look at; axes before it are separate syntheses.

    Returns
    -------
    Estimates and sampling variances of the same shape; both NaN where one does not exist, or where counts beyond
    2^53 make the variance too small for a floating-point number.

    Raises
    ------
    InvalidInput
        As `effect_sizes`.

    Examples
    --------
    >>> y, v = effect_arrays("RD", ai=[[3, 0], [2, 5]], n1i=[[9, 8], [9, 8]], ci=[[1, 0], [4, 4]], n2i=[[9, 9], [9, 9]])
    >>> y.shape
    (2, 2)
    """
    entry = get_measure(measure)
    given = as_arrays(choose_columns(entry, columns.keys()), columns)
    check(entry, given)
    yi, vi, _ = _compute(
        entry,
        whole_table(entry, given),
        add=add,
        to=to,
        drop00=drop00,
        vtype=vtype,
        correct=correct,
        ci_level=ci_level,
    )
    # without any correction a variance may be 0; of astronomic counts it is one that no floating-point number holds
    vanished = (vi == 0) & np.any([np.abs(values) > MOST for values in given.values()], axis=0)
    known = np.isfinite(yi) & np.isfinite(vi) & ~vanished
    return np.where(known, yi, np.nan), np.where(known, vi, np.nan)


def at_level(effect: EffectSize, level: float) -> EffectSize:
    """Return `effect` with its intervals on the natural scale at coverage `level`."""
    return at_levels((effect,), level)[0]


def at_levels(effects: Sequence[EffectSize], level: float) -> tuple[EffectSize, ...]:
    """Return the effects, in their order, with their intervals on the natural scale at coverage `level`."""
    found = list(effects)
    alike: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for place, effect in enumerate(effects):
        alike.setdefault((effect.measure, tuple(name for name, _ in effect.inputs)), []).append(place)
    for (measure, names), places in alike.items():
        rows = [[value for _, value in effects[place].inputs] for place in places]
        numbers = np.array(rows, dtype=np.float64).reshape(len(places), len(names))
        given = {name: numbers[:, i] for i, name in enumerate(names)}
        y, v = (
            np.array([math.nan if value is None else value for value in values], dtype=np.float64)
            for values in ([effects[place].yi for place in places], [effects[place].vi for place in places])
        )
        intervals = _intervals(get_measure(measure), given, y, v, level)
        for place, (natural, wilson) in zip(places, intervals, strict=True):
            if natural is not _NOTHING:
                found[place] = replace(effects[place], natural=natural, wilson=wilson)
    return tuple(found)


def uncorrected(effect: EffectSize) -> EffectSize:
    """Return an effect without any correction: its estimate and variance are None where they then do not exist."""
    if not effect.adjusted:
        return effect
    given = {name: np.array([value]) for name, value in effect.inputs}
    yi, vi, _ = _compute(get_measure(effect.measure), given, add=0.0, to="none")
    exists = bool(np.isfinite(yi[0]) and np.isfinite(vi[0]))
    return replace(effect, yi=float(yi[0]) if exists else None, vi=float(vi[0]) if exists else None, adjusted=False)


def total(effect: EffectSize) -> float:
    """Return the people behind an effect, all arms together; 0 when its inputs do not say."""
    counts = dict(effect.inputs)
    one_arm = [counts[name] for name in ("ni", "n1i", "n2i") if name in counts]
    if one_arm:
        return float(sum(one_arm))
    if "ri" in counts and "di" in counts:  # two margins of the same pairs
        return float(counts["ai"] + counts["bi"])
    return float(sum(counts.get(name, 0.0) for name in ("ai", "bi", "ci", "di")))


def events(effect: EffectSize) -> float:
    """Return the events behind an effect, all arms together; 0 for measures that count none."""
    if get_measure(effect.measure).kind not in _COUNTED:
        return 0.0
    counts = dict(effect.inputs)
    return float(sum(counts.get(name, 0.0) for name in ("xi", "ai", "ci", "x1i", "x2i")))


def counted(effect: EffectSize) -> bool:
    """Return whether the effect's inputs hold counts of events."""
    return get_measure(effect.measure).kind in _COUNTED and not {"yi", "out"} & dict(effect.inputs).keys()


def scale_size(effects: Sequence[EffectSize]) -> float:
    """Return the harmonic mean of the sizes that undo a double root: people of PFT, time of IRFT; 1 without sizes.

    References
    ----------
    Miller (1978), The American Statistician 32, 138.
    """
    if not effects:
        return 1.0
    sizes = [dict(effect.inputs).get("ti" if effect.measure == "IRFT" else "ni", 0.0) for effect in effects]
    return len(sizes) / sum(1 / size for size in sizes) if min(sizes) > 0 else 1.0


def lopsided(effect: EffectSize) -> bool:
    """Return whether a printed estimate lies off the middle of its printed interval by more than rounding explains.

    The middle is that of the analysis scale: of the logarithms for a ratio.
    """
    given = dict(effect.inputs)
    if "ci_lb" not in given or effect.yi is None:
        return False
    low, high = (math.log(given[name]) if "out" in given else given[name] for name in ("ci_lb", "ci_ub"))
    return abs(effect.yi - (low + high) / 2) > _LOPSIDED * (high - low)


def _assembled(
    measure: Measure,
    given: Columns,
    computed: tuple[FloatArray, FloatArray, npt.NDArray[np.bool_]],
    texts: tuple[Sequence[Any], ...],  # Any: texts and tuples of texts
    level: float,
) -> tuple[EffectSize, ...]:
    """Put numbers and texts together, one effect per study."""
    yi, vi, adjusted = computed
    known = np.isfinite(yi) & np.isfinite(vi)
    intervals = _intervals(measure, given, yi, vi, level)
    keys, rows = tuple(given), zip(*(values.tolist() for values in given.values()), strict=True)
    labels, studies, groups, points = texts
    numbers = zip(yi.tolist(), vi.tolist(), known.tolist(), adjusted.tolist(), strict=True)
    return tuple(
        EffectSize(
            label,
            measure.name,
            y if exists else None,
            v if exists else None,
            natural,
            tuple(zip(keys, row, strict=True)),
            study,
            group,
            point,
            None,
            wilson,
            changed,
        )
        for (y, v, exists, changed), (natural, wilson), row, label, study, group, point in zip(
            numbers, intervals, rows, labels, studies, groups, points, strict=True
        )
    )


def _texts(
    size: int,
    *,
    labels: Sequence[str],
    studies: Sequence[str],
    groups: Sequence[str],
    data_points: Sequence[tuple[str, ...]],
) -> tuple[Sequence[Any], ...]:  # Any: texts and tuples of texts
    found = (
        ("labels", tuple(labels) or tuple(map(str, range(1, size + 1)))),
        ("studies", tuple(studies) or ("",) * size),
        ("groups", tuple(groups) or ("",) * size),
        ("data_points", tuple(data_points) or ((),) * size),
    )
    for name, values in found:
        if len(values) != size:
            raise InvalidInput(f"{len(values)} {name} for {size} studies; there must be one each")
    return tuple(values for _, values in found)


def _intervals(
    measure: Measure, given: Columns, yi: FloatArray, vi: FloatArray, level: float
) -> list[tuple[Interval, Interval | None]]:
    """Return each study's interval on the natural scale, and Wilson's for proportions."""
    if measure.kind == "proportion" and "ni" in given:
        x, n = given["xi"], given["ni"]
        columns = (x / n, *exact_bounds(x, n, level), *wilson_bounds(x, n, level))
        rows = zip(*(values.tolist() for values in columns), strict=True)
        return [(Interval(p, low, high), Interval(p, below, above)) for p, low, high, below, above in rows]
    if measure.kind == "rate" and "ti" in given:
        x, t = given["xi"], given["ti"]
        low, high = exact_rate_bounds(x, t, level)
        found = zip((x / t).tolist(), low.tolist(), high.tolist(), strict=True)
        return [(Interval(*row), None) for row in found]
    known = np.isfinite(yi) & np.isfinite(vi)
    half = normal_quantile(level) * np.sqrt(np.where(known, np.maximum(vi, 0.0), 0.0))
    yi = np.where(known, yi, 0.0)
    one = np.ones_like(yi)
    bounds = [measure.back(values, one).tolist() for values in (yi, yi - half, yi + half)]
    return [
        (Interval(*row) if exists else _NOTHING, None) for *row, exists in zip(*bounds, known.tolist(), strict=True)
    ]


def _compute(
    measure: Measure,
    given: Columns,
    *,
    add: float | None,
    to: ZeroCells,
    drop00: bool = False,
    vtype: VarianceType | None = None,
    correct: Correction | None = None,
    ci_level: float = 0.95,
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.bool_]]:
    """Return estimates, variances (NaN or infinite where they do not exist) and who got a correction, all one shape."""
    amount = measure.add if add is None else number("add", add, "a finite number, 0 or above", lambda part: part >= 0)
    options = _options(measure, vtype=vtype, correct=correct)
    if "yi" in given or "out" in given:
        check_level(ci_level)
        yi, vi = printed(given, level=ci_level)
        return yi, vi, np.zeros(yi.shape, dtype=np.bool_)
    cells = _cells(measure, given)
    dropped = _same_everywhere(measure, cells) if drop00 else None
    adjusted = _who(measure, cells, to, dropped) & (amount > 0)
    if adjusted.any() and measure.kind in _CORRECTED:
        cells = {
            name: values + amount * adjusted if name in _CORRECTED[measure.kind] else values
            for name, values in cells.items()
        }
    if measure.kind == "proportion":
        cells = {"xi": cells["xi"], "ni": cells["xi"] + cells["mi"]}
    if dropped is not None and dropped.any():
        cells = {name: np.where(dropped, np.nan, values) for name, values in cells.items()}
    with np.errstate(all="ignore"):  # zero cells left uncorrected give infinities, which the caller reads as "none"
        yi, vi = measure.compute(cells, **options)
    return yi, vi, adjusted


def _options(measure: Measure, *, vtype: VarianceType | None, correct: Correction | None) -> dict[str, str]:
    """Return the options that differ from the measure's defaults."""
    found: dict[str, str] = {}
    for name, value, allowed in (("vtype", vtype, measure.vtypes), ("correct", correct, measure.corrections)):
        if value is None or value == (allowed[0] if allowed else "none"):
            continue
        if value not in allowed:
            there = ", ".join(allowed) if allowed else "none"
            raise InvalidInput(f"{measure.name} has no {name} {value!r}", hint=f"There are: {there}.")
        found[name] = value
    return found


_CORRECTED: dict[str, tuple[str, ...]] = {
    "proportion": ("xi", "mi"),
    "rate": ("xi",),
    "two-by-two": ("ai", "bi", "ci", "di"),
    "pairs": ("ai", "bi", "ci", "di"),
    "two-rates": ("x1i", "x2i"),
    "genotypes": ("ai", "bi", "ci"),
}
"""The cells that a correction looks at and adds to, by kind; measures of other kinds have none."""


def _cells(measure: Measure, given: Columns) -> dict[str, FloatArray]:
    """Return what is computed from: the two cells of one arm, the four of two; other columns as they are."""
    if measure.kind == "proportion":
        return {"xi": given["xi"], "mi": given["ni"] - given["xi"]}
    if measure.kind == "two-by-two" and "n1i" in given:
        return {
            "ai": given["ai"],
            "bi": given["n1i"] - given["ai"],
            "ci": given["ci"],
            "di": given["n2i"] - given["ci"],
        }
    return dict(given)


def _same_everywhere(measure: Measure, cells: Columns) -> npt.NDArray[np.bool_] | None:
    """Return the two-arm studies in which nobody, or everybody, had the event; None for other kinds."""
    same: npt.NDArray[np.bool_]
    if measure.kind == "two-by-two":
        same = (cells["ai"] + cells["ci"] == 0) | (cells["bi"] + cells["di"] == 0)
    elif measure.kind == "two-rates":
        same = cells["x1i"] + cells["x2i"] == 0
    else:
        return None
    return same


def _who(
    measure: Measure, cells: Columns, to: ZeroCells, dropped: npt.NDArray[np.bool_] | None
) -> npt.NDArray[np.bool_]:
    """Return the studies that get a correction; those that are dropped get none and call for none."""
    if to not in {"only0", "all", "if0all", "none"}:
        raise InvalidInput(f"to is {to!r}; it must be only0, all, if0all or none")
    shape = next(iter(cells.values())).shape
    looked_at = _CORRECTED.get(measure.kind, ())
    zero = np.zeros(shape, dtype=np.bool_)
    if not looked_at or to == "none":
        return zero
    for name in looked_at:
        zero |= cells[name] == 0
    kept = np.ones(shape, dtype=np.bool_) if dropped is None else ~dropped
    if to == "only0":
        return zero & kept
    if to == "all":
        return kept
    found: npt.NDArray[np.bool_] = kept & np.any(zero & kept, axis=-1, keepdims=True)
    return found
