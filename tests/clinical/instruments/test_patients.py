"""Patient tables: rows in are rows out, bad cells cost what rests on them, and responders are counted honestly."""

from stromata.clinical.instruments import respond, score, score_table


def totals(table):
    return [[visit.score.total for visit in row.visits] for row in table.rows]


def counts(table):
    return {(one.id, one.visit): (one.responders, one.judged, one.undetermined) for one in table.summary.criteria}


def test_a_single_assessment_gives_components_total_and_band_and_no_response():
    table = score_table("UCT", "patient,q1,q2,q3,q4\na,3,3,4,3\nb,1,2,2,1\n")
    first = table.rows[0].visits[0]
    assert dict(first.score.components) == {"item_1": 3, "item_2": 3, "item_3": 4, "item_4": 3}
    assert (first.score.total, first.score.band, first.response) == (13, "well controlled", None)
    assert first.score == score("UCT", dict(first.score.components))
    assert (table.summary.rows, table.summary.usable, table.summary.criteria) == (2, 2, ())


def test_baseline_and_followup_give_change_and_responders():
    table = score_table("PASI", "patient,week12_PASI,baseline_PASI\n1,5.2,22.3\n2,9,10\n3,0,12\n")
    visits = table.rows[0].visits
    assert [visit.visit for visit in visits] == ["baseline", "week12"]  # whatever the order of columns
    assert visits[0].response is None
    assert visits[1].response == respond("PASI", baseline=22.3, followup=5.2)
    assert counts(table) == {
        ("PASI50", "week12"): (2, 3, 0),
        ("PASI75", "week12"): (2, 3, 0),
        ("PASI90", "week12"): (1, 3, 0),
        ("PASI100", "week12"): (1, 3, 0),
    }


def test_several_followups_are_each_compared_with_the_baseline():
    table = score_table("UAS7", "id,baseline,week4,week12\na,30,6,0\nb,28,20,7\n")
    assert [visit.response.change for visit in table.rows[0].visits[1:]] == [24, 30]
    assert counts(table)["UAS7-0", "week12"] == (1, 2, 0)
    assert counts(table)["UAS7-6", "week4"] == (1, 2, 0)


BAD = "patient,baseline_PASI,week12_PASI\n1,20,4\n2,0,3\n3,x,4\n4,20,\n5,99,2\n6,,\n7,20,NA\n"


def test_bad_cells_are_problems_and_nothing_is_lost():
    table = score_table("PASI", BAD)
    assert [row.patient for row in table.rows] == list("1234567")
    assert totals(table) == [[20, 4], [0, 3], [None, 4], [20, None], [None, 2], [None, None], [20, None]]
    assert [(one.line, one.column, one.code) for one in table.problems] == [
        (4, "baseline_PASI", "not-a-number"),
        (5, "week12_PASI", "no-values"),
        (6, "baseline_PASI", "out-of-range"),
        (7, "baseline_PASI", "no-values"),
        (7, "week12_PASI", "no-values"),
        (8, "week12_PASI", "no-values"),
    ]
    assert "99, allowed is 0 to 72" in table.problems[2].text


def test_the_summary_counts_only_what_could_be_judged_and_says_why_not():
    summary = score_table("PASI", BAD).summary
    assert (summary.rows, summary.usable) == (7, 2)
    assert dict(summary.unusable) == {
        "nothing was given at a visit": 3,
        "a value is not a number": 1,
        "a value is out of range": 1,
    }
    pasi75 = summary.criteria[1]
    assert (pasi75.id, pasi75.responders, pasi75.judged, pasi75.undetermined) == ("PASI75", 1, 1, 6)
    assert dict(pasi75.reasons) == {
        "there is no baseline score": 3,
        "there is no follow-up score": 2,
        "the baseline is 0, so there is no percentage": 1,
    }


def test_a_bad_component_leaves_the_others_and_the_other_visit_standing():
    table = score_table(
        "ESSPRI", "id,bl_dryness,bl_pain,bl_fatigue,fu_dryness,fu_pain,fu_fatigue\na,8,8,,4,4,4\nb,8,11,8,4,4,4\n"
    )
    first, second = table.rows
    assert dict(first.visits[0].score.components) == {"dryness": 8, "limb_pain": 8}
    assert (first.visits[0].score.total, first.visits[1].score.total) == (None, 4)
    assert [(one.line, one.column, one.code) for one in table.problems] == [
        (2, "bl_fatigue", "missing"),
        (3, "bl_pain", "out-of-range"),
    ]
    assert second.visits[1].response.criteria[0].met is None


def test_rows_that_cannot_be_split_stay_as_rows():
    table = score_table("PASI", "patient,PASI\n1,20\n2,22,3\n3\n4,5\n")
    assert [(row.line, row.patient) for row in table.rows] == [(2, "1"), (3, "2"), (4, "3"), (5, "4")]
    assert table.rows[1].kept == (("cell 1", "2"), ("cell 2", "22"), ("cell 3", "3"))
    assert [one.code for one in table.problems] == ["row-too-long", "no-values"]
    broken = score_table("PASI", 'patient,PASI\n1,20\n"2"x,3\n3,4\n')
    assert [row.line for row in broken.rows] == [2, 3, 4]
    assert [one.code for one in broken.problems] == ["broken-row"]
    assert totals(broken) == [[20], [], [4]]


def test_a_quotation_mark_that_is_never_closed_costs_one_row():
    table = score_table("PASI", 'patient,PASI\n1,20\n2,"3\n3,4\n4,5\n')
    assert totals(table) == [[20], [], [4], [5]]
    assert [(one.line, one.code) for one in table.problems] == [(3, "broken-row")]
    spread = score_table("PASI", 'patient,PASI,remark\n1,20,"two\nlines"\n2,3,\n')
    assert [(row.line, row.patient) for row in spread.rows] == [(2, "1"), (4, "2")]


