"""Responders, adverse events and deaths: English. The sentences were written for this file."""

# ruff: noqa: E501 - a sentence and what it says stay on one line

import pytest

from stromata.extraction.suggestions.run import suggest


def found(text: str, field: str) -> list[str]:
    """Return the values of a field with their units, sorted."""
    return sorted(f"{one.value} {one.unit}".strip() for one in suggest(text).suggestions if one.field == field)


RESPONDERS = [
    ("ACR20 and ACR50 were met by 9/20 and 5/20 with cells and by 4/19 and 1/19 without.", ["1/19 ACR50", "4/19 ACR20", "5/20 ACR50", "9/20 ACR20"]),
    ("EASI50 and EASI75 were reached by 9/20 versus 4/19 and 5/20 versus 1/19.", ["1/19 EASI75", "4/19 EASI50", "5/20 EASI75", "9/20 EASI50"]),
    ("Complete and partial responses were seen in 3 and 7 of 16 patients, respectively.", ["3/16 complete response", "7/16 partial response"]),
    ("9 of 17 patients in the cell group and 4 of 16 in the drug group were in remission.", ["4/16 remission", "9/17 remission"]),
    ("Remission was absent in 5 of 12 patients.", []),
    ("A response was observed in 12 patients (60%) and remission in 7 (35%) of the 20.", ["12/20 response", "7/20 remission"]),
    ("Of the 15 patients, 4 achieved complete remission, 6 partial remission.", ["4/15 remission", "6/15 partial response"]),
    ("In 9 of 12 wounds shrank; in 3 of 12 closure was complete.", ["3/12 complete response"]),
    ("PASI-75 was achieved by 8/17 (47.1%) patients.", ["8/17 PASI75"]),
    ("Eight of 17 patients (47%) reached PASI 75.", ["8/17 PASI75"]),
    ("47.1% (8/17) of patients achieved PASI75.", ["8/17 PASI75"]),
    ("8 (47%) of 17 patients achieved EASI-50.", ["8/17 EASI50"]),
    ("Of the 17 patients, 8 (47.1%) achieved an ACR20 response.", ["8/17 ACR20"]),
    ("All six patients responded.", ["6/6 response"]),
    ("None of the 12 patients relapsed.", ["0/12 relapse"]),
    ("A complete response was seen in 3 of 14 patients and a partial response in 5 of 14.", ["3/14 complete response", "5/14 partial response"]),
    ("PASI-75 and PASI-90 were reached by 9/20 and 4/20 patients, respectively.", ["4/20 PASI90", "9/20 PASI75"]),
    ("EASI-75 was reached by 12/25 (48%) in the MSC group versus 3/24 (12.5%) in the placebo group.", ["12/25 EASI75", "3/24 EASI75"]),
    ("The SRI-4 response rate was 60% (9/15).", ["9/15 SRI-4"]),
    ("Four of 12 patients (33%) were in remission at month 12.", ["4/12 remission"]),
    ("Seven out of ten patients showed clinical improvement.", ["7/10"]),
    ("Relapse occurred in 7 (23%) of 30 patients.", ["7/30 relapse"]),
    ("A 75% reduction in PASI was seen in 5 of 16 patients.", ["5/16 PASI75"]),
    ("At least a 50% improvement in EASI was achieved in six of 11 patients.", ["6/11 EASI50"]),
    ("Both patients achieved complete remission.", ["2/2 remission"]),
    ("Among 32 patients treated, 18 achieved a response.", ["18/32 response"]),
    ("ACR20, ACR50 and ACR70 were achieved by 15/26, 9/26 and 3/26 patients.", ["15/26 ACR20", "3/26 ACR70", "9/26 ACR50"]),
    ("vIGA-AD 0/1 was achieved by 11/30 (36.7%).", ["11/30"]),
    ("No relapse was seen in any of the 10 patients.", ["0/10 relapse"]),
    ("Two of 19 had a complete response and 9/19 a partial response.", ["2/19 complete response", "9/19 partial response"]),
    ("9 of the 18 patients (50%) had regrowth, and 3 patients (16.7%) had complete regrowth.", ["3/18 complete response", "9/18"]),
    ("Complete response (CR) was defined beforehand. CR was seen in 4 of 15 patients.", ["4/15 complete response"]),
    ("Of 17 patients treated, 12 were women.", []),
    ("Complete response, 5/18; no response, 7/18.", ["5/18 complete response"]),
    ("Non-responders (6/20) were given a second infusion.", []),
    ("Half of the patients responded.", []),
    ("8/17 patients were women.", []),
    ("Blood pressure was 120/80 mmHg.", []),
    ("In a previous trial, 8/17 patients achieved PASI-75.", []),
    ("Three of 17 patients had fever.", []),
    ("The primary endpoint was PASI-75 at week 12.", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), RESPONDERS)
