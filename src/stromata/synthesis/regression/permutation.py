"""Permutation tests of a meta-regression.

Which study has which values of the moderators is shuffled and the model fitted anew: where the moderators mean nothing,
every order is as likely as the one observed. Without moderators the signs of the estimates are flipped instead.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from stromata.progress import Progress, silent
from stromata.synthesis.intervals import FloatArray, check_seed, check_times
from stromata.synthesis.regression import kernels
from stromata.synthesis.regression.formulas import INTERCEPT
from stromata.synthesis.regression.meta_regression import MetaRegression, covariance_scale, wald_statistic
from stromata.synthesis.results.result import Result, recorded

_MOST = 10_000_000
"""Permutations that may be asked for: more take hours and change no digit that is read."""

_TIE = 1e-9
"""Relative difference up to which a statistic counts as equal to the observed one; rounding must not break ties."""


@dataclass(frozen=True, slots=True)
class PermutationTest(Result):
    """Result of a permutation test.

    Attributes
    ----------
    names, p : coefficients tested and their p-values. The intercept of a model with moderators is not tested: shuffling
        moderators says nothing about it.
    omnibus_p : of all of them together.
    permutations : arrangements that were fitted; with `exact` all that differ, the observed one among them.
    seed : of the random numbers; None when exact.
    """

    names: tuple[str, ...]
    p: tuple[float, ...]
    omnibus_p: float
    permutations: int
    exact: bool
    seed: int | None


@recorded("fit")
def permutation_test(
    fit: MetaRegression, *, permutations: int = 1000, seed: int = 0, progress: Progress = silent
) -> PermutationTest:
    """Test moderators by shuffling them.

    Parameters
    ----------
    permutations : all different arrangements are gone through when there are no more than this; else so many are drawn.
    seed : of the random numbers; a whole number of 0 or more.

    Returns
    -------
    Exact: the share of arrangements at least as extreme as the observed. Drawn: (b + 1) / (n + 1) with b of n drawn.

    Raises
    ------
    InvalidInput
        Fewer than one permutation, or a seed that is no whole number of 0 or more.

    References
    ----------
    Higgins and Thompson (2004), Statistics in Medicine 23, 1663-1682; Follmann and Proschan (1999), Biometrics 55,
    732-737, for the signs; Phipson and Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9:39,
    for the share.
    """
    check_times("permutations", permutations, _MOST)
    seed = check_seed(seed)
    moving = [j for j, term in enumerate(fit.matrix.terms) if term != INTERCEPT]
    flips = not moving
    moving = moving or [0]
    groups = _groups(fit.matrix.x)
    count = 2**fit.k if flips else _arrangements(groups)
    exact = count <= permutations
    total = count if exact else permutations
    statistics = _fitter(fit, moving)
    observed = statistics(np.arange(fit.k), np.ones(fit.k))
    reached = np.zeros(len(moving) + 1)
    source = (_all(groups, fit.k, flips=flips)) if exact else _drawn(fit.k, total, seed, flips=flips)
    for done, (order, signs) in enumerate(source, start=1):
        reached += statistics(order, signs) >= observed * (1 - _TIE)
        if done % 100 == 0:
            progress(done, total, "permutations")
    p = reached / total if exact else (reached + 1) / (total + 1)
    names = tuple(fit.matrix.names[j] for j in moving)
    return PermutationTest(names, tuple(p[:-1].tolist()), float(p[-1]), total, exact, None if exact else seed)


def _groups(x: FloatArray) -> list[int]:
    """Return for each study the number of the first study with the same moderators."""
    first: dict[bytes, int] = {}
    return [first.setdefault(row.tobytes(), i) for i, row in enumerate(np.ascontiguousarray(x))]


def _arrangements(groups: list[int]) -> int:
    count = math.factorial(len(groups))
    for size in Counter(groups).values():
        count //= math.factorial(size)
    return count


_Arrangement = tuple[npt.NDArray[np.intp], FloatArray]


def _all(groups: list[int], k: int, *, flips: bool) -> Iterator[_Arrangement]:
    if flips:
        for signs in product((1.0, -1.0), repeat=k):
            yield np.arange(k), np.array(signs)
        return
    for chosen in _different(sorted(groups)):
        yield np.array(chosen), np.ones(k)


def _different(items: list[int]) -> Iterator[list[int]]:
    """Return all different orders of sorted items, in the order of the dictionary."""
    order = list(items)
    while True:
        yield order
        order = list(order)
        i = len(order) - 2
        while i >= 0 and order[i] >= order[i + 1]:
            i -= 1
        if i < 0:
            return
        j = len(order) - 1
        while order[j] <= order[i]:
            j -= 1
        order[i], order[j] = order[j], order[i]
        order[i + 1 :] = order[:i:-1]


def _drawn(k: int, total: int, seed: int, *, flips: bool) -> Iterator[_Arrangement]:
    random = np.random.default_rng(seed)
    for _ in range(total):
        if flips:
            yield np.arange(k), random.choice([-1.0, 1.0], k)
        else:
            yield random.permutation(k), np.ones(k)


def _fitter(fit: MetaRegression, moving: list[int]) -> Callable[[npt.NDArray[np.intp], FloatArray], FloatArray]:
    """Return a function from an arrangement to the sizes of the test statistics, the omnibus one last."""
    design, _ = kernels.design(fit.matrix.x)
    method = None if fit.method == "ee" else fit.method

    def statistics(order: npt.NDArray[np.intp], signs: FloatArray) -> FloatArray:
        shuffled = kernels.Design(design.q[order], design.back)
        found = kernels.fit(kernels.problem(fit.yi * signs, fit.vi, shuffled), method, weights=fit.weights)
        part = found.covariance[np.ix_(moving, moving)] * covariance_scale(found, fit.q_df, fit.test)
        beta, se = found.beta[moving], np.sqrt(np.diagonal(part))
        z = np.divide(beta, se, out=np.full_like(se, np.inf), where=se > 0)
        return np.append(np.abs(z), wald_statistic(beta, part))

    return statistics
