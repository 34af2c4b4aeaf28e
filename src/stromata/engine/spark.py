"""Apache Spark: the engine for what one machine cannot hold, or not in time.

Tables are Parquet files in the folder, so that no step is computed twice and a lost executor costs one task. Functions
reach the executors by name: stromata must be importable there, by the Python that runs this.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from stromata.engine.engine import Settings
from stromata.errors import MissingExtra

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

_ROWS = 50_000
"""Rows of a batch that a function gets, as on DuckDB."""


class SparkEngine:
    """Tables as Parquet files, seen by one Spark session."""

    def __init__(self, settings: Settings, *, master: str, options: Mapping[str, str]) -> None:
        try:
            from pyspark.sql import SparkSession  # noqa: PLC0415 - loads late
        except ImportError as error:
            raise MissingExtra(
                "PySpark is not installed",
                hint="Install the extra: pip install 'stromata[spark]'; Java 17 is needed too.",
            ) from error
        self._folder = Path(tempfile.mkdtemp(prefix="stromata-", dir=settings.folder))
        self._parts: dict[str, int] = {}
        builder = SparkSession.builder.master(master).appName("stromata")
        for name, value in (_configuration(settings, self._folder) | dict(options)).items():
            builder = builder.config(name, value)
        self._session = builder.getOrCreate()
        # Executors run this Python unless told otherwise: the one that has stromata.
        self._session.sparkContext.pythonExec = options.get("spark.pyspark.python", sys.executable)
        self._session.sparkContext.setLogLevel("ERROR")

    def insert(self, table: str, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> None:
        """Make a table of batches, or add them to the table of this name."""
        import pyarrow.parquet as pq  # noqa: PLC0415 - loads late

        folder = self._folder / table
        folder.mkdir(exist_ok=True)
        number = self._parts[table] = self._parts.get(table, 0) + 1
        with pq.ParquetWriter(folder / f"added-{number:05}.parquet", schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
        self._show(table)

    def run(self, table: str, sql: str) -> None:
        """Make a table of what a query gives."""
        self._write(table, self._session.sql(sql))

    def map(
        self, table: str, sql: str, function: Callable[[pa.RecordBatch], pa.RecordBatch], schema: pa.Schema
    ) -> None:
        """Make a table, with this schema, of what a function gives for each batch of a query's result."""
        from pyspark.sql.pandas.types import from_arrow_schema  # noqa: PLC0415 - loads late

        rows = self._session.sql(sql).mapInArrow(_Each(function), from_arrow_schema(schema))
        self._write(table, rows)

    def read(self, sql: str, *, rows: int = 65_536) -> Iterator[pa.RecordBatch]:
        """Yield a query's result in batches of at most so many rows, in order where the query says one."""
        import pyarrow.parquet as pq  # noqa: PLC0415 - loads late

        folder = Path(tempfile.mkdtemp(prefix="read-", dir=self._folder))
        self._session.sql(sql).write.mode("overwrite").parquet(str(folder))
        for path in sorted(folder.glob("part-*.parquet")):  # Spark numbers its parts in the order of the rows
            with pq.ParquetFile(path) as file:
                yield from file.iter_batches(rows)
        shutil.rmtree(folder)

    def drop(self, table: str) -> None:
        """Forget a table; nothing happens where there is none."""
        self._session.catalog.dropTempView(table)
        shutil.rmtree(self._folder / table, ignore_errors=True)
        self._parts.pop(table, None)

    def close(self) -> None:
        """Forget all tables and remove what was written to the folder."""
        self._session.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        """Return the engine itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the engine."""
        self.close()

    def _write(self, table: str, rows: DataFrame) -> None:
        fresh = Path(tempfile.mkdtemp(prefix="new-", dir=self._folder))  # the query may read the table it replaces
        rows.write.mode("overwrite").parquet(str(fresh))
        self.drop(table)
        fresh.rename(self._folder / table)
        self._show(table)

    def _show(self, table: str) -> None:
        self._session.catalog.refreshByPath(str(self._folder / table))
        self._session.read.parquet(str(self._folder / table)).createOrReplaceTempView(table)


class _Each:
    """Applies a function to each batch that an executor hands over."""

    def __init__(self, function: Callable[[pa.RecordBatch], pa.RecordBatch]) -> None:
        self.function = function

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield what the function gives for each batch."""
        return map(self.function, batches)


def _configuration(settings: Settings, folder: Path) -> dict[str, str]:
    memory = f"{settings.memory_mb}m"
    return {
        "spark.driver.memory": memory,
        "spark.executor.memory": memory,
        "spark.local.dir": str(folder / "spill"),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(_ROWS),
        "spark.sql.parquet.compression.codec": "zstd",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
