"""Mean and standard deviation from the median, quartiles and range of a sample, and what speaks against trying.

Three scenarios, named as by Wan (2014): C1 has minimum, median and maximum; C3 has the quartiles and the median; C2 has
all five numbers. The papers write the sample size as n = 4Q + 1 with Q of at least 1, so n must be at least 5.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from stromata.errors import InvalidInput
from stromata.model import Caution, Problem

FloatArray = npt.NDArray[np.float64]
Scenario = Literal["C1", "C2", "C3"]
Fitted = Literal["normal", "log-normal", "gamma", "Weibull", "beta"]

SMALLEST_SAMPLE = 5
"""People below which quartiles mean little: the formulae were derived for n = 4Q + 1 with Q of at least 1."""

_NODES = 10_000
"""Points of the probability scale at which the back-transformed distribution is averaged."""

_FARTHEST = 60.0
"""Largest size of a parameter's logarithm in a search, so that nothing overflows."""

_LONGEST_TAIL = 15.0
"""Sigma of a log-normal, or inverse shape of a Weibull distribution, beyond which moments mean nothing."""

FEW_FOR_ENDS = 200
"""People below which `fitted_caution` speaks; from there on, simulated skewed samples were mostly within 15 %."""

_EQUALLY_CLOSE = 1e-10
"""Distributions whose quantiles are this near one another, as a share of the largest value, fit equally well."""

_UNSTABLE = 0.02
"""Share by which a standard deviation may change with ten times the points before it is said not to exist."""

_LAMBDAS = (-10.0, 10.0)
"""Powers that are looked through; practical transformations lie between -2 and 2."""


def _normal_quantile(p: float) -> float:
    return float(special.ndtri(p))


@dataclass(frozen=True, slots=True)
class Quantiles:
    """What a report prints of a sample: `n`, the median, and the range, the quartiles, or both.

    Raises
    ------
    InvalidInput
        n below 5 or not whole, a value that is not finite, one of a pair without the other, neither pair, values that
        are not in ascending order, or no spread at all.
    """

    n: int
    median: float
    min: float | None = None
    q1: float | None = None
    q3: float | None = None
    max: float | None = None

    def __post_init__(self) -> None:
        if self.n != int(self.n) or self.n < SMALLEST_SAMPLE:
            raise InvalidInput(
                f"n is {self.n:g}; allowed: a whole number of at least {SMALLEST_SAMPLE}",
                hint="With fewer people, extract the single values.",
            )
        for low, high in (("min", "max"), ("q1", "q3")):
            if (getattr(self, low) is None) != (getattr(self, high) is None):
                raise InvalidInput(f"{low} and {high} belong together; only one of them was given")
        if self.min is None and self.q1 is None:
            raise InvalidInput("only the median was given; needed: min and max, or q1 and q3, or all four")
        named = self.named
        for name, value in named:
            if not math.isfinite(value):
                raise InvalidInput(f"{name} is {value}; allowed: a finite number")
        for (low, below), (high, above) in pairwise(named):
            if below > above:
                raise InvalidInput(f"{high} is {above:g}; allowed: {low}, {below:g}, or more")
        if any(above <= below for below, above in self.pairs):
            raise InvalidInput("all values are the same; a standard deviation cannot be worked out from them")

    @property
    def named(self) -> tuple[tuple[str, float], ...]:
        """The values that were given, with their names, in ascending order."""
        values = (
            ("min", self.min),
            ("q1", self.q1),
            ("median", self.median),
            ("q3", self.q3),
            ("max", self.max),
        )
        return tuple((name, value) for name, value in values if value is not None)

    @property
    def pairs(self) -> tuple[tuple[float, float], ...]:
        """The pairs around the median, the range first."""
        found = ((self.min, self.max), (self.q1, self.q3))
        return tuple((low, high) for low, high in found if low is not None and high is not None)

    @property
    def scenario(self) -> Scenario:
        """Which of Wan's scenarios it is."""
        if self.q1 is None:
            return "C1"
        return "C3" if self.min is None else "C2"


