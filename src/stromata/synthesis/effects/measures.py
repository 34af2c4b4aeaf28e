"""The effect measures: what each needs, which function computes it, and how it is read back on its natural scale.

Columns carry the names that meta-analysts know. `xi` events of `ni` people in one arm, or in a person-time of `ti`;
`ai`, `bi` events and non-events in the first arm and `ci`, `di` in the second (`n1i`, `n2i` the arms' totals); `x1i`,
`t1i` and `x2i`, `t2i` events and person-time of two arms; `m1i`, `sd1i`, `n1i` and `m2i`, `sd2i`, `n2i` means,
standard deviations and totals of two arms; `mi`, `sdi`, `ni` of one; `m1i`, `sd1i` after and `m2i`, `sd2i` before in
the same `ni` people, whose values correlate by `ri`. An estimate that was printed is `yi` (or `out`, a ratio) with
`vi`, `sei`, `ci_lb` and `ci_ub`, `zval` or `pval`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import numpy as np

from stromata.errors import InvalidInput
from stromata.model import MeasureKind, MeasureName
from stromata.synthesis.effects import correlations, counts, means, scales
from stromata.synthesis.effects.standardising import COX_SCALE, Columns, Correction, Estimates
from stromata.synthesis.effects.tetrachoric import tetrachoric
from stromata.synthesis.intervals import FloatArray

__all__ = ["MEASURES", "PRINTED", "Columns", "Correction", "Kind", "Measure", "VarianceType", "get_measure"]

Kind = MeasureKind
VarianceType = Literal["LS", "LS2", "UB", "AV", "HO", "AVHO", "ST", "CS"]
"""Ways to compute a sampling variance, by the names metafor gives them; each measure has some."""

Scale = Callable[[FloatArray, FloatArray], FloatArray]


@dataclass(frozen=True, slots=True)
class Measure:
    """One effect measure.

    Attributes
    ----------
    columns : the sets of columns it can be computed from, the preferred one first.
    compute : columns to estimates and sampling variances on the analysis scale, with `vtype` and `correct` where the
        measure has a choice; where they do not exist without a correction they come out as infinite or NaN.
    back : analysis scale and size to natural scale, element by element. The size is the people of PFT and the time of
        IRFT; the others do not use it.
    forward : the reverse, for proportions and rates; None for the other kinds.
    null : value of no effect on the natural scale; None for measures without a comparison.
    add : what a zero-cell correction adds to each cell unless the caller says otherwise; 0 for measures that exist
        without it.
    vtypes : the ways to compute its variance, the default first.
    corrections : the ways to take bias from its estimate, the default first; empty when there is none.
    least : smallest size by column, below which the estimate or its variance does not exist.
    """

    name: MeasureName
    title: str
    kind: Kind
    columns: tuple[tuple[str, ...], ...]
    compute: Callable[..., Estimates]
    back: Scale = scales.same
    forward: Scale | None = None
    null: float | None = None
    add: float = 0.5
    vtypes: tuple[VarianceType, ...] = ("LS",)
    corrections: tuple[Correction, ...] = ()
    least: Mapping[str, int] = field(default_factory=dict)

    def to_natural(self, y: float, n: float) -> float:
        """Return one value of the analysis scale on the natural scale, for a study of size `n`."""
        return float(self.back(np.float64(y), np.float64(n)))  # type: ignore[arg-type]  # a scalar is an array here

    @property
    def to_analysis(self) -> Callable[[float, float], float] | None:
        """The reverse of `to_natural`, for proportions and rates; None for the other kinds."""
        forward = self.forward
        if forward is None:
            return None
        return lambda p, n: float(forward(np.float64(p), np.float64(n)))  # type: ignore[arg-type]  # as above


def get_measure(name: str) -> Measure:
    """Return the measure called `name`.

    Raises
    ------
    InvalidInput
        There is none of that name; the message lists those there are.
    """
    found = MEASURES.get(name)
    if found is None:
        raise InvalidInput(f"no effect measure {name!r}", hint=f"There are: {', '.join(MEASURES)}.")
    return found


PRINTED: tuple[tuple[str, ...], ...] = (
    ("yi", "vi"),
    ("yi", "sei"),
    ("yi", "ci_lb", "ci_ub"),
    ("yi", "zval"),
    ("yi", "pval"),
)
"""An estimate on the analysis scale, with what was printed beside it."""

_PRINTED_RATIO = (
    ("out", "ci_lb", "ci_ub"),
    ("out", "sei"),
    ("out", "zval"),
    ("out", "pval"),
    ("yi", "vi"),
    ("yi", "sei"),
)
"""A ratio with its interval as printed, or its logarithm. A standard error is always one of the logarithm."""

_ONE_ARM = (("xi", "ni"), ("xi", "mi"))
_TIME = (("xi", "ti"),)
_TWO_ARMS = (("ai", "bi", "ci", "di"), ("ai", "n1i", "ci", "n2i"))
_PAIRS = (("ai", "bi", "ci", "di"),)
_TWO_TIMES = (("x1i", "t1i", "x2i", "t2i"),)
_TWO_MEANS = (("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"),)
_CONTROL_SD = (("m1i", "n1i", "m2i", "sd2i", "n2i"), *_TWO_MEANS)
_TWO_SDS = (("sd1i", "n1i", "sd2i", "n2i"), *_TWO_MEANS)
_ONE_MEAN = (("mi", "sdi", "ni"),)
_ONE_SD = (("sdi", "ni"), *_ONE_MEAN)
_CHANGE = (("m1i", "sd1i", "m2i", "sd2i", "ni", "ri"),)
_CHANGE_SD1 = (("m1i", "sd1i", "m2i", "ni", "ri"), *_CHANGE)
_CHANGE_SDS = (("sd1i", "sd2i", "ni", "ri"), *_CHANGE)
_CORRELATION = (("ri", "ni"),)
_PARTIAL = (("ti", "ni", "mi"), ("ri", "ni", "mi"))
_SEMIPARTIAL = (("ti", "ni", "mi", "r2i"), ("ri", "ni", "mi", "r2i"))
_ALPHA = (("ai", "mi", "ni"),)

_HEDGES: tuple[Correction, ...] = ("exact", "approximate", "none")
_SECOND_TERM: tuple[Correction, ...] = ("exact", "none")

_BOTH_2 = {"n1i": 2, "n2i": 2}


def _proportions() -> tuple[Measure, ...]:
    entry = partial(Measure, kind="proportion", columns=_ONE_ARM)
    return (
        entry(
            "PR",
            "raw proportion",
            compute=counts.raw_proportion,
            back=scales.unit,
            forward=scales.same,
            vtypes=("LS", "UB", "AV"),
        ),
        entry("PLN", "log proportion", compute=counts.log_proportion, back=scales.exp_unit, forward=scales.log_of),
        entry("PLO", "logit proportion", compute=counts.logit_proportion, back=scales.expit, forward=scales.logit_of),
        entry(
            "PAS",
            "arcsine proportion",
            compute=counts.arcsine_proportion,
            back=scales.sine_squared,
            forward=scales.arcsine_of,
            add=0.0,
        ),
        entry(
            "PFT",
            "double arcsine proportion",
            compute=counts.freeman_tukey,
            back=scales.undo_double_arcsine,
            forward=scales.double_arcsine,
            add=0.0,
        ),
    )


def _rates() -> tuple[Measure, ...]:
    entry = partial(Measure, kind="rate", columns=_TIME)
    return (
        entry("IR", "raw incidence rate", compute=counts.rate, back=scales.not_negative, forward=scales.same),
        entry("IRLN", "log incidence rate", compute=counts.log_rate, back=scales.exp, forward=scales.log_of),
        entry(
            "IRS",
            "root incidence rate",
            compute=counts.root_rate,
            back=scales.square,
            forward=scales.root_of,
            add=0.0,
        ),
        entry(
            "IRFT",
            "double root incidence rate",
            compute=counts.double_root_rate,
            back=scales.undo_double_root,
            forward=scales.double_root,
            add=0.0,
        ),
    )


def _two_by_two() -> tuple[Measure, ...]:
    entry = partial(Measure, kind="two-by-two", columns=_TWO_ARMS)
    ratio = partial(entry, back=scales.exp, null=1.0)
    bounded = partial(entry, back=scales.within_one, null=0.0)
    level = partial(entry, null=0.0)
    cox = partial(counts.odds_ratio_as_d, scale=COX_SCALE)
    return (
        ratio("OR", "log odds ratio", columns=_TWO_ARMS + _PRINTED_RATIO, compute=counts.odds_ratio),
        ratio("RR", "log risk ratio", columns=_TWO_ARMS + _PRINTED_RATIO, compute=counts.risk_ratio),
        level(
            "RD",
            "risk difference",
            columns=_TWO_ARMS + PRINTED,
            compute=counts.risk_difference,
            vtypes=("LS", "UB", "AV"),
        ),
        level("AS", "difference of arcsines", compute=counts.arcsine_difference, add=0.0),
        ratio("PETO", "log odds ratio by Peto's method", compute=counts.peto),
        bounded("PHI", "phi coefficient", compute=counts.phi, add=0.0, vtypes=("LS", "ST", "CS")),
        bounded("YUQ", "Yule's Q", compute=counts.yule_q),
        bounded("YUY", "Yule's Y", compute=counts.yule_y),
        bounded("RTET", "tetrachoric correlation", compute=tetrachoric, add=0.0),
        level("PBIT", "difference of probits", compute=counts.probit_difference),
        level("OR2D", "standardised mean difference from an odds ratio", compute=counts.odds_ratio_as_d),
        level("OR2DL", "standardised mean difference from an odds ratio, logistic", compute=counts.odds_ratio_as_d),
        level("OR2DN", "standardised mean difference from an odds ratio, normal", compute=cox),
    )


def _pairs() -> tuple[Measure, ...]:
    entry = partial(Measure, kind="pairs", columns=_PAIRS)
    ratio = partial(entry, back=scales.exp, null=1.0)
    return (
        entry("MPRD", "risk difference in pairs", compute=counts.paired_difference, null=0.0),
        ratio("MPRR", "log risk ratio in pairs", compute=counts.paired_risk_ratio),
        ratio("MPOR", "log marginal odds ratio in pairs", compute=counts.paired_odds_ratio),
        ratio("MPORC", "log conditional odds ratio in pairs", compute=counts.conditional_odds_ratio),
        ratio("MPPETO", "log odds ratio in pairs by Peto's method", compute=counts.paired_peto),
        ratio(
            "MPORM",
            "log marginal odds ratio from margins and correlation",
            columns=(("ai", "bi", "ci", "di", "ri"),),
            compute=counts.paired_odds_ratio_from_margins,
        ),
    )


def _two_rates() -> tuple[Measure, ...]:
    entry = partial(Measure, kind="two-rates", columns=_TWO_TIMES)
    return (
        entry(
            "IRR",
            "log rate ratio",
            columns=_TWO_TIMES + _PRINTED_RATIO,
            compute=counts.rate_ratio,
            back=scales.exp,
            null=1.0,
        ),
        entry("IRD", "rate difference", compute=counts.rate_difference, null=0.0),
        entry("IRSD", "difference of root rates", compute=counts.root_rate_difference, null=0.0, add=0.0),
    )


def _two_means() -> tuple[Measure, ...]:
    entry = partial(Measure, kind="two-means", columns=_TWO_MEANS)
    level = partial(entry, null=0.0)
    hedged = partial(level, corrections=_HEDGES)
    return (
        level(
            "MD", "mean difference", columns=_TWO_MEANS + PRINTED, compute=means.mean_difference, vtypes=("LS", "HO")
        ),
        hedged(
            "SMD",
            "standardised mean difference",
            columns=_TWO_MEANS + PRINTED,
            compute=means.standardised_difference,
            vtypes=("LS", "LS2", "UB", "AV"),
        ),
        hedged(
            "SMDH",
            "standardised mean difference, unequal spread",
            compute=means.heteroscedastic_difference,
            least=_BOTH_2,
        ),
        hedged(
            "SMD1",
            "mean difference in units of the second arm's SD",
            columns=_CONTROL_SD,
            compute=means.control_standardised,
            least={"n2i": 3},
        ),
        hedged(
            "SMD1H",
            "mean difference in units of the second arm's SD, unequal spread",
            compute=means.control_standardised_heteroscedastic,
            least={"n1i": 2, "n2i": 3},
        ),
    )


def _two_means_otherwise() -> tuple[Measure, ...]:
    entry = partial(Measure, kind="two-means", columns=_TWO_MEANS)
    level = partial(entry, null=0.0)
    ratio = partial(entry, back=scales.exp, null=1.0)
    cox = partial(means.difference_as_odds_ratio, scale=COX_SCALE)
    return (
        ratio(
            "ROM",
            "log ratio of means",
            columns=_TWO_MEANS + _PRINTED_RATIO,
            compute=means.ratio_of_means,
            vtypes=("LS", "HO", "AV", "AVHO"),
            corrections=_SECOND_TERM,
        ),
        ratio(
            "CVR",
            "log ratio of coefficients of variation",
            compute=means.variation_ratio,
            corrections=_SECOND_TERM,
            least=_BOTH_2,
        ),
        ratio(
            "VR",
            "log ratio of standard deviations",
            columns=_TWO_SDS,
            compute=means.variability_ratio,
            corrections=_SECOND_TERM,
            least=_BOTH_2,
        ),
        level(
            "RPB",
            "point-biserial correlation",
            compute=means.point_biserial,
            back=scales.within_one,
            vtypes=("LS", "ST", "CS"),
        ),
        level("RBIS", "biserial correlation", compute=means.biserial),
        ratio("D2OR", "log odds ratio from means", compute=means.difference_as_odds_ratio),
        ratio("D2ORL", "log odds ratio from means, logistic", compute=means.difference_as_odds_ratio),
        ratio("D2ORN", "log odds ratio from means, normal", compute=cox),
    )


def _one_mean() -> tuple[Measure, ...]:
    entry = partial(Measure, kind="one-mean", columns=_ONE_MEAN)
    return (
        entry("MN", "mean", compute=means.mean),
        entry("SMN", "standardised mean", compute=means.standardised_mean, corrections=_HEDGES, least={"ni": 3}),
        entry("MNLN", "log mean", compute=means.log_mean, back=scales.exp),
        entry(
            "SDLN",
            "log standard deviation",
            columns=_ONE_SD,
            compute=means.log_deviation,
            back=scales.exp,
            corrections=_SECOND_TERM,
            least={"ni": 2},
        ),
        entry(
            "CVLN",
            "log coefficient of variation",
            compute=means.log_variation,
            back=scales.exp,
            corrections=_SECOND_TERM,
            least={"ni": 2},
        ),
    )


def _change() -> tuple[Measure, ...]:
    entry = partial(Measure, kind="change", columns=_CHANGE, least={"ni": 2})
    level = partial(entry, null=0.0)
    hedged = partial(level, corrections=_HEDGES, least={"ni": 3})
    ratio = partial(entry, back=scales.exp, null=1.0, corrections=_SECOND_TERM)
    return (
        level("MC", "mean change", compute=means.mean_change),
        hedged("SMCC", "mean change in units of the SD of changes", compute=means.change_by_change),
        hedged("SMCR", "mean change in units of the raw SD", columns=_CHANGE_SD1, compute=means.change_by_raw),
        hedged(
            "SMCRH",
            "mean change in units of the raw SD, unequal spread",
            compute=means.change_by_raw_heteroscedastic,
        ),
        ratio("ROMC", "log ratio of the mean after to before", compute=means.change_ratio),
        ratio("CVRC", "log ratio of the coefficient of variation after to before", compute=means.variation_change),
        ratio(
            "VRC",
            "log ratio of the standard deviation after to before",
            columns=_CHANGE_SDS,
            compute=means.variability_change,
            corrections=(),
        ),
    )


def _associations() -> tuple[Measure, ...]:
    entry = partial(Measure, kind="correlation", columns=_CORRELATION, back=scales.within_one, null=0.0)
    return (
        entry("COR", "correlation", compute=correlations.correlation, vtypes=("LS", "AV"), least={"ni": 2}),
        entry(
            "UCOR",
            "unbiased correlation",
            compute=correlations.unbiased_correlation,
            vtypes=("LS", "UB", "AV"),
            least={"ni": 4},
        ),
        entry(
            "ZCOR",
            "Fisher's z of a correlation",
            columns=_CORRELATION + PRINTED,
            compute=correlations.fisher_z,
            back=scales.tanh,
            least={"ni": 4},
        ),
        entry(
            "PCOR",
            "partial correlation",
            columns=_PARTIAL,
            compute=correlations.partial_correlation,
            vtypes=("LS", "AV"),
        ),
        entry(
            "ZPCOR",
            "Fisher's z of a partial correlation",
            columns=_PARTIAL,
            compute=correlations.partial_fisher_z,
            back=scales.tanh,
        ),
        entry("SPCOR", "semi-partial correlation", columns=_SEMIPARTIAL, compute=correlations.semipartial_correlation),
    )


def _others() -> tuple[Measure, ...]:
    alpha = partial(Measure, kind="alpha", columns=_ALPHA, least={"mi": 2, "ni": 3})
    return (
        alpha("ARAW", "coefficient alpha", compute=correlations.alpha, back=scales.at_most_one),
        alpha(
            "AHW",
            "coefficient alpha, Hakstian-Whalen",
            compute=correlations.alpha_hakstian_whalen,
            back=scales.one_minus_cube,
        ),
        alpha("ABT", "coefficient alpha, Bonett", compute=correlations.alpha_bonett, back=scales.one_minus_exp),
        Measure(
            "REH",
            "log relative excess heterozygosity",
            "genotypes",
            (("ai", "bi", "ci"),),
            counts.relative_excess_heterozygosity,
            back=scales.exp,
            null=1.0,
        ),
        Measure("HR", "log hazard ratio", "printed", _PRINTED_RATIO, correlations.printed, back=scales.exp, null=1.0),
        Measure("GEN", "generic effect", "printed", PRINTED, correlations.printed, null=0.0),
    )


MEASURES: dict[str, Measure] = {
    measure.name: measure
    for group in (
        _proportions,
        _rates,
        _two_by_two,
        _pairs,
        _two_rates,
        _two_means,
        _two_means_otherwise,
        _one_mean,
        _change,
        _associations,
        _others,
    )
    for measure in group()
}
"""Every measure there is, by name. A new one is one entry here, its kernel and its name in `MeasureName`."""
