"""Random terms of multilevel models, read from formulas: ``~ 1 | study/effect``, ``~ outcome | study``.

K effects. A term has outer levels, between which its random effects are independent, and inner levels within them. A
random intercept has one inner level per outer level; with a known correlation matrix all its levels are inner ones.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from stromata.errors import InvalidInput
from stromata.synthesis.intervals import number
from stromata.synthesis.multilevel import structures
from stromata.synthesis.multilevel.structures import Array, Struct, Structure
from stromata.synthesis.pooling.estimates import LARGEST
from stromata.synthesis.regression.formulas import Data, model_matrix

Places: TypeAlias = npt.NDArray[np.intp]
Distances: TypeAlias = tuple[Sequence[object], npt.ArrayLike] | None
Fixed: TypeAlias = float | Sequence[float | None] | None
"""Values at which components are held; None where they are estimated. One number stands for all."""

STRUCTS: tuple[Struct, ...] = (
    "CS", "HCS", "UN", "ID", "DIAG", "AR", "HAR", "CAR", "SPEXP", "SPGAU", "SPLIN", "SPRAT", "SPSPH", "GEN", "GDIAG",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RandomTerm:
    """One random term with its levels.

    Attributes
    ----------
    label : ``district/school`` or ``outcome | study``.
    variance, correlation : what its components are called: sigma2; tau2 and rho; gamma2 and phi.
    outer, outer_levels : (K,) codes and names.
    inner, inner_levels : (K,) codes and names; names of slopes with random slopes.
    z : (K, q) values of random slopes.
    structure : in the units of the estimates.
    missing_pairs : places in rho of pairs of levels that never occur together, so that nothing is known of them.
    """

    label: str
    variance: str
    correlation: str
    outer: Places
    outer_levels: tuple[str, ...]
    inner: Places
    inner_levels: tuple[str, ...]
    z: Array | None
    structure: Structure
    missing_pairs: frozenset[int] = frozenset()

    @property
    def intercept(self) -> bool:
        """Whether it is a random intercept."""
        return self.variance == "sigma2"


@dataclass(frozen=True, slots=True)
class Parsed:
    """A random formula in its parts: what stands before the bar, and the grouping factors after it, outermost first."""

    text: str
    inner: str
    outer: tuple[str, ...]

    @property
    def intercept(self) -> bool:
        """Whether it asks for random intercepts."""
        return self.inner == "1"


def parse(text: str) -> Parsed:
    """Return the parts of a random formula.

    Raises
    ------
    InvalidInput
        It is not of the form ``~ inner | outer`` or ``~ 1 | a/b/c``.
    """
    body = text.strip().removeprefix("~")
    inner, bar, outer = body.partition("|")
    names = tuple(_bare(name) for name in outer.split("/"))
    inner = inner.strip() if "+" in inner else _bare(inner)
    if not bar or not inner or not all(names) or (inner != "1" and len(names) > 1):
        raise InvalidInput(
            f"random term {text!r} cannot be read", hint='Examples: "~ 1 | study/effect", "~ outcome | study".'
        )
    return Parsed(text, inner, names)


def _bare(name: str) -> str:
    """Return a column's name without ``factor()`` or backticks: levels are taken as they are."""
    if name.isidentifier():
        return name
    return re.sub(r"^(?:as\.)?factor\((.*)\)$", r"\1", name.strip()).strip().strip("`")


def columns_of(parsed: Parsed, struct: Struct | None) -> tuple[str, ...]:
    """Return the columns of the data that a random formula uses."""
    if parsed.intercept or struct in structures.SLOPES:
        return parsed.outer
    return (*(name.strip().strip("`") for name in parsed.inner.split("+")), *parsed.outer)


def column(data: Data | None, name: str, k: int) -> list[object]:
    """Return one column of the data.

    Raises
    ------
    InvalidInput
        No such column, or another length than K.
    """
    if data is None or name not in data:
        known = ", ".join(map(str, data or ())) or "none"
        raise InvalidInput(f"no column {name!r} in the data", hint=f"There are: {known}.")
    values = data[name]
    if len(values) != k:
        raise InvalidInput(f"column {name!r} has {len(values)} values; {k} are needed")
    return values.tolist() if isinstance(values, np.ndarray) else list(values)


def level_name(value: object) -> str:
    """Return a level as text; whole numbers without a point."""
    if isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool | np.bool_):
        return f"{float(value):.15g}"
    return str(value)


_PLAIN = 10**15
"""Size below which `level_name` gives all digits of a whole number."""


