"""Evidence to Decision: fixed answers, wording, and what does not fit together."""

from dataclasses import replace

import pytest

from stromata.consensus import check_judgement, consistency, etd_criteria, etd_criterion, implications, wording
from stromata.errors import InvalidInput, NotFound
from stromata.model.consensus import EtdFrame, EtdJudgement, Recommendation

FITTING = {
    "problem": "yes", "desirable": "moderate", "undesirable": "small", "certainty": "moderate",
    "values": "not-important", "balance": "option", "resources": "negligible", "resources-certainty": "low",
    "cost-effectiveness": "neither", "equity": "no-impact", "acceptability": "yes", "feasibility": "yes",
}  # fmt: skip


def frame(strength="strong", direction="for", certainty="moderate", reason="", **answers):
    given = FITTING | {name.replace("_", "-"): answer for name, answer in answers.items()}
    judged = tuple(EtdJudgement(name, answer) for name, answer in given.items() if answer)
    return EtdFrame(
        "f", "?", judgements=judged, recommendation=Recommendation("S", strength, direction, "act", certainty, reason)
    )


def codes(given, **options):
    return [one.code for one in consistency(given, **options)]


def test_there_are_twelve_criteria_each_with_answers_and_an_origin():
    assert [one.id for one in etd_criteria()] == list(FITTING)
    for one in etd_criteria():
        ids = [answer.id for answer in one.answers]
        assert len(ids) == len(set(ids)) >= 4
        assert all(isinstance(answer, str) for answer in ids)
        assert (one.source != "") == (one.status == "sourced")
        assert one.scale_status == "secondary"
    assert [one.id for one in etd_criteria() if one.status == "unsourced"] == ["resources-certainty"]
    with pytest.raises(NotFound, match="cost"):
        etd_criterion("cost")


@pytest.mark.parametrize(
    ("strength", "direction", "expected"),
    [
        ("strong", "for", "We recommend to offer cells."),
        ("strong", "against", "We recommend to not offer cells."),
        ("conditional", "for", "We suggest to offer cells."),
        ("conditional", "against", "We suggest to not offer cells."),
        ("conditional", "either", "We suggest either to offer cells or not."),
    ],
)
def test_wording(strength, direction, expected):
    assert wording(strength, direction, " offer cells. ") == expected


@pytest.mark.parametrize(("strength", "direction", "action"), [("strong", "either", "act"), ("strong", "for", " ")])
def test_wording_that_cannot_be(strength, direction, action):
    with pytest.raises(InvalidInput):
        wording(strength, direction, action)


def test_implications_are_for_three_audiences():
    for strength, direction in (("strong", "for"), ("conditional", "against"), ("conditional", "either")):
        assert [audience for audience, _ in implications(strength, direction)] == ["patients", "clinicians", "policy"]


@pytest.mark.parametrize("strength", ["strong", "conditional"])
def test_implications_of_a_recommendation_against_speak_of_doing_without(strength):
    """Nobody may read of a recommendation against the option that most people would want the option."""
    against, favour = dict(implications(strength, "against")), dict(implications(strength, "for"))
    for audience, text in against.items():
        assert "course of action (to do without the option)" in text
        assert "course of action (to take the option)" in favour[audience]
        assert text != favour[audience]


def test_implications_for_either_option_favour_neither():
    for _, text in implications("conditional", "either"):
        assert "recommended" not in text
        assert "suggested" not in text
    with pytest.raises(InvalidInput):
        implications("strong", "either")


def test_only_fixed_answers_are_taken():
    check_judgement(EtdJudgement("equity", "reduced", votes=(("reduced", 5), ("varies", 1))))
    for wrong in (
        EtdJudgement("equity", "large"),
        EtdJudgement("equity", "reduced", votes=(("x", 1),)),
        EtdJudgement("equity", "reduced", votes=(("reduced", -1),)),
    ):
        with pytest.raises(InvalidInput):
            check_judgement(wrong)


def test_what_fits_has_no_warning():
    assert codes(frame(), certainties=["high", "moderate"]) == []


@pytest.mark.parametrize("certainty", ["low", "very-low"])
def test_a_strong_recommendation_on_weak_evidence_needs_a_reason(certainty):
    weak = frame(certainty=certainty)
    assert codes(weak) == ["strong-on-weak-evidence"]
    assert codes(frame(certainty=certainty, reason="Life-threatening.")) == ["strong-on-weak-evidence-explained"]
    assert codes(frame("conditional", certainty=certainty)) == []


def test_the_certainty_is_taken_from_outcomes_where_the_recommendation_names_none():
    assert codes(frame(certainty=None), certainties=["high", "very-low"]) == [
        "certainty-differs",
        "strong-on-weak-evidence",
    ]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (frame(balance="comparison"), "balance-opposes"),
        (frame("conditional", "against", balance="probably-option"), "balance-opposes"),
        (frame(balance="neither"), "balance-open"),
        (frame(balance="unknown"), "balance-open"),
        (frame(values="important"), "values-vary"),
        (frame(feasibility="probably-no"), "hard-to-carry-out"),
        (frame(equity=""), "etd-incomplete"),
        (frame("strong", "either"), "strong-either"),
    ],
)
def test_what_does_not_fit_is_told(given, code):
    assert codes(given) == [code]


def test_a_criterion_judged_twice_is_refused():
    twice = replace(frame(), judgements=(*frame().judgements, EtdJudgement("equity", "reduced")))
    with pytest.raises(InvalidInput, match="equity"):
        consistency(twice)


def test_a_frame_without_a_recommendation_only_tells_what_is_missing():
    assert codes(EtdFrame("f", "?")) == ["etd-incomplete"]
