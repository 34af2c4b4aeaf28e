"""Is there enough information: trial sequential analysis and the fragility of significant results.

A cumulative synthesis is an interim analysis at every new study. Information is counted in inverse variances, or in
people; t is its fraction of what was required. L looks. Z is the cumulative test statistic, S = Z root(t) its Brownian
motion, with drift theta per unit of t.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy import special

from stromata.errors import InvalidInput
from stromata.model import Caution
from stromata.synthesis import sensitivity
from stromata.synthesis.effects.sizes import effect_sizes
from stromata.synthesis.intervals import FloatArray, check_error, check_times, normal_quantile, number
from stromata.synthesis.pooling import kernels, single
from stromata.synthesis.pooling.estimates import Method
from stromata.synthesis.results.result import Result, recorded
from stromata.synthesis.study_set import Studies, check_choice, check_options, frozen, one_column, study_set

Spending = Literal["obrien-fleming", "pocock"]
"""Lan and DeMets's functions: little error spent early, or evenly."""

_FARTHEST = 12.0
"""z beyond which a boundary counts as infinite."""

_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(16)
"""The rule of one panel."""

_PANELS_PER_STEP = 0.3
"""Panels per standard deviation of the increment; the integrand is then resolved to about 1e-12."""

_FEWEST_PANELS, _MOST_PANELS = 5, 150

_MOST_PEOPLE = 10_000_000
"""People in an arm up to which Fisher's test is computed table by table."""

_LEAST_ERROR = 1e-14
"""Error to be spent at a look below which its boundary is infinite."""


@dataclass(frozen=True, slots=True)
class Boundaries:
    """Monitoring boundaries for |Z|; arrays (L,), read-only.

    Attributes
    ----------
    fraction : t at each look.
    spent : two-sided error spent up to each look.
    efficacy : |Z| from which the result is significant; infinite where there is too little information for any.
    futility : |Z| below which the effect looked for is ruled out; NaN where nothing is, and without `beta`.
    """

    fraction: FloatArray
    spent: FloatArray
    efficacy: FloatArray
    futility: FloatArray


_FURTHER_LOOKS = 6
"""Looks between the last one and the required size that a figure shows."""


@dataclass(frozen=True, slots=True)
class TrialSequential(Result):
    """A trial sequential analysis; arrays (K,) in the order of the studies, read-only.

    Attributes
    ----------
    required : information size, in the unit of `information`.
    information : cumulative, and `z` the cumulative test statistics.
    diversity : D-squared, by which the required size was enlarged.
    verdict : ``benefit-or-harm`` a boundary was crossed; ``futile`` the effect looked for is ruled out; ``reached`` the
        required size was reached without either; ``insufficient`` none of these.
    boundaries : at the looks made. `outlook` goes on with a few more, up to the required size, where that is not
        reached yet: what a figure shows.
    """

    labels: tuple[str, ...]
    required: float
    information: FloatArray
    z: FloatArray
    boundaries: Boundaries
    outlook: Boundaries
    diversity: float
    verdict: Literal["benefit-or-harm", "futile", "reached", "insufficient"]
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class Fragility(Result):
    """How many people's outcomes turn a result.

    Attributes
    ----------
    index : changes of one person's outcome after which the result is no longer significant, or, when it was not, is;
        None when no number of changes within reach does it.
    significant : whether it was significant.
    quotient : `index` over all people.
    p : p-value (or, of a synthesis, two-sided p under the pooling method) before and after.
    changes : (study, arm, change in events) per step; one arm of one trial for a single trial.
    """

    index: int | None
    significant: bool
    quotient: float | None
    p_before: float
    p_after: float
    changes: tuple[tuple[str, int, int], ...]
    cautions: tuple[Caution, ...] = ()


# Information.


