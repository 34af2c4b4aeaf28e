"""What the lines of an article's page are: title, authors, abstract, and everything that is none of these.

The text of a page has no markup left; what remains is what a reader sees. Each line is classed by what it says
(headings, labels, notices: see ``page_words.yaml``) and by its shape (length, sentences, names). Then the lines under
headings are gathered, and what has no heading is chosen: the abstract is the longest run of prose, the title the line
that looks most like one and shares words with the abstract.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Literal

from stromata.formats.language import han_share
from stromata.formats.page_credits import HAN, HAN_CHARACTER, citation_in, is_like_citation, names_in
from stromata.formats.page_words import SHORT, words
from stromata.formats.text import iso_date, same_text, unique, without_tags
from stromata.model import Name
from stromata.model.identifiers import find_dois

Kind = Literal["blank", "heading", "label", "field", "furniture", "type", "prose", "machine", "text"]

_HAN_GAP = re.compile(f"(?<=[{HAN}]) +(?=[{HAN}])")
_DECORATION = re.compile(r"^[\s【〖\[「<《#*•·▪■◆●>|+\-–—]+|[\s】〗\]」>》#*:：|+]+$")
_INLINE = re.compile(r"^[\s【〖\[「*•·■◆●|]*([^:：】〗\]」]{1,40}?)\s*(?:[】〗\]」]\s*[:：]?|[:：])\s*(\S.*)$")
_SENTENCE_END = re.compile(r"[.!?。！？；;](?=\s|$|[A-Z\u4e00-\u9fff\"”’)\]])")
_CLOSED = re.compile(r"[.!?。！？…:：;；][\"”’)\]]*$")
_SPLIT_CITATION = re.compile(r"^\.\s*[12]\d{3}\b.*;")
_ENGLISH_SMALL = re.compile(r"\b(?:of|in|for|and|with|the|a|an|on|by|from|to|is|as|versus|vs|after|during|using)\b")
_WORDS = re.compile(r"[^\W\d_]{4,}")

_ABOUT = re.compile("(?:的?详细信息|的?详情|的?基本信息)$")
"""What portals put behind the kind of publication at the top of a page."""

_NUMBERS = frozenset(("doi", "pmid", "pmcid", "date", "year", "volume", "issue", "yearissue", "pages", "issn"))
_HAN_PLACE = re.compile(r"(?:医院|大学|学院|研究所|研究院|中心|公司|科|室)(?:[,，;；\s\d]|$)")
_SINGLE = _NUMBERS | {"journal", "source", "publisher", "language", "title", "title_other", "type"}
"""Headings whose value is the one line below."""

_MIN_RUN = 200
"""Characters of prose without a heading that make an abstract, in Latin script; Chinese says as much in a third."""

_LONG_PROSE = 120

_CANDIDATES = 100
"""Lines that are weighed as titles. Each further one weighs less, and the 85th could weigh no more than 1.5."""


@dataclass(slots=True)
class Line:
    """One line of the page, cleaned, with what it was found to be."""

    number: int
    text: str
    kind: Kind = "text"
    field: str = ""
    value: str = ""
    used: bool = False


@dataclass(slots=True)
class Block:
    """A run of prose in one script."""

    text: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    han: bool = False
    headed: bool = False
    machine: bool = False
    title: str = ""

    def joined(self) -> str:
        """Return the prose as one text."""
        return " ".join(self.text)


@dataclass(slots=True)
class Findings:
    """What was found on a page; empty where nothing was."""

    title: str = ""
    other_title: str = ""
    rival: str = ""
    authors: tuple[Name, ...] = ()
    authors_cut: bool = False
    abstract: Block | None = None
    other_abstract: Block | None = None
    keywords: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    fields: dict[str, str] = field(default_factory=dict)
    machine: bool = False
    extra: list[tuple[str, str]] = field(default_factory=list)


def class_lines(text: str) -> list[Line]:
    """Class every line of the page by itself."""
    lines = [_classed(number, raw) for number, raw in enumerate(text.split("\n"), start=1)]
    for line, following in pairwise(lines):
        # PubMed breaks the line between the journal and the date.
        if line.kind == "text" and _SPLIT_CITATION.match(following.text):
            line.text += following.text
            following.kind, following.used = "blank", True
    return lines


def _classed(number: int, raw: str) -> Line:
    table = words()
    text = without_tags(raw)
    line = Line(number, text)
    if not re.search(r"\w", text):
        line.kind = "blank" if not text else "furniture"
        return line
    bare = _bare(text)
    if table.machine_translated.search(text) and len(text) < 300:
        line.kind = "machine"
    elif bare in table.headings:
        line.kind, line.field = "heading", table.headings[bare]
        if bare in table.labels:
            line.value = "label"
    elif bare in table.labels:
        line.kind = "label"
    elif _types_of(text):
        line.kind = "type"
    elif _inline(line):
        line.kind = "field"
    elif is_prose(text):
        # A notice says so at once; an abstract may end in one ("© 2021 The Authors. All rights reserved.").
        notice = table.any_furniture.search(text[: min(200, max(120, len(text) * 3 // 5))])
        line.kind = "furniture" if notice else "prose"
    elif (len(text) <= SHORT and table.short_furniture.search(text)) or table.any_furniture.search(text):
        line.kind = "furniture"
    return line


def _bare(text: str) -> str:
    """Return a line as headings are listed: lower case, without decoration, numbers of sections kept."""
    plain = _DECORATION.sub("", text).lower()
    return _HAN_GAP.sub("", plain) if HAN_CHARACTER.search(plain) else plain


def _types_of(text: str) -> list[str]:
    """Return the publication types that a line names, when it names nothing else."""
    table = words().article_types
    text = _ABOUT.sub("", text)
    parts = (
        [text.strip(" []【】")]
        if text.lower().strip(" []【】") in table
        else re.split(r"\s*[|/;；·•]\s*", text.strip(" []【】"))
    )
    return [part for part in parts if part] if all(part.lower() in table for part in parts if part) else []


def _inline(line: Line) -> bool:
    """Find a label with its value on one line: ``关键词: a; b``, ``DOI  :  10.1/x``, ``Abstract Background: ...``."""
    table = words()
    match = _INLINE.match(line.text)
    if match:
        bare = _bare(match[1])
        name = table.headings.get(bare)
        if name and name not in {"stop", "body"} and not (bare in table.labels and bare != "funding"):
            line.field, line.value = name, match[2].strip()
            return True
        if name == "stop":
            line.field = "stop"
            return True
    opening = re.match(
        r"^(abstract|summary|摘\s*要|key ?words|关键[词字])\s*[\]】.。]?\s*(?=[A-Z\u4e00-\u9fff(])(.{15,})$",
        line.text,
        re.IGNORECASE,
    )
    if opening and opening[2][:1].isupper() | bool(HAN_CHARACTER.match(opening[2])) and opening[1][:1] != "s":
        name = table.headings.get(_bare(opening[1]), "")
        shape = is_prose(opening[2]) if name == "abstract" else bool(re.search("[;；,，]", opening[2]))
        if name and shape:
            line.field, line.value = name, opening[2]
            return True
    return False


def is_prose(text: str) -> bool:
    """Tell whether a line is running text: long, in sentences, with ordinary words between its capitals."""
    han = len(HAN_CHARACTER.findall(text))
    if han * 3 > len(text):
        return han >= 40 and bool(re.search("[。，；,;.]", text)) and bool(_CLOSED.search(text) or han >= 80)
    ends = len(_SENTENCE_END.findall(text))
    small = sum(word[:1].islower() for word in text.split())
    if small < 0.4 * len(text.split()):
        return False
    return (
        (len(text) >= _LONG_PROSE and ends >= 1 and bool(_CLOSED.search(text)))
        or (len(text) >= 350 and small > 20)
        or (len(text) >= 60 and ends >= 2 and bool(_CLOSED.search(text)))
    )


def find(lines: list[Line], *, known_title: str = "") -> Findings:
    """Put together what the lines of a page say.

    Parameters
    ----------
    lines : as `class_lines` gave them; those that are used are marked so.
    known_title : the title, where data inside the page gave it.
    """
    found = Findings()
    blocks, candidates = _gathered(lines, found)
    _choose_abstract(found, blocks)
    _choose_title(found, lines, candidates, known_title)
    _choose_rest(found, lines)
    return found


@dataclass(slots=True)
class _Walk:
    """Where a walk down the page stands."""

    section: str = ""
    started: bool = False
    ended: bool = False
    block: Block | None = None
    authors: list[Name] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)


def _gathered(lines: list[Line], found: Findings) -> tuple[list[Block], list[Line]]:
    """Walk down the page: gather what stands under headings, runs of prose, and lines that could be titles."""
    walk = _Walk()
    blocks: list[Block] = []
    candidates: list[Line] = []
    types: list[str] = []
    for line in lines:
        if line.kind == "blank" or line.used:
            continue
        if line.kind == "machine":
            found.machine = line.used = True
            for block in blocks[-1:]:
                block.machine = True
            walk.block = None
        elif line.kind == "type" and not walk.ended:
            types += _types_of(line.text)
            line.used = True
        elif line.kind in {"heading", "label"}:
            _head(walk, line, blocks)
        elif line.kind == "field":
            _labelled(walk, line, found, blocks)
        elif line.kind == "furniture":
            if walk.section == "keywords" or walk.section in _SINGLE:
                walk.section = ""
        elif walk.ended or (walk.section == "stop" and walk.started):
            continue
        elif not _sectioned(walk, line, found, blocks):
            walk.section = "" if walk.section != "stop" else walk.section
            if line.kind == "prose":
                _prose(walk, line, blocks, headed=False)
                walk.started = True
            else:
                walk.block = None
                candidates.append(line)
    found.types = unique(types)
    found.authors = tuple(dict.fromkeys(walk.authors))
    found.keywords = unique(walk.keywords)
    return blocks, candidates


def _head(walk: _Walk, line: Line, blocks: list[Block]) -> None:
    """Begin what a heading announces. Headings inside a structured abstract do not end it."""
    in_abstract = walk.section.startswith("abstract") and walk.block is not None
    label = line.kind == "label" or line.value == "label"
    if in_abstract and label and walk.block is not None:
        said = f"{_DECORATION.sub('', line.text)}:"
        if said in walk.block.text or (line.field == "body" and _complete(walk)):
            walk.section, walk.block, walk.ended = "stop", None, True  # the article itself begins
            return
        walk.block.text.append(said)
        line.used = True
        return
    if line.kind == "label":
        # Background, Objective: a structured abstract without a heading of its own begins here.
        if not walk.started and not walk.ended:
            walk.section = "abstract"
            walk.block = Block(headed=True)
            walk.block.text.append(f"{_DECORATION.sub('', line.text)}:")
            blocks.append(walk.block)
            line.used = True
        return
    if line.field == "body":
        walk.ended = walk.ended or walk.started
        walk.section, walk.block = "stop", None
        return
    if line.field == "stop":
        walk.section, walk.block = "stop", None
        return
    walk.section, line.used = line.field, True
    walk.block = None
    if line.field.startswith("abstract"):
        walk.block = Block(headed=True)
        blocks.append(walk.block)


def _complete(walk: _Walk) -> bool:
    """Tell whether an abstract holds enough that 'Introduction' begins the article and is not its first heading."""
    return walk.block is not None and len(walk.block.joined()) > _MIN_RUN


def _labelled(walk: _Walk, line: Line, found: Findings, blocks: list[Block]) -> None:
    """Take a label with its value."""
    if line.field == "stop" or walk.ended:
        walk.section, walk.block = ("stop", None) if line.field == "stop" else (walk.section, walk.block)
        return
    line.used = True
    value = line.value
    if line.field.startswith("abstract"):
        walk.section, walk.started = line.field, True
        walk.block = Block(text=[value], lines=[line], han=han_share(value) > 0.3, headed=True)
        blocks.append(walk.block)
        return
    walk.block = None
    walk.section = ""
    if line.field in {"keywords", "keywords_other"}:
        if line.field == "keywords":
            walk.keywords += split_keywords(value)
        else:
            found.extra.append((line.field, value))
        walk.section = line.field if value.rstrip().endswith((";", "；", ",", "，")) and len(value) < 30 else ""
    elif line.field == "authors":
        names, found.authors_cut = names_in(value, alone=True)
        walk.authors += names
        if not names:
            found.extra.append(("authors", value))
    elif line.field in {"affiliation", "correspondence", "funding", "class", "registration", "authors_other"}:
        found.extra.append((line.field, value))
    elif line.field == "type":
        found.fields.setdefault("type", value)
    else:
        found.fields.setdefault(line.field, value)


def _sectioned(walk: _Walk, line: Line, found: Findings, blocks: list[Block]) -> bool:
    """Take a line that stands under a heading; False when it does not belong there."""
    section = walk.section
    if section.startswith("abstract"):
        return _in_abstract(walk, line, blocks)
    if section in {"keywords", "keywords_other"} and line.kind == "text" and len(line.text) < 300:
        if section == "keywords":
            walk.keywords += split_keywords(line.text)
        line.used = True
        return True
    if section == "authors":
        names, cut = names_in(line.text, alone=True)
        if names:
            walk.authors += names
            found.authors_cut = found.authors_cut or cut
            line.used = True
            return True
        return line.kind == "text" and bool(words().affiliation.search(line.text))
    if section in {"affiliation", "correspondence", "funding", "class", "registration"} and line.kind == "text":
        found.extra.append((section, line.text))
        line.used = True
        return True
    if section in _SINGLE and line.kind == "text":
        walk.section = ""
        if _plausible(section, line.text):
            found.fields.setdefault(section, line.text)
            line.used = True
            return True
    return False


def _plausible(name: str, text: str) -> bool:
    """Tell whether a line can be the value of the heading above it: words like 'Journal' head menus as well."""
    if name in _NUMBERS:
        return bool(re.search(r"\d", text)) and len(text) < 100
    if name in {"journal", "source", "publisher", "language", "type"}:
        return len(text) <= (22 if han_share(text) > 0.3 and not re.search(r"\d{4}", text) else 100)
    return True


def _in_abstract(walk: _Walk, line: Line, blocks: list[Block]) -> bool:
    """Add a line to the abstract; another script begins another abstract, after its title if it has one."""
    block = walk.block
    han = han_share(line.text) > 0.3
    if block is None:
        return False
    if not block.text or not any(one.kind != "heading" for one in block.lines):
        if line.kind == "text" and len(line.text) < 60 and not _CLOSED.search(line.text):
            return False
        block.han = han
    if block.text and block.lines and han != block.han:
        fresh = Block(han=han, headed=True)
        blocks.append(fresh)
        walk.block = block = fresh
    if line.kind == "text" and not block.lines and len(blocks) > 1 and len(line.text) < 200 and not is_prose(line.text):
        block.title, line.used = line.text, True
        return True
    if line.kind == "text" and block.lines and not _CLOSED.search(line.text) and len(line.text) < 60:
        return False
    block.text.append(line.text)
    block.lines.append(line)
    walk.started = True
    return True


def _prose(walk: _Walk, line: Line, blocks: list[Block], *, headed: bool) -> None:
    """Add a line to the present run of prose, or begin one."""
    han = han_share(line.text) > 0.3
    block = walk.block
    if block is None or block.headed != headed or block.han != han:
        block = Block(han=han, headed=headed)
        blocks.append(block)
        walk.block = block
    block.text.append(line.text)
    block.lines.append(line)


def split_keywords(text: str) -> list[str]:
    """Split a line of keywords at semicolons, else at commas, bars, dots or wide gaps."""
    for separator in (r"[;；]", r"[,，、]", r"\s*[|·•]\s*", r"\s{2,}"):
        parts = [part.strip(" .。;；,，*") for part in re.split(separator, text)]
        if len([part for part in parts if part]) > 1:
            return [part for part in parts if part]
    han = han_share(text) > 0.6 and " " in text.strip()
    return text.split() if han else [text.strip(" .。;；,，*")]


def _choose_abstract(found: Findings, blocks: list[Block]) -> None:
    """Choose the abstract, and the one in another script."""
    blocks = [block for block in blocks if block.lines and _enough(block)]
    headed = [block for block in blocks if block.headed]
    pool = headed or blocks
    if not pool:
        return
    first = pool[0] if headed else max(pool, key=lambda block: len(block.joined()) * (3 if block.han else 1))
    others = [block for block in blocks if block.han != first.han]
    found.abstract = first
    if others:
        best = max(others, key=lambda block: (block.headed, len(block.joined())))
        found.other_abstract = best
    if first.machine and found.other_abstract and not found.other_abstract.machine:
        found.abstract, found.other_abstract = found.other_abstract, first
    for block in (found.abstract, found.other_abstract):
        for line in block.lines if block else ():
            line.used = True


def _enough(block: Block) -> bool:
    length = len(block.joined()) * (3 if block.han else 1)
    return length >= (60 if block.headed else _MIN_RUN)


def _choose_title(found: Findings, lines: list[Line], candidates: list[Line], known: str) -> None:
    """Choose the title among the lines that could be one."""
    stated, other = found.fields.pop("title", ""), found.fields.pop("title_other", "")
    found.title = known or stated
    scored = sorted(
        ((_title_score(line, rank, lines, found), line) for rank, line in enumerate(candidates[:_CANDIDATES])),
        key=lambda pair: -pair[0],
    )
    for line in candidates:
        if found.title and same_text(line.text, found.title):
            line.used = True
    if not found.title and scored and scored[0][0] >= 2.5:
        leading = _leading(scored)
        scored.sort(key=lambda pair: (pair[1] is not leading, -pair[0]))
        found.title = scored[0][1].text
        scored[0][1].used = True
        for score, line in scored[1:]:
            alike = (han_share(line.text) > 0.3) == (han_share(found.title) > 0.3)
            if alike and same_text(line.text, found.title):
                line.used = True
            elif alike and score >= scored[0][0] - 1.0 and not found.rival:
                found.rival = line.text
    _match_scripts(found)
    own = han_share(found.title) > 0.3
    found.other_title = other
    near = found.other_abstract.title if found.other_abstract else ""
    if not found.other_title and near and (han_share(near) > 0.3) != own:
        found.other_title = near
    if not found.other_title:
        for score, line in scored:
            if (
                (han_share(line.text) > 0.3) != own
                and score >= 2.0
                and not line.used
                and not words().journal_han.match(line.text)
            ):
                found.other_title, line.used = line.text, True
                break


def _leading(scored: list[tuple[float, Line]]) -> Line:
    """Return the best line; of two good ones in two scripts the one that stands first, for it is the page's own."""
    best, line = scored[0]
    for score, other in scored[1:]:
        apart = (han_share(other.text) > 0.3) != (han_share(line.text) > 0.3)
        if apart and other.number < line.number and score >= max(2.5, best - 3):
            return other
    return line


