"""What panels concluded and how they worked, as rows and figures. Nothing here says who voted what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from markupsafe import Markup

from stromata.model import (
    VOTING_ROLES,
    Appropriateness,
    Certainty,
    EvidenceBasis,
    MeasureName,
    Panellist,
    Round,
    numbers,
)
from stromata.reporting.anchors import anchor
from stromata.reporting.content import PanelPerson, PanelSection, Ratings, ReportContent, RoundSection, StatementView
from stromata.reporting.forest import Linked
from stromata.reporting.lineage import criterion_place, find_result
from stromata.reporting.results import Views
from stromata.reporting.svg import GREY, INK, drawing, element, words

SIMULATED = "Simulated votes: made up to show how a panel works"
FEW = "So few people rated it that the numbers would tell who voted what: they are not shown."
NOBODY = "Nobody rated it."

STATES = {
    "agreed": ("✓", "Agreed"),
    "rejected": ("✗", "Rejected"),
    "uncertain": ("~", "Uncertain"),
    "not-shown-stable": ("?", "Threshold reached but not shown to be stable"),
    "no-consensus": ("≠", "No consensus"),
    "open": ("…", "Open"),
    "dropped": ("–", "Taken out"),
}
"""Mark and words of each state: the mark tells them apart without colour."""

OUTCOMES = {"in": "for it", "out": "against it", "middle": "uncertain", "none": "none"}
"""The verdict of the consensus rule, as the answer to: consensus?"""

PERCENTILES = {
    "linear": "linear interpolation (definition 7 of Hyndman and Fan 1996)",
    "weibull": "Weibull (definition 6 of Hyndman and Fan 1996)",
    "hazen": "Hazen (definition 5 of Hyndman and Fan 1996)",
    "median-unbiased": "median-unbiased (definition 8 of Hyndman and Fan 1996)",
    "averaged": "averaged steps (definition 2 of Hyndman and Fan 1996)",
}
DISAGREEMENT = {
    "ipras": "the range between the 30th and 70th percentile (IPR) is wider than its limit (IPRAS)",
    "count": "counted: many ratings in 1 to 3 and many in 7 to 9",
    "either": "IPR wider than IPRAS, or many ratings in 1 to 3 and many in 7 to 9",
}
HALF_MEDIANS = {
    "middle": "a median of 3.5 or 6.5 counts as uncertain",
    "higher": "a median of 3.5 counts as uncertain, one of 6.5 as appropriate",
}
CHECKLIST_STATES = {"answered": ("✓", "answered"), "partly": ("◐", "in part"), "open": ("○", "open")}
_CERTAINTIES: dict[Certainty, str] = {"high": "high", "moderate": "moderate", "low": "low", "very-low": "very low"}

_WIDTH, _MARGIN, _CELL = 288.0, 9.0, 30.0
_BASE, _TALLEST = 66.0, 46.0
_SMALL = 10.5


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """One synthesis or criterion that a statement rests on.

    Attributes
    ----------
    where : leads to its result in this report; without an address where the report does not hold it.
    then : what it was when the statement was last put to the panel, written or looked at again; may be empty.
    """

    where: Linked
    then: str


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One statement as it is shown.

    Attributes
    ----------
    mark, state : of `STATES`.
    standing : where it stands, in a sentence; empty where its numbers would tell who voted what.
    wording : the wording that was voted on, where it is not the one of now.
    figure : its ratings in the last round; empty when there are none that may be shown.
    caption : the same in words.
    appropriateness, verdict : RAND/UCLA class and verdict of the consensus rule in words; may be empty. The verdict is
        left out where `standing` says it.
    author : who brought it in, without a panellist's name.
    """

    place: str
    view: StatementView
    mark: str
    state: str
    standing: str
    evidence: tuple[EvidenceLine, ...]
    criteria: tuple[EvidenceLine, ...]
    wording: str
    figure: Markup
    caption: str
    appropriateness: str
    verdict: str
    author: str


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One member of a panel.

    Attributes
    ----------
    interests : as declared; empty when there are none, or when `declared` is not set.
    kept_from : statements on which this person may not vote; a link where the report has the statement.
    rounds : in which they were asked, in words. `since` : what has changed about them since; may be empty.
    """

    member: Panellist
    votes: bool
    interests: tuple[str, ...]
    kept_from: tuple[Linked, ...]
    rounds: str
    since: str


@dataclass(frozen=True, slots=True)
class RatingRow:
    """How one statement was rated in one round; `hidden` says why there are no numbers.

    Attributes
    ----------
    n, unable : written; a dash where they would tell who voted what.
    cells : median, IQR, IPR, IPRAS, disagreement, agreement in percent, moved, class, verdict. `counts` of the scores 1
        to 9, written.
    """

    statement: Linked
    n: str
    unable: str
    counts: str
    cells: tuple[str, ...]
    hidden: str


def statement_place(identifier: str) -> str:
    """Return the id of a statement's place."""
    return anchor("statement", identifier)


