"""Rules that rest on chance: what a random sample, drawn by ourselves, says of what was not read.

Their confidence does not depend on how good the ranker is.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, betaincinv, betaln, gammaln

from stromata.model import Caution
from stromata.screening.stopping.words import Estimate, Finding, More, Reading, Target

LOOKED_AGAIN = Caution(
    "repeated-looks",
    "The confidence holds for one look at a sample whose size was fixed before. Looking again after each reference "
    "and stopping at the first good answer makes an error more likely than stated.",
)
NO_SAMPLE = Caution(
    "no-random-sample",
    "Nothing was drawn at random from the unread references after the last one read by rank, so nothing can be "
    "concluded from chance yet.",
)
SMALL_CONTROL = Caution(
    "control-too-small",
    "The control sample holds too few relevant references to support the target at the stated confidence, "
    "however far screening goes. Draw a larger one, or lower the target.",
)


TERMS = 40
"""Terms of the hypergeometric distribution that are added up at most before the rest is bounded."""

ENOUGH = 1e-12
"""Terms below this share of the sum are not added up any more."""


def smallest(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Return the smallest whole number from `low` to `high` at which `holds` is true; it stays true from there on.

    `high` is taken to hold.
    """
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


def hypergeometric(
    x: NDArray[np.int64], population: NDArray[np.int64], relevant: NDArray[np.int64], drawn: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the probability of x or fewer relevant ones among those drawn without replacement.

    The terms fall off from x downwards when x is below its mean. `TERMS` of them are added up, and the rest is bounded
    by a geometric series, so that the result is never too small. From the mean on it is given as 1: no test at a
    confidence above one half rejects there. All are (m,) whole numbers; where more relevant ones are asked for than
    the undrawn could hold, it is 0.
    """
    x, population, relevant, drawn = np.broadcast_arrays(x, population, relevant, drawn)
    others = population - relevant
    possible = (others >= drawn - x) & (relevant <= population)
    below = possible & (x * population < relevant * drawn)
    k, K, M, m = (np.where(below, a, b).astype(np.float64) for a, b in ((x, 0), (relevant, 1), (others, 1), (drawn, 1)))
    term = np.exp(_choose(K, k) + _choose(M, m - k) - _choose(K + M, m))
    total = term.copy()
    for _ in range(TERMS):
        term = term * k * (M - m + k) / ((K - k + 1) * (m - k + 1))
        k = np.maximum(k - 1, 0)
        total += term
        if np.all(term <= ENOUGH * total):
            break
    ratio = k * (M - m + k) / ((K - k + 1) * (m - k + 1))
    total += term * ratio / np.maximum(1 - ratio, 1e-9)
    return np.where(below, np.minimum(total, 1.0), np.where(possible, 1.0, 0.0))


def _choose(n: NDArray[np.float64], k: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm of n over k; minus infinity where there is no such choice."""
    with np.errstate(invalid="ignore"):
        inside = gammaln(n + 1) - gammaln(np.maximum(k, 0) + 1) - gammaln(np.maximum(n - k, 0) + 1)
    return np.asarray(np.where((k >= 0) & (k <= n), inside, -np.inf))


def _one(x: int, population: int, relevant: int, drawn: int) -> float:
    """`hypergeometric` for one sample."""
    return float(hypergeometric(*(np.array([value]) for value in (x, population, relevant, drawn)))[0])


def random_sample(reading: Reading, target: Target) -> Finding:
    """Test the target with a random sample of the unread, by the hypergeometric distribution.

    The sample is the last unbroken run of references drawn at random. With N references unread before it, m of them
    drawn and x of these relevant, the target is missed when at least ``x + spare + 1`` of the N are relevant. The rule
    stops when x or fewer in the sample would then have a probability below 1 - confidence.

    References
    ----------
    Callaghan MW, Mueller-Hansen F (2020). Statistical stopping criteria for automated screening in systematic reviews.
    Syst Rev 9:273, doi:10.1186/s13643-020-01521-4, section "Random sampling" of Methods: the p-value of H0 from the
    cumulative hypergeometric distribution with K_tar relevant left at the start of sampling.
    """
    alpha = 1 - target.confidence
    drawn, hits = _last_sample(reading)
    population = reading.unread + drawn
    spare = target.spare(reading.found)

    def sure(size: int) -> bool:
        return _one(hits, population, hits + spare + 1, size) < alpha

    most = population - drawn
    high = smallest(lambda left: _one(hits, population, hits + left + 1, drawn) < alpha, 0, most)
    return _of_sample(reading, target, high, sure, (LOOKED_AGAIN,))


def random_anytime(reading: Reading, target: Target) -> Finding:
    """Test the target with a random sample of the unread that may be looked at after each reference.

    As `random_sample`, with the prior-posterior-ratio confidence sequence: with a beta-binomial prior on the number K
    of relevant ones among the N, all K with prior / posterior below ``1 / (1 - confidence)`` stay possible, and the
    probability that the true K is ever ruled out is at most ``1 - confidence``. The prior bets on few being left (half
    of what the target spares); a poor bet costs reading, never validity.

    References
    ----------
    Waudby-Smith I, Ramdas A (2020). Confidence sequences for sampling without replacement. NeurIPS 33: theorem on the
    prior-posterior-ratio martingale, and its hypergeometric case with a beta-binomial prior. arXiv:2006.04347.
    """
    drawn, hits = _last_sample(reading)
    population = reading.unread + drawn
    before = reading.found - hits
    b = max(population / max(0.5, target.spare(before) / 2) - 1, 1.0)
    limit = -math.log1p(-target.confidence)

    def ruled_out(left: int, size: int) -> bool:
        relevant = hits + left
        prior = _beta_binomial(relevant, population, 1, b)
        return prior - _beta_binomial(left, population - size, 1 + hits, b + size - hits) >= limit

    def sure(size: int) -> bool:
        spare = target.spare(reading.found)
        return spare + 1 > population - size or ruled_out(spare + 1, size)

    # Values below the most likely one may be ruled out from the other side: the upper bound lies above it.
    likely = min(math.ceil(hits * population / drawn) - hits, reading.unread) if drawn else reading.unread
    high = smallest(lambda left: left >= reading.unread or ruled_out(left + 1, drawn), max(likely, 0), reading.unread)
    return _of_sample(reading, target, high, sure, ())


def control_bound(reading: Reading, target: Target) -> Finding:
    """Stop once screening by rank has come to enough of the relevant references of a control sample.

    With r relevant references in the sample, it stops at the j-th that is reached, j the smallest with
    ``P(Binomial(r, recall) < j) >= confidence``. There is such a j only when ``recall ** r <= 1 - confidence``.

    References
    ----------
    Lewis DD, Yang E, Frieder O (2021). Certifying one-phase technology-assisted reviews. CIKM '21: 893-902,
    doi:10.1145/3459637.3482415: the quantile binomial confidence bound (QBCB) rule.
    """
    if reading.control is None:
        caution = Caution("no-control-sample", "There is no control sample, so this rule can say nothing.")
        return Finding(stop=False, claim="No control sample was drawn before screening.", cautions=(caution,))
    r, reached = reading.control.relevant, reading.control.reached
    enough = 1 + next((j for j in range(r) if bdtr(j, r, target.recall) >= target.confidence), r)
    low = float(betaincinv(reached, r - reached + 1, 1 - target.confidence)) if reached else 0.0
    cautions: tuple[Caution, ...] = ()
    if enough > r:
        cautions = (SMALL_CONTROL,)
        least = math.ceil(math.log1p(-target.confidence) / math.log(target.recall)) if target.recall < 1 else None
        needed = "no sample can" if least is None else f"at least {least} are needed to"
        claim = f"The control sample holds {r} relevant references; {needed} support this target."
    else:
        claim = (
            f"Screening has come to {reached} of the {r} relevant references of the control sample; {enough} are "
            f"needed for {target.recall:.0%} recall with {target.confidence:.0%} confidence."
        )
    found = reading.found
    value = found / (reached / r) - found if reached else None
    left = Estimate(value, 0, min(found / low - found, reading.unread) if low else reading.unread)
    return Finding(reached >= enough, claim, left, cautions=cautions)


def _last_sample(reading: Reading) -> tuple[int, int]:
    """Size of the last unbroken run of random draws, and how many of them are relevant."""
    if reading.random is None:
        return 0, 0
    ranked = np.flatnonzero(~reading.random)
    start = int(ranked[-1]) + 1 if len(ranked) else 0
    return reading.read - start, int(reading.relevant[start:].sum())


def _beta_binomial(k: int, n: int, a: float, b: float) -> float:
    """Logarithm of the beta-binomial probability of k in n."""
    choose = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return float(choose + betaln(k + a, n - k + b) - betaln(a, b))


def _of_sample(
    reading: Reading, target: Target, high: int, sure: Callable[[int], bool], cautions: tuple[Caution, ...]
) -> Finding:
    drawn, hits = _last_sample(reading)
    population = reading.unread + drawn
    stop = high <= target.spare(reading.found)
    if not drawn:
        cautions = (*cautions, NO_SAMPLE)
    more = None if stop else More(max(smallest(sure, drawn, population) - drawn, 1), "random")
    value = hits / drawn * reading.unread if drawn else None
    seen = f"Of {drawn} references drawn at random from the unread ones, {hits} were relevant"
    claim = f"{seen}; at most {high} relevant ones are left with {target.confidence:.0%} confidence."
    return Finding(stop, claim, Estimate(value, 0, high), more, cautions)
