"""Certainty inside a review: proposals from what it holds, judgements by people, summaries of findings by hand."""

import csv
import io
import math
import sys
from dataclasses import replace

import pytest

from graded import GRADED, TABLE, TWO_ARM, UNMOVED, appraise, begin_graded, copied, filled, form, judge, write_rows
from projects import ANN, LEAD, as_person, write_tables
from stromata import reporting, review
from stromata.consensus.grade import Proposal
from stromata.errors import InvalidInput, NotAllowed, NotFound
from stromata.model import FindingsOutcome

OLGA = "olga"
NINE = ["start", "risk-of-bias", "inconsistency", "indirectness", "imprecision", "publication-bias",
        "large-effect", "dose-response", "plausible-confounding"]  # fmt: skip


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("graded") / "review"
    begin_graded(folder).close()
    return folder


@pytest.fixture
def project(prepared, tmp_path):
    with copied(prepared, tmp_path / "review") as opened:
        yield opened


def proposals(project, name, **options):
    return {row["domain"]: (row["proposed"], row["because"]) for row in form(project, name, **options)}


def judgements(project):
    return {item.synthesis: item for item in review.certainty(project)}


def written(project):
    return sum(entry.kind == "certainty-judged" for entry in review.events(project))


def wrong(project, path):
    return [(item.line, item.code, item.column) for item in review.load_certainty(project, path)[1]]


# -- the form


def test_a_form_has_nine_rows_for_each_planned_outcome_and_no_level_is_filled_in(project):
    rows = form(project)
    assert [row["domain"] for row in rows[:9]] == NINE
    assert list(dict.fromkeys(row["synthesis"] for row in rows)) == ["deaths", "versus", "versus/psoriasis", "pain"]
    assert {(row["level"], row["reason"]) for row in rows} == {("", "")}
    assert rows[9]["label"] == "Response"


def test_a_synthesis_outside_the_tables_can_be_named_and_is_called_by_plan_and_condition(project):
    (label,) = {row["label"] for row in form(project, "responders/lupus")}
    assert label == "Responders: Lupus"
    with pytest.raises(NotFound, match="no subgroup 'gout'"):
        form(project, "versus/gout")
    with pytest.raises(NotFound, match="no synthesis 'nothing'"):
        form(project, "nothing")


def test_outcomes_without_a_result_are_left_out_of_the_form_and_refused_by_name(tmp_path):
    data = "".join(line for line in TWO_ARM["data.csv"].splitlines(keepends=True) if ",ad," not in line)
    with begin_graded(tmp_path / "review", tables=TWO_ARM | {"data.csv": data}) as project:
        assert "deaths" not in {row["synthesis"] for row in form(project)}
        with pytest.raises(InvalidInput, match="deaths cannot be judged"):
            form(project, "deaths")


def test_without_any_result_there_is_no_form(tmp_path):
    with begin_graded(tmp_path / "review", run=False) as project, pytest.raises(NotFound, match="has a result"):
        form(project)


def test_the_start_follows_the_designs_and_robins_i_only_where_it_weighed_every_study(tmp_path):
    studies = TWO_ARM["studies.csv"].replace("psoriasis,rct", "psoriasis,cohort").replace("lupus,rct", "lupus,cohort")
    with begin_graded(tmp_path / "review", tables=TWO_ARM | {"studies.csv": studies}) as project:
        assert proposals(project, "versus")["start"][0] == "low"
        appraise(project, "a", "moderate", result="a/ar", tool="robins-i")
        assert proposals(project, "versus")["start"][0] == "low"
        assert proposals(project, "versus/psoriasis")["start"][0] == "high"
        appraise(project, "b", "moderate", result="b/br", tool="robins-i")
        assert proposals(project, "versus")["start"][0] == "high"


def test_one_arm_of_a_randomised_trial_is_no_randomised_evidence(project):
    assert proposals(project, "versus/psoriasis")["start"][0] == "high"
    level, because = proposals(project, "responders/psoriasis")["start"]
    assert (level, "nothing is compared" in because) == ("low", True)


