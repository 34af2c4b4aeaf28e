import csv
import io
from dataclasses import replace
from itertools import pairwise

import lxml.html
import pytest

from reporting.builders import example
from stromata.consensus import consensus_rule, judge_round, rate
from stromata.model import (
    Caution,
    ConsensusPlan,
    EvidenceBasis,
    Interest,
    Interval,
    KeptStatement,
    Panel,
    Panellist,
    Round,
    RoundResult,
    Statement,
    Vote,
)
from stromata.reporting import (
    ChecklistLine,
    PanelSection,
    Ratings,
    RoundSection,
    StatementView,
    lineage_gaps,
    render,
    statements_csv,
    votes_csv,
)
from stromata.reporting.content import PanelPerson, StatementChange
from stromata.reporting.panels import (
    FEW,
    NOBODY,
    SIMULATED,
    planned,
    ratings_svg,
    ratings_text,
    replaced,
    share,
    statement_rows,
    tally,
)
from stromata.reporting.results import views

NAMES = ("Amara Okafor", "Bo Lindqvist", "Chiara Conti", "Dmitri Orlov", "Elif Kaya", "Farid Nazari", "Grace Whitfield")
BASIS = EvidenceBasis(
    "response/psoriasis", "synthesis", "f" * 64, k=2, measure="PLO", natural=Interval(0.61, 0.3, 0.85), certainty="low"
)


def rated(statement, scores, *, number=1, unable=0, moved=None, text="", shown=True):
    """Return the ratings of a statement, computed from scores."""
    votes = [Vote(statement, name, number, score) for name, score in zip(NAMES * 2, scores, strict=False)]
    votes = votes or [Vote(statement, NAMES[0], number, None)]
    [verdict] = judge_round(votes, consensus_rule("pct75"), round_number=number)
    return Ratings(
        statement,
        text or f"Wording of {statement}.",
        rate(scores, statement=statement, round_number=number, unable=unable),
        verdict,
        counts=tuple(scores.count(score) for score in range(1, 10)) if shown else None,
        moved=moved,
    )


FIRST = (
    rated("S1", [7, 8, 8, 9, 6, 8, 9]),
    rated("S2", [1, 2, 1, 3, 2, 1, 2]),
    rated("S3", [1, 9, 2, 8, 5, 9, 1]),
    rated("S4", [6, 7, 5], unable=4),
    rated("S5", [8, 9], shown=False),
)
SECOND = (
    rated("S1", [7, 8, 8, 9, 7, 8, 9], number=2, moved=100 / 7),
    rated("S3", [2, 9, 2, 8, 5, 8], number=2, unable=1, moved=50.0),
    rated("S5", [8, 9], number=2, moved=0.0, shown=False),
)


def held(number, ratings, *, voted=7, retained=None, left=(), **changes):
    fields = {
        "opened": f"2026-0{number}-01T09:00:00Z",
        "closed": f"2026-0{number}-15T18:00:00Z",
        "seal": f"{number}a" * 32,
    }
    asked = Round(number, invited=NAMES, statements=tuple(each.statement for each in ratings), **{**fields, **changes})
    verdicts = tuple(each.verdict for each in ratings)
    lost = None if number == 1 else 1
    result = RoundResult(number, 8, voted, 100 * voted / 8, retained, left, verdicts, lost=lost)
    return RoundSection(asked, result, ratings)


def statement(
    identifier, text, state, standing="", *, syntheses=("response",), criteria=(), basis=(), last=None, **view
):
    kept_fields = {name: view.pop(name) for name in ("reason", "reviewed", "dropped", "proposed_by") if name in view}
    proposed = kept_fields.pop("proposed_by", "")
    made = Statement(identifier, text, syntheses, criteria, proposed)
    return StatementView(KeptStatement("skin", made, basis, **kept_fields), state, standing, last, **view)


