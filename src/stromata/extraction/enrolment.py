"""How many took part, in how many groups, and for how long they were followed: English text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stromata.extraction.claims import Claim, best
from stromata.extraction.numerals import COUNT, DECIMAL, DIGITS, plain, whole
from stromata.extraction.passages import Passage, Sentence

PEOPLE = (
    r"(?:patients?|participants?|subjects?|individuals?|adults?|children|volunteers?|people|persons?|adolescents?|infants?"
    r"|recipients?|cases?|outpatients?|inpatients?|sufferers?|women|men|females|males|woman|man)"
)
ANIMALS = r"(?:mice|rats?|rabbits?|dogs?|cats?|horses?|(?:mini)?pigs?|monkeys?|macaques?|animals?|sheep|goats?|hamsters?|guinea[ -]pigs?)"
# Words that end the stretch between a number and the people it counts.
_NO_GAP = (
    "of|had|have|has|in|were|was|are|is|or|with|to|per|the|at|from|for|who|by|on|than|received|achieved|showed|reported|days?|weeks?|months?"
    "|years?|hours?|minutes|times?|infusions?|injections?|doses?|cells?|cent(?:er|re)s?|hospitals?|sites?|groups?|arms?|million"
    "|stud(?:y|ies)|trials?|reviews?|patients?|participants?|subjects?|deaths?|died|responded|improved|out|percent"
)
# "twelve consecutive, treatment-refractory and female patients": up to seven words between number and people.
_GAP = rf"(?:,?[ \n](?!(?:{_NO_GAP})\b)[A-Za-z][\w'/+-]*){{0,7}}?"
COUNTED = (
    rf"(?P<count>{COUNT}){_GAP},?[ \n](?P<people>{PEOPLE}|{ANIMALS})(?:[ \n]and[ \n](?:adults|adolescents|children)|\b)"
)
_COUNTED = re.compile(COUNTED, re.IGNORECASE)
_N_EQUALS = re.compile(
    rf"\b(?P<people>{PEOPLE}|{ANIMALS})(?:[ \n](?!(?:group|arm|who|and|in)\b)[A-Za-z][\w-]*){{0,8}}[ \n]\(\s?(?:total )?n\s?=\s?(?P<count>{DIGITS})\s?\)",
    re.IGNORECASE,
)
_BARE = re.compile(
    rf"\b(?:enrol?led|recruited|randomi[sz]ed|included)[ \n](?P<count>{COUNT})(?=[ \n]?(?:[.,;)]|$)|[ \n]of[ \n]whom|[ \n]of[ \n](?:the[ \n])?(?:{COUNT})[ \n])"
    rf"|(?P<count2>{COUNT})[ \n](?:were|was)[ \n](?:\w+ly[ \n]|then[ \n])?(?:enrol?led|recruited|randomi[sz]ed)\b(?![ \n]to[ \n])",
    re.IGNORECASE,
)
_AFTER_SCREENING = re.compile(
    rf"\b(?:screened|assessed for eligibility|evaluated for eligibility|approached|referred),?[ \n](?:and[ \n])?(?P<count>{COUNT})[ \n](?:patients?[ \n])?(?:met[ \n][^.;,]{{0,40}}?\band[ \n])?(?:were|was)"
    r"[ \n](?:\w+ly[ \n])?(?:treated|included|enrol?led|randomi[sz]ed|recruited)\b",
    re.IGNORECASE,
)
"""Numbers whose noun stands elsewhere: "we screened 58 volunteers and enrolled 31"."""
_SAMPLE = re.compile(
    rf"\b(?:sample size (?:was|of)|study population (?:was|of|comprised|consisted of)|enrolment was|n\s?=)\s?(?P<count>{COUNT})",
    re.IGNORECASE,
)

_TAKEN = r"(?:enrol?l?ed|included|recruited|randomi[sz]ed|randomly)"
_TOTAL_BEFORE = re.compile(
    r"\b(?:(?:total|totall?ing|overall|altogether|consisted|comprised)(?: (?:number|cohort))?(?: of)?,?|in (?:all|total),)[ \n]$", re.IGNORECASE
)
_TOTAL_AFTER = re.compile(r",?[ \n](?:in total|in all|altogether)\b", re.IGNORECASE)
_TAKEN_BEFORE = re.compile(
    rf"\b(?:we (?:\w+ly )?|that |study |trial |which |and )?(?:(?:\w+ly )?{_TAKEN}|involv(?:ed|ing)|comprising|comprised|enrolling|including|recruiting|randomi[sz]ing"
    r"|consecutive(?:ly)?)(?: (?:and )?(?:treated|assigned|randomi[sz]ed|followed|in))?(?: (?:the|all|data from|only))?[ \n]$",
    re.IGNORECASE,
)
_TREATED_BEFORE = re.compile(
    r"\b(?:we|was|were|study|trial|have|and)(?: (?:\w+ly|then|here))? (?:treated|studied|analy[sz]ed|evaluated|assessed|transplanted|infused|injected|examined"
    r"|followed|administered|performed|report(?:ed)?|describe[d]?|conducted)\b[^.;:,]{0,60}?[ \n]$",
    re.IGNORECASE,
)
_STUDY_OF = re.compile(
    r"\b(?:study|trial|series|cohort|sample|analysis|report|experience|data|records|population|outcomes?|efficacy|safety|results)\b[^.;]{0,80}?\b(?:of|in|on|from|with)[ \n]$",
    re.IGNORECASE,
)
_DENOMINATOR_BEFORE = re.compile(
    r"\b(?:of|among|in|all|for)(?: (?:the|these|our|all|those))?(?: (?:the|first))?[ \n]$", re.IGNORECASE
)
_AFTER = r"(?:[^.;:]|\.(?=\d)){0,120}?\b"
_TAKEN_AFTER = re.compile(
    rf"{_AFTER}(?:were|was|have been|had been)(?: (?:\w+ly|then|prospectively|finally|also))? {_TAKEN}\b", re.IGNORECASE
)
_TREATED_AFTER = re.compile(
    rf"{_AFTER}(?:(?:were|was|have been|had been)(?: (?:\w+ly|then))? (?:treated|studied|given|infused|injected|transplanted|administered|divided|assigned"
    r"|allocated|evaluated|analy[sz]ed|assessed|followed)|received|underwent|participated|entered|took part|answered|treated|applied|used)\b",
    re.IGNORECASE,
)
# What shows that a number counts a part of those who took part, or none of them.
_PART_BEFORE = re.compile(
    r"(?:\b(?:each|every|per|screened|screening|excluded|excluding|lost|withdrew|withdrawn|remaining|other|another|further|additional|first|last|group|arm|least|than"
    r"|up to|approximately \d+ of|every|next|same|cohort [A-Z\d]|only|healthy|control|controls?,?)(?: (?:of|to|with|by|in|the|received|,))?|\d\s?[/:]|\bout of)[ \n]$",
    re.IGNORECASE,
)
_PART_AFTER = re.compile(
    r"[ \n]?\(?(?:(?:in|per|for) (?:each|every|the \w+(?:[ -]\w+){0,3} (?:group|arm)|both|either)|per |each\b|apiece|assessed for|evaluated for|approached|considered|screened|withdrew|dropped|discontinued|declined|did not|refused"
    r"|(?:were|was) (?:\w+ly )?(?:screened|excluded|withdrawn|lost|assessed for|approached|ineligible|eligible|women|men|female|male|responders|positive|negative|pre-?screened)"
    r"|(?:of|and|as) (?:healthy )?controls?\b|(?:achieved|responded|had|have|experienced|developed|died|relapsed|showed|reported|reached|improved|maintained|remained|failed|discontinued"
    r"|presented|met|attained|completed|needed|required|worsened|flared|met)\b)",
    re.IGNORECASE,
)
_CONTROL_WORDS = re.compile(r"\b(?:healthy|control|controls|normal|donors?|placebo|screened|eligible|planned|intended)\b", re.IGNORECASE)
_SECOND_SHARE = re.compile(
    rf"\b(?:and|whereas|while|or|versus|vs\.?),?[ \n](?:the[ \n])?(?:(?:other|remaining)[ \n])?(?:{COUNT})(?:[ \n](?:[\w-]+[ \n]){{0,3}}?{PEOPLE})?[ \n](?:\w+[ \n])?"
    r"(?:received|to|placebo|controls?|underwent|served|assigned|in the|(?:were|was) (?:assigned|allocated|given|treated|controls?|randomi[sz]ed))\b",
    re.IGNORECASE,
)
_PER_GROUP = re.compile(r"\b(?:to|in|into|per|for)[ \n](?:each|every|both)[ \n](?:[\w-]+[ \n]){0,2}?(?:group|arm|cohort|dose|treatment)", re.IGNORECASE)
_NEXT_COUNT = re.compile(rf"[,;][ \n](?:and[ \n])?(?:{COUNT})[ \n]", re.IGNORECASE)
"""Where another number begins, and with it what is said of that one."""
_BRACKETED = re.compile(r"[ \n]?\([^()]{0,150}\)[ \n]?")
_ANALYSED = re.compile(
    rf"{_AFTER}(?:included in the (?:\w+[ -]){{0,4}}analys[ei]s|completed|evaluable|available)\b", re.IGNORECASE
)
_WOMEN_MEN = re.compile(r"(?:wom[ae]n|m[ae]n|females?|males?)$", re.IGNORECASE)
_ANIMAL = re.compile(rf"{ANIMALS}$", re.IGNORECASE)
_ONE_CASE = re.compile(
    r"\b(?:we|to|here(?:in)?|authors?)[ \n](?:\w+[ \n])?(?:report(?:s|ed)?|describes?|described|presents?|presented)[ \n][^.;]{0,40}?\b"
    r"(?:an?|one|single|the case of an?)[ \n](?:[\w'-]+[ \n]){0,5}?(?:case|patient|woman|man|girl|boy|child|female|male)\b"
    r"|(?<!of )(?<!aged )\b(?:an?|one)[ \n](?:\d{1,2}|[a-z]+(?:-[a-z]+)?)[ -](?:years?|months?)[ -]old[ \n](?:[\w'-]+[ \n]){0,5}?(?:woman|man|girl|boy|child|patient|female|male|infant)\b",
    re.IGNORECASE,
)


def enrolled(passage: Passage) -> Iterator[Claim]:
    """Yield at most one claim of how many people, and one of how many animals, took part."""
    claims = [claim for sentence in passage.sentences for claim in _numbers(passage, sentence)]
    people = _largest_total(best(claim for claim in claims if claim.unit == "patients"), claims)
    animals = best(claim for claim in claims if claim.unit == "animals")
    if people is None and animals is None:
        cases = [match for match in _ONE_CASE.finditer(passage.text) if passage.own(match.start())]
        if cases:
            yield Claim("n", "1", "patients", cases[0].start(), cases[0].end(), "n:one-case")
    yield from (claim for claim in (people, animals) if claim is not None)


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
        value = whole(match["count"] or match["count2"])
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
            yield Claim("n", str(value), unit, match.start(), match.end(), "n:taken", 86)
    for match in _AFTER_SCREENING.finditer(text, sentence.start, sentence.end):
        value = whole(match["count"])
        if value and value > 1 and passage.own(match.start()):
            yield Claim("n", str(value), "patients", match.start("count"), match.end(), "n:taken", 84)
    for pattern, rank in ((_N_EQUALS, 70), (_SAMPLE, 65)):
        for match in pattern.finditer(text, sentence.start, sentence.end):
            value = whole(match["count"])
            around = text[max(sentence.start, match.start() - 60) : match.start()]
            if value and passage.own(match.start()) and not _in_group(text, sentence, match, around):
                unit = "animals" if _ANIMAL.match(match.groupdict().get("people") or "") else "patients"
                yield Claim("n", str(value), unit, match.start(), match.end(), "n:equals", rank)


def _in_group(text: str, sentence: Sentence, match: re.Match[str], before: str) -> bool:
    """Return whether "(n = 8)" counts one group: groups are spoken of, or another such number follows."""
    sizes = [int(size.replace(",", "")) for size in re.findall(r"\bn\s?=\s?([\d,]{1,7})", text[sentence.start : sentence.end], re.IGNORECASE) if size.strip(",")]
    if len(sizes) > 2 and sizes[0] == sum(sizes[1:]) == whole(match["count"]):
        return False
    others = len(re.findall(r"\bn\s?=", text[sentence.start : sentence.end], re.IGNORECASE))
    return others > 1 or bool(
        re.search(r"\b(?:groups?|arms?|controls?|placebo|each|per)\b", before + match.group(), re.IGNORECASE)
    )


def _standing(text: str, sentence: Sentence, match: re.Match[str]) -> tuple[str, int]:
    """Return the rule and rank of a number of people by the words around it; rank 0 when it counts something else."""
    before = text[max(sentence.start, match.start() - 120) : match.start()]
    rest = text[match.end() : sentence.end]
    inside = match.group()
    if _PART_BEFORE.search(before) or _CONTROL_WORDS.search(inside):
        return "", 0
    total = bool(_TOTAL_BEFORE.search(before))
    if re.search(
        rf"(?:{COUNT})(?:[ \n]\([^)]{{0,20}}\))?[ \n](?:out[ \n])?of[ \n](?:the[ \n]|these[ \n]|our[ \n]|all[ \n])?$",
        before,
        re.IGNORECASE,
    ):
        return "n:denominator", 40
    if _PART_AFTER.match(rest) and not (
        total and not re.match(r"[ \n]?\(?(?:were|was) \w*(?:screened|assessed)|[ \n]screened", rest)
    ):
        return "", 0
    share = _SECOND_SHARE.search(rest[:160])
    if share and not re.search(COUNT, rest[: share.start()], re.IGNORECASE):
        return "", 0
    if _WOMEN_MEN.search(match["people"]) and re.search(rf"\b(?:and|,)[ \n]{COUNT}", rest[:30], re.IGNORECASE):
        return "", 0
    if _PER_GROUP.search(rest[:90]):
        return "", 0
    next_count = _NEXT_COUNT.search(rest)
    rest = _BRACKETED.sub(" ", rest[: next_count.start()] if next_count else rest)
    total = total or bool(_TOTAL_AFTER.match(rest))
    if _ANALYSED.match(rest):
        return "n:analysed", 35
    if total:
        return "n:total", 95
    if _TAKEN_AFTER.match(rest):
        return "n:taken", 92
    if _TAKEN_BEFORE.search(before):
        return "n:taken", 90
    if sentence.section == "title":
        return "n:title", 80
    if _STUDY_OF.search(before):
        return "n:study-of", 75
    if _TREATED_AFTER.match(rest) or _TREATED_BEFORE.search(before):
        return "n:treated", 60
    if before.endswith("(") and re.search(r"\b(?:trials|studies|RCTs)\s?\($", before):
        return "n:study-of", 75
    if not text[sentence.start : match.start()].partition(":")[2].strip() and re.match(
        r"[ \n](?:with|who|suffering|diagnosed|aged|\()", rest
    ):
        return "n:opening", 50
    if _DENOMINATOR_BEFORE.search(before):
        return "n:denominator", 40
    return "", 0


# --- groups ---------------------------------------------------------------------------------------------------------

_GROUP_WORDS = r"(?:groups|arms|cohorts|regimens)"
_GROUPS = re.compile(
    rf"\b(?P<the>the[ \n]|these[ \n]|all[ \n]|both[ \n])?(?P<count>{COUNT})[ \n](?:(?!of\b|age\b|blood\b)[A-Za-z][\w/-]*,?[ \n]){{0,4}}?{_GROUP_WORDS}\b",
    re.IGNORECASE,
)
_N_ARM = re.compile(r"\b(?P<count>two|three|four|five|six|[2-6])[- ](?:arm(?:ed)?|group)\b", re.IGNORECASE)
_RATIO = re.compile(r"(?<![\d:.])\d{1,2}(?:\s?:\s?\d{1,2}){1,4}(?![\d:]|\.\d)")
_SPLIT = re.compile(
    r"\brandomi[sz]ed|\brandomi[sz]ation|\brandomly|\ballocat|\bassigned|\bdivided|\bsplit|\bstratified into|\bconsist(?:ed|ing) of|\bcompris|\bthere were"
    r"|\bcategori[sz]ed|\bgrouped",
    re.IGNORECASE,
)
_GROUP_N = re.compile(
    rf"\b(?:group|arm|cohort|controls?|placebo|cells?|MSCs?|vehicle|saline|treatment|therapy|care|dose|sham|infusions?)\b[^.;()]{{0,40}}\(\s?n\s?=\s?{DIGITS}[^)]{{0,40}}\)",
    re.IGNORECASE,
)
_TO_LIST = re.compile(
    r"\b(?:randomi[sz]ed|randomly assigned|randomly allocated|randomly divided|assigned|allocated)\b[^.;]{0,60}?\b(?:to|into)\b[ \n](?P<list>[^.;]{3,220})",
    re.IGNORECASE,
)
_EITHER = re.compile(r",[ \n]?(?:or|and)[ \n]|,[ \n]|[ \n](?:or|versus|vs\.?)[ \n]", re.IGNORECASE)
_HAS_CHOICE = re.compile(r"[ \n](?:or|versus|vs\.?)[ \n]", re.IGNORECASE)
_SHARES = re.compile(
    rf"\b(?:{COUNT})[^.;]{{0,60}}?\b(?:to|received)[ \n][^.;]{{2,60}}?\band[ \n](?:the[ \n](?:other|remaining)[ \n])?(?:{COUNT})[ \n](?:\w+[ \n]){{0,3}}?(?:to|received|in)\b",
    re.IGNORECASE,
)
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
        sized = re.match(r"[ \n](?:\(n|of[ \n](?:\d|ten|twelve|fifteen|twenty))", text[match.end() : match.end() + 12])
        if count and 1 < count <= _MOST_GROUPS and (splits or match["the"] or sized):
            yield Claim(
                "arms", str(count), "", match.start("count"), match.end(), "arms:stated", 90 if splits or sized else 60
            )
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
    return len(parts) + 1 if short and before.rstrip().endswith(",") else (2 if len(parts) <= 1 else 0)


# --- follow-up ------------------------------------------------------------------------------------------------------

_UNIT = r"(?P<unit>days?|weeks?|wks?|months?|mos?|years?|yrs?)"
_AMOUNT = rf"(?P<amount>{DECIMAL}|{COUNT})"
_RANGE_END = rf"(?:\s?(?:-|to|~)\s?(?P<upper>{DECIMAL}))?"
_SPREAD = r"(?:\s?(?:\+/-|±)\s?\d{1,4}(?:\.\d{1,2})?|\s?\(\s?(?:(?:IQR|range|SD|interquartile range)[,:]?\s?)?\d{1,4}(?:\.\d{1,2})?(?:\s?(?:-|to|,)\s?\d{1,4}(?:\.\d{1,2})?)?\s?\))?"
_DURATION = rf"{_AMOUNT}{_RANGE_END}{_SPREAD}[\s-]?{_UNIT}\b"
_FOLLOW = r"(?:follow(?:ed)?[- ]?up|observation(?:al)? period)"
_FOLLOW_UPS: tuple[tuple[str, int, re.Pattern[str]], ...] = (
    (
        "followup:length",
        90,
        re.compile(
            rf"\b{_FOLLOW}(?: period| time| duration| interval| was| of| lasted| ranged| for| up to| to| at| with| a| the| from| over| extended| were| patients| all| survivors| among"
            rf"| median| mean| average| maximum| minimum| total| and|,|:| ?\((?:mean|median|range)?| is){{0,7}}[\s(=]{{0,2}}{_DURATION}",
            re.IGNORECASE,
        ),
    ),
    (
        "followup:followed",
        90,
        re.compile(
            rf"\b(?:followed|monitored|observed|tracked)(?: ?-?up)?(?: (?:prospectively|regularly|clinically|closely|every \w+ \w+))?(?: (?:for|over|during|until|to|through|up to))?"
            rf"(?: (?:a|an|the|at least|up to|about|approximately|total of|median of|mean of|average of|period of|minimum of|maximum of|further|additional|another|until|median|mean|additional|week|month|year)){{0,5}}[ \n]{_DURATION}",
            re.IGNORECASE,
        ),
    ),
    (
        "followup:followed",
        85,
        re.compile(
            r"\b(?:followed|monitored|observed|follow[- ]?up)(?:[- ]up)?[ \n](?:[\w-]+[ \n]){0,4}?(?:until|to|through|up[ \n]to)[ \n](?:the[ \n]end[ \n]of[ \n])?(?P<unit>day|week|month|year)[ \n]"
            r"(?P<amount>\d{1,3})(?P<upper>(?!))?(?!\d|\.\d)",
            re.IGNORECASE,
        ),
    ),
    (
        "followup:adjective",
        80,
        re.compile(
            rf"{_DURATION}'?[ \n](?:(?:of|post-?\w*|long-term|clinical|median|mean)[ \n]){{0,2}}{_FOLLOW}\b(?P<visit>[ \n](?:visit|assessment|examination|time ?point))?",
            re.IGNORECASE,
        ),
    ),
)
_LENGTH = {"d": 1 / 30.44, "w": 1 / 4.345, "m": 1.0, "y": 12.0}
"""Months in a day, a week, a month and a year."""


def follow_up(passage: Passage) -> Iterator[Claim]:
    """Yield a claim for each length of follow-up that the text states."""
    for sentence in passage.sentences:
        taken: list[tuple[int, int]] = []
        for rule, rank, pattern in _FOLLOW_UPS:
            for match in pattern.finditer(passage.text, sentence.start, sentence.end):
                start, end = min(match.start("amount"), match.start("unit")), max(match.end("amount"), match.end("unit"))
                if not passage.own(start) or any(a < end and start < b for a, b in taken):
                    continue
                value = months(match["amount"], match["unit"], upper=match["upper"])
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
    count = whole(written)
    if count is not None:
        return float(count)
    try:
        return float(written)
    except ValueError:
        return None
