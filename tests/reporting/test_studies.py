from dataclasses import replace

from reporting.builders import full
from stromata.reporting import ArmDose
from stromata.reporting.results import views
from stromata.reporting.studies import arm_rows, cohort_rows, family_rows, mapping_rows


def shown(**changes):
    return views(replace(full(), **changes))


def test_doses_stand_beside_their_arms_and_nothing_is_filled_in():
    rows = {row.arm.id: row for row in arm_rows(shown())}
    abel = rows["Abel2016.cells"]
    assert (abel.schedule, abel.cells_per_kg) == ("2\u00a0times, every\u00a014\u00a0days", "1\u00a0×\u00a010⁶")
    assert abel.cautions == ("A body weight of 70 kg was assumed.",)
    assert (rows["Chén2019.cells"].schedule, rows["Chén2019.cells"].cells_per_kg) == ("once", "")
    assert rows["Hale2014.cells"].dose is None
    assert len(rows) == len(full().tables.arms)


def test_one_day_is_no_days():
    rows = {row.arm.id: row for row in arm_rows(shown(doses=(ArmDose("Abel2016.cells", interval_days=1.0),)))}
    assert rows["Abel2016.cells"].schedule == "every\u00a01\u00a0day"


def test_mappings_say_what_the_extractor_had_named_only_where_it_differs():
    first, second = mapping_rows(shown())
    assert (first.study.text, first.criterion, first.response_class) == ("Abel 2016", "PASI75", "response")
    assert (first.counts_as, first.named, first.by) == ("Response", "Severity score", "stromata's default rule")
    assert (second.named, second.by) == ("", "the protocol's rule")


def test_families_have_the_reason_of_each_link():
    [family] = family_rows(shown())
    assert [(link.key, link.reason, cited.text) for link, cited in family.links] == [
        ("10.5555/abel.2016", "main report", "[2]"),
        ("NCT00000001", "same sponsor", "NCT00000001"),
    ]


def test_cohorts_say_why_and_which_study_stands_where():
    [cohort] = cohort_rows(shown())
    assert [each.text for each in cohort.studies] == ["Abel 2016", "Gomez 2015"]
    assert cohort.reasons == ("Same hospital, same years.",)
    [(study, where)] = cohort.stands
    assert study.text == "Abel 2016"
    assert [each.href for each in where] == ["#synthesis-ratio"]


def test_a_cohort_of_one_study_is_shown_only_with_a_reason():
    content = full()
    studies = tuple(replace(each, cohort="north" if each.id == "Abel2016" else "") for each in content.tables.studies)
    tables = replace(content.tables, studies=studies)
    assert len(cohort_rows(shown(tables=tables))) == 1
    assert cohort_rows(shown(tables=tables, cohorts=())) == ()


def test_ranges_keep_both_ends():
    dose = ArmDose(
        "Abel2016.cells",
        administrations=2,
        administrations_high=4,
        interval_days=15,
        interval_days_high=30,
        cells_per_kg=1.5e6,
        cells_per_kg_high=3e6,
    )
    row = next(arm_rows(shown(doses=(dose,))))
    assert row.schedule.replace("\u00a0", " ") == "2 to 4 times, every 15 to 30 days"
    assert row.cells_per_kg.replace("\u00a0", " ") == "1.5 × 10⁶ to 3 × 10⁶"
    once = replace(dose, administrations=1, administrations_high=2, interval_days=None)
    assert next(arm_rows(shown(doses=(once,)))).schedule.replace("\u00a0", " ") == "1 to 2 times"
