"""What was given, to whom and how: terms of the clinical vocabularies, doses and schedules, in either language.

A vocabulary finds every mention; here the sentence around it decides whether it says something about the study. What
stands in the title or in the objective counts most; a disease that is named in passing, a drug's route or a schedule
of visits counts nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from stromata.clinical.cues import is_of_a_drug
from stromata.clinical.doses import find_doses
from stromata.clinical.schedules import find_schedules
from stromata.clinical.terms import Match, Vocabulary, ancestors, find
from stromata.extraction.suggestions.claims import Claim
from stromata.extraction.suggestions.enrolment import PEOPLE
from stromata.extraction.suggestions.fields import DISEASES, DONORS, PRODUCT_CLASSES, ROUTES, TISSUES, UNITS
from stromata.extraction.suggestions.numerals import COUNT, COUNT_ZH, plain, whole
from stromata.extraction.suggestions.passages import Passage, Section, Sentence

_PRODUCT_WORD = re.compile(
    r"\b(?:cells?|MSCs?|exosomes?|vesicles?|secretome|SVF|stromal|HSCT|HCT|transplant\w*|graft\w*|product|infusions?"
    r"|infused)\b|细胞|外泌体|囊泡|移植|输注|回输",
    re.IGNORECASE,
)
_GIVING = re.compile(
    r"\b(?:infus\w+|inject\w+|administ\w+|given|gave|receiv\w+|treated|treatment|transplant\w*|deliver\w+"
    r"|applied|application|session|doses?|route)\b|输注|注射|给予|给药|回输|移植|治疗|滴注|外用|涂",
    re.IGNORECASE,
)


def _places(
    passage: Passage, vocabulary: Vocabulary, text: str, *, own: bool = True
) -> Iterator[tuple[Match, int, int, Sentence]]:
    """Yield each mention with its span in the folded text and its sentence; by default those about the study only."""
    for match in find(vocabulary, text):
        start = passage.folded(match.start)
        end = max(passage.folded(match.end), start + 1)
        sentence = passage.sentence(start)
        if sentence is not None and (passage.own(start) or not own):
            yield match, start, end, sentence


@cache
def _listed(vocabulary: Vocabulary, id: str, allowed: frozenset[str]) -> str:  # noqa: A002 - the word that users know it by
    """Return the term itself or the nearest broader one that suggestions use; empty when there is none."""
    for name in (id, *(term.id for term in ancestors(vocabulary, id))):
        if name in allowed:
            return name
    return ""


# --- diseases -------------------------------------------------------------------------------------------------------

_FOREMOST: frozenset[Section] = frozenset({"title", "objective"})
_TREATED = re.compile(
    r"(?:\b(?:with|for|of|in|against|having|diagnosed as|diagnosed with|on|from|has|had"
    r"|suffering from)(?:[ \n](?!(?:no|without)\b)[\w-]+){0,5}[ \n(]*)$|(?:治疗|合并|诊断为|患有|例)[^，。；]{0,10}$",
    re.IGNORECASE,
)
_NOT_TREATED = re.compile(
    r"\bexclu|\bnot (?:studied|included|treated)|\bhistory of\b|\bwithout\b|\bcomorbid|\bunlike\b"
    r"|\bno (?:evidence|sign|case)s? of\b|\bfamily\b|\brelatives\b|\bsuch as\b"
    r"|\b(?:other|various|several|many)(?: \w+){0,2} (?:diseases|disorders|conditions)\b|\brule[sd]? out\b|排除"
    r"|除外|既往史|家族史|病史中|等(?:自身免疫)?疾病",
    re.IGNORECASE,
)
_AS_EVENT = re.compile(
    r"\b(?:developed|new-onset|de novo|onset of|died (?:of|from)|flares? of|leuka?emia)\b[^.;]{0,40}$", re.IGNORECASE
)


def diseases(passage: Passage, text: str) -> Iterator[Claim]:
    """Yield the diseases that were treated or modelled."""
    scores: dict[str, int] = {}
    claims: dict[str, Claim] = {}
    last: tuple[int, int] | None = None
    for match, start, end, sentence in _places(passage, "diseases", text):
        name = _listed("diseases", match.term.id, DISEASES)
        clause = passage.clause(start)
        around = passage.text[clause.start : clause.end] if clause else ""
        before = passage.text[max(sentence.start, start - 60) : start]
        if not name or _NOT_TREATED.search(around) or _AS_EVENT.search(before):
            continue
        joined = last is not None and start - last[0] < 60 and re.search(r"(?:\bor|\band|,|、|和|及|或)[ \n]?$", before)
        score = (
            3 if sentence.section in _FOREMOST else 2 if _TREATED.search(before) or len(passage.sentences) == 1 else 1
        )
        score = max(score, last[1]) if last is not None and joined else score
        last = (end, score)
        scores[name] = scores.get(name, 0) + score
        rule = "disease:foremost" if score == 3 else "disease:treated" if score == 2 else "disease:named"
        claim = Claim("disease", name, "", start, end, rule, score)
        if name not in claims or score > claims[name].rank:
            claims[name] = claim
    if claims:
        most = max(scores.values())
        yield from (
            claim
            for name, claim in claims.items()
            if scores[name] >= min(2, most) and (claim.rank > 1 or scores[name] == most)
        )
    elif len(passage.sentences) >= _ENOUGH_FOR_BACKGROUND:
        yield from _background_disease(passage, text)


_ENOUGH_FOR_BACKGROUND = 3
"""Sentences from which on a text is a report: then the disease that its background speaks of is the one studied."""


def _background_disease(passage: Passage, text: str) -> Iterator[Claim]:
    for match, start, end, sentence in _places(passage, "diseases", text, own=False):
        name = _listed("diseases", match.term.id, DISEASES)
        if (
            name
            and sentence.section not in {"discussion", "references"}
            and not _NOT_TREATED.search(passage.text[sentence.start : sentence.end])
        ):
            yield Claim("disease", name, "", start, end, "disease:background")
            return


# --- product, tissue, donor, route ----------------------------------------------------------------------------------

_BLOOD_STEM = re.compile(r"ha?ematopoietic|造血", re.IGNORECASE)
_MADE_OF = re.compile(
    r"(?:[ \n]?\([\w-]{1,12}\))?[ \n](?:(?:that[ \n]were[ \n])?(?:derived|isolated|released|obtained|secreted"
    r"|purified|prepared|collected)[ \n])?(?:from|of|by)[ \n](?:[\w-]+[ \n]){0,5}",
    re.IGNORECASE,
)
_OWN_CELLS = re.compile(
    r"\b(?:their|the[ \n]patients?'s?|patients?'|his|her)[ \n]own\b(?=[ \n.,;)]|$)"
    r"|\bfrom[ \n](?:each|the)[ \n]patients?[ \n](?:him|her|them)sel(?:f|ves)\b|\bfrom[ \n]the[ \n]same[ \n]patient\b"
    r"|\b(?:self|own)[ \n-]donated\b|患者自身的?(?=[^，。；]{0,10}细胞)",
    re.IGNORECASE,
)
_CORD_CELLS = re.compile(
    r"(?<!umbilical[ \n-])(?<!spinal[ \n])\bcord(?:[ \n-]derived|[ \n-]tissue)?(?=[ \n-](?:mesenchymal|stromal"
    r"|stem|MSC))",
    re.IGNORECASE,
)
_NEAR = 60
"""Characters between a tissue and the product that is made of it: "from the umbilical cord of healthy donors"."""


_AFTER = re.compile(
    r"\b(?:after|following|post-?|since|previous|prior|undergone|underwent|recipients[ \n]of|who[ \n]had)[ \n-]+(?:"
    r"[\w-]+[ \n]){0,2}$",
    re.IGNORECASE,
)
_MARROW = re.compile(r"(?<!bone )(?<!bone-)\bmarrow\b(?!-free)", re.IGNORECASE)
_VEIN = re.compile(
    r"\b(?P<intravenous>(?:by|through|via|into)[ \n](?:a|the|an)?[ \n]?(?:[\w-]+[ \n])?veins?)\b"
    r"|\b(?P<intramuscular>(?:in|into|to)[ \n](?:the[ \n])?(?:[\w-]+[ \n])?muscles?)\b"
    r"|(?P<intralesional>(?:注射|注入)(?:于|至|到)?(?:瘘管|皮损|病灶|溃疡|创面|创缘|病变)(?:内|周围|处|基底|边缘)?)",
    re.IGNORECASE,
)
"""Routes told by their place."""
_GRAFT = re.compile(
    r"(?:[\w-]{1,24}[ \n]){0,5}?(?:HSCT|HCT|BMT|transplant\w*)\b|[^，。；]{0,12}移植(?:术)?后", re.IGNORECASE
)


_EARLIER = re.compile(
    r"[ \n](?:had[ \n])?(?:preceded|failed)\b|[ \n](?:\w+[ \n]){1,3}(?:before|earlier|previously)\b|[ \n]recipients?\b",
    re.IGNORECASE,
)


_NOT_BLOOD = re.compile(r"MSC|mesenchym|stromal|adipose|\bfat\b|exosome|SVF|间充质|脂肪", re.IGNORECASE)
"""What makes a graft the product that was studied, and not the patients' history."""


