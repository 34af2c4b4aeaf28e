import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.errors import InvalidInput
from stromata.model import EffectSize, Interval
from stromata.synthesis import pool, pool_estimates, pool_many
from stromata.synthesis.pooling import single

NUMBERS = ("estimate", "se", "ci_low", "ci_high", "pi_low", "pi_high", "statistic", "p", "tau2", "tau2_se", "i2")
NUMBERS += ("h2", "q", "q_p", "log_likelihood")
SETS = ([0.1, 0.9, -0.4, 1.2], [0.3], [], [0.2, 0.5], [1.0, 1.1, 0.9, 1.4, 2.5, 0.3])


def flat():
    generator = np.random.default_rng(5)
    y = np.concatenate([np.array(values) for values in SETS])
    return y, generator.gamma(1.5, 0.1, len(y)) + 0.01, np.cumsum([0, *map(len, SETS)])


def same(one, other):
    return one is None if other is None else one == pytest.approx(other, rel=1e-12, abs=1e-14)


def effects(y, v):
    nothing = Interval(None, None, None)
    return [EffectSize(str(i), "MD", a, b, nothing) for i, (a, b) in enumerate(zip(y, v, strict=True))]


@pytest.mark.parametrize("test", ["z", "t", "knha", "adhoc"])
@pytest.mark.parametrize("method", ["reml", "ml", "dl", "pm", "sj"])
def test_the_light_entry_gives_what_pool_gives(method, test):
    y, v, offsets = flat()
    for start, end in itertools.pairwise(offsets):
        if end == start:
            continue
        a, b = y[start:end].tolist(), v[start:end].tolist()
        light, full = pool_estimates(a, b, method=method, test=test), pool(effects(a, b), tau2=method, test=test)
        assert light.k == full.k
        for name in NUMBERS:
            assert same(getattr(light, name), getattr(full, name)), name


def test_the_light_entry_knows_the_common_effect():
    y, v = [0.1, 0.5, 0.9], [0.04, 0.02, 0.01]
    light, full = pool_estimates(y, v, method="ee", test="t"), pool(effects(y, v), model="common", test="t")
    assert (light.tau2, light.pi_low) == (None, None)
    for name in NUMBERS:
        assert same(getattr(light, name), getattr(full, name)), name


@pytest.mark.parametrize("test", ["z", "t", "knha", "adhoc"])
@pytest.mark.parametrize("method", ["reml", "ml", "dl", "pm", "pmm", "he", "hs", "hsk", "sj", "eb", "ee"])
def test_many_ragged_sets_give_what_each_gives_alone(method, test):
    if method == "ee" and test in {"knha", "adhoc"}:
        return
    y, v, offsets = flat()
    many = pool_many(y, v, offsets=offsets, method=method, test=test, level=0.9)
    assert many.k.tolist() == [4, 1, 0, 2, 6]
    assert many.flag.tolist() == ["", "single-study", "no-studies", "", ""]
    for i, (start, end) in enumerate(itertools.pairwise(offsets)):
        if end == start:
            assert np.isnan(many.estimate[i])
            assert np.isnan(many.ci_low[i])
            continue
        alone = pool_estimates(y[start:end], v[start:end], method=method, test=test, level=0.9)
        for name in NUMBERS:
            expected = getattr(alone, name)
            got = getattr(many, name)[i]
            if expected is None:
                assert np.isnan(got), name
            else:
                assert got == pytest.approx(expected, rel=1e-9, abs=1e-12), name
        assert many.modes[i] == alone.modes


def test_groups_may_be_mixed_and_come_in_order_of_appearance():
    y, v, offsets = flat()
    names = np.repeat(["d", "c", "x", "b", "a"], np.diff(offsets))
    order = np.random.default_rng(1).permutation(len(y))
    many = pool_many(y[order], v[order], names[order])
    by_offsets = pool_many(y, v, offsets=offsets)
    places = {"d": 0, "c": 1, "b": 3, "a": 4}
    assert list(many.labels) == list(dict.fromkeys(names[order].tolist()))
    for i, label in enumerate(many.labels):
        assert many.estimate[i] == pytest.approx(by_offsets.estimate[places[label]], rel=1e-10)


def test_studies_that_cannot_be_used_are_left_out_and_counted():
    y, v = [0.1, np.nan, 0.5, 0.2, 0.4, 0.3], [0.1, 0.1, 0.0, 0.2, -1.0, 1e40]
    many = pool_many(y, v, ["a", "a", "a", "a", "b", "b"])
    assert many.k.tolist() == [2, 0]
    assert many.left_out.tolist() == [2, 2]
    assert many.estimate[0] == pytest.approx(pool_estimates([0.1, 0.2], [0.1, 0.2]).estimate)


