"""Bayesian random-effects synthesis of estimates, by quadrature: no sampling, no seeds.

K studies with estimates y and sampling variances v, true effects normal around mu with standard deviation tau. Given
tau everything is normal, so that only tau has to be integrated over; T points of Gauss-Legendre rules on panels of
log tau do that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize

from stromata.errors import DidNotConverge, InvalidInput
from stromata.model import Caution
from stromata.synthesis.bayesian.posteriors import Mixture, Panels, Posterior, nodes, panels, summarise
from stromata.synthesis.bayesian.priors import TauPrior
from stromata.synthesis.cautions import FEW_STUDIES
from stromata.synthesis.intervals import FloatArray, check_level, number
from stromata.synthesis.pooling.estimates import LARGEST, SMALLEST
from stromata.synthesis.results.result import Result, recorded
from stromata.synthesis.study_set import one_column, study_set

_PANEL = 0.8
"""Width of a panel in log tau: all functions here are smooth on that scale, and ten points leave about 1e-14."""

_NARROW = 1.5
"""Width of a panel around a sharp peak, in standard deviations of log tau there."""

_NEGLIGIBLE = 34.0
"""Fall in log density, from the highest, beyond which nothing is left to integrate."""

_FARTHEST_FIT = 1e12
"""Minus log density at the peak beyond which rounding leaves fewer than three digits of differences in it."""

_FARTHEST = 80.0
"""Largest distance in log tau that is looked at."""

MuPrior = tuple[float, float] | None
"""Mean and standard deviation of a normal prior of mu; None is flat (improper)."""


@dataclass(frozen=True, slots=True)
class StudyPosterior:
    """One study's true effect, drawn towards the others."""

    label: str
    mean: float
    sd: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Threshold:
    """Posterior probabilities that the mean effect, and the effect in a new study, lie below a value."""

    value: float
    mu_below: float
    new_below: float


@dataclass(frozen=True, slots=True)
class PooledBayes(Result):
    """A posterior on the scale of the estimates.

    Attributes
    ----------
    mu, tau, new : posterior of the mean effect, of tau, and of the true effect in a new study.
    studies : the studies' own true effects, with central intervals at `level`.
    tau_prior, mu_prior : as given.
    log_marginal_likelihood : of the data; None with an improper prior, where it has no meaning.
    bayes_factor_tau, bayes_factor_mu : of tau = 0, and of mu = 0, against the model; None where it has no meaning.
    """

    k: int
    level: float
    mu: Posterior
    tau: Posterior
    new: Posterior
    studies: tuple[StudyPosterior, ...]
    thresholds: tuple[Threshold, ...]
    tau_prior: TauPrior
    mu_prior: MuPrior
    log_marginal_likelihood: float | None
    bayes_factor_tau: float | None
    bayes_factor_mu: float | None
    cautions: tuple[Caution, ...]


