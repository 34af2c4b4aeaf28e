"""Practice standards in a review: adopted, flagged, and studies and records held against them."""

import json
from dataclasses import replace

import pytest

from projects import ANN, LEAD, PROTOCOL, as_person, begin, screened
from stromata import review
from stromata.errors import Conflict, InvalidInput, NotAllowed, NotFound, StoreError, Unreadable
from stromata.model import (
    Answer,
    Arm,
    CellProduct,
    ConsensusPlan,
    Evidence,
    Extraction,
    FormField,
    KeptStatement,
    Outcome,
    Panel,
    PanelSet,
    Statement,
    StatementDropped,
    StatementSet,
    StudiesLoaded,
    Study,
    StudyExtracted,
    StudyLink,
    StudyTables,
)
from stromata.reporting import StatementView
from stromata.review.practice import find_standard, simulated_panels, study_checks, team_standards
from stromata.standards import NOT_LOOKED_FOR

OWN = """# Limits of our unit.
id: our-unit
version: "1.9"
title: Our unit
extends: cell-therapy
changes:
  - {override: SA-01, value: 80, severity: must, reason: A reserve., statement: S1}
  - {drop: SF-16, reason: Local law., statement: S2}
  - {add: OU-01, stage: infusion-management, subject: infusion, field: observation_nurse, operator: present,
     severity: should, reason: Somebody stays.}
"""


@pytest.fixture
def project(tmp_path):
    with begin(tmp_path / "review") as opened:
        write(opened, PanelSet(Panel("p")))
        for name in ("S1", "S2", "S3"):
            write(opened, StatementSet("p", Statement(name, f"Text of {name}.")))
        write(opened, StatementDropped("S3", "Out of scope."))
        yield opened


def write(project, *payloads):
    with project.store.transaction(project.id, actor=LEAD, at=project.clock()) as tx:
        for payload in payloads:
            tx.append(payload)


@pytest.fixture
def adopt(project, tmp_path):
    def adopt(text=OWN, *, person=LEAD):
        path = tmp_path / "own.yaml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return review.adopt_standard(as_person(project, person), path)

    return adopt


def last(project):
    return review.events(project, last=1)[0]


# Adoption


def test_a_standard_is_adopted_once_and_given_back_as_it_was_written(project, adopt):
    before = review.info(project).events
    found, new = adopt()
    assert (found.standard.id, found.standard.version, new) == ("our-unit", "1.9", True)
    assert (last(project).kind, last(project).payload["file"][0]) == ("standard-adopted", "own.yaml")
    assert adopt() == (found, False)
    assert adopt(OWN.replace("# Limits of our unit.", "# Said otherwise.")) == (found, False)
    assert review.info(project).events == before + 1
    assert review.adopted_standards(project) == (found,)
    assert review.export_standard(project, "our-unit") == OWN


@pytest.mark.parametrize("version", ["1.10", "2", "1.9.1", "1.9-2025"])
def test_a_higher_version_takes_the_place_of_the_one_before(project, adopt, version):
    adopt()
    changed = OWN.replace("value: 80", "value: 85").replace("1.9", version)
    assert adopt(changed)[1]
    (found,) = review.adopted_standards(project)
    assert found.standard.version == version
    assert review.export_standard(project, "our-unit") == changed


@pytest.mark.parametrize("version", ["1.9", "1.8", "1.09", "1", "0", "01.09.0", "draft"])
def test_other_content_needs_a_higher_version(project, adopt, version):
    found, _ = adopt()
    events = review.info(project).events
    with pytest.raises(Conflict, match=r"adopted as version 1\.9") as caught:
        adopt(OWN.replace("value: 80", "value: 85").replace('"1.9"', f'"{version}"'))
    assert "higher version" in caught.value.hint
    assert review.adopted_standards(project) == (found,)
    assert review.info(project).events == events


def test_a_version_of_any_length_is_compared(adopt):
    adopt(OWN.replace("1.9", "1." + "9" * 5000))
    assert adopt(OWN.replace("1.9", "2.0").replace("value: 80", "value: 85"))[1]


