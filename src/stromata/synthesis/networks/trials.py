"""Trials of a network: arms or contrasts read, checked and brought to one form; and which treatments hang together.

A trial with a arms is kept as a - 1 effects against its first arm with their (a - 1, a - 1) covariance matrix. That is
all its arms say of differences between treatments; every other contrast of the trial follows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from stromata.errors import InvalidInput
from stromata.model import Caution
from stromata.synthesis.intervals import FloatArray
from stromata.synthesis.study_set import frozen

Column: TypeAlias = npt.ArrayLike | None

ARM_MEASURES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "OR": ("PLO", {"xi": "events", "ni": "n"}),
    "RR": ("PLN", {"xi": "events", "ni": "n"}),
    "RD": ("PR", {"xi": "events", "ni": "n"}),
    "AS": ("PAS", {"xi": "events", "ni": "n"}),
    "IRR": ("IRLN", {"xi": "events", "ti": "time"}),
    "IRD": ("IR", {"xi": "events", "ti": "time"}),
    "MD": ("MN", {"mi": "mean", "sdi": "sd", "ni": "n"}),
    "ROM": ("MNLN", {"mi": "mean", "sdi": "sd", "ni": "n"}),
}
"""Measures that are differences of one number per arm: that number's own measure, and its columns."""

SMD_COLUMNS = {"mi": "mean", "sdi": "sd", "ni": "n"}
NEED_EVENTS = frozenset({"OR", "RR", "IRR"})
"""Ratios: a trial without an event in any arm says nothing about them."""

_AGREE = 0.1
"""Standard errors by which the contrasts of one multi-arm trial may disagree, as rounding in print makes them."""
_EXACT = 1e-6
"""The same, below which nothing is said."""
_NAMED = 8
"""Studies of a part that an error names before it only counts them."""
_LARGEST = 1e100
"""Size of a number above which squares leave the range of a double."""


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One trial.

    Attributes
    ----------
    label : its name.
    arms : places of its treatments in the network's list, ascending.
    y : (a - 1,) effects of the second and later arms minus the first.
    v : (a - 1, a - 1) their covariance matrix, positive definite.
    n : people per arm; empty when they are not known.
    studies : how many it stands for: several where studies of the same arms were pooled before, as by Mantel-Haenszel.
    adjusted : something was added to its cells, because an arm had no events (or events only).
    """

    label: str
    arms: tuple[int, ...]
    y: FloatArray
    v: FloatArray
    n: tuple[float, ...] = ()
    studies: int = 1
    adjusted: bool = False

    def contrast(self, first: int, second: int) -> tuple[float, float]:
        """Return effect and variance of treatment `first` minus `second`, both among the arms."""
        weights = np.zeros(len(self.arms))
        weights[self.arms.index(first)] = 1.0
        weights[self.arms.index(second)] -= 1.0
        return float(weights[1:] @ self.y), float(weights[1:] @ self.v @ weights[1:])

    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Return the pairs of its treatments, each ascending."""
        return tuple((a, b) for i, a in enumerate(self.arms) for b in self.arms[i + 1 :])


@dataclass(frozen=True, slots=True)
class Trials:
    """Trials with the names of all treatments in them, and what was done to the data."""

    treatments: tuple[str, ...]
    trials: tuple[Trial, ...]
    cautions: tuple[Caution, ...] = ()


def components(trials: Trials) -> tuple[tuple[str, ...], ...]:
    """Return the parts of the network between which there is no comparison, the largest first."""
    root = list(range(len(trials.treatments)))

    def find(i: int) -> int:
        while root[i] != i:
            root[i] = root[root[i]]
            i = root[i]
        return i

    for trial in trials.trials:
        for arm in trial.arms[1:]:
            root[find(arm)] = find(trial.arms[0])
    parts: dict[int, list[str]] = {}
    for i, name in enumerate(trials.treatments):
        parts.setdefault(find(i), []).append(name)
    return tuple(tuple(part) for part in sorted(parts.values(), key=len, reverse=True))


