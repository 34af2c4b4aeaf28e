"""Delphi rounds: consensus by named rules, response and attrition, convergence, and when to stop.

The rules stand in ``rules.yaml`` with their sources.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Any, Literal

from stromata.consensus.data import load
from stromata.consensus.rand import BANDS, HIGH, LOW, band_of, median, percentile
from stromata.consensus.stability import Stability, stability
from stromata.errors import InvalidInput, NotFound
from stromata.model.consensus import (
    Band,
    ConsensusOutcome,
    ConsensusResult,
    Panel,
    Round,
    RoundResult,
    Vote,
)
from stromata.model.protocol import StoppingRule

RuleKind = Literal["share", "category", "majority", "distance", "iqr"]
Evidenced = Literal["sourced", "secondary", "unsourced", "project"]
Standing = Literal["consensus", "stable-without-consensus", "open"]

_BY_BAND: dict[Band, ConsensusOutcome] = {"1-3": "out", "4-6": "middle", "7-9": "in"}


@dataclass(frozen=True, slots=True)
class Grade:
    """One grade of the rule about distance from the median.

    Attributes
    ----------
    any_of : (percent of the ratings, points from the median), of which one has to hold.
    quartiles_equal : it also holds where the median and both quartiles are one whole number.
    """

    name: str
    any_of: tuple[tuple[int, int], ...]
    quartiles_equal: bool = False


@dataclass(frozen=True, slots=True)
class ConsensusRule:
    """A named rule for consensus; see ``rules.yaml`` for what the kinds mean.

    Attributes
    ----------
    at_least : percent of the ratings; `above`: strictly more than that.
    disagree_below : percent of the ratings at the other end that must not be reached; None = no such condition.
    out : the rule also says when a statement is to be left out.
    limit : width of the interquartile range, which has no sourced default; None until a team sets it.
    """

    id: str
    kind: RuleKind
    text: str
    status: Evidenced
    source: str
    note: str = ""
    at_least: float = 0.0
    above: bool = False
    disagree_below: float | None = None
    out: bool = False
    limit: float | None = None
    grades: tuple[Grade, ...] = ()
    reached: str = ""


@cache
def consensus_rules() -> tuple[ConsensusRule, ...]:
    """Return all rules that there are."""
    return tuple(_rule(dict(entry)) for entry in load("rules")["rules"])


def consensus_rule(id: str, *, limit: float | None = None) -> ConsensusRule:  # noqa: A002 - the word that users know it by
    """Return a rule.

    Parameters
    ----------
    limit : width of the interquartile range, for the rule ``iqr`` and no other; 0 or more.

    Raises
    ------
    NotFound
        There is no such rule; the hint lists those there are.
    InvalidInput
        ``iqr`` without a limit, a limit below 0, or a limit for another rule.
    """
    found = next((rule for rule in consensus_rules() if rule.id == id), None)
    if found is None:
        raise NotFound(
            f"there is no consensus rule {id!r}", hint=f"There are: {', '.join(rule.id for rule in consensus_rules())}."
        )
    if (found.kind == "iqr") != (limit is not None) or (limit is not None and limit < 0):
        raise InvalidInput(
            f"the limit of the rule {id} is {limit}; the rule iqr needs one of 0 or more, the others take none",
            hint="Fix the width before the first round.",
        )
    return replace(found, limit=limit)


def _rule(entry: dict[str, Any]) -> ConsensusRule:  # Any: a mapping from YAML; the dataclass checks its keys
    grades = tuple(
        Grade(one["grade"], tuple((share, points) for share, points in one["any"]), one.get("quartiles_equal", False))
        for one in entry.pop("grades", ())
    )
    return ConsensusRule(grades=grades, **entry)


def judge_round(votes: Iterable[Vote], rule: ConsensusRule, *, round_number: int) -> tuple[ConsensusResult, ...]:
    """Apply a rule to every statement of a round, in the order of first votes.

    Parameters
    ----------
    votes : each panellist at most once per statement and round; other rounds are skipped. Votes without a score do not
        enter a denominator.

    Returns
    -------
    A statement that nobody scored has no consensus.
    """
    ratings: dict[str, list[int]] = {}
    for vote in votes:
        if vote.round == round_number:
            scores = ratings.setdefault(vote.statement, [])
            if vote.score is not None:
                scores.append(vote.score)
    cutoff = average_majority(list(ratings.values())) if rule.kind == "majority" else None
    return tuple(_judge(name, scores, rule, round_number, cutoff) for name, scores in ratings.items())


def average_majority(ratings: Sequence[Sequence[int]]) -> Fraction | None:
    """Return the average percent of majority opinions (APMO) of a round, the cut-off of its rule.

    ``100 (majority agreements + majority disagreements) / all ratings``: the agreeing ratings of the statements with
    which more than half agree, and the disagreeing ratings of those with which more than half disagree. None without
    ratings.
    """
    total = majority = 0
    for scores in ratings:
        total += len(scores)
        for end in (LOW, HIGH):
            count = sum(score in end for score in scores)
            majority += count if 2 * count > len(scores) else 0
    return Fraction(100 * majority, total) if total else None


def _judge(
    statement: str, scores: list[int], rule: ConsensusRule, number: int, cutoff: Fraction | None
) -> ConsensusResult:
    if not scores:
        text = "Nobody scored this statement."
        return ConsensusResult(statement, number, rule.id, 0, "none", None, None, text=text)
    low, high = _percent(scores, LOW), _percent(scores, HIGH)
    if rule.kind == "distance":
        verdict = _by_distance(rule, scores)
    elif rule.kind == "iqr":
        verdict = _by_iqr(rule, scores)
    elif rule.kind == "category":
        verdict = _by_category(rule, scores)
    else:
        verdict = _by_share(rule, low, high, cutoff)
    return ConsensusResult(
        statement,
        number,
        rule.id,
        len(scores),
        verdict.outcome,
        float(high),
        float(low),
        float(verdict.value),
        None if verdict.limit is None else float(verdict.limit),
        f"{verdict.text}: {_OUTCOMES[verdict.outcome]}.",
    )


_OUTCOMES: dict[ConsensusOutcome, str] = {
    "in": "consensus for the statement",
    "out": "consensus against the statement",
    "middle": "consensus that it is uncertain",
    "none": "no consensus",
}


@dataclass(frozen=True, slots=True)
class _Verdict:
    outcome: ConsensusOutcome
    value: Fraction
    limit: Fraction | None
    text: str


def _percent(scores: Sequence[int], band: Sequence[int]) -> Fraction:
    return Fraction(100 * sum(score in band for score in scores), len(scores))


def _say(share: Fraction) -> str:
    return f"{float(share):.1f} %"


def _by_share(rule: ConsensusRule, low: Fraction, high: Fraction, cutoff: Fraction | None) -> _Verdict:
    limit = Fraction(rule.at_least) if cutoff is None else cutoff
    # A cut-off of 0 means that no statement of the round has a majority; then none can have consensus.
    met = {
        name: limit > 0
        and (share > limit if rule.above else share >= limit)
        and (rule.disagree_below is None or other < rule.disagree_below)
        for name, share, other in (("in", high, low), ("out", low, high))
    }
    outcome: ConsensusOutcome = "in" if met["in"] else "out" if met["out"] and rule.out else "none"
    if rule.kind == "majority" and met["in"] and met["out"]:  # both ends reach a low cut-off: the larger one counts
        outcome = "in" if high > low else "out" if low > high else "none"
    text = f"{_say(high)} of the ratings agree and {_say(low)} disagree"
    return _Verdict(outcome, low if outcome == "out" else high, limit, text)


def _by_category(rule: ConsensusRule, scores: Sequence[int]) -> _Verdict:
    shares = {_BY_BAND[name]: _percent(scores, band) for name, band in BANDS.items()}
    outcome = max(shares, key=lambda name: shares[name])
    share = shares[outcome]
    text = f"{_say(share)} of the ratings lie in one third of the scale"
    return _Verdict(outcome if share >= rule.at_least else "none", share, Fraction(rule.at_least), text)


def _by_distance(rule: ConsensusRule, scores: Sequence[int]) -> _Verdict:
    middle = median(scores)
    quartiles = {percentile(scores, "0.25"), middle, percentile(scores, "0.75")}

    def within(points: int) -> Fraction:
        return Fraction(100 * sum(abs(score - middle) <= points for score in scores), len(scores))

    names = [grade.name for grade in rule.grades]
    holds = [
        (grade.quartiles_equal and len(quartiles) == 1 and middle.denominator == 1)
        or any(within(points) >= share for share, points in grade.any_of)
        for grade in rule.grades
    ]
    place = holds.index(True) if any(holds) else len(names)
    reached = place <= names.index(rule.reached)
    grade = names[place] if place < len(names) else "no"
    text = f"{grade} consistency about the median of {float(middle):g}, {_say(within(1))} within one point"
    return _Verdict(_BY_BAND[band_of(middle)] if reached else "none", within(1), None, text)


def _by_iqr(rule: ConsensusRule, scores: Sequence[int]) -> _Verdict:
    if rule.limit is None:
        raise InvalidInput("the rule iqr has no limit", hint="Take it as consensus_rule('iqr', limit=...).")
    width = percentile(scores, "0.75") - percentile(scores, "0.25")
    outcome = _BY_BAND[band_of(median(scores))] if width <= rule.limit else "none"
    return _Verdict(outcome, width, Fraction(rule.limit), f"the interquartile range is {float(width):g}")


# -- rounds --------------------------------------------------------------------------------------------------------


def rounds(
    votes: Iterable[Vote], rule: ConsensusRule, *, panel: Panel | None = None, asked: Iterable[Round] = ()
) -> tuple[RoundResult, ...]:
    """Return each round in numbers, in order: response, attrition, and the rule's verdict on each statement.

    Parameters
    ----------
    panel : who was invited to every round, where `asked` does not say otherwise.
    asked : the rounds as they were held; `invited` of a round counts where it is filled in.
    """
    kept = list(votes)
    invited = {one.number: len(set(one.invited)) for one in asked if one.invited}
    members = len(panel.members) if panel else None
    found: list[RoundResult] = []
    first: set[str] = set()
    before: dict[str, None] = {}
    for number in sorted({vote.round for vote in kept}):
        voters = dict.fromkeys(vote.panellist for vote in kept if vote.round == number)
        left = tuple(name for name in before if name not in voters)
        people = invited.get(number, members)
        found.append(
            RoundResult(
                number,
                people,
                len(voters),
                response=100 * len(voters) / people if people else None,
                retained=100 * len(first & voters.keys()) / len(first) if first else None,
                left=left,
                results=judge_round(kept, rule, round_number=number),
                lost=len(left) if found else None,
            )
        )
        first = first or set(voters)
        before = voters
    return tuple(found)


@dataclass(frozen=True, slots=True)
class ConvergenceRow:
    """One statement in one round, and how it moved since the round before; `moved` is None in its first round."""

    statement: str
    round: int
    n: int
    median: float | None
    iqr: float | None
    agree: float | None
    disagree: float | None
    outcome: ConsensusOutcome
    moved: Stability | None = None


def convergence(
    votes: Iterable[Vote], rule: ConsensusRule, *, reworded: Collection[tuple[str, int]] = ()
) -> tuple[ConvergenceRow, ...]:
    """Return how each statement developed, statement by statement and round by round.

    A round is compared with the last earlier one in which the same statement was rated.

    Parameters
    ----------
    reworded : (statement, round) where the wording was new in that round: ratings of another wording are not compared.
    """
    kept = list(votes)
    judged = {
        (result.statement, number): result
        for number in sorted({vote.round for vote in kept})
        for result in judge_round(kept, rule, round_number=number)
    }
    by_statement: dict[str, list[Vote]] = {}
    for vote in kept:
        by_statement.setdefault(vote.statement, []).append(vote)
    found = []
    for statement, own in by_statement.items():
        before: int | None = None
        for number in sorted({vote.round for vote in own}):
            scores = [vote.score for vote in own if vote.round == number and vote.score is not None]
            result = judged[statement, number]
            before = None if (statement, number) in reworded else before
            moved = stability(own, before=before, after=number) if before is not None and scores else ()
            found.append(
                ConvergenceRow(
                    statement,
                    number,
                    len(scores),
                    float(median(scores)) if scores else None,
                    float(percentile(scores, "0.75") - percentile(scores, "0.25")) if scores else None,
                    result.agree,
                    result.disagree,
                    result.outcome,
                    moved[0] if moved else None,
                )
            )
            before = number if scores else before
    return tuple(found)


# -- stopping ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StatementStanding:
    """Whether a statement needs another round, and why."""

    statement: str
    standing: Standing
    outcome: ConsensusOutcome
    changed: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class StoppingResult:
    """Whether to stop after a round, and where each statement stands."""

    stop: bool
    round: int
    reason: str
    statements: tuple[StatementStanding, ...]


def evaluate_stopping(
    votes: Iterable[Vote],
    plan: StoppingRule,
    *,
    limit: float | None = None,
    reworded: Collection[tuple[str, int]] = (),
) -> StoppingResult:
    """Hold the votes so far against the rule that was fixed beforehand.

    Parameters
    ----------
    plan : `StoppingRule`; `max_change` is in percent of the people who rated in both rounds.
    limit : for the rule ``iqr`` only.
    reworded : as for `convergence`.

    Returns
    -------
    StoppingResult
        Stop when the most rounds are done, or when at least the fewest are done and no statement is open. A statement
        is closed by consensus (with `needs_stability` only if its ratings are stable), or by being stable without one:
        asking again would bring nothing. Statements that were dropped in an earlier round keep their last standing.

    Raises
    ------
    InvalidInput
        There are no votes; numbers of rounds or a percentage that cannot be.
    """
    kept = list(votes)
    if not kept:
        raise InvalidInput("there are no votes to judge")
    if not 1 <= plan.min_rounds <= plan.max_rounds or not 0 <= plan.max_change <= 100:
        raise InvalidInput(
            f"the stopping rule has {plan.min_rounds} to {plan.max_rounds} rounds and {plan.max_change} % of change; "
            "at least 1, in order, and 0 to 100 % are allowed"
        )
    rows = convergence(kept, consensus_rule(plan.rule, limit=limit), reworded=reworded)
    last = {row.statement: row for row in rows}
    standings = tuple(_standing(row, plan) for row in last.values())
    number = max(vote.round for vote in kept)
    open_ = [one.statement for one in standings if one.standing == "open"]
    if number >= plan.max_rounds:
        planned = "1 round was" if plan.max_rounds == 1 else f"{plan.max_rounds} rounds were"
        text = f"{planned} planned at most; {_open(open_)}."
        return StoppingResult(stop=True, round=number, reason=text, statements=standings)
    if number < plan.min_rounds:
        return StoppingResult(
            stop=False, round=number, reason=f"At least {plan.min_rounds} rounds were planned.", statements=standings
        )
    if open_:
        return StoppingResult(
            stop=False,
            round=number,
            reason=f"{_open(open_)}: {', '.join(open_)}.",
            statements=standings,
        )
    return StoppingResult(stop=True, round=number, reason="No statement is open.", statements=standings)


def _open(names: Sequence[str]) -> str:
    return "1 statement is open" if len(names) == 1 else f"{len(names)} statements are open"


def _standing(row: ConvergenceRow, plan: StoppingRule) -> StatementStanding:
    changed = row.moved.changed if row.moved else None
    stable = changed is not None and changed <= plan.max_change
    moved = "no earlier round to compare with" if changed is None else f"{changed:.1f} % of the ratings changed"
    verdict = _OUTCOMES[row.outcome]
    standing: Standing = "open"
    if row.outcome != "none" and (stable or not plan.needs_stability):
        standing = "consensus"
    elif row.outcome == "none" and stable:
        standing = "stable-without-consensus"
    reason = f"Round {row.round}: {verdict}; {moved}."
    return StatementStanding(row.statement, standing, row.outcome, changed, reason)
