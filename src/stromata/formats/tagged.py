"""Tagged text: Web of Science, EndNote and Refer, RefWorks, NoteExpress and CNKI, read by one engine.

What differs between the layouts is data (tagged.yaml): how a tag is written, what begins and ends an entry, and what
each tag means. Ovid's layouts, which share the tables, are cut by `ovid`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from stromata.formats.content import Passage
from stromata.formats.draft import FIELDS, Draft
from stromata.formats.tag_lines import Entry, bounded
from stromata.formats.text import clean, name_of, without_tags
from stromata.model import Name, Problem, Record

LayoutName = Literal["isi", "enw", "refworks-tagged", "noteexpress", "cnki-custom"]

_QUOTED = 300
"""Characters of text outside entries that are repeated."""

_FLUSH = 2000
"""Lines outside entries after which they are handed on, so that memory does not grow with them."""

_SNIFFS = {
    name: tuple(re.compile(pattern, re.MULTILINE) for pattern in patterns)
    for name, patterns in {
        "isi": (r"^PT [A-Z] ?$", r"^(?:TI|AU|SO|UT|AB) \S"),
        "enw": (r"^ ?%[0T][ \t]\S",),
        "refworks-tagged": (r"^RT [A-Z][A-Za-z]", r"^(?:A1|T1|JF|YR|SR|AB|K1)(?: |[^\x00-\x7f])"),
        "noteexpress": (r"^[ \t]*\{Reference Type\}[ \t]*[:：]",),
        "cnki-custom": (r"^[ \t]*(?:SrcDatabase|Title|Author|Source)-[^\s:：\x00-\x7f]{1,10}[:：]",),
    }.items()
}
"""By layout, patterns that all must be found. They are looked for apart: one within another would be slow."""

_ENW_TAG = re.compile(r"^ ?%([A-Z0-9@+])[ \t]\S", re.MULTILINE)
_PREAMBLE = re.compile(r"\s*(?:\d+\s*[.)]|[-=_*#]{3,})\s*")
_PEOPLE_EMAIL = re.compile(r"\s*\(([^()\s]+@[^()\s]+)\)\s*")
_HAN = re.compile(r"[\u3400-\u9fff]")
_HAN_LIST = re.compile(r"[\u3400-\u9fff·]{2,12}(?:[,，、][ \u3000]*[\u3400-\u9fff·]{2,12})+")
_ET_AL = re.compile(r"(?:et\.? al\.?|and others|others|等)[.;]?", re.IGNORECASE)
_UT = re.compile(r"([A-Z]{2,10}):(\S+)")
_BREAK = re.compile(r"\(#br\)", re.IGNORECASE)

_PLATFORMS = {
    "WOS": "Web of Science Core Collection", "ISI": "Web of Science Core Collection", "MEDLINE": "MEDLINE",
    "ZOOREC": "Zoological Record", "CABI": "CAB Abstracts", "FSTA": "FSTA", "BIOSIS": "BIOSIS", "BCI": "BIOSIS",
    "KJD": "KCI-Korean Journal Database", "SCIELO": "SciELO Citation Index", "RSCI": "Russian Science Citation Index",
    "CSCD": "Chinese Science Citation Database", "INSPEC": "Inspec", "DIIDW": "Derwent Innovations Index",
    "DRCI": "Data Citation Index", "PPRN": "Preprint Citation Index", "PQDT": "ProQuest Dissertations & Theses",
    "GRANTS": "Grants Index", "ARCI": "Arabic Citation Index",
}  # fmt: skip
"""Databases of the Web of Science platform by the letters that their accession numbers begin with."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How one kind of tagged text is written; see the head of tagged.yaml."""

    name: str
    line: re.Pattern[str]
    tags: Mapping[str, str]
    labels: Mapping[str, str]
    known: bool
    opens: frozenset[str]
    after_blank: frozenset[str]
    ends: frozenset[str]
    frame: frozenset[str]
    by_line: frozenset[str]
    split: Mapping[str, str]


@cache
def _data() -> dict[str, Any]:  # Any: YAML, looked at key by key
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = files("stromata.formats").joinpath("tagged.yaml").read_text(encoding="utf-8")
    data: dict[str, Any] = yaml.load(text, Loader=loader)  # noqa: S506 - a safe loader, in C where there is one
    return data


@cache
def layout(name: str) -> Layout:
    """Return the layout of that name in tagged.yaml."""
    said = _data()[name]
    sets = {key.replace("-", "_"): frozenset(said.get(key, ())) for key in
            ("opens", "after-blank", "ends", "frame", "by-line")}  # fmt: skip
    return Layout(
        name=name, line=re.compile(said["line"], re.DOTALL), tags=said["tags"], labels=said.get("labels", {}),
        known=bool(said.get("known")), split=said.get("split", {}), **sets,
    )  # fmt: skip