def test_a_change_rests_on_a_statement_that_the_review_has_and_has_not_taken_out(project, adopt):
    for statement in ("S3", "S9"):
        with pytest.raises(InvalidInput, match=f"no statement '{statement}'"):
            adopt(OWN.replace("S1", statement))
    found, _ = adopt()
    write(project, StatementDropped("S1", "Not needed."))
    assert adopt() == (found, False)  # what was adopted before stays so
    with pytest.raises(InvalidInput, match="no statement 'S1'"):
        adopt(OWN.replace("1.9", "2.0"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cell-therapy", "ships with stromata"),
        ("DOSES", "ships with stromata"),
        ("our unit", "letters, digits"),
        ("our/unit", "letters, digits"),
        ("u" * 101, "letters, digits"),
        ("-unit", "letters, digits"),
        ("unit.yaml", "letters, digits"),
    ],
)
def test_a_standard_has_an_id_of_its_own_that_can_be_typed(project, adopt, name, message):
    with pytest.raises(InvalidInput, match=message):
        adopt(OWN.replace("id: our-unit", f"id: {name}"))
    assert review.adopted_standards(project) == ()


def test_ids_do_not_differ_in_capitals_alone(adopt):
    adopt()
    with pytest.raises(InvalidInput, match="capitals"):
        adopt(OWN.replace("our-unit", "Our-Unit"))


def test_leads_and_facilitators_adopt_and_nobody_else(project, adopt):
    with pytest.raises(NotAllowed, match="adopt standards"):
        adopt(person=ANN)
    review.grant(project, ANN, "facilitator")
    assert adopt(person=ANN)[1]


def test_a_file_that_is_no_standard_keeps_nothing(project, adopt, tmp_path):
    before = review.info(project)
    with pytest.raises(Unreadable):
        adopt("id: [")
    with pytest.raises(InvalidInput, match="version"):
        adopt(OWN.replace('version: "1.9"\n', ""))
    with pytest.raises(NotFound):
        review.adopt_standard(project, tmp_path / "none.yaml")
    assert review.info(project) == before


def test_only_what_was_adopted_is_given_back(project, adopt):
    adopt()
    with pytest.raises(NotFound) as caught:
        review.export_standard(project, "doses")
    assert "standard show doses" in caught.value.hint
    with pytest.raises(NotFound):
        review.export_standard(project, "nothing")
    sha256 = review.adopted_standards(project)[0].file[1]
    path = project.store.files.path(sha256)
    path.chmod(0o644)
    path.write_text("id: other", encoding="utf-8")
    with pytest.raises(StoreError, match="altered"):
        review.export_standard(project, "our-unit")


def test_a_standard_is_found_whether_it_ships_or_was_adopted(project, adopt):
    adopt()
    with project.store.snapshot(project.id) as view:
        assert find_standard(view, "OUR-UNIT").id == "our-unit"
        assert find_standard(view, "doses").id == "doses"
        with pytest.raises(NotFound) as caught:
            find_standard(view, "nothing")
    assert "This review has adopted: our-unit." in caught.value.hint


# Flags


def view_of(name, state, **others):
    kept = KeptStatement("p", Statement(name, "Text."), dropped=others.pop("dropped", ""))
    return StatementView(kept, state, "5 of 9 rated 7 to 9.", **others)


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (view_of("S1", "agreed"), []),
        (view_of("S1", "uncertain"), ["has not agreed: 5 of 9 rated 7 to 9."]),
        (view_of("S1", "not-shown-stable"), ["reached the threshold and was not shown to be stable: 5 of 9"]),
        (view_of("S1", "open"), ["has not agreed: 5 of 9 rated 7 to 9."]),
        (view_of("S1", "dropped", dropped="Too vague."), ["was taken out: Too vague."]),
        (view_of("S1", "agreed", flags=("A study was added.",)), ["needs another look: A study was added."]),
        (view_of("S1", "rejected", flags=("x",), votes_are_older=True), ["not agreed", "earlier wording", "look: x"]),
    ],
)
def test_a_criterion_is_flagged_where_its_statement_no_longer_carries_it(project, adopt, first, expected):
    adopt()
    with project.store.snapshot(project.id) as view:
        (found,) = team_standards(view, (first, view_of("S2", "agreed")))
    assert found.file[0] == "own.yaml"
    assert [criterion for criterion, _ in found.flags] == ["SA-01"] * len(expected)
    for (_, text), words in zip(found.flags, expected, strict=True):
        assert "statement S1" in text
        assert words in text


def test_what_was_taken_out_is_flagged_as_well(project, adopt):
    adopt()
    with project.store.snapshot(project.id) as view:
        (found,) = team_standards(view, (view_of("S1", "agreed"), view_of("S2", "rejected")))
        assert [criterion for criterion, _ in found.flags] == ["SF-16"]
        (alone,) = team_standards(view, ())
    assert [criterion for criterion, _ in alone.flags] == ["SA-01", "SF-16"]
    assert "does not have" in alone.flags[0][1]


# Records