def test_risk_of_bias_counts_the_appraisal_of_the_result_that_was_pooled(project):
    assert proposals(project, "versus/lupus")["risk-of-bias"] == (
        "", "Studies with 100 % of the participants were not appraised."
    )  # fmt: skip
    appraise(project, "a", "high", result="a/ap")
    assert proposals(project, "versus/psoriasis")["risk-of-bias"][0] == ""
    appraise(project, "a", "low", result="a/ar")
    assert proposals(project, "versus/psoriasis")["risk-of-bias"][0] == "not-serious"
    assert proposals(project, "pain")["risk-of-bias"][0] == "very-serious"


def test_an_appraisal_that_still_waits_for_the_second_person_counts_for_nothing(tmp_path):
    rules = tuple(replace(rule, appraisers=2) for rule in GRADED.appraisal)
    with begin_graded(tmp_path / "review", replace(GRADED, appraisal=rules)) as project:
        appraise(project, "a", "high", result="a/ar")
        assert proposals(project, "versus/psoriasis")["risk-of-bias"][0] == ""


def test_planned_thresholds_and_information_size_are_used(tmp_path, project):
    assert "crosses no threshold" in proposals(project, "versus")["imprecision"][1]
    assert "excludes no effect" in proposals(project, "versus/psoriasis")["imprecision"][1]
    sized = (replace(TABLE.outcomes[2], information_size=400),)
    review.set_protocol(project, replace(GRADED, findings=(replace(TABLE, outcomes=sized),)))
    level, because = proposals(project, "versus/psoriasis")["imprecision"]
    assert (level, "40 people are fewer" in because) == ("serious", True)


def test_nothing_is_proposed_on_indirectness_unless_somebody_said(project):
    assert proposals(project, "versus")["indirectness"][0] == ""
    found = proposals(project, "versus/lupus", indirect={"b": "children"})["indirectness"]
    assert (found[0], "children" in found[1]) == ("very-serious", True)
    assert proposals(project, "versus/lupus", indirect={"a": "children"})["indirectness"][0] == "not-serious"
    with pytest.raises(NotFound, match="'zz'"):
        form(project, "versus", indirect={"zz": "children"})


def test_a_form_can_be_asked_for_by_everybody_and_a_judgement_only_made_by_some(project, tmp_path):
    path = filled(as_person(project, OLGA), tmp_path / "form.csv", "versus")
    with pytest.raises(NotAllowed, match="judge certainty"):
        review.load_certainty(as_person(project, OLGA), path)
    assert review.load_certainty(as_person(project, ANN), path)[1] == ()


# -- judgements


def test_levels_are_added_up_and_kept_with_person_reason_and_proposal(project, tmp_path):
    appraise(project, "a", "high", result="a/ar")
    path = filled(project, tmp_path / "f.csv", "versus/psoriasis", imprecision="very-serious", risk_of_bias="serious")
    ((made,), problems) = review.load_certainty(as_person(project, ANN), path)
    assert problems == ()
    assert (made.start, made.level, made.start_reason) == ("high", "very-low", "because of start")
    assert made.footnotes == (
        "Rated down one level for risk of bias: because of risk-of-bias.",
        "Rated down two levels for imprecision: because of imprecision.",
    )
    domains = {item.domain: item for item in made.domains}
    bias = domains["risk-of-bias"]
    assert (bias.level, bias.proposed, bias.person) == ("serious", "very-serious", ANN)
    assert dict(bias.numbers)["high_share"] == 100
    assert set(domains) == set(NINE[1:6])
    assert (made.basis.k, made.basis.certainty) == (1, "very-low")
    assert judgements(project)["versus/psoriasis"].judgement == made
    assert project.store.verify().ok


def test_what_is_unchanged_writes_no_event_and_what_is_changed_writes_one(project, tmp_path):
    judge(project, tmp_path, "versus", "pain")
    assert written(project) == 2
    judge(project, tmp_path, "versus", "pain")
    assert written(project) == 2
    judge(project, tmp_path, "versus", imprecision="serious")
    assert written(project) == 3
    assert judgements(project)["versus"].judgement.level == "moderate"


