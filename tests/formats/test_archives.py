from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from stromata import formats
from stromata.errors import Unreadable
from stromata.formats import archives
from stromata.formats.archives import packed_kind, unpack

ENTRY = b"TY  - JOUR\nTI  - A title\nAU  - Li, Bo\nER  - \n\n"


def packed(*members: tuple[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", how) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return stream.getvalue()


def names(data: bytes) -> list[str]:
    return [part.name for part in formats.parts(data, name="search.zip")]


def test_each_file_of_an_archive_is_a_part_by_its_own_name() -> None:
    data = packed(("folder/one.ris", ENTRY), ("two.txt", ENTRY.replace(b"A title", b"Another")))
    found = formats.parts(data, name="search.zip")
    assert [part.name for part in found] == ["search.zip/one.ris", "search.zip/two.txt"]
    titles = [item.title for part in found for item in formats.scan(part)]
    assert titles == ["A title", "Another"]


def test_a_source_is_the_file_in_the_archive_not_the_archive() -> None:
    plain = formats.scan_bytes(ENTRY)
    for data in (gzip.compress(ENTRY), packed(("a.ris", ENTRY))):
        reading = formats.scan_bytes(data, name="a.ris.gz")
        assert (reading.sha256, reading.size, list(reading)) == (plain.sha256, plain.size, list(plain))


def test_what_operating_systems_leave_in_archives_is_passed_over() -> None:
    data = packed(("__MACOSX/._a.ris", b"\0"), (".DS_Store", b"\0"), ("empty/", b""), ("a.ris", ENTRY))
    assert names(data) == ["search.zip/a.ris"]


def test_a_name_in_the_encoding_of_a_chinese_windows_is_read() -> None:
    info = zipfile.ZipInfo("xx.ris")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(info, ENTRY)
    data = stream.getvalue().replace(b"xx.ris", "题".encode("gb18030") + b".ris")
    assert names(data) == ["search.zip/题.ris"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04 and no more", "a damaged ZIP archive"),
        (packed(), "an empty ZIP archive"),
        (packed(("[Content_Types].xml", b"<x/>"), ("word/document.xml", b"<x/>")), "an Office document"),
        (packed(("mimetype", b"application/epub+zip")), "an OpenDocument file or an e-book"),
        (packed(("a.ris", b" " * (1 << 27))), "unpacks to 134,217,728 bytes"),
    ],
)
def test_an_archive_that_holds_no_export_is_refused_in_words(data: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said) as caught:
        formats.parts(data, name="search.zip")
    assert caught.value.hint


def test_a_bomb_that_lies_about_its_size_is_stopped_while_it_unpacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "FREE_BYTES", 1 << 16)
    with pytest.raises(Unreadable, match="references never pack that well"):
        formats.scan_bytes(gzip.compress(b"TY  - JOUR\n" + b" " * (1 << 24)), name="bomb.gz")


def test_a_damaged_or_cut_archive_is_told_and_never_half_read() -> None:
    whole = gzip.compress(ENTRY * 5000)
    for data in (whole[: len(whole) // 2], whole[:-6] + b"xxxxxx"):
        with pytest.raises(Unreadable, match="cannot be unpacked"):
            formats.read_bytes(data, name="a.gz")
    zipped = bytearray(packed(("a.ris", ENTRY * 5000)))
    zipped[120] ^= 0xFF
    with pytest.raises(Unreadable, match="cannot be unpacked"):
        formats.read_bytes(bytes(zipped), name="a.zip")


def test_an_encrypted_member_is_refused() -> None:
    data = bytearray(packed(("a.ris", ENTRY), how=zipfile.ZIP_STORED))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(Unreadable, match="is encrypted"):
        formats.parts(bytes(data), name="search.zip")


def test_a_workbook_is_one_file_although_it_is_an_archive() -> None:
    data = packed(("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<x/>"))
    (part,) = unpack("list.xlsx", lambda: io.BytesIO(data))
    assert part.name == "list.xlsx"
    assert packed_kind(part.open) == "xlsx"
    assert packed_kind(lambda: io.BytesIO(packed(("a.ris", ENTRY)))) == ""
    assert packed_kind(lambda: io.BytesIO(ENTRY)) == ""
    assert packed_kind(lambda: io.BytesIO(b"PAR1...")) == "parquet"


def test_an_archive_of_several_files_is_not_taken_for_one(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(packed(("a.ris", ENTRY), ("b.ris", ENTRY)))
    with pytest.raises(Unreadable, match="holds 2 files"):
        formats.scan(path)


def test_a_member_without_a_name_is_read_like_any_other() -> None:
    data = packed(("x", ENTRY), how=zipfile.ZIP_STORED)
    end = data.index(b"PK\x01\x02")
    local = data[:26] + b"\x00\x00" + data[28:30] + data[31:end]
    central = (
        data[end : end + 28] + b"\x00\x00" + data[end + 30 : end + 46] + data[end + 47 : data.index(b"PK\x05\x06")]
    )
    tail = bytearray(data[data.index(b"PK\x05\x06") :])
    tail[12:16], tail[16:20] = len(central).to_bytes(4, "little"), len(local).to_bytes(4, "little")
    assert names(local + central + bytes(tail)) == ["search.zip/"]
