"""XML files cut into their entries by a search among the bytes, each entry then parsed on its own.

A file is never parsed whole: memory does not grow with it, and one broken entry costs no other. Comments and CDATA
sections that contain the name of an entry do not mislead the cut. Nothing outside the file is ever fetched: a document
type is skipped, and one that defines entities of its own is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from html.entities import html5

from lxml import etree

from stromata.errors import Unreadable
from stromata.formats.content import BLOCK, Content, Passage
from stromata.formats.text import clean
from stromata.formats.xml_bytes import unescaped, utf8_blocks
from stromata.model import Problem, Record
from stromata.progress import Progress

LONGEST = 1 << 25
"""Bytes of the longest entry that is read; the largest registry entry with results has about ten million."""

_MOST_TAGS = 1_000_000
"""Signs ``<`` and ``=`` in an entry that is read: each costs some hundred bytes of memory."""

_TAIL = 1 << 16
"""Bytes of the longest tag that is recognised across the end of a block."""

_ROOT_WITHIN = 20_000
"""Characters within which the first element begins, after comments and a document type."""

_SHOWN = 50
"""Stretches of stray text that are told one by one."""

_QUOTED = 2000

_TINY, _PATIENCE, _PATIENCE_BYTES = 256, 1000, 4096
"""Entries shorter than so many bytes are no longer tried once so many broken ones were met, and one for each so many
bytes of the file: to find out what is wrong with an entry costs far more time than to read it."""

_MOST_MENDED = 200_000
"""Signs ``&`` in a broken entry that is mended: each costs some hundred bytes of memory for a moment."""

_MOST_SAVED = 100_000
"""Signs ``=`` in a broken entry of which something is saved: what is wrong with each attribute is written down."""

_SHORT = 40
"""Characters below which a value is likely to come again: names, terms, years."""

_clean_short = lru_cache(maxsize=1 << 14)(clean)

_PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, collect_ids=False, remove_comments=True, remove_pis=True
)
_SAVING = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, collect_ids=False, remove_comments=True, remove_pis=True,
    recover=True,
)  # fmt: skip

_SCOPE = re.compile(rb"\sxmlns:([\w.-]+)\s*=\s*(\"[^\"<]*\"|'[^'<]*')")
_PREFIX = rb"(?:[A-Za-z_][\w.-]*:)?"
_OTHER_FRAMES = ("html", "head", "meta", "body", "pre")
"""Elements that a browser puts around what it saves."""

_CONTROL_BYTES = bytes(set(range(32)) - {9, 10, 13})
_NAMED = re.compile(rb"&([A-Za-z][A-Za-z0-9]{1,31});")
_NUMBERED = re.compile(rb"&#(?:x([0-9A-Fa-f]{1,12})|([0-9]{1,12}));")
_BARE_AMPERSAND = re.compile(rb"&(?!(?:[A-Za-z][A-Za-z0-9]{1,31}|#x[0-9A-Fa-f]{1,12}|#[0-9]{1,12});)")
_INCLUDE = b"<xi:include"
_BARE_LESS = re.compile(rb"<(?![A-Za-z_/!?])")
_OWN = frozenset((b"amp", b"lt", b"gt", b"quot", b"apos"))
_REMARK = rb"<!--[^<]{0,300}?-->|<\?[^<]{0,300}?\?>"
"""Comments and processing instructions of the usual length without tags: runs of them are passed in one go."""


_MOST_PREFIXES = 32
"""Prefixes declared around entries that are remembered: files have up to ten."""

_LONGEST_NAME = 500
"""Bytes of the longest address of a namespace that is remembered."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """What an entry of a format is.

    Attributes
    ----------
    entries : names of the elements that are entries, without prefix.
    frame : names of the elements around them.
    inside : those entries that are part of another kind of entry where they stand within it.
    nests : whether an entry may hold elements of its own name.
    escaped : the tags are written as ``&lt;...&gt;``, as in a page that shows them.
    """

    entries: tuple[str, ...]
    frame: tuple[str, ...]
    inside: frozenset[str] = frozenset()
    nests: bool = False
    escaped: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an XML file.

    Attributes
    ----------
    name : of its element, without prefix.
    line, end_line : 1-based first and last line.
    root : its element; names of elements are without namespaces, and comments are gone.
    """

    name: str
    line: int
    end_line: int
    root: etree._Element


