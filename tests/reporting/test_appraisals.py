from dataclasses import replace

import pytest
from lxml import etree

from reporting.builders import LEVELS, series_appraisals, trial_appraisals
from stromata.model import Judgement
from stromata.reporting import AppraisalLevel, AppraisalSection, summary_svg, traffic_light_svgs
from stromata.reporting.appraisals import MOST_ROWS, PALETTE, UNRANKED, columns, entries, is_weighted, level_of, shares


def drawn(text):
    return etree.fromstring(text)


def classes(figure, name):
    return [each for each in figure.iter() if each.get("class") == name]


def titles(figure):
    return [each.text for each in figure.iter() if each.tag.endswith("}title")]


def test_columns_are_the_domains_and_the_overall_judgement():
    assert [mark for _, mark, _ in columns(trial_appraisals())] == ["D1", "D2", "Overall"]
    assert [mark for _, mark, _ in columns(series_appraisals())] == ["1", "2", "9a", "Overall"]


def test_long_ids_are_numbered_and_a_tool_without_an_overall_judgement_has_no_such_column():
    section = series_appraisals()
    rows = tuple(replace(row, appraisal=replace(row.appraisal, judgements=())) for row in section.rows)
    named = replace(section, domains=(("selection", "Selection"), ("2", "Measured")), rows=rows)
    assert [mark for _, mark, _ in columns(named)] == ["D1", "D2"]


def test_an_answer_stands_for_a_level_where_the_column_is_a_question():
    section = series_appraisals()
    assert [level_of(section, section.rows[0], each).label for each in ("1", "2", "9a")] == ["Yes", "Unclear", "No"]
    assert level_of(section, section.rows[2], "overall") is None


def test_the_overall_judgement_has_levels_of_its_own():
    section = series_appraisals()
    assert level_of(section, section.rows[0], "overall").label == "Exclude"
    assert level_of(section, section.rows[0], "overall").fill == PALETTE[2][0]


@pytest.mark.parametrize(
    ("ranks", "places"),
    [((0, 1), (0, 2)), ((0, 1, 2), (0, 1, 2)), ((0, 1, 2, 3), (0, 1, 2, 3)), ((0, 1, 2, 3, 4), (0, 1, 2, 2, 3))],
)
def test_colours_follow_the_rank_from_best_to_worst(ranks, places):
    levels = tuple(AppraisalLevel(str(rank), str(rank), "+", rank) for rank in ranks)
    section = replace(trial_appraisals(), levels=levels)
    row = section.rows[0]
    for rank, place in zip(ranks, places, strict=True):
        judged = replace(row, appraisal=replace(row.appraisal, judgements=(Judgement("D1", str(rank)),)))
        assert level_of(section, judged, "D1").fill == PALETTE[place][0]


def test_what_is_no_judgement_is_neither_good_nor_bad():
    section = trial_appraisals()
    assert level_of(section, section.rows[2], "D1").fill == UNRANKED[0]


def test_a_level_that_the_tool_does_not_have_is_shown_by_its_name():
    section = trial_appraisals()
    row = replace(
        section.rows[0], appraisal=replace(section.rows[0].appraisal, judgements=(Judgement("D1", "very bad"),))
    )
    found = level_of(section, row, "D1")
    assert (found.label, found.glyph, found.fill) == ("very bad", "", UNRANKED[0])
    assert "very bad" in "".join(drawn(traffic_light_svgs(replace(section, rows=(row,)))[0]).itertext())


def luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_symbols_can_be_read_on_their_colours_and_grave_levels_are_darker():
    for fill, ink in (*PALETTE, UNRANKED):
        assert contrast(fill, ink) >= 4.5  # WCAG 2.1, 1.4.3
    good, some, grave, critical = (luminance(fill) for fill, _ in PALETTE)
    assert min(good, some) > 2 * grave
    assert grave > 2 * critical


