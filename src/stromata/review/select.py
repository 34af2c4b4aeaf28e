"""From a plan and the extracted data to the rows of a synthesis, and a reason for everything that is left out.

The rules are general; what they act on (subgroups, shared patients, events counted instead of patients, parts of a
composite) is marked in the data by the people who extracted them. Nothing is dropped without a `LeftOut`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from stromata.clinical.harmonise import harmonise, thresholds_differ
from stromata.extraction import conversions
from stromata.model import (
    Arm,
    Caution,
    DataPoint,
    LeftOut,
    MeasureName,
    Outcome,
    OutcomeMapping,
    ReviewProtocol,
    Statistic,
    Step,
    Study,
    StudyTables,
    SynthesisPlan,
)
from stromata.review.numbers import Kind, Numbers, before_and_after, combined, counts, means, missing


@dataclass(frozen=True, slots=True)
class Row:
    """One study's contribution to a synthesis: its numbers by column name, and the data points they come from."""

    label: str
    study: str
    group: str
    values: tuple[tuple[str, float], ...]
    data_points: tuple[str, ...]
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows of a plan in order of the study table, what was left out, and reservations about the choice.

    Attributes
    ----------
    cautions : about all rows together; `group_cautions` about the rows of each group.
    """

    rows: tuple[Row, ...]
    left_out: tuple[LeftOut, ...]
    cautions: tuple[Caution, ...]
    group_cautions: tuple[tuple[str, tuple[Caution, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class _Candidate:
    study: Study
    outcome: Outcome
    arms: tuple[Arm, ...]
    values: tuple[tuple[str, float], ...]
    numbers: Numbers
    size: float
    kind: Kind | None


@dataclass(slots=True)
class _Work:
    """The data by id, and what is being left out along the way."""

    plan: SynthesisPlan
    points: Mapping[tuple[str, str], Mapping[Statistic, DataPoint]]
    mappings: Mapping[str, OutcomeMapping]
    left_out: list[LeftOut] = field(default_factory=list)
    cautions: list[Caution] = field(default_factory=list)

    def leave(
        self, study: Study, code: str, text: str, *, outcome: Outcome | None = None, arm: Arm | None = None
    ) -> None:
        points: tuple[str, ...] = ()
        if outcome and arm:
            points = tuple(point.id for point in self.points.get((arm.id, outcome.id), {}).values())
        self.left_out.append(
            LeftOut(study.id, arm.label if arm else "", outcome.id if outcome else "", code, text, points)
        )


PRODUCTS: Mapping[str, str] = {
    "msc": "mesenchymal stromal cells",
    "svf": "stromal vascular fraction",
    "ev": "extracellular vesicles",
    "secretome": "secretome or conditioned medium",
    "engineered": "engineered cells",
    "hsct": "blood stem cell transplantation",
    "other-cells": "other cells",
    "other": "another product",
}
"""Product classes in words."""

_IMPOSSIBLE = "The numbers of its arms cannot all be true, so they were not taken together."

_TAKEN: Mapping[str, tuple[MeasureName, ...]] = {
    "counts of one arm": ("PR", "PLN", "PLO", "PAS", "PFT"),
    "means of one arm": ("MN", "SMN", "MNLN", "SDLN", "CVLN"),
    "changes in one arm": ("MC", "SMCC", "SMCR", "SMCRH", "ROMC", "CVRC", "VRC"),
    "counts of two arms": (
        "OR",
        "RR",
        "RD",
        "AS",
        "PETO",
        "PHI",
        "YUQ",
        "YUY",
        "RTET",
        "PBIT",
        "OR2D",
        "OR2DL",
        "OR2DN",
    ),
    "means of two arms": (
        *("MD", "SMD", "SMDH", "SMD1", "SMD1H", "ROM", "CVR", "VR", "RPB", "RBIS", "D2OR", "D2ORL", "D2ORN"),
    ),
}
"""What can be taken from the study tables, and the measures that are computed from it."""

_CONTRAST_COUNTS = frozenset(_TAKEN["counts of two arms"])
_MEANS_OF_ONE = frozenset(_TAKEN["means of one arm"])
_CHANGES = frozenset(_TAKEN["changes in one arm"])
_OF_TWO_ARMS = _CONTRAST_COUNTS | frozenset(_TAKEN["means of two arms"])

PLANNABLE: tuple[MeasureName, ...] = tuple(measure for names in _TAKEN.values() for measure in names)
"""The measures whose numbers can be taken from the study tables; the others can be pooled from a file."""

_LACKING: Mapping[str, str] = {
    **dict.fromkeys(("IR", "IRLN", "IRS", "IRFT"), "events with the person-time of an arm"),
    **dict.fromkeys(("IRR", "IRD", "IRSD"), "events with the person-time of both arms"),
    **dict.fromkeys(("HR", "GEN"), "an estimate that was printed with its interval or standard error"),
    **dict.fromkeys(("COR", "UCOR", "ZCOR", "PCOR", "ZPCOR", "SPCOR"), "a correlation"),
    **dict.fromkeys(("MPRD", "MPRR", "MPOR", "MPORC", "MPPETO", "MPORM"), "how the events of pairs fall together"),
    **dict.fromkeys(("ARAW", "AHW", "ABT"), "a coefficient alpha with its number of items"),
    "REH": "counts of genotypes",
}
"""What the other measures need and the study tables have no place for."""


def measure_fault(plan: SynthesisPlan) -> str:
    """Return why a plan's measure cannot be computed from the study tables; empty when it can."""
    if plan.measure in _LACKING:
        return (
            f"measure {plan.measure} cannot be taken from the study tables: they have no place for "
            f"{_LACKING[plan.measure]}; there are: {', '.join(PLANNABLE)}. `stromata pool` takes it from a file"
        )
    compared = plan.measure in _OF_TWO_ARMS
    if compared != (plan.contrast == "two-arm"):
        what, need = ("compares two arms", "two-arm") if compared else ("is of one arm", "single-arm")
        return f"measure {plan.measure} {what}, so that contrast must be {need!r}"
    return ""


