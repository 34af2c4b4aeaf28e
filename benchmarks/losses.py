"""Count what each reader loses on a folder of real exports whose records have been counted.

    python benchmarks/losses.py FOLDER --peers PYTHON

FOLDER holds the files and a table ``MANIFEST.csv`` with the columns file, format and n_records. PYTHON has other
readers: see ``peers/formats.py``. One JSON line for each format and reader:

files : of that format with a count of at least one record.
read, refused : of these, read with at least one record, and not (an error, or nothing found).
truth, records : records counted beforehand, and given by the reader, in all files.
dropped : records that are missing in files that were read: nobody was told, unless `told` counts the file.
told : files that were read with fewer records, and with a problem or warning that said so (ours only).
added : records beyond the count, in files that were read.
titles_lost : titles that another reader found in the same file and this one did not, in files that were read.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from stromata import formats
from stromata.errors import StromataError
from stromata.model import Problem, Record

KINDS = ("ris", "nbib", "bibtex", "pubmed-xml")
Row = dict[str, object]
Found = dict[str, dict[str, Row]]
"""For each reader, what it did with each file."""


def counted(folder: Path) -> Iterator[tuple[str, str, int]]:
    """Yield file, format and number of records of each file with a count."""
    with (folder / "MANIFEST.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["format"] in KINDS and row["n_records"].isdigit() and int(row["n_records"]):
                yield row["file"], row["format"], int(row["n_records"])


def ours(path: Path) -> Row:
    """Read one file with our own reader."""
    records: list[Record] = []
    problems = 0
    try:
        for part in formats.parts(path):
            for item in formats.scan(part):
                if isinstance(item, Record):
                    records.append(item)
                problems += isinstance(item, Problem)
    except StromataError as error:
        return {"error": str(error), "records": 0, "title": 0, "told": True}
    return {"records": len(records), "title": sum(bool(one.title) for one in records), "told": problems > 0}


def theirs(python: str, kind: str, paths: list[Path], found: Found) -> None:
    """Read the files of one format with the other readers."""
    script = Path(__file__).parent / "peers" / "formats.py"
    done = subprocess.run([python, str(script), kind, *map(str, paths)], capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines():
        row: Row = json.loads(line)
        found[str(row["reader"])][Path(str(row["file"])).name] = row


def number(row: Row, name: str) -> int:
    """Return a count of a row."""
    return int(str(row.get(name, 0)))


def summed(truth: dict[str, int], found: Found) -> Iterator[Row]:
    """Yield what each reader did with all files of a format."""
    titles = {file: max(number(rows[file], "title") for rows in found.values()) for file in truth}
    for reader, rows in found.items():
        read = [file for file in truth if number(rows[file], "records")]
        short = [file for file in read if number(rows[file], "records") < truth[file]]
        yield {
            "reader": reader, "files": len(truth), "read": len(read), "refused": len(truth) - len(read),
            "truth": sum(truth.values()), "records": sum(number(rows[file], "records") for file in truth),
            "dropped": sum(truth[file] - number(rows[file], "records") for file in short),
            "told": sum(bool(rows[file].get("told")) for file in short),
            "added": sum(max(0, number(rows[file], "records") - truth[file]) for file in read),
            "titles_lost": sum(max(0, min(titles[file], truth[file]) - number(rows[file], "title")) for file in read),
        }  # fmt: skip


def main() -> None:
    """Print one JSON line for each format and reader."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peers", metavar="PYTHON", required=True)
    chosen = parser.parse_args()
    for kind in KINDS:
        truth = {file: count for file, form, count in counted(chosen.folder) if form == kind}
        found: Found = defaultdict(dict)
        with tempfile.TemporaryDirectory() as folder:  # some readers write beside the file
            paths = [Path(shutil.copy(chosen.folder / file, folder)) for file in truth]
            found["stromata"] = {path.name: ours(path) for path in paths}
            theirs(chosen.peers, kind, paths, found)
        for row in summed(truth, found):
            print(json.dumps({"format": kind, **row}), flush=True)


if __name__ == "__main__":
    main()
