"""An extracted study held against reporting items: what its report is known to state, and what was never looked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from stromata.clinical import instruments
from stromata.clinical.doses import parse_dose
from stromata.clinical.quantities import fold
from stromata.model.standards import CheckReport, PracticeRecord, RecordEntry, Standard
from stromata.model.studies import Arm, CellProduct, DataPoint, Outcome, Statistic, Study
from stromata.standards.fields import canonical, find, key, take
from stromata.standards.judge import check

_PATIENTS = "patients"
"""The population of a study in people who have its condition."""

_SPECIES = re.compile(r"\b(human|porcine|bovine|ovine|equine|canine|feline|murine|mouse|rat|rabbit)s?\b", re.IGNORECASE)
"""Species as the tissue of a product may name them."""

_PRODUCT_CLASSES = {"svf": "svf", "msc": "msc", "ev": "ev"}

Harm = Literal[
    "fever_events",
    "acute_infusion_events",
    "infection_events",
    "thromboembolic_events",
    "malignancy_events",
    "deaths",
]

HARM_KINDS: Mapping[str, Harm] = {
    "fever": "fever_events",
    "infusion-reaction": "acute_infusion_events",
    "infection": "infection_events",
    "thromboembolism": "thromboembolic_events",
    "thrombosis": "thromboembolic_events",
    "malignancy": "malignancy_events",
    "death": "deaths",
}
"""Ids that a protocol may give to an outcome, and the reporting field that each answers."""

_HARMS = frozenset({*HARM_KINDS, "any-ae", "serious-ae", "moderate-severe-ae", "treatment-related-ae", "other-ae"})
_EFFECTS = frozenset({"mean", "change-mean", "events", "median"})

LOOKED_FOR: frozenset[str] = frozenset(
    {
        *("condition", "design", "registration", "donor_type", "tissue_source", "product_class"),
        *("product_state", "passage_number", "route", "delivery_site", "delivery_mode", "infusion_count"),
        *("infusion_interval_days", "dose_cells_per_kg", "dose_cells_total", "dose_as_stated", "dose_schedule"),
        *("msc_provenance", "intervention_name", "trial_design", "outcomes_defined", "numbers_analysed"),
        *("safety_followup_months", "efficacy_horizon_weeks", "harms", "harms_per_group", "pasi75_rate"),
        *("pasi_baseline_and_followup", "easi", "mrss", "lldas_and_doris", "effect_estimates"),
        "effect_estimates_with_precision",
    }
)
"""The reporting fields that the extraction of a study holds, where its report states them; named harms come on top."""

_IN_WORDS: Mapping[Harm, re.Pattern[str]] = {
    "fever_events": re.compile(r"\bfever|pyrexia|发热|发烧", re.IGNORECASE),
    "thromboembolic_events": re.compile(r"thrombo(?:sis|tic|embol)|embolism|血栓", re.IGNORECASE),
}
"""Harms that a protocol seldom names by themselves, and how an outcome is recognised as one of them."""

NOT_LOOKED_FOR = "The extraction does not hold this, so it was not looked for: the report may state it."
_SILENT = "It was looked for; nothing was extracted."
_SOME_ARMS = "It was looked for; of some groups alone was extracted: {}."
_NO_EFFECT = "It was looked for; what was extracted ({}) gives no effect with its precision."


def check_study(
    study: Study,
    arms: Iterable[Arm],
    standard: Standard,
    *,
    outcomes: Iterable[Outcome] = (),
    data_points: Iterable[DataPoint] = (),
    answers: Mapping[str, str] | None = None,
    outcome_kinds: Iterable[str] = (),
    record: PracticeRecord | None = None,
) -> CheckReport:
    """Hold what was extracted from a study against the reporting items of a standard.

    Parameters
    ----------
    study, arms, outcomes, data_points : as extracted; those of other studies are left aside.
    answers : what a form of the review asked beside, by the standard's field; empty = asked, and not reported.
    outcome_kinds : ids of the protocol's outcomes: harms among them were looked for.
    record : what `study_record` gives for the same, where it is known: it does not depend on the standard.

    Returns
    -------
    A report in which an item without a value is "not reported". Its note tells whether it was looked for.
    """
    arms, outcomes, data_points = tuple(arms), tuple(outcomes), tuple(data_points)
    if record is None:
        record = study_record(study, arms, outcomes=outcomes, data_points=data_points, answers=answers)
    found_in_part = _in_part(_results(study, arms, outcomes, data_points))
    wanted = _asked(standard)
    record = replace(record, entries=tuple(entry for entry in record.entries if entry.field in wanted))
    found = check(record, standard, subject=("study-report",))
    asked = {
        *LOOKED_FOR,
        *map(canonical, answers or {}),
        *(HARM_KINDS[kind] for kind in outcome_kinds if kind in HARM_KINDS),
    }
    results = []
    for one in found.results:
        if one.subject != "study-report":
            continue
        if one.status == "not-reported" and one.value is None and not _stated(record, one.field):
            searched = found_in_part.get(canonical(one.field), _SILENT)
            searched = searched if canonical(one.field) in asked else NOT_LOOKED_FOR
            results.append(
                replace(one, note=searched if one.criterion_status == "sourced" else f"{one.note} {searched}")
            )
        else:
            results.append(one)
    return replace(found, results=tuple(results))


def item_groups(standard: Standard) -> tuple[tuple[tuple[str, str], ...], dict[str, str]]:
    """Return the groups of a standard's reporting items.

    A guideline such as DOSES is one group under its own name. A standard that spreads its items over several stages of
    practice has a group for each stage.

    Returns
    -------
    groups : (id, label), in the order of the standard.
    member : the group of each item, by the criterion's id.
    """
    items = [one for one in standard.criteria if one.subject == "study-report"]
    stages = dict.fromkeys(one.stage for one in items)
    if len(stages) > 1:
        labels = tuple(
            (stage, stage[:1].upper() + stage[1:].replace("-", " ").replace("follow up", "follow-up"))
            for stage in stages
        )
        return labels, {one.id: one.stage for one in items}
    label = standard.title.partition(":")[0].strip() or standard.id
    return (((standard.id, label),) if items else ()), {one.id: standard.id for one in items}


def _asked(standard: Standard) -> frozenset[str]:
    """Return every field that a standard looks at."""
    names = {name for one in standard.criteria for name in (one.field, *one.or_fields)}
    guards = {guard.field for one in standard.criteria for guard in one.applies_when}
    return frozenset(map(canonical, names | guards))


def _stated(record: PracticeRecord, field: str) -> bool:
    return any(entry.field == canonical(field) for entry in record.entries)


def study_record(
    study: Study,
    arms: Iterable[Arm],
    *,
    outcomes: Iterable[Outcome] = (),
    data_points: Iterable[DataPoint] = (),
    answers: Mapping[str, str] | None = None,
) -> PracticeRecord:
    """Return what the extraction of a study says about its report, under the names of the reporting fields."""
    given = [arm for arm in arms if arm.study == study.id]
    values: dict[str, object] = {
        "condition": study.condition if _in_patients(study) else study.population,
        "design": study.design,
        "trial_design": "" if study.design == "other" else study.design,
        "registration": "; ".join(study.registry_ids),
        "safety_followup_months": study.followup_months,
        **_about_products(given),
        **_about_outcomes(_results(study, given, outcomes, data_points)),
    }
    for name, answer in (answers or {}).items():  # an empty one says that it was asked for; it takes nothing away
        if answer.strip() or canonical(name) not in values:
            values[canonical(name)] = answer
    entries = [entry for name, value in values.items() if (entry := _entry(name, value)) is not None]
    return PracticeRecord(("study-report",), tuple(entries), id=study.id)


def _in_patients(study: Study) -> bool:
    """Tell whether people with the study's condition took part, and no others."""
    return study.population.strip().lower() == _PATIENTS


