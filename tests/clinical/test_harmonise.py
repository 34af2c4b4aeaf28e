"""Harmonisation: every criterion has a rule, rules are applied in the open, and thresholds are never mixed silently."""

from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from stromata.clinical.harmonise import criterion_of, default_rules, harmonise, thresholds_differ
from stromata.clinical.instruments.catalogue import criteria
from stromata.model import HarmonisationRule, Outcome, OutcomeDefinition, ResponseClass, ReviewProtocol

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "harmonisation.md"
CLASSES = {rule.criterion: rule.response_class for rule in default_rules()}
OUTCOMES = (
    OutcomeDefinition("responders", "Response", response_class="response"),
    OutcomeDefinition("remission", "Complete response", response_class="complete-response"),
    OutcomeDefinition("return", "Relapse", domain="harm", response_class="relapse"),
    OutcomeDefinition("death", "Death", domain="harm"),
)
PROTOCOL = ReviewProtocol(outcomes=OUTCOMES)


def outcome(study, criterion="", *, kind="responders", name="one"):
    return Outcome(f"{study}/{name}", study, kind, criterion=criterion)


def one(criterion, protocol=PROTOCOL, **fields):
    (mapping,) = harmonise([outcome("A", criterion, **fields)], protocol)
    return mapping


# -- the rules -----------------------------------------------------------------------------------------------------


def test_every_criterion_of_the_instruments_has_one_rule_and_no_rule_lacks_its_criterion():
    known = {criterion.id for criterion in criteria()}
    rules = [rule.criterion for rule in default_rules() if not rule.generic]
    assert set(rules) == known
    assert all(count == 1 for count in Counter(rule.criterion for rule in default_rules()).values())


def test_every_rule_has_a_reason_and_a_known_class():
    for rule in default_rules():
        assert rule.reason.endswith(".")
        assert rule.response_class is None or rule.response_class in get_args(ResponseClass)
        assert not rule.source or rule.source.startswith("https://")


def test_general_rules_do_not_take_the_names_of_criteria():
    assert not {rule.criterion for rule in default_rules() if rule.generic} & {item.id for item in criteria()}


def test_a_higher_threshold_never_counts_as_less():
    order = ["any-improvement", "response", "complete-response"]
    for steps in (
        ("PASI50", "PASI75", "PASI90", "PASI100"),
        ("EASI50", "EASI75", "EASI90"),
        ("SALT50", "SALT90"),
        ("ACR20", "ACR50", "ACR70"),
        ("CDAI50", "CDAI70", "CDAI85"),
        ("SDAI50", "SDAI70", "SDAI85", "RA-BOOLEAN"),
        ("UAS7-6", "UAS7-0"),
        ("UCT-3", "UCT-6"),
        ("LLDAS", "DORIS"),
        ("SLEDAI-4", "SRI-4", "SRI-5"),
        ("TIS-minimal", "TIS-moderate", "TIS-major"),
        ("TIS-JDM-minimal", "TIS-JDM-moderate", "TIS-JDM-major"),
    ):
        ranks = [order.index(CLASSES[name]) for name in steps]
        assert ranks == sorted(ranks), steps


def test_what_marks_worsening_is_a_relapse_and_nothing_else_is():
    assert {item.id for item in criteria() if item.worsening} == {
        rule.criterion for rule in default_rules() if rule.response_class == "relapse" and not rule.generic
    }


def test_partial_responders_alone_have_no_default_class():
    for name, found in CLASSES.items():
        if "partial" in name or name.startswith("EULAR-moderate"):
            assert found is None, name


@pytest.mark.parametrize("rule", default_rules(), ids=lambda rule: rule.criterion)
def test_the_page_shows_every_rule_as_it_is(rule):
    row = f"| `{rule.criterion}` | {rule.response_class or 'no default'} | {rule.reason}"
    (line,) = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(row)]
    assert (f"({rule.source})" in line) if rule.source else ("source" not in line)


# -- harmonise -----------------------------------------------------------------------------------------------------


def test_a_criterion_leads_to_the_outcome_that_carries_its_class():
    mapping = one("PASI75", kind="death")
    assert (mapping.kind, mapping.by, mapping.response_class) == ("responders", "default", "response")
    assert mapping.criterion == "PASI75"
    assert "PASI75 counts as response: The usual mark" in mapping.reason
    assert one("DORIS").kind == "remission"
    assert one("relapse-as-stated").kind == "return"


@pytest.mark.parametrize("written", ["pasi 75", "PASI-75", "Pasi75"])
def test_the_way_a_criterion_is_written_does_not_matter(written):
    assert one(written).by == "default"


def test_without_a_criterion_the_extractor_decides():
    mapping = one("")
    assert (mapping.kind, mapping.by, mapping.criterion) == ("responders", "hand", "")
    assert mapping.response_class == "response"
    assert "extractor's own" in mapping.reason
    assert one("", kind="death").response_class is None


