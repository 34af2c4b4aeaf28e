from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import tracemalloc
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stromata import formats
from stromata.errors import Cancelled, InvalidInput, NotFound, Unreadable
from stromata.model import Problem, Record

ENTRY = "TY  - JOUR\nTI  - A title\nAU  - Li, Bo\nER  - \n\n"


def test_what_a_file_is_is_known_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "wrong-ending.pdf"
    path.write_text(ENTRY)
    reading = formats.scan(path)
    assert (reading.format, reading.encoding, reading.size) == ("ris", "ascii", len(ENTRY))
    assert reading.sha256 == hashlib.sha256(ENTRY.encode()).hexdigest()
    first, second = list(reading), list(reading)
    assert first == second
    assert isinstance(first[0], Record)
    assert first[0].source == reading.sha256
    assert first[0].id == f"{reading.sha256[:12]}.1"


def test_read_returns_exactly_records_and_problems(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text(ENTRY)
    assert formats.read(path) == (tuple(formats.scan(path)), ())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b" \n\t\n", "nothing but blank space"),
        (b"%PDF-1.7\n...", "a PDF"),
        (b"PK\x03\x04rest", "a damaged ZIP archive"),
        (gzip.compress(gzip.compress(b"TY  - JOUR", mtime=0), mtime=0), "an archive inside an archive"),
        (b"\x89PNG\r\n\x1a\n\x00", "a PNG picture"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
        (bytes(range(256)) * 20, "binary"),
        (b"<?xml version='1.0'?><catalogue><thing/></catalogue>", "an XML file"),
        (b"<?xml version='1.0'?><PubmedArticleSet><PubmedArticle/></PubmedArticleSet>", "without anything"),
        (b"nothing to see here", "holds nothing"),
    ],
)
def test_a_file_without_references_is_refused_in_words(data: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said) as caught:
        formats.read_bytes(data, name="x.ris")
    assert "x.ris" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"TY  - JOUR\nER  - \n", "The entry in lines 1 to 2 is empty"),
        (b"PMID- \nOWN - NLM\n", "says nothing of a publication"),
        (b"<html><body><p>Log in</p></body></html>", "No title and text of an article"),
        (b'[{"type":"book","title":' + b"[" * 60_000 + b"]" * 60_000 + b"}]", "nested too deeply"),
        (b'[{"type":"book","author":[]}]', "says nothing of a publication"),
    ],
)
def test_a_file_from_which_no_record_comes_is_refused_with_the_reason(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(data)
    with pytest.raises(Unreadable, match=r"x\.txt looks like .* holds no record that can be read") as caught:
        formats.read(path)
    assert said in caught.value.message
    assert caught.value.hint
    met = []
    with pytest.raises(Unreadable):
        met.extend(formats.scan(path))  # at the end: what was odd has been told
    with pytest.raises(Unreadable):
        formats.read_bytes(data)


def test_the_reason_in_a_refusal_is_short() -> None:
    with pytest.raises(Unreadable, match="outside every entry") as caught:
        formats.read_bytes(b"C2  - " + b"cell or " * 1000 + b"\nTY  - JOUR\nER  - \n")
    assert len(caught.value.message) < 500


HOSTILE = "A\x9b2J\x7f\x1b]0;x\x07 title\u202e\u2066 of cells"
FILES = {
    "ris": f"TY  - JOUR\nTI  - {HOSTILE}\nAU  - L{HOSTILE}, B\x9bo\nDO  - 10.99999/a\x9bb\nXX  - {HOSTILE}\n"
    'N1  - stromata.translation: {"language": "zh", "title": "a\\u009b"}\nUR  - https://e.org/\x9b\nER  - \n',
    "nbib": f"PMID- 1\nTI  - {HOSTILE}\nFAU - L{HOSTILE}, B\x9bo\nLID - 10.99999/a\x9bb [doi]\nXX  - {HOSTILE}\n",
    "csl": json.dumps(
        [
            {
                "type": "book", "title": HOSTILE, "author": [{"family": HOSTILE, "given": "B\x9bo"}], "x\x9b": HOSTILE,
                "DOI": "10.99999/a\x9bb", "custom": {"stromata": {"extra": [["k\x9b", HOSTILE]], "urls": ["u\x9b"]}},
            }
        ]
    ),
    "html": f"<html><head><meta name='citation_title' content='{HOSTILE}'>"
    f"<meta name='citation_author' content='B\x9bo'><meta name='citation_x\x9by' content='{HOSTILE}'>"
    f"<meta name='citation_doi' content='10.99999/a\x9bb'>"
    "</head></html>",
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
def test_no_control_character_reaches_a_record_from_any_format(kind: str) -> None:
    records, problems = formats.read_bytes(FILES[kind].encode())
    found = json.dumps([asdict(records[0]), [asdict(problem) for problem in problems]], ensure_ascii=False)
    assert records[0].title.endswith("title of cells")
    assert records[0].doi == "10.99999/ab"
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", found)


def test_no_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no file"):
        formats.read(tmp_path / "none.ris")
    with pytest.raises(Unreadable, match="is a folder"):
        formats.read(tmp_path)


def test_lines_in_another_encoding_are_read_and_named() -> None:
    data = "TY  - JOUR\nTI  - Grüße\nER  - \n".encode() * 5 + "TY  - JOUR\nTI  - Müller\nER  - \n".encode("cp1252")
    records, problems = formats.read_bytes(data)
    assert records[-1].title == "Müller"
    assert records[0].title == "Grüße"
    assert [(problem.line, problem.code) for problem in problems] == [(17, "encoding-line")]
    assert "fc" in problems[0].text
    assert "cp1252" in problems[0].text


def test_a_line_of_utf_8_in_a_chinese_file_is_read_and_named() -> None:
    entry = "TY  - JOUR\nTI  - 间充质干细胞治疗银屑病的研究进展\nER  - \n"
    records, problems = formats.read_bytes(entry.encode("gb18030") * 30 + entry.encode())
    assert {record.title for record in records} == {"间充质干细胞治疗银屑病的研究进展"}
    assert [problem.code for problem in problems] == ["encoding-line"]


def test_many_odd_lines_are_counted_and_not_listed_without_end() -> None:
    data = ("TY  - JOUR\nTI  - Grüße\nER  - \n".encode() + "TY  - JOUR\nTI  - Müller\nER  - \n".encode("cp1252")) * 200
    _, problems = formats.read_bytes(data)
    assert len(problems) == 51
    assert "150 more" in problems[-1].text


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    entry = "TY  - JOUR\nTI  - A title\nAB  - " + "word " * 300 + "\nER  - \n\n"

    def peak(megabytes: int) -> int:
        path = tmp_path / f"{megabytes}.ris"
        path.write_text(entry * (megabytes * 1_000_000 // len(entry)))
        tracemalloc.start()
        count = sum(isinstance(item, Record) for item in formats.scan(path))
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert count > 600 * megabytes
        return used

    peak(1)  # tables and patterns are made once
    assert peak(4) < 1.2 * peak(2)


def test_progress_reaches_the_size_and_may_stop_the_work(tmp_path: Path) -> None:
    path = tmp_path / "x.ris"
    path.write_text(ENTRY * 10)
    seen: list[tuple[int, int | None]] = []
    formats.read(path, progress=lambda done, total, _note="": seen.append((done, total)))
    assert seen[-1] == (path.stat().st_size, path.stat().st_size)

    def stop(_done: int, _total: int | None, _note: str = "") -> None:
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        formats.read(path, progress=stop)


@pytest.mark.parametrize("name", ["word", "page-text"])
def test_a_format_that_is_not_written_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(InvalidInput, match="bibtex, csl-json, csv, endnote-xml, nbib, parquet, ris, xlsx"):
        formats.write([], name, io.BytesIO())


def test_every_format_has_a_name_of_its_own_and_a_description() -> None:
    names = [form.name for form in formats.FORMATS]
    assert len(names) == len(set(names))
    assert all(form.description and (form.read or form.write or form.write_binary) for form in formats.FORMATS)


TEXTS = st.text(max_size=200)
BYTES = st.one_of(
    st.binary(max_size=400),
    TEXTS.map(lambda text: f"TY  - JOUR\nTI  - x\n{text}".encode("utf-8", "replace")),
    TEXTS.map(lambda text: f"PMID- 1\nTI  - x\n{text}".encode("utf-16", "replace")),
    st.binary(max_size=200).map(lambda data: b"TY  - JOUR\nTI  - x\nAB  - " + data),
    st.binary(max_size=200).map(lambda data: b'[{"type":"book","title":"' + data),
)


@settings(max_examples=150, deadline=None)
@given(BYTES)
@example(b"\xff\xfe")
@example(b"\x00\x00\xfe\xff\x00")
@example(b"TY  - JOUR\r\rTI  - \x85\x81")
@example(
    b'[{"type":"book","title":"x","author":[[]],"issued":{"date-parts":[[[]]]},"custom":{"stromata":{"extra":[1]}}}]'
)
@example(b'{"title":"' + b"[" * 300)
def test_any_bytes_give_records_problems_or_a_refusal(data: bytes) -> None:
    try:
        records, problems = formats.read_bytes(data)
    except Unreadable as refusal:
        text = refusal.message
    else:
        text = "".join(record.title + record.abstract for record in records)
        assert all(isinstance(problem, Problem) and problem.code and problem.text for problem in problems)
        assert records
    text.encode()