_Part = TypeVar("_Part", Arm, Outcome)


def select(plan: SynthesisPlan, tables: StudyTables, *, protocol: ReviewProtocol, included: Iterable[str]) -> Selection:
    """Choose the rows of a synthesis.

    Parameters
    ----------
    included : ids of the studies that have a reference included at full text.

    Returns
    -------
    Selection
        One row a study. Of studies that share patients (`Study.cohort`) one stands for all, and of several time points
        one stands for a study; the plan's rules pick them.
    """
    mappings = {item.outcome: item for item in harmonise(tables.outcomes, protocol)}
    allowed = set(included)
    kept, work = _of_one_kind(_Work(plan, _by_place(tables.data_points), mappings), tables, allowed)
    silent = _silent(tables, work, allowed)
    labels = study_labels([item.study for item in kept])
    names = {condition.id: condition.label for condition in protocol.conditions}
    rows = tuple(
        Row(
            label=labels[item.study.id],
            study=item.study.id,
            group=names.get(item.study.condition, item.study.condition) if plan.by_condition else "",
            values=item.values,
            data_points=item.numbers.points,
            steps=item.numbers.steps,
        )
        for item in kept
    )
    groups = {
        row.group: [item for item, other in zip(kept, rows, strict=True) if other.group == row.group] for row in rows
    }
    return Selection(
        rows,
        tuple(work.left_out),
        _cautions(kept, tables, mappings) + tuple(work.cautions) + silent,
        tuple((group, _cautions(items, tables, mappings)) for group, items in groups.items() if group),
    )


_ONE_KIND = frozenset((*_TAKEN["means of one arm"], *_TAKEN["means of two arms"])) - {"MD"}
"""Measures that mean something else for changes than for final values: all of means but the plain difference."""


