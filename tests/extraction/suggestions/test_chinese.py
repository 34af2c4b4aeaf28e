"""What the rules read in Chinese. Sentences were written for this file; none stands in the evaluation texts."""

# ruff: noqa: E501 - a sentence and what it says stay on one line

import pytest

from stromata.extraction.suggestions.run import suggest


def found(text: str, field: str) -> list[str]:
    """Return the values of a field with their units, sorted."""
    return sorted(f"{one.value} {one.unit}".strip() for one in suggest(text).suggestions if one.field == field)


N = [
    ("共纳入17例难治性狼疮患者。", ["17 patients"]),
    ("纳入患者40例，随机分为两组，每组20例。", ["40 patients"]),
    ("选取2018年1月至2020年12月收治的系统性硬化症患者32例。", ["32 patients"]),
    ("将60例银屑病患者随机分为治疗组和对照组，各30例。", ["60 patients"]),
    ("十七例患者接受了脐带间充质干细胞输注。", ["17 patients"]),
    ("对12名类风湿关节炎患者进行治疗。", ["12 patients"]),
    ("脐带间充质干细胞治疗重症系统性红斑狼疮15例临床分析", ["15 patients"]),
    ("60只雌性BALB/c小鼠随机分为四组。", ["60 animals"]),
    ("共入组患者21例，其中男8例，女13例。", ["21 patients"]),
    ("患者女性，26岁，诊断为皮肌炎。", ["1 patients"]),
    ("健康志愿者20例作为对照。", []),
    ("既往研究纳入30例患者。", []),
    ("拟纳入100例患者。", []),
    ("每组10例。", []),
    ("其中3例患者出现发热。", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), N)
def test_how_many_took_part(text, expected):
    assert found(text, "n") == expected


ARMS = [
    ("患者随机分为两组。", ["2"]),
    ("小鼠随机分为对照组、模型组和治疗组。", ["3"]),
    ("按1:1随机分配至试验组或安慰剂组。", ["2"]),
    ("分为高剂量组、中剂量组、低剂量组及对照组。", ["4"]),
    ("两组患者疗效差异无统计学意义。", ["2"]),
    ("患者均签署知情同意书。", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), ARMS)
def test_how_many_groups(text, expected):
    assert found(text, "arms") == expected


FOLLOW_UP = [
    ("所有患者随访12个月。", ["12 months"]),
    ("随访时间为6～24个月。", ["6-24 months"]),
    ("中位随访时间18个月。", ["18 months"]),
    ("随访两年，未见复发。", ["24 months"]),
    ("治疗后随访24周。", ["5.52 months"]),
    ("随访半年。", ["6 months"]),
    ("随访2年半。", ["30 months"]),
    ("平均随访（18.5±4.2）个月。", ["18.5 months"]),
    ("病程12个月。", []),
    ("需要更长时间的随访。", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), FOLLOW_UP)
def test_how_long_patients_were_followed(text, expected):
    assert found(text, "followup_months") == expected


RESULTS = [
    ("17例患者中8例(47.1%)达到PASI-75。", "responders", ["8/17 PASI75"]),
    ("总有效率为85.0%(17/20)。", "responders", ["17/20 response"]),
    ("20例中5例完全缓解，9例部分缓解。", "responders", ["5/20 remission", "9/20 partial response"]),
    ("治疗组EASI50应答率为60%（12/20），对照组为25%（5/20）。", "responders", ["12/20 EASI50", "5/20 EASI50"]),
    ("15例中3例复发。", "responders", ["3/15 relapse"]),
    ("试验组17例（17/28）、安慰剂组9例（9/28）达到EASI50。", "responders", ["17/28 EASI50", "9/28 EASI50"]),
    ("ACR20达标率为73.1%（19/26），高于对照组的46.2%（12/26）。", "responders", ["12/26 ACR20", "19/26 ACR20"]),
    ("6例复发（6/36）。", "responders", ["6/36 relapse"]),
    ("18例患者全部存活。", "deaths", ["0/18"]),
    ("细胞组无死亡。", "deaths", ["0"]),
    ("药物组死亡4例，细胞组死亡1例。", "deaths", ["1", "4"]),
    ("实验中2只大鼠死亡。", "deaths", ["2"]),
    ("9例存活，3例死亡。", "deaths", ["3"]),
    ("第16周PASI50、PASI75应答者分别为11例（11/19）和5例（5/19）。", "responders", ["11/19 PASI50", "5/19 PASI75"]),
    ("20例患者中12例为女性。", "responders", []),
    ("未发生不良反应。", "adverse_events", ["0"]),
    ("无严重不良事件发生。", "adverse_events", ["0 serious"]),
    ("3例出现不良反应，均为低热。", "adverse_events", ["3"]),
    ("所有患者未见明显不良反应。", "adverse_events", ["0"]),
    ("不良反应发生率为15%（3/20）。", "adverse_events", ["3/20"]),
    ("两组不良反应差异无统计学意义。", "adverse_events", []),
    ("随访期间无死亡病例。", "deaths", ["0"]),
    ("1例死亡，死于感染。", "deaths", ["1"]),
    ("40例中2例死亡。", "deaths", ["2/40"]),
    ("细胞凋亡和死亡受体表达降低。", "deaths", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "field", "expected"), RESULTS)
def test_results(text, field, expected):
    assert found(text, field) == expected


TERMS = [
    ("静脉输注同种异体脐带间充质干细胞1×10^6/kg，每周1次，共4次。", {"route": ["intravenous"], "donor": ["allogeneic"], "tissue": ["umbilical-cord"], "product_class": ["msc"], "dose": ["1e6 cells/kg"], "administrations": ["4"], "interval_days": ["7 days"]}),
    ("患者随机分为治疗组和对照组，进行双盲研究。", {"design": ["rct"]}),
    ("系统性红斑狼疮患者接受自体骨髓间充质干细胞移植。", {"disease": ["systemic-lupus-erythematosus"], "donor": ["autologous"], "tissue": ["bone-marrow"]}),
    ("尚需随机对照试验证实。", {"design": []}),
    ("排除合并银屑病的患者。", {"disease": []}),
    ("注册号：ChiCTR2100045678。", {"registry_id": ["ChiCTR2100045678"]}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), TERMS)
def test_terms_doses_and_registrations(text, expected):
    assert {field: found(text, field) for field in expected} == expected
