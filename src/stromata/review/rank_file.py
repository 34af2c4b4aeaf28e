"""The newest finished ranking of a stage, kept in a file beside the database. It may be deleted: the log rebuilds it.

The first line says what the ranking rests on; then comes one line per reference in reading order: id, tab, score. The
file is replaced whole, so that a reader sees a whole ranking or the one before.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stromata import disk
from stromata.errors import InvalidInput
from stromata.model import Stage, codec
from stromata.review.project import Project

FOLDER = "rankings"


@dataclass(frozen=True, slots=True)
class RankingInfo:
    """What a ranking rests on.

    Attributes
    ----------
    id : the sequence of the newest event that it knows, a hyphen, and a hash of everything below with documents, topic
        and labels: equal ids are equal rankings, and the sequence says where in the log to rebuild it.
    sequence : of that event. `documents`, `labels` : how many there are.
    """

    id: str
    stage: Stage
    ranker: str
    version: str
    seed: int
    sequence: int
    documents: int
    labels: int


@dataclass(frozen=True, slots=True)
class Ranked:
    """One reference in reading order; `place` counts from 1. Scores can be compared within one ranking."""

    reference: str
    place: int
    score: float


def save(project: Project, info: RankingInfo, order: Sequence[Ranked]) -> None:
    """Put a ranking in the place of the one before; where nothing may be written, it is simply not kept."""
    path = _path(project, info.stage)
    with contextlib.suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        with disk.replacing(path) as out:
            out.write(f"{codec.to_json(info)}\n".encode())
            out.writelines(f"{item.reference}\t{item.score!r}\n".encode() for item in order)


def read_info(project: Project, stage: Stage) -> RankingInfo | None:
    """Return what the newest finished ranking rests on; None when there is none, or it cannot be read."""
    try:
        with _path(project, stage).open(encoding="utf-8") as lines:
            return codec.from_json(RankingInfo, lines.readline())
    except (OSError, UnicodeDecodeError, InvalidInput):
        return None


@contextmanager
def opened(project: Project, stage: Stage) -> Iterator[tuple[RankingInfo, Iterator[Ranked]] | None]:
    """Give the newest finished ranking, read as far as it is asked for; None when there is none, or it is damaged."""
    with contextlib.ExitStack() as stack:
        try:
            lines = stack.enter_context(_path(project, stage).open(encoding="utf-8"))
            info = codec.from_json(RankingInfo, lines.readline())
        except (OSError, UnicodeDecodeError, InvalidInput):
            yield None
            return
        yield info, _places(lines)


def _places(lines: Iterator[str]) -> Iterator[Ranked]:
    for place, line in zip(itertools.count(1), lines, strict=False):
        reference, _, score = line.rstrip("\n").partition("\t")
        yield Ranked(reference, place, float(score))


@contextmanager
def alone(project: Project, stage: Stage) -> Iterator[bool]:
    """Tell whether this process is the only one that keeps the ranking fresh; a killed one gives way by itself."""
    path = _path(project, stage).with_suffix(".lock")
    with contextlib.ExitStack() as stack:
        try:
            path.parent.mkdir(exist_ok=True)
            lock = stack.enter_context(path.open("wb"))
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True


def _path(project: Project, stage: Stage) -> Path:
    return project.store.files.folder.parent / FOLDER / f"{project.id}.{stage}.ranking"
