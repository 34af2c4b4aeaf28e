"""Rounds of a panel: opened, voted in, closed and sealed. A sealed round is never changed, only begun anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stromata import consensus
from stromata.consensus.sheet import cut
from stromata.errors import Conflict, InvalidInput, NotAllowed, NotFound
from stromata.model import (
    VOTING_ROLES,
    Ballot,
    BallotCast,
    ConsensusPlan,
    KeptStatement,
    Panel,
    Problem,
    Round,
    RoundClosed,
    RoundOpened,
    Vote,
    faults,
)
from stromata.review.panel_results import Count, rounds_held
from stromata.review.panels import (
    barred_from,
    evidence_now,
    open_round_of,
    panel_of,
    people_of,
    plan_for,
    require_panel_insider,
)
from stromata.review.project import Project
from stromata.review.rules import MAY, require, require_reason
from stromata.store import Snapshot, Transaction

Answer = tuple[str, int | None, str]
"""Statement, score from 1 to 9 (None for those unable to score), comment."""


@dataclass(frozen=True, slots=True)
class OwnVote:
    """What one panellist is asked, and what they answered so far.

    Attributes
    ----------
    barred : a declared interest keeps them from it.
    vote : None while there is none.
    """

    statement: str
    text: str
    barred: bool
    vote: Vote | None


@dataclass(frozen=True, slots=True)
class Turnout:
    """How many votes one panellist gave in a round, of how many they are asked for; never which."""

    panellist: str
    votes: int
    asked: int


@dataclass(frozen=True, slots=True)
class Participation:
    """How far the present round of a panel is.

    Attributes
    ----------
    round : the one that is open; None when none is.
    mine : what the actor is asked; empty for somebody who does not vote in this round.
    people : of the open round, or else of the one closed last; for those who run the panel, None for all others.
    closed : that round, when none is open.
    """

    panel: str
    round: Round | None
    mine: tuple[OwnVote, ...] = ()
    people: tuple[Turnout, ...] | None = None
    closed: Round | None = None


# -- opening -------------------------------------------------------------------------------------------------------


def open_round(
    project: Project,
    *,
    panel: str = "",
    statements: Sequence[str] | None = None,
    invited: Sequence[str] | None = None,
    supersede: int | None = None,
    reason: str = "",
) -> Round:
    """Open the next round of a panel, or begin an earlier one anew.

    Parameters
    ----------
    statements : ids of what is asked; by default all that the stopping rule has not settled.
    invited : names of those who are asked; by default every member who may vote on at least one of them.
    supersede : number of a round to begin anew. It and the rounds after it stay in the log and count no more; one that
        is open is sealed as it is first.
    reason : why a round is begun anew.

    Returns
    -------
    The round, with the evidence of its statements fixed as it is now.

    Raises
    ------
    NotAllowed
        The actor does not run the panel.
    NotFound
        There is no such panel, round, statement or member; or a statement rests on what is not there any more.
    InvalidInput
        No reason for beginning anew; nobody may vote on a statement; an interest names a statement that is not there.
    Conflict
        A round is open; as many were held as were planned at most; or no statement is left.
    """
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "run the panel")
        plan = plan_for(tx, project.actor, panel)
        people = panel_of(tx, plan)
        seal, interrupted = ("", "") if supersede is None else _begin_anew(tx, plan, supersede, reason)
        _require_none_open(tx, plan)
        count = Count(tx, plan, before=supersede)
        number = len(count.rounds) + 1
        asked = _asked(tx, count, statements, number)
        names = _invited(people, asked, invited)
        _require_voters(people, asked, names, {kept.statement.id for kept in tx.statements()})
        now = evidence_now(tx)
        editions = [held.edition for held in tx.rounds(plan.id) if held.number == number]
        opened = Round(
            number,
            invited=names,
            statements=tuple(kept.statement.id for kept in asked),
            supersedes=seal,
            reason=reason.strip(),
            edition=max(editions, default=0) + 1,
            people=people.members,
            interrupted=interrupted,
        )
        basis = tuple((kept.statement.id, now.bases(kept.statement)) for kept in asked)
        tx.append(RoundOpened(panel=plan.id, round=opened, basis=basis))
        return next(held for held in tx.rounds(plan.id) if not held.closed)


def _begin_anew(tx: Transaction, plan: ConsensusPlan, number: int, reason: str) -> tuple[str, str]:
    """Return the seal of the round that is to be superseded, and of the one that was open, which is sealed first."""
    require_reason("beginning a round anew", reason)
    held = open_round_of(tx, plan)
    current = {one.number: one for one in tx.rounds(plan.id) if not one.superseded}
    if number not in current:
        known = ", ".join(map(str, current)) or "none"
        raise NotFound(f"the panel {plan.id!r} has no round {number} to begin anew; there are: {known}")
    if held is not None:
        tx.append(_closing(tx, plan, held))
    there = {one.number: one.seal for one in tx.rounds(plan.id) if not one.superseded}
    return there[number], there[held.number] if held else ""


def _require_none_open(view: Snapshot, plan: ConsensusPlan) -> None:
    held = open_round_of(view, plan)
    if held is not None:
        raise Conflict(
            f"round {held.number} of the panel {plan.id!r} is open",
            hint=f"Close it first; or, if it was opened by mistake: --supersede {held.number} with a --reason.",
        )


def _asked(view: Snapshot, count: Count, wanted: Sequence[str] | None, number: int) -> tuple[KeptStatement, ...]:
    """Return what is to be asked."""
    plan = count.plan
    there = {kept.statement.id: kept for kept in view.statements(plan.id)}
    if count.is_last:
        raise Conflict(
            f"{rounds_held(number - 1)} held, as many as were planned at most: no further one can be opened",
            hint="A round can be begun anew with --supersede; a statement can be looked at again: consensus review.",
        )
    if not there:
        raise NotFound(
            f"the panel {plan.id!r} has no statements yet", hint="Write them in a table: consensus statements FILE."
        )
    names = count.still_open(there.values()) if wanted is None else tuple(dict.fromkeys(wanted))
    if not names:
        raise Conflict(
            "no statement is left to vote on: all are settled or taken out",
            hint="Name statements with --statement to ask about them again.",
        )
    for name in names:
        if name not in there:
            raise NotFound(f"the panel has no statement {name!r}; there are: {', '.join(there)}")
        if there[name].dropped:
            raise InvalidInput(f"the statement {name!r} was taken out: {there[name].dropped}")
    return tuple(there[name] for name in names)


def _invited(panel: Panel, asked: Iterable[KeptStatement], wanted: Sequence[str] | None) -> tuple[str, ...]:
    """Return who is to be asked."""
    ids = [kept.statement.id for kept in asked]
    able = [member.name for member in panel.members if any(consensus.may_vote(member, id_) for id_ in ids)]
    members = {member.name for member in panel.members}
    for name in wanted or ():
        if name not in members:
            raise NotFound(f"{name!r} is not on the panel; there are: {', '.join(sorted(members))}")
        if name not in able:
            raise InvalidInput(f"{name!r} may vote on none of these statements, by role or because of an interest")
    return tuple(able if wanted is None else dict.fromkeys(wanted))


def _require_voters(panel: Panel, asked: Iterable[KeptStatement], names: Sequence[str], known: set[str]) -> None:
    """Raise `InvalidInput` where nobody may vote, or where an interest bars from a statement that is not there."""
    for member, name in barred_from(panel.members):
        if name not in known:
            raise InvalidInput(
                f"{member.name} is kept from voting on {name!r}, and there is no such statement",
                hint="Correct the panel: by a slip they would vote on the one that is meant.",
            )
    voters = [member for member in panel.members if member.name in names]
    for kept in asked:
        if not any(consensus.may_vote(member, kept.statement.id) for member in voters):
            raise InvalidInput(
                f"nobody who is asked may vote on the statement {kept.statement.id!r}",
                hint="Ask more people, or leave it out.",
            )


# -- voting --------------------------------------------------------------------------------------------------------


def cast(project: Project, votes: Mapping[str, int | None] | Iterable[Answer], *, panel: str = "") -> tuple[str, ...]:
    """Give the actor's own votes in the round that is open. Until it is closed a later vote replaces an earlier one.

    Parameters
    ----------
    votes : statement to score, or (statement, score, comment); None as score stands for unable to score.

    Returns
    -------
    The statements on which the actor has still to vote.

    Raises
    ------
    NotAllowed
        The actor is not on the panel, was not asked, does not vote in their role, or is kept from a statement by a
        declared interest.
    NotFound
        A statement is not part of the round; or as for `stromata.review.panel_plan`.
    InvalidInput
        A score is no whole number from 1 to 9, a statement stands twice, or there are no votes.
    Conflict
        No round is open.
    """
    given = [(name, score, "") for name, score in votes.items()] if isinstance(votes, Mapping) else list(votes)
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        plan = plan_for(tx, project.actor, panel)
        people = panel_of(tx, plan)
        _require_asked(people, project.actor)
        held = _require_open(tx, plan)
        _require_invited(held, project.actor)
        _check_answers(given, held, people, project.actor)
        for _, _, comment in given:
            _require_writable(comment)
        cast_votes = tuple(
            Vote(name, project.actor, held.number, score, comment.strip()) for name, score, comment in given
        )
        tx.append(BallotCast(ballot=_ballot(plan, held, project.actor, cast_votes, project.salt())))
        mine = _own_votes(tx, plan, held, people, project.actor)
    return tuple(item.statement for item in mine if item.vote is None and not item.barred)


def _ballot(plan: ConsensusPlan, held: Round, person: str, votes: tuple[Vote, ...], salt: str) -> Ballot:
    return Ballot(plan.id, held.number, held.edition, person, votes, salt)


def _require_open(view: Snapshot, plan: ConsensusPlan) -> Round:
    held = open_round_of(view, plan)
    if held is None:
        closed = [one for one in view.rounds(plan.id) if not one.superseded]
        if not closed:
            raise Conflict(f"no round of the panel {plan.id!r} has been opened yet")
        raise Conflict(
            f"round {closed[-1].number} of the panel {plan.id!r} was closed on {closed[-1].closed[:10]} and sealed: no "
            "vote is added or changed any more",
            hint="Whoever runs the panel can open the next round, or begin this one anew with a reason.",
        )
    return held


def _require_asked(panel: Panel, person: str) -> None:
    member = next((one for one in panel.members if one.name == person), None)
    if member is None:
        near = [one.name for one in panel.members if one.name.casefold() == person.casefold()]
        hint = f"Did you mean {near[0]}? " if near else ""
        raise NotAllowed(
            f"{person!r} is not on the panel {panel.id!r}",
            hint=f"{hint}Say who you are with --as NAME, before the command.",
        )
    if member.role not in VOTING_ROLES:
        raise NotAllowed(f"{person!r} is on the panel as {member.role}, and does not vote")


def _require_invited(held: Round, person: str) -> None:
    if person not in held.invited:
        raise NotAllowed(f"{person!r} was not asked to vote in round {held.number}")


def _check_answers(given: Sequence[Answer], held: Round, panel: Panel, person: str) -> None:
    """Raise the first thing that is wrong with a panellist's own votes."""
    if not given:
        raise InvalidInput("there are no votes", hint="Give a score from 1 to 9, or U for unable to score.")
    member = next(one for one in panel.members if one.name == person)
    names = [name for name, _, _ in given]
    for name, score, _ in given:
        if name not in held.statements:
            near = [one for one in held.statements if one.casefold() == name.strip().casefold()]
            raise NotFound(
                f"the statement {cut(name)!r} is not part of round {held.number}; it asks {', '.join(held.statements)}",
                hint=f"Did you mean {near[0]}?" if near else "",
            )
        if names.count(name) > 1:
            raise InvalidInput(f"there are {names.count(name)} votes on the statement {name!r}", hint="Give one.")
        if score is not None and (type(score) is not int or not 1 <= score <= 9):
            raise InvalidInput(
                f"the vote on {name!r} is {cut(_written(score))}; whole numbers from 1 to 9 are allowed",
                hint="Those unable to score say so: U.",
            )
        if not consensus.may_vote(member, name):
            raise NotAllowed(
                f"{person!r} may not vote on {name!r}: a declared interest keeps them from it",
                hint="If the interest was declared for another statement, the panel can be corrected.",
            )


