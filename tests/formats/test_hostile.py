from __future__ import annotations

import contextlib
import gzip
import importlib.util
import io
import json
import socket
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from stromata import formats
from stromata.errors import StromataError, Unreadable
from stromata.formats import scan_bytes
from stromata.formats.account import Account, Ledger
from stromata.formats.archives import unpack
from stromata.formats.catalogue import FORMATS
from stromata.model import Problem, Record

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def _loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


ORDINARY = _loaded("ordinary_files")  # first: the others import it
HOSTILE_XML, HOSTILE = _loaded("hostile_xml"), _loaded("hostile")
SIZE = 20_000
"""Bytes of most files here: what grows faster than the file is found by the benchmark."""


def read(data: bytes) -> tuple[list[Record], list[Problem], Account]:
    reading = scan_bytes(data)
    ledger = Ledger()
    items = list(reading.noted(ledger))
    records = [item for item in items if isinstance(item, Record)]
    return records, [item for item in items if isinstance(item, Problem)], reading.account(ledger)


@pytest.mark.parametrize(
    ("cases", "name"), [(cases, name) for cases in (HOSTILE, HOSTILE_XML) for name in cases.CASES],
    ids=lambda given: given if isinstance(given, str) else given.__name__,
)  # fmt: skip
def test_a_hostile_file_is_read_or_refused_and_accounted_for(cases: ModuleType, name: str) -> None:
    data = cases.CASES[name][1](SIZE)
    try:
        records, _, account = read(data)
    except StromataError:
        return
    assert records
    assert account.unread_bytes == 0
    assert account.record_bytes + account.passage_bytes + account.blank_bytes == account.bytes


@pytest.mark.parametrize("form", ORDINARY.ORDINARY)
def test_the_ordinary_files_are_read_whole(form: str) -> None:
    records, _, account = read(ORDINARY.ordinary(form, SIZE))
    assert len(records) >= (1 if "page" in form else 10)
    assert account.unread_bytes == 0


@pytest.mark.parametrize("form", [form for form in FORMATS if form.read], ids=lambda form: form.name)
def test_no_trap_makes_a_recogniser_fail(form: object) -> None:
    for piece in HOSTILE.TRAPS.values():
        assert form.sniff(piece * 400) in {True, False}  # type: ignore[attr-defined]  # a Format
        assert form.sniff(f"{piece * 10}\n" * 40) in {True, False}  # type: ignore[attr-defined]


def test_twenty_thousand_authors_all_arrive() -> None:
    for name in ("ris-authors", "nbib-authors", "bibtex-authors", "pubmed-authors", "csl-authors"):
        data = (HOSTILE.CASES | HOSTILE_XML.CASES)[name][1](300_000)
        records, _, _ = read(data)
        assert len(records) == 1
        assert len(records[0].authors) > 5_000, name


def test_twenty_thousand_keywords_all_arrive() -> None:
    records, _, _ = read(HOSTILE.CASES["ris-keywords"][1](300_000))
    assert len(records[0].keywords) > 15_000


def test_a_title_of_a_megabyte_arrives_whole() -> None:
    title = "Cells " * 170_000
    records, _, _ = read(f"TY  - JOUR\nTI  - {title}\nER  - \n".encode())
    assert records[0].title == title.strip()


def test_rows_with_open_quotation_marks_are_each_a_record() -> None:
    rows = 3_000
    data = "title,authors,year,journal,abstract,doi\n" + '"A title of it,"Garcia, A",2020,Journal,text,\n' * rows
    records, problems, account = read(data.encode())
    assert len(records) == rows
    assert problems
    assert account.unread_bytes == 0


def test_rows_of_empty_cells_are_accounted_for_as_frame() -> None:
    data = b"title,authors,year\n,,\n,,\nA title of it,B,2020\n,,\n"
    records, _, account = read(data)
    assert len(records) == 1
    assert account.unread_bytes == 0
    assert account.passages["wrapper"] == 3  # the headings, two rows together, and the last


