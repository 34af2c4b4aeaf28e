"""The protocol: set, amended, and checked for what contradicts itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from stromata import appraisal, clinical, consensus, standards
from stromata.consensus.statements import id_fault
from stromata.errors import InvalidInput, NotAllowed, StromataError
from stromata.model import (
    ConsensusPlan,
    FindingsOutcome,
    ProtocolSet,
    ReviewProtocol,
    Standard,
    SynthesisPlan,
)
from stromata.review.appraisal import finished_appraisals, required_appraisers
from stromata.review.board import Board
from stromata.review.extraction import finished_extractions
from stromata.review.methods import method_fault, method_of, read_prior
from stromata.review.moderators import formula_fault
from stromata.review.panels import rules_of
from stromata.review.project import Project
from stromata.review.rules import require
from stromata.review.select import measure_fault
from stromata.screening import required_reviewers
from stromata.store import Snapshot

MOST_REVIEWERS = 10
"""More people per reference than any team has; a larger number is a slip of the pen."""


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
    NotAllowed
        The rules of a panel would change after its first round was opened.
    """
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "set the protocol")
        check_protocol(protocol, adopted=[item.standard for item in tx.adopted_standards()])
        _require_sealed(tx, protocol)
        _require_rules(tx, protocol)
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
    waiting = {item.study for item in view.extractions()} - finished_extractions(view)
    if waiting and protocol.extractors < board.protocol.extractors:
        raise NotAllowed(
            f"{protocol.extractors} extractors instead of {board.protocol.extractors} would unseal the extractions of "
            f"{', '.join(sorted(waiting))}",
            hint="Let the second extractors finish those studies first.",
        )
    finished = finished_appraisals(view)
    open_ = {item.tool for item in view.appraisals() if (item.tool, item.study, item.result) not in finished}
    for tool in sorted(open_):
        before, after = required_appraisers(board.protocol, tool), required_appraisers(protocol, tool)
        if after < before:
            raise NotAllowed(
                f"{after} appraisers with {tool} instead of {before} would unseal appraisals that are not complete",
                hint="Let the second appraisers finish first.",
            )


def _require_rules(view: Snapshot, protocol: ReviewProtocol) -> None:
    """Raise `NotAllowed` when a panel that has begun would be judged by other rules than those fixed before."""
    after = {plan.id: plan for plan in protocol.consensus}
    for plan in view.protocol().consensus:
        if view.rounds(plan.id) and (plan.id not in after or rules_of(after[plan.id]) != rules_of(plan)):
            raise NotAllowed(
                f"panel {plan.id!r} has begun: its rules were fixed before the first round and stay as they are",
                hint="Its title, the words on its method and feedback, and what is told for ACCORD may change.",
            )
    for panel in view.panels():
        if panel.id not in after:
            raise NotAllowed(
                f"panel {panel.id!r} has people and perhaps statements; without its plan they could not be reached",
                hint="Keep it in the protocol under `consensus`.",
            )


