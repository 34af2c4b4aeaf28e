"""Citations beside the words: what they bring together, and what they leave alone."""

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from stromata.screening import citations, solver
from stromata.screening.citations import Reader, beside
from stromata.screening.documents import Document, Label, Topic
from stromata.screening.rankers import RANKERS, Settings, Words

ALONE = Words(settings=Settings(voters=""))
"""The machine without the voters beside it, which know no citations of their own."""

FILLER = [f"filler{number}" for number in range(300)]


def linked(*documents, more=()):
    reader = Reader()
    assert list(reader.noting(documents)) == list(documents)
    return reader.links(more)


def near(links, weight=citations.WEIGHT):
    return (links.rows @ links.rows.T).toarray() / weight


def paper(id_, *cites, names=None):
    return Document(id_, title=f"Title of {id_}", names=(id_,) if names is None else names, cites=cites)


def test_one_that_cites_another_is_near_it():
    found = near(linked(paper("a", "b"), paper("b", "x"), paper("c", "y")))
    assert found[0, 1] > 0.1
    assert found[0, 2] == found[1, 2] == 0


def test_those_that_cite_the_same_are_near():
    found = near(linked(paper("a", "x", "y"), paper("b", "x", "z"), paper("c", "w")))
    assert found[0, 1] > 0
    assert found[0, 2] == 0


def test_those_that_are_cited_together_are_near_though_they_cite_nothing():
    found = near(linked(paper("a"), paper("b"), paper("c"), paper("review", "a", "b")))
    assert found[0, 1] > 0
    assert found[0, 2] == found[2, 3] == 0


def test_a_citing_work_without_a_name_of_its_own_brings_others_together():
    found = near(linked(paper("a"), paper("b"), paper("nameless", "a", "b", names=())))
    assert found[0, 1] > 0


def test_rare_works_bind_more_than_those_that_everybody_cites():
    crowd = [paper(f"p{number}", "common", f"own{number}") for number in range(20)]
    found = near(linked(paper("a", "rare", "common"), paper("b", "rare", "u"), paper("c", "common", "v"), *crowd))
    assert found[0, 1] > 2 * found[0, 2] > 0


def test_products_are_those_of_the_formula():
    rows = [{"a", "x", "y"}, {"b", "x", "a"}, {"c", "y", "z", "w"}]  # works cited, citing, and the document itself
    links = linked(paper("a", "x", "y"), paper("b", "x", "a"), paper("c", "y", "z", "w"))
    rows[0].add("b")
    df = Counter(work for row in rows for work in row)
    weigh = {work: np.log(4 / (1 + many)) + 1 for work, many in df.items()}
    length = [np.sqrt(sum(weigh[work] ** 2 for work in row)) for row in rows]
    for i in range(3):
        for j in range(3):
            expected = sum(weigh[work] ** 2 for work in rows[i] & rows[j]) / length[i] / length[j]
            if i != j:
                assert near(links)[i, j] == pytest.approx(expected, abs=1e-6)


def test_all_names_of_a_document_are_one_work_in_any_case():
    one = Document("a", names=("10.1/A", "pmid:7"))
    found = near(linked(one, paper("b", "10.1/a"), paper("c", "PMID:7", "10.1/A")))
    assert (found + np.eye(3) > 0).all()


def test_a_document_that_cites_itself_links_nothing():
    assert linked(paper("a", "a"), paper("b", "b")) is None


def test_a_library_without_citations_has_no_links():
    assert linked(paper("a"), Document("b", names=("a",)), Document("c", names=("", "c"), cites=("",))) is None
    assert linked(paper("a", "x"), paper("b", "y")) is None


def test_a_document_without_citations_has_an_empty_row():
    links = linked(paper("a", "x"), paper("b", "x"), paper("c"), Document("d"), more=[Document("")])
    assert list(np.diff(links.rows.indptr) > 0) == [True, True, False, False, False]
    assert list(links.lengths) == [citations.WEIGHT, citations.WEIGHT, 0, 0, 0]


def test_columns_are_called_by_title_where_the_work_is_a_document_and_by_id_elsewhere():
    assert set(linked(paper("a", "b", "10.1/X"), paper("b"), paper("c", "10.1/x")).names) == {
        "Title of a", "Title of b", "10.1/x",
    }  # fmt: skip


