"""How many responded, had adverse events or died: English text.

A count is taken as it is printed: "8/17 (47.1 %)", "8 of 17", "all six patients", "none of the 12". What was counted is
read from the words beside it; a count beside which nothing of that kind stands is not proposed. Percentages serve as
a check only: where they do not fit the count, the claim is in doubt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from stromata.extraction.suggestions.claims import Claim
from stromata.extraction.suggestions.enrolment import ANIMALS, PEOPLE
from stromata.extraction.suggestions.numerals import COUNT, whole
from stromata.extraction.suggestions.passages import Passage, Sentence

PERCENT = r"\d{1,3}(?:\.\d{1,3})?\s?%"
DOES_NOT_FIT = 0.5
"""Factor on the confidence of a count beside a percentage that says something else."""
_ROUNDING = 1.0
"""Percentage points by which a printed percentage may differ from the count: half a point of rounding, and slips."""


@dataclass(frozen=True, slots=True)
class Fraction:
    """`events` of `total` people; `fits` is False where a percentage beside it says something else."""

    start: int
    end: int
    events: int
    total: int
    fits: bool = True


_WHO = (
    r"(?:(?!(?:and|or|of|in|at|to|were|was|had|with|the|versus|vs|but)\b)[A-Za-z][\w'-]*[ \n]){0,4}?"
    rf"(?:{PEOPLE}|{ANIMALS})"
)
_OF = r"(?:[ \n](?:out[ \n])?of[ \n](?:the|these|our|all|those)?[ \n]?(?:the[ \n])?)"
_FRACTIONS = (
    # 8/17 (47.1 %), and 47.1 % (8/17)
    re.compile(
        rf"(?:(?P<before>{PERCENT})[ \n]?[(\[][ \n]?(?:n[ \n]?=[ \n]?)?)?(?<![\d./^-])(?P<events>\d{{1,4}})\s?/"
        rf"\s?(?P<total>\d{{1,4}})(?![\d/]|\.\d)(?![ \n]?(?:mm|kg|m2|days?|weeks?)\b)"
        rf"(?:[ \n]{_WHO})?(?:[ \n]?[,(\[]\s?(?P<after>{PERCENT}))?[)\]]?",
        re.IGNORECASE,
    ),
    # 8 of 17 patients (47 %), 8 (47 %) of 17 patients, 47 % (8 of 17), 8 out of 17
    re.compile(
        rf"(?:(?P<before>{PERCENT})[ \n]?[(\[][ \n]?)?(?P<events>{COUNT})(?:[ \n]{_WHO})?(?:[ \n]?\((?P<middle>"
        rf"{PERCENT})[^)]{{0,30}}\))?{_OF}(?:a[ \n]total[ \n]of[ \n])?(?P<total>{COUNT})\b"
        rf"(?:[ \n]{_WHO}\b)?(?:[ \n]?[,(\[]\s?(?P<after>{PERCENT}))?[)\]]?",
        re.IGNORECASE,
    ),
)
_SHARED_TOTAL = re.compile(
    rf"(?P<first>{COUNT})(?:,[ \n](?P<second>{COUNT}))?,?[ \n]and[ \n](?P<last>{COUNT}){_OF}(?P<total>{COUNT})\b"
    rf"(?=[^.;]{{0,80}}\brespectively\b)",
    re.IGNORECASE,
)
_ALL = re.compile(
    rf"\ball(?:[ \n]of[ \n])?(?:[ \n]the)?[ \n](?P<total>{COUNT})(?:[ \n]{_WHO}\b)?(?:[ \n]?\(\s?100(?:\.0)?\s?"
    rf"%\s?\))?",
    re.IGNORECASE,
)
_NONE = re.compile(
    rf"\b(?:none|neither|no[ \n]{PEOPLE})[ \n](?:out[ \n])?of[ \n](?:the|these|our"
    rf"|all)?[ \n]?(?P<total>{COUNT})\b(?:[ \n]{_WHO}\b)?",
    re.IGNORECASE,
)
_NONE_AMONG = re.compile(
    rf"\bno[ \n](?:[\w-]{{1,30}}[ \n]){{0,3}}?(?:relapses?|recurrences?|flares?|responses?|remissions?"
    rf"|(?:adverse[ \n](?:events?|reactions?|effects?))|side[- ]effects?|deaths?)\b[^.;,()\d]{{0,40}}?"
    rf"\b(?:in|among)[ \n](?:any[ \n]of[ \n])?(?:the|these|our|all)[ \n](?:the[ \n])?(?P<total>{COUNT})[ \n]{_WHO}\b",
    re.IGNORECASE,
)
_BOTH = re.compile(rf"\bboth[ \n]{_WHO}\b", re.IGNORECASE)
_WHOLE_GROUP = re.compile(
    rf"\b(?:of|among|in)[ \n](?:the|these|our|all)?[ \n]?(?P<total>{COUNT})[ \n]{_WHO}\b", re.IGNORECASE
)
_A_SHARE = re.compile(rf"[ \n]?\(\s?{PERCENT}", re.IGNORECASE)
_BEFELL = re.compile(
    r"\b(?:observed|seen|occurred|noted|recorded|reported|achieved|found|present|developed)[ \n]$", re.IGNORECASE
)
"""Words before "in 10 patients" that make it a result, not the whole of which others are parts."""
_COUNT_ONLY = re.compile(
    rf"(?P<events>{COUNT})(?:[ \n]{_WHO}\b)?(?:[ \n]?\(\s?(?P<after>{PERCENT})\s?\))?|\b(?P<single>one"
    rf"|an?)[ \n](?:[\w-]{{1,30}}[ \n]){{0,2}}?(?:patient|participant|subject|individual)\b",
    re.IGNORECASE,
)


def _fraction(match: re.Match[str], events: int | None, total: int | None) -> Fraction | None:
    """Return the fraction that a match holds; None when it cannot be one."""
    if events is None or total is None or not total > 0 or events > total:
        return None
    if (events, total) == (0, 1):  # a grade: "IGA 0/1" is clear or almost clear
        return None
    groups = match.groupdict()
    written = next((groups[name] for name in ("before", "middle", "after") if groups.get(name)), None)
    fits = written is None or abs(float(written.rstrip("% \n")) - 100 * events / total) <= _ROUNDING
    return Fraction(match.start(), match.end(), events, total, fits)


def fractions(text: str, start: int, end: int) -> list[Fraction]:
    """Return the counts of people in a sentence that come with their total, in order, without overlaps."""
    found: list[Fraction] = []

    def add(fraction: Fraction | None) -> None:
        if fraction and not any(one.start < fraction.end and fraction.start < one.end for one in found):
            found.append(fraction)

    for match in _SHARED_TOTAL.finditer(text, start, end):
        total = whole(match["total"])
        for name in ("first", "second", "last"):
            events = whole(match[name]) if match[name] else None
            if events is not None and total and events <= total:
                add(
                    Fraction(
                        match.start(name), match.end("total") if name == "last" else match.end(name), events, total
                    )
                )
    for pattern in _FRACTIONS:
        for match in pattern.finditer(text, start, end):
            add(_fraction(match, whole(match["events"]), whole(match["total"])))
    for match in _NONE.finditer(text, start, end):
        add(_fraction(match, 0, whole(match["total"])))
    for match in _NONE_AMONG.finditer(text, start, end):
        add(_fraction(match, 0, whole(match["total"])))
    for match in _ALL.finditer(text, start, end):
        total = whole(match["total"])
        add(_fraction(match, total, total))
    for match in _BOTH.finditer(text, start, end):
        if not re.search(r"groups?|arms?", match.group(), re.IGNORECASE):
            add(Fraction(match.start(), match.end(), 2, 2))
    for one in _within_whole(text, start, end, found):
        add(one)
    return sorted(found, key=lambda one: one.start)


def _within_whole(text: str, start: int, end: int, taken: list[Fraction]) -> Iterator[Fraction]:
    """Yield "8 (47 %)" and "eight responded" where the same sentence says "of the 17 patients" just before."""
    group = next(
        (
            match
            for match in _WHOLE_GROUP.finditer(text, start, end)
            if not any(one.start < match.end() and match.start() < one.end for one in taken)
            and not _A_SHARE.match(text, match.end())
            and not _BEFELL.search(text[max(start, match.start() - 16) : match.start()])
        ),
        None,
    )
    first = min(taken, key=lambda one: one.start, default=None)
    if group is not None:
        total, after = whole(group["total"]), group.end()
    elif first is not None and len({one.total for one in taken}) == 1:
        total, after = first.total, first.end
    else:
        return
    if not total:
        return
    for match in _COUNT_ONLY.finditer(text, start, end):
        events = 1 if match["single"] else whole(match["events"])
        before, rest = text[max(start, match.start() - 12) : match.start()], text[match.end() : end]
        behind = match.start() >= after
        counted = match["after"] or (behind and group and (match["single"] or _VERB.match(rest)))
        if events is None or events > total or not counted or re.search(r"(?:n\s?=\s?|[-/])$", before):
            continue
        fits = not match["after"] or abs(float(match["after"].rstrip("% \n")) - 100 * events / total) <= _ROUNDING
        if fits:  # a percentage of another total says that the total is not the one read
            yield Fraction(match.start(), match.end(), events, total)


# --- what was counted -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that say what was counted: field and unit; an empty field for things that are not proposed."""

    start: int
    end: int
    field: str
    unit: str = ""


