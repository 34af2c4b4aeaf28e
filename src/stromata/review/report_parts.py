"""What the report says of products, appraisals, extraction and overlap, in the words of the domain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from stromata import appraisal, clinical, reporting
from stromata.model import (
    Appraisal,
    OutcomeMapping,
    ReviewProtocol,
    StudyTables,
)
from stromata.model.numbers import scientific
from stromata.reporting.content import Labels
from stromata.review.appraisal import appraisal_standings
from stromata.review.extraction import automation_ledger, custom_answers
from stromata.review.references import find_by_key
from stromata.review.select import study_labels
from stromata.store import Snapshot


def arm_doses(tables: StudyTables) -> tuple[reporting.ArmDose, ...]:
    """Return the dose of each arm that was given a product, brought to common units where the text allows it."""
    found = []
    for arm in tables.arms:
        if arm.product is None or not (arm.product.dose or arm.product.schedule):
            continue
        dose = clinical.parse_dose(arm.product.dose, schedule=arm.product.schedule, route=arm.product.route)
        found.append(
            reporting.ArmDose(
                arm=arm.id,
                per_administration=_amount(dose.per_administration),
                administrations=dose.administrations,
                interval_days=dose.interval_days,
                cumulative=_amount(dose.cumulative),
                cells_per_kg=dose.cells_per_kg,
                cautions=dose.cautions,
                administrations_high=dose.administrations_high,
                interval_days_high=dose.interval_days_high,
                cells_per_kg_high=dose.cells_per_kg_high,
            )
        )
    return tuple(found)


_UNITS = {"cells/cm2": "cells/cm²", "cells/m2": "cells/m²", "ug": "µg", "ug/kg": "µg/kg"}


def _amount(amount: clinical.Amount | None) -> str:
    if amount is None:
        return ""
    value = scientific(amount.value)
    if amount.high is not None:
        value = f"{value} to {scientific(amount.high)}"
    per = f" per {amount.per}" if amount.per else ""
    return f"{value} {_UNITS.get(amount.unit, amount.unit)}{per}"


def map_labels(protocol: ReviewProtocol, tables: StudyTables) -> reporting.MapLabels:
    """Return the words of the evidence map: the protocol's conditions, and the domain's terms for what was extracted.

    Narrower terms are shown under the broadest one (Wharton's jelly under umbilical cord).
    """
    products = [arm.product for arm in tables.arms if arm.product]
    return reporting.MapLabels(
        diseases=tuple((item.id, item.label) for item in protocol.conditions),
        tissues=_shown("tissues", (item.tissue for item in products)),
        routes=_shown("routes", (item.route for item in products)),
        products=_shown("products", (str(item.product_class) for item in products)),
        levels=_levels(),
    )


def _shown(vocabulary: clinical.Vocabulary, words: Iterable[str]) -> Labels:
    """Return (as extracted, labels of the broadest terms in it) in the vocabulary's order.

    A text that names several is shown under all of them together; words that the vocabulary lacks are left out.
    """
    order = {term.id: place for place, term in enumerate(clinical.terms(vocabulary))}
    found = {}
    for word in dict.fromkeys(words):
        whole = clinical.recognise(vocabulary, word)
        named = [whole] if whole else [match.term for match in clinical.find(vocabulary, word)]
        broad = {(term, *clinical.ancestors(vocabulary, term.id))[-1] for term in named}
        if broad:
            ranked = sorted(broad, key=lambda term: order[term.id])
            labels = [ranked[0].label, *(term.label.lower() for term in ranked[1:])]
            found[word] = ([order[term.id] for term in ranked], " and ".join(labels))
    ordered = sorted(found.items(), key=lambda item: (len(item[1][0]), item[1][0]))
    return tuple((word, label) for word, (_, label) in ordered)


def _levels() -> Labels:
    """Return (design, label) of the designs that have a level of evidence, from the highest."""
    best: dict[str, tuple[int, str]] = {}
    for term in clinical.terms("designs"):
        if term.level is not None and term.level > best.get(term.design, (0, ""))[0]:
            own = term if term.id == term.design else clinical.term("designs", term.parent or term.id)
            best[term.design] = (term.level, own.label)
    return tuple((design, label) for design, (_, label) in sorted(best.items(), key=lambda item: -item[1][0]))


def appraisal_sections(
    view: Snapshot, tables: StudyTables, mappings: Iterable[OutcomeMapping], protocol: ReviewProtocol
) -> tuple[reporting.AppraisalSection, ...]:
    """Return one section per tool, in the order of the tools; appraisals that are open or differ are left out."""
    by_tool: dict[str, list[tuple[tuple[str, ...], Appraisal]]] = defaultdict(list)
    for item in appraisal_standings(view):
        if item.final is not None:
            by_tool[item.tool].append((item.appraisers, item.final))
    label = _labels(view, tables)
    kinds = {item.id: item.label for item in protocol.outcomes}
    results = {item.outcome: kinds.get(item.kind, item.kind) for item in mappings}
    return tuple(_section(tool, by_tool[tool.id], label, results) for tool in appraisal.tools() if by_tool.get(tool.id))


def _section(
    tool: appraisal.Tool,
    finals: list[tuple[tuple[str, ...], Appraisal]],
    label: Callable[[str], str],
    results: dict[str, str],
) -> reporting.AppraisalSection:
    rows = [
        reporting.AppraisalRow(
            appraisal=final,
            label=label(final.study),
            result=results.get(final.result, final.result),
            appraisers=appraisers,
        )
        for appraisers, final in finals
    ]
    options = tool.levels or tuple(
        appraisal.Level(one.id, one.label, one.symbol, one.rank) for one in tool.answers if one.symbol
    )
    return reporting.AppraisalSection(
        id=tool.id,
        tool=tool.name,
        version=tool.version,
        domains=tuple((one.column, one.label) for one in appraisal.columns(tool) if one.column != appraisal.OVERALL),
        levels=tuple(reporting.AppraisalLevel(one.id, one.label, one.symbol, one.rank) for one in options),
        rows=tuple(rows),
        overall_levels=tuple(
            reporting.AppraisalLevel(one.id, one.label, one.symbol, one.rank) for one in tool.overall_levels
        ),
        link=tool.url,
        questions=tuple(
            (question.id, domain.id, question.text) for domain in tool.domains for question in domain.questions
        ),
        notes=tuple(filter(None, (tool.about, tool.doubt))),
    )


def _labels(view: Snapshot, tables: StudyTables) -> Callable[[str], str]:
    """Return what a figure prints for a study's id, or for the key of a published review."""
    studies = study_labels(tables.studies)
    reviews = {item.review: item.label for item in tables.inclusions}

    def label(key: str) -> str:
        if key in studies or key in reviews:
            return studies.get(key) or reviews[key]
        records = find_by_key(view, key)
        if not records:
            return key
        record = view.record(records[0])
        first = record.authors[0].family if record.authors else ""
        return f"{first} {record.year or ''}".strip() or key

    return label


def published_reviews(view: Snapshot, tables: StudyTables) -> tuple[reporting.PublishedReview, ...]:
    """Return the published reviews of the table of overlap, with their years, in the order of their first mark."""
    found = {}
    for item in tables.inclusions:
        if item.review not in found:
            records = find_by_key(view, item.review)
            year = view.record(records[0]).year if records else None
            found[item.review] = reporting.PublishedReview(item.review, item.label, year)
    return tuple(found.values())


def cohort_reasons(tables: StudyTables) -> Iterator[reporting.CohortReason]:
    """Yield why the studies of each cohort are thought to share patients, as far as people said so."""
    reasons: dict[str, dict[str, None]] = defaultdict(dict)
    for study in tables.studies:
        if study.cohort and study.cohort_reason:
            reasons[study.cohort][study.cohort_reason] = None
    for cohort, texts in reasons.items():
        yield reporting.CohortReason(cohort, " ".join(texts))


def automation(view: Snapshot) -> tuple[reporting.AutomationUse, ...]:
    """Return what programs proposed, and what people made of it."""
    return tuple(
        reporting.AutomationUse(program, version, made, judged["accepted"], judged["amended"], judged["rejected"])
        for program, version, made, judged in automation_ledger(view)
    )


def own_answers(view: Snapshot, protocol: ReviewProtocol) -> Iterator[reporting.CustomAnswer]:
    """Yield the answers to the fields that only this review asks for."""
    fields = {(field.level, field.id): field for field in protocol.form}
    for study, answer in custom_answers(view):
        field = fields.get((answer.level, answer.field))
        if field is not None:
            yield reporting.CustomAnswer(study, field.label, answer.value, answer.subject, field.unit, answer.evidence)


def overlapping(tables: StudyTables, view: Snapshot) -> set[str]:
    """Return the ids of the references of the reviews in the table of overlap."""
    keys = {item.review for item in tables.inclusions}
    return {view.reference_of(record) for key in keys for record in find_by_key(view, key)}
