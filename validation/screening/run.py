"""Rank all labelled sets of a folder with each ranker, and ASReview beside them: the table that is published.

    python validation/screening/run.py DIR --seeds 0-2 --rankers default --jobs 2 -o table.md
    python validation/screening/run.py DIR --peers /path/to/an/environment/with/asreview/bin/python -o table.md

DIR holds labelled sets of any layout, and MANIFEST.csv with the columns ``file`` and ``review_topic``, the text of each
protocol. Every ranker and ASReview see the same rows in the same order and the same priors (see docs/reference/
simulation.md). Warm: one relevant and one irrelevant prior; ours knows the text of the protocol as well. Cold: no
prior; the text of the protocol is all that is known; sets without one begin blind. ASReview takes no text: in a cold
start it gets it as one relevant record that is not counted, and reads from the top until an irrelevant one is known.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, median
from typing import Any, Literal

from stromata import plugins
from stromata.cli.output import bar
from stromata.cli.simulate import read_sets
from stromata.screening import metrics
from stromata.screening.documents import Ranker, Topic
from stromata.screening.labelled import LabelledSet
from stromata.screening.rankers import RANKERS, Words
from stromata.screening.simulate import Plan, Replay, Task, replay_all
from stromata.screening.voters import Weights, weights_in

Start = Literal["warm", "cold"]
PRIORS: dict[Start, tuple[int, int]] = {"warm": (1, 1), "cold": (0, 0)}
PEER = Path(__file__).with_name("peer.py")
WORST = 0.02
"""How much worse than ASReview the loss of a set may be."""


@dataclass(frozen=True)
class Line:
    """The measures of one replay, ours or ASReview's."""

    tool: str
    start: Start
    name: str
    seed: int
    found: metrics.Measures
    milliseconds: float
    stop: tuple[float, float] | None = None  # recall and work saved


