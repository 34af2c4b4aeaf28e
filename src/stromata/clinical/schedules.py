"""How often and how far apart something was given: "three infusions at 2-week intervals", "每2周1次，共4次"."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Literal

from stromata.clinical.cues import is_of_a_drug, is_of_a_visit, nearest_cue, sentence
from stromata.clinical.quantities import FLAGS, chinese_number, fold
from stromata.model import Caution

DAYS_PER_MONTH = 30.0  # a month is taken as 30 days and a year as 365; the result says so
MOST_TIMES = 200  # more administrations than this is some other number
CLOSE = 12  # characters between a bare count, such as "twice", and the interval it belongs to
NEAR = 60  # characters between two pieces of one schedule in running text


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often and how far apart.

    Attributes
    ----------
    administrations : their number, or the lowest of a range; None when not stated.
    administrations_high : the highest of a range.
    interval_days : days between two administrations, or the shortest of a range; None when not stated or not even.
    interval_days_high : the longest of a range.
    days : days of administration as listed, counted from the day the text calls 0 or 1; empty when not listed.
    cautions : what had to be read into the text.
    """

    administrations: int | None = None
    administrations_high: int | None = None
    interval_days: float | None = None
    interval_days_high: float | None = None
    days: tuple[float, ...] = ()
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class ScheduleMatch:
    """A schedule found in a text; `start` and `end` are code points of `quote` in the text as given."""

    start: int
    end: int
    quote: str
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class _Piece:
    """One part of a schedule: a count, an interval, a duration or a list of days."""

    kind: Literal["count", "interval", "duration", "days"]
    start: int
    end: int
    low: float = 0.0
    high: float | None = None
    days: tuple[float, ...] = ()
    months: bool = False
    certain: bool = True


_WORDS = {
    word: number
    for number, words in enumerate(
        (
            ("a", "an", "one", "single", "once"),
            ("two", "twice", "double", "second", "other", "alternate"),
            ("three", "thrice", "third"),
            ("four", "fourth"),
            ("five",),
            ("six",),
            ("seven",),
            ("eight",),
            ("nine",),
            ("ten",),
            ("eleven",),
            ("twelve",),
        ),
        start=1,
    )
    for word in words
}
_N = r"(?:[0-9]{1,3}(?:\.[0-9])?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_SPAN = rf"{_N}(?:\s{{0,2}}(?:-|~|to|or|and|,)\s{{0,2}}{_N}){{0,3}}"
_TIME = r"(?:days?|weeks?|wks?|months?|mths?|mos?|years?|hours?|hrs?|d|w|m|h)"
_LONG = r"(?:days?|weeks?|wks?|months?|mths?|years?|hours?)"
_ZH_N = r"(?:[0-9]{1,3}|[一二两三四五六七八九十]{1,3})"
_ZH_SPAN = rf"{_ZH_N}(?:\s?(?:-|~|至|到|或)\s?{_ZH_N})?"
_ZH_TIME = r"(?:个?月|周|星期|礼拜|天|日|年|小时)"
_UNIT_DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0, "m": DAYS_PER_MONTH, "y": 365.0} | {
    "小": 1 / 24, "天": 1.0, "日": 1.0, "周": 7.0, "星": 7.0, "礼": 7.0,
    "月": DAYS_PER_MONTH, "个": DAYS_PER_MONTH, "年": 365.0
}  # fmt: skip
"""Days in a unit of time, by the first letter or character of its name."""

_ADVERBS = {
    "daily": 1.0,
    "weekly": 7.0,
    "fortnightly": 14.0,
    "monthly": DAYS_PER_MONTH,
    "quarterly": 3 * DAYS_PER_MONTH,
}
_CODES = {
    "qd": (1, 1),
    "qod": (1, 2),
    "bid": (2, 1),
    "tid": (3, 1),
    "qw": (1, 7),
    "biw": (2, 7),
    "tiw": (3, 7),
    "qow": (1, 14),
    "qm": (1, DAYS_PER_MONTH),
}
_OFTEN = rf"(?:(?P<often_>once|twice|thrice|{_N}\stimes?|one\s(?:dose|infusion|injection))[\s-])"