def connected(trials: Trials, component: str | None) -> Trials:
    """Return the trials of one connected network.

    Raises
    ------
    InvalidInput
        The network falls apart and `component` does not say which part to take; or it is not a treatment.
    """
    if component is not None and component not in trials.treatments:
        raise InvalidInput(f"no treatment {component!r}", hint=f"There are: {', '.join(trials.treatments)}.")
    parts = components(trials)
    if len(parts) == 1:
        return trials
    if component is None:
        shown = "; ".join(f"({i}) {_part(trials, part)}" for i, part in enumerate(parts, 1))
        raise InvalidInput(
            f"the network falls into {len(parts)} parts without a comparison between them: {shown}",
            hint="Different parts cannot be compared. Name one treatment as component to analyse its part.",
        )
    (part,) = (each for each in parts if component in each)
    others = [name for name in trials.treatments if name not in part]
    text = (
        f"The network falls into {len(parts)} parts without a comparison between them. Only the part with {component} "
        f"is analysed; nothing can be said here about {', '.join(others)}."
    )
    place = {trials.treatments.index(name): i for i, name in enumerate(part)}
    kept = tuple(
        replace(trial, arms=tuple(place[arm] for arm in trial.arms))
        for trial in trials.trials
        if trial.arms[0] in place
    )
    return Trials(part, kept, (*trials.cautions, Caution("part-of-network", text)))


def _part(trials: Trials, part: tuple[str, ...]) -> str:
    """Return the treatments of a part and the studies that compare them."""
    labels = [trial.label for trial in trials.trials if trials.treatments[trial.arms[0]] in part]
    more = f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else ""
    return f"{', '.join(part)} (in {', '.join(labels[:_NAMED])}{more})"


# Contrasts.


def from_contrasts(study: Sequence[object], treat1: Column, treat2: Column, te: Column, se: Column) -> Trials:
    """Return trials from contrasts `treat1` minus `treat2`; a trial with a arms gives all its a (a - 1) / 2 pairs.

    The covariances of a multi-arm trial follow from the variances of all its pairs. Contrasts that disagree by
    rounding are brought into line by weighted least squares.

    Raises
    ------
    InvalidInput
        Unequal lengths, a trial that compares a treatment with itself, gives a pair twice or leaves one out, a standard
        error that is not positive, contrasts or variances of one trial that contradict one another.

    References
    ----------
    Rücker and Schwarzer (2014), Statistics in Medicine 33, 4353-4369, for the weights of multi-arm trials.
    """
    first, second = names(treat1, "treat1", len(study)), names(treat2, "treat2", len(study))
    effects, errors = numbers(te, "TE", len(study)), numbers(se, "seTE", len(study))
    rows: dict[str, list[int]] = {}
    gone: dict[str, None] = {}
    for i, label in enumerate(map(str, study)):
        rows.setdefault(label, []).append(i)
        if math.isnan(effects[i]) or math.isnan(errors[i]):
            gone[label] = None
        elif not (abs(effects[i]) < _LARGEST and 1 / _LARGEST < errors[i] < _LARGEST):
            column, value = ("TE", effects[i]) if not abs(effects[i]) < _LARGEST else ("seTE", errors[i])
            raise InvalidInput(f"study {label}, {column} is {value:g}: effects are finite, standard errors above 0")
        if first[i] == second[i]:
            raise InvalidInput(f"study {label} compares {first[i]} with itself")
    used = {label: own for label, own in rows.items() if label not in gone}
    treatments = in_order({name for own in used.values() for i in own for name in (first[i], second[i])})
    place = {name: i for i, name in enumerate(treatments)}
    trials, rounded = [], []
    for label, own in used.items():
        pairs = [(place[first[i]], place[second[i]]) for i in own]
        trial, gap = _assembled(label, pairs, effects[own], errors[own] ** 2, treatments)
        trials.append(trial)
        if gap > _EXACT:
            rounded.append(label)
    return Trials(treatments, tuple(trials), (*_missing(gone), *_rounded(rounded)))


def _rounded(labels: list[str]) -> tuple[Caution, ...]:
    if not labels:
        return ()
    text = f"Contrasts of multi-arm studies do not add up exactly and were brought into line: {', '.join(labels)}."
    return (Caution("multi-arm-rounding", text),)


def _missing(gone: Mapping[str, None]) -> tuple[Caution, ...]:
    if not gone:
        return ()
    text = f"A contrast or an arm has no estimate or no standard error; left out: {', '.join(gone)}."
    return (Caution("effects-left-out", text),)


