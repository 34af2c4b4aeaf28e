"""The command as a process: closed and full streams, other encodings, signals, hostile names."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from projects import entries, ris
from stromata import cli, review, session

CODE = "from stromata.cli import main; main()"
COMMAND = [sys.executable, "-c", CODE]


def run(*words: object, shell: str = "", env: dict[str, str] | None = None, data: bytes = b""):
    """Run the command in a process of its own; `shell` redirects its streams as a shell would."""
    arguments = [*COMMAND, *(os.fsencode(word) if isinstance(word, str | Path) else word for word in words)]
    if shell:
        arguments = ["bash", "-c", f'"$@" {shell}', "bash", *arguments]
    settings = {**os.environ, "STROMATA_USER": "lead", **(env or {})}
    settings.pop("STROMATA_DATABASE_URL", None)
    return subprocess.run(arguments, capture_output=True, check=False, env=settings, input=data, timeout=120)


@pytest.fixture(name="command")
def _command(run):
    """Run the command inside this process, where what a process does is not the question."""
    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("streams")
    (made / "search.ris").write_text(ris(*entries()), encoding="utf-8")
    with review.create(made, "Größe der Zellen 细胞", actor="lead", clock=session.now) as project:
        review.import_file(project, made / "search.ris")
    return made


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("words", [("references", "--json"), ("export", "references"), ("sources",)])
def test_a_full_disk_behind_stdout_is_an_error_in_words(folder, words):
    done = run("--dir", folder, *words, shell="> /dev/full")
    assert done.returncode == 8
    assert b"Traceback" not in done.stderr
    assert b"No space left" in done.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_a_closed_stream_is_an_empty_one(folder, closed):
    done = run("--dir", folder, "sources", shell=closed)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr


def test_nothing_on_stdin_is_nothing_to_read():
    done = run("convert", "-", "--to", "ris", shell="<&-")
    assert done.returncode == 4
    assert b"Traceback" not in done.stderr


def test_output_is_utf8_whatever_the_locale(folder):
    bare = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    done = run("--dir", folder, "log", "--json", "--last", "0", env=bare)
    assert done.returncode == 0
    assert "Größe der Zellen 细胞" in done.stdout.decode("utf-8")


def test_a_reader_that_leaves_early_is_no_error(folder):
    done = run("--dir", folder, "export", "log", shell="| true; exit ${PIPESTATUS[0]}")
    assert done.stderr == b""
    assert done.returncode in {0, 128 + signal.SIGPIPE}


def test_a_title_that_is_no_text_is_refused(tmp_path):
    done = run("--dir", tmp_path / "r", "new", b"T\xff")
    assert done.returncode == 4
    assert b"Traceback" not in done.stderr


def test_a_file_name_that_is_no_text_does_not_matter(folder, tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.ris")
    path.write_text(ris(*entries(first=11)), encoding="utf-8")
    done = run("--dir", folder, "import", path, "--json")
    assert done.returncode == 0, done.stderr
    assert "caf\N{REPLACEMENT CHARACTER}.ris" in done.stdout.decode("utf-8")


def test_names_cannot_steer_the_terminal(command, folder, tmp_path):
    path = tmp_path / "a\x1b[31m\nred\x9b.ris"
    path.write_text(ris(*entries(first=21)), encoding="utf-8")
    for words in (("import", path), ("import", path), ("sources",), ("sources", "--json")):
        done = command("--dir", folder, *words)
        shown = done.out + done.err
        assert "\x1b[31m" not in shown
        assert "\x9b" not in shown
        assert "\nred" not in shown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_person_who_stops_an_import_is_told_and_loses_nothing(command, folder, tmp_path, number):
    path = tmp_path / "large.ris"
    path.write_text(
        ris(*({"TI": f"Title {place} of cells", "AB": "word " * 300} for place in range(6000))), encoding="utf-8"
    )
    process = subprocess.Popen(
        [*COMMAND, "--dir", str(folder), "--as", "lead", "import", str(path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not list((folder / "files" / ".partial").glob("*[0-9a-f]")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    assert error.decode().splitlines()[0] == "stromata: stopped"
    assert command("--dir", folder, "verify", "--json").json["ok"] is True
    assert "large.ris" not in command("--dir", folder, "sources").out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_person_who_stops_a_command_while_it_loads_is_told(monkeypatch, capsys, number):
    def loading():
        os.kill(os.getpid(), number)
        time.sleep(60)

    monkeypatch.setattr(cli, "commands", loading)
    before = signal.getsignal(number)
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 130
    assert capsys.readouterr().err.splitlines()[0] == "stromata: stopped"
    assert signal.getsignal(number) is before


def test_a_command_that_has_ended_is_not_broken_off_on_its_way_out(monkeypatch):
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.setattr(cli, "commands", lambda: lambda: sys.exit(3))
    try:
        with pytest.raises(SystemExit) as caught:
            cli.program()
        os.kill(os.getpid(), signal.SIGINT)
        assert caught.value.code == 3
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
