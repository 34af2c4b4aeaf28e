"""A review opened by a person: what every use case takes first."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from stromata import store
from stromata.errors import Conflict, InvalidInput, NotFound
from stromata.model import ROLES, ReviewCreated, ReviewProtocol, RoleGranted, codec
from stromata.progress import Progress, silent
from stromata.store import ReviewInfo, Store, Verification

Clock = Callable[[], str]
"""Gives the present time as ISO 8601 in UTC. Only a door knows the real one."""

Salt = Callable[[], str]
"""Gives text that nobody can guess, anew at each call."""


def fresh_salt() -> str:
    """Return 32 random hexadecimal digits.

    The one source of chance below the doors: it must not be reproducible, or a sealed verdict could be guessed.
    """
    return secrets.token_hex(16)


DATABASE = "stromata.db"
FILES = "files"


@dataclass(frozen=True, slots=True)
class Project:
    """One review in an open store, and the person who works on it.

    Attributes
    ----------
    store : where the log and the state are kept.
    id : of the review.
    actor : name of the person; the log records it with every event.
    clock : see `Clock`.
    salt : see `Salt`.
    """

    store: Store
    id: str
    actor: str
    clock: Clock
    salt: Salt = fresh_salt

    def __enter__(self) -> Self:
        """Return the project itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the store."""
        self.store.close()

    def close(self) -> None:
        """Close the store."""
        self.store.close()


def create(folder: Path, title: str, *, actor: str, clock: Clock, database: str | None = None) -> Project:
    """Begin a review in `folder` and return it, open.

    The person who begins it gets every role, so that somebody who works alone can do everything.

    Parameters
    ----------
    database : SQLAlchemy URL of a team's database; by default the file ``stromata.db`` in the folder.

    Raises
    ------
    InvalidInput
        The title or the actor is empty.
    Conflict
        The database holds a review of this title already.
    """
    if not title.strip():
        raise InvalidInput("a review needs a title", hint='For example: stromata new "Cells for psoriasis".')
    if not actor.strip():
        raise InvalidInput("the person who acts has no name", hint="Give one with --as NAME.")
    at = clock()
    review = codec.digest([title.strip(), actor, at])[:12]
    held = store.create(_location(folder, database), files=folder / FILES)
    try:
        _require_new(held, title.strip())
        with held.transaction(review, actor=actor, at=at) as tx:
            tx.append(ReviewCreated(title=title.strip()))
            for role in ROLES:
                tx.append(RoleGranted(person=actor, role=role))
    except BaseException:
        held.close()
        raise
    return Project(held, review, actor, clock)


def open_project(
    folder: Path, *, actor: str, clock: Clock, database: str | None = None, review: str | None = None
) -> Project:
    """Open the review that `folder` holds.

    Parameters
    ----------
    review : its id (or the beginning of it) or its title, needed only when the database holds more than one.

    Raises
    ------
    NotFound
        There is no database, or no such review in it.
    Conflict
        The database holds several reviews and none was named.
    """
    held = store.open_store(_location(folder, database), files=folder / FILES)
    try:
        chosen = _choose(held.reviews(), review, held.url)
    except BaseException:
        held.close()
        raise
    return Project(held, chosen.id, actor, clock)


def verify(folder: Path, *, database: str | None = None, progress: Progress = silent) -> Verification:
    """Check the chain of every review in the database, rebuild its state from the log, and compare.

    Every conversion of reported statistics is done again, too, and must give what it gave.
    """
    with store.open_store(_location(folder, database), files=folder / FILES) as held:
        found = held.verify(progress=progress)
        if not found.ok:
            return found  # a state that does not follow from the log is not worth recomputing
        changed = tuple(text for item in held.reviews() for text in _changed_steps(held, item.id))
    return replace(found, ok=not changed, differences=changed)


def _changed_steps(held: Store, review: str) -> Iterator[str]:
    """Yield each conversion that gives something else now than it did."""
    from stromata.extraction.conversions import replay  # noqa: PLC0415 - takes long to load, and few commands verify

    with held.snapshot(review) as view:
        points = [(point.id, point.steps) for point in view.tables().data_points]
        results = [
            (f"{part.plan or result.plan}, {effect.study}", effect.steps)
            for result in view.syntheses()
            for part in (result, *(part for _, part in result.subgroups))
            for effect in part.effects
        ]
    for place, steps in dict.fromkeys((place, steps) for place, steps in points + results if steps):
        for step in steps:
            try:
                replay(step)
            except InvalidInput as error:
                yield f"review {review}: {place}: {error.message}"


def info(project: Project) -> ReviewInfo:
    """Return the review's id, title, time of creation and number of events."""
    with project.store.snapshot(project.id) as view:
        return view.info()


def protocol(project: Project) -> ReviewProtocol:
    """Return the protocol in force; an empty one before it is set."""
    with project.store.snapshot(project.id) as view:
        return view.protocol()


def _require_new(held: Store, title: str) -> None:
    if any(item.title == title for item in held.reviews()):
        raise Conflict(f"{held.url} holds a review titled {title!r} already", hint="Open it, or choose another title.")


def _location(folder: Path, database: str | None) -> str | Path:
    return database or folder / DATABASE


def _choose(reviews: tuple[ReviewInfo, ...], wanted: str | None, url: str) -> ReviewInfo:
    listed = "; ".join(f"{item.id} {item.title!r}" for item in reviews) or "none"
    if wanted is None:
        if len(reviews) == 1:
            return reviews[0]
        if not reviews:
            raise NotFound(f"{url} holds no review", hint='Begin one: stromata new "Title".')
        raise Conflict(f"{url} holds {len(reviews)} reviews: {listed}", hint="Name one with --review.")
    found = [item for item in reviews if item.id.startswith(wanted) or item.title == wanted]
    if len(found) != 1:
        raise NotFound(f"{len(found)} reviews match {wanted!r}; there are: {listed}", hint="Give the whole id.")
    return found[0]