def statement_link(content: ReportContent, identifier: str) -> Linked:
    """Return a statement's id, linked where the report shows the statement."""
    known = any(each.kept.statement.id == identifier for panel in content.panels for each in panel.statements)
    return Linked(identifier, "#" + statement_place(identifier) if known else "")


def hidden(ratings: Ratings) -> str:
    """Return why the numbers of a statement's ratings may not be shown; empty when they may."""
    if ratings.appropriateness.n == 0:
        return NOBODY
    return FEW if ratings.counts is None else ""


def tally(panel: PanelSection) -> str:
    """Return how many statements there are in each state, in words."""
    states: Counter[str] = Counter(each.state for each in panel.statements)
    return ", ".join(f"{states[key]} {text.lower()}" for key, (_, text) in STATES.items() if states[key])


def flagged(panel: PanelSection) -> tuple[StatementView, ...]:
    """Return the statements that need another look; those that were taken out need none."""
    return tuple(each for each in panel.statements if each.flags and each.state != "dropped")


def statement_rows(views: Views, panel: PanelSection) -> tuple[StatementRow, ...]:
    """Return the statements of a panel in their order, those that were taken out last."""
    ordered = sorted(panel.statements, key=lambda each: each.state == "dropped")
    return tuple(_statement(views, panel, each) for each in ordered)


def _statement(views: Views, panel: PanelSection, view: StatementView) -> StatementRow:
    kept, last = view.kept, view.last
    statement = kept.statement
    then = {each.id: each for each in kept.basis}
    mark, state = STATES[view.state]
    secret = hidden(last) if last is not None else ""
    open_numbers = last is not None and not secret
    return StatementRow(
        place=statement_place(statement.id),
        view=view,
        mark=mark,
        state=state,
        standing="" if secret == FEW else view.standing,
        evidence=tuple(EvidenceLine(_result(views, each), _then(then.get(each))) for each in statement.syntheses),
        criteria=tuple(
            EvidenceLine(Linked(each, criterion_place(views.content, each)), _then(then.get(each)))
            for each in statement.criteria
        ),
        wording=last.text if view.votes_are_older and last is not None else "",
        figure=Markup(ratings_svg(last, panel=panel)) if last and open_numbers else Markup(""),  # noqa: S704 - escaped
        caption=(secret or ratings_text(last)) if last is not None else "",
        appropriateness=_appropriateness(panel, last) if last and open_numbers else "",
        verdict=last.verdict.text if last and open_numbers and last.verdict.text not in view.standing else "",
        author=_author(panel, statement.proposed_by),
    )


def _author(panel: PanelSection, name: str) -> str:
    """Return who brought a statement in: a panellist's name could be read as that panellist's vote."""
    return "a member of the panel" if name in {each.member.name for each in people_of(panel)} else name


def _result(views: Views, name: str) -> Linked:
    """Return the name of a synthesis or of its subgroup in words, leading to its result."""
    found = find_result(views.content, name)
    if found is None:
        return Linked(name)
    whole, label = found
    title = views.title(whole)
    if label:
        return Linked(f"{title}: {views.condition_name(label)}", "#" + anchor("result", whole.id, label))
    return Linked(title, "#" + anchor("synthesis", whole.id))


def _then(basis: EvidenceBasis | None) -> str:
    """Return what a piece of evidence was when it was last looked at, in words."""
    if basis is None:
        return ""
    if basis.kind == "criterion":
        return basis.text
    parts = [f"{basis.k} {'study' if basis.k == 1 else 'studies'}"]
    measure = next((each for each in _MEASURES if each == basis.measure), None)
    if measure is not None and basis.natural.estimate is not None:
        shown = f"{numbers.measure_name(measure).lower()} {numbers.estimate(basis.natural, measure, None)}"
        parts.append(f"{shown} {numbers.unit(measure)}".strip())
    certainty = f"{_CERTAINTIES[basis.certainty]} certainty" if basis.certainty else "certainty not judged"
    return "; ".join((*parts, certainty))


_MEASURES: tuple[MeasureName, ...] = get_args(MeasureName)


