"""Selection models: the effects as they would be had every study been published, if studies were chosen as assumed.

K studies, P parameters. The estimates are normal with variances v + tau2; a study with estimate y is seen with a chance
in proportion to w(p), a function of its p-value with parameters delta. The likelihood of what is seen is

    sum(log w(p_i) + log phi(y_i; mu, v_i + tau2) - log A_i),  A_i = integral of w(p(y)) phi(y; mu, v_i + tau2) dy.

Step functions need normal probabilities alone (`selection_kernels`); other functions are integrated over
z = y / root(v), on whose scale every density is at least one unit wide, so that one fixed rule serves all studies and
parameters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from stromata.errors import InvalidInput
from stromata.model import Caution
from stromata.synthesis.bias import selection_kernels, selection_search
from stromata.synthesis.bias.selection_kernels import Model, SelectionType
from stromata.synthesis.bias.selection_search import Maximum
from stromata.synthesis.intervals import FloatArray, check_level, chi_squared_p, normal_quantile, number, two_sided_p
from stromata.synthesis.pooling import single
from stromata.synthesis.results.result import Result, recorded
from stromata.synthesis.study_set import Alternative, Studies, StudySet, check_choice, one_column, study_set

Precision = Literal["sei", "vi", "ninv", "sqrtninv"]

VEVEA_WOODS_STEPS = (0.005, 0.01, 0.05, 0.10, 0.25, 0.35, 0.50, 0.65, 0.75, 0.90, 0.95, 0.99, 0.995, 1.0)
"""Steps of the example functions of Vevea and Woods (2005), Psychological Methods 10, 428-443, table 1."""

VEVEA_WOODS = {
    "moderate-one-tailed": (1, 0.99, 0.95, 0.80, 0.75, 0.65, 0.60, 0.55, 0.50, 0.50, 0.50, 0.50, 0.50, 0.50),
    "severe-one-tailed": (1, 0.99, 0.90, 0.75, 0.60, 0.50, 0.40, 0.35, 0.30, 0.25, 0.10, 0.10, 0.10, 0.10),
    "moderate-two-tailed": (1, 0.99, 0.95, 0.90, 0.80, 0.75, 0.60, 0.60, 0.75, 0.80, 0.90, 0.95, 0.99, 1.00),
    "severe-two-tailed": (1, 0.99, 0.90, 0.75, 0.60, 0.50, 0.25, 0.25, 0.50, 0.60, 0.75, 0.90, 0.99, 1.00),
}
"""Their weights, to be given as `delta`: examples, not estimates."""

_CLIPPED = {"beta": 1e-5, "power": 1e-5}
"""p-values are kept this far from 0 and 1, where the function has no finite value (Citkowicz and Vevea 2017)."""

_NEAR = 2.0
"""Log-likelihood within which a second maximum is worth a caution."""

_AT_BOUND = 1e-6
"""Relative distance from a bound within which an estimate lies on it."""


@dataclass(frozen=True, slots=True)
class SelectionFit(Result):
    """A fitted selection model; the tuples run over the parameters of the weight function.

    Attributes
    ----------
    steps : cut-points, the last of them 1 for ``stepfun``; empty where there are none.
    counts : studies per interval of p-values, for ``stepfun``; below and above the cut-point for ``trunc``.
    estimate, se, statistic, p, ci_low, ci_high : of the mean before selection; all but the first are None when the
        curvature of the likelihood does not determine them.
    tau2, tau2_se : between-study variance before selection; the error is None on the boundary.
    delta, delta_se, delta_low, delta_high : parameters of the weight function; errors are None where a parameter is
        fixed or on its bound.
    log_likelihood, unselected : of this model, and of the one without selection.
    lrt, lrt_df, lrt_p : likelihood-ratio test of no selection; `lrt_p` is None when no parameter was estimated.
    plain_estimate, plain_tau2 : of the model without selection.
    """

    type: SelectionType
    alternative: Alternative
    k: int
    steps: tuple[float, ...]
    counts: tuple[int, ...]
    estimate: float
    se: float | None
    statistic: float | None
    p: float | None
    ci_low: float | None
    ci_high: float | None
    tau2: float
    tau2_se: float | None
    delta: tuple[float, ...]
    delta_se: tuple[float | None, ...]
    delta_low: tuple[float | None, ...]
    delta_high: tuple[float | None, ...]
    log_likelihood: float
    unselected: float
    lrt: float
    lrt_df: int
    lrt_p: float | None
    plain_estimate: float
    plain_tau2: float
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked for, and the studies with the direction of selection turned to be upwards."""

    studies: StudySet
    type: SelectionType
    alternative: Alternative
    steps: tuple[float, ...]
    sign: float
    common: bool
    level: float
    delta_max: float
    plain: single.Fit


