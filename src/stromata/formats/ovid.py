"""Ovid's own text: entries numbered ``<1. >``, with short tags (``TI  - ``) or long labels over indented values.

The tables stand in tagged.yaml under ``ovid-tagged``; what Ovid writes into one line (source, authors with degrees and
footnote marks) is taken apart here. The source line itself stays in extra as SO.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from stromata.formats.content import Passage
from stromata.formats.draft import Draft
from stromata.formats.language import language_code
from stromata.formats.tag_lines import Entry, bounded
from stromata.formats.tagged import Outside, layout, records
from stromata.formats.text import clean
from stromata.model import Problem, Record

_NUMBER = re.compile(r"\s*<\s*\d+\s*\.?\s*>\s*")
_SNIFF = re.compile(
    r"^[ \t]*<[ \t]*\d+[ \t]*\.?[ \t]*>[ \t]*\n\s*+(?:[A-Z]{2}  - |[A-Z][A-Za-z /-]{2,40}[ \t]*\n[ \t]+\S)"
    r"|^[ \t]?VN {1,2}- Ovid",
    re.MULTILINE,
)
_LABEL = re.compile(r"[A-Z][A-Za-z/&() -]{1,60}")
_STRATEGY = re.compile(
    r"search (?:strategy|history)|^[^\S\n]*+\d+\s+.{3,400}\(\d+\)[^\S\n]*$", re.IGNORECASE | re.MULTILINE
)

_VOLUME = re.compile(
    r"(?:;\s?|\bVol\.?\s?|[\s.])(\d{1,4}[A-Z]?)\s?(?:\(([^()]{1,60})\))?\s?:\s?([A-Za-z]{0,2}\d\w{0,12}(?:\s?-\s?\w{1,12})?)"
)
_ISSUE = re.compile(r"(?:\bVol\.?\s?|[\s.])(\d{1,4}[A-Z]?)\s?\(([^()]{1,60})\)")
_PP = re.compile(r"\bpp?\.\s?([A-Za-z]?\d\w{0,12}(?:\s?-\s?\w{1,12})?)|,\s(\d{1,6}-\d{1,6})\.?\s*$")
_BOOK = re.compile(r"\(?(\d{4})\)\.\s+(.{2,300}?)\s*\(pp\.\s?([\w-]{1,20})\)")
_DATED = re.compile(
    r"(?<![\s,])[\s,]++(?:(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?|spring|summer|autumn|fall|winter)"
    r"(?:[/\s-]+[A-Za-z]+\.?)?(?:\s\d{1,2},)?\s*(?:(?:18|19|20)\d\d)?\s*$",
    re.IGNORECASE,
)
_LAST_NUMBER = re.compile(r"\s(\d{1,4})$")
_YEAR = re.compile(r"(?<!\d)((?:18|19|20)\d\d)(?!\d)")

_DEGREE = (
    r"(?:M\.?D\.?|Ph\.?\s?D\.?|D\.?Phil\.?|D\.?Sc\.?|Sc\.?D\.?|M\.?Sc?\.?|B\.?Sc?\.?|M\.?A\.?|B\.?A\.?|M\.?P\.?H\.?|R\.?N\.?"
    r"|MBBS|MB|BS|BCh|ChB|MBA|DO|DDS|DMD|DVM|PharmD|Pharm\.D\.|PsyD|EdD|Dr|PT|DPT|MSN|BSN|CRNA|NP|F[A-Z]{2,5}|MRC[A-Z]*)"
)
_DEGREES = re.compile(rf"(?:[\s,;]+{_DEGREE})+[\s,;.]*$")
_ONLY_DEGREES = re.compile(rf"\s*{_DEGREE}(?:[\s,;]+{_DEGREE})*[\s,;.\d*+#]*")
_LONGEST_NAME = 1000
"""Characters of a name; what is longer is none, and is not searched for degrees."""

_LAST_WORD = re.compile(r"(?<![^\W\d_]\.)\b[^\W\d_]{3,}\.$")
_GIVEN = re.compile(r",\s*\S")
_TO_BRACKET = re.compile(r"[^\[\]]*+(?:[\[\]]|\Z)")
_INSIDE = 401
"""Characters before a closing bracket in which a semicolon belongs to what the brackets hold."""
_MARKS = re.compile(r"\s+[\d,*+#=()\s-]+$")
_BRACKET = re.compile(r"\s*\[([^\[\]]{0,400})\]\s*")
_EDITOR = re.compile(r"eds?\.?", re.IGNORECASE)
_TITLE_MARK = re.compile(r"\s*\[(References)\]\.?\s*$")
_TRANSLATED = re.compile(r"\[(.+)\]\.?")
_GENRE = re.compile(r"\s*\[([A-Z][A-Za-z :&-]{3,40})\]\.?\s*$")
_KINDS = (
    ("case report", "article-journal"),
    ("chapter", "chapter"), ("dissertation", "thesis"), ("thesis", "thesis"), ("patent", "patent"),
    ("conference paper", "paper-conference"), ("conference proceeding", "paper-conference"), ("report", "report"),
    ("book", "book"), ("text/reference", "book"), ("article", "article-journal"), ("journal", "article-journal"),
    ("review", "article-journal"), ("abstract", "article-journal"),
)  # fmt: skip


def sniff(head: str) -> bool:
    """Tell whether the first part of a file looks like Ovid's text: a number in angle brackets, then tags or labels."""
    return _SNIFF.search(head) is not None


