"""Verdicts and labels from files: good rows go in, bad ones are named, nothing is half done."""

import pytest

from projects import ANN, BOB, LEAD, as_person, begin, entries, import_text, ris
from stromata import review
from stromata.errors import NotAllowed, Unreadable
from stromata.screening import asreview

TA = "title-abstract"


@pytest.fixture
def project(tmp_path):
    with begin(tmp_path) as opened:
        import_text(opened, tmp_path, "search.ris", ris(*entries()))
        yield opened


def file_of(tmp_path, text, name="v.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def project_file(tmp_path):
    known = [
        asreview.Item(number, title=entry["TI"], doi=entry["DO"] if number else "")
        for number, entry in enumerate(entries())
    ]
    items = (*known, asreview.Item(3, title="Nowhere in this review"))
    verdicts = tuple(asreview.Given(number, label, time=float(number)) for number, label in ((1, 1), (0, 0), (3, 1)))
    path = tmp_path / "lab.asreview"
    path.write_bytes(asreview.write_project(asreview.Project("lab", items, verdicts)))
    return path


def test_unknown_references_and_reasons_are_named_and_the_rest_goes_in(project, tmp_path):
    path = file_of(
        tmp_path,
        "key,stage,reviewer,verdict,reasons,note\n"
        "10.5555/1,title-abstract,ann,include,,\n"
        "10.9999/none,title-abstract,ann,include,,\n"
        "10.5555/2,title-abstract,ann,exclude,boring,\n"
        "10.5555/2,title-abstract,stranger,exclude,,\n",
    )
    done, problems = review.import_decisions(project, path)
    assert done == 1
    assert [(item.line, item.code) for item in problems] == [(3, "not-found"), (4, "invalid"), (5, "not-allowed")]


def test_verdicts_of_an_asreview_project_become_decisions_of_a_reviewer(project, tmp_path):
    done, problems = review.import_decisions(project, project_file(tmp_path), reviewer=ANN)
    assert done == 2
    assert [item.line for item in problems] == [4]
    seen = {
        decision.reference: decision.verdict
        for item in review.standings(as_person(project, ANN), stage=TA)
        for decision in item.decisions
    }
    assert seen == {
        review.reference(project, "10.5555/1").id: "exclude",
        review.reference(project, "10.5555/2").id: "include",
    }
    assert all(item.decisions == () for item in review.standings(as_person(project, BOB), stage=TA))


def test_an_asreview_project_gives_priors_and_decides_nothing(project, tmp_path):
    done, problems = review.import_priors(project, project_file(tmp_path))
    assert (done, len(problems)) == (2, 1)
    with project.store.snapshot(project.id) as view:
        assert {item.relevance for item in view.priors()} == {0.0, 1.0}
        assert view.decisions() == ()


def test_priors_of_a_table(project, tmp_path):
    path = file_of(tmp_path, "key,label\n10.5555/1,1\n10.9999/none,0\n10.5555/2,2\n")
    done, problems = review.import_priors(project, path)
    assert done == 1
    assert [item.line for item in problems] == [3, 4]


def test_a_reference_that_is_labelled_both_ways_gets_no_label(project, tmp_path):
    same, other = review.reference(project, "10.5555/1").id, review.reference(project, "10.5555/2").id
    path = file_of(tmp_path, f"key,label\n10.5555/1,1\n10.5555/2,1\n{same},1\n{other},0\n")
    done, (problem,) = review.import_priors(project, path)
    assert done == 1
    assert (problem.line, problem.column) == (5, "label")
    assert "0 here and 1 in line 3; neither counts" in problem.text
    with project.store.snapshot(project.id) as view:
        assert [(item.reference, item.relevance) for item in view.priors()] == [(same, 1.0)]


def test_labels_of_nothing_here_leave_no_event(project, tmp_path):
    before = review.info(project).events
    done, problems = review.import_priors(project, file_of(tmp_path, "key,label\n10.9999/none,1\n"))
    assert (done, len(problems)) == (0, 1)
    assert review.info(project).events == before


def test_only_the_lead_imports_and_only_what_is_there(project, tmp_path):
    with pytest.raises(NotAllowed):
        review.import_priors(as_person(project, ANN), file_of(tmp_path, "key,label\n10.5555/1,1\n"))
    with pytest.raises(Unreadable, match="there is no file"):
        review.import_priors(project, tmp_path / "none.csv")
    with pytest.raises(Unreadable, match="no column label"):
        review.import_priors(project, file_of(tmp_path, "key\n10.5555/1\n"))
    assert project.actor == LEAD
