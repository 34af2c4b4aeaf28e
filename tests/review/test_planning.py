"""A protocol that does not contradict itself, and what may be changed when work has begun."""

import re
from dataclasses import replace

import pytest

from projects import ANN, BOB, LEAD, PROTOCOL, as_person, begin, entries, import_text, ris
from stromata import review
from stromata.errors import InvalidInput, NotAllowed
from stromata.model import (
    ConsensusPlan,
    FindingsOutcome,
    FindingsTable,
    FormField,
    HarmonisationRule,
    OutcomeDefinition,
    Panel,
    Panellist,
    PanelSet,
    Round,
    RoundOpened,
    StageRule,
    Statement,
    StatementSet,
    StoppingRule,
    SynthesisPlan,
)


@pytest.fixture
def project(tmp_path):
    with begin(tmp_path) as opened:
        yield opened


def test_a_protocol_that_contradicts_itself_is_refused_with_every_fault(project):
    bad = replace(
        PROTOCOL,
        reasons=(*PROTOCOL.reasons, PROTOCOL.reasons[0]),
        plans=(SynthesisPlan("p", "P", "cure", "PLO", "glmm", conditions=("gout",), time="nearest"),),
    )
    with pytest.raises(InvalidInput) as caught:
        review.set_protocol(project, bad)
    for word in ("population", "cure", "gout", "weeks"):
        assert word in caught.value.message
    assert review.protocol(project) == PROTOCOL


def test_an_amendment_stands_in_the_log_with_its_reason(project):
    review.set_protocol(project, replace(PROTOCOL, about="wider"), reason="the panel asked")
    last = review.events(project, last=1)[0]
    assert (last.kind, last.payload["reason"]) == ("protocol-set", "the panel asked")


@pytest.mark.parametrize("reviewers", [-3, 0, 11, 1_000_000_000])
def test_a_stage_has_one_to_ten_reviewers(project, reviewers):
    bad = replace(PROTOCOL, stages=(StageRule("title-abstract", reviewers),))
    with pytest.raises(InvalidInput, match="1 to 10"):
        review.set_protocol(project, bad)


def test_a_stage_is_named_once(project):
    with pytest.raises(InvalidInput, match="stands 2 times"):
        review.set_protocol(project, replace(PROTOCOL, stages=(StageRule("full-text"), StageRule("full-text"))))


def test_the_protocol_cannot_be_used_to_unseal_verdicts(project, tmp_path):
    import_text(project, tmp_path, "search.ris", ris(*entries()))
    review.decide(as_person(project, ANN), "10.5555/1", "exclude", stage="title-abstract")
    single = replace(PROTOCOL, stages=(StageRule("title-abstract", 1), StageRule("full-text", 1)))
    with pytest.raises(NotAllowed, match="unseal"):
        review.set_protocol(project, single)
    review.decide(as_person(project, BOB), "10.5555/1", "exclude", stage="title-abstract")
    review.set_protocol(project, single)
    assert review.protocol(project) == single


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"extractors": 3}, "extractors is 3; allowed: 1 or 2"),
        ({"form": (FormField("x", "arm", "X"), FormField("x", "arm", "Y"))}, "form field arm 'x' stands 2 times"),
        ({"form": (FormField("x", "arm", "X", kind="choice"),)}, "a choice needs choices"),
        ({"form": (FormField("x", "arm", "X", choices=("a",)),)}, "choices go with the kind 'choice'"),
        (
            {"outcomes": tuple(replace(item, response_class="response") for item in PROTOCOL.outcomes)},
            "response class 'response' belongs to 2 outcomes",
        ),
        ({"harmonisation": (HarmonisationRule("PASI75", None, "r"),) * 2}, "harmonisation has 2 rules for 'PASI75'"),
        ({"plans": (replace(PROTOCOL.plans[0], conversions=("final-to-change",)),)}, "final-to-change needs the"),
        ({"plans": (replace(PROTOCOL.plans[0], correlation=1.5),)}, "correlation is 1.5; allowed: -1 to 1"),
        ({"plans": (replace(PROTOCOL.plans[0], level=95),)}, "level is 95; allowed: between 0 and 1"),
        ({"plans": (replace(PROTOCOL.plans[0], criteria=("NOSUCH",)),)}, "criterion 'NOSUCH' is unknown"),
        ({"form": (FormField("a,b/c", "arm", "X"),)}, "an id is text without slash"),
        ({"form": (FormField("x", "arm", "X", kind="number", low=5, high=1),)}, "low is 5 and high 1"),
        ({"form": (FormField("x", "arm", "X", low=5),)}, "low and high go with numbers"),
        ({"harmonisation": (HarmonisationRule(" ", None, "r"),)}, "names no criterion"),
    ],
)
def test_what_the_protocol_says_of_extraction_must_make_sense(changes, words):
    with pytest.raises(InvalidInput, match=re.escape(words)):
        review.check_protocol(replace(PROTOCOL, **changes))


def test_the_same_field_may_be_asked_of_arms_and_of_outcomes():
    review.check_protocol(replace(PROTOCOL, form=(FormField("x", "arm", "X"), FormField("x", "outcome", "X"))))


PLAN = SynthesisPlan("response", "Response", "response", "PLO", "glmm")
RATES = replace(PROTOCOL, plans=(PLAN,), outcomes=(OutcomeDefinition("response", "Response"),))


def _plan(**changes):
    return replace(RATES, plans=(replace(PLAN, **({"by_condition": False} | changes)),))


