"""The reference page of all instruments, written from the data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stromata.clinical.instruments.catalogue import (
    Band,
    Citation,
    Component,
    ImportantDifference,
    Instrument,
    ResponderCriterion,
    instruments,
)

INTRODUCTION = """# Instruments

What `stromata score` and `stromata.clinical.instruments` know: {count} instruments, {criteria} responder criteria.
Every number says where it was read. *Secondary* means that the page is not the instrument's own paper.
*Partial* and *unsourced* parts are known to exist but were not found in a source; they are never computed.

- A change is the baseline minus the follow-up, so it is positive where the score fell. The change in % is of the
  baseline; it does not exist where the baseline is 0.
- Nothing is imputed. A missing component leaves the total open, and a missing visit leaves the response open.
- Totals and percentages are rounded to nine decimals before they meet a limit.
- Limits of plausibility are ours, not the instruments'. A value beyond one is kept and gets a caution.
- Rules of states and composite responders have three answers: met, not met, and cannot be known.

How to score a table: [Score patients](../how-to/score.md).
"""


def reference_page() -> str:
    """Return the page in Markdown."""
    items = instruments()
    parts = [INTRODUCTION.format(count=len(items), criteria=sum(len(item.criteria) for item in items))]
    rows = [
        [f"[{item.aliases[0]}](#{item.id})", item.name, ", ".join(item.conditions), _range(item), item.status]
        for item in items
    ]
    parts.append(_table(("instrument", "name", "conditions", "range", "status"), rows))
    parts += ["\n".join(_section(item)) for item in items]
    parts.append("\n".join(_sources(items)))
    return "\n".join(parts)


def _section(item: Instrument) -> Iterator[str]:
    yield f'<a id="{item.id}"></a>\n\n## {item.aliases[0]}\n'
    also = f" Also called {', '.join(item.aliases[1:])}." if len(item.aliases) > 1 else ""
    direction = {"higher-is-worse": " Higher is worse.", "higher-is-better": " Higher is better."}.get(
        item.direction, ""
    )
    yield f"{item.name}; {item.kind}. Range: {_range(item)}.{direction}{also}\n"
    yield f"{item.formula.text}{_cite(item.formula.source)}\n"
    yield from (f"**{name}.** {text}\n" for name, text in item.vague_names)
    yield from (f"**Not computed.** {text}\n" for text in item.missing)
    yield _table(
        ("component", "meaning", "allowed", "source"),
        [[f"`{part.id}`", _meaning(part), _allowed(part), _mark(part.source, part.status)] for part in item.components],
    )
    if item.derived:
        extras = ", ".join(f"{one.label} (`{one.id}`){_cite(one.source)}" for one in item.derived)
        yield f"Beside the total: {extras}.\n"
    for scheme in item.bands:
        note = f" {scheme.note}" if scheme.note else ""
        yield f"Bands, {scheme.scheme}{_cite(scheme.source)}.{note}\n"
        yield _table(("total", "band", ""), [[_limits(band), band.label, band.text] for band in scheme.bands])
    if item.criteria:
        yield _table(
            ("criterion", "meaning", "rule", "source"),
            [[f"`{one.id}`", one.label, _rule(one), _mark(one.source, one.status)] for one in item.criteria],
        )
    if item.mcid:
        yield "Smallest important difference:\n"
        yield from (f"- {_difference(one)}" for one in item.mcid)
        yield ""
    for rule in item.grading:
        versions = ", ".join(rule.versions)
        yield (
            f"Features of {rule.term or 'any event'}, version {versions}{_cite(rule.source)}. {rule.note}".rstrip()
            + "\n"
        )
        yield _table(("feature", "grade"), [[f"`{name}`", str(grade)] for name, grade in rule.features])
    if item.notes:
        yield from (f"- {note.text}{_cite(note.source)}" for note in item.notes)
        yield ""


def _range(item: Instrument) -> str:
    if item.computes == "response":
        return "met, not met, or unknown"
    low = "no lower limit" if item.low is None else f"{item.low:g}"
    if item.high is not None:
        return f"{low} to {item.high:g} {item.unit}".strip()
    usual = f", usually up to {item.usual_high:g}" if item.usual_high is not None else ""
    return f"from {low}{usual} {item.unit}".strip() + (f" ({item.range_note})" if item.range_note else "")


def _meaning(part: Component) -> str:
    other = part.alternative
    words = {
        "area-score": "instead of the area score `{}`",
        "factor": "instead of `{}`",
        "sum": "instead of its items",
    }
    instead = f", {words[other.kind].format(other.of[0])}" if other else ""
    weight = f", weight {part.weight:g}" if part.weight not in {None, 1.0} else ""
    at = {"both": "; at both visits", "followup": "; at follow-up"}.get(part.at, "")
    return f"{part.label}{instead}{weight}{at}" + (f". {part.note}" if part.note else "")


def _allowed(part: Component) -> str:
    if part.kind == "flag":
        return "yes or no"
    if part.kind == "choice":
        return ", ".join(f"{letter} ({points:g})" for letter, points in part.choices)
    if part.kind == "items":
        return "list"
    usual = f"; caution above {part.usual_high:g}" if part.usual_high is not None else ""
    step = {None: "", 1.0: ", whole"}.get(part.step, f", steps of {part.step:g}" if part.step else "")
    if part.low is not None and part.high is not None:
        return f"{part.low:g} to {part.high:g} {part.unit}".strip() + step
    limit = (
        f"{part.low:g} or more" if part.low is not None else f"at most {part.high:g}" if part.high is not None else ""
    )
    return f"{limit} {part.unit}".strip() + step + usual


def _limits(band: Band) -> str:
    if band.low == band.high:
        return f"{band.low:g}"
    low = f"{'above' if band.low_open else 'from'} {band.low:g}"
    if band.high == float("inf"):
        return low
    return f"{low} {'to below' if band.high_open else 'to'} {band.high:g}"


def _rule(one: ResponderCriterion) -> str:
    return one.rule + (f" {one.note}" if one.note else "")


def _difference(one: ImportantDifference) -> str:
    if one.value is None:
        return f"not found. {one.note}".strip()
    upper = f" to {one.high:g}" if one.high is not None else ""
    scope = f", {one.scope}" if one.scope else ""
    note = f". {one.note}" if one.note else ""
    return f"{one.value:g}{upper} {one.unit}{scope}{_mark_after(one)}{note}"


def _mark_after(one: ImportantDifference) -> str:
    return " (unsourced)" if one.source is None else _cite(one.source)


def _cite(source: Citation | None) -> str:
    return f" [[{source.id}](#source-{source.id})]" if source else ""


def _mark(source: Citation | None, status: str) -> str:
    shown = _cite(source).strip()
    return f"{shown} {status}".strip() if status != "sourced" else shown


def _table(heading: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(heading)
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def _sources(items: tuple[Instrument, ...]) -> Iterator[str]:
    yield "## Sources\n"
    found = {source.id: source for item in items for source in _all_sources(item) if source is not None}
    for source in sorted(found.values(), key=lambda one: one.id):
        doi = f" doi:{source.doi}." if source.doi else ""
        yield f'- <a id="source-{source.id}"></a>**{source.id}** ({source.level}): {source.title}.{doi} <{source.url}>'
    yield ""


def _all_sources(item: Instrument) -> Iterator[Citation | None]:
    yield from (item.source, item.formula.source, item.formula.weights_source)
    for group in (item.components, item.bands, item.criteria, item.mcid, item.notes, item.derived, item.grading):
        yield from (part.source for part in group)
