"""P-scores, ranks and SUCRA."""

import numpy as np
import pytest
from scipy.stats import norm

from stromata.errors import InvalidInput
from stromata.synthesis.networks.network import network
from stromata.synthesis.networks.ranking import p_scores, rank_probabilities


def star(te=(1.0, 0.5, -0.2), se=(0.2, 0.3, 0.25)):
    return network(["1", "2", "3"], treat1=["a", "b", "c"], treat2=["p"] * 3, TE=te, seTE=se)


def test_a_p_score_is_the_mean_certainty_of_being_better():
    scores = {s.treatment: s.score for s in p_scores(star(), better="higher")}
    expected = np.mean([norm.cdf(0.5 / np.hypot(0.2, 0.3)), norm.cdf(1.2 / np.hypot(0.2, 0.25)), norm.cdf(1.0 / 0.2)])
    assert scores["a"] == pytest.approx(expected)
    assert sum(scores.values()) == pytest.approx(4 / 2)


def test_the_direction_turns_scores_round():
    up, down = (p_scores(star(), better=b) for b in ("higher", "lower"))
    assert [u.score for u in up] == pytest.approx([1 - d.score for d in down])


def test_sucra_from_draws_is_the_p_score_but_for_chance():
    ranking = rank_probabilities(star(), better="higher", draws=50_000)
    assert ranking.sucra == pytest.approx([s.score for s in p_scores(star(), better="higher")], abs=0.006)
    assert ranking.mean_ranks == pytest.approx(4 - 3 * ranking.sucra)


def test_probabilities_add_up_both_ways():
    p = rank_probabilities(star(), better="lower", draws=5_000).probabilities
    assert p.sum(axis=0) == pytest.approx(np.ones(4))
    assert p.sum(axis=1) == pytest.approx(np.ones(4))


def test_the_same_seed_gives_the_same_ranks_and_another_seed_others():
    one, same, other = (rank_probabilities(star(), better="lower", draws=30_000, seed=s) for s in (7, 7, 8))
    assert (one.probabilities == same.probabilities).all()
    assert (one.probabilities != other.probabilities).any()


def test_two_treatments_need_no_draws():
    net = network(["1"], treat1=["a"], treat2=["b"], TE=[0.3], seTE=[0.2])
    ranking = rank_probabilities(net, better="higher")
    assert (ranking.exact, ranking.draws) == (True, 0)
    assert ranking.probabilities[0, 0] == pytest.approx(norm.cdf(1.5))


def test_a_close_race_is_said_to_be_undecided():
    close = rank_probabilities(star((0.1, 0.0, 0.05)), better="higher", draws=2_000)
    clear = rank_probabilities(star((9.0, 0.0, 0.05)), better="higher", draws=2_000)
    assert [c.code for c in close.cautions] == ["ranking-undecided"]
    assert clear.cautions == ()


@pytest.mark.parametrize(
    ("options", "message"),
    [({"better": "big"}, "no direction 'big'"), ({"better": "lower", "draws": 10}, "draws is 10")],
)
def test_unknown_directions_and_too_few_draws_are_refused(options, message):
    with pytest.raises(InvalidInput, match=message):
        rank_probabilities(star(), **options)


def test_an_unknown_model_is_refused():
    with pytest.raises(InvalidInput, match="no model 'mixed'"):
        p_scores(star(), better="lower", model="mixed")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"draws": 10**29}, "draws is"),
        ({"draws": "x"}, "draws is 'x'"),
        ({"draws": 1500.5}, "draws is"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": "x"}, "seed is 'x'"),
    ],
)
def test_draws_and_seeds_that_cannot_be_are_refused(options, named):
    net = network(["1", "2"], treat1=["a", "b"], treat2=["p"] * 2, TE=[0.1, 0.2], seTE=[0.1, 0.1])
    with pytest.raises(InvalidInput, match=named):
        rank_probabilities(net, better="higher", **options)
