"""Diagnostic accuracy: sensitivity and specificity of a test pooled together, with the curve that joins them.

K studies, each a two-by-two table of test against truth: true positives TP, false negatives FN, false positives FP,
true negatives TN. Logit sensitivity and logit specificity vary together between studies, because thresholds differ.

References
----------
Reitsma, Glas, Rutjes, Scholten, Bossuyt and Zwinderman (2005), Journal of Clinical Epidemiology 58, 982-990, for the
bivariate model; Rutter and Gatsonis (2001), Statistics in Medicine 20, 2865-2884, for the hierarchical summary curve;
Harbord, Deeks, Egger, Whiting and Sterne (2007), Biostatistics 8, 239-251, for how the two are one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import integrate, special

from stromata.errors import InvalidInput
from stromata.model import Caution
from stromata.synthesis.curves.vector_pooling import VectorMethod, pool_vectors
from stromata.synthesis.effects.columns import MOST, label_texts
from stromata.synthesis.intervals import FloatArray, check_level, normal_quantile, number, wilson_bounds
from stromata.synthesis.networks.trials import numbers
from stromata.synthesis.results.result import Result, recorded
from stromata.synthesis.study_set import check_choice, frozen

ZeroTables: TypeAlias = Literal["only0", "if0all", "all", "none"]
"""Which tables get `add` in every cell: those with an empty cell; all, if any has one; all; none."""

FEW_STUDIES = 10
"""Studies below which the five parameters of the model are hardly estimable."""

CODES = ("zero-cells-corrected", "few-studies", "no-summary-curve", "positive-correlation")
"""Codes of the cautions, besides those of `stromata.synthesis.curves.vector_pooling.CODES`."""


_MOST_POINTS = 1_000_000
"""Points on the boundary of a region."""


@dataclass(frozen=True, slots=True)
class Proportion:
    """A proportion, or a ratio, with its interval."""

    estimate: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True, slots=True)
class StudyAccuracy:
    """One study, after the correction if `adjusted`.

    Attributes
    ----------
    sensitivity, specificity : with Wilson intervals.
    odds_ratio, positive_ratio, negative_ratio : diagnostic odds ratio and likelihood ratios; NaN where a cell is empty.
    """

    label: str
    sensitivity: Proportion
    specificity: Proportion
    odds_ratio: Proportion
    positive_ratio: Proportion
    negative_ratio: Proportion
    adjusted: bool


@dataclass(frozen=True, slots=True)
class SummaryCurve:
    """Parameters of the hierarchical summary receiver operating characteristic.

    Attributes
    ----------
    accuracy, threshold, shape : Lambda, Theta and beta of Rutter and Gatsonis.
    accuracy_variance, threshold_variance : between studies.
    area : under the curve from 0 to 1.
    """

    accuracy: float
    threshold: float
    shape: float
    accuracy_variance: float
    threshold_variance: float
    area: float


@dataclass(frozen=True, slots=True, eq=False)
class Accuracy(Result):
    """Pooled accuracy of a test.

    Attributes
    ----------
    k : studies.
    sensitivity, specificity : at the summary point.
    positive_ratio, negative_ratio, odds_ratio : at the summary point, intervals by the delta method.
    logits, covariance : (2,) logit sensitivity and logit specificity at the summary point, and their (2, 2) covariance.
    psi : (2, 2) covariance between studies of the two logits.
    correlation : between studies, of the two; None where either does not vary.
    curve : summary curve; None where either does not vary.
    log_likelihood : of the logits; restricted under ``reml``, None under ``mm``.
    method, level : as asked for.
    studies : one by one.
    cautions : reservations.
    """

    k: int
    sensitivity: Proportion
    specificity: Proportion
    positive_ratio: Proportion
    negative_ratio: Proportion
    odds_ratio: Proportion
    logits: FloatArray
    covariance: FloatArray
    psi: FloatArray
    correlation: float | None
    curve: SummaryCurve | None
    log_likelihood: float | None
    method: str
    level: float
    studies: tuple[StudyAccuracy, ...]
    cautions: tuple[Caution, ...]


@recorded("TP", "FN", "FP", "TN", "labels")
def accuracy(
    TP: npt.ArrayLike,
    FN: npt.ArrayLike,
    FP: npt.ArrayLike,
    TN: npt.ArrayLike,
    *,
    labels: Sequence[str] | None = None,
    method: VectorMethod = "reml",
    add: float = 0.5,
    to: ZeroTables = "only0",
    level: float = 0.95,
) -> Accuracy:
    """Pool sensitivity and specificity by the bivariate random-effects model.

    Parameters
    ----------
    TP, FN, FP, TN : (K,) counts.
    labels : (K,) names; 1, 2, ... without.
    method : ``reml``, ``ml``, ``mm`` (moments), or ``fixed`` (no variation between studies).
    add, to : what is added to the cells of which tables; said in a caution whenever it happens.
    level : coverage of intervals, strictly between 0 and 1.

    Raises
    ------
    InvalidInput
        Counts that cannot be right (the study and the column are named), a study without diseased or without healthy
        people, empty cells with ``to="none"``.

    Examples
    --------
    >>> fit = accuracy([18, 25, 9], [2, 4, 3], [5, 9, 4], [40, 60, 33])
    >>> round(fit.sensitivity.estimate, 2), round(fit.specificity.estimate, 2)
    (0.85, 0.88)
    """
    check_choice("method", method, ("reml", "ml", "mm", "fixed"))
    names, raw, table, adjusted = _read((TP, FN, FP, TN), labels, add, to, level)
    if (table == 0).any():
        row = int(np.flatnonzero((table == 0).any(axis=1))[0])
        raise InvalidInput(
            f"study {names[row]} has an empty cell; its logits do not exist", hint="Correct with add and to."
        )
    tp, fn, fp, tn = table.T
    logits = np.column_stack((np.log(tp / fn), np.log(tn / fp)))
    variances = np.column_stack((1 / tp + 1 / fn, 1 / tn + 1 / fp))
    found = pool_vectors(list(logits), [np.diag(row) for row in variances], method)
    deviations = np.sqrt(found.psi.diagonal())
    varies = bool((deviations > 0).all())
    curve = _curve(found.estimates, found.psi) if varies else None
    correlation = float(found.psi[0, 1] / deviations.prod()) if varies else None
    cautions = [*_corrected(names, raw, adjusted, add), *found.cautions]
    cautions += _cautions(len(names), method, correlation)
    z = normal_quantile(level)
    sensitivity, specificity = (
        _proportion(float(mean), math.sqrt(variance), z)
        for mean, variance in zip(found.estimates, found.covariance.diagonal().tolist(), strict=True)
    )
    se, sp = sensitivity.estimate, specificity.estimate
    return Accuracy(
        k=len(names),
        sensitivity=sensitivity,
        specificity=specificity,
        positive_ratio=_ratio(math.log(se / (1 - sp)), np.array([1 - se, sp]), found.covariance, z),
        negative_ratio=_ratio(math.log((1 - se) / sp), np.array([-se, -(1 - sp)]), found.covariance, z),
        odds_ratio=_ratio(float(found.estimates.sum()), np.ones(2), found.covariance, z),
        logits=found.estimates,
        covariance=found.covariance,
        psi=found.psi,
        correlation=correlation,
        curve=curve,
        log_likelihood=found.log_likelihood,
        method=method,
        level=level,
        studies=_each(names, table, adjusted, level),
        cautions=tuple(cautions),
    )


def study_accuracy(
    TP: npt.ArrayLike,
    FN: npt.ArrayLike,
    FP: npt.ArrayLike,
    TN: npt.ArrayLike,
    *,
    labels: Sequence[str] | None = None,
    add: float = 0.5,
    to: ZeroTables = "only0",
    level: float = 0.95,
) -> tuple[StudyAccuracy, ...]:
    """Return the accuracy that each study found; parameters and errors as `accuracy`."""
    names, _, table, adjusted = _read((TP, FN, FP, TN), labels, add, to, level)
    return _each(names, table, adjusted, level)


def region(
    fit: Accuracy, kind: Literal["confidence", "prediction"], *, points: int = 200, level: float | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return the boundary of a region around the summary point, as sensitivities and specificities.

    An ellipse on the logit scale, at the quantile of chi-squared on two degrees of freedom. The confidence region holds
    the summary point, the prediction region the true values of a new study.

    Parameters
    ----------
    fit : what `accuracy` returned.
    kind : ``confidence`` or ``prediction``.
    points : on the boundary, 8 or more; the last is the first again.
    level : coverage; None is that of the fit.
    """
    check_choice("region", kind, ("confidence", "prediction"))
    allowed = f"a whole number from 8 to {_MOST_POINTS}"
    points = int(number("points", points, allowed, lambda count: count.is_integer() and 8 <= count <= _MOST_POINTS))
    chosen = fit.level if level is None else level
    check_level(chosen)
    spread = fit.covariance + (fit.psi if kind == "prediction" else 0.0)
    factor = np.linalg.cholesky(spread) * math.sqrt(-2 * math.log(1 - chosen))
    angle = np.linspace(0, 2 * math.pi, points)
    boundary = special.expit(fit.logits[:, None] + factor @ np.stack((np.cos(angle), np.sin(angle))))
    return frozen(boundary[0]), frozen(boundary[1])


