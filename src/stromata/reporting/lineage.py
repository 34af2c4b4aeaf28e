"""From a printed number to where it came from: which data points stand behind it, and whether the way is open."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import lxml.html

from stromata.model import (
    Arm,
    DataPoint,
    EffectSize,
    Evidence,
    FindingsRow,
    Interval,
    Record,
    Reference,
    Statistic,
    Synthesis,
    numbers,
)
from stromata.model.identifiers import find_registry_ids, normal_doi, normal_pmcid, normal_pmid
from stromata.reporting.anchors import anchor, data_point_href
from stromata.reporting.citations import keys
from stromata.reporting.content import FindingsSection, ReportContent
from stromata.reporting.tracing import SAME, Part, broken_steps, group_of, input_of, untraced

_SPREADS: frozenset[Statistic] = frozenset(
    (
        "sd",
        "change-sd",
        "se",
        "change-se",
        "ci-low",
        "ci-high",
        "change-ci-low",
        "change-ci-high",
        "q1",
        "q3",
        "min",
        "max",
    )
)
_FROM: dict[Part, frozenset[Statistic]] = {
    "count": frozenset({"events", "percent"}),
    "total": frozenset({"total"}),
    "centre": frozenset({"mean", "median", "change-mean"}),
    "spread": _SPREADS,
    "centre before": frozenset({"baseline-mean"}),
    "spread before": frozenset({"baseline-sd"}),
    "time": frozenset({"person-time"}),
    "estimate": frozenset({"estimate"}),
    "error": frozenset({"estimate-se", "estimate-ci-low", "estimate-ci-high", "estimate-p"}),
    "correlation": frozenset({"correlation", "partial-correlation"}),
    "predictors": frozenset({"predictors"}),
}
"""Which statistics each part of an effect is read from, as they stand or by conversion."""

_LEAST_WORDS, _LEAST_LETTERS = 3, 12
"""A title names a reference only when it is this long (letters: for Chinese, which has no spaces)."""


@dataclass(frozen=True, slots=True)
class Library:
    """References by every key that can name them, and their numbers in the order of first citation."""

    references: dict[str, Reference]
    order: dict[str, int] = field(default_factory=dict)

    def find(self, key: str) -> Reference | None:
        """Return the reference that a DOI, PMID, PMCID, registry id, record id, accession or whole title names."""
        named = (key.strip().lower(), normal_doi(key), normal_pmid(key), normal_pmcid(key).lower())
        registered = (each.lower() for each in find_registry_ids(key))
        return next(
            (self.references[each] for each in (*named, *registered, _plain(key)) if each in self.references), None
        )

    def number(self, reference: Reference) -> int | None:
        """Return the reference's number in the list; None when nothing cites it."""
        return self.order.get(reference.id)

    def cited(self) -> tuple[tuple[int, Reference], ...]:
        """Return the cited references with their numbers, in order."""
        return tuple((number, self.references[identifier.lower()]) for identifier, number in self.order.items())


def library(content: ReportContent) -> Library:
    """Return the references of a report, numbered in the order in which its sections cite them."""
    found: dict[str, Reference] = {}
    for reference in content.references + tuple(each.reference for each in content.excluded):
        record: Record = reference.merged
        for key in (reference.id, *reference.records, *keys(record), record.accession, _plain(record.title)):
            if key:
                found.setdefault(key.lower(), reference)
    shelf = Library(found)
    for key in _citations(content):
        reference_found = shelf.find(key)
        if reference_found is not None:
            shelf.order.setdefault(reference_found.id, len(shelf.order) + 1)
    return shelf


def _plain(title: str) -> str:
    """Return the words of a title, so that case and punctuation do not matter; nothing for a short one."""
    words = re.findall(r"\w+", title.casefold())
    return " ".join(words) if len(words) >= _LEAST_WORDS or len(title) >= _LEAST_LETTERS else ""


def _citations(content: ReportContent) -> Iterator[str]:
    """Yield the keys that the report cites, in reading order."""
    for each in content.excluded:
        yield each.reference.id
    for study in content.tables.studies:
        yield from (link.key for link in study.links)
        yield study.evidence.reference
    for answer in content.answers:
        yield answer.evidence.reference
    for comparison in content.claims:
        yield comparison.claim.review
        yield comparison.claim.evidence.reference
    for inclusion in content.tables.inclusions:
        yield inclusion.review
        yield inclusion.evidence.reference
    for point in content.tables.data_points:
        yield point.evidence.reference


