"""The binomial-normal model: counts are binomial, their logits vary normally between studies.

K studies with `x` events among `n`; B trial values of the parameters; Q quadrature points.
Study i has logit proportion beta + tau u_i with u_i standard normal; the likelihood integrates u_i out. Counts enter as
they are, so that a study with no events or only events needs no correction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from stromata.synthesis.intervals import FloatArray

QUADRATURE_POINTS = 7
"""Points of the adaptive Gauss-Hermite rule: the number that results in the literature are usually computed with."""

_CHECK_POINTS = 41
"""Points of the rule that the fit is checked with; beyond 30 or so the value no longer changes for binomial counts."""

_CHECK_TOLERANCE = 1e-3
"""Difference in log-likelihood between the two rules above which the finer one is used for the fit as well."""

_TAU_GRID = np.array([0.02, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0, 1.3, 1.7, 2.2, 3.0, 4.0, 5.5, 8.0, 12.0, 20.0])
"""Values of tau, on the logit scale, from which the likelihood is climbed. A standard deviation of 20 between logits
means that every study is all or nothing: a maximum there is one at infinity."""

_STEP = 0.004
"""Step of the five-point differences, in rough standard errors: both their error and the rounding are small there."""

_SETTLED = 1e-4
"""Newton step, in rough standard errors, from which on a step that no longer shrinks is rounding."""

_GAIN = 1e-8
"""Gain in log-likelihood over tau = 0, per unit of its size, below which the two are the same number."""

_ROUNDS = 60
"""Newton steps after which a climb is given up; three to six are usual."""


@dataclass(frozen=True, slots=True)
class BinomialNormalFit:
    """Maximum-likelihood estimates on the logit scale.

    Attributes
    ----------
    outcome : ``fitted``; ``infinite`` when no study or every patient had the event; ``unbounded`` when the likelihood
        rises without end as tau grows; ``stuck`` when the search failed. Only ``fitted`` has numbers.
    deviance : twice the log-likelihood ratio of one proportion per study against one common proportion.
    points : quadrature points of the fit.
    identified : False when tau2 leaves no trace in the data (every study has one patient); it is then 0.
    """

    outcome: Literal["fitted", "infinite", "unbounded", "stuck"]
    beta: float = math.nan
    se: float = math.nan
    tau2: float = math.nan
    tau2_se: float | None = None
    log_likelihood: float = math.nan
    deviance: float = 0.0
    points: int = QUADRATURE_POINTS
    identified: bool = True


def fit(x: FloatArray, n: FloatArray, *, points: int = QUADRATURE_POINTS) -> BinomialNormalFit:
    """Fit the model by maximum likelihood.

    Parameters
    ----------
    x, n : (K,) events and people, 0 <= x <= n, n > 0, K >= 2.
    points : quadrature points of the adaptive rule; more are used, and reported, when these prove too few.

    References
    ----------
    Hamza, van Houwelingen and Stijnen (2008), Journal of Clinical Epidemiology 61, 41-51, for the model; Stijnen, Hamza
    and Ozdemir (2010), Statistics in Medicine 29, 3046-3067, for its use with rare events; Pinheiro and Bates (1995),
    Journal of Computational and Graphical Statistics 4, 12-35, for the adaptive rule.
    """
    common = fit_common(x, n)
    if common.outcome != "fitted":
        return common
    if float(n.max()) <= 1:
        # One patient per study: only the mean proportion is in the data, and every tau fits equally well.
        return replace(common, identified=False)
    found = _search(x, n, points, common)
    if found.outcome != "fitted" or found.tau2 == 0 or points >= _CHECK_POINTS:
        return found
    place = (np.array([found.beta]), np.array([math.sqrt(found.tau2)]))
    finer = float(log_likelihoods(x, n, *place, points=_CHECK_POINTS)[0])
    return found if abs(finer - found.log_likelihood) <= _CHECK_TOLERANCE else _search(x, n, _CHECK_POINTS, common)


def fit_common(x: FloatArray, n: FloatArray) -> BinomialNormalFit:
    """Fit one common proportion (tau = 0): the logit of all events over all people. Parameters as `fit`, K >= 1."""
    events, people = float(x.sum()), float(n.sum())
    if events in {0.0, people}:
        return BinomialNormalFit("infinite", deviance=0.0)
    p = events / people
    beta = float(special.logit(p))
    shortfall = float(_below_best(x, n, np.full_like(n, beta)).sum())
    return BinomialNormalFit(
        "fitted",
        beta=beta,
        se=1 / math.sqrt(people * p * (1 - p)),
        tau2=0.0,
        log_likelihood=float(_best(x, n).sum()) + shortfall,
        deviance=max(0.0, -2 * shortfall),
        points=0,
    )


def log_likelihoods(x: FloatArray, n: FloatArray, beta: FloatArray, tau: FloatArray, *, points: int) -> FloatArray:
    """Return the (B,) log-likelihoods at `beta` and `tau` (B,), binomial coefficients included."""
    z, log_weight = _rule(points)
    mode = _modes(x, n, beta, tau)
    eta = beta[:, None] + tau[:, None] * mode
    scale = 1 / np.sqrt(1 + tau[:, None] ** 2 * n * special.expit(eta) * special.expit(-eta))
    u = mode[..., None] + math.sqrt(2) * scale[..., None] * z
    at = beta[:, None, None] + tau[:, None, None] * u
    terms = _below_best(x[:, None], n[:, None], at) - u**2 / 2 + log_weight
    per_study = special.logsumexp(terms, axis=2) + np.log(scale) - 0.5 * math.log(math.pi)
    return np.asarray((per_study + _best(x, n)).sum(axis=1), dtype=np.float64)


def _modes(x: FloatArray, n: FloatArray, beta: FloatArray, tau: FloatArray) -> FloatArray:
    """Return (B, K) the u that maximises each study's integrand, a concave function, by damped Newton steps."""
    mode = np.zeros((len(beta), len(x)))
    for _ in range(200):
        p = special.expit(beta[:, None] + tau[:, None] * mode)
        slope = tau[:, None] * (x - n * p) - mode
        step = slope / (1 + tau[:, None] ** 2 * n * p * (1 - p))
        # On the logit scale a step beyond 1.5 would leave the region where the quadratic is a fair picture.
        limit = 1.5 / np.maximum(tau[:, None], 0.1)
        mode += np.clip(step, -limit, limit)
        if float(np.abs(step).max()) < 1e-12:
            break
    return mode