def _entry(name: str, value: object) -> RecordEntry | None:
    """Return a value as an entry; what cannot be compared still shows that the report states something."""
    field = find(name)
    if field is None:
        text = str(value or "").strip()
        return RecordEntry(key(name), text, text=text) if text else None
    entry, problems = take(field, value)
    if entry is not None and problems:
        return replace(entry, value=True, note=f"Extracted as {entry.text!r}, which is not one value.")
    return entry


def _about_products(arms: Sequence[Arm]) -> dict[str, object]:
    cells = [arm for arm in arms if arm.role == "intervention" and arm.product is not None]
    products = [arm.product for arm in cells if arm.product is not None]
    doses = [_dose(one) for one in products]
    return {
        "intervention_name": "; ".join(dict.fromkeys(arm.label for arm in cells)),
        "product_class": _several(_PRODUCT_CLASSES.get(one.product_class, one.product_class) for one in products),
        "donor_type": _several(one.donor for one in products),
        "tissue_source": _several(one.tissue for one in products),
        "species": _several(word.lower() for one in products for word in _SPECIES.findall(one.tissue)),
        "msc_provenance": _several(one.tissue for one in products if one.donor),
        "product_state": _several(one.preservation for one in products),
        "passage_number": _several(one.passage for one in products),
        "route": _several(one.route for one in products),
        "delivery_site": _several(one.route for one in products),
        "delivery_mode": _several(one.route for one in products),
        "dose_as_stated": _several(one.dose for one in products),
        "dose_schedule": _several(f"{one.dose}, {one.schedule}" for one in products if one.dose and one.schedule),
        "dose_cells_per_kg": _single(one.get("per_kg") for one in doses),
        "dose_cells_total": _single(one.get("cells") for one in doses),
        "infusion_count": _single(one.get("count") for one in doses),
        "infusion_interval_days": _single(one.get("interval") for one in doses),
    }


