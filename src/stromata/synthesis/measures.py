"""The effect measures: what each needs, how it is computed, and how it is read back on its natural scale.

K is the number of studies. Columns carry the names that meta-analysts know: `xi` events of `ni` people in one arm;
`ai`, `bi` events and non-events in the first arm and `ci`, `di` in the second (`n1i`, `n2i` the arms' totals);
`m1i`, `sd1i`, `n1i` and `m2i`, `sd2i`, `n2i` means, standard deviations and totals of two arms; `mi`, `sdi`, `ni` of
one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from scipy import special

from stromata.errors import InvalidInput
from stromata.model import MeasureName
from stromata.synthesis.intervals import FloatArray

Columns: TypeAlias = Mapping[str, FloatArray]
Kind = Literal["proportion", "two-by-two", "two-means", "one-mean"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One effect measure.

    Attributes
    ----------
    columns : the sets of columns it can be computed from, the preferred one first.
    compute : columns (K,) to estimates (K,) and sampling variances (K,) on the analysis scale; where they do not exist
        without a correction they come out as infinite or NaN.
    to_natural : analysis scale and harmonic mean of the arm totals (used by PFT only) to natural scale.
    to_analysis : the reverse, for a proportion; None for the other kinds.
    null : value of no effect on the natural scale; None for measures without a comparison.
    add : what a zero-cell correction adds to each cell unless the caller says otherwise.
    """

    name: MeasureName
    title: str
    kind: Kind
    columns: tuple[tuple[str, ...], ...]
    compute: Callable[[Columns], tuple[FloatArray, FloatArray]]
    to_natural: Callable[[float, float], float]
    to_analysis: Callable[[float, float], float] | None = None
    null: float | None = None
    add: float = 0.5


def get_measure(name: str) -> Measure:
    """Return the measure called `name`.

    Raises
    ------
    InvalidInput
        There is none of that name; the message lists those there are.
    """
    found = MEASURES.get(name)
    if found is None:
        raise InvalidInput(f"no effect measure {name!r}", hint=f"There are: {', '.join(MEASURES)}.")
    return found


# One arm, events. Barendregt et al. (2013) and Schwarzer et al. (2019) discuss the transformations.


def _raw(c: Columns) -> tuple[FloatArray, FloatArray]:
    p = c["xi"] / c["ni"]
    return p, p * (1 - p) / c["ni"]


def _log(c: Columns) -> tuple[FloatArray, FloatArray]:
    return np.log(c["xi"] / c["ni"]), 1 / c["xi"] - 1 / c["ni"]


def _logit(c: Columns) -> tuple[FloatArray, FloatArray]:
    rest = c["ni"] - c["xi"]
    return np.log(c["xi"] / rest), 1 / c["xi"] + 1 / rest


def _arcsine(c: Columns) -> tuple[FloatArray, FloatArray]:
    return np.arcsin(np.sqrt(c["xi"] / c["ni"])), 1 / (4 * c["ni"])


def _freeman_tukey(c: Columns) -> tuple[FloatArray, FloatArray]:
    # Freeman and Tukey (1950), with the halving that makes the variance 1 / (4n + 2).
    return _double_arcsine(c["xi"], c["ni"]), 1 / (4 * c["ni"] + 2)


def _double_arcsine(x: FloatArray, n: FloatArray) -> FloatArray:
    both: FloatArray = (np.arcsin(np.sqrt(x / (n + 1))) + np.arcsin(np.sqrt((x + 1) / (n + 1)))) / 2
    return both


# Two arms, events: all four cells, so that a correction that adds to each cell also adds to the totals.


def _odds_ratio(c: Columns) -> tuple[FloatArray, FloatArray]:
    a, b, c_, d = c["ai"], c["bi"], c["ci"], c["di"]
    return np.log(a / b) - np.log(c_ / d), 1 / a + 1 / b + 1 / c_ + 1 / d


def _risk_ratio(c: Columns) -> tuple[FloatArray, FloatArray]:
    a, c_, n1, n2 = c["ai"], c["ci"], c["ai"] + c["bi"], c["ci"] + c["di"]
    return np.log(a / n1) - np.log(c_ / n2), 1 / a - 1 / n1 + 1 / c_ - 1 / n2


def _risk_difference(c: Columns) -> tuple[FloatArray, FloatArray]:
    n1, n2 = c["ai"] + c["bi"], c["ci"] + c["di"]
    p1, p2 = c["ai"] / n1, c["ci"] / n2
    return p1 - p2, p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2


# Means.


