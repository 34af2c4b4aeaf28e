"""The fields that a record may hold, as data, and how what stands in one becomes a value that can be compared."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from stromata.clinical.quantities import fold, read_number
from stromata.clinical.terms import Vocabulary, recognise
from stromata.model import Problem
from stromata.model.standards import Limit, RecordEntry
from stromata.standards import units

NOT_DONE = "not done"
"""The value of a field for which the record says that nothing was done. It meets no criterion."""

_NOT_DONE = frozenset({"not done", "not performed", "not tested", "omitted", "未做", "未检测", "未进行"})
_NONE = frozenset({"none", "no", "absent", "false", "无", "没有"})
_NOT_KNOWN = frozenset(
    {
        *("pending", "awaited", "unknown", "not known", "not recorded", "not reported", "not stated", "not available"),
        *("nr", "n.r.", "na", "n/a", "n.a.", "tbd", "tba", "missing", "-", "--", "?", "not applicable", "null"),
        *("待定", "未知", "不详", "未报告", "不适用"),
    }
)
_YES = frozenset({"yes", "y", "true", "1", "positive", "shown", "demonstrated", "是", "有", "阳性"})
_NO = frozenset({"no", "n", "false", "0", "negative", "not shown", "none", "absent", "否", "无", "阴性"})

_RELATIONS = {"≥": ">=", "⩾": ">=", "=>": ">=", ">=": ">=", "≤": "<=", "⩽": "<=", "=<": "<=", "<=": "<="}
_RELATION = re.compile(r"(≥|⩾|=>|>=|≤|⩽|=<|<=|<|>|at least|at most|more than|less than|above|below)\s*")
_WORDED = {"at least": ">=", "at most": "<=", "more than": ">", "above": ">", "less than": "<", "below": "<"}
_UNCLEAR_COMMA = re.compile(r"[1-9][0-9]{0,2},[0-9]{3}(?![0-9,])")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:?\d{2})?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Field:
    """One field that a record may hold.

    Attributes
    ----------
    kind : number, yes-no, word (one of `words`), term (of a vocabulary), date or text.
    unit : of numbers, where the record gives none.
    low, high : what is possible; None where there is no limit.
    words : (word, other ways to write it), for the kind ``word``; where the field is `open`, others may stand in it.
    also : other names of the field.
    """

    id: str
    label: str
    kind: Literal["number", "yes-no", "word", "term", "date", "text"] = "text"
    unit: str = ""
    low: float | None = None
    high: float | None = None
    words: tuple[tuple[str, tuple[str, ...]], ...] = ()
    open: bool = False
    vocabulary: Vocabulary | None = None
    also: tuple[str, ...] = ()


def fields() -> tuple[Field, ...]:
    """Return the fields that stromata knows, in the order of a product's way from donor to patient."""
    return _catalogue()[0]


def find(name: str) -> Field | None:
    """Return the field of this name; case, spaces, hyphens and the sign % do not matter. None when there is none."""
    return _catalogue()[1].get(key(name))


def canonical(name: str) -> str:
    """Return the id of the field of this name, or the name as it would be spelt where no field has it."""
    found = find(name)
    return found.id if found is not None else key(name)


