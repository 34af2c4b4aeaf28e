"""What a plan takes, what it leaves out, and why."""

from dataclasses import replace

import pytest

from projects import PROTOCOL
from stromata.model import (
    Arm,
    CellProduct,
    DataPoint,
    Evidence,
    HarmonisationRule,
    Outcome,
    OutcomeDefinition,
    Study,
    StudyTables,
    SynthesisPlan,
)
from stromata.reporting.tracing import untraced
from stromata.review import compute, select
from stromata.review.select import PLANNABLE, measure_fault

MSC = CellProduct("msc")
PLAN = SynthesisPlan("responders", "Responders", "response", "PLO", "glmm", products=("msc",))


def study(id_: str, **fields) -> Study:
    return Study(**({"id": id_, "title": id_, "condition": "psoriasis", "design": "single-arm", "first_author": id_,
                     "year": 2020} | fields))  # fmt: skip


def counts(study_id: str, arm: str, outcome: str, events: float | None, total: float, **evidence) -> list[DataPoint]:
    given = {"events": events, "total": total}
    return [
        DataPoint(
            f"{study_id}/{arm}/{outcome}/{name}", study_id, arm, outcome, name, value, evidence=Evidence(**evidence)
        )
        for name, value in given.items()
        if value is not None
    ]


def one(
    id_: str, events: float | None = 3, total: float = 6, *, study_fields=None, outcome_fields=None, arm_fields=None
):
    arm = Arm(**({"id": f"{id_}-a", "study": id_, "label": "cells", "product": MSC} | (arm_fields or {})))
    outcome = Outcome(**({"id": f"{id_}-o", "study": id_, "kind": "response", "weeks": 12} | (outcome_fields or {})))
    return StudyTables(
        (study(id_, **(study_fields or {})),), (arm,), (outcome,), tuple(counts(id_, arm.id, outcome.id, events, total))
    )


def joined(*tables: StudyTables) -> StudyTables:
    return StudyTables(
        *(tuple(item for table in tables for item in getattr(table, name)) for name in
          ("studies", "arms", "outcomes", "data_points"))
    )  # fmt: skip


def chosen(tables: StudyTables, plan: SynthesisPlan = PLAN, included=None):
    ids = [item.id for item in tables.studies] if included is None else included
    return select(plan, tables, protocol=PROTOCOL, included=ids)


def test_a_plain_study_gives_its_counts_with_the_data_points_behind_them():
    (row,) = chosen(one("Ames", 3, 6)).rows
    assert row.values == (("xi", 3), ("ni", 6))
    assert (row.label, row.group) == ("Ames 2020", "Psoriasis")
    assert row.data_points == ("Ames/Ames-a/Ames-o/events", "Ames/Ames-a/Ames-o/total")


@pytest.mark.parametrize(
    ("code", "tables"),
    [
        ("not-patients", one("A", study_fields={"population": "healthy volunteers"})),
        ("product", one("A", arm_fields={"product": CellProduct("svf")})),
        ("product", one("A", arm_fields={"product": None})),
        ("subgroup", one("A", arm_fields={"role": "subgroup", "part_of": "all"})),
        ("unit", one("A", outcome_fields={"counts": "ulcers"})),
        ("denominator", one("A", outcome_fields={"denominator": "responders"})),
        ("component", one("A", outcome_fields={"component_of": "whole"})),
        ("marked", one("A", outcome_fields={"exclude": "A laboratory outcome."})),
        ("incomplete", one("A", None, 6)),
        ("no-numbers", replace(one("A"), data_points=())),
    ],
)
def test_traps_are_left_out_with_a_reason(code, tables):
    found = chosen(tables)
    assert found.rows == ()
    assert [item.code for item in found.left_out] == [code]
    assert found.left_out[0].text


def test_a_study_without_an_included_reference_is_left_out():
    found = chosen(one("A"), included=[])
    assert [item.code for item in found.left_out] == ["not-included"]


def test_of_studies_that_share_patients_the_largest_stands_for_all():
    tables = joined(
        one("Small", 2, 5, study_fields={"cohort": "centre"}),
        one("Large", 9, 20, study_fields={"cohort": "centre"}),
        one("Apart", 1, 4),
    )
    found = chosen(tables)
    assert [row.study for row in found.rows] == ["Large", "Apart"]
    assert [(item.study, item.code) for item in found.left_out] == [("Small", "shared-patients")]


