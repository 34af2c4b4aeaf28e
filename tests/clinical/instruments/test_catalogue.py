"""The data of the instruments: complete, consistent, sourced, and found by the names people use."""

import re
from importlib.resources import files

import pytest
import yaml

from stromata.clinical.instruments import criteria, criterion, instrument, instruments
from stromata.clinical.instruments.catalogue import FILES, name_key, words
from stromata.clinical.instruments.responses import RULES
from stromata.clinical.instruments.scores import _BESIDE, _FORMULAS
from stromata.clinical.terms import terms
from stromata.errors import NotFound

ALL = instruments()
every_instrument = pytest.mark.parametrize("item", ALL, ids=lambda item: item.id)


def document(name):
    return yaml.safe_load(files("stromata.clinical.instruments").joinpath(f"{name}.yaml").read_text(encoding="utf-8"))


COMPONENT_KEYS = {
    *(
        "id",
        "label",
        "low",
        "high",
        "step",
        "unit",
        "required",
        "weight",
        "at",
        "usual_high",
        "note",
        "source",
        "status",
    ),
    *("each", "also", "flag", "choices", "items_of", "area_of", "factor_of", "sum_of"),
}
INSTRUMENT_KEYS = {
    *(
        "id",
        "name",
        "aliases",
        "vague_names",
        "conditions",
        "kind",
        "direction",
        "unit",
        "range",
        "formula",
        "words",
        "components",
    ),
    *("derived", "bands", "criteria", "mcid", "notes", "missing", "grading", "status", "computes", "measures_change"),
}
CRITERION_KEYS = {
    *("id", "label", "percent_fall", "fall", "rise", "followup_low", "followup_high", "any_of", "rule", "text"),
    *("worsening", "source", "status", "note"),
}


@pytest.mark.parametrize("name", FILES)
def test_no_key_of_the_files_is_misspelt(name):
    for entry in document(name):
        assert set(entry) <= INSTRUMENT_KEYS, entry["id"]
        assert set(entry.get("range", {})) <= {"low", "high", "step", "usual_high", "note", "source", "status"}
        for part in entry["components"]:
            assert set(part) <= COMPONENT_KEYS, part["id"]
        for rule in entry.get("criteria", []):
            assert set(rule) <= CRITERION_KEYS, rule["id"]
        for scheme in entry.get("bands", []):
            assert set(scheme) <= {"scheme", "source", "note", "bands"}
            assert all(set(band) <= {"interval", "label", "printed", "text"} for band in scheme["bands"])
        for value in entry.get("mcid", []):
            assert set(value) <= {"value", "high", "unit", "scope", "source", "status", "note"}


def test_every_source_is_used_and_has_an_address():
    named = set(
        re.findall(
            r"source: ([a-z0-9_]+)",
            "".join(
                files("stromata.clinical.instruments").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
                for name in FILES
            ),
        )
    )
    sources = document("sources")
    assert set(sources) == named
    for entry in sources.values():
        assert entry["url"].startswith(("http://", "https://"))
        assert entry["level"] in {"primary", "secondary"}
        assert entry["title"]


def test_names_lead_to_one_instrument_each():
    seen = {}
    for item in ALL:
        for key in {"".join(words(name)) for name in (item.id, *item.aliases)}:
            assert seen.setdefault(key, item.id) == item.id
    assert len({item.id for item in ALL}) == len(ALL)


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("PASI", "pasi"), ("pasi", "pasi"), ("vIGA-AD", "viga-ad"), ("viga", "viga-ad"), ("SLEDAI-2K", "sledai-2k"),
        ("sledai2k", "sledai-2k"), ("SLEDAI 2K", "sledai-2k"), ("DAS28 CRP", "das28-crp"), ("ACR20/50/70", "acr"),
        ("sri-4", "sri"), ("ctcae V5", "ctcae"),
    ],
)  # fmt: skip
def test_an_instrument_is_found_by_its_usual_names(name, id_):
    assert instrument(name).id == id_


def test_an_unknown_instrument_gets_near_names():
    with pytest.raises(NotFound) as caught:
        instrument("PAZI")
    assert "PAZI" in caught.value.message
    assert "PASI" in caught.value.hint
    with pytest.raises(NotFound) as caught:
        instrument("qqq")
    assert "mRSS" in caught.value.hint  # nothing is near: all are listed


