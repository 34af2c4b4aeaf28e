"""Two people's appraisals side by side: marks for figures, differences, and agreement with known values."""

import pytest

from stromata.appraisal import agreement, columns, compare, complete, marks, tool
from stromata.model import Appraisal, Judgement, SignallingAnswer


def appraisal(who, levels=(), answers=(), *, of="rob2-assignment", study="A1", result="r"):
    judgements = tuple(Judgement(domain, level) for domain, level in dict(levels).items())
    said = tuple(SignallingAnswer(question, answer) for question, answer in dict(answers).items())
    return Appraisal(of, tool(of).version, study, who, result, said, judgements)


def test_columns_are_judged_domains_or_else_questions():
    assert [one.column for one in columns("rob2-assignment")] == ["D1", "D2", "D3", "D4", "D5", "overall"]
    assert [one.column for one in columns("jbi-case-report")] == [*map(str, range(1, 9)), "overall"]
    assert "overall" not in [one.column for one in columns("syrcle")]
    assert columns("rob2-assignment")[0].short == "Randomisation"


def test_marks_carry_word_symbol_and_rank_of_each_level():
    found = marks(appraisal("ann", {"D1": "low", "D3": "some-concerns", "overall": "high"}))
    assert [(one.level, one.word, one.symbol, one.rank) for one in found] == [
        ("low", "Low", "+", 0),
        ("", "", "", None),
        ("some-concerns", "Some concerns", "!", 1),
        ("", "", "", None),
        ("", "", "", None),
        ("high", "High", "-", 2),
    ]
    found = marks(appraisal("ann", {"overall": "include"}, {"1": "no", "2": "not-applicable"}, of="jbi-case-report"))
    assert [(one.word, one.symbol, one.rank) for one in (found[0], found[1], found[-1])] == [
        ("No", "-", 2),
        ("Not applicable", "o", None),
        ("Include", "+", 0),
    ]


def test_marks_of_a_completed_appraisal_show_proposed_levels():
    answers = {str(place): "unclear" for place in range(1, 11)}
    found = marks(complete(appraisal("ann", (), answers, of="syrcle", result="")))
    assert [one.symbol for one in found] == ["?"] * 10


def test_a_level_that_the_tool_does_not_have_is_not_drawn():
    assert marks(appraisal("ann", {"D1": "dreadful"}))[0].level == ""


def test_two_people_are_compared_question_by_question_and_level_by_level():
    ann = appraisal("ann", {"D1": "low"}, {"1.1": "Y", "1.2": "NI"})
    bob = appraisal("bob", {"D1": "high", "overall": "high"}, {"1.1": "Y"})
    found = compare([bob, ann])
    assert [(one.item, one.given, one.equal) for one in found] == [
        ("1.1", ("Y", "Y"), True),
        ("1.2", ("NI", ""), False),
        ("D1", ("low", "high"), False),
        ("overall", ("", "high"), False),
    ]
    assert {one.appraisers for one in found} == {("ann", "bob")}


def test_only_the_same_result_with_the_same_tool_is_compared():
    ann = appraisal("ann", {"D1": "low"})
    others = [
        appraisal("bob", {"D1": "low"}, result="other"),
        appraisal("bob", {"D1": "low"}, study="B2"),
        appraisal("bob", {"D1": "low"}, of="rob2-adherence"),
        appraisal("ann", {"D1": "high"}),
    ]
    assert compare([ann, *others]) == ()
    assert agreement([ann, *others]) == ()


def test_the_last_of_several_by_one_person_counts():
    both = [appraisal("ann", {"D1": "low"}), appraisal("bob", {"D1": "high"}), appraisal("ann", {"D1": "high"})]
    assert [one.equal for one in compare(both)] == [True]


def table(counts, *, of="rob2-assignment", column="D1"):
    """Return appraisals of two people from counts of (first's level, second's level)."""
    found = []
    for (one, other), count in counts.items():
        for place in range(count):
            study = f"{one}-{other}-{place}"
            found += [appraisal("ann", {column: one}, of=of, study=study)]
            found += [appraisal("bob", {column: other}, of=of, study=study)]
    return found


