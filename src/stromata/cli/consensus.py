"""Commands of a consensus panel: people, statements, rounds, results; and two that need a file of votes only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from stromata.cli.app import AGREE, FILES, Argument, Json, Option, app, opened
from stromata.cli.output import emit, say, show_cautions, show_problems, source, table

if TYPE_CHECKING:
    from stromata.consensus import FeedbackItem, FeedbackSheet
    from stromata.model import ConsensusPlan, DisagreementRule, HalfMedian, KeptStatement, PercentileMethod, Problem
    from stromata.model.consensus import Appropriateness, Panel, Vote
    from stromata.reporting import Ratings, StatementView
    from stromata.review import OwnVote, Project

FOUND_WANTING = 3
"""Exit status when some rows of a table have problems and the rest was used, or when statements need another look."""
NOTHING_KEPT = 4

PREPARE, ROUNDS, RESULTS = "Prepare", "Rounds", "Results"

consensus_app = typer.Typer(
    help="A panel: its people, what they vote on, rounds of votes, and what came of them.", no_args_is_help=True
)
app.add_typer(consensus_app, name="consensus", rich_help_panel=AGREE)

PanelId = Annotated[str, typer.Option("--panel", metavar="ID", help="Which panel, when the protocol plans several.")]
Reason = Annotated[str, typer.Option(help="Why, in a sentence.")]
StatementId = Annotated[str, typer.Argument(metavar="STATEMENT", help="The id of the statement.")]


# -- prepare -------------------------------------------------------------------------------------------------------


@consensus_app.command(rich_help_panel=PREPARE)
def panel(
    context: typer.Context,
    file: Annotated[Path | None, Argument(help="Table: name, role, group, interests, excluded_from, declared.")] = None,
    panel_id: PanelId = "",
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Name the people from a table; without a table list them."""
    from stromata import review
    from stromata.model import faults

    with opened(context) as project:
        plan = review.panel_plan(project, panel_id)
        problems: tuple[Problem, ...] = ()
        if file is None:
            found = review.panel_people(project, panel_id)
        else:
            found, problems = review.set_panel(project, file, panel=panel_id, reason=reason)
    if as_json:
        emit(_marked(plan, {"kept": not faults(problems), "panel": found, "problems": problems}))
    else:
        _announce(plan)
        if not faults(problems):
            _show_people(found)
    _refuse_problems(file, problems, as_json=as_json)


@consensus_app.command(rich_help_panel=PREPARE)
def statements(
    context: typer.Context,
    file: Annotated[Path | None, Argument(help="Table: id, text, syntheses, criteria, proposed_by, reason.")] = None,
    panel_id: PanelId = "",
    reason: Reason = "",
    flagged: Annotated[bool, typer.Option("--flagged", help="List those only that need another look.")] = False,
    as_json: Json = False,
) -> None:
    """Write down what is voted on, from a table; without a table list it.

    With --flagged the exit status is 3 when the evidence under a statement has changed.
    """
    from stromata import review
    from stromata.model import faults

    with opened(context) as project:
        if file is None:
            _list_statements(project, panel_id, flagged=flagged, as_json=as_json)
            return
        plan = review.panel_plan(project, panel_id)
        found, problems = review.set_statements(project, file, panel=panel_id, reason=reason)
    if as_json:
        emit(_marked(plan, {"kept": not faults(problems), "changes": found, "problems": problems}))
    else:
        _announce(plan)
    if not (as_json or faults(problems)):
        say(f"{len(found.added)} new, {len(found.changed)} changed, {len(found.unchanged)} as they were.")
    _refuse_problems(file, problems, as_json=as_json)


@consensus_app.command(rich_help_panel=PREPARE)
def drop(context: typer.Context, statement: StatementId, reason: Reason = "", as_json: Json = False) -> None:
    """Take a statement out; its votes stay in the log."""
    from stromata import review

    with opened(context) as project:
        kept = review.drop_statement(project, statement, reason=reason)
        _say_kept(project, kept, f"{statement} was taken out.", as_json=as_json)


@consensus_app.command("review", rich_help_panel=PREPARE)
def review_(context: typer.Context, statement: StatementId, reason: Reason = "", as_json: Json = False) -> None:
    """Say that a statement stands although its evidence has changed."""
    from stromata import review

    with opened(context) as project:
        kept = review.review_statement(project, statement, reason=reason)
        _say_kept(project, kept, f"{statement} stands; it rests on the evidence as it is now.", as_json=as_json)