def test_a_plan_may_ask_for_the_longest_follow_up_of_a_cohort():
    tables = joined(
        one("Long", 2, 5, study_fields={"cohort": "centre", "followup_months": 60}),
        one("Large", 9, 20, study_fields={"cohort": "centre", "followup_months": 12}),
    )
    found = chosen(tables, replace(PLAN, cohort="longest-follow-up"))
    assert [row.study for row in found.rows] == ["Long"]
    assert "followed people longer" in found.left_out[0].text


def test_reservations_stand_with_the_group_they_concern():
    tables = joined(
        one("A", outcome_fields={"denominator": "completers"}), one("B", study_fields={"condition": "lupus"})
    )
    found = chosen(tables)
    assert [(group, [item.code for item in items]) for group, items in found.group_cautions] == [
        ("Psoriasis", ["completers"]),
        ("Lupus", []),
    ]


@pytest.mark.parametrize(
    ("time", "weeks", "taken"), [("last", None, 52), ("first", None, 4), ("nearest", 14, 12), ("nearest", 40, 52)]
)
def test_one_time_point_stands_for_a_study(time, weeks, taken):
    base = one("A", outcome_fields={"id": "w12"})
    tables = joined(
        base,
        replace(one("A", outcome_fields={"id": "w4", "weeks": 4}), studies=(), arms=()),
        replace(one("A", outcome_fields={"id": "w52", "weeks": 52}), studies=(), arms=()),
    )
    found = chosen(tables, replace(PLAN, time=time, weeks=weeks))
    assert found.rows[0].data_points[0] == f"A/A-a/w{taken}/events"
    assert {item.code for item in found.left_out} == {"other-time"}


def two_arms(**comparator) -> StudyTables:
    base = one("A", 14, 59)
    arm = Arm("A-c", "A", "placebo", role="comparator")
    return replace(
        base, arms=(*base.arms, arm), data_points=(*base.data_points, *counts("A", "A-c", "A-o", 4, 55, **comparator))
    )


def test_a_contrast_takes_both_arms_and_a_single_arm_pool_only_the_cells():
    plan = replace(PLAN, measure="RR", model="random", contrast="two-arm")
    (row,) = chosen(two_arms(), plan).rows
    assert row.values == (("ai", 14), ("bi", 45), ("ci", 4), ("di", 51))
    assert len(row.data_points) == 4
    assert chosen(two_arms()).rows[0].values == (("xi", 14), ("ni", 59))
    assert [item.code for item in chosen(one("B"), plan).left_out] == ["no-comparator"]


def test_two_dose_arms_are_added_and_said_so():
    base = one("A", 3, 6)
    arm = Arm("A-high", "A", "high dose", product=MSC)
    tables = replace(base, arms=(*base.arms, arm), data_points=(*base.data_points, *counts("A", "A-high", "A-o", 5, 7)))
    found = chosen(tables)
    assert found.rows[0].values == (("xi", 8), ("ni", 13))
    assert "arms-combined" in [caution.code for caution in found.cautions]


def test_reservations_about_the_data_reach_the_result():
    tables = joined(
        replace(
            one("A", outcome_fields={"definition": "half better", "denominator": "completers"}),
            data_points=tuple(counts("A", "A-a", "A-o", 2, 6, derived=True, level="press")),
        ),
        one("B", outcome_fields={"definition": "clear"}),
        replace(one("C"), outcomes=()),
    )
    codes = [caution.code for caution in chosen(tables).cautions]
    assert codes == ["completers", "definitions-differ", "derived-values", "indirect-sources", "outcome-not-reported"]


def test_means_are_taken_with_their_spread():
    plan = SynthesisPlan("md", "MD", "response", "MD", "random", contrast="two-arm")
    base = two_arms()
    points = [
        DataPoint(f"A/{arm}/A-o/{name}", "A", arm, "A-o", name, value)
        for arm, values in (("A-a", (-9.0, 4.0, 20.0)), ("A-c", (-5.0, 3.0, 21.0)))
        for name, value in zip(("change-mean", "change-sd", "total"), values, strict=True)
    ]
    (row,) = chosen(replace(base, data_points=tuple(points)), plan).rows
    assert dict(row.values) == {"m1i": -9, "sd1i": 4, "n1i": 20, "m2i": -5, "sd2i": 3, "n2i": 21}


