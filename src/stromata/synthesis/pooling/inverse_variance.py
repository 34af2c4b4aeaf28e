"""Common-effect and random-effects pooling by inverse-variance or other weights.

K estimates `y` with sampling variances `v` (each > 0), K >= 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from stromata.model import TauMethod, TestName
from stromata.synthesis.intervals import FloatArray, chi_squared_p
from stromata.synthesis.pooling import heterogeneity, single


@dataclass(frozen=True, slots=True)
class InverseVarianceFit:
    """A pooled estimate with its standard error and measures of heterogeneity.

    Attributes
    ----------
    se, wald_se : standard error that the chosen test uses, and the one without Knapp and Hartung's factor.
    df : degrees of freedom of the test; None for a normal test.
    tau2, tau2_se : None under the common-effect model; the standard error also where tau2 was given.
    i2, h2 : in percent, and as a ratio.
    typical : typical sampling variance.
    weights : (K,) in percent.
    modes, gap : local maxima met by a likelihood method, and the lead of the highest over the next in log-likelihood.
    """

    estimate: float
    se: float
    wald_se: float
    df: int | None
    tau2: float | None
    tau2_se: float | None
    i2: float
    h2: float
    typical: float
    q: float
    q_df: int
    q_p: float
    log_likelihood: float
    weights: FloatArray
    modes: int = 1
    gap: float = math.inf


def fit(
    y: FloatArray,
    v: FloatArray,
    *,
    tau2: TauMethod | float | None,
    test: TestName,
    weights: FloatArray | None = None,
) -> InverseVarianceFit:
    """Pool by weights 1 / (v + tau2), or by given weights.

    Parameters
    ----------
    y, v : (K,) estimates and sampling variances on the analysis scale, K >= 2.
    tau2 : how to estimate the between-study variance; a number (>= 0) is taken as it is; None is the common-effect
        model (tau2 = 0).
    test : ``z`` normal; ``t`` Student on K - 1; ``knha`` the same with the standard error rescaled by the observed
        spread (Knapp and Hartung); ``adhoc`` likewise, but never made smaller. The last two need inverse variances.
    weights : (K,) each > 0, for the mean and for ``genq`` and ``genqm``.

    Notes
    -----
    Q is Cochran's. Under the common-effect model H2 = Q / df and I2 = 100 max(0, (Q - df) / Q); under the random
    model I2 = 100 tau2 / (tau2 + s2) and H2 = 1 + tau2 / s2, where s2 is the typical sampling variance. The
    log-likelihood is restricted under REML and full otherwise. A mean by weights a has the variance
    sum(a^2 (v + tau2)) / sum(a)^2.

    References
    ----------
    Higgins and Thompson (2002), Statistics in Medicine 21, 1539-1558, eq. 9 for s2. Knapp and Hartung (2003),
    Statistics in Medicine 22, 2693-2710. The floor of ``adhoc``: Knapp and Hartung (2003); Röver et al. (2015).
    """
    df = len(y) - 1
    method, given = (tau2, None) if isinstance(tau2, str) else (None, tau2)
    if method in heterogeneity.WEIGHTED:
        between = heterogeneity.estimate(y, v, method, weights=weights)
        found = single.fit(y, v, None, tau2=between.tau2)
    else:
        found = single.fit(y, v, method, tau2=given)
        between = heterogeneity.Heterogeneity(found.tau2, found.tau2_se, found.modes, found.gap)
    if tau2 is None:
        h2 = found.q / df
        i2 = 100 * max(0.0, (found.q - df) / found.q) if found.q > 0 else 0.0
    else:
        h2 = 1 + found.tau2 / found.typical
        i2 = 100 * found.tau2 / (found.tau2 + found.typical)
    w = 1 / (v + found.tau2) if weights is None else weights
    mean, wald, value = found.estimate, found.se, found.log_likelihood
    if weights is not None:
        mean, wald, value = _weighted(y, v, found.tau2, weights)
    factor = {"knha": found.spread, "adhoc": max(1.0, found.spread)}.get(test, 1.0)
    return InverseVarianceFit(
        estimate=mean,
        se=wald * math.sqrt(factor),
        wald_se=wald,
        df=None if test == "z" else df,
        tau2=None if tau2 is None else found.tau2,
        tau2_se=between.se if method is not None else None,
        i2=i2,
        h2=h2,
        typical=found.typical,
        q=found.q,
        q_df=df,
        q_p=chi_squared_p(found.q, df),
        log_likelihood=value,
        weights=100 * w / w.sum(),
        modes=between.modes,
        gap=between.gap,
    )


def _weighted(y: FloatArray, v: FloatArray, tau2: float, a: FloatArray) -> tuple[float, float, float]:
    """Return mean, standard error and full log-likelihood under given weights."""
    shares = a / a.sum()
    mean, _ = heterogeneity.fitted(y, a)
    variance = float(shares**2 @ (v + tau2))
    e, w = y - mean, 1 / (v + tau2)
    value = -0.5 * (len(y) * math.log(2 * math.pi) + float(w @ (e * e)) - float(np.log(w).sum()))
    return mean, math.sqrt(variance), value


def typical_variance(v: FloatArray) -> float:
    """Return the typical sampling variance of (K,) `v`, K >= 2 (Higgins and Thompson 2002, eq. 9)."""
    return (len(v) - 1) / heterogeneity.trace_p(1 / v)
