"""Doses of cell products: what one administration holds, how many there were, and what that makes in all.

A dose is read as it stands. What the text leaves open stays open: a number without "per kg" is never turned into one
by a guess, a total is never shared out, and every reading that a person should check carries a `Caution`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from stromata.clinical.amounts import Amount, DoseUnit, FoundAmount, read_amounts
from stromata.clinical.cues import is_of_a_drug, nearest_cue, sentence
from stromata.clinical.quantities import FLAGS, fold
from stromata.clinical.schedules import Schedule, ScheduleMatch, find_schedules, read_schedule
from stromata.clinical.terms import find, recognise
from stromata.errors import InvalidInput
from stromata.model import Caution

__all__ = [
    "Amount",
    "Dose",
    "DoseMatch",
    "DoseUnit",
    "Schedule",
    "ScheduleMatch",
    "find_doses",
    "find_schedules",
    "parse_dose",
]

LIGHTEST, HEAVIEST = 0.2, 400.0  # kg: from the smallest preterm infant to the heaviest adults; mice are given in grams
QUOTED = 80  # characters of a text that a caution quotes
SMALLEST_FOUND = 1e3  # cells: fewer than this in running text is a count under the microscope, no dose

# What doses lie between: our own limits, wide on purpose, so that outside stands a slip of a power of ten rather than a
# dose. For scale: in trials of MSC the median dose was 1e8 cells, and the smallest that worked were 7e7 to 1.9e8 cells
# (Kabat 2020, 10.1002/sctm.19-0202, from its abstract; the paper itself was not read).
_PLAUSIBLE: dict[str, tuple[float, float]] = {
    "cells/kg": (1e3, 1e9),
    "cells": (1e3, 1e11),
    "cells/cm2": (1e2, 1e9),
    "cells/m2": (1e4, 1e11),
    "cells/ml": (1e3, 1e9),
    "particles": (1e5, 1e15),
    "particles/kg": (1e5, 1e14),
}


@dataclass(frozen=True, slots=True)
class Dose:
    """A dose as a text gives it.

    Attributes
    ----------
    text : what was read.
    per_administration : what one administration holds; spans the levels where several are named. None when not known.
    administrations, administrations_high : their number, or the ends of a range; None when not stated.
    interval_days, interval_days_high : days between two of them, or the ends of a range; None when unknown.
    days : days of administration as listed.
    route : id in the vocabulary of routes; several joined by "; "; the words as given where the vocabulary lacks them.
    cumulative : what all administrations hold together. None where amount or number is not known.
    cells_per_kg, cells_per_kg_high : one administration in cells per kg of body weight, or the ends of a range.
    cells_per_kg_cumulative, cells_per_kg_cumulative_high : likewise all of them.
    weight_kg : body weight that the caller gave; used only where the text does not count by kg.
    levels : the single dose levels, where the text names several.
    stated : the amount as the text prints it, whether it is for one administration or for all.
    cautions : everything that a reader must know before using a number.
    """

    text: str
    per_administration: Amount | None = None
    administrations: int | None = None
    interval_days: float | None = None
    route: str = ""
    cumulative: Amount | None = None
    cells_per_kg: float | None = None
    cells_per_kg_cumulative: float | None = None
    weight_kg: float | None = None
    cautions: tuple[Caution, ...] = ()
    administrations_high: int | None = None
    interval_days_high: float | None = None
    days: tuple[float, ...] = ()
    cells_per_kg_high: float | None = None
    cells_per_kg_cumulative_high: float | None = None
    levels: tuple[Amount, ...] = ()
    stated: Amount | None = None


@dataclass(frozen=True, slots=True)
class DoseMatch:
    """A dose found in a text; `start` and `end` are code points of `quote` in the text as given."""

    start: int
    end: int
    quote: str
    dose: Dose


_MASK = "¤"  # stands for the characters of an amount where schedules and words are looked for
_MANY = r"(?:[2-9]|[1-9][0-9]|two|three|four|five|six|seven|eight|nine|ten|twelve)"
_EVENT = (
    r"(?:infusions?|injections?|doses|administrations?|transfusions?|treatments?|applications?|sessions?|visits?|times)"
)
_EACH = re.compile(
    rf"\b(?:each|every|per|at\seach)[\s-](?:time\b|{_EVENT}|infusion|dose)|每次|/\s?次|\b{_EVENT}\s?(?:,|:"
    rf"|\()?\s?(?:of|with|at|containing|each(?:\sof)?|(?:\w{{1,12}}\s){{0,4}}at\sa\sdose\sof)?"
    rf"\s?(?:about\s|approximately\s)?{_MASK}|{_MASK}\s{{0,2}}\(?each\b",
    FLAGS,
)
_DIVIDED = re.compile(
    r"\b(?:divided|split|fractionated|subdivided|apportioned)\b|分(?:为|成)?\s?[0-9一二两三四五六七八九十]{1,2}\s?次"
    r"|平均分",
    FLAGS,
)
_EQUALLY = re.compile(r"\bequal(?:ly)?\b|平均|等分", FLAGS)
_WHOLE_OR_PART = re.compile(
    rf"{_MASK}[^.{_MASK}]{{0,50}}?\b(?:in|over|by|via|through|across|as|with"
    rf"|using)\s(?:a\stotal\sof\s)?{_MANY}\s(?:[a-z-]{{2,15}}\s){{0,3}}{_EVENT}\b",
    FLAGS,
)
_SHORT_ROUTES = {
    "iv": "intravenous",
    "sc": "subcutaneous",
    "im": "intramuscular",
    "ia": "intra-articular",
    "ip": "intraperitoneal",
    "id": "intradermal",
}
_SHORT = re.compile(rf"(?<![A-Za-z-])({'|'.join(_SHORT_ROUTES)})(?![A-Za-z.-])", FLAGS)


def parse_dose(text: str, *, schedule: str = "", route: str = "", weight_kg: float | None = None) -> Dose:
    """Read a dose: amount, number of administrations, interval and route, with what they make in all.

    Parameters
    ----------
    text : everything in one, such as ``2 × 10^6 cells/kg IV every 2 weeks ×4``, or the amount alone.
    schedule, route : where a table keeps them in columns of their own.
    weight_kg : body weight in kg, `LIGHTEST` to `HEAVIEST`, by which a dose in cells is put per kg; never assumed.

    Returns
    -------
    A dose. What could not be read is None, and a caution quotes what was met; no text raises.

    Raises
    ------
    InvalidInput
        `weight_kg` is outside its range or no number.

    Examples
    --------
    >>> dose = parse_dose("2 × 10^6 cells/kg IV every 2 weeks ×4")
    >>> dose.per_administration, dose.administrations, dose.interval_days, dose.route
    (Amount(value=2000000.0, unit='cells/kg', high=None, per=''), 4, 14.0, 'intravenous')
    >>> dose.cumulative.value
    8000000.0
    """
    if weight_kg is not None and not LIGHTEST <= weight_kg <= HEAVIEST:
        message = f"The body weight must lie between {LIGHTEST:g} and {HEAVIEST:g} kg, not {weight_kg!r}."
        raise InvalidInput(message, hint="Give it in kilograms, or leave it out: the dose is then kept as reported.")
    found = read_amounts(text, bare=True)
    words = _masked(text, found)
    timing = read_schedule(f"{words} ; {fold(schedule)}" if schedule.strip() else words)
    cautions = list(timing.cautions)
    if schedule.strip() and timing == Schedule():
        cautions.append(
            Caution("schedule-not-understood", f"No number or interval could be read in “{_shown(schedule)}”.")
        )
    way, doubts = _route(route, f"{text} ; {schedule}")
    dose = Dose(text, route=way, weight_kg=weight_kg)
    return _put_together(dose, found, timing, words, cautions=(*cautions, *doubts))


def _put_together(
    dose: Dose, found: tuple[FoundAmount, ...], timing: Schedule, words: str, *, cautions: tuple[Caution, ...]
) -> Dose:
    """Fill a dose from the amounts and the schedule that were read."""
    chosen, all_in, remarks = _choose(dose.text, found)
    timing, repeated = _with_repeats(timing, chosen)
    dose = replace(
        dose,
        administrations=timing.administrations,
        administrations_high=timing.administrations_high,
        interval_days=timing.interval_days,
        interval_days_high=timing.interval_days_high,
        days=timing.days,
    )
    if chosen is None or chosen.amount is None:
        return replace(dose, cautions=(*remarks, *cautions))
    dose = replace(dose, stated=chosen.amount, levels=chosen.levels)
    dose, shared = _shares(dose, chosen, words)
    if all_in is not None:
        dose, doubt = _with_total(dose, all_in)
        shared += doubt
    dose, weighed = _per_kg(dose, unclear=any(caution.code == "total-or-each" for caution in shared))
    of_number = _about(chosen, dose.text)
    return replace(dose, cautions=(*of_number, *remarks, *shared, *weighed, *repeated, *cautions))


# --- the amount ------------------------------------------------------------------------------------------------------


def _shown(text: str) -> str:
    """Return a text on one line, short enough to be quoted."""
    line = " ".join(text.split())
    return line if len(line) <= QUOTED else f"{line[: QUOTED - 3]}..."


def _masked(text: str, found: tuple[FoundAmount, ...]) -> str:
    """Return the folded text with every amount hidden, so that its numbers are not taken for a schedule."""
    folded, parts, done = fold(text).replace(_MASK, " "), [], 0
    for one in found:
        parts += [folded[done : one.start], _MASK * (one.end - one.start)]
        done = one.end
    return "".join((*parts, folded[done:]))


def _rank(one: FoundAmount) -> int:
    """Return how well an amount serves as the dose: cells, a bare number, particles, vesicles by weight, the rest."""
    unit = one.amount.unit if one.amount else ""
    if unit.startswith("cells"):
        return 1 if "unit-assumed" in one.notes else 0
    if unit.startswith("particles"):
        return 2
    return 3 if one.vesicles and not unit.startswith("ml") else 4


def _sizes(one: FoundAmount) -> tuple[float, ...]:
    return () if one.amount is None else _ends(one.amount)


def _is_volume(one: FoundAmount) -> bool:
    return one.amount is not None and one.amount.unit.startswith("ml")


_KG_LEFT = re.compile(r"/\s?\(?kg\b|\bper\s(?:kg|kilo)|\bkg\s?(?:\^?-1|⁻)|[每/]\s?(?:公斤|千克)", FLAGS)


def _choose(text: str, found: tuple[FoundAmount, ...]) -> tuple[FoundAmount | None, Amount | None, tuple[Caution, ...]]:
    """Pick the amount that is the dose, a total stated beside it, and say what was left aside."""
    folded = fold(text)
    usable = [one for one in found if one.amount and not (_rank(one) == 4 and is_of_a_drug(folded, one.start, one.end))]
    if not usable:
        pieces = "; ".join(text[one.start : one.end] for one in found)
        met = pieces if pieces and len(text) > QUOTED else text
        why = f"No amount of cells, particles, protein or volume could be read in “{_shown(met)}”."
        return None, None, (Caution("not-understood", why if met.strip() else "No dose was given: the text is empty."),)
    best = min(_rank(one) for one in usable)
    if best == 1 and _KG_LEFT.search(_masked(text, found)):
        why = f"A weight in kg is named in “{_shown(text)}”, but not so that it can be told what is counted per kg."
        return None, None, (Caution("not-understood", why),)
    first, *others = [one for one in usable if _rank(one) == best]
    first = _of_volume(first, [one for one in usable if _is_volume(one)])
    total: Amount | None = None
    aside: list[str] = []
    for one in others:
        if first.amount is None or one.amount is None or one.amount == first.amount:
            continue
        alike = (one.amount.unit, one.amount.per) == (first.amount.unit, first.amount.per)
        if alike and one.basis == "total" and first.basis != "total":
            total = one.amount
        elif alike and first.basis == "total" and one.basis != "total":
            first, total = one, first.amount
        elif alike:
            first = _more_levels(first, one)
        else:
            aside.append(text[one.start : one.end])
    if best == 0:
        aside += [text[one.start : one.end] for one in usable if _rank(one) == 1 and _sizes(one) != _sizes(first)]
    remarks = [
        Caution(
            "not-understood",
            f"“{_shown(text[one.start : one.end])}” is no amount that can be read for certain; it was left out.",
        )
        for one in found
        if one.amount is None
    ]
    if aside:
        remarks.append(
            Caution("several-amounts", f"The text also names “{_shown('; '.join(aside))}”, which was left aside.")
        )
    return first, total, tuple(remarks)


def _of_volume(one: FoundAmount, volumes: list[FoundAmount]) -> FoundAmount:
    """Multiply a concentration by the one volume that stands beside it: 10^6/mL and 0.5 mL make 5 × 10^5."""
    amount, volume = one.amount, volumes[0].amount if len(volumes) == 1 else None
    if amount is None or volume is None or not amount.unit.endswith("/ml") or volume.unit not in {"ml", "ml/kg"}:
        return one
    product = amount.times(volume.value, volume.high)
    what = amount.unit.removesuffix("/ml")
    names: dict[str, DoseUnit] = {"cells": "cells", "particles": "particles", "ug": "ug", "mg": "mg"}
    by_kg: dict[str, DoseUnit] = {"cells": "cells/kg", "particles": "particles/kg", "ug": "ug/kg", "mg": "mg/kg"}
    unit = (by_kg if volume.unit == "ml/kg" else names)[what]
    product = replace(product, unit=unit, per=volume.per or amount.per)
    return replace(one, amount=product, levels=(), basis=one.basis or volumes[0].basis, notes=(*one.notes, "volume"))


def _more_levels(first: FoundAmount, second: FoundAmount) -> FoundAmount:
    """Add another amount of the same kind as a further dose level."""
    one, two = first.amount, second.amount
    if one is None or two is None:
        return first
    levels = tuple(sorted({*(first.levels or (one,)), *(second.levels or (two,))}, key=lambda level: level.value))
    high = max(level.high or level.value for level in levels)
    amount = replace(one, value=levels[0].value, high=high if high > levels[0].value else None)
    return replace(first, amount=amount, levels=levels, notes=tuple(dict.fromkeys(first.notes + second.notes)))


def _figure(value: float) -> str:
    return f"{value:.6g}"


def _about(one: FoundAmount, text: str) -> tuple[Caution, ...]:
    """Return what a reader must know of how the number was read."""
    amount = one.amount
    if amount is None:
        return ()
    quote = _shown(text[one.start : one.end])
    size = " to ".join(map(_figure, _ends(amount)))
    says = {
        "lost-superscript": f"“{quote}” was read as {size}: the raised exponent seems to have been lost in copying.",
        "power-notation": f"“{quote}” was read as {size}; such writing can also mean ten times as many.",
        "unit-assumed": f"“{quote}” names no unit; it was read as cells, not as cells per kg.",
        "bound": f"“{quote}” is given as a limit, not as what everyone got.",
        "volume": "The amount was worked out as concentration times volume.",
    }
    cautions = [Caution(note, says[note]) for note in one.notes]
    if one.spread is not None:
        cautions.append(
            Caution("mean-amount", f"The amount is a mean; its spread of {_figure(one.spread)} was left out.")
        )
    if one.cd34:
        cautions.append(Caution("cd34", "These are CD34-positive blood stem cells, not mesenchymal stromal cells."))
    if one.levels:
        listed = ", ".join(_figure(level.value) for level in one.levels)
        text_ = (
            f"Several dose levels are named ({listed} {amount.unit}); the amount spans them. Who got which is not read."
        )
        cautions.append(Caution("dose-levels", text_))
    if _rank(one) == 4 and not _is_volume(one):
        cautions.append(
            Caution("mass-unnamed", "The text does not say what was weighed; it was taken for the product.")
        )
    low, high = _PLAUSIBLE.get(amount.unit, (0.0, float("inf")))
    if amount.value < low or (amount.high or amount.value) > high:
        text_ = f"{_figure(amount.value)} {amount.unit} lies outside {low:.0e} to {high:.0e}; check the power of ten."
        cautions.append(Caution("implausible-amount", text_))
    return tuple(cautions)


def _ends(amount: Amount) -> tuple[float, ...]:
    return (amount.value,) if amount.high is None else (amount.value, amount.high)


# --- each or in all --------------------------------------------------------------------------------------------------


def _with_repeats(timing: Schedule, one: FoundAmount | None) -> tuple[Schedule, tuple[Caution, ...]]:
    """Take the number of administrations from "4 × 100 million"."""
    times = one.repeats if one else None
    if times is None or timing.administrations == times:
        return timing, ()
    if timing.administrations is None and not timing.cautions:
        return replace(timing, administrations=times), ()
    text = f"The text gives {times} administrations and also another number; none was chosen."
    return replace(timing, administrations=None, administrations_high=None), (Caution("conflicting-schedule", text),)


def _basis(one: FoundAmount, words: str, administrations: int | None) -> str:
    """Tell what the words say: ``each``, ``total``, or ``unclear``."""
    if one.basis == "each":
        return "each"
    if one.basis == "total" or _DIVIDED.search(words):
        return "total"
    if _EACH.search(words):
        return "each"
    if one.basis == "sum":
        return "total" if administrations else "unclear"
    return "unclear" if _WHOLE_OR_PART.search(words) else "each"


def _shares(dose: Dose, one: FoundAmount, words: str) -> tuple[Dose, tuple[Caution, ...]]:
    """Say what one administration holds, and what all hold."""
    amount, times = one.amount, dose.administrations
    if amount is None:
        return dose, ()
    once = times == 1 and dose.administrations_high is None
    basis = "each" if once else _basis(one, words, times)
    if basis == "unclear":
        text = (
            "The text does not say whether this is for each administration or for all together. It stands as written."
        )
        return replace(dose, per_administration=amount), (Caution("total-or-each", text),)
    if basis == "total":
        if times and dose.administrations_high is None and _EQUALLY.search(words):
            return replace(dose, per_administration=amount.times(1 / times), cumulative=amount), ()
        text = "The amount is the total of all administrations; what each one held is not stated."
        return replace(dose, cumulative=amount), (Caution("total-only", text),)
    dose = replace(dose, per_administration=amount)
    if amount.unit.endswith("/ml"):
        return dose, (Caution("concentration", "This is a concentration; without the volume given it is no dose."),)
    if times is None:
        return dose, ()
    dose = replace(dose, cumulative=amount.times(times, dose.administrations_high))
    spans = amount.high is not None and dose.administrations_high is not None
    text = "Amount and number are both ranges; the total spans all their combinations, given or not."
    return dose, (Caution("wide-total", text),) if spans else ()


def _with_total(dose: Dose, total: Amount) -> tuple[Dose, tuple[Caution, ...]]:
    """Keep the total that the text states, and say where it does not fit amount times number."""
    worked_out = dose.cumulative
    fits = worked_out is None or abs(worked_out.value - total.value) <= 0.05 * total.value
    dose = replace(dose, cumulative=total)
    if fits or worked_out is None:
        return dose, ()
    text = f"The stated total of {_figure(total.value)} is not amount times number, {_figure(worked_out.value)}."
    return dose, (Caution("total-mismatch", text),)


# --- per kilogram ----------------------------------------------------------------------------------------------------


def _by_kg(amount: Amount | None, weight_kg: float | None) -> tuple[float | None, float | None]:
    """Return both ends of an amount in cells per kg; None where that cannot be known."""
    if amount is None or amount.per or amount.unit not in {"cells", "cells/kg"}:
        return None, None
    if amount.unit == "cells/kg":
        return amount.value, amount.high
    if weight_kg is None:
        return None, None
    return amount.value / weight_kg, None if amount.high is None else amount.high / weight_kg


def _per_kg(dose: Dose, *, unclear: bool) -> tuple[Dose, tuple[Caution, ...]]:
    """Put the dose per kg of body weight where that can be done without a guess."""
    amount = dose.per_administration or dose.cumulative
    if amount is None or unclear:
        return dose, ()
    one, one_high = _by_kg(dose.per_administration, dose.weight_kg)
    every, every_high = _by_kg(dose.cumulative, dose.weight_kg)
    dose = replace(
        dose,
        cells_per_kg=one,
        cells_per_kg_high=one_high,
        cells_per_kg_cumulative=every,
        cells_per_kg_cumulative_high=every_high,
    )
    if amount.unit == "cells" and not amount.per and dose.weight_kg is not None:
        text = f"The dose is not given per kg; cells per kg rest on an assumed body weight of {dose.weight_kg:g} kg."
        return dose, (Caution("assumed-weight", text),)
    if amount.unit.startswith("cells") and amount.unit != "cells/kg" and (amount.per or amount.unit != "cells"):
        what = amount.per or amount.unit.removeprefix("cells/").replace("cm2", "cm²").replace("m2", "m²").replace(
            "ml", "mL"
        )
        text = f"The dose is counted per {what}; how many a patient had is not known, so it is not put per kg."
        return dose, (Caution("not-per-kg", text),)
    return dose, ()


# --- the route -------------------------------------------------------------------------------------------------------


def _route(route: str, text: str) -> tuple[str, tuple[Caution, ...]]:
    """Return the id of the route, from its own column where there is one, else from the text."""
    given = route.strip()
    known = recognise("routes", given) if given else None
    if known is not None:
        return known.id, ()
    named = given or text
    ids = list(dict.fromkeys(match.term.id for match in find("routes", named)))
    if not ids:
        ids = list(dict.fromkeys(_SHORT_ROUTES[found[0].lower()] for found in _SHORT.finditer(fold(named))))
    if len(ids) > 1:
        return "; ".join(ids), (
            Caution("several-routes", "The text names more than one route; which dose went which way is not read."),
        )
    if ids:
        return ids[0], ()
    return given, (Caution("unknown-route", f"“{_shown(given)}” is not in the vocabulary of routes."),) if given else ()


# --- doses in running text -------------------------------------------------------------------------------------------


_VESICLES = re.compile(r"exosom|vesicle|\bs?EVs?\b|secretome|conditioned\smedi|外泌体|囊泡|分泌组|条件培养", FLAGS)


_FLUID = re.compile(
    r"\s?(?:of\s)?(?:the\s)?(?:[A-Za-z]{0,6}-?MSCs?[\s-](?:derived\s)?)?(?:conditioned\smedi(?:um|a)|secretome)\b"
    r"|\s?的?条件培养[基液]",
    FLAGS,
)
_FLUID_BEFORE = re.compile(r"(?:conditioned\smedi(?:um|a)|secretome|条件培养[基液])\s{0,2}[(:]?\s{0,2}$", FLAGS)
_CELLS = re.compile(r"\bcells?\b|MSCs?(?![A-Za-z])|\bSVF\b|细胞", FLAGS)
_TREATED_AREA = re.compile(
    r"\b(?:wounds?|lesions?|lesional|ulcers?|burns?|skin|scars?|scalp)\b|创面|皮损|溃疡|皮肤", FLAGS
)


def _is_a_dose(text: str, one: FoundAmount) -> bool:
    """Tell a dose of a product from cells counted, sown or stained, and from the dose of a drug."""
    amount = one.amount
    if amount is None:
        return False
    cue = nearest_cue(text, one.start, one.end)
    around = sentence(text, one.start, one.end)
    if amount.unit.startswith("ml"):
        fluid = _FLUID.match(text, one.end) or _FLUID_BEFORE.search(text, max(0, one.start - 40), one.start)
        return fluid is not None and cue == "given"
    if amount.unit.startswith(("ug", "mg")):
        beside = one.vesicles or (one.basis == "each" and not is_of_a_drug(text, one.start, one.end))
        product = _VESICLES.search(text, *around) is not None
        return beside and product and (cue == "given" if "/ml" in amount.unit else cue != "other")
    if amount.value < SMALLEST_FOUND:
        return False
    if amount.unit.endswith("/kg") or one.basis in {"each", "total"} or one.repeats:
        return True
    if "unit-assumed" in one.notes:  # "2 × 10^5 per mouse": cells only where the sentence speaks of giving cells
        return cue == "given" and _CELLS.search(text, *around) is not None and _VESICLES.search(text, *around) is None
    if amount.unit.endswith(("/ml", "/cm2", "/m2")):  # cultures are sown by area and volume too
        return cue == "given" or (cue is None and "/c" in amount.unit and bool(_TREATED_AREA.search(text, *around)))
    return cue != "other"


def find_doses(text: str) -> tuple[DoseMatch, ...]:
    """Find doses of cells, particles or vesicle protein in running text, English or Chinese.

    Counts of blood cells, seeding densities, colony counts, viability and doses of drugs are left alone. Each dose is
    read from its own words only: numbers of administrations are found by `find_schedules`.

    Returns
    -------
    Matches in the order of the text; `start` and `end` count code points of the text as given.
    """
    folded = fold(text)
    matches = []
    for one in read_amounts(text):
        if _is_a_dose(folded, one):
            quote = text[one.start : one.end]
            moved = replace(one, start=0, end=len(quote))
            dose = _put_together(Dose(quote), (moved,), Schedule(), _MASK, cautions=())
            matches.append(DoseMatch(one.start, one.end, quote, dose))
    return tuple(matches)