_NO_SHORT_FORMS: Mapping[str, str] = {}
_INDEX = r"(?:PASI|EASI|SCORAD|ACR|SALT|HECSI|LoSCAT|VASI|APASI|POEM)"
_CRITERION = re.compile(
    rf"\b(?P<index>{_INDEX})[ -]?(?P<level>20|30|50|70|75|80|90|100)(?:[ -]?respon\w+)?\b"
    rf"|\bSRI[ -]?\(?(?P<sri>[4-8])\)?(?:[ -]respon\w+)?",
    re.IGNORECASE,
)
_REDUCTION = re.compile(
    rf"(?P<level>20|30|50|70|75|90|100)\s?%(?:[ \n](?:or[ \n](?:more|greater|better)"
    rf"|at[ \n]least))?[ \n](?:improvement|reduction|decrease|decline)[ \n](?:from[ \n]baseline[ \n])?"
    rf"(?:in|of|on)[ \n](?:the[ \n]|their[ \n])?(?:[a-z]+[ \n]){{0,2}}?(?P<index>{_INDEX})\b"
    rf"|(?:improvement|reduction|decrease)[ \n](?:in"
    rf"|of)[ \n](?:the[ \n])?(?P<index2>{_INDEX})(?:[ \n]scores?)?[ \n](?:of|by)[ \n](?:at[ \n]least[ \n]"
    rf"|>=?\s?|≥\s?)?(?P<level2>20|30|50|70|75|90|100)\s?%",
    re.IGNORECASE,
)
_WORDS = re.compile(
    r"\b(?P<complete_thing>(?:complete(?:ly)?|full)[ \n](?:[a-z]+[ \n]){0,2}?(?:closure|clearance|healing"
    r"|healed|regrowth|resolution|closed|cleared)|(?:closure|clearance|healing|regrowth"
    r"|resolution)[ \n]was[ \n]complete)\b"
    r"|\b(?P<mixed>(?:complete[ \n](?:or|and)[ \n]partial|partial[ \n](?:or|and)[ \n]complete|overall|objective"
    r"|clinical)[ \n](?:respon\w+|remissions?))"
    r"|\b(?P<complete>complete(?:ly)?[ \n](?:[a-z]+[ \n]){0,2}?respon\w+)"
    r"|\b(?P<partial>partial(?:ly)?[ \n](?:[a-z]+[ \n]){0,2}?(?:respon\w+|remissions?|closure|clearance|healing"
    r"|regrowth|resolution))"
    r"|\b(?P<sae>(?:serious[ \n](?:(?!events?\b)[\w-]{1,30}[ \n]){0,2}?(?:adverse[ \n](?:events?|reactions?"
    r"|effects?)|side[- ]effects?|AEs?)|SAEs?\b|serious[ \n]ones?\b))"
    r"|\b(?P<part>(?:mild|moderate|severe|minor|transient|local|grade[ \n]\S{1,5}|non-serious|[\w-]{1,30}-related"
    r"|related|unrelated|infusion|specific|common|frequent|unexpected|such|new)"
    r"[ \n](?:(?:to|or|and)[ \n]\w+[ \n]|(?!events?\b)[\w-]{1,30}[ \n]){0,2}?(?:adverse[ \n](?:events?|reactions?"
    r"|effects?)|side[- ]effects?|AEs?|reactions?|events?)\b)"
    r"|\b(?P<ae>adverse[ \n](?:drug[ \n])?(?:events?|reactions?|effects?)|side[- ]effects?|(?:TE)?AEs?\b)"
    r"|\b(?P<death>died|deaths?|deceased|mortality|fatal\w*|succumbed|passed away)"
    r"|\b(?P<relapse>relaps\w+|recurr\w+|flared?\b|flares\b|re-?opened|opened[ \n]again)"
    r"|\b(?P<remission>remissions?)"
    r"|\b(?P<response>respon(?:se|ses|ded|ders?)\b)(?![ \n](?:rate|to)\b(?![ \n](?:was|of|therapy|treatment|MSCs?)))"
    r"|\b(?P<improved>improve(?:d|ments?)?|clear(?:ed|ance)|resolution|resolved|effective|regrowth|repigment\w+|regrew"
    r"|hair[ \n]grew|healed|low disease activity|LLDAS|DORIS|BICLA|(?:v?IGA|PGA)(?:-AD)?(?:[ -](?:0/1|0 or 1"
    r"|score))?|UAS-?7|treatment success)\b"
    r"|\b(?P<none>no[ \n](?:\w+[ \n])?response|non-?respon\w+|absent|lacking|unchanged|worse\w*|deteriorat\w+"
    r"|fail\w*[ \n]to[ \n]respond|women|men|females?|males?"
    r"|discontinu\w+|withdr\w+|dropped|lost|fever|pain|headaches?|nausea"
    r"|infections?|GVHD|biops\w+|positive|smok\w+|history|received|previous\w*"
    r"|treated with|refractory|erythema|rash|fatigue|diarrh\w+|swelling|completed|enrolled|randomi[sz]ed"
    r"|excluded|screened|infused|included)\b",
    re.IGNORECASE,
)
_UNITS = {
    "complete_thing": ("responders", "complete response"),
    "mixed": ("responders", "response"),
    "complete": ("responders", "complete response"),
    "partial": ("responders", "partial response"),
    "sae": ("adverse_events", "serious"),
    "part": ("", ""),
    "ae": ("adverse_events", ""),
    "death": ("deaths", ""),
    "relapse": ("responders", "relapse"),
    "remission": ("responders", "remission"),
    "response": ("responders", "response"),
    "improved": ("responders", ""),
    "none": ("", ""),
}


