"""Moderators in generalised linear mixed models: their columns, whether estimates exist, and what comes of them.

K studies that inform the result, P columns of the model matrix.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import optimize

from stromata.errors import InvalidInput
from stromata.synthesis.counts.models import Found, Model
from stromata.synthesis.intervals import FloatArray
from stromata.synthesis.regression import kernels
from stromata.synthesis.regression.formulas import INTERCEPT, ModelMatrix
from stromata.synthesis.regression.meta_regression import Coefficient, WaldTest, coefficient, only_columns, wald

_RISING = 1e-7
"""Rise of the canonical parameters that are at an end, per unit of the coefficients, from which it is no rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class GlmmRegression:
    """Coefficients of moderators, on the logit or log scale; `predict` and `contrast` take it as they take `regress`'s.

    Attributes
    ----------
    coefficients : in the order of the columns of `matrix`. covariance : (P, P), read-only.
    omnibus : test of all coefficients but the intercept; of all, where there is no other or no intercept.
    terms : one test per term of the formula other than the intercept.
    tau2 : residual variance between studies; None under ``ee``.
    df : degrees of freedom of the tests; None for normal ones.
    matrix : model matrix of the studies used. kept : places of its columns among those that were asked for. dropped :
        names of those that depend on others.
    """

    coefficients: tuple[Coefficient, ...]
    covariance: FloatArray
    omnibus: WaldTest
    terms: tuple[WaldTest, ...]
    tau2: float | None
    df: int | None
    level: float
    matrix: ModelMatrix
    kept: tuple[int, ...]
    dropped: tuple[str, ...]

    @property
    def beta(self) -> FloatArray:
        """(P,) estimates."""
        return np.array([each.estimate for each in self.coefficients])


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Columns of the studies used, as `GlmmRegression` has them, and as they are fitted.

    Attributes
    ----------
    scaled : (P, K) orthogonal columns of length sqrt(K): a step means about the same in each.
    back : (P, P) makes coefficients of the columns from those of the scaled ones.
    """

    matrix: ModelMatrix
    kept: tuple[int, ...]
    dropped: tuple[str, ...]
    scaled: FloatArray
    back: FloatArray


def choose_rows(matrix: ModelMatrix, used: npt.NDArray[np.bool_]) -> Columns:
    """Return the columns for the studies `used`, those that depend on others left out.

    Raises
    ------
    InvalidInput
        No more studies than columns.
    """
    own = [i for i, row in enumerate(matrix.rows) if used[row]]
    part = replace(matrix, x=matrix.x[own], rows=tuple(matrix.rows[i] for i in own))
    design, kept = kernels.design(part.x)
    if len(own) <= len(kept) or not kept:
        raise InvalidInput(
            f"{len(own)} studies with information for {part.x.shape[1]} coefficients; more studies than coefficients "
            "are needed",
            hint="Take moderators out, or join levels of a factor.",
        )
    scale = math.sqrt(len(own))
    dropped = tuple(name for i, name in enumerate(matrix.names) if i not in kept)
    return Columns(only_columns(part, kept), tuple(kept), dropped, design.q.T * scale, design.back * scale)


def with_columns(model: Model, columns: Columns) -> Model:
    """Return the model with one coefficient per column in the place of the pooled effect, its last coefficient."""
    return replace(model, fixed=np.concatenate((model.fixed[:-1], columns.scaled[:, None] * model.fixed[-1])))


def runaways(
    x: FloatArray, columns: Columns, low: npt.NDArray[np.bool_], high: npt.NDArray[np.bool_]
) -> tuple[str, ...]:
    """Return the names of coefficients without a finite estimate.

    Parameters
    ----------
    x : (N, m) what the canonical parameters of N observations take of m coefficients, those of `columns` last.
    low, high : (N,) whether the events of an observation are as few, or as many, as they can be.

    Notes
    -----
    The likelihood rises without end along a direction that moves no study but those at an end, each beyond it. Whether
    there is one is a linear programme (Silvapulle and Burridge 1986, Journal of the Royal Statistical Society B 48,
    100-106).
    """
    inside = x[~low & ~high]
    if len(inside) and np.linalg.matrix_rank(inside) == x.shape[1]:
        return ()
    outward = np.concatenate((x[high & ~low], -x[low & ~high]))
    if not len(outward):
        return ()
    equal = (inside, np.zeros(len(inside))) if len(inside) else (None, None)
    found = optimize.linprog(
        -outward.sum(axis=0), A_ub=-outward, b_ub=np.zeros(len(outward)), A_eq=equal[0], b_eq=equal[1], bounds=(-1, 1)
    )
    if found.x is None or float((outward @ found.x).sum()) < _RISING:
        return ()
    moved = np.abs(columns.back @ found.x[-len(columns.scaled) :]) * np.sqrt((columns.matrix.x**2).mean(axis=0))
    return tuple(name for name, size in zip(columns.matrix.names, moved, strict=True) if size > _RISING)


def regression(columns: Columns, found: Found, *, tau2: float | None, df: int | None, level: float) -> GlmmRegression:
    """Return what was found in terms of the columns asked for."""
    p, matrix = len(columns.scaled), columns.matrix
    beta = columns.back @ found.coefficients[-p:]
    covariance = columns.back @ found.covariance[-p:, -p:] @ columns.back.T
    covariance.flags.writeable = False
    labels = dict.fromkeys(term for term in matrix.terms if term != INTERCEPT)
    moving = [j for j, term in enumerate(matrix.terms) if term != INTERCEPT] or list(range(p))

    def test(label: str, which: list[int]) -> WaldTest:
        return wald(label, [matrix.names[j] for j in which], beta[which], covariance[np.ix_(which, which)], df=df)

    se = np.sqrt(np.diagonal(covariance))
    return GlmmRegression(
        coefficients=tuple(
            coefficient(name, term, estimate, error, df=df, level=level)
            for name, term, estimate, error in zip(matrix.names, matrix.terms, beta.tolist(), se.tolist(), strict=True)
        ),
        covariance=covariance,
        omnibus=test("all moderators", moving),
        terms=tuple(test(label, [j for j, term in enumerate(matrix.terms) if term == label]) for label in labels),
        tau2=tau2,
        df=df,
        level=level,
        matrix=matrix,
        kept=columns.kept,
        dropped=columns.dropped,
    )


def weighted_squares(y: FloatArray, w: FloatArray, x: FloatArray) -> float:
    """Return the weighted sum of squares that (P, K) columns leave of (K,) values; weights may be 0."""
    root = np.sqrt(w)
    fitted = np.linalg.lstsq((x * root).T, y * root, rcond=None)[0] @ x
    return float((w * (y - fitted) ** 2).sum())


def typical_variance(v: FloatArray, x: FloatArray) -> float:
    """Return the typical sampling variance, from (K,) variances and (P, K) columns.

    References
    ----------
    Higgins and Thompson (2002), Statistics in Medicine 21, 1539-1558, in the form for regression.
    """
    w = 1 / v
    weighted = x * w
    trace = float(w.sum() - np.trace(np.linalg.solve(weighted @ x.T, weighted @ weighted.T)))
    return (len(v) - len(x)) / trace