def _assembled(
    label: str, pairs: list[tuple[int, int]], te: FloatArray, variance: FloatArray, treatments: tuple[str, ...]
) -> tuple[Trial, float]:
    """Return a trial from its pairs, and by how many standard errors these disagree at most."""
    arms = tuple(sorted({arm for pair in pairs for arm in pair}))
    a = len(arms)
    expected = a * (a - 1) // 2
    if len({frozenset(pair) for pair in pairs}) != len(pairs):
        raise InvalidInput(f"study {label} gives a comparison twice", hint="Two studies need two names.")
    if len(pairs) != expected:
        raise InvalidInput(
            f"study {label} has {a} arms and {len(pairs)} comparisons; there must be all {expected}",
            hint="Give all pairs of a multi-arm study, or its arms: covariances cannot be known otherwise.",
        )
    where = {arm: i for i, arm in enumerate(arms)}
    ends = np.array([(where[one], where[other]) for one, other in pairs])
    if a == 2:
        sign = 1.0 if ends[0, 0] == 1 else -1.0
        return Trial(label, arms, frozen(sign * te), frozen(variance[:, None])), 0.0
    spread = np.zeros((a, a))
    spread[ends[:, 0], ends[:, 1]] = spread[ends[:, 1], ends[:, 0]] = variance
    v = (spread[1:, :1] + spread[:1, 1:] - spread[1:, 1:]) / 2
    smallest = float(np.linalg.eigvalsh(v)[0])
    if not smallest > 1e-10 * float(v.diagonal().max()):
        who = ", ".join(treatments[arm] for arm in arms)
        raise InvalidInput(
            f"study {label}, seTE: the standard errors of {who} contradict one another: no covariance matrix has them",
            hint="Check the standard errors of this multi-arm study, or give its arms.",
        )
    rows = np.zeros((len(pairs), a))
    rows[np.arange(len(pairs)), ends[:, 0]], rows[np.arange(len(pairs)), ends[:, 1]] = 1.0, -1.0
    precision = np.linalg.inv(v)
    laplacian = np.zeros((a, a))
    laplacian[1:, 1:] = precision
    laplacian[0, 1:] = laplacian[1:, 0] = -precision.sum(axis=0)
    weights = -laplacian[ends[:, 0], ends[:, 1]]
    y = v @ (rows[:, 1:].T @ (weights * te))
    gap = float((np.abs(rows[:, 1:] @ y - te) / np.sqrt(variance)).max())
    if gap > _AGREE:
        raise InvalidInput(
            f"study {label}, TE: its contrasts contradict one another by {gap:.2g} standard errors",
            hint="A minus B and B minus C must add up to A minus C. Check signs and rounding, or give the arms.",
        )
    return Trial(label, arms, frozen(y), frozen(v)), gap


# Arms.


def from_arms(
    study: Sequence[object],
    treatment: Column,
    measure: str,
    columns: Mapping[str, Column],
    *,
    add: float,
    drop00: bool,
) -> Trials:
    """Return trials from their arms.

    A trial in which an arm has no events (or, on the scales that mind, only events) gets `add` in all cells of all its
    arms, so that its contrasts still add up. With `drop00`, trials in which no arm or every arm is empty or full are
    left out. Both are said in cautions.

    Raises
    ------
    InvalidInput
        An unknown measure, missing columns, impossible values (the study and the column are named), a treatment in two
        arms of one trial, a trial with one arm.

    References
    ----------
    Gleser and Olkin (2009) in The Handbook of Research Synthesis and Meta-Analysis, 2nd ed., chapter 19, and Crippa and
    Orsini (2016), BMC Medical Research Methodology 16:91, equations 4 and 5, for standardised mean differences
    with one standard deviation for all arms (without a small-sample factor: contrasts would not add up).
    """
    if measure != "SMD" and measure not in ARM_MEASURES:
        known = ", ".join(sorted([*ARM_MEASURES, "SMD"]))
        raise InvalidInput(f"arms give no {measure!r} here", hint=f"There are: {known}. Or give contrasts.")
    own = SMD_COLUMNS if measure == "SMD" else ARM_MEASURES[measure][1]
    arms = read_arms(study, treatment, {name: columns.get(name) for name in own.values()})
    arm_names, given, used = arms.treatments, arms.columns, arms.places
    cautions = list(arms.cautions)
    corrected: list[str] = []
    if "events" in given:
        used, more, corrected = _zero_cells(measure, used, given, drop00=drop00, add=add)
        cautions += more
    treatments = in_order({arm_names[i] for places in used.values() for i in places})
    place = {name: i for i, name in enumerate(treatments)}
    people = given.get("n")
    if measure == "SMD":
        trials = [
            _standardised(label, sorted(places, key=lambda i: place[arm_names[i]]), arm_names, place, given)
            for label, places in used.items()
        ]
        return Trials(treatments, tuple(trials), tuple(cautions))
    extra = np.zeros(len(arm_names))
    for label in corrected:
        extra[used[label]] = add
    y, v = _per_arm(measure, given, extra)
    trials = []
    for label, places in used.items():
        ordered = sorted(places, key=lambda i: place[arm_names[i]])
        _check_estimates(label, measure, [arm_names[i] for i in ordered], y[ordered], v[ordered])
        trials.append(
            Trial(
                label,
                tuple(place[arm_names[i]] for i in ordered),
                frozen(y[ordered][1:] - y[ordered[0]]),
                frozen(np.diag(v[ordered][1:]) + v[ordered[0]]),
                () if people is None else tuple(people[ordered].tolist()),
                adjusted=bool(extra[ordered].any()),
            )
        )
    return Trials(treatments, tuple(trials), tuple(cautions))


