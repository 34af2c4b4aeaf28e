"""What the words around a number say about it: that something was given, or that it was counted, grown or measured."""

from __future__ import annotations

import re
from typing import Literal

from stromata.clinical.quantities import FLAGS

BEFORE = 80  # characters looked at before and after; a clause is rarely longer
AFTER = 60

Cue = Literal["given", "other"]

_BOUNDARY = re.compile(r"[.!?](?=\s)|[。;!?\n]", FLAGS)

_GIVEN = (
    r"infus(?:ed|ions?|ing)\b|inject(?:ed|ions?|ing)?\b|administ(?:ered|rations?|ering|er)\b|\bdos(?:e|es|ed|age"
    r"|ages|ing)\b|\breceiv(?:ed?|ing)\b"
    r"|\b(?:was|were|are|is|been)\sgiven\b|\bgiven\b|\btransplant(?:ed|ation|ations)?\b|\btransfus(?:ed|ions?)\b"
    r"|\btransferred\b|\bimplant(?:ed|ation)\b"
    r"|\btreat(?:ed|ment|ments)\b|\bdeliver(?:ed|y)\b|\bgraft(?:ed|s)?\b|\bspray(?:ed|ing)?\b|\bappl(?:ied|ications?)\b|\bi\.?v\.?\b|\bintra[a-z-]+ly\b"
    r"|输注|回输|输入|注射|注入|给予|给药|移植|治疗|剂量|滴注|静滴"
)
_OTHER = (
    r"\b(?:seed(?:ed|ing)|plat(?:ed|ing)|inoculat(?:ed|ion|um)|cultur(?:ed|es?|ing)|co-?cultur(?:ed|es?)|densit(?:y"
    r"|ies)|confluen\w{2,4}"
    r"|passag(?:ed|ing)|trypsini[sz]ed|harvest(?:ed|ing)?|yield(?:ed|s|ing)?|isolat(?:ed(?!\sfrom)|ion)|obtained"
    r"|recovered"
    r"|collected|expanded\sto|grown|frozen"
    r"|cryovials?|vials?|viability|counted|counts?|count\sof|cytometry|stain(?:ed|ing)|analy[sz]ed|lys(?:ed|ates?)"
    r"|assay(?:ed|s)?|transduced|transfected"
    r"|incubated|resuspended|wells?|flasks?|dish(?:es)?|leu[ck]ocytes?|lymphocytes?|neutrophils?|platelets?|WBC"
    r"|eosinophils?|CFU"
    r"|tumou?r\scells?|irradiated|splenocytes?|PBMCs?|bacteria\w{0,2}|colon(?:y|ies))\b"
    r"|接种|铺板|培养|密度|融合|计数|收获|收集|获得|分离|冻存|复苏|活力|存活率|流式|染色|白细胞|淋巴细胞|血小板"
    r"|中性粒|每孔|孔板|传代|消化"
)
_CUE = re.compile(rf"(?P<given>{_GIVEN})|(?P<other>{_OTHER})", FLAGS)

# Drugs that stand beside cell products in reports; their doses and schedules must not be taken for the product's.
DRUGS = (
    r"\b(?:[a-z]{3,12}(?:mab|cept|tinib|citinib|limus|prine)|methotrexate|MTX|cyclophosphamide|CTX|CYC"
    r"|(?:methyl)?predniso(?:lo)?ne|steroids?"
    r"|glucocorticoids?|corticosteroids?|dexamethasone|hydrocortisone|mycophenolate|MMF|cyclosporin[ea]?"
    r"|ciclosporin[ea]?|azathioprine|leflunomide"
    r"|hydroxychloroquine|HCQ|sulfasalazine|acitretin|apremilast|calcipotriol|heparin|aspirin|fludarabine|busulfan"
    r"|melphalan|ATG"
    r"|anti-?thymocyte\sglobulin|antihistamines?|IVIG|immunoglobulin|vaccines?|cetirizine|loratadine|insulin"
    r"|paracetamol|diphenhydramine"
    r"|ketamine|isoflurane|imiquimod|folic\sacid|NSAIDs?|minoxidil)\b"
    r"|甲氨蝶呤|环磷酰胺|泼尼松龙?|强的松|甲泼尼龙|地塞米松|激素|吗替麦考酚酯|霉酚酸酯|环孢素|羟氯喹|来氟米特"
    r"|硫唑嘌呤|他克莫司|单抗|肝素|疫苗|异丙嗪"
)
_DRUG = re.compile(DRUGS, FLAGS)

