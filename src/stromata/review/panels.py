"""The people of a panel, and the statements that they are to vote on, each with the evidence that it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stromata import consensus, standards
from stromata.consensus.votes import MemberRow, read_members
from stromata.errors import Conflict, InvalidInput, NotAllowed, NotFound
from stromata.model import (
    VOTING_ROLES,
    Certainty,
    Condition,
    ConsensusPlan,
    EvidenceBasis,
    KeptStatement,
    Panel,
    Panellist,
    PanelSet,
    Problem,
    ReviewProtocol,
    RoleGranted,
    RoleRevoked,
    Round,
    RoundClosed,
    RoundOpened,
    Standard,
    Statement,
    StatementDropped,
    StatementReviewed,
    StatementSet,
    Synthesis,
    faults,
)
from stromata.review.project import Project
from stromata.review.rules import require, require_reason
from stromata.store import Snapshot


@dataclass(frozen=True, slots=True)
class StatementChanges:
    """What a table of statements changed: ids of those that are new, changed, and as they were."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()


# -- which panel ---------------------------------------------------------------------------------------------------


def panel_plan(project: Project, panel: str = "") -> ConsensusPlan:
    """Return the plan of a panel; without an id that of the only one, or of the only one that the actor sits on.

    Raises
    ------
    NotFound
        The protocol plans no panel of that id, or none at all.
    InvalidInput
        It plans several, and none was named.
    """
    with project.store.snapshot(project.id) as view:
        return plan_for(view, project.actor, panel)


def panel_people(project: Project, panel: str = "") -> Panel:
    """Return the people of a panel, with their interests.

    Raises
    ------
    NotAllowed
        The actor has no role in the review and is not on the panel.
    NotFound, InvalidInput
        As for `panel_plan`; NotFound also when nobody was named yet.
    """
    with project.store.snapshot(project.id) as view:
        found = panel_of(view, plan_for(view, project.actor, panel))
        require_panel_insider(view, found, project.actor)
        return found


def plan_for(view: Snapshot, person: str, panel: str = "") -> ConsensusPlan:
    """Return the plan that a person means; as `panel_plan`."""
    protocol = view.protocol()
    if not panel and len(protocol.consensus) > 1:
        planned = {plan.id for plan in protocol.consensus}
        own = [item.id for item in view.panels() if item.id in planned and person in names_of(item)]
        panel = own[0] if len(own) == 1 else ""
    return consensus_plan_of(protocol, panel)


def people_of(held: Round, panel: Panel) -> tuple[Panellist, ...]:
    """Return everybody who was on the panel when a round was opened, as they were then.

    Of a round whose people were not kept, those who were asked and those who are on the panel now.
    """
    now = {member.name: member for member in panel.members}
    return held.people or tuple((now | {name: now.get(name, Panellist(name)) for name in held.invited}).values())


def names_of(panel: Panel) -> set[str]:
    """Return the names of the people of a panel."""
    return {member.name for member in panel.members}


def consensus_plan_of(protocol: ReviewProtocol, panel: str = "") -> ConsensusPlan:
    """Return the plan of a panel in a protocol; as `panel_plan` where nobody asks."""
    plans = {plan.id: plan for plan in protocol.consensus}
    if not plans:
        raise NotFound("the protocol plans no panel", hint="Fix how it works under `consensus` in the protocol file.")
    if not panel and len(plans) > 1:
        raise InvalidInput(
            f"the protocol plans {len(plans)} panels: {', '.join(plans)}", hint="Say which one: --panel ID."
        )
    if panel and panel not in plans:
        raise NotFound(f"the protocol plans no panel {panel!r}; there are: {', '.join(plans)}")
    return plans[panel or next(iter(plans))]


def rules_of(plan: ConsensusPlan) -> tuple[object, ...]:
    """Return what is fixed before the first round: by what rules votes are judged, and whether they are simulated."""
    return plan.stopping, plan.percentiles, plan.disagreement, plan.half_medians, plan.simulated


