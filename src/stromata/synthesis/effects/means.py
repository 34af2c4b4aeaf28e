"""Kernels for means: two arms, one arm, and before and after in one arm.

Columns are float64 arrays, the last axis the studies. Each kernel returns estimates and sampling variances on the
analysis scale. Nothing is checked here. Standardised means are corrected for bias (`correct`); logs of means and of
deviations by the second term of their expansion.

References
----------
Hedges (1981, 1982, 1983); Viechtbauer (2007), Journal of Educational and Behavioral Statistics 32, 39-60 (variances of
SMD); Bonett (2008, 2009) (SMDH, SMD1H); Lajeunesse (2011, 2015) (ROM); Nakagawa et al. (2015), Methods in Ecology and
Evolution 6, 143-152, and Senior et al. (2020), Research Synthesis Methods 11, 553-567 (VR, CVR); Becker (1988), Gibbons
et al. (1993) and Morris (2000, 2008) (change).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import special

from stromata.synthesis.effects.standardising import LOGISTIC_SCALE, Columns, Correction, Estimates, average, hedges
from stromata.synthesis.intervals import FloatArray

# Two arms.


def mean_difference(c: Columns, *, vtype: Literal["LS", "HO"] = "LS") -> Estimates:
    """Return mean differences; HO takes one standard deviation for both arms."""
    if vtype == "HO":
        return c["m1i"] - c["m2i"], _pooled_variance(c) * (1 / c["n1i"] + 1 / c["n2i"])
    return c["m1i"] - c["m2i"], c["sd1i"] ** 2 / c["n1i"] + c["sd2i"] ** 2 / c["n2i"]


def standardised_difference(
    c: Columns, *, vtype: Literal["LS", "LS2", "UB", "AV"] = "LS", correct: Correction = "exact"
) -> Estimates:
    """Return Hedges' g, from the pooled standard deviation.

    The variance is the large-sample one at g (LS) or at d and corrected (LS2), unbiased (UB), or at the average g (AV).
    """
    n1, n2 = c["n1i"], c["n2i"]
    df = n1 + n2 - 2
    factor = hedges(df, correct)
    d = (c["m1i"] - c["m2i"]) / np.sqrt(_pooled_variance(c))
    g = factor * d
    if vtype == "UB":
        return g, 1 / n1 + 1 / n2 + (1 - (df - 2) / (df * hedges(df) ** 2)) * g**2
    if vtype == "LS2":
        return g, factor**2 * (1 / n1 + 1 / n2 + d**2 / (2 * (n1 + n2)))
    at = average(g, n1 + n2) if vtype == "AV" else g
    return g, 1 / n1 + 1 / n2 + at**2 / (2 * (n1 + n2))


def heteroscedastic_difference(c: Columns, *, correct: Correction = "exact") -> Estimates:
    """Return mean differences standardised by the root of the average variance; arms may differ in spread."""
    n1, n2 = c["n1i"], c["n2i"]
    v1, v2 = c["sd1i"] ** 2, c["sd2i"] ** 2
    mean = (v1 + v2) / 2
    g = hedges(n1 + n2 - 2, correct) * (c["m1i"] - c["m2i"]) / np.sqrt(mean)
    spread = (v1**2 / (n1 - 1) + v2**2 / (n2 - 1)) / (8 * mean**2)
    return g, g**2 * spread + (v1 / (n1 - 1) + v2 / (n2 - 1)) / mean


def control_standardised(c: Columns, *, correct: Correction = "exact") -> Estimates:
    """Return Glass's delta: mean differences standardised by the second arm's deviation, equal spread assumed."""
    n1, n2 = c["n1i"], c["n2i"]
    g = hedges(n2 - 1, correct) * (c["m1i"] - c["m2i"]) / c["sd2i"]
    return g, 1 / n1 + 1 / n2 + g**2 / (2 * n2)


def control_standardised_heteroscedastic(c: Columns, *, correct: Correction = "exact") -> Estimates:
    """Return Glass's delta with a variance that lets the arms differ in spread."""
    n1, n2 = c["n1i"], c["n2i"]
    g = hedges(n2 - 1, correct) * (c["m1i"] - c["m2i"]) / c["sd2i"]
    return g, (c["sd1i"] / c["sd2i"]) ** 2 / (n1 - 1) + 1 / (n2 - 1) + g**2 / (2 * (n2 - 1))


