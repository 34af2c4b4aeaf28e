"""Labelled sets: references of a finished review with what was decided on each, from the layouts that tools write.

ASReview, SYNERGY, Rayyan, Covidence and plain tables are known by their headings (``labelled.yaml``). A row is named by
its position among the rows of its file, from 0, which is what ASReview calls its ``record_id``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from stromata import sheets
from stromata.errors import InvalidInput, NotFound, Unreadable
from stromata.model import Problem, Record
from stromata.model.identifiers import normal_doi, normal_pmid
from stromata.screening.documents import Document

_SHOWN = 5
"""Problems of one kind that are told one by one; the others are counted."""

_FEW_BAD, _MOST_BAD = 2, 0.1
"""Rows with labels that are no verdicts, and their share, above which the column is taken for something else."""

_HEAD = 1 << 16
"""Bytes among which the first line is looked for."""

_SIGNS = re.compile(r"[\s_-]+")
_LIST = re.compile(r"\s*[;|]\s*")
_RAYYAN = re.compile(r"RAYYAN-INCLUSION:?\s*\{(?P<votes>[^}]*)\}", re.IGNORECASE)
_VOTE = re.compile(r"=>\s*\\?\"+(?P<word>\w+)", re.IGNORECASE)
_ASREVIEW = re.compile(r"\bASReview_(?P<word>relevant|irrelevant|not_seen)\b", re.IGNORECASE)
_REASON = re.compile(r"\bExclusion reason\b\s*:", re.IGNORECASE)
_COVIDENCE = re.compile(r"^(?P<review>review_\d+)_(?P<list>[a-z]+)_", re.IGNORECASE)
_COVIDENCE_LISTS = {"included": True, "extraction": True, "excluded": False, "irrelevant": False}
_OPENALEX = re.compile(r"\bW\d+\b", re.IGNORECASE)

Verdict = bool | None | Literal["bad"]
"""Relevant or not; None for no verdict; ``bad`` for what is no word for one."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file: where it stands, its text, what was decided on it, and its own id, if it has one."""

    line: int
    document: Document
    verdict: Verdict
    key: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """What one file holds.

    Attributes
    ----------
    name : of the file.
    rows : in the order of the file, those without a verdict and those that cannot be used among them.
    broken : stretches that could not be split into cells, and are not among the rows.
    group : files of one group make one set: those of one review in Covidence, each of which holds one list.
    """

    name: str
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...] = ()
    broken: int = 0
    group: str = ""


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """References with verdicts, ready to be replayed.

    Attributes
    ----------
    documents : the labelled ones; the id of each is its position in the file, from 0, as text.
    relevant : one for each document.
    unlabelled, left_out : rows without a verdict, and rows that could not be used.
    textless : labelled rows without title and abstract that are not among the documents.
    problems : (file, problem).
    """

    name: str
    documents: tuple[Document, ...]
    relevant: tuple[bool, ...]
    unlabelled: int = 0
    left_out: int = 0
    textless: int = 0
    problems: tuple[tuple[str, Problem], ...] = ()


def is_table(data: bytes) -> bool:
    """Tell whether bytes begin with a line of headings that labelled sets have."""
    first = next((line for line in data[:_HEAD].splitlines() if line.strip()), b"").decode("utf-8-sig", "replace")
    cells = max((first.split(mark) for mark in sheets.DELIMITERS), key=_likeness)
    return len(cells) > 1 and _likeness(cells) >= 1000


def read_table(data: bytes | str, *, name: str, label: str = "") -> Part:
    """Read a table with a label for each row: comma, semicolon or tab between the cells.

    Parameters
    ----------
    data : as for `stromata.sheets.read_rows`; bytes that are neither UTF-8 nor GB18030 are read as Windows-1252.
    name : of the file, for messages; where Covidence wrote it, it says which list the file holds.
    label : heading of the column of labels; looked for among the known ones when empty.

    Raises
    ------
    Unreadable
        No rows, no column of texts or of labels, or labels that are not 0 and 1.
    NotFound
        There is no column `label`.
    """
    table = sheets.read_rows(data, _likeness)
    problems = [problem for problem in table.problems if problem.code != "wrong-encoding"]
    if len(problems) < len(table.problems) and isinstance(data, bytes):
        table = sheets.read_rows(data.decode("cp1252", "replace"), _likeness)
        said = "the file is not UTF-8; it was read as Windows-1252"
        problems = [Problem(0, "encoding", said, sheets.ENCODING_HINT), *table.problems]
    if len(table.rows) < 2:
        raise Unreadable(f"{name}: there are no rows below a line of headings.", hint=_LAYOUT)
    headings = [" ".join(cell.split()) for cell in table.rows[0][1]]
    rows: list[tuple[int, Mapping[str, str]]] = []
    for line, cells in table.rows[1:]:
        surplus = any(cell.strip() for cell in cells[len(headings) :])
        if surplus:
            said = f"the row has {len(cells)} cells under {len(headings)} headings; it is left out"
            problems.append(
                Problem(line, "ragged-row", said, "Put cells that hold the separator into quotation marks.")
            )
        rows.append((line, {} if surplus else dict(zip(headings, cells, strict=False))))
    return _part(name, headings, rows, problems, label)


