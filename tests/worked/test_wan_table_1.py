"""Wan, Wang, Liu and Tong (2014), BMC Med Res Methodol 14, 135, Table 1: expected range of n standard normal values.

The estimate of the standard deviation from a range divides by an approximation of this number (equations 8 and 9).
"""

import pytest

from stromata.extraction.quantiles import Quantiles, normal_sd

EXPECTED_RANGE = {
    5: 2.326,
    6: 2.534,
    7: 2.704,
    8: 2.847,
    9: 2.970,
    10: 3.078,
    15: 3.472,
    20: 3.735,
    30: 4.086,
    50: 4.498,
}


@pytest.mark.parametrize("n", EXPECTED_RANGE)
def test_the_divisor_of_the_range_is_the_expected_range(n):
    divisor = 1 / normal_sd(Quantiles(n=n, min=0, median=0.5, max=1))
    assert divisor == pytest.approx(EXPECTED_RANGE[n], rel=0.02)
