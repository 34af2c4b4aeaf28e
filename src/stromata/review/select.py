"""From a plan and the extracted data to the rows of a synthesis, and a reason for everything that is left out.

The rules are general; what they act on (subgroups, shared patients, events counted instead of patients, parts of a
composite) is marked in the data by the people who extracted them. Nothing is dropped without a `LeftOut`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from stromata.clinical.harmonise import harmonise, thresholds_differ
from stromata.extraction import conversions
from stromata.model import (
    Arm,
    Caution,
    DataPoint,
    Family,
    LeftOut,
    MeasureKind,
    MeasureName,
    Outcome,
    OutcomeMapping,
    ReviewProtocol,
    Statistic,
    Step,
    Study,
    StudyTables,
    SynthesisPlan,
    measure_family,
    measures_of,
)
from stromata.review.numbers import (
    CORRELATIONS,
    Kind,
    Numbers,
    Points,
    Together,
    before_and_after,
    correlations,
    counts,
    is_ratio,
    means,
    missing,
    printed,
    rates,
    scale_of,
    taken_together,
)


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
class Candidate:
    """What a study gives to a plan, before it is a row.

    Attributes
    ----------
    size : people (for rates, person-years), by which one of several studies with the same patients is chosen.
    scale : of printed estimates, what they are of.
    """

    study: Study
    outcome: Outcome
    arms: tuple[Arm, ...]
    values: tuple[tuple[str, float], ...]
    numbers: Numbers
    size: float
    kind: Kind | None
    scale: str = ""


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows of a plan in order of the study table, what was left out, and reservations about the choice.

    Attributes
    ----------
    kept : what the rows were made of, in their order; `tables`, `mappings` and `measure` what is told of them.
    remarks : reservations about the choice as a whole.
    """

    rows: tuple[Row, ...]
    left_out: tuple[LeftOut, ...]
    kept: tuple[Candidate, ...]
    tables: StudyTables
    mappings: Mapping[str, OutcomeMapping]
    measure: MeasureName
    remarks: tuple[Caution, ...] = ()

    @property
    def cautions(self) -> tuple[Caution, ...]:
        """Reservations about all rows together."""
        return _cautions(self, self.kept) + self.remarks

    @property
    def group_cautions(self) -> tuple[tuple[str, tuple[Caution, ...]], ...]:
        """Reservations about the rows of each group."""
        pairs = list(zip(self.kept, self.rows, strict=True))
        groups = dict.fromkeys(row.group for row in self.rows if row.group)
        return tuple((name, _cautions(self, [item for item, row in pairs if row.group == name])) for name in groups)

    def without(self, studies: Iterable[str]) -> Selection:
        """Return the selection without the rows of some studies; its reservations are of the others only."""
        gone = set(studies)
        pairs = [pair for pair in zip(self.rows, self.kept, strict=True) if pair[0].study not in gone]
        return replace(self, rows=tuple(row for row, _ in pairs), kept=tuple(item for _, item in pairs))


@dataclass(slots=True)
class _Work:
    """The data by id, and what is being left out along the way; `scale` is the only one of printed estimates."""

    plan: SynthesisPlan
    points: Mapping[tuple[str, str], Mapping[Statistic, DataPoint]]
    mappings: Mapping[str, OutcomeMapping]
    scale: str = ""
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

_COUNTED: frozenset[MeasureKind] = frozenset({"proportion", "two-by-two"})
_MEASURED: frozenset[MeasureKind] = frozenset({"one-mean", "two-means"})
_OF_TIME: frozenset[MeasureKind] = frozenset({"rate", "two-rates"})
_WHOLE: frozenset[MeasureKind] = frozenset({"change", "correlation", "printed"})
"""Kinds whose numbers are of one arm, or of one comparison, as a whole: several cannot be taken together."""

_OF_TWO_ARMS: frozenset[MeasureKind] = frozenset({"two-by-two", "two-means", "two-rates"})

