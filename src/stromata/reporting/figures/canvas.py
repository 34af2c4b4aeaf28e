"""The paper that figures are drawn on: its size, its letters, and the file that it becomes.

All places are in millimetres from the left and the top of the page. Equal input gives equal bytes: nothing is dated,
identifiers come from the content, and the settings of the user's own matplotlib are not looked at.
"""

from __future__ import annotations

import hashlib
import html
import io
import math
import re
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any, Literal, TypedDict, get_args

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.text import Text

from stromata.errors import InvalidInput
from stromata.reporting.svg import clean

Format = Literal["svg", "pdf", "png"]

MM = 72 / 25.4
"""Points in a millimetre."""

INK = "#111111"
GREY = "#5f5f5f"
PALE = "#c9c9c9"
BLUE = "#0072b2"
ORANGE = "#d55e00"
"""Blue and vermilion of Okabe and Ito's palette: told apart with every kind of colour blindness, and in grey."""

NARROW_MM = 120.0
"""Width below which a figure is one for a single column of a journal: smaller letters, fewer columns."""

_WIDTHS_MM = (60.0, 400.0)
_DPI = (50, 2400)

_LATIN = "DejaVu Sans"
"""Comes with matplotlib, so that every machine sets the same letters at the same places; it is also a wide face, so
that a viewer who lacks it and takes another one has room enough."""

_CHINESE = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "SimHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Noto Sans CJK JP",
    "Noto Sans CJK TC",
    "Droid Sans Fallback",
    "Arial Unicode MS",
)
"""Faces with Chinese letters; the first that is there is taken."""


class PageOptions(TypedDict, total=False):
    """What every figure takes.

    Attributes
    ----------
    format : ``svg`` (the default; text stays text), ``pdf`` (fonts embedded as TrueType) or ``png``.
    width_mm : 60 to 400; 174 unless given, the width of a page, or 84 for one column.
    dpi : of a PNG, 50 to 2400; 300 unless given.
    title : set above the figure; always in the file's metadata.
    """

    format: Format
    width_mm: float
    dpi: int
    title: str


@dataclass(frozen=True, slots=True)
class Page:
    """Options of a page, checked."""

    format: Format = "svg"
    width_mm: float = 174.0
    dpi: int = 300
    title: str = ""

    @property
    def narrow(self) -> bool:
        """Whether the page is one column of a journal."""
        return self.width_mm < NARROW_MM

    @property
    def size(self) -> float:
        """Size of the letters, in points."""
        return 6.5 if self.narrow else 7.5


def checked(options: PageOptions) -> Page:
    """Return the page that was asked for.

    Raises
    ------
    InvalidInput
        Another format, or a width or resolution out of range.
    """
    page = Page(**options)
    if page.format not in get_args(Format):
        raise InvalidInput(f"no format {page.format!r} of figures", hint=f"There are: {', '.join(get_args(Format))}.")
    for name, value, (low, high) in (("width_mm", page.width_mm, _WIDTHS_MM), ("dpi", page.dpi, _DPI)):
        if not low <= value <= high:
            raise InvalidInput(f"{name} is {value!r}; it must lie within {low:g} and {high:g}")
    return page


@contextmanager
def settings() -> Iterator[None]:
    """Draw under settings of our own, and leave those of the user as they were."""
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        mpl.rcParams.update(
            {
                "font.family": [_LATIN],
                "text.parse_math": False,
                "axes.unicode_minus": True,
                "svg.fonttype": "none",
                "svg.hashsalt": "stromata",
                "pdf.fonttype": 42,
                "path.simplify": False,
            }
        )
        # A letter that no face here has becomes a box in PDF and PNG; an SVG keeps it as text.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
        yield


@cache
def chinese_face() -> str | None:
    """Return the face that sets Chinese; None when this machine has none."""
    known = set(fontManager.get_font_names())
    return next((name for name in _CHINESE if name in known), None)


def faces(text: str) -> list[str]:
    """Return the faces for a text: a Chinese one only where it is needed, so that other figures do not depend on it."""
    wide = any(unicodedata.east_asian_width(letter) in ("W", "F") for letter in text)
    found = chinese_face() if wide else None
    return [_LATIN] if found is None else [_LATIN, found]