def ratio_of_means(
    c: Columns, *, vtype: Literal["LS", "HO", "AV", "AVHO"] = "LS", correct: Correction = "exact"
) -> Estimates:
    """Return log ratios of means.

    HO takes one standard deviation for both arms; AV each arm's coefficient of variation averaged over the studies;
    AVHO one average for both arms.
    """
    n1, n2 = c["n1i"], c["n2i"]
    cv1, cv2 = c["sd1i"] / c["m1i"], c["sd2i"] / c["m2i"]
    y = np.log(c["m1i"] / c["m2i"])
    if correct != "none":
        y = y + (cv1**2 / n1 - cv2**2 / n2) / 2
    if vtype == "HO":
        pooled = _pooled_variance(c)
        return y, pooled / (n1 * c["m1i"] ** 2) + pooled / (n2 * c["m2i"] ** 2)
    if vtype == "AV":
        cv1, cv2 = average(cv1, n1), average(cv2, n2)
    elif vtype == "AVHO":
        both = average(np.concatenate([cv1, cv2], axis=-1), np.concatenate([n1, n2], axis=-1))
        cv1 = cv2 = both
    return y, cv1**2 / n1 + cv2**2 / n2


def variation_ratio(c: Columns, *, correct: Correction = "exact") -> Estimates:
    """Return log ratios of coefficients of variation."""
    n1, n2 = c["n1i"], c["n2i"]
    cv1, cv2 = c["sd1i"] / c["m1i"], c["sd2i"] / c["m2i"]
    y = np.log(cv1 / cv2)
    if correct != "none":
        y = y + 1 / (2 * (n1 - 1)) - 1 / (2 * (n2 - 1)) - (cv1**2 / n1 - cv2**2 / n2) / 2
    return y, 1 / (2 * (n1 - 1)) + cv1**2 / n1 + 1 / (2 * (n2 - 1)) + cv2**2 / n2


def variability_ratio(c: Columns, *, correct: Correction = "exact") -> Estimates:
    """Return log ratios of standard deviations."""
    first, second = 1 / (2 * (c["n1i"] - 1)), 1 / (2 * (c["n2i"] - 1))
    y = np.log(c["sd1i"] / c["sd2i"])
    return (y if correct == "none" else y + first - second), first + second


def point_biserial(c: Columns, *, vtype: Literal["LS", "ST", "CS"] = "LS") -> Estimates:
    """Return point-biserial correlations of arm and outcome.

    ST takes the sizes of the arms as fixed, CS only the total (Tate 1954); LS is ST.
    """
    n1, n2 = c["n1i"], c["n2i"]
    n, df = n1 + n2, n1 + n2 - 2
    d = _cohen(c)
    h = df / n1 + df / n2
    r = d / np.sqrt(d**2 + h)
    if vtype == "CS":
        balance = n1 * n2 / n**2
        return r, (1 - r**2) ** 2 * (balance + r**2 / 4 * (1 - 6 * balance)) / (balance * n)
    return r, h**2 / (h + d**2) ** 3 * (1 / n1 + 1 / n2 + d**2 / (2 * n))


def biserial(c: Columns) -> Estimates:
    """Return biserial correlations (Soper 1914), as if the arms were a normal variable cut in two."""
    n1, n2 = c["n1i"], c["n2i"]
    n = n1 + n2
    p, q = n1 / n, n2 / n
    z = special.ndtri(p)
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    r = np.sqrt(p * q) / density * point_biserial(c)[0]
    at = np.clip(r, -1, 1)  # an estimate can pass 1, where the formula has no meaning
    middle = 1.5 + (1 + p * z / density) * (1 - q * z / density)
    return r, (p * q / density**2 - middle * at**2 + at**4) / (n - 1)


def difference_as_odds_ratio(c: Columns, *, scale: float = LOGISTIC_SCALE) -> Estimates:
    """Return standardised mean differences (not corrected for bias) as log odds ratios: times `scale`."""
    n1, n2 = c["n1i"], c["n2i"]
    d = _cohen(c)
    return scale * d, scale**2 * (1 / n1 + 1 / n2 + d**2 / (2 * (n1 + n2)))


def _pooled_variance(c: Columns) -> FloatArray:
    n1, n2 = c["n1i"], c["n2i"]
    return ((n1 - 1) * c["sd1i"] ** 2 + (n2 - 1) * c["sd2i"] ** 2) / (n1 + n2 - 2)


