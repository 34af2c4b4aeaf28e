"""Commands of extraction: suggest, and extract with its form, load, compare, settle, finish, agreement, judge."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from stromata.cli.app import EVIDENCE, Argument, Json, app, opened
from stromata.cli.output import STDOUT, emit, say, show_problems, table, write_file, write_form

if TYPE_CHECKING:
    from typing import Literal

    from stromata.extraction import Difference
    from stromata.model import Answer, Problem

extract_app = typer.Typer(
    help="Extraction by two people, each for themselves: forms, comparison, settlement.", invoke_without_command=True
)

Study = Annotated[str, typer.Argument(help="The id of the study.")]
Partly = Annotated[bool, typer.Option("--partly", help="Keep the good rows although some are bad.")]
Output = Annotated[str, typer.Option("-o", "--output", help="File to write; - is stdout.")]


@app.command(rich_help_panel=EVIDENCE)
def suggest(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="A text file: title, abstract or full text; - is stdin.")],
    extractor: Annotated[
        str, typer.Option(help="Which program reads it: rules, llm, or one that was added.")
    ] = "rules",
    keep: Annotated[bool, typer.Option("--keep", help="Keep the suggestions in the review, for its forms.")] = False,
    about: Annotated[str, typer.Option(help="The study that the text is about.")] = "",
    endpoint: Annotated[str, typer.Option(help="For llm: address of an OpenAI-compatible service.")] = "",
    model: Annotated[str, typer.Option(help="For llm: name of the model there.")] = "",
    as_json: Json = False,
) -> None:
    """Propose what to extract from a text, each with the words it rests on. Only a person can accept it."""
    from stromata import review, session

    content = (
        review.decode_as_given(sys.stdin.buffer.read(), "stdin") if text == STDOUT else review.read_as_given(Path(text))
    )
    run = session.suggest(content, extractor=extractor, about=about, endpoint=endpoint, model=model)
    if keep:
        with opened(context) as project:
            review.keep_suggestions(project, run)
    if as_json:
        emit(run)
        return
    rows = [
        (number, item.field, item.value, item.unit, f"{item.confidence:.2f}", item.quote)
        for number, item in enumerate(run.suggestions)
    ]
    table(f"Suggested by {run.extractor} {run.version}", ("no.", "field", "value", "unit", "confidence", "words"), rows)
    for reason in run.rejected:
        say(f"Rejected: {reason}")
    say(f"Run {run.id[:12]} was {'kept' if keep else 'not kept'}. A person decides on each suggestion.")


@extract_app.callback()
def extract(context: typer.Context, as_json: Json = False) -> None:
    """List how far the extraction of each study is."""
    if context.invoked_subcommand:
        return
    from stromata import review

    with opened(context) as project:
        found = review.extractions(project)
    if as_json:
        emit({"extractions": found})
        return
    rows = [(item.study, ", ".join(item.extractors), item.state, item.differences) for item in found]
    table("Extractions", ("study", "extracted by", "state", "differences"), rows)


app.add_typer(extract_app, name="extract", rich_help_panel=EVIDENCE)


@extract_app.command()
def form(
    context: typer.Context,
    study: Study,
    arm: Annotated[list[str] | None, typer.Option(help="Id of an arm; may be repeated.")] = None,
    outcome: Annotated[list[str] | None, typer.Option(help="Id of an outcome; may be repeated.")] = None,
    suggestions: Annotated[str, typer.Option(help="Run of suggestions to show in it (see suggest --keep).")] = "",
    output: Output = STDOUT,
    as_json: Json = False,
) -> None:
    """Write an empty form (CSV) for a study; each extractor fills in a copy."""
    from stromata import review

    with opened(context) as project:
        text = review.extraction_form(
            project, study, arms=tuple(arm or ()), outcomes=tuple(outcome or ()), suggestions=suggestions
        )
    write_form(output, text, as_json=as_json)


@extract_app.command("load")
def load(
    context: typer.Context,
    file: Annotated[Path, Argument(help="A filled-in form (CSV).")],
    partly: Partly = False,
    as_json: Json = False,
) -> None:
    """Keep your filled-in form (you are who --as says). It stays sealed until all extractors are in."""
    from stromata import review

    with opened(context) as project:
        found, problems = review.load_extraction(project, file, strict=not partly)
    answers = {item.study: len(item.answers) for item in found}
    _account(file, "answers", answers, problems, partly=partly, as_json=as_json)


@extract_app.command()
def compare(
    context: typer.Context,
    study: Study,
    form: Annotated[str, typer.Option("--form", help="Write the differences as a form (CSV) for settle.")] = "",
    as_json: Json = False,
) -> None:
    """Show side by side where two extractors differ."""
    from stromata import extraction, review

    with opened(context) as project:
        names, merged = review.compare_extractions(project, study)
    if form:
        write_file(form, extraction.write_differences(merged.open, names))
    if as_json:
        emit({"study": study, "extractors": names, "agreed": merged.answers, "differences": merged.open})
        return
    rows = [(d.level, d.subject, d.field, *_sides(d)) for d in merged.open]
    first, second = (*names, "")[:2]
    columns = ("about", "subject", "field", first, "where", second or "nobody", "where")
    table(f"{study}: {len(merged.answers)} fields agreed or settled, {len(merged.open)} differ", columns, rows)


def _sides(difference: Difference) -> tuple[str, str, str, str]:
    return (*_side(difference.first), *_side(difference.second))


def _side(answer: Answer | None) -> tuple[str, str]:
    if answer is None:
        return "(not reported)", ""
    place = answer.evidence.locator
    return answer.value, f"{place}: {answer.evidence.quote}" if answer.evidence.quote else place


@extract_app.command()
def settle(
    context: typer.Context,
    file: Annotated[Path, Argument(help="CSV with the columns of a form; note says why.")],
    partly: Partly = False,
    as_json: Json = False,
) -> None:
    """Settle differences, as adjudicator."""
    from collections import Counter

    from stromata import review

    with opened(context) as project:
        found, problems = review.settle_extraction(project, file, strict=not partly)
    _account(file, "settled", Counter(item.study for item in found), problems, partly=partly, as_json=as_json)


@extract_app.command()
def finish(context: typer.Context, study: Study, as_json: Json = False) -> None:
    """Load what was agreed and settled among the studies."""
    from stromata import review

    with opened(context) as project:
        tables, problems = review.finish_extraction(project, study)
    if as_json:
        emit({"study": study, "loaded": not problems, "data_points": len(tables.data_points), "problems": problems})
    elif not problems:
        arms, outcomes, values = len(tables.arms), len(tables.outcomes), len(tables.data_points)
        say(f"{study}: {arms} arms, {outcomes} outcomes, {values} values loaded.")
    else:
        say(f"{study}: nothing was loaded; {len(problems)} things are missing or cannot be.")
    show_problems(study, problems)
    if problems:
        raise typer.Exit(4)


@extract_app.command()
def agreement(context: typer.Context, as_json: Json = False) -> None:
    """Show how far two extractors agreed, per field."""
    from stromata import review

    with opened(context) as project:
        found = review.extraction_agreement(project)
    if as_json:
        emit({"agreement": found})
        return
    rows = [
        (item.level, item.field, item.n, item.equal, None if item.kappa is None else round(item.kappa, 2))
        for item in found
    ]
    table("Agreement of two extractors", ("about", "field", "n", "equal", "kappa"), rows)


@extract_app.command()
def withdraw(
    context: typer.Context,
    study: Study,
    reason: Annotated[str, typer.Option(help="Why, in a sentence.")] = "",
    as_json: Json = False,
) -> None:
    """Take your own extraction back, before the other's can be seen."""
    from stromata import review

    with opened(context) as project:
        review.withdraw_extraction(project, study, reason=reason)
    if as_json:
        emit({"study": study, "withdrawn": True})
    else:
        say(f"Your extraction of {study} was taken back.")