def test_an_unknown_criterion_is_left_to_the_extractor_and_said_so():
    mapping = one("MY-OWN", kind="remission")
    assert (mapping.kind, mapping.by) == ("remission", "hand")
    assert "no rule for MY-OWN" in mapping.reason


def test_a_class_without_an_outcome_in_the_protocol_is_left_to_the_extractor():
    mapping = one("PASI50")
    assert (mapping.kind, mapping.by) == ("responders", "hand")
    assert "any-improvement, but no outcome of the protocol stands for that" in mapping.reason


def test_two_outcomes_with_one_class_leave_the_choice_to_the_extractor():
    twice = ReviewProtocol(outcomes=(*OUTCOMES, OutcomeDefinition("late", "Late response", response_class="response")))
    mapping = one("PASI75", twice, kind="late")
    assert (mapping.kind, mapping.by) == ("late", "hand")
    assert "responders, late all stand" in mapping.reason


def test_a_rule_of_the_protocol_goes_before_the_default():
    rule = HarmonisationRule("pasi-90", "complete-response", "The team calls PASI90 complete.")
    mapping = one("PASI90", ReviewProtocol(outcomes=OUTCOMES, harmonisation=(rule,)))
    assert (mapping.kind, mapping.by, mapping.response_class) == ("remission", "protocol", "complete-response")
    assert "The team calls PASI90 complete." in mapping.reason


def test_a_rule_of_the_protocol_can_name_a_word_of_the_teams_own():
    rule = HarmonisationRule("MY-OWN", "response", "As agreed.")
    assert one("my own", ReviewProtocol(outcomes=OUTCOMES, harmonisation=(rule,))).by == "protocol"


def test_a_rule_of_the_protocol_can_switch_a_default_off():
    rule = HarmonisationRule("PASI75", None, "Judged study by study.")
    mapping = one("PASI75", ReviewProtocol(outcomes=OUTCOMES, harmonisation=(rule,)), kind="remission")
    assert (mapping.kind, mapping.by) == ("remission", "hand")
    assert "Judged study by study." in mapping.reason


def test_a_criterion_without_a_default_class_says_why():
    assert "moderate responders alone" in one("EULAR-moderate").reason


def test_each_outcome_has_its_mapping_in_order():
    outcomes = [outcome("A", "PASI75"), outcome("B"), outcome("C", "DORIS")]
    assert [mapping.outcome for mapping in harmonise(outcomes, PROTOCOL)] == ["A/one", "B/one", "C/one"]


# -- thresholds ----------------------------------------------------------------------------------------------------


def caution(*outcomes):
    return thresholds_differ(outcomes, harmonise(outcomes, PROTOCOL))


def test_different_criteria_are_named_with_their_studies():
    found = caution(
        outcome("A", "PASI75"),
        outcome("B", "EASI75"),
        outcome("C", "pasi-75"),
        outcome("C", "PASI75", name="later"),
        outcome("D"),
    )
    assert found.code == "thresholds-differ"
    assert "PASI75 (2 studies), EASI75 (1 study) and as each study defines it (1 study)" in found.text


def test_one_criterion_needs_no_caution():
    assert caution(outcome("A", "PASI75"), outcome("B", "PASI 75")) is None
    assert caution(outcome("A", "PASI75")) is None
    assert caution(outcome("A")) is None
    assert caution() is None


def test_definitions_of_their_own_may_differ_too():
    assert "as each study defines it (2 studies)" in caution(outcome("A"), outcome("B")).text


def test_outcomes_that_need_no_criterion_are_passed_over():
    assert caution(outcome("A", kind="death"), outcome("B", kind="death")) is None
    assert caution(outcome("A", kind="death"), outcome("B", "PASI75")) is None


# -- recognition ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("criterion", [rule.criterion for rule in default_rules() if rule.bare])
def test_every_criterion_is_recognised_by_its_own_name(criterion):
    assert criterion_of(criterion) == criterion
    assert criterion_of(f"{criterion.lower()} at week 12") == criterion


