import math

import numpy as np
import pytest

from stromata.errors import InvalidInput
from stromata.synthesis.multilevel.sampling_covariance import (
    SamplingCovariance,
    aggregate_effects,
    from_matrix,
    groups,
    is_positive_definite,
    sampling_covariance,
)

V = [0.04, 0.09, 0.01, 0.16]


def correlations(**options):
    found = sampling_covariance(V, cluster=["a", "a", "a", "b"], **options).matrix()
    root = np.sqrt(np.diag(found))
    return found / np.multiply.outer(root, root)


def test_observations_of_one_cluster_share_one_correlation():
    found = correlations(obs=[1, 2, 3, 1], rho=0.6)
    assert found[0, 1] == pytest.approx(0.6)
    assert found[1, 2] == pytest.approx(0.6)
    assert found[0, 3] == 0


def test_types_and_observations_have_a_correlation_each():
    found = correlations(obs=[1, 2, 3, 1], type=["x", "x", "y", "x"], rho=[0.8, 0.3])
    assert (found[0, 1], found[0, 2], found[1, 2]) == pytest.approx((0.8, 0.3, 0.3))


def test_a_correlation_per_pair_of_types():
    found = correlations(type=["x", "y", "z", "x"], rho={("x", "y"): 0.5, ("z", "x"): 0.2, ("y", "z"): 0.1})
    assert (found[0, 1], found[0, 2], found[1, 2]) == pytest.approx((0.5, 0.2, 0.1))
    with pytest.raises(InvalidInput, match="no correlation of x with y"):
        correlations(type=["x", "y", "z", "x"], rho={("x", "z"): 0.5})


def test_correlation_decays_with_the_lag():
    found = correlations(time=[0, 1, 3, 0], phi=0.5)
    assert (found[0, 1], found[0, 2], found[1, 2]) == pytest.approx((0.5, 0.125, 0.25))
    both = correlations(time=[0, 1, 3, 0], phi=0.5, type=["x", "y", "x", "x"], rho=0.6)
    assert (both[0, 1], both[0, 2], both[1, 2]) == pytest.approx((0.3, 0.125, 0.15))


def test_printed_covariances_are_taken_as_they_are():
    found = sampling_covariance(1.0, cluster=["a", "a", "b"], rvars=[[0.5, 0.1], [0.1, 0.3], [0.2, math.nan]])
    assert found.matrix().tolist() == [[0.5, 0.1, 0], [0.1, 0.3, 0], [0, 0, 0.2]]