def _before_study(passage: Passage, start: int, end: int) -> bool:
    """Return whether a graft is spoken of that came before: "after allogeneic HSCT", "异基因造血干细胞移植后"."""
    text = passage.text
    graft = _GRAFT.match(text, start)
    if graft is None or graft.end() < end or _NOT_BLOOD.search(graft.group()):
        return False
    earlier = _EARLIER.match(text, graft.end())
    return bool(earlier) or graft.group().endswith("后") or bool(_AFTER.search(text[max(0, start - 40) : start]))


_BARE_PRODUCT = re.compile(
    r"(?<!lymphoid )(?<!endometrial )(?<!thymic )(?<!corneal )\b(?P<cells>(?:multipotent[ \n])?stromal[ \n](?:stem"
    r"[ \n])?cells?)\b"
    r"|(?<!synaptic )(?<!seminal )(?<!clear )(?<!fluid-filled )\bvesicles\b(?=[ \n](?:\(|of|from|were|derived|by|had"
    r"|at|in"
    r"|\d))(?![ \n](?:and[ \n])?(?:blisters|crusts|papules|pustules))",
    re.IGNORECASE,
)
"""Products whose full name stands nowhere: "stromal cells", "vesicles (50 µg)"."""


def _bare_products(passage: Passage, found: dict[int, list[tuple[int, int]]], named: set[str]) -> Iterator[Claim]:
    """Yield products without their full name, unless the text has it elsewhere; their places are put into `found`."""
    for match in _BARE_PRODUCT.finditer(passage.text):
        start, end = match.span()
        home = passage.sentence(start)
        if home is None or not passage.own(start):
            continue
        here = found.setdefault(home.start, [])
        if any(one < end and start < other for one, other in here):
            continue
        source = max((other for _, other in here if other <= start), default=None)
        here.append((start, end))
        name = "msc" if match["cells"] else "ev"
        made_of = source is not None and _MADE_OF.fullmatch(passage.text, source, start)
        if not made_of and name not in named:
            named.add(name)
            yield Claim("product_class", name, "", start, end, "product_class:bare", 0)


