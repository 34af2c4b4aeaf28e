"""What the rules read in English. Sentences were written for this file; none stands in the evaluation texts."""

import pytest

from stromata.extraction.suggest import suggest


def found(text: str, field: str) -> list[str]:
    """Return the values of a field with their units, sorted."""
    return sorted(f"{one.value} {one.unit}".strip() for one in suggest(text).suggestions if one.field == field)


N = [
    ("We enrolled 26 patients with moderate-to-severe plaque psoriasis.", ["26 patients"]),
    ("A total of 34 patients were screened and 28 were enrolled.", ["28 patients"]),
    ("Forty patients were randomly assigned in a 1:1 ratio to receive cells or placebo.", ["40 patients"]),
    ("Twelve consecutive women with diffuse systemic sclerosis were treated between May 2012 and June 2014.", ["12 patients"]),
    ("In total, 1,204 participants were included.", ["1204 patients"]),
    ("Of 71 patients assessed for eligibility, 60 were randomised.", ["60 patients"]),
    ("The study included 19 SLE patients refractory to standard treatment.", ["19 patients"]),
    ("This phase 1/2a trial enrolled twenty-one adults with atopic dermatitis.", ["21 patients"]),
    ("Patients with refractory lupus nephritis (n = 18) received two infusions.", ["18 patients"]),
    ("Eighty-one SLE patients were recruited from four centres.", ["81 patients"]),
    ("A cohort of 64 patients with rheumatoid arthritis was followed.", ["64 patients"]),
    ("Sixty female BALB/c mice were divided into four groups.", ["60 animals"]),
    ("Nine patients underwent intravenous infusion of allogeneic cells.", ["9 patients"]),
    ("Between 2015 and 2018, 33 patients received autologous fat-derived cells.", ["33 patients"]),
    ("Six patients participated in this pilot study.", ["6 patients"]),
    ("We report a 52-year-old man with severe alopecia universalis.", ["1 patients"]),
    ("Data from 47 patients treated at our hospital were reviewed.", ["47 patients"]),
    ("Twenty trials involving 813 patients were included in this meta-analysis.", ["813 patients"]),
    ("Six of 11 patients improved.", ["11 patients"]),
    # not the number of people who took part
    ("Previous studies enrolled 30 patients.", []),
    ("A trial of 200 patients is needed.", []),
    ("Thirty patients will be recruited.", []),
    ("Sixteen patients received cells and 15 received placebo.", []),
    ("Ten patients were allocated to each group.", []),
    ("Two patients withdrew consent.", []),
    ("Four patients had fever.", []),
    ("Blood was taken from 20 healthy volunteers.", []),
    ("Patients were aged 18 to 65 years.", []),
    ("Seven patients were excluded because of infection.", []),
    ("Smith et al. treated 15 patients in 2010.", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), N)
def test_how_many_took_part(text, expected):
    assert found(text, "n") == expected


ARMS = [
    ("Patients were randomised into three groups.", ["3"]),
    ("Participants were randomly assigned (1:1:1) to high dose, low dose or placebo.", ["3"]),
    ("Patients were randomly assigned in a 2:1 ratio to MSC or saline.", ["2"]),
    ("This was a two-arm, open-label study.", ["2"]),
    ("Mice were randomly divided into the control group (n = 8), the model group (n = 8) and the MSC group (n = 8).", ["3"]),
    ("Forty patients were randomised to receive UC-MSC or placebo.", ["2"]),
    ("There was no difference between the two groups.", ["2"]),
    ("They were allocated to cells, vesicles, or vehicle.", ["3"]),
    ("No serious event occurred in the two eldest patients.", []),
    ("Earlier trials compared three groups.", []),
    ("The ratio of CD4 to CD8 cells was 2:1.", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), ARMS)
def test_how_many_groups(text, expected):
    assert found(text, "arms") == expected


FOLLOW_UP = [
    ("Patients were followed for 12 months.", ["12 months"]),
    ("The median follow-up was 29 months (range 12-60).", ["29 months"]),
    ("Follow-up lasted 24 weeks.", ["5.52 months"]),
    ("All patients completed a 6-month follow-up.", ["6 months"]),
    ("After a mean follow-up of 2.5 years, no relapse was seen.", ["30 months"]),
    ("Patients were followed up for five years.", ["60 months"]),
    ("The mean follow-up period was 27.1 ± 13.2 months.", ["27.1 months"]),
    ("They were monitored for 90 days after infusion.", ["2.96 months"]),
    ("Follow-up ranged from 6 to 48 months.", ["6-48 months"]),
    ("with a follow-up time of 52 weeks", ["11.97 months"]),
    ("During 18 months of follow-up nobody died.", ["18 months"]),
    ("Symptoms had lasted for 12 months.", []),
    ("A longer follow-up of 5 years is needed.", []),
    ("Steroids were given for 6 months.", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), FOLLOW_UP)
def test_how_long_patients_were_followed(text, expected):
    assert found(text, "followup_months") == expected


RESPONDERS = [
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
    ("Of 17 patients treated, 12 were women.", []),
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
    ("No severe adverse events were seen.", []),
    ("There was no difference in adverse events.", []),
    ("The most common adverse events were fever (3/17) and headache (2/17).", []),
    ("Adverse events will be recorded in all 20 patients.", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), ADVERSE)
def test_adverse_events(text, expected):
    assert found(text, "adverse_events") == expected