_SHORT_FORM = re.compile(
    r"\b(?P<words>(?:complete|partial|overall|objective|major|clinical|minor"
    r"|minimal)?[ \n]?(?:\w+[ \n]){0,2}?(?:respon(?:se|ders?)|remissions?"
    r"|relapses?))(?:[ \n]rate)?[ \n]\((?P<short>[A-Z][A-Za-z]{1,4})\)",
    re.IGNORECASE,
)


def short_forms(text: str) -> dict[str, str]:
    """Return the abbreviations that a text introduces, such as CR for "complete response (CR)", with their units."""
    found: dict[str, str] = {}
    for match in _SHORT_FORM.finditer(text):
        words, short = match["words"].lower(), match["short"]
        if short.isupper() and short.lower() not in words.split():
            named = cues(words, 0, len(words))
            found.setdefault(short, named[0].unit if named else "response")
    return found


def cues(text: str, start: int, end: int, short: Mapping[str, str] = _NO_SHORT_FORMS) -> list[Cue]:
    """Return what is counted in a sentence, in order, without overlaps; the most exact words win.

    `short` holds the abbreviations that the text introduced, with the unit that each stands for.
    """
    found: list[Cue] = []

    def add(cue: Cue) -> None:
        if not any(one.start < cue.end and cue.start < one.end for one in found):
            found.append(cue)

    for match in _REDUCTION.finditer(text, start, end):
        index = (match["index"] or match["index2"]).upper()
        add(Cue(match.start(), match.end(), "responders", f"{index}{match['level'] or match['level2']}"))
    for match in _CRITERION.finditer(text, start, end):
        unit = f"SRI-{match['sri']}" if match["sri"] else f"{match['index'].upper()}{match['level']}"
        add(Cue(match.start(), match.end(), "responders", unit))
    if short:
        for match in re.finditer(rf"\b(?:{'|'.join(short)})\b", text[start:end]):
            add(Cue(start + match.start(), start + match.end(), "responders", short[match.group()]))
    for match in _WORDS.finditer(text, start, end):
        name = match.lastgroup or "none"
        if name == "mixed" and "remission" in match.group().lower():
            add(Cue(match.start(), match.end(), "responders", "remission"))
        else:
            add(Cue(match.start(), match.end(), *_UNITS[name]))
    return sorted(found, key=lambda cue: cue.start)


