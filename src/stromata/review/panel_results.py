"""What came of a panel's closed rounds: ratings, where each statement stands, feedback, and the sections of the report.

Votes of a round that is open count nowhere. Of fewer than three ratings nothing is shown, and how ratings moved is not
told where one or two people rated in one of the rounds only: it would tell who voted what.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from stromata import consensus, reporting
from stromata.consensus.accord import rounds_planned
from stromata.consensus.feedback import SMALLEST_GROUP, may_tell_movement
from stromata.errors import Conflict, NotAllowed, NotFound
from stromata.model import (
    Appropriateness,
    Caution,
    ConsensusPlan,
    ConsensusResult,
    KeptStatement,
    Panel,
    Panellist,
    ProtocolSet,
    ReviewProtocol,
    Round,
    RoundOpened,
    Statement,
    StatementDropped,
    StatementSet,
    Vote,
)
from stromata.reporting.content import (
    ChecklistLine,
    PanelPerson,
    Ratings,
    RoundSection,
    StatementChange,
    StatementState,
    StatementView,
)
from stromata.review.panels import (
    EvidenceNow,
    consensus_plan_of,
    evidence_now,
    is_insider,
    names_of,
    open_round_of,
    panel_of,
    people_of,
    plan_for,
    require_panel_insider,
    rules_of,
)
from stromata.review.project import Project
from stromata.review.rules import may_see_names
from stromata.store import Snapshot

_STATES: dict[str, StatementState] = {"in": "agreed", "out": "rejected", "middle": "uncertain", "none": "no-consensus"}


@dataclass(frozen=True, slots=True)
class PanelResults:
    """What came of the closed rounds of a panel.

    Attributes
    ----------
    rounds : those that count, in order. `superseded` : those that were begun anew, or fell with one before them.
    stability : how the ratings of each statement moved since its round before; like `votes` for those only who may see
        names, since its numbers tell single votes. What others may know stands in `Ratings.moved`.
    stopping : whether another round is to be held, in a sentence.
    waiting : the statements that the closed rounds have not settled; empty when no further round is to be held.
    votes : with names; empty for everybody but a facilitator who does not vote on the panel.
    cautions : what must be known of how the rounds were held.
    """

    plan: ConsensusPlan
    rounds: tuple[RoundSection, ...]
    superseded: tuple[Round, ...]
    stability: tuple[consensus.Stability, ...]
    stopping: str
    waiting: tuple[str, ...] = ()
    votes: tuple[Vote, ...] = ()
    cautions: tuple[Caution, ...] = ()


# -- what counts ---------------------------------------------------------------------------------------------------


class Count:
    """The closed rounds of a panel that count, with their votes, and what follows from them. Nothing in it changes."""

    def __init__(self, view: Snapshot, plan: ConsensusPlan, *, before: int | None = None) -> None:
        """Gather the rounds of a panel; those before the round `before` where it is given."""
        held = view.rounds(plan.id)
        self.plan, self.panel, self.all_rounds = plan, panel_of(view, plan), held
        self.rounds = tuple(
            one for one in held if one.closed and not one.superseded and (before is None or one.number < before)
        )
        self.votes = tuple(vote for one in self.rounds for vote in _votes(view, plan, one))
        self.rule = consensus.consensus_rule(plan.stopping.rule, limit=plan.stopping.iqr_limit)

    @cached_property
    def texts(self) -> dict[tuple[str, int], str]:
        """The wording of each statement in each of its rounds."""
        return {
            (name, one.number): text
            for one in self.rounds
            for name, text in zip(one.statements, one.texts, strict=True)
        }

    @cached_property
    def reworded(self) -> frozenset[tuple[str, int]]:
        """Statement and round where the wording is not that of the statement's round before."""
        latest: dict[str, str] = {}
        found = set()
        for (name, number), text in self.texts.items():
            if latest.setdefault(name, text) != text:
                found.add((name, number))
            latest[name] = text
        return frozenset(found)

    @cached_property
    def moves(self) -> dict[tuple[str, int], consensus.Stability]:
        """How ratings moved, by statement and later round. Not everybody may be told of each."""
        rows = consensus.convergence(self.votes, self.rule, reworded=self.reworded)
        return {(row.statement, row.round): row.moved for row in rows if row.moved is not None}

    @cached_property
    def standings(self) -> dict[str, consensus.StatementStanding]:
        """Where each statement that was rated stands by the stopping rule."""
        if not self.votes:
            return {}
        stopping = self.plan.stopping
        found = consensus.evaluate_stopping(self.votes, stopping, limit=stopping.iqr_limit, reworded=self.reworded)
        return {one.statement: one for one in found.statements}

    @cached_property
    def sections(self) -> tuple[RoundSection, ...]:
        """Each round in numbers, without names of those who left."""
        results = {
            one.round: one for one in consensus.rounds(self.votes, self.rule, panel=self.panel, asked=self.rounds)
        }
        found = []
        for one in self.rounds:
            verdicts = {verdict.statement: verdict for verdict in results[one.number].results}
            ratings = tuple(self._ratings(one, name, verdicts.get(name)) for name in one.statements)
            result = replace(results[one.number], left=(), results=tuple(item.verdict for item in ratings))
            found.append(RoundSection(one, result, ratings))
        return tuple(found)

    def _ratings(self, held: Round, name: str, verdict: ConsensusResult | None) -> Ratings:
        here = [vote for vote in self.votes if (vote.statement, vote.round) == (name, held.number)]
        scores = [vote.score for vote in here if vote.score is not None]
        unable = len(here) - len(scores)
        text = self.texts[name, held.number]
        if here and len(scores) < SMALLEST_GROUP:
            return _too_few(name, text, held.number, self.rule.id)
        plan = self.plan
        rated = consensus.rate(
            scores,
            statement=name,
            round_number=held.number,
            unable=unable,
            method=plan.percentiles,
            disagreement=plan.disagreement,
            half_medians=plan.half_medians,
        )
        if verdict is None:
            said = "Nobody voted on this statement."
            verdict = ConsensusResult(name, held.number, self.rule.id, 0, "none", None, None, text=said)
        counts = tuple(scores.count(score) for score in range(1, 10)) if scores else None
        moved = self.moves.get((name, held.number))
        told = moved.changed if moved and may_tell_movement(moved) else None
        return Ratings(name, text, rated, verdict, counts, None if told is None else round(told, 1))

    def last(self, statement: str) -> Ratings | None:
        """Return the ratings of a statement in the last round that it was part of."""
        found = [item for section in self.sections for item in section.ratings if item.statement == statement]
        return found[-1] if found else None

    def is_settled(self, kept: KeptStatement) -> bool:
        """Tell whether the stopping rule asks for no further round on a statement, as it is worded now."""
        rated = self.last(kept.statement.id)
        if rated is None or rated.text != kept.statement.text or rated.counts is None:
            return False
        standing = self.standings[kept.statement.id].standing
        if standing == "open" or len(self.rounds) < self.plan.stopping.min_rounds:
            return False
        if standing == "consensus" and not self.plan.stopping.needs_stability:
            return True
        return self.may_weigh_movement(rated)

    def may_weigh_movement(self, rated: Ratings) -> bool:
        """Tell whether the stopping rule may look at how the ratings of a statement moved.

        Whether they are stable is told by what becomes of the statement. Where nobody may know how many moved, that
        must leave more than one number open on either side of the limit; else it counts as not shown.
        """
        moved = self.moves.get((rated.statement, rated.appropriateness.round))
        if moved is None or may_tell_movement(moved):
            return moved is not None
        limit = self.plan.stopping.max_change
        allowed = sum(100 * count / moved.pairs <= limit for count in range(1, moved.pairs + 1))
        return 1 <= allowed <= moved.pairs - 2

    def still_open(self, statements: Iterable[KeptStatement]) -> tuple[str, ...]:
        """Return the ids of the statements that a next round has to ask."""
        return tuple(kept.statement.id for kept in statements if not kept.dropped and not self.is_settled(kept))

    @property
    def is_last(self) -> bool:
        """Whether as many rounds were held as were planned at most."""
        return len(self.rounds) >= self.plan.stopping.max_rounds


