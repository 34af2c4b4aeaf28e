"""Amounts with their units: cells, particles, protein and volume, per kilogram, per area, per lesion."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal, get_args

from stromata.clinical.cuts import cut_at
from stromata.clinical.quantities import (
    FLAGS,
    MAX_ITEMS,
    Quantity,
    bare_power,
    fold,
    number_starts,
    read_number,
    read_quantity,
)

DoseUnit = Literal[
    "cells",
    "cells/kg",
    "cells/cm2",
    "cells/m2",
    "cells/ml",
    "particles",
    "particles/kg",
    "particles/cm2",
    "particles/ml",
    "ug",
    "ug/kg",
    "ug/cm2",
    "ug/ml",
    "mg",
    "mg/kg",
    "mg/cm2",
    "mg/ml",
    "ml",
    "ml/kg",
    "ml/cm2",
]
"""Units of an amount. ``ug`` and ``mg`` weigh protein or product; ``ml`` is the volume of a product without a count."""

SMALLEST_BARE = 1e4  # a number without any unit below this is no dose of cells


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of a product.

    Attributes
    ----------
    value : in `unit`, above 0; the lower end of a range.
    high : the upper end of a range or of dose levels; None for a single amount.
    per : what one amount is for, where that is neither the patient nor part of the unit, such as ``knee``.
    """

    value: float
    unit: DoseUnit
    high: float | None = None
    per: str = ""

    def times(self, low: float, high: float | None = None) -> Amount:
        """Return the amount multiplied; with `high` the result spans the lowest to the highest product."""
        top = (self.high if self.high is not None else self.value) * (high if high is not None else low)
        bottom = self.value * low
        return replace(self, value=bottom, high=top if top > bottom else None)


@dataclass(frozen=True, slots=True)
class FoundAmount:
    """An amount as it stands in a text.

    Attributes
    ----------
    start, end : code points of number and unit in the text as given.
    amount : None where the number cannot be right (zero, negative, beyond all measure).
    levels : the single amounts, where the text lists several.
    basis : ``each`` or ``total`` where words beside the amount say so; ``sum`` for the looser "a total of".
    named : the text names the thing counted or its weight; False for a bare number or a bare "per kg".
    cd34 : blood stem cells, which are counted by this marker.
    vesicles : the words beside a weight or count name vesicles, secretome or protein.
    repeats : the factor in "4 × 100 million".
    notes : what was read into the number: ``lost-superscript``, ``power-notation``, ``bound``, ``unit-assumed``.
    """

    start: int
    end: int
    amount: Amount | None
    levels: tuple[Amount, ...] = ()
    basis: Literal["", "each", "total", "sum"] = ""
    named: bool = True
    cd34: bool = False
    vesicles: bool = False
    repeats: int | None = None
    spread: float | None = None
    notes: tuple[str, ...] = ()


