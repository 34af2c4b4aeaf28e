"""The command that holds a record against a practice standard: check."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from stromata.cli.app import FILES, Json, Option, app, opened
from stromata.cli.output import STDOUT, emit, say, show_problems, source, table, tell, write_file
from stromata.cli.standard import find, simulated

if TYPE_CHECKING:
    from stromata.model import RecordChecked
    from stromata.model.standards import Check, CheckReport, Standard, StatusCounts, Subject

FOUND_WANTING = 3
"""Exit status when a must-criterion that applies is not met."""


@app.command(rich_help_panel=FILES)
def check(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="Record, JSON or CSV; - is stdin.")] = "",
    standard: Annotated[
        str, typer.Option("--standard", help="Standard that ships or was adopted, or the YAML file of a team's own.")
    ] = "cell-therapy",
    subject: Annotated[
        str, typer.Option(help="What the record describes: batch, infusion, patient, product or study-report.")
    ] = "",
    row: Annotated[int | None, typer.Option(help="Which record, when the file holds several; from 1.")] = None,
    html: Annotated[str, Option("--html", metavar="FILE", help="Write the check as a page to print.")] = "",
    keep: Annotated[bool, typer.Option("--keep", help="Keep the result in the review of --dir.")] = False,
    name: Annotated[str, typer.Option(help="Name under which it is kept; by default the record's own.")] = "",
    listed: Annotated[bool, typer.Option("--list", help="List the standards.")] = False,
    as_json: Json = False,
) -> None:
    """Hold a batch record, an infusion record or a report against a practice standard.

    The exit status is 3 when a must-criterion that applies is not met: also where the record states something that
    does not show it. What is not reported is counted, not failed.
    """
    from stromata import standards
    from stromata.errors import InvalidInput

    if listed:
        _list(standards.standards(), as_json)
        return
    if not file:
        raise InvalidInput(
            "no record is named", hint="stromata check RECORD.json; stromata check --list for standards."
        )
    if name and not keep:
        raise InvalidInput("--name is given without --keep", hint="A check has a name where it is kept: add --keep.")
    held = _Held(source(file), _subjects(subject), row)
    kept = _keep(context, held, standard, name) if keep else None
    found = kept[0].report if kept else _check(context, held, _standard(context, standard))
    if html:
        write_file(html, _page(found))
    if as_json and html != STDOUT:
        emit(_data(found) | ({"kept": {"name": kept[0].name, "new": kept[1]}} if kept else {}))
    elif html != STDOUT:
        _show(found)
        if kept:
            say(
                f"Kept as {kept[0].name}." if kept[1] else f"It is kept as {kept[0].name} already; nothing was written."
            )
    show_problems(file, found.problems)
    if not found.passed:
        raise typer.Exit(FOUND_WANTING)


@dataclass(frozen=True, slots=True)
class _Held:
    """What is held against a standard: the record, what it describes, and which row of its file it is."""

    source: Path | bytes
    subject: tuple[Subject, ...]
    row: int | None


def _check(context: typer.Context, held: _Held, chosen: Standard) -> CheckReport:
    from stromata import standards

    record, problems = standards.read_record(held.source, row=held.row)
    found = standards.check(record, chosen, subject=held.subject)
    return replace(found, problems=(*simulated(context, chosen), *problems, *found.problems))


def _keep(context: typer.Context, held: _Held, standard: str, name: str) -> tuple[RecordChecked, bool]:
    from stromata import review
    from stromata.errors import InvalidInput

    if _is_file(standard):
        raise InvalidInput(
            f"a check against the file {standard} cannot be kept",
            hint="The review keeps checks against standards it knows: stromata standard adopt FILE, then name its id.",
        )
    with opened(context) as project:
        return review.keep_check(project, held.source, standard, name=name, subject=held.subject, row=held.row)


def _standard(context: typer.Context, name: str) -> Standard:
    """Return the standard of a name, or the one that a file describes."""
    from stromata import standards

    return standards.read_standard(Path(name)) if _is_file(name) else find(context, name)


def _is_file(name: str) -> bool:
    path = Path(name)
    return path.suffix.lower() in {".yaml", ".yml"} or path.is_file()


def _subjects(text: str) -> tuple[Subject, ...]:
    from stromata.errors import InvalidInput
    from stromata.standards import SUBJECTS

    words = [word.strip().lower() for word in text.split(",") if word.strip()]
    for word in words:
        if word not in SUBJECTS:
            raise InvalidInput(f"--subject: {word!r} is not one of {', '.join(SUBJECTS)}", hint="Such as batch.")
    return cast("tuple[Subject, ...]", tuple(words))


def _page(found: CheckReport) -> str:
    from datetime import UTC, datetime

    from stromata import __version__, standards

    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return standards.certificate(found, checked_on=now, version=__version__)


def _list(found: tuple[Standard, ...], as_json: bool) -> None:
    rows = [(one.id, one.version, len(one.criteria), ", ".join(one.subjects), one.title) for one in found]
    if as_json:
        names = ("id", "version", "criteria", "subjects", "title")
        emit({"standards": [dict(zip(names, row, strict=True)) for row in rows]})
        return
    table("Standards", ("standard", "version", "criteria", "about", "title"), rows)


def _data(found: CheckReport) -> dict[str, object]:
    return {
        "standard": found.standard,
        "version": found.version,
        "record": found.record,
        "record_sha256": found.record_sha256,
        "subject": found.subject,
        "results": [_result(one) for one in found.results],
        "summary": {
            "passed": found.passed,
            "must": _counts(found.must),
            "should": _counts(found.should),
            **_counts(found.must, found.should),
        },
        "problems": found.problems,
    }


def _result(one: Check) -> dict[str, object]:
    return {
        "criterion": one.criterion,
        "stage": one.stage,
        "severity": one.severity,
        "status": one.status,
        "value": one.value,
        "limit": one.limit,
        "source": one.source,
        "subject": one.subject,
        "field": one.field,
        "operator": one.operator,
        "unit": one.unit,
        "rationale": one.rationale,
        "note": one.note,
        "statement": one.statement,
        "unsourced": one.criterion_status == "unsourced",
    }


def _counts(*found: StatusCounts) -> dict[str, int]:
    return {
        "met": sum(one.met for one in found),
        "not-met": sum(one.not_met for one in found),
        "not-reported": sum(one.not_reported for one in found),
        "not-applicable": sum(one.not_applicable for one in found),
    }


def _show(found: CheckReport) -> None:
    missed = [one for one in found.results if one.status == "not-met"]
    if missed:
        heads = ("criterion", "", "field", "value", "limit", "why", "source")
        table("Not met", heads, [(*_row(one), f"{one.note} {one.rationale}".strip(), _cited(one)) for one in missed])
    met = [_row(one) for one in found.results if one.status == "met"]
    if met:
        table("Met", ("criterion", "", "field", "value", "limit"), met)
    _say_others(found)
    for severity in ("must", "should"):
        states = [_state(one) for one in found.results if one.severity == severity]
        said = (f"{states.count(state)} {state.replace('-', ' ')}" for state in STATES)
        say(f"{severity}: {', '.join(said)}")
    missed_musts = found.must.not_met
    missing = f"{missed_musts} {'must-criterion is' if missed_musts == 1 else 'must-criteria are'} not met."
    say(f"{found.standard} {found.version}: {'No must-criterion that applies is missed.' if found.passed else missing}")
    unknown = sum(_is_must(one) and one.status == "not-reported" for one in found.results)
    if unknown:
        say(f"Of {unknown} must-criteria nothing is reported: whether they are met is not known.")
    tell("This is a check against a list of criteria. It certifies nothing.")


STATES = ("met", "not-met", "not-reported", "not-applicable", "unsourced")


def _state(one: Check) -> str:
    """Return what came of a criterion; one that is stated and has no sourced limit is told apart."""
    from stromata.standards.judge import is_unsourced

    return "unsourced" if is_unsourced(one) else one.status


def _say_others(found: CheckReport) -> None:
    """Name what was neither met nor missed; a must that rests on a source has an exclamation mark."""
    for state, words in (("not-reported", "Not reported"), ("not-applicable", "Not applicable")):
        names = [f"{one.criterion}{'!' if _is_must(one) else ''}" for one in found.results if _state(one) == state]
        if names:
            say(f"{words} ({len(names)}; ! is a must): {', '.join(names)}.")
    stated = [f"{one.criterion} ({one.label}: {one.shown})" for one in found.results if _state(one) == "unsourced"]
    if stated:
        say(f"Stated, but unsourced, and held against nothing ({len(stated)}): {', '.join(stated)}.")


def _is_must(one: Check) -> bool:
    return one.severity == "must" and one.criterion_status != "unsourced"


def _row(one: Check) -> tuple[str, ...]:
    return one.criterion, one.severity, one.label, one.shown, one.limit_shown


def _cited(one: Check) -> str:
    if one.source is not None:
        return one.source.title
    return f"statement {one.statement}" if one.statement else ""
