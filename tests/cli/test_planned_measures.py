"""Plans of rates, printed estimates and correlations, through the command line: tables in, report and lineage out."""

import json
import math

import pytest
import yaml

from projects import screened, write_tables

PLAN = {"model": "random", "by_condition": False}
PLANS = [
    {"id": "rate", "title": "Relapses", "outcome": "relapse", "measure": "IRLN", "contrast": "single-arm"},
    {"id": "rate-glmm", "title": "Relapses, counted", "outcome": "relapse", "measure": "IRLN", "model": "glmm"},
    {"id": "rates", "title": "Relapses against control", "outcome": "relapse", "measure": "IRR", "contrast": "two-arm"},
    {"id": "survival", "title": "Survival", "outcome": "survival", "measure": "HR", "contrast": "two-arm"},
    {"id": "survival-log", "title": "Survival, any", "outcome": "survival", "measure": "GEN", "contrast": "two-arm"},
    {"id": "dose", "title": "Dose and response", "outcome": "dose", "measure": "ZCOR", "contrast": "single-arm"},
    {"id": "dose-adjusted", "title": "Dose, adjusted", "outcome": "dose", "measure": "PCOR", "contrast": "single-arm"},
    {"id": "change", "title": "Change", "outcome": "dose", "measure": "MC", "contrast": "single-arm"},
]
OUTCOMES = [{"id": id_, "label": id_.title()} for id_ in ("relapse", "survival", "dose")]
TABLES = {
    "studies.csv": "id,title,condition,design,year,first_author,links\n"
    "a,A,psoriasis,rct,2019,Ames,10.5555/1\nb,B,lupus,rct,2020,Brook,10.5555/2\n",
    "arms.csv": "study,id,label,role,n,product_class,treatment\n"
    "a,c,cells,intervention,20,msc,\na,s,sham,comparator,21,,saline\n"
    "b,c,cells,intervention,30,msc,\nb,s,sham,comparator,30,,saline\n",
    "outcomes.csv": "study,id,kind,counts\na,r,relapse,events\na,s,survival,\na,d,dose,\n"
    "b,r,relapse,events\nb,s,survival,\nb,d,dose,\n",
    "data.csv": "study,arm,outcome,events,total,person_time,person_time_unit,estimate,estimate_scale,estimate_se,"
    "estimate_ci_low,estimate_ci_high,estimate_p,correlation,partial_correlation,predictors,address\n"
    "a,c,r,6,,240,person-months,,,,,,,,,,https://example.org/a\n"
    "a,s,r,12,,21.5,person-years,,,,,,,,,,https://example.org/a\n"
    "b,c,r,9,,31,person-years,,,,,,,,,,https://example.org/b\n"
    "b,s,r,15,,30,person-years,,,,,,,,,,https://example.org/b\n"
    "a,c,s,,,,,0.62,HR,,0.40,0.96,,,,,https://example.org/a\n"
    "b,c,s,,,,,-0.35,log HR,0.21,,,,,,,https://example.org/b\n"
    "a,c,d,,20,,,,,,,,,0.41,0.35,3,https://example.org/a\n"
    "b,c,d,,30,,,,,,,,,0.22,,,https://example.org/b\n",
}


@pytest.fixture
def begun(run, tmp_path):
    """Return the folder of a review with the plans and without studies."""
    place = tmp_path / "review"
    place.mkdir()
    screened(place).close()
    protocol = yaml.safe_load(run("--dir", place, "protocol", "show").out)
    protocol |= {"outcomes": [*protocol["outcomes"], *OUTCOMES], "plans": [PLAN | plan for plan in PLANS]}
    (tmp_path / "protocol.yaml").write_text(yaml.safe_dump(protocol), encoding="utf-8")
    done = run("--dir", place, "protocol", "set", tmp_path / "protocol.yaml", "--reason", "further plans")
    assert done.status == 0, done.err
    return place


@pytest.fixture
def folder(run, begun, tmp_path):
    loaded = run("--dir", begun, "studies", "load", write_tables(tmp_path / "tables", TABLES))
    assert loaded.status == 0, loaded.err
    return begun


def synthesized(run, folder):
    found = run("--dir", folder, "synthesize", "--json")
    assert found.status == 0, found.err
    return {item["id"]: item for item in found.json["syntheses"]}


def inputs(result):
    return [dict(effect["inputs"]) for effect in result["effects"]]


def test_rates_are_taken_per_person_year_and_other_units_by_a_step(run, folder):
    results = synthesized(run, folder)
    assert inputs(results["rate"]) == [{"xi": 6, "ti": 20}, {"xi": 9, "ti": 31}]
    assert [step["method"] for effect in results["rate"]["effects"] for step in effect["steps"]] == ["months-to-years"]
    first = results["rates"]["effects"][0]
    assert dict(first["inputs"]) == {"x1i": 6, "t1i": 20, "x2i": 12, "t2i": 21.5}
    assert first["yi"] == pytest.approx(math.log(6 / 20 / (12 / 21.5)))
    assert first["vi"] == pytest.approx(1 / 6 + 1 / 12)
    assert (results["rate-glmm"]["k"], results["rate-glmm"]["model"]) == (2, "glmm")
    assert 0.25 < results["rate-glmm"]["natural"]["estimate"] < 0.35


