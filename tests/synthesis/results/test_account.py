import csv
import io
import math

import numpy as np
import pytest

from stromata.errors import InvalidInput
from stromata.synthesis.results.account import Row, Table, describe, table_of_columns, table_of_rows


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
