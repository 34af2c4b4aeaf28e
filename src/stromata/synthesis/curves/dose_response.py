"""Dose-response meta-analysis of relative risks: a curve over the dose, from studies that compare several doses.

K studies; study i has m_i doses besides its reference; p columns of the curve. Each study's log relative risks are
y = (X(dose) - X(reference dose)) b + e: there is no intercept, because at the reference the relative risk is 1.

References
----------
Greenland and Longnecker (1992), American Journal of Epidemiology 135, 1301-1309; Orsini, Li, Wolk, Khudyakov and
Spiegelman (2012), American Journal of Epidemiology 175, 66-73, for curves in two stages; Crippa, Discacciati, Bottai,
Spiegelman and Orsini (2019), Statistical Methods in Medical Research 28, 1579-1596, for one stage; Harrell (2015),
Regression Modeling Strategies, 2nd ed., section 2.4, for restricted cubic splines and their knots.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
from scipy import linalg

from stromata.errors import InvalidInput
from stromata.model import Caution
from stromata.synthesis.curves.pseudo_counts import Design, greenland_longnecker, hamling
from stromata.synthesis.curves.vector_pooling import PooledVector, VectorMethod, pool_vectors
from stromata.synthesis.effects.columns import MOST
from stromata.synthesis.intervals import FloatArray, check_level, chi_squared_p, normal_quantile, number, two_sided_p
from stromata.synthesis.networks.trials import numbers
from stromata.synthesis.regression.splines import Basis, basis
from stromata.synthesis.results.result import Result, recorded
from stromata.synthesis.study_set import check_choice, frozen, one_column

Curve: TypeAlias = Literal["linear", "quadratic", "rcs"]
Covariance: TypeAlias = Literal["gl", "hamling", "independent"]

HARRELL = {3: (0.10, 0.50, 0.90), 4: (0.05, 0.35, 0.65, 0.95), 5: (0.05, 0.275, 0.50, 0.725, 0.95)}
"""Quantiles of the doses at which knots are placed, by their number (Harrell 2015, table 2.3)."""
FEW_STUDIES = 5
"""Studies per random coefficient below which their covariance is hardly estimable."""
_FULL_RANK = 1e-9
_LARGEST = 1e15
"""Largest size of a dose, a log relative risk or a standard error (the least is its inverse)."""
_FARTHEST = 700.0
"""Largest log relative risk that has an exponential."""

CODES = ("studies-left-out", "no-covariances", "few-studies")
"""Codes of the cautions of a curve, besides those of `stromata.synthesis.curves.vector_pooling.CODES`."""


@dataclass(frozen=True, slots=True, eq=False)
class StudyCurve:
    """One study.

    Attributes
    ----------
    label : its name. reference : its reference dose. doses : (m,) its other doses.
    y, covariance : (m,) log relative risks against the reference, and their (m, m) covariance matrix.
    """

    label: str
    reference: float
    doses: FloatArray
    y: FloatArray
    covariance: FloatArray


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One coefficient of the curve, on the log scale per unit of its column."""

    name: str
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    statistic: float
    p: float


@dataclass(frozen=True, slots=True)
class Wald:
    """A test that several coefficients are all 0."""

    statistic: float
    df: int
    p: float


@dataclass(frozen=True, slots=True, eq=False)
class DoseResponse(Result):
    """A pooled dose-response curve.

    Attributes
    ----------
    curve, knots : its form; knots are empty unless it is a spline.
    coefficients : of ``dose``, ``dose^2`` or the spline's columns.
    covariance : (p, p) of the coefficients. psi : (p, p) between studies.
    association : test of any association. nonlinearity : test of all columns but the dose; None when it is linear.
    q, q_df, q_p : Cochran's test that all studies share one curve; None with one stage.
    log_likelihood : of the coefficients (two stages) or of the relative risks (one stage); restricted under ``reml``.
    method, stages, level : as asked for.
    studies : that were used, with their covariances.
    cautions : reservations.
    """

    curve: Curve
    knots: tuple[float, ...]
    coefficients: tuple[Coefficient, ...]
    covariance: FloatArray
    psi: FloatArray
    association: Wald
    nonlinearity: Wald | None
    q: float | None
    q_df: int | None
    q_p: float | None
    log_likelihood: float | None
    method: str
    stages: int
    level: float
    studies: tuple[StudyCurve, ...]
    cautions: tuple[Caution, ...]


