"""Responses: what changed between two assessments, and which responder criteria are met.

A verdict is True, False or None; None means that it cannot be known from what was given, and the reason stands beside
it. Parts of a rule are weighed accordingly: one part that fails decides, one that is unknown leaves the rule open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from stromata.clinical.instruments.catalogue import (
    NEEDS_BASELINE,
    Instrument,
    ResponderCriterion,
    Threshold,
    instrument,
)
from stromata.clinical.instruments.scores import (
    TOTAL,
    Fault,
    Given,
    Score,
    Value,
    about_name,
    evaluate,
    raise_faults,
    resolve,
    take,
    tidy,
)
from stromata.model import Caution

Assessment = Score | Mapping[str, object] | float
"""A score, the components, or a bare total."""


class Verdict(NamedTuple):
    """Whether a criterion is met, None where that cannot be known, and why."""

    id: str
    met: bool | None
    why: str


@dataclass(frozen=True, slots=True)
class Response:
    """The change of one patient between two assessments.

    Attributes
    ----------
    baseline, followup : totals; None where there is none.
    change : baseline minus follow-up: positive where the score fell.
    percent_change : `change` in % of the baseline; None where the baseline is 0.
    improved : the total moved to the better; False also where it stayed the same.
    """

    instrument: str
    baseline: float | None
    followup: float | None
    change: float | None
    percent_change: float | None
    improved: bool | None
    criteria: tuple[Verdict, ...]
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class Visits:
    """What is known of two assessments: totals, and components by id."""

    baseline: float | None
    followup: float | None
    before: Mapping[str, Value]
    after: Mapping[str, Value]


def respond(instrument: Given, *, baseline: Assessment | None = None, followup: Assessment) -> Response:
    """Compare two assessments and judge every responder criterion of the instrument.

    Parameters
    ----------
    instrument : an instrument, or its id or alias.
    baseline, followup : a `Score`, the components, or the total as a bare number. States such as LLDAS, and scores
        that measure a change by themselves such as TIS, need no baseline.

    Raises
    ------
    NotFound
        No such instrument.
    InvalidInput
        Something given is unknown, out of range or not readable, or components of a total are missing. What a
        composite responder lacks is no error: its verdict is None.

    Examples
    --------
    >>> respond("PASI", baseline=22.3, followup=5.2).percent_change
    76.68161435
    """
    item = resolve(instrument)
    before, before_faults, first = _assess(item, baseline)
    after, after_faults, last = _assess(item, followup)
    for faults, visit in ((before_faults, " at baseline"), (after_faults, " at follow-up")):
        if faults:
            raise_faults(item, faults, where=visit)
    of_scores = [*(first.cautions if first else ()), *(last.cautions if last else ())]
    cautions = dict.fromkeys([*about_name(item, instrument), *of_scores])
    return judge(
        item,
        Visits(first.total if first else None, last.total if last else None, before, after),
        cautions=tuple(cautions),
    )


def _assess(item: Instrument, given: Assessment | None) -> tuple[Mapping[str, Value], tuple[Fault, ...], Score | None]:
    """Return the components, the faults, and the score if there is one."""
    if given is None:
        return {}, (), None
    if isinstance(given, Score):
        return dict(given.components) | dict(given.derived), (), given
    values = given if isinstance(given, Mapping) else {TOTAL: given}
    if item.computes == "response":
        read, _, faults = take(item, values)
        return read, faults, None
    found, faults = evaluate(item, values)
    return dict(found.components) | dict(found.derived), faults, found


def judge(item: Instrument, visits: Visits, *, cautions: tuple[Caution, ...] = ()) -> Response:
    """Return the response from what is known of two visits; nothing is checked again."""
    b, f = visits.baseline, visits.followup
    change = None if b is None or f is None else tidy(b - f)
    percent = None if change is None or not b else tidy(100 * change / b)
    gain = None if change is None else (-change if item.direction == "higher-is-better" else change)
    return Response(
        item.id,
        b,
        f,
        change,
        percent,
        None if gain is None else gain > 0,
        tuple(_verdict(one, visits, change, percent) for one in item.criteria),
        (*cautions, *_cautions(item, visits)),
    )


def _verdict(one: ResponderCriterion, visits: Visits, change: float | None, percent: float | None) -> Verdict:
    if one.kind == "unsourced":
        return Verdict(one.id, None, "the definition was not found in a source, so it is never evaluated")
    if one.kind == "composite":
        met, why = RULES[one.function](visits)
        return Verdict(one.id, met, why)
    parts = [_threshold(what, limit, visits, change, percent) for what, limit in one.thresholds]
    if one.any_of and change is not None and change < 0 and percent is None:
        # From 0 there is no percentage, but what rose did not fall by any: the other part alone decides.
        parts = [part for part in parts if part.met is not None]
    met, why = _any(parts) if one.any_of else _all(parts)
    return Verdict(one.id, met, why)


class Part(NamedTuple):
    """One part of a rule: whether it holds, and in words what was looked at."""

    met: bool | None
    text: str


def _threshold(what: Threshold, limit: float, visits: Visits, change: float | None, percent: float | None) -> Part:
    if what in NEEDS_BASELINE and visits.baseline is None:
        return Part(None, "there is no baseline score")
    if visits.followup is None or (what in NEEDS_BASELINE and change is None):
        return Part(None, "there is no follow-up score")
    if what == "percent_fall":
        if percent is None:
            return Part(None, "the baseline is 0, so there is no percentage")
        return _change(percent, lambda fall: fall >= limit, unit=" %")
    if what == "fall":
        return _change(change or 0.0, lambda fall: fall >= limit)
    if what == "rise":
        return _change(change or 0.0, lambda fall: -fall >= limit)
    if what == "followup_low":
        return _level(visits.followup, lambda total: total >= limit, "{} at follow-up")
    return _level(visits.followup, lambda total: total <= limit, "{} at follow-up")


Holds = Callable[[float], bool]


def _digits(value: float, holds: Holds) -> str:
    """Return a number with four digits, or with all of them where four would put it on the limit's other side."""
    short = f"{value:.4g}"
    return short if holds(float(short)) is holds(value) else f"{value:.12g}"


