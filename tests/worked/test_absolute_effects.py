"""Absolute effects as printed.

Cochrane Handbook 5.1, section 11.5.5: a risk ratio of 0.75 takes a risk of 80 % to 60 % and one of 20 % to 15 %.
10.1002/14651858.CD011313.pub3, about its summary of findings: 100 per 1000 and 10 per 1000 are a ratio of 0.10.
"""

import pytest

from stromata.consensus import absolute_effect
from stromata.model import Interval


@pytest.mark.parametrize(("ratio", "risk", "printed"), [(0.75, 0.80, 600), (0.75, 0.20, 150), (0.10, 0.10, 10)])
def test_the_printed_risks(ratio, risk, printed):
    found = absolute_effect("RR", Interval(ratio, ratio, ratio), assumed=risk)
    assert found.intervention.estimate == pytest.approx(printed)
    assert found.difference.estimate == pytest.approx(printed - 1000 * risk)