@dataclass(frozen=True, slots=True)
class Predicted:
    """Relative risk at one dose against the reference dose; `log` fields are on the analysis scale."""

    dose: float
    reference: float
    log: float
    log_se: float
    ratio: float
    ci_low: float
    ci_high: float


@recorded("study", "dose", "yi", "sei", "cases", "n")
def dose_response(
    study: Sequence[object] | npt.ArrayLike,
    dose: npt.ArrayLike,
    yi: npt.ArrayLike,
    sei: npt.ArrayLike,
    *,
    cases: npt.ArrayLike | None = None,
    n: npt.ArrayLike | None = None,
    design: Design | Sequence[Design] = "cc",
    covariance: Covariance = "gl",
    curve: Curve = "linear",
    knots: int | Sequence[float] = 3,
    method: VectorMethod = "reml",
    stages: Literal[1, 2] = 2,
    level: float = 0.95,
    compat: Literal["dosresmeta"] | None = None,
) -> DoseResponse:
    """Pool dose-response curves of studies that compare several doses with a reference dose.

    Parameters
    ----------
    study : name of the study, one per row; a row is one dose.
    dose : dose of the row, any unit.
    yi, sei : log relative risk against the study's reference dose and its standard error. The reference row has yi 0
        and no standard error (None, NaN or 0).
    cases, n : cases, and people (cases included) or, with design ``ir``, person-time. Needed for covariances.
    design : ``cc`` case-control, ``ir`` incidence rates, ``ci`` cumulative incidence; one for all, or one per row.
    covariance : of the relative risks of a study: ``gl`` Greenland and Longnecker, ``hamling`` Hamling et al., or
        ``independent`` none (then trends are misjudged, and a caution says so).
    curve : ``linear``; ``quadratic`` (dose and its square); ``rcs`` restricted cubic spline.
    knots : of the spline: 3 to 5 of them at Harrell's quantiles of all doses, or their places.
    method : ``reml``, ``ml``, ``mm`` (moments), or ``fixed`` (one curve for all studies).
    stages : 2 fits a curve per study and pools the coefficients; 1 fits all relative risks at once, so that studies
        with fewer doses than coefficients contribute (``reml``, ``ml`` or ``fixed``).
    level : coverage of intervals, strictly between 0 and 1.
    compat : ``dosresmeta`` takes risks (``ci``) for rates in the covariances of ``gl``, as that program does.

    Raises
    ------
    InvalidInput
        Values that cannot be right (the study and the column are named), a study without exactly one reference row, no
        study with enough doses, knots that do not lie apart.
    """
    _check_options(curve=curve, covariance=covariance, method=method, stages=stages, level=level, compat=compat)
    data = _read(study, dose=dose, yi=yi, sei=sei, cases=cases, n=n, design=design)
    studies, cautions = _studies(data, covariance, compat)
    form = _form(curve, knots, np.concatenate([np.append(each.doses, each.reference) for each in studies]))
    columns = [_columns(form, each.doses) - _columns(form, np.array([each.reference])) for each in studies]
    # a column of squares is thousands of times larger than one of doses: bring all to 1
    unit = np.max([np.abs(each).max(axis=0) for each in columns], axis=0)
    if not ((unit > 1 / _LARGEST) & (unit < _LARGEST**3)).all():
        raise InvalidInput(
            f"no dose tells the coefficient of {_names(curve, len(unit))[int(np.argmin(unit))]}",
            hint="Place the knots among the doses, or measure doses in another unit.",
        )
    columns = [each / unit for each in columns]
    if stages == 2:
        found, used, more = _two_stages(studies, columns, method)
    else:
        found, used, more = _one_stage(studies, columns, method), list(range(len(studies))), []
    p = len(unit)
    cautions = [*cautions, *more, *found.cautions, *_few(len(used), p, method)]
    outer = np.outer(unit, unit)
    beta, spread = found.estimates / unit, found.covariance / outer
    # with two stages the likelihood is one of coefficients, and depends on their units
    shift = float(np.log(unit).sum()) * (len(used) - (method == "reml")) if stages == 2 else 0.0
    return DoseResponse(
        curve=curve,
        knots=() if isinstance(form, str) else tuple(form.knots.tolist()),
        coefficients=_coefficients(_names(curve, p), beta, spread, level),
        covariance=frozen(spread),
        psi=frozen(found.psi / outer),
        association=_wald(beta, spread, 0),
        nonlinearity=_wald(beta, spread, 1) if p > 1 else None,
        q=found.q if stages == 2 else None,
        q_df=found.q_df if stages == 2 else None,
        q_p=found.q_p if stages == 2 else None,
        log_likelihood=None if found.log_likelihood is None else found.log_likelihood + shift,
        method=method,
        stages=stages,
        level=level,
        studies=tuple(studies[i] for i in used),
        cautions=tuple(cautions),
    )


