import numpy as np
import pytest

from stromata.screening.stopping import Reading, assess
from stromata.screening.stopping.process import LEAST

RULES = ("process-power", "process-exponential", "process-hyperbolic")


def simulated(rate, *, n=20_000, read=6_000, seed=1):
    """Relevant references at each place with a small probability: a Poisson process along the ranking."""
    chance = np.minimum(rate(np.arange(1, n + 1) / n), 1.0)
    relevant = np.random.default_rng(seed).random(n) < chance
    return Reading(n=n, relevant=relevant[:read]), chance[read:].sum()


@pytest.mark.parametrize(
    ("rule", "rate"),
    [
        ("process-power", lambda x: 0.002 * x**-0.6),
        ("process-exponential", lambda x: 0.4 * np.exp(-12 * x)),
        ("process-hyperbolic", lambda x: 0.4 * (1 + 0.5 * 20 * x) ** -2),
    ],
)
def test_each_finds_what_is_left_where_its_own_rate_holds(rule, rate):
    found, left = [], []
    for seed in range(12):
        given, expected = simulated(rate, seed=seed)
        found.append(assess(given, rule=rule).left.value)
        left.append(expected)
    assert np.mean(found) == pytest.approx(np.mean(left), rel=0.25)


@pytest.mark.parametrize("rule", RULES)
def test_a_falling_rate_expects_less_the_more_has_been_read(rule):
    head = np.random.default_rng(0).random(400) < 0.3
    values = [
        assess(Reading(n=5000, relevant=np.concatenate([head, np.zeros(more, bool)])), rule=rule).left.value
        for more in (0, 500, 1500, 3000)
    ]
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize("rule", RULES)
def test_it_says_how_many_more_to_read(rule):
    given, _ = simulated(lambda x: 0.4 * np.exp(-12 * x), read=2000)
    result = assess(given, rule=rule)
    assert result.more is None if result.stop else 1 <= result.more.count <= result.unread


@pytest.mark.parametrize("rule", RULES)
def test_too_few_relevant_ones_are_not_fitted(rule):
    result = assess(Reading(n=1000, relevant=np.arange(900) < LEAST - 1), rule=rule)
    assert not result.stop
    assert result.left is None