def products(passage: Passage, text: str) -> Iterator[Claim]:
    """Yield product classes, the tissues they come from and whose they are."""
    found: dict[int, list[tuple[int, int]]] = {}  # by the start of their sentence
    classes: list[Claim] = []
    for match, start, end, sentence in _places(passage, "products", text):
        name = "hsct" if _BLOOD_STEM.match(match.quote) else _listed("products", match.term.id, PRODUCT_CLASSES)
        here = found.setdefault(sentence.start, [])
        made_of = name == "msc" and bool(here) and _MADE_OF.fullmatch(passage.text, here[-1][1], start)
        here.append((start, end))
        if made_of or not name or _NOT_TREATED.search(passage.text[max(sentence.start, start - 40) : start]):
            continue
        rule, rank = ("foremost", 2) if sentence.section in _FOREMOST else ("named", 1)
        classes.append(Claim("product_class", name, "", start, end, f"product_class:{rule}", rank))
    classes += _bare_products(passage, found, {claim.value for claim in classes})
    # Where something else was given, a graft that came before is part of the patients' history.
    others = any(claim.value != "hsct" for claim in classes)
    yield from (
        one for one in classes if not (others and one.value == "hsct" and _before_study(passage, one.start, one.end))
    )
    yield from _tissues(passage, text, found)
    yield from (one for one in _donors(passage, text) if not (others and _before_study(passage, one.start, one.end)))


