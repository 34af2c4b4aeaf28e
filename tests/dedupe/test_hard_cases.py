"""Pairs that mislead, as libraries meet them: each is named by what it is, with what may be said of it.

Which of both comes first plays no part. ``kept apart`` is different or a question, ``found`` the same or a question.
"""

import pytest

from dedupe.records import record
from stromata.dedupe import explain
from stromata.model import Name, Record, Translation

Fields = dict[str, object]

TITLE = "Intravenous umbilical stromal cells for refractory lupus nephritis: a randomised trial"
PLACE: Fields = {"volume": "12", "issue": "3", "pages": "101-110"}
URL = "https://www.example.org/articles/stromal-cells-lupus/"
VERDICTS = {
    "same": {"same"}, "different": {"different"}, "kept apart": {"different", "ask"}, "found": {"same", "ask"},
}  # fmt: skip


def names(*texts: str) -> tuple[Name, ...]:
    return tuple(Name(*text.split(", ")) if ", " in text else Name(literal=text) for text in texts)


CHINESE = names("王伟", "李娜")


def entry(number: int, *, placed: bool = False, **fields: object) -> Record:
    authors = names("Ames, J", "Bose, K", "Coe, L")
    return record(number, **({"title": TITLE, "authors": authors} | (PLACE if placed else {}) | fields))


def judged(one: Fields, two: Fields, *, placed: bool, **known: int) -> str:
    left, right = entry(1, placed=placed, **one), entry(2, placed=placed, **two)
    found, turned = explain(left, right, **known), explain(right, left, **known)
    assert (found.verdict, found.rule) == (turned.verdict, turned.rule)
    assert found.score == pytest.approx(turned.score)
    return found.verdict


def parametrised(*cases: tuple[str, str, Fields, Fields]) -> pytest.MarkDecorator:
    ids = [name for name, *_ in cases]
    return pytest.mark.parametrize(("expected", "one", "two"), [case[1:] for case in cases], ids=ids)


@parametrised(
    ("capitals", "same", {}, {"title": TITLE.upper(), "authors": names("AMES, J", "BOSE, K", "COE, L")}),
    ("American spelling", "same", {}, {"title": TITLE.replace("randomised", "randomized")}),
    ("hyphens", "same", {}, {"title": TITLE.replace("Intravenous", "Intra-venous").replace("lupus ", "lupus-")}),
    ("markup", "same", {}, {"title": f"<p>{TITLE.replace('umbilical', '<i>umbilical</i>')}</p>"}),
    ("letters raised", "same", {"title": "CD34+ cells and TGF-β1 in scarred skin"},
     {"title": "CD34<sup>+</sup> cells and TGF-&beta;<sub>1</sub> in scarred skin"}),
    ("TeX", "same", {"title": "Naïve cells of the Schrödinger skin"},
     {"title": r"Na{\"\i}ve cells of the {Schr\"odinger} skin"}),
    ("bytes misread", "same", {"title": "Zellen bei schwerer Nephritis: eine größere Studie"},
     {"title": "Zellen bei schwerer Nephritis: eine grÃ¶ÃŸere Studie"}),
    ("letters lost", "same", {"title": "Über Zellen bei schwerer Nephritis: eine größere Studie"},
     {"title": "?ber Zellen bei schwerer Nephritis: eine gr??ere Studie"}),
    ("umlauts written out", "same", {"title": "Über die Wirkung von Stammzellen", "authors": names("Müller, J")},
     {"title": "Ueber die Wirkung von Stammzellen", "authors": names("Mueller, J")}),
    ("scanned badly", "same", {},
     {"title": "lntravenous umbi1ical strornal cells for refractorv lupus nephrit1s: a randomised tria1"}),
    ("cut short", "same", {}, {"title": TITLE[:58]}),
    ("without subtitle", "same", {}, {"title": TITLE.partition(":")[0]}),
    ("authors in another order", "same", {}, {"authors": names("Coe, L", "Ames, J", "Bose, K")}),
    ("given names first", "same", {}, {"authors": names("J, Ames", "K, Bose", "L, Coe")}),
    ("a group as author", "same", {}, {"authors": names("Fictional Lupus Study Group")}),
    ("years missing", "same", {"year": None}, {"year": None}),
    ("year of the online version", "same", {"year": 2019, "volume": "", "issue": "", "pages": ""}, {}),
    ("Cyrillic and Latin", "same",
     {"title": "Стволовые клетки при волчанке", "authors": names("Иванов, И"), "journal": "Вестник"},
     {"title": "Stvolovye kletki pri volchanke", "authors": names("Ivanov, I"), "journal": "Vestnik"}),
    ("Chinese and English", "same",
     {"title": "脐带间充质干细胞治疗银屑病的临床研究", "authors": CHINESE, "journal": "中华虚构皮肤科杂志"},
     {"title": "Umbilical stromal cells for psoriasis", "authors": names("Wang, Wei", "Li, Na")}),
    ("retracted since", "same", {"doi": "10.1000/x"}, {"doi": "10.1000/x", "title": f"RETRACTED: {TITLE}"}),
)  # fmt: skip
def test_one_article_is_found_through_what_databases_do_to_it(expected, one, two):
    assert judged(one, two, placed=True) in VERDICTS[expected]


