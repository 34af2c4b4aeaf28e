"""Measure the de-duplication on labelled sets.

    python validation/dedupe/run.py FOLDER [--left-out] [--peers PYTHON] [--tools NAME...] [--reread]
        [--json FILE]

FOLDER holds Parquet files with the columns that sets.py reads. `--left-out` learns the parameters anew for each set
from all others of the folder (without those that training never sees) and measures with these. `--peers` names the
Python of an environment that holds the tools named by `--tools`; one that is not there is skipped with a note.
`--reread` measures against the labels as we read them (``label_doubts.yaml``); nothing is learnt from these.

Printed for each set: records, works, duplicates; pair precision, recall, F1 and specificity; works lost to merges;
duplicates missed; questions, the share of them that are true, recall and duplicates missed once they are answered as
the truth has it; CPU seconds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline import Labelled, clustered, labelled
from sets import LabelledSet, read_sets, reread
from train import UNSEEN, learn

from stromata.dedupe import find_duplicates
from stromata.dedupe.evaluate import Accuracy, evaluate

HEAD = (
    "method", "set", "records", "works", "dupl.", "precision", "recall", "F1", "specificity", "lost", "missed",
    "asked", "true", "recall*", "missed*", "CPU s",
)  # fmt: skip


def measured(one: LabelledSet) -> dict[str, Any]:
    """Run what ships on one set, through the package's own door."""
    begun = time.process_time()
    found = find_duplicates(one.entries)
    seconds = time.process_time() - begun
    clusters = {id_: id_ for id_, _ in one.entries}
    for merge in found.merges:
        clusters |= dict.fromkeys(merge.merged, merge.into)
    asked = [(question.left, question.right) for question in found.questions]
    return answered(one, "stromata", clusters, asked, seconds)


def left_out(one: LabelledSet, others: Sequence[Labelled]) -> dict[str, Any]:
    """Run with parameters that were learnt from the other sets."""
    parameters = learn(others)
    begun = time.process_time()
    clusters, asked = clustered(one, parameters)
    return answered(one, "stromata, left out", clusters, asked, time.process_time() - begun)


def answered(
    one: LabelledSet, method: str, clusters: dict[str, str], asked: Sequence[tuple[str, str]], seconds: float
) -> dict[str, Any]:
    """Measure the clusters, and again after the questions were answered as the truth has it."""
    true = [(left, right) for left, right in asked if one.truth[left] == one.truth[right]]
    joined = dict(clusters)
    for left, right in true:
        old, new = joined[right], joined[left]
        joined |= {id_: new for id_, own in joined.items() if own == old}
    after = evaluate(joined, one.truth)
    row = line(one, method, evaluate(clusters, one.truth), seconds)
    return row | {"asked": len(asked), "true": len(true), "recall*": after.recall, "missed*": after.missed}


def line(one: LabelledSet, method: str, accuracy: Accuracy, seconds: float) -> dict[str, Any]:
    figures = asdict(accuracy)
    return {
        "method": method, "set": one.name, "records": accuracy.records, "works": accuracy.works,
        "dupl.": accuracy.duplicates, "precision": accuracy.precision, "recall": accuracy.recall, "F1": accuracy.f1,
        "specificity": accuracy.specificity, "lost": accuracy.references_lost, "missed": accuracy.missed,
        "CPU s": seconds, "false_merges": figures["false_merges"],
    }  # fmt: skip


def peer(one: LabelledSet, tool: str, python: str, path: Path) -> dict[str, Any] | None:
    """Run another tool on one set; None, with a note, when it fails."""
    script = Path(__file__).with_name("peers.py")
    done = subprocess.run([python, str(script), tool, str(path)], capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{tool} on {one.name}: {(done.stderr.strip().splitlines() or ['failed'])[-1]}", file=sys.stderr)
        return None
    answer = json.loads(done.stdout.splitlines()[-1])
    cluster = {id_: id_ for id_, _ in one.entries}
    for group in answer["clusters"]:
        cluster |= dict.fromkeys(group, group[0])
    return line(one, f"{tool} {answer['version']}".strip(), evaluate(cluster, one.truth), answer["cpu_seconds"])


def shown(value: float | str | None) -> str:
    if value is None or not isinstance(value, float):
        return "" if value is None else str(value)
    return f"{value:.4f}" if value <= 1 else f"{value:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--left-out", action="store_true", help="learn for each set from all others")
    parser.add_argument("--peers", metavar="PYTHON", help="interpreter of an environment with the other tools")
    parser.add_argument("--tools", nargs="*", default=["key", "bib-dedupe", "splink"])
    parser.add_argument("--reread", action="store_true", help="measure against the labels as we read them")
    parser.add_argument("--json", type=Path, help="write all figures there too")
    options = parser.parse_args()
    sets = list(read_sets(options.folder))
    pairs = {one.name: labelled(one) for one in sets if one.name not in UNSEEN} if options.left_out else {}
    sets = [reread(one) for one in sets] if options.reread else sets
    rows: list[dict[str, Any]] = []
    print("| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD))

    def add(row: dict[str, Any] | None) -> None:
        if row is not None:
            rows.append(row)
            print("| " + " | ".join(shown(row.get(name)) for name in HEAD) + " |", flush=True)

    for one in sets:
        add(measured(one))
        if options.left_out:
            add(left_out(one, [other for name, other in pairs.items() if name != one.name]))
        for tool in options.tools if options.peers else ():
            add(peer(one, tool, options.peers, options.folder / f"{one.name}.parquet"))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
