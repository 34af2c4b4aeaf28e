"""Bayesian synthesis of single-arm counts: binomial counts, normal logits, both parameters integrated by quadrature.

K studies with `x` events of `n` people. The posterior of the mean logit mu and of tau is evaluated at the points of
Gauss-Legendre rules on panels in both directions; the studies' own logits are integrated out inside, by adaptive
Gauss-Hermite quadrature.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import special

from stromata.errors import InvalidInput
from stromata.model import Caution, Interval
from stromata.synthesis.bayesian.estimates import (
    MuPrior,
    StudyPosterior,
    Threshold,
    bayes_cautions,
    check_mu_prior,
    summarise_tau,
)
from stromata.synthesis.bayesian.posteriors import ORDER, Mixture, Posterior, compressed, nodes, panels, summarise
from stromata.synthesis.bayesian.priors import TauPrior
from stromata.synthesis.counts import binomial_normal
from stromata.synthesis.counts.quadrature import Marginal, marginal
from stromata.synthesis.effects.columns import as_arrays, check, one_dimensional
from stromata.synthesis.effects.measures import get_measure
from stromata.synthesis.intervals import FloatArray, check_level
from stromata.synthesis.results.result import Result, recorded

WIDE = (0.0, 1.8)
"""Prior of the mean logit as wide as a uniform prior of the proportion, whose logit has the standard deviation 1.81."""

_POINTS = 15
"""Quadrature points for a study's own logit."""

_MIDDLE = 1.6
"""Width of the panels in mu in the middle, in standard deviations of the sharpest posterior."""

_TAU_EDGES = np.concatenate(([0.0], 2.0 ** np.arange(-5.0, 8.0)))
"""Panels in tau: narrow near 0, where priors bend. At 128 on the logit scale every study is all or nothing."""

_NEGLIGIBLE = 25.0
"""Fall in log density, from the highest, beyond which nothing is left to integrate."""

_GROWTH = 1.5
"""Growth of the panels in mu away from the middle."""


Indices: TypeAlias = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class PooledBayesCounts(Result):
    """A posterior on the logit scale.

    Attributes
    ----------
    mu, tau, new : posterior of the mean logit, of tau, and of the logit in a new study.
    mu_natural, new_natural : medians and central intervals as proportions.
    studies : the studies' own proportions, drawn towards the others; mean and sd of the logit, interval as proportions.
    thresholds : probabilities that the typical proportion, and that of a new study, lie below a value.
    log_marginal_likelihood : of the counts; None with a flat prior of mu.
    """

    k: int
    level: float
    mu: Posterior
    tau: Posterior
    new: Posterior
    mu_natural: Interval
    new_natural: Interval
    studies: tuple[StudyPosterior, ...]
    thresholds: tuple[Threshold, ...]
    tau_prior: TauPrior
    mu_prior: MuPrior
    log_marginal_likelihood: float | None
    cautions: tuple[Caution, ...]


@recorded("xi", "ni", "labels")
def pool_bayes_counts(
    *,
    xi: npt.ArrayLike,
    ni: npt.ArrayLike,
    tau_prior: TauPrior,
    mu_prior: MuPrior = WIDE,
    level: float = 0.95,
    thresholds: Sequence[float] = (),
    labels: Sequence[str] = (),
) -> PooledBayesCounts:
    """Pool single-arm counts under the binomial-normal model.

    Studies without events, or with only events, need no correction; with a normal prior of mu there is an answer for
    one patient.

    Parameters
    ----------
    xi, ni : (K,) events and people, K >= 1.
    tau_prior : proper; not ``jeffreys`` or ``dumouchel``, which are made of sampling variances.
    mu_prior : mean and standard deviation of a normal prior of the mean logit; None is flat, which needs people with
        the event and people without.
    level : probability that the intervals hold.
    thresholds : proportions, strictly between 0 and 1, of which the probability to lie below is wanted.

    Raises
    ------
    InvalidInput
        No studies, impossible counts (the study and the column are named), or priors that leave no proper posterior.

    Examples
    --------
    >>> from stromata.synthesis.bayesian.priors import half_normal
    >>> result = pool_bayes_counts(xi=[0], ni=[6], tau_prior=half_normal(0.5), thresholds=[0.5])
    >>> result.mu_natural.ci_low > 0, result.thresholds[0].mu_below > 0.9
    (True, True)

    References
    ----------
    Smith, Spiegelhalter and Thomas (1995), Statistics in Medicine 14, 2685-2699, for the model.
    """
    check_level(level)
    check_mu_prior(mu_prior)
    x, n = _checked(xi, ni, labels)
    _check_posterior(x, n, tau_prior, mu_prior)
    if any(not 0 < t < 1 for t in thresholds):
        raise InvalidInput(f"thresholds are {tuple(thresholds)}; proportions must lie strictly between 0 and 1")
    names = tuple(labels) or tuple(str(i + 1) for i in range(len(x)))
    grid = _grid(x, n, tau_prior, mu_prior)
    mixture = _mixture(grid.weights, grid.mu, np.hypot(grid.tau, grid.blur))
    by_mu = np.bincount(grid.row, grid.weights, len(grid.mu_width))
    by_tau = np.bincount(grid.column, grid.weights, len(grid.tau_width))
    typical = panels(grid.mu_edges, by_mu / grid.mu_width, logarithmic=False)
    spread = panels(grid.tau_edges, by_tau / grid.tau_width, logarithmic=False, lowest=0.0)
    mean = float(grid.weights @ grid.mu)
    sd = math.sqrt(float(grid.weights @ (grid.mu - mean) ** 2))
    new_sd = math.sqrt(sd * sd + float(grid.weights @ grid.tau**2))
    heavy = not math.isinf(tau_prior.tail)
    mu = summarise(typical, mean=mean, sd=sd, level=level)
    new = summarise(mixture, mean=mean, sd=None if heavy else new_sd, level=level)
    logits = [(t, float(special.logit(t))) for t in thresholds]
    return PooledBayesCounts(
        len(x),
        level,
        mu,
        summarise_tau(spread, grid.tau, grid.weights, 2.5 if heavy else math.inf, level),
        new,
        _proportions(mu),
        _proportions(new),
        _shrunken(names, grid, level),
        tuple(Threshold(float(t), typical.below(at), mixture.below(at)) for t, at in logits),
        tau_prior,
        mu_prior,
        None if mu_prior is None else grid.height,
        bayes_cautions(len(x), tau_prior, mu_prior) + _cautions(x, n),
    )


