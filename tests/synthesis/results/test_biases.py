import pytest

from stromata import synthesis as st
from stromata.synthesis.results.biases import facts, given_studies
from synthesis.results.answers import TABLES, V, Y


def said(result):
    return st.results_text(result).replace("\u00a0", " ")


def test_eggers_test_tells_slope_and_limit():
    result = st.regtest(Y, V, level=0.9)
    assert f"the slope on the standard error was {result.slope:.2f} (z = " in said(result)
    assert "90 % CI" in said(result)
    assert "fewer than 10" in said(result)
    assert "ni=ni" in st.r_call(st.regtest(Y, V, ni=[9, 8, 7, 6, 5, 9, 4], predictor="ninv"))
    assert 'model="lm"' in st.r_call(st.regtest(Y, V, model="lm"))


def test_missing_studies_are_not_called_data():
    result = st.trimfill(Y, V)
    assert f"{result.k0} studies appeared to be missing on the {result.side} side" in said(result)
    assert "not data" in said(result)
    assert f'side="{result.side}"' in st.r_call(result)


def test_a_rank_test_without_ranks_says_so():
    assert "no answer" in said(st.ranktest([1, 1, 1], [0.1, 0.1, 0.1]))


def test_the_rule_of_pet_peese_is_told():
    result = st.pet_peese(Y, V)
    assert f"By the rule, {result.chosen.upper()} is the estimate." in said(result)


def test_a_single_cut_point_is_singular():
    assert "with a cut-point at 0.025" in st.methods_text(st.three_parameter(Y, V))
    assert "cannot be checked" in said(st.three_parameter(Y, V))
    many = st.selmodel(Y, V, type="stepfun", steps=(0.05, 0.5))
    assert "with cut-points at 0.05 and 0.5" in st.methods_text(many)
    assert "steps=c(0.05, 0.5)" in st.r_call(many)


def test_fail_safe_numbers_tell_their_assumption():
    assert "averages nothing" in said(st.fsn(Y, V))
    assert "overturned already" in said(st.fsn([0.01, -0.02], [1, 1]))
    assert "bring the average to 0.2" in said(st.fsn(Y, V, type="orwin", target=0.2))
    assert st.r_call(st.fsn(Y, V, combination="fisher")).startswith("#")


def test_a_p_curve_is_not_overread():
    weak = st.p_curve([0.1, 0.2], [0.1, 0.1])
    assert "Of 2 studies, 0 were significant." in said(weak)
    assert "evidential value" not in said(weak).partition("significant.")[2].partition(".")[0]


def test_excess_is_observed_against_expected():
    result = st.tes(Y, V)
    assert f"{result.observed} were significant and {result.expected:.1f} were expected" in said(result)


@pytest.mark.parametrize("kind", ["harbord", "peters", "deeks", "macaskill", "macaskill-pooled", "arcsine"])
def test_tests_of_tables_are_named(kind):
    result = st.regtest_tables(**TABLES, type=kind)
    name = kind.partition("-")[0]
    assert name in st.methods_text(result).lower()
    assert "lm(" in st.r_call(result) or "regtest(" in st.r_call(result)


def test_studies_come_back_as_they_were_used():
    result = st.regtest([*Y, None], [*V, 0.1], labels=list("abcdefgh"))
    assert given_studies(result.asked).labels == tuple("abcdefg")


def test_facts_are_a_table_of_two_columns():
    assert facts(k=3, p=0.5).rows == (("k", 3), ("p", 0.5))
