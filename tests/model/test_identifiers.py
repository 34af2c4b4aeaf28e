from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.model.identifiers import (
    find_dois,
    find_isbns,
    find_issns,
    find_registry_ids,
    normal_doi,
    normal_pmcid,
    normal_pmid,
    registry_of,
)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("10.1234/ABC.def", "10.1234/abc.def"),
        ("https://doi.org/10.1234/abc", "10.1234/abc"),
        ("http://dx.doi.org/10.1234/abc%2Fdef", "10.1234/abc/def"),
        ("doi:10.1234/abc.", "10.1234/abc"),
        ("DOI  :  10.1234/abc-2022-0028", "10.1234/abc-2022-0028"),
        ("(see 10.1234/abc).", "10.1234/abc"),
        ("10.1016/S0140-6736(05)67889-0", "10.1016/s0140-6736(05)67889-0"),
        (
            "<10.1002/(SICI)1097-4571(199806)49:8<693::AID-ASI4>3.0.CO;2-O>",
            "10.1002/(sici)1097-4571(199806)49:8<693::aid-asi4>3.0.co;2-o",
        ),
        ("https://example.org/doi/full/10.1234/abc/pdf?x=1", "10.1234/abc"),
        ("https://www.frontiersin.org/articles/10.3389/fx.2020.00001/full", "10.3389/fx.2020.00001"),
        ("10.1234/abc,10.1234/def", "10.1234/abc"),
        ("10.1234/论文", ""),
        ("DOI：10.1234/cma.j.cn123（中文）", "10.1234/cma.j.cn123"),
        ("https://doi.org/10.1234%2Fabc", "10.1234/abc"),
        ("version 10.15/2 of it", ""),
        ("", ""),
        ("10.1234/", ""),
    ],
)
def test_a_doi_has_one_form(written: str, normal: str) -> None:
    assert normal_doi(written) == normal


def test_all_dois_of_a_text_are_found_once_in_order() -> None:
    text = "First 10.5555/b, then https://doi.org/10.5555/a. Again doi:10.5555/B!"
    assert find_dois(text) == ("10.5555/b", "10.5555/a")


@given(st.text(max_size=200))
def test_normal_forms_do_not_change_when_normalised_again(text: str) -> None:
    for doi in find_dois(text + " 10.1234/x" + text):
        assert normal_doi(doi) == doi


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("12345", "12345"),
        (" 00012345 ", "12345"),
        ("PMID: 12345", "12345"),
        ("PUBMED 21314913", "21314913"),
        ("https://pubmed.ncbi.nlm.nih.gov/12345/", "12345"),
        ("http://www.ncbi.nlm.nih.gov/pubmed/12345", "12345"),
        ("123456789", ""),
        ("CN-00778158", ""),
        ("", ""),
    ],
)
def test_a_pubmed_number_has_one_form(written: str, normal: str) -> None:
    assert normal_pmid(written) == normal


@pytest.mark.parametrize(
    ("written", "normal"),
    [("PMC0012345", "PMC12345"), ("PMCID: pmc7654321", "PMC7654321"), ("XPMC1234", ""), ("PMC", "")],
)
def test_a_pmc_number_has_one_form(written: str, normal: str) -> None:
    assert normal_pmcid(written) == normal


def test_issn_and_isbn_are_told_apart_by_their_length() -> None:
    assert find_issns("03064530 (ISSN); 1932-620x (electronic)") == ("0306-4530", "1932-620X")
    assert find_isbns("978-3-642-32156-6 and 0727912771 (paperback)") == ("9783642321566", "0727912771")
    assert find_issns("978-3-642-32156-6") == ()
    assert find_isbns("0306-4530") == ()


@pytest.mark.parametrize(
    ("text", "normal", "registry"),
    [
        ("nct01234567", "NCT01234567", "ClinicalTrials.gov"),
        ("NCT 01234567", "NCT01234567", "ClinicalTrials.gov"),
        ("ISRCTN 12345678", "ISRCTN12345678", "ISRCTN"),
        ("chictr2000012345", "ChiCTR2000012345", "ChiCTR"),
        ("ChiCTR-TRC-10001234", "ChiCTR-TRC-10001234", "ChiCTR"),
        ("EudraCT number 2015-001234-12", "EUCTR2015-001234-12", "EudraCT"),
        ("EU CT 2022-501234-12-00", "CTIS2022-501234-12-00", "EU CTIS"),
        ("ACTRN12612000123456", "ACTRN12612000123456", "ANZCTR"),
        ("CTRI/2019/05/012345", "CTRI/2019/05/012345", "CTRI"),
        ("JRCT2033200012", "jRCT2033200012", "jRCT"),
        ("jRCTs031180123", "jRCTs031180123", "jRCT"),
        ("UMIN 000012345", "UMIN000012345", "UMIN"),
        ("JapicCTI-123456", "JapicCTI-123456", "JapicCTI"),
        ("IRCT20130812014333N145", "IRCT20130812014333N145", "IRCT"),
        ("KCT0001234", "KCT0001234", "CRIS"),
        ("DRKS00012345", "DRKS00012345", "DRKS"),
        ("NTR1234", "NTR1234", "NTR"),
        ("PACTR202001123456789", "PACTR202001123456789", "PACTR"),
        ("RBR-6tqfgq", "RBR-6tqfgq", "ReBEC"),
        ("TCTR20200101001", "TCTR20200101001", "TCTR"),
        ("SLCTR/2015/012", "SLCTR/2015/012", "SLCTR"),
        ("RPCEC00000123", "RPCEC00000123", "RPCEC"),
        ("PER-012-15", "PER-012-15", "REPEC"),
        ("PROSPERO (CRD42020123456)", "CRD42020123456", "PROSPERO"),
    ],
)
def test_registrations_are_found_in_one_form(text: str, normal: str, registry: str) -> None:
    assert find_registry_ids(f"It was registered ({text}).") == (normal,)
    assert registry_of(normal) == registry


@pytest.mark.parametrize(
    "text", ["NCT0123456", "NCT012345678", "an RCT of 2010-2012", "FUNCT12345678", "contract 12", ""]
)
def test_what_only_looks_like_a_registration_is_left_alone(text: str) -> None:
    assert find_registry_ids(text) == ()


def test_registrations_come_in_the_order_of_mention_each_once() -> None:
    assert find_registry_ids("KCT0001234, NCT01234567; nct01234567") == ("KCT0001234", "NCT01234567")


def test_an_encoded_control_character_ends_a_doi():
    assert normal_doi("10.1000/a%C2%9B31m%1Bb") == "10.1000/a"
    assert normal_doi("10.1000/a%20b") == "10.1000/a"
    assert normal_doi("10.1000/a%E2%80%AEb") == "10.1000/a"
