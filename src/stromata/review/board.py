"""All that bears on screening, gathered from a snapshot: who decided what, what was settled, which report was got.

Verdicts are stored under the reference they were given for. The board reads them by the present clusters: a reference
that was merged brings its verdicts along, and takes them back when it is split off again.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterable

from stromata import screening
from stromata.errors import InvalidInput, NotAllowed
from stromata.model import (
    STAGES,
    ConflictResolved,
    Decision,
    DecisionMade,
    Resolution,
    Retrieval,
    RetrievalRecorded,
    RetrievalStatus,
    ScreeningPlan,
    Stage,
    Verdict,
)
from stromata.review.rules import check_verdict, check_word, require_stage
from stromata.screening import Standing
from stromata.store import Snapshot, Transaction

FIRST, FULL_TEXT = STAGES


class Board:
    """The state of screening in memory, of all references or of one.

    Parameters
    ----------
    only : gather what concerns this reference; others are then unknown to the board.
    """

    def __init__(self, view: Snapshot, *, only: str | None = None) -> None:
        self.protocol = view.protocol()
        self.roles = frozenset(view.roles())
        clusters = view.references() if only is None else iter([(only, view.members(only))])
        self._home = {record: id_ for id_, records in clusters for record in records}
        self._verdicts: dict[tuple[str, Stage], dict[str, Decision]] = defaultdict(dict)
        self._settled: dict[tuple[str, Stage], Resolution] = {}
        self._reports: dict[str, dict[str, RetrievalStatus]] = defaultdict(dict)
        self._standings: dict[Stage, dict[str, Standing]] | None = None  # worked out once; a new verdict forgets them
        self._needed = {stage: screening.required_reviewers(self.protocol, stage) for stage in STAGES}
        given: Iterable[Decision] = (
            view.decisions()
            if only is None
            else [item for record in self._home for item in view.decisions(reference=record)]
        )
        for decision in sorted(given, key=lambda item: item.at):
            self._add(decision)
        for resolution in view.resolutions():
            if resolution.reference in self._home:
                self._settled[self._home[resolution.reference], resolution.stage] = resolution
        for retrieval in view.retrievals():
            self._note(retrieval)
        self.plans = {plan.stage: (sequence, plan) for sequence, plan in view.screening_plans()}
        self.stops = {stop.stage: stop for stop in view.stops()}
        self.audits = view.audits()
        self._left = {stage: self.at_home(stop.references) for stage, stop in self.stops.items()}
        self.calibration = {stage: self.at_home(plan.calibration) for stage, (_, plan) in self.plans.items()}
        self._audited: dict[Stage, frozenset[str]] = {
            stage: self.at_home(id_ for audit in self.audits if audit.stage == stage for id_ in audit.references)
            for stage in {audit.stage for audit in self.audits}
        }

    def records(self) -> tuple[str, ...]:
        """Return the ids of all records."""
        return tuple(self._home)

    def planned(self, plan: ScreeningPlan) -> Board:
        """Return the board as it would be under another plan of a stage."""
        other = copy.copy(self)
        other.forget()
        other.plans = self.plans | {plan.stage: (0, plan)}
        other.calibration = self.calibration | {plan.stage: self.at_home(plan.calibration)}
        return other

    def forget(self) -> None:
        """Work out anew where references stand when that is next asked."""
        self._standings = None

    def at_home(self, ids: Iterable[str]) -> frozenset[str]:
        """Return the references that ids stand for now: those that were merged stand for the one they are part of."""
        return frozenset(self._home[id_] for id_ in ids if id_ in self._home)

    def home(self, id_: str) -> str:
        """Return the reference that an id stands for now."""
        return self._home.get(id_, id_)

    def references(self) -> tuple[str, ...]:
        """Return the ids of the references, in order of import."""
        return tuple(dict.fromkeys(self._home.values()))

    def judged(self) -> tuple[str, ...]:
        """Return the references that have a verdict or a settlement at title and abstract, in order of import."""
        some = {id_ for id_, stage in (*self._verdicts, *self._settled) if stage == FIRST}
        return tuple(id_ for id_ in self.references() if id_ in some)

    def standing(self, reference: str, stage: Stage) -> Standing:
        """Return where a reference stands at a stage, whether or not it has reached it."""
        key = (reference, stage)
        verdicts = self._verdicts[key].values() if key in self._verdicts else ()
        return screening.standing(
            reference,
            stage,
            verdicts,
            self._settled.get(key),
            protocol=self.protocol,
            required=self.required(reference, stage),
            stopped=reference in self._left.get(stage, ()),
        )

    def required(self, reference: str, stage: Stage) -> int:
        """Return how many verdicts a reference needs: all readers' in the calibration round, one more in an audit."""
        needed = self._needed[stage]
        if reference in self.calibration.get(stage, ()):
            _, plan = self.plans[stage]
            needed = max(needed, sum((person, "reviewer") in self.roles for person in plan.readers))
        return needed + (reference in self._audited.get(stage, ()))

    def in_calibration(self, reference: str, stage: Stage) -> bool:
        """Tell whether a reference belongs to the calibration round of a stage."""
        return reference in self.calibration.get(stage, ())

    def in_audit(self, reference: str, stage: Stage) -> bool:
        """Tell whether a reference is to be read by one more person than it was."""
        return reference in self._audited.get(stage, ())

    def standings(self) -> dict[Stage, dict[str, Standing]]:
        """Return, for each stage in order, the standing of each reference that has reached it, in order of import."""
        if self._standings is not None:
            return self._standings
        found: dict[Stage, dict[str, Standing]] = {}
        reached = self.references()
        for stage in STAGES:
            found[stage] = {id_: self.standing(id_, stage) for id_ in reached}
            passed = [id_ for id_, item in found[stage].items() if item.state == "included"]
            reached = tuple(id_ for id_ in passed if not self.lost(id_))
        self._standings = found
        return found

    def lost(self, reference: str) -> bool:
        """Tell whether no report of the reference could be got; one report of a merged reference is enough."""
        return set(self._reports.get(reference, {}).values()) == {"not-retrieved"}

    def decide(self, tx: Transaction, given: DecisionMade) -> None:
        """Write a verdict, if stage, verdict, reasons and blinding allow it."""
        check_verdict(self.protocol, given.stage, given.verdict, given.reasons)
        self._require_reached(given.reference, given.stage)
        if given.stage == FULL_TEXT and self.lost(given.reference):
            raise NotAllowed(
                f"the report of {given.reference} was recorded as not retrieved",
                hint="Record that it was got: stromata screen retrieval KEY retrieved.",
            )
        now = self.standing(given.reference, given.stage)
        if now.state not in {"open", "unread"}:
            raise NotAllowed(
                f"the verdicts on {given.reference} at {given.stage} are complete ({now.state})",
                hint="Blinding has been lifted; an adjudicator can settle it: stromata screen resolve.",
            )
        at = tx.append(given).at
        self._add(Decision(given.reference, given.stage, given.reviewer, given.verdict, given.reasons, given.note, at))

    def resolve(self, tx: Transaction, given: ConflictResolved) -> None:
        """Write a settlement, if there is a conflict or an earlier settlement."""
        check_verdict(self.protocol, given.stage, given.verdict, given.reasons)
        verdict: Verdict = given.verdict
        if verdict == "maybe":
            raise InvalidInput("a settlement is include or exclude, not maybe")
        now = self.standing(given.reference, given.stage)
        if now.state != "conflict" and now.resolution is None:
            raise InvalidInput(
                f"{given.reference} has no conflict at {given.stage}: it is {now.state}",
                hint="List the conflicts: stromata screen conflicts.",
            )
        event = tx.append(given)
        self._standings = None
        self._settled[given.reference, given.stage] = Resolution(
            given.reference, given.stage, event.actor, verdict, given.reasons, given.note, event.at
        )

    def retrieve(self, tx: Transaction, given: RetrievalRecorded) -> None:
        """Write whether a report was got, if the reference has come that far."""
        check_word("status", given.status, ("retrieved", "not-retrieved"))
        self._require_reached(given.reference, FULL_TEXT)
        at = tx.append(given).at
        self._note(Retrieval(given.reference, given.status, given.note, at))

    def _require_reached(self, reference: str, stage: Stage) -> None:
        if stage != FIRST:
            require_stage(self.standing(reference, FIRST), stage)

    def _add(self, decision: Decision) -> None:
        """Keep a verdict; of two by one reviewer (on records merged since) the later one counts."""
        key = (self._home[decision.reference], decision.stage)
        self._standings = None
        self._verdicts[key][decision.reviewer] = decision

    def _note(self, retrieval: Retrieval) -> None:
        if retrieval.reference in self._home:
            self._standings = None
            self._reports[self._home[retrieval.reference]][retrieval.reference] = retrieval.status