@pytest.mark.parametrize(
    ("text", "criterion"),
    [
        ("PASI-75", "PASI75"),
        ("PASI 75 response", "PASI75"),
        ("≥75 % improvement in PASI", "PASI75"),
        ("at least a 75% reduction from baseline in the PASI score", "PASI75"),
        ("PASI fell by at least 75 %", "PASI75"),
        ("PASI improved by 75 percent or more", "PASI75"),
        ("PASI improvement >= 90%", "PASI90"),
        ("PASI评分下降≥75%", "PASI75"),
        ("PASI改善75%", "PASI75"),
        ("ＰＡＳＩ ７５", "PASI75"),
        ("EASI-50 responders", "EASI50"),
        ("50% decrease in SCORAD", None),
        ("35% decrease in SCORAD", "SCORAD35"),
        ("SALT ≤20", "SALT20"),
        ("SALT score of 20 or less", "SALT20"),
        ("SALT fell by at least 50 %", "SALT50"),
        ("sPGA 0/1", "PGA01"),
        ("PGA of 0 or 1", "PGA01"),
        ("vIGA-AD 0/1", "vIGA01"),
        ("IGA 0/1", None),
        ("DLQI 0 or 1", "DLQI01"),
        ("UAS7=0", "UAS7-0"),
        ("UAS7 ≤ 6", "UAS7-6"),
        ("UCT ≥12", "UCT-12"),
        ("SRI(4)", "SRI-4"),
        ("SLE Responder Index 4 at week 24", "SRI-4"),
        ("SLEDAI fell by at least 4 points", "SLEDAI-4"),
        ("ACR 20", "ACR20"),
        ("EULAR good response", "EULAR-good"),
        ("good EULAR response", "EULAR-good"),
        ("EULAR moderate response", "EULAR-moderate"),
        ("EULAR good response by DAS28-CRP", "EULAR-good-CRP"),
        ("EULAR good or moderate response at 12 weeks", "EULAR-good-or-moderate"),
        ("moderate or good EULAR response", "EULAR-good-or-moderate"),
        ("ACR/EULAR Boolean remission", "RA-BOOLEAN"),
        ("complete renal response (KDIGO 2024)", "LN-complete-KDIGO-2024"),
        ("partial response by KDIGO 2012", "LN-partial-KDIGO-2012"),
        ("complete or partial renal remission within a year", "study-defined-response"),
        ("complete clinical remission", "complete-remission-as-stated"),
        ("relapse within six months", "relapse-as-stated"),
        ("完全缓解", "complete-remission-as-stated"),
        ("复发", "relapse-as-stated"),
        ("SLE复发", "relapse-as-stated"),
        ("no serious infection; complete remission at 12 months", "complete-remission-as-stated"),
        ("patients without earlier biologics who had a complete response", "complete-remission-as-stated"),
        ("partial or complete response", "study-defined-response"),
        ("complete remission plus partial remission", "study-defined-response"),
        ("部分缓解或完全缓解", "study-defined-response"),
        ("完全缓解+部分缓解", "study-defined-response"),
        ("PASI75, 24 weeks after the first infusion", "PASI75"),
        ("PASI 75 and two or more grades on the PGA", "PASI75"),
        ("ACR20 (17 of 30 patients)", "ACR20"),
        ("at least 50 % fall of CDAI", "CDAI50"),
        ("CDAI 70 % improvement", "CDAI70"),
        ("SCORAD35", "SCORAD35"),
        ("SALT 50 response", "SALT50"),
    ],
)
def test_definitions_are_recognised(text, criterion):
    assert criterion_of(text) == criterion


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PASI",
        "PASI fell by at least 40 %",
        "<75% improvement in PASI",
        "less than 75 % improvement in PASI",
        "mean PASI improvement of 75 %",
        "PASI 75/90",
        "PASI50 and PASI75",
        "did not reach PASI75",
        "PASI75 non-responders",
        "PASI 90 days after treatment",
        "SLEDAI 4",
        "UAS7 6 weeks after treatment",
        "time to relapse",
        "no relapse within a year",
        "relapse-free survival",
        "partial remission",
        "no complete remission in either group",
        "none had a complete response",
        "without any complete renal response",
        "patients not in complete remission",
        "complete remission was not seen",
        "near-complete response",
        "incomplete response",
        "complete response or near-complete response",
        "complete/almost complete remission",
        "complete remission (CR), partial remission (PR)",
        "未完全缓解",
        "接近完全缓解",
        "完全或近完全缓解",
        "未见复发",
        "复发性口腔溃疡",
        "复发难治患者",
        "did not have a flare",
        "flare free survival",
        "relapsed or refractory disease",
        "relapse of the underlying leukaemia",
        "wheal and flare",
        "no PASI75 response",
        "PASI75 was not observed",
        "ACR 20/50/70 responses",
        "ACR20, 50 and 70",
        "ACR20, ACR50",
        "PASI 75, 90 and 100",
        "PASI 50–75",
        "PASI 75 or 90",
        "PASI 50至75",
        "PASI fell by at least 50 % and 75 %",
        "≥50 % and ≥75 % improvement in PASI",
        "PASI improvement of 50-75 %",
        "CDAI70",
        "CDAI-70",
        "CDAI 70 response",
        "70 % fall of CDAI in Crohn's disease",
        "克罗恩病CDAI下降≥70%",
        "SCORAD 35 at baseline",
        "SALT 50-95 at baseline",
        "PO-SCORAD35",
        "arthritis ≥ 20 joints",
        "SSRI-4",
        "uACR 20 mg/g",
        "CDLQI 0/1",
        "Tisdale scale of at least 40",
        "marked improvement",
    ],
)
def test_what_names_no_criterion_or_several_proposes_none(text):
    assert criterion_of(text) is None
