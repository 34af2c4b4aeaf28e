"""A record held against a standard: what is met, not met, not reported, and what does not apply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from difflib import get_close_matches

from stromata.clinical.terms import is_a, recognise
from stromata.errors import InvalidInput
from stromata.model import Problem
from stromata.model.standards import (
    Check,
    CheckReport,
    CheckStatus,
    Criterion,
    Guard,
    Limit,
    PracticeRecord,
    RecordEntry,
    Severity,
    Standard,
    StatusCounts,
    Subject,
)
from stromata.standards import units
from stromata.standards.fields import NOT_DONE, Field, canonical, fields, find, is_unknown, key, take
from stromata.standards.worked import moment, with_worked_out

Outcome = tuple[CheckStatus, Limit, str]
"""Status, the value as compared, and a note."""

_ABSENT = "The record does not state it."
_UNSOURCED = "No source for a limit was found: shown as unsourced, held against nothing."
_NOT_SHOWN = "So it is not shown that the criterion is met."
_ONE_ZONE = f"Only one of the two times names its zone. {_NOT_SHOWN}"
_REMARKS = frozenset({"remark", "remarks", "comment", "comments", "note", "notes"})

_SIGNS = {">=": "≥", "<=": "≤"}


def check(record: PracticeRecord, standard: Standard, *, subject: Iterable[Subject] = ()) -> CheckReport:
    """Hold a record against every criterion of a standard that concerns it.

    These are the criteria about the record's subject, and any other that applies and whose field the record states: an
    infusion record that says that the patient is allergic to the product is held against the criterion about patients.

    Parameters
    ----------
    subject : what the record describes, where it does not say so itself or says it wrongly.

    Returns
    -------
    A check per criterion, in the standard's order. It is met only where the record shows it: a value that cannot be
    used, or a bound that leaves the limit open, is "not met" with a note; nothing is guessed. What the record leaves
    out, or says is not known yet, is "not reported". An unsourced criterion is never met nor missed. Where a record
    does not state what a criterion hangs on (the route, the condition), it does not apply, and a problem says so.

    Raises
    ------
    InvalidInput
        What the record describes is neither stated nor evident, or the standard has no criterion about it.
    """
    entries, problems = with_worked_out(record.entries)
    entries = _own_fields(entries, standard)
    chosen = tuple(subject) or record.subject
    if not chosen:
        chosen, guess = _evident(entries, standard)
        problems = (guess, *problems)
    rows = [
        one
        for one in standard.criteria
        if one.subject in chosen or (_states(entries, one) and _hold(one.applies_when, entries))
    ]
    if not any(one.subject in chosen for one in standard.criteria):
        raise InvalidInput(
            f"the standard {standard.id} has no criteria about {', '.join(chosen)}",
            hint=f"It has criteria about: {', '.join(standard.subjects)}.",
        )
    results: list[Check] = []
    for one in rows:
        result, trouble = _check(one, entries)
        results.append(result)
        problems += trouble
    missing = () if chosen == ("study-report",) else _missing(rows, results)
    return CheckReport(
        standard=standard.id,
        version=standard.version,
        subject=chosen,
        results=tuple(results),
        must=_count(results, "must"),
        should=_count(results, "should"),
        problems=(*problems, *_unstated(rows, results, entries), *missing, *_unused(entries, standard)),
        record=record.id,
        record_sha256=record.sha256,
        title=standard.title,
    )


def is_unsourced(one: Check) -> bool:
    """Tell whether a record states what a criterion asks for, and no source gives a limit to hold it against.

    Its status is "not applicable", since it is neither met nor missed. That is another thing than a criterion that does
    not concern the record.
    """
    return one.status == "not-applicable" and one.note.startswith(_UNSOURCED)


def _own_fields(entries: Mapping[str, RecordEntry], standard: Standard) -> dict[str, RecordEntry]:
    """Return the entries with those of a nested record under the names that the standard alone knows."""
    found = dict(entries)
    wanted = {canonical(name) for one in standard.criteria for name in (one.field, *one.or_fields)}
    for name in wanted - set(found):
        ends = [entry for entry in entries.values() if entry.field.endswith(f"_{name}") and find(entry.field) is None]
        if len(ends) == 1:
            found[name] = ends[0]
            del found[ends[0].field]
    return found


def _states(entries: Mapping[str, RecordEntry], one: Criterion) -> bool:
    if one.operator == "not-before":
        return canonical(one.field) in entries and canonical(str(one.value)) in entries
    return canonical(one.field) in entries


def _evident(entries: Mapping[str, RecordEntry], standard: Standard) -> tuple[tuple[Subject, ...], Problem]:
    """Return what a record that does not say so is about: the subject that most of its fields belong to."""
    counts = dict.fromkeys(standard.subjects, 0)
    for name in entries:
        about = {one.subject for one in standard.criteria if canonical(one.field) == name}
        if len(about) == 1:
            counts[about.pop()] += 1
    best = max(counts, key=lambda one: counts[one])
    if counts[best] == 0 or list(counts.values()).count(counts[best]) > 1:
        raise InvalidInput(
            "the record does not say what it describes",
            hint=f"Give it a field subject, or choose one: {', '.join(standard.subjects)}.",
        )
    text = f"The record does not say what it describes; {counts[best]} of its fields belong to: {best}."
    return (best,), Problem(0, "subject-inferred", text, f"Add subject: {best}.", "subject")


def _check(one: Criterion, entries: Mapping[str, RecordEntry]) -> tuple[Check, tuple[Problem, ...]]:
    limit = next((each.value for each in one.exceptions if _hold(each.when, entries)), one.value)
    entry = _entry(one, entries)
    problems: tuple[Problem, ...] = ()
    if not _hold(one.applies_when, entries):
        outcome: Outcome = ("not-applicable", _plain_value(entry), _why_not(one.applies_when, entries))
    elif one.status == "unsourced":
        silent = entry is None or (entry.value is None and is_unknown(entry.text))
        outcome = ("not-reported" if silent else "not-applicable", _plain_value(entry), _UNSOURCED)
    elif one.operator == "not-before" and not _states(entries, one):
        outcome = ("not-applicable", _plain_value(entry), "It applies where the record states both dates.")
    elif entry is None:
        outcome = ("not-reported", None, _ABSENT)
    else:
        entry, problems = _comparable(one, entry)
        outcome = _judge(one, entry, limit, entries)
        problems += _wrong_order(one, entry, entries, outcome)
    return _written(one, entry, limit, outcome), problems


def _entry(one: Criterion, entries: Mapping[str, RecordEntry]) -> RecordEntry | None:
    """Return what the record states for a criterion; another field may answer one that asks for presence."""
    found = entries.get(canonical(one.field))
    if found is not None and found.value is not None:
        return found
    return next((entries[canonical(name)] for name in one.or_fields if canonical(name) in entries), found)


def _plain_value(entry: RecordEntry | None) -> Limit:
    return None if entry is None else entry.value


def _hold(guards: Iterable[Guard], entries: Mapping[str, RecordEntry]) -> bool:
    return all(_holds(guard, entries.get(canonical(guard.field))) for guard in guards)


def _holds(guard: Guard, entry: RecordEntry | None) -> bool:
    if entry is None or entry.value is None:
        return False
    if guard.low is not None or guard.high is not None:
        value = entry.value
        if isinstance(value, bool) or not isinstance(value, int | float) or entry.relation:
            return False
        return (guard.low is None or value >= guard.low) and (guard.high is None or value <= guard.high)
    stated = entry.value if isinstance(entry.value, tuple) else (entry.value,)
    return any(_same(part, wanted, guard.field) for part in stated for wanted in guard.values)


def _same(stated: Limit, wanted: Limit, field: str) -> bool:
    """Tell whether two words mean the same; a narrower term of a vocabulary counts as the broader one."""
    if isinstance(stated, bool) or isinstance(wanted, bool):
        return stated is wanted
    if isinstance(stated, int | float) and isinstance(wanted, int | float):
        return stated == wanted
    if key(str(stated)) == key(str(wanted)):
        return True
    known = find(field)
    if known is None or known.vocabulary is None:
        return False
    narrow = recognise(known.vocabulary, str(stated).replace("_", " "))
    broad = recognise(known.vocabulary, str(wanted).replace("_", " "))
    return narrow is not None and broad is not None and is_a(known.vocabulary, narrow.id, broad.id)


def _why_not(guards: Iterable[Guard], entries: Mapping[str, RecordEntry]) -> str:
    said = []
    for guard in guards:
        entry = entries.get(canonical(guard.field))
        if not _holds(guard, entry):
            has = "it is not stated" if entry is None or entry.value is None else f"it is {_shown(entry.value)}"
            said.append(f"{guard.field} is {guard_text(guard)} ({has})")
    return f"It applies where {' and '.join(said)}."


def guard_text(guard: Guard) -> str:
    """Return what a guard asks for, in words."""
    if guard.values:
        return " or ".join(_shown(value) for value in guard.values)
    ends = [f"at least {guard.low:g}"] if guard.low is not None else []
    return " and ".join([*ends, *([f"at most {guard.high:g}"] if guard.high is not None else [])])


def _comparable(one: Criterion, entry: RecordEntry) -> tuple[RecordEntry, tuple[Problem, ...]]:
    """Return an entry of a field that only this standard knows in the form that its criterion compares."""
    if find(entry.field) is not None or entry.value is None or entry.value == NOT_DONE:
        return entry, ()
    if one.operator in {">=", "<="} or (one.operator == "is" and _is_number(one.value)):
        field = Field(entry.field, entry.field, "number", one.unit)
    elif isinstance(one.value, bool):
        field = Field(entry.field, entry.field, "yes-no")
    elif isinstance(entry.value, str) and (one.operator == "present" or is_unknown(entry.text)):
        field = Field(entry.field, entry.field)
    else:
        return entry, ()
    raw = entry.value if _is_number(entry.value) else entry.text
    found, problems = take(field, raw, unit=entry.unit, line=entry.line, place=entry.place)
    return found or entry, problems


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: Limit) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _judge(one: Criterion, entry: RecordEntry, limit: Limit, entries: Mapping[str, RecordEntry]) -> Outcome:
    value = entry.value
    if value is None:
        return _unusable(entry)
    if value == NOT_DONE:
        return "not-met", value, "The record says that it was not done."
    if one.operator == "present":
        return (
            ("not-met", value, "The record says that there is none.") if value is False else ("met", value, entry.note)
        )
    if one.operator == "not-before":
        return _in_order(entry, entries.get(canonical(str(limit))))
    if _is_number(limit):
        return _against_number(one, entry, limit)
    wanted = limit if isinstance(limit, tuple) else (limit,)
    parts = value if isinstance(value, tuple) else (value,)
    joined = "_and_".join(map(str, value)) if isinstance(value, tuple) else str(value)
    allowed = all(any(_same(part, each, one.field) for each in wanted) for part in parts)
    together = isinstance(value, tuple) and any(_same_list(joined, each, one.field) for each in wanted)
    return ("met" if allowed or together else "not-met"), value, entry.note


def _unusable(entry: RecordEntry) -> Outcome:
    """Tell apart what a record leaves open from what it states in a way that shows nothing."""
    if is_unknown(entry.text):
        return "not-reported", None, entry.note
    return "not-met", None, f"{entry.note} {_NOT_SHOWN}".strip()


def _same_list(joined: str, wanted: Limit, field: str) -> bool:
    """Tell whether a list of words is the one word that stands for all of them."""
    known = find(field)
    entry, _ = take(known, joined) if known is not None else (None, ())
    return _same(entry.value if entry is not None else joined, wanted, field)


def _against_number(one: Criterion, entry: RecordEntry, limit: Limit) -> Outcome:
    number, wanted = _number(entry.value), _number(limit)
    if number is None or wanted is None:
        return "not-met", entry.value, f"The record states it without its number. {_NOT_SHOWN}"
    value = units.convert(number, entry.unit, one.unit) if one.unit and entry.unit else number
    if value is None:
        text = f"{entry.text} is in {entry.unit!r}, which does not turn into {one.unit!r}."
        return "not-met", None, f"{text} {_NOT_SHOWN}"
    decided = _decide(value, entry.relation, one.operator, wanted)
    if decided is None:
        return "not-met", value, f"The record only says {entry.text}, which leaves the limit open. {_NOT_SHOWN}"
    return ("met" if decided else "not-met"), value, entry.note


def _decide(value: float, relation: str, operator: str, limit: float) -> bool | None:
    """Tell whether the limit holds; None where a bound leaves it open.

    With a bound the truth lies beyond `value`: `> 95` meets a limit of at least 95, `< 5` says nothing about at most 2.
    """
    if not relation:
        return {">=": value >= limit, "<=": value <= limit, "is": value == limit}[operator]
    above, strict = relation.startswith(">"), relation in {"<", ">"}
    outside = value > limit if above else value < limit
    edge = value == limit
    if operator == "is":
        return False if outside or (edge and strict) else None
    if above == (operator == ">="):
        return True if outside or edge else None
    return False if outside or (edge and strict) else None


def _in_order(later: RecordEntry, earlier: RecordEntry | None) -> Outcome:
    if earlier is None or earlier.value == NOT_DONE or (earlier.value is None and is_unknown(earlier.text)):
        return "not-reported", later.value, "The record does not state the other date."
    if not isinstance(earlier.value, str) or not isinstance(later.value, str):
        return "not-met", later.value, f"One of the two dates cannot be used. {_NOT_SHOWN}"
    after, before = moment(later.value), moment(earlier.value)
    if isinstance(after, datetime) and isinstance(before, datetime):
        if (after.tzinfo is None) == (before.tzinfo is None):
            return ("met" if after >= before else "not-met"), later.value, ""
        apart = after.replace(tzinfo=None) - before.replace(tzinfo=None)
        if abs(apart) <= timedelta(hours=26):  # clocks on earth differ by no more
            return "not-met", later.value, _ONE_ZONE
    return ("met" if later.value[:10] >= earlier.value[:10] else "not-met"), later.value, ""


def _wrong_order(
    one: Criterion, entry: RecordEntry, entries: Mapping[str, RecordEntry], outcome: Outcome
) -> tuple[Problem, ...]:
    """Say which two dates stand in the wrong order, or cannot be ordered; a date that is none was named before."""
    if one.operator != "not-before" or outcome[0] != "not-met":
        return ()
    earlier = entries[canonical(str(one.value))]
    if not isinstance(entry.value, str) or not isinstance(earlier.value, str):
        return ()
    both = f"{entry.field} ({entry.text})", f"{earlier.field} ({earlier.text})"
    if outcome[2] == _ONE_ZONE:
        text = f"{both[0]} and {both[1]} cannot be put in order: only one of the two times names its zone."
        return (Problem(entry.line, "one-zone", text, "Give both times a zone, or neither.", entry.place),)
    text = f"{both[0]} lies before {both[1]}. {one.rationale}"
    return (Problem(entry.line, "date-order", text, "Correct the date that is wrong.", entry.place),)


def _written(one: Criterion, entry: RecordEntry | None, limit: Limit, outcome: Outcome) -> Check:
    status, value, note = outcome
    field = find(one.field)
    asks = one.status == "unsourced" and limit is None
    shown_unit = one.unit if _is_number(limit) else (entry.unit if entry is not None else "")
    shown = f"{entry.relation} {_shown(value)}".strip() if entry is not None and value is not None else ""
    if entry is not None and entry.text and (value is None or isinstance(value, bool)):
        shown = entry.text
    return Check(
        criterion=one.id,
        stage=one.stage,
        severity=one.severity,
        status=status,
        value=value,
        limit="present" if one.operator == "present" and not asks else limit,
        rationale=one.rationale,
        source=one.sources[0] if one.sources else None,
        note=" ".join(filter(None, (note, one.note))),
        subject=one.subject,
        label=field.label if field is not None else one.field,
        field=one.field,
        operator=one.operator,
        unit=one.unit,
        shown=f"{shown} {_sign(shown_unit, value)}".strip() if _is_number(value) else shown,
        limit_shown=limit_text(one, limit),
        statement=one.statement,
        criterion_status=one.status,
    )


def asks(one: Criterion, *, quote: str = "") -> str:
    """Return what a criterion asks for, in words: its limit, where it applies, and its exceptions.

    Parameters
    ----------
    quote : what stands around the names of fields.
    """

    def where(guards: Iterable[Guard]) -> str:
        return " and ".join(f"{quote}{guard.field}{quote} is {guard_text(guard)}" for guard in guards)

    text = limit_text(one, one.value)
    if one.applies_when:
        text += f", where {where(one.applies_when)}"
    return text + "".join(f"; {limit_text(one, each.value)} where {where(each.when)}" for each in one.exceptions)


def limit_text(one: Criterion, limit: Limit) -> str:
    """Return what a criterion asks for, in words, such as ``≥ 95 %``."""
    if one.status == "unsourced":
        return "no limit found"
    if one.operator == "present":
        return "stated"
    if one.operator == "not-before":
        earlier = find(str(limit))
        return f"not before: {earlier.label.lower() if earlier is not None else limit}"
    text = _shown(limit)
    return f"{_SIGNS.get(one.operator, '')} {text} {_sign(one.unit, limit)}".strip() if _is_number(limit) else text


def _sign(unit: str, value: Limit) -> str:
    """Return a unit as it is printed behind a value."""
    if value == 1 and unit in {"days", "weeks", "months", "years"}:
        return unit[:-1]
    return {"percent": "%", "degC": "°C", "count": "", "passage": ""}.get(unit, unit)


def _shown(value: Limit) -> str:
    """Return a value as a person reads it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return " or ".join(str(part).replace("_", " ") for part in value)
    if isinstance(value, int | float):
        return f"{value:,.10g}".replace(",", "\u202f") if abs(value) >= 10_000 else f"{value:.6g}"
    return value.replace("_", " ")