@cache
def kinds() -> tuple[dict[str, str], frozenset[str]]:
    """Return CSL types by the words that layouts use, and the words that are the first of their type."""
    words: dict[str, str] = _data()["types"]
    first = {kind: word for word, kind in reversed(words.items())}
    return words, frozenset(first.values())


def table(name: str) -> dict[str, Any]:  # Any: as for _data
    """Return what tagged.yaml says under a name, for layouts of their own."""
    said: dict[str, Any] = _data()[name]
    return said


def sniffer(name: LayoutName) -> Callable[[str], bool]:
    """Return what tells whether the first part of a file is of that layout."""
    patterns = _SNIFFS[name]

    def sniff(head: str) -> bool:
        found = all(pattern.search(head) for pattern in patterns)
        return found and (name != "enw" or len(set(_ENW_TAG.findall(head))) > 1)

    return sniff


class _Reader:
    """Reads one layout; an instance is a line reader."""

    def __init__(self, name: LayoutName) -> None:
        self.name = name

    def __call__(
        self, lines: Iterable[tuple[int, str | Problem]], *, source: str
    ) -> Iterator[Record | Problem | Passage]:
        """Yield what the lines hold; see `catalogue.LineReader`."""
        form = layout(self.name)
        yield from records(cut(bounded(lines), form), form, source=source, finish=_FINISH.get(self.name))


def reader(name: LayoutName) -> _Reader:
    """Return the reader of that layout: it yields a Record for each entry, Problems and Passages, in order."""
    return _Reader(name)


Finish = Callable[[Draft, Entry], None]
"""What a layout does to a draft besides its table."""


def records(
    items: Iterable[Entry | Problem | Passage], form: Layout, *, source: str, finish: Finish | None
) -> Iterator[Record | Problem | Passage]:
    """Turn entries into records and pass everything else on."""
    number = 0
    for item in items:
        if not isinstance(item, Entry):
            yield item
            continue
        draft = drafted(item, form)
        if finish:
            finish(draft, item)
        record = draft.record(source=source, number=number + 1)
        if record is None:
            yield Passage(item.line, item.end_line, "stray")
        else:
            number += 1
            yield record
        yield from draft.problems


@dataclass(slots=True)
class Outside:
    """Lines that belong to no entry, until they are told."""

    format: str
    lines: list[tuple[int, str]] = field(default_factory=list)
    entries: int = 0

    def add(self, number: int, line: str) -> None:
        """Take a line, unless it is blank."""
        if line and not line.isspace():
            self.lines.append((number, line))

    def told(self) -> Iterator[Problem | Passage]:
        """Yield a Passage for what there is, and forget it: what stands before the first entry is a preamble."""
        if not self.lines:
            return
        first, last = self.lines[0][0], self.lines[-1][0]
        text = clean(" ".join(line for _, line in self.lines[:20])[: 4 * _QUOTED])[:_QUOTED]
        stray = self.entries > 0 and not all(_PREAMBLE.fullmatch(line) for _, line in self.lines)
        yield Passage(first, last, "stray" if stray else "preamble", text)
        if stray:
            where = f"Line {first} stands" if first == last else f"Lines {first} to {last} stand"
            hint = "Look whether it belongs to the entry before; if so, join the lines."
            yield Problem(first, f"{self.format}-outside-entry", f"{where} outside every entry: {text}", hint)
        self.lines = []


def cut(lines: Iterable[tuple[int, str | Problem]], form: Layout) -> Iterator[Entry | Problem | Passage]:
    """Cut the lines into entries, and what stands around them into passages."""
    match_line, known = form.line.match, form.tags if form.known else None
    cutter = _Cutter(form)
    for number, line in lines:
        if not isinstance(line, str):
            yield line
            continue
        match = match_line(line)
        if match is not None and (known is None or match[1] in known):
            tag = match[1]
            if tag in form.frame or tag in form.ends or cutter.entry is None or cutter.begins(tag):
                yield from cutter.turn(number, line, tag)
            if cutter.entry is not None:
                cutter.entry.add(tag, match[match.lastindex or 1] or "" if match.lastindex != 1 else "", number)
                cutter.met.add(tag)
            cutter.blank = False
        elif not line or line.isspace():
            cutter.blank = True
        else:
            cutter.blank = False
            if cutter.entry is not None:
                cutter.entry.goes_on(line, number)
            else:
                cutter.outside.add(number, line)
                if len(cutter.outside.lines) > _FLUSH:
                    yield from cutter.outside.told()
    yield from cutter.close(missing=bool(form.ends))
    yield from cutter.outside.told()


