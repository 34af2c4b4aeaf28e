"""How good an order of reading is, measured as ASReview measures it.

N references are read one after the other, R of them relevant. All measures are functions of the labels in that order,
0 for irrelevant and 1 for relevant; references that were known before reading began (priors) are not among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stromata.errors import InvalidInput

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SHARES = (0.05, 0.1, 0.2, 0.5)
"""Shares of the references read at which recall is told."""

ERF_SHARE = 0.1
"""Share of the references read at which the extra relevant references are told, as ASReview does."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What an order of reading is worth.

    Attributes
    ----------
    n, relevant : references that were read, and relevant ones among them; priors are not counted.
    loss : 0 when the relevant ones come first, 1 when they come last; see `loss`.
    ndcg : 1 when the relevant ones come first; see `ndcg`.
    wss95, wss100 : work saved over sampling; see `wss`.
    recall : (share read, share of the relevant ones found), for each of `SHARES`.
    atd : mean place of a relevant reference, from 1; see `atd`.
    erf : extra relevant references found after a tenth, as a share of the relevant ones; see `erf`.
    """

    n: int
    relevant: int
    loss: float
    ndcg: float
    wss95: float
    wss100: float
    recall: tuple[tuple[float, float], ...]
    atd: float
    erf: float


def measures(labels: Sequence[int]) -> Measures:
    """Return all measures of an order.

    Parameters
    ----------
    labels : (N,) 0 or 1, in the order of reading; both occur.

    Raises
    ------
    InvalidInput
        Another value, or one of the two does not occur.
    """
    found = _checked(labels)
    return Measures(
        n=len(found),
        relevant=int(found.sum()),
        loss=loss(labels),
        ndcg=ndcg(labels),
        wss95=wss(labels, 0.95),
        wss100=wss(labels, 1.0),
        recall=tuple((share, recall(labels, share)) for share in SHARES),
        atd=atd(labels),
        erf=erf(labels, ERF_SHARE),
    )


def recall_curve(labels: Sequence[int]) -> FloatArray:
    """Return the share of the relevant references that is found after 1, 2, ..., N references are read.

    >>> recall_curve([1, 0, 1, 0]).tolist()
    [0.5, 0.5, 1.0, 1.0]
    """
    found = _checked(labels)
    curve: FloatArray = np.cumsum(found) / found.sum()
    return curve


def recall(labels: Sequence[int], share: float) -> float:
    """Return the share of the relevant references that is found when `share` of all are read.

    0 before the first reference is read whole.
    """
    found = _checked(labels)
    done = _read_at(len(found), share)
    return float(found[:done].sum() / found.sum())


def loss(labels: Sequence[int]) -> float:
    """Return how much of the area between the best and the worst recall curve lies above this one.

    Returns
    -------
    From 0 (the relevant references come first) to 1 (they come last); 0.5 is what chance gives on average.

    References
    ----------
    The normalised loss of ASReview 2 and later (``asreview.metrics.loss``): (A_best - A) / (R (N - R)), where A is the
    sum of the cumulative numbers found, and A_best = R (N - (R - 1) / 2).
    """
    found = _checked(labels)
    n, relevant = len(found), int(found.sum())
    best = relevant * (n - (relevant - 1) / 2)
    return float((best - np.cumsum(found).sum()) / (relevant * (n - relevant)))


def ndcg(labels: Sequence[int]) -> float:
    """Return the normalised discounted cumulative gain: finds count by 1 / log2(place + 1), as a share of the best.

    References
    ----------
    Wang et al. (2013), A theoretical analysis of NDCG ranking measures, arXiv:1304.6480; as in
    ``asreview.metrics.ndcg``.
    """
    found = _checked(labels)
    places = np.flatnonzero(found) + 1
    gained = (1 / np.log2(places + 1)).sum()
    return float(gained / (1 / np.log2(np.arange(1, len(places) + 1) + 1)).sum())


def wss(labels: Sequence[int], level: float) -> float:
    """Return the work saved over sampling at a recall: how much earlier it is reached than at random, as a share of N.

    Parameters
    ----------
    level : recall, above 0 and at most 1. As in ASReview it is taken at the last find that does not lead beyond it:
        with 26 relevant references and 0.95, at the 24th. The first find is taken where none does.

    References
    ----------
    Cohen et al. (2006), Journal of the American Medical Informatics Association 13, 206-219, for the idea; the steps
    of chance (a straight line, rounded half to even) are those of ASReview-insights (``_wss_values``).
    """
    found = _checked(labels)
    n, relevant = len(found), int(found.sum())
    counts = np.arange(1, relevant + 1)
    when = np.flatnonzero(found)
    by_chance = np.searchsorted(_by_chance(n, relevant), counts)
    at = max(int(np.searchsorted(counts / relevant, level, side="right")), 1) - 1
    return float((by_chance[at] - when[at]) / n)


def erf(labels: Sequence[int], share: float) -> float:
    """Return how many more relevant references are found than by chance when `share` of all are read.

    Returns
    -------
    As a share of the relevant ones: 0.4 is 40 in 100 more than chance. 0 before the first reference is read whole.

    References
    ----------
    The extra relevant records found of ASReview-insights (``_erf_values``).
    """
    found = _checked(labels)
    n, relevant = len(found), int(found.sum())
    done = _read_at(n, share)
    if done == 0:
        return 0.0
    return float((found[:done].sum() - _by_chance(n, relevant)[done - 1]) / relevant)


def atd(labels: Sequence[int]) -> float:
    """Return the average time to discovery: the mean place, from 1, at which a relevant reference is read.

    References
    ----------
    Ferdinands et al. (2023), Systematic Reviews 12, 100, before division by the number of references.
    """
    return float(np.mean(np.flatnonzero(_checked(labels)) + 1))


def _by_chance(n: int, relevant: int) -> FloatArray:
    """Return how many relevant references chance finds by each place: a straight line from 0, rounded half to even."""
    line: FloatArray = np.round(np.linspace(0, relevant, n))
    return line


def _read_at(n: int, share: float) -> int:
    """Return how many references are read whole at a share; the shares are compared as fractions of N."""
    return int(np.searchsorted(np.arange(1, n + 1) / n, share, side="right"))


def _checked(labels: Sequence[int]) -> IntArray:
    found = np.asarray(labels)
    if found.ndim != 1 or not np.isin(found, (0, 1)).all():
        raise InvalidInput("labels must be 0 or 1, one for each reference in the order of reading")
    total = int(found.sum())
    if not 0 < total < len(found):
        what = "no" if total == 0 else "only"
        raise InvalidInput(
            f"there are {what} relevant references among the {len(found)} that are read; nothing can be measured",
            hint="Both relevant and irrelevant references must be left once the priors are taken out.",
        )
    return found.astype(np.int64)
