"""Two people's answers side by side; what is settled; and the rows that come of it, under the checks of the tables."""

import csv
import io

import pytest

from stromata.errors import InvalidInput
from stromata.extraction import (
    agreement,
    compare,
    merge,
    own_answers,
    read_settlements,
    study_tables,
    write_differences,
)
from stromata.extraction.conversions import convert
from stromata.model import (
    Answer,
    Condition,
    Evidence,
    Extraction,
    FormField,
    OutcomeDefinition,
    ReviewProtocol,
    Settlement,
)

PROTOCOL = ReviewProtocol(
    conditions=(Condition("psoriasis", "Psoriasis"),),
    outcomes=(OutcomeDefinition("response", "Response"), OutcomeDefinition("score", "Score", scale="continuous")),
    form=(FormField("funder", "study", "Funder", required=True),),
)


def answer(field, value, *, level="study", subject="", **more):
    evidence = Evidence(reference="10.5555/1", quote=more.pop("quote", ""), extractor=more.pop("by", ""))
    return Answer(level, subject, field, value, evidence, **more)


def extraction(by, *answers, study="A"):
    return Extraction(study, by, answers)


WHOLE = (
    answer("title", "A trial"),
    answer("condition", "psoriasis"),
    answer("design", "single-arm"),
    answer("funder", "public"),
    answer("label", "Cells", level="arm", subject="cells"),
    answer("role", "intervention", level="arm", subject="cells"),
    answer("product_class", "msc", level="arm", subject="cells"),
    answer("kind", "response", level="outcome", subject="resp"),
    answer("events", "8", level="result", subject="cells/resp", quote="8 responded"),
    answer("total", "17", level="result", subject="cells/resp", quote="17 treated"),
)


def test_numbers_lists_and_texts_are_compared_by_what_they_say():
    one = extraction(
        "ann", answer("n_enrolled", "17"), answer("registry_ids", "NCT1; NCT2"), answer("title", "A  trial.")
    )
    two = extraction(
        "bob", answer("n_enrolled", "17.0"), answer("registry_ids", "NCT2;NCT1"), answer("title", "a trial")
    )
    assert compare(one, two) == ()


def test_what_only_one_reports_is_a_difference():
    one = extraction("ann", answer("year", "2019"), answer("phase", "2"))
    two = extraction("bob", answer("year", "2020"), answer("country", "Norway"))
    found = compare(one, two)
    assert [(d.field, d.first and d.first.value, d.second and d.second.value) for d in found] == [
        ("year", "2019", "2020"),
        ("phase", "2", None),
        ("country", None, "Norway"),
    ]


def test_differences_become_a_form_that_reads_back_as_settlements(tmp_path):
    one = extraction("ann", answer("year", "2019", quote="=2019"), answer("phase", "2"))
    two = extraction("bob", answer("year", "2020"))
    text = write_differences(compare(one, two), ("ann", "bob"))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["field"], row["ann says"], row["bob says"], row["value"]) for row in rows] == [
        ("year", "2019", "2020", ""),
        ("phase", "2", "(not reported)", ""),
    ]
    assert rows[0]["ann quotes"] == "'=2019"
    path = tmp_path / "settle.csv"
    path.write_text(text.replace("A,study,,year,,,,", "A,study,,year,,,2019,"), encoding="utf-8")
    found, problems = read_settlements(path, protocol=PROTOCOL)
    assert [(item.answer.field, item.answer.value) for item in found] == [("year", "2019")]
    assert problems == ()
    assert [item.field for item in merge([one, two], found).open] == ["phase"]


def test_notes_are_everybodys_own():
    assert compare(extraction("ann", answer("note", "x")), extraction("bob", answer("note", "y"))) == ()


def test_agreed_answers_keep_the_first_extractors_evidence():
    one, two = extraction("ann", answer("year", "2019", by="ann")), extraction("bob", answer("year", "2019", by="bob"))
    merged = merge([one, two])
    assert (merged.open, merged.answers[0].evidence.extractor) == ((), "ann")


def test_an_open_difference_gives_no_answer_and_a_settlement_gives_its_own():
    one, two = extraction("ann", answer("year", "2019")), extraction("bob", answer("year", "2020"))
    assert merge([one, two]).answers == ()
    settled = merge([one, two], [Settlement("A", answer("year", "2021"), "the register says so", "cy")])
    assert settled.answers[0].evidence.extractor == "cy"
    assert ([item.value for item in settled.answers], settled.open) == (["2021"], ())


def test_a_settlement_of_another_study_settles_nothing():
    one, two = extraction("ann", answer("year", "2019")), extraction("bob", answer("year", "2020"))
    assert len(merge([one, two], [Settlement("B", answer("year", "2021"))]).open) == 1


def test_an_empty_settlement_leaves_the_field_unreported():
    one, two = extraction("ann", answer("year", "2019")), extraction("bob")
    merged = merge([one, two], [Settlement("A", answer("year", ""))])
    assert (merged.answers, merged.open) == ((), ())


