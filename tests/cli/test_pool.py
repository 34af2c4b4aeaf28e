"""pool: a table of studies to a synthesis, without a review."""

import math
import re

import pytest

BCG = """trial,tpos,tneg,cpos,cneg,ablat,year,alloc
Aronson 1948,4,119,11,128,44,1948,random
Ferguson and Simes 1949,6,300,29,274,55,1949,random
Rosenthal 1960,3,228,11,209,42,1960,random
Hart and Sutherland 1977,62,13536,248,12619,52,1977,random
Frimodt-Moller 1973,33,5036,47,5761,13,1973,alternate
Stein and Aronson 1953,180,1361,372,1079,44,1953,alternate
Vandiviere 1973,8,2537,10,619,19,1973,random
TPT Madras 1980,505,87886,499,87892,13,1980,random
Coetzee and Berjak 1968,29,7470,45,7232,27,1968,random
Rosenthal 1961,17,1699,65,1600,42,1961,systematic
Comstock 1974,186,50448,141,27197,18,1974,systematic
Comstock and Webster 1969,5,2493,3,2338,33,1969,systematic
Comstock 1976,27,16886,29,17825,33,1976,systematic
"""


@pytest.fixture
def table(tmp_path):
    def make(text: str):
        path = tmp_path / "data.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return make


def test_pool_proportions_with_a_binomial_normal_model(run, table):
    path = table("xi,ni\n8,17\n2,7\n2,2\n0,5\n1,1\n")
    result = run("pool", path, "--measure", "PLO", "--events", "xi", "--total", "ni", "--model", "glmm", "--json").json
    promised = {"k", "measure", "model", "estimate", "se", "ci_low", "ci_high", "tau2", "natural", "cautions"}
    assert promised <= result.keys()
    assert (result["k"], result["measure"], result["model"]) == (5, "PLO", "glmm")
    assert result["natural"]["estimate"] == pytest.approx(1 / (1 + math.exp(-result["estimate"])))
    assert result["cautions"][0].keys() == {"code", "text"}


def test_pool_risk_ratios_of_the_bcg_trials(run, table):
    # Colditz et al 1994, JAMA 271:698-702; log risk ratio under REML as published for this data set:
    # -0.7145, tau2 0.3132.
    done = run(
        "pool", table(BCG), "--measure", "RR", "--columns", "ai=tpos,bi=tneg,ci=cpos,di=cneg",
        "--model", "random", "--tau2", "reml", "--test", "knha", "--label", "trial", "--json",
    )  # fmt: skip
    result = done.json
    assert result["k"] == 13
    assert result["estimate"] == pytest.approx(-0.7145, abs=5e-5)
    assert result["tau2"] == pytest.approx(0.3132, abs=5e-5)
    assert result["natural"]["estimate"] == pytest.approx(math.exp(-0.7145), abs=5e-5)
    assert result["effects"][0]["label"] == "Aronson 1948"


def test_pool_by_group_shows_a_table(run, table):
    done = run(
        "pool", table(BCG), "--measure", "RR", "--columns", "ai=tpos,bi=tneg,ci=cpos,di=cneg", "--group", "alloc"
    )  # fmt: skip
    assert done.status == 0
    for word in ("random", "alternate", "systematic"):
        assert word in done.out


def test_pool_names_bad_cells_and_goes_on(run, table):
    path = table("xi,ni\n8,17\n\n=1+1,7\n9,3\n2,x\n3,6\n")
    done = run("pool", path, "--measure", "PLO", "--events", "xi", "--total", "ni", "--json")
    assert done.json["k"] == 2
    assert [line.split(":")[1] for line in done.err.splitlines() if "data.csv" in line] == ["4", "5", "6"]
    assert "rows-left-out" in [caution["code"] for caution in done.json["cautions"]]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--measure", "XX", "--events", "xi", "--total", "ni"), "PLO"),
        (("--measure", "PLO", "--events", "xi", "--total", "nn"), "no column 'nn'"),
        (("--measure", "PLO"), "ni"),
        (("--measure", "RR", "--columns", "ai:tpos"), "NAME=COLUMN"),
        (("--measure", "PLO", "--events", "xi", "--total", "ni", "--model", "magic"), "glmm"),
    ],
)
def test_pool_refuses_what_it_cannot_do_and_says_what_it_can(run, table, words, says):
    done = run("pool", table("xi,ni\n8,17\n3,6\n"), *words)
    assert done.status == 4
    assert says in done.err


