"""Totals from components: what was given is checked, alternatives are resolved, and the formula is applied.

Nothing is imputed. A missing component leaves the total open and is named; so does a part whose weight is not known.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache

from stromata.clinical.instruments.catalogue import Band, Component, Instrument, instrument, name_key, words
from stromata.errors import InvalidInput
from stromata.model import Caution

Value = float | bool | str | tuple[str, ...]
Given = Instrument | str

TOTAL = "total"
"""Under this name, or the instrument's own, a total from elsewhere may be given instead of components."""

AREA_STEPS = (10.0, 30.0, 50.0, 70.0, 90.0)
"""Share of the skin in % from which the area score of PASI and EASI is 2, 3, 4, 5 and 6; above 0 it is 1."""

TOLERANCE = 0.05 + 1e-9
"""Totals are printed to one decimal: a given total may differ by this much from the one that the components give."""

_DIGITS = 9
"""Totals and percentages are rounded to nine decimals, so that 0.1 + 0.2 is 0.3 and limits are met as printed."""

_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.][0-9]+)?")
_COMMA = re.compile(r"([+-]?[0-9]+),([0-9]+)")
_MISSING = frozenset(
    {
        "",
        "na",
        "n/a",
        "n.a.",
        "nd",
        "n.d.",
        ".",
        "-",
        "--",
        "–",
        "—",
        "?",
        "nan",
        "null",
        "none given",
        "missing",
        "unknown",
        "not done",
        "未知",
        "缺失",
    }
)
_YES = frozenset({"1", "1.0", "yes", "y", "true", "t", "present", "positive", "+", "是", "有", "阳性"})
_NO = frozenset({"0", "0.0", "no", "n", "false", "f", "absent", "negative", "否", "无", "阴性"})
_NOTHING = frozenset({"none", "no", "0", "无"})


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one thing that was given; `component` is its name as given."""

    component: str
    code: str
    text: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """What an instrument makes of one assessment of one patient.

    Attributes
    ----------
    components : (id, value) as given, in the instrument's order.
    total : None where it cannot be computed; a fault or a caution says why.
    derived : (name, value): converted components, and scores beside the total such as ``objective_scorad``.
    band : name of the total in the first scheme of bands; `other_bands` : (scheme, name) in the others.
    """

    instrument: str
    components: tuple[tuple[str, Value], ...]
    total: float | None
    derived: tuple[tuple[str, float], ...] = ()
    band: str | None = None
    other_bands: tuple[tuple[str, str], ...] = ()
    cautions: tuple[Caution, ...] = ()


def score(instrument_: Given, values: Mapping[str, object]) -> Score:
    """Compute an instrument's total from its components.

    Parameters
    ----------
    instrument_ : an instrument, or its id or alias such as ``"PASI"``.
    values : component to value; numbers, texts of numbers, yes and no. Names may be nested by region
        (``{"trunk": {"erythema": 3}}``). Under ``total`` a total from elsewhere may be given, to be banded.

    Raises
    ------
    NotFound
        No such instrument.
    InvalidInput
        Components missing, unknown, out of range or not readable: all of them in one message. Or the instrument
        has no total, only responses.

    Examples
    --------
    >>> score("UCT", {"item_1": 3, "item_2": 3, "item_3": 4, "item_4": 3}).band
    'well controlled'
    """
    item = resolve(instrument_)
    if item.computes == "response":
        raise InvalidInput(
            f"{item.aliases[0]} has no total: it is a rule for a response or a state", hint="Use `respond` for it."
        )
    found, faults = evaluate(item, values)
    if faults:
        raise_faults(item, faults)
    return replace(found, cautions=(*about_name(item, instrument_), *found.cautions))


def resolve(instrument_: Given) -> Instrument:
    """Return the instrument itself, or the one of that name."""
    return instrument_ if isinstance(instrument_, Instrument) else instrument(instrument_)


def about_name(item: Instrument, given: Given) -> Iterator[Caution]:
    """Yield a caution where the instrument was asked for by a name that others go by too."""
    asked = name_key(given) if isinstance(given, str) else None
    for name, text in item.vague_names:
        if name_key(name) == asked:
            yield Caution("vague-name", text)


def raise_faults(item: Instrument, faults: tuple[Fault, ...], *, where: str = "") -> None:
    """Raise one `InvalidInput` that names all faults."""
    absent = [fault.text for fault in faults if fault.code == "missing"]
    texts = [fault.text for fault in faults if fault.code != "missing"]
    text = "; ".join([*texts, *([f"missing: {', '.join(absent)}"] if absent else [])])
    hints = dict.fromkeys(fault.hint for fault in faults if fault.hint)
    raise InvalidInput(f"{item.aliases[0]}{where}: {text}", hint=" ".join(hints))


def evaluate(item: Instrument, values: Mapping[str, object]) -> tuple[Score, tuple[Fault, ...]]:
    """Return the score as far as it can be computed, and everything that is wrong.

    A total that was given is checked against the components, and used where there are none.
    """
    read, total, faults = take(item, values)
    work = _Work(item, read)
    about_total = tuple(fault for fault in faults if find_component(item, fault.component) == TOTAL)
    in_parts = (*(fault for fault in faults if fault not in about_total), *work.convert())
    if work.known or (total is None and not about_total):
        in_parts = (*in_parts, *work.missing({fault.component for fault in in_parts}))
    computed = work.total() if work.known and not in_parts else None
    if total is not None and computed is not None and abs(total - computed) > TOLERANCE:
        text = f"the total given is {total:g}, but the components make {computed:g}"
        hint = "Check the components, or leave one of the two out."
        about_total = (*about_total, Fault(TOTAL, "totals-differ", text, hint))
    agreed = computed if not any(fault.code == "totals-differ" for fault in about_total) else None
    final = agreed if computed is not None or in_parts else total
    cautions = (*_implausible(item, read), *work.cautions, *_area_against_signs(item, work.numbers))
    return _scored(item, work, final, cautions), (*about_total, *in_parts)


def _scored(item: Instrument, work: _Work, total: float | None, cautions: tuple[Caution, ...]) -> Score:
    found: list[tuple[str, Band]] = []
    if total is not None:
        hits = [(scheme.scheme, scheme.find(total)) for scheme in item.bands]
        found = [(name, band) for name, band in hits if band is not None]
        cautions = (*cautions, *_of_total(item, total, found))
    first = item.bands[0].scheme if item.bands else ""
    return Score(
        item.id,
        tuple((part.id, work.given[part.id]) for part in item.components if part.id in work.given),
        total,
        (*work.derived, *(work.beside() if total is not None and work.complete else ())),
        next((band.label for name, band in found if name == first), None),
        tuple((name, band.label) for name, band in found if name != first),
        cautions,
    )


def _of_total(item: Instrument, total: float, found: list[tuple[str, Band]]) -> Iterator[Caution]:
    if item.usual_high is not None and total > item.usual_high:
        yield Caution("implausible-total", f"{item.aliases[0]} of {total:g} is above {item.usual_high:g}: check units.")
    for scheme, band in found:
        if band.printed and not band.printed[0] <= total <= band.printed[1]:
            low, high = band.printed
            text = f"{total:g} lies between printed bands of “{scheme}”: put into {band.label} ({low:g} to {high:g})."
            yield Caution("between-bands", text)


def _implausible(item: Instrument, values: Mapping[str, Value]) -> Iterator[Caution]:
    for id_, value in values.items():
        part = item.component(id_)
        if part.usual_high is not None and isinstance(value, float) and value > part.usual_high:
            text = f"{part.label} is {value:g} {part.unit}, above {part.usual_high:g}: check the value and its unit."
            yield Caution("implausible", text)


def _area_against_signs(item: Instrument, numbers: Mapping[str, float]) -> Iterator[Caution]:
    """Yield a caution where regions have signs without an area, or an area without signs: either adds nothing."""
    if item.formula.name != "regions":
        return
    bare, clear = [], []
    for region, _ in item.formula.weights:
        area = numbers.get(f"{region}_{item.formula.area}")
        signs = [numbers.get(f"{region}_{sign}") for sign in item.formula.signs]
        if area == 0 and any(signs):
            bare.append(region)
        if area and not any(sign is None or sign > 0 for sign in signs):
            clear.append(region)
    if bare:
        text = f"Signs are rated where the area is 0 ({', '.join(bare)}): they add nothing. Check the area."
        yield Caution("signs-without-area", text)
    if clear:
        text = f"An area is given where all signs are 0 ({', '.join(clear)}): it adds nothing. Check the signs."
        yield Caution("area-without-signs", text)


# What was given


def take(item: Instrument, values: Mapping[str, object]) -> tuple[dict[str, Value], float | None, tuple[Fault, ...]]:
    """Return the components that can be read, the total if one was given, and the faults of the rest.

    Missing values are left out; it is for the caller to say whether they are missed.
    """
    read: dict[str, Value] = {}
    total: float | None = None
    faults: list[Fault] = []
    for name, raw in _flat(values):
        target = find_component(item, name)
        if target is None:
            faults.append(_unknown(item, name))
        elif not is_missing(raw):
            part = _total_component(item) if target == TOTAL else item.component(target)
            value, fault = _read(part, raw, name)
            if fault is not None:
                faults.append(fault)
            elif target in read or (target == TOTAL and total is not None):
                faults.append(Fault(name, "given-twice", f"{name} is given twice", "Give each component once."))
            elif target == TOTAL:
                total = value if isinstance(value, float) else None
            elif value is not None:
                read[target] = value
    return read, total, tuple(faults)


def find_component(item: Instrument, name: str) -> str | None:
    """Return the id of the component that `name` stands for, `TOTAL` for the total, None for neither.

    The instrument's own name may stand before or behind that of the component.
    """
    names = _component_names(item.id)
    found = names.get(name_key(name))
    if found is None:
        parts = words(name)
        own_names = (item.id, *item.aliases, *(each for each, _ in item.vague_names))
        for own in sorted({words(each) for each in own_names}, key=len, reverse=True):
            if parts[: len(own)] == own:
                found = found or names.get(tuple(sorted(parts[len(own) :])))
            if parts[-len(own) :] == own:
                found = found or names.get(tuple(sorted(parts[: -len(own)])))
    return found


def is_missing(raw: object) -> bool:
    """Return whether a cell says that there is no value: empty, NA, ND, a dash."""
    if isinstance(raw, float) and math.isnan(raw):
        return True
    return raw is None or (isinstance(raw, str) and raw.strip().lower() in _MISSING)


def wanting(item: Instrument, have: set[str]) -> Iterator[tuple[str, str]]:
    """Return each required component that `have` holds in no form, with all its forms in words."""
    for part in item.components:
        instead = [other.id for other in item.components if other.alternative and part.id in other.alternative.of]
        if part.required and part.id not in have and not have.intersection(instead):
            yield part.id, part.id + (f" (or {' or '.join(instead)})" if instead else "")


@cache
def _component_names(id_: str) -> dict[tuple[str, ...], str]:
    item = instrument(id_)
    names: dict[tuple[str, ...], str] = {}
    if item.computes == "total":
        for name in (item.id, *item.aliases, *(name for name, _ in item.vague_names)):
            names |= {name_key(name + after): TOTAL for after in ("", " total", " score", " total score")}
        names |= {name_key(name): TOTAL for name in ("total", "score", "total score", "sum score")}
    for part in item.components:
        names |= {name_key(name): part.id for name in (*part.aliases, part.id)}
    return names


def _total_component(item: Instrument) -> Component:
    return Component(TOTAL, f"{item.aliases[0]} total", low=item.low, high=item.high, step=item.step, unit=item.unit)


def _flat(values: Mapping[str, object], above: str = "") -> Iterator[tuple[str, object]]:
    for key, value in values.items():
        name = f"{above}_{key}" if above else str(key)
        if isinstance(value, Mapping):
            yield from _flat(value, name)
        else:
            yield name, value


def _unknown(item: Instrument, name: str) -> Fault:
    ids = [part.id for part in item.components]
    stem = words(name)
    near = [id_ for id_ in ids if stem and words(id_)[: len(stem)] == stem] or get_close_matches(name.lower(), ids, n=4)
    if near and len(near) > 1 and all(item.component(id_).unit for id_ in near):
        hint = f"Say the unit: {' or '.join(near)}."
    else:
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Known are: {', '.join(ids)}."
    return Fault(name, "unknown-component", f"{name!r} is no component", hint)


def _read(part: Component, raw: object, name: str) -> tuple[Value | None, Fault | None]:
    """Return the value, or what is wrong with it."""
    if part.kind == "flag":
        answer = _flag(raw, part.weight)
        fault = None if answer is not None else Fault(name, "not-yes-or-no", f"{name} is {raw!r}: yes or no is wanted")
        return answer, fault
    if part.kind == "choice":
        letters = [letter for letter, _ in part.choices]
        letter = str(raw).strip().upper()
        if letter in letters:
            return letter, None
        return None, Fault(name, "not-a-choice", f"{name} is {raw!r}: one of {', '.join(letters)} is wanted")
    if part.kind == "items":
        return _items(part, raw, name)
    number = read_number(raw, unit=part.unit)
    if isinstance(number, str):
        return None, Fault(name, "not-a-number", f"{name} is {raw!r}: {number}")
    return (number, None) if (wrong := _out_of_range(part, number, name)) is None else (None, wrong)


def _out_of_range(part: Component, number: float, name: str) -> Fault | None:
    low, high = part.low, part.high
    unit = f" {part.unit}" if part.unit else ""
    if (low is not None and number < low) or (high is not None and number > high):
        allowed = (
            f"{low:g} to {high:g}"
            if low is not None and high is not None
            else (f"{low:g} or more" if low is not None else f"at most {high:g}")
        )
        return Fault(name, "out-of-range", f"{name} is {number:g}, allowed is {allowed}{unit}", part.note)
    if part.step is not None and abs(number / part.step - round(number / part.step)) > 1e-9:
        what = "a whole number" if part.step == 1 else f"a multiple of {part.step:g}"
        return Fault(name, "not-a-step", f"{name} is {number:g}, {what} is wanted")
    return None


def _flag(raw: object, weight: float | None) -> bool | None:
    """Return yes or no; a descriptor noted as its own points is present."""
    if isinstance(raw, bool):
        return raw
    if weight is not None and read_number(raw) == weight:
        return True
    text = f"{raw:g}" if isinstance(raw, int | float) else str(raw).strip().lower()
    return True if text in _YES else False if text in _NO else None


def _items(part: Component, raw: object, name: str) -> tuple[Value | None, Fault | None]:
    parts = raw if isinstance(raw, list | tuple | set | frozenset) else re.split(r"[;|,+]", str(raw))
    names = [text for one in parts if (text := str(one).strip())]
    if len(names) == 1 and names[0].lower() in _NOTHING:
        return (), None
    known = {name_key(id_): id_ for id_ in part.items}
    wrong = [one for one in names if name_key(one) not in known]
    if wrong:
        return None, Fault(
            name, "unknown-item", f"{name} holds {', '.join(map(repr, wrong))}", f"Known are: {', '.join(part.items)}."
        )
    return tuple(dict.fromkeys(known[name_key(one)] for one in names)), None


def read_number(raw: object, *, unit: str = "") -> float | str:
    """Return a number, or a sentence that says why there is none.

    A decimal comma is read as such unless it could part thousands, as in ``1,234``.
    """
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        return "a number is wanted"
    if not isinstance(raw, str):
        return float(raw) if math.isfinite(raw) else "a finite number is wanted"
    text = unicodedata.normalize("NFKC", raw).strip().replace("\u2212", "-")
    if unit and text.lower().endswith(unit.lower()):
        text = text[: -len(unit)].strip()
    comma = _COMMA.fullmatch(text)
    if comma:
        whole, after = comma.groups()
        if len(after) == 3 and whole.lstrip("+-0"):
            return f"the comma may part thousands or decimals; write {whole}.{after} or {whole}{after}"
        text = f"{whole}.{after}"
    if not _NUMBER.fullmatch(text):
        return "a number is wanted"
    value = float(text)
    return value if math.isfinite(value) else "a finite number is wanted"


# From components to the total


@dataclass(slots=True)
class _Work:
    """The components of one assessment while the total is worked out. Lives no longer than one call."""

    item: Instrument
    given: dict[str, Value]
    numbers: dict[str, float] = field(default_factory=dict)
    derived: list[tuple[str, float]] = field(default_factory=list)
    cautions: list[Caution] = field(default_factory=list)

    def __post_init__(self) -> None:
        for id_, value in self.given.items():
            self.numbers[id_] = _as_number(self.item.component(id_), value)

    @property
    def known(self) -> bool:
        """Whether any component was given."""
        return bool(self.given)

    @property
    def complete(self) -> bool:
        """Whether all components were given, in whatever form."""
        return self.known and not any(wanting(self.item, set(self.numbers)))

    def convert(self) -> Iterator[Fault]:
        """Put in what alternatives stand for; where both were given they must agree."""
        for part in self.item.components:
            if part.alternative is None or part.id not in self.numbers:
                continue
            targets = part.alternative.of
            if part.alternative.kind == "sum":
                yield from self._sum(part, targets)
                continue
            (target,) = targets
            number = self.numbers[part.id]
            is_area = part.alternative.kind == "area-score"
            value = float(area_score(number)) if is_area else tidy(number * part.alternative.factor)
            if target in self.given and abs(self.numbers[target] - value) > TOLERANCE:
                yield _disagree(part.id, target, value, self.numbers[target])
            elif target not in self.numbers:
                self.numbers[target] = value
                self.derived.append((target, value))

    def _sum(self, part: Component, targets: tuple[str, ...]) -> Iterator[Fault]:
        parts = [self.numbers.pop(target) for target in targets if target in self.numbers]
        if len(parts) == len(targets) and abs(math.fsum(parts) - self.numbers[part.id]) > TOLERANCE:
            yield _disagree(part.id, "its items together", self.numbers[part.id], math.fsum(parts))

    def missing(self, faulty: set[str]) -> Iterator[Fault]:
        """Name each component that is wanted and was given in no form."""
        if self.item.formula.partial and self.known:
            return
        have = set(self.numbers) | {id_ for name in faulty if (id_ := find_component(self.item, name))}
        for part, ways in wanting(self.item, have):
            yield Fault(part, "missing", ways, "No value is ever filled in.")

    def total(self) -> float | None:
        """Return the total; None where an unknown weight matters."""
        if self.item.formula.partial:
            return self._partial()
        return tidy(_FORMULAS[self.item.formula.name](self.item, self.numbers))

    def _partial(self) -> float | None:
        """Return the total if nothing that is missing or unknown matters; else leave the known part beside it."""
        weighted = {id_: value for id_, value in self.numbers.items() if self.item.component(id_).weight is not None}
        active = [id_ for id_, value in self.numbers.items() if id_ not in weighted and value > 0]
        absent = [part.id for part in self.item.components if part.id not in self.numbers]
        known = tidy(_weighted_sum(self.item, weighted))
        if not active and not absent:
            return known
        self.derived.append(("known_part", known))
        reasons = [f"no weight was found for {', '.join(active)}"] if active else []
        reasons += [f"{', '.join(absent)} not given"] if absent else []
        text = f"No total: {'; '.join(reasons)}. The domains with a known weight make {known:g}."
        self.cautions.append(Caution("partial-instrument", text))
        return None

    def beside(self) -> Iterator[tuple[str, float]]:
        """Return the scores beside the total."""
        for extra in self.item.derived:
            if extra.without:
                kept = {id_: value for id_, value in self.numbers.items() if id_ not in extra.without}
                yield extra.id, tidy(_weighted_sum(self.item, kept))
            else:
                yield extra.id, tidy(_BESIDE[extra.id](self.numbers))


def _as_number(part: Component, value: Value) -> float:
    if part.kind == "choice":
        return dict(part.choices)[str(value)]
    return float(value) if isinstance(value, bool | float) else 0.0


def _disagree(one: str, other: str, value: float, found: float) -> Fault:
    text = f"{one} makes {value:g}, but {other} makes {found:g}"
    return Fault(one, "do-not-agree", text, "Give one of the two, or mend them.")


def tidy(value: float) -> float:
    """Return `value` without the noise of binary fractions."""
    return round(value, _DIGITS) + 0.0


def area_score(percent: float) -> int:
    """Return the area score of PASI and EASI, 0 to 6, for a share of the region's skin in %."""
    return int(percent > 0) + sum(percent >= limit for limit in AREA_STEPS)


