"""Each test of this folder runs on both databases."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from strategies import begin
from stromata import store as stores
from stromata.store import Store


@pytest.fixture(scope="session")
def sqlite_ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database with stromata's tables, to be copied: making one anew takes a tenth of a second."""
    folder = tmp_path_factory.mktemp("ready")
    stores.create(folder / "ready.db", files=folder / "files").close()
    return folder / "ready.db"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def bare(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The address of a database that has no tables yet."""
    if backend == "sqlite":
        return str(tmp_path / "bare.db")
    make: Callable[[], str] = request.getfixturevalue("postgres_databases")
    return make()


@pytest.fixture
def address(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The address of a database with empty tables."""
    if backend == "postgres":
        return str(request.getfixturevalue("postgres"))
    return str(shutil.copy(request.getfixturevalue("sqlite_ready"), tmp_path / "reviews.db"))


@pytest.fixture
def store(address: str, tmp_path: Path) -> Iterator[Store]:
    """A store with one review, ``r``."""
    with stores.create(address, files=tmp_path / "files") as opened:
        begin(opened)
        yield opened
