"""Verdicts, settlements, retrievals and labels of earlier reviews that come in files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from pathlib import Path

from stromata import disk, screening
from stromata.errors import InvalidInput, NotAllowed, NotFound, StromataError, Unreadable
from stromata.model import (
    ConflictResolved,
    DecisionMade,
    Prior,
    PriorsImported,
    Problem,
    RetrievalRecorded,
    Stage,
)
from stromata.review.board import Board
from stromata.review.project import Project
from stromata.review.references import resolve_key
from stromata.review.rules import require, require_reviewer
from stromata.store import Transaction

_NONE: tuple[Problem, ...] = ()


def import_decisions(
    project: Project, path: Path, *, stage: Stage | None = None, reviewer: str = ""
) -> tuple[int, tuple[Problem, ...]]:
    """Import verdicts from a CSV file or an ASReview project; the good rows go in together, the bad ones are named.

    Columns: ``key`` (DOI, PMID, registry id, title or id), ``stage``, ``reviewer``, ``verdict``, ``reasons``, ``note``.

    Parameters
    ----------
    stage : import the rows of this stage only; all by default, in the order of the file.
    reviewer : whose verdicts those of an ASReview project are (it knows one person and title and abstract only); the
        actor's by default.

    Returns
    -------
    tuple
        How many verdicts went in, and a problem for each row that did not.

    Raises
    ------
    NotAllowed
        The actor is not the lead.
    Unreadable
        The file is not a table of verdicts.
    """
    content = disk.content(path, missing=Unreadable)
    if _is_project(content):
        given, faults = tuple(_project_rows(content, path.name, reviewer or project.actor)), _NONE
    else:
        given, faults = screening.read_rows(path, screening.DECISIONS)
    rows, problems = _of_stage((given, faults), stage)
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "import decisions")
        return _import(
            tx, rows, problems, lambda tx, board, row, id_: _decision_row(tx, board, row, id_, project.salt())
        )


def import_resolutions(project: Project, path: Path, *, stage: Stage | None = None) -> tuple[int, tuple[Problem, ...]]:
    """Import settlements of conflicts from a CSV file (``key``, ``stage``, ``verdict``, ``reasons``, ``note``).

    Raises
    ------
    NotAllowed
        The actor is not an adjudicator.
    """
    rows, problems = _of_stage(screening.read_rows(path, screening.RESOLUTIONS), stage)
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "settle conflicts")
        return _import(tx, rows, problems, _resolution_row)


def import_retrievals(project: Project, path: Path) -> tuple[int, tuple[Problem, ...]]:
    """Import which reports were got, from a CSV file (``key``, ``status``, ``note``).

    Raises
    ------
    NotAllowed
        The actor is neither lead nor reviewer.
    """
    rows, problems = screening.read_rows(path, screening.RETRIEVALS)
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "record retrievals")
        return _import(tx, rows, problems, _retrieval_row)


def import_priors(project: Project, path: Path) -> tuple[int, tuple[Problem, ...]]:
    """Import labels of an earlier review for the ranking to learn from, from a CSV file or an ASReview project.

    Columns: ``key`` (DOI, PMID, registry id, title or id) and ``label`` (1 relevant, 0 not). Nothing is decided by it.
    A reference that is labelled both ways gets no label.

    Returns
    -------
    tuple
        How many labels went in, as one event, and a problem for each row that did not.

    Raises
    ------
    NotAllowed
        The actor is not the lead.
    Unreadable
        The file is neither a table of labels nor an ASReview project.
    """
    content = disk.content(path, missing=Unreadable)
    if _is_project(content):
        rows: tuple[screening.Row, ...] = tuple(_project_rows(content, path.name, project.actor))
        problems = _NONE
    else:
        rows, problems = screening.read_rows(path, screening.PRIORS)
    found: dict[str, tuple[screening.Row, Prior]] = {}
    torn: set[str] = set()
    told = list(problems)
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "import decisions")
        for row in rows:
            try:
                id_ = resolve_key(tx, row.key)
            except (InvalidInput, NotFound) as error:
                told.append(Problem(row.line, _code(error), f"{row.key}: {error.message}", error.hint))
            else:
                before, prior = found.setdefault(id_, (row, Prior(id_, float(row["label"]))))
                if prior.relevance != float(row["label"]):
                    torn.add(id_)
                    told.append(_contradiction(row, before))
        priors = tuple(prior for id_, (_, prior) in found.items() if id_ not in torn)
        if priors:
            named = (path.name, hashlib.sha256(content).hexdigest())
            tx.append(PriorsImported(priors, named))
    return len(priors), tuple(sorted(told, key=lambda problem: problem.line))


def _contradiction(row: screening.Row, before: screening.Row) -> Problem:
    text = f"{row.key}: the label is {row['label']} here and {before['label']} in line {before.line}; neither counts"
    return Problem(row.line, "contradiction", text, "Keep the row that holds.", "label")


def _is_project(content: bytes) -> bool:
    from stromata.screening import asreview  # noqa: PLC0415 - takes long to load

    return content.startswith(b"PK") and asreview.is_project(content)


def _project_rows(content: bytes, name: str, reviewer: str) -> Iterator[screening.Row]:
    """Yield the verdicts of an ASReview project as rows; the line is the number of the reference there, from 1."""
    from stromata.screening import asreview  # noqa: PLC0415 - takes long to load

    read = asreview.read_project(content, name=name)
    items = {item.id: item for item in read.items}
    for given in read.verdicts:
        item = items[given.id]
        cells = {
            "key": item.doi or item.title,
            "stage": "title-abstract",
            "reviewer": reviewer,
            "verdict": "include" if given.label else "exclude",
            "label": str(given.label),
            "note": given.note,
        }
        yield screening.Row(item.id + 1, item.doi or item.title, cells)


def _decision_row(tx: Transaction, board: Board, row: screening.Row, id_: str, salt: str) -> None:
    require_reviewer(board.roles, row["reviewer"])
    given = DecisionMade(
        id_,
        row["stage"],  # type: ignore[arg-type]  # read_rows has checked the word
        row["reviewer"],
        row["verdict"],  # type: ignore[arg-type]  # likewise
        row.reasons,
        row["note"],
        salt,
    )
    board.decide(tx, given)


def _resolution_row(tx: Transaction, board: Board, row: screening.Row, id_: str) -> None:
    given = ConflictResolved(
        id_,
        row["stage"],  # type: ignore[arg-type]  # read_rows has checked the word
        row["verdict"],  # type: ignore[arg-type]  # likewise
        row.reasons,
        row["note"],
    )
    board.resolve(tx, given)


def _retrieval_row(tx: Transaction, board: Board, row: screening.Row, id_: str) -> None:
    board.retrieve(tx, RetrievalRecorded(id_, row["status"], row["note"]))  # type: ignore[arg-type]  # likewise


def _of_stage(
    read: tuple[tuple[screening.Row, ...], tuple[Problem, ...]], stage: Stage | None
) -> tuple[tuple[screening.Row, ...], tuple[Problem, ...]]:
    rows, problems = read
    return (tuple(row for row in rows if stage is None or row["stage"] == stage), problems)


def _import(
    tx: Transaction,
    rows: Iterable[screening.Row],
    problems: tuple[Problem, ...],
    append: Callable[[Transaction, Board, screening.Row, str], None],
) -> tuple[int, tuple[Problem, ...]]:
    found = list(problems)
    board = Board(tx)
    find = cache(partial(resolve_key, tx))  # a reference has a row for each reviewer and stage; verdicts move none
    done = 0
    for row in rows:
        try:
            append(tx, board, row, find(row.key))
        except (InvalidInput, NotAllowed, NotFound) as error:
            found.append(Problem(row.line, _code(error), f"{row.key}: {error.message}", error.hint))
        else:
            done += 1
    return done, tuple(sorted(found, key=lambda problem: problem.line))


def _code(error: StromataError) -> str:
    return {"InvalidInput": "invalid", "NotAllowed": "not-allowed"}.get(type(error).__name__, "not-found")