def behind(part: str, effect: EffectSize, points: dict[str, DataPoint], arms: dict[str, Arm]) -> str:
    """Return the id of the data point from which one input of an effect was read; empty when none can be named."""
    known = [points[each] for each in effect.data_points if each in points]
    found = input_of(part, effect)
    if found is None:
        return effect.data_points[0] if effect.data_points else ""
    kind, group = found
    mine = [point for point in known if group_of(point, arms) == group]
    fitting = [point for point in mine if point.statistic in _FROM[kind]]
    # What stands as it was extracted goes before what had to be converted.
    fitting.sort(key=lambda point: point.statistic not in SAME[kind])
    if not fitting and kind == "total":
        fitting = mine  # a denominator that no point states was taken from the arm; its count is the nearest evidence
    return fitting[0].id if fitting else (effect.data_points[0] if effect.data_points else "")


def effects_of(synthesis: Synthesis) -> tuple[EffectSize, ...]:
    """Return the effects of a synthesis, from its subgroups when it lists none itself."""
    return synthesis.effects or tuple(effect for _, part in synthesis.subgroups for effect in part.effects)


def find_result(content: ReportContent, name: str) -> tuple[Synthesis, str] | None:
    """Return the synthesis that ``plan`` names and an empty label, or the subgroup's label for ``plan/condition``.

    A condition is named by its id or its label, as the subgroups are. None when the report does not hold it.
    """
    plan, _, condition = name.partition("/")
    whole = next((each for each in content.syntheses if plan in (each.plan, each.id)), None)
    if whole is None or not condition:
        return None if whole is None else (whole, "")
    ids = {each.label: each.id for each in content.protocol.conditions}
    labels = (label for label, _ in whole.subgroups if ids.get(label, label) == ids.get(condition, condition))
    label = next(labels, None)
    return None if label is None else (whole, label)


def criterion_place(content: ReportContent, name: str) -> str:
    """Return the address, within the page, of the criterion that ``standard/criterion`` names.

    Only the team's own standards stand in a report; empty for criteria of others, and for those that are not there.
    """
    standard, _, wanted = name.partition("/")
    for each in content.team_standards:
        if each.standard.id == standard and wanted in {criterion.id for criterion in each.standard.criteria}:
            changed = {change.criterion for change in each.standard.changes}
            listed = wanted in changed or not each.standard.extends
            return "#" + (anchor("criterion", standard, wanted) if listed else anchor("standard", standard))
    return ""


def used_data_points(synthesis: Synthesis) -> tuple[str, ...]:
    """Return the ids of the data points behind a synthesis and its subgroups, each once, in order."""
    parts = [synthesis, *(part for _, part in synthesis.subgroups)]
    return tuple(dict.fromkeys(each for part in parts for effect in part.effects for each in effect.data_points))


@dataclass(frozen=True, slots=True)
class Named:
    """The result that ``plan`` or ``plan/condition`` names: a synthesis, or one of its subgroups.

    Attributes
    ----------
    label : of the subgroup in `whole`; empty when the whole is meant, and `part` is the whole.
    """

    whole: Synthesis
    label: str
    part: Synthesis

    @property
    def place(self) -> str:
        """The id of its row of results."""
        return anchor("result", self.whole.id, self.label) if self.label else anchor("result", self.whole.id)

    @property
    def studies_place(self) -> str:
        """The id of the table of its studies; that of its row of results when there is none."""
        return anchor("effects", self.whole.id) if self.whole.k else self.place

    @property
    def effects(self) -> tuple[EffectSize, ...]:
        """Its effects; a subgroup that lists none has those of the whole that belong to it."""
        return self.part.effects or tuple(
            each for each in self.whole.effects if self.label and each.group == self.label
        )


def named(content: ReportContent, name: str) -> Named | None:
    """Return the result that ``plan`` or ``plan/condition`` names; None when it is not among the syntheses."""
    found = find_result(content, name)
    if found is None:
        return None
    whole, label = found
    return Named(whole, label, next((part for each, part in whole.subgroups if label and each == label), whole))


