"""How many took part, how long they were followed, how many responded, had adverse events or died: Chinese text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from stromata.extraction.suggestions.claims import Claim, best
from stromata.extraction.suggestions.enrolment import months
from stromata.extraction.suggestions.numerals import COUNT_ZH, whole
from stromata.extraction.suggestions.passages import Passage, Sentence
from stromata.extraction.suggestions.results import DOES_NOT_FIT, Cue, Fraction

_N = rf"(?P<count>{COUNT_ZH})"
_N2 = rf"(?P<count2>{COUNT_ZH})"
_PEOPLE = r"(?:患者|病人|患儿|受试者|病例|志愿者|对象)"
_WHAT = r"[^，,。；;()\d]{0,30}?"
_ENROLLED: tuple[tuple[str, int, re.Pattern[str]], ...] = (
    # 共纳入40例患者, 入选银屑病患者40例, 选取2019年1月至2020年1月收治的40例患者
    (
        "n:taken",
        92,
        re.compile(
            rf"(?:纳入|入组|入选|招募|募集|收集|选取|选择|(?<!筛)选[取择]?|收录)(?:了)?(?:[^。；;()]{{0,60}}?(?:收治|就诊|住院|治疗)的?)?{_WHAT}(?:共"
            rf"|共计)?{_N}\s?(?:例|名|位)(?!\s?(?:健康|正常|对照))"
        ),
    ),
    (
        "n:total",
        95,
        re.compile(
            rf"(?:共有|共计|总计|合计|共)(?:纳入|入组|入选|招募|收集|治疗)?{_WHAT}{_N}\s?(?:例|名|位)(?!\s?(?:健康|正常|对照))"
        ),
    ),
    # 将40例患者随机分为
    (
        "n:taken",
        90,
        re.compile(
            rf"(?:将|对)(?:入选的|符合[^，。；]{{0,12}}的|所有)?{_WHAT}{_N}\s?(?:例|名"
            rf"|位){_WHAT}(?:{_PEOPLE}[^，。；]{{0,12}})?(?=[^，。；]{{0,12}}(?:随机|分为|分成|给予|进行|行|采用))"
        ),
    ),
    (
        "n:treated",
        70,
        re.compile(
            rf"{_N}\s?(?:例|名|位){_WHAT}{_PEOPLE}(?=[^。；]{{0,20}}(?:接受|自愿|分为|分成|分入|给予|采用|行|均|予|入组|纳入|参与|完成了?输注))"
        ),
    ),
    ("n:title", 62, re.compile(rf"治疗[^，。；\d]{{2,24}}?{_N}\s?例(?=[，,。；\s:]|的|临床|疗效|$)")),
    ("n:title", 65, re.compile(rf"{_PEOPLE}\s?{_N}\s?(?:例|名|位)")),
    ("n:title", 60, re.compile(rf"{_N}\s?(?:例|名|位){_WHAT}{_PEOPLE}")),
)
_TITLE_CASES = re.compile(rf"{_N}\s?例(?:报告|临床|分析|观察|疗效)|附\s?{_N2}\s?例|(?P<one>个案报[告道]|病例报[告道])")
_ONE_PATIENT = re.compile(r"患者[,，]?(?:男|女)(?:性|童)?[,，]?\s?\d{1,2}岁")
_MICE = re.compile(
    rf"{_N}\s?只[^，。；\d]{{0,16}}?(?:小鼠|大鼠|兔|犬|猴|鼠|猪|羊)|(?:小鼠|大鼠|家?兔|犬|猴|裸鼠|猪"
    rf"|羊)(?:共)?\s?{_N2}\s?只"
)
_SHARE_BEFORE = re.compile(
    r"(?:每组|各|其中|组|筛选|筛查|排除|剔除|脱落|失访|退出|男|女|另|健康|对照|有效|缓解|无效|显效|痊愈|好转|发生|出现)[^，。；,;]{0,8}$"
)
_SHARE_AFTER = re.compile(
    r"^[^，。；,;]{0,3}(?:\(\s?\d|出现|发生|达到|达|死亡|有效|缓解|无效|痊愈|好转|失访|脱落|退出|复发|女|男|[/／]组|健康|各|为?对照|未)|^[^，。；]{0,8}(?:各"
    r"|每组)(?=\d)"
)


_HAN = re.compile(r"[\u4e00-\u9fff]")


def _chinese(passage: Passage) -> Iterator[Sentence]:
    """Yield the sentences that hold Chinese characters."""
    return (sentence for sentence in passage.sentences if _HAN.search(passage.text, sentence.start, sentence.end))


def enrolled(passage: Passage) -> Iterator[Claim]:
    """Yield at most one claim of how many people, and one of how many animals, took part."""
    people: list[Claim] = []
    animals: list[Claim] = []
    for sentence in _chinese(passage):
        for rule, rank, pattern in _ENROLLED:
            for match in pattern.finditer(passage.text, sentence.start, sentence.end):
                claim = _people(passage, sentence, match, rule, rank)
                people += [claim] if claim else []
        for match in _TITLE_CASES.finditer(passage.text, sentence.start, sentence.end):
            value = 1 if match["one"] else whole(match["count"] or match["count2"])
            if value and passage.own(match.start()):
                people.append(Claim("n", str(value), "patients", match.start(), match.end(), "n:title", 55))
        for match in _ONE_PATIENT.finditer(passage.text, sentence.start, sentence.end):
            if passage.own(match.start()):
                people.append(Claim("n", "1", "patients", match.start(), match.end(), "n:one-case", 56))
        for match in _MICE.finditer(passage.text, sentence.start, sentence.end):
            value = whole(match["count"] or match["count2"])
            shared = _SHARE_BEFORE.search(passage.text[max(sentence.start, match.start() - 12) : match.start()])
            if value and not shared and passage.own(match.start()):
                animals.append(Claim("n", str(value), "animals", match.start(), match.end(), "n:treated", 60))
    yield from (claim for claim in (best(people), best(animals)) if claim is not None)


def _people(passage: Passage, sentence: Sentence, match: re.Match[str], rule: str, rank: int) -> Claim | None:
    value = whole(match["count"])
    text = passage.text
    before = re.sub(r"对照(?:研究|试验)", "", text[max(sentence.start, match.start() - 12) : match.start()])
    number_at = match.start("count")
    nearer = text[max(match.start(), number_at - 8) : number_at].replace("入组", "")
    if not value or not passage.own(number_at) or re.search(r"每组|各|组|排除|剔除|筛选|其中|健康|对照", nearer):
        return None
    if _SHARE_BEFORE.search(before) or (
        rank < 90 and _SHARE_AFTER.match(text[match.end() : min(match.end() + 14, sentence.end)])
    ):
        return None
    if (
        re.search(r"每组|各$|组$", text[max(sentence.start, number_at - 4) : number_at].replace("入组", ""))
        or "排除" in match.group()
        or "筛" in match.group()
    ):
        return None
    if rank < 90 and value == 1:
        return None
    return Claim("n", str(value), "patients", match.start(), match.end(), rule, rank)


_GROUPS = re.compile(
    rf"(?:分为|分成|分配至|分入|分到|设为?|设立|共)(?:[^，。；]{{0,20}}?)(?P<count>{COUNT_ZH})\s?(?:个)?(?:剂量|治疗|试验|实验|研究)?(?:组|臂)"
)
_TWO_GROUPS = re.compile(r"(?P<count>两|二|三|四|2|3|4)组(?=患者|间|均|比较|病人|小鼠|大鼠|的|治疗|疗效|在|不良)")
_ARMS = re.compile(r"(?P<count>双|三|四)(?:臂|组)(?=[^，。；]{0,8}(?:试验|研究|设计|临床|开放))")
_NAMED = re.compile(r"(?:分为|分成|分配至|分入|分到|设|设立)(?P<list>[^。；]{2,120})")
_NAME = re.compile(r"[^、，,和与及。；()\s]{1,16}?(?:组|臂)")
_SEVERAL = re.compile(
    r"(?P<name>(?:治疗|对照|观察|试验|实验|常规|联合|单药|药物|细胞|干细胞|安慰剂|模型|空白|正常|病例|[低中高](?:剂量)?|[A-D])组)"
    r"(?=[^，。；]{0,4}?(?:\d|$|[,，。；:(、和与）)]))"
)
"""Groups by their usual names, beside a number or at the end of a clause."""
_CONTROLS = frozenset({"对照组", "常规组", "安慰剂组"})
_EACH = re.compile(r"[^，。；、\s\d]{1,10}组(?:、[^，。；、\s\d]{1,10}组)*(?:和|与|及)[^，。；、\s\d]{1,10}组各\s?\d")
_RATIO = re.compile(r"(?<![\d:])\d{1,2}(?:\s?:\s?\d{1,2}){1,4}(?![\d:])")


def arms(passage: Passage) -> Iterator[Claim]:
    """Yield at most one claim of the number of groups."""
    claims: list[Claim] = []
    text = passage.text
    for sentence in _chinese(passage):
        for pattern, rank in ((_ARMS, 95), (_GROUPS, 90), (_TWO_GROUPS, 60)):
            for match in pattern.finditer(text, sentence.start, sentence.end):
                count = whole(match["count"])
                if count and (count > 1 or pattern is _ARMS) and count <= 12:
                    claims.append(Claim("arms", str(count), "", match.start(), match.end(), "arms:stated", rank))
        for match in _NAMED.finditer(text, sentence.start, sentence.end):
            names = list(_NAME.finditer(text, match.start("list"), match.end()))
            distinct = {
                re.sub(r"^(?:为|成|至|入)", "", name.group())
                for name in names
                if not re.match(r"每组|[两二三四]组|各组|\d", name.group())
            }
            if len(distinct) > 1:
                claims.append(Claim("arms", str(len(distinct)), "", match.start(), names[-1].end(), "arms:list", 70))
        named = list(_SEVERAL.finditer(text, sentence.start, sentence.end))
        names_here = {match["name"] for match in named}
        if 2 < len(names_here) <= 8 or (len(names_here) == 2 and names_here & _CONTROLS):
            rank = 30 + len(names_here)
            claims.append(
                Claim("arms", str(len(names_here)), "", named[0].start(), named[-1].end(), "arms:named", rank)
            )
        for match in _EACH.finditer(text, sentence.start, sentence.end):
            count = len(re.findall(r"组(?=[、和与及各])", match.group()))
            claims.append(Claim("arms", str(count), "", match.start(), match.end(), "arms:list", 75))
        if re.search(r"随机|分配|比例", text[sentence.start : sentence.end]):
            claims += [
                Claim("arms", str(match.group().count(":") + 1), "", match.start(), match.end(), "arms:ratio", 85)
                for match in _RATIO.finditer(text, sentence.start, sentence.end)
            ]
    chosen = best(claim for claim in claims if passage.own(claim.start))
    if chosen is not None:
        yield chosen


_UNITS = {"天": "d", "日": "d", "周": "w", "星期": "w", "月": "m", "年": "y"}
_FOLLOW = re.compile(
    r"(?:随访|追踪观察|观察随访|追踪)(?:的)?(?:时间|期限|期|观察|至|时长)?[^。；,，\d一二三四五六七八九十两半]{0,14}?"
    r"(?:\d{1,2}\s?[-~至到]\s?\d{1,3}\s?个?(?:月|周|年|天)[,，]\s?(?:中位"
    r"|平均)[^\d]{0,6})?(?P<amount>\d{1,4}(?:\.\d{1,2})?|[一二三四五六七八九十两]{1,3}|半)"
    r"(?:\s?[-~至到]\s?(?P<upper>\d{1,4}(?:\.\d{1,2})?))?(?:\s?±\s?\d{1,3}(?:\.\d{1,2})?)?\)?(?:\s?\(\s?\d{1,3}(?:\.\d)?\s?[-~至到]\s?\d{1,3}(?:\.\d)?\s?\))?\s?个?(?P<unit>天|日|周"
    r"|星期|月|年)(?!\d{0,2}月)(?P<and_half>半)?"
    r"|(?P<amount2>\d{1,4}(?:\.\d{1,2})?|[一二三四五六七八九十两]{1,3})\s?个?(?P<unit2>天|周|月|年)的?(?:临床)?(?:随访)"
)


def follow_up(passage: Passage) -> Iterator[Claim]:
    """Yield a claim for each length of follow-up that the text states."""
    for sentence in _chinese(passage):
        for match in _FOLLOW.finditer(passage.text, sentence.start, sentence.end):
            amount, unit = match["amount"] or match["amount2"], match["unit"] or match["unit2"]
            half = amount == "半"
            if match["and_half"] and whole(amount) is not None:
                amount = f"{whole(amount)}.5"
            value = months(
                "6" if half and unit == "年" else amount, "m" if half else _UNITS[unit], upper=match["upper"]
            )
            if value and passage.own(match.start()) and not (half and unit != "年"):
                yield Claim("followup_months", value, "months", match.start(), match.end(), "followup:length", 90)


# --- responders, adverse events, deaths -----------------------------------------------------------------------------

_PERCENT = r"\d{1,3}(?:\.\d{1,3})?\s?%"
_FRACTIONS = (
    re.compile(
        rf"(?:(?P<before>{_PERCENT})\s?[(\[]\s?|{COUNT_ZH}\s?(?:例|名"
        rf"|只)[^，。；\d()]{{0,10}}\(\s?)?(?<![\d./^-])(?P<events>\d{{1,4}})\s?/\s?(?P<total>\d{{1,4}})(?![\d/]"
        rf"|\.\d)\s?例?(?:{_PEOPLE})?(?:\s?[(,，]\s?(?P<after>{_PERCENT}))?[)\]]?"
    ),
    re.compile(
        rf"(?P<total>{COUNT_ZH})\s?(?:例|名|只)(?:[^，。；\d]{{0,8}}?(?:{_PEOPLE}|者|鼠|兔))?(?:中|里)[,，]?(?:共|有"
        rf"|共有)?\s?(?P<events>{COUNT_ZH})\s?(?:例|名|只)(?:{_PEOPLE})?(?:\s?[(,，]\s?(?:占)?(?P<after>{_PERCENT})\s?"
        rf"[)]?)?"
    ),
)
_ALL = re.compile(
    rf"(?P<total>{COUNT_ZH})\s?(?:例|名)(?:{_PEOPLE})?(?:均|全部|都)(?!未|无|没|接受|行|给予|采用|完成|为|予|来自|签署|有|在|于)"
)
_NONE = re.compile(rf"(?P<total>{COUNT_ZH})\s?(?:例|名)(?:{_PEOPLE})?(?:均|全部|都)(?:未|无|没有)")
_WHOLE_GROUP = re.compile(rf"(?P<total>{COUNT_ZH})\s?(?:例|名)(?:[^，。；\d]{{0,8}}?{_PEOPLE})?(?:中|里)")
_CASES = re.compile(rf"(?P<events>{COUNT_ZH})\s?例(?:\s?\(\s?(?:占)?(?P<after>{_PERCENT})\s?\))?")

_CUES = re.compile(
    r"(?P<criterion>(?:PASI|EASI|SCORAD|ACR|SALT|LoSCAT|VASI)[ -]?(?:20|30|50|70|75|80|90|100)(?:应答|缓解|反应|达标)?)"
    r"|(?P<sri>SRI[ -]?\(?[4-8]\)?(?:应答|缓解|反应|达标)?)"
    r"|(?P<mixed>总有效|总体缓解|总缓解)|(?P<complete>完全(?:应答|反应|闭合|愈合|清除|消退|有效)|痊愈|治愈)|(?P<partial>部分(?:缓解|应答|反应|好转|有效))"
    r"|(?P<sae>严重(?:的)?(?:不良事件|不良反应|副作用|副反应))|(?P<ae>不良事件|不良反应|副作用|副反应|毒副反应|毒副作用)|(?P<death>死亡|病死|病故)|(?P<relapse>复发)"
    r"|(?P<remission>完全缓解|缓解)|(?P<response>应答|有反应)|(?P<improved>有效|显效|好转|改善)"
    r"|(?P<none>发热|头痛|感染|腹泻|皮疹|男|女|失访|脱落|退出|无效|纳入|入组|接受|红斑|疼痛|乏力|恶心)",
    re.IGNORECASE,
)
_FIELDS = {
    "mixed": ("responders", "response"),
    "complete": ("responders", "complete response"),
    "partial": ("responders", "partial response"),
    "sae": ("adverse_events", "serious"),
    "ae": ("adverse_events", ""),
    "death": ("deaths", ""),
    "relapse": ("responders", "relapse"),
    "remission": ("responders", "remission"),
    "response": ("responders", "response"),
    "improved": ("responders", "response"),
    "none": ("", ""),
}


def _cues(text: str, start: int, end: int) -> list[Cue]:
    found = []
    for match in _CUES.finditer(text, start, end):
        if re.search(r"(?:无|未见?|没有|未发生|未出现)(?:明显)?$", text[max(start, match.start() - 5) : match.start()]):
            continue
        name = match.lastgroup or "none"
        if name == "criterion":
            found.append(
                Cue(match.start(), match.end(), "responders", re.sub(r"[^A-Za-z\d]", "", match.group().upper()))
            )
        elif name == "sri":
            found.append(Cue(match.start(), match.end(), "responders", f"SRI-{re.sub(r'[^4-8]', '', match.group())}"))
        else:
            found.append(Cue(match.start(), match.end(), *_FIELDS[name]))
    return found


def _fractions(text: str, start: int, end: int) -> list[Fraction]:
    found: list[Fraction] = []

    def add(match: re.Match[str], events: int | None, total: int | None) -> None:
        if (
            events is None
            or not total
            or events > total
            or any(one.start < match.end() and match.start() < one.end for one in found)
        ):
            return
        groups = match.groupdict()
        written = groups.get("before") or groups.get("after")
        fits = written is None or abs(float(written.rstrip("% ")) - 100 * events / total) <= 1.0
        found.append(Fraction(match.start(), match.end(), events, total, fits))

    for pattern in _FRACTIONS:
        for match in pattern.finditer(text, start, end):
            add(match, whole(match["events"]), whole(match["total"]))
    for match in _NONE.finditer(text, start, end):
        add(match, 0, whole(match["total"]))
    for match in _ALL.finditer(text, start, end):
        add(match, whole(match["total"]), whole(match["total"]))
    group = _WHOLE_GROUP.search(text, start, end)
    total = whole(group["total"]) if group else None
    if group and total:
        for match in _CASES.finditer(text, group.end(), end):
            events = whole(match["events"])
            if events is not None and (
                not match["after"] or abs(float(match["after"].rstrip("% ")) - 100 * events / total) <= 1.0
            ):
                add(match, events, total)
    return sorted(found, key=lambda one: one.start)


_SAYS_NEXT = re.compile(
    r"(?:率|者|患者|的|比例|为|是|达|有|共|:|分别为|约为|\(|占|发生|出现|于|在|\s|[^，。；、\d]{1,8}组)*"
)


_LIST_GAP = re.compile(r"(?:应答|缓解|者|率|和|及|与|、|[,，\s])*")


def _meant(text: str, sentence: Sentence, all_cues: list[Cue], found: list[Fraction]) -> list[Cue | None]:
    """Return what each fraction counts: words in it or right before it ("有效率为"), or else those right after it.

    Of several groups only one stands with the words: "试验组17例、安慰剂组9例达到".
    """
    listed = [cue for cue in all_cues if cue.field and found and cue.end <= found[0].start]
    if (
        1 < len(listed) == len(found) == len({cue.unit for cue in listed})
        and "分别" in text[listed[-1].end : found[0].start]
        and all(_LIST_GAP.fullmatch(text, one.end, other.start) for one, other in pairwise(listed))
    ):
        return list(listed)
    meant: list[Cue | None] = []
    for number, fraction in enumerate(found):
        previous = found[number - 1].end if number else sentence.start
        following = found[number + 1].start if number + 1 < len(found) else sentence.end
        inside = [cue for cue in all_cues if fraction.start <= cue.start and cue.end <= fraction.end]
        behind = [cue for cue in all_cues if previous <= cue.start and cue.end <= fraction.start]
        ahead = [cue for cue in all_cues if fraction.end <= cue.start < following]
        chosen: Cue | None = None
        if inside:
            chosen = inside[-1]
        elif behind and _SAYS_NEXT.fullmatch(text[behind[-1].end : fraction.start]):
            chosen = behind[-1]
        elif (
            ahead
            and ahead[0].start - fraction.end <= 24
            and not re.search(r"[，,。；]", text[fraction.end : ahead[0].start])
        ):
            chosen = ahead[0]
        elif (
            number
            and meant[-1] is not None
            and re.fullmatch(r"[^\d。]{0,3}[^\d，。；、]{0,10}组?[^\d，。；、]{0,4}", text[previous : fraction.start])
            and not behind
        ):
            chosen = meant[-1]
        meant.append(chosen)
    for number in range(len(found) - 2, -1, -1):
        gap = text[found[number].end : found[number + 1].start]
        if meant[number] is None and re.fullmatch(r"[、，,和与及\s][^\d，。；]{0,12}组[^\d，。；]{0,4}", gap):
            meant[number] = meant[number + 1]
    return meant


_NO_EVENTS = re.compile(
    r"(?:未(?:见|发生|出现|观察到|发现|报告|有)|无|没有|均未(?:见|发生|出现))(?:任何|明显|显著|与[^，。；]{0,16}?相关的?|治疗相关|输注相关|相关"
    r"|其他)*(?:的)?(?P<list>(?:死亡(?:病例)?|感染|过敏反应)[、及和或与])?(?P<serious>严重)?(?:的)?"
    r"(?:不良事件|不良反应|毒副反应|毒副作用|副作用|副反应)(?!差异|发生率差)"
)
_ALIVE = re.compile(rf"(?P<total>{COUNT_ZH})\s?(?:例|名|只)(?:{_PEOPLE})?(?:均|全部|全|都){{1,2}}存活(?!率)")
_NO_DEATHS = re.compile(
    r"(?:未(?:见|发生|出现|有)|无|没有|均未(?:见|发生|出现)?)(?:任何|患者|病例|受试者|动物|小鼠|大鼠|1例|一例|严重不良(?:事件|反应)(?:和|及|或|、|与)|不良(?:事件|反应)(?:和|及"
    r"|或|、|与))*(?:死亡|病死)|(?:均|全部|全)存活|病死率(?:为|是)?0(?![\d.])"
)
_DIED = re.compile(
    rf"(?P<count>{COUNT_ZH})\s?(?:例|名|只)(?:{_PEOPLE})?(?:[^，。；\d]{{0,12}}?)死亡|死亡\s?(?:共\s?)?{_N2}\s?(?:例|只|名)"
)
_HAD = re.compile(
    rf"(?P<count>{COUNT_ZH})\s?(?:例|名)(?:{_PEOPLE})?(?:\s?\(\s?{_PERCENT}\s?\))?(?:出现|发生|有"
    rf"|报告)(?:了)?(?P<serious>严重)?(?:的)?(?:不良事件|不良反应|副作用|副反应)"
    rf"|(?P<serious2>严重)?(?:的)?(?:不良事件|不良反应|副作用|副反应)(?:共|发生|出现)*\s?{_N2}\s?例"
)


def counts(passage: Passage) -> Iterator[Claim]:
    """Yield claims of responders, adverse events and deaths."""
    text = passage.text
    for sentence in _chinese(passage):
        if not _CUES.search(text, sentence.start, sentence.end) and "存活" not in text[sentence.start : sentence.end]:
            continue
        all_cues = _cues(text, sentence.start, sentence.end)
        found = _fractions(text, sentence.start, sentence.end)
        for fraction, cue in zip(found, _meant(text, sentence, all_cues, found), strict=True):
            if cue is None or not cue.field or not passage.own(fraction.start):
                continue
            start, end = min(fraction.start, cue.start), max(fraction.end, cue.end)
            doubt = 1.0 if fraction.fits else DOES_NOT_FIT
            yield Claim(
                cue.field,
                f"{fraction.events}/{fraction.total}",
                cue.unit,
                start,
                end,
                f"{cue.field}:fraction",
                1,
                doubt,
            )
        yield from _none_or_some(passage, sentence, found)


def _none_or_some(passage: Passage, sentence: Sentence, found: list[Fraction]) -> Iterator[Claim]:
    """Yield adverse events and deaths that are denied, or of which only the number of people is stated."""
    text = passage.text

    def taken(match: re.Match[str]) -> bool:
        return not passage.own(match.start()) or any(
            one.start < match.end() and match.start() < one.end for one in found
        )

    for match in _NO_EVENTS.finditer(text, sentence.start, sentence.end):
        if not taken(match):
            rule = (
                "adverse_events:none-of-a-kind"
                if re.search(r"明显|显著|相关", match.group())
                else "adverse_events:none"
            )
            yield Claim("adverse_events", "0", "serious" if match["serious"] else "", match.start(), match.end(), rule)
    for match in _ALIVE.finditer(text, sentence.start, sentence.end):
        if passage.own(match.start()):
            yield Claim("deaths", f"0/{whole(match['total'])}", "", match.start(), match.end(), "deaths:none")
    for match in _NO_DEATHS.finditer(text, sentence.start, sentence.end):
        if not taken(match):
            yield Claim("deaths", "0", "", match.start(), match.end(), "deaths:none")
    for match in _DIED.finditer(text, sentence.start, sentence.end):
        number = whole(match["count"] or match["count2"])
        if number and not taken(match):
            yield Claim("deaths", str(number), "", match.start(), match.end(), "deaths:count")
    for match in _HAD.finditer(text, sentence.start, sentence.end):
        number = whole(match["count"] or match["count2"])
        if number and not taken(match):
            unit = "serious" if match["serious"] or match["serious2"] else ""
            yield Claim("adverse_events", str(number), unit, match.start(), match.end(), "adverse_events:count")
