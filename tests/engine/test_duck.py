"""DuckDB as an engine: what all engines do, memory that is bounded, folders that are cleared."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from engine.engines import EXPECTED, NUMBERS, exercise, numbers, rows
from stromata.engine import Settings, open_engine
from stromata.errors import StoreError


@pytest.mark.parametrize("on_disk", [False, True])
def test_it_does_what_an_engine_does(tmp_path, on_disk):
    with open_engine(settings=Settings(memory_mb=256, threads=1, folder=tmp_path if on_disk else None)) as engine:
        found = exercise(engine)
    squares = found.pop("squares")
    assert found == EXPECTED
    assert [(row["place"], row["square"], row["small"], row["even"]) for row in squares] == [
        (n, n * n, n % 8, n % 8 == 3) for n in (1, 3, 5, 7, 9, 11)
    ]


def test_two_engines_do_not_see_each_others_tables(tmp_path):
    settings = Settings(memory_mb=256, folder=tmp_path)
    with open_engine(settings=settings) as one, open_engine(settings=settings) as two:
        one.insert("numbers", [numbers(0, 2)], NUMBERS)
        two.insert("numbers", [numbers(5, 6)], NUMBERS)
        assert rows(one, "SELECT count(*) AS n FROM numbers") == [{"n": 2}]
        assert len(list(tmp_path.iterdir())) == 2


def test_the_folder_is_cleared_even_after_an_error(tmp_path):
    def broken():
        yield numbers(0, 2)
        raise ZeroDivisionError

    engine = open_engine(settings=Settings(memory_mb=256, folder=tmp_path))
    with pytest.raises(ZeroDivisionError), engine:
        engine.insert("numbers", broken(), NUMBERS)
    assert list(tmp_path.iterdir()) == []


def fill(engine, count):
    schema = pa.schema([("place", pa.int64()), ("text", pa.string())])
    for start in range(0, count, 10_000):
        places = range(start, start + 10_000)
        texts = [f"{place * 7919 % 1_000_003:07}" * 40 for place in places]
        engine.insert("wide", [pa.RecordBatch.from_arrays([pa.array(places), pa.array(texts)], schema=schema)], schema)
    engine.run(
        "sorted", "SELECT *, row_number() OVER (PARTITION BY substr(text, 1, 2) ORDER BY text) AS rank FROM wide"
    )
    return rows(engine, "SELECT count(*) AS n, max(length(text)) AS longest FROM sorted")


@pytest.mark.slow
def test_what_exceeds_the_memory_spills_to_the_folder(tmp_path):
    with open_engine(settings=Settings(memory_mb=256, threads=1, folder=tmp_path)) as engine:
        assert fill(engine, 700_000) == [{"n": 700_000, "longest": 280}]


@pytest.mark.slow
def test_without_a_folder_it_says_that_it_may_not_spill():
    with open_engine(settings=Settings(memory_mb=256, threads=1)) as engine, pytest.raises(StoreError) as caught:
        fill(engine, 1_500_000)
    assert "folder" in caught.value.hint


_FILLS = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from engine.engines import NUMBERS, numbers
from stromata.engine import Settings, open_engine
from stromata.errors import StoreError
try:
    with open_engine(settings=Settings(memory_mb=256, threads=1, folder=Path(sys.argv[1]))) as engine:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        engine.insert("numbers", (numbers(place, place + 100_000) for place in range(0, 3_000_000, 100_000)), NUMBERS)
except StoreError as error:
    print(error.message, error.hint)
"""


def test_a_disk_that_is_full_is_told_in_words(tmp_path):
    tests = str(Path(__file__).parent.parent)
    command = [sys.executable, "-c", _FILLS, str(tmp_path), tests]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "DuckDB has run out of room" in done.stdout
    assert "clear the disk" in done.stdout