def test_a_start_other_than_the_designs_propose_is_told(project, tmp_path):
    path = filled(project, tmp_path / "f.csv", "versus", start="low")
    ((made,), _) = review.load_certainty(project, path)
    assert made.level == "low"
    assert [(item.code, "low" in item.text, "high" in item.text) for item in made.cautions] == [
        ("start-differs", True, True)
    ]


def test_a_large_effect_is_proposed_by_the_start_and_the_levels_that_the_person_gave(project, tmp_path):
    for levels, expected in (
        ({"start": "low"}, "raised"),
        ({"start": "low", "imprecision": "serious"}, "none"),
        ({}, "none"),
    ):
        path = filled(project, tmp_path / "f.csv", "versus/psoriasis", large_effect="raised", **levels)
        ((made,), _) = review.load_certainty(project, path)
        assert made.domains[-1].proposed == expected, levels


def test_words_may_be_written_with_capitals_and_spaces(project, tmp_path):
    path = filled(project, tmp_path / "f.csv", "versus", imprecision="Very serious", start="HIGH")
    ((made,), problems) = review.load_certainty(project, path)
    assert (made.level, problems) == ("low", ())


LINES = {domain: number for number, domain in enumerate(NINE, start=2)}


@pytest.mark.parametrize(
    ("domain", "change", "code", "column"),
    [
        ("imprecision", {"level": ""}, "level-missing", "level"),
        ("start", {"level": ""}, "level-missing", "level"),
        ("imprecision", {"reason": " "}, "reason-missing", "reason"),
        ("start", {"reason": ""}, "reason-missing", "reason"),
        ("imprecision", {"level": "high"}, "level-unknown", "level"),
        ("start", {"level": "serious"}, "level-unknown", "level"),
        ("dose-response", {"level": "raised-twice", "reason": "why"}, "level-unknown", "level"),
        ("large-effect", {"level": "serious", "reason": "why"}, "level-unknown", "level"),
        ("large-effect", {"level": "", "reason": "why"}, "level-missing", "level"),
        ("imprecision", {"domain": "precision"}, "domain-unknown", "domain"),
        ("large-effect", {"domain": "imprecision", "level": "serious", "reason": "why"}, "domain-twice", "domain"),
        ("imprecision", {"synthesis": ""}, "synthesis-missing", "synthesis"),
    ],
)
def test_each_fault_is_named_with_its_place_and_nothing_is_kept(project, tmp_path, domain, change, code, column):
    path = filled(project, tmp_path / "f.csv", "versus")
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    rows[NINE.index(domain)] |= change
    found, problems = review.load_certainty(project, write_rows(path, rows))
    assert (LINES[domain], code, column) in [(item.line, item.code, item.column) for item in problems]
    assert all(item.hint and item.text for item in problems)
    assert (found, written(project)) == ((), 0)


def test_a_missing_row_is_named(project, tmp_path):
    path = filled(project, tmp_path / "f.csv", "versus")
    text = "".join(
        line for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if "inconsis" not in line
    )
    path.write_text(text, encoding="utf-8")
    assert wrong(project, path) == [(2, "domain-missing", "domain")]


def test_an_unknown_synthesis_is_named_once_with_a_near_one(project, tmp_path):
    path = filled(project, tmp_path / "f.csv", "versus")
    path.write_text(path.read_text(encoding="utf-8").replace("versus,", "versos,"), encoding="utf-8")
    ((problem,)) = review.load_certainty(project, path)[1]
    assert (problem.line, problem.code, problem.hint) == (2, "synthesis-unknown", "Did you mean versus?")


def test_partly_keeps_the_syntheses_without_a_fault(project, tmp_path):
    path = filled(project, tmp_path / "f.csv", "versus", "pain")
    path.write_text(path.read_text(encoding="utf-8").replace("not-serious", "not so", 1), encoding="utf-8")
    found, problems = review.load_certainty(project, path, strict=False)
    assert ([item.outcome for item in found], len(problems), written(project)) == (["pain"], 1, 1)


# -- what has changed