_INTERVALS = re.compile(
    rf"\b{_OFTEN.replace('often_', 'often1')}?(?:(?:every|each|per)\s|(?<!days\s)an?\s)(?:(?P<n1>{_SPAN}|other"
    rf"|second|third"
    rf"|fourth|alternate)[\s-])?(?P<u1>{_LONG})\b"
    rf"|\b(?:every|q\.?)\s?(?P<n2>[0-9]{{1,2}}(?:\s?[-–]\s?[0-9]{{1,2}})?)\s?-?(?P<u2>{_TIME})\b"
    rf"|\b(?P<code>{'|'.join(_CODES)})\b"
    rf"|\b{_OFTEN.replace('often_', 'often2')}?(?P<adverb>{'|'.join(_ADVERBS)})\b"
    rf"|/\s?(?P<u9>{_LONG}|d|wk)\b"
    rf"|(?P<n8>[0-9]{{1,2}})\s?[x×]\s?(?:/|per\s|an?\s)?\s?(?P<ua>day|daily|week|weekly|wk|month|monthly)\b"
    r"|\b(?P<unsure>bi-?weekly|bi-?monthly)\b"
    rf"|\b(?P<n3>{_N})-(?P<u3>weekly|monthly)\b"
    rf"|\b(?P<n4>{_SPAN}|an?)[\s-]?(?P<u4>{_LONG})\s?-?\s?(?:(?:long\s)?(?:time\s)?intervals?|apart|between)\b"
    rf"|\b(?:(?:an?\s)?intervals?(?:\s(?:of|was|were|between\s\w{{2,12}}))?|separated\sby|spaced"
    rf"|apart\sby)\s?[:=]?\s?(?P<n5>{_SPAN}|an?)[\s-]?(?P<u5>{_LONG}|[dw])\b"
    rf"|(?P<n6>{_ZH_N})\s?次\s?(?:/|每)\s?(?P<m6>{_ZH_N})?\s?(?P<u6>{_ZH_TIME})"
    rf"|每隔?\s?(?P<m7>{_ZH_SPAN})?\s?(?P<u7>{_ZH_TIME})(?:\s?(?:输注|注射|给药|治疗|静脉输注|移植"
    rf"|回输)?\s?(?P<n7>{_ZH_N})\s?次)?"
    rf"|(?:间隔|相隔)\s?(?:时间)?(?:为|约)?\s?(?P<m8>{_ZH_SPAN})\s?(?P<u8>{_ZH_TIME}|[dw]\b)"
    rf"|(?P<other>隔[日天周])(?:一次"
    rf"|1次)?",
    FLAGS,
)
_ROUTE_WORDS = (
    r"(?:i\.?v\.?|intravenous|intra-?[a-z]{4,12}|subcutaneous|sc|local|topical|systemic|consecutive|successive"
    r"|separate|repeated?|sequential|additional|further|equal|planned"
    r"|weekly|monthly|daily|fortnightly|bi-?weekly|[0-9]-weekly|cell|cells|stem|stromal|mesenchymal|UC|BM|AD|hUC"
    r"|[a-z]{0,6}-?MSCs?|SVF|exosome|EV|allogeneic|autologous|low|high|full|such|identical|bolus|scheduled)"
)
_EVENTS = (
    r"(?:infusions?|injections?|doses?|administrations?|transfusions?"
    r"|transplantations?|treatments?|applications?|rounds?|sessions?|shots?|implantations?)"
)
_COUNTS = re.compile(
    rf"\b(?P<n1>{_SPAN}|an?\ssingle|single|double)[\s-](?:{_ROUTE_WORDS}[\s-]){{0,4}}{_EVENTS}\b(?!\s(?:groups?"
    rf"|levels?|cohorts?|of\s(?:cells\s)?(?:per|each))\b)"
    rf"|(?<![0-9])\b(?P<n2>{_SPAN})\stimes\b(?!\s(?:higher|lower|more|less|greater|as|the|faster|that|than|larger"
    rf"|smaller|upper|a\s|per\s))"
    r"|\b(?P<n3>twice|thrice|once)\b(?!\s(?:as|the|that|more|a\s|per\s|daily|weekly|monthly|every))"
    r"|(?:^|(?<=[\s,;(¤])|(?<=[a-z0-9月周天日次]))[x×*]\s?(?P<n4>[0-9]{1,2})(?![0-9])(?!\s{0,2}(?:[.,·][0-9]"
    r"|[eE^]|[x×*·]\s?10|million|M\b|万|亿|百|千|cells?\b|个))"
    r"(?!\s?(?:days?|weeks?|wks?|months?|years?)\b)(?:\s(?:times|doses|infusions|injections|administrations)\b)?"
    rf"|(?P<n5>单)次(?!剂量|用量|给药量)(?:\s?(?:静脉)?(?:输注|注射|给药|移植|治疗|回输|输入))?"
    rf"|(?P<cue6>共计?|总共|总计|合计|连续|连用|输注|注射|治疗|给药|移植|回输|输入|分|仅|分别于?|每例)\s?(?:了|为"
    rf"|:)?\s?(?P<n6>{_ZH_SPAN})\s?次(?!\s?/|每|日|要)"
    rf"|(?<![每第0-9一二两三四五六七八九十])(?P<n7>{_ZH_SPAN})\s?次(?!\s?/|每|日|要|月"
    rf"|年)(?P<noun7>\s?(?:静脉)?(?:输注|注射|给药|移植|治疗|回输|输入))?",
    FLAGS,
)
_DURATIONS = re.compile(
    rf"(?:\bfor(?:\sa\stotal\sof)?|\bover|\bduring|[x×*])\s?(?:(?:the\sfirst"
    rf"|up\sto)\s)?(?P<n1>{_SPAN})(?:\s(?:consecutive|successive))?[\s-]?(?P<u1>{_LONG})\b(?!\s?(?:of\s)?(?:follow"
    rf"|observ|apart|interval))"
    rf"|(?:连续|连用|共|持续|疗程)\s?(?:治疗|用药|为"
    rf"|:)?\s?(?P<n2>{_ZH_SPAN})\s?(?P<u2>{_ZH_TIME})(?!\s?[0-9一二两三四五六七八九十]{{0,2}}\s?次)",
    FLAGS,
)
_DAY_UNIT = r"(?:days?|weeks?|wks?|months?|d|w|m)"
_DAYS = re.compile(
    rf"\b(?:(?P<u1>{_DAY_UNIT})\s?-?(?P<first>[0-9]{{1,3}})|(?P<base>baseline))(?P<rest>(?:\s{{0,2}}(?:,\s?(?:and"
    rf"|or)?|and|&|/|\+|then)\s{{0,2}}(?:(?:on\s|at\s)?{_DAY_UNIT}\s?)?[0-9]{{1,3}}(?![0-9]|\.[0-9]|\s?[x×*^%]"
    rf"|e[0-9]|\s?(?:mg|ml|million|times|patients|infusions|doses|cells|injections|administrations|weeks|months"
    rf"|days)\b)){{1,15}})"
    rf"|第\s?(?P<zfirst>{_ZH_N})\s?(?P<zu1>天|日|周|个?月)?(?P<zrest>(?:\s?(?:[,、/]|和|及"
    rf"|与)\s?第?\s?{_ZH_N}\s?(?:天|日|周|个?月)?){{1,15}})",
    FLAGS,
)
_DAY_ITEM = re.compile(rf"(?:(?<![A-Za-z])(?P<u>{_DAY_UNIT})\s?-?)?(?P<n>[0-9]{{1,3}})", FLAGS)
_ZH_DAY_ITEM = re.compile(rf"(?P<n>{_ZH_N})\s?(?P<u>天|日|周|个?月)?", FLAGS)


