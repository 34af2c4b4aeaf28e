"""Stopping rules over labelled sets, and over made-up orders of many shapes.

python validation/screening/stopping.py SET.csv.gz ... --seeds 0 1 2 --orders FOLDER

Each set is replayed with the default ranker (rows shuffled by the seed, one relevant and one irrelevant prior, the
topic from a MANIFEST.csv beside the set where there is one), or its order is taken from FOLDER when an earlier run
left it there. Each rule is asked at a hundred places whether to stop. Printed per rule: the share of runs at or above
95 % recall, the worst run, and the share of references never read (mean, median); then the same for sets with fewer
than 20, 20 to 100 and more than 100 relevant references. Rules on random samples read by rank until 5 % irrelevant
ones came in a row, then draw at random. The control sample is drawn until it holds 59 relevant references, and counts
as read.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stromata.screening.documents import Topic
from stromata.screening.labelled import labelled_set, read_table
from stromata.screening.rankers import RANKERS
from stromata.screening.simulate import Plan, replay
from stromata.screening.stopping import RULES, Control, Reading, assess

LOOKS = 100
CONTROL = 59
SHAPES = ("smooth", "strays", "hidden topic", "chance", "weibull", "power tail")

Order = NDArray[np.bool_]


def order_of(path: Path, seed: int, folder: Path) -> Order:
    """Replay a set, or take the order that an earlier run left."""
    name = path.name.split(".")[0]
    kept = folder / f"{name}_{seed}.json"
    if not kept.exists():
        raw = path.read_bytes()
        data = labelled_set([read_table(gzip.decompress(raw) if path.suffix == ".gz" else raw, name=name)], name=name)
        plan = Plan(topic=Topic(question=topic(path)), seed=seed, every=max(1, len(data.documents) // 400), rules=())
        done = replay(data, RANKERS["default"], plan, clock=time.process_time)
        kept.write_text(json.dumps({"labels": done.labels}), encoding="utf-8")
    return np.array(json.loads(kept.read_text(encoding="utf-8"))["labels"], dtype=bool)


def topic(path: Path) -> str:
    manifest = path.with_name("MANIFEST.csv")
    if not manifest.exists():
        return ""
    with manifest.open(encoding="utf-8", newline="") as lines:
        return next((row["review_topic"] for row in csv.DictReader(lines) if row["file"] == path.name), "")


def made_up(shape: str, rng: np.random.Generator) -> Order:
    """An order from random times: irrelevant references exponential, relevant ones as the shape has it."""
    n = int(np.exp(rng.uniform(np.log(200), np.log(100_000))))
    relevant = int(np.clip(n * np.exp(rng.uniform(np.log(0.001), np.log(0.3))), 5, 3000))
    median, spread = np.exp(rng.uniform(np.log(0.004), np.log(0.3))), rng.uniform(0.7, 1.8)
    times = np.exp(rng.normal(np.log(median), spread, relevant))
    if shape == "strays":
        astray = rng.random(relevant) < rng.choice([0.02, 0.05, 0.1])
        times = np.where(astray, rng.exponential(1, relevant), times)
    elif shape == "hidden topic":
        hidden = rng.random(relevant) < rng.uniform(0.1, 0.3)
        times = np.where(hidden, np.exp(rng.normal(np.log(rng.uniform(0.3, 1)), 0.25, relevant)), times)
    elif shape == "chance":
        times = rng.exponential(1, relevant)
    elif shape == "weibull":
        times = median * rng.weibull(rng.uniform(0.5, 1.2), relevant)
    elif shape == "power tail":
        times = median * ((1 - rng.random(relevant)) ** (-1 / rng.uniform(0.8, 3)) - 1)
    every = np.concatenate([times, rng.exponential(1, n - relevant)])
    return np.argsort(every, kind="stable") < relevant


def looks(n: int, start: int = 0) -> Iterator[int]:
    yield from range(start + max(1, n // LOOKS), n, max(1, n // LOOKS))


def by_rank(order: Order, rule: str) -> tuple[float, float]:
    """Recall and share never read when a rule stops."""
    n = len(order)
    end = next((t for t in looks(n) if assess(Reading(n=n, relevant=order[:t]), rule=rule).stop), n)
    return order[:end].sum() / order.sum(), 1 - end / n


def by_sample(order: Order, rule: str, rng: np.random.Generator) -> tuple[float, float]:
    n = len(order)
    head = next((t for t in looks(n) if assess(Reading(n=n, relevant=order[:t]), rule="row-5-percent").stop), n)
    mixed = np.concatenate([order[:head], rng.permutation(order[head:])])
    marks = np.arange(n) >= head
    end = next(
        (t for t in looks(n, head) if assess(Reading(n=n, relevant=mixed[:t], random=marks[:t]), rule=rule).stop), n
    )
    return mixed[:end].sum() / order.sum(), 1 - end / n


def by_control(order: Order, rng: np.random.Generator) -> tuple[float, float]:
    n = len(order)
    if order.sum() < CONTROL:
        return 1.0, 0.0
    drawn = rng.permutation(n)
    drawn = drawn[: int(np.flatnonzero(np.cumsum(order[drawn]) == CONTROL)[0]) + 1]
    inside = np.zeros(n, bool)
    inside[drawn] = True
    for t in looks(n):
        control = Control(relevant=CONTROL, reached=int((order & inside)[:t].sum()))
        if assess(Reading(n=n, relevant=order[:t], control=control), rule="control-sample").stop:
            inside[:t] = True
            return order[inside].sum() / order.sum(), 1 - inside.mean()
    return 1.0, 0.0


def outcome(order: Order, rule: str) -> tuple[float, float]:
    rng = np.random.default_rng(17)
    if rule.startswith("random"):
        return by_sample(order, rule, rng)
    return by_control(order, rng) if rule == "control-sample" else by_rank(order, rule)


def figures(results: list[tuple[float, float]]) -> dict[str, Any]:  # Any: numbers of two types
    recall, saved = np.array(results).T
    return {
        "runs": len(results),
        "at_target": round(float(np.mean(recall >= 0.95 - 1e-9)), 3),
        "worst": round(float(recall.min()), 3),
        "saved": round(float(saved.mean()), 3),
        "saved_median": round(float(np.median(saved)), 3),
    }


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("sets", nargs="*", type=Path)
    given.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    given.add_argument("--orders", type=Path, required=True)
    given.add_argument("--rules", nargs="*", default=list(RULES))
    given.add_argument("--made-up", type=int, default=40, help="orders of each shape")
    asked = given.parse_args()
    asked.orders.mkdir(exist_ok=True)
    orders = [order_of(path, seed, asked.orders) for seed in asked.seeds for path in asked.sets]
    rng = np.random.default_rng(11)
    shapes = {shape: [made_up(shape, rng) for _ in range(asked.made_up)] for shape in SHAPES} if asked.made_up else {}
    for rule in asked.rules:
        if orders:
            results = [outcome(order, rule) for order in orders]
            size = np.array([order.sum() for order in orders])
            print(json.dumps({"rule": rule, "sets": "all", **figures(results)}), flush=True)
            for name, among in (("<20", size < 20), ("20-100", (size >= 20) & (size <= 100)), (">100", size > 100)):
                if among.any():
                    part = [result for result, inside in zip(results, among, strict=True) if inside]
                    print(json.dumps({"rule": rule, "sets": name, **figures(part)}), flush=True)
        for shape, some in shapes.items():
            results = [outcome(order, rule) for order in some]
            print(json.dumps({"rule": rule, "made_up": shape, **figures(results)}), flush=True)


if __name__ == "__main__":
    main()
