import json
import math

import pytest

from stromata import synthesis as st
from stromata.synthesis.networks.components import additive
from synthesis.results.answers import ARMS, answer


def test_other_treatments_are_held_against_the_first():
    net = answer("network")
    table = st.to_table(net)
    rows = {row[0]: dict(zip(table.headers, row, strict=True)) for row in table.rows}
    placebo = rows["placebo vs cells"]
    assert placebo["estimate"] == pytest.approx(-net.random.estimates[0, 1])
    assert placebo["natural"] == pytest.approx(math.exp(placebo["estimate"]))
    assert placebo["ci_low"] < placebo["estimate"] < placebo["ci_high"]
    assert [row["term"] for row in st.to_data(net)["coefficients"]] == ["placebo vs cells", "steroids vs cells"]


def test_trials_treatments_and_consistency_are_told():
    text = st.results_text(answer("network"))
    assert "4 trials compared 3 treatments (cells, placebo and steroids)." in text
    assert "Test of consistency between designs" in text


def test_r_gets_contrasts_with_the_covariance_of_arms():
    call = st.r_call(answer("network"))
    assert "V[c(4, 5), c(4, 5)] <- matrix(" in call
    assert "random=~ treatment | study, rho=1/2" in call
    assert 'method="REML"' in call
    moments = st.r_call(st.network(**ARMS, measure="OR", tau2="dl"))
    assert "tau2 is held" in moments


def test_ranks_are_told_the_best_first():
    text = st.results_text(answer("rank_probabilities"))
    assert text.startswith("SUCRA: cells ")
    assert "nothing about the size" in text


def test_a_test_of_consistency_is_not_overread():
    assert "does not show consistency" in st.results_text(answer("inconsistency"))
    star = st.network(
        ["1", "1", "2", "2"], treatment=list("abac"), events=[3, 4, 5, 6], n=[20, 20, 20, 20], measure="OR"
    )
    assert "cannot be tested" in st.results_text(st.inconsistency(star))
    assert "no loops" in st.methods_text(star)


def test_contributions_have_a_row_per_estimate_and_shares_that_add_up():
    table = st.to_table(answer("contributions"))
    assert table.headers == ("term", "cells : placebo", "cells : steroids", "placebo : steroids")
    assert [sum(row[1:]) for row in table.rows] == pytest.approx([1, 1, 1])
    assert "contributed on average: placebo : steroids" in st.results_text(answer("contributions"))


def test_an_additive_model_tells_the_effects_of_components():
    treatments = ["cells", "placebo", "drug", "placebo", "cells + drug", "cells", "cells + drug", "placebo"]
    events = {"events": [4, 10, 6, 8, 9, 12, 5, 9], "n": [30, 31, 28, 29, 33, 30, 30, 30]}
    net = st.network(study=[1, 1, 2, 2, 3, 3, 4, 4], treatment=treatments, **events, measure="OR", level=0.9)
    found = additive(net, inactive="placebo")
    table = found.to_table()
    assert [row[0] for row in table.rows] == ["cells", "drug"]
    first = dict(zip(table.headers, table.rows[0], strict=True))
    assert (first["estimate"], first["se"]) == (found.effects[0].estimate, found.effects[0].se)
    assert first["statistic"] == found.effects[0].estimate / found.effects[0].se
    data = json.loads(found.to_json())
    assert (data["result"], data["function"]) == ("Additive", "additive")
    assert data["effects"][1]["component"] == "drug"
    assert "90 % CI" in found.results_text().replace("\N{NO-BREAK SPACE}", " ")
    assert "random-effects model, with the between-trial variance" in found.methods_text()
    assert found.r_call().startswith('# metafor has no additive networks; netmeta::netcomb(net, inactive="placebo")')
    common = additive(net, inactive="placebo", model="common")
    assert "under the common-effect model" in common.methods_text()
    assert "τ²" not in common.results_text()
