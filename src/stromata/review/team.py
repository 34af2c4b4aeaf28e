"""The people of a review and their roles."""

from __future__ import annotations

from collections.abc import Iterator

from stromata import appraisal, clinical
from stromata.errors import InvalidInput, NotAllowed, NotFound
from stromata.model import ROLES, ProtocolSet, ReviewProtocol, Role, RoleGranted, RoleRevoked, SynthesisPlan
from stromata.review.appraisal import is_open, required_appraisers
from stromata.review.board import Board
from stromata.review.extraction import is_sealed
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
    if person != " ".join(person.split()):
        raise InvalidInput(f"the name {person!r} begins, ends or is parted with more than one space")
    if role not in ROLES:
        raise InvalidInput(f"role {role!r} is unknown; there are: {', '.join(ROLES)}")
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "name people")
        alike = [name for name, _ in tx.roles() if name != person and name.casefold() == person.casefold()]
        if alike:
            raise InvalidInput(
                f"{person!r} differs from {alike[0]!r} in capital letters only: one person must not count as two",
                hint=f"Write {alike[0]}; or add something, such as a surname, if they are two people.",
            )
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
        Fewer reviewers, extractors or appraisers would unseal what is not complete.
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
    waiting = {item.study for item in view.extractions() if is_sealed(view, item.study)}
    if waiting and protocol.extractors < board.protocol.extractors:
        raise NotAllowed(
            f"{protocol.extractors} extractors instead of {board.protocol.extractors} would unseal the extractions of "
            f"{', '.join(sorted(waiting))}",
            hint="Let the second extractors finish those studies first.",
        )
    for tool in sorted({item.tool for item in view.appraisals() if is_open(view, item)}):
        before, after = required_appraisers(board.protocol, tool), required_appraisers(protocol, tool)
        if after < before:
            raise NotAllowed(
                f"{after} appraisers with {tool} instead of {before} would unseal appraisals that are not complete",
                hint="Let the second appraisers finish first.",
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
        faults += _plan_faults(plan, {rule.criterion for rule in protocol.harmonisation})
    faults += [*_extraction_faults(protocol), *_appraisal_faults(protocol, outcomes)]
    if faults:
        raise InvalidInput("the protocol contradicts itself: " + "; ".join(faults), hint="Mend the protocol file.")


def _plan_faults(plan: SynthesisPlan, own: set[str]) -> Iterator[str]:
    if not 0 < plan.level < 1:
        yield f"plan {plan.id!r}: level is {plan.level:g}; allowed: between 0 and 1, such as 0.95"
    known = {rule.criterion for rule in clinical.default_rules()} | own
    for criterion in plan.criteria:
        if criterion not in known:
            yield f"plan {plan.id!r}: criterion {criterion!r} is unknown; `stromata score INSTRUMENT` lists them"
    if plan.time == "nearest" and plan.weeks is None:
        yield f"plan {plan.id!r}: time is 'nearest', but weeks is not given"
    if "final-to-change" in plan.conversions and plan.correlation is None:
        yield f"plan {plan.id!r}: final-to-change needs the correlation of baseline and final values"
    if plan.correlation is not None and not -1 <= plan.correlation <= 1:
        yield f"plan {plan.id!r}: correlation is {plan.correlation:g}; allowed: -1 to 1"


def _extraction_faults(protocol: ReviewProtocol) -> Iterator[str]:
    if protocol.extractors not in {1, 2}:
        yield f"extractors is {protocol.extractors}; allowed: 1 or 2"
    places = [(field.level, field.id) for field in protocol.form]
    for level, id_ in dict.fromkeys(places):
        if places.count((level, id_)) > 1:
            yield f"form field {level} {id_!r} stands {places.count((level, id_))} times"
    for field in protocol.form:
        if field.kind == "choice" and not field.choices:
            yield f"form field {field.id!r}: a choice needs choices"
        if field.kind != "choice" and field.choices:
            yield f"form field {field.id!r}: choices go with the kind 'choice', not {field.kind!r}"
        if not field.id.strip() or set(field.id) & set("/,;\n"):
            yield f"form field {field.id!r}: an id is text without slash, comma, semicolon or line break"
        if (field.low, field.high) != (None, None) and field.kind not in {"number", "integer"}:
            yield f"form field {field.id!r}: low and high go with numbers, not with {field.kind!r}"
        if field.low is not None and field.high is not None and field.low > field.high:
            yield f"form field {field.id!r}: low is {field.low:g} and high {field.high:g}"
    classes = [item.response_class for item in protocol.outcomes if item.response_class]
    for one in dict.fromkeys(classes):
        if classes.count(one) > 1:
            yield f"response class {one!r} belongs to {classes.count(one)} outcomes; criteria can count as one only"
    criteria = [item.criterion for item in protocol.harmonisation]
    if not all(name.strip() for name in criteria):
        yield "a harmonisation rule names no criterion"
    for criterion in dict.fromkeys(criteria):
        if criteria.count(criterion) > 1:
            yield f"harmonisation has {criteria.count(criterion)} rules for {criterion!r}"


def _appraisal_faults(protocol: ReviewProtocol, outcomes: set[str]) -> Iterator[str]:
    known = {tool.id for tool in appraisal.tools()} if protocol.appraisal else set()
    names = [rule.tool for rule in protocol.appraisal]
    for name in dict.fromkeys(names):
        if name not in known:
            yield f"appraisal tool {name!r} is unknown; there are: {', '.join(sorted(known))}"
        if names.count(name) > 1:
            yield f"appraisal tool {name!r} has {names.count(name)} rules"
    for rule in protocol.appraisal:
        if rule.appraisers not in {1, 2}:
            yield f"appraisal tool {rule.tool!r}: {rule.appraisers} appraisers; 1 or 2 are possible"
        if not rule.designs:
            yield f"appraisal tool {rule.tool!r}: no designs are named"
        if rule.critical and rule.tool in known:
            try:
                appraisal.propose(rule.tool, {}, critical=rule.critical)
            except InvalidInput as error:
                yield f"appraisal tool {rule.tool!r}: {error.message}"
        for outcome in rule.outcomes:
            if outcome not in outcomes:
                yield f"appraisal tool {rule.tool!r}: outcome {outcome!r} is not defined"