def test_pool_refuses_an_empty_table(run, table):
    assert run("pool", table(""), "--measure", "PLO", "--events", "xi", "--total", "ni").status == 4
    assert run("pool", table("xi,ni\n"), "--measure", "PLO", "--events", "xi", "--total", "ni").status == 4


def test_pool_refuses_two_columns_of_one_name_and_leaves_out_rows_that_are_too_long(run, table):
    words = ("--measure", "PLO", "--events", "xi", "--total", "ni")
    twice = run("pool", table("xi,xi,ni\n8,1,17\n"), *words)
    assert (twice.status, "several columns xi" in twice.err) == (4, True)
    longer = run("pool", table("xi,ni\n8,17\n3,9,7\n2,6\n"), *words, "--json")
    assert longer.json["k"] == 2
    assert ":3:" in longer.err
    assert "rows-left-out" in [caution["code"] for caution in longer.json["cautions"]]


THREE = "study,e,n,c,m\na,3,50,5,48\nb,0,30,2,31\nc,4,60,9,62\n"
COUNTS = ("--columns", "ai=e,n1i=n,ci=c,n2i=m")


def _pooled(run, tmp_path, *options):
    (tmp_path / "three.csv").write_text(THREE, encoding="utf-8")
    return run("pool", tmp_path / "three.csv", "--json", *options)


def test_mantel_haenszel_is_the_ratio_of_the_two_sums(run, tmp_path):
    found = _pooled(run, tmp_path, "--measure", "OR", "--model", "mh", *COUNTS).json
    cells = ((3, 47, 5, 43), (0, 30, 2, 29), (4, 56, 9, 53))
    by_hand = sum(a * d / (a + b + c + d) for a, b, c, d in cells) / sum(
        b * c / (a + b + c + d) for a, b, c, d in cells
    )
    assert found["natural"]["estimate"] == pytest.approx(by_hand, rel=1e-12)
    assert found["model"] == "mh"


def test_rates_a_given_tau2_and_another_prediction_interval_can_be_asked_for(run, tmp_path):
    rates = ("--measure", "IRR", "--columns", "x1i=e,t1i=n,x2i=c,t2i=m")
    usual = _pooled(run, tmp_path, *rates, "--tau2", "0.1").json
    wide = _pooled(run, tmp_path, *rates, "--tau2", "0.1", "--prediction", "hts").json
    assert (usual["tau2"], usual["estimate"]) == (0.1, wide["estimate"])
    assert wide["pi_low"] < usual["pi_low"] < usual["pi_high"] < wide["pi_high"]


def test_what_is_added_to_empty_cells_can_be_said(run, tmp_path):
    half = _pooled(run, tmp_path, "--measure", "OR", *COUNTS).json
    some = _pooled(run, tmp_path, "--measure", "OR", "--add", "0.1", *COUNTS).json
    none = _pooled(run, tmp_path, "--measure", "OR", "--to", "none", *COUNTS).json
    assert (half["k"], some["k"], none["k"]) == (3, 3, 2)
    assert len({round(found["estimate"], 6) for found in (half, some, none)}) == 3


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [("--to", "some", "only0"), ("--model", "laplace", "peto"), ("--tau2", "dll", "pmm"), ("--compat", "r", "revman")],
)
def test_what_does_not_exist_is_refused_with_what_does(run, tmp_path, option, value, words):
    done = _pooled(run, tmp_path, "--measure", "OR", option, value, *COUNTS)
    assert (done.status, words in done.err) == (4, True)


def test_pool_draws_forest_and_funnel_plots_in_the_format_of_their_ending(run, tmp_path):
    drawn = [tmp_path / name for name in ("forest.svg", "forest.png", "funnel.pdf")]
    _pooled(run, tmp_path, "--measure", "OR", "--model", "mh", *COUNTS, "--forest", drawn[0])
    _pooled(run, tmp_path, "--measure", "OR", *COUNTS, "--forest", drawn[1], "--funnel", drawn[2])
    starts = [path.read_bytes()[:8] for path in drawn]
    assert starts[0].startswith(b"<?xml") or starts[0].startswith(b"<svg")
    assert starts[1:] == [b"\x89PNG\r\n\x1a\n", starts[2]]
    assert starts[2].startswith(b"%PDF")
    refused = _pooled(run, tmp_path, "--measure", "OR", *COUNTS, "--forest", tmp_path / "forest.gif")
    assert (refused.status, "does not end in" in refused.err) == (4, True)


