import csv
import io
from dataclasses import fields, is_dataclass, replace

import lxml.html
import pytest

from reporting.builders import differences, example, harms, ratios, response
from stromata.consensus import (
    absolute_effect,
    certainty,
    confirm,
    continuous_effect,
    etd_criteria,
    findings_row,
    implications,
    judge,
    profile_row,
    summary_of_findings,
    wording,
)
from stromata.consensus.grade import LOWER, Proposal
from stromata.model import (
    Caution,
    EtdFrame,
    EtdJudgement,
    FindingsOutcome,
    FindingsTable,
    Interval,
    KeptStatement,
    Panel,
    Recommendation,
    Statement,
    SynthesisPlan,
)
from stromata.model.protocol import ConsensusPlan
from stromata.reporting import (
    FindingsSection,
    FrameCriterion,
    FrameSection,
    PanelSection,
    StatementView,
    findings_csv,
    lineage_gaps,
    render,
)
from stromata.reporting.findings import MEANINGS, whole_people

RISK = "Half of the weight comes from trials in which the assessor knew the treatment."
FEW = "Only 29 people were studied."
PERSON = "G. Rader"


def judged(outcome, start="low", *, proposed="serious", **levels):
    """Return a certainty: what is not named was judged not serious, as the program proposed."""
    made = []
    for domain in LOWER:
        level, reason = levels.get(domain.replace("-", "_"), ("not-serious", f"No reason to doubt: {domain}."))
        suggestion = proposed if domain == "imprecision" else level
        numbers = (("high_share", 62.512345), ("participants", 1234.0)) if domain == "risk-of-bias" else ()
        made.append(confirm(Proposal(domain, suggestion, numbers, "x"), level=level, reason=reason, person=PERSON))
    made.append(judge("dose-response", level="none", reason="One dose only.", person=PERSON))
    return certainty(outcome, start, made, start_reason="Not all studies are randomised trials: single-arm.")


def cells_alone():
    """Return the table of single arms: one outcome that changed since, one harm, one that is missing."""
    table = FindingsTable(
        "psoriasis",
        "Cells for psoriasis",
        "Adults with plaque psoriasis",
        "Cord MSC",
        "none: single arms",
        "hospitals",
        (FindingsOutcome("response/psoriasis", "Response"), FindingsOutcome("relapse/psoriasis", "Relapse")),
    )
    part = dict(response().subgroups)["psoriasis"]
    rows, notes = summary_of_findings(
        [
            findings_row(
                harms(),
                judged("sae", risk_of_bias=("serious", RISK)),
                label="Serious adverse events",
                importance=9,
                comment="Rare so far.",
            ),
            findings_row(
                part,
                judged("response/psoriasis", risk_of_bias=("serious", RISK), imprecision=("very-serious", FEW)),
                label="Response",
                timeframe="26 weeks",
                importance=5,
            ),
        ]
    )
    profiles = tuple(
        profile_row(row, result, designs=["single-arm"] * 2 + ["rct"])
        for row, result in zip(rows, (harms(), part), strict=True)
    )
    return FindingsSection(
        table,
        rows,
        notes,
        profiles,
        (("Relapse", "No study with psoriasis reported it."),),
        (("response/psoriasis", "response/psoriasis: studies 2 → 3."),),
    )


def compared():
    """Return the table of comparisons: a ratio with risks per 1000, and a difference in means."""
    table = FindingsTable(
        "all",
        "Cells against usual care",
        "All",
        "MSC",
        "Usual care",
        outcomes=(
            FindingsOutcome("ratio", "Response", assumed_risk=0.24, assumed_reason="A registry of 2019."),
            FindingsOutcome("score", "Severity"),
        ),
    )
    ratio, score = ratios(), differences()
    rows, notes = summary_of_findings(
        [
            findings_row(
                ratio,
                judged("ratio", "high", imprecision=("serious", FEW)),
                label="Response",
                absolute=absolute_effect("RR", ratio.natural, assumed=0.24),
                importance=7,
            ),
            findings_row(
                score,
                judged("score", "high", inconsistency=("serious", "Effects differ.")),
                label="Severity",
                continuous=continuous_effect(score.natural, instrument="PASI", unit="points", important=2.5),
            ),
        ]
    )
    profiles = tuple(
        profile_row(row, result, designs=["rct"] * 3) for row, result in zip(rows, (ratio, score), strict=True)
    )
    return FindingsSection(table, rows, notes, profiles)


