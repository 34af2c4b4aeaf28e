"""The extractor that stromata brings: rules for English and Chinese, with the same result every time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from stromata.extraction.suggestions import chinese, designs, enrolment, mentions, results
from stromata.extraction.suggestions.claims import Claim, distinct
from stromata.extraction.suggestions.extractor import Draft
from stromata.extraction.suggestions.passages import Passage, read
from stromata.model import Suggestion
from stromata.model.identifiers import find_registry_ids

SEEN: dict[str, tuple[int, int]] = {
    "n:total": (2, 2),
    "n:taken": (3, 3),
    "n:title": (3, 3),
    "n:study-of": (5, 5),
    "n:treated": (9, 10),
    "n:equals": (0, 0),
    "n:opening": (1, 1),
    "n:denominator": (3, 3),
    "n:analysed": (0, 0),
    "n:one-case": (3, 3),
    "arms:stated": (5, 5),
    "arms:n-arm": (0, 0),
    "arms:list": (3, 3),
    "arms:ratio": (0, 0),
    "arms:choice": (0, 0),
    "arms:named": (0, 0),
    "followup:length": (10, 10),
    "followup:followed": (2, 2),
    "followup:adjective": (5, 5),
    "responders:fraction": (34, 34),
    "responders:improved": (2, 3),
    "adverse_events:fraction": (20, 20),
    "adverse_events:count": (0, 0),
    "adverse_events:none": (9, 9),
    "adverse_events:none-of-a-kind": (0, 0),
    "deaths:fraction": (9, 9),
    "deaths:count": (0, 0),
    "deaths:survivors": (0, 0),
    "deaths:none": (6, 6),
    "deaths:none-of-a-kind": (0, 0),
    "design:named": (14, 14),
    "design:told": (4, 4),
    "design:verb": (1, 1),
    "design:review": (2, 2),
    "design:animals": (4, 5),
    "disease:foremost": (6, 6),
    "disease:treated": (20, 20),
    "disease:named": (3, 3),
    "disease:background": (2, 2),
    "product_class:foremost": (7, 7),
    "product_class:named": (23, 23),
    "product_class:bare": (0, 0),
    "tissue:product": (25, 25),
    "tissue:near": (3, 3),
    "donor:named": (11, 11),
    "donor:own": (1, 1),
    "route:product": (23, 23),
    "route:alone": (0, 0),
    "route:place": (0, 0),
    "dose:cells": (26, 26),
    "dose:other": (2, 2),
    "administrations:product": (21, 23),
    "administrations:alone": (0, 0),
    "administrations:told": (0, 0),
    "interval_days:counted": (15, 15),
    "interval_days:alone": (1, 1),
    "interval_days:told": (0, 0),
    "registry_id": (11, 11),
}
"""How many suggestions of each rule were right, of all, on the texts of ``validation/suggestions/dev.jsonl``."""

_DOUBTFUL = frozenset({"n:analysed", "deaths:survivors", "adverse_events:none-of-a-kind", "deaths:none-of-a-kind"})
"""Rules that read what is near to the field, but not quite it: "no treatment-related adverse events"."""


def _confidence(rule: str) -> float:
    """Return how often a rule is right, with five suggestions added to those seen: four right ones.

    A rule that was seen rarely so stays near 0.8, and none reaches 1. Of the doubtful rules half of the five are right.
    """
    right, every = SEEN[rule]
    return round((right + (2.5 if rule in _DOUBTFUL else 4)) / (every + 5), 2)


CONFIDENCE: dict[str, float] = {rule: _confidence(rule) for rule in SEEN}
"""The confidence of a suggestion by each rule."""

_HAN = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class RulesSettings:
    """Settings of the rules.

    Attributes
    ----------
    least_confidence : suggestions with less are left out; 0 keeps all.
    """

    least_confidence: float = 0.0


_USUAL = RulesSettings()


@dataclass(frozen=True, slots=True)
class Rules:
    """Reads with patterns, and with the vocabularies of `stromata.clinical`."""

    settings: RulesSettings = _USUAL
    name: str = "rules"
    version: str = "2"

    def extract(self, text: str) -> Draft:
        """Draw proposals from `text`; the same text always gives the same ones."""
        passage = read(text)
        suggestions = (_suggestion(claim, passage, text) for claim in distinct(claims(passage, text)))
        return Draft(tuple(one for one in suggestions if one.confidence >= self.settings.least_confidence))


def _suggestion(claim: Claim, passage: Passage, text: str) -> Suggestion:
    start, end = passage.span(claim.start, claim.end)
    confidence = round(CONFIDENCE[claim.rule] * claim.doubt, 3)
    return Suggestion(claim.field, claim.value, claim.unit, start, end, text[start:end], confidence)


def claims(passage: Passage, text: str) -> Iterator[Claim]:
    """Yield what all rules claim. Rules for Chinese run where the text has any."""
    yield from designs.designs(passage, text)
    yield from mentions.diseases(passage, text)
    yield from mentions.products(passage, text)
    yield from mentions.routes(passage, text)
    yield from mentions.doses(passage, text)
    yield from mentions.schedules(passage, text)
    yield from registrations(passage)
    chinese = bool(_HAN.search(text))
    for field, readers in _BY_LANGUAGE.items():
        claims = [claim for reader in readers[: 2 if chinese else 1] for claim in reader(passage)]
        if field in _ONE_VALUE:
            units = dict.fromkeys(claim.unit for claim in claims)
            yield from (max((one for one in claims if one.unit == unit), key=lambda one: one.rank) for unit in units)
        else:
            yield from claims


_ONE_VALUE = frozenset({"n", "arms"})
_BY_LANGUAGE = {
    "n": (enrolment.enrolled, chinese.enrolled),
    "arms": (enrolment.arms, chinese.arms),
    "followup": (enrolment.follow_up, chinese.follow_up),
    "counts": (results.counts, chinese.counts),
}

# Letters of a registry with the number behind them, or a European number alone; `find_registry_ids` judges.
_REGISTRATION = re.compile(
    r"(?<![A-Za-z0-9])(?:(?P<jprn>JPRN)-)?(?:[A-Za-z]{2,10}(?:-[A-Za-z]{2,4})?[ :#/-]{0,2}(?:(?:No|number"
    r"|CT)[.: ]{1,3})?)?s?\d[\dN/-]{2,22}(?:(?=p\b)|(?![A-Za-z0-9]))|(?<![A-Za-z0-9])RBR-[0-9a-z]{6,7}(?![A-Za-z0-9])"
)


def registrations(passage: Passage) -> Iterator[Claim]:
    """Yield the registrations of the study; plans and protocols have them as well."""
    for match in _REGISTRATION.finditer(passage.text):
        found = find_registry_ids(match.group())
        sentence = passage.sentence(match.start())
        if (
            not found
            or sentence is None
            or sentence.section in {"references", "discussion"}
            or _elses(passage, match.start())
        ):
            continue
        value = found[0]
        if value.startswith("EUCTR"):
            value = f"EudraCT {value.removeprefix('EUCTR')}"
        elif match["jprn"]:
            value = f"JPRN-{value}"
        yield Claim("registry_id", value, "", match.start(), match.end(), "registry_id")


_OTHERS = re.compile(
    r"\b(?:previous(?:ly)?|prior|earlier|other|parent|similar|ongoing)\s+(?:[\w-]+\s+){0,3}(?:trials?|stud(?:y"
    r"|ies)|reports?)\b|\bet\s+al\b|既往研究|其他研究",
    re.IGNORECASE,
)


def _elses(passage: Passage, at: int) -> bool:
    """Return whether a registration is spoken of as that of another study."""
    sentence = passage.sentence(at)
    return sentence is not None and bool(_OTHERS.search(passage.text, sentence.start, at))
