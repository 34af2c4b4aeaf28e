r"""BibTeX and BibLaTeX: read as they come, written so that other programs read the same.

The citation key is kept in `Record.extra` as ``ID``, the type of entry as ``TY`` where the record's own type does not
give it back. Fields without a place in Record stay in extra under their own names, or under those of `_RENAMED`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TextIO

from stromata.formats.bibtex_entries import Entry, Scanner, closing, inherit, mentions_parents, parents, wanted
from stromata.formats.content import Content, Passage
from stromata.formats.draft import Draft
from stromata.formats.latex import address_of, latex_of, text_of
from stromata.formats.own import astray, damaged, lossless, restored
from stromata.formats.text import clean, name_of
from stromata.model import Name, Problem, Record, Translation
from stromata.progress import Progress, silent

_SNIFF = re.compile(
    r"^[ \t\ufeff]*@[ \t]*(?!media|import|font|charset|keyframes|page|supports|namespace)[a-z][\w-]*\s*"
    r"(?:\{\s*+[^,={}\"\n]*+,|\(\s*+[^,=(){}\"\n]*+,"
    r"|[{(]\s*+(?:[^\s={}(),]{1,200}+\s++)?[\w.:+/-]{1,80}+\s*+=\s*+[\"{\d])",
    re.MULTILINE | re.IGNORECASE,
)

_SHORT = 60
"""Characters up to which the plain text of a value is remembered."""

_KEYS = 200_000
"""Citation keys remembered to tell repeated ones."""

_TYPES = {
    "article": "article-journal", "book": "book", "mvbook": "book", "booklet": "pamphlet", "proceedings": "book",
    "collection": "book", "mvcollection": "book", "mvproceedings": "book", "reference": "book",
    "periodical": "periodical",
    "inbook": "chapter", "incollection": "chapter", "bookinbook": "chapter", "suppbook": "chapter",
    "inreference": "entry-encyclopedia", "inproceedings": "paper-conference", "conference": "paper-conference",
    "mastersthesis": "thesis", "masterthesis": "thesis", "phdthesis": "thesis", "thesis": "thesis",
    "techreport": "report",
    "report": "report", "manual": "report", "unpublished": "manuscript", "online": "webpage", "electronic": "webpage",
    "www": "webpage", "webpage": "webpage", "dataset": "dataset", "data": "dataset", "software": "software",
    "patent": "patent", "standard": "standard", "preprint": "article", "legislation": "legislation",
    "jurisdiction": "legal_case", "video": "motion_picture", "movie": "motion_picture",
    "letter": "personal_communication",
    "newspaper": "article-newspaper", "magazine": "article-magazine", "misc": "",
}  # fmt: skip
_WRITTEN = {kind: name for name, kind in reversed(_TYPES.items())} | {"thesis": "thesis", "chapter": "incollection"}

_FIELDS = {
    "title": "title", "abstract": "abstract", "summary": "abstract", "journal": "journal", "journaltitle": "journal",
    "fjournal": "journal", "journal-title": "journal", "shortjournal": "abbreviation",
    "abbrev_source_title": "abbreviation", "journal_abbreviation": "abbreviation", "journal-iso": "abbreviation",
    "booktitle": "container", "year": "year", "date": "date", "month": "month", "day": "day", "volume": "volume",
    "number": "issue", "issue": "issue", "pages": "pages", "eid": "article-number", "art_number": "article-number",
    "article-number": "article-number", "articleno": "article-number", "publisher": "publisher", "school": "publisher",
    "institution": "publisher", "organization": "publisher", "issn": "serial", "eissn": "serial", "isbn": "serial",
    "eisbn": "serial", "doi": "doi", "pmid": "pmid", "pubmed_id": "pmid", "pubmed": "pmid", "pmcid": "pmcid",
    "pmc": "pmcid", "unique-id": "accession", "accession": "accession", "accession-number": "accession",
    "accession_number": "accession", "url": "url", "link": "url", "ee": "url", "keywords": "keyword",
    "keyword": "keyword", "key words": "keyword", "author keywords": "keyword",
    "author_keywords": "keyword", "keywords-plus": "keyword", "index_keywords": "keyword",
    "tags": "keyword", "language": "language", "langid": "language", "note": "note", "annote": "note",
    "annotation": "note", "source": "database", "database": "database", "stromata-registry": "registry",
}  # fmt: skip
_RENAMED = {
    "address": "CY", "location": "CY", "editor": "ED", "edition": "ET", "affiliation": "AD", "affiliations": "AD",
    "series": "T3", "urldate": "Y2", "file": "L1", "type": "M3", "translator": "A4", "shorttitle": "ST",
}  # fmt: skip
"""Fields that RIS or MEDLINE have a tag for: extra holds them under it, so that those writers can write it."""

_WRITTEN_EXTRA = {tag: name for name, tag in reversed(_RENAMED.items())}
_VERBATIM = frozenset(("doi", "url", "file", "link", "ee", "eprint", "pdf", "biburl", "unique-id"))
"""Fields that hold addresses and paths, where ``_`` and ``~`` mean themselves."""

_NAMES = frozenset(("editor", "translator"))
_AND = re.compile(r"(?<!\s)\s++and\s+", re.IGNORECASE)
_AND_OR_BRACE = re.compile(r"[{}]|(?<!\s)\s++and\s+", re.IGNORECASE)
_SHORT_LIST = re.compile(r"[^\W\d_][\w'’-]*(?: [^\W\d_][\w'’-]*)* [A-Z]{1,3}")
_SUFFIX = re.compile(r"(?:jr|sr|ii|iii|iv|2nd|3rd)\.?", re.IGNORECASE)
_MIDDLE_SUFFIX = re.compile(r"(?:jr|sr|[ivx]{1,4}|2nd|3rd)\.?", re.IGNORECASE)  # between two commas: Last, V, First
_OTHERS = re.compile(r"(?:others|et\.? al\.?|等)", re.IGNORECASE)
_KEY_PMID = re.compile(r"(?:PMID|MEDLINE):([1-9]\d{0,7})", re.IGNORECASE)
_KEY_DOI = re.compile(r"(?:doi:|https?://(?:dx\.)?doi\.org/)10\..+", re.IGNORECASE)
_BEGINS = "stromata-"
_EXTRA = "stromata-extra-"
_TRANSLATION = "stromata-translation-"
_MADE_KEY = "stromata-key"
"""Says that the key was made by our writer, where it still is that key."""

_NOTE = "stromata-record"


def sniff(head: str) -> bool:
    """Tell whether the first part of a file looks like BibTeX: an entry or a macro opens at the beginning of a line."""
    return "@" in head and _SNIFF.search(head) is not None


def read(content: Content, *, progress: Progress = silent) -> Iterator[Record | Problem | Passage]:
    """Yield a Record for each entry, a Problem for each odd thing and a Passage for what stands between, in order.

    Where entries name others that they inherit from, the file is gone through twice more before.
    """
    named = wanted(content) if mentions_parents(content) else frozenset()
    inherited = parents(content, named) if named else {}
    keys: set[str] = set()
    number = 0
    for item in Scanner().items(content.lines(progress=progress)):
        if not isinstance(item, Entry):
            yield item
            continue
        if not (item.key or item.fields or item.strays):
            yield Passage(item.line, item.end_line, "stray")
            yield Problem(
                item.line, "bibtex-empty-entry", f"The entry in line {item.line} is empty.", "Export it again."
            )
            continue
        draft = _draft(item, inherited)
        if item.key:
            if item.key in keys:
                text = f"The key '{item.key}' is used again in line {item.line}; both entries were read."
                item.problems.append(Problem(item.line, "bibtex-repeated-key", text, "Give each entry its own key."))
            elif len(keys) < _KEYS:
                keys.add(item.key)
        record = draft.record(source=content.sha256, number=number + 1)
        for note in [value for name, value in item.fields if name.lower() == _NOTE]:
            empty = Record(content.sha256, number + 1, item.line, item.end_line)
            record = restored(record or empty, note, form="bibtex", problems=item.problems)
        if record is None:
            yield Passage(item.line, item.end_line, "stray")
        else:
            number += 1
            yield record
        yield from item.problems
        yield from draft.problems


def _draft(entry: Entry, inherited: dict[str, dict[str, str]]) -> Draft:
    """Turn an entry's fields into those of a record."""
    draft = Draft(entry.line, entry.end_line, "bibtex")
    kind = _TYPES.get(entry.type, "")
    if kind:
        draft.add("kind", "TY", kind)
    if _WRITTEN.get(kind, "misc") != entry.type:
        draft.keep("TY", entry.type)
    place = draft.met = draft.met + 1
    fields = entry.fields
    if inherited and any(name.lower() in {"crossref", "xdata"} for name, _ in fields):
        fields = [*fields, *inherit(entry, inherited)]
    foreign = ((name, value) for name, value in fields if not name.lower().startswith(_BEGINS))
    draft.problems += astray(foreign, place="", line=entry.line, form="bibtex")
    later: dict[str, str] = {}
    key = entry.key
    for said, value in fields:
        name = said.lower().replace("\xa0", " ")
        if name == _NOTE:
            continue
        if name.startswith(_BEGINS):
            key = _own(draft, name, value, key)
        elif name in {"subtitle", "booksubtitle", "eprint", "eprinttype", "archiveprefix"}:
            later[name] = value
        else:
            _field(draft, name, value)
    if later:
        _subtitles(draft, later)
    _titles(draft, entry.type)
    if later:
        _eprint(draft, later)
    for stray in entry.strays:
        draft.keep("stray", stray)
    if key:
        draft.extra.append((place, "ID", key))
        said_pmid = _KEY_PMID.fullmatch(key)
        if said_pmid:
            draft.add("pmid", "ID", said_pmid[1])
        elif _KEY_DOI.fullmatch(key) and "doi" not in draft.fields:
            draft.add("doi", "ID", key)
    return draft


