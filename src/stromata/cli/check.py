"""The command that holds a record against a practice standard: check."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from stromata.cli.app import FILES, Json, Option, app
from stromata.cli.output import STDOUT, emit, say, show_problems, table, tell, write_file

if TYPE_CHECKING:
    from stromata.model.standards import Check, CheckReport, Standard, StatusCounts, Subject

FOUND_WANTING = 3
"""Exit status when a must-criterion that applies is not met."""


@app.command(rich_help_panel=FILES)
def check(
    file: Annotated[str, typer.Argument(help="Record, JSON or CSV; - is stdin.")] = "",
    standard: Annotated[
        str, typer.Option("--standard", help="Standard, or the YAML file of a team's own.")
    ] = "cell-therapy",
    subject: Annotated[
        str, typer.Option(help="What the record describes: batch, infusion, patient, product or study-report.")
    ] = "",
    row: Annotated[int | None, typer.Option(help="Which record, when the file holds several; from 1.")] = None,
    html: Annotated[str, Option("--html", metavar="FILE", help="Write the check as a page to print.")] = "",
    listed: Annotated[bool, typer.Option("--list", help="List the standards.")] = False,
    as_json: Json = False,
) -> None:
    """Hold a batch record, an infusion record or a report against a practice standard.

    The exit status is 3 when a must-criterion that applies is not met. What is not reported is counted, not failed.
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
    chosen = _standard(standard)
    record, problems = standards.read_record(_source(file), row=row)
    found = standards.check(record, chosen, subject=_subjects(subject))
    found = replace(found, problems=(*problems, *found.problems))
    if html:
        write_file(html, _page(found))
    if as_json and html != STDOUT:
        emit(_data(found))
    elif html != STDOUT:
        _show(found)
    show_problems(file, found.problems)
    if not found.passed:
        raise typer.Exit(FOUND_WANTING)


def _source(file: str) -> Path | bytes:
    import sys

    return sys.stdin.buffer.read() if file == STDOUT else Path(file)


def _standard(name: str) -> Standard:
    """Return the standard of a name, or the one that a file describes."""
    from stromata import standards

    path = Path(name)
    is_file = path.suffix.lower() in {".yaml", ".yml"} or path.is_file()
    return standards.read_standard(path) if is_file else standards.standard(name)


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
        table("Not met", heads, [(*_row(one), one.rationale, _cited(one)) for one in missed])
    met = [_row(one) for one in found.results if one.status == "met"]
    if met:
        table("Met", ("criterion", "", "field", "value", "limit"), met)
    _say_others(found)
    for name, counts in (("must", found.must), ("should", found.should)):
        said = (f"{count} {status.replace('-', ' ')}" for status, count in _counts(counts).items())
        say(f"{name}: {', '.join(said)}")
    missing = f"{found.must.not_met} must-criteria are not met."
    say(f"{found.standard} {found.version}: {'No must-criterion that applies is missed.' if found.passed else missing}")
    tell("This is a check against a list of criteria. It certifies nothing.")


def _say_others(found: CheckReport) -> None:
    """Name what was neither met nor missed; a must that rests on a source has an exclamation mark."""
    for status, words in (("not-reported", "Not reported"), ("not-applicable", "Not applicable")):
        names = [
            f"{one.criterion}{'!' if one.severity == 'must' and one.criterion_status != 'unsourced' else ''}"
            for one in found.results
            if one.status == status
        ]
        if names:
            say(f"{words} ({len(names)}; ! is a must): {', '.join(names)}.")


def _row(one: Check) -> tuple[str, ...]:
    return one.criterion, one.severity, one.label, one.shown, one.limit_shown


def _cited(one: Check) -> str:
    if one.source is not None:
        return one.source.title
    return f"statement {one.statement}" if one.statement else ""
