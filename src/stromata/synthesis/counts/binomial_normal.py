"""The binomial-normal model: counts are binomial, their logits vary normally between studies.

K studies with `x` events among `n`; B trial values of the parameters. Study i has logit proportion beta + tau u_i with
u_i standard normal; the likelihood integrates u_i out. Counts enter as they are, so that a study with no events or only
events needs no correction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from stromata.synthesis.counts import models as count_models
from stromata.synthesis.counts.families import best_binomial, binomial
from stromata.synthesis.counts.models import Found, Model, Outcome
from stromata.synthesis.intervals import FloatArray

QUADRATURE_POINTS = 7
"""Points of the adaptive Gauss-Hermite rule: the number that results in the literature are usually computed with."""

_CHECK_POINTS = 41
"""Points of the rule that the fit is checked with; beyond 30 or so the value no longer changes for binomial counts."""

_CHECK_TOLERANCE = 1e-3
"""Difference in log-likelihood between the two rules above which the finer one is used for the fit as well."""


@dataclass(frozen=True, slots=True)
class BinomialNormalFit:
    """Maximum-likelihood estimates on the logit scale.

    Attributes
    ----------
    outcome : ``fitted``; ``infinite`` when no study or every patient had the event; ``unbounded`` when the likelihood
        rises without end as tau grows; ``stuck`` when the search failed. Only ``fitted`` has numbers.
    deviance : twice the log-likelihood ratio of one proportion per study against one common proportion.
    points : quadrature points of the fit.
    identified : False when tau2 leaves no trace in the data (every study has one patient); it is then 0.
    """

    outcome: Outcome
    beta: float = math.nan
    se: float = math.nan
    tau2: float = math.nan
    tau2_se: float | None = None
    log_likelihood: float = math.nan
    deviance: float = 0.0
    points: int = QUADRATURE_POINTS
    identified: bool = True


def fit(x: FloatArray, n: FloatArray, *, points: int = QUADRATURE_POINTS) -> BinomialNormalFit:
    """Fit the model by maximum likelihood.

    Parameters
    ----------
    x, n : (K,) events and people, 0 <= x <= n, n > 0, K >= 2.
    points : quadrature points of the adaptive rule; more are used, and reported, when these prove too few.

    References
    ----------
    Hamza, van Houwelingen and Stijnen (2008), Journal of Clinical Epidemiology 61, 41-51, for the model; Stijnen, Hamza
    and Ozdemir (2010), Statistics in Medicine 29, 3046-3067, for its use with rare events; Pinheiro and Bates (1995),
    Journal of Computational and Graphical Statistics 4, 12-35, for the adaptive rule.
    """
    common = fit_common(x, n)
    if common.outcome != "fitted":
        return common
    if float(n.max()) <= 1:
        # One patient per study: only the mean proportion is in the data, and every tau fits equally well.
        return replace(common, identified=False)
    found = fit_checked(model(x, n), _found(common, len(x)), points=points)
    if found.outcome != "fitted":
        return BinomialNormalFit(found.outcome, deviance=common.deviance, points=found.points)
    if found.tau[0] == 0:
        return common
    tau = float(found.tau[0])
    return BinomialNormalFit(
        "fitted",
        beta=found.estimate,
        se=found.se,
        tau2=tau**2,
        tau2_se=2 * tau * float(found.tau_se[0]),  # the delta method, from tau to tau2
        log_likelihood=found.log_likelihood,
        deviance=common.deviance,
        points=found.points,
    )


def fit_checked(model: Model, common: Found, *, points: int, sigma: float | None = None) -> Found:
    """Fit, and fit again with more points where these prove too few. Parameters as `count_models.fit`."""
    found = count_models.fit(model, common, points=points, sigma=sigma)
    if points >= _CHECK_POINTS or len(model.loading) > 1:
        return found
    if found.outcome != "fitted":
        return count_models.fit(model, common, points=_CHECK_POINTS, sigma=sigma)
    if found.tau[-1] == 0:
        return found
    place = found.coefficients[None], found.tau[None]
    finer = float(count_models.log_likelihood(model, *place, points=_CHECK_POINTS)[0])
    if abs(finer - found.log_likelihood) <= _CHECK_TOLERANCE:
        return found
    return count_models.refit(model, common, found, points=_CHECK_POINTS)


def model(x: FloatArray, n: FloatArray) -> Model:
    """Return the model of `count_models`: one observation per study, one mean, one random effect."""
    ones = np.ones((1, len(x)))
    return Model(binomial(x[None], n[None]), np.zeros_like(ones), ones[None], None, np.ones((1, 1)))


def fit_common(x: FloatArray, n: FloatArray) -> BinomialNormalFit:
    """Fit one common proportion (tau = 0): the logit of all events over all people. Parameters as `fit`, K >= 1."""
    events, people = float(x.sum()), float(n.sum())
    if events in {0.0, people}:
        return BinomialNormalFit("infinite", deviance=0.0)
    p = events / people
    beta = float(special.logit(p))
    shortfall = float(binomial(x[None], n[None]).below(np.full((1, len(n)), beta))[0].sum())
    return BinomialNormalFit(
        "fitted",
        beta=beta,
        se=1 / math.sqrt(people * p * (1 - p)),
        tau2=0.0,
        log_likelihood=float(best_binomial(x, n).sum()) + shortfall,
        deviance=max(0.0, -2 * shortfall),
        points=0,
    )


def _found(common: BinomialNormalFit, k: int) -> Found:
    height = common.log_likelihood
    zero = np.zeros(1)
    return Found(
        "fitted", np.array([common.beta]), np.array([[common.se**2]]), np.zeros(k), zero, zero * np.nan, height, height
    )


def log_likelihoods(x: FloatArray, n: FloatArray, beta: FloatArray, tau: FloatArray, *, points: int) -> FloatArray:
    """Return the (B,) log-likelihoods at `beta` and `tau` (B,), binomial coefficients included."""
    return count_models.log_likelihood(model(x, n), beta[:, None], tau[:, None], points=points)