def _mean(c: Columns) -> tuple[FloatArray, FloatArray]:
    return c["mi"], c["sdi"] ** 2 / c["ni"]


def _mean_difference(c: Columns) -> tuple[FloatArray, FloatArray]:
    return c["m1i"] - c["m2i"], c["sd1i"] ** 2 / c["n1i"] + c["sd2i"] ** 2 / c["n2i"]


def _standardised(c: Columns) -> tuple[FloatArray, FloatArray]:
    # Hedges (1981): pooled standard deviation, exact correction for bias, large-sample variance at g.
    n1, n2 = c["n1i"], c["n2i"]
    df = n1 + n2 - 2
    pooled = np.sqrt(((n1 - 1) * c["sd1i"] ** 2 + (n2 - 1) * c["sd2i"] ** 2) / df)
    correction = np.exp(special.gammaln(df / 2) - np.log(np.sqrt(df / 2)) - special.gammaln((df - 1) / 2))
    g = correction * (c["m1i"] - c["m2i"]) / pooled
    return g, 1 / n1 + 1 / n2 + g**2 / (2 * (n1 + n2))


# Back to the natural scale.


def _same(y: float, _n: float) -> float:
    return y


def _exp(y: float, _n: float) -> float:
    # Beyond the range of a double the ratio is infinite, or 0: what the interval then honestly says.
    return math.exp(y) if y < math.log(1e308) else math.inf


def _unit(y: float, _n: float) -> float:
    return min(max(y, 0.0), 1.0)


def _exp_unit(y: float, n: float) -> float:
    return min(_exp(y, n), 1.0)


def _expit(y: float, _n: float) -> float:
    return float(special.expit(y))


def _sine_squared(y: float, _n: float) -> float:
    return math.sin(min(max(y, 0.0), math.pi / 2)) ** 2


def _miller(y: float, n: float) -> float:
    """Undo the double arcsine at a total of `n` (Miller 1978); values that no count reaches become 0 or 1."""
    if y <= _pft(0.0, n):
        return 0.0
    if y >= _pft(1.0, n):
        return 1.0
    s = math.sin(2 * y)
    inner = 1 - (s + (s - 1 / s) / n) ** 2
    return 0.5 * (1 - math.copysign(1.0, math.cos(2 * y)) * math.sqrt(max(inner, 0.0)))


def _log_of(p: float, _n: float) -> float:
    return math.log(p) if p > 0 else -math.inf


def _logit_of(p: float, _n: float) -> float:
    return float(special.logit(p))


def _arcsine_of(p: float, _n: float) -> float:
    return math.asin(math.sqrt(p))


def _pft(p: float, n: float) -> float:
    return float(_double_arcsine(np.array([p * n]), np.array([n]))[0])


_ONE_ARM = (("xi", "ni"),)
_TWO_ARMS = (("ai", "bi", "ci", "di"), ("ai", "n1i", "ci", "n2i"))
_TWO_MEANS = (("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"),)
_ONE_MEAN = (("mi", "sdi", "ni"),)

MEASURES: dict[str, Measure] = {
    "PR": Measure("PR", "raw proportion", "proportion", _ONE_ARM, _raw, _unit, _same),
    "PLN": Measure("PLN", "log proportion", "proportion", _ONE_ARM, _log, _exp_unit, _log_of),
    "PLO": Measure("PLO", "logit proportion", "proportion", _ONE_ARM, _logit, _expit, _logit_of),
    "PAS": Measure("PAS", "arcsine proportion", "proportion", _ONE_ARM, _arcsine, _sine_squared, _arcsine_of, add=0.0),
    "PFT": Measure("PFT", "double arcsine proportion", "proportion", _ONE_ARM, _freeman_tukey, _miller, _pft, add=0.0),
    "OR": Measure("OR", "log odds ratio", "two-by-two", _TWO_ARMS, _odds_ratio, _exp, null=1.0),
    "RR": Measure("RR", "log risk ratio", "two-by-two", _TWO_ARMS, _risk_ratio, _exp, null=1.0),
    "RD": Measure("RD", "risk difference", "two-by-two", _TWO_ARMS, _risk_difference, _same, null=0.0),
    "MD": Measure("MD", "mean difference", "two-means", _TWO_MEANS, _mean_difference, _same, null=0.0),
    "SMD": Measure("SMD", "standardised mean difference", "two-means", _TWO_MEANS, _standardised, _same, null=0.0),
    "MN": Measure("MN", "mean", "one-mean", _ONE_MEAN, _mean, _same),
}
"""Every measure there is, by name. A new one is one entry here, its function above and its name in
`stromata.model.MeasureName`."""
