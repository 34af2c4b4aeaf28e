"""The bytes of XML files, whatever their encoding, line ends and escapes: UTF-8 with LF alone at the end of lines."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import replace

from stromata.formats.content import BLOCK, NO_LINE_END, Content
from stromata.model import Problem
from stromata.progress import Progress

_DECLARED = re.compile(rb"\A\s*<\?xml[^>]{0,200}?\bencoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_SYNONYMS = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030"}
"""Codecs that are read as a larger one, by Python's names: files hold what only the larger one has."""


def utf8_blocks(content: Content, progress: Progress) -> Iterator[bytes | Problem]:
    """Yield the bytes of a file, as UTF-8 with LF alone at the end of lines, and Problems of its encoding.

    The encoding is the one that the XML declaration names, where the bytes allow it.
    """
    plain = content.encoding in {"ascii", "utf-8", "utf-8-sig"} and not content.fallback and not content.nuls
    content, problem = _believed(content)
    if problem is not None:
        yield problem
    if not plain:
        yield from _recoded(content, progress)
        return
    done = 0
    held = b""
    with content.open() as stream:
        done += len(stream.read(3 if content.encoding == "utf-8-sig" else 0))
        while block := stream.read(BLOCK):
            done += len(block)
            if held or b"\r" in block:
                data = held + block
                held = b"\r" if data.endswith(b"\r") else b""  # it may be half of CR LF
                yield data[: len(data) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            else:
                yield block
            progress(done, content.size, content.name)
    if held:
        yield b"\n"


def _recoded(content: Content, progress: Progress) -> Iterator[bytes | Problem]:
    parts: list[str] = []
    length = 0
    for _, line in content.lines(progress=progress):
        if not isinstance(line, str):
            if line.code != NO_LINE_END:
                yield line
            continue
        parts.append(line)
        length += len(line) + 1
        if length >= BLOCK:
            yield ("\n".join(parts) + "\n").encode("utf-8", "replace").replace(b"\x00", b"")
            parts, length = [], 0
    if parts:
        yield ("\n".join(parts) + "\n").encode("utf-8", "replace").replace(b"\x00", b"")


def _believed(content: Content) -> tuple[Content, Problem | None]:
    """Return the content with the encoding that its XML declaration names, where its bytes allow it."""
    if content.encoding == "ascii" or content.encoding.startswith(("utf-16", "utf-32")):
        return content, None
    with content.open() as stream:
        match = _DECLARED.match(stream.read(1024).removeprefix(codecs.BOM_UTF8))
    declared = match[1].decode("ascii").lower() if match else "utf-8"
    try:
        named = codecs.lookup(declared).name
    except LookupError:
        named = ""
    named = _SYNONYMS.get(named, named)
    clean_utf8 = content.encoding.startswith("utf-8") and not content.fallback
    if named == "utf-8" and content.encoding.startswith("utf-8"):
        return content, None
    if clean_utf8 or named in {"", "utf-8"} or named.startswith(("utf-16", "utf-32", "utf-7")):
        used = "utf-8" if clean_utf8 else content.encoding
        text = f"The XML declaration says {declared}, which the bytes are not; the file was read as {used}."
        return content, Problem(1, "encoding", text, "Check the accents; if they are wrong, export it again as UTF-8.")
    try:
        b"a".decode(named)
    except (LookupError, UnicodeError):  # a codec of bytes to bytes, such as base64
        return content, None
    other = content.encoding if content.encoding not in {named, "utf-8-sig"} else "cp1252"
    return replace(content, encoding=named, fallback=other if other != named else "latin-1"), None


def unescaped(blocks: Iterator[bytes | Problem]) -> Iterator[bytes | Problem]:
    """Turn the entities of a page that shows XML back into tags; one that a block cuts waits for the next."""
    rest = b""
    for block in blocks:
        if isinstance(block, Problem):
            yield block
            continue
        data = rest + block
        cut = data.rfind(b"&", max(0, len(data) - 8))
        rest = data[cut:] if cut >= 0 else b""
        yield _shown(data[: len(data) - len(rest)])
    yield _shown(rest)


def _shown(data: bytes) -> bytes:
    for entity, sign in ((b"&lt;", b"<"), (b"&gt;", b">"), (b"&quot;", b'"'), (b"&amp;", b"&")):
        data = data.replace(entity, sign)
    return data
