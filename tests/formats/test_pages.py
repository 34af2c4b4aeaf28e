from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata import formats
from stromata.errors import Unreadable
from stromata.formats import pages
from stromata.model import Problem, Record

PAGES = Path(__file__).parent / "pages"
NOT_THERE = object()


def page(name: str) -> tuple[Record, tuple[Problem, ...]]:
    records, problems = formats.read(PAGES / name)
    assert len(records) == 1
    return records[0], problems


def names(record: Record) -> list[str]:
    return [str(name) for name in record.authors]


# For each page: what its record must say, and the ends of its abstract. A field that is not named must be empty.
EXPECTED: dict[str, dict[str, object]] = {
    "aggregator_types.txt": {
        "title": "Umbilical cord stromal cells for hand stiffness in systemic sclerosis: a small randomised comparison",
        "abstract": ("Stiff hands limit", "can be given."),
        "language": "en",
        "type": "article-journal",
    },
    "cnki_like.txt": {
        "title": "人脐带间充质干细胞治疗轻中度斑块状银屑病的单臂试验",
        "authors": ["林晓东", "赵一鸣", "陈可心"],
        "abstract": ("目的 观察", "随机对照试验确认。"),
        "keywords": ("间充质干细胞", "银屑病", "脐带", "安全性"),
        "doi": "10.99999/j.cnki.fictional.2022.03.007",
        "journal": "虚构皮肤科杂志",
        "year": 2022,
        "volume": "36",
        "issue": "3",
        "language": "zh",
        "type": "article-journal",
    },
    "wanfang_like.txt": {
        "title": "脂肪来源基质细胞外泌体对特应性皮炎小鼠皮肤屏障的影响",
        "authors": ["孙雅琴", "何志强", "欧阳明"],
        "abstract": ("特应性皮炎的皮肤屏障", "机制仍待研究。"),
        "keywords": ("特应性皮炎", "外泌体", "脂肪来源基质细胞", "皮肤屏障"),
        "doi": "10.99999/fim.2021.05.012",
        "journal": "虚构免疫学杂志",
        "year": 2021,
        "volume": "37",
        "issue": "5",
        "pages": "412-418",
        "language": "zh",
        "type": "article-journal",
    },
    "pubmed_like.txt": {
        "title": "Stromal cells for chronic spontaneous urticaria: what eleven small studies can and cannot tell",
        "authors": ["Kowalska, Ana M", "Li, Bo", "van den Berg, Jean-Pierre"],
        "abstract": ("Background: Hives", "advice comes later."),
        "keywords": ("chronic spontaneous urticaria", "review", "stromal cells"),
        "doi": "10.99999/fdl.2021.0045",
        "pmid": "39999991",
        "pmcid": "PMC9999991",
        "journal": "Fictional Dermatol Lett",
        "year": 2021,
        "volume": "12",
        "issue": "3",
        "pages": "45-56",
        "language": "en",
        "type": "article-journal",
    },
    "landing_page.txt": {
        "title": "Bone marrow stromal cells in lupus nephritis that resists treatment: "
        "five-year follow-up of a single centre",
        "authors": ["Garcia, Maria Lopez", "Baker, Tom", "Tanaka, Yuki", "Petrova, Olga"],
        "abstract": ("Background: Lupus nephritis", "what the cells contributed."),
        "doi": "10.99999/s99999-020-0401-2",
        "journal": "Example Stem Cell Research",
        "year": 2020,
        "volume": "11",
        "pages": "401",
        "language": "en",
        "type": "article-journal",
    },
    "europepmc_like.txt": {
        "title": "Placental stromal cells given under the skin do not hasten hair regrowth in alopecia areata",
        "authors": ["Novak, P", "Andersson, K", "O'Brien, S"],
        "abstract": ("Alopecia areata takes", "by this route."),
        "doi": "10.99999/fjhr.2019.101",
        "pmid": "39999992",
        "journal": "Fictional Journal of Hair Research",
        "year": 2019,
        "volume": "8",
        "issue": "2",
        "pages": "101-109",
        "language": "en",
        "type": "article-journal",
    },
    "researchgate_like.txt": {
        "title": "Dental pulp stromal cells calm inflamed joints in rats with collagen arthritis",
        "authors": ["Sato, Hiroshi", "Carter, Emily"],
        "abstract": ("Collagen arthritis in rats", "may be needed."),
        "doi": "10.99999/far.2018.512",
        "journal": "Fictional Annals of Rheumatology",
        "year": 2018,
        "volume": "44",
        "issue": "6",
        "pages": "512-520",
        "language": "en",
        "type": "article-journal",
    },
    "aggregator_json.txt": {
        "title": "Adipose stromal cells in Sjögren's disease: tears, saliva and fatigue",
        "authors": ["Holm, Ida", "Lund, Per"],
        "abstract": ("Dry eyes and a dry mouth", "(P < 0.05 for nothing)."),
        "doi": "10.99999/frheum.2022.77",
        "journal": "Fictional Rheumatology",
        "year": 2022,
        "volume": "9",
        "pages": "77-81",
        "language": "en",
        "type": "article-journal",
    },
    "disclaimer_first.txt": {
        "title": "Do stromal cells lower the need for steroids in dermatomyositis? A scoping review",
        "abstract": ("Dermatomyositis weakens", "taper in advance."),
        "language": "en",
    },
    "no_abstract.txt": {
        "title": "Storage of stromal cells at room temperature: a reply to the editor",
        "authors": ["Okafor, Grace", "Murphy, Liam"],
        "doi": "10.99999/fjt.2017.9",
        "journal": "Fictional Journal of Transfusion",
        "year": 2017,
        "language": "en",
        "type": "article-journal",
    },
    "two_titles.txt": {
        "title": "Gingival stromal cells speed the closure of leg ulcers in an open comparison of two dressings",
        "authors": ["Haddad, Noor", "Weber, Carl", "Park, Mina"],
        "abstract": ("Leg ulcers close slowly.", "eleven times as much."),
        "keywords": ("leg ulcer", "gingiva", "dressing", "cost"),
        "journal": "Fictional Wound Journal",
        "year": 2016,
        "volume": "5",
        "issue": "4",
        "pages": "210-219",
        "language": "en",
        "type": "article-journal",
    },
    "bilingual_cn_portal.txt": {
        "title": "Freezing does not harm the release potency of umbilical stromal cells",
        "authors": ["Chen, Wei", "Zhao, Li", "Virtanen, Hanna"],
        "abstract": ("Cells that are shipped", "for frozen products."),
        "keywords": ("cryopreservation", "potency", "umbilical cord"),
        "doi": "10.99999/fact-2023-0011",
        "journal": "Fictional Archives of Cell Therapy",
        "publisher": "Invented Press GmbH",
        "language": "en",
        "type": "article-journal",
    },
    "chinese_journal_site.txt": {
        "title": "间充质干细胞外用治疗系统性硬化症指端溃疡的随机对照研究",
        "authors": ["马俊杰", "徐文静", "罗平"],
        "abstract": ("目的：评价", "对疼痛无明显影响。"),
        "keywords": ("系统性硬化症", "指端溃疡", "间充质干细胞", "凝胶"),
        "journal": "虚构临床杂志",
        "year": 2020,
        "volume": "18",
        "issue": "4",
        "language": "zh",
        "type": "article-journal",
    },
    "chinese_list_portal.txt": {
        "title": "脐带间充质干细胞治疗难治性系统性红斑狼疮的疗效观察",
        "authors": ["张伟", "李娜", "王小明"],
        "abstract": ("目的:探讨", "值得进一步研究。"),
        "keywords": ("脐带", "间充质干细胞", "系统性红斑狼疮"),
        "journal": "虚构风湿病学杂志",
        "year": 2018,
        "issue": "5",
        "pages": "301-304",
        "language": "zh",
        "type": "article-journal",
    },
    "network_of_papers.txt": {
        "title": "Exosomes from stromal cells in experimental uveitis: a dose study in mice",
        "authors": ["Wei, Li", "Doe, Jane"],
        "abstract": ("Uveitis threatens sight.", "lasted four weeks."),
        "doi": "10.99999/abc.2020.1",
        "journal": "Fictional Ophthalmology",
        "year": 2020,
        "language": "en",
        "type": "article-journal",
    },
    "highwire.html": {
        "title": "Cells for stiff skin: a dose-finding trial in morphea & scleroderma",
        "authors": ["Ruiz, Elena", "Tanaka, Hiro"],
        "abstract": ("Three doses of stromal cells", "to a controlled trial."),
        "keywords": ("morphea", "dose", "stromal cells"),
        "doi": "10.99999/fst.2023.88",
        "pmid": "39999993",
        "journal": "Fictional Skin Trials",
        "publisher": "Invented Press",
        "year": 2023,
        "volume": "7",
        "issue": "2",
        "pages": "88-97",
        "language": "en",
        "type": "article-journal",
    },
    "dublin_core.html": {
        "title": "间充质干细胞治疗天疱疮的病例系列",
        "authors": ["周立", "吴敏"],
        "abstract": ("本文为虚构的病例系列", "严重不良事件。"),
        "keywords": ("天疱疮", "病例系列"),
        "doi": "10.99999/fcd.2019.5",
        "journal": "虚构皮肤病杂志",
        "year": 2019,
        "volume": "3",
        "issue": "4",
        "pages": "21-25",
        "language": "zh",
        "type": "article-journal",
    },
    "json_ld.html": {
        "title": "Wharton's jelly cells and the itch of lichen planus",
        "authors": ["Rossi, Sofia", "de Vries, Jan", "Itch Group"],
        "abstract": ("Itch fell by half", "fifteen adults."),
        "keywords": ("itch", "lichen planus"),
        "doi": "10.99999/fiq.300",
        "journal": "Fictional Itch Quarterly",
        "publisher": "Invented Press",
        "year": 2021,
        "volume": "15",
        "issue": "6",
        "pages": "300-309",
        "language": "en",
        "type": "article-journal",
    },
    "plain_markup.html": {
        "title": "Fat-derived stromal cells for scars of discoid lupus: results of a thesis",
        "authors": ["Hassan, Amira", "Berg, Jonas"],
        "abstract": ("Scars of discoid lupus", "and colour is not."),
        "doi": "10.99999/thesis.12",
        "language": "en",
    },
}
COMPARED = ("title", "keywords", "doi", "pmid", "pmcid", "journal", "publisher", "year", "volume", "issue", "pages",
            "language", "type")  # fmt: skip