_ADJECTIVE = re.compile(
    r"viable|vital|live|living|total|nucleated|mononuclear|allogen(?:e)?ic|autologous|human|umbilical|cord|blood"
    r"|bone|marrow|adipose|tissue|fat|derived"
    r"|mesenchymal|stromal|stem|progenitor|precursor|vascular|fraction|expanded|cultured?|thawed|fresh(?:ly)?"
    r"|cryopreserved|clinical|grade"
    r"|placental?|decidual?|wharton's|jelly|amniotic|amnion|gingival|dental|pulp|menstrual|uncultured|donor|third"
    r"|party|pooled|of|the|these"
    r"|engineered|primed|svf|[a-z]{0,5}uc|ucb?|bm|ad|at|wj|pl?|hp?|he|p[0-9]{1,2}|[a-z]{1,6}[0-9]{2,4}[a-z]?"
    r"|[a-z]{0,8}mscs?|[a-z]{0,3}adscs?"
    r"|cd[0-9]{1,3}\+?|positive",
    FLAGS,
)
_HEAD = re.compile(
    r"cells?|cellules?|c[eé]lulas?|zellen|cellule|[a-z]{0,9}mscs?|[a-z]{0,3}adscs?|[a-z]{0,3}ascs?|[a-z]{0,3}adrcs?"
    r"|svfs?|tncs?|fibroblasts?|keratinocytes?",
    FLAGS,
)
_WORD = re.compile(r"[\s-]{0,3}\(?(?P<word>[A-Za-z][A-Za-z0-9']{0,30}\+?)", FLAGS)
MAX_WORDS = (
    12  # in the name of a cell product, as in "viable allogeneic umbilical cord blood-derived mesenchymal stem cells"
)
_CELLS_ZH = re.compile(
    r"\s{0,2}(?:(?:个|個|枚)?\s?(?:活|人|自体|异体|同种异体|同种|异基因|脐带血?|脐血|骨髓|脂肪|胎盘|羊膜|牙髓|来源"
    r"|源性|源|的|华通胶|组织|间充质|间质|基质|单个核|有核"
    r"|干|祖|[a-z]{0,5}-?MSCs?|UC|BM|AD){0,12}+(?:细胞|細胞)(?:总?数)?|(?:个|個)(?!\s?(?:[A-Z0-9+]{1,5}\s?细胞|CD"
    r"|淋巴|白细胞|血小板|肿瘤|月|周|疗程|中心))"
    r"|[a-z]{0,9}-?MSCs?(?![A-Za-z]))",
    FLAGS,
)
_PARTICLES = (
    r"(?:\s{0,3}(?:(?:extracellular|small|MSC|purified|total|of|derived"
    r"|secreted)[\s-]{1,2}){0,5}(?:[a-z]{0,4}particles?|vesicles?|s?EVs?|exosomes?|[a-z-]{0,6}exos?)\b"
    r"|\s{0,2}(?:个|個)?(?:外泌体|细胞外囊泡|囊泡)?(?:颗粒|粒子|外泌体|囊泡)数?)"
)
_MASS = r"\s{0,2}(?:(?P<ug>(?:ug|mcg)\b|micrograms?\b|微克|㎍)|(?P<mg>mg\b|milligrams?\b|毫克|㎎))"
_VOLUME = r"\s{0,2}(?:(?P<ul>uL\b|microlit(?:er|re)s?\b|微升)|(?P<ml>mL\b|cc\b|millilit(?:er|re)s?\b|毫升|㎖))"
_COUNTED = re.compile(_PARTICLES, FLAGS)
_WEIGHED = re.compile(_MASS, FLAGS)
_POURED = re.compile(_VOLUME, FLAGS)
_WEIGHT_OF = (
    r"(?:\s?(?:of\s)?(?:the\s)?(?:(?:recipient|patient)(?:'s)?\s)?"
    r"(?:body[\s-]?(?:weight|mass|wt)\b|b\.?w\b\.?|weight\b|体重|体质量))?"
)
_KG = rf"(?:kilograms?\b|kilos?\b|kgs?\b|公斤|千克|㎏){_WEIGHT_OF}"
_SITES = (
    r"lesions?|joints?|knees?|hips?|hands?|fingers?|eyes?|points?|sites?|spots?|glands?|ulcers?|wounds?|plaques?"
    r"|fistulas?|fistulae?|tracts?|scalps?"
    r"|legs?|limbs?|sides?|cheeks?|areas?|nails?|ears?|scars?"
)
_SITES_ZH = r"皮损|关节|膝关节|膝|病灶|部位|处|点|手指|手|眼|溃疡|创面|瘘管|患处|腺体|侧"
_PER = re.compile(
    r"\s{0,2}(?:(?P<kgminus>[·×]?\s?kg\s?(?:\^?\s?[({]?-\s?1[)}]?|⁻¹))"
    r"|(?P<cmminus>[·×]?\s?cm\s?(?:\^?\s?[({]?-\s?2[)}]?|⁻²))"
    r"|(?:/\s?\(?|·(?=\s?次)|\bper\b|\bfor\s(?:each|every)\b|\b(?:in|into|to|at)\seach\b"
    r"|\beach\b(?=\s(?:injection\s)?(?:" + _SITES + r"|infusion|injection|dose|time)\b)|\ba\b(?=\s(?:kg|kilogram))|每)"
    r"\s{0,2}(?:(?:each|every|one|single|1)\s)?"
    rf"(?:(?P<kg>{_KG})|(?P<cm2>(?:cm|centimet(?:er|re)s?)\s?(?:2\b|²|\^2|<sup>2</sup>|squared\b)"
    rf"|square\scentimet(?:er|re)s?\b|㎠|平方厘米)"
    r"|(?P<m2>m\s?(?:2\b|²|\^2|<sup>2</sup>)|square\smet(?:er|re)s?\b|㎡|平方米)|(?P<ml>mL\b|cc\b|cm3\b|cm³"
    r"|millilit(?:er|re)s?\b|毫升|㎖)"
    r"|(?P<each>(?:infusions?|injections?|doses?|administrations?|times?|treatments?|visits?|sessions?|applications?"
    r"|transfusions?|transplantations?)\b|次|回)"
    r"|(?P<whole>(?:patients?|persons?|subjects?|individuals?|recipients?|participants?|mouse|mice|rats?|animals?"
    r"|body|adults?|child)\b|人|例|只|鼠)"
    rf"|(?:(?:target|treated|injection|affected|injected|involved)\s)?(?:(?P<site>(?:{_SITES})\b)"
    rf"|(?P<zsite>{_SITES_ZH}))(?:\sjoints?\b)?"
    r"|(?P<bad>(?:L|liter|litre|uL|ul|microlit\w{2,4}|mm3|mm|mm2|wells?|hpf|fields?|dish(?:es)?|flasks?|plates?"
    r"|tubes?|vials?|min|minute|h|hour|g|gram|mg|ug|lane|assay|sample|chamber|insert|bags?)\b|mm²|mm³|升|微升|孔|皿"
    r"|瓶|高倍|管|袋|支)))",
    FLAGS,
)
_PER_OTHER = re.compile(  # a thing we do not know is still not the patient: it is kept in its own words
    r"\s{0,2}(?:/|\bper\s)\s{0,2}(?:[0-9.]{1,4}\s?)?(?P<thing>(?!(?:days?|d|weeks?|wks?|w|months?|mo|years?|hours?"
    r"|each|kg)\b)"
    r"(?:[A-Za-z][A-Za-z-]{0,20}|(?![周天日月年])[\u4e00-\u9fff]{1,4}))",
    FLAGS,
)
_AFTER = re.compile(
    r"\s{0,2},?\s{0,2}\(?(?:(?P<each>each\b(?!\s(?:other|of|week|month|day))|respectively\b|at\seach\b|every\stime\b)"
    r"|(?P<total>(?:in\s(?:total|all|toto|sum)|altogether|total(?:\sdose)?|overall|cumulative(?:ly)?)\b(?!\s(?:of"
    r"|n)\b)|总计|合计|总量))\)?",
    FLAGS,
)
_BEFORE_EACH = (
    r"(?:each|every|per)[\s-](?:(?:single|iv|intravenous|cell|msc)\s)?(?:infusion|injection|dose|administration|time"
    r"|treatment)(?:\s(?:dose|number))?(?:\s(?:of|was|were|is|contained|containing|consist(?:ed|ing)\sof|comprised"
    r"|with))?"
    r"|每次(?:静脉)?(?:输注|注射|给予|回输|移植|剂量|输入|用量)?(?:量|剂量|细胞数|细胞)?(?:为|是|约)?"
    r"|单次(?:输注)?剂量(?:为|是|约)?"
)
_BEFORE_TOTAL = (
    r"(?:(?:total|cumulative|overall|accumulated)(?:\s(?:cell|msc|cumulative|infused|injected"
    r"|administered))?\s(?:dose|doses|dosage|amount|number|count|quantity)(?:\s(?:of|was|were|is"
    r"|(?:of\s)?cells(?:\s(?:was|infused|injected|given))?))?"
    r"|total)|总剂量(?:为|是|约)?|总量(?:为|是|约)?|总细胞数(?:为|是|约)?|累[计积](?:剂量)?(?:为|是|约)?"
)
_BEFORE = re.compile(
    rf"(?:(?P<each>{_BEFORE_EACH})|(?P<sum>\ba\stotal\sof|总共(?:输注|注射)?|共(?:输注|注射))"
    rf"|(?P<total>{_BEFORE_TOTAL}))"
    r"\s{0,2}[:=(\[]?\s{0,2}(?:about|approximately|approx\.?|around|ca\.?|约|~)?\s{0,2}$",
    FLAGS,
)
_BOUND = re.compile(
    r"(?:\bup\sto|\bat\smost|\bno\smore\sthan|\bmax(?:imum|imal|\.)?(?:\sdose)?(?:\sof)?|\bat\sleast|\bmin(?:imum"
    r"|\.)?(?:\sof)?|\b(?:more|less|fewer|greater)\sthan|\bover|\babove|\bbelow"
    r"|[<>≤≥]=?|不超过|至少|最多|不少于|大于|小于|超过)\s{0,2}$",
    FLAGS,
)
_AHEAD = re.compile(
    rf"(?:(?P<kg>(?:每|\bper\s){_KG})(?:\s?(?:输注|注射|给予|用|按|剂量|细胞|数|量|为|:|=|,)){{0,4}}"
    rf"|(?P<cellskg>\bcells?\s?(?:/|per)\s?{_KG}|细胞数?\s?/\s?{_KG})\s?[\])]?\s?[:=]?|(?P<cells>\b(?:cells?"
    rf"|MSCs?)\s?[:=]|细胞数(?:量)?(?:为|:|=)?))\s{{0,2}}[(\[]?\s?$",
    FLAGS,
)
_SITE_AHEAD = re.compile(
    rf"(?:\b(?:each|per)\s(?:(?:target|treated|injection|affected|injected|involved)\s)?(?P<site>(?:{_SITES})\b)"
    rf"|每(?:个|只|处|侧|块)?(?P<zsite>{_SITES_ZH}))"
    r"(?:\s?(?:joint|was|were|is|received|receives|injected|with|got|of|注射|给予|注入|局部|约|为|:|,)){0,5}\s{0,2}$",
    FLAGS,
)
_FACTOR = re.compile(r"(?<![A-Za-z0-9.,^])(?P<n>[2-9]|1[0-9]|20)\s{0,2}[x×*]\s{0,2}[(\[]?$", FLAGS)
_FOREIGN = re.compile(
    r"\s{0,2}(?:/?\s?(?:IU|U|units?|vg|gc|pfu|cfu|TCID\w{0,2}|copies|mmol|[munp]?mol|[munp]?M|Gy|cGy|%|g|grams?|kg"
    r"|mm|cm|nm|um|m|years?|yrs?|months?|weeks?|days?|hours?|h|min"
    r"|patients?|subjects?|people|participants?|times|fold|RMB|USD|yuan|dollars?|[kM]?Hz|rpm|x\s?g|L|/L|/ul|bp|reads"
    r"|platelets?|leu[ck]ocytes?|WBC"
    r"|[a-z]{0,3}lymphocytes?|monocytes?|neutrophils?|erythrocytes?|eosinophils?|PBMCs?|colonies)\b|/\s?L\b|/\s?uL\b"
    r"|/\s?mm|单位|元|例|名|岁|年|人|倍|分)",
    FLAGS,
)
_VESICLE_WORD = re.compile(
    r"(?:(?:\s{0,2}(?:/|of\b|total\b|MSC[s]?\b|-|derived\b|the\b|[a-z]{0,5}MSC-?|purified\b|\()){0,5}\s{0,2}"
    r"(?:proteins?\b|[a-z]{0,6}-?exosom(?:es?|al)\b|exos?\b|s?EVs?\b|(?:extracellular\s|micro)?vesicles?\b"
    r"|secretome\b|conditioned\b|蛋白|外泌体|囊泡|分泌组)){1,3}",
    FLAGS,
)
_SITE_NAMES = {
    "皮损": "lesion", "病灶": "lesion", "患处": "lesion", "关节": "joint", "膝关节": "knee", "膝": "knee",
    "部位": "site", "处": "site",
    "点": "point", "侧": "side", "手": "hand", "手指": "finger", "眼": "eye",
    "溃疡": "ulcer", "创面": "wound", "瘘管": "fistula", "腺体": "gland",
    "fistulae": "fistula", "fistula": "fistula", "fistulas": "fistula",
}  # fmt: skip
_VESICLE_BEFORE = re.compile(
    r"(?:(?:exosom(?:es?|al)|\bs?EVs?|vesicles?|secretome|conditioned\smedi(?:um|a))(?![A-Za-z])|外泌体|囊泡|条件培养[基液]"
    r"|分泌组)(?P<glue>[^,;.。]{0,30})$",
    FLAGS,
)
_OTHER_THING = re.compile(r"\b(?:and|plus|with|or|combined|versus|vs)\b|[+&]|和|与|联合|加", FLAGS)


