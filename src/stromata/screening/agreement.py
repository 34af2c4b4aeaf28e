"""How far two reviewers agree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from stromata.model import Decision, Stage


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of one pair of reviewers at one stage, verdicts taken as exclude or not.

    Attributes
    ----------
    n : references on which both decided.
    observed : share of them on which they agree, 0 to 1; None when n = 0.
    kappa : Cohen's kappa, at most 1; None when n = 0 or when both gave one and the same verdict throughout (0/0).
    """

    stage: Stage
    reviewers: tuple[str, str]
    n: int
    observed: float | None
    kappa: float | None


def agreement(decisions: Iterable[Decision], *, stage: Stage) -> tuple[Agreement, ...]:
    """Return the agreement of each pair of reviewers at a stage, in the order of their names.

    References
    ----------
    Cohen J (1960). A coefficient of agreement for nominal scales. Educ Psychol Meas 20:37-46.
    """
    verdicts: dict[str, dict[str, bool]] = {}
    for decision in decisions:
        if decision.stage == stage:
            verdicts.setdefault(decision.reviewer, {})[decision.reference] = decision.verdict == "exclude"
    found = []
    for left, right in combinations(sorted(verdicts), 2):
        both = sorted(verdicts[left].keys() & verdicts[right].keys())
        pairs = [(verdicts[left][key], verdicts[right][key]) for key in both]
        observed, kappa = _kappa(pairs)
        if pairs:
            found.append(Agreement(stage, (left, right), len(pairs), observed, kappa))
    return tuple(found)


def _kappa(pairs: list[tuple[bool, bool]]) -> tuple[float | None, float | None]:
    n = len(pairs)
    if not n:
        return None, None
    observed = sum(a == b for a, b in pairs) / n
    left, right = sum(a for a, _ in pairs) / n, sum(b for _, b in pairs) / n
    expected = left * right + (1 - left) * (1 - right)
    return observed, None if expected == 1 else (observed - expected) / (1 - expected)