def test_a_criterion_is_found_by_its_id_and_unknown_ones_get_near_ids():
    assert criterion("pasi 75").id == "PASI75"
    assert criterion("UAS7-0").instrument == "uas7"
    with pytest.raises(NotFound) as caught:
        criterion("PASI74")
    assert "PASI75" in caught.value.hint


def test_criterion_ids_are_stable():
    """Protocols and harmonisation rules name them: an id may be added, never changed."""
    assert {one.id for one in criteria()} == {
        *("PASI50", "PASI75", "PASI90", "PASI100", "PGA01", "DLQI01", "EASI50", "EASI75", "EASI90", "SCORAD35"),
        "vIGA01",
        *("UAS7-0", "UAS7-6", "UCT-12", "UCT-3", "UCT-6", "SALT20", "SALT50", "SALT90", "MRSS-5", "SLEDAI-4"),
        *("SLEDAI-FLARE", "BILAG-STABLE", "SRI-4", "SRI-5", "LLDAS", "DORIS", "LN-complete-KDIGO-2024"),
        *("LN-partial-KDIGO-2024", "LN-complete-KDIGO-2012", "LN-partial-KDIGO-2012", "LN-complete-ACR"),
        "LN-partial-ACR",
        *("LN-complete-EULAR-2012", "LN-partial-EULAR-2012", "LN-complete-TRIAL-2015", "LN-complete-EULAR-2023"),
        *("EULAR-good", "EULAR-moderate", "EULAR-good-CRP", "EULAR-moderate-CRP", "ACR20", "ACR50", "ACR70"),
        *("CDAI50", "CDAI70", "CDAI85", "SDAI50", "SDAI70", "SDAI85", "RA-BOOLEAN", "ESSDAI-3", "ESSPRI-1"),
        *("TIS-minimal", "TIS-moderate", "TIS-major", "TIS-JDM-minimal", "TIS-JDM-moderate", "TIS-JDM-major"),
    }


@every_instrument
def test_every_number_is_sourced_or_marked(item):
    assert item.formula.source is not None
    for group in (item.components, item.criteria, item.mcid, item.bands):
        for part in group:
            assert (part.source is not None) != (getattr(part, "status", "sourced") == "unsourced"), part
    if item.status == "partial":
        assert item.missing


@every_instrument
def test_conditions_are_terms_of_the_vocabulary(item):
    assert set(item.conditions) <= {term.id for term in terms("diseases")} | {"any"}


@every_instrument
def test_names_of_components_do_not_clash(item):
    seen = {}
    for part in item.components:
        for name in (part.id, *part.aliases):
            assert seen.setdefault(name_key(name), part.id) == part.id, name


@every_instrument
def test_bands_follow_one_another_without_overlap(item):
    for scheme in item.bands:
        for lower, upper in zip(scheme.bands, scheme.bands[1:], strict=False):
            assert lower.high <= upper.low
            assert not (lower.holds(upper.low) and upper.holds(upper.low)), (scheme.scheme, lower, upper)
        for band in scheme.bands:
            if item.high is not None:
                assert band.high <= item.high


@every_instrument
def test_rules_and_formulas_exist(item):
    assert item.formula.name == "none" or item.formula.name in _FORMULAS
    assert all(extra.without or extra.id in _BESIDE for extra in item.derived)
    ids = {part.id for part in item.components}
    assert all(set(part.alternative.of) <= ids for part in item.components if part.alternative)
    assert all(set(extra.without) <= ids for extra in item.derived)
    for one in item.criteria:
        assert one.instrument == item.id
        assert one.rule.endswith(".")
        assert (one.kind == "composite") == (one.function in RULES)
        assert (one.kind == "thresholds") == bool(one.thresholds)


def test_every_rule_is_used():
    assert {one.function for one in criteria() if one.kind == "composite"} == set(RULES)


def test_values_are_frozen_and_read_once():
    assert instruments() is instruments()
    with pytest.raises(AttributeError):
        instrument("PASI").high = 100  # type: ignore[misc]