def _change(fall: float, holds: Holds, *, of: str = "", unit: str = "") -> Part:
    """Judge a fall, which is below 0 where the value rose."""
    shown = _digits(fall, holds)
    moved = "did not change" if fall == 0 else f"rose by {shown[1:]}{unit}" if fall < 0 else f"fell by {shown}{unit}"
    return Part(holds(fall), f"{of} {moved}".lstrip())


def _level(value: float, holds: Holds, text: str) -> Part:
    return Part(holds(value), text.format(_digits(value, holds)))


def _all(parts: list[Part]) -> tuple[bool | None, str]:
    """Return whether all parts hold; the words name what decided."""
    for wanted in (False, None):
        deciding = [part.text for part in parts if part.met is wanted]
        if deciding:
            return wanted, "; ".join(dict.fromkeys(deciding))
    return True, "; ".join(dict.fromkeys(part.text for part in parts))


def _any(parts: list[Part]) -> tuple[bool | None, str]:
    for wanted in (True, None):
        deciding = [part.text for part in parts if part.met is wanted]
        if deciding:
            return wanted, "; ".join(dict.fromkeys(deciding))
    return False, "; ".join(part.text for part in parts)


def _cautions(item: Instrument, visits: Visits) -> list[Caution]:
    found = []
    if item.id == "doris" and visits.after.get("prednisolone_mg") == 5:
        text = "Prednisolone is exactly 5 mg a day: the abstract of DORIS 2021 admits it, its table 2 does not."
        found.append(Caution("doris-5-mg", text))
    if item.id == "sri" and "medication_rules_met" not in visits.after:
        found.append(Caution("sri-medication", "The protocol's rules on medication were not given and not checked."))
    return found


