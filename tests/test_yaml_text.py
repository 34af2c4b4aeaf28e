"""YAML by hand: nodes with their lines, and what is refused."""

import pytest
import yaml

from stromata.errors import Unreadable
from stromata.yaml_text import compose, line_of, loader_class, place_of, text_of


def read(text, deepest=4):
    return compose(text, where="frame.yaml", what="a frame", deepest=deepest, hint="Look at the form.")


def test_nodes_know_their_lines_and_keep_words_as_they_were_written():
    node = read("id: x\n\nanswer: no\n")
    assert [(line_of(key), key.value, value.value) for key, value in node.value] == [
        (1, "id", "x"),
        (3, "answer", "no"),
    ]
    assert read("# nothing\n") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &one x\nb: *one\n", r"frame\.yaml, line 2: the alias \*one .* a frame has no aliases"),
        ("a:\n  " + "[" * 6, "line 2: it is nested deeper than 4 levels"),
        ("a: b\nc: \x07\n", r"line 2: the character U\+0007"),
        ("a: b\n  c: d\n", "line 2: this is not YAML"),
        ("a: [b", "line 1: this is not YAML"),
    ],
)
def test_what_could_do_harm_or_is_none_is_refused_with_its_line(text, said):
    with pytest.raises(Unreadable, match=said):
        read(text)


def test_the_text_of_a_file_is_utf_8_or_utf_16():
    assert [text_of("é: 1".encode(name), where="f") for name in ("utf-8", "utf-8-sig", "utf-16")] == ["é: 1"] * 3
    with pytest.raises(Unreadable, match="f is not UTF-8 text: line 2"):
        text_of(b"a\n\xe9", where="f")


def test_an_error_without_a_place_has_none():
    assert place_of(yaml.YAMLError(), "a") == ""
    assert issubclass(loader_class(), yaml.SafeLoader | getattr(yaml, "CSafeLoader", yaml.SafeLoader))
