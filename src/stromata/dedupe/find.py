"""Which references are the same publication: identifiers first, then title with year and first author.

Two references are never merged on a title alone, and never when they contradict each other (two DOIs, two PMIDs): a
conference abstract and its article, a preprint and its article, an erratum and the corrected work stay apart.
A chain of equal pairs is held to the same rule: a pair that would bring contradicting members together is not merged
but asked about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from stromata.dedupe.normal import author_key, same_journal, title_key
from stromata.model import Merge, Record
from stromata.progress import Progress, silent

METHOD = "identifiers-then-title 1"
"""Name and version of the method, as it stands in the log."""

Rule = Literal["doi", "pmid", "pmcid", "accession", "title-year-author"]


@dataclass(frozen=True, slots=True)
class Question:
    """A pair that a person should look at: equal in one way, contradicting in another."""

    left: str
    right: str
    rule: Rule
    evidence: str
    against: str


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What a search for duplicates found: merges to be made, and questions for a person."""

    merges: tuple[Merge, ...]
    questions: tuple[Question, ...]


@dataclass(slots=True)
class _Cluster:
    """References found equal so far, with the identifiers that must not contradict."""

    members: list[str] = field(default_factory=list)
    dois: set[str] = field(default_factory=set)
    pmids: set[str] = field(default_factory=set)
    pairs: list[tuple[Rule, str]] = field(default_factory=list)


_IDENTIFIERS: tuple[tuple[Rule, Callable[[Record], str]], ...] = (
    ("doi", lambda record: record.doi),
    ("pmid", lambda record: record.pmid),
    ("pmcid", lambda record: record.pmcid),
    ("accession", lambda record: f"{record.database}:{record.accession}" if record.accession else ""),
)


def find_duplicates(
    references: Iterable[tuple[str, Record]],
    *,
    apart: frozenset[frozenset[str]] = frozenset(),
    progress: Progress = silent,
) -> Duplicates:
    """Find the references that are the same publication.

    Parameters
    ----------
    references : (reference id, its merged record) in order of import; the earliest of a cluster keeps its id.
    apart : pairs of reference ids that a person has said are different; they never share a cluster.

    Returns
    -------
    Duplicates
        Merges in order of the kept reference, each with its rule and evidence; questions in order of discovery.
    """
    entries = list(references)
    work = _Clusters(entries, apart)
    for rule, key in _IDENTIFIERS:
        _join_identifiers(entries, work, rule, key)
    progress(len(entries), len(entries) * 2, "identifiers compared")
    _join_titles(entries, work)
    progress(len(entries) * 2, len(entries) * 2, "titles compared")
    return Duplicates(merges=work.merges(), questions=tuple(work.questions))


class _Clusters:
    """References united so far, and the pairs that contradict."""

    def __init__(self, entries: list[tuple[str, Record]], apart: frozenset[frozenset[str]]) -> None:
        self.apart = apart
        self.order = {id_: place for place, (id_, _) in enumerate(entries)}
        self.of = {id_: _start(id_, record) for id_, record in entries}
        self.questions: list[Question] = []

    def unite(self, pair: tuple[str, str], rule: Rule, evidence: str) -> None:
        """Make one cluster of two, or ask about them when they contradict."""
        one, two = self.of[pair[0]], self.of[pair[1]]
        if one is two:
            return
        against = self._split_before(one, two) or _contradiction(one, two)
        if against:
            self.questions.append(Question(*pair, rule, evidence, against))
            return
        one.members += two.members
        one.dois |= two.dois
        one.pmids |= two.pmids
        one.pairs += [*two.pairs, (rule, evidence)]
        for member in two.members:
            self.of[member] = one

    def _split_before(self, one: _Cluster, two: _Cluster) -> str:
        """Say so when a person has split a member of one from a member of the other."""
        for pair in self.apart:
            if not pair.isdisjoint(one.members) and not pair.isdisjoint(two.members):
                return "a person has said that they differ"
        return ""

    def merges(self) -> tuple[Merge, ...]:
        """Return the merges that make these clusters, in order of the kept reference."""
        found = []
        for id_, cluster in self.of.items():
            into, *merged = sorted(cluster.members, key=self.order.__getitem__)
            if merged and into == id_:
                rules = sorted({rule for rule, _ in cluster.pairs})
                evidence = "; ".join(dict.fromkeys(text for _, text in cluster.pairs))
                found.append(Merge(into=into, merged=tuple(merged), rule="+".join(rules), evidence=evidence))
        return tuple(found)


def _start(id_: str, record: Record) -> _Cluster:
    return _Cluster(members=[id_], dois={record.doi} - {""}, pmids={record.pmid} - {""})


def _contradiction(one: _Cluster, two: _Cluster) -> str:
    for name, left, right in (("DOIs", one.dois, two.dois), ("PMIDs", one.pmids, two.pmids)):
        if left and right and left != right:
            return f"{name} differ: {', '.join(sorted(left))} and {', '.join(sorted(right))}"
    return ""


def _join_identifiers(
    entries: list[tuple[str, Record]], work: _Clusters, rule: Rule, key: Callable[[Record], str]
) -> None:
    seen: dict[str, str] = {}
    for id_, record in entries:
        value = key(record)
        if not value:
            continue
        if value in seen:
            work.unite((seen[value], id_), rule, f"same {rule}: {value}")
        else:
            seen[value] = id_


def _join_titles(entries: list[tuple[str, Record]], work: _Clusters) -> None:
    blocks: dict[tuple[str, str], list[tuple[str, Record]]] = defaultdict(list)
    for id_, record in entries:
        title, author = title_key(record), author_key(record.authors[0]) if record.authors else ""
        if title and author and record.year is not None:
            blocks[title, author].append((id_, record))
    for block in blocks.values():
        for index, right in enumerate(block):
            for left in block[:index]:
                _compare(work, left, right)


def _compare(work: _Clusters, left: tuple[str, Record], right: tuple[str, Record]) -> None:
    (left_id, one), (right_id, two) = left, right
    if work.of[left_id] is work.of[right_id] or one.year is None or two.year is None:
        return
    journals = same_journal(one.journal or one.journal_abbreviation, two.journal or two.journal_abbreviation)
    apart = abs(one.year - two.year)
    if apart > 1 or (apart == 1 and journals is not True):
        return
    evidence = f"same title and first author, years {one.year} and {two.year}"
    if journals is False:
        against = f"journals differ: {one.journal!r} and {two.journal!r}"
        work.questions.append(Question(left_id, right_id, "title-year-author", evidence, against))
        return
    work.unite((left_id, right_id), "title-year-author", evidence)