@dataclass(frozen=True, slots=True)
class _Unit:
    """What stands behind a number, up to `end`."""

    end: int
    what: Literal["", "cells", "particles", "ug", "mg", "ml"] = ""
    per: str = ""
    site: str = ""
    basis: Literal["", "each", "total"] = ""
    scale: float = 1.0
    cd34: bool = False
    vesicles: bool = False
    foreign: bool = False
    whole: bool = False  # "per mouse", "per patient": one recipient


def _cell_name(text: str, at: int) -> tuple[int, bool] | None:
    """Return the end of a name of cells at `at`, and whether it speaks of CD34."""
    end, place, cd34, best = at, at, False, None
    for _ in range(MAX_WORDS):
        found = _WORD.match(text, place)
        if found is None:
            break
        word = found["word"]
        if _HEAD.fullmatch(word):
            best = (found.end(), cd34)
        elif not _ADJECTIVE.fullmatch(word):
            break
        cd34 = cd34 or word.lower().startswith("cd34")
        place = found.end()
    if best is None:
        found = _CELLS_ZH.match(text, at)
        best = (found.end(), False) if found else None
    return best if best and best[0] > end else None


def _thing(text: str, unit: _Unit) -> _Unit:
    """Read the name of what was counted, weighed or measured."""
    particles = _COUNTED.match(text, unit.end)
    if particles:
        return replace(unit, end=particles.end(), what="particles")
    weight = _WEIGHED.match(text, unit.end)
    if weight:
        name = _VESICLE_WORD.match(text, weight.end())
        end = name.end() if name else weight.end()
        return replace(unit, end=end, what="ug" if weight["ug"] else "mg", vesicles=name is not None)
    volume = _POURED.match(text, unit.end)
    if volume:
        return replace(unit, end=volume.end(), what="ml", scale=1e-3 if volume["ul"] else 1.0)
    cells = _cell_name(text, unit.end)
    return replace(unit, end=cells[0], what="cells", cd34=cells[1]) if cells else unit