def check_protocol(protocol: ReviewProtocol, *, adopted: Iterable[Standard] = ()) -> None:
    """Raise `InvalidInput` that names every contradiction within a protocol.

    Parameters
    ----------
    adopted : practice standards beside those that ship with stromata.
    """
    faults = []
    for name, ids in (
        ("reason", [item.code for item in protocol.reasons]),
        ("condition", [item.id for item in protocol.conditions]),
        ("outcome", [item.id for item in protocol.outcomes]),
        ("plan", [item.id for item in protocol.plans]),
        ("criterion", [item.id for item in protocol.criteria]),
        ("stage", [str(item.stage) for item in protocol.stages]),
        ("findings table", [item.id for item in protocol.findings]),
        ("panel", [item.id for item in protocol.consensus]),
        ("standard", list(protocol.standards)),
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
    faults += [*_findings_faults(protocol), *(fault for plan in protocol.consensus for fault in _panel_faults(plan))]
    faults += _standard_faults(protocol, adopted)
    if faults:
        raise InvalidInput("the protocol contradicts itself: " + "; ".join(faults), hint="Mend the protocol file.")


def _standard_faults(protocol: ReviewProtocol, adopted: Iterable[Standard]) -> Iterator[str]:
    if not protocol.standards:
        return
    known = {item.id: item for item in (*standards.standards(), *adopted)}
    for name in protocol.standards:
        if name not in known:
            yield f"standard {name!r} is unknown; there are: {', '.join(known)}"
        elif not any(item.subject == "study-report" for item in known[name].criteria):
            yield f"standard {name!r} asks nothing of the report of a study"


def _plan_faults(plan: SynthesisPlan, own: set[str]) -> Iterator[str]:
    if not 0 < plan.level < 1:
        yield f"plan {plan.id!r}: level is {plan.level:g}; allowed: between 0 and 1, such as 0.95"
    if fault := measure_fault(plan):
        yield f"plan {plan.id!r}: {fault}"
    what, hint = method_fault(method_of(plan))
    if what:
        yield f"plan {plan.id!r}: {what} ({hint})"
    yield from (f"plan {plan.id!r}: {fault}" for fault in (formula_fault(plan.moderators), _prior_fault(plan)) if fault)
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


def _prior_fault(plan: SynthesisPlan) -> str:
    if plan.model != "bayes" or not plan.tau_prior:
        return ""
    try:
        read_prior(plan.tau_prior)
    except InvalidInput as error:
        return f"{error.message}{f' ({error.hint})' if error.hint else ''}"
    return ""


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


def _findings_faults(protocol: ReviewProtocol) -> Iterator[str]:
    plans = {plan.id: plan for plan in protocol.plans}
    conditions = {item.id for item in protocol.conditions}
    for table in protocol.findings:
        names = [outcome.synthesis for outcome in table.outcomes]
        for name, times in Counter(names).items():
            plan, _, condition = name.partition("/")
            if times > 1:
                yield f"findings table {table.id!r}: {name!r} stands {times} times"
            if plan not in plans:
                yield f"findings table {table.id!r}: there is no plan {plan!r}"
            elif condition and condition not in conditions:
                yield f"findings table {table.id!r}: condition {condition!r} is not defined"
            elif condition and not plans[plan].by_condition:
                yield f"findings table {table.id!r}: plan {plan!r} has no subgroups (by_condition is false)"
        for outcome in table.outcomes:
            yield from (f"findings table {table.id!r}, {outcome.synthesis}: {fault}" for fault in _row_faults(outcome))


def _row_faults(outcome: FindingsOutcome) -> Iterator[str]:
    if outcome.importance is not None and not 1 <= outcome.importance <= 9:
        yield f"importance is {outcome.importance}; whole numbers from 1 to 9 are allowed"
    if outcome.assumed_risk is not None and not 0 <= outcome.assumed_risk <= 1:
        yield f"assumed_risk is {outcome.assumed_risk:g}; allowed: 0 to 1"
    if outcome.assumed_risk is not None and not outcome.assumed_reason.strip():
        yield "an assumed risk needs assumed_reason: where it is from"
    if outcome.information_size is not None and outcome.information_size < 1:
        yield f"information_size is {outcome.information_size}; at least 1 person"
    for name, value in (("sd", outcome.sd), ("important", outcome.important)):
        if value is not None and not value > 0:
            yield f"{name} is {value:g}; it must be above 0"


def _panel_faults(plan: ConsensusPlan) -> Iterator[str]:
    stopping, where = plan.stopping, f"panel {plan.id!r}"
    if fault := id_fault(plan.id):
        yield f"the id of panel {plan.id[:40]!r}: {fault}"
    try:
        consensus.consensus_rule(stopping.rule, limit=stopping.iqr_limit)
    except StromataError as error:
        yield f"{where}: {error.message}{f' ({error.hint})' if error.hint else ''}"
    if not 1 <= stopping.min_rounds <= stopping.max_rounds:
        yield (
            f"{where}: min_rounds is {stopping.min_rounds} and max_rounds {stopping.max_rounds}; "
            "1 <= min_rounds <= max_rounds"
        )
    if not 0 <= stopping.max_change <= 100:
        yield f"{where}: max_change is {stopping.max_change:g}; allowed: 0 to 100 percent"
    facts = dict.fromkeys(item.fact for item in consensus.accord_items())
    for fact, _ in plan.told:
        if fact not in facts:
            yield f"{where}: ACCORD has no fact {fact!r}; there are: {', '.join(facts)}"
