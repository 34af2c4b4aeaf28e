"""What is merged, asked about, kept apart and linked: the hard cases of the field, one by one."""

import numpy as np
import pytest

from dedupe.records import record
from stromata.dedupe.compare import LEVELS, compare
from stromata.dedupe.decide import RULES, VERDICTS, Facts, decide, parameters_from, scores, shipped
from stromata.dedupe.evidence import paired
from stromata.model import Name

FULL = {"volume": "12", "issue": "3", "pages": "101-109", "abstract": "We gave stromal cells to twelve adults. " * 3}


def decided(one: dict[str, object], two: dict[str, object], **known: int) -> tuple[str, str, str]:
    """Return verdict, rule and relation of two records that differ in the given fields."""
    pairs = paired(record(1, **one), record(2, **two), **known)
    row = decide(compare(pairs)).to_pylist()[0]
    return VERDICTS[row["verdict"]], row["rule"], row["relation"]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({**FULL, "doi": "10.1000/a"}, {**FULL, "doi": "10.1000/a", "journal": "J Fict Cells"}),
        (FULL, {**FULL, "title": "STROMAL CELLS FOR PLAQUE PSORIASIS IN ADULTS. [Review] [12 refs]"}),
        ({}, {"volume": "12", "pages": "101-9"}),  # online first and in print
        ({"year": 2019}, {**FULL, "year": 2020}),
        (FULL, {**FULL, "authors": (Name(literal="Ames J.Bose K."),)}),
        (FULL, {**FULL, "title": "[Stromazellen bei Schuppenflechte von Erwachsenen]"}),  # translated title, same pages
        ({**FULL, "doi": "10.1000/right"}, {**FULL, "doi": "10.9999/typed.by.a.portal"}),
        ({"pmid": "77", "title": ""}, {"pmid": "77"}),
    ],
    ids=["doi", "capitals", "epub", "epub-year", "run-together", "translated", "wrong-doi", "pmid"],
)
def test_one_work_under_two_forms_is_merged(one, two):
    verdict, rule, _ = decided(one, two)
    if rule == "title":  # a title that is missing is asked about, whatever the identifier
        assert (one.get("title"), verdict) == ("", "ask")
    else:
        assert verdict == "same", rule


@pytest.mark.parametrize(
    ("one", "two", "verdict", "rule", "relation"),
    [
        (FULL, {**FULL, "title": "Erratum to: Stromal cells for plaque psoriasis in adults", "pages": "200"},
         "different", "marks", "erratum-of"),
        (FULL, {"title": "Retraction: Stromal cells for plaque psoriasis in adults", "volume": "13", "year": 2022},
         "different", "marks", "retraction-of"),
        (FULL, {"title": "Re: Stromal cells for plaque psoriasis in adults", "authors": (Name("Zorn", "X"),)},
         "different", "marks", "comment-on"),
        (FULL, {"title": "Stromal cells for plaque psoriasis in adults - authors' reply", "pages": "300"},
         "different", "marks", "reply-to"),
        (FULL, {"title": "Stromal cells for plaque psoriasis in adults: study protocol for a randomised trial",
                "year": 2018}, "different", "marks", "protocol-of"),
        ({**FULL, "doi": "10.1000/a"}, {"journal": "medRxiv", "doi": "10.1101/2019.01.01.123456", "year": 2019},
         "different", "kind", "preprint-of"),
        ({**FULL, "doi": "10.1002/1.cd01.pub2"}, {**FULL, "doi": "10.1002/1.cd01.pub3", "year": 2024},
         "ask", "version", "version-of"),
        ({"type": "report", "accession": "NCT1", "registry_ids": ("NCT1",)},
         {"type": "report", "accession": "NCT2", "registry_ids": ("NCT2",)}, "different", "entries", "companion-of"),
        (FULL, {"journal": "Blood. Conference: Congress", "volume": "9", "pages": "S33"},
         "different", "elsewhere", "companion-of"),
        ({**FULL, "pmid": "1"}, {"pmid": "2", "volume": "12"}, "different", "pmid", ""),
        ({"doi": "10.1000/a"}, {"doi": "10.1000/b"}, "ask", "doi", ""),
        ({"title": "Cells in lupus: part 1", "volume": "1"}, {"title": "Cells in lupus: part 2", "volume": "1"},
         "ask", "numbers", "part-of-series"),
        ({"journal": ""}, {"journal": ""}, "ask", "title-alone", ""),
        ({"year": 2012}, {"year": 2020}, "ask", "year", "update-of"),
    ],
)  # fmt: skip
def test_relatives_are_kept_apart_and_linked(one, two, verdict, rule, relation):
    assert decided(one, two) == (verdict, rule, relation)
    assert decided(two, one) == (verdict, rule, relation)