def predict_doses(
    fit: DoseResponse, doses: npt.ArrayLike, *, reference: float = 0.0, level: float | None = None
) -> tuple[Predicted, ...]:
    """Return relative risks along the pooled curve against a reference dose.

    Parameters
    ----------
    fit : what `dose_response` returned.
    doses : any number of doses in the unit of the studies.
    reference : dose at which the relative risk is 1.
    level : coverage; None is that of the fit.
    """
    chosen = fit.level if level is None else level
    check_level(chosen)
    points = one_column(np.atleast_1d(np.asarray(doses)), "doses")
    number("reference", reference, "a finite number", lambda dose: abs(dose) <= _LARGEST)
    if not (np.abs(points) <= _LARGEST).all():
        raise InvalidInput(f"doses are {points.tolist()}; they must be finite numbers, up to {_LARGEST:g}")
    form = _form(fit.curve, fit.knots or 3, points)
    x = _columns(form, points) - _columns(form, np.array([float(reference)]))
    beta = np.array([each.estimate for each in fit.coefficients])
    logs = x @ beta
    errors = np.sqrt(np.einsum("ij,jk,ik->i", x, fit.covariance, x))
    z = normal_quantile(chosen)
    far = np.abs(logs) + z * errors > _FARTHEST
    if far.any():
        raise InvalidInput(
            f"dose {points[far][0]:g} is so far out that the relative risk there is no number",
            hint="Take doses near those of the studies.",
        )
    return tuple(
        Predicted(at, float(reference), log, se, math.exp(log), math.exp(log - z * se), math.exp(log + z * se))
        for at, log, se in zip(points.tolist(), logs.tolist(), errors.tolist(), strict=True)
    )


def _check_options(*, curve: str, covariance: str, method: str, stages: int, level: float, compat: str | None) -> None:
    check_level(level)
    for what, value, allowed in (
        ("curve", curve, get_args(Curve)),
        ("covariance", covariance, get_args(Covariance)),
        ("method", method, ("reml", "ml", "mm", "fixed")),
        ("number of stages", stages, (1, 2)),
        ("program", compat, (None, "dosresmeta")),
    ):
        if value not in allowed:
            raise InvalidInput(f"no {what} {value!r}", hint=f"There are: {', '.join(map(str, allowed))}.")
    if stages == 1 and method == "mm":
        raise InvalidInput("one stage has no estimator by moments", hint="Use reml or ml, or two stages.")


# Reading.


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    rows: dict[str, list[int]]
    dose: FloatArray
    y: FloatArray
    se: FloatArray
    cases: FloatArray | None
    n: FloatArray | None
    design: list[Design]


def _read(
    study: Sequence[object] | npt.ArrayLike,
    *,
    dose: npt.ArrayLike,
    yi: npt.ArrayLike,
    sei: npt.ArrayLike,
    cases: npt.ArrayLike | None,
    n: npt.ArrayLike | None,
    design: Design | Sequence[Design],
) -> _Table:
    labels = [str(value) for value in np.asarray(study, dtype=object).ravel()]
    k = len(labels)
    if not k:
        raise InvalidInput("no studies")
    designs: list[Design] = [design] * k if isinstance(design, str) else list(design)
    if len(designs) != k:
        raise InvalidInput(f"{k} rows of study and {len(designs)} of design; there must be one each")
    for each in designs:
        check_choice("design", each, get_args(Design))
    rows: dict[str, list[int]] = {}
    for i, label in enumerate(labels):
        rows.setdefault(label, []).append(i)
    return _Table(
        rows,
        numbers(dose, "dose", k),
        numbers(yi, "yi", k),
        numbers(sei, "sei", k),
        None if cases is None else numbers(cases, "cases", k),
        None if n is None else numbers(n, "n", k),
        designs,
    )


