"""The board of one reference and the board of all say the same."""

from projects import ANN, screened
from stromata import review
from stromata.review.board import Board


def test_one_and_all_agree(tmp_path):
    with screened(tmp_path) as project, project.store.snapshot(project.id) as view:
        whole = Board(view)
        for stage, found in whole.standings().items():
            for id_, standing in found.items():
                assert Board(view, only=id_).standing(id_, stage) == standing


def test_of_two_verdicts_by_one_person_on_merged_references_the_later_counts(tmp_path):
    with screened(tmp_path) as project:
        left, right = (review.reference(project, f"10.5555/{number}").id for number in (1, 3))
        review.merge(project, left, (right,), reason="for the test")
        with project.store.snapshot(project.id) as view:
            found = Board(view).standing(left, "title-abstract")
        verdicts = {item.reviewer: item.verdict for item in found.decisions}
        assert verdicts[ANN] == "exclude"
        assert found.state == "excluded"
