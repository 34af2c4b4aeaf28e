"""Confidence intervals for one proportion or rate, and the quantiles that every other interval here is built from."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Real
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import special

from stromata.errors import InvalidInput

FloatArray: TypeAlias = npt.NDArray[np.float64]
"""One-dimensional unless its docstring says otherwise; the name is defined here, once, for the whole stage."""


def exact_interval(x: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Return the Clopper-Pearson interval for a proportion of `x` events among `n`.

    It covers at least `level` at every true proportion, whatever `n`: for six patients as for six thousand. The price
    is some width. With no events the lower bound is exactly 0, with only events the upper bound is exactly 1.

    Parameters
    ----------
    x : events, 0 <= x <= n.
    n : people, n > 0.
    level : coverage, strictly between 0 and 1.

    Raises
    ------
    InvalidInput
        Events outside 0 to n, no people, or a level outside (0, 1).

    Examples
    --------
    >>> low, high = exact_interval(6, 6)
    >>> round(low, 4), high
    (0.5407, 1.0)

    References
    ----------
    Clopper and Pearson (1934), Biometrika 26, 404-413; bounds as quantiles of the beta distribution.
    """
    _check(x, n, level)
    tail = (1 - level) / 2
    low = 0.0 if x == 0 else float(special.betaincinv(x, n - x + 1, tail))
    high = 1.0 if x == n else float(special.betainccinv(x + 1, n - x, tail))
    return low, high