LONG = "patient,visit,SALT\na,week 24,20\na,baseline,60\nb,Baseline,50\nb,wk24,30\nb,week 36,5\n"


def test_visits_in_rows_are_compared_with_the_patients_own_baseline():
    table = score_table("SALT", LONG)
    assert (table.layout, len(table.rows), table.problems) == ("rows", 5, ())
    assert [row.visits[0].visit for row in table.rows] == ["week24", "baseline", "baseline", "week24", "week36"]
    assert [getattr(row.visits[0].response, "change", None) for row in table.rows] == [40, None, None, 20, 45]
    assert counts(table)["SALT20", "week24"] == (1, 2, 0)
    assert counts(table)["SALT90", "week36"] == (1, 1, 0)


def test_a_column_of_weeks_names_visits():
    table = score_table("SALT", "patient,week,SALT\na,0,60\na,24,20\n")
    assert [row.visits[0].visit for row in table.rows] == ["baseline", "week24"]


def test_rows_without_a_clear_baseline_are_not_compared():
    table = score_table("SALT", LONG + "c,week 24,10\nd,baseline,50\nd,baseline,60\nd,week 24,10\n,week 24,3\ne,,5\n")
    assert [(one.line, one.code) for one in table.problems] == [
        (7, "no-baseline"),
        (8, "two-baselines"),
        (9, "two-baselines"),
        (11, "no-patient"),
        (12, "no-visit"),
        (12, "no-baseline"),
    ]
    assert [row.visits[0].response.change for row in (table.rows[5], table.rows[8])] == [None, None]
    assert len(table.rows) == 11


def test_a_table_without_any_baseline_is_told():
    table = score_table("SALT", "patient,visit,SALT\na,week 24,20\na,screening,60\n")
    assert [one.code for one in table.cautions] == ["no-baseline"]
    assert "screening" in table.cautions[0].text
    wide = score_table("SALT", "patient,week12_SALT\na,20\n")
    assert [one.code for one in wide.cautions] == ["no-baseline"]
    assert counts(wide)["SALT50", "week12"] == (0, 0, 1)


def test_a_patient_in_several_rows_is_a_problem_and_none_of_them_counts():
    table = score_table("PASI", "patient,baseline,followup\n1,20,4\n2,20,15\n1,20,4\n1,20,19\n")
    assert [(one.line, one.code) for one in table.problems] == [(line, "patient-twice") for line in (2, 4, 5)]
    assert "patient 1 has 3 rows" in table.problems[0].text
    assert totals(table) == [[20, 4], [20, 15], [20, 4], [20, 19]]
    assert counts(table)["PASI75", "followup"] == (0, 1, 0)
    assert (table.summary.rows, table.summary.usable) == (4, 1)
    assert table.summary.unusable == (("the patient has several rows", 3),)


def test_a_repeated_visit_counts_for_nothing_and_the_others_still_do():
    text = "patient,visit,PASI\n1,baseline,20\n1,week 12,4\n1,week 12,4\n1,week 24,2\n2,baseline,20\n2,week 12,1\n"
    table = score_table("PASI", text)
    assert [(one.line, one.code) for one in table.problems] == [(3, "visit-twice"), (4, "visit-twice")]
    assert [row.visits[0].score.total for row in table.rows] == [20, 4, 4, 2, 20, 1]
    assert counts(table)["PASI75", "week12"] == (1, 1, 0)
    assert counts(table)["PASI75", "week24"] == (1, 1, 0)


def test_rows_without_a_patient_do_not_repeat_one_another():
    table = score_table("PASI", "patient,baseline,followup\n,20,4\n,20,4\n")
    assert table.problems == ()
    assert counts(table)["PASI75", "followup"] == (2, 2, 0)


def test_states_are_judged_from_one_visit():
    header = "patient,clinical_sledai,pga,prednisone_mg,stable"
    table = score_table("DORIS", f"{header}\na,0,0.4,5,yes\nb,0,0.4,7.5,yes\nc,0,0.4,5,\nd,0,0.4,5,maybe\n")
    met = [row.visits[0].response.criteria[0].met for row in table.rows]
    assert met == [True, False, None, None]
    assert counts(table) == {("DORIS", ""): (1, 2, 2)}
    assert [(one.line, one.column) for one in table.problems] == [(5, "stable")]
    assert "doris-5-mg" in [one.code for one in table.rows[0].visits[0].response.cautions]


def test_composite_responders_take_inputs_of_both_visits():
    header = "id,baseline_sledai,followup_sledai,baseline_pga,followup_pga,new_a,new_b"
    table = score_table("SRI", f"{header}\na,12,8,1.8,1,0,1\nb,12,8,1.8,1,0,2\n")
    assert [row.visits[1].response.criteria[0].met for row in table.rows] == [True, False]


def test_a_score_that_measures_a_change_needs_no_baseline():
    table = score_table("TIS", "patient,TIS\na,42.5\nb,15\n")
    assert counts(table)["TIS-moderate", ""] == (1, 2, 0)


def test_a_partial_instrument_says_so():
    table = score_table("ESSDAI", "patient,articular,renal\na,2,1\n")
    assert totals(table) == [[None]]
    assert "partial-instrument" in [one.code for one in table.cautions]
    given_ = score_table("ESSDAI", "patient,baseline,followup\na,14,10\n")
    assert given_.rows[0].visits[1].response.criteria[0].met is True