def _table(*outcomes):
    return replace(RATES, findings=(FindingsTable("t", "T", "people", "cells", "nothing", outcomes=outcomes),))


@pytest.mark.parametrize(
    ("protocol", "words"),
    [
        (_table(FindingsOutcome("other", "O")), "there is no plan 'other'"),
        (
            replace(RATES, plans=(replace(PLAN, measure="SPCOR"),)),
            "measure SPCOR cannot be taken from the study tables",
        ),
        (replace(RATES, plans=(replace(PLAN, measure="OR"),)), "contrast must be 'two-arm'"),
        (replace(RATES, plans=(replace(PLAN, measure="PR"),)), "the glmm model, which works from counts, pools PLO"),
        (_plan(model="random", moderators="~ dosage"), "no moderator dosage; there are: year"),
        (_plan(model="random", moderators="~ year", by_condition=True), "two ways to ask the same"),
        (_plan(model="bayes", tau_prior="flat"), "no prior 'flat'"),
        (_plan(model="random", thresholds=(0.5,)), "a threshold does not go with the random model"),
        (_table(FindingsOutcome("response/gout", "O")), "condition 'gout' is not defined"),
        (_table(*[FindingsOutcome("response", "O")] * 2), "stands 2 times"),
        (_table(FindingsOutcome("response", "O", importance=10)), "importance is 10"),
        (_table(FindingsOutcome("response", "O", assumed_risk=1.2, assumed_reason="seen")), "assumed_risk is 1.2"),
        (_table(FindingsOutcome("response", "O", assumed_risk=0.2)), "assumed_reason"),
        (_table(FindingsOutcome("response", "O", information_size=0)), "information_size is 0"),
        (_table(FindingsOutcome("response", "O", sd=0.0)), "sd is 0"),
        (replace(RATES, standards=("nothing",)), "standard 'nothing' is unknown; there are: cell-therapy"),
        (replace(RATES, consensus=(ConsensusPlan("p"), ConsensusPlan("p"))), "panel 'p' stands 2 times"),
        (replace(RATES, consensus=(ConsensusPlan("p", stopping=StoppingRule("none")),)), "consensus rule 'none'"),
        (replace(RATES, consensus=(ConsensusPlan("p", stopping=StoppingRule("iqr")),)), "limit"),
        (replace(RATES, consensus=(ConsensusPlan("p", stopping=StoppingRule(max_rounds=1)),)), "max_rounds 1"),
        (replace(RATES, consensus=(ConsensusPlan("p", stopping=StoppingRule(max_change=101)),)), "max_change is 101"),
        (replace(RATES, consensus=(ConsensusPlan("p", told=(("weather", "fine"),)),)), "no fact 'weather'"),
    ],
)
def test_what_the_protocol_says_of_findings_and_panels_must_make_sense(protocol, words):
    with pytest.raises(InvalidInput, match=re.escape(words)):
        review.check_protocol(protocol)


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "bayes", "thresholds": (0.5,)},
        {"model": "beta-binomial", "by_condition": True},
        {"model": "random", "moderators": "~ million_cells_per_kg + factor(route)"},
        {"model": "glmm", "moderators": "~ year"},
        {"model": "peto", "measure": "PETO", "contrast": "two-arm"},
        {"model": "glmm", "measure": "OR", "contrast": "two-arm", "glmm": "cm.el"},
    ],
)
def test_every_model_can_be_planned(changes):
    review.check_protocol(_plan(**changes))


def test_sound_findings_and_panels_pass():
    review.check_protocol(
        replace(
            _table(FindingsOutcome("response", "O", importance=9, assumed_risk=0.0, assumed_reason="nobody responds")),
            consensus=(ConsensusPlan("p", stopping=StoppingRule("iqr", iqr_limit=2.0), told=(("funding", "None."),)),),
            standards=("cell-therapy",),
        )
    )


def test_a_panel_with_people_stays_in_the_protocol(project):
    review.set_protocol(project, replace(PROTOCOL, consensus=(ConsensusPlan("p"),)))
    with project.store.transaction(project.id, actor=LEAD, at=project.clock()) as tx:
        tx.append(PanelSet(Panel("p", members=(Panellist(ANN),))))
    with pytest.raises(NotAllowed, match="without its plan"):
        review.set_protocol(project, PROTOCOL)
    review.set_protocol(project, replace(PROTOCOL, consensus=(ConsensusPlan("p", half_medians="higher"),)))


def test_the_rules_of_a_panel_that_has_begun_stay(project):
    rules = ConsensusPlan("p", stopping=StoppingRule("pct80"))
    review.set_protocol(project, replace(PROTOCOL, consensus=(rules,)))
    review.set_protocol(project, replace(PROTOCOL, consensus=(replace(rules, half_medians="higher"),)))
    review.set_protocol(project, replace(PROTOCOL, consensus=(rules,)))
    with project.store.transaction(project.id, actor=LEAD, at=project.clock()) as tx:
        tx.append(PanelSet(Panel("p", members=(Panellist(ANN),))))
        tx.append(StatementSet("p", Statement("s", "Cells help.")))
        tx.append(RoundOpened("p", Round(1, invited=(ANN,), statements=("s",))))
    for changed in ((), (replace(rules, stopping=StoppingRule("pct75")),), (replace(rules, simulated=True),)):
        with pytest.raises(NotAllowed, match="fixed before"):
            review.set_protocol(project, replace(PROTOCOL, consensus=changed))
    review.set_protocol(project, replace(PROTOCOL, consensus=(replace(rules, title="Panel"),)), reason="a title")