# Criteria and what they count as


HARMONISED = replace(
    PROTOCOL,
    outcomes=(
        OutcomeDefinition("response", "Response", response_class="response"),
        OutcomeDefinition("complete", "Complete", response_class="complete-response"),
        OutcomeDefinition("death", "Death", domain="harm"),
    ),
)


def by(criterion, kind="response"):
    return {"criterion": criterion, "kind": kind, "definition": ""}


def harmonised(tables, plan=PLAN, protocol=HARMONISED):
    return select(plan, tables, protocol=protocol, included=[item.id for item in tables.studies])


def test_a_criterion_decides_what_an_outcome_counts_as():
    tables = joined(one("Ames", outcome_fields=by("PASI100")), one("Bell", outcome_fields=by("PASI75", "complete")))
    assert [row.study for row in harmonised(tables).rows] == ["Bell"]
    complete = replace(PLAN, outcome="complete")
    assert [row.study for row in harmonised(tables, complete).rows] == ["Ames"]


def test_a_rule_of_the_protocol_goes_before_the_default_one():
    tables = one("Ames", outcome_fields=by("PASI100"))
    rule = HarmonisationRule("PASI100", "response", "This review counts clearance as a response.")
    protocol = replace(HARMONISED, harmonisation=(rule,))
    assert [row.study for row in harmonised(tables, protocol=protocol).rows] == ["Ames"]


def test_different_thresholds_are_named_and_a_plan_can_take_one_alone():
    tables = joined(one("Ames", outcome_fields=by("PASI75")), one("Bell", outcome_fields=by("SRI-4")))
    found = harmonised(tables)
    assert len(found.rows) == 2
    (caution,) = [item for item in found.cautions if item.code == "thresholds-differ"]
    assert "PASI75 (1 study)" in caution.text
    assert "SRI-4 (1 study)" in caution.text
    alone = harmonised(tables, replace(PLAN, criteria=("PASI75",)))
    assert [row.study for row in alone.rows] == ["Ames"]
    assert [(item.study, item.code) for item in alone.left_out] == [("Bell", "criterion")]
    assert "thresholds-differ" not in {item.code for item in alone.cautions}


# Conversions


def test_a_percentage_enters_a_pool_only_where_the_plan_says_so_and_then_with_a_caution_and_a_step():
    tables = one("Ames", None, 17)
    point = DataPoint("Ames/Ames-a/Ames-o/percent", "Ames", "Ames-a", "Ames-o", "percent", 47.1)
    tables = replace(tables, data_points=(*tables.data_points, point))
    assert chosen(tables).rows == ()
    found = chosen(tables, replace(PLAN, conversions=("percent-to-events",)))
    (row,) = found.rows
    assert row.values == (("xi", 8), ("ni", 17))
    assert row.data_points == ("Ames/Ames-a/Ames-o/percent", "Ames/Ames-a/Ames-o/total")
    assert [step.method for step in row.steps] == ["percent-to-events"]
    (caution,) = [item for item in found.cautions if item.code == "events-from-percent"]
    assert caution.text.endswith("(Ames)")


def test_arms_that_count_together_leave_a_step():
    tables = one("Ames", 3, 6)
    more = Arm("Ames-b", "Ames", "more cells", product=MSC)
    tables = replace(
        tables, arms=(*tables.arms, more), data_points=(*tables.data_points, *counts("Ames", "Ames-b", "Ames-o", 2, 4))
    )
    (row,) = chosen(tables).rows
    assert row.values == (("xi", 5), ("ni", 10))
    assert [step.method for step in row.steps] == ["combine-events"]
    assert "arms-combined" in {item.code for item in chosen(tables).cautions}


def test_several_arms_against_a_comparator_are_compared_only_where_the_plan_combines_them():
    tables = one("Ames", 3, 6)
    arms = (Arm("Ames-b", "Ames", "more cells", product=MSC), Arm("Ames-c", "Ames", "sham", role="comparator"))
    points = (*counts("Ames", "Ames-b", "Ames-o", 2, 4), *counts("Ames", "Ames-c", "Ames-o", 1, 9))
    tables = replace(tables, arms=(*tables.arms, *arms), data_points=(*tables.data_points, *points))
    plan = replace(PLAN, measure="RR", model="random", contrast="two-arm")
    assert [item.code for item in chosen(tables, plan).left_out] == ["several-arms"]
    (row,) = chosen(tables, replace(plan, conversions=("combine-events",))).rows
    assert row.values == (("ai", 5), ("bi", 5), ("ci", 1), ("di", 8))