def _require_writable(comment: str) -> None:
    """Raise `InvalidInput` where a comment holds half a character, as what is not UTF-8 leaves behind."""
    broken = next((place for place, char in enumerate(comment, 1) if "\ud800" <= char <= "\udfff"), 0)
    if broken:
        raise InvalidInput(
            f"the comment is not UTF-8: its character {broken} is broken",
            hint="Type it anew, or set the terminal to UTF-8.",
        )


def _written(score: object) -> str:
    """Return a wrong score in writing; Python does not write out whole numbers of thousands of digits."""
    try:
        return repr(score)
    except ValueError:
        return "a number of thousands of digits"


def load_votes(
    project: Project, path: Path, *, panel: str = "", strict: bool = True
) -> tuple[tuple[Vote, ...], tuple[Problem, ...]]:
    """Enter votes in the open round from a table (see `stromata.consensus.read_votes`).

    A panellist enters their own; who runs the panel enters those of others, as from paper or from a survey. Nobody
    enters votes for somebody who has voted themselves in the round: a refusal of some would tell on what they voted.

    Parameters
    ----------
    strict : keep nothing while anything is wrong; else keep the good votes. Of two different votes of one panellist on
        one statement neither is good.

    Returns
    -------
    The good votes, and all problems.

    Raises
    ------
    NotAllowed
        The table has votes of others, and the actor does not run the panel.
    NotFound, InvalidInput
        As for `stromata.review.panel_plan`; there is no such file, or it is no table of votes.
    Conflict
        No round is open.
    """
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        plan = plan_for(tx, project.actor, panel)
        people = panel_of(tx, plan)
        if project.actor not in {member.name for member in people.members}:
            require(project, tx, "run the panel")
        held = _require_open(tx, plan)
        themselves = _by_their_own_hand(tx, plan, held) - {project.actor}
        good, problems = consensus.read_votes(path, panel=people, asked=held, by_hand=themselves, first_counts=False)
        if any(vote.panellist != project.actor for vote in good) or any(one.code == "vote-there" for one in problems):
            require(project, tx, "run the panel")
        there = {vote for ballot in tx.ballots(plan.id, held.number, held.edition) for vote in ballot.votes}
        if strict and faults(problems):
            return good, problems
        for person in dict.fromkeys(vote.panellist for vote in good):
            new = tuple(vote for vote in good if vote.panellist == person and vote not in there)
            if new:
                tx.append(BallotCast(ballot=_ballot(plan, held, person, new, project.salt())))
    return good, problems


