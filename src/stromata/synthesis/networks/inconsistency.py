"""Whether the parts of a network agree: direct against indirect evidence, and designs against one another.

A design is the set of treatments that a trial compares. Direct evidence on a pair comes from the trials that hold both;
indirect evidence from all the rest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stromata.synthesis.intervals import chi_squared_p, normal_quantile, two_sided_p
from stromata.synthesis.networks.network import Model, Network, Relative, Rows, design_fit, pairs, problem_of
from stromata.synthesis.networks.trials import Trials, components
from stromata.synthesis.regression import kernels
from stromata.synthesis.results.result import Result, recorded

_ALL_DIRECT = 1e-8
"""Share of indirect evidence below which there is none but rounding."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One estimate with its interval and test."""

    estimate: float
    se: float
    ci_low: float
    ci_high: float
    statistic: float
    p: float


@dataclass(frozen=True, slots=True)
class Split:
    """One pair of treatments, `treatment` minus `against`, with its evidence taken apart.

    Attributes
    ----------
    trials : that compare the two.
    share : proportion of the network estimate's evidence that is direct, 0 to 1.
    network, direct, indirect, difference : difference is direct minus indirect. None where there is no such evidence.
    """

    treatment: str
    against: str
    trials: int
    share: float
    network: Evidence
    direct: Evidence | None
    indirect: Evidence | None
    difference: Evidence | None


@dataclass(frozen=True, slots=True)
class Detached:
    """Inconsistency that remains between designs when one of them gets effects of its own."""

    treatments: tuple[str, ...]
    q: float
    df: int
    p: float | None


@dataclass(frozen=True, slots=True)
class Inconsistency(Result):
    """Design-by-treatment inconsistency of a network.

    Attributes
    ----------
    q, df, p : between designs, under the common-effect model within designs.
    tau2_within : between-trial variance within designs, by moments; None when no design has two trials.
    q_random, p_random : the same test, allowing for that variance; None where it is not known.
    detached : the same Q with one design's own effects, for each design whose detachment leaves less to test. The one
        with the lowest Q is where inconsistency comes from.
    """

    q: float
    df: int
    p: float | None
    tau2_within: float | None
    q_random: float | None
    p_random: float | None
    detached: tuple[Detached, ...]


def split(net: Network, *, model: Model = "random") -> tuple[Split, ...]:
    """Separate direct from indirect evidence for every pair of treatments by back-calculation.

    Direct evidence is the inverse-variance mean of the trials with both treatments, with the network's tau2. The share
    of direct evidence is the ratio of the network's variance to that of the direct estimate; what remains of the
    network estimate is the indirect one. Pairs from multi-arm trials count as direct evidence only.

    Parameters
    ----------
    net : a fitted network.
    model : ``common`` or ``random``.

    References
    ----------
    König, Krahn and Binder (2013), Statistics in Medicine 32, 5414-5429, for the share of direct evidence; Dias,
    Welton, Caldwell and Ades (2010), Statistics in Medicine 29, 932-944, for the back-calculation.
    """
    relative = net.relative(model)
    found: dict[tuple[int, int], list[tuple[float, float, int]]] = {}
    for trial in net.trials:
        for pair in trial.pairs():
            found.setdefault(pair, []).append((*trial.contrast(*pair), trial.studies))
    z = normal_quantile(net.level)
    return tuple(_split(net, relative, place, found.get(place, []), z) for place in pairs(len(net.treatments)))


def _split(
    net: Network, relative: Relative, place: tuple[int, int], found: Sequence[tuple[float, float, int]], z: float
) -> Split:
    names = net.treatments[place[0]], net.treatments[place[1]]
    estimate, se = float(relative.estimates[place]), float(relative.se[place])
    whole = _evidence(estimate, se, z)
    if not found:
        return Split(*names, 0, 0.0, whole, None, whole, None)
    trials = sum(count for _, _, count in found)
    weights = np.array([1 / (variance + relative.tau2) for _, variance, _ in found])
    variance = 1 / float(weights.sum())
    own = float(weights @ np.array([effect for effect, _, _ in found])) * variance
    direct = _evidence(own, math.sqrt(variance), z)
    share = se**2 / variance
    if 1 - share < _ALL_DIRECT:
        return Split(*names, trials, min(share, 1.0), whole, direct, None, None)
    rest = (estimate - share * own) / (1 - share)
    indirect = _evidence(rest, se / math.sqrt(1 - share), z)
    gap = _evidence(own - rest, math.hypot(direct.se, indirect.se), z)
    return Split(*names, trials, share, whole, direct, indirect, gap)


