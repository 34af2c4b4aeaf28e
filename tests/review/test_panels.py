"""People and statements of a panel: named, written down with their evidence, changed with a reason, flagged."""

from dataclasses import replace

import pytest

from panels import FAY, HEAD, PEOPLE, PLAN, STATEMENTS, begin_panel, copied, hold_round, named, vote, write
from projects import ANN, LEAD, PROTOCOL, TABLES, as_person, write_tables
from stromata import review
from stromata.errors import Conflict, InvalidInput, NotAllowed, NotFound
from stromata.model import (
    CertaintyJudged,
    CertaintyJudgement,
    ConsensusPlan,
    Criterion,
    Standard,
    StandardAdopted,
)


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    folder = tmp_path_factory.mktemp("panel")
    named(folder).close()
    return folder


@pytest.fixture
def project(template, tmp_path):
    with copied(template, tmp_path) as opened:
        yield opened


@pytest.fixture
def table(tmp_path):
    return lambda text: write(tmp_path, "table.csv", text)


def kept(project, name):
    return next(item for item in review.statements(project) if item.kept.statement.id == name)


def events(project):
    return review.info(project).events


def more_studies(project, folder):
    """Change a synthesis: one more responder in the study on psoriasis."""
    tables = TABLES | {"data.csv": TABLES["data.csv"].replace("ao,8,17", "ao,12,17")}
    lead = as_person(project, LEAD)
    review.load_studies(lead, write_tables(folder / "more", tables))
    review.run_plans(lead)


# People


def test_which_panel_is_meant(tmp_path):
    with begin_panel(tmp_path) as project:
        assert review.panel_plan(project) == PLAN
        with pytest.raises(NotFound, match="no panel 'safety'; there are: dosing"):
            review.panel_plan(project, "safety")
        review.set_protocol(project, replace(PROTOCOL, consensus=(PLAN, ConsensusPlan("safety"))))
        with pytest.raises(InvalidInput, match="plans 2 panels: dosing, safety"):
            review.panel_plan(project)
        assert review.panel_plan(project, "safety").id == "safety"
        review.set_protocol(project, PROTOCOL)
        with pytest.raises(NotFound, match="plans no panel"):
            review.panel_plan(project)


def test_people_are_named_once_and_only_by_who_runs_the_panel(tmp_path, table):
    with begin_panel(tmp_path) as project:
        with pytest.raises(NotAllowed, match="may not run the panel"):
            review.set_panel(as_person(project, ANN), table(PEOPLE))
        panel, problems = review.set_panel(project, table(PEOPLE))
        assert ([member.name for member in panel.members[:2]], problems) == (["vera", "walt"], ())
        assert (panel.id, panel.title) == ("dosing", "Dosing of cells")
        before = events(project)
        review.set_panel(project, table(PEOPLE))
        assert events(project) == before


def test_a_table_of_people_with_a_fault_keeps_nothing(tmp_path, table):
    with begin_panel(tmp_path) as project:
        _panel, problems = review.set_panel(project, table(HEAD + "vera,queen,,,,\nwalt,panellist,,,,\n"))
        assert [(problem.line, problem.code) for problem in problems] == [(2, "role-unknown")]
        with pytest.raises(NotFound, match="has no people yet"):
            review.statements(project, "dosing")


def test_a_slip_in_an_exclusion_is_found(project, table):
    _panel, problems = review.set_panel(project, table(PEOPLE.replace("product,S2", "product,S02")))
    assert [(problem.line, problem.code) for problem in problems] == [(5, "exclusion-unknown")]
    assert "yuri is kept from voting on 'S02'" in problems[0].text


def test_after_a_round_was_opened_the_panel_changes_with_a_reason(project, table):
    fewer = PEOPLE.replace("olga,observer,,,,no\n", "")
    review.open_round(project)
    with pytest.raises(InvalidInput, match="needs a reason"):
        review.set_panel(project, table(fewer))
    review.set_panel(project, table(fewer), reason="olga left")
    last = review.events(as_person(project, LEAD), last=1)[0]
    assert (last.kind, last.payload["reason"]) == ("panel-set", "olga left")


