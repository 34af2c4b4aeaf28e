"""The bytes of XML files, whatever their encoding, line ends and escapes."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from stromata.formats.content import BLOCK, examine
from stromata.formats.xml_bytes import unescaped, utf8_blocks
from stromata.model import Problem
from stromata.progress import silent

TEXT = '<?xml version="1.0" encoding="{}"?>\n<works>\n<work>für Köln – “x” Łódź</work></works>\n'


def blocks(data: bytes) -> tuple[bytes, list[str]]:
    """Return the bytes, and the codes of problems."""
    found = list(utf8_blocks(examine("works.xml", lambda: io.BytesIO(data)), silent))
    return b"".join(one for one in found if isinstance(one, bytes)), [
        one.code for one in found if isinstance(one, Problem)
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_whatever_the_encoding_the_bytes_are_utf8_without_a_mark(encoding: str) -> None:
    text = TEXT.format("UTF-8")
    assert blocks(text.encode(encoding)) == (text.encode(), [])


@pytest.mark.parametrize("declared", ["windows-1250", "ISO-8859-2"])
def test_a_declared_encoding_is_believed_where_the_bytes_allow_it(declared: str) -> None:
    text = TEXT.format(declared).replace("– “x” ", "")
    assert blocks(text.encode(declared)) == (text.encode(), [])


def test_an_encoding_that_the_bytes_are_not_is_told() -> None:
    text = TEXT.format("ISO-8859-2")
    assert blocks(text.encode()) == (text.encode(), ["encoding"])


def test_declared_gb2312_is_read_with_all_the_signs_of_gb18030() -> None:
    text = TEXT.format("GB2312").replace("für Köln – “x” Łódź", "间充质干细胞治疗镕")
    assert blocks(text.encode("gb18030")) == (text.encode(), [])


@pytest.mark.parametrize("declared", ["base64", "nothing-at-all", "utf-16"])
def test_a_declaration_that_names_no_encoding_of_these_bytes_does_no_harm(declared: str) -> None:
    text = TEXT.format(declared)
    assert blocks(text.encode())[0] == text.encode()


@pytest.mark.parametrize("end", [b"\r\n", b"\r", b"\n"])
@pytest.mark.parametrize("shift", range(3))
def test_line_ends_become_one_also_where_a_block_cuts_them(end: bytes, shift: int) -> None:
    first = b"<a>" + b"x" * (BLOCK - 5 + shift)
    assert blocks(first + end + b"y</a>" + end) == (first + b"\ny</a>\n", [])


def test_nuls_are_left_out() -> None:
    words = b"word " * 2000
    assert blocks(b"<a>b\0c " + words + b"</a>\n")[0] == b"<a>bc " + words + b"</a>\n"


def test_escaped_tags_become_tags_also_where_a_block_cuts_an_entity() -> None:
    shown, problem = b"&lt;a b=&quot;c&quot;&gt;d &amp;amp; e&lt;/a&gt;", Problem(1, "encoding", "told")
    for cut in range(len(shown) + 1):

        def parts(cut: int = cut) -> Iterator[bytes | Problem]:
            yield shown[:cut]
            yield problem
            yield shown[cut:]

        found = list(unescaped(parts()))
        assert b"".join(one for one in found if isinstance(one, bytes)) == b'<a b="c">d &amp; e</a>'
        assert found[1] is problem
