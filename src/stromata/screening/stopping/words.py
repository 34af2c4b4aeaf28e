"""The words of stopping: the target that is stated before, what has been read, and what a rule makes of it.

In these modules n is the number of references to screen, t the number read, f the relevant ones found among those, and
L the relevant ones left among the n - t unread.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from stromata.errors import InvalidInput
from stromata.model import Caution

BoolArray = NDArray[np.bool_]

How = Literal["ranked", "random"]
"""How references are chosen for reading: the highest rank first, or drawn at random from all unread ones."""

_SLACK = 1e-9
"""Room for rounding: 19 of 20 is 95 %, whatever binary fractions say."""


@dataclass(frozen=True, slots=True)
class Target:
    """What screening is to reach, stated before it begins.

    Attributes
    ----------
    recall : share of all relevant references that are to be found, above 0, at most 1.
    confidence : how sure one wants to be of it, above 0.5, below 1.

    Raises
    ------
    InvalidInput
        One of them is out of its range.
    """

    recall: float = 0.95
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if not 0 < self.recall <= 1:
            raise InvalidInput(f"a target recall of {self.recall:g}: it must be above 0 and at most 1", hint="try 0.95")
        if not 0.5 < self.confidence < 1:
            raise InvalidInput(
                f"a confidence of {self.confidence:g}: it must be above 0.5 and below 1", hint="try 0.95"
            )

    def spare(self, found: int) -> int:
        """Return how many relevant references may be left unread when `found` have been found."""
        return math.floor(found / self.recall - found + _SLACK)


@dataclass(frozen=True, slots=True)
class Control:
    """A control sample: drawn at random from all references before screening, and read apart from it.

    The ranker must not have learnt from its verdicts.

    Attributes
    ----------
    relevant : relevant references in the sample.
    reached : those of them that screening by rank has come to.
    """

    relevant: int
    reached: int

    def __post_init__(self) -> None:
        if not 0 <= self.reached <= self.relevant:
            raise InvalidInput(
                f"{self.reached} of {self.relevant} relevant references of a control sample reached: "
                "it must be between none and all",
                hint="count the relevant references of the sample, and those of them that screening has come to",
            )


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What has been read so far, in the order in which it was read.

    Attributes
    ----------
    n : references to screen, read and unread.
    relevant : (t,) whether the reference was found relevant; a doubt counts as relevant.
    random : (t,) whether it was drawn at random from those unread at that time; None when all were read by rank.
    control : what a control sample says, where there is one.

    Raises
    ------
    InvalidInput
        More references read than there are, or `random` of another length than `relevant`.
    """

    n: int
    relevant: BoolArray
    random: BoolArray | None = None
    control: Control | None = None

    def __post_init__(self) -> None:
        for name in ("relevant", "random"):
            given = getattr(self, name)
            if given is not None:
                array = np.array(given, dtype=np.bool_)
                array.setflags(write=False)
                object.__setattr__(self, name, array)
        if self.n < self.read:
            raise InvalidInput(
                f"{self.read} references read of {self.n}: no more can be read than there are",
                hint="let n count all references to screen, read and unread",
            )
        if self.random is not None and len(self.random) != self.read:
            raise InvalidInput(
                f"{self.read} verdicts, but {len(self.random)} marks of how they were chosen: there must be one each",
                hint="leave the marks out when everything was read by rank",
            )

    @property
    def read(self) -> int:
        """How many have been read."""
        return len(self.relevant)

    @property
    def unread(self) -> int:
        """How many have not been read."""
        return self.n - self.read

    @property
    def found(self) -> int:
        """How many of those read are relevant."""
        return int(self.relevant.sum())


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its bounds, each of which holds with the target's confidence if the rule's assumptions do.

    Attributes
    ----------
    value : the estimate; None when the rule only gives bounds.
    low, high : one-sided bounds: `low` or more; `high` or fewer.
    """

    value: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class More:
    """How many more references to read before the rule may say stop, should none of them be relevant.

    Attributes
    ----------
    count : at least 1.
    how : in which way they are to be chosen.
    """

    count: int
    how: How


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a rule says of a reading.

    Attributes
    ----------
    rule, version : the rule; the version changes whenever what it says may change.
    target : what was to be reached.
    read, unread, found : references read, not read, and found relevant.
    stop : whether the rule says that reading may stop.
    left : relevant references among the unread; None when the rule makes no estimate.
    recall : share of the relevant ones found, bounds included; None as above, or when none has been found.
    claim : one or two sentences for a clinician: what may be said now, and on what it rests.
    more : what is still to be read; None when the rule says stop.
    cautions : reservations that must be shown beside the claim.
    """

    rule: str
    version: str
    target: Target
    read: int
    unread: int
    found: int
    stop: bool
    left: Estimate | None
    recall: Estimate | None
    claim: str
    more: More | None
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule works out; `assess` adds what follows from it. Attributes as in `Assessment`."""

    stop: bool
    claim: str
    left: Estimate | None = None
    more: More | None = None
    cautions: tuple[Caution, ...] = ()