def test_nobody_vanishes_from_an_open_round_and_no_vote_loses_its_right(project, table):
    review.open_round(project)
    with pytest.raises(Conflict, match="'walt' is asked in round 1"):
        review.set_panel(project, table(PEOPLE.replace("walt,", "bert,")), reason="a marriage")
    vote(project, {"vera": {"S1": 7}})
    barred = PEOPLE.replace("vera,chair,dermatology,none,", "vera,chair,dermatology,shares,S1")
    other = PEOPLE.replace("vera,chair,dermatology,none,", "vera,chair,dermatology,shares,S3")
    said = []
    for text in (barred, other):  # the answer must not tell on which of them vera has voted
        with pytest.raises(Conflict, match="'vera' votes in round 1, which is open") as refused:
            review.set_panel(project, table(text), reason="a late declaration")
        said.append((refused.value.message, refused.value.hint))
    assert said[0] == said[1]
    assert "S1" not in "".join(said[0])
    silent = PEOPLE.replace("walt,panellist,dermatology,none,", "walt,panellist,dermatology,shares,S3")
    review.set_panel(project, table(silent), reason="a late declaration")
    with pytest.raises(NotAllowed, match="declared interest"):
        vote(project, {"walt": {"S3": 7}})


def test_who_could_see_names_cannot_become_a_voter_and_a_voter_can(project, table):
    hold_round(project, (8, 8, 8, 8), (8, 8, 8, 0), (8, 8, 8, 8))
    voting = PEOPLE.replace("fay,facilitator", "fay,chair")
    _, problems = review.set_panel(project, table(voting), reason="fay takes part")
    assert [(problem.line, problem.code) for problem in problems] == [(6, "voter-informed")]
    lead = as_person(project, LEAD)
    review.revoke(lead, FAY, "facilitator")  # what was seen was seen
    _, problems = review.set_panel(lead, table(voting), reason="fay takes part")
    assert [problem.code for problem in problems] == ["voter-informed"]
    review.grant(lead, "olga", "facilitator")
    _, problems = review.set_panel(lead, table(PEOPLE.replace("olga,observer", "olga,patient")), reason="more patients")
    assert [problem.code for problem in problems] == ["voter-informed"]
    review.grant(lead, "walt", "facilitator")  # a voter sees no names and may go on
    _, problems = review.set_panel(lead, table(PEOPLE.replace("olga,observer,,,,no\n", "")), reason="olga left")
    assert problems == ()


def test_a_facilitator_may_become_a_voter_before_anything_was_to_be_seen(project, table):
    review.open_round(project, statements=["S1"])
    review.cast(as_person(project, "vera"), {"S1": 2})
    review.open_round(project, statements=["S1"], supersede=1, reason="a slip")  # sealed while open: seen by nobody
    _, problems = review.set_panel(project, table(PEOPLE.replace("fay,facilitator", "fay,chair")), reason="fay votes")
    assert problems == ()


def test_a_name_like_another_in_capitals_is_named_with_its_line(project, table):
    _, problems = review.set_panel(project, table(PEOPLE.replace("olga,", "Ann,")))
    assert [(problem.line, problem.code) for problem in problems] == [(7, "name-alike")]


def test_a_member_of_one_panel_means_that_one(tmp_path, table):
    with begin_panel(tmp_path) as project:
        review.set_protocol(project, replace(PROTOCOL, consensus=(PLAN, ConsensusPlan("safety"))))
        with pytest.raises(InvalidInput) as refused:
            review.panel_plan(project)
        assert refused.value.hint == "Say which one: --panel ID."
        review.set_panel(project, table(PEOPLE), panel="dosing")
        review.set_panel(project, table(HEAD + "beth,,,,,\nvera,,,,,\n"), panel="safety")
        review.set_statements(project, table("id,text\nT1,Other.\n"), panel="safety")
        assert review.panel_plan(as_person(project, "beth")).id == "safety"
        assert review.panel_plan(as_person(project, "walt")).id == "dosing"
        assert [item.kept.statement.id for item in review.statements(as_person(project, "beth"))] == ["T1"]
        with pytest.raises(InvalidInput, match="plans 2 panels"):
            review.panel_plan(as_person(project, "vera"))


# Statements


def test_statements_are_kept_with_the_evidence_as_it_is(project):
    first, second, third = review.statements(project)
    (basis,) = first.kept.basis
    assert (basis.id, basis.kind, basis.k, basis.certainty) == ("responders/psoriasis", "synthesis", 1, None)
    assert basis.natural.estimate == pytest.approx(8 / 17)
    assert [item.id for item in second.kept.basis] == ["responders", "cell-therapy/SA-01"]
    assert third.kept.basis == ()
    assert {item.state for item in (first, second, third)} == {"open"}


