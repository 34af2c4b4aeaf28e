"""What a library is about, on the whole: its main axes, along which terms that occur together count as one.

Two references may say the same in other words. Terms that occur in the same documents throughout a library lie on the
same axes; there such references are near one another (latent semantic analysis).

The letters: N documents, T terms, K themes.

References
----------
Deerwester, Dumais, Furnas, Landauer, Harshman (1990), Indexing by latent semantic analysis. Halko, Martinsson, Tropp
(2011), Finding structure with randomness, algorithms 4.4 and 5.3: the axes are found by a few products with random
starts, not by a full decomposition.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from stromata.screening.features import BATCH

FloatArray = NDArray[np.float64]
Rows = NDArray[np.float32]

THEMES = 64

_SPARE = 8
"""Axes that are sought beyond those wanted, so that the last of these are found well."""

_ROUNDS = 3
"""Products of all rows with all rows; each tells the larger axes better from the rest."""

_AT_ONCE = 12
"""Axes that are multiplied at once: what is held beside the rows is one number a term and axis."""


@dataclass(frozen=True, slots=True)
class Themes:
    """Documents by their themes, the largest theme first.

    Attributes
    ----------
    places : (N, K) float32; the product of two is what the two documents' terms have in common on these axes.
    sizes : (K,) how much of the library lies on each axis: the squared length of its column of `places`.
    makers : (N, K) float32; the row of a document times all rows' transpose times this is its place.
    """

    places: Rows
    sizes: FloatArray
    makers: Rows

    def smooth(self, values: FloatArray, count: int) -> FloatArray:
        """Return by how much each theme carries values of the documents: (K,), zero beyond the first `count`.

        ``places @ smooth(values, count)`` is the part of the values, less their mean, that the themes carry.
        """
        part = np.zeros(self.places.shape[1])
        centred = (values - values.mean()).astype(np.float32)
        use = slice(0, count)
        part[use] = (self.places[:, use].T @ centred).astype(np.float64) / self.sizes[use]
        return part

    def of_terms(self, rows: sparse.csr_array, columns: NDArray[np.int32]) -> FloatArray:
        """Return what one unit of each of these terms adds to the place of a document: (len(columns), K)."""
        return np.asarray(rows[:, columns].T @ self.makers, dtype=np.float64)


def themes(rows: sparse.csr_array, *, count: int = THEMES, seed: int = 0) -> Themes:
    """Find the main axes of documents: (N, T) rows of weighted terms.

    There are at most `count` themes, fewer where the documents have fewer axes. The same rows and seed give the same
    themes.
    """
    n = rows.shape[0]
    wide = min(count + _SPARE, n)
    found = np.random.default_rng(seed).standard_normal((n, wide), dtype=np.float32)
    for _ in range(_ROUNDS):
        found = _around(rows, found)
        _straighten(found)
    image = _around(rows, found)
    values, turn = np.linalg.eigh(_products(found, image))
    kept = [axis for axis in reversed(range(wide)) if values[axis] > 1e-6 * max(values[-1], 1e-12)][:count]
    scaled = (turn[:, kept] / np.sqrt(values[kept])).astype(np.float32)
    makers = found @ scaled
    del found
    places = image @ scaled
    sizes = np.einsum("nk,nk->k", places, places, dtype=np.float64)
    return Themes(places, sizes, makers)


def _straighten(axes: Rows) -> None:
    """Turn axes so that they stand at right angles to one another, each of length 1; those that add nothing become 0.

    It is done in place, by the products of the axes with one another: a copy of all would take as much memory again.
    """
    values, turn = np.linalg.eigh(_products(axes, axes))
    kept = values > 1e-10 * max(values[-1], 1e-30)
    scaled = (turn * np.where(kept, 1 / np.sqrt(np.where(kept, values, 1)), 0)).astype(np.float32)
    for start in range(0, len(axes), BATCH):
        axes[start : start + BATCH] = axes[start : start + BATCH] @ scaled


def _products(axes: Rows, others: Rows) -> FloatArray:
    """Return ``axes.T @ others``, summed in double precision."""
    found = np.zeros((axes.shape[1], others.shape[1]))
    for start in range(0, len(axes), BATCH):
        block = slice(start, start + BATCH)
        found += axes[block].T.astype(np.float64) @ others[block].astype(np.float64)
    return found


def _around(rows: sparse.csr_array, axes: Rows) -> Rows:
    """Return ``rows @ rows.T @ axes``, a few axes at a time."""
    wide = axes.shape[1]
    done = np.empty(axes.shape, dtype=np.float32)
    for first in range(0, wide, _AT_ONCE):
        some = slice(first, min(first + _AT_ONCE, wide))
        done[:, some] = rows @ (rows.T @ np.ascontiguousarray(axes[:, some]))
    return done
