import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from stromata.synthesis.effects.sizes import effect_arrays, effect_sizes
from stromata.synthesis.effects.tetrachoric import below_both


def by_integration(h, k, r):
    def inner(x):
        return stats.norm.pdf(x) * stats.norm.cdf((k - r * x) / math.sqrt(1 - r * r))

    return integrate.quad(inner, -np.inf, h, epsabs=1e-13)[0]


@pytest.mark.parametrize("h", [-1.3, 0.0, 0.4])
@pytest.mark.parametrize("k", [-0.7, 0.0, 2.1])
@pytest.mark.parametrize("r", [-0.9, 0.0, 0.35])
def test_the_bivariate_normal_distribution_is_that_of_integration(h, k, r):
    assert below_both(*(np.array(value) for value in (h, k, r))) == pytest.approx(by_integration(h, k, r), abs=1e-11)


def test_cuts_in_the_middle_have_the_correlation_of_sheppards_formula():
    y, _ = effect_arrays("RTET", ai=[30], bi=[20], ci=[20], di=[30])
    assert y[0] == pytest.approx(math.sin(2 * math.pi * (0.3 - 0.25)), rel=1e-13)


@given(st.tuples(*[st.integers(1, 400)] * 4))
def test_the_correlation_gives_the_table_back(cells):
    a, b, c, d = cells
    y, v = effect_arrays("RTET", ai=[a], bi=[b], ci=[c], di=[d])
    n = sum(cells)
    cuts = (np.array(stats.norm.ppf((a + x) / n)) for x in (b, c))
    assert float(below_both(*cuts, y[0])) == pytest.approx(a / n, abs=1e-12)
    assert v[0] > 0
    mirrored, same = effect_arrays("RTET", ai=[b], bi=[a], ci=[d], di=[c])
    assert mirrored[0] == pytest.approx(-y[0], abs=1e-9)
    assert same[0] == pytest.approx(v[0], rel=1e-6)


def test_the_variance_is_the_delta_method_of_the_whole_search():
    cells = np.array([18.0, 7.0, 9.0, 26.0])

    def r(values):
        # Only shares matter, so the steps need not be whole: the kernel itself is asked.
        from stromata.synthesis.effects.tetrachoric import tetrachoric

        return float(tetrachoric(dict(zip(("ai", "bi", "ci", "di"), values[:, None], strict=True)))[0][0])

    step = 1e-4
    slopes = np.array([(r(cells + step * e) - r(cells - step * e)) / (2 * step) for e in np.eye(4)])
    covariance = np.diag(cells) - np.outer(cells, cells) / cells.sum()
    _, v = effect_arrays("RTET", **dict(zip(("ai", "bi", "ci", "di"), cells[:, None], strict=True)))
    assert v[0] == pytest.approx(slopes @ covariance @ slopes, rel=1e-6)


def test_an_empty_cell_has_no_tetrachoric_correlation_unless_corrected():
    columns = {"ai": [0], "bi": [9], "ci": [4], "di": [8]}
    assert effect_sizes("RTET", **columns)[0].yi is None
    corrected = effect_sizes("RTET", add=0.5, **columns)[0]
    assert corrected.adjusted
    assert -1 < corrected.yi < 0


def test_the_correlation_agrees_with_metafor_as_far_as_its_search_goes():
    # dat.bcg, first study, metafor 3.8-1: its search stops some 1e-5 short.
    y, v = effect_arrays("RTET", ai=[4], bi=[119], ci=[11], di=[128])
    assert (y[0], v[0]) == (pytest.approx(-0.26314321437151, abs=3e-5), pytest.approx(0.0235656194376862, rel=1e-4))
