"""Verdicts that surprise a model which never saw them."""

import pytest

from stromata.errors import InvalidInput
from stromata.screening.documents import Document, Label, Topic
from stromata.screening.second_look import second_look
from wordy import Wordy

N = 40


def ranking():
    documents = [Document(f"d{i}", f"{'cells skin' if i < N // 2 else 'mice liver'} {i}") for i in range(N)]
    return Wordy().open(documents, topic=Topic())


IDS = [f"d{i}" for i in range(N)]


def labels(*wrong: int) -> list[Label]:
    return [Label(f"d{i}", float((i < N // 2) != (i in wrong))) for i in range(N)]


def test_verdicts_against_the_rest_come_first():
    found = second_look(ranking(), IDS, labels(3, 30))
    assert {item.reference for item in found[:2]} == {"d3", "d30"}
    assert {item.relevance for item in found[:2]} == {0, 1}
    assert found[0].surprise > 0.45
    assert found[2].surprise < 0.1
    assert found[-1].surprise < 0.1


def test_a_verdict_does_not_vouch_for_itself():
    """Only the label itself says that `odd` is relevant: a model that had seen it would not be surprised."""
    documents = [Document(f"d{i}", "cells skin" if i < 20 else "mice liver") for i in range(40)]
    documents.append(Document("odd", "mice liver " + "own " * 3))
    given = [Label(f"d{i}", float(i < 20)) for i in range(40)] + [Label("odd", 1.0)]
    held = Wordy().open(documents, topic=Topic())
    found = second_look(held, [item.id for item in documents], given)
    assert found[0].reference == "odd"
    assert held.labels == {}


def test_doubts_are_not_judged():
    given = [*labels()[:-1], Label(f"d{N - 1}", 0.5)]
    assert f"d{N - 1}" not in {item.reference for item in second_look(ranking(), IDS, given)}


def test_too_few_labels_are_refused():
    with pytest.raises(InvalidInput, match="needs 10 of each"):
        second_look(ranking(), IDS, labels()[: N // 2 + 3])
