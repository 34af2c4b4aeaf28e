"""Model matrices have R's columns, names and coding."""

import math
import pickle

import numpy as np
import pytest

from stromata.errors import InvalidInput
from stromata.synthesis.regression.formulas import model_matrix, new_rows

DATA = {
    "x": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
    "z": [2, 3, 5, 7, 11, 13],
    "g": ["b", "a", "c", "a", "b", "c"],
    "h": ["u", "v", "u", "v", "v", "u"],
    "n": [10, 9, 10, 9, 10, 11],
    "flag": [True, False, True, True, False, False],
}


@pytest.mark.parametrize(
    ("formula", "names"),
    [
        ("~ x + g", ("intrcpt", "x", "gb", "gc")),
        ("~ factor(n)", ("intrcpt", "factor(n)10", "factor(n)11")),
        ("~ flag", ("intrcpt", "flagTRUE")),
        ("~ g - 1", ("ga", "gb", "gc")),
        ("~ 0 + g + h", ("ga", "gb", "gc", "hv")),
        ("~ 0 + x + g", ("x", "ga", "gb", "gc")),
        ("~ x:g", ("intrcpt", "x:ga", "x:gb", "x:gc")),
        ("~ x*h", ("intrcpt", "x", "hv", "x:hv")),
        ("~ g*h", ("intrcpt", "gb", "gc", "hv", "gb:hv", "gc:hv")),
        ("~ g + g:h", ("intrcpt", "gb", "gc", "ga:hv", "gb:hv", "gc:hv")),
        ("~ 0 + g:h", ("ga:hu", "gb:hu", "gc:hu", "ga:hv", "gb:hv", "gc:hv")),
        ("~ 0 + g*x", ("ga", "gb", "gc", "x", "gb:x", "gc:x")),
        ('~ relevel(g, ref="c")', ("intrcpt", 'relevel(g, ref = "c")a', 'relevel(g, ref = "c")b')),
        ("~ poly(x, 2)", ("intrcpt", "poly(x, 2)1", "poly(x, 2)2")),
        ("~ rcs(x, 3)", ("intrcpt", "rcs(x, 3)x", "rcs(x, 3)x'")),
        ("~ bs(x, df=4)", ("intrcpt", *(f"bs(x, df = 4){i}" for i in range(1, 5)))),
    ],
)
def test_columns_are_named_and_coded_as_in_r(formula, names):
    assert model_matrix(formula, DATA).names == names


def test_numbers_functions_and_products_are_worked_out():
    made = model_matrix("~ I((x - 2)^2) + log(z) + x:h + sqrt(x)", DATA)
    x, z, v = np.array(DATA["x"]), np.array(DATA["z"]), np.array([h == "v" for h in DATA["h"]], dtype=float)
    expected = {
        "I((x - 2)^2)": (x - 2) ** 2,
        "log(z)": np.log(z),
        "x:hu": x * (1 - v),
        "x:hv": x * v,
        "sqrt(x)": np.sqrt(x),
    }
    for name, column in expected.items():
        np.testing.assert_allclose(made.x[:, made.names.index(name)], column, rtol=1e-15)


def test_terms_say_which_columns_belong_together():
    made = model_matrix("~ x + g + x:g", DATA)
    assert made.terms == ("intrcpt", "x", "g", "g", "x:g", "x:g")
    assert made.intercept
    assert not model_matrix("~ x - 1", DATA).intercept


@pytest.mark.parametrize(
    ("levels", "ordered"),
    [
        (["b", "A", "a", "B"], ["a", "A", "b", "B"]),
        (["400", "<400", "x400"], ["<400", "400", "x400"]),
        (["é", "f", "e"], ["e", "é", "f"]),
        ([10.0, 9.0, 2.5], ["2.5", "9", "10"]),
        (["10", "9"], ["10", "9"]),
    ],
)
def test_levels_are_sorted_and_the_first_is_the_reference(levels, ordered):
    made = model_matrix("~ factor(q) - 1", {"q": levels})
    assert [name.removeprefix("factor(q)") for name in made.names] == ordered


