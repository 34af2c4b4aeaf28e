"""A text as sentences that know what they talk about: the study itself, other work, or plans.

Offsets. Patterns work on a *folded* copy of the text: full-width letters and digits become plain ones, all dashes
become ``-``, all blanks a space, and characters that have no width (soft hyphens) are dropped. `Passage.span` turns a
span of the copy back into a span of the text as given, in Unicode code points.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Section = Literal[
    "",
    "title",
    "background",
    "objective",
    "methods",
    "results",
    "conclusion",
    "discussion",
    "registration",
    "references",
]
"""The part of a report that a sentence stands in; empty where the text has no headings."""

LONGEST_SENTENCE = 1200
"""Characters after which a sentence is cut at a blank. Tables pasted as text have no stops; patterns look for
neighbours within a sentence, and this bounds their work."""

_SURPLUS = re.compile(r"[ \n]*[\u00ad\u200b-\u200d\u2060\ufeff][ \n\u00ad\u200b-\u200d\u2060\ufeff]*|[ \n]{2,}")
"""Characters without width, and runs of blanks and line breaks: of these one blank, one break or two breaks stay, so
that no pattern has to try a long run from each of its places."""
_FOLDS = str.maketrans(
    {
        # Full-width forms, except the comma, semicolon, full stop, question and exclamation marks of Chinese prose.
        **{chr(0xFEE0 + code): chr(code) for code in range(0x21, 0x7F) if chr(code) not in "!,;?"},
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63", "-"),
        **dict.fromkeys(
            "\t\x0b\x0c\r\x85\u00a0\u1680\u2028\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B))), " "
        ),
        **dict.fromkeys("\u2018\u2019\u02bc", "'"),
        **dict.fromkeys("\u201c\u201d", '"'),
        **dict.fromkeys("\uff5e\u301c\u223c", "~"),
        "\u2236": ":",
        "\u00b7": ".",  # the decimal point of The Lancet
        "\u2044": "/",
        "\u2215": "/",
    }
)


@dataclass(frozen=True, slots=True)
class Clause:
    """A stretch of a sentence, and whether it reports what this study did or found."""

    start: int
    end: int
    own: bool


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: half-open span in the folded text, section, and clauses in order, without gaps."""

    start: int
    end: int
    section: Section
    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A text, folded and cut into sentences.

    Attributes
    ----------
    text : the folded copy.
    origin : for each character of `text`, its offset in the text as given; rising.
    sentences : in order, without overlap.
    """

    text: str
    origin: Sequence[int]
    sentences: tuple[Sentence, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the text as given for a span of at least one character of the folded text."""
        return self.origin[start], self.origin[end - 1] + 1

    def folded(self, offset: int) -> int:
        """Return the place in the folded text of an offset into the text as given."""
        return bisect_left(self.origin, offset)

    def sentence(self, at: int) -> Sentence | None:
        """Return the sentence that holds this place of the folded text."""
        index = bisect_right(self.sentences, at, key=lambda sentence: sentence.start) - 1
        if index >= 0 and at < self.sentences[index].end:
            return self.sentences[index]
        return None

    def clause(self, at: int) -> Clause | None:
        """Return the clause that holds this place of the folded text."""
        sentence = self.sentence(at)
        return (
            next((clause for clause in sentence.clauses if clause.start <= at < clause.end), None) if sentence else None
        )

    def own(self, at: int) -> bool:
        """Return whether this place reports on the study itself: not on other work, plans or the state of knowledge."""
        clause = self.clause(at)
        return clause is not None and clause.own


def read(text: str) -> Passage:
    """Fold `text` and cut it into sentences. Any text gives a passage; empty text one without sentences."""
    folded, origin = _fold(text)
    spans = list(_sentence_spans(folded))
    sentences: list[Sentence] = []
    section: Section = ""
    for number, (start, end) in enumerate(spans):
        label = _label(folded[start : min(end, start + 80)])
        if label is not None:
            section = label
        here: Section = (
            "title" if number == 0 and not section and _is_title(folded, start, end, len(spans)) else section
        )
        sentences.append(Sentence(start, end, here, tuple(_clauses(folded, start, end, here))))
    return Passage(folded, origin, tuple(sentences))


def _fold(text: str) -> tuple[str, Sequence[int]]:
    """Return the folded text and where each of its characters came from."""
    folded = text.translate(_FOLDS)  # one character for one, so that offsets stay
    if not _SURPLUS.search(folded):
        return folded, range(len(folded))
    parts: list[str] = []
    origin: list[int] = []
    at = 0
    for surplus in _SURPLUS.finditer(folded):
        parts.append(folded[at : surplus.start()])
        origin.extend(range(at, surplus.start()))
        lines = [offset for offset in range(*surplus.span()) if folded[offset] == "\n"]
        blanks = [offset for offset in range(*surplus.span()) if folded[offset] == " "]
        kept = [lines[0], lines[-1]] if len(lines) > 1 else lines or blanks[:1]
        parts.append("\n" * len(kept) if lines else " " * len(kept))
        origin.extend(kept)
        at = surplus.end()
    parts.append(folded[at:])
    origin.extend(range(at, len(folded)))
    return "".join(parts), origin