def required_information(delta: float, *, alpha: float = 0.05, beta: float = 0.10, diversity: float = 0.0) -> float:
    """Return the inverse variance needed to find a difference `delta`.

    Parameters
    ----------
    delta : effect looked for on the analysis scale, not 0.
    alpha, beta : two-sided error and 1 - power, each strictly between 0 and 1.
    diversity : D-squared as a fraction, from 0 to below 1; the size is divided by 1 - D-squared.

    Examples
    --------
    >>> round(required_information(0.5, alpha=0.05, beta=0.2), 2)
    31.4

    References
    ----------
    Wetterslev, Thorlund, Brok and Gluud (2009), BMC Medical Research Methodology 9:86.
    """
    _check_errors(alpha, beta)
    delta = number("delta", delta, "a number other than 0", lambda effect: effect != 0)
    _check_diversity(diversity)
    return ((_drift(alpha, beta)) / delta) ** 2 / (1 - diversity)


def required_people(
    *,
    control_risk: float | None = None,
    relative_reduction: float | None = None,
    difference: float | None = None,
    sd: float | None = None,
    alpha: float = 0.05,
    beta: float = 0.10,
    diversity: float = 0.0,
) -> float:
    """Return the people needed in two equal groups, for a binary outcome or for means.

    Parameters
    ----------
    control_risk, relative_reduction : risk among controls and the fraction by which treatment lowers it (negative when
        it raises it); risks strictly between 0 and 1.
    difference, sd : difference of means and standard deviation, instead.
    alpha, beta, diversity : as `required_information`.

    Notes
    -----
    N = 4 (z_alpha/2 + z_beta)^2 nu / delta^2 / (1 - D^2), with nu = p (1 - p) at the mean risk p, or the squared
    standard deviation.

    References
    ----------
    Wetterslev, Thorlund, Brok and Gluud (2008), Journal of Clinical Epidemiology 61, 64-75; (2009), BMC Medical
    Research Methodology 9:86.
    """
    if control_risk is not None and relative_reduction is not None and difference is None and sd is None:
        treated = control_risk * (1 - relative_reduction)
        if not (0 < control_risk < 1 and 0 < treated < 1):
            raise InvalidInput(f"risks are {control_risk!r} and {treated!r}; both must lie strictly between 0 and 1")
        mean = (control_risk + treated) / 2
        variance, delta = mean * (1 - mean), control_risk - treated
    elif difference is not None and sd is not None and control_risk is None and relative_reduction is None:
        if not sd > 0:
            raise InvalidInput(f"sd is {sd!r}; it must be above 0")
        variance, delta = sd * sd, difference
    else:
        raise InvalidInput("give control_risk and relative_reduction, or difference and sd")
    return 4 * variance * required_information(delta, alpha=alpha, beta=beta, diversity=diversity)


def diversity(
    effects: Studies, vi: npt.ArrayLike | None = None, *, labels: Sequence[str] | None = None, method: Method = "dl"
) -> float:
    """Return D-squared: the share of the random-effects variance that the common-effect model lacks, from 0 to 1.

    References
    ----------
    Wetterslev, Thorlund, Brok and Gluud (2009), BMC Medical Research Methodology 9:86, eq. 5.
    """
    check_options(method=method)
    studies = study_set(effects, vi, labels=labels, least=2, purpose="the diversity")
    random = single.fit(studies.y, studies.v, None if method == "ee" else method).se ** 2
    return max(0.0, 1 - single.fit(studies.y, studies.v, None).se ** 2 / random)


# Boundaries.