class _Cutter:
    """Where the cutting of one file stands."""

    def __init__(self, form: Layout) -> None:
        self.form = form
        self.entry: Entry | None = None
        self.met: set[str] = set()  # tags of the entry at hand
        self.outside = Outside(form.name)
        self.blank = False

    def turn(self, number: int, line: str, tag: str) -> Iterator[Entry | Problem | Passage]:
        """End the entry before a tag, if need be, and begin the next."""
        form = self.form
        if tag in form.ends:
            if self.entry is None:
                self.outside.add(number, line)
            else:
                self.entry.end_line = number
                yield from self.close(missing=False)
            return
        yield from self.close(missing=bool(form.ends))
        yield from self.outside.told()
        if tag in form.frame:
            yield Passage(number, number, "wrapper", clean(line)[:_QUOTED])
        else:
            self.outside.entries += 1
            self.entry, self.met = Entry(number, number), set()

    def close(self, *, missing: bool) -> Iterator[Entry | Problem | Passage]:
        """Hand on the entry, if there is one."""
        entry, self.entry = self.entry, None
        if entry is None:
            return
        end_line = entry.end_line
        yield from entry.handed_on(self.form.name)
        if missing:
            said = f"The entry that begins in line {entry.line} has no end ({', '.join(sorted(self.form.ends))})."
            hint = "Look whether the file was cut off here."
            yield Problem(end_line, f"{self.form.name}-no-end", said, hint)

    def begins(self, tag: str) -> bool:
        """Tell whether a tag begins the next entry."""
        form, met = self.form, self.met
        if tag in form.opens:
            if len(form.opens) > 1 or (form.name == "enw" and not self.blank):
                return tag in met and len(met) > 1
            return not met <= form.opens
        if form.name == "cnki-custom" and tag == "Title":
            return tag in met
        return self.blank and tag in form.after_blank and any(form.tags.get(one) in _MAIN for one in met)


_MAIN = frozenset(("title", "type"))


def drafted(entry: Entry, form: Layout) -> Draft:
    """Turn an entry's tags into fields by the layout's table; what needs rules of its own stays in extra."""
    draft = Draft(entry.line, entry.end_line, form.name)
    full: list[Name] = []
    for said, parts in entry.fields:
        tag = f"%{said}" if form.name == "enw" else said  # a bare sign says nothing
        target = form.tags.get(said, f"={tag}")
        if len(parts) < 2:
            values = parts
        elif said in form.by_line:
            values = _sentences(parts) if target == "=AD" else parts
        else:
            values = [" ".join(parts)]
        for raw in values:
            value = clean(raw)
            if not value:
                continue
            if target[0] == "=":
                draft.keep(target[1:], value)
            elif target in {"author", "full-author", "group"}:
                _people(draft, full, target, value, form)
            elif target == "type":
                _kind(draft, value)
            elif target in form.split:
                signs = form.split[target]
                for sign in signs[1:]:
                    value = value.replace(sign, signs[0])
                for one in value.split(signs[0]):
                    if one := one.strip():
                        _put(draft, target, tag, one)
            else:
                _put(draft, target, tag, value)
    if full:
        _fuller(draft, full)
    return draft


def _sentences(parts: list[str]) -> list[str]:
    """Join lines up to a full stop: addresses are wrapped, and the next one begins on a line of its own."""
    values: list[str] = []
    going_on = False
    for part in parts:
        if going_on and not part.lstrip().startswith("["):
            values[-1] = f"{values[-1]} {part}"
        else:
            values.append(part)
        going_on = not part.rstrip().endswith(".")
    return values


def _put(draft: Draft, target: str, tag: str, value: str) -> None:
    if target in FIELDS:
        draft.add(target, tag, value)
    elif target == "publication-type":
        draft.keep("PT", value)
    elif target == "other-pages":
        draft.add("last-page", tag, value)
    else:
        draft.keep(target, value)


