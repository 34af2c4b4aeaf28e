"""Commands of a panel's votes: appropriateness and feedback, from a file of votes, without a review."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from stromata.cli.app import FILES, Json, Option, app
from stromata.cli.output import STDOUT, emit, say, show_cautions, show_problems, table

if TYPE_CHECKING:
    from stromata.consensus import FeedbackItem, FeedbackSheet
    from stromata.model import DisagreementRule, HalfMedian, PercentileMethod, Problem
    from stromata.model.consensus import Appropriateness, Panel, Vote

FOUND_WANTING = 3
"""Exit status when some rows of a table have problems; the rest was used."""

consensus_app = typer.Typer(help="Votes of a panel: appropriateness after RAND/UCLA, feedback.", no_args_is_help=True)
app.add_typer(consensus_app, name="consensus", rich_help_panel=FILES)

Votes = Annotated[str, typer.Argument(metavar="VOTES", help="Table of votes, one row a vote; - is stdin.")]
PanelFile = Annotated[Path | None, Option("--panel", metavar="FILE", help="Table of the panel's members.")]
RoundNumber = Annotated[int | None, typer.Option("--round", metavar="N", help="The round; else the last.")]


@consensus_app.command()
def appropriateness(
    file: Votes,
    round_number: RoundNumber = None,
    panel: PanelFile = None,
    percentiles: Annotated[
        str, typer.Option(help="Definition: linear, weibull, hazen, median-unbiased or averaged.")
    ] = "linear",
    disagreement: Annotated[
        str, typer.Option(help="What makes a statement uncertain: ipras, count or either.")
    ] = "ipras",
    half_medians: Annotated[
        str, typer.Option(help="Medians of 3.5 and 6.5: middle (4-6), or higher (6.5 in 7-9).")
    ] = "middle",
    as_json: Json = False,
) -> None:
    """Class each statement as appropriate, uncertain or inappropriate.

    Each statement is taken in its own last round. The exit status is 3 when rows have problems: they are on stderr.
    """
    from stromata import consensus, model

    method = _choice("--percentiles", percentiles, model.PercentileMethod)
    rule = _choice("--disagreement", disagreement, model.DisagreementRule)
    halves = _choice("--half-medians", half_medians, model.HalfMedian)
    votes, problems = _read(file, panel)
    found = consensus.appropriateness(
        votes,
        round_number=round_number,
        method=cast("PercentileMethod", method),
        disagreement=cast("DisagreementRule", rule),
        half_medians=cast("HalfMedian", halves),
    )
    if as_json:
        settings = {"percentiles": method, "disagreement": rule, "half_medians": halves}
        emit({"statements": [_data(one) for one in found], "settings": settings, "problems": problems})
    else:
        _show(found)
    _end(file, problems)


@consensus_app.command()
def feedback(
    file: Votes,
    panellist: Annotated[str, typer.Option("--panellist", metavar="NAME", help="Whose sheet it is.")],
    round_number: RoundNumber = None,
    panel: PanelFile = None,
    as_json: Json = False,
) -> None:
    """Show one panellist their own votes beside the group's, without names.

    Distributions of fewer than three ratings are left out. The exit status is 3 when rows have problems.
    """
    from stromata import consensus

    members = _panel(panel)
    votes, problems = _read(file, panel)
    sheet = consensus.feedback_sheet(votes, panellist, round_number=round_number, panel=members)
    if as_json:
        emit({"panellist": sheet.panellist, "round": sheet.round, "items": sheet.items, "cautions": sheet.cautions})
    else:
        _show_sheet(sheet)
    _end(file, problems)


def _choice(option: str, given: str, kind: object) -> str:
    from typing import get_args

    from stromata.errors import InvalidInput

    allowed = get_args(kind)
    if given not in allowed:
        raise InvalidInput(f"{option}: {given!r} is not one of {', '.join(allowed)}")
    return given


def _read(file: str, panel: Path | None) -> tuple[tuple[Vote, ...], tuple[Problem, ...]]:
    import sys

    from stromata import consensus

    source = sys.stdin.buffer.read() if file == STDOUT else Path(file)
    return consensus.read_votes(source, panel=_panel(panel))


def _panel(file: Path | None) -> Panel | None:
    """Return the panel; a panel with a fault is none to hold votes against."""
    if file is None:
        return None
    from stromata import consensus
    from stromata.errors import InvalidInput

    found, problems = consensus.read_panel(file)
    if problems:
        show_problems(str(file), problems)
        raise InvalidInput(f"{file} has {len(problems)} problems", hint="Mend the table of the panel first.")
    return found


def _end(file: str, problems: tuple[Problem, ...]) -> None:
    show_problems(file, problems)
    if problems:
        raise typer.Exit(FOUND_WANTING)


def _data(one: Appropriateness) -> dict[str, object]:
    from stromata.model import codec

    data = dict(codec.to_data(one))
    counts = one.counts
    data["class"] = data.pop("appropriateness")
    data.pop("counts")
    data["agreement"] = None if counts is None else counts.verdict == "agreement"
    data["agreement_rules"] = (
        None
        if counts is None
        else {
            "panel_size": one.n,
            "outside_median_band": counts.outside,
            "agreement_max_outside": counts.outside_max,
            "in_1_3": counts.low,
            "in_7_9": counts.high,
            "disagreement_min_each_end": counts.extreme_min,
            "agreement": counts.verdict == "agreement",
            "disagreement": counts.verdict == "disagreement",
            "verdict": counts.verdict,
        }
    )
    return data


def _show(found: tuple[Appropriateness, ...]) -> None:
    columns = (
        "statement",
        "round",
        "n",
        "unable",
        "median",
        "IQR",
        "IPR",
        "IPRAS",
        "disagreement",
        "by count",
        "class",
    )
    rows = [
        (
            one.statement,
            one.round,
            one.n,
            one.unable,
            *(_number(value) for value in (one.median, one.iqr, one.ipr, one.ipras)),
            "" if one.disagreement is None else "yes" if one.disagreement else "no",
            one.counts.verdict if one.counts else "",
            one.appropriateness or "",
        )
        for one in found
    ]
    table("Appropriateness", columns, rows)
    for one in found:
        for caution in one.cautions:
            say(f"! {one.statement}: {caution.text}")


def _number(value: float | None) -> float | str:
    return "" if value is None else round(value, 2)


def _show_sheet(sheet: FeedbackSheet) -> None:
    say(f"Round {sheet.round}, for {sheet.panellist}")
    columns = ("statement", "you", *(str(score) for score in range(1, 10)), "unable", "median", "middle half")
    table("Votes", columns, [_sheet_row(item) for item in sheet.items])
    for item in sheet.items:
        for comment in item.comments:
            say(f"{item.statement}: {comment}")
    show_cautions(sheet.cautions)


def _sheet_row(item: FeedbackItem) -> tuple[object, ...]:
    own = item.own if item.own is not None else "unable" if item.voted else "-"
    counts = item.ratings.counts if item.ratings else ("",) * 9
    if item.result is None or item.result.p25 is None or item.result.p75 is None:
        return (item.statement, str(own), *counts, item.unable, "", "")
    middle = f"{item.result.p25:g} to {item.result.p75:g}"
    return (item.statement, str(own), *counts, item.unable, _number(item.result.median), middle)