def monitoring_boundaries(
    fraction: npt.ArrayLike,
    *,
    alpha: float = 0.05,
    beta: float | None = None,
    spending: Spending = "obrien-fleming",
) -> Boundaries:
    """Return two-sided boundaries that spend the error as information comes in.

    Parameters
    ----------
    fraction : (L,) rising fractions t of the required information, above 0. All error is spent at t = 1; looks beyond
        it get the boundary of the last look that spent any.
    alpha : two-sided error.
    beta : 1 - power, for a futility boundary under the drift for which the size was computed; None for none. It does
        not bind: `efficacy` is the same with and without.
    spending : ``obrien-fleming`` 2 (1 - Phi(z_(a/2) / root(t))), ``pocock`` a log(1 + (e - 1) t), of each side's a.

    References
    ----------
    Lan and DeMets (1983), Biometrika 70, 659-663; Armitage, McPherson and Rowe (1969), JRSS A 132, 235-244, for the
    recursion; Jennison and Turnbull (1999), Group Sequential Methods, chapter 19; Pampallona, Tsiatis and Kim (2001),
    Drug Information Journal 35, 1113-1121, for spending beta.
    """
    _check_errors(alpha, 0.5 if beta is None else beta)
    check_choice("spending", spending, get_args(Spending))
    t = one_column(fraction, "fraction")
    if not len(t) or not (np.isfinite(t).all() and (np.diff(t, prepend=0.0) > 0).all()):
        raise InvalidInput(f"fractions are {t.tolist()}; they must rise from above 0", hint="For example 0.2, 0.6, 1.")
    spent = np.minimum(2 * _spent(np.minimum(t, 1.0), alpha / 2, spending), alpha)
    looks = int((t < 1).sum()) + bool((t >= 1).any())
    efficacy = np.empty_like(t)
    efficacy[:looks] = _efficacy(np.minimum(t[:looks], 1.0), np.diff(spent[:looks], prepend=0.0))
    efficacy[looks:] = efficacy[looks - 1]
    futility = np.full_like(t, math.nan)
    if beta is not None:
        errors = np.diff(_spent(np.minimum(t[:looks], 1.0), beta, spending), prepend=0.0)
        futility[:looks] = _futility(np.minimum(t[:looks], 1.0), efficacy[:looks], errors, _drift(alpha, beta))
    return Boundaries(frozen(t), frozen(spent), frozen(efficacy), frozen(futility))


@recorded("effects", "vi", "labels", "ni", "order")
def trial_sequential(
    effects: Studies,
    vi: npt.ArrayLike | None = None,
    *,
    delta: float | None = None,
    people: float | None = None,
    labels: Sequence[str] | None = None,
    ni: npt.ArrayLike | None = None,
    order: npt.ArrayLike | None = None,
    method: Method = "dl",
    alpha: float = 0.05,
    beta: float = 0.10,
    spending: Spending = "obrien-fleming",
) -> TrialSequential:
    """Return a trial sequential analysis of studies in the order in which they appeared.

    Parameters
    ----------
    effects, vi, labels, ni : see `stromata.synthesis.study_set.study_set`; K >= 2.
    delta : effect looked for on the analysis scale: information is then the cumulative inverse variance, and the
        required one is enlarged by the diversity of all studies.
    people : or the number of people required (`required_people`, with its own diversity): information is then people.
    order : (K,) values, such as years, that put the studies in ascending order; the order given without.
    method : of the cumulative synthesis.
    alpha, beta, spending : as `monitoring_boundaries`.

    References
    ----------
    Brok, Thorlund, Gluud and Wetterslev (2008), Journal of Clinical Epidemiology 61, 763-769; Thorlund et al. (2017),
    User Manual for Trial Sequential Analysis, 2nd ed.
    """
    check_options(method=method)
    _check_errors(alpha, beta)
    if (delta is None) == (people is None):
        raise InvalidInput("give either delta or people", hint="They say how much information is required.")
    studies = study_set(effects, vi, labels=labels, ni=ni, least=2, purpose="a trial sequential analysis")
    shown = sensitivity.cumulative(effects, vi, labels=labels, order=order, method=method)
    places = sensitivity.ordered(order, studies.used)
    spread = 0.0
    if delta is not None:
        spread = diversity(studies.y, studies.v, method=method)
        if spread >= 1:
            raise InvalidInput(
                f"vi from {studies.v.min():g} to {studies.v.max():g}: beside the differences between the studies they "
                "are nothing, so that the required information has no bound",
                hint="Check the estimates and variances, or give people.",
            )
        required = required_information(delta, alpha=alpha, beta=beta, diversity=spread)
        information = np.cumsum(1 / studies.v[places])
    else:
        if studies.n is None or not (studies.n > 0).all():
            raise InvalidInput("information in people needs their number in every study", hint="Give ni, each > 0.")
        required = number("people", people, "a number above 0", lambda count: count > 0)
        information = np.cumsum(studies.n[places])
    fractions = information / required
    later = np.diff(fractions, prepend=0.0) <= 0
    if later.any():
        name, amount = studies.labels[int(places[np.argmax(later)])], "ni" if delta is None else "vi"
        raise InvalidInput(
            f"study {name}, {amount}: beside the other studies it adds no information that can be told from rounding",
            hint="Check it, or leave the study out.",
        )
    bounds = monitoring_boundaries(fractions, alpha=alpha, beta=beta, spending=spending)
    further = np.linspace(fractions[-1], 1.0, _FURTHER_LOOKS + 1)[1:] if fractions[-1] < 1 else np.empty(0)
    outlook = monitoring_boundaries(np.append(fractions, further), alpha=alpha, beta=beta, spending=spending)
    verdict = _verdict(shown.statistic, bounds)
    return TrialSequential(
        labels=shown.labels,
        required=required,
        information=frozen(information),
        z=shown.statistic,
        boundaries=bounds,
        outlook=outlook,
        diversity=spread,
        verdict=verdict,
        cautions=(*studies.cautions, *_about_information(verdict, shown, bounds, alpha)),
    )