def read_records(records: Iterable[Record], problems: Iterable[Problem] = (), *, name: str, label: str = "") -> Part:
    """Take labels from records that were read from any bibliographic file: from their own tags, or from notes.

    Parameters
    ----------
    records : of one file, in its order; positions are counted among them.
    problems : what was odd about the file.
    name, label : as for `read_table`.

    Raises
    ------
    Unreadable, NotFound
        As `read_table`.
    """
    rows: list[tuple[int, Mapping[str, str]]] = []
    headings: dict[str, None] = {}
    for record in records:
        cells = dict(reversed(record.extra))  # the first of a tag wins
        cells |= {
            "title": record.title, "abstract": record.abstract, "keywords": "; ".join(record.keywords),
            "notes": " | ".join((*record.notes, *(value for tag, value in record.extra if _plain(tag) in _NOTES))),
            "doi": record.doi, "pmid": record.pmid,
        }  # fmt: skip
        headings |= dict.fromkeys(cells)
        rows.append((record.line, cells))
    if not rows:
        raise Unreadable(f"{name}: there are no references in it.", hint=_LAYOUT)
    return _part(name, list(headings), rows, list(problems), label)


def labelled_set(parts: Sequence[Part], *, name: str, keep_textless: bool = False) -> LabelledSet:
    """Make one set of files; positions run on from one file to the next.

    Parameters
    ----------
    keep_textless : keep references without title and abstract. No ranker can place them, so that they say nothing of
        one; in a real review people read them, in any order.

    Raises
    ------
    InvalidInput
        No row has a verdict, none is relevant, none is irrelevant, or no row has any text.
    """
    rows = [row for part in parts for row in part.rows]
    labelled = [(place, row) for place, row in enumerate(rows) if isinstance(row.verdict, bool)]
    known = [(place, row) for place, row in labelled if keep_textless or _has_text(row)]
    if not labelled:
        raise InvalidInput(f"{name}: none of the {len(rows)} rows has a label.", hint=_LABELS)
    if not any(_has_text(row) for _, row in known):
        raise InvalidInput(
            f"{name}: no labelled row has a title or an abstract; there is nothing to rank by.",
            hint="Sets that are published without texts need them fetched by DOI, PMID or OpenAlex id first.",
        )
    found = sum(row.verdict is True for _, row in known)
    if found in (0, len(known)):
        which = "relevant" if found == 0 else "irrelevant"
        by_lists = "Give the lists of included and of irrelevant or excluded references of the review together."
        hint = by_lists if any(part.group for part in parts) else _LABELS
        raise InvalidInput(f"{name}: none of the {len(known)} labelled rows is {which}; nothing to find.", hint=hint)
    problems = [(part.name, problem) for part in parts for problem in part.problems]
    if not keep_textless:
        problems += [(part.name, problem) for part in parts for problem in _some(_without_text(part.rows))]
    return LabelledSet(
        name=name,
        documents=tuple(replace(row.document, id=str(place)) for place, row in known),
        relevant=tuple(row.verdict is True for _, row in known),
        unlabelled=sum(row.verdict is None for row in rows),
        left_out=sum(row.verdict == "bad" for row in rows) + sum(part.broken for part in parts),
        textless=len(labelled) - len(known),
        problems=tuple(problems),
    )


_LABELS = "Look at the column of labels: 1 is relevant, 0 is irrelevant, empty is not labelled."
_LAYOUT = "Needed are columns such as title, abstract and label (1 relevant, 0 irrelevant)."


