"""The form of certainty as a table: what is written, what is read back, and the table of indirect studies."""

import csv
import io

import pytest

from stromata.consensus import (
    CERTAINTY_COLUMNS,
    Proposal,
    Proposed,
    certainty_text,
    read_certainty,
    read_indirect,
)
from stromata.consensus.certainty_form import FORM_DOMAINS
from stromata.errors import Unreadable

KNOWN = {"p": "", "p/lupus": "", "empty": "No study gives numbers."}
BLOCK = Proposed(
    "p", "Response, all", "low", "Not randomised.",
    (Proposal("imprecision", "serious", (("participants", 12.0),), "Few people."),
     Proposal("publication-bias", None, (), "Too few studies.")),
)  # fmt: skip
LEVELS = {"start": "low"} | dict.fromkeys(FORM_DOMAINS[1:6], "not-serious") | {"dose-response": "raised"}


def filled(separator=",", names=("p",)):
    rows = [
        (name, "", domain, "", "", LEVELS.get(domain, ""), "why" if domain in LEVELS else "")
        for name in names
        for domain in FORM_DOMAINS
    ]
    return "\n".join(separator.join(row) for row in (CERTAINTY_COLUMNS, *rows)) + "\n"


def test_a_form_shows_proposals_and_leaves_levels_to_people():
    rows = {row["domain"]: row for row in csv.DictReader(io.StringIO(certainty_text([BLOCK])))}
    assert tuple(rows) == FORM_DOMAINS
    assert (rows["start"]["proposed"], rows["start"]["because"]) == ("low", "Not randomised.")
    assert (rows["imprecision"]["proposed"], rows["imprecision"]["because"]) == ("serious", "Few people.")
    assert (rows["publication-bias"]["proposed"], rows["publication-bias"]["because"]) == ("", "Too few studies.")
    assert rows["dose-response"]["because"].startswith("No number can tell")
    assert {row["label"] for row in rows.values()} == {"Response, all"}
    assert {row["level"] + row["reason"] for row in rows.values()} == {""}


def test_where_certainty_cannot_start_nothing_is_proposed():
    block = Proposed("p", "Mice", None, "Studies in people are rated.", ())
    first = next(csv.DictReader(io.StringIO(certainty_text([block]))))
    assert (first["proposed"], first["because"]) == ("", "Studies in people are rated.")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_filled_form_is_read_whatever_its_separator(separator):
    (rating, other), problems = read_certainty(filled(separator, ("p", "p/lupus")), syntheses=KNOWN)
    assert problems == ()
    assert (rating.synthesis, rating.start, rating.start_reason) == ("p", "low", "why")
    assert [(domain, level) for domain, level, _ in rating.domains] == [
        *((domain, "not-serious") for domain in FORM_DOMAINS[1:6]), ("dose-response", "raised")
    ]  # fmt: skip
    assert other.synthesis == "p/lupus"


def test_proposals_that_were_written_over_in_the_file_are_not_looked_at():
    text = filled().replace("p,,imprecision,,,not-serious", "p,,imprecision,very-serious,nonsense,not-serious")
    ((rating,), problems) = read_certainty(text, syntheses=KNOWN)
    assert ({domain: level for domain, level, _ in rating.domains}["imprecision"], problems) == ("not-serious", ())


def test_a_synthesis_without_a_result_cannot_be_judged():
    found, problems = read_certainty(filled(names=("empty", "p")), syntheses=KNOWN)
    assert [item.synthesis for item in found] == ["p"]
    assert [(item.line, item.code) for item in problems] == [(2, "synthesis-without-result")]
    assert "No study gives numbers." in problems[0].text


def test_all_faults_of_a_file_are_named_in_the_order_of_lines():
    lines = filled(names=("p", "p/lupus")).splitlines()
    lines[2] = "p,,risk-of-bias,,,grave,why"
    lines[14] = "p/lupus,,imprecision,,,,"
    lines.append("q,,start,,,high,why")
    found, problems = read_certainty("\n".join(lines), syntheses=KNOWN)
    assert found == ()
    assert [(item.line, item.code) for item in problems] == [
        (3, "level-unknown"), (15, "level-missing"), (20, "synthesis-unknown")
    ]  # fmt: skip
    assert "not-serious, serious, very-serious" in problems[0].hint


def test_a_file_without_the_columns_is_no_form():
    with pytest.raises(Unreadable, match="level"):
        read_certainty("synthesis,domain,reason\np,start,why\n", syntheses=KNOWN)


def test_indirect_studies_are_read_with_their_reasons():
    found, problems = read_indirect("study;reason\na;children\n;none\nb;\na;again\nc;mice\n")
    assert found == {"a": "children", "c": "mice"}
    assert [(item.line, item.code) for item in problems] == [
        (3, "study-missing"), (4, "reason-missing"), (5, "study-twice")
    ]  # fmt: skip
