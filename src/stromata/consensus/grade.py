"""GRADE: where certainty starts, what the numbers suggest for each domain, and what a person decides.

A program proposes and never decides: a proposal carries its numbers and a sentence, and becomes a judgement only when a
named person confirms or changes it with a reason. GRADE leaves the limits to judgement. Those in `GradeLimits` are a
starting point of this project, unless its documentation names a source.

References
----------
Guyatt GH, et al. GRADE guidelines 6 (imprecision). J Clin Epidemiol 2011;64:1283-93.
Guyatt GH, et al. GRADE guidelines 9 (rating up). 10.1016/j.jclinepi.2011.06.004
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import get_args

from stromata.errors import InvalidInput
from stromata.model import Appraisal, Caution, Design, Synthesis
from stromata.model.consensus import (
    CERTAINTIES,
    Certainty,
    CertaintyJudgement,
    DomainJudgement,
    DomainLevel,
    LowerDomain,
    RaiseFactor,
)

LOWER: tuple[LowerDomain, ...] = get_args(LowerDomain)
RAISE: tuple[RaiseFactor, ...] = get_args(RaiseFactor)
STEPS: dict[DomainLevel, int] = {
    "not-serious": 0,
    "serious": -1,
    "very-serious": -2,
    "none": 0,
    "raised": 1,
    "raised-twice": 2,
}

HIGH_RISK = frozenset({"high", "serious", "critical", "exclude"})
"""Levels of the appraisal tools (RoB 2, ROBINS-I, SYRCLE, JBI) that count as a high risk of bias."""

SOME_RISK = frozenset({"some-concerns", "moderate", "unclear", "no-information", "seek-information"})
"""Levels that are neither low nor high."""

SYMBOLS: dict[Certainty, str] = {"high": "⊕⊕⊕⊕", "moderate": "⊕⊕⊕◯", "low": "⊕⊕◯◯", "very-low": "⊕◯◯◯"}

_RATIOS = frozenset({"OR", "RR"})
_NULL = {"OR": 1.0, "RR": 1.0, "RD": 0.0, "MD": 0.0, "SMD": 0.0}


@dataclass(frozen=True, slots=True)
class GradeLimits:
    """The limits at which a proposal changes; shares in percent of the pooled weight.

    Attributes
    ----------
    high_serious, high_very : share from studies at high risk of bias. Choices of this project.
    some_serious : share at some or high risk together. A choice of this project.
    i2, q_p : I2 from here on with p below this is inconsistency, where the prediction interval gives no verdict.
        Choices of this project.
    indirect_serious, indirect_very : share from studies marked as indirect. Choices of this project.
    asymmetry_p : p of a test for asymmetry below which publication bias is proposed. A choice of this project.
    asymmetry_k : fewest studies for such a test (Cochrane Handbook, chapter 13).
    appreciable : relative effects that matter, one below and one above 1 (GRADE guidelines 6, "as a rough guide").
    alpha, power : of the trial that the optimal information size is for. Conventions of trial design.
    """

    high_serious: float = 25.0
    high_very: float = 75.0
    some_serious: float = 50.0
    i2: float = 50.0
    q_p: float = 0.10
    indirect_serious: float = 25.0
    indirect_very: float = 75.0
    asymmetry_p: float = 0.10
    asymmetry_k: int = 10
    appreciable: tuple[float, float] = (0.75, 1.25)
    alpha: float = 0.05
    power: float = 0.80


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the numbers suggest for one domain.

    Attributes
    ----------
    level : None when the numbers say nothing; a person has to judge without them.
    numbers : what it rests on, by name.
    reason : a sentence that can stand as a footnote.
    """

    domain: LowerDomain | RaiseFactor
    level: DomainLevel | None
    numbers: tuple[tuple[str, float], ...]
    reason: str


# -- start ---------------------------------------------------------------------------------------------------------

_HIGH_DESIGNS = frozenset({"rct"})
_PEOPLE = frozenset(
    {"rct", "nonrandomised-controlled", "single-arm", "cohort", "case-series", "case-report", "cross-sectional"}
)


