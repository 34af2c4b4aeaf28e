"""Appraisal by people, each for themselves: forms, comparison, consensus."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stromata import appraisal
from stromata.errors import NotAllowed, NotFound
from stromata.model import (
    Appraisal,
    AppraisalRule,
    AppraisalSettled,
    AppraisalWithdrawn,
    Appraised,
    Problem,
    ReviewProtocol,
    StudyTables,
    faults,
)
from stromata.review.project import Project
from stromata.review.rules import require, require_reason
from stromata.store import Snapshot

AppraisalState = Literal["open", "differing", "agreed", "settled"]

AppraisalKey = tuple[str, str, str]
"""Tool, study, result."""


@dataclass(frozen=True, slots=True)
class AppraisalStanding:
    """How far one appraisal is.

    Attributes
    ----------
    state : ``open`` while appraisers are missing; ``differing`` while differences wait for the adjudicator; ``agreed``;
        ``settled`` once the adjudicator has set down the consensus.
    final : the appraisal that counts; None while it is open or differing.
    """

    tool: str
    study: str
    result: str
    appraisers: tuple[str, ...]
    state: AppraisalState
    final: Appraisal | None


def appraisal_form(project: Project, tool: str, studies: Iterable[str]) -> str:
    """Return an empty form (CSV) for a tool: one block of rows per study, or per result where the tool judges results.

    The results of a study are its outcomes that the protocol's rule for the tool names; all its outcomes without one.

    Raises
    ------
    NotFound
        There is no such tool or study.
    """
    found = appraisal.tool(tool)
    with project.store.snapshot(project.id) as view:
        protocol, tables = view.protocol(), view.tables()
    about = [item for study in studies for item in _about(found, study, tables, protocol)]
    return appraisal.form_text(appraisal.form_rows(found, about))


def _about(tool: appraisal.Tool, study: str, tables: StudyTables, protocol: ReviewProtocol) -> list[tuple[str, str]]:
    rule = _rule(protocol, tool.id)
    if "review" in tool.designs:
        return [(study, "")]
    if study not in {item.id for item in tables.studies}:
        raise NotFound(f"there is no study {study!r} in this review", hint="`stromata studies` lists them.")
    if tool.per == "study":
        return [(study, "")]
    wanted = rule.outcomes if rule else ()
    return [(study, item.id) for item in tables.outcomes if item.study == study and (not wanted or item.kind in wanted)]


def load_appraisals(
    project: Project, path: Path, *, strict: bool = True
) -> tuple[tuple[Appraisal, ...], tuple[Problem, ...]]:
    """Keep the actor's filled-in appraisals, one event each, with the levels that follow from the answers filled in.

    Parameters
    ----------
    strict : keep nothing while an appraisal is at fault or unfinished; else keep the good ones.

    Returns
    -------
    tuple
        The finished appraisals, and everything that is wrong or wanting. Answers without support (``support-missing``)
        are named, and keep nothing out.

    Raises
    ------
    NotAllowed
        The actor may not appraise, or all appraisers are in: then only an adjudicator can change the outcome.
    NotFound
        A study or result is not in the review.
    """
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "appraise")
        protocol = tx.protocol()
        found, problems = _read(path, project.actor, protocol)
        if strict and faults(problems):
            return found, problems
        there, tables = _by_key(tx), tx.tables()
        for item in found:
            _require_known(tables, item)
            _require_open(there.get(_key(item), []), protocol, item)
            tx.append(Appraised(appraisal=item, salt=project.salt()))
    return found, problems


def withdraw_appraisal(project: Project, tool: str, study: str, *, result: str = "", reason: str) -> None:
    """Take the actor's own appraisal back, as after a slip in the study's id; the log keeps it.

    Raises
    ------
    NotAllowed
        The actor may not appraise, or another's appraisal of the same can be seen already.
    NotFound
        The actor has not appraised it.
    InvalidInput
        No reason was given.
    """
    require_reason("taking an appraisal back", reason)
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "appraise")
        if len(_by_key(tx).get((tool, study, result), [])) > 1:
            raise NotAllowed(f"{study} has been appraised by others too, and can be seen: nothing is taken back now")
        tx.append(AppraisalWithdrawn(tool=tool, study=study, result=result, appraiser=project.actor, reason=reason))


def settle_appraisals(
    project: Project, path: Path, *, strict: bool = True
) -> tuple[tuple[Appraisal, ...], tuple[Problem, ...]]:
    """Set down the consensus of appraisals from a filled-in form; it counts from then on.

    Raises
    ------
    NotAllowed
        The actor is no adjudicator, or an appraisal that the file settles still waits for an appraiser.
    """
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "settle appraisals")
        protocol = tx.protocol()
        found, problems = _read(path, project.actor, protocol)
        if strict and faults(problems):
            return found, problems
        there = _by_key(tx)
        for item in found:
            _require_complete(there.get(_key(item), []), protocol, item)
            tx.append(AppraisalSettled(appraisal=item))
    return found, problems


def appraisals(project: Project) -> tuple[AppraisalStanding, ...]:
    """Return how far each appraisal is, in the order in which they began. Others' open ones show who, never what."""
    with project.store.snapshot(project.id) as view:
        return appraisal_standings(view)


