"""The rules, branch by branch and over all combinations of answers; and what an appraisal still lacks."""

from functools import cache
from itertools import combinations_with_replacement, pairwise, product

import pytest

from stromata.appraisal import MILD, check, complete, propose, tool
from stromata.appraisal.tool import Is
from stromata.errors import InvalidInput, NotFound
from stromata.model import Appraisal, Judgement, SignallingAnswer

ALIKE = {"PY": "Y", "PN": "N"}
ROB2 = [
    ("rob2-assignment", "D1"),
    ("rob2-assignment", "D2"),
    ("rob2-adherence", "D2"),
    ("rob2-assignment", "D3"),
    ("rob2-assignment", "D4"),
    ("rob2-assignment", "D5"),
]
RULED = [*ROB2, *(("syrcle", f"D{place}") for place in range(1, 11))]


def domain(of, name):
    return next(one for one in tool(of).domains if one.id == name)


def judge(of, name, answers):
    """Return the proposed level of one domain, answers to questions not reached being ignored."""
    proposal = propose(of, answers)
    return next(one.proposed for one in proposal.domains if one.domain == name)


def every(of, name, *, short=False):
    """Yield all combinations of answers of a domain; with `short`, PY and PN are left out as they act like Y and N."""
    questions = domain(of, name).questions
    choices = [[a for a in question.answers if not (short and a in ALIKE)] for question in questions]
    for answers in product(*choices):
        yield dict(zip([question.id for question in questions], answers, strict=True))


@cache
def table(of, name):
    """Return the level of each combination of a domain's answers, PY and PN left out."""
    return {tuple(answers.items()): judge(of, name, answers) for answers in every(of, name, short=True)}


@pytest.mark.parametrize(("of", "name"), RULED)
def test_every_path_ends_in_a_level(of, name):
    levels = {level.id for level in tool(of).levels}
    assert set(table(of, name).values()) == levels  # each level is reached, and nothing else


@pytest.mark.parametrize("of", ["rob2-assignment", "rob2-adherence", "robins-i"])
def test_no_condition_tells_probably_from_certainly(of):
    """With the next test: whatever number of answers are probable ones, levels and questions asked are the same."""

    def leaves(condition):
        return [condition] if isinstance(condition, Is) else [leaf for part in condition.parts for leaf in leaves(part)]

    conditions = [question.when for question in tool(of).questions() if question.when is not None]
    conditions += [rule.when for one in tool(of).domains for part in one.parts for rule in part]
    for leaf in (leaf for condition in conditions for leaf in leaves(condition)):
        for probable, certain in ALIKE.items():
            assert (probable in leaf.answers) == (certain in leaf.answers)


@pytest.mark.parametrize(("of", "name"), ROB2)
def test_a_probable_answer_gives_the_level_of_a_certain_one(of, name):
    for answers, level in table(of, name).items():
        for place, (question, answer) in enumerate(answers):
            for probable, certain in ALIKE.items():
                if certain == answer:
                    changed = dict(answers) | {question: probable}
                    assert judge(of, name, changed) == level, (place, changed)


@pytest.mark.parametrize(("of", "name"), ROB2)
def test_answers_that_are_not_reached_never_matter(of, name):
    for answers, level in table(of, name).items():
        given = dict(answers)
        asked = set(propose(of, given).asked)
        without = {question: answer for question, answer in given.items() if question in asked}
        marked = given | {question: "NA" for question in given if question not in asked}
        assert judge(of, name, without) == judge(of, name, marked) == level


def badness(question, answer):
    """Return how far an answer speaks for bias: what does not apply or speaks against it, no information, for it."""
    side = "yes" if answer in {"Y", "yes"} else "no" if answer in {"N", "no"} else ""
    return 0 if answer == "NA" or (side and side != question.worse) else 2 if side else 1


@pytest.mark.parametrize(("of", "name"), RULED)
def test_a_worse_answer_never_gives_a_better_level(of, name):
    order = [level.id for level in tool(of).levels]
    levels = {answers: order.index(level) for answers, level in table(of, name).items()}
    for question in domain(of, name).questions:
        assert question.worse
        ladder = sorted((a for a in question.answers if a not in ALIKE), key=lambda a, q=question: badness(q, a))
        for answers, level in levels.items():
            given = dict(answers)
            for better, worse in pairwise(ladder):
                if given[question.id] == better and badness(question, better) < badness(question, worse):
                    assert level <= levels[tuple((given | {question.id: worse}).items())]