@dataclass(frozen=True, slots=True, eq=False)
class Arms:
    """Arms as read, one per row.

    Attributes
    ----------
    treatments : of each row. columns : (rows,) numbers by name, NaN where one is missing.
    places : rows of each study that has two complete arms or more, by its name.
    cautions : which arms were left out.
    """

    treatments: list[str]
    columns: Mapping[str, FloatArray]
    places: dict[str, list[int]]
    cautions: tuple[Caution, ...]


def read_arms(study: Sequence[object], treatment: Column, columns: Mapping[str, Column]) -> Arms:
    """Return arms, checked; errors as `from_arms`."""
    k = len(study)
    arm_names = names(treatment, "treatment", k)
    given = {name: numbers(values, name, k) for name, values in columns.items()}
    labels = list(map(str, study))
    _check_arms(labels, given)
    rows: dict[str, list[int]] = {}
    for i, label in enumerate(labels):
        rows.setdefault(label, []).append(i)
    _check_trials({label: [arm_names[i] for i in places] for label, places in rows.items()})
    lacking = {i for i in range(k) if any(math.isnan(values[i]) for values in given.values())}
    complete = {label: [i for i in places if i not in lacking] for label, places in rows.items()}
    return Arms(
        arm_names,
        given,
        {label: places for label, places in complete.items() if len(places) > 1},
        _missing({f"{labels[i]} ({arm_names[i]})": None for i in sorted(lacking)}),
    )


def _check_estimates(label: str, measure: str, own: list[str], y: FloatArray, v: FloatArray) -> None:
    bad = np.flatnonzero(~(np.isfinite(y) & np.isfinite(v) & (v > 0)))
    if len(bad):
        raise InvalidInput(
            f"study {label}, arm {own[int(bad[0])]}: {measure} has no estimate with a positive variance there",
            hint="Use add to correct empty cells, another measure, or leave the study out.",
        )


def _check_arms(labels: list[str], given: Mapping[str, FloatArray]) -> None:
    lowest = {"events": 0.0, "n": 1.0, "time": 0.0, "sd": 0.0, "mean": -math.inf}
    for name, values in given.items():
        for label, value in zip(labels, values.tolist(), strict=True):
            if math.isnan(value):
                continue
            above = name in {"time", "sd"}
            if not (math.isfinite(value) and (value > lowest[name] if above else value >= lowest[name])):
                raise InvalidInput(f"study {label}, {name} is {value:g}; it must be {'above' if above else 'at least'} "
                                   f"{lowest[name]:g} and finite")  # fmt: skip
            if name in {"events", "n"} and value != round(value):
                raise InvalidInput(f"study {label}, {name} is {value:g}; it must be a whole number")
    if "events" in given and "n" in given:
        for label, x, n in zip(labels, given["events"].tolist(), given["n"].tolist(), strict=True):
            if x > n:
                raise InvalidInput(f"study {label}, events are {x:g} among {n:g} people")


def _check_trials(arms: Mapping[str, list[str]]) -> None:
    for label, own in arms.items():
        twice = [name for name in own if own.count(name) > 1]
        if twice:
            raise InvalidInput(
                f"study {label} has {twice[0]} in more than one arm",
                hint="Merge the arms, or give them different names.",
            )
        if len(own) < 2:
            raise InvalidInput(f"study {label} has one arm only; a network compares arms", hint="Leave it out.")