def _site(found: re.Match[str]) -> str:
    name = (found["site"] or found["zsite"]).lower()
    return _SITE_NAMES.get(name) or (name.removesuffix("s"))


def _per(text: str, unit: _Unit) -> _Unit | None:
    """Read one "per kg", "per infusion", "per lesion"; None where none follows."""
    found = _PER.match(text, unit.end)
    if found is None:
        other = _PER_OTHER.match(text, unit.end) if unit.what else None
        return replace(unit, end=other.end(), site=other["thing"].lower()) if other else None
    unit = replace(unit, end=found.end())
    for name in ("kg", "cm2", "m2", "ml"):
        if found[name] or (name == "kg" and found["kgminus"]) or (name == "cm2" and found["cmminus"]):
            return replace(unit, per=name)
    if found["bad"]:
        return replace(unit, foreign=True)
    if found["each"]:
        return replace(unit, basis="each")
    if found["whole"]:
        return replace(unit, whole=True)
    return replace(unit, site=_site(found)) if found["site"] or found["zsite"] else unit


def _read_unit(text: str, at: int) -> _Unit:
    """Read everything behind a number that belongs to its unit."""
    unit = _thing(text, _Unit(at))
    between = _AFTER.match(text, at) if not unit.what else None
    if between:  # "1e6 in total cells/kg"
        named = _thing(text, _Unit(between.end(), basis="each" if between["each"] else "total"))
        unit = named if named.what else unit
    for _ in range(3):
        per = _per(text, unit)
        if per is None:
            break
        unit = per
        if not unit.what and not unit.foreign:
            named = _thing(text, unit)
            unit = named if named.what in {"cells", "particles"} else unit
    after = _AFTER.match(text, unit.end) if unit.what or unit.per else None
    if after:
        unit = replace(unit, end=after.end(), basis="each" if after["each"] else "total")
    return unit


