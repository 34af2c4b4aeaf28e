"""How far reviewers agree: of two, of several, and on each reason, every coefficient with its interval.

Verdicts count as exclude or not: ``maybe`` at title and abstract means that the reference is read in full. In a table
of two reviewers, a counts references that both keep, b those that only the first keeps, c those that only the second
keeps, and d those that both exclude; n is their sum. Intervals are two-sided at 95 %.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from stromata.model import Decision, Stage

LEVEL = 0.95
"""Coverage of all intervals."""

_Z = 1.959963984540054
"""Quantile of the normal distribution that goes with `LEVEL`."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A coefficient of agreement with its interval.

    Attributes
    ----------
    value : None where it is 0/0, as kappa is when both reviewers gave one and the same verdict throughout.
    low, high : bounds of the interval; None where it cannot be told, as when everybody agrees on everything and the
        usual formula gives an interval of no width.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class ReasonAgreement:
    """Agreement on one reason, over references that both reviewers excluded, at least one with a reason.

    Attributes
    ----------
    n : such references. `both`, `one` : those for which both gave this reason, and one alone.
    positive : share of agreement among the times that the reason was given.
    """

    reason: str
    n: int
    both: int
    one: int
    positive: Coefficient
    kappa: Coefficient


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of one pair of reviewers at one stage.

    Attributes
    ----------
    n : references on which both decided. `both_keep`, `first_keeps`, `second_keeps`, `both_exclude` add up to it.
    observed : share of them on which they agree, 0 to 1. `kappa` : Cohen's kappa, at most 1. Both None when n = 0.
    raw, cohen : the same two, with intervals.
    pabak : prevalence-adjusted, bias-adjusted kappa; -1 to 1.
    ac1 : Gwet's AC1, which does not break down when nearly all is excluded.
    positive, negative : agreement among the times that a reviewer kept, or excluded, a reference; 0 to 1.
    reasons : by reason, in the order of their codes.
    """

    stage: Stage
    reviewers: tuple[str, str]
    n: int
    observed: float | None
    kappa: float | None
    both_keep: int = 0
    first_keeps: int = 0
    second_keeps: int = 0
    both_exclude: int = 0
    raw: Coefficient = Coefficient()
    cohen: Coefficient = Coefficient()
    pabak: Coefficient = Coefficient()
    ac1: Coefficient = Coefficient()
    positive: Coefficient = Coefficient()
    negative: Coefficient = Coefficient()
    reasons: tuple[ReasonAgreement, ...] = ()


@dataclass(frozen=True, slots=True)
class JointAgreement:
    """Agreement of three or more reviewers at one stage, over the references on which at least two decided."""

    stage: Stage
    reviewers: tuple[str, ...]
    n: int
    raw: Coefficient
    fleiss: Coefficient
    ac1: Coefficient


def agreement(decisions: Iterable[Decision], *, stage: Stage) -> tuple[Agreement, ...]:
    """Return the agreement of each pair of reviewers at a stage, in the order of their names.

    Parameters
    ----------
    decisions : at most one verdict a reviewer, reference and stage.

    References
    ----------
    Cohen J (1960). A coefficient of agreement for nominal scales. Educ Psychol Meas 20:37-46.
    """
    verdicts = _by_reviewer(decisions, stage)
    found = []
    for left, right in combinations(sorted(verdicts), 2):
        pairs = [(given, verdicts[right][key]) for key, given in verdicts[left].items() if key in verdicts[right]]
        if pairs:
            found.append(_pair(stage, (left, right), pairs))
    return tuple(found)


def joint_agreement(decisions: Iterable[Decision], *, stage: Stage) -> JointAgreement | None:
    """Return the agreement of all reviewers of a stage together; None when fewer than three decided.

    Reviewers need not have read the same references: a reference counts with those who read it.

    References
    ----------
    Fleiss JL (1971). Measuring nominal scale agreement among many raters. Psychol Bull 76:378-382.
    Gwet KL (2014). Handbook of inter-rater reliability, 4th ed., chapters 2 and 5 (with verdicts missing).
    """
    verdicts = _by_reviewer(decisions, stage)
    if len(verdicts) < 3:
        return None
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for given in verdicts.values():
        for key, decision in given.items():
            counts[key][decision.verdict == "exclude"] += 1
    rows = [counts[key] for key in sorted(counts)]
    n = sum(sum(row) > 1 for row in rows)
    return JointAgreement(stage, tuple(sorted(verdicts)), n, _raw_of_many(rows), fleiss_kappa(rows), gwet_ac1(rows))


def cohen_kappa(table: Sequence[Sequence[int]]) -> Coefficient:
    """Return Cohen's kappa of a square table of counts, with its large-sample interval.

    Parameters
    ----------
    table : (Q, Q) counts, rows by the first reviewer's verdict, columns by the second's.

    References
    ----------
    Fleiss JL, Cohen J, Everitt BS (1969). Large sample standard errors of kappa and weighted kappa. Psychol Bull
    72:323-327, equation 13.
    """
    n = sum(map(sum, table))
    if not n:
        return Coefficient()
    share = [[count / n for count in row] for row in table]
    rows, columns = [sum(row) for row in share], [sum(column) for column in zip(*share, strict=True)]
    indices = range(len(share))
    observed = sum(share[i][i] for i in indices)
    expected = sum(rows[i] * columns[i] for i in indices)
    if math.isclose(expected, 1):
        return Coefficient()
    kappa = (observed - expected) / (1 - expected)
    if observed == 1:
        return Coefficient(kappa)
    agreeing = sum(share[i][i] * (1 - (rows[i] + columns[i]) * (1 - kappa)) ** 2 for i in indices)
    differing = sum(share[i][j] * (columns[i] + rows[j]) ** 2 for i in indices for j in indices if i != j)
    spread = agreeing + (1 - kappa) ** 2 * differing - (kappa - expected * (1 - kappa)) ** 2
    return _within(kappa, _Z * math.sqrt(max(0.0, spread) / n) / (1 - expected))


def gwet_ac1(counts: Sequence[Sequence[int]]) -> Coefficient:
    """Return Gwet's AC1 of two or more reviewers, with an interval by Student's t.

    Parameters
    ----------
    counts : (R, Q) how many reviewers put each of R references into each of Q classes; rows of one verdict add to what
        is expected by chance only.

    References
    ----------
    Gwet KL (2008). Computing inter-rater reliability and its variance in the presence of high agreement. Br J Math
    Stat Psychol 61:29-48; with missing verdicts as in Gwet (2014), chapter 5.
    """
    shares = _shares(counts)
    classes = len(counts[0]) if counts else 0
    if classes < 2:
        return Coefficient()
    weight = 1 / (classes - 1)
    expected = weight * sum(share * (1 - share) for share in shares)
    each = [weight * sum(n * (1 - s) for n, s in zip(row, shares, strict=True)) / sum(row) for row in counts]
    return _of_many(counts, expected, each)


def fleiss_kappa(counts: Sequence[Sequence[int]]) -> Coefficient:
    """Return Fleiss' kappa of two or more reviewers; parameters as for `gwet_ac1`.

    References
    ----------
    Fleiss JL (1971), as above; variance by Gwet KL (2014), chapter 5, which also allows for missing verdicts.
    """
    shares = _shares(counts)
    expected = sum(share**2 for share in shares)
    each = [sum(n * s for n, s in zip(row, shares, strict=True)) / sum(row) for row in counts]
    return _of_many(counts, expected, each)


def proportion(hits: int, n: int) -> Coefficient:
    """Return a share with Wilson's score interval, which stays within 0 to 1 and has width even at 0 and at n.

    References
    ----------
    Wilson EB (1927). Probable inference, the law of succession, and statistical inference. J Am Stat Assoc 22:209-212.
    """
    if not n:
        return Coefficient()
    share, square = hits / n, _Z**2
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = _Z * math.sqrt(share * (1 - share) / n + square / (4 * n**2)) / (1 + square / n)
    return Coefficient(share, 0.0 if hits == 0 else centre - half, 1.0 if hits == n else centre + half)


def specific_agreement(both: int, one: int) -> Coefficient:
    """Return the share of agreement among the times that a class was given: 2 both / (2 both + one).

    With p = both / (both + one) it is 2p / (1 + p), so that Wilson's interval of p carries over; to first order this is
    the interval of Graham and Bull.

    References
    ----------
    Cicchetti DV, Feinstein AR (1990). High agreement but low kappa: II. J Clin Epidemiol 43:551-558.
    Graham P, Bull B (1998). Approximate standard errors and confidence intervals for indices of positive and negative
    agreement. J Clin Epidemiol 51:763-771.
    """
    return _mapped(proportion(both, both + one), lambda share: 2 * share / (1 + share))


def _by_reviewer(decisions: Iterable[Decision], stage: Stage) -> dict[str, dict[str, Decision]]:
    verdicts: dict[str, dict[str, Decision]] = {}
    for decision in decisions:
        if decision.stage == stage:
            verdicts.setdefault(decision.reviewer, {})[decision.reference] = decision
    return verdicts


def _pair(stage: Stage, reviewers: tuple[str, str], pairs: list[tuple[Decision, Decision]]) -> Agreement:
    cells = [[0, 0], [0, 0]]
    for first, second in pairs:
        cells[first.verdict == "exclude"][second.verdict == "exclude"] += 1
    (a, b), (c, d) = cells
    n = len(pairs)
    raw = proportion(a + d, n)
    kappa = cohen_kappa(cells)
    # Byrt T, Bishop J, Carlin JB (1993). Bias, prevalence and kappa. J Clin Epidemiol 46:423-429: 2 p - 1.
    return Agreement(
        stage,
        reviewers,
        n,
        raw.value,
        kappa.value,
        both_keep=a,
        first_keeps=b,
        second_keeps=c,
        both_exclude=d,
        raw=raw,
        cohen=kappa,
        pabak=_mapped(raw, lambda share: 2 * share - 1),
        ac1=gwet_ac1([[2, 0]] * a + [[1, 1]] * (b + c) + [[0, 2]] * d),
        positive=specific_agreement(a, b + c),
        negative=specific_agreement(d, b + c),
        reasons=tuple(_reasons(pairs)),
    )


def _reasons(pairs: Iterable[tuple[Decision, Decision]]) -> Iterator[ReasonAgreement]:
    told = [
        (set(first.reasons), set(second.reasons))
        for first, second in pairs
        if first.verdict == second.verdict == "exclude" and (first.reasons or second.reasons)
    ]
    for reason in sorted({reason for pair in told for reasons in pair for reason in reasons}):
        cells = [[0, 0], [0, 0]]
        for first, second in told:
            cells[reason not in first][reason not in second] += 1
        (both, left), (right, _) = cells
        yield ReasonAgreement(
            reason, len(told), both, left + right, specific_agreement(both, left + right), cohen_kappa(cells)
        )


def _shares(counts: Sequence[Sequence[int]]) -> list[float]:
    """Return the mean share of each class over the references."""
    return [sum(column) / len(counts) for column in zip(*([n / sum(row) for n in row] for row in counts), strict=True)]


def _agreeing(row: Sequence[int]) -> float:
    """Return the share of agreeing pairs among the pairs of verdicts on one reference."""
    given = sum(row)
    return sum(n * (n - 1) for n in row) / (given * (given - 1)) if given > 1 else 0.0


def _of_many(counts: Sequence[Sequence[int]], expected: float, each: Sequence[float]) -> Coefficient:
    """Return a coefficient (observed - expected) / (1 - expected) of many reviewers.

    `each` is the part of each reference in what is expected; the mean of `each` is `expected`. The variance linearises
    both terms: Gwet (2014), chapter 5.
    """
    n, paired = len(counts), sum(sum(row) > 1 for row in counts)
    if not paired or math.isclose(expected, 1):
        return Coefficient()
    agreeing = [_agreeing(row) for row in counts]
    observed = sum(agreeing) / paired
    value = (observed - expected) / (1 - expected)
    if math.isclose(observed, 1):
        return Coefficient(value)
    parts = [
        n / paired * (share - expected) * (sum(row) > 1) / (1 - expected)
        - 2 * (1 - value) * (part - expected) / (1 - expected)
        for row, share, part in zip(counts, agreeing, each, strict=True)
    ]
    return _by_student(value, parts)


def _raw_of_many(counts: Sequence[Sequence[int]]) -> Coefficient:
    n, paired = len(counts), sum(sum(row) > 1 for row in counts)
    if not paired:
        return Coefficient()
    agreeing = [_agreeing(row) for row in counts]
    value = sum(agreeing) / paired
    if math.isclose(value, 1):
        return Coefficient(value)
    return _by_student(value, [share * n / paired for share in agreeing])


def _by_student(value: float, parts: Sequence[float]) -> Coefficient:
    n = len(parts)
    if n < 2:
        return Coefficient(value)
    from scipy.special import stdtrit  # noqa: PLC0415 - takes long to load

    variance = sum((part - value) ** 2 for part in parts) / (n * (n - 1))
    return _within(value, float(stdtrit(n - 1, (1 + LEVEL) / 2)) * math.sqrt(variance))


def _within(value: float, half: float) -> Coefficient:
    return Coefficient(value, max(-1.0, value - half), min(1.0, value + half))


def _mapped(given: Coefficient, rising: Callable[[float], float]) -> Coefficient:
    """Return a coefficient and its bounds carried through a rising function."""
    return Coefficient(*(None if end is None else rising(end) for end in (given.value, given.low, given.high)))
