import numpy as np
import pytest

from stromata.errors import NotFound
from stromata.screening.stopping import DEFAULT, RULES, Control, Reading, Target, assess


def some(read=400, n=1000):
    relevant = np.random.default_rng(3).random(read) < np.linspace(0.4, 0, read)
    return Reading(
        n=n, relevant=relevant, random=np.arange(read) >= read - 50, control=Control(relevant=80, reached=70)
    )


def test_an_unknown_rule_lists_those_there_are():
    with pytest.raises(NotFound) as error:
        assess(some(), rule="knee")
    assert all(name in error.value.hint for name in RULES)


def test_the_default_is_among_the_rules():
    assert DEFAULT in RULES
    assert assess(some()).rule == DEFAULT


@pytest.mark.parametrize("name", RULES)
def test_every_rule_gives_a_whole_answer_and_the_same_twice(name):
    result = assess(some(), rule=name)
    assert (result.rule, result.version) == (name, RULES[name].version)
    assert (result.read, result.unread, result.read + result.unread) == (400, 600, 1000)
    assert result.claim.endswith(".")
    assert result.stop == (result.more is None) or name == "control-sample"
    assert result == assess(some(), rule=name)


@pytest.mark.parametrize("name", RULES)
def test_when_everything_has_been_read_every_rule_stops(name):
    result = assess(some(n=400), rule=name)
    assert result.stop
    assert (result.left.value, result.left.high) == (0, 0)
    assert result.recall.low == 1


@pytest.mark.parametrize("name", RULES)
def test_no_rule_stops_before_anything_was_read(name):
    result = assess(Reading(n=500, relevant=np.zeros(0, bool)), rule=name)
    assert not result.stop
    assert result.recall is None


@pytest.mark.parametrize("name", RULES)
def test_no_rule_lets_reading_stop_half_way_with_nothing_found(name):
    result = assess(Reading(n=500, relevant=np.zeros(250, bool), random=np.full(250, True)), rule=name)
    assert not result.stop
    assert "nothing-relevant-found" in {caution.code for caution in result.cautions}


@pytest.mark.parametrize("name", ["default", "ranked-sample", "random-sample", "random-anytime"])
def test_recall_follows_from_what_may_be_left(name):
    result = assess(some(), rule=name)
    assert result.recall.low == pytest.approx(result.found / (result.found + result.left.high))
    assert result.recall.high == pytest.approx(result.found / (result.found + result.left.low))
    assert result.stop == (result.recall.low >= 0.95)


@pytest.mark.parametrize("name", ["default", "ranked-sample", "random-sample", "random-anytime"])
def test_more_confidence_widens_the_bound(name):
    bounds = [assess(some(), rule=name, target=Target(confidence=level)).left.high for level in (0.8, 0.95, 0.99)]
    assert bounds == sorted(bounds)