# Rules of composite responders. Numbers and sources stand with the criteria in the data.

Rule = Callable[[Visits], tuple[bool | None, str]]


def _number(values: Mapping[str, Value], id_: str) -> float | None:
    value = values.get(id_)
    return value if isinstance(value, float) else None


def _flag(values: Mapping[str, Value], id_: str, *, wanted: bool, text: str) -> Part:
    value = values.get(id_)
    if not isinstance(value, bool):
        return Part(None, f"{id_} is not given")
    return Part(value is wanted, text if value is wanted else f"not so: {text}")


def _limit(values: Mapping[str, Value], id_: str, holds: Holds, text: str) -> Part:
    value = _number(values, id_)
    if value is None:
        return Part(None, f"{id_} is not given")
    return _level(value, holds, text + " is {}")


def _fall(visits: Visits, id_: str) -> tuple[float | None, str]:
    """Return the fall in % between the visits, or None and why."""
    before, after = _number(visits.before, id_), _number(visits.after, id_)
    if before is None or after is None:
        return None, f"{id_} is not given at {'baseline' if before is None else 'follow-up'}"
    if before == 0:
        return None, f"{id_} is 0 at baseline, so there is no percentage"
    return tidy(100 * (before - after) / before), ""


def _fell(visits: Visits, id_: str, holds: Holds, text: str) -> Part:
    fall, why = _fall(visits, id_)
    return Part(None, why) if fall is None else _change(fall, holds, of=text, unit=" %")


def _eular_good(visits: Visits) -> tuple[bool | None, str]:
    name = _eular(visits)
    return (
        (None, "a DAS28 is missing at one of the visits") if name is None else (name == "good", f"EULAR class {name}")
    )


def _eular_moderate(visits: Visits) -> tuple[bool | None, str]:
    name = _eular(visits)
    return (
        (None, "a DAS28 is missing at one of the visits")
        if name is None
        else (name == "moderate", f"EULAR class {name}")
    )


def _eular(visits: Visits) -> str | None:
    if visits.baseline is None or visits.followup is None:
        return None
    fall = tidy(visits.baseline - visits.followup)
    if fall > 1.2 and visits.followup <= 3.2:
        return "good"
    return "none" if fall <= 0.6 or (fall <= 1.2 and visits.followup > 5.1) else "moderate"


_ACR_OTHERS = ("patient_pain", "patient_global", "physician_global", "physical_function", "acute_phase_reactant")


def _acr(percent: float) -> Rule:
    def rule(visits: Visits) -> tuple[bool | None, str]:
        joints = [
            _fell(visits, id_, lambda fall: fall >= percent, id_)
            for id_ in ("tender_joint_count", "swollen_joint_count")
        ]
        others = [_fell(visits, id_, lambda fall: fall >= percent, id_) for id_ in _ACR_OTHERS]
        better = sum(part.met is True for part in others)
        open_ = [part.text for part in others if part.met is None]
        enough = True if better >= 3 else None if better + len(open_) >= 3 else False
        reason = f" ({'; '.join(open_)})" if enough is None else ""
        return _all([*joints, Part(enough, f"{better} of 5 others improved by {percent:g} %{reason}")])

    return rule


def _ra_boolean(visits: Visits) -> tuple[bool | None, str]:
    ids = ("tjc28", "sjc28", "ptga_cm", "crp_mg_dl")
    return _all([_limit(visits.after, id_, lambda value: value <= 1, id_) for id_ in ids])


def _bilag_stable(visits: Visits) -> tuple[bool | None, str]:
    systems = [id_ for id_ in visits.after if id_ in visits.before]
    if len(systems) < 9:
        return None, "the grades of all nine systems are needed at both visits"
    new_a = sum(visits.after[id_] == "A" and visits.before[id_] != "A" for id_ in systems)
    new_b = sum(visits.after[id_] == "B" and visits.before[id_] not in {"A", "B"} for id_ in systems)
    return new_a == 0 and new_b <= 1, f"{new_a} new A, {new_b} new B"


