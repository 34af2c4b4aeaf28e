"""The people of a review and their roles."""

from __future__ import annotations

from stromata.errors import InvalidInput, NotFound
from stromata.model import ROLES, Role, RoleGranted, RoleRevoked
from stromata.review.project import Project
from stromata.review.rules import require, require_own_name


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
    if person != " ".join(person.split()):
        raise InvalidInput(f"the name {person!r} begins, ends or is parted with more than one space")
    if role not in ROLES:
        raise InvalidInput(f"role {role!r} is unknown; there are: {', '.join(ROLES)}")
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "name people")
        require_own_name(tx, person)
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