def _number(word: str) -> float | None:
    word = word.strip().lower()
    if word in _WORDS:
        return float(_WORDS[word])
    if re.fullmatch(r"[0-9]{1,3}(?:\.[0-9])?", word):
        return float(word)
    chinese = chinese_number(word)
    return None if chinese is None else float(chinese)


_SPLIT = re.compile(r"\s{0,2}(?:-|~|,|\bto\b|\bor\b|\band\b|至|到|或)\s{0,2}", FLAGS)


def _numbers(words: str | None) -> tuple[float, float | None]:
    """Return the lowest and, where they differ, the highest number of a span; 1 where nothing stands."""
    if not words:
        return 1.0, None
    words = re.sub(r"^an?\s(?=single)", "", words.strip(), flags=FLAGS)
    values = sorted(value for part in _SPLIT.split(words) if (value := _number(part)) is not None)
    if not values:
        return 1.0, None
    return values[0], values[-1] if values[-1] > values[0] else None


def _unit_days(unit: str) -> float:
    return _UNIT_DAYS[unit.lower()[0]]


def _named(found: re.Match[str], *names: str) -> str:
    return next((found[name] for name in names if found[name]), "")


def _intervals(text: str) -> list[_Piece]:
    """Return the intervals of a folded text."""
    pieces = []
    for found in _INTERVALS.finditer(text):
        often = 1.0
        low: float
        high: float | None = None
        certain, unit = True, _named(found, "u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8", "u9", "ua")
        if found["code"]:
            often, low = _CODES[found["code"].lower()]
        elif found["adverb"]:
            low, unit = _ADVERBS[found["adverb"].lower()], found["adverb"].lower()[:1]
            unit = "m" if unit == "q" else unit
        elif found["unsure"]:
            low, certain = 0.0, False
        elif found["other"]:
            low = 14.0 if found["other"][1] == "周" else 2.0
        else:
            low, high = _numbers(_named(found, "n1", "n2", "n3", "n4", "n5", "m6", "m7", "m8"))
            low, high = low * _unit_days(unit), None if high is None else high * _unit_days(unit)
        times = _named(found, "often1", "often2", "n6", "n7", "n8")
        if times:
            often = _number(re.split(r"\s", times)[0]) or 1.0
        if low <= 0 and certain:
            continue
        months = bool(unit) and unit.lower()[0] in "my月个年"
        pieces.append(
            _Piece(
                "interval",
                *found.span(),
                low / often,
                None if high is None else high / often,
                months=months,
                certain=certain,
            )
        )
    return pieces


