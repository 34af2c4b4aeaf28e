"""Results as data and as strict JSON text."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from stromata.model import EffectSize, Synthesis
from stromata.synthesis.results.account import Account, Row

if TYPE_CHECKING:
    from stromata.synthesis.results.result import Asked

_WORKINGS = frozenset({"Asked", "FittedModel", "ModelMatrix", "Rows"})
"""Kinds of values that further analyses start from; JSON goes without them, and without the points of a density."""


def plain(value: object) -> Any:  # noqa: ANN401 - JSON data has no narrower type
    """Return a value as dictionaries, lists, texts and numbers; numbers that are not finite are None."""
    return _plain(value, "", {})


def _plain(value: Any, path: str, lost: dict[str, str]) -> Any:  # noqa: ANN401 - any value of a result
    """Return a value as JSON has it; `lost` gets the numbers that JSON has not, by path."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        lost[path] = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return None
    if isinstance(value, np.ndarray):
        return _plain(value.tolist(), path, lost)
    if isinstance(value, list | tuple):
        return [_plain(each, f"{path}[{i}]", lost) for i, each in enumerate(value)]
    if isinstance(value, Mapping):
        return {str(key): _plain(each, _under(path, str(key)), lost) for key, each in value.items()}
    if is_dataclass(value):
        return {
            each.name: _plain(getattr(value, each.name), _under(path, each.name), lost)
            for each in fields(value)
            if each.name != "asked" and not _is_working(each.name, getattr(value, each.name))
        }
    return str(value)


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _is_working(name: str, value: object) -> bool:
    return type(value).__name__ in _WORKINGS or (name == "curve" and isinstance(value, tuple))


def data_of(result: object, account: Account, asked: Asked | None) -> dict[str, Any]:  # Any: JSON data
    """Return everything that a result holds; see `stromata.synthesis.to_data`."""
    lost: dict[str, str] = {}
    data: dict[str, Any] = {"result": type(result).__name__, "function": asked.function if asked else "pool"}
    data |= _plain(result, "", lost)
    data["options"] = _plain(
        asked.options if asked else dict(result.parameters if isinstance(result, Synthesis) else ()), "options", lost
    )
    data["coefficients"] = [_row(row, f"coefficients[{i}]", lost) for i, row in enumerate(account.coefficients)]
    data["labels"] = data.get("labels") or _labels(result, asked)
    data["data_points"] = list(
        dict.fromkeys(point for effect in _effects(result, asked) for point in effect.data_points)
    )
    if asked is not None:
        data |= {"input_hash": asked.input_hash, "versions": [list(pair) for pair in asked.versions]}
    return {**data, "not_finite": lost}


def data_of_records(records: Sequence[object]) -> dict[str, Any]:  # Any: JSON data
    """Return rows of one kind; see `stromata.synthesis.to_data`."""
    lost: dict[str, str] = {}
    return {"result": type(records[0]).__name__, "rows": _plain(records, "rows", lost), "not_finite": lost}


def _row(row: Row, path: str, lost: dict[str, str]) -> dict[str, Any]:  # Any: JSON data
    found: dict[str, Any] = _plain(row, path, lost)
    del found["weight"]
    return found


def _effects(result: object, asked: Asked | None) -> tuple[EffectSize, ...]:
    if isinstance(result, Synthesis):
        return result.effects
    given = asked.get("effects") if asked else None
    return tuple(each for each in given if isinstance(each, EffectSize)) if isinstance(given, tuple) else ()


def _labels(result: object, asked: Asked | None) -> list[str]:
    """Return what the studies are called."""
    effects = _effects(result, asked)
    given = asked.get("labels") if asked else None
    if given is None and asked is not None:
        given = asked.get("studies")
    return [str(each) for each in given] if given is not None and len(given) else [effect.label for effect in effects]


def text_of(data: Mapping[str, Any]) -> str:  # Any: JSON data
    """Return data as JSON text that every reader accepts."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False)