def read(lines: Iterable[tuple[int, str | Problem]], *, source: str) -> Iterator[Record | Problem | Passage]:
    """Yield a Record for each entry, Problems and Passages, in order; see `catalogue.LineReader`."""
    yield from records(_cut(bounded(lines)), layout("ovid-tagged"), source=source, finish=_finish)


def _cut(lines: Iterable[tuple[int, str | Problem]]) -> Iterator[Entry | Problem | Passage]:
    tag_of = layout("ovid-tagged").line.match
    entry: Entry | None = None
    outside = Outside("ovid-tagged")
    labelled = False
    for number, line in lines:
        if not isinstance(line, str):
            yield line
            continue
        match = None if labelled else tag_of(line)
        if _NUMBER.fullmatch(line) or (match and match[1] == "VN" and _has(entry, "VN")):
            if entry and entry.fields:
                yield _cleaned(entry)
            elif entry:
                outside.add(entry.line, "<>")
            yield from _told(outside)
            outside.entries += 1
            entry = Entry(number, number)
            labelled = False
            if match is None:
                continue
        if not line or line.isspace():
            continue
        if entry is None and match is None:
            outside.add(number, line)
            continue
        if entry is None:
            yield from _told(outside)
            outside.entries += 1
            entry = Entry(number, number)
        entry.end_line = number
        if match:
            entry.fields.append((match[1], [match[2] or ""]))
        elif not entry.fields or labelled:
            labelled = True
            _labelled(entry, line)
        else:
            entry.fields[-1][1].append(line)
    if entry and entry.fields:
        yield _cleaned(entry)
    elif entry:
        outside.add(entry.line, "<>")
    yield from _told(outside)


def _has(entry: Entry | None, tag: str) -> bool:
    return entry is not None and any(one == tag for one, _ in entry.fields)


def _labelled(entry: Entry, line: str) -> None:
    """Take a line of the layout with long labels: a label stands at the margin, its value is indented."""
    label = line.strip()
    if not line[0].isspace() and _LABEL.fullmatch(label):
        entry.fields.append((layout("ovid-tagged").labels.get(label.lower(), label), []))
    elif entry.fields:
        entry.fields[-1][1].append(line)
    else:
        entry.fields.append(("text", [line]))


def _told(outside: Outside) -> Iterator[Problem | Passage]:
    """Tell what stands outside entries; a search strategy is kept whole."""
    text = "\n".join(line for _, line in outside.lines)
    if outside.lines and _STRATEGY.search(text):
        yield Passage(outside.lines[0][0], outside.lines[-1][0], "search-strategy", text)
        outside.lines = []
    yield from outside.told()


def _cleaned(entry: Entry) -> Entry:
    """Return the entry with one bare name to a line of author; what stood behind the names goes to lines of its own."""
    fields: list[tuple[str, list[str]]] = []
    for tag, parts in entry.fields:
        if tag not in {"AU", "FA", "ED"}:
            fields.append((tag, parts))
            continue
        for one in (name for part in parts for name in _listed(part)):
            name, role, whole = _bare(one)
            if role and _EDITOR.fullmatch(role):
                fields.append(("ED", [name]))
            elif whole:
                fields.append((tag, [name]))
                if whole != name:
                    fields.append(("author-note", [one]))
    entry.fields = fields
    return entry


def _listed(text: str) -> list[str]:
    """Split a list of names at semicolons, but not at those inside square brackets."""
    if "]" not in text:
        return text.split(";")
    parts: list[str] = []
    for match in _TO_BRACKET.finditer(text):
        part = match[0]
        if part.endswith("]"):
            start = max(0, len(part) - 1 - _INSIDE)
            part = part[:start] + part[start:].replace(";", "\x00")
        parts.append(part)
    return [name.replace("\x00", ";") for name in "".join(parts).split(";")]