def _evidence(estimate: float, se: float, z: float) -> Evidence:
    statistic = estimate / se
    return Evidence(estimate, se, estimate - z * se, estimate + z * se, statistic, two_sided_p(statistic, None))


@recorded("net")
def inconsistency(net: Network) -> Inconsistency:
    """Test whether designs agree, and see which design disagrees with the others.

    References
    ----------
    Krahn, Binder and König (2013), BMC Medical Research Methodology 13:35, for detachment; Higgins, Jackson, Barrett,
    Lu, Ades and White (2012), Research Synthesis Methods 3, 98-110, for the test that allows for tau2 within designs;
    Jackson, Barrett, Rice, White and Higgins (2014), Statistics in Medicine 33, 3639-3654.
    """
    groups = _groups(net)
    fits = [design_fit(net.rows, *group, 0.0) for group in groups]
    df = sum(fit[1] for fit in fits)
    tau2 = max((sum(fit[0] for fit in fits) - df) / sum(fit[2] for fit in fits), 0.0) if df else None
    q_random = None
    if tau2 is not None and net.q_between_df:
        data, _ = problem_of(net.rows)
        within = sum(design_fit(net.rows, *group, tau2)[0] for group in groups)
        q_random = max(kernels.generalised_q(data, tau2) - within, 0.0)
    lost = _deletion(net.rows)
    detached = [_detached(net, design, group, lost) for design, group in enumerate(groups)]
    return Inconsistency(
        q=net.q_between,
        df=net.q_between_df,
        p=net.q_between_p,
        tau2_within=tau2,
        q_random=q_random,
        p_random=None if q_random is None else chi_squared_p(q_random, net.q_between_df),
        detached=tuple(each for each in detached if each is not None),
    )


def _groups(net: Network) -> list[tuple[tuple[int, ...], list[int]]]:
    """Return arms and places of the trials of each design."""
    place = {trial.label: i for i, trial in enumerate(net.trials)}
    found = [[place[label] for label in design.trials] for design in net.designs]
    return [(net.trials[places[0]].arms, places) for places in found]


def _detached(
    net: Network, design: int, group: tuple[tuple[int, ...], list[int]], lost: Callable[[npt.NDArray[np.bool_]], float]
) -> Detached | None:
    """Give one design effects of its own, so that the rest is fitted without it; None when that changes nothing."""
    arms, places = group
    gone = set(places)
    rest = Trials(net.treatments, tuple(trial for i, trial in enumerate(net.trials) if i not in gone))
    # a network in so many parts has so many effects less one each
    effects = len(net.treatments) - len(components(rest)) + len(arms) - 1
    df = len(net.rows.y) - effects - net.q_within_df
    if df == net.q_between_df:
        return None
    q = 0.0
    if df > 0:
        q = max(net.q - lost(net.rows.within(places)) + net.designs[design].q - net.q_within, 0.0)
    return Detached(net.designs[design].treatments, q, df, chi_squared_p(q, df) if df > 0 else None)


def _deletion(rows: Rows) -> Callable[[npt.NDArray[np.bool_]], float]:
    """Return a function that says by how much Q falls when some rows are deleted.

    With standardised residuals r and the hat matrix H of all rows, that is r'(I - H)^-1 r over the rows deleted. Where
    no other row says anything of their effects, H is 1 and r is 0.
    """
    root = 1 / np.sqrt(rows.v)
    basis = np.linalg.qr(rows.x * root[:, None])[0]
    y = rows.y * root
    residual = y - basis @ (basis.T @ y)

    def lost(here: npt.NDArray[np.bool_]) -> float:
        own = basis[here]
        values, vectors = np.linalg.eigh(np.eye(len(own)) - own @ own.T)
        turned = vectors.T @ residual[here]
        told = values > _ALL_DIRECT
        return float((turned[told] ** 2 / values[told]).sum())

    return lost
