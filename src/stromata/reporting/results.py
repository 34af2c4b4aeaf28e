"""The rows of a report's tables, as text with links: answers, effects, claims, cautions, entries of data points."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from stromata.model import (
    Arm,
    Caution,
    DataPoint,
    EffectSize,
    Evidence,
    Interval,
    LeftOut,
    MeasureName,
    OutcomeDefinition,
    Reference,
    Step,
    Study,
    Synthesis,
    SynthesisPlan,
    measure_family,
    numbers,
)
from stromata.reporting.anchors import anchor, data_point_href
from stromata.reporting.citations import doi_url, safe_url
from stromata.reporting.content import ClaimComparison, ReportContent
from stromata.reporting.forest import Cell, Linked, input_cell, input_columns
from stromata.reporting.lineage import Library, behind, effects_of, library
from stromata.reporting.tracing import converted, source_of

LEVELS = {
    "article": "the study's own article",
    "abstract": "the study's abstract",
    "registry": "a registry entry",
    "review-table": "a table of a review",
    "press": "a press release or news page",
    "secondary": "a secondary source",
    "unknown": "a source of unrecorded kind",
}
STATISTICS = {
    "events": "events",
    "total": "people in the group",
    "mean": "mean",
    "sd": "standard deviation",
    "se": "standard error",
    "ci-low": "lower limit of the mean's 95 % interval",
    "ci-high": "upper limit of the mean's 95 % interval",
    "median": "median",
    "q1": "first quartile",
    "q3": "third quartile",
    "min": "minimum",
    "max": "maximum",
    "change-mean": "mean change",
    "change-sd": "standard deviation of the change",
    "change-se": "standard error of the change",
    "change-ci-low": "lower limit of the change's 95 % interval",
    "change-ci-high": "upper limit of the change's 95 % interval",
    "baseline-mean": "mean at baseline",
    "baseline-sd": "standard deviation at baseline",
    "percent": "per cent",
    "person-time": "person-time at risk",
    "estimate": "printed estimate",
    "estimate-se": "standard error of the printed estimate",
    "estimate-ci-low": "lower limit of the printed estimate's interval",
    "estimate-ci-high": "upper limit of the printed estimate's interval",
    "estimate-level": "coverage of the printed estimate's interval",
    "estimate-p": "p-value of the printed estimate",
    "correlation": "correlation",
    "partial-correlation": "partial correlation",
    "predictors": "predictors in the model",
}
TOGETHER = "All conditions"
EQUALS = f"{numbers.KEPT}={numbers.KEPT}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A result as one row: of a whole synthesis, or of one of its subgroups.

    Attributes
    ----------
    place : id of the row in the section of the outcome; `effects` the address of the table of effects.
    label : condition or subgroup; `outcome` and `measure` in words, the latter with its unit; `title` of the synthesis.
    estimate, interval, prediction : as printed, with `interval` and `prediction` in brackets.
    single : it is one study's own estimate and interval, not a pooled one.
    whole : the row is the synthesis, not a subgroup of it.
    """

    place: str
    effects: str
    label: str
    outcome: str
    title: str
    measure: str
    k: int
    people: str
    events: str
    estimate: str
    interval: str
    prediction: str
    heterogeneity: str
    cautions: tuple[Caution, ...]
    single: bool
    whole: bool


@dataclass(frozen=True, slots=True)
class EffectRow:
    """One study's effect in a synthesis, with every number linked to its data point."""

    place: str
    label: str
    study: str
    group: str
    cells: tuple[Cell, ...]
    estimate: str
    wilson: str
    weight: str
    adjusted: bool
    points: tuple[Linked, ...]
    steps: tuple[StepRow, ...]
    steps_place: str