def _sri(points: float) -> Rule:
    def rule(visits: Visits) -> tuple[bool | None, str]:
        parts = [
            _difference(visits, "sledai", lambda fall: fall >= points, "SLEDAI"),
            _limit(visits.after, "new_a", lambda count: count == 0, "the number of new BILAG A"),
            _limit(visits.after, "new_b", lambda count: count <= 1, "the number of new BILAG B"),
            _difference(visits, "pga", lambda fall: fall > -0.3, "physician's global"),
        ]
        if visits.after.get("medication_rules_met") is False:
            parts.append(Part(met=False, text="the protocol's rules on medication were not kept"))
        return _all(parts)

    return rule


def _difference(visits: Visits, id_: str, holds: Holds, text: str) -> Part:
    before, after = _number(visits.before, id_), _number(visits.after, id_)
    if before is None or after is None:
        return Part(None, f"{id_} is not given at {'baseline' if before is None else 'follow-up'}")
    fall = tidy(before - after)
    return _change(fall, holds, of=text)


_LLDAS_EXCLUDED = frozenset(
    {
        *("urinary_casts", "haematuria", "proteinuria", "pyuria"),
        *("seizure", "psychosis", "organic_brain_syndrome", "visual_disturbance", "cranial_nerve_disorder"),
        *("lupus_headache", "cerebrovascular_accident", "pleurisy", "pericarditis", "vasculitis", "fever"),
    }
)
"""SLEDAI-2K items of kidney, nervous system, heart and lung; vasculitis; fever."""


def _lldas(visits: Visits) -> tuple[bool | None, str]:
    values = visits.after
    items = values.get("active_items")
    active = sorted(_LLDAS_EXCLUDED & set(items)) if isinstance(items, tuple) else []
    organs = (
        Part(None, "active_items is not given")
        if not isinstance(items, tuple)
        else Part(not active, f"active: {', '.join(active)}" if active else "no major organ active")
    )
    total = _limit(values, "sledai_2k", lambda value: value <= 4, "SLEDAI-2K")
    contradiction = _items_against_total(values)
    return _all(
        [
            *([contradiction] if contradiction else [total, organs]),
            _flag(values, "haemolytic_anaemia", wanted=False, text="no haemolytic anaemia"),
            _flag(values, "gastrointestinal_activity", wanted=False, text="no gastrointestinal activity"),
            _flag(values, "new_features", wanted=False, text="nothing new"),
            _limit(values, "pga", lambda value: value <= 1, "physician's global"),
            _limit(values, "prednisolone_mg", lambda value: value <= 7.5, "prednisolone in mg/day"),
            _flag(values, "maintenance_ok", wanted=True, text="standard maintenance tolerated"),
        ]
    )


def _items_against_total(values: Mapping[str, Value]) -> Part | None:
    """Return a part that leaves the rule open where the items do not make the total: one of the two is wrong."""
    items, total = values.get("active_items"), _number(values, "sledai_2k")
    if not isinstance(items, tuple) or total is None:
        return None
    sledai = instrument("sledai-2k")
    makes = sum(sledai.component(id_).weight or 0.0 for id_ in items)
    if makes == total:
        return None
    return Part(None, f"the items make {makes:g}, the SLEDAI-2K given is {total:g}")


def _doris(visits: Visits) -> tuple[bool | None, str]:
    values = visits.after
    return _all(
        [
            _limit(values, "clinical_sledai", lambda value: value == 0, "clinical SLEDAI"),
            _limit(values, "pga", lambda value: value < 0.5, "physician's global"),
            _limit(values, "prednisolone_mg", lambda value: value <= 5, "prednisolone in mg/day"),
            _flag(values, "treatment_stable", wanted=True, text="treatment stable"),
        ]
    )


