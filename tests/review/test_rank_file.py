"""The file of the newest ranking: whole or not there, never a burden when it is damaged."""

import pytest

from projects import begin
from stromata.review import rank_file
from stromata.review.rank_file import Ranked, RankingInfo

TA = "title-abstract"
INFO = RankingInfo("7-abc", TA, "default", "1", 0, 7, 2, 0)
ORDER = (Ranked("b.2", 1, 0.1 + 0.2), Ranked("b.1", 2, -1e-300))


@pytest.fixture
def project(tmp_path):
    with begin(tmp_path) as opened:
        yield opened


def path_of(project):
    return next((project.store.files.folder.parent / rank_file.FOLDER).glob("*.ranking"))


def test_a_ranking_comes_back_as_it_was(project):
    rank_file.save(project, INFO, ORDER)
    assert rank_file.read_info(project, TA) == INFO
    with rank_file.opened(project, TA) as held:
        info, order = held
        assert (info, tuple(order)) == (INFO, ORDER)


def test_there_is_none_at_first_and_stages_are_apart(project):
    assert rank_file.read_info(project, TA) is None
    rank_file.save(project, INFO, ORDER)
    assert rank_file.read_info(project, "full-text") is None


@pytest.mark.parametrize("damage", [b"", b"{}\n", b"\xff\xfe\n", b'{"id": 3}\n', b"x" * 100])
def test_a_damaged_file_counts_as_none(project, damage):
    rank_file.save(project, INFO, ORDER)
    path_of(project).write_bytes(damage)
    assert rank_file.read_info(project, TA) is None
    with rank_file.opened(project, TA) as held:
        assert held is None


def test_a_new_ranking_takes_the_place_of_one_that_is_being_read(project):
    rank_file.save(project, INFO, ORDER)
    with rank_file.opened(project, TA) as held:
        rank_file.save(project, INFO, ORDER[::-1])
        assert tuple(held[1]) == ORDER
    assert [path.suffix for path in path_of(project).parent.iterdir()] == [".ranking"]


def test_one_process_at_a_time_keeps_the_ranking(project):
    with rank_file.alone(project, TA) as first, rank_file.alone(project, TA) as second:
        assert (first, second) == (True, False)
    with rank_file.alone(project, TA) as again:
        assert again
