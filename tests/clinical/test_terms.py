"""Vocabularies: their files are sound, and names are found where a reader would find them."""

import csv
import re
import unicodedata
from collections import Counter
from importlib.resources import files
from itertools import pairwise
from typing import get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from stromata.clinical import VOCABULARIES, ancestors, find, is_a, recognise, term, terms
from stromata.clinical.terms import _lexicon, _names
from stromata.errors import InvalidInput, NotFound
from stromata.model import Design, ProductClass

EVERY = [one for vocabulary in VOCABULARIES for one in terms(vocabulary)]
every_term = pytest.mark.parametrize("one", EVERY, ids=lambda one: f"{one.vocabulary}-{one.id}")
every_vocabulary = pytest.mark.parametrize("vocabulary", VOCABULARIES)

CANONICAL = {
    "diseases": "psoriasis psoriatic-arthritis atopic-dermatitis chronic-spontaneous-urticaria alopecia-areata "
    "vitiligo pemphigus epidermolysis-bullosa systemic-sclerosis systemic-lupus-erythematosus lupus-nephritis "
    "rheumatoid-arthritis primary-sjogren inflammatory-myopathy graft-versus-host-disease crohn-disease",
    "tissues": "bone-marrow adipose umbilical-cord wharton-jelly cord-blood placenta amniotic-membrane amniotic-fluid "
    "dental-pulp gingiva tonsil menstrual-blood hair-follicle skin induced-pluripotent embryonic",
    "donors": "autologous allogeneic xenogeneic",
    "products": "msc svf ev secretome conditioned-medium engineered hsct",
    "routes": "intravenous intradermal subcutaneous intralesional intramuscular intra-articular intra-arterial "
    "intrathecal intraperitoneal topical inhaled intranasal oral microneedle",
    "designs": "rct nonrandomised-controlled single-arm cohort case-control cross-sectional case-series case-report "
    "animal-model in-vitro review",
}
"""Ids that forms, suggestions and study tables rely on."""


def found(vocabulary, text):
    return [(match.term.id, match.quote) for match in find(vocabulary, text)]


def ids(vocabulary, text):
    return [match.term.id for match in find(vocabulary, text)]


def raw(vocabulary):
    path = files("stromata.clinical").joinpath("vocabularies", f"{vocabulary}.yaml")
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def names(one):
    return (one.label, *one.synonyms, *one.synonyms_zh)


def in_text(one):
    """Names that count anywhere in a text."""
    careful = {name.casefold() for name in one.whole}
    return [
        name for name in names(one) if name not in one.guarded and name.casefold() not in careful and "," not in name
    ]


def written(name):
    return name.replace("…", "、双盲" if re.search("[\u4e00-\u9fff]", name) else "double-blind")