def _votes(view: Snapshot, plan: ConsensusPlan, held: Round) -> list[Vote]:
    """Return the votes of a round in the order of its statements; who voted first, the order must not tell."""
    places = {name: place for place, name in enumerate(held.statements)}
    found = [vote for ballot in view.ballots(plan.id, held.number, held.edition) for vote in ballot.votes]
    return sorted(found, key=lambda vote: (places[vote.statement], vote.panellist))


def _too_few(name: str, text: str, number: int, rule: str) -> Ratings:
    """Return ratings that show nothing, not even how many were unable: the one would tell the other."""
    said = f"Fewer than {SMALLEST_GROUP} rated this statement: nothing is shown, because it would tell who voted what."
    return Ratings(
        name,
        text,
        Appropriateness(name, number, None, None, cautions=(Caution("few-ratings", said),)),
        ConsensusResult(name, number, rule, None, "none", None, None, text=said),
    )


def rounds_held(count: int) -> str:
    """Return how many rounds were held, as the beginning of a sentence."""
    return "1 round was" if count == 1 else f"{count} rounds were"


# -- where statements stand ----------------------------------------------------------------------------------------


def _statement_view(
    count: Count, kept: KeptStatement, now: EvidenceNow, changes: tuple[StatementChange, ...] = ()
) -> StatementView:
    last = count.last(kept.statement.id)
    older = last is not None and last.text != kept.statement.text
    state = _state(count, kept, last)
    standing = _standing(count, kept, last, state)
    sentence = f"Simulated: {standing}" if count.plan.simulated else _capital(standing)
    return StatementView(kept, state, sentence, last, now.flags(kept), votes_are_older=older, changes=changes)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _state(count: Count, kept: KeptStatement, last: Ratings | None) -> StatementState:
    """Return the state of a statement; agreed, rejected and uncertain are what the stopping rule has settled."""
    if kept.dropped:
        return "dropped"
    if last is None or last.text != kept.statement.text:
        return "open"
    if count.is_settled(kept):
        return _STATES[last.verdict.outcome]
    if not count.is_last:
        return "open"
    return "no-consensus" if last.verdict.outcome == "none" else "not-shown-stable"