def _zero_cells(
    measure: str, used: dict[str, list[int]], given: Mapping[str, FloatArray], *, drop00: bool, add: float
) -> tuple[dict[str, list[int]], list[Caution], list[str]]:
    """Return the trials kept, what to say about the others, and the trials whose cells are to be corrected."""
    x = given["events"]
    full = x == given["n"] if "n" in given else np.zeros(len(x), dtype=bool)
    # the arcsine needs no correction; a risk ratio minds arms without events only, and a rate has no upper end
    minded = np.zeros_like(full) if measure == "AS" else (x == 0) | (full & (measure in {"OR", "RD"}))
    silent = [
        label
        for label, places in used.items()
        if measure in NEED_EVENTS and (bool((x[places] == 0).all()) or bool(full[places].all()))
    ]
    cautions = []
    if silent and drop00:
        used = {label: places for label, places in used.items() if label not in silent}
        text = (
            f"Nobody, or everybody, had the event in every arm, so that these studies say nothing about a ratio and "
            f"were left out: {', '.join(silent)}."
        )
        cautions.append(Caution("double-zero-left-out", text))
    corrected = [label for label, places in used.items() if minded[places].any()]
    if corrected:
        text = (
            f"An arm has no events (or only events), and {add:g} was added to the cells of all arms of: "
            f"{', '.join(corrected)}."
        )
        cautions.append(Caution("zero-cells-corrected", text))
    return used, cautions, corrected


def _per_arm(measure: str, given: Mapping[str, FloatArray], extra: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return one number per arm with its variance; `extra` is added to each of an arm's cells."""
    own, roles = ARM_MEASURES[measure]
    columns = {role: np.nan_to_num(given[name], nan=1.0) for role, name in roles.items()}
    if "events" in given:
        columns["xi"] = columns["xi"] + extra
        if "ni" in columns:
            columns["ni"] = columns["ni"] + 2 * extra
        with np.errstate(all="ignore"):
            return _counted(own, columns)
    return _averaged(own, columns)


def _averaged(own: str, columns: Mapping[str, FloatArray]) -> tuple[FloatArray, FloatArray]:
    mean, variance = columns["mi"], columns["sdi"] ** 2 / columns["ni"]
    if own == "MN":
        return mean, variance
    with np.errstate(all="ignore"):
        return np.log(mean), variance / mean**2


def _counted(own: str, columns: Mapping[str, FloatArray]) -> tuple[FloatArray, FloatArray]:
    x = columns["xi"]
    if own in {"IRLN", "IR"}:
        t = columns["ti"]
        return (np.log(x / t), 1 / x) if own == "IRLN" else (x / t, x / t**2)
    n = columns["ni"]
    share = x / n
    if own == "PLO":
        return np.log(x / (n - x)), 1 / x + 1 / (n - x)
    if own == "PLN":
        return np.log(share), 1 / x - 1 / n
    if own == "PR":
        return share, share * (1 - share) / n
    return np.arcsin(np.sqrt(share)), 1 / (4 * n)


def _standardised(
    label: str, places: list[int], arm_names: list[str], place: Mapping[str, int], given: Mapping[str, FloatArray]
) -> Trial:
    mean, sd, n = (given[name][places] for name in ("mean", "sd", "n"))
    df = float(n.sum()) - len(n)
    pooled = float(((n - 1) * sd**2).sum()) / df if df > 0 else 0.0
    if not pooled > 0:
        raise InvalidInput(f"study {label}: too few people for a standard deviation over its arms")
    d = (mean[1:] - mean[0]) / math.sqrt(pooled)
    v = np.diag(1 / n[1:]) + 1 / n[0] + np.outer(d, d) / (2 * n.sum())
    return Trial(label, tuple(place[arm_names[i]] for i in places), frozen(d), frozen(v), tuple(n.tolist()))


# Columns.


def names(values: Column, column: str, k: int) -> list[str]:
    """Return a column of names."""
    if values is None:
        raise InvalidInput(f"{column} is missing")
    found = list(np.asarray(values, dtype=object))
    if len(found) != k:
        raise InvalidInput(f"{k} rows of study and {len(found)} of {column}; there must be one each")
    for i, value in enumerate(found):
        if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
            raise InvalidInput(f"row {i + 1}, {column} is empty")
    return [str(value) for value in found]


def numbers(values: Column, column: str, k: int) -> FloatArray:
    """Return a column of numbers, NaN where one is missing."""
    if values is None:
        raise InvalidInput(f"{column} is missing")
    try:
        found = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{column} holds something that is not a number: {error}") from error
    if found.ndim != 1 or len(found) != k:
        raise InvalidInput(f"{k} rows of study and {found.size} of {column}; there must be one each")
    return found


def in_order(found: set[str]) -> tuple[str, ...]:
    """Return names in alphabetical order, whatever their case."""
    return tuple(sorted(found, key=lambda name: (name.casefold(), name)))
