"""The command line. Each command parses, calls one use case, and prints."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from stromata.errors import Cancelled, StoreError, StromataError


def main() -> None:
    """Run the command line; the exit status follows the class of the error (see `stromata.errors`)."""
    _prepare_streams()
    from stromata.cli import evidence, files, publish, records, screen, start  # noqa: F401 - they register commands
    from stromata.cli.app import app
    from stromata.cli.output import show_error

    with _signals():
        try:
            try:
                app()
            finally:
                sys.stdout.flush()
        except StromataError as error:
            show_error(error)
            sys.exit(error.exit_status)
        except OSError as error:  # what is not ours to foresee: a full disk behind stdout, a folder that vanished
            _drop_stdout()
            where = error.filename or "standard output"
            show_error(StoreError(f"{where}: {error.strerror or error}", hint="Check the disk and the permissions."))
            sys.exit(StoreError.exit_status)


def _prepare_streams() -> None:
    """Let text be UTF-8 whatever the locale, and let a closed stream be an empty one."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - lives as long as we do
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="strict" if name == "stdin" else "backslashreplace")


def _drop_stdout() -> None:
    """Send what is still to be written nowhere, or Python would fail on it once more when it ends."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - lives as long as we do


@contextmanager
def _signals() -> Iterator[None]:
    """Turn Ctrl-C and a request to end into `Cancelled`; let a reader that has left end us quietly, as `head` does."""

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        raise Cancelled("stopped", hint="What was acknowledged before is kept; nothing is half done.")

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    before[signal.SIGPIPE] = signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
