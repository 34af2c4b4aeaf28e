"""Lines of a page that credit the article: the list of its authors, and the citation of the article itself."""

from __future__ import annotations

import re

from stromata.formats.page_words import words
from stromata.formats.text import month_of, person, same_text
from stromata.model import Name

HAN = r"\u3400-\u4dbf\u4e00-\u9fff"
"""Chinese characters, as ranges within a class of a pattern."""

HAN_CHARACTER = re.compile(f"[{HAN}]")

_CITATION = (
    # Published in Journal 1 July 2020, as networks of papers print it.
    re.compile(
        r"^Published in:? (?P<journal>[A-Z][A-Za-z.&,: -]{3,100}?)[ ,]+"
        r"(?P<date>(?:\d{1,2} )?(?:[A-Z][a-z]{2,8} )?(?:19|20)\d{2})"
        r"(?P<volume>)(?P<issue>)(?P<pages>)$"
    ),
    # Vancouver, as PubMed prints it: Journal. 2021 Mar 3;12(3):45-56.
    re.compile(
        r"^(?P<journal>[A-Z][^.;:]{1,100})\.\s*(?P<date>(?:19|20)\d{2}(?!\d)(?:\s+[A-Z][a-z]{2,8}(?:-[A-Z][a-z]{2,8})?)?(?:\s+\d{1,2})?)\s*;"
        r"\s*(?P<volume>\d+\w*)?\s*(?:\((?P<issue>[^()]{1,20})\))?\s*(?::\s*(?P<pages>[\w.–-]+))?"
    ),
    # Springer and BMC: Journal volume 12, Article number: 45 (2021), or pages 45–56.
    re.compile(
        r"^(?P<journal>[A-Z][^;:]{1,100}?)\s*,?\s+[Vv]ol(?:ume|\.)?\s*(?P<volume>\d+)\s*,?\s*(?:(?:[Ii]ssue|[Nn]o\.?|[Nn]umber)"
        r"\s*(?P<issue>[\w-]+)\s*,?\s*)?"
        r"(?:(?:[Aa]rticle(?: number)?|[Pp]ages?|pp?\.)\s*:?\s*(?P<pages>[\w–-]+)\s*,?\s*)?"
        r"\(?(?P<date>(?:[A-Z][a-z]+ )?(?:\d{1,2},? )?(?:[A-Z][a-z]+ )?(?:19|20)\d{2})?\)?"
    ),
    # Journal, 12 March 2021, 8(2):101-109, with or without the numbers.
    re.compile(
        r"^(?P<journal>[A-Z][\w.& -]{3,80}?),\s+(?P<date>\d{1,2} [A-Z][a-z]+ (?:19|20)\d{2})\b"
        r"(?:,\s*(?P<volume>\d+)(?:\((?P<issue>[^()]{1,20})\))?(?::\s*(?P<pages>[\w–-]+))?)?"
    ),
    # June 2018 Journal 44(6):512-520; networks of authors print the date first, often without a blank after it.
    re.compile(
        r"^(?P<date>(?:\d{1,2} )?[A-Z][a-z]{2,8} (?:19|20)\d{2})\W{0,3}"
        r"(?P<journal>[A-Z][A-Za-z.&,: -]{3,100}?)\s+(?P<volume>\d+)"
        r"(?:\((?P<issue>[^()]{1,20})\))?(?::\s*(?P<pages>[\w–-]+))?"
    ),
    # Journal 2021, 12(3), 45; Journal (2021) 12:45-56.
    re.compile(
        r"^(?P<journal>[A-Z][A-Za-z.&,: -]{3,80}?)[\s,.]+\(?(?P<date>(?:19|20)\d{2}(?!\d))\)?\s*[,;:]?\s*"
        r"(?P<volume>\d{1,4})\s*"
        r"(?:\((?P<issue>[^()]{1,20})\))?\s*(?:[,:;]\s*(?P<pages>[\w–-]+))?"
    ),
    # 中华皮肤科杂志, 2021, 54(3): 200-205; 某某杂志 . 2022 ,36 (03); 《某某杂志》2021年54卷3期 200-205页
    re.compile(
        rf"^《?(?P<journal>[{HAN}()（）·]{{3,30}})》?[\s,，.。:：]*(?P<date>(?:19|20)\d{{2}})\s*年?[\s,，.;；]*(?:第?\s*(?P<volume>\d{{1,4}})(?:\s*卷|(?=\s*[,，(（:：])))?"
        r"[\s,，]*(?:[(（]?\s*第?\s*0*(?P<issue>\d{1,3}|[zZSs增刊]\w{0,3})\s*期?\s*[)）]?)?[\s,，:：.]*(?P<pages>[A-Z]?\d+\s*[-–~]\s*[A-Z]?\d+|\d+)?"
    ),
)
_YEAR_ISSUE = re.compile(
    r"(?P<date>[12]\d{3})\s*年?[\s,，/.]*(?:第?(?P<volume>\d{1,4})(?:卷|(?=\s*[,，(（/])))?[\s,，/]*[(（]?(?:第?0*(?P<issue>\d{1,3}|Z\d|S\d))?期?[)）]?"
    r"(?:[\s,，:：]*(?P<pages>\d+\s*[-–]\s*\d+))?"
)
_NUMBER_MARKS = re.compile(
    r"\[\s*\d+(?:\s*[,，-]\s*\d+)*\s*\]|\(\s*\d+(?:\s*,\s*\d+)*\s*\)|[¹²³⁰⁴-⁹]+|\d+(?:\s*[,，]\s*\d+)*|[*†‡§¶#✉∗⁎✝＊]+"
)
_NAME_WORD = re.compile(
    r"(?:[A-ZÀ-ÖØ-ÞĀ-Ž][\w'’.\-]*|(?:van|von|der|den|de|del|della|di|da|dos|du|la|le|el|al|bin|ter|ten|zu|y)|[A-Z]\.(?:-?[A-Z]\.)*)"
)
_CUT = re.compile(r"\bet al\.?|(?<![,，、\s])[,，、\s]*+等$|\band \d+ (?:others|more).*|\.\.\.|…|\+\s*\d+.*")
_NO_INITIALS = re.compile(r"[A-ZÀ-Ý'’-]{3,}\s|[B-DF-HJ-NP-TV-Z][AEIOU]\s")
_FAMILY_FIRST = re.compile(r"[A-ZÀ-Ý][A-ZÀ-Ý'’-]+\s+[A-ZÀ-Ý][a-zà-ÿ]")