# -- rounds --------------------------------------------------------------------------------------------------------


@consensus_app.command("open", rich_help_panel=ROUNDS)
def open_(
    context: typer.Context,
    statement: Annotated[
        list[str] | None, typer.Option("--statement", metavar="ID", help="What to ask; else all that is not settled.")
    ] = None,
    invite: Annotated[
        list[str] | None, typer.Option("--invite", metavar="NAME", help="Whom to ask; else all who may vote.")
    ] = None,
    supersede: Annotated[
        int | None, typer.Option(metavar="N", help="Begin round N anew; needs a reason. Later rounds fall with it.")
    ] = None,
    panel_id: PanelId = "",
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Open the next round, or begin a sealed one anew."""
    from stromata import review

    with opened(context) as project:
        plan = review.panel_plan(project, panel_id)
        held = review.open_round(
            project, panel=panel_id, statements=statement, invited=invite, supersede=supersede, reason=reason
        )
    if as_json:
        emit(_marked(plan, {"panel": plan.id, "round": held}))
        return
    _announce(plan)
    anew = f", begun anew (edition {held.edition})" if held.edition > 1 else ""
    asked = f"{_counted(len(held.invited), 'person', 'people')}, {_counted(len(held.statements), 'statement')}"
    say(f"Round {held.number}{anew} is open: {asked}.")
    say(f"Statements: {', '.join(held.statements)}.")
    say(f"Asked: {', '.join(held.invited)}.")


@consensus_app.command(rich_help_panel=ROUNDS)
def vote(
    context: typer.Context,
    statement: StatementId,
    score: Annotated[str, typer.Argument(help="1 to 9, or U for unable to score (unable, NA and n/a say the same).")],
    comment: Annotated[str, typer.Option(help="The panel is shown it, without your name.")] = "",
    panel_id: PanelId = "",
    as_json: Json = False,
) -> None:
    """Vote on a statement (you are who --as says).

    Until the round is closed you can change your vote.
    """
    from stromata import review

    given = _score(score)
    with opened(context) as project:
        plan = review.panel_plan(project, panel_id)
        left = review.cast(project, [(statement, given, comment)], panel=panel_id)
    if as_json:
        emit(_marked(plan, {"panel": plan.id, "statement": statement, "score": given, "left": left}))
        return
    _announce(plan)
    what = f"Unable to score {statement}" if given is None else f"{given} on {statement}"
    say(f"{what}. {'Still to vote on: ' + ', '.join(left) if left else 'You have voted on all'}.")


@consensus_app.command(rich_help_panel=ROUNDS)
def votes(
    context: typer.Context,
    file: Annotated[Path, Argument(help="Table: statement, panellist, round, vote, comment.")],
    panel_id: PanelId = "",
    partly: Annotated[bool, typer.Option("--partly", help="Keep the good votes although some are at fault.")] = False,
    as_json: Json = False,
) -> None:
    """Enter votes from a table: your own, or those of others if you run the panel.

    The exit status is 4 when nothing was kept, and 3 when --partly left some votes out.
    """
    from stromata import review
    from stromata.model import faults

    with opened(context) as project:
        plan = review.panel_plan(project, panel_id)
        found, problems = review.load_votes(project, file, panel=panel_id, strict=not partly)
    kept = not faults(problems) or (partly and bool(found))
    if as_json:
        emit(_marked(plan, {"kept": kept, "votes": len(found) if kept else 0, "problems": problems}))
    else:
        _announce(plan)
    if not kept:
        hint = " Mend them." if partly else " Mend them, or keep the good ones with --partly."
        _refuse_problems(file, problems, as_json=as_json, hint=hint)
    elif not as_json:
        people = _counted(len({one.panellist for one in found}), "person", "people")
        say(f"{_counted(len(found), 'vote')} of {people} kept.")
    _end(str(file), problems)


@consensus_app.command("close", rich_help_panel=ROUNDS)
def close_(context: typer.Context, panel_id: PanelId = "", as_json: Json = False) -> None:
    """Close the round that is open, and seal its votes."""
    from stromata import review

    with opened(context) as project:
        plan = review.panel_plan(project, panel_id)
        held = review.close_round(project, panel_id)
        people = review.participation(project, panel_id).people or ()
        stopping = review.results(project, panel_id).stopping
    missing = [one.panellist for one in people if not one.votes]
    voted = len(people) - len(missing)
    if as_json:
        turnout = {"voted": voted, "asked": len(people), "missing": missing}
        emit(_marked(plan, {"panel": plan.id, "round": held, **turnout, "stopping": stopping}))
        return
    _announce(plan)
    say(f"Round {held.number} is closed. {voted} of {len(people)} voted. Its seal is {held.seal}.")
    if missing:
        say(f"No vote of: {', '.join(missing)}.")
    say(stopping)


@consensus_app.command(rich_help_panel=ROUNDS)
def status(context: typer.Context, panel_id: PanelId = "", as_json: Json = False) -> None:
    """Show the open round: what you are asked; who has voted, if you run the panel."""
    from stromata import review

    with opened(context) as project:
        plan = review.panel_plan(project, panel_id)
        found = review.participation(project, panel_id)
        stopping = review.results(project, panel_id).stopping
    if as_json:
        emit(_marked(plan, {"participation": found, "stopping": stopping}))
        return
    _announce(plan)
    say(stopping)
    if found.mine:
        table("What you are asked", ("statement", "text", "your vote"), [_own_row(item) for item in found.mine])
    if found.people:
        rows = [(item.panellist, item.votes, item.asked) for item in found.people]
        title = f"Who voted in round {found.closed.number}" if found.closed else "Who has voted"
        table(title, ("panellist", "votes", "of"), rows)


# -- results -------------------------------------------------------------------------------------------------------


@consensus_app.command(rich_help_panel=RESULTS)
def results(context: typer.Context, panel_id: PanelId = "", as_json: Json = False) -> None:
    """Show the closed rounds in numbers, and whether another is to be held."""
    from stromata import review

    with opened(context) as project:
        found = review.results(project, panel_id)
    if as_json:
        emit(_marked(found.plan, {"results": found}))
        return
    _announce(found.plan)
    columns = ("statement", "n", "unable", "median", "IQR", "class", "agree %", "disagree %", "consensus", "moved %")
    for section in found.rounds:
        one = section.result
        asked = "" if one.response is None else f" of {one.invited} ({one.response:.0f} %)"
        anew = f", edition {section.round.edition}: {section.round.reason}" if section.round.supersedes else ""
        title = f"Round {one.round}{anew}; {one.voted}{asked} voted"
        table(title, columns, [_result_row(item) for item in section.ratings])
    for held in found.superseded:
        say(f"Round {held.number}, edition {held.edition}, was superseded. Its seal is {held.seal}.")
    show_cautions(found.cautions)
    say(found.stopping)
    if found.votes:
        rows = [(one.round, one.statement, one.panellist, _shown(one), one.comment) for one in found.votes]
        table("Votes, for the facilitator only", ("round", "statement", "panellist", "vote", "comment"), rows)


@consensus_app.command(rich_help_panel=RESULTS)
def sheet(
    context: typer.Context,
    panellist: Annotated[str, typer.Option(metavar="NAME", help="Whose sheet, as facilitator; else your own.")] = "",
    panel_id: PanelId = "",
    as_json: Json = False,
) -> None:
    """Show your own votes beside the panel's, after a round."""
    from stromata import review

    with opened(context) as project:
        plan = review.panel_plan(project, panel_id)
        found = review.feedback(project, panellist, panel_id)
    if as_json:
        emit(_marked(plan, {"sheet": found}))
        return
    _announce(plan)
    _show_sheet(found)


@consensus_app.command(rich_help_panel=RESULTS)
def accord(context: typer.Context, panel_id: PanelId = "", as_json: Json = False) -> None:
    """Show the ACCORD checklist, as far as log and protocol answer it."""
    from stromata import review

    with opened(context) as project:
        plan = review.panel_plan(project, panel_id)
        found = review.accord(project, panel_id)
    if as_json:
        emit(_marked(plan, {"accord": found}))
        return
    _announce(plan)
    table("ACCORD", ("item", "asks", "state", "answer"), [(one.id, one.text, one.state, one.answer) for one in found])
    say(f"{sum(one.state == 'answered' for one in found)} of {len(found)} items are answered.")


def _announce(plan: ConsensusPlan) -> None:
    """Say first of all that votes were made up, where they were."""
    if plan.simulated:
        say(f"Simulated: the votes of the panel {plan.id} were made up to show how it works.")


def _marked(plan: ConsensusPlan, data: dict[str, object]) -> dict[str, object]:
    return {"simulated": plan.simulated} | data


def _refuse_problems(
    file: Path | None, problems: tuple[Problem, ...], *, as_json: bool, hint: str = " Mend them."
) -> None:
    """Show problems; where one of them is a fault, nothing was kept: end with that status."""
    from stromata.model import faults

    count = len(faults(problems))
    if count and not as_json:
        wrong = "1 thing is" if count == 1 else f"{count} things are"
        say(f"Nothing was kept: {wrong} wrong.{hint.replace('them', 'it') if count == 1 else hint}")
    show_problems(str(file), problems)
    if count:
        raise typer.Exit(NOTHING_KEPT)


def _show_people(found: Panel) -> None:
    columns = ("name", "role", "group", "interests", "does not vote on")
    rows = [
        (
            one.name,
            one.role,
            one.group,
            "; ".join(interest.text for interest in one.interests) or ("none" if one.declared else "not declared"),
            ", ".join("all" if name == "*" else name for interest in one.interests for name in interest.excludes),
        )
        for one in found.members
    ]
    table(f"Panel {found.id}", columns, rows)


def _list_statements(project: Project, panel_id: str, *, flagged: bool, as_json: bool) -> None:
    from stromata import review

    plans = [plan for plan in review.protocol(project).consensus if panel_id in {"", plan.id}]
    found = [one for one in review.statements(project, panel_id) if one.flags or not flagged]
    if as_json:
        emit({"simulated": any(plan.simulated for plan in plans), "statements": found})
    else:
        for plan in plans:
            _announce(plan)
        _show_statements(found)
    if flagged and found:
        raise typer.Exit(FOUND_WANTING)


def _show_statements(found: list[StatementView]) -> None:
    columns = ("statement", "text", "rests on", "state", "where it stands")
    rows = []
    for one in found:
        own = one.kept.statement
        rests = ", ".join((*own.syntheses, *own.criteria))
        rows.append((own.id, own.text, rests, one.state, one.standing))
    table("Statements", columns, rows)
    for one in found:
        for flag in one.flags:
            say(f"! {one.kept.statement.id} needs another look. {flag}")


def _say_kept(project: Project, kept: KeptStatement, said: str, *, as_json: bool) -> None:
    from stromata import review

    plan = review.panel_plan(project, kept.panel)
    if as_json:
        emit(_marked(plan, {"statement": kept}))
        return
    _announce(plan)
    say(said)


def _score(text: str) -> int | None:
    from stromata.consensus.votes import read_score

    return read_score(text)


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def _own_row(item: OwnVote) -> tuple[str, str, str]:
    answer = "not for you: a declared interest" if item.barred else "-" if item.vote is None else _shown(item.vote)
    return item.statement, item.text, answer


def _shown(one: Vote) -> str:
    return "unable" if one.score is None else str(one.score)


def _result_row(item: Ratings) -> tuple[object, ...]:
    rated, verdict = item.appropriateness, item.verdict
    return (
        item.statement,
        "" if rated.n is None else rated.n,
        "" if rated.unable is None else rated.unable,
        *(_number(value) for value in (rated.median, rated.iqr)),
        rated.appropriateness or "",
        *(_number(value) for value in (verdict.agree, verdict.disagree)),
        verdict.outcome,
        _number(item.moved),
    )


# -- files of votes ------------------------------------------------------------------------------------------------


Votes = Annotated[str, typer.Argument(metavar="VOTES", help="Table of votes, one row a vote; - is stdin.")]
PanelFile = Annotated[Path | None, Option("--panel", metavar="FILE", help="Table of the panel's members.")]
RoundNumber = Annotated[int | None, typer.Option("--round", metavar="N", help="The round; else the last.")]


@consensus_app.command(rich_help_panel=FILES)
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


@consensus_app.command(rich_help_panel=FILES)
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
    from stromata import consensus

    return consensus.read_votes(source(file), panel=_panel(panel))


def _panel(file: Path | None) -> Panel | None:
    """Return the panel; a panel with a fault is none to hold votes against."""
    if file is None:
        return None
    from stromata import consensus
    from stromata.errors import InvalidInput
    from stromata.model import faults

    found, problems = consensus.read_panel(file)
    show_problems(str(file), problems)
    if wrong := faults(problems):
        raise InvalidInput(f"{file} has {_counted(len(wrong), 'problem')}", hint="Mend the table of the panel first.")
    return found


def _end(file: str, problems: tuple[Problem, ...]) -> None:
    from stromata.model import faults

    show_problems(file, problems)
    if faults(problems):
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
        return (item.statement, str(own), *counts, "" if item.unable is None else item.unable, "", "")
    middle = f"{item.result.p25:g} to {item.result.p75:g}"
    return (item.statement, str(own), *counts, item.unable, _number(item.result.median), middle)