def panel_of(view: Snapshot, plan: ConsensusPlan) -> Panel:
    """Return the people of a panel.

    Raises
    ------
    NotFound
        Nobody was named yet.
    """
    found = next((panel for panel in view.panels() if panel.id == plan.id), None)
    if found is None:
        raise NotFound(
            f"the panel {plan.id!r} has no people yet", hint="Name them in a table: stromata consensus panel FILE."
        )
    return found


def open_round_of(view: Snapshot, plan: ConsensusPlan) -> Round | None:
    """Return the round that is open; None when none is."""
    return next((held for held in view.rounds(plan.id) if not held.closed), None)


def is_insider(view: Snapshot, panel: Panel, person: str) -> bool:
    """Tell whether a person is on the panel or has a role in the review."""
    return person in names_of(panel) or any(name == person for name, _ in view.roles())


def require_panel_insider(view: Snapshot, panel: Panel, person: str) -> None:
    """Raise `NotAllowed` unless a person is on the panel or has a role in the review."""
    if not is_insider(view, panel, person):
        raise NotAllowed(
            f"{person!r} is neither on the panel {panel.id!r} nor on the team of this review",
            hint="Say who you are with --as NAME, before the command.",
        )


# -- evidence ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EvidenceNow:
    """What statements can rest on, as it is at one moment of a review."""

    syntheses: tuple[Synthesis, ...]
    conditions: tuple[Condition, ...]
    certainty: dict[str, Certainty]
    own_standards: dict[str, Standard]

    def synthesis(self, name: str) -> EvidenceBasis:
        """Return what ``plan`` or ``plan/condition`` is now; NotFound when it is not there."""
        found = consensus.find_evidence(name, self.syntheses, self.conditions)
        return consensus.basis_of(name, found, self.certainty.get(name))

    def criterion(self, name: str) -> EvidenceBasis:
        """Return what ``standard/criterion`` asks now; NotFound when it is not there."""
        id_, _, wanted = name.partition("/")
        held = self.own_standards.get(id_) or standards.standard(id_)
        for criterion in held.criteria:
            if criterion.id == wanted:
                return consensus.basis_of_criterion(held, criterion)
        raise NotFound(
            f"the standard {id_!r} has no criterion {wanted!r}", hint=f"`stromata check --standard {id_}` shows them."
        )

    def bases(self, statement: Statement) -> tuple[EvidenceBasis, ...]:
        """Return what a statement rests on, as it is now; NotFound when something of it is not there."""
        return (
            *(self.synthesis(name) for name in statement.syntheses),
            *(self.criterion(name) for name in statement.criteria),
        )

    def flags(self, kept: KeptStatement) -> tuple[str, ...]:
        """Return one sentence for each thing that has changed under a statement since it was last looked at."""
        if kept.dropped:
            return ()
        return tuple(filter(None, (consensus.changed(basis, self._now(basis)) for basis in kept.basis)))

    def _now(self, basis: EvidenceBasis) -> EvidenceBasis | None:
        try:
            return self.synthesis(basis.id) if basis.kind == "synthesis" else self.criterion(basis.id)
        except NotFound:
            return None


def evidence_now(view: Snapshot) -> EvidenceNow:
    """Return what statements can rest on as of a snapshot."""
    return EvidenceNow(
        view.syntheses(),
        view.protocol().conditions,
        {judged.outcome: judged.level for judged in view.certainty()},
        {adopted.standard.id: adopted.standard for adopted in view.adopted_standards()},
    )


# -- people --------------------------------------------------------------------------------------------------------


