"""Bayesian synthesis of single-arm counts: binomial counts, normal logits, both parameters integrated by quadrature.

K studies with `x` events of `n` people, T points of tau (Gauss-Legendre rules on panels), for each of them a row of
points of the mean logit mu, as far apart as the posterior there is wide; P pairs in all. The studies' own logits are
integrated out inside, by adaptive Gauss-Hermite quadrature.
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
    below,
    check_mu_prior,
    given_tau,
    log_posterior,
    summarise_tau,
)
from stromata.synthesis.bayesian.posteriors import ORDER, Mixture, Posterior, nodes, panels, resolved, summarise
from stromata.synthesis.bayesian.priors import TauPrior
from stromata.synthesis.counts import binomial_normal
from stromata.synthesis.counts.quadrature import Marginal, marginal
from stromata.synthesis.effects.columns import as_arrays, check, check_countable, label_texts, one_dimensional
from stromata.synthesis.effects.measures import get_measure
from stromata.synthesis.intervals import FloatArray, check_level
from stromata.synthesis.results.result import Result, recorded

WIDE = (0.0, 1.8)
"""Prior of the mean logit as wide as a uniform prior of the proportion, whose logit has the standard deviation 1.81."""

_POINTS = 15
"""Quadrature points for a study's own logit."""

_STEP = 0.4
"""Distance of the points of mu, in standard deviations of mu given tau: the trapezium rule then leaves about 1e-16."""

_KERNEL = 1.2
"""Standard deviation, in steps, of the normal densities that interpolate between the points: 1e-9 at 0.4 per step."""

_TRACE = 1e-11
"""Weight below which a part of the posterior is left out of a distribution; its sum is not."""

_TRIAL_ROWS = (1, 8)
"""Points of tau in each panel for which they are tried."""

_TRIAL = np.array([-170, -110, -70, -45, -30, -23, -17, -9, 0, 9, 17, 23, 30, 45, 70, 110, 170])
"""Points that are tried to see how far a row must go."""

_TAU_REST = 1e-6
"""What `resolved` leaves in tau: the rules integrate twice as far as the series go, to about the square of it."""

_FARTHEST_TAU = 128.0
"""Largest tau that is looked at: there every study is all or nothing."""

_NEGLIGIBLE = 25.0
"""Fall in log density, from the highest, beyond which nothing is left to integrate."""


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
    labels = label_texts(labels)
    x, n = _checked(xi, ni, labels)
    _check_posterior(x, n, tau_prior, mu_prior)
    if any(not 0 < t < 1 for t in thresholds):
        raise InvalidInput(f"thresholds are {tuple(thresholds)}; proportions must lie strictly between 0 and 1")
    names = labels or tuple(str(i + 1) for i in range(len(x)))
    grid = _grid(x, n, tau_prior, mu_prior)
    typical = _mixture(grid.shares, grid.mu, grid.kernel)
    mixture = _mixture(grid.shares, grid.mu, np.hypot(grid.tau, grid.kernel))
    by_tau = np.bincount(grid.column, grid.weights, len(grid.tau_width))
    spread = panels(grid.tau_edges, by_tau / grid.tau_width, lowest=0.0)
    mean = float(grid.weights @ grid.mu)
    sd = math.sqrt(float(grid.weights @ (grid.mu - mean) ** 2))
    new_sd = math.sqrt(sd * sd + float(grid.weights @ grid.tau**2))
    heavy = not math.isinf(tau_prior.tail)
    mu = summarise(typical.tabulated(), mean=mean, sd=sd, level=level)
    new = summarise(mixture.tabulated(), mean=mean, sd=None if heavy else new_sd, level=level)
    return PooledBayesCounts(
        len(x),
        level,
        mu,
        summarise_tau(spread, grid.tau, grid.weights, 2.5 if heavy else math.inf, level),
        new,
        _proportions(mu),
        _proportions(new),
        _shrunken(names, grid, level),
        below(thresholds, special.logit(np.array(thresholds, dtype=np.float64)).tolist(), typical, mixture),
        tau_prior,
        mu_prior,
        None if mu_prior is None else grid.height,
        bayes_cautions(len(x), tau_prior, mu_prior) + _cautions(x, n),
    )