def test_every_page_has_its_expectation() -> None:
    assert {path.name for path in PAGES.iterdir()} == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_page_gives_what_it_says_and_nothing_else(name: str) -> None:
    record, _ = page(name)
    expected = EXPECTED[name]
    empty: dict[str, object] = {"keywords": (), "year": None}
    for entry in COMPARED:
        assert getattr(record, entry) == expected.get(entry, empty.get(entry, "")), entry
    assert names(record) == expected.get("authors", [])
    first, last = expected.get("abstract", ("", ""))  # type: ignore[misc]
    assert record.abstract.startswith(first)
    assert record.abstract.endswith(last)
    assert bool(record.abstract) == bool(first)


def test_a_translation_by_a_program_is_marked_as_such() -> None:
    record, _ = page("aggregator_json.txt")
    (translation,) = record.translations
    assert translation.language == "zh"
    assert translation.machine
    assert translation.title == "脂肪间质细胞治疗干燥病：泪液、唾液与疲劳"
    assert translation.abstract.startswith("眼干和口干")
    assert "机器翻译" not in translation.abstract
    assert "<" not in record.abstract.replace("P < 0.05", "")


@pytest.mark.parametrize("name", ["chinese_journal_site.txt", "dublin_core.html"])
def test_a_translation_by_people_is_not_marked(name: str) -> None:
    record, _ = page(name)
    (translation,) = record.translations
    assert (translation.language, translation.machine) == ("en", False)
    assert translation.title
    assert translation.abstract