def _unit_of(what: str, per: str) -> tuple[DoseUnit, str]:
    """Return the unit, and what is left to say in words."""
    joined = f"{what}/{per}" if per else what
    known = _units().get(joined)
    return (known, "") if known else (_units()[what], per)


@cache
def _units() -> dict[str, DoseUnit]:
    return {unit: unit for unit in get_args(DoseUnit)}


_EACH_WORDS = ("each", "per", "每")
_AHEAD_WORDS = ("kg", "kilo", "公斤", "千克", "㎏", "cell", "msc", "细胞")


def _ahead(text: str, start: int, unit: _Unit, floor: int) -> tuple[_Unit, int]:
    """Add what stands before the number: "每公斤体重", "cells/kg:", "each knee"; also return where it starts.

    Nothing before `floor` is looked at: it belongs to the amount before.
    """
    left = max(floor, start - 60)
    words = text[left:start].lower()  # looked at first, since it is quick and mostly rules the patterns out
    site = (
        None if unit.site or not any(word in words for word in _EACH_WORDS) else _SITE_AHEAD.search(text, left, start)
    )
    unit = replace(unit, site=_site(site)) if site else unit
    found = _AHEAD.search(text, left, start) if any(word in words for word in _AHEAD_WORDS) else None
    if found is None or unit.foreign or unit.what in {"ug", "mg", "ml"}:
        return unit, start
    if found["cells"]:
        return (unit if unit.what else replace(unit, what="cells")), start
    if unit.per:
        return unit, start
    return replace(unit, what=unit.what or "cells", per="kg"), found.start()


