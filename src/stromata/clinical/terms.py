"""Controlled terms of the field, and their mentions in text.

The terms stand in ``vocabularies/*.yaml`` beside this module, with identifiers of public terminologies and with names
in English and Chinese. `find` returns every mention in a text, `recognise` reads a text that is nothing but a name.

How names are compared
----------------------
Text is cut into words; each Chinese character is a word. Full-width letters, accents, ligatures, soft hyphens and
non-breaking spaces do not matter, nor do upper and lower case, the plural s and the possessive 's. A space in a name
stands for a space, a hyphen or a dash; a hyphen in a name for any of these or for nothing. ``…`` in a name stands for
up to `GAP` further words of the same sentence. Some lists say where more care is needed, three of a term and three of
the file:

``exact``
    Abbreviations whose letters count only in this case: IV is a route, iv is not.
``guarded``
    Abbreviations that mean other things as well. They count only where the same text spells the term out, and not
    where the text introduces them for something else, as in "Alzheimer disease (AD)".
``whole``
    Names that say what is meant only when they are the whole text, such as "skin" in a field that asks for a tissue.
``not_after``, ``not_before`` (of the file)
    Words beside a name that give it another meaning: the IV of "phase IV" is no route.
``no_term`` (of the file)
    Longer words that a name stands in by chance, matched and left out: 心肌炎 is no 肌炎, 变异体 holds no 异体.
    Chinese has no spaces, so nothing else says where a word ends.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal, get_args

from stromata.errors import InvalidInput, NotFound

Vocabulary = Literal["diseases", "tissues", "donors", "products", "routes", "designs"]
VOCABULARIES: tuple[Vocabulary, ...] = get_args(Vocabulary)

GAP = 12
"""Most words that ``…`` may stand for: "double-blind, placebo-controlled, parallel-group phase 2b" are eight."""


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a vocabulary.

    Attributes
    ----------
    id : short stable name, used in study tables, protocols and suggestions.
    parent : id of the next broader term; empty when there is none.
    ids : (scheme, identifier) in public terminologies; the vocabulary file says where each was confirmed.
    synonyms : English names beside the label, abbreviations and spellings included.
    synonyms_zh : Chinese names, simplified first.
    definition : what the term covers here, in one sentence.
    design : for designs, the `stromata.model.Design` that studies of this kind are filed under; else empty.
    level : for designs, rank of the evidence on an effect (see the file); None where no rank applies.
    exact, guarded, whole : those names that are matched with more care; see the module.
    """

    vocabulary: Vocabulary
    id: str
    label: str
    parent: str
    ids: tuple[tuple[str, str], ...]
    synonyms: tuple[str, ...]
    synonyms_zh: tuple[str, ...]
    definition: str
    design: str = ""
    level: int | None = None
    exact: tuple[str, ...] = ()
    guarded: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """A mention of a term: ``quote == text[start:end]``, in Unicode code points of the text as given."""

    term: Term
    start: int
    end: int
    quote: str


def terms(vocabulary: Vocabulary) -> tuple[Term, ...]:
    """Return all terms of a vocabulary in the order of its file.

    Raises
    ------
    InvalidInput
        There is no such vocabulary.
    """
    return _lexicon(vocabulary).terms


def term(vocabulary: Vocabulary, id: str) -> Term:  # noqa: A002 - the word that users know it by
    """Return the term with this id.

    Raises
    ------
    NotFound
        No term has this id; the hint names those that are spelt alike.
    """
    by_id = _lexicon(vocabulary).by_id
    if id in by_id:
        return by_id[id]
    near = get_close_matches(id, by_id, n=5, cutoff=0.5)
    named = recognise(vocabulary, id)
    if named is not None:
        near = [named.id, *(name for name in near if name != named.id)]
    hint = f"Did you mean: {', '.join(near)}?" if near else f"It has: {', '.join(by_id)}."
    raise NotFound(f"The vocabulary {vocabulary} has no term {id!r}.", hint=hint)