def test_certainty_is_part_of_the_evidence(project, tmp_path, table):
    def judge(level):
        with project.store.transaction(project.id, actor=LEAD, at=project.clock()) as tx:
            judged = CertaintyJudgement("responders/psoriasis", "low", "no control group", (), level)
            tx.append(CertaintyJudged(judgement=judged))

    judge("low")
    assert kept(project, "S1").flags == ()
    review.set_statements(project, table(STATEMENTS.replace("may be offered", "may be given")))
    assert kept(project, "S1").kept.basis[0].certainty == "low"
    judge("very-low")
    assert kept(project, "S1").flags == ("responders/psoriasis: certainty low → very low.",)


def test_rows_that_change_nothing_write_nothing(project, table):
    before = events(project)
    changes, problems = review.set_statements(project, table(STATEMENTS))
    assert (changes, problems) == (review.StatementChanges(unchanged=("S1", "S2", "S3")), ())
    assert events(project) == before
    text = STATEMENTS.replace("should be kept", "must be kept") + "S4,New.,,,,\n"
    changes, _ = review.set_statements(project, table(text))
    assert changes == review.StatementChanges(("S4",), ("S3",), ("S1", "S2"))
    assert events(project) == before + 2


@pytest.mark.parametrize(
    ("row", "code", "said"),
    [
        ("S9,A text.,cures,,,", "syntheses-unknown", "no synthesis 'cures'"),
        ("S9,A text.,responders/gout,,,", "syntheses-unknown", "no subgroup 'gout'"),
        ("S9,A text.,,cell-therapy/none,,", "criteria-unknown", "no criterion 'none'"),
        ("S9,A text.,,nothing/none,,", "criteria-unknown", "no standard 'nothing'"),
        ("S9,,,,,", "text-missing", "no text"),
        (",A text.,,,,", "id-missing", "no id"),
        ("S;9,A text.,,,,", "id-invalid", "'S;9'"),
        ("s1,A text.,,,,", "statement-alike", "capital letters"),
    ],
)
def test_a_bad_row_is_named_and_nothing_is_kept(project, table, row, code, said):
    before = events(project)
    changes, problems = review.set_statements(project, table("id,text,syntheses,criteria,proposed_by,reason\n" + row))
    assert [(problem.line, problem.code) for problem in problems] == [(2, code)]
    assert said in problems[0].text
    assert (changes, events(project)) == (review.StatementChanges(), before)


def test_a_criterion_of_the_teams_own_standard_is_found_and_its_change_flags(project, table):
    def adopt(limit):
        criterion = Criterion("V1", "release", "batch", "viability_release_pct", ">=", "must", "ours", value=limit)
        with project.store.transaction(project.id, actor=LEAD, at=project.clock()) as tx:
            tx.append(StandardAdopted(standard=Standard("ours", "1", "Ours", ("batch",), (criterion,))))

    adopt(80.0)
    _, problems = review.set_statements(project, table("id,text,criteria\nS9,Viability.,ours/V1\n"))
    assert problems == ()
    adopt(75.0)
    (flag,) = kept(project, "S9").flags
    assert "viability_release_pct >= 80" in flag
    assert "viability_release_pct >= 75" in flag


def test_what_was_voted_on_changes_with_a_reason_of_its_own_or_of_all(project, table):
    hold_round(project, (8, 8, 8, 8), (8, 8, 8, 8), (8, 8, 8, 8))
    text = STATEMENTS.replace("should be kept", "must be kept")
    _, problems = review.set_statements(project, table(text))
    assert [(problem.line, problem.code) for problem in problems] == [(4, "reason-missing")]
    _, problems = review.set_statements(project, table(text), reason="clearer")
    assert problems == ()
    assert kept(project, "S3").kept.reason == "clearer"
    again = text.replace("must be kept.,,,vera,", "must be kept now.,,,vera,still clearer")
    _, problems = review.set_statements(project, table(again))
    assert problems == ()
    assert kept(project, "S3").kept.reason == "still clearer"


def test_a_statement_in_an_open_round_cannot_change(project, table):
    review.open_round(project, statements=["S1"])
    _, problems = review.set_statements(
        project, table(STATEMENTS.replace("may be offered", "must be offered")), reason="bolder"
    )
    assert [(problem.line, problem.code) for problem in problems] == [(2, "statement-in-open-round")]
    with pytest.raises(Conflict, match="being voted on in round 1"):
        review.drop_statement(project, "S1", reason="bolder")
    _, problems = review.set_statements(project, table(STATEMENTS.replace("should be kept", "must be kept")))
    assert problems == ()