def _negative(text: str, start: int) -> bool:
    """Tell a minus sign from the dash of a word or of a range."""
    return text[start - 1 : start] == "-" and (start == 1 or not (text[start - 2].isalnum() or text[start - 2] in ")]"))


def _vesicles(text: str, start: int, end: int) -> bool:
    """Tell whether the words beside the span name vesicles, secretome or protein."""
    if _VESICLE_WORD.match(text, end):
        return True
    before = _VESICLE_BEFORE.search(text, max(0, start - 60), start)
    return before is not None and _OTHER_THING.search(before["glue"]) is None


def _amounts_of(quantity: Quantity, unit: _Unit, what: str) -> tuple[Amount | None, tuple[Amount, ...]]:
    """Return the amount, spanning all values, and the levels."""
    values = [value * unit.scale for value in quantity.values]
    if not values or values[0] <= 0:
        return None, ()
    name, left = _unit_of(what, unit.per)
    per = unit.site or left
    levels = tuple(Amount(value, name, None, per) for value in values) if quantity.kind == "levels" else ()
    return Amount(values[0], name, values[-1] if len(values) > 1 else None, per), levels


def _basis(text: str, start: int, unit: _Unit) -> Literal["", "each", "total", "sum"]:
    before = _BEFORE.search(text, max(0, start - 70), start)
    if unit.basis == "each" or (before and before["each"]):
        return "each"
    if unit.basis == "total" or (before and before["total"]):
        return "total"
    return "sum" if before else ""