def test_a_title_in_a_second_language_alone_is_a_translation() -> None:
    record, _ = page("wanfang_like.txt")
    assert record.translations[0].title.startswith("Effect of exosomes")
    assert record.translations[0].abstract == ""


def test_dates_are_as_precise_as_the_page_gives_them() -> None:
    assert page("aggregator_json.txt")[0].date == "2022-11-15"
    assert page("researchgate_like.txt")[0].date == "2018-06"
    assert page("two_titles.txt")[0].date == "2016"
    assert page("chinese_journal_site.txt")[0].date == "2020-04-20"


def test_a_second_candidate_for_the_title_is_named() -> None:
    _, problems = page("two_titles.txt")
    (rival,) = [problem for problem in problems if problem.code == "page-two-titles"]
    assert "Special collection" in rival.text


def test_a_page_without_an_abstract_says_so_and_keeps_it_empty() -> None:
    record, problems = page("no_abstract.txt")
    assert record.abstract == ""
    assert "page-no-abstract" in {problem.code for problem in problems}


@pytest.mark.parametrize("name", sorted(name for name in EXPECTED if name.endswith(".txt")))
def test_every_line_is_in_the_record_or_named_as_left_out(name: str) -> None:
    record, problems = page(name)
    left = next((problem.text for problem in problems if problem.code == "page-left-out"), "lines .")
    numbers: set[int] = set()
    for part in left.rpartition("lines ")[2].rstrip(".").split(", "):
        first, _, last = part.partition("-")
        if first:
            numbers |= set(range(int(first), int(last or first) + 1))
    lines = (PAGES / name).read_text(encoding="utf-8").splitlines()
    assert numbers <= set(range(1, len(lines) + 1))
    kept = " ".join(str(getattr(record, entry)) for entry in record.__slots__)
    for number, line in enumerate(lines, start=1):
        if record.title in line or (len(line) > 150 and record.abstract.startswith(line[:40])):
            assert number not in numbers
            assert line[:30].strip() in kept or "{" in line