def _checked(xi: npt.ArrayLike, ni: npt.ArrayLike, labels: Sequence[str]) -> tuple[FloatArray, FloatArray]:
    given = as_arrays(("xi", "ni"), {"xi": xi, "ni": ni})
    one_dimensional(given)
    check(get_measure("PLO"), given, labels=tuple(labels))
    if len(given["xi"]) == 0:
        raise InvalidInput("no studies", hint="Give the events and people of at least one study.")
    if labels and len(labels) != len(given["xi"]):
        raise InvalidInput(f"{len(labels)} labels for {len(given['xi'])} studies; there must be one each")
    return given["xi"], given["ni"]


def _check_posterior(x: FloatArray, n: FloatArray, tau_prior: TauPrior, mu_prior: MuPrior) -> None:
    if not tau_prior.proper or tau_prior.kind in {"jeffreys", "dumouchel"}:
        raise InvalidInput(
            f"the {tau_prior.name} prior of tau does not go with counts",
            hint="Take a proper one, such as half_normal(1).",
        )
    if mu_prior is None and float(x.sum()) in {0.0, float(n.sum())}:
        raise InvalidInput(
            "a flat prior of mu leaves no proper posterior when nobody, or everybody, had the event",
            hint="Give mu_prior, such as (0, 1.8).",
        )


@dataclass(frozen=True, slots=True)
class _Grid:
    """All pairs of points that count: their places, posterior weights, and what the studies are like there.

    Where tau is smaller than the distance between neighbouring points of mu, `blur` fills the gaps between them.
    """

    mu_edges: FloatArray
    mu_width: FloatArray
    tau_edges: FloatArray
    tau_width: FloatArray
    row: Indices
    column: Indices
    mu: FloatArray
    tau: FloatArray
    blur: FloatArray
    weights: FloatArray
    height: float
    own_mean: FloatArray
    own_sd: FloatArray


def _grid(x: FloatArray, n: FloatArray, tau_prior: TauPrior, mu_prior: MuPrior) -> _Grid:
    tau_edges = _TAU_EDGES
    if tau_prior.upper < tau_edges[-1]:
        tau_edges = np.append(tau_edges[tau_edges < tau_prior.upper], tau_prior.upper)
    mu_edges = _mu_edges(x, n, mu_prior)
    tau, tau_width = nodes(tau_edges)
    mu, mu_width = nodes(mu_edges)
    prior_tau = tau_prior.log_density(tau, np.ones(1))
    prior_mu = np.zeros_like(mu)
    if mu_prior is not None:
        prior_mu = -0.5 * ((mu - mu_prior[0]) / mu_prior[1]) ** 2 - math.log(mu_prior[1] * math.sqrt(2 * math.pi))
    bound = prior_mu[:, None] + prior_tau
    model = binomial_normal.model(x, n)

    def evaluate(row: Indices, column: Indices, points: int) -> Marginal:
        linear = np.broadcast_to(mu[row][:, None, None], (len(row), 1, len(x)))
        return marginal(model.family, linear, model.loading, tau[column][:, None], points=points)

    row, column = _worth_it(bound, lambda r, c: evaluate(r, c, 1).value.sum(axis=1))
    bound = bound[row, column]
    here = evaluate(row, column, _POINTS)
    logs = here.value.sum(axis=1) + bound + np.log(mu_width[row]) + np.log(tau_width[column])
    peak = float(logs.max())
    share = np.exp(logs - peak)
    total = float(share.sum())
    t = tau[column][:, None]
    # Fisher's identities: derivatives of a study's likelihood give the mean and the square of its own deviation.
    away = t * t * here.shift[:, 0]
    square = np.maximum(t * t + t**3 * here.scale[:, 0] - away * away, 1e-12 * t * t)
    height = peak + math.log(total) + float(model.family.best.sum())
    spacing = np.repeat(np.diff(mu_edges), ORDER) / ORDER
    blur = 0.6 * spacing[row] * np.exp(-((tau[column] / spacing[row]) ** 2))
    return _Grid(
        mu_edges,
        mu_width,
        tau_edges,
        tau_width,
        row,
        column,
        mu[row],
        tau[column],
        blur,
        share / total,
        height,
        mu[row][:, None] + away,
        np.sqrt(square),
    )


