"""Signs that a text names instead of writing them: the entities of HTML."""

from __future__ import annotations

import html
import re

_NUMBERED = re.compile("&#(?=[0-9])0*+([0-9]*+)")
_READABLE = 4000
"""Characters of a text in which every number can be read: Python refuses those of more than 4,300 digits."""

_MOST_DIGITS = 7
"""Digits of the greatest number that is a character's, 1,114,111."""

_BEYOND = 0x110000


def unescape(text: str) -> str:
    """Return `text` with the entities of HTML decoded; ``&#`` and a number beyond Unicode give U+FFFD."""
    if len(text) > _READABLE and "&#" in text:
        text = _NUMBERED.sub(lambda match: f"&#{(match[1] or 0) if len(match[1]) <= _MOST_DIGITS else _BEYOND}", text)
    return html.unescape(text)
