"""How many took part, in how many groups, and for how long they were followed: English text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stromata.extraction.suggestions.claims import Claim, best
from stromata.extraction.suggestions.numerals import COUNT, DECIMAL, DIGITS, plain, whole
from stromata.extraction.suggestions.passages import Passage, Sentence

PEOPLE = (
    r"(?:patients?|participants?|subjects?|individuals?|adults?|child(?:ren)?|volunteers?|people|persons?"
    r"|adolescents?|infants?"
    r"|recipients?|cases?|outpatients?|inpatients?|sufferers?|women|men|females|males|woman|man)"
)
ANIMALS = (
    r"(?:mice|rats?|rabbits?|dogs?|cats?|horses?|(?:mini)?pigs?|monkeys?|macaques?|animals?|sheep|goats?|hamsters?"
    r"|guinea[ -]pigs?)"
)
# Words that end the stretch between a number and the people it counts.
_NO_GAP = (
    "of|had|have|has|in|were|was|are|is|or|with|to|per|the|at|from|for|who|by|on|than|received|achieved|showed"
    "|reported|days?|weeks?|months?"
    "|years?|hours?|minutes|times?|infusions?|injections?|doses?|cells?|cent(?:er|re)s?|hospitals?|sites?"
    "|groups?|arms?|million"
    "|stud(?:y|ies)|trials?|reviews?|patients?|participants?|subjects?|deaths?|died|responded|improved|out|percent"
)
# "twelve consecutive, treatment-refractory and female patients": up to seven words between number and people.
_GAP = rf"(?:,?[ \n](?!(?:{_NO_GAP})\b)[A-Za-z][\w'/+-]*){{0,7}}?"
COUNTED = (
    rf"(?P<count>{COUNT}){_GAP},?[ \n](?P<people>{PEOPLE}|{ANIMALS})(?:[ \n]and[ \n](?:adults|adolescents|children)|\b)"
)
_COUNTED = re.compile(COUNTED, re.IGNORECASE)
_N_EQUALS = re.compile(
    rf"\b(?P<people>{PEOPLE}|{ANIMALS})(?:[ \n](?!(?:group|arm|who|and"
    rf"|in)\b)[A-Za-z][\w-]*){{0,8}}[ \n]\(\s?(?:total )?n\s?=\s?(?P<count>{DIGITS})\s?(?:\)|[;,][ \n](?!n\b))",
    re.IGNORECASE,
)
_AGREED = r"consented|agreed|accepted|gave consent|were eligible|qualified"
_BARE = re.compile(
    rf"\b(?:enrol?led|recruited|randomi[sz]ed|included)[ \n](?P<count>{COUNT})(?=[ \n]?(?:[.,;)]|$)"
    rf"|[ \n]of[ \n]whom|[ \n]of[ \n](?:the[ \n])?(?:{COUNT})[ \n])"
    rf"|(?P<count2>{COUNT})[ \n](?:(?:{_AGREED})(?:,|[ \n]and)[ \n])?(?:were|was)[ \n](?:\w+ly[ \n]|then[ \n])?"
    rf"(?:enrol?led|recruited|randomi[sz]ed)\b(?![ \n]to[ \n])"
    rf"|(?P<count3>{COUNT})[ \n](?:(?:{PEOPLE}|{ANIMALS})[ \n])?(?:who|that)[ \n](?:were|was|had[ \n]been)[ \n]"
    rf"(?:enrol?led|recruited|randomi[sz]ed)\b(?![ \n]to[ \n])"
    rf"|(?<!the other[ \n])(?P<count4>{COUNT})[ \n](?:took[ \n]part|participated|entered[ \n]the[ \n](?:study"
    rf"|trial))\b",
    re.IGNORECASE,
)
_CHOSEN = re.compile(
    r"\b(?:screened|consent(?:ed)?|agreed|eligible|excluded|declined|refused|approached|invited|assessed)\b",
    re.IGNORECASE,
)
_BARE_TREATED = re.compile(
    rf"(?P<count>{COUNT})[ \n](?:were|was)[ \n](?:\w+ly[ \n]|then[ \n])?(?:treated|dosed|infused|operated[ \n]on)\b"
    r"(?![ \n]with[ \n](?!cells|MSC))",
    re.IGNORECASE,
)
_AFTER_SCREENING = re.compile(
    rf"\b(?:screened|assessed for eligibility|evaluated for eligibility|approached"
    rf"|referred),?[ \n](?:and[ \n])?(?P<count>{COUNT})[ \n](?:patients?[ \n])?(?:met[ \n][^.;,]{{0,40}}?\band["
    rf" \n])?(?:were|was)"
    r"[ \n](?:\w+ly[ \n])?(?:treated|included|enrol?led|randomi[sz]ed|recruited|(?:randomly[ \n])?(?:allocated"
    r"|assigned))\b",
    re.IGNORECASE,
)
_OF_PLANNED = re.compile(
    rf"(?P<count>{COUNT})[ \n]of[ \n](?:the[ \n])?(?:{COUNT})[ \n](?:[\w-]{{1,30}}[ \n]){{0,3}}?{PEOPLE}[ \n](?:were"
    rf"|had[ \n]been)"
    r"[ \n](?:\w+ly[ \n])?(?:enrol?led|randomi[sz]ed|recruited|included)\b(?![ \n]in[ \n])",
    re.IGNORECASE,
)
"""Numbers whose noun stands elsewhere: "we screened 58 volunteers and enrolled 31"."""
_SAMPLE = re.compile(
    rf"\b(?:sample size (?:was|of)|study population (?:was|of|comprised|consisted of)|enrolment was"
    rf"|n\s?=)\s?(?P<count>{COUNT})",
    re.IGNORECASE,
)

_TAKEN = r"(?:enrol?l?ed|included|recruited|randomi[sz]ed|randomly)"
_TOTAL_BEFORE = re.compile(
    r"\b(?:(?:total|totall?ing|overall|altogether|consisted|comprised)(?: (?:number|cohort))?(?: of)?,?"
    r"|in (?:all|total),)[ \n]$",
    re.IGNORECASE,
)
_TOTAL_AFTER = re.compile(r",?[ \n](?:in total|in all|altogether)\b", re.IGNORECASE)
_TAKEN_BEFORE = re.compile(
    rf"\b(?:we (?:\w+ly )?|that |study |trial |which |and )?(?:(?:\w+ly )?{_TAKEN}|involv(?:ed|ing)|comprising"
    rf"|comprised|enrolling|including|recruiting|randomi[sz]ing"
    r"|consecutive(?:ly)?)(?: (?:and )?(?:treated|assigned|randomi[sz]ed|followed|in))?(?: (?:the|all|data from"
    r"|only))?[ \n]$",
    re.IGNORECASE,
)
_TREATED_BEFORE = re.compile(
    r"\b(?:we|was|were|study|trial|have|has|and)(?: (?:\w+ly|then|here|been))? (?:treated|studied|analy[sz]ed|evaluated"
    r"|assessed|transplanted|infused|injected|examined|dosed|gave|given|offered"
    r"|followed|administered|performed|report(?:ed)?|describe[d]?|conducted)\b[^.;:,]{0,60}?[ \n]$",
    re.IGNORECASE,
)
_STUDY_OF = re.compile(
    r"\b(?:study|trial|series|cohort|sample|analysis|report|experience|data|records|population|outcomes?"
    r"|efficacy|safety|results|charts|files)\b[^.;]{0,80}?(?:\b(?:of|in|on|from|with)(?: (?:all|the|our))?(?: the)?"
    r"|,)[ \n]$",
    re.IGNORECASE,
)
_DENOMINATOR_BEFORE = re.compile(
    r"(?:\b(?:of|among|from|all)(?: (?:the|these|our|all|those))?(?: (?:the|first))?|\b(?:in|for) (?:the|these|our"
    r"|all)(?: the)?|^in)[ \n]$",
    re.IGNORECASE,
)
_AFTER = r"(?:[^.;:]|\.(?=\d)){0,120}?\b"
_TAKEN_AFTER = re.compile(
    rf"{_AFTER}(?:were|was|have been|had been)(?: (?:\w+ly|then|prospectively|finally|also))? {_TAKEN}\b", re.IGNORECASE
)
_TREATED_AFTER = re.compile(
    rf"{_AFTER}(?:(?:were|was|have been|had been)(?: (?:\w+ly|then))? (?:treated|studied|given|infused|injected"
    rf"|transplanted|administered|divided|assigned"
    r"|allocated|evaluated|analy[sz]ed|assessed|followed)|received|underwent|participated|entered|took part"
    r"|answered|treated|applied|used|formed|made up|fell into|(?:were|was) (?:dosed|operated on|put|placed|grouped))\b",
    re.IGNORECASE,
)
# What shows that a number counts a part of those who took part, or none of them.
_PART_BEFORE = re.compile(
    r"(?:\b(?:each|every|per|screened|screening|excluded|excluding|lost|withdrew|withdrawn|remaining|other"
    r"|another|further|additional|first|last|group|arm|least|than"
    r"|up to|approximately \d+ of|every|next|same|cohort [A-Z\d]|only|healthy|control|controls?,?)(?: (?:of|to"
    r"|with|by|in|the|received|,))?|\d\s?[/:]|\bout of)[ \n]$",
    re.IGNORECASE,
)
_PART_AFTER = re.compile(
    r"[ \n]?\(?(?:(?:in|per|for) (?:each|every|the \w+(?:[ -]\w+){0,3} (?:group|arm)|both|either)|per |each\b"
    r"|apiece|assessed for|evaluated for|approached|considered|screened|withdrew|dropped|discontinued|declined"
    r"|did not|refused"
    r"|(?:were|was) (?:\w+ly )?(?:screened|excluded|withdrawn|lost|assessed for|approached|ineligible|eligible"
    r"|women|men|female|male|responders|positive|negative|pre-?screened)"
    r"|(?:invited|contacted|approached|assessed),|entered the (?:dose|expansion|extension|first|second|open)"
    r"|\d{1,3}(?:\.\d{1,2})?\s?%\s?\)|(?:of|and|as) (?:healthy )?controls?\b|(?:achieved|responded|had|have"
    r"|experienced|developed|died"
    r"|relapsed|showed|reported|reached|improved|maintained|remained|failed|discontinued"
    r"|presented|met|attained|completed|finished|needed|required|worsened|flared|met)\b)",
    re.IGNORECASE,
)
_CONTROL_WORDS = re.compile(
    r"\b(?:healthy|control|controls|normal|donors?|placebo|screened|eligible|planned|intended)\b", re.IGNORECASE
)
_SECOND_SHARE = re.compile(
    rf"(?:\b(?:and|whereas|while|or|versus|vs\.?),?|[,;])[ \n](?:the[ \n])?(?:(?:other"
    rf"|remaining)[ \n])?(?:{COUNT})(?:[ \n](?:[\w-]{{1,30}}[ \n]){{0,3}}?{PEOPLE})?[ \n](?:\w+[ \n])?"
    r"(?:received|to|placebo|controls?|underwent|served|assigned|in the|(?:were|was) (?:assigned|allocated"
    r"|given|treated|controls?|randomi[sz]ed))\b",
    re.IGNORECASE,
)
_GROUP_HAD = re.compile(
    r"(?<!study )(?<!patient )(?<!whole )\b(?:group|arm|cohort [A-Z\d])[ \n](?:comprised|consisted[ \n]of|included"
    r"|contained|had|of|was made up of)[ \n](?:the[ \n])?$",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    rf",[ \n](?:{COUNT})[ \n](?:of[ \n](?:them|whom)[ \n])?(?:were[ \n])?"
    r"(?:wom[ae]n|m[ae]n|females?|males?|boys?|girls?|children)\b[^,.;()]{0,40},",
    re.IGNORECASE,
)
"""What is told in passing between a number and its verb: "14 patients, nine of them women, were treated"."""
_GROUPS_COMPARED = re.compile(
    r"\b(?:groups?|arms?|versus|vs|controls?|placebo|untreated|without|vehicle|sham)\b", re.IGNORECASE
)
_ANY_SHARE = re.compile(
    rf"(?:{COUNT})(?:[ \n](?:{PEOPLE}|{ANIMALS}))?(?:[ \n]\([^)]{{0,20}}\))?[ \n](?:out[ \n])?of[ \n]"
    rf"(?:the[ \n]|these[ \n]|our[ \n]|all[ \n])?(?:{COUNT})|(?<![\d/])\d{{1,4}}\s?/\s?\d{{1,4}}(?![\d/])",
    re.IGNORECASE,
)
_PER_GROUP = re.compile(
    r"\b(?:to|in|into|per|for)[ \n](?:each|every|both)[ \n](?:[\w-]{1,30}[ \n]){0,2}?(?:group|arm|cohort|dose"
    r"|treatment)",
    re.IGNORECASE,
)
_NEXT_COUNT = re.compile(rf"[,;][ \n](?:and[ \n])?(?:{COUNT})[ \n]", re.IGNORECASE)
"""Where another number begins, and with it what is said of that one."""
_BRACKETED = re.compile(r"[ \n]?\([^()]{0,150}\)[ \n]?")
_ANALYSED = re.compile(
    rf"{_AFTER}(?:included in the (?:\w+[ -]){{0,4}}analys[ei]s|completed|evaluable|available)\b", re.IGNORECASE
)
_WOMEN_MEN = re.compile(r"(?:wom[ae]n|m[ae]n|females?|males?)$", re.IGNORECASE)
_ANIMAL = re.compile(rf"{ANIMALS}$", re.IGNORECASE)
_ONE_CASE = re.compile(
    r"\b(?:we|to|here(?:in)?|authors?)[ \n](?:\w+[ \n])?(?:report(?:s|ed)?|describes?|described|presents?"
    r"|presented)[ \n][^.;]{0,40}?\b"
    r"(?:an?|one|single|the case of an?)[ \n](?:[\w'-]+[ \n]){0,5}?(?:case|patient|woman|man|girl|boy|child"
    r"|female|male)\b"
    r"|(?<!of )(?<!aged )\b(?:an?|one)[ \n](?:\d{1,2}|[a-z]+(?:-[a-z]+)?)[ -](?:years?"
    r"|months?)[ -]old[ \n](?:[\w'-]+[ \n]){0,5}?(?:woman|man|girl|boy|child|patient|female|male|infant)\b",
    re.IGNORECASE,
)


def enrolled(passage: Passage) -> Iterator[Claim]:
    """Yield at most one claim of how many people, and one of how many animals, took part."""
    claims = [claim for sentence in passage.sentences for claim in _numbers(passage, sentence)]
    people = _largest_total(best(claim for claim in claims if claim.unit == "patients"), claims)
    people = _with_noun(people, claims)
    animals = best(claim for claim in claims if claim.unit == "animals")
    if people is None and animals is None:
        cases = [match for match in _ONE_CASE.finditer(passage.text) if passage.own(match.start())]
        if cases:
            yield Claim("n", "1", "patients", cases[0].start(), cases[0].end(), "n:one-case")
    yield from (claim for claim in (people, animals) if claim is not None)


def _with_noun(chosen: Claim | None, claims: list[Claim]) -> Claim | None:
    """Return the same number where it stands with its noun: rather "forty patients were treated" than "enrolled 40"."""
    if chosen is None or chosen.rank not in {_BARE_RANK, _SCREENED_RANK}:
        return chosen
    same = (one for one in claims if (one.value, one.unit) == (chosen.value, chosen.unit) and one.rank >= 60)
    return best(one for one in same if one.rank not in {_BARE_RANK, _SCREENED_RANK}) or chosen


_BARE_RANK, _SCREENED_RANK = 86, 84


def _largest_total(chosen: Claim | None, claims: list[Claim]) -> Claim | None:
    """Return the largest of the totals where nothing but "8 of 17" tells how many took part: others are subgroups."""
    if chosen is None or chosen.rule != "n:denominator":
        return chosen
    return max(
        (claim for claim in claims if claim.rule == chosen.rule and claim.unit == chosen.unit),
        key=lambda claim: int(claim.value),
    )


def _numbers(passage: Passage, sentence: Sentence) -> Iterator[Claim]:
    text = passage.text
    for match in _COUNTED.finditer(text, sentence.start, sentence.end):
        rule, rank = _standing(text, sentence, match)
        value = whole(match["count"])
        if rank and value and passage.own(match.start()):
            unit = "animals" if _ANIMAL.match(match["people"]) else "patients"
            if value == 1 and rank < 90:
                continue
            yield Claim("n", str(value), unit, match.start(), match.end(), rule, rank)
    for match in _BARE.finditer(text, sentence.start, sentence.end):
        value = whole(next(filter(None, match.groups())))
        if (
            value
            and value > 1
            and passage.own(match.start())
            and not _SECOND_SHARE.search(text[match.end() : match.end() + 80])
        ):
            unit = (
                "animals"
                if re.search(rf"\b{ANIMALS}\b", text[sentence.start : match.start()], re.IGNORECASE)
                else "patients"
            )
            yield Claim("n", str(value), unit, match.start(), match.end(), "n:taken", _BARE_RANK)
    if _CHOSEN.search(text, sentence.start, sentence.end):
        for match in _BARE_TREATED.finditer(text, sentence.start, sentence.end):
            value = whole(match["count"])
            if value and value > 1 and passage.own(match.start()):
                yield Claim("n", str(value), "patients", match.start(), match.end(), "n:treated", 57)
    for pattern, rank in ((_AFTER_SCREENING, _SCREENED_RANK), (_OF_PLANNED, 93)):
        for match in pattern.finditer(text, sentence.start, sentence.end):
            value = whole(match["count"])
            if value and value > 1 and passage.own(match.start()):
                yield Claim("n", str(value), "patients", match.start("count"), match.end(), "n:taken", rank)
    with_people = list(_N_EQUALS.finditer(text, sentence.start, sentence.end))
    sizes = [match["size"] or "" for match in _SIZE.finditer(text, sentence.start, sentence.end)]
    for pattern, rank in ((_N_EQUALS, 70), (_SAMPLE, 65)):
        for match in pattern.finditer(text, sentence.start, sentence.end):
            value = whole(match["count"])
            around = text[max(sentence.start, match.start() - 60) : min(match.end() + 20, sentence.end)]
            known = match.re is _SAMPLE and any(one.start() < match.end() <= one.end() for one in with_people)
            if value and not known and passage.own(match.start()) and not _in_group(sizes, value, around):
                unit = "animals" if _ANIMAL.match(match.groupdict().get("people") or "") else "patients"
                yield Claim("n", str(value), unit, match.start(), match.end(), "n:equals", rank)


_SIZE = re.compile(r"\bn\s?=\s?(?P<size>\d{1,3}(?:,\d{3}){0,2}|\d{1,6})?", re.IGNORECASE)
_GROUP_NEAR = re.compile(r"\b(?:groups?|arms?|controls?|placebo|each|per)\b", re.IGNORECASE)


def _in_group(sizes: list[str], value: int, around: str) -> bool:
    """Return whether "(n = 8)" counts one group: groups are spoken of, or other sizes stand in the sentence.

    The first of several is the whole where the others add up to it.
    """
    numbers = [int(size.replace(",", "")) for size in sizes if size]
    if len(numbers) > 2 and numbers[0] == sum(numbers[1:]) == value:
        return False
    return len(sizes) > 1 or bool(_GROUP_NEAR.search(around))


_OF_A_TOTAL = re.compile(
    rf"(?:{COUNT})(?:[ \n]\([^)]{{0,20}}\))?[ \n](?:out[ \n])?of[ \n](?:the[ \n]|these[ \n]|our[ \n]|all[ \n])?$",
    re.IGNORECASE,
)
_SCREENED_AFTER = re.compile(r"[ \n]?\(?(?:were|was) \w*(?:screened|assessed)|[ \n]screened", re.IGNORECASE)
_MORE_COUNTED = re.compile(rf"(?:\band|,)[ \n]{COUNT}", re.IGNORECASE)
_MORE_PEOPLE = re.compile(
    rf",?[ \n]and[ \n](?:{COUNT})[ \n](?:adults|children|adolescents|women|men|boys|girls)\b", re.IGNORECASE
)
_OPENING_AFTER = re.compile(r"[ \n](?:with|who|suffering|diagnosed|aged|\()", re.IGNORECASE)
_TRIALS_BEFORE = re.compile(r"\b(?:trials|studies|RCTs)\s?\($", re.IGNORECASE)


def _standing(text: str, sentence: Sentence, match: re.Match[str]) -> tuple[str, int]:
    """Return the rule and rank of a number of people by the words around it; rank 0 when it counts something else."""
    before = text[max(sentence.start, match.start() - 120) : match.start()]
    rest = text[match.end() : sentence.end]
    total = bool(_TOTAL_BEFORE.search(before))
    if _PART_BEFORE.search(before) or _GROUP_HAD.search(before) or _CONTROL_WORDS.search(match.group()):
        return "", 0
    if _OF_A_TOTAL.search(before):
        shares = len(_ANY_SHARE.findall(text, sentence.start, sentence.end))
        compared = shares > 1 and _GROUPS_COMPARED.search(text, sentence.start, sentence.end)
        return ("", 0) if compared else ("n:denominator", 40)
    if _counts_a_part(rest, match, total=total):
        return "", 0
    rest = _ASIDE.sub(" ", rest[:300])
    rest = _BRACKETED.sub(" ", rest)
    following = _NEXT_COUNT.search(rest)
    rest = rest[: following.start()] if following else rest
    opens = not before.strip() or before.rstrip().endswith(":")
    told = (
        ("n:analysed", 35, _ANALYSED.match(rest)),
        ("n:total", 95, total or _TOTAL_AFTER.match(rest)),
        ("n:taken", 92, _TAKEN_AFTER.match(rest)),
        ("n:taken", 90, _TAKEN_BEFORE.search(before)),
        ("n:title", 80, sentence.section == "title"),
        ("n:study-of", 75, _STUDY_OF.search(before) or _TRIALS_BEFORE.search(before)),
        ("n:treated", 60, _TREATED_AFTER.match(rest) or _TREATED_BEFORE.search(before)),
        ("n:opening", 50, opens and _OPENING_AFTER.match(rest)),
        ("n:denominator", 40, _DENOMINATOR_BEFORE.search(before)),
    )
    return next(((rule, rank) for rule, rank, holds in told if holds), ("", 0))


def _counts_a_part(rest: str, match: re.Match[str], *, total: bool) -> bool:
    """Return whether the words after a number of people say that they are one group, or that something befell them."""
    if _PART_AFTER.match(rest) and not (total and not _SCREENED_AFTER.match(rest)):
        return True
    bracket = match.string.rfind("(", max(0, match.start() - 60), match.start())
    if _WOMEN_MEN.search(match["people"]) and bracket >= 0 and ")" not in match.string[bracket : match.start()]:
        return True
    share = _SECOND_SHARE.search(rest[:160])
    if share and not re.search(COUNT, rest[: share.start()], re.IGNORECASE):
        return True
    if _MORE_PEOPLE.match(rest) or (_WOMEN_MEN.search(match["people"]) and _MORE_COUNTED.search(rest[:30])):
        return True
    return bool(_PER_GROUP.search(rest[:90]))


# --- groups ---------------------------------------------------------------------------------------------------------

_GROUP_WORDS = r"(?:groups|arms|cohorts|regimens)"
_GROUPS = re.compile(
    rf"\b(?P<the>the[ \n]|these[ \n]|all[ \n]|both[ \n])?(?P<count>{COUNT})[ \n](?P<kind>(?:(?!of\b|age\b"
    rf"|blood\b)[A-Za-z][\w/-]*,?[ \n]){{0,4}}?){_GROUP_WORDS}\b",
    re.IGNORECASE,
)
_SIZED = re.compile(rf"[ \n](?:\(n|of[ \n](?:{COUNT})\b)", re.IGNORECASE)
_PARALLEL = re.compile(r"\b(?:parallel|equal|matched|treatment|experimental|study)\b", re.IGNORECASE)
_TREATED_KIND = re.compile(
    r"\b(?:active|treatment|treated|dose|dosage|cell|MSCs?|experimental|intervention|verum)\b", re.IGNORECASE
)
_CONTROL_GROUP = re.compile(
    r"\b(?:control|placebo|vehicle|sham|saline|untreated|comparator|standard[ -]care)[ \n](?:group|arm)\b",
    re.IGNORECASE,
)
_N_ARM = re.compile(
    r"\b(?P<count>two|three|four|five|six|[2-6])[- ](?:arm(?:ed)?|group|way[ \n](?:comparison|trial|design))\b",
    re.IGNORECASE,
)
_RATIO = re.compile(r"(?<![\d:.])\d{1,2}(?:\s?:\s?\d{1,2}){1,4}(?![\d:]|\.\d)")
_SPLIT = re.compile(
    r"\brandomi[sz]ed|\brandomi[sz]ation|\brandomly|\ballocat|\bassigned|\bdivided|\bsplit|\bstratified into"
    r"|\bconsist(?:ed|ing) of|\bcompris|\bthere were"
    r"|\bcategori[sz]ed|\bgrouped",
    re.IGNORECASE,
)
_GROUP_N = re.compile(
    rf"\b(?:group|arm|cohort|controls?|placebo|cells?|MSCs?|vehicle|saline|treatment|therapy|care|dose|sham"
    rf"|infusions?)\b[^.;()]{{0,40}}\(\s?n\s?=\s?{DIGITS}[^)]{{0,40}}\)",
    re.IGNORECASE,
)
_TO_LIST = re.compile(
    r"\b(?:randomi[sz]ed|randomly assigned|randomly allocated|randomly divided|assigned"
    r"|allocated)\b[^.;]{0,60}?\b(?:to|into)\b[ \n](?P<list>[^.;]{3,220})",
    re.IGNORECASE,
)
_HAS_CHOICE = re.compile(r"[ \n](?:or|versus|vs\.?)[ \n]", re.IGNORECASE)
_SHARES = re.compile(
    rf"\b(?:{COUNT})[^.;]{{0,60}}?\b(?:to|received)[ \n][^.;]{{2,60}}?\band[ \n](?:the[ \n](?:other"
    rf"|remaining)[ \n])?(?:{COUNT})[ \n](?:\w+[ \n]){{0,3}}?(?:to|received|in)\b",
    re.IGNORECASE,
)
_SHARES_TOLD = re.compile(
    rf"\b(?:{COUNT})[ \n](?:{PEOPLE}[ \n])?received[ \n][^.;,]{{2,60}}?[ \n]?,?[ \n]?(?:and|while|whereas)"
    rf"[ \n](?:the[ \n](?:other"
    rf"|remaining)[ \n])?(?:{COUNT})[ \n](?:{PEOPLE}[ \n])?received\b"
    rf"|\((?:n[ \n]?=[ \n]?)?(?:{COUNT})[ \n](?:to|on|in)[ \n][^.;,()]{{2,40}}?(?:,[ \n](?:and[ \n])?|[ \n]and[ \n])"
    rf"(?:{COUNT})[ \n](?:to|on|in)[ \n][^.;,()\d]{{2,40}}\)",
    re.IGNORECASE,
)
_IN_GROUP_AND = re.compile(
    rf"\b(?:{COUNT})[ \n](?:{PEOPLE}[ \n])?in[ \n]the[ \n](?:[\w/-]{{1,24}}[ \n]){{1,4}}?(?:group|arm)(?:[ \n]?,)?[ \n]"
    rf"(?:and|versus|vs\.?)[ \n](?:{COUNT})[ \n](?:{PEOPLE}[ \n])?in[ \n]the[ \n](?:[\w/-]{{1,24}}"
    rf"[ \n]){{1,4}}?(?:group|arm)\b",
    re.IGNORECASE,
)
_COMPARED = re.compile(
    rf"\bcompared[ \n](?:the[ \n])?(?:outcomes?[ \n]of[ \n])?(?:{COUNT})[ \n](?:[\w-]{{1,30}}[ \n]){{0,3}}?{PEOPLE}\b"
    rf"[^.;]{{0,120}}?\b(?:with|to|and)[ \n](?:{COUNT})\b",
    re.IGNORECASE,
)
_OR_CONTROL = re.compile(
    r"\b(?:received?|receiving|given|got|had)[ \n][^.;,()]{2,60}?[ \n]or[ \n](?:an?[ \n])?(?:identical[ \n]|matching"
    r"[ \n])?"
    r"(?:placebo|saline|sham|vehicle|standard[ \n]care|no[ \n]treatment|conventional)\b",
    re.IGNORECASE,
)
_LETTERED = re.compile(r"\b(?:[Gg]roups?|[Aa]rms?|[Cc]ohorts?)[ \n](?P<name>[A-F]|[1-6]|I{1,3}|IV|V)\b(?!\.\d)")
_WORDS = r"[A-Za-z\d][\w/+-]{0,24}(?:[ \n][A-Za-z\d][\w/+-]{0,24}){0,3}"
_LISTED = re.compile(
    rf"(?<![\w/+-])(?P<list>{_WORDS}(?:,[ \n]{_WORDS}){{0,8}},?[ \n]and[ \n]{_WORDS}[ \n](?:groups|arms)\b)",
    re.IGNORECASE,
)
_ITEM_GROUPS = re.compile(
    rf"^(?:(?:an?|the|one|each|into|to)[ \n])*(?:(?P<count>{COUNT})[ \n])?(?:[\w/+-]{{1,24}}"
    rf"[ \n]){{0,6}}?(?P<word>groups?|arms?)\b",
    re.IGNORECASE,
)
_INTO = re.compile(
    r"\b(?:divided|split|allocated|assigned|randomi[sz]ed|distributed|grouped|separated|formed|there[ \n]were"
    r"|consisted[ \n]of|comprised|included)\b[^.;:]{0,40}?(?:\binto[ \n]|\bto[ \n]|:[ \n]|[ \n](?=an?[ \n]|the[ \n]))"
    r"(?P<list>[^.;]{5,260})",
    re.IGNORECASE,
)
_NAMED_GROUP = re.compile(
    r"\b(?:the|in|each)[ \n](?P<name>(?:(?!the\b|each\b|both\b|other\b|same\b|whole\b|either\b|one\b|two\b|three\b"
    r"|first\b|second\b|study\b|patient\b|age\b|this\b|that\b|and\b|or\b|of\b)[\w/+-]{1,24}[ \n]){1,3}?)(?:group"
    r"|arm)\b",
    re.IGNORECASE,
)
_CONTROL_NAME = re.compile(r"\b(?:control|placebo|vehicle|sham|saline|standard|conventional|drug|model)", re.IGNORECASE)
_MOST_GROUPS = 12


def arms(passage: Passage) -> Iterator[Claim]:
    """Yield at most one claim of the number of groups."""
    chosen = best(
        claim for sentence in passage.sentences for claim in _arms(passage, sentence) if passage.own(claim.start)
    )
    if chosen is not None:
        yield chosen


def _arms(passage: Passage, sentence: Sentence) -> Iterator[Claim]:
    text = passage.text
    splits = bool(_SPLIT.search(text, sentence.start, sentence.end))
    for match in _GROUPS.finditer(text, sentence.start, sentence.end):
        count = whole(match["count"])
        sized = _SIZED.match(text, match.end())
        parallel = _PARALLEL.search(match["kind"])
        if count and 1 < count <= _MOST_GROUPS and (splits or match["the"] or sized or parallel):
            control = _TREATED_KIND.search(match["kind"]) and _CONTROL_GROUP.search(text, sentence.start, sentence.end)
            told = splits or sized
            yield Claim(
                "arms",
                str(count + bool(control)),
                "",
                match.start("count"),
                match.end(),
                "arms:stated",
                90 if told else 65 if parallel else 60,
            )
    yield from _listed_groups(text, sentence)
    yield from _named_groups(text, sentence)
    for match in _SHARES_TOLD.finditer(text, sentence.start, sentence.end):
        yield Claim("arms", "2", "", match.start(), match.end(), "arms:choice", 46)
    for match in _COMPARED.finditer(text, sentence.start, sentence.end):
        yield Claim("arms", "2", "", match.start(), match.end(), "arms:choice", 48)
    for match in _OR_CONTROL.finditer(text, sentence.start, sentence.end):
        yield Claim("arms", "2", "", match.start(), match.end(), "arms:choice", 49)
    for match in _N_ARM.finditer(text, sentence.start, sentence.end):
        yield Claim("arms", str(whole(match["count"])), "", match.start(), match.end(), "arms:n-arm", 95)
    groups = list(_GROUP_N.finditer(text, sentence.start, sentence.end))
    if len(groups) > 1:
        yield Claim("arms", str(len(groups)), "", groups[0].start(), groups[-1].end(), "arms:list", 80)
    if not splits:
        return
    for match in _RATIO.finditer(text, sentence.start, sentence.end):
        yield Claim("arms", str(match.group().count(":") + 1), "", match.start(), match.end(), "arms:ratio", 85)
    for match in _TO_LIST.finditer(text, sentence.start, sentence.end):
        count = _choices(match["list"])
        if count:
            yield Claim("arms", str(count), "", match.start(), match.end(), "arms:choice", 50)
    for match in _SHARES.finditer(text, sentence.start, sentence.end):
        yield Claim("arms", "2", "", match.start(), match.end(), "arms:choice", 45)


def _listed_groups(text: str, sentence: Sentence) -> Iterator[Claim]:
    """Yield groups that a list names: "a normal group, a model group and two dose groups", "cell and drug groups"."""
    for match in _INTO.finditer(text, sentence.start, sentence.end):
        items = [item for item in re.split(r",[ \n](?:and[ \n])?|[ \n]and[ \n]", match["list"]) if item.strip()]
        sizes = [_ITEM_GROUPS.match(item) for item in items[: _MOST_GROUPS + 1]]
        named = [size for size in sizes if size]
        if len(named) > 1 and len(named) == len(sizes):
            count = sum(whole(size["count"]) or 1 if size["count"] else 1 for size in named)
            if count <= _MOST_GROUPS:
                yield Claim("arms", str(count), "", match.start(), match.end(), "arms:list", 93)
    for match in _LISTED.finditer(text, sentence.start, sentence.end):
        items = [item for item in re.split(r",[ \n](?:and[ \n])?|[ \n]and[ \n]", match["list"]) if item.strip()]
        counted = any(re.match(rf"(?:the[ \n])?(?:{COUNT})\b", item, re.IGNORECASE) for item in items[len(items) > 2 :])
        told = len(items) > 2 or any(_CONTROL_NAME.search(item) for item in items)
        if told and not counted and 1 < len(items) <= _MOST_GROUPS:
            rank = 85 if len(items) > 2 else 35
            yield Claim("arms", str(len(items)), "", match.start(), match.end(), "arms:named", rank)


def _named_groups(text: str, sentence: Sentence) -> Iterator[Claim]:
    """Yield groups that a sentence names one by one: "the cell group ... the control group", "group A ... group B"."""
    lettered = list(_LETTERED.finditer(text, sentence.start, sentence.end))
    letters = {match["name"] for match in lettered}
    if len(letters) > 1:
        yield Claim("arms", str(len(letters)), "", lettered[0].start(), lettered[-1].end(), "arms:named", 55)
    for match in _IN_GROUP_AND.finditer(text, sentence.start, sentence.end):
        yield Claim("arms", "2", "", match.start(), match.end(), "arms:named", 47)
    named = list(_NAMED_GROUP.finditer(text, sentence.start, sentence.end))
    names = {" ".join(match["name"].lower().split()) for match in named}
    controls = [name for name in names if _CONTROL_NAME.search(name)]
    if 1 < len(names) <= 6 and len(controls) == 1 and _SPLIT.search(text, sentence.start, sentence.end):
        yield Claim("arms", str(len(names)), "", named[0].start(), named[-1].end(), "arms:named", 30 + len(names))


def _choices(listed: str) -> int:
    """Return how many things "A or B" or "A, B, or C" names; 0 when the words do not tell."""
    found = _HAS_CHOICE.search(listed)
    if not found:
        return 0
    before = listed[: found.start()]
    parts = [part for part in re.split(r",[ \n]?", before) if part.strip()]
    if len(parts) == 1:
        return 2
    short = all(len(part.split()) <= 6 for part in parts)
    if short and before.rstrip().endswith(","):
        return len(parts) + 1
    bare = all(len(part.split()) <= 4 and not _NOT_A_GROUP.search(part) for part in parts)
    return len(parts) + 1 if bare else 0


_NOT_A_GROUP = re.compile(
    r"\d|\b(?:given|for|at|on|once|twice|daily|weekly|every|followed|by|days?|weeks?)\b", re.IGNORECASE
)


# --- follow-up ------------------------------------------------------------------------------------------------------

_UNIT = r"(?P<unit>days?|weeks?|wks?|months?|mos?|years?|yrs?)"
_AMOUNT = rf"(?P<amount>{DECIMAL}|{COUNT})"
_RANGE_END = rf"(?:\s?(?:-|to|~)\s?(?P<upper>{DECIMAL}))?"
_SPREAD = (
    r"(?:\s?(?:\+/-|±)\s?\d{1,4}(?:\.\d{1,2})?|\s?\(\s?(?:(?:IQR|range|SD"
    r"|interquartile range)[,:]?\s?)?\d{1,4}(?:\.\d{1,2})?(?:\s?(?:-|to|,)\s?\d{1,4}(?:\.\d{1,2})?)?\s?\))?"
)
_DURATION = rf"{_AMOUNT}{_RANGE_END}{_SPREAD}[\s-]?{_UNIT}\b"
_FOLLOW = r"(?:follow(?:ed)?[- ]?up|observation(?:al)? period)"
_FOLLOW_UPS: tuple[tuple[str, int, re.Pattern[str]], ...] = (
    (
        "followup:length",
        90,
        re.compile(
            rf"\b{_FOLLOW}(?: period| time| duration| interval| was| of| lasted| ranged| for| up to| to| at"
            rf"| with| a| the| from| over| extended| were| patients| all| survivors| among"
            rf"| at least| about| approximately| longer than| median| mean| average| maximum| minimum| total| and|,"
            rf"|:| ??\((?:mean|median|range)?"
            rf"| is){{0,7}}[\s(=]{{0,2}}{_DURATION}",
            re.IGNORECASE,
        ),
    ),
    (
        "followup:followed",
        90,
        re.compile(
            rf"\b(?:followed|monitored|observed|tracked)(?: ?-?up)?(?: (?:prospectively|regularly|clinically"
            rf"|closely|every \w+ \w+))?(?: (?:for|over|during|until|to|through|up to))?"
            rf"(?: (?:a|an|the|at least|up to|about|approximately|total of|median of|mean of|average of"
            rf"|period of|minimum of|maximum of|further|additional|another|until|median|mean|additional|week"
            rf"|month|year)){{0,5}}[ \n]{_DURATION}",
            re.IGNORECASE,
        ),
    ),
    (
        "followup:followed",
        85,
        re.compile(
            r"\b(?:followed|monitored|observed|follow[- ]?up)(?:[- ]up)?[ \n](?:[\w-]{1,30}[ \n]){0,4}?(?:until|to"
            r"|through|up[ \n]to)[ \n](?:the[ \n]end[ \n]of[ \n])?(?P<unit>day|week|month|year)[ \n]"
            r"(?P<amount>\d{1,3})(?P<upper>(?!))?(?!\d|\.\d)",
            re.IGNORECASE,
        ),
    ),
    (
        "followup:followed",
        84,
        re.compile(
            r"\bfollow[- ]?up\b(?:(?!visit|assess)[^.;\d]){0,50}?\b(?:until|to|through|at|till)[ \n](?:(?!visit)"
            r"[^.;\d]){0,25}?"
            r"\b(?P<unit>day|week|month|year)[ \n](?P<amount>\d{1,3})(?P<upper>(?!))?(?!\d|\.\d)",
            re.IGNORECASE,
        ),
    ),
    (
        "followup:length",
        84,
        re.compile(
            rf"\b(?:{_FOLLOW}|followed|observed)[ \n][^.;,\d]{{0,30}}?\bbetween[ \n](?P<amount>{DECIMAL})[ \n]and[ \n]"
            rf"(?P<upper>{DECIMAL})[ \n]{_UNIT}\b",
            re.IGNORECASE,
        ),
    ),
    (
        "followup:followed",
        83,
        re.compile(
            rf"\b(?:over|during)[ \n](?:a|the)[ \n](?:mean|median|average)(?:[ \n](?:period|time|follow-?up))?[ \n]of"
            rf"[ \n]{_DURATION}",
            re.IGNORECASE,
        ),
    ),
    (
        "followup:followed",
        82,
        re.compile(
            r"\b(?:followed|monitored|observed|follow[- ]?up)(?:[ -]up)?(?:[ \n](?:was|lasted|of|for|over|at[ \n]least"
            r"|prospectively|regularly)){1,3}[ \n](?P<amount>an?|half[ \n]an?)[ \n](?:full[ \n]|whole[ \n]|further"
            r"[ \n])?"
            r"(?P<unit>month|year)\b(?P<upper>(?!))?(?![ \n]and[ \n]a[ \n]half)",
            re.IGNORECASE,
        ),
    ),
    (
        "followup:adjective",
        80,
        re.compile(
            rf"{_DURATION}'?[ \n](?:(?:of|post-?\w*|long-term|clinical|median"
            rf"|mean)[ \n]){{0,2}}(?:{_FOLLOW}|observation)\b(?P<visit>[ \n](?:visit|assessment|examination"
            rf"|time ?point))?",
            re.IGNORECASE,
        ),
    ),
)
_MIDDLE = re.compile(
    rf"[ \n]?[(,][ \n]?(?:with[ \n])?(?:an?[ \n])?(?:median|mean|average)(?:[ \n]of|,|:|[ \n]=)?"
    rf"[ \n]?(?P<amount>{DECIMAL})",
    re.IGNORECASE,
)
"""The middle that follows a range: "6 to 30 months (median 14)"."""
_LENGTH = {"d": 1 / 30.44, "w": 1 / 4.345, "m": 1.0, "y": 12.0}
"""Months in a day, a week, a month and a year."""


def follow_up(passage: Passage) -> Iterator[Claim]:
    """Yield a claim for each length of follow-up that the text states."""
    for sentence in passage.sentences:
        taken: list[tuple[int, int]] = []
        for rule, rank, pattern in _FOLLOW_UPS:
            for match in pattern.finditer(passage.text, sentence.start, sentence.end):
                start, end = (
                    min(match.start("amount"), match.start("unit")),
                    max(match.end("amount"), match.end("unit")),
                )
                if not passage.own(start) or any(a < end and start < b for a, b in taken):
                    continue
                middle = _MIDDLE.match(passage.text, match.end(), sentence.end) if match["upper"] else None
                upper = None if middle else match["upper"]
                value = months(middle["amount"] if middle else match["amount"], match["unit"], upper=upper)
                if value:
                    taken.append((start, end))
                    yield Claim("followup_months", value, "months", match.start(), match.end(), rule, rank)


def months(amount: str, unit: str, *, upper: str | None = None) -> str:
    """Return a length of time in months with up to two decimals; a range as ``6-12``; empty when it is no number."""
    factor = _LENGTH[unit[0].lower()]
    ends = []
    for written in (amount, upper):
        if written:
            number = _number(written)
            if number is None:
                return ""
            ends.append(plain(number * factor))
    return "-".join(ends)


def _number(written: str) -> float | None:
    if written.lower() in {"a", "an"}:
        return 1.0
    if written.lower().startswith("half"):
        return 0.5
    count = whole(written)
    if count is not None:
        return float(count)
    try:
        return float(written)
    except ValueError:
        return None
