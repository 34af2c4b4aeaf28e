"""The page of a check: whole, quiet on the network, and deaf to what a record says."""

import re

import pytest
from lxml import html as parser

from stromata.model.standards import Authority
from stromata.standards import certificate, check, derive, record_of, standard
from stromata.standards.certificate import address

CELLS = standard("cell-therapy")
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'{{7*7}}"


def page(stated, *, base=CELLS, subject="batch", name="B1"):
    record, _ = record_of(stated.items(), subject=subject, id=name)
    found = check(record, base)
    return found, certificate(found, checked_on="2025-01-02", version="0", checked_by="A. Person")


def words(text):
    return " ".join(parser.fromstring(text).text_content().split())


def test_every_criterion_stands_on_the_page_with_status_and_limit():
    found, text = page({"cd73_pct": 90, "cd90_pct": 99, "endotoxin": "0.1 ng/mL", "sterility": "pending"})
    said = words(text)
    for one in found.results:
        assert one.criterion in said
    row, unusable = parser.fromstring(text).xpath("//tr[@class='not-met']")
    cells = [" ".join(cell.text_content().split()) for cell in row]
    assert cells[0] == "ID-01 must"
    assert cells[2:5] == ["90 %", "≥ 95 %", "✗ not met"]
    assert "10.1080/14653240600855905" in text
    assert "1 must-criterion is not met" in said
    assert "0.1 ng/mL" in " ".join(unusable.text_content().split())
    assert "pending" in said


def test_what_is_stated_and_unsourced_is_not_said_to_be_not_applicable():
    _, text = page({"bedside_identity_check": "yes"}, subject="infusion")
    (row,) = parser.fromstring(text).xpath("//tr[@class='not-applicable']")
    cells = [" ".join(cell.text_content().split()) for cell in row]
    assert (cells[0], cells[2], cells[4]) == ("IN-20 must", "yes", "○ unsourced")
    heads = parser.fromstring(text).xpath("//table[@class='counts']//tr[1]")[0]
    assert [" ".join(cell.text_content().split()) for cell in heads][4:] == ["○ unsourced", "– not applicable"]


def test_the_page_says_what_it_is_and_when():
    _, text = page({"cd73_pct": 97})
    said = words(text)
    assert "no certification" in said
    assert "2025-01-02 by A. Person" in said
    assert "cell-therapy, version 1.0" in said
    assert "not reported: whether they are met is not known" in said


def test_equal_checks_give_equal_pages():
    assert page({"cd73_pct": 97})[1] == page({"cd73_pct": 97})[1]


def test_hostile_text_stays_text():
    stated = {"gmp_certificate": HOSTILE, "karyotype": HOSTILE, "donor_hbv": HOSTILE, HOSTILE: 1}
    change = {"override": "SA-01", "value": 70, "reason": HOSTILE, "statement": HOSTILE}
    own = derive(CELLS, [change], id=HOSTILE, version=HOSTILE, title=HOSTILE)
    _, text = page(stated, base=own, name=HOSTILE)
    tree = parser.fromstring(text)
    assert tree.xpath("//script | //img | //@onerror | //iframe") == []
    assert "{{7*7}}" in words(text)
    assert HOSTILE in tree.text_content()


def test_the_page_asks_nothing_of_the_network():
    _, text = page({"cd73_pct": 97})
    tree = parser.fromstring(text)
    (policy,) = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none'")
    assert tree.xpath("//@src | //link | //@style") == []
    assert "url(" not in text
    assert "@import" not in text
    for target in tree.xpath("//a/@href"):
        assert re.match(r"https?://|#source-\d+$", target), target


def test_half_a_character_does_not_stop_the_file():
    _, text = page({"gmp_certificate": "half \ud800 of one"})
    assert text.encode()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (None, ""),
        (Authority("a", doi="10.1/a<b"), "https://doi.org/10.1/a%3Cb"),
        (Authority("a", url="https://example.org/x"), "https://example.org/x"),
        (Authority("a", url="javascript:alert(1)"), ""),
        (Authority("a", url="data:text/html,x"), ""),
        (Authority("a", url="https://[bad"), ""),
        (Authority("a", url="https://a b"), ""),
        (Authority("a", doi="javascript:1", url="x"), ""),
    ],
)
def test_only_web_addresses_become_links(source, expected):
    assert address(source) == expected
