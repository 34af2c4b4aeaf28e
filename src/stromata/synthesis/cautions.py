"""The reservations that go with a pooled result: each is stated only when it is true of the data at hand.

Codes are stable; texts are for clinicians.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stromata.model import Caution, EffectSize, Synthesis, numbers
from stromata.synthesis.counts.binomial_normal import QUADRATURE_POINTS, BinomialNormalFit
from stromata.synthesis.effects import sizes
from stromata.synthesis.effects.measures import Measure
from stromata.synthesis.effects.sizes import events, lopsided, total

FEW_STUDIES = 5
"""Studies below which the between-study variance is hardly estimable: its standard error then exceeds its size.

There intervals from the normal distribution, which take that variance as known, miss the mean effect more often
than they say (IntHout, Ioannidis and Borm 2014, BMC Medical Research Methodology 14, 25; Roever, Knapp and Friede
2015, BMC Medical Research Methodology 15, 99)."""

FEWEST_TO_PREDICT = 3
"""Studies from which on a prediction interval is spoken of: with two it says nothing that the studies do not."""

CONSIDERABLE_I2 = 75.0
"""Percent of I-squared from which the Cochrane Handbook (10.10.2) speaks of considerable heterogeneity."""

FEW_PEOPLE = 100
"""People below which an exact 95 % interval around one half reaches at least ten percentage points to each side."""

HETEROGENEITY_P = 0.10
"""p-value of Cochran's test from which a common effect is doubted; 0.10 because the test has little power."""

CLOSE_MAXIMA = 2.0
"""Log-likelihood units within which a second maximum is hardly less likely than the first."""

VARIANCE_RATIO = 1e7
"""Ratio of the largest to the smallest sampling variance above which one study decides everything."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the rules look at: the result, all effects, those that were pooled, and traces of the fit.

    `silent` are the labels of tables that add nothing to a weighted estimate.
    """

    measure: Measure
    result: Synthesis
    given: tuple[EffectSize, ...]
    used: tuple[EffectSize, ...]
    wald_width: float | None = None
    modes: int = 1
    gap: float = math.inf
    empty_interval: bool = False
    corrected: int | None = None
    silent: tuple[str, ...] = ()
    direction: int = 0
    binomial: BinomialNormalFit | None = None

    @property
    def people(self) -> float:
        """People in the studies pooled; 0 when the inputs do not say."""
        return sum(total(effect) for effect in self.used)

    @property
    def single_arm(self) -> bool:
        """Nothing is compared with people who were treated otherwise."""
        return self.measure.kind in {"proportion", "rate", "one-mean", "change"}


def cautions(about: Circumstances) -> tuple[Caution, ...]:
    """Return every reservation that applies, the gravest kinds first."""
    found = []
    for code, rule in _RULES.items():
        text = rule(about)
        if text:
            found.append(Caution(code, text))
    return tuple(found)


def _no_studies(c: Circumstances) -> str:
    return "" if c.used else "No study gave a usable result, so nothing was pooled."


def _single_study(c: Circumstances) -> str:
    if len(c.used) != 1:
        return ""
    exact = " with its exact interval" if c.measure.kind in {"proportion", "rate"} else ""
    return (
        f"One study only: its own result is shown{exact}. Nothing can be said about how results vary between studies."
    )


def _no_events(c: Circumstances) -> str:
    if not c.used or not all(map(sizes.counted, c.used)) or sum(map(events, c.used)) > 0:
        return ""
    if c.measure.kind in {"two-by-two", "two-rates", "pairs"}:
        return "Nobody in either arm had the event: these studies cannot tell the arms apart."
    if c.measure.kind == "rate":
        return f"No event was seen in any study. {_rate_without_events(c)}"
    who = "The only person did not have" if c.people == 1 else f"None of {_people(c)} had"
    return f"{who} the event. {_one_sided(c)}"


def _all_events(c: Circumstances) -> str:
    if not c.used or c.measure.kind != "proportion" or sum(map(events, c.used)) < c.people:
        return ""
    who = "The only person" if c.people == 1 else f"All {_people(c)}"
    return f"{who} had the event. {_one_sided(c)}"


def _one_sided(c: Circumstances) -> str:
    if c.result.model == "glmm" or len(c.used) == 1:
        return (
            "On the logit scale the estimate is infinite and is not given; the interval is the exact one for all "
            "people together, and says what the data cannot rule out."
        )
    return "The pooled value rests on the correction or transformation alone; a GLMM gives the exact interval instead."


def _rate_without_events(c: Circumstances) -> str:
    if len(c.used) == 1:
        return "The interval is the exact one, and says what the data cannot rule out."
    return "The pooled value rests on the correction or transformation alone."


def _did_not_converge(c: Circumstances) -> str:
    if c.binomial is None or c.binomial.outcome not in {"unbounded", "stuck"}:
        return ""
    if c.binomial.outcome == "unbounded":
        return (
            "In nearly every study either nobody or everybody had the event, so the spread between studies has no "
            "finite estimate. No pooled proportion is given."
        )
    return "The search for the most likely proportion failed. No pooled proportion is given."


