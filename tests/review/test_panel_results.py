"""What came of closed rounds: states and numbers of statements, feedback, who may see what, the report's sections."""

import csv
import io
from dataclasses import replace

import pytest

from panels import FAY, HEAD, PEOPLE, PLAN, STATEMENTS, VOTERS, begin_panel, copied, hold_round, named, vote, write
from projects import ANN, LEAD, PROTOCOL, as_person
from stromata import review
from stromata.errors import Conflict, NotAllowed, NotFound
from stromata.model import StoppingRule
from stromata.review.panel_results import panel_sections, rules_fixed

ONE_ROUND = replace(PLAN, stopping=StoppingRule(min_rounds=1, max_rounds=2, needs_stability=False))


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    folder = tmp_path_factory.mktemp("panel")
    named(folder).close()
    return folder


@pytest.fixture
def project(template, tmp_path):
    with copied(template, tmp_path) as opened:
        yield opened


def states(project):
    return {item.kept.statement.id: item.state for item in review.statements(project)}


def standing(project, name):
    return next(item.standing for item in review.statements(project) if item.kept.statement.id == name)


def sections(project):
    with project.store.snapshot(project.id) as view:
        return panel_sections(view, view.protocol())


# Numbers


def test_a_round_in_numbers(project):
    hold_round(project, (7, 8, 8, 9), (1, 2, 3, 0), (1, 9, 1, 9))
    (section,) = review.results(project).rounds
    assert (section.result.invited, section.result.voted, section.result.response) == (4, 4, 100)
    first, second, third = section.ratings
    assert (first.statement, first.text) == ("S1", "Cells may be offered in psoriasis.")
    assert first.counts == (0, 0, 0, 0, 0, 0, 1, 2, 1)
    assert (first.appropriateness.median, first.appropriateness.appropriateness) == (8, "appropriate")
    assert (first.verdict.outcome, first.verdict.agree, first.moved) == ("in", 100, None)
    assert (second.appropriateness.n, second.verdict.outcome, second.verdict.agree) == (3, "none", 0)
    assert (third.appropriateness.appropriateness, third.appropriateness.disagreement) == ("uncertain", True)


def test_the_plans_settings_rule_the_class(tmp_path):
    plan = replace(PLAN, half_medians="higher", stopping=StoppingRule("iqr", iqr_limit=1.0))
    with named(tmp_path, plan) as project:
        hold_round(project, (6, 6, 7, 7), (7, 7, 7, 0), (7, 7, 7, 7))
        found = review.results(project).rounds[0].ratings[0]
        assert (found.appropriateness.median, found.appropriateness.appropriateness) == (6.5, "appropriate")
        assert (found.verdict.rule, found.verdict.limit) == ("iqr", 1)
        sheet = review.feedback(as_person(project, "vera"))
        assert sheet.items[0].result.appropriateness == "appropriate"


def test_how_ratings_moved(project):
    hold_round(project, (7, 8, 8, 9), (8, 8, 8, 0), (1, 9, 1, 9))
    hold_round(project, (7, 8, 8, 8), (8, 8, 8, 0), (1, 9, 1, 9))
    found = review.results(project)
    assert [item.moved for item in found.rounds[1].ratings] == [25, 0, 0]
    assert [(one.statement, one.pairs, one.changed) for one in found.stability] == [
        ("S1", 4, 25),
        ("S2", 3, 0),
        ("S3", 4, 0),
    ]
    assert review.results(as_person(project, "vera")).stability == ()  # kappa and p values tell single votes
    assert [item.moved for item in review.results(as_person(project, "vera")).rounds[1].ratings] == [25, 0, 0]
    assert [item.moved for item in found.rounds[0].ratings] == [None, None, None]


def test_ratings_of_another_wording_are_not_compared(project, tmp_path):
    hold_round(project, (8, 8, 8, 8), (8, 8, 8, 0), (9, 9, 9, 9))
    text = STATEMENTS.replace("may be offered", "can be offered")
    review.set_statements(project, write(tmp_path, "more.csv", text), reason="as the panel asked")
    shown = next(item for item in review.statements(project) if item.kept.statement.id == "S1")
    assert (shown.state, shown.votes_are_older, shown.last.text) == ("open", True, "Cells may be offered in psoriasis.")
    assert shown.standing == "Reworded after round 1; the present wording has not been voted on."
    hold_round(project, (8, 8, 8, 8), (8, 8, 8, 0), (9, 9, 9, 9))
    assert [item.moved for item in review.results(project).rounds[1].ratings] == [None, 0, 0]
    assert states(project) == {"S1": "open", "S2": "agreed", "S3": "agreed"}


