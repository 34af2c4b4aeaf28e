import csv
import io
import math
from dataclasses import dataclass

import numpy as np
import pytest

from stromata.errors import InvalidInput
from stromata.synthesis.results.account import Row, Table, describe, table_of_columns, table_of_records, table_of_rows


def test_columns_that_are_empty_in_all_rows_are_left_out():
    table = table_of_rows([Row("a", 1.0, 0.5), Row("b", None, 0.25, p=0.04)])
    assert table.headers == ("term", "estimate", "se", "p")
    assert table.rows == (("a", 1.0, 0.5, None), ("b", None, 0.25, 0.04))


def test_the_estimate_has_its_column_even_where_there_is_none():
    assert table_of_rows([Row("pooled")]).headers == ("term", "estimate")


def test_arrays_become_plain_numbers_and_missing_ones_none():
    table = table_of_columns(term=("a", "b"), n=np.array([1, 2]), x=np.array([0.5, np.nan]))
    assert table.rows == (("a", 1, 0.5), ("b", 2, None))
    assert type(table.rows[0][1]) is int


def test_csv_keeps_every_digit_and_quotes_names():
    value = 0.1 + 0.2
    table = Table(("term", "x"), (('Li, "first"', value), ("b", None)))
    rows = list(csv.reader(io.StringIO(table.to_csv())))
    assert rows == [["term", "x"], ['Li, "first"', repr(value)], ["b", ""]]


def test_markdown_is_for_reading():
    table = Table(("term", "x"), (("a|b", 0.123456), ("c", None), ("d", math.inf), ("e", -math.inf)))
    lines = table.to_markdown().splitlines()
    assert lines == ["| term | x |", "| --- | --- |", "| a\\|b | 0.1235 |", "| c | – |", "| d | ∞ |", "| e | −∞ |"]


def test_what_nobody_described_is_refused():
    with pytest.raises(InvalidInput, match="a str is no result"):
        describe("a text")


@dataclass(frozen=True)
class Part:
    value: float
    se: float


@dataclass(frozen=True)
class Whole:
    name: str
    levels: tuple[str, ...]
    direct: Part | None
    none: Part | None = None


def test_fields_are_columns_and_parts_of_fields_too():
    table = table_of_records([Whole("a", (), None), Whole("b", ("x", "y"), Part(1.0, 0.5))])
    assert table.headers == ("name", "levels", "direct_value", "direct_se")
    assert table.rows == (("a", None, None, None), ("b", "x, y", 1.0, 0.5))


@dataclass(frozen=True)
class Columns:
    term: str
    levels: tuple[str, ...]
    value: np.ndarray


def test_values_with_arrays_give_a_row_for_each_place():
    table = table_of_records([Columns("t", ("x", "y"), np.array([1.0, np.nan])), Columns("u", ("z",), np.array([3.0]))])
    assert table.rows == (("t", "x", 1.0), ("t", "y", None), ("u", "z", 3.0))