def test_a_matrix_that_is_not_positive_definite_names_its_cluster():
    found = sampling_covariance(V, cluster=["a", "a", "b", "b"], obs=[1, 2, 1, 2], rho=1.0)
    assert [caution.code for caution in found.cautions] == ["covariance-not-positive-definite"]
    assert "cluster a, b:" in found.cautions[0].text
    assert not is_positive_definite(found.blocks[0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"obs": [1, 2, 3, 1], "rho": 1.2}, "rho is 1.2"),
        ({"obs": [1, 2, 3, 1]}, "without rho"),
        ({"rho": 0.5}, "rho without obs or type"),
        ({"time": [1, 2, 3, 4]}, "belong together"),
        ({"time": [1, 2, 3, 4], "phi": 1.5}, "phi is 1.5"),
        ({"obs": [1, 2], "rho": 0.5}, "one each"),
        ({"obs": [1, 2, 3, 1], "type": list("xxyx"), "rho": 0.5}, "2 are needed"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(InvalidInput, match=message):
        correlations(**options)


def test_a_variance_of_zero_names_its_row():
    with pytest.raises(InvalidInput, match="row 2, vi is 0"):
        sampling_covariance([0.1, 0.0], cluster=["a", "b"])


def test_a_full_matrix_falls_into_its_blocks():
    matrix = np.diag([1.0, 2.0, 3.0, 4.0])
    matrix[0, 2] = matrix[2, 0] = 0.5
    found = from_matrix(matrix)
    assert [rows.tolist() for rows in found.rows] == [[0, 2]]
    assert found.matrix().tolist() == matrix.tolist()
    with pytest.raises(InvalidInput, match=r"row 1, column 3 is 0.5, not 0.4"):
        from_matrix(np.array([[1, 0, 0.5], [0, 1, 0], [0.4, 0, 1]]))


def test_a_subset_keeps_the_order_asked_for():
    matrix = np.array([[1.0, 0.1, 0.2], [0.1, 2.0, 0.3], [0.2, 0.3, 3.0]])
    assert from_matrix(matrix).subset(np.array([2, 0])).matrix().tolist() == [[3.0, 0.2], [0.2, 1.0]]
    assert isinstance(from_matrix(matrix).subset(np.array([1])), SamplingCovariance)


def test_clusters_are_brought_together_by_generalised_least_squares():
    y, v = np.array([0.2, 0.5, 0.9]), np.array([0.04, 0.09, 0.01])
    found = aggregate_effects(y, v, cluster=["a", "a", "b"], rho=0.5)
    matrix = np.array([[0.04, 0.03], [0.03, 0.09]])
    inverse = np.linalg.inv(matrix)
    assert found.labels == ("a", "b")
    assert found.k == (2, 1)
    assert found.vi == pytest.approx([1 / inverse.sum(), 0.01])
    assert found.yi == pytest.approx([inverse.sum(axis=0) @ y[:2] / inverse.sum(), 0.9])
    plain = aggregate_effects(y, v, cluster=["a", "a", "b"], rho=0.5, weighted=False)
    assert (plain.yi[0], plain.vi[0]) == pytest.approx((0.35, matrix.sum() / 4))
    apart = aggregate_effects(y, v, cluster=["a", "a", "b"], struct="ID")
    assert apart.vi[0] == pytest.approx(1 / (1 / 0.04 + 1 / 0.09))


def test_bringing_together_needs_a_correlation_that_can_be():
    with pytest.raises(InvalidInput, match="no rho"):
        aggregate_effects([1, 2], [1, 1], cluster=["a", "a"])
    with pytest.raises(InvalidInput, match="cluster a"):
        aggregate_effects([1, 2], [1, 1], cluster=["a", "a"], rho=1.0)


def test_groups_keep_the_order_of_their_first_row():
    assert {name: rows.tolist() for name, rows in groups(["b", "a", "b"]).items()} == {"b": [0, 2], "a": [1]}


@pytest.mark.parametrize(
    ("vi", "options", "named"),
    [
        (["x", "y"], {"obs": [1, 2], "rho": 0.5}, "vi holds something"),
        ([1, 2], {"obs": [1, 2], "rho": "x"}, "rho is 'x'"),
        ([1, 2], {"time": ["x", 2], "phi": 0.5}, "time holds something"),
        ([1, 2], {"time": [1, 2], "phi": "x"}, "phi is 'x'"),
        ([1, 2], {"rvars": [[1], [1, 1]]}, "rvars holds something"),
        ([1, 2], {"cluster": 5}, "cluster is 5"),
    ],
)
def test_what_is_no_number_is_named(vi, options, named):
    with pytest.raises(InvalidInput, match=named):
        sampling_covariance(vi, **{"cluster": ["a", "a"], **options})


# vcalc of metafor 3.8-1, black box: correlations of effects 1-2, 1-3 and 2-3 of one study.
TO_CONTROL = {"group1": list("ABCA"), "group2": list("PPPP")}
TWO_SCALES = {"group1": list("AABA"), "group2": list("PPPP"), "size1": [10, 10, 30, 10], "size2": [40, 40, 40, 20]}
CHAIN = {"group1": list("ABAA"), "group2": list("BCCP")}
CHANGES = {"group1": list("AAAA"), "group2": list("AAAP"), "time": [2, 3, 3, 1], "time2": [1, 1, 2, 1], "phi": 0.7}
SHARED = {
    "one control group": (TO_CONTROL, (0.5, 0.5, 0.5)),
    "its size": (
        TO_CONTROL | {"size1": [10, 20, 30, 10], "size2": [40, 40, 35, 20]},
        (0.258198889747161, 0.3038218101251, 0.392232270276368),
    ),
    "either side": (CHAIN, (-0.5, 0.5, 0.5)),
    "either side, sizes": (
        CHAIN | {"size1": [10, 20, 10, 10], "size2": [20, 30, 30, 20]},
        (-0.447213595499958, 0.707106781186548, 0.316227766016838),
    ),
    "scales": (TWO_SCALES | {"obs": [1, 2, 1, 1], "rho": 0.6}, (0.6, 0.29277002188456, 0.175662013130736)),
    "scales and outcomes": (
        TWO_SCALES | {"obs": [1, 2, 1, 1], "type": [1, 1, 2, 1], "rho": [0.6, 0.3]},
        (0.6, 0.087831006565368, 0.087831006565368),
    ),
    "times": (
        TWO_SCALES | {"size1": [10, 12, 30, 10], "time": [1, 2, 4, 1], "phi": 0.7},
        (0.699509301935196, 0.100420117506404, 0.154097870998122),
    ),
    "changes": (CHANGES, (0.651920240520265, -0.15, 0.651920240520265)),
    "changes, sizes": (
        CHANGES | {"size1": [10, 20, 30, 10], "size2": [40, 50, 60, 20]},
        (0.501492683204176, -0.00872164417459747, 0.805568689855081),
    ),
}


@pytest.mark.parametrize("case", SHARED)
def test_effects_that_share_people_are_correlated_as_in_metafor(case):
    options, expected = SHARED[case]
    found = correlations(**options)
    assert (found[0, 1], found[0, 2], found[1, 2]) == pytest.approx(expected, abs=1e-13)
    assert found[3, :3].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"group1": list("ABCA")}, "group1 and group2 belong together"),
        (TO_CONTROL | {"size1": [1, 2, 3, 4]}, "size1 and size2 belong together"),
        ({"size1": [1, 2, 3, 4], "size2": [1, 2, 3, 4]}, "size1 without group1 and group2"),
        ({"time2": [1, 2, 3, 4]}, "time2 without group1 and group2"),
        (TO_CONTROL | {"time2": [1, 2, 3, 4]}, "time2 without time and phi"),
        (TO_CONTROL | {"group1": ["A", None, "C", "A"]}, "study a, row 2: no group1"),
        (TO_CONTROL | {"group2": list("PP")}, "4 cluster labels and 2 of group2"),
        (TO_CONTROL | {"group1": list("APCA")}, "study a, row 2: group1 and group2 are both 'P', at one time"),
        (TO_CONTROL | {"size1": [1] * 4, "size2": [1, 1, -3, 1]}, "study a, row 3: size2 is -3"),
        (TO_CONTROL | {"size1": [1] * 4, "size2": [1, math.nan, 1, 1]}, "study a, row 2: size2 is nan"),
        (TO_CONTROL | {"size1": [1, 2], "size2": [1, 2, 3, 4]}, r"size1 has the shape \(2,\); 4 sizes are needed"),
        (TO_CONTROL | {"rvars": np.eye(4)}, "rvars holds the correlations already"),
    ],
)
def test_groups_that_cannot_be_read_are_refused(options, message):
    with pytest.raises(InvalidInput, match=message):
        correlations(**options)