def coded(values: Sequence[object]) -> tuple[Places, tuple[str, ...]]:
    """Return codes and names of levels; numbers in their order, texts in that of the alphabet."""
    kinds = set(map(type, values))
    if kinds == {int} and max(map(abs, values)) < _PLAIN:  # type: ignore[arg-type]  # whole numbers
        whole = sorted(set(values))  # type: ignore[type-var]
        found_at = {value: i for i, value in enumerate(whole)}
        return np.array([found_at[value] for value in values], dtype=np.intp), tuple(map(str, whole))
    if kinds <= {int, float}:
        found, codes = np.unique(np.array(values, dtype=np.float64), return_inverse=True)
        # Numbers that read the same are the same level.
        names = [level_name(value) for value in found.tolist()]
        ordered = list(dict.fromkeys(names))
        place = {name: i for i, name in enumerate(ordered)}
        return np.array([place[name] for name in names], dtype=np.intp)[codes.reshape(-1)], tuple(ordered)
    names = [level_name(value) for value in values]
    numeric = all(isinstance(value, int | float | np.number) and not isinstance(value, bool) for value in values)
    if numeric:
        ordered = sorted(set(names), key=float)
    else:
        ordered = sorted(set(names), key=lambda text: (text.casefold(), text.swapcase()))
    place = {name: i for i, name in enumerate(ordered)}
    return np.array([place[name] for name in names], dtype=np.intp), tuple(ordered)


def intercepts(
    parsed: Parsed, data: Data | None, kept: Places, k: int, known: Mapping[str, tuple[Sequence[object], Array]]
) -> list[RandomTerm]:
    """Return one term per grouping factor of a random intercept; ``a/b`` are the levels of b within those of a."""
    out: list[RandomTerm] = []
    codes, levels = np.zeros(len(kept), dtype=np.intp), tuple[str, ...]()
    for depth, name in enumerate(parsed.outer):
        own = column(data, name, k)
        inside, names = coded(own if len(kept) == k else [own[i] for i in kept.tolist()])
        codes, levels = _within(codes, levels, inside, names) if depth else (inside, names)
        label = "/".join(parsed.outer[: depth + 1])
        if label in known:
            out.append(_with_known(label, codes, levels, *known[label]))
            continue
        structure = Structure("ID", 1, np.array([math.nan]), np.zeros(0))
        inner = np.zeros(len(kept), dtype=np.intp)
        out.append(RandomTerm(label, "sigma2", "", codes, levels, inner, ("intrcpt",), None, structure))
    return out


def _within(
    outer: Places, outer_levels: tuple[str, ...], inner: Places, inner_levels: tuple[str, ...]
) -> tuple[Places, tuple[str, ...]]:
    """Return codes and names of the levels of one factor within those of another."""
    count = len(inner_levels)
    pairs, codes = np.unique(outer * count + inner, return_inverse=True)
    names = [f"{outer_levels[pair // count]}/{inner_levels[pair % count]}" for pair in pairs.tolist()]
    return codes.reshape(-1).astype(np.intp), tuple(names)


def _with_known(
    label: str, codes: Places, levels: tuple[str, ...], names: Sequence[object], matrix: Array
) -> RandomTerm:
    """Return an intercept whose levels have a known correlation matrix."""
    place = {level_name(name): i for i, name in enumerate(names)}
    lost = [level for level in levels if level not in place]
    if lost:
        raise InvalidInput(f"R for {label!r} has no row for {', '.join(lost)}", hint="Name every level.")
    order = [place[level] for level in levels]
    chosen = matrix[np.ix_(order, order)]
    scale = 1 / np.sqrt(chosen.diagonal())
    correlation = chosen * np.multiply.outer(scale, scale)
    structure = Structure("known", len(levels), np.array([math.nan]), np.zeros(0), correlation)
    return RandomTerm(
        label, "sigma2", "", np.zeros(len(codes), dtype=np.intp), ("all",), codes, levels, None, structure
    )


def inner_outer(
    parsed: Parsed,
    struct: Struct,
    *,
    data: Data | None,
    kept: Places,
    k: int,
    distances: Distances,
    names: tuple[str, str],
) -> RandomTerm:
    """Return the term of ``~ inner | outer``; components are called by `names`.

    `distances` are names of levels and their (q, q) distances; None takes those between coordinates.
    """
    groups, group_levels = coded([column(data, parsed.outer[0], k)[i] for i in kept])
    label = f"{parsed.inner} | {parsed.outer[0]}"
    z: Array | None = None
    known: Array | None = None
    if struct in structures.SLOPES:
        chosen = {name: [values[i] for i in kept] for name, values in (data or {}).items()}
        made = model_matrix(f"~ {parsed.inner}", chosen, rows=len(kept))
        if made.left_out:
            raise InvalidInput(f"random term {parsed.text!r}: a value is missing in {made.left_out[0][1]!r}")
        z, levels, codes = np.array(made.x), made.names, np.zeros(len(kept), dtype=np.intp)
    elif "+" in parsed.inner or struct in structures.SPATIAL or struct == "CAR":
        codes, levels, known = _sites(parsed, struct, data=data, kept=kept, k=k, distances=distances)
    else:
        codes, levels = coded([column(data, parsed.inner, k)[i] for i in kept])
        if struct in {"AR", "HAR"}:
            known = np.abs(np.subtract.outer(np.arange(float(len(levels))), np.arange(float(len(levels)))))
    variances, correlations = structures.counts(struct, len(levels))
    structure = Structure(struct, len(levels), np.full(variances, math.nan), np.full(correlations, math.nan), known)
    missing = frozenset[int]() if z is not None else _missing_pairs(structure, groups, codes)
    return RandomTerm(label, names[0], names[1], groups, group_levels, codes, levels, z, structure, missing)