def mean_proportion(
    x: FloatArray, n: FloatArray, *, tau_prior: TauPrior, level: float
) -> tuple[Interval, tuple[Caution, ...]]:
    """Return the median and the central interval of the typical proportion alone, with their reservations.

    What `pool_bayes_counts` gives for (K,) possible counts under its own prior of mu, without the rest of it.
    """
    _check_posterior(x, n, tau_prior, WIDE)
    grid = _grid(x, n, tau_prior, WIDE)
    typical = _mixture(grid.shares, grid.mu, grid.kernel)
    values = special.expit(typical.quantile(np.array([0.5, (1 - level) / 2, (1 + level) / 2]))).tolist()
    return Interval(*values), bayes_cautions(len(x), tau_prior, WIDE) + _cautions(x, n)


def _checked(xi: npt.ArrayLike, ni: npt.ArrayLike, labels: tuple[str, ...]) -> tuple[FloatArray, FloatArray]:
    given = as_arrays(("xi", "ni"), {"xi": xi, "ni": ni})
    one_dimensional(given)
    check(get_measure("PLO"), given, labels=labels)
    check_countable(given, labels=labels)
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

    Attributes
    ----------
    tau_edges, tau_width : the panels, and (T,) the weights of their points.
    column : (P,) index of the point of tau.
    mu, tau, weights : (P,).
    shares, kernel : (P,) weights and standard deviations of normal densities around `mu` that together are the
        posterior of mu between the points as well.
    height : log of the integral.
    own_mean, own_square : (P, K) means and variances of the studies' logits.
    """

    tau_edges: FloatArray
    tau_width: FloatArray
    column: Indices
    mu: FloatArray
    tau: FloatArray
    weights: FloatArray
    shares: FloatArray
    kernel: FloatArray
    height: float
    own_mean: FloatArray
    own_square: FloatArray


def _grid(x: FloatArray, n: FloatArray, tau_prior: TauPrior, mu_prior: MuPrior) -> _Grid:
    y, v = np.log((x + 0.5) / (n - x + 0.5)), 1 / (x + 0.5) + 1 / (n - x + 0.5)
    tau_edges = _tau_edges(y, v, tau_prior, mu_prior)
    tau, tau_width = nodes(tau_edges)
    middle, wide = given_tau(y, v, tau, mu_prior)
    step = _STEP * wide
    prior_tau = tau_prior.log_density(tau, np.ones(1)) + np.log(tau_width * step)
    model = binomial_normal.model(x, n)

    def evaluate(offset: Indices, column: Indices, points: int) -> tuple[FloatArray, FloatArray, Marginal]:
        mu = middle[column] + offset * step[column]
        linear = np.broadcast_to(mu[:, None, None], (len(mu), 1, len(x)))
        found = marginal(model.family, linear, model.loading, tau[column][:, None], points=points)
        logs = found.value.sum(axis=1) + prior_tau[column]
        if mu_prior is not None:
            logs -= 0.5 * ((mu - mu_prior[0]) / mu_prior[1]) ** 2 + math.log(mu_prior[1] * math.sqrt(2 * math.pi))
        return mu, logs, found

    offset, column = _worth_it(len(tau), lambda o, c: evaluate(o, c, 1)[1])
    mu, logs, here = evaluate(offset, column, _POINTS)
    peak = float(logs.max())
    share = np.exp(logs - peak)
    total = float(share.sum())
    weights = share / total
    t = tau[column][:, None]
    # Fisher's identities: derivatives of a study's likelihood give the mean and the square of its own deviation.
    away = t * t * here.shift[:, 0]
    square = np.maximum(t * t + t**3 * here.scale[:, 0] - away * away, 1e-12 * t * t)
    return _Grid(
        tau_edges,
        tau_width,
        column,
        mu,
        tau[column],
        weights,
        _interpolating(offset, column, weights),
        _KERNEL * step[column],
        peak + math.log(total) + float(model.family.best.sum()),
        mu[:, None] + away,
        square,
    )


def _tau_edges(y: FloatArray, v: FloatArray, tau_prior: TauPrior, mu_prior: MuPrior) -> FloatArray:
    """Return edges of panels in tau that would do if logits were normal."""
    upper = min(tau_prior.upper, _FARTHEST_TAU)
    # From 1e-9 on, so finely that the place of the peak on the scale of the logarithm is seen.
    trial = upper * np.exp(np.arange(-26.0, 0.0, 0.02))
    heights = log_posterior(y, v, trial, tau_prior, mu_prior) + np.log(trial)
    top = float(heights.max())
    total = top + math.log(0.02 * float(np.exp(heights - top).sum()))
    first = float(trial[int(np.argmax(heights))])
    doubled = first * 2.0 ** np.arange(math.ceil(math.log2(upper / first)))
    return resolved(
        lambda tau: np.exp(log_posterior(y, v, tau, tau_prior, mu_prior) - total),
        np.concatenate(([0.0], doubled[doubled < upper * (1 - 1e-9)], [upper])),
        rest=_TAU_REST,
    )[0]


def _worth_it(columns: int, value: Callable[[Indices, Indices], FloatArray]) -> tuple[Indices, Indices]:
    """Return offsets and columns of the points that hold more than a trace of the posterior.

    Some points of some rows of each panel are tried, by Laplace's approximation; what lies up to the next of them is
    kept, and a panel beside one that counts as well.
    """
    tried = np.concatenate([np.arange(i, columns, ORDER) for i in _TRIAL_ROWS])
    offset, column = (index.ravel() for index in np.meshgrid(_TRIAL, tried, indexing="ij"))
    heights = value(offset, column).reshape(len(_TRIAL), len(_TRIAL_ROWS), -1).max(axis=1)
    good = heights > heights.max() - _NEGLIGIBLE
    good[:, 1:] |= good[:, :-1]
    good[:, :-1] |= good[:, 1:]
    first = _TRIAL[np.maximum(np.argmax(good, axis=0) - 1, 0)]
    last = _TRIAL[np.minimum(len(_TRIAL) - np.argmax(good[::-1], axis=0), len(_TRIAL) - 1)]
    inside = np.arange(_TRIAL[0], _TRIAL[-1] + 1)[:, None]
    whole = np.repeat((inside >= first) & (inside <= last) & good.any(axis=0), ORDER, axis=1)
    row, kept = np.nonzero(whole)
    return row + _TRIAL[0], kept


def _interpolating(offset: Indices, column: Indices, weights: FloatArray) -> FloatArray:
    """Return shares of normal densities around the points of each row whose sum is the density at all its points."""
    row = offset - offset.min()
    place = np.arange(row.max() + 1)
    table = np.zeros((len(place), int(column.max()) + 1))
    table[row, column] = weights
    z = (place[:, None] - place) / _KERNEL
    densities = np.exp(-0.5 * z * z) / (_KERNEL * math.sqrt(2 * math.pi))
    shares: FloatArray = np.linalg.solve(densities, table)[row, column]
    return shares / float(shares.sum())


def _mixture(shares: FloatArray, means: FloatArray, deviations: FloatArray) -> Mixture:
    keep = np.abs(shares) > _TRACE
    return Mixture(shares[keep] / float(shares[keep].sum()), means[keep], deviations[keep])


def _proportions(posterior: Posterior) -> Interval:
    values = posterior.median, posterior.central_low, posterior.central_high
    return Interval(*(float(special.expit(value)) for value in values))


def _shrunken(labels: tuple[str, ...], grid: _Grid, level: float) -> tuple[StudyPosterior, ...]:
    found = []
    # Where tau is as large as the steps, the studies' own spread fills the gaps between the points of mu, and exactly;
    # elsewhere the kernels do, and a study's mean is as good as linear in mu over the width of one.
    filled = grid.tau >= grid.kernel / _KERNEL
    shares, kernel = np.where(filled, grid.weights, grid.shares), np.where(filled, 0.0, grid.kernel)
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    for i, label in enumerate(labels):
        mean, square = grid.own_mean[:, i], grid.own_square[:, i]
        # A study's mean moves with mu by its variance over tau2, as in every exponential family.
        deviation = np.sqrt(square + (square / grid.tau**2 * kernel) ** 2)
        low, high = special.expit(_mixture(shares, mean, deviation).quantile(tails)).tolist()
        middle = float(grid.weights @ mean)
        whole = math.sqrt(float(grid.weights @ (square + (mean - middle) ** 2)))
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
