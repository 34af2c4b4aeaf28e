"""Runs the command line inside the test's process."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass
from functools import cache

import pytest
import typer.main

from stromata.cli import main

get_command = cache(typer.main.get_command)
"""Typer builds all commands anew for each call, which takes longer than most of them: here they are built once."""


@dataclass(frozen=True)
class Done:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def json(self):
        """The result as JSON."""
        return json.loads(self.out)


class Command:
    """Callable like the command line itself: ``run("--dir", folder, "verify")``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch = monkeypatch
        self.capsys = capsys
        monkeypatch.setattr(typer.main, "get_command", get_command)

    def __call__(self, *words: object, stdin: bytes = b"") -> Done:
        """Run a command and return what it did."""
        self.monkeypatch.setattr(sys, "argv", ["stromata", *(str(word) for word in words)])
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        self.capsys.readouterr()
        status = 0
        try:
            main()
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        out, err = self.capsys.readouterr()
        return Done(status, out, err)