_NAMES: Mapping[MeasureKind, tuple[str, ...]] = {
    "proportion": ("xi", "ni"),
    "one-mean": ("mi", "sdi", "ni"),
    "rate": ("xi", "ti"),
    "change": ("m1i", "sd1i", "m2i", "sd2i", "ni", "ri"),
    "correlation": ("ri", "ni", "mi"),
    "printed": ("yi", "sei"),
}
"""What the numbers of one arm are called where effects are computed."""

PLANNABLE: tuple[MeasureName, ...] = tuple(
    measure
    for measure in measures_of(*_NAMES, *sorted(_OF_TWO_ARMS))
    if measure_family(measure).kind != "correlation" or measure in CORRELATIONS
)
"""The measures whose numbers can be taken from the study tables; the others can be pooled from a file."""

_LACKING: Mapping[MeasureKind, str] = {
    "correlation": "the share of variance that a model explains",
    "pairs": "how the events of pairs fall together",
    "alpha": "a coefficient alpha with its number of items",
    "genotypes": "counts of genotypes",
}
"""What the other measures need and the study tables have no place for."""


def measure_fault(plan: SynthesisPlan) -> str:
    """Return why a plan's measure cannot be computed from the study tables; empty when it can."""
    kind = measure_family(plan.measure).kind
    if plan.measure not in PLANNABLE:
        return (
            f"measure {plan.measure} cannot be taken from the study tables: they have no place for "
            f"{_LACKING[kind]}; there are: {', '.join(PLANNABLE)}. `stromata pool` takes it from a file"
        )
    if plan.measure == "GEN":  # of one arm or of a comparison: what was printed may be either
        return ""
    compared = kind in _OF_TWO_ARMS or plan.measure == "HR"
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
    remarks = (*work.cautions, *silent)
    return Selection(rows, tuple(work.left_out), tuple(kept), tables, mappings, plan.measure, remarks)


_ONE_KIND = frozenset(measures_of(*_MEASURED)) - {"MD"}
"""Measures that mean something else for changes than for final values: all of means but the plain difference."""


def _of_one_kind(work: _Work, tables: StudyTables, allowed: set[str]) -> tuple[list[Candidate], _Work]:
    """Return what a plan takes; where changes and final values must not mix, of the kind that more studies give.

    Printed estimates are of one scale likewise.
    """
    plan = work.plan
    if plan.measure in measures_of("printed"):
        return _of_one_scale(work, tables, allowed)
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


def _of_one_scale(work: _Work, tables: StudyTables, allowed: set[str]) -> tuple[list[Candidate], _Work]:
    """Return the printed estimates that a plan takes: hazard ratios, or of the scale that more studies give."""
    if work.plan.measure == "HR":
        alone = replace(work, scale="HR")
        return _taken(alone, tables, allowed), alone
    kinds = {item.id for item in tables.outcomes if work.mappings[item.id].kind == work.plan.outcome}
    scales = dict.fromkeys(
        scale for (_, id_), found in work.points.items() if id_ in kinds and (scale := scale_of(found))
    )
    tried = [replace(work, scale=scale, left_out=[], cautions=[]) for scale in scales] or [work]
    found = [_taken(each, tables, allowed) for each in tried]
    best = max(range(len(tried)), key=lambda place: len(found[place]))
    kept = {item.study.id for item in found[best]}
    lost = dict.fromkeys(item.study.id for items in found for item in items if item.study.id not in kept)
    scale = tried[best].scale
    if lost:
        text = (
            f"Pooled are printed estimates of the kind {scale}, which more studies give; those of {', '.join(lost)} "
            "are of another kind and were left out, because the two are not the same number."
        )
        tried[best].cautions.append(Caution("one-kind-of-estimates", text))
    if found[best] and is_ratio(scale):
        text = f"Pooled and shown are logarithms of ratios ({scale}): 0 is no effect, and -0.69 a half."
        tried[best].cautions.append(Caution("logarithms", text))
    return found[best], tried[best]


def _taken(work: _Work, tables: StudyTables, allowed: set[str]) -> list[Candidate]:
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


