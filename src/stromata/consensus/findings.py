"""Rows of a summary-of-findings table and of an evidence profile: plain values, drawn by the report."""

from __future__ import annotations

from collections.abc import Iterable

from stromata.consensus.absolute import whole_people
from stromata.consensus.grade import SYMBOLS, participants_of
from stromata.errors import InvalidInput
from stromata.model import Interval, Synthesis
from stromata.model.consensus import CertaintyJudgement, DomainLevel, LowerDomain
from stromata.model.findings import AbsoluteEffect, Arms, ContinuousEffect, FindingsRow, ProfileRow

MOST_OUTCOMES = 7
"""A summary of findings shows about seven outcomes at most (Cochrane Handbook, chapter 14)."""


_PER = 1000
_PROPORTIONS = frozenset({"PR", "PLN", "PLO", "PAS", "PFT"})


def findings_row(
    result: Synthesis,
    judgement: CertaintyJudgement,
    *,
    label: str,
    timeframe: str = "",
    absolute: AbsoluteEffect | None = None,
    continuous: ContinuousEffect | None = None,
    comment: str = "",
    importance: int | None = None,
) -> FindingsRow:
    """Return the row of one outcome.

    Parameters
    ----------
    absolute, continuous : as `absolute_effect` and `continuous_effect` give them, for this synthesis.

    Raises
    ------
    InvalidInput
        An importance outside 1 to 9.
    """
    if importance is not None and importance not in range(1, 10):
        raise InvalidInput(f"the importance of {label} is {importance}; whole numbers from 1 to 9 are allowed")
    people = [participants_of(dict(effect.inputs)) for effect in result.effects]
    cautions = result.cautions + judgement.cautions + (absolute.cautions if absolute else ())
    return FindingsRow(
        judgement.outcome,
        label,
        timeframe,
        absolute,
        continuous,
        result.natural if result.measure in _PROPORTIONS else None,
        result.measure,
        result.natural,
        round(sum(people)) if people and all(people) else None,
        result.k,
        judgement,
        SYMBOLS[judgement.level],
        comment,
        importance,
        result.id,
        tuple(dict.fromkeys(cautions)),
    )


def summary_of_findings(rows: Iterable[FindingsRow]) -> tuple[tuple[FindingsRow, ...], tuple[str, ...]]:
    """Put rows in order and number their footnotes.

    Returns
    -------
    The rows by falling importance (those not rated last), else in the order given; and all footnotes, each once, in
    the order in which the rows need them. A footnote's number is its place, from 1.

    Raises
    ------
    InvalidInput
        An outcome comes twice.
    """
    found = list(rows)
    twice = [row.outcome for place, row in enumerate(found) if row.outcome in {one.outcome for one in found[:place]}]
    if twice:
        raise InvalidInput(f"the outcome {twice[0]} stands in the summary twice", hint="Keep one row of each outcome.")
    ordered = tuple(sorted(found, key=lambda row: -(row.importance or 0)))
    return ordered, tuple(dict.fromkeys(note for row in ordered for note in row.certainty.footnotes))


def profile_row(finding: FindingsRow, result: Synthesis, *, designs: Iterable[str]) -> ProfileRow:
    """Return the row of an evidence profile.

    Parameters
    ----------
    designs : the design of each study, once per study.
    """
    counted: dict[str, int] = {}
    for design in designs:
        counted[design] = counted.get(design, 0) + 1
    domains: list[tuple[LowerDomain, DomainLevel]] = []
    other: list[str] = []
    for one in finding.certainty.domains:
        if one.domain in {"large-effect", "dose-response", "plausible-confounding"}:
            other += [f"{one.domain.replace('-', ' ')}: {one.reason}"] if one.steps else []
        else:
            domains.append((one.domain, one.level))  # type: ignore[arg-type]  # the factors that raise were taken out
    return ProfileRow(finding, tuple(counted.items()), tuple(domains), tuple(other), arms_of(result))


def effect_in_words(row: FindingsRow) -> str:
    """Return what an outcome's effect means: in a thousand people, in units of an instrument, or else as pooled."""
    if row.absolute is not None:
        return row.absolute.text
    if row.continuous is not None:
        return row.continuous.text.rstrip(".")
    if row.proportion is not None:
        estimate, low, high = map(_of_thousand, _three(row.proportion))
        return f"{estimate} per 1000 ({low} to {high})"
    return relative_in_words(row)


_SPOKEN = {"MD": "mean difference", "SMD": "standardised mean difference", "MN": "mean"}


def relative_in_words(row: FindingsRow) -> str:
    """Return the pooled effect with its interval, such as ``RR 0.6 (0.4 to 0.9)`` or ``mean difference -2 (...)``."""
    shown = [f"{value:.3g}" if value is not None else "not known" for value in _three(row.relative)]
    return f"{_SPOKEN.get(row.measure, row.measure)} {shown[0]} ({shown[1]} to {shown[2]})"


def relative_beside(row: FindingsRow) -> str:
    """Return the pooled effect as it stands beside `effect_in_words`; empty where the two are the same number."""
    if row.absolute is not None or (row.continuous is not None and row.measure not in {"MD", "MN"}):
        return relative_in_words(row)
    return ""


def _three(interval: Interval) -> tuple[float | None, float | None, float | None]:
    return interval.estimate, interval.ci_low, interval.ci_high


def _of_thousand(share: float | None) -> str:
    return "not known" if share is None else whole_people(_PER * share, _PER)


def arms_of(result: Synthesis) -> Arms | None:
    """Return the events and totals of each arm over all studies; None when a study does not tell them."""
    found = [_arms(dict(effect.inputs)) for effect in result.effects]
    if not found or any(one is None for one in found):
        return None
    whole = [one for one in found if one is not None]
    return Arms(
        _total(one.events for one in whole),
        sum(one.total for one in whole),
        _total(one.comparator_events for one in whole),
        _total(one.comparator_total for one in whole),
    )


def _total(values: Iterable[int | None]) -> int | None:
    found = list(values)
    return None if any(value is None for value in found) else sum(value for value in found if value is not None)


def _arms(inputs: dict[str, float]) -> Arms | None:
    whole = {name: round(value) for name, value in inputs.items()}
    if {"xi", "ni"} <= whole.keys():
        return Arms(whole["xi"], whole["ni"])
    if {"ai", "bi", "ci", "di"} <= whole.keys():
        return Arms(whole["ai"], whole["ai"] + whole["bi"], whole["ci"], whole["ci"] + whole["di"])
    if {"ai", "n1i", "ci", "n2i"} <= whole.keys():
        return Arms(whole["ai"], whole["n1i"], whole["ci"], whole["n2i"])
    if {"n1i", "n2i"} <= whole.keys():
        return Arms(None, whole["n1i"], None, whole["n2i"])
    return Arms(None, whole["ni"]) if "ni" in whole else None
