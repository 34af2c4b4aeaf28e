"""Comparison: from pairs of prepared rows to levels of agreement, one small number for each field.

`compare` takes a batch with ``l_`` and ``r_`` columns (see `blocking.pair_columns`) and returns a batch of the same
length with the columns of `RESULT`: ``left_place``, ``right_place`` (int64) and one int8 column for each field of
`LEVELS`. A level is the position in the field's tuple there; 0 always means that nothing can be said, mostly because
the field is missing in one of the records. It is a pure function of the batch, symmetric in left and right, and the
same in every engine and process.

Most candidate pairs turn out to have nothing in common but their key. They are recognised by their titles; their
other fields are not compared and stay at 0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from stromata.dedupe.titles import HAN, OWN_MARKS

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

LEVELS: dict[str, tuple[str, ...]] = {
    "title": ("missing", "other", "distant", "near", "close", "part", "main", "almost", "equal"),
    "wording": ("unknown", "opposed", "exchanged", "added", "spelling"),
    "numbers": ("none", "contradict", "one-sided", "equal"),
    "marks": ("none", *OWN_MARKS, "differ", "equal"),
    "weight": ("generic", "short", "middling", "long"),
    "kind": ("unknown", "preprint", "registry", "other", "abstract", "equal"),
    "authors": ("missing", "none", "few", "half", "most", "all", "same"),
    "first": ("missing", "other", "initials-differ", "in-list", "swapped", "equal"),
    "year": ("missing", "far", "two", "one", "equal"),
    "journal": ("missing", "other", "meetings", "part", "abbreviated", "equal"),
    "volume": ("missing", "other", "elsewhere", "equal"),
    "issue": ("missing", "other", "overlap", "equal"),
    "pages": ("missing", "other", "unlike", "overlap", "first", "equal"),
    "doi": ("missing", "other", "version", "container", "equal"),
    "pmid": ("missing", "other", "equal"),
    "record": ("missing", "other", "equal"),
    "registry": ("missing", "entries", "other", "overlap", "equal"),
    "abstract": ("missing", "other", "like", "near", "equal"),
    "url": ("silent", "shared", "equal"),
}
"""Levels of each field by name. ``weight`` is the smaller of both titles'; ``record`` compares PMC and accession.

``marks`` and ``kind`` name what one of both records is and the other is not: ``marks`` by what the title says
(``erratum`` ... ``protocol``), ``kind`` by what the source says (``abstract``: of a meeting, beside an article).
``opposed``: one title denies what the other says (*not*, *without*), or names another letter (*case A*, *case B*).
``entries``: two entries of trial registries under different numbers. One work has many pages, so that different
addresses are ``silent``; ``shared``: the page bears many titles.
"""

RESULT = ("left_place", "right_place", *LEVELS)
"""Columns that `compare` returns."""

_APART, _DISTANT, _NEAR, _CLOSE, _ALMOST = 55.0, 75.0, 87.0, 95.0, 100.0
"""Upper bounds, in percent of letters in common, of the levels other, distant, near, close and almost."""

_COLUMN_YEARS = 3
"""A title of this many different years is that of a regular column, not of one work."""

_CONTAINER_TITLES = 3
"""A DOI under which this many different titles stand belongs to a meeting or an issue."""

_PAGE_TITLES = 2
"""A page on which this many different titles stand is no work's own: a list, a journal's front."""

_LEAST_PART = 12
"""Letters that a title needs to be recognised as a part of another."""

_MEETING = re.compile(r"\b(?:conference|proceedings|symposium|workshop|congress|meeting|proc|conf|symp)\b")
"""What names a meeting. Databases name meetings in many ways: another name is no other meeting."""

_PERIODICAL = frozenset(
    ("j", "journal", "trans", "transactions", "bull", "bulletin", "rec", "record", "lett", "letters")
)
"""Words that make of a society's or a meeting's acronym the name of its periodical (``vldb j``)."""

_ALPHABET = "abcdefghijklmnopqrstuvwxyz"

_APPENDED = re.compile(r"\W*(?:pmid|pmc|abstract|full|pdf|epub|e-?pub|pii|issn|available|accessed|published).*|\W+")
"""What portals leave behind a DOI."""

_PLAIN = re.compile(r"[^a-z0-9/]+")

_JOIN = frozenset(("of", "the", "and", "in", "for", "on", "de", "der", "und", "et", "la", "le", "des"))
"""Words of a journal's title that abbreviations leave out."""

