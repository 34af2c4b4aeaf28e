"""What a report is made from: the review's own values, gathered at one point of its log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from stromata.model import (
    Appraisal,
    Appropriateness,
    Caution,
    CheckReport,
    ConsensusPlan,
    ConsensusResult,
    EffectSize,
    EtdFrame,
    EtdJudgement,
    Evidence,
    FieldAgreement,
    FindingsRow,
    FindingsTable,
    Interval,
    KeptStatement,
    OutcomeMapping,
    Panel,
    Panellist,
    ProfileRow,
    PublishedClaim,
    RecordChecked,
    Reference,
    ReviewProtocol,
    Round,
    RoundResult,
    Source,
    Stage,
    Standard,
    Stop,
    StudyTables,
    Synthesis,
)
from stromata.reporting.prisma import FlowCounts

_NO_PROTOCOL = ReviewProtocol()
_NO_TABLES = StudyTables()
_NO_EVIDENCE = Evidence()

Labels = tuple[tuple[str, str], ...]
"""(as extracted, as shown), in the order to be shown. Several words may be shown as one."""


@dataclass(frozen=True, slots=True)
class ExcludedReport:
    """A report that was judged at full text and excluded.

    Attributes
    ----------
    reason : the counted reason in words, as in the protocol.
    note : what the reviewers added; may be empty.
    """

    reference: Reference
    reason: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far the reviewers agreed at one stage, before conflicts were resolved.

    Attributes
    ----------
    pairs : references with two independent verdicts.
    raw : share of the pairs with equal verdicts, 0..1; None without pairs.
    kappa : Cohen's kappa, -1..1; None where it is undefined.
    conflicts : pairs that an adjudicator had to settle, or still has to.
    """

    stage: Stage
    pairs: int
    raw: float | None
    kappa: float | None
    conflicts: int = 0


@dataclass(frozen=True, slots=True)
class StoppedStage:
    """A stage whose screening was stopped before everything was read; `left` references are unread still."""

    stop: Stop
    left: int


@dataclass(frozen=True, slots=True)
class ClaimComparison:
    """A published figure beside what the included studies give.

    Attributes
    ----------
    synthesis : id of the synthesis that asks the same; empty when none does.
    subgroup : label of its subgroup that was compared; empty for the whole.
    result : that synthesis or subgroup; None when the claim could not be recomputed.
    why_not : why it could not be recomputed, or what limits the comparison, in a sentence.
    """

    claim: PublishedClaim
    synthesis: str = ""
    subgroup: str = ""
    result: Synthesis | None = None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class ArmDose:
    """The dose that one arm was given, brought to common units.

    Attributes
    ----------
    arm : id of the arm.
    per_administration, cumulative : with unit, as text; empty when it could not be worked out.
    administrations : how many times the product was given; None when not reported.
    interval_days : days between administrations; None likewise.
    cells_per_kg : cells per kilogram of body weight and administration; None when it could not be worked out.
    ..._high : the upper end where it is a range, else None.
    cautions : what had to be assumed, such as a body weight.
    """

    arm: str
    per_administration: str = ""
    administrations: int | None = None
    interval_days: float | None = None
    cumulative: str = ""
    cells_per_kg: float | None = None
    cautions: tuple[Caution, ...] = ()
    administrations_high: int | None = None
    interval_days_high: float | None = None
    cells_per_kg_high: float | None = None


@dataclass(frozen=True, slots=True)
class AppraisalRow:
    """One appraisal as it is shown: of a study, or of one of its results.

    Attributes
    ----------
    appraisal : answers and judgements; the consensus where there is one. Its levels are ids of the section's levels.
    label : what the figure prints, such as ``Wang 2014``.
    result : the appraised result in words; empty for the study as a whole.
    appraisers : everybody who appraised.
    consensus : the appraisal stands: it was settled between the appraisers, or only one was asked for.
    weight : share of the synthesis that the section names, in percent; None where there is none.
    """

    appraisal: Appraisal
    label: str
    result: str = ""
    appraisers: tuple[str, ...] = ()
    consensus: bool = True
    weight: float | None = None


