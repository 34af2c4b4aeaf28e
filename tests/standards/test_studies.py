"""Extracted studies held against reporting items."""

from dataclasses import replace

import pytest

from stromata.model import Arm, CellProduct, DataPoint, Outcome, Study
from stromata.standards import NOT_LOOKED_FOR, check_study, item_groups, standard, study_record

STUDY = Study("A2020", "Cells in psoriasis", "psoriasis", "single-arm", registry_ids=("NCT1",), followup_months=6)
PRODUCT = CellProduct(
    "msc", "umbilical cord", "allogeneic", "P3-P5", "cryopreserved", "2e6 cells/kg", "3 infusions, 7 days apart", "IV"
)
ARM = Arm("cells", "A2020", "Cord MSC", n=8, product=PRODUCT)
OUTCOMES = (
    Outcome("pasi75", "A2020", "response", "PASI", "75 % fall", 24, criterion="PASI75"),
    Outcome("pasi", "A2020", "disease-activity", "PASI", weeks=52),
    Outcome("died", "A2020", "death"),
    Outcome("hot", "A2020", "other-ae", definition="Fever on the day of infusion"),
    Outcome("silent", "A2020", "infection"),
)
POINTS = (
    DataPoint("1", "A2020", "cells", "pasi75", "events", 5),
    DataPoint("2", "A2020", "cells", "pasi", "change-mean", 9),
    DataPoint("3", "A2020", "cells", "pasi", "change-sd", 2),
    DataPoint("4", "A2020", "cells", "died", "events", 0),
    DataPoint("5", "A2020", "cells", "hot", "events", 2),
)


def statuses(name, *, study=STUDY, arms=(ARM,), outcomes=OUTCOMES, points=POINTS, **options):
    found = check_study(study, arms, standard(name), outcomes=outcomes, data_points=points, **options)
    return {one.criterion: one for one in found.results}


def test_the_items_of_a_full_extraction_are_met():
    doses = statuses("doses")
    assert {name: one.status for name, one in doses.items()} == {
        "DOSES-D": "met",
        "DOSES-O": "met",
        "DOSES-S": "not-reported",
        "DOSES-E": "not-reported",
        "DOSES-S2": "met",
    }
    assert doses["DOSES-S"].note == NOT_LOOKED_FOR
    handling = statuses("msc-handling")
    assert {name for name, one in handling.items() if one.status == "met"} == {"MSCH-1", "MSCH-2", "MSCH-8"}
    assert handling["MSCH-8"].value == 2e6


def test_a_range_of_passages_is_reported_though_it_is_no_number():
    fields = statuses("msc-review-fields")
    assert fields["MSCF-2"].status == "met"
    assert "P3-P5" in fields["MSCF-2"].note
    assert (fields["MSCF-3"].status, fields["MSCF-3"].value) == ("met", 3)


def test_what_was_looked_for_and_not_found_is_told_apart():
    bare = Arm("cells", "A2020", "MSC", product=CellProduct("msc"))
    found = statuses("doses", arms=(bare,))
    assert found["DOSES-D"].status == "not-reported"
    assert "looked for" in found["DOSES-D"].note
    assert found["DOSES-D"].note != NOT_LOOKED_FOR


def test_efficacy_and_harms_are_read_from_outcomes_with_data():
    found = statuses("cell-therapy", outcome_kinds=("infection", "death"))
    status = {name: one.status for name, one in found.items()}
    assert (status["EF-01"], status["EF-02"], status["EF-03"], status["EF-08"]) == ("met", "met", "met", "met")
    assert (status["SF-03"], status["SF-08"], status["SF-05"]) == ("met", "met", "not-reported")
    assert found["SF-05"].note != NOT_LOOKED_FOR
    assert found["SF-07"].note == NOT_LOOKED_FOR
    assert (status["SF-09"], found["SF-09"].value) == ("not-met", 6)
    assert status["EF-05"] == "not-applicable"
    assert all(one.subject == "study-report" for one in found.values())


def test_vesicle_items_apply_to_vesicles_and_consort_to_randomised_trials():
    assert {one.status for one in statuses("misev-2018").values()} == {"not-applicable"}
    vesicles = Arm("ev", "A2020", "Vesicles", product=CellProduct("ev"))
    assert {one.status for one in statuses("misev-2018", arms=(vesicles,)).values()} == {"not-reported"}
    assert {one.status for one in statuses("consort-2010").values()} == {"not-applicable"}