def tidy(text: str) -> str:
    """Return a text as one line without what a file cannot hold."""
    return " ".join(clean(text).replace("\n", " ").split(" ")).strip()


@cache
def _measure() -> RendererAgg:
    return RendererAgg(1, 1, 72 * _FINE)  # type: ignore[no-untyped-call]  # matplotlib leaves it untyped


_FINE = 10
"""Widths are measured on letters ten times as large, where rounding to whole pixels does not count."""


@lru_cache(maxsize=4096)
def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of a line of text in millimetres."""
    if not text:
        return 0.0
    font = FontProperties(family=faces(text), size=size, weight="bold" if bold else "normal")
    found = _measure().get_text_width_height_descent(text, font, ismath=False)  # type: ignore[no-untyped-call]  # as above
    return float(found[0]) / _FINE / MM


def wrapped(text: str, room: float, size: float, *, bold: bool = False) -> tuple[str, ...]:
    """Break a text into lines of at most `room` millimetres: at spaces, within words where it must be.

    A no-break space holds words together. Returns at least one line; nothing is left out.
    """
    lines: list[str] = []
    line = ""
    for piece in re.findall(r"[^ ]+ *| +", tidy(text)):
        if line and width_of((line + piece).rstrip(" "), size, bold=bold) > room:
            lines.append(line.rstrip(" "))
            line = ""
        rest = piece
        while len(rest) > 1 and width_of(rest.rstrip(" "), size, bold=bold) > room:
            cut = next((n for n in range(len(rest) - 1, 1, -1) if width_of(rest[:n], size, bold=bold) <= room), 1)
            lines.append(rest[:cut])
            rest = rest[cut:]
        line += rest
    return (*lines, line.rstrip(" ")) if line or not lines else tuple(lines)


def put(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    size: float,
    *,
    bold: bool = False,
    align: Literal["left", "center", "right"] = "left",
    colour: str = INK,
    name: str = "",
    **more: Any,  # noqa: ANN401 - what matplotlib's Text takes
) -> Text:
    """Set one line of text; `name` becomes the id of its group in an SVG."""
    written = axes.text(
        x,
        y,
        tidy(text),
        fontsize=size,
        fontweight="bold" if bold else "normal",
        ha=align,
        va=more.pop("va", "baseline"),
        color=colour,
        fontfamily=faces(text),
        **more,
    )
    if name:
        written.set_gid(name)
    return written


def sheet(page: Page, height_mm: float) -> tuple[Figure, Axes]:
    """Return an empty page and axes over all of it, in millimetres from its upper left corner."""
    figure = Figure(figsize=(page.width_mm * MM / 72, height_mm * MM / 72))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, page.width_mm)
    axes.set_ylim(height_mm, 0)
    axes.set_axis_off()
    return figure, axes


@dataclass(frozen=True, slots=True)
class Margins:
    """Millimetres around a panel, beside those of the title and the key."""

    left: float = 15.0
    right: float = 4.0
    top: float = 3.0
    bottom: float = 9.5


def one_panel(page: Page, height: float, labels: Sequence[str], name: str, margins: Margins) -> tuple[Figure, Axes]:
    """Return a titled page of one panel, `height` millimetres tall, with room for a key of these entries."""
    top, foot = title_room(page) + margins.top, margins.bottom + key_room(page, labels)
    figure = Figure(figsize=(page.width_mm * MM / 72, (top + height + foot) * MM / 72))
    heading(figure, page)
    wide = page.width_mm - margins.left - margins.right
    return figure, panel(figure, page, left=margins.left, top=top, width=wide, height=height, name=name)


def panel(figure: Figure, page: Page, *, left: float, top: float, width: float, height: float, name: str = "") -> Axes:
    """Return axes with a left and a lower spine, at a place in millimetres."""
    whole_w, whole_h = page.width_mm, figure.get_figheight() * 72 / MM
    axes = figure.add_axes((left / whole_w, 1 - (top + height) / whole_h, width / whole_w, height / whole_h))
    axes.spines[["top", "right"]].set_visible(False)
    for spine in axes.spines.values():
        spine.set_linewidth(0.6)
        spine.set_color(INK)
    axes.tick_params(labelsize=page.size, width=0.6, length=2.5, color=INK, labelcolor=INK, pad=2)
    if name:
        axes.set_gid(name)
    return axes


def caption(axes: Axes, page: Page, *, x: str = "", y: str = "") -> None:
    """Name what the two axes of a panel show, broken into lines where the panel is short."""
    box = axes.get_position()
    figure = axes.get_figure(root=True)
    tall = 0.0 if figure is None else figure.get_figheight() * 72 / MM
    across = "\n".join(wrapped(x, box.width * page.width_mm + 8, page.size))
    along = "\n".join(wrapped(y, box.height * tall + 8, page.size))
    axes.set_xlabel(across, fontsize=page.size, fontfamily=faces(across), color=INK, labelpad=3)
    axes.set_ylabel(along, fontsize=page.size, fontfamily=faces(along), color=INK, labelpad=3)


def heading(figure: Figure, page: Page) -> None:
    """Set the page's title at its upper left corner."""
    tall = figure.get_figheight() * 72 / MM
    for place, line in enumerate(title_lines(page)):
        down = 4.2 + place * page.size * 1.35 / MM
        figure.text(
            1.5 / page.width_mm,
            1 - down / tall,
            line,
            fontsize=page.size + 1,
            fontweight="bold",
            fontfamily=faces(line),
            color=INK,
            gid=f"title-{place + 1}",
        )


