import json
import math
import re
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata import synthesis
from stromata.model import Interval, codec
from stromata.synthesis.results.json_text import plain
from synthesis.results.answers import ANSWERS, answer

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=12,
)


@given(VALUES)
def test_whatever_is_inside_becomes_strict_json(value):
    json.dumps(plain(value), allow_nan=False)


@given(st.lists(st.floats(), max_size=6))
def test_finite_numbers_come_back_to_the_last_digit(values):
    for array in (values, tuple(values), np.array(values)):
        back = json.loads(json.dumps(plain(array), allow_nan=False))
        assert back == [value if math.isfinite(value) else None for value in values]


NUMBERS = st.floats(-5, 5).map(lambda value: round(value, 3))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(NUMBERS, st.floats(1e-6, 1e6)), min_size=1, max_size=6))
def test_results_of_any_studies_are_strict_json(studies):
    y, v = zip(*studies, strict=True)
    result = synthesis.pool_estimates(y, v)
    data = json.loads(synthesis.to_json(result), parse_constant=pytest.fail)
    assert data["estimate"] == result.estimate
    assert (data["tau2"], data["ci_low"], data["q"]) == (result.tau2, result.ci_low, result.q)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 9).flatmap(lambda n: st.tuples(st.integers(0, n + 1), st.just(n + 1))), max_size=4))
def test_any_single_arms_are_strict_json_and_readable(arms):
    x, n = [a for a, _ in arms], [b for _, b in arms]
    for model in ("random", "glmm"):
        result = synthesis.pool(synthesis.effect_sizes("PLO", xi=x, ni=n), measure="PLO", model=model)
        json.loads(synthesis.to_json(result), parse_constant=pytest.fail)
        text = synthesis.results_text(result)
        assert "–" not in text
        assert not re.search(r"None(?! of)", text)


@pytest.mark.parametrize("name", ANSWERS)
def test_json_holds_what_the_result_holds(name):
    result = answer(name)
    data = json.loads(synthesis.to_json(result))
    for each in fields(result):
        value = getattr(result, each.name)
        if isinstance(value, int | str) or (isinstance(value, float) and math.isfinite(value)):
            assert data[each.name] == value, each.name
        if isinstance(value, np.ndarray) and value.dtype.kind == "f" and each.name != "rows":
            back = np.array(data[each.name], dtype=float)
            np.testing.assert_array_equal(back, np.where(np.isfinite(value), value, np.nan))
    assert [item["code"] for item in data.get("cautions", [])] == [
        item.code for item in getattr(result, "cautions", ())
    ]


def test_numbers_that_are_not_finite_are_told_by_their_place():
    effects = synthesis.effect_sizes("OR", ai=[3, 3], bi=[5, 6], ci=[0, 0], di=[4, 5])
    data = synthesis.to_data(synthesis.pool(effects, model="exact"))
    assert data["natural"]["estimate"] is None
    assert data["not_finite"]["natural.estimate"] == "Infinity"
    assert data["not_finite"]["natural.ci_high"] == "Infinity"


def test_a_synthesis_keeps_every_key_that_it_always_had():
    effects = synthesis.effect_sizes("OR", ai=[3, 3], bi=[5, 6], ci=[1, 0], di=[4, 5], data_points=[("p1",), ("p2",)])
    result = synthesis.pool(effects, prediction="hts")
    data = synthesis.to_data(result)
    old = codec.to_data(result)
    del old["coefficients"]  # which has the intercept too
    assert {name: data[name] for name in old} == old
    assert data["options"] == {"prediction": "hts"}
    assert data["data_points"] == ["p1", "p2"]
    assert data["labels"] == ["1", "2"]
    (only,) = data["coefficients"]
    assert (only["term"], only["estimate"], only["ci_low"]) == ("intrcpt", result.estimate, result.ci_low)


def test_keys_come_in_one_order():
    one, two = (synthesis.to_json(answer("regtest")) for _ in range(2))
    assert one == two
    assert list(json.loads(one))[:3] == ["result", "function", "predictor"]


def test_workings_stay_out():
    assert "model" not in synthesis.to_data(answer("pool_mv"))
    assert "matrix" not in synthesis.to_data(answer("regress"))
    assert "curve" not in synthesis.to_data(answer("pool_bayes"))["mu"]


def test_dataclasses_within_are_objects():
    assert plain(Interval(0.5, None, math.inf))["ci_high"] is None
