"""Reading of trials: what is kept of arms and contrasts, and which treatments hang together."""

import numpy as np
import pytest

from stromata.errors import InvalidInput
from stromata.synthesis.networks.trials import ARM_MEASURES, Trials, components, connected, from_arms, from_contrasts


def test_covariances_of_three_arms_follow_from_the_variances_of_their_pairs():
    arm = np.array([0.04, 0.09, 0.05])
    se = [np.sqrt(arm[i] + arm[j]) for i, j in ((0, 1), (2, 0), (1, 2))]
    found = from_contrasts(["s"] * 3, ["x", "z", "y"], ["y", "x", "z"], [0.1, -0.4, 0.3], se)
    (trial,) = found.trials
    assert trial.v == pytest.approx(np.diag(arm[1:]) + arm[0])
    assert trial.y == pytest.approx([-0.1, -0.4])
    assert trial.contrast(1, 2) == pytest.approx((0.3, arm[1] + arm[2]))
    assert trial.pairs() == ((0, 1), (0, 2), (1, 2))


def test_a_study_with_a_missing_contrast_is_left_out_whole_and_named():
    found = from_contrasts(
        ["s", "s", "s", "t"], ["x", "x", "y", "x"], ["y", "z", "z", "y"], [0, 0, np.nan, 1], [1, 1, 1, 1]
    )
    assert [trial.label for trial in found.trials] == ["t"]
    assert found.treatments == ("x", "y")
    assert found.cautions[0].text.endswith("left out: s.")


def test_treatments_are_sorted_without_regard_to_case():
    found = from_contrasts(["1", "2"], ["b", "C"], ["A", "A"], [0, 0], [1, 1])
    assert found.treatments == ("A", "b", "C")


@pytest.mark.parametrize("measure", sorted(ARM_MEASURES))
def test_every_measure_of_arms_gives_a_covariance_matrix(measure):
    columns = {
        "events": [4, 5, 6],
        "n": [30, 32, 35],
        "time": [90.0, 95.0, 99.0],
        "mean": [3.0, 2.5, 2.0],
        "sd": [1.0, 1.2, 0.9],
    }
    used = {name: columns[name] for name in ARM_MEASURES[measure][1].values()}
    (trial,) = from_arms(["s"] * 3, ["x", "y", "z"], measure, used, add=0.5, drop00=True).trials
    assert np.linalg.eigvalsh(trial.v)[0] > 0
    assert trial.v[0, 1] > 0


def test_parts_come_largest_first_and_one_can_be_chosen():
    found = from_contrasts(["1", "2", "3"], ["a", "c", "e"], ["b", "d", "d"], [0, 0, 0], [1, 1, 1])
    assert components(found) == (("c", "d", "e"), ("a", "b"))
    part = connected(found, "b")
    assert isinstance(part, Trials)
    assert (part.treatments, [trial.arms for trial in part.trials]) == (("a", "b"), [(0, 1)])


def test_a_ratio_of_means_needs_means_above_zero():
    columns = {"mean": [3.0, -1.0], "sd": [1, 1], "n": [9, 9]}
    with pytest.raises(InvalidInput, match="study s, arm y: ROM has no estimate"):
        from_arms(["s", "s"], ["x", "y"], "ROM", columns, add=0.5, drop00=True)
