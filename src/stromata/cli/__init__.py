"""The command line. Each command parses, calls one use case, and prints."""

from __future__ import annotations

import os
import sys

from stromata.errors import StromataError


def main() -> None:
    """Run the command line; the exit status follows the class of the error (see `stromata.errors`)."""
    from stromata.cli import evidence, files, publish, records, screen, start  # noqa: F401 - they register commands
    from stromata.cli.app import app
    from stromata.cli.output import show_error

    try:
        app()
    except StromataError as error:
        show_error(error)
        sys.exit(error.exit_status)
    except BrokenPipeError:  # the reader of our output has left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