def start_level(designs: Iterable[Design], *, confounding_judged: bool = False) -> tuple[Certainty, str]:
    """Return the level at which certainty starts, and why in a sentence.

    Parameters
    ----------
    designs : of the studies in the synthesis. One that is not randomised makes the start low.
    confounding_judged : risk of bias was judged with ROBINS-I, which weighs confounding itself; studies with a
        comparison group then start high. (GRADE allows it; no source for the wording could be read.)

    Raises
    ------
    InvalidInput
        No designs, or one that is no study in people.
    """
    found = list(dict.fromkeys(designs))
    wrong = [design for design in found if design not in _PEOPLE]
    if wrong or not found:
        raise InvalidInput(
            f"certainty cannot start from {', '.join(wrong) or 'no study'}; studies in people are rated",
            hint="Rate studies in animals apart, as indirect evidence.",
        )
    others = [design for design in found if design not in _HIGH_DESIGNS]
    if not others:
        return "high", "All studies are randomised trials."
    listed = ", ".join(others)
    if confounding_judged and not set(others) & {"single-arm", "case-series", "case-report", "cross-sectional"}:
        return "high", f"Confounding in studies without randomisation ({listed}) was judged with ROBINS-I."
    return "low", f"Not all studies are randomised trials: {listed}."


# -- proposals -----------------------------------------------------------------------------------------------------


def overall_levels(appraisals: Iterable[Appraisal]) -> dict[str, str]:
    """Return each study's overall level of risk of bias: id of the study to the level of the appraisal.

    Of several appraisals of a study the one with most risk counts; a study without an overall level is left out.
    """
    found: dict[str, str] = {}
    for appraisal in appraisals:
        for judgement in appraisal.judgements:
            if judgement.domain == "overall" and judgement.level:
                before = found.get(appraisal.study)
                if before is None or _risk(judgement.level) > _risk(before):
                    found[appraisal.study] = judgement.level
    return found


def _risk(level: str) -> int:
    return 2 if level in HIGH_RISK else 1 if level in SOME_RISK else 0


def _weights(result: Synthesis) -> tuple[dict[str, float], str]:
    """Return each study's share in percent, and of what: of the weight, or else of the participants."""
    shares: dict[str, float] = {}
    weighted = bool(result.effects) and all(effect.weight is not None for effect in result.effects)
    for effect in result.effects:
        value = effect.weight if weighted and effect.weight is not None else participants_of(dict(effect.inputs))
        shares[effect.study or effect.label] = shares.get(effect.study or effect.label, 0.0) + value
    total = sum(shares.values())
    unit = "of the pooled weight" if weighted else "of the participants"
    return ({study: 100 * value / total for study, value in shares.items()} if total else {}), unit


def participants_of(inputs: Mapping[str, float]) -> float:
    """Return the number of people behind one effect, from the columns it was computed from; 0 when none tells."""
    if "ni" in inputs:
        return inputs["ni"]
    if "n1i" in inputs and "n2i" in inputs:
        return inputs["n1i"] + inputs["n2i"]
    cells = [inputs[name] for name in ("ai", "bi", "ci", "di") if name in inputs]
    return sum(cells) if len(cells) == 4 else 0.0


def propose_risk_of_bias(
    result: Synthesis, levels: Mapping[str, str], *, limits: GradeLimits = GradeLimits()
) -> Proposal:
    """Propose a level from the share of the pooled weight that comes from studies at high risk of bias.

    Parameters
    ----------
    levels : study to overall level, as `overall_levels` gives it.

    Notes
    -----
    Evidence that starts low was lowered for the lack of randomisation already. Whoever confirms the level makes sure
    that confounding does not count twice.
    """
    shares, unit = _weights(result)
    high = sum(share for study, share in shares.items() if _risk(levels.get(study, "low")) == 2)
    some = sum(share for study, share in shares.items() if _risk(levels.get(study, "low")) == 1)
    unknown = sum(share for study, share in shares.items() if study not in levels)
    numbers = (("high_share", high), ("some_share", some), ("unknown_share", unknown))
    if not shares or unknown > 50:
        text = f"Studies with {unknown:.0f} % {unit} were not appraised." if shares else "There are no studies."
        return Proposal("risk-of-bias", None, numbers, text)
    level: DomainLevel = "not-serious"
    if high >= limits.high_very:
        level = "very-serious"
    elif high >= limits.high_serious or high + some >= limits.some_serious:
        level = "serious"
    text = f"Studies at high risk of bias hold {high:.0f} % {unit}, studies with some concerns {some:.0f} %"
    text += f", studies that were not appraised {unknown:.0f} %." if unknown else "."
    return Proposal("risk-of-bias", level, numbers, text)


