"""The benchmark of suggestions counts as it says, and the evaluation texts are well formed."""

import hashlib
import json
import re
import sys
from collections import Counter
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

import stromata.extraction
from stromata.model import Suggestion, SuggestionRun

ROOT = Path(__file__).parents[2]
TEXTS = ROOT / "validation" / "suggestions"

UNITS = {
    "design": {""}, "disease": {""}, "n": {"patients", "animals"}, "arms": {""}, "tissue": {""}, "donor": {""},
    "product_class": {""}, "route": {""}, "administrations": {""}, "interval_days": {"days"},
    "followup_months": {"months"}, "adverse_events": {"", "serious"}, "deaths": {""}, "registry_id": {""},
    "dose": {
        "cells/kg", "cells", "cells/cm2", "cells/ml", "particles", "particles/kg", "ug", "ug/kg", "mg", "ml",
    },
    "responders": {
        "", "response", "complete response", "partial response", "remission", "relapse", "SRI-4",
        "PASI50", "PASI75", "EASI50", "EASI75", "ACR20", "ACR50",
    },
}  # fmt: skip
CHOICES = {
    "design": """rct nonrandomised-controlled single-arm cohort case-control cross-sectional case-series case-report
        animal-model in-vitro review""",
    "disease": """psoriasis psoriatic-arthritis atopic-dermatitis chronic-spontaneous-urticaria alopecia-areata vitiligo
        pemphigus epidermolysis-bullosa systemic-sclerosis systemic-lupus-erythematosus lupus-nephritis
        rheumatoid-arthritis primary-sjogren inflammatory-myopathy graft-versus-host-disease crohn-disease""",
    "tissue": """bone-marrow adipose umbilical-cord wharton-jelly cord-blood placenta amniotic-membrane amniotic-fluid
        dental-pulp gingiva tonsil menstrual-blood hair-follicle skin induced-pluripotent embryonic""",
    "donor": "autologous allogeneic xenogeneic",
    "product_class": "msc svf ev secretome conditioned-medium engineered hsct",
    "route": """intravenous intradermal subcutaneous intralesional intramuscular intra-articular intra-arterial
        intrathecal intraperitoneal topical inhaled intranasal oral microneedle""",
}
NUMBER = r"\d+(\.\d+)?(e\d+)?"
FORMS = {
    "n": r"\d+", "arms": r"\d+", "administrations": r"\d+", "interval_days": NUMBER,
    "followup_months": r"\d+(\.\d*[1-9])?(-\d+(\.\d*[1-9])?)?",
    "dose": rf"{NUMBER}(-{NUMBER})?", "responders": r"\d+/\d+", "adverse_events": r"\d+(/\d+)?",
    "deaths": r"\d+(/\d+)?",
    "registry_id": r"(NCT|ISRCTN|DRKS|UMIN|JPRN-|IRCT|KCT|ACTRN|ChiCTR|CTRI/|EudraCT )[A-Z\d/-]+",
}  # fmt: skip


def load() -> ModuleType:
    spec = spec_from_file_location("benchmark_suggest", ROOT / "benchmarks" / "suggest.py")
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


benchmark = load()

TOY = "Six of 12 patients with lupus nephritis had a response. 中文"


def fact(field: str, value: str, quote: str, unit: str = "", **more: object) -> dict[str, object]:
    start = TOY.index(quote)
    return {
        "field": field, "value": value, "unit": unit, "spans": [[start, start + len(quote)]], "optional": False, **more
    }  # fmt: skip


def said(field: str, value: str, quote: str, unit: str = "", confidence: float = 0.95) -> Suggestion:
    start = TOY.index(quote)
    return Suggestion(field, value, unit, start, start + len(quote), quote, confidence)


def write(path: Path, *gold: dict[str, object]) -> Path:
    row = {"id": "toy-s-001", "language": "en", "kind": "sentence", "text": TOY, "gold": gold}
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    return path


def stub(*suggestions: Suggestion):
    def suggest(text: str) -> SuggestionRun:
        digest = hashlib.sha256(text.encode()).hexdigest()
        return SuggestionRun("run", "", digest, "stub", "1", suggestions=suggestions)

    return suggest


def totals(tmp_path: Path, gold: list[dict[str, object]], *suggestions: Suggestion) -> tuple[int, int, int]:
    rows = list(benchmark.run(write(tmp_path / "toy.jsonl", *gold), stub(*suggestions)))
    (row,) = [row for row in rows if row.get("language") == "all" and row["field"] == "all"]
    return row["tp"], row["fp"], row["fn"]