def appraisal_standings(view: Snapshot) -> tuple[AppraisalStanding, ...]:
    """Return how far each appraisal is as of a snapshot."""
    protocol = view.protocol()
    settled = {_key(item): item for item in view.settled_appraisals()}
    found = []
    for key, given in _by_key(view).items():
        names = tuple(item.appraiser for item in given)
        final, state = settled.get(key), "settled"
        if len(given) < required_appraisers(protocol, key[0]):
            final, state = None, "open"
        elif final is None:
            differs = any(not item.equal for item in appraisal.compare(given[:2]))
            final, state = (None, "differing") if differs else (given[0], "agreed")
        found.append(AppraisalStanding(*key, names, state, final))  # type: ignore[arg-type]  # one of the four above
    return tuple(found)


def compare_appraisals(project: Project) -> tuple[appraisal.Difference, ...]:
    """Return where two appraisers differ, of all appraisals that both have finished and nobody has settled."""
    with project.store.snapshot(project.id) as view:
        protocol = view.protocol()
        settled = {_key(item) for item in view.settled_appraisals()}
        both = [
            item
            for key, given in _by_key(view).items()
            if len(given) >= required_appraisers(protocol, key[0]) and key not in settled
            for item in given[:2]
        ]
    return tuple(item for item in appraisal.compare(both) if not item.equal)


def appraisal_agreement(project: Project) -> tuple[appraisal.Agreement, ...]:
    """Return how far two appraisers agreed, per column of each tool, before anything was settled."""
    with project.store.snapshot(project.id) as view:
        protocol = view.protocol()
        both = [
            item
            for key, given in _by_key(view).items()
            if len(given) >= required_appraisers(protocol, key[0])
            for item in given[:2]
        ]
    return appraisal.agreement(both)


def finished_appraisals(view: Snapshot) -> frozenset[AppraisalKey]:
    """Return tool, study and result of each appraisal that is complete; what others wrote of the rest is sealed."""
    protocol = view.protocol()
    return frozenset(key for key, given in _by_key(view).items() if len(given) >= required_appraisers(protocol, key[0]))


def _read(path: Path, person: str, protocol: ReviewProtocol) -> tuple[tuple[Appraisal, ...], tuple[Problem, ...]]:
    # Only one of the tools lets a team choose critical items, so one rule at most can speak of them.
    rule = next((item for item in protocol.appraisal if item.critical or item.partial_is_flaw), None)
    critical, partial = (rule.critical, rule.partial_is_flaw) if rule else ((), False)
    return appraisal.read_finished(path, appraiser=person, critical=critical, partial_is_flaw=partial)


def _key(item: Appraisal) -> AppraisalKey:
    return item.tool, item.study, item.result


def _by_key(view: Snapshot) -> dict[AppraisalKey, list[Appraisal]]:
    found: dict[AppraisalKey, list[Appraisal]] = {}
    for item in view.appraisals():
        found.setdefault(_key(item), []).append(item)
    return found


def _rule(protocol: ReviewProtocol, tool: str) -> AppraisalRule | None:
    return next((item for item in protocol.appraisal if item.tool == tool), None)


def required_appraisers(protocol: ReviewProtocol, tool: str) -> int:
    """Return how many people appraise with a tool, each for themselves: two, unless the protocol says otherwise."""
    rule = _rule(protocol, tool)
    return rule.appraisers if rule else 2


def _require_known(tables: StudyTables, item: Appraisal) -> None:
    if "review" in appraisal.tool(item.tool).designs:
        return
    if item.study not in {study.id for study in tables.studies}:
        raise NotFound(f"there is no study {item.study!r} in this review", hint="`stromata studies` lists them.")
    results = [outcome.id for outcome in tables.outcomes if outcome.study == item.study]
    if item.result and item.result not in results:
        raise NotFound(f"study {item.study!r} has no result {item.result!r}; it has: {', '.join(results) or 'none'}")


def _require_open(there: list[Appraisal], protocol: ReviewProtocol, mine: Appraisal) -> None:
    wanted = required_appraisers(protocol, mine.tool)
    names = [item.appraiser for item in there]
    known = mine.appraiser in names
    if known and len(there) == 1:
        return
    if not known and len(there) >= wanted:
        raise NotAllowed(
            f"{mine.study} has been appraised with {mine.tool} by {', '.join(names)}; the protocol asks for {wanted}",
            hint="A change of the protocol can ask for more appraisers.",
        )
    if known:
        raise NotAllowed(
            f"all appraisals of {mine.study} with {mine.tool} are in and can be seen; yours cannot be changed any more",
            hint="An adjudicator settles differences: stromata appraise settle.",
        )


def _require_complete(there: list[Appraisal], protocol: ReviewProtocol, item: Appraisal) -> None:
    wanted = required_appraisers(protocol, item.tool)
    if len(there) < wanted:
        names = ", ".join(one.appraiser for one in there) or "nobody"
        raise NotAllowed(
            f"{item.study} has been appraised with {item.tool} by {names}; {wanted} are needed before it is settled",
            hint="Until then their appraisals are sealed.",
        )
