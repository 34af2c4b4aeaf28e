"""Common-effect and random-effects pooling by inverse-variance weights.

K estimates `y` with sampling variances `v` (each > 0), K >= 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from stromata.model import TauMethod, TestName
from stromata.synthesis import heterogeneity
from stromata.synthesis.intervals import FloatArray, chi_squared_p


@dataclass(frozen=True, slots=True)
class InverseVarianceFit:
    """A pooled estimate with its standard error and measures of heterogeneity.

    Attributes
    ----------
    se, wald_se : standard error that the chosen test uses, and the one without Knapp and Hartung's factor.
    df : degrees of freedom of the test; None for a normal test.
    tau2, tau2_se : None under the common-effect model.
    i2, h2 : in percent, and as a ratio.
    weights : (K,) in percent.
    modes : local maxima met by a likelihood method.
    """

    estimate: float
    se: float
    wald_se: float
    df: int | None
    tau2: float | None
    tau2_se: float | None
    i2: float
    h2: float
    q: float
    q_df: int
    q_p: float
    log_likelihood: float
    weights: FloatArray
    modes: int = 1


def fit(y: FloatArray, v: FloatArray, *, tau2: TauMethod | None, test: TestName) -> InverseVarianceFit:
    """Pool by weights 1 / (v + tau2).

    Parameters
    ----------
    y, v : (K,) estimates and sampling variances on the analysis scale, K >= 2.
    tau2 : how to estimate the between-study variance; None is the common-effect model (tau2 = 0).
    test : ``z`` normal; ``t`` Student on K - 1; ``knha`` the same with the standard error rescaled by the observed
        spread (Knapp and Hartung); ``adhoc`` likewise, but never made smaller.

    Notes
    -----
    Q is Cochran's. Under the common-effect model H2 = Q / df and I2 = 100 max(0, (Q - df) / Q); under the random
    model I2 = 100 tau2 / (tau2 + s2) and H2 = 1 + tau2 / s2, where s2 is the typical sampling variance. The
    log-likelihood is restricted under REML and full otherwise.

    References
    ----------
    Higgins and Thompson (2002), Statistics in Medicine 21, 1539-1558, eq. 9 for s2. Knapp and Hartung (2003),
    Statistics in Medicine 22, 2693-2710. The floor of ``adhoc``: Knapp and Hartung (2003); Röver et al. (2015).
    """
    k = len(y)
    df = k - 1
    _, q = heterogeneity.fitted(y, 1 / v)
    if tau2 is None:
        between = heterogeneity.Heterogeneity(0.0, 0.0)
        h2 = q / df
        i2 = 100 * max(0.0, (q - df) / q) if q > 0 else 0.0
    else:
        between = heterogeneity.estimate(y, v, tau2)
        typical = typical_variance(v)
        h2 = 1 + between.tau2 / typical
        i2 = 100 * between.tau2 / (between.tau2 + typical)
    w = 1 / (v + between.tau2)
    mean, spread = heterogeneity.fitted(y, w)
    wald = 1 / math.sqrt(float(w.sum()))
    factor = {"knha": spread / df, "adhoc": max(1.0, spread / df)}.get(test, 1.0)
    return InverseVarianceFit(
        estimate=mean,
        se=wald * math.sqrt(factor),
        wald_se=wald,
        df=None if test == "z" else df,
        tau2=None if tau2 is None else between.tau2,
        tau2_se=None if tau2 is None else between.se,
        i2=i2,
        h2=h2,
        q=q,
        q_df=df,
        q_p=chi_squared_p(q, df),
        log_likelihood=heterogeneity.log_likelihood(y, v, between.tau2, restricted=tau2 == "reml"),
        weights=100 * w / w.sum(),
        modes=between.modes,
    )


def typical_variance(v: FloatArray) -> float:
    """Return the typical sampling variance of (K,) `v`, K >= 2 (Higgins and Thompson 2002, eq. 9)."""
    return (len(v) - 1) / heterogeneity.trace_p(1 / v)
