"""The command line. Each command parses, calls one use case, and prints."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from stromata.errors import Cancelled, StoreError, StromataError

if TYPE_CHECKING:
    import typer

_MODULES = (
    "appraise",
    "check",
    "clinical",
    "consensus",
    "etd",
    "evidence",
    "extract",
    "convert",
    "dedupe",
    "files",
    "grade",
    "pool",
    "publish",
    "records",
    "screen",
    "simulate",
    "standard",
    "start",
)
"""The modules that hold commands; importing one registers them."""


def commands() -> typer.Typer:
    """Return the command line with every command registered."""
    for name in _MODULES:
        import_module(f"stromata.cli.{name}")
    from stromata.cli.app import app

    return app


def program() -> None:
    """Be the program `stromata`: once the command has ended, Ctrl-C finds nothing that it could break off."""
    try:
        main()
    finally:
        _ignore_signals()


def main() -> None:
    """Run the command line; the exit status follows the class of the error (see `stromata.errors`)."""
    with _signals() as asked:  # from the start: loading the commands takes a second on a slow disk
        try:
            _prepare_streams()
            try:
                commands()()
            finally:
                sys.stdout.flush()
        except SystemExit:
            raise
        except BaseException as error:
            _ignore_signals()  # what is left is to say so
            failure = _in_words(error, stopped=bool(asked))
            if failure is None:
                raise
            if isinstance(error, OSError):
                _drop_stdout()
            from stromata.cli.output import show_error

            show_error(failure)
            sys.exit(failure.exit_status)


class _Stopped(BaseException):
    """A person or the system asked us to stop. No handler of errors may take it for one of its own."""


def _in_words(error: BaseException, *, stopped: bool) -> StromataError | None:
    """Return the error to be shown; None for a defect of ours, which shows itself whole.

    Once we were asked to stop, whatever ends us is that: the interruption may have struck inside a library, which then
    reports it as an error of its own.
    """
    if stopped:
        return Cancelled("stopped", hint="What was acknowledged before is kept; nothing is half done.")
    if isinstance(error, StromataError):
        return error
    if isinstance(error, OSError):  # what is not ours to foresee: a full disk behind stdout, a folder that vanished
        where = error.filename or "standard output"
        return StoreError(f"{where}: {error.strerror or error}", hint="Check the disk and the permissions.")
    return None


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


_ASKING = (signal.SIGINT, signal.SIGTERM)


def _ignore_signals() -> None:
    for number in _ASKING:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Turn Ctrl-C and a request to end into `_Stopped`, and give the list of such signals so far.

    A reader of our output that has left ends us quietly, as it ends `head`.
    """
    asked: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> NoReturn:
        asked.append(number)
        raise _Stopped

    before = {number: signal.signal(number, stop) for number in _ASKING}
    before[signal.SIGPIPE] = signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
