"""Project files of ASReview LAB (``.asreview``): references, verdicts in the order in which they were given, settings.

A project file is a ZIP archive. Version 3 (ASReview 3) holds ``project.json`` and ``results.db``, an SQLite database
with the references (``record``) and verdicts (``results``); version 2 (ASReview 2) holds the references in
``data_store.db`` and the verdicts in ``reviews/<id>/results.db``. Both are read; version 3 is written. A verdict
without the name of a querier is prior knowledge. ``record_id`` is the position of a reference in its data file, from 0.
"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from stromata.errors import InvalidInput, Unreadable
from stromata.model.identifiers import normal_doi
from stromata.screening.documents import Document
from stromata.screening.labelled import LabelledSet, Part, Row
from stromata.screening.simulate import Replay

WRITTEN = "3.0.8"
"""The release of ASReview whose layout is written."""

_CONFIG, _DATABASE, _STORE = "project.json", "results.db", "data_store.db"
_MOST_BYTES = 1 << 31
"""Unpacked bytes of one file of the archive (2 GiB)."""

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Date of the files in an archive that is written, so that equal projects give equal bytes."""

_TROUBLES = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, KeyError)
"""What unpacking raises on damaged archives; RuntimeError stands for encrypted ones, KeyError for a missing file."""

Mode = Literal["oracle", "simulate"]
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Item:
    """One reference of a project.

    Attributes
    ----------
    id : ``record_id``: the position in the data file, from 0.
    label : what the data file said: 1, 0, or None for nothing.
    duplicate_of : id of the reference that it repeats.
    """

    id: int
    title: str = ""
    abstract: str = ""
    authors: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    year: int | None = None
    doi: str = ""
    url: str = ""
    label: int | None = None
    duplicate_of: int | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """One verdict of a project.

    Attributes
    ----------
    id : of the reference.
    label : 1 relevant, 0 irrelevant.
    time : seconds since 1970 (UTC) when it was given; None when that is not known.
    prior : whether it was known before screening began.
    trained : how many verdicts the model had learnt when it showed the reference; None for priors.
    note : of the reviewer.
    tags : ids of the tags that the reviewer set, as JSON text; empty when there are none.
    reviewer : number of the user; None when there are no accounts.
    model : names of classifier, querier, balancer and feature extractor; empty for priors.
    """

    id: int
    label: int
    time: float | None = None
    prior: bool = False
    trained: int | None = None
    note: str = ""
    tags: str = ""
    reviewer: int | None = None
    model: tuple[str, str, str, str] = ("", "", "", "")


@dataclass(frozen=True, slots=True)
class Project:
    """A project of ASReview.

    Attributes
    ----------
    name : of the project.
    version : of ASReview, which made it.
    created : seconds since 1970 (UTC); None when the file does not say.
    file : name of the data file.
    items : all references, by id.
    verdicts : in the order in which they were given; references that are only shown have none.
    changes : how often a verdict was changed later.
    settings : the model that was chosen, as ASReview keeps it.
    """

    name: str
    items: tuple[Item, ...]
    verdicts: tuple[Given, ...]
    mode: Mode = "oracle"
    version: str = WRITTEN
    created: int | None = None
    file: str = "references.csv"
    changes: int = 0
    settings: Mapping[str, Any] = field(default_factory=lambda: NOTHING)  # Any: JSON


