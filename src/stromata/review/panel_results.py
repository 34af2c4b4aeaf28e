"""What came of a panel's closed rounds: ratings, where each statement stands, feedback, and the sections of the report.

Votes of a round that is open count nowhere. Of fewer than three ratings nothing is shown: it would tell who voted what.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from stromata import consensus, reporting
from stromata.consensus.feedback import SMALLEST_GROUP
from stromata.errors import Conflict, NotAllowed
from stromata.model import (
    Appropriateness,
    Caution,
    ConsensusPlan,
    ConsensusResult,
    KeptStatement,
    ProtocolSet,
    ReviewProtocol,
    Round,
    Statement,
    Vote,
)
from stromata.reporting.content import ChecklistLine, Ratings, RoundSection, StatementView
from stromata.review.panels import (
    EvidenceNow,
    evidence_now,
    open_round_of,
    panel_of,
    plan_of,
    require_insider,
    rules_of,
)
from stromata.review.project import Project
from stromata.review.rules import may_see_names
from stromata.store import Snapshot

State = Literal["agreed", "rejected", "uncertain", "no-consensus", "open", "dropped"]

_STATES: dict[str, State] = {"in": "agreed", "out": "rejected", "middle": "uncertain", "none": "no-consensus"}


@dataclass(frozen=True, slots=True)
class PanelResults:
    """What came of the closed rounds of a panel.

    Attributes
    ----------
    rounds : those that count, in order. `superseded` : those that were begun anew, or fell with one before them.
    stability : how the ratings of each statement moved since its round before.
    stopping : whether another round is to be held, in a sentence.
    waiting : the statements that the closed rounds have not settled; empty when no further round is to be held.
    votes : with names; empty for everybody but a facilitator who does not vote on the panel.
    """

    plan: ConsensusPlan
    rounds: tuple[RoundSection, ...]
    superseded: tuple[Round, ...]
    stability: tuple[consensus.Stability, ...]
    stopping: str
    waiting: tuple[str, ...] = ()
    votes: tuple[Vote, ...] = ()


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
        """How ratings moved, by statement and later round, where enough people rated in both to be shown."""
        rows = consensus.convergence(self.votes, self.rule, reworded=self.reworded)
        return {
            (row.statement, row.round): row.moved
            for row in rows
            if row.moved is not None and row.moved.pairs >= SMALLEST_GROUP
        }

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
        if 0 < len(scores) < SMALLEST_GROUP:
            return _too_few(name, text, held.number, self.rule.id, (len(scores), unable))
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
        return Ratings(name, text, rated, verdict, counts, moved.changed if moved else None)

    def last(self, statement: str) -> Ratings | None:
        """Return the ratings of a statement in the last round that it was part of."""
        found = [item for section in self.sections for item in section.ratings if item.statement == statement]
        return found[-1] if found else None

    def is_settled(self, kept: KeptStatement) -> bool:
        """Tell whether the stopping rule asks for no further round on a statement, as it is worded now."""
        rated = self.last(kept.statement.id)
        if rated is None or rated.text != kept.statement.text or rated.appropriateness.n < SMALLEST_GROUP:
            return False
        enough = len(self.rounds) >= self.plan.stopping.min_rounds
        return enough and self.standings[kept.statement.id].standing != "open"

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


def _too_few(name: str, text: str, number: int, rule: str, counted: tuple[int, int]) -> Ratings:
    """Return ratings that show nothing but how many there are."""
    n, unable = counted
    said = f"Only {n} rated this statement: nothing is shown, because it would tell who voted what."
    return Ratings(
        name,
        text,
        Appropriateness(name, number, n, unable, cautions=(Caution("few-ratings", said),)),
        ConsensusResult(name, number, rule, n, "none", None, None, text=said),
    )


# -- where statements stand ----------------------------------------------------------------------------------------


def _statement_view(count: Count, kept: KeptStatement, now: EvidenceNow) -> StatementView:
    last = count.last(kept.statement.id)
    older = last is not None and last.text != kept.statement.text
    state, standing = _standing(count, kept, last)
    sentence = f"Simulated: {standing}" if count.plan.simulated else _capital(standing)
    return StatementView(kept, state, sentence, last, now.flags(kept), votes_are_older=older)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _standing(count: Count, kept: KeptStatement, last: Ratings | None) -> tuple[State, str]:
    """Return the state of a statement, and the same in a sentence with its numbers."""
    if kept.dropped:
        return "dropped", f"taken out: {kept.dropped.rstrip('.')}."
    if last is None:
        return "open", "not voted on in a closed round yet."
    number = last.appropriateness.round
    if last.text != kept.statement.text:
        return "open", f"reworded after round {number}; the present wording has not been voted on."
    settled = count.is_settled(kept)
    state: State = _STATES[last.verdict.outcome] if settled or count.is_last else "open"
    parts = [f"round {number}: {last.verdict.text}", *_rand(count.plan, last.appropriateness)]
    if last.moved is not None:
        since = count.moves[kept.statement.id, number].before
        parts.append(f"{last.moved:.1f} % of the ratings moved since round {since}.")
    if not settled and not count.is_last:
        parts.append("A further round is to be held on it.")
    elif not settled and last.verdict.outcome != "none":
        parts.append("The rounds that were planned are over; the ratings were not shown to be stable.")
    return state, " ".join(parts)


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
    waiting = count.still_open(view.statements(count.plan.id))
    if not count.rounds:
        return "No round has been held yet."
    if count.is_last:
        left = f"; {len(waiting)} statements are open" if waiting else ""
        return f"{len(count.rounds)} rounds were held, as many as were planned at most{left}. No further round."
    if not waiting:
        return "No statement is open. No further round."
    return f"A further round is to be held, on {', '.join(waiting)}."


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
        counts = [Count(view, plan) for plan in (plans if plans and not panel else [plan_of(protocol, panel)])]
        for count in counts:
            require_insider(view, count.panel, project.actor)
        return tuple(_statement_view(count, kept, now) for count in counts for kept in view.statements(count.plan.id))


def results(project: Project, panel: str = "") -> PanelResults:
    """Return what came of the closed rounds of a panel; of a round that is open nothing.

    Raises
    ------
    NotAllowed
        The actor has no role in the review and is not on the panel.
    NotFound, InvalidInput
        As for `stromata.review.panel_plan`; NotFound also when the panel has no people yet.
    """
    with project.store.snapshot(project.id) as view:
        count = Count(view, plan_of(view.protocol(), panel))
        require_insider(view, count.panel, project.actor)
        return PanelResults(
            count.plan,
            count.sections,
            tuple(one for one in count.all_rounds if one.superseded),
            tuple(count.moves.values()),
            _stopping(count, view),
            () if count.is_last else count.still_open(view.statements(count.plan.id)),
            count.votes if may_see_names(view, count.panel, project.actor) else (),
        )


def feedback(project: Project, panellist: str = "", panel: str = "") -> consensus.FeedbackSheet:
    """Return the feedback of the last closed round for one panellist: their votes beside the panel's, without names.

    Parameters
    ----------
    panellist : whose sheet; the actor's own by default.

    Raises
    ------
    NotAllowed
        The actor is not on the panel; or it is another's sheet and the actor is no facilitator, or votes there.
    NotFound
        There is no such panel or panellist.
    Conflict
        No round has been closed yet.
    """
    with project.store.snapshot(project.id) as view:
        count = Count(view, plan_of(view.protocol(), panel))
        whose = panellist or project.actor
        members = [member.name for member in count.panel.members]
        if whose != project.actor and not may_see_names(view, count.panel, project.actor):
            raise NotAllowed(
                f"{project.actor!r} may not see the sheet of {whose!r}: that takes a facilitator who does not vote",
                hint="Without a name you get your own.",
            )
        if whose == project.actor and whose not in members:
            raise NotAllowed(
                f"{whose!r} is not on the panel {count.plan.id!r}", hint="A facilitator names whose sheet is wanted."
            )
    if not count.rounds:
        raise Conflict(f"no round of the panel {count.plan.id!r} has been closed", hint="Feedback comes after it.")
    last = count.rounds[-1]
    return consensus.feedback_sheet(
        count.votes,
        whose,
        round_number=last.number,
        panel=count.panel,
        statements=[Statement(name, count.texts[name, last.number]) for name in last.statements],
        method=count.plan.percentiles,
        disagreement=count.plan.disagreement,
        half_medians=count.plan.half_medians,
    )


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
    return reporting.PanelSection(
        plan=plan,
        panel=count.panel,
        rule=_rule(count),
        fixed=fixed,
        rounds=count.sections,
        superseded=tuple(one for one in count.all_rounds if one.superseded),
        statements=tuple(_statement_view(count, item, now) for item in kept),
        stopping=_stopping(count, view),
        accord=_accord(count, kept, protocol, fixed),
    )


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
        f"{_capital(count.rule.text)}{width}. {stopping.min_rounds} to {stopping.max_rounds} rounds. A statement is "
        f"closed by {closes}, or by being stable without it; stable means that at most {stopping.max_change:g} % of "
        f"the ratings moved. RAND/UCLA: percentiles {plan.percentiles}, disagreement by {plan.disagreement}, half "
        f"medians {plan.half_medians}."
    )


def _accord(
    count: Count, kept: Iterable[KeptStatement], protocol: ReviewProtocol, fixed: str
) -> tuple[ChecklistLine, ...]:
    """Return the ACCORD checklist as far as the log can answer it."""
    plan = count.plan
    facts = consensus.ConsensusFacts(
        panel=count.panel,
        asked=count.rounds,
        results=tuple(section.result for section in count.sections),
        plan=plan.stopping,
        rule_fixed=fixed,
        rule_text=_capital(count.rule.text),
        method=plan.method,
        registration=protocol.registration,
        feedback=plan.feedback,
        anonymous=True if count.rounds else None,
        dropped=tuple((one.statement.id, one.dropped or one.reason) for one in kept if one.dropped or one.reason),
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
        count = Count(view, plan_of(protocol, panel))
        require_insider(view, count.panel, project.actor)
        kept = view.statements(count.plan.id)
        return _accord(count, kept, protocol, rules_fixed(view, count.plan))