_LOOKED = re.compile(
    r"\b(?:follow(?:ed)?(?:[\s-]up)?|assess(?:ed|ment|ments)?|evaluat(?:ed|ion|ions)|visits?|measur(?:ed|ements?)"
    r"|monitor(?:ed|ing)?|examin(?:ed|ation)"
    r"|score[ds]?|scoring|collected|sampl(?:ed|es|ing)|check(?:ed|-ups?)|review(?:ed)?|photograph\w{1,4}"
    r"|questionnaires?|review|biops(?:y|ies)|blood\stests?"
    r"|change[ds]?|medium|passaged|fed|observed|recorded|end\s?points?|outcomes?|response|improve[ds]?|improvement"
    r"|relapsed?|remission|PASI|EASI|SCORAD)\b"
    r"|随访|复查|评估|评价|检测|观察|换液|传代|记录|访视|随诊|复发|缓解",
    FLAGS,
)


def sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span around `start` to `end` that lies in the same sentence and within `BEFORE` and `AFTER`."""
    left, right = max(0, start - BEFORE), min(len(text), end + AFTER)
    for found in _BOUNDARY.finditer(text, left, start):
        left = found.end()
    boundary = _BOUNDARY.search(text, end, right)
    return left, boundary.start() if boundary else right


_BREAK_AFTER = re.compile(r"\b(?:and|but|then|followed|after|before|was|were|plus|with|while)\b|[,;]", FLAGS)
_COMMA = re.compile(r"\b(?:and|but|then|while)\b|[,;]", FLAGS)
_BREAK_BEFORE = re.compile(r"\b(?:and|but|then|followed|plus|with|while)\b|;", FLAGS)


_Breaks = tuple[re.Pattern[str], re.Pattern[str]]


def _nearest(
    pattern: re.Pattern[str], text: str, start: int, end: int, *, breaks: _Breaks | None = None
) -> tuple[int, re.Match[str]] | None:
    """Return the match closest to the span within its sentence, with its distance in characters.

    Words beyond one of `breaks`, before and after the span, are left out.
    """
    left, right = sentence(text, start, end)
    best: tuple[int, re.Match[str]] | None = None
    for found in pattern.finditer(text, left, right):
        if found.end() <= start:
            distance = start - found.end()
        elif found.start() >= end:
            distance = found.start() - end
        else:
            continue
        if best is not None and distance >= best[0]:
            continue
        if breaks and (breaks[0].search(text, found.end(), start) or breaks[1].search(text, end, found.start())):
            continue
        best = (distance, found)
    return best


def nearest_cue(text: str, start: int, end: int) -> Cue | None:
    """Return what the nearest telling word says of the span: something given, or grown, counted, kept.

    A word of the same clause goes before a nearer one beyond a comma.

    Parameters
    ----------
    text : folded text.
    start, end : the span of a number with its unit.
    """
    clause = _nearest(_CUE, text, start, end, breaks=(_COMMA, _COMMA))
    best = clause or _nearest(_CUE, text, start, end)
    if best is None:
        return None
    return "given" if best[1]["given"] else "other"


def is_of_a_drug(text: str, start: int, end: int) -> bool:
    """Tell whether a drug, not a cell product, is named right beside the span."""
    best = _nearest(_DRUG, text, start, end, breaks=(_BREAK_BEFORE, _BREAK_AFTER))
    return best is not None and best[0] <= 25


def is_of_a_visit(text: str, start: int, end: int) -> bool:
    """Tell whether the nearest telling word speaks of looking at patients, not of giving something."""
    looked = _nearest(_LOOKED, text, start, end, breaks=(_BREAK_BEFORE, _BREAK_AFTER))
    given = _nearest(_CUE, text, start, end)
    if looked is None:
        return False
    return given is None or given[1]["given"] is None or looked[0] < given[0]