def _field(draft: Draft, name: str, value: str) -> None:
    """Put one field where it belongs."""
    if name in {"author", "authors"}:
        _authors(draft, value)
        return
    if name in _NAMES:
        for one in names_of(value):
            draft.keep(_RENAMED[name], str(one))
        return
    target = _FIELDS.get(name)
    if target == "keyword":
        text = clean(text_of(value.replace("\\sep", ";") if "\\sep" in value else value))
        for word in text.split(";" if ";" in text else ","):
            if tidy := word.strip():
                draft.add("keyword", name, tidy)
        return
    if name in _VERBATIM:
        tidy = clean(address_of(value))
    else:
        tidy = _short(value) if len(value) < _SHORT else clean(text_of(value))
    if not tidy:
        return
    if target is None:
        if name == "howpublished" and tidy.startswith(("http://", "https://", "www.")):
            draft.add("url", name, tidy)
        else:
            draft.keep(_RENAMED.get(name, name), tidy)
    elif target == "url" and tidy.startswith("10."):
        draft.add("maybe-doi", name, tidy)
    elif target == "database" and tidy.isdigit():
        draft.keep(name, tidy)
    else:
        draft.add(target, name, tidy)


@lru_cache(maxsize=1 << 14)  # years, volumes, journals and publishers come again and again in one file
def _short(value: str) -> str:
    return clean(text_of(value))


