"""What the report says of products, appraisals, extraction and overlap comes from the review's state."""

from dataclasses import replace

import pytest

from projects import ANN, BOB, LEAD, PROTOCOL, TABLES, as_person, screened, write_tables
from stromata import reporting, review
from stromata.model import (
    Answer,
    Appraisal,
    AppraisalRule,
    Appraised,
    Evidence,
    Extraction,
    FormField,
    Judgement,
    StudyExtracted,
    Suggestion,
    SuggestionRun,
    SuggestionsMade,
)

FILES = TABLES | {
    "arms.csv": "id,study,label,role,n,product_class,tissue,dose,schedule,route\n"
    "a1,a,cells,intervention,17,msc,Wharton's jelly,2e6 cells/kg,every 2 weeks x4,IV\n"
    "b1,b,cells,intervention,6,msc,fat,1-2 × 10^7,,into the skin\n"
    "c1,c,cells,intervention,6,msc,adipose,,,\n",
    "outcomes.csv": TABLES["outcomes.csv"].replace("weeks\n", "weeks,criterion\n").replace(",26\n", ",26,PASI75\n", 1),
    "inclusions.csv": "review,label,study,address\n10.5555/1,Rev 2019,a,https://example.org/r\n"
    "10.5555/1,Rev 2019,10.5555/77,https://example.org/r\n10.5555/2,Sum 2020,a,https://example.org/r\n",
}


@pytest.fixture
def project(tmp_path):
    with screened(tmp_path) as opened:
        _, problems = review.load_studies(opened, write_tables(tmp_path / "tables", FILES), strict=False)
        assert problems == () or all("outcomes.csv" in problem.text for problem in problems)
        yield opened


def log(project, *payloads, actor=LEAD):
    with project.store.transaction(project.id, actor=actor, at=project.clock()) as tx:
        for payload in payloads:
            tx.append(payload)


def test_doses_are_read_as_they_stand(project):
    doses = {item.arm: item for item in review.report_content(project).doses}
    first = doses["a/a1"]
    assert (first.administrations, first.interval_days, first.cells_per_kg) == (4, 14, 2e6)
    assert "cells/kg" in first.per_administration
    second = doses["b/b1"]
    assert second.cells_per_kg is None, "a total is never turned into a dose per kg"
    assert " to " in second.per_administration
    assert "c/c1" not in doses


def test_the_map_shows_broad_terms_and_every_disease_of_the_protocol(project):
    labels = review.report_content(project).map_labels
    assert dict(labels.diseases) == {item.id: item.label for item in PROTOCOL.conditions}
    assert dict(labels.tissues)["Wharton's jelly"].lower().startswith("umbilical cord")
    assert "IV" in dict(labels.routes)
    designs = [design for design, _ in labels.levels]
    assert designs.index("rct") == 0
    assert designs.index("preclinical") == len(designs) - 1


def test_the_map_of_the_report_holds_the_studies(project):
    cells = reporting.evidence_cells(review.report_content(project))
    assert {study for cell in cells for study in cell.studies} == {"a", "b"}


def test_mappings_are_those_of_included_studies(project):
    content = review.report_content(project)
    shown = {outcome.id for outcome in content.tables.outcomes}
    assert {item.outcome for item in content.mappings} == shown


def test_appraisals_stand_once_they_are_complete(project):
    review.set_protocol(project, replace(PROTOCOL, appraisal=(AppraisalRule("jbi-case-series", ("single-arm",)),)))
    made = Appraisal("jbi-case-series", "2020", "a", ANN, judgements=(Judgement("overall", "include"),))
    log(project, Appraised(made))
    assert review.report_content(project).appraisals == ()
    log(project, Appraised(replace(made, appraiser=BOB)))
    (section,) = review.report_content(project).appraisals
    (row,) = section.rows
    assert (section.id, row.label, row.appraisers) == ("jbi-case-series", "Ames 2019", (ANN, BOB))
    assert len(section.domains) == 10
    assert section.tool in review.report_html(project)


def test_the_table_of_overlap_keeps_studies_that_this_review_lacks(project):
    content = review.report_content(project)
    assert {item.study for item in content.tables.inclusions} == {"a", "10.5555/77"}
    assert [(item.key, item.label, item.year) for item in content.reviews] == [
        ("10.5555/1", "Rev 2019", 2019),
        ("10.5555/2", "Sum 2020", 2020),
    ]
    assert "Rev 2019" in review.report_html(project)


def test_why_studies_share_patients_is_said(project):
    review.mark_cohort(project, "oslo", ("a", "b"), reason="one ward")
    (found,) = review.report_content(project).cohorts
    assert (found.cohort, found.reason) == ("oslo", "one ward")


def test_answers_to_the_reviews_own_fields_and_the_work_of_programs_are_shown(project):
    review.set_protocol(project, replace(PROTOCOL, form=(FormField("funder", "study", "Funder"),)))
    evidence = Evidence(address="https://example.org/a", quote="paid by the state")
    run = SuggestionRun("f" * 64, "a", "0" * 64, "rules", "7", suggestions=(Suggestion("n", "1", "", 0, 1, "1", 0.5),))
    given = Extraction("a", ANN, (Answer("study", "", "funder", "public", evidence),))
    log(project, SuggestionsMade(run), StudyExtracted(given))
    content = review.report_content(project)
    assert [(item.study, item.label, item.value) for item in content.answers] == [("a", "Funder", "public")]
    assert [(item.program, item.version, item.made, item.accepted) for item in content.automation] == [
        ("rules", "7", 1, 0)
    ]
    assert "paid by the state" in review.report_html(project)


def test_what_is_sealed_does_not_reach_the_report(project):
    review.set_protocol(project, replace(PROTOCOL, extractors=2, form=(FormField("funder", "study", "Funder"),)))
    secret = Answer("study", "", "funder", "a sealed answer", Evidence(address="https://example.org/a"))
    log(project, StudyExtracted(Extraction("a", ANN, (secret,))))
    assert "a sealed answer" not in review.report_html(as_person(project, BOB))
    log(project, StudyExtracted(Extraction("a", BOB, (secret,))))
    assert "a sealed answer" in review.report_html(as_person(project, BOB))


@pytest.mark.parametrize("what", ["appraisals", "evidence-map", "overlap"])
def test_each_part_can_be_had_as_a_table(project, what):
    lines = review.export(project, what).splitlines()
    assert len(lines) >= 1
    assert "," in lines[0]
