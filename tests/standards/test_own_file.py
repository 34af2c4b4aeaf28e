"""The YAML file of a team's own standard: what it may hold, and what is said of one that may not."""

import pytest

from stromata.errors import NotFound, Unreadable
from stromata.standards.own_file import DEEPEST, LARGEST, read_own_file

TEXT = "id: a\nversion: 1\nextends: cell-therapy\n\nchanges:\n- {drop: A, reason: \u4e00}\n\n- drop: B\n  reason: R\n"


def test_a_file_is_read_with_the_lines_of_its_keys_and_changes(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(TEXT, encoding="utf-8")
    found = read_own_file(path)
    assert (found.name, found.data["changes"][1]["drop"]) == ("own.yaml", "B")
    assert found.lines == {"id": 1, "version": 2, "extends": 3, "changes": 5}
    assert found.changes == (6, 8)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_utf_8_and_utf_16_with_its_mark_are_read_alike(encoding):
    assert read_own_file(TEXT.encode(encoding)).data["changes"][0]["reason"] == "\u4e00"


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{after}: &{after} [{', '.join([f'*{name}'] * 9)}]\n" for name, after in zip("abcdefg", "bcdefgh", strict=True)
)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (BOMB.encode(), r"own.yaml, line 2: the alias \*a stands for what is written elsewhere"),
        (b"id: a\nscope: &s text\ntitle: *s\n", "line 3: the alias"),
        (b"id: a\nchanges:\n  " + b"[" * 5000, f"line 3: it is nested deeper than {DEEPEST} levels"),
        (b"id: a\ntitle: \x00\n", r"own.yaml, line 2: the character U\+0000 cannot stand in a text"),
        (b"id: a\ntitle: \x1b[31m\n", r"line 2: the character U\+001B"),
        (b"id: a\ntitle: caf\xe9\n", "own.yaml is not UTF-8 text: line 2 holds other bytes"),
        (b"\xff\xfei\x00d\x00:\x00\xd8", "own.yaml is not UTF-16 text"),
        (b"id: a\n  title: b\n", "own.yaml, line 2: this is not YAML"),
        (b"id: a\nversion: !!binary [1]\n", "line 2: what stands there is neither"),
        (b"id: a\nversion: " + b"9" * 5000, "own.yaml holds a number that is too long"),
        (b"id: a\nid: b\n", r"own.yaml names keys twice: id \(line 2\)"),
        (b"- a\n", "own.yaml holds no keys"),
        (b"", "own.yaml holds no keys"),
        (b" " * (LARGEST + 1), "a standard has at most"),
    ],
)
def test_what_is_no_such_file_is_refused_with_its_name_and_place(data, said):
    with pytest.raises(Unreadable, match=said) as caught:
        read_own_file(data, name="own.yaml")
    assert len(caught.value.message) < 300


def test_dates_stay_as_they_are_written():
    assert read_own_file(b"id: a\nversion: 2020-13-45\ntitle: 2024-05-01\n").data["title"] == "2024-05-01"


def test_no_file_and_a_folder_are_told_apart(tmp_path):
    with pytest.raises(NotFound, match="there is no file"):
        read_own_file(tmp_path / "none.yaml")
    with pytest.raises(Unreadable, match="is a folder; a file is needed"):
        read_own_file(tmp_path)