CELLS = ("--columns", "ai=tpos,bi=tneg,ci=cpos,di=cneg", "--label", "trial")


def bcg(run, table, *options, text: str = BCG, measure: str = "RR"):
    return run("pool", table(text), "--measure", measure, *CELLS, *options)


def test_the_json_has_what_programs_look_for(run, table):
    found = bcg(run, table, "--tau2", "DL", "--test", "knha", "--json").json
    promised = {"tau2_se", "i2", "h2", "q", "q_df", "q_p", "pi_low", "pi_high", "coefficients"}
    assert promised <= found.keys()
    (only,) = found["coefficients"]
    assert only["term"] == "intrcpt"
    assert only.keys() == {"term", "estimate", "se", "statistic", "df", "p", "ci_low", "ci_high"}
    assert [only[name] for name in ("estimate", "se", "df", "p")] == [
        found[name] for name in ("estimate", "se", "df", "p")
    ]


def test_a_meta_regression_gives_the_published_coefficients(run, table):
    # Viechtbauer 2010, Journal of Statistical Software 36(3): absolute latitude and year, REML, iterated there to 1e-5.
    found = bcg(run, table, "--moderators", "~ ablat + year", "--json").json
    terms = {one["term"]: one for one in found["coefficients"]}
    assert list(terms) == ["intrcpt", "ablat", "year"]
    assert terms["intrcpt"]["estimate"] == pytest.approx(-3.5455, abs=2e-4)
    assert [round(terms["ablat"][name], 4) for name in ("estimate", "se")] == [-0.028, 0.0102]
    assert round(found["tau2"], 4) == 0.1108
    assert (found["q_df"], round(found["q"], 4)) == (10, 28.3251)
    assert found["moderator_tests"][0]["df"] == 2
    assert found["moderator_tests"][0]["statistic"] == pytest.approx(12.2043, abs=5e-4)
    assert (found["estimate"], found["natural"]["estimate"]) == (None, None)


def test_a_person_reads_what_moderators_account_for(run, table):
    out = bcg(run, table, "--moderators", "~ ablat + factor(alloc)", "--test", "knha").out
    assert all(word in out for word in ("factor(alloc)random", "QM = ", "QE = ", "R2 = ", "Residual tau2"))
    assert "on 3 and 9 df" in out, "under Knapp-Hartung the moderators are tested by F"


def test_a_formula_of_nothing_but_the_intercept_is_an_ordinary_pool(run, table):
    plain, one = (bcg(run, table, *more, "--json").json for more in ((), ("--moderators", "~ 1")))
    assert one == plain


def test_counts_take_moderators_too(run, table):
    found = bcg(run, table, "--model", "glmm", "--moderators", "ablat", "--json", measure="OR").json
    assert [one["term"] for one in found["coefficients"]] == ["intrcpt", "ablat"]
    assert found["coefficients"][1]["estimate"] < 0
    assert found["moderators"] == "~ ablat"


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        ("~ ablat + factor(alloc", "position 23"),
        ("~ latitude", "data.csv has no column 'latitude'; it has trial, tpos"),
        ("~ ablat + I(2 * ablat)", "data.csv: column 'I(2 * ablat)' of the model matrix depends on those before it"),
        ("~ log(ablat - 13)", "data.csv: line 6 (Frimodt-Moller 1973): log(ablat - 13) is -inf"),
        ("~ log(alloc)", "alloc"),
    ],
)
def test_a_formula_that_cannot_be_used_is_refused_with_its_place(run, table, formula, says):
    done = bcg(run, table, "--moderators", formula)
    assert (done.status, says in done.err) == (4, True), done.err


def test_a_slip_in_a_moderator_does_not_turn_a_dose_into_groups(run, table):
    text = BCG.replace(",128,44,", ",128,44N,")
    done = bcg(run, table, "--moderators", "~ ablat", text=text)
    assert (done.status, "data.csv:2:ablat: '44N' is not a number" in done.err) == (4, True)
    assert bcg(run, table, "--moderators", "~ factor(ablat > 0)", text=text).status == 4
    groups = bcg(
        run,
        table,
        "--moderators",
        "~ factor(alloc)",
        text=BCG.replace(",random\nFerg", ",1\nFerg"),
    )
    assert groups.status == 0, "a factor may hold numbers and words"