def _donors(passage: Passage, text: str) -> Iterator[Claim]:
    """Yield whose the cells are; with them cord cells that no vocabulary names, "cord mesenchymal cells"."""
    for one in (*_OWN_CELLS.finditer(passage.text), *_CORD_CELLS.finditer(passage.text)):
        home = passage.sentence(one.start())
        if home is not None and passage.own(one.start()) and _PRODUCT_WORD.search(passage.text[home.start : home.end]):
            if "cord" in one.group().lower():
                yield Claim("tissue", "umbilical-cord", "", one.start(), one.end(), "tissue:near")
            else:
                yield Claim("donor", "autologous", "", one.start(), one.end(), "donor:own")
    for match, start, end, sentence in _places(passage, "donors", text):
        name = _listed("donors", match.term.id, DONORS)
        words = passage.text[sentence.start : sentence.end]
        if (
            name
            and _PRODUCT_WORD.search(words)
            and not _NOT_PRODUCT.match(passage.text, end)
            and not _CONTRASTED.search(passage.text[max(sentence.start, start - 24) : start])
        ):
            yield Claim("donor", name, "", start, end, "donor:named", 2 if sentence.section in _FOREMOST else 1)


_NOT_PRODUCT = re.compile(
    r"[ \n](?:(?:conditioned|blood|peripheral|platelet|fresh)[- \n]){0,2}(?:serum|plasma|platelets?|PRP"
    r"|(?:skin|hair|split[ -]\w+)[ \n](?:graft\w*|transplant\w*)|T[ -]?cells?|B[ -]?cells?|lymphocytes?"
    r"|mixed)\b(?!-derived)"
    r"|血清|血浆|富血小板|皮片|植皮|淋巴细胞",
    re.IGNORECASE,
)
"""What follows a donor's word where it does not tell whose the product is: "autologous serum"."""
_FROM_CELLS = re.compile(r"\b(?:cells|MSCs?)\b[^.;]{0,60}\b(?:from|of)\b", re.IGNORECASE)
_CONTRASTED = re.compile(
    r"(?:\b(?:not|non|unlike|neither|nor|instead[ \n]of|rather[ \n]than|no)[ \n-](?:the[ \n])?|(?:非|不是|而非))$",
    re.IGNORECASE,
)


_TAKEN_FROM = re.compile(
    r"\b(?:cells|MSCs?|vesicles|exosomes)\b[^.;]{0,60}\b(?:from|of)[ \n](?:(?:the|a|an|human|donated|healthy"
    r"|full-term|their)[ \n]){0,3}$|细胞[^，。；]{0,12}(?:取自|来源于|来自|分离自|源于)[^，。；]{0,8}$",
    re.IGNORECASE,
)


def _tissues(passage: Passage, text: str, found: dict[int, list[tuple[int, int]]]) -> Iterator[Claim]:
    for marrow in _MARROW.finditer(passage.text):
        home = passage.sentence(marrow.start())
        if (
            home is not None
            and passage.own(marrow.start())
            and _FROM_CELLS.search(passage.text, home.start, marrow.start())
        ):
            yield Claim("tissue", "bone-marrow", "", marrow.start(), marrow.end(), "tissue:near", 2)
    for match, start, end, sentence in _places(passage, "tissues", text):
        name = _listed("tissues", match.term.id, TISSUES)
        if not name:
            continue
        here = found.get(sentence.start, ())
        apart = min((max(a - end, start - b) for a, b in here), default=_NEAR + 1)
        followed = re.match(
            r"[ \n-]?(?:derived|tissue|blood)?[ \n-]?(?:\w+[ \n-]){0,2}(?:cells?|MSCs?|stromal|stem|exosomes?"
            r"|vesicles?|secretome)\b|(?:来源|源性)?[^，。；]{0,6}(?:细胞|外泌体)",
            passage.text[end : end + 50],
            re.IGNORECASE,
        )
        taken = _TAKEN_FROM.search(passage.text[max(sentence.start, start - 90) : start])
        apart = min(apart, _NEAR) if taken else apart
        rule = "tissue:product" if apart <= 3 or followed else "tissue:near" if apart <= _NEAR else ""
        if name == "skin" and not followed and apart > 3:
            continue  # skin is what is treated far more often than what cells come from
        if rule:
            rank = (4 if sentence.section in _FOREMOST else 2) + (rule == "tissue:product")
            yield Claim("tissue", name, "", start, end, rule, rank)


