"""Commands of Evidence-to-Decision frames: list, form, load, show."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stromata.cli.app import AGREE, Argument, Json, app, opened
from stromata.cli.output import STDOUT, emit, say, show_cautions, show_problems, table, write_file

if TYPE_CHECKING:
    from stromata.reporting import FrameSection

etd_app = typer.Typer(help="Evidence to Decision: from judgements to a recommendation.", invoke_without_command=True)

Frame = Annotated[str, typer.Argument(metavar="ID", help="The id of the frame.")]


@etd_app.callback()
def etd(context: typer.Context, as_json: Json = False) -> None:
    """List the frames."""
    if context.invoked_subcommand:
        return
    from stromata import review

    with opened(context) as project:
        found = review.frames(project)
    if as_json:
        emit({"frames": found})
        return
    rows = [
        (one.frame.id, one.frame.question, f"{len(one.frame.judgements)} of {len(one.criteria)}", one.wording)
        for one in found
    ]
    table("Evidence-to-Decision frames", ("frame", "question", "judged", "recommendation"), rows)
    for one in found:
        for caution in one.cautions:
            say(f"! {one.frame.id}: {caution.text}")


app.add_typer(etd_app, name="etd", rich_help_panel=AGREE)


@etd_app.command()
def form(
    context: typer.Context,
    name: Frame,
    question: Annotated[str, typer.Option(help="What is to be decided; needed for a new frame.")] = "",
    outcome: Annotated[
        list[str] | None, typer.Option(help="A critical outcome, plan or plan/condition; may be repeated.")
    ] = None,
    output: Annotated[str, typer.Option("-o", "--output", help="File to write; - is stdout.")] = STDOUT,
    as_json: Json = False,
) -> None:
    """Write a frame (YAML) to be filled in; what the review knows is there."""
    from stromata import review

    with opened(context) as project:
        text = review.frame_form(project, name, question=question, outcomes=tuple(outcome or ()))
    if as_json:
        emit({"frame": name, "yaml": text})
    if not as_json or output != STDOUT:
        write_file(output, text)


@etd_app.command()
def load(
    context: typer.Context,
    file: Annotated[Path, Argument(help="A filled-in frame (YAML).")],
    reason: Annotated[str, typer.Option(help="Why a frame that is there already is changed.")] = "",
    as_json: Json = False,
) -> None:
    """Keep a frame."""
    from stromata import review

    with opened(context) as project:
        before = {one.frame.id: one.frame for one in review.frames(project)}
        frame, problems = review.load_frame(project, file, reason=reason)
        sections = [one for one in review.frames(project) if frame is not None and one.frame.id == frame.id]
    if as_json:
        new = frame is not None and before.get(frame.id) != frame
        section = sections[0] if sections else None
        emit({"kept": frame is not None, "new": new, "frame": section, "problems": problems})
    elif frame is None:
        say(f"Nothing was kept: {'1 thing is' if len(problems) == 1 else f'{len(problems)} things are'} wrong.")
    elif before.get(frame.id) == frame:
        say(f"The frame {frame.id} is kept already as it is; nothing was written.")
        show_cautions(sections[0].cautions)
    else:
        say(f"The frame {frame.id} was kept.")
        show_cautions(sections[0].cautions)
    show_problems(str(file), problems)
    if frame is None:
        raise typer.Exit(4)


@etd_app.command()
def show(context: typer.Context, name: Frame, as_json: Json = False) -> None:
    """Show a frame with its recommendation and what does not fit within it."""
    from stromata import review
    from stromata.errors import NotFound

    with opened(context) as project:
        found = review.frames(project)
    one = next((item for item in found if item.frame.id == name), None)
    if one is None:
        raise NotFound(f"there is no frame {name!r}; there are: {', '.join(item.frame.id for item in found) or 'none'}")
    if as_json:
        emit(one)
    else:
        _show(one)


def _show(section: FrameSection) -> None:
    frame, made = section.frame, section.frame.recommendation
    say(f"{frame.id}: {frame.question}")
    said = (("Options", frame.options), ("Perspective", frame.perspective), ("Outcomes", ", ".join(frame.outcomes)))
    _lines(said)
    rows = []
    for one in section.criteria:
        given = one.judgement
        votes = ", ".join(f"{dict(one.answers)[answer]} {count}" for answer, count in given.votes) if given else ""
        answer = dict(one.answers)[given.answer] if given else "not judged yet"
        rows.append((one.label, answer, votes, *((given.evidence, given.considerations) if given else ("", ""))))
    table("Judgements", ("criterion", "answer", "votes", "evidence", "considerations"), rows)
    if made is not None:
        say(f"Recommendation ({made.strength}): {section.wording}")
        _lines((("Statement", made.statement), ("Because", made.reason)))
        _lines((audience.capitalize(), text) for audience, text in section.implications)
    _lines(
        (
            ("Subgroups", frame.subgroups),
            ("Implementation", frame.implementation),
            ("Monitoring", frame.monitoring),
            ("Research", frame.research),
        )
    )
    show_cautions(section.cautions)


def _lines(pairs: Iterable[tuple[str, str]]) -> None:
    for name, text in pairs:
        if text:
            say(f"{name}: {text}")