# Changes and final values


def scores(study_id: str, arm: str, *, change=None, final=None, total=20, sd=5):
    given = {"total": total}
    given |= {} if change is None else {"change-mean": change, "change-sd": sd}
    given |= {} if final is None else {"mean": final, "sd": sd}
    place = (study_id, f"{study_id}-{arm}", f"{study_id}-o")
    return [DataPoint(f"{place[1]}/{name}", *place, name, float(value)) for name, value in given.items()]


def trial(id_: str, cells: dict[str, float], sham: dict[str, float] | None = None) -> StudyTables:
    arms = [Arm(f"{id_}-c", id_, "cells", product=MSC)]
    points = scores(id_, "c", **cells)
    if sham is not None:
        arms.append(Arm(f"{id_}-s", id_, "sham", role="comparator"))
        points += scores(id_, "s", **sham)
    return StudyTables((study(id_),), tuple(arms), (Outcome(f"{id_}-o", id_, "response"),), tuple(points))


MD = replace(PLAN, measure="MD", model="random", contrast="two-arm")
MN = replace(PLAN, measure="MN", model="random")


def test_a_comparison_is_never_between_a_change_and_a_final_value():
    found = chosen(trial("Ames", {"change": -12}, {"final": 18}), MD)
    assert found.rows == ()
    (left,) = found.left_out
    assert (left.code, "numbers of one kind" in left.text) == ("incomplete", True)


def test_a_comparison_takes_the_kind_that_both_sides_give():
    (row,) = chosen(trial("Ames", {"change": -12, "final": 9}, {"final": 18}), MD).rows
    assert dict(row.values)["m1i"] == 9
    (row,) = chosen(trial("Bell", {"change": -12, "final": 9}, {"change": -2, "final": 18}), MD).rows
    assert (dict(row.values)["m1i"], dict(row.values)["m2i"]) == (-12, -2)
    (row,) = chosen(
        trial("Cole", {"change": -12, "final": 9}, {"change": -2, "final": 18}), replace(MD, values="final")
    ).rows
    assert (dict(row.values)["m1i"], dict(row.values)["m2i"]) == (9, 18)


def test_differences_of_changes_and_of_final_values_may_be_pooled_and_that_is_said():
    both = joined(trial("Ames", {"change": -12}, {"change": -2}), trial("Bell", {"final": 9}, {"final": 18}))
    found = chosen(both, MD)
    assert len(found.rows) == 2
    (caution,) = [item for item in found.cautions if item.code == "changes-and-finals"]
    assert "changes (Ames)" in caution.text
    assert not [item for item in chosen(both, replace(MD, values="final")).cautions if item.code == caution.code]
    assert [row.study for row in chosen(both, replace(MD, values="final")).rows] == ["Bell"]


@pytest.mark.parametrize("measure", ["MN", "SMD"])
def test_means_of_one_arm_and_standardised_differences_are_of_one_kind(measure):
    sham = {"change": -1, "final": 20} if measure == "SMD" else None
    tables = joined(
        trial("Ames", {"final": 8}, sham), trial("Bell", {"final": 9}, sham), trial("Cole", {"change": -12}, sham)
    )
    plan = replace(MN if sham is None else MD, measure=measure)
    found = chosen(tables, plan)
    assert [row.study for row in found.rows] == ["Ames", "Bell"]
    assert "Cole" in {item.study for item in found.left_out}
    (caution,) = [item for item in found.cautions if item.code == "one-kind-of-means"]
    assert "changes from baseline of Cole were left out" in caution.text
    assert [row.study for row in chosen(tables, replace(plan, values="change")).rows] == ["Cole"]
    assert "one-kind-of-means" not in {item.code for item in chosen(tables, replace(plan, values="change")).cautions}