def ancestors(vocabulary: Vocabulary, id: str) -> tuple[Term, ...]:  # noqa: A002 - as in `term`
    """Return the broader terms of a term, the next broader one first.

    Raises
    ------
    NotFound
        No term has this id.
    """
    found = []
    parent = term(vocabulary, id).parent
    while parent:
        found.append(term(vocabulary, parent))
        parent = found[-1].parent
    return tuple(found)


def is_a(vocabulary: Vocabulary, id: str, broader: str) -> bool:  # noqa: A002 - as in `term`
    """Tell whether a term is `broader` itself or a narrower term of it.

    Raises
    ------
    NotFound
        One of the two ids does not exist.
    """
    wanted = term(vocabulary, broader).id
    return wanted == id or any(above.id == wanted for above in ancestors(vocabulary, id))


def find(vocabulary: Vocabulary, text: str) -> tuple[Match, ...]:
    """Return every mention of the vocabulary's terms, in the order of the text and without overlaps.

    Where several names begin at the same place, the longest counts. A mention is no claim: who was treated, what was
    planned and what was denied is for the reader of the sentence to say.

    Examples
    --------
    >>> [(m.term.id, m.quote) for m in find("tissues", "Adipose–derived or UC-MSCs")]
    [('adipose', 'Adipose–derived'), ('umbilical-cord', 'UC-MSCs')]
    """
    lexicon = _lexicon(vocabulary)
    words = _recent(text)
    hits = _allowed(_scan(lexicon, words), lexicon, words)
    return tuple(
        Match(lexicon.by_id[hit.id], start, end, text[start:end])
        for hit in _absorbed(hits, lexicon, words)
        for start, end in [(words.starts[hit.first], words.ends[hit.last])]
    )


def recognise(vocabulary: Vocabulary, text: str) -> Term | None:
    """Return the term that the whole text is a name or the id of; None when it is none, or could be several things.

    Upper and lower case do not matter here, not even for abbreviations, unless they are guarded.

    Examples
    --------
    >>> recognise("routes", "i.v.").id
    'intravenous'
    >>> recognise("diseases", "AD") is None
    True
    """
    lexicon = _lexicon(vocabulary)
    stripped = text.strip()
    if stripped in lexicon.by_id:
        return lexicon.by_id[stripped]
    if stripped.casefold() in lexicon.labels:
        return lexicon.labels[stripped.casefold()]
    words = _words(text)
    count = len(words.keys)
    names = [name for end, name in _names_at(lexicon.root, words, 0, whole=True) if end == count and name.id]
    if any(name.kind == "guarded" and _in_case(name, words, 0) for name in names):
        return None
    weight = max((name.weight for name in names), default=0)
    ids = {name.id for name in names if name.weight == weight and name.kind != "guarded"}
    return lexicon.by_id[ids.pop()] if len(ids) == 1 else None


# --- words of a text -------------------------------------------------------------------------------------------------

_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_LATIN = rf"[^\W_{_HAN}]"
_WORD = re.compile(
    rf"(?:(?:[A-Za-z]\. ?(?=[A-Za-z]\.))+[A-Za-z]\.|(?:[A-Za-z]\.)+[A-Za-z])(?!{_LATIN})"  # i.v., s. c., i.v
    rf"|{_LATIN}+(?:'s(?!{_LATIN}))?"
    rf"|[{_HAN}]"
)
_JOIN = re.compile(r"[ \t]*\n?[ \t]*(?:[-/][ \t]*\n?[ \t]*)?")
"""What may stand between two words of a name: spaces, one line break, one hyphen, dash or slash; no blank line."""