def _part(
    name: str,
    headings: Sequence[str],
    rows: Sequence[tuple[int, Mapping[str, str]]],
    problems: list[Problem],
    label: str,
) -> Part:
    fields = _fields(headings)
    if "title" not in fields and "abstract" not in fields:
        shown = ", ".join(headings[:12])
        raise Unreadable(f"{name}: no column holds titles or abstracts; the columns are {shown}.", hint=_LAYOUT)
    verdicts = list(_verdicts(name, headings, fields, rows, label))
    heading, verdicts_read = verdicts[0][0], [verdict for _, verdict in verdicts]
    bad = [place for place, verdict in enumerate(verdicts_read) if verdict == "bad" and rows[place][1]]
    if len(bad) > max(_FEW_BAD, _MOST_BAD * len(rows)):
        first, cells = rows[bad[0]]
        said = f"{name}, line {first}, column {heading}: {cells[heading].strip()!r} is no label, nor are"
        raise Unreadable(
            f"{said} {len(bad) - 1} others; allowed are 1 and 0, words such as included and excluded, or nothing.",
            hint="Correct the column, or name another one.",
        )
    problems += _some([_bad_label(rows[place][0], heading, rows[place][1].get(heading, "")) for place in bad])
    found = tuple(
        _row(line, cells, fields, verdict) for (line, cells), verdict in zip(rows, verdicts_read, strict=True)
    )
    problems += _some(_twice(found, fields.get("id", "")))
    named = _COVIDENCE.match(name)
    group = named["review"].lower() if named and heading == "" else ""
    ordered = tuple(sorted(problems, key=lambda problem: problem.line))
    return Part(name, found, ordered, sum(problem.code == "broken-row" for problem in ordered), group)


def _bad_label(line: int, heading: str, cell: str) -> Problem:
    said = f"{cell.strip()!r} is no label; the row is left out"
    return Problem(line, "bad-label", said, "Write 1 for relevant, 0 for irrelevant, or nothing.", heading)


def _verdicts(
    name: str,
    headings: Sequence[str],
    fields: Mapping[str, str],
    rows: Sequence[tuple[int, Mapping[str, str]]],
    label: str,
) -> Iterator[tuple[str, Verdict]]:
    """Yield (heading, verdict) for each row: from the column of labels, or else from notes or the file's name.

    A row without cells is one that cannot be used.
    """
    heading = _label_heading(name, headings, rows, label)
    if heading:
        yield from ((heading, _verdict(cells.get(heading, "")) if cells else "bad") for _, cells in rows)
        return
    if "notes" in fields:
        notes = [_noted(cells.get(fields["notes"], "")) for _, cells in rows]
        if any(verdict is not None for verdict in notes):
            yield from ((fields["notes"], verdict) for verdict in notes)
            return
    named = _COVIDENCE.match(name)
    if named and named["list"].lower() in _COVIDENCE_LISTS:
        yield from (("", _COVIDENCE_LISTS[named["list"].lower()]) for _ in rows)
        return
    shown = ", ".join(headings[:12])
    raise Unreadable(f"{name}: no column holds labels; the columns are {shown}.", hint=_LAYOUT)


def _label_heading(
    name: str, headings: Sequence[str], rows: Sequence[tuple[int, Mapping[str, str]]], label: str
) -> str:
    """Return the heading of the column of labels; nothing where there is none."""
    plain = {_plain(heading): heading for heading in reversed(headings)}
    if label:
        if _plain(label) not in plain:
            raise NotFound(f"{name}: there is no column {label!r}; there are: {', '.join(headings)}.")
        return plain[_plain(label)]
    known = _vocabulary()
    for word in known.certain:
        if word in plain and any(cells.get(plain[word], "").strip() for _, cells in rows):
            return plain[word]
    for word in known.possible:
        if word in plain:
            said = {_verdict(cells.get(plain[word], "")) for _, cells in rows}
            if "bad" not in said and {True, False} <= said:
                return plain[word]
    return ""


def _verdict(cell: str) -> Verdict:
    """Return what a cell of a column of labels says."""
    word = _plain(cell)
    known = _vocabulary().words
    if word in known:
        return known[word]
    votes = _votes(cell)
    return "bad" if votes is _NO_VOTES else _agreed(votes)


_NOTES = frozenset(("notes", "note", "n1"))
_NO_VOTES: tuple[bool | None, ...] = ()


def _votes(text: str) -> tuple[bool | None, ...]:
    """Return the votes in text as Rayyan writes them: ``{"Ana"=>"Included", "Bo"=>"Excluded"}``."""
    words = [found["word"].lower() for found in _VOTE.finditer(text)]
    return tuple({"included": True, "excluded": False}.get(word) for word in words) if words else _NO_VOTES


def _agreed(votes: Sequence[bool | None]) -> bool | None:
    """Return what all voted for; None where they differ, or one is in doubt."""
    return votes[0] if len(set(votes)) == 1 else None


def _noted(notes: str) -> bool | None:
    """Return the verdict that a tool left in the notes of a reference; None where there is none."""
    by_asreview = _ASREVIEW.search(notes)
    if by_asreview:
        return {"relevant": True, "irrelevant": False}.get(by_asreview["word"].lower())
    by_rayyan = _RAYYAN.search(notes)
    if by_rayyan:
        return _agreed(_votes(by_rayyan["votes"]) or (None,))
    return False if _REASON.search(notes) else None


