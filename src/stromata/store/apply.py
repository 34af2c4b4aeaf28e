"""What each event does to the current state.

One function per kind of event; `apply` finds it. The same functions run when an event is appended and when
`stromata.store.verify` rebuilds the state from the log, so the two cannot drift apart. Each raises when what the event
rests on is not there; what it had written by then is undone by the caller.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError

from stromata.errors import Conflict, InvalidInput, NotFound, StoreError
from stromata.model import (
    GENESIS,
    AuditDrawn,
    BallotCast,
    CertaintyJudged,
    ConflictResolved,
    DecisionMade,
    Event,
    FrameSet,
    PanelSet,
    PriorsImported,
    ProtocolSet,
    RecordChecked,
    ReferencesKeptApart,
    ReferencesMerged,
    ReferenceSplit,
    RetrievalRecorded,
    ReviewCreated,
    ReviewProtocol,
    RoleGranted,
    RoleRevoked,
    RoundClosed,
    RoundOpened,
    ScreeningPlanned,
    ScreeningResumed,
    ScreeningStopped,
    SourceImported,
    StandardAdopted,
    StatementDropped,
    StatementReviewed,
    StatementSet,
)
from stromata.model.codec import to_json
from stromata.store import schema
from stromata.store.apply_consensus import apply_to_consensus
from stromata.store.apply_screening import apply_to_screening
from stromata.store.apply_studies import apply_to_studies
from stromata.store.files import FileStore
from stromata.store.rows import (
    KEY_LENGTH,
    UNKEPT,
    Row,
    batches,
    check_key,
    missing_reference,
    next_position,
    require_reference,
)


def apply(connection: Connection, files: FileStore, event: Event) -> None:
    """Change the current state as `event` says, within the transaction of `connection`.

    Raises
    ------
    InvalidInput, NotFound, Conflict
        The event does not fit the state.
    StoreError
        The file of records that it names is damaged.
    """
    if (event.sequence == 1) != isinstance(event.payload, ReviewCreated):
        if event.sequence == 1:
            raise NotFound(f"there is no review {event.review!r}: its first event must be review-created")
        raise Conflict(f"there is already a review {event.review!r}", hint="Choose another name.")
    match event.payload:
        case ReviewCreated():
            _create_review(connection, event, event.payload)
        case ProtocolSet():
            _update_review(connection, event.review, protocol=to_json(event.payload.protocol))
        case RoleGranted():
            _grant(connection, event, event.payload)
        case RoleRevoked():
            _revoke(connection, event, event.payload)
        case SourceImported():
            _import(connection, files, event, event.payload)
        case ReferencesMerged():
            _merge(connection, event.review, event.payload)
        case ReferenceSplit():
            _split(connection, event.review, event.payload)
        case ReferencesKeptApart():
            _keep_apart(connection, event.review, event.payload)
        case (
            DecisionMade()
            | ConflictResolved()
            | RetrievalRecorded()
            | ScreeningPlanned()
            | ScreeningStopped()
            | ScreeningResumed()
            | AuditDrawn()
            | PriorsImported()
        ) as payload:
            apply_to_screening(connection, event, payload)
        case (
            CertaintyJudged()
            | PanelSet()
            | StatementSet()
            | StatementReviewed()
            | StatementDropped()
            | RoundOpened()
            | BallotCast()
            | RoundClosed()
            | FrameSet()
            | StandardAdopted()
            | RecordChecked()
        ) as payload:
            apply_to_consensus(connection, event, payload)
        case payload:
            apply_to_studies(connection, event, payload)


def _create_review(connection: Connection, event: Event, payload: ReviewCreated) -> None:
    check_key("the review's id", event.review)
    row = {"id": event.review, "title": payload.title, "created_at": event.at, "events": 0, "head": GENESIS}
    connection.execute(schema.reviews.insert(), row | {"protocol": to_json(ReviewProtocol())})


def _update_review(connection: Connection, review: str, **values: object) -> None:
    connection.execute(schema.reviews.update().where(schema.reviews.c.id == review).values(**values))


# Roles


def _grant(connection: Connection, event: Event, payload: RoleGranted) -> None:
    table = schema.roles
    key = {"review": event.review, "person": check_key("the person's name", payload.person), "role": payload.role}
    held = sa.select(table.c.sequence).where(*(table.c[name] == value for name, value in key.items()))
    if connection.execute(held).first() is None:
        connection.execute(table.insert(), key | {"sequence": event.sequence})


def _revoke(connection: Connection, event: Event, payload: RoleRevoked) -> None:
    table = schema.roles
    chosen = (table.c.review == event.review, table.c.person == payload.person, table.c.role == payload.role)
    if connection.execute(table.delete().where(*chosen)).rowcount == 0:
        raise NotFound(f"{payload.person!r} does not have the role {payload.role!r}")


# Sources and their records


def _import(connection: Connection, files: FileStore, event: Event, payload: SourceImported) -> None:
    review, source = event.review, payload.source
    table = schema.sources
    known = connection.execute(sa.select(table.c.data).where(table.c.review == review, table.c.id == source.id)).first()
    if known is not None:
        raise Conflict(
            f"{source.file!r} was already imported into this review: a source has the same bytes",
            hint="Nothing needs to be done: its records are there.",
        )
    _check_files(files, payload)
    position = next_position(connection, table, review)
    row = {"review": review, "id": source.id, "position": position, "records_sha256": payload.records_sha256}
    connection.execute(table.insert(), row | {"data": to_json(source)})
    first = next_position(connection, schema.records, review)
    count = 0
    for lines in batches(files.read_lines(payload.records_sha256)):
        parsed = [(number, text, json.loads(text)) for number, text in enumerate(lines, start=count + 1)]
        for number, _, data in parsed:
            if data["source"] != source.sha256 or data["number"] != number:
                raise InvalidInput(
                    f"line {number} of the file of records is record {data['number']} of source {data['source'][:12]}; "
                    f"record {number} of source {source.id} was expected"
                )
        _insert_records(connection, review, source.id, first, parsed)
        count += len(lines)
    if count != source.records:
        raise InvalidInput(f"{source.file!r} says it has {source.records} records; its file of records holds {count}")


def _check_files(files: FileStore, payload: SourceImported) -> None:
    if not files.has(payload.source.sha256):
        raise NotFound(
            f"the original of {payload.source.file!r} is not among the files of the review",
            hint="Put it there before it is imported.",
        )
    state = files.check(payload.records_sha256)
    if state == "missing":
        raise NotFound(f"the file of records {payload.records_sha256} is not among the files of the review")
    if state == "altered":
        raise StoreError(f"the file of records {payload.records_sha256} was altered", hint="Put back the last backup.")


def _insert_records(
    connection: Connection, review: str, source: str, first: int, parsed: Sequence[tuple[int, str, Row]]
) -> None:
    records: list[tuple[object, ...]] = []
    members: list[tuple[object, ...]] = []
    identifiers: list[tuple[object, ...]] = []
    for number, text, data in parsed:
        name = f"{source}.{number}"
        position = first + number - 1
        records.append((review, name, position, source, text))
        members.append((review, name, position, name, position))
        identifiers += [(review, scheme, value, name) for scheme, value in set(_identifiers(data))]
    _bulk_insert(connection, schema.records, records)
    _bulk_insert(connection, schema.members, members)
    _bulk_insert(connection, schema.identifiers, identifiers)


def _bulk_insert(connection: Connection, table: Table, rows: list[tuple[object, ...]]) -> None:
    """Insert rows, whose values stand in the order of the table's columns, by the quickest way of each driver."""
    if not rows:
        return
    names = ", ".join(table.columns.keys())
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" for _ in table.columns)
        connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", rows)  # noqa: S608 - our names
        return
    statement = f"COPY {table.name} ({names}) FROM STDIN"
    try:
        with connection.connection.cursor() as cursor, cursor.copy(statement) as copy:  # type: ignore[attr-defined] # psycopg's own
            for row in rows:
                copy.write_row(row)
    except connection.dialect.loaded_dbapi.Error as error:
        raise DBAPIError(statement, None, error) from error