def test_of_fewer_than_three_ratings_nothing_is_shown(project):
    review.open_round(project)
    vote(project, {"vera": {"S1": 2, "S3": 8}, "walt": {"S1": 3, "S3": 8}, "xena": {"S1": None, "S3": 8}})
    review.close_round(project)
    first, second, third = review.results(project).rounds[0].ratings
    rated = first.appropriateness
    assert (rated.n, rated.unable, rated.median, rated.p25, rated.appropriateness) == (None, None, None, None, None)
    assert first.verdict.n is None
    assert (first.counts, first.verdict.outcome, first.verdict.agree, first.verdict.disagree) == (
        None,
        "none",
        None,
        None,
    )
    assert "nothing is shown" in standing(project, "S1")
    assert (second.appropriateness.n, second.verdict.text) == (0, "Nobody voted on this statement.")
    assert third.counts == (0, 0, 0, 0, 0, 0, 0, 3, 0)


def test_an_open_round_counts_nowhere(project):
    review.open_round(project)
    vote(project, {person: {"S1": 9} for person in VOTERS})
    found = review.results(project)
    assert (found.rounds, found.votes, found.stopping) == ((), (), "Round 1 is open.")
    assert states(project)["S1"] == "open"
    assert standing(project, "S1") == "Not voted on in a closed round yet."
    with pytest.raises(Conflict, match="no round of the panel 'dosing' has been closed"):
        review.feedback(as_person(project, "vera"))
    (section,) = sections(project)
    assert (section.rounds, section.stopping) == ((), "Round 1 is open.")


# Where statements stand


def test_states_follow_the_stopping_rule(project):
    assert review.results(project).stopping == "No round has been held yet."
    hold_round(project, (8, 8, 8, 8), (2, 5, 8, 0), (1, 9, 1, 9))
    assert states(project) == {"S1": "open", "S2": "open", "S3": "open"}  # at least two rounds were planned
    assert review.results(project).stopping == "A further round is to be held, on S1, S2, S3."
    assert standing(project, "S1").endswith("A further round is to be held on it.")
    hold_round(project, (8, 8, 8, 8), (2, 5, 8, 0), (9, 1, 9, 9))
    assert states(project) == {"S1": "agreed", "S2": "no-consensus", "S3": "open"}
    hold_round(project, (0, 0, 0, 0), (0, 0, 0, 0), (9, 9, 9, 8))
    assert states(project)["S3"] == "not-shown-stable"
    assert "not shown to be stable" in standing(project, "S3")
    found = review.results(project)
    assert [section.round.statements for section in found.rounds[1:]] == [("S1", "S2", "S3"), ("S3",)]
    assert found.stopping == (
        "3 rounds were held, as many as were planned at most. No further round. Not settled by the rule: S3 (threshold "
        "reached, not shown to be stable)."
    )
    assert found.waiting == ()


@pytest.mark.parametrize(
    ("rule", "scores", "state"),
    [
        ("pct70-15", (1, 2, 3, 1), "rejected"),
        ("pct80-category", (5, 5, 4, 6), "uncertain"),
        ("pct75", (1, 1, 9, 9), "no-consensus"),
    ],
)
def test_each_outcome_has_its_state(tmp_path, rule, scores, state):
    plan = replace(PLAN, stopping=StoppingRule(rule, min_rounds=1, max_rounds=1, needs_stability=False))
    with named(tmp_path, plan) as project:
        hold_round(project, scores, (8, 8, 8, 0), (8, 8, 8, 8))
        assert states(project)["S1"] == state


def test_a_standing_is_a_sentence_with_both_verdicts(tmp_path):
    with named(tmp_path, ONE_ROUND) as project:
        hold_round(project, (7, 8, 8, 9), (8, 8, 8, 0), (1, 9, 1, 9))
        assert standing(project, "S1") == (
            "Round 1: 100.0 % of the ratings agree and 0.0 % disagree: consensus for the statement. RAND/UCLA: "
            "appropriate, without disagreement (median 8, interquartile range 0.5, 4 ratings)."
        )
        assert "uncertain, with disagreement" in standing(project, "S3")
        found = review.results(project)
        assert (found.stopping, found.waiting) == ("A further round is to be held, on S3.", ("S3",))


