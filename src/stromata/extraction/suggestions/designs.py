"""How the study was set up, in either language."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stromata.clinical.terms import find
from stromata.extraction.suggestions.claims import Claim, best
from stromata.extraction.suggestions.enrolment import ANIMALS, PEOPLE
from stromata.extraction.suggestions.fields import DESIGNS
from stromata.extraction.suggestions.numerals import COUNT
from stromata.extraction.suggestions.passages import Passage, Sentence

_RANK = {
    "nonrandomised-controlled": 70,
    "rct": 60,
    "case-control": 50,
    "cross-sectional": 48,
    "case-series": 45,
    "single-arm": 44,
    "cohort": 42,
    "case-report": 40,
}
"""Where several designs are named, the one taken: what is more special comes first."""
_LEAST = 10
"""Rank of a cohort of which only "retrospective" tells: every other design comes first."""
_DENIED = re.compile(
    r"(?:\b(?:not|no|non|without|lack(?:ed|ing)?(?: of)?|absence of|instead of|rather than|neither|nor|unlike"
    r"|versus)[ \n-](?:[\w-]+[ \n]){0,2}|(?:未|非|无|未经|缺乏|没有|不是)[^，。；]{0,3})$",
    re.IGNORECASE,
)
_ANOTHER = re.compile(r"\b(?:trials|studies|RCTs|series)\b", re.IGNORECASE)
_WERE_RANDOMISED = re.compile(
    r"\b(?:were|was|been|we)[ \n](?:then[ \n]|\w+ly[ \n])?(?:randomi[sz]ed|randomly[ \n](?:assigned|allocated"
    r"|divided|distributed|split|grouped)|(?:assigned|allocated|divided|distributed"
    r"|grouped)[ \n](?:\w+[ \n]){0,2}?(?:at[ \n]random|randomly))\b"
    r"|\brandomi[sz]ed[ \n](?:in[ \n]a[ \n])?\d\s?:\s?\d"
    rf"|\b(?:(?:trial|study|we)[ \n])?randomi[sz]ed[ \n](?:{COUNT}[ \n])?(?:[\w-]+[ \n])?{PEOPLE}\b"
    r"|\bunderwent[ \n]randomi[sz]ation\b|\brandomi[sz]ation[ \n](?:assigned|allocated|was[ \n](?:done|performed"
    r"|carried|by|in|concealed|stratified))\b"
    r"|\b(?:drawn|assigned|allocated|chosen)[ \n]by[ \n](?:lot|coin|the[ \n]toss|random|a[ \n]computer|computer)\b"
    r"|\bdouble-blind,?[ \n](?:[\w-]+[ \n]){0,2}?placebo-controlled\b|随机(?:、[^，。；]{0,10})?(?:分为|分成|分组|分配"
    r"|分入"
    r"|数字表)",
    re.IGNORECASE,
)
_NOT_RANDOMISED = re.compile(
    r"\b(?:not|non|without|no)[ \n-]?random(?:i[sz]\w+|ly[ \n]\w+|[ \n](?:allocation|assignment))|未(?:经)?随机|非随机",
    re.IGNORECASE,
)
_OWN_CHOICE = re.compile(
    r"\b(?:allocat|assign|divid|group)\w*\b[^.;]{0,80}?\b(?:according[ \n]to|by|based[ \n]on)[ \n](?:their|the"
    r"[ \n]patients?'?s?"
    r"|patients?'?s?)[ \n](?:own[ \n])?(?:preferences?|choices?|wish(?:es)?)\b|自愿(?:分为|选择|分组)",
    re.IGNORECASE,
)
_UNCONTROLLED = re.compile(
    r"\b(?:without|no|lack[ \n]of|absence[ \n]of)[ \n](?:an?[ \n]|any[ \n])?(?:control|comparison|comparator|placebo)"
    r"[ \n](?:group|arm)\b|(?:无|未设|没有)对照组?",
    re.IGNORECASE,
)
_LOOKED_BACK = re.compile(r"\bretrospective(?:ly)?\b|回顾性", re.IGNORECASE)
_CONTROLLED = re.compile(r"\bcontrol(?:s|led)?\b|\bcompar\w+|\bstandard care\b|\bversus\b|对照|常规组", re.IGNORECASE)
_SERIES = re.compile(
    rf"\b(?:case[ \n]series|series[ \n]of[ \n](?:[\w-]+[ \n]){{0,4}}?{PEOPLE})\b|\b(?:two|three|four|five|six"
    rf"|seven|eight|[2-8])[ \n](?:[\w-]+[ \n]){{0,2}}?case[ \n]reports?\b|(?:[二三四五六七八九十两]|[2-9]"
    rf"|\d\d)例(?:临床)?(?:报告|报道|分析)",
    re.IGNORECASE,
)
_ONE = re.compile(
    r"\bcase[ \n]report\b|\b(?:we|to)[ \n](?:\w+[ \n])?(?:report|describe"
    r"|present)[ \n](?:here[ \n])?(?:on[ \n])?(?:an?|one|the[ \n]case[ \n]of[ \n]an?"
    r"|the[ \n]first)[ \n](?:[\w'-]+[ \n]){0,6}?(?:case|patient|woman|man|girl|boy|child|infant)\b"
    r"|\b(?:an?|one)[ \n](?:previously[ \n]healthy[ \n])?(?:\d{1,2}|[a-z]+(?:-[a-z]+)?)[ -](?:years?"
    r"|months?)[ -]old[ \n](?:[\w'-]+[ \n]){0,4}?(?:woman|man|girl|boy|child|infant|patient|female|male)\b"
    r"|(?:个案|病例|[1一]例)报[告道]|患者[,，]?(?:女|男)(?:性)?[,，]\s?\d{1,2}岁",
    re.IGNORECASE,
)
_ANIMAL = re.compile(
    rf"\b{ANIMALS}\b|\bmurine\b|\bmouse[ \n](?:model|strain|skin)|小鼠|大鼠|裸鼠|家兔|比格犬|食蟹猴|动物模型",
    re.IGNORECASE,
)
_AGAINST_ANIMAL = re.compile(
    r"\b(?:anti-?(?:mouse|rat|rabbit)|rabbit anti|mouse anti|goat anti|horses?[ \n]serum)\b", re.IGNORECASE
)
_HUMANS = re.compile(
    r"\b(?:patients?|participants?|volunteers?)[ \n](?:[\w-]+[ \n]){0,6}?(?:were|was|received|underwent|had"
    r"|achieved|with)\b|\b(?:enrol?led|recruited|included)\b[^.]{0,30}\bpatients\b|\d\s?例|患者",
    re.IGNORECASE,
)
_REVIEW = re.compile(
    r"\b(?:systematic|narrative|scoping|umbrella|literature|this|mini|critical|comprehensive"
    r"|our)[ \n-](?:literature[ \n]|narrative[ \n]|systematic[ \n])?review\b|\bmeta-analys[ei]s\b"
    r"|\bwe[ \n](?:review|summari[sz]e|searched[ \n](?:PubMed|MEDLINE|Embase|the|\w+,))\b"
    r"|\b(?:PubMed|MEDLINE|Embase)\b[^.]{0,80}\bwere[ \n](?:\w+ly[ \n])?searched\b|\ba[ \n]review\b|系统评价|系统综述"
    r"|荟萃分析|[Mm]eta\s?分析|文献综述|综述|研究进展|(?:计算机)?检索(?:Pub[Mm]ed|中国知网|数据库|Cochrane)",
    re.IGNORECASE,
)


def designs(passage: Passage, text: str) -> Iterator[Claim]:
    """Yield the design: review, or one design in people, or animals, laboratory or both."""
    named = list(_named(passage, text))
    review = best(claim for claim in named if claim.value == "review")
    if review is not None:
        yield review
        return
    animal = best(claim for claim in named if claim.value == "animal-model")
    people = best(claim for claim in named if claim.value in _RANK)
    weaker = people is None or people.rule == "design:verb" or (animal is not None and animal.rank > people.rank)
    if animal is not None and weaker and (people is None or not _speaks_of_people(passage)):
        yield animal
        people = None
    if people is not None:
        yield people
    elif not (animal is not None and animal.rank < 2):
        laboratory = best(claim for claim in named if claim.value == "in-vitro")
        if laboratory is not None:
            yield laboratory


def _speaks_of_people(passage: Passage) -> bool:
    return any(
        _HUMANS.search(passage.text, sentence.start, sentence.end)
        for sentence in passage.sentences
        if sentence.section in {"", "methods", "results"}
        and not _ANIMAL.search(passage.text, sentence.start, sentence.end)
        and any(clause.own for clause in sentence.clauses)
    )


def _named(passage: Passage, text: str) -> Iterator[Claim]:
    """Yield every design that the text claims for itself."""
    for match in find("designs", text):
        start, end = passage.folded(match.start), passage.folded(match.end)
        sentence = passage.sentence(start)
        value = {"crossover-rct": "rct", "systematic-review": "review", "meta-analysis": "review"}.get(
            match.term.id, match.term.id
        )
        if (
            sentence is None
            or value not in DESIGNS
            or value in {"animal-model", "review"}
            or start >= end
            or not _says_so(passage, sentence, start, end)
        ):
            continue
        yield Claim("design", value, "", start, end, "design:named", _rank(value, sentence) + 5)
    for sentence in passage.sentences:
        yield from _told(passage, sentence)


def _says_so(passage: Passage, sentence: Sentence, start: int, end: int) -> bool:
    before = passage.text[max(sentence.start, start - 40) : start]
    several = passage.text[start : min(end + 2, sentence.end)]
    return (
        passage.own(start)
        and not _DENIED.search(before)
        and not (_ANOTHER.search(several) and not re.match(r"case[ -]series", several, re.IGNORECASE))
    )


def _rank(value: str, sentence: Sentence) -> int:
    return _RANK.get(value, 1) + (100 if sentence.section == "title" else 0)


def _told(passage: Passage, sentence: Sentence) -> Iterator[Claim]:
    """Yield designs that a sentence tells in other words than their name."""
    text = passage.text

    def claims(pattern: re.Pattern[str], value: str, rule: str) -> Iterator[Claim]:
        for match in pattern.finditer(text, sentence.start, sentence.end):
            denied = _DENIED.search(text[max(sentence.start, match.start() - 40) : match.start()])
            if passage.own(match.start()) and not denied:
                rank = _LEAST if pattern is _LOOKED_BACK else _rank(value, sentence)
                yield Claim("design", value, "", match.start(), match.end(), rule, rank)

    if _NOT_RANDOMISED.search(text, sentence.start, sentence.end):
        compared = (match.start() for match in _CONTROLLED.finditer(text, sentence.start, sentence.end))
        if any(not _DENIED.search(text[max(sentence.start, at - 40) : at]) for at in compared):
            yield from claims(_NOT_RANDOMISED, "nonrandomised-controlled", "design:told")
    else:
        yield from claims(_WERE_RANDOMISED, "rct", "design:verb")
    yield from claims(_OWN_CHOICE, "nonrandomised-controlled", "design:told")
    yield from claims(_UNCONTROLLED, "single-arm", "design:told")
    yield from claims(_LOOKED_BACK, "cohort", "design:verb")
    yield from claims(_SERIES, "case-series", "design:told")
    yield from claims(_ONE, "case-report", "design:told")
    yield from claims(_REVIEW, "review", "design:review")
    if not _AGAINST_ANIMAL.search(text, sentence.start, sentence.end):
        yield from claims(_ANIMAL, "animal-model", "design:animals")