def _identifiers(data: Row) -> Iterator[tuple[str, str]]:
    named = [(scheme, data[scheme]) for scheme in ("doi", "pmid", "pmcid", "accession")]
    named.append(("title", fold_title(data["title"])))
    for scheme, value in named + [("registry", item) for item in data["registry_ids"]]:
        folded = fold_identifier(value)
        if folded and len(folded) <= KEY_LENGTH:
            yield scheme, folded


_NOT_LETTERS = re.compile(r"[\W_]+")


def fold_title(title: str) -> str:
    """Return a title as it is looked up: the letters and digits of its beginning."""
    return _NOT_LETTERS.sub("", title.casefold())[:KEY_LENGTH]


def fold_identifier(value: str) -> str:
    """Return an identifier as it is looked up: case does not matter, nor do spaces around it."""
    return UNKEPT.sub("", value).strip().casefold()


# References: clusters of records


class _Clusters:
    """The references that an event touches, held in memory while it is worked out what becomes of them.

    ``of[reference]`` holds the members as (position, record id). A reference goes by the id of its native record, which
    is always one of its members; therefore no two references can come to share an id, whatever the order of merges
    and splits.
    """

    def __init__(self, connection: Connection, review: str, references: Iterable[str]) -> None:
        self._connection = connection
        self._review = review
        self.of: dict[str, list[tuple[int, str]]] = {}
        table = schema.members
        for names in batches(dict.fromkeys(references)):
            chosen = sa.select(table.c.reference_position).where(
                table.c.review == review, table.c.record.in_(names), table.c.record == table.c.reference
            )
            rows = connection.execute(
                sa.select(table.c.reference, table.c.position, table.c.record)
                .where(table.c.review == review, table.c.reference_position.in_(chosen))
                .order_by(table.c.position)
            )
            for reference, position, record in rows:
                self.of.setdefault(reference, []).append((position, record))
        self._before = {record: reference for reference, rows in self.of.items() for _, record in rows}

    def take(self, reference: str) -> list[tuple[int, str]]:
        """Remove a reference and return its members; NotFound when there is none now."""
        members = self.of.pop(reference, None)
        if members is None:
            raise missing_reference(self._connection, self._review, reference)
        return members

    def save(self) -> None:
        """Write each record whose reference has changed."""
        table = schema.members
        changed: list[Row] = []
        for reference, rows in self.of.items():
            own = next(position for position, record in rows if record == reference)
            changed += [
                {"of": record, "to": reference, "at": own} for _, record in rows if self._before[record] != reference
            ]
        statement = (
            table.update()
            .where(table.c.review == self._review, table.c.record == sa.bindparam("of"))
            .values(reference=sa.bindparam("to"), reference_position=sa.bindparam("at"))
        )
        for batch in batches(changed):
            self._connection.execute(statement, batch)


