import pytest

from reporting.builders import REFERENCES
from stromata.model import Name, Record, Translation
from stromata.reporting import vancouver
from stromata.reporting.citations import address, author, doi_url, initials, pages, safe_url


def record(**fields):
    return Record(source="0" * 64, number=1, line=1, end_line=1, **fields)


def test_a_journal_article_is_written_in_vancouver_style():
    assert vancouver(REFERENCES[0].merged) == (
        "Abel AM, Brown JR, Northern Registry Group. Stromal cells for plaque psoriasis: a fictional single-arm trial. "
        "J Imag Dermatol. 2016 Mar 9;12(3):284-7. doi: 10.5555/abel.2016. PMID: 11111111."
    )


def test_a_chinese_article_keeps_its_title_and_marks_a_machine_translation():
    assert vancouver(REFERENCES[1].merged) == (
        "王小明, 李华. 间充质干细胞治疗系统性红斑狼疮的虚构研究 "
        "[Mesenchymal stromal cells in lupus: a fictional study (machine translation)]. "
        "虚构医学杂志. 2020;7:12-9. [Article in Chinese]. Available from: https://example.org/zh/2020"
    )


def test_six_authors_are_listed_before_et_al():
    assert vancouver(REFERENCES[2].merged).startswith(
        "AuthorA A, AuthorB B, AuthorC C, AuthorD D, AuthorE E, AuthorF F, et al. "
    )
    assert vancouver(REFERENCES[2].merged, most_authors=8).count("et al") == 0


def test_an_empty_record_gives_an_empty_reference_and_invents_nothing():
    assert vancouver(record()) == ""
    assert vancouver(record(year=2001)) == "2001."


def test_web_pages_and_titles_that_ask_keep_their_form():
    shown = vancouver(record(type="webpage", title="Do cells help?", urls=("https://example.org/",)))
    assert shown == "Do cells help? [Internet]. Available from: https://example.org/"
    assert vancouver(record(title="Do cells help?", year=2000)) == "Do cells help? 2000."
    assert vancouver(record(title="A chapter", publisher="Press.", year=2000)) == "A chapter. Press; 2000."


def test_an_english_translation_of_an_english_title_is_not_repeated():
    both = record(title="Same", language="en", translations=(Translation("en", "Same"),))
    assert vancouver(both) == "Same."


@pytest.mark.parametrize(
    ("given", "short"),
    [("Anna Maria", "AM"), ("J. R. R.", "JR"), ("JR", "JR"), ("Li-Ming", "LM"), ("Émile", "É"), ("", "")],
)
def test_initials_are_at_most_two_without_stops(given, short):
    assert initials(given) == short


def test_names_of_every_kind_are_written():
    assert author(Name("van Dijk", "Piet", "Jr.")) == "van Dijk P Jr"
    assert author(Name("欧阳", "修")) == "欧阳修"
    assert author(Name(literal="WHO Group")) == "WHO Group"


@pytest.mark.parametrize(
    ("given", "short"),
    [
        ("284-287", "284-7"),
        ("100–119", "100-19"),
        ("99-104", "99-104"),
        ("S12-S19", "S12-9"),
        ("e123", "e123"),
        ("5-5", "5"),
        ("12, 15", "12, 15"),
    ],
)
def test_pages_are_shortened_only_where_nothing_is_lost(given, short):
    assert pages(given) == short


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html;base64,x",
        "http:///nohost",
        "//example.org",
        "https://exa mple.org",
        "java\nscript:alert(1)",
        "https:\\\\example.org",
        "file:///etc/passwd",
        "http://[::1",
        "",
    ],
)
def test_only_web_addresses_may_become_links(text):
    assert safe_url(text) == ""


def test_web_addresses_are_kept_as_they_are():
    assert safe_url(" https://example.org/a?b=1&c=2#d ") == "https://example.org/a?b=1&c=2#d"


def test_the_best_address_is_the_doi_then_pubmed_then_the_first_safe_one():
    assert address(record(doi="10.5555/x", pmid="1")) == "https://doi.org/10.5555/x"
    assert address(record(pmid="12")) == "https://pubmed.ncbi.nlm.nih.gov/12/"
    assert address(record(urls=("javascript:alert(1)", "https://example.org"))) == "https://example.org"
    assert address(record()) == ""
    assert doi_url('10.5555/a"<b>') == "https://doi.org/10.5555/a%22%3Cb%3E"
    assert doi_url("NCT01234567") == ""