def _counts(text: str, *, running: bool) -> list[_Piece]:
    """Return the numbers of administrations; in running text only those that speak of giving something."""
    pieces = []
    for found in _COUNTS.finditer(text):
        words = _named(found, "n1", "n2", "n3", "n4", "n5", "n6", "n7")
        low, high = (1.0, None) if words == "单" else _numbers(words)
        if low < 1 or low != int(low) or (high or low) > MOST_TIMES or (high and high != int(high)):
            continue
        if running and is_of_a_drug(text, *found.span()):
            continue
        certain = not running or _speaks_of_giving(text, found)
        pieces.append(_Piece("count", *found.span(), low, high, certain=certain))
    return pieces


_TIMES_OF = re.compile(
    r"(?:kg|cells?|week(?:ly|s)?|month(?:ly|s)?|days?|daily|q[0-9]{0,2}[dwm]|[周月天日次个])\s?[,(]?\s?$", FLAGS
)


_ANY_TREATMENT = re.compile(r"(?:treatments?|applications?|rounds?|sessions?)$", FLAGS)
_PRODUCT = re.compile(
    r"MSCs?(?![A-Za-z])|\b(?:stem|stromal|progenitor|cells?|cellular|infus\w+|inject\w+|exosom\w+|vesicles?|s?EVs?"
    r"|secretome|conditioned|SVF|ADSCs?)\b",
    FLAGS,
)


def _speaks_of_giving(text: str, found: re.Match[str]) -> bool:
    """Tell whether a count in running text is one of administrations by its own words or by those around it."""
    if found["n1"]:  # treatments and sessions may be of anything; infusions hardly are
        left, right = sentence(text, *found.span())
        return _ANY_TREATMENT.search(found[0]) is None or _PRODUCT.search(text, left, right) is not None
    if found["n4"]:
        return _TIMES_OF.search(text, max(0, found.start() - 12), found.start()) is not None
    if found["n5"] or found["noun7"] or (found["cue6"] and found["cue6"] in _GIVING_ZH):
        return True
    return nearest_cue(text, *found.span()) == "given" and not is_of_a_visit(text, *found.span())


_GIVING_ZH = {"输注", "注射", "治疗", "给药", "移植", "回输", "输入"}