def _dose(product: CellProduct) -> dict[str, float]:
    """Return the single numbers that a dose and its schedule state; a range has none."""
    if not (product.dose or product.schedule):
        return {}
    dose = parse_dose(product.dose or product.schedule, schedule=product.schedule, route="")
    found: dict[str, float] = {}
    if dose.cells_per_kg is not None and dose.cells_per_kg_high is None:
        found["per_kg"] = dose.cells_per_kg
    if dose.administrations is not None and dose.administrations_high is None:
        found["count"] = float(dose.administrations)
    if dose.interval_days is not None and dose.interval_days_high is None:
        found["interval"] = dose.interval_days
    each = dose.per_administration
    if each is not None and each.unit == "cells" and each.high is None:
        found["cells"] = each.value
    return found


def _several(values: Iterable[str]) -> str | list[str]:
    found = list(dict.fromkeys(value for value in values if value))
    return found[0] if len(found) == 1 else found


def _single(values: Iterable[float | None]) -> float | None:
    """Return the one number that all arms share; None where they differ or one does not state it."""
    found = list(values)
    return found[0] if found and None not in found and len(set(found)) == 1 else None


@dataclass(frozen=True, slots=True)
class _Results:
    """What was measured in a study.

    Attributes
    ----------
    arms : of the study, without parts of arms. `in_arm` : (outcome, arm) to the values by statistic.
    """

    arms: tuple[Arm, ...]
    outcomes: tuple[Outcome, ...]
    in_arm: Mapping[tuple[str, str], Mapping[Statistic, float]]

    def of(self, outcome: Outcome) -> list[tuple[Arm, Mapping[Statistic, float]]]:
        """Return the values of an outcome in each arm that has any."""
        found = ((arm, self.in_arm.get((outcome.id, arm.id))) for arm in self.arms)
        return [(arm, values) for arm, values in found if values]

    def statistics(self, outcome: Outcome) -> set[Statistic]:
        """Return which statistics of an outcome were extracted, of whatever group."""
        return {name for (id_, _), values in self.in_arm.items() if id_ == outcome.id for name in values}


def _results(study: Study, arms: Iterable[Arm], outcomes: Iterable[Outcome], points: Iterable[DataPoint]) -> _Results:
    in_arm: dict[tuple[str, str], dict[Statistic, float]] = {}
    for point in points:
        if point.study == study.id:
            in_arm.setdefault((point.outcome, point.arm), {})[point.statistic] = point.value
    whole = tuple(arm for arm in arms if arm.study == study.id and arm.role != "subgroup")
    return _Results(whole, tuple(one for one in outcomes if one.study == study.id), in_arm)


