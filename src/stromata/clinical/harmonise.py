"""What responder criteria of different instruments count as, by declared rules, each visible and open to change.

The default rules stand in ``harmonisation.yaml`` beside this module. A protocol's rules go before them.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, cast

import yaml

from stromata.model import Caution, HarmonisationRule, Outcome, OutcomeMapping, ResponseClass, ReviewProtocol

_RANGE = "(?:≥|>=|⩾|at least|more than or equal to|不少于|至少)"
_PERCENT = "(?:%|percent|per cent)"
_FALL = "(?:improve\\w*|reduc\\w*|decreas\\w*|declin\\w*|fell|falls?|drop\\w*|regrowth|改善|下降|降低|减少)"
_NO_COUNT = re.compile(
    r"\b(?:mean|median|average|time to|not (?:reach|achiev|attain|meet)\w*|fail\w* to|non-?respon\w*)\b|平均|中位|未达"
)
"""A text with one of these is about an average, a time, or those who missed a threshold, not those who met it."""


@dataclass(frozen=True, slots=True)
class DefaultRule:
    """What a criterion counts as unless the protocol says otherwise.

    Attributes
    ----------
    criterion : id of a criterion of an instrument, or a general one such as ``study-defined-response``.
    response_class : None when there is no default: the extractor's own word holds.
    reason : why, in a sentence or two.
    source : address at which the meaning was read; empty where the class is a judgement alone.
    generic : it belongs to no instrument.
    covers : criteria whose words its own name contains: where it is named, they are not.
    written : how reports write it, as regular expressions over lower-case text.
    """

    criterion: str
    response_class: ResponseClass | None
    reason: str
    source: str = ""
    generic: bool = False
    covers: tuple[str, ...] = ()
    written: tuple[str, ...] = ()


@cache
def default_rules() -> tuple[DefaultRule, ...]:
    """Return the rules that ship with stromata, in the order of the file."""
    text = files("stromata.clinical").joinpath("harmonisation.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    data = cast(
        "dict[Literal['rules', 'generic'], list[dict[str, str | list[str]]]]",
        yaml.load(text, Loader=loader),  # noqa: S506 - the C version of the safe loader
    )
    return tuple(_rule(item, generic=part == "generic") for part in ("rules", "generic") for item in data[part])


def _rule(item: Mapping[str, str | list[str]], *, generic: bool) -> DefaultRule:
    stated = str(item["class"])
    return DefaultRule(
        criterion=str(item["criterion"]),
        response_class=None if stated == "none" else cast("ResponseClass", stated),
        reason=str(item["reason"]).strip(),
        source=str(item.get("source", "")),
        generic=generic,
        covers=tuple(item.get("covers", ())),
        written=tuple(item.get("written", ())),
    )


def harmonise(outcomes: Iterable[Outcome], protocol: ReviewProtocol) -> tuple[OutcomeMapping, ...]:
    """Say what each outcome counts as in this review, and by which rule.

    A rule of the protocol for the outcome's criterion goes first, then the default rule. The class that the rule gives
    leads to the outcome of the protocol that carries this class. Without a criterion, a rule, a class, or exactly one
    such outcome, the kind that the extractor wrote stays.

    Returns
    -------
    One mapping for each outcome, in the order given, each with its reason. `by` is ``protocol`` or ``default`` only
    where the rule gave the kind; `response_class` is the class of the rule, or of the outcome of the protocol that the
    extractor chose.
    """
    own = {_key(rule.criterion): rule for rule in protocol.harmonisation}
    defaults = _by_name()
    carriers: dict[ResponseClass, list[str]] = defaultdict(list)
    classes: dict[str, ResponseClass | None] = {}
    for definition in protocol.outcomes:
        classes[definition.id] = definition.response_class
        if definition.response_class:
            carriers[definition.response_class].append(definition.id)
    return tuple(_mapping(outcome, own, defaults, carriers, classes) for outcome in outcomes)


def _mapping(
    outcome: Outcome,
    own: Mapping[str, HarmonisationRule],
    defaults: Mapping[str, DefaultRule],
    carriers: Mapping[ResponseClass, Sequence[str]],
    classes: Mapping[str, ResponseClass | None],
) -> OutcomeMapping:
    def by_hand(reason: str) -> OutcomeMapping:
        return OutcomeMapping(
            outcome.id, outcome.kind, outcome.criterion, "hand", classes.get(outcome.kind), f"{reason} {_KEPT}"
        )

    if not outcome.criterion:
        return by_hand("No responder criterion was named.")
    key = _key(outcome.criterion)
    rule: HarmonisationRule | DefaultRule | None = own.get(key) or defaults.get(key)
    whose: Literal["protocol", "default"] = "protocol" if key in own else "default"
    if rule is None:
        return by_hand(f"There is no rule for {outcome.criterion}.")
    if rule.response_class is None:
        return by_hand(f"The {whose} rule gives {rule.criterion} no class: {rule.reason}")
    kinds = carriers.get(rule.response_class, ())
    if len(kinds) != 1:
        said = f"outcomes {', '.join(kinds)} all stand" if kinds else "no outcome of the protocol stands"
        return by_hand(f"{rule.criterion} counts as {rule.response_class}, but {said} for that.")
    reason = f"{rule.criterion} counts as {rule.response_class}: {rule.reason}"
    return OutcomeMapping(outcome.id, kinds[0], outcome.criterion, whose, rule.response_class, reason)


_KEPT = "The kind is the extractor's own."


def thresholds_differ(outcomes: Iterable[Outcome], mappings: Iterable[OutcomeMapping]) -> Caution | None:
    """Say that outcomes pooled as one kind were counted by different criteria, with the number of studies for each.

    Parameters
    ----------
    outcomes : those that go into one pool.
    mappings : of these outcomes (others do no harm). They tell which outcomes are about response at all: an outcome
        that has neither a criterion nor a response class, such as death, needs no criterion and is passed over.

    Returns
    -------
    A caution with the code ``thresholds-differ``; None when all studies used one named criterion, or there is one
        study. Studies without a named criterion count "as each study defines it"; two of these may differ, too.
    """
    known = {mapping.outcome: mapping for mapping in mappings}
    used: dict[str, set[str]] = defaultdict(set)
    for outcome in outcomes:
        mapping = known.get(outcome.id)
        if outcome.criterion or (mapping and mapping.response_class):
            used[_shown(outcome.criterion)].add(outcome.study)
    undefined = used.get("", set())
    if len(used) < 2 and len(undefined) < 2:
        return None
    counted = sorted(used.items(), key=lambda item: (not item[0], -len(item[1]), item[0].casefold()))
    parts = [f"{name or 'as each study defines it'} ({_studies(len(studies))})" for name, studies in counted]
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return Caution(
        "thresholds-differ",
        f"Studies did not count the same thing: {listed}. A proportion that is pooled over them has no single meaning; "
        "read the studies one by one, or pool one criterion alone.",
    )


def _studies(count: int) -> str:
    return "1 study" if count == 1 else f"{count} studies"


def _shown(criterion: str) -> str:
    """Return a criterion as the rules write it, however a table wrote it."""
    rule = _by_name().get(_key(criterion))
    return rule.criterion if rule else criterion.strip()


@cache
def _by_name() -> Mapping[str, DefaultRule]:
    return {_key(rule.criterion): rule for rule in default_rules()}


def _key(criterion: str) -> str:
    """Return the letters and figures by which criteria are compared."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", criterion).casefold() if letter.isalnum())