@parametrised(
    ("authors in another order", "found", {}, {"authors": names("Coe, L", "Ames, J", "Bose, K")}),
    ("cut short", "found", {}, {"title": f"{TITLE[:58]}..."}),
    ("scanned badly", "found", {}, {"title": TITLE.replace("umbilical", "umbi1ical").replace("ll", "1l")}),
    ("years missing", "same", {"year": None}, {"year": None}),
    ("year missing for one author", "kept apart", {"year": None, "authors": names("Ames, J")},
     {"year": None, "authors": names("Ames, J")}),
    ("Chinese names exchanged", "same", {"authors": names("Zhang, Xiaoguang", "Wang, Yusheng")},
     {"authors": names("Xiaoguang, Zhang", "Yusheng, Wang")}),
    ("exchanged in a proceedings", "same",
     {"authors": names("Wang, X", "Wang, L", "Liu, J"), "journal": "2007 Conference on Fictional Services"},
     {"authors": names("Xiaoguang, Wang", "Yusheng, Wangliang", "Junping, Liu"),
      "journal": "CONFERENCE ON FICTIONAL SERVICES, VOLS 1-3"}),
    ("Chinese with its translation", "found",
     {"title": "脐带间充质干细胞治疗银屑病的临床研究", "authors": CHINESE, "journal": "中华虚构皮肤科杂志",
      "translations": (Translation("en", "Umbilical stromal cells for psoriasis"),)},
     {"title": "Umbilical stromal cells for psoriasis", "authors": names("Wang, Wei", "Li, Na")}),
    ("meetings named in two ways", "found", {"journal": "In Proc. of the 13th Intl. Conf. on Machine Fiction"},
     {"journal": "Machine Fiction: Proceedings of the Thirteenth International Conference", "pages": "148-156"}),
)  # fmt: skip
def test_without_a_place_it_is_found_or_asked_about(expected, one, two):
    assert judged(one, two, placed=False) in VERDICTS[expected]


@parametrised(
    ("erratum", "different", {}, {"title": f"Erratum: {TITLE}", "pages": "240"}),
    ("corrigendum", "different", {}, {"title": f"{TITLE} (Corrigendum)", "pages": "240"}),
    ("German erratum", "different", {}, {"title": f"Berichtigung zu: {TITLE}", "pages": "240"}),
    ("Spanish erratum", "different", {}, {"title": f"Fe de erratas: {TITLE}", "pages": "240"}),
    ("French erratum", "different", {}, {"title": f"Rectificatif à : {TITLE}", "pages": "240"}),
    ("Chinese erratum", "different", {"title": "间充质干细胞治疗银屑病的临床研究"},
     {"title": "更正：间充质干细胞治疗银屑病的临床研究", "pages": "240"}),
    ("retraction", "different", {}, {"title": f"Retraction notice to: {TITLE}", "pages": "240"}),
    ("reply", "different", {"pages": "301"}, {"title": f"Reply to: {TITLE}", "pages": "302"}),
    ("Spanish reply", "different", {}, {"title": f"Respuesta a: {TITLE}", "pages": "302"}),
    ("authors' reply", "different", {}, {"title": f"{TITLE}: authors' reply", "pages": "302"}),
    ("comment", "different", {}, {"title": f"Comment on: {TITLE}", "pages": "302", "authors": names("Doe, M")}),
    ("German comment", "different", {}, {"title": f"Kommentar zu: {TITLE}", "pages": "302"}),
    ("letter", "different", {}, {"title": f"Re: {TITLE}", "pages": "302", "authors": names("Doe, M")}),
    ("protocol", "different", {},
     {"title": TITLE.replace("a randomised", "protocol of a randomised"), "year": 2018, "journal": "Trials Fiction"}),
    ("preprint", "different", {"doi": "10.1000/y"}, {"journal": "medRxiv", "doi": "10.1101/2020.01.01.20000001"}),
    ("two chapters", "different", {"title": "Stromal cells of marrow", "isbn": ("9780000000001",), "pages": "1-20"},
     {"title": "Stromal cells of fat", "isbn": ("9780000000001",), "pages": "21-44"}),
    ("book and chapter", "different", {"type": "book"}, {"type": "chapter"}),
    ("numbered chapters", "kept apart", {"title": "Chapter 1. Introduction to cell therapy", "doi": "10.1000/b_1"},
     {"title": "Chapter 2. Introduction to cell therapy", "doi": "10.1000/b_2", "pages": "111-119"}),
    ("months of follow-up", "kept apart", {"title": "Cells in lupus nephritis: 6-month results"},
     {"title": "Cells in lupus nephritis: 12-month results", "pages": "120-129"}),
    ("adults and children", "kept apart", {"title": "Cells for lupus nephritis in adults: a randomised trial"},
     {"title": "Cells for lupus nephritis in children: a randomised trial", "pages": "111-120"}),
    ("slices of one trial", "kept apart", {"title": "Cells for lupus nephritis: effect on proteinuria"},
     {"title": "Cells for lupus nephritis: effect on quality of life", "pages": "111-118"}),
    ("another PubMed number", "kept apart", {"urls": ("https://pubmed.ncbi.nlm.nih.gov/123/",)}, {"pmid": "124"}),
    ("Chinese numbers", "kept apart", {"title": "脐带间充质干细胞治疗银屑病30例", "pages": "1-3"},
     {"title": "脐带间充质干细胞治疗银屑病60例", "pages": "90-93"}),
    ("Chinese and English elsewhere", "different", {"title": "脐带间充质干细胞治疗银屑病", "pages": "1-3"},
     {"title": "Stromal cells for psoriasis", "pages": "7-9"}),
)  # fmt: skip
def test_relatives_of_an_article_are_not_taken_for_it(expected, one, two):
    assert judged(one, two, placed=True) in VERDICTS[expected]