@dataclass(frozen=True, slots=True)
class StepRow:
    """One conversion in words.

    Attributes
    ----------
    inputs, outputs : ``name = value``; inputs lead to the data points that state them, where there are any.
    where : the number that the conversion led to.
    """

    method: str
    inputs: tuple[Linked, ...]
    outputs: tuple[Linked, ...]
    assumptions: tuple[str, ...]
    source: str
    where: Linked


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A published figure and what the included studies give."""

    place: str
    comparison: ClaimComparison
    condition: str
    outcome: str
    review: Linked
    recomputed: str
    href: str
    verdict: str


@dataclass(frozen=True, slots=True)
class PointEntry:
    """The entry of a data point in the appendix."""

    place: str
    point: DataPoint
    arm: str
    outcome: str
    statistic: str
    value: str
    level: str
    url: str
    reference: Linked
    cell: str
    used: tuple[Linked, ...]
    steps: tuple[StepRow, ...]


@dataclass(frozen=True, slots=True)
class CautionEntry:
    """One kind of caution, with each wording and the results that carry it."""

    place: str
    name: str
    wordings: tuple[tuple[str, tuple[Linked, ...]], ...]


@dataclass(frozen=True, slots=True)
class Views:
    """The content of a report with the indexes that its tables need."""

    content: ReportContent
    library: Library
    studies: dict[str, Study]
    conditions: dict[str, str]
    outcomes: dict[str, OutcomeDefinition]
    points: dict[str, DataPoint]
    arms: dict[str, Arm]
    plans: dict[str, SynthesisPlan]

    # What a synthesis is about.

    def plan(self, synthesis: Synthesis) -> SynthesisPlan | None:
        """Return the plan that a synthesis carries out."""
        return self.plans.get(synthesis.plan) or self.plans.get(synthesis.id)

    def outcome_id(self, synthesis: Synthesis) -> str:
        """Return the id of the outcome that a synthesis is about; empty when no plan names it."""
        plan = self.plan(synthesis)
        return plan.outcome if plan else ""

    def outcome_name(self, identifier: str) -> str:
        """Return an outcome's label; its id when the protocol does not define it."""
        return self.outcomes[identifier].label if identifier in self.outcomes else identifier

    def condition_name(self, label: str) -> str:
        """Return a condition's label for its id; any other label as it is."""
        return self.conditions.get(label, label)

    def title(self, synthesis: Synthesis) -> str:
        """Return a synthesis' title: its own, the plan's, or its id."""
        plan = self.plan(synthesis)
        return synthesis.title or (plan.title if plan else "") or synthesis.id

    def outcome_ids(self, domain: Literal["benefit", "harm"]) -> tuple[str, ...]:
        """Return the protocol's outcomes of a domain that have a synthesis, in order."""
        return tuple(key for key, each in self.outcomes.items() if each.domain == domain and self.of_outcome(key))

    def of_outcome(self, identifier: str) -> tuple[Synthesis, ...]:
        """Return the syntheses of an outcome, in order."""
        return tuple(each for each in self.content.syntheses if self.outcome_id(each) == identifier)

    def without_outcome(self) -> tuple[Synthesis, ...]:
        """Return the syntheses whose outcome the protocol does not define, so that none is lost."""
        return tuple(each for each in self.content.syntheses if self.outcome_id(each) not in self.outcomes)

    # Answers.

    def answers(self, synthesis: Synthesis) -> tuple[Answer, ...]:
        """Return the rows of one synthesis: its subgroups, then the whole."""
        parts = [self._answer(synthesis, part, label) for label, part in synthesis.subgroups]
        return (*parts, self._answer(synthesis, synthesis, "", shown=self._one_condition(synthesis) or TOGETHER))

    def _answer(self, whole: Synthesis, part: Synthesis, label: str, *, shown: str = "") -> Answer:
        effects = part.effects or tuple(each for each in whole.effects if label and each.group == label)
        people = numbers.people(effects) if effects else None
        natural, single = part.natural, part.k == 1
        if natural.estimate is None and len(effects) == 1:
            natural = effects[0].natural
        mark = numbers.unit(part.measure)
        events = [group for group in map(numbers.group_events, effects) if group]
        return Answer(
            place=anchor("result", whole.id, label) if label else anchor("result", whole.id),
            effects="#" + anchor("effects", whole.id),
            label=shown or self.condition_name(label),
            outcome=self._outcome_of(whole),
            title=self.title(whole),
            measure=numbers.measure_name(part.measure) + (f",{numbers.KEPT}{mark}" if mark else _per(part.measure)),
            k=part.k,
            people=numbers.count(people),
            events=numbers.count(sum(map(sum, events))) if events and len(events) == len(effects) else numbers.MISSING,
            estimate=numbers.MISSING if part.k == 0 else numbers.natural(natural.estimate, part.measure, people),
            interval=numbers.bounds(natural.ci_low, natural.ci_high, part.measure, people),
            prediction=numbers.bounds(natural.pi_low, natural.pi_high, part.measure, people),
            heterogeneity=numbers.heterogeneity(tau2=part.tau2, i2=part.i2, q=part.q, df=part.q_df, p=part.q_p),
            cautions=part.cautions,
            single=single,
            whole=not label,
        )

    def summary(self) -> tuple[tuple[str, tuple[Answer, ...], tuple[str, ...]], ...]:
        """Return (condition, its answers, outcomes without usable data), in the protocol's order of conditions."""
        groups: dict[str, list[Answer]] = {label: [] for label in self.conditions.values()}
        for synthesis in self.content.syntheses:
            for answer in self.answers(synthesis):
                if answer.whole and synthesis.subgroups:
                    groups.setdefault(TOGETHER, []).append(answer)
                else:
                    groups.setdefault(answer.label, []).append(answer)
        # Only a plan that splits by condition, or is about one, can be said to have no data for a condition.
        split = [each for each in self.content.syntheses if each.subgroups or self._one_condition(each)]
        studied = {self.condition_name(study.condition) for study in self.content.tables.studies}
        about = {label: [each for each in split if self._one_condition(each) in ("", label)] for label in groups}
        rows = []
        for label, found in groups.items():
            usable = tuple(each for each in found if each.k > 0)
            sought = dict.fromkeys(self._outcome_of(each) for each in about.get(label, ()))
            missing = tuple(name for name in sought if name not in {each.outcome for each in usable})
            if usable or label in studied:
                rows.append((label, usable, () if label == TOGETHER else missing))
        return tuple(sorted(rows, key=lambda row: row[0] == TOGETHER))

    def _one_condition(self, synthesis: Synthesis) -> str:
        """Return the label of the only condition that a synthesis is planned for; empty when there are several."""
        plan = self.plan(synthesis)
        return self.condition_name(plan.conditions[0]) if plan is not None and len(plan.conditions) == 1 else ""

    def _outcome_of(self, synthesis: Synthesis) -> str:
        return self.outcome_name(self.outcome_id(synthesis)) or self.title(synthesis)

    # Effects and what was left out.

    def headings(self, synthesis: Synthesis) -> tuple[str, ...]:
        """Return the headings of the columns of inputs in the table of effects."""
        return tuple(
            f"{each.group}: {each.heading.lower()}" if each.group else each.heading for each in input_columns(synthesis)
        )

    def effects(self, synthesis: Synthesis) -> tuple[EffectRow, ...]:
        """Return the effects of a synthesis, in order."""
        columns = input_columns(synthesis)
        rows = []
        for effect in effects_of(synthesis):
            sizes = numbers.group_sizes(effect)
            people = sum(sizes) if sizes else None
            wilson = effect.wilson or Interval(None, None, None)
            rows.append(
                EffectRow(
                    place=effect_place(synthesis, effect),
                    label=effect.label,
                    study="#" + anchor("study", effect.study) if effect.study in self.studies else "",
                    group=self.condition_name(effect.group),
                    cells=tuple(input_cell(synthesis, effect, column, self.link) for column in columns),
                    estimate=numbers.estimate(effect.natural, effect.measure, people),
                    wilson=numbers.bounds(wilson.ci_low, wilson.ci_high, effect.measure, people),
                    weight="" if effect.weight is None else f"{numbers.fixed(effect.weight, 1)} %",
                    adjusted=effect.adjusted,
                    points=tuple(self.point_link(each) for each in effect.data_points),
                    steps=self._steps(synthesis, effect),
                    steps_place=_steps_place(synthesis, effect),
                )
            )
        return tuple(rows)

    def _steps(self, synthesis: Synthesis, effect: EffectSize) -> tuple[StepRow, ...]:
        where = Linked(f"{self.title(synthesis)}: {effect.label}", "#" + effect_place(synthesis, effect))
        return tuple(self._step(step, where, effect) for step in effect.steps)

    def _step(self, step: Step, where: Linked, effect: EffectSize | None = None) -> StepRow:
        def shown(name: str, value: float, *, lead: bool) -> Linked:
            origin = source_of(value, effect, self.points) if effect is not None and lead else ""
            text = f"{name.replace('_', ' ').replace('-', ' ')} = {numbers.precise(value)}".replace(" = ", EQUALS)
            return Linked(text, data_point_href(origin) if origin else "")

        return StepRow(
            method=step.method.replace("-", " "),
            inputs=tuple(shown(name, value, lead=True) for name, value in step.inputs),
            outputs=tuple(shown(name, value, lead=False) for name, value in step.outputs),
            assumptions=step.assumptions,
            source=step.source,
            where=where,
        )

    def conversions(self) -> tuple[StepRow, ...]:
        """Return all conversions: of effects in the order of the syntheses, then of data points."""
        found = [
            each for item in self.content.syntheses for effect in effects_of(item) for each in self._steps(item, effect)
        ]
        for point in self.content.tables.data_points:
            name = f"{self.study_name(point.study)}, {STATISTICS[point.statistic]} {numbers.precise(point.value)}"
            found += [self._step(step, Linked(name, data_point_href(point.id))) for step in point.steps]
        return tuple(found)

    def point_link(self, identifier: str) -> Linked:
        """Return a link to a data point's entry, named by what it states."""
        point = self.points.get(identifier)
        text = f"{STATISTICS[point.statistic]} {numbers.plain(point.value)}" if point else identifier
        return Linked(text, data_point_href(identifier) if point else "")

    def link(self, result: Synthesis, effect: EffectSize | None, part: str) -> str:
        """Lead each number of a forest plot on: inputs to data points, estimates to effects, pooled ones to results."""
        whole, label = self._whole(result)
        if effect is None:
            return "#" + (anchor("result", whole.id, label) if label else anchor("result", whole.id))
        if part == "estimate":
            return "#" + effect_place(whole, effect)
        if converted(effect, part) and not source_of(dict(effect.inputs)[part], effect, self.points):
            return "#" + _steps_place(whole, effect)
        identifier = behind(part, effect, self.points, self.arms)
        return data_point_href(identifier) if identifier else ""

    def _whole(self, result: Synthesis) -> tuple[Synthesis, str]:
        """Return the synthesis that a subgroup belongs to, and the subgroup's label; a whole is its own."""
        for synthesis in self.content.syntheses:
            for label, part in synthesis.subgroups:
                if part is result:
                    return synthesis, label
        return result, ""

    def left_out(self, synthesis: Synthesis) -> tuple[tuple[LeftOut, str, tuple[Linked, ...]], ...]:
        """Return what a synthesis left out: the entry, the study's name, and links to its data points."""
        return tuple(
            (each, self.study_name(each.study), tuple(self.point_link(point) for point in each.data_points))
            for each in synthesis.left_out
        )

    def study_name(self, identifier: str) -> str:
        """Return how a study is called: first author and year, else its id."""
        study = self.studies.get(identifier)
        if study is None or not study.first_author:
            return identifier
        return f"{study.first_author} {study.year}" if study.year else study.first_author

    def remarks(self, study: Study) -> str:
        """Return what a reader of the table of studies must know besides its columns; empty when there is nothing."""
        parts = [
            f"Population: {study.population}." if study.population != "patients" else "",
            f"May share patients with other studies (cohort {study.cohort})." if study.cohort else "",
            study.note,
        ]
        return " ".join(part for part in parts if part)

    # Claims, cautions, data points.

    def claims(self) -> Iterator[ClaimRow]:
        """Yield the published claims with what was recomputed."""
        for each in self.content.claims:
            text, verdict = _recomputed(each)
            whole = next((found for found in self.content.syntheses if found.id == each.synthesis), None)
            part = (each.subgroup,) if whole and each.subgroup in dict(whole.subgroups) else ()
            yield ClaimRow(
                place=anchor("claim", each.claim.id),
                comparison=each,
                condition=self.condition_name(each.claim.condition),
                outcome=self.outcome_name(each.claim.outcome),
                review=self.cite(each.claim.review),
                recomputed=text,
                href="#" + anchor("result", each.synthesis, *part) if whole and each.result else "",
                verdict=verdict,
            )

    def cite(self, key: str) -> Linked:
        """Return a citation: ``[3]`` linked to the list, or a DOI, or the key as text."""
        reference = self.library.find(key)
        number = self.library.number(reference) if reference else None
        if number is not None:
            return Linked(f"[{number}]", f"#ref-{number}")
        return Linked(key, doi_url(key) or safe_url(key))

    def uncited(self) -> tuple[Reference, ...]:
        """Return the included references that nothing cites."""
        wanted = set(self.content.included)
        return tuple(
            each for each in self.content.references if each.id in wanted and self.library.number(each) is None
        )

    def cautions(self) -> tuple[CautionEntry, ...]:
        """Return all cautions of all results, by kind."""
        found: dict[str, dict[str, list[Linked]]] = {}
        for synthesis in self.content.syntheses:
            for answer in self.answers(synthesis):
                for caution in answer.cautions:
                    where = Linked(f"{self.title(synthesis)}: {answer.label}", f"#{answer.place}")
                    found.setdefault(caution.code, {}).setdefault(caution.text, []).append(where)
        return tuple(
            CautionEntry(anchor("caution", code), caution_name(code), tuple((t, tuple(w)) for t, w in texts.items()))
            for code, texts in found.items()
        )

    def entries(self) -> tuple[tuple[str, str, tuple[PointEntry, ...]], ...]:
        """Return (study id, study name, entries of its data points), in the order of the studies."""
        used: dict[str, list[Linked]] = {}
        for synthesis in self.content.syntheses:
            for effect in effects_of(synthesis):
                for identifier in effect.data_points:
                    used.setdefault(identifier, []).append(
                        Linked(self.title(synthesis), "#" + effect_place(synthesis, effect))
                    )
        groups: dict[str, list[PointEntry]] = {study: [] for study in self.studies}
        outcomes = {each.id: each for each in self.content.tables.outcomes}
        for point in self.content.tables.data_points:
            outcome = outcomes.get(point.outcome)
            words = [self.outcome_name(outcome.kind), outcome.definition] if outcome else [point.outcome]
            if outcome and outcome.weeks is not None:
                words.append(f"{numbers.plain(outcome.weeks)} weeks")
            groups.setdefault(point.study, []).append(
                PointEntry(
                    place=anchor("dp", point.id),
                    point=point,
                    arm=self.arms[point.arm].label if point.arm in self.arms else point.arm,
                    outcome=", ".join(word for word in words if word),
                    statistic=STATISTICS[point.statistic],
                    value=f"{numbers.plain(point.value)} {point.unit}".strip(),
                    level=LEVELS[point.evidence.level],
                    url=safe_url(point.evidence.address),
                    reference=self.cite(point.evidence.reference) if point.evidence.reference else Linked(""),
                    cell=_cell_of(point.evidence),
                    used=tuple(dict.fromkeys(used.get(point.id, []))),
                    steps=tuple(self._step(step, Linked("")) for step in point.steps),
                )
            )
        return tuple((study, self.study_name(study), tuple(found)) for study, found in groups.items() if found)