_VERB = re.compile(
    r"[ \n](?=(?:complete|partial)[ \n](?:respon|remission))|"  # "3 achieved complete remission, 5 partial remission"
    r"[ \n](?:an?|the)[ \n](?=[\w-]{1,30}[ \n](?:respon|remission|one\b|adverse))|"  # "and 9/19 a partial response"
    r"[ \n]?(?:,[ \n])?(?:[(\[][^)\]]{0,40}[)\]][ \n]?)?(?:(?:who|in|of|from|with"
    r"|on)[ \n](?:the[ \n])?(?:[\w-]{1,30}[ \n]){1,5}?|(?:evaluable[ \n]|treated[ \n])?(?:patients?|participants?"
    r"|subjects?|individuals?|cases)[ \n])?"
    r"(?:also[ \n]|\w+ly[ \n]|again[ \n]|then[ \n])?(?:achieved|achieving|reached|had|have|has|showed"
    r"|experienced|reported|developed|died|responded|relapsed|improved|attained|met|maintained|obtained|flared"
    r"|survived"
    r"|demonstrated|exhibited|entered|went[ \n]into|fulfilled|gained|suffered|presented|were|was|remained|did"
    r"|recurred|cleared|sustained|got|recovered|discontinued|withdrew|received|completed)\b",
    re.IGNORECASE,
)
_CHAIN = re.compile(r"\b(?:and|versus|vs\.?|compared[ \n](?:with|to)|or|against|but)\b|^[,; ]+|[,;]", re.IGNORECASE)
_PLAIN_GAP = re.compile(
    r"(?:[\s,:(]|\b(?:was|were|been|reported|observed|occurr(?:ed|ing)|noted|recorded|seen|developed"
    r"|experienced|in|by|among|of|the|a|total|only|just|for|rate|rates|incidence|mostly|mainly|generally|all"
    r"|mild|moderate|transient|(?:day|week|month|year)s?[ \n]\d{1,3}|by|within|after|present|found"
    r"|documented|rare|few|uncommon|affected|amounted|to|patients?|with|at|any|who|all|grade|overall|causes?"
    r"|from|and|due|during"
    r"|follow-up|least|one|achieved|reached|\(?s\)?)\b)*$",
    re.IGNORECASE,
)


def counted(
    text: str, fraction: Fraction, sentence: Sentence, all_cues: list[Cue], others: list[Fraction]
) -> Cue | None:
    """Return what a fraction counts: what its verb says, or else the nearest words before it."""
    all_cues = [
        cue
        for cue in all_cues
        if not (
            fraction.start < cue.end and cue.start <= fraction.end + 1 and text[cue.start : cue.end] == "responders"
        )
    ]
    inside = [cue for cue in all_cues if fraction.start <= cue.start and cue.end <= fraction.end]
    if fraction.events == 0 and inside:
        return inside[0]
    following = [one.start for one in others if one.start >= fraction.end]
    limit = min(following, default=sentence.end)
    verb = _VERB.match(text, fraction.end, sentence.end)
    if verb:
        stop = limit if verb.end() <= limit else sentence.end
        ahead = [cue for cue in all_cues if fraction.end <= cue.start < stop or verb.start() <= cue.start < verb.end()]
        passive = re.search(r"\b(?:was|were)$", verb.group())
        if ahead or not passive:
            return ahead[0] if ahead and ahead[0].start - fraction.end < 130 else None
    behind = [cue for cue in all_cues if cue.end <= fraction.start]
    if _OPENS.search(text[max(sentence.start, fraction.start - 16) : fraction.start]):
        until = min(limit, fraction.end + 60)
        sign = _SIGN.search(text, fraction.end, until)
        ahead = [cue for cue in all_cues if fraction.end <= cue.start < (sign.start() if sign else until)]
        if ahead:
            return ahead[0]
    if not behind:
        near = [cue for cue in all_cues if fraction.end <= cue.start < min(limit, fraction.end + 45)]
        return near[0] if near else None
    cue = behind[-1]
    gap = text[cue.end : fraction.start]
    if len(gap) > 130 or (cue.field in {"adverse_events", "deaths"} and not _PLAIN_GAP.match(gap)):
        return None
    return cue