def _cohen(c: Columns) -> FloatArray:
    d: FloatArray = (c["m1i"] - c["m2i"]) / np.sqrt(_pooled_variance(c))
    return d


# One arm.


def mean(c: Columns) -> Estimates:
    """Return means."""
    return c["mi"], c["sdi"] ** 2 / c["ni"]


def standardised_mean(c: Columns, *, correct: Correction = "exact") -> Estimates:
    """Return means in units of their standard deviation."""
    g = hedges(c["ni"] - 1, correct) * c["mi"] / c["sdi"]
    return g, 1 / c["ni"] + g**2 / (2 * c["ni"])


def log_mean(c: Columns) -> Estimates:
    """Return log means."""
    return np.log(c["mi"]), (c["sdi"] / c["mi"]) ** 2 / c["ni"]


def log_deviation(c: Columns, *, correct: Correction = "exact") -> Estimates:
    """Return log standard deviations."""
    v = 1 / (2 * (c["ni"] - 1))
    return np.log(c["sdi"]) + (0.0 if correct == "none" else v), v


def log_variation(c: Columns, *, correct: Correction = "exact") -> Estimates:
    """Return log coefficients of variation."""
    v = 1 / (2 * (c["ni"] - 1))
    return np.log(c["sdi"] / c["mi"]) + (0.0 if correct == "none" else v), v + (c["sdi"] / c["mi"]) ** 2 / c["ni"]


# Before (2) and after (1) in the same `ni` people, whose two values correlate by `ri`.


def mean_change(c: Columns) -> Estimates:
    """Return mean changes."""
    return c["m1i"] - c["m2i"], _change_variance(c) / c["ni"]


def change_by_change(c: Columns, *, correct: Correction = "exact") -> Estimates:
    """Return mean changes in units of the standard deviation of the changes."""
    g = hedges(c["ni"] - 1, correct) * (c["m1i"] - c["m2i"]) / np.sqrt(_change_variance(c))
    return g, 1 / c["ni"] + g**2 / (2 * c["ni"])


def change_by_raw(c: Columns, *, correct: Correction = "exact") -> Estimates:
    """Return mean changes in units of `sd1i`, equal spread before and after assumed."""
    g = hedges(c["ni"] - 1, correct) * (c["m1i"] - c["m2i"]) / c["sd1i"]
    return g, 2 * (1 - c["ri"]) / c["ni"] + g**2 / (2 * c["ni"])


def change_by_raw_heteroscedastic(c: Columns, *, correct: Correction = "exact") -> Estimates:
    """Return mean changes in units of `sd1i`; spread before and after may differ."""
    df = c["ni"] - 1
    g = hedges(df, correct) * (c["m1i"] - c["m2i"]) / c["sd1i"]
    return g, _change_variance(c) / (c["sd1i"] ** 2 * df) + g**2 / (2 * df)


def change_ratio(c: Columns, *, correct: Correction = "exact") -> Estimates:
    """Return log ratios of the mean after to the mean before."""
    cv1, cv2 = c["sd1i"] / c["m1i"], c["sd2i"] / c["m2i"]
    y = np.log(c["m1i"] / c["m2i"])
    if correct != "none":
        y = y + (cv1**2 - cv2**2) / (2 * c["ni"])
    return y, (cv1**2 + cv2**2 - 2 * c["ri"] * cv1 * cv2) / c["ni"]


def variation_change(c: Columns, *, correct: Correction = "exact") -> Estimates:
    """Return log ratios of the coefficient of variation after to the one before."""
    cv1, cv2 = c["sd1i"] / c["m1i"], c["sd2i"] / c["m2i"]
    y = np.log(cv1 / cv2)
    if correct != "none":
        y = y - (cv1**2 - cv2**2) / (2 * c["ni"])
    return y, (1 - c["ri"] ** 2) / (c["ni"] - 1) + (cv1**2 + cv2**2 - 2 * c["ri"] * cv1 * cv2) / c["ni"]


def variability_change(c: Columns) -> Estimates:
    """Return log ratios of the standard deviation after to the one before."""
    return np.log(c["sd1i"] / c["sd2i"]), (1 - c["ri"] ** 2) / (c["ni"] - 1)


def _change_variance(c: Columns) -> FloatArray:
    return c["sd1i"] ** 2 + c["sd2i"] ** 2 - 2 * c["ri"] * c["sd1i"] * c["sd2i"]
