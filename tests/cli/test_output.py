"""Tables on terminals of any width."""

import sys

import pytest

from stromata.cli.output import table

COLUMNS = ("id", "title", "journal", "records", "problems", "searched")
ROW = ("0e0681740e24.1", "Cells heal knees", "Gut", 3, None, "")


@pytest.fixture
def shown(monkeypatch, capsys):
    def draw(width: int) -> list[str]:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setenv("TERM", "dumb")
        table("References", COLUMNS, [ROW, ROW])
        return capsys.readouterr().out.splitlines()

    return draw


def test_a_wide_terminal_shows_a_table(shown):
    lines = shown(100)
    assert any("title" in line and "searched" in line for line in lines)
    assert any("Cells heal knees" in line and "0e0681740e24.1" in line for line in lines)


def test_a_narrow_terminal_shows_row_by_row_with_no_word_cut(shown):
    lines = shown(40)
    one = ["", "id: 0e0681740e24.1", "title: Cells heal knees", "journal: Gut", "records: 3"]
    assert lines == ["References", *one, *one]


def test_what_is_no_terminal_gets_the_table_whatever_its_width(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    table("References", COLUMNS, [ROW])
    assert "Cells heal knees" in capsys.readouterr().out
