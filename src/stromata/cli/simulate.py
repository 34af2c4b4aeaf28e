"""Replay labelled sets, without a review: `stromata simulate`."""

from __future__ import annotations

import csv
import io
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stromata import disk
from stromata.cli.app import FILES, Json, app
from stromata.cli.output import STDOUT, bar, emit, open_output, show_problems, table, tell, write_file
from stromata.errors import InvalidInput, Unreadable
from stromata.sheets import guarded

if TYPE_CHECKING:
    from stromata.screening.documents import Topic
    from stromata.screening.labelled import LabelledSet, Part
    from stromata.screening.simulate import Plan, Replay, Task

LEFT_OUT = 3
"""Exit status when sets were replayed and some of their rows could not be used."""

_TOPIC = "What is looked for"
_REPLAY = "The replay"
_OUTPUT = "What comes out"

Title = Annotated[
    str,
    typer.Option("--title-text", help="Title or question of the review, as a protocol has it.", rich_help_panel=_TOPIC),
]
Criteria = Annotated[
    str,
    typer.Option(
        metavar="FILE", help="Text, a criterion a line; 'exclude:' before those of exclusion.", rich_help_panel=_TOPIC
    ),
]
Topics = Annotated[
    str,
    typer.Option(
        metavar="FILE", help="Table with the columns name and topic: the title of each set.", rich_help_panel=_TOPIC
    ),
]
LabelColumn = Annotated[
    str, typer.Option("--label", help="Column of labels, where it is not found.", rich_help_panel=_TOPIC)
]
Textless = Annotated[
    bool, typer.Option("--keep-textless", help="Keep references without title and abstract.", rich_help_panel=_TOPIC)
]
RankerName = Annotated[str, typer.Option("--ranker", help="Name of the ranker.", rich_help_panel=_REPLAY)]
Priors = Annotated[
    str,
    typer.Option(
        metavar="N,M", help="Relevant and irrelevant references known before; 0,0 for none.", rich_help_panel=_REPLAY
    ),
]
Seed = Annotated[int, typer.Option(help="Seed of order, priors and ranker.", rich_help_panel=_REPLAY)]
Seeds = Annotated[
    str, typer.Option(metavar="0-2", help="Several seeds, such as 0-2 or 0,4,7.", rich_help_panel=_REPLAY)
]
Every = Annotated[int, typer.Option(help="Rank anew after so many verdicts.", rich_help_panel=_REPLAY)]
Mistakes = Annotated[float, typer.Option(help="Share of verdicts that people give wrongly.", rich_help_panel=_REPLAY)]
StopRule = Annotated[
    str,
    typer.Option(
        "--stop-rule", metavar="RULE,...", help="Stopping rules to ask; none for no rule.", rich_help_panel=_REPLAY
    ),
]
Aim = Annotated[float, typer.Option("--target", help="Recall that the rule is to reach.", rich_help_panel=_REPLAY)]
Sure = Annotated[float, typer.Option("--confidence", help="How sure it is to be of that.", rich_help_panel=_REPLAY)]
Jobs = Annotated[int, typer.Option(help="How many replays at once.", rich_help_panel=_REPLAY)]
CurveFile = Annotated[
    str, typer.Option("--curve", metavar="FILE", help="Draw recall curves (SVG).", rich_help_panel=_OUTPUT)
]
Results = Annotated[
    str,
    typer.Option("-o", "--output", metavar="FILE", help="Write a row for each replay (CSV).", rich_help_panel=_OUTPUT),
]
ProjectFile = Annotated[
    str,
    typer.Option(
        "--asreview", metavar="FILE", help="Write the replay as a project of ASReview.", rich_help_panel=_OUTPUT
    ),
]