def test_new_data_flag_the_judgement_until_it_is_made_again(project, tmp_path):
    judge(project, tmp_path, "versus/psoriasis", "pain")
    assert not any(item.changed for item in review.certainty(project))
    data = TWO_ARM["data.csv"].replace("a,a1,ar,12,20", "a,a1,ar,16,20")
    review.load_studies(project, write_tables(tmp_path / "newer", TWO_ARM | {"data.csv": data}))
    review.run_plans(project)
    found = judgements(project)
    assert found["pain"].changed == ()
    (sentence,) = found["versus/psoriasis"].changed
    assert "estimate 3 (1.16 to 7.73) → 4 (" in sentence
    judge(project, tmp_path, "versus/psoriasis")
    assert judgements(project)["versus/psoriasis"].changed == ()


def test_a_new_appraisal_flags_the_judgement_of_the_risk_of_bias(project, tmp_path):
    judge(project, tmp_path, "versus/psoriasis", "pain")
    appraise(project, "a", "high", result="a/ar")
    found = judgements(project)
    assert found["pain"].changed == ()
    assert found["versus/psoriasis"].changed == (
        "versus/psoriasis: what the numbers propose for risk of bias: nothing → very serious.",
    )


def test_a_judgement_whose_plan_is_gone_says_so(project, tmp_path):
    judge(project, tmp_path, "pain")
    review.set_protocol(project, replace(GRADED, plans=PLANS_WITHOUT_PAIN, findings=()))
    assert judgements(project)["pain"].changed == ("pain is not there any more.",)


PLANS_WITHOUT_PAIN = tuple(plan for plan in GRADED.plans if plan.id != "pain")


def test_planned_outcomes_stand_in_the_list_before_they_are_judged(project):
    found = review.certainty(project)
    assert [(item.synthesis, item.judgement) for item in found] == [(item.synthesis, None) for item in TABLE.outcomes]
    assert {item.missing for item in found} == {"Its certainty has not been judged yet."}


# -- summaries of findings


def planned(project, tmp_path, *outcomes, **levels):
    """Plan one table with these outcomes, judge them, and return the section."""
    review.set_protocol(project, replace(GRADED, findings=(replace(TABLE, outcomes=outcomes),)))
    judge(project, tmp_path, *(item.synthesis for item in outcomes), **levels)
    (section,) = review.findings(project)
    return section


def test_a_ratio_becomes_an_absolute_effect_at_the_risk_of_the_comparators(project, tmp_path):
    (row,) = planned(project, tmp_path, FindingsOutcome("versus/lupus", "Response")).rows
    # 18/30 against 9/30: RR 2, standard error of its logarithm sqrt(1/18 - 1/30 + 1/9 - 1/30); 300 in 1000 without.
    se = math.sqrt(1 / 18 - 1 / 30 + 1 / 9 - 1 / 30)
    assert row.absolute.comparator == 300
    assert row.absolute.difference.estimate == pytest.approx(300)
    assert row.absolute.intervention.ci_low == pytest.approx(600 * math.exp(-1.959964 * se))
    assert (row.participants, row.studies, row.importance) == (60, 1, None)
    assert row.synthesis == "versus/lupus"


def test_a_planned_risk_goes_before_that_of_the_comparators(project, tmp_path):
    outcome = FindingsOutcome("versus/psoriasis", "Response", assumed_risk=0.1, assumed_reason="a register")
    section = planned(project, tmp_path, outcome)
    (row,) = section.rows
    assert row.absolute.text == "200 more per 1000 (from 16 more to 673 more)"
    assert review.risk_from(section.table, row) == "planned: a register"


def test_the_risk_of_all_comparators_together_is_that_of_all_studies(project, tmp_path):
    section = planned(project, tmp_path, FindingsOutcome("versus", "Response"))
    assert section.rows[0].absolute.comparator == pytest.approx(1000 * 13 / 50)
    assert review.risk_from(section.table, section.rows[0]) == "all comparators together"


def test_a_risk_difference_is_added(project, tmp_path):
    (row,) = planned(project, tmp_path, FindingsOutcome("more", "More")).rows
    assert row.absolute.difference.estimate == pytest.approx(1000 * row.relative.estimate)