def test_printed_hazard_ratios_are_pooled_as_logarithms(run, folder):
    results = synthesized(run, folder)
    one, two = results["survival"]["effects"]
    assert (one["yi"], two["yi"]) == (pytest.approx(math.log(0.62)), -0.35)
    # Handbook 6.3.2: the width of the log interval over twice 1.96.
    assert math.sqrt(one["vi"]) == pytest.approx(math.log(0.96 / 0.40) / 3.919928, rel=1e-6)
    assert math.sqrt(two["vi"]) == pytest.approx(0.21)
    assert 0.62 < results["survival"]["natural"]["estimate"] < math.exp(-0.35)
    assert results["survival-log"]["estimate"] == pytest.approx(results["survival"]["estimate"])
    assert "logarithms" in {item["code"] for item in results["survival-log"]["cautions"]}


def test_correlations_need_their_people_and_partial_ones_their_model(run, folder):
    results = synthesized(run, folder)
    assert inputs(results["dose"]) == [{"ri": 0.41, "ni": 20}, {"ri": 0.22, "ni": 30}]
    assert results["dose"]["effects"][0]["vi"] == pytest.approx(1 / 17)
    assert inputs(results["dose-adjusted"]) == [{"ri": 0.35, "ni": 20, "mi": 3}]
    (gone,) = results["dose-adjusted"]["left_out"]
    assert gone["text"] == "Not reported: partial_correlation, predictors."


def test_a_plan_that_gets_nothing_says_which_columns_are_missing_of_which_study(run, folder):
    (caution,) = [item for item in synthesized(run, folder)["change"]["cautions"] if item["code"] == "nothing-usable"]
    assert "mean, sd, baseline_mean, baseline_sd." in caution["text"]
    assert "(a, b)" in caution["text"]
    assert "No study gives what MC needs" in " ".join(run("--dir", folder, "synthesize", "change").out.split())


def test_the_report_shows_each_and_every_number_leads_back(run, folder, tmp_path):
    synthesized(run, folder)
    page = tmp_path / "report.html"
    done = run("--dir", folder, "report", "-o", page)
    assert done.status == 0, done.err
    text = page.read_text(encoding="utf-8")
    for words in ("Events / time", "log HR", "Hazard ratio", "240 person-months", "0.62 HR", "partial correlation"):
        assert words in text, words
    assert run("--dir", folder, "verify").status == 0


def test_the_values_go_out_with_their_units(run, folder):
    done = run("--dir", folder, "export", "data")
    lines = done.out.splitlines()
    assert any("person-time,240" in line and "person-months" in line for line in lines)
    assert any("estimate-ci-high,0.96,HR" in line for line in lines)


def test_a_form_asks_for_the_same_columns(run, begun):
    asked = run("--dir", begun, "extract", "form", "d", "--arm", "c", "--outcome", "s").out
    for name in ("person_time", "person_time_unit", "estimate", "estimate_scale", "estimate_p", "correlation"):
        assert f"result,c/s,{name}," in asked


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"events": 3, "person_time": 10}, "person_time_unit is empty"),
        ({"events": 3, "person_time": 0, "person_time_unit": "person-years"}, "allowed: more than 0"),
        ({"estimate": 0.6, "estimate_se": 0.2}, "estimate_scale is empty"),
        ({"estimate": -0.6, "estimate_scale": "HR"}, "allowed for HR: more than 0"),
        ({"estimate": 0.6, "estimate_scale": "HR", "estimate_ci_low": 0.7, "estimate_ci_high": 0.9}, "estimate_ci_low"),
        ({"estimate": 0.6, "estimate_scale": "hazard"}, "allowed: HR, log HR"),
        ({"correlation": 1.2, "total": 9}, "allowed: -1 to 1"),
    ],
)
def test_bad_cells_are_named_with_what_is_allowed(run, begun, tmp_path, cells, words):
    header, row = ",".join(cells), ",".join(str(value) for value in cells.values())
    tables = TABLES | {"data.csv": f"study,arm,outcome,{header},address\na,c,s,{row},https://example.org/a\n"}
    refused = run("--dir", begun, "studies", "load", write_tables(tmp_path / "bad", tables), "--json")
    assert refused.status == 4
    assert words in json.dumps(refused.json["problems"])


def test_of_mixed_printed_estimates_one_kind_is_pooled_and_the_other_named(run, begun, tmp_path):
    data = (
        "study,arm,outcome,estimate,estimate_scale,estimate_p,address\n"
        "a,c,s,0.62,OR,0.03,https://example.org/a\nb,c,s,0.70,HR,0.2,https://example.org/b\n"
    )
    run("--dir", begun, "studies", "load", write_tables(tmp_path / "mixed", TABLES | {"data.csv": data}))
    results = synthesized(run, begun)
    assert [effect["study"] for effect in results["survival-log"]["effects"]] == ["a"]
    codes = {item["code"] for item in results["survival-log"]["cautions"]}
    assert {"one-kind-of-estimates", "error-from-p"} <= codes
    assert [item["text"] for item in results["survival"]["left_out"]] == [
        "What is printed is of the kind OR; here HR is taken."
    ]