def _merge(connection: Connection, review: str, payload: ReferencesMerged) -> None:
    named = (name for merge in payload.merges for name in (merge.into, *merge.merged))
    clusters = _Clusters(connection, review, named)
    for merge in payload.merges:
        if merge.into in merge.merged:
            raise InvalidInput(f"reference {merge.into!r} cannot be merged into itself")
        if not merge.merged:
            raise InvalidInput(f"a merge into {merge.into!r} names no reference to merge")
        members = clusters.take(merge.into)
        for name in merge.merged:
            members += clusters.take(name)
        clusters.of[merge.into] = sorted(members)
    clusters.save()


def _split(connection: Connection, review: str, payload: ReferenceSplit) -> None:
    clusters = _Clusters(connection, review, [payload.reference])
    members = clusters.take(payload.reference)
    out = set(payload.records)
    if not out or len(members) == 1:
        raise InvalidInput(f"reference {payload.reference!r} has {len(members)} records; none of them was split off")
    stray = sorted(out - {record for _, record in members})
    if stray:
        raise NotFound(f"record {stray[0]!r} does not belong to reference {payload.reference!r}")
    rest = [member for member in members if member[1] not in out]
    for member in members:
        if member[1] in out:
            clusters.of[member[1]] = [member]
    if rest:
        # The native record may have left: the earliest record that stays then gives the reference its id.
        stays = payload.reference if payload.reference not in out else rest[0][1]
        clusters.of[stays] = rest
    clusters.save()


def _keep_apart(connection: Connection, review: str, payload: ReferencesKeptApart) -> None:
    """Check the pairs; who asks for duplicates reads them from the log."""
    for one, other in payload.pairs:
        require_reference(connection, review, one)
        require_reference(connection, review, other)
        if one == other:
            raise InvalidInput(f"reference {one!r} would be kept apart from itself")
    if not payload.pairs:
        raise InvalidInput("no pair of references was named")