def is_project(data: bytes) -> bool:
    """Tell whether bytes are a project file of ASReview."""
    if not data.startswith(b"PK"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _CONFIG in archive.namelist()
    except _TROUBLES:
        return False


# Reading.


def read_project(data: bytes, *, name: str) -> Project:
    """Read a project file of ASReview 2 or 3.

    Parameters
    ----------
    data : the bytes of the file.
    name : of the file, for messages.

    Raises
    ------
    Unreadable
        No project file, a damaged one, one of ASReview 1 or of a release that is not known yet, or one in which no
        references are.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            config = json.loads(_member(archive, _CONFIG, name))
            version = _version(config, name)
            results, store = _databases(archive, config, version, name)
        with _opened(store) as base:
            items = tuple(_items(base))
        verdicts: tuple[Given, ...] = ()
        changes = 0
        if results:
            with _opened(results) as base:
                verdicts, changes = tuple(_given(base)), _count(base, "decision_changes")
    except (*_TROUBLES, ValueError, TypeError, AttributeError, sqlite3.Error) as error:
        raise Unreadable(
            f"{name} is a damaged project file: {error}", hint="Export the project from ASReview again."
        ) from error
    if not items:
        raise Unreadable(f"{name}: the project holds no references.", hint="Add a dataset in ASReview first.")
    datasets = config.get("datasets") or [{}]
    review: Mapping[str, Any] = config.get("review") or next(iter(config.get("reviews") or ()), NOTHING)
    return Project(
        name=str(config.get("name") or name),
        items=items,
        verdicts=verdicts,
        mode="simulate" if config.get("mode") == "simulate" else "oracle",
        version=str(config.get("version", "")),
        created=config.get("created_at_unix"),
        file=str(datasets[0].get("name", "")),
        changes=changes,
        settings=MappingProxyType(dict(review.get("model") or {})),
    )


def _version(config: Mapping[str, Any], name: str) -> int:
    """Return the version of the layout: told, or else the first number of ASReview's own version."""
    told = config.get("project_file_version")
    version = int(told) if told is not None else int(str(config["version"]).partition(".")[0])
    if version not in (2, 3):
        old = version < 2
        what = "too old" if old else "newer than what is known here"
        hint = "Open it in ASReview 3 and export it again." if old else "Export its results from ASReview as CSV."
        raise Unreadable(f"{name} is a project file of version {version}, {what}; read are 2 and 3.", hint=hint)
    return version


def _databases(
    archive: zipfile.ZipFile, config: Mapping[str, Any], version: int, name: str
) -> tuple[bytes | None, bytes]:
    """Return the databases of verdicts (None before screening began) and of references."""
    if version == 3:
        whole = _member(archive, _DATABASE, name)
        return whole, whole
    reviews = config.get("reviews") or ()
    path = f"reviews/{reviews[0]['id']}/{_DATABASE}" if reviews else ""
    return _member(archive, path, name) if path in archive.namelist() else None, _member(archive, _STORE, name)


def _member(archive: zipfile.ZipFile, path: str, name: str) -> bytes:
    info = archive.getinfo(path)
    if info.file_size > _MOST_BYTES:
        raise Unreadable(f"{name}: {path} unpacks to {info.file_size} bytes; read are up to {_MOST_BYTES}.")
    return archive.read(info)


@contextmanager
def _opened(data: bytes) -> Iterator[sqlite3.Connection]:
    """Open a database in memory; nothing is unpacked to disk."""
    if data[18:20] == b"\x02\x02":  # marked for a log beside the file, which a database in memory cannot have
        data = data[:18] + b"\x01\x01" + data[20:]
    with closing(sqlite3.connect(":memory:")) as base:
        base.deserialize(data)
        base.row_factory = sqlite3.Row
        yield base


def _count(base: sqlite3.Connection, table: str) -> int:
    known = base.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone()
    return int(base.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) if known else 0  # noqa: S608 - a literal


def _items(base: sqlite3.Connection) -> Iterator[Item]:
    for row in base.execute("SELECT * FROM record ORDER BY record_id"):
        cells = dict(row)
        yield Item(
            id=int(cells["record_id"]),
            title=_text(cells.get("title")),
            abstract=_text(cells.get("abstract")),
            authors=_texts(cells.get("authors")),
            keywords=_texts(cells.get("keywords")),
            year=cells.get("year"),
            doi=_text(cells.get("doi")),
            url=_text(cells.get("url")),
            label=None if cells.get("included") is None else _label(cells["included"]),
            duplicate_of=cells.get("duplicate_of"),
        )


def _text(cell: object) -> str:
    if cell is not None and not isinstance(cell, str):
        raise ValueError(f"{cell!r} stands where a text should")
    return cell or ""


def _label(cell: object) -> int:
    if cell not in (0, 1):
        raise ValueError(f"{cell!r} is no label; there are 1 and 0")
    return int(cell == 1)


def _texts(cell: str | None) -> tuple[str, ...]:
    return tuple(str(one) for one in json.loads(cell) or ()) if cell else ()


def _given(base: sqlite3.Connection) -> Iterator[Given]:
    for row in base.execute("SELECT * FROM results WHERE label IS NOT NULL ORDER BY rowid"):
        cells = dict(row)
        prior = cells.get("querier") is None
        yield Given(
            id=int(cells["record_id"]),
            label=_label(cells["label"]),
            time=None if cells.get("time") is None else float(cells["time"]),
            prior=prior,
            trained=None if prior else cells.get("training_set"),
            note=_text(cells.get("note")),
            tags=_text(cells.get("tags")),
            reviewer=cells.get("user_id"),
            model=_names(cells),
        )


def _names(cells: Mapping[str, Any]) -> tuple[str, str, str, str]:
    one, two, three, four = (
        cells.get(name) or "" for name in ("classifier", "querier", "balancer", "feature_extractor")
    )
    return one, two, three, four


# Writing.


def write_project(project: Project) -> bytes:
    """Return a project file that ASReview 3 opens; equal projects give equal bytes.

    Raises
    ------
    InvalidInput
        Two references or two verdicts have the same id, or a verdict is on a reference that is not there.
    """
    _check(project)
    identifier = "".join(letter if letter.isalnum() else "-" for letter in project.name.lower()).strip("-") or "project"
    config = {
        "version": project.version, "id": identifier, "mode": project.mode, "name": project.name,
        "created_at_unix": project.created, "feature_matrices": [], "tags": None, "project_file_version": 3,
        "datasets": [{"id": project.file, "name": project.file}],
        "review": {
            "status": "finished" if len(project.verdicts) == len(project.items) else "review",
            "model": dict(project.settings),
        },
    }  # fmt: skip
    content = {
        _CONFIG: json.dumps(config, ensure_ascii=False).encode(),
        _DATABASE: _database(project),
        f"data/{project.file}": _table(project.items),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, data in content.items():
            archive.writestr(zipfile.ZipInfo(path, _EPOCH), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _check(project: Project) -> None:
    ids = {item.id for item in project.items}
    if len(ids) < len(project.items):
        raise InvalidInput(f"{len(project.items)} references have {len(ids)} ids; each must have its own")
    named = [verdict.id for verdict in project.verdicts]
    if len(set(named)) < len(named):
        raise InvalidInput("a reference has two verdicts; a project file keeps the last one only")
    unknown = sorted(set(named) - ids)
    if unknown:
        raise InvalidInput(f"there are verdicts on {len(unknown)} references that are not there, such as {unknown[0]}")


_TABLES = """
CREATE TABLE record (
    dataset_row INTEGER NOT NULL, dataset_id VARCHAR NOT NULL, title VARCHAR NOT NULL, abstract VARCHAR NOT NULL,
    authors JSON NOT NULL, keywords JSON NOT NULL, year INTEGER, doi VARCHAR, url VARCHAR, included INTEGER,
    record_id INTEGER NOT NULL, duplicate_of INTEGER,
    group_id INTEGER NOT NULL GENERATED ALWAYS AS (COALESCE(duplicate_of, record_id)) VIRTUAL,
    PRIMARY KEY (record_id), UNIQUE (dataset_row, dataset_id),
    CONSTRAINT no_self_duplicate CHECK (duplicate_of IS NULL OR duplicate_of != record_id),
    FOREIGN KEY (duplicate_of) REFERENCES record (record_id) ON DELETE SET NULL
);
CREATE INDEX idx_record_group_id ON record (group_id);
CREATE TABLE results (
    record_id INTEGER UNIQUE, label INTEGER, classifier TEXT, querier TEXT, balancer TEXT, feature_extractor TEXT,
    training_set INTEGER, time FLOAT, note TEXT, tags JSON, user_id INTEGER
);
CREATE TABLE last_ranking (
    record_id INTEGER UNIQUE, ranking INT, classifier TEXT, querier TEXT, balancer TEXT, feature_extractor TEXT,
    training_set INTEGER, time FLOAT
);
CREATE TABLE decision_changes (record_id INTEGER, label INTEGER, time FLOAT, user_id INTEGER);
CREATE TRIGGER trg_results_delete AFTER DELETE ON results FOR EACH ROW BEGIN
    INSERT INTO decision_changes (record_id, label, time, user_id)
    VALUES (OLD.record_id, OLD.label, OLD.time, OLD.user_id);
END;
CREATE TRIGGER trg_results_label_update AFTER UPDATE OF label ON results FOR EACH ROW
WHEN OLD.label IS NOT NEW.label BEGIN
    INSERT INTO decision_changes (record_id, label, time, user_id)
    VALUES (OLD.record_id, OLD.label, OLD.time, OLD.user_id);
END;
PRAGMA user_version = 3;
"""
"""The layout of ASReview 3: columns and constraints must be the same for it to open the file."""


def _database(project: Project) -> bytes:
    with closing(sqlite3.connect(":memory:")) as base:
        base.executescript(_TABLES)
        base.executemany(
            "INSERT INTO record (dataset_row, dataset_id, title, abstract, authors, keywords, year, doi, url, included,"
            " record_id, duplicate_of) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    place, project.file, item.title, item.abstract, json.dumps(item.authors), json.dumps(item.keywords),
                    item.year, item.doi or None, item.url or None, item.label, item.id, item.duplicate_of,
                )
                for place, item in enumerate(project.items)
            ],
        )  # fmt: skip
        base.executemany(
            "INSERT INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    one.id, one.label, *(None if one.prior else name for name in one.model),
                    None if one.prior else one.trained, one.time, one.note or None, one.tags or None, one.reviewer,
                )
                for one in project.verdicts
            ],
        )  # fmt: skip
        base.commit()
        return base.serialize()


