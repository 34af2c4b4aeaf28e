"""Ranking of the treatments of a network: P-scores, probabilities of ranks, and SUCRA.

T treatments. A rank is a summary that hides how large and how certain differences are; show it beside the effects.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
from scipy import special

from stromata.model import Caution
from stromata.synthesis.intervals import FloatArray, check_seed, number
from stromata.synthesis.networks.network import Model, Network
from stromata.synthesis.results.result import Result, recorded
from stromata.synthesis.study_set import check_choice, frozen

Better: TypeAlias = Literal["higher", "lower"]
"""Which effects are good for patients: large ones, or small ones."""

_BATCH = 20_000
"""Draws made at once, to bound memory."""
_FEWEST_DRAWS, _MOST_DRAWS = 1_000, 10_000_000
"""Draws below which a probability has a standard error above 0.015, and beyond which nothing is gained to be shown."""
_UNDECIDED = 0.6
"""Probability of the most likely first rank below which no treatment stands out."""


@dataclass(frozen=True, slots=True)
class Score:
    """One treatment's P-score: the mean certainty with which it is better than each other treatment, 0 to 1."""

    treatment: str
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Ranking(Result):
    """Ranks of treatments.

    Attributes
    ----------
    treatments : in the order of the network.
    probabilities : (T, T) row: treatment; column: rank, the best first. Read-only.
    cumulative : (T, T) probabilities of this rank or a better one.
    sucra : (T,) mean of the cumulative probabilities of ranks 1 to T - 1, from the draws.
    mean_ranks : (T,) 1 is best.
    exact : whether the probabilities were worked out rather than drawn (two treatments).
    draws, seed : how the probabilities were found.
    cautions : reservations.
    """

    treatments: tuple[str, ...]
    probabilities: FloatArray
    cumulative: FloatArray
    sucra: FloatArray
    mean_ranks: FloatArray
    exact: bool
    draws: int
    seed: int
    cautions: tuple[Caution, ...]


def p_scores(net: Network, *, better: Better, model: Model = "random") -> tuple[Score, ...]:
    """Return each treatment's P-score, in the order of the network.

    A P-score is what SUCRA is for normally distributed estimates, worked out exactly.

    Parameters
    ----------
    net : a fitted network.
    better : whether ``higher`` or ``lower`` effects are good for patients; it cannot be guessed from the measure.
    model : ``common`` or ``random``.

    References
    ----------
    Rücker and Schwarzer (2015), BMC Medical Research Methodology 15:58.
    """
    check_choice("direction", better, get_args(Better))
    relative = net.relative(model)
    sign = 1.0 if better == "higher" else -1.0
    t = len(net.treatments)
    apart = relative.se > 0
    beats = np.zeros((t, t))
    beats[apart] = special.ndtr(sign * relative.estimates[apart] / relative.se[apart])
    scores = beats.sum(axis=1) / (t - 1)
    return tuple(Score(name, float(score)) for name, score in zip(net.treatments, scores, strict=True))


@recorded("net")
def rank_probabilities(
    net: Network, *, better: Better, model: Model = "random", draws: int = 100_000, seed: int = 1
) -> Ranking:
    """Return how probable each rank is for each treatment.

    Effects are drawn from their multivariate normal distribution, `draws` times with the generator PCG64 started at
    `seed`; a probability p then has the standard error sqrt(p (1 - p) / draws). With two treatments it is exact.

    Parameters
    ----------
    net, better, model : as `p_scores`.
    draws : from 1,000 to 10,000,000.
    seed : 0 or more.

    Raises
    ------
    InvalidInput
        Unknown direction or model, too few draws or too many, a negative seed.

    References
    ----------
    Salanti, Ades and Ioannidis (2011), Journal of Clinical Epidemiology 64, 163-171, for rank probabilities and SUCRA.
    """
    check_choice("direction", better, get_args(Better))
    relative = net.relative(model)
    allowed = f"a whole number from {_FEWEST_DRAWS:,} to {_MOST_DRAWS:,}"
    number("draws", draws, allowed, lambda times: times.is_integer() and _FEWEST_DRAWS <= times <= _MOST_DRAWS)
    draws, seed = int(draws), check_seed(seed)
    t = len(net.treatments)
    sign = 1.0 if better == "higher" else -1.0
    if t == 2:
        first = float(special.ndtr(sign * relative.estimates[0, 1] / relative.se[0, 1]))
        probabilities = np.array([[first, 1 - first], [1 - first, first]])
    else:
        # against the first treatment, whose row and column are 0
        values, vectors = np.linalg.eigh(relative.covariance[1:, 1:])
        spread = vectors * np.sqrt(np.maximum(values, 0.0))
        probabilities = _drawn(sign * relative.estimates[:, 0], spread, draws, seed)
    cumulative = np.minimum(np.cumsum(probabilities, axis=1), 1.0)
    return Ranking(
        treatments=net.treatments,
        probabilities=frozen(probabilities),
        cumulative=frozen(cumulative),
        sucra=frozen(cumulative[:, :-1].mean(axis=1)),
        mean_ranks=frozen(probabilities @ np.arange(1, t + 1)),
        exact=t == 2,
        draws=0 if t == 2 else draws,
        seed=seed,
        cautions=tuple(_cautions(net, probabilities)),
    )


def _drawn(centre: FloatArray, spread: FloatArray, draws: int, seed: int) -> FloatArray:
    t = len(centre)
    generator = np.random.Generator(np.random.PCG64(seed))
    counts = np.zeros((t, t))
    for start in range(0, draws, _BATCH):
        size = min(_BATCH, draws - start)
        effects = np.tile(centre, (size, 1))
        effects[:, 1:] += generator.standard_normal((size, t - 1)) @ spread.T
        order = np.argsort(-effects, axis=1)
        for rank in range(t):
            counts[:, rank] += np.bincount(order[:, rank], minlength=t)
    return counts / draws


def _cautions(net: Network, probabilities: FloatArray) -> Iterator[Caution]:
    if probabilities[:, 0].max() < _UNDECIDED:
        best = net.treatments[int(probabilities[:, 0].argmax())]
        text = (
            f"No treatment stands out: {best} is most often ranked first, with a probability of only "
            f"{probabilities[:, 0].max():.0%}. Judge by the effects and their intervals, not by ranks."
        )
        yield Caution("ranking-undecided", text)
