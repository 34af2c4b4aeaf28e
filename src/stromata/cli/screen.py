"""Commands of screening: plan, rank, next, decide, import, status, why, conflicts, audits, stop and resume."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from stromata.cli.app import SCREEN, Argument, Json, Options, app, opened
from stromata.cli.output import bar, emit, say, show_cautions, show_problems, table

if TYPE_CHECKING:
    from stromata.engine import EngineName
    from stromata.model import Problem, RetrievalStatus, ScreeningPlan, Stage, Verdict
    from stromata.review import Project
    from stromata.review.screening import NextReference, StageStatus
    from stromata.screening import Standing
    from stromata.screening.agreement import Agreement, Coefficient

screen_app = typer.Typer(help="Blinded screening in a ranked order: plan, read, agree, stop.", no_args_is_help=True)
app.add_typer(screen_app, name="screen", rich_help_panel=SCREEN)

Key = Annotated[str, typer.Argument(help="The reference: id, DOI, PMID, registry id or title.")]
StageOption = Annotated[str, typer.Option("--stage", help="title-abstract or full-text.")]
Reasons = Annotated[list[str] | None, typer.Option("--reason", help="Code of a protocol's reason; may be repeated.")]
Why = Annotated[str, typer.Option("--reason", help="Why, in a few words.")]
Note = Annotated[str, typer.Option(help="A remark for the log.")]
Reviewer = Annotated[str, typer.Option("--reviewer", metavar="NAME", help="Who reads: the same as --as.")]

TITLE = "title-abstract"
SHOWN = 20
"""Rows of a ranking that a person is shown."""

_NICE = 10
"""How much the process that ranks gives way to others."""

_PAUSE, _PATIENCE = 0.5, 20
"""Seconds between two looks for new verdicts, and looks in vain after which the process that ranks ends."""


@screen_app.command()
def plan(
    context: typer.Context,
    stage: StageOption = TITLE,
    target: Annotated[float | None, typer.Option(help="Recall to be reached, such as 0.95.")] = None,
    confidence: Annotated[float | None, typer.Option(help="How sure to be of it, such as 0.95.")] = None,
    rule: Annotated[str | None, typer.Option("--stop-rule", help="Stopping rule.")] = None,
    ranker: Annotated[str | None, typer.Option(help="What puts the references in order.")] = None,
    seed: Annotated[int | None, typer.Option(help="Number that fixes every draw.")] = None,
    readers: Annotated[list[str] | None, typer.Option("--reader", help="Who reads; may be repeated.")] = None,
    split: Annotated[str | None, typer.Option(help="all (everybody may read everything) or drawn.")] = None,
    limits: Annotated[list[str] | None, typer.Option("--limit", metavar="NAME=NUMBER", help="Most verdicts.")] = None,
    calibration: Annotated[int | None, typer.Option(help="References that all read first.")] = None,
    kappa: Annotated[float | None, typer.Option(help="Advice: go on from this agreement.")] = None,
    control: Annotated[float | None, typer.Option(help="Share of all references in a random control sample.")] = None,
    audit: Annotated[float | None, typer.Option(help="Share of the excluded to be read again.")] = None,
    known: Annotated[list[str] | None, typer.Option("--known", help="Key of a reference known as relevant.")] = None,
    learn: Annotated[str | None, typer.Option(help="The ranking learns from every or from complete verdicts.")] = None,
    reason: Why = "",
    as_json: Json = False,
) -> None:
    """State how a stage is screened, before it begins; without options show the plan."""
    from stromata import review

    wish = review.PlanWish(
        recall=target,
        confidence=confidence,
        rule=rule,
        ranker=ranker,
        seed=seed,
        readers=tuple(readers) if readers else None,
        split=split,
        limits=review.read_limits(limits) if limits else None,
        calibration=calibration,
        kappa=kappa,
        control=control,
        audit=audit,
        known=tuple(known) if known else None,
        learn=learn,
    )
    with opened(context) as project:
        if wish != review.PlanWish() or reason:
            plans: tuple[ScreeningPlan, ...] = (
                review.plan_screening(project, wish, stage=_stage(stage), reason=reason),
            )
        else:
            plans = review.screening_plans(project)
    if as_json:
        emit({"plans": plans})
        return
    for made in plans:
        _show_plan(made)
    if not plans:
        say("Nothing is planned yet: everybody reads everything, and 95 % recall with 95 % confidence is the target.")


@screen_app.command()
def rank(
    context: typer.Context,
    stage: StageOption = TITLE,
    at: Annotated[int | None, typer.Option("--at", metavar="SEQUENCE", help="As it was after this event.")] = None,
    engine: Annotated[str, typer.Option(help="Count the words on duckdb or spark instead of in memory.")] = "",
    master: Annotated[str, typer.Option(help="Address of the Spark cluster.")] = "local[*]",
    memory: Annotated[int, typer.Option(help="Megabytes that the engine may take.")] = 4_096,
    folder: Annotated[Path | None, typer.Option(help="Where what does not fit into memory goes.")] = None,
    as_json: Json = False,
) -> None:
    """Put the references into reading order from all verdicts so far, or rebuild an earlier order from the log."""
    from stromata import review
    from stromata.screening.engine_features import Counting

    counting = Counting(cast("EngineName", engine), master, memory, folder) if engine else None
    with opened(context) as project, bar("Ranking") as progress:
        made = review.rank(project, stage=_stage(stage), at=at, counting=counting, progress=progress)
        shown = [(item, review.reference(project, item.reference)) for item in made.order[: 0 if as_json else SHOWN]]
    if as_json:
        emit({"ranking": made.info, "order": made.order})
        return
    info = made.info
    table(
        f"Ranking {info.id}: {info.documents} references, {info.labels} labels ({info.ranker} {info.version})",
        ("place", "score", "reference", "title"),
        [(item.place, round(item.score, 4), item.reference, found.merged.title) for item, found in shown],
    )


@screen_app.command("next")
def next_one(
    context: typer.Context, stage: StageOption = TITLE, reviewer: Reviewer = "", as_json: Json = False
) -> None:
    """Show what you should read next."""
    from stromata import review

    with opened_as(context, reviewer) as project, bar("Ranking") as progress:
        found = review.next_reference(project, stage=_stage(stage), progress=progress)
        refresh(context, project, _stage(stage))
    if as_json:
        emit({"stage": stage, "reviewer": project.actor, "next": found})
    elif found is None:
        say(f"Nothing waits for {project.actor} at {stage}.")
    else:
        _show_next(found)


@screen_app.command()
def decide(
    context: typer.Context,
    key: Key,
    verdict: Annotated[str, typer.Argument(help="include, exclude or maybe.")],
    stage: StageOption = TITLE,
    reason: Reasons = None,
    note: Note = "",
    reviewer: Reviewer = "",
    ranking: Annotated[str | None, typer.Option(help="Id of the ranking that showed it; else the newest.")] = None,
    as_json: Json = False,
) -> None:
    """Give your verdict on a reference (you are who --as or --reviewer says)."""
    from stromata import review

    with opened_as(context, reviewer) as project:
        review.decide(
            project,
            key,
            _verdict(verdict),
            stage=_stage(stage),
            reasons=tuple(reason or ()),
            note=note,
            ranking=ranking,
        )
        left = review.left_of(project, stage=_stage(stage))
        refresh(context, project, _stage(stage))
    if as_json:
        emit({"key": key, "verdict": verdict, "stage": stage, "left": left})
    else:
        say(f"{verdict}; {left} references wait for you at {stage}.")


@screen_app.command("import")
def import_decisions(
    context: typer.Context,
    file: Annotated[Path, Argument(help="CSV (key, stage, reviewer, verdict, reasons, note) or .asreview project.")],
    what: Annotated[str, typer.Option(help="decisions, resolutions, retrievals or priors.")] = "decisions",
    stage: Annotated[str | None, typer.Option(help="Only the rows of this stage.")] = None,
    reviewer: Annotated[str, typer.Option(help="Whose verdicts those of an ASReview project are.")] = "",
    as_json: Json = False,
) -> None:
    """Import verdicts, settlements, retrievals or labels of an earlier review."""
    from stromata import review
    from stromata.errors import InvalidInput

    only = None if stage is None else _stage(stage)
    with opened(context) as project:
        if what == "decisions":
            done, problems = review.import_decisions(project, file, stage=only, reviewer=reviewer)
        elif what == "resolutions":
            done, problems = review.import_resolutions(project, file, stage=only)
        elif what == "retrievals":
            done, problems = review.import_retrievals(project, file)
        elif what == "priors":
            done, problems = review.import_priors(project, file)
        else:
            raise InvalidInput(f"--what is {what!r}; allowed: decisions, resolutions, retrievals, priors")
        refresh(context, project, only or _stage(TITLE))
    _account(file, what, done, problems, as_json=as_json)


@screen_app.command()
def status(context: typer.Context, as_json: Json = False) -> None:
    """Show where each stage stands: people, agreement, what may be left, what the stopping rule says."""
    from stromata import review

    with opened(context) as project:
        stages = review.screening_status(project)
        found = review.audits(project)
    if as_json:
        emit(
            {
                "stages": [_flat(item) for item in stages],
                "agreement": [pair for item in stages for pair in item.agreement],
                "audits": found,
            }
        )
        return
    table(
        "Stages",
        ("stage", "references", "open", "conflicts", "included", "excluded", "left unread"),
        [
            (
                s.stage,
                s.progress.total,
                s.progress.open,
                s.progress.conflicts,
                s.progress.included,
                s.progress.excluded,
                s.unread,
            )
            for s in stages
        ],
    )
    table(
        "Reviewers",
        ("stage", "reviewer", "done", "left"),
        [(s.stage, one.reviewer, one.done, one.left) for s in stages for one in s.reviewers],
    )
    _show_agreement([pair for item in stages for pair in item.agreement])
    for item in stages:
        _show_stage(item)


@screen_app.command()
def why(
    context: typer.Context, key: Key, stage: StageOption = TITLE, reviewer: Reviewer = "", as_json: Json = False
) -> None:
    """Say why a reference stands where it stands, from what you may see."""
    from stromata import review
    from stromata.model import codec

    with opened_as(context, reviewer) as project, bar("Ranking") as progress:
        found = review.explain_rank(project, key, stage=_stage(stage), progress=progress)
        titles = {item.id: item.merged.title for item in review.references(project)}
    likened = {item.text for item in found.reasons if item.kind in {"neighbour", "meaning"}}
    near = {id_: titles[id_] for id_ in sorted(likened) if id_ in titles}
    if as_json:
        emit(codec.to_data(found) | {"neighbours": near})
        return
    table(
        f"{found.id}: place {found.rank} by what you may see, score {found.score:.4f}",
        ("kind", "what", "effect"),
        [
            (item.kind, f"{item.text}: {near[item.text]}" if item.text in near else item.text, round(item.effect, 4))
            for item in found.reasons
        ],
    )


@screen_app.command()
def queue(context: typer.Context, stage: StageOption = TITLE, reviewer: Reviewer = "", as_json: Json = False) -> None:
    """List the references that wait for your verdict, in the order in which to read them."""
    from stromata import review

    with opened_as(context, reviewer) as project:
        waiting = review.queue(project, stage=_stage(stage))
        titles = {item.id: item.merged.title for item in review.references(project)}
    if as_json:
        emit({"stage": stage, "queue": [{"reference": id_, "title": titles[id_]} for id_ in waiting]})
    else:
        table(f"Waiting for you at {stage}", ("reference", "title"), [(id_, titles[id_]) for id_ in waiting])


@screen_app.command()
def conflicts(
    context: typer.Context,
    stage: StageOption = TITLE,
    reasons: Annotated[bool, typer.Option("--reasons", help="Those that all exclude, for different reasons.")] = False,
    as_json: Json = False,
) -> None:
    """List the references on which verdicts disagree, the most relevant ones first."""
    from stromata import review

    with opened(context) as project:
        if reasons:
            found = review.reason_differences(project, stage=_stage(stage))
        else:
            found = review.conflicts(project, stage=_stage(stage))
    if as_json:
        emit({"stage": stage, "conflicts": found})
        return
    if reasons:
        rows = [(one.reference, one.counted_reason, _reasons(one)) for one in found]
        table(f"Excluded for different reasons at {stage}", ("reference", "counted", "given"), rows)
        return
    told = [
        (item.reference, "; ".join(f"{given.reviewer}: {given.verdict}" for given in item.decisions)) for item in found
    ]
    table(f"Conflicts at {stage}", ("reference", "verdicts"), told)


@screen_app.command()
def resolve(
    context: typer.Context,
    key: Key,
    verdict: Annotated[str, typer.Argument(help="include or exclude.")],
    stage: StageOption = TITLE,
    reason: Reasons = None,
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Settle a conflict as adjudicator."""
    from stromata import review

    with opened(context) as project:
        review.resolve(project, key, _verdict(verdict), stage=_stage(stage), reasons=tuple(reason or ()), note=note)
    if as_json:
        emit({"key": key, "verdict": verdict, "stage": stage})
    else:
        say(f"Settled: {verdict}.")