def test_arms_are_combined_of_one_kind_only():
    tables = trial("Ames", {"final": 8})
    more = Arm("Ames-d", "Ames", "more cells", product=MSC)
    tables = replace(
        tables, arms=(*tables.arms, more), data_points=(*tables.data_points, *scores("Ames", "d", change=-9))
    )
    found = chosen(tables, replace(MN, conversions=("combine-groups",), values="final"))
    assert dict(found.rows[0].values)["mi"] == 8
    assert [(item.arm, item.code) for item in found.left_out] == [("more cells", "incomplete")]
    assert "It gives a change; here final values are taken." in found.left_out[0].text
    assert [item.code for item in chosen(tables, MN).left_out] == ["several-arms"]


# Measures


@pytest.mark.parametrize("measure", PLANNABLE)
def test_every_measure_that_can_be_planned_can_be_computed_from_what_is_taken(measure):
    two = measure_fault(replace(PLAN, measure=measure, contrast="two-arm")) == ""
    plan = replace(
        PLAN, measure=measure, model="random", contrast="two-arm" if two else "single-arm", correlation=0.5,
        by_condition=False,
    )  # fmt: skip
    both = [named("Ames", 9.0, 2.0), named("Bell", 8.0, 3.0)]
    tables = joined(*both)
    ids = [item.id for item in tables.studies]
    found = compute(plan, tables, protocol=PROTOCOL, included=ids)
    assert (found.k, [item.code for item in found.left_out]) == (2, [])
    assert found.estimate is not None
    known, arms = {item.id: item for item in tables.data_points}, {item.id: item for item in tables.arms}
    assert [untraced(effect, known, arms) for effect in found.effects] == [(), ()], "every number can be walked back"


def named(id_: str, final: float, sd: float) -> StudyTables:
    """Return a study with everything that the tables can hold of two arms."""
    made = []
    for arm, shift in (("c", 0.0), ("s", 1.5)):
        given = {"events": 4 + shift * 2, "total": 20.0, "mean": final + shift, "sd": sd + shift / 3}
        given |= {"baseline-mean": 14.0 + shift, "baseline-sd": 2.5, "person-time": 200.0 + 12 * sd}
        if arm == "c":
            given |= {"estimate": 0.5 + sd / 20, "estimate-ci-low": 0.3, "estimate-ci-high": 0.95}
            given |= {"correlation": 0.3 + sd / 20, "partial-correlation": 0.2 + sd / 20, "predictors": 3.0}
        place = (id_, f"{id_}-{arm}", f"{id_}-o")
        made += [
            DataPoint(
                f"{place[1]}/{name}",
                *place,
                name,
                value,
                {"person-time": "person-months", "estimate": "HR"}.get(name, ""),
            )
            for name, value in given.items()
        ]
    return replace(trial(id_, {}, {}), data_points=tuple(made))


@pytest.mark.parametrize(
    ("measure", "contrast", "words"),
    [
        ("SPCOR", "single-arm", "the share of variance that a model explains"),
        ("MPOR", "two-arm", "how the events of pairs fall together"),
        ("HR", "single-arm", "contrast must be 'two-arm'"),
        ("IRR", "single-arm", "contrast must be 'two-arm'"),
        ("ZCOR", "two-arm", "contrast must be 'single-arm'"),
        ("OR", "single-arm", "contrast must be 'two-arm'"),
        ("PLO", "two-arm", "contrast must be 'single-arm'"),
    ],
)
def test_a_measure_that_cannot_be_taken_says_what_is_missing(measure, contrast, words):
    assert words in measure_fault(replace(PLAN, measure=measure, contrast=contrast))


CHANGED = replace(PLAN, measure="MC", model="random")


def before_and_after(**given: float) -> StudyTables:
    place = ("Ames", "Ames-c", "Ames-o")
    points = tuple(
        DataPoint(f"{place[1]}/{name}", *place, name.replace("_", "-"), value) for name, value in given.items()
    )
    return replace(trial("Ames", {}), data_points=points)


ALL = {"mean": 9.0, "sd": 3.0, "baseline_mean": 14.0, "baseline_sd": 4.0, "total": 20.0}


def test_the_printed_sd_of_the_change_goes_before_the_planned_correlation():
    tables = before_and_after(**ALL, change_sd=4.0)
    (row,) = chosen(tables, replace(CHANGED, correlation=0.9)).rows
    values = dict(row.values)
    assert (values["m1i"], values["m2i"]) == (9, 14)
    assert values["ri"] == pytest.approx((16 + 9 - 16) / (2 * 4 * 3))
    assert [step.method for step in row.steps] == ["change-correlation"]