def test_a_suggestion_is_right_when_value_unit_and_place_agree(tmp_path):
    gold = [fact("dose", "2e6", "12 patients", "cells/kg")]
    assert totals(tmp_path, gold, said("dose", "2000000", "12", "cells/kg")) == (1, 0, 0)
    assert totals(tmp_path, gold, said("dose", "2e6", "12", "cells")) == (0, 1, 1)
    assert totals(tmp_path, gold, said("dose", "3e6", "12", "cells/kg")) == (0, 1, 1)
    assert totals(tmp_path, gold, said("n", "2e6", "12", "cells/kg")) == (0, 1, 1)
    assert totals(tmp_path, gold, said("dose", "2e6", "Six of ", "cells/kg")) == (0, 1, 1)


def test_touching_is_not_overlapping(tmp_path):
    gold = [fact("n", "12", "12 patients", "patients")]
    assert totals(tmp_path, gold, said("n", "12", " with", "patients")) == (0, 1, 1)
    assert totals(tmp_path, gold, said("n", "12", "s with", "patients")) == (1, 0, 0)


@pytest.mark.parametrize(
    ("value", "same", "other"),
    [
        ("1e6-2e6", "1000000-2.0e6", "1e6"),
        ("8/17", "8/17", "8-17"),
        ("8/17", "08/17", "8/18"),
        ("NCT00000017", "NCT00000017", "NCT17"),
        ("5", "5.0", "5/1"),
    ],
)
def test_values_are_compared_as_numbers_ranges_fractions_or_text(value, same, other):
    assert benchmark.comparable(value) == benchmark.comparable(same)
    assert benchmark.comparable(value) != benchmark.comparable(other)


def test_what_is_optional_or_repeated_or_wider_counts_neither_way(tmp_path):
    gold = [
        fact("disease", "lupus-nephritis", "lupus nephritis"),
        fact("n", "12", "12 patients", "patients", optional=True),
    ]
    nephritis, n = said("disease", "lupus-nephritis", "lupus"), said("n", "12", "12", "patients")
    assert totals(tmp_path, gold, nephritis) == (1, 0, 0)
    assert totals(tmp_path, gold, nephritis, nephritis, n, n) == (1, 0, 0)
    assert totals(tmp_path, gold, said("disease", "systemic-lupus-erythematosus", "lupus")) == (0, 0, 1)
    assert totals(tmp_path, gold, nephritis, said("disease", "psoriasis", "lupus")) == (1, 1, 0)


def test_either_of_two_readings_matches_the_fact_once(tmp_path):
    gold = [fact("responders", "6/12", "Six of 12", "response", alternatives=[{"value": "6/12", "unit": ""}])]
    first, second = said("responders", "6/12", "Six of 12", "response"), said("responders", "6/12", "Six of 12")
    assert totals(tmp_path, gold, first) == totals(tmp_path, gold, second) == (1, 0, 0)
    assert totals(tmp_path, gold, second, first) == (1, 0, 0)


def test_equal_facts_at_two_places_are_each_matched(tmp_path):
    gold = [fact("arms", "2", "Six of 12"), fact("arms", "2", "response", optional=True)]
    assert totals(tmp_path, gold, said("arms", "2", TOY)) == (1, 0, 0)


def test_lines_carry_intervals_calibration_and_seconds(tmp_path):
    gold = [fact("n", "12", "12 patients", "patients"), fact("responders", "6/12", "Six of 12", "response")]
    suggestions = (said("n", "12", "12", "patients", 1.0), said("deaths", "6", "Six", confidence=0.34))
    rows = list(benchmark.run(write(tmp_path / "toy.jsonl", *gold), stub(*suggestions)))
    assert all(row["file"] == "toy.jsonl" for row in rows)
    field = {(row["language"], row["field"]): row for row in rows if "language" in row}
    assert set(field) == {(lang, name) for lang in ("en", "all") for name in ("all", "n", "responders", "deaths")}
    n, responders, deaths, whole = (field["en", name] for name in ("n", "responders", "deaths", "all"))
    assert (n["gold"], n["precision"], n["recall"], n["f1"]) == (1, 1.0, 1.0, 1.0)
    assert (n["precision_low"], n["precision_high"]) == (0.2065, 1.0)
    assert (responders["fn"], responders["precision"], responders["recall"]) == (1, None, 0.0)
    assert (deaths["fp"], deaths["recall"], deaths["recall_low"], deaths["f1"]) == (1, None, None, 0.0)
    assert (whole["precision"], whole["recall"], whole["f1"]) == (0.5, 0.5, 0.5)
    (kind,) = [row for row in rows if "kind" in row]
    assert (kind["kind"], kind["tp"]) == ("sentence", 1)
    deciles = {tuple(row["confidence"]): (row["suggestions"], row["right"]) for row in rows if "confidence" in row}
    assert deciles == {(0.3, 0.4): (1, 0), (0.9, 1.0): (1, 1)}
    assert rows[-1]["texts"] == 1
    assert rows[-1]["seconds"] >= 0


