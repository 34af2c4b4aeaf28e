"""Fail-safe N: how many studies that average to nothing would have to lie in file drawers to overturn a result.

None of these numbers says how many studies are missing, only how many it would take.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy import special

from stromata.model import Caution
from stromata.synthesis.intervals import number, two_sided_p
from stromata.synthesis.pooling import single
from stromata.synthesis.pooling.estimates import Method
from stromata.synthesis.results.result import Result, recorded
from stromata.synthesis.study_set import Studies, StudySet, check_choice, check_options, study_set

FailSafeType = Literal["rosenthal", "orwin", "rosenberg", "general"]
Combination = Literal["stouffer", "fisher"]

_MOST = 10_000_000
"""Count beyond which the search stops: no file drawer is that large."""


@dataclass(frozen=True, slots=True)
class FailSafe(Result):
    """A fail-safe N.

    Attributes
    ----------
    number : studies averaging nothing that it takes; 0 when the result is overturned already.
    estimate, tau2, p : of the observed studies; `tau2` for ``general`` only. None where the type has none.
    target : the average to be reached, with the sign of the estimate; None where significance is the criterion.
    estimate_with, tau2_with, p_with : with the added studies, for ``general`` only.
    """

    type: FailSafeType
    number: int
    k: int
    alpha: float | None
    target: float | None
    estimate: float | None
    tau2: float | None
    p: float | None
    estimate_with: float | None = None
    tau2_with: float | None = None
    p_with: float | None = None
    cautions: tuple[Caution, ...] = ()


@recorded("effects", "vi", "labels")
def fsn(
    effects: Studies,
    vi: npt.ArrayLike | None = None,
    *,
    labels: Sequence[str] | None = None,
    type: FailSafeType = "rosenthal",  # noqa: A002 - the field's name for it
    alpha: float = 0.05,
    target: float | None = None,
    combination: Combination = "stouffer",
    weighted: bool = True,
    method: Method = "reml",
) -> FailSafe:
    """Return a fail-safe N.

    Parameters
    ----------
    effects, vi, labels : see `stromata.synthesis.study_set.study_set`.
    type : ``rosenthal`` until the combined p-value is no longer below `alpha` (one-sided); ``orwin`` until the average
        is down to `target`; ``rosenberg`` until the common-effect estimate is no longer significant at `alpha`
        (two-sided, normal); ``general`` the latter two under a random-effects model.
    alpha : level, strictly between 0 and 1.
    target : average of no practical importance, not 0; its sign is made that of the estimate. For ``orwin`` (without:
        half the average, so that the number is always K) and, instead of significance, ``general``.
    combination : of p-values, for ``rosenthal``: the sum of z-values, or of logarithms.
    weighted : whether ``orwin`` averages by 1 / v.
    method : of ``general``: ``ee`` or an estimator of tau2.

    Raises
    ------
    InvalidInput
        A bad value or option, a target of 0, or for ``general`` fewer than two studies.

    Notes
    -----
    ``general``: the N added studies have estimates of 0 and the harmonic mean of the variances. With tau2 and mu of the
    K observed studies, all n = K + N together have the between-study variance

        ((K - 1) tau2 + max(N - 1, 0) tau2 + (K N / n) mu^2) / (n - 1),

    the variance of a mixture of two groups that vary alike; weights are 1 / (v + that).

    References
    ----------
    Rosenthal (1979), Psychological Bulletin 86, 638-641; Orwin (1983), Journal of Educational Statistics 8, 157-159;
    Rosenberg (2005), Evolution 59, 464-468; Becker (2005), in Rothstein et al., Publication Bias in Meta-Analysis, for
    Fisher's combination.
    """
    check_choice("type", type, get_args(FailSafeType))
    check_choice("combination", combination, get_args(Combination))
    check_options(method=method)
    number("alpha", alpha, "a number above 0 and below 0.5 (one-sided)", lambda error: 0 < error < 0.5)
    if target is not None:
        target = number("target", target, "a number other than 0", lambda effect: effect != 0)
    least = 2 if type == "general" else 1
    studies = study_set(effects, vi, labels=labels, least=least, purpose=f"fail-safe N of type {type}")
    if type == "rosenthal":
        return _rosenthal(studies, alpha, combination)
    if type == "orwin":
        return _orwin(studies, target, weighted=weighted)
    if type == "rosenberg":
        return _rosenberg(studies, alpha)
    return _general(studies, alpha, target, method)


def _rosenthal(studies: StudySet, alpha: float, combination: Combination) -> FailSafe:
    z = studies.y / np.sqrt(studies.v)
    k = studies.k
    if combination == "stouffer":
        total = abs(float(z.sum()))
        needed = (total / float(special.ndtri(alpha))) ** 2 - k
        p = float(special.ndtr(-total / math.sqrt(k)))
        number = max(0, math.ceil(needed))
        overturned = p >= alpha
        return FailSafe(
            "rosenthal", 0 if overturned else number, k, alpha, None, None, None, p, cautions=studies.cautions
        )
    side = 1.0 if z.mean() >= 0 else -1.0
    score = -2 * float(special.log_ndtr(-side * z).sum())

    def p_with(n: int) -> float:
        # each added study has p = 1/2
        return float(special.gammaincc(k + n, (score + 2 * n * math.log(2)) / 2))

    number, reached = _smallest(lambda n: p_with(n) >= alpha)
    cautions = (*studies.cautions, *_beyond(reached=reached))
    return FailSafe("rosenthal", number, k, alpha, None, None, None, p_with(0), cautions=cautions)


def _orwin(studies: StudySet, target: float | None, *, weighted: bool) -> FailSafe:
    average = _common(studies)[0] if weighted else float(studies.y.mean())
    aim = average / 2 if target is None else math.copysign(target, average)
    needed = studies.k * (average - aim) / aim if aim != 0 else 0.0
    number = max(0, math.ceil(needed - 1e-12 * abs(needed)))
    return FailSafe("orwin", number, studies.k, None, aim, average, None, None, cautions=studies.cautions)


def _rosenberg(studies: StudySet, alpha: float) -> FailSafe:
    estimate, se = _common(studies)
    p = two_sided_p(estimate / se, None)
    squared = (estimate / se / float(special.ndtri(alpha / 2))) ** 2
    number = 0 if p >= alpha else max(0, math.ceil(studies.k * (squared - 1)))
    return FailSafe("rosenberg", number, studies.k, alpha, None, estimate, None, p, cautions=studies.cautions)


def _common(studies: StudySet) -> tuple[float, float]:
    """Return the common-effect estimate with its standard error; one study's own when there is one."""
    if studies.k == 1:
        return float(studies.y[0]), math.sqrt(float(studies.v[0]))
    found = single.fit(studies.y, studies.v, None)
    return found.estimate, found.se


