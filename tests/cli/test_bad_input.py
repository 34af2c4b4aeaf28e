"""Bad input of every kind: one sentence, the documented exit status, and a review that is as it was."""

import gzip
import io
import os
import re
import sqlite3
import zipfile

import pytest

from projects import ANN, BOB, begin, entries, ris
from stromata import review

ESCAPES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>'


def archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as stream:
        stream.writestr("search.ris", ris(*entries()))
    return packed.getvalue()


REFUSED = {
    "empty": (b"", "is empty"),
    "blank": (b" \n\n\t", "blank"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF"),
    "zip": (archive()[:60], "a damaged ZIP archive"),
    "gzip": (gzip.compress(gzip.compress(b"TY  - JOUR\nER  - \n", mtime=0), mtime=0), "an archive inside an archive"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "a PNG picture"),
    "zeros": (bytes(4096), "zero bytes"),
    "binary": (bytes(range(256)) * 20, "binary"),
    "prose": (b"Dear all,\nplease find nothing attached.\n", "nothing that can be read"),
    "nested": (b"[" * 100_000, "nothing that can be read"),
    "table": (b"trial,arm,events\nA,cells,3\nB,cells,4\n", "is a table"),
}


def lines_of(error: str) -> list[str]:
    """Return the lines of what went to stderr: a message, and perhaps a hint."""
    assert "Traceback" not in error
    return error.splitlines()


def kept(folder) -> tuple[int, tuple[str, ...], set[str]]:
    """Return what must not change when a command is refused: events, sources, and the files that lie there."""
    with review.open_project(folder, actor="lead", clock=lambda: "2026-01-01T00:00:00Z") as project:
        events = review.info(project).events
        names = tuple(source.file for source in review.sources(project))
    files = {str(path.relative_to(folder)) for path in (folder / "files").rglob("*") if path.is_file()}
    return events, names, files - {"files/.partial/lock"}


@pytest.fixture
def folder(tmp_path):
    begin(tmp_path / "review").close()
    return tmp_path / "review"


@pytest.fixture
def write(tmp_path):
    def make(name: str, content: str | bytes):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return make


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_without_references_is_refused_in_a_sentence_and_leaves_nothing(run, folder, write, case):
    content, says = REFUSED[case]
    before = kept(folder)
    done = run("--dir", folder, "import", write("export.ris", content))
    assert done.status == 4
    message, hint = lines_of(done.err)
    assert message.startswith("stromata: export.ris ")
    assert says in message
    assert hint.strip()
    assert kept(folder) == before


def test_the_same_bytes_are_refused_under_any_name_and_the_first_name_is_told(run, folder, write):
    text = ris(*entries())
    assert run("--dir", folder, "import", write("first.ris", text)).status == 0
    before = kept(folder)
    for name in ("first.ris", "second.txt"):
        done = run("--dir", folder, "import", write(name, text))
        assert done.status == 7
        assert "'first.ris'" in lines_of(done.err)[0]
    assert kept(folder) == before


def test_one_bad_file_keeps_the_others_not_out_and_the_status_is_that_of_the_first_failure(run, folder, write):
    good, bad = write("good.ris", ris(*entries())), write("bad.ris", b"")
    done = run("--dir", folder, "import", bad, good, good, "--json")
    assert done.status == 4
    assert [item["file"] for item in done.json["sources"]] == ["good.ris"]
    assert [item["file"] for item in done.json["failed"]] == ["bad.ris", "good.ris"]


@pytest.mark.parametrize("size", [10_000, 3_000_000])
def test_a_very_long_value_is_kept_whole(run, folder, write, size):
    entry = {**entries()[0], "AB": "cell " * (size // 5)}
    assert run("--dir", folder, "import", write("long.ris", ris(entry))).status == 0
    found = run("--dir", folder, "references", "10.5555/1", "--json").json["references"][0]
    assert len(found["merged"]["abstract"]) == size - 1
    assert run("--dir", folder, "verify").status == 0


def test_escape_sequences_in_a_record_do_not_reach_the_terminal(run, folder, write):
    entry = {**entries()[0], "TI": "Cells \x1b[2J\x1b]0;owned\x07 for skin"}
    assert run("--dir", folder, "import", write("escape.ris", ris(entry))).status == 0
    for words in (("references",), ("references", "10.5555/1"), ("screen", "queue")):
        done = run("--dir", folder, "--as", ANN, *words)
        assert done.status == 0
        assert "for skin" in done.out
        assert not ESCAPES.search(done.out)


def test_hostile_text_is_only_text_in_the_report(run, folder, write, tmp_path):
    entry = {**entries()[0], "TI": HOSTILE, "AB": HOSTILE, "JO": HOSTILE, "UR": "javascript:alert(3)"}
    assert run("--dir", folder, "import", write("hostile.ris", "stray " + HOSTILE + "\n" + ris(entry))).status == 0
    for stage in ("title-abstract", "full-text"):
        for person in (ANN, BOB):
            words = ("screen", "decide", "10.5555/1", "include", "--stage", stage)
            assert run("--dir", folder, "--as", person, *words).status == 0
    assert run("--dir", folder, "report", "-o", tmp_path / "report.html").status == 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "onerror=alert(1)" in page
    assert "<img src=x" not in page
    assert "<script" not in page
    assert 'href="javascript:' not in page


def test_a_database_of_a_newer_schema_is_not_touched(run, folder, write):
    source = write("good.ris", ris(*entries()))
    with sqlite3.connect(folder / "stromata.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = (folder / "stromata.db").read_bytes()
    for words in (("import", source), ("references",), ("verify",), ("new", "Another")):
        done = run("--dir", folder, *words)
        assert done.status == 9
        assert "'9999'" in lines_of(done.err)[0]
    assert (folder / "stromata.db").read_bytes() == before


@pytest.mark.parametrize("damage", ["noise", "half"])
def test_a_damaged_database_is_an_error_of_the_store(run, folder, damage):
    path = folder / "stromata.db"
    whole = path.read_bytes()
    path.write_bytes(b"noise" * 4000 if damage == "noise" else whole[: len(whole) // 2])
    for words in (("references",), ("verify",), ("log",)):
        done = run("--dir", folder, *words)
        assert done.status == 8
        assert str(path) in lines_of(done.err)[0]


@pytest.mark.parametrize("words", [("references",), ("verify",), ("report",)])
def test_a_folder_without_a_review_says_so(run, tmp_path, words):
    for name, make in (("none", lambda _: None), ("file", lambda path: path.write_text("x")), ("empty", os.mkdir)):
        make(tmp_path / name)
        done = run("--dir", tmp_path / name, *words)
        assert done.status == 5
        assert "stromata new" in lines_of(done.err)[1]
    (tmp_path / "blank").mkdir()
    (tmp_path / "blank" / "stromata.db").touch()
    assert run("--dir", tmp_path / "blank", *words).status == 5
    assert not (tmp_path / "blank" / "stromata.db").read_bytes()


def test_an_output_that_cannot_be_written_leaves_the_older_file_and_no_other(run, tmp_path, write):
    source = write("good.ris", ris(*entries()))
    target = tmp_path / "place"
    target.mkdir()
    for output in (target, target / "missing" / "out.ris", source / "out.ris"):
        done = run("convert", source, "--to", "ris", "-o", output)
        assert done.status == 8
        assert str(output) in lines_of(done.err)[0]
    assert not list(target.iterdir())


PROTOCOLS = {
    "tag": ("question: !!python/object/apply:os.system ['touch owned']\n", "line 1"),
    "aliases": (
        "criteria:\n  - &a [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"  - &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 10)}]\n" for i in range(8)),
        "criteria.0",
    ),
    "circle": ("criteria: &a [*a]\n", "criteria.0"),
    "empty": ("", "mapping"),
    "binary": (b"\xff\xfe\x00\x81", "UTF-8"),
    "broken": ("about: x\nquestion: a: b\n", "line 2"),
    "unknown": ("abuot: x\n", "abuot"),
    "nul": ('about: "a\\0b"\n', "NUL"),
}


@pytest.mark.parametrize("case", PROTOCOLS)
def test_a_hostile_protocol_is_refused_and_the_protocol_in_force_stays(run, folder, write, case):
    content, says = PROTOCOLS[case]
    before = kept(folder)
    done = run("--dir", folder, "protocol", "set", write("protocol.yaml", content))
    assert done.status == 4
    assert says in lines_of(done.err)[0]
    assert kept(folder) == before


@pytest.mark.parametrize("level", ["0", "1", "2", "-1", "nan", "95"])
def test_pool_refuses_a_level_that_is_no_coverage(run, write, level):
    path = write("data.csv", "e,n\n1,10\n3,12\n")
    done = run("pool", path, "--measure", "PLO", "--events", "e", "--total", "n", "--level", level)
    assert done.status == 4
    assert ("finite number" if level == "nan" else "between 0 and 1") in done.err


@pytest.mark.parametrize(
    "row",
    ["11,10", "-1,10", "inf,10", "3,inf", "nan,10", "1e309,1e309", "0,0", "1.5,10", "1_0,100", '"1,5",10', "=1,9"],
)
def test_pool_leaves_an_impossible_row_out_and_says_so(run, write, row):
    path = write("data.csv", f"e,n\n{row}\n1,10\n3,12\n")
    done = run("pool", path, "--measure", "PLO", "--events", "e", "--total", "n", "--json")
    assert done.status == 3  # done, but part of the input was left out
    assert done.json["k"] == 2
    assert "rows-left-out" in [caution["code"] for caution in done.json["cautions"]]
    assert all(line.startswith(f"{path}:2:") for line in lines_of(done.err))


def test_pool_reads_a_very_wide_table(run, write):
    wide = ",".join(f"c{number}" for number in range(20_000))
    path = write("wide.csv", f"e,n,{wide}\n" + ("1,10" + ",1" * 20_000 + "\n") * 2)
    done = run("pool", path, "--measure", "PLO", "--events", "e", "--total", "n", "--json")
    assert (done.status, done.json["k"]) == (0, 2)


def test_a_verdict_stays_hidden_from_everybody_else_until_all_are_in(run, folder, write):
    assert run("--dir", folder, "import", write("good.ris", ris(*entries()))).status == 0
    given = ("screen", "decide", "10.5555/1", "exclude", "--reason", "population", "--note", "not these people")
    assert run("--dir", folder, "--as", ANN, *given).status == 0
    for person in (BOB, "lead", "stranger"):
        for words in (
            ("screen", "queue", "--json"), ("screen", "conflicts", "--json"), ("log", "--json", "--last", "0"),
            ("log",), ("export", "log"), ("references", "10.5555/1", "--json"), ("export", "included"),
        ):  # fmt: skip
            done = run("--dir", folder, "--as", person, *words)
            assert "not these people" not in done.out
            assert '"verdict"' not in done.out
        status = run("--dir", folder, "--as", person, "screen", "status", "--json")
        if person == "stranger":
            assert (status.status != 0, status.out) == (True, "")
        else:
            first = status.json["stages"][0]
            assert (first["open"], first["excluded"], first["conflicts"]) == (3, 0, 0)
    assert "not these people" in run("--dir", folder, "--as", ANN, "export", "log").out