@recorded("yi", "vi", "labels")
def pool_bayes(
    yi: npt.ArrayLike,
    vi: npt.ArrayLike,
    *,
    tau_prior: TauPrior,
    mu_prior: MuPrior = None,
    level: float = 0.95,
    thresholds: Sequence[float] = (0.0,),
    labels: Sequence[str] = (),
) -> PooledBayes:
    """Pool estimates under the normal-normal hierarchical model.

    Parameters
    ----------
    yi, vi : (K,) estimates and sampling variances, K >= 1; a missing one is left out with a caution.
    tau_prior : see `stromata.synthesis.bayesian.priors`. With few studies it matters; there is no default.
    mu_prior : mean and standard deviation of a normal prior of the mean effect; None is flat.
    level : probability that the intervals hold.
    thresholds : values of which the probability to lie below is wanted.

    Raises
    ------
    InvalidInput
        Impossible estimates, a prior with a standard deviation that is not above 0, or priors that leave no proper
        posterior for so few studies.

    Examples
    --------
    >>> from stromata.synthesis.bayesian.priors import half_normal
    >>> result = pool_bayes([-0.35, -0.1], [0.04, 0.09], tau_prior=half_normal(0.5), mu_prior=(0, 4))
    >>> round(result.mu.median, 4), result.tau.low
    (-0.2552, 0.0)

    References
    ----------
    Roever (2020), Journal of Statistical Software 93(6), for the model and what is reported; Friede, Roever, Wandel and
    Neuenschwander (2017), Research Synthesis Methods 8, 79-91, for few studies.
    """
    check_level(level)
    studies = study_set(yi, vi, labels=tuple(labels) or None, purpose="Bayesian synthesis")
    check_mu_prior(mu_prior)
    y, v, k = studies.y, studies.v, studies.k
    fall = tau_prior.tail + (k - 1 if mu_prior is None else k)
    if not (fall > 1 or tau_prior.proper):
        raise InvalidInput(
            f"the {tau_prior.name} prior leaves no proper posterior with {k} {'study' if k == 1 else 'studies'}",
            hint="Take a proper prior of tau, such as half_normal, or a normal prior of mu.",
        )
    edges, tau, weights, height = _integrate(y, v, tau_prior, mu_prior)
    mean, deviation = given_tau(y, v, tau, mu_prior)
    mu = _mixture(weights, mean, deviation)
    new = _mixture(weights, mean, np.hypot(deviation, tau))
    density = np.exp(log_posterior(y, v, tau, tau_prior, mu_prior) + np.log(tau) - height)
    spread = panels(edges, density, logarithmic=True, lowest=0.0)
    flat = mu_prior is None
    return PooledBayes(
        k,
        level,
        mu=summarise(
            mu.tabulated(),
            mean=mu.mean if not flat or fall > 2 else None,
            sd=mu.sd if not flat or fall > 3 else None,
            level=level,
        ),
        tau=summarise_tau(spread, tau, weights, fall, level),
        new=summarise(
            new.tabulated(),
            mean=new.mean if fall > 2 else None,
            sd=new.sd if fall > 3 else None,
            level=level,
        ),
        studies=_shrunken(studies.labels, y, v, tau, weights, mean, deviation, level),
        thresholds=below(thresholds, thresholds, mu, new),
        tau_prior=tau_prior,
        mu_prior=mu_prior,
        log_marginal_likelihood=height if tau_prior.proper and not flat else None,
        bayes_factor_tau=_factor_tau(y, v, tau_prior, mu_prior, height),
        bayes_factor_mu=None if flat else _factor_mu(y, v, tau_prior, height),
        cautions=studies.cautions + bayes_cautions(k, tau_prior, mu_prior),
    )


def below(values: Sequence[float], places: Sequence[float], mu: Mixture, new: Mixture) -> tuple[Threshold, ...]:
    """Return the probabilities below `values`, which stand at `places` on the scale of the mixtures."""
    at = one_column(places, "thresholds")
    if not (np.abs(at) <= LARGEST).all():
        raise InvalidInput(f"thresholds are {list(values)}; they must be numbers from {-LARGEST:g} to {LARGEST:g}")
    triples = zip(values, mu.below(at).tolist(), new.below(at).tolist(), strict=True)
    return tuple(Threshold(float(value), one, other) for value, one, other in triples)


def check_mu_prior(mu_prior: object) -> None:
    """Refuse a prior of mu that is no normal distribution.

    Raises
    ------
    InvalidInput
        It is not.
    """
    if mu_prior is None:
        return
    if not (isinstance(mu_prior, Sequence) and len(mu_prior) == 2):
        raise InvalidInput(
            f"mu_prior is {mu_prior!r}; it must be a mean and a standard deviation", hint="None is a flat prior."
        )
    allowed = f"a number from {-LARGEST:g} to {LARGEST:g}"
    number("the mean of mu_prior", mu_prior[0], allowed, lambda x: abs(x) <= LARGEST)
    allowed = f"a number from {SMALLEST:g} to {LARGEST:g}"
    number("the standard deviation of mu_prior", mu_prior[1], allowed, lambda x: SMALLEST <= x <= LARGEST)