def _rule(points: int) -> tuple[FloatArray, FloatArray]:
    """Return the Gauss-Hermite points and the logs of their weights with the kernel exp(-z^2) divided out."""
    z, weight = np.polynomial.hermite.hermgauss(points)
    return z, np.log(weight) + z**2


def _search(x: FloatArray, n: FloatArray, points: int, common: BinomialNormalFit) -> BinomialNormalFit:
    tau = _grid(common)
    beta, value = _profile(x, n, points, common, tau)
    if int(np.argmax(value)) == len(value) - 1:
        return BinomialNormalFit("unbounded", deviance=common.deviance, points=points)
    floor = common.log_likelihood + _GAIN * max(1.0, abs(common.log_likelihood))
    best: tuple[float, FloatArray, npt.NDArray[np.float64]] | None = None
    for i in range(1, len(value) - 1):
        if value[i] >= value[i - 1] and value[i] >= value[i + 1]:
            climbed = _climb(x, n, points, np.array([beta[i], tau[i]]), common)
            if climbed is not None and climbed[0] > floor and (best is None or climbed[0] > best[0]):
                best = climbed
    if best is None:
        rose = bool(value.max() > floor)
        return BinomialNormalFit("stuck", deviance=common.deviance, points=points) if rose else common
    height, place, hessian = best
    covariance = np.linalg.inv(-hessian)
    spread = abs(float(place[1]))
    if spread > _TAU_GRID[-1]:
        return BinomialNormalFit("unbounded", deviance=common.deviance, points=points)
    return BinomialNormalFit(
        "fitted",
        beta=float(place[0]),
        se=math.sqrt(covariance[0, 0]),
        tau2=spread**2,
        tau2_se=2 * spread * math.sqrt(covariance[1, 1]),  # the delta method, from tau to tau2
        log_likelihood=height,
        deviance=common.deviance,
        points=points,
    )


def _grid(common: BinomialNormalFit) -> FloatArray:
    """Return 0 and the values of tau to look at: with huge studies they begin far below the usual ones."""
    lowest = min(common.se / 2, 0.01)
    finer = np.geomspace(lowest, 0.01, 1 + math.ceil(math.log2(0.01 / lowest)))
    return np.concatenate(([0.0], finer, _TAU_GRID))


def _width(tau: FloatArray | float, k: int, common: BinomialNormalFit) -> FloatArray:
    """Return a rough standard error of beta at `tau`: the natural unit of steps in beta and in tau."""
    return np.sqrt(np.asarray(tau, dtype=np.float64) ** 2 / k + common.se**2)