def test_a_missing_moderator_is_named_by_line_and_column_and_its_row_left_out(run, table):
    done = bcg(run, table, "--moderators", "~ ablat", "--json", text=BCG.replace(",128,44,", ",128,,"))
    assert (done.status, done.json["k"]) == (3, 12)
    assert "data.csv:2:ablat: the moderator ablat is empty" in done.err
    assert "line 2" in next(item["text"] for item in done.json["cautions"] if item["code"] == "rows-left-out")


def test_a_row_that_gives_no_effect_takes_its_moderator_along(run, table):
    without = bcg(
        run, table, "--moderators", "~ ablat", "--json", text=BCG.replace("Aronson 1948,4,", "Aronson 1948,x,")
    )
    gone = bcg(
        run,
        table,
        "--moderators",
        "~ ablat",
        "--json",
        text=BCG.replace("Aronson 1948,4,119,11,128,44,1948,random\n", ""),
    )
    assert without.json["coefficients"] == gone.json["coefficients"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--moderators", "~ ablat", "--model", "mh"), "takes no moderators"),
        (("--moderators", "~ ablat", "--group", "alloc"), "two ways to ask the same"),
        (("--moderators", "~ ablat", "--tau2", "0.1"), "tau2 cannot be a given value"),
        (("--model", "common", "--test", "knha"), "the common model has none"),
        (("--model", "glmm"), "PLO, IRLN, OR, IRR, not RR"),
        (("--model", "bayes", "--test", "knha"), "a posterior distribution is not tested"),
        (("--model", "bayes", "--tau-prior", "half-normal wide"), "not a number"),
        (("--model", "bayes", "--tau-prior", "flat"), "half-cauchy"),
        (("--model", "bayes", "--mu-prior", "0"), "a mean and a standard deviation"),
        (("--model", "bayes", "--threshold", "-1"), "no value of RR"),
        (("--threshold", "1"), "Use model bayes"),
        (("--model", "beta-binomial", "--interval", "qp"), "does not go with the beta-binomial model"),
    ],
)
def test_combinations_without_a_meaning_are_refused_with_the_reason(run, table, options, says):
    done = bcg(run, table, *options)
    assert (done.status, says in done.err) == (4, True), done.err


def test_a_posterior_tells_how_probable_less_than_a_threshold_is(run, table):
    options = ("--model", "bayes", "--tau-prior", "half-normal 0.5", "--threshold", "1", "--threshold", "0.8")
    found = bcg(run, table, *options, "--json").json
    low, high = found["probabilities"][1], found["probabilities"][0]
    assert 0.9 < low["mean_below"] < high["mean_below"] < 1
    assert high["new_below"] < high["mean_below"]
    assert found["natural"]["estimate"] == pytest.approx(math.exp(found["estimate"]))
    assert (found["p"], found["tau2_method"]) == (None, "half-normal, scale 0.5")
    assert "Probability of less than 0.8" in bcg(run, table, *options).out
    assert bcg(run, table, "--model", "bayes", "--json").json["estimate"] == found["estimate"], "the usual prior"


