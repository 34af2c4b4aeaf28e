"""How a study was set up. The sentences were written for this file."""

import pytest

from stromata.extraction.suggestions.run import suggest


def found(text: str, field: str) -> list[str]:
    """Return the values of a field with their units, sorted."""
    return sorted(f"{one.value} {one.unit}".strip() for one in suggest(text).suggestions if one.field == field)


DESIGNS = [
    ("We conducted a randomised, double-blind, placebo-controlled trial.", ["rct"]),
    ("Patients were randomly assigned to cells or placebo.", ["rct"]),
    ("Patients were not randomised and there was no control group.", ["single-arm"]),
    ("The trial randomised 48 adults.", ["rct"]),
    ("Ninety-two women underwent randomisation.", ["rct"]),
    ("All but one of the 30 randomised participants came back.", ["rct"]),
    ("The first treatment was drawn by lot.", ["rct"]),
    ("Two cohorts were compared without random allocation.", ["nonrandomised-controlled"]),
    ("Patients were assigned to cells or drugs according to their own preference.", ["nonrandomised-controlled"]),
    ("Six children were treated without a control group.", ["single-arm"]),
    ("Files of 40 patients were read retrospectively.", ["cohort"]),
    ("对26例患者的资料进行回顾性分析。", ["cohort"]),
    ("A randomised trial is needed.", []),
    ("In this open-label, single-arm phase 1 trial, we gave cells.", ["single-arm"]),
    ("This retrospective cohort study included 40 patients.", ["cohort"]),
    ("We describe a series of six patients with pemphigus.", ["case-series"]),
    ("Allogeneic cells in a patient with vitiligo: a case report", ["case-report"]),
    ("MSC were injected into NOD/SCID mice.", ["animal-model"]),
    ("We performed a systematic review and meta-analysis of randomised controlled trials.", ["review"]),
    ("This was a non-randomised controlled trial.", ["nonrandomised-controlled"]),
    ("Unlike previous randomised trials, we had no comparator.", []),
    ("Keratinocytes were studied in vitro.", ["in-vitro"]),
    ("This was not a randomised trial but a case series of seven children.", ["case-series"]),
    ("At present, no randomised trial has been published.", []),
    ("Patients were not randomised; those who refused cells served as controls.", ["nonrandomised-controlled"]),
    ("本文综述间充质干细胞治疗移植物抗宿主病的研究进展。", ["review"]),
    ("多中心随机双盲安慰剂对照研究", ["rct"]),
    ("采用开放、单臂设计，18例患者入组。", ["single-arm"]),
    ("A cross-sectional survey of 200 patients was done.", ["cross-sectional"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), DESIGNS)
def test_designs(text, expected):
    assert found(text, "design") == expected