def frame():
    """Return a frame with two of the twelve criteria judged, one with votes."""
    given = {
        "desirable": EtdJudgement(
            "desirable", "moderate", "About half responded.", "Patients value it.", "The panel", (("moderate", 6),)
        ),
        "undesirable": EtdJudgement("undesirable", "trivial"),
    }
    action = "offer cord MSC to adults with severe psoriasis"
    made = Recommendation("S1", "conditional", "for", action, "low", "Little else is left to offer.")
    return FrameSection(
        EtdFrame(
            "psoriasis",
            "Should adults with psoriasis get cells?",
            "population",
            tuple(given.values()),
            made,
            implementation="In centres with a cell laboratory.",
            research="A trial with a sham infusion.",
            outcomes=("response/psoriasis", "ratio", "unknown"),
            options="cord MSC or usual care",
        ),
        tuple(
            FrameCriterion(
                each.id,
                each.label,
                each.question,
                tuple((answer.id, answer.label) for answer in each.answers),
                each.status == "sourced",
                given.get(each.id),
            )
            for each in etd_criteria()
        ),
        wording("conditional", "for", action),
        implications("conditional", "for"),
        (Caution("etd-incomplete", "Not judged yet: ten criteria."),),
    )


def told():
    """Return the fictional review with certainty, frames, and a panel whose statement the frame stands for."""
    statement = StatementView(KeptStatement("p", Statement("S1", "Cells may be offered.", ("ratio",))), "open", "Open.")
    panel = PanelSection(
        ConsensusPlan("p", "The panel"), Panel("p", "The panel"), "rule", "2026", statements=(statement,)
    )
    content = example()
    plans = (*content.protocol.plans, SynthesisPlan("relapse", "Relapse", "relapse", "PLO", "glmm"))
    return replace(
        content,
        protocol=replace(content.protocol, plans=plans),
        findings=(cells_alone(), compared()),
        frames=(frame(),),
        panels=(panel,),
    )


@pytest.fixture(scope="module")
def html():
    return render(told())


@pytest.fixture(scope="module")
def page(html):
    return lxml.html.fromstring(html)


def words(element):
    return " ".join(element.text_content().replace("\u00a0", " ").replace("\u00ad", "").split())


def cells(row):
    return [words(each) for each in row]


# The summary.


def test_a_single_arm_is_told_in_people_per_1000_and_has_no_comparator(page):
    row = page.get_element_by_id("finding-psoriasis~response:2f:psoriasis")
    label, without, with_, relative, people, level, _ = cells(row)
    assert label == "Response26 weeksimportant (5 of 9)"
    assert (without, relative) == ("no comparator", "no comparator")
    assert with_ == "520 per 1,000[230, 800]"
    assert people == "35 (3 studies)"
    assert level.startswith("⊕◯◯◯ Very low")


def test_a_comparison_has_risks_without_and_with_their_difference_and_the_relative_effect(page):
    row = page.get_element_by_id("finding-all~ratio")
    _, without, with_, relative, people, level, _ = cells(row)
    assert without == "240 per 1,000Assumed. A registry of 2019."
    assert with_ == "374 per 1,000[281, 502]134 more [41 more, 262 more]"
    assert relative == "RR 1.56[1.17, 2.09]"
    assert people == "295 (3 studies)"
    assert level.startswith("⊕⊕⊕◯ Moderate")