def _of_one_kind(work: _Work, tables: StudyTables, allowed: set[str]) -> tuple[list[_Candidate], _Work]:
    """Return what a plan takes; where changes and final values must not mix, of the kind that more studies give."""
    plan = work.plan
    if plan.measure not in _ONE_KIND or plan.values != "any":
        return _taken(work, tables, allowed), work
    kinds: tuple[Kind, ...] = ("change", "final")
    tried = [replace(work, plan=replace(plan, values=kind), left_out=[], cautions=[]) for kind in kinds]
    found = [_taken(each, tables, allowed) for each in tried]
    best = max((0, 1), key=lambda place: len(found[place]))
    lost = {item.study.id for item in found[1 - best]} - {item.study.id for item in found[best]}
    if lost:
        words = ("changes from baseline", "final values")
        text = (
            f"Pooled are {words[best]}, which more studies give; {words[1 - best]} of {', '.join(sorted(lost))} were "
            "left out, because the two are not the same number. The plan can say which to take (values)."
        )
        tried[best].cautions.append(Caution("one-kind-of-means", text))
    return found[best], tried[best]


def _taken(work: _Work, tables: StudyTables, allowed: set[str]) -> list[_Candidate]:
    """Return what each study gives, one outcome a study and one study a cohort; the work notes all that is left out."""
    arms, outcomes = _of_study(tables.arms), _of_study(tables.outcomes)
    candidates = []
    for study in tables.studies:
        wanted = [item for item in outcomes.get(study.id, ()) if work.mappings[item.id].kind == work.plan.outcome]
        if not wanted or not _study_fits(study, allowed, work):
            continue
        usable = [
            found
            for outcome in wanted
            if (found := _candidate(study, outcome, arms.get(study.id, []), work)) is not None
        ]
        if usable:
            candidates.append(_one_time(usable, work))
    return _one_of_each_cohort(candidates, work)


def _silent(tables: StudyTables, work: _Work, allowed: set[str]) -> tuple[Caution, ...]:
    """Say how many included studies do not report the outcome: what was not reported is not zero."""
    plan = work.plan
    studies = [
        study.id
        for study in tables.studies
        if study.id in allowed
        and study.population == "patients"
        and (not plan.conditions or study.condition in plan.conditions)
        and (not plan.designs or study.design in plan.designs)
    ]
    reporting = {item.study for item in tables.outcomes if work.mappings[item.id].kind == plan.outcome}
    missing = [id_ for id_ in studies if id_ not in reporting]
    if not missing:
        return ()
    text = f"{len(missing)} of {len(studies)} included studies do not report this outcome in what was read of them."
    return (Caution("outcome-not-reported", text),)


def _by_place(points: Iterable[DataPoint]) -> dict[tuple[str, str], dict[Statistic, DataPoint]]:
    found: dict[tuple[str, str], dict[Statistic, DataPoint]] = defaultdict(dict)
    for point in points:
        found[point.arm, point.outcome][point.statistic] = point
    return found


def _of_study(items: Iterable[_Part]) -> dict[str, list[_Part]]:
    found: dict[str, list[_Part]] = defaultdict(list)
    for item in items:
        found[item.study].append(item)
    return found


def _study_fits(study: Study, allowed: set[str], work: _Work) -> bool:
    plan = work.plan
    if plan.conditions and study.condition not in plan.conditions:
        return False
    if study.id not in allowed:
        work.leave(study, "not-included", "No reference of this study has been included at full text.")
    elif study.population != "patients":
        work.leave(study, "not-patients", f"The people studied are {study.population}.")
    elif plan.designs and study.design not in plan.designs:
        work.leave(study, "design", f"The design is {study.design}; the plan takes {', '.join(plan.designs)}.")
    else:
        return True
    return False


def _candidate(study: Study, outcome: Outcome, arms: list[Arm], work: _Work) -> _Candidate | None:
    held = [arm for arm in arms if work.points.get((arm.id, outcome.id))]
    reason = _outcome_fault(outcome, work.plan)
    if reason:
        for arm in held:
            work.leave(study, *reason, outcome=outcome, arm=arm)
        if not held:
            work.leave(study, *reason, outcome=outcome)
        return None
    treated = [arm for arm in held if _arm_fits(study, outcome, arm, work)]
    if not treated:
        if not held:
            work.leave(study, "no-numbers", "The outcome is reported without numbers.", outcome=outcome)
        return None
    comparators = [arm for arm in held if arm.role == "comparator"]
    if work.plan.contrast == "single-arm":
        return _single(study, outcome, treated, work)
    return _contrast(study, outcome, treated, comparators, work)


