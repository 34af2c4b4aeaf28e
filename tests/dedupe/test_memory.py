"""The memory of earlier searches: nothing is found otherwise for it, and nothing wrong in its file does harm."""

import random
from pathlib import Path

import pytest

from dedupe.records import record, works
from stromata.dedupe import memory as stage
from stromata.dedupe import recalled
from stromata.dedupe.search import search
from stromata.engine import Settings, open_engine
from stromata.model import Name


def library(seed: int):
    """Return records in an order that the seed gives: works, copies, crowded blocks, a supplement's DOI, a column."""
    draw = random.Random(seed)
    found = list(works())
    at = len(found)
    topics = ("skin", "nerve", "lung", "gut", "eye", "joint", "heart", "liver", "bone", "kidney")
    for number in range(40):  # titles that begin alike: more than one block may hold
        topic = topics[number % len(topics)]
        found.append(
            record(
                at + number + 1, title=f"Mesenchymal stromal cell therapy of the {topic} {topic}s {number // 3}",
                authors=(Name(f"Family{number // 2}", "A"),), year=2015 + number % 3, volume=str(number // 2),
                pages=f"{number // 2}1-9", doi="10.1000/supplement" if number % 4 == 0 else "",
            )
        )  # fmt: skip
    at = len(found)
    found += [record(at + number + 1, title="Editor's comments", year=2001 + number, volume="1", pages="1-2")
              for number in range(5)]  # fmt: skip
    at = len(found)
    found += [record(at + number + 1, volume="4", pages="12-19") for number in range(6)]
    draw.shuffle(found)
    return found


def ids(records):
    return [(item.id, item) for item in records]


def told(found):
    return list(found.clusters()), list(found.merges()), list(found.asked()), list(found.relatives()), found.merged


def run(entries, path: Path | None = None, parts: tuple[str, ...] = (), **options):
    """Search with the memory in `path`, or without; return what was found and how many pairs were compared."""
    with open_engine(settings=Settings(memory_mb=512, threads=1)) as engine:
        if path is None:
            return told(search(entries, engine=engine, **options)), engine_count(engine)
        with recalled(path, of=parts) as memory:
            found = search(entries[memory.records :], engine=engine, memory=memory, **options)
            answer = told(found), engine_count(engine)
            found.remember(memory)
            return answer


def engine_count(engine) -> int:
    return next(engine.read("SELECT count(*) AS n FROM pairs")).column("n")[0].as_py()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_search_with_a_memory_finds_what_one_without_finds(tmp_path, seed):
    draw, entries = random.Random(seed), ids(library(seed))
    names = [id_ for id_, _ in entries]
    ends = sorted({*draw.sample(range(2, len(entries)), 3), len(entries)})
    apart, settled = set(), {}
    for part, end in enumerate(ends, start=1):
        options = {"apart": frozenset(apart), "settled": dict(settled)}
        path, parts = tmp_path / "memory", tuple(map(str, ends[:part]))
        with_memory, compared = run(entries[:end], path, parts, **options)
        without, all_pairs = run(entries[:end], **options)
        assert with_memory == without
        assert compared <= all_pairs
        # What was found is settled, and a person says something more: the next search rests on it.
        settled |= {id_: cluster for id_, cluster, _ in without[0] if id_ != cluster}
        one, other = draw.sample(names[:end], 2)
        if settled.get(one, one) != settled.get(other, other):
            apart.add(frozenset((one, other)))


def test_only_what_is_new_is_compared(tmp_path):
    entries = ids(library(4))
    path = tmp_path / "memory"
    _, first = run(entries, path, ("a",))
    assert first > 100
    _, again = run(entries, path, ("a",))
    assert again == 0
    before = path.read_bytes()
    _, one_more = run([*entries, ("new", record(500, volume="4", pages="12-19"))], path, ("a", "b"))
    assert 0 <= one_more < 20
    assert path.read_bytes() != before


def test_a_decision_is_not_recalled_when_the_collection_has_changed_what_it_rests_on(tmp_path):
    def titled(number, title):
        return record(number, title=title, authors=(), year=None, journal="", doi="10.1000/meeting")

    pair = ids([titled(1, "Cells of the skin in adults"), titled(2, "Cells of the skin of adults")])
    more = ids([titled(3, "Nerve growth in mice"), titled(4, "Bone marrow in rats"), titled(5, "Lungs and dust")])
    path = tmp_path / "memory"
    run(pair, path, ("a",))
    after, compared = run(pair + more, path, ("a", "b"))
    assert compared >= 1  # the DOI is a container's now
    assert after == run(pair + more)[0]


def test_a_memory_of_other_parts_or_of_another_method_is_empty(tmp_path, monkeypatch):
    entries, path = ids(library(5))[:20], tmp_path / "memory"
    run(entries, path, ("a", "b"))
    with recalled(path, of=("a", "b", "c")) as memory:
        assert (memory.parts, memory.records) == (2, 20)
    for of in (("a",), ("b", "a"), ("a", "c"), ()):
        with recalled(path, of=of) as memory:
            assert (memory.parts, memory.records) == (0, 0)
    with recalled(path, of=("a", "b"), anew=True) as memory:
        assert memory.records == 0
    monkeypatch.setattr(stage, "fingerprint", lambda: "another")
    with recalled(path, of=("a", "b")) as memory:
        assert memory.records == 0


def test_damage_anywhere_in_the_file_never_changes_the_result(tmp_path):
    entries, path = ids(library(6))[:30], tmp_path / "memory"
    right, _ = run(entries, path, ("a",))
    checked = 0
    sound = path.read_bytes()
    draw = random.Random(6)
    for place in (*draw.sample(range(len(sound)), 25), *draw.sample(range(len(sound) - 400, len(sound)), 25)):
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 1 << draw.randrange(8)]) + sound[place + 1 :])
        with recalled(path, of=("a",)) as memory:
            assert memory.records in {0, 30}
            usable = memory.records == 30
        if usable and checked < 3:  # the byte means nothing
            checked += 1
            assert run(entries, path, ("a",))[0] == right
    for length in (0, 10, len(sound) // 2, len(sound) - 1):
        path.write_bytes(sound[:length])
        with recalled(path, of=("a",)) as memory:
            assert memory.records == 0
    path.unlink()
    path.mkdir()
    assert run(entries, path, ("a",))[0] == right


def test_a_file_that_cannot_be_written_costs_nothing_but_time(tmp_path):
    entries = ids(library(7))[:20]
    assert run(entries, tmp_path / "nowhere" / "memory", ("a",))[0] == run(entries)[0]


def test_what_a_killed_run_left_is_swept_away_and_what_stood_there_is_whole(tmp_path):
    entries, path = ids(library(8))[:20], tmp_path / "memory"
    run(entries[:10], path, ("a",))
    (tmp_path / ".memory.0badc0de.partial").write_bytes(b"half")
    (tmp_path / ".other.0badc0de.partial").write_bytes(b"another's")
    with recalled(path, of=("a",)) as memory:
        assert memory.records == 10
    run(entries, path, ("a", "b"))
    assert sorted(item.name for item in tmp_path.iterdir()) == [".other.0badc0de.partial", "memory"]


def test_a_memory_that_is_replaced_meanwhile_is_read_to_its_end(tmp_path):
    entries, path = ids(library(9))[:20], tmp_path / "memory"
    right, _ = run(entries, path, ("a",))
    with open_engine(settings=Settings(memory_mb=512, threads=1)) as engine, recalled(path, of=("a",)) as memory:
        run(entries[:5], path, ("z",))  # another process
        assert told(search([], engine=engine, memory=memory)) == right
