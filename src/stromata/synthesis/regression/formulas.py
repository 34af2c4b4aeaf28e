"""Model matrices from formulas in the notation of R: ``~ x1 + factor(x2)``, ``~ dose * route``, ``~ ns(year, df=3)``.

K rows of data, p columns of the matrix. A formula is read into terms; each term is a product of factors; a factor is a
column of the data, a factor made of one, or a function of numbers. The rules of coding and the names of the columns are
R's (treatment contrasts; the first level is the reference), so that results can be held side by side.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias, TypeGuard

import numpy as np
import numpy.typing as npt

from stromata.errors import InvalidInput
from stromata.synthesis.intervals import FloatArray
from stromata.synthesis.regression import splines as spline_bases
from stromata.synthesis.regression.terms import FormulaTerm, Node, column_names, failure, read_terms, walk, written

Data: TypeAlias = Mapping[str, Sequence[object] | npt.NDArray[np.generic]]
"""Columns by name, all of one length. Missing are None, NaN and empty text."""

INTERCEPT = "intrcpt"

# Columns.


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor of a term, with all that is needed to work it out for new rows.

    Attributes
    ----------
    label : as written in the formula.
    levels : of a factor, the reference first; none for numbers.
    suffixes : what is added to `label` in the names of the columns that it makes.
    columns : names of the data columns that it is made of.
    node : the arithmetic that makes its numbers; None for a factor with levels.
    basis : what is made of these numbers, where that is several columns.
    """

    label: str
    columns: tuple[str, ...]
    levels: tuple[object, ...] = ()
    suffixes: tuple[str, ...] = ("",)
    node: Node | None = None
    basis: spline_bases.Basis | None = None

    def numbers(self, data: Mapping[str, FloatArray]) -> FloatArray:
        """Return its (K, m) columns."""
        values = np.zeros(0) if self.node is None else _arithmetic(self.node, data)
        return values.reshape(-1, 1) if self.basis is None else self.basis.at(values)


@dataclass(frozen=True, slots=True)
class Term:
    """One term: its label (``a:b``), its factors, and for each factor whether all levels are coded, or all but one."""

    label: str
    factors: tuple[Factor, ...]
    full: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class ModelMatrix:
    """A model matrix and how it was made.

    Attributes
    ----------
    formula : as given; empty for a matrix that was given as numbers.
    x : (K, p) read-only, of the rows that were kept.
    names : (p,) of the columns. terms : (p,) the term of each column; the intercept's is ``intrcpt``.
    rows : (K,) places of the rows kept. left_out : (place, column) of each row with a missing value.
    intercept : whether the constant is among the columns.
    parts : the terms other than the intercept.
    """

    formula: str
    x: FloatArray
    names: tuple[str, ...]
    terms: tuple[str, ...]
    rows: tuple[int, ...]
    left_out: tuple[tuple[int, str], ...]
    intercept: bool
    parts: tuple[Term, ...] = ()


def model_matrix(formula: str, data: Data | None = None, *, rows: int | None = None) -> ModelMatrix:
    """Build the matrix of a formula.

    Parameters
    ----------
    formula : ``~`` and terms joined by ``+``. A term is a column of numbers, a column of text (a factor), or
        ``factor(x)``, ``relevel(x, ref="b")``, ``log(x)`` (also ``log2``, ``log10``, ``log1p``, ``exp``, ``sqrt``,
        ``abs``), ``I(...)`` with arithmetic, ``poly(x, 2)``, ``ns(x, df=3)``, ``bs(x, df=4)``, ``rcs(x, 3)``; ``a:b``,
        ``a*b``, ``a/b`` and ``(a + b)^2`` as in R; ``-1`` or ``+ 0`` takes the intercept out. Names with blanks stand
        in back quotes.
    data : columns by name. A column with any text in it, or of truth values, is a factor.
    rows : number of rows, for a formula without columns (``~ 1``).

    Returns
    -------
    Only rows without missing values in the columns that the formula uses; `left_out` tells the others. Knots of splines
    and orthogonal polynomials rest on the rows kept. Levels are sorted: numbers by size, text by the alphabet without
    regard to capitals, signs before digits before letters.

    Raises
    ------
    InvalidInput
        What the formula says cannot be read (with the position), a column that is not there, columns of unequal
        length, a factor with one level, a function of text, knots that cannot be placed.

    Examples
    --------
    >>> found = model_matrix("~ x * g", {"x": [1, 2, 3, 4], "g": ["a", "b", "a", "b"]})
    >>> found.names
    ('intrcpt', 'x', 'gb', 'x:gb')

    References
    ----------
    Chambers and Hastie (1992), Statistical Models in S, chapter 2, for the notation and the coding of interactions.
    """
    data = {} if data is None else data
    intercept, terms = read_terms(formula)
    count = _length(formula, terms, data, rows)
    kept, left_out = _complete(_used(formula, terms, data), data, count)
    factors = {
        written(node): _factor(formula, node, {name: [data[name][i] for i in kept] for name in column_names(node)})
        for term in terms
        for node in term
    }
    parts = _coding([[written(node) for node in term] for term in terms], factors, intercept=intercept)
    x, names, labels = _columns(parts, data, kept, intercept=intercept)
    return ModelMatrix(formula, x, names, labels, tuple(kept), tuple(left_out), intercept, parts)