def _studies(
    data: _Table, covariance: Covariance, compat: Literal["dosresmeta"] | None
) -> tuple[list[StudyCurve], list[Caution]]:
    studies, without = [], []
    for label, rows in data.rows.items():
        reference = [i for i in rows if math.isnan(data.se[i]) or data.se[i] == 0]
        if len(reference) != 1:
            raise InvalidInput(
                f"study {label}, sei: {len(reference)} rows are without a standard error; there must be one",
                hint="The reference dose has none, all other doses have one.",
            )
        others = [i for i in rows if i != reference[0]]
        if not others:
            raise InvalidInput(f"study {label} has a reference dose only", hint="Leave the study out.")
        _check(label, data, reference[0], others)
        own, known = _covariance(label, data, reference[0], others, covariance=covariance, compat=compat)
        if not known:
            without.append(label)
        studies.append(
            StudyCurve(
                label, float(data.dose[reference[0]]), frozen(data.dose[others]), frozen(data.y[others]), frozen(own)
            )
        )
    if not without:
        return studies, []
    text = (
        "The relative risks of a study share their reference group, but are taken as independent here, so that the "
        f"trend is given with the wrong weight: {', '.join(without)}."
    )
    return studies, [Caution("no-covariances", text)]


def _check(label: str, data: _Table, reference: int, others: list[int]) -> None:
    for i in (reference, *others):
        if not abs(data.dose[i]) <= _LARGEST:
            raise InvalidInput(
                f"study {label}, dose is {data.dose[i]:g}; it must be a finite number, up to {_LARGEST:g}"
            )
    for i in others:
        if not abs(data.y[i]) <= _LARGEST:
            raise InvalidInput(f"study {label}, yi is {data.y[i]:g}; it must be a finite number, up to {_LARGEST:g}")
        if not 1 / _LARGEST <= data.se[i] <= _LARGEST:
            raise InvalidInput(
                f"study {label}, sei is {data.se[i]:g}; it must be above 0, from {1 / _LARGEST:g} to {_LARGEST:g}"
            )
        if data.dose[i] == data.dose[reference]:
            raise InvalidInput(f"study {label}, dose {data.dose[i]:g} is also the reference dose")
    if not (math.isnan(data.y[reference]) or data.y[reference] == 0):
        raise InvalidInput(f"study {label}, yi is {data.y[reference]:g} at the reference dose; it must be 0")


def _covariance(
    label: str,
    data: _Table,
    reference: int,
    others: list[int],
    *,
    covariance: Covariance,
    compat: Literal["dosresmeta"] | None,
) -> tuple[FloatArray, bool]:
    """Return the covariance matrix of a study, and whether it allows for the common reference."""
    se, y = data.se[others], data.y[others]
    if covariance == "independent":
        return np.diag(se**2), len(others) == 1
    if data.cases is None or data.n is None:
        raise InvalidInput(
            f"{'cases' if data.cases is None else 'n'} is missing; the covariances need it",
            hint='Give cases and n, or say covariance="independent".',
        )
    order = [reference, *others]
    cases, n, design = data.cases[order], data.n[order], data.design[reference]
    if np.isnan(cases).any() or np.isnan(n).any():
        return np.diag(se**2), len(others) == 1
    for x, people in zip(cases.tolist(), n.tolist(), strict=True):
        for column, value in (("cases", x), ("n", people)):
            if not value <= MOST:
                raise InvalidInput(
                    f"study {label}, {column} is {value:g}; no study is as large", hint="Correct it, or leave it out."
                )
        if not x > 0:
            raise InvalidInput(f"study {label}, cases are {x:g}; every dose needs some", hint="Merge doses.")
        if design != "ir" and not x < people:
            raise InvalidInput(f"study {label}, n is {people:g} with {x:g} cases; n counts the cases and all others")
        if not people > 0:
            raise InvalidInput(f"study {label}, n is {people:g}; it must be above 0")
    taken: Design = "ir" if compat and design == "ci" and covariance == "gl" else design
    rebuild = greenland_longnecker if covariance == "gl" else hamling
    try:
        found = rebuild(y, se, cases, n, taken)
    except InvalidInput as error:
        raise InvalidInput(f"study {label}, cases: {error.message}", hint="Check cases, n and yi.") from error
    if not np.linalg.eigvalsh(found)[0] > 0:
        raise InvalidInput(f"study {label}, sei: too small for its cases: the covariance matrix is not one")
    return found, True


# Curves.