@pytest.fixture
def keep(project, tmp_path):
    def keep(stated, standard="cell-therapy", *, file="record.json", person=LEAD, **options):
        path = tmp_path / file
        path.write_text(
            stated if isinstance(stated, str) else json.dumps({"subject": "batch", **stated}), encoding="utf-8"
        )
        return review.keep_check(as_person(project, person), path, standard, **options)

    return keep


def kept(project):
    with project.store.snapshot(project.id) as view:
        return view.record_checks()


def test_a_check_is_kept_with_its_record_and_only_once(project, keep, tmp_path):
    before = review.info(project).events
    stated = {
        "id": "UC-1",
        "cd73_pct": 97,
        "gram_stain": True,
        "passage_number": 3,
        "endotoxin": "0.1 mg",
        "route": ["IV"],
    }
    found, new = keep(stated)
    assert (found.name, new) == ("UC-1", True)
    assert kept(project) == (found,)
    assert last(project).kind == "record-checked"
    with project.store.files.open(found.report.record_sha256) as stream:
        assert stream.read() == (tmp_path / "record.json").read_bytes()
    assert [one.code for one in found.report.problems if one.column == "endotoxin"] == ["other-unit"]
    assert keep(stated) == (found, False)
    assert review.info(project).events == before + 1
    assert review.verify(tmp_path / "review").ok


def test_an_amended_record_takes_the_place_of_the_first(project, keep):
    keep({"id": "UC-1", "viability_release_pct": 60})
    found, new = keep({"id": "UC-1", "viability_release_pct": 75})
    assert new
    assert kept(project) == (found,)


def test_the_same_record_against_another_standard_or_version_is_another_check(project, adopt, keep):
    adopt()
    stated = {"id": "UC-1", "viability_release_pct": 75}
    keep(stated)
    second, _ = keep(stated, "our-unit")
    assert (second.name, second.report.passed) == ("UC-1 (our-unit)", False)
    assert keep(stated, "our-unit") == (second, False)
    adopt(OWN.replace("value: 80", "value: 72").replace("1.9", "2.0"))
    third, new = keep(stated, "our-unit")
    assert (third.name, third.report.version, third.report.passed, new) == ("UC-1 (our-unit)", "2.0", True, True)
    assert [one.name for one in kept(project)] == ["UC-1", "UC-1 (our-unit)"]


def test_a_record_without_a_number_has_the_name_of_its_file_or_one_that_is_given(project, keep):
    assert keep({"cd73_pct": 97})[0].name == "record"
    assert keep({"cd73_pct": 97}, name="first")[0].name == "first"
    rows = "subject,cd73_pct\nbatch,97\nbatch,98\n"
    assert [keep(rows, file="all.csv", row=row)[0].name for row in (1, 2)] == ["all, row 1", "all, row 2"]
    with pytest.raises(InvalidInput, match="no number of its own"):
        review.keep_check(project, b'{"subject": "batch", "cd73_pct": 97}')
    assert review.keep_check(project, b'{"subject": "batch", "id": "B", "cd73_pct": 97}')[0].name == "B"
    assert len(kept(project)) == 5


def test_a_name_is_not_taken_from_another_record(project, adopt, keep):
    adopt()
    keep({"id": "UC-1", "cd73_pct": 97}, name="first")
    with pytest.raises(Conflict, match="record UC-1 against cell-therapy"):
        keep({"id": "UC-2", "cd73_pct": 97}, name="first")
    with pytest.raises(Conflict):
        keep({"id": "UC-1", "cd73_pct": 97}, "our-unit", name="first")
    assert keep({"id": "UC-1", "cd73_pct": 90}, name="first")[1]


def test_what_cannot_be_read_or_found_keeps_nothing(project, keep, tmp_path):
    before, files = review.info(project), sorted((tmp_path / "review" / "files").rglob("*"))
    for stated, standard in (("{", "cell-therapy"), ({"cd73_pct": 97}, "nothing"), ({"cd73_pct": 97}, "doses")):
        with pytest.raises((Unreadable, NotFound, InvalidInput)):
            keep(stated, standard)
    with pytest.raises(InvalidInput, match="the name of the record"):
        keep({"cd73_pct": 97}, name="n" * 300)
    with pytest.raises(NotAllowed, match="keep checks"):
        keep({"cd73_pct": 97}, person=ANN)
    assert review.info(project) == before
    assert [
        path for path in sorted((tmp_path / "review" / "files").rglob("*")) if path.is_file() and path not in files
    ] == []