def _zero_cells(c: Circumstances) -> str:
    count = sum(effect.adjusted for effect in c.used) if c.corrected is None else c.corrected
    if not count:
        return ""
    advice = " A GLMM needs no such correction." if c.measure.name == "PLO" else ""
    return (
        f"In {count} of {_studies(len(c.used))} a constant was added to the counts because there were no events, or "
        f"only events. With rare events this choice can move the result.{advice}"
    )


def _interval_lopsided(c: Circumstances) -> str:
    labels = [effect.label for effect in c.used if lopsided(effect)]
    if not labels:
        return ""
    return (
        f"The printed estimate does not lie in the middle of its printed interval in {', '.join(labels)}: a misprint, "
        "or an interval of another kind: its standard error, taken from the width, is doubtful."
    )


def _left_out(c: Circumstances) -> str:
    gone = len(c.given) - len(c.used)
    if not gone:
        return ""
    what = f"{gone} of {_studies(len(c.given))} {'was' if gone == 1 else 'were'} left out of the pool"
    return f"{what}, because no estimate with a variance exists there."


def _silent_tables(c: Circumstances) -> str:
    if not c.silent or _no_events(c):
        return ""
    who = "Nobody, or everybody," if c.measure.name in {"OR", "PETO"} else "Nobody"
    which, adds = ("that table", "adds") if len(c.silent) == 1 else ("those tables", "add")
    return (
        f"{who} had the event in {', '.join(c.silent)}: {which} cannot tell the arms apart, and {adds} nothing to the "
        "pooled estimate."
    )


def _few_studies(c: Circumstances) -> str:
    if not 2 <= len(c.used) < FEW_STUDIES or c.result.tau2 is None:
        return ""
    start = (
        f"Only {len(c.used)} studies: how much results vary between studies is hardly estimable, so the interval may be"
    )
    if len(c.used) < FEWEST_TO_PREDICT:
        return f"{start} too narrow, and what a new study would find cannot be told."
    return f"{start} too narrow and the prediction interval is a rough guess."


def _heterogeneity_large(c: Circumstances) -> str:
    r = c.result
    if r.i2 is None or r.i2 < CONSIDERABLE_I2 or len(c.used) < 2:
        return ""
    if r.natural.pi_low is None or r.natural.pi_high is None or len(c.used) < FEWEST_TO_PREDICT:
        return f"Results differ widely between studies (I2 {r.i2:.0f} %): one common value does not describe them."
    return (
        f"Results differ widely between studies (I2 {r.i2:.0f} %). A new study might find anything from "
        f"{_value(c, r.natural.pi_low)} to {_value(c, r.natural.pi_high)}; the pooled value is an average, "
        "not a forecast."
    )


def _value(c: Circumstances, value: float) -> str:
    return f"{100 * value:.0f} %" if c.measure.kind == "proportion" else f"{value:.3g}"


def _prediction_includes_null(c: Circumstances) -> str:
    n, null = c.result.natural, c.measure.null
    if null is None or n.ci_low is None or n.ci_high is None or n.pi_low is None or n.pi_high is None:
        return ""
    if n.ci_low <= null <= n.ci_high or not n.pi_low <= null <= n.pi_high or len(c.used) < FEWEST_TO_PREDICT:
        return ""
    new = "in a new setting the effect may be absent or reversed."
    if c.result.test == "z" and len(c.used) < FEW_STUDIES:
        return (
            "The interval of the average effect leaves out no effect, but it rests on the normal distribution, and "
            f"with fewer than {FEW_STUDIES} studies such intervals are known to be too narrow (IntHout, Ioannidis and "
            f"Borm 2014): read it as uncertain. Also {new}"
        )
    return f"The interval of the average effect leaves out no effect, but {new}"


def _common_despite_heterogeneity(c: Circumstances) -> str:
    if c.result.model not in {"common", "exact"} or c.result.q_p is None or c.result.q_p >= HETEROGENEITY_P:
        return ""
    return (
        "A common effect was assumed, but the studies differ by more than chance: the interval is too narrow for a "
        "statement beyond these studies."
    )


def _several_maxima(c: Circumstances) -> str:
    if c.modes < 2:
        return ""
    return (
        f"The likelihood of the between-study variance has {c.modes} peaks. The highest was taken; another program may "
        "stop at a lower one."
    )


def maxima_close(gap: float) -> str:
    """Return the warning of a second maximum that lies `gap` below the first; "" where it is far enough."""
    if gap > CLOSE_MAXIMA:
        return ""
    return (
        "Two quite different values of the between-study variance are nearly equally likely "
        f"({gap:.2g} log-likelihood units apart). The pooled estimate may be another under the other value; look for "
        "one study that is much more precise than the rest, or differs from them."
    )


def _tau2_interval_empty(c: Circumstances) -> str:
    if not c.empty_interval:
        return ""
    return (
        "The studies agree more than chance would have them: no between-study variance is compatible with them, and "
        "its interval is given as 0 to 0."
    )


