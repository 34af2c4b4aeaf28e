"""Clusters: from decided pairs to groups of records that are one reference, without chain merges.

The earlier record of each pair has the smaller place. Unions are made from the surest pair down; one that would bring
contradicting members together is not made, and its pair is queued for a person: so a chain breaks at its weakest link.
Pairs of equal score are weighed together, so that the clusters depend on the scores and never on the order of input.

Almost all components are free of contradiction; they are united at once by a linear search for connected components.
Only the others are gone through pair by pair. Time and memory grow with the number of pairs, about 30 bytes for each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Pair = tuple[int, int]
"""Places of two records, the earlier first."""

LARGEST_CLUSTER = 256
"""Members of the largest cluster that is made unseen: all of its pairs are compared, and a larger one is a chain."""

_DIGITS = 3
"""Decimals of a score that count; scores nearer than that are equal."""

_SHIFT = 32
"""Bits for the later place of a pair in its key; places must stay below two thousand million."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """What `decide.decide` says of P pairs, each pair once, in any order.

    Attributes
    ----------
    left, right : (P,) int64, places, left < right.
    score : (P,) float32, log-odds of being one work.
    same, asked : (P,) bool, the verdict; neither means different.
    contradicts : (P,) bool, the pair must not share a cluster.
    related : (P,) bool, different works of one family.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    score: NDArray[np.float32]
    same: NDArray[np.bool_]
    asked: NDArray[np.bool_]
    contradicts: NDArray[np.bool_]
    related: NDArray[np.bool_]

    @property
    def key(self) -> NDArray[np.int64]:
        """One number for each pair."""
        return self.left << _SHIFT | self.right

    def take(self, rows: NDArray[np.bool_]) -> Decisions:
        """Return the pairs for which `rows` holds."""
        return Decisions(*(getattr(self, field.name)[rows] for field in fields(self)))

    @classmethod
    def joined(cls, parts: Sequence[Decisions]) -> Decisions:
        """Return the pairs of several."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


@dataclass(frozen=True, slots=True)
class Clusters:
    """What became of the pairs.

    Attributes
    ----------
    places : (M,) int64, all members of clusters of two or more records, in order.
    firsts : (M,) int64, the earliest place of each member's cluster.
    merges : (K, 2) int64, the pairs that made them, in order.
    questions : (Q, 2) int64, pairs for a person, the most doubtful (nearest to even odds) first; at most one for each
        two clusters, none for those that a person has parted.
    barring : (Q, 2) int64, for each question the pair between the same two clusters that contradicts most, and so keeps
        the pair that is asked about from being merged; (-1, -1) where none does.
    relatives : (R, 2) int64, pairs of different works of one family, in order; at most one for each two clusters.
    """

    places: NDArray[np.int64]
    firsts: NDArray[np.int64]
    merges: NDArray[np.int64]
    questions: NDArray[np.int64]
    barring: NDArray[np.int64]
    relatives: NDArray[np.int64]

    def first(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the earliest place of the cluster of each place, itself where it is alone."""
        return Groups(self.places, self.firsts).first(places)


Judge = Callable[["NDArray[np.int64]", "NDArray[np.int64]"], Decisions]
"""Decides on pairs (left, right) that blocking did not propose."""


