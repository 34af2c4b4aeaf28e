"""Formulas are read as R reads them."""

import pytest

from stromata.errors import InvalidInput
from stromata.synthesis.regression.terms import read_terms, written


def labels(formula):
    intercept, terms = read_terms(formula)
    return intercept, [":".join(map(written, term)) for term in terms]


@pytest.mark.parametrize(
    ("formula", "intercept", "terms"),
    [
        ("~ 1", True, []),
        ("~ x", True, ["x"]),
        ("~ x - 1", False, ["x"]),
        ("~ 0 + x", False, ["x"]),
        ("~ x + 0", False, ["x"]),
        ("~ -1 + x + 1", True, ["x"]),
        ("~ a*b", True, ["a", "b", "a:b"]),
        ("~ a:b + c", True, ["c", "a:b"]),
        ("~ a*b*c", True, ["a", "b", "c", "a:b", "a:c", "b:c", "a:b:c"]),
        ("~ (a + b + c)^2", True, ["a", "b", "c", "a:b", "a:c", "b:c"]),
        ("~ a/b", True, ["a", "a:b"]),
        ("~ a*b - a:b", True, ["a", "b"]),
        ("~ a + b - a", True, ["b"]),
        ("~ b:a + a:b", True, ["b:a"]),
        ("~ a + a", True, ["a"]),
        ("~ a:b*c", True, ["c", "a:b", "a:b:c"]),
        ("~ x^2", True, ["x"]),
        ("~ weeks.c + `time at risk`", True, ["weeks.c", "time at risk"]),
    ],
)
def test_operators_expand_into_terms_main_effects_first(formula, intercept, terms):
    assert labels(formula) == (intercept, terms)


@pytest.mark.parametrize(
    ("given", "as_in_r"),
    [
        ("factor( x )", "factor(x)"),
        ("I((x-33)^2)", "I((x - 33)^2)"),
        ("I(a/b*c)", "I(a/b * c)"),
        ("I(-x+1)", "I(-x + 1)"),
        ("ns(x,df=3)", "ns(x, df = 3)"),
        ("rcs(x,c(1,2.5,-3))", "rcs(x, c(1, 2.5, -3))"),
        ("relevel(g,ref='b')", 'relevel(g, ref = "b")'),
        ("log(x)", "log(x)"),
        ("I(2^3^2)", "I(2^3^2)"),
    ],
)
def test_factors_are_written_as_r_writes_them(given, as_in_r):
    assert labels(f"~ {given}")[1] == [as_in_r]


@pytest.mark.parametrize(
    ("formula", "position", "what"),
    [
        ("x + y", 1, "begins with"),
        ("", 1, "begins with"),
        ("~ x +", 6, "missing at the end"),
        ("~ (x", 5, "')' is missing"),
        ("~ x $ y", 5, "no such character"),
        ("~ x)", 4, "')' cannot stand here"),
        ("~ x + 2", 7, "the number 2"),
        ("~ 'x'", 3, "text in quotes"),
        ("~ y ~ x", 5, "'~' cannot stand here"),
        ("~ (~x)", 4, "'~' stands at the beginning"),
        ("~ (a + b)^0", 10, "the power of terms"),
        ("~ a^b", 4, "the power of terms"),
        ("~ log(x", 8, "')' is missing"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_position(formula, position, what):
    with pytest.raises(InvalidInput) as error:
        read_terms(formula)
    assert f"position {position}:" in error.value.message
    assert what in error.value.message
