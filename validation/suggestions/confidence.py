"""Count how often each rule of the built-in extractor is right on annotated texts: the table `SEEN` of its rules.

    python validation/suggestions/confidence.py validation/suggestions/dev.jsonl

A suggestion is right when a person found the same field, with this value and unit as one of its readings, at an
overlapping place; optional facts count as found. Prints the table as Python, to be put into
``src/stromata/extraction/suggestions/rules.py``. Never run it on the texts that are kept for evaluation.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from stromata.extraction.suggestions.claims import distinct
from stromata.extraction.suggestions.passages import read
from stromata.extraction.suggestions.rules import SEEN, claims


def main(paths: list[str]) -> None:
    """Print the table for the texts of these files."""
    right: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for path in paths:
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            passage = read(entry["text"])
            for claim in distinct(claims(passage, entry["text"])):
                start, end = passage.span(claim.start, claim.end)
                every[claim.rule] += 1
                right[claim.rule] += any(
                    gold["field"] == claim.field
                    and any(
                        (reading["value"], reading["unit"]) == (claim.value, claim.unit)
                        for reading in (gold, *gold.get("alternatives", ()))
                    )
                    and any(low < end and start < high for low, high in gold["spans"])
                    for gold in entry["gold"]
                )
    for rule in SEEN:
        print(f'    "{rule}": ({right[rule]}, {every[rule]}),')


if __name__ == "__main__":
    main(sys.argv[1:])