def _about_outcomes(results: _Results) -> dict[str, object]:
    by_outcome = {one.id: found for one in results.outcomes if (found := results.statistics(one))}
    with_data = [one for one in results.outcomes if one.id in by_outcome]
    named = {name: [one for one in with_data if _is(one, name)] for name in ("pasi", "easi", "mrss", "lldas", "doris")}
    both = any({"baseline-mean"} & by_outcome[one.id] and _EFFECTS & by_outcome[one.id] for one in named["pasi"])
    visits = {one.weeks for one in named["pasi"] if _EFFECTS & by_outcome[one.id]}
    both = both or (0 in visits and any(weeks for weeks in visits))
    changed = any({"change-mean"} & by_outcome[one.id] for one in named["pasi"])
    harms = [one for one in with_data if one.kind in _HARMS]
    per_group = _list(_of_every_arm(results, harms))
    precise = _list(one for one in with_data if _has_effect(results, one))
    benefits = [one.weeks for one in with_data if one.kind not in _HARMS and one.weeks is not None]
    return {
        **{field: True for one in harms for field in _harm(one)},
        "harms": per_group,
        "harms_per_group": per_group,
        "outcomes_defined": _list(one for one in results.outcomes if one.definition or one.instrument or one.criterion),
        "numbers_analysed": "yes" if any("total" in found for found in by_outcome.values()) else "",
        "efficacy_horizon_weeks": max(benefits, default=None),
        "pasi_baseline_and_followup": "yes" if both or changed else "",
        "pasi75_rate": "yes" if any(key(one.criterion) == "pasi75" for one in with_data) else "",
        "easi": _list(named["easi"]),
        "mrss": _list(named["mrss"]),
        "lldas_and_doris": "yes" if named["lldas"] and named["doris"] else "",
        "effect_estimates": precise,
        "effect_estimates_with_precision": precise,
    }


def _of_every_arm(results: _Results, outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return the outcomes of which every arm of the study has data."""
    return [one for one in outcomes if results.arms and len(results.of(one)) == len(results.arms)]


def _has_effect(results: _Results, outcome: Outcome) -> bool:
    """Tell whether an effect with its precision was extracted, or the numbers that give it.

    That is a share with its counts, a change with its spread, or the means of two arms with their spreads, which give a
    difference. The mean of one arm at a visit is no effect, and nothing at baseline is one.
    """
    if outcome.weeks == 0:
        return False
    values = results.of(outcome)
    if any("total" in each and {"events", "percent"} & each.keys() for _, each in values):
        return True
    if any("change-mean" in each and _spread(each, "change-") for _, each in values):
        return True
    return sum("mean" in each and _spread(each, "") and _counted(arm, each) for arm, each in values) > 1


def _spread(values: Mapping[Statistic, float], which: Literal["", "change-"]) -> bool:
    """Tell whether the spread of a mean, or of a mean change, was extracted."""
    return bool({f"{which}sd", f"{which}se"} & values.keys()) or {f"{which}ci-low", f"{which}ci-high"} <= values.keys()


def _counted(arm: Arm, values: Mapping[Statistic, float]) -> bool:
    """Tell whether it is known how many people stand behind a mean: a standard deviation alone gives no precision."""
    return "total" in values or arm.n is not None or "sd" not in values


def _in_part(results: _Results) -> dict[str, str]:
    """Say of items that were not met what was extracted all the same, by field."""
    found: dict[str, str] = {}
    with_data = [one for one in results.outcomes if results.statistics(one)]
    harms = _list(one for one in with_data if one.kind in _HARMS)
    if harms:
        found |= dict.fromkeys(("harms", "harms_per_group"), _SOME_ARMS.format(harms))
    others = _list(with_data)
    if others:
        found |= dict.fromkeys(("effect_estimates", "effect_estimates_with_precision"), _NO_EFFECT.format(others))
    return found


def _harm(outcome: Outcome) -> Iterable[Harm]:
    """Name the harms that an outcome counts: by its kind, or by the words of its definition."""
    kind = [HARM_KINDS[outcome.kind]] if outcome.kind in HARM_KINDS else []
    text = f"{outcome.id.replace('-', ' ')} {outcome.definition}"
    return [*kind, *(field for field, words in _IN_WORDS.items() if words.search(text))]


def _is(outcome: Outcome, name: str) -> bool:
    return bool({_letters(outcome.instrument), _letters(outcome.criterion)} & _names(name))


@cache
def _names(name: str) -> frozenset[str]:
    """Return every way to write the name of an instrument, without what is no letter or digit."""
    found = instruments.instrument(name)
    return frozenset(map(_letters, (found.id, found.name, *found.aliases)))


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", fold(text).lower())


def _list(outcomes: Iterable[Outcome]) -> str:
    return "; ".join(dict.fromkeys(one.id for one in outcomes))