def test_answers_of_the_reviews_own_form_count():
    answers = {"ctcae_version": "5.0", "separation_method": ""}
    assert statuses("cell-therapy", answers=answers)["SF-01"].status == "met"
    silent = statuses("doses", answers=answers)["DOSES-S"]
    assert silent.status == "not-reported"
    assert silent.note != NOT_LOOKED_FOR


def test_other_studies_and_comparators_are_left_aside():
    placebo = Arm("control", "A2020", "Vehicle", role="comparator")
    other = Arm("cells", "B2021", "Marrow", product=CellProduct("msc", "bone marrow"))
    values = {entry.field: entry.value for entry in study_record(STUDY, [ARM, placebo, other]).entries}
    assert values["tissue_source"] == "umbilical-cord"
    assert values["dose_cells_per_kg"] == 2e6


def test_the_species_of_the_cells_is_not_that_of_the_people():
    """Human patients may get cells of an animal: only the product tells."""
    silent = statuses("ats-2013")["ATS-3"]
    assert (silent.status, silent.value, silent.note) == ("not-reported", None, NOT_LOOKED_FOR)
    assert statuses("cell-therapy")["ID-14"].status == "not-reported"
    for tissue, expected in (("human umbilical cord", "human"), ("Porcine fat", "porcine")):
        named = replace(ARM, product=replace(PRODUCT, tissue=tissue))
        assert (one := statuses("cell-therapy", arms=(named,))["ID-14"]).status == "met"
        assert one.value == expected


@pytest.mark.parametrize(
    ("condition", "population"),
    [
        ("psoriasis", "healthy volunteers"),
        ("psoriasis", "healthy volunteers and patients with another disease"),
        ("psoriatic-arthritis", "patients"),
    ],
)
def test_items_of_a_disease_do_not_blame_studies_in_other_people(condition, population):
    study = replace(STUDY, condition=condition, population=population)
    found = statuses("cell-therapy", study=study)
    assert {found[name].status for name in ("EF-01", "EF-02", "EF-03")} == {"not-applicable"}
    assert statuses("cell-therapy", study=replace(STUDY, population="Patients"))["EF-01"].status == "met"


SHAM = Arm("sham", "A2020", "Sham", role="comparator", n=8)


def test_harms_in_each_group_need_data_of_every_arm():
    rct = replace(STUDY, design="rct")
    one_sided = statuses("cell-therapy", study=rct, arms=(ARM, SHAM))["SF-02"]
    assert (one_sided.status, one_sided.note) == (
        "not-reported", "It was looked for; of some groups alone was extracted: died; hot."
    )  # fmt: skip
    assert statuses("consort-2010", study=rct, arms=(ARM, SHAM))["CONSORT-19"].status == "not-reported"
    both = (*POINTS, DataPoint("9", "A2020", "sham", "died", "events", 1))
    found = statuses("cell-therapy", study=rct, arms=(ARM, SHAM), points=both)["SF-02"]
    assert (found.status, found.value) == ("met", "died")
    assert statuses("consort-2010", study=rct, arms=(ARM, SHAM), points=both)["CONSORT-19"].status == "met"
    # a part of an arm is no group of its own, and one arm alone is every arm
    part = Arm("low", "A2020", "Low dose", role="subgroup", part_of="cells")
    assert statuses("cell-therapy", arms=(ARM, part))["SF-02"].value == "died; hot"


def values(arm, **given):
    return tuple(
        DataPoint(f"{arm}-{name}", "A2020", arm, "pasi", name.replace("_", "-"), value) for name, value in given.items()
    )


@pytest.mark.parametrize(
    ("points", "weeks", "status"),
    [
        (values("cells", mean=9, sd=2, total=8), 12, "not-reported"),  # a mean of one arm at a visit
        (values("cells", mean=9, sd=2, total=8, baseline_mean=20, baseline_sd=3), 12, "not-reported"),
        (values("cells", median=9, q1=2, q3=12), 12, "not-reported"),
        (values("cells", change_mean=-9), 12, "not-reported"),  # no precision
        (values("cells", change_mean=-9, change_ci_low=-12), 12, "not-reported"),
        (values("cells", change_mean=-9, change_sd=2), 12, "met"),
        (values("cells", change_mean=-9, change_ci_low=-12, change_ci_high=-6), 12, "met"),
        (values("cells", mean=9, sd=2) + values("sham", mean=14, sd=3), 12, "met"),  # give a difference
        (values("cells", mean=9, se=1) + values("sham", mean=14), 12, "not-reported"),
        (values("cells", mean=9, sd=2) + values("sham", mean=14, sd=3), 0, "not-reported"),  # baseline
        (values("cells", events=5, total=8), 12, "met"),
        (values("cells", events=5), 12, "not-reported"),
        (values("cells", percent=62.5, total=8), 12, "met"),
        (values("cells", percent=62.5), 12, "not-reported"),
    ],
)
def test_an_effect_needs_its_precision(points, weeks, status):
    outcome = Outcome("pasi", "A2020", "disease-activity", "PASI", weeks=weeks)
    found = statuses("cell-therapy", arms=(ARM, SHAM), outcomes=(outcome,), points=points)["EF-08"]
    assert found.status == status
    assert (found.note == "It was looked for; what was extracted (pasi) gives no effect with its precision.") == (
        status != "met"
    )