def penalised_z(z: npt.ArrayLike, information: npt.ArrayLike, *, factor: float = 2.0) -> FloatArray:
    """Return z-values lowered for repeated looks, by the law of the iterated logarithm.

    No size has to be fixed in advance: a value is read against the usual quantile, at every look.

    Parameters
    ----------
    z : (L,) cumulative test statistics.
    information : (L,) cumulative inverse variances on the scale of the effect, each > 0.
    factor : lambda, found by simulation: 2 for odds ratios, risk ratios and means, 1.5 for risk differences.

    Returns
    -------
    (L,) z / root(lambda log(log(I))), read-only; NaN where I is at most e, so that the penalty does not exist. A
    penalty below 1 counts as 1, for z is never to grow.

    Raises
    ------
    InvalidInput
        Unequal lengths, a z that is not finite, information or a factor that is not above 0.

    Examples
    --------
    >>> penalised_z([2.5, 2.5], [2.0, 100.0]).round(3).tolist()
    [nan, 1.43]

    References
    ----------
    Lan, Hu and Cappelleri (2003), Statistica Sinica 13, 1135-1145, for means; Hu, Cappelleri and Lan (2007), Clinical
    Trials 4, 329-340, for binary outcomes, with the factors.
    """
    values, sizes = one_column(z, "z"), one_column(information, "information")
    if values.shape != sizes.shape:
        raise InvalidInput(
            f"z has the shape {values.shape}, information {sizes.shape}; there must be one each per look"
        )
    if not np.isfinite(values).all():
        raise InvalidInput(f"z holds {float(values[~np.isfinite(values)][0])!r}; it must hold finite numbers")
    if not (np.isfinite(sizes) & (sizes > 0)).all():
        raise InvalidInput("information must be above 0 at every look", hint="It is the cumulative inverse variance.")
    factor = number("factor", factor, "a number above 0", lambda penalty: penalty > 0)
    penalty = np.full_like(values, math.nan)
    known = sizes > math.e
    penalty[known] = np.maximum(np.sqrt(factor * np.log(np.log(sizes[known]))), 1.0)
    return frozen(values / penalty)


def _verdict(z: FloatArray, bounds: Boundaries) -> Literal["benefit-or-harm", "futile", "reached", "insufficient"]:
    crossed = np.abs(z) >= bounds.efficacy
    with np.errstate(invalid="ignore"):
        futile = np.abs(z) < bounds.futility
    first = int(np.argmax(crossed | futile)) if (crossed | futile).any() else None
    if first is not None:
        return "benefit-or-harm" if crossed[first] else "futile"
    return "reached" if bounds.fraction[-1] >= 1 else "insufficient"


def _about_information(
    verdict: str, shown: sensitivity.Refits, bounds: Boundaries, alpha: float
) -> tuple[Caution, ...]:
    share = f"{100 * min(bounds.fraction[-1], 1.0):.0f} % of the required information"
    if verdict == "insufficient" and shown.p[-1] < alpha:
        text = f"Significant by the usual test, but not by the sequential one: only {share} is there."
        return (Caution("early-significance", text),)
    if verdict == "insufficient":
        return (
            Caution("information-insufficient", f"Only {share} is there: neither an effect nor its absence is shown."),
        )
    return ()


