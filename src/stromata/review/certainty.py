"""The certainty of each synthesis: what the numbers propose, what a person judged, and summaries of findings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast, get_args

from stromata import consensus, reporting
from stromata.consensus.grade import STEPS, Proposal
from stromata.errors import InvalidInput, NotFound
from stromata.model import (
    Appraisal,
    Caution,
    CertaintyJudged,
    Design,
    FindingsOutcome,
    FindingsTable,
    Problem,
    ReviewProtocol,
    Statistic,
    StudyTables,
    Synthesis,
    SynthesisPlan,
    faults,
)
from stromata.model.consensus import Certainty, CertaintyJudgement
from stromata.model.findings import AbsoluteEffect, ContinuousEffect, FindingsRow, RelativeMeasure
from stromata.review.appraisal import appraisal_standings
from stromata.review.asymmetry import propose_asymmetry
from stromata.review.project import Project
from stromata.review.rules import require
from stromata.store import Snapshot

NOT_JUDGED = "Its certainty has not been judged yet."
_NO_RESULT = "No study gives numbers that may be pooled."
_NO_PATIENTS = "No included study of this disease gives numbers that can be pooled."
_NOT_COMPUTED = "The synthesis has not been computed yet."
_FROM_DATA = ("risk-of-bias", "inconsistency", "imprecision")
"""Domains whose proposal follows from what the review holds: when it changes, the judgement needs another look.