def _people(draft: Draft, full: list[Name], target: str, value: str, form: Layout) -> None:
    """Read names: several on one line, addresses behind them, and the mark that some were left out."""
    signs = form.split.get(target, "")
    for sign in signs[1:]:
        value = value.replace(sign, signs[0])
    parts = value.split(signs[0]) if signs else [value]
    for part in parts:
        mail = _PEOPLE_EMAIL.search(part) if "@" in part else None
        if mail:
            draft.keep("email", mail[1])
        one = (_PEOPLE_EMAIL.sub(" ", part) if mail else part).strip(" ,")
        if not one:
            continue
        if _ET_AL.fullmatch(one):
            draft.keep("AU", one)
            draft.problem("authors-cut", f"The list of authors ends in '{one}': some authors are missing.")
        elif _HAN_LIST.fullmatch(one):
            draft.authors += [Name(literal=part) for part in re.split(r"[,，、][ \u3000]*", one)]
        elif target == "group":
            draft.authors.append(Name(literal=one))
        else:
            (full if target == "full-author" else draft.authors).append(name_of(one))


def _fuller(draft: Draft, full: list[Name]) -> None:
    """Put full names in the place of short ones, which then add nothing; short ones without a full one stay."""
    short = [name for name in draft.authors if name.family or not name.literal]
    groups = [name for name in draft.authors if name not in short]
    if len(short) > len(full):
        for name in short:
            draft.keep("AU", str(name))
    draft.authors = [*full, *(name for name in groups if name not in full)]


def _kind(draft: Draft, value: str) -> None:
    words, first = kinds()
    word = value.lower().strip(" ;.")
    if word in words:
        if words[word]:
            draft.add("kind", "M3", words[word])
        if word not in first:
            draft.keep("M3", value)
    else:
        draft.keep("M3", value)


def _finish_isi(draft: Draft, entry: Entry) -> None:
    """Read what the Web of Science says in codes: the kind of work, the database, MEDLINE's numbers."""
    said = next((parts[0].strip() for tag, parts in entry.fields if tag == "PT"), "")
    draft.extra = [one for one in draft.extra if (one[1], one[2]) != ("M3", said)]
    types = {value.lower() for _, tag, value in draft.extra if tag == "PT"}
    kind = {"J": "article-journal", "B": "book", "P": "patent", "C": "paper-conference"}.get(said, "")
    if said == "S":
        kind = "paper-conference" if "proceedings paper" in types else "article-journal"
    elif said == "B" and "proceedings paper" in types:
        kind = "paper-conference"
    elif "book chapter" in types or (said == "B" and "first-page" in draft.fields):
        kind = "chapter"
    elif "dissertation/thesis" in types or "thesis" in types:
        kind = "thesis"
    draft.fields.pop("kind", None)
    if kind:
        draft.add("kind", "PT", kind)
    if said not in {"J", "B", "P", "C", ""}:
        draft.keep("source-kind", said)
    if kind in {"book", "thesis"} and "journal" in draft.fields and "title" not in draft.fields:
        draft.fields["title"] = draft.fields.pop("journal")
    for _, _, value in draft.fields.get("accession", ()):
        number = _UT.fullmatch(value)
        if number:
            draft.add("database", "DB", _PLATFORMS.get(number[1], number[1]))
            if number[1] == "MEDLINE" and number[2].isdigit():
                draft.add("pmid", "PMID", number[2])
    brief = draft.fields.get("abbreviation", [])
    dotted = [one for one in brief if "." in one[2] or one[2] != one[2].upper()]
    if dotted:  # JI, the abbreviation of ISO 4, before J9, which has 29 letters
        draft.fields["abbreviation"] = [*dotted, *(one for one in brief if one not in dotted)]


def _finish_chinese(draft: Draft, _: Entry) -> None:
    """Take out the marks of line breaks that Chinese portals put into abstracts."""
    said = draft.fields.get("abstract", [])
    draft.fields["abstract"] = [(place, tag, clean(_BREAK.sub(" ", value))) for place, tag, value in said]
    if not said:
        del draft.fields["abstract"]


def _finish_enw(draft: Draft, entry: Entry) -> None:
    """Read a second journal name as the first one's translation, and an entry without type by its journal."""
    _finish_chinese(draft, entry)
    said = draft.fields.get("journal", [])
    if len(said) > 1 and bool(_HAN.search(said[0][2])) != bool(_HAN.search(said[1][2])):
        for place, _, value in said[1:]:
            draft.extra.append((place, "translated-journal", value))
        draft.fields["journal"] = said[:1]
    titles = draft.fields.get("title", [])
    if titles:
        draft.fields["title"] = [(place, tag, without_tags(value)) for place, tag, value in titles]


_FINISH: dict[str, Finish] = {
    "isi": _finish_isi, "enw": _finish_enw, "refworks-tagged": _finish_chinese, "noteexpress": _finish_chinese,
    "cnki-custom": _finish_chinese,
}  # fmt: skip
