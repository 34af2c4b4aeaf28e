"""The extraction form that each person fills in for themselves, and the reading of it.

A form asks for the columns of the study tables (`stromata.extraction.TABLES`), and for what the protocol adds.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast, get_args

from stromata import disk
from stromata.errors import InvalidInput, NotFound
from stromata.extraction.columns import TABLES, Column
from stromata.extraction.conversions import convert
from stromata.extraction.sheet import Cell, column_names, read_sheet
from stromata.model import (
    Answer,
    Evidence,
    EvidenceLevel,
    Extraction,
    FieldKind,
    FormField,
    Level,
    Problem,
    ReviewProtocol,
    Settlement,
    Step,
    Suggestion,
)

FORM_COLUMNS = (
    "study",
    "about",
    "subject",
    "field",
    "question",
    "allowed",
    "value",
    "reference",
    "address",
    "locator",
    "quote",
    "note",
    "level",
    "derived",
    "conversion",
    "suggested",
    "suggestion",
)
"""The columns of a form. ``about`` is the level (study, arm, outcome, result), ``subject`` the id of the arm or outcome
(``arm/outcome`` for a result); ``question`` and ``allowed`` help to fill it in and are not read."""

_SHOWN_ENDINGS = ("_says", "_quotes", "_where")
"""How columns end that `write_differences` adds for the adjudicator to look at: nobody reads them back."""

NOT_REPORTED = "(not reported)"
"""What an adjudicator writes to settle that a field has no value."""

TABLE_OF: dict[Level, str] = {
    "study": "studies.csv",
    "arm": "arms.csv",
    "outcome": "outcomes.csv",
    "result": "data.csv",
}
"""Which study table holds the answers of a level."""

_KEYS = {"id", "study", "arm", "outcome"}
EVIDENCE_COLUMNS = ("reference", "address", "locator", "quote", "level", "derived", "extractor")
_KINDS: dict[str, FieldKind] = {"links": "text"}

_NO_ID = re.compile(r"[/\x00-\x1f\x7f]")
"""What no id of a study, arm or outcome may hold."""

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


# -- the form ------------------------------------------------------------------------------------------------------


def form_fields(protocol: ReviewProtocol) -> tuple[FormField, ...]:
    """Return the fields of a review's form: the columns of the study tables, then what the protocol adds.

    A field of the protocol with the level and id of a column takes its place, so that a team may demand it or word it
    in its own way.
    """
    own = {(field.level, field.id): field for field in protocol.form}
    fields: list[FormField] = []
    for level, file in TABLE_OF.items():
        table = next(item for item in TABLES if item.file == file)
        skipped = _KEYS | set(EVIDENCE_COLUMNS) | ({"note"} if level == "result" else set())
        asked = (column for column in table.columns if column.name not in skipped)
        fields += [own.pop((level, column.name), _of_column(level, column, protocol)) for column in asked]
    return (*fields, *own.values())


def _of_column(level: Level, column: Column, protocol: ReviewProtocol) -> FormField:
    named = {
        "condition": tuple(item.id for item in protocol.conditions),
        "kind": tuple(item.id for item in protocol.outcomes),
    }
    choices = named.get(column.name, column.choices)
    return FormField(
        id=column.name,
        level=level,
        label=column.name.replace("_", " "),
        kind="choice" if choices else _KINDS.get(column.kind, cast("FieldKind", column.kind)),
        text=column.text,
        required=column.required,
        choices=choices,
        low=column.low if column.above is None else column.above,
        high=column.high,
    )


def write_form(
    study: str,
    *,
    protocol: ReviewProtocol,
    arms: Sequence[str] = (),
    outcomes: Sequence[str] = (),
    suggestions: Iterable[tuple[str, Suggestion]] = (),
) -> str:
    """Return an empty form for one study as CSV text.

    Parameters
    ----------
    study : id of the study, as it will stand in the study tables.
    arms, outcomes : ids, the same for all extractors, so that their answers can be set side by side.
    suggestions : (id, suggestion) to show beside the fields that they are about; the person decides.

    Raises
    ------
    InvalidInput
        An id that no table of studies can hold (empty, or with a slash or a control character); an arm or outcome
        named twice.
    """
    (study,), arms, outcomes = _ids("study", [study]), _ids("arm", arms), _ids("outcome", outcomes)
    subjects: dict[Level, list[str]] = {
        "study": [""],
        "arm": arms,
        "outcome": outcomes,
        "result": [f"{arm}/{outcome}" for arm in arms for outcome in outcomes],
    }
    shown = _by_field(suggestions)
    out = io.StringIO()
    writer = csv.DictWriter(out, FORM_COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for field in form_fields(protocol):
        for subject in subjects[field.level]:
            row = {"study": study, "about": field.level, "subject": subject, "field": field.id}
            row |= {"question": field.text or field.label, "allowed": _allowed(field)}
            found = shown.get((field.level, field.id), []) if len(subjects[field.level]) == 1 else []
            if len(found) == 1:
                id_, suggestion = found[0]
                row |= {"suggested": suggestion.value, "suggestion": id_, "quote": suggestion.quote}
            writer.writerow({name: plain_cell(text) for name, text in row.items()})
    return out.getvalue()


def _ids(what: str, given: Iterable[str]) -> list[str]:
    """Return ids as they will be read back; a form with others could never be finished."""
    ids = [id_.strip() for id_ in given]
    for place, id_ in enumerate(ids):
        if not id_ or _NO_ID.search(id_):
            allowed = "any text without a slash or a control character"
            raise InvalidInput(f"the id of the {what} is {id_!r}; allowed: {allowed}", hint="Choose a short name.")
        if id_ in ids[:place]:
            raise InvalidInput(f"{what} {id_!r} is named twice", hint=f"Name each {what} once.")
    return ids


_SUGGESTED: dict[str, tuple[Level, str]] = {
    "design": ("study", "design"),
    "disease": ("study", "condition"),
    "n": ("study", "n_enrolled"),
    "followup_months": ("study", "followup_months"),
    "registry_id": ("study", "registry_ids"),
    "tissue": ("arm", "tissue"),
    "donor": ("arm", "donor"),
    "product_class": ("arm", "product_class"),
    "dose": ("arm", "dose"),
    "route": ("arm", "route"),
}
"""Which field of the form a suggestion is shown beside."""


def _by_field(suggestions: Iterable[tuple[str, Suggestion]]) -> dict[tuple[Level, str], list[tuple[str, Suggestion]]]:
    found: dict[tuple[Level, str], list[tuple[str, Suggestion]]] = defaultdict(list)
    for id_, suggestion in suggestions:
        place = _SUGGESTED.get(suggestion.field)
        if place:
            found[place].append((id_, suggestion))
    return found


def _allowed(field: FormField) -> str:
    if field.choices:
        return ", ".join(field.choices)
    limits = [
        f"from {field.low:g}" if field.low is not None else "",
        f"to {field.high:g}" if field.high is not None else "",
    ]
    return " ".join(part for part in (field.kind, *limits, field.unit, "required" if field.required else "") if part)


def plain_cell(text: str) -> str:
    """Return a text that no spreadsheet program takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) and not NUMBER.fullmatch(text) else text