_SMALL = _JOIN | {"a", "an"}
"""Words of a title that tell nothing."""

_DENIALS = frozenset("not no non nor without never neither nicht kein keine ohne sans pas sin".split())  # noqa: SIM905 - a list of words
"""Words that turn what a title says into its opposite."""


Texts = Sequence[str]


def level(field: str, name: str) -> int:
    """Return the number of a field's level."""
    return LEVELS[field].index(name)


def compare(pairs: pa.RecordBatch) -> pa.RecordBatch:
    """Compare the two records of each pair, field by field.

    Parameters
    ----------
    pairs : the columns of `blocking.PAIR_COLUMNS`, each with ``l_`` and ``r_`` before its name; N rows.

    Returns
    -------
    pa.RecordBatch
        N rows in the same order with the columns of `RESULT`.
    """
    import pyarrow as pa  # noqa: PLC0415 - loads late

    size = pairs.num_rows
    found = {field: np.zeros(size, dtype=np.int8) for field in LEVELS}
    similar = _title_similarity(pairs)
    found["title"] = _title_levels(pairs, similar)
    found["weight"] = _weight(pairs)
    for field, column in (("doi", "doi"), ("pmid", "pmid")):
        found[field] = _identifier(pairs, column, other=level(field, "other"), equal=level(field, "equal"))
    alike = (
        ~np.isin(found["title"], [level("title", name) for name in ("other", "distant")])
        | (found["doi"] == level("doi", "equal"))
        | (found["pmid"] == level("pmid", "equal"))
        | (_same(pairs, "registry") & _filled(pairs, "registry"))
        | _same_place(pairs)
    )
    rows = np.flatnonzero(alike)
    if len(rows):
        chosen = pairs.take(pa.array(rows))
        for field, levels in _details(chosen, found["title"][rows], found["doi"][rows]).items():
            found[field][rows] = levels
    places = [pairs.column("l_place"), pairs.column("r_place")]
    return pa.RecordBatch.from_arrays(
        [*places, *(pa.array(found[field], type=pa.int8()) for field in LEVELS)], names=list(RESULT)
    )


def _details(pairs: pa.RecordBatch, title: NDArray[np.int8], doi: NDArray[np.int8]) -> dict[str, NDArray[np.int8]]:
    left_issn, right_issn = _both(pairs, "issns")
    journal = _by_value(pairs, "journal", journal_level)
    shared = [
        bool(a and b and not set(a.split()).isdisjoint(b.split())) for a, b in zip(left_issn, right_issn, strict=True)
    ]
    journal = np.where(np.array(shared, dtype=bool), level("journal", "equal"), journal).astype(np.int8)
    authors, first = _authors(pairs), _first(pairs)
    swapped = (first == level("first", "swapped")) & (authors > 0)
    return {
        "wording": _wording(pairs, title),
        "numbers": _numbers(pairs, title),
        "marks": _by_value(pairs, "marks", marks_level, empty=True),
        "kind": _kind(pairs),
        "authors": np.where(swapped, np.maximum(authors, _swapped(pairs)), authors).astype(np.int8),
        "first": first,
        "year": _year(pairs),
        "journal": journal,
        "volume": _volume(pairs),
        "issue": _by_value(pairs, "issue", issue_level),
        "pages": _pages(pairs),
        "doi": _doi(pairs, doi),
        "record": _record(pairs),
        "registry": _registry(pairs),
        "abstract": _abstract(pairs),
        "url": _url(pairs),
    }  # fmt: skip