Maker = Callable[[Entry, str, int, list[Problem]], Record | Passage | None]
"""Makes a record of (entry, SHA-256 of the file, number of the record). It adds to the list of problems, always so
where it returns nothing."""


_ROOT = re.compile(r"(?:<\?.*?\?>|<!--.*?-->|<![A-Za-z][^>]*>|[^<])*+<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)", re.DOTALL)


def is_rooted(head: str, grammar: Grammar) -> bool:
    """Tell whether the first element of a text is one of a grammar's, and stands at its very beginning."""
    return root_of(head) in {*grammar.entries, *grammar.frame}


def root_of(head: str) -> str:
    """Return the name of the first element of a text, if it stands at its very beginning; nothing elsewhere."""
    if not head.lstrip("\ufeff \t\r\n").startswith("<"):
        return ""
    match = _ROOT.match(head[:_ROOT_WITHIN])
    return match[1] if match else ""


def read_entries(content: Content, grammar: Grammar, make: Maker, *, progress: Progress) -> Iterator[
    Record | Problem | Passage
]:  # fmt: skip
    """Yield the record of each entry, a Problem for each odd thing and a Passage for all else, in the file's order.

    Raises
    ------
    Unreadable
        The document type defines entities of its own.
    """
    number = 0
    for item in _cut(content, grammar, progress):
        if not isinstance(item, Entry):
            yield item
            continue
        problems: list[Problem] = []
        made = make(item, content.sha256, number + 1, problems)
        if isinstance(made, Record):
            number += 1
        yield made if made is not None else Passage(item.line, item.end_line, "stray", text_of(item.root)[:_QUOTED])
        yield from problems


