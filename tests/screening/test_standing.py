"""Where a reference stands, computed from verdicts."""

import pytest

from stromata.model import Decision, ExclusionReason, Resolution, ReviewProtocol, StageRule
from stromata.screening import counted_reason, standing

PROTOCOL = ReviewProtocol(
    reasons=(ExclusionReason("population", "wrong people"), ExclusionReason("design", "no trial"))
)
STAGE = "title-abstract"


def verdicts(*given: tuple[str, ...]) -> list[Decision]:
    return [
        Decision("r", STAGE, f"person-{number}", verdict, tuple(reasons))  # type: ignore[arg-type]
        for number, (verdict, *reasons) in enumerate(given)
    ]


@pytest.mark.parametrize(
    ("given", "state", "missing"),
    [
        ([], "open", 2),
        ([("include",)], "open", 1),
        ([("include",), ("include",)], "included", 0),
        ([("include",), ("maybe",)], "included", 0),
        ([("maybe",), ("exclude",)], "conflict", 0),
        ([("exclude",), ("exclude",)], "excluded", 0),
        ([("exclude",), ("exclude",), ("include",)], "conflict", 0),
    ],
)
def test_two_independent_verdicts_make_a_standing(given, state, missing):
    found = standing("r", STAGE, verdicts(*given), None, protocol=PROTOCOL)
    assert (found.state, found.missing) == (state, missing)


def test_a_settlement_stands_above_the_verdicts():
    settled = Resolution("r", STAGE, "judge", "exclude", ("design",))
    found = standing("r", STAGE, verdicts(("include",), ("exclude", "population")), settled, protocol=PROTOCOL)
    assert (found.state, found.counted_reason) == ("excluded", "design")


def test_one_reason_is_counted_by_the_protocols_order():
    found = standing("r", STAGE, verdicts(("exclude", "design"), ("exclude", "population")), None, protocol=PROTOCOL)
    assert found.counted_reason == "population"
    assert counted_reason(("design", "population"), protocol=PROTOCOL) == "population"
    assert counted_reason((), protocol=PROTOCOL) == ""


def test_a_stage_may_need_one_person_only():
    protocol = ReviewProtocol(stages=(StageRule(STAGE, reviewers=1),))
    assert standing("r", STAGE, verdicts(("include",)), None, protocol=protocol).state == "included"


def test_a_stage_that_the_protocol_does_not_name_needs_two_and_none_never_suffice():
    silent = ReviewProtocol(stages=())
    assert standing("r", STAGE, verdicts(("include",)), None, protocol=silent).state == "open"
    nobody = ReviewProtocol(stages=(StageRule(STAGE, reviewers=0),))
    assert standing("r", STAGE, [], None, protocol=nobody).state == "open"