# -- RoB 2, the published branches row by row ------------------------------------------------------------------------

SOME = "some-concerns"
Y, N, NI, NOT_Y, NOT_N = ("Y", "PY"), ("N", "PN"), ("NI",), ("N", "PN", "NI"), ("Y", "PY", "NI")
ANY, NA_TOO = ("Y", "PY", "PN", "N", "NI"), ("Y", "PY", "NA")

BRANCHES = {
    "D1": [
        ({"1.2": N, "1.1": ANY, "1.3": ANY}, "high"),
        ({"1.2": NI, "1.3": Y, "1.1": ANY}, "high"),
        ({"1.2": NI, "1.3": NOT_Y, "1.1": ANY}, SOME),
        ({"1.2": Y, "1.1": N, "1.3": ANY}, SOME),
        ({"1.2": Y, "1.1": NOT_N, "1.3": Y}, SOME),
        ({"1.2": Y, "1.1": NOT_N, "1.3": NOT_Y}, "low"),
    ],
    "D2 A": [
        ({"2.1": N, "2.2": N}, "low"),
        ({"2.1": NOT_N, "2.2": ANY, "2.3": N}, "low"),
        ({"2.1": NOT_N, "2.2": ANY, "2.3": NI}, SOME),
        ({"2.1": NOT_N, "2.2": ANY, "2.3": Y, "2.4": N}, SOME),
        ({"2.1": NOT_N, "2.2": ANY, "2.3": Y, "2.4": NOT_N, "2.5": Y}, SOME),
        ({"2.1": NOT_N, "2.2": ANY, "2.3": Y, "2.4": NOT_N, "2.5": NOT_Y}, "high"),
        ({"2.1": ANY, "2.2": NOT_N, "2.3": N}, "low"),
        ({"2.1": ANY, "2.2": NOT_N, "2.3": NI}, SOME),
        ({"2.1": ANY, "2.2": NOT_N, "2.3": Y, "2.4": N}, SOME),
        ({"2.1": ANY, "2.2": NOT_N, "2.3": Y, "2.4": NOT_N, "2.5": Y}, SOME),
        ({"2.1": ANY, "2.2": NOT_N, "2.3": Y, "2.4": NOT_N, "2.5": NOT_Y}, "high"),
    ],
    "D2 B": [
        ({"2.6": Y}, "low"),
        ({"2.6": NOT_Y, "2.7": N}, SOME),
        ({"2.6": NOT_Y, "2.7": NOT_N}, "high"),
    ],
    "D2 adherence": [
        ({"2.1": N, "2.2": N, "2.4": (*N, "NA"), "2.5": (*N, "NA")}, "low"),
        ({"2.1": N, "2.2": N, "2.4": NOT_N, "2.5": ("N", "Y", "NA"), "2.6": Y}, SOME),
        ({"2.1": N, "2.2": N, "2.4": ("N", "Y", "NA"), "2.5": NOT_N, "2.6": NOT_Y}, "high"),
        ({"2.1": NOT_N, "2.2": ("N", "Y"), "2.3": NA_TOO, "2.4": (*N, "NA"), "2.5": (*N, "NA")}, "low"),
        ({"2.1": ("N", "Y"), "2.2": NOT_N, "2.3": NA_TOO, "2.4": NOT_N, "2.5": ("N", "Y"), "2.6": Y}, SOME),
        ({"2.1": ("N", "Y"), "2.2": NOT_N, "2.3": NA_TOO, "2.4": ("N", "NA"), "2.5": NOT_N, "2.6": NOT_Y}, "high"),
        ({"2.1": NOT_N, "2.2": ("N", "Y"), "2.3": NOT_Y, "2.4": ("N", "Y", "NA"), "2.5": ("N", "Y"), "2.6": Y}, SOME),
        ({"2.1": NOT_N, "2.2": ("N",), "2.3": NOT_Y, "2.4": ("N", "Y"), "2.5": ("N", "NA"), "2.6": NOT_Y}, "high"),
    ],
    "D3": [
        ({"3.1": Y}, "low"),
        ({"3.1": NOT_Y, "3.2": Y}, "low"),
        ({"3.1": NOT_Y, "3.2": N, "3.3": N}, "low"),
        ({"3.1": NOT_Y, "3.2": N, "3.3": NOT_N, "3.4": N}, SOME),
        ({"3.1": NOT_Y, "3.2": N, "3.3": NOT_N, "3.4": NOT_N}, "high"),
    ],
    "D4": [
        ({"4.1": Y, "4.2": ANY}, "high"),
        ({"4.1": NOT_Y, "4.2": Y}, "high"),
        ({"4.1": NOT_Y, "4.2": N, "4.3": N}, "low"),
        ({"4.1": NOT_Y, "4.2": N, "4.3": NOT_N, "4.4": N}, "low"),
        ({"4.1": NOT_Y, "4.2": N, "4.3": NOT_N, "4.4": NOT_N, "4.5": N}, SOME),
        ({"4.1": NOT_Y, "4.2": N, "4.3": NOT_N, "4.4": NOT_N, "4.5": NOT_N}, "high"),
        ({"4.1": NOT_Y, "4.2": NI, "4.3": N}, SOME),
        ({"4.1": NOT_Y, "4.2": NI, "4.3": NOT_N, "4.4": N}, SOME),
        ({"4.1": NOT_Y, "4.2": NI, "4.3": NOT_N, "4.4": NOT_N, "4.5": N}, SOME),
        ({"4.1": NOT_Y, "4.2": NI, "4.3": NOT_N, "4.4": NOT_N, "4.5": NOT_N}, "high"),
    ],
    "D5": [
        ({"5.1": ANY, "5.2": Y, "5.3": ANY}, "high"),
        ({"5.1": ANY, "5.2": ANY, "5.3": Y}, "high"),
        ({"5.1": Y, "5.2": N, "5.3": N}, "low"),
        ({"5.1": NOT_Y, "5.2": N, "5.3": N}, SOME),
        ({"5.1": ANY, "5.2": NI, "5.3": NOT_Y}, SOME),
        ({"5.1": ANY, "5.2": NOT_Y, "5.3": NI}, SOME),
    ],
}
"""Each row with exactly the questions that its branch asks."""

