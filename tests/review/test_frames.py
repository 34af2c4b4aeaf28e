"""Evidence-to-Decision frames inside a review: what is filled in, what is refused, what does not fit."""

from dataclasses import replace

import pytest
import yaml

from graded import GRADED, TABLE, appraise, begin_graded, copied, judge
from projects import ANN, LEAD, as_person
from stromata import review
from stromata.errors import InvalidInput, NotAllowed, NotFound, Unreadable
from stromata.model import ConsensusPlan, Panel, Panellist, PanelSet, Statement, StatementDropped, StatementSet

FAY = "fay"
QUESTION = "Should cells be offered?"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    base = tmp_path_factory.mktemp("framed")
    with begin_graded(base / "review") as project:
        judge(project, base, "versus", imprecision="serious")
        judge(project, base, "versus/psoriasis", imprecision="very-serious")
    return base / "review"


@pytest.fixture
def project(prepared, tmp_path):
    with copied(prepared, tmp_path / "review") as opened:
        yield opened


def template(project, name="skin", **options):
    return yaml.safe_load(review.frame_form(project, name, **({"question": QUESTION} | options)))


def by_criterion(data):
    return {item["criterion"]: item for item in data["judgements"]}


def write(tmp_path, data, **changes):
    path = tmp_path / "frame.yaml"
    path.write_text(yaml.safe_dump(data | changes), encoding="utf-8")
    return path


def answered(project, **answers):
    data = template(project)
    for name, item in by_criterion(data).items():
        item["answer"] = answers.get(name.replace("-", "_"), item["answer"])
    return data


def kept(project):
    return sum(entry.kind == "frame-set" for entry in review.events(project))


RECOMMENDED = {"strength": "strong", "direction": "for", "action": "offer cells"}


def codes(project):
    (section,) = review.frames(project)
    return {item.code for item in section.cautions}


def test_the_template_knows_the_critical_outcomes_their_effects_and_the_lowest_certainty(project):
    data = template(project)
    assert (data["id"], data["question"], data["outcomes"]) == ("skin", QUESTION, ["versus", "versus/psoriasis"])
    found = by_criterion(data)
    assert len(found) == 12
    assert found["certainty"]["answer"] == "low"
    assert found["certainty"]["evidence"] == "Response: moderate certainty. Response in psoriasis: low certainty."
    assert "Response in psoriasis: 400 more per 1000" in found["desirable"]["evidence"]
    assert "1 study, 40 people; low certainty" in found["desirable"]["evidence"]
    assert found["desirable"]["answer"] == found["undesirable"]["evidence"] == found["problem"]["evidence"] == ""


def test_outcomes_can_be_named_and_harms_stand_under_undesirable_effects(project):
    found = by_criterion(template(project, outcomes=("deaths", "versus")))
    assert found["certainty"]["answer"] == ""
    assert "Deaths: not judged yet" in found["certainty"]["evidence"]
    assert found["undesirable"]["evidence"] == "Deaths: Its certainty has not been judged yet."
    with pytest.raises(NotFound, match="no synthesis 'nothing'"):
        template(project, outcomes=("nothing",))


def test_of_several_tables_nobody_can_tell_which_is_meant(project):
    review.set_protocol(project, replace(GRADED, findings=(TABLE, replace(TABLE, id="other"))))
    assert template(project)["outcomes"] == []


def test_a_new_frame_needs_an_id_and_a_question(project):
    with pytest.raises(InvalidInput, match="question"):
        review.frame_form(project, "skin")
    with pytest.raises(InvalidInput, match="id"):
        review.frame_form(project, " ", question=QUESTION)


def test_a_frame_is_kept_with_the_person_and_an_unchanged_one_writes_nothing(project, tmp_path):
    path = write(tmp_path, answered(project, problem="yes"))
    frame, problems = review.load_frame(project, path)
    assert problems == ()
    assert [(item.criterion, item.answer, item.person) for item in frame.judgements] == [
        ("problem", "yes", LEAD), ("certainty", "low", LEAD)
    ]  # fmt: skip
    review.load_frame(project, path)
    assert kept(project) == 1
    assert project.store.verify().ok


def test_a_changed_frame_needs_a_reason_and_keeps_the_names_of_what_is_unchanged(project, tmp_path):
    review.load_frame(project, write(tmp_path, answered(project, problem="yes")))
    review.grant(project, FAY, "facilitator")
    path = write(tmp_path, answered(project, problem="yes", equity="reduced"))
    with pytest.raises(InvalidInput, match="needs a reason"):
        review.load_frame(as_person(project, FAY), path)
    frame, _ = review.load_frame(as_person(project, FAY), path, reason="the panel met again")
    assert [(item.criterion, item.person) for item in frame.judgements] == [
        ("problem", LEAD), ("certainty", LEAD), ("equity", FAY)
    ]  # fmt: skip


def test_a_frame_that_is_there_comes_back_as_it_was(project, tmp_path):
    data = answered(project, problem="yes") | {"recommendation": RECOMMENDED, "research": "A trial."}
    review.load_frame(project, write(tmp_path, data))
    again = tmp_path / "again.yaml"
    again.write_text(review.frame_form(project, "skin"), encoding="utf-8")
    review.load_frame(project, again)
    assert kept(project) == 1


def test_reviewers_do_not_fill_in_frames(project, tmp_path):
    with pytest.raises(NotAllowed, match="fill in frames"):
        review.load_frame(as_person(project, ANN), write(tmp_path, answered(project)))


