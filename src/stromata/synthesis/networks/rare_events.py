"""Networks of rare events by Mantel-Haenszel or by a conditional likelihood: no arm needs a correction of empty cells.

A design is the set of J arms that K studies compare; x (K, J) people with the event, y (K, J) without it, n = x + y,
and N (K,) all of a study. Studies of a design are pooled first, as by Mantel and Haenszel; the designs then form a
network like trials do. True effects are taken as the same in all studies.

Given how many had the event in a study as a whole, the numbers in its arms follow Fisher's non-central hypergeometric
distribution, which knows nothing of the study but the odds ratios. Its normalising constant is a coefficient of a
product of polynomials, one per arm, and is computed exactly. Breslow's approximation takes a multinomial distribution
instead; its effects are nearer to risk ratios, and agree with odds ratios only where events are rare.

References
----------
Efthimiou, Rücker, Schwarzer, Higgins, Egger and Salanti (2019), Statistics in Medicine 38, 2992-3012; Greenland
(1989), Biometrics 45, 183-191, for odds ratios of several arms that add up, and their covariances; Robins, Breslow and
Greenland (1986), Biometrics 42, 311-323, for the variance of each; Stijnen, Hamza and Ozdemir (2010), Statistics in
Medicine 29, 3046-3067, for the conditional likelihood in meta-analysis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from stromata.errors import InvalidInput
from stromata.model import Caution
from stromata.synthesis.intervals import FloatArray, check_level
from stromata.synthesis.networks.network import Network, effects_between, fitted, study_labels
from stromata.synthesis.networks.trials import Arms, Trial, Trials, connected, in_order, read_arms
from stromata.synthesis.results.result import recorded
from stromata.synthesis.study_set import check_choice, frozen

Likelihood: TypeAlias = Literal["exact", "breslow"]
"""Of events in the arms of a study, given how many there are in all."""

_MOST_STEPS = 100
_FAR = 70.0
"""Logarithm below its largest from which a term of a sum of at most millions is beyond the digits of a double."""
_CLOSE = 1e-12
"""Gain in log-likelihood, twice, below which one more step of Newton's reaches the last digits: errors are squared."""

_DEFINITE = 1e-12
"""Share of its largest variance below which the smallest eigenvalue of a covariance matrix is rounding."""

_ASSUMED = {
    "mh": "The Mantel-Haenszel method",
    "conditional": "The conditional likelihood",
    "conditional-breslow": "The approximate conditional likelihood",
}


@dataclass(frozen=True, slots=True)
class _Left:
    """What the data hold after arms and studies that say nothing: rows by study, and names of what went."""

    places: Mapping[str, tuple[int, ...]]
    silent: tuple[str, ...]
    empty: tuple[str, ...]


@recorded("study", "treatment", "events", "n")
def network_mh(
    study: Sequence[object] | npt.ArrayLike,
    *,
    treatment: npt.ArrayLike,
    events: npt.ArrayLike,
    n: npt.ArrayLike,
    level: float = 0.95,
    component: str | None = None,
) -> Network:
    """Fit a network of odds ratios by Mantel-Haenszel, for events so rare that arms have none.

    Studies in which nobody, or everybody, had the event say nothing and are left out. So is an arm of a design if
    nobody, or everybody, had the event in that arm in all studies of the design. Cautions name them.

    Parameters
    ----------
    study, treatment, events, n : one row per arm, as `network`.
    level : coverage of all intervals, strictly between 0 and 1.
    component : a treatment. If the network falls apart, its part is analysed.

    Returns
    -------
    A network of log odds ratios under a common effect; `random` is the same. What stands as a trial is a design; the
    studies one by one are in `singles`, those with an empty cell with 1/2 added to the cells of all their arms.

    Raises
    ------
    InvalidInput
        As `network`; or no study is left; or the covariances found for a design contradict one another.

    Examples
    --------
    >>> net = network_mh(
    ...     ["a", "a", "b", "b", "c", "c", "d", "d"],
    ...     treatment=["cells", "placebo", "cells", "placebo", "cells", "steroid", "placebo", "steroid"],
    ...     events=[0, 3, 1, 4, 2, 3, 5, 4],
    ...     n=[40, 41, 50, 49, 61, 60, 55, 52],
    ... )
    >>> net.treatments, round(float(net.common.estimates[0, 1]), 2)
    (('cells', 'placebo', 'steroid'), -1.38)
    """
    check_level(level)
    arms = read_arms(study_labels(study), treatment, {"events": events, "n": n})
    found, left = _designs(arms, mantel_haenszel, _ASSUMED["mh"])
    return _common_only(connected(found, component), arms, left, level, "mh")