def propose_inconsistency(
    result: Synthesis, *, thresholds: Sequence[float] = (), limits: GradeLimits = GradeLimits()
) -> Proposal:
    """Propose a level from the prediction interval and the thresholds that it crosses, else from I2 and its test.

    A threshold inside the confidence interval is a matter of imprecision and tells nothing here. Where the prediction
    interval crosses no others, I2 and its test count too, and the worse of the two levels is proposed: a wide pooled
    interval must not hide that studies differ.

    Parameters
    ----------
    thresholds : effects on the natural scale at which a decision would change; empty = no effect, where there is such a
        value.

    Notes
    -----
    I2 and p are from one statistic, ``I2 = max(0, (Q - df) / Q)``: Cochran's Q, or the likelihood-ratio statistic of a
    model that has no Q. The I2 that such a model reports rests on tau2, and may be 0 beside a small p.

    References
    ----------
    Higgins JPT, Thompson SG (2002). Quantifying heterogeneity in a meta-analysis. Stat Med 21:1539-58. 10.1002/sim.1186
    """
    if result.k < 2:
        text = f"With {'one study' if result.k == 1 else 'no study'} there is nothing to compare."
        return Proposal("inconsistency", None, (("k", float(result.k)),), text)
    found, low, high = [("k", float(result.k))], result.natural.pi_low, result.natural.pi_high
    at = tuple(thresholds) or ((_NULL[result.measure],) if result.measure in _NULL else ())
    level, tested = _by_statistic(result, limits)
    if tested is not None:
        found += [("i2", tested.i2), ("q", tested.q), ("q_df", float(tested.df)), ("q_p", tested.p)]
    if low is None or high is None:
        text = f"There is no prediction interval to judge by; {tested.text if tested else 'nor is there a test'}."
    elif not at:
        text = f"No threshold is given to judge the prediction interval ({low:.3g} to {high:.3g}) by; "
        text += f"{tested.text if tested else 'nor is there a test of heterogeneity'}."
    else:
        crossed = _inside(at, low, high)
        own = [one for one in crossed if one not in _inside(at, result.natural.ci_low, result.natural.ci_high)]
        found += [("pi_low", low), ("pi_high", high), ("crossed", float(len(own)))]
        text = f"The prediction interval ({low:.3g} to {high:.3g}) "
        if own or not crossed:
            level = "very-serious" if len(own) > 1 else "serious" if own else "not-serious"
            text += f"crosses {_listed(own)}, the confidence interval does not." if own else "crosses no threshold."
        else:
            text += f"crosses {_listed(crossed)}, but so does the confidence interval: that is imprecision. "
            text += f"Apart from that, {tested.text}." if tested else "There is no test of heterogeneity beside it."
    if result.subgroup_test is not None:
        found.append(("subgroup_p", result.subgroup_test.p))
        text += f" Subgroups differ with {_p(result.subgroup_test.p)}"
        text += ", which may explain it." if result.subgroup_test.p < limits.q_p else "."
    return Proposal("inconsistency", level, tuple(found), text)


@dataclass(frozen=True, slots=True)
class _Tested:
    """A statistic of heterogeneity, the I2 that follows from it, and both in words."""

    i2: float
    q: float
    df: int
    p: float
    text: str


_LIKELIHOOD_RATIO = frozenset({"glmm"})
"""Models whose test of heterogeneity is a likelihood-ratio test."""


def _by_statistic(result: Synthesis, limits: GradeLimits) -> tuple[DomainLevel | None, _Tested | None]:
    """Return the level that the statistic of heterogeneity proposes, and the statistic; None where there is none."""
    if result.q is None or result.q_p is None or not result.q_df:
        return None, None
    i2 = 100 * max(0.0, (result.q - result.q_df) / result.q) if result.q > 0 else 0.0
    ratio = result.model in _LIKELIHOOD_RATIO
    name, sign = ("the likelihood-ratio test", "chi2") if ratio else ("Cochran's Q", "Q")
    text = f"I2 is {i2:.0f} % by {name} ({sign} = {result.q:.3g}, df = {result.q_df}, {_p(result.q_p)})"
    level: DomainLevel = "serious" if i2 >= limits.i2 and result.q_p < limits.q_p else "not-serious"
    return level, _Tested(i2, result.q, result.q_df, result.q_p, text)


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def _inside(thresholds: Iterable[float], low: float | None, high: float | None) -> list[float]:
    return [one for one in thresholds if low is not None and high is not None and low < one < high]