_ENDS = re.compile(r"[.;!?。]|\n\s*\n")
_PLAIN = {
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"), "-"),
    **dict.fromkeys(map(ord, "\u2018\u2019\u02bc\u2032\uff07\u00b4"), "'"),
    **dict.fromkeys(map(ord, "\r\x0b\x0c\u0085\u2028\u2029"), "\n"),
    **{ord(letter): plain for letter, plain in zip("øØłŁđĐ", "oOlLdD", strict=True)},
}
"""Characters that the compatibility forms of Unicode leave as they are."""


class _Folding(dict[int, str]):
    """What each character counts as: compatibility form without accents; nothing for the invisible ones."""

    def __missing__(self, code: int) -> str:
        plain = unicodedata.normalize("NFKD", chr(code))
        kept = "".join(
            " " if part.isspace() and part != "\n" else part
            for part in (_PLAIN.get(ord(part), part) for part in plain)
            if part and unicodedata.category(part[0]) not in {"Mn", "Me", "Cf"}
        )
        self[code] = kept
        return kept


_FOLDED = _Folding(_PLAIN)


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of a text: `keys` in lower case, `cased` as written; `starts`, `ends` are offsets into the original.

    `between` is what stands between a word and the next, folded; `keys` of abbreviations with dots keep the dots.
    """

    keys: list[str]
    cased: list[str]
    starts: list[int]
    ends: list[int]
    between: list[str]


@lru_cache(maxsize=4)
def _recent(text: str) -> _Words:
    """Return the words of a text; the same text is mostly asked about with one vocabulary after the other."""
    return _words(text)


def _words(text: str) -> _Words:
    folded, offsets = _fold(text)
    found = list(_WORD.finditer(folded))
    cased = [_plain_word(hit[0]) for hit in found]
    starts = [hit.start() for hit in found]
    ends = [hit.end() for hit in found]
    between = [folded[end:start] for end, start in zip(ends, [*starts[1:], len(folded)], strict=False)]
    if offsets is not None:
        starts = [offsets[at] for at in starts]
        ends = [_end(text, offsets[at - 1] + 1) for at in ends]
    return _Words([word.lower() for word in cased], cased, starts, ends, between)


def _plain_word(word: str) -> str:
    """Drop a possessive 's, and write abbreviations with dots in one way."""
    if "." in word:
        return f"{word.replace(' ', '').rstrip('.')}."
    return word.removesuffix("'s")


def _fold(text: str) -> tuple[str, list[int] | None]:
    """Return the folded text and, unless each character became one, the original offset of each folded character."""
    if text.isascii():
        return text.replace("\r", "\n") if "\r" in text else text, None
    pieces = [_FOLDED[ord(character)] for character in text]
    if all(len(piece) == 1 for piece in pieces):
        return "".join(pieces), None
    return "".join(pieces), [at for at, piece in enumerate(pieces) for _ in piece]


def _end(text: str, end: int) -> int:
    """Take in the accents that follow the last letter as characters of their own."""
    while end < len(text) and unicodedata.category(text[end]) in {"Mn", "Me"}:
        end += 1
    return end


def _forms(key: str) -> Iterator[str]:
    """Yield a word as it stands, and as the singular that it may be the plural of."""
    yield key
    if len(key) > 2 and key.endswith("s") and not key.endswith("ss"):
        yield key[:-1]
        if key.endswith("ies"):
            yield f"{key[:-3]}y"


# --- names, and where they occur -------------------------------------------------------------------------------------

_Kind = Literal["plain", "exact", "guarded", "whole"]


@dataclass(frozen=True, slots=True)
class _Name:
    """One name of a term: its words, those after a gap, and how it is to be matched; `id` is empty for no term."""

    id: str
    kind: _Kind
    head: tuple[str, ...]
    tail: tuple[str, ...]
    cased: tuple[str, ...]
    spelt_out: bool

    @property
    def weight(self) -> int:
        """The number of words that are given: of two names for the same words the one that says more counts."""
        return len(self.head) + len(self.tail)


