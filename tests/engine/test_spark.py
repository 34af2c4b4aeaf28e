"""Spark as an engine: what all engines do, and the whole search with the same result as DuckDB's."""

import os

import pytest

from dedupe.records import entries
from engine import engines
from engine.engines import EXPECTED, exercise
from stromata.dedupe.search import search
from stromata.engine import Settings, open_engine
from stromata.screening import engine_features, features
from stromata.screening.documents import Document

QUICK = {
    "spark.worker.timeout": "600",  # on a busy machine an executor may be silent for a minute
    "spark.network.timeout": "600s",
    # Small plans are run as they are: to optimise or compile them takes longer than they do.
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}


@pytest.fixture
def spark(tmp_path):
    try:
        from pyspark import cloudpickle
    except ImportError as error:
        if "spark" in os.environ.get("STROMATA_REQUIRE", "").split(","):
            pytest.fail(f"spark is required, but {error.name} is not installed")
        pytest.skip("pyspark is not installed")
    cloudpickle.register_pickle_by_value(engines)  # executors cannot import the tests
    settings = Settings(memory_mb=1024, folder=tmp_path)
    with open_engine("spark", settings=settings, master="local-cluster[2,1,1024]", options=QUICK) as engine:
        yield engine
    assert list(tmp_path.iterdir()) == []


def documents():
    """Return the texts of the records, each several times over with words of its own."""
    return [
        Document(f"{id_}/{time}", record.title, f"{record.abstract} word{time} {record.title}")
        for time in range(5)
        for id_, record in entries()
    ]


def told(engine):
    found = search(entries(), engine=engine)
    return found.merged, [*found.clusters()], [*found.merges()], [*found.asked()], [*found.relatives()]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # py4j leaves its sockets to the interpreter's end
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_two_executors_do_what_duckdb_does(spark):
    with open_engine() as duck:
        expected, there = exercise(duck), told(duck)
    assert expected.keys() > EXPECTED.keys()
    assert exercise(spark) == expected
    here = told(spark)
    for ours, theirs in zip(here, there, strict=True):
        assert ours == theirs
    assert there[0] > 5
    (ids, read), (others, alone) = engine_features.read(spark, documents()), features.read(documents())
    assert ids == others
    assert [read.term(place) for place in range(len(read.keys))] == [
        alone.term(place) for place in range(len(read.keys))
    ]
    assert len(read.keys) == len(alone.keys) > 50
    assert (read.idf == alone.idf).all()
    assert (read.rows.indptr == alone.rows.indptr).all()
    assert (read.rows.indices == alone.rows.indices).all()
    assert read.rows.data == pytest.approx(alone.rows.data, abs=1e-6)