@app.command(rich_help_panel=FILES)
def simulate(
    files: Annotated[list[str], typer.Argument(metavar="DATA...", help="Labelled sets; - is stdin.")],
    title_text: Title = "",
    criteria: Criteria = "",
    topics: Topics = "",
    label: LabelColumn = "",
    keep_textless: Textless = False,
    ranker: RankerName = "default",
    priors: Priors = "1,1",
    seed: Seed = 0,
    seeds: Seeds = "",
    every: Every = 1,
    mistakes: Mistakes = 0.0,
    stop_rule: StopRule = "default",
    target: Aim = 0.95,
    confidence: Sure = 0.95,
    jobs: Jobs = 1,
    curve: CurveFile = "",
    output: Results = "",
    asreview: ProjectFile = "",
    as_json: Json = False,
) -> None:
    """Replay finished screenings: how soon a ranker finds what is relevant, and when a rule would have stopped.

    Rows are shuffled by the seed. The exit status is 3 when rows could not be used; they are named on stderr.
    """
    from stromata.screening import simulate as replaying
    from stromata.screening.stopping import Target

    asked = _Asked(
        priors=_priors(priors), seeds=_seeds(seeds) if seeds else (seed,), every=every, mistakes=mistakes,
        target=Target(recall=target, confidence=confidence), rules=_rules(stop_rule),
    )  # fmt: skip
    _check_outputs(curve, asreview)
    chosen = _ranker(ranker)
    inclusion, exclusion = _criteria(criteria)
    titles = _topics(topics)
    sets = read_sets(files, label=label, keep_textless=keep_textless)
    tasks = [
        replaying.Task(one, chosen, plan)
        for one in sets
        for plan in asked.plans(_topic(titles.get(one.name, title_text), inclusion, exclusion))
    ]
    if asreview and len(tasks) > 1:
        raise InvalidInput(
            f"--asreview takes one replay, and there are {len(tasks)}", hint="Give one file and one seed."
        )
    for one in sets:
        for file, problem in one.problems:
            show_problems(file, [problem])
    with bar("Replaying") as progress:
        replays = replaying.replay_all(tasks, clock=time.process_time, jobs=jobs, progress=progress)
    _write(tasks, replays, curve=curve, output=output, asreview=asreview)
    if as_json:
        emit(_json(sets, replays, one=len(files) == 1 and not seeds and len(replays) == 1))
    else:
        _show(replays)
    if any(one.left_out for one in sets):
        raise typer.Exit(LEFT_OUT)


# What is asked.


@dataclass(frozen=True, slots=True)
class _Asked:
    """The options of a replay."""

    priors: tuple[int, int]
    seeds: tuple[int, ...]
    every: int
    mistakes: float
    target: Any  # a Target, which is not imported before it is needed
    rules: tuple[str, ...]

    def plans(self, topic: Topic) -> Iterator[Plan]:
        """Yield a plan for each seed."""
        from stromata.screening.simulate import Plan

        for seed in self.seeds:
            yield Plan(
                topic=topic, priors=self.priors, seed=seed, every=self.every, mistakes=self.mistakes,
                target=self.target, rules=self.rules,
            )  # fmt: skip


def _priors(text: str) -> tuple[int, int]:
    try:
        relevant, irrelevant = (int(part) for part in text.split(","))
    except ValueError as error:
        raise InvalidInput(f"--priors {text!r} is not two whole numbers", hint="Such as --priors 1,1.") from error
    return relevant, irrelevant


def _seeds(text: str) -> tuple[int, ...]:
    """Return seeds from ``0-2`` or ``0,4,7``."""
    found: list[int] = []
    try:
        for part in text.split(","):
            first, dash, last = part.strip().partition("-")
            found += range(int(first), int(last) + 1) if dash else [int(first)]
    except ValueError as error:
        raise InvalidInput(f"--seeds {text!r} are no whole numbers", hint="Such as --seeds 0-2.") from error
    if not found or len(set(found)) < len(found):
        raise InvalidInput(f"--seeds {text!r} names no seed, or one twice", hint="Such as --seeds 0-2.")
    return tuple(found)


def _rules(text: str) -> tuple[str, ...]:
    return () if text.strip().lower() == "none" else tuple(part.strip() for part in text.split(",") if part.strip())


def _check_outputs(curve: str, asreview: str) -> None:
    """Stop before any work at a file of a kind that is not written."""
    for option, path, ending in (("--curve", curve, ".svg"), ("--asreview", asreview, ".asreview")):
        if path and path != STDOUT and Path(path).suffix.lower() != ending:
            raise InvalidInput(f"{option} {path!r} does not end in {ending}", hint=f"Such as {option} out{ending}.")


def _ranker(name: str) -> Any:  # noqa: ANN401 - a Ranker, which is not imported before it is needed
    from stromata import plugins
    from stromata.screening.rankers import RANKERS

    return plugins.get("rankers", name, builtin=RANKERS)