def set_panel(project: Project, path: Path, *, panel: str = "", reason: str = "") -> tuple[Panel, tuple[Problem, ...]]:
    """Name the people of a panel from a table (see `stromata.consensus.read_panel`), or name them anew.

    Their names are what they say of themselves with ``--as``. Nothing is kept while the table has problems, and nothing
    is written when it changes nothing. Whoever could see, as a facilitator, who voted what in a round cannot become a
    voter of the panel afterwards.

    Parameters
    ----------
    panel : id of a panel that the protocol plans; the only one by default.
    reason : why the panel changes; needed once a round was opened.

    Raises
    ------
    NotAllowed
        The actor does not run the panel.
    NotFound, InvalidInput
        As for `panel_plan`; or a reason is missing.
    Conflict
        Somebody who is asked in the open round would vanish, or somebody who votes in it be kept from some of it.
    """
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "run the panel")
        plan = plan_for(tx, project.actor, panel)
        rows, problems = read_members(path)
        found = Panel(plan.id, plan.title, tuple(row.member for row in rows))
        before = next((item for item in tx.panels() if item.id == plan.id), Panel(plan.id))
        problems = tuple(sorted((*problems, *_unfit(rows, tx, plan, before)), key=lambda one: one.line))
        if faults(problems) or (before.members and before.members == found.members):
            return found, problems
        if before.members and tx.rounds(plan.id):
            require_reason("a change of the panel after a round was opened", reason)
            _require_asked(tx, plan, found)
        tx.append(PanelSet(panel=found, reason=reason.strip()))
    return found, problems


def _unfit(rows: Sequence[MemberRow], view: Snapshot, plan: ConsensusPlan, before: Panel) -> Iterator[Problem]:
    """Yield what is wrong with the people of a panel beyond the form of their table."""
    known = {kept.statement.id for kept in view.statements()}
    others = {name for name, _ in view.roles()} | {
        member.name for panel in view.panels() if panel.id != plan.id for member in panel.members
    }
    informed = _informed(view, plan) - {member.name for member in before.members if member.role in VOTING_ROLES}
    for row in rows:
        member = row.member
        for _, name in barred_from((member,)) if known else ():
            if name not in known:  # by a slip they would vote on the real one
                text = f"{member.name} is kept from voting on {name!r}, and there is no such statement."
                hint = f"There are: {', '.join(sorted(known))}; * stands for all."
                yield Problem(row.line, "exclusion-unknown", text, hint, "excluded_from")
        alike = [name for name in others if name != member.name and name.casefold() == member.name.casefold()]
        if alike:
            text = f"{member.name!r} differs from {alike[0]!r}, who is in this review, in capital letters only."
            yield Problem(
                row.line, "name-alike", text, f"Write {alike[0]}, or add something, such as a surname.", "name"
            )
        if member.role in VOTING_ROLES and member.name in informed:
            text = (
                f"{member.name} could see, as a facilitator, who voted what in a round of this panel, and cannot vote "
                "in another."
            )
            hint = "Let them be observer or facilitator. Whoever is to vote is named before the first round."
            yield Problem(row.line, "voter-informed", text, hint, "role")


def _informed(view: Snapshot, plan: ConsensusPlan) -> set[str]:
    """Return who could ever see who voted what: facilitators after a round was closed, unless they voted themselves."""
    closed = {(one.number, one.edition) for one in view.rounds(plan.id) if one.closed and not one.unfinished}
    if not closed:
        return set()
    facilitators, voters, asked, found = set[str](), set[str](), set[str](), set[str]()
    begun = False
    kinds = (RoleGranted.kind, RoleRevoked.kind, PanelSet.kind, RoundOpened.kind, RoundClosed.kind)
    for event in view.events(kinds=kinds):
        match event.payload:
            case RoleGranted(person=person, role="facilitator"):
                facilitators.add(person)
            case RoleRevoked(person=person, role="facilitator"):
                facilitators.discard(person)
            case PanelSet(panel=panel) if panel.id == plan.id:
                voters = {member.name for member in panel.members if member.role in VOTING_ROLES}
            case RoundOpened(panel=id_, round=held) if id_ == plan.id:
                asked |= set(held.invited)
            case RoundClosed(panel=id_, number=number, edition=edition) if id_ == plan.id:
                begun = begun or (number, edition) in closed
        if begun:
            found |= facilitators - voters - asked
    return found


