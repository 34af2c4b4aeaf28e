"""What holds for every extractor: spans, settings, the identity of a run, and texts of every kind."""

# ruff: noqa: E501 - a sentence and what it says stay on one line

from dataclasses import dataclass, field

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stromata.errors import InvalidInput, NotFound
from stromata.extraction.suggestions.extractor import Draft
from stromata.extraction.suggestions.rules import Rules, RulesSettings
from stromata.extraction.suggestions.run import reason_against, setting_pairs, suggest
from stromata.model import Suggestion

TEXT = "We enrolled 17 patients. PASI-75 was achieved by 8/17 (47.1%)."


def values(text: str) -> dict[str, str]:
    return {one.field: one.value for one in suggest(text).suggestions}


def test_a_run_says_what_was_read_and_how():
    run = suggest(TEXT, about="study-7")
    assert (run.extractor, run.about) == ("rules", "study-7")
    assert run.settings == (("least_confidence", "0.0"),)
    assert [(one.field, one.value, one.unit) for one in run.suggestions] == [
        ("n", "17", "patients"),
        ("responders", "8/17", "PASI75"),
    ]
    assert run.rejected == ()


def test_the_identity_of_a_run_rests_on_text_program_and_settings():
    same = {suggest(TEXT).id, suggest(TEXT, about="other").id, suggest(TEXT, extractor=Rules()).id}
    assert len(same) == 1
    others = {suggest(f"{TEXT} ").id, suggest(TEXT, settings=RulesSettings(least_confidence=0.5)).id}
    assert len(same | others) == 3


def test_settings_go_with_a_name_only():
    with pytest.raises(InvalidInput, match="has its own already"):
        suggest(TEXT, extractor=Rules(), settings=RulesSettings())
    with pytest.raises(NotFound, match=r"There are: llm, rules\."):
        suggest(TEXT, extractor="ruels")


@dataclass(frozen=True)
class Fixed:
    """Gives the drafts it is made with."""

    draft: Draft
    settings: object = field(default_factory=RulesSettings)
    name: str = "fixed"
    version: str = "1"

    def extract(self, text: str) -> Draft:
        return self.draft


def test_what_an_extractor_gets_wrong_is_dropped_and_listed():
    good = Suggestion("n", "17", "patients", 12, 23, "17 patients", 0.5)
    draft = Draft(
        (
            Suggestion("n", "18", "patients", 12, 23, "18 patients", 0.5),
            Suggestion("n", "17", "patients", -3, 2, "", 0.5),
            Suggestion("n", "17", "patients", 12, 23, "17 patients", 1.0),
            Suggestion("route", "by courier", "", 0, 2, "We", 0.5),
            good,
            good,
        ),
        ("dropped by itself",),
    )
    run = suggest(TEXT, extractor=Fixed(draft))
    assert run.suggestions == (good,)
    assert len(run.rejected) == 5
    assert run.rejected[0] == "dropped by itself"
    assert "do not stand at 12 to 23" in run.rejected[1]


def test_settings_that_are_no_dataclass_are_refused():
    with pytest.raises(InvalidInput, match="must be a dataclass"):
        setting_pairs({"a": 1})
    with pytest.raises(InvalidInput, match="must be a dataclass"):
        setting_pairs(RulesSettings)


@pytest.mark.parametrize(
    "text",
    [
        "\U0001f9ec\U0001f9ec We enrolled 17 patients.",
        "First line.\r\n\r\nWe enrolled\r\n17 patients.\r\n",
        "We en\u00adrolled 17 pa\u00adtients.",
        "We enrolled\u00a017\u2009patients.",
        "We enrolled \uff11\uff17 patients.",
        "e\u0301\u0301 We enrolled 17 patients.",
        "\ufeffWe enrolled 17\n    patients with lupus.",
        "We   enrolled \t 17    patients.",
    ],
)
def test_spans_are_right_in_text_of_every_make(text):
    (one,) = [one for one in suggest(text).suggestions if one.field == "n"]
    assert one.value == "17"
    assert text[one.start : one.end] == one.quote
    assert "tients" in one.quote
    assert one.quote[0] in "1\uff11"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("共纳入１７例患者，ＰＡＳＩ－７５应答率为４７．１％（８／１７）。", {"n": "17", "responders": "8/17"}),
        ("PASI–75 was achieved by 8/17 (47·1%).", {"responders": "8/17"}),
        ("PASI 75 was achieved by 8 of\n17 patients.", {"responders": "8/17"}),
    ],
)
def test_forms_of_print_do_not_matter(text, expected):
    found = values(text)
    assert {name: found.get(name) for name in expected} == expected


PIECES = st.sampled_from(
    [
        "17", "8/17", "(47.1%)", "patients", "seventeen", "no", "adverse events", "died", "PASI-75", "of", "the", "all", "followed for", "12 months",
        "randomised", "into", "two groups", ". ", "\n", "\r\n", "\n\n", "; ", "Methods:", "例", "共纳入", "十七", "患者", "随访", "个月", "死亡", "未发生不良反应",
        "1×10^6/kg", "NCT01234567", "1:1", "(n = 8)", "\u00ad", "\U0001f9ec", "１７", "mice", "lupus", "MSCs", "intravenously", "umbilical cord", "weekly", "\ud800", "0/1",
    ]
)  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=4), max_size=25).map(" ".join) | st.text(max_size=200))
@example("")
@example("0/0 patients responded")
@example("1" * 400)
def test_any_text_gives_suggestions_that_hold(text):
    run = suggest(text)
    assert run.rejected == ()
    assert all(not reason_against(one, text) for one in run.suggestions)
    assert len({(one.field, one.value, one.unit) for one in run.suggestions}) == len(run.suggestions)
    assert suggest(text) == run


@given(st.lists(PIECES, max_size=15).map(" ".join), st.text(alphabet="\u00ad\u200b", max_size=3))
def test_invisible_characters_change_no_value(text, invisible):
    plain = [(one.field, one.value, one.unit) for one in suggest(text).suggestions]
    middle = text.find("tien")
    seen = text if middle < 0 else f"{text[:middle]}{invisible}{text[middle:]}"
    assert [(one.field, one.value, one.unit) for one in suggest(seen).suggestions] == plain


@pytest.mark.parametrize(
    "piece",
    [
        "patients ",
        "17 ",
        "8 of the 17 patients and ",
        "follow-up was ",
        "no adverse ",
        "(n = 1 ",
        "randomised to a or b ",
        "1:1:",
        "a-",
        "组、",
        "随访",
        " ",
        "\n",
        "(",
    ],
)
def test_long_monotonous_text_comes_to_an_end(piece):
    """Patterns that try every stretch against every other would take hours here."""
    assert suggest(piece * (12_000 // len(piece))).extractor == "rules"