# --- sentences ------------------------------------------------------------------------------------------------------

_STOP = re.compile(
    r"[。！？!?]+[\"')\]】]{0,3}"
    r"|\n[ ]*\n\s*"
    r"|\.[\"')\]]{0,3}(?:\[[\d,\- ]{1,20}\])?(?=\s|$)"
    r"|\n"
)
# fmt: off
_ABBREVIATIONS = frozenset({
    "e.g", "i.e", "eg", "ie", "vs", "v", "al", "fig", "figs", "tab", "ref", "refs", "dr", "prof", "mr", "mrs",
    "ms", "st", "no", "nos", "approx", "ca", "cf", "etc", "resp", "incl", "excl", "vol", "pp", "ed", "eds",
    "i.v", "s.c", "i.m", "i.p", "i.d", "i.a", "p.o", "wk", "wks", "mo", "mos", "yr", "yrs", "hr", "hrs",
    "min", "sec", "max", "avg", "dept", "univ", "inc", "ltd", "co", "corp", "sp", "spp", "jan", "feb", "mar",
    "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
})
_AFTER_ALWAYS_ENDING = frozenset({
    "mo", "mos", "yr", "yrs", "wk", "wks", "hr", "hrs", "min", "sec", "inc", "ltd", "co", "corp", "etc", "al",
    "i.v", "s.c", "i.m", "i.p", "i.d", "i.a", "p.o",
})
# fmt: on
"""Abbreviations that often end a sentence: after them a capital letter opens the next one."""
_LAST_WORD = re.compile(r"[A-Za-z][A-Za-z.]{0,8}$")
_NEXT = re.compile(r"\s*[\"'(\[]{0,2}(\S?)")
_STARTERS = re.compile(
    r"\s*(?:The|We|In|A|An|All|No|None|This|These|Of|At|After|Both|One|Two|It|There|Patients|Results|Methods)\b"
)
_HEADINGS: dict[str, str] = {
    "background": r"background(?: and (?:aims?|objectives?|purpose))?|introduction|context|importance|rationale"
    r"|研究背景|背景|前言|引言",
    "objective": r"(?:study )?objectives?|aims?|purpose|hypothesis|研究目的|目的|目标",
    "methods": r"(?:(?:patients?|materials?|subjects?|study design|participants|experimental design)(?: and "
    r"| & ))?methods?"
    r"|methods? and (?:materials?|results?|findings|patients?)|methodology|(?:study |trial )?design|(?:study )?setting"
    r"|participants|patients|interventions?|experimental approach|(?:main )?outcomes?(?: measures?)?|measurements"
    r"|资料与方法|材料与方法|对象与方法|方法与结果|研究方法|研究设计|方法|对象",
    "results": r"(?:main |key )?results?(?: and (?:conclusions?|discussion))?|(?:key |main )?findings|observations"
    r"|case (?:report|presentation|description|summary)|研究结果|结果|病例报告|病例资料",
    "conclusion": r"conclusions?(?: and relevance)?|interpretation|significance|summary|结论|小结",
    "discussion": r"discussion|limitations|讨论",
    "registration": r"(?:clinical )?trials? regist(?:ration|er|ry)(?: number)?|registration|funding"
    r"|临床试验注册|试验注册|注册号",
    "references": r"references|bibliography|acknowledge?ments?|参考文献|致谢",
}
_LABEL = re.compile(
    r"\W{0,3}(?:\d{1,2}(?:\.(?:\d{1,2}(?:\.\d{1,2}){0,2}\.?)?)\s{1,3})?\W{0,2}(?P<label>"
    + "|".join(f"(?P<{section}>{words})" for section, words in _HEADINGS.items())
    + r")(?P<tail>\s{0,2}(?:[:\]】)>|]|\.?\s*$|-\s)|\s)",
    re.IGNORECASE,
)


def _sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield the trimmed span of each sentence, in order."""
    start = 0
    for stop in _STOP.finditer(text):
        if _ends_sentence(text, start, stop):
            yield from _pieces(text, start, stop.end())
            start = stop.end()
    yield from _pieces(text, start, len(text))


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the span without blanks around it, cut where it is longer than any sentence."""
    while end - start > LONGEST_SENTENCE:
        blank = text.rfind(" ", start + LONGEST_SENTENCE // 2, start + LONGEST_SENTENCE)
        cut = blank if blank > 0 else start + LONGEST_SENTENCE
        yield from _pieces(text, start, cut)
        start = cut
    piece = text[start:end]
    if piece.strip():
        yield start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())


