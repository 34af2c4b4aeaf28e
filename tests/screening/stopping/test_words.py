import numpy as np
import pytest

from stromata.errors import InvalidInput
from stromata.screening.stopping import Control, Reading, Target


@pytest.mark.parametrize(("found", "spare"), [(1, 0), (18, 0), (19, 1), (37, 1), (38, 2), (95, 5), (1000, 52)])
def test_what_a_target_of_95_percent_spares(found, spare):
    assert Target().spare(found) == spare
    assert found / (found + spare) >= 0.95 - 1e-12
    assert found / (found + spare + 1) < 0.95


def test_a_target_of_everything_spares_nothing():
    assert Target(recall=1).spare(10_000) == 0


@pytest.mark.parametrize(
    ("recall", "confidence"), [(0, 0.95), (1.1, 0.95), (0.95, 0.5), (0.95, 1), (float("nan"), 0.9)]
)
def test_a_target_out_of_range_is_refused(recall, confidence):
    with pytest.raises(InvalidInput):
        Target(recall=recall, confidence=confidence)


def test_a_reading_counts_and_cannot_be_changed():
    marks = np.array([True, False, False])
    reading = Reading(n=10, relevant=marks)
    marks[1] = True
    assert (reading.read, reading.unread, reading.found) == (3, 7, 1)
    with pytest.raises(ValueError, match="read-only"):
        reading.relevant[0] = False


def test_more_read_than_there_are_is_refused():
    with pytest.raises(InvalidInput, match="3 references read of 2"):
        Reading(n=2, relevant=[True, False, False])


def test_marks_of_another_length_are_refused():
    with pytest.raises(InvalidInput, match="2 verdicts, but 1 marks"):
        Reading(n=5, relevant=[True, False], random=[True])


@pytest.mark.parametrize(("relevant", "reached"), [(3, 4), (3, -1), (-1, -1)])
def test_an_impossible_control_sample_is_refused(relevant, reached):
    with pytest.raises(InvalidInput, match="control sample"):
        Control(relevant=relevant, reached=reached)