def panel(*, simulated=False):
    """Return a panel that has something of everything: flags, a changed wording, few ratings, a replaced round."""
    members = (
        Panellist(NAMES[0], "chair", "dermatology", (Interest("Advises Cellco.", ("S2",)),), declared=True),
        Panellist(NAMES[1], "panellist", "dermatology", declared=True),
        Panellist(NAMES[2], "patient", "patients", declared=True),
        *(Panellist(name, "panellist", "rheumatology", declared=True) for name in NAMES[3:6]),
        Panellist(NAMES[6], "methodologist", "methods", declared=False),
        Panellist("Hugo Stein", "panellist", "industry", (Interest("Employed by Cellco.", ("*",)),), declared=True),
        Panellist("Ines Duarte", "facilitator", declared=True),
    )
    flag = "response/psoriasis: studies 2 → 3; estimate 0.61 (0.3 to 0.85) → 0.52 (0.23 to 0.8)."
    statements = (
        statement(
            "S9",
            "Cells cure everything.",
            "dropped",
            syntheses=(),
            dropped="It could not be tested.",
            flags=("Old news.",),
        ),
        statement(
            "S1",
            "Adults with psoriasis may be offered cells within a trial.",
            "agreed",
            "100.0 % of 7 ratings agree; stable since round 1.",
            syntheses=("response/psoriasis", "sae"),
            criteria=("cell-therapy/PU-03",),
            basis=(BASIS, EvidenceBasis("cell-therapy/PU-03", "criterion", "e" * 64, text="viability >= 80 % (must)")),
            last=SECOND[0],
            flags=(flag,),
        ),
        statement(
            "S2",
            "Cells need no follow-up.",
            "rejected",
            "All 7 ratings disagree.",
            syntheses=("sae",),
            last=FIRST[1],
            reviewed="The new study has no harms to count.",
            proposed_by=NAMES[3],
        ),
        statement(
            "S3",
            "Lupus nephritis is an indication.",
            "no-consensus",
            "Split.",
            syntheses=("response/Lupus 系统性红斑狼疮",),
            last=SECOND[1],
        ),
        statement(
            "S4", "A dose of 2 × 10⁶ cells/kg is enough.", "uncertain", "Median 6.", last=FIRST[3], votes_are_older=True
        ),
        statement("S5", "Two infusions are better than one.", "agreed", "Secret standing of 100 %.", last=SECOND[2]),
        statement(
            "S6",
            "Thawed cells serve as well as fresh ones.",
            "open",
            "Not voted on yet.",
            proposed_by="the steering group",
        ),
    )
    return PanelSection(
        ConsensusPlan(
            "skin", "Cells in skin disease", "Delphi in two rounds, RAND/UCLA classification", simulated=simulated
        ),
        Panel("skin", "Skin panel", members),
        "Consensus: at least 75 % of the ratings lie in 7 to 9.",
        "2025-12-20T10:00:00Z",
        (
            held(1, FIRST, edition=2, supersedes="0f" * 32, reason="A statement had been cut off."),
            held(2, SECOND, voted=6, retained=600 / 7, left=(NAMES[5],)),
        ),
        (Round(1, "2026-01-01T08:00:00Z", "2026-01-01T20:00:00Z", NAMES, ("S1",), "0f" * 32, superseded=True),),
        statements,
        "No further round is held: the most that were planned have been.",
        (
            ChecklistLine("T1", "title", "The title says that this is a consensus.", "answered", "It does.", True),
            ChecklistLine("M1", "methods", "Where the protocol was registered.", "partly", "A log exists.", False),
            ChecklistLine("M2", "methods", "Who led.", "open", "", False),
        ),
    )


def content(**changes):
    return replace(example(), panels=(panel(**changes),))


def words(element):
    return " ".join(element.text_content().split()).replace("\u00a0", " ")


def told(element, term):
    """Return what stands beside a term."""
    return [words(each.getnext()) for each in element.iter("dt") if words(each) == term]


@pytest.fixture(scope="module")
def html():
    return render(content())


@pytest.fixture(scope="module")
def page(html):
    return lxml.html.fromstring(html)


def place(page, identifier):
    return page.get_element_by_id(f"statement-{identifier}")


def links(element):
    return {words(each): each.get("href") for each in element.iter("a")}


# Statements.


def test_statements_stand_in_order_and_those_taken_out_stand_last(page):
    section = page.get_element_by_id("statements")
    assert [each.get("id") for each in section.iter("article")] == [f"statement-S{n}" for n in (1, 2, 3, 4, 5, 6, 9)]
    assert "7 statements: 2 agreed, 1 rejected, 1 uncertain, 1 no consensus, 1 open, 1 taken out." in words(section)