def cluster(
    decisions: Decisions,
    *,
    judge: Judge,
    apart: Iterable[Pair] = (),
    settled: NDArray[np.int64] | Sequence[Pair] = (),
) -> Clusters:
    """Unite the records of pairs that are the same, as far as no members contradict.

    Parameters
    ----------
    decisions : decided pairs, each pair once.
    judge : decides on further pairs; called with all pairs within a would-be cluster that `decisions` does not hold.
    apart : pairs that a person has said are different: never in one cluster, never asked about.
    settled : (S, 2), pairs that are in one cluster whatever the evidence, because a person or an earlier search put
        them there.
    """
    parted = _keys(apart)
    agreed = Groups.of(_pairs(settled))
    free = decisions.take(~np.isin(decisions.key, parted))
    new = free.same & (agreed.first(free.left) != agreed.first(free.right))
    merges, refused = _shortened(free.take(new), agreed, parted)
    further = _judged(merges, agreed, known=free.key, judge=judge)
    known = Decisions.joined([free, further])
    foes = known.take(known.contradicts & ~known.same)
    groups, made, more = _unite(merges, agreed, np.union1d(foes.key, parted))
    refused_keys = np.union1d(refused, more)
    asked = known.take(known.asked | np.isin(known.key, refused_keys))
    questions = _as_pairs(_one_each(asked, groups, parted, by_doubt=True))
    return Clusters(
        places=groups.places,
        firsts=groups.firsts,
        merges=_as_pairs(np.sort(made)),
        questions=questions,
        barring=_barring(questions, foes, groups),
        relatives=_as_pairs(_one_each(known.take(known.related), groups, parted[:0], by_doubt=False)),
    )


def _keys(pairs: Iterable[Pair]) -> NDArray[np.int64]:
    found = [min(pair) << _SHIFT | max(pair) for pair in pairs]
    return np.unique(np.array(found, dtype=np.int64))