def main() -> None:
    """Run all and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", default="0-2")
    parser.add_argument("--rankers", default="default", help="names, separated by commas")
    parser.add_argument("--weights", type=Path, help="JSON file of train.py --left-out: each set by weights of others")
    parser.add_argument("--starts", default="warm,cold")
    parser.add_argument("--only", default="", help="names of sets, separated by commas")
    parser.add_argument("--no-stops", action="store_true", help="ask no stopping rule")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--peers", default="", help="Python of an environment with asreview")
    parser.add_argument("--keep", type=Path, help="folder for what each replay gave, as JSON; read again when there")
    parser.add_argument("--orders", type=Path, help="folder for what was relevant in the order read, for stopping.py")
    parser.add_argument("-o", "--output", type=Path, help="Markdown file; stdout when missing")
    asked = parser.parse_args()
    sets, topics = load(asked.folder, {name for name in asked.only.split(",") if name})
    first, _, last = asked.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    left_out = json.loads(asked.weights.read_text(encoding="utf-8")) if asked.weights else {}
    lines: list[Line] = []
    for start in asked.starts.split(","):
        for ranker in asked.rankers.split(","):
            rules = () if asked.no_stops or start == "cold" else ("default",)
            lines += ours(
                sets,
                topics,
                ranker,
                start,
                seeds,
                rules=rules,
                jobs=asked.jobs,
                weights=left_out.get(ranker, {}),
                orders=asked.orders if start == "warm" else None,
            )
        if asked.peers:
            lines += [
                peer(asked.peers, one, topics[one.name], start=start, seed=seed, keep=asked.keep)
                for one in sets
                for seed in seeds
            ]
    text = "\n".join(tables(lines)) + "\n"
    if asked.output:
        asked.output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


def load(folder: Path, only: set[str]) -> tuple[list[LabelledSet], dict[str, str]]:
    """Return the sets that the manifest names, smallest first, and the text of each protocol."""
    rows = list(csv.DictReader((folder / "MANIFEST.csv").read_text(encoding="utf-8").splitlines()))
    sets, topics = [], {}
    for row in rows:
        (one,) = read_sets([str(folder / row["file"])])
        if not only or one.name in only:
            sets.append(one)
            topics[one.name] = row.get("review_topic", "").strip()
    return sorted(sets, key=lambda one: len(one.documents)), topics


def ours(
    sets: Sequence[LabelledSet],
    topics: dict[str, str],
    ranker: str,
    start: Start,
    seeds: Iterable[int],
    *,
    rules: tuple[str, ...],
    jobs: int,
    weights: dict[str, Any],
    orders: Path | None,
) -> list[Line]:
    """Replay all sets with one of our rankers, each set with its own weights where there are any."""
    chosen = plugins.get("rankers", ranker, builtin=RANKERS)
    tasks = [
        Task(
            one,
            weighed(chosen, weights_in(weights[one.name])) if weights else chosen,
            Plan(Topic(topics[one.name]), PRIORS[start], seed, rules=rules),
        )
        for one in sets
        for seed in seeds
    ]
    with bar(f"{ranker}, {start}") as progress:
        runs = replay_all(tasks, clock=time.process_time, jobs=jobs, progress=progress)
    if orders:
        orders.mkdir(parents=True, exist_ok=True)
        for one in runs:
            kept = json.dumps({"labels": [int(label) for label in one.labels]})
            (orders / f"{one.name}_{one.seed}.json").write_text(kept, encoding="utf-8")
    return [line(ranker, start, one) for one in runs]


def weighed(ranker: Ranker, weights: Weights) -> Words:
    """Return a ranker by words with other weights of its voters."""
    if not isinstance(ranker, Words):
        raise SystemExit(f"{ranker.name} has no voters")
    return replace(ranker, settings=replace(ranker.settings, voters=weights))


def line(tool: str, start: Start, run: Replay) -> Line:
    """Return what is kept of a replay."""
    stop = (run.stops[0].recall, run.stops[0].work_saved) if run.stops else None
    return Line(tool, start, run.name, run.seed, run.measures, run.cpu_ms_per_verdict, stop)


def peer(python: str, data: LabelledSet, topic: str, *, start: Start, seed: int, keep: Path | None) -> Line:
    """Replay one set with ASReview, in the same order of rows and with the same priors."""
    kept = keep / f"{data.name}_{seed}_{start}.json" if keep else None
    if kept and kept.exists():
        found = json.loads(kept.read_text(encoding="utf-8"))
    else:
        asked = {
            "seed": seed, "priors": PRIORS[start], "topic": topic if start == "cold" else "",
            "texts": [f"{one.title} {one.abstract}" for one in data.documents],
            "labels": [int(one) for one in data.relevant],
        }  # fmt: skip
        done = subprocess.run([python, str(PEER)], input=json.dumps(asked), capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(found), encoding="utf-8")
    return Line(f"ASReview {found['version']}", start, data.name, seed, metrics.measures(found["labels"]), found["ms"])


# The tables.

COLUMNS = ("loss", "WSS@95", "WSS@100", "recall at 10 %", "recall at 20 %", "NDCG", "ms per verdict")


def numbers(one: Line) -> tuple[float, ...]:
    """Return the numbers of a line, as `COLUMNS`."""
    found, recall = one.found, dict(one.found.recall)
    return found.loss, found.wss95, found.wss100, recall[0.1], recall[0.2], found.ndcg, one.milliseconds


def tables(lines: Sequence[Line]) -> Iterator[str]:
    """Yield the lines of the Markdown tables."""
    tools = list(dict.fromkeys(one.tool for one in lines))
    for start in dict.fromkeys(one.start for one in lines):
        yield f"\n## {'One relevant and one irrelevant prior' if start == 'warm' else 'Cold start'}\n"
        yield f"| | {' | '.join(COLUMNS)} |"
        yield f"| --- |{' --- |' * len(COLUMNS)}"
        for tool in tools:
            yield from summary(tool, [one for one in lines if (one.tool, one.start) == (tool, start)])
        yield from by_set([one for one in lines if one.start == start], tools)
    yield from stopping([one for one in lines if one.stop])


def summary(tool: str, lines: Sequence[Line]) -> Iterator[str]:
    """Yield mean and median over sets, and the worst replay."""
    if not lines:
        return
    names = dict.fromkeys(one.name for one in lines)
    per_set = [
        [mean(column) for column in zip(*(numbers(o) for o in lines if o.name == n), strict=True)] for n in names
    ]
    every = list(zip(*(numbers(one) for one in lines), strict=True))
    worst = [max(column) if place in (0, 6) else min(column) for place, column in enumerate(every)]
    columns = list(zip(*per_set, strict=True))
    for kind, row in (("mean", map(mean, columns)), ("median", map(median, columns)), ("worst replay", worst)):
        yield f"| {tool}, {kind} | {' | '.join(shown(row))} |"


def shown(row: Iterable[float]) -> Iterator[str]:
    """Yield the numbers of a row as text; the last is milliseconds."""
    for place, value in enumerate(row):
        yield f"{value:.1f}" if place == len(COLUMNS) - 1 else f"{value:.3f}"


def by_set(lines: Sequence[Line], tools: Sequence[str]) -> Iterator[str]:
    """Yield the loss of each set, mean over seeds; what is worse than ASReview by more than `WORST` is marked."""
    yield f"\n| set, mean loss over seeds | {' | '.join(tools)} |"
    yield f"| --- |{' --- |' * len(tools)}"
    rival = next((tool for tool in tools if tool.startswith("ASReview")), "")
    for name in dict.fromkeys(one.name for one in lines):
        found = {tool: [one.found.loss for one in lines if (one.name, one.tool) == (name, tool)] for tool in tools}
        losses = {tool: mean(values) for tool, values in found.items() if values}
        cells = []
        for tool in tools:
            mark = " (worse)" if losses.get(tool, 0) > losses.get(rival, 1) + WORST else ""
            cells.append(f"{losses[tool]:.3f}{mark}" if tool in losses else "")
        yield f"| {name} | {' | '.join(cells)} |"


def stopping(lines: Sequence[Line]) -> Iterator[str]:
    """Yield what the default stopping rule did, at a target of 95 %."""
    if not lines:
        return
    yield "\n## Stopping: the default rule, 95 % recall with 95 % confidence\n"
    yield "| | replays at 95 % or above | worst recall | work saved, mean | median |"
    yield "| --- | --- | --- | --- | --- |"
    for tool in dict.fromkeys(one.tool for one in lines):
        stops = [one.stop for one in lines if one.tool == tool and one.stop]
        recalls, saved = [recall for recall, _ in stops], [work for _, work in stops]
        met = mean(recall >= 0.95 for recall in recalls)
        yield f"| {tool} | {100 * met:.0f} % | {min(recalls):.3f} | {mean(saved):.3f} | {median(saved):.3f} |"


if __name__ == "__main__":
    main()