def _standing(count: Count, kept: KeptStatement, last: Ratings | None, state: StatementState) -> str:
    """Return where a statement stands in a sentence with its numbers."""
    if kept.dropped:
        return f"taken out: {kept.dropped.rstrip('.')}."
    if last is None:
        return "not voted on in a closed round yet."
    number = last.appropriateness.round
    if last.text != kept.statement.text:
        return f"reworded after round {number}; the present wording has not been voted on."
    parts = [f"round {number}: {last.verdict.text}", *_rand(count.plan, last.appropriateness)]
    moved = count.moves.get((kept.statement.id, number))
    if moved is not None and last.moved is not None:
        parts.append(f"{last.moved:.1f} % of the ratings moved since round {moved.before}.")
    elif moved is not None and last.counts is not None:
        parts.append(f"How many ratings moved since round {moved.before} is not told: it would give single votes away.")
    if state == "open":
        parts.append("A further round is to be held on it.")
    elif state == "not-shown-stable":
        parts.append("The rounds that were planned are over; the ratings were not shown to be stable.")
    elif not count.is_settled(kept):
        parts.append("The rounds that were planned are over.")
    return " ".join(parts)


def _rand(plan: ConsensusPlan, rated: Appropriateness) -> Iterator[str]:
    """Yield the RAND/UCLA class in a sentence."""
    if rated.appropriateness is None or rated.median is None or rated.iqr is None or rated.counts is None:
        return
    by_count = rated.counts.verdict == "disagreement"
    splits = {"ipras": rated.disagreement, "count": by_count, "either": rated.disagreement or by_count}
    split = "with" if splits[plan.disagreement] else "without"
    yield (
        f"RAND/UCLA: {rated.appropriateness}, {split} disagreement "
        f"(median {rated.median:g}, interquartile range {rated.iqr:g}, {rated.n} ratings)."
    )


def _stopping(count: Count, view: Snapshot) -> str:
    """Return whether another round is to be held, in a sentence."""
    held = open_round_of(view, count.plan)
    if held is not None:
        return f"Round {held.number} is open."
    kept = view.statements(count.plan.id)
    waiting = count.still_open(kept)
    if not count.rounds:
        return "No round has been held yet."
    if count.is_last:
        whole = f"{rounds_held(len(count.rounds))} held, as many as were planned at most. No further round."
        there = {one.statement.id: one for one in kept}
        left = (f"{name} ({_UNSETTLED[_state(count, there[name], count.last(name))]})" for name in waiting)
        return f"{whole} Not settled by the rule: {', '.join(left)}." if waiting else whole
    if not waiting:
        return "No statement is open. No further round."
    return f"A further round is to be held, on {', '.join(waiting)}."


_UNSETTLED: dict[StatementState, str] = {
    "not-shown-stable": "threshold reached, not shown to be stable",
    "no-consensus": "no consensus",
    "open": "not voted on as it is worded now",
}