def normal_mean(sample: Quantiles) -> float:
    """Estimate the mean with the weights that are optimal for a normal distribution.

    References
    ----------
    Luo, Wan, Liu, Tong (2018), Stat Methods Med Res 27(6), 1785-1805, 10.1177/0962280216669183, equations 7 (C1),
    11 (C3) and 15 (C2).
    """
    n = float(sample.n)
    middles = [(low + high) / 2 for low, high in sample.pairs]
    if sample.scenario == "C1":
        weights = [4 / (4 + n**0.75)]
    elif sample.scenario == "C3":
        weights = [0.7 + 0.39 / n]
    else:
        weights = [2.2 / (2.2 + n**0.75), 0.7 - 0.72 / n**0.55]
    weighted = sum(w * m for w, m in zip(weights, middles, strict=True))
    return float(weighted + (1 - sum(weights)) * sample.median)


def normal_sd(sample: Quantiles) -> float:
    """Estimate the standard deviation from the expected spread of the order statistics of a normal sample.

    References
    ----------
    Wan, Wang, Liu, Tong (2014), BMC Med Res Methodol 14, 135, 10.1186/1471-2288-14-135, equations 9 (C1), 12 with the
    approximations 8 and 15 (C2), and 16 (C3).
    """
    n = float(sample.n)
    widths = {"range": 2 * _normal_quantile((n - 0.375) / (n + 0.25))}
    widths["quartiles"] = 2 * _normal_quantile((0.75 * n - 0.125) / (n + 0.25))
    used = {"C1": ["range"], "C3": ["quartiles"], "C2": ["range", "quartiles"]}[sample.scenario]
    each = [(high - low) / widths[name] for name, (low, high) in zip(used, sample.pairs, strict=True)]
    return sum(each) / len(each)


def box_cox(sample: Quantiles) -> tuple[float, float, float]:
    """Estimate mean and standard deviation through the power transformation that makes the quantiles symmetrical.

    The power is the one at which the values lie evenly about the median. With all five numbers, the squares of the two
    deviations from symmetry are added, and the least sum is looked for between the power that evens out the range and
    the one that evens out the quartiles; values are first divided by the median, so that a change of unit cannot change
    the power. Mean and standard deviation on the transformed scale are those of `normal_mean` and `normal_sd`. The way
    back is the expectation under that normal distribution, cut to where the inverse exists and symmetrically on the
    other side. It is averaged over 10 000 even steps of probability, so that the same input always gives the same
    result, where the authors' program draws random values.

    Much ordinary skewed data is refused, because the power that evens out its sample has too long a tail. What remains
    is the less skewed part, so that the method comes out low where only the quartiles are known. In simulated
    log-normal samples (sigma 0.8, 101 people) it refused 43 % and then gave means 8 % and standard deviations 19 % too
    low on average; `fitted` refused none. For skewed data with quartiles, take `fitted` first.

    Returns
    -------
    Mean, standard deviation, and the power (lambda).

    Raises
    ------
    InvalidInput
        A value of 0 or less, two equal neighbours around the median, values that no power makes even, a distribution so
        long-tailed that its standard deviation cannot be told, or a result that the range does not allow.

    References
    ----------
    McGrath, Zhao, Steele, Thombs, Benedetti (2020), Stat Methods Med Res 29(9), 2520-2537, 10.1177/0962280219889080,
    the Box-Cox method, as the documentation of the authors' program estmeansd describes it (that the power is chosen
    for symmetry is not said there; its printed example agrees). Box and Cox (1964), J R Stat Soc B 26(2), 211-252.
    """
    _require_positive(sample, "the Box-Cox method")
    if any(sample.median in pair for pair in sample.pairs):
        raise InvalidInput(
            f"the median, {sample.median:g}, equals one of its neighbours; the Box-Cox method needs a distance on "
            "both sides",
            hint="Use the method for normal data, or leave the result out.",
        )
    unit = sample.median
    power = _even_power([(low / unit, high / unit) for low, high in sample.pairs])
    moved = _moved(sample, unit=unit, power=power)
    location, scale = normal_mean(moved), normal_sd(moved)
    mean, sd = _back(location, scale, power, _NODES)
    _, finer = _back(location, scale, power, 10 * _NODES)
    if not math.isfinite(finer) or abs(finer - sd) > _UNSTABLE * sd:
        raise InvalidInput(
            f"the distribution that fits best (power {power:.2f}) has so long a tail that its standard deviation "
            "cannot be told",
            hint="Use the method of fitted distributions, or leave the result out.",
        )
    _require_possible(sample, float(mean * unit), float(sd * unit))
    return float(mean * unit), float(sd * unit), power