def test_the_summary_at_the_top_counts_them_and_names_what_needs_another_look(page):
    text = words(page.get_element_by_id("summary"))
    assert "Cells in skin disease: 7 statements, 2 agreed" in text
    assert "1 needs another look, since the evidence has changed." in text


def test_a_statement_leads_to_the_subgroup_and_the_synthesis_it_rests_on(page):
    assert links(place(page, "S1")) == {
        "Responders, cells alone: Psoriasis": "#result-response~psoriasis",
        "Serious adverse events, cells alone": "#synthesis-sae",
    }
    text = words(place(page, "S1"))
    assert "When last looked at: 2 studies; proportion 61 [30, 85] %; low certainty" in text
    assert "Criterion cell-therapy/PU-03 When last looked at: viability >= 80 % (must)" in text


def test_a_subgroup_is_found_by_the_label_of_its_condition(page):
    assert links(place(page, "S3")) == {"Responders, cells alone: Lupus 系统性红斑狼疮": "#result-response~lupus"}


def test_the_flag_says_what_has_changed_and_a_second_look_says_why_it_stands(page):
    [flag] = place(page, "S1").xpath(".//*[@class='look']")
    assert words(flag).startswith("Needs another look.")
    assert [words(each) for each in flag.iter("li")] == list(panel().statements[1].flags)
    assert "Looked at again: The new study has no harms to count." in words(place(page, "S2"))
    assert not place(page, "S9").xpath(".//*[@class='look']")
    assert "1 statement needs another look, since what it rests on has changed: S1." in words(
        page.get_element_by_id("statements")
    )


def test_votes_on_another_wording_are_said_to_be_so(page):
    assert "Its wording was changed after the votes. Voted on was: Wording of S4." in words(place(page, "S4"))
    assert "Its wording was changed" not in words(place(page, "S1"))


def test_class_and_verdict_stand_in_words_with_their_numbers(page):
    text = words(place(page, "S3"))
    assert "Uncertain: median 6.5; disagreement (IPR 4.5, limit (IPRAS) 3.48)." in text
    assert "50.0 % of the ratings agree and 33.3 % disagree: no consensus." in text


def test_the_disagreement_that_is_told_is_by_the_rule_that_was_fixed():
    made = panel()
    counted = replace(SECOND[1].appropriateness.counts, low=2, high=3, extreme_min=3, verdict="indeterminate")
    ratings = replace(SECOND[1], appropriateness=replace(SECOND[1].appropriateness, counts=counted))
    for rule, said in (
        ("count", "no disagreement (2 in 1 to 3 and 3 in 7 to 9, of which 3 each"),
        ("either", "; disagreement (IPR 4.5"),
    ):
        changed = replace(made, plan=replace(made.plan, disagreement=rule))
        view = replace(changed.statements[3], last=ratings)
        rows = statement_rows(views(replace(example(), panels=(changed,))), replace(changed, statements=(view,)))
        assert said in rows[0].appropriateness


def test_a_verdict_that_the_standing_says_is_not_said_twice():
    made = panel()
    told = replace(made.statements[1], standing=f"Round 2: {SECOND[0].verdict.text}")
    [row] = statement_rows(views(content()), replace(made, statements=(told,)))
    assert (row.standing, row.verdict) == (told.standing, "")


# Ratings as a figure.


def drawn(ratings, **changes):
    return lxml.html.fragment_fromstring(ratings_svg(ratings, panel=panel(**changes)))


def test_the_figure_has_a_column_per_score_with_its_count_and_says_the_same_in_words():
    figure = drawn(FIRST[0])
    assert [words(each) for each in figure.xpath(".//*[@class='score']/title")] == [
        "1 rated 6",
        "1 rated 7",
        "3 rated 8",
        "2 rated 9",
    ]
    assert words(figure.find("desc")) == (
        "Number of ratings × score: 1 × 6, 1 × 7, 3 × 8, 2 × 9. "
        "7 ratings in round 1; median 8 (diamond); middle half 7.5 to 8.5 (bar)."
    )
    heights = {
        words(each.find("title")): float(each.find("rect").get("height"))
        for each in figure.xpath(".//*[@class='score']")
    }
    assert heights["3 rated 8"] == pytest.approx(3 * heights["1 rated 7"], abs=0.02)


