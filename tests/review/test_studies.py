"""Loading tables: whole or not at all, by those who may, with the tables kept."""

import pytest

from projects import ANN, as_person, begin
from stromata import review
from stromata.errors import NotAllowed

FILES = {
    "studies.csv": "id,title,condition,design,year,first_author,links\na,A,psoriasis,single-arm,2019,Ames,10.5555/1\n",
    "arms.csv": "id,study,label,role,n,product_class\na1,a,cells,intervention,17,msc\n",
    "outcomes.csv": "id,study,kind,weeks\nao,a,response,26\n",
    "data.csv": "study,arm,outcome,events,total,address\na,a1,ao,8,17,https://example.org/a\n",
}


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "tables"
    made.mkdir()
    for name, text in FILES.items():
        (made / name).write_text(text, encoding="utf-8")
    return made


@pytest.fixture
def project(tmp_path):
    with begin(tmp_path / "review") as opened:
        yield opened


def test_tables_go_in_as_one_event_and_are_kept_by_hash(project, folder):
    before = review.info(project).events
    found, problems = review.load_studies(project, folder)
    assert (problems, review.info(project).events) == ((), before + 1)
    assert review.studies(project) == found
    point = found.data_points[0]
    assert (point.evidence.file, point.evidence.line, point.evidence.column) == ("data.csv", 2, "events")
    names = dict(review.events(project, last=1)[0].payload["files"])
    with project.store.files.open(names["data.csv"]) as kept:
        assert kept.read() == (folder / "data.csv").read_bytes()


def test_a_bad_cell_keeps_everything_out_unless_part_is_asked_for(project, folder):
    (folder / "data.csv").write_text(FILES["data.csv"] + "a,a1,nothing,1,2,https://example.org\n", encoding="utf-8")
    before = review.info(project)
    _, problems = review.load_studies(project, folder)
    assert problems[0].line == 3
    assert review.info(project) == before
    _, problems = review.load_studies(project, folder, strict=False)
    assert problems
    assert len(review.studies(project).data_points) == 2


def test_loading_again_replaces_rows_by_id(project, folder):
    review.load_studies(project, folder)
    (folder / "data.csv").write_text(FILES["data.csv"].replace("8,17", "9,17"), encoding="utf-8")
    review.load_studies(project, folder)
    assert [point.value for point in review.studies(project).data_points] == [9, 17]


def test_reviewers_do_not_load(project, folder):
    with pytest.raises(NotAllowed, match="extractor"):
        review.load_studies(as_person(project, ANN), folder)
