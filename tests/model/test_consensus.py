"""Types of a consensus: they go to JSON and come back, and nothing in them can change."""

from dataclasses import FrozenInstanceError, fields

import pytest

from stromata.consensus import consensus_rule, rate, rounds
from stromata.model import codec
from stromata.model.consensus import (
    CertaintyJudgement,
    DomainJudgement,
    EtdFrame,
    EtdJudgement,
    Interest,
    Panel,
    Panellist,
    Recommendation,
    Round,
    Statement,
    Vote,
)
from stromata.model.protocol import StoppingRule

VALUES = [
    Panel("p", "Panel", (Panellist("Ann", "chair", "derm", (Interest("shares", ("S1",)),), declared=True),)),
    Statement("S1", "Give cells.", ("syn",), ("crit",)),
    Vote("S1", "Ann", 1, None, "unable"),
    Round(1, "2025-01-01", "2025-01-02", ("Ann",), ("S1",), "abc"),
    StoppingRule(),
    rate([1, 2, 9], statement="S1"),
    rounds([Vote("S1", "Ann", 1, 8)], consensus_rule("pct75"))[0],
    CertaintyJudgement(
        "o",
        "high",
        "Trials.",
        (DomainJudgement("imprecision", "serious", -1, "few", "Ann", "serious", (("n", 3.0),)),),
        "moderate",
        ("x",),
    ),
    EtdFrame(
        "f",
        "?",
        judgements=(EtdJudgement("equity", "reduced", votes=(("reduced", 3),)),),
        recommendation=Recommendation("S1", "strong", "for", "act", "high"),
    ),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_goes_to_json_and_comes_back(value):
    assert codec.from_data(type(value), codec.to_data(value)) == value
    with pytest.raises(FrozenInstanceError):
        setattr(value, fields(value)[0].name, None)