def test_an_archive_that_unpacks_to_far_more_than_text_ever_does_is_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.ris", b"\n" * 100_000_000)
    with pytest.raises(Unreadable, match="unpacks to"):
        read(stream.getvalue())


def test_ten_gigabytes_of_nothing_are_refused_after_a_look_at_the_beginning() -> None:
    data = gzip.compress(b"\n" * (1 << 24)) * 640
    opened: list[io.BytesIO] = []

    def opener() -> io.BytesIO:
        opened.append(io.BytesIO(data))
        return opened[-1]

    (part,) = unpack("bomb.ris.gz", opener)
    places = []

    def read_all() -> None:
        with part.open() as stream:
            while stream.read(1 << 18):
                places.append(opened[-1].tell())

    with pytest.raises(Unreadable, match="unpacks to") as refused:
        read_all()
    assert max(places) < len(data) / 50
    assert refused.value.hint


def test_an_archive_in_an_archive_is_refused_with_what_to_do() -> None:
    inner = gzip.compress(b"TY  - JOUR\nTI  - A\nER  - \n")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.ris", inner)
    for data in (gzip.compress(inner), stream.getvalue()):
        with pytest.raises(Unreadable, match="archive inside an archive") as refused:
            read(data)
        assert "Unpack" in (refused.value.hint or "")


def test_problems_of_one_kind_beyond_ten_thousand_are_counted() -> None:
    data = b"".join(b"PMID- %d\n\n" % number for number in range(1, 12_001))
    records, problems, _ = read(data)
    assert len(records) == 12_000
    told = [one for one in problems if one.code == "nbib-no-title"]
    assert len(told) == 10_001
    assert "2,000 more places, the last in line" in told[-1].text


# What an XML file may ask a careless reader to fetch or to build.

XML_FORMS = ("pubmed-xml", "endnote-xml", "registry-xml", "jats", "marcxml", "mods")
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
ATTACKS = {
    "an entity": '<!DOCTYPE x [<!ENTITY e "text">]>',
    "an external entity": '<!DOCTYPE x [<!ENTITY e SYSTEM "{web}/e">]>',
    "a file": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>',
    "a parameter entity": '<!DOCTYPE x [<!ENTITY % p SYSTEM "{web}/p.dtd"> %p;]>',
    "an external subset and an entity": '<!DOCTYPE x SYSTEM "{web}/x.dtd" [<!ENTITY e "text">]>',
    "many laughs": f'<!DOCTYPE x [<!ENTITY l0 "lol">{LAUGHS}<!ENTITY e "&l9;">]>',
    "an element": '<!DOCTYPE x [<!ELEMENT x ANY>\n<!ATTLIST x y CDATA "z">]>',
    "lower case": '<!doctype x [<!ENTITY e "text">]>',
    "a comment before": '<!-- DOCTYPE --><!DOCTYPE x\n[<!ENTITY e "text">]>',
}


@pytest.fixture
def web() -> Iterator[tuple[str, Callable[[], bool]]]:
    """Yield the address of a server, and a function that tells whether anybody called."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)

        def called() -> bool:
            try:
                server.accept()
            except BlockingIOError:
                return False
            return True

        yield f"http://127.0.0.1:{server.getsockname()[1]}", called


def attacked(form: str, prologue: str, title: str) -> bytes:
    begins, entry, ends = HOSTILE_XML.ORDINARY[form]
    entry = entry.replace("{n}", "1000001")
    assert "Trial" in entry
    return (prologue + begins.partition("\n")[2] + entry + entry.replace("Trial", title) + ends).encode()


def packings(data: bytes) -> list[bytes]:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xml", data)
    return [data, gzip.compress(data), stream.getvalue(), data.decode().encode("utf-16")]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("form", XML_FORMS)
def test_entities_of_ones_own_are_refused_with_the_line_and_a_remedy(
    form: str, attack: str, web: tuple[str, Callable[[], bool]]
) -> None:
    address, called = web
    prologue = '<?xml version="1.0"?>\n' + ATTACKS[attack].replace("{web}", address) + "\n"
    for data in packings(attacked(form, prologue, "&e;")):
        with pytest.raises(Unreadable, match="defines entities or elements of its own in line 2") as refused:
            read(data)
        assert "DOCTYPE" in (refused.value.hint or "")
    assert not called()


@pytest.mark.parametrize("form", XML_FORMS)
def test_nothing_outside_the_file_is_fetched(form: str, web: tuple[str, Callable[[], bool]]) -> None:
    address, called = web
    prologue = f"""<?xml version="1.0" standalone="no"?>