def test_what_is_simulated_says_so_first(tmp_path):
    with named(tmp_path, replace(ONE_ROUND, simulated=True)) as project:
        review.drop_statement(project, "S2", reason="no source")
        hold_round(project, (8, 8, 8, 8), (0, 0, 0, 0), (9, 9, 9, 9))
        assert all(item.standing.startswith("Simulated: ") for item in review.statements(project))
        assert all(item.standing.startswith("Simulated: ") for item in sections(project)[0].statements)


# Who sees what


def test_names_beside_votes_are_for_a_facilitator_who_does_not_vote(project):
    hold_round(project, (7, 8, 8, 9), (8, 8, 8, 0), (1, 9, 1, 9))
    assert {vote.panellist for vote in review.results(project).votes} == set(VOTERS)
    for person in ("vera", "olga", ANN):
        assert review.results(as_person(project, person)).votes == ()
    with pytest.raises(NotAllowed, match="neither on the panel"):
        review.results(as_person(project, "stranger"))
    review.grant(as_person(project, LEAD), "vera", "facilitator")
    assert review.results(as_person(project, "vera")).votes == ()


def test_whoever_has_voted_sees_no_names_even_after_a_change_of_role(project, tmp_path):
    hold_round(project, (7, 8, 8, 9), (8, 8, 8, 0), (1, 9, 1, 9))
    review.grant(as_person(project, LEAD), "vera", "facilitator")
    changed = PEOPLE.replace("vera,chair", "vera,facilitator")
    review.set_panel(project, write(tmp_path, "panel.csv", changed), reason="vera takes over")
    assert review.results(as_person(project, "vera")).votes == ()
    with pytest.raises(NotAllowed, match="takes a facilitator who does not vote"):
        review.feedback(as_person(project, "vera"), "walt")


def test_the_order_of_votes_does_not_tell_who_came_first(project):
    review.open_round(project)
    for person in reversed(VOTERS):
        vote(project, {person: {"S1": 8}})
    review.close_round(project)
    assert [one.panellist for one in review.results(project).votes] == sorted(VOTERS)


def test_who_left_is_not_told_to_the_report(project):
    hold_round(project, (7, 8, 8, 9), (8, 8, 8, 0), (1, 9, 1, 9))
    review.open_round(project)
    vote(project, {person: {"S1": 8, "S3": 8} for person in ("vera", "walt", "xena")})
    review.close_round(project)
    last = review.results(project).rounds[-1].result
    assert (last.voted, last.response, last.retained, last.left, last.lost) == (3, 75, 75, (), 1)
    assert review.results(project).rounds[0].result.lost is None


def test_feedback_is_ones_own_or_the_facilitators(project):
    review.open_round(project)
    for person, score in zip(VOTERS, (7, 8, 8, 9), strict=True):
        comment = "ask walt" if person == "vera" else ""
        review.cast(as_person(project, person), [("S1", score, comment)])
    review.close_round(project)
    sheet = review.feedback(as_person(project, "walt"))
    (item,) = sheet.items
    assert (sheet.panellist, sheet.round, item.own) == ("walt", 1, 8)
    assert item.text == "Cells may be offered in psoriasis."
    assert item.ratings.counts == (0, 0, 0, 0, 0, 0, 1, 2, 1)
    assert item.comments == ("ask [name]",)
    assert review.feedback(project, "walt") == sheet
    with pytest.raises(NotAllowed, match="may not see the sheet of 'walt'"):
        review.feedback(as_person(project, "vera"), "walt")
    with pytest.raises(NotAllowed, match="'lead' is not on the panel"):
        review.feedback(as_person(project, LEAD))
    with pytest.raises(NotFound, match="no panellist 'zoe'"):
        review.feedback(project, "zoe")


# What could be worked out


def hold(project, scores, **options):
    """Hold a round on S1 and S3 with a score each for those who answer: person to score of both."""
    review.open_round(project, **options)
    vote(project, {person: {"S1": score, "S3": 5} for person, score in scores.items()})
    review.close_round(project)


def told_movement(project, person):
    """Return all that a person can learn of how S1 moved, in one text."""
    found = review.results(as_person(project, person))
    shown = review.statements(as_person(project, person))[0]
    rated = found.rounds[-1].ratings[0]
    return rated.moved, shown.standing, found.stability