So does that of publication bias where asymmetry was tested, both then and now: a test that has become possible, or that
stromata did not have then, is no change of the evidence that was judged.
"""


@dataclass(frozen=True, slots=True)
class CertaintyStanding:
    """Where the certainty of one synthesis stands.

    Attributes
    ----------
    synthesis : ``plan`` or ``plan/condition``.
    judgement : None when nobody judged it yet; `missing` then says why.
    changed : a sentence for each thing that is not as it was when it was judged.
    """

    synthesis: str
    label: str
    judgement: CertaintyJudgement | None
    changed: tuple[str, ...] = ()
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """What judgements of certainty rest on, read once from a snapshot.

    Attributes
    ----------
    results : of the plans that are in the protocol.
    planned : outcomes of the tables of findings by synthesis, the first one of each.
    outcome_of, statistic_of : data point to outcome, and to what it is. `designs`, `condition_of` : of studies.
    finals : the appraisals that count.
    indirect : study to the reason why it does not match the question; None when nobody said.
    """

    protocol: ReviewProtocol
    results: tuple[Synthesis, ...]
    planned: Mapping[str, FindingsOutcome]
    judged: Mapping[str, CertaintyJudgement]
    designs: Mapping[str, Design]
    outcome_of: Mapping[str, str]
    finals: tuple[Appraisal, ...]
    statistic_of: Mapping[str, Statistic]
    condition_of: Mapping[str, str]
    indirect: Mapping[str, str] | None = None


def hold(view: Snapshot, protocol: ReviewProtocol, tables: StudyTables) -> Held:
    """Read what judgements of certainty rest on."""
    plans = {plan.id for plan in protocol.plans}
    planned: dict[str, FindingsOutcome] = {}
    for table in protocol.findings:
        for outcome in table.outcomes:
            planned.setdefault(outcome.synthesis, outcome)
    return Held(
        protocol,
        tuple(item for item in view.syntheses() if item.plan in plans),
        planned,
        {item.outcome: item for item in view.certainty()},
        {study.id: study.design for study in tables.studies},
        {point.id: point.outcome for point in tables.data_points},
        tuple(item.final for item in appraisal_standings(view) if item.final is not None),
        {point.id: point.statistic for point in tables.data_points},
        {study.id: study.condition for study in tables.studies},
    )


# -- proposals and judgements --------------------------------------------------------------------------------------


def certainty_form(
    project: Project, syntheses: Sequence[str] | None = None, *, indirect: Mapping[str, str] | None = None
) -> str:
    """Return a form (CSV) with what the numbers propose for each domain of each synthesis; a person fills in levels.

    Parameters
    ----------
    syntheses : ``plan`` or ``plan/condition``; by default those of the tables of findings that have a result.
    indirect : study to the reason why its people, product, comparison or outcome differ from the question.

    Raises
    ------
    NotFound
        There is no such synthesis, subgroup or study, or none at all.
    InvalidInput
        A synthesis was named that has no result.
    """
    with project.store.snapshot(project.id) as view:
        held = _with_indirect(hold(view, view.protocol(), view.tables()), indirect)
    names = tuple(syntheses or ())
    for name in names:
        why = _fault(held, name)
        if why:
            raise InvalidInput(
                f"{name} cannot be judged: {why}",
                hint="Judge it once studies give it a result: extract them, then run its plan (stromata synthesize). "
                "`stromata grade` lists what can be judged.",
            )
    names = names or tuple(name for name in held.planned if name in _names(held) and not _fault(held, name))
    if not names:
        raise NotFound(
            "no outcome of a table of findings has a result",
            hint="Plan the tables in the protocol (findings) and run the syntheses; or name a synthesis.",
        )
    return consensus.certainty_text(propose(held, name) for name in names)


def load_certainty(
    project: Project, path: Path, *, strict: bool = True, indirect: Mapping[str, str] | None = None
) -> tuple[tuple[CertaintyJudgement, ...], tuple[Problem, ...]]:
    """Keep the actor's judgements of certainty from a filled-in form, one event each; unchanged ones write none.

    The proposals are computed again, and kept beside what was decided.

    Parameters
    ----------
    strict : keep nothing while anything is wrong; else keep the judgements of syntheses without a fault.
    indirect : as for `certainty_form`; without it nothing is proposed on indirectness.

    Returns
    -------
    tuple
        The judgements of syntheses without a fault, and everything that is wrong.

    Raises
    ------
    NotAllowed
        The actor may not judge certainty.
    NotFound
        There is no such file or study.
    Unreadable
        The file is no such form.
    """
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "judge certainty")
        held = _with_indirect(hold(tx, tx.protocol(), tx.tables()), indirect)
        ratings, problems = consensus.read_certainty(
            path, syntheses={name: _fault(held, name) for name in _names(held)}
        )
        found = tuple(_judge(held, rating, project.actor) for rating in ratings)
        if not (strict and faults(problems)):
            for item in found:
                if held.judged.get(item.outcome) != item:
                    tx.append(CertaintyJudged(judgement=item))
    return found, problems


def certainty(project: Project) -> tuple[CertaintyStanding, ...]:
    """Return where the certainty of each synthesis stands: those of the tables of findings, then others judged."""
    with project.store.snapshot(project.id) as view:
        held = hold(view, view.protocol(), view.tables())
    names = dict.fromkeys((*held.planned, *held.judged))
    return tuple(_standing(held, name) for name in names)


def _standing(held: Held, name: str) -> CertaintyStanding:
    judgement = held.judged.get(name)
    if judgement is None:
        return CertaintyStanding(name, label_of(held, name), None, (), _fault(held, name) or NOT_JUDGED)
    return CertaintyStanding(name, label_of(held, name), judgement, changes(held, judgement))


def changes(held: Held, judgement: CertaintyJudgement) -> tuple[str, ...]:
    """Return what is not as it was when a certainty was judged, a sentence each; empty when all is."""
    name = judgement.outcome
    try:
        result = consensus.find_evidence(name, held.results, held.protocol.conditions)
    except NotFound:
        return (f"{name} is not there any more.",)
    now = consensus.basis_of(name, result, judgement.level)
    found = [consensus.changed(judgement.basis, now)] if judgement.basis is not None else []
    proposals = {item.domain: item.level for item in propose(held, name).domains}
    for item in judgement.domains:
        level = proposals.get(item.domain)
        tested = item.domain == "publication-bias" and None not in (level, item.proposed)
        if (item.domain in _FROM_DATA or tested) and level != item.proposed:
            words = " → ".join("nothing" if each is None else each.replace("-", " ") for each in (item.proposed, level))
            found.append(f"{name}: what the numbers propose for {item.domain.replace('-', ' ')}: {words}.")
    return tuple(filter(None, found))


def propose(held: Held, name: str) -> consensus.Proposed:
    """Return what the numbers propose for a synthesis."""
    result = find_result(held, name)
    start, why = _start(held, name, result)
    lowering = tuple(_lowering(held, name, result))
    lowered = any(STEPS[one.level] < 0 for one in lowering if one.level is not None)
    domains = (*lowering, _large_effect(result, start, lowered=lowered))
    return consensus.Proposed(name, label_of(held, name), start, why, domains)


def find_result(held: Held, name: str) -> Synthesis:
    """Return the synthesis or subgroup of that name, under this name."""
    return replace(consensus.find_evidence(name, held.results, held.protocol.conditions), id=name)


def label_of(held: Held, name: str) -> str:
    """Return what a synthesis is called in a table of findings, or else by its plan and condition."""
    if name in held.planned:
        return held.planned[name].label
    plan, _, condition = name.partition("/")
    title = next((item.title for item in held.protocol.plans if item.id == plan), plan)
    label = next((item.label for item in held.protocol.conditions if item.id == condition), condition)
    return f"{title}: {label}" if label else title


def _lowering(held: Held, name: str, result: Synthesis) -> Iterator[Proposal]:
    planned = held.planned.get(name)
    thresholds = planned.thresholds if planned else ()
    yield consensus.propose_risk_of_bias(result, consensus.overall_levels(_appraisals(held, result)))
    yield consensus.propose_inconsistency(result, thresholds=thresholds)
    if held.indirect is None:
        text = "No number can tell: judge by people, product, comparison and outcome of the studies."
        yield Proposal("indirectness", None, (), text)
    else:
        yield consensus.propose_indirectness(result, held.indirect)
    size = planned.information_size if planned else None
    yield consensus.propose_imprecision(result, thresholds=thresholds, information_size=size)
    yield propose_asymmetry(result)


def _large_effect(result: Synthesis, start: Certainty | None, *, lowered: bool) -> Proposal:
    if start is None:
        return Proposal("large-effect", None, (), "Certainty has no start that it could be rated up from.")
    return consensus.propose_large_effect(result, start=start, lowered=lowered)


def _start(held: Held, name: str, result: Synthesis) -> tuple[Certainty | None, str]:
    designs = {study: held.designs[study] for study in _studies(result) if study in held.designs}
    weighed = {item.study for item in _appraisals(held, result) if item.tool == "robins-i"}
    others = {study for study, design in designs.items() if design != "rct"}
    try:
        level, why = consensus.start_level(designs.values(), confounding_judged=others <= weighed)
    except InvalidInput as error:
        return None, f"{error.message[:1].upper()}{error.message[1:]}."
    if level == "high" and _plan(held, name).contrast == "single-arm":
        return "low", "One arm of each study is pooled, so that nothing is compared: randomisation does not count here."
    return level, why


def _plan(held: Held, name: str) -> SynthesisPlan:
    return next(item for item in held.protocol.plans if item.id == name.partition("/")[0])


def _appraisals(held: Held, result: Synthesis) -> tuple[Appraisal, ...]:
    """Return the appraisals of the studies in a synthesis, and of results those that were pooled."""
    pooled: dict[str, set[str]] = defaultdict(set)
    for effect in result.effects:
        pooled[effect.study] |= {held.outcome_of.get(point, "") for point in effect.data_points}
    return tuple(
        item for item in held.finals if item.study in pooled and (not item.result or item.result in pooled[item.study])
    )


def _studies(result: Synthesis) -> tuple[str, ...]:
    return tuple(dict.fromkeys(effect.study for effect in result.effects))


def _judge(held: Held, rating: consensus.Rating, person: str) -> CertaintyJudgement:
    proposed = propose(held, rating.synthesis)
    result = find_result(held, rating.synthesis)
    lowered = any(STEPS[level] < 0 for _, level, _ in rating.domains)
    proposals = {item.domain: item for item in proposed.domains}
    proposals["large-effect"] = _large_effect(result, rating.start, lowered=lowered)
    domains = [
        consensus.confirm(
            proposals.get(domain, Proposal(domain, None, (), "")), level=level, reason=reason, person=person
        )
        for domain, level, reason in rating.domains
    ]
    made = consensus.certainty(rating.synthesis, rating.start, domains, start_reason=rating.start_reason)
    cautions = made.cautions
    if proposed.start not in (None, rating.start):
        told = f"Certainty starts {_plain(rating.start)}; the designs propose {_plain(proposed.start)}."
        cautions += (Caution("start-differs", f"{told} {proposed.start_reason}"),)
    return replace(made, cautions=cautions, basis=consensus.basis_of(rating.synthesis, result, made.level))


def _plain(level: Certainty | None) -> str:
    return (level or "").replace("-", " ")


def _with_indirect(held: Held, indirect: Mapping[str, str] | None) -> Held:
    unknown = [study for study in indirect or () if study not in held.designs]
    if unknown:
        raise NotFound(
            f"the table of indirect studies names {unknown[0]!r}, which is no study in this review",
            hint="`stromata studies` lists them.",
        )
    return replace(held, indirect=indirect)


def _names(held: Held) -> tuple[str, ...]:
    """Return every synthesis and subgroup that can be named."""
    ids = {item.label: item.id for item in held.protocol.conditions}
    return tuple(
        name
        for result in held.results
        for name in (result.plan, *(f"{result.plan}/{ids.get(label, label)}" for label, _ in result.subgroups))
    )


def _fault(held: Held, name: str) -> str:
    """Say why a planned synthesis cannot be judged; empty when it can. NotFound for a name that means nothing."""
    try:
        result = consensus.find_evidence(name, held.results, held.protocol.conditions)
    except NotFound:
        if name not in held.planned:
            raise
        computed = {item.plan for item in held.results}
        return _NO_PATIENTS if name.partition("/")[0] in computed else _NOT_COMPUTED
    natural = result.natural
    if result.k and None not in (natural.estimate, natural.ci_low, natural.ci_high):
        return ""
    return next((item.text for item in result.cautions if item.code == "no-studies"), _NO_RESULT)


# -- summaries of findings -----------------------------------------------------------------------------------------


def findings(project: Project, table: str | None = None) -> tuple[reporting.FindingsSection, ...]:
    """Return the summaries of findings that the protocol plans, or one of them.

    Raises
    ------
    NotFound
        The protocol has no such table.
    """
    with project.store.snapshot(project.id) as view:
        protocol = view.protocol()
        found = findings_sections(hold(view, protocol, view.tables()))
    known = ", ".join(item.id for item in protocol.findings) or "none"
    if table is not None and table not in {item.id for item in protocol.findings}:
        raise NotFound(f"the protocol has no table of findings {table!r}; there are: {known}")
    return tuple(item for item in found if table in (None, item.table.id))


def findings_sections(held: Held) -> tuple[reporting.FindingsSection, ...]:
    """Return the planned summaries of findings with their evidence profiles, from what `hold` read of a snapshot."""
    return tuple(_section(held, table) for table in held.protocol.findings)


def _section(held: Held, table: FindingsTable) -> reporting.FindingsSection:
    rows, missing, changed = [], [], []
    for planned in table.outcomes:
        why = _fault(held, planned.synthesis)
        judgement = held.judged.get(planned.synthesis)
        if judgement is not None:
            changed += [(planned.synthesis, text) for text in changes(held, judgement)]
        if why or judgement is None:
            missing.append((planned.label, " ".join(filter(None, (why or NOT_JUDGED, planned.comment)))))
        else:
            rows.append(finding(held, planned, judgement))
    ordered, footnotes = consensus.summary_of_findings(rows)
    profiles = []
    for row in ordered:
        result = find_result(held, row.outcome)
        designs = [held.designs.get(study, "other") for study in _studies(result)]
        profiles.append(consensus.profile_row(row, result, designs=designs))
    cautions: tuple[Caution, ...] = ()
    if len(table.outcomes) > consensus.MOST_OUTCOMES:
        text = f"{len(table.outcomes)} outcomes are planned; a summary of findings shows about seven at most."
        cautions = (Caution("many-outcomes", text),)
    return reporting.FindingsSection(
        table, ordered, footnotes, tuple(profiles), tuple(missing), tuple(changed), cautions
    )


def finding(held: Held, planned: FindingsOutcome, judgement: CertaintyJudgement) -> FindingsRow:
    """Return the row of an outcome that has a result and a judgement."""
    result = find_result(held, planned.synthesis)
    absolute, note = _absolute(held, result, planned)
    continuous, unused = _continuous(held, result, planned)
    row = consensus.findings_row(
        result,
        judgement,
        label=planned.label,
        timeframe=planned.timeframe,
        absolute=absolute,
        continuous=continuous,
        comment=" ".join(filter(None, (planned.comment, note))),
        importance=planned.importance,
    )
    return replace(row, cautions=(*row.cautions, *_unused(planned, result, unused)))


FEWEST_COMPARATORS = 20
"""People without the intervention below whom their risk is told with a caution. A choice of this project."""


def _absolute(held: Held, result: Synthesis, planned: FindingsOutcome) -> tuple[AbsoluteEffect | None, str]:
    """Return the absolute effect at the planned risk, or at that of all comparators together; or why there is none."""
    if result.measure not in get_args(RelativeMeasure):
        return None, ""
    measure = cast("RelativeMeasure", result.measure)
    assumed, cautions = planned.assumed_risk, tuple[Caution, ...]()
    if assumed is None:
        arms = consensus.arms_of(result)
        if arms is None or arms.comparator_events is None or not arms.comparator_total:
            return None, "The risk without the intervention is not known, so there is no absolute effect."
        assumed = arms.comparator_events / arms.comparator_total
        cautions = tuple(_of_comparators(held, result, arms.comparator_total))
    if not assumed and measure != "RD":
        text = "Nobody had the event without the intervention; a ratio of no risk tells no absolute effect."
        return None, text
    found = consensus.absolute_effect(measure, result.natural, assumed=assumed)
    return replace(found, cautions=(*found.cautions, *cautions)), ""


def _of_comparators(held: Held, result: Synthesis, people: int) -> Iterator[Caution]:
    """Say where the risk of all comparators together may be that of nobody whom the question is about."""
    labels = {item.id: item.label for item in held.protocol.conditions}
    conditions = dict.fromkeys(held.condition_of.get(study, "") for study in _studies(result))
    names = [labels.get(condition, condition) for condition in conditions if condition]
    plan = "A planned risk (assumed_risk) from a register or a cohort would say whom it is about."
    if len(names) > 1:
        text = f"The risk without the intervention is that of comparators with different diseases ({', '.join(names)})."
        yield Caution("comparator-risk-mixed", f"{text} {plan}")
    if people < FEWEST_COMPARATORS:
        text = f"The risk without the intervention rests on {people} {'person' if people == 1 else 'people'}."
        yield Caution("comparator-risk-few", f"{text} {plan}")


def _continuous(held: Held, result: Synthesis, planned: FindingsOutcome) -> tuple[ContinuousEffect | None, str]:
    """Return the effect in units of an instrument, or why there is none.

    A final value of one arm is no effect, and no multiple of a difference that patients notice.
    """
    if result.measure not in ("MD", "SMD", "MN"):
        return None, f"{result.measure} is neither a mean nor a difference of means"
    if result.measure == "SMD" and planned.sd is None:
        return None, "a standardised difference is told in units only where sd is planned as well"
    if result.measure == "MN" and not _are_changes(held, result):
        return None, "final values of one arm were pooled, which are no effect"
    found = consensus.continuous_effect(
        result.natural,
        instrument=planned.instrument or planned.label,
        unit=planned.unit,
        sd=planned.sd if result.measure == "SMD" else None,
        important=planned.important,
        of="change" if result.measure == "MN" else "difference",
    )
    return found, ""


def _are_changes(held: Held, result: Synthesis) -> bool:
    """Tell whether the means that were pooled are changes from baseline, by the data points that they rest on."""
    return all(
        any(step.method == "final-to-change" for step in effect.steps)
        or any(held.statistic_of.get(point, "").startswith("change-") for point in effect.data_points)
        for effect in result.effects
    )


def _unused(planned: FindingsOutcome, result: Synthesis, no_units: str) -> Iterator[Caution]:
    """Name what was planned for an outcome and has no place in its row, each with the reason.

    Parameters
    ----------
    no_units : why there is no effect in units; empty where there is one.
    """
    reasons = []
    names = [name for name in ("instrument", "unit", "important") if getattr(planned, name)]
    if no_units and names:
        reasons.append(f"{', '.join(names)}: {no_units}")
    if planned.sd is not None and result.measure != "SMD":
        reasons.append("sd: it turns only a standardised difference (SMD) into units")
    if planned.assumed_risk is not None and result.measure not in get_args(RelativeMeasure):
        reasons.append(f"assumed_risk: {result.measure} is neither a ratio nor a difference of risks")
    if reasons:
        yield Caution("planned-not-used", f"Planned and not used: {'; '.join(reasons)}.")


def risk_from(table: FindingsTable, row: FindingsRow) -> str:
    """Say where the risk without the intervention of a row is from; empty where it has none."""
    if row.absolute is None:
        return ""
    planned = next((item for item in table.outcomes if item.synthesis == row.outcome), None)
    if planned is None or planned.assumed_risk is None:
        return "all comparators together"
    return f"planned: {planned.assumed_reason}" if planned.assumed_reason else "planned"
