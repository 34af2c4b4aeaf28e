"""Between standardised mean differences, log odds ratios, correlations and Fisher's z, with their variances.

Studies of one question often print different effect sizes. These ways between them rest on a model: that a continuous
outcome is logistic (or normal), or that two groups are halves of a normal variable. They are decisions, to be planned
and told. Each function takes numbers or arrays of one shape, and returns arrays of estimates and of variances.

References
----------
Borenstein, Hedges, Higgins and Rothstein (2009), Introduction to Meta-Analysis, chapter 7 (formulas 7.1 to 7.9);
Hasselblad and Hedges (1995), Psychological Bulletin 117, 167-178; Cox and Snell (1989), Analysis of Binary Data; Chinn
(2000), Statistics in Medicine 19, 3127-3131; Cochrane Handbook 10.6 (version 6.5).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from stromata.errors import InvalidInput
from stromata.synthesis.effects.standardising import COX_SCALE, LOGISTIC_SCALE, Estimates
from stromata.synthesis.intervals import FloatArray

OutcomeModel = Literal["logistic", "normal"]
"""Distribution of the continuous outcome: logistic (factor pi / root 3, 1.81) or normal (Cox's factor 1.65)."""

_SCALES: dict[str, float] = {"logistic": LOGISTIC_SCALE, "normal": COX_SCALE}

_MOST = 1e30
"""Largest size of a value: squares and products then stay within floating-point numbers."""

_EQUAL_GROUPS = 4.0
"""(n1 + n2)^2 / (n1 n2) when both groups are of one size."""


def d_to_log_odds_ratio(d: npt.ArrayLike, v: npt.ArrayLike, *, outcome: OutcomeModel = "logistic") -> Estimates:
    """Return log odds ratios from standardised mean differences (7.3 and 7.4).

    Parameters
    ----------
    d, v : (K,) differences and their sampling variances, each variance above 0.
    outcome : distribution of the continuous outcome.

    Raises
    ------
    InvalidInput
        A value that is not finite, a variance that is not above 0, unequal lengths, or another `outcome`.

    Examples
    --------
    >>> y, v = d_to_log_odds_ratio(0.5, 0.0205)
    >>> round(float(y), 4), round(float(v), 4)
    (0.9069, 0.0674)
    """
    given, variance = _checked("d", d, v)
    scale = _scale(outcome)
    return given * scale, variance * scale**2


def log_odds_ratio_to_d(y: npt.ArrayLike, v: npt.ArrayLike, *, outcome: OutcomeModel = "logistic") -> Estimates:
    """Return standardised mean differences from log odds ratios (7.1 and 7.2).

    Parameters and errors as `d_to_log_odds_ratio`.

    Examples
    --------
    >>> d, v = log_odds_ratio_to_d(0.9069, 0.0676)
    >>> round(float(d), 4), round(float(v), 4)
    (0.5, 0.0205)
    """
    given, variance = _checked("the log odds ratio", y, v)
    scale = _scale(outcome)
    return given / scale, variance / scale**2


def r_to_d(r: npt.ArrayLike, v: npt.ArrayLike) -> Estimates:
    """Return standardised mean differences from correlations (7.5 and 7.6).

    Parameters
    ----------
    r, v : (K,) correlations, strictly between -1 and 1, and their sampling variances, each above 0.

    Raises
    ------
    InvalidInput
        A correlation of 1 or more in size, a variance that is not above 0, unequal lengths, anything not finite.
    """
    given, variance = _checked("r", r, v)
    _within_one(given)
    rest = 1 - given**2
    return 2 * given / np.sqrt(rest), 4 * variance / rest**3


def d_to_r(
    d: npt.ArrayLike, v: npt.ArrayLike, *, n1: npt.ArrayLike | None = None, n2: npt.ArrayLike | None = None
) -> Estimates:
    """Return correlations from standardised mean differences (7.7 to 7.9).

    Parameters
    ----------
    d, v : (K,) differences and their sampling variances, each variance above 0.
    n1, n2 : (K,) sizes of the two groups, at least 1; without them the groups count as equal.

    Raises
    ------
    InvalidInput
        As `d_to_log_odds_ratio`; a size below 1; one size without the other.
    """
    given, variance = _checked("d", d, v)
    if (n1 is None) != (n2 is None):
        raise InvalidInput("one of n1 and n2 is missing", hint="Give both sizes, or neither.")
    a: FloatArray = np.full_like(given, _EQUAL_GROUPS)
    if n1 is not None and n2 is not None:
        first, second = _numbers("n1", n1), _numbers("n2", n2)
        if first.shape != given.shape or second.shape != given.shape:
            raise InvalidInput(f"n1 and n2 have shapes {first.shape} and {second.shape}; d has {given.shape}")
        bad = ~((np.minimum(first, second) >= 1) & (np.maximum(first, second) <= _MOST))
        if bad.any():
            raise InvalidInput(f"n1 or n2 in row {_row(bad)} is no size; it must lie from 1 to {_MOST:g}")
        a = (first + second) ** 2 / (first * second)
    whole = given**2 + a
    return given / np.sqrt(whole), a**2 * variance / whole**3


def r_to_z(r: npt.ArrayLike, v: npt.ArrayLike) -> Estimates:
    """Return Fisher's z from correlations; the variance by the delta method, v / (1 - r^2)^2.

    Parameters and errors as `r_to_d`. Where the number of people is known, measure ZCOR has the better 1 / (n - 3).
    """
    given, variance = _checked("r", r, v)
    _within_one(given)
    return np.arctanh(given), variance / (1 - given**2) ** 2


def z_to_r(z: npt.ArrayLike, v: npt.ArrayLike) -> Estimates:
    """Return correlations from Fisher's z; the variance by the delta method, v (1 - r^2)^2.

    Raises
    ------
    InvalidInput
        A value that is not finite, a variance that is not above 0, unequal lengths.
    """
    given, variance = _checked("z", z, v)
    r = np.tanh(given)
    return r, variance * (1 - r**2) ** 2


def log_odds_ratio_to_r(
    y: npt.ArrayLike,
    v: npt.ArrayLike,
    *,
    n1: npt.ArrayLike | None = None,
    n2: npt.ArrayLike | None = None,
    outcome: OutcomeModel = "logistic",
) -> Estimates:
    """Return correlations from log odds ratios, by way of d. Parameters and errors as `d_to_r`."""
    return d_to_r(*log_odds_ratio_to_d(y, v, outcome=outcome), n1=n1, n2=n2)


def r_to_log_odds_ratio(r: npt.ArrayLike, v: npt.ArrayLike, *, outcome: OutcomeModel = "logistic") -> Estimates:
    """Return log odds ratios from correlations, by way of d. Parameters and errors as `r_to_d`."""
    return d_to_log_odds_ratio(*r_to_d(r, v), outcome=outcome)


def _checked(what: str, values: npt.ArrayLike, variances: npt.ArrayLike) -> Estimates:
    y, v = _numbers(what, values), _numbers(f"the variance of {what}", variances)
    if y.shape != v.shape:
        raise InvalidInput(f"{what} has shape {y.shape}, its variance {v.shape}; they must be equal")
    bad = ~(np.abs(y) <= _MOST)
    if bad.any():
        raise InvalidInput(
            f"{what} is {y[bad].flat[0]:g} in row {_row(bad)}; it must be a number from {-_MOST:g} to {_MOST:g}"
        )
    bad = ~((v > 0) & (v <= _MOST))
    if bad.any():
        raise InvalidInput(
            f"the variance of {what} is {v[bad].flat[0]:g} in row {_row(bad)}; it must be above 0, up to {_MOST:g}"
        )
    return y, v


def _numbers(what: str, values: npt.ArrayLike) -> FloatArray:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{what} holds something that is not a number: {error}") from error


def _within_one(r: FloatArray) -> None:
    bad = np.abs(r) >= 1
    if bad.any():
        raise InvalidInput(f"r is {r[bad].flat[0]:g} in row {_row(bad)}; it must lie strictly between -1 and 1")


def _row(bad: npt.NDArray[np.bool_]) -> int:
    return int(np.flatnonzero(bad)[0]) + 1


def _scale(outcome: object) -> float:
    if not (isinstance(outcome, str) and outcome in _SCALES):
        raise InvalidInput(f"outcome is {outcome!r}; it must be logistic or normal")
    return _SCALES[outcome]
