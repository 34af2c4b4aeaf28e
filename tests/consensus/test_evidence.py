"""What statements rest on: found by name, remembered as it was, and told apart from what it is now."""

from dataclasses import replace

import pytest

from stromata.consensus import basis_of, basis_of_criterion, changed, find_evidence
from stromata.errors import NotFound
from stromata.model import Condition, Criterion, EffectSize, Interval, Standard, Synthesis

NATURAL = Interval(0.5, 0.3, 0.7)
EFFECTS = (
    EffectSize("A 2020", "PLO", -0.1, 0.2, NATURAL, (("events", 8.0), ("total", 17.0)), "a"),
    EffectSize("B 2021", "PLO", 0.3, 0.4, NATURAL, (("events", 5.0), ("total", 9.0)), "b"),
)


def synthesis(**changes):
    method = ("random", "reml", "z", 0.95)
    made = Synthesis(2, "PLO", *method, 0.0, 0.3, -0.8, 0.8, NATURAL, effects=EFFECTS, plan="responders")
    return replace(made, **changes)


WHOLE = synthesis(subgroups=(("Psoriasis", synthesis(k=1)), ("Other", synthesis(k=1))))
CONDITIONS = (Condition("psoriasis", "Psoriasis"),)


def test_evidence_is_found_by_plan_and_by_condition():
    assert find_evidence("responders", (WHOLE,)) is WHOLE
    assert find_evidence("responders/psoriasis", (WHOLE,), CONDITIONS).k == 1
    assert find_evidence("responders/Other", (WHOLE,), CONDITIONS).k == 1
    with pytest.raises(NotFound, match="no synthesis 'cures'") as error:
        find_evidence("cures", (WHOLE,))
    assert "responders" in error.value.hint
    with pytest.raises(NotFound, match="no subgroup 'lupus'") as error:
        find_evidence("responders/lupus", (WHOLE,), CONDITIONS)
    assert "psoriasis, Other" in error.value.hint


def test_a_slash_without_a_condition_is_no_evidence():
    """It must neither count as the whole nor become another name for it."""
    with pytest.raises(NotFound, match="names no condition after the slash") as caught:
        find_evidence("p/", [synthesis(plan="p")])
    assert caught.value.hint == "Write p for the whole, or p/CONDITION."


def test_equal_evidence_has_not_changed_whatever_the_order_of_studies():
    before = basis_of("responders", synthesis(), "low")
    now = basis_of("responders", synthesis(effects=EFFECTS[::-1], natural=Interval(0.5 + 1e-9, 0.3, 0.7)), "low")
    assert before.fingerprint == now.fingerprint
    assert changed(before, now) == ""


@pytest.mark.parametrize(
    ("now", "certainty", "said"),
    [
        ({"k": 3}, "low", "responders: studies 2 → 3."),
        ({"measure": "PFT"}, "low", "responders: measure PLO → PFT."),
        ({"natural": Interval(0.6, 0.4, 0.8)}, "low", "estimate 0.5 (0.3 to 0.7) → 0.6 (0.4 to 0.8)"),
        ({"natural": Interval(None, None, None)}, "low", "estimate 0.5 (0.3 to 0.7) → none"),
        ({}, "very-low", "certainty low → very low"),
        ({}, None, "certainty low → not judged"),
        ({"tau2_method": "pm"}, "low", "the data or the method behind it, although the estimate is the same"),
    ],
)
def test_what_has_changed_is_said(now, certainty, said):
    before = basis_of("responders", synthesis(), "low")
    assert said in changed(before, basis_of("responders", synthesis(**now), certainty))


def test_a_first_judgement_of_certainty_changes_nothing_and_a_loss_does():
    before = basis_of("responders", synthesis())
    assert changed(before, basis_of("responders", synthesis(), "high")) == ""
    assert changed(before, None) == "responders is not there any more."


def test_a_criterion_changes_with_what_it_asks_and_not_with_its_reasons():
    criterion = Criterion("V1", "release", "batch", "viability_pct", ">=", "must", "because", 70.0, "percent")
    standard = Standard("ours", "1", "Ours", ("batch",), (criterion,))
    before = basis_of_criterion(standard, criterion)
    assert (before.id, before.kind, before.text) == ("ours/V1", "criterion", "viability_pct >= 70.0 percent (must)")
    assert changed(before, basis_of_criterion(standard, replace(criterion, rationale="for other reasons"))) == ""
    said = changed(before, basis_of_criterion(standard, replace(criterion, value=80.0)))
    assert said == "ours/V1 was “viability_pct >= 70.0 percent (must)” and is “viability_pct >= 80.0 percent (must)”."
