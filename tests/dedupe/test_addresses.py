"""Addresses: which are identifiers, which name one page, and which say nothing."""

import pytest

from dedupe.records import record
from stromata.dedupe import normal
from stromata.dedupe.addresses import Told, told


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://doi.org/10.1000/ABC.1", Told(doi="10.1000/abc.1")),
        ("http://dx.doi.org/10.1000%2Fabc.1", Told(doi="10.1000/abc.1")),
        ("https://pubmed.ncbi.nlm.nih.gov/12345/", Told(pmid="12345")),
        ("http://www.ncbi.nlm.nih.gov/pubmed/12345?dopt=Abstract", Told(pmid="12345")),
        ("https://europepmc.org/article/MED/12345", Told(pmid="12345")),
        ("https://www.ncbi.nlm.nih.gov/pmc/articles/PMC1234567/pdf/", Told(pmcid="pmc1234567")),
        ("https://pmc.ncbi.nlm.nih.gov/articles/PMC1234567", Told(pmcid="pmc1234567")),
        ("https://clinicaltrials.gov/ct2/show/NCT01234567?term=lupus", Told(registry_ids=("NCT01234567",))),
        ("https://www.isrctn.com/ISRCTN12345678", Told(registry_ids=("ISRCTN12345678",))),
    ],
)
def test_an_address_that_holds_an_identifier_is_that_identifier_and_no_page(url, expected):
    assert told((url,)) == expected


def test_an_identifier_in_a_parameter_is_found_and_the_page_counts_too():
    one = told(("https://www.example.org/record.uri?eid=2-s2.0-850&doi=10.1000%2fabc.1&partnerID=40&md5=a2",))
    assert (one.doi, one.page) == ("10.1000/abc.1", "example.org/record.uri?doi=10.1000/abc.1&eid=2-s2.0-850")


@pytest.mark.parametrize(
    "url",
    [
        "https://www.example.org/articles/stromal-cells/", "http://example.org/articles/stromal-cells",
        "HTTPS://Example.ORG/articles/Stromal-Cells/index.html", "www.example.org/articles/stromal-cells",
        "https://m.example.org/articles/stromal-cells;jsessionid=A1B2",
        "https://example.org/articles/stromal-cells?utm_source=mail&fbclid=1#abstract",
        "https://example.org/articles/stromal-cells?sessionid=9&via=list&lang=en",
    ],
)  # fmt: skip
def test_one_page_has_one_form_however_it_was_written(url):
    assert told((url,)).page == "example.org/articles/stromal-cells"


@pytest.mark.parametrize(
    "url",
    [
        "", "not an address", "johanna@example.org", "https://www.example.org", "https://www.example.org/home/",
        "https://www.example.org/journal/", "https://www.ncbi.nlm.nih.gov/pubmed/?term=lupus",
        "https://search.example.org/results?query=lupus+2020",
        "https://links.example.edu/?sid=X&genre=article&atitle=Stromal+cells&volume=12",
        "http://[broken/1", "internal-pdf://123/Ames.pdf", "file:///C:/papers/Ames-2020.pdf",
    ],
)  # fmt: skip
def test_fronts_searches_sessions_and_files_name_no_page(url):
    assert told((url,)) == Told()


def test_parameters_that_choose_the_page_stay():
    pages = {told((f"https://example.org/view.php?id={number}",)).page for number in (1, 2)}
    assert pages == {"example.org/view.php?id=1", "example.org/view.php?id=2"}


def test_of_several_pages_the_most_special_one_counts_whatever_their_order():
    urls = ("https://example.org/list/7", "https://example.org/articles/7/full", "https://example.org/a/7/a-paper.pdf")
    assert told(urls).page == told(urls[::-1]).page == "example.org/articles/7/full"


def test_what_a_record_says_itself_goes_before_what_its_addresses_say():
    def forms(**fields: object) -> dict[str, object]:
        return next(normal.prepare([("a", record(1, **fields))])).to_pylist()[0]

    urls = ("https://doi.org/10.1000/linked", "https://pubmed.ncbi.nlm.nih.gov/77", "https://example.org/a/1")
    linked = forms(urls=urls)
    assert (linked["doi"], linked["pmid"], linked["url"]) == ("10.1000/linked", "77", "example.org/a/1")
    stated = forms(urls=urls, doi="10.1000/own", pmid="88")
    assert (stated["doi"], stated["doi_stem"], stated["pmid"]) == ("10.1000/own", "10.1000/own", "88")