# -- reading -------------------------------------------------------------------------------------------------------


def read_form(
    path: Path, *, extractor: str, protocol: ReviewProtocol
) -> tuple[tuple[Extraction, ...], tuple[Problem, ...]]:
    """Read filled-in forms from a CSV file, one extraction per study that it names.

    Rows without a value are passed over: what a person leaves empty is not reported. A row with a fault is left out,
    and every fault is returned with line and column.

    Raises
    ------
    NotFound, Unreadable
        There is no such file, or it cannot be opened.
    """
    rows, problems = _form_rows(path)
    fields = {(field.level, field.id): field for field in form_fields(protocol)}
    answers: dict[str, dict[tuple[str, str, str], Answer]] = defaultdict(dict)
    for row in rows:
        study, answer = _answer(row, fields, extractor, problems)
        if answer is None:
            continue
        key = (answer.level, answer.subject, answer.field)
        if key in answers[study]:
            text = f"{' '.join(filter(None, key))} was answered on a line above"
            _fault(problems, row, "field", "duplicate-field", text)
        else:
            answers[study][key] = answer
    found = tuple(Extraction(study, extractor, tuple(given.values())) for study, given in answers.items())
    return found, tuple(problems)


def read_settlements(path: Path, *, protocol: ReviewProtocol) -> tuple[tuple[Settlement, ...], tuple[Problem, ...]]:
    """Read settled fields from a CSV file with the columns of a form; ``note`` gives the reason.

    The value ``(not reported)`` settles that the field has none; with the field ``id`` of an arm or outcome, that the
    whole arm or outcome is not taken. A row whose value is empty settles nothing. Errors as `read_form`.
    """
    rows, problems = _form_rows(path)
    fields = {(field.level, field.id): field for field in form_fields(protocol)}
    found = []
    for row in rows:
        study, answer = _answer(row, fields, "", problems, empty=True)
        if answer is not None:
            found.append(Settlement(study, replace(answer, note=""), answer.note))
    return tuple(found), tuple(problems)


