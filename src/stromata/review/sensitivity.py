"""What the report says on how far each result can be relied on: small studies, single studies, and its own words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, cast, get_args

from stromata import reporting, synthesis
from stromata.consensus.grade import GradeLimits
from stromata.model import EffectSize, Interval, Synthesis, TauMethod
from stromata.review.asymmetry import propose_asymmetry
from stromata.synthesis.effects.sizes import scale_size
from stromata.synthesis.sensitivity import TableModel

if TYPE_CHECKING:
    from stromata.model import TestName
    from stromata.synthesis.pooling.estimates import Method
    from stromata.synthesis.sensitivity import Refits

FEWEST, MOST = 3, 50
"""Studies from which, and up to which, each is left out in turn. Of two, the rest would be a single study; of many, no
one decides, and models of counts are fitted once for each. `stromata.synthesis.leave_one_out` has no such limit."""


def sensitivity_sections(results: Iterable[Synthesis]) -> Iterator[reporting.SensitivitySection]:
    """Yield, for each synthesis that pools at least one study, what its result hangs on and how it is told."""
    for result in results:
        if not result.k:
            continue
        parts = ((label, part) for label, part in (*result.subgroups, ("", result)))
        left_out = (reporting.LeaveOneOut(label, *_refits(part)) for label, part in parts)
        yield reporting.SensitivitySection(
            synthesis=result.id,
            funnel=propose_asymmetry(result).reason if _has_funnel(result) else "",
            left_out=tuple(each for each in left_out if each.refits),
            methods=synthesis.methods_text(result),
            results=synthesis.results_text(result),
            r_lines=synthesis.r_call(result),
        )


def _has_funnel(result: Synthesis) -> bool:
    """Tell whether there are enough studies to see a shape (Cochrane Handbook, 13.3.5.4), pooled without moderators."""
    return result.k >= GradeLimits().asymmetry_k and not result.moderators


def _refits(result: Synthesis) -> tuple[tuple[reporting.Refit, ...], str]:
    """Return a result without each study in turn, and a remark; nothing where that is not defined."""
    effects = _pooled(result)
    found = _without_each(result, effects) if FEWEST <= len(effects) <= MOST else None
    if found is None:
        return (), ""
    columns = zip(
        effects,
        *(getattr(found, name).tolist() for name in ("estimate", "ci_low", "ci_high", "tau2", "i2")),
        strict=True,
    )
    refits = tuple(
        reporting.Refit(
            effect,
            _natural(result, [each for each in effects if each is not effect], values),
            None if result.tau2 is None or math.isnan(values[0]) else tau2,
            None if result.i2 is None or math.isnan(i2) or math.isnan(values[0]) else i2,
        )
        for effect, *values, tau2, i2 in columns
    )
    return refits, _remark(result, found)


def _pooled(result: Synthesis) -> tuple[EffectSize, ...]:
    """Return the effects that a pool could use: all tables of counts, else those with an estimate and a variance."""
    if result.model in get_args(TableModel):
        return result.effects
    return tuple(each for each in result.effects if each.yi is not None and each.vi is not None and each.vi > 0)


def _without_each(result: Synthesis, effects: tuple[EffectSize, ...]) -> Refits | None:
    """Pool without each study by the model of the result; None where it is none that is fitted this way."""
    test = cast("TestName", result.test)  # a planned one
    own_options = result.moderators or result.parameters
    if own_options or result.estimate is None:
        return None
    if result.model in get_args(TableModel):
        if result.model == "glmm" and result.measure != "PLO":
            return None
        model = cast("TableModel", result.model)
        return synthesis.leave_one_out(effects, model=model, test=test, level=result.level)
    method = "ee" if result.model == "common" else result.tau2_method
    if result.model not in {"common", "random"} or method not in {"ee", *get_args(TauMethod)}:
        return None
    return synthesis.leave_one_out(effects, method=cast("Method", method), test=test, level=result.level)


def _natural(result: Synthesis, rest: list[EffectSize], values: list[float]) -> Interval:
    measure, size = synthesis.get_measure(result.measure), scale_size(rest)
    return Interval(*(measure.to_natural(value, size) if math.isfinite(value) else None for value in values))


def _remark(result: Synthesis, found: Refits) -> str:
    """Return which studies the conclusion hangs on; of a single group there is no effect to conclude on."""
    if synthesis.get_measure(result.measure).null is None:
        return ""
    return next((each.text for each in found.cautions if each.code == "hinges-on-one-study"), "")
