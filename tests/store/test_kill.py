"""Killing the process that imports, at any moment, never leaves half an import or a broken chain.

One process waits with everything loaded and forks a worker for each import. The worker is killed with SIGKILL at a
drawn moment after it entered a phase, so that the kills are spread over all phases of its life.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from store_import import records_of
from strategies import AT, begin
from stromata import store as stores
from stromata.errors import Conflict
from stromata.model import Source, SourceImported
from stromata.store import Store

KILLS = (12, pytest.param(32, marks=pytest.mark.slow))
"""Kills that must land on a working process. A worker that was quicker than its killer does not count."""

TRIES = 5
"""How many workers are begun for each kill that must land."""

RECORDS = 500
NOTHING, ALL = (1, 0, 0, 0), (2, 1, RECORDS, RECORDS)
"""What may be found: events, sources, records, references."""

SEED = 20260131

# The waiting process. It forks a worker for each line "folder" it reads, tells the worker's number, and after the
# worker's end (its own or by our hand) tells its status. The worker notes each phase it enters in a file.
WAITING = f"""
import os, sys, tempfile
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from store_import import work
with tempfile.TemporaryDirectory() as folder:
    work(Path(folder), 1, begin=True)
for line in sys.stdin:
    worker = os.fork()
    if worker == 0:
        try:
            work(Path(line.strip()), {RECORDS})
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    print(worker, flush=True)
    print(os.waitpid(worker, 0)[1], flush=True)
"""


@pytest.fixture(scope="module")
def waiting() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", WAITING]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 0


def _run(waiting: subprocess.Popen[str], folder: Path, kill: tuple[str, float] | None) -> int:
    """Import in a worker, kill it so many seconds after it entered a phase, and return its wait status."""
    assert waiting.stdin is not None
    assert waiting.stdout is not None
    waiting.stdin.write(f"{folder}\n")
    waiting.stdin.flush()
    worker = int(waiting.stdout.readline())
    if kill is not None:
        phase, delay = kill
        while phase not in _phases(folder):
            time.sleep(0.0005)
        time.sleep(delay)
        # The waiting process may have collected a worker that ended by itself: then there is nothing to kill.
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
    return int(waiting.stdout.readline())


def _phases(folder: Path) -> dict[str, float]:
    """Return when the worker entered each phase."""
    noted = folder / "phases"
    lines = noted.read_text().split("\n")[:-1] if noted.exists() else []
    return {name: float(at) for name, _, at in (line.partition(" ") for line in lines)}


def _moments(whole: dict[str, float]) -> Iterator[tuple[str, float]]:
    """Yield (phase, delay) for each kill: the phases in turn, each at any time between its start and the next one's."""
    draw = random.Random(SEED)
    names, starts = list(whole), list(whole.values())
    spans = [end - start for start, end in itertools.pairwise(starts)]
    for number in itertools.count():
        chosen = number % len(spans)
        yield names[chosen], draw.uniform(0, spans[chosen])


def _counts(store: Store) -> tuple[int, int, int, int]:
    with store.snapshot("r") as view:
        records, references = sum(1 for _ in view.records()), sum(1 for _ in view.references())
        return view.info().events, len(view.sources()), records, references


def _import_again(store: Store) -> None:
    sha256 = store.files.put(b"original")
    kept, count = store.files.write_records(records_of(sha256, RECORDS))
    with store.transaction("r", actor="ana", at=AT) as tx:
        tx.append(SourceImported(Source(sha256, "export.ris", 8, "ris", "utf-8", count), kept))


def _survive(folder: Path) -> tuple[bool, str]:
    """Check what a killed worker left, import again, and return (was the import there?, the phase it was killed in)."""
    phase = list(_phases(folder))[-1]
    with stores.open_store(folder / "reviews.db", files=folder / "files") as store:
        verification = store.verify()
        assert verification.ok, verification.differences
        counts = _counts(store)
        assert counts in {NOTHING, ALL}
        assert counts == ALL or phase != "done"
        if counts == ALL:
            with pytest.raises(Conflict):
                _import_again(store)
        else:
            _import_again(store)
        assert _counts(store) == ALL
    return counts == ALL, phase


@pytest.mark.parametrize("kills", KILLS)
def test_an_import_that_is_killed_is_there_whole_or_not_at_all(
    kills: int,
    waiting: subprocess.Popen[str],
    tmp_path: Path,
    record_testsuite_property: Callable[[str, object], None],
) -> None:
    base = tmp_path / "base"
    with stores.create(base / "reviews.db", files=base / "files") as made:
        begin(made)
    first = Path(shutil.copytree(base, tmp_path / "whole"))
    assert _run(waiting, first, None) == 0
    whole = _phases(first)
    assert list(whole) == ["opening", "writing", "appending", "committing", "done"]
    phases: Counter[str] = Counter()
    unfinished, hurry = 0, 1.0
    for number, (name, delay) in enumerate(itertools.islice(_moments(whole), TRIES * kills)):
        folder = Path(shutil.copytree(base, tmp_path / f"run{number}"))
        status = _run(waiting, folder, (name, delay * hurry))
        assert status in {0, signal.SIGKILL}
        unfinished += len(_unfinished(folder))
        there, phase = _survive(folder)
        assert _unfinished(folder) == []
        shutil.rmtree(folder)
        if status == 0:  # this machine has become quicker since the first run: strike sooner
            hurry *= 0.9
            continue
        phases[phase if phase != "committing" else f"committing ({'kept' if there else 'undone'})"] += 1
        if phases.total() == kills:
            break
    told = f"killed while {dict(phases)}; unfinished files that were swept: {unfinished}"
    record_testsuite_property("kill -9", told)
    assert phases.total() == kills, told
    assert phases["writing"] > 0, told
    assert phases["appending"] > 0, told


def _unfinished(folder: Path) -> list[str]:
    partial = folder / "files" / ".partial"
    return [path.name for path in partial.iterdir() if path.name != "lock"] if partial.exists() else []
