"""Where the evidence of a network estimate comes from, and comparison-adjusted funnels.

An estimate of A against B is a sum of the direct evidence on every comparison made in trials. Its coefficients, a row
of the hat matrix, behave like a flow that enters at A, leaves at B and loses nothing on the way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stromata.errors import InvalidInput
from stromata.synthesis.intervals import FloatArray
from stromata.synthesis.networks.network import Model, Network, pairs
from stromata.synthesis.networks.trials import Trial
from stromata.synthesis.results.result import Result, recorded
from stromata.synthesis.study_set import frozen

_NOTHING = 1e-10
"""Flow below which a comparison carries nothing but rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Contributions(Result):
    """How much each comparison made in trials contributes to each estimate.

    Attributes
    ----------
    estimates : pairs of treatments, the rows. direct : pairs compared in trials, the columns.
    hat : coefficients of the direct evidence in the estimates; they can be negative.
    shares : proportions from 0 to 1; each row adds up to 1. Read-only, as `hat`.
    """

    estimates: tuple[tuple[str, str], ...]
    direct: tuple[tuple[str, str], ...]
    hat: FloatArray
    shares: FloatArray


@dataclass(frozen=True, slots=True)
class FunnelPoint:
    """One comparison in one trial: its effect, how far that lies from the mean of its comparison, and its error.

    Attributes
    ----------
    adjusted : the effect is there only because something was added to empty cells.
    """

    study: str
    treatment: str
    against: str
    effect: float
    deviation: float
    se: float
    adjusted: bool = False


@recorded("net")
def contributions(net: Network, *, model: Model = "random") -> Contributions:
    """Return the contribution of every comparison made in trials to every estimate of the network.

    The flow of a row of the hat matrix is divided among paths, shortest first (of equally short ones the strongest,
    then by the order of the treatments); the flow of a path is shared equally among the comparisons on it. Where paths
    share comparisons the division is a convention, though the hat matrix is not.

    References
    ----------
    Papakonstantinou, Nikolakopoulou, Rücker, Chaimani, Schwarzer, Egger and Salanti (2018), F1000Research 7:610; König,
    Krahn and Binder (2013), Statistics in Medicine 32, 5414-5429, for the flow.
    """
    t = len(net.treatments)
    tau2 = net.relative(model).tau2
    conductance = _conductances(net, tau2)
    made = sorted(pair for trial in net.trials for pair in trial.pairs())
    columns = list(dict.fromkeys(made))
    laplacian = np.diag(conductance.sum(axis=1)) - conductance
    potential = np.zeros((t, t))
    potential[1:, 1:] = np.linalg.inv(laplacian[1:, 1:])
    rows = list(pairs(t))
    hat = np.zeros((len(rows), len(columns)))
    for i, (source, sink) in enumerate(rows):
        drop = potential[source] - potential[sink]
        hat[i] = [conductance[a, b] * (drop[a] - drop[b]) for a, b in columns]
    shares = [_shares(dict(zip(columns, row.tolist(), strict=True)), pair) for row, pair in zip(hat, rows, strict=True)]
    named = [tuple((net.treatments[a], net.treatments[b]) for a, b in each) for each in (rows, columns)]
    return Contributions(named[0], named[1], frozen(hat), frozen(np.array(shares)))


def _conductances(net: Network, tau2: float) -> FloatArray:
    """Return (T, T) weights of the pairs: what the trials' precision matrices say off the diagonal."""
    t = len(net.treatments)
    total = np.zeros((t, t))
    for trial in net.trials:
        a = len(trial.arms)
        precision = np.linalg.inv(trial.v + tau2 * (np.eye(a - 1) + 1.0) / 2)
        own = np.zeros((a, a))
        own[1:, 1:] = -precision
        own[0, 1:] = own[1:, 0] = precision.sum(axis=0)
        np.fill_diagonal(own, 0.0)
        total[np.ix_(trial.arms, trial.arms)] += own
    return total


def _shares(row: Mapping[tuple[int, int], float], ends: tuple[int, int]) -> list[float]:
    """Divide one row's flow among the comparisons."""
    flow: dict[int, dict[int, float]] = {}
    for (a, b), value in row.items():
        if abs(value) > _NOTHING:
            start, end = (a, b) if value > 0 else (b, a)
            flow.setdefault(start, {})[end] = abs(value)
    shares = dict.fromkeys(row, 0.0)
    while (path := _shortest(flow, *ends)) is not None:
        amount = min(flow[a][b] for a, b in path)
        for a, b in path:
            shares[min(a, b), max(a, b)] += amount / len(path)
            flow[a][b] -= amount
            if flow[a][b] <= _NOTHING:
                del flow[a][b]
    whole = sum(shares.values())
    return [share / whole for share in shares.values()]


def _shortest(flow: Mapping[int, Mapping[int, float]], source: int, sink: int) -> list[tuple[int, int]] | None:
    """Return the path with the fewest comparisons; of those, the one that carries most."""
    best: dict[int, tuple[float, list[tuple[int, int]]]] = {source: (float("inf"), [])}
    seen = {source}
    while best:
        if sink in best:
            return best[sink][1]
        following: dict[int, tuple[float, list[tuple[int, int]]]] = {}
        for place in sorted(best):
            width, path = best[place]
            for end, amount in sorted(flow.get(place, {}).items()):
                carries = min(width, amount)
                if end not in seen and (end not in following or carries > following[end][0]):
                    following[end] = carries, [*path, (place, end)]
        seen |= set(following)
        best = following
    return None


def funnel(net: Network, order: Sequence[str], *, model: Model = "common") -> tuple[FunnelPoint, ...]:
    """Return the points of a comparison-adjusted funnel.

    Each effect is later minus earlier in `order`, less the mean of the trials that make the same comparison. If small
    trials favour what is newer, say, points lie to one side at the bottom, with treatments ordered by age. Studies that
    were pooled before (networks of rare events) are drawn one by one, around the pooled odds ratio of their comparison.

    Parameters
    ----------
    net : a fitted network.
    order : all treatments in an order that gives a direction its meaning: oldest first, or sponsored ones last.
    model : whether the means allow for tau2.

    Raises
    ------
    InvalidInput
        `order` does not hold every treatment once.

    References
    ----------
    Chaimani, Higgins, Mavridis, Spyridonos and Salanti (2013), PLoS ONE 8(10): e76654.
    """
    if sorted(order) != sorted(net.treatments):
        raise InvalidInput("order must hold every treatment once", hint=f"There are: {', '.join(net.treatments)}.")
    tau2 = net.relative(model).tau2
    rank = {net.place(name): i for i, name in enumerate(order)}

    def pairs_of(trials: Sequence[Trial]) -> dict[tuple[int, int], list[Trial]]:
        found: dict[tuple[int, int], list[Trial]] = {}
        for trial in trials:
            for a, b in trial.pairs():
                found.setdefault((a, b) if rank[a] > rank[b] else (b, a), []).append(trial)
        return found

    pooled, made = pairs_of(net.trials), pairs_of(net.singles or net.trials)
    points = []
    for late, early in sorted(made, key=lambda pair: (rank[pair[1]], rank[pair[0]])):
        found = np.array([trial.contrast(late, early) for trial in pooled[late, early]])
        weights = 1 / (found[:, 1] + tau2)
        mean = float(weights @ found[:, 0] / weights.sum())
        names = net.treatments[late], net.treatments[early]
        for trial in made[late, early]:
            effect, variance = trial.contrast(late, early)
            points.append(FunnelPoint(trial.label, *names, effect, effect - mean, variance**0.5, trial.adjusted))
    return tuple(points)