def test_a_ratio_of_no_risk_gives_no_absolute_effect_but_says_why(project, tmp_path):
    (row,) = planned(project, tmp_path, FindingsOutcome("deaths", "Deaths", comment="Rare.")).rows
    assert row.absolute is None
    assert row.comment.startswith("Rare. Nobody had the event")
    (row,) = planned(
        project, tmp_path, FindingsOutcome("deaths", "Deaths", assumed_risk=0.01, assumed_reason="a register")
    ).rows
    assert row.absolute.comparator == 10


def test_one_arm_gives_so_many_of_a_thousand_and_no_comparator(project, tmp_path):
    (row,) = planned(project, tmp_path, FindingsOutcome("responders/psoriasis", "Responders")).rows
    # 12/20, exact interval of Clopper and Pearson
    assert (row.absolute, row.proportion.estimate) == (None, pytest.approx(0.6))
    assert (row.proportion.ci_low, row.proportion.ci_high) == pytest.approx((0.3605426, 0.8088099), abs=1e-6)


def test_a_difference_in_means_comes_in_units_and_in_smallest_important_differences(project, tmp_path):
    outcome = FindingsOutcome("pain", "Pain", instrument="Pain scale", unit="points", sd=10, important=1.5)
    (row,) = planned(project, tmp_path, outcome).rows
    # 3 - 5 with standard error sqrt(4/20 + 4/20); the SD is for standardised differences and changes nothing here
    assert row.continuous.difference.estimate == pytest.approx(-2)
    assert row.continuous.difference.ci_low == pytest.approx(-2 - 1.959964 * math.sqrt(0.4), abs=1e-5)
    assert row.continuous.multiples.estimate == pytest.approx(-2 / 1.5)
    assert row.absolute is None
    assert [item.text for item in row.cautions if item.code == "planned-not-used"] == [
        "Planned and not used: sd: it turns only a standardised difference (SMD) into units."
    ]


def test_a_mean_of_one_arm_is_no_multiple_of_a_difference_and_planned_keys_do_not_vanish(project, tmp_path):
    outcome = FindingsOutcome("mean-pain", "Pain", instrument="Pain scale", unit="points", important=1.5)
    (row,) = planned(project, tmp_path, outcome).rows
    assert (row.continuous, row.relative.estimate) == (None, pytest.approx(3))
    (caution,) = [item for item in row.cautions if item.code == "planned-not-used"]
    assert caution.text.startswith("Planned and not used: instrument, unit, important: final values of one arm")
    (row,) = planned(project, tmp_path, FindingsOutcome("mean-pain", "Pain")).rows
    assert "planned-not-used" not in {item.code for item in row.cautions}


CHANGES = TWO_ARM | {
    "data.csv": TWO_ARM["data.csv"].replace("mean,sd,", "change_mean,change_sd,").replace("ap,,20,3,2", "ap,,20,-1.4,1")
}


@pytest.mark.parametrize("values", ["any", "change"])
def test_whether_means_of_one_arm_are_changes_is_told_by_the_data_and_not_by_the_plan(tmp_path, values):
    plans = tuple(replace(plan, values=values) if plan.id == "mean-pain" else plan for plan in GRADED.plans)
    with begin_graded(tmp_path / "review", replace(GRADED, plans=plans), tables=CHANGES) as project:
        outcome = FindingsOutcome("mean-pain", "Pain", instrument="DAS28", unit="points", important=0.7)
        review.set_protocol(project, replace(GRADED, plans=plans, findings=(replace(TABLE, outcomes=(outcome,)),)))
        judge(project, tmp_path, "mean-pain")
        (row,) = review.findings(project)[0].rows
    assert row.continuous.multiples.estimate == pytest.approx(-2)
    assert row.continuous.text.startswith("DAS28: mean change -1.4 (")
    assert "2 times the minimal important difference of 0.7" in row.continuous.text
    assert "planned-not-used" not in {item.code for item in row.cautions}