_Row = Mapping[str, Cell]


def _form_rows(path: Path) -> tuple[list[_Row], list[Problem]]:
    sheet = read_sheet(disk.content(path), names=frozenset(FORM_COLUMNS))
    names, unread = column_names(sheet.header, FORM_COLUMNS, passed_over=_SHOWN_ENDINGS)
    problems = [*sheet.problems, *unread]
    missing = [name for name in ("study", "about", "field", "value") if name not in names]
    if missing and not (sheet.problems and not sheet.header):  # a file that was not read has its problem already
        line, hint = (sheet.header[0].line if sheet.header else 0), f"The columns are {', '.join(FORM_COLUMNS)}."
        texts = {name: f"column {name!r} is missing; nothing was read" for name in missing}
        problems += [Problem(line, "missing-column", text, hint, name) for name, text in texts.items()]
    rows = [] if missing else [row for cells in sheet.rows if (row := _row(names, cells, problems))]
    return rows, problems


def _row(names: Sequence[str], cells: tuple[Cell, ...], problems: list[Problem]) -> _Row:
    """Return the cells of a row by column; none of them if the row cannot be read."""
    if len(cells) != len(names):
        text = f"the row has {len(cells)} cells, the header has {len(names)}; the row was left out"
        problems.append(Problem(cells[0].line, "ragged-row", text, "A comma inside a cell needs quotation marks."))
        return {}
    row = {name: cell for name, cell in zip(names, cells, strict=True) if name}
    broken = [name for name, cell in row.items() if "\0" in cell.text]
    for name in broken:
        _fault(problems, row, name, "nul-byte", f"{name} holds a NUL byte; the row was left out")
    return {} if broken else row


def _fault(problems: list[Problem], row: _Row, column: str, code: str, text: str, *, hint: str = "") -> None:
    cell = row.get(column) or next(iter(row.values()))
    problems.append(Problem(cell.line, code, text, hint, column))


def _text(row: _Row, name: str) -> str:
    cell = row.get(name)
    return cell.text.removeprefix("'") if cell else ""


def _answer(
    row: _Row,
    fields: Mapping[tuple[Level, str], FormField],
    extractor: str,
    problems: list[Problem],
    *,
    empty: bool = False,
) -> tuple[str, Answer | None]:
    """Return the study of a row and its answer; None when the row has no value or a fault."""
    study, value = _text(row, "study"), _text(row, "value")
    conversion = _text(row, "conversion")
    if value == NOT_REPORTED and empty:
        value = ""
    elif not (value or conversion) or value == NOT_REPORTED:
        return study, None
    before = len(problems)
    about, name, subject = _text(row, "about"), _text(row, "field"), _text(row, "subject")
    if not study:
        _fault(problems, row, "study", "missing-value", "study is empty")
    elif _NO_ID.search(study):
        text = f"study is {study!r}; allowed: any text without a slash or a control character"
        _fault(problems, row, "study", "bad-id", text)
    if about not in get_args(Level):
        allowed = ", ".join(get_args(Level))
        _fault(problems, row, "about", "unknown-choice", f"about is {about!r}; allowed: {allowed}")
        return study, None
    level = cast("Level", about)
    _check_subject(row, level, subject, problems)
    steps: tuple[Step, ...] = ()
    if conversion:
        value, steps = _converted(row, name, value, conversion, problems)
    dropped = empty and name == "id" and level in {"arm", "outcome"} and not value
    field = fields.get((level, name))
    if field is None and not dropped:
        known = ", ".join(field_name for field_level, field_name in fields if field_level == level)
        _fault(problems, row, "field", "unknown-field", f"field is {name!r}; allowed for {level}: {known}")
    elif field is not None and value:
        value, wrong = _canonical(field, value)
        if wrong:
            _fault(problems, row, "value", "bad-value", f"{name} is {wrong}", hint=field.text)
    evidence = _evidence(row, extractor, problems)
    if len(problems) > before:
        return study, None
    note = _text(row, "note")
    return study, Answer(level, subject, name, value, evidence, steps, _text(row, "suggestion"), note)


