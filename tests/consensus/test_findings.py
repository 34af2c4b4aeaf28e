"""Rows of a summary of findings and of an evidence profile."""

import pytest

from stromata.consensus import (
    absolute_effect,
    arms_of,
    certainty,
    continuous_effect,
    effect_in_words,
    findings_row,
    judge,
    profile_row,
    relative_in_words,
    summary_of_findings,
)
from stromata.consensus.findings import Arms, relative_beside
from stromata.consensus.grade import LOWER
from stromata.errors import InvalidInput
from stromata.model import Caution, EffectSize, Interval, Synthesis

NATURAL = Interval(0.6, 0.4, 0.9)


def synthesis(*inputs, measure="RR", natural=NATURAL):
    effects = tuple(EffectSize("s", measure, 0.0, 1.0, natural, tuple(one.items())) for one in inputs)
    return Synthesis(
        len(effects), measure, "random", "reml", "z", 0.95, 0.0, 0.1, 0.0, 0.0, natural,
        effects=effects, cautions=(Caution("few-studies", "Few."),), id="syn",
    )  # fmt: skip


def judged(outcome="o", imprecision="not-serious", raised=False):
    given = [
        judge(name, level=imprecision if name == "imprecision" else "not-serious", reason="few", person="A")
        for name in LOWER
    ]
    if raised:
        given.append(judge("dose-response", level="raised", reason="more is more", person="A"))
    return certainty(outcome, "low" if raised else "high", given)


TABLE = {"ai": 10.0, "bi": 40.0, "ci": 20.0, "di": 30.0}


def test_a_row_brings_together_effect_people_and_certainty():
    result = synthesis(TABLE, TABLE)
    absolute = absolute_effect("RR", NATURAL, assumed=0.9)
    row = findings_row(result, judged(), label="Response", timeframe="12 weeks", absolute=absolute, importance=8)
    assert (row.outcome, row.participants, row.studies, row.symbols, row.synthesis) == ("o", 200, 2, "⊕⊕⊕⊕", "syn")
    assert (row.relative, row.proportion, row.absolute) == (NATURAL, None, absolute)
    assert [one.code for one in row.cautions] == ["few-studies"]


def test_a_single_arm_gives_a_proportion_and_unknown_people_stay_unknown():
    row = findings_row(synthesis({"xi": 6.0, "ni": 6.0}, measure="PLO"), judged(), label="x")
    assert (row.proportion, row.participants) == (NATURAL, 6)
    assert findings_row(synthesis({"xi": 6.0, "ni": 6.0}, {"mi": 1.0}), judged(), label="x").participants is None


def test_an_importance_off_the_scale_is_refused():
    with pytest.raises(InvalidInput):
        findings_row(synthesis(TABLE), judged(), label="x", importance=10)


def test_rows_stand_by_importance_and_share_footnotes():
    rows = [
        findings_row(synthesis(TABLE), judged("a"), label="a"),
        findings_row(synthesis(TABLE), judged("b", "serious"), label="b", importance=5),
        findings_row(synthesis(TABLE), judged("c", "serious"), label="c", importance=9),
    ]
    ordered, notes = summary_of_findings(rows)
    assert [row.outcome for row in ordered] == ["c", "b", "a"]
    assert notes == ("Rated down one level for imprecision: few.",)
    with pytest.raises(InvalidInput, match="twice"):
        summary_of_findings([rows[0], rows[0]])


def test_a_profile_has_domains_other_considerations_and_arms():
    result = synthesis(TABLE, TABLE)
    row = profile_row(findings_row(result, judged(raised=True), label="x"), result, designs=["cohort", "cohort", "rct"])
    assert row.designs == (("cohort", 2), ("rct", 1))
    assert [name for name, _ in row.domains] == list(LOWER)
    assert row.other == ("dose response: more is more",)
    assert row.arms == Arms(20, 100, 40, 100)


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"ai": 3.0, "n1i": 10.0, "ci": 4.0, "n2i": 12.0}, Arms(3, 10, 4, 12)),
        ({"m1i": 3.0, "n1i": 10.0, "n2i": 12.0}, Arms(None, 10, None, 12)),
        ({"xi": 3.0, "ni": 10.0}, Arms(3, 10)),
        ({"mi": 3.0, "ni": 10.0}, Arms(None, 10)),
        ({"mi": 3.0}, None),
    ],
)
def test_arms(inputs, expected):
    assert arms_of(synthesis(inputs)) == expected
    assert arms_of(synthesis()) is None


def test_an_effect_is_told_in_the_words_that_it_has():
    result = synthesis(TABLE)
    absolute = absolute_effect("RR", NATURAL, assumed=0.1)
    assert effect_in_words(findings_row(result, judged(), label="x", absolute=absolute)) == (
        "40 fewer per 1000 (from 60 fewer to 10 fewer)"
    )
    units = continuous_effect(Interval(-2.0, -3.0, -1.0), instrument="Scale", unit="points")
    told = effect_in_words(findings_row(result, judged(), label="x", continuous=units))
    assert told == "Scale: mean difference -2 (-3 to -1) points"
    assert effect_in_words(findings_row(result, judged(), label="x")) == "RR 0.6 (0.4 to 0.9)"


@pytest.mark.parametrize(
    ("measure", "shown"),
    [
        ("MD", "mean difference -2 (-3 to -1)"),
        ("MN", "mean -2 (-3 to -1)"),
        ("SMD", "standardised mean difference -2 (-3 to -1)"),
    ],
)
def test_means_are_told_in_words_and_not_in_letters(measure, shown):
    row = findings_row(synthesis(TABLE, measure=measure, natural=Interval(-2, -3, -1)), judged(), label="x")
    assert effect_in_words(row) == relative_in_words(row) == shown


def test_an_effect_does_not_stand_twice():
    """Beside risks stands the ratio, beside units a standardised difference; a difference in units stands alone."""
    absolute = absolute_effect("RR", NATURAL, assumed=0.1)
    units = continuous_effect(Interval(-2.0, -3.0, -1.0), instrument="Scale")
    beside = {
        measure: relative_beside(findings_row(synthesis(TABLE, measure=measure), judged(), label="x", **more))
        for measure, more in (
            ("RR", {"absolute": absolute}),
            ("OR", {}),
            ("SMD", {"continuous": units}),
            ("MD", {"continuous": units}),
            ("MN", {"continuous": units}),
            ("PLO", {}),
        )
    }
    assert beside == {
        "RR": "RR 0.6 (0.4 to 0.9)",
        "OR": "",
        "SMD": "standardised mean difference 0.6 (0.4 to 0.9)",
        "MD": "",
        "MN": "",
        "PLO": "",
    }


@pytest.mark.parametrize(
    ("natural", "said"),
    [
        (Interval(0.6, 0.36, 0.81), "600 per 1000 (360 to 810)"),
        (Interval(0.0, 0.0, 0.0004), "0 per 1000 (0 to <1)"),
        (Interval(1.0, 0.9996, 1.0), "1000 per 1000 (>999 to 1000)"),
    ],
)
def test_a_proportion_is_nobody_or_everybody_only_where_that_is_exact(natural, said):
    result = synthesis({"xi": 6.0, "ni": 6.0}, measure="PLO", natural=natural)
    assert effect_in_words(findings_row(result, judged(), label="x")) == said