def _weighted_sum(item: Instrument, numbers: Mapping[str, float]) -> float:
    weights = {part.id: part.weight for part in item.components}
    return math.fsum((weights[id_] or 0.0) * value for id_, value in numbers.items())


def _regions(item: Instrument, numbers: Mapping[str, float]) -> float:
    formula = item.formula
    young = formula.young_below_years is not None and numbers["age_years"] < formula.young_below_years
    return math.fsum(
        weight * math.fsum(numbers[f"{region}_{sign}"] for sign in formula.signs) * numbers[f"{region}_{formula.area}"]
        for region, weight in (formula.weights_young if young else formula.weights)
    )


def _mean(item: Instrument, numbers: Mapping[str, float]) -> float:
    return math.fsum(numbers[part.id] for part in item.components) / len(item.components)


def _joints(numbers: Mapping[str, float]) -> float:
    return 0.56 * math.sqrt(numbers["tjc28"]) + 0.28 * math.sqrt(numbers["sjc28"])


def _das28_esr(_item: Instrument, numbers: Mapping[str, float]) -> float:
    return _joints(numbers) + 0.70 * math.log(numbers["esr_mm_h"]) + 0.014 * numbers["gh_mm"]


def _das28_crp(_item: Instrument, numbers: Mapping[str, float]) -> float:
    return _joints(numbers) + 0.36 * math.log(numbers["crp_mg_l"] + 1) + 0.014 * numbers["gh_mm"] + 0.96


def _step_points(item: Instrument, numbers: Mapping[str, float]) -> float:
    return math.fsum(
        step.points[sum(numbers[step.component] > limit for limit in step.above)] for step in item.formula.points
    )


_FORMULAS: dict[str, Callable[[Instrument, Mapping[str, float]], float]] = {
    "regions": _regions,
    "weighted-sum": _weighted_sum,
    "mean": _mean,
    "das28-esr": _das28_esr,
    "das28-crp": _das28_crp,
    "step-points": _step_points,
}

_BESIDE: dict[str, Callable[[Mapping[str, float]], float]] = {
    "das28_3_esr": lambda numbers: (_joints(numbers) + 0.70 * math.log(numbers["esr_mm_h"])) * 1.08 + 0.16,
    "das28_3_crp": lambda numbers: (_joints(numbers) + 0.36 * math.log(numbers["crp_mg_l"] + 1)) * 1.10 + 1.15,
}
