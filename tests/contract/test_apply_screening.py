from __future__ import annotations

import pytest

from strategies import append, import_records, merge
from stromata.errors import InvalidInput, NotFound
from stromata.model import (
    Audit,
    AuditDrawn,
    Prior,
    PriorsImported,
    ScreeningPlan,
    ScreeningPlanned,
    ScreeningResumed,
    ScreeningStopped,
    Stop,
    StoppingEvidence,
)
from stromata.store import Store

TA = "title-abstract"
SAID = StoppingEvidence("default", "1", 0.95, 0.95, 4, 2, 1, says_stop=True, claim="enough")


def test_the_newest_plan_of_a_stage_stands(store: Store) -> None:
    a, b, _, _ = import_records(store)
    first = ScreeningPlan(TA, readers=("ann", "bo"), calibration=(a,))
    second = ScreeningPlan(TA, readers=("ann", "bo"), calibration=(b,), limits=(("ann", 3),))
    full = ScreeningPlan("full-text")
    append(store, ScreeningPlanned(first), ScreeningPlanned(full), ScreeningPlanned(second, "better"))
    with store.snapshot("r") as view:
        assert view.screening_plans() == ((4, full), (5, second))
    assert store.verify().ok


def test_a_stop_stands_until_it_is_taken_back(store: Store) -> None:
    a, b, _, _ = import_records(store)
    append(store, ScreeningStopped(TA, (a, b), SAID, "7-ab", "enough"))
    with store.snapshot("r") as view:
        (found,) = view.stops()
    assert found == Stop(TA, "ana", (a, b), SAID, "7-ab", "enough", found.at)
    append(store, ScreeningResumed(TA, "more"))
    with store.snapshot("r") as view:
        assert view.stops() == ()
    with pytest.raises(NotFound, match="not stopped"):
        append(store, ScreeningResumed(TA, "again"))
    assert store.verify().ok


def test_audits_add_up(store: Store) -> None:
    a, b, _, _ = import_records(store)
    append(store, AuditDrawn(TA, 4, (a,), 1), AuditDrawn(TA, 3, (b,), 2))
    with store.snapshot("r") as view:
        assert [(item.frame, item.references, item.seed) for item in view.audits()] == [(4, (a,), 1), (3, (b,), 2)]
        assert isinstance(view.audits()[0], Audit)
    assert store.verify().ok


def test_a_later_prior_replaces_the_earlier_one(store: Store) -> None:
    a, b, _, _ = import_records(store)
    append(
        store,
        PriorsImported((Prior(a, 1.0), Prior(b, 0.0)), ("x.csv", "0" * 64)),
        PriorsImported((Prior(a, 0.0),), ("y.csv", "1" * 64)),
    )
    with store.snapshot("r") as view:
        assert sorted(view.priors(), key=lambda item: item.reference) == [Prior(a, 0.0), Prior(b, 0.0)]
    assert store.verify().ok


@pytest.mark.parametrize("which", ["plan", "stop", "audit", "prior"])
def test_what_rests_on_a_reference_that_is_none_now_is_refused(store: Store, which: str) -> None:
    a, b, _, _ = import_records(store)
    append(store, merge(a, b))
    payload = {
        "plan": ScreeningPlanned(ScreeningPlan(TA, known=(b,))),
        "stop": ScreeningStopped(TA, (b,), SAID),
        "audit": AuditDrawn(TA, 4, (b,), 1),
        "prior": PriorsImported((Prior(b, 1.0),), ("x.csv", "0" * 64)),
    }[which]
    with pytest.raises(NotFound, match="no reference"):
        append(store, payload)
    assert store.verify().ok


@pytest.mark.parametrize("which", ["stop", "audit", "frame", "prior", "relevance"])
def test_what_contradicts_itself_is_refused(store: Store, which: str) -> None:
    a, b, _, _ = import_records(store)
    payload = {
        "stop": ScreeningStopped(TA, (), SAID),
        "audit": AuditDrawn(TA, 4, (), 1),
        "frame": AuditDrawn(TA, 1, (a, b), 1),
        "prior": PriorsImported((), ("x.csv", "0" * 64)),
        "relevance": PriorsImported((Prior(a, 1.5),), ("x.csv", "0" * 64)),
    }[which]
    with pytest.raises(InvalidInput):
        append(store, payload)


def test_a_reader_without_a_name_is_refused(store: Store) -> None:
    import_records(store)
    with pytest.raises(InvalidInput, match="reader"):
        append(store, ScreeningPlanned(ScreeningPlan(TA, readers=(" ",))))
