"""What an engine is: tables of Arrow batches, SQL from tables to a table, functions from batches to a table.

An engine keeps named tables for the time of one piece of work. Whatever runs on one engine runs on the other:

- SQL uses what DuckDB and Spark SQL share (common table expressions, joins, windows, ``substr``, ``concat``, ``<>``);
- text and numbers are compared by pure functions from one batch to another of the same or another schema, which must
  be importable where the work is done (a function of a module, not a lambda);
- rows have no order but that of an ``ORDER BY``; columns are int8 to int64, float32, float64, bool or string, without
  missing values.

Each engine does its own spilling: tables and intermediate results beyond `Settings.memory_mb` go to `Settings.folder`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Literal, Protocol, Self

from stromata.errors import InvalidInput

if TYPE_CHECKING:
    import pyarrow as pa

EngineName = Literal["duckdb", "spark"]

_LEAST_MEMORY_MB = 256
"""Less does not hold the working set of one join."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How much of a machine an engine may take.

    Attributes
    ----------
    memory_mb : of the engine's own working memory, in megabytes, 256 at least; Spark gives it to each executor and to
        the driver. Python's share (batches in flight, results read) comes on top.
    threads : how many at once; None for as many as there are cores. Spark takes them from its `master`.
    folder : where what does not fit goes, in a new folder that is removed in the end; on a cluster all machines must
        see it. None: DuckDB stays in memory and fails when that is used up; Spark takes the system's folder for
        temporary files.
    """

    memory_mb: int = 2_048
    threads: int | None = None
    folder: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what no engine can work with."""
        if self.memory_mb < _LEAST_MEMORY_MB:
            raise InvalidInput(f"{self.memory_mb} MB of memory; an engine needs {_LEAST_MEMORY_MB} at least")
        if self.threads is not None and self.threads < 1:
            raise InvalidInput(f"{self.threads} threads; an engine needs one at least")


class Engine(Protocol):
    """Named tables and what can be done with them. Used as a context, it closes itself."""

    def insert(self, table: str, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> None:
        """Make a table of batches, or add them to the table of this name."""

    def run(self, table: str, sql: str) -> None:
        """Make a table of what a query gives."""

    def map(
        self, table: str, sql: str, function: Callable[[pa.RecordBatch], pa.RecordBatch], schema: pa.Schema
    ) -> None:
        """Make a table, with this schema, of what a function gives for each batch of a query's result."""

    def read(self, sql: str, *, rows: int = 65_536) -> Iterator[pa.RecordBatch]:
        """Yield a query's result in batches of at most so many rows, in order where the query says one."""

    def drop(self, table: str) -> None:
        """Forget a table; nothing happens where there is none."""

    def close(self) -> None:
        """Forget all tables and remove what was written to the folder."""

    def __enter__(self) -> Self:
        """Return the engine itself."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the engine."""


def open_engine(
    name: EngineName = "duckdb",
    *,
    settings: Settings | None = None,
    master: str = "local[*]",
    options: Mapping[str, str] = MappingProxyType({}),
) -> Engine:
    """Return an engine.

    Parameters
    ----------
    name : "duckdb" for one machine, "spark" beyond.
    settings : memory, threads and folder; the defaults of `Settings` unless given.
    master : Spark's address of a cluster, such as ``spark://host:7077``, ``yarn`` or ``local[4]``.
    options : further settings of Spark by their own names, such as ``spark.sql.shuffle.partitions``.

    Raises
    ------
    MissingExtra
        "spark" without PySpark.
    InvalidInput
        Another name.
    """
    settings = settings or Settings()
    if name == "duckdb":
        from stromata.engine.duck import DuckEngine  # noqa: PLC0415 - loads late

        return DuckEngine(settings)
    if name == "spark":
        from stromata.engine.spark import SparkEngine  # noqa: PLC0415 - loads late

        return SparkEngine(settings, master=master, options=options)
    raise InvalidInput(f"no engine is called {name!r}", hint="There are duckdb and spark.")