def _general(studies: StudySet, alpha: float, target: float | None, method: Method) -> FailSafe:
    y, v, k = studies.y, studies.v, studies.k
    found = single.fit(y, v, None if method == "ee" else method)
    mean, tau2 = found.estimate, found.tau2
    typical = k / float((1 / v).sum())
    aim = None if target is None else math.copysign(target, mean)

    def with_added(n: int) -> tuple[float, float, float]:
        if n == 0:
            return mean, tau2, two_sided_p(mean / found.se, None)
        together = ((k - 1 + max(n - 1, 0)) * tau2 + k * n / (k + n) * mean**2) / (k + n - 1)
        spread = 0.0 if method == "ee" else together
        w = 1 / (v + spread)
        total = float(w.sum()) + n / (typical + spread)
        estimate = float(w @ y) / total
        return estimate, spread, two_sided_p(estimate * math.sqrt(total), None)

    def overturned(n: int) -> bool:
        estimate, _, p = with_added(n)
        return p >= alpha if aim is None else abs(estimate) <= abs(aim)

    number, reached = _smallest(overturned)
    estimate, spread, p = with_added(number)
    cautions = (*studies.cautions, *_beyond(reached=reached))
    return FailSafe(
        type="general",
        number=number,
        k=k,
        alpha=None if aim is not None else alpha,
        target=aim,
        estimate=mean,
        tau2=tau2,
        p=with_added(0)[2],
        estimate_with=estimate,
        tau2_with=spread,
        p_with=p,
        cautions=cautions,
    )


def _smallest(overturned: Callable[[int], bool]) -> tuple[int, bool]:
    """Return the smallest count that overturns the result, and whether there is one within reach.

    Up to 64 every count is tried; beyond that the criterion is taken to stay met once it is.
    """
    for n in range(65):
        if overturned(n):
            return n, True
    low, high = 64, 128
    while not overturned(high):
        if high >= _MOST:
            return _MOST, False
        low, high = high, min(2 * high, _MOST)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if overturned(middle) else (middle, high)
    return high, True


def _beyond(*, reached: bool) -> tuple[Caution, ...]:
    if reached:
        return ()
    return (Caution("failsafe-beyond", f"Not even {_MOST:,} studies averaging nothing would overturn the result."),)