ROWS = [
    pytest.param(name, row, level, id=f"{name}-{place}")
    for name, rows in BRANCHES.items()
    for place, (row, level) in enumerate(rows)
]
REST = {"D2 A": {"2.6": "Y"}, "D2 B": {"2.1": "N", "2.2": "N"}}


@pytest.mark.parametrize(("name", "row", "level"), ROWS)
def test_a_branch_of_rob2_gives_its_level_and_asks_its_questions(name, row, level):
    of = "rob2-adherence" if name == "D2 adherence" else "rob2-assignment"
    id_ = name.split()[0]
    for answers in product(*row.values()):
        given = dict(zip(row, answers, strict=True)) | REST.get(name, {})
        proposal = propose(of, given)
        asked = [question for question in proposal.asked if question[0] == id_[1]]
        assert next(one.proposed for one in proposal.domains if one.domain == id_) == level, given
        assert sorted(asked) == sorted(given)
        assert proposal.problems == ()


@pytest.mark.parametrize("parts", list(product(("low", SOME, "high"), repeat=2)))
def test_the_worse_part_decides_the_deviations_domain(parts):
    first = {
        "low": {"2.1": "N", "2.2": "N"},
        SOME: {"2.1": "Y", "2.2": "Y", "2.3": "NI"},
        "high": {"2.1": "Y", "2.2": "Y", "2.3": "Y", "2.4": "Y", "2.5": "N"},
    }
    second = {"low": {"2.6": "Y"}, SOME: {"2.6": "N", "2.7": "N"}, "high": {"2.6": "NI", "2.7": "NI"}}
    order = ("low", SOME, "high")
    level = judge("rob2-assignment", "D2", first[parts[0]] | second[parts[1]])
    assert level == max(parts, key=order.index)


