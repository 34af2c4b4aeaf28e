"""Hold the suggestions drawn from texts against what a person found in them.

    python benchmarks/suggest.py [FILE ...] [--errors]

A FILE holds one annotated text per line (``validation/suggestions/README.md``); without one, the files of that folder.
One JSON line per file, language and field, then totals per language, kind and file, the observed precision per decile
of confidence, and the seconds. Intervals are Wilson's, at 95 %.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from stromata.model import Suggestion, SuggestionRun
from stromata.synthesis import wilson_interval

TEXTS = Path(__file__).parents[1] / "validation" / "suggestions"

Judgement = Literal["right", "wrong", "missed"]
Value = str | tuple[str, float, float]

PARENTS = {"lupus-nephritis": "systemic-lupus-erythematosus", "psoriatic-arthritis": "psoriasis"}
"""Naming the wider disease as well is neither right nor wrong."""

_NUMBER = r"\d+(?:\.\d+)?(?:e\+?\d+)?"
_NUMBERS = re.compile(rf"({_NUMBER})(?:([-/])({_NUMBER}))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact that a person found: its readings as (value, unit), and every place that states it."""

    field: str
    readings: tuple[tuple[str, str], ...]
    spans: tuple[tuple[int, int], ...]
    optional: bool


@dataclass(frozen=True, slots=True)
class Text:
    """One annotated text."""

    id: str
    language: str
    kind: str
    text: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One suggestion or fact that counts; `confidence` is that of the suggestion."""

    text: Text
    judgement: Judgement
    field: str
    value: str
    unit: str
    quote: str = ""
    confidence: float | None = None


def read_fact(row: dict[str, Any]) -> Fact:  # Any: parsed JSON
    """Return the fact of one entry of ``gold``."""
    readings = [row, *row.get("alternatives", [])]
    return Fact(
        row["field"],
        tuple((reading["value"], reading["unit"]) for reading in readings),
        tuple((start, end) for start, end in row["spans"]),
        row["optional"],
    )


def read_texts(path: Path) -> list[Text]:
    """Return the texts of one file."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [
        Text(row["id"], row["language"], row["kind"], row["text"], tuple(map(read_fact, row["gold"]))) for row in rows
    ]


def comparable(value: str) -> Value:
    """Return numbers, ranges and fractions so that 2e6 equals 2000000; any other text as it stands."""
    found = _NUMBERS.fullmatch(value)
    if not found:
        return value
    first, sign, second = found.groups()
    return sign or "", float(first), float(second or 0)


def states(fact: Fact, suggestion: Suggestion) -> bool:
    """Tell whether a suggestion says what the fact says, at a place that states it."""
    said = (comparable(suggestion.value), suggestion.unit)
    return (
        fact.field == suggestion.field
        and any(said == (comparable(value), unit) for value, unit in fact.readings)
        and any(suggestion.start < end and start < suggestion.end for start, end in fact.spans)
    )


def is_parent(text: Text, suggestion: Suggestion) -> bool:
    """Tell whether a suggestion names the wider disease of one that the text is about."""
    return suggestion.field == "disease" and any(
        PARENTS.get(value) == suggestion.value
        for fact in text.facts
        if fact.field == "disease"
        for value, _ in fact.readings
    )


def judge(text: Text, suggestions: Iterable[Suggestion]) -> Iterator[Finding]:
    """Yield what counts: each right or wrong suggestion, each fact missed.

    A fact is matched once, a required one before an optional one. What matches an optional fact, repeats a matched
    one, or names the wider disease counts neither way.
    """
    facts = sorted(text.facts, key=lambda fact: fact.optional)
    matched: set[int] = set()
    for suggestion in suggestions:
        stated = [number for number, fact in enumerate(facts) if states(fact, suggestion)]
        free = [number for number in stated if number not in matched]
        matched.update(free[:1])
        said = (suggestion.field, suggestion.value, suggestion.unit, suggestion.quote, suggestion.confidence)
        if free and not facts[free[0]].optional:
            yield Finding(text, "right", *said)
        elif not stated and not is_parent(text, suggestion):
            yield Finding(text, "wrong", *said)
    for number, fact in enumerate(facts):
        if number not in matched and not fact.optional:
            start, end = fact.spans[0]
            yield Finding(text, "missed", fact.field, *fact.readings[0], text.text[start:end])


def share(part: int, whole: int) -> dict[str, object]:
    """Return a proportion and its interval; nulls where there is nothing to divide by."""
    if whole == 0:
        return {"estimate": None, "low": None, "high": None}
    low, high = wilson_interval(part, whole)
    return {"estimate": round(part / whole, 4), "low": round(low, 4), "high": round(high, 4)}


