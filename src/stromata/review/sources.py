"""Import: files become sources and records, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import get_args

from stromata import formats
from stromata.errors import Cancelled, Conflict, InvalidInput, StromataError, Unreadable
from stromata.model import Record, Source, SourceImported, SourceKind
from stromata.progress import Progress, silent
from stromata.review.project import Project
from stromata.review.rules import check_word, require

KINDS: tuple[SourceKind, ...] = get_args(SourceKind)


@dataclass(frozen=True, slots=True)
class SourceDetails:
    """What a file does not say about the search that made it."""

    kind: SourceKind = "database"
    database: str = ""
    platform: str = ""
    searched_on: str = ""
    strategy: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one file: the source with the account of its bytes, or the error that kept it out."""

    file: str
    source: Source | None
    error: StromataError | None = None
    account: formats.Account | None = None


def import_files(
    project: Project,
    paths: Sequence[Path],
    *,
    details: SourceDetails = SourceDetails(),
    progress: Progress = silent,
) -> tuple[Imported, ...]:
    """Import files, each whole or not at all; one that fails does not keep the others out.

    Of an archive (ZIP, gzip) each file in it is imported, by itself.

    Returns
    -------
    tuple
        One entry a file, in the order given: the source with its problems, or the error.

    Raises
    ------
    NotAllowed
        The actor is not the lead.
    """
    _check_details(details)
    with project.store.snapshot(project.id) as view:
        require(project, view, "import sources")
    done: list[Imported] = []
    for path in paths:
        try:
            found = _parts(path)
        except OSError as error:
            done.append(Imported(_name(path.name), None, _unreadable(str(path), error)))
            continue
        except StromataError as error:
            done.append(Imported(_name(path.name), None, error))
            continue
        for part in found:
            try:
                source, account = _import_part(project, part, details=details, progress=progress)
                done.append(Imported(source.file, source, account=account))
            except Cancelled:
                raise
            except OSError as error:
                done.append(Imported(_name(part.name), None, _unreadable(part.name, error)))
            except StromataError as error:
                done.append(Imported(_name(part.name), None, error))
    return tuple(done)


def import_file(
    project: Project, path: Path, *, details: SourceDetails = SourceDetails(), progress: Progress = silent
) -> Source:
    """Import one file: keep its bytes by hash, read its records, and write one event.

    Raises
    ------
    NotAllowed
        The actor is not the lead.
    Unreadable
        The file is missing, empty, binary, an archive of several files, or holds nothing that can be read.
    Conflict
        A file with the same bytes has been imported before.
    StoreError
        Disk or database failed; the review is as it was.
    """
    _check_details(details)
    found = _parts(path)
    if len(found) > 1:
        raise Unreadable(f"{_name(path.name)} holds {len(found)} files", hint="Use import_files, which takes each.")
    return _import_part(project, found[0], details=details, progress=progress)[0]


def _parts(path: Path) -> tuple[formats.Part, ...]:
    if path.exists() and not path.is_file():
        raise Unreadable(f"{_name(str(path))} is not a file", hint="Give a file; a folder's files one by one.")
    return formats.parts(path)


def _import_part(
    project: Project, part: formats.Part, *, details: SourceDetails, progress: Progress
) -> tuple[Source, formats.Account]:
    reading = formats.scan(part, progress=progress)
    with project.store.snapshot(project.id) as view:
        require(project, view, "import sources")
        known = view.source(reading.sha256)
    if known is not None:
        mended = project.store.files.check(known.sha256) != "whole"
        if mended:
            _keep(project, part)
        raise Conflict(
            f"{_name(part.name)}: the same bytes were imported before, as {known.file!r} ({known.records} records)",
            hint="The stored copy was damaged and has been put back."
            if mended
            else "Nothing was added. Import a file only once; export the search anew if it has changed.",
        )
    ledger = formats.Ledger()
    records_sha256, count = project.store.files.write_records(_records(reading, ledger))
    _keep(project, part)
    account = reading.account(ledger)
    source = Source(
        sha256=reading.sha256,
        file=_name(part.name),
        size=reading.size,
        format=reading.format,
        encoding=reading.encoding,
        records=count,
        kind=details.kind,
        database=details.database,
        platform=details.platform,
        searched_on=details.searched_on,
        strategy=details.strategy or "\n\n".join(account.search_log),
        note=details.note,
        problems=account.problems,
    )
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        tx.append(SourceImported(source=source, records_sha256=records_sha256))
    return source, account


def _keep(project: Project, part: formats.Part) -> None:
    with part.open() as stream:
        project.store.files.put(stream)


def sources(project: Project) -> tuple[Source, ...]:
    """Return the imported sources in order of import."""
    with project.store.snapshot(project.id) as view:
        return view.sources()


def _name(name: str) -> str:
    """Return a file's name as text; bytes that are not UTF-8 become replacement characters."""
    return os.fsencode(name).decode("utf-8", "replace")


def import_account(done: Sequence[Imported]) -> dict[str, object]:
    """Return what became of each file, ready for JSON: the sources with their problems, and the files kept out."""
    return {
        "sources": [
            {
                "file": item.source.file,
                "format": item.source.format,
                "encoding": item.source.encoding,
                "records": item.source.records,
                "problems": item.source.problems,
                "id": item.source.id,
            }
            | _whereabouts(item.account)
            for item in done
            if item.source
        ],
        "failed": [
            {"file": item.file, "error": item.error.message, "hint": item.error.hint} for item in done if item.error
        ],
    }


def _whereabouts(account: formats.Account | None) -> dict[str, object]:
    """Return where the bytes of a file went, ready for JSON."""
    if account is None:
        return {}
    return {
        "bytes": account.bytes,
        "passages": account.passages,
        "search_log": account.search_log,
        "unread_bytes": account.unread_bytes,
        "unread": account.unread,
    }


def _check_details(details: SourceDetails) -> None:
    check_word("kind", details.kind, KINDS)
    if details.searched_on:
        try:
            date.fromisoformat(details.searched_on)
        except ValueError as error:
            raise InvalidInput(
                f"the date of the search is {details.searched_on!r}, not YYYY-MM-DD", hint="Such as 2026-01-31."
            ) from error


def _records(reading: formats.Reading, ledger: formats.Ledger) -> Iterator[Record]:
    """Yield the records; that the file cannot be read to its end is no trouble of the store to which they go."""
    try:
        yield from (item for item in reading.noted(ledger) if isinstance(item, Record))
    except OSError as error:
        raise _unreadable(reading.content.name, error) from error


def _unreadable(name: str, error: OSError) -> Unreadable:
    return Unreadable(
        f"{_name(name)} cannot be read: {error.strerror or error}.", hint="Look whether it is still there and whole."
    )