def test_a_difference_in_means_is_told_in_units_and_in_what_patients_notice(page):
    row = page.get_element_by_id("finding-all~score")
    _, without, with_, relative, *_ = cells(row)
    assert (without, relative) == ("–", "–")
    assert with_.startswith("1.66 lower points[3.40 lower, 0.08 higher]PASI")
    assert "0.66 times the smallest difference that patients notice (2.5 points)" in with_


def test_every_pooled_number_leads_to_its_synthesis_or_subgroup(page):
    single = page.get_element_by_id("finding-psoriasis~response:2f:psoriasis")
    assert single.xpath("./td[2]/a/@href") == ["#result-response~psoriasis"]
    assert single.xpath("./td[4]/a/@href") == ["#effects-response"]
    both = page.get_element_by_id("finding-all~ratio")
    assert both.xpath("./td[2]/a/@href") == both.xpath("./td[3]/a/@href") == ["#result-ratio"]
    assert page.get_element_by_id("result-response~psoriasis") is not None


def test_the_question_heads_its_table(page):
    [heading] = page.xpath("//h3[@id='sof-psoriasis']")
    assert cells(heading.getnext()) == [
        "Population", "Adults with plaque psoriasis", "Setting", "hospitals", "Intervention", "Cord MSC",
        "Comparison", "none: single arms",
    ]  # fmt: skip
    assert "Setting" not in words(page.get_element_by_id("sof-all").getnext())


def test_footnotes_are_numbered_from_1_in_each_table_and_linked_both_ways(page):
    tables = page.xpath("//section[@id='findings']//ol[@class='notes']")
    assert [len(each.xpath("./li")) for each in tables] == [2, 2]
    for outcome, numbers in (("sae", ["1"]), ("response:2f:psoriasis", ["1", "2"])):
        row = page.get_element_by_id(f"finding-psoriasis~{outcome}")
        marks = row.xpath(".//sup/a")
        assert [each.text for each in marks] == numbers
        for mark in marks:
            note = page.get_element_by_id(mark.get("href")[1:])
            assert note.getparent().index(note) + 1 == int(mark.text)
            assert f"#{mark.get('id')}" in note.xpath("./a/@href")
    [shared] = page.xpath("//li[@id='note-psoriasis~1']")
    assert RISK in words(shared)
    assert len(shared.xpath("./a")) == 2
    assert page.xpath("//tr[@id='finding-all~ratio']//sup/a/@href") == ["#note-all~1"]


def test_certainty_is_a_word_beside_its_symbols_and_each_level_is_explained_once(page):
    cell = page.xpath("//tr[@id='finding-psoriasis~sae']/td[5]")[0]
    assert cell.xpath(".//strong/text()") == ["Very low"]
    assert cell.xpath("./span[@aria-hidden='true']/text()") == ["⊕◯◯◯"]
    text = words(page)
    assert all(text.count(meaning) == 1 for meaning in MEANINGS.values())


def test_how_to_read_intervals_stands_above_the_table_and_only_where_it_applies(page):
    captions = [words(each) for each in page.xpath("//section[@id='findings']//caption")]
    assert all("Intervals, at 95 %, stand in brackets." in each for each in captions)
    assert ["the risk without is taken as known" in each for each in captions] == [False, True]


def test_what_is_planned_and_missing_stands_with_its_reason(page):
    [row] = page.xpath("//section[@id='findings']//tr[th[.='Relapse']]")
    assert cells(row) == ["Relapse", "No study with psoriasis reported it."]


def test_evidence_that_has_changed_is_marked_with_what_has(page):
    row = page.get_element_by_id("finding-psoriasis~response:2f:psoriasis")
    assert "evidence has changed" in words(row)
    assert "response/psoriasis: studies 2 → 3." in words(row.getnext())
    assert "evidence has changed" not in words(page.get_element_by_id("finding-psoriasis~sae"))