DEATHS = [
    ("No deaths occurred.", ["0"]),
    ("One patient died of pneumonia.", ["1"]),
    ("Two of 40 patients died during follow-up.", ["2/40"]),
    ("There were no adverse events or deaths.", ["0"]),
    ("Five patients (6%) died after transplantation.", ["5"]),
    ("None of the patients died.", ["0"]),
    ("There was one death in the control group.", ["1"]),
    ("All 12 patients survived.", ["0/12"]),
    ("Three deaths were recorded, none related to the cells.", ["3"]),
    ("Cell death was measured by flow cytometry.", []),
    ("Sepsis is a leading cause of death in lupus.", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), DEATHS)
def test_deaths(text, expected):
    assert found(text, "deaths") == expected


DESIGNS = [
    ("We conducted a randomised, double-blind, placebo-controlled trial.", ["rct"]),
    ("Patients were randomly assigned to cells or placebo.", ["rct"]),
    ("Patients were not randomised and there was no control group.", []),
    ("A randomised trial is needed.", []),
    ("In this open-label, single-arm phase 1 trial, we gave cells.", ["single-arm"]),
    ("This retrospective cohort study included 40 patients.", ["cohort"]),
    ("We describe a series of six patients with pemphigus.", ["case-series"]),
    ("Allogeneic cells in a patient with vitiligo: a case report", ["case-report"]),
    ("MSC were injected into NOD/SCID mice.", ["animal-model"]),
    ("We performed a systematic review and meta-analysis of randomised controlled trials.", ["review"]),
    ("This was a non-randomised controlled trial.", ["nonrandomised-controlled"]),
    ("Unlike previous randomised trials, we had no comparator.", []),
    ("Keratinocytes were studied in vitro.", ["in-vitro"]),
    ("A cross-sectional survey of 200 patients was done.", ["cross-sectional"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), DESIGNS)
def test_designs(text, expected):
    assert found(text, "design") == expected


PRODUCTS = [
    ("Umbilical cord-derived MSCs were infused intravenously.", {"tissue": ["umbilical-cord"], "product_class": ["msc"], "route": ["intravenous"]}),
    ("Patients received autologous bone marrow mesenchymal stem cells by intra-articular injection.", {"tissue": ["bone-marrow"], "donor": ["autologous"], "route": ["intra-articular"]}),
    ("Exosomes derived from adipose MSCs were applied topically.", {"product_class": ["ev"], "tissue": ["adipose"], "route": ["topical"]}),
    ("The cells were obtained from the placenta of healthy donors.", {"tissue": ["placenta"]}),
    ("Patients took oral prednisone 10 mg daily.", {"route": []}),
    ("Each patient received 1 × 10^6 cells/kg once a week for four weeks.", {"dose": ["1e6 cells/kg"], "interval_days": ["7 days"]}),
    ("Two infusions of 5 × 10^7 cells were given four weeks apart.", {"dose": ["5e7 cells"], "administrations": ["2"], "interval_days": ["28 days"]}),
    ("Patients with psoriasis were excluded.", {"disease": []}),
    ("Mesenchymal stem cells for the treatment of systemic lupus erythematosus", {"disease": ["systemic-lupus-erythematosus"], "product_class": ["msc"]}),
    ("The trial included patients with Crohn's disease.", {"disease": ["crohn-disease"]}),
    ("MSCs have been used to treat lupus in previous studies.", {"disease": [], "product_class": []}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), PRODUCTS)
def test_what_was_given_and_how(text, expected):
    assert {field: found(text, field) for field in expected} == expected


REGISTRIES = [
    ("ClinicalTrials.gov, NCT01741857.", ["NCT01741857"]),
    ("Registered as NCT 02492308 and ISRCTN 12345678.", ["ISRCTN12345678", "NCT02492308"]),
    ("ChiCTR-ONC-16008283; ChiCTR 2000012345", ["ChiCTR-ONC-16008283", "ChiCTR2000012345"]),
    ("EudraCT number 2012-001234-56.", ["EudraCT 2012-001234-56"]),
    ("CTRI/2019/01/012345 and KCT0001234 and IRCT20080901001165N25", ["CTRI/2019/01/012345", "IRCT20080901001165N25", "KCT0001234"]),
    ("ACTRN12612000123456, UMIN000012345, jRCT2031200123", ["ACTRN12612000123456", "UMIN000012345", "jRCT2031200123"]),
    ("The trial will be registered later; grant NCT12.", []),
    ("A previous trial (NCT01741857) was negative.", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), REGISTRIES)
def test_registrations(text, expected):
    assert found(text, "registry_id") == expected


def test_a_percentage_that_does_not_fit_its_count_lowers_the_confidence():
    fits = suggest("PASI-75 was achieved by 8/17 (47.1%) patients.").suggestions
    differs = suggest("PASI-75 was achieved by 8/17 (74.1%) patients.").suggestions
    confidence = {one.value: one.confidence for one in differs}
    assert confidence["8/17"] < next(one.confidence for one in fits if one.value == "8/17")


def test_facts_of_background_and_discussion_are_left_to_their_own_studies():
    text = (
        "Cells in lupus\n\nBackground: Lupus flares in 40 of 100 patients. A trial enrolled 30 patients.\n"
        "Methods: We enrolled 14 patients.\nResults: Ten of 14 patients responded.\n"
        "Discussion: Others treated 81 patients, and 5 of 81 patients died.\n"
        "References\n1. Trial of 300 patients. NCT01741857."
    )
    assert found(text, "n") == ["14 patients"]
    assert found(text, "responders") == ["10/14 response"]
    assert found(text, "deaths") == []
    assert found(text, "registry_id") == []