def _durations(text: str) -> list[_Piece]:
    pieces = []
    for found in _DURATIONS.finditer(text):
        unit = _named(found, "u1", "u2")
        low, _ = _numbers(_named(found, "n1", "n2"))
        pieces.append(_Piece("duration", *found.span(), low * _unit_days(unit), months=unit.lower()[0] in "my月个年"))
    return pieces


def _day_lists(text: str) -> list[_Piece]:
    """Return lists of days or weeks: "days 0 and 14", "day 0, week 4 and week 8", "第0、2、4周"."""
    pieces = []
    for found in _DAYS.finditer(text):
        if found["zfirst"]:
            items = [
                (item["n"], item["u"] or "") for item in _ZH_DAY_ITEM.finditer(text, found.start("zfirst"), found.end())
            ]
            for place in range(len(items) - 2, -1, -1):  # "第0、2、4周": the unit stands behind the last
                items[place] = (items[place][0], items[place][1] or items[place + 1][1])
        else:
            first = found.start("u1") if found["u1"] else found.start("rest")
            items = [(item["n"], item["u"] or "") for item in _DAY_ITEM.finditer(text, first, found.end())]
            for place in range(1, len(items)):
                items[place] = (items[place][0], items[place][1] or items[place - 1][1])
        if not all(unit for _, unit in items):
            continue
        days = [(_number(number) or 0.0) * _unit_days(unit) for number, unit in items]
        days = [0.0, *days] if found["base"] else days
        if len(days) > 1 and days == sorted(set(days)):
            months = any(unit[0] in "mM月个" for _, unit in items)
            pieces.append(_Piece("days", *found.span(), days=tuple(days), months=months))
    return pieces


def _without(text: str, lists: list[_Piece]) -> str:
    """Return the text with lists of days hidden, so that their numbers do not run into a count."""
    parts, done = [], 0
    for piece in lists:
        parts += [text[done : piece.start], "¤" * (piece.end - piece.start)]
        done = piece.end
    return "".join((*parts, text[done:]))


def _pieces(text: str, *, running: bool) -> list[_Piece]:
    """Return all parts of schedules in a folded text, by place."""
    intervals, lists, durations = _intervals(text), _day_lists(text), _durations(text)
    if running:
        intervals = [
            p for p in intervals if not is_of_a_drug(text, p.start, p.end) and not is_of_a_visit(text, p.start, p.end)
        ]
        lists = [p for p in lists if not is_of_a_drug(text, p.start, p.end) and not is_of_a_visit(text, p.start, p.end)]
    taken = sorted(intervals + lists, key=lambda piece: piece.start)
    starts = [piece.start for piece in taken]
    counts = []
    for count in _counts(_without(text, lists), running=running):
        place = bisect_right(starts, count.start)
        if not any(count.end <= piece.end for piece in taken[max(0, place - 2) : place]):  # the "1次" of "每周1次"
            counts.append(count)
    return sorted(taken + durations + counts, key=lambda piece: (piece.start, piece.end))


def _even(days: tuple[float, ...]) -> float | None:
    gaps = {later - earlier for earlier, later in pairwise(days)}
    return gaps.pop() if len(gaps) == 1 else None


def _assemble(pieces: list[_Piece]) -> Schedule:
    """Put the parts of one schedule together."""
    cautions: list[Caution] = []
    schedule = Schedule()
    counts = list(
        dict.fromkeys((int(p.low), None if p.high is None else int(p.high)) for p in pieces if p.kind == "count")
    )
    intervals = list(dict.fromkeys((p.low, p.high) for p in pieces if p.kind == "interval" and p.certain))
    lists = [p for p in pieces if p.kind == "days"]
    durations = [p for p in pieces if p.kind == "duration"]
    if lists:
        days = lists[0].days
        schedule = replace(schedule, administrations=len(days), interval_days=_even(days), days=days)
    if counts and not lists:
        schedule = replace(schedule, administrations=counts[0][0], administrations_high=counts[0][1])
    if intervals and not lists:
        schedule = replace(schedule, interval_days=intervals[0][0], interval_days_high=intervals[0][1])
    if len(counts) > 1 or (lists and counts and counts[0] != (len(lists[0].days), None)):
        schedule = replace(schedule, administrations=None, administrations_high=None)
        cautions.append(
            Caution("conflicting-schedule", "The text gives more than one number of administrations; none was chosen.")
        )
    if len(intervals) > 1 and not lists:
        schedule = replace(schedule, interval_days=None, interval_days_high=None)
        cautions.append(Caution("conflicting-schedule", "The text gives more than one interval; none was chosen."))
    if any(p.kind == "interval" and not p.certain for p in pieces):
        text = "“Biweekly” and “bimonthly” can mean twice in the period or every second one; the interval was not read."
        cautions.append(Caution("ambiguous-interval", text))
    if (
        durations
        and not counts
        and not lists
        and len(intervals) == 1
        and schedule.interval_days
        and not intervals[0][1]
    ):
        schedule = _from_duration(schedule, durations[0].low, cautions)
    if any(p.months for p in pieces if p.kind != "duration"):
        cautions.append(Caution("month-length", "A month was taken as 30 days and a year as 365 days."))
    return replace(schedule, cautions=tuple(cautions))


