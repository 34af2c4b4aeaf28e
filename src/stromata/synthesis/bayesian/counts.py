"""Bayesian synthesis of single-arm counts: binomial counts, normal logits, both parameters integrated by quadrature.

K studies with `x` events of `n` people, T points of tau (Gauss-Legendre rules on panels), for each panel a row of M
points of the mean logit mu, as far apart as the posterior there is wide; P pairs in all. The studies' own logits are
integrated out inside (`stromata.synthesis.bayesian.lattices`).
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
from stromata.synthesis.bayesian.lattices import Likelihoods, Rows, likelihoods, rows
from stromata.synthesis.bayesian.posteriors import ORDER, Mixture, Posterior, nodes, panels, resolved, summarise
from stromata.synthesis.bayesian.priors import TauPrior
from stromata.synthesis.effects.columns import as_arrays, check, check_countable, label_texts, one_dimensional
from stromata.synthesis.effects.measures import get_measure
from stromata.synthesis.intervals import FloatArray, check_level
from stromata.synthesis.results.result import Result, recorded

WIDE = (0.0, 1.8)
"""Prior of the mean logit as wide as a uniform prior of the proportion, whose logit has the standard deviation 1.81."""

_STEP = 0.45
"""Distance of the points of mu, in standard deviations of mu given tau: the trapezium rule then leaves about 1e-16."""

_KERNEL = 1.25
"""Standard deviation, in steps, of the normal densities that interpolate between the points: 1e-9 at 0.45 per step."""

_SPANS = 1.5
"""Tau, in steps of mu, from which a sum over the points of mu is as good as an integral: about 1e-12."""

_FAR = 7.5
"""Standard deviations of a study's logit, at each pair, that are looked at."""

_TRACE = 1e-11
"""Weight below which a part of the posterior is left out of a distribution; its sum is not."""

_TRIAL_ROWS = (1, 8)
"""Points of tau in each panel for which points of mu are tried."""

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
    typical = grid.typical
    mixture = _mixture(grid.shares, grid.mu, np.hypot(grid.tau, grid.kernel))
    spread = panels(grid.tau_edges, grid.by_tau / grid.tau_width, lowest=0.0)
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
    values = special.expit(grid.typical.quantile(np.array([0.5, (1 - level) / 2, (1 + level) / 2]))).tolist()
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
class _Panel:
    """The pairs of one panel of tau: every one of (T,) tau with every one of (M,) mu, which are `step` apart.

    Attributes
    ----------
    weights, shares : (T, M) posterior weights, and weights of normal densities around `mu`, `_KERNEL` steps wide, that
        together are the posterior of mu between the points as well.
    own : what the studies are like there.
    """

    mu: FloatArray
    tau: FloatArray
    step: float
    weights: FloatArray
    shares: FloatArray
    own: Rows


@dataclass(frozen=True, slots=True)
class _Grid:
    """All pairs of points that count.

    Attributes
    ----------
    tau_edges, tau_width : the panels, and the weights of their points; by_tau : what each point of tau weighs.
    mu, tau, weights : (P,) the pairs and their posterior weights.
    shares, kernel : (P,) those of `_Panel`, and the standard deviations of the normal densities.
    typical : the posterior of mu.
    height : log of the integral.
    """

    panels: tuple[_Panel, ...]
    studies: Likelihoods
    tau_edges: FloatArray
    tau_width: FloatArray
    by_tau: FloatArray
    mu: FloatArray
    tau: FloatArray
    weights: FloatArray
    shares: FloatArray
    kernel: FloatArray
    typical: Mixture
    height: float