@screen_app.command()
def retrieval(
    context: typer.Context,
    key: Key,
    state: Annotated[str, typer.Argument(metavar="STATUS", help="retrieved or not-retrieved.")],
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Record that a full report was got, or could not be got."""
    from stromata import review

    with opened(context) as project:
        review.record_retrieval(project, key, cast("RetrievalStatus", state), note=note)
    if as_json:
        emit({"key": key, "status": state})
    else:
        say(f"Recorded: {state}.")


@screen_app.command("second-look")
def second_look(
    context: typer.Context,
    stage: StageOption = TITLE,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 20,
    as_json: Json = False,
) -> None:
    """List the verdicts on which the model and people disagree most, for lead and adjudicator."""
    from stromata import review

    with opened(context) as project, bar("Ranking") as progress:
        found = review.suspicious_verdicts(project, stage=_stage(stage), limit=limit, progress=progress)
        titles = {item.reference: review.reference(project, item.reference).merged.title for item in found}
    if as_json:
        emit({"stage": stage, "verdicts": found})
        return
    table(
        "Look at these again",
        ("reference", "verdict", "surprise", "title"),
        [
            (item.reference, "kept" if item.relevance else "excluded", round(item.surprise, 2), titles[item.reference])
            for item in found
        ],
    )


@screen_app.command()
def audit(
    context: typer.Context,
    stage: StageOption = TITLE,
    share: Annotated[float | None, typer.Option(help="Draw a new sample of this share of the excluded.")] = None,
    size: Annotated[int | None, typer.Option(help="Or of so many.")] = None,
    seed: Annotated[int | None, typer.Option(help="Number that fixes the draw; the plan's by default.")] = None,
    draw: Annotated[bool, typer.Option("--draw", help="Draw a sample of the size that is planned.")] = False,
    as_json: Json = False,
) -> None:
    """Draw a sample of the excluded to be read again; without options show what audits found."""
    from stromata import review

    with opened(context) as project:
        if draw or share is not None or size is not None:
            made = review.draw_audit(project, stage=_stage(stage), share=share, size=size, seed=seed)
            say_it = f"{len(made.references)} of {made.frame} excluded references wait for one more reader."
            if as_json:
                emit(made)
            else:
                say(say_it)
            return
        found = review.audits(project)
    if as_json:
        emit({"audits": found})
        return
    table(
        "Audits of the excluded",
        ("stage", "drawn of", "drawn", "read", "wrong", "wrong in all (95 %)"),
        [
            (
                item.stage,
                item.estimate.frame,
                item.estimate.drawn,
                item.estimate.read,
                item.estimate.wrong,
                ""
                if item.estimate.number is None
                else f"{item.estimate.number:.0f} ({item.estimate.number_low} to {item.estimate.number_high})",
            )
            for item in found
        ],
    )


@screen_app.command()
def assess(
    context: typer.Context,
    stage: StageOption = TITLE,
    rule: Annotated[str, typer.Option("--stop-rule", help="Another stopping rule than the plan's.")] = "",
    as_json: Json = False,
) -> None:
    """Say what may be left unread, and whether the stopping rule lets reading stop."""
    from stromata import review

    with opened(context) as project:
        said = review.assess_screening(project, stage=_stage(stage), rule=rule)
    if as_json:
        emit(said)
        return
    say(said.claim)
    show_cautions(said.cautions)


@screen_app.command()
def stop(
    context: typer.Context,
    stage: StageOption = TITLE,
    reason: Why = "",
    against_rule: Annotated[bool, typer.Option("--against-rule", help="Although the rule does not say so.")] = False,
    as_json: Json = False,
) -> None:
    """Confirm that what nobody has read is left unread: it counts as excluded by automation tools."""
    from stromata import review

    with opened(context) as project:
        made = review.stop_screening(project, stage=_stage(stage), reason=reason, against_rule=against_rule)
    if as_json:
        emit(made)
    else:
        say(f"{len(made.references)} references are left unread at {stage}. {made.evidence.claim}")


@screen_app.command()
def resume(context: typer.Context, reason: Why = "", stage: StageOption = TITLE, as_json: Json = False) -> None:
    """Take a stop back: what was left unread waits for verdicts again."""
    from stromata import review

    with opened(context) as project:
        left = review.resume_screening(project, stage=_stage(stage), reason=reason)
    if as_json:
        emit({"stage": stage, "waiting": left})
    else:
        say(f"{left} references wait again at {stage}.")


@screen_app.command()
def ledger(context: typer.Context, as_json: Json = False) -> None:
    """List what was left to automation: how many references, by what rule, and who confirmed it."""
    from stromata import review

    with opened(context) as project:
        found = review.automation_of_screening(project)
    if as_json:
        emit({"ledger": found})
        return
    table(
        "Left to automation",
        ("event", "at", "confirmed by", "stage", "what", "references", "still unread", "rule", "reason"),
        [
            (
                item.sequence,
                item.at,
                item.confirmed_by,
                item.stage,
                item.what,
                item.references,
                item.standing,
                "" if item.evidence is None else item.evidence.rule,
                item.reason,
            )
            for item in found
        ],
    )


@screen_app.command("keep-ranked", hidden=True)
def keep_ranked(context: typer.Context, stage: StageOption = TITLE) -> None:
    """Rank anew as verdicts come in, until none has come for a while; other commands start it."""
    from stromata import review

    os.nice(_NICE)
    with opened(context) as project:
        review.keep_ranked(project, stage=_stage(stage), wait=patience)


def patience(idle: int) -> bool:
    """Pause, and say whether to look again after `idle` looks in vain."""
    time.sleep(_PAUSE)
    return idle < _PATIENCE


def refresh(context: typer.Context, project: Project, stage: Stage) -> None:
    """Have a ranking made from the newest verdicts, by a process of its own: nobody waits for it."""
    from stromata import review

    if not review.is_stale(project, stage=stage):
        return
    options: Options = context.obj
    words = ["--dir", str(options.folder), "--as", project.actor, "--review", project.id]
    subprocess.Popen(  # noqa: S603 - our own command with our own words
        [
            sys.executable,
            "-c",
            "from stromata.cli import main; main()",
            *words,
            "screen",
            "keep-ranked",
            "--stage",
            stage,
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@contextmanager
def opened_as(context: typer.Context, reviewer: str) -> Iterator[Project]:
    """Open the review in the hands of a reviewer: --reviewer says the same as --as before the command."""
    from stromata.errors import InvalidInput

    options: Options = context.obj
    if reviewer and options.actor not in {"", reviewer}:
        raise InvalidInput(
            f"--as says {options.actor!r} and --reviewer says {reviewer!r}", hint="Name one person: either will do."
        )
    context.obj = replace(options, actor=reviewer or options.actor)
    with opened(context) as project:
        yield project


def _verdict(text: str) -> Verdict:
    return cast("Verdict", text)  # the use case checks the word


def _stage(text: str) -> Stage:
    return cast("Stage", text)  # the use case checks the word


def _account(file: Path, what: str, done: int, problems: tuple[Problem, ...], *, as_json: bool) -> None:
    from stromata.model import faults

    if as_json:
        emit({"file": file.name, "what": what, "imported": done, "problems": problems})
    else:
        say(f"{file.name}: {done} {what} imported, {len(faults(problems))} rows left out")
    show_problems(file.name, problems)
    if faults(problems) and not done:
        raise typer.Exit(4)


def _flat(item: StageStatus) -> dict[str, object]:
    """Return the status of a stage with its counts beside the rest, and the estimate of what is left by itself."""
    from stromata.model import codec

    plain: dict[str, object] = codec.to_data(item)
    counts: dict[str, object] = codec.to_data(item.progress)
    plain.pop("progress")
    estimate = None
    if item.stopping is not None:
        said = item.stopping.said
        estimate = {"value": said.left, "low": said.left_low, "high": said.left_high, "confidence": said.confidence}
    return {**counts, **plain, "estimate": estimate}


def _reasons(item: Standing) -> str:
    return "; ".join(f"{given.reviewer}: {', '.join(given.reasons) or 'none'}" for given in item.decisions)


def _show_plan(made: ScreeningPlan) -> None:
    say(f"{made.stage}: {made.recall:.0%} of the relevant, with {made.confidence:.0%} confidence; rule {made.rule}")
    say(f"  ranker {made.ranker} {made.ranker_version}, seed {made.seed}; learns from {made.learn} verdicts")
    how = "everybody may read everything" if made.split == "all" else "work is dealt out"
    most = "".join(f"; {name} at most {number}" for name, number in made.limits)
    say(f"  readers {', '.join(made.readers)}: {how}{most}")
    advice = "" if made.kappa is None else f", go on from kappa {made.kappa:g}"
    say(f"  calibration round {len(made.calibration)}{advice}; control sample {len(made.control)}")
    say(f"  audit {made.audit:.0%} of the excluded; known relevant references {len(made.known)}")


def _show_next(found: NextReference) -> None:
    place = "" if found.place is None else f", place {found.place}"
    say(f"{found.reference} ({found.why}{place}; {found.left} wait for you)")
    say(found.title or "(no title)")
    people = "; ".join(found.authors[:3]) + (" and others" if len(found.authors) > 3 else "")
    say(". ".join(part for part in (people, str(found.year or ""), found.journal, found.doi) if part))
    if found.abstract:
        say("")
        say(found.abstract)


def _show_agreement(pairs: list[Agreement]) -> None:
    table(
        "Agreement (95 % interval)",
        ("stage", "reviewers", "n", "agree", "kappa", "PABAK", "AC1", "on keeping", "on excluding"),
        [
            (
                pair.stage,
                " and ".join(pair.reviewers),
                pair.n,
                _told(pair.raw),
                _told(pair.cohen),
                _told(pair.pabak),
                _told(pair.ac1),
                _told(pair.positive),
                _told(pair.negative),
            )
            for pair in pairs
        ],
    )


def _show_stage(item: StageStatus) -> None:
    if item.joint is not None:
        say(f"{item.stage}, all together: kappa {_told(item.joint.fleiss)}, AC1 {_told(item.joint.ac1)}")
    if item.calibration is not None:
        say(f"{item.stage}, calibration round of {item.calibration.references}: {item.calibration.advice}")
    if item.stopping is not None:
        say(f"{item.stage}: {item.stopping.said.claim}")
        show_cautions(item.stopping.cautions)


def _told(value: Coefficient) -> str:
    if value.value is None:
        return ""
    bounds = "" if value.low is None or value.high is None else f" ({value.low:.2f} to {value.high:.2f})"
    return f"{value.value:.2f}{bounds}"