def _count(results: Iterable[Check], severity: Severity) -> StatusCounts:
    found = [one.status for one in results if one.severity == severity]
    return StatusCounts(
        met=found.count("met"),
        not_met=found.count("not-met"),
        not_reported=found.count("not-reported"),
        not_applicable=found.count("not-applicable"),
    )


def _missing(rows: Iterable[Criterion], results: Iterable[Check]) -> Iterator[Problem]:
    """Say which must-criteria the record leaves unanswered because the field is not there; once per field."""
    told: set[str] = set()
    for one, result in zip(rows, results, strict=True):
        absent = result.status == "not-reported" and result.note.startswith(_ABSENT)
        if not absent or one.severity != "must" or one.status == "unsourced" or one.field in told:
            continue
        told.add(one.field)
        unit = f" in {one.unit}" if one.unit else ""
        text = f"{result.label} is not stated ({one.id}, must)."
        yield Problem(0, "missing-field", text, f"Add the field {one.field}{unit}.", one.field)


def _unstated(
    rows: Iterable[Criterion], results: Iterable[Check], entries: Mapping[str, RecordEntry]
) -> Iterator[Problem]:
    """Say which fields the record must state before some criteria can be told to apply or not; once per field."""
    waiting: dict[str, list[str]] = {}
    for one, result in zip(rows, results, strict=True):
        if result.status == "not-applicable":
            for guard in one.applies_when:
                entry = entries.get(canonical(guard.field))
                if entry is None or entry.value is None:
                    waiting.setdefault(guard.field, []).append(one.id)
    for field, ids in waiting.items():
        text = f"{field} is not stated: whether {', '.join(ids)} apply cannot be known, and they were left out."
        yield Problem(0, "guard-not-stated", text, f"Add the field {field}.", field)


def _unused(entries: Mapping[str, RecordEntry], standard: Standard) -> Iterator[Problem]:
    """Name the fields that nobody knows: each by itself where it looks like a slip in a name, the others together."""
    asked = {canonical(name) for one in standard.criteria for name in (one.field, *one.or_fields)}
    asked |= {canonical(guard.field) for one in standard.criteria for guard in one.applies_when}
    names = sorted(asked | {one.id for one in fields()})
    others: list[str] = []
    for name, entry in entries.items():
        if name in asked or find(name) is not None or name.rpartition("_")[2] in _REMARKS:
            continue
        near = get_close_matches(name, names, n=1, cutoff=0.85)
        if near:
            text = f"{entry.place or name} is no field that is known, and was not used."
            yield Problem(entry.line, "unknown-field", text, f"Did you mean {near[0]}?", entry.place)
        else:
            others.append(entry.place or name)
    if others:
        text = f"Nothing asks for these fields, and they were not used: {', '.join(others)}."
        yield Problem(0, "unused-fields", text, "The page on standards lists the fields that are known.")