@dataclass(frozen=True, slots=True)
class AppraisalLevel:
    """A level, or an answer that stands for one, as a tool names it.

    Attributes
    ----------
    symbol : one letter that stands in the circle, such as ``+``.
    rank : 0 for the best, rising; None for what is no judgement (no information, not applicable). The colour follows
        from it.
    """

    id: str
    label: str
    symbol: str
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class AppraisalSection:
    """All appraisals with one version of one tool, and as much of the tool as a reader needs.

    Attributes
    ----------
    id : of the tool; `tool` its name in words, `link` where its authors publish it.
    domains : (id, label) of the columns, in the tool's order. A tool that judges no domains has its questions here: a
        column whose id is a question shows the answer.
    levels : levels of the domains, or answers of the questions, from best to worst, then those without a rank.
    overall_levels : levels of the overall judgement; empty where they are those of the domains.
    questions : (id, domain, text in our words) of the signalling questions.
    weighting : the synthesis from which the rows have their weights; empty for unweighted bars.
    notes : what a reader must know of the tool or its use, a sentence each.
    """

    id: str
    tool: str
    version: str
    domains: tuple[tuple[str, str], ...]
    levels: tuple[AppraisalLevel, ...]
    rows: tuple[AppraisalRow, ...]
    overall_levels: tuple[AppraisalLevel, ...] = ()
    link: str = ""
    questions: tuple[tuple[str, str, str], ...] = ()
    weighting: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MapLabels:
    """The words of the evidence map. What no label names is shown as it was extracted.

    A label that no study has is still shown, as a row or column without evidence: gaps are what a map is for.

    Attributes
    ----------
    diseases : from the ids of conditions. `tissues`, `routes` and `products` : from the words of `CellProduct`.
    levels : (design, level of evidence), from the highest to the lowest level. Without them no map is drawn.
    """

    diseases: Labels = ()
    tissues: Labels = ()
    routes: Labels = ()
    products: Labels = ()
    levels: Labels = ()


_NO_LABELS = MapLabels()


@dataclass(frozen=True, slots=True)
class PublishedReview:
    """A published review whose included studies are held against those of others.

    Attributes
    ----------
    key : DOI, PMID or record id, as in `ReviewInclusion.review`.
    year : of publication. `searched` : year of its last search; it goes before `year` where it is known.
    """

    key: str
    label: str
    year: int | None = None
    searched: int | None = None


@dataclass(frozen=True, slots=True)
class CohortReason:
    """Why studies of one cohort are thought to share patients."""

    cohort: str
    reason: str


@dataclass(frozen=True, slots=True)
class AutomationUse:
    """What one program proposed for extraction, and what people made of it. What nobody judged yet is the rest."""

    program: str
    version: str
    made: int
    accepted: int = 0
    amended: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class CustomAnswer:
    """The answer to a field that only this review asks for.

    Attributes
    ----------
    study : id of the study; `subject` the arm, outcome or result in words, empty for the study.
    label : of the field.
    """

    study: str
    label: str
    value: str
    subject: str = ""
    unit: str = ""
    evidence: Evidence = _NO_EVIDENCE


@dataclass(frozen=True, slots=True)
class FindingsSection:
    """A summary-of-findings table with its evidence profile.

    Attributes
    ----------
    table : the question, as planned.
    rows : one per outcome whose certainty was judged, in the order to be shown; `footnotes` are numbered from 1.
    profiles : the same outcomes with the reasons in columns of their own.
    missing : (label, why) of planned outcomes that have no row: not computed, or not judged yet.
    changed : (synthesis, sentence) where the evidence is not what it was when its certainty was judged.
    cautions : about the table as a whole.
    """

    table: FindingsTable
    rows: tuple[FindingsRow, ...] = ()
    footnotes: tuple[str, ...] = ()
    profiles: tuple[ProfileRow, ...] = ()
    missing: tuple[tuple[str, str], ...] = ()
    changed: tuple[tuple[str, str], ...] = ()
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class FrameCriterion:
    """One criterion of an Evidence-to-Decision frame as it is shown.

    Attributes
    ----------
    answers : (id, label) in the order of the scale.
    sourced : whether criterion and scale could be confirmed in a source.
    judgement : None when it was not judged yet.
    """

    id: str
    label: str
    question: str
    answers: Labels
    sourced: bool
    judgement: EtdJudgement | None = None


@dataclass(frozen=True, slots=True)
class FrameSection:
    """An Evidence-to-Decision frame.

    Attributes
    ----------
    wording : the recommendation as a sentence; empty when there is none yet.
    implications : (audience, sentence) of its strength.
    cautions : what does not fit within the frame.
    """

    frame: EtdFrame
    criteria: tuple[FrameCriterion, ...]
    wording: str = ""
    implications: Labels = ()
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class Ratings:
    """How one statement was rated in one round: `counts` of the scores 1 to 9, in this order.

    Attributes
    ----------
    counts : None when so few rated that it would tell who voted what.
    text : the wording that was put.
    moved : percent of the ratings that moved since its round before, with one decimal; None in its first, and where
        one or two people rated in one of the rounds only, whose votes it would tell.
    """

    statement: str
    text: str
    appropriateness: Appropriateness
    verdict: ConsensusResult
    counts: tuple[int, ...] | None = None
    moved: float | None = None