def _candidate(study: Study, outcome: Outcome, arms: list[Arm], work: _Work) -> Candidate | None:
    held = [arm for arm in arms if work.points.get((arm.id, outcome.id))]
    reason = _outcome_fault(outcome, work.plan)
    kind = measure_family(work.plan.measure).kind
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
        elif kind == "printed" and all(arm.role == "comparator" for arm in held):
            text = "What is printed stands with the comparator; it belongs in the row of the arm that it is about."
            work.leave(study, "incomplete", text, outcome=outcome, arm=held[0])
        return None
    if kind in _WHOLE:
        return _whole(study, outcome, treated, arms, work)
    comparators = [arm for arm in held if arm.role == "comparator"]
    if work.plan.contrast == "single-arm":
        return _single(study, outcome, treated, work)
    return _contrast(study, outcome, treated, comparators, work)


def _outcome_fault(outcome: Outcome, plan: SynthesisPlan) -> tuple[str, str] | None:
    if outcome.exclude:
        return "marked", outcome.exclude
    if outcome.component_of:
        return "component", "A part of a composite outcome of the study."
    rate = measure_family(plan.measure).kind in _OF_TIME
    if outcome.counts != "patients" and not (rate and outcome.counts == "events"):
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


def _single(study: Study, outcome: Outcome, arms: list[Arm], work: _Work) -> Candidate | None:
    """Return the numbers of a study's treated arms; several arms count together."""
    family = measure_family(work.plan.measure).kind
    measured = family in _MEASURED
    if measured and len(arms) > 1 and "combine-groups" not in work.plan.conversions:
        text = "Several arms; the plan does not say that their means may be combined (combine-groups)."
        work.leave(study, "several-arms", text, outcome=outcome, arm=arms[0])
        return None
    kind, found = _numbers(outcome, arms, work)
    for arm in arms:
        if arm not in found:
            work.leave(study, "incomplete", _lacking(outcome, arm, kind, work), outcome=outcome, arm=arm)
    if not found:
        return None
    numbers = taken_together(list(found.values()), _together(family))
    if numbers is None:
        work.leave(study, "incomplete", _IMPOSSIBLE, outcome=outcome, arm=arms[0])
        return None
    values = tuple(zip(_NAMES[family], numbers.values, strict=True))
    return Candidate(study, outcome, tuple(found), values, numbers, numbers.values[-1], kind)


def _whole(study: Study, outcome: Outcome, treated: list[Arm], arms: list[Arm], work: _Work) -> Candidate | None:
    """Return the numbers of a study's only treated arm: values before and after, a correlation, a printed estimate."""
    plan, kind = work.plan, measure_family(work.plan.measure).kind
    places = {arm: work.points.get((arm.id, outcome.id), {}) for arm in treated}
    if kind == "printed" and plan.contrast == "two-arm" and not any(arm.role == "comparator" for arm in arms):
        work.leave(study, "no-comparator", "The study has no comparator arm.", outcome=outcome, arm=treated[0])
        return None
    found = {arm: numbers for arm, points in places.items() if (numbers := _of_whole(points, work))}
    if len(treated if kind == "change" else found) > 1:
        work.leave(study, "several-arms", _SEVERAL[kind], outcome=outcome, arm=treated[0])
        return None
    for arm, points in places.items():
        if arm not in found:
            work.leave(study, "incomplete", _not_whole(points, work), outcome=outcome, arm=arm)
    if not found:
        return None
    ((arm, numbers),) = found.items()
    values = tuple(zip(_NAMES[kind], numbers.values, strict=False))
    return Candidate(
        study, outcome, (arm,), values, numbers, _people(arm, arms, outcome, work), None, scale_of(places[arm])
    )


_SEVERAL: Mapping[MeasureKind, str] = {
    "change": "Several arms; which of them to take before and after treatment is not decided.",
    "correlation": "Several arms give a correlation; which of them to take is not decided.",
    "printed": "Several arms give a printed estimate; which of them to take is not decided.",
}