def _match_scripts(found: Findings) -> None:
    """Let the abstract in the title's script be the abstract and the other the translation."""
    own = han_share(found.title) > 0.3
    first, second = found.abstract, found.other_abstract
    if found.title and first and second and first.han != own and second.han == own:
        found.abstract, found.other_abstract = second, first


def _title_score(line: Line, rank: int, lines: list[Line], found: Findings) -> float:
    """Weigh how much a line looks like the title: its shape, its place, and the words it shares with the abstract."""
    text = line.text
    table = words()
    han = han_share(text) > 0.3
    size = len(HAN_CHARACTER.findall(text)) if han else len(text.split())
    low, high = (10, 60) if han else (5, 40)
    score = 3.0 if low <= size <= high else 1.0 if low * 0.6 <= size < low else -3.0
    if len(_SENTENCE_END.findall(text.rstrip(".。?？!"))) > 1 or len(text) > 400:
        score -= 3
    if re.search(r"[@©]|https?:|www\.", text) or find_dois(text):
        score -= 5
    if table.journal_han.match(text) or (_titled(text) and len(text.split()) <= 8 and table.journal.match(text)):
        score -= 4
    if is_like_citation(text) and re.search(r"\d", text):
        score -= 4
    if table.affiliation.search(text) and re.search(r",|^\W*\d|;", text):
        score -= 4
    if han and size <= 40 and _HAN_PLACE.search(text):
        score -= 4
    if names_in(text)[0]:
        score -= 4
    if re.search(r" [|»›>] |\s/\s.*\s/\s", text):
        score -= 2
    if not han and _ENGLISH_SMALL.search(text):
        score += 1
    score += 0.5 * bool(re.search(r"[:：?？—]|\.$|。$", text)) - 0.15 * rank
    behind = islice(lines, line.number - lines[0].number + 1, None)
    following = list(islice((one for one in behind if one.kind not in {"blank", "furniture", "type"}), 3))
    if any(one.field == "authors" or names_in(one.text)[0] for one in following):
        score += 2.5
    elif any(one.kind == "prose" or one.field == "abstract" for one in following[:2]):
        score += 1.5
    score += 2.0 * any(
        one is not line and len(one.text) < 2 * len(text) + 40 and text.rstrip(".。") in one.text for one in lines
    )
    block = found.other_abstract if found.abstract is None or found.abstract.han != han else found.abstract
    if block is not None and block.han == han:
        score += 3 * _shared(text, block.joined(), han=han)
        score += 2 if block.lines and line.number < block.lines[0].number else -4
    return score


