"""Summaries of findings, evidence profiles and Evidence-to-Decision frames as rows of text with links.

The layout of the summary follows GRADE and chapter 14 of the Cochrane Handbook: a question, one row per outcome, risks
without and with the intervention, relative effect, people and studies, certainty, comment, and numbered footnotes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stromata.model import Caution, ContinuousEffect, FindingsOutcome, FindingsRow, Interval, ProfileRow, numbers
from stromata.model.consensus import Certainty, CertaintyJudgement, DomainJudgement, DomainLevel, Strength
from stromata.reporting.anchors import anchor
from stromata.reporting.content import FindingsSection, FrameCriterion, FrameSection
from stromata.reporting.forest import Linked
from stromata.reporting.lineage import Named, finding_place, named
from stromata.reporting.results import Views, caution_name

CERTAINTIES: dict[Certainty, str] = {"high": "High", "moderate": "Moderate", "low": "Low", "very-low": "Very low"}
"""From the most to the least certain, as shown."""

MEANINGS: dict[Certainty, str] = {
    "high": "The estimate can be relied on: the truth most likely lies close to it.",
    "moderate": "The estimate is a fair guide: the truth is probably near, but may differ in a way that matters.",
    "low": "The estimate is a weak guide: the truth may well lie elsewhere, and a decision should allow for that.",
    "very-low": "The estimate is hardly a guide: it would be no surprise if the truth were quite different.",
}
"""What each level tells a reader, in our own words."""

STRENGTHS: dict[Strength, str] = {"strong": "Strong", "conditional": "Conditional"}
DIRECTIONS = {"for": "for the option", "against": "against the option", "either": "for either, the option or none"}
PERSPECTIVES = {"individual": "an individual person", "population": "a population"}

_LEVELS: dict[DomainLevel, str] = {
    "not-serious": "Not serious",
    "serious": "Serious",
    "very-serious": "Very serious",
    "none": "None",
    "raised": "Raised",
    "raised-twice": "Raised twice",
}
_HEADINGS = {
    "inconsistency": "Incon\u00adsistency",
    "indirectness": "Indirect\u00adness",
    "imprecision": "Impre\u00adcision",
    "publication-bias": "Publi\u00adcation bias",
}
"""Domains as headings of narrow columns: long words may be parted."""

_MEANS = {"MD": "mean difference", "SMD": "standard deviations"}
NO_COMPARATOR = "no comparator"
_PER = 1000
_CRITICAL, _IMPORTANT = 7, 4


@dataclass(frozen=True, slots=True)
class Amount:
    """A number as printed.

    Attributes
    ----------
    unit : what stands after it; `interval` in brackets, or empty. `asides` : lines below it.
    href : where the number comes from; empty when it is no number, or leads nowhere.
    assumed : the plan gives it, with its reason in `asides`; no data lead to it.
    """

    value: str
    unit: str = ""
    interval: str = ""
    asides: tuple[str, ...] = ()
    href: str = ""
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class NoteMark:
    """The mark of a footnote in a row: `place` is its own id, `href` leads to the footnote."""

    number: int
    place: str
    href: str


@dataclass(frozen=True, slots=True)
class Footnote:
    """A footnote of one table, with the marks that lead to it."""

    number: int
    place: str
    text: str
    marks: tuple[Linked, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One outcome of a summary of findings.

    Attributes
    ----------
    without, with_ : risk (or value) without and with the intervention; `relative` the relative effect.
    cautions : (name, where it is explained); what is explained nowhere else in the report stands in `remarks`.
    changed : what has changed since the certainty was judged, a sentence each.
    """

    place: str
    row: FindingsRow
    importance: str
    without: Amount
    with_: Amount
    relative: Amount
    people: Amount
    certainty: str
    marks: tuple[NoteMark, ...]
    cautions: tuple[Linked, ...]
    remarks: tuple[str, ...]
    changed: tuple[str, ...]
    profile: str


