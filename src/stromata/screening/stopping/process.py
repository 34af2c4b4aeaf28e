"""Rules that fit a rate at which relevant references turn up along the ranking, and carry it on to the end."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtr

from stromata.model import Caution
from stromata.screening.stopping.sampled import smallest
from stromata.screening.stopping.words import Estimate, Finding, More, Reading, Target

Rate = Literal["power", "exponential", "hyperbolic"]

LEAST = 5
"""Relevant references without which no rate is fitted."""

CURVE = Caution(
    "fitted-rate",
    "The estimate supposes that the rate at which relevant references turn up goes on falling along one smooth curve. "
    "The curve is taken as known, and the confidence covers chance alone, so that it promises more than it holds. A "
    "group of relevant references that the ranker places low is not foreseen.",
)

_SHAPES: dict[Rate, NDArray[np.float64]] = {
    "power": np.linspace(0.0, 3.0, 121)[:, None],
    "exponential": np.geomspace(1e-2, 1e4, 121)[:, None],
    "hyperbolic": np.array([(s, b) for s in np.geomspace(0.1, 1e4, 61) for b in (0.25, 0.5, 0.75, 0.999)]),
}
"""Values of the shape that are tried, for places scaled to the number of references."""


def point_process(reading: Reading, target: Target, *, rate: Rate = "power") -> Finding:
    """Fit an inhomogeneous Poisson process to the places of the relevant references and predict what is left.

    The rate at place x of n falls as ``a x^-s`` (power), ``a exp(-s x)`` (exponential) or ``a (1 + b s x)^(-1/b)``
    (hyperbolic). The relevant ones left are Poisson with the integral of the rate over the unread places; the rule
    stops when the target is met at the quantile of that distribution at the stated confidence.

    The paper fits the rate to counts in windows by least squares; here it is fitted to the places themselves by maximum
    likelihood on a grid of shapes, which needs no windows. The paper's check of the fit has no counterpart here.

    References
    ----------
    Stevenson M, Bin-Hezam R (2023). Stopping methods for technology-assisted reviews based on point processes.
    ACM Trans Inf Syst 42(3), doi:10.1145/3631990, arXiv:2311.08597: Poisson process with power, exponential and
    hyperbolic rates.
    """
    places = (np.flatnonzero(reading.relevant) + 1.0) / reading.n
    if len(places) < LEAST:
        claim = f"{len(places)} relevant references are too few to fit a rate; {LEAST} are needed."
        return Finding(stop=False, claim=claim, more=More(1, "ranked"), cautions=(CURVE,))
    least, now = 0.5 / reading.n, reading.read / reading.n
    shapes = _SHAPES[rate]
    so_far = _integral(rate, shapes, least, now)
    fit = _log_rate(rate, shapes, places) - len(places) * np.log(so_far)
    best = shapes[[int(np.argmax(fit))]]
    scale = len(places) / float(_integral(rate, best, least, now)[0])

    def left_after(read: int) -> float:
        return scale * float(_integral(rate, best, read / reading.n, 1.0)[0])

    spare = target.spare(reading.found)
    mean = left_after(reading.read)
    high = smallest(lambda left: bool(pdtr(left, mean) >= target.confidence), 0, reading.unread)
    low = smallest(lambda left: bool(pdtr(left, mean) > 1 - target.confidence), 0, high)
    stop = high <= spare
    more = None
    if not stop:
        last = smallest(
            lambda read: bool(pdtr(spare, left_after(read)) >= target.confidence), reading.read + 1, reading.n
        )
        more = More(last - reading.read, "ranked")
    claim = f"If the rate of relevant references goes on falling as it did, about {mean:.1f} are left, at most {high}."
    return Finding(stop, claim, Estimate(min(mean, reading.unread), low, high), more, (CURVE,))


def _log_rate(rate: Rate, shapes: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum over the places of the logarithm of the rate with a = 1, one a shape."""
    s = shapes[:, :1]
    if rate == "power":
        each = -s * np.log(places)
    elif rate == "exponential":
        each = -s * places
    else:
        b = shapes[:, 1:]
        each = -np.log1p(b * s * places) / b
    return np.asarray(each.sum(axis=1))


def _integral(rate: Rate, shapes: NDArray[np.float64], start: float, end: float) -> NDArray[np.float64]:
    """Integrate the rate with a = 1 from `start` to `end`, one a shape."""
    s = shapes[:, 0]
    if rate == "power":
        one = np.isclose(s, 1)
        power = np.where(one, 0.5, 1 - s)
        return np.where(one, np.log(end / start), (end**power - start**power) / power)
    if rate == "exponential":
        return (np.exp(-s * start) - np.exp(-s * end)) / s
    b = shapes[:, 1]
    power = 1 - 1 / b
    return ((1 + b * s * end) ** power - (1 + b * s * start) ** power) / (b * s * power)