def test_how_ratings_moved_is_told_only_where_no_single_vote_follows_from_it(tmp_path):
    many = HEAD + "".join(f"p{at},,,,,\n" for at in range(8)) + "fay,facilitator,,,,\n"
    with named(tmp_path, replace(PLAN, stopping=StoppingRule(min_rounds=1, max_rounds=8))) as project:
        review.set_panel(project, write(tmp_path, "many.csv", many))
        everybody = {f"p{at}": at + 1 for at in range(8)}
        hold(project, everybody, statements=["S1", "S3"])
        for gone, told in ((1, False), (2, False), (3, True)):
            fewer = {name: score for name, score in everybody.items() if name >= f"p{gone}"}
            hold(project, fewer, statements=["S1", "S3"])
            moved, standing_now, stability = told_movement(project, "p7")
            assert (moved, stability) == (0 if told else None, ())
            assert ("0.0 % of the ratings moved" in standing_now) is told
            assert ("is not told" in standing_now) is not told
            section = sections(project)[0].rounds[-1].ratings[0]
            assert section.moved == moved
            assert len(review.results(project).stability) > 0  # who sees names may see this as well
            hold(project, everybody, statements=["S1", "S3"])  # and as many come back
            assert told_movement(project, "p7")[0] == (0 if told else None)


def test_the_state_of_a_statement_does_not_tell_what_its_movement_must_not(project):
    # Of three pairs at most 15 % may move: none. If S1 were agreed after yuri left, nobody had moved, and the ratings
    # of the two rounds would differ by yuri's vote alone.
    review.open_round(project)
    vote(project, {name: {"S1": score} for name, score in zip(VOTERS, (8, 8, 9, 2), strict=True)})
    review.close_round(project)
    review.open_round(project)
    vote(project, {name: {"S1": score} for name, score in zip(VOTERS[:3], (8, 8, 9), strict=True)})
    review.close_round(project)
    stayed = review.statements(project)[0]
    assert (stayed.state, stayed.last.verdict.outcome) == ("open", "in")
    review.open_round(project, supersede=2, reason="to see it move")
    vote(project, {name: {"S1": score} for name, score in zip(VOTERS[:3], (9, 8, 8), strict=True)})
    review.close_round(project)
    moved = review.statements(project)[0]
    assert (moved.state, moved.standing) == (stayed.state, stayed.standing)


def test_feedback_rests_on_the_groups_of_its_round_and_not_of_today(tmp_path):
    people = ("vera", "walt", "xena", "yuri", "zoe", "adam", "beth")

    def table(groups):
        rows = (f"{name},panellist,{group},none,,yes\n" for name, group in zip(people, groups, strict=True))
        return write(tmp_path, "groups.csv", HEAD + "".join(rows))

    with named(tmp_path) as project:
        review.set_panel(project, table("aaabbbb"))
        review.open_round(project)
        vote(project, {name: {"S1": at + 1} for at, name in enumerate(people)})
        review.close_round(project)
        before = review.feedback(as_person(project, "vera"))
        assert [group.counts for group in before.items[0].groups] == [(1, 1, 1, *(0,) * 6), (0, 0, 0, 1, 1, 1, 1, 0, 0)]
        review.set_panel(project, table("aaaabbb"), reason="a correction")
        assert review.feedback(as_person(project, "vera")) == before


def test_who_leaves_keeps_their_sheet_and_results_and_who_comes_gets_none_of_before(project, tmp_path):
    hold_round(project, (7, 8, 8, 9), (8, 8, 8, 0), (1, 9, 1, 9))
    sheet, sections_before = review.feedback(as_person(project, "walt")), review.results(project).rounds
    without = PEOPLE.replace("walt,panellist,dermatology,none,,yes\n", "nina,panellist,,none,,yes\n")
    without = without.replace("yuri,panellist", "yuri,observer")
    review.set_panel(project, write(tmp_path, "panel.csv", without), reason="walt left, nina came")
    assert review.feedback(as_person(project, "walt")) == sheet
    assert review.results(as_person(project, "walt")).rounds == sections_before
    assert "no longer on the panel" in review.results(as_person(project, "walt")).stopping
    with pytest.raises(Conflict, match="closed since 'nina' came to it"):
        review.feedback(as_person(project, "nina"))
    review.open_round(project)
    vote(project, {name: {"S1": 8} for name in ("vera", "xena", "nina")})
    review.close_round(project)
    assert review.feedback(as_person(project, "walt")) == sheet
    assert [one.round.number for one in review.results(as_person(project, "walt")).rounds] == [1]
    assert review.feedback(as_person(project, "nina")).round == 2
    with pytest.raises(NotAllowed, match="neither on the panel"):
        review.statements(as_person(project, "walt"))
    with pytest.raises(NotAllowed, match="neither on the panel"):
        review.results(as_person(project, "stranger"))
    people = {one.member.name: one for one in sections(project)[0].people}
    assert (people["walt"].rounds, people["walt"].since) == ((1,), "no longer on the panel")
    assert (people["yuri"].member.role, people["yuri"].rounds, people["yuri"].since) == (
        "panellist",
        (1,),
        "now observer",
    )
    assert people["nina"].rounds == (2,)