def title_lines(page: Page) -> tuple[str, ...]:
    """Return the lines of the title; none where there is no title."""
    return wrapped(page.title, page.width_mm - 3, page.size + 1, bold=True) if tidy(page.title) else ()


def title_room(page: Page) -> float:
    """Return the millimetres that the title takes from the top of the page."""
    lines = len(title_lines(page))
    return 0.0 if not lines else 3.0 + lines * page.size * 1.4 / MM


def key_columns(page: Page, labels: Sequence[str]) -> int:
    """Return in how many columns the key stands at the foot of the page."""
    widest = max((width_of(label, page.size) for label in labels), default=1.0) + 9.0
    return max(1, min(len(labels), int((page.width_mm - 3) / widest)))


def key_room(page: Page, labels: Sequence[str]) -> float:
    """Return the millimetres that the key takes from the foot of the page; a key of one entry is not drawn."""
    if len(labels) < 2:
        return 0.0
    return math.ceil(len(labels) / key_columns(page, labels)) * page.size * 1.45 / MM + 2.5


def key(figure: Figure, page: Page, entries: Sequence[Artist]) -> None:
    """Draw the key at the foot of the page: what each mark is, in words."""
    labels = [str(entry.get_label()) for entry in entries]
    if len(labels) < 2:
        return
    legend = figure.legend(
        handles=list(entries),
        loc="lower left",
        bbox_to_anchor=(1.5 / page.width_mm, 1.0 / (figure.get_figheight() * 72 / MM)),
        ncols=key_columns(page, labels),
        fontsize=page.size,
        frameon=False,
        handlelength=1.8,
        borderpad=0,
        borderaxespad=0,
        labelspacing=0.35,
        columnspacing=1.5,
    )
    legend.set_gid("key")
    for text in legend.get_texts():
        text.set_fontfamily(faces(text.get_text()))