def _row(line: int, cells: Mapping[str, str], fields: Mapping[str, str], verdict: Verdict) -> Row:
    text = {field: _present(cells.get(heading, "")) for field, heading in fields.items()}
    names = (
        normal_doi(text.get("doi", "")),
        normal_pmid(text.get("pmid", "")),
        *_OPENALEX.findall(text.get("openalex", "")),
    )
    document = Document(
        id="",
        title=text.get("title", ""),
        abstract=text.get("abstract", ""),
        keywords=tuple(filter(None, _LIST.split(text.get("keywords", "")))),
        names=tuple(filter(None, names)),
        cites=_cited(text.get("cites", "")),
    )
    return Row(line, document, verdict, text.get("id", ""))


def _cited(text: str) -> tuple[str, ...]:
    """Return the ids in a list of cited works, written as in the names of documents."""
    works = tuple(one.upper() for one in _OPENALEX.findall(text))
    return works or tuple(filter(None, (normal_doi(one) or normal_pmid(one) for one in re.split(r"[;|,\s]+", text))))


def _present(cell: str) -> str:
    text = cell.strip()
    return "" if text.lower() in _vocabulary().missing else text


def _without_text(rows: Sequence[Row]) -> list[Problem]:
    return [
        Problem(
            row.line, "empty-text", "there is neither title nor abstract; the row is left out", "Fill in its title."
        )
        for row in rows
        if isinstance(row.verdict, bool) and not _has_text(row)
    ]


def _has_text(row: Row) -> bool:
    return bool(row.document.title or row.document.abstract)


def _twice(rows: Sequence[Row], heading: str) -> list[Problem]:
    """Return a problem for each id that stands above already; rows are told apart by position, so all stay."""
    first: dict[str, int] = {}
    found = []
    for row in rows:
        if row.key and first.setdefault(row.key, row.line) != row.line:
            said = f"{row.key!r} is the id of line {first[row.key]} too; both rows stay"
            hint = "Give each row an id of its own, or delete one."
            found.append(Problem(row.line, "duplicate-id", said, hint, heading))
    return found


def _some(problems: list[Problem]) -> list[Problem]:
    """Return the first problems of a kind, and one that counts the others."""
    if len(problems) <= _SHOWN:
        return problems
    last = problems[-1]
    more = f"the same holds for {len(problems) - _SHOWN} more rows, the last in line {last.line}"
    return [*problems[:_SHOWN], Problem(last.line, last.code, more, last.hint, last.column)]


def _likeness(cells: list[str]) -> int:
    """Tell how many cells are headings of a labelled set, the number of cells deciding between equals."""
    known = _vocabulary()
    return 1000 * sum(_plain(cell.strip('"')) in known.headings for cell in cells) + len(cells)


def _fields(headings: Sequence[str]) -> dict[str, str]:
    """Return the heading of each field that a table has."""
    plain = {_plain(heading): heading for heading in reversed(headings)}
    found = {}
    for field, words in _vocabulary().fields.items():
        heading = next((plain[word] for word in words if word in plain), None)
        if heading is not None:
            found[field] = heading
    return found


def _plain(text: str) -> str:
    """Return a heading or a word as it is compared.

    >>> _plain(" Label_Included ")
    'label included'
    """
    return text.strip().lower() if text.strip().startswith("-") else _SIGNS.sub(" ", text.strip().lower()).strip()


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    certain: tuple[str, ...]
    possible: tuple[str, ...]
    words: dict[str, bool | None]
    missing: frozenset[str]
    fields: dict[str, tuple[str, ...]]
    headings: frozenset[str]


@cache
def _vocabulary() -> _Vocabulary:
    import yaml  # noqa: PLC0415 - a slow import that only files of labels need

    text = files("stromata.screening").joinpath("labelled.yaml").read_text(encoding="utf-8")
    data: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe loaders; Any: YAML
    meaning: dict[str, bool | None] = {"relevant": True, "irrelevant": False, "none": None}
    fields = {field: tuple(words) for field, words in data["fields"].items()}
    label = data["label"]
    headings = {*label["certain"], *label["possible"], *(word for words in fields.values() for word in words)}
    return _Vocabulary(
        certain=tuple(label["certain"]),
        possible=tuple(label["possible"]),
        words={word: meaning[kind] for kind, words in data["words"].items() for word in words},
        missing=frozenset(data["missing"]),
        fields=fields,
        headings=frozenset(headings),
    )
