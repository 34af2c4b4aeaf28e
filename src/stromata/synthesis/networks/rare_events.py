"""Networks of rare events by Mantel-Haenszel: no arm needs a correction of empty cells.

A design is the set of J arms that K studies compare; x (K, J) people with the event, y (K, J) without it, n = x + y,
and N (K,) all of a study. Studies of a design are pooled first, as by Mantel and Haenszel; the designs then form a
network like trials do. True effects are taken as the same in all studies.

References
----------
Efthimiou, Rücker, Schwarzer, Higgins, Egger and Salanti (2019), Statistics in Medicine 38, 2992-3012; Greenland
(1989), Biometrics 45, 183-191, for odds ratios of several arms that add up, and their covariances; Robins, Breslow and
Greenland (1986), Biometrics 42, 311-323, for the variance of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from stromata.errors import InvalidInput
from stromata.model import Caution
from stromata.synthesis.intervals import FloatArray, check_level
from stromata.synthesis.networks.network import Network, fitted, study_labels
from stromata.synthesis.networks.trials import Arms, Trial, Trials, connected, in_order, read_arms
from stromata.synthesis.results.result import recorded
from stromata.synthesis.study_set import frozen


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
    A network of log odds ratios under a common effect; `random` is the same. What stands as a trial is a design.

    Raises
    ------
    InvalidInput
        As `network`; or no study is left.

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
        y, v = mantel_haenszel(x, people)
        own = tuple(place[name] for name in design)
        sums = tuple(people.sum(axis=0).tolist())
        trials.append(Trial(", ".join(labels), own, frozen(y), frozen(v), sums, len(labels)))
    found = Trials(treatments, tuple(trials), (*arms.cautions, *_cautions(left)))
    net = fitted(connected(found, component), "OR", 0.0, level)
    return replace(net, random=net.common, method="mh", tau2=None, tau2_se=None, i2=None, i2_low=None, i2_high=None)


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


def _cautions(left: _Left) -> Iterator[Caution]:
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
    text = (
        "The Mantel-Haenszel method takes the odds ratios as the same in all studies. If they vary, the intervals are "
        "too narrow."
    )
    yield Caution("common-effect-assumed", text)
