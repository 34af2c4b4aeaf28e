"""What a meta-regression in a review can use: facts of each study that were extracted, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from stromata import clinical
from stromata.clinical import Vocabulary
from stromata.errors import InvalidInput
from stromata.model import Arm, CellProduct, Outcome, Study, StudyTables

Value = str | float | None


def _text(value: str) -> Value:
    return value.strip() or None


def _number(value: float | None) -> Value:
    return None if value is None else float(value)


def _term(vocabulary: Vocabulary, text: str) -> Value:
    """Return the vocabulary's id of what was extracted, or the words themselves."""
    found = clinical.recognise(vocabulary, text) if text.strip() else None
    return found.id if found else _text(text)


def _million_per_kg(product: CellProduct) -> Value:
    """Return the cells per kilogram of one administration, in millions; None for a range or where it is not told."""
    dose = clinical.parse_dose(product.dose, schedule=product.schedule, route=product.route)
    if dose.cells_per_kg is None or dose.cells_per_kg_high is not None:
        return None
    return dose.cells_per_kg / 1e6


def _administrations(product: CellProduct) -> Value:
    dose = clinical.parse_dose(product.dose, schedule=product.schedule, route=product.route)
    return None if dose.administrations_high is not None else _number(dose.administrations)


_OF_STUDY: Mapping[str, Callable[[Study], Value]] = {
    "year": lambda study: _number(study.year),
    "condition": lambda study: _text(study.condition),
    "design": lambda study: _text(study.design),
    "country": lambda study: _text(study.country),
    "phase": lambda study: _text(study.phase),
    "enrolled": lambda study: _number(study.n_enrolled),
    "followup_months": lambda study: _number(study.followup_months),
}
_OF_OUTCOME: Mapping[str, Callable[[Outcome], Value]] = {"weeks": lambda outcome: _number(outcome.weeks)}
_OF_PRODUCT: Mapping[str, Callable[[CellProduct], Value]] = {
    "product": lambda product: _text(product.product_class),
    "tissue": lambda product: _term("tissues", product.tissue),
    "donor": lambda product: _text(product.donor),
    "route": lambda product: _term("routes", product.route),
    "preservation": lambda product: _text(product.preservation),
    "million_cells_per_kg": _million_per_kg,
    "administrations": _administrations,
}

MODERATORS: tuple[str, ...] = (*_OF_STUDY, *_OF_OUTCOME, *_OF_PRODUCT)
"""The names that a formula may use. `million_cells_per_kg` is of one administration."""


def formula_fault(formula: str) -> str:
    """Return why a formula cannot be used; empty when it can, or when there is none."""
    if not formula:
        return ""
    from stromata.synthesis.regression.terms import column_names, read_terms  # noqa: PLC0415 - loads late

    try:
        _, terms = read_terms(formula)
    except InvalidInput as error:
        return error.message
    names = dict.fromkeys(name for term in terms for node in term for name in column_names(node))
    unknown = [name for name in names if name not in MODERATORS]
    if unknown:
        return f"there is no moderator {', '.join(unknown)}; there are: {', '.join(MODERATORS)}"
    return "" if names else f"the formula {formula!r} names no moderator; there are: {', '.join(MODERATORS)}"


def moderator_values(
    rows: Iterable[tuple[str, tuple[str, ...]]], tables: StudyTables, formula: str
) -> dict[str, list[object]]:
    """Return the moderators that a formula names, one value per row.

    Parameters
    ----------
    rows : the study of each row, and the data points that it rests on.

    Returns
    -------
    Lists by name. Where the arms of a row differ in something, or it was not reported, its value is None.
    """
    from stromata.synthesis.regression.terms import column_names, read_terms  # noqa: PLC0415 - loads late

    names = dict.fromkeys(name for term in read_terms(formula)[1] for node in term for name in column_names(node))
    studies = {item.id: item for item in tables.studies}
    arms = {item.id: item for item in tables.arms}
    outcomes = {item.id: item for item in tables.outcomes}
    points = {item.id: item for item in tables.data_points}
    found: dict[str, list[object]] = {name: [] for name in names}
    for study, ids in rows:
        mine = [points[each] for each in ids if each in points]
        treated = [arms[each] for each in dict.fromkeys(point.arm for point in mine) if _treated(arms.get(each))]
        seen = [outcomes[each] for each in dict.fromkeys(point.outcome for point in mine) if each in outcomes]
        for name, values in found.items():
            values.append(_value(name, studies[study], treated, seen))
    return found


def _treated(arm: Arm | None) -> bool:
    return arm is not None and arm.role != "comparator"


def _value(name: str, study: Study, treated: list[Arm], seen: list[Outcome]) -> Value:
    if name in _OF_STUDY:
        return _OF_STUDY[name](study)
    if name in _OF_OUTCOME:
        values = {_OF_OUTCOME[name](outcome) for outcome in seen}
    else:
        values = {_OF_PRODUCT[name](arm.product) if arm.product else None for arm in treated}
    return values.pop() if len(values) == 1 else None