@dataclass(frozen=True, slots=True)
class RoundSection:
    """One closed round: who was asked and answered, and how each statement was rated."""

    round: Round
    result: RoundResult
    ratings: tuple[Ratings, ...]


StatementState = Literal["agreed", "rejected", "uncertain", "not-shown-stable", "no-consensus", "open", "dropped"]


@dataclass(frozen=True, slots=True)
class StatementChange:
    """What was done to a statement after a round had asked about it.

    Attributes
    ----------
    at : ISO 8601 time. `round` : the round after which it was done.
    before : the wording until then, where it was reworded; else empty.
    """

    at: str
    round: int
    what: Literal["reworded", "rests on other evidence", "taken out", "brought back"]
    reason: str
    before: str = ""


@dataclass(frozen=True, slots=True)
class StatementView:
    """A statement with where it stands.

    Attributes
    ----------
    state : ``agreed``, ``rejected`` and ``uncertain`` are settled by the stopping rule. ``not-shown-stable``: the
        rounds are over, the threshold is reached, and the rule asks for stable ratings, which were not shown.
        ``no-consensus``: none, and no further round. ``open``: to be asked, or asked again. ``dropped``.
    standing : the same in a sentence, with its numbers.
    last : its ratings in the last round that it was part of; None before that.
    flags : one sentence for each thing that it rests on that has changed since; empty when it needs no other look.
    votes_are_older : its text was changed after its last round, so that the votes are about another wording.
    changes : what was done to it after a round, in order.
    """

    kept: KeptStatement
    state: StatementState
    standing: str
    last: Ratings | None = None
    flags: tuple[str, ...] = ()
    votes_are_older: bool = False
    changes: tuple[StatementChange, ...] = ()


@dataclass(frozen=True, slots=True)
class ChecklistLine:
    """One item of a reporting checklist with its answer. `confirmed` : its wording could be checked in a source."""

    id: str
    section: str
    text: str
    state: Literal["answered", "partly", "open"]
    answer: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class PanelPerson:
    """Somebody who is or was on a panel.

    Attributes
    ----------
    member : as they were when a round that counts last asked them; else as they were in the last one, or are now.
    rounds : numbers of the rounds that count in which they were asked.
    since : what has changed since, such as ``now observer``; empty when nothing has.
    """

    member: Panellist
    rounds: tuple[int, ...] = ()
    since: str = ""


@dataclass(frozen=True, slots=True)
class PanelSection:
    """A panel: its people, its rules, its rounds and its statements.

    Attributes
    ----------
    panel : as it is now. `people` : everybody who is or was on it while a round that counts was held.
    rule : the consensus rule in words. `fixed` : ISO 8601 time at which it was fixed.
    rounds : the closed rounds that count, in order; `superseded` those that were replaced.
    stopping : whether another round is to be held, in a sentence.
    accord : the ACCORD checklist, filled in from the log.
    cautions : what must be known of how the rounds were held.
    """

    plan: ConsensusPlan
    panel: Panel
    rule: str
    fixed: str
    rounds: tuple[RoundSection, ...] = ()
    superseded: tuple[Round, ...] = ()
    statements: tuple[StatementView, ...] = ()
    stopping: str = ""
    accord: tuple[ChecklistLine, ...] = ()
    people: tuple[PanelPerson, ...] = ()
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class StudyChecks:
    """The included studies held against the reporting items of a standard.

    Attributes
    ----------
    groups : (id, label) of the sets of items, such as ISCT, in the order of the standard; `member` has the group of
        each criterion.
    reports : one per study, whose id is `CheckReport.record`.
    notes : what a reader must know, a sentence each.
    not_looked_for : criteria that the extraction does not ask for; a report without a value may state them.
    """

    standard: Standard
    groups: Labels
    member: tuple[tuple[str, str], ...]
    reports: tuple[CheckReport, ...]
    notes: tuple[str, ...] = ()
    not_looked_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TeamStandard:
    """A practice standard of the team's own.

    Attributes
    ----------
    flags : (criterion, sentence) where the statement that set it was not agreed, was taken out or needs another look.
    """

    standard: Standard
    file: tuple[str, str]
    flags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AdviceOption:
    """A way to analyse data, with the reason for it or against it and who says so."""

    title: str
    why: str
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnalysisRow:
    """One of several analyses of the same data.

    Attributes
    ----------
    natural : on the natural scale of the synthesis. `refused` : why there is no result; empty when there is one.
    """

    title: str
    why: str
    natural: Interval
    refused: str = ""


