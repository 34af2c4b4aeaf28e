"""Questions to the current state and to the log of one review.

Long answers are read in batches, by the position of the last row seen: memory stays flat, no cursor is left open, and
within a transaction they see what was appended before they were asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, Row, Table

from stromata.errors import InvalidInput, NotFound, StoreError
from stromata.model import (
    PAYLOADS,
    Appraisal,
    Arm,
    Audit,
    Ballot,
    CertaintyJudgement,
    DataPoint,
    Decision,
    EtdFrame,
    Event,
    Extraction,
    KeptStatement,
    Outcome,
    Panel,
    Prior,
    PublishedClaim,
    Record,
    RecordChecked,
    Resolution,
    Retrieval,
    ReviewInclusion,
    ReviewProtocol,
    Role,
    Round,
    ScreeningPlan,
    Settlement,
    Source,
    Stage,
    StandardAdopted,
    Stop,
    Study,
    StudyLink,
    StudyTables,
    SuggestionRun,
    SuggestionVerdict,
    Synthesis,
)
from stromata.model.codec import from_json, payload_from_json
from stromata.store import schema
from stromata.store.apply import fold_identifier, fold_title
from stromata.store.rows import BATCH, batches, require_reference, sound

T = TypeVar("T")

_RESTORE = "Run `stromata verify`; restore the last backup."
_KNOWN = frozenset((cls.kind, cls.version) for cls in PAYLOADS)

# Any: SQLAlchemy types a row by its columns, which here come as arguments.


@dataclass(frozen=True, slots=True)
class ReviewInfo:
    """A review at a glance.

    Attributes
    ----------
    created_at : ISO 8601 time in UTC.
    events : how many events its log holds.
    head : hash of the newest event. Whoever keeps a copy of it elsewhere can tell later whether the log was rewritten.
    """

    id: str
    title: str
    created_at: str
    events: int
    head: str


class Snapshot:
    """One review at one moment.

    Got from `Store.snapshot`, which sees one moment however long it is open; a `Transaction` answers the same
    questions and sees its own changes. Iterators must be used up before it is closed.
    """

    def __init__(self, connection: Connection, review: str) -> None:
        self._connection = connection
        self._review = review

    def info(self) -> ReviewInfo:
        """Return title, time and length of the log; NotFound when there is no such review."""
        table = schema.reviews
        row = self._connection.execute(sa.select(table).where(table.c.id == sound(self._review))).first()
        if row is None:
            raise NotFound(
                f"there is no review {self._review!r} in this database", hint="`stromata new` begins a review."
            )
        return ReviewInfo(row.id, row.title, row.created_at, row.events, row.head)

    def protocol(self) -> ReviewProtocol:
        """Return the protocol now in force; an empty one until the first is set."""
        self.info()
        table = schema.reviews
        text = self._connection.execute(sa.select(table.c.protocol).where(table.c.id == self._review)).scalar_one()
        return self._value(ReviewProtocol, text)

    def roles(self) -> tuple[tuple[str, Role], ...]:
        """Return (person, role), in the order in which they were granted."""
        table = schema.roles
        rows = self._select(table, table.c.person, table.c.role).order_by(table.c.sequence)
        return tuple((row.person, row.role) for row in self._connection.execute(rows))

    def sources(self) -> tuple[Source, ...]:
        """Return the sources in the order in which they were imported."""
        return self._values(Source, schema.sources, schema.sources.c.position)

    def source(self, sha256: str) -> Source | None:
        """Return the source with these bytes; None when the review has none."""
        table = schema.sources
        wanted = self._select(table, table.c.data).where(table.c.id == sha256[:12])  # as `Source.id` has it
        text = self._connection.execute(wanted).scalar()
        found = None if text is None else self._value(Source, str(text))
        return found if found is not None and found.sha256 == sha256 else None

    def record(self, id: str) -> Record:  # noqa: A002 - the word of the domain
        """Return one record; NotFound when the review has none of that id."""
        table = schema.records
        text = self._connection.execute(self._select(table, table.c.data).where(table.c.id == sound(id))).scalar()
        if text is None:
            raise _no_record(id)
        return self._value(Record, text)

    def records(self, ids: Iterable[str] | None = None) -> Iterator[Record]:
        """Yield all records, or those named by `ids`, in the order of import.

        Raises
        ------
        NotFound
            One of `ids` is no record of this review; raised before the first record is yielded.
        """
        table = schema.records
        if ids is None:
            for row in self._pages(self._select(table, table.c.position, table.c.data), table.c.position):
                yield self._value(Record, row.data)
            return
        places: list[tuple[int, str]] = []
        for batch in batches(dict.fromkeys(ids)):
            named = self._select(table, table.c.position, table.c.id).where(table.c.id.in_(map(sound, batch)))
            found = [(row.position, row.id) for row in self._connection.execute(named)]
            if len(found) < len(batch):
                raise _no_record(min(set(batch) - {name for _, name in found}))
            places += found
        for places_now in batches(sorted(places)):
            named = self._select(table, table.c.data).where(table.c.position.in_([place for place, _ in places_now]))
            for row in self._connection.execute(named.order_by(table.c.position)).all():
                yield self._value(Record, row.data)

    def references(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield (reference id, ids of its member records), both in the order of import (of the native record)."""
        table = schema.members
        wanted = self._select(table, table.c.reference_position, table.c.position, table.c.reference, table.c.record)
        rows = self._pages(wanted, table.c.reference_position, table.c.position)
        for reference, members in groupby(rows, key=itemgetter(2)):
            yield reference, tuple(row.record for row in members)

    def reference_of(self, record: str) -> str:
        """Return the id of the reference that a record belongs to now; NotFound when there is no such record."""
        table = schema.members
        found: str | None = self._connection.execute(
            self._select(table, table.c.reference).where(table.c.record == sound(record))
        ).scalar()
        if found is None:
            raise _no_record(record)
        return found

    def members(self, reference: str) -> tuple[str, ...]:
        """Return the ids of a reference's records in the order of import; NotFound when it is no reference now."""
        require_reference(self._connection, self._review, reference)
        table = schema.members
        own = self._select(table, table.c.reference_position).where(table.c.record == reference).scalar_subquery()
        rows = self._select(table, table.c.record).where(table.c.reference_position == own).order_by(table.c.position)
        return tuple(self._connection.execute(rows).scalars())

    def find_records(
        self,
        *,
        doi: str = "",
        pmid: str = "",
        pmcid: str = "",
        registry: str = "",
        accession: str = "",
        title: str = "",
    ) -> tuple[str, ...]:
        """Return the ids of the records that carry any of the identifiers given, in the order of import.

        Case does not matter. An identifier of more than 200 characters is not looked up. Titles match by their first
        200 characters, without regard to case, punctuation and spaces.
        """
        asked = {"doi": doi, "pmid": pmid, "pmcid": pmcid, "registry": registry, "accession": accession}
        asked["title"] = fold_title(title)
        table, record = schema.identifiers, schema.records
        matches = [
            sa.and_(table.c.scheme == scheme, table.c.value == fold_identifier(value))
            for scheme, value in asked.items()
            if fold_identifier(value)
        ]
        if not matches:
            return ()
        joined = table.join(record, sa.and_(record.c.review == table.c.review, record.c.id == table.c.record))
        rows = (
            sa.select(record.c.id, record.c.position)
            .select_from(joined)
            .where(table.c.review == self._review, sa.or_(*matches))
            .distinct()
            .order_by(record.c.position)
        )
        return tuple(row.id for row in self._connection.execute(rows))

    def decisions(self, *, stage: Stage | None = None, reference: str | None = None) -> tuple[Decision, ...]:
        """Return the reviewers' present verdicts, in the order in which they were given.

        They stand under the reference id they were given for, also when that reference has since been merged.
        """
        table = schema.decisions
        rows = self._select(table, table.c.data).order_by(table.c.sequence)
        if stage is not None:
            rows = rows.where(table.c.stage == stage)
        if reference is not None:
            rows = rows.where(table.c.reference == sound(reference))
        return tuple(self._value(Decision, text) for text in self._connection.execute(rows).scalars())

    def resolutions(self) -> tuple[Resolution, ...]:
        """Return the settled conflicts, in the order in which they were settled."""
        return self._values(Resolution, schema.resolutions, schema.resolutions.c.sequence)

    def retrievals(self) -> tuple[Retrieval, ...]:
        """Return what is known of the retrieval of reports, in the order in which it was recorded."""
        return self._values(Retrieval, schema.retrievals, schema.retrievals.c.sequence)

    def screening_plans(self) -> tuple[tuple[int, ScreeningPlan], ...]:
        """Return (sequence of the event that set it, plan) of each stage that has one, in the order of those events."""
        table = schema.screening_plans
        rows = self._connection.execute(self._select(table, table.c.sequence, table.c.data).order_by(table.c.sequence))
        return tuple((row.sequence, self._value(ScreeningPlan, row.data)) for row in rows)

    def stops(self) -> tuple[Stop, ...]:
        """Return the stops that stand, in the order in which they were confirmed."""
        return self._values(Stop, schema.screening_stops, schema.screening_stops.c.sequence)

    def audits(self) -> tuple[Audit, ...]:
        """Return the audits, in the order in which they were drawn."""
        return self._values(Audit, schema.screening_audits, schema.screening_audits.c.sequence)

    def priors(self) -> tuple[Prior, ...]:
        """Return what was taken over from elsewhere for the ranking; those of one import by the reference's id."""
        table = schema.screening_priors
        rows = self._select(table, table.c.data).order_by(table.c.sequence, table.c.reference)
        return tuple(self._value(Prior, text) for text in self._connection.execute(rows).scalars())

    def tables(self) -> StudyTables:
        """Return the studies and their data, each table in the order in which its rows were first loaded."""
        return StudyTables(
            studies=tuple(self._studies()),
            arms=self._values(Arm, schema.arms, schema.arms.c.position),
            outcomes=self._values(Outcome, schema.outcomes, schema.outcomes.c.position),
            data_points=self._values(DataPoint, schema.data_points, schema.data_points.c.position),
            claims=self._values(PublishedClaim, schema.claims, schema.claims.c.position),
            inclusions=self._values(ReviewInclusion, schema.inclusions, schema.inclusions.c.position),
        )

    def extractions(self, study: str | None = None) -> tuple[Extraction, ...]:
        """Return what each person extracted, of one study or of all, in the order in which it was written."""
        rows = self._select(schema.extractions, schema.extractions.c.data).order_by(schema.extractions.c.sequence)
        if study is not None:
            rows = rows.where(schema.extractions.c.study == sound(study))
        return tuple(self._value(Extraction, text) for text in self._connection.execute(rows).scalars())

    def settlements(self, study: str | None = None) -> tuple[Settlement, ...]:
        """Return the settled fields, of one study or of all, in the order in which they were settled."""
        table = schema.settlements
        rows = self._select(table, table.c.data).order_by(
            table.c.sequence, table.c.study, table.c.level, table.c.subject, table.c.field
        )
        if study is not None:
            rows = rows.where(table.c.study == sound(study))
        return tuple(self._value(Settlement, text) for text in self._connection.execute(rows).scalars())

    def suggestion_runs(self) -> tuple[SuggestionRun, ...]:
        """Return what programs proposed to extract, in the order in which it was kept."""
        return self._values(SuggestionRun, schema.suggestion_runs, schema.suggestion_runs.c.sequence)

    def suggestion_verdicts(self) -> tuple[SuggestionVerdict, ...]:
        """Return what people made of suggestions, in the order in which they judged."""
        return self._values(SuggestionVerdict, schema.suggestion_verdicts, schema.suggestion_verdicts.c.sequence)

    def appraisals(self) -> tuple[Appraisal, ...]:
        """Return each person's appraisals, in the order in which they were written."""
        return self._values(Appraisal, schema.appraisals, schema.appraisals.c.sequence)

    def settled_appraisals(self) -> tuple[Appraisal, ...]:
        """Return the consensus appraisals, in the order in which they were settled."""
        return self._values(Appraisal, schema.settled_appraisals, schema.settled_appraisals.c.sequence)

    def syntheses(self) -> tuple[Synthesis, ...]:
        """Return the newest result of each plan, in the order in which the plans were first run."""
        return self._values(Synthesis, schema.syntheses, schema.syntheses.c.position)

    def certainty(self) -> tuple[CertaintyJudgement, ...]:
        """Return the newest judgement of each synthesis' certainty, in the order in which they were first judged."""
        return self._values(CertaintyJudgement, schema.certainty, schema.certainty.c.position)

    def panels(self) -> tuple[Panel, ...]:
        """Return the panels, in the order in which they were named."""
        return self._values(Panel, schema.panels, schema.panels.c.position)

    def statements(self, panel: str | None = None) -> tuple[KeptStatement, ...]:
        """Return the statements of one panel or of all, those taken out as well, in the order in which they came."""
        found = self._values(KeptStatement, schema.statements, schema.statements.c.position)
        return tuple(item for item in found if panel is None or item.panel == panel)

    def rounds(self, panel: str) -> tuple[Round, ...]:
        """Return every round of a panel by number and edition, superseded ones as well."""
        table = schema.rounds
        rows = self._select(table, table.c.data).where(table.c.panel == sound(panel))
        texts = self._connection.execute(rows.order_by(table.c.number, table.c.edition)).scalars()
        return tuple(self._value(Round, str(text)) for text in texts)

    def ballots(self, panel: str, number: int, edition: int) -> tuple[Ballot, ...]:
        """Return what each panellist voted in one round, in the order in which they last voted."""
        table = schema.ballots
        rows = self._select(table, table.c.data).where(
            table.c.panel == sound(panel), table.c.number == number, table.c.edition == edition
        )
        texts = self._connection.execute(rows.order_by(table.c.sequence, table.c.panellist)).scalars()
        return tuple(self._value(Ballot, str(text)) for text in texts)

    def frames(self) -> tuple[EtdFrame, ...]:
        """Return the Evidence-to-Decision frames, in the order in which they were first filled in."""
        return self._values(EtdFrame, schema.frames, schema.frames.c.position)

    def adopted_standards(self) -> tuple[StandardAdopted, ...]:
        """Return the team's own practice standards, in the order in which they were first adopted."""
        return self._values(StandardAdopted, schema.adopted_standards, schema.adopted_standards.c.position)

    def record_checks(self) -> tuple[RecordChecked, ...]:
        """Return the records that were held against a standard and kept, in the order in which they first were."""
        return self._values(RecordChecked, schema.record_checks, schema.record_checks.c.position)

    def events(self, *, after: int = 0, kinds: tuple[str, ...] = ()) -> Iterator[Event]:
        """Yield the events with a sequence above `after`, in order; only those of `kinds`, if any are named.

        Raises
        ------
        StoreError
            An event is damaged.
        InvalidInput
            A newer stromata wrote it.
        """
        table = schema.events
        wanted = sa.select(table).where(table.c.review == self._review, table.c.sequence > after)
        if kinds:
            wanted = wanted.where(table.c.kind.in_(kinds))
        for row in self._pages(wanted, table.c.sequence):
            yield _sound_event(row)

    def newest(self, kinds: tuple[str, ...]) -> int:
        """Return the sequence of the newest event of these kinds; 0 when there is none."""
        table = schema.events
        wanted = sa.select(sa.func.max(table.c.sequence)).where(table.c.review == self._review, table.c.kind.in_(kinds))
        return int(self._connection.execute(wanted).scalar() or 0)

    def _studies(self) -> Iterator[Study]:
        """Yield the studies as loaded, with the links and cohorts that people have said of them since."""
        links, cohorts = schema.study_links, schema.study_cohorts
        wanted = self._select(links, links.c.study, links.c.link, links.c.linked, links.c.reason)
        said: dict[str, dict[str, StudyLink | None]] = defaultdict(dict)
        for row in self._connection.execute(wanted.order_by(links.c.sequence, links.c.study, links.c.link)):
            said[row.study][row.link] = StudyLink(row.link, row.reason) if row.linked else None
        rows = self._connection.execute(self._select(cohorts, cohorts.c.study, cohorts.c.cohort, cohorts.c.reason))
        marked = {row.study: {"cohort": str(row.cohort), "cohort_reason": str(row.reason)} for row in rows}
        for study in self._values(Study, schema.studies, schema.studies.c.position):
            later = said.get(study.id, {})
            kept = [link for link in study.links if link.key not in later]
            added = [link for link in later.values() if link is not None]
            yield replace(study, links=(*kept, *added), **marked.get(study.id, {}))  # type: ignore[arg-type]  # two texts

    def _select(self, table: Table, *columns: sa.ColumnElement[object]) -> sa.Select[*tuple[Any, ...]]:
        return sa.select(*columns).where(table.c.review == self._review)

    def _values(self, cls: type[T], table: Table, order: sa.ColumnElement[object]) -> tuple[T, ...]:
        rows = self._select(table, table.c.data).order_by(order)
        return tuple(self._value(cls, str(text)) for text in self._connection.execute(rows).scalars())

    def _value(self, cls: type[T], text: str) -> T:
        """Return a value of the current state; StoreError when its text is damaged."""
        try:
            return from_json(cls, text)
        except InvalidInput as error:
            raise StoreError(
                f"a {cls.__name__} in the state of review {self._review} is damaged ({error.message})", hint=_RESTORE
            ) from error

    def _pages(
        self, wanted: sa.Select[*tuple[Any, ...]], *order: sa.ColumnElement[int]
    ) -> Iterator[Row[*tuple[Any, ...]]]:
        """Yield rows in the order of integer columns, which are the first of the row, or named in it."""
        after = tuple(0 for _ in order)
        names = [column.name for column in order]
        while True:
            page = wanted.where(sa.tuple_(*order) > sa.tuple_(*map(sa.literal, after))).order_by(*order).limit(BATCH)
            rows = self._connection.execute(page).all()
            yield from rows
            if len(rows) < BATCH:
                return
            after = tuple(int(getattr(rows[-1], name)) for name in names)


def event_of(row: Row[*tuple[Any, ...]]) -> Event:
    """Return the event that a row of the log holds; InvalidInput when its payload cannot be read."""
    payload = payload_from_json(row.kind, row.version, row.payload)
    return Event(row.review, row.sequence, row.at, row.actor, payload, row.previous, row.hash)


def _sound_event(row: Row[*tuple[Any, ...]]) -> Event:
    """Return the event of a row; StoreError when it is damaged, InvalidInput when it is of an unknown, newer kind."""
    try:
        return event_of(row)
    except InvalidInput as error:
        if (row.kind, row.version) not in _KNOWN:
            raise
        raise StoreError(
            f"event {row.sequence} of review {row.review} is damaged ({error.message})", hint=_RESTORE
        ) from error


def _no_record(id: str) -> NotFound:  # noqa: A002 - the word of the domain
    return NotFound(f"there is no record {id!r} in this review")