def test_the_middle_half_and_the_median_stand_at_their_scores():
    figure = drawn(SECOND[1])
    columns = {
        words(each.find("title"))[-1]: float(each.find("rect").get("x")) + 10
        for each in figure.xpath(".//*[@class='score']")
    }
    [half] = figure.xpath(".//*[@class='half']/rect")
    # One score is 30 wide, and the bar reaches 7 beyond either end: 2.75 to 8.
    assert float(half.get("x")) == pytest.approx(columns["2"] + 0.75 * 30 - 7)
    assert float(half.get("x")) + float(half.get("width")) == pytest.approx(columns["8"] + 7)
    [median] = figure.xpath(".//*[@class='median']/path/@d")
    assert float(median[1:].split()[0]) == pytest.approx(columns["5"] + 1.5 * 30)


def test_ratings_in_words_count_those_who_could_not_rate():
    assert (
        ratings_text(FIRST[3])
        == "3 ratings in round 1; median 6 (diamond); middle half 5.5 to 6.5 (bar); 4 unable to rate."
    )


def test_every_figure_has_a_name_of_its_own(page):
    figures = page.xpath("//section[@id='statements']//*[local-name()='svg']")
    assert [each.get("id") for each in figures] == [
        "ratings-skin~S1~2",
        "ratings-skin~S2~1",
        "ratings-skin~S3~2",
        "ratings-skin~S4~1",
    ]
    assert all(words(page.get_element_by_id(name)) for each in figures for name in each.get("aria-labelledby").split())


# What must not be told.


def test_few_ratings_show_nothing_but_how_few_and_why(page, html):
    text = words(place(page, "S5"))
    assert FEW in text
    assert "Secret standing" not in html
    assert "median" not in text
    assert ratings_svg(SECOND[2], panel=panel()) == ""
    rows = page.xpath("//section[@id='panel']//tr[th[.='S5']]")
    assert [[words(cell) for cell in row] for row in rows] == [["S5", "–", "–", FEW]] * 2


def test_a_statement_that_nobody_rated_says_so():
    nobody = rated("S6", [], unable=3)
    made = panel()
    view = replace(made.statements[-1], last=nobody)
    [row] = statement_rows(views(content()), replace(made, statements=(view,)))
    assert row.caption == NOBODY
    assert row.standing == view.standing


def test_no_name_stands_beside_a_vote(page, html):
    section = page.get_element_by_id("panel")
    for name in NAMES:
        assert html.count(name) == 1  # in the list of people, and nowhere else
    assert told(place(page, "S2"), "Brought in by") == ["a member of the panel"]
    assert told(place(page, "S6"), "Brought in by") == ["the steering group"]
    [row] = section.xpath(".//table[caption/strong='Rounds.']/tbody/tr[th[.='2']]")
    assert words(row[8]) == "1"  # one person left, and nobody says who


# How the panel worked.


def test_the_rule_stands_with_the_day_on_which_it_was_fixed(page):
    section = page.get_element_by_id("panel")
    assert told(section, "Consensus rule") == ["Consensus: at least 75 % of the ratings lie in 7 to 9."]
    assert told(section, "Rule fixed on") == ["2025-12-20"]
    assert "at most 15 % of the ratings moved" in told(section, "Rounds planned")[0]


def test_people_stand_with_role_group_interests_and_exclusions(page):
    def row(name):
        [found] = page.xpath("//section[@id='panel']//tr[th[.=$name]]", name=name)
        return [words(cell) for cell in found]

    assert row("Amara Okafor") == ["Amara Okafor", "chair", "dermatology", "yes", "–", "Advises Cellco.", "S2"]
    assert row("Hugo Stein")[3:] == ["no", "–", "Employed by Cellco.", "all statements"]
    assert row("Ines Duarte")[3:] == ["no", "–", "none", "–"]
    assert row("Grace Whitfield")[3:] == ["yes", "–", "not declared", "–"]
    text = words(page.get_element_by_id("panel"))
    assert "9 in all, 7 with a vote, each as they were when they were last asked." in text
    assert "1 did not answer the question about interests." in text