@dataclass(frozen=True, slots=True)
class FindingsView:
    """A summary-of-findings table.

    Attributes
    ----------
    intervals : coverage of its intervals in words.
    assumes : a row has a risk without the intervention, to which its relative effect was applied.
    elsewhere : what has changed of outcomes that were judged and have no row, a sentence each.
    """

    place: str
    section: FindingsSection
    rows: tuple[Finding, ...]
    footnotes: tuple[Footnote, ...]
    intervals: str
    assumes: bool
    elsewhere: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JudgedDomain:
    """One domain as it was decided.

    Attributes
    ----------
    decided, proposed : levels in words; `proposed` is empty when the numbers suggested nothing.
    steps : such as ``−1``; empty when the level did not move.
    differs : the person decided otherwise than proposed.
    numbers : ``name = value`` of what the proposal rested on.
    """

    place: str
    name: str
    decided: str
    steps: str
    proposed: str
    differs: bool
    reason: str
    person: str
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """One outcome of an evidence profile.

    Attributes
    ----------
    summary : address of its row in the summary of findings; empty when it has none there.
    domains : (level in words with its steps, whether it lowered the certainty, where its reason stands).
    events : of the arm with and of the arm without the intervention.
    judged : every domain with its reason, in order.
    """

    place: str
    finding: Finding
    row: ProfileRow
    summary: str
    domains: tuple[tuple[str, bool, str], ...]
    events: tuple[Amount, Amount]
    judged: tuple[JudgedDomain, ...]


@dataclass(frozen=True, slots=True)
class ProfileView:
    """The evidence profile of one summary of findings. `names` : of its columns of domains."""

    place: str
    section: FindingsSection
    names: tuple[str, ...]
    rows: tuple[Profile, ...]
    overruled: int


@dataclass(frozen=True, slots=True)
class ScaleAnswer:
    """One answer of a criterion's scale. `votes` : None when nobody voted for it or votes were not counted."""

    label: str
    chosen: bool
    votes: int | None


@dataclass(frozen=True, slots=True)
class FrameRow:
    """One criterion of a frame with its scale of answers; votes by nobody are zero where others were counted."""

    place: str
    criterion: FrameCriterion
    answers: tuple[ScaleAnswer, ...]


@dataclass(frozen=True, slots=True)
class FrameView:
    """A frame. `outcomes` : what the decision rests on, each with its certainty where it was judged."""

    place: str
    section: FrameSection
    rows: tuple[FrameRow, ...]
    outcomes: tuple[Linked, ...]
    statement: Linked


# Summaries of findings.


def findings_views(views: Views) -> tuple[FindingsView, ...]:
    """Return the summary-of-findings tables that have something to show."""
    explained = {entry.place for entry in views.cautions()}
    return tuple(
        _view(views, section, explained)
        for section in views.content.findings
        if section.rows or section.missing or section.profiles
    )


def _view(views: Views, section: FindingsSection, explained: set[str]) -> FindingsView:
    rows = tuple(_finding(views, section, row, explained) for row in section.rows)
    found = [named(views.content, row.outcome) for row in section.rows]
    levels = dict.fromkeys(numbers.level(each.part.level) for each in found if each is not None)
    table = section.table.id
    footnotes = tuple(
        Footnote(
            number,
            anchor("note", table, str(number)),
            text,
            tuple(_back(each, mark) for each in rows for mark in each.marks if mark.number == number),
        )
        for number, text in enumerate(footnotes_of(section), 1)
    )
    assumes = any(row.absolute is not None for row in section.rows)
    shown = {row.outcome for row in section.rows}
    elsewhere = tuple(text for name, text in section.changed if name not in shown)
    return FindingsView(anchor("sof", table), section, rows, footnotes, " or ".join(levels), assumes, elsewhere)


def _back(finding: Finding, mark: NoteMark) -> Linked:
    return Linked(finding.row.label, f"#{mark.place}")


def footnotes_of(section: FindingsSection) -> tuple[str, ...]:
    """Return the footnotes of a table in the order of their numbers, from 1; none that a row needs is lost."""
    needed = (note for row in section.rows for note in row.certainty.footnotes)
    return tuple(dict.fromkeys((*section.footnotes, *needed)))


