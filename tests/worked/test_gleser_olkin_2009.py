"""Gleser and Olkin (2009), in The Handbook of Research Synthesis and Meta-Analysis, 2nd ed., chapter 19.

Three treatments against a common control in three studies (table 19.2, pages 360 to 365), and two treatments in four
(pages 364 to 367). Held against the pages by the authors of metafor: wviechtb/metafor,
tests/testthat/test_analysis_example_gleser2009.r, commit 0b9744c3; two tests are 2.057 and 4.264 in print.
"""

import numpy as np
import pytest

from stromata.synthesis.networks.network import network

STUDIES = {"1": (40, 1000, {"1": (100, 4000), "2": (150, 4000)}), "2": (10, 200, {"1": (15, 400)})} | {
    "3": (150, 2000, {"1": (40, 1000), "2": (80, 1000), "3": (50, 1000)})
}


def arms():
    rows = []
    for study, (events, n, treated) in STUDIES.items():
        rows += [(study, "control", events, n), *((study, name, *counts) for name, counts in treated.items())]
    study, treatment, events, n = zip(*rows, strict=True)
    return {"study": study, "treatment": treatment, "events": events, "n": n}


def against_control(net):
    """Return control minus treatments 1 to 3 as the chapter has them, with their covariance."""
    place = net.treatments.index("control")
    assert place == 3
    turn = np.hstack((-np.eye(3), np.ones((3, 1))))  # control is the last
    return turn @ net.common.estimates[:, 0], turn @ net.common.covariance @ turn.T


@pytest.mark.parametrize(
    ("measure", "factor", "effects", "covariance", "q"),
    [
        (
            "RD",
            1,
            (0.0200, 0.0043, 0.0211),
            [[24.612e-6, 19.954e-6, 13.323e-6], [19.954e-6, 28.538e-6, 13.255e-6], [13.323e-6, 13.255e-6, 69.806e-6]],
            7.1907,
        ),
        (
            "OR",
            1,
            (0.5099, 0.0044, 0.4301),
            [[0.01412, 0.00712, 0.00425], [0.00712, 0.01178, 0.00455], [0.00425, 0.00455, 0.02703]],
            2.0563,
        ),
        ("RR", 1, (0.4875, 0.0006, 0.4047), None, None),
        (
            "AS",
            2,
            (0.1010, 0.0102, 0.0982),
            [[0.00058, 0.0004, 0.00024], [0.0004, 0.00061, 0.00025], [0.00024, 0.00025, 0.00137]],
            4.2634,
        ),
    ],
)
def test_three_treatments_against_control(measure, factor, effects, covariance, q):
    net = network(**arms(), measure=measure)
    found, spread = against_control(net)
    assert factor * found == pytest.approx(effects, abs=5.1e-5)
    if covariance is not None:
        assert factor**2 * spread == pytest.approx(np.array(covariance), abs=5.1e-6 if measure != "RD" else 5.1e-10)
        assert net.q == pytest.approx(q, abs=6e-5)
