"""Authors: family names from lists as databases print them, in any order and with or without separators."""

from __future__ import annotations

import re
from functools import cache

from stromata.dedupe.titles import HAN, folded, folded_lines, mended
from stromata.model import Name

_SURNAMES = (
    "王wang 李li 张zhang 張zhang 刘liu 劉liu 陈chen 陳chen 杨yang 楊yang 赵zhao 趙zhao 黄huang 黃huang "
    "周zhou 吴wu 吳wu 徐xu 孙sun 孫sun 胡hu 朱zhu 高gao 林lin 何he 郭guo 马ma 馬ma 罗luo 羅luo 梁liang "
    "宋song 郑zheng 鄭zheng 谢xie 謝xie 韩han 韓han 唐tang 冯feng 馮feng 于yu 董dong 萧xiao 肖xiao "
    "程cheng 曹cao 袁yuan 邓deng 鄧deng 许xu 許xu 傅fu 沈shen 曾zeng 彭peng 吕lu 呂lu 苏su 蘇su 卢lu "
    "盧lu 蒋jiang 蔣jiang 蔡cai 贾jia 賈jia 丁ding 魏wei 薛xue 叶ye 葉ye 阎yan 余yu 潘pan 杜du 戴dai "
    "夏xia 钟zhong 鍾zhong 汪wang 田tian 任ren 姜jiang 范fan 方fang 石shi 姚yao 谭tan 譚tan 廖liao 邹zou "
    "熊xiong 金jin 陆lu 陸lu 郝hao 孔kong 白bai 崔cui 康kang 毛mao 邱qiu 秦qin 江jiang 史shi 顾gu 顧gu "
    "侯hou 邵shao 孟meng 龙long 龍long 万wan 萬wan 段duan 雷lei 钱qian 錢qian 汤tang 湯tang 尹yin 黎li "
    "易yi 常chang 武wu 乔qiao 喬qiao 贺he 赖lai 賴lai 龚gong 龔gong 文wen"
)
"""The hundred commonest Chinese family names (about six people in seven), in both scripts, with their pinyin."""

_SEAM = re.compile(
    r"[^\W\d_A-Z](?=[A-ZÀ-Þ][^\W\d_A-Z'’-])"  # Sweiti Hussein|Ekwunife Obinna
    r"|\.(?=[^\W\d_])"  # Adeli K.|Lewis G. F.
    r"|[A-Z](?=[A-Z][a-z]{2})"  # Kanaan RAA|Kim JS|Kaufmann WE
    r"|[a-z](?=(?:van|von) (?:de[rn]? )?[A-Z])"  # Harry|van Benthem
)
"""Where one name ends and the next begins in a list that lost its separators."""

_NO_SEAM = re.compile(r"(?:\b|['’-])(?:Mac|Mc|De|Di|Le|La|Van|Du|Fitz|Del|Des|Da|Ma|O)$")
"""Beginnings of one name that look like a seam (``McDonald``, ``DeFronzo``)."""

_WRITTEN_OUT = re.compile(r"[^\W\d_]+(?:[ -][^\W\d_]{3,})+\s*")
_PARTICLES = frozenset(
    "van von de der den la le del della di da dos du el al bin ten ter zu st".split()  # noqa: SIM905 - a list of words
)
_MORE_NAMES = re.compile(r"\s*[;\uff1b\u3001]\s*|\s+and\s+|\s+&\s+", re.IGNORECASE)
_SEPARATORS = (";", " and ", " & ", "\uff1b", "\u3001")
_NOBODY = frozenset({"", "anonymous", "anon", "no authors listed", "et al", "others", "unknown", "not available", "nn"})


def authors(names: tuple[Name, ...]) -> tuple[list[str], str, str]:
    """Return family names without blanks, and the first author's family and given names."""
    leading = False
    if len(names) == 1 and names[0].literal:
        texts, leading = _parted(names[0].literal)
    else:
        texts = [name.family or name.literal for name in names]
    alone = [bool(name.family) for name in names] if len(names) == len(texts) else [False] * len(texts)
    lines = folded_lines(texts)
    families: list[str] = []
    first = given = ""
    for number, (text, plain) in enumerate(zip(texts, lines, strict=True)):
        if plain in _NOBODY:
            continue
        if not text.isascii() and HAN.match(text) and (surname := _surnames().get(text[0])):
            family, rest = surname, ""
        elif alone[number]:
            family, rest = plain.replace(" ", ""), ""
        else:
            family, rest = _split(text, plain.split(), leading=leading)
        if not families:
            first, given = family, rest or (folded(names[number].given) if alone[number] else "")
        families.append(family)
    return families, first, given


def _parted(text: str) -> tuple[list[str], bool]:
    """Return the names in a list of authors that came as one text, and whether each begins with the family name alone.

    Lists without any separator (``Adeli K.Lewis G. F.``) put the family name first: their commas were lost. There,
    when one of the given names is written out, the first word alone is the family name.
    """
    text = mended(text)
    if any(mark in text for mark in _SEPARATORS):
        return _MORE_NAMES.split(text), False
    if "," in text:
        return (text.split(",") if text.count(",") > 1 else [text]), False
    parts = _at_seams(text)
    return parts, len(parts) > 1 and any(map(_WRITTEN_OUT.fullmatch, parts))


def _at_seams(text: str) -> list[str]:
    """Return the names of a list that lost its separators."""
    parts, begin = [], 0
    for seam in _SEAM.finditer(text):
        end = seam.end()
        if not _NO_SEAM.search(text, begin, end):
            parts.append(text[begin:end])
            begin = end
    return [*parts, text[begin:]]


def _split(text: str, words: list[str], *, leading: bool) -> tuple[str, str]:
    """Tell family and given names in a whole name that was folded to `words`.

    The family name stands before a comma or before initials, or first in a `leading` list, or else last.
    """
    if "," in text:
        size = len(folded(text.partition(",")[0]).split())
    elif leading:
        size = 1
        while size < len(words) and words[size - 1] in _PARTICLES:
            size += 1
    else:
        size = len(words)
        longest = _initials_length(text) if len(words[-1]) in {2, 3} else 1
        while size > 1 and len(words[size - 1]) <= longest:
            size -= 1
        if size == len(words):
            return words[-1], " ".join(words[:-1])
    return "".join(words[:size]), " ".join(words[size:])


def _initials_length(text: str) -> int:
    """Return how long a run of initials at the end of `text` may be (``Kanaan RAA``, ``Lewis G. F.``)."""
    tail = text.rstrip().rsplit(" ", 1)[-1].rstrip(".")
    return 3 if tail.isupper() and len(tail) <= 3 else 1


@cache
def _surnames() -> dict[str, str]:
    return {entry[0]: entry[1:] for entry in _SURNAMES.split()}
