"""Effects to a synthesis under any model that a plan, or a command, can name: one way for both.

`stromata.synthesis` has a function for each family of models; `fits` turns each of their results into a `Synthesis`, so
that a forest plot, a judgement of certainty or a report need not know which of them it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from stromata import synthesis
from stromata.model import (
    Caution,
    Coefficient,
    EffectSize,
    ModelName,
    SubgroupTest,
    Synthesis,
    codec,
)
from stromata.review.fits import Data, as_synthesis, fitted
from stromata.review.methods import PLAIN, Method, check_method, is_own_glmm, prior_text
from stromata.synthesis.effects.sizes import at_levels
from stromata.synthesis.intervals import chi_squared_p

if TYPE_CHECKING:
    from stromata.synthesis import Result

INTERCEPT = "intrcpt"
"""What a model without moderators calls its only coefficient."""


_WALD = frozenset({"glmm", "beta-binomial"})
"""Models fitted here whose groups are compared by their estimates and standard errors; posteriors are not tested."""


def fit_of(effects: Sequence[EffectSize], method: Method, *, data: Data | None = None) -> Result | None:
    """Return the library's own result of an analysis, for `analyse` and `r_lines` to share.

    None where they need no other than the synthesis, or where nothing can be fitted. Parameters and errors as of
    `analyse`.
    """
    check_method(method)
    if not effects or (method.model in PLAIN and not method.moderators and not is_own_glmm(method)):
        return None
    return fitted(at_levels(effects, method.level), method, data or {})


def analyse(
    effects: Sequence[EffectSize], method: Method, *, data: Data | None = None, found: Result | None = None
) -> Synthesis:
    """Pool effects of one measure by any model.

    Parameters
    ----------
    effects : in the order of `data`. None at all is no error: the result then says so.
    data : the moderators that the formula names.
    found : what `fit_of` gave for the same, where it was asked before.

    Returns
    -------
    A synthesis whose inputs and method are hashed. With moderators it has `coefficients` and no single estimate.

    Raises
    ------
    InvalidInput
        A method that makes no sense or that the effects do not carry, a formula that cannot be read, moderators that
        are collinear or too many for the studies.
    """
    check_method(method)
    if method.model in PLAIN and not method.moderators and not is_own_glmm(method):
        return _plain(effects, method)
    if not effects:
        nothing = synthesis.pool((), measure=method.measure, model="common", level=method.level)
        return replace(nothing, model=method.model, test=method.test, moderators=method.moderators)
    levelled = at_levels(effects, method.level)
    result = as_synthesis(levelled, method, data or {}, found or fitted(levelled, method, data or {}))
    if method.by_group:
        result = _with_groups(result, levelled, method)
    empty = synthesis.pool((), measure=method.measure, model="common")
    return replace(
        result,
        moderators=method.moderators,
        parameters=_parameters(method),
        versions=empty.versions,
        input_hash=_hash(levelled, method, data or {}),
    )


def r_lines(
    effects: Sequence[EffectSize],
    method: Method,
    result: Synthesis,
    *,
    data: Data | None = None,
    found: Result | None = None,
) -> str:
    """Return R that repeats an analysis; see `stromata.synthesis.r_call`.

    Parameters
    ----------
    effects, method, data : what `analyse` got. result : what it gave. found : what `fit_of` gave for the same,
        where it was asked before.
    """
    if not result.k or (method.model in PLAIN and not method.moderators and not is_own_glmm(method)):
        return synthesis.r_call(result)
    return synthesis.r_call(found or fitted(at_levels(effects, method.level), method, data or {}) or result)


def _parameters(method: Method) -> tuple[tuple[str, str], ...]:
    """Return the options that were not at their defaults."""
    found: list[tuple[str, str]] = []
    if method.model == "glmm" and method.glmm != "um.fs":
        found.append(("glmm", method.glmm))
    if method.mu_prior is not None:
        found.append(("mu_prior", f"{method.mu_prior[0]:g} {method.mu_prior[1]:g}"))
    return tuple(found)


def _plain(effects: Sequence[EffectSize], method: Method) -> Synthesis:
    return synthesis.pool(
        effects,
        measure=method.measure,
        model=cast("ModelName", method.model),  # told apart by `analyse`
        tau2=method.tau2,
        test=method.test,
        level=method.level,
        by_group=method.by_group,
        tau2_interval=method.interval,
        prediction=method.prediction,
        compat=method.compat,
        add=method.add,
    )


def _hash(effects: Sequence[EffectSize], method: Method, data: Data) -> str:
    """Return the hash of method, effects and moderators."""
    asked = {
        "measure": method.measure,
        "model": method.model,
        "tau2": method.tau2 if method.model == "random" else "",
        "test": method.test,
        "level": method.level,
        "by_group": method.by_group,
        "moderators": method.moderators,
        "glmm": method.glmm if method.model == "glmm" else "",
        "prior": [prior_text(method), list(method.mu_prior or ())] if method.model == "bayes" else [],
        "thresholds": list(method.thresholds),
        "data": {name: [_plain_value(value) for value in values] for name, values in sorted(data.items())},
        "effects": [
            [effect.label, effect.group, effect.yi, effect.vi, [list(pair) for pair in effect.inputs]]
            for effect in effects
        ],
    }
    return codec.digest(asked)


def _plain_value(value: object) -> object:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def coefficients(result: Synthesis) -> tuple[Coefficient, ...]:
    """Return the coefficients of a result; its estimate is the only one of a model without moderators."""
    if result.coefficients or result.estimate is None or result.moderators:
        return result.coefficients
    values = (result.estimate, result.se, result.statistic, result.df, result.p, result.ci_low, result.ci_high)
    return (Coefficient(INTERCEPT, *values),)


def _with_groups(whole: Synthesis, effects: Sequence[EffectSize], method: Method) -> Synthesis:
    """Add one synthesis per group and, of models that have standard errors, the test between them.

    It is the Wald test of `stromata.synthesis.pool` (Borenstein et al. 2009, chapter 19).
    """
    labels = dict.fromkeys(effect.group for effect in effects)
    groups = tuple(
        (label, as_synthesis(part, method, {}, fitted(part, method, {})))
        for label in labels
        for part in ([item for item in effects if item.group == label],)
    )
    known = [(part.estimate, part.se) for _, part in groups if part.estimate is not None and part.se]
    test = None
    if len(known) > 1 and method.model in _WALD:
        total = sum(1 / se**2 for _, se in known)
        mean = sum(estimate / se**2 for estimate, se in known) / total
        q = sum(((estimate - mean) / se) ** 2 for estimate, se in known)
        test = SubgroupTest(q, len(known) - 1, chi_squared_p(q, len(known) - 1))
    silent = [label for label, part in groups if part.estimate is None]
    if not silent or test is None:
        return replace(whole, subgroups=groups, subgroup_test=test)
    text = (
        f"The test between subgroups leaves out {', '.join(silent)}: there the estimate does not exist on the analysis "
        "scale. Compare the intervals instead."
    )
    cautions = (*whole.cautions, Caution("subgroups-without-estimate", text))
    return replace(whole, subgroups=groups, subgroup_test=test, cautions=cautions)
