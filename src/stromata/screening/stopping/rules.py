"""The rules by name, and what one of them says of a reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from stromata.errors import NotFound
from stromata.model import Caution
from stromata.screening.stopping.discovery import discovery
from stromata.screening.stopping.process import point_process
from stromata.screening.stopping.ranked import in_a_row, ranked_sample
from stromata.screening.stopping.sampled import control_bound, random_anytime, random_sample
from stromata.screening.stopping.words import Assessment, Estimate, Finding, More, Reading, Target

DEFAULT = "default"
"""The rule that is used when none is named."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A stopping rule.

    Attributes
    ----------
    name, version : the version changes whenever what the rule says may change.
    summary : what it does, in one line.
    source : where it was published.
    find : what it works out of a reading in which something is unread.
    """

    name: str
    version: str
    summary: str
    source: str
    find: Callable[[Reading, Target], Finding]


def assess(reading: Reading, *, target: Target | None = None, rule: str = DEFAULT) -> Assessment:
    """Say what may be left, and whether a rule lets reading stop.

    Parameters
    ----------
    reading : what has been read, in order.
    target : what was to be reached, stated before screening; 95 % recall with 95 % confidence when none is given.
    rule : a name from `RULES`.

    Raises
    ------
    NotFound
        There is no such rule.

    Examples
    --------
    >>> import numpy as np
    >>> reading = Reading(n=1000, relevant=np.arange(900) < 40)
    >>> assess(reading, rule="ranked-sample").stop
    True
    """
    target = target or Target()
    if rule not in RULES:
        raise NotFound(f"no stopping rule {rule!r}", hint=f"there are: {', '.join(RULES)}")
    chosen = RULES[rule]
    finding = chosen.find(reading, target) if reading.unread else _all_read(reading)
    more = None if finding.stop else finding.more
    return Assessment(
        rule=chosen.name,
        version=chosen.version,
        target=target,
        read=reading.read,
        unread=reading.unread,
        found=reading.found,
        stop=finding.stop,
        left=finding.left,
        recall=_recall(reading, finding.left),
        claim=finding.claim,
        more=None if more is None else More(min(more.count, reading.unread), more.how),
        cautions=finding.cautions + _nothing_found(reading),
    )


def _all_read(reading: Reading) -> Finding:
    claim = f"All {reading.n} references have been read; nothing is left."
    return Finding(stop=True, claim=claim, left=Estimate(0, 0, 0))


def _recall(reading: Reading, left: Estimate | None) -> Estimate | None:
    found = reading.found
    if left is None or not found:
        return None
    value = None if left.value is None else found / (found + left.value)
    return Estimate(value, found / (found + left.high), found / (found + left.low))


def _nothing_found(reading: Reading) -> tuple[Caution, ...]:
    if reading.found or not reading.read:
        return ()
    text = "No relevant reference has been found, so recall means nothing yet; check the search and the criteria."
    return (Caution("nothing-relevant-found", text),)


def _row(reading: Reading, target: Target, *, share: float) -> Finding:
    del target  # a run has none
    return in_a_row(reading, run=max(round(share * reading.n), 1))


def _run(reading: Reading, target: Target, *, run: int) -> Finding:
    del target  # as above
    return in_a_row(reading, run=run)


_CALLAGHAN = "Callaghan and Mueller-Hansen 2020, doi:10.1186/s13643-020-01521-4"
_STEVENSON = "Stevenson and Bin-Hezam 2023, doi:10.1145/3631990"

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.name: rule
        for rule in (
            Rule(
                "default", "3", "a model of when relevant references turn up, easy and hard ones", "our own", discovery
            ),
            Rule("ranked-sample", "1", "the tail of the ranking taken for a random sample", _CALLAGHAN, ranked_sample),
            Rule("random-sample", "1", "one look at a random sample of the unread", _CALLAGHAN, random_sample),
            Rule(
                "random-anytime",
                "1",
                "a random sample of the unread, looked at as often as one likes",
                "Waudby-Smith and Ramdas 2020, arXiv:2006.04347",
                random_anytime,
            ),
            Rule(
                "control-sample",
                "1",
                "a quantile bound on a control sample drawn before screening",
                "Lewis, Yang and Frieder 2021, doi:10.1145/3459637.3482415",
                control_bound,
            ),
            Rule("process-power", "1", "Poisson process, power rate", _STEVENSON, partial(point_process, rate="power")),
            Rule(
                "process-hyperbolic",
                "1",
                "Poisson process, hyperbolic rate",
                _STEVENSON,
                partial(point_process, rate="hyperbolic"),
            ),
            Rule(
                "process-exponential",
                "1",
                "Poisson process, exponential rate",
                _STEVENSON,
                partial(point_process, rate="exponential"),
            ),
            Rule("row-50", "1", "50 irrelevant in a row; no statistical basis", "custom", partial(_run, run=50)),
            Rule("row-100", "1", "100 irrelevant in a row; no statistical basis", "custom", partial(_run, run=100)),
            Rule(
                "row-5-percent",
                "1",
                "5 % irrelevant in a row; no statistical basis",
                "custom",
                partial(_row, share=0.05),
            ),
        )
    }
)
"""All rules by name."""