def disagrees(panel: PanelSection, a: Appropriateness) -> bool | None:
    """Return whether the ratings disagree by the rule that the panel fixed; None without ratings."""
    counted = a.counts is not None and a.counts.verdict == "disagreement"
    if a.disagreement is None:
        return None
    return {"ipras": a.disagreement, "count": counted, "either": a.disagreement or counted}[panel.plan.disagreement]


def _appropriateness(panel: PanelSection, ratings: Ratings) -> str:
    """Return the RAND/UCLA class with what it follows from."""
    a, rule = ratings.appropriateness, panel.plan.disagreement
    if a.appropriateness is None:
        return ""
    why = [f"IPR {_number(a.ipr)}, limit (IPRAS) {_number(a.ipras)}"] if rule != "count" else []
    if rule != "ipras" and a.counts is not None:
        c = a.counts
        why.append(f"{c.low} in 1 to 3 and {c.high} in 7 to 9, of which {c.extreme_min} each would be disagreement")
    found = "disagreement" if disagrees(panel, a) else "no disagreement"
    return f"{a.appropriateness.capitalize()}: median {_number(a.median)}; {found} ({'; '.join(why)})."


def _number(value: float | None) -> str:
    return numbers.MISSING if value is None else numbers.entered(value)


# The figure: nine scores, the median and the middle half.


def ratings_text(ratings: Ratings) -> str:
    """Return the ratings of one statement in words, with their spread and who could not rate."""
    a = ratings.appropriateness
    parts = [f"{a.n} {'rating' if a.n == 1 else 'ratings'} in round {a.round}"]
    if a.median is not None:
        parts.append(f"median {_number(a.median)} (diamond)")
    if a.p25 is not None and a.p75 is not None:
        parts.append(f"middle half {_number(a.p25)} to {_number(a.p75)} (bar)")
    if a.unable:
        parts.append(f"{a.unable} unable to rate")
    return "; ".join(parts) + "."


def ratings_svg(ratings: Ratings, *, panel: PanelSection) -> str:
    """Draw how one statement was rated: a column per score with its count, the median and the middle half.

    Parameters
    ----------
    ratings : with counts.
    panel : names the figure; a simulated panel is named so within the figure, which may be copied out of the report.

    Returns
    -------
    An SVG text; empty when the counts may not be shown.
    """
    if ratings.counts is None or not sum(ratings.counts):
        return ""
    name = f"Ratings of statement {ratings.statement}" + (". Simulated votes" if panel.plan.simulated else "")
    said = ", ".join(f"{count} × {score}" for score, count in enumerate(ratings.counts, 1) if count)
    return drawing(
        *_columns(ratings.counts),
        *_spread(ratings),
        *((words((SIMULATED,), _WIDTH / 2, 120, size=_SMALL, anchor="middle"),) if panel.plan.simulated else ()),
        width=_WIDTH,
        height=126 if panel.plan.simulated else 110,
        title=name,
        description=f"Number of ratings × score: {said}. {ratings_text(ratings)}",
        identifier=anchor("ratings", panel.plan.id, ratings.statement, str(ratings.appropriateness.round)),
        roledescription="bar chart",
    )


def _x(score: float) -> float:
    """Return the middle of a score's column."""
    return _MARGIN + _CELL * (score - 0.5)


def _columns(counts: tuple[int, ...]) -> Iterator[Markup]:
    for first, said, fill in ((1, "against", "#eef1f5"), (4, "between", "#ffffff"), (7, "for", "#eef1f5")):
        yield element("rect", x=_x(first) - _CELL / 2, y=4, width=3 * _CELL, height=92, fill=fill)
        yield words((said,), _x(first + 1), 106, size=_SMALL, anchor="middle", colour=GREY)
    most = max(counts)
    for score, count in enumerate(counts, 1):
        height = _TALLEST * count / most
        if count:
            bar = element("rect", x=_x(score) - 10, y=_BASE - height, width=20, height=height, fill="#5b7fa6")
            yield element("g", element("title", f"{count} rated {score}"), bar, class_="score")
        said = str(count) if count else "·"
        yield words((said,), _x(score), _BASE - height - 4, size=_SMALL, anchor="middle", colour=INK if count else GREY)
        yield words((str(score),), _x(score), _BASE + 13, size=_SMALL, anchor="middle")
    yield element("line", x1=_x(1) - _CELL / 2, x2=_x(9) + _CELL / 2, y1=_BASE, y2=_BASE, stroke=INK)