@recorded("effects", "vi", "labels", "ni")
def selmodel(
    effects: Studies,
    vi: npt.ArrayLike | None = None,
    *,
    type: SelectionType,  # noqa: A002 - the field's name for it
    labels: Sequence[str] | None = None,
    ni: npt.ArrayLike | None = None,
    alternative: Alternative = "greater",
    steps: Sequence[float] = (),
    delta: Sequence[float | None] | None = None,
    prec: Precision | None = None,
    decreasing: bool = False,
    delta_max: float = 100.0,
    method: Literal["ml", "ee"] = "ml",
    level: float = 0.95,
) -> SelectionFit:
    """Fit a selection model by maximum likelihood.

    Parameters
    ----------
    effects, vi, labels, ni : see `stromata.synthesis.study_set.study_set`; K >= 3.
    type : w(p) is ``stepfun`` delta_j between `steps`, delta_1 = 1; ``beta`` p^(d1 - 1) (1 - p)^(d2 - 1);
        ``halfnorm`` exp(-d p^2); ``negexp`` exp(-d p); ``logistic`` 2 / (1 + exp(d p)); ``power`` (1 - p)^d;
        ``negexppow`` exp(-d1 p^(1 / d2)). Of the estimate itself, ``trunc`` is 1 above a cut-point and d below (the
        other way round for ``less``), and ``truncest`` estimates the cut-point as d2.
    alternative : direction in which p-values are small.
    steps : rising cut-points in (0, 1) for ``stepfun``, with or without the last one, 1; one p-value below which w is
        1 for the functions from ``halfnorm`` to ``negexppow``; one value of the estimate for ``trunc`` (0 without).
    delta : values to keep fixed, None for those to estimate; all are estimated without.
    prec : for ``halfnorm`` to ``negexppow``: d is multiplied by the study's imprecision, scaled to at most 1.
    decreasing : for ``stepfun``: delta may not rise with p.
    delta_max : upper bound of every delta.
    method : ``ml``, or ``ee`` for one true effect (tau2 = 0).
    level : coverage of the intervals, which are normal.

    Raises
    ------
    InvalidInput
        Fewer than three studies, or an option that does not fit the type.

    Examples
    --------
    >>> found = selmodel([0.2, 0.4, 0.5, 0.9, 0.05], [0.02, 0.03, 0.04, 0.1, 0.01], type="stepfun", steps=(0.025,))
    >>> len(found.delta), found.delta[0], found.lrt_df
    (2, 1.0, 1)

    References
    ----------
    Iyengar and Greenhouse (1988), Statistical Science 3, 109-117; Hedges (1992), Statistical Science 7, 246-255; Vevea
    and Hedges (1995), Psychometrika 60, 419-435; Preston, Ashby and Smyth (2004), Journal of Evaluation in Clinical
    Practice 10, 217-224; Begg and Mazumdar (1994), Biometrics 50, 1088-1101; Citkowicz and Vevea (2017), Psychological
    Methods 22, 28-41; Rust, Lehmann and Farley (1990), Journal of Marketing Research 27, 220-226.
    """
    check_level(level)
    _check(type, alternative, prec, method, decreasing=decreasing)
    delta_max = number("delta_max", delta_max, "a number of at least 1", lambda most: most >= 1)
    studies = study_set(effects, vi, labels=labels, ni=ni, least=3, purpose="a selection model")
    asked = _Asked(
        studies=studies,
        type=type,
        alternative=alternative,
        steps=_steps(type, steps),
        sign=-1.0 if alternative == "less" else 1.0,
        common=method == "ee",
        level=level,
        delta_max=delta_max,
        plain=single.fit(studies.y, studies.v, None if method == "ee" else "ml"),
    )
    if type == "truncest":
        return _with_best_cut(asked, delta)
    fixed = _fixed(asked, delta)
    model = _model(asked, _imprecision(studies, prec, type))
    maximum = _maximum(asked, model, fixed, decreasing=decreasing)
    return _result(asked, model, maximum, fixed)