def test_people_stand_as_they_were_when_they_were_asked_and_what_has_changed_is_said():
    made = panel()
    gone = PanelPerson(Panellist("Wanda Gone", "patient", "patients", declared=True), (1,), "no longer on the panel")
    turned = PanelPerson(Panellist("Yuri Turned", "panellist", declared=True), (1, 2), "now observer")
    view = replace(
        made.statements[1],
        kept=replace(made.statements[1].kept, statement=Statement("S1", "A.", (), (), gone.member.name)),
    )
    shown = lxml.html.document_fromstring(
        render(replace(content(), panels=(replace(made, people=(gone, turned), statements=(view,)),)))
    )
    rows = shown.xpath("//section[@id='panel']//table[caption/strong='People.']/tbody/tr")
    assert [[words(cell) for cell in row][:5] for row in rows] == [
        ["Wanda Gone (no longer on the panel)", "patient", "patients", "yes", "1"],
        ["Yuri Turned (now observer)", "panellist", "–", "yes", "1, 2"],
    ]
    assert told(place(shown, "S1"), "Brought in by") == [
        "a member of the panel"
    ]  # who has left is none the less hidden


def test_only_what_was_done_after_a_round_is_told_as_a_change(page):
    made = panel()
    change = StatementChange("2026-02-01T08:00:00Z", 1, "reworded", "clearer", "Old wording.")
    view = replace(made.statements[1], kept=replace(made.statements[1].kept, reason="first writing"), changes=(change,))
    both = replace(content(), panels=(replace(made, statements=(view,)),))
    article = place(lxml.html.document_fromstring(render(both)), "S1")
    assert told(article, "Changed after a round") == [
        "2026-02-01, after round 1: reworded – clearer Until then: Old wording."
    ]
    assert "first writing" not in words(article)
    [row] = rows_of(statements_csv(both))
    assert [row[name] for name in ("changed_on", "changed_how", "earlier_wording", "reason")] == [
        "2026-02-01", "reworded", "Old wording.", "clearer",
    ]  # fmt: skip
    [row] = rows_of(statements_csv(replace(both, panels=(replace(made, statements=(replace(view, changes=()),)),))))
    assert (row["changed_on"], row["reason"]) == ("", "")


def test_a_threshold_without_stability_is_no_agreement():
    made = panel()
    view = replace(made.statements[1], state="not-shown-stable", flags=())
    one = replace(made, statements=(view,))
    assert tally(one) == "1 threshold reached but not shown to be stable"
    article = place(lxml.html.document_fromstring(render(replace(content(), panels=(one,)))), "S1")
    assert "Threshold reached but not shown to be stable" in words(article)
    assert "Agreed" not in words(article)
    assert rows_of(statements_csv(replace(content(), panels=(one,))))[0]["state"] == "not-shown-stable"


def test_what_must_be_known_of_the_rounds_stands_with_them():
    caution = Caution("round-repeated", "Round 1 was held 3 times.")
    html = render(replace(content(), panels=(replace(panel(), cautions=(caution,)),)))
    assert "Round 1 was held 3 times." in words(lxml.html.document_fromstring(html).get_element_by_id("panel"))


@pytest.mark.parametrize(("least", "most", "said"), [(2, 2, "2"), (1, 3, "1 to 3")])
def test_rounds_planned_are_no_range_of_one_number(least, most, said):
    plan = replace(panel().plan, stopping=replace(panel().plan.stopping, min_rounds=least, max_rounds=most))
    assert planned(replace(panel(), plan=plan)) == said


def test_rounds_stand_with_response_and_seal(page):
    [first, second] = page.xpath("//section[@id='panel']//table[caption/strong='Rounds.']/tbody/tr")
    assert [words(cell) for cell in first] == [
        "1 (edition 2)",
        "2026-01-01",
        "2026-01-15",
        "5",
        "8",
        "7",
        "87.5",
        "–",
        "–",
        "1a1a1a1a1a1a…",
    ]
    assert [words(cell) for cell in second][5:9] == ["6", "75.0", "85.7", "1"]
    assert first.xpath(".//*[@class='hash nowrap']/@title") == ["1a" * 32]


def test_a_replaced_round_says_why(page):
    [old] = page.xpath("//table[caption/strong='Rounds that were replaced.']/tbody/tr")
    assert [words(cell) for cell in old] == [
        "1 (edition 1)",
        "2026-01-01",
        "7",
        "0f0f0f0f0f0f…",
        "Replaced by edition 2 of round 1: A statement had been cut off.",
    ]
    made = panel()
    later = Round(2, seal="77" * 32, superseded=True)
    assert replaced(made, later) == "It followed a round that was replaced: A statement had been cut off."
    alone = replace(made, rounds=(), superseded=())
    assert replaced(alone, later) == "A later edition takes its place."


