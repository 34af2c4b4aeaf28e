"""Doses as reports and tables print them, in English and Chinese."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.clinical.doses import Amount, Dose, find_doses, find_schedules, parse_dose
from stromata.errors import InvalidInput
from stromata.model.codec import to_data

KG, CELLS = "cells/kg", "cells"


def codes(dose: Dose) -> set[str]:
    return {caution.code for caution in dose.cautions}


# text, value, high, unit, per
AMOUNTS = [
    # powers of ten
    ("1.5×10^6 cells/kg", 1.5e6, None, KG, ""),
    ("1.5 x 10(6)/kg", 1.5e6, None, KG, ""),
    ("1.5 X 10^6 cells / kg", 1.5e6, None, KG, ""),
    ("1·5 × 10⁶ cells per kg", 1.5e6, None, KG, ""),
    ("2·10^6 cells/kg", 2e6, None, KG, ""),
    ("2.10⁶ cells/kg", 2e6, None, KG, ""),
    ("1*10**6 cells/kg", 1e6, None, KG, ""),
    ("1x10{6}/kg", 1e6, None, KG, ""),
    ("1 × 10<sup>6</sup> MSCs/kg", 1e6, None, KG, ""),
    ("1 × 10 ⁶ / kg", 1e6, None, KG, ""),
    ("１．５×１０＾６ cells／kg", 1.5e6, None, KG, ""),
    ("2\u2009×\u200910⁶\u202fcells/kg", 2e6, None, KG, ""),
    ("10^6 cells/kg", 1e6, None, KG, ""),
    ("10⁶/kg", 1e6, None, KG, ""),
    ("1e6/kg", 1e6, None, KG, ""),
    ("5e+07 cells", 5e7, None, CELLS, ""),
    ("2.5E7 cells", 2.5e7, None, CELLS, ""),
    ("1,5 × 10^6 cells/kg", 1.5e6, None, KG, ""),
    ("0·75 × 10⁶ cells/kg", 7.5e5, None, KG, ""),
    ("∼2×10⁶ cells/kg", 2e6, None, KG, ""),
    # words and plain numbers
    ("0.5 million/kg", 5e5, None, KG, ""),
    ("one million cells per kilogram body weight", 1e6, None, KG, ""),
    ("half a million cells/kg", 5e5, None, KG, ""),
    ("100 million cells", 1e8, None, CELLS, ""),
    ("two hundred million MSCs", 2e8, None, CELLS, ""),
    ("30 M cells", 3e7, None, CELLS, ""),
    ("1 billion cells", 1e9, None, CELLS, ""),
    ("500 thousand cells/kg", 5e5, None, KG, ""),
    ("2,000,000 cells", 2e6, None, CELLS, ""),
    ("2 000 000 cells", 2e6, None, CELLS, ""),
    ("2.000.000 cells", 2e6, None, CELLS, ""),
    # names of cells
    ("2 × 10^6 allogeneic umbilical cord blood-derived MSCs per kg", 2e6, None, KG, ""),
    ("1 × 10^6 hUC-MSCs/kg", 1e6, None, KG, ""),
    ("1×10^6/kg UC-MSCs", 1e6, None, KG, ""),
    ("5 × 10^7 viable cells", 5e7, None, CELLS, ""),
    ("3e7 SVF cells", 3e7, None, CELLS, ""),
    ("1 × 10^6 cells/kg of body weight", 1e6, None, KG, ""),
    ("1 × 10^6 cells·kg⁻¹", 1e6, None, KG, ""),
    ("1 × 10^6 cells kg-1", 1e6, None, KG, ""),
    ("1.5x10^6 cellules/kg", 1.5e6, None, KG, ""),
    ("cells/kg: 2e6", 2e6, None, KG, ""),
    ("1 vial (5×10^7 cells)", 5e7, None, CELLS, ""),
    ("120 million Cx601 cells", 1.2e8, None, CELLS, ""),
    ("8.73 × 10^6 cells/person", 8.73e6, None, CELLS, ""),
    # ranges
    ("(1-2)×10^6/kg", 1e6, 2e6, KG, ""),
    ("1–2 × 10^6 cells per kg", 1e6, 2e6, KG, ""),
    ("1×10^6 to 3×10^6 cells", 1e6, 3e6, CELLS, ""),
    ("1.5e6-3.0e6 cells/kg", 1.5e6, 3e6, KG, ""),
    ("0.5×10^6/kg–1×10^6/kg", 5e5, 1e6, KG, ""),
    ("between 1 and 2 million cells/kg", 1e6, 2e6, KG, ""),
    ("11.4 to 120 × 10^6 cells", 1.14e7, 1.2e8, CELLS, ""),
    ("100-200 million cells", 1e8, 2e8, CELLS, ""),
    # not per kg
    ("1e6 cells per cm2 of plaque", 1e6, None, "cells/cm2", ""),
    ("2 million cells/cm²", 2e6, None, "cells/cm2", ""),
    ("22e6 cells/mL", 2.2e7, None, "cells/ml", ""),
    ("10 million cells/lesion", 1e7, None, CELLS, "lesion"),
    ("4×10^7 cells per knee", 4e7, None, CELLS, "knee"),
    ("4×10^7 cells in each hand", 4e7, None, CELLS, "hand"),
    ("each eye received 1e6 cells", 1e6, None, CELLS, "eye"),
    ("5×10^6 cells per finger joint", 5e6, None, CELLS, "finger"),
    ("20 × 10^6 cells per cm of tract", 2e7, None, CELLS, "cm"),
    ("10^6/ml, 0.5 ml per lesion", 5e5, None, CELLS, "lesion"),
    ("1e7 cells/mL; 2 mL", 2e7, None, CELLS, ""),
    # vesicles and volumes
    ("4×10^8 particles", 4e8, None, "particles", ""),
    ("1.2 × 10^10 EVs/kg", 1.2e10, None, "particles/kg", ""),
    ("80 µg/kg exosomes", 80, None, "ug/kg", ""),
    ("80 μg exosomes", 80, None, "ug", ""),
    ("200 micrograms of exosomal protein", 200, None, "ug", ""),
    ("1 mg EV protein per cm2", 1, None, "mg/cm2", ""),
    ("1 mL", 1, None, "ml", ""),
    ("100 uL/kg", 0.1, None, "ml/kg", ""),
    # Chinese
    ("1×10^6个/kg", 1e6, None, KG, ""),
    ("1.5×10⁶ 个细胞/kg体重", 1.5e6, None, KG, ""),
    ("每公斤体重1×10⁶个细胞", 1e6, None, KG, ""),
    ("每千克 (1~2)×10^6 个", 1e6, 2e6, KG, ""),
    ("每kg体重输注2×10^6个", 2e6, None, KG, ""),
    ("1×10⁶个/公斤", 1e6, None, KG, ""),
    ("100万/kg", 1e6, None, KG, ""),
    ("100万~200万个/kg", 1e6, 2e6, KG, ""),
    ("2000万个", 2e7, None, CELLS, ""),
    ("两千万个细胞", 2e7, None, CELLS, ""),
    ("一亿个间充质干细胞", 1e8, None, CELLS, ""),
    ("1.5亿个", 1.5e8, None, CELLS, ""),
    ("3×10^7 个细胞/次", 3e7, None, CELLS, ""),
    ("２×１０⁷个", 2e7, None, CELLS, ""),
    ("5×10^6个/cm²", 5e6, None, "cells/cm2", ""),
    ("每膝5×10^7个细胞", 5e7, None, CELLS, "knee"),
    ("2×10⁷个/mL，每个皮损注射0.5ml", 1e7, None, CELLS, "lesion"),
    ("4×10^8个外泌体颗粒", 4e8, None, "particles", ""),
    ("外泌体100μg", 100, None, "ug", ""),
]


@pytest.mark.parametrize(("text", "value", "high", "unit", "per"), AMOUNTS, ids=[row[0] for row in AMOUNTS])
def test_reads_an_amount_with_its_unit(text, value, high, unit, per):
    dose = parse_dose(text)
    amount = dose.per_administration
    assert amount is not None, dose.cautions
    assert (amount.value, amount.high) == (pytest.approx(value), high if high is None else pytest.approx(high))
    assert (amount.unit, amount.per) == (unit, per)
    assert not codes(dose) & {"implausible-amount", "not-understood", "unit-assumed", "lost-superscript"}


# text, value, administrations, interval, cumulative
WHOLE = [
    ("2 × 10^6 cells/kg IV every 2 weeks ×4", 2e6, 4, 14, 8e6),
    ("1e6/kg q2w ×4", 1e6, 4, 14, 4e6),
    ("1e6/kg×4", 1e6, 4, None, 4e6),
    ("5e5/kg q4w x3", 5e5, 3, 28, 1.5e6),
    ("three infusions of 1×10^6 cells/kg at 2-week intervals", 1e6, 3, 14, 3e6),
    ("4 weekly doses of 2×10^6 cells/kg", 2e6, 4, 7, 8e6),
    ("two doses of 2 × 10^6 cells/kg two weeks apart", 2e6, 2, 14, 4e6),
    ("1.5 × 10^6 MSC/kg i.v. on days 0, 7, 14, 21", 1.5e6, 4, 7, 6e6),
    ("5 × 10^7 cells twice, one week apart", 5e7, 2, 7, 1e8),
    ("4 × 100 million cells", 1e8, 4, None, 4e8),
    ("2×10^6 viable MSCs/kg twice weekly for 4 weeks", 2e6, 8, 3.5, 1.6e7),
    ("2×10^6 cells/kg/week x 4 weeks", 2e6, 4, 7, 8e6),
    ("1e6 cells/kg 1x/week for 8 weeks", 1e6, 8, 7, 8e6),
    ("5 × 10^7 cells per infusion, in 3 infusions", 5e7, 3, None, 1.5e8),
    ("3.0×10^6 cells/kg/time, once every 2 weeks, 3 times in total", 3e6, 3, 14, 9e6),
    ("6 × 10^7 cells equally divided into 3 infusions", 2e7, 3, None, 6e7),
    ("1e6/kg each, total 4e6/kg, 4 infusions", 1e6, 4, None, 4e6),
    ("total 4x10^6/kg in 4 doses of 1x10^6/kg", 1e6, 4, None, 4e6),
    ("a single dose of 2 × 10^8 cells", 2e8, 1, None, 2e8),
    ("100×10^6 cells IV monthly x 3", 1e8, 3, 30, 3e8),
    ("1e6 cells/kg in all, given once", 1e6, 1, None, 1e6),
    ("1×10^6个/kg，每2周1次，共4次", 1e6, 4, 14, 4e6),
    ("１．５×１０⁶个／kg，每２周１次，共４次", 1.5e6, 4, 14, 6e6),
    ("3×10^7 个细胞/次，每周一次，连续三次", 3e7, 3, 7, 9e7),
    ("按每千克体重1×10^6个细胞静脉输注，间隔7天，共2次", 1e6, 2, 7, 2e6),
    ("1×10^6个/kg体重，第0、14天", 1e6, 2, 14, 2e6),
    ("每次5×10^7个细胞，间隔2周，输注2次", 5e7, 2, 14, 1e8),
    ("两千万个细胞/次，每月1次，共3次", 2e7, 3, 30, 6e7),
    ("一亿个细胞，单次静脉输注", 1e8, 1, None, 1e8),
]


@pytest.mark.parametrize(("text", "value", "times", "interval", "cumulative"), WHOLE, ids=[row[0] for row in WHOLE])
def test_reads_a_dose_with_its_schedule(text, value, times, interval, cumulative):
    dose = parse_dose(text)
    assert dose.per_administration is not None
    assert dose.per_administration.value == pytest.approx(value)
    assert (dose.administrations, dose.interval_days) == (times, interval)
    assert dose.cumulative is not None
    assert dose.cumulative.value == pytest.approx(cumulative)
    assert dose.cumulative.unit == dose.per_administration.unit
    assert "total-or-each" not in codes(dose)


UNCLEAR = ["5 × 10^7 cells in 3 infusions", "6 × 10^7 cells over 3 sessions", "a total of 2×10^7 cells were infused"]


@pytest.mark.parametrize("text", UNCLEAR)
def test_each_or_total_is_never_guessed(text):
    dose = parse_dose(text, weight_kg=70)
    assert "total-or-each" in codes(dose)
    assert dose.cumulative is None
    assert dose.cells_per_kg is None
    assert dose.cells_per_kg_cumulative is None


TOTALS = [
    ("6 × 10^7 cells in total, divided over 3 infusions", 6e7),
    ("total dose of 4e6 cells/kg in 2 infusions", 4e6),
    ("1e6 in total cells/kg, 2 administrations", 1e6),
    ("总剂量6×10^7个细胞，分3次输注", 6e7),
    ("A total of 2×10^8 cells in two doses", 2e8),
]


@pytest.mark.parametrize(("text", "total"), TOTALS)
def test_a_total_is_not_shared_out(text, total):
    dose = parse_dose(text)
    assert dose.per_administration is None
    assert dose.cumulative is not None
    assert dose.cumulative.value == total
    assert dose.stated == dose.cumulative
    assert "total-only" in codes(dose)


def test_a_total_that_does_not_fit_is_pointed_out():
    dose = parse_dose("1e6 cells/kg each, total 5e6 cells/kg, 4 infusions")
    assert dose.cumulative == Amount(5e6, "cells/kg")
    assert "total-mismatch" in codes(dose)


def test_columns_of_a_table_are_read_together():
    dose = parse_dose("1.5e6-3.0e6 cells/kg", schedule="2-4 administrations, 15 or 30 days apart", route="intravenous")
    assert dose.per_administration == Amount(1.5e6, "cells/kg", 3e6)
    assert (dose.administrations, dose.administrations_high) == (2, 4)
    assert (dose.interval_days, dose.interval_days_high) == (15, 30)
    assert dose.cumulative == Amount(3e6, "cells/kg", 1.2e7)
    assert (dose.cells_per_kg, dose.cells_per_kg_high) == (1.5e6, 3e6)
    assert (dose.cells_per_kg_cumulative, dose.cells_per_kg_cumulative_high) == (3e6, 1.2e7)
    assert dose.route == "intravenous"
    assert codes(dose) == {"wide-total"}


def test_a_column_that_contradicts_the_text_is_told():
    dose = parse_dose("1e6 cells/kg ×4", schedule="3 infusions")
    assert dose.administrations is None
    assert dose.cumulative is None
    assert "conflicting-schedule" in codes(dose)


def test_a_schedule_that_says_nothing_is_told():
    assert "schedule-not-understood" in codes(parse_dose("1e6 cells/kg", schedule="as needed"))


def test_dose_levels_are_kept_one_by_one():
    dose = parse_dose("1, 2 or 4 x 10^6 cells/kg, 3 infusions")
    assert dose.levels == tuple(Amount(value, "cells/kg") for value in (1e6, 2e6, 4e6))
    assert dose.per_administration == Amount(1e6, "cells/kg", 4e6)
    assert dose.cumulative == Amount(3e6, "cells/kg", 1.2e7)
    assert "dose-levels" in codes(dose)


@pytest.mark.parametrize(
    "text",
    [
        "1e6, 2e6 and 4e6 cells/kg",
        "1×10^6/kg, 2×10^6/kg and 4×10^6/kg",
        "first 1e6 cells/kg, later 2e6 cells/kg, at last 4e6 cells/kg",
        "1×10^6、2×10^6和4×10^6个/kg",
    ],
)
def test_levels_are_read_however_they_are_listed(text):
    assert [level.value for level in parse_dose(text).levels] == [1e6, 2e6, 4e6]


LOST = [
    ("1 x 106 cells/kg", 1e6),
    ("8 × 106/kg", 8e6),
    ("2 x 10 6 cells/kg", 2e6),
    ("5 × 107 cells", 5e7),
    ("1.0 × 1010 particles", 1e10),
    ("106 cells/kg", 1e6),
]


@pytest.mark.parametrize(("text", "value"), LOST)
def test_a_lost_superscript_is_restored_with_a_caution(text, value):
    dose = parse_dose(text)
    assert dose.per_administration is not None
    assert dose.per_administration.value == value
    assert "lost-superscript" in codes(dose)


def test_a_lost_superscript_is_restored_at_both_ends_of_a_range():
    assert parse_dose("6 × 104 to 107/kg").per_administration == Amount(6e4, "cells/kg", 1e7)


@pytest.mark.parametrize("text", ["1x10e6 cells/kg", "10e6 cells/kg"])
def test_an_e_after_ten_is_doubtful(text):
    assert "power-notation" in codes(parse_dose(text))


def test_a_bare_number_is_cells_and_never_per_kg():
    dose = parse_dose("2 × 10⁷")
    assert dose.per_administration == Amount(2e7, "cells")
    assert dose.cells_per_kg is None
    assert "unit-assumed" in codes(dose)


def test_a_weight_in_the_text_that_cannot_be_placed_stops_the_guess():
    dose = parse_dose("1.5x10^6 zorbs/kg")
    assert dose.per_administration is None
    assert "not-understood" in codes(dose)


def test_cells_are_put_per_kg_only_by_a_weight_that_was_given():
    assert parse_dose("7e7 cells, 2 infusions").cells_per_kg is None
    dose = parse_dose("7e7 cells, 2 infusions", weight_kg=70)
    assert dose.cells_per_kg == 1e6
    assert dose.cells_per_kg_cumulative == 2e6
    assert dose.per_administration == Amount(7e7, "cells")
    assert any(caution.code == "assumed-weight" and "70 kg" in caution.text for caution in dose.cautions)


def test_a_dose_per_kg_needs_no_weight():
    dose = parse_dose("1e6 cells/kg", weight_kg=70)
    assert dose.cells_per_kg == 1e6
    assert "assumed-weight" not in codes(dose)


@pytest.mark.parametrize("text", ["1e6 cells per lesion", "1e6 cells/cm2", "1e6 cells/ml", "2e7 cells in each knee"])
def test_what_is_counted_by_site_area_or_volume_is_never_put_per_kg(text):
    dose = parse_dose(text, weight_kg=70)
    assert dose.cells_per_kg is None
    assert "not-per-kg" in codes(dose)


@pytest.mark.parametrize("weight", [0, -70, 0.1, 401, float("nan"), float("inf")])
def test_an_impossible_weight_is_refused(weight):
    with pytest.raises(InvalidInput, match="body weight"):
        parse_dose("1e6 cells", weight_kg=weight)


@pytest.mark.parametrize("weight", [0.2, 400])
def test_the_limits_of_weight_are_allowed(weight):
    assert parse_dose("1e6 cells", weight_kg=weight).cells_per_kg == pytest.approx(1e6 / weight)


@pytest.mark.parametrize("text", ["1e12 cells/kg", "500 cells/kg", "1e13 cells"])
def test_an_implausible_amount_is_kept_and_pointed_out(text):
    dose = parse_dose(text)
    assert dose.per_administration is not None
    assert "implausible-amount" in codes(dose)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "UC-MSC iv",
        "-5e6 cells",
        "0 cells/kg",
        "1e400 cells",
        "10^99999 cells/kg",
        "NaN cells",
        "inf cells/kg",
        "4×10^9/L",
        "2e6 IU",
        "1e12 vg/kg",
        "10 CFU",
        "methotrexate 15 mg",
        "1e-6 cells",
        "每2周1次，共4次",
    ],
)
def test_what_is_no_amount_is_quoted_and_not_read(text):
    dose = parse_dose(text)
    assert dose.per_administration is None
    assert dose.cumulative is None
    said = [caution.text for caution in dose.cautions if caution.code == "not-understood"]
    assert said
    assert text in said[0]


def test_other_amounts_beside_the_dose_are_named():
    dose = parse_dose("1e6 cells/kg (7e7 cells in an adult)")
    assert dose.per_administration == Amount(1e6, "cells/kg")
    assert any(caution.code == "several-amounts" and "7e7 cells" in caution.text for caution in dose.cautions)


def test_the_volume_that_carries_the_cells_is_no_dose():
    dose = parse_dose("2×10^7 cells in 100 ml saline")
    assert dose.per_administration == Amount(2e7, "cells")
    assert dose.cautions == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("up to 2×10^8 cells", "bound"),
        ("≥1×10^6/kg", "bound"),
        ("1.2 ± 0.3 × 10^6 cells/kg", "mean-amount"),
        ("2 × 10⁶ CD34+ cells/kg", "cd34"),
        ("15 mg", "mass-unnamed"),
        ("1e6 cells/ml", "concentration"),
        ("1e6 cells/kg every 3 months", "month-length"),
        ("1e6 cells/kg biweekly", "ambiguous-interval"),
        ("1e6 cells/kg weekly for 4 weeks", "administrations-from-duration"),
    ],
)
def test_readings_to_be_checked_carry_a_caution(text, code):
    assert code in codes(parse_dose(text))


@pytest.mark.parametrize(
    ("text", "route", "expected"),
    [
        ("1e6/kg IV", "", "intravenous"),
        ("1e6/kg iv", "", "intravenous"),
        ("1e6 cells sc", "", "subcutaneous"),
        ("1e6/kg", "i.v.", "intravenous"),
        ("1×10^6个/kg，静脉输注", "", "intravenous"),
        ("1e6 cells", "into the scalp", "into the scalp"),
        ("1e6 cells", "", ""),
    ],
)
def test_the_route_comes_from_its_column_or_the_text(text, route, expected):
    assert parse_dose(text, route=route).route == expected


def test_a_route_outside_the_vocabulary_and_several_routes_are_told():
    assert "unknown-route" in codes(parse_dose("1e6 cells", route="by drone"))
    dose = parse_dose("1e6 cells", route="intravenous and intradermal")
    assert dose.route == "intravenous; intradermal"
    assert "several-routes" in codes(dose)


def test_json_has_the_promised_names():
    data = to_data(parse_dose("2 × 10^6 cells/kg IV every 2 weeks ×4", weight_kg=70))
    assert data["per_administration"]["value"] == 2e6
    assert data["per_administration"]["unit"] == "cells/kg"
    assert (data["administrations"], data["interval_days"], data["route"]) == (4, 14, "intravenous")
    assert data["cumulative"]["value"] == 8e6
    assert data["cells_per_kg"] == 2e6
    assert data["cautions"] == []


# --- running text ----------------------------------------------------------------------------------------------------

FOUND = [
    ("Patients received 1×10^6 cells/kg UC-MSCs intravenously.", ["1×10^6 cells/kg"]),
    ("In all, 17 patients received 2×10^7 cells.", ["2×10^7 cells"]),
    ("methotrexate 15 mg weekly with UC-MSC 2 × 10^6/kg", ["2 × 10^6/kg"]),
    ("prednisone 1 mg/kg and 5×10^7 MSCs", ["5×10^7 MSCs"]),
    ("mice received 1e6 MSCs via the tail vein", ["1e6 MSCs"]),
    ("Each knee was injected with 4 × 10^7 cells.", ["4 × 10^7 cells"]),
    ("MSC-EVs were given at 4×10^10 particles per dose.", ["4×10^10 particles per dose"]),
    ("Lesions were treated with 80 µg exosomes.", ["80 µg exosomes"]),
    ("Group 2 (n = 10) got 2, 4 or 8 × 10^6 cells/kg.", ["2, 4 or 8 × 10^6 cells/kg"]),
    ("A first dose of 1×10^6/kg and, 4 weeks later, 3×10^6/kg.", ["1×10^6/kg", "3×10^6/kg"]),
    ("给予脐带间充质干细胞1×10^6个/kg静脉输注。", ["1×10^6个/kg"]),
    ("Viability exceeded 90%, and 4 × 10⁷ MSCs in 5 mL saline were injected.", ["4 × 10⁷ MSCs"]),
    ("Exosomes isolated from MSCs (50 µg in 100 µl PBS) were injected.", ["50 µg"]),
    ("患者输注3×10^7个细胞，每周一次。", ["3×10^7个细胞"]),
    ("每公斤体重输注1×10⁶个细胞，共3次。", ["每公斤体重输注1×10⁶个细胞"]),
]


@pytest.mark.parametrize(("text", "quotes"), FOUND, ids=[row[0] for row in FOUND])
def test_finds_doses_in_running_text(text, quotes):
    matches = find_doses(text)
    assert [match.quote for match in matches] == quotes
    assert all(text[match.start : match.end] == match.quote for match in matches)
    assert all(match.dose.stated is not None for match in matches)


@pytest.mark.parametrize(
    "text",
    [
        "WBC was 4×10^9/L and platelets 150×10^9/L.",
        "Cells were seeded at 5000 cells/cm2 and cultured.",
        "3 × 10^6 cells were seeded per flask",
        "Viability was 95% and 1×10^5 cells were stained for flow cytometry.",
        "10 CFU/ml and 1e3 CFU were found.",
        "PBMCs (2×10^5 cells/well) were co-cultured.",
        "The lymphocyte count was 1.2 × 10^3 cells/µL.",
        "The CD4+ T cell count was 500 cells/mm3.",
        "Vials of 2×10^7 cells were frozen.",
        "They took methotrexate 15 mg weekly and cyclophosphamide 50 mg/kg.",
        "Exosomes were added, and methotrexate 15 mg was continued.",
        "Exosomes at 100 µg/mL were added to the cultures.",
        "Urinary protein was 500 mg per day; 24 mg protein was lost.",
        "The BMI was 25 kg/m2 and the weight 60 kg in 17 patients.",
        "将细胞以5×10^3个/cm2接种于培养瓶。",
        "白细胞 4.5×10^9/L。",
        "子代细胞传至P3，收集2×10^8个细胞冻存。",
        "甲氨蝶呤 15 mg，每周一次。",
    ],
)
def test_other_numbers_are_no_doses(text):
    assert find_doses(text) == ()


def test_a_total_beside_a_found_dose_is_understood():
    (match,) = find_doses("The total dose of 4×10^6 cells/kg was well tolerated.")
    assert match.dose.per_administration is None
    assert match.dose.cumulative == Amount(4e6, "cells/kg")


def test_positions_count_characters_beyond_the_basic_plane():
    text = "𝟙😀 UC-MSC 1×10^6 cells/kg, weekly for 4 weeks"
    (dose,) = find_doses(text)
    (schedule,) = find_schedules(text)
    assert text[dose.start : dose.end] == dose.quote == "1×10^6 cells/kg"
    assert text[schedule.start : schedule.end] == schedule.quote == "weekly for 4 weeks"


# --- properties ------------------------------------------------------------------------------------------------------

WORDS = [
    "10", "^", "⁶", "×", "x", "*", ".", ",", "·", " ", "e", "-", "–", "±", "(", ")", "/", "<sup>", "¤", "\n", "NaN",
    "inf",
    "kg", "cells", "MSC", "per ", "each ", "total ", "million", "to ", "or ", "every ", "weeks", "days ", "infusions ",
    "in ", "of ", "ml", "µg", "exosomes", "lesion", "万", "亿", "两", "每", "周", "次", "共", "第", "天", "个",
    "细胞", "公斤",
]  # fmt: skip
PIECES = st.lists(st.sampled_from([*"0123456789", *WORDS]), max_size=40).map("".join)


@given(st.one_of(PIECES, st.text(max_size=60)), st.one_of(st.none(), st.floats(0.2, 400)))
def test_no_text_raises_and_every_number_is_sound(text, weight):
    dose = parse_dose(text, schedule=text[::-1], weight_kg=weight)
    for amount in (dose.per_administration, dose.cumulative, dose.stated, *dose.levels):
        assert amount is None or 0 < amount.value < float("inf")
        assert amount is None or amount.high is None or amount.high > amount.value
    assert dose.administrations is None or dose.administrations >= 1
    assert dose.interval_days is None or dose.interval_days > 0
    assert dose.stated is not None or dose.cautions
    for match in (*find_doses(text), *find_schedules(text)):
        assert text[match.start : match.end] == match.quote


SIZES = st.integers(10, 999).map(lambda size: size / 10)
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
STYLES = {
    "caret": lambda size, power: f"{size:g} × 10^{power}",
    "raised": lambda size, power: f"{size:g}×10{str(power).translate(RAISED)}",
    "round": lambda size, power: f"{size:g} x 10({power})",
    "e": lambda size, power: f"{size:g}e{power}",
    "raised point": lambda size, power: f"{size:.1f} × 10^{power}".replace(".", "·"),
    "decimal comma": lambda size, power: f"{size:.1f}*10^{power}".replace(".", ","),
    "html": lambda size, power: f"{size:g} × 10<sup>{power}</sup>",
}
UNITS = {
    "cells/kg": ["cells/kg", "cells per kg body weight", "MSCs/kg", "个/kg", "/kg"],
    "cells": ["cells", "UC-MSCs", "个细胞"],
    "cells/cm2": ["cells/cm²", "cells per cm2"],
    "particles": ["particles", "EVs"],
}


@given(SIZES, st.integers(5, 7), st.sampled_from(sorted(STYLES)), st.data())
def test_what_is_written_in_any_style_is_read_back(size, power, style, data):
    unit = data.draw(st.sampled_from(sorted(UNITS)))
    name = data.draw(st.sampled_from(UNITS[unit]))
    text = f"{STYLES[style](size, power)} {name}"
    assert parse_dose(text).per_administration == Amount(float(f"{size:g}e{power}"), unit)


@given(SIZES, SIZES, st.integers(5, 7), st.sampled_from(["-", "–", " to ", "~", "至"]))
def test_a_range_is_read_back(one, two, power, sign):
    low, high = sorted((one, two))
    dose = parse_dose(f"{low:g}{sign}{high:g} × 10^{power} cells/kg")
    expected = Amount(float(f"{low:g}e{power}"), "cells/kg", float(f"{high:g}e{power}") if high > low else None)
    assert dose.per_administration == expected


@given(SIZES, st.integers(2, 12), st.floats(1, 200))
def test_the_total_is_amount_times_number(size, times, weight):
    dose = parse_dose(f"{size:g} × 10^7 cells ×{times}", weight_kg=weight)
    assert dose.cumulative is not None
    assert dose.cells_per_kg is not None
    assert dose.cumulative.value == pytest.approx(size * 1e7 * times)
    assert dose.cells_per_kg * weight == pytest.approx(size * 1e7)


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("MSC were injected intravenously at 2 × 10^5 per mouse.", "2 × 10^5 per mouse"),
        ("Mice received 0.5 ml of conditioned medium.", "0.5 ml"),
        ("The conditioned medium (0.5 mL) was injected.", "0.5 mL"),
        ("A layer of 3 x 10^5 cells per cm2 was sprayed on.", "3 x 10^5 cells per cm2"),
        ("Each wound got 3 x 10^5 cells per cm2.", "3 x 10^5 cells per cm2"),
        ("MSC-EV were given, 100 µg each time, for 4 weeks.", "100 µg each time"),
    ],
)
def test_finds_doses_per_animal_by_area_and_by_volume(text, quote):
    assert [match.quote for match in find_doses(text)] == [quote]


@pytest.mark.parametrize(
    "text",
    [
        "The vector was injected at 2 × 10^11 per mouse.",
        "Exosomes were injected at 2 × 10^9 per mouse.",
        "0.5 ml of conditioned medium was collected.",
        "Cells were cultured in 10 ml of conditioned medium.",
        "Exosomes were injected in 0.5 ml of saline.",
        "Cells were seeded at 3 x 10^5 cells per cm2.",
        "Exosomes were studied; dexamethasone, 100 µg each time, was given.",
    ],
)
def test_leaves_other_counts_volumes_and_weights_alone(text):
    assert find_doses(text) == ()


def test_a_dose_per_mouse_is_not_put_per_kg():
    (match,) = find_doses("MSC were injected at 2 × 10^5 per mouse.")
    assert (match.dose.stated.unit, match.dose.cells_per_kg) == ("cells", None)
    assert "unit-assumed" in [caution.code for caution in match.dose.cautions]