def _outcome_fault(outcome: Outcome, plan: SynthesisPlan) -> tuple[str, str] | None:
    if outcome.exclude:
        return "marked", outcome.exclude
    if outcome.component_of:
        return "component", "A part of a composite outcome of the study."
    if outcome.counts != "patients":
        return "unit", f"Counts {outcome.counts}, not patients."
    if outcome.denominator not in {"treated", "completers"}:
        return "denominator", f"Counted among {outcome.denominator}, not among all treated."
    if plan.criteria and outcome.criterion not in plan.criteria:
        counted = outcome.criterion or "what the study defined"
        return "criterion", f"Counted by {counted}; the plan takes {', '.join(plan.criteria)}."
    return None


def _arm_fits(study: Study, outcome: Outcome, arm: Arm, work: _Work) -> bool:
    products = work.plan.products
    if arm.role == "comparator":
        return False
    if arm.role == "subgroup":
        work.leave(study, "subgroup", "A subgroup of another arm of the study.", outcome=outcome, arm=arm)
        return False
    if products and (arm.product is None or arm.product.product_class not in products):
        given = PRODUCTS[arm.product.product_class] if arm.product else "no cell product"
        work.leave(
            study,
            "product",
            f"Given: {given}; the plan takes {', '.join(PRODUCTS[name] for name in products)}.",
            outcome=outcome,
            arm=arm,
        )
        return False
    return True


def _single(study: Study, outcome: Outcome, arms: list[Arm], work: _Work) -> _Candidate | None:
    """Return the numbers of a study's treated arms; several arms count together."""
    if work.plan.measure in _CHANGES:
        return _changed(study, outcome, arms, work)
    measured = work.plan.measure in _MEANS_OF_ONE
    if measured and len(arms) > 1 and "combine-groups" not in work.plan.conversions:
        text = "Several arms; the plan does not say that their means may be combined (combine-groups)."
        work.leave(study, "several-arms", text, outcome=outcome, arm=arms[0])
        return None
    kind, found = _numbers(outcome, arms, work, measured=measured)
    for arm in arms:
        if arm not in found:
            work.leave(study, "incomplete", _lacking(outcome, arm, kind, work), outcome=outcome, arm=arm)
    if not found:
        return None
    numbers = combined(list(found.values()))
    if numbers is None:
        work.leave(study, "incomplete", _IMPOSSIBLE, outcome=outcome, arm=arms[0])
        return None
    names = ("mi", "sdi", "ni") if measured else ("xi", "ni")
    values = tuple(zip(names, numbers.values, strict=True))
    return _Candidate(study, outcome, tuple(found), values, numbers, numbers.values[-1], kind)


def _changed(study: Study, outcome: Outcome, arms: list[Arm], work: _Work) -> _Candidate | None:
    """Return values before and after treatment of a study's only treated arm, with their correlation."""
    if len(arms) > 1:
        text = "Several arms; which of them to take before and after treatment is not decided."
        work.leave(study, "several-arms", text, outcome=outcome, arm=arms[0])
        return None
    points = work.points.get((arms[0].id, outcome.id), {})
    numbers = before_and_after(points, work.plan)
    if numbers is None:
        text = missing(points, work.plan, "mean", "sd", "baseline-mean", "baseline-sd", "total")
        if work.plan.correlation is None:
            text += " Nor is the SD of the change, which would tell the correlation that the plan does not state."
        work.leave(study, "incomplete", text, outcome=outcome, arm=arms[0])
        return None
    values = tuple(zip(("m1i", "sd1i", "m2i", "sd2i", "ni", "ri"), numbers.values, strict=True))
    return _Candidate(study, outcome, tuple(arms), values, numbers, numbers.values[4], None)


