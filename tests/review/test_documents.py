"""Protocols and other texts that people write."""

import pytest

from projects import PROTOCOL
from stromata import review
from stromata.errors import InvalidInput, Unreadable
from stromata.review.documents import read_yaml


def test_a_protocol_survives_a_round_trip(tmp_path):
    path = tmp_path / "protocol.yaml"
    path.write_text(review.protocol_yaml(PROTOCOL), encoding="utf-8")
    assert review.read_protocol(path) == PROTOCOL


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("a: [1", Unreadable, "line 1"),
        ("question:\n\tpopulation: x\n", Unreadable, "line 2"),
        ("aim: x", InvalidInput, "unknown key aim"),
        ("stages: [{stage: titles}]", InvalidInput, r"stages\.0\.stage"),
        ("- list", InvalidInput, "no mapping"),
        ("", InvalidInput, "no mapping"),
    ],
)
def test_faults_are_named_with_their_place(tmp_path, text, error, says):
    path = tmp_path / "protocol.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(error, match=says):
        review.read_protocol(path)


def test_yaml_never_builds_objects(tmp_path):
    path = tmp_path / "evil.yaml"
    path.write_text("!!python/object/apply:os.system ['true']", encoding="utf-8")
    with pytest.raises(Unreadable):
        read_yaml(path)


def test_texts_must_be_utf8_and_there(tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes(b"M\xfcller")
    with pytest.raises(Unreadable, match="UTF-8"):
        review.read_text(path)
    with pytest.raises(Unreadable, match="there is no file"):
        review.read_text(tmp_path / "none.txt")


@pytest.mark.parametrize(
    "text", ["[" * 5000, "about: 2020-99-99", "about: !!int zz", "about: !!float x", "x: " + "9" * 5000]
)
def test_odd_yaml_is_refused_in_words(tmp_path, text):
    path = tmp_path / "odd.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput):
        review.read_protocol(path)
