"""What two extractors say of the same study: side by side, how far they agree, what was settled, what comes of it.

What they agree on, or an adjudicator settles, is put together as rows of the study tables and passes the same checks as
tables that were filled in by hand.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from stromata.errors import InvalidInput
from stromata.extraction.columns import STATISTIC_COLUMNS, TABLES
from stromata.extraction.forms import (
    EVIDENCE_COLUMNS,
    FORM_COLUMNS,
    NOT_REPORTED,
    NUMBER,
    TABLE_OF,
    form_fields,
    plain_cell,
)
from stromata.extraction.tables import assemble
from stromata.model import (
    Answer,
    DataPoint,
    Evidence,
    Extraction,
    FieldAgreement,
    FieldKind,
    Level,
    Problem,
    ReviewProtocol,
    Settlement,
    Statistic,
    Step,
    StudyTables,
)

_FEW: tuple[FieldKind, ...] = ("choice", "yes-no")
"""Kinds of fields with so few possible answers that two people may agree by chance."""

_FOLDED = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Difference:
    """A field on which two extractors differ; None = that person does not report it."""

    study: str
    level: Level
    subject: str
    field: str
    first: Answer | None
    second: Answer | None


@dataclass(frozen=True, slots=True)
class Merged:
    """What two (or one) extractions of a study come to.

    Attributes
    ----------
    answers : agreed or settled, in the order of the first extraction.
    open : differences that nobody has settled yet.
    """

    answers: tuple[Answer, ...]
    open: tuple[Difference, ...]


# -- side by side --------------------------------------------------------------------------------------------------


def compare(first: Extraction, second: Extraction) -> tuple[Difference, ...]:
    """Return the fields on which two extractions of a study differ, in the order of the first, then of the second.

    Numbers are compared as numbers, lists as sets, texts without regard to case, spaces and punctuation. Notes are not
    compared.
    """
    one, other = _by_key(first), _by_key(second)
    keys = [*one, *(key for key in other if key not in one)]
    return tuple(
        Difference(first.study, *key, one.get(key), other.get(key))
        for key in keys
        if key[2] != "note" and not _equal(one.get(key), other.get(key))
    )


def write_differences(differences: Iterable[Difference], extractors: Sequence[str]) -> str:
    """Return differences as a CSV form for the adjudicator: what each extractor says, and an empty value to fill in.

    `stromata.extraction.read_settlements` reads it back; a row that stays without a value settles nothing.
    """
    said = [f"{name} {what}" for name in extractors for what in ("says", "quotes", "where")]
    out = io.StringIO()
    writer = csv.DictWriter(out, (*FORM_COLUMNS, *said), restval="", lineterminator="\n")
    writer.writeheader()
    for item in differences:
        row = {"study": item.study, "about": item.level, "subject": item.subject, "field": item.field}
        sides = [text for answer in (item.first, item.second) for text in _said(answer)]
        writer.writerow({name: plain_cell(text) for name, text in (row | dict(zip(said, sides, strict=True))).items()})
    return out.getvalue()


def _said(answer: Answer | None) -> tuple[str, str, str]:
    return (answer.value, answer.evidence.quote, answer.evidence.locator) if answer else (NOT_REPORTED, "", "")


_Key = tuple[Level, str, str]


def _key(answer: Answer) -> _Key:
    return answer.level, answer.subject, answer.field


def _by_key(extraction: Extraction) -> dict[_Key, Answer]:
    return {_key(answer): answer for answer in extraction.answers}


def _equal(first: Answer | None, second: Answer | None) -> bool:
    return (first is None) == (second is None) and (
        first is None or second is None or _compared(first.value) == _compared(second.value)
    )


def _compared(value: str) -> object:
    if NUMBER.fullmatch(value):
        return float(value)
    return frozenset(_FOLDED.sub(" ", part).casefold().strip() for part in value.split(";"))


def agreement(
    pairs: Iterable[tuple[Extraction, Extraction]], *, protocol: ReviewProtocol
) -> tuple[FieldAgreement, ...]:
    """Return, per field in the order of the form, how far two extractors agreed over the studies of both."""
    given: dict[tuple[Level, str], list[tuple[Answer | None, Answer | None]]] = defaultdict(list)
    for first, second in pairs:
        one, other = _by_key(first), _by_key(second)
        for key in dict.fromkeys([*one, *other]):
            given[key[0], key[2]].append((one.get(key), other.get(key)))
    found = []
    for field in form_fields(protocol):
        answers = given.get((field.level, field.id))
        if answers and field.id != "note":
            equal = sum(_equal(*pair) for pair in answers)
            kappa = _kappa(answers) if field.kind in _FEW else None
            found.append(FieldAgreement(field.level, field.id, len(answers), equal, kappa))
    return tuple(found)


def _kappa(pairs: Sequence[tuple[Answer | None, Answer | None]]) -> float | None:
    """Return Cohen's kappa (1960); None when chance alone would make both agree always."""
    values = [tuple(answer.value if answer else "" for answer in pair) for pair in pairs]
    n = len(values)
    observed = sum(first == second for first, second in values) / n
    one, other = Counter(first for first, _ in values), Counter(second for _, second in values)
    expected = sum(one[value] * other[value] for value in one) / n**2
    return None if expected == 1 else (observed - expected) / (1 - expected)