def _without_unit(text: str, quantity: Quantity, unit: _Unit, *, bare: bool) -> bool:
    """Tell whether a number without a name may still stand for cells."""
    if not quantity.values or (unit.per and unit.per not in {"kg", "ml", "cm2", "m2"}):
        return not quantity.values and bare and quantity.scaled
    if unit.per or unit.site or unit.whole or unit.basis == "each":
        return quantity.values[0] >= 100 and (bare or quantity.scaled)
    return bare and quantity.values[0] >= SMALLEST_BARE and _FOREIGN.match(text, quantity.end) is None


def _closed(text: str, at: int) -> int:
    """Return the place behind a closing bracket, where a unit follows it."""
    found = re.compile(r"\s?[)\]](?=\s?(?:/|per\b|cells?\b|x?\s?MSC|个|細|细))", FLAGS).match(text, at)
    return found.end() if found else at


def _factor(text: str, quantity: Quantity) -> re.Match[str] | None:
    """Return the number of repeats before a number, as in "4 × 100 million" and "3 × 50 mL"."""
    found = _FACTOR.search(text, max(0, quantity.start - 8), quantity.start)
    if found is None or _TIMES_BEFORE.search(text, max(0, found.start() - 8), found.start()):
        return None
    lost = not quantity.scaled and quantity.kind == "one" and _TEN.match(text, quantity.start)
    return None if lost else found


_TEN = re.compile(r"10(?![0-9])", FLAGS)  # "2 × 10 cells" lacks its exponent
_TIMES_BEFORE = re.compile(r"[x×*]\s{0,2}$", FLAGS)
_POWER_SIGN = re.compile(r"[\^e⁰-⁹×*½]|[0-9]{5}", FLAGS)
_GOES_ON = re.compile(r"\s{0,2}(?:[x×*-]|~|\bto\b|至|到)\s{0,2}[0-9.,]*[0-9]", FLAGS)


def _whole(text: str, at: int, quantity: Quantity) -> Quantity:
    """Return the quantity, or one without values, up to its last sign, where it is only a part of a number."""
    end = cut_at(text, at, quantity, factor=_factor(text, quantity) is not None)
    if end is None and quantity.scaled:  # "10^6 × 4 cells/kg", "10^6 to 5 cells/kg": the unit is not of the last alone
        more = _GOES_ON.match(text, quantity.end)
        unit = _read_unit(text, more.end()) if more else None
        end = more.end() if more and unit and unit.what in {"cells", "particles"} else None
    if end is None:
        return quantity
    sized = quantity.scaled or _POWER_SIGN.search(text, quantity.start, end) is not None
    return Quantity(quantity.start, end, (), scaled=sized)