def _finding(views: Views, section: FindingsSection, row: FindingsRow, explained: set[str]) -> Finding:
    table, found = section.table.id, named(views.content, row.outcome)
    plan = next((each for each in section.table.outcomes if each.synthesis == row.outcome), None)
    order = footnotes_of(section)
    profiled = any(each.finding.outcome == row.outcome for each in section.profiles)
    known = [each for each in row.cautions if anchor("caution", each.code) in explained]
    return Finding(
        place=finding_place(table, row.outcome),
        row=row,
        importance=_importance(row.importance),
        without=_without(row, found, plan),
        with_=_with(row, found),
        relative=_relative(row, found),
        people=_people(row, found),
        certainty=CERTAINTIES[row.certainty.level],
        marks=tuple(
            NoteMark(number, anchor("noted", table, row.outcome, str(number)), "#" + anchor("note", table, str(number)))
            for number in sorted(order.index(note) + 1 for note in dict.fromkeys(row.certainty.footnotes))
        ),
        cautions=tuple(dict.fromkeys(_caution(each) for each in known)),
        remarks=tuple(dict.fromkeys(each.text for each in row.cautions if each not in known)),
        changed=tuple(text for name, text in section.changed if name == row.outcome),
        profile="#" + finding_place(table, row.outcome, profile=True) if profiled else "",
    )


def _caution(each: Caution) -> Linked:
    return Linked(caution_name(each.code), "#" + anchor("caution", each.code))


def _importance(rating: int | None) -> str:
    if rating is None:
        return "importance not rated"
    word = "critical" if rating >= _CRITICAL else "important" if rating >= _IMPORTANT else "of limited importance"
    return f"{word} ({rating}{numbers.KEPT}of{numbers.KEPT}9)"


def _href(found: Named | None) -> str:
    return "#" + found.place if found else ""


def _without(row: FindingsRow, found: Named | None, plan: FindingsOutcome | None) -> Amount:
    """Return the risk without the intervention: assumed in the plan with its reason, or that of the comparators."""
    if row.absolute is None:
        return Amount(numbers.MISSING if row.measure in numbers.CONTRASTS else NO_COMPARATOR)
    value, unit = whole_people(row.absolute.comparator, row.absolute.per), _per(row.absolute.per)
    if plan is not None and plan.assumed_risk is not None:
        return Amount(value, unit, asides=(f"Assumed. {plan.assumed_reason}".strip(),), assumed=True)
    return Amount(value, unit, asides=("in the comparators",), href="#" + found.studies_place if found else "")


def _with(row: FindingsRow, found: Named | None) -> Amount:
    """Return the risk or value with the intervention, with its interval."""
    href = _href(found)
    if row.absolute is not None:
        per = row.absolute.per
        return _risk(row.absolute.intervention, per, (_difference(row.absolute.difference, per),), href)
    if row.proportion is not None:
        scaled = (row.proportion.estimate, row.proportion.ci_low, row.proportion.ci_high)
        return _risk(Interval(*(None if each is None else _PER * each for each in scaled)), _PER, (), href)
    if row.continuous is not None:
        return _units(row, row.continuous, href)
    if row.measure in _MEANS:
        value, interval = _lower_or_higher(row.relative)
        return Amount(value, _MEANS[row.measure], interval, (), href)
    if row.measure in numbers.CONTRASTS:
        return Amount(numbers.MISSING)
    if row.relative.estimate is None:
        return Amount("not estimable", href=href)
    return Amount(numbers.natural(row.relative.estimate, row.measure, None), "", _bounds(row), ("mean",), href)


def _units(row: FindingsRow, each: ContinuousEffect, href: str) -> Amount:
    """Return a difference, or a change within one arm, in the units of its instrument."""
    value, interval = _lower_or_higher(each.difference)
    asides = [each.instrument, "" if row.measure in numbers.CONTRASTS else "change within the group"]
    if each.multiples is not None and each.important is not None and each.multiples.estimate is not None:
        times = numbers.difference(abs(each.multiples.estimate))
        least = f"{numbers.plain(each.important)} {each.unit}".strip()
        asides.append(f"{times} times the smallest difference that patients notice ({least})")
    return Amount(value, each.unit, interval, tuple(filter(None, asides)), href)


def _relative(row: FindingsRow, found: Named | None) -> Amount:
    if row.measure not in numbers.CONTRASTS:
        return Amount(NO_COMPARATOR)
    if row.measure == "MD":
        return Amount(numbers.MISSING)
    if row.relative.estimate is None:
        return Amount("not estimable", href=_href(found))
    value = f"{row.measure}{numbers.KEPT}{numbers.natural(row.relative.estimate, row.measure, None)}"
    return Amount(value, "", _bounds(row), (), _href(found))


def _bounds(row: FindingsRow) -> str:
    if row.relative.ci_low is None and row.relative.ci_high is None:
        return ""
    return numbers.bounds(row.relative.ci_low, row.relative.ci_high, row.measure, None).replace(" ", numbers.KEPT)