def new_rows(made: ModelMatrix, data: Data) -> FloatArray:
    """Return (M, p) rows of the matrix for new data, with the levels, knots and polynomials of the old.

    Raises
    ------
    InvalidInput
        A column that is not there, a missing value, a level that the old data do not have.
    """
    used = tuple(dict.fromkeys(name for part in made.parts for each in part.factors for name in each.columns))
    count = 1
    for name in used:
        if name not in data:
            raise InvalidInput(f"no column {name!r} in the new data", hint=f"Needed are: {', '.join(used)}.")
        count = len(data[name])
    for name in used:
        if len(data[name]) != count:
            raise InvalidInput(f"column {name!r} has {len(data[name])} values, another has {count}")
    kept, left_out = _complete(used, data, count)
    if left_out:
        raise InvalidInput(
            f"row {left_out[0][0] + 1}, column {left_out[0][1]!r}: no value", hint="Predictions need all."
        )
    return _columns(made.parts, data, kept, intercept=made.intercept)[0]


def _used(formula: str, terms: tuple[FormulaTerm, ...], data: Data) -> tuple[str, ...]:
    used: dict[str, None] = {}
    for factor in (each for term in terms for each in term):
        if not column_names(factor):
            raise failure(formula, factor, f"{written(factor)} has no column of the data in it")
    for node in (node for term in terms for node in term):
        for name in column_names(node):
            if name not in data:
                place = formula.find(name) + 1
                known = ", ".join(map(str, data)) or "none"
                raise InvalidInput(
                    f"formula {formula!r}, position {place}: no column {name!r} in the data",
                    hint=f"There are: {known}.",
                )
            used[name] = None
    return tuple(used)


def _length(formula: str, terms: tuple[FormulaTerm, ...], data: Data, rows: int | None) -> int:
    count = rows
    for name in _used(formula, terms, data):
        if count is None:
            count = len(data[name])
        if len(data[name]) != count:
            raise InvalidInput(f"column {name!r} has {len(data[name])} values; {count} are needed")
    if count is None:
        raise InvalidInput(f"formula {formula!r} has no columns, and no number of rows was given")
    return count


def _missing(value: object) -> bool:
    return value is None or value == "" or (isinstance(value, float | np.floating) and math.isnan(value))


def _complete(used: Sequence[str], data: Data, count: int) -> tuple[list[int], list[tuple[int, str]]]:
    kept: list[int] = []
    left_out: list[tuple[int, str]] = []
    columns = [(name, data[name]) for name in used]
    for i in range(count):
        gap = next((name for name, column in columns if _missing(column[i])), None)
        if gap is None:
            kept.append(i)
        else:
            left_out.append((i, gap))
    return kept, left_out


def _coding(terms: list[list[str]], factors: Mapping[str, Factor], *, intercept: bool) -> tuple[Term, ...]:
    """Return the terms with the coding of their factors.

    A factor is coded by all its levels where the term without it is not in the model, for then nothing else stands for
    its reference level. Without an intercept the first term that is a single factor takes its place.
    """
    present = {frozenset(keys) for keys in terms} | {frozenset[str]()}
    parts = []
    for keys in terms:
        full = tuple(bool(factors[key].levels) and frozenset(keys) - {key} not in present for key in keys)
        if not intercept and len(keys) == 1 and factors[keys[0]].levels:
            intercept, full = True, (True,)
        parts.append(Term(":".join(keys), tuple(factors[key] for key in keys), full))
    return tuple(parts)