@recorded("effects", "vi", "labels")
def three_parameter(
    effects: Studies,
    vi: npt.ArrayLike | None = None,
    *,
    labels: Sequence[str] | None = None,
    alternative: Literal["greater", "less"] = "greater",
    level: float = 0.95,
) -> SelectionFit:
    """Fit the three-parameter selection model (3PSM): one step at a one-sided p of 0.025.

    References
    ----------
    Iyengar and Greenhouse (1988), Statistical Science 3, 109-117; McShane, Böckenholt and Hansen (2016), Perspectives
    on Psychological Science 11, 730-749.
    """
    return selmodel(effects, vi, type="stepfun", labels=labels, alternative=alternative, steps=(0.025,), level=level)


# Options.

_CONTINUOUS = ("halfnorm", "negexp", "logistic", "power", "negexppow")


def _check(kind: str, alternative: str, prec: str | None, method: str, *, decreasing: bool) -> None:
    check_choice("type", kind, get_args(SelectionType))
    check_choice("alternative", alternative, get_args(Alternative))
    check_choice("method", method, ("ml", "ee"))
    if prec is not None:
        check_choice("prec", prec, get_args(Precision))
        if kind not in _CONTINUOUS:
            raise InvalidInput(f"prec has no meaning for type {kind}", hint=f"It is for {', '.join(_CONTINUOUS)}.")
    if kind in {"trunc", "truncest"} and alternative == "two.sided":
        raise InvalidInput(f"type {kind} needs a direction", hint="Use alternative greater or less.")
    if decreasing and kind != "stepfun":
        raise InvalidInput(f"decreasing has no meaning for type {kind}", hint="It is for stepfun.")


def _steps(type: SelectionType, steps: Sequence[float]) -> tuple[float, ...]:  # noqa: A002
    cuts = tuple(one_column(steps, "steps").tolist())
    if type == "stepfun":
        cuts = cuts if cuts and cuts[-1] == 1 else (*cuts, 1.0)
        rising = all(0 < a < b for a, b in pairwise(cuts))
        if len(cuts) < 2 or not rising or cuts[-1] != 1:
            raise InvalidInput(f"steps are {tuple(steps)}; they must rise within 0 and 1", hint="For example 0.025.")
        return cuts
    if type == "trunc":
        if len(cuts) > 1 or not all(map(math.isfinite, cuts)):
            raise InvalidInput(f"steps are {cuts}; type trunc has one cut-point")
        return cuts or (0.0,)
    if type in {"beta", "truncest"}:
        if cuts:
            raise InvalidInput(f"type {type} has no steps")
        return ()
    if len(cuts) > 1 or not all(0 < cut < 1 for cut in cuts):
        raise InvalidInput(f"steps are {cuts}; type {type} has one, between 0 and 1, or none")
    return cuts


