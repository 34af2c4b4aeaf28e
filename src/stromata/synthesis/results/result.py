"""What a result of this package is: it remembers what was asked, and can be shown in five ways.

`Result` is what results inherit. `recorded` stands on the public functions that make them, and keeps what they were
asked. The five ways are functions here too, for `stromata.model.Synthesis`, which has no behaviour. What a result of
one kind has to say stands in the module of its family, which is loaded when it is first needed.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from importlib import import_module
from typing import Any, ParamSpec, TypeVar, cast

import numpy as np
import scipy

from stromata import __version__
from stromata.errors import InvalidInput
from stromata.model import EffectSize, Synthesis
from stromata.synthesis.results.account import Account, Table, describe, table_of_records
from stromata.synthesis.results.json_text import data_of, data_of_records, plain, text_of

P = ParamSpec("P")
R = TypeVar("R")

VERSIONS: tuple[tuple[str, str], ...] = (
    ("numpy", np.__version__),
    ("scipy", scipy.__version__),
    ("stromata", __version__),
)
"""What computed the results of this process."""

_FAMILIES: Mapping[str, str] = {
    "stromata.model.synthesis": "pooled",
    "stromata.synthesis.pooling": "arrays",
    "stromata.synthesis.counts": "counted",
    "stromata.synthesis.bayesian": "posteriors",
    "stromata.synthesis.regression": "regressions",
    "stromata.synthesis.multilevel": "multilevels",
    "stromata.synthesis.networks": "networks",
    "stromata.synthesis.curves": "curves",
    "stromata.synthesis.bias": "biases",
    "stromata.synthesis.sensitivity": "sensitivities",
    "stromata.synthesis.sequential": "sensitivities",
}
"""Modules whose results are described here, by the beginning of their names, and the module that describes them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a function was asked: copies, so that later changes to the arguments do not reach it.

    Attributes
    ----------
    function : its public name.
    given : all arguments by name, defaults included; arrays are read-only, lists and mappings are tuples. Functions,
        which only follow the work, are not among them.
    data_names : those that hold data. Arguments of other names than the function's own parameters are data too.
    """

    function: str
    given: tuple[tuple[str, Any], ...]  # Any: whatever the functions take
    data_names: frozenset[str]
    versions: tuple[tuple[str, str], ...] = VERSIONS

    @property
    def data(self) -> dict[str, Any]:  # Any: as `given`
        """The arguments that hold data, without those that were not given."""
        return {name: value for name, value in self.given if name in self.data_names and value is not None}

    @property
    def options(self) -> dict[str, Any]:  # Any: as `given`
        """All other arguments."""
        return {name: value for name, value in self.given if name not in self.data_names}

    @property
    def input_hash(self) -> str:
        """SHA-256 of function, data and options in canonical form; equal hashes mean equal questions."""
        from stromata.model.codec import digest  # noqa: PLC0415 - loads pydantic, and only who asks waits for it

        return digest([self.function, plain(self.data), plain(self.options)])

    def get(self, name: str) -> Any:  # noqa: ANN401 - as `given`
        """Return an argument by its name; None when it was not given."""
        return dict(self.given).get(name)


@dataclass(frozen=True, slots=True)
class Result:
    """What every result of this package can do. It holds values only, and never changes.

    Attributes
    ----------
    asked : what was asked; None for a result that was made in another way than by a public function.
    """

    asked: Asked | None = field(default=None, kw_only=True, repr=False, compare=False)

    def to_table(self) -> Table:
        """Return the numbers in rows; see `stromata.synthesis.to_table`."""
        return to_table(self)

    def to_json(self) -> str:
        """Return everything as strict JSON; see `stromata.synthesis.to_json`."""
        return to_json(self)

    def methods_text(self) -> str:
        """Return a paragraph for the methods section; see `stromata.synthesis.methods_text`."""
        return methods_text(self)

    def results_text(self) -> str:
        """Return a paragraph for the results section; see `stromata.synthesis.results_text`."""
        return results_text(self)

    def r_call(self) -> str:
        """Return lines of R that repeat the analysis; see `stromata.synthesis.r_call`."""
        return r_call(self)


def recorded(*data: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function put what it was asked into the `Result` that it returns.

    Parameters
    ----------
    data : names of its parameters that hold data. Keyword arguments that are none of its parameters are data too.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        parameters = inspect.signature(function).parameters
        defaults = {
            name: _copied(each.default)
            for name, each in parameters.items()
            if each.kind is not inspect.Parameter.VAR_KEYWORD
        }
        names, label = tuple(defaults), function.__name__
        own = frozenset(data)

        @functools.wraps(function)
        def answer(*args: P.args, **kwargs: P.kwargs) -> R:
            found = function(*args, **kwargs)
            given = {**defaults, **dict(zip(names, args, strict=False)), **kwargs}
            held = own if len(given) == len(names) else own | (given.keys() - defaults.keys())
            kept = tuple(
                [
                    (name, each if type(each) in _FIXED else _copied(each))
                    for name, each in given.items()
                    if not callable(each)
                ]
            )
            # The result was made a moment ago and nobody else has it: it is still being built.
            object.__setattr__(found, "asked", Asked(label, kept, held))
            return found

        return answer

    return decorate


_FIXED = frozenset({type(None), bool, int, float, str})
"""Types of values that nobody can change."""


def _copied(value: object) -> object:
    """Return a value that nobody else can change."""
    if isinstance(value, np.ndarray):
        out = value.copy()
        out.flags.writeable = False
        return out
    if isinstance(value, Mapping):
        return tuple((key, _copied(each)) for key, each in value.items())
    if isinstance(value, list | tuple | range):
        if set(map(type, value)) <= _FIXED:
            return tuple(value)
        return tuple(each if type(each) in _FIXED or isinstance(each, EffectSize) else _copied(each) for each in value)
    return value


# The five ways.


def account_of(result: object) -> Account:
    """Return what a result has to say.

    Raises
    ------
    InvalidInput
        It is no result of this package.
    """
    module = type(result).__module__
    for beginning, family in _FAMILIES.items():
        if module.startswith(beginning):
            import_module(f"stromata.synthesis.results.{family}")
            return describe(result)
    raise InvalidInput(f"a {type(result).__name__} is no result of a synthesis", hint="Give what pool returned, say.")


def to_table(result: Result | Synthesis | Sequence[object]) -> Table:
    """Return the numbers of a result in rows.

    Parameters
    ----------
    result : a result; or the several rows that functions such as `predict`, `league` and `split` return, whose fields
        are then the columns.

    Returns
    -------
    A `Table` of numbers as computed, not rounded. Where the result has coefficients its columns are `term`,
    `estimate`, `se`, `statistic`, `df`, `p`, `ci_low`, `ci_high`, `pi_low`, `pi_high` on the analysis scale, `natural`,
    `natural_low`, `natural_high` on the natural scale and `weight` in percent, without those that are empty; studies
    come first. None stands where a number does not exist.

    Raises
    ------
    InvalidInput
        It is no result of this package.
    """
    if isinstance(result, tuple | list):
        return table_of_records(_records(result))
    found = account_of(result).table
    return found() if callable(found) else found


def _records(values: Sequence[object]) -> list[object]:
    """Return rows of one kind, of this package."""
    kinds = {type(each) for each in values}
    if len(kinds) != 1 or not all(is_dataclass(kind) and kind.__module__.startswith(_PACKAGE) for kind in kinds):
        names = ", ".join(sorted(kind.__name__ for kind in kinds)) or "nothing"
        raise InvalidInput(f"rows of {names} are no result of a synthesis", hint="Give what predict returned, say.")
    return list(values)


_PACKAGE = "stromata.synthesis."


def to_data(result: Result | Synthesis | Sequence[object]) -> dict[str, Any]:  # Any: JSON data has no narrower type
    """Return everything that a result holds as dictionaries, lists, texts and numbers, in the order of its fields.

    Parameters
    ----------
    result : as for `to_table`. Rows have `result` (their kind), `rows` and `not_finite` alone.

    Returns
    -------
    Its fields, and `result` (its kind), `function`, `options`, `coefficients` (rows with their columns by name),
    `labels`, `data_points`, `input_hash` (SHA-256) and `versions`. Numbers that are not finite are None, and
    `not_finite` says by path what they were: ``{"natural.ci_high": "Infinity"}``.

    Raises
    ------
    InvalidInput
        It is no result of this package.
    """
    if isinstance(result, tuple | list):
        return data_of_records(_records(result))
    return data_of(result, account_of(result), asked_of(result))


def to_json(result: Result | Synthesis | Sequence[object]) -> str:
    """Return `to_data` as strict JSON text: no NaN, no Infinity."""
    return text_of(to_data(result))


def methods_text(result: Result | Synthesis) -> str:
    """Return a paragraph for the methods section of a paper, with references.

    Raises
    ------
    InvalidInput
        It is no result of this package.
    """
    return account_of(result).methods


def results_text(result: Result | Synthesis) -> str:
    """Return a paragraph for the results section of a paper, with every caution.

    Raises
    ------
    InvalidInput
        It is no result of this package.
    """
    return account_of(result).results


def r_call(result: Result | Synthesis) -> str:
    """Return lines of R that repeat the analysis on the same numbers.

    Returns
    -------
    Lines that run as they stand, with the packages that they name; or, where R has no counterpart, a comment (each line
    begins with ``#``) that says so.

    Raises
    ------
    InvalidInput
        It is no result of this package.
    """
    found = account_of(result).r
    return found() if callable(found) else found


def asked_of(result: object) -> Asked | None:
    """Return what was asked, of results that know it."""
    return cast("Asked | None", getattr(result, "asked", None))