@lru_cache(maxsize=1 << 12)  # authors come again and again in one file
def _bare(text: str) -> tuple[str, str, str]:
    """Return a name without degrees, footnote marks and brackets, what the brackets said, and all that was there.

    Of what is no name but blank or degrees alone, nothing is returned.
    """
    if not text.strip() or (len(text) <= _LONGEST_NAME and _ONLY_DEGREES.fullmatch(text)):
        return "", "", ""
    text = whole = clean(text)
    if len(text) > _LONGEST_NAME:
        return text, "", whole
    role = _BRACKET.search(text)
    text = _BRACKET.sub(" ", text)
    before = ""
    while before != text:
        before = text
        text = _MARKS.sub("", text).strip(" ,;")
        plain = _DEGREES.sub("", text).strip(" ,;")
        text = plain if _GIVEN.search(plain) else text  # MB after a comma are initials
    if _LAST_WORD.search(text):
        text = text[:-1]
    return text, role[1] if role else "", whole


def _finish(draft: Draft, _entry: Entry) -> None:
    """Read source line, kind of work, and what the accession number is."""
    database = next((value for _, _, value in draft.fields.get("database", ())), "")
    _source(draft)
    kinds = [value for _, tag, value in draft.extra if tag == "PT"]
    said = draft.fields.get("title")
    if said:
        place, tag, title = said[0]
        mark = _TITLE_MARK.search(title)
        genre = _GENRE.search(title) if not mark and ("@Ovid" in database or not database) else None
        translated = _TRANSLATED.fullmatch(title)
        if mark:
            title = title[: mark.start()]
            draft.keep("title-mark", mark[1])
        elif genre:
            title = title[: genre.start()]
            kinds.append(genre[1])
            draft.keep("PT", genre[1])
        elif translated and language_code(draft.fields.get("language", [(0, "", "")])[0][2].strip(". ")) not in {
            "",
            "en",
        }:
            title = translated[1]
        said[0] = (place, tag, title)
    words = " ".join(kinds).lower()
    kind = next((kind for word, kind in _KINDS if word in words), "")
    if "container" in draft.fields and kind in {"", "article-journal", "book"}:
        kind = "chapter"
    if not kind:
        kind = "book" if "Books@Ovid" in database else "article-journal" if "journal" in draft.fields else ""
    if kind:
        draft.add("kind", "PT", kind)
    numbers = draft.fields.get("accession", [])
    draft.fields["accession"] = [(place, tag, value.rstrip(".")) for place, tag, value in numbers]
    if not numbers:
        del draft.fields["accession"]
    for _, _, value in numbers:
        if re.search("medline|pubmed", database, re.IGNORECASE) and value.isdigit():
            draft.add("pmid", "UI", value)


def _source(draft: Draft) -> None:
    """Take journal, volume, issue, pages and year out of the source line, where no field of their own gives them."""
    said = next((value for _, tag, value in draft.extra if tag == "source"), "")
    draft.extra = [(place, "SO" if tag == "source" else tag, value) for place, tag, value in draft.extra]
    if not said:
        return
    book = _BOOK.search(said)
    if book:
        _offer(draft, "container", book[2].strip(" ."))
        _offer(draft, "pages", book[3])
        _offer(draft, "year", book[1])
        return
    year = _YEAR.findall(said)
    match = _VOLUME.search(said)
    issue = match or _ISSUE.search(said)
    paged = _PP.search(said)
    head = said[: issue.start()] if issue else said.partition(". ")[0]
    head = head.partition(". Conference:")[0]
    journal = _DATED.sub("", head.strip(" .,;")).strip(" .,;")
    named = _LAST_NUMBER.sub("", journal) if issue and _YEAR.fullmatch(issue[1]) else journal
    if journal and not journal.startswith("(") and (issue or "journal" in draft.fields or _YEAR.search(said) is None):
        _offer(draft, "journal", named)
    if issue and _YEAR.fullmatch(issue[1]) and not issue[2]:  # "12, Winter 2007: 7-14"
        last = _LAST_NUMBER.search(journal)
        _offer(draft, "volume", last[1] if last else "")
    elif issue:
        _offer(draft, "volume", issue[1])
        _offer(draft, "issue", issue[2] or "")
    pages = match[3] if match else (paged[1] or paged[2]) if paged else ""
    _offer(draft, "pages", pages.replace(" ", ""))
    if year and "year" not in draft.fields:
        _offer(draft, "year", year[-1] if match is None else (_YEAR.findall(said[match.end() :]) or year)[0])


def _offer(draft: Draft, name: str, value: str) -> None:
    if value and name not in draft.fields:
        draft.add(name, "SO", value)
