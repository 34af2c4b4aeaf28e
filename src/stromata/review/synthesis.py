"""Planned syntheses, computed from the extracted data points and written to the log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from stromata import synthesis
from stromata.errors import NotFound
from stromata.model import EffectSize, LeftOut, ReviewProtocol, StudyTables, Synthesis, SynthesisPlan, SynthesisRun
from stromata.progress import Progress, silent
from stromata.review.board import Board
from stromata.review.project import Project
from stromata.review.references import find_by_key
from stromata.review.rules import require
from stromata.review.select import Selection, select
from stromata.store import Snapshot


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
    selection = select(plan, tables, protocol=protocol, included=included)
    pooled = synthesis.pool(
        _effects(plan, selection),
        measure=plan.measure,
        model=plan.model,
        tau2=plan.tau2,
        test=plan.test,
        level=plan.level,
        by_group=plan.by_condition,
    )
    reserved = dict(selection.group_cautions)
    return replace(
        pooled,
        subgroups=tuple(
            (label, replace(part, cautions=(*part.cautions, *reserved.get(label, ()))))
            for label, part in pooled.subgroups
        ),
        id=plan.id,
        plan=plan.id,
        title=plan.title,
        left_out=_sorted((*selection.left_out, *pooled.left_out)),
        cautions=(*pooled.cautions, *selection.cautions),
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


def _effects(plan: SynthesisPlan, selection: Selection) -> tuple[EffectSize, ...]:
    if not selection.rows:
        return ()
    columns: dict[str, list[float]] = defaultdict(list)
    for row in selection.rows:
        for name, value in row.values:
            columns[name].append(value)
    effects = synthesis.effect_sizes(
        plan.measure,
        labels=[row.label for row in selection.rows],
        studies=[row.study for row in selection.rows],
        groups=[row.group for row in selection.rows],
        data_points=[row.data_points for row in selection.rows],
        **columns,  # type: ignore[arg-type]  # every key is a column of the measure, none an option
    )
    return tuple(replace(effect, steps=row.steps) for effect, row in zip(effects, selection.rows, strict=True))


def _sorted(left_out: tuple[LeftOut, ...]) -> tuple[LeftOut, ...]:
    return tuple(sorted(left_out, key=lambda item: (item.code, item.study, item.outcome, item.arm)))