def name_points(
    axes: Axes,
    page: Page,
    points: Sequence[tuple[float, float, str]],
    *,
    radii: Sequence[float] = (),
    lines: Sequence[Sequence[tuple[float, float]]] = (),
) -> None:
    """Write names beside points, the first first; a name for which there is no room is left out.

    `radii` are those of the marks, in millimetres; 0.6 without. Names keep off `lines`, each of which runs from one of
    its places to the next.
    """
    box = axes.get_window_extent()
    millimetre = MM / 72 * axes.figure.dpi
    places = [tuple(axes.transData.transform((x, y)) / millimetre) for x, y, _ in points]
    left, bottom, right, top = box.x0 / millimetre, box.y0 / millimetre, box.x1 / millimetre, box.y1 / millimetre
    size, tall = page.size - 0.5, page.size / MM
    sizes = radii or [0.6] * len(points)
    taken: list[tuple[float, ...]] = [(x - r, y - r, x + r, y + r) for (x, y), r in zip(places, sizes, strict=True)]
    for line in lines:
        way = [tuple(axes.transData.transform(place) / millimetre) for place in line]
        taken += [box for one, two in pairwise(way) for box in _beads(one, two)]
    for number, ((x, y), (at_x, at_y, text), r) in enumerate(zip(places, points, sizes, strict=True), start=1):
        wide = width_of(tidy(text), size)
        beside = [(x + r + 0.4, y - tall / 2, "left"), (x - r - 0.4 - wide, y - tall / 2, "right")]
        over = [(x - wide / 2, y + rise, "center") for rise in (r + 0.3, -r - 0.3 - tall)]
        aslant = [
            (x + (r + 0.1 if align == "left" else -r - 0.1 - wide), y + rise, align)
            for rise in (0.6, -0.6 - tall)
            for align in ("left", "right")
        ]
        for one_x, one_y, align in (*beside, *over, *aslant):
            new = (one_x, one_y, one_x + wide, one_y + tall)
            outside = new[0] < left or new[2] > right + 3 or new[1] < bottom or new[3] > top + 2
            if outside or any(overlap(new, other) for other in taken):
                continue
            taken.append(new)
            anchor = one_x + {"left": 0.0, "center": wide / 2, "right": wide}[align]
            written = axes.annotate(
                tidy(text),
                (at_x, at_y),
                xytext=((anchor - x) * MM, (one_y - y) * MM + 1.2),
                textcoords="offset points",
                ha=align,
                fontsize=size,
                fontfamily=faces(text),
                color=INK,
                annotation_clip=False,
            )
            written.set_gid(f"name-{number}")
            break


def _beads(one: tuple[float, ...], two: tuple[float, ...]) -> list[tuple[float, ...]]:
    """Return small boxes along the way from one place to another, in millimetres, without its two ends."""
    count = max(int(math.hypot(two[0] - one[0], two[1] - one[1]) / 0.5), 2)
    steps = [(one[0] + (two[0] - one[0]) * i / count, one[1] + (two[1] - one[1]) * i / count) for i in range(1, count)]
    return [(x - 0.15, y - 0.15, x + 0.15, y + 0.15) for x, y in steps]


def overlap(one: tuple[float, ...], two: tuple[float, ...]) -> bool:
    """Return whether two boxes (left, bottom, right, top) share some room."""
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]


def to_bytes(figure: Figure, page: Page, *, kind: str, description: str) -> bytes:
    """Return the file; its metadata hold the title (the `kind` of figure without one) and the description."""
    title, text = tidy(page.title) or kind, tidy(description)
    held: dict[str, dict[str, str | None]] = {
        "svg": {"Date": None, "Creator": "stromata", "Title": title},
        "pdf": {"CreationDate": None, "Creator": "stromata", "Title": title, "Subject": text},
        "png": {"Software": None, "Title": title, "Description": text},
    }
    out = io.BytesIO()
    figure.savefig(out, format=page.format, dpi=page.dpi, metadata=held[page.format], facecolor="white")
    if page.format != "svg":
        return out.getvalue()
    return _spoken(out.getvalue().decode("utf-8"), title, kind, text).encode("utf-8")


_STYLE = re.compile(r"<style type=\"text/css\">[^<]*</style>")
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_IDS = re.compile(r"(\bid=\"|href=\"#|url\(#)")


def _spoken(text: str, title: str, kind: str, description: str) -> str:
    """Make an SVG one image with a name and a description, whose ids and styles touch nothing else in a page."""
    mark = "f" + hashlib.sha256(f"{text}{title}{description}".encode()).hexdigest()[:10] + "-"
    text = _METADATA.sub("", _STYLE.sub("", text))
    head, _, body = text.partition("<svg ")
    body = re.sub(r"<title>[^<]*</title>", "", body, count=1)
    body = _TAG.sub(lambda tag: _IDS.sub(lambda found: found.group(1) + mark, tag.group()), body)
    attributes, _, inside = body.partition(">")
    spoken = html.escape(kind.lower())
    return (
        f'{head.partition("<!DOCTYPE")[0]}<svg {attributes} stroke-linejoin="round" role="img" '
        f'aria-roledescription="{spoken}" aria-labelledby="{mark}title {mark}desc">\n'
        f' <title id="{mark}title">{html.escape(title)}</title>\n'
        f' <desc id="{mark}desc">{html.escape(description)}</desc>{inside}'
    )
