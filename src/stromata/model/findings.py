"""Findings: what a synthesis means for people, with its certainty, as tables and reports show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from stromata.model.consensus import CertaintyJudgement, DomainLevel, LowerDomain
from stromata.model.protocol import MeasureName
from stromata.model.synthesis import Caution, Interval

RelativeMeasure = Literal["RR", "OR", "HR", "RD"]


@dataclass(frozen=True, slots=True)
class AbsoluteEffect:
    """What a relative effect means at an assumed risk.

    Attributes
    ----------
    measure, relative : the effect that was applied.
    per : people that the numbers are about, such as 1000.
    comparator : events among them without the intervention; `intervention` with it, and its interval.
    difference : intervention minus comparator, and its interval. The interval carries the uncertainty of the relative
        effect only; the assumed risk is taken as known.
    text : such as ``60 fewer per 1000 (from 90 fewer to 20 fewer)``.
    """

    measure: RelativeMeasure
    relative: Interval
    per: int
    comparator: float
    intervention: Interval
    difference: Interval
    text: str
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class ContinuousEffect:
    """A difference in means in the units of an instrument.

    Attributes
    ----------
    difference : in units of the instrument.
    important : the smallest difference that patients notice, in the same units; None when not known.
    multiples : the difference as a multiple of `important`; None without it.
    """

    instrument: str
    unit: str
    difference: Interval
    important: float | None
    multiples: Interval | None
    text: str


@dataclass(frozen=True, slots=True)
class FindingsRow:
    """One outcome of a summary of findings.

    Attributes
    ----------
    timeframe : such as ``12 weeks``.
    absolute : risks with and without the intervention; None for continuous outcomes and single arms.
    continuous : the difference in units; None for others.
    proportion : pooled proportion of a single arm, 0 to 1; None where there is a comparison.
    measure, relative : the pooled effect on its natural scale.
    participants, studies : how many people and studies; participants are None when the data do not tell.
    symbols : the certainty in four circles.
    comment : in plain language.
    importance : 1 to 9, fixed before: 7-9 critical, 4-6 important, 1-3 of limited importance; None when not rated.
    """

    outcome: str
    label: str
    timeframe: str
    absolute: AbsoluteEffect | None
    continuous: ContinuousEffect | None
    proportion: Interval | None
    measure: MeasureName
    relative: Interval
    participants: int | None
    studies: int
    certainty: CertaintyJudgement
    symbols: str
    comment: str
    importance: int | None
    synthesis: str
    cautions: tuple[Caution, ...]


@dataclass(frozen=True, slots=True)
class Arms:
    """Events (or people measured) per arm over all studies; None where the data do not tell."""

    events: int | None
    total: int
    comparator_events: int | None = None
    comparator_total: int | None = None


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """One outcome of an evidence profile: what a summary of findings has, with the reasons in columns of their own.

    Attributes
    ----------
    designs : designs of the studies, each with its number.
    domains : each domain that lowers certainty, with its level, in their usual order.
    other : factors that raised certainty, with the reason; empty when none did.
    """

    finding: FindingsRow
    designs: tuple[tuple[str, int], ...]
    domains: tuple[tuple[LowerDomain, DomainLevel], ...]
    other: tuple[str, ...]
    arms: Arms | None