def test_a_change_that_was_worked_out_is_a_change(tmp_path):
    plans = tuple(
        replace(plan, values="change", conversions=("final-to-change",), correlation=0.5)
        if plan.id == "mean-pain"
        else plan
        for plan in GRADED.plans
    )
    data = TWO_ARM["data.csv"].replace("mean,sd,", "mean,sd,baseline_mean,baseline_sd,")
    data = (
        data.replace(",,,https", ",,,,,https")
        .replace("3,2,https", "3,2,5,2,https")
        .replace("20,5,2,https", "20,5,2,,,https")
    )
    with begin_graded(
        tmp_path / "review", replace(GRADED, plans=plans), tables=TWO_ARM | {"data.csv": data}
    ) as project:
        (row,) = planned_in(project, plans, tmp_path, FindingsOutcome("mean-pain", "Pain", important=1.0)).rows
    assert row.continuous.difference.estimate == pytest.approx(-2)


def planned_in(project, plans, tmp_path, *outcomes):
    review.set_protocol(project, replace(GRADED, plans=plans, findings=(replace(TABLE, outcomes=outcomes),)))
    judge(project, tmp_path, *(item.synthesis for item in outcomes))
    return review.findings(project)[0]


def test_a_planned_risk_that_no_ratio_needs_is_named(project, tmp_path):
    outcome = FindingsOutcome("pain", "Pain", assumed_risk=0.1, assumed_reason="a register")
    (row,) = planned(project, tmp_path, outcome).rows
    assert [
        "assumed_risk: MD is neither a ratio" in item.text for item in row.cautions if item.code == "planned-not-used"
    ] == [True]


def test_the_risk_of_comparators_carries_a_caution_where_diseases_mix_or_people_are_few(project, tmp_path):
    def told(name, **options):
        (row,) = planned(project, tmp_path, FindingsOutcome(name, "Response", **options)).rows
        return {item.code: item.text for item in row.cautions if item.code.startswith("comparator-risk")}

    assert list(told("versus")) == ["comparator-risk-mixed"]
    assert "different diseases (Psoriasis, Lupus)" in told("versus")["comparator-risk-mixed"]
    assert told("versus", assumed_risk=0.2, assumed_reason="a register") == {}
    assert told("versus/psoriasis") == {}  # twenty people


def test_a_risk_that_rests_on_nineteen_comparators_is_told(tmp_path):
    data = TWO_ARM["data.csv"].replace("a,a2,ar,4,20", "a,a2,ar,4,19")
    with begin_graded(tmp_path / "review", tables=TWO_ARM | {"data.csv": data}) as project:
        (row,) = planned(project, tmp_path, FindingsOutcome("versus/psoriasis", "Response")).rows
    (text,) = [item.text for item in row.cautions if item.code == "comparator-risk-few"]
    assert "rests on 19 people" in text


def test_a_standardised_difference_needs_a_standard_deviation_to_become_units(project, tmp_path):
    plans = tuple(replace(plan, measure="SMD") if plan.id == "pain" else plan for plan in GRADED.plans)
    review.set_protocol(project, replace(GRADED, plans=plans))
    (smd,) = review.run_plans(project, ["pain"])
    for sd, expected in ((None, None), (2.0, 2 * smd.natural.estimate)):
        table = replace(TABLE, outcomes=(FindingsOutcome("pain", "Pain", sd=sd, important=1.0),))
        review.set_protocol(project, replace(GRADED, plans=plans, findings=(table,)))
        judge(project, tmp_path, "pain")
        (row,) = review.findings(project)[0].rows
        assert (row.continuous and row.continuous.difference.estimate) == pytest.approx(expected)


def test_outcomes_stand_by_importance_and_their_footnotes_are_shared(project, tmp_path):
    judge(project, tmp_path, "pain", "versus", imprecision="serious")
    judge(project, tmp_path, "versus/psoriasis")
    (section,) = review.findings(project)
    assert [row.outcome for row in section.rows] == ["versus", "versus/psoriasis", "pain"]
    assert section.footnotes == ("Rated down one level for imprecision: because of imprecision.",)
    assert section.missing == (("Deaths", "Its certainty has not been judged yet."),)
    assert [row.designs for row in section.profiles] == [(("rct", 2),), (("rct", 1),), (("rct", 1),)]
    arms = section.profiles[0].arms
    assert (arms.events, arms.total, arms.comparator_events, arms.comparator_total) == (30, 50, 13, 50)
    assert section.cautions == ()


