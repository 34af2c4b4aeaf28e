"""Networks: contrasts and arms, multi-arm trials by plain matrix algebra, parts, cautions, refusals."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from stromata.errors import InvalidInput
from stromata.synthesis.networks.network import CODES, edges, league, network

ARMS = {
    "study": ["a", "a", "b", "b", "c", "c", "d", "d", "d", "e", "e", "f", "f", "f"],
    "treatment": ["x", "y", "x", "y", "y", "z", "x", "y", "z", "x", "z", "w", "y", "z"],
    "events": [10, 15, 7, 9, 12, 5, 9, 14, 4, 20, 8, 6, 11, 3],
    "n": [50, 52, 40, 41, 60, 55, 45, 47, 44, 90, 85, 30, 33, 31],
}


def arms(measure="OR", **options):
    return network(
        ARMS["study"], treatment=ARMS["treatment"], events=ARMS["events"], n=ARMS["n"], measure=measure, **options
    )


def by_generalised_least_squares(tau2, events=ARMS["events"]):
    """Log odds ratios on treatments x, y, z against w, with everything written out."""
    names = ["w", "x", "y", "z"]
    y, lines, blocks = [], [], []
    for study in dict.fromkeys(ARMS["study"]):
        own = [i for i, s in enumerate(ARMS["study"]) if s == study]
        logit = [np.log(events[i] / (ARMS["n"][i] - events[i])) for i in own]
        v = [1 / events[i] + 1 / (ARMS["n"][i] - events[i]) for i in own]
        block = np.full((len(own) - 1,) * 2, v[0] + tau2 / 2) + np.diag(np.array(v[1:]) + tau2 / 2)
        blocks.append(block)
        for j, i in enumerate(own[1:], 1):
            y.append(logit[j] - logit[0])
            line = np.zeros(4)
            line[names.index(ARMS["treatment"][i])] += 1
            line[names.index(ARMS["treatment"][own[0]])] -= 1
            lines.append(line[1:])
    size = len(y)
    v, at = np.zeros((size, size)), 0
    for block in blocks:
        v[at : at + len(block), at : at + len(block)] = block
        at += len(block)
    x, y, w = np.array(lines), np.array(y), np.linalg.inv(v)
    covariance = np.linalg.inv(x.T @ w @ x)
    beta = covariance @ x.T @ w @ y
    residual = y - x @ beta
    loglik = -0.5 * (np.linalg.slogdet(v)[1] + np.linalg.slogdet(x.T @ w @ x)[1] + residual @ w @ residual)
    return beta, covariance, residual @ w @ residual, loglik, (x, w, v)


@pytest.mark.parametrize("tau2", [0.0, 0.3])
def test_estimates_are_generalised_least_squares(tau2):
    net = arms(tau2=tau2)
    beta, covariance, q, _, _ = by_generalised_least_squares(tau2)
    assert net.treatments == ("w", "x", "y", "z")
    assert net.random.estimates[1:, 0] == pytest.approx(beta, rel=1e-10)
    assert net.random.covariance[1:, 1:] == pytest.approx(covariance, rel=1e-10)
    if tau2 == 0:
        assert (net.q, net.q_df) == (pytest.approx(q, rel=1e-10), 5)
        assert net.common.estimates == pytest.approx(net.random.estimates)


def test_moments_solve_their_own_equation():
    net = arms(tau2="dl")
    _, _, q, _, (x, w, _) = by_generalised_least_squares(0.0)
    u = by_generalised_least_squares(1.0)[4][2] - by_generalised_least_squares(0.0)[4][2]
    p = w - w @ x @ np.linalg.inv(x.T @ w @ x) @ x.T @ w
    assert net.tau2 == pytest.approx(max((q - 5) / np.trace(p @ u), 0), rel=1e-9)


def test_the_restricted_likelihood_is_highest_at_its_estimate():
    data = dict(ARMS, events=[3, 22, 12, 7, 25, 5, 2, 19, 9, 20, 30, 6, 18, 1])
    net = network(data["study"], treatment=data["treatment"], events=data["events"], n=data["n"], measure="OR")
    assert net.tau2 > 0.05
    best = by_generalised_least_squares(net.tau2, data["events"])[3]
    assert all(by_generalised_least_squares(net.tau2 * step, data["events"])[3] < best for step in (0.98, 1.02))


def test_contrasts_and_arms_of_the_same_trials_give_the_same_network():
    rows = []
    for study in dict.fromkeys(ARMS["study"]):
        own = [i for i, s in enumerate(ARMS["study"]) if s == study]
        for i, j in itertools.combinations(own, 2):
            a, b = (ARMS["events"][k] for k in (i, j))
            c, d = (ARMS["n"][k] - ARMS["events"][k] for k in (i, j))
            te, se = np.log(a * d / b / c), np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
            rows.append((study, ARMS["treatment"][i], ARMS["treatment"][j], te, se))
    study, one, other, te, se = zip(*rows, strict=True)
    net, same = arms(), network(study, treat1=one, treat2=other, TE=te, seTE=se)
    assert same.random.estimates == pytest.approx(net.random.estimates, abs=1e-10)
    assert (same.tau2, same.q_between, same.comparisons) == pytest.approx((net.tau2, net.q_between, net.comparisons))


def test_heterogeneity_within_and_between_designs_adds_up():
    net = arms()
    assert net.q == pytest.approx(net.q_within + net.q_between)
    assert net.q_df == net.q_within_df + net.q_between_df == 5
    assert [(d.treatments, d.df) for d in net.designs if d.df] == [(("x", "y"), 1)]


def test_two_treatments_are_an_ordinary_meta_analysis():
    net = network(
        ["a", "b", "c"], treat1=["x"] * 3, treat2=["y"] * 3, TE=[0.1, 0.5, 0.9], seTE=[0.2, 0.1, 0.3], tau2="dl"
    )
    w = np.array([25, 100, 100 / 9])
    mean = w @ [0.1, 0.5, 0.9] / w.sum()
    q = w @ (np.array([0.1, 0.5, 0.9]) - mean) ** 2
    assert net.common.estimates[0, 1] == pytest.approx(mean)
    assert net.tau2 == pytest.approx(max((q - 2) / (w.sum() - (w**2).sum() / w.sum()), 0))
    assert [c.code for c in net.cautions] == ["two-treatments"]


def test_prediction_intervals_take_one_degree_of_freedom_from_the_network():
    net = arms(tau2=0.2)
    half = student.ppf(0.975, 4) * np.sqrt(net.random.se[0, 1] ** 2 + 0.2)
    assert net.random.pi_high[0, 1] - net.random.estimates[0, 1] == pytest.approx(half)
    assert net.common.pi_low is None


def test_a_league_table_has_every_pair_once():
    table = league(arms())
    assert [(c.treatment, c.against) for c in table] == list(itertools.combinations("wxyz", 2))
    assert all(c.ci_low < c.estimate < c.ci_high for c in table)


def test_a_graph_counts_trials_and_people():
    found = {(e.treatment, e.against): (e.trials, e.people) for e in edges(arms())}
    assert found["x", "y"] == (3, 50 + 52 + 40 + 41 + 45 + 47)
    assert ("w", "x") not in found


def test_a_network_that_falls_apart_names_its_parts():
    data = {"treat1": ["a", "c", "e"], "treat2": ["b", "d", "d"], "TE": [0.1, 0.2, 0.3], "seTE": [1, 1, 1]}
    with pytest.raises(InvalidInput, match=r"2 parts .*\(1\) c, d, e \(in 2, 3\); \(2\) a, b \(in 1\)"):
        network(["1", "2", "3"], **data)
    part = network(["1", "2", "3"], **data, component="e")
    assert part.treatments == ("c", "d", "e")
    assert "a, b" in next(c.text for c in part.cautions if c.code == "part-of-network")
    with pytest.raises(InvalidInput, match="no treatment 'z'"):
        network(["1", "2", "3"], **data, component="z")


def test_of_a_part_with_many_studies_some_are_named():
    study = [str(i) for i in range(12)]
    first, second = ["a"] * 11 + ["c"], ["b"] * 11 + ["d"]
    with pytest.raises(InvalidInput, match=r"a, b \(in 0, 1, 2, 3, 4, 5, 6, 7 and 3 more\); \(2\) c, d \(in 11\)"):
        network(study, treat1=first, treat2=second, TE=[0.1] * 12, seTE=[0.2] * 12)


def test_a_star_is_said_to_be_untestable():
    net = network(["1", "2", "3"], treat1=["a", "b", "c"], treat2=["p"] * 3, TE=[0.1, 0.2, 0.3], seTE=[0.2] * 3)
    codes = [c.code for c in net.cautions]
    assert codes == ["heterogeneity-not-estimable", "star-network", "single-study-comparisons"]
    assert (net.tau2, net.i2, net.q_p, net.random.pi_low) == (None, None, None, None)
    assert net.random.se == pytest.approx(net.common.se)


def test_a_chain_has_no_closed_loop():
    net = network(["1", "2", "3"], treat1=["a", "b", "c"], treat2=["b", "c", "d"], TE=[0.1, 0.2, 0.3], seTE=[0.2] * 3)
    assert "no-closed-loops" in [c.code for c in net.cautions]


def test_designs_that_contradict_one_another_are_reported():
    net = network(["1", "2", "3"], treat1=["a", "b", "a"], treat2=["b", "c", "c"], TE=[0.0, 0.0, 2.0], seTE=[0.2] * 3)
    assert net.q_between_p < 1e-6
    assert "inconsistency" in [c.code for c in net.cautions]


def test_empty_cells_are_corrected_in_all_arms_of_the_study_and_said():
    data = dict(ARMS, events=[10, 15, 7, 9, 12, 5, 0, 14, 4, 20, 8, 6, 11, 3])
    net = network(data["study"], treatment=data["treatment"], events=data["events"], n=data["n"], measure="OR")
    (caution,) = (c for c in net.cautions if c.code == "zero-cells-corrected")
    assert caution.text.endswith("of: d.")
    d = next(t for t in net.trials if t.label == "d")
    assert d.y[1] == pytest.approx(np.log(4.5 / 40.5) - np.log(0.5 / 45.5))
    assert d.v[0, 1] == pytest.approx(1 / 0.5 + 1 / 45.5)


def test_studies_without_any_event_are_left_out_and_named():
    study, treatment = [*ARMS["study"], "g", "g"], [*ARMS["treatment"], "x", "z"]
    events, n = [*ARMS["events"], 0, 0], [*ARMS["n"], 20, 21]
    net = network(study, treatment=treatment, events=events, n=n, measure="OR")
    assert net.random.estimates == pytest.approx(arms().random.estimates)
    assert "double-zero-left-out" in [c.code for c in net.cautions]
    kept = network(study, treatment=treatment, events=events, n=n, measure="OR", drop00=False)
    assert kept.k == net.k + 1
    assert network(study, treatment=treatment, events=events, n=n, measure="RD").k == 7


def test_an_arm_without_numbers_is_left_out_and_the_others_stay():
    n = [float(v) for v in ARMS["n"]]
    n[8] = np.nan
    net = network(ARMS["study"], treatment=ARMS["treatment"], events=ARMS["events"], n=n, measure="RR")
    assert next(t for t in net.trials if t.label == "d").arms == (1, 2)
    assert "d (z)" in next(c.text for c in net.cautions if c.code == "effects-left-out")


@pytest.mark.parametrize(
    ("measure", "effect", "variance"),
    [
        ("OR", np.log(10 / 40) - np.log(15 / 37), 1 / 10 + 1 / 40 + 1 / 15 + 1 / 37),
        ("RR", np.log(10 / 50) - np.log(15 / 52), 1 / 10 - 1 / 50 + 1 / 15 - 1 / 52),
        ("RD", 10 / 50 - 15 / 52, 0.2 * 0.8 / 50 + (15 / 52) * (37 / 52) / 52),
        ("AS", np.arcsin(np.sqrt(0.2)) - np.arcsin(np.sqrt(15 / 52)), 1 / 200 + 1 / 208),
    ],
)
def test_counts_give_the_measure(measure, effect, variance):
    trial = arms(measure).trials[0]
    assert trial.contrast(1, 2) == pytest.approx((effect, variance))


def test_rates_and_means_give_the_measure():
    two = {"study": ["a", "a"], "treatment": ["x", "y"]}
    rate = network(**two, events=[4, 9], time=[100, 120], measure="IRR").trials[0]
    assert rate.contrast(0, 1) == pytest.approx((np.log(0.04 / 0.075), 1 / 4 + 1 / 9))
    means = {"mean": [5.0, 3.0], "sd": [2.0, 1.5], "n": [20, 25]}
    assert network(**two, **means, measure="MD").trials[0].contrast(0, 1) == pytest.approx((2, 4 / 20 + 2.25 / 25))
    ratio = network(**two, **means, measure="ROM").trials[0].contrast(0, 1)
    assert ratio == pytest.approx((np.log(5 / 3), 4 / 20 / 25 + 2.25 / 25 / 9))
    pooled = np.sqrt((19 * 4 + 24 * 2.25) / 43)
    smd = network(**two, **means, measure="SMD").trials[0].contrast(0, 1)
    assert smd == pytest.approx((2 / pooled, 1 / 20 + 1 / 25 + (2 / pooled) ** 2 / 90))


def test_standardised_differences_of_three_arms_add_up():
    net = network(
        ["a"] * 3, treatment=["x", "y", "z"], mean=[5.0, 3.0, 4.0], sd=[2.0, 1.5, 1.8], n=[20, 25, 22], measure="SMD"
    )
    trial = net.trials[0]
    d = trial.contrast(1, 2)[0]
    assert trial.contrast(0, 1)[0] + d == pytest.approx(trial.contrast(0, 2)[0])
    assert trial.contrast(1, 2)[1] == pytest.approx(1 / 25 + 1 / 22 + d**2 / (2 * 67))


THREE = {"treat1": ["x", "x", "y"], "treat2": ["y", "z", "z"]}


def test_rounded_contrasts_of_three_arms_are_brought_into_line():
    net = network(["a"] * 3, **THREE, TE=[0.1, 0.31, 0.2], seTE=[0.3, 0.35, 0.32])
    e = net.common.estimates
    assert e[0, 1] + e[1, 2] == pytest.approx(e[0, 2])
    assert "multi-arm-rounding" in [c.code for c in net.cautions]
    assert net.common.se[[0, 0, 1], [1, 2, 2]] == pytest.approx([0.3, 0.35, 0.32])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"TE": [0.1, 0.3]}, "3 rows of study and 2 of TE"),
        ({"seTE": [0.3, 0.0, 0.3]}, "study a, seTE is 0"),
        ({"TE": [0.1, 2.0, 0.2]}, "study a, TE: its contrasts contradict"),
        ({"seTE": [0.1, 2.0, 0.1]}, "study a, seTE: the standard errors of x, y, z contradict"),
        ({"treat2": ["x", "z", "z"]}, "study a compares x with itself"),
        ({"treat2": ["y", "y", "z"]}, "study a gives a comparison twice"),
        ({"treat1": ["x", "x", ""]}, "row 3, treat1 is empty"),
        ({"TE": ["a", 1, 2]}, "TE holds something that is not a number"),
    ],
)
def test_contrasts_that_cannot_be_right_are_refused(changes, message):
    data = {**THREE, "TE": [0.1, 0.3, 0.2], "seTE": [0.3, 0.35, 0.32], **changes}
    with pytest.raises(InvalidInput, match=message):
        network(["a"] * 3, **data)


def test_a_pair_that_is_missing_in_a_multi_arm_study_is_refused():
    with pytest.raises(InvalidInput, match="study a has 3 arms and 2 comparisons; there must be all 3"):
        network(["a", "a"], treat1=["x", "x"], treat2=["y", "z"], TE=[0.1, 0.3], seTE=[0.3, 0.3])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"events": [60, 5]}, "events are 60 among 50"),
        ({"events": [1.5, 5]}, "study a, events is 1.5; it must be a whole number"),
        ({"n": [0, 50]}, "study a, n is 0"),
        ({"treatment": ["x", "x"]}, "study a has x in more than one arm"),
        ({"measure": "XX"}, "arms give no 'XX'"),
        ({"measure": None}, "measure is missing"),
        ({"measure": "MD"}, "mean is missing"),
        ({"TE": [1, 2]}, "both arms and contrasts"),
        ({"tau2": "best"}, "no estimator of tau2 'best'"),
        ({"tau2": -1.0}, "tau2 is -1.0"),
        ({"level": 1.2}, "level is 1.2"),
    ],
)
def test_arms_and_options_that_cannot_be_right_are_refused(changes, message):
    data = {"treatment": ["x", "y"], "events": [4, 5], "n": [50, 50], "measure": "OR", **changes}
    with pytest.raises(InvalidInput, match=message):
        network(["a", "a"], **data)


def test_one_arm_alone_is_refused():
    with pytest.raises(InvalidInput, match="study b has one arm only"):
        network(["a", "a", "b"], treatment=["x", "y", "x"], events=[1, 2, 3], n=[9, 9, 9], measure="OR")


def test_results_are_read_only_and_their_cautions_are_known():
    net = arms()
    with pytest.raises(ValueError, match="read-only"):
        net.random.estimates[0, 1] = 0.0
    assert {c.code for c in net.cautions} <= set(CODES)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_order_and_direction_of_rows_do_not_matter(data):
    k = 7
    one, other = "aabbcad", "bcccdde"
    te = data.draw(st.lists(st.floats(-3, 3), min_size=k, max_size=k))
    se = data.draw(st.lists(st.floats(0.05, 3), min_size=k, max_size=k))
    order = data.draw(st.permutations(range(k)))
    turn = data.draw(st.lists(st.booleans(), min_size=k, max_size=k))
    net = network(list(range(k)), treat1=list(one), treat2=list(other), TE=te, seTE=se)
    mixed = network(
        order,
        treat1=[other[i] if turn[i] else one[i] for i in order],
        treat2=[one[i] if turn[i] else other[i] for i in order],
        TE=[-te[i] if turn[i] else te[i] for i in order],
        seTE=[se[i] for i in order],
    )
    assert mixed.random.estimates == pytest.approx(net.random.estimates, abs=1e-6)
    assert mixed.q == pytest.approx(net.q, abs=1e-8)
    e = net.random.estimates
    assert e[0, 1] + e[1, 2] == pytest.approx(e[0, 2], abs=1e-9)