def _upcr(visits: Visits, holds: Holds) -> Part:
    return _limit(visits.after, "upcr_g_g", holds, "UPCR in g/g")


def _kidney_2024(visits: Visits) -> Part:
    """Return whether filtration held; the limit is printed as a range, so between 10 and 15 % it stays open."""
    fall, why = _fall(visits, "egfr")
    if fall is None:
        return Part(None, why)
    if 10 < fall <= 15:
        shown = _digits(fall, lambda value: 10 < value <= 15)
        return Part(None, f"filtration fell by {shown} %: the limit is printed as 10 to 15 %")
    return _change(fall, lambda value: value <= 10, of="filtration", unit=" %")


def _partial(partial: Rule, *, complete: Rule) -> Rule:
    """Return the rule of a partial response, which a complete one of the same guideline excludes."""

    def rule(visits: Visits) -> tuple[bool | None, str]:
        met, why = partial(visits)
        if met is False:
            return met, why
        whole, reason = complete(visits)
        if whole:
            return False, f"the response is complete: {reason}"
        if whole is None and met:
            return None, f"whether the response is complete is open: {reason}"
        return met, why

    return rule


def _ln_complete_kdigo_2024(visits: Visits) -> tuple[bool | None, str]:
    return _all([_upcr(visits, lambda value: value < 0.5), _kidney_2024(visits)])


def _ln_partial_kdigo_2024(visits: Visits) -> tuple[bool | None, str]:
    halved = _fell(visits, "upcr_g_g", lambda fall: fall >= 50, "UPCR")
    return _all([halved, _upcr(visits, lambda value: value < 3), _kidney_2024(visits)])


def _ln_complete_kdigo_2012(visits: Visits) -> tuple[bool | None, str]:
    back = _flag(visits.after, "creatinine_at_previous_baseline", wanted=True, text="creatinine is back")
    return _all([_upcr(visits, lambda value: value <= 0.5), back])


def _ln_partial_kdigo_2012(visits: Visits) -> tuple[bool | None, str]:
    before = _number(visits.before, "upcr_g_g")
    parts = [_fell(visits, "upcr_g_g", lambda fall: fall > 50, "UPCR"), _creatinine_2012(visits)]
    if before is not None and before >= 3:
        parts.append(_upcr(visits, lambda value: value < 3))
    return _all(parts)


def _creatinine_2012(visits: Visits) -> Part:
    """Return whether creatinine is within 25 % or better; “not normal” is read as limiting the improvement only."""
    fall, why = _fall(visits, "creatinine")
    if fall is None:
        return Part(None, why)
    within = _change(fall, lambda value: value >= -25, of="creatinine", unit=" %")
    text = within.text
    if fall <= 25:
        return within
    normal = visits.after.get("creatinine_normal")
    if normal is False:
        return Part(met=True, text=text)
    reason = "the rule says “not normal” and creatinine is" if normal else "whether it is normal is not given"
    return Part(None, f"{text}; {reason}")


def _filtration_up(visits: Visits, percent: float) -> Part:
    return _fell(visits, "egfr", lambda fall: -fall >= percent, "filtration")


def _sediment(visits: Visits) -> Part:
    return _flag(visits.after, "sediment_inactive", wanted=True, text="sediment inactive")


def _ln_complete_acr(visits: Visits) -> tuple[bool | None, str]:
    normal = _flag(visits.after, "creatinine_normal", wanted=True, text="creatinine normal")
    if visits.before.get("creatinine_normal") is False:
        met, text = _any([normal, _filtration_up(visits, 25)])
        normal = Part(met, text)
    return _all([_upcr(visits, lambda value: value < 0.2), normal, _sediment(visits)])