def test_what_holds_of_the_whole_table_and_what_changed_without_a_row_stand_above_it():
    section = replace(
        cells_alone(),
        changed=(("relapse/psoriasis", "relapse/psoriasis is not there any more."),),
        cautions=(Caution("many-outcomes", "Nine outcomes are planned."),),
    )
    shown = lxml.html.fromstring(render(replace(told(), findings=(section,))))
    assert [words(each) for each in shown.xpath("//section[@id='findings']/p[@class='warn']")] == [
        "Nine outcomes are planned.",
        "Judged before, and not in the table: relapse/psoriasis is not there any more.",
    ]
    assert "evidence has changed" not in words(shown.get_element_by_id("findings"))


def test_a_mean_of_one_arm_is_a_change_within_the_group_and_has_no_comparator():
    mean = replace(differences(), measure="MN", id="change", plan="change")
    judgement = judged("change", imprecision=("serious", FEW))
    change = continuous_effect(mean.natural, instrument="PASI", unit="points")
    bare = findings_row(replace(mean, natural=Interval(None, None, None), k=0), judgement, label="Final")
    rows = (findings_row(mean, judgement, label="Change", continuous=change), replace(bare, outcome="bare"))
    table = FindingsTable("m", "", "People", "Cells", "none")
    shown = lxml.html.fromstring(render(replace(told(), findings=(FindingsSection(table, rows),))))
    found = cells(shown.get_element_by_id("finding-m~change"))
    assert found[1:4] == [
        "no comparator",
        "1.66 lower points[3.40 lower, 0.08 higher]PASIchange within the group",
        "no comparator",
    ]
    assert cells(shown.get_element_by_id("finding-m~bare"))[2] == "not estimable"


def test_cautions_lead_to_their_explanation_or_stand_in_words():
    section = compared()
    kept = Caution("risk-kept-in-range", "The number was kept within 1000.")
    row = replace(section.rows[0], cautions=(*section.rows[0].cautions, kept))
    shown = lxml.html.fromstring(render(replace(told(), findings=(replace(section, rows=(row,)),))))
    cell = shown.xpath("//tr[@id='finding-all~ratio']/td[6]")[0]
    assert cell.xpath("./a[@class='mark']/@href") == ["#caution-few-studies"]
    assert "The number was kept within 1000." in words(cell)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (0.2, "<1"), (0.6, "1"), (312.4, "312"), (999.4, "999"), (999.7, ">999"), (1000, "1,000"), (None, "–")],
)
def test_nobody_and_everybody_are_printed_only_where_it_is_exact(value, shown):
    assert whole_people(value, 1000) == shown


# The profile.


def test_each_domain_has_its_level_its_steps_and_leads_to_the_reason(page):
    row = page.get_element_by_id("profiled-psoriasis~response:2f:psoriasis")
    found = cells(row)
    assert found[1] == "3single-arm trial: 2randomised trial: 1"
    assert found[2:7] == ["Serious (−1)", "Not serious", "Not serious", "Very serious (−2)", "Not serious"]
    assert found[7:10] == ["none", "17/35 (49 %)", "no comparator"]
    reason = page.get_element_by_id(row.xpath("./td[2]/a/@href")[0][1:])
    assert cells(reason) == [
        "Risk of bias",
        "Serious (−1)",
        "Serioushigh share = 62.5; participants = 1,234",
        RISK,
        PERSON,
    ]


def test_a_decision_other_than_proposed_is_shown_with_both(page):
    row = page.get_element_by_id("judged-psoriasis~response:2f:psoriasis~imprecision")
    assert cells(row)[1:4] == ["Very serious (−2)", "Seriousdecided otherwise", FEW]
    same = page.get_element_by_id("judged-all~ratio~imprecision")
    assert cells(same)[1:3] == ["Serious (−1)", "Serious"]
    assert "2 decided otherwise than proposed" in words(page.xpath("//section[@id='profiles']//summary")[0])


def test_a_factor_that_no_number_proposes_says_so(page):
    assert cells(page.get_element_by_id("judged-all~ratio~dose-response"))[1:4] == ["None", "nothing", "One dose only."]


