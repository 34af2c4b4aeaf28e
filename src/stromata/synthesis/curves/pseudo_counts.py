"""Covariances of relative risks that share a reference group, rebuilt from what papers print.

One study with a reference dose and m other doses. Its m log relative risks share the reference group's error. Pseudo-
counts are cell counts that agree with the printed, usually adjusted, relative risks; the covariances follow from them.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from scipy import optimize

from stromata.errors import InvalidInput
from stromata.synthesis.intervals import FloatArray

Design: TypeAlias = Literal["cc", "ir", "ci"]
"""Case-control (odds ratios), incidence rates (rate ratios), cumulative incidence (risk ratios)."""

_STEPS = 200
_SETTLED = 1e-13
"""Step, relative to all cases, below which the pseudo-counts stand."""


def greenland_longnecker(y: FloatArray, se: FloatArray, cases: FloatArray, n: FloatArray, design: Design) -> FloatArray:
    """Return the (m, m) covariance matrix of m log relative risks by the method of Greenland and Longnecker.

    The pseudo-counts keep the margins: all cases together, and people (or person-time) at each dose. The correlations
    that they imply are combined with the printed standard errors.

    Parameters
    ----------
    y, se : (m,) log relative risks against the reference dose, and their standard errors.
    cases, n : (m + 1,) cases; and people, cases included, or person-time with ``ir``. The reference comes first.
    design : of the study.

    Raises
    ------
    InvalidInput
        No counts agree with the relative risks and the margins.

    References
    ----------
    Greenland and Longnecker (1992), American Journal of Epidemiology 135, 1301-1309; Orsini, Bellocco and Greenland
    (2006), Stata Journal 6, 40-57, for rates and risks.
    """
    a0, a = _fitted(y, cases, n, design)
    if design == "cc":
        shared, own = 1 / a0 + 1 / (n[0] - a0), 1 / a + 1 / (n[1:] - a)
    elif design == "ir":
        shared, own = 1 / a0, 1 / a
    else:
        shared, own = 1 / a0 - 1 / n[0], 1 / a - 1 / n[1:]
    spread = np.sqrt(shared + own)
    if not (shared > 0 and np.isfinite(spread).all()):
        raise InvalidInput("no pseudo-counts agree with the relative risks")
    covariance = np.outer(se, se) * shared / np.outer(spread, spread)
    np.fill_diagonal(covariance, se**2)
    return np.asarray(covariance)


def _fitted(y: FloatArray, cases: FloatArray, n: FloatArray, design: Design) -> tuple[float, FloatArray]:
    """Solve for the cases by Newton's method; the log-odds are monotone in them, so that there is one solution."""
    total = float(cases.sum())
    odds = design == "cc"

    def gaps(a: FloatArray) -> tuple[FloatArray, FloatArray, float]:
        a0 = total - float(a.sum())
        if odds:
            b, b0 = n[1:] - a, n[0] - a0
            return y + np.log(a0) + np.log(b) - np.log(a) - np.log(b0), 1 / a + 1 / b, 1 / a0 + 1 / b0
        return y + np.log(a0) + np.log(n[1:]) - np.log(a) - np.log(n[0]), 1 / a, 1 / a0

    def inside(a: FloatArray) -> bool:
        a0 = total - float(a.sum())
        low = (a > 0).all() and a0 > 0
        return bool(low and (not odds or ((a < n[1:]).all() and a0 < n[0])))

    # proportional to the margins: always inside
    a = total * n[1:] / n.sum()
    for _ in range(_STEPS):
        if not inside(a):
            raise InvalidInput("no pseudo-counts agree with the relative risks")
        gap, own, shared = gaps(a)
        step = gap / own - (shared / (1 + shared * float((1 / own).sum()))) * float((gap / own).sum()) / own
        factor = 1.0
        while (
            not inside(a + factor * step) or np.abs(gaps(a + factor * step)[0]).max() > (1 + 1e-9) * np.abs(gap).max()
        ):
            factor /= 2
            if factor < 1e-9:
                break
        a = a + factor * step
        if np.abs(step).max() <= _SETTLED * total:
            break
    return total - float(a.sum()), a


def hamling(y: FloatArray, se: FloatArray, cases: FloatArray, n: FloatArray, design: Design) -> FloatArray:
    """Return the (m, m) covariance matrix of m log relative risks by the method of Hamling and colleagues.

    The pseudo-counts reproduce the relative risks and their standard errors, and keep two ratios of the printed counts:
    the reference's share of the people (non-cases in a case-control study), and people per case. Parameters and errors
    as `greenland_longnecker`.

    References
    ----------
    Hamling, Lee, Weitkunat and Ambühl (2008), Statistics in Medicine 27, 954-970.
    """
    people = n - cases if design == "cc" else n
    share, per_case = people[0] / people.sum(), people.sum() / cases.sum()
    with np.errstate(over="ignore"):
        risk = np.exp(y)

    def counts(a0: float, b0: float) -> tuple[FloatArray, FloatArray]:
        if design == "cc":
            left = se**2 - 1 / a0 - 1 / b0
            return (1 + a0 / b0 * risk) / left, (1 + b0 / (a0 * risk)) / left
        if design == "ir":
            a = 1 / (se**2 - 1 / a0)
            return a, b0 * a / (a0 * risk)
        left = se**2 - 1 / a0 + 1 / b0
        return (1 - a0 / b0 * risk) / left, (b0 / (a0 * risk) - 1) / left

    def gaps(logs: FloatArray) -> list[float]:
        a0, b0 = np.exp(logs)
        a, b = counts(a0, b0)
        all_b = b0 + b.sum()
        return [b0 / all_b / share - 1, all_b / (a0 + a.sum()) / per_case - 1]

    for factor in (1.0, 0.7, 1.5, 0.5, 2.0, 0.25, 4.0):
        with np.errstate(all="ignore"):
            found = optimize.root(gaps, np.log([cases[0] * factor, people[0] * factor]), tol=1e-14)
            a0, b0 = np.exp(found.x)
            a, b = counts(a0, b0)
        if np.abs(found.fun).max() < 1e-9 and (a > 0).all() and (b > 0).all():
            shared = {"cc": 1 / a0 + 1 / b0, "ir": 1 / a0, "ci": 1 / a0 - 1 / b0}[design]
            covariance = np.full((len(y), len(y)), shared)
            np.fill_diagonal(covariance, se**2)
            return covariance
    raise InvalidInput("no pseudo-counts agree with the relative risks and their standard errors")