def test_a_general_title_identifies_nothing():
    editorial = {"title": "Editorial", "volume": "12"}
    assert decided({**editorial, "issue": "1"}, {**editorial, "issue": "2"})[:2] == ("different", "column")
    assert decided({"title": "Editorial"}, {"title": "Editorial"})[:2] == ("different", "unplaced")
    assert decided({**editorial, "pages": "1-2"}, {**editorial, "pages": "1-2"})[0] == "same"
    assert decided({"volume": "3", "issue": "1"}, {"volume": "3", "issue": "2"}, title_years=9)[1] == "column"


def test_a_meetings_doi_is_no_identity():
    shared = {"doi": "10.1000/supplement", "volume": "12"}
    one = {**shared, "title": "Cells against asthma in mice", "pages": "S1", "authors": (Name("Quill"), Name("Wei"))}
    two = {**shared, "title": "Cells against rejection of kidneys", "pages": "S9"}
    assert decided(one, two, doi_titles=30)[0] == "different"
    assert decided({**shared, "pages": "S1"}, {**shared, "pages": "S1"}, doi_titles=30)[0] == "same"
    assert decided({**shared, "pages": "S1"}, {**shared, "pages": "S9"}, doi_titles=30)[:2] == ("ask", "pages")


def test_the_same_doi_does_not_unite_two_places_of_publication():
    one = {"doi": "10.1000/a", "volume": "28", "pages": "41-48"}
    two = {"doi": "10.1000/a", "volume": "138", "pages": "S366", "journal": "Other Annals"}
    assert decided(one, two)[:2] == ("ask", "elsewhere")


def test_the_score_is_the_sum_of_the_weights():
    data = {
        "base": -1, "trained_on": [], "thresholds": {"same": 0, "ask": -1, "ask_ruled": -1},
        "weights": {"title": dict.fromkeys(LEVELS["title"][1:], 2), "year": dict.fromkeys(LEVELS["year"][1:], 4)},
        "together": [{"name": "both", "when": {"title": ["equal"], "year": ["equal", "one"]}, "weight": 8}],
    }  # fmt: skip
    levels = {field: np.zeros(3, dtype=np.int8) for field in LEVELS}
    levels["title"] = np.array([LEVELS["title"].index("equal"), 1, 0], dtype=np.int8)
    levels["year"] = np.array([LEVELS["year"].index("one"), 0, 0], dtype=np.int8)
    assert scores(levels, parameters_from(data)).tolist() == [13, 1, -1]


def test_shipped_weights_rise_with_agreement_and_name_their_data():
    parameters = shipped()
    assert set(parameters.weights) == set(LEVELS) - {"weight"}
    for field in ("authors", "year", "journal", "pages", "doi", "pmid", "registry", "abstract", "volume"):
        weights = parameters.weights[field][1:]
        assert list(weights) == sorted(weights), field
    assert "dblp_acm" not in parameters.trained_on
    assert parameters.ask < parameters.same


def test_facts_know_levels_by_name():
    facts = Facts({"year": np.array([0, 3, 4], dtype=np.int8)})
    assert facts.at("year", "one", "missing").tolist() == [True, True, False]
    assert facts.least("year", "one").tolist() == [False, True, True]
    with pytest.raises(ValueError, match="not in tuple"):
        facts.at("year", "never")


def test_rules_have_names_of_their_own():
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names))
