"""The reservations that go with a generalised linear mixed model: each is stated only when it is true of the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stromata.model import Caution
from stromata.synthesis.cautions import CLOSE_MAXIMA, CONSIDERABLE_I2, FEW_PEOPLE, FEW_STUDIES
from stromata.synthesis.intervals import FloatArray
from stromata.synthesis.regression.formulas import INTERCEPT
from stromata.synthesis.regression.meta_regression import STUDIES_PER_COEFFICIENT

if TYPE_CHECKING:
    from stromata.synthesis.counts.glmm import PooledGlmm

RARE = 0.10
"""Share of people with the event below which odds and risks differ by less than a tenth, and ``cm.al`` is close."""


@dataclass(frozen=True, slots=True)
class GlmmTraces:
    """What the rules look at besides the result: the counts that were given, and how the fit went.

    Attributes
    ----------
    counts : events and people (or time) of one group, or of two.
    asked : quadrature points that were asked for.
    identified : whether tau2 leaves a trace in the data.
    missing : studies without a value of some moderator. dropped : columns that depend on others. runaways :
        coefficients without a finite estimate.
    """

    counts: tuple[FloatArray, ...]
    asked: int = 0
    identified: bool = True
    missing: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    runaways: tuple[str, ...] = ()

    @property
    def events(self) -> float:
        """Events in all groups."""
        return sum(float(column.sum()) for column in self.counts[::2])

    @property
    def size(self) -> float:
        """People, or time at risk, in all groups."""
        return sum(float(column.sum()) for column in self.counts[1::2])


def glmm_cautions(result: PooledGlmm, traces: GlmmTraces) -> tuple[Caution, ...]:
    """Return every reservation that applies."""
    found = ((code, rule(result, traces)) for code, rule in _RULES.items())
    return tuple(Caution(code, text) for code, text in found if text)


def _no_studies(r: PooledGlmm, _: GlmmTraces) -> str:
    return "" if r.k else "No study says anything about this effect, so nothing was pooled."


def _did_not_converge(r: PooledGlmm, _: GlmmTraces) -> str:
    if r.outcome == "unbounded":
        return (
            "In nearly every study all events lie on one side, so the spread between studies has no finite estimate. "
            "No pooled value is given."
        )
    return "The search for the most likely value failed. No pooled value is given." if r.outcome == "stuck" else ""


def _one_side(r: PooledGlmm, t: GlmmTraces) -> str:
    if r.outcome != "infinite" or r.measure in {"PLO", "IRLN"} or t.runaways:
        return ""
    return (
        "All events, or all that count, were in one group. The ratio is "
        f"{'0' if r.natural.estimate == 0 else 'infinite'} and has no value on the log scale; the natural one shows an "
        "exact one-sided bound."
    )


def _no_events(r: PooledGlmm, t: GlmmTraces) -> str:
    if t.events or not t.size:
        return ""
    if r.measure in {"OR", "IRR"}:
        return "Nobody in either group had the event: these studies cannot tell the groups apart."
    return "Nobody had the event. No finite estimate exists; the exact upper bound says what the data cannot rule out."


def _all_events(r: PooledGlmm, t: GlmmTraces) -> str:
    if r.measure not in {"PLO", "OR"} or t.events < t.size:
        return ""
    if r.measure == "OR":
        return "Everybody in both groups had the event: these studies cannot tell the groups apart."
    return "Everybody had the event. No finite estimate exists; the exact lower bound says what the data can exclude."


def _single_study(r: PooledGlmm, _: GlmmTraces) -> str:
    if r.k != 1:
        return ""
    return (
        "One study only: its own result is shown with its exact interval. Nothing can be said about how results vary "
        "between studies."
    )


def _few_studies(r: PooledGlmm, _: GlmmTraces) -> str:
    if r.method == "ee" or not 2 <= r.k < FEW_STUDIES:
        return ""
    return (
        f"Only {r.k} studies: how much results vary between studies is hardly estimable, and the interval is likely to "
        "be too narrow."
    )


def _without_information(r: PooledGlmm, _: GlmmTraces) -> str:
    if not r.left_out:
        return ""
    names = ", ".join(r.left_out)
    if r.model == "um.rs":
        return (
            f"Left out, because nobody or everybody there had the event: {names}. They would inform the baseline only."
        )
    if r.model == "cm.el" and r.measure == "OR":
        return (
            f"Left out: {names}. There nobody or everybody had the event, which says nothing about the odds ratio, or "
            "the exact distribution is too large to be summed; for very large studies use the model with a baseline "
            "for each study (option um.fs)."
        )
    return (
        f"Left out, because nobody or everybody there had the event, which says nothing about the ratio: {names}. A "
        "beta-binomial model uses such studies."
    )


def _missing(_: PooledGlmm, t: GlmmTraces) -> str:
    return f"Left out, because a moderator is missing: {', '.join(t.missing)}." if t.missing else ""


def _dropped(_: PooledGlmm, t: GlmmTraces) -> str:
    if not t.dropped:
        return ""
    return (
        f"Left out of the model because the other columns already say the same: {', '.join(t.dropped)}. Their own "
        "contribution cannot be told."
    )


def _separated(_: PooledGlmm, t: GlmmTraces) -> str:
    if not t.runaways:
        return ""
    return (
        "The moderators part studies in which all events lie on one side from the others, so that no finite estimate "
        f"exists ({', '.join(t.runaways)}). Join levels of a factor, or take moderators out."
    )


def _few_per_coefficient(r: PooledGlmm, _: GlmmTraces) -> str:
    if r.regression is None:
        return ""
    moving = sum(each.term != INTERCEPT for each in r.regression.coefficients)
    if not moving or r.k >= STUDIES_PER_COEFFICIENT * moving:
        return ""
    what = "one coefficient" if moving == 1 else f"{moving} coefficients"
    return (
        f"{r.k} studies for {what} besides the intercept: fewer than {STUDIES_PER_COEFFICIENT} each. Findings are "
        "fragile, and chance findings likely."
    )


def _not_rare(r: PooledGlmm, t: GlmmTraces) -> str:
    if r.model != "cm.al" or t.events <= RARE * t.size:
        return ""
    return (
        f"{100 * t.events / t.size:.0f} % of all people had the event: the approximation of this model needs rare "
        "events. Use the exact conditional model (option cm.el), or the one with a baseline for each study (option "
        "um.fs)."
    )


def _laplace(r: PooledGlmm, _: GlmmTraces) -> str:
    if r.outcome != "fitted" or r.points != 1 or not r.tau2:
        return ""
    return (
        "The likelihood was computed by Laplace's approximation, as other programs do for this model; with few events "
        "it is rough. Give points=7 for a better one."
    )


def _quadrature(r: PooledGlmm, t: GlmmTraces) -> str:
    if r.points <= max(t.asked, 1):
        return ""
    return (
        f"The {t.asked}-point approximation was too coarse for these data, so {r.points} points were used; results of "
        "other programs may differ."
    )


def _many_baselines(r: PooledGlmm, _: GlmmTraces) -> str:
    if r.model != "um.fs" or r.method == "ee" or r.outcome != "fitted" or r.k < 2:
        return ""
    return (
        "One parameter was spent on each study's baseline, which tends to make the variance between studies come out "
        "too small. Compare with the model that takes the number of events in each study as given (option cm.el), or "
        "with the one whose baselines vary at random between studies (option um.rs)."
    )


def _several_maxima(r: PooledGlmm, _: GlmmTraces) -> str:
    if r.modes < 2:
        return ""
    close = f"; the next is only {r.gap:.2g} units lower" if r.gap <= CLOSE_MAXIMA else ""
    return f"The likelihood has {r.modes} peaks. The highest was taken{close}. Another program may stop at a lower one."


def _tau2_zero(r: PooledGlmm, t: GlmmTraces) -> str:
    if r.tau2 != 0 or not t.identified:
        return ""
    return (
        "The between-study variance was estimated as zero. That is an estimate at its lower limit, not proof that the "
        "studies agree."
    )


def _not_identified(r: PooledGlmm, t: GlmmTraces) -> str:
    if t.identified or r.method == "ee" or r.k < 2:
        return ""
    return (
        "Every study observed one person, or one event: variation between studies cannot be told from chance; it was "
        "taken as zero."
    )


def _heterogeneity_large(r: PooledGlmm, _: GlmmTraces) -> str:
    if r.i2 is None or r.i2 < CONSIDERABLE_I2:
        return ""
    return f"Results differ widely between studies (I2 {r.i2:.0f} %): one value does not describe them all."


def _small_total(r: PooledGlmm, t: GlmmTraces) -> str:
    if r.measure not in {"PLO", "OR"} or not 0 < t.size < FEW_PEOPLE:
        return ""
    people = "1 person" if t.size == 1 else f"{t.size:g} people"
    return f"Only {people} in all: the result is imprecise whatever the method."


def _uncontrolled(r: PooledGlmm, _: GlmmTraces) -> str:
    if r.measure not in {"PLO", "IRLN"} or not r.k:
        return ""
    return (
        "Single-arm data: without a comparison group this cannot be read as an effect of the treatment; people may "
        "have changed for other reasons."
    )


_RULES: dict[str, Callable[[PooledGlmm, GlmmTraces], str]] = {
    "no-studies": _no_studies,
    "glmm-did-not-converge": _did_not_converge,
    "no-events": _no_events,
    "all-events": _all_events,
    "events-in-one-arm": _one_side,
    "single-study": _single_study,
    "few-studies": _few_studies,
    "studies-without-information": _without_information,
    "moderators-missing": _missing,
    "collinear-dropped": _dropped,
    "moderators-separate": _separated,
    "few-studies-per-coefficient": _few_per_coefficient,
    "not-rare": _not_rare,
    "laplace": _laplace,
    "quadrature": _quadrature,
    "many-baselines": _many_baselines,
    "several-maxima": _several_maxima,
    "tau2-zero": _tau2_zero,
    "tau2-not-identified": _not_identified,
    "heterogeneity-large": _heterogeneity_large,
    "small-total": _small_total,
    "uncontrolled": _uncontrolled,
}
"""Code and rule; a rule returns the text, or nothing when it does not apply. `docs/reference/sparse.md` has them."""

GLMM_CAUTION_CODES: tuple[str, ...] = tuple(_RULES)