def _numbers(
    outcome: Outcome, arms: list[Arm], work: _Work, *, measured: bool
) -> tuple[Kind | None, dict[Arm, Numbers]]:
    """Return the numbers of each arm that has them; means of the kind that more arms give, changes on a tie."""
    plan, places = work.plan, [(arm, work.points.get((arm.id, outcome.id), {})) for arm in arms]
    if not measured:
        return None, {arm: found for arm, points in places if (found := counts(points, plan))}
    kinds: tuple[Kind, ...] = ("change", "final") if plan.values == "any" else (plan.values,)
    by_kind = {kind: {arm: found for arm, points in places if (found := means(points, plan, kind))} for kind in kinds}
    best = max(kinds, key=lambda kind: len(by_kind[kind]))
    return best, by_kind[best]


def _lacking(outcome: Outcome, arm: Arm, kind: Kind | None, work: _Work) -> str:
    points = work.points.get((arm.id, outcome.id), {})
    if kind is None:
        return missing(points, work.plan, "events", "total")
    needed: tuple[Statistic, ...] = ("change-mean", "change-sd") if kind == "change" else ("mean", "sd")
    other = any(means(points, replace(work.plan, values="any"), each) for each in ("change", "final"))
    gives, takes = ("a final value", "changes") if kind == "change" else ("a change", "final values")
    told = f" It gives {gives}; here {takes} are taken." if other else ""
    return missing(points, work.plan, *needed, "total") + told


def _contrast(
    study: Study, outcome: Outcome, treated: list[Arm], comparators: list[Arm], work: _Work
) -> _Candidate | None:
    measured = work.plan.measure not in _CONTRAST_COUNTS
    together = ("combine-groups" if measured else "combine-events") in work.plan.conversions
    if not comparators or (not together and (len(treated) != 1 or len(comparators) != 1)):
        if comparators:
            code, text = "several-arms", "Several arms; which of them to compare is not decided."
        else:
            code, text = "no-comparator", "No comparator arm has a value for this outcome."
        work.leave(study, code, text, outcome=outcome, arm=treated[0])
        return None
    kind, found = _numbers(outcome, treated + comparators, work, measured=measured)
    lacking = [arm for arm in treated + comparators if arm not in found]
    if lacking:
        text = f"{_lacking(outcome, lacking[0], kind, work)} Both sides must give numbers of one kind."
        work.leave(study, "incomplete", text, outcome=outcome, arm=lacking[0])
        return None
    one, two = combined([found[arm] for arm in treated]), combined([found[arm] for arm in comparators])
    if one is None or two is None:
        work.leave(study, "incomplete", _IMPOSSIBLE, outcome=outcome, arm=treated[0])
        return None
    values: tuple[tuple[str, float], ...]
    if measured:
        (m1, s1, n1), (m2, s2, n2) = one.values, two.values
        values = (("m1i", m1), ("sd1i", s1), ("n1i", n1), ("m2i", m2), ("sd2i", s2), ("n2i", n2))
    else:
        (a, n1), (c, n2) = one.values, two.values
        values = (("ai", a), ("bi", n1 - a), ("ci", c), ("di", n2 - c))
    numbers = Numbers((), one.points + two.points, one.steps + two.steps)
    return _Candidate(study, outcome, tuple(treated), values, numbers, n1 + n2, kind)


def _one_time(candidates: list[_Candidate], work: _Work) -> _Candidate:
    plan = work.plan

    def rank(item: _Candidate) -> tuple[float, int]:
        weeks, place = item.outcome.weeks, candidates.index(item)
        if plan.time == "nearest" and plan.weeks is not None:
            return (abs(weeks - plan.weeks) if weeks is not None else float("inf"), place)
        known = weeks if weeks is not None else (float("inf") if plan.time == "first" else float("-inf"))
        return (known if plan.time == "first" else -known, place)

    best, *others = sorted(candidates, key=rank)
    rule = f"nearest to {plan.weeks:g} weeks" if plan.time == "nearest" and plan.weeks is not None else plan.time
    for item in others:
        same = item.outcome.weeks == best.outcome.weeks
        text = (
            "Reported at the same time as what was taken, which stands first in the table of outcomes."
            if same
            else f"Reported at another time; the plan takes the {rule} one."
        )
        for arm in item.arms:
            work.leave(item.study, "other-time", text, outcome=item.outcome, arm=arm)
    return best


