"""Studies, arms, outcomes and data points: loaded from tables, whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stromata import extraction
from stromata.model import Problem, StudiesLoaded, StudyTables, faults
from stromata.review.project import Project
from stromata.review.rules import require


def load_studies(
    project: Project, tables: Path | Sequence[Path], *, strict: bool = True
) -> tuple[StudyTables, tuple[Problem, ...]]:
    """Load extraction tables (CSV) as one event.

    Parameters
    ----------
    tables : a folder with ``studies.csv``, ``arms.csv``, ``outcomes.csv``, ``data.csv``, ``claims.csv``, or such files.
    strict : load nothing while a cell is bad; else load the good rows.

    Returns
    -------
    tuple
        What was read, and every bad cell at once. In strict mode with problems nothing has been written.

    Raises
    ------
    NotAllowed
        The actor is neither lead nor extractor.
    """
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "load studies")
        found, problems = extraction.read_tables(tables, protocol=tx.protocol())
        if not (strict and faults(problems)):
            files = tuple((path.name, project.store.files.put(path)) for path in _paths(tables))
            tx.append(StudiesLoaded(tables=found, files=files))
    return found, problems


def studies(project: Project) -> StudyTables:
    """Return the studies and all that belongs to them."""
    with project.store.snapshot(project.id) as view:
        return view.tables()


def _paths(tables: Path | Sequence[Path]) -> tuple[Path, ...]:
    if not isinstance(tables, Path):
        return tuple(tables)
    return tuple(path for table in extraction.TABLES if (path := tables / table.file).exists())