def _listed(values: Iterable[float]) -> str:
    return " and ".join(f"{value:g}" for value in values)


def propose_indirectness(
    result: Synthesis, indirect: Mapping[str, str], *, limits: GradeLimits = GradeLimits()
) -> Proposal:
    """Propose a level from the share of the pooled weight of studies that a person marked as indirect.

    Parameters
    ----------
    indirect : study to the reason why its people, product, comparison or outcome differ from the question. No number
        can tell this; empty means that nobody found a study indirect.
    """
    shares, unit = _weights(result)
    share = sum(value for study, value in shares.items() if study in indirect)
    numbers = (("indirect_share", share),)
    if not shares:
        return Proposal("indirectness", None, numbers, "There are no studies.")
    level: DomainLevel = "not-serious"
    if share >= limits.indirect_very:
        level = "very-serious"
    elif share >= limits.indirect_serious:
        level = "serious"
    reasons = "; ".join(dict.fromkeys(reason for study, reason in indirect.items() if study in shares and reason))
    text = f"Studies that do not match the question hold {share:.0f} % {unit}" + (f": {reasons}." if reasons else ".")
    return Proposal("indirectness", level, numbers, text)


def optimal_information_size(risk: float, treated_risk: float, *, alpha: float = 0.05, power: float = 0.80) -> int:
    """Return the people, both arms together, of one adequately powered trial that compares two proportions.

    ``n per arm = (z_(1-alpha/2) + z_power)^2 (p1 (1 - p1) + p2 (1 - p2)) / (p1 - p2)^2``, rounded up.

    Parameters
    ----------
    risk, treated_risk : p1 and p2, 0 to 1, not equal.
    alpha, power : two-sided error and power, strictly between 0 and 1.

    Raises
    ------
    InvalidInput
        A value outside its range, or equal risks.

    References
    ----------
    Optimal information size: GRADE guidelines 6, J Clin Epidemiol 2011;64:1283-93. The formula is the usual one for two
    proportions without correction for continuity.
    """
    if not (0 <= risk <= 1 and 0 <= treated_risk <= 1) or risk == treated_risk:
        raise InvalidInput(f"risks of {risk} and {treated_risk} cannot be; they differ and lie within 0 and 1")
    if not (0 < alpha < 1 and 0 < power < 1):
        raise InvalidInput(f"alpha {alpha} and power {power} lie between 0 and 1")
    z = NormalDist().inv_cdf(1 - alpha / 2) + NormalDist().inv_cdf(power)
    spread = risk * (1 - risk) + treated_risk * (1 - treated_risk)
    return 2 * math.ceil(z * z * spread / (risk - treated_risk) ** 2)


def propose_imprecision(
    result: Synthesis,
    *,
    thresholds: Sequence[float] = (),
    information_size: int | None = None,
    limits: GradeLimits = GradeLimits(),
) -> Proposal:
    """Propose a level from the confidence interval, the thresholds and the optimal information size.

    Parameters
    ----------
    thresholds : effects on the natural scale at which a decision would change. Given, they alone count (the view of a
        guideline). Else the view of a review is taken for a measure with a value of no effect: an interval that
        excludes it is precise enough if the information size is reached; one that includes it is not, when it also
        includes an appreciable benefit or harm.
    information_size : people, as `optimal_information_size` gives them; None = not judged.
    """
    natural = result.natural
    low, high = natural.ci_low, natural.ci_high
    people = sum(participants_of(dict(effect.inputs)) for effect in result.effects)
    numbers = [("participants", people)]
    if information_size is not None:
        numbers.append(("information_size", float(information_size)))
    if low is None or high is None:
        return Proposal("imprecision", None, tuple(numbers), "There is no confidence interval to judge by.")
    numbers += [("ci_low", low), ("ci_high", high)]
    null = _NULL.get(result.measure)
    few = information_size is not None and people < information_size
    size = f" {people:.0f} people are fewer than the optimal information size of {information_size}." if few else ""
    interval = f"The confidence interval ({low:.3g} to {high:.3g})"
    if thresholds:
        crossed = _inside(thresholds, low, high)
        level = _by_count(len(crossed), few=few)
        said = f"crosses {_listed(crossed)}, where the decision changes" if crossed else "crosses no threshold"
        return Proposal("imprecision", level, tuple(numbers), f"{interval} {said}.{size}")
    if null is None:
        text = f"{interval} cannot be judged without a threshold: say which effects would change the decision."
        return Proposal("imprecision", None, tuple(numbers), text + size)
    if not low <= null <= high:
        return Proposal(
            "imprecision", "serious" if few else "not-serious", tuple(numbers), f"{interval} excludes no effect.{size}"
        )
    if result.measure not in _RATIOS:
        text = f"{interval} includes no effect; whether it also includes effects that matter needs thresholds."
        return Proposal("imprecision", "serious", tuple(numbers), text + size)
    crossed = _inside(limits.appreciable, low, high)
    said = f" and appreciable effects ({_listed(crossed)})" if crossed else ", but no appreciable benefit or harm"
    return Proposal(
        "imprecision", _by_count(len(crossed), few=few), tuple(numbers), f"{interval} includes no effect{said}.{size}"
    )


