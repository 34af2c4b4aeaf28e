"""The search on an engine: clusters, copies, what was there before, and what a person has settled."""

import random

import pytest

from dedupe.records import entries, record, works
from stromata.dedupe.search import IDENTICAL, search
from stromata.engine import Settings, open_engine
from stromata.errors import InvalidInput


@pytest.fixture
def engine():
    with open_engine(settings=Settings(memory_mb=512, threads=1)) as opened:
        yield opened


def groups(found) -> set[frozenset[str]]:
    members: dict[str, set[str]] = {}
    for id_, cluster, _ in found.clusters():
        members.setdefault(cluster, set()).add(id_)
    return {frozenset(group) for group in members.values() if len(group) > 1}


def run(records, **options):
    with open_engine(settings=Settings(memory_mb=512, threads=1)) as opened:
        found = search(((item.id, item) for item in records), engine=opened, **options)
        return groups(found), list(found.merges()), list(found.asked())


def ids(*numbers: int) -> frozenset[str]:
    return frozenset(record(number).id for number in numbers)


def test_the_forms_of_a_work_are_one_cluster_and_its_relatives_are_linked(engine):
    found = search(entries(), engine=engine)
    assert groups(found) == {ids(*range(start, start + 4)) for start in (1, 7, 13, 19)}
    relations = {(one.left in ids(1, 2, 3, 4), one.right): one.relation for one in found.relatives()}
    assert relations[True, record(5).id] == "erratum-of"
    assert {how for _, _, how in found.clusters()} == {"first", "evidence", "copy", "alone"}
    assert [id_ for id_, _, _ in found.clusters()] == [item.id for item in works()]
    assert (found.records, found.known, found.merged) == (26, 0, 12)


def test_a_merge_names_its_evidence_and_its_copies(engine):
    merges = list(search(entries(), engine=engine).merges())
    assert [merge.into for merge in merges] == [record(number).id for number in (1, 7, 13, 19)]
    assert merges[0].merged == tuple(record(number).id for number in (2, 3, 4))
    assert "DOI" in merges[0].evidence
    assert IDENTICAL in merges[0].evidence
    assert merges[0].rule == "weights"


def test_a_record_that_came_forty_times_is_one_reference(engine):
    copies = [record(number, volume="4", pages="12-19") for number in range(1, 41)]
    found = search(((item.id, item) for item in copies), engine=engine)
    (merge,) = found.merges()
    assert (merge.into, len(merge.merged), merge.rule, merge.evidence) == (copies[0].id, 39, "identical", IDENTICAL)


def test_equal_editorials_are_no_copies_of_each_other():
    assert run([record(number, title="Editorial") for number in range(1, 9)])[0] == set()


def test_copies_follow_their_first_into_its_cluster_however_many_they_are(engine):
    copies = [record(number, volume="4", pages="12-19", doi="10.1000/x") for number in range(2, 302)]
    others = [
        record(1, volume="4", pages="12-19"),
        record(400, title="STROMAL cells for plaque psoriasis: in adults", doi="10.1000/x"),
    ]
    found = search(((item.id, item) for item in (*others, *copies)), engine=engine)
    (merge,) = found.merges()
    assert (merge.into, len(merge.merged)) == (others[0].id, 301)


def test_a_newcomer_may_bring_two_clusters_of_before_together(tmp_path):
    one, two = (
        record(1, doi="10.1000/x", volume="", pages=""),
        record(2, title="Cells", doi="", volume="4", pages="12-19"),
    )
    path = kept(tmp_path / "kept.parquet", [one, two], apart=())
    bridge = record(3, doi="10.1000/x", volume="4", pages="12-19")
    found, merges, _ = run([bridge], against=path)
    assert len(found) == 1
    assert all(merge.into == one.id for merge in merges)


def test_copies_that_a_person_parted_stay_apart():
    copies = [record(number, volume="4", pages="12-19") for number in (1, 2, 3)]
    found, _, asked = run(copies, apart=[ids(1, 2)])
    assert not [group for group in found if ids(1, 2) <= group]
    assert all({one.left, one.right} != ids(1, 2) for one in asked)


