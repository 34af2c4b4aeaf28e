from dataclasses import dataclass, replace

import numpy as np
import pytest

from stromata.errors import NotFound
from stromata.extraction import Draft, Rules, RulesSettings
from stromata.model import Suggestion
from stromata.testing import EXTRACTOR_TEXTS, NotConforming, check_extractor, check_ranker, check_registered_extractor


@dataclass(frozen=True)
class Settings:
    words: str = "enrolled"


GOOD = Suggestion("n", "17", "patients", 0, 2, "We", 0.5)


@dataclass(frozen=True)
class Fixed:
    """An extractor that says the same of every text that begins with "We"."""

    suggestion: Suggestion = GOOD
    settings: object = Settings()
    name: str = "fixed"
    version: str = "3"

    def extract(self, text: str) -> Draft:
        return Draft((self.suggestion,) if text.startswith("We") else ())


def test_the_built_in_rules_conform():
    check_extractor(Rules())
    check_extractor(Rules(RulesSettings(least_confidence=0.9)))
    check_registered_extractor("rules")


def test_a_small_extractor_of_ones_own_conforms():
    check_extractor(Fixed())


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (Fixed(replace(GOOD, quote="Us")), "do not stand at 0 to 2"),
        (Fixed(replace(GOOD, end=9999)), "does not lie in the text"),
        (Fixed(replace(GOOD, start=2, end=2, quote="")), "does not lie in the text"),
        (Fixed(replace(GOOD, confidence=1.0)), "confidence 1.0"),
        (Fixed(replace(GOOD, confidence=float("nan"))), "confidence nan"),
        (Fixed(replace(GOOD, field="shoe_size")), "no field 'shoe_size'"),
        (Fixed(replace(GOOD, value="about 17")), "'about 17' is not written as n is"),
        (Fixed(name=""), "its name is ''"),
        (Fixed(version=""), "no version"),
        (Fixed(settings={"words": "enrolled"}), "no dataclass"),
    ],
)
def test_what_is_wrong_is_named(broken, says):
    with pytest.raises(NotConforming, match=says):
        check_extractor(broken)


def test_settings_must_be_frozen_and_free_of_secrets():
    @dataclass
    class Loose:
        words: str = "x"

    @dataclass(frozen=True)
    class Telling:
        api_key: str = "x"

    with pytest.raises(NotConforming, match="not frozen"):
        check_extractor(Fixed(settings=Loose()))
    with pytest.raises(NotConforming, match="must not be logged: api_key"):
        check_extractor(Fixed(settings=Telling()))


def test_something_else_is_no_extractor():
    with pytest.raises(NotConforming, match="it lacks"):
        check_extractor(object())


def test_the_texts_differ_and_an_unknown_name_is_refused():
    assert len(set(EXTRACTOR_TEXTS)) == len(EXTRACTOR_TEXTS)
    with pytest.raises(NotFound):
        check_registered_extractor("no-such")


class Unsteady:
    """A ranking whose scores depend on how often it was told something."""

    def __init__(self, ids):
        self.ids, self.told = ids, 0

    def learn(self, labels):
        if any(label.id not in self.ids for label in labels):
            raise NotFound("unknown")
        self.told += 1

    def scores(self):
        return np.arange(len(self.ids)) * float(self.told)

    def explain(self, id_, *, limit=10):
        raise NotFound("unknown")


@dataclass(frozen=True)
class Forgetful:
    name: str = "forgetful"
    version: str = "1"

    def open(self, documents, *, topic, seed=0, progress=None):
        return Unsteady([document.id for document in documents])


def test_a_ranker_that_depends_on_how_verdicts_come_does_not_conform():
    with pytest.raises(NotConforming, match="one by one"):
        check_ranker(Forgetful())


def test_a_ranker_without_a_version_does_not_conform():
    with pytest.raises(NotConforming, match="version"):
        check_ranker(Forgetful(version=""))
    with pytest.raises(NotConforming, match="lacks"):
        check_ranker(object())