def test_an_arm_that_only_one_saw_can_be_dropped_whole():
    extra = (answer("n", "5", level="arm", subject="men"), answer("events", "2", level="result", subject="men/resp"))
    one, two = extraction("ann", *WHOLE, *extra), extraction("bob", *WHOLE)
    assert len(merge([one, two]).open) == 2
    merged = merge([one, two], [Settlement("A", Answer("arm", "men", "id", ""), "a subgroup")])
    assert merged.open == ()
    assert "men" not in {part for item in merged.answers for part in item.subject.split("/")}


def test_one_extraction_stands_for_itself():
    assert merge([extraction("ann", *WHOLE)]).answers == WHOLE


@pytest.mark.parametrize("given", [[], [extraction("ann"), extraction("bob", study="B")], [extraction("ann")] * 3])
def test_only_one_or_two_extractions_of_one_study_merge(given):
    with pytest.raises(InvalidInput, match="one or two"):
        merge(given)


def test_agreement_counts_what_either_reports_and_kappa_only_where_answers_are_few():
    pairs = [
        (extraction("ann", answer("design", d), answer("year", "1")), extraction("bob", answer("design", e)))
        for d, e in (("rct", "rct"), ("rct", "rct"), ("cohort", "cohort"), ("cohort", "rct"))
    ]
    found = {(item.level, item.field): item for item in agreement(pairs, protocol=PROTOCOL)}
    design, year = found["study", "design"], found["study", "year"]
    # Observed 3/4; by chance 2/4 * 3/4 + 2/4 * 1/4 = 1/2; kappa = (3/4 - 1/2) / (1/2).
    assert (design.n, design.equal, design.kappa) == (4, 3, pytest.approx(0.5))
    assert (year.n, year.equal, year.kappa) == (4, 0, None)


def test_kappa_is_undefined_when_both_always_say_the_same_thing():
    pair = (extraction("ann", answer("design", "rct")), extraction("bob", answer("design", "rct")))
    assert agreement([pair], protocol=PROTOCOL)[0].kappa is None


def test_agreed_answers_become_rows_and_each_value_keeps_its_own_evidence():
    tables, problems = study_tables("A", WHOLE, protocol=PROTOCOL)
    assert problems == ()
    assert (tables.studies[0].id, tables.arms[0].id, tables.outcomes[0].id) == ("A", "A/cells", "A/resp")
    assert tables.arms[0].product.product_class == "msc"
    assert {(p.id, p.value, p.evidence.quote) for p in tables.data_points} == {
        ("A/cells/resp/events", 8, "8 responded"),
        ("A/cells/resp/total", 17, "17 treated"),
    }
    assert all(point.evidence.file == "" for point in tables.data_points)
    assert [item.field for item in own_answers(WHOLE)] == ["funder"]


def test_conversion_steps_reach_the_value_that_they_gave():
    step = convert("se-to-sd", se=2, n=9)
    more = (
        answer("kind", "score", level="outcome", subject="pasi"),
        answer("mean", "4.5", level="result", subject="cells/pasi"),
        answer("sd", "6.0", level="result", subject="cells/pasi", steps=(step,)),
        answer("total", "9", level="result", subject="cells/pasi"),
        answer("unit", "points", level="result", subject="cells/pasi"),
    )
    tables, problems = study_tables("A", (*WHOLE, *more), protocol=PROTOCOL)
    assert problems == ()
    points = {point.id.removeprefix("A/cells/"): point for point in tables.data_points}
    assert points["pasi/sd"].steps == (step,)
    assert points["pasi/mean"].steps == points["resp/total"].steps == ()
    assert (points["pasi/mean"].unit, points["resp/events"].unit) == ("points", "")


def test_units_of_times_and_printed_estimates_hold_wherever_their_values_were_read():
    place = {"level": "result", "subject": "cells/resp"}
    more = (
        answer("person_time", "40.5", **place, quote="40.5 patient-months"),
        answer("person_time_unit", "person-months", **place),
        answer("estimate", "0.62", **place, quote="HR 0.62"),
        answer("estimate_se", "0.2", **place, quote="SE 0.20"),
        answer("estimate_scale", "HR", **place),
    )
    tables, problems = study_tables("A", (*WHOLE, *more), protocol=PROTOCOL)
    assert problems == ()
    units = {point.statistic: point.unit for point in tables.data_points}
    assert (units["person-time"], units["estimate"], units["estimate-se"]) == ("person-months", "HR", "HR")
    without = [item for item in more if item.field != "estimate_scale"]
    _, problems = study_tables("A", (*WHOLE, *without), protocol=PROTOCOL)
    assert "estimate_scale is empty" in " ".join(problem.text for problem in problems)


def test_what_the_protocol_requires_and_what_cannot_be_is_said():
    kept = [item for item in WHOLE if item.field not in {"funder", "title"}]
    impossible = answer("events", "18", level="result", subject="cells/resp")
    kept = [impossible if item.field == "events" else item for item in kept]
    _, problems = study_tables("A", kept, protocol=PROTOCOL)
    texts = " ".join(problem.text for problem in problems)
    assert "Funder is required by the protocol" in texts
    assert "title is empty" in texts
    _, problems = study_tables("A", [impossible if i.field == "events" else i for i in WHOLE], protocol=PROTOCOL)
    assert [problem.text for problem in problems] == ["data.csv: events is 18; allowed: at most the total, 17"]