def _people(row: FindingsRow, found: Named | None) -> Amount:
    studies = f"({numbers.count(row.studies)}{numbers.KEPT}{'study' if row.studies == 1 else 'studies'})"
    people = "not known" if row.participants is None else numbers.count(row.participants)
    return Amount(people, studies, href="#" + found.studies_place if found else "")


def _per(per: int) -> str:
    return f"per{numbers.KEPT}{numbers.count(per)}"


def whole_people(value: float | None, per: int) -> str:
    """Return so many of `per` people; nobody and everybody only where that is exact, else ``<1`` and ``>999``."""
    if value is None:
        return numbers.MISSING
    if 0 < value < 0.5:
        return "<1"
    if per - 0.5 <= value < per:
        return f">{numbers.count(per - 1)}"
    return numbers.fixed(value, 0)


def _risk(people: Interval, per: int, asides: tuple[str, ...], href: str) -> Amount:
    if people.estimate is None:
        return Amount("not estimable", href=href)
    interval = ""
    if people.ci_low is not None or people.ci_high is not None:
        interval = f"[{whole_people(people.ci_low, per)},{numbers.KEPT}{whole_people(people.ci_high, per)}]"
    return Amount(whole_people(people.estimate, per), _per(per), interval, asides, href)


def _difference(people: Interval, per: int) -> str:
    parts = [_signed(each, whole_people(abs(each), per), ("more", "fewer")) for each in _values(people)]
    return f"{parts[0]} [{parts[1]}, {parts[2]}]" if len(parts) > 2 else "".join(parts[:1])


def _lower_or_higher(interval: Interval) -> tuple[str, str]:
    parts = [_signed(each, numbers.difference(abs(each)), ("higher", "lower")) for each in _values(interval)]
    return parts[0] if parts else "not estimable", f"[{parts[1]}, {parts[2]}]" if len(parts) > 2 else ""


def _values(interval: Interval) -> tuple[float, ...]:
    """Return estimate and bounds; only the estimate where a bound is missing, and nothing without an estimate."""
    if interval.estimate is None:
        return ()
    if interval.ci_low is None or interval.ci_high is None:
        return (interval.estimate,)
    return interval.estimate, interval.ci_low, interval.ci_high


def _signed(value: float, shown: str, words: tuple[str, str]) -> str:
    return shown if value == 0 else f"{shown}{numbers.KEPT}{words[0] if value > 0 else words[1]}"


# Evidence profiles.


def profile_views(views: Views) -> tuple[ProfileView, ...]:
    """Return the evidence profiles."""
    return tuple(_profiles(views, section) for section in views.content.findings if section.profiles)


def _profiles(views: Views, section: FindingsSection) -> ProfileView:
    domains = dict.fromkeys(domain for row in section.profiles for domain, _ in row.domains)
    rows = tuple(_profile(views, section, row, tuple(domains)) for row in section.profiles)
    return ProfileView(
        anchor("profile", section.table.id),
        section,
        tuple(_HEADINGS.get(each, _words(each)) for each in domains),
        rows,
        sum(each.differs for row in rows for each in row.judged),
    )


def _profile(views: Views, section: FindingsSection, row: ProfileRow, domains: tuple[str, ...]) -> Profile:
    table, outcome = section.table.id, row.finding.outcome
    levels = {str(domain): level for domain, level in row.domains}
    steps = {str(each.domain): each.steps for each in row.finding.certainty.domains}
    judged = tuple(_judged(table, row.finding.certainty))
    places = {each.place for each in judged}
    cells = []
    for domain in domains:
        place = anchor("judged", table, outcome, domain)
        text = _LEVELS[levels[domain]] if domain in levels else "not judged"
        moved = _steps(steps.get(domain, 0))
        lowered = steps.get(domain, 0) < 0
        cells.append((f"{text} ({moved})" if moved else text, lowered, f"#{place}" if place in places else ""))
    found = named(views.content, outcome)
    return Profile(
        finding_place(table, outcome, profile=True),
        _finding(views, section, row.finding, set()),
        row,
        "#" + finding_place(table, outcome) if outcome in {each.outcome for each in section.rows} else "",
        tuple(cells),
        _events(row, "#" + found.studies_place if found else ""),
        judged,
    )


