"""Evidence-to-Decision frames: a template filled in as far as the review knows, loaded, checked and shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from stromata import consensus, reporting
from stromata.consensus.frame_file import frame_text, is_frame_id
from stromata.errors import InvalidInput
from stromata.model import Caution, FindingsOutcome, FrameSet, KeptStatement, Problem, ReviewProtocol
from stromata.model.consensus import CERTAINTIES, EtdFrame, EtdJudgement
from stromata.review.certainty import NOT_JUDGED, Held, changes, find_result, finding, hold, label_of
from stromata.review.project import Project
from stromata.review.rules import require, require_reason
from stromata.store import Snapshot

CRITICAL = 7
"""Outcomes of this importance or more are critical to a decision (GRADE: 7 to 9)."""


def frame_form(
    project: Project,
    id: str,  # noqa: A002 - the word that users know it by
    *,
    question: str = "",
    outcomes: Sequence[str] = (),
) -> str:
    """Return a frame as YAML to be filled in: what the review knows is there, and each criterion names its answers.

    A frame that is in the review already comes with what it holds. The certainty of the outcomes, and what they show of
    good and bad effects, are filled in where nobody judged yet.

    Parameters
    ----------
    question : needed for a new frame.
    outcomes : ``plan`` or ``plan/condition``; by default those of the frame, or the critical ones of the only table of
        findings.

    Raises
    ------
    InvalidInput
        No id, or one that cannot be typed in a command; or no question.
    NotFound
        There is no such synthesis or subgroup.
    """
    if not is_frame_id(id):
        raise InvalidInput(
            f"the id of a frame is {id[:40]!r}; allowed: 1 to 100 letters, digits, hyphens, points, underscores",
            hint="Choose a short name, such as lupus-cord.",
        )
    with project.store.snapshot(project.id) as view:
        protocol = view.protocol()
        held = hold(view, protocol, view.tables())
        there = {item.id: item for item in view.frames()}
    alike = next((name for name in there if name != id and name.casefold() == id.casefold()), None)
    if alike is not None:
        raise InvalidInput(f"{id!r} differs from {alike!r} in capital letters alone", hint="Write the id as before.")
    before = there.get(id, EtdFrame(id, ""))
    if not (question or before.question).strip():
        raise InvalidInput(f"the frame {id!r} needs a question", hint="Say what is to be decided: --question TEXT.")
    chosen = tuple(dict.fromkeys(outcomes)) or before.outcomes or _critical(protocol)
    begun = replace(before, question=question or before.question, outcomes=chosen)
    return consensus.frame_yaml(_filled(begun, held))


def load_frame(project: Project, path: Path, *, reason: str = "") -> tuple[EtdFrame | None, tuple[Problem, ...]]:
    """Keep a filled-in frame; an unchanged one writes nothing.

    Judgements that are as they were keep the name of whoever made them.

    Parameters
    ----------
    reason : why a frame that is in the review already is changed.

    Returns
    -------
    tuple
        The frame, None when anything is wrong with it, and everything that is wrong.

    Raises
    ------
    NotAllowed
        The actor may not fill in frames.
    NotFound
        There is no such file.
    Unreadable
        It is no text, or not YAML.
    InvalidInput
        A frame is changed without a reason.
    """
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "fill in frames")
        frame, problems = consensus.read_frame(
            frame_text(path),
            name=str(path),
            person=project.actor,
            statements=[item.statement.id for item in tx.statements() if not item.dropped],
            judged=[item.outcome for item in tx.certainty()],
            frames=[item.id for item in tx.frames()],
        )
        if frame is None:
            return None, problems
        before = next((item for item in tx.frames() if item.id == frame.id), None)
        frame = _signed(frame, before)
        if frame != before:
            if before is not None:
                require_reason(f"changing the frame {frame.id!r}", reason)
            tx.append(FrameSet(frame=frame, reason=reason))
    return frame, problems


def frames(project: Project) -> tuple[reporting.FrameSection, ...]:
    """Return the frames with the wording of their recommendations and what does not fit within them."""
    with project.store.snapshot(project.id) as view:
        return frame_sections(view, hold(view, view.protocol(), view.tables()))


def frame_sections(view: Snapshot, held: Held) -> tuple[reporting.FrameSection, ...]:
    """Return the frames as of a snapshot, from what `hold` read of it."""
    found = view.frames()
    if not found:
        return ()
    statements = {item.statement.id: item for item in view.statements()}
    return tuple(_section(held, frame, statements) for frame in found)


def _section(held: Held, frame: EtdFrame, statements: Mapping[str, KeptStatement]) -> reporting.FrameSection:
    given = {item.criterion: item for item in frame.judgements}
    criteria = tuple(
        reporting.FrameCriterion(
            one.id,
            one.label,
            one.question,
            tuple((answer.id, answer.label) for answer in one.answers),
            one.status == "sourced" and one.scale_status in {"sourced", "secondary"},
            given.get(one.id),
        )
        for one in consensus.etd_criteria()
    )
    made = frame.recommendation
    levels = [held.judged[name].level for name in frame.outcomes if name in held.judged]
    cautions = (*_simulated(held, frame, statements), *consensus.consistency(frame, certainties=levels))
    cautions += _since(held, frame, {name for name, item in statements.items() if item.dropped})
    return reporting.FrameSection(
        frame,
        criteria,
        consensus.wording(made.strength, made.direction, made.action) if made else "",
        consensus.implications(made.strength, made.direction) if made else (),
        cautions,
    )


def _simulated(held: Held, frame: EtdFrame, statements: Mapping[str, KeptStatement]) -> Iterator[Caution]:
    """Say that the panel behind a frame is simulated: that of its statement, or each that could have voted on it."""
    panels = {plan.id: plan for plan in held.protocol.consensus}
    named = frame.recommendation.statement if frame.recommendation is not None else ""
    kept = statements.get(named)
    plan = panels.get(kept.panel) if kept is not None else None
    title = f" ({plan.title})" if plan is not None and plan.title else ""
    if plan is not None and plan.simulated:
        text = f"The statement {named} is of a simulated panel{title}: its votes were made up to show how it works."
        yield Caution("panel-simulated", f"{text} Nobody should act on this frame.")
    voted = any(item.votes for item in frame.judgements)
    if plan is None and voted and panels and all(each.simulated for each in panels.values()):
        text = "The only panel of this review is simulated: its votes were made up to show how it works."
        yield Caution("panel-simulated", f"{text} Nobody should act on this frame.")


def _since(held: Held, frame: EtdFrame, gone: set[str]) -> tuple[Caution, ...]:
    """Return what has changed under a frame since it was filled in, as far as its outcomes and statement tell."""
    texts = [text for name in frame.outcomes if name in held.judged for text in changes(held, held.judged[name])]
    found = [Caution("evidence-changed", f"Since its certainty was judged: {text}") for text in texts]
    if frame.recommendation is not None and frame.recommendation.statement in gone:
        text = f"The statement {frame.recommendation.statement} that it goes with was taken out."
        found.append(Caution("statement-dropped", text))
    return tuple(found)


def _signed(frame: EtdFrame, before: EtdFrame | None) -> EtdFrame:
    """Return the frame with the names of those who made its unchanged judgements."""
    known = {replace(item, person=""): item for item in before.judgements} if before else {}
    return replace(frame, judgements=tuple(known.get(replace(item, person=""), item) for item in frame.judgements))


# -- what the review knows -----------------------------------------------------------------------------------------


def _critical(protocol: ReviewProtocol) -> tuple[str, ...]:
    """Return the critical outcomes of the only table of findings; of several tables nobody can tell which is meant."""
    if len(protocol.findings) != 1:
        return ()
    return tuple(item.synthesis for item in protocol.findings[0].outcomes if (item.importance or 0) >= CRITICAL)


def _filled(frame: EtdFrame, held: Held) -> EtdFrame:
    """Return the frame with what the review knows, under criteria that nobody judged yet."""
    known = _known(frame, held)
    given = {item.criterion: item for item in frame.judgements}
    order = [one.id for one in consensus.etd_criteria()]
    merged = {name: given.get(name, known.get(name)) for name in order}
    return replace(frame, judgements=tuple(item for item in merged.values() if item is not None))


def _known(frame: EtdFrame, held: Held) -> dict[str, EtdJudgement]:
    domains = {item.id: item.domain for item in held.protocol.outcomes}
    plans = {item.id: domains[item.outcome] for item in held.protocol.plans}
    lines: dict[str, list[str]] = {"desirable": [], "undesirable": [], "certainty": []}
    for name in frame.outcomes:
        effect, level = _told(held, name)
        side = "desirable" if plans[name.partition("/")[0]] == "benefit" else "undesirable"
        lines[side].append(f"{label_of(held, name)}: {effect}.")
        lines["certainty"].append(f"{label_of(held, name)}: {level}.")
    levels = [held.judged[name].level for name in frame.outcomes if name in held.judged]
    answer = min(levels, key=CERTAINTIES.index) if levels and len(levels) == len(frame.outcomes) else ""
    return {
        name: EtdJudgement(name, answer if name == "certainty" else "", evidence=" ".join(texts))
        for name, texts in lines.items()
        if texts
    }


def _told(held: Held, name: str) -> tuple[str, str]:
    """Return the effect and the certainty of an outcome in words."""
    find_result(held, name)
    judgement = held.judged.get(name)
    if judgement is None:
        return NOT_JUDGED.rstrip("."), "not judged yet"
    row = finding(held, held.planned.get(name, FindingsOutcome(name, label_of(held, name))), judgement)
    level = f"{judgement.level.replace('-', ' ')} certainty"
    people = "" if row.participants is None else f", {row.participants} people"
    studies = f"{row.studies} {'study' if row.studies == 1 else 'studies'}{people}"
    return f"{consensus.effect_in_words(row)}; {studies}; {level}", level
