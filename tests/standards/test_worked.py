"""What follows from other fields of a record."""

import pytest

from stromata.standards import record_of
from stromata.standards.worked import with_worked_out


def worked(**stated):
    record, problems = record_of(stated.items(), subject="infusion")
    assert problems == ()
    return with_worked_out(record.entries)


@pytest.mark.parametrize(
    ("stated", "field", "expected"),
    [
        ({"dose_cells_total": 1.4e8, "body_weight_kg": 70}, "dose_cells_per_kg", 2e6),
        ({"dmso_g": 7, "body_weight_kg": 70}, "dmso_g_per_kg", 0.1),
        (
            {"thaw_datetime": "2024-06-03T23:30", "infusion_datetime": "2024-06-04T01:00"},
            "thaw_to_infusion_minutes",
            90,
        ),
        (
            {"infusion_datetime": "2024-06-03T10:10", "infusion_end_datetime": "2024-06-03T10:40"},
            "infusion_duration_minutes",
            30,
        ),
        ({"infusion_volume_ml": 90, "infusion_duration_minutes": 30}, "infusion_rate_ml_per_min", 3),
        (
            {"donor_specimen_datetime": "2024-03-09", "collection_datetime": "2024-03-05T10:00"},
            "donor_specimen_interval_days",
            4,
        ),
        ({"donor_age_years": 2}, "donor_age_months", 24),
        ({"cd14_pct": 1, "cd11b_pct": 3}, "cd14_or_cd11b_pct", 3),
        ({"cd19_pct": 0.4}, "cd79a_or_cd19_pct", 0.4),
    ],
)
def test_a_field_follows_from_others(stated, field, expected):
    entries, problems = worked(**stated)
    assert entries[field].value == pytest.approx(expected)
    assert entries[field].note.startswith("Worked out from")
    assert problems == ()


def test_one_test_for_three_viruses_answers_for_each_that_has_no_result_of_its_own():
    entries, problems = worked(donor_nat_hiv_hbv_hcv="negative", donor_nat_hbv="positive")
    assert problems == ()
    results = {virus: entries[f"donor_nat_{virus}"].value for virus in ("hiv_1", "hcv", "hbv")}
    assert results == {"hiv_1": "negative", "hcv": "negative", "hbv": "positive"}
    assert "one test for all" in entries["donor_nat_hcv"].note
    assert worked(donor_nat_hcv="negative")[0].keys() == {"donor_nat_hcv"}


@pytest.mark.parametrize(("minutes", "expected"), [(30, 0.2), (60, 0.2), (120, 0.1)])
def test_endotoxin_by_the_hour_counts_a_short_infusion_as_one_hour(minutes, expected):
    entries, _ = worked(
        endotoxin_eu_per_ml=0.14, infusion_volume_ml=100, body_weight_kg=70, infusion_duration_minutes=minutes
    )
    assert entries["endotoxin_eu_per_kg_per_hour"].value == pytest.approx(expected)


def test_a_bound_is_carried_along_only_where_it_stays_one():
    entries, _ = worked(dose_cells_total="< 1.4e8", body_weight_kg=70)
    assert (entries["dose_cells_per_kg"].value, entries["dose_cells_per_kg"].relation) == (2e6, "<")
    entries, _ = worked(dose_cells_total="1.4e8", body_weight_kg="< 70")
    assert "dose_cells_per_kg" not in entries
    entries, _ = worked(cd14_pct="< 2", cd11b_pct=3)
    assert "cd14_or_cd11b_pct" not in entries


@pytest.mark.parametrize(
    "stated",
    [
        {"dose_cells_total": 1.4e8},
        {"dose_cells_total": "not done", "body_weight_kg": 70},
        {"thaw_datetime": "2024-06-03", "infusion_datetime": "2024-06-03T10:00"},
        {"thaw_datetime": "2024-06-03T11:00", "infusion_datetime": "2024-06-03T10:00"},
        {"thaw_datetime": "2024-06-03T09:00Z", "infusion_datetime": "2024-06-03T10:00"},
        {"infusion_volume_ml": 90, "infusion_duration_minutes": 0},
    ],
)
def test_nothing_follows_from_too_little(stated):
    entries, problems = worked(**stated)
    assert set(entries) == set(stated)
    assert problems == ()


def test_a_stated_value_stands_and_a_difference_is_told():
    entries, (problem,) = worked(dose_cells_total=1.4e8, body_weight_kg=70, dose_cells_per_kg=1e6)
    assert entries["dose_cells_per_kg"].value == 1e6
    assert problem.code == "do-not-agree"
    assert worked(dose_cells_total=1.4e8, body_weight_kg=70, dose_cells_per_kg=2.01e6)[1] == ()
