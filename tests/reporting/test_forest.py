from dataclasses import replace

import pytest
from lxml import etree

from reporting.builders import differences, harms, pooled, proportion, ratios, response
from stromata.model import EffectSize, Interval
from stromata.reporting import forest_svg
from stromata.reporting.svg import text_width
from stromata.synthesis import effect_sizes, pool

NS = {"s": "http://www.w3.org/2000/svg"}
ALL = [response, harms, ratios, differences]


def drawn(synthesis, **options):
    return etree.fromstring(forest_svg(synthesis, **options))


def texts(root):
    return ["".join(each.itertext()).replace("\u00a0", " ") for each in root.iterfind(".//s:text", NS)]


def of_class(root, name):
    return root.findall(f".//*[@class='{name}']", NS)


def test_each_study_has_a_marker_and_an_interval_on_one_common_axis():
    root = drawn(response())
    markers = of_class(root, "marker")
    assert len(markers) == len(of_class(root, "interval")) == 6
    centres = [float(each.get("x")) + float(each.get("width")) / 2 for each in markers]
    zero, all_ = centres[3], centres[1]  # 0 of 7, 6 of 6
    assert all_ - zero == pytest.approx(300, abs=0.1)
    assert centres[0] == pytest.approx(zero + 300 * 8 / 17, abs=0.1)


def test_intervals_at_the_ends_run_from_the_end_to_the_exact_bound():
    lines = of_class(drawn(harms()), "interval")
    left = [float(line.get("x1")) for line in lines]
    right = [float(line.get("x2")) for line in lines]
    assert left[0] == left[1]
    assert right[0] - left[0] == pytest.approx(300 * (1 - 0.025 ** (1 / 17)), abs=0.2)
    assert not of_class(drawn(harms()), "clipped")


def test_none_and_all_are_printed_with_their_exact_intervals():
    shown = texts(drawn(response()))
    assert "0 [0, 41]" in shown
    assert "100 [54, 100]" in shown
    assert "0/7" in shown


def test_subgroups_have_headings_and_a_single_study_gets_no_subtotal():
    shown = texts(drawn(response()))
    assert [text for text in shown if text.startswith("Subtotal")] == ["Subtotal (k = 3)", "Subtotal (k = 2)"]
    assert {"psoriasis", "lupus", "alopecia"} <= set(shown)
    assert len(of_class(drawn(response()), "diamond subtotal")) == 2
    assert len(of_class(drawn(response()), "diamond total")) == 1
    assert "Test for subgroup differences: Q = 1.93 (df = 2), p = 0.38" in shown
    assert "17/35" in shown


def test_the_diamond_spans_the_interval_of_the_pool():
    root = drawn(response())
    left, _, right = (
        float(point.split()[0].lstrip("M")) for point in of_class(root, "diamond total")[0].get("d").split("L")[:3]
    )
    assert right - left == pytest.approx(300 * (0.63 - 0.27), abs=0.1)


def test_the_prediction_interval_has_its_own_bar():
    bars = of_class(drawn(response()), "prediction")
    assert len(bars) == 2
    assert float(bars[1].get("x2")) - float(bars[1].get("x1")) == pytest.approx(300 * 0.74, abs=0.1)
    assert not of_class(drawn(harms()), "prediction")


def test_a_pool_without_an_estimate_gets_no_diamond():
    result = replace(response(), natural=Interval(None, None, None), subgroups=(), subgroup_test=None)
    assert not of_class(drawn(result), "diamond total")
    assert len(of_class(drawn(result), "marker")) == 6


def test_ratios_show_both_groups_weights_and_arrows_for_cut_intervals():
    root = drawn(ratios(), favours=("Favours comparator", "Favours intervention"))
    shown = texts(root)
    assert {"8/17", "4/16", "34.2 %", "Risk ratio", "← Favours comparator", "7.80 [0.46, 132] *"} <= set(shown)
    assert len(of_class(root, "clipped")) == 1
    assert any("continuity correction" in text for text in shown)
    sizes = [float(each.get("width")) for each in of_class(root, "marker")]
    assert sizes[1] > sizes[0] > sizes[2]


def test_squares_grow_with_people_where_the_model_has_no_weights():
    root = drawn(response())
    sizes = [float(each.get("width")) for each in of_class(root, "marker")]
    assert sizes[4] == max(sizes)
    assert sizes[5] == min(sizes)
    assert "Squares grow with the number of people." in texts(root)


def test_means_are_printed_per_group():
    shown = texts(drawn(differences()))
    assert {"6.1", "3.2", "17", "9.4", "−3.30 [−5.78, −0.82]", "Mean difference"} <= set(shown)


