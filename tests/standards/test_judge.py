"""Records held against criteria: every status, every operator, and what a better value may do."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.errors import InvalidInput
from stromata.model.standards import Authority, Criterion, Guard, LimitException, Standard
from stromata.standards import asks, certificate, check, read_record, record_of, standard, standards
from stromata.standards.fields import NOT_DONE, find
from stromata.standards.judge import is_unsourced

CELLS = standard("cell-therapy")
SHIPPED = [(one.id, each) for one in standards() for each in one.criteria]
SOURCED = [(name, each) for name, each in SHIPPED if each.status != "unsourced"]


def record(subject="batch", **stated):
    return record_of(stated.items(), subject=subject)[0]


def held(rule, subject="batch", **stated):
    """Hold a record against one criterion alone."""
    one = Standard("one", "1", "One", (rule.subject,), (rule,))
    (result,) = check(record(subject, **stated), one, subject=(rule.subject,)).results
    return result


def rule(operator, value=None, *, field="cd73_pct", unit="", **others):
    base = Criterion("X-1", "identity", "batch", field, operator, "must", "Why.", value, unit)
    return replace(base, **{"sources": (Authority("Somebody"),), **others})


def fitting(one):
    """Return what a record states so that the guards of a criterion hold."""
    return {
        guard.field: guard.values[0] if guard.values else (guard.low if guard.low is not None else guard.high)
        for guard in one.applies_when
    }


def good(one):
    """Return a value that meets a criterion."""
    if one.operator in {">=", "<="}:
        return one.value
    if one.operator == "is":
        return one.value
    if one.operator == "in":
        return one.value[0]
    if one.operator == "not-before":
        return "2024-05-02"
    known = find(one.field)
    kind = known.kind if known else "text"
    if kind == "word":
        return known.words[0][0]
    return {"number": 5, "date": "2024-05-02", "yes-no": True}.get(kind, "see page 3")


def bad(one):
    """Return a value that misses a criterion."""
    if one.operator in {">=", "<="}:
        return one.value - 0.1 if one.operator == ">=" else one.value + 0.1
    if one.operator == "not-before":
        return "2024-04-30"
    return NOT_DONE


def other_date(one):
    return {one.value: "2024-05-01"} if one.operator == "not-before" else {}


@pytest.mark.parametrize(("name", "one"), SOURCED, ids=[f"{name}-{each.id}" for name, each in SOURCED])
def test_every_criterion_can_be_met_and_missed(name, one):
    stated = {**fitting(one), **other_date(one)}
    met = held(one, one.subject, **stated, **{one.field: good(one)})
    assert (met.status, met.source) == ("met", one.sources[0] if one.sources else None)
    missed = held(one, one.subject, **stated, **{one.field: bad(one)})
    assert missed.status == "not-met"
    silent = held(one, one.subject, **{key: value for key, value in stated.items() if key != one.field})
    assert silent.status == ("not-applicable" if one.operator == "not-before" else "not-reported")


@pytest.mark.parametrize(("name", "one"), SHIPPED, ids=[f"{name}-{each.id}" for name, each in SHIPPED])
def test_a_guard_that_does_not_hold_takes_a_criterion_out(name, one):
    if not one.applies_when:
        assert "It applies where" not in held(one, one.subject).note or one.operator == "not-before"
        return
    result = held(one, one.subject, **{**other_date(one), one.field: bad(one) if one.status == "sourced" else "x"})
    assert result.status == "not-applicable"
    assert "not stated" in result.note


@pytest.mark.parametrize(
    ("stated", "unsourced"),
    [({"bedside_identity_check": "yes"}, True), ({"bedside_identity_check": "pending"}, False), ({}, False)],
)
def test_what_is_stated_without_a_sourced_limit_is_told_apart_from_what_does_not_apply(stated, unsourced):
    found = {one.criterion: one for one in check(record("infusion", **stated), CELLS).results}
    assert is_unsourced(found["IN-20"]) is unsourced
    assert found["IN-20"].status == ("not-applicable" if unsourced else "not-reported")
    assert not any(is_unsourced(one) for name, one in found.items() if name != "IN-20")


UNSOURCED = [each for _, each in SHIPPED if each.status == "unsourced"]


@given(st.sampled_from(UNSOURCED), st.one_of(st.booleans(), st.floats(), st.text(max_size=10), st.just(NOT_DONE)))
def test_an_unsourced_criterion_never_fails_and_says_so(one, stated):
    result = held(one, one.subject, **fitting(one), **{one.field: stated})
    assert result.status in {"not-reported", "not-applicable"}
    assert "unsourced" in result.note
    assert result.source is None


NUMERIC = [each for _, each in SOURCED if each.operator in {">=", "<="}]


@given(st.sampled_from(NUMERIC), st.floats(0, 1), st.floats(0, 1))
def test_a_better_number_never_turns_met_into_not_met(one, first, second):
    known = find(one.field)
    low = known.low if known.low is not None else -abs(one.value) * 3
    high = known.high if known.high is not None else abs(one.value) * 3 + 1
    worse, better = sorted((low + (high - low) * first, low + (high - low) * second), reverse=one.operator == "<=")
    guards = {name: stated for name, stated in fitting(one).items() if name != one.field}
    rank = {"not-met": 0, "met": 1}
    one_of = held(one, one.subject, **guards, **{one.field: worse})
    other = held(one, one.subject, **guards, **{one.field: better})
    assert rank[one_of.status] <= rank[other.status]


@pytest.mark.parametrize(
    ("operator", "stated", "expected"),
    [
        (">=", 95, "met"),
        (">=", "> 95", "met"),
        (">=", ">= 95", "met"),
        (">=", "> 90", "not-met"),
        (">=", "< 95", "not-met"),
        (">=", "<= 95", "not-met"),
        (">=", "< 97", "not-met"),
        (">=", "<= 94", "not-met"),
        ("<=", "< 95", "met"),
        ("<=", "<= 95", "met"),
        ("<=", "< 97", "not-met"),
        ("<=", "> 95", "not-met"),
        ("<=", ">= 95", "not-met"),
        ("<=", "> 90", "not-met"),
        ("is", 95, "met"),
        ("is", "> 95", "not-met"),
        ("is", ">= 95", "not-met"),
    ],
)
def test_a_bound_meets_a_limit_only_where_it_shows_that_the_limit_holds(operator, stated, expected):
    assert held(rule(operator, 95, unit="percent"), cd73_pct=stated).status == expected


def test_a_bound_that_leaves_the_limit_open_says_so():
    result = held(rule("<=", 2, unit="percent"), cd73_pct="< 5 %")
    assert (result.status, result.value, result.shown) == ("not-met", 5, "< 5 %")
    assert "leaves the limit open" in result.note
    within = held(
        rule("<=", 2e5, field="dose_cells_per_kg", unit="cells/kg"), dose_cells_total="< 1.4e8", body_weight_kg=70
    )
    assert "The record only says < 2e+06" in within.note


def test_a_limit_in_another_unit_is_compared_in_its_own():
    short = rule("<=", 2, field="thaw_to_infusion_minutes", unit="h")
    result = held(short, thaw_to_infusion_minutes="90 min")
    assert (result.status, result.value, result.shown, result.limit_shown) == ("met", 1.5, "1.5 h", "≤ 2 h")
    assert held(short, thaw_to_infusion_minutes=150).status == "not-met"


@pytest.mark.parametrize(
    ("field", "stated"),
    [
        ("endotoxin_eu_per_ml", "0.1 ng"),
        ("endotoxin_eu_per_ml", "low"),
        ("endotoxin_eu_per_ml", -1),
        ("endotoxin_eu_per_ml", True),
        ("expiry_datetime", "soon"),
    ],
)
def test_what_is_stated_and_cannot_be_used_does_not_meet_a_criterion(field, stated):
    one = rule("<=", 0.5, field=field, unit="EU/mL") if field.startswith("endo") else rule("present", field=field)
    result = held(one, **{field: stated})
    assert (result.status, result.value) == ("not-met", None)
    assert "not shown" in result.note


@pytest.mark.parametrize("stated", ["pending", "n/a", "", None])
def test_what_is_not_known_yet_is_not_reported(stated):
    assert held(rule(">=", 95), cd73_pct=stated).status == "not-reported"
    assert held(rule(">=", 95, field="glucose_level"), glucose_level=stated).status == "not-reported"
    assert held(rule("present", field="observation_nurse"), observation_nurse=stated).status == "not-reported"
    assert held(rule("in", ("a", "b"), field="grade_of_room"), grade_of_room=stated).status == "not-reported"


def test_presence_of_a_field_of_the_teams_own_is_denied_by_no_and_by_not_done():
    statuses = [
        held(rule("present", field="observation_nurse"), observation_nurse=said).status
        for said in ("Ann", "none", "not done")
    ]
    assert statuses == ["met", "not-met", "not-met"]


def test_a_field_given_twice_and_differently_is_not_met_even_where_one_is_pending():
    found = [
        read_record(f'{{"cd73_pct": {one}, "CD73": {other}}}'.encode())[0]
        for one, other in (("97", "12"), ('"pending"', "97"))
    ]
    results = [
        check(one, Standard("one", "1", "One", ("batch",), (rule(">=", 95),)), subject=("batch",)) for one in found
    ]
    assert [one.results[0].status for one in results] == ["not-met", "not-met"]
    assert results[1].results[0].shown == "pending; 97"


def test_a_value_in_a_unit_that_does_not_turn_is_never_guessed():
    result = held(rule("<=", 0.5, field="endotoxin_eu_per_ml", unit="EU/mL"), endotoxin_eu_per_ml="0.1 ng")
    assert result.status == "not-met"
    assert "EU/mL" in result.note
    own = rule("<=", 5, field="glucose_level", unit="mmol/L")
    one = Standard("one", "1", "One", ("batch",), (own,))
    entry = record(glucose_level=4)
    odd = replace(entry, entries=(replace(entry.entries[0], unit="mg/dL"),))
    found = check(odd, one)
    assert found.results[0].status == "not-met"
    assert [each.code for each in found.problems if each.column == "glucose_level"] == ["other-unit"]
    assert held(own, glucose_level=4).status == "met"
    assert held(own, glucose_level="6").status == "not-met"


def test_guards_follow_the_vocabulary_and_lists():
    in_psoriasis = rule("present", applies_when=(Guard("condition", ("psoriasis",)),))
    assert held(in_psoriasis, condition="plaque psoriasis", cd73_pct=1).status == "met"
    assert held(in_psoriasis, condition="rheumatoid arthritis", cd73_pct=1).status == "not-applicable"
    by_vein = rule("present", applies_when=(Guard("route", ("intravenous", "intra-arterial")),))
    assert held(by_vein, route=["subcutaneous", "IV"], cd73_pct=1).status == "met"
    young = rule("present", applies_when=(Guard("donor_age_months", low=None, high=1),))
    assert held(young, donor_age_months=1, cd73_pct=1).status == "met"
    assert held(young, donor_age_months=2, cd73_pct=1).status == "not-applicable"
    assert held(young, donor_age_months="< 1", cd73_pct=1).status == "not-applicable"


def test_an_exception_replaces_the_limit():
    one = next(each for each in CELLS.criteria if each.id == "DS-09")
    assert held(one, donor_specimen_interval_days=20).status == "not-met"
    marrow = held(one, donor_specimen_interval_days=20, tissue_source="bone marrow")
    assert (marrow.status, marrow.limit) == ("met", 30)
    assert isinstance(one.exceptions[0], LimitException)


def test_presence_is_denied_by_no_and_by_not_done_and_left_open_by_pending():
    one = rule("present", field="gmp_certificate")
    statuses = {text: held(one, gmp_certificate=text).status for text in ("no. 7", "none", "not done", "pending")}
    assert statuses == {"no. 7": "met", "none": "not-met", "not done": "not-met", "pending": "not-reported"}


def test_a_total_dose_answers_a_question_for_the_dose():
    one = next(each for each in CELLS.criteria if each.id == "IN-03")
    assert held(one, "infusion", dose_cells_total=1e8).status == "met"


def test_a_list_meets_one_word_for_all_and_misses_with_one_wrong_word():
    one = next(each for each in CELLS.criteria if each.id == "IN-07")
    assert held(one, "infusion", premedication=["antihistamine", "steroid"]).status == "met"
    assert held(one, "infusion", premedication=["steroid"]).status == "not-met"
    assays = next(each for each in CELLS.criteria if each.id == "PO-03")
    assert held(assays, potency_assay_type=["secretome", "rna array"]).status == "met"
    assert held(assays, potency_assay_type=["secretome", "eye of newt"]).status == "not-met"


@pytest.mark.parametrize(
    ("later", "earlier", "status"),
    [
        ("2024-05-02", "2024-05-02", "met"),
        ("2024-05-02", "2024-05-02T10:00", "met"),
        ("2024-05-02T09:00", "2024-05-02T10:00", "not-met"),
        ("2024-05-01", "2024-05-02", "not-met"),
        ("2024-05-02T09:00Z", "2024-05-02T10:00+02:00", "met"),
        ("2024-05-02T09:00Z", "2024-05-02T10:00", "not-met"),
        ("2024-05-02", "pending", "not-reported"),
        ("pending", "2024-05-02", "not-reported"),
        ("02/05/2024", "2024-05-01", "not-met"),
        ("2024-05-02", "01/05/2024", "not-met"),
        ("2024-04-02T09:00Z", "2024-05-02T10:00", "not-met"),
    ],
)
def test_dates_are_compared_as_far_as_they_are_known(later, earlier, status):
    one = next(each for each in CELLS.criteria if each.id == "DT-07")
    assert held(one, "infusion", infusion_datetime=later, release_datetime=earlier).status == status


def test_a_date_before_donation_is_a_problem_with_its_place():
    found = check(record(collection_date="2024-01-02", donation_date="2024-02-02"), CELLS)
    (problem,) = [each for each in found.problems if each.code == "date-order"]
    assert problem.column == "collection_date"
    assert "2024-02-02" in problem.text
    assert problem.hint
    assert not found.passed


def test_dates_that_cannot_be_put_in_order_are_named_for_what_they_are():
    half_zoned = record("infusion", infusion_datetime="2024-05-02T09:00Z", release_datetime="2024-05-02T10:00")
    (problem,) = [each for each in check(half_zoned, CELLS).problems if each.column == "infusion_datetime"]
    assert (problem.code, problem.hint) == ("one-zone", "Give both times a zone, or neither.")
    no_date = record("infusion", infusion_datetime="02/05/2024", release_datetime="2024-05-01")
    assert "date-order" not in [each.code for each in check(no_date, CELLS).problems]


def test_a_field_about_another_subject_is_checked_when_it_applies():
    found = check(record("infusion", hypersensitivity_dmso_porcine_bovine="yes", dose_cells_per_kg=2e6), CELLS)
    status = {each.criterion: each.status for each in found.results}
    assert status["IN-08"] == "not-met"
    assert "IN-16" not in status
    assert "ID-01" not in status
    assert not found.passed


def test_missing_must_fields_and_unstated_guards_are_named_once():
    found = check(record(cd73_pct=97), CELLS)
    codes = [each.code for each in found.problems]
    fields = [each.column for each in found.problems if each.code == "missing-field"]
    assert "sterility" in fields
    assert "cd73_pct" not in fields
    assert "adventitious_virus" not in fields
    assert len(fields) == len(set(fields))
    guards = [each.column for each in found.problems if each.code == "guard-not-stated"]
    assert len(guards) == len(set(guards))
    assert "product_state" in guards
    assert set(codes) == {"missing-field", "guard-not-stated"}
    assert found.passed


def test_a_slip_in_a_name_is_named():
    found = check(record(viabilty_release_pct=80, lab_phone="1234", remark="x"), CELLS)
    by_code = {each.code: each for each in found.problems}
    assert "viability_release_pct" in by_code["unknown-field"].hint
    assert "lab_phone" in by_code["unused-fields"].text
    assert "remark" not in by_code["unused-fields"].text


def test_the_subject_is_taken_from_the_fields_or_asked_for():
    nameless = replace(record(cd73_pct=97, sterility="negative"), subject=())
    found = check(nameless, CELLS)
    assert found.subject == ("batch",)
    assert found.problems[0].code == "subject-inferred"
    assert check(nameless, CELLS, subject=("batch",)).problems[0].code != "subject-inferred"
    with pytest.raises(InvalidInput, match="what it describes"):
        check(replace(nameless, entries=()), CELLS)
    with pytest.raises(InvalidInput, match="no criteria about batch"):
        check(record(), standard("doses"))


def test_counts_add_up():
    found = check(record(cd73_pct=90, cd90_pct=97, viability_release_pct=75), CELLS)
    counted = sum(sum((c.met, c.not_met, c.not_reported, c.not_applicable)) for c in (found.must, found.should))
    assert counted == len(found.results)
    assert (found.must.met, found.must.not_met, found.should.not_met) == (2, 1, 1)


_NAMES = st.sampled_from(
    sorted({each.field for each in CELLS.criteria} | {"route", "condition", "body_weight_kg", "x"})
)
_THINGS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.lists(st.text(max_size=5))


@given(st.dictionaries(_NAMES, _THINGS | st.sampled_from(["2024-05-02", "2024-05-01T10:00Z", "< 5", "not done"])))
def test_any_record_can_be_held_against_the_standard_and_printed(stated):
    found = check(record(**stated), CELLS)
    assert found.passed == (not any(one.status == "not-met" and one.severity == "must" for one in found.results))
    assert certificate(found, checked_on="2025-01-02", version="0")
    assert all(problem.text and problem.hint for problem in found.problems)


def test_what_a_criterion_asks_for_is_put_in_words():
    one = next(each for each in CELLS.criteria if each.id == "DS-09")
    assert asks(one).startswith("≤ ")
    assert "; ≤ 30 days where tissue_source is " in asks(one)
    guarded = rule(
        ">=", 95, unit="percent", applies_when=(Guard("route", ("intravenous",)), Guard("age_years", low=18))
    )
    assert asks(guarded) == "≥ 95 %, where route is intravenous and age_years is at least 18"
    assert asks(guarded, quote="`").endswith("`age_years` is at least 18")
