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
