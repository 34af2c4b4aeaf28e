"""Protocols as text from the EU Clinical Trials Register."""

from __future__ import annotations

from stromata.formats import euctr
from stromata.formats.content import Passage
from stromata.model import Problem, Record


def protocol(number: str, country: str, entered: str = "2021-01-16") -> str:
    return (
        f"Summary\nEudraCT Number: {number}\nSponsor's Protocol Code Number: P-1\n"
        f"National Competent Authority: {country}\n"
        f"Date on which this record was first entered in the EudraCT database: {entered}\n"
        f"Link: https://register.example/{number}/{country}/\n\nA. Protocol Information\n"
        "A.3 Full title of the trial: Stromal cells for knees\nA.3 Full title of the trial (es): Células estromales\n"
        "A.3.2 Name or abbreviated title of the trial where available: KNEE\n\nB. Sponsor Information\n"
        "B.1.3.4\tCountry: Spain\nD.3.7 Routes of administration for this IMP:\nIntra-articular use\n"
        "E.1.1 Medical condition(s) being investigated: Osteoarthritis\nE.2.1 Main objective of the trial: To see\n"
        "what happens\nE.5.1 Primary end point(s): Pain\n\n"
    )


TEXT = (
    "This file contains full details.\n\n"
    + protocol("2020-000001-11", "ES")
    + protocol("2020-000001-11", "SE", "2020-12-01")
    + protocol("2021-000002-22", "FR")
)


def read(text: str) -> list[Record | Problem | Passage]:
    return list(euctr.read(enumerate(text.split("\n"), start=1), source="s"))


def test_one_record_per_trial_from_all_its_countries() -> None:
    assert euctr.sniff(TEXT)
    first, second = [item for item in read(TEXT) if isinstance(item, Record)]
    assert (first.accession, first.registry_ids) == ("2020-000001-11", ("EUCTR2020-000001-11",))
    assert first.title == "Stromal cells for knees"
    assert [(one.language, one.title) for one in first.translations] == [("es", "Células estromales")]
    assert len(first.urls) == 2
    assert first.date == "2020-12-01"
    assert first.keywords == ("Osteoarthritis",)
    assert first.abstract == "Main objective of the trial: To see what happens Primary end point(s): Pain"
    countries = [value for tag, value in first.extra if tag == "National Competent Authority"]
    assert countries == ["ES", "SE"]
    assert ("D.3.7", "Routes of administration for this IMP: Intra-articular use") in first.extra
    assert ("B.1.3.4", "Country: Spain") in first.extra
    assert second.accession == "2021-000002-22"


def test_headings_before_the_first_trial_are_no_trial() -> None:
    found = read("Summary\nSummary\nwords\nSummary")
    assert [(item.line, item.end_line) for item in found if isinstance(item, Passage)] == [(1, 4)]


def test_every_line_is_in_a_record_or_a_passage() -> None:
    covered: set[int] = set()
    for item in read(TEXT):
        assert not isinstance(item, Problem)
        covered |= set(range(item.line, item.end_line + 1))
    assert all(number in covered or not line for number, line in enumerate(TEXT.split("\n"), start=1))


def test_a_number_with_nothing_under_it_is_told_and_in_the_account() -> None:
    found = read("EudraCT Number: 2020-000001-11\n" + protocol("2021-000002-22", "FR"))
    assert [item.accession for item in found if isinstance(item, Record)] == ["2021-000002-22"]
    assert [(item.line, item.end_line) for item in found if isinstance(item, Passage)] == [(1, 1)]
    assert [item.code for item in found if isinstance(item, Problem)] == ["euctr-txt-empty-entry"]