def test_events_stand_for_both_arms_and_people_where_there_are_no_events(page):
    row = page.get_element_by_id("profiled-all~ratio")
    assert cells(row)[8:10] == ["72/149 (48.3 %)", "44/146 (30.1 %)"]
    assert cells(row)[10] == "RR 1.56[1.17, 2.09]374 per 1,000[281, 502]134 more [41 more, 262 more]"
    assert cells(row)[11] == "⊕⊕⊕◯ Moderatecritical (7 of 9)"
    assert cells(page.get_element_by_id("profiled-all~score"))[8:10] == ["141 people", "137 people"]


# From evidence to decision.


def test_the_chosen_answer_is_marked_in_words_and_the_whole_scale_is_shown(page):
    row = page.get_element_by_id("weighed-psoriasis~desirable")
    answers = [words(each) for each in row.xpath(".//li")]
    assert answers == [
        "○ Trivial 0 votes", "○ Small 0 votes", "● Moderate chosen 6 votes", "○ Large 0 votes", "○ It varies 0 votes",
        "○ Not known 0 votes",
    ]  # fmt: skip
    assert cells(row)[2:] == ["About half responded.", "Patients value it."]
    assert "Judged by The panel." in words(row)


def test_what_was_not_judged_and_what_has_no_source_is_marked(page):
    marked = {
        each.get("id").rpartition("~")[2]
        for each in page.xpath("//table[@class='frame']//tr[.//span[@class='mark'][.='unconfirmed']]")
    }
    assert marked == {each.id for each in etd_criteria() if each.status != "sourced"}
    assert len(page.xpath("//table[@class='frame']//span[.='not judged yet']")) == 10
    assert not page.xpath("//tr[@id='weighed-psoriasis~equity']//li[@class='chosen']")


def test_the_recommendation_is_a_sentence_with_strength_direction_and_implications(page):
    text = words(page.xpath("//div[@class='recommendation']")[0])
    assert text.startswith("We suggest to offer cord MSC to adults with severe psoriasis.")
    assert "Conditional recommendation for the option; low certainty of the evidence of effects." in text
    assert "Reason: Little else is left to offer." in text
    meant = "More people than not would want the suggested course of action (to take the option), but many would not."
    assert f"For patients{meant}" in text
    assert page.xpath("//div[@class='recommendation']//a/@href") == ["#statement-S1"]
    section = words(page.get_element_by_id("decisions"))
    assert "Not judged yet: ten criteria." in section
    assert "The decision of a population" in section
    assert "Research prioritiesA trial with a sham infusion." in section


def test_a_frame_leads_to_the_findings_it_rests_on(page):
    [value] = page.xpath("//section[@id='decisions']//dt[.='Critical outcomes']/following-sibling::dd[1]")
    assert words(value) == ("Response (very low certainty); Response (moderate certainty); unknown (not computed)")
    assert value.xpath("./a/@href") == ["#finding-psoriasis~response:2f:psoriasis", "#finding-all~ratio"]


def test_votes_are_not_invented_and_an_answer_outside_the_scale_is_not_lost():
    odd = replace(frame().criteria[0], judgement=EtdJudgement("problem", "perhaps"))
    shown = lxml.html.fromstring(render(replace(told(), frames=(replace(frame(), criteria=(odd,)),))))
    row = shown.get_element_by_id("weighed-psoriasis~problem")
    assert words(row.xpath(".//li[@class='chosen']")[0]) == "● perhaps chosen"
    assert "vote" not in words(row)


# The page as a whole.


def test_the_sections_stand_in_the_contents_and_are_left_out_when_empty(page):
    targets = page.xpath("//nav//a/@href")
    assert {"#findings", "#profiles", "#decisions", "#sof-psoriasis", "#profile-all"} <= set(targets)
    bare = lxml.html.fromstring(render(example()))
    assert not bare.xpath("//*[@id='findings' or @id='profiles' or @id='decisions']")
    assert not {"#findings", "#profiles", "#decisions"} & set(bare.xpath("//nav//a/@href"))


