"""Rows about studies: products and doses, what outcomes were taken for, reports of one study, shared patients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stromata.model import Arm, Outcome, OutcomeMapping, StudyLink, numbers
from stromata.reporting.anchors import anchor
from stromata.reporting.content import ArmDose
from stromata.reporting.forest import Linked
from stromata.reporting.lineage import effects_of
from stromata.reporting.results import Views

CLASSES = {
    "any-improvement": "any improvement",
    "response": "response",
    "complete-response": "complete response",
    "relapse": "relapse",
}
RULES = {"default": "stromata's default rule", "protocol": "the protocol's rule", "hand": "the extractor's own word"}


@dataclass(frozen=True, slots=True)
class ArmRow:
    """An arm with its dose; `dose` is None where none was normalised. `schedule` : number and interval, normalised."""

    arm: Arm
    study: Linked
    dose: ArmDose | None
    schedule: str
    cells_per_kg: str
    cautions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MappingRow:
    """What one outcome was taken for.

    Attributes
    ----------
    counts_as : the protocol's outcome in words. `named` : what the extractor had named, where it differs; else empty.
    """

    study: Linked
    outcome: Outcome
    criterion: str
    response_class: str
    counts_as: str
    named: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class FamilyRow:
    """The references that describe one study, each with the reason of its link."""

    study: Linked
    links: tuple[tuple[StudyLink, Linked], ...]


@dataclass(frozen=True, slots=True)
class CohortRow:
    """Studies that may share patients.

    Attributes
    ----------
    stands : (study that stands for all, the syntheses in which it does).
    """

    cohort: str
    place: str
    studies: tuple[Linked, ...]
    reasons: tuple[str, ...]
    stands: tuple[tuple[Linked, tuple[Linked, ...]], ...]


def study_link(views: Views, identifier: str) -> Linked:
    """Return a study's name, linked to its row where the tables hold it."""
    href = "#" + anchor("study", identifier) if identifier in views.studies else ""
    return Linked(views.study_name(identifier), href)


def arm_rows(views: Views) -> Iterator[ArmRow]:
    """Yield the arms with what was given, in the order of their table."""
    doses = {each.arm: each for each in views.content.doses}
    for arm in views.content.tables.arms:
        dose = doses.get(arm.id)
        yield ArmRow(
            arm=arm,
            study=study_link(views, arm.study),
            dose=dose,
            schedule=_schedule(dose) if dose else "",
            cells_per_kg=(
                _range(dose.cells_per_kg, dose.cells_per_kg_high, numbers.scientific)
                if dose and dose.cells_per_kg is not None
                else ""
            ),
            cautions=tuple(caution.text for caution in dose.cautions) if dose else (),
        )


def _schedule(dose: ArmDose) -> str:
    parts = []
    if dose.administrations is not None:
        times = _range(dose.administrations, dose.administrations_high, numbers.plain)
        parts.append("once" if times == "1" else f"{times}{numbers.KEPT}times")
    if dose.interval_days is not None:
        days = _range(dose.interval_days, dose.interval_days_high, numbers.plain)
        parts.append(f"every{numbers.KEPT}{days}{numbers.KEPT}{'day' if days == '1' else 'days'}")
    return ", ".join(parts)


def _range(low: float, high: float | None, shown: Callable[[float], str]) -> str:
    return shown(low) if high is None or high == low else f"{shown(low)} to {shown(high)}"


def mapping_rows(views: Views) -> tuple[MappingRow, ...]:
    """Return what outcomes were taken for, in the protocol's order of outcomes, then of the mappings."""
    outcomes = {each.id: each for each in views.content.tables.outcomes}
    order = list(views.outcomes)
    held = [each for each in views.content.mappings if each.outcome in outcomes]
    held.sort(key=lambda each: order.index(each.kind) if each.kind in order else len(order))
    return tuple(_mapping(views, each, outcomes[each.outcome]) for each in held)


def _mapping(views: Views, each: OutcomeMapping, outcome: Outcome) -> MappingRow:
    return MappingRow(
        study=study_link(views, outcome.study),
        outcome=outcome,
        criterion=each.criterion,
        response_class=CLASSES[each.response_class] if each.response_class else "",
        counts_as=views.outcome_name(each.kind),
        named=views.outcome_name(outcome.kind) if outcome.kind != each.kind else "",
        by=RULES[each.by],
        reason=each.reason,
    )


def family_rows(views: Views) -> tuple[FamilyRow, ...]:
    """Return the studies with several references, or with a reason for their only one."""
    return tuple(
        FamilyRow(study_link(views, study.id), tuple((link, views.cite(link.key)) for link in study.links))
        for study in views.content.tables.studies
        if len(study.links) > 1 or any(link.reason for link in study.links)
    )


def cohort_rows(views: Views) -> tuple[CohortRow, ...]:
    """Return the cohorts that several studies belong to, or that a reason names, with what stands for them where."""
    members: dict[str, list[str]] = {each.cohort: [] for each in views.content.cohorts}
    for study in views.content.tables.studies:
        if study.cohort:
            members.setdefault(study.cohort, []).append(study.id)
    told = {each.cohort for each in views.content.cohorts}
    return tuple(
        CohortRow(
            cohort=cohort,
            place=anchor("cohort", cohort),
            studies=tuple(study_link(views, each) for each in studies),
            reasons=tuple(each.reason for each in views.content.cohorts if each.cohort == cohort),
            stands=_stands(views, set(studies)),
        )
        for cohort, studies in members.items()
        if studies and (len(studies) > 1 or cohort in told)
    )


def _stands(views: Views, studies: set[str]) -> tuple[tuple[Linked, tuple[Linked, ...]], ...]:
    """Return which study of a cohort entered which syntheses, where another was left out for it."""
    found: dict[str, list[Linked]] = {}
    for synthesis in views.content.syntheses:
        left_out = {each.study for each in synthesis.left_out if each.code == "shared-patients"}
        if left_out & studies:
            where = Linked(views.title(synthesis), "#" + anchor("synthesis", synthesis.id))
            for study in dict.fromkeys(each.study for each in effects_of(synthesis) if each.study in studies):
                found.setdefault(study, []).append(where)
    return tuple((study_link(views, study), tuple(where)) for study, where in found.items())