def test_extractors_keep_checks_and_the_subject_can_be_said(project, keep):
    review.grant(project, ANN, "extractor")
    found, _ = keep('{"age_years": 17}', person=ANN, subject=("infusion", "patient"))
    assert found.report.subject == ("infusion", "patient")


# Studies

CELLS = CellProduct("msc", "umbilical cord", "allogeneic", dose="1e6 cells/kg", route="IV")
ARTICLE = Evidence(level="article")


def tables():
    def study(name, link, **others):
        values = {"condition": "psoriasis", "design": "single-arm", **others}
        return Study(name, name.upper(), links=(StudyLink(f"10.5555/{link}"),), **values)

    return StudyTables(
        studies=(
            study("a", 1, evidence=ARTICLE),
            study("b", 2),
            study("mice", 2, design="preclinical", population="mice"),
            study("out", 3),
        ),
        arms=(
            Arm("a/cells", "a", "Cells", product=CELLS),
            Arm("b/ev", "b", "Vesicles", product=CellProduct("ev", "adipose tissue")),
            Arm("mice/cells", "mice", "Cells", product=CELLS),
            Arm("out/cells", "out", "Cells", product=CELLS),
        ),
        outcomes=(Outcome("a/died", "a", "death"),),
    )


@pytest.fixture
def included(tmp_path):
    with screened(tmp_path / "review") as opened:
        review.set_protocol(opened, replace(PROTOCOL, standards=("doses", "misev-2018")))
        write(opened, StudiesLoaded(tables()))
        yield opened


def states(checks, study):
    (report,) = [one for one in checks.reports if one.record == study]
    return {one.criterion: one.status for one in report.results}


def test_included_studies_in_people_are_held_against_the_standards_of_the_protocol(included):
    doses, misev = review.check_studies(included)
    assert (doses.standard.id, misev.standard.id) == ("doses", "misev-2018")
    assert [one.record for one in doses.reports] == ["a", "b"]
    assert states(doses, "a") == {
        "DOSES-D": "met",
        "DOSES-O": "met",
        "DOSES-S": "not-reported",
        "DOSES-E": "not-reported",
        "DOSES-S2": "met",
    }
    assert states(doses, "b")["DOSES-D"] == "not-reported"
    assert doses.not_looked_for == ("DOSES-S", "DOSES-E")
    assert (doses.groups, dict(doses.member)["DOSES-D"]) == ((("doses", "DOSES"),), "doses")


def test_vesicle_items_apply_to_vesicles_alone(included):
    misev = review.check_studies(included)[1]
    assert set(states(misev, "a").values()) == {"not-applicable"}
    assert set(states(misev, "b").values()) == {"not-reported"}
    assert "The items apply to 1 of 2 studies." in misev.notes


def test_the_notes_say_what_a_reader_must_know(included):
    doses = review.check_studies(included, "doses")[0]
    said = " ".join(doses.notes)
    assert "1 study in animals was left out" in said
    assert "2 of 5 items were not looked for" in said
    assert "1 of 2 studies are known to have been read in their article" in said
    cells = review.check_studies(included, "cell-therapy")[0]
    assert "No source was found for ID-13" in " ".join(cells.notes)
    assert [label for _, label in cells.groups] == ["Identity", "Efficacy evaluation", "Safety follow-up"]
    assert dict(cells.member)["SF-09"] == "safety-follow-up"


def test_no_unsourced_item_fails_a_study(included):
    (cells,) = review.check_studies(included, "cell-therapy")
    unsourced = [one for report in cells.reports for one in report.results if one.criterion_status == "unsourced"]
    assert {one.status for one in unsourced} == {"not-reported"}
    assert {one.criterion for one in unsourced} <= set(cells.not_looked_for)


def test_harms_of_the_protocol_were_looked_for(included):
    (cells,) = review.check_studies(included, "cell-therapy")
    assert "SF-08" not in cells.not_looked_for  # deaths are an outcome of the protocol
    assert "SF-07" in cells.not_looked_for


def test_one_study_one_standard_and_what_is_not_there(included):
    (found,) = review.check_studies(included, "isct", study="a")
    assert [one.record for one in found.reports] == ["a"]
    (none,) = review.check_studies(included, "isct", study="mice")
    assert none.reports == ()
    with pytest.raises(NotFound, match="no study"):
        review.check_studies(included, "isct", study="z")
    with pytest.raises(InvalidInput, match="not included"):
        review.check_studies(included, "isct", study="out")
    with pytest.raises(NotFound, match="no standard"):
        review.check_studies(included, "nothing")
    review.set_protocol(included, PROTOCOL)
    with pytest.raises(NotFound, match="names no standards"):
        review.check_studies(included)