def _of_whole(points: Points, work: _Work) -> Numbers | None:
    kind = measure_family(work.plan.measure).kind
    if kind == "change":
        return before_and_after(points, work.plan)
    if kind == "correlation":
        return correlations(points, work.plan.measure)
    return printed(points) if scale_of(points) == work.scale else None


def _not_whole(points: Points, work: _Work) -> str:
    """Say what is missing of numbers that are of an arm, or a comparison, as a whole."""
    kind = measure_family(work.plan.measure).kind
    if kind == "change":
        text = missing(points, work.plan, "mean", "sd", "baseline-mean", "baseline-sd", "total")
        if work.plan.correlation is None:
            text += " Nor is the SD of the change, which would tell the correlation that the plan does not state."
        return text
    if kind == "correlation":
        return missing(points, work.plan, *CORRELATIONS[work.plan.measure])
    if "estimate" not in points:
        return missing(points, work.plan, "estimate")
    if scale_of(points) != work.scale:
        return f"What is printed is of the kind {scale_of(points)}; here {work.scale} is taken."
    if {"estimate-se", "estimate-ci-low", "estimate-ci-high", "estimate-p"} & points.keys():
        return "The printed estimate and its interval or p-value do not go together, or the interval has one limit."
    return "Not reported: estimate_se, or estimate_ci_low with estimate_ci_high, or estimate_p."


def _people(arm: Arm, arms: list[Arm], outcome: Outcome, work: _Work) -> float:
    """Return how many people numbers that are of a whole rest on; 0 when it is not known."""
    compared = [other for other in arms if other.role == "comparator"] if work.plan.contrast == "two-arm" else []
    sizes = []
    for each in (arm, *compared):
        points = work.points.get((each.id, outcome.id), {})
        sizes.append(points["total"].value if "total" in points else float(each.n or 0))
    return sum(sizes)


def _together(kind: MeasureKind) -> Together:
    """Return the conversion that takes several arms together."""
    return "combine-groups" if kind in _MEASURED else "combine-rates" if kind in _OF_TIME else "combine-events"


def _numbers(outcome: Outcome, arms: list[Arm], work: _Work) -> tuple[Kind | None, dict[Arm, Numbers]]:
    """Return the numbers of each arm that has them; means of the kind that more arms give, changes on a tie."""
    plan, places = work.plan, [(arm, work.points.get((arm.id, outcome.id), {})) for arm in arms]
    family = measure_family(plan.measure).kind
    if family in _OF_TIME:
        return None, {arm: found for arm, points in places if (found := rates(points))}
    if family in _COUNTED:
        return None, {arm: found for arm, points in places if (found := counts(points, plan))}
    kinds: tuple[Kind, ...] = ("change", "final") if plan.values == "any" else (plan.values,)
    by_kind = {kind: {arm: found for arm, points in places if (found := means(points, plan, kind))} for kind in kinds}
    best = max(kinds, key=lambda kind: len(by_kind[kind]))
    return best, by_kind[best]


def _lacking(outcome: Outcome, arm: Arm, kind: Kind | None, work: _Work) -> str:
    points = work.points.get((arm.id, outcome.id), {})
    if measure_family(work.plan.measure).kind in _OF_TIME:
        return missing(points, work.plan, "events", "person-time")
    if kind is None:
        return missing(points, work.plan, "events", "total")
    needed: tuple[Statistic, ...] = ("change-mean", "change-sd") if kind == "change" else ("mean", "sd")
    other = any(means(points, replace(work.plan, values="any"), each) for each in ("change", "final"))
    gives, takes = ("a final value", "changes") if kind == "change" else ("a change", "final values")
    told = f" It gives {gives}; here {takes} are taken." if other else ""
    return missing(points, work.plan, *needed, "total") + told