def _cautions(count: Count) -> tuple[Caution, ...]:
    """Return what must be known of how the rounds were held: one that is repeated until it suits is none."""
    anew = [one.number for one in count.all_rounds if one.supersedes]
    return tuple(
        Caution(
            "round-repeated",
            f"Round {number} was held {anew.count(number) + 1} times. Each time stands in the log with its reason: "
            "look at them before you rely on the result.",
        )
        for number in sorted({number for number in anew if anew.count(number) > 1})
    )


def statements(project: Project, panel: str = "") -> tuple[StatementView, ...]:
    """Return each statement with where it stands and what has changed under it, of one panel or of all.

    Raises
    ------
    NotAllowed
        The actor has no role in the review and is not on the panel.
    NotFound
        The protocol plans no such panel, or it has no people yet.
    """
    with project.store.snapshot(project.id) as view:
        protocol, now = view.protocol(), evidence_now(view)
        named = {item.id for item in view.panels()}
        plans = [plan for plan in protocol.consensus if plan.id in named]
        counts = [
            Count(view, plan) for plan in (plans if plans and not panel else [consensus_plan_of(protocol, panel)])
        ]
        mine = [count for count in counts if is_insider(view, count.panel, project.actor)]
        if not mine:
            require_panel_insider(view, counts[0].panel, project.actor)
        found = []
        for count in mine:
            changes = _changes(view, count.plan)
            kept = view.statements(count.plan.id)
            found += [_statement_view(count, one, now, changes.get(one.statement.id, ())) for one in kept]
        return tuple(found)


def _changes(view: Snapshot, plan: ConsensusPlan) -> dict[str, tuple[StatementChange, ...]]:
    """Return what was done to each statement after a round of the panel: its first writing is no change."""
    known: dict[str, Statement] = {}
    asked: dict[str, int] = {}
    out: set[str] = set()
    last = 0
    found: dict[str, list[StatementChange]] = {}
    for event in view.events(kinds=(StatementSet.kind, StatementDropped.kind, RoundOpened.kind)):
        match event.payload:
            case RoundOpened(panel=id_, round=held) if id_ == plan.id:
                last = held.number
                asked |= dict.fromkeys(held.statements, held.number)
            case StatementDropped(statement=name, reason=reason) if name in known:
                out.add(name)
                if last:
                    change = StatementChange(event.at, asked.get(name, last), "taken out", reason)
                    found.setdefault(name, []).append(change)
            case StatementSet(panel=id_, statement=now, reason=reason) if id_ == plan.id:
                before = known.get(now.id)
                if before is not None and now.id in asked:
                    made = _change(event.at, asked[now.id], before, now, reason, back=now.id in out)
                    found.setdefault(now.id, []).extend(made)
                known[now.id] = now
                out.discard(now.id)
    return {name: tuple(changes) for name, changes in found.items()}


def _change(
    at: str, number: int, before: Statement, now: Statement, reason: str, *, back: bool
) -> Iterator[StatementChange]:
    """Yield what a new writing of a statement did to it."""
    if back:
        yield StatementChange(at, number, "brought back", reason)
    if before.text != now.text:
        yield StatementChange(at, number, "reworded", reason, before.text)
    if (before.syntheses, before.criteria) != (now.syntheses, now.criteria):
        yield StatementChange(at, number, "rests on other evidence", reason)


def results(project: Project, panel: str = "") -> PanelResults:
    """Return what came of the closed rounds of a panel; of a round that is open nothing.

    Whoever was asked and has left the panel since still gets the rounds in which they were asked, and no other.

    Raises
    ------
    NotAllowed
        The actor has no role in the review and is not on the panel, and was not asked.
    NotFound, InvalidInput
        As for `stromata.review.panel_plan`; NotFound also when the panel has no people yet.
    """
    with project.store.snapshot(project.id) as view:
        count = Count(view, plan_for(view, project.actor, panel))
        if not is_insider(view, count.panel, project.actor):
            return _of_who_left(view, count, project.actor)
        named = may_see_names(view, count.panel, project.actor)
        return PanelResults(
            count.plan,
            count.sections,
            tuple(one for one in count.all_rounds if one.superseded),
            tuple(count.moves.values()) if named else (),
            _stopping(count, view),
            () if count.is_last else count.still_open(view.statements(count.plan.id)),
            count.votes if named else (),
            _cautions(count),
        )


