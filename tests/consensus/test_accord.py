"""The ACCORD checklist: its shape, and what the log can answer."""

from collections import Counter

from stromata.consensus import ConsensusFacts, accord_items, consensus_rule, fill_accord, rounds
from stromata.consensus.accord import rounds_planned
from stromata.consensus.data import load
from stromata.model.consensus import Interest, Panel, Panellist, Round, Vote
from stromata.model.protocol import StoppingRule

PANEL = Panel(
    "p",
    members=(
        Panellist("Ann", "chair", declared=True),
        Panellist("Bob", interests=(Interest("shares", ("S1",)),), declared=True),
        Panellist("Cy", "patient"),
    ),
)
VOTES = [Vote("S1", "Ann", 1, 8), Vote("S1", "Cy", 1, 8), Vote("S2", "Ann", 1, 2), Vote("S1", "Ann", 2, 9)]


def filled(facts):
    return {one.item.id: (one.state, one.text) for one in fill_accord(facts)}


def test_items_are_as_many_per_section_as_published():
    assert Counter(item.section for item in accord_items()) == load("accord")["counts"]
    assert sum(load("accord")["counts"].values()) == len({item.id for item in accord_items()}) == 35
    assert len({item.fact for item in accord_items()}) == 35


def test_what_could_not_be_confirmed_is_marked():
    for item in accord_items():
        assert item.status == ("secondary" if item.element else "unconfirmed")
    assert {item.status for item in accord_items()} == {"secondary", "unconfirmed"}


def test_nothing_known_leaves_every_item_open():
    assert {state for state, _ in filled(ConsensusFacts()).values()} == {"open"}


def test_the_log_answers_what_it_knows():
    facts = ConsensusFacts(
        panel=PANEL,
        asked=(Round(1, "2025-01-02T00:00:00Z", "2025-01-20T00:00:00Z"), Round(2, "2025-02-02T00:00:00Z")),
        results=rounds(VOTES, consensus_rule("pct75"), panel=PANEL),
        plan=StoppingRule(),
        rule_fixed="2024-12-01T10:00:00Z",
        method="Delphi",
        registration="OSF 123",
        feedback="Own vote and distribution",
        anonymous=True,
        dropped=(("S2", "taken out on 2025-01-21, after round 1: disagreed"),),
    )
    found = filled(facts)
    assert found["M9"] == ("answered", "Delphi.")
    assert "pct75" in found["M12"][1]
    assert "Fixed on 2024-12-01." in found["M12"][1]
    assert found["M13"] == ("answered", "1 statement that had reached consensus was voted on again.")
    assert found["R1"] == ("partly", "Round 1 2025-01-02 to 2025-01-20.")
    assert "round 2: 1 of 3 (33 %) voted" in found["R3"][1]
    assert found["R5"] == ("answered", "S2: taken out on 2025-01-21, after round 1: disagreed.")
    assert found["O2"][1].startswith("2 of 3 people declared")
    assert found["M5"][1] == "Patients on the panel: 1 of 3 members."
    assert "1 was kept from voting" in found["O2"][1]
    assert found["M18"][0] == "partly"
    assert found["O3"] == ("open", "")


def test_where_nothing_was_changed_after_a_round_it_says_so():
    asked = (Round(1, "2025-01-02T00:00:00Z", "2025-01-20T00:00:00Z"),)
    said = ("answered", "No statement was changed or taken out after a round.")
    assert filled(ConsensusFacts(asked=asked, dropped=()))["R5"] == said
    assert filled(ConsensusFacts(asked=asked))["R5"] == ("open", "")  # not known is another thing
    assert filled(ConsensusFacts(dropped=()))["R5"] == ("open", "")


def test_as_many_rounds_at_least_as_at_most_are_no_range():
    assert rounds_planned(StoppingRule(min_rounds=2, max_rounds=2)) == "2 rounds"
    assert rounds_planned(StoppingRule(min_rounds=1, max_rounds=1)) == "1 round"
    assert rounds_planned(StoppingRule(min_rounds=1, max_rounds=3)) == "1 to 3 rounds"


def test_what_people_told_completes_an_item():
    found = filled(ConsensusFacts(panel=PANEL, told=(("funding", "None."), ("interests", "See appendix."))))
    assert found["O3"] == ("answered", "None.")
    assert found["O2"][0] == "answered"
    assert found["O2"][1].endswith("See appendix.")


def test_votes_that_were_not_anonymous_are_said_to_be():
    assert filled(ConsensusFacts(anonymous=False))["M18"] == ("answered", "Votes were not anonymous.")