@recorded("study", "treatment", "events", "n")
def network_conditional(
    study: Sequence[object] | npt.ArrayLike,
    *,
    treatment: npt.ArrayLike,
    events: npt.ArrayLike,
    n: npt.ArrayLike,
    likelihood: Likelihood = "exact",
    level: float = 0.95,
    component: str | None = None,
) -> Network:
    """Fit a network of odds ratios by the likelihood of each study's events given their total.

    Studies and arms that say nothing are left out, as by `network_mh`.

    Parameters
    ----------
    study, treatment, events, n : one row per arm, as `network`.
    likelihood : ``exact``, the non-central hypergeometric one; or ``breslow``, an approximation for rare events that
        other programs use. Where events are not rare its effects are too near to one.
    level : coverage of all intervals, strictly between 0 and 1.
    component : a treatment. If the network falls apart, its part is analysed.

    Returns
    -------
    A network of log odds ratios under a common effect; `random` is the same. `common` maximises the likelihood of all
    studies at once. What stands as a trial is a design with its own maximum and information; Q, inconsistency, splits
    and contributions start from these.

    Raises
    ------
    InvalidInput
        As `network`; or no study is left.

    Examples
    --------
    >>> net = network_conditional(
    ...     ["a", "a", "b", "b", "c", "c", "d", "d"],
    ...     treatment=["cells", "placebo", "cells", "placebo", "cells", "steroid", "placebo", "steroid"],
    ...     events=[0, 3, 1, 4, 2, 3, 5, 4],
    ...     n=[40, 41, 50, 49, 61, 60, 55, 52],
    ... )
    >>> round(float(net.common.estimates[0, 1]), 2)
    -1.45
    """
    check_level(level)
    check_choice("likelihood", likelihood, get_args(Likelihood))
    method = "conditional" if likelihood == "exact" else "conditional-breslow"

    def maximum(x: FloatArray, people: FloatArray) -> tuple[FloatArray, FloatArray]:
        arms_of = tuple(range(x.shape[1]))
        return conditional([(arms_of, *rows) for rows in zip(x, people, strict=True)], len(arms_of), likelihood)

    arms = read_arms(study_labels(study), treatment, {"events": events, "n": n})
    found, left = _designs(arms, maximum, _ASSUMED[method])
    net = _common_only(connected(found, component), arms, left, level, method)
    place = {name: i for i, name in enumerate(net.treatments)}
    studies = [
        (
            tuple(place[arms.treatments[i]] for i in rows),
            arms.columns["events"][list(rows)],
            arms.columns["n"][list(rows)],
        )
        for rows in left.places.values()
        if arms.treatments[rows[0]] in place
    ]
    common = effects_between(*conditional(studies, len(place), likelihood), level)
    return replace(net, common=common, random=common)