def _subtitles(draft: Draft, later: dict[str, str]) -> None:
    for name, target in (("subtitle", "title"), ("booksubtitle", "container")):
        text = clean(text_of(later.get(name, "")))
        said = draft.fields.get(target)
        if text and said:
            place, tag, title = said[0]
            said[0] = (place, tag, f"{title}{' ' if title.endswith(('?', '!', ':')) else ': '}{text}")
        elif text:
            draft.add(target, name, text)


def _titles(draft: Draft, kind: str) -> None:
    """Tell a journal's abbreviation from the full name beside it, and a volume's title from that of its parts."""
    said = draft.fields.get("journal", [])
    full = [one for one in said if one[1] == "fjournal"]
    if full and len(said) > len(full):
        draft.fields["journal"] = full
        draft.fields.setdefault("abbreviation", []).extend(one for one in said if one[1] != "fjournal")
    if kind in {"proceedings", "book", "collection"} and "title" not in draft.fields and "container" in draft.fields:
        draft.fields["title"] = draft.fields.pop("container")


def _eprint(draft: Draft, later: dict[str, str]) -> None:
    """Place an identifier of a preprint server or archive by what its type says."""
    text = clean(address_of(later.get("eprint", "")))
    kind = clean(later.get("eprinttype", "") or later.get("archiveprefix", ""))
    if text.startswith(("http://", "https://")):
        draft.add("url", "eprint", text)
    elif text and kind.lower() in {"pubmed", "pmid"}:
        draft.add("pmid", "eprint", text)
    elif text and kind.lower() in {"pmc", "pmcid"}:
        draft.add("pmcid", "eprint", text)
    else:
        for name, value in (("eprint", text), ("eprinttype", kind)):
            if value:
                draft.keep(name, value)