def _profile(
    x: FloatArray, n: FloatArray, points: int, common: BinomialNormalFit, tau: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return, for each of (T,) `tau`, the best beta and the log-likelihood there."""
    beta = np.full_like(tau, common.beta)
    width = _width(tau, len(x), common)
    step = width * 0.05
    for _ in range(_ROUNDS):
        low, mid, high = (log_likelihoods(x, n, beta + d, tau, points=points) for d in (-step, 0.0 * step, step))
        slope, curve = (high - low) / (2 * step), (high - 2 * mid + low) / step**2
        move = np.clip(slope / np.maximum(-curve, 1e-3 / width**2), -4 * width, 4 * width)
        beta = beta + move
        if float((np.abs(move) / width).max()) < 1e-3:
            break
    return beta, log_likelihoods(x, n, beta, tau, points=points)


# Five points in a row give the first and second derivative with an error of the fourth power of the step. The mixed
# derivative applies the rule for the first in both directions.
_OFFSETS = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
_FIRST = np.array([1.0, -8.0, 0.0, 8.0, -1.0]) / 12
_SECOND = np.array([-1.0, 16.0, -30.0, 16.0, -1.0]) / 12


def _climb(
    x: FloatArray, n: FloatArray, points: int, start: FloatArray, common: BinomialNormalFit
) -> tuple[float, FloatArray, npt.NDArray[np.float64]] | None:
    """Climb from `start` (beta, tau) by Newton steps; return height, place and Hessian (2, 2), or None if it failed."""
    place, largest = start, math.inf
    for _ in range(_ROUNDS):
        width = float(_width(float(place[1]), len(x), common))
        height, slope, hessian = _derivatives(x, n, points, place, _STEP * width)
        values, vectors = np.linalg.eigh(hessian)
        # Where the surface is not concave, walk uphill along that direction instead of to the saddle.
        step = vectors @ ((vectors.T @ slope) / np.maximum(np.abs(values), 1e-3 / width**2))
        size = float(np.abs(step).max()) / width
        if largest < _SETTLED and size >= largest / 4:
            return (height, place, hessian) if values.max() < 0 else None
        largest = size
        place = place + step * min(1.0, 4 / size if size > 0 else 1.0)
    return None


def _derivatives(
    x: FloatArray, n: FloatArray, points: int, place: FloatArray, step: float
) -> tuple[float, FloatArray, npt.NDArray[np.float64]]:
    across, along = np.meshgrid(_OFFSETS * step, _OFFSETS * step, indexing="ij")
    # The likelihood is even in tau: stepping across 0 needs no special case.
    beta, tau = place[0] + across.ravel(), np.abs(place[1] + along.ravel())
    grid = log_likelihoods(x, n, beta, tau, points=points).reshape(5, 5)
    slope = np.array([_FIRST @ grid[:, 2], _FIRST @ grid[2, :]]) / step
    mixed = float(_FIRST @ grid @ _FIRST)
    hessian = np.array([[_SECOND @ grid[:, 2], mixed], [mixed, _SECOND @ grid[2, :]]]) / step**2
    return float(grid[2, 2]), slope, hessian


def _below_best(x: FloatArray, n: FloatArray, eta: FloatArray) -> FloatArray:
    """Return the binomial log-likelihoods at logits `eta` less those at each study's own proportion; 0 or below.

    Taken together, not one from the other: with very many people both are huge and their difference is not. Near a
    study's own logit, at distance d, log(expit(eta)/p) = -log(1 + (1 - p)(exp(-d) - 1)), likewise for 1 - p.
    """
    p = x / n
    both = (x > 0) & (x < n)
    distance = eta - special.logit(np.where(both, p, 0.5))
    near = both & (np.abs(distance) < 1)
    d = np.where(near, distance, 0.0)
    close = -x * np.log1p((1 - p) * np.expm1(-d)) - (n - x) * np.log1p(p * np.expm1(d))
    far = x * special.log_expit(eta) + (n - x) * special.log_expit(-eta) - special.xlogy(x, p)
    return np.asarray(np.where(near, close, far - special.xlog1py(n - x, -p)), dtype=np.float64)


def _best(x: FloatArray, n: FloatArray) -> FloatArray:
    """Return the (K,) binomial log-likelihoods at each study's own proportion, coefficients included.

    From Stirling's formula with its remainders, in which nothing large cancels (Loader 2000, "Fast and accurate
    computation of binomial probabilities").
    """
    both = (x > 0) & (x < n)
    a, b = np.where(both, x, 1.0), np.where(both, n - x, 1.0)
    total = a + b
    value = _remainder(total) - _remainder(a) - _remainder(b) + 0.5 * (np.log(total / a / b) - math.log(2 * math.pi))
    return np.where(both, value, 0.0)


def _remainder(m: FloatArray) -> FloatArray:
    """Return log(m!) less Stirling's (m + 1/2) log(m) - m + log(2 pi) / 2, for (K,) m >= 1."""
    exact = special.gammaln(m + 1) - (m + 0.5) * np.log(m) + m - 0.5 * math.log(2 * math.pi)
    series = (1 / 12 - (1 / 360 - (1 / 1260 - 1 / (1680 * m**2)) / m**2) / m**2) / m
    # From 20 on, the first term left out of the series is below 2e-15.
    return np.asarray(np.where(m < 20, exact, series), dtype=np.float64)