def test_responders_with_their_criterion(text, expected):
    assert found(text, "responders") == expected


ADVERSE = [
    ("Adverse events occurred in 9 patients (45%) in the cell group and 7 (37%) in the drug group.", ["7", "9"]),
    ("Six patients in the cell arm and five in the drug arm had adverse events.", ["5", "6"]),
    ("Three patients each had a serious adverse event.", ["3 serious"]),
    ("Nine patients had an adverse event, and two patients (10%) a serious adverse event.", ["2 serious", "9"]),
    ("Adverse events were mild; there were no serious ones.", ["0 serious"]),
    ("No adverse events were observed.", ["0"]),
    ("There were no serious adverse events.", ["0 serious"]),
    ("No treatment-related serious adverse events occurred.", ["0 serious"]),
    ("Adverse events occurred in three patients.", ["3"]),
    ("Five of 24 patients (21%) experienced adverse events.", ["5/24"]),
    ("Adverse events were reported in 7/20 patients in the MSC group and 6/21 in the control group.", ["6/21", "7/20"]),
    ("Serious adverse events occurred in 2 of 18 patients.", ["2/18 serious"]),
    ("One patient had a serious adverse event.", ["1 serious"]),
    ("None of the patients experienced any adverse reaction.", ["0"]),
    ("The infusions were safe, without any side effects.", ["0"]),
    ("None of the 9 patients had serious adverse events.", ["0/9 serious"]),
    ("Adverse events, mostly mild, were seen in 9 of 22 participants (40.9%).", ["9/22"]),
    ("Six patients had adverse events; none was serious.", ["0 serious", "6"]),
    ("Adverse events were seen in 15 of 19 patients, and 5/19 had serious ones.", ["15/19", "5/19 serious"]),
    ("Adverse events: none.", ["0"]),
    ("Adverse events of any grade in 17 patients; serious adverse events in three, none related.", ["17", "3 serious"]),
    ("Two of 16 had an adverse event, none had a serious one.", ["0 serious", "2/16"]),
    ("No severe adverse events were seen.", []),
    ("There was no difference in adverse events.", []),
    ("The most common adverse events were fever (3/17) and headache (2/17).", []),
    ("Adverse events will be recorded in all 20 patients.", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), ADVERSE)
def test_adverse_events(text, expected):
    assert found(text, "adverse_events") == expected


DEATHS = [
    ("Seven patients had died by then.", ["7"]),
    ("Four patients (two in each group) died.", ["4"]),
    ("Two deaths were recorded in the cell arm, and five in the drug arm.", ["2", "5"]),
    ("There was one fatality.", ["1"]),
    ("The patient died of sepsis.", ["1"]),
    ("No child died.", ["0"]),
    ("2/18 patients in the cell group and 6/19 in the drug group died.", ["2/18", "6/19"]),
    ("Fifteen of 18 mice survived.", []),
    ("No deaths occurred.", ["0"]),
    ("One patient died of pneumonia.", ["1"]),
    ("Two of 40 patients died during follow-up.", ["2/40"]),
    ("There were no adverse events or deaths.", ["0"]),
    ("Five patients (6%) died after transplantation.", ["5"]),
    ("None of the patients died.", ["0"]),
    ("There was one death in the control group.", ["1"]),
    ("All 12 patients survived.", ["0/12"]),
    ("Three deaths were recorded, none related to the cells.", ["3"]),
    ("Mortality at day 100 was 3/15 (20%).", ["3/15"]),
    ("One patient in the placebo group died (1/40).", ["1/40"]),
    ("There was neither a death nor a serious adverse event.", ["0"]),
    ("No one died.", ["0"]),
    ("One-year mortality was zero.", ["0"]),
    ("None of the rats died.", ["0"]),
    ("Neither deaths nor malignancies were reported.", ["0"]),
    ("Cell death was measured by flow cytometry.", []),
    ("Sepsis is a leading cause of death in lupus.", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), DEATHS)
def test_deaths(text, expected):
    assert found(text, "deaths") == expected


def test_a_percentage_that_does_not_fit_its_count_lowers_the_confidence():
    fits = suggest("PASI-75 was achieved by 8/17 (47.1%) patients.").suggestions
    differs = suggest("PASI-75 was achieved by 8/17 (74.1%) patients.").suggestions
    confidence = {one.value: one.confidence for one in differs}
    assert confidence["8/17"] < next(one.confidence for one in fits if one.value == "8/17")