def test_results_are_frozen():
    many = pool_many([0.1, 0.5], [0.1, 0.2], ["a", "a"])
    with pytest.raises(ValueError, match="read-only"):
        many.estimate[0] = 0.0
    with pytest.raises(AttributeError):
        many.k = 3


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_any_sizes_are_put_back_in_their_places(seed):
    generator = np.random.default_rng(seed)
    offsets = np.concatenate(([0], np.cumsum(generator.integers(0, 40, 30))))
    y, v = generator.normal(0, 1, offsets[-1]), generator.gamma(1, 1, offsets[-1]) + 1e-3
    many = pool_many(y, v, offsets=offsets, method="dl")
    for i, (start, end) in enumerate(itertools.pairwise(offsets)):
        if end > start:
            assert many.estimate[i] == pytest.approx(
                pool_estimates(y[start:end], v[start:end], method="dl").estimate, rel=1e-9, abs=1e-12
            )


@pytest.mark.parametrize(
    ("y", "v", "part"),
    [
        ([0.1, 0.2], [0.1], "both must be lists of one length"),
        ([0.1, np.nan], [0.1, 0.2], "study 2, yi is nan"),
        ([0.1, 0.2, 0.3], [0.1, 0.2, -1.0], "study 3, vi is -1"),
        ([0.1, 0.2], [0.1, 0.0], "study 2, vi is 0"),
        ([np.inf, 0.2], [0.1, 0.1], "study 1, yi is inf"),
        ([], [], "no studies"),
        (["a"], [0.1], "not a number"),
    ],
)
def test_a_bad_value_is_named_by_study_and_column(y, v, part):
    with pytest.raises(InvalidInput, match=part):
        pool_estimates(y, v)


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"method": "genq"}, "no method 'genq'"),
        ({"test": "f"}, "no test 'f'"),
        ({"level": 95}, "level is 95"),
        ({"method": "ee", "test": "knha"}, "ee has none"),
    ],
)
def test_unknown_options_are_refused(options, part):
    with pytest.raises(InvalidInput, match=part):
        pool_estimates([0.1, 0.2], [0.1, 0.2], **options)
    with pytest.raises(InvalidInput, match=part):
        pool_many([0.1, 0.2], [0.1, 0.2], [1, 1], **options)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"groups": [1, 1], "offsets": [0, 2]},
        {"groups": [1]},
        {"offsets": [0, 1]},
        {"offsets": [0, 2, 1, 2]},
        {"offsets": [0.0, 2.0]},
    ],
)
def test_sets_must_be_told_in_one_way_that_fits(options):
    with pytest.raises(InvalidInput):
        pool_many([0.1, 0.2], [0.1, 0.2], **options)


def test_no_sets_at_all_give_empty_arrays():
    many = pool_many([], [], offsets=[0])
    assert many.labels == ()
    assert many.estimate.shape == (0,)


@pytest.mark.parametrize(("third", "close"), [(5.0, True), (8.0, False)])
def test_a_second_maximum_that_is_nearly_as_high_is_told(third, close):
    # Two precise studies that agree and three vague ones: the further apart these, the likelier is a spread.
    y, v = [0.0, 0.02, third, -4.0, third + 1], [1e-6, 1e-6, 4.0, 4.0, 4.0]
    found = pool_estimates(y, v)
    assert found.modes == 2
    assert (found.gap <= 2) == close
    assert [caution.code for caution in found.cautions] == ["maxima-close"] * close
    assert pool_estimates(y, v, method="dl").cautions == ()
    many = pool_many([*y, 0.1, 0.2, 0.3], [*v, 0.1, 0.1, 0.2], offsets=[0, 5, 7, 8])
    assert many.flag.tolist() == ["maxima-close" if close else "", "", "single-study"]
    assert many.gap[0] == pytest.approx(found.gap, rel=1e-9)


@pytest.mark.parametrize("method", ["reml", "ml"])
def test_the_highest_of_two_maxima_is_taken(method):
    # From no spread at all to one that is certain: at each step no other value may be likelier.
    for third in np.linspace(3, 12, 19):
        y, v = np.array([0.0, 0.02, third, -4.0, third + 1]), np.array([1e-6, 1e-6, 4.0, 4.0, 4.0])
        found = pool_estimates(y, v, method=method)
        trials = [0.0, *np.geomspace(1e-9, 1e3, 600)]
        highest = max(single.log_likelihood(y, v, trial, restricted=method == "reml") for trial in trials)
        assert found.log_likelihood >= highest - 1e-12


@pytest.mark.parametrize("groups", [3, "ab"])
def test_groups_that_are_no_list_are_refused(groups):
    with pytest.raises(InvalidInput, match="groups are"):
        pool_many([0.1, 0.2], [0.1, 0.1], groups)
