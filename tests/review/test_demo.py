"""The shipped review, end to end: answers, flow, lineage, and a log that gives the same state again."""

from shutil import copytree

import pytest

from command import Command
from projects import tick
from stromata import reporting, review
from stromata.errors import Conflict
from stromata.review.demo import TITLE


@pytest.fixture(scope="module")
def demo(shipped, tmp_path_factory):
    folder, made = shipped
    return copytree(folder, tmp_path_factory.mktemp("demo") / "copy"), made


@pytest.fixture
def project(demo):
    with review.open_project(demo[0], actor="tester", clock=tick()) as opened:
        yield opened


def test_the_demo_verifies(demo):
    folder, made = demo
    found = review.verify(folder)
    assert (found.ok, found.events) == (True, made.events)
    assert made.references < made.records


def test_every_number_leads_to_its_source(project, demo):
    content = review.report_content(project)
    text = (demo[0] / "report.html").read_text(encoding="utf-8")
    assert reporting.lineage_gaps(content, text) == ()
    used = {id_ for result in content.syntheses for effect in result.effects for id_ in effect.data_points}
    points = {point.id: point for point in content.tables.data_points}
    assert used
    assert all(points[id_].evidence.address or points[id_].evidence.reference for id_ in used)


def test_each_result_says_how_far_it_can_be_relied_on(project, demo):
    content = review.report_content(project)
    shown = {each.synthesis: each for each in content.sensitivity}
    assert list(shown) == [each.id for each in content.syntheses if each.k]
    assert {key for key, each in shown.items() if each.funnel} == {each.id for each in content.syntheses if each.k > 9}
    assert any(each.left_out for each in shown.values())
    text = (demo[0] / "report.html").read_text(encoding="utf-8")
    assert all(f'id="funnel-{key}"' in text for key, each in shown.items() if each.funnel)


def test_the_flow_adds_up_and_agrees_with_the_study_tables(project):
    content = review.report_content(project)
    assert all(equation.holds for equation in reporting.check(content.flow))
    assert content.flow.included_studies == len(content.tables.studies)
    assert content.flow.duplicates_removed > 0


def test_each_published_claim_is_answered_or_the_reason_is_given(project):
    for item in review.report_content(project).claims:
        assert item.result is not None or item.why_not, item.claim.id


def test_no_study_enters_a_pool_twice_and_no_cohort_either(project):
    content = review.report_content(project)
    cohorts = {study.id: study.cohort or study.id for study in content.tables.studies}
    for result in content.syntheses:
        entered = [cohorts[effect.study] for effect in result.effects]
        assert len(entered) == len(set(entered)), result.plan


def test_products_are_not_mixed(project):
    content = review.report_content(project)
    plans = {plan.id: plan for plan in content.protocol.plans}
    arms = {arm.id: arm for arm in content.tables.arms}
    points = {point.id: point for point in content.tables.data_points}
    for result in content.syntheses:
        allowed = plans[result.plan].products
        for effect in result.effects:
            used = [arms[points[id_].arm] for id_ in effect.data_points]
            treated = [arm for arm in used if arm.role == "intervention"]
            assert treated
            assert all(not allowed or (arm.product and arm.product.product_class in allowed) for arm in treated)


def test_only_an_earlier_demo_is_replaced(tmp_path):
    with review.create(tmp_path, "Somebody's review", actor="somebody", clock=tick()):
        pass
    with pytest.raises(Conflict, match="not the demonstration"):
        review.run_demo(tmp_path, actor="tester", clock=tick(), force=True)
    with review.open_project(tmp_path, actor="somebody", clock=tick()) as project:
        assert review.info(project).title == "Somebody's review"


def test_a_second_demo_needs_to_be_asked_for(demo, monkeypatch, capsys):
    folder, made = demo
    with pytest.raises(Conflict, match="already"):
        review.run_demo(folder, actor="tester", clock=tick())
    again = Command(monkeypatch, capsys)("--as", "tester", "demo", "--dir", folder, "--force", "--json").json
    assert again["references"] == made.references
    with review.open_project(folder, actor="tester", clock=tick()) as project:
        assert review.info(project).title == TITLE