ALL_LOW = {
    "1.1": "Y", "1.2": "Y", "1.3": "N", "2.1": "N", "2.2": "PN", "2.6": "Y", "3.1": "PY", "4.1": "N", "4.2": "N",
    "4.3": "N", "5.1": "Y", "5.2": "N", "5.3": "N",
}  # fmt: skip


@pytest.mark.parametrize("levels", list(combinations_with_replacement(("low", SOME, "high"), 5)))
def test_the_overall_level_of_rob2_is_the_worst_domain(levels):
    given = dict(zip(("D1", "D2", "D3", "D4", "D5"), levels, strict=True))
    expected = "high" if "high" in levels else SOME if SOME in levels else "low"
    proposal = propose("rob2-adherence", {}, levels=given)
    assert proposal.overall.proposed == proposal.overall.level == expected


# -- other tools -----------------------------------------------------------------------------------------------------

ROBINS = ("low", "moderate", "serious", "critical", "no-information")


@pytest.mark.parametrize("levels", list(combinations_with_replacement(ROBINS, 3)))
def test_the_overall_level_of_robins_i_follows_the_levels_that_people_gave(levels):
    given = dict.fromkeys((f"D{place}" for place in range(1, 8)), "low")
    given |= dict(zip(("D1", "D4", "D7"), levels, strict=True))
    expected = next(one for one in ("critical", "serious", "no-information", "moderate", "low") if one in levels)
    proposal = propose("robins-i", {}, levels=given)
    assert proposal.overall.proposed == expected
    assert [one.proposed for one in proposal.domains] == [""] * 7


def test_a_domain_without_a_rule_waits_for_a_person():
    answers = {"3.1": "Y", "3.2": "Y", "3.3": "N"}
    proposal = propose("robins-i", answers)
    assert "D3" in proposal.missing
    assert "D6" not in proposal.missing  # its questions come first
    assert proposal.overall.proposed == ""


@pytest.mark.parametrize(
    ("first", "asked"),
    [
        ({"1.1": "N"}, ["1.1"]),
        ({"1.1": "Y", "1.2": "N"}, ["1.1", "1.2", "1.4", "1.6"]),
        ({"1.1": "PY", "1.2": "Y", "1.3": "N"}, ["1.1", "1.2", "1.3", "1.4", "1.6"]),
        ({"1.1": "Y", "1.2": "Y", "1.3": "Y", "1.7": "PY"}, ["1.1", "1.2", "1.3", "1.7", "1.8"]),
    ],
)
def test_robins_i_asks_for_baseline_or_time_varying_confounding(first, asked):
    assert [question for question in propose("robins-i", first).asked if question[0] == "1"] == asked


@pytest.mark.parametrize(
    ("aim", "asked"), [("assignment", ["4.0", "4.1"]), ("adherence", ["4.0", "4.3", "4.4", "4.5"])]
)
def test_the_aim_decides_which_deviations_robins_i_asks_for(aim, asked):
    assert [question for question in propose("robins-i", {"4.0": aim}).asked if question[0] == "4"] == asked


@pytest.mark.parametrize(("answer", "level"), [("yes", "low"), ("no", "high"), ("unclear", "unclear")])
def test_an_item_of_syrcle_has_the_level_of_its_answer_and_there_is_no_whole(answer, level):
    proposal = propose("syrcle", {str(place): answer for place in range(1, 11)})
    assert [one.level for one in proposal.domains] == [level] * 10
    assert proposal.overall is None
    assert proposal.missing == ()


def test_jbi_gives_no_level_and_asks_a_person():
    proposal = propose("jbi-case-series", {str(place): "yes" for place in range(1, 11)})
    assert proposal.domains == ()
    assert proposal.overall == Judgement("overall", "")
    assert proposal.missing == ("overall",)


GOOD_REVIEW = {question.id: "yes" for question in tool("amstar-2").questions()}
CRITICAL = ("2", "4", "7", "9", "11", "13", "15")
OTHERS = ("1", "3", "5", "6", "8", "10", "12", "14", "16")
PARTS = {"9": "9a", "11": "11b"}


def review(flawed, answer="no", **settings):
    return propose("amstar-2", GOOD_REVIEW | {PARTS.get(item, item): answer for item in flawed}, **settings)


