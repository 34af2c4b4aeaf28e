"""What a plan takes, what it leaves out, and why."""

from dataclasses import replace

import pytest

from projects import PROTOCOL
from stromata.model import Arm, CellProduct, DataPoint, Evidence, Outcome, Study, StudyTables, SynthesisPlan
from stromata.review import select

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