def test_further_documents_stand_below():
    links = linked(paper("a", "x"), more=[Document(""), paper("known", "x")])
    assert near(links)[0, 2] > 0


def test_works_met_once_among_very_many_are_forgotten_and_others_are_not(monkeypatch):
    documents = [paper(f"p{number}", f"once{number}", "common", "p0") for number in range(40)]
    whole = near(linked(*documents))
    monkeypatch.setattr(citations, "_MANY", 5)
    reader = Reader()
    list(reader.noting(documents))
    assert len(reader._numbers) < 40 + 40
    links = reader.links()
    assert near(links) == pytest.approx(whole, abs=1e-6)
    assert "common" in links.names


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=4), min_size=1, max_size=6))
def test_any_network_has_rows_of_bounded_length_and_no_likeness_beyond_it(cites):
    links = linked(*(paper("abcdefgh"[number], *works) for number, works in enumerate(cites)))
    if links is not None:
        found = near(links)
        assert found.max() <= 1 + 1e-5
        assert found.min() >= 0
        assert all(links.names)


def test_rows_of_words_stay_what_they_are_beside_nothing():
    rows = linked(paper("a", "x"), paper("b", "x")).rows
    both, lengths = beside(rows, rows[:1], None)
    assert lengths is None
    assert (both.toarray() == rows[[0, 1, 0]].toarray()).all()


@pytest.mark.parametrize("batch", [1, 2, 10])
def test_citations_stand_beside_the_words_of_the_same_documents(batch, monkeypatch):
    monkeypatch.setattr(citations, "BATCH", batch)
    links = linked(paper("a", "x"), paper("b"), paper("c", "x"), more=[paper("known", "a")])
    words = sparse.csr_array(np.array([[1, 0], [0, 0], [0.6, 0.8], [0, 1]], dtype=np.float32))
    both, lengths = beside(words[:3], words[3:], links)
    assert (both.toarray() == np.hstack([words.toarray(), links.rows.toarray()])).all()
    assert list(lengths) == [1 + citations.WEIGHT, 0, 1 + citations.WEIGHT, 1 + citations.WEIGHT]
    assert both.indices.dtype == np.int32


# Rankings.


def library(n=300, seed=0, *, words=True, cites=None):
    """Invent documents; relevant ones share words, or works that they cite, or both. Noise is of twelve fields."""
    rng = random.Random(seed)
    documents, truth = [], []
    for number in range(n):
        relevant = rng.random() < 0.1
        text = rng.choices(FILLER, k=60)
        if words:
            for _ in range(4 if relevant else rng.random() < 0.15):
                text[rng.randrange(60)] = f"mark{rng.randrange(20)}"
        works = []
        if cites:
            field = rng.randrange(12)
            works = [f"f{field}-{rng.randrange(200)}" for _ in range(12)] + [f"u{number}-{i}" for i in range(12)]
            if cites == "signal":
                works[: 6 if relevant else 0] = [f"core{rng.randrange(40)}" for _ in range(6 if relevant else 0)]
        documents.append(
            Document(f"r{number}", " ".join(text[:8]), " ".join(text[8:]), names=(f"d{number}",), cites=tuple(works))
        )
        truth.append(relevant)
    return documents, np.array(truth)


def shown(documents, truth, *, ranker=None):
    """Return how much had to be read, as a share, until nine tenths of the relevant ones were found."""
    ranking = (ranker or ALONE).open(documents, topic=Topic())
    read = np.zeros(len(documents), dtype=bool)
    queue = [int(np.flatnonzero(truth)[0]), int(np.flatnonzero(~truth)[0])]
    while truth[read].sum() < 0.9 * truth.sum():
        read[queue] = True
        ranking.learn([Label(documents[place].id, float(truth[place])) for place in queue])
        queue = [int(place) for place in np.argsort(-np.where(read, -np.inf, ranking.scores()), kind="stable")[:4]]
    return read.mean()


def test_works_in_common_find_what_shares_no_words():
    found = {cites: np.mean([shown(*library(seed=s, words=False, cites=cites)) for s in (0, 1, 2)])
             for cites in (None, "signal")}  # fmt: skip
    assert found["signal"] < 0.35 < 0.6 < found[None]