def _ends_sentence(text: str, start: int, stop: re.Match[str]) -> bool:
    """Return whether a stop ends the sentence that began at `start`: abbreviations and wrapped lines do not."""
    sign = stop.group()[0]
    if sign == "\n":
        return "\n" in stop.group()[1:] or _ends_line(text, start, stop.start())
    if sign != ".":
        return True
    following = _NEXT.match(text, stop.end())
    next_sign = following.group(1) if following else ""
    if next_sign.islower():
        return False
    before = _LAST_WORD.search(text, max(start, stop.start() - 9), stop.start())
    word = before.group().lower() if before else ""
    if word in _ABBREVIATIONS:
        return word in _AFTER_ALWAYS_ENDING and not next_sign.isdigit() and next_sign not in "(["
    is_initial = before is not None and len(word) == 1 and before.group().isupper()
    return not is_initial or next_sign.isdigit() or bool(_STARTERS.match(text, stop.end()))


_UNFINISHED = re.compile(
    r"(?:[-,(/]|\b(?:of|in|for|with|and|or|the|a|an|to|by|from|on|at|after|before|versus|vs|using|among|between"
    r"|as))\s*$",
    re.IGNORECASE,
)
_LONGEST_TITLE = 350


def _ends_line(text: str, start: int, at: int) -> bool:
    """Return whether a single line break parts two sentences: it does around headings and after a title."""
    line = text[max(start, text.rfind("\n", start, at) + 1) : at]
    if not line.strip():
        return True
    if (len(line) < 60 and _label(line) is not None and _LABEL.fullmatch(line.strip())) or _starts_anew(text, at + 1):
        return True
    if text.find("\n", len(text[:2]) - len(text[:2].lstrip("\n")), at) >= 0 or _UNFINISHED.search(line[-40:]):
        return False
    first = text[at + 1 : at + 2]
    return len(line) < _LONGEST_TITLE and (first.isupper() or "\u4e00" <= first <= "\u9fff")


def _starts_anew(text: str, at: int) -> bool:
    """Return whether a line begins with a heading or a bullet."""
    opening = text[at : at + 80].lstrip(" ").partition("\n")[0]
    return opening[:2] in {"- ", "* "} or opening[:1] in {"•", "◆", "●"} or _label(opening) is not None


def _label(opening: str) -> Section | None:
    """Return the section whose heading `opening` begins with; None when it begins with none."""
    found = _LABEL.match(opening)
    if found is None:
        return None
    label, tail = found["label"], found["tail"].strip()
    if tail in {"", "."} and label.isascii() and not label[0].isupper():
        return None  # "patients." ends a sentence
    if found["tail"].isspace() and found.end() < len(opening) and label.isascii():
        # Without a colon only capitals make a heading, and not in a line that is all capitals.
        next_word = opening[found.end() :].split(maxsplit=1)[:1]
        if not label.isupper() or (next_word and next_word[0].isupper() and len(next_word[0]) > 1):
            return None
    return next(section for section in _SECTIONS if found.groupdict().get(section))


_SECTIONS: tuple[Section, ...] = get_args(Section)[2:]


def _is_title(text: str, start: int, end: int, count: int) -> bool:
    """Return whether the first of `count` sentences is a title: it stands on its own line."""
    return count > 1 and end - start < _LONGEST_TITLE and text[end : end + 3].lstrip(" .").startswith("\n")


# --- what a clause talks about --------------------------------------------------------------------------------------