def _designs(
    arms: Arms, pooled: Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]], assumed: str
) -> tuple[Trials, _Left]:
    """Return designs in the place of trials, with their studies pooled, and what was left of the data."""
    left = _telling(arms)
    designs: dict[tuple[str, ...], list[str]] = {}
    for label, places in left.places.items():
        designs.setdefault(in_order({arms.treatments[i] for i in places}), []).append(label)
    if not designs:
        raise InvalidInput("no study is left in which some had the event and some had not, in two arms")
    treatments = in_order({name for design in designs for name in design})
    place = {name: i for i, name in enumerate(treatments)}
    trials = []
    for design, labels in designs.items():
        rows = [sorted(left.places[label], key=lambda i: place[arms.treatments[i]]) for label in labels]
        x, people = arms.columns["events"][rows], arms.columns["n"][rows]
        y, v = pooled(x, people)
        if not float(np.linalg.eigvalsh(v)[0]) > _DEFINITE * float(v.diagonal().max()):
            raise InvalidInput(
                f"the variances of the pooled odds ratios of {', '.join(design)} contradict one another, as they can "
                f"where several arms have very few events in very few studies: {', '.join(labels)}",
                hint="Use network_conditional, whose variances cannot.",
            )
        own = tuple(place[name] for name in design)
        sums = tuple(people.sum(axis=0).tolist())
        trials.append(Trial(", ".join(labels), own, frozen(y), frozen(v), sums, len(labels)))
    return Trials(treatments, tuple(trials), (*arms.cautions, *_cautions(left, assumed))), left


def _common_only(found: Trials, arms: Arms, left: _Left, level: float, method: str) -> Network:
    """Fit a network of designs under a common effect, with its studies one by one beside it."""
    net = fitted(found, "OR", 0.0, level)
    singles = tuple(_singles(arms, left, net.treatments))
    net = replace(net, random=net.common, singles=singles, method=method, tau2=None, tau2_se=None)
    return replace(net, i2=None, i2_low=None, i2_high=None)


# The conditional likelihood.


