"""What statements and judgements rest on, and whether it has changed since.

A basis keeps what a reader was shown (how many studies, which estimate, how certain) and a fingerprint of what went
into it. The fingerprint covers studies, their numbers and the method, never the version of a program: a new stromata
alone is no new evidence. Should it compute another result from the same data, the numbers tell.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from stromata.errors import NotFound
from stromata.model import Certainty, Condition, Criterion, EvidenceBasis, Standard, Synthesis, codec

TOLERANCE = 1e-6
"""Relative difference below which two results of the same data are the same: machines differ in the last digits."""


def find_evidence(name: str, syntheses: Iterable[Synthesis], conditions: Iterable[Condition] = ()) -> Synthesis:
    """Return the synthesis that ``plan`` names, or the subgroup that ``plan/condition`` names.

    Parameters
    ----------
    conditions : of the protocol; subgroups go by their labels.

    Raises
    ------
    NotFound
        There is no such synthesis, or it has no such subgroup; the hint lists those there are.
    """
    plan, slash, condition = name.partition("/")
    if slash and not condition:
        raise NotFound(
            f"{name!r} names no condition after the slash", hint=f"Write {plan} for the whole, or {plan}/CONDITION."
        )
    found = {item.plan or item.id: item for item in syntheses}
    if plan not in found:
        raise NotFound(
            f"there is no synthesis {plan!r}", hint=f"There are: {', '.join(found) or 'none; run the plans first'}."
        )
    if not condition:
        return found[plan]
    labels = {item.label: item.id for item in conditions}
    parts = {labels.get(label, label): part for label, part in found[plan].subgroups}
    if condition not in parts:
        raise NotFound(
            f"the synthesis {plan!r} has no subgroup {condition!r}", hint=f"There are: {', '.join(parts) or 'none'}."
        )
    return parts[condition]


def basis_of(name: str, result: Synthesis, certainty: Certainty | None = None) -> EvidenceBasis:
    """Return what a synthesis, or its subgroup, is now."""
    parts = [
        [effect.study or effect.label, sorted([key, value] for key, value in effect.inputs)]
        for effect in result.effects
    ]
    method = [result.measure, result.model, result.tau2_method, result.test, result.level]
    return EvidenceBasis(
        name,
        "synthesis",
        codec.digest([method, sorted(parts)]),
        k=result.k,
        measure=result.measure,
        natural=result.natural,
        certainty=certainty,
    )


def basis_of_criterion(standard: Standard, criterion: Criterion) -> EvidenceBasis:
    """Return what a criterion asks now; its rationale and sources are not part of that."""
    asked = codec.to_data(
        [criterion.field, criterion.operator, criterion.severity, criterion.unit, criterion.subject, criterion.stage]
    )
    rest = [codec.to_data(list(part)) for part in (criterion.applies_when, criterion.exceptions, criterion.or_fields)]
    value = codec.to_data([criterion.value])
    limit = "" if criterion.value is None else f" {_limit(criterion.value)}"
    text = f"{criterion.field} {criterion.operator}{limit}{' ' + criterion.unit if criterion.unit else ''}"
    return EvidenceBasis(
        f"{standard.id}/{criterion.id}",
        "criterion",
        codec.digest([asked, rest, value]),
        text=f"{text} ({criterion.severity})",
    )


def _limit(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def changed(before: EvidenceBasis, now: EvidenceBasis | None) -> str:
    """Return what has changed in a sentence; empty when nothing has.

    Parameters
    ----------
    now : None when it is not there any more.
    """
    if now is None:
        return f"{before.id} is not there any more."
    if before.kind == "criterion":
        return "" if before.fingerprint == now.fingerprint else f"{now.id} was “{before.text}” and is “{now.text}”."
    found = []
    if before.k != now.k:
        found.append(f"studies {before.k} → {now.k}")
    if before.measure != now.measure:
        found.append(f"measure {before.measure} → {now.measure}")
    if not _same(before, now):
        found.append(f"estimate {_shown(before)} → {_shown(now)}")
    if before.certainty is not None and before.certainty != now.certainty:
        found.append(f"certainty {_word(before.certainty)} → {_word(now.certainty)}")
    if not found and before.fingerprint != now.fingerprint:
        found.append("the data or the method behind it, although the estimate is the same")
    return f"{now.id}: {'; '.join(found)}." if found else ""


def _word(certainty: Certainty | None) -> str:
    return certainty.replace("-", " ") if certainty else "not judged"


def _same(before: EvidenceBasis, now: EvidenceBasis) -> bool:
    pairs = (
        (before.natural.estimate, now.natural.estimate),
        (before.natural.ci_low, now.natural.ci_low),
        (before.natural.ci_high, now.natural.ci_high),
    )
    return all(
        one is other
        or (one is not None and other is not None and math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=1e-9))
        for one, other in pairs
    )


def _shown(basis: EvidenceBasis) -> str:
    natural = basis.natural
    if natural.estimate is None:
        return "none"
    if natural.ci_low is None or natural.ci_high is None:
        return f"{natural.estimate:.3g}"
    return f"{natural.estimate:.3g} ({natural.ci_low:.3g} to {natural.ci_high:.3g})"
