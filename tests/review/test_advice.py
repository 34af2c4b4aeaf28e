"""What the literature advises for the data of a synthesis, where it is shown and where it adds a reservation."""

from dataclasses import replace

from stromata import synthesis
from stromata.review.advice import MANY_STUDIES, advice_sections, advise, with_reservations


def pooled(k: int, *, by_group: bool = False):
    effects = synthesis.effect_sizes(
        "PLO", xi=[3] * k, ni=[8] * k, groups=["x" if place % 2 else "y" for place in range(k)]
    )
    return replace(synthesis.pool(effects, measure="PLO", model="glmm", by_group=by_group), id="plan")


def test_the_analyses_that_are_advised_stand_side_by_side_the_first_first():
    (found,) = advice_sections([pooled(3)])
    assert found.synthesis == "plan"
    assert found.analyses[0].title.startswith("Bayesian")
    assert found.analyses[0].why == found.first.why
    assert len(found.analyses) == 4
    assert all(0 < one.natural.ci_low < one.natural.estimate < one.natural.ci_high < 1 for one in found.analyses)
    assert found.first.references


def test_the_analyses_are_at_the_level_of_the_synthesis():
    effects = synthesis.effect_sizes("PLO", xi=[3, 4, 2], ni=[8, 9, 7])
    (wide,), (narrow,) = (
        advice_sections([synthesis.pool(effects, model="glmm", level=level)]) for level in (0.99, 0.8)
    )
    assert wide.analyses[-1].natural.ci_low < narrow.analyses[-1].natural.ci_low


def test_one_study_has_a_table_and_very_many_are_advised_on_without_one():
    (one,), (many,) = advice_sections([pooled(1)]), advice_sections([pooled(MANY_STUDIES)])
    assert [row.title[:5] for row in one.analyses] == ["Exact", "Bayes"]
    assert many.first is not None
    assert many.analyses == ()


def test_means_of_one_arm_are_advised_on_by_their_estimates():
    effects = synthesis.effect_sizes("MN", mi=[-3.0, -4.0], sdi=[1.0, 2.0], ni=[10, 12])
    (found,) = advice_sections([synthesis.pool(effects)])
    assert found.analyses[0].refused, "no prior can be assumed on an unknown scale"
    assert found.analyses[1].natural.estimate < 0


def test_comparisons_and_empty_syntheses_have_no_section():
    pair = synthesis.pool(synthesis.effect_sizes("OR", ai=[1, 2], n1i=[9, 9], ci=[3, 4], n2i=[9, 9]))
    assert list(advice_sections([pair, pooled(0)])) == []


def test_reservations_of_the_advice_are_added_once_and_to_the_group_they_concern():
    plain = pooled(4, by_group=True)
    found = with_reservations(plain)
    codes = [item.code for item in found.cautions]
    assert "tiny-studies" in codes
    assert "tiny-studies" not in [item.code for item in plain.cautions]
    assert len(codes) == len(set(codes))
    assert all("tiny-studies" in {item.code for item in part.cautions} for _, part in found.subgroups)
    assert with_reservations(found) == found


def test_tables_of_two_arms_are_advised_on_by_their_cells():
    effects = synthesis.effect_sizes("RR", ai=[0, 2, 0], bi=[9, 7, 8], ci=[0, 4, 1], di=[9, 5, 8])
    assert "double-zero" in {item.code for item in advise(effects).cautions}
    assert advise(()) is None