def conditional(
    studies: Sequence[tuple[Sequence[int], FloatArray, FloatArray]], t: int, likelihood: Likelihood = "exact"
) -> tuple[FloatArray, FloatArray]:
    """Return log odds ratios of treatments 2 to T against the first, (T - 1,), and their (T - 1, T - 1) covariance.

    Parameters
    ----------
    studies : places of the treatments of each study, with people with the event, and all, per arm.
    t : T. For any two sets into which the treatments fall, some studies speak for either being better.
    likelihood : see `network_conditional`.

    The logarithm of the likelihood is concave; Newton's steps are halved where they overshoot.
    """
    moments = _hypergeometric if likelihood == "exact" else _multinomial

    def at(effects: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        value, slope, information = 0.0, np.zeros(t), np.zeros((t, t))
        for places, x, n in studies:
            own = effects[list(places)]
            normaliser, mean, spread = moments(n, own, float(x.sum()))
            value += float(x @ own) - normaliser
            slope[list(places)] += x - mean
            information[np.ix_(places, places)] += spread
        return value, slope[1:], information[1:, 1:]

    effects = np.zeros(t)
    value, slope, information = at(effects)
    for _ in range(_MOST_STEPS):
        step = np.concatenate(([0.0], np.linalg.solve(information, slope)))
        close = float(slope @ step[1:]) < _CLOSE
        further = at(effects + step)
        while not close and further[0] < value:
            step = step / 2
            further = at(effects + step)
        effects, (value, slope, information) = effects + step, further
        if close:
            break
    return effects[1:], np.asarray(np.linalg.inv(information), dtype=np.float64)


def _multinomial(n: FloatArray, effects: FloatArray, total: float) -> tuple[float, FloatArray, FloatArray]:
    """Return the logarithm of the normaliser, the mean and the covariance of events in the arms, by Breslow."""
    normaliser = float(special.logsumexp(effects, b=n))
    share = n * np.exp(effects - normaliser)
    return total * normaliser, total * share, total * (np.diag(share) - np.outer(share, share))


def _hypergeometric(n: FloatArray, effects: FloatArray, total: float) -> tuple[float, FloatArray, FloatArray]:
    """Return the same of Fisher's distribution.

    The normaliser is the coefficient of z to the total in the product over arms of (1 + z exp(effect)) to the n; with
    z scaled so that the expected numbers add up to the total, nothing leaves the range of a double, and counts far from
    an arm's expected one add nothing.
    """
    arms, last = range(len(n)), int(total)
    reach = float(np.abs(effects).max()) + np.log(n.sum()) + 1.0
    tilt = float(optimize.brentq(lambda a: float(n @ special.expit(effects + a)) - total, -reach, reach))
    counts = [np.arange(min(int(size), last) + 1.0) for size in n]
    centre = n * special.expit(effects + tilt)
    logs = [
        special.gammaln(size + 1) - special.gammaln(k + 1) - special.gammaln(size - k + 1) + k * (effect + tilt)
        for size, k, effect in zip(n, counts, effects, strict=True)
    ]
    tops = [float(each.max()) for each in logs]
    near = [each > top - _FAR for each, top in zip(logs, tops, strict=True)]
    terms = [np.exp(each[kept] - top) for each, top, kept in zip(logs, tops, near, strict=True)]
    around = [k[kept] - middle for k, kept, middle in zip(counts, near, centre, strict=True)]
    wanted = last - sum(int(kept.argmax()) for kept in near)

    def coefficient(*weighted: int) -> float:
        """Return the coefficient, each term times its distance from the centre as often as its arm is named."""
        product = np.ones(1)
        factors = [terms[i] * around[i] ** weighted.count(i) for i in arms]
        for factor in factors[:-1]:
            product = np.convolve(product, factor)[: wanted + 1]
        tail = factors[-1]
        low, high = max(wanted - len(tail) + 1, 0), min(wanted, len(product) - 1)
        return float(product[low : high + 1] @ tail[wanted - high : wanted - low + 1][::-1])

    whole = coefficient()
    off = np.array([coefficient(i) for i in arms]) / whole
    spread = np.array([[coefficient(i, j) for j in arms] for i in arms]) / whole - np.outer(off, off)
    return float(np.log(whole)) + sum(tops) - tilt * total, centre + off, spread


# Mantel and Haenszel.


def mantel_haenszel(x: FloatArray, n: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return log odds ratios of a design's later arms against the first, (J - 1,), and their (J - 1, J - 1) covariance.

    Parameters
    ----------
    x, n : (K, J) people with the event, and all. For every pair of arms, in some study one has the event in somebody
        and the other misses it in somebody.
    """
    j = x.shape[1]
    y, whole = n - x, n.sum(axis=1)
    r = np.einsum("ki,kj,k->ij", x, y, 1 / whole)
    apart = ~np.eye(j, dtype=bool)
    logs = np.zeros((j, j))
    logs[apart] = np.log(r[apart] / r.T[apart])
    means = logs.sum(axis=1) / j
    spread = _covariance(x, n, np.where(apart, r, 1.0)) / j**2
    # rows are an arm against all; against the first arm follows
    turn = np.hstack((-np.ones((j - 1, 1)), np.eye(j - 1)))
    return turn @ means, turn @ spread @ turn.T


def _covariance(x: FloatArray, n: FloatArray, r: FloatArray) -> FloatArray:
    """Return the covariance of the sums over h of the log odds ratios of i against h, (J, J)."""
    y, w = n - x, 1 / n.sum(axis=1) ** 2
    t = r.T
    # u[i, j, h]: covariance of i against j with i against h, Greenland's equation for j != h
    u = np.einsum("ki,kj,kh,k->ijh", x, y, y, w) / (r[:, :, None] * r[:, None, :])
    u += np.einsum("ki,kj,kh,k->ijh", n, y, x, w) / (r[:, :, None] * t[:, None, :])
    u += np.einsum("ki,kj,kh,k->ijh", n, x, y, w) / (t[:, :, None] * r[:, None, :])
    u += np.einsum("ki,kj,kh,k->ijh", y, x, x, w) / (t[:, :, None] * t[:, None, :])
    u /= 3
    c = np.einsum("ki,kj->kij", x, y)
    d = x[:, :, None] + y[:, None, :]
    back = d.swapaxes(1, 2)
    own = np.einsum("kij,kij,k->ij", c, d, w) / (2 * r**2)
    both = np.einsum("kij,kij,k->ij", c, back, w) / (2 * r * t)
    variances = own + own.T + both + both.T
    place = np.arange(len(r))
    u[:, place, place] = variances
    u[place, place, :] = u[place, :, place] = 0.0
    sums = u.sum(axis=2)
    spread = u.sum(axis=0) + variances - sums - sums.T
    spread[place, place] = u.sum(axis=(1, 2))
    return np.asarray(spread)


_HALF = 0.5
"""Added to the cells of a study of which one is empty, where it is shown by itself; no pooled result rests on it."""


def _singles(arms: Arms, left: _Left, treatments: tuple[str, ...]) -> Iterator[Trial]:
    """Yield the studies of a network one by one, with log odds ratios of their own."""
    place = {name: i for i, name in enumerate(treatments)}
    for label, own in left.places.items():
        rows = sorted((i for i in own if arms.treatments[i] in place), key=lambda i: place[arms.treatments[i]])
        if not rows:  # of a part that is not analysed
            continue
        x, n = arms.columns["events"][rows], arms.columns["n"][rows]
        empty = bool(((x == 0) | (x == n)).any())
        events, others = x + _HALF * empty, n - x + _HALF * empty
        y, v = np.log(events / others), 1 / events + 1 / others
        names = tuple(place[arms.treatments[i]] for i in rows)
        spread = frozen(np.diag(v[1:]) + v[0])
        yield Trial(label, names, frozen(y[1:] - y[0]), spread, tuple(n.tolist()), adjusted=empty)


def _telling(arms: Arms) -> _Left:
    """Leave out studies and arms of designs that say nothing, until none is left to go."""
    x, n = arms.columns["events"], arms.columns["n"]
    places = {label: tuple(rows) for label, rows in arms.places.items()}
    silent: dict[str, None] = {}
    empty: dict[str, None] = {}
    while True:
        kept = {label: rows for label, rows in places.items() if 0 < sum(x[i] for i in rows) < sum(n[i] for i in rows)}
        silent |= dict.fromkeys(label for label in places if label not in kept)
        gone = set(_empty_arms(arms, kept))
        if not gone:
            return _Left(kept, tuple(silent), tuple(empty))
        empty |= dict.fromkeys(f"{arms.treatments[i]} in {label}" for label in kept for i in kept[label] if i in gone)
        rest = {label: tuple(i for i in rows if i not in gone) for label, rows in kept.items()}
        places = {label: rows for label, rows in rest.items() if len(rows) > 1}


def _empty_arms(arms: Arms, places: Mapping[str, tuple[int, ...]]) -> Iterator[int]:
    """Yield rows of arms that have an odds ratio of 0 or infinity against another arm of their design."""
    x, n = arms.columns["events"], arms.columns["n"]
    designs: dict[tuple[str, ...], list[tuple[int, ...]]] = {}
    for rows in places.values():
        ordered = sorted(rows, key=lambda i: arms.treatments[i])
        designs.setdefault(tuple(arms.treatments[i] for i in ordered), []).append(tuple(ordered))
    for studies in designs.values():
        at = np.array(studies)
        events, others = x[at], (n - x)[at]
        some = np.einsum("ki,kj->ij", events, others) > 0
        np.fill_diagonal(some, val=True)
        bad = (~(some & some.T)).sum(axis=1)
        if bad.any():
            # the arm to blame is one without events, or with events only; the others may do without it
            blame = bad + len(bad) * ((events.sum(axis=0) == 0) | (others.sum(axis=0) == 0))
            yield from at[:, int(blame.argmax())].tolist()


def _cautions(left: _Left, assumed: str) -> Iterator[Caution]:
    if left.silent:
        text = (
            f"Nobody, or everybody, had the event in every arm, so that these studies say nothing about a ratio and "
            f"were left out: {', '.join(left.silent)}."
        )
        yield Caution("double-zero-left-out", text)
    if left.empty:
        text = (
            "In all studies that compare the same treatments, these arms have no events (or only events); an odds "
            f"ratio cannot be given and they were left out: {', '.join(left.empty)}."
        )
        yield Caution("arms-left-out", text)
    text = f"{assumed} takes the odds ratios as the same in all studies. If they vary, the intervals are too narrow."
    yield Caution("common-effect-assumed", text)