_SIGN = re.compile(r"[.;,:]")
_OPENS = re.compile(r"(?:^|[;:,][ \n])(?:(?:and|but|while)[ \n])?in[ \n]$", re.IGNORECASE)
"""Words before a count that opens a clause: "; in two of eight regrowth was complete"."""
_LIFE = re.compile(r"\bdead\b|\bsurviv|\balive\b", re.IGNORECASE)
_SAFETY = re.compile(
    r"\bdead\b|\bsurviv|\balive\b|\badverse\b|\bside[- ]effect|\bS?AEs?\b|\bdeath|\bmortality", re.IGNORECASE
)


def counts(passage: Passage) -> Iterator[Claim]:
    """Yield claims of responders, adverse events and deaths that stand with their totals or as plain counts."""
    text = passage.text
    short = short_forms(text)
    for sentence in passage.sentences:
        all_cues = cues(text, sentence.start, sentence.end, short)
        if not any(cue.field for cue in all_cues) and not _SAFETY.search(text, sentence.start, sentence.end):
            continue
        found = fractions(text, sentence.start, sentence.end)
        meant = _respectively(text, sentence, found, all_cues) or _each(text, sentence, found, all_cues)
        told = [_claim(one, cue) for one, cue in zip(found, meant, strict=True) if cue is not None and cue.field]
        told = [claim for claim in told if passage.own(claim.start)]
        yield from told
        known = {(claim.field, claim.unit, claim.value.partition("/")[0]) for claim in told}
        for claim in _plain_counts(passage, sentence, all_cues, found):
            if (claim.field, claim.unit, claim.value) not in known:  # "one patient died (1/40)" is one fact
                yield claim
        yield from _zeros(passage, sentence, found)


def _respectively(text: str, sentence: Sentence, found: list[Fraction], all_cues: list[Cue]) -> list[Cue | None]:
    """Pair counts and criteria one by one where the sentence says "respectively"; empty where it does not apply."""
    named = _both_responses(text, [cue for cue in all_cues if cue.field], sentence)
    in_turn = _in_turn(text, found, named)
    if in_turn:
        return in_turn
    if (
        len(found) > 1
        and len(found) == len(named)
        and named[-1].end <= found[0].start
        and len({cue.unit for cue in named}) > 1
    ):
        return list(named)
    if (
        len(found) > 1
        and len(found) == len(named)
        and re.search(r"\brespectively\b", text[sentence.start : sentence.end], re.IGNORECASE)
    ):
        return list(named)
    return []


_BOTH_RESPONSES = re.compile(
    r"\b(?P<first>complete|partial)[ \n](?:and|or)[ \n](?P<second>complete|partial)[ \n](?P<what>respon|remission)",
    re.IGNORECASE,
)


def _both_responses(text: str, named: list[Cue], sentence: Sentence) -> list[Cue]:
    """Return the cues with "complete and partial responses ... respectively" taken for two."""
    if not re.search(r"\brespectively\b", text[sentence.start : sentence.end], re.IGNORECASE):
        return named
    parted: list[Cue] = []
    for cue in named:
        both = _BOTH_RESPONSES.match(text, cue.start)
        if both:
            parted += [
                Cue(both.start(side), both.end(side), "responders", f"{both[side].lower()} response")
                for side in ("first", "second")
            ]
        else:
            parted.append(cue)
    return parted


_LIST_GAP = re.compile(r"(?:\b(?:responses?|responders?|rates?)\b|[\s,/]|\band\b)*", re.IGNORECASE)
_AGAINST = re.compile(r"\b(?:versus|vs\.?|compared|against)\b", re.IGNORECASE)


