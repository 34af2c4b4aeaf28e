"""Who reads what: random samples, and work split among readers. Equal in every process: chance comes from SHA-256."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from stromata.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Split:
    """Which readers each reference was given to.

    Attributes
    ----------
    readers : by reference, in the order of their names.
    short : references for which not enough readers were left within their limits, in the order given.
    """

    readers: Mapping[str, tuple[str, ...]]
    short: tuple[str, ...]


def sample(ids: Iterable[str], size: int, *, seed: int, purpose: str) -> tuple[str, ...]:
    """Draw a simple random sample without replacement, in random order.

    Parameters
    ----------
    size : from 0 to the number of ids.
    purpose : samples for different purposes are independent under one seed.

    Raises
    ------
    InvalidInput
        There are fewer ids than that.
    """
    known = tuple(dict.fromkeys(ids))
    if not 0 <= size <= len(known):
        raise InvalidInput(
            f"a sample of {size} was asked for, and there are {len(known)} references to draw from",
            hint="Ask for fewer.",
        )
    return tuple(sorted(known, key=lambda id_: draw(f"{seed}/{purpose}/{id_}"))[:size])


def split_work(
    ids: Sequence[str],
    readers: Iterable[str],
    *,
    each: int,
    seed: int,
    limits: Mapping[str, int] | None = None,
) -> Split:
    """Give every reference to `each` readers: loads are equal, and every pair of readers meets about equally often.

    References are dealt out in the order given; each goes to the readers with the fewest so far, among those to the one
    who has read least with the readers already chosen, among those by chance. What comes later changes nothing of what
    came before, so that references may be added at the end.

    Parameters
    ----------
    each : readers per reference, at least 1.
    limits : (reader, references): no more than that for this person.

    Raises
    ------
    InvalidInput
        There are fewer readers than `each`.
    """
    people = sorted(set(readers))
    if not 1 <= each <= len(people):
        raise InvalidInput(
            f"each reference is to have {each} readers, and there are {len(people)}: {', '.join(people) or 'none'}",
            hint="Name more reviewers: stromata team add NAME --role reviewer.",
        )
    most = [math.inf if limits is None else limits.get(person, math.inf) for person in people]
    table = _Table(most, [0] * len(people), [[0] * len(people) for _ in people])
    dealt = {id_: table.deal(id_, each=each, seed=seed) for id_ in ids}
    return Split(
        {id_: tuple(people[place] for place in places) for id_, places in dealt.items()},
        tuple(id_ for id_, places in dealt.items() if len(places) < each),
    )


@dataclass(slots=True)
class _Table:
    """Who holds what while work is dealt out; people by their places in the order of names."""

    most: list[float]
    load: list[int]
    together: list[list[int]]

    def deal(self, id_: str, *, each: int, seed: int) -> tuple[int, ...]:
        """Give one reference to readers and note it."""
        free = [place for place, most in enumerate(self.most) if self.load[place] < most]
        chosen: list[int] = []
        while free and len(chosen) < each:
            least = min(self.load[place] for place in free)
            near = [place for place in free if self.load[place] == least]
            if chosen and len(near) > 1:
                met = {place: sum(self.together[place][other] for other in chosen) for place in near}
                fewest = min(met.values())
                near = [place for place in near if met[place] == fewest]
            if len(near) > 1:
                chance = int.from_bytes(draw(f"{seed}/split/{id_}/{len(chosen)}")[:8])
                near = [near[chance % len(near)]]
            chosen.append(near[0])
            free.remove(near[0])
        for place in chosen:
            self.load[place] += 1
        for one, other in combinations(chosen, 2):
            self.together[one][other] += 1
            self.together[other][one] += 1
        return tuple(sorted(chosen))


def draw(text: str) -> bytes:
    """Return the 32 bytes that chance gives for a text: the same in every process, so that a draw can be repeated."""
    return hashlib.sha256(text.encode()).digest()