_HAN = re.compile(r"[\u4e00-\u9fff]")
_FAILED = re.compile(
    r"\b(?:resist\w+(?: to)?|refractory to|failed|failure of|despite|unresponsive to|healed with"
    r"|pretreat\w+ with)\b[^.;]{0,40}$",
    re.IGNORECASE,
)


def _of_a_drug(passage: Passage, start: int, end: int) -> bool:
    """Return whether a drug stands beside the span in the same clause."""
    clause = passage.clause(start)
    if clause is None:
        return False
    if _HAN.search(passage.text, start, end):  # a comma parts what is said of one group from what is said of the next
        before = max(passage.text.rfind(sign, clause.start, start) for sign in "，,；")
        following = (passage.text.find(sign, end, clause.end) for sign in "，,；")
        after = min((place for place in following if place >= 0), default=clause.end)
        here = max(before + 1, clause.start)
        bracket = passage.text.rfind("(", clause.start, start)
        if bracket > passage.text.rfind(")", clause.start, start):  # what a bracket says is said of the words before it
            here = clause.start
        return is_of_a_drug(passage.text[here : max(after, end)], start - here, end - here)
    return is_of_a_drug(passage.text[clause.start : max(clause.end, end)], start - clause.start, end - clause.start)


def routes(passage: Passage, text: str) -> Iterator[Claim]:
    """Yield the routes by which a product was given; those of drugs are left out."""
    for place in _VEIN.finditer(passage.text):
        home = passage.sentence(place.start())
        drug = _of_a_drug(passage, place.start(), place.end())
        if (
            home is None
            or not passage.own(place.start())
            or drug
            or re.search(r"[ \n]blood\b", passage.text[place.end() :][:7])
        ):
            continue
        if _GIVING.search(passage.text, home.start, home.end) and _PRODUCT_WORD.search(
            passage.text, home.start, home.end
        ):
            yield Claim("route", place.lastgroup or "", "", place.start(), place.end(), "route:place", 1)
    for match, start, end, sentence in _places(passage, "routes", text):
        name = _listed("routes", match.term.id, ROUTES)
        words = passage.text[sentence.start : sentence.end]
        product = bool(_PRODUCT_WORD.search(words))
        if (
            not name
            or _of_a_drug(passage, start, end)
            or _FAILED.search(passage.text[max(sentence.start, start - 50) : start])
        ):
            continue
        if name in {"oral", "topical", "inhaled"} and not product:
            continue
        if not product and not _GIVING.search(words) and not re.search(r"\d", words):
            continue
        rank = 3 if sentence.section in _FOREMOST else 2 if product else 1
        yield Claim("route", name, "", start, end, "route:product" if product else "route:alone", rank)


# --- doses and schedules --------------------------------------------------------------------------------------------

_LOOKED_AT = re.compile(
    r"\b(?:seen|visits?|visited|assessed|evaluated|measured|examined|monitored|reviewed|followed|weighed"
    r"|collected|sampled|drawn|photographed|recorded|contacted)\b(?:(?!infus|inject|admin|given|dose"
    r"|receiv)[^.;])*$"
    r"|(?:检查|复查|随访|测量|观察|评估)[^，。；]{0,10}$",
    re.IGNORECASE,
)
_NOT_A_NUMBER = re.compile(
    r"\b(?:at[ \n]least|up[ \n]to|more[ \n]than|compar\w+|different|either)[ \n](?:of[ \n])?$", re.IGNORECASE
)
"""Words before a number of doses that make it a limit, or a number of dose levels."""
_AN_AGE = re.compile(r"(?:an?|one|\d{1,3})[ -](?:\d|\w+-(?:year|month)|year|month|week|day)", re.IGNORECASE)
_EVERY = re.compile(r"every|each|week|month|dai|apart|interval|day|separat|fortnight|每|隔|第|天|周|月", re.IGNORECASE)


