"""The flow diagram's numbers, counted from what is stored."""

from projects import ANN, BOB, TITLES, as_person, begin, entries, import_text, ris, screened
from stromata import review
from stromata.reporting import check


def test_an_untouched_review_waits_for_screening(tmp_path):
    with begin(tmp_path) as project:
        import_text(project, tmp_path, "search.ris", ris(*entries()))
        counts = review.flow(project)
        assert (counts.screened, counts.awaiting_screening, counts.included_reports) == (0, 3, 0)
        assert all(equation.holds for equation in check(counts))


def test_a_screened_review_adds_up(tmp_path):
    with screened(tmp_path) as project:
        counts = review.flow(project)
        assert (counts.screened, counts.excluded_title_abstract, counts.sought, counts.assessed) == (3, 1, 2, 2)
        assert (counts.included_reports, counts.included_studies) == (2, 2)
        assert all(equation.holds for equation in check(counts))


def test_duplicates_leave_the_left_column_and_other_methods_have_their_own(tmp_path):
    with begin(tmp_path) as project:
        first, second, third = entries()
        import_text(project, tmp_path, "a.ris", ris(first, second))
        import_text(project, tmp_path, "b.ris", ris({**first, "TI": TITLES[0].upper()}))
        path = tmp_path / "site.ris"
        path.write_text(ris({**second, "N1": "seen on a site"}, third), encoding="utf-8")
        review.import_file(project, path, details=review.SourceDetails(kind="website", database="A site"))
        review.find_duplicates(project)
        counts = review.flow(project)
        assert counts.sources == (("a.ris", "database", 2), ("b.ris", "database", 1), ("A site", "website", 2))
        assert (counts.duplicates_removed, counts.awaiting_screening) == (1, 2)
        for person in (ANN, BOB):
            review.decide(as_person(project, person), "10.5555/3", "include", stage="title-abstract")
        counts = review.flow(project)
        assert (counts.sought, counts.other_sought, counts.other_awaiting_retrieval) == (0, 1, 1)
        assert all(equation.holds for equation in check(counts))


def test_one_reason_is_counted_and_lost_reports_are_shown(tmp_path):
    with begin(tmp_path) as project:
        import_text(project, tmp_path, "search.ris", ris(*entries()))
        for person in (ANN, BOB):
            for key in ("10.5555/1", "10.5555/2"):
                review.decide(as_person(project, person), key, "include", stage="title-abstract")
        review.record_retrieval(project, "10.5555/2", "not-retrieved")
        for person, reason in ((ANN, "design"), (BOB, "population")):
            review.decide(as_person(project, person), "10.5555/1", "exclude", stage="full-text", reasons=(reason,))
        counts = review.flow(project)
        assert counts.excluded_full_text == (("wrong people", 1),)
        assert (counts.not_retrieved, counts.assessed, counts.awaiting_screening) == (1, 1, 1)
        assert all(equation.holds for equation in check(counts))
