"""The command that turns files of references into one of another format, and accounts for every byte."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stromata.cli.app import FILES, Json, app
from stromata.cli.output import STDOUT, bar, emit, json_text, open_output, show_error, show_problems, tell, write_file
from stromata.errors import StromataError, Unreadable

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

    done: list[Account] = []
    failed: list[StromataError] = []
    with bar("Reading") as progress:
        records = read_all(files, done, failed, progress)
        first = next(records, None)
        if first is None and failed:  # nothing is written where nothing can be read
            raise failed[0]
        with open_output(output) as stream:
            formats.write(itertools.chain(() if first is None else (first,), records), to, stream)
    accounts = {"files": [account_data(item) for item in done]}
    if account:
        write_file(account, json_text(accounts))
    if as_json and output != STDOUT:
        emit({"to": to, "output": output, "records": sum(item.records for item in done), **accounts})
    for item in done:
        show_problems(item.file, item.problems)
        tell(told(item))
    for error in failed:
        show_error(error)
    if failed:
        raise typer.Exit(failed[0].exit_status)
    if any(item.unread_bytes for item in done):
        raise typer.Exit(3)


def read_all(
    files: list[str], done: list[Account], failed: list[StromataError], progress: Progress
) -> Iterator[Record]:
    """Yield the records of files one after the other; accounts and errors are added to the lists as they come."""
    from stromata import formats
    from stromata.model import Record

    for file in files:
        try:
            found = _parts(file)
        except StromataError as error:
            failed.append(error)
            continue
        for part in found:
            ledger = formats.Ledger()
            try:
                reading = formats.scan(part, progress=progress)
                yield from (item for item in reading.noted(ledger) if isinstance(item, Record))
                done.append(reading.account(ledger))
            except StromataError as error:
                failed.append(error)
            except OSError as error:
                failed.append(Unreadable(f"{part.name} cannot be read to its end: {error.strerror or error}."))


def _parts(file: str) -> tuple[Part, ...]:
    from stromata import formats

    if file != STDOUT:
        return formats.parts(Path(file))
    return formats.parts(sys.stdin.buffer.read())


def account_data(account: Account) -> dict[str, Any]:  # Any: ready for JSON
    """Return an account as it is written: one object a file."""
    return {
        "file": account.file,
        "format": account.format,
        "encoding": account.encoding,
        "sha256": account.sha256,
        "bytes": account.bytes,
        "records": account.records,
        "problems": account.problems,
        "search_log": account.search_log,
        "passages": account.passages,
        "record_bytes": account.record_bytes,
        "passage_bytes": account.passage_bytes,
        "blank_bytes": account.blank_bytes,
        "unread_bytes": account.unread_bytes,
        "unread": account.unread,
    }


def told(account: Account) -> str:
    """Return the account of a file in a sentence."""
    beside = ", ".join(f"{count} {kind.replace('-', ' ')}" for kind, count in sorted(account.passages.items()))
    unread = f"{account.unread_bytes} bytes unread" if account.unread_bytes else "every byte accounted for"
    return (
        f"{account.file}: {account.format}, {account.encoding}, {account.bytes} bytes, {account.records} records, "
        f"{len(account.problems)} problems{f', beside them {beside}' if beside else ''}; {unread}"
    )
