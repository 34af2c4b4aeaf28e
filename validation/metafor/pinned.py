"""Hold the numbers pinned in the tests against those that regenerate.R makes anew.

    Rscript validation/metafor/regenerate.R > pinned.csv
    python validation/metafor/pinned.py pinned.csv

A regenerated number agrees if the test file it belongs to holds one that equals it to the digits stated there. Exit
status 3 when one is missing.
"""

from __future__ import annotations

import ast
import csv
import sys
from collections import Counter
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[2] / "tests" / "synthesis"


@cache
def numbers(file: str) -> tuple[float, ...]:
    """Return the numbers written in a test file, with their signs turned both ways."""
    found = []
    for node in ast.walk(ast.parse((TESTS / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            found += [node.value, -node.value]
    return tuple(found)


def agrees(file: str, value: float, digits: int) -> bool:
    """Return whether a number of the file equals `value` to so many digits."""
    return any(abs(own - value) <= 0.5 * 10 ** (1 - digits) * abs(value) for own in numbers(file))


def main(path: str) -> int:
    """Print what agrees, by test file, and every number that does not."""
    agree: Counter[str] = Counter()
    missing: list[dict[str, str]] = []
    with Path(path).open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if agrees(row["file"], float(row["value"]), int(row["digits"])):
                agree[row["file"]] += 1
            else:
                missing.append(row)
    for file, count in sorted(agree.items()):
        print(f"{count:4} numbers agree: {file}")
    for row in missing:
        print(f"not found: {row['file']} {row['name']} {row['value']} to {row['digits']} digits")
    print(f"{agree.total()} of {agree.total() + len(missing)} agree")
    return 3 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