_DOSE_UNIT = re.compile(r"cell|million|particle|kg|[uµμm]g|m[lL]|10|e\d|细胞|个|万|亿|公斤|毫", re.IGNORECASE)
"""What no dose can do without; text that has none of it is not searched for doses."""


def doses(passage: Passage, text: str) -> Iterator[Claim]:
    """Yield the amount of each administration; each of several dose levels by itself."""
    if not _DOSE_UNIT.search(text):
        return
    for match in find_doses(text):
        start, end = passage.folded(match.start), passage.folded(match.end)
        if not passage.own(start) or start >= end:
            continue
        dose = match.dose
        for amount in dose.levels or (() if dose.per_administration is None else (dose.per_administration,)):
            if amount.unit in UNITS["dose"]:
                value = amount_text(amount.value)
                if amount.high is not None and not dose.levels:
                    value += f"-{amount_text(amount.high)}"
                yield Claim(
                    "dose",
                    value,
                    amount.unit,
                    start,
                    end,
                    "dose:cells" if amount.unit.startswith("cells") else "dose:other",
                    1,
                )


def amount_text(value: float) -> str:
    """Return an amount as suggestions write it.

    Examples
    --------
    >>> amount_text(1.5e6), amount_text(80.0), amount_text(10_000.0)
    ('1.5e6', '80', '1e4')
    """
    if value < 1e4:
        return f"{value:.6g}"
    mantissa, _, exponent = f"{value:.5e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def schedules(passage: Passage, text: str) -> Iterator[Claim]:
    """Yield how often the product was given, and how many days apart."""
    numbers: list[Claim] = []
    intervals: list[Claim] = []
    for match in find_schedules(text):
        start, end = passage.folded(match.start), passage.folded(match.end)
        sentence = passage.sentence(start)
        if sentence is None or start >= end or not passage.own(start) or _of_a_drug(passage, start, end):
            continue
        words = passage.text[sentence.start : sentence.end]
        before = passage.text[max(sentence.start, start - 50) : start]
        if _LOOKED_AT.search(before) or _NOT_A_NUMBER.search(before):
            continue
        product = bool(_PRODUCT_WORD.search(words))
        schedule = match.schedule
        if (
            schedule.administrations is not None
            and schedule.administrations_high is None
            and not _CUT_POWER.search(match.quote)
            and not _of_several(passage.text, sentence, start, end, schedule.administrations)
        ):
            rule = "administrations:product" if product else "administrations:alone"
            numbers.append(
                Claim(
                    "administrations",
                    str(schedule.administrations),
                    "",
                    start,
                    end,
                    rule,
                    2 * product + (schedule.interval_days is not None),
                )
            )
        days = schedule.interval_days
        if (
            days is not None
            and schedule.interval_days_high is None
            and 1 <= days <= 400
            and _spoken_of_giving(match.quote, words, schedule.administrations)
        ):
            rule = "interval_days:counted" if schedule.administrations else "interval_days:alone"
            intervals.append(
                Claim(
                    "interval_days", plain(days), "days", start, end, rule, 2 * bool(schedule.administrations) + product
                )
            )
    for claim in _told_schedules(passage):
        (numbers if claim.field == "administrations" else intervals).append(claim)
    yield from _foremost(_without_alternatives(passage, numbers))
    yield from _foremost(intervals)


