from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import texts, values
from stromata.errors import InvalidInput
from stromata.model import (
    GENESIS,
    PAYLOADS,
    DecisionMade,
    Interval,
    Name,
    Payload,
    Record,
    ReviewCreated,
    ReviewProtocol,
    RoleGranted,
    SourceImported,
    SynthesisRun,
)
from stromata.model.codec import (
    canonical,
    digest,
    event_hash,
    from_data,
    from_json,
    make_event,
    payload_from_json,
    to_data,
    to_json,
)

payloads = st.one_of([values(cls) for cls in PAYLOADS])
modest = settings(max_examples=60, deadline=None)


@modest
@given(payloads)
def test_every_payload_comes_back_from_json_and_from_data(payload: Payload) -> None:
    cls = type(payload)
    assert from_json(cls, to_json(payload)) == payload
    assert from_data(cls, to_data(payload)) == payload
    assert payload_from_json(cls.kind, cls.version, to_json(payload)) == payload


@modest
@given(payloads)
def test_a_payload_that_was_read_has_the_same_hash(payload: Payload) -> None:
    again = from_json(type(payload), to_json(payload))
    assert _hash(payload) == _hash(again)
    assert to_json(again) == to_json(payload)


def test_kinds_and_versions_are_told_apart() -> None:
    assert len({(cls.kind, cls.version) for cls in PAYLOADS}) == len(PAYLOADS)


def _hash(payload: Payload, **changed: object) -> str:
    given: dict[str, object] = {"review": "r", "sequence": 1, "at": "2026", "actor": "a", "previous": GENESIS}
    given |= {"kind": payload.kind, "version": payload.version, "payload": to_data(payload)}
    return event_hash(**(given | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed", [{"review": "s"}, {"sequence": 2}, {"at": "2027"}, {"actor": "b"}, {"previous": "1" * 64}]
)
def test_the_hash_rests_on_everything_that_stands_in_an_event(changed: dict[str, object]) -> None:
    payload = RoleGranted("bo", "lead")
    assert _hash(payload) != _hash(payload, **changed)
    assert _hash(payload) != _hash(replace(payload, person="cy"))


def test_equal_fields_of_another_kind_give_another_hash() -> None:
    from stromata.model import RoleRevoked

    assert _hash(RoleGranted("bo", "lead")) != _hash(RoleRevoked("bo", "lead"))


def test_the_hash_is_the_sha256_of_the_canonical_event() -> None:
    """Written out, so that another program can check a log: this digest must never change."""
    import hashlib

    text = (
        '{"actor":"a","at":"2026","kind":"review-created","payload":{"title":"间充质"},"previous":"'
        + GENESIS
        + '","review":"r","sequence":1,"version":1}'
    )
    assert _hash(ReviewCreated("间充质")) == hashlib.sha256(text.encode()).hexdigest()


def test_make_event_carries_its_hash() -> None:
    event = make_event(review="r", sequence=1, at="2026", actor="a", payload=ReviewCreated("T"), previous=GENESIS)
    assert event.hash == _hash(ReviewCreated("T"))
    assert (event.sequence, event.previous) == (1, GENESIS)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@modest
@given(st.dictionaries(texts, json_values, max_size=4))
def test_canonical_json_does_not_depend_on_the_order_of_keys(data: dict[str, object]) -> None:
    turned = dict(reversed(data.items()))
    assert canonical(turned) == canonical(data)
    assert digest(turned) == digest(data)
    assert json.loads(canonical(data)) == data


def test_canonical_json_has_no_spaces_and_keeps_characters() -> None:
    assert canonical({"b": [1, 2.5], "a": "细胞"}) == '{"a":"细胞","b":[1,2.5]}'.encode()


def test_canonical_json_refuses_what_json_has_no_word_for() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        canonical(math.nan)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_become_null(value: float) -> None:
    assert to_data(Interval(value, 0.1, None)) == {
        "estimate": None,
        "ci_low": 0.1,
        "ci_high": None,
        "pi_low": None,
        "pi_high": None,
    }


def test_floats_keep_every_digit() -> None:
    for value in (0.1 + 0.2, 1e-300, 5e-324, 1.7976931348623157e308, -0.0, 123456789.123456789):
        again = from_json(Interval, to_json(Interval(value, None, None))).estimate
        assert again is not None
        assert math.copysign(1, again) == math.copysign(1, value)
        assert again == value


def test_missing_fields_take_their_defaults() -> None:
    text = '{"source": "s", "number": 1, "line": 2, "end_line": 3, "authors": [{"literal": "WHO"}]}'
    assert from_json(Record, text) == Record("s", 1, 2, 3, authors=(Name(literal="WHO"),))
    assert from_data(ReviewProtocol, {}) == ReviewProtocol()


@pytest.mark.parametrize(
    ("cls", "text", "words"),
    [
        (ReviewCreated, "{", "JSON"),
        (ReviewCreated, "{}", "title: "),
        (RoleGranted, '{"person": "bo", "role": "king"}', "role: .*'lead'"),
        (DecisionMade, '{"reference": 1, "stage": "x", "reviewer": "b", "verdict": "include"}', "reference: .*stage: "),
        (SourceImported, '{"source": {"file": "f"}, "records_sha256": "a"}', r"source\.sha256: "),
        (SynthesisRun, '{"synthesis": {"effects": [{"yi": "x"}]}}', r"synthesis\.effects\.0\.yi: "),
    ],
)
def test_wrong_json_is_refused_naming_every_place(cls: type[Payload], text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=rf"(?s)not a valid {cls.__name__}: .*{words}"):
        from_json(cls, text)


def test_wrong_data_are_refused_likewise() -> None:
    with pytest.raises(InvalidInput, match="not a valid RoleGranted: role: "):
        from_data(RoleGranted, {"person": "bo", "role": "king"})


@pytest.mark.parametrize(("kind", "version"), [("review-created", 2), ("review-deleted", 1)])
def test_unknown_kinds_and_versions_are_refused_with_those_known(kind: str, version: int) -> None:
    with pytest.raises(InvalidInput, match=f"'{kind}' version {version} is unknown .*review-created v1") as caught:
        payload_from_json(kind, version, '{"title": "T"}')
    assert "newer stromata" in caught.value.hint