def _sites(
    parsed: Parsed, struct: Struct, *, data: Data | None, kept: Places, k: int, distances: Distances
) -> tuple[Places, tuple[str, ...], Array]:
    """Return codes, names and distances of the places or times of the inner factor."""
    names = [name.strip().strip("`") for name in parsed.inner.split("+")]
    if distances is not None:
        level_names, matrix = distances
        codes, levels = coded([column(data, names[0], k)[i] for i in kept])
        place = {level_name(name): i for i, name in enumerate(level_names)}
        lost = [level for level in levels if level not in place]
        if lost:
            raise InvalidInput(f"the distances have no row for {', '.join(lost)}", hint="Name every level.")
        order = [place[level] for level in levels]
        return codes, levels, np.asarray(matrix, dtype=np.float64)[np.ix_(order, order)]
    try:
        points = np.array([[float(column(data, name, k)[i]) for name in names] for i in kept])
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{struct} needs numbers in {parsed.inner!r}: {error}") from error
    sites, codes = np.unique(points, axis=0, return_inverse=True)
    gaps = sites[:, None, :] - sites[None, :, :]
    levels = tuple(" + ".join(f"{value:.15g}" for value in site) for site in sites)
    return codes.reshape(-1).astype(np.intp), levels, np.sqrt((gaps**2).sum(axis=2))


def _missing_pairs(structure: Structure, outer: Places, inner: Places) -> frozenset[int]:
    """Return the correlations that no two effects of one outer level bear on."""
    if not len(structure.rho):
        return frozenset()
    present = np.zeros((int(outer.max()) + 1, structure.q))
    present[outer, inner] = 1.0
    together = present.T @ present
    if structure.kind in structures.UNSTRUCTURED:
        return frozenset(i for i, (a, b) in enumerate(structure.pairs) if not together[a, b])
    np.fill_diagonal(together, 0.0)
    return frozenset() if together.any() else frozenset({0})


def held(what: str, given: Fixed, count: int) -> Array:
    """Return (count,) fixed values, NaN where there is none.

    Raises
    ------
    InvalidInput
        Another number of values, no number, or a variance that is negative or infinite.
    """
    if given is None:
        return np.full(count, math.nan)
    many = [given] * count if isinstance(given, int | float | str) else list(given)
    if len(many) != count:
        raise InvalidInput(f"{what} has {len(many)} values; the model has {count}", hint="None leaves one free.")
    allowed, least, most = "a finite number", -math.inf, math.inf
    if what.endswith("2"):
        allowed, least, most = f"a variance from 0 to {LARGEST:g}", 0.0, LARGEST
    found = [
        math.nan if _is_free(value) else number(what, value, allowed, lambda each: least <= each <= most)
        for value in many
    ]
    return np.array(found)


def _is_free(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def subset(term: RandomTerm, rows: Places) -> RandomTerm:
    """Return the term of some effects, in the order of `rows`.

    Inner levels keep their places. A variance of its own of a level that is gone is held at 0, and a correlation that
    no two of the effects bear on any more at 0, or in space at a reach that does not matter.
    """
    found, outer = np.unique(term.outer[rows], return_inverse=True)
    inner = term.inner[rows]
    s = term.structure
    tau2, rho = s.tau2.copy(), s.rho.copy()
    missing = term.missing_pairs
    if term.z is None:
        if s.kind in structures.SEPARATE:
            tau2[np.setdiff1d(np.arange(s.q), inner)] = 0.0
        missing = _missing_pairs(s, outer, inner)
        if missing and s.kind not in structures.UNSTRUCTURED and np.isnan(rho[0]):
            rho[0] = unknown_correlation(s)
    return replace(
        term,
        outer=outer.astype(np.intp),
        outer_levels=tuple(term.outer_levels[i] for i in found.tolist()),
        inner=inner,
        z=None if term.z is None else term.z[rows],
        structure=replace(s, tau2=tau2, rho=rho),
        missing_pairs=missing,
    )


def unknown_correlation(structure: Structure) -> float:
    """Return the value at which a correlation that nothing is known about is held: no correlation, or a short reach."""
    return 0.1 if structure.kind in structures.SPATIAL else 0.0