@pytest.mark.parametrize("critical", range(8))
@pytest.mark.parametrize("other", range(10))
def test_confidence_in_a_review_depends_on_how_many_items_are_flawed(critical, other):
    expected = "critically-low" if critical > 1 else "low" if critical else "moderate" if other > 1 else "high"
    for shift in range(7):  # which items they are does not matter
        chosen = [(CRITICAL * 2)[shift + place] for place in range(critical)]
        chosen += [(OTHERS * 2)[shift + place] for place in range(other)]
        assert review(chosen).overall.level == expected


def test_an_item_in_two_parts_is_one_flaw():
    assert review(()).overall.level == "high"
    both = propose("amstar-2", GOOD_REVIEW | {"9a": "no", "9b": "no"})
    assert both.overall.level == "low"


def test_no_meta_analysis_is_no_flaw():
    answers = GOOD_REVIEW | dict.fromkeys(("11a", "11b", "12", "15"), "no-meta-analysis")
    assert propose("amstar-2", answers).overall.level == "high"
    one_kind = GOOD_REVIEW | {"9b": "only-randomised", "11b": "only-randomised"}
    assert propose("amstar-2", one_kind).overall.level == "high"


def test_whether_a_partial_yes_is_a_flaw_is_a_stated_setting():
    lenient, strict = review(("2", "4"), "partial-yes"), review(("2", "4"), "partial-yes", partial_is_flaw=True)
    assert (lenient.overall.level, strict.overall.level) == ("high", "critically-low")
    assert lenient.basis == "Critical items: 2, 4, 7, 9, 11, 13, 15. A partial yes does not count as a flaw."
    assert "counts as a flaw" in strict.basis


def test_a_team_can_choose_its_critical_items():
    assert review(("2", "4")).overall.level == "critically-low"
    assert review(("2", "4"), critical=("7", "13")).overall.level == "moderate"
    assert review(("1",), critical=("1",)).overall.level == "low"
    with pytest.raises(InvalidInput, match="9a"):
        review((), critical=("9a",))
    with pytest.raises(InvalidInput, match="no critical items"):
        propose("syrcle", {}, critical=("1",))


# -- what is missing or wrong ----------------------------------------------------------------------------------------


def test_only_questions_on_a_reached_branch_are_asked():
    proposal = propose("rob2-assignment", {"2.1": "N"})
    assert "2.3" not in proposal.asked  # 2.2 may still lead there
    assert "2.3" not in dict(proposal.answers)
    assert propose("rob2-assignment", {"2.1": "NI"}).asked[3:6] == ("2.1", "2.2", "2.3")
    assert dict(propose("rob2-assignment", {"2.1": "N", "2.2": "N"}).answers)["2.5"] == "NA"


def test_a_domain_with_a_missing_answer_has_no_level():
    answers = ALL_LOW | {"4.3": "Y"}
    proposal = propose("rob2-assignment", answers)
    assert [one.level for one in proposal.domains] == ["low", "low", "low", "", "low"]
    assert proposal.missing == ("4.4",)
    assert proposal.overall.level == ""


def test_an_answer_to_a_question_not_reached_is_a_problem_and_not_used():
    proposal = propose("rob2-assignment", ALL_LOW | {"3.4": "Y"})
    assert [(one.code, one.column) for one in proposal.problems] == [("unreached-answer", "3.4")]
    assert dict(proposal.answers)["3.4"] == "NA"
    assert proposal.overall.level == "low"
    assert propose("rob2-assignment", ALL_LOW | {"3.4": "NA"}).problems == ()


def test_answers_and_levels_that_the_tool_does_not_have_are_problems():
    proposal = propose("rob2-assignment", ALL_LOW | {"1.1": "maybe", "9.9": "Y"}, levels={"D9": "low", "D1": "bad"})
    met = {(one.code, one.column) for one in proposal.problems}
    assert met == {
        ("answer-not-allowed", "1.1"),
        ("unknown-question", "9.9"),
        ("unknown-domain", "D9"),
        ("unknown-level", "D1"),
    }
    assert proposal.missing == ("1.1",)
    (not_there,) = propose("rob2-assignment", ALL_LOW | {"3.1": "N", "3.2": "NI"}).problems
    assert "Y, PY, PN, N" in not_there.hint
    (not_applicable,) = propose("rob2-assignment", ALL_LOW | {"1.1": "NA"}).problems
    assert not_applicable.code == "answer-not-allowed"