def _of_who_left(view: Snapshot, count: Count, person: str) -> PanelResults:
    mine = tuple(section for section in count.sections if person in section.round.invited)
    if not mine:
        require_panel_insider(view, count.panel, person)
    numbers = ", ".join(str(section.round.number) for section in mine)
    said = f"You were asked in round {numbers}, and are no longer on the panel: nothing else is shown."
    return PanelResults(count.plan, mine, (), (), said)


def feedback(project: Project, panellist: str = "", panel: str = "") -> consensus.FeedbackSheet:
    """Return the feedback of the last closed round for one panellist: their votes beside the panel's, without names.

    It is the last round for which they were on the panel, with roles and groups as they were when it was opened. Who
    came later gets no sheet of rounds before; who left still gets that of their last one.

    Parameters
    ----------
    panellist : whose sheet; the actor's own by default.

    Raises
    ------
    NotAllowed
        The actor was never on the panel; or it is another's sheet and the actor is no facilitator, or votes there.
    NotFound
        There is no such panel or panellist.
    Conflict
        No round has been closed yet for which they were on the panel.
    """
    with project.store.snapshot(project.id) as view:
        count = Count(view, plan_for(view, project.actor, panel))
        whose = panellist or project.actor
        if whose != project.actor and not may_see_names(view, count.panel, project.actor):
            raise NotAllowed(
                f"{project.actor!r} may not see the sheet of {whose!r}: that takes a facilitator who does not vote",
                hint="Without a name you get your own.",
            )
    people = {one.number: people_of(one, count.panel) for one in count.rounds}
    mine = [one for one in count.rounds if any(member.name == whose for member in people[one.number])]
    if not mine and whose not in names_of(count.panel):
        if whose == project.actor:
            hint = "A facilitator names whose sheet is wanted."
            raise NotAllowed(f"{whose!r} is not on the panel {count.plan.id!r}", hint=hint)
        raise NotFound(f"there is no panellist {whose!r}", hint="Write the name as the panel has it.")
    if not mine:
        when = f" since {whose!r} came to it" if count.rounds else ""
        raise Conflict(
            f"no round of the panel {count.plan.id!r} has been closed{when}", hint="Feedback comes after it."
        )
    held = mine[-1]
    known = {member.name: member for one in count.rounds for member in people[one.number]}
    known |= {member.name: member for member in people[held.number]}
    sheet = consensus.feedback_sheet(
        count.votes,
        whose,
        round_number=held.number,
        panel=Panel(count.plan.id, members=tuple(known.values())),
        statements=[Statement(name, count.texts[name, held.number]) for name in held.statements],
        method=count.plan.percentiles,
        disagreement=count.plan.disagreement,
        half_medians=count.plan.half_medians,
    )
    made_up = (Caution("simulated", "The votes were made up to show how a panel works."),)
    return replace(sheet, cautions=(*made_up, *sheet.cautions)) if count.plan.simulated else sheet


# -- the report ----------------------------------------------------------------------------------------------------


def panel_sections(view: Snapshot, protocol: ReviewProtocol) -> tuple[reporting.PanelSection, ...]:
    """Return one section per planned panel whose people were named, in the order of the protocol."""
    named = {panel.id for panel in view.panels()}
    now = evidence_now(view)
    return tuple(_section(view, plan, protocol, now) for plan in protocol.consensus if plan.id in named)


def _section(view: Snapshot, plan: ConsensusPlan, protocol: ReviewProtocol, now: EvidenceNow) -> reporting.PanelSection:
    count = Count(view, plan)
    kept = view.statements(plan.id)
    fixed = rules_fixed(view, plan)
    changes = _changes(view, plan)
    people = _people(count)
    return reporting.PanelSection(
        plan=plan,
        panel=count.panel,
        rule=_rule(count),
        fixed=fixed,
        rounds=count.sections,
        superseded=tuple(one for one in count.all_rounds if one.superseded),
        statements=tuple(_statement_view(count, one, now, changes.get(one.statement.id, ())) for one in kept),
        stopping=_stopping(count, view),
        accord=_accord(count, people, changes, protocol, fixed),
        people=people,
        cautions=_cautions(count),
    )


