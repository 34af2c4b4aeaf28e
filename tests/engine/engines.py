"""What every engine must do, run on each of them."""

import pyarrow as pa
import pyarrow.compute as pc

NUMBERS = pa.schema([("place", pa.int64()), ("word", pa.string())])
SQUARES = pa.schema(
    [("place", pa.int64()), ("square", pa.int64()), ("small", pa.int8()), ("even", pa.bool_()), ("score", pa.float32())]
)


def numbers(start: int, stop: int) -> pa.RecordBatch:
    places = list(range(start, stop))
    return pa.RecordBatch.from_arrays(
        [pa.array(places), pa.array([f"w{place % 3}" for place in places])], schema=NUMBERS
    )


def squared(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the squares of the odd places; even ones are left out."""
    place = batch.filter(pc.equal(pc.bit_wise_and(batch.column("place"), 1), 1)).column("place")
    small = pc.cast(pc.bit_wise_and(place, 7), pa.int8())
    columns = [
        place,
        pc.multiply(place, place),
        small,
        pc.equal(small, 3),
        pc.cast(pc.divide(pc.cast(place, pa.float64()), 3.0), pa.float32()),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SQUARES)


def rows(engine, sql):
    return [row for batch in engine.read(sql) for row in batch.to_pylist()]


def exercise(engine) -> dict[str, object]:
    """Use everything an engine can do; return what came out, to be compared between engines."""
    engine.insert("numbers", [numbers(0, 4), numbers(4, 6)], NUMBERS)
    engine.insert("numbers", iter([numbers(6, 10)]), NUMBERS)
    engine.insert("nothing", [], NUMBERS)
    engine.run("words", "SELECT word, count(*) AS times, max(place) AS last FROM numbers GROUP BY word")
    engine.run("numbers_copy", "SELECT * FROM numbers")
    engine.run(
        "numbers_copy", "SELECT place, word FROM numbers_copy WHERE place >= 5"
    )  # a table may follow from itself
    engine.map("squares", "SELECT place FROM numbers", squared, SQUARES)
    engine.map("no_squares", "SELECT place FROM nothing", squared, SQUARES)
    engine.insert("squares", [squared(numbers(11, 12))], SQUARES)
    batches = list(engine.read("SELECT place, word FROM numbers ORDER BY place DESC", rows=4))
    found = {
        "words": rows(engine, "SELECT * FROM words ORDER BY word"),
        "copy": rows(engine, "SELECT * FROM numbers_copy ORDER BY place"),
        "squares": rows(engine, "SELECT * FROM squares ORDER BY place"),
        "no squares": rows(engine, "SELECT count(*) AS n FROM no_squares"),
        "sizes": max(batch.num_rows for batch in batches) <= 4,
        "ordered": [place for batch in batches for place in batch.column("place").to_pylist()],
        "while reading": [
            rows(engine, f"SELECT word FROM numbers WHERE place = {place}")
            for batch in engine.read("SELECT last FROM words WHERE times = 4")
            for place in batch.column("last").to_pylist()
        ],
    }  # fmt: skip
    engine.drop("words")
    engine.drop("words")
    engine.insert("words", [numbers(0, 1)], NUMBERS)
    found["after drop"] = rows(engine, "SELECT * FROM words")
    return found


EXPECTED = {
    "words": [
        {"word": "w0", "times": 4, "last": 9},
        {"word": "w1", "times": 3, "last": 7},
        {"word": "w2", "times": 3, "last": 8},
    ],
    "copy": [{"place": n, "word": f"w{n % 3}"} for n in range(5, 10)],
    "no squares": [{"n": 0}],
    "sizes": True,
    "ordered": list(range(9, -1, -1)),
    "while reading": [[{"word": "w0"}]],
    "after drop": [{"place": 0, "word": "w0"}],
}
