import numpy as np
import pytest
from scipy import special, stats

from stromata.synthesis.bayesian.lattices import likelihoods, rows

X, N = np.array([0.0, 3, 5, 1, 400, 2000]), np.array([6.0, 10, 5, 1, 900, 4000])


def dense(x, n, mu, tau):
    """The integral over a study's logit, its mean and its variance, on a fine grid."""
    near = special.logit((x + 0.5) / (n + 1))
    reach = 13 * tau + 3
    ends = sorted((mu - reach, mu + reach))
    if 0 < x < n:
        far = 40 / min(x, n - x) + 12
        ends = max(ends[0], near - far), min(ends[1], near + far)
    theta = np.linspace(*ends, 100_001)
    # Counted from the highest value that the likelihood can take.
    logs = x * special.log_expit(theta) + (n - x) * special.log_expit(-theta)
    logs -= special.xlogy(x, x / n) + special.xlogy(n - x, 1 - x / n)
    inside = np.exp(logs) * stats.norm.pdf(theta, mu, tau) * (theta[1] - theta[0])
    total = inside.sum()
    if not total > 0:
        return -np.inf, mu, 0.0
    mean = (inside * (theta - mu)).sum() / total
    return np.log(total), mu + mean, (inside * (theta - mu - mean) ** 2).sum() / total


@pytest.mark.parametrize("tau", [[0.004, 0.02], [0.1, 0.3], [0.9, 1.5], [6.0, 11.0], [60.0, 128.0]])
def test_rows_are_what_a_fine_grid_gives(tau):
    mu = np.array([-3.0, -0.7, 0.0, 1.1])
    found = rows(likelihoods(X, N), mu, np.array(tau))
    checked = 0
    for i, (x, n) in enumerate(zip(X, N, strict=True)):
        for j, t in enumerate(tau):
            for m, place in enumerate(mu):
                value, mean, variance = dense(x, n, place, t)
                if value < -25:
                    continue
                checked += 1
                assert found.value[j, m, i] == pytest.approx(value, abs=2e-9)
                assert found.mean[j, m, i] == pytest.approx(mean, abs=2e-9 * max(1.0, t))
                assert found.variance[j, m, i] == pytest.approx(variance, rel=1e-7)
    assert checked > 20


def test_the_mirror_image_mirrors_the_rows():
    mu, tau = np.linspace(-2, 2, 5), np.array([0.3, 2.0])
    one = rows(likelihoods(X, N), mu, tau)
    other = rows(likelihoods(N - X, N), -mu[::-1], tau)
    assert other.value[:, ::-1] == pytest.approx(one.value, abs=1e-9)
    assert other.mean[:, ::-1] == pytest.approx(-one.mean, abs=1e-9)


def test_widths_are_those_of_the_counts():
    found = likelihoods(np.array([50.0, 0.0]), np.array([100.0, 6.0]))
    # A likelihood of 50 in 100 is as wide as 2 / sqrt(100); without events there is a seam, and nothing below it ends.
    assert found.width[0] == pytest.approx(0.2)
    assert found.flank[1] >= found.width[1]
    assert np.isnan(found.seam[0])
    assert found.seam[1] < -np.log(6) - 23
    assert found.low[1] < found.seam[1] < found.high[1]