def test_rows_with_missing_values_are_left_out_and_told():
    data = {"x": [1.0, math.nan, 3.0, 4.0], "g": ["a", "b", None, "b"], "other": [None] * 4}
    made = model_matrix("~ x + g", data)
    assert made.rows == (0, 3)
    assert made.left_out == ((1, "x"), (2, "g"))
    np.testing.assert_array_equal(made.x, [[1, 1, 0], [1, 4, 1]])


def test_new_rows_keep_levels_knots_and_polynomials():
    made = model_matrix("~ g*x + poly(z, 2) + ns(x, df=2) + rcs(z, 3) + bs(x, knots=3)", DATA)
    again = new_rows(made, DATA)
    np.testing.assert_array_equal(again, made.x)
    np.testing.assert_array_equal(new_rows(made, {name: values[3:5] for name, values in DATA.items()}), made.x[3:5])


def test_a_matrix_can_be_pickled():
    made = model_matrix("~ ns(x, df=2) + poly(z, 2) + g", DATA)
    np.testing.assert_array_equal(new_rows(pickle.loads(pickle.dumps(made)), DATA), made.x)


def test_the_matrix_is_read_only():
    with pytest.raises(ValueError, match="read-only"):
        model_matrix("~ x", DATA).x[0, 0] = 2


@pytest.mark.parametrize(
    ("formula", "data", "what"),
    [
        ("~ x + q", DATA, "position 7: no column 'q'"),
        ("~ log(g)", DATA, "column 'g' has the value 'b'"),
        ("~ foo(x)", DATA, "position 3: no function foo()"),
        ("~ log(x, z)", DATA, "log() takes one argument"),
        ("~ I(x:z)", DATA, "cannot stand in arithmetic"),
        ("~ x", {"x": [1, "a"]}, "only"),
        ("~ g", {"g": ["a", "a"]}, "column 'g' has only the level 'a'"),
        ("~ factor(x)", {"x": [2, 2]}, "column 'x' has only the level '2'"),
        ("~ log(x)", {"x": [1, 0]}, "row 2: log(x) is -inf"),
        ("~ x + y", {"x": [1, 2], "y": [1, 2, 3]}, "column 'y' has 3 values; 2 are needed"),
        ('~ relevel(g, ref="q")', DATA, "relevel() needs ref"),
        ("~ factor(x + z)", DATA, "factor() takes one column"),
        ("~ ns(df=3)", DATA, "position 3: ns(df = 3) has no column"),
        ("~ ns(df=x)", DATA, "ns() needs a column first"),
        ("~ ns(x, k=2)", DATA, "ns() has no argument k"),
        ("~ ns(x, df=z)", DATA, "a number, or c() with numbers"),
        ("~ poly(x, 6)", DATA, "position 3: degree 6 needs 7 different values"),
        ("~ poly(factor(g), 2)", DATA, "takes a column"),
        ("~ 1", None, "has no columns"),
    ],
)
def test_errors_name_the_column_the_level_or_the_position(formula, data, what):
    if what == "only":  # a column with any text in it is a factor
        assert model_matrix(formula, data).names == ("intrcpt", "xa")
        return
    with pytest.raises(InvalidInput) as error:
        model_matrix(formula, data)
    assert what in error.value.message


@pytest.mark.parametrize(
    ("new", "what"),
    [
        ({"x": [1.0]}, "no column 'g'"),
        ({"x": [1.0], "g": ["q"]}, "row 1, column 'g': no level 'q'"),
        ({"x": [None], "g": ["a"]}, "row 1, column 'x': no value"),
        ({"x": [1.0, 2.0], "g": ["a"]}, "column"),
    ],
)
def test_new_rows_that_cannot_be_made_are_refused(new, what):
    with pytest.raises(InvalidInput) as error:
        new_rows(model_matrix("~ x + g", DATA), new)
    assert what in error.value.message
