"""What a rule claims to have read, and how far each rule can be trusted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """One value read by one rule, at a half-open span of the folded text.

    Attributes
    ----------
    rule : key of `CONFIDENCE`.
    rank : where a study has one value only, the claim of the highest rank is taken; of equal ones the first.
    doubt : factor on the confidence, 1 when nothing speaks against the claim.
    """

    field: str
    value: str
    unit: str
    start: int
    end: int
    rule: str
    rank: int = 0
    doubt: float = 1.0


def best(claims: Iterable[Claim]) -> Claim | None:
    """Return the claim of the highest rank; of equal ones the first in the text."""
    return min(claims, key=lambda claim: (-claim.rank, claim.start), default=None)


def distinct(claims: Iterable[Claim]) -> list[Claim]:
    """Return one claim for each field, value and unit: the most trusted, and of equal ones the first in the text."""
    kept: dict[tuple[str, str, str], Claim] = {}
    for claim in sorted(claims, key=lambda claim: (-claim.rank, claim.start)):
        kept.setdefault((claim.field, claim.value, claim.unit), claim)
    return sorted(kept.values(), key=lambda claim: (claim.start, claim.end, claim.field))