def counts(findings: Iterable[Finding]) -> dict[str, object]:
    """Return counts, precision, recall and F1."""
    seen = Counter(finding.judgement for finding in findings)
    tp, fp, fn = seen["right"], seen["wrong"], seen["missed"]
    f1 = round(2 * tp / (2 * tp + fp + fn), 4) if tp + fp + fn else None
    row: dict[str, object] = {"gold": tp + fn, "tp": tp, "fp": fp, "fn": fn}
    for name, whole in (("precision", tp + fp), ("recall", tp + fn)):
        found = share(tp, whole)
        row |= {name: found["estimate"], f"{name}_low": found["low"], f"{name}_high": found["high"]}
    return row | {"f1": f1}


def calibration(findings: Iterable[Finding]) -> Iterator[dict[str, object]]:
    """Yield, per decile of confidence, how many suggestions counted and how many of them were right."""
    groups: dict[int, list[Finding]] = {}
    for finding in findings:
        if finding.confidence is not None:
            groups.setdefault(min(int(finding.confidence * 10), 9), []).append(finding)
    for decile, group in sorted(groups.items()):
        right = sum(finding.judgement == "right" for finding in group)
        precision = share(right, len(group))
        yield {
            "confidence": [decile / 10, (decile + 1) / 10],
            "mean_confidence": round(sum(finding.confidence or 0 for finding in group) / len(group), 4),
            "suggestions": len(group),
            "right": right,
            "precision": precision["estimate"],
            "precision_low": precision["low"],
            "precision_high": precision["high"],
        }


def error(finding: Finding) -> dict[str, object]:
    """Return a false positive or a miss for a person to read."""
    return {
        "error": "false positive" if finding.judgement == "wrong" else "miss",
        "id": finding.text.id,
        "field": finding.field,
        "value": finding.value,
        "unit": finding.unit,
        "quote": finding.quote,
        "confidence": finding.confidence,
        "text": finding.text.text,
    }


def tables(findings: list[Finding], texts: list[Text]) -> Iterator[dict[str, object]]:
    """Yield the lines of one file: fields by language, fields in all, languages, kinds, total, calibration."""
    languages = sorted({text.language for text in texts})
    fields = sorted({finding.field for finding in findings})
    for language in (*languages, None):
        chosen = [finding for finding in findings if language in (None, finding.text.language)]
        for field in fields:
            row = counts(finding for finding in chosen if finding.field == field)
            yield {"language": language or "all", "field": field, **row}
    for language in languages:
        row = counts(finding for finding in findings if finding.text.language == language)
        yield {"language": language, "field": "all", **row}
    for kind in sorted({text.kind for text in texts}):
        yield {"kind": kind, "field": "all", **counts(finding for finding in findings if finding.text.kind == kind)}
    yield {"language": "all", "field": "all", **counts(findings)}
    yield from calibration(findings)


def run(path: Path, suggest: Callable[[str], SuggestionRun], *, errors: bool = False) -> Iterator[dict[str, object]]:
    """Yield the lines of one file."""
    texts = read_texts(path)
    began = time.perf_counter()
    drawn = [suggest(text.text).suggestions for text in texts]
    seconds = time.perf_counter() - began
    findings = [finding for text, found in zip(texts, drawn, strict=True) for finding in judge(text, found)]
    if errors:
        yield from ({"file": path.name, **error(item)} for item in findings if item.judgement != "right")
    yield from ({"file": path.name, **row} for row in tables(findings, texts))
    characters = sum(len(text.text) for text in texts)
    yield {"file": path.name, "texts": len(texts), "characters": characters, "seconds": round(seconds, 3)}


def main(arguments: list[str] | None = None) -> None:
    """Print the lines of each file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", default=sorted(TEXTS.glob("*.jsonl")))
    parser.add_argument("--errors", action="store_true", help="show each false positive and miss, with its text")
    parser.add_argument("--allow-test-errors", action="store_true", help="show them for held-out texts too")
    chosen = parser.parse_args(arguments)
    held_out = [path.name for path in chosen.files if path.name.startswith("test")]
    if chosen.errors and held_out and not chosen.allow_test_errors:
        parser.error(f"{', '.join(held_out)} is held out: its errors are not for developers (--allow-test-errors)")
    from stromata.extraction import suggest  # noqa: PLC0415 - late: tests put a stub in its place

    for path in chosen.files:
        for row in run(path, suggest, errors=chosen.errors):
            print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
