"""One criterion rated by 15 panellists, 10.1136/bmjopen-2012-001431, Table 1.

Printed: five ratings of 7, five of 8, two of 9, and one each at three points below 7; median 7.0, 30th percentile 7.0,
70th 8.0, range 1.0, centre 7.5, asymmetry 2.5, IPRAS 6.1, accepted because four or fewer voted outside the region of
the median. The copy that was read does not show at which three points; it cannot matter, and is tried for all.
"""

from itertools import combinations

import pytest

from stromata.consensus import rate

TOP = [7] * 5 + [8] * 5 + [9] * 2


@pytest.mark.parametrize("method", ["linear", "weibull", "hazen", "median-unbiased", "averaged"])
@pytest.mark.parametrize("low", list(combinations(range(1, 7), 3)))
def test_the_printed_numbers(low, method):
    found = rate([*low, *TOP], method=method)
    assert (found.n, found.median, found.p30, found.p70, found.ipr) == (15, 7.0, 7.0, 8.0, 1.0)
    assert (found.iprcp, found.asymmetry, found.ipras) == (7.5, 2.5, 6.1)
    assert (found.disagreement, found.counts.outside, found.counts.outside_max) == (False, 3, 4)
    assert (found.counts.verdict, found.appropriateness) == ("agreement", "appropriate")