_BREAK = re.compile(
    r"[;；]|,?\s+(?:but|whereas|while|although|though|however|yet)\b|,\s+(?:and|so|which|as)\b"
    r"|[,，]\s?(?=但|而|然而|本研究|本文|我们)",
    re.IGNORECASE,
)
_OWN = re.compile(
    r"\bhere(?:in)?\b,?\s+we\b|\b(?:in\s+)?(?:this|our|the\s+present"
    r"|the\s+current)\s+(?:[\w-]+\s+){0,4}?(?:study|trial|series|report|cohort|analysis|review|case)\b"
    r"|\bwe\s+(?:[a-z]+ly\s+|then\s+|here\s+)?(?:report|describe|present|treated|enrolled|included|recruited"
    r"|randomi[sz]ed|randomly|infused|injected|gave|administered"
    r"|performed|conducted|followed|assigned|evaluated|investigated|studied|assessed|examined|analy[sz]ed"
    r"|transplanted|observed|found|searched|identified|retrieved|aimed|sought)\b"
    r"|\b(?:studies|trials|articles|RCTs|publications|papers)\b[^.;]{0,60}\bwere\s+(?:\w+ly\s+)?(?:included"
    r"|eligible|identified|retrieved)\b"
    r"|本研究|本文|本组|本试验|我们|我院|我科",
    re.IGNORECASE,
)
_OTHER_WORK = re.compile(
    r"\b(?:previous(?:ly)?|prior|earlier|past|other|recent(?:ly)?|several|numerous|many|published|preceding"
    r"|another|existing)\s+(?:[\w'-]+\s+){0,4}?"
    r"(?:stud(?:y|ies)|trials?|reports?|publications?|papers?|work|series|literature|experience|cohorts?"
    r"|meta-analys[ei]s|reviews?|research|investigations?|investigators|authors|groups\s+have)\b"
    r"|\bprevious\s+(?:data|results|findings)\b|\b(?:by|from)\s+(?:others|another\s+(?:group|team|cent(?:er|re)"
    r"|trial|study)|other\s+(?:groups|teams|cent(?:er|re)s))\b"
    r"|\b(?:have|has)\s+(?:\w+ly\s+)?(?:been\s+)?(?:\w+ly\s+)?(?:shown|reported|demonstrated|suggested|proposed"
    r"|described|emerged|become|gained|attracted|revealed)\b"
    r"|\bet\s+al\b|\bin\s+the\s+literature\b|\b(?:little|less|not\s+much)\s+is\s+known\b|\b(?:remains?|is"
    r"|are)\s+(?:largely\s+|still\s+)?(?:unclear|unknown|controversial|limited|poorly)\b"
    r"|\b(?:is|are|remains?)\s+(?:an?|one\s+of|the\s+most|among|characteri[sz]ed|(?:well\s+)?known|considered"
    r"|thought|believed|often|commonly|frequently|associated|caused|multipotent)\b"
    r"|\baffects?\b|\bprevalence\b|\bworldwide\b|\bincidence\s+of\s+\w+\s+is\b"
    r"|既往(?!史|病史|治疗|接受|应用|使用)|以往|此前(?:的)?研究|(?:有|多项|其他|国外|国内|近年|前期|已有)(?:学者|研究|报道|文献)|文献报道|文献|据报道|某等"
    r"|等(?:人)?(?:报道|报告|发现)|研究(?:已)?(?:表明|证实|发现|显示|报道)(?!，?本)"
    r"|是一种|是一类|发病率|患病率|近年来|尚不(?:清楚|明确)|仍不(?:清楚|明确)",
    re.IGNORECASE,
)
_PLAN = re.compile(
    r"\b(?:will|would|should|shall|could|might|must|ought)\b|(?-i:\bmay\b)"
    r"|\b(?:is|are)\s+(?:\w+ly\s+|now\s+|still\s+|therefore\s+)?(?:needed|warranted|required|necessary|planned"
    r"|awaited|underway|ongoing|recruiting|recruited|being|desirable|justified|mandatory)\b"
    r"|\b(?:need|needs|warrants?|requires?|merits?|deserves?|await|awaits|necessitates?)\b"
    r"|\bto\s+be\s+(?:confirmed|determined|studied|tested|established|elucidated)\b"
    r"|\b(?:further|future|larger|additional|upcoming|planned)\s+(?:[\w-]+,?\s+(?:and\s+)?){0,4}?(?:stud(?:y"
    r"|ies)|trials?|research|investigations?|work)\b|\b(?:we|is|are)\s+(?:plan|planning|intend)\b"
    r"|\bif\s+(?:they|the|it|we|a)\b"
    r"|需要|有待|尚需|仍需|还需|需进一步|今后|未来|将(?:于|在|会|进行|纳入|招募|开展|对)|拟(?:纳入|招募|行|采用|开展|进行|于)|计划|值得(?:进一步|推广)|应(?:进行|开展|当|该)",
    re.IGNORECASE,
)
_NEVER_OWN: frozenset[Section] = frozenset({"background", "discussion", "references"})


def _clauses(text: str, start: int, end: int, section: Section) -> Iterator[Clause]:
    """Yield the clauses of a sentence; what is said of other work or plans holds until the study itself is named."""
    own = True
    here = start
    edges = [match.start() for match in _BREAK.finditer(text, start, end)] + [end]
    for edge in edges:
        if edge <= here:
            continue
        itself = _OWN.search(text, here, edge)
        other = _OTHER_WORK.search(text, here, edge)
        if _PLAN.search(text, here, edge) or (other and not itself):
            own = False
        elif itself:
            own = True
        yield Clause(here, edge, own and section not in _NEVER_OWN)
        here = edge