@dataclass(slots=True)
class _Node:
    next: dict[str, _Node] = field(default_factory=dict)
    names: list[_Name] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Lexicon:
    terms: tuple[Term, ...]
    by_id: dict[str, Term]
    labels: dict[str, Term]
    root: _Node
    firsts: frozenset[str]
    not_after: dict[str, frozenset[str]]
    not_before: dict[str, frozenset[str]]
    made_of: dict[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class _Hit:
    id: str
    first: int
    last: int
    name: _Name


def _joined(words: _Words, at: int) -> bool:
    """Tell whether word `at` and the next may belong to one name."""
    return not words.between[at] or _JOIN.fullmatch(words.between[at]) is not None


def _names_at(root: _Node, words: _Words, first: int, *, whole: bool) -> Iterator[tuple[int, _Name]]:
    """Yield (index after the last word, name) of every name that begins with word `first`; case does not matter."""
    stack = [(root, first)]
    while stack:
        node, at = stack.pop()
        for name in node.names:
            if name.tail:
                yield from ((end, name) for end in _after_gap(name.tail, words, at))
            elif whole or name.kind != "whole":
                yield at, name
        if at < len(words.keys) and (at == first or _joined(words, at - 1)):
            stack.extend((node.next[form], at + 1) for form in _forms(words.keys[at]) if form in node.next)


def _after_gap(tail: tuple[str, ...], words: _Words, at: int) -> Iterator[int]:
    """Yield the index after `tail` where it first follows in the same sentence within `GAP` words."""
    stem = tail[0][:-1]  # quicker than the forms of each word, and true of all of them
    for start in range(at, min(at + GAP + 1, len(words.keys) - len(tail) + 1)):
        if _ENDS.search(words.between[start - 1]):
            return
        if not words.keys[start].startswith(stem):
            continue
        if all(want in _forms(words.keys[start + k]) for k, want in enumerate(tail)) and all(
            _joined(words, start + k) for k in range(len(tail) - 1)
        ):
            yield start + len(tail)
            return


def _in_case(name: _Name, words: _Words, first: int) -> bool:
    """Tell whether the letters have the case of the name; a plural s may follow."""
    written = words.cased[first : first + len(name.cased)]
    return all(got in {want, f"{want}s"} for got, want in zip(written, name.cased, strict=True))


def _scan(lexicon: _Lexicon, words: _Words) -> list[_Hit]:
    """Return the best name at each place, left to right, without overlaps; guarded ones are not yet judged."""
    hits = []
    at = 0
    while at < len(words.keys):
        best: _Hit | None = None
        if words.keys[at] in lexicon.firsts:
            for end, name in _names_at(lexicon.root, words, at, whole=False):
                better = best is None or _rank(name, end) > _rank(best.name, best.last + 1)
                in_case = name.kind == "plain" or _in_case(name, words, at)
                if better and in_case and _fits(lexicon, words, at, end, name):
                    best = _Hit(name.id, at, end - 1, name)
        if best is None:
            at += 1
        else:
            hits.append(best)
            at = best.last + 1
    return [hit for hit in hits if hit.id]


def _rank(name: _Name, end: int) -> tuple[bool, int, int]:
    """Put the longest name first, and one with a gap last: of these the one that ends first."""
    return not name.tail, -end if name.tail else end, name.weight


_LINKS = frozenset({"or", "and", "to", "或", "和", "及", "至"})


def _fits(lexicon: _Lexicon, words: _Words, first: int, end: int, name: _Name) -> bool:
    """Tell whether no neighbour gives the name another meaning; "class III or IV" is looked through."""
    key = " ".join(name.head)
    banned = lexicon.not_after.get(key)
    if banned and first:
        before = first - 2 if words.keys[first - 1] in _LINKS and first > 1 else first - 1
        if words.keys[before] in banned and not _ENDS.search(words.between[first - 1]):
            return False
    banned = lexicon.not_before.get(key)
    follows = banned and end < len(words.keys) and _joined(words, end - 1)
    return not (follows and banned and any(form in banned for form in _forms(words.keys[end])))


def _allowed(hits: list[_Hit], lexicon: _Lexicon, words: _Words) -> list[_Hit]:
    """Drop guarded abbreviations that the text does not spell out, or introduces for something else."""
    spelt = [hit for hit in hits if hit.name.spelt_out]
    verdicts: dict[tuple[str, str], bool] = {}
    kept = []
    for place, hit in enumerate(hits):
        if hit.name.kind == "guarded":
            key = (hit.id, words.keys[hit.first])
            if key not in verdicts:
                verdicts[key] = _introduced(hit, spelt, lexicon, words)
            before = hits[place - 1] if place else None
            made = before is not None and before.id in lexicon.made_of.get(hit.id, ()) and before.last + 1 == hit.first
            if not verdicts[key] and not (made and _joined(words, hit.first - 1)):
                continue
        kept.append(hit)
    return kept


def _introduced(hit: _Hit, spelt: list[_Hit], lexicon: _Lexicon, words: _Words) -> bool:
    """Judge a guarded abbreviation by its first occurrence: in brackets it must follow the term itself."""
    same = [other for other in spelt if _below(lexicon, other.id, hit.id)]
    before = words.between[hit.first - 1].rstrip() if hit.first else ""
    if not before.endswith(("(", "[")):
        return bool(same)
    return any(other.last + 1 == hit.first for other in same) and not before[:-1].strip()


def _below(lexicon: _Lexicon, id: str, broader: str) -> bool:  # noqa: A002 - as in `term`
    while id and id != broader:
        id = lexicon.by_id[id].parent  # noqa: A001
    return id == broader


_CELLS_FIRST = frozenset({"", "derived", "来源", "来源的", "源", "源性", "源性的", "衍生", "衍生的", "的", "分泌的"})
_CELLS_LAST = re.compile(
    r"(?:(?:(?:that|which) )?(?:(?:were|was|are) )?"
    r"(?:derived|isolated|collected|obtained|released|secreted|produced|prepared) )?"
    r"(?:from(?: \S+){0,4}|(?:by|of)(?: the)?(?: cultured| allogeneic| autologous| human)*)|来 源 于|来 自|提 取 自"
)
"""What may stand between a product and the cells that it is made of, by which of the two comes first."""


def _absorbed(hits: list[_Hit], lexicon: _Lexicon, words: _Words) -> list[_Hit]:
    """Join a product with the cells that it is said to be made of: "exosomes from MSCs" are vesicles, not cells."""
    kept: list[_Hit] = []
    for hit in hits:
        last = kept[-1] if kept else hit
        text = " ".join(words.keys[last.last + 1 : hit.first])
        if kept and all(_joined(words, at) and "/" not in words.between[at] for at in range(last.last, hit.first)):
            if last.id in lexicon.made_of.get(hit.id, ()) and text.replace(" ", "") in _CELLS_FIRST:
                kept[-1] = _Hit(hit.id, last.first, hit.last, hit.name)
                continue
            if hit.id in lexicon.made_of.get(last.id, ()) and _CELLS_LAST.fullmatch(text):
                kept[-1] = _Hit(last.id, last.first, hit.last, last.name)
                continue
        kept.append(hit)
    return kept


# --- the files -------------------------------------------------------------------------------------------------------


@cache
def _lexicon(vocabulary: Vocabulary) -> _Lexicon:
    """Read one vocabulary; it is read once."""
    if vocabulary not in VOCABULARIES:
        raise InvalidInput(f"There is no vocabulary {vocabulary!r}.", hint=f"There are: {', '.join(VOCABULARIES)}.")
    import yaml  # noqa: PLC0415 - only those who look something up wait for it

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    path = files("stromata.clinical").joinpath("vocabularies", f"{vocabulary}.yaml")
    data = yaml.load(path.read_text(encoding="utf-8"), loader)  # noqa: S506 - a safe loader, in C where there is one
    entries = data["terms"]
    found = tuple(_term(vocabulary, entry) for entry in entries)
    root = _Node()
    for one in found:
        for name in _names(one):
            _enter(root, name)
    for text in data.get("no_term", ()):
        _enter(root, _no_term(text))
    return _Lexicon(
        terms=found,
        by_id={one.id: one for one in found},
        labels={one.label.casefold(): one for one in found},
        root=root,
        firsts=frozenset(
            form for word in root.next for form in (word, f"{word}s", f"{word[:-1]}ies" if word[-1] == "y" else word)
        ),
        not_after=_neighbours(data.get("not_after", {})),
        not_before=_neighbours(data.get("not_before", {})),
        made_of={entry["id"]: frozenset(entry["made_of"]) for entry in entries if "made_of" in entry},
    )


def _term(vocabulary: Vocabulary, entry: dict[str, object]) -> Term:
    def texts(key: str) -> tuple[str, ...]:
        found = entry.get(key) or ()
        return tuple(str(name) for name in found) if isinstance(found, list) else ()

    def one(key: str) -> str:
        return str(entry.get(key) or "")

    ids = entry.get("ids")
    level = entry.get("level")
    exact, guarded, whole = texts("exact"), texts("guarded"), texts("whole")
    latin = tuple(name for name in whole if not re.search(f"[{_HAN}]", name) and name != one("label"))
    return Term(
        vocabulary=vocabulary,
        id=one("id"),
        label=one("label"),
        parent=one("parent"),
        ids=tuple((str(scheme), str(value)) for scheme, value in ids.items()) if isinstance(ids, dict) else (),
        synonyms=(*texts("synonyms"), *exact, *guarded, *latin),
        synonyms_zh=(*texts("synonyms_zh"), *(name for name in whole if re.search(f"[{_HAN}]", name))),
        definition=one("definition"),
        design=one("design"),
        level=level if isinstance(level, int) else None,
        exact=exact,
        guarded=guarded,
        whole=whole,
    )


def _names(one: Term) -> Iterator[_Name]:
    """Yield each name of a term, once with each of its hyphens as a space and once with all of them closed up."""
    whole = {text.casefold() for text in one.whole}
    labels = () if "," in one.label else (one.label,)  # a comma is for lists: nobody writes so in a sentence
    for text in (*labels, *one.synonyms, *one.synonyms_zh):
        kind: _Kind = "whole" if text.casefold() in whole else "plain"
        if text in one.exact or text in one.guarded:
            kind = "exact" if text in one.exact else "guarded"
        open_form, closed = text, re.sub(r"(?<=[^\W\d_])-(?=\w)", "", text)
        for form in dict.fromkeys((open_form, closed, *_half_open(text))):
            head, _, tail = form.partition("…")
            words = _words(head)
            spelt_out = kind == "plain" and (len(words.keys) > 1 or len(text) > 5 or not text.isascii())
            yield _Name(one.id, kind, tuple(words.keys), tuple(_words(tail).keys), tuple(words.cased), spelt_out)


def _no_term(text: str) -> _Name:
    words = _words(text)
    return _Name("", "plain", tuple(words.keys), (), tuple(words.cased), spelt_out=False)


def _half_open(text: str) -> Iterator[str]:
    """Yield the forms of a name with several hyphens in which one of them is closed up."""
    places = [hit.start() for hit in re.finditer(r"(?<=[^\W\d_])-(?=\w)", text)]
    if len(places) > 1:
        yield from (text[:at] + text[at + 1 :] for at in places)


def _enter(root: _Node, name: _Name) -> None:
    node = root
    for word in name.head:
        node = node.next.setdefault(word, _Node())
    if name not in node.names:
        node.names.append(name)


def _neighbours(table: dict[str, list[str]]) -> dict[str, frozenset[str]]:
    return {" ".join(_words(name).keys): frozenset(map(str, words)) for name, words in table.items()}