def _columns(
    parts: tuple[Term, ...], data: Data, kept: list[int], *, intercept: bool
) -> tuple[FloatArray, tuple[str, ...], tuple[str, ...]]:
    """Return the matrix, the names of its columns and their terms."""
    blocks = [np.ones((len(kept), 1))] if intercept else []
    names, labels = ([INTERCEPT], [INTERCEPT]) if intercept else ([], [])
    coded: dict[tuple[str, bool], tuple[FloatArray, list[str]]] = {}
    for part in parts:
        pieces = []
        for factor, full in zip(part.factors, part.full, strict=True):
            key = (factor.label, full)
            if key not in coded:
                coded[key] = _coded(factor, data, kept, full=full)
            pieces.append(coded[key])
        # The first factor varies fastest, as in R.
        for chosen in product(*(range(len(names_of)) for _, names_of in reversed(pieces))):
            places = chosen[::-1]
            column = np.ones(len(kept))
            for (block, _), place in zip(pieces, places, strict=True):
                column = column * block[:, place]
            blocks.append(column[:, None])
            names.append(":".join(names_of[place] for (_, names_of), place in zip(pieces, places, strict=True)))
            labels.append(part.label)
    x = np.concatenate(blocks, axis=1) if blocks else np.zeros((len(kept), 0))
    x.flags.writeable = False
    return x, tuple(names), tuple(labels)


def _coded(factor: Factor, data: Data, kept: list[int], *, full: bool) -> tuple[FloatArray, list[str]]:
    if not factor.levels:
        columns = {name: _numbers(name, [data[name][i] for i in kept]) for name in factor.columns}
        block = factor.numbers(columns)
        _check_finite(factor.label, block, kept)
        return block, [factor.label + suffix for suffix in factor.suffixes]
    levels = factor.levels if full else factor.levels[1:]
    known = {_level(level) for level in factor.levels}
    values = [_level(data[factor.columns[0]][i]) for i in kept]
    for i, value in zip(kept, values, strict=True):
        if value not in known:
            raise InvalidInput(
                f"row {i + 1}, column {factor.columns[0]!r}: no level {value!r}",
                hint=f"There are: {', '.join(map(_level, factor.levels))}.",
            )
    block = np.array([[float(value == _level(level)) for level in levels] for value in values])
    return block.reshape(len(values), len(levels)), [factor.label + _level(level) for level in levels]


def _check_finite(label: str, block: FloatArray, kept: list[int]) -> None:
    bad = np.flatnonzero(~np.isfinite(block).all(axis=1))
    if len(bad):
        raise InvalidInput(
            f"row {kept[int(bad[0])] + 1}: {label} is {float(block[bad[0]].max())!r}, not a finite number",
            hint="A logarithm needs values above 0, a square root values from 0 on.",
        )


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool | np.bool_)


def _numbers(name: str, values: Sequence[object]) -> FloatArray:
    for value in values:
        if not _is_number(value):
            raise InvalidInput(f"column {name!r} has the value {value!r}; numbers are needed here")
    return np.array(values, dtype=np.float64)


def _level(value: object) -> str:
    """Return a level as it stands in a name; whole numbers without a point."""
    if isinstance(value, bool | np.bool_):
        return "TRUE" if value else "FALSE"
    return f"{float(value):.15g}" if _is_number(value) else str(value)


def _sorted_levels(values: Sequence[object]) -> tuple[object, ...]:
    if all(map(_is_number, values)):
        return tuple(sorted(set(values)))  # type: ignore[type-var]  # numbers
    return tuple(sorted({_level(value) for value in values}, key=_place))


def _place(text: str) -> tuple[list[tuple[int, str]], str]:
    """Return what text is sorted by: signs, then digits, then letters without regard to accents and capitals."""
    plain = [c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c)]
    return [(1 + c.isalpha() if c.isalnum() else 0, c) for c in plain], text.swapcase()


# Factors of a term.


def _factor(formula: str, node: Node, columns: Mapping[str, Sequence[object]]) -> Factor:
    """Make one factor from a node, learning levels and knots from the rows kept."""
    label = written(node)
    if node.kind == "name":
        values = columns[node.value]
        if all(map(_is_number, values)):
            return Factor(label, (node.value,), node=node)
        return _with_levels(label, node.value, _sorted_levels(values))
    if node.value in {"factor", "relevel", "as.factor"}:
        return _made_factor(formula, node, columns)
    if node.value in _BASES:
        return _based(formula, node, columns)
    _check_arithmetic(formula, node)
    return Factor(label, column_names(node), node=node)


def _with_levels(label: str, column: str, levels: tuple[object, ...]) -> Factor:
    if len(levels) < 2:
        only = f"only the level {_level(levels[0])!r}" if levels else "no values"
        raise InvalidInput(f"column {column!r} has {only}; a factor needs two", hint="Take it out of the formula.")
    return Factor(label, (column,), levels=levels)


