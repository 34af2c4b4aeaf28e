"""The tools' data hold together, and say of every rule where it was checked."""

import re
from typing import get_args

import pytest

from stromata.appraisal.tool import (
    TOOLS,
    Is,
    Several,
    holds,
    levels,
    spell,
    tool,
    tools,
    tools_for,
)
from stromata.errors import NotFound
from stromata.model import Design

ALL = [pytest.param(one, id=one.id) for one in tools()]
COUNTS = {
    "rob2-assignment": [3, 7, 4, 5, 3],
    "rob2-adherence": [3, 6, 4, 5, 3],
    "robins-i": [8, 5, 3, 7, 5, 4, 3],  # 4.0 stands for the aim, which the tool asks for before its 34 questions
    "jbi-rct": [13],
    "jbi-cohort": [11],
    "jbi-case-series": [10],
    "jbi-case-report": [8],
    "syrcle": [1] * 10,
    "amstar-2": [18],  # 16 items, two of them in two parts
}


def named(condition):
    if isinstance(condition, Is):
        return {condition.question: condition.answers}
    found = {}
    for part in condition.parts:
        for question, answers in named(part).items():
            found[question] = found.get(question, frozenset()) | answers
    return found


def test_the_tools_are_listed_in_their_order_with_all_their_questions():
    assert {one.id: [len(domain.questions) for domain in one.domains] for one in tools()} == COUNTS
    assert tuple(one.id for one in tools()) == TOOLS
    assert len({question.item for question in tool("amstar-2").questions()}) == 16


@pytest.mark.parametrize("one", ALL)
def test_ids_are_unique_and_answers_known(one):
    ids = [question.id for question in one.questions()] + [domain.id for domain in one.domains]
    assert len(set(ids)) == len(ids)
    known = {option.id for option in one.answers}
    for question in one.questions():
        assert set(question.answers) <= known
        assert len(set(question.answers)) == len(question.answers)
    assert one.support <= known
    assert one.not_reached in known | {""}


@pytest.mark.parametrize("one", ALL)
def test_conditions_look_back_only_and_at_answers_that_can_be_met(one):
    before = {}
    for question in one.questions():
        if question.when is not None:
            assert one.not_reached
            for name, answers in named(question.when).items():
                assert answers <= before[name]
        before[question.id] = {*question.answers, one.not_reached}
    for domain in one.domains:
        own = {question.id for question in domain.questions}
        for rule in (rule for part in domain.parts for rule in part):
            assert named(rule.when).keys() <= own
            assert all(answers <= before[name] for name, answers in named(rule.when).items())
            assert rule.level in {level.id for level in one.levels}


@pytest.mark.parametrize("one", ALL)
def test_levels_are_ordered_and_told_apart_without_colour(one):
    for of in (one.levels, one.overall_levels):
        ranks = [level.rank for level in of if level.rank is not None]
        assert ranks == list(range(len(ranks)))
        assert len({level.symbol for level in of}) == len({level.id for level in of}) == len(of)
        assert all(len(level.symbol) == 1 and level.meaning and level.label for level in of)
    if one.overall is not None:
        assert {rule.level for rule in one.overall.rules} <= {level.id for level in one.overall_levels}
        items = {question.item for question in one.questions()}
        assert set(one.overall.critical) <= items


@pytest.mark.parametrize("one", ALL)
def test_every_rule_says_where_it_was_checked_or_what_is_doubtful(one):
    sections = [one, *(domain for domain in one.domains if domain.judged and (domain.parts or domain.guidance))]
    if one.overall is not None:
        sections.append(one.overall)
    for section in sections:
        inherited = one.id == "syrcle" and section is not one  # its one rule is confirmed for the tool as a whole
        assert section.confirmed or section.doubt or inherited
        assert all(re.fullmatch(r"https?://\S+", address) for address in section.confirmed)
    assert re.fullmatch(r"https://\S+", one.url)
    assert re.fullmatch(r"10\.\d+/\S+", one.doi or "10.1/x")


@pytest.mark.parametrize("one", ALL)
def test_a_tool_is_for_known_designs(one):
    assert set(one.designs) <= {*get_args(Design), "review"}
    assert one.designs
    assert one.per in {"result", "study"}


def test_tools_are_found_by_design():
    assert [one.id for one in tools_for("rct")] == ["rob2-assignment", "rob2-adherence", "jbi-rct"]
    assert [one.id for one in tools_for("single-arm")] == ["jbi-case-series"]
    assert [one.id for one in tools_for("review")] == ["amstar-2"]
    assert [one.id for one in tools_for("preclinical")] == ["syrcle"]


def test_an_unknown_tool_is_answered_with_the_near_ones():
    with pytest.raises(NotFound, match="'rob2'") as met:
        tool("rob2")
    assert "rob2-assignment" in met.value.hint
    with pytest.raises(NotFound) as met:
        tool("zzz")
    assert "amstar-2" in met.value.hint


def test_levels_are_given_best_first_for_domains_and_for_the_whole():
    assert [level.id for level in levels("rob2-assignment")] == ["low", "some-concerns", "high"]
    assert levels("rob2-assignment", overall=True) == levels("rob2-assignment")
    assert [level.id for level in levels("robins-i")] == ["low", "moderate", "serious", "critical", "no-information"]
    assert levels("robins-i")[-1].rank is None
    assert levels("jbi-cohort") == ()
    assert [level.id for level in levels("jbi-cohort", overall=True)] == ["include", "seek-information", "exclude"]
    assert levels(tool("syrcle"), overall=True) == ()


def test_the_two_effects_of_rob2_differ_in_the_second_domain_only():
    one, other = tool("rob2-assignment"), tool("rob2-adherence")
    assert [a == b for a, b in zip(one.domains, other.domains, strict=True)] == [True, False, True, True, True]
    assert one.overall == other.overall
    assert one.version == other.version == "2019-08-22"


def test_a_condition_is_unknown_only_while_a_missing_answer_could_decide_it():
    a, b = Is("a", frozenset("Y")), Is("b", frozenset("Y"))
    either, both = Several("any", (a, b)), Several("all", (a, b))
    assert holds(None, {}) is True
    assert (holds(a, {}), holds(a, {"a": "Y"}), holds(a, {"a": "N"})) == (None, True, False)
    assert (holds(either, {"a": "Y"}), holds(either, {"a": "N"}), holds(either, {"a": "N", "b": "N"})) == (
        True,
        None,
        False,
    )
    assert (holds(both, {"a": "N"}), holds(both, {"a": "Y"}), holds(both, {"a": "Y", "b": "Y"})) == (
        False,
        None,
        True,
    )


def test_a_condition_is_spelt_out():
    questions = {question.id: question for question in tool("rob2-adherence").questions()}
    assert spell(questions["2.3"].when) == "2.1 is Y, PY or NI or 2.2 is Y, PY or NI"
    questions = {question.id: question for question in tool("robins-i").questions()}
    assert spell(questions["1.4"].when) == "1.1 is Y or PY and (1.2 is PN, N or NI or 1.3 is PN, N or NI)"