def test_a_beta_binomial_model_by_group(run, table):
    # A tenth of the people: what the search costs grows with them.
    smaller = re.sub(r"(?<=,)(\d+)(?=,(?:\d+,)*\d+,19)", lambda count: str(int(count[1]) // 10 + 1), BCG)
    found = bcg(run, table, "--model", "beta-binomial", "--subgroup", "alloc", "--json", text=smaller).json
    assert [(name, part["k"]) for name, part in found["subgroups"]] == [
        ("random", 7), ("alternate", 2), ("systematic", 4)
    ]  # fmt: skip
    assert found["subgroup_test"]["df"] == 2
    assert 0 < found["rho"] < 1


def test_an_estimator_that_is_not_needed_is_told_and_harmless(run, table):
    done = bcg(run, table, "--model", "mh", "--tau2", "REML", "--json")
    assert (done.status, "was not needed" in done.err, done.json["tau2"]) == (0, True, None)


def test_intervals_of_tau2_can_be_chosen(run, table):
    wide = {name: bcg(run, table, "--interval", name, "--json").json for name in ("qp", "pl")}
    assert [found["tau2_interval"] for found in wide.values()] == ["qp", "pl"]
    assert wide["qp"]["tau2_high"] != wide["pl"]["tau2_high"]


ROLES = {
    "IRLN": ("xi,ti", "3,10\n5,12\n2,30"),
    "IRR": ("x1i,t1i,x2i,t2i", "3,10,5,11\n5,12,9,13\n2,30,4,33"),
    "SMD": ("m1i,sd1i,n1i,m2i,sd2i,n2i", "3,1,10,2,1,11\n5,2,12,4,2,13\n2,1,30,2.5,1,33"),
    "MN": ("mi,sdi,ni", "3,1,10\n5,2,12\n2,1,30"),
    "ZCOR": ("ri,ni", "0.3,10\n0.1,12\n0.5,30"),
    "PR": ("xi,mi", "3,10\n5,12\n2,30"),
    "GEN": ("yi,sei", "0.3,0.1\n0.1,0.2\n0.5,0.1"),
    "HR": ("yi,vi", "0.3,0.1\n0.1,0.2\n0.5,0.1"),
    "OR": ("ai,n1i,ci,n2i", "3,10,5,11\n5,12,9,13\n2,30,4,33"),
    "SMCC": ("m1i,sd1i,m2i,sd2i,ni,ri", "3,1,2,1,10,0.5\n5,2,4,2,12,0.4\n2,1,2.5,1,30,0.6"),
}


@pytest.mark.parametrize("measure", ROLES)
def test_every_kind_of_role_name_is_understood(run, table, measure):
    roles, rows = ROLES[measure]
    columns = ",".join(f"{role}={role}" for role in roles.split(","))
    found = run("pool", table(f"{roles}\n{rows}\n"), "--measure", measure.lower(), "--columns", columns, "--json").json
    assert (found["k"], found["measure"]) == (3, measure)


def test_columns_beyond_those_needed_are_told(run, table):
    done = run(
        "pool", table("a,b,n\n3,7,10\n5,7,12\n"), "--measure", "PLO", "--columns", "xi=a,mi=b,ni=n", "--json"
    )  # fmt: skip
    assert (done.status, done.json["k"], "not needed: mi" in done.err) == (0, 2, True)


@pytest.mark.parametrize(
    ("options", "function"),
    [
        (("--test", "knha"), "rma("),
        (("--moderators", "~ ablat + factor(alloc)"), "mods"),
        (("--model", "bayes", "--measure", "OR"), "bayesmeta("),
        (("--model", "glmm", "--measure", "OR", "--glmm", "cm.al"), "rma.glmm("),
        (("--model", "beta-binomial", "--measure", "OR"), "#"),
        (
            (
                "--model",
                "mh",
            ),
            "rma.mh(",
        ),
    ],
)
def test_paragraphs_for_a_paper_and_the_analysis_in_r(run, table, options, function):
    given = [options[place + 1] for place, word in enumerate(options) if word == "--measure"] or ["RR"]
    rest = [word for place, word in enumerate(options) if word != "--measure" and options[place - 1] != "--measure"]
    result = bcg(run, table, *rest, "--text", "--json", measure=given[0]).json
    assert "stromata" in result["methods_text"]
    assert "13 studies" in result["results_text"]
    assert function in result["r_call"]
    assert "methods_text" not in bcg(run, table, "--json").json


def test_a_person_reads_the_paragraphs_too(run, table):
    shown = bcg(run, table, "--text").out
    assert "13 studies with" in shown
    assert "library(metafor)" in shown.splitlines()


def test_a_table_from_a_spreadsheet_program_of_another_country_is_read(run, tmp_path):
    path = tmp_path / "data.csv"
    path.write_bytes("研究;xi;ni\n甲一;2;6\n乙二;3;9\n".encode("gb18030"))
    done = run("pool", path, "--measure", "PLO", "--columns", "xi=xi,ni=ni", "--label", "研究", "--json")
    assert [effect["label"] for effect in done.json["effects"]] == ["甲一", "乙二"]
    assert "GB18030" in done.err
    assert not any(caution["code"] == "rows-left-out" for caution in done.json["cautions"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--columns", "xi=a,ni=n,xi=b"), "xi is given twice, as 'a' and as 'b'"),
        (("--events", "a", "--total", "n", "--columns", "xi=b"), "xi is given twice"),
        (("--events", "zz", "--total", "n"), "data.csv has no column 'zz'; it has study, a, b, n"),
        (("--events", "a", "--total", "n", "--label", "zz"), "data.csv has no column 'zz'"),
        (("--events", "a", "--total", "n", "--group", "zz"), "data.csv has no column 'zz'"),
        (("--events", "a", "--total", "n", "--model", "glmm", "--glmm", "foo"), "no GLMM 'foo'"),
    ],
)
def test_columns_that_are_not_clear_are_refused_with_the_file(run, table, words, says):
    done = run("pool", table("study,a,b,n\nA,1,2,9\n"), "--measure", "PLO", *words)
    assert done.status == 4
    assert says in done.err


def test_one_row_and_several_are_counted_in_words_that_fit(run, table):
    def told(text: str) -> str:
        done = run("pool", table(text), "--measure", "PLO", "--events", "xi", "--total", "ni", "--json")
        return next(item["text"] for item in done.json["cautions"] if item["code"] == "rows-left-out")

    assert told("xi,ni\n1,9\n,8\n") == "1 row of the table was left out: line 3."
    assert told("xi,ni\n1,9\n,8\n2,\n") == "2 rows of the table were left out: lines 3, 4."


def test_an_exact_model_is_shown_without_an_empty_statistic(run, table):
    columns = "ai=tpos,bi=tneg,ci=cpos,di=cneg"
    done = run("pool", table(BCG), "--measure", "OR", "--columns", columns, "--model", "exact")
    assert "OR, exact model, 13 studies" in done.out
    assert "No effect: p <0.0001" in done.out


def test_a_glmm_that_is_not_fitted_is_told(run, table):
    columns = "ai=tpos,bi=tneg,ci=cpos,di=cneg"
    done = run("pool", table(BCG), "--measure", "OR", "--columns", columns, "--glmm", "cm.el", "--tau2", "0.3")
    assert "--glmm cm.el was not needed" in done.err
    assert "(tau2 given, test z)" in done.out


@pytest.mark.parametrize("value", ["inf", "-inf", "nan"])
@pytest.mark.parametrize("option", ["--level", "--add", "--threshold", "--tau2", "--mu-prior"])
def test_numbers_that_are_not_finite_are_refused_with_a_hint(run, table, option, value):
    path = table("xi,ni\n8,17\n2,7\n")
    given = f"{value} 2" if option == "--mu-prior" else value
    model = "bayes" if option in {"--threshold", "--mu-prior"} else "random"
    done = run(
        "pool", path, "--measure", "PLO", "--events", "xi", "--total", "ni", "--model", model, f"{option}={given}"
    )
    assert done.status == 4
    assert f"{option}: {float(value)} is not a finite number" in done.err
    assert f"Such as {option}" in done.err


PROPORTIONS = ("--measure", "PLO", "--events", "xi", "--total", "ni")


def test_rows_that_could_not_be_used_make_the_status_3(run, table):
    whole = table("xi,ni\n8,17\n2,7\n3,9\n")
    assert run("pool", whole, "--measure", "PLO", "--events", "xi", "--total", "ni").status == 0
    assert (
        run("pool", table("xi,ni\n8,17\n2,7\nx,9\n"), *["--measure", "PLO", "--events", "xi", "--total", "ni"]).status
        == 3
    )


def test_text_and_synthesis_come_from_one_fit(run, table, monkeypatch):
    from stromata import synthesis

    calls = []
    true = synthesis.pool_bayes_counts
    monkeypatch.setattr(synthesis, "pool_bayes_counts", lambda **asked: calls.append(1) or true(**asked))
    path = table("xi,ni\n8,17\n2,7\n")
    done = run("pool", path, *PROPORTIONS, "--model", "bayes", "--text", "--json")
    assert len(calls) == 1
    assert "half-normal" in done.json["methods_text"]
    assert "a normal prior with mean 0 and SD 1.8" in done.json["methods_text"]
    assert "numerical integration, without simulation" in done.json["methods_text"]


def test_two_studies_have_no_prediction_interval_in_words(run, table):
    path = table("yi,vi\n-1,0.01\n-2,0.02\n")
    shown = run("pool", path, *["--measure", "MD", "--columns", "yi=yi,vi=vi", "--text"])
    assert "prediction" not in shown.out


def test_the_exact_model_tells_of_studies_that_differ(run, table):
    path = table("ai,bi,ci,di\n9,1,1,9\n1,9,8,2\n4,6,5,5\n")
    shown = run(
        "pool",
        path,
        "--measure=OR",
        "--columns=ai=ai,bi=bi,ci=ci,di=di",
        "--model=exact",
        "--text",
        "--json",
    ).json
    assert "common-despite-heterogeneity" in {item["code"] for item in shown["cautions"]}
    assert (shown["q_df"], shown["q_p"] < 0.01) == (2, True)
    assert "Breslow and Day" in shown["methods_text"]
    assert "alternative=side" in shown["r_call"]