def _both(pairs: pa.RecordBatch, column: str) -> tuple[list[str], list[str]]:
    return pairs.column(f"l_{column}").to_pylist(), pairs.column(f"r_{column}").to_pylist()


def _numbers_of(pairs: pa.RecordBatch, column: str) -> NDArray[np.int64]:
    values: NDArray[np.int64] = pairs.column(column).to_numpy(zero_copy_only=False).astype(np.int64)
    return values


def _flags(array: pa.Array) -> NDArray[np.bool_]:
    values: NDArray[np.bool_] = array.to_numpy(zero_copy_only=False)
    return values


def _filled(pairs: pa.RecordBatch, column: str) -> NDArray[np.bool_]:
    import pyarrow.compute as pc  # noqa: PLC0415 - loads late

    left, right = pairs.column(f"l_{column}"), pairs.column(f"r_{column}")
    return _flags(pc.and_(pc.not_equal(left, ""), pc.not_equal(right, "")))


def _same(pairs: pa.RecordBatch, column: str) -> NDArray[np.bool_]:
    import pyarrow.compute as pc  # noqa: PLC0415 - loads late

    return _flags(pc.equal(pairs.column(f"l_{column}"), pairs.column(f"r_{column}")))


def _identifier(pairs: pa.RecordBatch, column: str, *, other: int, equal: int) -> NDArray[np.int8]:
    levels = np.where(_same(pairs, column), equal, other)
    return np.where(_filled(pairs, column), levels, 0).astype(np.int8)


def _by_value(
    pairs: pa.RecordBatch, column: str, judge: Callable[[str, str], int], *, empty: bool = False
) -> NDArray[np.int8]:
    """Judge each pair of values; where one is missing, only if `empty` says that this too means something."""
    levels = np.zeros(pairs.num_rows, dtype=np.int8)
    left, right = _both(pairs, column)
    wanted = (~_same(pairs, column) | _filled(pairs, column)) if empty else _filled(pairs, column)
    for row in np.flatnonzero(wanted):
        levels[row] = judge(left[row], right[row])
    return levels


def _distances(left: Texts, right: Texts, *, cutoff: float) -> NDArray[np.float32]:
    """Return the share of letters in common, in percent, of each pair; 0 below `cutoff`."""
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - loads late

    found: NDArray[np.float32] = process.cpdist(left, right, scorer=fuzz.ratio, score_cutoff=cutoff, dtype=np.float32)
    return found


# --- title


def _weight(pairs: pa.RecordBatch) -> NDArray[np.int8]:
    """Return the smaller weight of both titles; a title used in many years is that of a column."""
    weight = np.minimum(_numbers_of(pairs, "l_weight"), _numbers_of(pairs, "r_weight"))
    return np.where(_numbers_of(pairs, "title_years") >= _COLUMN_YEARS, 0, weight).astype(np.int8)


def _title_similarity(pairs: pa.RecordBatch) -> NDArray[np.float32]:
    left, right = _both(pairs, "title_key")
    similar = _distances(left, right, cutoff=_APART)
    other_left, other_right = _both(pairs, "alternative")
    rows = [row for row, (a, b) in enumerate(zip(other_left, other_right, strict=True)) if a or b]
    for row in rows:
        choices = [(left[row], other_right[row]), (other_left[row], right[row]), (other_left[row], other_right[row])]
        kept = [(a, b) for a, b in choices if a and b]
        if kept:
            best = _distances([a for a, _ in kept], [b for _, b in kept], cutoff=_APART).max()
            similar[row] = max(similar[row], best)
    return similar


