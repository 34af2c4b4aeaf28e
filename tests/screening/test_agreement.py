"""Cohen's kappa against counts worked by hand."""

import pytest

from stromata.model import Decision
from stromata.screening import agreement

STAGE = "title-abstract"


def pair(both_exclude: int, both_include: int, only_a: int, only_b: int) -> list[Decision]:
    cells = [("exclude", "exclude", both_exclude), ("include", "maybe", both_include),
             ("exclude", "include", only_a), ("include", "exclude", only_b)]  # fmt: skip
    found = []
    for a, b, n in cells:
        for _ in range(n):
            name = f"r{len(found)}"
            found += [Decision(name, STAGE, "a", a), Decision(name, STAGE, "b", b)]  # type: ignore[arg-type]
    return found


def test_kappa_of_a_two_by_two_table():
    # Both exclude 20, both include 15, only a 10, only b 5: agreement 0.70, by chance 0.50, kappa 0.40.
    (found,) = agreement(pair(20, 15, 10, 5), stage=STAGE)
    assert (found.reviewers, found.n) == (("a", "b"), 50)
    assert found.observed == pytest.approx(0.7)
    assert found.kappa == pytest.approx(0.4)


def test_kappa_is_undefined_when_there_is_only_one_verdict():
    (found,) = agreement(pair(7, 0, 0, 0), stage=STAGE)
    assert (found.observed, found.kappa) == (1.0, None)


def test_reviewers_without_a_reference_in_common_make_no_pair():
    given = [Decision("r1", STAGE, "a", "include"), Decision("r2", STAGE, "b", "include")]
    assert agreement(given, stage=STAGE) == ()


def test_other_stages_do_not_count():
    assert agreement(pair(1, 1, 1, 1), stage="full-text") == ()