def _check_errors(alpha: float, beta: float) -> None:
    check_error("alpha", alpha)
    check_error("beta", beta)


def _check_diversity(diversity: float) -> None:
    number("diversity", diversity, "a number from 0 to below 1", lambda share: 0 <= share < 1)


def _drift(alpha: float, beta: float) -> float:
    return normal_quantile(1 - alpha) - float(special.ndtri(beta))


def _spent(t: FloatArray, error: float, spending: Spending) -> FloatArray:
    """Return one side's error spent by t (L,)."""
    if spending == "pocock":
        return np.asarray(error * np.log1p((math.e - 1) * t))
    return np.asarray(2 * special.ndtr(float(special.ndtri(error / 2)) / np.sqrt(t)))


def _efficacy(t: FloatArray, errors: FloatArray) -> FloatArray:
    """Return |Z| (L,) at which each look spends its two-sided error, by numerical integration."""
    z = np.empty_like(t)
    places, mass = np.zeros(1), np.ones(1)  # where S may be before the look, with its probabilities
    before = 0.0
    for i, now in enumerate(t.tolist()):
        step = math.sqrt(now - before)
        crossing = partial(_crossing, places, mass, step)
        top = _FARTHEST * math.sqrt(now)
        spends = errors[i] > max(_LEAST_ERROR, crossing(top))
        bound = _where(crossing, float(errors[i]), 0.0, top) if spends else top
        z[i] = bound / math.sqrt(now) if spends else math.inf
        places, mass = _carried(places, mass, (-bound, bound), step)
        before = now
    return z


def _futility(t: FloatArray, efficacy: FloatArray, errors: FloatArray, drift: float) -> FloatArray:
    """Return Z (L,) below which each look spends its error under the drift; NaN where that lies below 0.

    At the last look of all, t = 1, there is no futility: the efficacy boundary decides.
    """
    z = np.full_like(t, math.nan)
    places, mass = np.zeros(1), np.ones(1)
    before = 0.0
    for i, now in enumerate(t.tolist()):
        if now >= 1:
            break
        step, shift = math.sqrt(now - before), drift * (now - before)
        top = min(efficacy[i], _FARTHEST) * math.sqrt(now)
        staying = partial(_staying, places, mass, step, shift)
        floor = drift * now - _FARTHEST * math.sqrt(now)
        error = float(errors[i])
        # what stays above falls with the bound as the error grows
        bound = floor if error <= _LEAST_ERROR else _where(staying, float(mass.sum()) - error, floor, top)
        if bound > 0:
            z[i] = bound / math.sqrt(now)
        places, mass = _carried(places, mass, (bound, max(top, bound)), step, shift)
        before = now
    return z