class TestFiles:
    @every_vocabulary
    def test_ids_are_unique_and_kebab_case(self, vocabulary):
        here = [one.id for one in terms(vocabulary)]
        assert len(set(here)) == len(here)
        assert [one for one in here if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", one)] == []

    @every_vocabulary
    def test_the_ids_that_others_rely_on_are_there(self, vocabulary):
        assert set(CANONICAL[vocabulary].split()) <= {one.id for one in terms(vocabulary)}

    def test_product_classes_of_the_model_are_terms(self):
        assert set(get_args(ProductClass)) <= {one.id for one in terms("products")}

    def test_every_design_maps_to_a_design_of_the_model_and_each_of_these_is_a_term(self):
        assert {one.design for one in terms("designs")} == set(get_args(Design))
        assert set(get_args(Design)) <= {one.id for one in terms("designs")}
        for design in get_args(Design):
            assert term("designs", design).design == design

    def test_conditions_of_the_shipped_review_are_terms(self):
        text = files("stromata.examples").joinpath("msc", "protocol.yaml").read_text(encoding="utf-8")
        wanted = {condition["id"] for condition in yaml.safe_load(text)["conditions"]}
        assert wanted <= {one.id for one in terms("diseases")}

    @pytest.mark.parametrize(
        ("column", "vocabulary"),
        [("tissue", "tissues"), ("donor", "donors"), ("route", "routes"), ("product_class", "products")],
    )
    def test_the_shipped_study_tables_are_understood(self, column, vocabulary):
        text = files("stromata.examples").joinpath("msc", "arms.csv").read_text(encoding="utf-8")
        values = {row[column] for row in csv.DictReader(text.splitlines())} - {""}
        unknown = {"into the scalp"}  # no route of its own: it could be into the dermis or below
        assert {
            value for value in values if not recognise(vocabulary, value) and not find(vocabulary, value)
        } <= unknown

    @every_vocabulary
    def test_parents_exist_and_lead_to_a_root(self, vocabulary):
        here = {one.id: one.parent for one in terms(vocabulary)}
        for start in here:
            seen = [start]
            while here[seen[-1]]:
                seen.append(here[seen[-1]])
                assert len(set(seen)) == len(seen), seen

    @every_vocabulary
    def test_no_key_is_misspelt_and_every_name_is_text(self, vocabulary):
        known = {"id", "label", "parent", "ids", "synonyms", "exact", "guarded", "whole", "synonyms_zh", "definition"}
        known |= {"made_of", "design", "level"}
        data = raw(vocabulary)
        assert set(data) <= {"sources", "not_after", "not_before", "no_term", "terms"}
        for entry in data["terms"]:
            assert set(entry) <= known, entry["id"]
            for key in ("synonyms", "exact", "guarded", "whole", "synonyms_zh", "made_of"):
                assert all(isinstance(name, str) and name == name.strip() for name in entry.get(key, [])), entry["id"]
            assert set(entry.get("made_of", [])) <= {other["id"] for other in data["terms"]}
        for table in (data.get("not_after", {}), data.get("not_before", {})):
            assert all(isinstance(word, str) for words in table.values() for word in words)

    @every_vocabulary
    def test_a_name_belongs_to_one_term_only(self, vocabulary):
        owner = {}
        for one in terms(vocabulary):
            for name in _names(one):
                key = (name.head, name.tail)
                assert owner.setdefault(key, one.id) == one.id, key

    @every_term
    def test_a_term_is_complete(self, one):
        assert one.label
        assert one.definition.endswith(".")
        assert len(names(one)) == len(set(names(one)))
        assert one.synonyms_zh
        assert all(re.search("[\u4e00-\u9fff]", name) for name in one.synonyms_zh)
        assert not any(re.search("[\u4e00-\u9fff]", name) for name in one.synonyms)

    @every_term
    def test_identifiers_have_the_form_of_their_scheme(self, one):
        forms = {"mesh": r"D\d{6}(\d{3})?", "mondo": r"MONDO:\d{7}", "uberon": r"UBERON:\d{7}", "cl": r"CL:\d{7}"}
        for scheme, value in one.ids:
            assert re.fullmatch(forms[scheme], value)

    @every_vocabulary
    def test_an_identifier_stands_once_and_its_scheme_has_a_source(self, vocabulary):
        pairs = [pair for one in terms(vocabulary) for pair in one.ids]
        assert len(set(pairs)) == len(pairs)
        counts = {source["scheme"]: source["confirmed"] for source in raw(vocabulary)["sources"]}
        assert counts == Counter(scheme for scheme, _ in pairs)

    def test_levels_rise_from_the_laboratory_to_the_randomised_trial(self):
        order = ["in-vitro", "animal-model", "case-report", "case-series", "single-arm", "cohort"]
        order += ["nonrandomised-controlled", "rct"]
        levels = [term("designs", one).level for one in order]
        assert levels == sorted(set(levels))
        assert term("designs", "review").level is None
        assert all(one.level is None for one in EVERY if one.vocabulary != "designs")


class TestHierarchy:
    def test_ancestors_come_nearest_first(self):
        above = ancestors("diseases", "recessive-dystrophic-epidermolysis-bullosa")
        assert [one.id for one in above] == ["dystrophic-epidermolysis-bullosa", "epidermolysis-bullosa"]
        assert ancestors("diseases", "psoriasis") == ()

    def test_is_a_goes_up_and_not_down(self):
        assert is_a("tissues", "wharton-jelly", "umbilical-cord")
        assert is_a("tissues", "wharton-jelly", "wharton-jelly")
        assert not is_a("tissues", "umbilical-cord", "wharton-jelly")
        assert not is_a("tissues", "cord-blood", "umbilical-cord")
        with pytest.raises(NotFound):
            is_a("tissues", "wharton-jelly", "cord")

    def test_an_unknown_id_is_answered_with_near_ones(self):
        with pytest.raises(NotFound) as caught:
            term("diseases", "psoriasi")
        assert "psoriasis" in caught.value.hint
        with pytest.raises(NotFound) as caught:
            term("diseases", "SLE")
        assert "systemic-lupus-erythematosus" in caught.value.hint
        with pytest.raises(NotFound) as caught:
            term("donors", "zzz")
        assert "autologous" in caught.value.hint

    def test_an_unknown_vocabulary_is_answered_with_those_there_are(self):
        with pytest.raises(InvalidInput) as caught:
            terms("drugs")
        assert "diseases" in caught.value.hint


class TestEveryName:
    @every_term
    def test_is_recognised_as_the_whole_text(self, one):
        for name in names(one):
            expected = None if name in one.guarded else one
            assert recognise(one.vocabulary, written(name)) is expected, name
        assert recognise(one.vocabulary, one.id) is one

    @every_term
    def test_is_found_inside_a_sentence(self, one):
        for name in names(one):
            chinese = re.search("[\u4e00-\u9fff]", name) is not None
            for front, back in [("该", "，共三例。")] if chinese else [("It was ", " that they had."), ("(", ").")]:
                text = f"{front}{written(name)}{back}"
                hits = [match for match in find(one.vocabulary, text) if match.start == len(front)]
                if name not in in_text(one):
                    assert not any(match.quote == written(name) for match in hits), name
                else:
                    assert [(match.term, match.quote) for match in hits] == [(one, written(name))], name

    @pytest.mark.parametrize("one", [one for one in EVERY if one.guarded], ids=lambda one: one.id)
    def test_that_is_guarded_counts_where_the_text_spells_it_out(self, one):
        spelt = next(name for name in in_text(one) if " " in name or name == one.label)
        for name in one.guarded:
            text = f"We treated {written(spelt)} ({name}). All {name} improved."
            assert ids(one.vocabulary, text) == [one.id] * 3, text
            assert find(one.vocabulary, f"We treated something else ({name}). All {name} improved.") == ()


class TestSpelling:
    @pytest.mark.parametrize(
        "text",
        ["adipose-derived", "adipose derived", "adipose–derived", "adipose\u2011derived", "adipose\u00a0derived",
         "Adipose - derived", "ADIPOSE-DERIVED", "adi\u00adpose-derived", "ａｄｉｐｏｓｅ－ｄｅｒｉｖｅｄ",
         "adipose\nderived"],
    )  # fmt: skip
    def test_hyphens_dashes_spaces_and_widths_are_alike(self, text):
        assert found("tissues", f"cells, {text}, were") == [("adipose", text)]

    @pytest.mark.parametrize(
        "text",
        ["Sjögren's syndrome", "Sjo\u0308gren’s syndrome", "Sjogren syndrome", "SJÖGREN SYNDROME", "Sjögrens syndrome"],
    )
    def test_accents_and_apostrophes_do_not_matter(self, text):
        assert found("diseases", f"In {text}, tears fail.") == [("primary-sjogren", text)]

    @pytest.mark.parametrize(
        ("vocabulary", "text", "wanted"),
        [
            ("tissues", "UC-MSC", "umbilical-cord"), ("tissues", "UCMSC", "umbilical-cord"),
            ("tissues", "hUCMSCs", "umbilical-cord"), ("tissues", "UC MSCs", "umbilical-cord"),
            ("tissues", "ADSCs", "adipose"), ("tissues", "AD–MSCs", "adipose"), ("tissues", "hUCB-MSCs", "cord-blood"),
            ("routes", "intraarticular", "intra-articular"),
            ("designs", "nonrandomized trial", "nonrandomised-controlled"),
            ("designs", "cohort studies", "cohort"), ("diseases", "aGvHD", "acute-graft-versus-host-disease"),
        ],
    )  # fmt: skip
    def test_abbreviations_closed_up_and_in_the_plural(self, vocabulary, text, wanted):
        assert found(vocabulary, f"The {text} were") == [(wanted, text)]

    def test_a_letter_beside_a_name_makes_it_another_word(self):
        assert find("products", "The XMSCY, BIMSC and parapsoriasis") == ()
        assert find("diseases", "parapsoriasis, collupus") == ()

    def test_a_name_does_not_reach_over_a_paragraph_a_comma_or_a_bracket(self):
        assert find("tissues", "bone\n\nmarrow; bone, marrow; bone (marrow)") == ()

    def test_dotted_abbreviations(self):
        assert found("routes", "Cells were given i.v. or s. c.") == [("intravenous", "i.v."), ("subcutaneous", "s. c.")]
        assert ids("routes", "given i.v infusion") == ["intravenous"]
        assert find("routes", "twice (b.i.d.); Smith S.C. and Petrov I. V.") == ()

    @given(st.text(max_size=80), st.sampled_from(EVERY), st.data())
    def test_a_quote_is_the_text_between_its_offsets(self, noise, one, data):
        usual = in_text(one)
        name = written(data.draw(st.sampled_from(usual or [one.label])))
        awkward = data.draw(
            st.sampled_from(
                [name, name.replace("-", "–"), name.replace(" ", "\u00a0"), unicodedata.normalize("NFD", name),
                 "\u00ad".join(name), "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in name)]
            )
        )  # fmt: skip
        text = f"{noise}。\n\n{awkward}\n\nﬁ{noise}"
        matches = find(one.vocabulary, text)
        assert all(text[match.start : match.end] == match.quote for match in matches)
        assert all(first.end <= second.start for first, second in pairwise(matches))
        start = len(noise) + 3
        if usual:
            assert any((match.start, match.end) == (start, start + len(awkward)) for match in matches)

    @given(st.text(alphabet="aAIVivms.-–()（）'’ \u00ad\u0308\u00a0ﬁİßＡ银屑病\n1", max_size=40))
    def test_any_text_is_read_without_trouble(self, text):
        for vocabulary in VOCABULARIES:
            assert all(text[match.start : match.end] == match.quote for match in find(vocabulary, text))
            recognise(vocabulary, text)


class TestLongest:
    def test_the_longest_name_wins(self):
        assert ids("tissues", "umbilical cord blood and umbilical cord") == ["cord-blood", "umbilical-cord"]
        assert ids("diseases", "lupus nephritis in systemic lupus erythematosus") == [
            "lupus-nephritis",
            "systemic-lupus-erythematosus",
        ]
        assert ids("tissues", "umbilical cord Wharton's jelly") == ["wharton-jelly"]
        assert ids("diseases", "secondary Sjögren's syndrome") == ["secondary-sjogren"]

    def test_products_take_in_the_cells_that_they_are_made_of(self):
        assert found("products", "MSC-derived exosomes") == [("exosome", "MSC-derived exosomes")]
        assert found("products", "UC-MSC-EVs") == [("ev", "UC-MSC-EVs")]
        text = "vesicles: extracellular vesicles isolated from human umbilical cord MSCs"
        assert found("products", text) == [("ev", text[10:])]
        assert found("products", "conditioned medium of ADSCs") == [
            ("conditioned-medium", "conditioned medium of ADSCs")
        ]
        assert ids("products", "exosomes. From MSCs") == ["exosome", "msc"]
        assert ids("products", "exosomes or MSCs") == ["exosome", "msc"]

    def test_designs_reach_over_the_words_between(self):
        text = "A randomized, double-blind, placebo-controlled phase 2 trial was run."
        assert found("designs", text) == [("rct", text[2:-9])]
        assert found("designs", "two randomised controlled trials (RCTs), three cohort studies") == [
            ("rct", "randomised controlled trials"),
            ("rct", "RCTs"),
            ("cohort", "cohort studies"),
        ]
        assert ids("designs", "a randomised, double-blind, crossover trial") == ["crossover-rct"]
        assert ids("designs", "Patients were randomised. The trial ended.") == []
        assert ids("designs", "a non-randomised, open-label pilot study") == ["nonrandomised-controlled"]
        assert ids("designs", "randomised " + "very " * 13 + "long trial") == []


class TestChinese:
    def test_names_need_no_word_boundaries(self):
        text = "采用脐带间充质干细胞静脉输注治疗系统性红斑狼疮患者17例，随访12个月。"
        assert found("tissues", text) == [("umbilical-cord", "脐带")]
        assert found("products", text) == [("msc", "间充质干细胞")]
        assert found("routes", text) == [("intravenous", "静脉输注")]
        assert found("diseases", text) == [("systemic-lupus-erythematosus", "系统性红斑狼疮")]

    def test_latin_letters_stand_inside_chinese_text(self):
        assert found("products", "患者接受MSC治疗") == [("msc", "MSC")]
        assert found("diseases", "重度ＳＬＥ患者") == [("systemic-lupus-erythematosus", "ＳＬＥ")]
        assert ids("diseases", "特应性皮炎（AD）患者；AD病情") == ["atopic-dermatitis"] * 3

    def test_traditional_characters(self):
        assert ids("diseases", "乾癬與異位性皮膚炎") == ["psoriasis", "atopic-dermatitis"]
        assert ids("donors", "自體免疫疾病") == []
        assert ids("donors", "自体脂肪，自体抗体") == ["autologous"]

    def test_designs_and_products(self):
        assert ids("designs", "一项随机、双盲、安慰剂对照试验") == ["rct"]
        assert ids("designs", "非随机对照试验") == ["nonrandomised-controlled"]
        assert ids("products", "间充质干细胞来源的外泌体") == ["exosome"]


class TestAmbiguity:
    def test_ad_counts_only_for_what_the_text_introduces_it_for(self):
        assert find("diseases", "AD is common. Patients with AD improved.") == ()
        assert ids("diseases", "Atopic dermatitis is common. AD improved.") == ["atopic-dermatitis"] * 2
        assert ids("diseases", "Alzheimer disease (AD) and atopic dermatitis. AD improved.") == ["atopic-dermatitis"]
        assert ids("diseases", "AD-MSCs and AD MSC in atopic dermatitis") == ["atopic-dermatitis"]
        assert recognise("diseases", "AD") is None

    def test_a_narrower_disease_spells_out_the_abbreviation_of_the_broader_one(self):
        text = "Recessive dystrophic epidermolysis bullosa (RDEB) is a severe form; EB wounds heal slowly."
        assert ids("diseases", text)[-1] == "epidermolysis-bullosa"

    def test_iv_is_a_route_and_not_the_number_four(self):
        assert ids("routes", "Cells were given IV.") == ["intravenous"]
        for text in (
            "phase IV",
            "class III or IV nephritis",
            "grade II-IV",
            "stages I to IV",
            "type IV collagen",
            "Ⅳ期",
        ):
            assert find("routes", text) == (), text

    def test_an_abbreviation_joined_to_the_cells_needs_no_spelling_out(self):
        assert found("products", "UC-MSC-EV and ADSC-CM") == [("ev", "UC-MSC-EV"), ("conditioned-medium", "ADSC-CM")]
        assert find("products", "EV was given") == ()

    def test_case_matters_for_exact_abbreviations(self):
        assert ids("diseases", "In SSc, skin hardens.") == ["systemic-sclerosis"]
        assert find("diseases", "In SSc the sscs of ssc") == find("diseases", "In SSc the")
        assert find("diseases", "FSC and SSC gates") == ()

    def test_names_in_other_senses_are_left_alone(self):
        assert find("routes", "abdominal subcutaneous fat, intravenous immunoglobulin") == ()
        assert find("diseases", "lupus vulgaris, Sjögren-Larsson syndrome") == ()
        assert find("tissues", "The skin and hair follicles improved; umbilical vein endothelial cells") == ()
        assert ids("tissues", "skin-derived and hair follicle-derived cells") == ["skin", "hair-follicle"]

    def test_a_field_may_be_filled_in_any_case(self):
        assert recognise("routes", "iv").id == "intravenous"
        assert recognise("routes", " I.V. ").id == "intravenous"
        assert recognise("tissues", "skin").id == "skin"
        assert recognise("tissues", "Wharton's jelly").id == "wharton-jelly"
        assert recognise("routes", "静脉输注").id == "intravenous"
        assert recognise("routes", "静脉输注。").id == "intravenous"
        assert recognise("routes", "intravenous or subcutaneous") is None
        assert recognise("routes", "") is None


def test_a_vocabulary_is_read_once():
    assert _lexicon("donors") is _lexicon("donors")


class TestWordsInsideWords:
    """A name counts only as a word of its own: `no_term` and the lists of neighbours say what it is not."""

    @every_vocabulary
    def test_what_is_listed_as_no_term_is_found_nowhere(self, vocabulary):
        anywhere = {name for one in terms(vocabulary) for name in in_text(one)}
        listed = raw(vocabulary).get("no_term", [])
        assert len(set(listed)) == len(listed)
        for word in listed:
            assert word not in anywhere
            assert find(vocabulary, f"该{word}，" if re.search("[\u4e00-\u9fff]", word) else f"A {word}.") == (), word

    @pytest.mark.parametrize(
        ("vocabulary", "text"),
        [
            ("diseases", "诊断为大疱性类天疱疮，血清中类风湿因子和狼疮抗凝物均为阴性。"),
            ("diseases", "小斑块状副银屑病，既往有病毒性心肌炎和骨化性肌炎。"),
            ("diseases", "颜面播散性粟粒性狼疮；眼外肌炎；非炎性肌病；口腔白斑病。"),
            ("diseases", "用单克隆病毒感染细胞，再以单克隆抗体检测；获得性大疱性表皮松解症。"),
            ("diseases", "患者头发完全秃落；诊断眼干燥综合征。"),
            ("diseases", "Epidermolysis bullosa acquisita, benign familial pemphigus and orbital myositis."),
            ("donors", "不同基因的表达有差异，差异基因共20个，变异体3个，特异体质者除外。"),
            ("donors", "细胞来自体外培养；两组各自体重变化；自体吞噬增强；自体炎症反应；无异种成分的培养基。"),
            ("routes", "表皮内T细胞增多，上皮下水肿，真皮内淋巴细胞浸润，皮下出血。"),
            ("routes", "腱鞘内注射激素；静脉注射人免疫球蛋白；脐静脉内皮细胞；外周静脉血单个核细胞。"),
            ("routes", "心肌内注射；轻微针刺感；异氟烷吸入麻醉；经鼻胃管；皮损内T细胞；病灶内坏死。"),
            (
                "routes",
                "Extracorporeal photopheresis and extracorporeal shock wave therapy; cells grown outside the body.",
            ),
            ("products", "内分泌组织；肥大细胞分泌组胺；超声微泡造影；肝微粒体囊泡；与其他细胞相比；细胞外体液。"),
            ("products", "Compared with other cells, they grew faster."),
            ("tissues", "小肠绒毛变短，脂肪酸和脂肪肝改善，向脂肪细胞分化；骨髓抑制；多发性骨髓瘤。"),
            ("tissues", "人脐带静脉内皮细胞；脐血流；绒毛膜促性腺激素；扁桃体切除术后；子宫内膜异位症；牙龈炎。"),
            ("tissues", "经血管内给药，神经血管束，经血清学检查；胎盘生长因子；骨髓来源抑制性细胞。"),
            ("designs", "这是一项临床前瞻性观察；采用评分系统评价疗效；多元分析；有限元分析；肌纤维横断面积。"),
            ("designs", "随机抽取60例，随机效应模型，随机将患者编入研究组；十一例报告。"),
        ],
    )
    def test_a_word_that_holds_a_name_by_chance_is_no_mention(self, vocabulary, text):
        assert found(vocabulary, text) == []

    @pytest.mark.parametrize(
        ("vocabulary", "text", "wanted"),
        [
            (
                "diseases",
                "银屑病、类银屑病样皮损、寻常型天疱疮与皮肌炎",
                ["psoriasis", "psoriasis", "pemphigus-vulgaris", "dermatomyositis"],
            ),
            (
                "diseases",
                "克隆氏病、肌炎与口眼干燥综合征",
                ["crohn-disease", "inflammatory-myopathy", "primary-sjogren"],
            ),
            ("diseases", "幼年类风湿性关节炎", ["juvenile-idiopathic-arthritis"]),
            ("donors", "抽取自体脂肪；自体外周血；来自自体骨髓；自体内皮祖细胞", ["autologous"] * 4),
            ("donors", "不同个体的同种异体细胞；非亲缘供者；异种移植", ["allogeneic", "allogeneic", "xenogeneic"]),
            (
                "routes",
                "皮下注射、皮内注射、真皮内注射与鞘内注射",
                ["subcutaneous", "intradermal", "intradermal", "intrathecal"],
            ),
            (
                "routes",
                "静脉、皮下或经静脉给予；皮损内注射；微针对照组",
                ["subcutaneous", "intravenous", "intralesional", "microneedle"],
            ),
            ("routes", "体外循环；an extracorporeal device", ["extracorporeal", "extracorporeal"]),
            ("products", "间充质干细胞的分泌组与微囊泡", ["secretome", "microvesicle"]),
            ("tissues", "自体脂肪来源、内脏脂肪、脂肪间充质干细胞", ["adipose"] * 3),
            (
                "tissues",
                "骨髓、胎盘绒毛、绒毛膜、脐带血管周围、脐带血",
                ["bone-marrow", "chorion", "chorion", "umbilical-cord", "cord-blood"],
            ),
            ("tissues", "经血干细胞与月经血", ["menstrual-blood"] * 2),
            (
                "designs",
                "随机双盲试验；临床前研究；网络Meta分析；系统评价",
                ["rct", "preclinical", "meta-analysis", "systematic-review"],
            ),
        ],
    )
    def test_the_names_themselves_are_still_found(self, vocabulary, text, wanted):
        assert ids(vocabulary, text) == wanted

    def test_a_field_that_is_no_term_is_not_recognised(self):
        assert recognise("diseases", "心肌炎") is None
        assert recognise("donors", "变异") is None
        assert recognise("routes", "真皮内").id == "intradermal"
        assert recognise("tissues", "经血").id == "menstrual-blood"

    @pytest.mark.parametrize(
        ("text", "wanted"),
        [
            ("human adipose-derived mesenchymal stem cells (hAMSCs); hAMSCs were given", {"adipose"}),
            ("skin mesenchymal stem cells (SMSCs); SMSCs were given", {"skin"}),
            ("dermal papilla cells (DPMSCs)", set()),
            ("The synovium was taken. SMSCs were grown.", {"synovium"}),
            ("amniotic membrane was taken; AMSCs were grown", {"amniotic-membrane"}),
        ],
    )
    def test_abbreviations_of_several_tissues_count_for_the_one_that_is_spelt_out(self, text, wanted):
        assert set(ids("tissues", text)) == wanted
