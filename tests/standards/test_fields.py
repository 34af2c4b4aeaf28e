"""The fields of a record, and how what stands in one is read."""

import pytest

from stromata.standards.fields import NOT_DONE, Field, fields, find, key, take


def value(name, raw, unit=""):
    entry, problems = take(find(name), raw, unit=unit)
    assert problems == ()
    return entry.value, entry.relation


def code(name, raw, unit=""):
    entry, problems = take(find(name), raw, unit=unit, line=7, place="here")
    assert entry.value is None
    assert entry.note
    (problem,) = problems
    assert (problem.line, problem.column) == (7, "here")
    assert problem.hint
    return problem.code


def test_names_of_fields_are_unique_and_find_them():
    names = [key(name) for one in fields() for name in (one.id, *one.also)]
    assert len(names) == len(set(names))
    assert all(find(one.id) is one and one.id == key(one.id) for one in fields())


def test_ways_to_write_a_word_mean_one_word_only():
    for one in fields():
        written = [other for word, others in one.words for other in {key(text) for text in (word, *others)}]
        assert len(written) == len(set(written)), one.id


@pytest.mark.parametrize("name", ["CD73 %", "cd73Percent", "cd-73 pct".replace("cd-", "cd"), "CD73", "cd73_pct"])
def test_case_and_punctuation_of_a_name_do_not_matter(name):
    assert find(name).id == "cd73_pct"


@pytest.mark.parametrize(
    ("raw", "unit", "expected"),
    [
        (97, "", (97, "")),
        ("97,5 %", "", (97.5, "")),
        (0.97, "fraction", (97, "")),
        (">95%", "", (95, ">")),
        ("≥ 95", "", (95, ">=")),
        ("at least 95", "%", (95, ">=")),
        ("<0.5", "", (0.5, "<")),
        ("97 %", "percent", (97, "")),
        ("not done", "", (NOT_DONE, "")),
    ],
)
def test_a_percentage_is_read(raw, unit, expected):
    assert value("cd73_pct", raw, unit) == expected


@pytest.mark.parametrize(
    ("raw", "unit", "expected"),
    [
        ("abc", "", "not-a-number"),
        (True, "", "not-a-number"),
        ("95-97", "", "not-a-number"),
        ("96 ± 2", "", "not-a-number"),
        ("", "", None),
        ([1, 2], "", "not-a-number"),
        (float("inf"), "", "not-a-number"),
        (10**400, "", "not-a-number"),
        ("1,000", "", "unclear-comma"),
        (970, "", "impossible"),
        (-1, "", "impossible"),
        (97, "EU/mL", "other-unit"),
        ("97 %", "fraction", "two-units"),
    ],
)
def test_what_is_no_single_number_in_a_fitting_unit_is_a_problem(raw, unit, expected):
    if expected is None:
        assert take(find("cd73_pct"), raw, unit=unit) == (None, ())
    else:
        assert code("cd73_pct", raw, unit) == expected


def test_a_negative_temperature_is_read():
    assert value("storage_temperature_c", "-150 °C") == (-150, "")
    assert value("storage_temperature_c", "−196") == (-196, "")


def test_a_dose_is_read_with_its_power_of_ten():
    assert value("dose_cells_per_kg", "2×10^6 cells/kg") == (2e6, "")
    assert value("dose_cells_per_kg", 2, "1e6 cells/kg") == (2e6, "")
    assert code("dose_cells_per_kg", 2, "cells") == "other-unit"


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        ("sterility", "No growth", "negative"),
        ("sterility", "complies", "negative"),
        ("sterility", "阴性", "negative"),
        ("donor_hbv", "Reactive", "positive"),
        ("donor_hbv", "non-reactive", "negative"),
        ("product_state", "frozen", "cryopreserved"),
        ("karyotype", "46,XX", "normal"),
        ("karyotype", "46,XY,16qh+", "46,XY,16qh+"),
        ("premedication", "antihistamine and corticosteroid", "corticosteroid_and_antihistamine"),
        ("route", "i.v.", "intravenous"),
        ("condition", "systemic_lupus_erythematosus", "systemic-lupus-erythematosus"),
        ("condition", "pediatric_sr_agvhd", "pediatric_sr_agvhd"),
        ("plastic_adherent", True, True),
        ("plastic_adherent", "n", False),
        ("plastic_adherent", 1, True),
        ("gmp_certificate", "none", False),
        ("gmp_certificate", "number 12", "number 12"),
        ("infusion_datetime", "2024-02-29 10:00", "2024-02-29T10:00"),
        ("deaths", 0, 0),
        ("deaths", True, True),
    ],
)
def test_words_dates_and_yes_or_no_are_read(name, raw, expected):
    found, _ = value(name, raw)
    assert found == expected
    assert isinstance(found, bool) == isinstance(expected, bool)


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        ("sterility", "perhaps", "not-a-word"),
        ("sterility", True, "not-a-word"),
        ("donor_hbv", "pass", "not-a-word"),
        ("plastic_adherent", "well", "not-yes-or-no"),
        ("infusion_datetime", "2023-02-29", "not-a-date"),
        ("infusion_datetime", "3/4/2024", "not-a-date"),
        ("infusion_datetime", 20240304, "not-a-date"),
    ],
)
def test_a_word_or_date_that_is_not_known_is_a_problem(name, raw, expected):
    assert code(name, raw) == expected


@pytest.mark.parametrize("raw", ["pending", "N/A", "unknown", "未知"])
def test_what_is_not_known_yet_is_no_problem_and_no_value(raw):
    entry, problems = take(find("sterility"), raw)
    assert (entry.value, problems) == (None, ())
    assert raw in entry.note


def test_a_list_is_read_word_by_word():
    found, _ = take(find("premedication"), ["steroid", "antihistamine"])
    assert found.value == ("corticosteroid", "antihistamine")
    entry, problems = take(find("donor_hbv"), ["negative", "maybe"])
    assert (entry.value, problems[0].code) == (None, "not-a-word")
    counted, _ = take(find("ev_quantity_methods"), ["protein", "particles"])
    assert counted.value == 2


def test_a_field_of_a_team_is_read_as_its_kind_says():
    entry, problems = take(Field("glucose", "Glucose", "number", "mmol/L"), "5.5")
    assert (entry.value, entry.unit, problems) == (5.5, "mmol/L", ())