def _read_amount(text: str, at: int, *, bare: bool, floor: int) -> FoundAmount | int | None:
    """Read the amount whose number starts at `at` in folded text; the one before it ends at `floor`.

    Returns the amount; the end of a number that is none; or None where no number starts.
    """
    quantity = read_quantity(text, at)
    if quantity is None:
        return None
    quantity = _whole(text, at, quantity)
    unit = _read_unit(text, _closed(text, quantity.end))
    number = read_number(text, quantity.start) if quantity.values and not quantity.scaled else None
    lost = bare_power(text, number) if number and number.end == quantity.end else None
    if lost and lost.value and (unit.per == "kg" or (bare and unit.what == "cells")) and unit.what in {"", "cells"}:
        quantity = Quantity(lost.start, lost.end, (lost.value,), scaled=True, notes=lost.notes)
    unit, start = _ahead(text, quantity.start, unit, floor)
    if unit.foreign or (not unit.what and not _without_unit(text, quantity, unit, bare=bare)):
        number = read_number(text, at) if quantity.kind != "one" else None
        return number.end if number and quantity.values else quantity.end
    amount, levels = _amounts_of(quantity, unit, unit.what or "cells")
    if text[start - 1 : start] == "(" and ")" in text[start : quantity.end] and "(" not in text[start : quantity.end]:
        start -= 1  # "(1-2) x 10^6" begins with its bracket
    if _negative(text, quantity.start):
        amount, levels, start = None, (), quantity.start - 1
    factor = _factor(text, quantity) if quantity.values and (quantity.scaled or unit.what) else None
    notes: tuple[str, ...] = quantity.notes
    if _BOUND.search(text, max(0, quantity.start - 25), quantity.start):
        notes += ("bound",)
    if not unit.what and not unit.per and not unit.site:
        notes += ("unit-assumed",)
    return FoundAmount(
        factor.start() if factor else start,
        unit.end if unit.what or unit.per or unit.site or unit.whole or unit.basis else quantity.end,
        amount,
        levels,
        "each" if factor else _basis(text, quantity.start, unit),
        bool(unit.what),
        unit.cd34,
        unit.vesicles or _vesicles(text, quantity.start, unit.end),
        int(factor["n"]) if factor else None,
        quantity.spread,
        notes,
    )


_JOIN_RANGE = re.compile(r"\s{0,2}(?:-|~|to|至|到)\s{0,2}", FLAGS)
_JOIN_LEVEL = re.compile(
    r"\s{0,2}(?:,\s?(?:and|or|then)?|、|and|or|/|vs\.?|versus|then|followed\sby|和|或|及|与|;)\s{0,2}", FLAGS
)


def _joined(text: str, first: FoundAmount, second: FoundAmount) -> FoundAmount | None:
    """Return two amounts that are the ends of one range or levels of one dose; None where they are two matters."""
    one, two = first.amount, second.amount
    if one and two and "unit-assumed" in first.notes and "unit-assumed" not in second.notes and not first.levels:
        one = replace(one, unit=two.unit, per=two.per)  # "6 × 10^4 to 10^7/kg"
        first = replace(first, notes=tuple(note for note in first.notes if note != "unit-assumed"), named=second.named)
    if one is None or two is None or (one.unit, one.per) != (two.unit, two.per) or second.repeats or first.repeats:
        return None
    if second.basis not in {"", first.basis}:
        return None
    ranged = _JOIN_RANGE.fullmatch(text, first.end, second.start)
    if not ranged and not _JOIN_LEVEL.fullmatch(text, first.end, second.start):
        return None
    parts = (first.levels or (one,)) + (second.levels or (two,))
    if len(parts) > MAX_ITEMS:
        return None
    levels = tuple(sorted(set(parts), key=lambda part: part.value))
    low, high = levels[0].value, max(part.high or part.value for part in levels)
    kept = () if (ranged and len(parts) == 2) or len(levels) == 1 else levels
    notes = tuple(dict.fromkeys(first.notes + second.notes))
    amount = replace(one, value=low, high=high if high > low else None)
    return replace(
        first, end=second.end, amount=amount, levels=kept, notes=notes, vesicles=first.vesicles or second.vesicles
    )


def read_amounts(text: str, *, bare: bool = False) -> tuple[FoundAmount, ...]:
    """Read every amount of cells, particles, protein or volume in a text, in the order met.

    Parameters
    ----------
    text : as given; positions in the result are its code points.
    bare : accept numbers without a unit too, from `SMALLEST_BARE` up: for a text that is known to be a dose.
    """
    folded = fold(text)
    found: list[FoundAmount] = []
    done = floor = 0
    for start in number_starts(folded):
        if start < done:
            continue
        one = _read_amount(folded, start, bare=bare, floor=floor)
        if one is None or isinstance(one, int):
            done = one or start + 1
            continue
        done = floor = one.end
        both = _joined(folded, found[-1], one) if found else None
        if both:
            found[-1] = both
        else:
            found.append(one)
    return tuple(found)