IMPOSSIBLE = [[1, 0.9, -0.8], [0.9, 1, 0.7], [-0.8, 0.7, 1]]


def test_the_nearest_matrix_is_that_of_metafor_and_is_told():
    # vcalc of metafor 3.8-1 with nearpd=TRUE, which stops at about 1e-7
    found = sampling_covariance([0.1, 0.2, 0.15], cluster=[1, 1, 1], rvars=IMPOSSIBLE, nearest=True)
    matrix = found.matrix()
    expected = (0.0821439711102, -0.0612386033324, 0.0717973351232)
    assert (matrix[0, 1], matrix[0, 2], matrix[1, 2]) == pytest.approx(expected, abs=1e-7)
    assert np.diag(matrix) == pytest.approx([0.1, 0.2, 0.15], rel=1e-14)
    assert is_positive_definite(found.blocks[0])
    assert "cluster 1: their matrix is not positive definite. The nearest" in found.cautions[0].text


def test_a_matrix_that_can_be_true_is_left_as_it_is():
    plain, near = (
        sampling_covariance(V, cluster=list("aaab"), obs=[1, 2, 3, 1], rho=0.5, nearest=each) for each in (False, True)
    )
    assert plain.matrix().tolist() == near.matrix().tolist()
    assert near.cautions == ()


def test_a_printed_variance_below_zero_has_no_nearest_matrix():
    with pytest.raises(InvalidInput, match="cluster 1: rvars holds a variance that is not positive"):
        sampling_covariance(1.0, cluster=[1, 1], rvars=[[-1, 0.5], [0.5, 1]], nearest=True)