def test_a_frame_with_a_fault_is_not_kept(project, tmp_path):
    data = answered(project, problem="perhaps") | {"outcomes": ["versus", "deaths"]}
    frame, problems = review.load_frame(project, write(tmp_path, data))
    assert frame is None
    assert sorted(item.code for item in problems) == ["answer-unknown", "outcome-not-judged"]
    assert all(item.line and item.hint for item in problems)
    assert kept(project) == 0
    with pytest.raises(NotFound):
        review.load_frame(project, tmp_path / "none.yaml")
    with pytest.raises(Unreadable):
        review.load_frame(project, tmp_path)


def add_statement(project):
    with project.store.transaction(project.id, actor=LEAD, at=project.clock()) as tx:
        tx.append(PanelSet(panel=Panel("skin", members=(Panellist("vera"),))))
        tx.append(StatementSet(panel="skin", statement=Statement("S1", "Cells may be offered.", ("versus",))))


def test_the_statement_of_a_recommendation_must_be_there(project, tmp_path):
    path = write(tmp_path, answered(project), recommendation=RECOMMENDED | {"statement": "S1"})
    _, (problem,) = review.load_frame(project, path)
    assert problem.code == "statement-unknown"
    add_statement(project)
    assert review.load_frame(project, path)[1] == ()
    assert "statement-dropped" not in codes(project)
    with project.store.transaction(project.id, actor=LEAD, at=project.clock()) as tx:
        tx.append(StatementDropped(statement="S1", reason="said twice"))
    assert "statement-dropped" in codes(project)
    assert review.load_frame(project, path)[1][0].code == "statement-unknown"


def test_a_frame_is_shown_with_wording_implications_and_what_does_not_fit(project, tmp_path):
    data = answered(project, certainty="moderate", balance="comparison")
    review.load_frame(project, write(tmp_path, data, recommendation=RECOMMENDED))
    (section,) = review.frames(project)
    assert section.wording == "We recommend to offer cells."
    assert [audience for audience, _ in section.implications] == ["patients", "clinicians", "policy"]
    assert all("(to take the option)" in text for _, text in section.implications)
    assert codes(project) >= {"certainty-differs", "balance-opposes", "strong-on-weak-evidence", "etd-incomplete"}
    criteria = {item.id: item for item in section.criteria}
    assert criteria["balance"].judgement.answer == "comparison"
    assert (criteria["equity"].judgement, criteria["equity"].sourced) == (None, True)
    assert not criteria["resources-certainty"].sourced
    assert ("yes", "Yes") in criteria["problem"].answers


def test_what_a_recommendation_against_means_is_to_do_without(project, tmp_path):
    made = RECOMMENDED | {"direction": "against"}
    review.load_frame(project, write(tmp_path, answered(project), recommendation=made))
    (section,) = review.frames(project)
    assert section.wording == "We recommend to not offer cells."
    assert all("(to do without the option)" in text for _, text in section.implications)


def test_a_frame_without_a_recommendation_has_no_wording(project, tmp_path):
    review.load_frame(project, write(tmp_path, answered(project)))
    (section,) = review.frames(project)
    assert (section.wording, section.implications) == ("", ())


def test_evidence_that_changed_after_it_was_judged_is_told(project, tmp_path):
    review.load_frame(project, write(tmp_path, answered(project)))
    assert "evidence-changed" not in codes(project)
    appraise(project, "a", "high", result="a/ar")
    assert "evidence-changed" in codes(project)


def test_without_frames_there_is_nothing_to_show(project):
    assert review.frames(project) == ()


def test_frames_go_by_names_that_can_be_typed_and_told_apart(project, tmp_path):
    review.load_frame(project, write(tmp_path, answered(project)))
    for wrong in ("../../x", "", "a b", "\x1b[31m"):
        with pytest.raises(InvalidInput, match="the id of a frame is"):
            review.frame_form(project, wrong, question=QUESTION)
    with pytest.raises(InvalidInput, match="capital letters alone"):
        review.frame_form(project, "Skin", question=QUESTION)
    frame, problems = review.load_frame(project, write(tmp_path, answered(project), id="SKIN"))
    assert (frame, [one.code for one in problems], kept(project)) == (None, ["id-alike"], 1)


@pytest.mark.parametrize("simulated", [True, False])
def test_a_frame_says_that_the_panel_behind_it_is_simulated(project, tmp_path, simulated):
    plan = ConsensusPlan("p", "The panel", simulated=simulated)
    review.set_protocol(project, replace(GRADED, consensus=(plan,)))
    with project.store.transaction(project.id, actor=LEAD, at=project.clock()) as tx:
        tx.append(PanelSet(panel=Panel("p", "The panel")))
        tx.append(StatementSet(panel="p", statement=Statement("S1", "Offer cells.")))
    review.load_frame(project, write(tmp_path, answered(project), recommendation=RECOMMENDED | {"statement": "S1"}))
    texts = [one.text for one in review.frames(project)[0].cautions if one.code == "panel-simulated"]
    assert len(texts) == simulated
    assert all("The statement S1 is of a simulated panel (The panel)" in text for text in texts)
    # without a statement the votes can be of the only panel alone
    data = answered(project, problem="yes") | {"recommendation": {}}
    review.load_frame(project, write(tmp_path, data), reason="no recommendation yet")
    assert "panel-simulated" not in codes(project)
    by_criterion(data)["problem"]["votes"] = {"yes": 4}
    review.load_frame(project, write(tmp_path, data), reason="votes")
    assert ("panel-simulated" in codes(project)) is simulated
