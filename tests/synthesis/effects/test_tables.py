import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.errors import InvalidInput
from stromata.synthesis import effect_sizes, table_effects


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def read(text, **options):
    return table_effects(rows(text), measure="PLO", columns={"xi": "events", "ni": "total"}, **options)


def test_good_rows_become_the_same_effects_as_from_numbers():
    effects, problems = read("study,events,total,disease\nA, 3 ,9,SSc\nB,0,6,SLE\n", label="study", group="disease")
    assert effects == effect_sizes("PLO", labels=["A", "B"], groups=["SSc", "SLE"], xi=[3, 0], ni=[9, 6])
    assert problems == ()


def test_every_bad_cell_is_reported_with_its_line_column_and_value():
    effects, problems = read(
        "events,total\n3,9\n,9\nNA,\nmany,9\n=A1+1,9\n10,9\n-1,9\n1.5,9\n1e3_0,9\ninf,9\n3,0\n", file="data.csv"
    )
    assert len(effects) == 1
    assert [(p.line, p.code, p.column) for p in problems] == [
        (3, "cell-missing", "events"),
        (4, "cell-missing", "events"),
        (4, "cell-missing", "total"),
        (5, "cell-not-a-number", "events"),
        (6, "cell-formula", "events"),
        (7, "cell-impossible", "events"),
        (8, "cell-impossible", "events"),
        (9, "cell-impossible", "events"),
        (10, "cell-not-a-number", "events"),
        (11, "cell-impossible", "events"),
        (12, "cell-impossible", "events"),
        (12, "cell-impossible", "total"),
    ]
    assert all(problem.text.startswith("data.csv: ") and problem.hint for problem in problems)
    assert "'many'" in problems[3].text
    assert "'=A1+1'" in problems[4].text


def test_without_a_label_the_line_stands_in():
    effects, _ = read("events,total\n3,9\nNA,9\n4,8\n")
    assert [effect.label for effect in effects] == ["line 2", "line 4"]


def test_a_column_that_is_not_there_lists_those_that_are():
    with pytest.raises(InvalidInput, match="no column total; it has events, people"):
        read("events,people\n3,9\n")
    with pytest.raises(InvalidInput, match="no column who"):
        read("events,total\n3,9\n", label="who")


def test_columns_that_are_not_the_measures_are_refused():
    with pytest.raises(InvalidInput, match="it needs xi, ni"):
        table_effects([], measure="PLO", columns={"ai": "x"})


def test_an_empty_table_and_a_table_of_bad_rows_give_no_effects():
    assert read("events,total\n") == ((), ())
    effects, problems = read("events,total\nx,y\n")
    assert effects == ()
    assert len(problems) == 2


def test_short_and_long_rows_are_no_crash():
    effects, problems = read("events,total\n3\n3,9,surplus\n")
    assert len(effects) == 1
    assert [(problem.line, problem.column) for problem in problems] == [(2, "total")]


def test_corrections_pass_through():
    effects, _ = read("events,total\n0,9\n", to="none")
    assert effects[0].yi is None


@given(st.lists(st.tuples(st.text(max_size=6), st.text(max_size=6)), max_size=6))
def test_any_text_gives_effects_or_problems_for_every_row(cells):
    table = [{"events": a, "total": b} for a, b in cells]
    effects, problems = table_effects(table, measure="PLO", columns={"xi": "events", "ni": "total"})
    assert len(effects) + len({problem.line for problem in problems}) == len(table)


def test_options_of_a_measure_pass_through():
    table = rows("study,hr,low,high\nA,0.7,0.5,0.98\nB,1.2,0.9,1.6\n")
    columns = {"out": "hr", "ci_lb": "low", "ci_ub": "high"}
    effects, problems = table_effects(table, measure="HR", columns=columns, label="study", ci_level=0.9)
    expected = effect_sizes("HR", labels=["A", "B"], out=[0.7, 1.2], ci_lb=[0.5, 0.9], ci_ub=[0.98, 1.6], ci_level=0.9)
    assert (effects, problems) == (expected, ())
    means = rows("a,b,c,d,e,f\n5,1,9,4,1,9\n")
    names = dict(zip(("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"), "abcdef", strict=True))
    plain, _ = table_effects(means, measure="SMD", columns=names, vtype="UB", correct="none")
    assert plain[0].yi == pytest.approx(1.0)


def test_impossible_cells_of_other_measures_are_reported_by_the_tables_own_names():
    effects, problems = table_effects(
        rows("r,people\n0.4,20\n1.4,20\n0.2,3\n"), measure="ZCOR", columns={"ri": "r", "ni": "people"}
    )
    assert len(effects) == 1
    assert [(p.line, p.code, p.column) for p in problems] == [
        (3, "cell-impossible", "r"),
        (4, "cell-impossible", "people"),
    ]
    assert "ZCOR needs at least 4" in problems[1].text


def test_unreadable_and_impossible_rows_are_told_in_the_order_of_the_lines():
    _, problems = read("events,total\n9,8\nx,8\n9,7\n")
    assert [(problem.line, problem.code) for problem in problems] == [
        (2, "cell-impossible"),
        (3, "cell-not-a-number"),
        (4, "cell-impossible"),
    ]


@pytest.mark.parametrize("lines", [[2], [2, 3, 4]])
def test_lines_of_another_length_than_the_rows_are_refused(lines):
    rows = [{"x": "1", "n": "9"}, {"x": "2", "n": "9"}]
    with pytest.raises(InvalidInput, match=f"2 rows and {len(lines)} lines"):
        table_effects(rows, measure="PLO", columns={"xi": "x", "ni": "n"}, lines=lines)
