"""What a protocol lets one expect."""

import numpy as np
import pytest

from stromata.screening import cold, features
from stromata.screening.documents import Document, Topic

TEXTS = (
    "a randomized placebo controlled trial of stem cells in knee pain",
    "a randomized double blind trial of drugs in psoriasis",
    "stem cells in rats with knee pain",
    "a review of stem cells in knee pain",
    "faults of software in large systems",
    "faults of hardware in small systems",
)
COPIES = 3
"""Each text comes so often, with a number of its own, so that no term of it is in a single document."""


@pytest.fixture
def read():
    return features.read(
        [
            Document(str(number), title=f"{TEXTS[number % len(TEXTS)]} {number}{number}")
            for number in range(COPIES * len(TEXTS))
        ]
    )[1]


def best(read, topic):
    """The texts, the one that is expected most first."""
    order = np.argsort(-(read.rows @ cold.expectation(topic, read)), kind="stable") % len(TEXTS)
    return list(dict.fromkeys(order.tolist()))


def test_the_design_asked_for_comes_first_and_others_later(read):
    order = best(read, Topic("Stem cells for knee pain: systematic review of randomised trials"))
    assert order[0] == 0
    assert order.index(0) < order.index(2)
    assert order.index(0) < order.index(3)


def test_a_protocol_without_a_design_is_read_for_its_subject(read):
    assert cold.designs_asked("faults of software") == ()
    assert not cold.design_row("faults of software", read).any()
    order = best(read, Topic("faults of software"))
    assert order[0] == 4
    assert order.index(5) < order.index(1)


def test_criteria_count_and_exclusions_do_not():
    topic = Topic("cells", include=("adults",), exclude=("rats",))
    assert "adults" in cold.text_of(topic)
    assert "rats" not in cold.text_of(topic)


def test_designs_are_told_by_words_and_phrases_in_english_and_chinese():
    def asked(text):
        return [one.id for one in cold.designs_asked(text)]

    assert asked("Randomised trials of cells") == ["trial"]
    assert asked("间充质干细胞的随机对照") == ["trial"]
    assert asked("Comparative effectiveness of drugs") == ["trial"]
    assert asked("A screening test for cancer") == ["diagnostic accuracy"]
    assert asked("Fault prediction performance in software") == []


def test_words_of_the_review_itself_are_left_out():
    assert cold.about("A systematic review of studies of cells: inclusion criteria") == "of of cells"


def test_marks_of_one_design_are_never_against_another(read):
    row = cold.design_row("animal studies and trials", read)
    assert row[read.column("rats")] > 0


def test_without_a_topic_what_is_typical_is_expected(read):
    wanted = cold.expectation(Topic(), read)
    assert np.linalg.norm(wanted) == pytest.approx(1)
    typical = np.asarray(read.rows.sum(axis=0)).ravel()
    assert wanted == pytest.approx(typical / np.linalg.norm(typical), abs=1e-6)


def test_documents_without_words_give_no_expectation():
    read = features.read([Document("a"), Document("b")])[1]
    assert not cold.expectation(Topic("stem cells"), read).any()


def test_every_design_of_the_table_has_words_that_a_column_can_hold():
    designs, review_words = cold._table()
    assert review_words
    for design in designs:
        assert design.asked
        for term in (*design.marks, *design.against):
            assert 1 <= len(features.words(term)) <= 2, term
        assert not set(design.marks) & set(design.against)