def _carried(
    places: FloatArray, mass: FloatArray, region: tuple[float, float], step: float, shift: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Return nodes within the region in which sampling goes on, with their probabilities after one more look."""
    width = region[1] - region[0]
    panels = int(min(max(_FEWEST_PANELS, math.ceil(_PANELS_PER_STEP * width / step)), _MOST_PANELS))
    edges = np.arange(panels)[:, None]
    nodes = (region[0] + width / panels * (edges + (_POINTS + 1) / 2)).ravel()
    weights = np.tile(_WEIGHTS / panels, panels)
    density = np.exp(-0.5 * ((nodes[:, None] - places - shift) / step) ** 2) / (step * math.sqrt(2 * math.pi))
    return nodes, weights * (width / 2) * (density @ mass)


def _crossing(places: FloatArray, mass: FloatArray, step: float, bound: float) -> float:
    """Return the probability that |S| is beyond `bound` after the step."""
    return float(mass @ (special.ndtr((places - bound) / step) + special.ndtr((-places - bound) / step)))


def _staying(places: FloatArray, mass: FloatArray, step: float, shift: float, bound: float) -> float:
    """Return the probability that S is above `bound` after the step."""
    return float(mass @ special.ndtr((places + shift - bound) / step))


def _where(falling: Callable[[float], float], target: float, low: float, high: float) -> float:
    """Return where a falling function is at `target`, to the last places."""
    for _ in range(100):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        low, high = (middle, high) if falling(middle) > target else (low, middle)
    return high


# Fragility.


@recorded("events1", "total1", "events2", "total2")
def fragility(events1: int, total1: int, events2: int, total2: int, *, alpha: float = 0.05) -> Fragility:
    """Return the fragility index of one trial: outcomes to change until Fisher's exact test turns.

    Of a significant result, people without the event in the arm with fewer events are given it, one by one; of a
    result that is not significant, events there are taken away first, and then added in the other arm.

    Parameters
    ----------
    events1, total1, events2, total2 : events and people in two arms.
    alpha : two-sided level.

    References
    ----------
    Walsh et al. (2014), Journal of Clinical Epidemiology 67, 622-628; Khan et al. (2020), JAMA Network Open 3:e2012469,
    for results that are not significant.
    """
    check_error("alpha", alpha)
    for events, total, arm in ((events1, total1, 1), (events2, total2, 2)):
        check_times(f"total{arm}", total, _MOST_PEOPLE)
        whole = f"a whole number from 0 to {total}, the people in arm {arm}"
        number(f"events{arm}", events, whole, lambda x, total=total: x.is_integer() and 0 <= x <= total)  # type: ignore[misc]
    counts, totals = [int(events1), int(events2)], (int(total1), int(total2))
    before = p = fisher(counts[0], totals[0], counts[1], totals[1])
    significant = before < alpha
    # of a significant result the arm with fewer events, as in the source; else the one with the lower risk
    weights = (1, 1) if significant else (totals[1], totals[0])
    fewer = 0 if counts[0] * weights[0] <= counts[1] * weights[1] else 1
    changes: list[tuple[str, int, int]] = []
    while (p < alpha) == significant:
        if significant:
            arm, change = fewer, 1
        else:
            arm, change = (fewer, -1) if counts[fewer] > 0 else (1 - fewer, 1)
        counts[arm] += change
        if not 0 <= counts[arm] <= totals[arm]:
            return Fragility(None, significant, None, before, p, tuple(changes))
        changes.append(("", arm + 1, change))
        p = fisher(counts[0], totals[0], counts[1], totals[1])
    return Fragility(len(changes), significant, len(changes) / sum(totals), before, p, tuple(changes))


def fisher(events1: int, total1: int, events2: int, total2: int) -> float:
    """Return Fisher's exact two-sided p: the sum of all tables that are no more likely than the one seen."""
    events = events1 + events2
    x = np.arange(max(0, events - total2), min(events, total1) + 1)
    logs = _log_choose(total1, x) + _log_choose(total2, events - x)
    chances = np.exp(logs - logs.max())
    own = chances[events1 - int(x[0])]
    return float(min(1.0, chances[chances <= own * (1 + 1e-7)].sum() / chances.sum()))


def _log_choose(n: int, x: npt.NDArray[np.int_]) -> FloatArray:
    return np.asarray(special.gammaln(n + 1) - special.gammaln(x + 1) - special.gammaln(n - x + 1))


@recorded("ai", "n1i", "ci", "n2i", "labels")
def fragility_of_synthesis(
    ai: npt.ArrayLike,
    n1i: npt.ArrayLike,
    ci: npt.ArrayLike,
    n2i: npt.ArrayLike,
    *,
    measure: Literal["OR", "RR", "RD"] = "RR",
    labels: Sequence[str] | None = None,
    method: Method = "dl",
    alpha: float = 0.05,
    most: int = 500,
) -> Fragility:
    """Return the fragility index of a synthesis: single outcomes to change, in any trial, until its significance turns.

    At every step all changes of one person in one arm of one trial are tried, and the one is kept that brings the
    interval's bound nearest to the null, or takes it furthest over.

    Parameters
    ----------
    ai, n1i, ci, n2i : (K,) events and people in two arms, K >= 2.
    measure, method : of the pool.
    alpha : two-sided level of the interval.
    most : steps after which the search ends.

    References
    ----------
    Atal, Porcher, Boutron and Ravaud (2019), Journal of Clinical Epidemiology 111, 32-40. The search is stepwise, as
    there; a smaller set of changes made together is conceivable.
    """
    check_options(method=method)
    check_error("alpha", alpha)
    check_times("most", most)
    check_choice("measure", measure, ("OR", "RR", "RD"))
    effects = effect_sizes(measure, ai=ai, n1i=n1i, ci=ci, n2i=n2i, labels=() if labels is None else labels)
    studies = study_set(effects, least=2, purpose="the fragility of a synthesis")
    k = len(effects)
    names = tuple(str(i + 1) for i in range(k)) if labels is None else studies.labels
    counts = np.array([ai, ci], dtype=np.float64)  # checked by `effect_sizes`
    totals = np.array([n1i, n2i], dtype=np.float64)
    y, v = (np.array(each)[:, None] for each in (studies.y, studies.v))
    if len(y) != k:
        raise InvalidInput("a trial has no estimate on this scale", hint="Leave it out, or use another measure.")
    margin = normal_quantile(1 - alpha)
    estimate, se = _pooled(y, v, method)
    before, side = _p(estimate, se), math.copysign(1.0, float(estimate[0]))
    significant = before[0] < alpha
    changes: list[tuple[str, int, int]] = []
    after = before[0]
    while (after < alpha) == significant and len(changes) < most:
        moves = _moves(counts, totals)
        places = np.array([study for study, _, _ in moves])
        tried_y, tried_v = _tried(measure, counts, totals, moves)
        columns_y, columns_v = np.repeat(y, len(moves), axis=1), np.repeat(v, len(moves), axis=1)
        columns_y[places, np.arange(len(moves))] = tried_y
        columns_v[places, np.arange(len(moves))] = tried_v
        estimate, se = _pooled(columns_y, columns_v, method)
        inner = side * estimate - margin * se
        best = int(np.argmin(inner) if significant else np.argmax(inner))
        study, arm, change = moves[best]
        counts[arm, study] += change
        y, v = columns_y[:, [best]], columns_v[:, [best]]
        after = float(_p(estimate[[best]], se[[best]])[0])
        changes.append((names[study], arm + 1, change))
    turned = (after < alpha) != significant
    index = len(changes) if turned else None
    quotient = len(changes) / float(totals.sum()) if turned else None
    return Fragility(
        index, bool(significant), quotient, float(before[0]), float(after), tuple(changes), studies.cautions
    )


def _moves(counts: FloatArray, totals: FloatArray) -> list[tuple[int, int, int]]:
    """Return every possible change of one event: study, arm, -1 or 1."""
    return [
        (study, arm, change)
        for study in range(counts.shape[1])
        for arm in (0, 1)
        for change in (-1, 1)
        if 0 <= counts[arm, study] + change <= totals[arm, study]
    ]


def _tried(
    measure: Literal["OR", "RR", "RD"], counts: FloatArray, totals: FloatArray, moves: list[tuple[int, int, int]]
) -> tuple[FloatArray, FloatArray]:
    """Return the changed study's estimate and variance after each change."""
    places = [study for study, _, _ in moves]
    changed = counts[:, places]
    changed[[arm for _, arm, _ in moves], np.arange(len(moves))] += [change for _, _, change in moves]
    found = effect_sizes(measure, ai=changed[0], n1i=totals[0, places], ci=changed[1], n2i=totals[1, places])
    none = math.nan
    return (
        np.array([none if effect.yi is None else effect.yi for effect in found]),
        np.array([none if effect.vi is None else effect.vi for effect in found]),
    )


def _pooled(y: FloatArray, v: FloatArray, method: Method) -> tuple[FloatArray, FloatArray]:
    found = kernels.fit(kernels.arrange(y, v), None if method == "ee" else method)
    return found.estimate, found.se


def _p(estimate: FloatArray, se: FloatArray) -> FloatArray:
    return np.asarray(special.erfc(np.abs(estimate) / se / math.sqrt(2)))