def finding_place(table: str, outcome: str, *, profile: bool = False) -> str:
    """Return the id of an outcome's row in a summary of findings, or in its evidence profile."""
    return anchor("profiled" if profile else "finding", table, outcome)


def lineage_gaps(content: ReportContent, html: str) -> tuple[str, ...]:
    """Return every place in a rendered report where the way from a number to its source is broken.

    Checked are: links within the page lead to a place that exists, places have one name each, every data point that a
    synthesis used or left out has its entry, every effect names at least one data point, every number that an effect
    was computed from follows from its data points (as it stands, as a sum, or by steps of conversion), the steps of a
    data point give its value, and every entry used by a synthesis, every inclusion in a published review and every
    answer says where it was read (a reference, an address, or a cell of a table). Every statement of a panel rests on
    evidence, its syntheses are in the report, and every statement that set a criterion of the team's own is there. Each
    row of a summary of findings leads to the synthesis that it names and has its numbers, its absolute effect is at its
    relative effect, and an assumed risk says where it is from.

    Parameters
    ----------
    content : what was rendered.
    html : the page, from `render`.

    Returns
    -------
    One sentence per gap; empty when all is whole.
    """
    page = lxml.html.fromstring(html)
    places = [each.get("id", "") for each in page.iter() if "id" in each.attrib]
    known = set(places)
    gaps = [f"{times} places are called {each!r}" for each, times in Counter(places).items() if times > 1]
    targets = dict.fromkeys(each.get("href", "") for each in page.iter("a"))
    gaps += [f"the link {href!r} leads nowhere" for href in targets if href.startswith("#") and href[1:] not in known]
    points = {point.id: point for point in content.tables.data_points}
    for synthesis in content.syntheses:
        name = synthesis.title or synthesis.id
        gaps += [
            f"{name}: the effect of {effect.label} names no data point"
            for effect in effects_of(synthesis)
            if not effect.data_points
        ]
        used = used_data_points(synthesis)
        for identifier in dict.fromkeys([*used, *(each for left in synthesis.left_out for each in left.data_points)]):
            if identifier not in points or data_point_href(identifier)[1:] not in known:
                gaps.append(f"{name}: data point {identifier!r} has no entry in the appendix")
        gaps += [
            f"{name}: data point {each!r} does not say where it was read"
            for each in used
            if each in points and _unsourced(points[each].evidence)
        ]
        gaps += _untraced(synthesis, name, points, {arm.id: arm for arm in content.tables.arms})
    gaps += [gap for section in content.findings for gap in _findings_gaps(content, section, page)]
    return (*gaps, *_elsewhere(content), *_unfounded(content))


def _untraced(synthesis: Synthesis, name: str, points: dict[str, DataPoint], arms: dict[str, Arm]) -> Iterator[str]:
    """Yield the inputs of effects that do not follow from data points that are there."""
    for effect in effects_of(synthesis):
        if not effect.data_points or not all(each in points for each in effect.data_points):
            continue  # said already
        for part in untraced(effect, points, arms):
            value = dict(effect.inputs)[part]
            yield f"{name}: {part} = {value:g} of {effect.label} does not follow from its data points and steps"


def _elsewhere(content: ReportContent) -> Iterator[str]:
    """Yield the gaps outside the syntheses: broken steps of data points, inclusions and answers without a source."""
    for point in content.tables.data_points:
        if broken_steps(point):
            yield f"the steps of data point {point.id!r} do not give its value {point.value:g}"
    for each in content.tables.inclusions:
        if _unsourced(each.evidence):
            yield f"{each.label or each.review}: the inclusion of {each.study} does not say where it was read"
    for answer in content.answers:
        if answer.value and _unsourced(answer.evidence):
            yield f"{answer.study}: the answer to {answer.label!r} does not say where it was read"


