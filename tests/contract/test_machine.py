"""Random histories of two reviews, on both databases, beside a plain model of what must come out."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from strategies import AT, append, begin, make_records, names, prepare_import, values, wild_texts
from stromata import store as stores
from stromata.errors import Conflict, InvalidInput, NotFound
from stromata.model import (
    ROLES,
    STAGES,
    Arm,
    Ballot,
    BallotCast,
    ConflictResolved,
    DataPoint,
    Decision,
    DecisionMade,
    Merge,
    Outcome,
    Panel,
    Panellist,
    PanelSet,
    ProtocolSet,
    Record,
    ReferencesKeptApart,
    ReferencesMerged,
    ReferenceSplit,
    RetrievalRecorded,
    ReviewProtocol,
    RoleGranted,
    RoleRevoked,
    Round,
    RoundClosed,
    RoundOpened,
    Statement,
    StatementSet,
    StudiesLoaded,
    Study,
    StudyTables,
    Synthesis,
    SynthesisRun,
    Vote,
)
from stromata.model.codec import round_seal

REVIEWS = ("first", "second")
reviews = st.sampled_from(REVIEWS)
verdicts = st.sampled_from(["include", "exclude"])
picks = st.integers(0, 50)
few_picks = st.lists(picks, min_size=1, max_size=4)
ids = st.sampled_from(["a", "b", "c"])
VOTERS = ("ann", "bob", "cem")
STATEMENTS = ("s", "t")
scores = st.one_of(st.none(), st.integers(1, 9))


@st.composite
def study_tables(draw: st.DrawFn) -> StudyTables:
    """Tables in which every arm, outcome and data point has its study, arm and outcome."""
    studies = draw(st.lists(values(Study, id=ids), min_size=1, max_size=2, unique_by=lambda row: row.id))
    known = st.sampled_from([study.id for study in studies])
    arms = draw(st.lists(values(Arm, id=ids, study=known), max_size=2, unique_by=lambda row: row.id))
    outcomes = draw(st.lists(values(Outcome, id=ids, study=known), max_size=2, unique_by=lambda row: row.id))
    points: list[DataPoint] = []
    if arms and outcomes:
        arm, outcome = (st.sampled_from([row.id for row in rows]) for rows in (arms, outcomes))
        one = values(DataPoint, id=ids, study=known, arm=arm, outcome=outcome)
        points = draw(st.lists(one, max_size=2, unique_by=lambda row: row.id))
    return StudyTables(tuple(studies), tuple(arms), tuple(outcomes), tuple(points))


@dataclass
class PlainRound:
    """One round of votes: scores by person and statement, and its seal once it is closed."""

    votes: dict[tuple[str, str], int | None] = field(default_factory=dict)
    salts: dict[str, str] = field(default_factory=dict)
    seal: str = ""
    superseded: bool = False


class Model:
    """What a review must look like, kept in the plainest way."""

    def __init__(self) -> None:
        self.events = 1
        self.records: list[Record] = []
        self.clusters: dict[str, set[str]] = {}
        self.decisions: dict[tuple[str, str, str], Decision] = {}
        self.roles: set[tuple[str, str]] = set()
        self.sources: set[bytes] = set()
        self.plans: dict[str, Synthesis] = {}
        self.rounds: dict[tuple[int, int], PlainRound] = {}
        self.tables: dict[str, dict[str, Any]] = {name: {} for name in StudyTables.__dataclass_fields__}

    def order(self) -> list[str]:
        return [record.id for record in self.records]

    def in_order(self, members: set[str]) -> tuple[str, ...]:
        return tuple(name for name in self.order() if name in members)


class Machine(RuleBasedStateMachine):
    """Each rule does something to the store and the same to the model, or checks that it is refused."""

    address: str

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store = stores.create(self.make_address(), files=self.folder / "files")
        self.models = {review: Model() for review in REVIEWS}
        self.touched = set(REVIEWS)
        for review in REVIEWS:
            begin(self.store, review)
            self.do(review, PanelSet(Panel("p", members=tuple(map(Panellist, VOTERS)))))
            for name in STATEMENTS:
                self.do(review, StatementSet("p", Statement(name, "Cells help.")))

    def make_address(self) -> str:
        raise NotImplementedError

    def teardown(self) -> None:
        try:
            verification = self.store.verify()
            assert verification.ok, verification.differences
            assert verification.events == sum(model.events for model in self.models.values())
        finally:
            self.store.close()
            shutil.rmtree(self.folder)

    def do(self, review: str, payload: Any) -> None:
        append(self.store, payload, review=review)
        self.models[review].events += 1
        self.touched.add(review)

    def refuse(self, review: str, payload: Any, *errors: type[Exception]) -> None:
        self.touched.add(review)
        with pytest.raises(errors):
            append(self.store, payload, review=review)

    @rule(review=reviews, content=st.sampled_from([b"1", b"2", b"3"]), count=st.integers(0, 5), data=st.data())
    def import_source(self, review: str, content: bytes, count: int, data: st.DataObject) -> None:
        model = self.models[review]
        plain = make_records(self.store.files.put(content), count)
        drawn = [
            data.draw(values(Record, text=wild_texts, source=st.just(row.source), number=st.just(row.number)))
            for row in plain
        ]
        event = prepare_import(self.store, content, drawn)
        if content in model.sources:
            self.refuse(review, event, Conflict)
            return
        self.do(review, event)
        model.sources.add(content)
        model.records += drawn
        model.clusters |= {record.id: {record.id} for record in drawn}

    @rule(review=reviews, chosen=few_picks)
    def merge(self, review: str, chosen: list[int]) -> None:
        model = self.models[review]
        current = model.in_order(set(model.clusters))
        if not current:
            return
        into, *merged = [current[pick % len(current)] for pick in chosen]
        event = ReferencesMerged("m", (Merge(into, tuple(merged), "rule"),))
        if not merged or len({into, *merged}) < len(chosen):
            self.refuse(review, event, InvalidInput, NotFound)
            return
        self.do(review, event)
        for name in merged:
            model.clusters[into] |= model.clusters.pop(name)

    @rule(review=reviews, one=picks, other=picks)
    def keep_apart(self, review: str, one: int, other: int) -> None:
        names = sorted(self.models[review].clusters)
        if len(names) > 1:
            pair = names[one % len(names)], names[(one + 1 + other % (len(names) - 1)) % len(names)]
            self.do(review, ReferencesKeptApart((pair,), "different works"))

    @rule(review=reviews, pick=picks, chosen=few_picks)
    def split(self, review: str, pick: int, chosen: list[int]) -> None:
        model = self.models[review]
        large = [name for name, members in model.clusters.items() if len(members) > 1]
        if not large:
            return
        reference = large[pick % len(large)]
        members = model.in_order(model.clusters[reference])
        out = {members[number % len(members)] for number in chosen}
        self.do(review, ReferenceSplit(reference, tuple(sorted(out)), "no"))
        rest = model.clusters.pop(reference) - out
        model.clusters |= {name: {name} for name in out}
        if rest:
            model.clusters[reference if reference in rest else model.in_order(rest)[0]] = rest

    @rule(review=reviews, pick=picks, stage=st.sampled_from(STAGES), verdict=verdicts, who=names)
    def decide(self, review: str, pick: int, stage: Any, verdict: Any, who: str) -> None:
        model = self.models[review]
        every = model.order()
        if not every:
            return
        name = every[pick % len(every)]
        event = DecisionMade(name, stage, who, verdict, ("r",), "n")
        if name not in model.clusters:
            self.refuse(review, event, NotFound)
            return
        self.do(review, event)
        key = (stage, name, who)
        model.decisions.pop(key, None)
        model.decisions[key] = Decision(name, stage, who, verdict, ("r",), "n", AT)

    @rule(review=reviews, pick=picks, stage=st.sampled_from(STAGES))
    def resolve_and_retrieve(self, review: str, pick: int, stage: Any) -> None:
        current = list(self.models[review].clusters)
        if current:
            name = current[pick % len(current)]
            self.do(review, ConflictResolved(name, stage, "include"))
            self.do(review, RetrievalRecorded(name, "retrieved" if pick % 2 else "not-retrieved"))

    @rule(review=reviews, person=names, role=st.sampled_from(ROLES), grant=st.booleans())
    def role(self, review: str, person: str, role: Any, grant: bool) -> None:
        model = self.models[review]
        if grant:
            self.do(review, RoleGranted(person, role))
            model.roles.add((person, role))
        elif (person, role) in model.roles:
            self.do(review, RoleRevoked(person, role))
            model.roles.discard((person, role))
        else:
            self.refuse(review, RoleRevoked(person, role), NotFound)

    @rule(review=reviews, tables=study_tables())
    def load(self, review: str, tables: StudyTables) -> None:
        self.do(review, StudiesLoaded(tables))
        for name, rows in self.models[review].tables.items():
            rows |= {row.id: row for row in getattr(tables, name)}

    @rule(review=reviews, synthesis=values(Synthesis, plan=ids))
    def synthesize(self, review: str, synthesis: Synthesis) -> None:
        self.do(review, SynthesisRun(synthesis))
        self.models[review].plans[synthesis.plan] = synthesis

    @rule(review=reviews, protocol=values(ReviewProtocol))
    def set_protocol(self, review: str, protocol: ReviewProtocol) -> None:
        self.do(review, ProtocolSet(protocol))
        with self.store.snapshot(review) as view:
            assert view.protocol() == protocol

    @rule(review=reviews, number=st.integers(1, 3), again=st.booleans())
    def open_round(self, review: str, number: int, again: bool) -> None:
        model = self.models[review]
        current = {key[0]: held for key, held in model.rounds.items() if not held.superseded}
        before = current.get(number)
        editions = [key[1] for key in model.rounds if key[0] == number]
        asked = Round(
            number,
            invited=VOTERS,
            statements=STATEMENTS,
            supersedes=before.seal if before and again else "",
            reason="mixed up" if again else "",
            edition=max(editions, default=0) + 1,
        )
        fits = again if before else number == max(current, default=0) + 1
        if not fits or any(not held.seal for held in model.rounds.values()):
            self.refuse(review, RoundOpened("p", asked), Conflict)
            return
        self.do(review, RoundOpened("p", asked))
        for key, held in model.rounds.items():
            held.superseded = held.superseded or key[0] >= number
        model.rounds[number, asked.edition] = PlainRound()

    @rule(review=reviews, who=st.sampled_from(VOTERS), name=st.sampled_from(STATEMENTS), score=scores, salt=names)
    def vote(self, review: str, who: str, name: str, score: int | None, salt: str) -> None:
        model = self.models[review]
        (number, edition), held = list(model.rounds.items())[-1] if model.rounds else ((1, 1), PlainRound(seal="none"))
        event = BallotCast(Ballot("p", number, edition, who, (Vote(name, who, number, score),), salt))
        if held.seal:
            self.refuse(review, event, Conflict)
            return
        self.do(review, event)
        held.votes[who, name] = score
        held.salts[who] = salt

    @rule(review=reviews)
    def close_round(self, review: str) -> None:
        rounds = self.models[review].rounds
        (number, edition), held = list(rounds.items())[-1] if rounds else ((1, 1), PlainRound(seal="none"))
        votes = [Vote(name, who, number, score) for (who, name), score in held.votes.items()]
        event = RoundClosed("p", number, edition, round_seal(votes, round_number=number, salts=held.salts.values()))
        if held.seal:
            self.refuse(review, event, Conflict)
            return
        self.do(review, event)
        held.seal = event.seal

    @rule(review=reviews)
    def fail_halfway(self, review: str) -> None:
        self.touched.add(review)
        with pytest.raises(NotFound):
            append(self.store, RoleGranted("lost", "lead"), RoleRevoked("nobody", "lead"), review=review)

    @invariant()
    def the_store_is_as_the_model(self) -> None:
        for review in sorted(self.touched):
            model = self.models[review]
            with self.store.snapshot(review) as view:
                assert view.info().events == model.events
                expected = {name: model.in_order(members) for name, members in model.clusters.items()}
                assert list(view.references()) == [(name, expected[name]) for name in model.order() if name in expected]
                assert view.decisions() == tuple(model.decisions.values())
                assert set(view.roles()) == model.roles
                assert {row.plan: row for row in view.syntheses()} == model.plans
                tables = view.tables()
                assert {name: tuple(rows.values()) for name, rows in model.tables.items()} == {
                    name: getattr(tables, name) for name in model.tables
                }
                assert list(view.records()) == model.records
                for held in view.rounds("p"):
                    plain = model.rounds[held.number, held.edition]
                    assert (held.seal, held.superseded) == (plain.seal, plain.superseded)
                    cast = [vote for ballot in view.ballots("p", held.number, held.edition) for vote in ballot.votes]
                    assert {(vote.panellist, vote.statement): vote.score for vote in cast} == plain.votes
                assert len(view.rounds("p")) == len(model.rounds)
        self.touched.clear()


@pytest.mark.parametrize("histories", [6, pytest.param(15, marks=pytest.mark.slow)])
def test_any_history_replays_to_the_state_it_left(backend: str, histories: int, request: pytest.FixtureRequest) -> None:
    if backend == "postgres":
        empty = request.getfixturevalue("_postgres_shared")
    else:
        ready = request.getfixturevalue("sqlite_ready")

    class OnBackend(Machine):
        def make_address(self) -> str:
            if backend == "postgres":
                return str(empty())
            return str(shutil.copy(ready, self.folder / "reviews.db"))

    modest = settings(
        max_examples=histories if backend == "sqlite" else histories // 2,
        stateful_step_count=15,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    run_state_machine_as_test(OnBackend, settings=modest)
