"""Totals: worked examples, limits, properties, and what is refused."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.clinical.instruments import instrument, instruments, score
from stromata.clinical.instruments.scores import area_score, evaluate, read_number
from stromata.errors import InvalidInput, NotFound

REGIONS = ("head_neck", "upper_limbs", "trunk", "lower_limbs")


def skin(signs, rows):
    """Return region -> sign -> value from rows of signs and a share in %."""
    return {region: dict(zip((*signs, "percent"), row, strict=True)) for region, row in zip(REGIONS, rows, strict=True)}


def pasi(*rows):
    return skin(("erythema", "induration", "desquamation"), rows)


def easi(age, *rows):
    return {"age_years": age} | skin(("erythema", "induration", "excoriation", "lichenification"), rows)


def items(name, values):
    return {f"{name}{number}": value for number, value in enumerate(values, start=1)}


ECZEMA = ((2, 1, 1, 1, 20), (2, 2, 2, 2, 30), (1, 1, 1, 0, 15), (2, 2, 2, 3, 40))
SITES = [part.id for part in instrument("mRSS").components]
SLEDAI = [part.id for part in instrument("SLEDAI-2K").components]
SYSTEMS = [part.id for part in instrument("BILAG-2004").components]
TIS = [part.id for part in instrument("TIS").components]


def present(*ids):
    return {id_: id_ in ids for id_ in SLEDAI}


# (instrument, values, total, band); totals worked by hand from the printed formula
WORKED = [
    ("PASI", pasi((2, 1, 1, 15), (2, 2, 2, 25), (3, 2, 2, 35), (3, 3, 2, 55)), 22.3, "severe"),
    ("PASI", pasi(*[(4, 4, 4, 100)] * 4), 72, "severe"),
    ("PASI", pasi((0, 0, 0, 0), (1, 1, 1, 10), (2, 2, 1, 9.9), (1, 2, 2, 30)), 8.7, "moderate"),
    ("BSA", dict(zip((f"{r}_percent" for r in REGIONS), (15, 25, 35, 55), strict=True)), 39, "severe"),
    ("BSA", dict(zip((f"{r}_handprints" for r in REGIONS), (1, 2.5, 0, 4), strict=True)), 7.5, "moderate"),
    ("PGA", {"rating": 3}, 3, "moderate"),
    ("DLQI", items("item_", (2, 1, 1, 2, 1, 0, 1, 0, 0, 1)), 9, "moderate effect"),
    ("DLQI", items("item_", [3] * 10), 30, "extremely large effect"),
    ("EASI", easi(30, *ECZEMA), 18.4, "moderate"),
    ("EASI", easi(3, *ECZEMA), 16.7, "moderate"),
    ("EASI", easi(30, *[(3, 3, 3, 3, 100)] * 4), 72, "very severe"),
    ("SCORAD", {"A": 40, "B": 9, "C": 10}, 49.5, "moderate"),
    ("SCORAD", {"A": 100, "B": 18, "C": 20}, 103, "severe"),
    ("SCORAD", {"A": 12, "B": 4, "C": 7}, 23.4, "mild"),
    ("vIGA-AD", {"rating": 1}, 1, "almost clear"),
    ("UAS7", items("wheals_day", (3, 2, 2, 1, 1, 0, 0)) | items("itch_day", (3, 3, 2, 2, 1, 1, 0)), 21, "moderate"),
    ("UAS7", items("wheals_day", [3] * 7) | items("itch_day", [3] * 7), 42, "severe"),
    ("UAS7", {"wheals": 2, "itch": 4}, 6, "well controlled"),
    ("UCT", items("item_", (3, 3, 4, 3)), 13, "well controlled"),
    ("UCT", items("item_", (1, 2, 2, 1)), 6, "poorly controlled"),
    ("SALT", {"vertex": 50, "posterior": 40, "right": 30, "left": 20}, 38.6, "moderate"),
    ("SALT", {"vertex": 100, "posterior": 100, "right": 100, "left": 100}, 100, "very severe"),
    ("SALT", {"vertex": 10, "posterior": 60, "right": 0, "left": 5}, 19.3, "mild or limited"),
    ("mRSS", dict(zip(SITES, (2, 2, 1, 2, 2, 3, 3, 3, 3, 3, 3, 1, 1, 1, 1, 1, 1), strict=True)), 33, "high risk"),
    ("mRSS", dict.fromkeys(SITES, 3), 51, "high risk"),
    ("SLEDAI-2K", present("arthritis", "proteinuria", "rash", "low_complement", "increased_dna_binding"), 14, "high"),
    ("SLEDAI-2K", present(*SLEDAI), 105, "high"),
    ("SLEDAI-2K", present("alopecia", "mucosal_ulcers", "low_complement"), 6, "moderate"),
    ("SLEDAI-2K", present("vasculitis", "fever", "leukopenia"), 10, "moderate"),
    ("BILAG", dict(zip(SYSTEMS, "BBEADEEDC", strict=True)), 29, None),
    ("BILAG", dict.fromkeys(SYSTEMS, "A"), 108, None),
    ("BILAG", dict(zip(SYSTEMS, "DCECDEEED", strict=True)), 2, None),
    ("DAS28-ESR", {"TJC28": 9, "SJC28": 4, "ESR": 30, "GH_mm": 60}, 5.4608, "high"),
    ("DAS28-ESR", {"TJC28": 0, "SJC28": 0, "ESR": 5, "GH_mm": 10}, 1.2666, "remission"),
    ("DAS28-ESR", {"TJC28": 4, "SJC28": 1, "ESR": 20, "GH_mm": 35}, 3.9870, "moderate"),
    ("DAS28-ESR", {"TJC28": 28, "SJC28": 28, "ESR": 100, "GH_cm": 10}, 9.0685, "high"),
    ("DAS28-CRP", {"TJC28": 9, "SJC28": 4, "CRP_mg_L": 15, "GH_mm": 60}, 5.0381, "moderate"),
    ("DAS28-CRP", {"TJC28": 0, "SJC28": 0, "CRP_mg_L": 0, "GH_mm": 0}, 0.96, "remission"),
    ("DAS28-CRP", {"TJC28": 4, "SJC28": 1, "CRP_mg_dL": 0.8, "GH_mm": 35}, 3.6410, "moderate"),
    ("CDAI", {"TJC28": 6, "SJC28": 5, "PtGA_cm": 5.5, "EGA_cm": 4.0}, 20.5, "moderate"),
    ("CDAI", {"TJC28": 1, "SJC28": 0, "PtGA_mm": 10, "EGA_cm": 0.8}, 2.8, "remission"),
    ("SDAI", {"TJC28": 6, "SJC28": 5, "PtGA_cm": 5.5, "EGA_cm": 4.0, "CRP_mg_dL": 1.5}, 22.0, "moderate"),
    ("SDAI", {"TJC28": 1, "SJC28": 0, "PtGA_cm": 1.0, "EGA_cm": 0.8, "CRP_mg_L": 5}, 3.3, "remission"),
    ("ESSPRI", {"dryness": 7, "limb_pain": 5, "fatigue": 6}, 6.0, None),
    ("ESSPRI", {"dryness": 8, "limb_pain": 3, "fatigue": 5}, 5.3333, None),
    ("TIS", dict(zip(TIS, (22, 12, 8, 0, 30, 10), strict=True)), 42.5, "moderate"),
    ("TIS", dict(zip(TIS, (50, 50, 35, 50, 50, 50), strict=True)), 100, "major"),
    ("TIS", dict(zip(TIS, (6, 4, 2, 6, 3, 0), strict=True)), 12.5, "no response"),
    ("CTCAE", {"grade": 3}, 3, "severe"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "values", "total", "band"), WORKED)
def test_worked_examples(name, values, total, band):
    found = score(name, values)
    assert found.total == pytest.approx(total, abs=6e-5)
    assert found.band == band


def test_every_instrument_with_a_total_has_a_worked_example():
    have = {instrument(name).id for name, *_ in WORKED} | {"essdai"}
    assert have == {item.id for item in instruments() if item.computes == "total"}


def test_scores_beside_the_total():
    assert dict(score("SCORAD", {"A": 40, "B": 9, "C": 10}).derived)["objective_scorad"] == 39.5
    assert dict(score("SCORAD", {"A": 100, "B": 18, "C": 20}).derived)["objective_scorad"] == 83
    sledai = score("SLEDAI-2K", present("arthritis", "proteinuria", "rash", "low_complement", "increased_dna_binding"))
    assert dict(sledai.derived)["clinical_sledai"] == 10
    das = dict(score("DAS28-CRP", {"TJC28": 9, "SJC28": 4, "CRP_mg_L": 15, "GH_mm": 60}).derived)
    assert das["das28_3_crp"] == pytest.approx((1.68 + 0.56 + 0.36 * math.log(16)) * 1.10 + 1.15)
    das = dict(score("DAS28-ESR", {"TJC28": 9, "SJC28": 4, "ESR": 30, "GH_mm": 60}).derived)
    assert das["das28_3_esr"] == pytest.approx((1.68 + 0.56 + 0.70 * math.log(30)) * 1.08 + 0.16)


@pytest.mark.parametrize(
    ("percent", "points"),
    [
        (0, 0),
        (0.1, 1),
        (9.9, 1),
        (10, 2),
        (29.9, 2),
        (30, 3),
        (49.9, 3),
        (50, 4),
        (69.9, 4),
        (70, 5),
        (89.9, 5),
        (90, 6),
        (100, 6),
    ],
)
def test_area_scores_change_at_their_printed_limits(percent, points):
    assert area_score(percent) == points


def test_a_descriptor_noted_as_its_points_is_present():
    by_points = present() | {"seizure": 8, "arthritis": "4", "rash": 2.0, "fever": 1}
    assert score("SLEDAI", by_points) == score("SLEDAI", present("seizure", "arthritis", "rash", "fever"))


def test_weights_of_easi_change_at_eight_years():
    assert score("EASI", easi(7.9, *ECZEMA)).total == 16.7
    assert score("EASI", easi(8, *ECZEMA)).total == 18.4


@pytest.mark.parametrize(
    ("name", "total", "band", "others"),
    [
        ("PASI", 0, "clear", {}),
        ("PASI", 6.9, "mild", {}),
        ("PASI", 7, "moderate", {}),
        ("PASI", 12, "moderate", {"rule of tens": "severe"}),
        ("PASI", 12.1, "severe", {"rule of tens": "severe"}),
        ("EASI", 7, "mild", {}),
        ("EASI", 7.1, "moderate", {}),
        ("EASI", 50, "severe", {"Korean consensus": "severe"}),
        ("EASI", 22.9, "severe", {"Korean consensus": "moderate"}),
        ("SCORAD", 25, "moderate", {"strata of PMC7395647": "mild"}),
        ("SCORAD", 50, "moderate", {"strata of PMC7395647": "severe"}),
        ("UAS7", 27, "moderate", {}),
        ("UAS7", 28, "severe", {}),
        ("UCT", 11, "poorly controlled", {}),
        ("UCT", 12, "well controlled", {}),
        ("SALT", 20, "mild or limited", {"S0 to S5": "S1"}),
        ("SALT", 0, None, {"S0 to S5": "S0"}),
        ("SALT", 50, "severe", {"S0 to S5": "S3"}),
        ("SALT", 100, "very severe", {"S0 to S5": "S5"}),
        ("DLQI", 1, "no effect", {}),
        ("DLQI", 2, "small effect", {}),
        ("DAS28-ESR", 2.6, "low", {}),
        ("DAS28-ESR", 3.2, "moderate", {}),
        ("DAS28-ESR", 5.1, "moderate", {}),
        ("DAS28-ESR", 5.2, "high", {}),
        ("CDAI", 2.8, "remission", {}),
        ("CDAI", 22.1, "high", {}),
        ("SDAI", 3.3, "remission", {}),
        ("SDAI", 26, "moderate", {}),
        ("ESSDAI", 4, "low", {}),
        ("ESSDAI", 14, "high", {}),
        ("BSA", 3, "moderate", {}),
        ("BSA", 10, "moderate", {}),
        ("mRSS", 24, None, {}),
        ("mRSS", 25, "high risk", {}),
        ("SLEDAI", 4, "low", {"Malaysian guideline, SLEDAI": "mild"}),
    ],
)
def test_bands_change_at_their_printed_limits(name, total, band, others):
    found = score(name, {"total": total})
    assert (found.total, found.band, dict(found.other_bands)) == (total, band, others)


def test_a_total_between_printed_bands_is_told():
    found = score("SALT", {"total": 20.4})
    assert (found.band, [caution.code for caution in found.cautions]) == ("moderate", ["between-bands"])
    assert score("SALT", {"total": 21}).cautions == ()


# What is refused


def refusal(name, values):
    with pytest.raises(InvalidInput) as caught:
        score(name, values)
    return caught.value


def test_all_faults_are_named_at_once():
    error = refusal("PASI", {"head_erythema": 5, "trunk_induration": 1.5, "arms_scaling": "x", "crp": 3})
    for words in (
        "head_erythema is 5, allowed is 0 to 4",
        "trunk_induration is 1.5, a whole number",
        "arms_scaling is 'x'",
        "'crp' is no component",
        "head_neck_area (or head_neck_percent)",
        "trunk_erythema",
    ):
        assert words in error.message
    assert "missing: upper_limbs_erythema" in error.message
    assert "missing: head_neck_erythema" not in error.message  # it was given, and is wrong


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("DAS28-CRP", {"tjc28": 1, "sjc28": 1, "crp": 5, "gh_mm": 1}, "Say the unit: crp_mg_l or crp_mg_dl"),
        ("DAS28-ESR", {"tjc28": 1, "sjc28": 1, "esr": 0, "gh_mm": 1}, "floor"),
        ("SLEDAI", {"seizure": 2}, "yes or no"),
        ("BILAG", {"renal": "F"}, "one of A, B, C, D, E"),
        ("DLQI", {"total": 7.5}, "a whole number"),
        ("PASI", {"total": 72.1}, "allowed is 0 to 72"),
        ("PASI", {"total": "1,234"}, "thousands or decimals"),
        ("PASI", {}, "missing"),
        ("EASI", {k: v for k, v in easi(30, *ECZEMA).items() if k != "age_years"}, "age_years"),
        ("SCORAD", {"A": 40, "B": 9}, "pruritus (or subjective)"),
        ("UCT", {"item_1": 3, "item1": 2}, "given twice"),
        ("UCT", {"item_1": True}, "a number is wanted"),
        ("UCT", {"item_1": float("inf")}, "finite"),
    ],
)
def test_a_refusal_says_what_and_what_to_do(name, values, words):
    error = refusal(name, values)
    assert words in f"{error.message} {error.hint}"


def test_forms_of_one_component_must_agree():
    rows = pasi(*[(1, 1, 1, 35)] * 4)
    assert score("PASI", rows | {"trunk_area": 3}).total == score("PASI", rows).total
    assert "makes 3, but trunk_area makes 2" in refusal("PASI", rows | {"trunk_area": 2}).message
    uas = items("wheals_day", [1] * 7) | items("itch_day", [1] * 7)
    assert score("UAS7", uas | {"wheals": 7}).total == 14
    assert "wheals makes 8" in refusal("UAS7", uas | {"wheals": 8}).message


def test_a_given_total_must_be_what_the_components_make():
    rows = pasi((2, 1, 1, 15), (2, 2, 2, 25), (3, 2, 2, 35), (3, 3, 2, 55))
    assert score("PASI", rows | {"PASI": 22.3}).total == 22.3
    assert "22.5, but the components make 22.3" in refusal("PASI", rows | {"PASI": 22.5}).message


def test_states_have_no_total():
    assert "respond" in refusal("LLDAS", {"pga": 1}).hint
    with pytest.raises(NotFound):
        score("nothing", {})


def test_unknown_weights_leave_the_total_open_and_the_known_part_is_told():
    essdai = instrument("ESSDAI")
    found = score("ESSDAI", {"constitutional": 1, "lymphadenopathy": 1, "glandular": 2, "articular": 2, "cutaneous": 0})
    assert (found.total, dict(found.derived)) == (None, {"known_part": 15})
    assert "renal" in found.cautions[0].text
    quiet = dict.fromkeys((part.id for part in essdai.components), 0) | {"articular": 3, "cutaneous": 2, "pulmonary": 1}
    assert score("ESSDAI", quiet).total == 17  # a domain without activity adds nothing whatever its weight
    active = score("ESSDAI", quiet | {"renal": 1})
    assert (active.total, active.band, dict(active.derived)) == (None, None, {"known_part": 17})
    assert "no weight was found for renal" in active.cautions[0].text


@pytest.mark.parametrize(
    ("name", "values", "code"),
    [
        ("SDAI", {"TJC28": 1, "SJC28": 1, "PtGA_cm": 1, "EGA_cm": 1, "CRP_mg_dL": 15}, "implausible"),
        ("DAS28-CRP", {"TJC28": 1, "SJC28": 1, "GH_mm": 1, "CRP_mg_L": 500}, "implausible"),
        ("DAS28-ESR", {"total": 12}, "implausible-total"),
    ],
)
def test_implausible_values_are_kept_with_a_caution(name, values, code):
    found = score(name, values)
    assert found.total is not None
    assert code in [caution.code for caution in found.cautions]


@pytest.mark.parametrize(
    ("text", "value"),
    [("22,3", 22.3), ("0,125", 0.125), ("12", 12), (" 3.5 ", 3.5), ("15 %", 15), ("１２", 12), ("-1", -1), ("−1", -1)],
)
def test_numbers_are_read_as_people_write_them(text, value):
    assert read_number(text, unit="%") == value


@pytest.mark.parametrize("text", ["1,234", "1.234,5", "1_000", "nan", "inf", "1e400", "three", "", "<5"])
def test_what_is_no_clear_number_is_not_read(text):
    assert isinstance(read_number(text), str)


# Properties


def fields(item):
    """Return the components that have no other form, and alternatives left out."""
    return [part for part in item.components if part.alternative is None]


def value_of(part):
    if part.kind == "flag":
        return st.booleans()
    if part.kind == "choice":
        return st.sampled_from([letter for letter, _ in part.choices])
    low = -100 if part.low is None else part.low
    high = part.usual_high if part.high is None else part.high
    steps = round((high - low) / (part.step or 0.1))
    return st.integers(0, steps).map(lambda number: round(low + number * (part.step or 0.1), 6))


def assessments(item):
    return st.fixed_dictionaries({part.id: value_of(part) for part in fields(item)})


SCORED = [item for item in instruments() if item.computes == "total" and item.id != "essdai"]


@pytest.mark.parametrize("item", SCORED, ids=lambda item: item.id)
@settings(max_examples=15)
@given(data=st.data())
def test_any_valid_assessment_scores_within_the_range(item, data):
    found = score(item, data.draw(assessments(item)))
    assert found.total is not None
    assert found.total >= item.low
    assert found.total <= (item.high if item.high is not None else item.usual_high * 1.1)


@pytest.mark.parametrize("item", [item for item in SCORED if item.id != "easi"], ids=lambda item: item.id)
@settings(max_examples=15)
@given(data=st.data())
def test_the_total_never_falls_when_a_component_rises(item, data):
    lower = data.draw(assessments(item))
    part = data.draw(st.sampled_from(fields(item)))
    other = data.draw(value_of(part))
    points = dict(part.choices)
    order = sorted([lower[part.id], other], key=lambda value: points.get(value, value))
    totals = [score(item, lower | {part.id: value}).total for value in order]
    assert totals[0] <= totals[1]


@pytest.mark.parametrize("item", [item for item in SCORED if item.high is not None], ids=lambda item: item.id)
def test_the_ends_of_the_range_are_reached(item):
    def ends(part, pick):
        if part.kind == "flag":
            return pick((False, True))
        if part.kind == "choice":
            return pick(part.choices, key=lambda choice: choice[1])[0]
        return pick((-100 if part.low is None else part.low, part.high))

    assert score(item, {part.id: ends(part, min) for part in fields(item)}).total == item.low
    assert score(item, {part.id: ends(part, max) for part in fields(item)}).total == item.high


@settings(max_examples=20)
@given(data=st.data())
def test_the_order_of_components_does_not_matter(data):
    item = instrument("EASI")
    values = data.draw(assessments(item))
    shuffled = dict(data.draw(st.permutations(list(values.items()))))
    assert score(item, shuffled) == score(item, values)


@given(
    st.dictionaries(
        st.text(max_size=12), st.one_of(st.text(max_size=6), st.floats(), st.booleans(), st.none()), max_size=5
    )
)
def test_anything_given_is_a_score_or_faults(values):
    for item in (instrument("PASI"), instrument("LLDAS"), instrument("BILAG")):
        if item.computes == "total":
            found, faults = evaluate(item, values)
            assert found.total is not None or faults


class TestAreaAgainstSigns:
    def test_signs_without_an_area_and_an_area_without_signs_are_pointed_out(self):
        codes = {
            "signs-without-area": pasi((3, 3, 3, 0), (0, 0, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0)),
            "area-without-signs": pasi((0, 0, 0, 30), (0, 0, 0, 0), (0, 0, 0, 0), (1, 1, 1, 10)),
        }
        for code, values in codes.items():
            (caution,) = score("PASI", values).cautions
            assert caution.code == code
            assert "head_neck" in caution.text
            assert "trunk" not in caution.text
        young = easi(5, (0, 0, 0, 0, 0), (1, 0, 0, 0, 0), (0, 0, 0, 0, 12), (1, 1, 1, 1, 50))
        assert [one.code for one in score("EASI", young).cautions] == ["signs-without-area", "area-without-signs"]

    def test_a_sound_assessment_gets_no_caution(self):
        assert score("PASI", pasi((0, 0, 0, 0), (1, 0, 0, 10), (2, 2, 1, 9.9), (1, 2, 2, 30))).cautions == ()


class TestVagueNames:
    @pytest.mark.parametrize(
        ("name", "meant"),
        [("DAS28", ("DAS28-ESR", "DAS28-CRP")), ("das-28", ("DAS28-ESR",)), ("IGA", ("PGA", "vIGA-AD"))],
    )
    def test_a_name_of_several_instruments_finds_none_and_says_which_there_are(self, name, meant):
        with pytest.raises(NotFound) as caught:
            instrument(name)
        assert all(one in caught.value.hint for one in meant)

    def test_a_total_may_stand_under_the_short_name_once_the_instrument_is_chosen(self):
        assert score("DAS28-CRP", {"DAS28": 3.0}).total == 3.0
        assert score("vIGA-AD", {"IGA score": 1}).band == "almost clear"

    def test_sledai_is_read_as_the_2000_version_with_a_caution(self):
        assert [one.code for one in score("sledai", {"total": 4}).cautions] == ["vague-name"]
        assert score("SLEDAI-2K", {"total": 4}).cautions == ()
        assert score(instrument("SLEDAI"), {"total": 4}).cautions == ()

    def test_the_limit_between_low_and_moderate_das28_is_told(self):
        for name in ("DAS28-ESR", "DAS28-CRP"):
            assert any("exactly 3.2" in note.text for note in instrument(name).notes)