def test_a_standard_without_items_for_reports_is_refused(included, tmp_path):
    path = tmp_path / "own.yaml"
    changes = "".join(
        f"  - {{drop: {one.id}, reason: Not ours.}}\n"
        for one in review.check_studies(included, "doses")[0].standard.criteria
    )
    added = "  - {add: X-1, stage: release, subject: batch, field: cd73_pct, severity: must, reason: R.}\n"
    path.write_text(f"id: batch-only\nversion: 1\nextends: doses\nchanges:\n{changes}{added}", encoding="utf-8")
    review.adopt_standard(included, path)
    with pytest.raises(InvalidInput, match="no items about reports"):
        review.check_studies(included, "batch-only")


def test_a_standard_of_the_teams_own_serves_as_well(included, tmp_path):
    path = tmp_path / "own.yaml"
    text = "id: ours\nversion: 1\nextends: doses\nchanges:\n  - {drop: DOSES-S, reason: Not asked here.}\n"
    path.write_text(text, encoding="utf-8")
    review.adopt_standard(included, path)
    review.set_protocol(included, replace(PROTOCOL, standards=("ours",)))
    (found,) = review.check_studies(included)
    assert (found.standard.id, "DOSES-S" in states(found, "a")) == ("ours", False)


def test_answers_to_the_reviews_own_form_count_and_an_empty_one_was_looked_for(included):
    form = (
        FormField("separation_method", "study", "Separation"),
        FormField("cell_characteristics", "arm", "Characteristics"),
        FormField("thaw_to_infusion_minutes", "arm", "Thaw to infusion", "number", unit="h"),
        FormField("cryo_medium", "study", "Medium"),
    )
    review.set_protocol(included, replace(PROTOCOL, form=form, standards=("doses", "msc-handling")))
    answers = (
        Answer("study", "", "separation_method", "explant culture"),
        Answer("arm", "cells", "thaw_to_infusion_minutes", "2"),
    )
    write(included, StudyExtracted(Extraction("a", LEAD, answers)))
    doses, handling = review.check_studies(included)
    assert states(doses, "a")["DOSES-S"] == "met"
    notes = {one.criterion: one.note for one in doses.reports[0].results}
    assert "looked for" in notes["DOSES-E"]
    assert notes["DOSES-E"] != NOT_LOOKED_FOR
    values = {one.criterion: (one.status, one.value) for one in handling.reports[0].results}
    assert values["MSCH-5"] == ("met", 120)
    assert values["MSCH-3"][0] == "not-reported"
    # b was loaded from tables, and nobody was asked there
    assert {one.criterion: one.note for one in doses.reports[1].results}["DOSES-E"] == NOT_LOOKED_FOR
    assert "DOSES-E" in doses.not_looked_for
    assert any("In some studies" in note for note in doses.notes)


def test_without_standards_there_is_nothing_to_check(included):
    with included.store.snapshot(included.id) as view:
        assert study_checks(view, PROTOCOL, view.tables()) == ()


@pytest.mark.parametrize("simulated", [True, False])
def test_a_standard_and_checks_against_it_say_that_its_panel_is_simulated(project, adopt, simulated):
    review.set_protocol(project, replace(PROTOCOL, consensus=(ConsensusPlan("p", "Dry run", simulated=simulated),)))
    adopted, _ = adopt()
    told = simulated_panels(project, adopted.standard)
    assert [one.code for one in told] == ["panel-simulated"] * simulated
    assert all("our-unit rests on a simulated panel (Dry run)" in one.text for one in told)
    assert all(one.text.endswith("SA-01, SF-16.") for one in told)
    record = json.dumps({"subject": "batch", "batch": "B1", "viability_release_pct": 90}).encode()
    kept, _ = review.keep_check(project, record, "our-unit")
    assert ("panel-simulated" in {one.code for one in kept.report.problems}) is simulated
    assert simulated_panels(project, find_standard_in(project, "cell-therapy")) == ()


def find_standard_in(project, name):
    with project.store.snapshot(project.id) as view:
        return find_standard(view, name)


def test_faults_of_an_adopted_file_name_the_file_and_the_line(adopt):
    with pytest.raises(InvalidInput, match=r"own\.yaml: change 1 \(SA-01, line 7\): value: 'high' is not a number"):
        adopt(OWN.replace("value: 80", "value: high"))
    with pytest.raises(Unreadable, match=r"own\.yaml, line 2: the alias"):
        adopt("id: &a x\nversion: *a\n")
    assert adopt(OWN.encode("utf-16"))[0].standard.id == "our-unit"