def test_favours_are_only_for_contrasts():
    assert not any("Favours" in text for text in texts(drawn(response(), favours=("Favours a", "Favours b"))))


def test_every_number_of_a_study_leads_to_its_data_point():
    links = {"".join(each.itertext()): each.get("href") for each in drawn(harms()).iterfind(".//s:a", NS)}
    assert links["17"] == "#dp-Abel2016.n"
    assert links["1.6 [0.2, 5.7]"] == "#dp-Dvo:159::e1:k2021.sae"


def test_links_can_be_given_for_every_number_and_pooled_ones_too():
    asked = []

    def link(result, effect, part):
        asked.append((result.id, effect.label if effect else None, part))
        return "#x"

    root = drawn(harms(), link=link)
    assert ("sae", None, "estimate") in asked
    assert ("sae", "Abel 2016", "xi") in asked
    assert "1.3 [0.3, 5.1]" in ["".join(each.itertext()) for each in root.iterfind(".//s:a", NS)]


@pytest.mark.parametrize("build", ALL)
def test_texts_of_a_row_do_not_overlap(build):
    root = drawn(build())
    for group in root.iterfind("s:g", NS):
        spans = []
        for text in group.iterfind("s:text", NS):
            words = "".join(text.itertext())
            width = text_width(words, float(text.get("font-size")), bold=text.get("font-weight") == "bold")
            x, anchor = float(text.get("x")), text.get("text-anchor", "start")
            left = {"start": x, "middle": x - width / 2, "end": x - width}[anchor]
            spans.append((float(text.get("y")), left, left + width))
        for place, (y, left, right) in enumerate(spans):
            assert right <= float(root.get("width")) + 1
            assert left >= -1
            assert all(v != y or right <= a or b <= left for v, a, b in spans[place + 1 :])


def test_long_and_chinese_labels_are_wrapped_and_complete():
    label = "A trial with an exceedingly long name by the whole collaboration 多中心随机对照试验研究组 2020"
    shown = texts(drawn(pooled(Interval(0.5, 0.3, 0.7), (proportion(label, 1, 4), proportion("B", 2, 5)))))
    assert "".join(label.split()) in "".join("".join(shown).split())


def test_a_hostile_label_stays_text():
    label = "<script>alert(1)</script><a href='javascript:alert(1)'>x</a>"
    effect = replace(proportion(label, 1, 4), data_points=("javascript:alert(1)",))
    root = drawn(pooled(Interval(0.5, 0.3, 0.7), (effect, proportion("B", 2, 5))), title="</title><script>")
    assert not root.findall(".//s:script", NS)
    assert all(each.get("href").startswith("#dp-") for each in root.iterfind(".//s:a", NS))
    assert root.findtext("s:title", namespaces=NS) == "</title><script>"


def test_an_effect_without_an_estimate_is_named_and_not_drawn():
    silent = EffectSize(
        "Nil 2000", "RR", None, None, Interval(None, None, None), inputs=(("ai", 0), ("bi", 5), ("ci", 0), ("di", 5))
    )
    root = drawn(replace(ratios(), effects=(*ratios().effects, silent)))
    assert "not estimable" in texts(root)
    assert len(of_class(root, "marker")) == 3


def test_bounds_that_do_not_exist_become_arrows():
    effect = replace(ratios().effects[0], natural=Interval(2.0, 1.0, None))
    root = drawn(replace(ratios(), effects=(effect, ratios().effects[1])))
    assert len(of_class(root, "clipped")) == 1


def test_the_figure_says_in_words_what_it_shows():
    root = drawn(response(), identifier="one")
    assert root.get("role") == "group"
    assert "6 studies with 169 people. Pooled proportion in %: 44.0 [27.0, 63.0]." in root.findtext(
        "s:desc", namespaces=NS
    )
    assert forest_svg(response()) == forest_svg(response())


def test_a_single_study_and_an_empty_synthesis_can_be_drawn():
    one = pooled(Interval(0.25, 0.1, 0.5), (proportion("Only 2020", 1, 4),))
    assert len(of_class(drawn(one), "marker")) == 1
    assert not of_class(drawn(one), "diamond total")
    assert drawn(pooled(Interval(None, None, None), ())).tag.endswith("svg")


def test_weights_are_those_of_the_pool_of_all_also_under_subgroup_headings():
    effects = effect_sizes(
        "RR", labels=["A", "B"], groups=["one", "two"], ai=[14, 9], n1i=[59, 12], ci=[4, 5], n2i=[55, 6]
    )
    result = pool(effects, by_group=True)
    drawn = "".join(etree.fromstring(forest_svg(result).encode()).itertext()).replace("\N{NO-BREAK SPACE}", " ")
    for effect in result.effects:
        assert f"{effect.weight:.1f} %" in drawn