def _ln_partial_acr(visits: Visits) -> tuple[bool | None, str]:
    kept = _kept(visits)
    if visits.before.get("creatinine_normal") is False:
        met, text = _any([kept, _filtration_up(visits, 25)])
        kept = Part(met, text)
    return _all([_upcr(visits, lambda value: 0.2 <= value <= 2), kept, _sediment(visits)])


def _kept(visits: Visits) -> Part:
    """Return whether filtration is at its baseline level; how far below still counts is not printed."""
    before, after = _number(visits.before, "egfr"), _number(visits.after, "egfr")
    if before is not None and after is not None and after >= before:
        return Part(met=True, text="filtration did not fall")
    stable = visits.after.get("egfr_stable")
    if isinstance(stable, bool):
        return Part(stable, "filtration judged stable" if stable else "filtration judged not stable")
    return Part(None, "no tolerance is printed for a filtration below baseline; give egfr_stable")


def _ln_complete_eular_2012(visits: Visits) -> tuple[bool | None, str]:
    previous, after = _number(visits.after, "egfr_previous"), _number(visits.after, "egfr")
    if previous is None or after is None:
        near = Part(None, f"{'egfr' if after is None else 'egfr_previous'} is not given")
    else:
        near = Part(after >= tidy(0.9 * previous), f"filtration {after:g}, before the nephritis {previous:g}")
    return _all([_upcr(visits, lambda value: value < 0.5), near])


def _ln_partial_eular_2012(visits: Visits) -> tuple[bool | None, str]:
    after = _number(visits.after, "upcr_g_g")
    subnephrotic = _upcr(visits, lambda value: value < 3)
    if after is not None and 3 <= after <= 3.5:
        subnephrotic = Part(None, f"UPCR is {after:g} g/g and the limit of nephrotic is not printed")
    halved = _fell(visits, "upcr_g_g", lambda fall: fall >= 50, "UPCR")
    return _all([halved, subnephrotic, _fell(visits, "egfr", lambda fall: fall <= 10, "filtration")])


def _ln_complete_trial_2015(visits: Visits) -> tuple[bool | None, str]:
    before = _number(visits.before, "egfr")
    if before is None or before == 60:
        kidney = Part(None, "egfr at baseline is not given" if before is None else "the rule leaves out exactly 60")
    else:
        kidney = _kept(visits) if before > 60 else _filtration_up(visits, 50)
    low = _limit(visits.after, "proteinuria_g_day", lambda value: value < 0.3, "proteinuria in g/day")
    reduced = _flag(visits.after, "glucocorticoid_reduced", wanted=True, text="glucocorticoid reduced")
    return _all([low, kidney, reduced])


RULES: dict[str, Rule] = {
    "eular-good": _eular_good,
    "eular-moderate": _eular_moderate,
    "acr-20": _acr(20),
    "acr-50": _acr(50),
    "acr-70": _acr(70),
    "ra-boolean": _ra_boolean,
    "bilag-stable": _bilag_stable,
    "sri-4": _sri(4),
    "sri-5": _sri(5),
    "lldas": _lldas,
    "doris": _doris,
    "ln-complete-kdigo-2024": _ln_complete_kdigo_2024,
    "ln-partial-kdigo-2024": _partial(_ln_partial_kdigo_2024, complete=_ln_complete_kdigo_2024),
    "ln-complete-kdigo-2012": _ln_complete_kdigo_2012,
    "ln-partial-kdigo-2012": _partial(_ln_partial_kdigo_2012, complete=_ln_complete_kdigo_2012),
    "ln-complete-acr": _ln_complete_acr,
    "ln-partial-acr": _ln_partial_acr,
    "ln-complete-eular-2012": _ln_complete_eular_2012,
    "ln-partial-eular-2012": _partial(_ln_partial_eular_2012, complete=_ln_complete_eular_2012),
    "ln-complete-trial-2015": _ln_complete_trial_2015,
}
"""Rules by the name that the data give them."""