def test_the_report_shows_people_as_they_voted_and_accord_counts_them(project, tmp_path):
    hold_round(project, (7, 8, 8, 9), (8, 8, 8, 0), (1, 9, 1, 9))
    before = {line.id: line.answer for line in review.accord(project)}
    fewer = PEOPLE.replace("xena,patient,patients,none,,yes\n", "").replace("yuri,panellist", "yuri,observer")
    fewer = fewer.replace("a patent on a product", "none")
    review.set_panel(project, write(tmp_path, "panel.csv", fewer), reason="xena left")
    (section,) = sections(project)
    people = {one.member.name: one for one in section.people}
    assert (people["yuri"].member.role, people["yuri"].rounds) == ("panellist", (1,))
    assert people["yuri"].since.startswith("now observer; interests declared by now: ")
    assert people["xena"].since == "no longer on the panel"
    assert {line.id: line.answer for line in review.accord(project)} == before
    assert section.rounds[0].result.invited == 4


def test_few_voters_show_neither_comments_nor_who_was_unable(project):
    review.open_round(project)
    review.cast(as_person(project, "vera"), [("S1", 7, "mine"), ("S3", 7, "one")])
    review.cast(as_person(project, "walt"), [("S1", None, "only I could write this"), ("S3", None, "two")])
    review.cast(as_person(project, "xena"), [("S3", None, "three")])
    review.close_round(project)
    first, third = review.feedback(as_person(project, "vera")).items
    assert (first.comments, first.unable, first.ratings, first.own_comment) == ((), None, None, "mine")
    assert (third.comments, third.unable, third.ratings) == (("three", "two"), None, None)
    for ratings in review.results(project).rounds[0].ratings[::2]:
        assert (ratings.appropriateness.n, ratings.appropriateness.unable, ratings.verdict.n) == (None, None, None)
    rows = {
        row["statement"]: row for row in csv.DictReader(io.StringIO(review.export(as_person(project, LEAD), "votes")))
    }
    assert (rows["S1"]["n"], rows["S1"]["unable"], rows["S3"]["n"], rows["S3"]["unable"]) == ("", "", "", "")


def test_a_sheet_of_a_simulated_panel_says_so(tmp_path):
    with named(tmp_path, replace(ONE_ROUND, simulated=True)) as project:
        hold_round(project, (8, 8, 8, 8), (8, 8, 8, 0), (9, 9, 9, 9))
        assert review.feedback(as_person(project, "vera")).cautions[0].code == "simulated"


# What was changed, and how often a round was held


def test_a_first_writing_is_no_change_and_a_later_one_is_told_with_day_and_old_wording(project, tmp_path):
    early = STATEMENTS.replace("should be kept.,,,vera,", "must be kept.,,,vera,first thoughts")
    review.set_statements(project, write(tmp_path, "early.csv", early))
    hold_round(project, (8, 8, 8, 8), (8, 8, 8, 0), (1, 9, 1, 9))
    assert [item.changes for item in review.statements(project)] == [(), (), ()]
    r5 = {line.id: line.answer for line in review.accord(project)}["R5"]
    assert r5 == "No statement was changed or taken out after a round."
    later = early.replace("must be kept.,,,vera,first thoughts", "is to be kept.,,,vera,clearer")
    later = later.replace("responders/psoriasis,,,", "responders,,,a broader basis")
    review.set_statements(project, write(tmp_path, "later.csv", later))
    review.drop_statement(project, "S2", reason="said elsewhere")
    review.set_statements(project, write(tmp_path, "back.csv", later), reason="it is not")
    first, second, third = ([(one.what, one.reason, one.before, one.round) for one in item.changes]
                            for item in review.statements(project))  # fmt: skip
    assert first == [("rests on other evidence", "a broader basis", "", 1)]
    assert second == [("taken out", "said elsewhere", "", 1), ("brought back", "it is not", "", 1)]
    assert third == [("reworded", "clearer", "A register must be kept.", 1)]
    r5 = {line.id: line.answer for line in review.accord(project)}["R5"]
    assert "S3: reworded on 2026-01-01, after round 1, until then “A register must be kept.”: clearer." in r5
    assert sections(project)[0].statements[2].changes[0].before == "A register must be kept."