@parametrised(
    ("a year later", "different", {"year": 2018, "volume": "132", "pages": "511"},
     {"year": 2019, "volume": "134", "pages": "812"}),
    ("a year later on the same page", "kept apart", {"year": 2018, "volume": "132", "issue": "Suppl 1", "pages": "511"},
     {"year": 2019, "volume": "134", "issue": "Suppl 1", "pages": "511"}),
    ("a year later, no page", "kept apart", {"year": 2018, "volume": "132"}, {"year": 2019, "volume": "134"}),
    ("years of follow-up", "kept apart", {"title": "Three-year follow-up of cells in lupus nephritis", "year": 2018},
     {"title": "Five-year follow-up of cells in lupus nephritis", "year": 2020}),
    ("annual report", "kept apart", {"title": "Annual report of the fictional registry 2018", "year": 2019},
     {"title": "Annual report of the fictional registry 2019", "year": 2020}),
    ("annual report without its year", "kept apart", {"title": "Annual report of the fictional registry", "year": 2019},
     {"title": "Annual report of the fictional registry", "year": 2020}),
    ("editions", "kept apart", {"title": "Guideline on cell therapy, 2nd edition", "journal": ""},
     {"title": "Guideline on cell therapy, 3rd edition", "journal": ""}),
    ("parts", "kept apart", {"title": "Stromal cells in lupus. Part I: mechanisms"},
     {"title": "Stromal cells in lupus. Part II: mechanisms"}),
    ("phases", "kept apart", {"title": "Stromal cells for lupus: a phase I trial"},
     {"title": "Stromal cells for lupus: a phase II trial"}),
    ("types", "kept apart", {"title": "Cells for type 1 diabetes mellitus"},
     {"title": "Cells for type 2 diabetes mellitus"}),
    ("letters", "kept apart", {"title": "Stromal cells in lupus nephritis, case A"},
     {"title": "Stromal cells in lupus nephritis, case B"}),
    ("vitamins", "kept apart", {"title": "Stromal cells and vitamin C in lupus nephritis"},
     {"title": "Stromal cells and vitamin D in lupus nephritis"}),
    ("a denial", "kept apart", {"title": "Stromal cells are effective in refractory lupus nephritis"},
     {"title": "Stromal cells are not effective in refractory lupus nephritis"}),
    ("with and without", "kept apart", {"title": "Stromal cells with steroids for refractory lupus nephritis"},
     {"title": "Stromal cells without steroids for refractory lupus nephritis"}),
    ("one word of many", "kept apart", {"title": TITLE.replace("nephritis", "nephritis in women with proteinuria")},
     {"title": TITLE.replace("nephritis", "nephritis in men with proteinuria")}),
    ("animals", "kept apart", {"title": "Stromal cells attenuate renal fibrosis in rats"},
     {"title": "Stromal cells attenuate renal fibrosis in mice"}),
    ("report and article", "kept apart", {"journal": "Machine Fiction", "volume": "2", "pages": "343-370"},
     {"journal": "Technical Report 88-12, Fictional University", "type": "report", "year": 2019}),
    ("registry entries", "different",
     {"type": "report", "accession": "NCT00000001", "registry_ids": ("NCT00000001",), "journal": ""},
     {"type": "report", "accession": "NCT00000002", "registry_ids": ("NCT00000002",), "journal": ""}),
    ("Chinese and English namesakes", "different", {"title": "间充质干细胞的研究", "authors": CHINESE},
     {"title": "Kidney stones in adults", "authors": names("Wang, Wei", "Li, Na")}),
)  # fmt: skip
def test_series_and_opposites_are_not_merged_for_want_of_a_place(expected, one, two):
    assert judged(one, two, placed=False) in VERDICTS[expected]