def _require_possible(sample: Quantiles, mean: float, sd: float) -> None:
    """Raise `InvalidInput` where no sample with this range can have such a mean or standard deviation."""
    wrong = implausible(n=sample.n, mean=mean, sd=sd, min=sample.min, max=sample.max)
    if wrong:
        raise InvalidInput(
            f"the distribution that comes closest does not suit the sample: {wrong[0].text}",
            hint="Use another of the methods for medians, or leave the result out.",
        )


def _require_positive(sample: Quantiles, method: str) -> None:
    name, low = sample.named[0]
    if low <= 0:
        raise InvalidInput(f"{name} is {low:g}; allowed for {method}: more than 0")


def _power(x: float, power: float) -> float:
    """Return the Box-Cox transform of x > 0."""
    return math.log(x) if power == 0 else math.expm1(power * math.log(x)) / power


def _uneven(pair: tuple[float, float], power: float) -> float:
    """Return by how much the upper distance from the median, which is 1 here, exceeds the lower one."""
    return _power(pair[1], power) + _power(pair[0], power)


def _even_power(pairs: list[tuple[float, float]]) -> float:
    """Return the power at which the pairs lie most evenly about the median."""
    from scipy import optimize  # noqa: PLC0415 - takes long to load, and is rarely needed

    roots = []
    for pair in pairs:
        if _uneven(pair, _LAMBDAS[0]) > 0 or _uneven(pair, _LAMBDAS[1]) < 0:
            raise InvalidInput(
                "the values lie so unevenly about the median that no power transformation makes them even",
                hint="Use the method of fitted distributions, or leave the result out.",
            )
        roots.append(float(optimize.brentq(partial(_uneven, pair), *_LAMBDAS, xtol=1e-12)))
    if max(roots) - min(roots) < 1e-9:
        return roots[0]
    # Unevenness grows with the power, so the sum of squares falls at the lower root and rises at the upper one.
    return float(
        optimize.brentq(
            lambda power: sum(_uneven(pair, power) * _growth(pair, power) for pair in pairs),
            min(roots),
            max(roots),
            xtol=1e-12,
        )
    )


def _growth(pair: tuple[float, float], power: float) -> float:
    """Return the derivative of `_uneven` by the power."""
    return sum(math.log(x) ** 2 * _slope(power * math.log(x)) for x in pair)


def _slope(t: float) -> float:
    """Return the derivative of (e^t - 1)/t, by its series where the closed form cancels."""
    if abs(t) < 0.5:
        return sum(t**k / (math.factorial(k) * (k + 2)) for k in range(16))
    return (t * math.exp(t) - math.expm1(t)) / t**2


def _moved(sample: Quantiles, *, unit: float, power: float) -> Quantiles:
    """Return the sample on the transformed scale."""
    values = {name: _power(value / unit, power) for name, value in sample.named}
    return Quantiles(n=sample.n, **values)


def _back(location: float, scale: float, power: float, nodes: int) -> tuple[float, float]:
    """Return mean and standard deviation of the inverse transform of a normal variable."""
    edge = 0.0 if power == 0 else float(special.ndtr(-abs(-1 / power - location) / scale))
    p = edge + (1 - 2 * edge) * (np.arange(nodes) + 0.5) / nodes
    y = location + scale * special.ndtri(p)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        x = np.exp(y) if power == 0 else np.exp(np.log1p(power * y) / power)
        return float(x.mean()), float(x.std())