def test_an_unknown_tool_is_not_found():
    with pytest.raises(NotFound):
        propose("robins", {})


def appraisal(answers, judgements=(), *, of="rob2-assignment", support="as printed", **changed):
    said = tuple(SignallingAnswer(question, answer, support) for question, answer in answers.items())
    values = {"version": tool(of).version, "result": "response" if tool(of).per == "result" else ""} | changed
    return Appraisal(of, study="A1", appraiser="ann", answers=said, judgements=tuple(judgements), **values)


def codes(*args, **kwargs):
    return [(one.code, one.column) for one in check(appraisal(*args, **kwargs))]


def test_a_whole_and_supported_appraisal_has_no_problem():
    assert codes(ALL_LOW) == []
    assert codes(ALL_LOW, [Judgement("D1", "low"), Judgement("overall", "low")]) == []


def test_a_level_other_than_the_proposed_one_needs_a_reason():
    assert codes(ALL_LOW, [Judgement("D1", "high")]) == [("missing-reason", "D1")]
    assert codes(ALL_LOW, [Judgement("D1", "high", reason=" ")]) == [("missing-reason", "D1")]
    assert codes(ALL_LOW, [Judgement("D1", "high", reason="seen unblinded")]) == []


def test_the_whole_cannot_be_better_than_its_rule_without_a_reason():
    changed = ALL_LOW | {"5.1": "NI"}
    assert codes(changed, [Judgement("overall", "low")]) == [("overall-too-good", "overall")]
    assert codes(changed, [Judgement("overall", "high")]) == [("missing-reason", "overall")]
    assert codes(changed, [Judgement("overall", "low", reason="registered in another name")]) == []


def test_a_level_that_a_person_changed_counts_for_the_whole():
    changed = [Judgement("D3", SOME, reason="losses differ"), Judgement("overall", "low")]
    assert codes(ALL_LOW, changed) == [("overall-too-good", "overall")]


def test_answers_without_support_are_told_mildly():
    found = codes(ALL_LOW | {"1.1": "NI"}, support="")
    assert {code for code, _ in found} == {"support-missing"}
    assert {code for code, _ in found} <= MILD
    assert "1.1" not in {column for _, column in found}  # no information has nothing to support it
    assert len(found) == len(ALL_LOW) - 1


def test_what_is_missing_is_told_mildly():
    given = {question: answer for question, answer in ALL_LOW.items() if question != "2.6"}
    assert codes(given) == [("missing-answer", "2.6")]
    assert codes({}, of="jbi-case-report")[-1][0] == "missing-answer"
    whole = {str(place): "yes" for place in range(1, 9)}
    assert codes(whole, of="jbi-case-report") == [("missing-level", "overall")]
    assert {"missing-answer", "missing-level"} <= MILD


def test_the_appraisal_must_be_of_what_the_tool_judges():
    assert codes(ALL_LOW, result="") == [("missing-result", "result")]
    assert codes({str(place): "yes" for place in range(1, 11)}, of="syrcle", result="pasi") == [
        ("result-not-allowed", "result")
    ]
    assert codes(ALL_LOW, version="2018") == [("wrong-version", "")]


def test_entries_given_twice_are_told():
    twice = appraisal(ALL_LOW)
    twice = Appraisal(
        twice.tool, twice.version, "A1", "ann", "response", (*twice.answers, SignallingAnswer("1.1", "N", "no"))
    )
    assert ("named-twice", "1.1") in [(one.code, one.column) for one in check(twice)]


