"""All errors that stromata raises, in one tree.

::

    StromataError
    ├── InvalidInput        what was given cannot be right             exit 4   HTTP 422
    │   └── Unreadable      a file holds nothing that can be read      exit 4   HTTP 422
    ├── NotFound            no such review, reference, file            exit 5   HTTP 404
    ├── NotAllowed          role, blinding or order forbids it         exit 6   HTTP 403
    ├── Conflict            it clashes with what is already there      exit 7   HTTP 409
    ├── StoreError          disk, permission or database failed        exit 8   HTTP 503
    │   └── SchemaMismatch  the database belongs to another version    exit 9   HTTP 503
    ├── DidNotConverge      an iterative computation failed            exit 10  HTTP 422
    ├── MissingExtra        an optional package is not installed       exit 11  HTTP 501
    ├── ServiceError        a service on the network failed            exit 12  HTTP 502
    └── Cancelled           a person stopped long work                 exit 130 HTTP 499

Exit status 0 is success, 1 a defect in stromata, 2 a wrong command line, and 3 "checked, and found wanting"
(`stromata verify` that finds a difference). Trouble inside data is never one of these: readers return `Problem` values.
"""

from __future__ import annotations


class StromataError(Exception):
    """The root of all errors raised on purpose.

    Parameters
    ----------
    message : what is wrong, the value met, and what is allowed.
    hint : what to do about it; empty when there is nothing to advise.
    """

    exit_status = 1
    http_status = 500

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InvalidInput(StromataError):
    """What was given cannot be right."""

    exit_status = 4
    http_status = 422


class Unreadable(InvalidInput):
    """A file holds nothing that can be read."""


class NotFound(StromataError):
    """There is no such thing."""

    exit_status = 5
    http_status = 404


class NotAllowed(StromataError):
    """A role, blinding or the order of stages forbids it."""

    exit_status = 6
    http_status = 403


class Conflict(StromataError):
    """It clashes with what is already there."""

    exit_status = 7
    http_status = 409


class StoreError(StromataError):
    """The disk, a permission or the database failed; nothing was changed."""

    exit_status = 8
    http_status = 503


class SchemaMismatch(StoreError):
    """The database was written by another version of stromata."""

    exit_status = 9


class DidNotConverge(StromataError):
    """An iterative computation failed; the message carries the last value tried."""

    exit_status = 10
    http_status = 422


class MissingExtra(StromataError):
    """An optional package is needed; the message names the extra to install."""

    exit_status = 11
    http_status = 501


class ServiceError(StromataError):
    """A service on the network failed, or did not answer as it should."""

    exit_status = 12
    http_status = 502


class Cancelled(StromataError):
    """A person stopped long work."""

    exit_status = 130
    http_status = 499
