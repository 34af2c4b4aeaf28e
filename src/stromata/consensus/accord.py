"""The ACCORD checklist for reports of a consensus, filled with what the log of the exercise knows.

The items stand in ``accord.yaml`` in our own words, each with how far it could be confirmed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from stromata.consensus.data import load
from stromata.model.consensus import Panel, Round, RoundResult
from stromata.model.protocol import StoppingRule

AccordState = Literal["answered", "partly", "open"]


@dataclass(frozen=True, slots=True)
class AccordItem:
    """One item of the checklist.

    Attributes
    ----------
    element : number of the matching element in the review that preceded ACCORD; empty when none matches.
    status : ``secondary`` with such an element, else ``unconfirmed``.
    fact : name of the fact that can answer it.
    """

    id: str
    section: str
    text: str
    fact: str
    element: str = ""
    status: Literal["secondary", "unconfirmed"] = "unconfirmed"


@dataclass(frozen=True, slots=True)
class ConsensusFacts:
    """What is known of a consensus exercise when its report is written.

    Attributes
    ----------
    panel, asked, results : the people, the rounds as held, and the rounds in numbers.
    plan : the rule fixed beforehand; `rule_fixed` the date on which it was fixed, `rule_text` the rule in words.
    method : such as ``Delphi in two rounds, RAND/UCLA classification``.
    feedback : what panellists were shown between rounds; `anonymous` whether votes were anonymous to peers.
    dropped : (statement, what was done, when and why) for each change or removal after a round; None when not known.
    told : (name of a fact in ``accord.yaml``, text) for what the log cannot know, such as ``("funding", "None.")``.
    """

    panel: Panel | None = None
    asked: tuple[Round, ...] = ()
    results: tuple[RoundResult, ...] = ()
    plan: StoppingRule | None = None
    rule_fixed: str = ""
    rule_text: str = ""
    method: str = ""
    registration: str = ""
    feedback: str = ""
    anonymous: bool | None = None
    dropped: tuple[tuple[str, str], ...] | None = None
    told: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AccordEntry:
    """One item with its answer.

    Attributes
    ----------
    state : ``partly`` when the log knows one part of the answer and people must add the rest.
    """

    item: AccordItem
    state: AccordState
    text: str


@cache
def accord_items() -> tuple[AccordItem, ...]:
    """Return the 35 items in the order of the checklist."""
    return tuple(
        AccordItem(
            one["id"],
            one["section"],
            one["text"],
            one["fact"],
            one.get("element", ""),
            "secondary" if "element" in one else "unconfirmed",
        )
        for one in load("accord")["items"]
    )


def fill_accord(facts: ConsensusFacts) -> tuple[AccordEntry, ...]:
    """Answer each item as far as the facts go, in the order of the checklist.

    What people told stands as they told it, after what the log knows. An item without a fact stays open.
    """
    told = dict(facts.told)
    known = _known(facts)
    found = []
    for item in accord_items():
        state, text = known.get(item.fact, ("open", ""))
        own = told.get(item.fact, "").strip()
        if own:
            state, text = "answered", f"{text} {own}".strip()
        found.append(AccordEntry(item, state, text))
    return tuple(found)


def _known(facts: ConsensusFacts) -> dict[str, tuple[AccordState, str]]:
    """Return what the log answers: name of the fact to state and text."""
    found: dict[str, tuple[AccordState, str]] = {}
    if facts.method:
        found["method"] = ("answered", _sentence(facts.method))
    if facts.registration:
        found["registration"] = ("answered", _sentence(facts.registration))
    if facts.feedback:
        found["feedback"] = ("answered", _sentence(facts.feedback))
    if facts.anonymous is not None:
        text = "Votes were anonymous to the other panellists." if facts.anonymous else "Votes were not anonymous."
        found["anonymity"] = ("partly" if facts.anonymous else "answered", text)
    if facts.rule_text or facts.plan:
        found["rule"] = ("partly", _rule(facts))
    if facts.dropped is not None and facts.asked:
        changes = " ".join(f"{name}: {_sentence(text)}" for name, text in facts.dropped)
        found["dropped"] = ("answered", changes or "No statement was changed or taken out after a round.")
    if facts.panel:
        found |= _people(facts.panel)
    if facts.results:
        found |= _results(facts.results)
    dates = [
        f"round {one.number} {one.opened[:10]} to {one.closed[:10]}" for one in facts.asked if one.opened and one.closed
    ]
    if dates:
        whole = len(dates) == len(facts.asked)
        found["dates"] = ("answered" if whole else "partly", _sentence("; ".join(dates).capitalize()))
    return found


def _sentence(text: str) -> str:
    return text.strip() if text.strip().endswith((".", "!", "?")) else f"{text.strip()}."


def rounds_planned(plan: StoppingRule) -> str:
    """Return how many rounds were planned, in words."""
    if plan.min_rounds != plan.max_rounds:
        return f"{plan.min_rounds} to {plan.max_rounds} rounds"
    return "1 round" if plan.max_rounds == 1 else f"{plan.max_rounds} rounds"


def _rule(facts: ConsensusFacts) -> str:
    parts = [_sentence(facts.rule_text)] if facts.rule_text else []
    if facts.plan:
        parts.append(
            f"Rule {facts.plan.rule}, {rounds_planned(facts.plan)}, stable when at most "
            f"{facts.plan.max_change:g} % of the ratings change."
        )
    if facts.rule_fixed:
        parts.append(f"Fixed on {facts.rule_fixed[:10]}.")
    return " ".join(parts)


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _people(panel: Panel) -> dict[str, tuple[AccordState, str]]:
    members = panel.members
    with_interests = sum(bool(member.interests) for member in members)
    declared = sum(member.declared for member in members)
    barred = sum(any(interest.excludes for interest in member.interests) for member in members)
    text = (
        f"{declared} of {_counted(len(members), 'person', 'people')} declared their interests; "
        f"{_counted(with_interests, 'has', 'have')} some, and {_counted(barred, 'was', 'were')} kept from voting on "
        "statements because of them."
    )
    found: dict[str, tuple[AccordState, str]] = {"interests": ("partly", text)}
    patients = sum(member.role == "patient" for member in members)
    found["public_involvement"] = (
        "partly",
        f"Patients on the panel: {patients} of {_counted(len(members), 'member', 'members')}.",
    )
    leaders = [member.role for member in members if member.role in {"chair", "facilitator"}]
    if leaders:
        counted = ", ".join(f"{leaders.count(role)} {role}" for role in dict.fromkeys(leaders))
        found["leaders"] = ("partly", f"Among the panel: {counted}.")
    return found


def _results(results: tuple[RoundResult, ...]) -> dict[str, tuple[AccordState, str]]:
    people = []
    for one in results:
        asked = f" of {one.invited} ({one.response:.0f} %)" if one.invited and one.response is not None else ""
        people.append(f"round {one.round}: {one.voted}{asked} voted")
    last = results[-1]
    outcomes = [result.outcome for result in last.results]
    text = (
        f"By the consensus rule alone, whether stable or not, of {_counted(len(outcomes), 'statement', 'statements')} "
        f"in round {last.round} {outcomes.count('in')} reached consensus for, {outcomes.count('out')} against, "
        f"{outcomes.count('middle')} that it is uncertain, and {outcomes.count('none')} none."
    )
    seen: set[str] = set()
    again: set[str] = set()
    for one in results:
        again |= seen & {result.statement for result in one.results}
        seen |= {result.statement for result in one.results if result.outcome != "none"}
    were = "statement that had reached consensus was", "statements that had reached consensus were"
    repeated = f"{_counted(len(again), *were)} voted on again."
    return {
        "participation": ("partly", _sentence("; ".join(people).capitalize())),
        "outcomes": ("partly", text),
        "revoted": ("answered", repeated if again else "No statement that had reached consensus was voted on again."),
    }