def summary_curve(fit: Accuracy, false_positive_rate: npt.ArrayLike) -> FloatArray:
    """Return the sensitivities on the summary curve at false positive rates strictly between 0 and 1.

    Raises
    ------
    InvalidInput
        There is no summary curve, or a rate outside the range.
    """
    if fit.curve is None:
        raise InvalidInput("there is no summary curve: sensitivity or specificity does not vary between studies")
    rates = np.array(false_positive_rate, dtype=np.float64)
    if not ((rates > 0) & (rates < 1)).all():
        raise InvalidInput("false positive rates must lie strictly between 0 and 1")
    return frozen(_on_curve(fit.curve, rates))


def area(fit: Accuracy, *, compat: Literal["mada"] | None = None) -> float:
    """Return the area under the summary curve.

    Parameters
    ----------
    fit : what `accuracy` returned.
    compat : ``mada`` takes the mean over rates of 1 % to 99 % by trapezoids, divided by 99 where there are 98 of them,
        as that program does; None is the integral from 0 to 1.

    Raises
    ------
    InvalidInput
        There is no summary curve, or an unknown program.
    """
    check_choice("program", str(compat), ("None", "mada"))
    rates = np.arange(1, 100) / 100
    heights = summary_curve(fit, rates)
    if compat == "mada":
        return float((heights[1:] + heights[:-1]).sum() / 2 / len(rates))
    assert fit.curve is not None  # noqa: S101 - summary_curve has refused that
    return fit.curve.area


