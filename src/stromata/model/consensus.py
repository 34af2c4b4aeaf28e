"""Panels, statements, votes and judgements: what a consensus is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from stromata.model.synthesis import Caution, Interval

PanelRole = Literal["chair", "facilitator", "panellist", "patient", "methodologist", "observer"]
VOTING_ROLES: tuple[PanelRole, ...] = ("chair", "panellist", "patient", "methodologist")
"""Who votes, unless an interest keeps them from it; a facilitator asks and an observer listens."""

Band = Literal["1-3", "4-6", "7-9"]
AppropriatenessClass = Literal["appropriate", "uncertain", "inappropriate"]
CountVerdict = Literal["agreement", "disagreement", "indeterminate"]
ConsensusOutcome = Literal["in", "out", "middle", "none"]
"""In and out: enough ratings in 7-9, or in 1-3. Middle: the panel agrees that it is neither. None: no consensus."""

Certainty = Literal["high", "moderate", "low", "very-low"]
CERTAINTIES: tuple[Certainty, ...] = ("very-low", "low", "moderate", "high")
"""From the least to the most certain."""

LowerDomain = Literal["risk-of-bias", "inconsistency", "indirectness", "imprecision", "publication-bias"]
RaiseFactor = Literal["large-effect", "dose-response", "plausible-confounding"]
DomainLevel = Literal["not-serious", "serious", "very-serious", "none", "raised", "raised-twice"]
"""Of a domain that lowers certainty: the first three. Of a factor that raises it: the last three."""

Strength = Literal["strong", "conditional"]
Direction = Literal["for", "against", "either"]


_NO_ESTIMATE = Interval(None, None, None)


@dataclass(frozen=True, slots=True)
class Interest:
    """One declared interest of a panellist.

    Attributes
    ----------
    text : what was declared.
    excludes : statements that this person may not vote on because of it; ``*`` stands for all.
    """

    text: str
    excludes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Panellist:
    """One member of a panel.

    Attributes
    ----------
    group : stakeholder group, such as ``dermatology`` or ``patients``.
    declared : the person answered the question about interests; no interests and not declared are two things.
    """

    name: str
    role: PanelRole = "panellist"
    group: str = ""
    interests: tuple[Interest, ...] = ()
    declared: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """The people of a consensus process; `id` tells panels of one review apart."""

    id: str
    title: str = ""
    members: tuple[Panellist, ...] = ()


@dataclass(frozen=True, slots=True)
class EvidenceBasis:
    """What a piece of evidence was when somebody judged it or rested a statement on it.

    Attributes
    ----------
    id : ``plan`` or ``plan/condition`` for a synthesis or its subgroup, ``standard/criterion`` for a criterion.
    kind : what the id names.
    fingerprint : of the inputs and the method, or of the criterion; equal ones mean equal evidence.
    k, measure, natural : of a synthesis, so that a later reader can be told what has changed.
    certainty : as judged for it then; None when it was not judged.
    text : a criterion in short, with its limit; empty for a synthesis.
    """

    id: str
    kind: Literal["synthesis", "criterion"]
    fingerprint: str
    k: int = 0
    measure: str = ""
    natural: Interval = _NO_ESTIMATE
    certainty: Certainty | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """A conclusion or recommendation that a panel votes on.

    Attributes
    ----------
    syntheses : what it rests on: ``plan``, or ``plan/condition`` for the subgroup of one condition.
    criteria : criteria of a practice standard that it rests on, as ``standard/criterion``.
    proposed_by : who brought it in; empty for the steering group.
    """

    id: str
    text: str
    syntheses: tuple[str, ...] = ()
    criteria: tuple[str, ...] = ()
    proposed_by: str = ""


@dataclass(frozen=True, slots=True)
class KeptStatement:
    """A statement as a review keeps it.

    Attributes
    ----------
    basis : the evidence as it was when the statement was last put to the panel, written or looked at again.
    reason : why it was last changed. `reviewed` : why it stands although the evidence has changed. `dropped` : why it
        was taken out. Each empty where that did not happen; `reviewed` is emptied by a change of the statement.
    """

    panel: str
    statement: Statement
    basis: tuple[EvidenceBasis, ...] = ()
    reason: str = ""
    reviewed: str = ""
    dropped: str = ""


@dataclass(frozen=True, slots=True)
class Vote:
    """One panellist's vote on one statement in one round.

    Attributes
    ----------
    score : 1 to 9; None when the panellist was unable to score, which is an answer and not a gap.
    """

    statement: str
    panellist: str
    round: int
    score: int | None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Round:
    """One round of votes.

    Attributes
    ----------
    edition : 1, or one more than the round of the same number that this one replaces.
    opened, closed : ISO 8601 times in UTC; empty when not yet.
    invited : names of those who were asked.
    statements : ids of what was asked; `texts` their wording as it was put.
    seal : SHA-256 of the ballots, set when the round was closed (see `stromata.consensus.seal`).
    supersedes : seal of the round that this one replaces, and `reason` why; a sealed round itself never changes.
    superseded : a later edition of this round, or of one before it, took its place.
    people : everybody on the panel when it was opened, with role, group and interests as they were then. Feedback and
        reports of the round rest on them, whatever the panel is by now. Empty where it was not kept.
    interrupted : seal of the round that was still open when this one took its place.
    unfinished : it was sealed only because another took its place while it was open; nobody is shown its votes.
    """

    number: int
    opened: str = ""
    closed: str = ""
    invited: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()
    seal: str = ""
    supersedes: str = ""
    reason: str = ""
    edition: int = 1
    superseded: bool = False
    texts: tuple[str, ...] = ()
    people: tuple[Panellist, ...] = ()
    interrupted: str = ""
    unfinished: bool = False


@dataclass(frozen=True, slots=True)
class Ballot:
    """What one panellist voted in one round; a later ballot adds to it or replaces votes while the round is open.

    Attributes
    ----------
    salt : random text that goes into the seal of the round, so that no vote can be guessed from it.
    """

    panel: str
    round: int
    edition: int
    panellist: str
    votes: tuple[Vote, ...]
    salt: str = ""


@dataclass(frozen=True, slots=True)
class AgreementCount:
    """Agreement and disagreement by counting ratings.

    Attributes
    ----------
    outside : ratings outside the band that holds the median; `outside_max` the most that agreement allows.
    low, high : ratings in 1-3 and in 7-9; `extreme_min` how many each must hold for disagreement.
    """

    outside: int
    outside_max: int
    low: int
    high: int
    extreme_min: int
    verdict: CountVerdict


@dataclass(frozen=True, slots=True)
class Appropriateness:
    """The RAND/UCLA result of one statement in one round.

    Attributes
    ----------
    n : ratings; `unable` votes without a rating are not among them. Each None where it would tell who voted what.
    tertile : the band of the scale that holds the median.
    iqr : P75 - P25. `ipr` : P70 - P30. `ipras` : the largest `ipr` without disagreement at this asymmetry.
    iprcp, asymmetry : middle of P30 and P70, and its distance from 5.
    disagreement : `ipr` is above `ipras`.
    counts : the same question asked by counting ratings.
    appropriateness : None when nobody rated the statement. All numbers are then None, too.
    """

    statement: str
    round: int
    n: int | None
    unable: int | None
    median: float | None = None
    tertile: Band | None = None
    p25: float | None = None
    p75: float | None = None
    iqr: float | None = None
    p30: float | None = None
    p70: float | None = None
    ipr: float | None = None
    iprcp: float | None = None
    asymmetry: float | None = None
    ipras: float | None = None
    disagreement: bool | None = None
    counts: AgreementCount | None = None
    appropriateness: AppropriatenessClass | None = None
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class ConsensusResult:
    """What a consensus rule says of one statement in one round.

    Attributes
    ----------
    rule : id of a rule in `stromata.consensus`.
    n : ratings; None where it would tell who voted what.
    agree, disagree : percent of the ratings in 7-9 and in 1-3; None without ratings.
    value : the number that the rule looks at; `limit` what it is held against. None where the rule has none.
    text : the verdict in a sentence.
    """

    statement: str
    round: int
    rule: str
    n: int | None
    outcome: ConsensusOutcome
    agree: float | None
    disagree: float | None
    value: float | None = None
    limit: float | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class RoundResult:
    """One round in numbers.

    Attributes
    ----------
    invited : people asked; None when not known.
    voted : people with at least one vote, `unable` ones included.
    response : `voted` in percent of `invited`.
    retained : percent of the voters of the first round who voted here again; None for the first.
    left : names of those who voted in the round before and not in this one. For the facilitator, not for peers.
    lost : their number, which everybody may know; None for the first round.
    """

    round: int
    invited: int | None
    voted: int
    response: float | None
    retained: float | None
    left: tuple[str, ...]
    results: tuple[ConsensusResult, ...]
    lost: int | None = None


@dataclass(frozen=True, slots=True)
class DomainJudgement:
    """What a person decided on one domain of certainty, beside what was proposed.

    Attributes
    ----------
    proposed : the level that the numbers suggest; None when they suggest nothing.
    steps : levels down (negative) or up.
    numbers : what the proposal rested on, such as ``(("high_share", 62.5),)``.
    """

    domain: LowerDomain | RaiseFactor
    level: DomainLevel
    steps: int
    reason: str
    person: str
    proposed: DomainLevel | None = None
    numbers: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class CertaintyJudgement:
    """The certainty of the evidence on one outcome, with every step that led to it.

    Attributes
    ----------
    outcome : id of the synthesis, ``plan`` or ``plan/condition``.
    footnotes : one sentence for each domain that moved the level, in the order of `domains`; numbered from 1.
    basis : the synthesis as it was when it was judged; None outside a review.
    """

    outcome: str
    start: Certainty
    start_reason: str
    domains: tuple[DomainJudgement, ...]
    level: Certainty
    footnotes: tuple[str, ...] = ()
    cautions: tuple[Caution, ...] = ()
    basis: EvidenceBasis | None = None


@dataclass(frozen=True, slots=True)
class EtdJudgement:
    """A panel's judgement on one criterion of an Evidence-to-Decision frame.

    Attributes
    ----------
    criterion, answer : ids from `stromata.consensus.criteria`.
    evidence : what research says; `considerations` what the panel added.
    votes : (answer, number of people), where the panel voted.
    """

    criterion: str
    answer: str
    evidence: str = ""
    considerations: str = ""
    person: str = ""
    votes: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What a panel recommends, and how strongly.

    Attributes
    ----------
    action : what should be done, as it follows "to": ``offer umbilical-cord MSC to adults with ...``.
    certainty : of the evidence of effects.
    reason : the justification; a strong recommendation on weak evidence needs one.
    """

    statement: str
    strength: Strength
    direction: Direction
    action: str
    certainty: Certainty | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class EtdFrame:
    """An Evidence-to-Decision frame: question, judgements, and what was concluded.

    Attributes
    ----------
    perspective : whose decision it is.
    outcomes : the syntheses whose certainty is critical to the decision, ``plan`` or ``plan/condition``.
    options : what is compared, such as ``cord MSC or usual care``.
    """

    id: str
    question: str
    perspective: Literal["individual", "population"] = "individual"
    judgements: tuple[EtdJudgement, ...] = ()
    recommendation: Recommendation | None = None
    subgroups: str = ""
    implementation: str = ""
    monitoring: str = ""
    research: str = ""
    outcomes: tuple[str, ...] = ()
    options: str = ""