def _shared(title: str, abstract: str, *, han: bool) -> float:
    """Return the share of the title's content words that the abstract uses too."""
    if han:
        pairs = {title[i : i + 2] for i in range(len(title) - 1) if len(HAN_CHARACTER.findall(title[i : i + 2])) == 2}
        return sum(pair in abstract for pair in pairs) / len(pairs) if pairs else 0.0
    content = set(_WORDS.findall(title.lower()))
    text = abstract.lower()
    return sum(word[:6] in text for word in content) / len(content) if content else 0.0


def _titled(text: str) -> bool:
    """Tell whether every word but the small ones begins with a capital, as in the name of a journal."""
    return all(word[:1].isupper() or not word[:1].isalpha() or len(word) <= 3 for word in text.split())


def _choose_rest(found: Findings, lines: list[Line]) -> None:
    """Find authors, journal and date near the title, where no heading named them."""
    own = han_share(found.title) > 0.3
    alike = tuple(word for word in found.keywords if (han_share(word) > 0.3) == own)
    if alike and len(alike) < len(found.keywords):
        rest = [word for word in found.keywords if word not in alike]
        if len(rest) >= 2 and len(alike) >= 2:
            found.extra.append(("keywords_other", "; ".join(rest)))
            found.keywords = alike
    start = next((i for i, line in enumerate(lines) if found.title and same_text(line.text, found.title)), 0)
    body = found.abstract.lines[0].number if found.abstract and found.abstract.lines else len(lines) + 1
    near = [line for line in lines[start:] if line.number < body and line.kind in {"text", "field"}][:40]
    before = [line for line in lines[:start] if line.kind == "text"][-8:]
    open_lines = [line for line in near if line.kind == "text" and not line.used]
    if not found.authors:
        for place, line in enumerate(open_lines):
            names, cut = names_in(line.text, alone=place < 2)
            if names:
                found.authors, found.authors_cut = names, cut
                line.used = True
                break
    for line in open_lines:
        if not line.used and words().affiliation.search(line.text) and len(line.text) < 1000:
            found.extra.append(("affiliation", line.text))
            line.used = True
    stops = [
        line for line in lines if line.kind in {"text", "prose", "field"} and not line.used and len(line.text) < 300
    ]
    for line in (*before[::-1], *open_lines, *stops):
        if not line.used and _citation(line, found):
            break
    if not found.fields.get("journal"):
        for line in (*before[::-1][:4], *open_lines[:6]):
            text = line.text.strip("《》 ")
            if line.used or same_text(text, found.title) or re.fullmatch(r"\w+(?:, \w+)+", text):
                continue  # a list of single words names subjects
            if words().journal_han.match(text) or (
                len(text.split()) <= 12 and _titled(text) and words().journal.match(text)
            ):
                found.fields["journal"] = text
                line.used = True
                break


def _citation(line: Line, found: Findings) -> bool:
    """Read a line such as ``Journal. 2021 Mar;12(3):45-56``; True when it was one."""
    parts = citation_in(line.text, title=found.title)
    for name, value in parts.items():
        if value and (name != "date" or iso_date(value)):
            found.fields.setdefault(name, value)
    line.used = line.used or bool(parts)
    return bool(parts)