def _one_of_each_cohort(candidates: list[_Candidate], work: _Work) -> list[_Candidate]:
    def rank(item: _Candidate) -> tuple[float, float, int]:
        followed = item.study.followup_months or 0.0
        first, second = (followed, item.size) if longest else (item.size, followed)
        return first, second, item.study.year or 0

    longest = work.plan.cohort == "longest-follow-up"
    because = "which followed people longer" if longest else "which has more people in these numbers"
    best: dict[str, _Candidate] = {}
    for item in candidates:
        key = item.study.cohort or f"study {item.study.id}"
        if key not in best or rank(item) > rank(best[key]):
            best[key] = item
    chosen = {item.study.id for item in best.values()}
    for item in candidates:
        if item.study.id not in chosen:
            kept = best[item.study.cohort].study.id
            for arm in item.arms:
                text = f"May share patients with {kept}, {because}."
                work.leave(item.study, "shared-patients", text, outcome=item.outcome, arm=arm)
    return [item for item in candidates if item.study.id in chosen]


def study_labels(studies: Iterable[Study]) -> dict[str, str]:
    """Return what figures print for each study: author and year, else its id; with the id where two are alike."""
    plain = {
        study.id: f"{study.first_author} {study.year or ''}".strip() if study.first_author else study.id
        for study in studies
    }
    texts = list(plain.values())
    return {id_: text if texts.count(text) == 1 else f"{text} ({id_})" for id_, text in plain.items()}


def _of_steps(steps: Iterable[tuple[str, Step]]) -> Iterator[Caution]:
    """Yield what must be said of conversions, once per text, with the studies that it is about."""
    about: dict[Caution, list[str]] = defaultdict(list)
    for study, step in steps:
        for caution in conversions.cautions(step):
            about[caution].append(study)
    for caution, studies in about.items():
        yield Caution(caution.code, f"{caution.text} ({', '.join(dict.fromkeys(studies))})")


def _cautions(
    kept: list[_Candidate], tables: StudyTables, mappings: Mapping[str, OutcomeMapping]
) -> tuple[Caution, ...]:
    found = []
    completers = [item.study.id for item in kept if item.outcome.denominator == "completers"]
    if completers:
        text = f"Counted among those who completed, not among all treated: {', '.join(completers)}."
        found.append(Caution("completers", text))
    steps = [(item.study.id, step) for item in kept for step in item.numbers.steps]
    together = dict.fromkeys(study for study, step in steps if step.method in {"combine-events", "combine-groups"})
    if together:
        found.append(Caution("arms-combined", f"Several arms were taken together: {', '.join(together)}."))
    found += _of_steps(steps)
    by_kind = {kind: [item.study.id for item in kept if item.kind == kind] for kind in ("change", "final")}
    if all(by_kind.values()):
        text = f"Differences of changes ({', '.join(by_kind['change'])}) and of final values are pooled together."
        found.append(Caution("changes-and-finals", text))
    thresholds = thresholds_differ([item.outcome for item in kept], mappings.values())
    definitions = {item.outcome.definition or item.outcome.instrument for item in kept} - {""}
    if thresholds:
        found.append(thresholds)
    elif len(definitions) > 1:
        text = f"{len(definitions)} different definitions of this outcome are pooled; the table of studies names them."
        found.append(Caution("definitions-differ", text))
    used = {id_ for item in kept for id_ in item.numbers.points}
    derived = [point.id for point in tables.data_points if point.id in used and point.evidence.derived]
    if derived:
        found.append(Caution("derived-values", f"{len(derived)} values were derived, not read: {', '.join(derived)}."))
    far = sorted(
        {
            point.study
            for point in tables.data_points
            if point.id in used and point.evidence.level in {"press", "secondary"}
        }
    )
    if far:
        text = f"Read in press releases or retellings, not in the study's own report: {', '.join(far)}."
        found.append(Caution("indirect-sources", text))
    return tuple(found)
