"""How many took part, in how many groups, for how long: English. The sentences were written for this file."""

# ruff: noqa: E501 - a sentence and what it says stay on one line

import pytest

from stromata.extraction.suggestions.enrolment import months
from stromata.extraction.suggestions.run import suggest


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
    ("The trial was stopped after 44 of 60 patients had been enrolled.", ["44 patients"]),
    ("The trial enrolled 45 of the 60 planned patients.", ["45 patients"]),
    ("Of 90 patients screened, 62 met the criteria and were treated.", ["62 patients"]),
    ("Patients (N=31) were allocated to cells (n=16) or control (n=15).", ["31 patients"]),
    ("A total of ten patients, 8 women and 2 men, were enrolled.", ["10 patients"]),
    ("Of 80 adults invited, 33 agreed and were enrolled.", ["33 patients"]),
    ("Fifty consented, 47 were dosed and 45 came to the last visit.", ["47 patients"]),
    ("Forty-one patients finished the trial out of 46 who had been randomised.", ["46 patients"]),
    ("Seven declined; the remaining 24 took part.", ["24 patients"]),
    ("Eleven patients, six of them men, were infused.", ["11 patients"]),
    ("Participants (n = 29; 20 men) were recruited in two towns.", ["29 patients"]),
    ("The cell arm comprised 18 patients.", []),
    ("Rats were randomised (n = 7 per group) to cells or saline.", []),
    ("Relapse was noted in 14 patients (56%).", []),
    ("Flares were seen in 3 of 16 treated and in 9 of 17 untreated patients.", []),
    ("Ninety-six infusions were given to 32 patients.", ["32 patients"]),
    ("Twenty patients (11 women, nine men; mean age 32) with alopecia areata were enrolled.", ["20 patients"]),
    ("212 patients were randomly assigned: 107 to cells and 105 to placebo.", ["212 patients"]),
    ("We treated 12 patients, whereas an earlier study enrolled 30 patients.", ["12 patients"]),
    ("Although 30 patients improved in previous studies, we enrolled 12 patients.", ["12 patients"]),
    ("In this open trial from Lyon, 16 adults with vitiligo had blister grafts.", ["16 patients"]),
    # not the number of people who took part
    ("Previous studies enrolled 30 patients.", []),
    ("A trial of 200 patients is needed.", []),
    ("Thirty patients will be recruited.", []),
    ("Sixteen patients received cells and 15 received placebo.", []),
    ("Ten patients were allocated to each group.", []),
    ("There were 14 adverse events in 9 patients.", []),
    ("Two patients withdrew consent.", []),
    ("Our cohort comprised 5 children and 11 adults.", []),
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
    ("The study had three parallel arms.", ["3"]),
    ("Mice were divided into a healthy group, a vehicle group and three vesicle groups.", ["5"]),
    ("Forty rats formed healthy, vehicle, low-dose and high-dose groups.", ["4"]),
    ("Both active arms did better than the placebo arm.", []),
    ("The two active arms did better than the placebo arm.", ["3"]),
    ("Group A had cells, group B had drugs and group C had both.", ["3"]),
    ("Mice were randomised to saline, cells, vesicles or prednisolone.", ["4"]),
    ("Of 40 patients, 20 received cells and 20 received saline.", ["2"]),
    ("Sixty were randomised (31 to cells, 29 to drugs).", ["2"]),
    ("We compared 14 patients given cells with 15 given drugs.", ["2"]),
    ("The cell group gained weight and the control group did not.", []),
    ("They were assigned to the cell group or to the control group.", ["2"]),
    ("Patients were randomised into three groups.", ["3"]),
    ("Participants were randomly assigned (1:1:1) to high dose, low dose or placebo.", ["3"]),
    ("Patients were randomly assigned in a 2:1 ratio to MSC or saline.", ["2"]),
    ("This was a two-arm, open-label study.", ["2"]),
    ("Mice were randomly divided into the control group (n = 8), the model group (n = 8) and the MSC group (n = 8).", ["3"]),
    ("Forty patients were randomised to receive UC-MSC or placebo.", ["2"]),
    ("There was no difference between the two groups.", ["2"]),
    ("Two cohorts of six patients each received low or high doses.", ["2"]),
    ("A three-arm trial compared two doses with placebo.", ["3"]),
    ("They were allocated to cells, vesicles, or vehicle.", ["3"]),
    ("No serious event occurred in the two eldest patients.", []),
    ("Earlier trials compared three groups.", []),
    ("The ratio of CD4 to CD8 cells was 2:1.", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), ARMS)
def test_how_many_groups(text, expected):
    assert found(text, "arms") == expected


FOLLOW_UP = [
    ("Patients were followed for a year.", ["12 months"]),
    ("Follow-up ranged from 5 to 40 months (median 17).", ["17 months"]),
    ("Follow-up of between 6 and 18 months showed no tumour.", ["6-18 months"]),
    ("Over a median of 3 years, two patients moved away.", ["36 months"]),
    ("Relapse came after a median of 3 years.", []),
    ("Follow-up ended for all of them at month 15.", ["15 months"]),
    ("The duration of follow-up was at least 4 years.", ["48 months"]),
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
    ("Patients were followed until week 52.", ["11.97 months"]),
    ("The observation period was 48 weeks.", ["11.05 months"]),
    ("with a median follow-up of 14 (IQR 9-20) months", ["14 months"]),
    ("At the last follow-up (mean 40 months), skin was softer.", ["40 months"]),
    ("Symptoms had lasted for 12 months.", []),
    ("A longer follow-up of 5 years is needed.", []),
    ("Steroids were given for 6 months.", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), FOLLOW_UP)
def test_how_long_patients_were_followed(text, expected):
    assert found(text, "followup_months") == expected


def test_lengths_are_turned_into_months():
    assert months("24", "weeks") == "5.52"
    assert months("90", "days") == "2.96"
    assert months("two", "years") == "24"
    assert months("6", "months", upper="12") == "6-12"
    assert months("few", "months") == ""
