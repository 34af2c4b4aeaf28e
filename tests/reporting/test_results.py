from dataclasses import replace

import pytest

from reporting.builders import PROTOCOL, example, full, harms, response
from stromata.model import Coefficient, Interval, ModeratorTest, ThresholdProbability
from stromata.reporting import AdviceOption, AdviceSection, AnalysisRow, render
from stromata.reporting.results import TOGETHER, term_words, views


def test_the_summary_follows_the_protocol_and_says_what_is_missing():
    rows = views(example()).summary()
    assert [label for label, _, _ in rows] == ["Psoriasis", "Lupus 系统性红斑狼疮", "Alopecia areata", TOGETHER]
    psoriasis = rows[0][1][0]
    assert (psoriasis.k, psoriasis.people, psoriasis.events) == (3, "35", "17")
    assert (psoriasis.estimate, psoriasis.interval, psoriasis.prediction) == ("52", "[23, 80]", "[8, 93]")
    assert {answer.outcome for answer in rows[3][1]} == {"Response", "Severity score", "Serious adverse events"}


def test_a_condition_without_data_for_a_planned_outcome_is_told_so():
    nothing = replace(response(), k=0, natural=Interval(None, None, None), effects=(), subgroups=(), left_out=())
    about = replace(PROTOCOL, plans=(replace(PROTOCOL.plans[0], conditions=("lupus",)),))
    rows = views(replace(example(), protocol=about, syntheses=(nothing,))).summary()
    assert [(label, answers, missing) for label, answers, missing in rows if missing] == [
        ("Lupus 系统性红斑狼疮", (), ("Response",))
    ]


def test_a_single_study_shows_its_own_exact_interval():
    alopecia = views(example()).answers(response())[2]
    assert (alopecia.single, alopecia.k, alopecia.estimate, alopecia.interval) == (True, 1, "33", "[0.8, 91]")


def test_claims_stand_beside_what_was_recomputed():
    percent, events, none = views(example()).claims()
    assert percent.recomputed == "52 [23, 80] % (17 of 35 people, 3 studies)"
    assert percent.verdict == "The claimed figure lies outside the interval of the included studies"
    assert percent.href == "#result-response~psoriasis"
    assert (events.recomputed, events.verdict) == (
        "2 of 153 people, 3 studies",
        "13 fewer than claimed, among the studies seen",
    )
    assert (none.recomputed, none.href, none.verdict) == ("", "", "")
    assert none.comparison.why_not == "No included study reports deaths by arm."


def test_a_claim_compared_with_a_whole_synthesis_leads_to_the_whole():
    content = example()
    claim = replace(content.claims[1], subgroup="no such subgroup", result=harms())
    assert next(views(replace(content, claims=(claim,))).claims()).href == "#result-sae"


def test_cautions_are_gathered_by_kind_with_all_results_that_carry_them():
    found = {entry.name: entry for entry in views(example()).cautions()}
    assert set(found) == {"few studies", "no comparator", "rare events"}
    [(text, where)] = found["few studies"].wordings
    assert text.startswith("Fewer than five studies")
    assert [each.text for each in where][:2] == [
        "Responders, cells alone: Psoriasis",
        "Responders, cells alone: Lupus 系统性红斑狼疮",
    ]


def test_entries_name_every_result_that_rests_on_them():
    entries = {entry.point.id: entry for _, _, found in views(example()).entries() for entry in found}
    assert [each.text for each in entries["Abel2016.n"].used] == [
        "Responders, cells alone",
        "Responders, cells against comparator",
        "Severity score, cells against comparator",
        "Serious adverse events, cells alone",
    ]
    assert entries["Fabre2017.x"].used == ()
    assert entries["Abel2016.x"].cell == "outcomes.csv, line 4, column x"


def test_no_synthesis_is_lost_when_the_protocol_does_not_know_its_outcome():
    stray = replace(harms(), id="stray", plan="", title="Stray")
    shown = views(replace(example(), syntheses=(stray,)))
    assert shown.without_outcome() == (stray,)
    assert shown.summary()[-1][1][0].outcome == "Stray"


def test_keys_that_no_reference_has_are_cited_as_themselves():
    shown = views(example())
    assert shown.cite("10.5555/not-imported").href == "https://doi.org/10.5555/not-imported"
    assert (shown.cite("NCT00000000").text, shown.cite("javascript:alert(1)").href) == ("NCT00000000", "")


def test_a_meta_regression_and_its_tests_are_shown():
    fitted = replace(
        response(),
        moderators="~ year",
        coefficients=(Coefficient("intrcpt", 0.5, 0.1, 5.0, None, 0.0001, 0.3, 0.7),),
        moderator_tests=(ModeratorTest("all moderators", 6.5, 2, None, 0.0388),),
        r2=41.0,
    )
    html = render(replace(full(), syntheses=(fitted,), claims=(), findings=(), frames=(), panels=()))
    assert "<strong>Meta-regression</strong> on <code>~ year</code>" in html
    assert ">Intercept</th>" in html
    assert ">[0.300, 0.700]</td>" in html
    assert "Q&nbsp;=&nbsp;6.50" in html or "Q\u00a0=\u00a06.50" in html
    assert "account for 41" in html
    assert "no single pooled result to draw" in html


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("intrcpt", "Intercept"),
        ("million_cells_per_kg", "million cells per kg"),
        ("factor(route)intralesional injection", "route: intralesional injection"),
        ("factor(donor)", "donor"),
        ("year:factor(donor)autologous", "year × donor: autologous"),
        ("I(year^2)", "I(year^2)"),
        ("rcs(year, 3)1", "rcs(year, 3)1"),
    ],
)
def test_terms_of_a_meta_regression_are_told_in_words(term, words):
    assert term_words(term) == words


def test_probabilities_are_told():
    fitted = replace(response(), probabilities=(ThresholdProbability(0.5, 0.9, 0.8),))
    html = render(replace(full(), syntheses=(fitted,), claims=(), findings=(), frames=(), panels=()))
    assert "lies below 0.5: 0.900 for the mean" in html


def test_advice_stands_with_the_synthesis_it_is_about():
    option = AdviceOption("A binomial-normal model", "Counts as they are.", ("Somebody (2010)",))
    rows = (AnalysisRow("Beta-binomial", "Another shape.", Interval(0.4, 0.2, 0.6)),)
    rows += (AnalysisRow("Bayesian", "A prior.", Interval(None, None, None), refused="no prior"),)
    shown = replace(full(), advice=(AdviceSection(response().id, option, (option,), "", rows),))
    html = render(shown)
    assert html.count("What the literature advises for these data, and 2 analyses side by side") == 1
    assert "Not computed: no prior." in html
    assert "Not advised here: a binomial-normal model." in html
    assert "What the literature advises" not in render(full())