def test_data_that_are_cut_off_are_used_as_far_as_they_go() -> None:
    text = (PAGES / "aggregator_json.txt").read_text(encoding="utf-8")
    cut = text[: text.index(" Tears rose in two of them, saliva in one, and fatigue in none. <i>")]
    records, problems = formats.read_bytes(cut.encode())
    assert records[0].doi == "10.99999/frheum.2022.77"
    assert names(records[0]) == ["Holm, Ida", "Lund, Per"]
    assert "page-data-cut" in {problem.code for problem in problems}


def test_a_page_in_gb18030_is_read_as_one_in_utf_8() -> None:
    text = (PAGES / "cnki_like.txt").read_text(encoding="utf-8").replace("©", "")
    reading = formats.scan_bytes(text.encode("gb18030"))
    (record,) = [item for item in reading if isinstance(item, Record)]
    assert reading.encoding == "gb18030"
    assert record.title == EXPECTED["cnki_like.txt"]["title"]


def test_an_encoding_that_html_declares_is_honoured() -> None:
    text = (PAGES / "dublin_core.html").read_text(encoding="utf-8").replace("charset=utf-8", "charset=gb2312")
    reading = formats.scan_bytes(text.encode("gb18030"))
    assert (reading.format, reading.encoding) == ("web-page", "gb18030")
    (record,) = [item for item in reading if isinstance(item, Record)]
    assert record.title == EXPECTED["dublin_core.html"]["title"]


