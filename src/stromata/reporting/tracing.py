"""How each input of an effect came from extracted values: as it stands, as a sum, or by steps of conversion."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Literal

from stromata.model import Arm, DataPoint, EffectSize, Statistic, Step, measure_family

Part = Literal[
    "count",
    "total",
    "centre",
    "spread",
    "centre before",
    "spread before",
    "time",
    "estimate",
    "error",
    "correlation",
    "predictors",
]

INPUTS: Mapping[str, tuple[Part, int]] = {
    "xi": ("count", 1),
    "ni": ("total", 1),
    "mi": ("centre", 1),
    "sdi": ("spread", 1),
    "ti": ("time", 1),
    "x1i": ("count", 1),
    "t1i": ("time", 1),
    "x2i": ("count", 2),
    "t2i": ("time", 2),
    "yi": ("estimate", 1),
    "sei": ("error", 1),
    "ri": ("correlation", 1),
    "ai": ("count", 1),
    "bi": ("total", 1),
    "n1i": ("total", 1),
    "m1i": ("centre", 1),
    "sd1i": ("spread", 1),
    "ci": ("count", 2),
    "di": ("total", 2),
    "n2i": ("total", 2),
    "m2i": ("centre", 2),
    "sd2i": ("spread", 2),
}
"""What an effect's input is, and of which of the two groups (1 also where there is only one)."""

_BEFORE: Mapping[str, tuple[Part, int]] = {"m2i": ("centre before", 1), "sd2i": ("spread before", 1)}
"""What the second mean is where one group was measured twice."""

SAME: Mapping[Part, frozenset[Statistic]] = {
    "count": frozenset({"events"}),
    "total": frozenset({"total"}),
    "centre": frozenset({"mean", "change-mean"}),
    "spread": frozenset({"sd", "change-sd"}),
    "centre before": frozenset({"baseline-mean"}),
    "spread before": frozenset({"baseline-sd"}),
    "time": frozenset({"person-time"}),
    "estimate": frozenset({"estimate"}),
    "error": frozenset({"estimate-se"}),
    "correlation": frozenset({"correlation", "partial-correlation"}),
    "predictors": frozenset({"predictors"}),
}
"""Statistics that may enter as they stand. A median that stands for a mean needs a step."""

_COMPLEMENTS = {"bi": "ai", "di": "ci"}
"""People without the event: what is left of the group's total."""

PARAMETERS = frozenset({"level", "correlation", "decimals", "df", "parts", "cluster_size", "icc"})
"""Inputs of a step that are no statistic of a group, and so no data point; a step shows them with their value."""


def input_of(name: str, effect: EffectSize) -> tuple[Part, int] | None:
    """Return what one of an effect's inputs is, and of which group; None when it is not known."""
    given = {each for each, _ in effect.inputs}
    if name == "mi" and measure_family(effect.measure).kind == "correlation":
        return "predictors", 1
    twice = {"m2i", "ni"} <= given  # two means and one number of people: the same people before and after
    return _BEFORE.get(name, INPUTS.get(name)) if twice else INPUTS.get(name)


def group_of(point: DataPoint, arms: Mapping[str, Arm]) -> int:
    """Return the group that a data point belongs to: 2 for a comparator, else 1."""
    arm = arms.get(point.arm)
    return 2 if arm is not None and arm.role == "comparator" else 1


def untraced(effect: EffectSize, points: Mapping[str, DataPoint], arms: Mapping[str, Arm]) -> tuple[str, ...]:
    """Return the names of an effect's inputs that its data points and steps do not lead to.

    An input is led to when it is the value of a data point of the right kind and group; their sum, where several arms
    were added together; the number of people in the arms, where no data point states it; what remains of such a total;
    or the output of a step, all of whose own inputs are values of data points, people in their arms, outputs of earlier
    steps, `PARAMETERS`, or numbers that an assumption of the step names.
    """
    known = [points[each] for each in effect.data_points if each in points]
    given = dict(effect.inputs)
    people = [arms[point.arm].n for point in known if point.arm in arms]
    derived = _derived(effect.steps, [*(point.value for point in known), *(n for n in people if n is not None)])

    def led_to(name: str) -> bool:
        found = input_of(name, effect)
        if found is None:
            return _among(given[name], [*derived, *(point.value for point in known)])
        part, group = found
        mine = [point for point in known if group_of(point, arms) == group]
        if name in _COMPLEMENTS and (other := _COMPLEMENTS[name]) in given:
            total = given[name] + given[other]
            return led_to(other) and (_among(total, derived) or _stands(total, "total", mine, arms))
        return _among(given[name], derived) or _stands(given[name], part, mine, arms)

    return tuple(name for name in given if not led_to(name))


def converted(effect: EffectSize, part: str) -> bool:
    """Return whether one of the effect's inputs is the output of a step."""
    value = dict(effect.inputs).get(part)
    return value is not None and any(_equal(value, output) for step in effect.steps for _, output in step.outputs)


def broken_steps(point: DataPoint) -> bool:
    """Return whether a data point has steps, and none of them gives its value."""
    return bool(point.steps) and not _among(point.value, [value for step in point.steps for _, value in step.outputs])


def source_of(value: float, effect: EffectSize, points: Mapping[str, DataPoint]) -> str:
    """Return the id of the effect's first data point that states `value`; empty when none does."""
    return next(
        (each for each in effect.data_points if each in points and _equal(points[each].value, value)),
        "",
    )


def _derived(steps: Iterable[Step], stated: Iterable[float]) -> list[float]:
    """Return the outputs of all steps that begin at stated values or at outputs of earlier steps."""
    reached, outputs = list(stated), []
    for step in steps:
        if all(_assumed(name, value, step) or _among(value, reached) for name, value in step.inputs):
            new = [value for _, value in step.outputs]
            reached += new
            outputs += new
    return outputs


def _assumed(name: str, value: float, step: Step) -> bool:
    return name in PARAMETERS or any(f"{value:g}" in text.split() for text in map(_bare, step.assumptions))


def _bare(text: str) -> str:
    """Return a sentence without the marks that end a word, so that numbers stand alone."""
    return " ".join(word.strip(".,;:()") for word in text.split())


def _stands(value: float, part: Part, mine: list[DataPoint], arms: Mapping[str, Arm]) -> bool:
    fitting = [point for point in mine if point.statistic in SAME[part]]
    if fitting:
        several = len({point.arm for point in fitting}) > 1
        if several and part in ("count", "total"):
            return _equal(value, sum(point.value for point in fitting))
        return not several and _among(value, [point.value for point in fitting])
    if part != "total":
        return False
    people = [arms[name].n for name in dict.fromkeys(point.arm for point in mine) if name in arms]
    stated = [n for n in people if n is not None]
    return bool(stated) and len(stated) == len(people) and _equal(value, sum(stated))


def _among(value: float, others: Iterable[float]) -> bool:
    return any(_equal(value, other) for other in others)


def _equal(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
