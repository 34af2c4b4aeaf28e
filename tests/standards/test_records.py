"""Records from JSON and CSV: what is read, and what is said about the rest."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.errors import InvalidInput, NotFound, StromataError, Unreadable
from stromata.standards import read_record, record_of


def read(text, **options):
    return read_record(text.encode() if isinstance(text, str) else json.dumps(text).encode(), **options)


def values(record):
    return {entry.field: entry.value for entry in record.entries}


def test_flat_json_is_read():
    record, problems = read({"subject": "batch", "id": "B1", "cd73_pct": 97, "sterility": "negative"})
    assert problems == ()
    assert (record.subject, record.id) == (("batch",), "B1")
    assert values(record) == {"cd73_pct": 97, "sterility": "negative"}
    assert len(record.sha256) == 64


def test_nested_json_and_lists_of_tests_are_read_with_line_and_place():
    text = """{"batch": {"donor": {"hiv_1_2": "negative"},
      "tests": [
        {"test": "CD73", "result": 0.97, "unit": "fraction"},
        {"name": "sterility", "value": "no growth", "incubation_days": 14}],
      "storage_temperature": {"value": -150, "unit": "°C"}}}"""
    record, problems = read(text)
    assert problems == ()
    assert record.subject == ("batch",)
    assert values(record) == {
        "donor_hiv_1_2": "negative",
        "cd73_pct": 97,
        "sterility": "negative",
        "sterility_incubation_days": 14,
        "storage_temperature_c": -150,
    }
    places = {entry.field: (entry.line, entry.place) for entry in record.entries}
    assert places["cd73_pct"] == (3, "batch.tests[1].result")
    assert places["storage_temperature_c"] == (5, "batch.storage_temperature.value")


def test_a_list_of_tests_alone_is_a_record():
    record, _ = read([{"field": "cd73_pct", "value": 97}, {"field": "subject", "value": "batch"}])
    assert values(record) == {"cd73_pct": 97}
    assert record.subject == ("batch",)


def test_a_field_given_twice_and_differently_is_not_used():
    record, problems = read('{"cd73_pct": 97,\n"CD73": 12}')
    assert values(record) == {"cd73_pct": None}
    (problem,) = problems
    assert (problem.code, problem.line, problem.column) == ("given-twice", 2, "CD73")
    assert "line 1" in problem.text


def test_a_field_given_twice_alike_is_used_and_told():
    record, problems = read('{"cd73_pct": 97, "tests": [{"test": "CD73", "result": "97 %"}]}')
    assert values(record) == {"cd73_pct": 97}
    assert [one.code for one in problems] == ["given-twice"]


def test_the_same_name_twice_in_one_object_is_noticed():
    record, problems = read('{"cd73_pct": 97, "cd73_pct": 12}')
    assert values(record) == {"cd73_pct": None}
    assert [one.code for one in problems] == ["given-twice"]
    record, _ = read('{"cd73_pct": {"value": 97, "value": 12}}')
    assert values(record) == {"cd73_pct": None}


def test_a_dose_is_by_weight_or_in_all_as_its_unit_says():
    assert values(read({"dose": "2e6 cells/kg"})[0]) == {"dose_cells_per_kg": 2e6}
    assert values(read({"dose": {"value": 140, "unit": "1e6 cells"}})[0]) == {"dose_cells_total": 140e6}
    record, (problem,) = read({"dose": 2000000, "route": "intravenous"})
    assert values(record) == {"route": "intravenous"}
    assert problem.code == "dose-without-unit"


def test_percentages_that_all_look_like_fractions_are_doubted_and_kept():
    record, (problem,) = read({"cd73_pct": 0.97, "cd90_pct": 0.98})
    assert values(record) == {"cd73_pct": 0.97, "cd90_pct": 0.98}
    assert problem.code == "percent-or-fraction"
    assert read({"cd73_pct": 0.97, "cd45_pct": 1.2})[1] == ()


def test_an_unknown_subject_is_a_problem():
    record, (problem,) = read({"subject": "potato", "cd73_pct": 97})
    assert record.subject == ()
    assert problem.code == "unknown-subject"


def test_csv_with_a_field_a_row_is_read():
    record, problems = read("field,value,unit\nsubject,batch,\nCD73,0.97,fraction\nid,B2,\n")
    assert problems == ()
    assert (record.subject, record.id, values(record)) == (("batch",), "B2", {"cd73_pct": 97})
    assert record.entries[0].line == 3


def test_csv_without_headings_and_with_semicolons_is_read():
    record, _ = read("subject;infusion\ncd73_pct;97,5\n")
    assert (record.subject, values(record)) == (("infusion",), {"cd73_pct": 97.5})


def test_csv_with_a_record_a_row_needs_to_know_which():
    text = "id,subject,cd73_pct\nB1,batch,97\nB2,batch,12\n"
    with pytest.raises(InvalidInput, match="2 records"):
        read(text)
    record, _ = read(text, row=2)
    assert (record.id, values(record)) == ("B2", {"cd73_pct": 12})
    with pytest.raises(NotFound):
        read(text, row=3)


def test_json_with_several_records_needs_to_know_which():
    with pytest.raises(InvalidInput, match="2 records"):
        read([{"cd73_pct": 97}, {"cd73_pct": 12}])
    assert values(read([{"cd73_pct": 97}, {"cd73_pct": 12}], row=2)[0]) == {"cd73_pct": 12}
    with pytest.raises(NotFound):
        read({"cd73_pct": 97}, row=2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ('{"a": 1,\n "b" 2}', "line 2"),
        ('{"a": 1} x', "follows"),
        ('{"a": NaN}', "not JSON"),
        ('{"a": ', "too early"),
        ("{}", "states nothing"),
        ("[]", "states nothing"),
        ("[" * 100 + "]" * 100, "nested"),
        ('{"a": ' + "9" * 5000 + "}", "not JSON"),
        ("hello\nworld\n", "neither JSON nor a CSV"),
        ('field,value\n"cd73,1\n', "no CSV"),
    ],
)
def test_a_file_that_is_no_record_is_said_to_be_none(text, said):
    with pytest.raises(Unreadable, match=said):
        read(text)


def test_bytes_that_are_no_text_are_said_to_be_none():
    with pytest.raises(Unreadable, match="UTF-8"):
        read_record(b'{"a": "\xff"}')
    assert values(read_record('{"cd73_pct": 97}'.encode("utf-16"))[0]) == {"cd73_pct": 97}


def test_a_file_that_is_not_there_is_not_found(tmp_path):
    with pytest.raises(NotFound):
        read_record(tmp_path / "none.json")
    with pytest.raises(Unreadable, match="is a folder; a file is needed"):
        read_record(tmp_path)


def test_values_of_a_program_become_a_record():
    record, problems = record_of([("cd73_pct", 97), ("sterility", ""), ("cd90_pct", "abc")], subject="batch", id="x")
    assert values(record) == {"cd73_pct": 97, "cd90_pct": None}
    assert [one.code for one in problems] == ["not-a-number"]
    assert (record.subject, record.id) == (("batch",), "x")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda part: (
        st.lists(part, max_size=4)
        | st.dictionaries(st.sampled_from(["cd73_pct", "value", "unit", "test", "subject", "dose", "x", ""]), part)
    ),
    max_leaves=12,
)


@given(_JSON)
def test_any_json_gives_a_record_or_an_error_of_ours(data):
    with suppress(StromataError):
        read_record(json.dumps(data).encode())


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_give_a_record_or_an_error_of_ours(data):
    with suppress(StromataError):
        read_record(data)