def _title_levels(pairs: pa.RecordBatch, similar: NDArray[np.float32]) -> NDArray[np.int8]:
    bounds = np.array([_APART, _DISTANT, _NEAR, _CLOSE, _ALMOST], dtype=np.float32)
    names = ("other", "distant", "near", "close", "almost", "equal")
    numbers = np.array([level("title", name) for name in names], dtype=np.int8)
    levels = numbers[np.searchsorted(bounds, similar, side="right")]
    left, right = _both(pairs, "title_key")
    left_core, right_core = _numbers_of(pairs, "l_core"), _numbers_of(pairs, "r_core")
    unequal = np.flatnonzero(similar < _ALMOST)
    for row in unequal:
        one, two, main = left[row], right[row], right_core[row]
        if len(one) > len(two):
            one, two, main = two, one, left_core[row]
        if len(one) >= _LEAST_PART and (two.startswith(one) or two.endswith(one)):
            levels[row] = level("title", "main" if len(one) == main else "part")
    missing = ~_filled(pairs, "title_key") & (similar == 0)
    for row in np.flatnonzero(levels == level("title", "other")):
        missing[row] |= _scripts_differ(left[row], right[row])
    return np.where(missing, 0, levels).astype(np.int8)


def _scripts_differ(left: str, right: str) -> bool:
    """Tell whether one text is Chinese or Japanese and the other is not: two tongues, of which nothing can be said."""
    return left.isascii() != right.isascii() and bool(HAN.search(left)) != bool(HAN.search(right))


def _wording(pairs: pa.RecordBatch, title: NDArray[np.int8]) -> NDArray[np.int8]:
    levels = np.zeros(pairs.num_rows, dtype=np.int8)
    left, right = _both(pairs, "title")
    near = np.isin(title, [level("title", name) for name in ("near", "close", "almost")])
    for row in np.flatnonzero(near):
        levels[row] = wording_level(left[row], right[row])
    return levels


def different_words(left: str, right: str) -> tuple[list[str], list[str]]:
    """Return the words of each folded title that the other one does not have, not even misspelt or run together."""
    one, two = left.split(), right.split()
    only_left = [word for word in one if word not in set(two)]
    only_right = [word for word in two if word not in set(one)]
    kept_left = [word for word in only_left if not _spelt(word, only_right, "".join(two))]
    kept_right = [word for word in only_right if not _spelt(word, only_left, "".join(one))]
    return kept_left, kept_right


def _spelt(word: str, others: list[str], run: str) -> bool:
    from rapidfuzz.distance import OSA  # noqa: PLC0415 - loads late

    if word in _SMALL or (len(word) > 3 and word in run):
        return True
    allowed = 0 if len(word) < 4 else 1 if len(word) < 7 else 2
    return any(OSA.distance(word, other, score_cutoff=allowed) <= allowed for other in others) if allowed else False


def wording_level(left: str, right: str) -> int:
    """Tell whether words were exchanged, added, or only spelt otherwise, and whether the meaning is another by that."""
    if _opposed(left.split(), right.split()):
        return level("wording", "opposed")
    one, two = different_words(left, right)
    one, two = [word for word in one if len(word) > 1], [word for word in two if len(word) > 1]
    return level("wording", "exchanged" if one and two else "added" if one or two else "spelling")


def _opposed(left: list[str], right: list[str]) -> bool:
    one, two = set(left) - set(right), set(right) - set(left)
    for own, other in ((one, two), (two, one)):
        denials = own & _DENIALS
        if denials and not any(word.startswith(tuple(denials)) for word in other):  # non-invasive is noninvasive
            return True
    letters = [{word for word in words if len(word) == 1 and word.isalpha()} for words in (one, two)]
    return bool(letters[0] and letters[1])


def _numbers(pairs: pa.RecordBatch, title: NDArray[np.int8]) -> NDArray[np.int8]:
    """Compare numbers; equal titles hold equal ones, even where blanks part them in other ways."""
    levels = _by_value(pairs, "numbers", numbers_level, empty=True)
    return np.where((levels > 0) & (title == level("title", "equal")), level("numbers", "equal"), levels).astype(
        np.int8
    )


def numbers_level(left: str, right: str) -> int:
    """Compare the numbers in two titles: equal, in one only, or contradicting."""
    if left == right:
        return level("numbers", "equal")
    one, two = set(left.split()), set(right.split())
    if one == two:
        return level("numbers", "equal")
    return level("numbers", "one-sided" if one <= two or two <= one else "contradict")