def _grid(x: FloatArray, n: FloatArray, tau_prior: TauPrior, mu_prior: MuPrior) -> _Grid:
    y, v = np.log((x + 0.5) / (n - x + 0.5)), 1 / (x + 0.5) + 1 / (n - x + 0.5)
    tau_edges = _tau_edges(y, v, tau_prior, mu_prior)
    tau, tau_width = nodes(tau_edges)
    studies = likelihoods(x, n)
    centre = given_tau(y, v, tau, mu_prior)[0].reshape(-1, ORDER)[:, ORDER // 2]
    step = _STEP * given_tau(y, studies.flank**2, tau, mu_prior)[1].reshape(-1, ORDER).min(axis=1)
    tau, width = tau.reshape(-1, ORDER), tau_width.reshape(-1, ORDER)
    with np.errstate(divide="ignore"):
        prior = tau_prior.log_density(tau.ravel(), np.ones(1)).reshape(tau.shape) + np.log(width * step[:, None])
    if mu_prior is not None:
        prior -= math.log(mu_prior[1] * math.sqrt(2 * math.pi))

    def evaluate(i: int, offset: Indices, of_tau: Sequence[int]) -> tuple[FloatArray, FloatArray, Rows]:
        mu = centre[i] + offset * step[i]
        found = rows(studies, mu, tau[i, of_tau])
        logs = found.value.sum(axis=2) + prior[i, of_tau, None]
        if mu_prior is not None:
            logs -= 0.5 * ((mu - mu_prior[0]) / mu_prior[1]) ** 2
        return mu, logs, found

    start = int(np.argmax(log_posterior(y, v, tau.ravel(), tau_prior, mu_prior) + np.log(tau_width))) // ORDER
    reach = _worth_it(prior.max(axis=1), start, lambda i, offset: evaluate(i, offset, _TRIAL_ROWS)[1].max(axis=0))
    found = {i: evaluate(i, offset, range(ORDER)) for i, offset in reach.items()}
    peak = max(float(logs.max()) for _, logs, _ in found.values())
    total = sum(float(np.exp(logs - peak).sum()) for _, logs, _ in found.values())
    pieces = []
    by_tau = np.zeros(tau.shape)
    for i, (mu, logs, own) in found.items():
        weights = np.exp(logs - peak) / total
        by_tau[i] = weights.sum(axis=1)
        pieces.append(_Panel(mu, tau[i], float(step[i]), weights, _interpolating(weights), own))
    pairs = zip(*map(_pairs, pieces), strict=True)
    all_mu, all_tau, weights, shares, kernel = (np.concatenate([part.ravel() for part in parts]) for parts in pairs)
    mixed = ((p.shares.sum(axis=0), p.mu, np.full(len(p.mu), _KERNEL * p.step)) for p in pieces)
    typical = _mixture(*(np.concatenate(parts) for parts in zip(*mixed, strict=True)))
    height = peak + math.log(total) + float(studies.family.best.sum())
    return _Grid(
        tuple(pieces),
        studies,
        tau_edges,
        tau_width,
        by_tau.ravel(),
        all_mu,
        all_tau,
        weights,
        shares,
        kernel,
        typical,
        height,
    )


def _pairs(piece: _Panel) -> tuple[FloatArray, ...]:
    """Return mu, tau, weights, shares and widths of the kernels of all pairs, (T, M) each."""
    mu, tau = np.broadcast_arrays(piece.mu, piece.tau[:, None])
    return mu, tau, piece.weights, piece.shares, np.full(mu.shape, _KERNEL * piece.step)


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


def _worth_it(
    bound: FloatArray, start: int, value: Callable[[int, Indices], FloatArray]
) -> dict[int, npt.NDArray[np.intp]]:
    """Return the panels that hold more than a trace of the posterior, each with the offsets of its points of mu.

    Some points of each panel are tried; what lies up to the next of them is kept, and a panel beside one that counts as
    well. `bound` is above all heights of a panel; `start` is likely to have the highest.
    """
    heights = np.full((len(bound), len(_TRIAL)), -np.inf)
    heights[start] = value(start, _TRIAL)
    for i in range(len(bound)):
        if i != start and bound[i] > heights.max() - _NEGLIGIBLE:
            heights[i] = value(i, _TRIAL)
    good = heights > heights.max() - _NEGLIGIBLE
    good[1:] |= good[:-1]
    good[:-1] |= good[1:]
    found = {}
    for i in np.flatnonzero(good.any(axis=1)).tolist():
        places = np.flatnonzero(good[i])
        first, last = max(int(places[0]) - 1, 0), min(int(places[-1]) + 1, len(_TRIAL) - 1)
        found[i] = np.arange(_TRIAL[first], _TRIAL[last] + 1)
    return found


def _interpolating(table: FloatArray) -> FloatArray:
    """Return shares of normal densities around (..., M) points, whose sum is the density `table` at all of them."""
    place = np.arange(table.shape[-1])
    z = (place[:, None] - place) / _KERNEL
    densities = np.exp(-0.5 * z * z) / (_KERNEL * math.sqrt(2 * math.pi))
    return np.asarray(np.linalg.solve(densities, table.reshape(-1, len(place)).T).T.reshape(table.shape))


def _mixture(shares: FloatArray, means: FloatArray, deviations: FloatArray) -> Mixture:
    keep = np.abs(shares) > _TRACE
    return Mixture(shares[keep] / float(shares[keep].sum()), means[keep], deviations[keep])


def _proportions(posterior: Posterior) -> Interval:
    values = posterior.median, posterior.central_low, posterior.central_high
    return Interval(*(float(special.expit(value)) for value in values))


def _shrunken(labels: tuple[str, ...], grid: _Grid, level: float) -> tuple[StudyPosterior, ...]:
    """Return the posteriors of the studies' own logits.

    The density of a study's logit is its likelihood times what the others, and the priors, say of it: a mixture of
    normal densities around the points of mu, each with its posterior weight over the study's integral there.
    """
    k = len(labels)
    own = [(p.weights.reshape(-1), p.own.mean.reshape(-1, k), p.own.variance.reshape(-1, k)) for p in grid.panels]
    weights, mean, variance = (np.concatenate(parts) for parts in zip(*own, strict=True))
    middle = weights @ mean
    whole = np.sqrt(weights @ (variance + (mean - middle) ** 2))
    heard = weights > _TRACE
    spread = _FAR * np.sqrt(variance[heard])
    low, high = float((mean[heard] - spread).min()), float((mean[heard] + spread).max())
    core = np.exp(0.5 * (weights[heard] @ np.log(variance[heard])) / float(weights[heard].sum()))
    prior = _Others.of(grid, heard)
    edges, values = resolved(lambda theta: prior.density(grid.studies, theta), _march(low, high, middle, core))
    found = []
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    width = nodes(edges)[1]
    for i, label in enumerate(labels):
        density = values[:, i] / float(width @ values[:, i])
        ends = special.expit(panels(edges, density).quantile(tails)).tolist()
        found.append(StudyPosterior(label, float(middle[i]), float(whole[i]), *ends))
    return tuple(found)


def _march(low: float, high: float, middle: FloatArray, core: FloatArray) -> FloatArray:
    """Return edges of panels between two ends, close together near the middles of the studies."""
    edges = [low]
    while edges[-1] < high:
        edges.append(edges[-1] + float((core + 0.5 * np.abs(edges[-1] - middle)).min()))
    return np.array(edges)


@dataclass(frozen=True, slots=True)
class _Others:
    """What is known of K studies' logits without their own counts, up to a factor exp(`height`) each.

    Normal densities around (P,) means with (P,) standard deviations and (P, K) weights.
    """

    weights: FloatArray
    means: FloatArray
    deviations: FloatArray
    height: FloatArray

    @classmethod
    def of(cls, grid: _Grid, heard: npt.NDArray[np.bool_]) -> _Others:
        """Return it from the pairs of a grid that are `heard`."""
        k = len(grid.studies.low)
        height = np.full(k, -np.inf)
        logs = []
        for panel in grid.panels:
            with np.errstate(divide="ignore", invalid="ignore"):
                each = np.log(panel.weights)[:, :, None] - panel.own.value
            each = np.where(np.isfinite(each), each, -np.inf)
            height = np.maximum(height, each.max(axis=(0, 1)))
            logs.append(each)
        weights, deviations = [], []
        for panel, each in zip(grid.panels, logs, strict=True):
            share = np.exp(each - height)
            tau = panel.tau.copy()
            # Where tau spans the steps between the points of mu, it fills them; elsewhere the kernels do.
            narrow = tau < _SPANS * panel.step
            share[narrow] = np.moveaxis(_interpolating(np.moveaxis(share[narrow], 2, 1)), 1, 2)
            tau[narrow] = np.hypot(tau[narrow], _KERNEL * panel.step)
            weights.append(share.reshape(-1, k))
            deviations.append(np.repeat(tau, len(panel.mu)))
        return cls(np.concatenate(weights)[heard], grid.mu[heard], np.concatenate(deviations)[heard], height)

    def density(self, studies: Likelihoods, theta: FloatArray) -> FloatArray:
        """Return the (G, K) posterior densities of the studies' logits at (G,) places."""
        scaled = math.sqrt(0.5) / self.deviations
        z = theta[:, None] * scaled
        z -= self.means * scaled
        z *= z
        np.negative(z, out=z)
        share = self.weights / (self.deviations * math.sqrt(2 * math.pi))[:, None]
        return np.asarray((np.exp(z, out=z) @ share) * np.exp(studies.at(theta) + self.height))


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