def test_ratings_of_a_round_stand_in_numbers(page):
    rows = page.xpath("//section[@id='panel']//table[caption/strong='Ratings of round 2.']/tbody/tr")
    assert [words(cell) for cell in rows[0]] == [
        "S1", "7", "0", "0 0 0 0 0 0 2 3 2", "8", "1", "0.4", "6.85", "no", "100.0", "14.3", "appropriate", "for it",
    ]  # fmt: skip
    assert [words(cell) for cell in rows[1]][4:] == [
        "6.5",
        "5.25",
        "4.5",
        "3.48",
        "yes",
        "50.0",
        "50.0",
        "uncertain",
        "none",
    ]
    assert rows[0].xpath(".//a/@href") == ["#statement-S1"]


def test_shares_keep_a_decimal_so_that_none_is_rounded_up_to_its_limit():
    assert share(74.6) == "74.6"
    assert share(None) == "–"


def test_the_checklist_is_folded_and_marks_what_is_unconfirmed(page):
    [folded] = page.xpath("//section[@id='panel']//details")
    assert words(folded.find("summary")) == "ACCORD checklist: 1 of 3 items answered, 1 in part"
    rows = {words(row[0]): [words(cell) for cell in row] for row in folded.xpath(".//tbody/tr") if len(row) == 4}
    assert rows["T1"] == ["T1", "The title says that this is a consensus.", "✓ answered", "It does."]
    assert rows["M2"] == ["M2", "Who led. wording unconfirmed", "○ open", "–"]


# Simulated panels.


def test_a_simulated_panel_says_so_everywhere():
    page = lxml.html.fromstring(render(content(simulated=True)))
    for section in ("summary", "statements", "panel"):
        assert SIMULATED in words(page.get_element_by_id(section))
    for each in page.xpath("//section[@id='statements']//article"):
        assert "simulated votes" in words(each.find("p"))
    figures = page.xpath("//section[@id='statements']//*[local-name()='svg']")
    assert len(figures) == 4
    assert all(SIMULATED in words(each) and "Simulated votes" in words(each.find("title")) for each in figures)
    captions = page.xpath("//section[@id='panel']//caption[starts-with(strong, 'Ratings of round')]")
    assert all(SIMULATED in words(each) for each in captions)


def test_a_real_panel_does_not(html):
    assert "imulated" not in html.split("</style>")[1]


# Structure, gaps, hostile texts.


def test_contents_name_the_sections_only_where_they_are():
    shown = lxml.html.fromstring(render(content()))
    assert {"#statements", "#panel"} <= set(shown.xpath("//nav//a/@href"))
    bare = render(example())
    assert 'href="#statements"' not in bare
    assert 'id="panel"' not in bare
    empty = replace(panel(), statements=(), rounds=(), superseded=(), accord=(), panel=Panel("skin"))
    page = lxml.html.fromstring(render(replace(example(), panels=(empty,))))
    assert not page.xpath("//*[@id='statements']")
    text = words(page.get_element_by_id("panel"))
    assert "No panel has been set up." in text
    assert "No round has been closed." in text


def test_the_sections_keep_the_rules_of_the_page(page, html):
    assert not page.xpath("//script | //img | //*[@style]")
    for table in page.xpath("//section[@id='statements' or @id='panel']//table"):
        assert words(table.find("caption"))
        assert all(each.get("scope") for each in table.iter("th"))
        width = len(table.xpath("./thead/tr/th"))
        assert {sum(int(each.get("colspan", 1)) for each in row) for row in table.xpath("./tbody/tr")} == {width}
        assert table.getparent().get("tabindex") == "0"
    levels = [int(each.tag[1]) for each in page.iter("h1", "h2", "h3", "h4")]
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


def test_a_whole_panel_has_no_gap(html):
    assert lineage_gaps(content(), html) == ()