def _by_count(crossed: int, *, few: bool) -> DomainLevel:
    return "very-serious" if crossed > 1 else "serious" if crossed or few else "not-serious"


def propose_publication_bias(
    k: int, asymmetry_p: float | None = None, *, limits: GradeLimits = GradeLimits()
) -> Proposal:
    """Propose a level from a test for asymmetry, where there are enough studies for one.

    Parameters
    ----------
    k : studies in the synthesis.
    asymmetry_p : p of a test for funnel-plot asymmetry, 0 to 1; None = not tested.

    Raises
    ------
    InvalidInput
        A p outside 0 to 1.
    """
    if asymmetry_p is not None and not 0 <= asymmetry_p <= 1:
        raise InvalidInput(f"a p value of {asymmetry_p} cannot be; it lies within 0 and 1")
    if k < limits.asymmetry_k or asymmetry_p is None:
        many = "One study is" if k == 1 else f"{k} studies are"
        few = f"{many} too few for a test of asymmetry ({limits.asymmetry_k} are needed)"
        text = few if k < limits.asymmetry_k else "Asymmetry was not tested"
        return Proposal("publication-bias", None, (("k", float(k)),), f"{text}; judge by registries, funding and size.")
    level: DomainLevel = "serious" if asymmetry_p < limits.asymmetry_p else "not-serious"
    found = "suggests missing small studies" if level == "serious" else "gives no sign of missing studies"
    numbers = (("k", float(k)), ("asymmetry_p", asymmetry_p))
    return Proposal("publication-bias", level, numbers, f"The test of asymmetry ({_p(asymmetry_p)}) {found}.")


def propose_large_effect(result: Synthesis, *, start: Certainty, lowered: bool) -> Proposal:
    """Propose to rate up for a large effect.

    Parameters
    ----------
    start : where certainty started; only evidence that starts low is rated up.
    lowered : a domain was rated down. Then nothing is proposed, but the size is still told.

    References
    ----------
    GRADE guidelines 9: RR of at least 2 or at most 0.5 one level, at least 5 or at most 0.2 two levels.
    10.1016/j.jclinepi.2011.06.004
    """
    natural = result.natural
    estimate, low, high = natural.estimate, natural.ci_low, natural.ci_high
    if result.measure not in _RATIOS or estimate is None or low is None or high is None or estimate <= 0:
        return Proposal("large-effect", None, (), "There is no ratio of risks to judge by.")
    size = max(estimate, 1 / estimate)
    numbers = (("estimate", estimate), ("ci_low", low), ("ci_high", high))
    text = f"The {result.measure} is {estimate:.3g} ({low:.3g} to {high:.3g})"
    if low <= 1 <= high or size < 2:
        return Proposal("large-effect", "none", numbers, f"{text}: not a large effect.")
    if start != "low" or lowered:
        why = "a domain was rated down" if lowered else f"the evidence started {start}"
        return Proposal("large-effect", "none", numbers, f"{text}, which is large, but {why}.")
    level: DomainLevel = "raised-twice" if size >= 5 else "raised"
    odds = " An odds ratio overstates the ratio of risks where the outcome is common." if result.measure == "OR" else ""
    return Proposal("large-effect", level, numbers, f"{text}: {'very large' if size >= 5 else 'large'}.{odds}")