def _worth_it(bound: FloatArray, value: Callable[[Indices, Indices], FloatArray]) -> tuple[Indices, Indices]:
    """Return rows and columns of the points in pairs of panels that hold more than a trace of the posterior.

    One point near the middle of each pair is tried, by Laplace's approximation; neighbours of what counts are kept.
    """
    rows, columns = (np.arange(size // ORDER) for size in bound.shape)
    first, second = (index.ravel() for index in np.meshgrid(rows, columns, indexing="ij"))
    r, c = first * ORDER + ORDER // 2, second * ORDER + ORDER // 2
    heights = (value(r, c) + bound[r, c]).reshape(len(rows), len(columns))
    good = np.pad(heights > heights.max() - _NEGLIGIBLE, 1)
    near = np.zeros_like(heights, dtype=bool)
    for i in range(3):
        for j in range(3):
            near |= good[i : i + len(rows), j : j + len(columns)]
    whole = np.repeat(np.repeat(near, ORDER, axis=0), ORDER, axis=1)
    row, column = np.nonzero(whole)
    return row, column


def _mu_edges(x: FloatArray, n: FloatArray, mu_prior: MuPrior) -> FloatArray:
    """Return edges of panels in mu: as narrow as the sharpest posterior (tau = 0) in the middle, wider outwards."""
    events, people = float(x.sum()), float(n.sum())
    centre, precision = (0.0, 0.0) if mu_prior is None else (mu_prior[0], mu_prior[1] ** -2)
    mu = float(special.logit((events + 0.5) / (people + 1)))
    for _ in range(200):
        p = float(special.expit(mu))
        slope = events - people * p - precision * (mu - centre)
        step = min(max(slope / (people * p * (1 - p) + precision), -1.0), 1.0)
        mu += step
        if abs(step) < 1e-10:
            break
    p = float(special.expit(mu))
    width = (people * p * (1 - p) + precision) ** -0.5
    reach = 12.0 + abs(mu) if mu_prior is None else abs(mu - centre) + 8 * mu_prior[1]
    offsets = [0.0]
    while offsets[-1] < max(reach, 12 * width):
        inside = offsets[-1] < 4 * width
        step = _MIDDLE * width if inside else _GROWTH * (offsets[-1] - offsets[-2])
        offsets.append(offsets[-1] + step)
    side = np.array(offsets)
    return np.concatenate((mu - side[:0:-1], mu + side))


def _mixture(weights: FloatArray, means: FloatArray, deviations: FloatArray) -> Mixture:
    keep = weights > 1e-9 * float(weights.max())
    return compressed(Mixture(weights[keep] / weights[keep].sum(), means[keep], deviations[keep]))


def _proportions(posterior: Posterior) -> Interval:
    values = posterior.median, posterior.central_low, posterior.central_high
    return Interval(*(float(special.expit(value)) for value in values))


def _shrunken(labels: tuple[str, ...], grid: _Grid, level: float) -> tuple[StudyPosterior, ...]:
    found = []
    tail = (1 - level) / 2
    for i, label in enumerate(labels):
        mean, sd = grid.own_mean[:, i], grid.own_sd[:, i]
        mixture = _mixture(grid.weights, mean, np.hypot(sd, grid.blur))
        middle = float(grid.weights @ mean)
        whole = math.sqrt(float(grid.weights @ (sd**2 + (mean - middle) ** 2)))
        low, high = (float(special.expit(mixture.quantile(p))) for p in (tail, 1 - tail))
        found.append(StudyPosterior(label, middle, whole, low, high))
    return tuple(found)


def _cautions(x: FloatArray, n: FloatArray) -> tuple[Caution, ...]:
    found = []
    if x.sum() == 0:
        text = "Nobody had the event: the lower end of the interval comes from the prior of the mean alone."
        found.append(Caution("no-events", text))
    elif x.sum() == n.sum():
        text = "Everybody had the event: the upper end of the interval comes from the prior of the mean alone."
        found.append(Caution("all-events", text))
    text = "Single-arm data: without a comparison group this cannot be read as an effect of the treatment."
    found.append(Caution("uncontrolled", text))
    return tuple(found)
