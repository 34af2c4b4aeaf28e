"""Effect sizes and pooled results, with every reservation beside them."""

from __future__ import annotations

from dataclasses import dataclass

from stromata.model.protocol import MeasureName, PlanModel
from stromata.model.studies import Step


@dataclass(frozen=True, slots=True)
class Caution:
    """A reservation that a reader of a result must see.

    Attributes
    ----------
    code : short stable name, such as ``few-studies``.
    text : one or two sentences for a clinician.
    """

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its interval on one scale; None where it does not exist."""

    estimate: float | None
    ci_low: float | None
    ci_high: float | None
    pi_low: float | None = None
    pi_high: float | None = None


@dataclass(frozen=True, slots=True)
class EffectSize:
    """One study's estimate on a named scale, with the data points it rests on.

    Attributes
    ----------
    label : what a forest plot prints, such as ``Wang 2014``.
    yi, vi : estimate and sampling variance on the analysis scale; None where they do not exist without a correction.
    natural : estimate and interval on the natural scale (a proportion, a ratio, a mean difference). For proportions the
        interval is exact (Clopper-Pearson); `wilson` holds Wilson's score interval.
    inputs : the numbers it was computed from, such as ``(("xi", 8.0), ("ni", 17.0))``.
    weight : share in percent of the pooled estimate; None where the model has no such weights.
    adjusted : a continuity correction went into `yi` and `vi`.
    steps : the conversions by which `inputs` came from what was printed.
    """

    label: str
    measure: MeasureName
    yi: float | None
    vi: float | None
    natural: Interval
    inputs: tuple[tuple[str, float], ...] = ()
    study: str = ""
    group: str = ""
    data_points: tuple[str, ...] = ()
    weight: float | None = None
    wilson: Interval | None = None
    adjusted: bool = False
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A study or outcome that a plan looked at and did not use, and why."""

    study: str
    arm: str
    outcome: str
    code: str
    text: str
    data_points: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SubgroupTest:
    """Cochran's Q between subgroups (a chi-squared statistic on `df` degrees of freedom)."""

    q: float
    df: int
    p: float


@dataclass(frozen=True, slots=True)
class StatisticalTest:
    """A test that a model reports beside its own, such as ``cmh``: chi-squared on `df` degrees of freedom."""

    name: str
    statistic: float
    df: int
    p: float


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One coefficient of a model with moderators, on the analysis scale.

    Attributes
    ----------
    term : the column of the model matrix, such as ``intrcpt``, ``dose`` or ``factor(route)local``.
    statistic : None where the standard error is 0; `df` is None for a normal test.
    """

    term: str
    estimate: float
    se: float | None
    statistic: float | None
    df: float | None
    p: float | None
    ci_low: float | None
    ci_high: float | None


@dataclass(frozen=True, slots=True)
class ModeratorTest:
    """The test that moderators have no effect at all: chi-squared on `df`, or F on `df` and `df2`.

    Attributes
    ----------
    label : a term of the formula, or ``all moderators``.
    """

    label: str
    statistic: float
    df: int
    df2: int | None
    p: float


@dataclass(frozen=True, slots=True)
class ThresholdProbability:
    """Posterior probabilities that the mean effect, and the effect in a new study, lie below a value.

    Attributes
    ----------
    value : on the natural scale.
    """

    value: float
    mean_below: float
    new_below: float


@dataclass(frozen=True, slots=True)
class Synthesis:
    """A pooled result with method, parameters, input hash, versions and cautions.

    Attributes
    ----------
    k : number of studies in the pool. With k = 0 all estimates are None and a caution says why.
    estimate, se, ci_low, ci_high, pi_low, pi_high : on the measure's analysis scale (logit for PLO, log for ratios).
    natural : the same on the natural scale.
    tau2 : between-study variance on the analysis scale; None under a common-effect model.
    i2, h2 : in percent, and as a ratio; None where undefined.
    q, q_df, q_p : Cochran's test of heterogeneity.
    tau2_low, tau2_high, i2_low, i2_high, h2_low, h2_high : bounds at `level`, by the method in `tau2_interval`: ``qp``
        Q-profile, ``genq`` generalised Q, ``pl`` profile likelihood, ``h`` Higgins and Thompson's for H; None, and no
        method, where there are none.
    tests : further tests that the model reports, of association and of equal effects.
    compat : the program whose conventions were followed.
    statistic, df, p : test of no effect; `df` is None for a normal test.
    subgroups : (label, result) in the order of appearance.
    moderators : formula of a meta-regression; then `q` tests residual heterogeneity (QE), `tau2`, `i2` and `h2` are
        residual, and there is no single `estimate`. `coefficients` has those of such a model only.
    moderator_tests : of all moderators together (QM), then of each term. r2 : percent of tau2 that they account for.
    rho : correlation between people of one arm, under a beta-binomial model.
    probabilities : under ``bayes``, where `estimate` is the posterior median, `se` the posterior standard deviation,
        the intervals are central, and `tau2` is the square of the median of tau. Nothing is tested there.
    parameters : further options of the method that were not at their defaults, such as ``("add", "0.5")``.
    input_hash : SHA-256 of measure, method and inputs; equal hashes mean equal inputs.
    """

    k: int
    measure: MeasureName
    model: PlanModel
    tau2_method: str
    test: str
    level: float
    estimate: float | None
    se: float | None
    ci_low: float | None
    ci_high: float | None
    natural: Interval
    pi_low: float | None = None
    pi_high: float | None = None
    tau2: float | None = None
    tau2_se: float | None = None
    i2: float | None = None
    h2: float | None = None
    q: float | None = None
    q_df: int | None = None
    q_p: float | None = None
    statistic: float | None = None
    df: float | None = None
    p: float | None = None
    log_likelihood: float | None = None
    effects: tuple[EffectSize, ...] = ()
    cautions: tuple[Caution, ...] = ()
    subgroups: tuple[tuple[str, Synthesis], ...] = ()
    subgroup_test: SubgroupTest | None = None
    left_out: tuple[LeftOut, ...] = ()
    id: str = ""
    plan: str = ""
    title: str = ""
    input_hash: str = ""
    versions: tuple[tuple[str, str], ...] = ()
    tau2_low: float | None = None
    tau2_high: float | None = None
    i2_low: float | None = None
    i2_high: float | None = None
    h2_low: float | None = None
    h2_high: float | None = None
    tau2_interval: str = ""
    tests: tuple[StatisticalTest, ...] = ()
    compat: str = "metafor"
    moderators: str = ""
    coefficients: tuple[Coefficient, ...] = ()
    moderator_tests: tuple[ModeratorTest, ...] = ()
    r2: float | None = None
    rho: float | None = None
    probabilities: tuple[ThresholdProbability, ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