def bayes_cautions(k: int, tau_prior: TauPrior, mu_prior: MuPrior) -> tuple[Caution, ...]:
    """Return the reservations that every Bayesian result carries, and those of few studies."""
    source = f" ({tau_prior.citation})" if tau_prior.citation else ""
    mean = "flat" if mu_prior is None else f"normal with mean {mu_prior[0]:g} and standard deviation {mu_prior[1]:g}"
    found = [
        Caution(
            "prior",
            f"The result rests on prior assumptions: variation between studies {tau_prior.name}{source}; mean effect "
            f"{mean}. Show it under other reasonable priors as well.",
        )
    ]
    if k == 1:
        text = "One study only: variation between studies is known from the prior alone."
        found.append(Caution("single-study", text))
    elif k < FEW_STUDIES:
        text = f"Only {k} studies: what is said about variation between studies comes largely from the prior."
        found.append(Caution("few-studies", text))
    return tuple(found)


def _log_likelihood(y: FloatArray, v: FloatArray, tau: FloatArray, mu_prior: MuPrior) -> FloatArray:
    """Return the log-likelihood of (T,) tau, mu integrated out over its prior."""
    w = 1 / (v + tau[:, None] ** 2)
    total = w.sum(axis=1)
    k = len(y)
    if mu_prior is None:
        mean = (w * y).sum(axis=1) / total
        rest = (w * (y - mean[:, None]) ** 2).sum(axis=1)
        return np.asarray(0.5 * (np.log(w).sum(axis=1) - np.log(total) - rest - (k - 1) * math.log(2 * math.pi)))
    centre, precision = mu_prior[0], mu_prior[1] ** -2
    mean = ((w * y).sum(axis=1) + centre * precision) / (total + precision)
    rest = (w * (y - mean[:, None]) ** 2).sum(axis=1) + precision * (mean - centre) ** 2
    level = np.log(w).sum(axis=1) - np.log1p(total / precision)
    return np.asarray(0.5 * (level - rest - k * math.log(2 * math.pi)))


def log_posterior(y: FloatArray, v: FloatArray, tau: FloatArray, tau_prior: TauPrior, mu_prior: MuPrior) -> FloatArray:
    """Return the unnormalised log densities of (T,) tau."""
    return _log_likelihood(y, v, tau, mu_prior) + tau_prior.log_density(tau, v)