def marks_level(left: str, right: str) -> int:
    """Compare what two titles say that the entries are."""
    one, two = set(left.split()), set(right.split())
    if one == two:
        return level("marks", "equal")
    return level("marks", next((mark for mark in OWN_MARKS if mark in one ^ two), "differ"))


# --- source


def _kind(pairs: pa.RecordBatch) -> NDArray[np.int8]:
    levels = np.zeros(pairs.num_rows, dtype=np.int8)
    left, right = _both(pairs, "kind")
    home_left, home_right = _both(pairs, "journal")
    for row, (one, two) in enumerate(zip(left, right, strict=True)):
        if one or two:
            levels[row] = kind_level(one, two, homes=bool(home_left[row] and home_right[row]))
    return levels


@lru_cache(maxsize=256)
def kind_level(left: str, right: str, *, homes: bool) -> int:
    """Compare two kinds of entry; `homes`: both name a journal, so that a preprint's differs from an article's."""
    if left == right:
        return level("kind", "equal")
    kinds = {left, right}
    if "preprint" in kinds:
        return level("kind", "preprint" if "" not in kinds or homes else "unknown")
    if "" in kinds:
        return level("kind", "unknown")
    if "registry" in kinds:
        return level("kind", "registry")
    if kinds in ({"book", "chapter"}, {"thesis", "article"}):
        return level("kind", "other")
    return level("kind", "abstract" if "abstract" in kinds else "unknown")


def journal_words(journal: str) -> list[str]:
    """Return the words of a journal's folded title that an abbreviation keeps."""
    return [word for word in journal.split() if word not in _JOIN]


@lru_cache(maxsize=262_144)
def journal_level(left: str, right: str) -> int:
    """Compare two folded journal titles; one may be abbreviated (``ann rheum dis``), an acronym or cut short."""
    if left == right:
        return level("journal", "equal")
    one, two = sorted((journal_words(left), journal_words(right)), key=len)
    if not one:
        return level("journal", "missing")
    if one == two:
        return level("journal", "equal")
    if _acronym(left, right) or _acronym(right, left):
        return level("journal", "abbreviated")
    if len(two) == 1:
        return level("journal", "abbreviated" if len(one[0]) > 3 and two[0].startswith(one[0]) else "other")
    matched = _aligned(one, two)
    if matched == len(one) == len(two):
        return level("journal", "abbreviated")
    if _scripts_differ(left, right):
        return level("journal", "missing")
    ends = _abbreviates(one[0], two[0]) or (len(one) > 1 and _abbreviates(one[-1], two[-1]))
    if matched == len(one) and (matched > 1 or len(one[0]) > 3) and ends:
        return level("journal", "part")
    if _spelt_alike(left, right):
        return level("journal", "part")
    return level("journal", "meetings" if _MEETING.search(left) and _MEETING.search(right) else "other")


def _acronym(short: str, full: str) -> bool:
    """Tell whether one title's first word is made of the other's first letters (``pnas``, ``icis 2017``)."""
    (word, *rest), words = short.split(), full.split()
    if len(word) < 3 or len(words) < 3 or not _PERIODICAL.isdisjoint(rest):
        return False
    return word in ("".join(one[0] for one in journal_words(full)), "".join(one[0] for one in words))


def _aligned(one: list[str], two: list[str]) -> int:
    """Return how many words of the shorter title stand in the same order, perhaps abbreviated, in the longer."""
    place = matched = 0
    for word in one:
        for next_ in range(place, len(two)):
            if _abbreviates(word, two[next_]):
                place, matched = next_ + 1, matched + 1
                break
    return matched


def _abbreviates(one: str, two: str) -> bool:
    """Tell whether one word begins the other, or keeps its first letter and others in order (``natl``, ``dtsch``)."""
    short, full = (one, two) if len(one) <= len(two) else (two, one)
    if full.startswith(short):
        return True
    if short[0] != full[0]:
        return False
    stem = len(short) - 2  # gynaecology and gynecol, behavioral and behav
    if stem >= 4 and full.startswith(short[:stem]):
        return True
    letters = iter(full)
    return 3 <= len(short) <= 6 and all(letter in letters for letter in short)


