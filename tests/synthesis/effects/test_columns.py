import numpy as np
import pytest

from stromata.errors import InvalidInput
from stromata.synthesis import MEASURES, get_measure
from stromata.synthesis.effects.columns import BadCell, as_arrays, bad_cells, check, choose_columns, whole_table


def reasons(measure, **columns):
    entry = get_measure(measure)
    arrays = as_arrays(choose_columns(entry, columns), columns)
    return [(cell.row, cell.column, cell.reason) for cell in bad_cells(entry, arrays)]


MEANS = {"m1i": [5], "sd1i": [1], "n1i": [9], "m2i": [4], "sd2i": [1], "n2i": [9]}
CHANGE = {"m1i": [5], "sd1i": [1], "m2i": [4], "sd2i": [1], "ni": [9], "ri": [0.5]}


@pytest.mark.parametrize(
    ("measure", "columns", "column", "part"),
    [
        ("PLO", {"xi": [-1], "ni": [5]}, "xi", "negative"),
        ("PLO", {"xi": [1.5], "ni": [5]}, "xi", "whole"),
        ("PLO", {"xi": [6], "ni": [5]}, "xi", "more than the total of 5"),
        ("PLO", {"xi": [0], "ni": [0]}, "ni", "at least one person"),
        ("PLO", {"xi": [0], "mi": [0]}, "mi", "empty arm"),
        ("IR", {"xi": [2], "ti": [0]}, "ti", "above 0"),
        ("IRR", {"x1i": [2], "t1i": [5], "x2i": [2.5], "t2i": [4]}, "x2i", "whole"),
        ("OR", {"ai": [0], "bi": [0], "ci": [1], "di": [2]}, "bi", "empty arm"),
        ("PETO", {"ai": [1], "n1i": [2], "ci": [3], "n2i": [2]}, "ci", "more than the total of 2"),
        ("MPRD", {"ai": [0], "bi": [0], "ci": [0], "di": [0]}, "ai", "empty table"),
        ("MPORM", {"ai": [3], "bi": [4], "ci": [2], "di": [4], "ri": [0.2]}, "di", "as many pairs"),
        ("REH", {"ai": [3], "bi": [-4], "ci": [2]}, "bi", "negative"),
        ("MD", {**MEANS, "sd2i": [0]}, "sd2i", "above 0"),
        ("SMD", {**MEANS, "n1i": [1], "n2i": [2]}, "n1i", "fewer than 4"),
        ("SMDH", {**MEANS, "n2i": [1]}, "n2i", "SMDH needs at least 2"),
        ("SMD1", {**MEANS, "n2i": [2]}, "n2i", "SMD1 needs at least 3"),
        ("VR", {**MEANS, "n1i": [1]}, "n1i", "VR needs at least 2"),
        ("ROM", {**MEANS, "m1i": [-5]}, "m1i", "same sign"),
        ("CVR", {**MEANS, "m2i": [0]}, "m1i", "same sign"),
        ("MNLN", {"mi": [-2], "sdi": [1], "ni": [4]}, "mi", "above 0"),
        ("SDLN", {"sdi": [1], "ni": [1]}, "ni", "SDLN needs at least 2"),
        ("SMCC", {**CHANGE, "ni": [2]}, "ni", "SMCC needs at least 3"),
        ("SMCR", {**CHANGE, "ri": [1]}, "ri", "strictly between -1 and 1"),
        ("ROMC", {**CHANGE, "m1i": [0]}, "m2i", "same sign"),
        ("COR", {"ri": [-1.2], "ni": [9]}, "ri", "strictly between -1 and 1"),
        ("ZCOR", {"ri": [0.2], "ni": [3]}, "ni", "ZCOR needs at least 4"),
        ("UCOR", {"ri": [0.2], "ni": [3]}, "ni", "UCOR needs at least 4"),
        ("PCOR", {"ti": [2], "ni": [5], "mi": [4]}, "ni", "too few people"),
        ("ZPCOR", {"ti": [2], "ni": [6], "mi": [4]}, "ni", "too few people"),
        ("SPCOR", {"ri": [0.5], "ni": [60], "mi": [4], "r2i": [0.2]}, "r2i", "explains more"),
        ("SPCOR", {"ti": [9], "ni": [60], "mi": [4], "r2i": [0.2]}, "r2i", "explains more"),
        ("SPCOR", {"ti": [1], "ni": [60], "mi": [4], "r2i": [1]}, "r2i", "below 1"),
        ("ARAW", {"ai": [1], "mi": [4], "ni": [20]}, "ai", "below 1"),
        ("ABT", {"ai": [0.8], "mi": [1], "ni": [20]}, "mi", "ABT needs at least 2"),
        ("GEN", {"yi": [1], "vi": [0]}, "vi", "above 0"),
        ("GEN", {"yi": [1], "sei": [-1]}, "sei", "above 0"),
        ("GEN", {"yi": [np.inf], "sei": [1]}, "yi", "finite"),
        ("GEN", {"yi": [3], "ci_lb": [0], "ci_ub": [2]}, "yi", "outside its interval"),
        ("GEN", {"yi": [1], "ci_lb": [2], "ci_ub": [0]}, "ci_ub", "above the lower"),
        ("GEN", {"yi": [0], "pval": [0.4]}, "yi", "no standard error"),
        ("GEN", {"yi": [1], "pval": [1]}, "pval", "strictly between 0 and 1"),
        ("GEN", {"yi": [1], "zval": [-2]}, "zval", "sign"),
        ("GEN", {"yi": [1], "zval": [0]}, "zval", "no standard error"),
        ("HR", {"out": [0], "sei": [1]}, "out", "above 0"),
        ("HR", {"out": [0.8], "ci_lb": [0], "ci_ub": [2]}, "ci_lb", "a bound of a ratio"),
        ("HR", {"out": [0.8], "zval": [2]}, "zval", "sign"),
        ("HR", {"out": [1], "pval": [0.5]}, "out", "no effect"),
    ],
)
def test_what_cannot_be_right_is_named_by_row_and_column(measure, columns, column, part):
    found = reasons(measure, **columns)
    assert (1, column) in [(row, name) for row, name, _ in found]
    assert any(name == column and part in reason for _, name, reason in found)