def _made_factor(formula: str, node: Node, columns: Mapping[str, Sequence[object]]) -> Factor:
    named = dict(zip(node.names, node.arguments, strict=True))
    inner = node.arguments[0] if node.arguments else node
    if node.value == "relevel" and inner.kind == "call" and inner.value == "factor" and len(inner.arguments) == 1:
        inner = inner.arguments[0]
    if inner.kind != "name" or set(named) - {"", "ref"} or len(node.arguments) > 1 + (node.value == "relevel"):
        raise failure(formula, node, f"{node.value}() takes one column", 'Examples: factor(x), relevel(x, ref="b").')
    levels = _sorted_levels(columns[inner.value])
    if node.value == "relevel":
        reference = named.get("ref")
        chosen = [level for level in levels if reference is not None and _level(level) == written(reference).strip('"')]
        if not chosen:
            there = ", ".join(map(_level, levels))
            raise failure(
                formula, node, f"relevel() needs ref, one of the levels of {inner.value!r}", f"There are: {there}."
            )
        levels = (chosen[0], *(level for level in levels if level != chosen[0]))
    return _with_levels(written(node), inner.value, levels)


_FUNCTIONS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "log": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "log1p": np.log1p,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "abs": np.abs,
}


def _check_arithmetic(formula: str, node: Node) -> None:
    """Refuse what is not arithmetic of columns and numbers."""
    for each in walk(node):
        if each.kind == "call":
            if each.value != "I" and each.value not in _FUNCTIONS:
                known = ", ".join(("factor", "relevel", "I", *_FUNCTIONS, *_BASES))
                raise failure(formula, each, f"no function {each.value}()", f"There are: {known}.")
            if len(each.arguments) != 1 or each.names[0]:
                raise failure(formula, each, f"{each.value}() takes one argument")
        if each.kind == "text" or (each.kind == "operator" and each.value in "~:"):
            raise failure(formula, each, f"{each.value!r} cannot stand in arithmetic")


def _arithmetic(node: Node, data: Mapping[str, FloatArray]) -> FloatArray:
    if node.kind == "name":
        return data[node.value]
    if node.kind == "number":
        return np.asarray(float(node.value))
    values = [_arithmetic(each, data) for each in node.arguments]
    with np.errstate(all="ignore"):  # what is not finite is refused by name and row
        if node.kind == "call":
            return values[0] if node.value == "I" else _FUNCTIONS[node.value](values[0])
        if len(values) == 1:
            return -values[0] if node.value == "-" else values[0]
        return np.asarray(_OPERATORS[node.value](*values))


_OPERATORS: dict[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
}


# Bases of several columns.


def _based(formula: str, node: Node, columns: Mapping[str, Sequence[object]]) -> Factor:
    """Make the factor of poly(), ns(), bs() or rcs()."""
    options = _BASES[node.value]
    inner = node.arguments[0] if node.arguments else node
    if not node.arguments or node.names[0]:
        raise failure(formula, node, f"{node.value}() needs a column first")
    if inner.kind not in {"name", "call"} or (inner.kind == "call" and inner.value in {*_BASES, "factor", "relevel"}):
        raise failure(formula, inner, f"{node.value}() takes a column, or a function of one")
    if inner.kind == "call":
        _check_arithmetic(formula, inner)
    given: dict[str, tuple[float, ...]] = {}
    for place, (name, each) in enumerate(zip(node.names[1:], node.arguments[1:], strict=True)):
        key = name or (options[place] if place < len(options) else "")
        if key not in options:
            raise failure(
                formula,
                each,
                f"{node.value}() has no argument {name or place + 2}",
                f"There are: {', '.join(options)}.",
            )
        given[key] = _constants(formula, each)
    names = column_names(inner)
    x = _arithmetic(inner, {name: _numbers(name, columns[name]) for name in names})
    if not np.isfinite(x).all():
        raise failure(formula, inner, f"{written(inner)} is not finite in row {int((~np.isfinite(x)).argmax()) + 1}")
    try:
        made = spline_bases.basis(node.value, x, given)
    except InvalidInput as error:
        raise failure(formula, node, error.message, error.hint) from error
    suffixes = tuple(written(inner) + each if node.value == "rcs" else each for each in made.suffixes)
    return Factor(written(node), names, (), suffixes, inner, made)


def _constants(formula: str, node: Node) -> tuple[float, ...]:
    """Return numbers written as 3, -1.5 or c(1, 2, 3)."""
    if node.kind == "call" and node.value == "c" and not any(node.names):
        return tuple(value for each in node.arguments for value in _constants(formula, each))
    if column_names(node) or any(each.kind in {"call", "text"} for each in walk(node)):
        raise failure(formula, node, "a number, or c() with numbers, is needed here")
    return (float(_arithmetic(node, {})),)


_BASES: dict[str, tuple[str, ...]] = {
    "poly": ("degree",),
    "ns": ("df", "knots"),
    "bs": ("df", "knots", "degree"),
    "rcs": ("knots",),
}
"""Functions that make several columns, with the names of their arguments in order."""
