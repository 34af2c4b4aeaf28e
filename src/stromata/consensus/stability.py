"""Whether a panel's opinion still moves: measures between two rounds, and concordance within one.

N is the number of panellists who rated a statement in both rounds.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist, mean, stdev
from typing import Literal

from stromata.errors import InvalidInput
from stromata.model.consensus import Vote

Weights = Literal["none", "linear", "quadratic"]

AGREES = 7
"""Ratings from here on agree with the statement."""

EXACT_PAIRS = 50
"""Up to so many ratings that moved, Wilcoxon's test is exact; beyond, the normal approximation is close."""


@dataclass(frozen=True, slots=True)
class Stability:
    """How the ratings of one statement moved from one round to the next.

    Attributes
    ----------
    before, after : the two rounds.
    pairs : N, people who rated in both; all measures but the difference of variation rest on them.
    n_before, n_after : ratings of each round; those above `pairs` are of people who rated in one of them only.
    changed : percent of the pairs whose rating differs; `changed_band` those who moved to another third of the scale.
    kappa : weighted kappa of the pairs with quadratic weights; None where all ratings are one and the same (0/0).
    cv_before, cv_after, cv_difference : coefficients of variation (SD / mean) of all ratings of each round, and the
        size of their difference; None with fewer than two ratings in a round.
    wilcoxon_p : signed-rank test that the ratings moved in neither direction; None when none moved.
    mcnemar_p : exact test that as many moved into 7-9 as out of it; None when nobody crossed.
    """

    statement: str
    before: int
    after: int
    pairs: int
    changed: float | None
    changed_band: float | None
    kappa: float | None
    cv_before: float | None
    cv_after: float | None
    cv_difference: float | None
    wilcoxon_p: float | None
    mcnemar_p: float | None
    n_before: int
    n_after: int


def stability(votes: Iterable[Vote], *, before: int, after: int) -> tuple[Stability, ...]:
    """Compare two rounds, statement by statement, in the order of the first votes of the later round.

    Parameters
    ----------
    votes : each panellist at most once per statement and round.
    before, after : numbers of the rounds, before < after. Statements that were rated in one of them only are left out.

    Raises
    ------
    InvalidInput
        before >= after.

    References
    ----------
    Holey EA, et al. BMC Med Res Methodol 2007;7:52 (kappa, dispersion). Kalaian SA, Kasim RM. Pract Assess Res Eval
    2012;17(5) (coefficients of variation; non-parametric tests for fewer than 30 experts).
    """
    if before >= after:
        raise InvalidInput(f"round {before} does not come before round {after}")
    scores: dict[int, dict[str, dict[str, int]]] = {before: {}, after: {}}
    for vote in votes:
        if vote.round in scores and vote.score is not None:
            scores[vote.round].setdefault(vote.statement, {})[vote.panellist] = vote.score
    return tuple(
        _compare(statement, before, after, scores[before][statement], later)
        for statement, later in scores[after].items()
        if statement in scores[before]
    )


def _compare(statement: str, before: int, after: int, early: dict[str, int], late: dict[str, int]) -> Stability:
    pairs = [(early[name], late[name]) for name in early if name in late]
    share = 100 / len(pairs) if pairs else math.nan
    first, second = variation(list(early.values())), variation(list(late.values()))
    return Stability(
        statement,
        before,
        after,
        len(pairs),
        changed=share * sum(a != b for a, b in pairs) if pairs else None,
        changed_band=share * sum(_third(a) != _third(b) for a, b in pairs) if pairs else None,
        kappa=weighted_kappa(pairs),
        cv_before=first,
        cv_after=second,
        cv_difference=None if first is None or second is None else abs(first - second),
        wilcoxon_p=_wilcoxon(pairs),
        mcnemar_p=mcnemar([(a >= AGREES, b >= AGREES) for a, b in pairs]),
        n_before=len(early),
        n_after=len(late),
    )


def _third(score: int) -> int:
    return (score - 1) // 3


def variation(ratings: Sequence[int]) -> float | None:
    """Return the coefficient of variation, sample SD over mean; None with fewer than two ratings."""
    return stdev(ratings) / mean(ratings) if len(ratings) > 1 else None


