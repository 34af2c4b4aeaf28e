"""Funnel-plot asymmetry of two-by-two tables: tests in which the effect and its precision are not bound to each other.

The standard error of a log odds ratio hangs on the odds ratio itself, so that Egger's and Begg's tests find asymmetry
where there is none. These tests take the tables. K tables: `a` events of `n1` people in the first arm, `c` of `n2` in
the second; m = a + c, N = n1 + n2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from stromata.errors import InvalidInput
from stromata.model import Caution
from stromata.synthesis.bias.asymmetry import RankTest, few_for_asymmetry, kendall, ranktest, regtest
from stromata.synthesis.counts import families
from stromata.synthesis.effects.sizes import effect_sizes
from stromata.synthesis.intervals import FloatArray, number, two_sided_p
from stromata.synthesis.regression import kernels as regression_kernels
from stromata.synthesis.results.result import Result, recorded
from stromata.synthesis.sensitivity import fit_regression
from stromata.synthesis.study_set import check_choice

TableRegression = Literal["harbord", "peters", "deeks", "macaskill", "macaskill-pooled", "arcsine"]
TableRanks = Literal["schwarzer", "arcsine"]

_LEAST = 3
"""Studies from which a line can be fitted with something left over."""


@dataclass(frozen=True, slots=True)
class TableRegressionTest(Result):
    """A regression test on tables, by Student's t.

    Attributes
    ----------
    k : tables used.
    slope, se, statistic, df, p : of the predictor; `statistic` and `p` are None when the studies lie on the line.
    tau2 : residual between-study variance, for ``arcsine`` only; the others have a free scale instead.
    """

    type: TableRegression
    k: int
    slope: float
    se: float
    statistic: float | None
    df: int
    p: float | None
    tau2: float | None
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class _Tables:
    """Tables in which both outcomes occur, with log odds ratios and their variances."""

    a: FloatArray
    n1: FloatArray
    c: FloatArray
    n2: FloatArray
    y: FloatArray
    v: FloatArray
    cautions: tuple[Caution, ...]

    @property
    def m(self) -> FloatArray:
        return self.a + self.c

    @property
    def total(self) -> FloatArray:
        return self.n1 + self.n2


@recorded("ai", "n1i", "ci", "n2i", "labels")
def regtest_tables(
    ai: npt.ArrayLike,
    n1i: npt.ArrayLike,
    ci: npt.ArrayLike,
    n2i: npt.ArrayLike,
    *,
    type: TableRegression,  # noqa: A002 - the field's name for it
    labels: Sequence[str] = (),
) -> TableRegressionTest:
    """Test by regression whether small studies differ from large ones, from two-by-two tables.

    Parameters
    ----------
    ai, n1i, ci, n2i : (K,) events and people in two arms (of a diagnostic study: true positives and people with the
        condition, false positives and people without); at least three tables in which both outcomes occur.
    type : regression of
        ``harbord`` the score Z / V on 1 / root(V), weighted by V;
        ``peters`` the log odds ratio on 1 / N, weighted by (1 / m + 1 / (N - m))^-1;
        ``deeks`` the log odds ratio on 1 / root(ESS), weighted by ESS = 4 n1 n2 / N;
        ``macaskill`` the log odds ratio on N, weighted by its inverse variance, or, ``macaskill-pooled``, by
        (1 / m + 1 / (N - m))^-1;
        ``arcsine`` the difference of arcsines on its standard error, with an additive tau2 (REML). It keeps tables
        without events.
    labels : (K,) names; 1, 2, ... without.

    Returns
    -------
    All but ``arcsine`` by weighted least squares with a free scale. Log odds ratios of tables with a zero cell have
    1/2 added to each cell. Tables in which one outcome does not occur tell nothing of an odds ratio: they are left out,
    with a caution.

    Raises
    ------
    InvalidInput
        An impossible table (the row and the column are named), fewer than three usable ones, or studies of one size.

    Examples
    --------
    >>> found = regtest_tables([4, 6, 9, 20], [40, 50, 90, 300], [9, 9, 12, 22], [40, 52, 88, 310], type="peters")
    >>> found.k, found.df, found.slope < 0
    (4, 2, True)

    References
    ----------
    Harbord, Egger and Sterne (2006), Statistics in Medicine 25, 3443-3457; Peters et al. (2006), JAMA 295, 676-680;
    Deeks, Macaskill and Irwig (2005), Journal of Clinical Epidemiology 58, 882-893; Macaskill, Walter and Irwig
    (2001), Statistics in Medicine 20, 641-654; Rücker, Schwarzer and Carpenter (2008), Statistics in Medicine 27,
    746-763.
    """
    check_choice("type", type, get_args(TableRegression))
    if type == "arcsine":
        effects = effect_sizes("AS", ai=ai, n1i=n1i, ci=ci, n2i=n2i, labels=labels)
        found = regtest(effects, model="rma", test="t")
        df = found.k - 2
        return TableRegressionTest(
            type, found.k, found.slope, found.se, found.statistic, df, found.p, found.tau2, found.cautions
        )
    tables = _tables(ai, n1i, ci, n2i, labels)
    y, v, x = _line(tables, type)
    k = len(y)
    matrix = np.column_stack((np.ones(k), x))
    if len(regression_kernels.design(matrix)[1]) < matrix.shape[1]:
        raise InvalidInput(
            f"what type {type} takes for size does not vary between the studies",
            hint="Without studies of different size there is no test of asymmetry.",
        )
    fitted = fit_regression(y, v, matrix, "ee")[1]
    slope, se = float(fitted.beta[1]), math.sqrt(fitted.rss / (k - 2) * float(fitted.covariance[1, 1]))
    statistic = slope / se if se > 0 else None
    p = None if statistic is None else two_sided_p(statistic, k - 2)
    return TableRegressionTest(type, k, slope, se, statistic, k - 2, p, None, (*tables.cautions, *few_for_asymmetry(k)))


@recorded("ai", "n1i", "ci", "n2i", "labels")
def ranktest_tables(
    ai: npt.ArrayLike,
    n1i: npt.ArrayLike,
    ci: npt.ArrayLike,
    n2i: npt.ArrayLike,
    *,
    type: TableRanks = "schwarzer",  # noqa: A002 - the field's name for it
    labels: Sequence[str] = (),
    add: float = 0.0,
) -> RankTest:
    """Test by rank correlation whether small studies differ from large ones, from two-by-two tables.

    Parameters
    ----------
    ai, n1i, ci, n2i, labels : as `regtest_tables`.
    type : ``schwarzer`` correlates the standardised count (a - E) / root(V) with 1 / V, E and V those of the
        noncentral hypergeometric distribution at the odds ratio of Mantel and Haenszel; ``arcsine`` is Begg and
        Mazumdar's test of differences of arcsines.
    add : added to the cells of tables with a zero before Mantel and Haenszel's odds ratio is worked out; it needs none.

    Returns
    -------
    Kendall's tau-b, with p-values as `stromata.synthesis.bias.asymmetry.ranktest`.

    Raises
    ------
    InvalidInput
        As `regtest_tables`; also tables that determine no common odds ratio.

    References
    ----------
    Schwarzer, Antes and Schumacher (2007), Statistics in Medicine 26, 721-733; Rücker, Schwarzer and Carpenter (2008),
    Statistics in Medicine 27, 746-763.
    """
    check_choice("type", type, get_args(TableRanks))
    if type == "arcsine":
        return ranktest(effect_sizes("AS", ai=ai, n1i=n1i, ci=ci, n2i=n2i, labels=labels))
    add = number("add", add, "a number of 0 or more", lambda part: part >= 0)
    tables = _tables(ai, n1i, ci, n2i, labels)
    family = families.hypergeometric(tables.a, tables.n1, tables.m, tables.n2)
    residual, variance = (each[0] for each in family.slopes(np.full((1, len(tables.a)), _log_common(tables, add))))
    tau, p, exact = kendall(residual / np.sqrt(variance), 1 / variance)
    return RankTest(len(tables.a), tau, p, exact, (*tables.cautions, *few_for_asymmetry(len(tables.a))))


def _tables(
    ai: npt.ArrayLike, n1i: npt.ArrayLike, ci: npt.ArrayLike, n2i: npt.ArrayLike, labels: Sequence[str]
) -> _Tables:
    effects = effect_sizes("OR", ai=ai, n1i=n1i, ci=ci, n2i=n2i, labels=labels, drop00=True)
    used = [i for i, effect in enumerate(effects) if effect.yi is not None]
    if len(used) < _LEAST:
        raise InvalidInput(
            f"a test of asymmetry needs at least {_LEAST} tables in which both outcomes occur; there are {len(used)}"
        )
    gone = [effect.label for effect in effects if effect.yi is None]
    a, n1, c, n2 = (np.array(each, dtype=np.float64)[used] for each in (ai, n1i, ci, n2i))
    y, v = (np.array([getattr(effects[i], name) for i in used]) for name in ("yi", "vi"))
    cautions: tuple[Caution, ...] = ()
    if gone:
        text = f"One outcome does not occur, so that nothing is told of an odds ratio; left out: {', '.join(gone)}."
        cautions = (Caution("tables-left-out", text),)
    return _Tables(a, n1, c, n2, y, v, cautions)


def _line(tables: _Tables, kind: TableRegression) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return what is regressed, its variances but for a factor, and the predictor."""
    total, m = tables.total, tables.m
    pooled = 1 / m + 1 / (total - m)
    if kind == "harbord":
        score = tables.a - tables.n1 * m / total
        variance = tables.n1 * tables.n2 * m * (total - m) / (total**2 * (total - 1))
        return score / variance, 1 / variance, 1 / np.sqrt(variance)
    if kind == "peters":
        return tables.y, pooled, 1 / total
    if kind == "deeks":
        effective = 4 * tables.n1 * tables.n2 / total
        return tables.y, 1 / effective, 1 / np.sqrt(effective)
    return tables.y, tables.v if kind == "macaskill" else pooled, total


def _log_common(tables: _Tables, add: float) -> float:
    """Return the log odds ratio of Mantel and Haenszel."""
    a, b, c, d = tables.a, tables.n1 - tables.a, tables.c, tables.n2 - tables.c
    more = np.where((a == 0) | (b == 0) | (c == 0) | (d == 0), add, 0.0)
    a, b, c, d = (each + more for each in (a, b, c, d))
    total = a + b + c + d
    top, bottom = float((a * d / total).sum()), float((b * c / total).sum())
    if top == 0 or bottom == 0:
        raise InvalidInput("the tables determine no common odds ratio: in one arm there are no, or only, events")
    return math.log(top / bottom)
