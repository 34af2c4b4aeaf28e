"""Who may do what, at which stage, and who may see what. Every use case asks here, so that no door can forget."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable
from typing import Literal

from stromata.errors import InvalidInput, NotAllowed
from stromata.model import STAGES, VOTING_ROLES, Decision, Panel, ReviewProtocol, Role, Stage, Verdict
from stromata.review.project import Project
from stromata.screening import Standing
from stromata.store import Snapshot

Act = Literal[
    "set the protocol",
    "name people",
    "import sources",
    "merge and split references",
    "screen",
    "settle conflicts",
    "import decisions",
    "plan screening",
    "stop screening",
    "take a second look",
    "record retrievals",
    "load studies",
    "extract",
    "settle extractions",
    "link studies",
    "appraise",
    "settle appraisals",
    "run syntheses",
    "judge certainty",
    "run the panel",
    "fill in frames",
    "adopt standards",
    "keep checks",
    "write reports",
]

MAY: dict[Act, tuple[Role, ...]] = {
    "set the protocol": ("lead",),
    "name people": ("lead",),
    "import sources": ("lead",),
    "merge and split references": ("lead",),
    "screen": ("reviewer",),
    "settle conflicts": ("adjudicator",),
    "import decisions": ("lead",),
    "plan screening": ("lead",),
    "stop screening": ("lead",),
    "take a second look": ("lead", "adjudicator"),
    "record retrievals": ("lead", "reviewer"),
    "load studies": ("lead", "extractor"),
    "extract": ("extractor",),
    "settle extractions": ("adjudicator",),
    "link studies": ("lead", "extractor"),
    "appraise": ("reviewer", "extractor"),
    "settle appraisals": ("adjudicator",),
    "run syntheses": ("lead",),
    "judge certainty": ("lead", "adjudicator", "reviewer"),
    "run the panel": ("lead", "facilitator"),
    "fill in frames": ("lead", "facilitator"),
    "adopt standards": ("lead", "facilitator"),
    "keep checks": ("lead", "extractor"),
    "write reports": ("lead", "reviewer", "adjudicator", "extractor", "facilitator", "observer"),
}
"""The one table of permissions. The last of several roles is the one that may do least besides."""

VERDICTS: tuple[Verdict, ...] = ("include", "exclude", "maybe")


def require(project: Project, view: Snapshot, act: Act) -> None:
    """Raise `NotAllowed` unless the project's actor has a role that may do `act`."""
    held = {role for person, role in view.roles() if person == project.actor}
    if not held & set(MAY[act]):
        has = ", ".join(sorted(held)) or "no role"
        grant = f"The lead can grant it: stromata team add {shlex.quote(project.actor)} --role {MAY[act][-1]}."
        known = held or on_a_panel(view, project.actor)
        raise NotAllowed(
            f"{project.actor!r} may not {act}: that takes the role {' or '.join(MAY[act])}, and there is {has}",
            hint=grant if known else f"Say who you are with --as NAME, before the command. {grant}",
        )


def require_insider(project: Project, view: Snapshot, what: str) -> None:
    """Raise `NotAllowed` unless the project's actor has a role in the review, or sits on one of its panels."""
    if not any(person == project.actor for person, _ in view.roles()) and not on_a_panel(view, project.actor):
        raise NotAllowed(
            f"{project.actor!r} has no role in this review and may not {what}",
            hint="Say who you are with --as NAME, before the command; "
            f"or let the lead add you: stromata team add {shlex.quote(project.actor)} --role observer.",
        )


def on_a_panel(view: Snapshot, person: str) -> bool:
    """Tell whether a person is a member of a panel."""
    return any(member.name == person for panel in view.panels() for member in panel.members)


def require_own_name(view: Snapshot, person: str) -> None:
    """Raise `InvalidInput` where a name differs from that of somebody on the team or a panel in capitals only."""
    names = [name for name, _ in view.roles()]
    names += [member.name for panel in view.panels() for member in panel.members]
    alike = [name for name in names if name != person and name.casefold() == person.casefold()]
    if alike:
        raise InvalidInput(
            f"{person!r} differs from {alike[0]!r} in capital letters only: one person must not count as two",
            hint=f"Write {alike[0]}; or add something, such as a surname, if they are two people.",
        )


def require_reason(what: str, reason: str) -> None:
    """Raise `InvalidInput` unless a reason was given for what was done by hand."""
    if not reason.strip():
        raise InvalidInput(f"{what} needs a reason", hint="Say in a few words why: the report shows it.")


def require_reviewer(roles: Collection[tuple[str, Role]], person: str) -> None:
    """Raise `NotAllowed` unless `person` is a reviewer."""
    if (person, "reviewer") not in roles:
        raise NotAllowed(
            f"{person!r} is not a reviewer of this review",
            hint=f"The lead can make them one: stromata team add {shlex.quote(person)} --role reviewer.",
        )


def check_verdict(protocol: ReviewProtocol, stage: Stage, verdict: Verdict, reasons: Iterable[str]) -> None:
    """Raise `InvalidInput` unless verdict and reasons fit the stage and the protocol.

    An exclusion at full text needs at least one of the protocol's reasons; ``maybe`` ends with title and abstract.
    """
    given = tuple(reasons)
    check_word("stage", stage, STAGES)
    check_word("verdict", verdict, VERDICTS)
    codes = [reason.code for reason in protocol.reasons]
    unknown = [reason for reason in given if reason not in codes]
    if unknown:
        raise InvalidInput(
            f"reason {unknown[0]!r} is not in the protocol; there are: {', '.join(codes) or 'none'}",
            hint="Use a reason of the protocol, or amend the protocol.",
        )
    if verdict != "exclude" and given:
        raise InvalidInput(f"a reason was given, but the verdict is {verdict!r}", hint="Reasons go with exclusions.")
    if stage == "full-text" and verdict == "maybe":
        raise InvalidInput("at full text the verdict is include or exclude", hint="Put doubts into the note.")
    if stage == "full-text" and verdict == "exclude" and not given:
        raise InvalidInput(
            "an exclusion at full text needs a reason",
            hint=f"One of: {', '.join(codes) or 'none; the protocol lists no reasons yet'}.",
        )


def check_word(name: str, word: str, allowed: tuple[str, ...]) -> None:
    """Raise `InvalidInput` unless `word` is one of those allowed."""
    if word not in allowed:
        raise InvalidInput(f"{name} is {word!r}; allowed: {', '.join(allowed)}")


def require_stage(earlier: Standing | None, stage: Stage) -> None:
    """Raise `NotAllowed` unless the reference has been included at the stage before `stage`."""
    if STAGES.index(stage) and (earlier is None or earlier.state != "included"):
        state = "open" if earlier is None else earlier.state
        raise NotAllowed(
            f"{stage} comes after {STAGES[0]}, where this reference is {state}",
            hint=f"Finish {STAGES[0]} first.",
        )


def visible(decisions: Iterable[Decision], standing: Standing, *, actor: str) -> tuple[Decision, ...]:
    """Return the decisions that `actor` may see: all once the verdicts are complete, before that only their own."""
    return tuple(decision for decision in decisions if standing.state != "open" or decision.reviewer == actor)


def may_see_names(view: Snapshot, panel: Panel, person: str) -> bool:
    """Tell whether a person may see who voted what, once a round is closed: a facilitator who does not vote there.

    Whoever was ever asked to vote on the panel may not, whatever their role is by now.
    """
    if (person, "facilitator") not in view.roles():
        return False
    if any(member.name == person and member.role in VOTING_ROLES for member in panel.members):
        return False
    return not any(person in held.invited for held in view.rounds(panel.id))
