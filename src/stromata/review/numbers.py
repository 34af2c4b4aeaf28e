"""From the data points of an arm to the numbers that a measure needs: as printed, or by conversions the plan allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from stromata.errors import InvalidInput
from stromata.extraction.conversions import convert
from stromata.model import (
    ConversionName,
    DataPoint,
    EstimateScale,
    MeasureName,
    Statistic,
    Step,
    SynthesisPlan,
    TimeUnit,
)

Kind = Literal["change", "final"]
"""What a mean is of: the change from baseline, or the value at the end. The two are not the same number."""

Points = Mapping[Statistic, DataPoint]
"""The values of one outcome in one arm, by statistic."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a measure needs of one or several arms: (events, total), (mean, SD, total), (events, person-years) ...

    Attributes
    ----------
    points : ids of the data points that the numbers rest on; `steps` the conversions between the two.
    """

    values: tuple[float, ...]
    points: tuple[str, ...]
    steps: tuple[Step, ...] = ()


def counts(points: Points, plan: SynthesisPlan) -> Numbers | None:
    """Return (events, total) of an arm; None when they are neither printed nor may be worked out."""
    if _has(points, "events", "total"):
        return _as_printed(points, "events", "total")
    if "percent-to-events" in plan.conversions and _has(points, "percent", "total"):
        step = _try("percent-to-events", percent=points["percent"].value, total=points["total"].value)
        if step is not None:
            events = dict(step.outputs)["events"]
            return Numbers((events, points["total"].value), _ids(points, "percent", "total"), (step,))
    return None


def means(points: Points, plan: SynthesisPlan, kind: Kind) -> Numbers | None:
    """Return (mean, SD, total) of an arm, of changes or of final values; None when nothing gives them."""
    if "total" not in points:
        return None
    if kind == "change":
        return _spread(points, plan, "change-") or _change(points, plan)
    return _spread(points, plan, "") or _from_quantiles(points, plan)


def before_and_after(points: Points, plan: SynthesisPlan) -> Numbers | None:
    """Return (mean, SD) after and before, total and correlation of an arm; None when something of it is not known.

    The correlation is the one that the SD of the change implies, where it is printed; else the plan's.
    """
    if not _has(points, "total", "baseline-mean", "baseline-sd"):
        return None
    final = _spread(points, plan, "") or _from_quantiles(points, plan)
    if final is None:
        return None
    mean, sd, n = final.values
    before = points["baseline-mean"].value, points["baseline-sd"].value
    ids = (*final.points, *_ids(points, "baseline-mean", "baseline-sd"))
    step = None
    if "change-sd" in points:
        step = _try("change-correlation", sd_baseline=before[1], sd_final=sd, sd_change=points["change-sd"].value)
        ids += _ids(points, "change-sd") if step else ()
    if step is None:
        step = _planned_correlation(plan)
    if step is None:
        return None
    correlation = dict(step.outputs)["correlation"]
    return Numbers((mean, sd, *before, n, correlation), ids, (*final.steps, step))


def _planned_correlation(plan: SynthesisPlan) -> Step | None:
    """Return the correlation of baseline and final values that the protocol states, as a step that says so."""
    if plan.correlation is None:
        return None
    r = plan.correlation
    text = f"Baseline and final values are correlated with r = {r:g}, as the protocol states."
    return Step("planned-correlation", (("correlation", r),), (("correlation", r),), (text,))


def rates(points: Points) -> Numbers | None:
    """Return (events, person-years) of an arm; None when either is not reported. Other units of time need a step."""
    if not _has(points, "events", "person-time"):
        return None
    time, steps = points["person-time"], tuple[Step, ...]()
    if time.unit != _YEARS:
        step = _try(f"{time.unit.removeprefix('person-')}-to-years", value=time.value)
        if step is None:
            return None
        steps = (step,)
    years = dict(steps[0].outputs)["value"] if steps else time.value
    return Numbers((points["events"].value, years), _ids(points, "events", "person-time"), steps)


_YEARS: TimeUnit = "person-years"


def correlations(points: Points, measure: MeasureName) -> Numbers | None:
    """Return (r, total), or (r, total, predictors) of a partial correlation; None when something is not reported."""
    names: tuple[Statistic, ...] = CORRELATIONS[measure]
    return _as_printed(points, *names) if _has(points, *names) else None


_SIMPLE: tuple[Statistic, ...] = ("correlation", "total")
_PARTIAL: tuple[Statistic, ...] = ("partial-correlation", "total", "predictors")
CORRELATIONS: Mapping[MeasureName, tuple[Statistic, ...]] = {
    "COR": _SIMPLE,
    "UCOR": _SIMPLE,
    "ZCOR": _SIMPLE,
    "PCOR": _PARTIAL,
    "ZPCOR": _PARTIAL,
}
"""What each measure of correlation needs."""


def scale_of(points: Points) -> str:
    """Return what a printed estimate is of, a logarithm by its ratio; empty when there is none."""
    return points["estimate"].unit.removeprefix(_LOG) if "estimate" in points else ""


def is_ratio(scale: str) -> bool:
    """Tell whether estimates of a scale are ratios, which are pooled as logarithms."""
    return f"{_LOG}{scale}" in get_args(EstimateScale)


def printed(points: Points) -> Numbers | None:
    """Return (estimate, standard error) as they are analysed: of ratios the logarithm, with its standard error.

    A standard error goes before an interval, and an interval before a p-value. None when there is none of them, or
    they do not go with the estimate.
    """
    if "estimate" not in points:
        return None
    estimate = points["estimate"]
    ratio = is_ratio(estimate.unit)
    if "estimate-se" in points:
        se = points["estimate-se"].value
        if not ratio:
            return _as_printed(points, "estimate", "estimate-se")
        step = _try("ratio-to-log", ratio=estimate.value)
        return _analysed(points, step, ("estimate-se",), estimate.value, se)
    return _from_interval(points, ratio=ratio) or _from_p(points, ratio=ratio)


_LOG = "log "


def _from_interval(points: Points, *, ratio: bool) -> Numbers | None:
    if not _has(points, "estimate-ci-low", "estimate-ci-high"):
        return None
    level = points["estimate-level"].value / 100 if "estimate-level" in points else 0.95
    value, low, high = (points[name].value for name in ("estimate", "estimate-ci-low", "estimate-ci-high"))
    step = _try("ratio-ci-to-se" if ratio else "ci-to-se", ci_low=low, ci_high=high, level=level, estimate=value)
    used: tuple[Statistic, ...] = ("estimate-ci-low", "estimate-ci-high")
    if "estimate-level" in points:
        used += ("estimate-level",)
    return _analysed(points, step, used, value, None)


def _from_p(points: Points, *, ratio: bool) -> Numbers | None:
    if "estimate-p" not in points:
        return None
    value, p = points["estimate"].value, points["estimate-p"].value
    step = _try("ratio-p-to-se", ratio=value, p=p) if ratio else _try("p-to-se", estimate=value, p=p)
    return _analysed(points, step, ("estimate-p",), value, None)


def _analysed(
    points: Points, step: Step | None, used: tuple[Statistic, ...], value: float, se: float | None
) -> Numbers | None:
    """Return estimate and standard error as a step gives them, or as they were printed where it does not."""
    if step is None:
        return None
    outputs = dict(step.outputs)
    error = outputs["se"] if se is None else se
    return Numbers((outputs.get("log_estimate", value), error), _ids(points, "estimate", *used), (step,))


Together = Literal["combine-events", "combine-groups", "combine-rates"]
"""Ways to take several arms together."""

_TOGETHER: Mapping[Together, tuple[str, ...]] = {
    "combine-events": ("events", "total"),
    "combine-groups": ("mean", "sd", "n"),
    "combine-rates": ("events", "time"),
}


def taken_together(parts: Sequence[Numbers], method: Together) -> Numbers | None:
    """Return several arms taken together: counts and times are added, means combined (Cochrane Handbook 6.5.2.10).

    None when their numbers cannot all be true, such as a standard deviation of one person.
    """
    if len(parts) == 1:
        return parts[0]
    names = _TOGETHER[method]
    inputs = {
        f"{name}{number}": value
        for number, part in enumerate(parts, start=1)
        for name, value in zip(names, part.values, strict=True)
    }
    step = _try(method, **inputs)
    if step is None:
        return None
    outputs = dict(step.outputs)
    return Numbers(
        tuple(outputs[name] for name in names),
        tuple(id_ for part in parts for id_ in part.points),
        (*(earlier for part in parts for earlier in part.steps), step),
    )


def missing(points: Points, plan: SynthesisPlan, *needed: Statistic) -> str:
    """Say in a sentence what is not reported, and why what is reported could not stand in for it."""
    lacking = ", ".join(column(name) for name in needed if name not in points)
    said = f"Not reported: {lacking}." if lacking else "The numbers do not go together."
    if "percent" in points and "events" in needed:
        if "percent-to-events" not in plan.conversions:
            return f"{said} A percentage alone is not turned into a count."
        if "total" in points:
            return f"{said} {_refusal(percent=points['percent'].value, total=points['total'].value)}"
    return said


def column(statistic: Statistic) -> str:
    """Return the column of the study tables that holds a statistic."""
    return statistic.replace("-", "_")


def _refusal(**inputs: float) -> str:
    try:
        convert("percent-to-events", **inputs)
    except InvalidInput as error:
        return f"{error.message}."
    return ""


_SPREADS: Mapping[str, tuple[Statistic, Statistic, Statistic, Statistic, Statistic]] = {
    "": ("mean", "sd", "se", "ci-low", "ci-high"),
    "change-": ("change-mean", "change-sd", "change-se", "change-ci-low", "change-ci-high"),
}
"""The statistics of final values and of changes: mean, and four ways in which its spread is printed."""


def _spread(points: Points, plan: SynthesisPlan, which: str) -> Numbers | None:
    """Return mean, SD and total, the SD as printed or from a standard error or an interval."""
    mean, sd, se, low, high = _SPREADS[which]
    used: tuple[Statistic, ...]
    if mean not in points:
        return None
    value, n = points[mean].value, points["total"].value
    if sd in points:
        return _as_printed(points, mean, sd, "total")
    if "se-to-sd" in plan.conversions and se in points:
        step, used = _try("se-to-sd", se=points[se].value, n=n), (mean, se)
    elif "ci-to-sd" in plan.conversions and low in points and high in points:
        step = _try("ci-to-sd", ci_low=points[low].value, ci_high=points[high].value, n=n, estimate=value)
        used = (mean, low, high)
    else:
        return None
    return Numbers((value, dict(step.outputs)["sd"], n), _ids(points, *used, "total"), (step,)) if step else None


def _change(points: Points, plan: SynthesisPlan) -> Numbers | None:
    """Return mean and SD of the change from baseline, under the correlation that the plan states."""
    if "final-to-change" not in plan.conversions or plan.correlation is None:
        return None
    final = _spread(points, plan, "")
    if final is None or not _has(points, "baseline-mean", "baseline-sd"):
        return None
    mean, sd, n = final.values
    step = _try(
        "final-to-change",
        mean_baseline=points["baseline-mean"].value,
        sd_baseline=points["baseline-sd"].value,
        mean_final=mean,
        sd_final=sd,
        correlation=plan.correlation,
    )
    if step is None:
        return None
    outputs = dict(step.outputs)
    ids = (*_ids(points, "baseline-mean", "baseline-sd"), *final.points)
    return Numbers((outputs["change_mean"], outputs["change_sd"], n), ids, (*final.steps, step))


_QUANTILE_METHODS: tuple[ConversionName, ...] = (
    "quantiles-to-mean-sd",
    "quantiles-to-mean-sd-fitted",
    "quantiles-to-mean-sd-box-cox",
)
"""In the order in which they are tried; for skewed data the fitted method is the better one with quartiles."""
_QUANTILES: tuple[Statistic, ...] = ("min", "q1", "median", "q3", "max")


def _from_quantiles(points: Points, plan: SynthesisPlan) -> Numbers | None:
    method = next((name for name in _QUANTILE_METHODS if name in plan.conversions), None)
    if method is None or "median" not in points:
        return None
    there = tuple(name for name in _QUANTILES if name in points)
    step = _try(method, n=points["total"].value, **{name: points[name].value for name in there})
    if step is None:
        return None
    outputs = dict(step.outputs)
    values = (outputs["mean"], outputs["sd"], points["total"].value)
    return Numbers(values, _ids(points, *there, "total"), (step,))


def _try(method: str, **inputs: float) -> Step | None:
    """Return the step; None when the printed numbers do not allow it, and the outcome then counts as incomplete."""
    try:
        return convert(method, **inputs)
    except InvalidInput:
        return None


def _has(points: Points, *names: Statistic) -> bool:
    return all(name in points for name in names)


def _as_printed(points: Points, *names: Statistic) -> Numbers:
    return Numbers(tuple(points[name].value for name in names), _ids(points, *names))


def _ids(points: Points, *names: Statistic) -> tuple[str, ...]:
    return tuple(points[name].id for name in names)