def _table(items: Sequence[Item]) -> bytes:
    """Return the references as the data file that ASReview merges its results with when it exports them."""
    text = io.StringIO()
    sheet = csv.writer(text, lineterminator="\n")
    sheet.writerow(("title", "abstract", "authors", "keywords", "year", "doi", "url", "label"))
    for item in items:
        lists = "; ".join(item.authors), "; ".join(item.keywords)
        label = "" if item.label is None else item.label
        sheet.writerow((item.title, item.abstract, *lists, item.year or "", item.doi, item.url, label))
    return text.getvalue().encode()


# To and from labelled sets and replays.


def labelled_part(project: Project, *, name: str) -> Part:
    """Return a project as a file of a labelled set: the verdicts, and where there are none the labels of its data."""
    given = {verdict.id: bool(verdict.label) for verdict in project.verdicts}
    rows = tuple(
        Row(
            line=0,
            document=Document(
                id="", title=item.title, abstract=item.abstract, keywords=item.keywords,
                names=tuple(filter(None, (normal_doi(item.doi),))),
            ),
            verdict=given.get(item.id, None if item.label is None else bool(item.label)),
            key=str(item.id),
        )
        for item in project.items
    )  # fmt: skip
    return Part(name, rows)


def replay_project(data: LabelledSet, replay: Replay, *, created: int | None = None) -> Project:
    """Return a replay as a simulation of ASReview: priors, then verdicts in the order in which they were given.

    Parameters
    ----------
    data : the set that was replayed. Rows that were not part of it are not in the project either, so that the ids of
        the project are positions within the set; the data file of the project is written anew in the same order.
    created : seconds since 1970 (UTC), which the file keeps.
    """
    place = {int(document.id): index for index, document in enumerate(data.documents)}
    items = tuple(
        Item(
            id=index, title=document.title, abstract=document.abstract, keywords=document.keywords,
            doi=next((one for one in document.names if one.startswith("10.")), ""), label=int(relevant),
        )
        for index, (document, relevant) in enumerate(zip(data.documents, data.relevant, strict=True))
    )  # fmt: skip
    model = (replay.ranker, "max", "none", replay.ranker)
    priors = (Given(place[one], int(data.relevant[place[one]]), prior=True) for one in replay.priors)
    shown = zip(replay.order, replay.labels, replay.trained, strict=True)
    verdicts = (
        *priors,
        *(Given(place[one], label, trained=known, model=model) for one, label, known in shown),
    )
    file = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in data.name) + ".csv"
    # ASReview does not know this model: when it opens the project for further screening it takes its own instead.
    settings = {
        "name": f"stromata {replay.ranker} {replay.version}",
        "current_value": {"querier": "max", "classifier": f"stromata-{replay.ranker}"},
    }
    return Project(data.name, items, verdicts, mode="simulate", created=created, file=file, settings=settings)