def barred_from(members: Iterable[Panellist]) -> Iterator[tuple[Panellist, str]]:
    """Yield each person with each statement, named by its id, that an interest keeps them from."""
    for member in members:
        for name in dict.fromkeys(name for interest in member.interests for name in interest.excludes):
            if name != "*":
                yield member, name


def _require_asked(view: Snapshot, plan: ConsensusPlan, after: Panel) -> None:
    """Raise `Conflict` when the change would take somebody, or a vote, out of the round that is open."""
    held = open_round_of(view, plan)
    if held is None:
        return
    members = {member.name: member for member in after.members}
    for name in held.invited:
        if name not in members:
            raise Conflict(
                f"{name!r} is asked in round {held.number}, which is open, and is not in the new panel",
                hint="Close the round before you take somebody out.",
            )
    now = {member.name: member for member in panel_of(view, plan).members}
    for ballot in view.ballots(plan.id, held.number, held.edition):
        name = ballot.panellist
        # Whether they voted on just these is not told: the answer must not depend on it, or it could be found out.
        if any(
            consensus.may_vote(now[name], id_) and not consensus.may_vote(members[name], id_) for id_ in held.statements
        ):
            raise Conflict(
                f"{name!r} votes in round {held.number}, which is open, and the new panel keeps them from some of it",
                hint="Close the round and change the panel then; begin the round anew, with the reason, if a vote is "
                "not to count.",
            )


# -- statements ----------------------------------------------------------------------------------------------------


def set_statements(
    project: Project, path: Path, *, panel: str = "", reason: str = ""
) -> tuple[StatementChanges, tuple[Problem, ...]]:
    """Write down, or change, what a panel votes on, from a table (see `stromata.consensus.read_statements`).

    Each statement is kept with its evidence as it is now. Statements that the table leaves out stay; rows that change
    nothing write nothing; a row with a statement that was taken out brings it back.

    Parameters
    ----------
    reason : why statements change, for rows without a reason of their own; needed for those that were voted on, or
        taken out.

    Returns
    -------
    What changed, and all problems. With any problem nothing is kept.

    Raises
    ------
    NotAllowed
        The actor does not run the panel.
    NotFound, InvalidInput
        As for `panel_plan`; NotFound also when the panel has no people yet.
    """
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "run the panel")
        plan = plan_for(tx, project.actor, panel)
        panel_of(tx, plan)
        rows, read = consensus.read_statements(path)
        state = _Statements(tx, plan, reason.strip())
        problems = tuple(sorted((*read, *(one for row in rows for one in state.faults(row))), key=lambda one: one.line))
        if faults(problems):
            return StatementChanges(), problems
        changed = [row for row in rows if not state.is_unchanged(row.statement)]
        for row in changed:
            basis = state.now.bases(row.statement)
            tx.append(
                StatementSet(panel=plan.id, statement=row.statement, basis=basis, reason=row.reason or state.reason)
            )
    ids = [row.statement.id for row in changed]
    return StatementChanges(
        tuple(id_ for id_ in ids if id_ not in state.there),
        tuple(id_ for id_ in ids if id_ in state.there),
        tuple(row.statement.id for row in rows if row.statement.id not in ids),
    ), problems


