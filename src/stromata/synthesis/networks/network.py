"""Network meta-analysis: several treatments compared at once, from trials that each compare some of them.

T treatments, K trials, m = sum of (arms - 1) independent contrasts. The true effects of a trial vary around those of
the network with the variance tau2 for every contrast, so that contrasts of one trial that share an arm have the
covariance tau2 / 2. A trial's contrasts are first turned so that both covariance matrices become diagonal, the second
the identity; from there on the network is a meta-regression of m independent rows without an intercept.

References
----------
Lu and Ades (2004), Statistics in Medicine 23, 3105-3124, for the model; Rücker (2012), Research Synthesis Methods 3,
312-324, and Rücker and Schwarzer (2014), Statistics in Medicine 33, 4353-4369, for networks as electrical ones and
multi-arm trials; Jackson, White and Riley (2012), Statistics in Medicine 31, 3805-3820, for tau2 by moments; Higgins,
Jackson, Barrett et al. (2012), Research Synthesis Methods 3, 98-110, for designs and their inconsistency; Higgins and
Thompson (2002), Statistics in Medicine 21, 1539-1558, for I2 and its interval.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
from scipy import linalg, special

from stromata.errors import InvalidInput
from stromata.model import Caution
from stromata.synthesis.cautions import CLOSE_MAXIMA
from stromata.synthesis.intervals import FloatArray, check_level, chi_squared_p, normal_quantile, t_quantile
from stromata.synthesis.networks.trials import Trial, Trials, connected, from_arms, from_contrasts
from stromata.synthesis.regression import kernels
from stromata.synthesis.results.result import Result, recorded
from stromata.synthesis.study_set import check_choice, frozen

NetworkMethod = Literal["dl", "reml", "ml", "pm", "he", "hs"]
"""Estimators of tau2 of a network."""

Model: TypeAlias = Literal["common", "random"]
"""One true effect per comparison in all trials, or true effects that vary."""

FEW_TRIALS = 2
"""Trials per comparison below which it rests on a single study."""
DOUBTFUL = 0.10
"""p-value below which a test of inconsistency, which has little power, gives reason for doubt."""

CODES = (
    "effects-left-out",
    "double-zero-left-out",
    "zero-cells-corrected",
    "multi-arm-rounding",
    "arms-left-out",
    "common-effect-assumed",
    "part-of-network",
    "two-treatments",
    "no-closed-loops",
    "star-network",
    "heterogeneity-not-estimable",
    "single-study-comparisons",
    "inconsistency",
    "close-maxima",
)
"""Codes of the cautions that a network may carry."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Independent rows of a network.

    Attributes
    ----------
    y, v : (m,) turned contrasts and their sampling variances; each has the between-trial variance tau2.
    x : (m, T - 1) their rows of coefficients: treatments 2 to T minus treatment 1.
    trial : (m,) places of their trials.
    """

    y: FloatArray
    v: FloatArray
    x: FloatArray
    trial: npt.NDArray[np.intp]

    def within(self, trials: Sequence[int]) -> npt.NDArray[np.bool_]:
        """Return (m,) which rows are of some trials."""
        chosen = np.zeros(int(self.trial[-1]) + 1, dtype=bool)
        chosen[list(trials)] = True
        return np.asarray(chosen[self.trial])

    def of(self, trials: Sequence[int]) -> Rows:
        """Return the rows of some trials."""
        here = self.within(trials)
        return Rows(self.y[here], self.v[here], self.x[here], self.trial[here])


@dataclass(frozen=True, slots=True, eq=False)
class Relative:
    """Relative effects of all treatments under one model. Matrices hold row minus column and are read-only.

    Attributes
    ----------
    tau2 : between-trial variance; 0 under the common-effect model.
    estimates, se, ci_low, ci_high, statistic, p : (T, T); 0 on the diagonal, and NaN there for the last two.
    pi_low, pi_high : (T, T) prediction intervals; None without enough degrees of freedom or under the common effect.
    covariance : (T, T) of the effects against the first treatment.
    """

    tau2: float
    estimates: FloatArray
    se: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    statistic: FloatArray
    p: FloatArray
    pi_low: FloatArray | None
    pi_high: FloatArray | None
    covariance: FloatArray


@dataclass(frozen=True, slots=True)
class Design:
    """Trials that compare the same set of treatments, with the disagreement among them (Cochran's Q)."""

    treatments: tuple[str, ...]
    trials: tuple[str, ...]
    q: float
    df: int
    p: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Network(Result):
    """A fitted network.

    Attributes
    ----------
    measure : scale of the effects (ratios: logarithms); empty when contrasts came without one.
    treatments : names, in the order of all matrices.
    k, comparisons : trials, and pairs of treatments within trials counted over all trials.
    trials : the data, on the analysis scale.
    common, random : relative effects under both models.
    method, level : as asked for; ``given`` with a value of tau2, ``mh`` from `network_mh`;
        ``conditional`` and ``conditional-breslow`` from `network_conditional`.
    tau2, tau2_se : between-trial variance; None where it cannot be estimated (then `random` takes 0).
    q, q_df, q_p : total Q of the network, of heterogeneity within designs and inconsistency between them.
    q_within, q_within_df, q_within_p : heterogeneity within designs.
    q_between, q_between_df, q_between_p : inconsistency between designs. p-values are None without degrees of freedom.
    i2, i2_low, i2_high : share (percent) of the variability that is not chance; None without degrees of freedom.
    designs : sets of treatments that trials compare.
    log_likelihood : (restricted) at tau2, of the independent rows; None unless `method` is ml or reml.
    cautions : reservations.
    rows : what further analyses start from.
    singles : the studies one by one, where `trials` are studies pooled before (those of rare events); else empty.
    """

    measure: str
    treatments: tuple[str, ...]
    k: int
    comparisons: int
    trials: tuple[Trial, ...]
    common: Relative
    random: Relative
    method: str
    level: float
    tau2: float | None
    tau2_se: float | None
    q: float
    q_df: int
    q_p: float | None
    q_within: float
    q_within_df: int
    q_within_p: float | None
    q_between: float
    q_between_df: int
    q_between_p: float | None
    i2: float | None
    i2_low: float | None
    i2_high: float | None
    designs: tuple[Design, ...]
    log_likelihood: float | None
    cautions: tuple[Caution, ...]
    rows: Rows
    singles: tuple[Trial, ...] = ()

    def relative(self, model: Model) -> Relative:
        """Return the relative effects under one model.

        Raises
        ------
        InvalidInput
            There is no such model.
        """
        check_choice("model", model, get_args(Model))
        return self.common if model == "common" else self.random

    def place(self, treatment: str) -> int:
        """Return the place of a treatment in the matrices.

        Raises
        ------
        InvalidInput
            The network does not have it.
        """
        if treatment not in self.treatments:
            raise InvalidInput(f"no treatment {treatment!r}", hint=f"There are: {', '.join(self.treatments)}.")
        return self.treatments.index(treatment)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One cell of a league table: `treatment` minus `against`, on the analysis scale."""

    treatment: str
    against: str
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    p: float
    pi_low: float | None
    pi_high: float | None


@dataclass(frozen=True, slots=True)
class Edge:
    """One comparison made in trials: how many, and how many people in the two arms (None when not known)."""

    treatment: str
    against: str
    trials: int
    people: float | None


@recorded("study", "treat1", "treat2", "TE", "seTE", "treatment", "events", "n", "time", "mean", "sd")
def network(
    study: Sequence[object] | npt.ArrayLike,
    *,
    treat1: npt.ArrayLike | None = None,
    treat2: npt.ArrayLike | None = None,
    TE: npt.ArrayLike | None = None,
    seTE: npt.ArrayLike | None = None,
    treatment: npt.ArrayLike | None = None,
    measure: str | None = None,
    events: npt.ArrayLike | None = None,
    n: npt.ArrayLike | None = None,
    time: npt.ArrayLike | None = None,
    mean: npt.ArrayLike | None = None,
    sd: npt.ArrayLike | None = None,
    tau2: NetworkMethod | float = "reml",
    level: float = 0.95,
    add: float = 0.5,
    drop00: bool = True,
    component: str | None = None,
) -> Network:
    """Fit a network of treatments to trials, given as contrasts or as arms.

    Parameters
    ----------
    study : name of the study, one per row.
    treat1, treat2, TE, seTE : contrasts: effect of `treat1` minus `treat2` on the analysis scale (logarithms for
        ratios) and its standard error. A study with a arms has a row for each of its a (a - 1) / 2 pairs.
    treatment : arms: the treatment of the arm, one row per arm.
    measure : needed with arms. OR, RR, RD, AS (`events`, `n`), IRR, IRD (`events`, `time`), MD, ROM, SMD (`mean`, `sd`,
        `n`). With contrasts only a name.
    tau2 : estimator of the between-trial variance, or a value (>= 0) to take.
    level : coverage of all intervals, strictly between 0 and 1.
    add : added to the cells of all arms of a study of which one arm has no events (or only events).
    drop00 : leave out studies in which no arm, or every arm, has events only, for OR, RR and IRR.
    component : a treatment. If the network falls apart, its part is analysed.

    Returns
    -------
    The network under the common-effect and the random-effects model.

    Raises
    ------
    InvalidInput
        Values that cannot be right (the study and the column are named), multi-arm studies with contrasts that are
        missing or contradict one another, or a network that falls apart (its parts are named).

    Examples
    --------
    >>> net = network(
    ...     ["a", "a", "b", "b", "c", "c"],
    ...     treatment=["cells", "placebo", "cells", "steroids", "placebo", "steroids"],
    ...     events=[4, 10, 6, 8, 9, 7],
    ...     n=[30, 31, 28, 29, 33, 30],
    ...     measure="OR",
    ... )
    >>> net.treatments, round(float(net.common.estimates[0, 1]), 3)
    (('cells', 'placebo', 'steroids'), -0.909)
    """
    check_level(level)
    labels = study_labels(study)
    if not (math.isfinite(add) and add >= 0):
        raise InvalidInput(f"add is {add!r}; it must be 0 or more")
    contrasts, columns = (treat1, treat2, TE, seTE), {"events": events, "n": n, "time": time, "mean": mean, "sd": sd}
    if treatment is None:
        if any(value is not None for value in columns.values()):
            raise InvalidInput("treatment is missing", hint="Name the treatment of every arm.")
        found = from_contrasts(labels, *contrasts)
    else:
        if any(value is not None for value in contrasts):
            raise InvalidInput("both arms and contrasts were given", hint="Give one of them.")
        if measure is None:
            raise InvalidInput("measure is missing", hint="Arms need a measure, such as OR or MD.")
        found = from_arms(labels, treatment, measure, columns, add=float(add), drop00=drop00)
    if not found.trials:
        raise InvalidInput("no study is left that compares two treatments")
    return fitted(connected(found, component), measure or "", tau2, level)


def league(net: Network, *, model: Model = "random") -> tuple[Comparison, ...]:
    """Return all pairs of treatments, each once, the first minus the second in the order of `net.treatments`."""
    relative = net.relative(model)

    def pick(matrix: FloatArray | None, i: int, j: int) -> float | None:
        return None if matrix is None else float(matrix[i, j])

    return tuple(
        Comparison(
            net.treatments[i],
            net.treatments[j],
            float(relative.estimates[i, j]),
            float(relative.se[i, j]),
            float(relative.ci_low[i, j]),
            float(relative.ci_high[i, j]),
            float(relative.p[i, j]),
            pick(relative.pi_low, i, j),
            pick(relative.pi_high, i, j),
        )
        for i, j in pairs(len(net.treatments))
    )


def edges(net: Network) -> tuple[Edge, ...]:
    """Return the comparisons that trials make: what a network graph draws."""
    count: dict[tuple[int, int], int] = {}
    people: dict[tuple[int, int], float] = {}
    known = all(trial.n for trial in net.trials)
    for trial in net.trials:
        for pair in trial.pairs():
            count[pair] = count.get(pair, 0) + trial.studies
            if known:
                people[pair] = people.get(pair, 0.0) + sum(trial.n[trial.arms.index(arm)] for arm in pair)
    return tuple(Edge(net.treatments[i], net.treatments[j], count[i, j], people.get((i, j))) for i, j in sorted(count))


def pairs(t: int) -> Iterator[tuple[int, int]]:
    """Yield all pairs of places below `t`, each ascending."""
    return ((i, j) for i in range(t) for j in range(i + 1, t))


def study_labels(study: Sequence[object] | npt.ArrayLike) -> list[str]:
    """Return the names of the studies, one per row."""
    found = list(np.asarray(study, dtype=object).ravel())
    if not found:
        raise InvalidInput("no studies")
    for i, label in enumerate(found):
        if label is None or label == "" or (isinstance(label, float) and math.isnan(label)):
            raise InvalidInput(f"row {i + 1}, study is empty")
    return [str(label) for label in found]


# Rows and fits.


def rows_of(trials: Sequence[Trial], t: int) -> Rows:
    """Return independent rows of trials on `t` treatments.

    For a trial with covariance V, and U = (I + J) / 2 that of its true effects per unit of tau2, the columns of Z with
    Z'UZ = I and Z'VZ diagonal give rows Z'y whose variances are that diagonal plus tau2.
    """
    y, v, x, owner = [], [], [], []
    for place, trial in enumerate(trials):
        a = len(trial.arms)
        lines = np.zeros((a - 1, t))
        lines[np.arange(a - 1), list(trial.arms[1:])] = 1.0
        lines[:, trial.arms[0]] = -1.0
        if a == 2:
            own_v, z = trial.v.ravel(), np.ones((1, 1))
        else:
            own_v, z = linalg.eigh(trial.v, (np.eye(a - 1) + 1.0) / 2, check_finite=False)
        y.append(z.T @ trial.y)
        v.append(own_v)
        x.append(z.T @ lines[:, 1:])
        owner.append(np.full(a - 1, place))
    return Rows(np.concatenate(y), np.concatenate(v), np.concatenate(x), np.concatenate(owner))


def problem_of(rows: Rows) -> tuple[kernels.Problem, list[int]]:
    """Return the rows as a regression, and the columns of `rows.x` that it estimates."""
    design, kept = kernels.design(rows.x)
    return kernels.problem(rows.y, rows.v, design), kept


def fitted(found: Trials, measure: str, tau2: NetworkMethod | float, level: float) -> Network:
    """Fit the network to trials that hang together; parameters as `network`."""
    t = len(found.treatments)
    rows = rows_of(found.trials, t)
    data, _ = problem_of(rows)
    common = kernels.fit(data, None)
    method, random, cautions = _random(data, tau2)
    estimated = data.df > 0 or not isinstance(tau2, str)
    designs = _designs(found, rows)
    within, within_df = sum(each.q for each in designs), sum(each.df for each in designs)
    between, between_df = max(common.q - within, 0.0), data.df - within_df
    i2, i2_low, i2_high = _i2(common.q, data.df, level)
    rmse = random.between
    reach = t_quantile(level, data.df - 1) if data.df > 1 else None
    result = Network(
        measure=measure,
        treatments=found.treatments,
        k=sum(trial.studies for trial in found.trials),
        comparisons=sum(trial.studies * len(trial.pairs()) for trial in found.trials),
        trials=found.trials,
        common=effects_between(common.beta, common.covariance, level, tau2=common.between.tau2),
        random=effects_between(random.beta, random.covariance, level, tau2=rmse.tau2, reach=reach),
        method=method,
        level=level,
        tau2=rmse.tau2 if estimated else None,
        tau2_se=rmse.se if estimated and math.isfinite(rmse.se) else None,
        q=common.q if data.df else 0.0,
        q_df=data.df,
        q_p=_p(common.q, data.df),
        q_within=within,
        q_within_df=within_df,
        q_within_p=_p(within, within_df),
        q_between=between if between_df else 0.0,
        q_between_df=between_df,
        q_between_p=_p(between, between_df),
        i2=i2,
        i2_low=i2_low,
        i2_high=i2_high,
        designs=designs,
        log_likelihood={"ml": random.full, "reml": random.restricted}.get(method),
        cautions=(),
        rows=rows,
    )
    return replace(result, cautions=(*found.cautions, *cautions, *_cautions(result)))


def _p(q: float, df: int) -> float | None:
    return chi_squared_p(q, df) if df > 0 else None


def _random(data: kernels.Problem, tau2: NetworkMethod | float) -> tuple[str, kernels.Fitted, list[Caution]]:
    if not isinstance(tau2, str):
        if not (math.isfinite(tau2) and tau2 >= 0):
            raise InvalidInput(f"tau2 is {tau2!r}; it must be 0 or more")
        return "given", kernels.fit(data, None, tau2=float(tau2)), []
    check_choice("estimator of tau2", tau2, get_args(NetworkMethod))
    if data.df == 0:
        text = (
            "There is just enough evidence to connect the treatments, so that variation between studies cannot be "
            "estimated. The random-effects results equal the common-effect ones and may be far too precise."
        )
        return tau2, kernels.fit(data, None), [Caution("heterogeneity-not-estimable", text)]
    found = kernels.fit(data, tau2)
    if found.between.modes > 1 and found.between.gap < CLOSE_MAXIMA:
        text = "Two values of tau-squared are almost equally likely; results under the other may differ."
        return tau2, found, [Caution("close-maxima", text)]
    return tau2, found, []


def _designs(found: Trials, rows: Rows) -> tuple[Design, ...]:
    groups: dict[tuple[int, ...], list[int]] = {}
    for place, trial in enumerate(found.trials):
        groups.setdefault(trial.arms, []).append(place)
    designs = []
    for arms in sorted(groups):
        q, df, _ = design_fit(rows, arms, groups[arms], 0.0)
        labels = tuple(found.trials[i].label for i in groups[arms])
        designs.append(Design(tuple(found.treatments[arm] for arm in arms), labels, q, df, _p(q, df)))
    return tuple(designs)


def design_fit(rows: Rows, arms: Sequence[int], trials: Sequence[int], tau2: float) -> tuple[float, int, float]:
    """Return Q at `tau2` of the trials of one design, its degrees of freedom, and the divisor of tau2 by moments."""
    if len(trials) == 1:
        return 0.0, 0, 0.0
    own = rows.of(trials)
    # against the first of its arms, a design has as many effects as further arms
    columns = [arm - 1 for arm in arms[1:]]
    design, _ = kernels.design(own.x[:, columns])
    data = kernels.problem(own.y, own.v, design)
    return kernels.generalised_q(data, tau2), data.df, kernels.fit(data, None).trace


def effects_between(
    beta: FloatArray, spread: FloatArray, level: float, *, tau2: float = 0.0, reach: float | None = None
) -> Relative:
    """Return the effects between all treatments from those against the first, (T - 1,), and their covariance.

    `reach` is the quantile of prediction intervals; None for none.
    """
    t = len(beta) + 1
    theta, covariance = np.zeros(t), np.zeros((t, t))
    theta[1:], covariance[1:, 1:] = beta, spread
    estimates = theta[:, None] - theta
    own = covariance.diagonal()
    variance = np.maximum(own[:, None] + own - 2 * covariance, 0.0)
    np.fill_diagonal(variance, 0.0)
    se = np.sqrt(variance)
    z = normal_quantile(level)
    statistic = np.full((t, t), math.nan)
    np.divide(estimates, se, out=statistic, where=se > 0)
    ahead = np.sqrt(variance + tau2)
    np.fill_diagonal(ahead, 0.0)
    return Relative(
        tau2=tau2,
        estimates=frozen(estimates),
        se=frozen(se),
        ci_low=frozen(estimates - z * se),
        ci_high=frozen(estimates + z * se),
        statistic=frozen(statistic),
        p=frozen(special.erfc(np.abs(statistic) / math.sqrt(2))),
        pi_low=None if reach is None else frozen(estimates - reach * ahead),
        pi_high=None if reach is None else frozen(estimates + reach * ahead),
        covariance=frozen(covariance),
    )


def _i2(q: float, df: int, level: float) -> tuple[float | None, float | None, float | None]:
    """Return I2 in percent with the test-based interval of Higgins and Thompson (2002), for ln H."""
    if df < 1:
        return None, None, None
    i2 = max(100 * (q - df) / q, 0.0) if q > 0 else 0.0
    if df < 2 and q <= df + 1:
        return i2, None, None
    k = df + 1
    if q > k:
        se = 0.5 * (math.log(q) - math.log(df)) / (math.sqrt(2 * q) - math.sqrt(2 * df - 1))
    else:
        se = math.sqrt(1 / (2 * (df - 1)) * (1 - 1 / (3 * (df - 1) ** 2)))
    centre, half = 0.5 * math.log(max(q / df, 1.0)), normal_quantile(level) * se
    low, high = (max(math.exp(2 * bound), 1.0) for bound in (centre - half, centre + half))
    return i2, 100 * (1 - 1 / low), 100 * (1 - 1 / high)


# Cautions.


def _cautions(net: Network) -> Iterator[Caution]:
    made = edges(net)
    if len(net.treatments) == 2:
        text = "There are only two treatments: this is an ordinary meta-analysis, with direct evidence alone."
        yield Caution("two-treatments", text)
        return
    if net.q_between_df == 0:
        yield _untestable(made)
    single = [f"{edge.treatment} with {edge.against}" for edge in made if edge.trials < FEW_TRIALS]
    if single:
        rest = "rests" if len(single) == 1 else "rest"
        text = (
            f"{len(single)} of {len(made)} comparisons made {rest} on a single study: {', '.join(single[:5])}"
            f"{' and others' if len(single) > 5 else ''}."
            f"{' Their heterogeneity is borrowed from the rest of the network.' if net.tau2 else ''}"
        )
        yield Caution("single-study-comparisons", text)
    if net.q_between_p is not None and net.q_between_p < DOUBTFUL:
        text = (
            f"Studies that compare different sets of treatments do not fit together (p = {net.q_between_p:.2g}): "
            "direct and indirect evidence may disagree. See which comparisons do before believing the network."
        )
        yield Caution("inconsistency", text)


def _untestable(made: tuple[Edge, ...]) -> Caution:
    hubs = set.intersection(*({edge.treatment, edge.against} for edge in made))
    if hubs:
        (hub,) = sorted(hubs)[:1]
        text = (
            f"All studies compare something with {hub}. Comparisons among the others are indirect only, and whether "
            "they are consistent with direct evidence cannot be tested."
        )
        return Caution("star-network", text)
    text = (
        "No comparison is made by two independent ways, so that direct and indirect evidence cannot be checked against "
        "each other. The results rest on the assumption that they agree."
    )
    return Caution("no-closed-loops", text)
