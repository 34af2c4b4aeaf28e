"""Texts as rows of weighted terms."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.errors import InvalidInput
from stromata.screening import features
from stromata.screening.documents import Document

TEXTS = ("cells heal the skin", "cells heal the heart", "the trial of heart drugs", "unrelated words of the law", "the")


def documents(texts=TEXTS):
    return [Document(str(number), title=text) for number, text in enumerate(texts)]


def plain(texts):
    """The products of all texts, by the formula alone: every word and pair, nothing dropped."""
    n = len(texts)
    counts = []
    for text in texts:
        found = features.words(text)
        terms = [(word,) for word in found] + list(pairwise(found))
        counts.append({term: terms.count(term) for term in terms})
    df = {term: sum(term in one for one in counts) for one in counts for term in one}
    rows = []
    for one in counts:
        row = {
            term: (1 + math.log(tf)) * (math.log((1 + n) / (1 + df[term])) + 1)
            for term, tf in one.items()
            if df[term] <= 0.95 * n
        }
        length = math.sqrt(sum(weight**2 for weight in row.values())) or 1
        rows.append({term: weight / length for term, weight in row.items()})
    return np.array([[sum(weight * b.get(term, 0) for term, weight in a.items()) for b in rows] for a in rows])


def products(texts):
    _, read = features.read(documents(texts))
    return (read.rows @ read.rows.T).toarray()


def off(matrix):
    return matrix[~np.eye(len(matrix), dtype=bool)]


def test_products_of_documents_are_those_of_the_formula_with_nothing_dropped():
    assert off(products(TEXTS)) == pytest.approx(off(plain(TEXTS)), abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(alphabet="ab 细胞。,", max_size=30), min_size=2, max_size=8))
def test_products_agree_with_the_formula_on_any_texts(texts):
    assert off(products(texts)) == pytest.approx(off(plain(texts)), abs=1e-5)


def test_batches_do_not_change_what_is_read(monkeypatch):
    whole = products(TEXTS)
    monkeypatch.setattr(features, "BATCH", 2)
    assert products(TEXTS) == pytest.approx(whole, abs=1e-7)


def test_chinese_is_read_by_characters_and_their_pairs_and_mixes_with_english():
    assert features.words("间充质MSC细胞 ＭＳＣ") == ["间", "充", "质", "msc", "细", "胞", "msc"]
    _, read = features.read(documents(("间充质细胞", "充质细胞治疗", "no such thing", "another thing")))
    assert read.column("充质") is not None
    assert read.term(read.column("充质")) == "充质"


def test_words_have_two_letters_and_no_case():
    assert features.words("A 2-fold β-Cell, x_y Ünlü") == ["fold", "cell", "x_y", "ünlü"]


def test_a_column_is_found_by_its_word_or_pair_and_names_it():
    _, read = features.read(documents())
    assert [read.term(read.column(term)) for term in ("cells", "cells heal")] == ["cells", "cells heal"]
    assert read.column("unrelated") is None
    assert read.column("skin") is None
    assert read.column("") is None
    assert read.column("one two three") is None


def test_further_texts_are_rows_of_length_1_over_terms_that_are_known():
    _, read = features.read(documents())
    rows = read.project(["cells heal what nobody knows", "", "nothing known"])
    assert np.sqrt(rows.multiply(rows).sum(axis=1)) == pytest.approx([1, 0, 0])
    assert {read.term(column) for column in rows.indices} == {"cells", "heal", "cells heal"}


def test_words_on_both_sides_of_an_unknown_one_are_no_pair():
    _, read = features.read(documents())
    apart, near = read.project(["cells unheard heal", "cells heal"])
    assert {read.term(column) for column in apart.indices} == {"cells", "heal"}
    assert {read.term(column) for column in near.indices} == {"cells", "heal", "cells heal"}


def test_rows_have_narrow_indices_and_further_rows_too():
    _, read = features.read(documents())
    for rows in (read.rows, read.project(["cells heal"]), read.project([])):
        assert rows.indices.dtype == rows.indptr.dtype == np.int32


def test_the_least_number_of_documents_grows_with_the_library():
    assert features.least(20) == features.least(20_000) == (2, 2)
    assert features.least(1_000_000) == (10, 50)


def test_a_term_that_is_everywhere_weighs_nothing_and_a_rarer_one_more():
    assert features.weights(np.array([100, 96, 95, 2]), 100) == pytest.approx(
        [0, 0, math.log(101 / 96) + 1, math.log(101 / 3) + 1]
    )
    assert features.rarest(100) == pytest.approx(math.log(101 / 2) + 1)


def test_columns_are_found_among_the_kept_keys():
    kept = np.array([2, 5, 9])
    assert list(features.columns(np.array([9, 1, 2, 10, 5, -1]), kept)) == [2, -1, 0, -1, 1, -1]
    assert list(features.columns(np.array([3]), kept[:0])) == [-1]


def test_the_first_rows_are_those_rows_and_no_copy():
    _, read = features.read(documents())
    first = features.top(read.rows, 2)
    assert (first.toarray() == read.rows.toarray()[:2]).all()
    assert np.shares_memory(first.data, read.rows.data)


def test_a_product_by_blocks_is_the_product(monkeypatch):
    _, read = features.read(documents())
    weights = np.random.default_rng(0).normal(size=len(read.keys))
    whole = read.rows @ weights
    monkeypatch.setattr(features, "BATCH", 2)
    assert (features.times(read.rows, weights) == whole).all()


def test_blocks_are_joined_in_order_in_less_room_than_was_asked_for():
    _, read = features.read(documents())
    joined = features.joined(iter([read.rows[:2], read.rows[2:]]), 10_000, len(read.keys))
    assert (joined.toarray() == read.rows.toarray()).all()
    assert joined.indices.dtype == np.int32


def test_abstract_and_keywords_are_read_too():
    one = Document("a", title="x y", abstract="the abstract", keywords=("first key", "second"))
    assert features.words(features.text_of(one)) == ["the", "abstract", "first", "key", "second"]


def test_empty_texts_and_a_single_document_are_read():
    ids, read = features.read([Document("only")])
    assert ids == ("only",)
    assert read.rows.shape[0] == 1
    assert read.project(["word"]).nnz == 0
    assert np.isfinite(features.read([Document("a", title="one word"), Document("b")])[1].rows.data).all()


def test_terms_forgotten_among_very_many_cost_no_term_that_is_common(monkeypatch):
    monkeypatch.setattr(features, "BATCH", 2)
    monkeypatch.setattr(features, "_MANY_KEYS", 3)
    texts = ["cells heal", "cells heal", "rare words", "other things", "cells rest", "more of all", "the end"]
    _, read = features.read(documents(texts))
    assert read.column("cells heal") is not None
    assert read.idf[read.column("cells")] == pytest.approx(math.log(8 / 4) + 1)


def test_no_documents_and_equal_ids_are_refused():
    with pytest.raises(InvalidInput, match="no documents"):
        features.read([])
    with pytest.raises(InvalidInput, match="'a'"):
        features.read([Document("a"), Document("b"), Document("a")])


def test_progress_is_told():
    told = []
    features.read(documents(), progress=lambda done, total, note="": told.append((done, total, note)))
    assert told == [(5, None, "reading"), (1, 1, "weighing terms")]