def test_outcomes_that_were_not_computed_are_missing_with_the_reason(tmp_path):
    with begin_graded(tmp_path / "review", run=False) as project:
        review.run_plans(project, ["pain"])
        judge(project, tmp_path, "pain")
        (section,) = review.findings(project)
        assert [row.outcome for row in section.rows] == ["pain"]
        reasons = dict(section.missing)
        assert "has not been computed yet" in reasons["Response"]


def test_a_changed_synthesis_is_flagged_in_the_table(project, tmp_path):
    judge(project, tmp_path, "versus/psoriasis")
    appraise(project, "a", "high", result="a/ar")
    (section,) = review.findings(project)
    assert [name for name, _ in section.changed] == ["versus/psoriasis"]


def test_more_than_seven_outcomes_give_a_caution(project):
    names = ("versus", "versus/lupus", "versus/psoriasis", "pain", "deaths", "more", "responders")
    outcomes = tuple(FindingsOutcome(name, name) for name in (*names, "responders/lupus"))
    for some, codes in ((outcomes[:7], []), (outcomes, ["many-outcomes"])):
        review.set_protocol(project, replace(GRADED, findings=(replace(TABLE, outcomes=some),)))
        assert [item.code for item in review.findings(project)[0].cautions] == codes


def test_one_table_can_be_asked_for(project):
    other = replace(TABLE, id="other", outcomes=())
    review.set_protocol(project, replace(GRADED, findings=(TABLE, other)))
    assert [item.table.id for item in review.findings(project, "other")] == ["other"]
    with pytest.raises(NotFound, match="there are: main, other"):
        review.findings(project, "mein")


def test_the_table_as_csv_has_every_outcome_and_no_formula(project, tmp_path):
    outcomes = (FindingsOutcome("versus/lupus", "=1+1"), FindingsOutcome("pain", "Pain"))
    review.set_protocol(project, replace(GRADED, findings=(replace(TABLE, outcomes=outcomes),)))
    judge(project, tmp_path, "versus/lupus", start="low")
    first, second = csv.DictReader(io.StringIO(reporting.findings_csv(review.findings(project))))
    assert (first["outcome"], first["certainty"], first["without_from"]) == ("'=1+1", "low", "all comparators together")
    assert (float(first["without"]), float(first["with"])) == (pytest.approx(300), pytest.approx(600))
    assert (second["outcome"], second["missing"]) == ("Pain", "Its certainty has not been judged yet.")


def test_a_proportion_stands_in_the_csv_per_thousand(project, tmp_path):
    section = planned(project, tmp_path, FindingsOutcome("responders/psoriasis", "Responders"))
    (row,) = csv.DictReader(io.StringIO(reporting.findings_csv([section])))
    assert (float(row["with"]), row["without"], row["per"]) == (pytest.approx(600), "", "1000")


def test_the_default_levels_of_these_tests_lower_nothing(project, tmp_path):
    judge(project, tmp_path, "versus")
    assert judgements(project)["versus"].judgement.level == UNMOVED["start"]
    assert judgements(project)["versus"].judgement.domains[0].person == LEAD


def test_a_test_of_asymmetry_that_was_not_there_before_is_no_change_of_the_evidence(project, tmp_path, monkeypatch):
    def proposes(level):
        made = Proposal("publication-bias", level, (("k", 12.0),), "Tested.")
        module = sys.modules["stromata.review.certainty"]  # the package has a function of that name
        monkeypatch.setattr(module, "propose_asymmetry", lambda _result: made)

    judge(project, tmp_path, "versus")
    proposes("serious")
    assert judgements(project)["versus"].changed == ()
    judge(project, tmp_path, "versus")
    assert judgements(project)["versus"].changed == ()
    proposes("not-serious")
    (text,) = judgements(project)["versus"].changed
    assert "publication bias: serious → not serious" in text