def views(content: ReportContent) -> Views:
    """Return the content with its indexes."""
    protocol = content.protocol
    return Views(
        content=content,
        library=library(content),
        studies={study.id: study for study in content.tables.studies},
        conditions={each.id: each.label for each in protocol.conditions},
        outcomes={each.id: each for each in protocol.outcomes},
        points={point.id: point for point in content.tables.data_points},
        arms={arm.id: arm for arm in content.tables.arms},
        plans={plan.id: plan for plan in protocol.plans},
    )


def _per(measure: MeasureName) -> str:
    """Return what a rate is per: a review takes all of them in person-years."""
    return " per person-year" if measure_family(measure).kind == "rate" or measure == "IRD" else ""


def exact_intervals(synthesis: Synthesis) -> str:
    """Return whose exact intervals the studies of a synthesis have; empty when they are approximate."""
    return {"proportion": "Clopper-Pearson", "rate": "Garwood"}.get(measure_family(synthesis.measure).kind, "")


_FACTOR = re.compile(r"\bfactor\((\w+)\)")
_PLAIN_TERM = re.compile(r"(\w+|factor\(\w+\)[^:]*)(:(\w+|factor\(\w+\)[^:]*))*")


def term_words(term: str) -> str:
    """Return a term of a meta-regression in words: ``factor(route)local`` is ``route: local``.

    Terms with other functions stand as they are written.
    """
    if term == "intrcpt":
        return "Intercept"
    if not _PLAIN_TERM.fullmatch(term):
        return term
    parts = (_FACTOR.sub(r"\1: ", part).removesuffix(": ") for part in term.split(":"))
    return " × ".join(part.replace("_", " ") for part in parts)