def test_a_table_in_which_all_is_missing_is_shown_without_a_profile():
    section = FindingsSection(cells_alone().table, missing=(("Response", "Its certainty was not judged yet."),))
    content = replace(told(), findings=(section,), frames=())
    shown = render(content)
    found = lxml.html.fromstring(shown)
    assert "Its certainty was not judged yet." in words(found.get_element_by_id("findings"))
    assert not found.xpath("//*[@id='profiles']")
    assert lineage_gaps(content, shown) == ()
    empty = render(replace(content, findings=(FindingsSection(cells_alone().table),)))
    assert 'id="findings"' not in empty


def test_tables_have_captions_scopes_and_whole_rows(page):
    tables = page.xpath("//section[@id='findings' or @id='profiles' or @id='decisions']//table")
    assert len(tables) == 7
    for table in tables:
        assert words(table.find("caption"))
        assert all(each.get("scope") for each in table.iter("th"))
        width = len(table.xpath("./thead/tr/th"))
        for row in table.xpath("./tbody/tr"):
            assert sum(int(each.get("colspan", 1)) for each in row) == width
        assert table.getparent().get("tabindex") == "0"
        assert table.getparent().get("aria-label")


HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)> javascript:alert(1) {{ 7*7 }} &amp;"
OWN_WORDS = {
    "level", "start", "measure", "strength", "direction", "perspective", "domain", "proposed", "certainty", "state",
    "certainties", "kind",
}  # fmt: skip


def poisoned(value):
    """Return a value in which every text is hostile, but for words that the code itself gave."""
    if isinstance(value, str):
        return HOSTILE
    if isinstance(value, tuple):
        return tuple(each if each in LOWER or each in LEVELS else poisoned(each) for each in value)
    if not is_dataclass(value):
        return value
    changes = {
        each.name: poisoned(getattr(value, each.name))
        for each in fields(value)
        if each.name not in OWN_WORDS or is_dataclass(getattr(value, each.name))
    }
    return replace(value, **changes)


LEVELS = ("not-serious", "serious", "very-serious", "none", "raised", "raised-twice")


def test_hostile_words_stay_text():
    content = replace(example(), findings=(poisoned(cells_alone()),), frames=(poisoned(frame()),))
    page = lxml.html.fromstring(render(content))
    assert not page.xpath("//script | //img")
    assert not [name for each in page.iter() for name in each.attrib if name.startswith("on") or name == "style"]
    assert all(each.startswith(("#", "https://")) for each in page.xpath("//@href"))
    for section in ("findings", "profiles", "decisions"):
        assert "<script>alert(1)</script>" in words(page.get_element_by_id(section))


# The way back.


def gaps(section, **changes):
    content = replace(told(), findings=(section,), **changes)
    return lineage_gaps(content, render(content))


def test_all_numbers_of_findings_lead_somewhere(html):
    assert lineage_gaps(told(), html) == ()


def test_a_row_that_names_no_synthesis_is_a_gap():
    section = cells_alone()
    row = replace(section.rows[0], outcome="nowhere/psoriasis")
    found = gaps(replace(section, rows=(row,), profiles=()))
    [gap] = found
    assert gap.startswith("Cells for psoriasis: Serious adverse events: its numbers lead to no synthesis")
    assert "'nowhere/psoriasis'" in gap
    lost = replace(section.profiles[0], finding=row)
    assert "in the evidence profile: its numbers lead to no synthesis" in gaps(replace(section, profiles=(lost,)))[0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"relative": Interval(1.57, 1.17, 2.09)}, "its effect is not that of 'ratio'"),
        ({"relative": Interval(1.56, None, None)}, "its effect is not that of 'ratio'"),
        ({"measure": "OR"}, "its effect is not that of 'ratio'"),
        ({"proportion": Interval(0.2, 0.1, 0.3)}, "its proportion is not that of 'ratio'"),
        ({"studies": 4}, "its number of studies is 4, and 'ratio' has 3"),
        ({"participants": 300}, "its number of people is 300, and the studies of 'ratio' have 295"),
    ],
)
def test_a_number_that_is_not_that_of_its_synthesis_is_a_gap(changes, said):
    section = compared()
    found = gaps(replace(section, rows=(replace(section.rows[0], **changes),), profiles=()))
    assert f"Cells against usual care: Response: {said}" in found