def test_a_planned_correlation_is_a_step_that_says_so():
    (row,) = chosen(before_and_after(**ALL), replace(CHANGED, correlation=0.7)).rows
    assert dict(row.values)["ri"] == 0.7
    assert "as the protocol states" in row.steps[0].assumptions[0]


def test_without_any_correlation_a_change_is_left_out_with_the_reason():
    found = chosen(before_and_after(**ALL), CHANGED)
    assert (found.rows, found.left_out[0].code) == ((), "incomplete")
    assert "correlation" in found.left_out[0].text


def test_numbers_that_a_measure_cannot_use_are_left_out_one_by_one():
    tables = joined(trial("Ames", {"final": -3}), trial("Bell", {"final": 4}), trial("Cole", {"final": 5}))
    plan = replace(PLAN, measure="MNLN", model="random", by_condition=False)
    found = compute(plan, tables, protocol=PROTOCOL, included=["Ames", "Bell", "Cole"])
    (left,) = found.left_out
    assert (found.k, left.study, left.code) == (2, "Ames", "impossible")
    assert "mean above 0" in left.text


def test_the_advice_for_the_data_adds_its_reservations():
    found = compute(PLAN, joined(one("A"), one("B", 2, 5)), protocol=PROTOCOL, included=["A", "B"])
    assert "tiny-studies" in {item.code for item in found.cautions}


def test_reservations_speak_only_of_the_studies_that_took_part():
    """A study without a moderator is left out of a meta-regression, and so is what would be said of its values."""
    ids = ("Ames", "Bell", "Cole", "Dunn", "Eder")
    tables = joined(
        *(
            one(id_, 3 + place, 12, study_fields={"country": "" if id_ == "Eder" else "NO" if place % 2 else "CN"},
                outcome_fields={"definition": "another" if id_ == "Eder" else "the usual one"})
            for place, id_ in enumerate(ids)
        )
    )  # fmt: skip
    told = replace(tables.data_points[-2], evidence=Evidence(derived=True, level="press"))
    tables = replace(tables, data_points=(*tables.data_points[:-2], told, tables.data_points[-1]))
    plan = replace(PLAN, model="common", by_condition=False)
    whole = compute(plan, tables, protocol=PROTOCOL, included=ids)
    assert {"derived-values", "indirect-sources", "definitions-differ"} <= {item.code for item in whole.cautions}
    found = compute(replace(plan, moderators="~ factor(country)"), tables, protocol=PROTOCOL, included=ids)
    assert [(item.study, item.code) for item in found.left_out] == [("Eder", "moderator-missing")]
    assert found.k == 4
    assert not {"derived-values", "indirect-sources", "definitions-differ"} & {item.code for item in found.cautions}


@pytest.mark.parametrize(
    ("measure", "words"),
    [("PLO", "A proportion that is pooled"), ("OR", "A ratio that is pooled"), ("RD", "A difference that is pooled")],
)
def test_what_has_no_single_meaning_is_named_by_the_family_of_the_measure(measure, words):
    tables = joined(*(named(id_, 9.0, 2.0) for id_ in ("Ames", "Bell")))
    outcomes = tuple(
        replace(item, criterion=name) for item, name in zip(tables.outcomes, ("PASI75", "PASI50"), strict=True)
    )
    plan = replace(PLAN, measure=measure, contrast="single-arm" if measure == "PLO" else "two-arm")
    (caution,) = [
        item for item in chosen(replace(tables, outcomes=outcomes), plan).cautions if item.code == "thresholds-differ"
    ]
    assert words in caution.text


def test_a_plan_without_usable_studies_names_each_reason_once_with_its_studies():
    tables = joined(one("Ames"), one("Bell"), one("Cole", None, 6))
    ids = [item.id for item in tables.studies]
    found = compute(replace(CHANGED, by_condition=False), tables, protocol=PROTOCOL, included=ids)
    (caution,) = [item for item in found.cautions if item.code == "nothing-usable"]
    assert caution.text.startswith("No study gives what MC needs. Not reported: mean, sd, baseline_mean, baseline_sd.")
    assert caution.text.endswith("(Ames, Bell, Cole)")
    pooled = compute(replace(PLAN, model="common"), tables, protocol=PROTOCOL, included=ids)
    assert "nothing-usable" not in {item.code for item in pooled.cautions}
