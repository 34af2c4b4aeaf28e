"""DuckDB: the engine of one machine. Nothing is downloaded; tables spill to the folder when memory is used up."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from stromata.engine.engine import Settings
from stromata.errors import StoreError

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 50_000
"""Rows of a batch that a function gets: enough for vectorised work, little enough for memory."""


class DuckEngine:
    """Tables in a DuckDB database of its own: in memory, or in a file of the folder."""

    def __init__(self, settings: Settings) -> None:
        import duckdb  # noqa: PLC0415 - loads late

        self._folder = Path(tempfile.mkdtemp(prefix="stromata-", dir=settings.folder)) if settings.folder else None
        options: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{settings.memory_mb}MB",
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "temp_directory": str(self._folder / "spill") if self._folder else "",
        }
        if settings.threads is not None:
            options["threads"] = settings.threads
        with self._failing():
            place = str(self._folder / "tables.duckdb") if self._folder else ":memory:"
            self._base = duckdb.connect(place, config=options)

    def insert(self, table: str, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> None:
        """Make a table of batches, or add them to the table of this name."""
        import pyarrow as pa  # noqa: PLC0415 - loads late

        with self._failing():
            self._append(table, schema.empty_table(), create=True)
            for batch in batches:
                self._append(table, pa.Table.from_batches([batch], schema=schema))

    def run(self, table: str, sql: str) -> None:
        """Make a table of what a query gives."""
        with self._failing():
            self._base.execute(f"CREATE OR REPLACE TABLE {table} AS {sql}")

    def map(
        self, table: str, sql: str, function: Callable[[pa.RecordBatch], pa.RecordBatch], schema: pa.Schema
    ) -> None:
        """Make a table, with this schema, of what a function gives for each batch of a query's result."""
        self.drop(table)
        self.insert(table, (function(batch) for batch in self.read(sql, rows=_ROWS)), schema)

    def read(self, sql: str, *, rows: int = 65_536) -> Iterator[pa.RecordBatch]:
        """Yield a query's result in batches of at most so many rows, in order where the query says one."""
        with self._failing(), self._base.cursor() as cursor:  # a cursor: other statements may run meanwhile
            yield from cursor.sql(sql).to_arrow_reader(rows)

    def drop(self, table: str) -> None:
        """Forget a table; nothing happens where there is none."""
        self._base.execute(f"DROP TABLE IF EXISTS {table}")

    def close(self) -> None:
        """Forget all tables and remove what was written to the folder."""
        self._base.close()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        """Return the engine itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the engine."""
        self.close()

    def _append(self, table: str, rows: pa.Table, *, create: bool = False) -> None:
        self._base.register("arriving", rows)
        try:
            verb = f"CREATE TABLE IF NOT EXISTS {table} AS" if create else f"INSERT INTO {table}"
            self._base.execute(f"{verb} SELECT * FROM arriving")  # noqa: S608 - names of ours only
        finally:
            self._base.unregister("arriving")

    def _failing(self) -> _OutOfRoom:
        return _OutOfRoom(spills=self._folder is not None)


_FULL = ("could not allocate", "Could not write", "No space left")
"""What DuckDB says of a lack of room in errors that are named after something else, such as a commit."""


class _OutOfRoom:
    """Turns DuckDB's errors about memory and disk into ours."""

    def __init__(self, *, spills: bool) -> None:
        self.spills = spills

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say what to do about a lack of room."""
        import duckdb  # noqa: PLC0415 - loads late

        full = isinstance(error, duckdb.OutOfMemoryException | duckdb.IOException) or (
            isinstance(error, duckdb.Error) and any(sign in str(error) for sign in _FULL)
        )
        if full:
            hint = (
                "Allow more memory or clear the disk."
                if self.spills
                else "Name a folder that it may spill to, or allow more memory."
            )
            raise StoreError(f"DuckDB has run out of room: {error}", hint=hint) from error