def _criteria(file: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return criteria of inclusion and of exclusion from a text with one to a line."""
    if not file:
        return (), ()
    include: list[str] = []
    exclude: list[str] = []
    for line in _bytes(file).decode("utf-8-sig", "replace").splitlines():
        word, colon, rest = line.partition(":")
        kind = word.strip().lower()
        if colon and kind in {"include", "inclusion", "exclude", "exclusion"}:
            (include if kind.startswith("incl") else exclude).append(rest.strip())
        else:
            include.append(line.strip())
    return tuple(filter(None, include)), tuple(filter(None, exclude))


def _topics(file: str) -> dict[str, str]:
    """Return the title of each set from a table with the columns name and topic."""
    from stromata.cli.files import read_rows

    if not file:
        return {}
    _, rows, problems = read_rows(file)
    show_problems(file, problems)
    names = {heading.strip().lower(): heading for heading in rows[0] if heading}
    topic = next((names[one] for one in ("topic", "review_topic", "title") if one in names), None)
    if "name" not in names or topic is None:
        raise Unreadable(f"{file}: needed are the columns name and topic; there are: {', '.join(names)}.")
    return {row[names["name"]].strip(): (row[topic] or "").strip() for row in rows}


def _topic(title: str, include: tuple[str, ...], exclude: tuple[str, ...]) -> Topic:
    from stromata.screening.documents import Topic

    return Topic(question=title, include=include, exclude=exclude)


# What is read.


def read_sets(files: Sequence[str], *, label: str = "", keep_textless: bool = False) -> list[LabelledSet]:
    """Read labelled sets of any layout; files that hold the lists of one review in Covidence become one set."""
    from stromata.screening.labelled import labelled_set

    groups: dict[tuple[str, int], list[Part]] = {}
    for place, part in enumerate(part for file in files for part in _parts(file, label)):
        groups.setdefault((part.group, -1) if part.group else (_stem(part.name), place), []).append(part)
    sets: list[LabelledSet] = []
    for (name, _), parts in groups.items():
        same = sum(one.name == name or one.name.startswith(f"{name} (") for one in sets)
        unique = f"{name} ({same + 1})" if same else name
        sets.append(labelled_set(parts, name=unique, keep_textless=keep_textless))
    return sets


def _parts(file: str, label: str) -> Iterator[Part]:
    """Yield what a file holds: a project of ASReview, a table with labels, or anything that is read as references."""
    from stromata import formats
    from stromata.screening import asreview, labelled

    data = _bytes(file)
    name = "input" if file == STDOUT else Path(file).name
    if asreview.is_project(data):
        yield asreview.labelled_part(asreview.read_project(data, name=name), name=name)
        return
    for part in formats.parts(data, name=name):
        with part.open() as stream:
            content = stream.read()
        if labelled.is_table(content):
            yield labelled.read_table(content, name=part.name, label=label)
        else:
            records, problems = formats.read_bytes(content, name=part.name)
            yield labelled.read_records(records, problems, name=part.name, label=label)


def _bytes(file: str) -> bytes:
    return sys.stdin.buffer.read() if file == STDOUT else disk.content(Path(file))


def _stem(name: str) -> str:
    """Return the name of a file without folders and endings."""
    path = Path(name)
    while path.suffix.lower() in {".gz", ".csv", ".tsv", ".tab", ".txt", ".xlsx", ".ris", ".asreview", ".zip"}:
        path = path.with_suffix("")
    return path.name


# What comes out.


def _json(sets: Sequence[LabelledSet], replays: Sequence[Replay], *, one: bool) -> dict[str, Any]:  # Any: JSON
    known = {data.name: data for data in sets}
    runs = [_run(known[replay.name], replay) for replay in replays]
    return runs[0] if one else {"runs": runs, "macro": _macro(replays)}


def _run(data: LabelledSet, replay: Replay) -> dict[str, Any]:  # Any: as above
    found = replay.measures
    stops = [
        {
            "rule": stop.rule, "version": stop.version, "target": stop.target.recall,
            "confidence": stop.target.confidence, "stopped": stop.stopped, "read": stop.read, "found": stop.found,
            "recall": stop.recall, "work_saved": stop.work_saved, "claim": stop.claim,
        }
        for stop in replay.stops
    ]  # fmt: skip
    return {
        "name": replay.name, "seed": replay.seed, "ranker": replay.ranker, "version": replay.version,
        "n": replay.n, "relevant": replay.relevant,
        "unlabelled": data.unlabelled, "left_out": data.left_out, "textless": data.textless,
        "priors": replay.priors, "order": replay.order, "loss": found.loss, "ndcg": found.ndcg,
        "wss95": found.wss95, "wss100": found.wss100, "recall": {f"{share:g}": value for share, value in found.recall},
        "atd": found.atd, "erf": found.erf, "cpu_ms_first": replay.cpu_ms_first,
        "cpu_ms_per_verdict": replay.cpu_ms_per_verdict, "replayed": replay.replayed,
        "stopping": stops[0] if stops else None, "stops": stops,
    }  # fmt: skip


_LOW_IS_GOOD = frozenset(("loss", "atd", "cpu_ms_per_verdict"))


def _numbers(replay: Replay) -> dict[str, float]:
    """Return the numbers of a replay that are summed up."""
    found = replay.measures
    numbers = {"loss": found.loss, "ndcg": found.ndcg, "wss95": found.wss95, "wss100": found.wss100}
    numbers |= {f"recall {share:g}": value for share, value in found.recall}
    numbers |= {"atd": found.atd, "erf": found.erf, "cpu_ms_per_verdict": replay.cpu_ms_per_verdict}
    if replay.stops:
        numbers |= {"stop recall": replay.stops[0].recall, "stop work_saved": replay.stops[0].work_saved}
    return numbers


def _summaries(replays: Sequence[Replay]) -> dict[str, dict[str, float]]:
    """Return mean and median over sets (each the mean over its seeds), and the worst replay, of each number."""
    from statistics import mean, median

    by_set: dict[str, list[dict[str, float]]] = {}
    for replay in replays:
        by_set.setdefault(replay.name, []).append(_numbers(replay))
    told: dict[str, dict[str, float]] = {"mean": {}, "median": {}, "worst": {}}
    for name in next(iter(by_set.values()))[0]:
        sets = [mean(run[name] for run in runs) for runs in by_set.values()]
        every = [run[name] for runs in by_set.values() for run in runs]
        told["mean"][name], told["median"][name] = mean(sets), median(sets)
        told["worst"][name] = max(every) if name in _LOW_IS_GOOD else min(every)
    return told


def _macro(replays: Sequence[Replay]) -> dict[str, Any]:  # Any: JSON
    """Return the means, with medians and worst replays beside them."""
    from statistics import mean

    told = {kind: _nested(numbers) for kind, numbers in _summaries(replays).items()}
    met = [replay.stops[0].recall >= replay.stops[0].target.recall for replay in replays if replay.stops]
    share = {"stops_at_target": mean(met)} if met else {}
    sets = len({replay.name for replay in replays})
    return told["mean"] | share | {"sets": sets, "median": told["median"], "worst": told["worst"]}


def _nested(numbers: dict[str, float]) -> dict[str, Any]:  # Any: numbers, and numbers by share
    """Return ``recall 0.1`` as a part of ``recall``."""
    found: dict[str, Any] = {}  # Any: as above
    for name, value in numbers.items():
        group, _, part = name.partition(" ")
        if part:
            found.setdefault({"stop": "stopping"}.get(group, group), {})[part] = value
        else:
            found[name] = value
    return found


_HEADINGS = (
    "loss",
    "NDCG",
    "WSS@95",
    "WSS@100",
    "R@5",
    "R@10",
    "R@20",
    "R@50",
    "ATD",
    "ERF",
    "CPU ms",
    "recall",
    "saved",
)


def _show(replays: Sequence[Replay]) -> None:
    """Write a table; the last two columns say what stopping by the rule would have meant."""
    rows: list[tuple[object, ...]] = [
        (replay.name, replay.seed, replay.n, replay.relevant, *_shown(_numbers(replay))) for replay in replays
    ]
    if len(replays) > 1:
        rows += [(kind, "", "", "", *_shown(numbers)) for kind, numbers in _summaries(replays).items()]
    first = replays[0]
    columns = ("set", "seed", "n", "relevant", *_HEADINGS[: 13 if first.stops else 11])
    table(f"{first.ranker} {first.version}, priors {len(first.priors)}", columns, rows)
    if first.stops:
        met = sum(replay.stops[0].recall >= replay.stops[0].target.recall for replay in replays)
        aim = f"{100 * first.stops[0].target.recall:g} %"
        tell(
            f"Rule {first.stops[0].rule}: recall of {aim} or more when it said stop in {met} of {len(replays)} replays."
        )


def _shown(numbers: dict[str, float]) -> Iterator[str]:
    for name, value in numbers.items():
        yield f"{value:.0f}" if name == "atd" else f"{value:.1f}" if name == "cpu_ms_per_verdict" else f"{value:.3f}"


def _write(tasks: Sequence[Task], replays: Sequence[Replay], *, curve: str, output: str, asreview: str) -> None:
    if curve:
        from stromata.reporting.recall_curve import Curve, recall_curve_svg

        curves = [Curve(one.name, one.labels, one.stops[0].read if one.stops else None) for one in replays]
        write_file(curve, recall_curve_svg(curves))
    if output:
        write_file(output, _csv(replays))
    if asreview:
        from stromata.screening.asreview import replay_project, write_project

        with open_output(asreview) as stream:
            stream.write(write_project(replay_project(tasks[0].data, replays[0], created=int(time.time()))))


def _csv(replays: Sequence[Replay]) -> str:
    text = io.StringIO()
    sheet = csv.writer(text, lineterminator="\n")
    names = list(_numbers(replays[0]))
    sheet.writerow(("name", "seed", "ranker", "version", "n", "relevant", *(name.replace(" ", "_") for name in names)))
    for one in replays:
        numbers = _numbers(one)
        sheet.writerow(
            (
                guarded(one.name),
                one.seed,
                one.ranker,
                one.version,
                one.n,
                one.relevant,
                *(numbers[name] for name in names),
            )
        )
    return text.getvalue()