def _spread(ratings: Ratings) -> Iterator[Markup]:
    """Yield the middle half as a bar and the median as a diamond, below the scores."""
    a, y = ratings.appropriateness, _BASE + 22
    if a.p25 is not None and a.p75 is not None:
        # A half that lies on one score still shows as a short bar behind the diamond.
        left, right = _x(a.p25) - 7, _x(a.p75) + 7
        half = element("rect", x=left, y=y - 2.5, width=right - left, height=5, fill="#8a94a3")
        said = f"Middle half: {_number(a.p25)} to {_number(a.p75)}"
        yield element("g", element("title", said), half, class_="half")
    if a.median is not None:
        x = _x(a.median)
        shape = element("path", d=f"M{x:g} {y - 6:g}L{x + 6:g} {y:g}L{x:g} {y + 6:g}L{x - 6:g} {y:g}Z", fill=INK)
        yield element("g", element("title", f"Median: {_number(a.median)}"), shape, class_="median")


# How the panel worked.


def people_of(panel: PanelSection) -> tuple[PanelPerson, ...]:
    """Return everybody who is or was on a panel, as they were when they were last asked."""
    return panel.people or tuple(PanelPerson(each) for each in panel.panel.members)


def member_rows(content: ReportContent, panel: PanelSection) -> tuple[MemberRow, ...]:
    """Return the people of a panel in their order, those who have left it as well."""
    return tuple(_member(content, each) for each in people_of(panel))


def _member(content: ReportContent, person: PanelPerson) -> MemberRow:
    member = person.member
    excluded = tuple(dict.fromkeys(each for interest in member.interests for each in interest.excludes))
    whole = "*" in excluded
    return MemberRow(
        member=member,
        votes=member.role in VOTING_ROLES and not whole,
        interests=tuple(interest.text for interest in member.interests),
        kept_from=(Linked("all statements"),) if whole else tuple(statement_link(content, each) for each in excluded),
        rounds=", ".join(map(str, person.rounds)) or numbers.MISSING,
        since=person.since,
    )


def planned(panel: PanelSection) -> str:
    """Return how many rounds were planned, in words."""
    least, most = panel.plan.stopping.min_rounds, panel.plan.stopping.max_rounds
    return str(most) if least == most else f"{least} to {most}"


def rating_rows(content: ReportContent, panel: PanelSection, held: RoundSection) -> tuple[RatingRow, ...]:
    """Return the ratings of one round, in the order of its statements."""
    return tuple(_rating(content, panel, each) for each in held.ratings)


def _rating(content: ReportContent, panel: PanelSection, ratings: Ratings) -> RatingRow:
    a, secret = ratings.appropriateness, hidden(ratings)
    split = disagrees(panel, a)
    cells = (
        _number(a.median),
        _number(a.iqr),
        _number(a.ipr),
        _number(a.ipras),
        numbers.MISSING if split is None else "yes" if split else "no",
        share(ratings.verdict.agree),
        share(ratings.moved),
        a.appropriateness or numbers.MISSING,
        OUTCOMES[ratings.verdict.outcome],
    )
    return RatingRow(
        statement=statement_link(content, ratings.statement),
        n=numbers.MISSING if secret == FEW or a.n is None else numbers.count(a.n),
        unable=numbers.MISSING if secret == FEW or a.unable is None else numbers.count(a.unable),
        counts="" if secret else " ".join(map(str, ratings.counts or ())),
        cells=() if secret else cells,
        hidden=secret,
    )


def rating_cautions(held: RoundSection) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return what must be known of the ratings of a round, each with the statements that it holds for."""
    found: dict[str, list[str]] = {}
    for ratings in held.ratings:
        for caution in () if hidden(ratings) else ratings.appropriateness.cautions:
            found.setdefault(caution.text, []).append(ratings.statement)
    return tuple((text, tuple(dict.fromkeys(ids))) for text, ids in found.items())


def share(percent: float | None) -> str:
    """Return a share in percent with one decimal, without the sign.

    Always one decimal: a rule says ``at least 75 %``, and 74.6 must not be printed as 75.
    """
    return numbers.MISSING if percent is None else numbers.fixed(percent, 1)


def replaced(panel: PanelSection, old: Round) -> str:
    """Return why a round does not count, in a sentence."""
    rounds = (*panel.superseded, *(held.round for held in panel.rounds))
    by = next((each for each in rounds if old.seal and each.supersedes == old.seal), None)
    if by is not None:
        return f"Replaced by edition {by.edition} of round {by.number}: {by.reason or 'no reason recorded'}"
    earlier = next((each for each in rounds if each.number < old.number and each.supersedes), None)
    if earlier is not None:
        return f"It followed a round that was replaced: {earlier.reason or 'no reason recorded'}"
    return "A later edition takes its place."


def day(time: str) -> str:
    """Return the date of an ISO 8601 time; ``not recorded`` when there is none."""
    return time.partition("T")[0] or "not recorded"