def test_html_resolves_no_entity_of_its_own(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("do not read me")
    text = f"""<!DOCTYPE html [<!ENTITY x SYSTEM "file://{secret}">]><html><head>
    <meta name="citation_title" content="A title with an entity of its own &x; inside"></head>
    <body><p>&x;</p></body></html>"""
    try:
        records, problems = formats.read_bytes(text.encode())
    except Unreadable:
        return
    assert "do not read me" not in repr((records, problems))


@pytest.mark.parametrize(
    "text",
    [
        "hello world\n",
        "Cookies\nLog in\nSign up\n",
        "Lorem ipsum\n\ndolor sit amet\n",
        "<html><body></body></html>",
    ],
)
def test_what_holds_no_article_is_said_to_hold_none(text: str) -> None:
    try:
        records, problems = formats.read_bytes(text.encode())
    except Unreadable:
        return
    assert not records
    assert problems


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400))
def test_any_text_gives_records_problems_or_a_plain_refusal(text: str) -> None:
    for data in (
        text,
        f"<html><head><meta name='citation_title' content='{text}'></head>{text}</html>",
        '{"title":' + text,
    ):
        try:
            formats.read_bytes(data.encode("utf-8", "surrogatepass"))
        except Unreadable:
            continue


WHOLE = (PAGES / "highwire.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (WHOLE[: WHOLE.lower().rindex("</html")], "no </html>"),
        (WHOLE[: WHOLE.lower().rindex("</html")] + "<p class='x", "inside a tag"),
        (WHOLE[: WHOLE.lower().rindex("</html")] + "<script>if (a < b) {", "inside a script"),
        (WHOLE[: WHOLE.lower().rindex("</html")] + "<!-- so", "inside a tag"),
        (WHOLE[: WHOLE.lower().rindex("</html")] + "<!-- <p> so", "inside a comment"),
    ],
)
def test_a_page_that_is_cut_off_is_read_and_told(text: str, said: str) -> None:
    (record,), problems = formats.read_bytes(text.encode())
    assert record.title
    (told,) = [problem for problem in problems if problem.code == "page-cut"]
    assert said in told.text


@pytest.mark.parametrize("name", sorted(path.name for path in PAGES.glob("*.html")))
def test_a_whole_page_is_not_taken_for_cut(name: str) -> None:
    assert "page-cut" not in [problem.code for problem in page(name)[1]]


def test_a_page_without_its_frame_is_not_taken_for_cut() -> None:
    text = "<head><meta name='citation_title' content='Cells'><meta name='citation_doi' content='10.99999/1'><p>a < b"
    assert "page-cut" not in [problem.code for problem in formats.read_bytes(text.encode())[1]]


@pytest.mark.parametrize("kind", ["html", "text"])
def test_a_page_too_long_to_be_held_is_refused_with_what_to_do(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    body = "The trial of cells in the skin of patients showed that it healed in most of them.\n" * 30
    head = "Trial of stromal cells in the skin of patients with wounds\nAna Garcia, Bo Li\nAbstract\n"
    text = head + body
    if kind == "html":
        text = f'<html><head><meta name="citation_title" content="Trial of cells in skin"></head>{body}</html>'
    assert len(formats.read_bytes(text.encode())[0]) == 1
    for name in ("_LONGEST_TEXT", "_LONGEST_HTML"):
        monkeypatch.setattr(f"stromata.formats.pages.{name}", 2000)
    with pytest.raises(Unreadable, match=r"more than 2,000 characters") as caught:
        formats.read_bytes(text.encode())
    assert "RIS" in (caught.value.hint or "")


def test_lines_left_out_are_named_in_runs_and_beyond_some_hundred_counted() -> None:
    assert pages._ranges([3, 4, 5, 9]) == "3-5, 9"
    said = pages._ranges(list(range(1, 100_000, 2)))
    assert said.startswith("1, 3, 5, ")
    assert said.endswith(", 997, 999 and 49500 more")


def test_data_are_blotted_out_at_their_places() -> None:
    text = "ab\ncd efgh"
    assert pages._without(text, [(6, 8), (1, 4), (3, 5)]) == "a \n   " + " " * 2 + "gh"
    assert pages._without(text, []) == text
