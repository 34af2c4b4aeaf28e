"""The people of a review and their roles."""

from __future__ import annotations

from stromata.errors import InvalidInput, NotAllowed, NotFound
from stromata.model import ROLES, ProtocolSet, ReviewProtocol, Role, RoleGranted, RoleRevoked
from stromata.review.board import Board
from stromata.review.project import Project
from stromata.review.rules import require
from stromata.screening import required_reviewers
from stromata.store import Snapshot

MOST_REVIEWERS = 10
"""More people per reference than any team has; a larger number is a slip of the pen."""


def grant(project: Project, person: str, role: Role) -> None:
    """Give `person` a role. Granting what is held already changes nothing.

    Raises
    ------
    NotAllowed
        The actor is not the lead.
    InvalidInput
        The name is empty or the role unknown.
    """
    if not person.strip():
        raise InvalidInput("the person has no name")
    if role not in ROLES:
        raise InvalidInput(f"role {role!r} is unknown; there are: {', '.join(ROLES)}")
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "name people")
        if (person, role) not in tx.roles():
            tx.append(RoleGranted(person=person, role=role))


def revoke(project: Project, person: str, role: Role) -> None:
    """Take a role from a person. Their decisions stay.

    Raises
    ------
    NotAllowed
        The actor is not the lead.
    NotFound
        The person does not have the role.
    InvalidInput
        It is the last lead.
    """
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "name people")
        roles = tx.roles()
        if (person, role) not in roles:
            raise NotFound(f"{person!r} does not have the role {role!r}")
        if role == "lead" and [held for _, held in roles].count("lead") == 1:
            raise InvalidInput(f"{person!r} is the only lead", hint="Name another lead first.")
        tx.append(RoleRevoked(person=person, role=role))


def team(project: Project) -> tuple[tuple[str, Role], ...]:
    """Return every (person, role)."""
    with project.store.snapshot(project.id) as view:
        return view.roles()


def set_protocol(project: Project, protocol: ReviewProtocol, *, reason: str = "") -> None:
    """Set or amend the protocol. The log keeps every version.

    Raises
    ------
    NotAllowed
        The actor is not the lead.
    NotAllowed
        Fewer reviewers per stage would unseal verdicts that are not complete.
    InvalidInput
        A plan names an outcome or condition that the protocol does not define, or an id stands twice.
    """
    check_protocol(protocol)
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "set the protocol")
        _require_sealed(tx, protocol)
        tx.append(ProtocolSet(protocol=protocol, reason=reason))


def _require_sealed(view: Snapshot, protocol: ReviewProtocol) -> None:
    """Raise `NotAllowed` when fewer reviewers would complete verdicts that are sealed now: that would lift blinding."""
    board = Board(view)
    for stage, found in board.standings().items():
        sealed = sum(item.state == "open" and bool(item.decisions) for item in found.values())
        before, after = required_reviewers(board.protocol, stage), required_reviewers(protocol, stage)
        if sealed and after < before:
            raise NotAllowed(
                f"at {stage} {after} reviewers instead of {before} would unseal verdicts on {sealed} references",
                hint="Let the second reviewers decide on those references first.",
            )


def check_protocol(protocol: ReviewProtocol) -> None:
    """Raise `InvalidInput` that names every contradiction within a protocol."""
    faults = []
    for name, ids in (
        ("reason", [item.code for item in protocol.reasons]),
        ("condition", [item.id for item in protocol.conditions]),
        ("outcome", [item.id for item in protocol.outcomes]),
        ("plan", [item.id for item in protocol.plans]),
        ("criterion", [item.id for item in protocol.criteria]),
        ("stage", [str(item.stage) for item in protocol.stages]),
    ):
        faults += [f"{name} {id_!r} stands {ids.count(id_)} times" for id_ in dict.fromkeys(ids) if ids.count(id_) > 1]
    faults += [
        f"stage {rule.stage!r}: {rule.reviewers} reviewers; 1 to {MOST_REVIEWERS} are possible"
        for rule in protocol.stages
        if not 1 <= rule.reviewers <= MOST_REVIEWERS
    ]
    outcomes = {item.id for item in protocol.outcomes}
    conditions = {item.id for item in protocol.conditions}
    for plan in protocol.plans:
        if plan.outcome not in outcomes:
            faults.append(f"plan {plan.id!r}: outcome {plan.outcome!r} is not defined")
        faults += [
            f"plan {plan.id!r}: condition {item!r} is not defined" for item in plan.conditions if item not in conditions
        ]
        if plan.time == "nearest" and plan.weeks is None:
            faults.append(f"plan {plan.id!r}: time is 'nearest', but weeks is not given")
    if faults:
        raise InvalidInput("the protocol contradicts itself: " + "; ".join(faults), hint="Mend the protocol file.")