def caution_name(code: str) -> str:
    """Return the words that mark a caution: ``few-studies`` is ``few studies``."""
    return code.replace("-", " ").replace("tau2", "τ²")


def effect_place(synthesis: Synthesis, effect: EffectSize) -> str:
    """Return the id of an effect's row in the table of effects."""
    return anchor("effect", synthesis.id, *(effect.data_points[:1] or (effect.study or effect.label,)))


def _steps_place(synthesis: Synthesis, effect: EffectSize) -> str:
    """Return the id of the conversions behind an effect."""
    return anchor("steps", synthesis.id, *(effect.data_points[:1] or (effect.study or effect.label,)))


def _cell_of(evidence: Evidence) -> str:
    """Return the cell of the table that a value was loaded from, in words."""
    if not evidence.file:
        return ""
    parts = [evidence.file]
    if evidence.line:
        parts.append(f"line {evidence.line}")
    if evidence.column:
        parts.append(f"column {evidence.column}")
    return ", ".join(parts)


def _recomputed(each: ClaimComparison) -> tuple[str, str]:
    """Return what the included studies give for a claim, and how the claim stands to it."""
    result = each.result
    if result is None or result.k == 0:
        return "", ""
    people = numbers.people(result.effects)
    counts = [group[0] for group in map(numbers.group_events, result.effects) if group]
    base = f"{result.k} {'study' if result.k == 1 else 'studies'}"
    if counts and people is not None:
        base = f"{numbers.count(sum(counts))} of {numbers.count(people)} people, {base}"
    if each.claim.statistic == "events":
        if not counts:
            return base, ""
        gap = sum(counts) - each.claim.value
        verdict = (
            "The same count, among the studies seen"
            if gap == 0
            else f"{numbers.plain(abs(gap))} {'more' if gap > 0 else 'fewer'} than claimed, among the studies seen"
        )
        return base, verdict
    natural = result.natural
    if natural.estimate is None and len(result.effects) == 1:
        natural = result.effects[0].natural
    text = f"{numbers.estimate(natural, result.measure, people)} {numbers.unit(result.measure)}".strip()
    verdict = ""
    if natural.ci_low is not None and natural.ci_high is not None and numbers.family(result.measure) == "proportion":
        inside = natural.ci_low <= each.claim.value / 100 <= natural.ci_high
        verdict = f"The claimed figure lies {'inside' if inside else 'outside'} the interval of the included studies"
    return f"{text} ({base})", verdict
