"""All that bears on screening, gathered from a snapshot: who decided what, what was settled, which report was got.

Verdicts are stored under the reference they were given for. The board reads them by the present clusters: a reference
that was merged brings its verdicts along, and takes them back when it is split off again.
"""

from __future__ import annotations

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

    def references(self) -> tuple[str, ...]:
        """Return the ids of the references, in order of import."""
        return tuple(dict.fromkeys(self._home.values()))

    def standing(self, reference: str, stage: Stage) -> Standing:
        """Return where a reference stands at a stage, whether or not it has reached it."""
        key = (reference, stage)
        verdicts = self._verdicts[key].values() if key in self._verdicts else ()
        return screening.standing(reference, stage, verdicts, self._settled.get(key), protocol=self.protocol)

    def standings(self) -> dict[Stage, dict[str, Standing]]:
        """Return, for each stage in order, the standing of each reference that has reached it, in order of import."""
        found: dict[Stage, dict[str, Standing]] = {}
        reached = self.references()
        for stage in STAGES:
            found[stage] = {id_: self.standing(id_, stage) for id_ in reached}
            passed = [id_ for id_, item in found[stage].items() if item.state == "included"]
            reached = tuple(id_ for id_ in passed if not self.lost(id_))
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
        if now.state != "open":
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
        self._verdicts[key][decision.reviewer] = decision

    def _note(self, retrieval: Retrieval) -> None:
        if retrieval.reference in self._home:
            self._reports[self._home[retrieval.reference]][retrieval.reference] = retrieval.status
