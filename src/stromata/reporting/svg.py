"""Write SVG by hand: elements with everything escaped, and the widths of letters.

A figure is laid out before any browser sees it, so the widths of the letters must be known here. They are those of
Helvetica (Arial has the same), in thousandths of the font size.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal

from markupsafe import Markup, escape

FONT = "Helvetica, Arial, 'Liberation Sans', 'Noto Sans CJK SC', sans-serif"
"""Generic on purpose: no font is fetched; faces after the first have the same widths."""

INK = "#111111"
GREY = "#555555"
LINK = "#12395f"
"""Numbers that can be followed: dark enough to print as black."""

SIZE = 12.0
"""Size of the letters in a figure, in CSS pixels."""

_ASCII = (  # from the space to the tilde
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 "
    "584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 "
    "667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 "
    "278 556 500 722 500 500 500 334 260 334 584"
)
_WIDTHS = {chr(32 + place): int(width) for place, width in enumerate(_ASCII.split())}
_WIDTHS |= {"–": 556, "—": 1000, "‘": 222, "’": 222, "“": 333, "”": 333, "…": 1000, "−": 584, "×": 584, "±": 584}
_WIDTHS |= {"²": 333, "³": 333, "·": 278, "°": 400, "≥": 549, "≤": 549, "τ": 395, "χ": 525, "µ": 576, "\u00a0": 278}
_WIDE = 1000
_UNKNOWN = 600
"""A letter that is not in the table: wider than most small letters, so that columns err on the wide side."""

_BOLD = 1.09
"""Helvetica-Bold is 0 to 12 % wider than Helvetica, depending on the letter."""

_INVALID = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_SPACES = re.compile(r"[ \t\r\n]+")
_BREAKS = re.compile(r"[^ ]+ *| +")


def clean(text: str) -> str:
    """Return `text` without the characters that XML and HTML forbid (control characters, lone surrogates)."""
    return _INVALID.sub("", text)


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of a line of text, in the units of `size` (the font size)."""
    width = sum(_letter_width(letter) for letter in text) * size / 1000
    return width * _BOLD if bold else width


def _letter_width(letter: str) -> int:
    known = _WIDTHS.get(letter)
    if known is not None:
        return known
    if unicodedata.east_asian_width(letter) in ("W", "F"):
        return _WIDE
    if unicodedata.combining(letter):
        return 0
    return _WIDTHS.get(unicodedata.normalize("NFKD", letter)[0], _UNKNOWN)


@lru_cache(maxsize=4096)  # a label is measured for the height of its row, and again where it is drawn
def wrap(text: str, width: float, size: float, *, bold: bool = False) -> tuple[str, ...]:
    """Break `text` into lines no wider than `width`: at spaces, and within words and Chinese text where it must be.

    A no-break space holds its words together. Returns at least one line; nothing is left out.
    """
    lines: list[str] = []
    line = ""
    for piece in _pieces(_SPACES.sub(" ", text).strip(" ")):
        if line and text_width((line + piece).rstrip(" "), size, bold=bold) > width:
            lines.append(line.rstrip(" "))
            line = ""
        while text_width(piece.rstrip(" "), size, bold=bold) > width and len(piece) > 1:
            cut = _fitting(piece, width, size, bold=bold)
            lines.append(piece[:cut])
            piece = piece[cut:]  # noqa: PLW2901 - the rest of a word that is wider than the line
        line += piece
    return (*lines, line.rstrip(" ")) if line or not lines else tuple(lines)


def _pieces(text: str) -> list[str]:
    """Split a text where a line may end: after spaces, and around each wide (Chinese) letter."""
    pieces: list[str] = []
    for word in _BREAKS.findall(text):
        part = ""
        for letter in word:
            if unicodedata.east_asian_width(letter) in ("W", "F"):
                pieces += [part, letter] if part else [letter]
                part = ""
            else:
                part += letter
        if part:
            pieces.append(part)
    return pieces


def _fitting(word: str, width: float, size: float, *, bold: bool) -> int:
    """Return how many letters of a word fit on a line; at least one."""
    for cut in range(len(word), 1, -1):
        if text_width(word[:cut], size, bold=bold) <= width:
            return cut
    return 1


def element(name: str, *children: str, **attributes: str | float | None) -> Markup:
    """Return one SVG element.

    Parameters
    ----------
    name : of the element.
    children : text, which is escaped, or `Markup` from this function, which is not.
    attributes : an underscore stands for a hyphen, a trailing one is dropped (``class_``); None leaves the attribute
        out. Numbers are written with two decimals at most.
    """
    # Strings are joined, and escaped one by one: `Markup.format` takes most of the time of a large figure.
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_attribute(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if not children:
        return Markup(f"<{name}{written}/>")  # noqa: S704 - names are literals of this package, values escaped
    inside = "".join(child if isinstance(child, Markup) else escape(clean(child)) for child in children)
    return Markup(f"<{name}{written}>{inside}</{name}>")  # noqa: S704 - as above


def _attribute(value: str | float) -> str:
    if isinstance(value, str):
        return clean(value)
    return f"{round(value, 2):g}" if abs(value) < 1e5 else f"{value:.0f}"


def words(
    texts: tuple[str, ...],
    x: float,
    y: float,
    *,
    size: float = SIZE,
    bold: bool = False,
    anchor: Literal["start", "middle", "end"] = "start",
    colour: str = INK,
) -> Markup:
    """Return one line of text, from text or from `Markup` of this module."""
    return element(
        "text",
        *texts,
        x=x,
        y=y,
        font_size=size,
        font_weight="bold" if bold else None,
        text_anchor=None if anchor == "start" else anchor,
        fill=None if colour == INK else colour,
    )


def anchored(content: Markup, href: str) -> Markup:
    """Return `content` inside a link; as it is when the address is neither within the page nor on the web."""
    if not href.startswith(("#", "https://", "http://")):
        return content
    return element("a", content, href=href)


def drawing(
    *content: Markup, width: float, height: float, title: str, description: str, identifier: str, roledescription: str
) -> str:
    """Return a whole figure, ready to stand in a page or in a file of its own.

    The figure holds links, so that its root is a group with a name, not an image (whose content could not be reached);
    the drawn part within is the image.
    """
    return str(
        element(
            "svg",
            element("title", title, id=f"{identifier}-title"),
            element("desc", description, id=f"{identifier}-desc"),
            *content,
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {_attribute(width)} {_attribute(height)}",
            width=width,
            height=height,
            role="group",
            aria_roledescription=roledescription,
            aria_labelledby=f"{identifier}-title {identifier}-desc",
            font_family=FONT,
            fill=INK,
            id=identifier,
        )
    )