def _own(draft: Draft, name: str, value: str, key: str) -> str:
    """Take back what our own writer put into fields of its own; return the citation key."""
    text = clean(text_of(value))
    if name == _MADE_KEY:
        return "" if text == key else key
    if name.startswith(_EXTRA):
        tag, equals, rest = text.partition("=")
        if tag == "ID":
            return rest
        if tag and equals:
            draft.keep(tag, rest)
        else:
            _damaged(draft, name, text)
    elif name.startswith(_TRANSLATION):
        try:
            language, title, abstract, machine = json.loads(text)
            draft.translations.append(Translation(str(language), str(title), str(abstract), machine=bool(machine)))
        except (ValueError, TypeError, RecursionError):
            _damaged(draft, name, text)
    elif name == "stromata-registry":
        for one in text.split("; "):
            draft.add("registry", name, one)
    elif name == "stromata-urls":
        for one in address_of(value).split():
            draft.add("url", name, one)
    elif name == "stromata-notes":
        notes = _notes(text)
        for one in notes or ():
            draft.add("note", name, one)
        if notes is None:
            _damaged(draft, name, text)
    else:
        _damaged(draft, name, text)
    return key


def _notes(text: str) -> list[str] | None:
    """Return the notes that a field of ours lists as JSON; None where it is damaged."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, list) and all(isinstance(one, str) for one in said) else None


def _damaged(draft: Draft, name: str, text: str) -> None:
    draft.keep(name, text)
    draft.problems.append(damaged(f"{name}: {text}", line=draft.line, form="bibtex"))


def _authors(draft: Draft, value: str) -> None:
    cut = False
    for name in names_of(value):
        if name.literal and _OTHERS.fullmatch(name.literal):
            cut = True
            draft.keep("AU", name.literal)
        else:
            draft.authors.append(name)
    if cut:
        said = f"The list of authors of the entry in line {draft.line} ends in 'others': some authors are missing."
        draft.problem("authors-cut", said)


def names_of(value: str) -> list[Name]:
    """Return the names of a list as BibTeX writes it: ``Last, First and First von Last and {Corporate Author}``."""
    if "{" not in value:
        parts = _AND.split(value)
        if len(parts) == 1:
            parts = _odd_list(value)
    else:
        parts = []
        depth = start = 0
        for match in _AND_OR_BRACE.finditer(value):
            if match[0] == "{":
                depth += 1
            elif match[0] == "}":
                depth -= 1
            elif depth <= 0:
                parts.append(value[start : match.start()])
                start = match.end()
        parts.append(value[start:])
    return [_name(part) for one in parts if (part := one.strip(" \t\n,;"))]


def _odd_list(value: str) -> list[str]:
    """Split a list of names that exports wrote without ``and``: by semicolons, or ``Smith JA, Doe B, Roe CD``."""
    if ";" in value and "&" not in value:
        return value.split(";")
    if value.count(",") >= 2:
        parts = [part.strip() for part in value.split(",")]
        if all(_SHORT_LIST.fullmatch(part) for part in parts):
            return parts
    return [value]


@lru_cache(maxsize=1 << 14)  # authors come again and again in one file; a Name never changes
def _name(raw: str) -> Name:
    if raw.startswith("{") and closing(raw, 0, escapes=False) == len(raw) - 1:
        return Name(literal=clean(text_of(raw)))
    text = clean(text_of(raw))
    if _OTHERS.fullmatch(text):
        return Name(literal=text)
    if "," in text or "，" in text:
        parts = [part.strip() for part in text.split(",")]
        if len(parts) == 3 and parts[0] and _MIDDLE_SUFFIX.fullmatch(parts[1]):
            return Name(family=parts[0], given=parts[2], suffix=parts[1])
        return name_of(text)
    found = name_of(text)
    words = text.split()
    if found.family or len(words) < 2 or any(sign >= "\u2e80" for sign in text):
        return found
    suffix = words.pop() if len(words) > 2 and _SUFFIX.fullmatch(words[-1]) else ""
    particle = next((place for place, word in enumerate(words[:-1]) if place and word[0].islower()), len(words) - 1)
    particle = 0 if words[0][0].islower() else particle
    return Name(family=" ".join(words[particle:]), given=" ".join(words[:particle]), suffix=suffix)


def write(records: Iterable[Record], stream: TextIO) -> None:
    """Write records as BibTeX in UTF-8: one field to a line, no field twice, every key once in the file.

    The key is the record's own where it has one that BibTeX can take, else the first author's family name, the year
    and the title's first long word. What BibTeX has no field for goes to fields that begin with ``stromata-``, from
    which `read` takes it back; so does what would not come back as it was (see `own.lossless`).
    """
    used: Counter[str] = Counter()

    def entry(record: Record) -> str:
        return _entry(record, used)

    stream.writelines(lossless(records, write=entry, add=_noted, read=read))


def _entry(record: Record, used: Counter[str]) -> str:
    """Write one entry under a key that is not `used`."""
    own = next((value for tag, value in record.extra if tag == "ID"), "")
    key = own if own and _GOOD_KEY.fullmatch(own) else _made_key(record)
    folded = key.lower()
    while used[folded]:
        used[folded] += 1
        key = f"{key}-{used[folded]}"
        folded = key.lower()
    used[folded] = 1
    said = next((value for tag, value in record.extra if tag == "TY"), "")
    kind = said if re.fullmatch("[a-z]+", said) and _TYPES.get(said, "") == record.type else ""
    kind = "" if kind in {"string", "comment", "preamble"} else kind
    lines = [f"@{kind or _WRITTEN.get(record.type, 'misc')}{{{key},\n"]
    lines += [f"  {name} = {{{value}}},\n" for name, value in _written(record, key, kind)]
    if not own:
        lines.append(f"  {_MADE_KEY} = {{{key}}},\n")
    return "".join((*lines, _END))


def _noted(entry: str, note: str) -> str:
    return f"{entry.removesuffix(_END)}  {_NOTE} = {{{note}}},\n{_END}"


_END = "}\n\n"
_GOOD_KEY = re.compile(r"[^\s,{}()\"#%~\\='@]+")
_PLAIN_TAG = re.compile(r"[a-z][a-z0-9_-]{0,40}")
_WORD = re.compile(r"[^\W\d_]{4,}")
_UNWRITTEN = frozenset((*_FIELDS, *_RENAMED, "author", "authors", "subtitle", "booksubtitle", "entrytype",
                        "archiveprefix", "crossref", "xdata", "howpublished"))  # fmt: skip
"""Names of fields that reading gives a meaning of their own: extra of such a name is not written as it stands."""


def _made_key(record: Record) -> str:
    first = record.authors[0] if record.authors else Name()
    family = re.sub(r"[^\w-]", "", (first.family or first.literal).split(" ")[-1] if str(first) else "")
    word = _WORD.search(record.title)
    parts = (family, str(record.year) if record.year is not None else "", word[0] if word else "")
    return "_".join(part for part in parts if part) or f"record_{record.number}"


def _written(record: Record, key: str, kind: str) -> Iterator[tuple[str, str]]:
    """Yield (field, value) as they stand in the file; each field once."""
    part = record.type in {"chapter", "paper-conference"}
    cut = next((value for tag, value in record.extra if tag == "AU" and _OTHERS.fullmatch(value)), "")
    house = {"thesis": "school", "report": "institution"}.get(record.type, "publisher")
    month = record.date[5:7]
    plain = (
        len(record.notes) == 1 and not record.notes[0].startswith("[") and not _NOTE_NUMBER.fullmatch(record.notes[0])
    )
    fields = (
        ("title", latex_of(record.title)),
        ("author", " and ".join((*map(_written_name, record.authors), *(["others"] if cut else [])))),
        ("year", str(record.year) if record.year is not None else ""),
        ("month", str(int(month)) if month else ""),
        ("day", str(int(record.date[8:])) if len(record.date) == 10 else ""),
        ("booktitle" if part else "journal", latex_of(record.journal)),
        ("shortjournal", latex_of(record.journal_abbreviation)),
        ("volume", latex_of(record.volume)),
        ("number", latex_of(record.issue)),
        (
            "pages",
            latex_of(record.pages).replace("-", "--") if _PAGES.fullmatch(record.pages) else latex_of(record.pages),
        ),
        (house, latex_of(record.publisher)),
        ("issn", latex_of(", ".join(record.issn))),
        ("isbn", latex_of(", ".join(record.isbn))),
        ("doi", _address(record.doi)),
        ("pmid", latex_of(record.pmid)),
        ("pmcid", latex_of(record.pmcid)),
        ("accession", latex_of(record.accession)),
        ("database", latex_of(record.database)),
        ("url", _address(record.urls[0]) if record.urls else ""),
        ("stromata-urls", " ".join(map(_address, record.urls[1:]))),
        ("language", latex_of(record.language) if record.language_basis == "stated" else ""),
        ("abstract", latex_of(record.abstract)),
        ("keywords", _keywords(record.keywords)),
        ("note", latex_of(record.notes[0]) if plain else ""),
        ("stromata-notes", "" if plain or not record.notes else latex_of(json.dumps(record.notes, ensure_ascii=False))),
        ("stromata-registry", latex_of("; ".join(record.registry_ids))),
    )
    written = [pair for pair in fields if pair[1]]
    yield from written
    for number, one in enumerate((t for t in record.translations if t.title or t.abstract), start=1):
        data = json.dumps([one.language, one.title, one.abstract, one.machine], ensure_ascii=False)
        yield f"{_TRANSLATION}{number}", latex_of(data)
    taken = {name for name, _ in written}
    number = 0
    for tag, value in record.extra:
        if not value or (tag, value) in {("ID", key), ("TY", kind), ("AU", cut)}:
            continue
        name = _WRITTEN_EXTRA.get(tag, tag if _PLAIN_TAG.fullmatch(tag) and tag not in _UNWRITTEN else "")
        plain = name not in _VERBATIM or not set("{}\\") & set(value)
        if name and plain and name not in taken and name not in _NAMES and not name.startswith(_BEGINS):
            taken.add(name)
            yield name, value if name in _VERBATIM else latex_of(value)
        else:
            number += 1
            yield f"{_EXTRA}{number}", latex_of(f"{tag}={value}")


_PAGES = re.compile(r"\w+-\w+")
_NOTE_NUMBER = re.compile(r"(?:PubMed )?PMC?ID ?:.*", re.IGNORECASE)


def _keywords(words: tuple[str, ...]) -> str:
    """Join by semicolons; a trailing one keeps a single keyword that holds commas from being split."""
    joined = "; ".join(words)
    return latex_of(f"{joined};" if len(words) == 1 and "," in joined else joined)


def _address(text: str) -> str:
    """Write an address as it is; what would unbalance the braces or end the reading of it is encoded."""
    return re.sub(r"[{}\\\s]", lambda match: f"%{ord(match[0]):02X}", text) if re.search(r"[{}\\\s]", text) else text


def _written_name(name: Name) -> str:
    """Write a name so that `names_of` reads it back."""
    if name.literal:
        return "{" + latex_of(name.literal) + "}"
    parts = (name.family, name.suffix, name.given) if name.suffix else (name.family, name.given)
    plain = ", ".join(map(latex_of, parts)) if name.given or name.suffix else latex_of(name.family)
    return plain if names_of(plain) == [name] else "{" + latex_of(str(name)) + "}"
