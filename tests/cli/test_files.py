"""convert and pool: files to files, without a review."""

import json
import math

import pytest

from projects import entries, ris

BCG = """trial,tpos,tneg,cpos,cneg,alloc
Aronson 1948,4,119,11,128,random
Ferguson and Simes 1949,6,300,29,274,random
Rosenthal 1960,3,228,11,209,random
Hart and Sutherland 1977,62,13536,248,12619,random
Frimodt-Moller 1973,33,5036,47,5761,alternate
Stein and Aronson 1953,180,1361,372,1079,alternate
Vandiviere 1973,8,2537,10,619,random
TPT Madras 1980,505,87886,499,87892,random
Coetzee and Berjak 1968,29,7470,45,7232,random
Rosenthal 1961,17,1699,65,1600,systematic
Comstock 1974,186,50448,141,27197,systematic
Comstock and Webster 1969,5,2493,3,2338,systematic
Comstock 1976,27,16886,29,17825,systematic
"""


@pytest.fixture
def table(tmp_path):
    def make(text: str):
        path = tmp_path / "data.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return make


@pytest.mark.parametrize(("to", "sign"), [("csl-json", '"DOI"'), ("ris", "TY  - "), ("nbib", "TI  - ")])
def test_convert_from_stdin_to_stdout(run, to, sign):
    done = run("convert", "-", "--to", to, stdin=ris(*entries()).encode())
    assert done.status == 0
    assert sign in done.out
    assert "3 records" in done.err


def test_convert_writes_a_file_and_names_problems(run, tmp_path):
    source = tmp_path / "in.ris"
    source.write_text("stray\n" + ris(*entries()), encoding="utf-8")
    done = run("convert", source, "--to", "csl-json", "-o", tmp_path / "out.json", "--json")
    assert (done.status, done.json["records"], len(done.json["problems"])) == (0, 3, 1)
    assert ":1: " in done.err
    assert len(json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))) == 3


def test_convert_fails_when_nothing_can_be_read_or_the_format_is_unknown(run, tmp_path):
    (tmp_path / "empty.ris").write_text("")
    assert run("convert", tmp_path / "empty.ris", "--to", "ris").status == 4
    done = run("convert", "-", "--to", "docx", stdin=ris(*entries()).encode())
    assert done.status == 4
    assert "csl-json" in done.err


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
        (("--measure", "PLO", "--events", "xi", "--total", "nn"), "no column nn"),
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


INCLUDES = "review,study,review_year,study_year\nA,x,2018,2015\nA,y,2018,2016\nB,x,2020,\nB,z,2020,2019\nC,z,2021,\n"


def test_overlap_is_the_corrected_covered_area_of_all_and_of_each_two(run, tmp_path):
    path = tmp_path / "includes.csv"
    path.write_text(INCLUDES, encoding="utf-8")
    found = run("overlap", path, "--json").json
    # Five marks, three studies, three reviews: (5 - 3) / (9 - 3).
    assert found["cca"] == pytest.approx(100 / 3, abs=1e-3)
    assert found["band"] == "very high"
    pairs = {tuple(pair["reviews"]): (pair["cca"], pair["shared"]) for pair in found["pairs"]}
    assert pairs == {("A", "B"): (pytest.approx(100 / 3, abs=1e-3), 1), ("A", "C"): (0, 0), ("B", "C"): (50, 1)}
    # z appeared in 2019, a year after A: (5 - 3) / (9 - 3 - 1).
    assert (found["structural_missing"], found["cca_adjusted"]) == (1, 40)
    shown = run("overlap", path)
    assert "CCA 33.3 % (very high)" in shown.out
    assert "40.0 %" in shown.err


def test_overlap_names_rows_that_say_too_little_and_goes_on(run, tmp_path):
    path = tmp_path / "includes.csv"
    path.write_text("review_id,study_id,study_year\nA,x,\nA,x,\nB,,\nB,x,soon\n", encoding="utf-8")
    done = run("overlap", path, "--json")
    assert done.status == 3
    assert [(problem["line"], problem["code"]) for problem in done.json["problems"]] == [
        (3, "duplicate-mark"),
        (4, "missing-value"),
        (5, "bad-number"),
    ]
    assert (done.json["cca"], done.json["marks"]) == (100, 2)
    path.write_text("review,paper\nA,x\n", encoding="utf-8")
    refused = run("overlap", path)
    assert (refused.status, "no column 'study'" in refused.err) == (4, True)


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
    [("--to", "some", "only0"), ("--model", "bayes", "peto"), ("--tau2", "dll", "pmm"), ("--compat", "r", "revman")],
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
