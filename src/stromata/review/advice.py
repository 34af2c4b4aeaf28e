"""What the literature advises for the data of a synthesis, and several honest analyses of them side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stromata import reporting, synthesis
from stromata.errors import InvalidInput
from stromata.model import Caution, EffectSize, Interval, Synthesis

if TYPE_CHECKING:
    from stromata.synthesis.advice import Advice, Option

MANY_STUDIES = 100
"""Studies from which the analyses are not computed side by side in a report: there they differ less than the studies
do, and all together take seconds. `stromata.synthesis.side_by_side` has no such limit."""

_ONE_ARM = frozenset({"proportion", "one-mean", "rate"})
"""Kinds of measures of one arm that can be planned and that advice exists for; changes are differences."""


def advise(effects: Iterable[EffectSize]) -> Advice | None:
    """Return what the literature advises for effects, by their counts where they have any; None where it is silent."""
    columns = _columns(tuple(effects))
    try:
        return synthesis.recommend(**columns) if columns else None
    except InvalidInput:  # numbers that the measure takes and advice does not, such as parts of people
        return None


def with_reservations(result: Synthesis) -> Synthesis:
    """Return a synthesis with the reservations of the advice for its data, those of its groups with each group."""
    parts = tuple((label, with_reservations(part)) for label, part in result.subgroups)
    found = advise(result.effects)
    known = {item.code for item in result.cautions}
    more = tuple(item for item in found.cautions if item.code not in known) if found else tuple[Caution, ...]()
    return replace(result, cautions=(*result.cautions, *more), subgroups=parts)


def advice_sections(results: Iterable[Synthesis]) -> Iterator[reporting.AdviceSection]:
    """Yield the advice for each synthesis of single arms that holds a study, with the analyses that it names.

    Nothing is computed again for `MANY_STUDIES`.
    """
    for result in results:
        entry = synthesis.get_measure(result.measure)
        found = advise(result.effects) if entry.kind in _ONE_ARM and result.k else None
        if found is None:
            continue
        yield reporting.AdviceSection(
            synthesis=result.id,
            first=_told(found.first) if found.first else None,
            against=tuple(map(_told, found.against)),
            refused=found.refused,
            analyses=tuple(_analyses(result, found)) if result.k < MANY_STUDIES else (),
        )


def _analyses(result: Synthesis, found: Advice) -> Iterator[reporting.AnalysisRow]:
    whys = {option.method: option.why for option in (found.first, *found.others) if option}
    entry, kind = synthesis.get_measure(result.measure), found.kind
    for one in synthesis.side_by_side(level=result.level, **_columns(result.effects)):
        natural = one.natural
        if kind == "estimates":
            values = (natural.estimate, natural.ci_low, natural.ci_high)
            natural = Interval(*(None if value is None else entry.to_natural(value, 1.0) for value in values))
        yield reporting.AnalysisRow(
            title=f"{one.title[:1].upper()}{one.title[1:]}",
            why=whys[one.method],
            natural=natural,
            refused=one.refused,
        )


_TITLES: dict[str, str] = {
    "inverse-variance-corrected": "Inverse variance with corrections of empty cells",
    "double-arcsine": "The double arcsine transformation",
    "exact": "The exact interval of all people together",
    "glmm": "A binomial-normal model (GLMM)",
    "beta-binomial": "A beta-binomial model",
    "bayes": "Bayesian random effects with a weak prior",
    "common": "The common effect",
    "random": "Random effects with a normal interval",
    "random-adhoc": "Random effects with Hartung-Knapp intervals, never narrower than the normal one",
}


def _told(option: Option) -> reporting.AdviceOption:
    return reporting.AdviceOption(_TITLES.get(option.method, option.method), option.why, option.references)


def _columns(effects: tuple[EffectSize, ...]) -> dict[str, Any]:  # Any: columns beside options
    """Return the counts behind effects, else estimates and variances; nothing where neither is known of all."""
    rows = [dict(effect.inputs) for effect in effects]
    if not rows:
        return {}
    if all({"xi", "ni"} <= row.keys() for row in rows):
        return {name: [row[name] for row in rows] for name in ("xi", "ni")}
    if all({"xi", "ti"} <= row.keys() for row in rows):
        return {name: [row[name] for row in rows] for name in ("xi", "ti")}
    if all({"ai", "bi", "ci", "di"} <= row.keys() for row in rows):
        return {
            "ai": [row["ai"] for row in rows],
            "n1i": [row["ai"] + row["bi"] for row in rows],
            "ci": [row["ci"] for row in rows],
            "n2i": [row["ci"] + row["di"] for row in rows],
        }
    known = [effect for effect in effects if effect.yi is not None and effect.vi is not None]
    if len(known) < len(effects):
        return {}
    return {"yi": [effect.yi for effect in known], "vi": [effect.vi for effect in known]}
