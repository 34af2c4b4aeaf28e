"""Cohen's kappa against counts worked by hand."""

import math

import pytest

from stromata.model import Decision
from stromata.screening import agreement
from stromata.screening.agreement import cohen_kappa, fleiss_kappa, gwet_ac1, joint_agreement, proportion

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


# irrCAC (K. Gwet), vignette "overview": cont3x3abstractors and cac.raw4raters, as printed there.
ABSTRACTORS = [[13, 0, 0], [0, 20, 7], [0, 4, 56]]
FOUR_RATERS = [
    ["1", "2", "3", "3", "2", "1", "4", "1", "2", "-", "-", "-"],
    ["1", "2", "3", "3", "2", "2", "4", "1", "2", "5", "-", "3"],
    ["-", "3", "3", "3", "2", "3", "4", "2", "2", "5", "1", "-"],
    ["1", "2", "3", "3", "2", "4", "4", "1", "2", "5", "1", "-"],
]
RATED = [[sum(rater[i] == str(k) for rater in FOUR_RATERS) for k in range(1, 6)] for i in range(12)]


def rows_of(table: list[list[int]]) -> list[list[int]]:
    rows = []
    for i, row in enumerate(table):
        for j, count in enumerate(row):
            rows += [[(i == k) + (j == k) for k in range(len(table))]] * count
    return rows


def test_cohens_kappa_as_published():
    found = cohen_kappa(ABSTRACTORS)
    assert found.value == pytest.approx(0.7964094, abs=5e-8)
    assert (found.low, found.high) == pytest.approx((0.68, 0.913), abs=2e-3)  # there by Student's t


def test_gwets_ac1_of_two_raters_as_published():
    found = gwet_ac1(rows_of(ABSTRACTORS))
    assert found.value == pytest.approx(0.8493305, abs=5e-8)
    assert (found.low, found.high) == pytest.approx((0.764, 0.935), abs=1e-3)


def test_gwets_ac1_of_four_raters_with_missing_verdicts_as_published():
    found = gwet_ac1(RATED)
    assert found.value == pytest.approx(0.77544, abs=5e-6)
    assert (found.low, found.high) == pytest.approx((0.461, 1), abs=5e-4)


def test_fleiss_kappa_of_four_raters_as_published():
    found = fleiss_kappa(RATED)
    assert found.value == pytest.approx(0.76117, abs=5e-6)
    assert (found.low, found.high) == pytest.approx((0.424, 1), abs=5e-4)


def test_the_interval_of_kappa_follows_fleiss_cohen_and_everitt():
    # 20, 5, 10, 15: kappa 0.4; equation 13 worked by hand gives a standard error of 0.1265.
    (found,) = agreement(pair(15, 20, 10, 5), stage=STAGE)
    assert found.cohen.value == pytest.approx(0.4)
    assert found.cohen.high - found.cohen.low == pytest.approx(2 * 1.959964 * _error(20, 5, 10, 15), rel=1e-6)


def _error(a, b, c, d):
    n = a + b + c + d
    p = [[a / n, b / n], [c / n, d / n]]
    row, column = [sum(line) for line in p], [p[0][0] + p[1][0], p[0][1] + p[1][1]]
    expected = row[0] * column[0] + row[1] * column[1]
    kappa = (p[0][0] + p[1][1] - expected) / (1 - expected)
    inner = sum(p[i][i] * ((1 - expected) - (row[i] + column[i]) * (1 - p[0][0] - p[1][1])) ** 2 for i in (0, 1))
    outer = (1 - p[0][0] - p[1][1]) ** 2 * sum(p[i][1 - i] * (column[i] + row[1 - i]) ** 2 for i in (0, 1))
    both = p[0][0] + p[1][1]
    last = (both * expected - 2 * expected + both) ** 2
    assert kappa == pytest.approx(0.4)
    return math.sqrt((inner + outer - last) / (n * (1 - expected) ** 4))  # the formula as Fleiss et al. first wrote it


def test_pabak_and_specific_agreement():
    (found,) = agreement(pair(80, 10, 6, 4), stage=STAGE)
    assert found.pabak.value == pytest.approx(2 * 0.9 - 1)
    assert found.positive.value == pytest.approx(20 / 30)
    assert found.negative.value == pytest.approx(160 / 170)
    assert (found.both_keep, found.first_keeps, found.second_keeps, found.both_exclude) == (10, 4, 6, 80)


def test_kappa_falls_with_prevalence_where_ac1_does_not():
    (found,) = agreement(pair(118, 0, 2, 5), stage=STAGE)
    assert found.cohen.value < 0
    assert found.ac1.value > 0.9


def test_wilsons_interval():
    # Newcombe (1998), table I: 81 of 263 gives 0.2553 to 0.3662; 0 of 20 gives 0 to 0.1611.
    assert (proportion(81, 263).low, proportion(81, 263).high) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert (proportion(0, 20).low, proportion(0, 20).high) == pytest.approx((0, 0.1611), abs=5e-5)


def test_full_agreement_has_no_interval_of_no_width():
    (found,) = agreement(pair(5, 5, 0, 0), stage=STAGE)
    assert (found.cohen.value, found.cohen.low) == (1, None)
    assert (found.ac1.value, found.ac1.low) == (1, None)
    assert 0.5 < found.raw.low < 1


def test_agreement_on_each_reason():
    given = []
    for name, left, right in [("r1", ("design",), ("design",)), ("r2", ("design",), ("people",)), ("r3", (), ())]:
        given += [Decision(name, STAGE, "a", "exclude", left), Decision(name, STAGE, "b", "exclude", right)]
    (found,) = agreement(given, stage=STAGE)
    assert [(item.reason, item.n, item.both, item.one) for item in found.reasons] == [
        ("design", 2, 1, 1),
        ("people", 2, 0, 1),
    ]
    assert found.reasons[0].positive.value == pytest.approx(2 / 3)


def test_three_reviewers_together():
    given = [Decision(f"r{i}", STAGE, who, "exclude" if i % 2 else "include") for i in range(6) for who in "abc"]
    found = joint_agreement(given[:-1], stage=STAGE)
    assert (found.reviewers, found.n, found.raw.value, found.fleiss.value) == (("a", "b", "c"), 6, 1, 1)
    assert joint_agreement([item for item in given if item.reviewer != "c"], stage=STAGE) is None