def _spelt_alike(left: str, right: str) -> bool:
    from rapidfuzz import fuzz  # noqa: PLC0415 - loads late

    return fuzz.ratio(left, right) >= 90


def issue_level(left: str, right: str) -> int:
    """Compare two issues; 1-2 and 2 overlap, and so do a supplement with and without its number."""
    if left == right:
        return level("issue", "equal")
    one, two = set(left.removeprefix("s").split()), set(right.removeprefix("s").split())
    return level("issue", "overlap" if one & two or not one or not two else "other")


def _volume(pairs: pa.RecordBatch) -> NDArray[np.int8]:
    levels = _identifier(pairs, "volume", other=level("volume", "other"), equal=level("volume", "equal"))
    left, right = _both(pairs, "volume")
    left_issue, right_issue = _both(pairs, "issue")
    left_year, right_year = _numbers_of(pairs, "l_year"), _numbers_of(pairs, "r_year")
    for row in np.flatnonzero(levels == level("volume", "other")):
        swapped = left[row] in right_issue[row].lstrip("s").split() or right[row] in left_issue[row].lstrip("s").split()
        as_year = left[row] == str(left_year[row]) or right[row] == str(right_year[row])
        if swapped or as_year:
            levels[row] = level("volume", "elsewhere")
    return levels


def _pages(pairs: pa.RecordBatch) -> NDArray[np.int8]:
    levels = np.zeros(pairs.num_rows, dtype=np.int8)
    page, last = _both(pairs, "page"), _both(pairs, "last")
    rough = _flags(pairs.column("l_damaged")) | _flags(pairs.column("r_damaged"))
    issues = _both(pairs, "issue")
    for row in np.flatnonzero(_filled(pairs, "page")):
        one, two = (page[0][row], last[0][row]), (page[1][row], last[1][row])
        levels[row] = pages_level(one, two, rough=bool(rough[row]))
    for row in np.flatnonzero(~_filled(pairs, "page")):  # an article number that stands in the field of the issue
        one_page, two_page = page[0][row] or issues[0][row], page[1][row] or issues[1][row]
        ends_alike = _bare(last[0][row]) != "" and _bare(last[0][row]) == _bare(last[1][row])
        if ends_alike or (one_page == two_page and len(one_page) > 3):
            levels[row] = level("pages", "first")
    return levels


def pages_level(left: tuple[str, str], right: tuple[str, str], *, rough: bool) -> int:
    """Compare first and last pages of two records; `rough` pages went through a spreadsheet and cannot contradict.

    ``equal`` takes a range or an article number: a single page of a supplement holds several abstracts.
    """
    if left[0] == right[0]:
        if left[1] == right[1]:
            return level("pages", "equal" if left[1] != left[0] and (left[1] or len(left[0]) > 4) else "first")
        return level("pages", "overlap" if left[1] and right[1] and not rough else "first")
    if rough:
        return level("pages", "first" if {left[0], left[1]} & {right[0], right[1]} else "missing")
    one, two = _bare(left[0]), _bare(right[0])
    if one and one.rstrip(_ALPHABET) == two.rstrip(_ALPHABET):
        return level("pages", "first")  # e390 and 390, 102a and 102
    if _bare(left[1]) and _bare(left[1]) == _bare(right[1]):
        return level("pages", "overlap")
    spans = [_span(*side) for side in (left, right)]
    if spans[0] and spans[1] and spans[0][0] <= spans[1][1] and spans[1][0] <= spans[0][1]:
        return level("pages", "overlap")
    unlike = left[0][0].isdigit() != right[0][0].isdigit() or abs(len(one) - len(two)) > 2
    return level("pages", "unlike" if unlike else "other")


def _bare(page: str) -> str:
    return page.lstrip(_ALPHABET)


