"""Lines of R, written so that R reads the very numbers that were computed with."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from stromata.synthesis.intervals import FloatArray
from stromata.synthesis.results.result import Asked

METAFOR = "library(metafor)"
METHODS: Mapping[str, str] = {
    "ee": "EE",
    "common": "EE",
    "reml": "REML",
    "ml": "ML",
    "dl": "DL",
    "he": "HE",
    "hs": "HS",
    "hsk": "HSk",
    "sj": "SJ",
    "eb": "EB",
    "pm": "PM",
    "pmm": "PMM",
    "genq": "GENQ",
    "genqm": "GENQM",
}
"""Our names of estimators of tau2, and metafor's."""


class Bare(str):
    """R code that is written as it stands, such as the name of a column."""

    __slots__ = ()


def literal(value: object) -> str:
    """Return a value as R reads it, to the last digit."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Bare):
        return str(value)
    if value is None:
        return "NA"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return text(value)
    if isinstance(value, float | int):
        return number(float(value))
    if isinstance(value, Iterable):
        return f"c({', '.join(map(literal, value))})"
    raise TypeError(f"R has no word for a {type(value).__name__}")


def number(value: float) -> str:
    """Return a number with all its digits."""
    if math.isnan(value):
        return "NA"
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def text(value: str) -> str:
    """Return a text in quotes, with what R would read otherwise escaped."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(ch if ch.isprintable() else f"\\u{{{ord(ch):x}}}" if ord(ch) else " " for ch in escaped) + '"'


def call(function: str, *arguments: str, **named: object) -> str:
    """Return a call; named arguments that are None are left out."""
    parts = [*arguments, *(f"{name}={literal(value)}" for name, value in named.items() if value is not None)]
    return f"{function}({', '.join(parts)})"


def frame(columns: Mapping[str, Iterable[object]]) -> str:
    """Return a data frame with the columns as they are."""
    parts = ",\n  ".join(f"{_name(column)} = {literal(_listed(values))}" for column, values in columns.items())
    return f"dat <- data.frame(\n  {parts},\n  check.names = FALSE\n)"


def _listed(values: Iterable[object]) -> list[object]:
    return values.tolist() if isinstance(values, np.ndarray) else list(values)


def _name(column: str) -> str:
    return column if column.isidentifier() and column.isascii() else f"`{column.replace('`', '')}`"


def matrix(values: FloatArray) -> str:
    """Return a matrix, row by row."""
    flat = ", ".join(number(float(each)) for each in values.ravel())
    return f"matrix(c({flat}), nrow = {values.shape[0]}, byrow = TRUE)"


def lines(*parts: str) -> str:
    """Return the parts that are not empty, one after the other, each on lines of its own."""
    return "".join(f"{part.rstrip()}\n" for part in parts if part)


def without(*sentences: str) -> str:
    """Return a comment that says why there is no call."""
    return "".join(f"# {sentence}\n" for sentence in sentences)


def control(method: str) -> str | None:
    """Return what makes metafor's iteration for a method run to the end; None for closed forms."""
    if method in {"reml", "ml", "eb"}:
        return "list(threshold=1e-12, maxiter=10000)"
    return "list(tol=1e-12, maxiter=10000, tau2.max=1e4)" if method in {"pm", "pmm", "genqm"} else None


def names_of(labels: Sequence[str], k: int) -> list[str]:
    """Return names of K studies: those given, or 1 to K."""
    return [str(each) for each in labels] if len(labels) == k else [str(i + 1) for i in range(k)]


def rma_options(model: str, method: str, test: str, level: float) -> list[str]:
    """Return the options of metafor's rma() that belong to a model."""
    name = "EE" if model == "common" else METHODS.get(method, "REML")
    options = [f'method="{name}"']
    if test != "z":
        options.append(f'test="{test}"')
    if level != 0.95:
        options.append(f"level={number(100 * level)}")
    stop = control(method) if model != "common" else None
    if stop:
        options.append(f"control={stop}")
    return options


def rma_of(asked: Asked) -> str:
    """Return the call of rma() for estimates and variances in `dat`, by the options of a question."""
    method, test, level = asked.get("method") or "reml", asked.get("test") or "z", asked.get("level") or 0.95
    return call(
        "rma", "yi", "vi", "data=dat", *rma_options("common" if method == "ee" else "random", method, test, level)
    )