def test_good_values_of_every_kind_pass():
    assert reasons("SMD", **MEANS) == reasons("SMCRH", **CHANGE) == []
    assert reasons("ROM", **{**MEANS, "m1i": [-5], "m2i": [-4]}) == []
    assert reasons("HR", out=[0.8], ci_lb=[0.5], ci_ub=[1.28]) == []
    assert reasons("ARAW", ai=[-0.2], mi=[4], ni=[20]) == []


def test_a_cell_has_one_reason_and_cells_come_by_row_and_column():
    found = reasons("OR", ai=[np.nan, 3, -1.5], n1i=[5, 2, 5], ci=[1, 1, 9], n2i=[5, 5, 3])
    assert [(row, column) for row, column, _ in found] == [(1, "ai"), (2, "ai"), (3, "ai"), (3, "ci")]


def test_a_message_names_study_and_column_and_does_not_grow_without_end():
    entry = get_measure("PLO")
    columns = {"xi": np.full(30, 9.0), "ni": np.full(30, 4.0)}
    with pytest.raises(InvalidInput) as caught:
        check(entry, columns, labels=("Wang 2014",))
    message = caught.value.message
    assert message.startswith(
        "30 impossible values for PLO: row 1 (Wang 2014), xi is 9: more than the total of 4; row 2,"
    )
    assert message.endswith("; and 10 more")
    assert str(BadCell(3, "xi", 2.5, "a count must be whole")) == "row 3, xi is 2.5: a count must be whole"


def test_every_set_of_columns_has_a_rule_for_each_of_its_columns():
    for measure in MEASURES.values():
        for wanted in measure.columns:
            assert choose_columns(measure, wanted) == wanted
            bad_cells(measure, {name: np.array([0.5]) for name in wanted})


def test_columns_that_a_measure_does_not_take_are_named():
    with pytest.raises(InvalidInput, match="needs ai, bi, ci, di or ai, n1i, ci, n2i") as caught:
        choose_columns(get_measure("PETO"), ["ai", "bi", "ci", "di", "ti"])
    assert "It does not take ti." in caught.value.hint


def test_unequal_columns_and_words_are_refused():
    with pytest.raises(InvalidInput, match="xi has 2, ni has 1"):
        as_arrays(("xi", "ni"), {"xi": [1, 2], "ni": [3]})
    with pytest.raises(InvalidInput, match="column xi holds something that is not a number"):
        as_arrays(("xi",), {"xi": ["many"]})


def test_events_and_non_events_of_one_arm_become_a_total():
    table = whole_table(get_measure("PLO"), {"xi": np.array([3.0]), "mi": np.array([7.0])})
    assert {name: values.tolist() for name, values in table.items()} == {"xi": [3.0], "ni": [10.0]}
