"""Grades of adverse events: the highest feature decides; what was not read is refused."""

import pytest

from stromata.clinical.instruments import grade_event
from stromata.errors import InvalidInput


@pytest.mark.parametrize(
    ("features", "grade", "label"),
    [
        (["observation-only"], 1, "mild"),
        (["non-invasive-intervention", "mild symptoms"], 2, "moderate"),
        (["hospital-stay"], 3, "severe"),
        (["Disabling"], 3, "severe"),
        (["hospital-stay", "urgent-intervention"], 4, "life-threatening"),
        (["death", "hospital-stay"], 5, "death"),
        (["moderate"], 2, "moderate"),
    ],
)
def test_the_highest_feature_decides(features, grade, label):
    found = grade_event(features, version="5.0")
    assert (found.grade, found.label, found.version) == (grade, label, "5.0")
    assert found.source is not None


def test_an_infusion_related_reaction_has_its_own_rule():
    found = grade_event(["interruption-quick-response"], version="5", term="Infusion-related reaction")
    assert (found.grade, found.term) == (2, "infusion-related reaction")
    assert grade_event(["prolonged"], version="v5.0", term="infusion related reaction").grade == 3


@pytest.mark.parametrize(
    ("features", "version", "term", "words"),
    [
        (["rash"], "5", "", "'rash'"),
        ([], "5", "", "no feature"),
        (["disabling"], "3", "", "'3'"),
        (["hospital-stay"], "4", "infusion-related reaction", "'4'"),
        (["mild-symptoms"], "5", "fever", "no sourced CTCAE rule for the term 'fever'"),
    ],
)
def test_what_was_not_read_is_refused(features, version, term, words):
    with pytest.raises(InvalidInput) as caught:
        grade_event(features, version=version, term=term)
    assert words in caught.value.message
    assert caught.value.hint