def _span(first: str, last: str) -> tuple[int, int] | None:
    if not first.isdecimal():
        return None
    return int(first), int(last) if last.isdecimal() and int(last) >= int(first) else int(first)


# --- people, time, identifiers, abstract


def _authors(pairs: pa.RecordBatch) -> NDArray[np.int8]:
    import pyarrow.compute as pc  # noqa: PLC0415 - loads late

    several = _flags(pc.match_substring(pairs.column("l_families"), " "))
    levels = np.where(several, level("authors", "same"), level("authors", "all"))
    levels = np.where(_filled(pairs, "families"), levels, 0).astype(np.int8)
    left, right = _both(pairs, "families")
    for row in np.flatnonzero(_filled(pairs, "families") & ~_same(pairs, "families")):
        levels[row] = authors_level(left[row], right[row])
    return levels


def _swapped(pairs: pa.RecordBatch) -> NDArray[np.int8]:
    """Return what lists whose first author has family and given name exchanged are worth: the others have them too."""
    counts = [_numbers_of(pairs, f"{side}_authors") for side in "lr"]
    whole = (counts[0] == counts[1]) & (counts[0] > 1)
    return np.where(whole, level("authors", "most"), level("authors", "half")).astype(np.int8)


def authors_level(left: str, right: str) -> int:
    """Compare two lists of family names: which share of the shorter list stands in the longer, misspellings allowed.

    ``same`` takes two names at least: one author may well write the same column twice.
    """
    from rapidfuzz import fuzz  # noqa: PLC0415 - loads late

    one, two = set(left.split()), set(right.split())
    if one == two:
        return level("authors", "same" if len(one) > 1 else "all")
    short, full = (one, two) if len(one) <= len(two) else (two, one)
    missing = short - full
    rest = full - short
    for word in tuple(missing):
        if any(word.startswith(other) or other.startswith(word) or fuzz.ratio(word, other) >= 75 for other in rest):
            missing.discard(word)
    share = 1 - len(missing) / len(short)
    if share == 0:
        return level("authors", "few" if fuzz.ratio(left, right) >= 75 else "none")
    if share > 0.99 and len(one) == len(two) > 1:
        return level("authors", "same")
    return level("authors", "all" if share > 0.99 else "most" if share >= 0.75 else "half" if share >= 0.4 else "few")


def _first(pairs: pa.RecordBatch) -> NDArray[np.int8]:
    levels = np.where(_filled(pairs, "first"), level("first", "equal"), 0).astype(np.int8)
    first, given, families = _both(pairs, "first"), _both(pairs, "given"), _both(pairs, "families")
    for row in np.flatnonzero(_filled(pairs, "first")):
        one, two = (first[0][row], given[0][row]), (first[1][row], given[1][row])
        if one[0] == two[0] and one[1][:1] == two[1][:1]:
            continue
        levels[row] = first_level(one, two, (families[0][row], families[1][row]))
    return levels


def first_level(left: tuple[str, str], right: tuple[str, str], families: tuple[str, str]) -> int:
    """Compare two first authors (family name, given names); family and given name may be swapped."""
    from rapidfuzz import fuzz  # noqa: PLC0415 - loads late

    if left[0] == right[0]:
        unlike = left[1] and right[1] and left[1][0] != right[1][0]
        return level("first", "initials-differ" if unlike else "equal")
    if left[0] in right[1].split() or right[0] in left[1].split():
        return level("first", "swapped")
    if left[0].startswith(right[0]) or right[0].startswith(left[0]) or fuzz.ratio(left[0], right[0]) >= 80:
        return level("first", "equal")
    in_list = left[0] in families[1].split() or right[0] in families[0].split()
    return level("first", "in-list" if in_list else "other")


def _year(pairs: pa.RecordBatch) -> NDArray[np.int8]:
    left, right = _numbers_of(pairs, "l_year"), _numbers_of(pairs, "r_year")
    names = np.array([level("year", name) for name in ("equal", "one", "two", "far")], dtype=np.int8)
    apart = np.minimum(np.abs(left - right), 3)
    return np.where((left > 0) & (right > 0), names[apart], 0).astype(np.int8)