def _people(count: Count) -> tuple[PanelPerson, ...]:
    """Return everybody who is on the panel, or was while a round that counts was held, as they were when asked."""
    now = {member.name: member for member in count.panel.members}
    then: dict[str, Panellist] = {}
    asked = {name for held in count.rounds for name in held.invited}
    for held in count.rounds:
        there = people_of(held, count.panel)
        then |= {one.name: one for one in there if one.name in held.invited or one.name not in asked}
    return tuple(
        PanelPerson(
            then.get(name) or now[name],
            tuple(held.number for held in count.rounds if name in held.invited),
            "; ".join(_since(then[name], now.get(name))) if name in then else "",
        )
        for name in dict.fromkeys((*now, *then))
    )


def _since(then: Panellist, now: Panellist | None) -> Iterator[str]:
    """Yield what has changed about a person."""
    if now is None:
        yield "no longer on the panel"
        return
    if now.role != then.role:
        yield f"now {now.role}"
    if now.group != then.group:
        yield f"now of the group {now.group}" if now.group else "now of no group"
    if (now.interests, now.declared) != (then.interests, then.declared):
        told = "; ".join(interest.text for interest in now.interests) or ("none" if now.declared else "not declared")
        yield f"interests declared by now: {told}"


def rules_fixed(view: Snapshot, plan: ConsensusPlan) -> str:
    """Return the ISO 8601 time since which the rules of a panel are as they stand; empty when they never were.

    A rule that was changed and changed back is as old as its last return.
    """
    fixed = ""
    for event in view.events(kinds=(ProtocolSet.kind,)):
        if isinstance(event.payload, ProtocolSet):
            planned = {item.id: item for item in event.payload.protocol.consensus}
            same = plan.id in planned and rules_of(planned[plan.id]) == rules_of(plan)
            fixed = (fixed or event.at) if same else ""
    return fixed


def _rule(count: Count) -> str:
    """Return the rules of a panel in words."""
    plan, stopping = count.plan, count.plan.stopping
    width = "" if stopping.iqr_limit is None else f" (width at most {stopping.iqr_limit:g})"
    closes = "stable consensus" if stopping.needs_stability else "consensus"
    return (
        f"{_capital(count.rule.text)}{width}. {_capital(rounds_planned(stopping))}. A statement is "
        f"closed by {closes}, or by being stable without it; stable means that at most {stopping.max_change:g} % of "
        f"the ratings moved. RAND/UCLA: percentiles {plan.percentiles}, disagreement by {plan.disagreement}, half "
        f"medians {plan.half_medians}."
    )


def _accord(
    count: Count,
    people: Iterable[PanelPerson],
    changes: Mapping[str, tuple[StatementChange, ...]],
    protocol: ReviewProtocol,
    fixed: str,
) -> tuple[ChecklistLine, ...]:
    """Return the ACCORD checklist as far as the log can answer it."""
    plan = count.plan
    facts = consensus.ConsensusFacts(
        panel=replace(count.panel, members=tuple(person.member for person in people)),
        asked=count.rounds,
        results=tuple(section.result for section in count.sections),
        plan=plan.stopping,
        rule_fixed=fixed,
        rule_text=_capital(count.rule.text),
        method=plan.method,
        registration=protocol.registration,
        feedback=plan.feedback,
        anonymous=True if count.rounds else None,
        dropped=tuple((name, _told(change)) for name, own in changes.items() for change in own),
        told=plan.told,
    )
    return tuple(
        ChecklistLine(
            entry.item.id,
            entry.item.section,
            entry.item.text,
            entry.state,
            entry.text,
            confirmed=entry.item.status == "secondary",
        )
        for entry in consensus.fill_accord(facts)
    )


def _told(change: StatementChange) -> str:
    """Return what was done to a statement, when and why."""
    before = f", until then “{change.before}”" if change.before else ""
    why = f": {change.reason}" if change.reason else ""
    return f"{change.what} on {change.at[:10]}, after round {change.round}{before}{why}"


def accord(project: Project, panel: str = "") -> tuple[ChecklistLine, ...]:
    """Return the ACCORD checklist of a panel, answered as far as its log goes and as the protocol tells.

    Raises
    ------
    NotAllowed
        The actor has no role in the review and is not on the panel.
    NotFound, InvalidInput
        As for `stromata.review.panel_plan`; NotFound also when the panel has no people yet.
    """
    with project.store.snapshot(project.id) as view:
        protocol = view.protocol()
        count = Count(view, plan_for(view, project.actor, panel))
        require_panel_insider(view, count.panel, project.actor)
        changes = _changes(view, count.plan)
        return _accord(count, _people(count), changes, protocol, rules_fixed(view, count.plan))
