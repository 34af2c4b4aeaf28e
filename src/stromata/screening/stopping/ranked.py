"""Rules that look at the order by rank alone: a test that takes the tail for a random sample, and plain runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stromata.model import Caution
from stromata.screening.stopping.sampled import hypergeometric, smallest
from stromata.screening.stopping.words import Estimate, Finding, More, Reading, Target

URNS = 128
"""Ends of the reading that are looked at, at most. Fewer looks stop later, never sooner."""

LIKE_RANDOM = Caution(
    "ranked-taken-for-random",
    "References read by rank are taken for a random sample of the unread ones. That errs on the side of reading on as "
    "long as the ranker does better than chance, and stops too soon where it does worse, for instance when a group of "
    "relevant references is written in other words. Many ends of the reading are looked at, which makes an error more "
    "likely than stated.",
)
NO_BASIS = Caution(
    "no-statistical-basis",
    "A run of irrelevant references says nothing about how many relevant ones are left. This rule makes no estimate "
    "and holds no target; it is there for comparison.",
)


def ranked_sample(reading: Reading, target: Target) -> Finding:
    """Test the target with the end of the reading by rank, taken for a random sample of what was unread before it.

    Each end of the reading is an urn: with u references in it, x of them relevant, and ``unread + u`` that could have
    been drawn, the target is missed when at least ``x + spare + 1`` of the latter are relevant. The smallest
    hypergeometric probability over all ends counts. Among ends with equal x the longest has the smallest probability,
    so that only those that begin right after a relevant reference are looked at.

    References
    ----------
    Callaghan MW, Mueller-Hansen F (2020). Statistical stopping criteria for automated screening in systematic reviews.
    Syst Rev 9:273, doi:10.1186/s13643-020-01521-4, section "Ranked quasi-sampling" of Methods.
    """
    alpha = 1 - target.confidence
    hits = np.flatnonzero(reading.relevant)
    starts = np.concatenate([[0], hits + 1])
    inside = len(hits) - np.arange(len(hits) + 1)
    if len(starts) > URNS:
        chosen = np.unique(np.linspace(0, len(starts) - 1, URNS).round().astype(np.int64))
        starts, inside = starts[chosen], inside[chosen]
    sizes = reading.read - starts
    spare = target.spare(reading.found)
    high = smallest(lambda left: _chance(inside, sizes, reading.unread, left + 1) < alpha, 0, reading.unread)
    stop = high <= spare
    more = None
    if not stop:
        count = smallest(
            lambda extra: _chance(inside, sizes + extra, reading.unread - extra, spare + 1) < alpha, 1, reading.unread
        )
        more = More(count, "ranked")
    claim = (
        f"If the references read last had been drawn at random, at most {high} relevant ones would be left with "
        f"{target.confidence:.0%} confidence."
    )
    return Finding(stop, claim, Estimate(None, 0, high), more, (LIKE_RANDOM,))


def _chance(inside: NDArray[np.int64], sizes: NDArray[np.int64], unread: int, left: int) -> float:
    """Smallest probability, over the urns, of so few relevant ones when `left` are still to be found."""
    population = unread + sizes
    return float(np.min(hypergeometric(inside, population, inside + left, sizes)))


def in_a_row(reading: Reading, *, run: int) -> Finding:
    """Stop after `run` irrelevant references in a row, once a relevant one has been found."""
    hits = np.flatnonzero(reading.relevant)
    now = reading.read - int(hits[-1]) - 1 if len(hits) else reading.read
    stop = bool(len(hits)) and now >= run
    more = None if stop else More(min(max(run - now, 1), reading.unread), "ranked")
    claim = f"The last {now} references were irrelevant; the rule asks for {run}. It says nothing about recall."
    return Finding(stop, claim, None, more, (NO_BASIS,))