def only(appraisals, column="D1"):
    (found,) = (one for one in agreement(appraisals) if one.column == column)
    return found


def test_kappa_by_hand():
    """20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed 0.7, by chance 0.5, kappa 0.4."""
    found = only(table({("low", "low"): 20, ("low", "high"): 5, ("high", "low"): 10, ("high", "high"): 15}))
    assert (found.n, found.n_ordered) == (50, 50)
    assert found.observed == pytest.approx(0.7)
    assert found.kappa == pytest.approx(0.4)
    assert found.weighted == pytest.approx(0.4)  # with two levels weights change nothing


def test_weighted_kappa_by_hand():
    """Ten pairs, margins 4, 3, 3 and 3, 4, 3, three of them one step apart.

    Steps by chance: (4 x (4 + 2 x 3) + 3 x (3 + 3) + 3 x (2 x 3 + 4)) / 10 = 8.8. Unweighted, agreement by chance is
    (12 + 12 + 9) / 100.
    """
    low, some, high = "low", "some-concerns", "high"
    counts = {(low, low): 3, (low, some): 1, (some, some): 2, (some, high): 1, (high, high): 2, (high, some): 1}
    found = only(table(counts))
    assert found.observed == pytest.approx(0.7)
    assert found.kappa == pytest.approx((0.7 - 0.33) / (1 - 0.33))
    assert found.weighted == pytest.approx(1 - 3 / 8.8)


def test_a_disagreement_of_two_steps_weighs_double():
    near = only(table({("low", "low"): 2, ("high", "high"): 2, ("low", "some-concerns"): 1}))
    far = only(table({("low", "low"): 2, ("high", "high"): 2, ("low", "high"): 1}))
    assert near.observed == far.observed
    assert near.weighted > far.weighted


def test_levels_outside_the_order_count_for_plain_kappa_only():
    counts = {("low", "low"): 2, ("serious", "serious"): 2, ("no-information", "low"): 1, ("low", "serious"): 1}
    found = only(table(counts, of="robins-i"))
    assert (found.n, found.n_ordered) == (6, 5)
    assert found.observed == pytest.approx(4 / 6)
    # by hand: chance = (3 x 3 + 2 x 3) / 36; ordered pairs: met 2 steps, by chance (3 x 3 x 2 + 2 x 2 x 2) / 5 steps
    assert found.kappa == pytest.approx((4 / 6 - 15 / 36) / (1 - 15 / 36))
    assert found.weighted == pytest.approx(1 - 2 / (26 / 5))


def test_without_variation_or_data_there_is_no_kappa():
    same = only(table({("low", "low"): 4}))
    assert (same.n, same.observed, same.kappa, same.weighted) == (4, 1.0, None, None)
    none = only(table({("low", "low"): 4}), "D2")
    assert (none.n, none.observed, none.kappa, none.weighted, none.n_ordered) == (0, None, None, None, 0)


def test_complete_and_no_agreement_are_the_ends():
    whole = only(table({("low", "low"): 3, ("high", "high"): 2}))
    assert (whole.kappa, whole.weighted) == (1.0, 1.0)
    crossed = only(table({("low", "high"): 3, ("high", "low"): 3}))
    assert (crossed.kappa, crossed.weighted) == (-1.0, -1.0)


def test_a_checklist_is_compared_by_its_answers():
    both = [
        appraisal(who, (), {"1": answer}, of="jbi-cohort", study=study, result="")
        for study, answers in {"A": ("yes", "yes"), "B": ("no", "no"), "C": ("yes", "unclear")}.items()
        for who, answer in zip(("ann", "bob"), answers, strict=True)
    ]
    assert only(both, "1").observed == pytest.approx(2 / 3)
    assert only(both, "2").n == 0


def test_each_pair_of_three_people_is_reported():
    three = [appraisal(who, {"D1": "low"}) for who in ("cat", "ann", "bob")]
    assert [one.appraisers for one in agreement(three) if one.column == "D1"] == [
        ("ann", "bob"),
        ("ann", "cat"),
        ("bob", "cat"),
    ]