class _Statements:
    """What there was before a table of statements was read, and what is wrong with its rows."""

    def __init__(self, view: Snapshot, plan: ConsensusPlan, reason: str) -> None:
        self.plan, self.reason, self.now = plan, reason, evidence_now(view)
        self.there = {kept.statement.id: kept for kept in view.statements()}
        rounds = view.rounds(plan.id)
        self.asked = {name for held in rounds for name in held.statements}
        self.open = {name: held.number for held in rounds if not held.closed for name in held.statements}

    def is_unchanged(self, statement: Statement) -> bool:
        """Tell whether a statement is kept just so."""
        before = self.there.get(statement.id)
        return before is not None and before.statement == statement and not before.dropped

    def faults(self, row: consensus.StatementRow) -> Iterator[Problem]:
        """Yield what is wrong with a row beyond its form."""
        own = row.statement
        before = self.there.get(own.id)
        if before is not None and before.panel != self.plan.id:
            text = f"The statement {own.id!r} belongs to the panel {before.panel!r}."
            yield Problem(row.line, "statement-elsewhere", text, "Choose another id.", "id")
            return
        if self.is_unchanged(own):
            return
        alike = [id_ for id_ in self.there if id_ != own.id and id_.casefold() == own.id.casefold()]
        if alike:
            text = f"The id {own.id!r} differs from {alike[0]!r} in capital letters only."
            yield Problem(row.line, "statement-alike", text, f"Write {alike[0]}, or choose another id.", "id")
        if own.id in self.open:
            text = f"The statement {own.id!r} is being voted on in round {self.open[own.id]}, and cannot change now."
            yield Problem(row.line, "statement-in-open-round", text, "Close the round first.", "text")
        elif before is not None and (own.id in self.asked or before.dropped) and not (row.reason or self.reason):
            what = "was taken out" if before.dropped else "has been voted on"
            text = f"The statement {own.id!r} {what}, and the row gives no reason for the change."
            yield Problem(row.line, "reason-missing", text, "Say why in the column reason.", "reason")
        yield from self._unsupported(row.line, own)

    def _unsupported(self, line: int, statement: Statement) -> Iterator[Problem]:
        """Yield where a statement rests on what is not there."""
        for column, names, find in (
            ("syntheses", statement.syntheses, self.now.synthesis),
            ("criteria", statement.criteria, self.now.criterion),
        ):
            for name in names:
                try:
                    find(name)
                except NotFound as error:
                    text = f"The statement {statement.id!r} rests on {name!r}: {error.message}."
                    yield Problem(line, f"{column}-unknown", text, error.hint, column)


def drop_statement(project: Project, statement: str, *, reason: str) -> KeptStatement:
    """Take a statement out; its votes stay in the log.

    Raises
    ------
    NotAllowed
        The actor does not run the panel.
    NotFound
        There is no such statement.
    InvalidInput
        No reason was given.
    Conflict
        It was taken out already, or is being voted on.
    """
    require_reason("taking a statement out", reason)
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "run the panel")
        kept = _standing_statement(tx, statement)
        tx.append(StatementDropped(statement=statement, reason=reason.strip()))
    return replace(kept, dropped=reason.strip())


def review_statement(project: Project, statement: str, *, reason: str) -> KeptStatement:
    """Record that a statement whose evidence has changed was looked at again, and stands.

    Raises
    ------
    NotAllowed
        The actor does not run the panel.
    NotFound
        There is no such statement, or something that it rests on is not there any more.
    InvalidInput
        No reason was given, or nothing has changed under the statement.
    Conflict
        It was taken out, or is being voted on.
    """
    require_reason("that a statement stands although its evidence has changed", reason)
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "run the panel")
        kept = _standing_statement(tx, statement)
        now = evidence_now(tx)
        if not now.flags(kept):
            raise InvalidInput(
                f"nothing has changed under the statement {statement!r}", hint="It needs no other look, and stands."
            )
        basis = now.bases(kept.statement)
        tx.append(StatementReviewed(statement=statement, basis=basis, reason=reason.strip()))
    return replace(kept, basis=basis, reviewed=reason.strip())


def _standing_statement(view: Snapshot, name: str) -> KeptStatement:
    """Return a statement that is in force and not being voted on."""
    there = {kept.statement.id: kept for kept in view.statements()}
    if name not in there:
        raise NotFound(f"there is no statement {name!r} in this review; there are: {', '.join(there) or 'none'}")
    kept = there[name]
    if kept.dropped:
        raise Conflict(f"the statement {name!r} was taken out: {kept.dropped}")
    for held in view.rounds(kept.panel):
        if not held.closed and name in held.statements:
            raise Conflict(
                f"the statement {name!r} is being voted on in round {held.number}", hint="Close the round first."
            )
    return kept