def test_an_absolute_effect_at_another_effect_or_of_other_risks_is_a_gap():
    section = compared()
    row = section.rows[0]
    at_another = absolute_effect("RR", Interval(1.6, 1.2, 2.1), assumed=0.24)
    assert gaps(replace(section, rows=(replace(row, absolute=at_another),), profiles=())) == (
        "Cells against usual care: Response: its absolute effect is not at its relative effect",
    )
    shifted = replace(row.absolute, comparator=260.0)
    [gap] = gaps(replace(section, rows=(replace(row, absolute=shifted),), profiles=()))
    assert "the difference of its absolute effect is not that of the risks" in gap


def test_an_assumed_risk_without_a_reason_is_a_gap():
    section = compared()
    plan = replace(section.table.outcomes[0], assumed_reason=" ")
    table = replace(section.table, outcomes=(plan,))
    assert gaps(replace(section, table=table, profiles=())) == (
        "Cells against usual care: Response: the assumed risk does not say where it is from",
    )


def test_a_number_without_its_link_in_the_page_is_a_gap(html):
    start = html.index('id="finding-all~ratio"')
    broken = html[:start] + html[start:].replace('<a href="#result-ratio">RR\u00a01.56</a>', "RR\u00a01.56", 1)
    assert lineage_gaps(told(), broken) == ("Cells against usual care: Response: 'RR 1.56[1.17, 2.09]' leads nowhere",)


# The table to export.


def rows_of(content):
    return list(csv.DictReader(io.StringIO(findings_csv(content.findings))))


def test_every_number_of_the_summary_is_exported():
    found = {row["synthesis"]: row for row in rows_of(told())}
    assert list(found) == ["sae", "response/psoriasis", "", "ratio", "score"]
    ratio, single, score = found["ratio"], found["response/psoriasis"], found["score"]
    assert [ratio[name] for name in ("measure", "effect", "effect_low", "effect_high")] == [
        "RR",
        "1.56",
        "1.17",
        "2.09",
    ]
    assert (ratio["per"], ratio["without"], ratio["without_from"]) == ("1000", "240", "A registry of 2019.")
    assert [float(ratio[name]) for name in ("with", "with_low", "with_high")] == pytest.approx([374.4, 280.8, 501.6])
    assert [float(ratio[f"difference{end}"]) for end in ("", "_low", "_high")] == pytest.approx([134.4, 40.8, 261.6])
    assert (single["without"], single["with"], single["effect"]) == ("", "520", "0.52")
    assert (single["participants"], single["studies"]) == ("35", "3")
    assert (single["certainty"], single["start"], single["risk-of-bias"]) == ("very-low", "low", "serious")
    assert single["footnotes"].startswith("1. Rated down one level for risk of bias")
    assert single["changed"] == "response/psoriasis: studies 2 → 3."
    assert (score["units"], score["units_low"], score["instrument"], score["unit"]) == (
        "-1.66",
        "-3.4",
        "PASI",
        "points",
    )
    assert float(score["multiples"]) == pytest.approx(-0.664)
    assert (found[""]["outcome"], found[""]["missing"]) == ("Relapse", "No study with psoriasis reported it.")


def test_formulas_in_the_summary_are_guarded():
    section = compared()
    row = replace(section.rows[0], label="=cmd()", comment="@a")
    [found] = rows_of(replace(told(), findings=(replace(section, rows=(row,)),)))
    assert (found["outcome"], found["comment"]) == ("'=cmd()", "'@a")
    assert rows_of(example()) == []