@pytest.mark.parametrize(
    ("rests", "gap"),
    [
        (
            {"syntheses": ("response/alopecia", "nowhere")},
            "the statement 'S1' rests on 'nowhere', which is not in the report",
        ),
        ({"syntheses": ("response/moon",)}, "the statement 'S1' rests on 'response/moon', which is not in the report"),
        ({"syntheses": (), "criteria": ()}, "the statement 'S1' rests on no evidence"),
    ],
)
def test_a_statement_without_evidence_that_is_there_is_a_gap(rests, gap):
    made = panel()
    view = made.statements[1]
    broken = replace(view, kept=replace(view.kept, statement=replace(view.kept.statement, **rests)))
    found = replace(example(), panels=(replace(made, statements=(broken,)),))
    shown = render(found)
    assert lineage_gaps(found, shown) == (gap,)
    said = words(place(lxml.html.fromstring(shown), "S1"))
    assert ("no evidence" if "no evidence" in gap else "not in this report") in said


def test_hostile_texts_stay_texts():
    h = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}\x00"
    made = panel(simulated=True)
    kept = KeptStatement(h, Statement(h, h, (h,), (h,), h), (replace(BASIS, id=h, measure=h, text=h),), h, h, "")
    bad = replace(
        made,
        plan=replace(made.plan, id=h, title=h, method=h, feedback=h),
        panel=Panel(h, h, (Panellist(h, "chair", h, (Interest(h, (h,)),)),)),
        rule=h,
        fixed=h,
        stopping=h,
        rounds=(
            held(
                1,
                (replace(FIRST[0], statement=h, text=h, verdict=replace(FIRST[0].verdict, text=h)),),
                seal=h,
                reason=h,
                opened=h,
                closed=h,
                supersedes=h,
            ),
        ),
        superseded=(Round(1, h, h, (h,), (h,), h),),
        statements=(
            StatementView(kept, "agreed", h, replace(FIRST[0], statement=h, text=h), (h,), votes_are_older=True),
        ),
        accord=(ChecklistLine(h, h, h, "open", h, False),),
    )
    shown = render(replace(example(), panels=(bad,)))
    page = lxml.html.fromstring(shown)
    assert not page.xpath("//script | //img")
    assert not [name for each in page.iter() for name in each.attrib if name.startswith("on")]
    assert all(each.get("href").startswith(("#", "https://")) for each in page.iter("a"))
    assert "{{ 7*7 }}" in shown
    assert "\x00" not in shown
    assert len(page.xpath("//article")) == 1


# Tables to export.


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_statements_are_exported_with_state_and_flags():
    rows = {row["statement"]: row for row in rows_of(statements_csv(content(simulated=True)))}
    assert list(rows) == [each.kept.statement.id for each in panel().statements]
    assert rows["S1"]["syntheses"] == "response/psoriasis; sae"
    assert (rows["S1"]["state"], rows["S1"]["needs_another_look"], rows["S1"]["simulated"]) == ("agreed", "yes", "yes")
    assert rows["S2"]["looked_at_again"] == "The new study has no harms to count."
    assert (rows["S9"]["needs_another_look"], rows["S9"]["taken_out"]) == ("no", "It could not be tested.")
    assert (rows["S5"]["standing"], rows["S6"]["last_round"]) == ("", "")


def test_votes_are_exported_as_counts_and_never_with_names():
    text = votes_csv(content())
    assert not [name for name in NAMES if name in text]
    rows = {(row["round"], row["statement"]): row for row in rows_of(text)}
    one = rows["2", "S1"]
    assert [one[f"rated_{score}"] for score in range(1, 10)] == ["0", "0", "0", "0", "0", "0", "2", "3", "2"]
    assert (one["median"], one["ipras"], one["disagreement"], one["agree_percent"]) == ("8", "6.85", "no", "100")
    assert one["moved_percent"] == "14.285714"
    few = rows["1", "S5"]
    assert (few["n"], few["rated_8"], few["median"], few["agree_percent"], few["consensus"]) == ("", "", "", "", "")
    assert few["unable"] == ""
    assert few["note"] == FEW
    assert rows["1", "S1"]["edition"] == "2"


def test_exported_texts_begin_no_formula():
    made = panel()
    view = made.statements[1]
    evil = replace(view, kept=replace(view.kept, statement=replace(view.kept.statement, text="=HYPERLINK(1)")))
    [row] = rows_of(statements_csv(replace(example(), panels=(replace(made, statements=(evil,)),))))
    assert row["text"] == "'=HYPERLINK(1)"


def test_no_panel_gives_headings_only():
    assert tally(replace(panel(), statements=())) == ""
    assert rows_of(statements_csv(example())) == rows_of(votes_csv(example())) == []
