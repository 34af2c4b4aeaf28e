"""Responses: worked examples, limits met exactly, and what stays unknown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.clinical.instruments import criteria, instrument, instruments, respond, score
from stromata.errors import InvalidInput


def verdicts(name, *, baseline=None, followup):
    return {one.id: one.met for one in respond(name, baseline=baseline, followup=followup).criteria}


def why(name, id_, **given_):
    return next(one.why for one in respond(name, **given_).criteria if one.id == id_)


def test_change_is_positive_where_the_score_fell():
    found = respond("PASI", baseline=22.3, followup=5.2)
    assert (found.change, found.improved) == (17.1, True)
    assert found.percent_change == pytest.approx(76.6816, abs=5e-5)
    assert verdicts("PASI", baseline=22.3, followup=5.2) == {
        "PASI50": True,
        "PASI75": True,
        "PASI90": False,
        "PASI100": False,
    }
    assert respond("UCT", baseline=6, followup=9).improved is True
    assert respond("UCT", baseline=6, followup=6).improved is False


# (instrument, criterion, baseline, follow-up, met); each limit once met exactly and once just missed
LIMITS = [
    ("PASI", "PASI75", 20, 5, True),
    ("PASI", "PASI75", 20, 5.1, False),
    ("PASI", "PASI75", 22.4, 5.6, True),
    ("PASI", "PASI90", 10, 1, True),
    ("PASI", "PASI100", 10, 0, True),
    ("PASI", "PASI100", 10, 0.1, False),
    ("PGA", "PGA01", 3, 1, True),
    ("PGA", "PGA01", 2, 1, False),
    ("PGA", "PGA01", 4, 2, False),
    ("DLQI", "DLQI01", 20, 1, True),
    ("DLQI", "DLQI01", 20, 2, False),
    ("EASI", "EASI50", 30, 15, True),
    ("EASI", "EASI75", 30, 7.6, False),
    ("EASI", "EASI90", 30, 3, True),
    ("SCORAD", "SCORAD35", 40, 26, True),
    ("SCORAD", "SCORAD35", 40, 26.1, False),
    ("vIGA", "vIGA01", 4, 1, True),
    ("vIGA", "vIGA01", 4, 2, False),
    ("UAS7", "UAS7-0", 30, 0, True),
    ("UAS7", "UAS7-0", 30, 1, False),
    ("UAS7", "UAS7-6", 30, 6, True),
    ("UAS7", "UAS7-6", 30, 7, False),
    ("UCT", "UCT-12", 6, 12, True),
    ("UCT", "UCT-3", 6, 9, True),
    ("UCT", "UCT-3", 6, 8, False),
    ("UCT", "UCT-6", 6, 11, False),
    ("SALT", "SALT20", 60, 20, True),
    ("SALT", "SALT20", 60, 20.1, False),
    ("SALT", "SALT50", 60, 30, True),
    ("SALT", "SALT90", 60, 6.1, False),
    ("mRSS", "MRSS-5", 30, 25, True),
    ("mRSS", "MRSS-5", 30, 26, False),
    ("SLEDAI", "SLEDAI-4", 10, 6, True),
    ("SLEDAI", "SLEDAI-4", 10, 7, False),
    ("SLEDAI", "SLEDAI-FLARE", 4, 7, True),
    ("SLEDAI", "SLEDAI-FLARE", 4, 6, False),
    ("CDAI", "CDAI50", 20, 10, True),
    ("CDAI", "CDAI70", 20, 6.1, False),
    ("CDAI", "CDAI85", 20, 3, True),
    ("SDAI", "SDAI85", 20, 3.1, False),
    ("ESSDAI", "ESSDAI-3", 10, 7, True),
    ("ESSDAI", "ESSDAI-3", 10, 8, False),
    ("ESSPRI", "ESSPRI-1", 8, 7, True),
    ("ESSPRI", "ESSPRI-1", 4, 3.4, True),
    ("ESSPRI", "ESSPRI-1", 6, 5.2, False),
    ("TIS", "TIS-minimal", None, 20, True),
    ("TIS", "TIS-moderate", None, 39.9, False),
    ("TIS", "TIS-major", None, 60, True),
    ("TIS", "TIS-JDM-minimal", None, 29.9, False),
    ("TIS", "TIS-JDM-moderate", None, 45, True),
    ("TIS", "TIS-JDM-major", None, 69, False),
    ("DAS28-ESR", "EULAR-good", 5.9, 3.0, True),
    ("DAS28-ESR", "EULAR-good", 4.4, 3.2, False),
    ("DAS28-ESR", "EULAR-good", 4.5, 3.3, False),
    ("DAS28-CRP", "EULAR-good-CRP", 5.9, 3.0, True),
]


@pytest.mark.parametrize(("name", "id_", "baseline", "followup", "met"), LIMITS)
def test_criteria_are_met_at_their_limits(name, id_, baseline, followup, met):
    assert verdicts(name, baseline=baseline, followup=followup)[id_] is met


@pytest.mark.parametrize(
    ("baseline", "followup", "klass"),
    [
        (5.9, 3.0, "good"),
        (6.8, 5.8, "none"),
        (5.0, 4.0, "moderate"),
        (3.4, 2.9, "none"),
        (6.3, 5.1, "moderate"),  # a fall of exactly 1.2 to exactly 5.1
        (6.4, 5.2, "none"),
        (4.4, 3.2, "moderate"),
        (3.0, 4.0, "none"),
    ],
)
def test_eular_classes(baseline, followup, klass):
    found = verdicts("DAS28-ESR", baseline=baseline, followup=followup)
    assert found == {"EULAR-good": klass == "good", "EULAR-moderate": klass == "moderate"}


def test_a_baseline_of_zero_leaves_percentages_open_and_says_why():
    found = respond("PASI", baseline=0, followup=3)
    assert (found.change, found.percent_change) == (-3, None)
    assert {one.met for one in found.criteria} == {None}
    assert "baseline is 0" in found.criteria[0].why
    assert verdicts("SALT", baseline=0, followup=3) == {"SALT20": True, "SALT50": None, "SALT90": None}


def test_without_a_baseline_only_levels_are_judged():
    assert verdicts("UCT", followup=13) == {"UCT-12": True, "UCT-3": None, "UCT-6": None}
    assert "no baseline" in why("UCT", "UCT-3", followup=13)
    assert verdicts("vIGA", followup=2) == {
        "vIGA01": False
    }  # 2 is neither clear nor almost clear, whatever came before


def test_one_failing_part_decides_and_an_unknown_one_leaves_open():
    assert verdicts("vIGA", followup=1) == {"vIGA01": None}
    assert verdicts("ESSPRI", baseline=0, followup=0) == {
        "ESSPRI-1": None
    }  # the points fail, the percentage is unknown


def test_a_reason_of_two_parts_is_given_once():
    assert why("ESSPRI", "ESSPRI-1", followup=3) == "there is no baseline score"


def test_what_rose_from_zero_did_not_improve():
    assert verdicts("ESSPRI", baseline=0, followup=3) == {"ESSPRI-1": False}


@pytest.mark.parametrize(
    ("name", "id_", "baseline", "followup", "words"),
    [
        ("PASI", "PASI50", 20, 10.0002, "fell by 49.999 %"),
        ("PASI", "PASI50", 20, 10, "fell by 50 %"),
        ("PASI", "PASI50", 22.3, 5.2, "fell by 76.68 %"),
        ("PASI", "PASI50", 20, 21, "rose by 5 %"),
        ("mRSS", "MRSS-5", 30, 25, "fell by 5"),
        ("SALT", "SALT20", 60, 20.00004, "20.00004 at follow-up"),
    ],
)
def test_a_number_beside_a_limit_is_shown_with_the_digits_that_decide(name, id_, baseline, followup, words):
    assert why(name, id_, baseline=baseline, followup=followup) == words


def test_a_laboratory_value_beside_a_limit_keeps_its_digits_too():
    given_ = {"baseline": {"upcr": 4, "egfr": 100}, "followup": {"upcr": 0.499999, "egfr": 100}}
    assert "UPCR in g/g is 0.499999" in why("renal response", "LN-complete-KDIGO-2024", **given_)


def test_a_complete_response_says_why_it_is_not_partial():
    given_ = {"baseline": {"upcr": 3.2, "egfr": 88}, "followup": {"upcr": 0.4, "egfr": 88}}
    assert why("renal response", "LN-partial-KDIGO-2024", **given_).startswith("the response is complete: ")


def test_a_name_that_others_go_by_too_gets_a_caution():
    assert [one.code for one in respond("SLEDAI", baseline=8, followup=4).cautions] == ["vague-name"]
    assert respond("SLEDAI-2K", baseline=8, followup=4).cautions == ()


def test_components_and_scores_are_taken_as_well_as_totals():
    low = {"dryness": 4, "limb_pain": 4, "fatigue": 4}
    high = {"dryness": 8, "limb_pain": 8, "fatigue": 8}
    by_parts = respond("ESSPRI", baseline=high, followup=low)
    assert by_parts == respond("ESSPRI", baseline=score("ESSPRI", high), followup=score("ESSPRI", low))
    assert (by_parts.baseline, by_parts.followup, by_parts.percent_change) == (8, 4, 50)


def test_faults_name_the_visit():
    with pytest.raises(InvalidInput) as caught:
        respond("PASI", baseline=20, followup=99)
    assert "at follow-up" in caught.value.message
    assert "0 to 72" in caught.value.message


def test_an_unknown_total_leaves_the_response_open():
    quiet = dict.fromkeys((part.id for part in instrument("ESSDAI").components), 0)
    found = respond("ESSDAI", baseline=quiet | {"articular": 3, "renal": 1}, followup=quiet)
    assert (found.baseline, found.followup, found.change) == (None, 0, None)
    assert found.criteria[0].met is None
    assert found.cautions[0].code == "partial-instrument"


# Composite responders


def sri(before, after, new_a=0, new_b=0, pga=(1.0, 1.0), **more):
    return {
        "baseline": {"sledai": before, "pga": pga[0]},
        "followup": {"sledai": after, "pga": pga[1], "new_a": new_a, "new_b": new_b} | more,
    }


@pytest.mark.parametrize(
    ("given_", "met"),
    [
        (sri(12, 8, new_b=1, pga=(1.8, 1.0)), True),
        (sri(12, 8, new_b=2, pga=(1.8, 1.0)), False),
        (sri(10, 6, pga=(1.0, 1.3)), False),
        (sri(10, 6, pga=(1.0, 1.29)), True),
        (sri(10, 7, pga=(1.0, 0.5)), False),
        (sri(10, 6, new_a=1), False),
        (sri(10, 6, medication_rules_met="no"), False),
        ({"baseline": {"sledai": 10}, "followup": {"sledai": 6, "new_a": 0, "new_b": 0, "pga": 1}}, None),
        ({"baseline": {"sledai": 10}, "followup": {"sledai": 9, "new_a": 0, "new_b": 0, "pga": 1}}, False),
    ],
)
def test_sri_4(given_, met):
    assert verdicts("SRI-4", **given_)["SRI-4"] is met


def test_sri_5_asks_one_point_more_and_tells_what_was_not_checked():
    assert verdicts("SRI", **sri(12, 8))["SRI-5"] is False
    assert verdicts("SRI", **sri(12, 7))["SRI-5"] is True
    assert [one.code for one in respond("SRI", **sri(12, 7)).cautions] == ["sri-medication"]
    assert respond("SRI", **sri(12, 7, medication_rules_met=True)).cautions == ()


LOW = {
    "sledai_2k": 4,
    "active_items": ["low_complement", "increased_dna_binding"],
    "haemolytic_anaemia": False,
    "gastrointestinal_activity": False,
    "new_features": False,
    "pga": 0.8,
    "prednisolone_mg": 5,
    "maintenance_ok": True,
}


@pytest.mark.parametrize(
    ("changed", "met"),
    [
        ({}, True),
        ({"active_items": "proteinuria", "pga": 0.5}, False),
        ({"active_items": "none", "sledai_2k": 0}, True),
        ({"sledai_2k": 2, "active_items": "rash", "pga": 1.0, "prednisolone_mg": 7.5}, True),
        ({"sledai_2k": 2, "active_items": "rash", "prednisolone_mg": 10}, False),
        ({"sledai_2k": 5, "active_items": "arthritis; leukopenia"}, False),
        ({"sledai_2k": 5}, None),  # the two items make 4
        ({"sledai_2k": 2, "active_items": "arthritis; rash; low_complement"}, None),
        ({"sledai_2k": 4, "active_items": "none"}, None),
        ({"sledai_2k": 2, "pga": 2}, False),  # fails whichever of the two is right
        ({"sledai_2k": None}, None),
        ({"pga": 1.1}, False),
        ({"new_features": True}, False),
        ({"haemolytic_anaemia": "yes"}, False),
        ({"maintenance_ok": None}, None),
        ({"maintenance_ok": None, "pga": 2}, False),
    ],
)
def test_lldas(changed, met):
    assert verdicts("LLDAS", followup=LOW | changed) == {"LLDAS": met}


def test_lldas_says_what_failed():
    assert why("LLDAS", "LLDAS", followup=LOW | {"active_items": "fever; leukopenia; rash"}) == "active: fever"
    wrong = LOW | {"sledai_2k": 2, "active_items": "arthritis; rash; low_complement"}
    assert why("LLDAS", "LLDAS", followup=wrong) == "the items make 8, the SLEDAI-2K given is 2"
    with pytest.raises(InvalidInput) as caught:
        respond("LLDAS", followup=LOW | {"active_items": "feverish"})
    assert "feverish" in caught.value.message


REMISSION = {"clinical_sledai": 0, "pga": 0.4, "prednisolone_mg": 4, "treatment_stable": True}


@pytest.mark.parametrize(
    ("changed", "met", "codes"),
    [
        ({}, True, []),
        ({"prednisolone_mg": 5}, True, ["doris-5-mg"]),
        ({"prednisolone_mg": 5.1}, False, []),
        ({"pga": 0.5}, False, []),
        ({"clinical_sledai": 2}, False, []),
        ({"treatment_stable": ""}, None, []),
    ],
)
def test_doris(changed, met, codes):
    found = respond("DORIS", followup=REMISSION | changed)
    assert ([one.met for one in found.criteria], [one.code for one in found.cautions]) == ([met], codes)


def renal(before, after):
    return verdicts("renal response", baseline=before, followup=after)


@pytest.mark.parametrize(
    ("id_", "before", "after", "met"),
    [
        ("LN-complete-KDIGO-2024", {"upcr": 3.2, "egfr": 88}, {"upcr": 0.4, "egfr": 84}, True),
        ("LN-complete-KDIGO-2024", {"upcr": 3.2, "egfr": 88}, {"upcr": 0.5, "egfr": 84}, False),
        ("LN-complete-KDIGO-2024", {"upcr": 3.2, "egfr": 100}, {"upcr": 0.4, "egfr": 90}, True),
        ("LN-complete-KDIGO-2024", {"upcr": 3.2, "egfr": 100}, {"upcr": 0.4, "egfr": 88}, None),
        ("LN-complete-KDIGO-2024", {"upcr": 3.2, "egfr": 100}, {"upcr": 0.4, "egfr": 84}, False),
        ("LN-partial-KDIGO-2024", {"upcr": 4.0, "egfr": 75}, {"upcr": 1.8, "egfr": 78}, True),
        ("LN-partial-KDIGO-2024", {"upcr": 7.0, "egfr": 75}, {"upcr": 3.2, "egfr": 78}, False),
        ("LN-partial-KDIGO-2024", {"upcr": 4.0, "egfr": 75}, {"upcr": 2.0, "egfr": 78}, True),
        ("LN-complete-KDIGO-2012", {}, {"upcr": 0.5, "creatinine_at_previous_baseline": "yes"}, True),
        ("LN-complete-KDIGO-2012", {}, {"upcr": 0.5}, None),
        ("LN-partial-KDIGO-2012", {"upcr": 4, "creatinine": 100}, {"upcr": 1.9, "creatinine": 125}, True),
        ("LN-partial-KDIGO-2012", {"upcr": 4, "creatinine": 100}, {"upcr": 2, "creatinine": 100}, False),
        ("LN-partial-KDIGO-2012", {"upcr": 4, "creatinine": 100}, {"upcr": 1.9, "creatinine": 126}, False),
        ("LN-partial-KDIGO-2012", {"upcr": 8, "creatinine": 100}, {"upcr": 3.2, "creatinine": 100}, False),
        ("LN-partial-KDIGO-2012", {"upcr": 4, "creatinine": 100}, {"upcr": 1, "creatinine": 60}, None),
        (
            "LN-partial-KDIGO-2012",
            {"upcr": 4, "creatinine": 100},
            {"upcr": 1, "creatinine": 60, "creatinine_normal": "no"},
            True,
        ),
        ("LN-complete-ACR", {}, {"upcr": 0.4, "creatinine_normal": True, "sediment_inactive": True}, False),
        ("LN-complete-ACR", {}, {"upcr": 0.1, "creatinine_normal": True, "sediment_inactive": True}, True),
        (
            "LN-complete-ACR",
            {"creatinine_normal": False, "egfr": 40},
            {"upcr": 0.1, "creatinine_normal": False, "sediment_inactive": True, "egfr": 50},
            True,
        ),
        ("LN-partial-ACR", {"egfr": 60}, {"upcr": 2, "egfr": 60, "sediment_inactive": True}, True),
        ("LN-partial-ACR", {"egfr": 60}, {"upcr": 2, "egfr": 58, "sediment_inactive": True}, None),
        ("LN-partial-ACR", {"egfr": 60}, {"upcr": 2, "egfr": 58, "sediment_inactive": True, "egfr_stable": True}, True),
        ("LN-complete-EULAR-2012", {}, {"upcr": 0.4, "egfr": 90, "egfr_previous": 100}, True),
        ("LN-complete-EULAR-2012", {}, {"upcr": 0.4, "egfr": 89, "egfr_previous": 100}, False),
        ("LN-partial-EULAR-2012", {"upcr": 5, "egfr": 100}, {"upcr": 2.5, "egfr": 90}, True),
        ("LN-partial-EULAR-2012", {"upcr": 7, "egfr": 100}, {"upcr": 3.2, "egfr": 90}, None),
        ("LN-partial-EULAR-2012", {"upcr": 9, "egfr": 100}, {"upcr": 3.5, "egfr": 90}, None),
        ("LN-partial-EULAR-2012", {"upcr": 9, "egfr": 100}, {"upcr": 3.6, "egfr": 90}, False),
        # complete, so not partial; open whether complete, so open; the partial rule itself fails
        ("LN-partial-KDIGO-2024", {"upcr": 3.2, "egfr": 88}, {"upcr": 0.4, "egfr": 88}, False),
        ("LN-partial-KDIGO-2024", {"upcr": 3.2}, {"upcr": 0.4}, None),
        ("LN-partial-KDIGO-2024", {"upcr": 0.6, "egfr": 88}, {"upcr": 0.4, "egfr": 88}, False),
        (
            "LN-partial-KDIGO-2012",
            {"upcr": 4, "creatinine": 100},
            {"upcr": 0.4, "creatinine": 100, "creatinine_at_previous_baseline": True},
            False,
        ),
        (
            "LN-partial-KDIGO-2012",
            {"upcr": 4, "creatinine": 100},
            {"upcr": 0.4, "creatinine": 100, "creatinine_at_previous_baseline": False},
            True,
        ),
        ("LN-partial-KDIGO-2012", {"upcr": 4, "creatinine": 100}, {"upcr": 0.4, "creatinine": 100}, None),
        ("LN-partial-EULAR-2012", {"upcr": 5, "egfr": 100}, {"upcr": 0.4, "egfr": 100, "egfr_previous": 100}, False),
        ("LN-partial-EULAR-2012", {"upcr": 5, "egfr": 100}, {"upcr": 0.4, "egfr": 100, "egfr_previous": 130}, True),
        ("LN-partial-EULAR-2012", {"upcr": 5, "egfr": 100}, {"upcr": 0.4, "egfr": 100}, None),
        (
            "LN-complete-TRIAL-2015",
            {"egfr": 40},
            {"proteinuria_g_day": 0.2, "egfr": 60, "glucocorticoid_reduced": 1},
            True,
        ),
        (
            "LN-complete-TRIAL-2015",
            {"egfr": 40},
            {"proteinuria_g_day": 0.2, "egfr": 59, "glucocorticoid_reduced": 1},
            False,
        ),
        (
            "LN-complete-TRIAL-2015",
            {"egfr": 60},
            {"proteinuria_g_day": 0.2, "egfr": 60, "glucocorticoid_reduced": 1},
            None,
        ),
        (
            "LN-complete-TRIAL-2015",
            {"egfr": 80},
            {"proteinuria_g_day": 0.3, "egfr": 80, "glucocorticoid_reduced": 1},
            False,
        ),
    ],
)
def test_renal_response(id_, before, after, met):
    assert renal(before, after)[id_] is met


def test_an_unsourced_definition_is_never_evaluated():
    for one in criteria():
        if one.status == "unsourced":
            found = renal({"upcr": 3.2, "egfr": 88}, {"upcr": 0.1, "egfr": 88})
            assert found[one.id] is None
    assert renal({"upcr": 3.2}, {"upcr": 0.1})["LN-complete-EULAR-2023"] is None


CORE = (
    "tender_joint_count",
    "swollen_joint_count",
    "patient_pain",
    "patient_global",
    "physician_global",
    "physical_function",
    "acute_phase_reactant",
)


def acr(before, after):
    found = verdicts("ACR", baseline=dict(zip(CORE, before, strict=True)), followup=dict(zip(CORE, after, strict=True)))
    return [found[f"ACR{percent}"] for percent in (20, 50, 70)]


@pytest.mark.parametrize(
    ("before", "after", "met"),
    [
        ((20, 15, 70, 65, 60, 1.5, 30), (9, 7, 30, 40, 25, 1.25, 12), [True, True, False]),
        ((20, 15, 70, 65, 60, 1.5, 30), (15, 13, 30, 20, 20, 0.5, 10), [False, False, False]),
        ((10, 10, 50, 50, 50, 1.0, 20), (8, 8, 40, 40, 40, 1.0, 20), [True, False, False]),
        ((10, 10, 50, 50, 0, None, None), (1, 1, 5, 5, 0, None, None), [None, None, None]),  # three of five unknown
        ((10, 10, 50, 50, 50, 0, 20), (1, 1, 5, 5, 5, 0, 20), [True, True, True]),
        ((0, 10, 50, 50, 50, 1, 20), (0, 1, 5, 5, 5, 0, 2), [None, None, None]),
    ],
)
def test_acr(before, after, met):
    assert acr(before, after) == met


def test_bilag_counts_new_grades_only():
    systems = [part.id for part in instrument("BILAG").components]

    def stable(before, after):
        given_ = {
            "baseline": dict(zip(systems, before, strict=True)),
            "followup": dict(zip(systems, after, strict=True)),
        }
        return verdicts("BILAG", **given_)["BILAG-STABLE"]

    assert stable("BBEADEEDC", "BBEADEEDB") is True  # one new B
    assert stable("BBEADEEDC", "BBEADEEBB") is False  # two
    assert stable("BBEADEEDC", "ABEADEEDC") is False  # a new A
    assert stable("ABEADEEDC", "BBEBDEEBC") is True  # from A to B is better, not new


def test_boolean_remission_takes_crp_in_either_unit():
    base = {"tjc28": 5, "sjc28": 5, "ptga_cm": 5, "ega_cm": 5, "crp_mg_dl": 2}
    calm = {"tjc28": 1, "sjc28": 1, "ptga_mm": 10, "ega_cm": 4, "crp_mg_l": 10}
    assert verdicts("SDAI", baseline=base, followup=calm)["RA-BOOLEAN"] is True
    assert verdicts("SDAI", baseline=base, followup=calm | {"crp_mg_l": 11})["RA-BOOLEAN"] is False
    assert verdicts("SDAI", baseline=20, followup=3)["RA-BOOLEAN"] is None


@pytest.mark.parametrize(
    "item",
    [item for item in instruments() if item.computes == "total" and item.step is None and item.high],
    ids=lambda item: item.id,
)
@given(data=st.data())
def test_better_never_costs_a_response(item, data):
    """Whoever responds at one follow-up also responds at any better one."""
    totals = st.floats(item.low, item.high).map(lambda value: round(value, 2))
    baseline, one, other = data.draw(totals), data.draw(totals), data.draw(totals)
    worse, better = (max(one, other), min(one, other)) if item.direction == "higher-is-worse" else sorted((one, other))
    at_worse = verdicts(item, baseline=baseline, followup=worse)
    at_better = verdicts(item, baseline=baseline, followup=better)
    assert all(at_better[id_] is not False for id_, met in at_worse.items() if met)