def test_the_order_of_input_plays_no_part():
    forward = list(works())
    shuffled = forward.copy()
    random.Random(5).shuffle(shuffled)
    one, two = run(forward), run(shuffled)
    assert one[0] == two[0]
    assert len(one[2]) == len(two[2])


def test_nothing_in_gives_nothing_out(engine):
    found = search((), engine=engine)
    assert (found.records, found.merged, found.questions) == (0, 0, 0)
    assert [*found.clusters(), *found.merges(), *found.asked(), *found.relatives()] == []


def kept(path, records, **options):
    with open_engine(settings=Settings(memory_mb=512, threads=1)) as opened:
        search(((item.id, item) for item in records), engine=opened, **options).keep(path)
    return path


def test_new_records_are_matched_against_what_was_kept(tmp_path):
    everything = list(works())
    old, new = everything[:14], everything[14:]
    path = kept(tmp_path / "kept.parquet", old)
    found, merges, _ = run(new, against=path)
    assert found == run(everything)[0], "in two imports as in one"
    assert [merge.into for merge in merges] == [record(13).id, record(19).id], "old merges are not reported again"
    assert merges[0].merged == (record(15).id, record(16).id)


def test_what_was_there_is_not_searched_among_itself_again(tmp_path):
    path = kept(tmp_path / "kept.parquet", [record(1)])
    longer = kept(tmp_path / "longer.parquet", [record(2)], against=path)
    assert run([record(9, title="Quite another study of mice and men")], against=longer)[0] == {ids(1, 2)}
    alone = kept(tmp_path / "alone.parquet", [record(1), record(2)], apart=[ids(1, 2)])
    assert run([record(9, title="Quite another study of mice and men")], against=alone)[0] == set()


def test_what_a_person_merged_before_stays_merged(tmp_path):
    path = kept(tmp_path / "kept.parquet", [record(1, doi="10.1/a"), record(2, doi="10.1/b", volume="7", pages="1-9")])
    found, merges, _ = run(
        [record(3, title="Another study of cells in mice")], against=path, settled={record(2).id: record(1).id}
    )
    assert found == {ids(1, 2)}
    assert merges == []


def test_a_file_of_something_else_is_refused(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "other.parquet"
    pq.write_table(pa.table({"place": [1]}), path)
    with pytest.raises(InvalidInput, match=r"other\.parquet"):
        run([record(1)], against=path)


def test_progress_is_told_and_may_stop_the_search(engine):
    class StoppedError(Exception):
        pass

    seen = []

    def progress(done, total, note=""):
        seen.append(note)
        if note == "pairs compared":
            raise StoppedError

    with pytest.raises(StoppedError):
        search(entries(), engine=engine, progress=progress)
    assert seen == ["records read", "records blocked", "pairs compared"]


def test_a_pair_refused_for_its_cluster_is_asked_about_with_the_contradiction_that_refused_it():
    placed = {"volume": "3", "pages": "10-19"}
    sure = record(1, doi="10.1000/a", **placed), record(2, **placed), record(3, doi="10.1000/b", volume="3")
    united, _, (question,) = run(sure)
    assert united == {ids(1, 2)}
    assert (question.left, question.right, question.rule) == (sure[1].id, sure[2].id, "contradiction")
    assert f"would join {sure[0].id} and {sure[2].id}" in question.against
    assert "The DOIs differ: 10.1000/a and 10.1000/b." in question.against


def test_a_record_that_fits_two_that_contradict_each_other_is_asked_about_with_both():
    one, bridge, two = record(1, doi="10.1000/a"), record(2), record(3, doi="10.1000/b")
    united, _, asked = run([one, bridge, two])
    assert united == set()
    told = {(question.left, question.right): question for question in asked}
    assert told[one.id, two.id].rule == "doi"
    for pair in ((one.id, bridge.id), (bridge.id, two.id)):
        assert told[pair].rule == "contradiction"
        assert "not all of these can be one work" in told[pair].against