def _form(curve: Curve, knots: int | Sequence[float], doses: FloatArray) -> Basis | str:
    if curve != "rcs":
        return curve
    if isinstance(knots, int):
        if knots not in HARRELL:
            raise InvalidInput(f"{knots} knots; from 3 to 5 can be placed", hint="Or give places.")
        places = tuple(np.quantile(doses, HARRELL[knots]).tolist())
    else:
        places = tuple(one_column(knots, "knots").tolist())
    if len(places) < 3 or len(set(places)) < len(places):
        shown = ", ".join(f"{place:g}" for place in places)
        raise InvalidInput(f"knots at {shown}; at least three different ones are needed", hint="Give their places.")
    return basis("rcs", doses, {"knots": places})


def _columns(form: Basis | str, doses: FloatArray) -> FloatArray:
    if form == "linear":
        return doses[:, None]
    if form == "quadratic":
        return np.column_stack((doses, doses**2))
    assert isinstance(form, Basis)  # noqa: S101 - the only other kind
    return form.at(doses)


def _names(curve: Curve, p: int) -> tuple[str, ...]:
    if curve == "quadratic":
        return ("dose", "dose^2")
    return tuple("dose" + "'" * i for i in range(p))


# Fits.


def _two_stages(
    studies: list[StudyCurve], columns: list[FloatArray], method: VectorMethod
) -> tuple[PooledVector, list[int], list[Caution]]:
    b, v, used, gone = [], [], [], []
    for i, (study, x) in enumerate(zip(studies, columns, strict=True)):
        values = np.linalg.svd(x, compute_uv=False)
        if len(x) < x.shape[1] or values[-1] < _FULL_RANK * values[0]:
            gone.append(study.label)
            continue
        # in standard errors: their ratio, however large, then costs no digits
        se = np.sqrt(study.covariance.diagonal())
        scaled, correlation = x / se[:, None], study.covariance / np.outer(se, se)
        pulled = linalg.solve(correlation, scaled, assume_a="pos")
        try:
            spread = np.linalg.inv(scaled.T @ pulled)
        except np.linalg.LinAlgError as error:
            raise InvalidInput(
                f"study {study.label}: its doses, or their standard errors, are so far apart that its curve cannot be "
                "told from rounding",
                hint="Look for a misprint in dose or sei, or take a simpler curve.",
            ) from error
        b.append(spread @ (pulled.T @ (study.y / se)))
        v.append((spread + spread.T) / 2)
        used.append(i)
    if not used:
        raise InvalidInput(
            f"no study has the {columns[0].shape[1]} doses besides its reference that the curve needs",
            hint="Use one stage, or a simpler curve.",
        )
    cautions = []
    if gone:
        text = f"Too few doses for a curve of their own, left out (one stage can use them): {', '.join(gone)}."
        cautions.append(Caution("studies-left-out", text))
    return pool_vectors(b, v, method), used, cautions


def _one_stage(studies: list[StudyCurve], columns: list[FloatArray], method: VectorMethod) -> PooledVector:
    x = np.concatenate(columns)
    values = np.linalg.svd(x, compute_uv=False)
    if len(x) < x.shape[1] or values[-1] < _FULL_RANK * values[0]:
        raise InvalidInput("the doses are too few for this curve", hint="Use a simpler curve.")
    return pool_vectors([each.y for each in studies], [each.covariance for each in studies], method, columns)


def _few(studies: int, p: int, method: str) -> list[Caution]:
    if method == "fixed" or studies >= FEW_STUDIES * p:
        return []
    text = (
        f"{studies} studies for a curve with {p} coefficient{'s' if p > 1 else ''}: how curves vary between studies is "
        "hardly known, and intervals may be too narrow."
    )
    return [Caution("few-studies", text)]


def _coefficients(
    names: tuple[str, ...], beta: FloatArray, spread: FloatArray, level: float
) -> tuple[Coefficient, ...]:
    z = normal_quantile(level)
    errors = np.sqrt(spread.diagonal())
    return tuple(
        Coefficient(name, b, se, b - z * se, b + z * se, b / se, two_sided_p(b / se, None))
        for name, b, se in zip(names, beta.tolist(), errors.tolist(), strict=True)
    )


def _wald(beta: FloatArray, spread: FloatArray, first: int) -> Wald:
    chosen = beta[first:]
    statistic = float(chosen @ np.linalg.solve(spread[first:, first:], chosen))
    return Wald(statistic, len(chosen), chi_squared_p(statistic, len(chosen)))