def _contrast(
    study: Study, outcome: Outcome, treated: list[Arm], comparators: list[Arm], work: _Work
) -> Candidate | None:
    family = measure_family(work.plan.measure).kind
    together = ("combine-groups" if family in _MEASURED else "combine-events") in work.plan.conversions
    if not comparators or (not together and (len(treated) != 1 or len(comparators) != 1)):
        if comparators:
            code, text = "several-arms", "Several arms; which of them to compare is not decided."
        else:
            code, text = "no-comparator", "No comparator arm has a value for this outcome."
        work.leave(study, code, text, outcome=outcome, arm=treated[0])
        return None
    kind, found = _numbers(outcome, treated + comparators, work)
    lacking = [arm for arm in treated + comparators if arm not in found]
    if lacking:
        text = f"{_lacking(outcome, lacking[0], kind, work)} Both sides must give numbers of one kind."
        work.leave(study, "incomplete", text, outcome=outcome, arm=lacking[0])
        return None
    one, two = (taken_together([found[arm] for arm in side], _together(family)) for side in (treated, comparators))
    if one is None or two is None:
        work.leave(study, "incomplete", _IMPOSSIBLE, outcome=outcome, arm=treated[0])
        return None
    values: tuple[tuple[str, float], ...]
    if family in _MEASURED:
        (m1, s1, n1), (m2, s2, n2) = one.values, two.values
        values = (("m1i", m1), ("sd1i", s1), ("n1i", n1), ("m2i", m2), ("sd2i", s2), ("n2i", n2))
    elif family in _OF_TIME:
        (x1, n1), (x2, n2) = one.values, two.values
        values = (("x1i", x1), ("t1i", n1), ("x2i", x2), ("t2i", n2))
    else:
        (a, n1), (c, n2) = one.values, two.values
        values = (("ai", a), ("bi", n1 - a), ("ci", c), ("di", n2 - c))
    numbers = Numbers((), one.points + two.points, one.steps + two.steps)
    return Candidate(study, outcome, tuple(treated), values, numbers, n1 + n2, kind)


def _one_time(candidates: list[Candidate], work: _Work) -> Candidate:
    plan = work.plan

    def rank(item: Candidate) -> tuple[float, int]:
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


def _one_of_each_cohort(candidates: list[Candidate], work: _Work) -> list[Candidate]:
    def rank(item: Candidate) -> tuple[float, float, int]:
        followed = item.study.followup_months or 0.0
        first, second = (followed, item.size) if longest else (item.size, followed)
        return first, second, item.study.year or 0

    longest = work.plan.cohort == "longest-follow-up"
    because = "which followed people longer" if longest else "which has more people in these numbers"
    best: dict[str, Candidate] = {}
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


_POOLED: Mapping[Family, str] = {
    "proportion": "A proportion",
    "ratio": "A ratio",
    "difference": "A difference",
    "number": "A rate",
    "correlation": "A correlation",
}
"""What has no single meaning when studies counted different things."""


def _cautions(selection: Selection, kept: Sequence[Candidate]) -> tuple[Caution, ...]:
    tables, mappings = selection.tables, selection.mappings
    found = []
    completers = [item.study.id for item in kept if item.outcome.denominator == "completers"]
    if completers:
        text = f"Counted among those who completed, not among all treated: {', '.join(completers)}."
        found.append(Caution("completers", text))
    steps = [(item.study.id, step) for item in kept for step in item.numbers.steps]
    together = dict.fromkeys(
        study for study, step in steps if step.method in {"combine-events", "combine-groups", "combine-rates"}
    )
    if together:
        found.append(Caution("arms-combined", f"Several arms were taken together: {', '.join(together)}."))
    found += _of_steps(steps)
    by_kind = {kind: [item.study.id for item in kept if item.kind == kind] for kind in ("change", "final")}
    if all(by_kind.values()):
        text = f"Differences of changes ({', '.join(by_kind['change'])}) and of final values are pooled together."
        found.append(Caution("changes-and-finals", text))
    pooled = _POOLED[measure_family(selection.measure).family]
    thresholds = thresholds_differ([item.outcome for item in kept], mappings.values(), pooled=pooled)
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