POOLED_NEITHER = dict.fromkeys(("11a", "11b", "12", "15"), "no-meta-analysis")
ONLY_TRIALS = {"9b": "only-randomised", "11b": "only-randomised"}
NO_TRIALS = {"9a": "only-nonrandomised", "11a": "only-nonrandomised"}


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"9a": "only-nonrandomised", "9b": "only-randomised"} | POOLED_NEITHER, "only randomised and only non-"),
        ({"11a": "only-nonrandomised", "11b": "only-randomised"}, "only randomised and only non-"),
        ({"9a": "only-nonrandomised"}, "no randomised trials at 9a, yet pools some"),
        ({"9a": "only-nonrandomised", "11a": "no"}, "no randomised trials at 9a, yet pools some"),
        ({"9b": "only-randomised"}, "no non-randomised studies at 9b, yet pools some"),
        ({"9b": "only-randomised", "11b": "no"}, "no non-randomised studies at 9b, yet pools some"),
        (POOLED_NEITHER | {"9a": "only-nonrandomised", "11b": "only-randomised"}, "item 11 says the other kind"),
        (POOLED_NEITHER | {"9b": "only-randomised", "11a": "only-nonrandomised"}, "item 11 says the other kind"),
        ({"12": "no-meta-analysis"}, "a meta-analysis at item 11, and none at 12 or 15"),
        ({"15": "no-meta-analysis"}, "a meta-analysis at item 11, and none at 12 or 15"),
        (POOLED_NEITHER | {"11b": "no"}, "a meta-analysis at item 11, and none at 12 or 15"),
        (POOLED_NEITHER | {"12": "no"}, "no meta-analysis at item 11, and one at 12 or 15"),
        (ONLY_TRIALS | {"11a": "no-meta-analysis", "12": "no-meta-analysis"}, "no meta-analysis at item 11, and one"),
    ],
)
def test_contradictory_answers_are_told(answers, words):
    (found,) = check(appraisal(GOOD_REVIEW | answers, of="amstar-2"))
    assert found.code == "contradiction"
    assert words in found.text


@pytest.mark.parametrize(
    "answers",
    [
        POOLED_NEITHER,
        ONLY_TRIALS,
        NO_TRIALS,
        ONLY_TRIALS | {"11a": "no-meta-analysis", "12": "no-meta-analysis", "15": "no-meta-analysis"},
        {"9b": "only-randomised"} | POOLED_NEITHER,
        {"11a": "only-nonrandomised"},  # there are trials, but only the other studies were pooled
        {"11a": "no-meta-analysis"},
    ],
)
def test_answers_that_go_together_are_not_called_contradictory(answers):
    assert check(appraisal(GOOD_REVIEW | answers, of="amstar-2")) == ()


def test_settings_reach_the_check():
    given = appraisal(GOOD_REVIEW | {"2": "no"}, [Judgement("overall", "high")], of="amstar-2")
    assert [one.code for one in check(given)] == ["overall-too-good"]
    assert check(given, critical=("4",)) == ()


def test_completing_fills_in_levels_and_questions_not_reached():
    whole = complete(appraisal(ALL_LOW, [Judgement("D2", "high", reason="as treated", direction="favours cells")]))
    assert [answer.question for answer in whole.answers] == [one.id for one in tool(whole.tool).questions()]
    assert {answer.question for answer in whole.answers if answer.answer == "NA"} == {
        question.id for question in tool(whole.tool).questions()
    } - ALL_LOW.keys()
    assert whole.answers[0].support == "as printed"
    assert whole.judgements[1] == Judgement("D2", "high", "low", "as treated", "favours cells")
    assert [(one.domain, one.level, one.proposed) for one in whole.judgements[2:]] == [
        ("D3", "low", "low"),
        ("D4", "low", "low"),
        ("D5", "low", "low"),
        ("overall", "high", "high"),
    ]
    assert complete(whole) == whole
    assert check(whole) == ()


def test_completing_loses_nothing_that_cannot_be_used():
    odd = appraisal(ALL_LOW | {"3.4": "Y", "x": "Y"}, [Judgement("D9", "low")])
    whole = complete(odd)
    assert {(answer.question, answer.answer) for answer in odd.answers} <= {
        (answer.question, answer.answer) for answer in whole.answers
    }
    assert Judgement("D9", "low") in whole.judgements


def test_a_tool_without_a_whole_gets_none_when_completed():
    whole = complete(appraisal({str(place): "yes" for place in range(1, 11)}, of="syrcle"))
    assert [one.domain for one in whole.judgements] == [f"D{place}" for place in range(1, 11)]