def _imprecision(studies: StudySet, prec: Precision | None, type: SelectionType) -> FloatArray | None:  # noqa: A002
    if prec is None:
        return None
    if prec in {"ninv", "sqrtninv"} and (studies.n is None or not (studies.n > 0).all()):
        raise InvalidInput(f"prec {prec} of type {type} needs the number of people in every study", hint="Give ni.")
    n = studies.v if studies.n is None else studies.n
    values = {"sei": np.sqrt(studies.v), "vi": studies.v, "ninv": 1 / n, "sqrtninv": 1 / np.sqrt(n)}[prec]
    return np.asarray(values / values.max())


def _fixed(asked: _Asked, delta: Sequence[float | None] | None) -> tuple[float | None, ...]:
    count = {"beta": 2, "negexppow": 2, "stepfun": len(asked.steps)}.get(asked.type, 1)
    if delta is not None and not isinstance(delta, Sequence):
        raise InvalidInput(f"delta is {delta!r}; it must be a list", hint="Give a value, or None, for each parameter.")
    given = (None,) * count if delta is None else tuple(delta)
    if len(given) != count:
        raise InvalidInput(f"delta has {len(given)} values; type {asked.type} has {count} parameters here")
    if asked.type == "stepfun":
        if given[0] not in {None, 1}:
            raise InvalidInput(f"the first delta of a step function is 1, not {given[0]!r}")
        given = (1.0, *given[1:])
    lowest = selection_search.LOWEST[asked.type]
    for value in given:
        if value is not None and not (math.isfinite(value) and value >= min(lowest)):
            raise InvalidInput(f"delta is {value!r}; it must be a number of at least {min(lowest):g}")
    return given


# Fitting.


def _model(asked: _Asked, imprecision: FloatArray | None) -> Model:
    y, v = asked.sign * asked.studies.y, asked.studies.v
    two_sided = asked.alternative == "two.sided"
    if asked.type == "stepfun":
        return selection_kernels.step_model(y, v, asked.steps, two_sided=two_sided)
    if asked.type == "trunc":
        return selection_kernels.cut_model(y, v, asked.sign * asked.steps[0])
    clip = _CLIPPED.get(asked.type, 0.0)
    threshold = asked.steps[0] if asked.steps else 0.0
    return selection_kernels.smooth_model(
        y, v, asked.type, two_sided=two_sided, clip=clip, threshold=threshold, imprecision=imprecision
    )


def _maximum(asked: _Asked, model: Model, fixed: tuple[float | None, ...], *, decreasing: bool) -> Maximum:
    return selection_search.maximise(
        model,
        asked.type,
        start=(asked.sign * asked.plain.estimate, asked.plain.tau2),
        fixed=fixed,
        common=asked.common,
        delta_max=asked.delta_max,
        decreasing=decreasing,
    )


def _with_best_cut(asked: _Asked, delta: Sequence[float | None] | None) -> SelectionFit:
    """Fit a cut-point by trying both ends of every gap between estimates: inside, the likelihood has no maximum."""
    if delta is not None:
        raise InvalidInput(
            "type truncest estimates both parameters", hint="Use trunc with steps for a known cut-point."
        )
    y = np.unique(asked.sign * asked.studies.y)
    best: tuple[Model, Maximum, float] | None = None
    for below, above in zip(y[:-1].tolist(), y[1:].tolist(), strict=True):
        for cut in (below, above):
            # at the upper end the cut-point lies just below the next estimate, which still counts as above it
            model = selection_kernels.cut_model(asked.sign * asked.studies.y, asked.studies.v, cut, last_below=below)
            maximum = _maximum(asked, model, (None,), decreasing=False)
            if best is None or maximum.value > best[1].value:
                best = model, maximum, cut
    if best is None:
        raise InvalidInput("all estimates are equal; no cut-point lies between them")
    cut = asked.sign * best[2]
    found = _result(replace(asked, steps=(cut,)), best[0], best[1], (None,))
    df = found.lrt_df + 1
    text = "The cut-point was estimated with the rest; that takes many studies, and its error is not known."
    return replace(
        found,
        steps=(),
        delta=(*found.delta, cut),
        delta_se=(*found.delta_se, None),
        delta_low=(*found.delta_low, None),
        delta_high=(*found.delta_high, None),
        lrt_df=df,
        lrt_p=chi_squared_p(found.lrt, df),
        cautions=(*found.cautions, Caution("cutpoint-estimated", text)),
    )


