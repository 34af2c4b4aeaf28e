"""The reference page of the standards, written from their data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stromata.model.standards import Authority, Criterion, Standard
from stromata.standards.catalogue import standards
from stromata.standards.certificate import address
from stromata.standards.fields import Field, fields
from stromata.standards.judge import asks

_OPENING = """# Practice standards

A standard is a versioned list of criteria, kept as data. How to hold a record against one:
[check a record](../how-to/check.md).

Rationales are in our own words. Every limit names the source that it was read in. **Unsourced** means that the item is
known and its value was not found: it is shown, and fails nothing. A limit of one product, one label or one trial is
that group's own and no norm: it is a *should*, unless the row says why it is a *must*.

CONSORT 2025 and the detailed items of MISEV2023 are not here: their texts could not be read.
"""

_FIELDS = """## Fields of a record

A record may hold these fields. Case, spaces and hyphens do not matter. A number without a unit is in the unit named
here; another unit is converted where that is safe, and named as a problem where it is not.

| field | meaning | what it holds | other names |
| --- | --- | --- | --- |"""


def reference_page() -> str:
    """Return the page in Markdown: every standard with its criteria, and every field that a record may hold."""
    rows = [f"| [`{one.id}`](#{one.id}) | {one.title} | {one.version} | {len(one.criteria)} |" for one in standards()]
    head = ["| id | standard | version | criteria |", "| --- | --- | --- | --- |"]
    body = [line for one in standards() for line in _standard(one)]
    return "\n".join([_OPENING, *head, *rows, "", *body, _FIELDS, *map(_field, fields()), ""])


def _standard(found: Standard) -> Iterator[str]:
    yield f"## {found.id}\n"
    yield f"{found.title}, version {found.version}. {found.scope.strip()}\n"
    stages = dict.fromkeys(one.stage for one in found.criteria)
    for stage in stages:
        if len(stages) > 1:
            yield f"### {stage[:1].upper()}{stage[1:]}\n"
        yield "| id | | about | field | asks for | why | source |\n| --- | --- | --- | --- | --- | --- | --- |"
        yield from (_criterion(one) for one in found.criteria if one.stage == stage)
        yield ""
    if found.conflicts:
        yield "### Where sources disagree\n"
        for conflict in found.conflicts:
            cited = f" {_cited(conflict.source)}" if conflict.source is not None else ""
            yield f"- {conflict.topic.replace('_', ' ')}: {conflict.text}{cited}"
        yield ""


def _criterion(one: Criterion) -> str:
    names = " or ".join(f"`{name}`" for name in (one.field, *one.or_fields))
    reason = f" A must, since {one.must_reason}." if one.must_reason else ""
    level = f" ({one.level})" if one.level else ""
    note = f" {one.note}" if one.note else ""
    cells = (
        one.id,
        one.severity + level,
        one.subject,
        names,
        asks(one, quote="`"),
        f"{one.rationale}{reason}{note}",
        _source(one),
    )
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _source(one: Criterion) -> str:
    if one.status == "unsourced":
        return f"unsourced{f'; said to stand in {_cited(one.lead)}' if one.lead is not None else ''}"
    basis = f"{one.basis}: " if one.basis and one.status == "sourced" else ""
    return basis + _listed(one.sources) if one.sources else one.basis


def _listed(sources: Iterable[Authority]) -> str:
    return "; ".join(map(_cited, sources))


def _cited(source: Authority) -> str:
    where = address(source)
    title = source.title.replace("[", "(").replace("]", ")")
    return f"[{title}](<{where}>)" if where else title


def _field(one: Field) -> str:
    holds = {
        "number": f"number{f' in {one.unit}' if one.unit else ''}",
        "yes-no": "yes or no",
        "word": ", ".join(f"`{word}`" for word, _ in one.words) + (", or other words" if one.open else ""),
        "term": f"a term of [{one.vocabulary}](vocabularies.md)",
        "date": "date, or date and time",
        "text": "text",
    }[one.kind]
    return f"| `{one.id}` | {one.label} | {holds} | {', '.join(f'`{name}`' for name in one.also)} |"
