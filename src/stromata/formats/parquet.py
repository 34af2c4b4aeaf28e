"""Parquet: records as typed columns, for analysis and for other engines; and tables of publications that come as such.

Rows are counted as in a spreadsheet: the headings would be row 1, the first record is row 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

from stromata.errors import Unreadable
from stromata.formats.columns import Columns, recognise
from stromata.formats.content import Content, Passage
from stromata.formats.json_records import cell_of
from stromata.formats.own import tidied
from stromata.formats.rows import Row
from stromata.formats.tables import Layout, RecordReader
from stromata.model import LanguageBasis, Name, Problem, Record, Translation
from stromata.progress import Progress, silent

if TYPE_CHECKING:
    import pyarrow as pa

Item = Record | Problem | Passage

_ROWS = 5000
"""Records that are held at a time."""

_TEXTS = (
    "type", "title", "date", "journal", "journal_abbreviation", "volume", "issue", "pages", "publisher", "doi", "pmid",
    "pmcid", "accession", "database", "abstract", "language", "language_basis",
)  # fmt: skip
_LISTS = ("issn", "isbn", "registry_ids", "urls", "keywords", "notes")


def write_parquet(records: Iterable[Record], stream: BinaryIO) -> None:
    """Write records as Parquet, compressed with zstd.

    Columns are the fields of `Record`; authors, translations and `extra` are lists of structures. ``record_id`` is the
    record's name; a value that is missing is null for the year and an empty text or list elsewhere.
    """
    import pyarrow as pa  # noqa: PLC0415 - a heavy import that few commands need
    from pyarrow import parquet  # noqa: PLC0415

    schema = _schema()
    given = iter(records)
    with parquet.ParquetWriter(stream, schema, compression="zstd", write_page_checksum=True) as writer:
        while rows := [_row(record) for record in islice(given, _ROWS)]:
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))


def _schema() -> pa.Schema:
    import pyarrow as pa  # noqa: PLC0415

    text = pa.string()
    name = pa.struct([(part, text) for part in ("family", "given", "suffix", "literal")])
    translation = pa.struct([("language", text), ("title", text), ("abstract", text), ("machine", pa.bool_())])
    return pa.schema(
        [
            ("record_id", text),
            *((field_, text) for field_ in _TEXTS),
            ("year", pa.int32()),
            ("authors", pa.list_(name)),
            *((field_, pa.list_(text)) for field_ in _LISTS),
            ("translations", pa.list_(translation)),
            ("extra", pa.list_(pa.struct([("tag", text), ("value", text)]))),
        ]
    )


def _row(record: Record) -> dict[str, Any]:  # Any: as pyarrow takes it
    return {
        "record_id": record.id,
        "year": record.year,
        **{name: getattr(record, name) for name in _TEXTS},
        **{name: list(getattr(record, name)) for name in _LISTS},
        "authors": [
            {"family": one.family, "given": one.given, "suffix": one.suffix, "literal": one.literal}
            for one in record.authors
        ],
        "translations": [
            {"language": one.language, "title": one.title, "abstract": one.abstract, "machine": one.machine}
            for one in record.translations
        ],
        "extra": [{"tag": tag, "value": value} for tag, value in record.extra],
    }


def read_parquet(content: Content, *, progress: Progress = silent) -> Iterator[Item]:
    """Yield the records of a Parquet file: ours as they were, others by the names of their columns.

    Raises
    ------
    Unreadable
        No Parquet, a damaged one, or one without a title and one more column of a publication.
    """
    from pyarrow import parquet  # noqa: PLC0415

    with content.open() as stream:
        with _told(content.name):
            file = parquet.ParquetFile(stream, page_checksum_verification=True)
            schema = file.schema_arrow
            names = tuple(schema.names)
            is_own = schema.equals(_schema())
        rows = _rows(file, content.name, progress)
        if is_own:
            yield Passage(1, 1, "wrapper", ", ".join(names))
            for number, row in enumerate(rows, start=1):
                yield _record(dict(zip(names, row, strict=True)), source=content.sha256, number=number)
            return
        columns = recognise(names)
        if columns is None:
            raise Unreadable(
                f"{content.name} is a Parquet table with the columns {', '.join(names[:12])}: a title and one more "
                "column of a publication are needed.",
                hint="Give the columns the names that the reference lists.",
            )
        yield from RecordReader(_TableRows(names, rows), Layout("", 1, columns), content.sha256).items()


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Have what pyarrow raises on a damaged file told in words.

    Beside its own errors these are bytes that are no text, moments beyond the calendar and unknown time zones.
    """
    import pyarrow as pa  # noqa: PLC0415

    try:
        yield
    except (pa.ArrowException, OSError, ValueError, OverflowError, LookupError) as error:
        raise Unreadable(f"{name} is a damaged Parquet table: {error}.", hint="Fetch or write it again.") from error


def _rows(file: Any, name: str, progress: Progress) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - pyarrow has no stubs
    """Yield the values of each row in the order of the columns, two of which may have one name."""
    with _told(name):
        total, batches = file.metadata.num_rows, file.iter_batches(batch_size=_ROWS)
    done = 0
    while True:
        with _told(name):
            batch = next(batches, None)
            if batch is None:
                return
            values = [column.to_pylist() for column in batch.columns]
        yield from zip(*values, strict=True)
        done += batch.num_rows
        progress(done, total, name)


@dataclass(slots=True)
class _TableRows:
    """The rows of a foreign table, the names of its columns first."""

    names: tuple[str, ...]
    given: Iterator[tuple[Any, ...]]
    told: list[Problem | Passage] = field(default_factory=list)

    def under(self, columns: Columns) -> None:
        """Do nothing: rows are as wide as the headings."""

    def rows(self) -> Iterator[Row]:
        yield Row(1, 1, list(self.names))
        for number, row in enumerate(self.given, start=2):
            cells = [cell_of(value) for value in row]
            if any(cells):
                yield Row(number, number, cells)


def _record(row: dict[str, Any], *, source: str, number: int) -> Record:
    bases: dict[str, LanguageBasis] = {"stated": "stated", "detected": "detected"}
    fields: dict[str, Any] = {
        name: row[name] or "" for name in _TEXTS if name != "language_basis"
    }  # Any: texts and lists
    fields |= {name: tuple(one or "" for one in row[name] or ()) for name in _LISTS}
    record = Record(
        source=source, number=number, line=number + 1, end_line=number + 1, year=row["year"],
        language_basis=bases.get(row["language_basis"] or "", ""),
        authors=tuple(Name(**{part: said or "" for part, said in one.items()}) for one in row["authors"] or () if one),
        translations=tuple(
            Translation(one["language"] or "", one["title"] or "", one["abstract"] or "", machine=bool(one["machine"]))
            for one in row["translations"] or ()
            if one
        ),
        extra=tuple((one["tag"] or "", one["value"] or "") for one in row["extra"] or () if one),
        **fields,
    )  # fmt: skip
    return tidied(record)