def test_citations_that_say_nothing_cost_little_where_words_say_all():
    with_noise, without = (
        np.mean([shown(*library(seed=s, cites=cites)) for s in range(8)]) for cites in ("noise", None)
    )
    assert with_noise < without + 0.03


def test_works_in_common_help_where_words_say_something_too():
    both, words = (np.mean([shown(*library(seed=s, cites=cites)) for s in range(4)]) for cites in ("signal", None))
    assert both < 0.7 * words


def test_a_candidate_that_cites_a_known_reference_from_elsewhere_comes_first():
    documents, _ = library(60, words=False)
    chosen = [Document("citing", documents[0].title, cites=("10.1/known", "10.1/else")),
              Document("cited", documents[1].title, names=("10.1/back",))]  # fmt: skip
    known = Document("elsewhere", title="nothing in common", names=("10.1/known",), cites=("10.1/back",))
    ranking = Words().open([*documents[2:], *chosen], topic=Topic(known=(known,)))
    assert set(np.argsort(-ranking.scores())[:2]) == {58, 59}


def test_a_known_reference_that_others_have_never_heard_of_does_no_harm():
    documents, _ = library(60)
    known = Document("elsewhere", title="nothing in common", names=("10.1/known",), cites=("10.1/back",))
    plain = Document("elsewhere", title="nothing in common")
    one, other = (Words().open(documents, topic=Topic(known=(work,))).scores() for work in (known, plain))
    assert (one == other).all()


@pytest.mark.parametrize("width", ["wide", "narrow"])
def test_a_library_without_citations_is_ranked_bit_for_bit_as_if_citations_were_not_heard(width, monkeypatch):
    if width == "narrow":
        monkeypatch.setattr(solver, "_WIDE_BYTES", 0)
    documents, truth = library()
    topic = Topic("mark1 mark2 in a randomised trial", known=(documents[5],))
    deaf = Words(settings=Settings(citations=0.0))
    heard, not_heard = (ranker.open(documents, topic=topic) for ranker in (Words(), deaf))
    for place in range(25):
        for ranking in (heard, not_heard):
            ranking.learn([Label(f"r{place}", float(truth[place]))])
        assert (heard.scores() == not_heard.scores()).all()
    assert heard.explain("r40") == not_heard.explain("r40")


def test_the_baselines_hear_no_citations():
    documents, truth = library(cites="signal")
    bare = [Document(one.id, one.title, one.abstract) for one in documents]
    for name in ("tfidf-svm", "elas"):
        one, other = (RANKERS[name].open(some, topic=Topic()) for some in (documents, bare))
        for ranking in (one, other):
            ranking.learn([Label(f"r{place}", float(truth[place])) for place in range(60)])
        assert (one.scores() == other.scores()).all()


@pytest.mark.parametrize("width", ["wide", "narrow"])
def test_an_explanation_names_the_works_and_adds_up(width, monkeypatch):
    if width == "narrow":
        monkeypatch.setattr(solver, "_WIDE_BYTES", 0)
    documents, truth = library(cites="signal")
    ranking = Words().open(documents, topic=Topic())
    ranking.learn([Label(f"r{place}", float(truth[place])) for place in range(80)])
    rest, raised = [], set()
    for place in np.flatnonzero(truth)[-3:]:
        found = ranking.explain(f"r{place}", limit=10_000)
        rest.append(found.score - sum(one.effect for one in found.reasons if one.kind != "neighbour"))
        raised |= {one.text for one in found.reasons if one.kind == "citation" and one.effect > 0}
    assert np.ptp(rest) < 1e-5
    assert any(text.startswith("core") for text in raised)


def test_wide_and_narrow_agree_on_citations(monkeypatch):
    documents, truth = library(cites="signal")
    verdicts = [Label(f"r{place}", float(truth[place])) for place in range(50)]
    scores = []
    for room in (solver._WIDE_BYTES, 0):
        monkeypatch.setattr(solver, "_WIDE_BYTES", room)
        ranking = ALONE.open(documents, topic=Topic())
        ranking.learn(verdicts)
        scores.append(ranking.scores())
    assert scores[0][50:] == pytest.approx(scores[1][50:], abs=1e-5)