def _in_turn(text: str, found: list[Fraction], named: list[Cue]) -> list[Cue | None]:
    """Pair counts with criteria in turn: "ACR20 and ACR50 by 11/20 and 6/20 with cells and 5/19 and 2/19 without".

    Where the first two counts are held against each other, each criterion has its counts in a row. Empty where the
    criteria are not listed before the counts, or the counts are no multiple of them.
    """
    first = found[0].start if found else 0
    before = [cue for cue in named if cue.end <= first]
    groups, rest = divmod(len(found), len(before)) if before else (0, 0)
    if (
        len(before) < 2
        or len(before) != len(named)
        or rest
        or not groups
        or len({(cue.field, cue.unit) for cue in before}) < len(before)
        or any(not _LIST_GAP.fullmatch(text, one.end, other.start) for one, other in pairwise(before))
    ):
        return []
    if groups > 1 and _AGAINST.search(text, found[0].end, found[1].start):
        return [before[number // groups] for number in range(len(found))]
    return [before[number % len(before)] for number in range(len(found))]


_UP_TO_NEXT = re.compile(
    r"(?:[ \n]?\([^()]{0,40}\))?[ \n]?(?:(?:patients?|participants?|subjects?|mice|rats|animals|cases)[ \n]?)?"
    r"(?:(?:in|of|with|from|given|receiving|on|after|under|treated|who)[ \n][\w/+-]{1,24}(?:[ \n][\w/+-]{1,24}){0,6}?)?"
    r"(?:,?[ \n]?(?:and|versus|vs\.?|compared[ \n](?:with|to)|or|against|but)[ \n](?:only[ \n]|in[ \n])?|,[ \n])",
    re.IGNORECASE,
)
"""What stands between two counts of which only the second has the words: "8 of 15 in the cell group and 3 of 15"."""


_ANEW = re.compile(r"[,;][ \n](?:and|while|whereas|but)[ \n]$|;[ \n]$", re.IGNORECASE)
"""Words before a count that begin anew: the words before them speak of another one."""


_LONGEST_GAP = 90
"""Characters between two counts that share the words that stand with the second."""


def _each(text: str, sentence: Sentence, found: list[Fraction], all_cues: list[Cue]) -> list[Cue | None]:
    meant = _forward(text, sentence, found, all_cues)
    for number in range(len(found) - 2, -1, -1):
        one, other, cue = found[number], found[number + 1], meant[number + 1]
        mine = meant[number]
        anew = mine is not None and mine.end <= one.start and _ANEW.search(text[mine.end : one.start])
        if (
            (mine is None or anew)
            and cue is not None
            and cue.start >= other.end
            and other.start - one.end <= _LONGEST_GAP
            and not any(one.end <= named.start < other.start for named in all_cues)
            and _UP_TO_NEXT.fullmatch(text, one.end, other.start)
        ):
            meant[number] = cue
    return meant


def _forward(text: str, sentence: Sentence, found: list[Fraction], all_cues: list[Cue]) -> list[Cue | None]:
    meant: list[Cue | None] = []
    for number, fraction in enumerate(found):
        cue = counted(text, fraction, sentence, all_cues, found)
        if cue is None and number and meant[-1] is not None:
            gap = text[found[number - 1].end : fraction.start]
            between = [one for one in all_cues if found[number - 1].end <= one.start and one.end <= fraction.start]
            if (
                not between
                and len(gap) <= 90
                and _CHAIN.search(gap)
                and not _VERB.match(text, fraction.end, sentence.end)
            ):
                cue = meant[-1]
        meant.append(cue)
    return meant


def _claim(fraction: Fraction, cue: Cue) -> Claim:
    """Return the claim for a fraction; its span takes in the words that say what was counted, where they are near."""
    start, end = min(fraction.start, cue.start), max(fraction.end, cue.end)
    if end - start > 160:
        start, end = fraction.start, fraction.end
    rule = f"{cue.field}:fraction"
    if cue.field == "responders" and not cue.unit:
        rule = "responders:improved"
    value = f"{fraction.events}/{fraction.total}"
    return Claim(cue.field, value, cue.unit, start, end, rule, 1, 1.0 if fraction.fits else DOES_NOT_FIT)


_IN_A_GROUP = r"in[ \n]the[ \n](?:[\w/+-]{1,24}[ \n]){1,4}?(?:group|arm)"
_EVENT = r"(?:serious[ \n])?(?:adverse[ \n](?:events?|reactions?|effects?)|side[- ]effects?|S?AEs?)\b"
_TWO_GROUPS_HAD = re.compile(
    rf"(?P<count>{COUNT})(?:[ \n]{_WHO})?(?:[ \n]?\(\s?{PERCENT}\s?\))?[ \n]{_IN_A_GROUP},?[ \n](?:and|versus|vs\.?)"
    rf"[ \n]"
    rf"(?P<count2>{COUNT})(?:[ \n]{_WHO})?(?:[ \n]?\(\s?{PERCENT}\s?\))?[ \n]{_IN_A_GROUP}[ \n]"
    rf"(?:(?:had|experienced|reported|developed|suffered)[ \n](?:an?[ \n]|any[ \n]|at[ \n]least[ \n]one"
    rf"[ \n])?(?P<event>{_EVENT})"
    rf"|(?:had[ \n])?(?P<died>died)\b)",
    re.IGNORECASE,
)
_NEXT_GROUP = re.compile(
    rf"(?:[ \n]?\(\s?{PERCENT}\s?\))?(?:[^.;()\d]{{0,80}}?[ \n]{_IN_A_GROUP})?,?[ \n](?:and|versus|vs\.?|compared"
    rf"[ \n]with)[ \n]"
    rf"(?:by[ \n]|in[ \n]|only[ \n])?(?P<count>{COUNT}|none)(?:[ \n]{_WHO})?(?:[ \n]?\(\s?{PERCENT}\s?\))?"
    rf"[ \n]{_IN_A_GROUP}",
    re.IGNORECASE,
)
"""The other group after a plain count: "... in the cell arm, and three in the control arm"."""
_ELIDED = re.compile(
    rf"\b(?:and|,)[ \n](?P<count>{COUNT})[ \n](?:{_WHO})?(?:[ \n]?\(\s?{PERCENT}\s?\))?[ \n]?an?[ \n]"
    rf"(?P<event>serious[ \n](?:adverse[ \n]events?|AEs?|ones?)\b)",
    re.IGNORECASE,
)
"""A count without its verb: "..., and one patient (5 %) a serious adverse event"."""
_THE_PATIENT_DIED = re.compile(
    r"(?:^|[.;,][ \n]|\b(?:but|and)[ \n])(?:the|this|our)[ \n](?:patient|child|man|woman|boy|girl)[ \n](?:had"
    r"[ \n])?died\b",
    re.IGNORECASE,
)
_PEOPLE_HAD = re.compile(
    rf"(?:(?P<count>{COUNT})(?:[ \n]{_WHO})?|\b(?P<single>one|an?)[ \n](?:[\w-]{{1,30}}[ \n]){{0,2}}?(?:patient"
    rf"|participant|subject|individual))(?:[ \n]?\([^()]{{1,60}}\))?"
    rf"(?:[ \n](?:in|from|of)[ \n](?:the|each)[ \n](?:[\w-]{{1,30}}[ \n]){{0,3}}?(?:group|arm))?(?:[ \n]each)?"
    rf"[ \n](?:(?:had|experienced"
    rf"|reported|developed|suffered|showed)(?:[ \n](?:from|an?|any|one|at[ \n]least[ \n]one|one[ \n]or[ \n]more"
    rf"|the))?"
    r"[ \n](?P<event>(?:serious[ \n])?(?:adverse[ \n](?:events?|reactions?|effects?)|side[- ]effects?"
    r"|S?AEs?)\b)|(?:(?:had|has|have)[ \n](?:\w+ly[ \n])?)?(?P<died>died|succumbed|passed[ \n]away)\b"
    r"|(?:was|were)[ \n](?P<dead>dead|deceased)\b|did[ \n]not[ \n](?P<lost>survive)\b)",
    re.IGNORECASE,
)
_EVENTS_IN = re.compile(
    rf"\b(?P<event>(?:serious[ \n])?(?:adverse[ \n](?:events?|reactions?|effects?)|side[- ]effects?"
    rf"|S?AEs?))(?:[ \n]of[ \n]any[ \n]\w+)?[ \n](?:(?:(?:was|were"
    rf"|had[ \n]been)[ \n])?(?:\w+ly[ \n])?(?:reported|observed"
    rf"|occurr(?:ed|ing)|noted|recorded|seen|developed|documented|experienced)[ \n])?"
    rf"(?:in|by|among)[ \n](?:only[ \n]|a[ \n]total[ \n]of[ \n])?(?:(?P<count>{COUNT})(?:[ \n]?\(\s?"
    rf"{PERCENT}\s?\))?(?:[ \n]{_WHO}\b|(?=[,.;]))|(?P<single>an?)[ \n](?:single[ \n])?(?:patient|participant"
    rf"|subject)\b)",
    re.IGNORECASE,
)
_N_DEATHS = re.compile(
    rf"(?:\b(?P<count>{COUNT})|\b(?P<single>an?|single))[ \n](?:(?!no\b"
    rf"|related)[a-z]+[ \n]){{0,2}}?(?:deaths?\b(?!-)|fatalit(?:y|ies)\b)|\bdeaths?[ \n](?:occurred|was[ \n]reported"
    rf"|were[ \n]reported)[ \n]in[ \n](?P<count2>{COUNT})[ \n]{_WHO}\b",
    re.IGNORECASE,
)


_DEAD = ("died", "dead", "lost")
_DENIED_BEFORE = re.compile(r"\b(?:no|not|nor|neither|without)[ \n]$", re.IGNORECASE)
_OF_TOTAL = re.compile(
    rf"[ \n]?(?:\([^)]{{0,20}}\)[ \n]?)?(?:out[ \n])?of[ \n](?:the[ \n]|our[ \n]|all[ \n])?(?:{COUNT})", re.IGNORECASE
)


def _plain_counts(passage: Passage, sentence: Sentence, all_cues: list[Cue], found: list[Fraction]) -> Iterator[Claim]:
    """Yield adverse events and deaths of which only the number of people is stated."""
    if not any(cue.field in {"adverse_events", "deaths"} for cue in all_cues) and not _LIFE.search(
        passage.text, sentence.start, sentence.end
    ):
        return
    text = passage.text
    for pattern in (_PEOPLE_HAD, _ELIDED, _TWO_GROUPS_HAD, _EVENTS_IN, _N_DEATHS, _THE_PATIENT_DIED):
        for match in pattern.finditer(text, sentence.start, sentence.end):
            groups = match.groupdict()
            written = groups.get("count") or groups.get("count2")
            numbers = [whole(written) if written else 1]
            overlaps = any(one.start < match.end() and match.start() < one.end for one in found)
            of_total = _OF_TOTAL.match(text, match.end())
            denied = _DENIED_BEFORE.search(text[max(sentence.start, match.start() - 9) : match.start()])
            if overlaps or denied or of_total or not passage.own(match.start()):
                continue
            other = _NEXT_GROUP.match(text, match.end(), sentence.end)
            end = match.end()
            if pattern is _TWO_GROUPS_HAD:
                numbers.append(whole(match["count2"]))
            elif other and not any(one.start < other.end() and match.end() < one.end for one in found):
                numbers.append(0 if other["count"].lower() == "none" else whole(other["count"]))
                end = other.end()
            event = groups.get("event")
            died = pattern in {_N_DEATHS, _THE_PATIENT_DIED} or any(groups.get(name) for name in _DEAD)
            unit = "serious" if event and not died and event.lower().startswith(("serious", "sae")) else ""
            field = "deaths" if died else "adverse_events"
            for number in numbers:
                if number is not None:
                    yield Claim(field, str(number), unit, match.start(), end, f"{field}:count")


_AE_NAME = (
    r"(?:adverse[ \n](?:drug[ \n])?(?:events?|reactions?|effects?)|(?<=serious[ \n])ones\b"
    r"|side[- ]effects?|(?:TE|S)?AEs?\b|safety[ \n]events?)"
)
_AE_KIND = (
    r"(?:(?:any|serious|severe|significant|major|obvious|apparent|clinically|clinical|relevant|important"
    r"|notable|noticeable|drug|treatment|infusion|therapy|product|cell|MSC|procedure|reported|observed"
    r"|overt|[\w-]{1,30}-(?:related|emergent|associated|limiting)|related|or|and)[ \n]){0,4}?"
)
_NO_EVENTS = re.compile(
    rf"\b(?:no|without|nor|zero|free[ \n]of|free[ \n]from|absence[ \n]of|neither)[ \n](?:an?[ \n])?"
    rf"(?:(?:deaths?|mortality|infections?|toxicit(?:y|ies)|complications?)(?:,[ \n]|[ \n])(?:or|and"
    rf"|nor)[ \n])?(?P<kind>{_AE_KIND}){_AE_NAME}",
    re.IGNORECASE,
)
_NOBODY_HAD = re.compile(
    rf"\b(?:none|nobody|no[ \n]one|no[ \n](?:[\w-]{{1,30}}[ \n]){{0,2}}?(?:{PEOPLE}|{ANIMALS}))(?:[ \n]of[ \n](?:the"
    rf"|these|our"
    rf"|all)[ \n]?(?:{_WHO})?|[ \n]in[ \n](?:either|any)[ \n]group)?[ \n](?:had|experienced|reported|developed"
    rf"|suffered|showed)(?:[ \n](?:from|an?))?"
    rf"[ \n](?P<kind>{_AE_KIND}){_AE_NAME}",
    re.IGNORECASE,
)
_EVENTS_NOT = re.compile(
    rf"\b(?P<kind>(?:serious|severe)[ \n])?{_AE_NAME}[ \n](?:\w+[ \n]){{0,2}}?(?:were|was)[ \n](?:not"
    rf"|never)[ \n](?:reported|observed|noted|recorded|seen|found|detected|encountered)"
    rf"|\b(?P<kind2>serious[ \n])?{_AE_NAME}\s?:\s?none\b",
    re.IGNORECASE,
)
_NO_DEATHS = re.compile(
    r"\b(?:no|without|nor|zero|neither)[ \n](?:any[ \n]|an?[ \n])?(?P<list>[^.;:()]{0,70}?(?:,[ \n]|[ \n](?:or|and"
    r"|nor)[ \n])(?:(?:any|no)[ \n])?)?(?P<kind>(?:[\w-]{1,30}-related|related|associated)[ \n])?(?:deaths?"
    r"|mortality|fatalit\w+)\b"
    rf"|\b(?:none|nobody|no[ \n]one|no[ \n](?:[\w-]{{1,30}}[ \n]){{0,2}}?(?:{PEOPLE}|{ANIMALS}))(?:[ \n]of[ \n](?:the"
    rf"|these|our"
    rf"|all)[ \n]?(?:{_WHO})?|[ \n]in[ \n](?:either|any)[ \n]group)?[ \n](?:\w+[ \n]or[ \n])?died\b"
    rf"|\ball[ \n](?:of[ \n])?(?:the[ \n])?(?P<total>{COUNT})?[ \n]?(?:{_WHO})[ \n](?:survived|(?:were|are"
    rf"|remained)[ \n](?:still[ \n])?alive)\b"
    r"|\bmortality[ \n](?:rate[ \n])?(?:was|of)[ \n](?:0|zero|nil)(?!\d|\.\d)"
    r"|\b(?:overall[ \n])?survival[ \n](?:rate[ \n])?(?:was|of)[ \n]100\s?%",
    re.IGNORECASE,
)
_NONE_SERIOUS = re.compile(
    r"\bnone[ \n](?:of[ \n](?:them|these|which)[ \n])?(?:(?:was|were)[ \n](?:considered[ \n]|rated[ \n](?:as[ \n])?)?"
    r"serious\b|had[ \n](?:an?[ \n])?serious[ \n]ones?\b)",
    re.IGNORECASE,
)
_VERB_IN_LIST = re.compile(r"\b(?:was|were|had|died|is|are|but|difference|evidence|in|with)\b", re.IGNORECASE)
_RELATED = re.compile(
    r"related|emergent|associated|significant|major|obvious|apparent|relevant|important|notable|noticeable"
    r"|overt|limiting",
    re.IGNORECASE,
)


def _zeros(passage: Passage, sentence: Sentence, found: list[Fraction]) -> Iterator[Claim]:
    """Yield claims that there were no adverse events or deaths; "none of the 12" was read as a fraction."""
    text = passage.text
    counted_none = [one for one in found if one.events == 0]

    def known(match: re.Match[str]) -> bool:
        return not passage.own(match.start()) or any(
            one.start < match.end() and match.start() < one.end for one in counted_none
        )

    for pattern in (_NO_EVENTS, _NOBODY_HAD, _EVENTS_NOT):
        for match in pattern.finditer(text, sentence.start, sentence.end):
            kind = (match["kind"] or match.groupdict().get("kind2") or "").lower()
            unit = "serious" if "serious" in kind or re.search(r"\bSAEs?\b", match.group()) else ""
            if known(match) or ("severe" in kind and not unit):
                continue  # that there were no severe ones does not say that there were none
            rule = "adverse_events:none-of-a-kind" if _RELATED.search(kind) else "adverse_events:none"
            yield Claim("adverse_events", "0", unit, match.start(), match.end(), rule)
    for match in _NONE_SERIOUS.finditer(text, sentence.start, sentence.end):
        if passage.own(match.start()):
            yield Claim("adverse_events", "0", "serious", match.start(), match.end(), "adverse_events:none")
    for match in _NO_DEATHS.finditer(text, sentence.start, sentence.end):
        if known(match) or _VERB_IN_LIST.search(match["list"] or ""):
            continue
        total = whole(match["total"]) if match["total"] else None
        rule = "deaths:none-of-a-kind" if match["kind"] else "deaths:none"
        yield Claim("deaths", f"0/{total}" if total else "0", "", match.start(), match.end(), rule)
