"""The command that turns files of references into one of another format, and accounts for every byte."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stromata.cli.app import FILES, Json, app
from stromata.cli.output import (
    STDOUT,
    bar,
    emit,
    encodable,
    json_text,
    open_output,
    show_error,
    show_problems,
    tell,
    write_file,
)
from stromata.errors import InvalidInput, StoreError, StromataError, Unreadable

if TYPE_CHECKING:
    from stromata.formats import Account, Part
    from stromata.model import Record
    from stromata.progress import Progress


@app.command(rich_help_panel=FILES)
def convert(
    files: Annotated[list[str], typer.Argument(metavar="IN...", help="Files and archives to read; - is stdin.")],
    to: Annotated[str, typer.Option("--to", help="Format to write, such as ris, nbib, bibtex, csl-json, csv, xlsx.")],
    output: Annotated[str, typer.Option("-o", "--output", help="File to write; - is stdout.")] = STDOUT,
    account: Annotated[str, typer.Option("--account", help="File to write where every byte went (JSON).")] = "",
    as_json: Json = False,
) -> None:
    """Turn exports, saved pages and registries' files into one file of another format.

    Problems go to stderr; what can be read is written. The account tells for each file how many records it held, what
    was odd, which searches it names, and how many bytes were not understood.
    """
    from stromata import formats

    check_outputs((output, account), files)
    done: list[Account] = []
    failed: list[StromataError] = []
    with bar("Reading") as progress:
        records = read_all(parts_of(files, failed), done, failed, progress)
        first = next(records, None)
        if first is None and failed:  # nothing is written where nothing can be read
            raise failed[0]
        with open_output(output, text=is_text(to)) as stream:
            formats.write(itertools.chain(() if first is None else (first,), records), to, stream)
    if account:
        write_file(account, json_text({"files": done}))
    if as_json and output != STDOUT:
        emit({"to": to, "output": output, "records": sum(item.records for item in done), "files": done})
    for item in done:
        show_problems(item.file, item.problems)
        tell(told(item))
    end(done, failed)


def check_outputs(outputs: Iterable[str], inputs: Iterable[str]) -> None:
    """Refuse two outputs of one name, one that would take the place of a file that is read, and one without a folder.

    Raises
    ------
    InvalidInput
        The message names the file.
    StoreError
        There is no such folder; better now than after hours of work.
    """
    read = {Path(file).resolve() for file in inputs if file and file != STDOUT and os.path.isfile(file)}  # noqa: PTH113 - a name too long is no file
    seen: set[str | Path] = set()
    for output in outputs:
        place = output if output == STDOUT else Path(output).resolve()
        if not output or place == Path(os.devnull):
            continue
        if place in seen:
            raise InvalidInput(f"two results would be written to {output}", hint="Give each a name of its own.")
        if place in read:
            raise InvalidInput(
                f"{output} is read, and would be lost under what is written", hint="Give the output another name."
            )
        if output != STDOUT and not Path(output).parent.is_dir():
            raise StoreError(f"{output} cannot be written: there is no such folder", hint="Make the folder first.")
        seen.add(place)


def is_text(to: str) -> bool:
    """Tell whether files of a format are text; one that is not known counts as text, and is refused when written."""
    from stromata import formats

    return not any(form.name == to and form.write_binary for form in formats.FORMATS)


def parts_of(files: list[str], failed: list[StromataError]) -> list[Part]:
    """Return the files that arguments stand for, to be read as often as need be; errors are added to the list."""
    from stromata import formats

    found: list[Part] = []
    for file in files:
        try:
            path = Path(file)
            if file == STDOUT:
                given: bytes | Path = sys.stdin.buffer.read()
            else:  # a pipe tells no size and can be read only once
                given = path.read_bytes() if path.is_fifo() else path
            found += [replace(part, name=encodable(part.name)) for part in formats.parts(given)]
        except StromataError as error:
            failed.append(error)
        except OSError as error:
            failed.append(Unreadable(f"{file} cannot be read: {error.strerror or error}."))
    return found


def read_all(
    parts: list[Part], done: list[Account], failed: list[StromataError], progress: Progress
) -> Iterator[Record]:
    """Yield the records of files one after the other; accounts and errors are added to the lists as they come."""
    from stromata import formats
    from stromata.model import Record

    for part in parts:
        ledger = formats.Ledger()
        try:
            reading = formats.scan(part, progress=progress)
            yield from (item for item in reading.noted(ledger) if isinstance(item, Record))
            done.append(reading.account(ledger))
        except StromataError as error:
            failed.append(error)
        except OSError as error:
            failed.append(Unreadable(f"{part.name} cannot be read to its end: {error.strerror or error}."))


def end(done: list[Account], failed: list[StromataError]) -> None:
    """Name the files that failed; the exit status tells of them, and of bytes that were not understood."""
    for error in failed:
        show_error(error)
    if failed:
        raise typer.Exit(failed[0].exit_status)
    if any(item.unread_bytes for item in done):
        raise typer.Exit(3)


def told(account: Account) -> str:
    """Return the account of a file in a sentence."""
    beside = ", ".join(f"{count} {kind.replace('-', ' ')}" for kind, count in sorted(account.passages.items()))
    unread = f"{account.unread_bytes} bytes unread" if account.unread_bytes else "every byte accounted for"
    return (
        f"{account.file}: {account.format}, {account.encoding}, {account.bytes} bytes, {account.records} records, "
        f"{len(account.problems)} problems{f', beside them {beside}' if beside else ''}; {unread}"
    )
