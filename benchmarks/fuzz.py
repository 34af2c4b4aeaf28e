# ruff: noqa: E501 - lists of pieces, as wide as they read best
"""Change files at random and read them: each reader by what the file looks like, and each reader by force.

    python benchmarks/fuzz.py --seconds 60 [--seed 1] [FOLDER]

Samples are written by this script, in every format that is written; files of a folder are added to them. What must
hold: nothing but the errors of stromata is raised, no reading takes long, and every byte is accounted for. One JSON
line per finding, with the bytes saved in ``--save``; one line with the counts at the end. The status is 1 where there
is a finding.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import FrameType

from stromata import formats
from stromata.errors import StromataError
from stromata.formats.account import Ledger
from stromata.formats.reading import Reading, scan
from stromata.formats.catalogue import FORMATS
from stromata.model import Name, Problem, Record

LONGEST = 200_000
"""Bytes of a sample; larger ones are cut, for hundreds of readings a second find more than one."""

SECONDS = 20
"""What one reading may take at most: two hundred times what the slowest of an ordinary file takes."""

PIECES = (
    b"\n", b"\r", b"\r\n", b"\n\n", b"\x00", b"\x1a", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xe3\x80\x80", b"\xc2\xa0",
    b"\xe2\x80\xa8", b"\x0c", b"\x85", b'"', b'""', b"'", b"{", b"}", b"{{", b"[", b"]", b"(", b")", b"<", b">", b"</",
    b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<!DOCTYPE", b"<?xml", b"?>", b"&", b"&amp;", b"&#0;", b"&#xD800;", b"&#x110000;",
    b"@", b"@string{", b"@comment{", b"=", b",", b";", b"\t", b"|", b"\\", b"\\u", b"\\ud800", b"%", b"%u", b"10.", b"10.1/", b"TY  - ",
    b"ER  - ", b"PMID- 1\n", b"FN ", b"PT ", b"EF", b"%0 ", b"RT ", b"<1>", b"NaN", b"1e999", b"-", b"\xd0\xc4", b"\xa1\xa1",
    b"9" * 400, b" " * 400, b"-" * 400, b"null", b"true", b"[[[[[[[[", b'{"a":', b"sep=,\n",
)  # fmt: skip
"""What matters to some format."""


def samples(folder: Path | None) -> list[bytes]:
    """Return the files that are changed."""
    records = [
        Record(
            source="0" * 64, number=n, line=n, end_line=n, type="article-journal", title=f"Stromal cells {n}: a trial",
            authors=(Name(family="Garcia", given="Ana"), Name(literal="The Group")), year=2020, date="2020-06-0" + str(n),
            journal="Fictional Journal", volume="1", issue="2", pages="3-9", issn=("1234-5679",), doi=f"10.99999/x.{n}",
            pmid=str(30_000_000 + n), abstract="Background: cells. Results: Grüße, p < 0.05 & more. 干细胞。" * 3,
            keywords=("cells", "skin"), language="en", notes=("note",), extra=(("C1", "a place"),),
            urls=("https://example.org/a",), registry_ids=("NCT01234567",),
        )
        for n in range(1, 6)
    ]  # fmt: skip
    found = []
    for form in FORMATS:
        if form.write or form.write_binary:
            stream = io.BytesIO()
            formats.write(records, form.name, stream)
            found.append(stream.getvalue())
    if folder is not None:
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        found += [data[:LONGEST] for path in paths if (data := path.read_bytes())]
    return found


def changed(chance: random.Random, sample: bytes, others: list[bytes]) -> bytes:
    """Return a sample after one to eight changes."""
    data = bytearray(sample)
    if len(data) > 5000 and chance.random() < 0.7:
        start = chance.randrange(len(data)) if chance.random() < 0.5 else 0
        data = data[start : start + chance.randint(500, 5000)]
    for _ in range(chance.randint(1, 8)):
        size = len(data)
        at, length = chance.randint(0, size), min(chance.randint(1, 60), chance.randint(1, 60))
        way = chance.randrange(8)
        if way == 0:
            del data[at : at + length]
        elif way == 1:
            data[at:at] = chance.choice(PIECES)
        elif way == 2:
            data[at : at + 1] = bytes((chance.randrange(256),))
        elif way == 3:
            data[at:at] = data[at : at + length] * chance.randint(1, 40)
        elif way == 4:
            other = chance.choice(others)
            start = chance.randint(0, len(other))
            data[at:at] = other[start : start + chance.randint(1, 800)]
        elif way == 5:
            lines = data.split(b"\n")
            chance.shuffle(lines)
            data = bytearray(b"\n".join(lines))
        elif way == 6:
            del data[at:]
        else:
            data[at : at + length] = chance.choice(PIECES) * chance.randint(1, 30)
    return bytes(data)


class TooLong(Exception):  # noqa: N818 - no error of users
    """A reading took longer than it may."""


def _alarm(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the shape of a handler
    raise TooLong


def read(reading: Reading) -> Iterator[str]:
    """Read it all, and yield what is wrong with its account."""
    ledger = Ledger()
    try:
        for item in reading.noted(ledger):
            if not isinstance(item, Problem) and not item.end_line >= item.line >= 1:
                yield f"record in lines {item.line} to {item.end_line}"
    except StromataError:
        return  # the file as a whole is refused: there is no account of it
    account = reading.account(ledger)
    parts = (account.record_bytes, account.passage_bytes, account.blank_bytes, account.unread_bytes)
    if sum(parts) != account.bytes or min(parts) < 0:
        yield f"sums {parts} of {account.bytes}"
    if account.unread_bytes:
        yield f"unread: {account.unread}"


def trial(data: bytes, forced: str) -> Iterator[str]:
    """Read the bytes, and yield what is wrong: an error, or an account that does not come out even."""
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            try:
                for part in formats.parts(Path(file.name)):
                    reading = scan(part)
                    if forced and not reading.content.is_packed:
                        form = next(one for one in FORMATS if one.name == forced)
                        reading = replace(reading, form=form, format=forced)
                    for wrong in read(reading):
                        yield f"{reading.format}: {wrong}"
            except StromataError:
                pass
    except TooLong:
        yield f"{forced or 'by content'}: longer than {SECONDS} s: {_place(sys.exc_info()[1])}"
    except Exception as error:  # noqa: BLE001 - to find what nobody foresaw
        yield f"{forced or 'by content'}: {type(error).__name__}: {error}: {_place(error)}"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _place(error: BaseException | None) -> str:
    frames = traceback.extract_tb(error.__traceback__) if error else []
    return " < ".join(f"{Path(one.filename).name}:{one.lineno}" for one in reversed(frames[-4:]))


def main(arguments: list[str] | None = None) -> int:
    """Print one JSON line per finding, and the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", type=Path)
    chosen = parser.parse_args(arguments)
    signal.signal(signal.SIGVTALRM, _alarm)
    chance = random.Random(chosen.seed)
    files = samples(chosen.folder)
    readers = [form.name for form in FORMATS if form.read and form.name not in {"xlsx", "parquet"}]
    told: Counter[str] = Counter()
    runs, began = 0, time.process_time()
    while time.process_time() - began < chosen.seconds:
        data = changed(chance, chance.choice(files), files)
        for forced in ("", chance.choice(readers)):
            runs += 1
            for wrong in trial(data, forced):
                kind = wrong if " < " in wrong else ":".join(wrong.split(":")[:2])
                told[kind] += 1
                if told[kind] > 3:
                    continue
                name = hashlib.sha256(data).hexdigest()[:12]
                if chosen.save is not None:
                    chosen.save.mkdir(parents=True, exist_ok=True)
                    (chosen.save / name).write_bytes(data)
                print(json.dumps({"finding": wrong, "reader": forced, "sample": name, "size": len(data)}), flush=True)
    print(json.dumps({"runs": runs, "samples": len(files), "findings": dict(told)}), flush=True)
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