def test_a_round_that_is_held_again_and_again_is_told(project):
    hold_round(project, (8, 8, 8, 8), (8, 8, 8, 0), (9, 9, 9, 9))
    for times in (2, 3):
        review.open_round(project, supersede=1, reason=f"attempt {times}")
        vote(project, {person: {"S1": 8} for person in VOTERS})
        review.close_round(project)
        said = [caution.text for caution in review.results(project).cautions]
        assert [text.partition(".")[0] for text in said] == (["Round 1 was held 3 times"] if times == 3 else [])
    assert sections(project)[0].cautions == review.results(as_person(project, "vera")).cautions


# The report


def test_a_panel_without_people_has_no_section(project, tmp_path):
    assert [section.plan.id for section in sections(project)] == ["dosing"]
    (tmp_path / "other").mkdir()
    with begin_panel(tmp_path / "other") as empty:
        assert sections(empty) == ()


def test_the_section_of_a_panel(project):
    hold_round(project, (7, 8, 8, 9), (8, 8, 8, 0), (1, 9, 1, 9))
    review.open_round(project, supersede=1, reason="the wrong table was sent out")
    vote(project, {person: {"S1": 8} for person in VOTERS})
    review.close_round(project)
    (section,) = sections(project)
    assert [member.name for member in section.panel.members[:2]] == ["vera", "walt"]
    assert section.rule.startswith("At least 75 % of the ratings agree. 2 to 3 rounds. A statement is closed by stable")
    assert "percentiles linear, disagreement by ipras, half medians middle" in section.rule
    assert [(one.round.number, one.round.edition) for one in section.rounds] == [(1, 2)]
    assert [(one.number, one.edition) for one in section.superseded] == [(1, 1)]
    assert section.rounds[0].round.reason == "the wrong table was sent out"
    assert [item.kept.statement.id for item in section.statements] == ["S1", "S2", "S3"]
    assert section.fixed < section.rounds[0].round.opened


def test_the_rules_were_fixed_when_they_became_what_they_are(project):
    lead = as_person(project, LEAD)

    def amend(plan):
        review.set_protocol(lead, replace(PROTOCOL, consensus=(plan,)))
        return review.events(lead, last=1)[0].at

    def fixed(plan):
        with project.store.snapshot(project.id) as view:
            return rules_fixed(view, plan)

    first = fixed(PLAN)
    amend(replace(PLAN, told=(("funding", "None."),)))
    assert fixed(PLAN) == first  # words about the panel are no rules
    other = amend(ONE_ROUND)
    assert (fixed(ONE_ROUND), fixed(PLAN)) == (other, "")
    back = amend(PLAN)
    assert fixed(PLAN) == back > first


def test_accord_is_answered_from_the_log_and_the_plan(tmp_path):
    plan = replace(ONE_ROUND, told=(("funding", "None."),))
    with named(tmp_path, plan) as project:
        hold_round(project, (7, 8, 8, 9), (8, 8, 8, 0), (1, 9, 1, 9))
        review.drop_statement(project, "S3", reason="split opinions")
        lines = {line.id: line for line in review.accord(project)}
        assert len(lines) == 35
        assert lines["M9"].answer == "Delphi in two rounds."
        assert lines["M12"].answer.startswith("At least 75 % of the ratings agree. Rule pct75, 1 to 2 rounds")
        assert "Fixed on 2026-01-01." in lines["M12"].answer
        assert lines["R5"].answer == "S3: taken out on 2026-01-01, after round 1: split opinions."
        assert (lines["O3"].state, lines["O3"].answer) == ("answered", "None.")
        assert lines["M18"].state == "partly"
        assert "4 of 4 (100 %) voted" in lines["R3"].answer
        assert (lines["M1"].confirmed, lines["M2"].confirmed) == (False, True)
        assert sections(project)[0].accord == tuple(lines.values())
        with pytest.raises(NotAllowed):
            review.accord(as_person(project, "stranger"))
        assert review.accord(as_person(project, FAY), "dosing")