def wilson_interval(x: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval, without continuity correction, for `x` events among `n`.

    Its coverage is near `level` on average, and at some true proportions below it. Parameters and errors as
    `exact_interval`.

    References
    ----------
    Wilson (1927), JASA 22, 209-212.
    """
    _check(x, n, level)
    z2 = normal_quantile(level) ** 2
    centre = (x + z2 / 2) / (n + z2)
    half = math.sqrt(z2) / (n + z2) * math.sqrt(x * ((n - x) / n) + z2 / 4)
    return (0.0 if x == 0 else centre - half), (1.0 if x == n else centre + half)


def exact_rate_interval(x: float, t: float, level: float = 0.95) -> tuple[float, float]:
    """Return Garwood's exact interval for a rate of `x` events in a person-time of `t`.

    It covers at least `level` at every true rate. With no events the lower bound is exactly 0.

    Parameters
    ----------
    x : events, 0 or more.
    t : person-time in any unit, above 0; the bounds are per that unit.
    level : coverage, strictly between 0 and 1.

    Raises
    ------
    InvalidInput
        Negative events, no time, or a level outside (0, 1).

    Examples
    --------
    >>> low, high = exact_rate_interval(0, 10)
    >>> low, round(high, 4)
    (0.0, 0.3689)

    References
    ----------
    Garwood (1936), Biometrika 28, 437-442; bounds as quantiles of the gamma distribution.
    """
    check_level(level)
    if not (t > 0 and math.isfinite(t)):
        raise InvalidInput(f"time is {t!r}; it must be a number above 0")
    if not (x >= 0 and math.isfinite(x)):
        raise InvalidInput(f"events are {x!r}; they must be 0 or more")
    low, high = exact_rate_bounds(np.float64(x), np.float64(t), level)  # type: ignore[arg-type]  # scalars are arrays
    return float(low), float(high)


def exact_bounds(x: FloatArray, n: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Return what `exact_interval` returns, element by element and unchecked."""
    tail = (1 - level) / 2
    low = special.betaincinv(np.maximum(x, 0.5), n - x + 1, tail)
    high = special.betainccinv(x + 1, np.maximum(n - x, 0.5), tail)
    return np.where(x == 0, 0.0, low), np.where(x == n, 1.0, high)


def wilson_bounds(x: FloatArray, n: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Return what `wilson_interval` returns, element by element and unchecked."""
    z2 = normal_quantile(level) ** 2
    centre = (x + z2 / 2) / (n + z2)
    half = math.sqrt(z2) / (n + z2) * np.sqrt(x * ((n - x) / n) + z2 / 4)
    return np.where(x == 0, 0.0, centre - half), np.where(x == n, 1.0, centre + half)


def exact_rate_bounds(x: FloatArray, t: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Return what `exact_rate_interval` returns, element by element and unchecked."""
    tail = (1 - level) / 2
    low = special.gammaincinv(np.maximum(x, 0.5), tail)
    return np.where(x == 0, 0.0, low / t), special.gammainccinv(x + 1, tail) / t


def finite_or_none(value: float) -> float | None:
    """Return the value, or None where it is infinite or none."""
    return value if math.isfinite(value) else None


def number(what: str, value: object, allowed: str, good: Callable[[float], bool]) -> float:
    """Return one number that was given as an option.

    Raises
    ------
    InvalidInput
        It is no finite number, or `good` says no; the message names `what`, the value and what is `allowed`.
    """
    try:
        found = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    except OverflowError:  # an integer of hundreds of digits
        found = math.nan
    if not (math.isfinite(found) and good(found)):
        raise InvalidInput(f"{what} is {value!r}; it must be {allowed}", hint=f"Give {what} as {allowed}.")
    return found


def check_error(what: str, value: object) -> None:
    """Refuse a probability of error (alpha, beta) that is not strictly between 0 and 1.

    Raises
    ------
    InvalidInput
        It is not.
    """
    number(what, value, "a number strictly between 0 and 1", lambda error: 0 < error < 1)


def check_times(what: str, value: object, most: float = math.inf) -> None:
    """Refuse a number of repetitions that is not whole, is below 1, or above `most`.

    Raises
    ------
    InvalidInput
        It is not.
    """
    allowed = "a whole number of at least 1" if math.isinf(most) else f"a whole number from 1 to {most:g}"
    number(what, value, allowed, lambda times: times.is_integer() and 1 <= times <= most)


def check_seed(seed: object) -> int:
    """Return the start of a random generator.

    Raises
    ------
    InvalidInput
        It is not a whole number of 0 or more.
    """
    return int(number("seed", seed, "a whole number of 0 or more", lambda start: start.is_integer() and start >= 0))


def check_level(level: float) -> None:
    """Refuse a coverage that is not strictly between 0 and 1.

    Raises
    ------
    InvalidInput
        It is not.
    """
    if not (isinstance(level, Real) and 0 < level < 1):
        raise InvalidInput(f"level is {level!r}; it must lie strictly between 0 and 1", hint="Use 0.95 for 95 %.")


def normal_quantile(level: float) -> float:
    """Return z such that a standard normal variable lies within -z and z with probability `level`."""
    return -float(special.ndtri((1 - level) / 2))


def t_quantile(level: float, df: float) -> float:
    """Return t such that Student's t on `df` degrees of freedom lies within -t and t with probability `level`.

    Through the inverse of the incomplete beta function, which keeps all its digits where a search would not.
    """
    x = float(special.betaincinv(df / 2, 0.5, 1 - level))
    return math.sqrt(df * (1 - x) / x)


def two_sided_p(statistic: float, df: float | None) -> float:
    """Return the two-sided p-value of a normal (`df` None) or Student's t statistic."""
    if df is None:
        return float(special.erfc(abs(statistic) / math.sqrt(2)))
    return float(special.betainc(df / 2, 0.5, df / (df + statistic * statistic)))


def chi_squared_p(statistic: float, df: int) -> float:
    """Return the upper tail of chi-squared on `df` degrees of freedom; 1 when there are none."""
    return float(special.gammaincc(df / 2, statistic / 2)) if df > 0 else 1.0


def _check(x: float, n: float, level: float) -> None:
    check_level(level)
    number("total", n, "a number above 0", lambda total: total > 0)
    if not (isinstance(x, Real) and 0 <= x <= n):
        raise InvalidInput(f"events are {x!r} of {n!r}; they must lie between 0 and the total")
