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
    r"\b(?:mean|median|average|time to|not (?:been )?(?:reach|achiev|attain|meet|met|observ|seen|obtain|maintain)\w*"
    r"|fail\w* to|non-?respon\w*)\b|平均|中位|未达"
)
"""A text with one of these is about an average, a time, or those who missed a threshold, not those who met it."""

_DENIED = re.compile(
    r"\b(?:no|not|without|never|neither|nor|none|free of|free from|absence|lack|lost|loss of|prevent\w*)"
    r"(?:[ -](?!(?:and|but|that|which|who|whose|with)\b)[\w']+){0,4}?[ -]$"
    r"|\b(?:non|near|nearly|almost|less than|short of)[ -]$"
    r"|(?:未|无|無|不|非|没|近|接近|几乎|防止|预防|避免|免于|[分近](?:或|和|及|与|、|/))"
    r"(?:有|能|见|再|出现|发生|明显|显著|疾病|患者|达到|获得|取得|临床)*$"
)
"""What stands before a criterion that was missed, or met only nearly: "without a complete remission", 未见复发."""

_COUNTED = r"(?! ?(?:weeks?|wks?|days?|months?|years?|h\b|of\b|out\b|patients?|participants?|个?[周天月年例]))"
_AND = r"(?:[,/;&~、+-]|to|and|or|vs\.?|和|或|及|与|至)"
_FURTHER = re.compile(
    rf"\)? ?{_PERCENT}?\)?(?: ?/ ?-?\d{{1,3}}| ?{_AND} ?\(?-?{_RANGE}? ?\d{{2,3}})(?!\d|[.]\d){_COUNTED}"
)
_EARLIER = re.compile(rf"(?<![\d.])\d{{2,3}} ?{_PERCENT}? ?{_AND} ?{_RANGE}? ?$")
"""A further number beside that of a criterion: "ACR20/50/70" and "PASI 75, 90" name several, "PASI 50-75" a range."""

