"""Grades of adverse events by CTCAE: the highest grade that any feature of the event stands for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from stromata.clinical.instruments.catalogue import Citation, GradingRule, instrument, words
from stromata.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Grade:
    """The grade of one event. `feature` is the one that decided; `term` is empty for the general rule."""

    grade: int
    label: str
    feature: str
    version: str
    term: str
    source: Citation | None
    note: str = ""


def grade_event(features: Collection[str], *, version: str, term: str = "") -> Grade:
    """Grade one adverse event.

    Parameters
    ----------
    features : what is known of the event, such as ``hospital-stay`` or ``urgent-intervention``; or a grade word
        (``severe``).
    version : of CTCAE, ``"4"`` or ``"5"`` (also ``"5.0"``); it is kept with the grade, since versions differ.
    term : a term with a rule of its own, such as ``infusion-related reaction``; empty for the general grades.

    Raises
    ------
    InvalidInput
        No or unknown features, a version that was not read, or a term without a sourced rule.

    Examples
    --------
    >>> grade_event(["hospital-stay"], version="5").grade
    3
    """
    rule = _rule(term, version)
    known = {" ".join(words(name)): (name, grade) for name, grade in rule.features}
    labels = {band.label: int(band.low) for band in instrument("CTCAE").bands[0].bands}
    known |= {" ".join(words(label)): (label, grade) for label, grade in labels.items()}
    wrong = [name for name in features if " ".join(words(name)) not in known]
    if wrong or not features:
        raise InvalidInput(
            f"unknown features of an adverse event: {', '.join(map(repr, wrong))}" if wrong else "no feature is given",
            hint=f"Known are: {', '.join(sorted({name for name, _ in known.values()}))}.",
        )
    feature, grade = max((known[" ".join(words(name))] for name in features), key=lambda found: found[1])
    label = next(name for name, value in labels.items() if value == grade)
    return Grade(grade, label, feature, version, rule.term, rule.source, rule.note)


def _rule(term: str, version: str) -> GradingRule:
    rules = instrument("CTCAE").grading
    found = next((rule for rule in rules if words(rule.term) == words(term)), None)
    if found is None:
        known = ", ".join(rule.term for rule in rules if rule.term)
        raise InvalidInput(
            f"no sourced CTCAE rule for the term {term!r}",
            hint=f"Terms with a rule: {known}. Without a term the general grades are used.",
        )
    if version.split(".", maxsplit=1)[0].lstrip("v") not in found.versions:
        raise InvalidInput(
            f"CTCAE version {version!r} was not read for {term or 'the general grades'}",
            hint=f"Versions: {', '.join(found.versions)}.",
        )
    return found
