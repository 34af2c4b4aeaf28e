from __future__ import annotations

import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stromata.errors import Unreadable
from stromata.formats import content
from stromata.formats.content import Content, examine


def held(data: bytes) -> Content:
    return examine("x", lambda: io.BytesIO(data))


def lines(data: bytes) -> list[str]:
    return [item for _, item in held(data).lines() if isinstance(item, str)]


CHINESE = "间充质干细胞治疗银屑病的临床研究，观察其安全性与疗效。"


@pytest.mark.parametrize(
    ("text", "written", "named"),
    [
        ("plain", "ascii", "ascii"),
        ("é 间", "utf-8", "utf-8"),
        ("é 间", "utf-8-sig", "utf-8-sig"),
        ("é 间", "utf-16", "utf-16"),
        ("a plain western text", "utf-16-be", "utf-16-be"),
        ("é", "utf-32", "utf-32"),
        ("Müller’s café, naïve", "cp1252", "cp1252"),
        ("Müller, café, naïve, François, Århus", "mac_roman", "mac_roman"),
        (CHINESE, "gb18030", "gb18030"),
        ("幹細胞治療銀屑病的臨床研究觀察其安全性與療效", "big5", "big5"),
    ],
)
def test_the_encoding_is_found_and_the_text_kept(text: str, written: str, named: str) -> None:
    data = "\n".join([text] * 5).encode(written)
    assert held(data).encoding == named
    assert lines(data) == [text] * 5


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs", "Cc"]), max_size=8),
        min_size=1,
        max_size=30,
    ),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_lines_do_not_depend_on_where_blocks_end(texts: list[str], end: str) -> None:
    data = (end.join(texts) + "x").encode()
    texts[-1] += "x"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(content, "BLOCK", 3)
        small = lines(data)
    assert small == texts
    assert lines(data) == texts


def test_only_line_ends_end_lines() -> None:
    assert lines("a\x0cb\u2028c\x85d\ne".encode()) == ["a\x0cb\u2028c\x85d", "e"]


def test_numbers_count_lines_of_the_decoded_file() -> None:
    assert [number for number, _ in held(b"a\r\nb\rc\nd\n").lines()] == [1, 2, 3, 4]


@pytest.mark.parametrize("written", ["ascii", "utf-16", "utf-16-be", "utf-32"])
@pytest.mark.parametrize(("text", "ended"), [("some text\n", True), ("some text\r", True), ("some text", False)])
def test_a_last_line_without_its_end_is_known(text: str, written: str, ended: bool) -> None:
    found = held(text.encode(written))
    assert found.ended is ended
    codes = [item.code for _, item in found.lines() if not isinstance(item, str)]
    assert codes == ([] if ended else [content.NO_LINE_END])


WESTERN = "Titel für Müller"


@pytest.mark.parametrize("bulk", [f"{CHINESE} Grüße".encode(), CHINESE.encode("gb18030")])
def test_western_lines_among_chinese_ones_are_read_line_by_line(bulk: bytes) -> None:
    data = b"\n".join([bulk] * 30 + [CHINESE.encode("gb18030"), WESTERN.encode("cp1252")] * 4)
    assert lines(data)[-2:] == [CHINESE, WESTERN]
    named = [item.text for _, item in held(data).lines() if not isinstance(item, str) and "read as cp1252" in item.text]
    assert len(named) == 4


@settings(max_examples=80, deadline=None)
@example("一一细")  # its six bytes are Cyrillic and Greek in UTF-8
@given(st.text("的一是在不了有和人这中大为上个国我以要他治疗细胞研究abcxyzABC ,.1", max_size=40))
def test_chinese_lines_are_never_taken_for_western_ones(text: str) -> None:
    data = "\n".join([CHINESE] * 60 + [text, "x"]).encode("gb18030")
    assert lines(data)[-2] == text


def test_nul_characters_are_counted_once_for_the_file() -> None:
    for data in (b"abc" * 100 + b"\na\x00b\x00\nc\x00\n", ("abc\na\0b\0\nc\0\n").encode("utf-16")):
        (told,) = [item for _, item in held(data).lines() if not isinstance(item, str)]
        assert (told.line, told.code) == (2, "nul-characters")
        assert "3 NUL characters" in told.text


def test_an_encoding_that_is_declared_is_believed_where_it_fits() -> None:
    data = '<meta charset="windows-1251">\nЖ и Я'.encode("cp1251")
    assert held(data).encoding == "windows-1251"


def test_control_characters_alone_make_no_text() -> None:
    with pytest.raises(Unreadable, match="zero bytes"):
        held(b"\x00" * 100)
    with pytest.raises(Unreadable, match="binary"):
        held(b"ab\x01\x02\x03" * 100)
