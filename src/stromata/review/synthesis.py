"""Planned syntheses, computed from the extracted data points and written to the log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import get_args

import numpy as np

from stromata import synthesis
from stromata.errors import InvalidInput, NotFound
from stromata.model import (
    Caution,
    EffectSize,
    LeftOut,
    ModelName,
    ReviewProtocol,
    StudyTables,
    Synthesis,
    SynthesisPlan,
    SynthesisRun,
)
from stromata.progress import Progress, silent
from stromata.review.advice import with_reservations
from stromata.review.analyses import analyse
from stromata.review.board import Board
from stromata.review.methods import method_of
from stromata.review.moderators import moderator_values
from stromata.review.project import Project
from stromata.review.references import find_by_key
from stromata.review.rules import require
from stromata.review.select import Row, Selection, select
from stromata.store import Snapshot
from stromata.synthesis.effects.columns import bad_cells


def run_plans(
    project: Project, plans: Sequence[str] | None = None, *, progress: Progress = silent
) -> tuple[Synthesis, ...]:
    """Compute planned syntheses and write each to the log; an unchanged result is not written again.

    Parameters
    ----------
    plans : ids of the plans to compute; all by default.

    Raises
    ------
    NotAllowed
        The actor is not the lead.
    NotFound
        The protocol has no plan of that id.
    """
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "run syntheses")
        protocol, tables, included = tx.protocol(), tx.tables(), included_studies(tx)
        known = {item.plan: item for item in tx.syntheses()}
        chosen = _chosen(protocol, plans)
        results = []
        for number, plan in enumerate(chosen):
            progress(number, len(chosen), plan.title)
            result = compute(plan, tables, protocol=protocol, included=included)
            results.append(result)
            if known.get(plan.id) != result:
                tx.append(SynthesisRun(synthesis=result))
        progress(len(chosen), len(chosen), "done")
    return tuple(results)


def compute(
    plan: SynthesisPlan, tables: StudyTables, *, protocol: ReviewProtocol, included: tuple[str, ...]
) -> Synthesis:
    """Compute one planned synthesis. Pure: the same data give the same result.

    With `SynthesisPlan.by_condition` the result holds one pool per condition and a test between them.
    """
    selection, impossible = _possible(plan, select(plan, tables, protocol=protocol, included=included))
    pooled = with_reservations(_pooled(plan, selection, tables))
    # Reservations speak of the studies that took part, not of those that the model could not use.
    used = selection.without(item.study for item in pooled.left_out)
    reserved = dict(used.group_cautions)
    left_out = _sorted((*selection.left_out, *impossible, *pooled.left_out))
    return replace(
        pooled,
        subgroups=tuple(
            (label, replace(part, cautions=(*part.cautions, *reserved.get(label, ()))))
            for label, part in pooled.subgroups
        ),
        id=plan.id,
        plan=plan.id,
        title=plan.title,
        left_out=left_out,
        cautions=(*pooled.cautions, *used.cautions, *(() if pooled.effects else _why_nothing(plan, left_out))),
    )


def syntheses(project: Project) -> tuple[Synthesis, ...]:
    """Return the latest result of each plan."""
    with project.store.snapshot(project.id) as view:
        return view.syntheses()


def included_studies(view: Snapshot) -> tuple[str, ...]:
    """Return the ids of the studies that have a reference included at full text."""
    passed = {id_ for id_, item in Board(view).standings()["full-text"].items() if item.state == "included"}
    return tuple(study for study, references in study_references(view).items() if references & passed)


def study_references(view: Snapshot) -> dict[str, set[str]]:
    """Return, for each study, the ids of the references that its links name and that the review holds."""
    return {
        study.id: {view.reference_of(record) for link in study.links for record in find_by_key(view, link.key)}
        for study in view.tables().studies
    }


def _chosen(protocol: ReviewProtocol, wanted: Sequence[str] | None) -> tuple[SynthesisPlan, ...]:
    if wanted is None:
        return protocol.plans
    known = {plan.id: plan for plan in protocol.plans}
    for id_ in wanted:
        if id_ not in known:
            raise NotFound(f"the protocol has no plan {id_!r}; there are: {', '.join(known) or 'none'}")
    return tuple(known[id_] for id_ in wanted)


def _possible(plan: SynthesisPlan, selection: Selection) -> tuple[Selection, tuple[LeftOut, ...]]:
    """Take out rows from whose numbers the measure cannot be computed, such as the logarithm of a mean below 0."""
    columns = {name: np.array(values) for name, values in _columns(selection.rows).items()}
    if not columns:
        return selection, ()
    reasons: dict[int, str] = {}
    for cell in bad_cells(synthesis.get_measure(plan.measure), columns):
        reasons.setdefault(cell.row - 1, f"{plan.measure} cannot be computed: {cell.reason} ({cell.value:g}).")
    gone = tuple(
        LeftOut(selection.rows[place].study, "", "", "impossible", text, selection.rows[place].data_points)
        for place, text in reasons.items()
    )
    return selection.without(item.study for item in gone), gone


def _why_nothing(plan: SynthesisPlan, left_out: tuple[LeftOut, ...]) -> tuple[Caution, ...]:
    """Say why the studies that report the outcome give nothing, each reason once with its studies."""
    reasons: dict[str, dict[str, None]] = defaultdict(dict)
    for item in left_out:
        reasons[item.text][item.study] = None
    if not reasons:
        return ()
    told = " ".join(f"{text} ({', '.join(studies)})" for text, studies in reasons.items())
    return (Caution("nothing-usable", f"No study gives what {plan.measure} needs. {told}"),)


def _pooled(plan: SynthesisPlan, selection: Selection, tables: StudyTables) -> Synthesis:
    """Return the result; where a model cannot be fitted to so few or such data, one that says why it is empty.

    A faulty plan is refused when the protocol is set, so that what fails here is the data.
    """
    effects, method = _effects(plan, selection), method_of(plan)
    data = None
    if plan.moderators:
        data = moderator_values([(row.study, row.data_points) for row in selection.rows], tables, plan.moderators)
    try:
        return analyse(effects, method, data=data)
    except InvalidInput as error:
        if plan.model in get_args(ModelName) and not plan.moderators:
            raise
        empty = analyse((), replace(method, moderators=""))
        text = f"The planned model could not be fitted: {error.message}."
        return replace(empty, moderators=plan.moderators, effects=effects, cautions=(Caution("not-fitted", text),))


def _columns(rows: Iterable[Row]) -> dict[str, list[float]]:
    columns: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        for name, value in row.values:
            columns[name].append(value)
    return columns


def _effects(plan: SynthesisPlan, selection: Selection) -> tuple[EffectSize, ...]:
    if not selection.rows:
        return ()
    effects = synthesis.effect_sizes(
        plan.measure,
        labels=[row.label for row in selection.rows],
        studies=[row.study for row in selection.rows],
        groups=[row.group for row in selection.rows],
        data_points=[row.data_points for row in selection.rows],
        **_columns(selection.rows),  # type: ignore[arg-type]  # every key is a column of the measure, none an option
    )
    return tuple(replace(effect, steps=row.steps) for effect, row in zip(effects, selection.rows, strict=True))


def _sorted(left_out: tuple[LeftOut, ...]) -> tuple[LeftOut, ...]:
    return tuple(sorted(left_out, key=lambda item: (item.code, item.study, item.outcome, item.arm)))