<?xml-stylesheet type="text/xsl" href="{address}/x.xsl"?>
<!DOCTYPE x PUBLIC "-//X//Y//EN" "{address}/x.dtd">
"""
    title = (
        f'A<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{address}/i"/>'
        f'<?xml-stylesheet href="{address}/s"?> b'
    )
    for data in packings(attacked(form, prologue, title)):
        records, problems, account = read(data)
        assert [record.title.split(" ")[0] for record in records] == ["Trial", "A"]
        assert [problem.code for problem in problems] == ["xml-include"]
        assert problems[0].hint
        assert account.unread_bytes == 0
    assert not called()


def test_a_workbook_with_a_document_type_is_refused_and_nothing_is_fetched(
    web: tuple[str, Callable[[], bool]],
) -> None:
    address, called = web
    stream = io.BytesIO()
    formats.write([Record("s" * 64, 1, 1, 1, title="A title", year=2020)], "xlsx", stream)
    for before in ("", f"<!--{'x' * 9000}-->"):
        changed = io.BytesIO()
        with zipfile.ZipFile(stream) as old, zipfile.ZipFile(changed, "w") as new:
            for info in old.infolist():
                data = old.read(info)
                if info.filename.startswith("xl/worksheets/"):
                    entities = f'<!ENTITY % p SYSTEM "{address}/p"> %p;<!ENTITY e SYSTEM "{address}/e">'
                    declared = f"{before}<!DOCTYPE worksheet [{entities}]>"
                    data = data.replace(b"<worksheet", declared.encode() + b"<worksheet", 1)
                new.writestr(info, data)
        if before:
            with contextlib.suppress(StromataError):
                read(changed.getvalue())
        else:
            with pytest.raises(Unreadable, match="document type"):
                read(changed.getvalue())
    assert not called()


def test_the_measure_of_hostile_files_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(HOSTILE_XML.CASES["json-keys"][1](2_000))
    took, items, peak = HOSTILE.weigh(str(tmp_path / "file"), 60)
    assert took >= 0
    assert items == 1
    assert peak > 1


def test_changed_files_give_no_finding(capsys: pytest.CaptureFixture[str]) -> None:
    fuzz = _loaded("fuzz")
    assert fuzz.main(["--seconds", "0.5", "--seed", "3"]) == 0
    assert json.loads(capsys.readouterr().out)["runs"] >= 1


# What changed files have shown, made small.


def test_a_doi_that_stands_twice_in_one_tag_is_taken_once() -> None:
    (record,), _, _ = read(b"TY  - JOUR\nTI  - A\nM3  - 10.1234/a\nM3  - 10.1234/a\nER  - \n")
    assert record.doi == "10.1234/a"
    assert record.extra == ()


@pytest.mark.parametrize("sign", [b"\x1c", b"\x1d", b"\x1e", b"\x1f", b"\x0b", b"\x0c"])
def test_separators_of_old_are_blank(sign: bytes) -> None:
    _, _, account = read(b"PMID- 1\nTI  - " + b"A title " * 20 + b"\n\n" + sign + b"\n\n")
    assert account.unread_bytes == 0


def test_a_workbook_with_a_piece_lost_is_refused() -> None:
    stream = io.BytesIO()
    formats.write([Record("s" * 64, 1, 1, 1, title="A title", year=2020)], "xlsx", stream)
    data = stream.getvalue()
    refused = 0
    for lost in range(20, len(data) * 8 // 10, 90):
        try:
            read(data[:4] + data[4 + lost :])
        except Unreadable:
            refused += 1
    assert refused > 10
