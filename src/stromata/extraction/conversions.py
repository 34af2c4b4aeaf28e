"""Statistics worked out from other statistics, each as a `Step` that can be done again.

`CONVERSIONS` lists what there is. Inputs and outputs are numbers with names; whatever had to be assumed stands in the
step as a sentence. What a reader must be warned of is told by `cautions`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from scipy import special

from stromata.errors import InvalidInput
from stromata.extraction import quantiles
from stromata.model import Caution, Step

Outputs = dict[str, float]
Inputs = Mapping[str, float]

REPLAY_TOLERANCE = 1e-9
"""Relative difference up to which a repeated conversion counts as the same: rounding of sums, not of methods."""

_DAYS = {"days": 1.0, "weeks": 7.0, "months": 30.4375, "years": 365.25}
"""Days in each unit of time; a month is a twelfth of a year of 365.25 days."""

_UNITS: tuple[tuple[str, str, float], ...] = (
    ("mg/dL", "mg/L", 10.0),  # C-reactive protein: a decilitre is a tenth of a litre
    ("g/24h", "mg/24h", 1000.0),  # proteinuria per day
    ("g/L", "mg/dL", 100.0),  # proteins in serum
    ("%", "proportion", 0.01),
)
"""From, to, and by what a value, and its standard deviation, is multiplied; the way back divides."""

_HANDBOOK = "Cochrane Handbook 6.4, section {}, training.cochrane.org/handbook"


@dataclass(frozen=True, slots=True)
class Input:
    """One number that a conversion takes, and what it may be. Limits that are None do not hold.

    Attributes
    ----------
    above, below : the value must lie beyond these; `low` and `high` may be reached.
    default : taken when the input is left out; None for an input that is required, or may be missing if `optional`.
    """

    name: str
    text: str
    low: float | None = None
    high: float | None = None
    above: float | None = None
    below: float | None = None
    whole: bool = False
    optional: bool = False
    default: float | None = None


@dataclass(frozen=True, slots=True)
class Conversion:
    """One way to get a statistic from others.

    Attributes
    ----------
    work : from checked inputs to outputs and the sentences that say what was assumed.
    repeated : inputs named here come in numbered sets (``n1, mean1, sd1, n2 ...``), at least two of them.
    """

    name: str
    text: str
    inputs: tuple[Input, ...]
    source: str
    work: Callable[[Inputs], tuple[Outputs, tuple[str, ...]]]
    repeated: bool = False


def convert(method: str, **inputs: float) -> Step:
    """Work out statistics from others by the method named.

    Parameters
    ----------
    method : a name in `CONVERSIONS`.
    inputs : what the method takes; see its `inputs`.

    Returns
    -------
    A step with inputs, outputs, assumptions and source. Defaults that were used stand among the inputs.

    Raises
    ------
    InvalidInput
        Unknown method; an input that is missing, unknown, not finite or out of range; or numbers that cannot be true
        together.

    Examples
    --------
    >>> step = convert("se-to-sd", se=1.37, n=25)
    >>> step.outputs
    (('sd', 6.85),)
    """
    conversion = CONVERSIONS.get(method)
    if conversion is None:
        raise InvalidInput(f"there is no conversion {method!r}; there are {', '.join(CONVERSIONS)}")
    checked = _checked(conversion, inputs)
    try:
        outputs, assumptions = conversion.work(checked)
    except (OverflowError, ZeroDivisionError) as error:
        raise InvalidInput(f"{method}: the numbers are too large or too small to compute with") from error
    wrong = [f"{name} {value}" for name, value in outputs.items() if not math.isfinite(value)]
    if wrong:
        raise InvalidInput(f"{method} gives {', '.join(wrong)}; the numbers given cannot be right together")
    return Step(method, tuple(checked.items()), tuple(outputs.items()), assumptions, conversion.source)


def replay(step: Step) -> Step:
    """Do a step again, and return it as it comes out now.

    The whole step is compared: inputs, assumptions and source exactly, outputs within a relative 1e-9. A sentence that
    was altered, left out or added is found as surely as a number. The words of a conversion are therefore part of it:
    a version that words an assumption or a source anew must go on accepting what earlier versions recorded.

    Raises
    ------
    InvalidInput
        Anything of the step differs from what was recorded, or the inputs are refused.
    """
    again = convert(step.method, **dict(step.inputs))
    if again.inputs != step.inputs:
        raise InvalidInput(f"{step.method} takes {_listed(again.inputs)}; recorded were {_listed(step.inputs)}")
    _same_outputs(step, again)
    if again.assumptions != step.assumptions:
        now, then = " ".join(again.assumptions) or "nothing", " ".join(step.assumptions) or "nothing"
        raise InvalidInput(f"{step.method} assumes now: {now} Recorded was: {then}")
    if again.source != step.source:
        raise InvalidInput(f"{step.method} has the source {again.source!r}; recorded was {step.source!r}")
    return again


def _listed(numbers: tuple[tuple[str, float], ...]) -> str:
    return ", ".join(f"{name} {value!r}" for name, value in numbers) or "nothing"


def _same_outputs(step: Step, again: Step) -> None:
    then, now = [name for name, _ in step.outputs], [name for name, _ in again.outputs]
    if then != now:
        raise InvalidInput(f"{step.method} gives {', '.join(now)} now; recorded were {', '.join(then) or 'no outputs'}")
    for (name, was), (_, value) in zip(step.outputs, again.outputs, strict=True):
        if not math.isclose(value, was, rel_tol=REPLAY_TOLERANCE, abs_tol=1e-300):
            raise InvalidInput(f"{step.method} gives {name} {value!r} now; recorded was {was!r}")


def cautions(step: Step) -> tuple[Caution, ...]:
    """Return what a reader of a result must be told about a step that went into it."""
    rule = _CAUTIONS.get(step.method)
    return tuple(rule(step)) if rule else ()


def _checked(conversion: Conversion, given: Inputs) -> dict[str, float]:
    """Return the inputs in the order in which they are declared, defaults filled in."""
    inputs = _numbered(conversion, given) if conversion.repeated else conversion.inputs
    known = [item.name for item in inputs]
    unknown = [name for name in given if name not in known]
    if unknown:
        raise InvalidInput(f"{conversion.name} does not take {', '.join(unknown)}; it takes {', '.join(known)}")
    checked: dict[str, float] = {}
    for item in inputs:
        value = given.get(item.name, item.default)
        if value is None:
            if item.optional:
                continue
            raise InvalidInput(f"{conversion.name} needs {item.name} ({item.text})")
        checked[item.name] = float(value)
        _check(conversion.name, item, checked[item.name])
    return checked


def _numbered(conversion: Conversion, given: Inputs) -> tuple[Input, ...]:
    """Return one set of inputs for each number that the given names end in, at least two sets."""
    last = max((int(found.group()) for name in given if (found := re.search(r"\d+$", name))), default=2)
    if last > 1000:  # a slip of the pen should not make a thousand messages
        raise InvalidInput(f"{conversion.name} takes at most 1000 groups; {last} were named")
    numbers = range(1, max(last, 2) + 1)
    return tuple(
        Input(f"{item.name}{number}", item.text, item.low, item.high, item.above, item.below, item.whole)
        for number in numbers
        for item in conversion.inputs
    )


def _check(method: str, item: Input, value: float) -> None:
    allowed = []
    if item.above is not None:
        allowed.append((value > item.above, f"more than {item.above:g}"))
    if item.low is not None:
        allowed.append((value >= item.low, f"{item.low:g} or more"))
    if item.below is not None:
        allowed.append((value < item.below, f"less than {item.below:g}"))
    if item.high is not None:
        allowed.append((value <= item.high, f"at most {item.high:g}"))
    if item.whole:
        allowed.append((value.is_integer(), "a whole number"))
    allowed.append((math.isfinite(value), "a finite number"))
    if not all(holds for holds, _ in allowed):
        words = " and ".join(text for _, text in allowed[:-1]) or allowed[-1][1]
        raise InvalidInput(f"{method}: {item.name} is {value:g}; allowed: {words}")


# -- standard errors -----------------------------------------------------------------------------------------------


def _critical(tails: float, df: float | None) -> float:
    """Return the statistic that is exceeded, to either side, with probability `tails`."""
    if df is None:
        return -float(special.ndtri(tails / 2))
    # Through the incomplete beta function, which keeps all digits for the smallest p-values.
    x = float(special.betaincinv(df / 2, 0.5, tails))
    return math.sqrt(df * (1 - x) / x)


def _df(given: Inputs) -> tuple[float | None, str]:
    """Return degrees of freedom, None for the normal distribution, and the sentence that says which was taken."""
    if "df" in given and "n" in given:
        raise InvalidInput("n and df were both given; allowed: n for one group's mean, or df, which says more")
    if "df" in given:
        return given["df"], f"The value comes from Student's t distribution with {given['df']:g} degrees of freedom."
    if "n" in given:
        df = given["n"] - 1
        return df, f"The value comes from Student's t distribution with n - 1 = {df:g} degrees of freedom."
    return None, "The value comes from a normal distribution; no number of people or degrees of freedom was given."


def _se_to_sd(given: Inputs) -> tuple[Outputs, tuple[str, ...]]:
    return {"sd": given["se"] * math.sqrt(given["n"])}, ()


def _sd_to_se(given: Inputs) -> tuple[Outputs, tuple[str, ...]]:
    return {"se": given["sd"] / math.sqrt(given["n"])}, ()


def _ci_to_se(given: Inputs) -> tuple[Outputs, tuple[str, ...]]:
    low, high = given["ci_low"], given["ci_high"]
    if low >= high:
        raise InvalidInput(f"ci-to-se: ci_high is {high:g}; allowed: more than ci_low, {low:g}")
    df, which = _df(given)
    half = (high - low) / 2
    said = [which]
    if "estimate" in given:
        off = given["estimate"] - (low + high) / 2
        if abs(off) >= half:
            raise InvalidInput(f"ci-to-se: estimate is {given['estimate']:g}; allowed: between {low:g} and {high:g}")
        if abs(off) > half / 10:
            said.append(
                "The interval is not symmetrical about the estimate; it may have been made on another scale or by "
                "another "
                "method, and the standard error is then wrong."
            )
    return {"se": half / _critical(1 - given["level"], df)}, tuple(said)


def _ci_to_sd(given: Inputs) -> tuple[Outputs, tuple[str, ...]]:
    se, said = _ci_to_se(given)
    return {"se": se["se"], "sd": se["se"] * math.sqrt(given["n"])}, said


def _ratio_ci_to_se(given: Inputs) -> tuple[Outputs, tuple[str, ...]]:
    logs = {name: math.log(given[name]) for name in ("ci_low", "ci_high", "estimate") if name in given}
    outputs, said = _ci_to_se({**logs, "level": given["level"]})
    centre = logs.get("estimate", (logs["ci_low"] + logs["ci_high"]) / 2)
    return {"log_estimate": centre, **outputs}, ("The interval was made on the log scale.", *said)


def _p_to_se(given: Inputs) -> tuple[Outputs, tuple[str, ...]]:
    if given["estimate"] == 0:
        raise InvalidInput(
            "p-to-se: estimate is 0; allowed: any other number, as an estimate of 0 tells nothing of its error"
        )
    df, which = _df(given)
    return {"se": abs(given["estimate"]) / _critical(given["p"], df)}, (
        which,
        "The p-value is two-sided, exact as printed, and from a test of this estimate.",
    )


def _ratio_p_to_se(given: Inputs) -> tuple[Outputs, tuple[str, ...]]:
    estimate = math.log(given["ratio"])
    outputs, said = _p_to_se({**given, "estimate": estimate})
    return {"log_estimate": estimate, **outputs}, ("The test was made on the log scale.", *said)


def _t_to_se(given: Inputs) -> tuple[Outputs, tuple[str, ...]]:
    if given["t"] == 0 or given["estimate"] == 0:
        raise InvalidInput("t-to-se: estimate and t must not be 0, as 0 tells nothing of the error")
    return {"se": abs(given["estimate"] / given["t"])}, ("The t-value is from a test of this estimate.",)


def _f_to_se(given: Inputs) -> tuple[Outputs, tuple[str, ...]]:
    if given["estimate"] == 0:
        raise InvalidInput("f-to-se: estimate is 0; allowed: any other number, as 0 tells nothing of the error")
    return {"se": abs(given["estimate"]) / math.sqrt(given["f"])}, (
        "The F-value compares two groups only (one degree of freedom above), so that it is the square of t.",
    )


def _se_of_difference_to_sd(given: Inputs) -> tuple[Outputs, tuple[str, ...]]:
    sd = given["se"] / math.sqrt(1 / given["n1"] + 1 / given["n2"])
    return {"sd": sd}, ("Both groups have the same standard deviation.",)


# -- quantiles -----------------------------------------------------------------------------------------------------


def _sample(given: Inputs) -> quantiles.Quantiles:
    return quantiles.Quantiles(
        n=int(given["n"]),
        median=given["median"],
        min=given.get("min"),
        q1=given.get("q1"),
        q3=given.get("q3"),
        max=given.get("max"),
    )


def _quantiles_normal(given: Inputs) -> tuple[Outputs, tuple[str, ...]]:
    sample = _sample(given)
    said = f"The values are from a normal distribution (scenario {sample.scenario})."
    return {"mean": quantiles.normal_mean(sample), "sd": quantiles.normal_sd(sample)}, (said,)


def _quantiles_box_cox(given: Inputs) -> tuple[Outputs, tuple[str, ...]]:
    mean, sd, power = quantiles.box_cox(_sample(given))
    return {"mean": mean, "sd": sd, "power": power}, ("A power of the values is normally distributed.",)


def _quantiles_fitted(given: Inputs) -> tuple[Outputs, tuple[str, ...]]:
    mean, sd, name = quantiles.fitted(_sample(given))
    said = f"The values are from a {name} distribution, the closest of those tried."
    return {"mean": mean, "sd": sd}, (said,)


# -- change from baseline ------------------------------------------------------------------------------------------


def _final_to_change(given: Inputs) -> tuple[Outputs, tuple[str, ...]]:
    before, after, r = given["sd_baseline"], given["sd_final"], given["correlation"]
    variance = before**2 + after**2 - 2 * r * before * after
    if variance <= 0:
        raise InvalidInput(f"final-to-change: a correlation of {r:g} leaves no variation of the change; allowed: less")
    return {"change_mean": given["mean_final"] - given["mean_baseline"], "change_sd": math.sqrt(variance)}, (
        f"Baseline and final values are correlated with r = {r:g}.",
        "The same people were measured both times.",
    )


def _change_correlation(given: Inputs) -> tuple[Outputs, tuple[str, ...]]:
    before, after, change = given["sd_baseline"], given["sd_final"], given["sd_change"]
    r = (before**2 + after**2 - change**2) / (2 * before * after)
    if not -1 <= r <= 1:
        low, high = abs(before - after), before + after
        raise InvalidInput(
            f"change-correlation: sd_change is {change:g}; allowed with these two: {low:g} to {high:g}",
            hint="Is one of the three a standard error?",
        )
    return {"correlation": r}, ("All three standard deviations are of the same people.",)


# -- groups --------------------------------------------------------------------------------------------------------


def _sets(given: Inputs) -> Iterator[dict[str, float]]:
    """Yield the numbered sets of inputs without their numbers."""
    found: dict[int, dict[str, float]] = {}
    for name, value in given.items():
        stem = name.rstrip("0123456789")
        found.setdefault(int(name[len(stem) :]), {})[stem] = value
    yield from (found[number] for number in sorted(found))


def _combine_groups(given: Inputs) -> tuple[Outputs, tuple[str, ...]]:
    groups = list(_sets(given))
    for number, group in enumerate(groups, start=1):
        if group["n"] == 1 and group["sd"] > 0:
            raise InvalidInput(
                f"combine-groups: sd{number} is {group['sd']:g} with n{number} = 1; allowed for one person: 0, as one "
                "value has no spread",
                hint="Is the number of people right? Leave the SD of a single person at 0.",
            )
    n = sum(group["n"] for group in groups)
    mean = math.fsum(group["n"] * group["mean"] for group in groups) / n
    within = math.fsum((group["n"] - 1) * group["sd"] ** 2 for group in groups)
    between = math.fsum(group["n"] * (group["mean"] - mean) ** 2 for group in groups)
    return {"n": n, "mean": mean, "sd": math.sqrt((within + between) / (n - 1))}, ()


def _combine_events(given: Inputs) -> tuple[Outputs, tuple[str, ...]]:
    groups = list(_sets(given))
    for group in groups:
        _at_most("combine-events", group)
    return {name: sum(group[name] for group in groups) for name in ("events", "total")}, ()


def _combine_rates(given: Inputs) -> tuple[Outputs, tuple[str, ...]]:
    groups = list(_sets(given))
    return {name: sum(group[name] for group in groups) for name in ("events", "time")}, ()


def _ratio_to_log(given: Inputs) -> tuple[Outputs, tuple[str, ...]]:
    return {"log_estimate": math.log(given["ratio"])}, ()


def _at_most(method: str, group: Inputs) -> None:
    if group["events"] > group["total"]:
        raise InvalidInput(f"{method}: events is {group['events']:g}; allowed: at most the total, {group['total']:g}")


def _split_group(given: Inputs) -> tuple[Outputs, tuple[str, ...]]:
    parts = int(given["parts"])
    _room("split-group", given["n"], parts)
    shares = _shares(int(given["n"]), parts)
    outputs = {f"n{number}": float(share) for number, share in enumerate(shares, start=1)}
    return outputs, ("Each part keeps the mean and standard deviation of the whole group.",)


def _split_events(given: Inputs) -> tuple[Outputs, tuple[str, ...]]:
    parts = int(given["parts"])
    _at_most("split-events", given)
    _room("split-events", given["total"], parts)
    outputs: Outputs = {}
    totals, events = _shares(int(given["total"]), parts), _shares(int(given["events"]), parts)
    for number, (total, event) in enumerate(zip(totals, events, strict=True), start=1):
        outputs[f"events{number}"], outputs[f"total{number}"] = float(event), float(total)
    return outputs, ("Events are spread evenly over the parts, in whole people; a remainder goes to the first parts.",)


def _room(method: str, people: float, parts: int) -> None:
    if parts > people:
        raise InvalidInput(f"{method}: parts is {parts}; allowed: at most the number of people, {people:g}")


def _shares(whole: int, parts: int) -> list[int]:
    return [whole // parts + (number < whole % parts) for number in range(parts)]


def _cluster(given: Inputs) -> tuple[Outputs, tuple[str, ...]]:
    effect = 1 + (given["cluster_size"] - 1) * given["icc"]
    outputs = {"design_effect": effect, "n_effective": given["n"] / effect}
    if "events" in given:
        _at_most("cluster-effective-size", {"events": given["events"], "total": given["n"]})
        outputs["events_effective"] = given["events"] / effect
    return outputs, (
        f"People of one cluster are alike with an intracluster correlation of {given['icc']:g}.",
        "All clusters are of about the same size.",
    )


# -- counts from percentages ---------------------------------------------------------------------------------------


def possible_events(percent: float, total: int, *, decimals: int) -> tuple[int, ...]:
    """Return every number of events out of `total` that is printed as `percent` at so many decimals, in order.

    A percentage that lies halfway between two printed values fits both: programs round such values either way.

    Examples
    --------
    >>> possible_events(47.1, 17, decimals=1)
    (8,)
    >>> possible_events(33, 500, decimals=0)
    (163, 164, 165, 166, 167)
    """
    half = 0.5 * 10.0**-decimals * (1 + 1e-9) + 1e-9
    low, high = math.ceil((percent - half) * total / 100), math.floor((percent + half) * total / 100)
    return tuple(range(max(low, 0), min(high, total) + 1))


def _percent_to_events(given: Inputs) -> tuple[Outputs, tuple[str, ...]]:
    percent, total, decimals = given["percent"], int(given["total"]), _decimals(given)
    fitting = possible_events(percent, total, decimals=decimals)
    nearest = min(max(math.floor(percent * total / 100 + 0.5), 0), total)
    if not fitting:
        raise InvalidInput(
            f"percent-to-events: no count out of {total} is printed as {percent:.{decimals}f} %; the nearest is "
            f"{nearest}, "
            f"which is {100 * nearest / total:.{decimals}f} %",
            hint="Look for another denominator (completers, a subgroup), or for a different number of printed "
            "decimals.",
        )
    events = min(fitting, key=lambda count: abs(count - percent * total / 100))
    outputs = {"events": float(events)}
    noun = "decimal" if decimals == 1 else "decimals"
    said = [f"The percentage was printed with {decimals} {noun}, and refers to all {total} people."]
    if "decimals" not in given:
        said.append("The number of decimals was taken from the number itself, in which zeros at the end are lost.")
    if len(fitting) > 1:
        outputs |= {"events_min": float(fitting[0]), "events_max": float(fitting[-1])}
        said.append(f"Every count from {fitting[0]} to {fitting[-1]} is printed so; the nearest was taken.")
    return outputs, tuple(said)


def _decimals(given: Inputs) -> int:
    """Return how many decimals were printed; where that was not said, as many as the number has."""
    if "decimals" in given:
        return int(given["decimals"])
    return printed_decimals(f"{given['percent']:.6f}".rstrip("0"))


def printed_decimals(text: str) -> int:
    """Return how many decimals a number was printed with: 1 for ``47.1``, 2 for ``25.00 %``, 0 for ``25``."""
    found = re.search(r"\d[.,·](\d+)", text)
    return len(found.group(1)) if found else 0


# -- units ---------------------------------------------------------------------------------------------------------


def _units() -> Iterator[Conversion]:
    """Yield one conversion for each pair of units, both ways."""
    factors = {(one, other): factor for one, other, factor in _UNITS}
    factors |= {(other, one): 1 / factor for one, other, factor in _UNITS}
    factors |= {(one, other): a / b for one, a in _DAYS.items() for other, b in _DAYS.items() if one != other}
    for (one, other), factor in factors.items():
        said = ("A month is a twelfth of 365.25 days.",) if {"months", "years"} & {one, other} else ()
        text = f"A value in {one} as one in {other}; a standard deviation likewise."
        yield Conversion(
            f"{one}-to-{other}", text, (Input("value", f"in {one}"),), "definition of the units", _scaled(factor, said)
        )


def _scaled(factor: float, said: tuple[str, ...]) -> Callable[[Inputs], tuple[Outputs, tuple[str, ...]]]:
    def work(given: Inputs) -> tuple[Outputs, tuple[str, ...]]:
        # Dividing by 10 is exact where multiplying by 0.1 is not.
        value = given["value"]
        return {"value": value * factor if factor >= 1 else value / (1 / factor)}, said

    return work


# -- the table -----------------------------------------------------------------------------------------------------

_N = Input("n", "people measured", low=2, whole=True)
_SE = Input("se", "standard error", above=0)
_SD = Input("sd", "standard deviation", above=0)
_LEVEL = Input("level", "coverage of the interval", above=0, below=1, default=0.95)
_OPTIONAL_N = Input("n", "people measured; the t distribution is then taken", low=2, whole=True, optional=True)
_DF = Input("df", "degrees of freedom, such as n1 + n2 - 2 for a difference", above=0, optional=True)
_LIMITS = (Input("ci_low", "lower limit"), Input("ci_high", "upper limit"))
_RATIO_LIMITS = (Input("ci_low", "lower limit", above=0), Input("ci_high", "upper limit", above=0))
_ESTIMATE = Input("estimate", "estimate, on the scale of the test")
_MIDDLE = Input("estimate", "estimate, to check the symmetry", optional=True)
_P = Input("p", "two-sided p-value, exact", above=0, below=1)
_QUANTILES = (
    Input("n", "people measured", low=quantiles.SMALLEST_SAMPLE, whole=True),
    Input("min", "smallest value", optional=True),
    Input("q1", "first quartile", optional=True),
    Input("median", "median"),
    Input("q3", "third quartile", optional=True),
    Input("max", "largest value", optional=True),
)
_BASELINE = (
    Input("sd_baseline", "standard deviation at baseline", above=0),
    Input("sd_final", "standard deviation of final values", above=0),
)
_COUNTS = (Input("events", "people with the event", low=0, whole=True), Input("total", "people", low=1, whole=True))
_PARTS = Input("parts", "comparisons that share the group", low=2, whole=True)
_MCGRATH = "McGrath 2020, {}, 10.1177/0962280219889080"


def _chapter(section: str) -> str:
    return _HANDBOOK.format(section)


_LIST: tuple[Conversion, ...] = (
    Conversion("se-to-sd", "SD of a group from the SE of its mean.", (_SE, _N), _chapter("6.5.2.2"), _se_to_sd),
    Conversion("sd-to-se", "SE of a mean from the SD of the group.", (_SD, _N), _chapter("6.5.2.2"), _sd_to_se),
    Conversion(
        "ci-to-se",
        "SE from the confidence interval of a mean or a difference.",
        (*_LIMITS, _LEVEL, _OPTIONAL_N, _DF, _MIDDLE),
        _chapter("6.3.1"),
        _ci_to_se,
    ),
    Conversion(
        "ci-to-sd",
        "SD of a group from the confidence interval of its mean.",
        (*_LIMITS, _N, _LEVEL, _MIDDLE),
        _chapter("6.5.2.2"),
        _ci_to_sd,
    ),
    Conversion(
        "ratio-ci-to-se",
        "Log of a ratio and its SE from the ratio's confidence interval.",
        (
            *_RATIO_LIMITS,
            _LEVEL,
            Input("estimate", "the ratio; else the middle of the interval", above=0, optional=True),
        ),
        _chapter("6.3.2"),
        _ratio_ci_to_se,
    ),
    Conversion("p-to-se", "SE of an estimate from its p-value.", (_ESTIMATE, _P, _DF), _chapter("6.3.1"), _p_to_se),
    Conversion(
        "ratio-p-to-se",
        "Log of a ratio and its SE from the p-value.",
        (Input("ratio", "ratio", above=0), _P, _DF),
        _chapter("6.3.2"),
        _ratio_p_to_se,
    ),
    Conversion(
        "t-to-se",
        "SE of an estimate from its t-value.",
        (_ESTIMATE, Input("t", "t-value")),
        _chapter("6.5.2.3"),
        _t_to_se,
    ),
    Conversion(
        "f-to-se",
        "SE of a difference from the F-value that compares two groups.",
        (_ESTIMATE, Input("f", "F-value", above=0)),
        _chapter("6.5.2.3"),
        _f_to_se,
    ),
    Conversion(
        "se-of-difference-to-sd",
        "SD within the groups from the SE of the difference of their means.",
        (_SE, Input("n1", "people in one group", low=1, whole=True), Input("n2", "in the other", low=1, whole=True)),
        _chapter("6.5.2.3"),
        _se_of_difference_to_sd,
    ),
    Conversion(
        "quantiles-to-mean-sd",
        "Mean and SD from median with quartiles, range or both, for normal data.",
        _QUANTILES,
        "mean: Luo 2018, 10.1177/0962280216669183; SD: Wan 2014, 10.1186/1471-2288-14-135",
        _quantiles_normal,
    ),
    Conversion(
        "quantiles-to-mean-sd-box-cox",
        "The same for skewed data, through a power transformation; refuses much of it, and is low for quartiles.",
        _QUANTILES,
        _MCGRATH.format("Box-Cox method"),
        _quantiles_box_cox,
    ),
    Conversion(
        "quantiles-to-mean-sd-fitted",
        "The same for skewed data, from the distribution that fits best; the first choice with quartiles.",
        _QUANTILES,
        _MCGRATH.format("quantile estimation method"),
        _quantiles_fitted,
    ),
    Conversion(
        "final-to-change",
        "Mean and SD of the change from baseline and final values.",
        (
            Input("mean_baseline", "mean at baseline"),
            _BASELINE[0],
            Input("mean_final", "mean of final values"),
            _BASELINE[1],
            Input("correlation", "between baseline and final values", low=-1, high=1),
        ),
        _chapter("6.5.2.8"),
        _final_to_change,
    ),
    Conversion(
        "change-correlation",
        "The correlation of baseline and final values, from a study that reports all three SDs.",
        (*_BASELINE, Input("sd_change", "standard deviation of the change", above=0)),
        _chapter("6.5.2.8"),
        _change_correlation,
    ),
    Conversion(
        "combine-groups",
        "Number, mean and SD of several groups taken together.",
        (Input("n", "people", low=1, whole=True), Input("mean", "mean"), Input("sd", "standard deviation", low=0)),
        _chapter("6.5.2.10"),
        _combine_groups,
        repeated=True,
    ),
    Conversion(
        "combine-events",
        "Events of several groups together.",
        _COUNTS,
        _chapter("23.3.4"),
        _combine_events,
        repeated=True,
    ),
    Conversion(
        "combine-rates",
        "Events and person-time of several groups together.",
        (_COUNTS[0], Input("time", "time at risk, in the same unit for all", above=0)),
        "arithmetic",
        _combine_rates,
        repeated=True,
    ),
    Conversion(
        "ratio-to-log",
        "The logarithm of a ratio, beside a standard error that is one of the logarithm.",
        (Input("ratio", "ratio", above=0),),
        "arithmetic",
        _ratio_to_log,
    ),
    Conversion(
        "split-group",
        "A control group with means, shared out among several comparisons.",
        (Input("n", "people in the shared group", low=2, whole=True), _PARTS),
        _chapter("23.3.4"),
        _split_group,
    ),
    Conversion(
        "split-events",
        "A control group with events, shared out among several comparisons.",
        (*_COUNTS, _PARTS),
        _chapter("23.3.4"),
        _split_events,
    ),
    Conversion(
        "cluster-effective-size",
        "People, and events, that a cluster trial is worth.",
        (
            Input("n", "people in the group", low=1, whole=True),
            Input("cluster_size", "people per cluster, on average", low=1),
            Input("icc", "intracluster correlation", low=0, high=1),
            Input("events", "people with the event", low=0, whole=True, optional=True),
        ),
        "Cochrane Handbook 5.1, section 16.3.4, handbook-5-1.cochrane.org",
        _cluster,
    ),
    Conversion(
        "percent-to-events",
        "The count that a printed percentage stands for.",
        (
            Input("percent", "percentage as printed", low=0, high=100),
            _COUNTS[1],
            Input("decimals", "decimals printed", low=0, high=6, whole=True, optional=True),
        ),
        "arithmetic",
        _percent_to_events,
    ),
    *_units(),
)

CONVERSIONS: Mapping[str, Conversion] = {item.name: item for item in _LIST}
"""All conversions by name, in the order of the reference page."""


# -- cautions ------------------------------------------------------------------------------------------------------


def _about_percent(step: Step) -> Iterator[Caution]:
    outputs, inputs = dict(step.outputs), dict(step.inputs)
    yield Caution(
        "events-from-percent",
        f"The count {outputs['events']:g} of {inputs['total']:g} was worked out from a printed percentage, not read.",
    )
    if "events_max" in outputs:
        yield Caution(
            "events-not-unique",
            f"Every count from {outputs['events_min']:g} to {outputs['events_max']:g} of {inputs['total']:g} is "
            f"printed as "
            f"{inputs['percent']:.{_decimals(inputs)}f} %. The nearest was taken; the others fit as well.",
        )


def _about_quantiles(step: Step) -> Iterator[Caution]:
    yield Caution(
        "mean-from-quantiles",
        "A mean and standard deviation were worked out from a median and quartiles or range. They are less certain "
        "than reported ones, and the study's weight is somewhat too large.",
    )
    sample = _sample(dict(step.inputs))
    told = {
        "quantiles-to-mean-sd": quantiles.skewness_caution,
        "quantiles-to-mean-sd-box-cox": quantiles.box_cox_caution,
        "quantiles-to-mean-sd-fitted": quantiles.fitted_caution,
    }[step.method](sample)
    if told:
        yield told


def _about_change(step: Step) -> Iterator[Caution]:
    yield Caution(
        "correlation-assumed",
        f"The spread of the change rests on an assumed correlation of {dict(step.inputs)['correlation']:g} between "
        f"baseline "
        "and final values. Try others.",
    )


def _about_p(_: Step) -> Iterator[Caution]:
    yield Caution(
        "error-from-p",
        "A standard error was worked out from a p-value. It is only as exact as the digits that were printed.",
    )


def _about_clusters(step: Step) -> Iterator[Caution]:
    yield Caution(
        "clusters-approximate",
        f"Numbers of a cluster trial were reduced by an intracluster correlation of {dict(step.inputs)['icc']:g}. "
        "The result is approximate.",
    )


_CAUTIONS: dict[str, Callable[[Step], Iterator[Caution]]] = {
    "percent-to-events": _about_percent,
    "quantiles-to-mean-sd": _about_quantiles,
    "quantiles-to-mean-sd-box-cox": _about_quantiles,
    "quantiles-to-mean-sd-fitted": _about_quantiles,
    "final-to-change": _about_change,
    "p-to-se": _about_p,
    "ratio-p-to-se": _about_p,
    "cluster-effective-size": _about_clusters,
}
