"""A review as it was: its state after any event of the log, rebuilt in a passing database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy import Connection

from stromata.errors import NotFound
from stromata.progress import Progress
from stromata.store import schema
from stromata.store.apply import apply
from stromata.store.files import FileStore
from stromata.store.read import Snapshot, event_of
from stromata.store.rows import BATCH
from stromata.store.transaction import write_event
from stromata.store.verify import scratch


@contextmanager
def past(
    connection: Connection, files: FileStore, review: str, *, sequence: int, progress: Progress
) -> Iterator[Snapshot]:
    """Give the review as it was just after event `sequence`; iterators must be used up before the block ends.

    Raises
    ------
    NotFound
        The log has no such event.
    """
    table = schema.events
    held = connection.execute(sa.select(sa.func.max(table.c.sequence)).where(table.c.review == review)).scalar() or 0
    if not 1 <= sequence <= held:
        raise NotFound(f"the log has no event {sequence}; there are 1 to {held}", hint="`stromata log` lists them.")
    rows = sa.select(table).where(table.c.review == review, table.c.sequence <= sequence).order_by(table.c.sequence)
    with scratch() as passing:
        with connection.execute(rows, execution_options={"yield_per": BATCH}) as found:
            for row in found:
                event = event_of(row)
                apply(passing, files, event)
                write_event(passing, event, row.payload)
                progress(event.sequence, sequence, "replaying the log")
        yield Snapshot(passing, review)
