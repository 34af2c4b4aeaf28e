"""How long work tells where it stands."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called now and then by long work; may raise `stromata.errors.Cancelled` to stop it."""

    def __call__(self, done: int, total: int | None, note: str = "") -> None:
        """Report `done` of `total` steps (None: unknown), with a word on what is being done."""


def silent(done: int, total: int | None, note: str = "") -> None:
    """Report nothing: the default of every use case."""