# Tables.


def _read(
    counts: tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike, npt.ArrayLike],
    labels: Sequence[str] | None,
    add: float,
    to: ZeroTables,
    level: float,
) -> tuple[tuple[str, ...], FloatArray, FloatArray, npt.NDArray[np.bool_]]:
    """Return names, counts as given, counts as corrected (both (K, 4)), and which tables were corrected."""
    check_level(level)
    check_choice("choice of tables", to, ("only0", "if0all", "all", "none"))
    add = number("add", add, "a number of 0 or more", lambda part: part >= 0)
    k = int(np.size(counts[0]))
    if k == 0:
        raise InvalidInput("no studies")
    columns = {name: numbers(values, name, k) for name, values in zip(("TP", "FN", "FP", "TN"), counts, strict=True)}
    names = label_texts(labels) if labels is not None else tuple(str(i + 1) for i in range(k))
    if len(names) != k:
        raise InvalidInput(f"{k} studies and {len(names)} labels; there must be one each")
    for column, values in columns.items():
        for label, value in zip(names, values.tolist(), strict=True):
            if not (0 <= value <= MOST and value.is_integer()):
                raise InvalidInput(f"study {label}, {column} is {value:g}; it must be a whole number, 0 or more")
    raw = np.column_stack(list(columns.values()))
    for label, row in zip(names, raw.tolist(), strict=True):
        if row[0] + row[1] == 0 or row[2] + row[3] == 0:
            who, what = ("diseased", "TP and FN") if row[0] + row[1] == 0 else ("healthy", "FP and TN")
            raise InvalidInput(f"study {label} has no {who} people: {what} are 0", hint="Leave the study out.")
    empty = (raw == 0).any(axis=1)
    adjusted = {
        "only0": empty,
        "if0all": np.full(k, empty.any()),
        "all": np.ones(k, dtype=bool),
        "none": np.zeros(k, dtype=bool),
    }[to]
    adjusted = adjusted & (add > 0)
    return names, raw, raw + add * adjusted[:, None], adjusted