def _by_their_own_hand(view: Snapshot, plan: ConsensusPlan, held: Round) -> set[str]:
    """Return the names of those who gave votes in a round themselves."""
    found = set()
    for event in view.events(kinds=(BallotCast.kind,)):
        if isinstance(event.payload, BallotCast):
            ballot = event.payload.ballot
            same = (ballot.panel, ballot.round, ballot.edition) == (plan.id, held.number, held.edition)
            if same and ballot.panellist == event.actor:
                found.add(ballot.panellist)
    return found


# -- closing -------------------------------------------------------------------------------------------------------


def close_round(project: Project, panel: str = "") -> Round:
    """Close the round that is open and seal its ballots.

    Raises
    ------
    NotAllowed
        The actor does not run the panel.
    NotFound, InvalidInput
        As for `stromata.review.panel_plan`.
    Conflict
        No round is open, or nobody has voted.
    """
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "run the panel")
        plan = plan_for(tx, project.actor, panel)
        panel_of(tx, plan)
        held = _require_open(tx, plan)
        if not any(ballot.votes for ballot in tx.ballots(plan.id, held.number, held.edition)):
            raise Conflict(
                f"nobody has voted in round {held.number}: there is nothing to seal",
                hint=f"If it was opened by mistake, begin it anew: --supersede {held.number} with a --reason.",
            )
        tx.append(_closing(tx, plan, held))
        return next(one for one in tx.rounds(plan.id) if (one.number, one.edition) == (held.number, held.edition))


