"""The families of effect measures: what each is computed from, how its natural scale is read, what it is called.

One table for all who must know: the study tables (what has to be extracted), plans, numbers in print, figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from stromata.model.protocol import MeasureName

MeasureKind = Literal[
    "proportion",
    "rate",
    "two-by-two",
    "pairs",
    "two-rates",
    "two-means",
    "one-mean",
    "change",
    "correlation",
    "alpha",
    "genotypes",
    "printed",
]
"""What a measure is computed from: counts of one or two groups, events in a time, means, pairs, what was printed."""

Family = Literal["proportion", "ratio", "difference", "number", "correlation"]
"""How a natural scale is read; a ``number`` is of any size, such as a rate, and keeps three digits that count."""


@dataclass(frozen=True, slots=True)
class MeasureFamily:
    """What a measure is.

    Attributes
    ----------
    name : the natural scale in words.
    favours : each side of no effect favours one of two groups; not so for associations, changes and single groups.
    """

    kind: MeasureKind
    family: Family
    name: str
    favours: bool = False


def _each(kind: MeasureKind, *rows: tuple[str, Family, str], favours: bool = False) -> Mapping[str, MeasureFamily]:
    """Return measures of one kind: (names with spaces between, family, natural scale in words)."""
    return {
        name: MeasureFamily(kind, family, words, favours) for names, family, words in rows for name in names.split()
    }


_FAMILIES: Mapping[str, MeasureFamily] = {
    **_each("proportion", ("PR PLN PLO PAS PFT", "proportion", "Proportion")),
    **_each("rate", ("IR IRLN IRS IRFT", "number", "Incidence rate")),
    **_each(
        "two-by-two",
        ("OR", "ratio", "Odds ratio"),
        ("RR", "ratio", "Risk ratio"),
        ("RD", "difference", "Risk difference"),
        ("AS", "difference", "Arcsine difference"),
        ("PETO", "ratio", "Peto odds ratio"),
        ("PBIT", "difference", "Probit difference"),
        ("OR2D OR2DL OR2DN", "difference", "Standardised mean difference"),
        favours=True,
    ),
    **_each(
        "two-by-two",
        ("PHI", "correlation", "Phi coefficient"),
        ("YUQ", "correlation", "Yule's Q"),
        ("YUY", "correlation", "Yule's Y"),
        ("RTET", "correlation", "Tetrachoric correlation"),
    ),
    **_each(
        "pairs",
        ("MPRD", "difference", "Risk difference in pairs"),
        ("MPRR", "ratio", "Risk ratio in pairs"),
        ("MPOR MPORM", "ratio", "Marginal odds ratio in pairs"),
        ("MPORC", "ratio", "Conditional odds ratio in pairs"),
        ("MPPETO", "ratio", "Peto odds ratio in pairs"),
        favours=True,
    ),
    **_each(
        "two-rates",
        ("IRR", "ratio", "Rate ratio"),
        ("IRD", "number", "Rate difference"),
        ("IRSD", "number", "Difference of root rates"),
        favours=True,
    ),
    **_each(
        "two-means",
        ("MD", "difference", "Mean difference"),
        ("SMD SMDH SMD1 SMD1H", "difference", "Standardised mean difference"),
        ("ROM", "ratio", "Ratio of means"),
        ("CVR", "ratio", "Ratio of coefficients of variation"),
        ("VR", "ratio", "Ratio of standard deviations"),
        ("D2OR D2ORL D2ORN", "ratio", "Odds ratio"),
        favours=True,
    ),
    **_each(
        "two-means",
        ("RPB", "correlation", "Point-biserial correlation"),
        ("RBIS", "correlation", "Biserial correlation"),
    ),
    **_each(
        "one-mean",
        ("MN", "difference", "Mean"),
        ("SMN", "difference", "Standardised mean"),
        ("MNLN", "difference", "Geometric mean"),
        ("SDLN", "difference", "Standard deviation"),
        ("CVLN", "number", "Coefficient of variation"),
    ),
    **_each(
        "change",
        ("MC", "difference", "Mean change"),
        ("SMCC SMCR SMCRH", "difference", "Standardised mean change"),
        ("ROMC", "ratio", "Ratio of means after to before"),
        ("CVRC", "ratio", "Ratio of coefficients of variation after to before"),
        ("VRC", "ratio", "Ratio of standard deviations after to before"),
    ),
    **_each(
        "correlation",
        ("COR UCOR ZCOR", "correlation", "Correlation"),
        ("PCOR ZPCOR", "correlation", "Partial correlation"),
        ("SPCOR", "correlation", "Semi-partial correlation"),
    ),
    **_each("alpha", ("ARAW AHW ABT", "correlation", "Coefficient alpha")),
    **_each("genotypes", ("REH", "ratio", "Relative excess heterozygosity")),
    **_each("printed", ("HR", "ratio", "Hazard ratio"), favours=True),
    **_each("printed", ("GEN", "number", "Effect")),
}

OF_ONE_GROUP: frozenset[MeasureKind] = frozenset({"proportion", "rate", "one-mean", "alpha"})
"""Kinds that compare nothing, and so have no value of no effect."""


def measure_family(measure: MeasureName) -> MeasureFamily:
    """Return what a measure is."""
    return _FAMILIES[measure]


def measures_of(*kinds: MeasureKind) -> tuple[MeasureName, ...]:
    """Return the measures of some kinds, in the order of the kinds."""
    return tuple(name for kind in kinds for name in get_args(MeasureName) if _FAMILIES[name].kind == kind)