def _events(row: ProfileRow, href: str) -> tuple[Amount, Amount]:
    arms = row.arms
    if arms is None:
        return Amount(numbers.MISSING), Amount(numbers.MISSING)
    without = Amount(NO_COMPARATOR)
    if arms.comparator_total is not None:
        without = _of(arms.comparator_events, arms.comparator_total, href)
    elif row.finding.measure in numbers.CONTRASTS:
        without = Amount(numbers.MISSING)
    return _of(arms.events, arms.total, href), without


def _of(events: int | None, total: int, href: str) -> Amount:
    if events is None:
        return Amount(numbers.count(total), "people", href=href)
    share = f" ({numbers.percent(events / total, total)}{numbers.KEPT}%)" if total else ""
    return Amount(f"{numbers.count(events)}/{numbers.count(total)}", share.strip(), href=href)


def _judged(table: str, judgement: CertaintyJudgement) -> Iterator[JudgedDomain]:
    for each in judgement.domains:
        yield JudgedDomain(
            place=anchor("judged", table, judgement.outcome, each.domain),
            name=_words(each.domain),
            decided=_LEVELS[each.level],
            steps=_steps(each.steps),
            proposed=_LEVELS[each.proposed] if each.proposed else "",
            differs=each.proposed is not None and each.proposed != each.level,
            reason=each.reason,
            person=each.person,
            numbers=_rested_on(each),
        )


def _rested_on(each: DomainJudgement) -> tuple[str, ...]:
    equals = f"{numbers.KEPT}={numbers.KEPT}"
    return tuple(f"{name.replace('_', ' ')}{equals}{_three_digits(value)}" for name, value in each.numbers)


def _three_digits(value: float) -> str:
    """Return whole numbers as they are, and others with three digits that count, or all before the point."""
    return numbers.plain(round(value) if abs(value) >= 100 else float(f"{value:.3g}"))


def _steps(steps: int) -> str:
    return "" if steps == 0 else f"+{steps}" if steps > 0 else numbers.fixed(steps, 0)


def _words(domain: str) -> str:
    return domain[:1].upper() + domain[1:].replace("-", " ")


# From evidence to decision.


def frame_views(views: Views) -> tuple[FrameView, ...]:
    """Return the Evidence-to-Decision frames."""
    return tuple(
        FrameView(
            anchor("frame", section.frame.id),
            section,
            tuple(_frame_row(section.frame.id, each) for each in section.criteria),
            tuple(_rests_on(views, each) for each in section.frame.outcomes),
            _statement(views, section),
        )
        for section in views.content.frames
    )


def _frame_row(frame: str, criterion: FrameCriterion) -> FrameRow:
    """Return a criterion with its scale; an answer that the scale does not have stands last, by its id."""
    judgement = criterion.judgement
    votes = dict(judgement.votes) if judgement else {}
    given = [judgement.answer, *votes] if judgement else []
    labels = dict(criterion.answers) | {each: each for each in given if each and each not in dict(criterion.answers)}
    answers = tuple(
        ScaleAnswer(label, judgement is not None and id_ == judgement.answer, votes.get(id_, 0) if votes else None)
        for id_, label in labels.items()
    )
    return FrameRow(anchor("weighed", frame, criterion.id), criterion, answers)


def _rests_on(views: Views, outcome: str) -> Linked:
    """Return an outcome that a decision rests on: its row of findings, else its result, else its name alone."""
    for section in views.content.findings:
        for row in section.rows:
            if row.outcome == outcome:
                certainty = CERTAINTIES[row.certainty.level].lower()
                return Linked(f"{row.label} ({certainty} certainty)", "#" + finding_place(section.table.id, outcome))
    found = named(views.content, outcome)
    if found is None:
        return Linked(f"{outcome} (not computed)")
    title = views.title(found.whole) + (f", {views.condition_name(found.label)}" if found.label else "")
    return Linked(f"{title} (certainty not judged)", "#" + found.place)


def _statement(views: Views, section: FrameSection) -> Linked:
    """Return the statement that a recommendation stands for, linked where a panel of the report has it."""
    made = section.frame.recommendation
    if made is None or not made.statement:
        return Linked("")
    known = {each.kept.statement.id for panel in views.content.panels for each in panel.statements}
    return Linked(made.statement, "#" + anchor("statement", made.statement) if made.statement in known else "")