def test_a_statement_is_taken_out_with_a_reason_and_brought_back_with_one(project, table):
    with pytest.raises(InvalidInput, match="needs a reason"):
        review.drop_statement(project, "S3", reason=" ")
    with pytest.raises(NotAllowed):
        review.drop_statement(as_person(project, "vera"), "S3", reason="no")
    with pytest.raises(NotFound, match="there are: S1, S2, S3"):
        review.drop_statement(project, "S8", reason="no")
    assert review.drop_statement(project, "S3", reason="said elsewhere").dropped == "said elsewhere"
    shown = kept(project, "S3")
    assert (shown.state, shown.standing) == ("dropped", "Taken out: said elsewhere.")
    with pytest.raises(Conflict, match="was taken out: said elsewhere"):
        review.drop_statement(project, "S3", reason="again")
    _, problems = review.set_statements(project, table(STATEMENTS))
    assert [problem.code for problem in problems] == ["reason-missing"]
    changes, _ = review.set_statements(project, table(STATEMENTS), reason="it is not")
    assert (changes.changed, kept(project, "S3").state) == (("S3",), "open")


def test_new_evidence_flags_what_rests_on_it_until_somebody_looks_again(project, tmp_path):
    with pytest.raises(InvalidInput, match="nothing has changed under"):
        review.review_statement(project, "S1", reason="to be sure")
    more_studies(project, tmp_path)
    first, second, third = review.statements(project)
    assert len(first.flags) == len(second.flags) == 1
    assert first.flags[0].startswith("responders/psoriasis: estimate 0.471")
    assert third.flags == ()
    with pytest.raises(InvalidInput, match="needs a reason"):
        review.review_statement(project, "S1", reason="")
    with pytest.raises(NotAllowed):
        review.review_statement(as_person(project, "vera"), "S1", reason="it stands")
    looked = review.review_statement(project, "S1", reason="the effect is larger, so it stands")
    assert (kept(project, "S1").kept, kept(project, "S1").flags) == (looked, ())
    assert looked.reviewed == "the effect is larger, so it stands"
    assert kept(project, "S2").flags
    review.drop_statement(project, "S2", reason="overtaken")
    assert kept(project, "S2").flags == ()
    assert project.store.verify().ok


def test_what_is_not_there_any_more_flags_and_cannot_be_looked_at(project, tmp_path):
    lead = as_person(project, LEAD)
    gone = {name: text.replace("psoriasis", "lupus") for name, text in TABLES.items()}
    review.load_studies(lead, write_tables(tmp_path / "gone", gone))
    review.run_plans(lead)
    assert kept(project, "S1").flags == ("responders/psoriasis is not there any more.",)
    with pytest.raises(NotFound, match="no subgroup 'psoriasis'"):
        review.review_statement(project, "S1", reason="it stands")
    with pytest.raises(NotFound, match="no subgroup 'psoriasis'"):
        review.open_round(project)


def test_ids_are_the_reviews_own_and_not_the_panels(tmp_path, table):
    with begin_panel(tmp_path) as project:
        review.set_protocol(project, replace(PROTOCOL, consensus=(PLAN, ConsensusPlan("safety"))))
        for panel in ("dosing", "safety"):
            review.set_panel(project, table(PEOPLE), panel=panel)
        review.set_statements(project, table(STATEMENTS), panel="dosing")
        _, problems = review.set_statements(project, table("id,text\nS1,Other.\n"), panel="safety")
        assert [problem.code for problem in problems] == ["statement-elsewhere"]
        review.set_statements(project, table("id,text\nT1,Other.\n"), panel="safety")
        assert [item.kept.statement.id for item in review.statements(project)] == ["S1", "S2", "S3", "T1"]
        assert [item.kept.statement.id for item in review.statements(project, "safety")] == ["T1"]


def test_statements_are_for_the_team_and_the_panel(project):
    assert len(review.statements(as_person(project, "olga"))) == 3
    assert len(review.statements(as_person(project, ANN))) == 3
    with pytest.raises(NotAllowed, match="neither on the panel"):
        review.statements(as_person(project, "stranger"))
    assert review.statements(as_person(project, FAY), "dosing")