def _doi(pairs: pa.RecordBatch, levels: NDArray[np.int8]) -> NDArray[np.int8]:
    stems = _same(pairs, "doi_stem")
    levels = np.where(stems & (levels == level("doi", "other")), level("doi", "version"), levels).astype(np.int8)
    left, right = _both(pairs, "doi_stem")
    for row in np.flatnonzero(levels == level("doi", "other")):
        short, full = sorted((left[row], right[row]), key=len)
        if _PLAIN.sub("", short) == _PLAIN.sub("", full):
            levels[row] = level("doi", "equal")  # a dot or a dash was lost
            continue
        if full.startswith(short) and _APPENDED.fullmatch(full[len(short) :]):
            levels[row] = level("doi", "equal")  # what a portal appended: "10.1000/abc.123pmid"
    container = (levels == level("doi", "equal")) & (_numbers_of(pairs, "doi_titles") >= _CONTAINER_TITLES)
    return np.where(container, level("doi", "container"), levels).astype(np.int8)


def _record(pairs: pa.RecordBatch) -> NDArray[np.int8]:
    """Compare PMC numbers, and accession numbers where one database counts both records."""
    levels = _identifier(pairs, "pmcid", other=level("record", "other"), equal=level("record", "equal"))
    same = _same(pairs, "accession") & _filled(pairs, "accession")
    return np.where(same, level("record", "equal"), levels).astype(np.int8)


def _registry(pairs: pa.RecordBatch) -> NDArray[np.int8]:
    """Compare registrations; two entries of registries without a common number are two entries, whatever the trial."""
    levels = _by_value(pairs, "registry", registry_level)
    one, two = (np.array(kinds) == "registry" for kinds in _both(pairs, "kind"))
    apart = one & two & (levels == level("registry", "other"))
    return np.where(apart, level("registry", "entries"), levels).astype(np.int8)


def registry_level(left: str, right: str) -> int:
    """Compare the registrations that two records name."""
    one, two = set(left.split()), set(right.split())
    return level("registry", "equal" if one == two else "overlap" if one & two else "other")


def _abstract(pairs: pa.RecordBatch) -> NDArray[np.int8]:
    levels = np.zeros(pairs.num_rows, dtype=np.int8)
    rows = np.flatnonzero(_filled(pairs, "abstract"))
    if not len(rows):
        return levels
    left, right = _both(pairs, "abstract")
    shorter = [min(len(left[row]), len(right[row])) for row in rows]
    heads = [left[row][:size] for row, size in zip(rows, shorter, strict=True)]
    others = [right[row][:size] for row, size in zip(rows, shorter, strict=True)]
    similar = _distances(heads, others, cutoff=0)
    names = ("other", "like", "near", "equal")
    numbers = np.array([level("abstract", name) for name in names], dtype=np.int8)
    levels[rows] = numbers[np.searchsorted(np.array([60.0, 80.0, 95.0]), similar, side="right")]
    return levels


def _url(pairs: pa.RecordBatch) -> NDArray[np.int8]:
    """Tell which pairs name one page, and whether it is theirs alone."""
    same = _same(pairs, "url") & _filled(pairs, "url")
    shared = _numbers_of(pairs, "url_titles") >= _PAGE_TITLES
    return np.where(same, np.where(shared, level("url", "shared"), level("url", "equal")), 0).astype(np.int8)


def _same_place(pairs: pa.RecordBatch) -> NDArray[np.bool_]:
    """Tell which pairs stand on the same page of the same volume in the same year, whatever their titles say."""
    same = _filled(pairs, "volume") & _same(pairs, "volume") & _filled(pairs, "page") & _same(pairs, "page")
    years: NDArray[np.bool_] = _numbers_of(pairs, "l_year") == _numbers_of(pairs, "r_year")
    return same & years