def test_each_circle_has_a_symbol_a_name_and_a_way_to_its_support():
    section = trial_appraisals()
    [text] = traffic_light_svgs(section)
    figure = drawn(text)
    assert len(classes(figure, "judgement")) == 9 + 4  # three rows of three, and the key
    assert "Abel2016, Deviations from the intended interventions: Some concerns" in titles(figure)
    links = {each.get("href") for each in figure.iter() if each.tag.endswith("}a")}
    assert "#appraisal-imagined~Abel2016~Abel2016.response" in links
    words = "".join(figure.itertext())
    assert "Not settled yet" in words
    assert "Hale2014 *" in words


def test_a_domain_that_nobody_judged_is_a_dashed_circle():
    figure = drawn(traffic_light_svgs(series_appraisals())[0])
    assert len(classes(figure, "judgement none")) == 1


def test_many_rows_are_shared_out_over_several_figures():
    section = series_appraisals()
    many = replace(section, rows=section.rows[:1] * (MOST_ROWS + 1))
    first, second = (drawn(text) for text in traffic_light_svgs(many))
    assert len(classes(first, "judgement")) > len(classes(second, "judgement"))
    assert first.get("id") != second.get("id")
    assert traffic_light_svgs(replace(section, rows=())) == ()
    assert summary_svg(replace(section, rows=())) == ""


def test_shares_are_weighted_by_the_synthesis():
    section = trial_appraisals()
    assert is_weighted(section)
    assert [(level.label, round(share, 1), n) for level, share, n in shares(section, "D1")] == [
        ("Low", 94.3, 2),
        ("No information", 5.7, 1),
    ]


def test_without_a_weight_for_every_row_each_counts_the_same():
    section = trial_appraisals()
    rows = (*section.rows[:2], replace(section.rows[2], weight=None))
    for plain in (replace(section, rows=rows), replace(section, weighting="")):
        assert not is_weighted(plain)
        assert [round(share, 1) for _, share, _ in shares(plain, "D2")] == [33.3, 33.3, 33.3]
    assert "Each appraisal counts the same." in summary_svg(replace(section, rows=rows))
    assert "weighted by" in summary_svg(section)


def test_shares_are_of_the_rows_that_were_judged():
    assert [(level.label, share) for level, share, _ in shares(series_appraisals(), "overall")] == [
        ("Include", 50.0),
        ("Exclude", 50.0),
    ]


def test_bars_are_as_wide_as_their_shares_and_the_description_says_the_same():
    figure = drawn(summary_svg(trial_appraisals()))
    widths = [float(each[1].get("width")) for each in classes(figure, "share")][:2]
    assert widths == pytest.approx([360 * 0.943, 360 * 0.057], abs=0.01)
    assert "D1: Low 94 %, No information 6 %." in figure[1].text


def test_every_judgement_has_its_answers_and_says_when_the_rule_was_overruled():
    section = trial_appraisals()
    found = {each.name: each for each in entries(section, section.rows[0])}
    assert list(found) == ["D1 Randomisation process", "D2 Deviations from the intended interventions", "Overall"]
    second = found["D2 Deviations from the intended interventions"]
    assert (second.level.label, second.overruled, second.direction) == ("Some concerns", "High", "favours cells")
    [(question, answer)] = found["D1 Randomisation process"].answers
    assert (question, answer.quote) == ("1.1 Was the order random?", "randomised by computer in Abel2016")


def test_no_answer_is_lost_when_the_section_does_not_know_its_question():
    section = replace(trial_appraisals(), questions=())
    last = entries(section, section.rows[0])[-1]
    assert last.name == "Further answers"
    assert [answer.question for _, answer in last.answers] == ["1.1", "2.1"]


def test_hostile_names_stay_text():
    h = '"><script>alert(1)</script>'
    bad = AppraisalSection(
        h, h, h, ((h, h),), (AppraisalLevel(h, h, h, 0), *LEVELS), trial_appraisals().rows, weighting=h
    )
    row = bad.rows[0]
    row = replace(row, label=h, result=h, appraisal=replace(row.appraisal, judgements=(Judgement(h, h),)))
    for text in (*traffic_light_svgs(replace(bad, rows=(row,))), summary_svg(replace(bad, rows=(row,)))):
        assert "<script" not in text
        drawn(text)