# -- decision ------------------------------------------------------------------------------------------------------


def confirm(proposal: Proposal, *, level: DomainLevel, reason: str, person: str) -> DomainJudgement:
    """Turn a proposal into a person's judgement; the level may be another than the proposed one.

    Raises
    ------
    InvalidInput
        No reason, no person, or a level that this domain does not have.
    """
    if not reason.strip() or not person.strip():
        missing = "reason" if not reason.strip() else "person"
        raise InvalidInput(f"{proposal.domain}: no {missing} is given", hint="Say why, and who decided.")
    return _judged(proposal.domain, level, reason, person, proposed=proposal.level, numbers=proposal.numbers)


def judge(domain: LowerDomain | RaiseFactor, *, level: DomainLevel, reason: str, person: str) -> DomainJudgement:
    """Return a judgement on what no number can propose: dose-response, plausible confounding, or any domain by hand.

    Raises
    ------
    InvalidInput
        As for `confirm`.
    """
    return confirm(Proposal(domain, None, (), ""), level=level, reason=reason, person=person)


def _judged(
    domain: LowerDomain | RaiseFactor,
    level: DomainLevel,
    reason: str,
    person: str,
    *,
    proposed: DomainLevel | None,
    numbers: tuple[tuple[str, float], ...],
) -> DomainJudgement:
    allowed: tuple[DomainLevel, ...] = ("not-serious", "serious", "very-serious")
    if domain in RAISE:
        allowed = ("none", "raised", "raised-twice") if domain == "large-effect" else ("none", "raised")
    if level not in allowed:
        raise InvalidInput(f"{domain}: the level {level!r} is not one of {', '.join(allowed)}")
    return DomainJudgement(domain, level, STEPS[level], reason.strip(), person.strip(), proposed, numbers)


def certainty(
    outcome: str, start: Certainty, judgements: Iterable[DomainJudgement], *, start_reason: str = ""
) -> CertaintyJudgement:
    """Add up the judgements of one outcome.

    Parameters
    ----------
    outcome : id of the outcome.
    start : as `start_level` gives it.
    judgements : all five domains that lower certainty, each once; factors that raise it as far as judged.

    Returns
    -------
    The level is the start plus all steps, within very low and high.

    Raises
    ------
    InvalidInput
        A domain is missing or comes twice.
    """
    by_domain: dict[str, DomainJudgement] = {}
    for one in judgements:
        if one.domain in by_domain:
            raise InvalidInput(f"{outcome}: {one.domain} was judged twice", hint="Keep one judgement of each domain.")
        by_domain[one.domain] = one
    missing = [domain for domain in LOWER if domain not in by_domain]
    if missing:
        raise InvalidInput(f"{outcome}: not judged yet: {', '.join(missing)}", hint="Confirm a level for each domain.")
    found = tuple(by_domain[name] for name in (*LOWER, *RAISE) if name in by_domain)
    place = CERTAINTIES.index(start) + sum(one.steps for one in found)
    notes = tuple(_footnote(one) for one in found if one.steps)
    level = CERTAINTIES[min(max(place, 0), len(CERTAINTIES) - 1)]
    return CertaintyJudgement(outcome, start, start_reason, found, level, notes, _rating_cautions(start, found))


def _footnote(one: DomainJudgement) -> str:
    way = "up" if one.steps > 0 else "down"
    times = "one level" if abs(one.steps) == 1 else "two levels"
    return f"Rated {way} {times} for {one.domain.replace('-', ' ')}: {one.reason.rstrip('.')}."


def _rating_cautions(start: Certainty, found: Sequence[DomainJudgement]) -> tuple[Caution, ...]:
    up = [one for one in found if one.steps > 0]
    if not up:
        return ()
    cautions = []
    if start == "high":
        text = "Evidence that starts high was rated up as well; rating up is meant for evidence that starts low."
        cautions.append(Caution("raised-from-high", text))
    if any(one.steps < 0 for one in found):
        text = "The evidence was rated down and up; rating up is normally for evidence without a reason to rate down."
        cautions.append(Caution("raised-and-lowered", text))
    return tuple(cautions)