_GIVEN_THING = (
    r"(?:infusions?|injections?|doses?|administrations?|applications?|treatments?|sessions?|cycles?|courses?)"
)
_MEDIAN = re.compile(
    rf"\b{_GIVEN_THING}\b[^.;]{{0,90}}?\bmedian\b(?:[ \n](?:number[ \n])?(?:of|was|being))?,?[ \n]?:?"
    rf"[ \n]?(?P<count>{COUNT})\b"
    rf"(?![ \n]?(?:%|days?|weeks?|months?|years?|cells|million|mg|ml|lines))"
    rf"|\bmedian(?:[ \n]number)?[ \n]of[ \n](?P<count2>{COUNT})[ \n](?:\w+[ \n]){{0,2}}?(?:{_GIVEN_THING})\b"
    rf"|\b(?:mean|median)[ \n]number[ \n]of[ \n](?:\w+[ \n]){{0,2}}?(?:{_GIVEN_THING})[ \n](?:\w+[ \n]){{0,4}}?was[ \n]"
    rf"(?P<count3>{COUNT})\b"
    rf"|(?:输注|注射|治疗|给药|次数)[^。；]{{0,16}}?中位(?:数)?(?:为|次数)?\s?(?P<count4>{COUNT_ZH})\s?次",
    re.IGNORECASE,
)
_REPEATED = re.compile(
    r"\b(?:repeated|redosed|re-?treated|re-?injected)[ \n](?P<how>once|twice)\b"
    r"(?:[ \n](?:after|at|\w+[ \n]later)?[ \n]?(?P<gap>(?:\w+|\d{1,2})[ \n](?:days?|weeks?|months?))(?:[ \n]later)?)?",
    re.IGNORECASE,
)
_AGAIN = re.compile(
    rf"\b(?:at[ \n]|on[ \n])?(?:baseline|(?:day|week|month)[ \n]0)[ \n]and[ \n](?P<again>again[ \n])?(?:at[ \n]|on"
    rf"[ \n]|after[ \n])?"
    rf"(?:(?P<unit>day|week|month)[ \n](?P<at>\d{{1,2}})|(?P<amount>{COUNT})[ \n](?P<unit2>days?|weeks?|months?)"
    rf"(?:[ \n](?:later|thereafter))?)\b(?![ \n]?(?:,|and)[ \n]?(?:and[ \n])?\d)",
    re.IGNORECASE,
)
_SECOND = re.compile(
    rf"\b(?:received|given|had|got|by)[ \n](?:an?|the)[ \n]second[ \n](?:identical[ \n])?(?:{_GIVEN_THING})\b"
    rf"[^.;]{{0,50}}?[ \n]"
    rf"(?P<amount>{COUNT})[ \n](?P<unit>days?|weeks?|months?)[ \n](?:after[ \n](?:the|their)[ \n]first|later"
    rf"|thereafter)\b",
    re.IGNORECASE,
)
_ONE_SITTING = re.compile(
    r"\b(?:in|at|during)[ \n](?:a[ \n]single|one)[ \n](?:sitting|operation|procedure)\b", re.IGNORECASE
)
_DAYS_IN = {"d": 1, "w": 7, "m": 30}
_CUT_POWER = re.compile(r"[×x*][ \n]?10$")
"""A power of ten whose exponent was left out: its 10 is no number of administrations."""
_IN_TOTAL = re.compile(r"\b(?:total|overall|altogether|all)(?:[ \n]of)?,?[ \n]$", re.IGNORECASE)
_TO_PEOPLE = re.compile(
    rf"[^.;]{{0,40}}?\b(?:to|in|among|for|by|into)[ \n](?:the[ \n])?(?:{COUNT})[ \n](?:[\w-]+[ \n]){{0,2}}?{PEOPLE}\b",
    re.IGNORECASE,
)
_SOME_HAD = re.compile(
    rf"\b(?:{COUNT})[ \n](?:{PEOPLE}[ \n])?(?:had|received|were[ \n]given|got)[ \n](?:only[ \n])?$", re.IGNORECASE
)
_OTHERS_HAD = re.compile(
    rf"^[^.;]{{0,40}}?\b(?:and|while|whereas|,|but)[ \n](?:the[ \n](?:other|remaining)[ \n])?(?:{COUNT})"
    rf"[ \n](?:{PEOPLE}[ \n])?"
    rf"(?:had|received|were[ \n]given|got)?[ \n]?(?:{COUNT}|a[ \n]second)\b",
    re.IGNORECASE,
)
_MOST_ADMINISTRATIONS = 100


