"""stub"""

from collections.abc import Iterable, Iterator
from stromata.model import Problem, Record


def sniff_html(head: str) -> bool:
    return False


def sniff_text(head: str) -> bool:
    return False


def read_html(lines: Iterable[tuple[int, str | Problem]], *, source: str) -> Iterator[Record | Problem]:
    yield from ()


def read_text(lines: Iterable[tuple[int, str | Problem]], *, source: str) -> Iterator[Record | Problem]:
    yield from ()