def _result(asked: _Asked, model: Model, maximum: Maximum, fixed: tuple[float | None, ...]) -> SelectionFit:
    plain = asked.plain
    errors = selection_search.standard_errors(model, maximum)
    z = normal_quantile(asked.level)
    estimate, se = asked.sign * maximum.mu, errors[0]
    statistic = None if se is None else estimate / se
    delta_se = tuple(None if value is not None else error for value, error in zip(fixed, errors[2:], strict=True))
    lowest = selection_search.lowest(asked.type, len(fixed))
    bounds = [
        (None, None) if error is None else (max(low, value - z * error), value + z * error)
        for value, error, low in zip(maximum.delta, delta_se, lowest, strict=True)
    ]
    lrt = max(0.0, 2 * (maximum.value - plain.log_likelihood))
    df = sum(value is None for value in fixed)
    return SelectionFit(
        type=asked.type,
        alternative=asked.alternative,
        k=asked.studies.k,
        steps=asked.steps,
        counts=model.counts,
        estimate=estimate,
        se=se,
        statistic=statistic,
        p=None if statistic is None else two_sided_p(statistic, None),
        ci_low=None if se is None else estimate - z * se,
        ci_high=None if se is None else estimate + z * se,
        tau2=maximum.tau2,
        tau2_se=errors[1],
        delta=maximum.delta,
        delta_se=delta_se,
        delta_low=tuple(low for low, _ in bounds),
        delta_high=tuple(high for _, high in bounds),
        log_likelihood=maximum.value,
        unselected=plain.log_likelihood,
        lrt=lrt,
        lrt_df=df,
        lrt_p=chi_squared_p(lrt, df) if df else None,
        plain_estimate=plain.estimate,
        plain_tau2=plain.tau2,
        cautions=(*asked.studies.cautions, *_cautions(asked, model, maximum, fixed, se)),
    )


def _cautions(
    asked: _Asked, model: Model, maximum: Maximum, fixed: tuple[float | None, ...], se: float | None
) -> tuple[Caution, ...]:
    found = []
    empty = [str(i + 1) for i, count in enumerate(model.counts) if count == 0]
    if empty and any(value is None for value in fixed):
        text = (
            f"No study lies in interval {', '.join(empty)} of the selection function, so that its weight cannot be "
            "told from the data: it runs to a bound. Merge intervals."
        )
        found.append(Caution("selection-not-identified", text))
    free = [
        (value, low)
        for value, low, kept in zip(maximum.delta, selection_search.lowest(asked.type, len(fixed)), fixed, strict=True)
        if kept is None
    ]
    on_bound = [v for v, low in free if v <= low + _AT_BOUND or v >= asked.delta_max * (1 - _AT_BOUND)]
    if on_bound and not empty:
        text = (
            f"A parameter of the selection function lies on its bound ({', '.join(f'{v:g}' for v in on_bound)}): the "
            "data call for no selection, or for more than the model can express."
        )
        found.append(Caution("selection-at-bound", text))
    if se is None:
        text = "The likelihood is flat around its maximum, so the mean before selection has no standard error."
        found.append(Caution("selection-flat", text))
    if maximum.gap < _NEAR:
        text = "The likelihood has a second peak almost as high as the first, with other estimates."
        found.append(Caution("several-maxima", text))
    if asked.studies.k < _FEW:
        text = (
            f"Only {asked.studies.k} studies: a selection model estimates how studies were chosen from those that "
            "were, and needs more of them. Read it as one scenario."
        )
        found.append(Caution("few-for-selection", text))
    return tuple(found)


_FEW = 10
"""Studies below which selection cannot be told from chance; the limit for tests of asymmetry is taken over."""
