"""Estimates, variances and labels of a set of studies, checked once for every analysis of sensitivity and of bias.

K studies. A set comes as arrays or as effect sizes; from here on it is plain arrays with names.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from stromata.errors import InvalidInput
from stromata.model import Caution, EffectSize, TestName
from stromata.synthesis.effects.columns import label_texts
from stromata.synthesis.effects.sizes import total
from stromata.synthesis.intervals import FloatArray, check_level
from stromata.synthesis.pooling.estimates import LARGEST, SMALLEST, Method

Studies: TypeAlias = Sequence[EffectSize] | npt.ArrayLike
"""Effect sizes of one measure, or (K,) estimates, whose variances are then given beside them."""

Alternative = Literal["greater", "less", "two.sided"]
"""Direction in which a result counts: above 0, below 0, or either."""

METHODS: tuple[Method, ...] = ("ee", "reml", "ml", "dl", "pm", "pmm", "eb", "he", "hs", "hsk", "sj")
"""The common-effect model and the estimators of tau2 without weights of their own."""


@dataclass(frozen=True, slots=True)
class StudySet:
    """K studies, those without a usable estimate left out.

    Attributes
    ----------
    y, v : (K,) estimates and sampling variances on the analysis scale, read-only.
    n : (K,) people per study; None where they are not known of every study.
    labels : names, in the same order.
    used : places of the studies in what was given, counted from 0.
    cautions : says which studies were left out.
    """

    y: FloatArray
    v: FloatArray
    n: FloatArray | None
    labels: tuple[str, ...]
    used: tuple[int, ...]
    cautions: tuple[Caution, ...]

    @property
    def k(self) -> int:
        """Number of studies."""
        return len(self.labels)


def study_set(
    effects: Studies,
    vi: npt.ArrayLike | None = None,
    *,
    labels: Sequence[str] | None = None,
    ni: npt.ArrayLike | None = None,
    least: int = 1,
    purpose: str = "this analysis",
) -> StudySet:
    """Return the studies as checked arrays.

    Parameters
    ----------
    effects, vi : effect sizes of one measure; or (K,) estimates and (K,) sampling variances. A study whose estimate or
        variance is missing (None or NaN) is left out with a caution.
    labels : (K,) names; 1, 2, ... or the effects' own without.
    ni : (K,) people per study; taken from the effects' inputs without.
    least : fewest studies with which the analysis has a meaning.
    purpose : what the error message calls the analysis.

    Raises
    ------
    InvalidInput
        Several measures, unequal lengths, a value that is infinite, a variance that is not positive or out of range
        (the study and the column are named), or fewer studies than `least`.
    """
    own: tuple[str, ...] | None = None
    sizes = None if ni is None else one_column(ni, "ni")
    if _are_effects(effects):
        y, v, own, people = _from_effects(effects)
        sizes = people if sizes is None else sizes
    else:
        if vi is None:
            raise InvalidInput("estimates without variances", hint="Give vi, one sampling variance per estimate.")
        y, v = one_column(effects, "yi"), one_column(vi, "vi")  # type: ignore[arg-type]  # told apart by _are_effects
    names = label_texts(labels) if labels is not None else own or tuple(str(i + 1) for i in range(len(y)))
    for what, values in (("vi", v), ("labels", names), ("ni", sizes)):
        if values is not None and len(values) != len(y):
            raise InvalidInput(f"{len(y)} estimates and {len(values)} {what}; there must be one each")
    missing = np.isnan(y) | np.isnan(v)
    _check_values(y, v, names, missing)
    if sizes is not None:
        for i in np.flatnonzero(~missing & ~((sizes >= 1) & (sizes <= LARGEST))):
            raise InvalidInput(
                f"study {names[i]}, ni is {sizes[i]:g}; it must be a number of people, at least 1",
                hint="Give every study its number of people, or leave ni out.",
            )
    used = np.flatnonzero(~missing)
    if len(used) < least:
        raise InvalidInput(
            f"{purpose} needs at least {least} studies; there {'is' if len(used) == 1 else 'are'} {len(used)}",
            hint="With so few studies, show them side by side.",
        )
    kept = tuple(names[i] for i in used)
    gone = [names[i] for i in np.flatnonzero(missing)]
    y, v = frozen(y[used]), frozen(v[used])
    n = None if sizes is None else frozen(sizes[used])
    return StudySet(y, v, n, kept, tuple(used.tolist()), _left_out(gone))


def frozen(values: npt.ArrayLike) -> FloatArray:
    """Return a read-only copy as floating-point numbers."""
    array = np.array(values, dtype=np.float64)
    array.flags.writeable = False
    return array


def check_options(*, method: str | None = None, test: str | None = None, level: float | None = None) -> None:
    """Refuse a method, a test or a level that does not exist; None is not looked at.

    Raises
    ------
    InvalidInput
        Unknown method or test, ``knha`` or ``adhoc`` with ``ee``, a level outside (0, 1).
    """
    if method is not None:
        check_choice("method", method, METHODS)
    if test is not None:
        check_choice("test", test, get_args(TestName))
    if method == "ee" and test in {"knha", "adhoc"}:
        raise InvalidInput(f"test {test!r} rescales a random-effects standard error; ee has none", hint="Use z or t.")
    if level is not None:
        check_level(level)


def check_choice(what: str, value: object, allowed: Sequence[str]) -> None:
    """Refuse a word that is not one of those allowed.

    Raises
    ------
    InvalidInput
        It is not; the hint lists the words.
    """
    if not (isinstance(value, str) and value in allowed):
        raise InvalidInput(f"no {what} {value!r}", hint=f"There are: {', '.join(allowed)}.")


def _are_effects(effects: Studies) -> bool:
    return isinstance(effects, Sequence) and len(effects) > 0 and isinstance(effects[0], EffectSize)


def _from_effects(effects: Studies) -> tuple[FloatArray, FloatArray, tuple[str, ...], FloatArray | None]:
    given: list[EffectSize] = list(effects)  # type: ignore[arg-type]  # told apart by _are_effects
    measures = sorted({effect.measure for effect in given})
    if len(measures) > 1:
        raise InvalidInput(f"effects of several measures: {', '.join(measures)}", hint="Take one measure at a time.")
    y = np.array([math.nan if effect.yi is None else effect.yi for effect in given])
    v = np.array([math.nan if effect.vi is None else effect.vi for effect in given])
    people = np.array([total(effect) for effect in given])
    return y, v, tuple(effect.label for effect in given), people if (people > 0).all() else None


def plain_numbers(values: npt.ArrayLike, what: str) -> FloatArray:
    """Return an array of any dimensions, NaN where a number is missing.

    Raises
    ------
    InvalidInput
        Something in it is no number, or its rows are of unequal length; the message names `what`.
    """
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            f"{what} holds something that is not a number: {error}",
            hint=f"Give {what} as plain numbers, with rows of one length.",
        ) from error


def one_column(values: npt.ArrayLike, column: str) -> FloatArray:
    """Return a column of numbers, NaN where one is missing.

    Raises
    ------
    InvalidInput
        Something in it is no number, or it has not one dimension; the message names the column.
    """
    array = plain_numbers(values, column)
    if array.ndim != 1:
        raise InvalidInput(f"{column} has {array.ndim} dimensions; it must be a plain list of numbers")
    return array


def _check_values(y: FloatArray, v: FloatArray, names: tuple[str, ...], missing: npt.NDArray[np.bool_]) -> None:
    bad = ~missing & ~((np.abs(y) <= LARGEST) & (v >= SMALLEST) & (v <= LARGEST))
    if not bad.any():
        return
    row = int(np.flatnonzero(bad)[0])
    column, value = ("yi", y[row]) if not abs(y[row]) <= LARGEST else ("vi", v[row])
    raise InvalidInput(
        f"study {names[row]}, {column} is {value:g}: variances must lie within {SMALLEST:g} and {LARGEST:g}, and "
        f"estimates within {-LARGEST:g} and {LARGEST:g}",
        hint="Leave the study out, or measure on another scale.",
    )


def _left_out(gone: list[str]) -> tuple[Caution, ...]:
    if not gone:
        return ()
    who = ", ".join(gone)
    return (Caution("effects-left-out", f"Without an estimate or a variance, and therefore left out: {who}."),)