def _from_duration(schedule: Schedule, duration: float, cautions: list[Caution]) -> Schedule:
    """Count administrations from "weekly for 4 weeks": one at the start of each interval."""
    times = duration / (schedule.interval_days or 1.0)
    if abs(times - round(times)) > 0.25 or not 1 <= round(times) <= MOST_TIMES:
        return schedule
    text = (
        f"The number of administrations was worked out: {duration:g} days of treatment at one every "
        f"{schedule.interval_days:g} days make {round(times)}; one more if the last day counts too."
    )
    cautions.append(Caution("administrations-from-duration", text))
    return replace(schedule, administrations=round(times))


@cache
def _blockers() -> re.Pattern[str]:
    return re.compile(
        r"[;\n。]|[.!?]\s|\b(?:follow|assess|evaluat|patients?\s(?:were|had)|placebo|control)|随访|复查|评估", FLAGS
    )


def _fits(text: str, group: dict[str, _Piece], end: int, piece: _Piece) -> bool:
    """Tell whether a piece belongs to the schedule that the pieces before it make up."""
    gap = piece.start - end
    if gap > NEAR or (gap > 0 and _blockers().search(text, end, piece.start)):
        return False
    same = group.get(piece.kind)
    if same is not None and (same.low, same.high, same.days) != (piece.low, piece.high, piece.days):
        return False
    count = piece if piece.kind == "count" else group.get("count")
    if count is None:
        return True
    once = count.low == 1 and (piece.kind == "interval" or "interval" in group)
    return not once and (count.certain or gap <= CLOSE)


def _group(text: str, pieces: list[_Piece]) -> list[list[_Piece]]:
    """Put together the pieces that belong to one schedule of running text."""
    groups: list[list[_Piece]] = []
    kinds: dict[str, _Piece] = {}
    end = 0
    for piece in pieces:
        if groups and _fits(text, kinds, end, piece):
            groups[-1].append(piece)
            end = max(end, piece.end)
        else:
            groups.append([piece])
            kinds, end = {}, piece.end
        kinds.setdefault(piece.kind, piece)
    return [group for group in groups if any(_stands_alone(piece) for piece in group)]


def _stands_alone(piece: _Piece) -> bool:
    """Tell whether a piece says something by itself; "twice" and "4次" need an interval beside them."""
    return piece.kind in {"interval", "days"} or (piece.kind == "count" and piece.certain)


def read_schedule(text: str) -> Schedule:
    """Read a text that is known to be a schedule, such as a cell of a table.

    Everything in the text is taken together; numbers that contradict one another give a caution and no choice.
    """
    return _assemble(_pieces(fold(text), running=False))


def find_schedules(text: str) -> tuple[ScheduleMatch, ...]:
    """Find numbers of administrations and intervals in running text, English or Chinese.

    Schedules of follow-up visits and of named drugs are left alone.

    Returns
    -------
    Matches in the order of the text; `start` and `end` count code points of the text as given.
    """
    folded = fold(text)
    matches = []
    for group in _group(folded, _pieces(folded, running=True)):
        start, end = group[0].start, max(piece.end for piece in group)
        schedule = _assemble(group)
        if schedule.administrations is None and schedule.interval_days is None and not schedule.cautions:
            continue
        matches.append(ScheduleMatch(start, end, text[start:end], schedule))
    return tuple(matches)
