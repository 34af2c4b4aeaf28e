"""Which test of asymmetry is used, when none is, and what it says."""

import numpy as np
import pytest

from stromata import synthesis
from stromata.review.asymmetry import propose_asymmetry


def pooled(measure: str, k: int, **columns):
    return synthesis.pool(synthesis.effect_sizes(measure, **{name: values[:k] for name, values in columns.items()}))


PEOPLE = np.array([10, 14, 20, 26, 34, 44, 56, 70, 90, 120, 160, 220])
SMALL_LARGE = {  # the smaller the study, the larger the effect
    "m1i": 0.1 + 30 / PEOPLE,
    "sd1i": np.full(12, 2.0),
    "n1i": PEOPLE,
    "m2i": np.zeros(12),
    "sd2i": np.full(12, 2.0),
    "n2i": PEOPLE,
}
EVEN = SMALL_LARGE | {"m1i": np.array([0.5, 0.4, 0.6, 0.5, 0.4, 0.6, 0.5, 0.4, 0.6, 0.5, 0.4, 0.6])}
COUNTS = {"ai": PEOPLE // 4, "n1i": PEOPLE, "ci": PEOPLE // 3, "n2i": PEOPLE}


def test_small_studies_with_large_effects_suggest_missing_ones():
    found = propose_asymmetry(pooled("MD", 12, **SMALL_LARGE))
    assert (found.level, "Egger" in found.reason) == ("serious", True)
    assert dict(found.numbers)["k"] == 12


def test_effects_of_one_size_give_no_sign():
    assert propose_asymmetry(pooled("MD", 12, **EVEN)).level == "not-serious"


@pytest.mark.parametrize(
    ("measure", "columns", "says"), [("OR", COUNTS, "Peters"), ("RR", COUNTS, "Peters"), ("SMD", EVEN, "Pustejovsky")]
)
def test_the_test_suits_the_measure(measure, columns, says):
    found = propose_asymmetry(pooled(measure, 12, **columns))
    assert found.level is not None
    assert says in found.reason


def test_below_ten_studies_no_test_is_used_and_the_reason_is_told():
    found = propose_asymmetry(pooled("MD", 9, **SMALL_LARGE))
    assert found.level is None
    assert "9 studies are too few" in found.reason


def test_single_arms_are_not_tested():
    found = propose_asymmetry(pooled("PLO", 12, xi=PEOPLE // 3, ni=PEOPLE))
    assert found.level is None
    assert "tests are for comparisons" in found.reason


def test_studies_of_one_size_cannot_be_tested():
    same = {name: np.full(12, 30) for name in ("n1i", "n2i")} | {"ai": np.arange(3, 15), "ci": np.arange(15, 3, -1)}
    found = propose_asymmetry(pooled("OR", 12, **same))
    assert found.level is None
    assert "could not be tested" in found.reason


def test_widely_varying_results_make_the_test_say_little():
    wild = EVEN | {"m1i": np.array([5, -4, 6, -5, 4, -6, 5, -4, 6, -5, 4, -6.0])}
    assert "says little" in propose_asymmetry(pooled("MD", 12, **wild)).reason