def _pairs(pairs: NDArray[np.int64] | Sequence[Pair]) -> NDArray[np.int64]:
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _as_pairs(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.column_stack((keys >> _SHIFT, keys & ((1 << _SHIFT) - 1)))


class Groups:
    """Places that belong together; a place that is not named is a group of its own."""

    def __init__(self, places: NDArray[np.int64], firsts: NDArray[np.int64]) -> None:
        self.places, self.firsts = places, firsts

    @classmethod
    def of(cls, pairs: NDArray[np.int64]) -> Groups:
        """Return the connected components of pairs (P, 2)."""
        from scipy.sparse import coo_array  # noqa: PLC0415 - loads late
        from scipy.sparse.csgraph import connected_components  # noqa: PLC0415 - loads late

        places = np.unique(pairs)
        ends = np.searchsorted(places, pairs)
        graph = coo_array((np.ones(len(ends), dtype=np.int8), (ends[:, 0], ends[:, 1])), shape=(len(places),) * 2)
        number, label = connected_components(graph, directed=False) if len(places) else (0, np.zeros(0, dtype=np.int32))
        first = np.full(number, np.iinfo(np.int64).max)
        np.minimum.at(first, label, places)
        return cls(places, first[label])

    def first(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the earliest place of the group of each place."""
        if not len(self.places):
            return places
        at = np.minimum(np.searchsorted(self.places, places), len(self.places) - 1)
        return np.where(self.places[at] == places, self.firsts[at], places)

    def members(self, chosen: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """Yield the places of each group whose earliest place is chosen."""
        rows = np.flatnonzero(np.isin(self.firsts, chosen))
        order = rows[np.argsort(self.firsts[rows], kind="stable")]
        _, starts = np.unique(self.firsts[order], return_index=True)
        yield from np.split(self.places[order], starts[1:]) if len(order) else ()

    def pairs(self) -> NDArray[np.int64]:
        """Return pairs (P, 2) that hold the groups together."""
        rows = self.places != self.firsts
        return np.column_stack((self.firsts[rows], self.places[rows]))


def _together(merges: Decisions, agreed: Groups) -> Groups:
    return Groups.of(np.concatenate((np.column_stack((merges.left, merges.right)), agreed.pairs())))


def _sizes(groups: Groups) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    firsts, counts = np.unique(groups.firsts, return_counts=True)
    return firsts, counts


def _shortened(merges: Decisions, agreed: Groups, parted: NDArray[np.int64]) -> tuple[Decisions, NDArray[np.int64]]:
    """Break components of too many members at their weakest links; return the merges left, and keys of the others."""
    groups = _together(merges, agreed)
    firsts, counts = _sizes(groups)
    rows = np.isin(groups.first(merges.left), firsts[counts > LARGEST_CLUSTER])
    if not rows.any():
        return merges, parted[:0]
    long = merges.take(rows)
    _, made, refused = _one_by_one(long, agreed, parted, most=LARGEST_CLUSTER)
    kept = long.take(np.isin(long.key, made))
    return Decisions.joined([merges.take(~rows), kept]), refused


def _judged(merges: Decisions, agreed: Groups, *, known: NDArray[np.int64], judge: Judge) -> Decisions:
    """Decide on all pairs of records that the merges would bring together and that are not known."""
    groups = _together(merges, agreed)
    firsts, counts = _sizes(groups)
    chosen = np.intersect1d(firsts[counts > 2], groups.first(merges.left))
    within = [
        (members[:, None] << _SHIFT | members)[np.triu_indices(len(members), 1)] for members in groups.members(chosen)
    ]
    pairs = _as_pairs(np.setdiff1d(np.concatenate(within), known) if within else known[:0])
    pairs = pairs[agreed.first(pairs[:, 0]) != agreed.first(pairs[:, 1])]
    if not len(pairs):
        return merges.take(np.zeros(len(merges.left), dtype=bool))
    return judge(pairs[:, 0], pairs[:, 1])


def _unite(
    merges: Decisions, agreed: Groups, foes: NDArray[np.int64]
) -> tuple[Groups, NDArray[np.int64], NDArray[np.int64]]:
    """Return the groups, the keys of the merges that made them, and the keys of those refused."""
    groups = _together(merges, agreed)
    ends = _as_pairs(foes)
    home = groups.first(ends[:, 0])
    torn = np.unique(home[home == groups.first(ends[:, 1])])
    rows = np.isin(groups.first(merges.left), torn)
    inside = np.isin(home, torn)
    united, made, refused = _one_by_one(merges.take(rows), agreed, foes[inside], most=LARGEST_CLUSTER)
    calm = merges.take(~rows)
    pairs = np.concatenate((np.column_stack((calm.left, calm.right)), united, agreed.pairs()))
    return Groups.of(pairs), np.concatenate((calm.key, made)), refused


def _one_by_one(
    merges: Decisions, agreed: Groups, foes: NDArray[np.int64], *, most: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Unite from the surest pair down; return the pairs (P, 2) united, their keys, and the keys of those refused."""
    work = _Unions(agreed, foes, most)
    order = np.argsort(-merges.score, kind="stable")
    rounded = np.round(merges.score[order], _DIGITS).tolist()
    ranked = zip(rounded, merges.left[order].tolist(), merges.right[order].tolist(), strict=True)
    for _, equals in groupby(ranked, key=lambda one: one[0]):
        work.unite([(left, right) for _, left, right in equals])
    made = _pairs(work.made)
    return made, made[:, 0] << _SHIFT | made[:, 1], _keys(work.refused)


class _Unions:
    """Groups that grow by pairs of falling score, and the pairs that were refused."""

    def __init__(self, agreed: Groups, foes: NDArray[np.int64], most: int) -> None:
        self.most = most
        self.group: dict[int, set[int]] = {}
        self.foes: dict[int, set[int]] = defaultdict(set)
        self.made: list[Pair] = []
        self.refused: list[Pair] = []
        for left, right in _as_pairs(foes).tolist():
            self.foes[left].add(right)
            self.foes[right].add(left)
        for pair in agreed.pairs().tolist():
            self._join(self.group, (pair[0], pair[1]))

    def unite(self, equals: list[Pair]) -> None:
        """Make the unions of pairs of one score, as far as nothing contradicts.

        Where they would bring foes together, the pairs that lie wholly among the foes, or wholly among the others, are
        tried first (copies of one record are united whatever stands around them), then those that lie across.
        """
        for pairs in self._components(equals):
            members = self._members(pairs)
            if self._peaceful(members):
                self._make(pairs)
                continue
            torn = {place for place in members if self._foes_among(place, members)}
            sides = [sum(bool(self._of(place) & torn) for place in pair) for pair in pairs]
            for side in (0, 2, 1):
                part = [pair for pair, number in zip(pairs, sides, strict=True) if number == side]
                for some in self._components(part):
                    if self._peaceful(self._members(some)):
                        self._make(some)
                    else:
                        self.refused += [pair for pair in some if self._of(pair[0]) is not self._of(pair[1])]

    def _peaceful(self, members: set[int]) -> bool:
        return len(members) <= self.most and not any(self._foes_among(place, members) for place in members)

    def _foes_among(self, place: int, members: set[int]) -> set[int]:
        """Return the members that contradict a place; those that share its group already have been overruled."""
        return (self.foes[place] & members) - self._of(place) if place in self.foes else set()

    def _of(self, place: int) -> set[int]:
        return self.group.setdefault(place, {place})

    def _members(self, pairs: list[Pair]) -> set[int]:
        return set().union(*(self._of(place) for pair in pairs for place in pair))

    def _make(self, pairs: list[Pair]) -> None:
        self.made += pairs
        for pair in pairs:
            self._join(self.group, pair)

    def _components(self, pairs: list[Pair]) -> list[list[Pair]]:
        """Return the pairs in sets that would end up in one group."""
        trial: dict[int, set[int]] = {}
        for pair in pairs:
            for place in pair:
                self._join(trial, (place, min(self._of(place))))
            self._join(trial, pair)
        found: dict[int, list[Pair]] = defaultdict(list)
        for pair in pairs:
            found[id(trial[pair[0]])].append(pair)
        return list(found.values())

    @staticmethod
    def _join(groups: dict[int, set[int]], pair: Pair) -> None:
        left, right = (groups.setdefault(place, {place}) for place in pair)
        if left is right:
            return
        small, large = sorted((left, right), key=len)
        large |= small
        for place in small:
            groups[place] = large


def _barring(questions: NDArray[np.int64], foes: Decisions, groups: Groups) -> NDArray[np.int64]:
    """Return for each question (Q, 2) the least alike pair of foes between its two groups."""
    wanted = _between(groups, questions[:, 0], questions[:, 1])
    theirs = _between(groups, foes.left, foes.right)
    rows = np.flatnonzero(np.isin(theirs, wanted))
    order = rows[np.lexsort((foes.key[rows], foes.score[rows], theirs[rows]))]
    between, first = np.unique(theirs[order], return_index=True)
    if not len(between):
        return np.full((len(questions), 2), -1, dtype=np.int64)
    at = np.minimum(np.searchsorted(between, wanted), len(between) - 1)
    found = np.column_stack((foes.left, foes.right))[order[first[at]]]
    return np.where((between[at] == wanted)[:, None], found, -1)


def _between(groups: Groups, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return one number for the two groups of each pair, whichever comes first."""
    ends = np.column_stack((groups.first(left), groups.first(right)))
    found: NDArray[np.int64] = ends.min(axis=1) << _SHIFT | ends.max(axis=1)
    return found


def _one_each(pairs: Decisions, groups: Groups, parted: NDArray[np.int64], *, by_doubt: bool) -> NDArray[np.int64]:
    """Return the key of the surest pair for each two groups that a person has not parted, by doubt or by place."""
    between = _between(groups, pairs.left, pairs.right)
    said = _between(groups, *_as_pairs(parted).T)
    rows = (groups.first(pairs.left) != groups.first(pairs.right)) & ~np.isin(between, said)
    between, key, score = between[rows], pairs.key[rows], pairs.score[rows]
    order = np.lexsort((key, -score, between))
    _, best = np.unique(between[order], return_index=True)
    chosen = order[best]
    rank = np.lexsort((key[chosen], np.abs(score[chosen]))) if by_doubt else np.argsort(key[chosen])
    found: NDArray[np.int64] = key[chosen][rank]
    return found