@pytest.fixture
def program(monkeypatch):
    monkeypatch.setattr(stromata.extraction, "suggest", stub(said("deaths", "6", "Six")))


@pytest.mark.usefixtures("program")
def test_errors_are_shown_with_their_text(tmp_path, capsys):
    benchmark.main([str(write(tmp_path / "dev.jsonl", fact("n", "12", "12 patients", "patients"))), "--errors"])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    errors = [(row["error"], row["field"], row["quote"], row["text"]) for row in rows if "error" in row]
    assert errors == [("false positive", "deaths", "Six", TOY), ("miss", "n", "12 patients", TOY)]


@pytest.mark.usefixtures("program")
def test_errors_of_held_out_texts_are_refused_unless_asked_for(tmp_path, capsys):
    path = str(write(tmp_path / "test-2.jsonl", fact("n", "12", "12 patients", "patients")))
    with pytest.raises(SystemExit):
        benchmark.main([path, "--errors"])
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "test-2.jsonl is held out" in shown.err
    benchmark.main([path])
    assert '"error"' not in capsys.readouterr().out
    benchmark.main([path, "--errors", "--allow-test-errors"])
    assert '"error"' in capsys.readouterr().out


def rows_of(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (TEXTS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def problems(row: dict[str, object]) -> list[object]:
    """Return the facts of one text that break the rules of the format."""
    found: list[object] = []
    for item in row["gold"]:
        field, spans = item["field"], [tuple(span) for span in item["spans"]]
        for reading in (item, *item.get("alternatives", ())):
            value = reading["value"]
            known = value in CHOICES[field].split() if field in CHOICES else re.fullmatch(FORMS[field], value)
            if not known or reading["unit"] not in UNITS[field]:
                found.append(reading)
        inside = all(0 <= start < end <= len(row["text"]) for start, end in spans)
        quotes = [row["text"][start:end] for start, end in spans]
        if not spans or not inside or len(set(spans)) < len(spans) or any(q != q.strip() for q in quotes):
            found.append((item, quotes))
    return found


@pytest.mark.parametrize("name", ["test", "dev"])
def test_evaluation_texts_are_well_formed(name):
    rows = rows_of(name)
    keys = ["id", "language", "kind", "origin", "text", "gold"]
    assert [row["id"] for row in rows if list(row) != keys or row["origin"] != "invented"] == []
    assert [(row["id"], wrong) for row in rows for wrong in problems(row)] == []
    facts = [(row["id"], item["field"], item["value"], item["unit"]) for row in rows for item in row["gold"]]
    assert [key for key, count in Counter(facts).items() if count > 1] == []
    assert {row["language"] for row in rows} == {"en", "zh"}
    assert [row["id"] for row in rows if (row["language"] == "zh") != bool(re.search("[一-鿿]", row["text"]))] == []


@pytest.mark.parametrize("name", ["test", "dev"])
def test_registry_numbers_are_improbable(name):
    text = " ".join(row["text"] for row in rows_of(name))
    assert re.findall(r"(?:NCT|KCT|DRKS|ISRCTN|UMIN) ?(?!00000)\d+", text) == []
    assert re.findall(r"\b(?!2099)\d{4}-\d{6}-\d\d", text) == []


def test_texts_differ_and_ids_are_unique():
    rows = rows_of("test") + rows_of("dev")
    assert len({row["id"] for row in rows}) == len(rows)
    assert len({row["text"] for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("name", "language", "kind", "least"),
    [
        ("test", "en", "sentence", 52), ("test", "zh", "sentence", 18), ("test", "en", "abstract", 25),
        ("test", "zh", "abstract", 9), ("dev", "en", "sentence", 28), ("dev", "zh", "sentence", 10),
        ("dev", "en", "abstract", 11), ("dev", "zh", "abstract", 4),
    ],
)  # fmt: skip
def test_there_are_enough_texts(name, language, kind, least):
    assert sum(row["language"] == language and row["kind"] == kind for row in rows_of(name)) >= least


def test_every_field_is_asked_for_and_some_sentences_state_nothing():
    rows = rows_of("test")
    asked = Counter(item["field"] for row in rows for item in row["gold"] if not item["optional"])
    assert [field for field in UNITS if asked[field] < 8] == []
    assert sum(row["kind"] == "sentence" and not row["gold"] for row in rows) >= 8
    for row in rows:
        if row["kind"] == "abstract" and row["language"] == "en":
            assert 120 <= len(row["text"].split()) <= 300
