import inspect
import json
import subprocess
import sys
from dataclasses import FrozenInstanceError, fields, is_dataclass, replace

import numpy as np
import pytest

from stromata import synthesis as st
from stromata.errors import InvalidInput
from stromata.model import Caution
from stromata.synthesis.results.account import Table, describe
from stromata.synthesis.results.result import account_of
from synthesis.results.answers import ANSWERS, V, Y, answer, fit, net, regression

NO_RESULTS = {
    "recommend": "advice on which analysis to make",
    "aggregate_effects": "effects for further analyses",
    "sampling_covariance": "a matrix for further analyses",
}
"""Public functions whose answers carry cautions and are no results, and what they are."""


def answered_class(function):
    """Return the class that a function answers with, from its annotation; None for anything but a class."""
    plain = inspect.unwrap(function)
    name = plain.__annotations__.get("return", "")
    return plain.__globals__.get(name) if isinstance(name, str) else name


def functions_with_results():
    for name in st.__all__:
        function = getattr(st, name)
        if inspect.isfunction(function):
            cls = answered_class(function)
            if isinstance(cls, type) and is_dataclass(cls):
                carries = any(each.name == "cautions" for each in fields(cls))
                if (carries and name not in NO_RESULTS) or issubclass(cls, st.Result):
                    yield name


def test_every_function_with_a_result_has_an_answer_here():
    """A new result fails here until it has its five ways, and an answer to show them with."""
    assert sorted(functions_with_results()) == sorted(ANSWERS)


def test_exceptions_are_public():
    assert set(NO_RESULTS) <= set(st.__all__)


def test_every_public_class_of_results_can_be_described():
    account_of(answer("pool"))
    for name in st.__all__:
        cls = getattr(st, name)
        if isinstance(cls, type) and issubclass(cls, st.Result) and cls is not st.Result:
            with pytest.raises((AttributeError, TypeError)):  # nothing can be described of an empty shell, but it tries
                account_of(object.__new__(cls))
            assert describe.dispatch(cls) is not describe.dispatch(object), name


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_has_the_five_ways(name):
    result = answer(name)
    table = st.to_table(result)
    assert isinstance(table, Table)
    assert table.rows
    assert all(len(row) == len(table.headers) for row in table.rows)
    for text in (st.methods_text(result), st.results_text(result)):
        assert text.endswith(".")
        assert "  " not in text
        assert " ." not in text
        assert "None" not in text
        assert "nan" not in text.split()
    assert all(line for line in st.r_call(result).splitlines())
    assert "Computations were done with stromata" in st.methods_text(result)
    data = json.loads(st.to_json(result), parse_constant=pytest.fail)
    assert len(data["input_hash"]) == 64
    assert {name for name, _ in data["versions"]} == {"numpy", "scipy", "stromata"}
    assert data["result"] == type(result).__name__
    assert data["function"] == name


@pytest.mark.parametrize("name", ANSWERS)
def test_methods_and_functions_are_the_same(name):
    result = answer(name)
    if isinstance(result, st.Result):
        assert result.to_table() == st.to_table(result)
        assert result.to_json() == st.to_json(result)
        assert result.methods_text() == st.methods_text(result)
        assert result.results_text() == st.results_text(result)
        assert result.r_call() == st.r_call(result)


@pytest.mark.parametrize("name", ANSWERS)
def test_every_caution_reaches_the_text(name):
    result = answer(name)
    text = st.results_text(result)
    for caution in getattr(result, "cautions", ()):
        assert caution.text in text


def test_a_result_remembers_what_was_asked_and_not_the_arguments_themselves():
    y = np.array(Y)
    result = st.pool_estimates(y, V, method="pm")
    y[0] = 99.0
    assert result.asked.function == "pool_estimates"
    assert result.asked.get("yi")[0] == Y[0]
    assert result.asked.options == {"method": "pm", "test": "z", "level": 0.95}
    assert not result.asked.get("yi").flags.writeable


def test_further_keywords_are_data():
    result = st.pool_glmm("PLO", xi=[1, 2], ni=[6, 9])
    assert result.asked.data == {"labels": (), "xi": (1, 2), "ni": (6, 9)}
    assert "xi" not in result.asked.options


def test_equal_questions_have_equal_hashes_and_others_have_not():
    one = st.regtest(Y, V).asked.input_hash
    assert one == st.regtest(np.array(Y), tuple(V)).asked.input_hash
    assert one != st.regtest(Y, V, predictor="vi").asked.input_hash
    assert one != st.regtest([*Y[:-1], 0.81], V).asked.input_hash
    assert one != st.ranktest(Y, V).asked.input_hash


def test_what_was_asked_does_not_count_for_equality():
    result = st.ranktest(Y, V)
    assert replace(result, asked=None) == result


def test_results_stay_frozen():
    result = st.ranktest(Y, V)
    with pytest.raises((FrozenInstanceError, AttributeError, TypeError)):
        result.asked = None


def test_what_is_no_result_is_refused():
    with pytest.raises(InvalidInput, match="a int is no result"):
        st.to_table(3)


ROWS = {
    "predict": (lambda: st.predict(regression()), ("estimate", "pi_high")),
    "league": (lambda: st.league(net()), ("treatment", "against", "estimate")),
    "split": (lambda: st.split(net()), ("direct_estimate", "indirect_se", "difference_p")),
    "p_scores": (lambda: st.p_scores(net(), better="lower"), ("treatment", "score")),
    "edges": (lambda: st.edges(net()), ("treatment", "trials")),
    "component_intervals": (lambda: st.component_intervals(fit()), ("component_name", "low", "high")),
    "random_effects": (lambda: st.random_effects(fit()), ("levels", "estimate")),
    "variance_inflation": (lambda: st.variance_inflation(regression()), ("label", "vif")),
}


@pytest.mark.parametrize("name", ROWS)
def test_several_rows_are_a_table_and_json_too(name):
    make, columns = ROWS[name]
    found = make()
    table = st.to_table(found)
    assert set(columns) <= set(table.headers)
    assert len(table.rows) >= len(found)
    data = json.loads(st.to_json(found), parse_constant=pytest.fail)
    assert (data["result"], len(data["rows"])) == (type(found[0]).__name__, len(found))


@pytest.mark.parametrize("rows", [(), (1, 2), [Caution("a", "b")]])
def test_rows_of_anything_else_are_refused(rows):
    for show in (st.to_table, st.to_json):
        with pytest.raises(InvalidInput, match="no result of a synthesis"):
            show(rows)


def test_what_follows_the_work_is_not_asked():
    heard = []
    found = st.permutation_test(regression(), permutations=100, progress=lambda *note: heard.append(note))
    assert heard
    assert found.asked.options == {"permutations": 100, "seed": 0}


def test_results_that_were_made_otherwise_still_speak():
    for name in ANSWERS:
        result = answer(name)
        if isinstance(result, st.Result):
            bare = replace(result, asked=None)
            assert st.results_text(bare), name
            assert st.methods_text(bare), name
            assert st.r_call(bare), name
            assert json.loads(st.to_json(bare))["result"], name


def test_descriptions_load_only_when_they_are_wanted():
    code = (
        "import sys, stromata.synthesis as s; s.pool_estimates([1, 2, 3], [1, 1, 1]);"
        "print([m for m in sys.modules if m.endswith(('results.arrays', 'results.wording', 'results.pooled'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
