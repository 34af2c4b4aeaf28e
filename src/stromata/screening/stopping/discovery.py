"""The default rule: a model of when relevant references turn up, and what it leaves to be found.

A clock runs while irrelevant references are read: T = -log(share of the irrelevant ones still unread). A reference that
the ranker knows nothing about turns up after an exponential time of mean 1 on that clock, whatever the size of the
collection; one that it knows well turns up after a small part of it. Relevant references are draws from a mixture:
most are ranked, with lognormal or Weibull times, and a share of strays turns up as if the order were random. How good
the ranker is, how unequal the references are and how many are strays is not known and is integrated out over a grid.

The first of the times found count only as having come before the others, because the beginning tells how the ranker
learnt, not how its tail falls. With F the distribution of times and every number of relevant references equally likely
beforehand, the number left after f were found by the time T is, given the parameters, negative binomial of size f + 1
and success probability F(T).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, ndtr

from stromata.model import Caution
from stromata.screening.stopping.ranked import ranked_sample
from stromata.screening.stopping.sampled import smallest
from stromata.screening.stopping.words import Estimate, Finding, More, Reading, Target

FloatArray = NDArray[np.float64]

LEAST = 10
"""Relevant references found by rank without which the shape of the curve is not to be learnt."""

TAIL = 0.7
"""Share of the relevant references found, the last ones, whose times count one by one."""

SCEPTICISM = 2.5
"""How much surer the model is than it says; see `_needed`. Measured by replays, docs/explanation/stopping.md."""

MODEL = Caution(
    "rests-on-a-model",
    "The confidence rests on a model of how relevant references turn up along the ranking. It can't foresee a "
    "group of relevant references in other words than those found. A random sample of the unread references "
    "tests it without that assumption.",
)
TOO_FEW = Caution(
    "few-relevant-found",
    f"With fewer than {LEAST} relevant references found the course of screening can't be modelled. The end of the "
    "reading is taken for a random sample instead.",
)

_EDGES = np.geomspace(1e-6, 20.0, 241)
"""Times are told apart to a fifteenth of a power of e: the likelihood is a product of a table with counts."""

_MEDIANS = np.geomspace(0.002, 1.0, 10)
_SPREADS = np.array([0.6, 0.8, 1.0, 1.3, 1.6])
"""Spread of lognormal times on the log scale."""
_SHAPES = np.array([0.65, 0.8, 1.0, 1.3, 1.7])
"""Shape of Weibull times."""
_STRAYS = np.array([0.03, 0.07, 0.15, 0.3])
"""Share of strays. No collection is taken to be free of them: that nobody can know before everything has been read."""


@dataclass(frozen=True, slots=True)
class _Grid:
    """G sets of parameters, all of equal weight beforehand but for their family.

    Attributes
    ----------
    weibull : (G,) the family.
    middle, width : (G,) median and log spread of lognormal times, scale and shape of Weibull times.
    stray : (G,) share of strays.
    log_density : (240, G) at the middle of each stretch between edges.
    log_prior : (G,).
    """

    weibull: NDArray[np.bool_]
    middle: FloatArray
    width: FloatArray
    stray: FloatArray
    log_density: FloatArray
    log_prior: FloatArray

    def reached(self, now: float) -> FloatArray:
        """(G,) share of the relevant references that turn up by a time above 0."""
        share = (1 - self.stray) * self._ranked(now) - self.stray * np.expm1(-now)
        return np.asarray(np.clip(share, 1e-12, 1.0))

    def _ranked(self, now: float) -> FloatArray:
        lognormal = ndtr(np.log(now / self.middle) / self.width)
        return np.where(self.weibull, -np.expm1(-((now / self.middle) ** self.width)), lognormal)


@cache
def _grid() -> _Grid:
    rows = [(0, m, w, e) for m in _MEDIANS for w in _SPREADS for e in _STRAYS]
    rows += [(1, m, w, e) for m in _MEDIANS for w in _SHAPES for e in _STRAYS]
    weibull, middle, width, stray = np.array(rows, dtype=np.float64).T
    times = np.sqrt(_EDGES[1:] * _EDGES[:-1])[:, None]
    z = np.log(times / middle) / width
    lognormal = np.exp(-0.5 * z * z) / (np.sqrt(2 * np.pi) * width * times)
    power = (times / middle) ** width
    density = np.where(weibull > 0, width / times * power * np.exp(-power), lognormal)
    log_density = np.log(np.maximum((1 - stray) * density + stray * np.exp(-times), 1e-300))
    families = np.bincount(weibull.astype(np.int64))
    return _Grid(weibull > 0, middle, width, stray, log_density, -np.log(families[weibull.astype(np.int64)]))


@dataclass(frozen=True, slots=True)
class _Belief:
    """What the model holds after a reading.

    Attributes
    ----------
    fit : (G,) log posterior of the grid but for the part of the clock, which depends on where reading ends.
    found, past, irrelevant : relevant references found, irrelevant ones read, and irrelevant ones in all.
    """

    fit: FloatArray
    found: int
    past: int
    irrelevant: int

    def at_most(self, left: int, *, extra: int = 0) -> float:
        """Probability that no more than `left` are left after `extra` more references, all of them irrelevant."""
        reached = _grid().reached(float(_clock(self.past + extra, self.irrelevant)))
        fit = self.fit - (self.found + 1) * np.log(reached)
        weights = np.exp(fit - fit.max())
        return float(weights @ betainc(self.found + 1.0, left + 1.0, reached) / weights.sum())


def discovery(reading: Reading, target: Target) -> Finding:
    """Estimate what is left from the times at which relevant references turned up; see the module.

    References drawn at random are taken out of the collection: those found among them count as found.
    """
    ranked = reading.relevant if reading.random is None else reading.relevant[~reading.random]
    hits = np.flatnonzero(ranked)
    if len(hits) < LEAST:
        few = ranked_sample(reading, target)
        return Finding(few.stop, few.claim, few.left, few.more, (TOO_FEW, *few.cautions))
    belief = _believe(hits, len(ranked), len(ranked) + reading.unread)
    needed = _needed(target.confidence)
    spare = target.spare(reading.found)
    high = smallest(lambda left: belief.at_most(left) >= needed, 0, reading.unread)
    low = smallest(lambda left: belief.at_most(left) >= _needed(1 - target.confidence), 0, high)
    middle = smallest(lambda left: belief.at_most(left) >= _needed(0.5), low, high)
    more = None
    if high > spare:
        count = smallest(lambda extra: belief.at_most(spare, extra=extra) >= needed, 1, reading.unread)
        more = More(count, "ranked")
    claim = (
        f"Found {reading.found}; probably about {middle} relevant references are left, at most {high} with "
        f"{target.confidence:.0%} confidence, if those left turn up as the others did."
    )
    return Finding(high <= spare, claim, Estimate(middle, low, high), more, (MODEL,))


def _needed(confidence: float) -> float:
    """Probability in the model that corresponds to a confidence."""
    return float(1 - (1 - confidence) ** (1 / SCEPTICISM))


def _clock(irrelevant_read: NDArray[np.int64] | int, irrelevant: int) -> FloatArray:
    """Time after so many irrelevant references; half a reference keeps it above 0 and finite."""
    share = (np.asarray(irrelevant_read) + 0.5) / (irrelevant + 1)
    return -np.log1p(-np.minimum(share, 1 - 0.5 / (irrelevant + 1)))


def _believe(hits: NDArray[np.int64], read: int, n: int) -> _Belief:
    """Weigh the grid by the places of the relevant references among `read` of `n`."""
    grid, f = _grid(), len(hits)
    irrelevant = max(n - f, 1)
    times = _clock(hits - np.arange(f), irrelevant)
    early = int((1 - TAIL) * f)
    bins = np.clip(np.searchsorted(_EDGES, times[early:]) - 1, 0, len(_EDGES) - 2)
    fit = np.bincount(bins, minlength=len(_EDGES) - 1) @ grid.log_density
    fit += early * np.log(grid.reached(float(times[early - 1])))
    return _Belief(fit + grid.log_prior, f, read - f, irrelevant)