_CROHN = re.compile(r"crohn|克罗恩|克隆氏|克隆病|克羅恩")


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
    bare : its name alone is enough; else a % must follow, as the name means other things too.
    """

    criterion: str
    response_class: ResponseClass | None
    reason: str
    source: str = ""
    generic: bool = False
    covers: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    bare: bool = True


@cache
def default_rules() -> tuple[DefaultRule, ...]:
    """Return the rules that ship with stromata, in the order of the file."""
    text = files("stromata.clinical").joinpath("harmonisation.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    data = cast(
        "dict[Literal['rules', 'generic'], list[dict[str, str | bool | list[str]]]]",
        yaml.load(text, Loader=loader),  # noqa: S506 - the C version of the safe loader
    )
    return tuple(_rule(item, generic=part == "generic") for part in ("rules", "generic") for item in data[part])


def _rule(item: Mapping[str, str | bool | list[str]], *, generic: bool) -> DefaultRule:
    stated = str(item["class"])

    def texts(key: str) -> tuple[str, ...]:
        found = item.get(key)
        return tuple(found) if isinstance(found, list) else ()

    return DefaultRule(
        criterion=str(item["criterion"]),
        response_class=None if stated == "none" else cast("ResponseClass", stated),
        reason=str(item["reason"]).strip(),
        source=str(item.get("source", "")),
        generic=generic,
        covers=texts("covers"),
        written=texts("written"),
        bare=bool(item.get("bare", True)),
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


def thresholds_differ(
    outcomes: Iterable[Outcome], mappings: Iterable[OutcomeMapping], *, pooled: str = "A proportion"
) -> Caution | None:
    """Say that outcomes pooled as one kind were counted by different criteria, with the number of studies for each.

    Parameters
    ----------
    outcomes : those that go into one pool.
    mappings : of these outcomes (others do no harm). They tell which outcomes are about response at all: an outcome
        that has neither a criterion nor a response class, such as death, needs no criterion and is passed over.
    pooled : what is pooled of them, as the text begins a sentence with it.

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
        f"Studies did not count the same thing: {listed}. {pooled} that is pooled over them has no single meaning; "
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

    Averages ("mean fall of PASI by 75 %") name none, nor do denials ("no complete response") and several thresholds
    at once ("ACR20/50/70"). A criterion of an instrument goes before a general one.

    Examples
    --------
    >>> criterion_of("PASI fell by at least 75 %")
    'PASI75'
    >>> criterion_of("SRI(4) at week 24")
    'SRI-4'
    >>> criterion_of("PASI 50 and PASI 75") is None
    True
    """
    plain = " ".join(_DASHES.sub("-", unicodedata.normalize("NFKC", text).casefold()).split())
    if not plain or _NO_COUNT.search(plain):
        return None
    for first in (True, False):
        rules = [rule for rule in default_rules() if (not rule.generic or bool(rule.covers)) is first]
        named = {rule.criterion: ends for rule in rules if (ends := _named(rule, plain))}
        if any(_FURTHER.match(plain, end) for ends in named.values() for end in ends):
            return None
        found = set(named) | (set(_percentages(plain)) if first else set())
        found -= {part for rule in rules if rule.criterion in named for part in rule.covers}
        if found:
            return found.pop() if len(found) == 1 else None
    return None


_DASHES = re.compile("[\u2010-\u2015\u2212]")
_SCORED_IN_POINTS = re.compile(r"(?:SALT|SCORAD|SDAI)\d+")
"""Criteria whose figure could be a score: "SCORAD 35" is a score, "SCORAD35" and "SCORAD 35 %" the criterion."""


def _named(rule: DefaultRule, plain: str) -> list[int]:
    """Return where a text names a criterion, by its id or as reports write it: the end of each place but denials."""
    if rule.criterion.startswith("CDAI") and _CROHN.search(plain):
        return []
    places = [found for pattern in _patterns(rule) for found in pattern.finditer(plain)]
    return [found.end() for found in places if not _DENIED.search(plain[: found.start()])]


@cache
def _patterns(rule: DefaultRule) -> tuple[re.Pattern[str], ...]:
    # "PASI 75" is PASI75, but "SLEDAI 4" is a score: a figure after a hyphen keeps its hyphen.
    name = re.sub(r"(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])|-(?!\d)", "[ -]?", rule.criterion.casefold())
    after = r"(?![a-z0-9]| ?(?:days?|weeks?|months?|years?|m?g)\b)"
    percent = rf"(?= ?{_PERCENT}| respon| improv)"
    forms = [rf"{name}{after}"]
    if not rule.bare:
        forms = [rf"{name}(?= ?{_PERCENT})"]
    elif _SCORED_IN_POINTS.fullmatch(rule.criterion):
        forms = [rf"{name.replace('[ -]?', '-?')}{after}", rf"{name}{percent}"]
    named = (rf"(?<![a-z0-9])(?<!po-){form}" for form in forms)
    written = (rf"(?:(?<![a-z])|(?=[^\x00-\x7f]))(?:{pattern})" for pattern in rule.written)
    return tuple(re.compile(pattern) for pattern in (*named, *written))


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
        if name == "cdai" and _CROHN.search(plain):
            continue
        score = rf"(?<![a-z])(?<!po-){name}(?![a-z])"
        changes = (
            rf"{score}(?: scores?| index|评分)? ?(?:\w+ ){{0,3}}{_FALL}(?: \w+){{0,3}} ?{_RANGE} ?(\d+) ?{_PERCENT}",
            rf"{score}(?: scores?| index|评分)? ?(?:\w+ ){{0,3}}{_FALL} (?:by |of )?(\d+) ?{_PERCENT}(?: or more)?",
            rf"{score}(?: scores?|评分)? ?(?:改善|下降|降低|减少){_RANGE}? ?(\d+) ?%",
            rf"(?:{_RANGE} ?)?(\d+) ?{_PERCENT}(?: or (?:more|greater))? {_FALL} (?:\w+ ){{0,4}}{score}",
        )
        for change in changes:
            for found in re.finditer(change, plain):
                before = plain[: found.start(1)]
                missed = before.rstrip().endswith(("<", "less than", "under", "below"))
                several = _EARLIER.search(before) or _FURTHER.match(plain, found.end(1))
                denied = _DENIED.search(plain[: found.start()])
                if int(found[1]) in percentages and not (missed or several or denied):
                    yield f"{name.upper()}{found[1]}"
