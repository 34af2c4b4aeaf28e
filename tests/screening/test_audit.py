"""What an audit says: exact intervals for samples without replacement."""

import pytest
from scipy.stats import hypergeom

from stromata.errors import InvalidInput
from stromata.screening.audit import audit_estimate


def test_none_found_still_has_an_upper_bound():
    found = audit_estimate(frame=1000, drawn=100, read=100, wrong=0)
    assert (found.number, found.number_low) == (0, 0)
    # 34 wrong ones would show none in 100 with a probability just above 0.025; 35 no longer.
    assert hypergeom.pmf(0, 1000, 34, 100) > 0.025 > hypergeom.pmf(0, 1000, 35, 100)
    assert found.number_high == 34


def test_a_full_count_leaves_no_doubt():
    found = audit_estimate(frame=80, drawn=80, read=80, wrong=3)
    assert (found.number_low, found.number, found.number_high) == (3, 3, 3)


@pytest.mark.parametrize("truth", [0, 1, 5, 20, 60])
def test_the_interval_holds_the_truth_at_least_as_often_as_it_says(truth):
    frame, read = 60, 15
    covered = 0.0
    for wrong in range(min(read, truth) + 1):
        found = audit_estimate(frame=frame, drawn=read, read=read, wrong=wrong)
        if found.number_low <= truth <= found.number_high:
            covered += hypergeom.pmf(wrong, frame, truth, read)
    assert covered >= 0.95


def test_nothing_read_says_nothing():
    assert audit_estimate(frame=10, drawn=5, read=0, wrong=0).share is None


def test_impossible_numbers_are_refused():
    with pytest.raises(InvalidInput):
        audit_estimate(frame=10, drawn=5, read=6, wrong=0)
