"""Plans run on a review: only what was included enters, and nothing is written twice."""

import pytest

from projects import ANN, as_person, screened
from stromata import review
from stromata.errors import NotAllowed, NotFound

FILES = {
    "studies.csv": "id,title,condition,design,year,first_author,links\n"
    "a,A,psoriasis,single-arm,2019,Ames,10.5555/1\nb,B,lupus,single-arm,2020,Brook,10.5555/2\n"
    "c,C,lupus,single-arm,2021,Cole,10.5555/3\n",
    "arms.csv": "id,study,label,role,n,product_class\na1,a,cells,intervention,17,msc\nb1,b,cells,intervention,6,msc\n"
    "c1,c,cells,intervention,9,msc\n",
    "outcomes.csv": "id,study,kind,weeks\nao,a,response,26\nbo,b,response,24\nco,c,response,24\n",
    "data.csv": "study,arm,outcome,events,total,address\na,a1,ao,8,17,https://example.org/a\n"
    "b,b1,bo,6,6,https://example.org/b\nc,c1,co,9,9,https://example.org/c\n",
}


@pytest.fixture
def project(tmp_path):
    with screened(tmp_path) as opened:
        folder = tmp_path / "tables"
        folder.mkdir()
        for name, text in FILES.items():
            (folder / name).write_text(text, encoding="utf-8")
        review.load_studies(opened, folder)
        yield opened


def test_only_included_studies_enter_and_numbers_lead_to_data_points(project):
    responders, *_ = review.run_plans(project)
    assert [effect.study for effect in responders.effects] == ["a", "b"]
    assert [(item.study, item.code) for item in responders.left_out] == [("c", "not-included")]
    ids = {point.id for point in review.studies(project).data_points}
    assert all(set(effect.data_points) <= ids for effect in responders.effects)
    assert [label for label, _ in responders.subgroups] == ["Psoriasis", "Lupus"]
    assert (responders.plan, responders.title) == ("responders", "Responders")


def test_a_plan_without_data_says_so(project):
    (deaths,) = review.run_plans(project, ["deaths"])
    assert (deaths.k, deaths.estimate) == (0, None)
    assert "outcome-not-reported" in [caution.code for caution in deaths.cautions]


def test_an_unchanged_result_is_not_written_again(project):
    first = review.run_plans(project)
    before = review.info(project).events
    assert review.run_plans(project) == first
    assert review.info(project).events == before
    assert review.syntheses(project) == first


def test_only_the_lead_runs_and_only_known_plans(project):
    with pytest.raises(NotAllowed):
        review.run_plans(as_person(project, ANN))
    with pytest.raises(NotFound, match="there are: responders"):
        review.run_plans(project, ["cures"])