def criterion_of(text: str) -> str | None:
    """Return the criterion that a definition names, to be proposed to a person; None when it names none or several.

    Averages ("mean fall of PASI by 75 %") name none. A criterion of an instrument goes before a general one.

    Examples
    --------
    >>> criterion_of("PASI fell by at least 75 %")
    'PASI75'
    >>> criterion_of("SRI(4) at week 24")
    'SRI-4'
    >>> criterion_of("PASI 50 and PASI 75") is None
    True
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().replace("−", "-").split())
    if not plain or _NO_COUNT.search(plain):
        return None
    for first in (True, False):
        rules = [rule for rule in default_rules() if (not rule.generic or bool(rule.covers)) is first]
        named = {rule.criterion: rule for rule in rules if _names(rule, plain)}
        found = set(named) | (set(_percentages(plain)) if first else set())
        found -= {part for rule in named.values() for part in rule.covers}
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def _names(rule: DefaultRule, plain: str) -> bool:
    """Say whether a text names a criterion by its id or in one of the ways reports write it."""
    return any(pattern.search(plain) for pattern in _patterns(rule))


@cache
def _patterns(rule: DefaultRule) -> tuple[re.Pattern[str], ...]:
    # "PASI 75" is PASI75, but "SLEDAI 4" is a score: a figure after a hyphen keeps its hyphen.
    name = re.sub(r"(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])|-(?!\d)", "[ -]?", rule.criterion.casefold())
    after = r"(?![a-z0-9]| ?/ ?\d| (?:days?|weeks?|months?|years?)\b)"
    return (re.compile(rf"(?<![a-z0-9]){name}{after}"), *map(re.compile, rule.written))


@cache
def _families() -> Mapping[str, frozenset[int]]:
    """Return the instruments with criteria in percent, and the percentages there are."""
    found: dict[str, set[int]] = defaultdict(set)
    for rule in default_rules():
        parts = re.fullmatch(r"(PASI|EASI|SALT|SCORAD|CDAI|SDAI)(\d+)", rule.criterion)
        if parts and rule.criterion != "SALT20":  # a state, not a change
            found[parts[1].casefold()].add(int(parts[2]))
    return {name: frozenset(percentages) for name, percentages in found.items()}


def _percentages(plain: str) -> Iterable[str]:
    """Yield criteria written as a change in percent, in either order of instrument and percentage."""
    for name, percentages in _families().items():
        score = rf"(?<![a-z]){name}(?![a-z])"
        changes = (
            rf"{score}(?: scores?| index|评分)? ?(?:\w+ ){{0,3}}{_FALL}(?: \w+){{0,3}} ?{_RANGE} ?(\d+) ?{_PERCENT}",
            rf"{score}(?: scores?| index|评分)? ?(?:\w+ ){{0,3}}{_FALL} (?:by |of )?(\d+) ?{_PERCENT}(?: or more)?",
            rf"{score}(?: scores?|评分)? ?(?:改善|下降|降低|减少){_RANGE}? ?(\d+) ?%",
            rf"(?:{_RANGE} ?)?(\d+) ?{_PERCENT}(?: or (?:more|greater))? {_FALL} (?:\w+ ){{0,4}}{score}",
        )
        for change in changes:
            for found in re.finditer(change, plain):
                before = plain[: found.start(1)].rstrip()
                if int(found[1]) in percentages and not before.endswith(("<", "less than", "under", "below")):
                    yield f"{name.upper()}{found[1]}"