def _each(
    names: tuple[str, ...], table: FloatArray, adjusted: npt.NDArray[np.bool_], level: float
) -> tuple[StudyAccuracy, ...]:
    z = normal_quantile(level)
    tp, fn, fp, tn = table.T
    rates = [(x / n, *wilson_bounds(x, n, level)) for x, n in ((tp, tp + fn), (tn, fp + tn))]
    with np.errstate(all="ignore"):
        logs = [
            (np.log(tp * tn / (fp * fn)), 1 / tp + 1 / fn + 1 / fp + 1 / tn),
            (np.log(tp / (tp + fn) / (fp / (fp + tn))), 1 / tp - 1 / (tp + fn) + 1 / fp - 1 / (fp + tn)),
            (np.log(fn / (tp + fn) / (tn / (fp + tn))), 1 / fn - 1 / (tp + fn) + 1 / tn - 1 / (fp + tn)),
        ]
        rates += [(np.exp(y), np.exp(y - z * np.sqrt(v)), np.exp(y + z * np.sqrt(v))) for y, v in logs]
    bad = (table == 0).any(axis=1)
    out = []
    for i, label in enumerate(names):
        shown = [Proportion(*(float(part[i]) for part in parts)) for parts in rates]
        if bad[i]:
            shown[2:] = [Proportion(math.nan, math.nan, math.nan)] * 3
        out.append(StudyAccuracy(label, shown[0], shown[1], shown[2], shown[3], shown[4], bool(adjusted[i])))
    return tuple(out)


# The curve.


def _curve(mean: FloatArray, psi: FloatArray) -> SummaryCurve:
    """Turn the bivariate model into Rutter and Gatsonis' (Harbord et al. 2007, section 3.1)."""
    a, b = (math.sqrt(value) for value in psi.diagonal().tolist())
    root = math.sqrt(b / a)
    left, right = root * float(mean[0]), float(mean[1]) / root
    shared = float(psi[0, 1])
    curve = SummaryCurve(
        left + right, (left - right) / 2, math.log(b / a), 2 * (a * b + shared), (a * b - shared) / 2, math.nan
    )
    height = integrate.quad(lambda logit: _height(curve, logit), -math.inf, math.inf, epsabs=1e-12, limit=200)[0]
    return SummaryCurve(
        curve.accuracy, curve.threshold, curve.shape, curve.accuracy_variance, curve.threshold_variance, float(height)
    )


def _height(curve: SummaryCurve, logit: float) -> float:
    """Return sensitivity times the density of the false positive rate, at its logit."""
    sensitivity = special.expit(curve.accuracy * math.exp(-curve.shape / 2) + math.exp(-curve.shape) * logit)
    return float(sensitivity * special.expit(logit) * special.expit(-logit))


def _on_curve(curve: SummaryCurve, rates: FloatArray) -> FloatArray:
    scale = math.exp(-curve.shape)
    return np.asarray(special.expit(curve.accuracy * math.sqrt(scale) + scale * special.logit(rates)))


def _proportion(mean: float, se: float, z: float) -> Proportion:
    return Proportion(*(float(special.expit(value)) for value in (mean, mean - z * se, mean + z * se)))


def _ratio(log: float, slope: FloatArray, covariance: FloatArray, z: float) -> Proportion:
    se = math.sqrt(float(slope @ covariance @ slope))
    return Proportion(math.exp(log), math.exp(log - z * se), math.exp(log + z * se))


# Cautions.


def _corrected(
    names: tuple[str, ...], raw: FloatArray, adjusted: npt.NDArray[np.bool_], add: float
) -> Iterator[Caution]:
    if not adjusted.any():
        return
    empty = [name for name, row in zip(names, raw, strict=True) if (row == 0).any()]
    who = "all studies" if adjusted.all() and len(names) > 1 else ", ".join(np.array(names)[adjusted].tolist())
    why = f"; a cell is empty in {', '.join(empty)}" if empty else ""
    text = f"{add:g} was added to every cell of {who}{why}. Sensitivity and specificity are drawn towards one half."
    yield Caution("zero-cells-corrected", text)


def _cautions(k: int, method: str, correlation: float | None) -> Iterator[Caution]:
    if method == "fixed":
        return
    if k < FEW_STUDIES:
        text = f"The model has five parameters and there are {k} studies: variation between them is hardly known."
        yield Caution("few-studies", text)
    if correlation is None:
        text = "Sensitivity or specificity does not vary beyond chance, so that there is no curve to summarise."
        yield Caution("no-summary-curve", text)
    elif correlation > 0:
        text = (
            "Studies with a higher sensitivity also have a higher specificity: they do not differ by threshold alone, "
            "and the summary curve has no clear meaning. Use the summary point."
        )
        yield Caution("positive-correlation", text)