def test_arms_with_different_doses_report_a_dose_without_one_number():
    half = Arm("low", "A2020", "Low", product=CellProduct("msc", "umbilical cord", dose="1e6 cells/kg"))
    found = statuses("msc-handling", arms=(ARM, half))
    assert found["MSCH-8"].status == "met"


def test_what_a_standard_does_not_ask_for_is_no_problem_of_the_study():
    found = check_study(STUDY, [ARM], standard("doses"), outcomes=OUTCOMES, data_points=POINTS)
    assert found.problems == ()
    assert found.record == "A2020"


@pytest.mark.parametrize("name", ["mRSS", "MRSS", "Modified Rodnan skin score", "modified Rodnan Skin-Score"])
def test_an_instrument_is_known_however_its_name_is_written(name):
    study = Study("A2020", "Cells in scleroderma", "systemic-sclerosis", "single-arm")
    outcomes = (Outcome("skin", "A2020", "skin-score", name, weeks=24), Outcome("other", "A2020", "skin-score", "DLQI"))
    points = (
        DataPoint("1", "A2020", "cells", "skin", "mean", 14),
        DataPoint("2", "A2020", "cells", "other", "mean", 4),
    )
    found = statuses("cell-therapy", study=study, outcomes=outcomes, points=points)
    assert (found["EF-07"].status, found["EF-07"].value) == ("met", "skin")


@pytest.mark.parametrize(
    ("weeks", "status"),
    [((0, 12), "met"), ((0, 0), "not-reported"), ((4, 12), "not-reported"), ((0, None), "not-reported")],
)
def test_a_score_at_week_0_is_a_baseline(weeks, status):
    outcomes = tuple(
        Outcome(f"pasi-{at}", "A2020", "disease-activity", "PASI", weeks=week) for at, week in enumerate(weeks)
    )
    points = tuple(DataPoint(one.id, "A2020", "cells", one.id, "mean", 9) for one in outcomes)
    assert statuses("cell-therapy", outcomes=outcomes, points=points)["EF-01"].status == status


def test_answers_of_a_form_count_and_empty_ones_take_nothing_away():
    answers = {"route": "", "Tissue Source": "bone marrow", "separation_method": "", "cell_characteristics": "n/a"}
    found = statuses("doses", answers=answers)
    assert (found["DOSES-S2"].status, found["DOSES-O"].value) == ("met", "bone-marrow")
    assert "looked for; nothing" in found["DOSES-S"].note
    assert (found["DOSES-E"].status, found["DOSES-E"].note) == ("not-reported", "The record says 'n/a'.")


def test_what_was_never_looked_for_is_said_of_unsourced_items_too():
    found = statuses("cell-therapy")["EF-04"]
    assert found.criterion_status == "unsourced"
    assert found.note.startswith("No source")
    assert found.note.endswith(NOT_LOOKED_FOR)


def test_items_stand_in_groups_by_guideline_or_by_stage():
    assert item_groups(standard("doses")) == (
        (("doses", "DOSES"),),
        dict.fromkeys(("DOSES-D", "DOSES-O", "DOSES-S", "DOSES-E", "DOSES-S2"), "doses"),
    )
    groups, member = item_groups(standard("cell-therapy"))
    assert groups[-1] == ("safety-follow-up", "Safety follow-up")
    assert (member["EF-01"], "SA-01" in member) == ("efficacy-evaluation", False)
    batch_only = tuple(one for one in standard("cell-therapy").criteria if one.subject == "batch")
    assert item_groups(replace(standard("cell-therapy"), criteria=batch_only)) == ((), {})