def cited_work(words: Iterable[str], numbers: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the pair of `Record.extra` that names a cited work: its words, then its numbers as (kind, number), if any.

    >>> list(cited_work(["Li B. Cells."], [("pubmed", "12"), ("doi", "10.99999/a")]))
    [('CR', 'Li B. Cells. | PMID: 12 | doi: 10.99999/a')]
    """
    said = [f"PMID: {text}" if kind in {"pubmed", "pmid"} else f"{kind}: {text}" for kind, text in numbers if text]
    parts = [*filter(None, words), *said]
    if parts:
        yield "CR", " | ".join(parts)


def text_of(element: etree._Element | None) -> str:
    """Return all text of an element, that of inline markup and formulas included, as clean text."""
    if element is None:
        return ""
    if len(element):
        return clean(raw_text(element))
    text = element.text
    if not text or (text.isalnum() and text.isascii()):  # numbers, and every second name and term
        return text or ""
    return _clean_short(text) if len(text) < _SHORT else clean(text)


def raw_text(element: etree._Element) -> str:
    """Return all text of an element as it stands."""
    return "".join(map(str, element.itertext()))


def texts_of(element: etree._Element | None, path: str) -> list[str]:
    """Return the texts, none of them empty, of all elements at a path below an element."""
    if element is None:
        return []
    return [text for one in element.iterfind(path) if (text := text_of(one))]


def first_text(element: etree._Element | None, *paths: str) -> str:
    """Return the text of the first element that has any, of the first path that has one."""
    if element is None:
        return ""
    return next((text for path in paths for one in element.iterfind(path) if (text := text_of(one))), "")


def innermost(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    """Yield the elements of some names below an element, but none that holds another of them: no text comes twice."""
    for one in element.iter(*names):
        if not len(one) or next(one.iterdescendants(*names), None) is None:
            yield one


def left_over(
    element: etree._Element, known: frozenset[str] = frozenset(), *, within: str = ""
) -> list[tuple[str, str]]:
    """Return (name, text) of each child of an element but those of known names.

    A child that has parts of its own gives their names and texts in one line: ``name: text | name: text``.
    """
    found: list[tuple[str, str]] = []
    for child in element:
        name = str(child.tag)
        if name in known:
            continue
        if len(child) and not (child.text and child.text.strip()):
            text = " | ".join(
                f"{one.tag}: {said}" for one in child.iter("*") if not len(one) and (said := text_of(one))
            )
        else:
            text = text_of(child)
        if text:
            found.append((f"{within}/{name}" if within else name, text))
    return found


# The cut.


@dataclass(slots=True)
class _Window:
    """The part of the file that is at hand. Offsets are from its beginning.

    Of each text searched for, it is remembered from where on and to where it was looked for, and where it was found:
    however the file is made, no byte is searched twice for the same.
    """

    blocks: Iterator[bytes | Problem]
    data: bytearray = field(default_factory=bytearray)
    base: int = 0
    line: int = 1
    problems: list[Problem] = field(default_factory=list)
    _known: dict[bytes, tuple[int, int, int]] = field(default_factory=dict)

    def more(self) -> bool:
        """Read one more block; False at the end of the file."""
        for block in self.blocks:
            if isinstance(block, Problem):
                self.problems.append(block)
                continue
            self.data += block
            return True
        return False

    def find(self, needle: bytes, start: int) -> int:
        """Return where `needle` comes next; -1 where the file ends first, or nothing comes for `LONGEST` bytes."""
        begun, upto, found = self._known.get(needle, (0, 0, -1))
        at = self.base + start
        if begun <= at and found >= at:
            return found - self.base
        look = max(start, upto - self.base) if begun <= at and found < 0 else start
        while True:
            place = self.data.find(needle, look)
            if place >= 0:
                self._known[needle] = (at, self.base + place, self.base + place)
                return place
            look = max(start, len(self.data) - len(needle) + 1)
            if len(self.data) - start > LONGEST or not self.more():
                self._known[needle] = (at, self.base + look, -1)
                return -1

    def take(self, end: int) -> tuple[bytes, int]:
        """Take the bytes before `end` out; return them and the number of their first line."""
        taken = bytes(self.data[:end])
        del self.data[:end]
        line = self.line
        self.line += taken.count(b"\n")
        self.base += end
        return taken, line


@dataclass(slots=True)
class _Gap:
    """What stands between two entries."""

    tags: re.Pattern[bytes]
    scope: dict[bytes, bytes] = field(default_factory=dict)
    frame: tuple[int, int] | None = None
    stray: tuple[int, int] | None = None
    text: bytearray = field(default_factory=bytearray)
    strays: int = 0
    broken: int = 0
    last: int = 0

    def add(self, piece: bytes, line: int) -> None:
        """Take note of what is not blank in a piece: tags of the frame, or text and elements that belong to nothing."""
        if piece.isspace() or not piece:
            return
        self.declare(piece)
        first = line + piece[: len(piece) - len(piece.lstrip())].count(b"\n")
        last = line + piece.rstrip().count(b"\n")
        rest = self.tags.sub(b"", piece).strip()
        if rest:
            self.stray = (self.stray[0] if self.stray else first, last)
            if len(self.text) < _QUOTED:
                self.text += b" " + rest[:_QUOTED]
        else:
            self.around(first, last)

    def between(self, rest: bytes, first: int, last: int) -> None:
        """Take note of what stands between entries without anything in them."""
        said = self.tags.sub(b" ", rest).strip()
        if said:
            self.stray = (first, last)
            self.text += said[:_QUOTED]

    def around(self, first: int, last: int) -> None:
        """Take note of lines of the frame."""
        self.frame = (self.frame[0] if self.frame else first, last)

    def declare(self, piece: bytes) -> None:
        """Remember the prefixes that tags around entries declare."""
        if b"xmlns:" in piece and len(self.scope) < _MOST_PREFIXES:
            for match in _SCOPE.finditer(piece):
                if len(match[2]) < _LONGEST_NAME and len(self.scope) < _MOST_PREFIXES:
                    self.scope[match[1]] = match[2]

    def told(self) -> Iterator[Problem | Passage]:
        """Yield what was met, and forget it."""
        if self.frame:
            yield Passage(*self.frame, "wrapper")
        if self.stray:
            first, last = self.stray
            said = clean(self.text.decode("utf-8", "replace"))[:_QUOTED]
            yield Passage(first, last, "stray", said)
            self.strays += 1
            self.last = first
            if self.strays <= _SHOWN:
                where = f"Line {first} stands" if first == last else f"Lines {first} to {last} stand"
                text = f"{where} outside every entry and belong{'s' * (first == last)} to nothing: {said}"
                yield Problem(first, "xml-stray", text, "Look whether an entry before or after it is broken.")
        self.frame = self.stray = None
        self.text.clear()

    def counted(self) -> Iterator[Problem]:
        """Tell how many more stretches there were than were told."""
        if self.strays > _SHOWN:
            text = f"The same holds for {self.strays - _SHOWN} more places, the last in line {self.last}."
            yield Problem(self.last, "xml-stray", text)


@dataclass(frozen=True, slots=True)
class _Marks:
    """What is searched for.

    Attributes
    ----------
    opening : what may begin between entries.
    plain : for each entry, texts of which it has none where its first end is its own; its own opening comes first, so
        that however many entries have lost their ends, only the first looks far.
    inner : for each entry, the tags that matter where it has one of them.
    empty : one entry that holds nothing.
    empties : a run of such, with what stands between them.
    unended : a run of tiny entries that have lost their ends.
    frame : tags around entries, and remarks.
    between : what else may follow a remark before the next entry.
    nests : as in the grammar.
    """

    opening: re.Pattern[bytes]
    plain: dict[bytes, tuple[bytes, ...]]
    inner: dict[bytes, re.Pattern[bytes]]
    empty: re.Pattern[bytes]
    empties: re.Pattern[bytes]
    unended: re.Pattern[bytes]
    frame: re.Pattern[bytes]
    between: re.Pattern[bytes]
    nests: bool


def _marks(grammar: Grammar) -> _Marks:
    names = b"|".join(name.encode() for name in grammar.entries)
    inner = {}
    plain = {}
    for name in grammar.entries:
        others = [one for one in grammar.entries if name in grammar.inside or one not in grammar.inside]
        kinds = [name.encode(), *(one.encode() for one in others if one != name and not grammar.nests)]
        starts = b"|".join(kinds)
        plain[name.encode()] = (*(b"<" + one + after for one in kinds for after in (b">", b" ")), b"<!")
        ends = b"|".join(one.encode() for one in grammar.frame) if not grammar.nests else b"(?!)"
        inner[name.encode()] = re.compile(
            rb"<!--|<!\[CDATA\[|<(/?)" + _PREFIX + rb"(" + starts + rb")(?=[\s/>])"
            # the end of the frame ends an entry that has lost its own
            rb"|</" + _PREFIX + rb"(?:" + ends + rb")\s*>"
        )  # fmt: skip
    frames = b"|".join(re.escape(name.encode()) for name in (*grammar.frame, *_OTHER_FRAMES))
    tags = rb"(?i:</?" + _PREFIX + rb"(?:" + frames + rb")(?:\s[^<>]*)?/?>)"
    cdata = rb"<!\[CDATA\[[^<]{0,300}?\]\]>"
    empty = _empty(grammar, names)
    return _Marks(
        opening=re.compile(rb"<(?:!--|!\[CDATA\[|\?|(?i:!DOCTYPE)|" + _PREFIX + rb"(" + names + rb")(?=[\s/>]))"),
        plain=plain,
        inner=inner,
        empty=re.compile(empty),
        empties=re.compile(
            rb"(?:%b)(?:(?:[^<]++|<!--[^<>]{0,300}?-->)*+(?:%b))*+(?:\s++|<!--[^<>]{0,300}?-->)*+" % (empty, empty)
        ),
        unended=_unended(names) if not grammar.nests else re.compile(rb"(?!)"),
        frame=re.compile(tags + rb"|" + _REMARK),
        between=re.compile(rb"(?:[^<]++|" + rb"|".join((tags, _REMARK, cdata)) + rb")*+"),
        nests=grammar.nests,
    )


def _empty(grammar: Grammar, names: bytes) -> bytes:
    """Return the pattern of an entry that holds nothing but tags, or has no end before the next begins."""
    opening = rb"<" + _PREFIX + rb"(?:%s)(?=[\s/>])"
    outer = b"|".join(name.encode() for name in grammar.entries if name not in grammar.inside)
    units = [
        opening % names + rb"[^<>]*/>",
        opening % names + rb"[^<>]*>(?:\s*+<(?!/?" + _PREFIX + rb"(?:" + names + rb")(?=[\s/>]))[^<>!?\"'=]*+>)*+"
        rb"\s*+</" + _PREFIX + rb"(?:" + names + rb")\s*>",
    ]
    if not grammar.nests:
        units.append(opening % outer + rb"[^<]*(?=" + opening % outer + rb")")
        inner = b"|".join(name.encode() for name in grammar.inside)
        units += [opening % inner + rb"[^<]*(?=" + opening % names + rb")"] if inner else []
    return b"|".join(units)


def _unended(names: bytes) -> re.Pattern[bytes]:
    opening = rb"<" + _PREFIX + rb"(?:" + names + rb")(?=[\s/>])"
    inside = rb"(?:(?!</?" + _PREFIX + rb"(?:" + names + rb")[\s/>])[\s\S])"
    return re.compile(rb"(?:" + opening + inside + rb"{0,200}+(?=" + opening + rb"))++")


def _cut(content: Content, grammar: Grammar, progress: Progress) -> Iterator[Entry | Passage | Problem]:
    blocks = utf8_blocks(content, progress)
    window = _Window(unescaped(blocks) if grammar.escaped else blocks)
    marks = _marks(grammar)
    gap = _Gap(marks.frame)
    while True:
        yield from window.problems
        window.problems.clear()
        match = marks.opening.search(window.data)
        if match is None:
            _pass(window, gap)
            if not window.more():
                break
            continue
        kind, start = match[0], match.start()
        name = bytes(match[1]) if match[1] else b""
        del match  # it holds the window's bytes, which then cannot be cut
        if start:
            gap.add(*window.take(start))
        if name:
            yield from gap.told()
            yield from _taken(window, name, kind, marks, gap)
        elif kind in {b"<!--", b"<?"}:
            yield from _remarks(window, kind, marks, gap)
        else:
            _skip(content.name, window, kind, marks, gap)
    gap.add(*window.take(len(window.data)))
    yield from gap.told()
    yield from gap.counted()
    yield from window.problems


def _pass(window: _Window, gap: _Gap) -> None:
    """Put aside what holds no opening, but for a tag that is cut by the end of the block."""
    size = len(window.data)
    cut = window.data.rfind(b"<", max(0, size - _TAIL))
    gap.add(*window.take(cut if cut >= 0 and window.data.find(b">", cut) < 0 else size))


def _remarks(window: _Window, kind: bytes, marks: _Marks, gap: _Gap) -> Iterator[Passage | Problem]:
    """Go past a comment or a processing instruction, and all that follows it but entries."""
    closing = b"-->" if kind == b"<!--" else b"?>"
    end = window.find(closing, len(kind))
    if end < 0:
        gap.add(*window.take(_unclosed(window, kind)))
        return
    end += len(closing)
    data, line = window.take(_behind(window, end, marks))
    last = line + data.rstrip().count(b"\n")
    gap.declare(data[end:])
    # a short one of as many lines in place of the first, which may be long and have tags in it
    short = kind + closing + b"\n" * data.count(b"\n", 0, end) + data[end:]
    rest = marks.frame.sub(b"", short)
    begins = short.find(b"<!--")
    if rest and not rest.isspace():
        gap.add(short, line)
    elif begins < 0:
        gap.around(line, last)
    else:
        first = line + short.count(b"\n", 0, begins)
        if begins:
            gap.around(line, max(line, first - 1))
        yield from gap.told()
        words = data[4:] if begins == 0 else short[begins + 4 :]
        text = clean(words[:_QUOTED].decode("utf-8", "replace")).partition("-->")[0].strip()
        yield Passage(first, last, "comment", text)


def _behind(window: _Window, end: int, marks: _Marks) -> int:
    """Return the place behind all that is no entry from a place on."""
    found = marks.between.match(window.data, end)
    return found.end() if found else end


def _unclosed(window: _Window, opening: bytes) -> int:
    """Return how many bytes belong to a run of openings that are never closed, and the text behind them."""
    run = re.compile(rb"(?:%s[^<]*+)++" % re.escape(opening)).match(window.data)
    return run.end() if run else len(opening)


def _skip(name: str, window: _Window, kind: bytes, marks: _Marks, gap: _Gap) -> None:
    """Go past a document type or a CDATA section between entries."""
    if kind.upper() == b"<!DOCTYPE":
        end = window.find(b">", 9)
        if window.data.find(b"[", 0, end if end >= 0 else _QUOTED) >= 0:
            raise Unreadable(
                f"{name} defines entities or elements of its own in line {window.line} (a document type with an inner "
                "part), which is refused: such files can be made to harm the reader.",
                hint="Export it again, or delete the part in square brackets after <!DOCTYPE.",
            )
        if end < 0:
            gap.add(*window.take(_unclosed(window, kind)))
            return
        _, line = window.take(end + 1)
        gap.frame = (gap.frame[0] if gap.frame else line, window.line)
        return
    end = window.find(b"]]>", 9)
    gap.add(*window.take(_behind(window, end + 3, marks) if end >= 0 else _unclosed(window, b"<![CDATA[")))


def _taken(
    window: _Window, name: bytes, opening: bytes, marks: _Marks, gap: _Gap
) -> Iterator[Entry | Passage | Problem]:
    """Take the entry with which the window begins, and parse it."""
    empty = marks.empties.match(window.data)
    length = empty.end() if empty else 0
    del empty
    if length:
        data, line = window.take(length)
        last = line + data.rstrip().count(b"\n")
        count = sum(map(bool, marks.opening.findall(data)))
        yield Passage(line, last, "stray", clean(data[:_QUOTED].decode("utf-8", "replace")))
        text = f"Entries without anything in them stand in lines {line} to {last}: {count} of them."
        yield Problem(line, "xml-empty", text, "Export again what should stand there.")
        gap.between(marks.empty.sub(b" ", data), line, last)
        return
    end, whole = _end(window, name, opening[1:], marks)
    data, line = window.take(end)
    last = line + data.rstrip().count(b"\n")
    label = name.decode()
    if end > LONGEST or (end > BLOCK and data.count(b"<") + data.count(b"=") > _MOST_TAGS):
        yield Passage(line, last, "stray", clean(data[:_QUOTED].decode("utf-8", "replace")))
        text = f"The entry that begins in line {line} is larger than any entry is; its {end} bytes were not read."
        yield Problem(line, "xml-too-long", text, "Look whether its end was lost, and export it again.")
        return
    if end < _TINY and gap.broken > _PATIENCE + window.base // _PATIENCE_BYTES:
        gap.add(data, line)
        rest = marks.unended.match(window.data)
        length = rest.end() if rest else 0
        del rest
        if length:
            gap.add(*window.take(length))
        return
    root, reason, at = _parsed(data, gap.scope)
    gap.broken += bool(reason)
    if root is None:
        yield Passage(line, last, "stray", clean(data[:_QUOTED].decode("utf-8", "replace")))
        text = f"The entry in lines {line} to {last} cannot be read ({reason})."
        yield Problem(line + at, "xml-broken", text, "Export it again, or mend this place by hand.")
        return
    yield Entry(label, line, last, root)
    asks = data.find(_INCLUDE)
    if asks >= 0:
        place = line + data.count(b"\n", 0, asks)
        text = f"Line {place} asks for the text of another file (XInclude), which is never fetched."
        yield Problem(place, "xml-include", text, "Put that text into the file where it is missing.")
    if not whole:
        text = f"The entry that begins in line {line} has no end (</{opening[1:].decode()}>); what there is was read."
        yield Problem(last, "xml-no-end", text, "The file may have been cut off here: export it again.")
    elif reason:
        text = f"The entry in lines {line} to {last} is not well-formed XML ({reason}); what could be saved was read."
        yield Problem(line + at, "xml-broken", text, "Compare the record with the source, or export it again.")


def _end(window: _Window, name: bytes, qualified: bytes, marks: _Marks) -> tuple[int, bool]:
    """Return where the entry at the window's beginning ends, and whether it does so by its own end."""
    tag = window.find(b">", 1)
    if tag > 0 and window.data[tag - 1] == 0x2F:
        return tag + 1, True
    closing = b"</" + qualified + b">"
    end = window.find(closing, 1)
    if end > 0 and qualified == name and not any(window.data.find(one, 1, end) > 0 for one in marks.plain[name]):
        return end + len(closing), True
    return _careful_end(window, name, marks)


def _careful_end(window: _Window, name: bytes, marks: _Marks) -> tuple[int, bool]:
    """Find the end by every tag that matters, past comments and CDATA sections."""
    pattern = marks.inner[name]
    at, depth = 1, 1
    while True:
        match = pattern.search(window.data, at)
        if match is None:
            at = max(1, window.data.rfind(b"<", at))
            if len(window.data) > LONGEST or not window.more():
                return len(window.data), False
            continue
        start, at, token = match.start(), match.end(), match[0]
        closes, other = match[1], match[2]
        del match
        if token in {b"<!--", b"<![CDATA["}:
            end = window.find(b"-->" if token == b"<!--" else b"]]>", at)
            at = end + 3 if end >= 0 else at
        elif other is None:
            return start, False
        elif closes:
            depth -= 1
            if not depth or not marks.nests:
                end = window.find(b">", at)
                return (end + 1 if end >= 0 else at), other == name
        elif not marks.nests:
            return start, False
        else:
            end = window.find(b">", at)
            depth += not (end > 0 and window.data[end - 1] == 0x2F)


# The parsing of one entry.


def _parsed(data: bytes, scope: dict[bytes, bytes]) -> tuple[etree._Element | None, str, int]:
    """Return the element, what was wrong with it (nothing if all is well), and lines from its beginning to there."""
    reason, at = "", 0
    scope = _needed(data, scope)
    wrapped = _within(data, scope)
    try:
        root = etree.fromstring(wrapped, _PARSER)
    except etree.XMLSyntaxError as error:
        mended, changed = _mended(data) if data.count(b"&") < _MOST_MENDED else (data, False)
        wrapped = _within(mended, scope)
        if changed:
            reason, at = _reason(error)
        try:
            root = etree.fromstring(wrapped, _PARSER)
        except etree.XMLSyntaxError as again:
            found, harmless = _saved(wrapped)
            if not harmless:
                reason, at = _reason(again)
            if found is None:
                return None, reason or _reason(again)[0], at
            root = found
    if scope and root.tag == "scope" and len(root):
        root = root[0]
    if scope or b"xmlns" in data or ":" in str(root.tag):
        for element in root.iter("*"):
            name = str(element.tag)
            if ":" in name:  # an address or a prefix
                with suppress(ValueError):  # what is behind the colon of a broken entry may be no name
                    element.tag = re.split("[}:]", name)[-1]
    return root, reason, at


def _needed(data: bytes, scope: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """Return those of the prefixes declared around entries that an entry has."""
    if not scope or b":" not in data:
        return {}
    return {prefix: address for prefix, address in scope.items() if prefix + b":" in data}


def _within(data: bytes, scope: dict[bytes, bytes]) -> bytes:
    """Put an entry into an element that declares the prefixes declared around it."""
    if not scope:
        return data
    return b"<scope" + b"".join(b" xmlns:%s=%s" % pair for pair in scope.items()) + b">" + data + b"</scope>"


def _reason(error: etree.XMLSyntaxError) -> tuple[str, int]:
    line = error.lineno or 1
    return re.sub(r", line \d+, column \d+.*", "", str(error.msg)).split(" (<string>")[0].strip(), max(0, line - 1)


def _saved(data: bytes) -> tuple[etree._Element | None, bool]:
    """Return what can be saved of a broken entry, and whether nothing is wrong but prefixes that are not declared."""
    if data.count(b"=") > _MOST_SAVED:
        return None, False
    try:
        root = etree.fromstring(data, _SAVING)
    except etree.XMLSyntaxError:
        return None, False
    harmless = all(one.domain_name == "NAMESPACE" for one in _SAVING.error_log)
    return root, harmless


def _mended(data: bytes) -> tuple[bytes, bool]:
    """Return an entry with HTML's named characters as characters and without signs that XML forbids.

    The second value tells whether bare signs (``AT&T``, ``p < 0.05``) had to be taken as text, which is a guess.
    """
    parts: list[tuple[bytes, bool]] = []
    done = 0
    while (start := data.find(b"<![CDATA[", done)) >= 0 and (end := data.find(b"]]>", start)) >= 0:
        parts += [_mended(data[done:start]), (data[start : end + 3].translate(None, _CONTROL_BYTES), False)]
        done = end + 3
    if parts:
        rest, changed = _mended(data[done:]) if done < len(data) else (b"", False)
        return b"".join(part for part, _ in parts) + rest, changed or any(one for _, one in parts)
    data = _NUMBERED.sub(_number, data.translate(None, _CONTROL_BYTES))
    data = _NAMED.sub(_character, data)
    changed = bool(_BARE_AMPERSAND.search(data) or _BARE_LESS.search(data))
    if changed:
        data = _BARE_LESS.sub(b"&lt;", _BARE_AMPERSAND.sub(b"&amp;", data))
    return data, changed


def _character(match: re.Match[bytes]) -> bytes:
    name = match[1]
    if name in _OWN:
        return match[0]
    sign = html5.get(name.decode() + ";")
    return sign.encode().replace(b"&", b"&amp;").replace(b"<", b"&lt;") if sign else b"&amp;" + name + b";"


def _number(match: re.Match[bytes]) -> bytes:
    point = int(match[1], 16) if match[1] else int(match[2])
    allowed = (
        point in {9, 10, 13} or 0x20 <= point <= 0xD7FF or 0xE000 <= point <= 0xFFFD or 0x10000 <= point <= 0x10FFFF
    )
    return match[0] if allowed else b""