def _findings_gaps(content: ReportContent, section: FindingsSection, page: lxml.html.HtmlElement) -> Iterator[str]:
    """Yield the rows of a summary of findings, and of its profile, whose numbers lead to no synthesis or not to it."""
    rows = [(row, False) for row in section.rows] + [(each.finding, True) for each in section.profiles]
    planned = {each.synthesis: each for each in section.table.outcomes}
    for row, profile in rows:
        name = f"{section.table.title or section.table.id}: {row.label}"
        name += " in the evidence profile" if profile else ""
        found = named(content, row.outcome)
        if found is None:
            yield f"{name}: its numbers lead to no synthesis, as there is no {row.outcome!r}"
            continue
        yield from (f"{name}: {fault}" for fault in _not_of(row, found))
        place = finding_place(section.table.id, row.outcome, profile=profile)
        lines = page.xpath("//tr[@id=$place]", place=place)
        if not lines or not lines[0].xpath(".//a[@href=$href]", href="#" + found.place):
            yield f"{name}: its row does not lead to {found.place!r}"
        for cell in lines[0].xpath("./td[contains(@class, 'num')]") if lines else ():
            if re.search(r"\d", cell.text_content()) and not cell.xpath(".//a") and "assumed" not in cell.get("class"):
                yield f"{name}: {' '.join(cell.text_content().split())!r} leads nowhere"
        plan = planned.get(row.outcome)
        if plan is not None and plan.assumed_risk is not None and not plan.assumed_reason.strip():
            yield f"{name}: the assumed risk does not say where it is from"


def _not_of(row: FindingsRow, found: Named) -> Iterator[str]:
    """Yield the numbers of a row that are not those of the result which it names."""
    if row.measure != found.part.measure or not _equal(row.relative, found.part.natural):
        yield f"its effect is not that of {row.outcome!r}"
    if row.proportion is not None and not _equal(row.proportion, found.part.natural):
        yield f"its proportion is not that of {row.outcome!r}"
    if row.studies != found.part.k:
        yield f"its number of studies is {row.studies}, and {row.outcome!r} has {found.part.k}"
    people = numbers.people(found.effects) if found.effects else None
    if row.participants is not None and row.participants != people:
        yield f"its number of people is {row.participants}, and the studies of {row.outcome!r} have {people}"
    if row.absolute is None:
        return
    if row.absolute.measure != row.measure or not _equal(row.absolute.relative, row.relative):
        yield "its absolute effect is not at its relative effect"
    at = row.absolute.comparator
    if not _equal(row.absolute.difference, row.absolute.intervention, less=at):
        yield "the difference of its absolute effect is not that of the risks with and without the intervention"


def _equal(one: Interval, other: Interval, *, less: float = 0.0) -> bool:
    """Return whether an interval is another, less a number, within what rounding of a computation can do."""
    pairs = ((one.estimate, other.estimate), (one.ci_low, other.ci_low), (one.ci_high, other.ci_high))
    return all(
        mine is theirs
        if mine is None or theirs is None
        else math.isclose(mine, theirs - less, rel_tol=1e-9, abs_tol=1e-9)
        for mine, theirs in pairs
    )


def _unfounded(content: ReportContent) -> Iterator[str]:
    """Yield the statements that do not rest on evidence that is there, and criteria set by statements that are not."""
    views = [view for panel in content.panels for view in panel.statements]
    own = {each.standard.id for each in content.team_standards}
    for view in views:
        statement = view.kept.statement
        if view.state == "dropped":
            continue
        if not (statement.syntheses or statement.criteria):
            yield f"the statement {statement.id!r} rests on no evidence"
        for name in statement.syntheses:
            if find_result(content, name) is None:
                yield f"the statement {statement.id!r} rests on {name!r}, which is not in the report"
        for name in statement.criteria:
            if name.partition("/")[0] in own and not criterion_place(content, name):
                yield f"the statement {statement.id!r} rests on the criterion {name!r}, which is not in the standard"
    known = {view.kept.statement.id for view in views}
    for each in content.team_standards:
        setters = [(change.criterion, change.statement) for change in each.standard.changes]
        setters += [(criterion.id, criterion.statement) for criterion in each.standard.criteria]
        for criterion, setter in dict.fromkeys(setters):
            if setter and setter not in known:
                yield f"{each.standard.id}/{criterion} was set by the statement {setter!r}, which is not in the report"


def _unsourced(evidence: Evidence) -> bool:
    return not (evidence.reference or evidence.address or evidence.file)