def _of_several(text: str, sentence: Sentence, start: int, end: int, number: int) -> bool:
    """Return whether a number of administrations is not that of each patient: all together, or of some only."""
    before, after = text[max(sentence.start, start - 50) : start], text[end : sentence.end]
    together = _IN_TOTAL.search(before) and _TO_PEOPLE.match(after)
    some = _SOME_HAD.search(before) and _OTHERS_HAD.match(after)
    once_more = re.search(r"\brepeated[ \n]$", before, re.IGNORECASE)
    return bool(together or some or once_more) or number > _MOST_ADMINISTRATIONS


def _without_alternatives(passage: Passage, numbers: list[Claim]) -> list[Claim]:
    """Return the numbers without those that differ between patients: "once (five patients) or twice (seven)"."""
    dropped = {
        id(claim)
        for one, other in pairwise(sorted(numbers, key=lambda claim: claim.start))
        if one.value != other.value
        and passage.sentence(one.start) == passage.sentence(other.start)
        and re.search(r"\bor\b|或", passage.text[one.end : other.start])
        for claim in (one, other)
    }
    return [claim for claim in numbers if id(claim) not in dropped]


def _told_schedules(passage: Passage) -> Iterator[Claim]:
    """Yield schedules told in other words: a median, "repeated once", "at baseline and again at week 4"."""
    for sentence in passage.sentences:
        start, end = sentence.start, sentence.end
        if not _GIVING.search(passage.text, start, end):
            continue
        product = 2 * bool(_PRODUCT_WORD.search(passage.text, start, end))

        def claim(field: str, value: str, match: re.Match[str], rank: int) -> Iterator[Claim]:
            if passage.own(match.start()):
                unit, rule = (
                    ("", "administrations:told") if field == "administrations" else ("days", "interval_days:told")
                )
                yield Claim(field, value, unit, match.start(), match.end(), rule, rank)

        for match in _MEDIAN.finditer(passage.text, start, end):
            number = whole(next(filter(None, match.groups())))
            if number and number <= _MOST_ADMINISTRATIONS:
                yield from claim("administrations", str(number), match, product + 1)
        for match in _REPEATED.finditer(passage.text, start, end):
            yield from claim("administrations", "2" if match["how"].lower() == "once" else "3", match, product)
            amount, _, unit = (match["gap"] or "").partition(" ")
            gap = whole(amount) if amount else None
            if gap and match["how"].lower() == "once":
                yield from claim("interval_days", plain(gap * _DAYS_IN[unit[0].lower()]), match, product)
        for match in _AGAIN.finditer(passage.text, start, end):
            looked = _LOOKED_AT.search(passage.text[max(start, match.start() - 60) : match.start()])
            if looked or not (match["again"] or re.search(r"infus|inject|gave|given|dose", passage.text[start:end])):
                continue
            gap = whole(match["at"] or match["amount"])
            if gap:
                days = gap * _DAYS_IN[(match["unit"] or match["unit2"])[0].lower()]
                yield from claim("administrations", "2", match, product)
                yield from claim("interval_days", plain(days), match, product)
        for match in _SECOND.finditer(passage.text, start, end):
            gap = whole(match["amount"])
            if gap:
                yield from claim("administrations", "2", match, product)
                yield from claim("interval_days", plain(gap * _DAYS_IN[match["unit"][0].lower()]), match, product)
        for match in _ONE_SITTING.finditer(passage.text, start, end):
            yield from claim("administrations", "1", match, product)


def _spoken_of_giving(quote: str, words: str, administrations: int | None) -> bool:
    """Return whether an interval parts administrations: "at a year" and "weighed twice a week" do not."""
    if administrations is not None:
        return True
    return bool(_EVERY.search(quote)) and not _AN_AGE.match(quote) and bool(_GIVING.search(words))


def _foremost(claims: list[Claim]) -> Iterator[Claim]:
    """Yield the claims of the highest rank: a second, weaker mention rarely adds a schedule of its own."""
    most = max((claim.rank for claim in claims), default=0)
    yield from (claim for claim in claims if claim.rank == most)