def fitted(sample: Quantiles) -> tuple[float, float, Fitted]:
    """Estimate mean and standard deviation as those of the distribution whose quantiles come closest.

    Normal, log-normal, gamma and Weibull distributions are fitted, and beta where all values lie between 0 and 1; only
    the normal one where a value is 0 or less. Minimum and maximum are taken for the quantiles at 1/n and 1 - 1/n.
    Closest means the least sum of squared differences. Where two come equally close, as the normal and the beta
    distribution do for quartiles between 0 and 1 at equal distances from the median, the later in this list is taken.

    For skewed data with quartiles it is the first choice. Where the range is used, the standard deviation comes out too
    large in small samples, since the ends of a sample lie further out than those places; see `fitted_caution`.

    Returns
    -------
    Mean, standard deviation, and the name of the distribution.

    Raises
    ------
    InvalidInput
        The closest distribution has a mean or standard deviation that no sample with this range can have.

    References
    ----------
    McGrath, Zhao, Steele, Thombs, Benedetti (2020), Stat Methods Med Res 29(9), 2520-2537, 10.1177/0962280219889080,
    the quantile estimation method, as the documentation of the authors' program estmeansd describes it.
    """
    places = {"min": 1 / sample.n, "q1": 0.25, "median": 0.5, "q3": 0.75, "max": 1 - 1 / sample.n}
    p = np.array([places[name] for name, _ in sample.named])
    q = np.array([value for _, value in sample.named])
    names: list[Fitted] = ["normal"]
    tries: list[tuple[float, float, float]] = []
    if q[0] > 0:
        names += ["log-normal", "gamma", "Weibull"]
        if q[-1] < 1:
            names.append("beta")
    size = float(np.abs(q).max())
    for name in names:
        unit = 1.0 if name == "beta" else size  # a common unit makes the search equally exact in every unit
        loss, mean, sd = _fit(name, p, q / unit)
        tries.append((loss * unit**2, mean * unit, sd * unit))
    # What differs by rounding alone is equal: otherwise the processor would decide.
    enough = min(loss for loss, _, _ in tries) + (_EQUALLY_CLOSE * size) ** 2
    place = max(number for number, (loss, _, _) in enumerate(tries) if loss <= enough)
    _, mean, sd = tries[place]
    _require_possible(sample, float(mean), float(sd))
    return float(mean), float(sd), names[place]


