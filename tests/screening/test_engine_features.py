"""Features worked out on an engine: the same as in one machine's memory."""

import random

import numpy as np
import pytest

from stromata.engine import open_engine
from stromata.errors import InvalidInput
from stromata.screening import engine_features, features
from stromata.screening.documents import Document, Label, Topic
from stromata.screening.rankers import Words


def library(n=300, seed=4):
    rng = random.Random(seed)
    words = [f"word{int(400 ** rng.random())}" for _ in range(2000)] + list("间充质干细胞治疗")
    texts = [" ".join(rng.choices(words, k=rng.randrange(40))) for _ in range(n)]
    odd = ["", "\ud800 word1 word2", "word1word2 " * 50, "everywhere", "Ünlü ＭＳＣ"]
    return [Document(str(i), title=f"everywhere {text}" if text else "") for i, text in enumerate(texts + odd)]


@pytest.fixture
def engine():
    with open_engine() as opened:
        yield opened


def same(one, other):
    assert one[0] == other[0]
    ours, theirs = one[1], other[1]
    assert [ours.term(column) for column in range(len(ours.keys))] == [
        theirs.term(column) for column in range(len(theirs.keys))
    ]
    assert (ours.idf == theirs.idf).all()
    assert (ours.rows.indptr == theirs.rows.indptr).all()
    assert (ours.rows.indices == theirs.rows.indices).all()
    assert ours.rows.dtype == theirs.rows.dtype
    assert ours.rows.data == pytest.approx(theirs.rows.data, abs=1e-6)
    texts = ["word1 word2 unheard word3", "everywhere word5 间充质 word6"]
    assert ours.project(texts).toarray() == pytest.approx(theirs.project(texts).toarray(), abs=1e-6)
    assert ours.column("word1 word2") == theirs.column("word1 word2")


@pytest.mark.parametrize("size", [1, 2, 3, 300])
def test_it_is_what_one_machine_reads(engine, size):
    documents = library()[:size]
    same(engine_features.read(engine, documents), features.read(documents))


def test_odd_texts_are_read_alike(engine):
    documents = library()[-20:]
    same(engine_features.read(engine, iter(documents)), features.read(documents))
    same(engine_features.read(engine, [Document("a"), Document("b")]), features.read([Document("a"), Document("b")]))


def test_how_documents_are_dealt_out_does_not_matter(engine, monkeypatch):
    documents = library()
    whole = features.read(documents)
    monkeypatch.setattr(features, "BATCH", 7)
    same(engine_features.read(engine, documents), whole)


class Shuffled:
    """An engine that hands over its tables in another order and in small pieces, as a cluster may."""

    def __init__(self, inner):
        self.inner = inner

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def map(self, table, sql, function, schema):
        self.inner.drop(table)
        pieces = list(self.inner.read(f"{sql} ORDER BY place * 7919 % 1009", rows=11))
        self.inner.insert(table, (function(piece) for piece in pieces), schema)


def test_rows_in_any_order_give_the_same(engine):
    documents = library()
    same(engine_features.read(Shuffled(engine), documents), features.read(documents))


def test_terms_that_are_too_rare_in_a_large_library_are_left_out_alike(engine, monkeypatch):
    monkeypatch.setattr(features, "least", lambda n: (3, 6))
    documents = library()
    same(engine_features.read(engine, documents), features.read(documents))


def test_a_ranking_opens_on_it_and_learns_as_any_other(engine):
    documents = library()
    topic = Topic("word3 word4 in a randomised trial", known=(Document("elsewhere", title="word7 word8"),))
    there, here = Words().open(documents, topic=topic, engine=engine), Words().open(documents, topic=topic)
    for ranking in (there, here):
        ranking.learn([Label("3", 1.0), Label("9", 0.0), Label("12", 0.0)])
    assert there.scores() == pytest.approx(here.scores(), abs=1e-6)


def test_nothing_is_left_behind(engine):
    engine_features.read(engine, library())
    assert [row for batch in engine.read("SHOW TABLES") for row in batch.to_pylist()] == []


def test_no_documents_and_equal_ids_are_refused(engine):
    with pytest.raises(InvalidInput, match="no documents"):
        engine_features.read(engine, [])
    with pytest.raises(InvalidInput, match="'a'"):
        engine_features.read(engine, [Document("a"), Document("a")])


def test_progress_is_told(engine):
    told = []
    engine_features.read(engine, library(10), progress=lambda done, total, note="": told.append((done, total, note)))
    assert told == [(15, None, "reading"), (15, 15, "counting terms"), (15, 15, "weighing terms")]


def test_the_place_of_a_word_in_a_very_long_text_is_bounded(engine, monkeypatch):
    monkeypatch.setattr(engine_features, "_PLACES", 3)
    documents = [Document("a", title=" ".join(f"w{i} w{i}x" for i in range(20))), Document("b", title="w19x w3 late")]
    ids, read = engine_features.read(engine, [*documents, *documents[:0], Document("c", title="late w3 w19x")])
    assert ids == ("a", "b", "c")
    assert np.isfinite(read.rows.data).all()
    assert {read.term(column) for column in range(len(read.keys))} >= {"w3", "w19x", "late"}
