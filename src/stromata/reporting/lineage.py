"""From a printed number to where it came from: which data points stand behind it, and whether the way is open."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import lxml.html

from stromata.model import Arm, DataPoint, EffectSize, Evidence, Record, Reference, Statistic, Synthesis
from stromata.model.identifiers import find_registry_ids, normal_doi, normal_pmcid, normal_pmid
from stromata.reporting.anchors import data_point_href
from stromata.reporting.citations import keys
from stromata.reporting.content import ReportContent
from stromata.reporting.tracing import INPUTS, SAME, Part, broken_steps, group_of, untraced

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
    if part not in INPUTS:
        return effect.data_points[0] if effect.data_points else ""
    kind, group = INPUTS[part]
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


def used_data_points(synthesis: Synthesis) -> tuple[str, ...]:
    """Return the ids of the data points behind a synthesis and its subgroups, each once, in order."""
    parts = [synthesis, *(part for _, part in synthesis.subgroups)]
    return tuple(dict.fromkeys(each for part in parts for effect in part.effects for each in effect.data_points))


def lineage_gaps(content: ReportContent, html: str) -> tuple[str, ...]:
    """Return every place in a rendered report where the way from a number to its source is broken.

    Checked are: links within the page lead to a place that exists, places have one name each, every data point that a
    synthesis used or left out has its entry, every effect names at least one data point, every number that an effect
    was computed from follows from its data points (as it stands, as a sum, or by steps of conversion), the steps of a
    data point give its value, and every entry used by a synthesis, every inclusion in a published review and every
    answer says where it was read (a reference, an address, or a cell of a table).

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
    return (*gaps, *_elsewhere(content))


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


def _unsourced(evidence: Evidence) -> bool:
    return not (evidence.reference or evidence.address or evidence.file)