def test_a_prefix_that_only_looks_like_a_denial_is_a_spelling():
    one = {"title": "Non-invasive imaging of stromal cells in the kidney"}
    assert judged(one, {"title": one["title"].replace("Non-invasive", "Noninvasive")}, placed=False) == "same"


WELCOME = "In this issue " + "we welcome cells " * 9
EDITORIAL: Fields = {"title": "Editorial", "authors": names("Chief, E")}


@parametrised(
    ("copies", "same", {"volume": "3", "issue": "1", "pages": "1-2"},
     {"volume": "3", "issue": "1", "pages": "1-2", "title": "EDITORIAL."}),
    ("other issues, same pages", "kept apart", {"volume": "3", "issue": "1", "pages": "1-2"},
     {"volume": "3", "issue": "2", "pages": "1-2"}),
    ("other pages", "kept apart", {"volume": "3", "issue": "1", "pages": "1-2"},
     {"volume": "3", "issue": "1", "pages": "77-78"}),
    ("no place", "kept apart", {}, {}),
    ("one text in one issue", "same", {"volume": "3", "issue": "1", "abstract": WELCOME},
     {"volume": "3", "issue": "1", "abstract": WELCOME}),
    ("one text in two issues", "kept apart", {"volume": "3", "issue": "1", "abstract": WELCOME},
     {"volume": "3", "issue": "2", "abstract": WELCOME}),
)  # fmt: skip
def test_editorials_are_told_apart_by_place_and_text_alone(expected, one, two):
    assert judged(EDITORIAL | one, EDITORIAL | two, placed=False) in VERDICTS[expected]


PAGE: Fields = {"journal": "", "urls": (URL,), "authors": names("Wang, D")}


@parametrised(
    ("one page", "same", PAGE, PAGE | {"urls": (URL.replace("https://www.", "http://") + "?utm_source=mail",)}),
    ("one page without authors", "same", PAGE | {"authors": ()}, PAGE | {"authors": ()}),
    ("a journal's front", "kept apart", PAGE | {"urls": ("https://example.org/",)}, PAGE | {"urls": ("example.org",)}),
    ("another title", "kept apart", PAGE, PAGE | {"title": "Kidney stones in adults"}),
    ("other authors", "kept apart", PAGE, PAGE | {"authors": names("Doe, M")}),
    ("other years", "kept apart", PAGE | {"year": 2015}, PAGE),
    ("one DOI, once as an address", "same", {"urls": ("https://doi.org/10.1000/q.1",)},
     {"doi": "10.1000/q.1", "title": TITLE.upper()}),
    ("two DOIs, one as an address", "kept apart", {"urls": ("https://doi.org/10.1000/q.1",)}, {"doi": "10.1000/q.2"}),
)  # fmt: skip
def test_the_address_of_a_page_identifies_what_else_says_the_same(expected, one, two):
    assert judged(one, two, placed=False) in VERDICTS[expected]


def test_a_page_that_bears_several_titles_identifies_none():
    assert judged(PAGE, PAGE, placed=False, url_titles=2) == "ask"


def test_the_same_text_twice_in_one_journal_is_always_asked_about():
    text = "We gave stromal cells to twelve adults with lupus nephritis and followed them for a year. " * 3
    one = {"abstract": text, "year": 2012, "volume": "12", "pages": "S90", "doi": "10.1000/a"}
    two = {"abstract": text, "year": 2016, "volume": "16", "pages": "S143", "doi": "10.1000/b"}
    assert judged(one, two, placed=False) == "ask"
    assert judged(one, two | {"journal": "Another Journal"}, placed=False) == "different"
    assert judged(one, two | {"title": f"Erratum: {TITLE}"}, placed=False) == "different"
