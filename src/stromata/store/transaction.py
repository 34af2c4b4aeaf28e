"""The one way to write: append an event."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from stromata.errors import InvalidInput, StoreError
from stromata.model import (
    GENESIS,
    Appraised,
    DecisionMade,
    Event,
    PanelSet,
    Payload,
    RoleGranted,
    ScreeningPlanned,
    StudyExtracted,
)
from stromata.model.codec import from_json, make_event, to_json
from stromata.store import schema
from stromata.store.apply import apply
from stromata.store.database import explained
from stromata.store.files import FileStore
from stromata.store.read import Snapshot
from stromata.store.rows import check_person

_INSERT_EVENT = schema.events.insert()
_SET_HEAD = (
    schema.reviews.update()
    .where(schema.reviews.c.id == sa.bindparam("of"))
    .values(events=sa.bindparam("sequence"), head=sa.bindparam("hash"))
)

_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""The NUL character as JSON writes it: after an even number of backslashes."""


class Transaction(Snapshot):
    """A snapshot that can also append events. Got from `Store.transaction`, which commits it as a whole."""

    def __init__(
        self, connection: Connection, review: str, *, files: FileStore, actor: str, at: str, where: str
    ) -> None:
        super().__init__(connection, review)
        self._files = files
        self._where = where
        self._actor = check_person("the actor's name", actor)
        self._at = _check_time(at)
        self._broken = False
        table = schema.reviews
        row = connection.execute(sa.select(table.c.events, table.c.head).where(table.c.id == review)).first()
        self._events: int = 0 if row is None else row.events
        self._head: str = GENESIS if row is None else row.head

    def append(self, payload: Payload) -> Event:
        """Write an event to the log and apply it to the current state: the only way to write.

        Either all of it happens or nothing: after an error of the first three kinds the transaction goes on as if the
        event had not been tried.

        Raises
        ------
        InvalidInput
            A value in the payload cannot be kept, or the event contradicts itself.
        NotFound
            The event rests on a review, reference, record or file that is not there.
        Conflict
            The source was imported before, or the review exists already.
        StoreError
            The database failed; the whole transaction is lost.
        """
        if self._broken:
            raise StoreError("the database failed earlier in this transaction; nothing of it was kept")
        kept, text = _as_kept(payload)
        _check_people(payload)
        event = make_event(
            review=self._review,
            sequence=self._events + 1,
            at=self._at,
            actor=self._actor,
            payload=kept,
            previous=self._head,
        )
        with explained("write to", self._where):
            try:
                with self._connection.begin_nested():
                    apply(self._connection, self._files, event)
                    write_event(self._connection, event, text)
            except DBAPIError:
                # SQLite may have ended the whole transaction: what followed would be written outside of any.
                self._broken = True
                raise
        self._events, self._head = event.sequence, event.hash
        return event

    def finish(self) -> None:
        """Raise StoreError when the transaction must not be committed."""
        if self._broken:
            raise StoreError("the database failed earlier in this transaction; nothing of it was kept")


def write_event(connection: Connection, event: Event, payload: str) -> None:
    """Insert the row of an event, and note in the review's row that it is the newest."""
    connection.execute(
        _INSERT_EVENT,
        {
            "review": event.review,
            "sequence": event.sequence,
            "at": event.at,
            "actor": event.actor,
            "kind": event.payload.kind,
            "version": event.payload.version,
            "payload": payload,
            "previous": event.previous,
            "hash": event.hash,
        },
    )
    connection.execute(_SET_HEAD, {"of": event.review, "sequence": event.sequence, "hash": event.hash})


def _as_kept(payload: Payload) -> tuple[Payload, str]:
    """Return the payload as it will be read back, and its JSON; InvalidInput when that would not be the same."""
    kind = type(payload)
    try:
        text = to_json(payload)
    except ValueError as error:
        raise InvalidInput(f"the event {payload.kind} cannot be kept: {error}") from error
    if _NUL.search(text):
        raise InvalidInput(
            f"a text in the event {payload.kind} holds the character NUL, which no database keeps", hint="Remove it."
        )
    kept = from_json(kind, text)
    if kept != payload:
        raise InvalidInput(
            f"a number in the event {payload.kind} is not finite; numbers must be finite, or missing (None)"
        )
    return kept, text


def _check_people(payload: Payload) -> None:
    match payload:
        case RoleGranted():
            check_person("the person's name", payload.person)
        case DecisionMade():
            check_person("the reviewer's name", payload.reviewer)
        case StudyExtracted():
            check_person("the extractor's name", payload.extraction.extractor)
        case Appraised():
            check_person("the appraiser's name", payload.appraisal.appraiser)
        case ScreeningPlanned():
            for person in (*payload.plan.readers, *(name for name, _ in payload.plan.limits)):
                check_person("the name of a reader", person)
        case PanelSet():
            for member in payload.panel.members:
                check_person("the name of a member of the panel", member.name)


def _check_time(at: str) -> str:
    try:
        offset = datetime.fromisoformat(at).utcoffset()
    except ValueError as error:
        raise InvalidInput(f"the time is {at[:40]!r}; ISO 8601 is expected, as 2026-01-31T12:00:00Z") from error
    if offset:
        raise InvalidInput(f"the time {at!r} is {offset / timedelta(hours=1):g} hours off UTC; UTC is expected")
    return at
