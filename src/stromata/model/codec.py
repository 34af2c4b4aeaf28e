"""The one way in which values become JSON and come back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from stromata.errors import InvalidInput
from stromata.model.consensus import Vote
from stromata.model.events import PAYLOADS, Event, Payload

T = TypeVar("T")

_KINDS: dict[tuple[str, int], type[Payload]] = {(cls.kind, cls.version): cls for cls in PAYLOADS}


_adapters: dict[object, TypeAdapter[Any]] = {}  # Any: the adapters serve every type


def _adapter(cls: Any) -> TypeAdapter[Any]:  # noqa: ANN401 - as above
    """Return the adapter of a type, built once: building takes milliseconds, using it microseconds."""
    found = _adapters.get(cls)
    if found is None:
        found = _adapters[cls] = TypeAdapter(cls)
    return found


def to_json(value: object) -> str:
    """Return `value` as compact JSON text. NaN and infinities become null."""
    return _adapter(type(value)).dump_json(value).decode()


def to_data(value: object) -> Any:  # noqa: ANN401 - JSON data has no narrower type
    """Return `value` as plain dictionaries, lists, strings and numbers."""
    return json.loads(to_json(value))


def from_json(cls: type[T], text: str | bytes) -> T:
    """Return the value of type `cls` that `text` holds.

    Raises
    ------
    InvalidInput
        The text is not JSON, or not of that shape; the message names each place.
    """
    try:
        return cast("T", _adapter(cls).validate_json(text))
    except ValidationError as error:
        raise InvalidInput(_explain(cls, error)) from error


def from_data(cls: type[T], data: object) -> T:
    """Return the value of type `cls` that plain `data` (as from YAML) holds; errors as `from_json`."""
    try:
        return cast("T", _adapter(cls).validate_python(data))
    except ValidationError as error:
        raise InvalidInput(_explain(cls, error)) from error


def canonical(data: object) -> bytes:
    """Return `data` as JSON bytes that are equal whenever the data are: sorted keys, no spaces, UTF-8.

    Raises
    ------
    InvalidInput
        A text holds half a character, as a file name or an argument that is not UTF-8 does.
    """
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        broken = text[max(0, error.start - 20) : error.end + 20]
        raise InvalidInput(f"a text is not valid Unicode near {broken!r}", hint="Give it as UTF-8.") from error


def digest(data: object) -> str:
    """Return the SHA-256 of the canonical form of `data`, in hexadecimal."""
    return hashlib.sha256(canonical(data)).hexdigest()


def round_seal(votes: Iterable[Vote], *, round_number: int, salts: Iterable[str] = ()) -> str:
    """Return the SHA-256 of the ballots of a round, in hexadecimal.

    The order of votes and salts does not matter; any change to a vote, a comment or a name gives another seal. Without
    salts the ballots of a very small panel could be guessed from it by trying.
    """
    ballots = sorted(
        [vote.statement, vote.panellist, "" if vote.score is None else str(vote.score), vote.comment]
        for vote in votes
        if vote.round == round_number
    )
    return digest([round_number, ballots, sorted(salts)])


def payload_from_json(kind: str, version: int, text: str | bytes) -> Payload:
    """Return the payload of the given kind and version.

    Raises
    ------
    InvalidInput
        This stromata does not know the kind or the version: the log was written by a newer one.
    """
    cls = _KINDS.get((kind, version))
    if cls is None:
        known = ", ".join(sorted(f"{name} v{number}" for name, number in _KINDS))
        raise InvalidInput(
            f"event kind {kind!r} version {version} is unknown here (known: {known})",
            hint="The log was written by a newer stromata: upgrade this one.",
        )
    return from_json(cls, text)


def event_hash(
    *, review: str, sequence: int, at: str, actor: str, kind: str, version: int, payload: object, previous: str
) -> str:
    """Return the SHA-256 that chains an event to the one before it.

    `payload` is the plain data as it was written. A field that a type gained later is not in it, so that old logs keep
    their hashes.
    """
    return digest(
        {
            "review": review,
            "sequence": sequence,
            "at": at,
            "actor": actor,
            "kind": kind,
            "version": version,
            "payload": payload,
            "previous": previous,
        }
    )


def make_event(*, review: str, sequence: int, at: str, actor: str, payload: Payload, previous: str) -> Event:
    """Return the event with its hash computed."""
    chained = event_hash(
        review=review,
        sequence=sequence,
        at=at,
        actor=actor,
        kind=payload.kind,
        version=payload.version,
        payload=to_data(payload),
        previous=previous,
    )
    return Event(review, sequence, at, actor, payload, previous, chained)


def _explain(cls: object, error: ValidationError) -> str:
    name = getattr(cls, "__name__", str(cls))
    places = [
        f"{'.'.join(str(part) for part in item['loc']) or 'value'}: {item['msg']}"
        for item in error.errors(include_url=False, include_context=False)
    ]
    return f"not a valid {name}: " + "; ".join(places)
