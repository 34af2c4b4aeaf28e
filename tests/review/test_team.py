"""People, roles, and a protocol that does not contradict itself."""

import re
from dataclasses import replace

import pytest

from projects import ANN, BOB, LEAD, PROTOCOL, as_person, begin, entries, import_text, ris
from stromata import review
from stromata.errors import InvalidInput, NotAllowed, NotFound
from stromata.model import FormField, HarmonisationRule, StageRule, SynthesisPlan


@pytest.fixture
def project(tmp_path):
    with begin(tmp_path) as opened:
        yield opened


def test_only_the_lead_names_people(project):
    with pytest.raises(NotAllowed, match="lead"):
        review.grant(as_person(project, ANN), "carl", "reviewer")
    review.grant(project, "carl", "observer")
    assert ("carl", "observer") in review.team(project)


def test_granting_twice_is_one_event(project):
    before = review.info(project).events
    review.grant(project, ANN, "reviewer")
    assert review.info(project).events == before


@pytest.mark.parametrize("name", ["Ann", "ANN", " ann", "ann ", "an  n"])
def test_one_person_cannot_be_two_by_a_name_that_looks_the_same(project, name):
    with pytest.raises(InvalidInput):
        review.grant(project, name, "extractor")


def test_the_last_lead_stays(project):
    with pytest.raises(InvalidInput, match="only lead"):
        review.revoke(project, LEAD, "lead")
    review.grant(project, ANN, "lead")
    review.revoke(project, LEAD, "lead")
    assert (LEAD, "lead") not in review.team(project)


def test_unknown_roles_and_people_are_refused(project):
    with pytest.raises(InvalidInput, match="there are: lead"):
        review.grant(project, "carl", "boss")
    with pytest.raises(NotFound):
        review.revoke(project, "carl", "reviewer")


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