def names_in(text: str, *, alone: bool = False) -> tuple[tuple[Name, ...], bool]:
    """Return the authors that a line lists, and whether it says that there are more; nothing when it is no such list.

    alone : accept a single name too, where the place on the page says that it is an author.
    """
    table = words()
    plain = table.degrees.sub(" ", text.strip().strip(".。"))
    plain = re.sub(r"^(?:authors?|作者|by)\s*[:：]?\s+", "", plain, flags=re.IGNORECASE)
    cut = bool(re.search(r"\bet al\b|[,，、\s]等$|\band \d+ (?:others|more)|\+\s?\d+ ", plain))
    plain = _CUT.sub(" ", plain)
    inner = ";" in plain or "；" in plain
    marked = _NUMBER_MARKS.sub(" ; " if not inner else " ", plain)
    if inner and re.search(r"\w,\s*\w", marked):
        parts = re.split(r"[;；]", marked)  # Kowalska, Anna; Li, Bo
    else:
        parts = re.split(r"[;；,，、·•|]|\s+(?:and|&|und|et|和|与)\s+|\s{2,}|\t", marked)
    parts = [one for part in parts for one in _apart(part)]
    tokens = [token for part in parts if (token := part.strip(" .,;:：-–&()（）[]"))]
    tokens = [
        re.sub(r"^(?:and|&)\s+|\s+[a-e]$", "", token) for token in tokens if len(token) > 1 and token.lower() != "and"
    ]
    if not tokens or (len(tokens) == 1 and not alone):
        return (), False
    good = [token for token in tokens if _is_name(token)]
    if len(good) < len(tokens) - len(tokens) // 8:
        return (), False
    if all(_FAMILY_FIRST.match(token) for token in good) and any(_NO_INITIALS.match(token) for token in good):
        good = [re.sub(r"\s+", ", ", token, count=1) for token in good]  # MA Junjie, XU Wenjing
    return tuple(dict.fromkeys(person(token) for token in good)), cut


def _apart(text: str) -> list[str]:
    """Split Chinese names that only blanks part; a blank inside a name of two characters does not (罗 平)."""
    pieces = text.split()
    several = len(pieces) > 1 and all(HAN_CHARACTER.match(piece) and len(piece.strip("*,，;")) > 1 for piece in pieces)
    return pieces if several else [text]


def _is_name(token: str) -> bool:
    han = HAN_CHARACTER.findall(token)
    if han:
        plain = token.replace(" ", "").replace("·", "")
        return 2 <= len(plain) <= 4 and len(han) == len(plain) and plain[0] in words().surnames
    parts = [part for part in re.split(r"[\s,]+", token) if part]
    if not 2 <= len(parts) <= 6 or len(token) > 50 or re.search(r"\d|[@:?!()/]", token):
        return False
    if any(len(part) > 1 and part.lower().strip(".'") in words().not_in_names for part in parts):
        return False
    return all(_NAME_WORD.fullmatch(part) for part in parts) and sum(part[:1].isupper() for part in parts) >= 2


def is_like_citation(text: str) -> bool:
    """Tell whether a line has the shape of a citation, whatever its words are."""
    return any(pattern.match(text) for pattern in _CITATION)


def citation_in(text: str, *, title: str) -> dict[str, str]:
    """Read ``Journal. 2021 Mar;12(3):45-56`` into journal, date, volume, issue and pages; empty when it is no citation.

    title : of the article, which is no journal.
    """
    for pattern in _CITATION:
        match = pattern.match(text)
        if not match:
            continue
        unsure = not match["volume"] and pattern is not _CITATION[0] and not words().journal.match(match["journal"])
        if unsure and names_in(match["journal"], alone=True)[0]:
            continue
        parts = {name: (value or "").strip(" .,，") for name, value in match.groupdict().items()}
        if not (parts.get("volume") or parts.get("date")) or same_text(parts["journal"], title):
            continue
        if month_of(parts["journal"]) and len(parts["journal"].split()) < 3:
            continue
        if len(parts["journal"]) > 100 or words().any_furniture.search(parts["journal"]):
            continue
        return parts
    return {}


def year_issue(text: str) -> dict[str, str]:
    """Read ``2021,54(3)`` or ``2021年第54卷第3期`` into date, volume, issue and pages."""
    match = _YEAR_ISSUE.search(text)
    return {name: value for name, value in match.groupdict().items() if value} if match else {}
