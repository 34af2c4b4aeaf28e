"""The words that rankers and their users share."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from stromata.screening.documents import Document, Explanation, Label, Ranker, Reason, Topic


class _Named:
    name = "named"
    version = "1"


class _Opens(_Named):
    def open(self) -> None:
        """Stand in for a ranker's own."""


def test_what_has_a_name_a_version_and_opens_is_a_ranker() -> None:
    assert isinstance(_Opens(), Ranker)


def test_what_cannot_open_documents_is_no_ranker() -> None:
    assert not isinstance(_Named(), Ranker)


def test_a_document_with_nothing_but_its_id_is_a_document() -> None:
    bare = Document("a")
    assert (bare.title, bare.abstract, bare.keywords, bare.names, bare.cites) == ("", "", (), (), ())


def test_a_topic_may_be_empty() -> None:
    assert Topic() == Topic("", (), (), ())


@pytest.mark.parametrize(
    ("item", "field"),
    [
        (Document("a"), "title"),
        (Topic(), "question"),
        (Label("a", 1.0), "relevance"),
        (Reason("term", "cells", 0.5), "effect"),
        (Explanation("a", 0.5, 1, ()), "rank"),
    ],
)
def test_nothing_of_it_can_be_changed(item: object, field: str) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(item, field, None)