def weighted_kappa(pairs: Sequence[tuple[int, int]], *, weights: Weights = "quadratic") -> float | None:
    """Return Cohen's weighted kappa of paired ratings.

    Parameters
    ----------
    pairs : ratings of the same thing on two occasions.
    weights : a disagreement counts as its distance, the square of it, or always the same.

    Returns
    -------
    At most 1; None without pairs, or where chance alone gives perfect agreement (0/0).

    References
    ----------
    Cohen J (1968). Weighted kappa. Psychol Bull 70:213-20.
    """
    power = {"none": 0, "linear": 1, "quadratic": 2}[weights]

    def cost(a: int, b: int) -> int:
        return abs(a - b) ** power if a != b else 0

    left, right = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    seen = sum(cost(a, b) for a, b in pairs) * len(pairs)
    expected = sum(cost(a, b) * times * others for a, times in left.items() for b, others in right.items())
    return None if not expected else float(1 - Fraction(seen, expected))


def mcnemar(pairs: Sequence[tuple[bool, bool]]) -> float | None:
    """Return the exact two-sided p of McNemar's test: as many moved one way as the other. None when none moved.

    References
    ----------
    McNemar Q (1947). Psychometrika 12:153-7; the exact form is the binomial test of the pairs that differ.
    """
    up, down = sum(b and not a for a, b in pairs), sum(a and not b for a, b in pairs)
    if not up + down:
        return None
    moved = up + down
    tail = sum(math.comb(moved, count) for count in range(min(up, down) + 1))
    return min(1.0, float(Fraction(2 * tail, 2**moved)))


def _wilcoxon(pairs: Sequence[tuple[int, int]]) -> float | None:
    """Return the two-sided p of Wilcoxon's signed-rank test; None when none moved.

    Ratings tie often. Up to `EXACT_PAIRS` moves the distribution of the rank sum is built rank by rank, mid-ranks
    included, so that ties need no approximation. Pairs that did not move are left out (Wilcoxon 1945).
    """
    moves = [b - a for a, b in pairs if a != b]
    if not moves:
        return None
    ranks = _doubled_ranks([abs(move) for move in moves])
    seen = sum(rank for rank, move in zip(ranks, moves, strict=True) if move > 0)
    low = min(seen, sum(ranks) - seen)
    if len(moves) > EXACT_PAIRS:
        # Given the sizes of the moves, the rank sum varies as the sum of independent coins worth the ranks.
        z = (low - sum(ranks) / 2) / math.sqrt(sum(rank * rank for rank in ranks) / 4)
        return min(1.0, 2 * NormalDist().cdf(z))
    ways = Counter({0: 1})
    for rank in ranks:
        ways = ways + Counter({total + rank: count for total, count in ways.items()})
    tail = sum(count for total, count in ways.items() if total <= low)
    return min(1.0, float(Fraction(2 * tail, 2 ** len(ranks))))


def _doubled_ranks(values: Sequence[int]) -> list[int]:
    """Return twice the mid-rank of each value, a whole number even where values tie."""
    counts = Counter(values)
    return [2 * sum(times for other, times in counts.items() if other < value) + counts[value] + 1 for value in values]


def kendall_w(rows: Sequence[Sequence[int]]) -> float | None:
    """Return Kendall's coefficient of concordance W, corrected for ties.

    Parameters
    ----------
    rows : one row per panellist (m >= 2), one column per statement (k >= 2), no gaps.

    Returns
    -------
    0 (no concordance) to 1 (the same order throughout); None with too few rows or columns, or where every panellist
    rated all statements alike.

    Raises
    ------
    InvalidInput
        Rows of unequal length.

    References
    ----------
    Kendall MG, Babington Smith B (1939). Ann Math Stat 10:275-87; ties as in Siegel and Castellan (1988), section 9.6.
    """
    m, k = len(rows), len(rows[0]) if rows else 0
    if any(len(row) != k for row in rows):
        raise InvalidInput("Kendall's W needs a rating of every statement by every panellist")
    if m < 2 or k < 2:
        return None
    ranks = [_doubled_ranks(row) for row in rows]
    sums = [sum(column) for column in zip(*ranks, strict=True)]
    middle = Fraction(sum(sums), k)
    spread = sum((total - middle) ** 2 for total in sums) / 4
    ties = sum(times**3 - times for row in rows for times in Counter(row).values())
    room = Fraction(m * m * (k**3 - k) - m * ties, 12)
    return float(spread / room) if room else None


def concordance(votes: Iterable[Vote], *, round_number: int) -> tuple[float | None, int, int]:
    """Return Kendall's W of one round, over those who rated every statement, with their number and the statements'."""
    rated: dict[str, dict[str, int]] = {}
    statements: dict[str, None] = {}
    for vote in votes:
        if vote.round == round_number and vote.score is not None:
            rated.setdefault(vote.panellist, {})[vote.statement] = vote.score
            statements[vote.statement] = None
    whole = [[scores[one] for one in statements] for scores in rated.values() if len(scores) == len(statements)]
    return kendall_w(whole), len(whole), len(statements)