def given_tau(y: FloatArray, v: FloatArray, tau: FloatArray, mu_prior: MuPrior) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation of mu at each tau."""
    w = 1 / (v + tau[:, None] ** 2)
    total, top = w.sum(axis=1), (w * y).sum(axis=1)
    if mu_prior is not None:
        total, top = total + mu_prior[1] ** -2, top + mu_prior[0] * mu_prior[1] ** -2
    return top / total, total**-0.5


def _integrate(
    y: FloatArray, v: FloatArray, tau_prior: TauPrior, mu_prior: MuPrior
) -> tuple[FloatArray, FloatArray, FloatArray, float]:
    """Return panel edges in log tau, tau at the points, their posterior weights, and the log of the integral."""

    def on_log_scale(s: FloatArray) -> FloatArray:
        tau = np.exp(s)
        return log_posterior(y, v, tau, tau_prior, mu_prior) + s

    edges = log_edges(on_log_scale, 0.5 * math.log(float(v.min())), 0.5 * math.log(float(v.max())), tau_prior.upper)
    s, width = nodes(edges)
    logs = on_log_scale(s) + np.log(width)
    peak = float(logs.max())
    share = np.exp(logs - peak)
    total = float(share.sum())
    return edges, np.exp(s), share / total, peak + math.log(total)


def log_edges(function: Callable[[FloatArray], FloatArray], low: float, high: float, upper: float) -> FloatArray:
    """Return edges of panels in log tau that hold all of a density, narrow where it has a sharp peak.

    `function` returns the log density at (T,) places; `low` and `high` are the logs of the smallest and the largest
    sampling standard deviation, `upper` is the largest tau that is possible.
    """
    last = math.log(upper) if math.isfinite(upper) else math.inf
    start, end = max(low - _FARTHEST, -300.0), min(high + _FARTHEST, 300.0, last)
    trial = np.append(np.arange(start, end, _PANEL / 8), end)
    heights = function(trial)
    top = int(np.argmax(heights))
    if 0 < top < len(trial) - 1:
        around = trial[top - 1], trial[top + 1]
        found = optimize.minimize_scalar(lambda s: -float(function(np.array([s]))[0]), bounds=around, method="bounded")
        peak, h = float(found.x), 1e-3
        bend = function(np.array([peak - h, peak, peak + h]))
        deviation = math.sqrt(h * h / max(float(2 * bend[1] - bend[0] - bend[2]), 1e-12))
    else:
        peak, deviation = float(trial[top]), _PANEL
    narrow = _NARROW * deviation
    if narrow < _PANEL:
        heights = np.append(heights, float(function(np.array([peak]))[0]))
        trial = np.append(trial, peak)
    if heights.max() < -_FARTHEST_FIT:
        raise DidNotConverge(
            f"the posterior cannot be computed: at the likeliest tau its log density is {heights.max():.3g}, as of "
            "estimates that lie too far apart in units of their standard errors",
            hint="Check the units of yi and vi and the studies at the ends, or take a wider prior.",
        )
    keep = trial[heights > heights.max() - _NEGLIGIBLE]
    first, final = max(float(keep.min()) - _PANEL / 8, start), min(float(keep.max()) + _PANEL / 8, end)
    edges = np.append(np.arange(first, final, _PANEL), final)
    if narrow >= _PANEL:
        return edges
    inner = np.arange(max(first, peak - 12 * deviation), min(final, peak + 12 * deviation), narrow)
    outer = edges[(edges < inner[0] - 1e-9) | (edges > inner[-1] + 1e-9)]
    return np.unique(np.concatenate((outer, inner)))


def _mixture(weights: FloatArray, means: FloatArray, deviations: FloatArray) -> Mixture:
    keep = weights > 1e-17
    return Mixture(weights[keep] / weights[keep].sum(), means[keep], deviations[keep])


def summarise_tau(spread: Panels, tau: FloatArray, weights: FloatArray, fall: float, level: float) -> Posterior:
    """Return the summary of tau, whose density falls with the power `fall`."""
    mean = float(weights @ tau)
    sd = math.sqrt(float(weights @ (tau - mean) ** 2)) if fall > 3 else None
    return summarise(spread, mean=mean if fall > 2 else None, sd=sd, level=level)


def _shrunken(  # noqa: PLR0917 - the pieces that `pool_bayes` has at hand
    labels: tuple[str, ...],
    y: FloatArray,
    v: FloatArray,
    tau: FloatArray,
    weights: FloatArray,
    mean: FloatArray,
    deviation: FloatArray,
    level: float,
) -> tuple[StudyPosterior, ...]:
    found = []
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    for label, own, variance in zip(labels, y.tolist(), v.tolist(), strict=True):
        share = tau**2 / (tau**2 + variance)
        middle = share * own + (1 - share) * mean
        spread = np.sqrt(share * variance + ((1 - share) * deviation) ** 2)
        mixture = _mixture(weights, middle, spread)
        found.append(StudyPosterior(label, mixture.mean, mixture.sd, *mixture.quantile(tails).tolist()))
    return tuple(found)


def _factor_tau(y: FloatArray, v: FloatArray, tau_prior: TauPrior, mu_prior: MuPrior, height: float) -> float | None:
    if not tau_prior.proper:
        return None
    return math.exp(float(_log_likelihood(y, v, np.zeros(1), mu_prior)[0]) - height)


def _factor_mu(y: FloatArray, v: FloatArray, tau_prior: TauPrior, height: float) -> float | None:
    """Return the Bayes factor of mu = 0; an improper prior of tau cancels where both integrals exist."""
    if tau_prior.tail + len(y) <= 1:
        return None

    def at_zero(s: FloatArray) -> FloatArray:
        tau = np.exp(s)
        w = 1 / (v + tau[:, None] ** 2)
        value = 0.5 * (np.log(w).sum(axis=1) - (w * y * y).sum(axis=1) - len(y) * math.log(2 * math.pi))
        return np.asarray(value + tau_prior.log_density(tau, v) + s)

    edges = log_edges(at_zero, 0.5 * math.log(float(v.min())), 0.5 * math.log(float(v.max())), tau_prior.upper)
    s, width = nodes(edges)
    return math.exp(float(np.logaddexp.reduce(at_zero(s) + np.log(width))) - height)
