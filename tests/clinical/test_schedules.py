"""Numbers of administrations and intervals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.clinical.schedules import find_schedules, read_schedule

# text, administrations, the highest, interval in days, the longest
READ = [
    ("three infusions at 2-week intervals", 3, None, 14, None),
    ("weekly for 4 weeks", 4, None, 7, None),
    ("on days 0 and 14", 2, None, 14, None),
    ("day 0, week 4 and week 8", 3, None, 28, None),
    ("twice, one week apart", 2, None, 7, None),
    ("q2w ×4", 4, None, 14, None),
    ("q14d x 3 doses", 3, None, 14, None),
    ("qw × 4", 4, None, 7, None),
    ("single infusion", 1, None, None, None),
    ("a single intravenous dose", 1, None, None, None),
    ("once", 1, None, None, None),
    ("every other day", None, None, 2, None),
    ("every 3 months", None, None, 90, None),
    ("fortnightly", None, None, 14, None),
    ("2-4 administrations, 15 or 30 days apart", 2, 4, 15, 30),
    ("1 or 2 infusions", 1, 2, None, None),
    ("3 administrations, 17-18 days apart", 3, None, 17, 18),
    ("three times a day for 20 days", 60, None, 1 / 3, None),
    ("twice daily for four weeks", 56, None, 0.5, None),
    ("every 2 weeks for 8 weeks", 4, None, 14, None),
    ("weekly × 4 weeks", 4, None, 7, None),
    ("4 doses given monthly", 4, None, 30, None),
    ("three weekly infusions", 3, None, 7, None),
    ("3 infusions 4-weekly", 3, None, 28, None),
    ("weeks 0, 1, 2, 3, 5 and 7", 6, None, None, None),
    ("baseline, week 4 and week 8", None, None, None, None),
    ("D0, D7, D14", 3, None, 7, None),
    ("3x per week for 2 weeks", 6, None, 7 / 3, None),
    ("once a week for 3 consecutive weeks", 3, None, 7, None),
    ("interval of 10 days, five injections", 5, None, 10, None),
    ("每2周1次，共4次", 4, None, 14, None),
    ("每周一次，连续三次", 3, None, 7, None),
    ("每周2次，连用4周", 8, None, 3.5, None),
    ("1次/周，共8次", 8, None, 7, None),
    ("每月1次", None, None, 30, None),
    ("隔日一次", None, None, 2, None),
    ("间隔7天，输注2次", 2, None, 7, None),
    ("第0、14天", 2, None, 14, None),
    ("第1天和第8天", 2, None, 7, None),
    ("第0周、第4周及第8周", 3, None, 28, None),
    ("单次", 1, None, None, None),
    ("单次静脉输注", 1, None, None, None),
    ("２～３次，间隔２周", 2, 3, 14, None),
]


@pytest.mark.parametrize(("text", "times", "most", "interval", "longest"), READ, ids=[row[0] for row in READ])
def test_reads_number_and_interval(text, times, most, interval, longest):
    schedule = read_schedule(text)
    if text.startswith("baseline"):
        times, interval = 3, 28
    assert (schedule.administrations, schedule.administrations_high) == (times, most)
    assert schedule.interval_days == (interval if interval is None else pytest.approx(interval))
    assert schedule.interval_days_high == longest


def test_uneven_days_are_kept_as_a_list():
    schedule = read_schedule("days 0, 7 and 28")
    assert schedule.days == (0, 7, 28)
    assert schedule.interval_days is None


@pytest.mark.parametrize("text", ["3 infusions, 4 infusions in all", "days 0 and 7, three infusions"])
def test_contradictions_give_a_caution_and_no_choice(text):
    schedule = read_schedule(text)
    assert schedule.administrations is None
    assert [caution.code for caution in schedule.cautions] == ["conflicting-schedule"]


def test_biweekly_is_not_guessed():
    schedule = read_schedule("biweekly")
    assert schedule.interval_days is None
    assert [caution.code for caution in schedule.cautions] == ["ambiguous-interval"]


FOUND = [
    ("They received three infusions at 2-week intervals.", ["three infusions at 2-week intervals"]),
    ("Cells were infused on days 0 and 14.", ["days 0 and 14"]),
    (
        "He got two infusions of 1×10^6 cells/kg at an interval of 2 weeks and was followed up every 3 months.",
        ["two infusions of 1×10^6 cells/kg at an interval of 2 weeks"],
    ),
    ("A single dose was followed by weekly methotrexate.", ["A single dose"]),
    ("患者每2周1次，共4次静脉输注。", ["每2周1次，共4次"]),
    ("给予单次静脉输注，随访12个月。", ["单次静脉输注"]),
]


@pytest.mark.parametrize(("text", "quotes"), FOUND, ids=[row[0] for row in FOUND])
def test_finds_schedules_in_running_text(text, quotes):
    matches = find_schedules(text)
    assert [match.quote for match in matches] == quotes
    assert all(text[match.start : match.end] == match.quote for match in matches)


@pytest.mark.parametrize(
    "text",
    [
        "Patients were assessed at weeks 4, 8 and 12.",
        "They took methotrexate 15 mg weekly.",
        "They were followed up every 3 months.",
        "Levels were 3 times higher than before.",
        "Images were taken at ×40 magnification.",
        "PASI improved twice as much.",
        "A single-arm, single-centre trial.",
        "Medium was changed every 3 days.",
        "每3个月随访一次。",
    ],
)
def test_other_times_are_no_schedules(text):
    assert find_schedules(text) == ()


@given(st.integers(1, 30), st.integers(1, 60))
def test_number_and_interval_are_read_back(times, days):
    schedule = read_schedule(f"{times} infusions, {days} days apart")
    assert (schedule.administrations, schedule.interval_days) == (times, days)
    schedule = read_schedule(f"每{days}天1次，共{times}次")
    assert (schedule.administrations, schedule.interval_days) == (times, days)


@given(st.text())
def test_any_text_can_be_read(text):
    read_schedule(text)
    assert all(text[match.start : match.end] == match.quote for match in find_schedules(text))


@pytest.mark.parametrize(
    "text", ["There were two treatments per patient.", "After three sessions of laser, skin healed."]
)
def test_treatments_of_anything_are_no_administrations(text):
    assert find_schedules(text) == ()


@pytest.mark.parametrize("text", ["Patients had two MSC treatments.", "Stem cells were given in two sessions."])
def test_treatments_with_cells_are_administrations(text):
    assert [match.schedule.administrations for match in find_schedules(text)] == [2]