@dataclass(frozen=True, slots=True)
class AdviceSection:
    """What the literature advises for the data of one synthesis.

    Attributes
    ----------
    first : what is advised; None when nothing meaningful can be done, and `refused` says why.
    against : what is often done and should not be, here. `analyses` : the first is the one that is advised.
    """

    synthesis: str
    first: AdviceOption | None
    against: tuple[AdviceOption, ...] = ()
    refused: str = ""
    analyses: tuple[AnalysisRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Refit:
    """A pool without one of its studies.

    Attributes
    ----------
    without : the effect of the study that was left out.
    natural : on the natural scale; its estimate is None where the rest determines none.
    tau2, i2 : as in `Synthesis`; None where the model has none.
    """

    without: EffectSize
    natural: Interval
    tau2: float | None = None
    i2: float | None = None


@dataclass(frozen=True, slots=True)
class LeaveOneOut:
    """A synthesis, or one of its subgroups, pooled again without each study in turn.

    Attributes
    ----------
    label : of the subgroup; empty for the whole.
    remark : what this shows, in a sentence; empty when there is nothing to say.
    """

    label: str
    refits: tuple[Refit, ...]
    remark: str = ""


@dataclass(frozen=True, slots=True)
class SensitivitySection:
    """What the result of one synthesis hangs on, and how to tell and repeat it.

    Attributes
    ----------
    funnel : what must be known to read its funnel plot, in a sentence or two; empty when none is to be drawn.
    left_out : of the subgroups in their order, then of the whole, where that can be done.
    methods, results : paragraphs for a paper. `r_lines` : lines of R that repeat the analysis. Empty without any.
    """

    synthesis: str
    funnel: str = ""
    left_out: tuple[LeaveOneOut, ...] = ()
    methods: str = ""
    results: str = ""
    r_lines: str = ""


@dataclass(frozen=True, slots=True)
class ReportContent:
    """Everything that a report shows.

    Attributes
    ----------
    generated_at : ISO 8601 time, as given by the caller.
    version : of stromata. `head_hash` and `events` name the state of the log that was read.
    references : all references that may be cited: of included, excluded and claiming reports. They are matched by DOI,
        PMID, registry id or record id, and numbered in the order of their first citation.
    included : ids of the references whose reports are included.
    stopped : stages that were stopped, where something is left unread.
    syntheses : in the order to be shown; each with an id of its own.
    doses : one per arm whose dose could be read.
    mappings : what outcomes were taken for; the outcomes themselves keep the kind that their extractor named.
    appraisals : one section per tool. `map_labels` : for the evidence map.
    reviews : what is known of the reviews in ``tables.inclusions``; the rest is taken from `references`.
    cohorts : why studies are thought to share patients; which studies, their own `cohort` says.
    extraction_agreement, automation, answers : how the values were extracted, and answers to the review's own fields.
    advice : for syntheses of single arms, at most one each. `sensitivity` : at most one for each synthesis.
    findings, frames, panels : from certainty to statements.
    study_checks, record_checks, team_standards : what was held against practice standards, and the team's own ones.
    """

    title: str
    generated_at: str
    version: str
    head_hash: str
    events: int
    flow: FlowCounts
    protocol: ReviewProtocol = _NO_PROTOCOL
    sources: tuple[Source, ...] = ()
    references: tuple[Reference, ...] = ()
    included: tuple[str, ...] = ()
    excluded: tuple[ExcludedReport, ...] = ()
    tables: StudyTables = _NO_TABLES
    syntheses: tuple[Synthesis, ...] = ()
    claims: tuple[ClaimComparison, ...] = ()
    agreement: tuple[Agreement, ...] = ()
    stopped: tuple[StoppedStage, ...] = ()
    notes: tuple[str, ...] = ()
    doses: tuple[ArmDose, ...] = ()
    mappings: tuple[OutcomeMapping, ...] = ()
    appraisals: tuple[AppraisalSection, ...] = ()
    map_labels: MapLabels = _NO_LABELS
    reviews: tuple[PublishedReview, ...] = ()
    cohorts: tuple[CohortReason, ...] = ()
    extraction_agreement: tuple[FieldAgreement, ...] = ()
    automation: tuple[AutomationUse, ...] = ()
    answers: tuple[CustomAnswer, ...] = ()
    findings: tuple[FindingsSection, ...] = ()
    frames: tuple[FrameSection, ...] = ()
    panels: tuple[PanelSection, ...] = ()
    study_checks: tuple[StudyChecks, ...] = ()
    record_checks: tuple[RecordChecked, ...] = ()
    team_standards: tuple[TeamStandard, ...] = ()
    advice: tuple[AdviceSection, ...] = ()
    sensitivity: tuple[SensitivitySection, ...] = ()