def _closing(view: Snapshot, plan: ConsensusPlan, held: Round) -> RoundClosed:
    ballots = view.ballots(plan.id, held.number, held.edition)
    votes = [vote for ballot in ballots for vote in ballot.votes]
    seal = consensus.seal(votes, round_number=held.number, salts=[ballot.salt for ballot in ballots])
    return RoundClosed(panel=plan.id, number=held.number, edition=held.edition, seal=seal)


# -- how far -------------------------------------------------------------------------------------------------------


def participation(project: Project, panel: str = "") -> Participation:
    """Return how far the open round is: one's own votes, and for those who run the panel who has voted, never what.

    Raises
    ------
    NotAllowed
        The actor has no role in the review and is not on the panel.
    NotFound, InvalidInput
        As for `stromata.review.panel_plan`; NotFound also when the panel has no people yet.
    """
    with project.store.snapshot(project.id) as view:
        plan = plan_for(view, project.actor, panel)
        people = panel_of(view, plan)
        require_panel_insider(view, people, project.actor)
        held = open_round_of(view, plan)
        runs = any(person == project.actor and role in MAY["run the panel"] for person, role in view.roles())
        if held is None:
            last = next((one for one in reversed(view.rounds(plan.id)) if not one.superseded), None)
            turnout = _turnout(view, plan, last, people) if last else ()
            return Participation(plan.id, None, people=turnout if runs else None, closed=last)
        return Participation(
            plan.id,
            held,
            _own_votes(view, plan, held, people, project.actor),
            _turnout(view, plan, held, people) if runs else None,
        )


def _own_votes(view: Snapshot, plan: ConsensusPlan, held: Round, panel: Panel, person: str) -> tuple[OwnVote, ...]:
    member = next((one for one in panel.members if one.name == person), None)
    if member is None or person not in held.invited:
        return ()
    ballots = view.ballots(plan.id, held.number, held.edition)
    given = {vote.statement: vote for ballot in ballots if ballot.panellist == person for vote in ballot.votes}
    return tuple(
        OwnVote(name, text, not consensus.may_vote(member, name), given.get(name))
        for name, text in zip(held.statements, held.texts, strict=True)
    )


def _turnout(view: Snapshot, plan: ConsensusPlan, held: Round, panel: Panel) -> tuple[Turnout, ...]:
    ballots = view.ballots(plan.id, held.number, held.edition)
    votes = {ballot.panellist: len(ballot.votes) for ballot in ballots}
    members = {member.name: member for member in (people_of(held, panel) if held.closed else panel.members)}
    return tuple(
        Turnout(name, votes.get(name, 0), sum(consensus.may_vote(members[name], id_) for id_ in held.statements))
        for name in held.invited
    )