def _events_in_one_arm(c: Circumstances) -> str:
    if not c.direction:
        return ""
    bound = "one-sided exact bound" if c.measure.name != "RR" else "ratio without a bound"
    return (
        "All events, or all that count, were in one arm. The ratio is "
        f"{'0' if c.direction < 0 else 'infinite'} and has no value on the log scale; the natural one shows a {bound}."
    )


def _tau2_zero(c: Circumstances) -> str:
    if c.result.tau2 != 0 or len(c.used) < 2 or (c.binomial is not None and not c.binomial.identified):
        return ""
    return (
        "The between-study variance was estimated as zero. That is an estimate at its lower limit, not proof that the "
        "studies agree."
    )


def _tau2_not_identified(c: Circumstances) -> str:
    if c.binomial is None or c.binomial.identified:
        return ""
    return "Every study has one person, so variation between studies cannot be told from chance; it was taken as zero."


def _quadrature(c: Circumstances) -> str:
    if c.binomial is None or c.binomial.points <= QUADRATURE_POINTS:
        return ""
    return (
        f"The usual {QUADRATURE_POINTS}-point approximation was too coarse for these data, so {c.binomial.points} "
        "points were used; results of other programs may differ."
    )


def _knha_narrower(c: Circumstances) -> str:
    r = c.result
    if r.test != "knha" or c.wald_width is None or r.ci_low is None or r.ci_high is None:
        return ""
    if r.ci_high - r.ci_low >= c.wald_width:
        return ""
    return (
        "The Hartung-Knapp interval is narrower than the ordinary one here, because the studies agree more than chance "
        "would have them; read the ordinary interval as well."
    )


def _variances_unequal(c: Circumstances) -> str:
    if c.result.model == "glmm":
        return ""
    return "".join(caution.text for caution in unequal_variances([effect.vi for effect in c.used if effect.vi]))


def unequal_variances(variances: Sequence[float]) -> tuple[Caution, ...]:
    """Return the reservation about sampling variances so far apart that one study decides every weighted mean."""
    if len(variances) < 2 or max(variances) < VARIANCE_RATIO * min(variances):
        return ()
    text = "Sampling variances differ by more than seven orders of magnitude: one study decides the result."
    return (Caution("variances-unequal", text),)


def _double_arcsine(c: Circumstances) -> str:
    if c.measure.name not in {"PFT", "IRFT"} or len(c.used) < 2:
        return ""
    if c.measure.name == "IRFT":
        return (
            "The double-root average is turned back into a rate at one typical time at risk. When times differ much, "
            "that can give a value outside the studies' own range."
        )
    return (
        "The double-arcsine average is turned back into a proportion at one typical study size. When sizes differ "
        "much, that can give a value outside the studies' own range; a GLMM avoids it."
    )


def counted(n: int, one: str, many: str = "") -> str:
    """Return a number with what is counted: ``1 study``, ``2 studies``; an s makes the plural when `many` is empty."""
    return f"{numbers.count(n)} {one if n == 1 else many or f'{one}s'}"


def _studies(k: int) -> str:
    return counted(k, "study", "studies")


def _people(c: Circumstances) -> str:
    return counted(round(c.people), "person", "people")


def _small_total(c: Circumstances) -> str:
    if not 0 < c.people < FEW_PEOPLE:
        return ""
    return f"Only {_people(c)} in all: the result is imprecise whatever the method."


def _uncontrolled(c: Circumstances) -> str:
    if not c.single_arm or not c.used:
        return ""
    return (
        "Single-arm data: without a comparison group this cannot be read as an effect of the treatment; people may "
        "have changed for other reasons."
    )


_RULES: dict[str, Callable[[Circumstances], str]] = {
    "no-studies": _no_studies,
    "glmm-did-not-converge": _did_not_converge,
    "no-events": _no_events,
    "all-events": _all_events,
    "events-in-one-arm": _events_in_one_arm,
    "single-study": _single_study,
    "few-studies": _few_studies,
    "effects-left-out": _left_out,
    "tables-without-information": _silent_tables,
    "zero-cells-corrected": _zero_cells,
    "interval-lopsided": _interval_lopsided,
    "heterogeneity-large": _heterogeneity_large,
    "prediction-includes-null": _prediction_includes_null,
    "common-despite-heterogeneity": _common_despite_heterogeneity,
    "several-maxima": _several_maxima,
    "maxima-close": lambda about: maxima_close(about.gap),
    "tau2-zero": _tau2_zero,
    "tau2-interval-empty": _tau2_interval_empty,
    "tau2-not-identified": _tau2_not_identified,
    "quadrature": _quadrature,
    "knha-narrower": _knha_narrower,
    "variances-unequal": _variances_unequal,
    "double-arcsine": _double_arcsine,
    "small-total": _small_total,
    "uncontrolled": _uncontrolled,
}
"""Code and rule; a rule returns the text, or nothing when it does not apply. `docs/reference/synthesis.md` has them."""

CAUTION_CODES: tuple[str, ...] = (*_RULES, "subgroups-without-estimate")
"""Every code that a synthesis can carry."""