def merge(extractions: Sequence[Extraction], settlements: Iterable[Settlement] = ()) -> Merged:
    """Put together what one or two people extracted from a study.

    Settled fields come first: they hold whatever the extractors say. Of equal answers the first extractor's is kept,
    with its evidence.

    Raises
    ------
    InvalidInput
        Extractions of no study, of several studies, or by more than two people.
    """
    if not 1 <= len(extractions) <= 2 or len({item.study for item in extractions}) != 1:
        raise InvalidInput(f"{len(extractions)} extractions were given; one or two of the same study can be merged")
    settled = {_key(item.answer): _signed(item) for item in settlements if item.study == extractions[0].study}
    gone = {key[:2] for key, answer in settled.items() if key[2] == "id" and not answer.value}
    taken: dict[_Key, Answer] = {}
    for extraction in reversed(extractions):
        taken = _by_key(extraction) | {key: answer for key, answer in taken.items() if key not in _by_key(extraction)}
    differing = compare(*extractions) if len(extractions) == 2 else ()
    still = tuple(
        item
        for item in differing
        if (item.level, item.subject, item.field) not in settled and not _is_gone(item.level, item.subject, gone)
    )
    answers = {
        key: answer for key, answer in taken.items() if key not in {(d.level, d.subject, d.field) for d in still}
    }
    answers |= settled
    kept = tuple(
        answer
        for key, answer in answers.items()
        if answer.value and key[2] != "id" and not _is_gone(key[0], key[1], gone)
    )
    return Merged(kept, still)


def _signed(item: Settlement) -> Answer:
    """Return a settled answer under the adjudicator's name; the reason stands in the note of its evidence."""
    return replace(item.answer, evidence=replace(item.answer.evidence, extractor=item.adjudicator))


def _is_gone(level: Level, subject: str, gone: set[tuple[Level, str]]) -> bool:
    arm, _, outcome = subject.partition("/")
    if level == "result":
        return ("arm", arm) in gone or ("outcome", outcome) in gone
    return (level, subject) in gone


# -- what comes of it ----------------------------------------------------------------------------------------------


_COLUMNS = {
    level: {column.name for table in TABLES if table.file == file for column in table.columns}
    for level, file in TABLE_OF.items()
}


def own_answers(answers: Iterable[Answer]) -> tuple[Answer, ...]:
    """Return the answers to fields that only the protocol's form has: they stand in no study table."""
    return tuple(answer for answer in answers if answer.field not in _COLUMNS[answer.level])


def study_tables(
    study: str, answers: Iterable[Answer], *, protocol: ReviewProtocol
) -> tuple[StudyTables, tuple[Problem, ...]]:
    """Build the study's rows from its answers; those of `own_answers` stand in none.

    Returns
    -------
    StudyTables
        Checked as tables from files are; each value keeps its own evidence and its conversion steps.
    tuple of Problem
        Missing required fields and values that cannot be true; their line is the number of the row of the study.
    """
    given = list(answers)
    problems = [
        Problem(
            0,
            "missing-value",
            f"{field.level}: {field.label} is required by the protocol and was not extracted",
            field.text,
        )
        for field in protocol.form
        if field.required and not any((answer.level, answer.field) == (field.level, field.id) for answer in given)
    ]
    by_subject: dict[tuple[Level, str], list[Answer]] = defaultdict(list)
    for answer in given:
        if answer.field in _COLUMNS[answer.level]:
            by_subject[answer.level, answer.subject].append(answer)
    rows: dict[str, list[dict[str, str]]] = {file: [] for file in TABLE_OF.values()}
    for (level, subject), of_subject in by_subject.items():
        rows[TABLE_OF[level]] += _table_rows(study, level, subject, of_subject)
    tables, faults = assemble(rows, protocol=protocol)
    steps = {
        (answer.subject, STATISTIC_COLUMNS.get(answer.field)): answer.steps
        for answer in given
        if answer.level == "result"
    }
    points = tuple(_with_steps(point, steps) for point in tables.data_points)
    return replace(tables, data_points=points), (*problems, *faults)


_UNITS = frozenset({"unit", "person_time_unit", "estimate_scale"})
"""Columns that say what the values of a result are in, in whatever row they stand."""


def _table_rows(study: str, level: Level, subject: str, answers: list[Answer]) -> list[dict[str, str]]:
    if level != "result":
        best = next(
            (answer.evidence for answer in answers if answer.evidence.reference or answer.evidence.address), None
        )
        row = {answer.field: answer.value for answer in answers} | _evidence_cells(best or answers[0].evidence)
        row |= {"id": study} if level == "study" else {"study": study, "id": subject}
        return [row]
    arm, _, outcome = subject.partition("/")
    keys = {"study": study, "arm": arm, "outcome": outcome}
    rows: dict[Evidence, dict[str, str]] = {}
    units = {answer.field: answer.value for answer in answers if answer.field in _UNITS}
    for answer in answers:
        if answer.field not in _UNITS:
            row = rows.setdefault(answer.evidence, keys | units | _evidence_cells(answer.evidence))
            row |= {answer.field: answer.value, "note": answer.evidence.note}
    return list(rows.values())


def _evidence_cells(evidence: Evidence) -> dict[str, str]:
    cells = {name: str(getattr(evidence, name)) for name in EVIDENCE_COLUMNS}
    return cells | {"derived": "yes" if evidence.derived else "no"}


def _with_steps(point: DataPoint, steps: Mapping[tuple[str, Statistic | None], tuple[Step, ...]]) -> DataPoint:
    arm, outcome = point.arm.partition("/")[2], point.outcome.partition("/")[2]
    return replace(point, steps=steps.get((f"{arm}/{outcome}", point.statistic), ()))
