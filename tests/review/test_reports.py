"""The report of a small review, its lineage, and the comparison with published claims."""

from dataclasses import replace

import pytest

from projects import LEAD, PROTOCOL, TABLES, as_person, screened, write_tables
from stromata import reporting, review
from stromata.errors import InvalidInput, NotAllowed
from stromata.model import PublishedClaim
from stromata.review.reports import _compare

FILES = {
    **TABLES,
    "arms.csv": TABLES["arms.csv"].replace("b1,b,cells,intervention,6,msc", "b1,b,vesicles,intervention,6,ev"),
    "data.csv": TABLES["data.csv"]
    .replace("address\n", "address,quote\n")
    .replace("org/a\n", "org/a,8/17 (47.1 %)\n")
    .replace("org/b\n", "org/b,\n")
    .replace("org/c\n", "org/c,\n"),
}


@pytest.fixture
def project(tmp_path):
    with screened(tmp_path) as opened:
        review.load_studies(opened, write_tables(tmp_path / "tables", FILES))
        review.run_plans(opened)
        yield opened


def test_every_number_of_the_report_leads_to_its_data_point(project):
    content = review.report_content(project)
    text = review.report_html(project)
    assert reporting.lineage_gaps(content, text) == ()
    assert "8/17 (47.1 %)" in text
    assert "https://example.org/a" in text


def test_each_result_is_told_in_words_for_a_paper(project):
    content = review.report_content(project)
    assert [each.synthesis for each in content.sensitivity] == [each.id for each in content.syntheses if each.k]
    text = review.report_html(project)
    assert text.count("In words for a paper, and in R") == len(content.sensitivity) > 0


def test_what_was_not_included_is_not_in_the_tables(project):
    content = review.report_content(project)
    assert [study.id for study in content.tables.studies] == ["a", "b"]
    assert "https://example.org/c" not in review.report_html(project)


def test_the_report_names_the_state_of_the_log(project):
    content = review.report_content(project)
    assert (content.events, content.head_hash) == (review.info(project).events, review.info(project).head)
    assert len(content.included) == 2


def claim(**fields) -> PublishedClaim:
    given = {"id": "x", "review": "10.1/r", "condition": "psoriasis", "outcome": "response", "claim": "all of six",
             "statistic": "percent", "value": 100.0, "plan": "responders"}  # fmt: skip
    return PublishedClaim(**(given | fields))


def compared(project, asked: PublishedClaim) -> reporting.ClaimComparison:
    return _compare(asked, review.syntheses(project), review.studies(project), PROTOCOL)


def test_a_claim_is_set_beside_the_pool_of_its_disease(project):
    found = compared(project, claim())
    assert found.result is not None
    assert (found.synthesis, found.result.k) == ("responders", 1)
    assert [effect.study for effect in found.result.effects] == ["a"]


def test_a_claim_that_cannot_be_recomputed_says_why(project):
    nothing = compared(project, claim(condition="lupus"))
    assert nothing.result is None
    assert "extracellular vesicles" in nothing.why_not
    unasked = compared(project, claim(plan="", why_not="No count is given."))
    assert (unasked.result, unasked.why_not) == (None, "No count is given.")
    assert "not been computed" in compared(project, claim(plan="other")).why_not


def test_only_people_of_the_review_see_its_report(project):
    with pytest.raises(NotAllowed):
        review.report_html(as_person(project, "stranger"))


def test_unknown_exports_name_the_known_ones(project):
    with pytest.raises(InvalidInput, match="references, included"):
        review.export(project, "everything")


def test_two_runs_at_one_time_give_one_report(project):
    fixed = replace(as_person(project, LEAD), clock=lambda: "2026-02-02T00:00:00Z")
    assert review.report_html(fixed) == review.report_html(fixed)
