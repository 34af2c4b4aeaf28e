"""The main axes of a library, held against a full decomposition and against invented libraries."""

import numpy as np
import pytest
from scipy import sparse

from stromata.screening.themes import THEMES, themes


def library(n=60, terms=200, groups=4, seed=0):
    """Invent rows of length 1: each document has terms of its group, and a few of all others."""
    rng = np.random.default_rng(seed)
    dense = (rng.random((n, terms)) < 0.02) * rng.random((n, terms))
    for row in range(n):
        own = np.arange(terms) % groups == row % groups
        dense[row] += own * (rng.random(terms) < 0.3)
    dense /= np.linalg.norm(dense, axis=1, keepdims=True)
    return sparse.csr_array(dense.astype(np.float32))


def test_the_largest_axes_are_those_of_a_full_decomposition():
    rows = library()
    found = themes(rows, count=4)
    exact = np.linalg.svd(rows.toarray(), compute_uv=False)[:4]
    assert np.sqrt(found.sizes) == pytest.approx(exact, rel=1e-3)
    assert (np.diff(found.sizes) < 0).all()


def test_axes_are_at_right_angles_and_carry_what_their_size_says():
    found = themes(library(), count=6)
    products = found.places.T @ found.places
    assert np.diag(products) == pytest.approx(found.sizes, rel=1e-5)
    assert np.abs(products - np.diag(np.diag(products))).max() < 1e-2


def test_as_many_axes_as_documents_carry_all_products():
    rows = library(n=12)
    found = themes(rows)
    assert found.places.shape == (12, 12)
    assert found.places @ found.places.T == pytest.approx((rows @ rows.T).toarray(), abs=1e-4)


def test_places_are_sums_over_terms():
    rows = library()
    found = themes(rows, count=5)
    for document in (0, 7, 59):
        row = rows[[document]]
        place = row.data @ found.of_terms(rows, row.indices)
        assert place == pytest.approx(found.places[document], abs=1e-5)


def test_smoothing_keeps_what_a_group_shares_and_drops_what_is_one_documents_own():
    found = themes(library(), count=4)
    group = np.arange(60) % 4 == 1
    shared = found.places @ found.smooth(group.astype(float), 4)
    assert shared[group].min() > shared[~group].max()
    lone = np.zeros(60)
    lone[5] = 1.0
    part = found.places @ found.smooth(lone, 4)
    assert part[5] < 0.3
    assert part[5] == pytest.approx(part[group].mean(), abs=0.1)


def test_smoothing_along_fewer_themes_leaves_the_others_out():
    found = themes(library(), count=6)
    values = np.random.default_rng(1).standard_normal(60)
    some, every = found.smooth(values, 2), found.smooth(values, 6)
    assert some[:2] == pytest.approx(every[:2], rel=1e-4)
    assert not some[2:].any()


def test_themes_do_not_depend_on_the_order_of_documents_but_for_their_sign():
    rows = library()
    turned = np.random.default_rng(2).permutation(60)
    found, other = themes(rows, count=4), themes(rows[turned], count=4)
    assert np.abs(other.places) == pytest.approx(np.abs(found.places[turned]), abs=2e-2)


def test_the_same_rows_give_the_same_themes():
    assert (themes(library()).places == themes(library()).places).all()


@pytest.mark.parametrize("n", [1, 2, 5])
def test_few_documents_and_empty_ones_have_few_themes(n):
    rows = library(n=n)
    rows = sparse.csr_array(sparse.vstack([rows, sparse.csr_array((1, 200), dtype=np.float32)]))
    found = themes(rows)
    assert found.places.shape[0] == n + 1
    assert found.places.shape[1] <= min(THEMES, n)
    assert np.isfinite(found.places).all()
    assert not found.places[-1].any()


def test_documents_without_any_terms_have_no_themes():
    found = themes(sparse.csr_array((3, 10), dtype=np.float32))
    assert not found.places.any()
    assert not found.smooth(np.arange(3.0), 5).any()