def _fit(name: Fitted, p: FloatArray, q: FloatArray) -> tuple[float, float, float]:
    """Return loss, mean and standard deviation of the closest member of a family."""
    if name == "normal":
        z = special.ndtri(p)
        sd, mean = np.polyfit(z, q, 1)
        return float(((mean + sd * z - q) ** 2).sum()), float(mean), float(sd)
    family = _FAMILIES[name]
    middle, spread = float(np.median(q)), float((q[-1] - q[0]) / (special.ndtri(p[-1]) - special.ndtri(p[0])))
    best = (math.inf, math.nan, math.nan)
    for start in family.starts(middle, spread / middle):
        logs = _closest(family, np.log(np.array(start)), p, q)
        loss = float((family.misfit(logs, p, q) ** 2).sum())
        if loss < best[0]:
            best = (loss, *family.moments(float(np.exp(logs[0])), float(np.exp(logs[1]))))
    return best if all(map(math.isfinite, best)) else (math.inf, math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class _Family:
    """A family of two positive parameters: quantiles, mean and standard deviation, and where to begin a search."""

    quantile: Callable[[FloatArray, float, float], FloatArray]
    moments: Callable[[float, float], tuple[float, float]]
    starts: Callable[[float, float], tuple[tuple[float, float], ...]]

    def misfit(self, logs: FloatArray, p: FloatArray, q: FloatArray) -> FloatArray:
        """Return fitted minus reported quantiles; parameters come as logarithms, which keeps them positive."""
        with np.errstate(all="ignore"):
            first, second = np.exp(np.clip(logs, -_FARTHEST, _FARTHEST))
            return np.nan_to_num(self.quantile(p, float(first), float(second)) - q, nan=1e6, posinf=1e6, neginf=-1e6)

    def downhill(self, logs: FloatArray, p: FloatArray, q: FloatArray) -> FloatArray:
        """Return half the gradient of the sum of squares, by central differences."""
        steps = np.eye(2) * 1e-5
        slopes = np.array([(self.misfit(logs + h, p, q) - self.misfit(logs - h, p, q)) / 2e-5 for h in steps])
        return np.asarray(slopes @ self.misfit(logs, p, q), dtype=np.float64)


def _closest(family: _Family, start: FloatArray, p: FloatArray, q: FloatArray) -> FloatArray:
    """Return the logarithms of the parameters with the least sum of squares.

    The sum of squares is flat at its least, so a search for it stops some nine digits short of the parameters' own
    precision; the point where the gradient vanishes is sharper, and comes out the same on every machine.
    """
    from scipy import optimize  # noqa: PLC0415 - takes long to load, and is rarely needed

    with np.errstate(all="ignore"):  # a search may stray where numbers overflow; what it brings back is checked
        found = optimize.least_squares(family.misfit, start, args=(p, q))
        sharper = optimize.root(family.downhill, found.x, args=(p, q), tol=1e-14)
    near = bool(np.all(np.abs(sharper.x - found.x) < 1e-3))
    return np.asarray(sharper.x if near else found.x, dtype=np.float64)


def _log_normal_quantile(p: FloatArray, scale: float, sigma: float) -> FloatArray:
    found: FloatArray = scale * np.exp(sigma * special.ndtri(p))
    return found


def _log_normal_moments(scale: float, sigma: float) -> tuple[float, float]:
    if sigma > _LONGEST_TAIL:
        return math.inf, math.inf
    mean = scale * math.exp(sigma**2 / 2)
    return mean, mean * math.sqrt(math.expm1(sigma**2))


def _gamma_quantile(p: FloatArray, shape: float, scale: float) -> FloatArray:
    found: FloatArray = np.asarray(scale * special.gammaincinv(shape, p), dtype=np.float64)
    return found


def _weibull_quantile(p: FloatArray, shape: float, scale: float) -> FloatArray:
    hazard: FloatArray = -np.log1p(-p)
    found: FloatArray = scale * np.power(hazard, 1 / shape)
    return found


def _weibull_moments(shape: float, scale: float) -> tuple[float, float]:
    if shape < 1 / _LONGEST_TAIL:
        return math.inf, math.inf
    first, second = math.gamma(1 + 1 / shape), math.gamma(1 + 2 / shape)
    return scale * first, scale * math.sqrt(second - first**2)


def _beta_quantile(p: FloatArray, a: float, b: float) -> FloatArray:
    found: FloatArray = special.betaincinv(a, b, p)
    return found


def _beta_moments(a: float, b: float) -> tuple[float, float]:
    return a / (a + b), math.sqrt(a * b / (a + b + 1)) / (a + b)


def _beta_starts(middle: float, share: float) -> tuple[tuple[float, float], ...]:
    size = max((1 - middle) / (middle * share**2) - 1, 0.5)  # from mean and variance
    return ((middle * size, (1 - middle) * size), (1.0, 1.0))


_FAMILIES: dict[Fitted, _Family] = {
    "log-normal": _Family(
        _log_normal_quantile,
        _log_normal_moments,
        lambda middle, share: ((middle, min(share, 1.5)), (middle, 0.3)),
    ),
    "gamma": _Family(
        _gamma_quantile,
        lambda shape, scale: (shape * scale, math.sqrt(shape) * scale),
        lambda middle, share: ((1 / share**2, middle * share**2), (1.0, middle / math.log(2))),
    ),
    "Weibull": _Family(
        _weibull_quantile,
        _weibull_moments,
        lambda middle, share: ((max(1 / share, 0.5), middle), (1.0, middle / math.log(2))),
    ),
    "beta": _Family(_beta_quantile, _beta_moments, _beta_starts),
}


def skewness(sample: Quantiles) -> tuple[float, float]:
    """Return the statistic that tests the sample for skewness, and the value that it exceeds in 5 % of normal samples.

    References
    ----------
    Shi, Luo, Wan, Liu, Liu, Bian, Tong (2023), Stat Methods Med Res 32(7), 1338-1360, 10.1177/09622802231172043: tests
    T1 (C1), T2 (C3) and T3 (C2). The article itself was not seen: statistics and limits are as in a later public
    simulation of these tests, and were checked by simulation here (about 5 % of normal samples exceed each limit).
    """
    n = float(sample.n)
    shares = [abs(low + high - 2 * sample.median) / (high - low) for low, high in sample.pairs]
    if sample.scenario == "C1":
        return shares[0], 1 / math.log(n + 9) + 2.5 / (n + 1)
    if sample.scenario == "C3":
        return shares[0], 2.65 / math.sqrt(n) - 6 / n**2
    return max(2.65 * math.log(0.6 * n) / math.sqrt(n) * shares[0], shares[1]), 3 / math.sqrt(n) - 40 / n**3


def skewness_caution(sample: Quantiles) -> Caution | None:
    """Say that the values are more lopsided than normal data would be; None when they are not."""
    statistic, critical = skewness(sample)
    if statistic <= critical:
        return None
    text = (
        f"The reported values lie more to one side of the median than normal data would (test statistic "
        f"{statistic:.2f}, limit {critical:.2f}). A mean and standard deviation worked out from them under normality "
        "may mislead; compare the methods for skewed data, fitted distributions first, or leave the study out in a "
        "sensitivity analysis."
    )
    return Caution("skewed-quantiles", text)


def box_cox_caution(sample: Quantiles) -> Caution | None:
    """Say that `box_cox` tends to be too low with quartiles alone; None when the range is known too."""
    if sample.scenario != "C3":
        return None
    text = (
        "The mean and standard deviation come from the Box-Cox method with quartiles alone. It tends to make both too "
        "low: by 8 % and 19 % in simulated skewed samples of 101 people, and by more in smaller ones. Compare the "
        "method of fitted distributions."
    )
    return Caution("box-cox-low", text)


def fitted_caution(sample: Quantiles) -> Caution | None:
    """Say that `fitted` makes the standard deviation too large when it uses the range of few people; else None."""
    if sample.scenario == "C3" or sample.n >= FEW_FOR_ENDS:
        return None
    text = (
        f"The fitted distribution rests on the smallest and largest of {sample.n} values. With so few, the standard "
        "deviation tends to come out too large: in simulations by 8 to 50 % with 25 people and by 8 to 30 % with 100, "
        "most for skewed data. Compare the other methods."
    )
    return Caution("range-of-few", text)


def implausible(
    *,
    n: float | None = None,
    mean: float | None = None,
    sd: float | None = None,
    min: float | None = None,  # noqa: A002 - the statistic's own name
    q1: float | None = None,
    median: float | None = None,
    q3: float | None = None,
    max: float | None = None,  # noqa: A002 - likewise
) -> tuple[Problem, ...]:
    """Return what cannot be true together, or hints at a slip, among the statistics that one row reports.

    Order of the quantiles; a mean outside the range; a standard deviation larger than the range allows; a mean further
    from the median than one standard deviation, which no sample can have.
    """
    found: list[Problem] = []

    def report(code: str, text: str, hint: str) -> None:
        found.append(Problem(0, code, text, hint))

    ordered = [(name, value) for name, value in _in_order(min, q1, median, q3, max) if value is not None]
    for (low_name, low), (high_name, high) in pairwise(ordered):
        if low > high:
            hint = "Was a width (such as the interquartile range) taken for a limit, or were two columns exchanged?"
            report("quantile-order", f"{high_name} is {high:g}, less than {low_name}, {low:g}", hint)
    if mean is not None and min is not None and max is not None and not min <= mean <= max:
        report("mean-outside-range", f"the mean, {mean:g}, is outside {min:g} to {max:g}", "Check unit and time point.")
    if sd is not None and min is not None and max is not None and max >= min:
        # The largest standard deviation has half of the people at each end.
        limit = (max - min) / 2 * (math.sqrt(n / (n - 1)) if n is not None and n > 1 else math.sqrt(2))
        if sd > limit * (1 + 1e-9):
            hint = "Is it a variance, or do both belong to different groups?"
            report("sd-over-range", f"the SD, {sd:g}, is more than a range of {max - min:g} allows ({limit:.3g})", hint)
    if mean is not None and median is not None and sd is not None and abs(mean - median) > sd:
        text = f"mean, {mean:g}, and median, {median:g}, are further apart than one SD, {sd:g}; no sample can have that"
        report("mean-far-from-median", text, "Is the SD a standard error, or are the values from different times?")
    return tuple(found)


def _in_order(*values: float | None) -> tuple[tuple[str, float | None], ...]:
    return tuple(zip(("min", "q1", "median", "q3", "max"), values, strict=True))