def _check_subject(row: _Row, level: Level, subject: str, problems: list[Problem]) -> None:
    parts = subject.split("/") if subject else []
    wanted = {"study": 0, "arm": 1, "outcome": 1, "result": 2}[level]
    if len(parts) != wanted or not all(part.strip() for part in parts):
        allowed = {"study": "empty", "result": "arm/outcome"}.get(level, f"the id of the {level}, without a slash")
        _fault(problems, row, "subject", "bad-subject", f"subject is {subject!r}; allowed for {level}: {allowed}")


def _canonical(field: FormField, text: str) -> tuple[str, str]:
    """Return the canonical form of an answer, and what is wrong with it in words; one of the two is empty."""
    if field.kind in {"integer", "number"}:
        return _canonical_number(field, text)
    if field.kind == "yes-no":
        folded = text.lower()
        if folded in {"yes", "true", "1"}:
            return "yes", ""
        return ("no", "") if folded in {"no", "false", "0"} else ("", f"{text!r}; allowed: yes, no")
    if field.kind == "choice" and text not in field.choices:
        return "", f"{text!r}; allowed: {', '.join(field.choices) or 'nothing: the protocol names none'}"
    if field.kind == "list":
        return "; ".join(part.strip() for part in text.split(";") if part.strip()), ""
    return text, ""


def _canonical_number(field: FormField, text: str) -> tuple[str, str]:
    plain = text.replace("\u2212", "-")
    if not NUMBER.fullmatch(plain):
        return "", f"{text!r}, which is not a number; write digits with a full stop for decimals"
    value = float(plain)
    if not abs(value) < float("inf"):
        return "", f"{text}; allowed: a finite number"
    if field.kind == "integer" and not value.is_integer():
        return "", f"{text}; allowed: a whole number"
    if (field.low is not None and value < field.low) or (field.high is not None and value > field.high):
        return "", f"{text}; allowed: {_allowed(field)}"
    return (str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)), ""


def _converted(
    row: _Row, name: str, value: str, conversion: str, problems: list[Problem]
) -> tuple[str, tuple[Step, ...]]:
    """Return the value that a conversion such as ``se-to-sd se=2.1 n=20`` gives, and its step."""
    method, *pairs = conversion.split()
    inputs: dict[str, float] = {}
    for pair in pairs:
        key, _, number = pair.strip(",;").partition("=")
        if not key or key == "method" or not NUMBER.fullmatch(number):
            _fault(problems, row, "conversion", "bad-conversion", f"{pair!r} is not of the form name=number")
            return value, ()
        if key in inputs:
            _fault(problems, row, "conversion", "bad-conversion", f"{key} is given twice", hint="Keep one of the two.")
            return value, ()
        inputs[key] = float(number)
    try:
        step = convert(method, **inputs)
    except (InvalidInput, NotFound) as error:
        _fault(problems, row, "conversion", "bad-conversion", error.message, hint=error.hint)
        return value, ()
    outputs = dict(step.outputs)
    if name not in outputs:
        gives = ", ".join(outputs)
        _fault(problems, row, "conversion", "bad-conversion", f"{method} gives {gives}, not {name}")
        return value, ()
    if value and not _near(value, outputs[name]):
        text = f"value is {value}, but {conversion} gives {outputs[name]:.6g}"
        _fault(problems, row, "value", "conversion-differs", text, hint="Leave the value empty to take what it gives.")
    return repr(outputs[name]), (step,)


def _near(text: str, number: float) -> bool:
    """Tell whether a written value is the number, to the decimals that are written."""
    if not NUMBER.fullmatch(text):
        return False
    decimals = len(text.partition(".")[2]) if "e" not in text.lower() else 12
    return abs(float(text) - number) <= 0.5000001 * 10.0**-decimals


def _evidence(row: _Row, extractor: str, problems: list[Problem]) -> Evidence:
    level = _text(row, "level") or "unknown"
    if level not in get_args(EvidenceLevel):
        allowed = ", ".join(get_args(EvidenceLevel))
        _fault(problems, row, "level", "unknown-choice", f"level is {level!r}; allowed: {allowed}")
    return Evidence(
        reference=_text(row, "reference"),
        address=_text(row, "address"),
        locator=_text(row, "locator"),
        quote=_text(row, "quote"),
        note=_text(row, "note"),
        level=cast("EvidenceLevel", level),
        derived=_text(row, "derived").lower() in {"yes", "true", "1"} or bool(_text(row, "conversion")),
        extractor=extractor,
    )
