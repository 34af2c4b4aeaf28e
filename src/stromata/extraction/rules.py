"""The extractor that stromata brings: rules for English and Chinese, with the same result every time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from stromata.extraction import designs, enrolment, mentions, results, suggest_zh
from stromata.extraction.claims import Claim, distinct
from stromata.extraction.extractor import Draft
from stromata.extraction.passages import Passage, read
from stromata.model import Suggestion
from stromata.model.identifiers import find_registry_ids

CONFIDENCE: dict[str, float] = {
    "n:total": 0.9,
    "n:taken": 0.9,
    "n:title": 0.85,
    "n:study-of": 0.8,
    "n:treated": 0.8,
    "n:equals": 0.7,
    "n:opening": 0.7,
    "n:denominator": 0.6,
    "n:analysed": 0.5,
    "n:one-case": 0.8,
    "arms:stated": 0.85,
    "arms:n-arm": 0.9,
    "arms:list": 0.8,
    "arms:ratio": 0.85,
    "arms:choice": 0.75,
    "followup:length": 0.85,
    "followup:followed": 0.85,
    "followup:adjective": 0.75,
    "responders:fraction": 0.85,
    "responders:improved": 0.75,
    "adverse_events:fraction": 0.85,
    "adverse_events:count": 0.75,
    "adverse_events:none": 0.9,
    "adverse_events:none-of-a-kind": 0.6,
    "deaths:fraction": 0.85,
    "deaths:count": 0.8,
    "deaths:none": 0.9,
    "deaths:none-of-a-kind": 0.6,
    "design:named": 0.9,
    "design:told": 0.8,
    "design:verb": 0.8,
    "design:review": 0.85,
    "design:animals": 0.85,
    "disease:foremost": 0.95,
    "disease:treated": 0.9,
    "disease:named": 0.7,
    "disease:background": 0.8,
    "product_class:foremost": 0.95,
    "product_class:named": 0.85,
    "tissue:product": 0.9,
    "tissue:near": 0.75,
    "donor:named": 0.9,
    "donor:own": 0.85,
    "route:product": 0.9,
    "route:alone": 0.8,
    "dose:cells": 0.9,
    "dose:other": 0.7,
    "administrations:product": 0.85,
    "administrations:alone": 0.75,
    "interval_days:counted": 0.9,
    "interval_days:alone": 0.7,
    "registry_id": 0.98,
}
"""How often a suggestion by each rule is right."""

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
    version: str = "1"

    def extract(self, text: str) -> Draft:
        """Draw proposals from `text`; the same text always gives the same ones."""
        passage = read(text)
        suggestions = (_suggestion(claim, passage, text) for claim in distinct(_claims(passage, text)))
        return Draft(tuple(one for one in suggestions if one.confidence >= self.settings.least_confidence))


def _suggestion(claim: Claim, passage: Passage, text: str) -> Suggestion:
    start, end = passage.span(claim.start, claim.end)
    confidence = round(CONFIDENCE[claim.rule] * claim.doubt, 3)
    return Suggestion(claim.field, claim.value, claim.unit, start, end, text[start:end], confidence)


def _claims(passage: Passage, text: str) -> Iterator[Claim]:
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
    "n": (enrolment.enrolled, suggest_zh.enrolled),
    "arms": (enrolment.arms, suggest_zh.arms),
    "followup": (enrolment.follow_up, suggest_zh.follow_up),
    "counts": (results.counts, suggest_zh.counts),
}

# Letters of a registry with the number behind them, or a European number alone; `find_registry_ids` judges.
_REGISTRATION = re.compile(
    r"(?<![A-Za-z0-9])(?:(?P<jprn>JPRN)-)?(?:[A-Za-z]{2,10}(?:-[A-Za-z]{2,4})?[ :#/-]{0,2}(?:(?:No|number"
    r"|CT)[.: ]{1,3})?)?s?\d[\dN/-]{2,22}(?![A-Za-z0-9])|(?<![A-Za-z0-9])RBR-[0-9a-z]{6,7}(?![A-Za-z0-9])"
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
