"""The default rule: a model of when relevant references turn up, and what it leaves to be found.

A clock runs while irrelevant references are read: T = -log(share of the irrelevant ones still unread). A reference that
the ranker knows nothing about turns up after an exponential time of mean 1 on that clock, whatever the size of the
collection; one that it knows well turns up after a small part of it. Relevant references are draws from a mixture:
most are ranked, with lognormal or Weibull times, and a share of strays has exponential times, with a mean of a half or
a quarter: what the ranker does not know well it still ranks better than chance. How good the ranker is, how unequal the
references are, how many are strays and how late these are is not known and is integrated out over a grid.

The first of the times found count only as having come before the others, because the beginning tells how the ranker
learnt, not how its tail falls. With F the distribution of times and 1 / sqrt(R) the prior of the number R of relevant
references (Jeffreys' for the rate of a count), the number left after f were found by the time T is, given the
parameters, negative binomial of size f + 1/2 and success probability F(T).
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

SURE = 0.95
"""The target recall at which the model is tested best; who may stop there may stop at any lower target."""

_RISKS = ((0.85, 0.024), (0.9, 0.045), (0.93, 0.095), (0.96, 0.095), (0.97, 0.024))
"""By target recall, the probability of missing it that the model may give where 95 % confidence is stated.

Measured by replays, see docs/explanation/stopping.md; between and beyond them the numbers are interpolated.
"""

_LOW = 0.06
"""Before the end the model expects more to be left than there is, at two looks of three. The lower bound is therefore
set where its probability is this share of one minus the confidence; at 7 % of the looks fewer were left."""

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
_STRAYS = np.array([0.03, 0.07, 0.15, 0.3, 0.5])
"""Share of strays. No collection is taken to be free of them: that nobody can know before everything has been read."""
_RATES = np.array([2.0, 4.0])
"""How many times as fast as by chance strays turn up. In replays of 18 sets the last tenth of the relevant references
turned up 1.1 to 116 times as fast, the median being 5. Ranked ones with Weibull times of shape 1 may come by chance."""


@dataclass(frozen=True, slots=True)
class _Grid:
    """G sets of parameters, all of equal weight beforehand but for their family.

    Attributes
    ----------
    weibull : (G,) the family.
    middle, width : (G,) median and log spread of lognormal times, scale and shape of Weibull times.
    stray, rate : (G,) share of strays, and how many times as fast as by chance they turn up.
    log_density : (240, G) at the middle of each stretch between edges.
    log_prior : (G,).
    """

    weibull: NDArray[np.bool_]
    middle: FloatArray
    width: FloatArray
    stray: FloatArray
    rate: FloatArray
    log_density: FloatArray
    log_prior: FloatArray

    def reached(self, now: float) -> FloatArray:
        """(G,) share of the relevant references that turn up by a time above 0."""
        share = (1 - self.stray) * self._ranked(now) - self.stray * np.expm1(-self.rate * now)
        return np.asarray(np.clip(share, 1e-12, 1.0))

    def _ranked(self, now: float) -> FloatArray:
        lognormal = ndtr(np.log(now / self.middle) / self.width)
        return np.where(self.weibull, -np.expm1(-((now / self.middle) ** self.width)), lognormal)


@cache
def _grid() -> _Grid:
    rows = [
        (family, middle, width, stray, rate)
        for family, widths in enumerate((_SPREADS, _SHAPES))
        for middle in _MEDIANS
        for width in widths
        for stray in _STRAYS
        for rate in _RATES
    ]
    weibull, middle, width, stray, rate = np.array(rows, dtype=np.float64).T
    times = np.sqrt(_EDGES[1:] * _EDGES[:-1])[:, None]
    z = np.log(times / middle) / width
    lognormal = np.exp(-0.5 * z * z) / (np.sqrt(2 * np.pi) * width * times)
    power = (times / middle) ** width
    density = np.where(weibull > 0, width / times * power * np.exp(-power), lognormal)
    astray = rate * np.exp(-rate * times)
    log_density = np.log(np.maximum((1 - stray) * density + stray * astray, 1e-300))
    families = np.bincount(weibull.astype(np.int64))
    return _Grid(weibull > 0, middle, width, stray, rate, log_density, -np.log(families[weibull.astype(np.int64)]))


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
        fit = self.fit - (self.found + 0.5) * np.log(reached)
        weights = np.exp(fit - fit.max())
        return float(weights @ betainc(self.found + 0.5, left + 1.0, reached) / weights.sum())


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
    spare = target.spare(reading.found)
    higher = Target(max(SURE, target.recall), target.confidence)
    high = _bound(belief, target, reading.unread)
    # Where a higher target is reached this one is too; short of that, its bound says nothing of this one.
    reached = high if higher == target else _bound(belief, higher, reading.unread)
    if reached <= higher.spare(reading.found):
        high = min(high, reached)
    low = smallest(lambda left: belief.at_most(left) >= _LOW * (1 - target.confidence), 0, high)
    middle = smallest(lambda left: belief.at_most(left) >= 0.5, low, high)
    more = None
    if high > spare:
        more = More(min(_further(belief, one, reading) for one in {target, higher}), "ranked")
    claim = (
        f"Found {reading.found}; probably about {middle} relevant references are left, at most {high} with "
        f"{target.confidence:.0%} confidence, if those left turn up as the others did."
    )
    return Finding(high <= spare, claim, Estimate(middle, low, high), more, (MODEL,))


def _bound(belief: _Belief, target: Target, unread: int) -> int:
    """Return how many may be left at most, at the confidence that the target asks for."""
    needed = _needed(target)
    return smallest(lambda left: belief.at_most(left) >= needed, 0, unread)


def _further(belief: _Belief, target: Target, reading: Reading) -> int:
    """Return how many more irrelevant references show that the target is reached."""
    needed, spare = _needed(target), target.spare(reading.found)
    return smallest(lambda extra: belief.at_most(spare, extra=extra) >= needed, 1, reading.unread)


def _needed(target: Target) -> float:
    """Probability in the model that corresponds to a confidence of having reached a recall."""
    recalls, risks = zip(*_RISKS, strict=True)
    return float(1 - np.interp(target.recall, recalls, risks) * ((1 - target.confidence) / 0.05) ** 0.4)


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