@lru_cache(maxsize=4096)  # a hundred studies ask for the same few hundred names a thousand times each
def key(name: str) -> str:
    """Return a name as fields are spelt: ``CD73 %`` and ``cd73Percent`` become ``cd73_pct``."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", fold(name).strip()).lower().replace("%", " pct")
    return re.sub(r"(?<![a-z])percent(?![a-z])", "pct", re.sub(r"[\W_]+", "_", parted).strip("_"))


@cache
def _catalogue() -> tuple[tuple[Field, ...], Mapping[str, Field]]:
    text = files("stromata.standards").joinpath("data", "fields.yaml").read_text(encoding="utf-8")
    data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    found = tuple(_field(row, data["words"]) for row in data["fields"])
    named = {key(other): one for one in found for other in one.also}
    return found, named | {one.id: one for one in found}


def _field(row: Mapping[str, Any], words: Mapping[str, Mapping[str, list[str]]]) -> Field:  # Any: as YAML gives it
    listed = words[row["words"]] if "words" in row else {}
    return Field(
        **{name: value for name, value in row.items() if name not in {"words", "also"}},
        words=tuple((word, tuple(others)) for word, others in listed.items()),
        also=tuple(row.get("also", ())),
    )


def take(
    field: Field, raw: object, *, unit: str = "", line: int = 0, place: str = ""
) -> tuple[RecordEntry | None, tuple[Problem, ...]]:
    """Read what stands in a field.

    Parameters
    ----------
    raw : text, number, yes or no, or a list of texts, as JSON or a cell of a table gives it.
    unit : as given beside the value; empty when none is.

    Returns
    -------
    entry : None when nothing stands there. Its value is None when something does that cannot be used.
    problems : what is wrong, with place and remedy.
    """
    text = _text(raw)
    blank = RecordEntry(field.id, None, field.unit, text=text, line=line, place=place or field.id)
    if text == "":
        return None, ()
    if is_unknown(text):
        return replace(blank, note=f"The record says {text!r}."), ()
    if _word_of(text) in _NOT_DONE:
        return replace(blank, value=NOT_DONE), ()
    if field.kind == "number":
        entry, fault = _number(field, raw, text, unit, blank)
    elif isinstance(raw, list | tuple):
        entry, fault = _several(field, raw, blank)
    else:
        value, fault = _value(field, text)
        entry = replace(blank, value=value)
    if fault is None:
        return entry, ()
    code, said, hint = fault
    problem = Problem(line, code, f"{field.label} ({field.id}): {said}", hint, place or field.id)
    return replace(blank, note=said), (problem,)


def is_unknown(text: str) -> bool:
    """Tell whether words such as ``pending`` say that something is not known, or not known yet."""
    return _word_of(text) in _NOT_KNOWN


def _word_of(text: str) -> str:
    return " ".join(fold(text).lower().split())


Fault = tuple[str, str, str]
"""Code, what is wrong, and how to mend it."""


def _text(raw: object) -> str:
    """Return what was written, as a person would read it."""
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return "yes" if raw else "no"
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < 1e15:
        return str(int(raw))
    if isinstance(raw, list | tuple):
        return "; ".join(filter(None, map(_text, raw)))
    return str(raw).strip()


def _number(field: Field, raw: object, text: str, unit: str, blank: RecordEntry) -> tuple[RecordEntry, Fault | None]:
    hint = f"Write one number{f' in {field.unit}' if field.unit else ''}."
    if isinstance(raw, list | tuple) and field.unit == "count":
        return replace(blank, value=float(len([part for part in raw if _text(part)]))), None
    if isinstance(raw, bool) and field.unit == "count":  # a report says that it counted; how many stands elsewhere
        return replace(blank, value=raw), None
    if isinstance(raw, bool | list | tuple):
        return blank, ("not-a-number", f"{text!r} is not a number.", hint)
    value, relation, own, fault = _parsed(raw, text, hint)
    if fault or value is None:
        return blank, fault
    if own and unit and units.convert(1, own, unit) != 1:
        return blank, ("two-units", f"{text!r} names another unit than {unit!r} beside it.", "Give one unit.")
    stated = own or unit or field.unit
    turned = units.convert(value, stated, field.unit) if field.unit else value
    if turned is None:
        return blank, (
            "other-unit",
            f"{text} is in {stated!r}, which does not turn into {field.unit!r}; the value is not used.",
            f"Give it in {field.unit}.",
        )
    outside = (field.low is not None and turned < field.low) or (field.high is not None and turned > field.high)
    if outside:
        limits = f"{'' if field.low is None else f'{field.low:g}'} to {'' if field.high is None else f'{field.high:g}'}"
        return blank, ("impossible", f"{text} {stated} cannot be: possible is {limits.strip()} {field.unit}.", hint)
    return replace(blank, value=turned, unit=field.unit or stated, relation=relation), None


def _parsed(raw: object, text: str, hint: str) -> tuple[float | None, Any, str, Fault | None]:  # Any: a relation
    """Return number, relation, the unit written behind it, and what is wrong."""
    if isinstance(raw, int | float):
        try:
            value = float(raw)
        except OverflowError:
            value = math.inf
        fine = math.isfinite(value)
        return (value if fine else None), "", "", None if fine else ("not-a-number", f"{text} is not finite.", hint)
    plain = fold(text)
    relation, at = "", 0
    found = _RELATION.match(plain.lower())
    if found:
        sign = found.group(1)
        relation, at = _WORDED.get(sign) or _RELATIONS.get(sign, sign), found.end()
    negative = plain[at : at + 1] == "-"
    at += 1 if plain[at : at + 1] in {"-", "+"} else 0
    if _UNCLEAR_COMMA.match(plain, at):
        return None, "", "", ("unclear-comma", f"the comma in {text!r} may part thousands or decimals.", hint)
    number = read_number(plain, at + len(plain[at:]) - len(plain[at:].lstrip()))
    if number is None or number.value is None:
        return None, "", "", ("not-a-number", f"{text!r} is not a number.", hint)
    rest = plain[number.end :].strip()
    if rest and (rest[0] in "-~±+(,;" or not units.known(rest)):
        return None, "", "", ("not-a-number", f"{text!r} is not one number with a unit that is known.", hint)
    return (-number.value if negative else number.value), relation, rest, None


def _several(field: Field, raw: Iterable[object], blank: RecordEntry) -> tuple[RecordEntry, Fault | None]:
    values: list[str] = []
    for part in raw:
        value, fault = _value(field, _text(part))
        if fault:
            return blank, fault
        values.append(_text(value))
    return replace(blank, value=tuple(values)), None


def _value(field: Field, text: str) -> tuple[Limit, Fault | None]:
    """Return the value of a field that is no number."""
    word = _word_of(text)
    if field.kind == "yes-no":
        if word in _YES or word in _NO:
            return word in _YES, None
        return None, ("not-yes-or-no", f"{text!r} is neither yes nor no.", "Write yes or no.")
    if field.kind == "date":
        return _date(text)
    if field.kind == "word":
        return _word(field, text)
    if field.kind == "term" and field.vocabulary is not None:
        found = recognise(field.vocabulary, text.replace("_", " "))
        return (found.id if found else text), None
    return (False if word in _NONE else True if word in {"yes", "true", "是", "有"} else text), None


def _word(field: Field, text: str) -> tuple[Limit, Fault | None]:
    by_key = {key(other): word for word, others in field.words for other in (word, *others)}
    found = by_key.get(key(text))
    if found or field.open:
        return found or text, None
    words = ", ".join(word for word, _ in field.words)
    return None, ("not-a-word", f"{text!r} is none of the words for it.", f"Write one of: {words}.")


def _date(text: str) -> tuple[Limit, Fault | None]:
    hint = "Write it as 2024-05-31 or 2024-05-31T14:30."
    if not _DATE.fullmatch(text):
        return None, ("not-a-date", f"{text!r} is not a date in this form.", hint)
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return None, ("not-a-date", f"{text!r} is no day of the calendar.", hint)
    return text.replace(" ", "T"), None