@extract_app.command()
def judge(
    context: typer.Context,
    suggestion: Annotated[str, typer.Argument(help="RUN:NUMBER, as forms print it.")],
    verdict: Annotated[str, typer.Argument(help="accepted, amended or rejected.")],
    value: Annotated[str, typer.Option(help="The right value, when amended.")] = "",
    note: Annotated[str, typer.Option(help="A remark for the log.")] = "",
    as_json: Json = False,
) -> None:
    """Record what you make of a suggestion. A form that names it beside an answer need not repeat it here."""
    from stromata import review

    given = cast("Literal['accepted', 'amended', 'rejected']", verdict)
    with opened(context) as project:
        review.judge_suggestion(project, suggestion, given, value=value, note=note)
    if as_json:
        emit({"suggestion": suggestion, "verdict": verdict, "value": value})
    else:
        say(f"{suggestion}: {verdict}.")


def _account(
    file: Path, what: str, counts: dict[str, int], problems: tuple[Problem, ...], *, partly: bool, as_json: bool
) -> None:
    from stromata.model import faults

    kept = partly or not faults(problems)
    if as_json:
        emit({"kept": kept, what: counts, "problems": problems})
    elif kept:
        say("; ".join(f"{study}: {n} {what}" for study, n in counts.items()) or "The file holds nothing to keep.")
    else:
        say(f"Nothing was kept: {len(problems)} rows are bad. Mend them, or keep the good ones with --partly.")
    show_problems(str(file), problems)
    if not kept:
        raise typer.Exit(4)
