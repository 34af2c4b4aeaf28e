"""A whole small review on both databases: the same answers, and a log that gives the same state again."""

from pathlib import Path

from projects import ANN, BOB, LEAD, as_person, begin, entries, import_text, ris, screened, tick, write_tables
from stromata import reporting, review


def test_from_import_to_report(bare: str, tmp_path: Path) -> None:
    with screened(tmp_path, database=bare) as project:
        import_text(project, tmp_path, "again.ris", ris(entries()[0]))
        assert [merge.rule for merge in review.find_duplicates(project).merges] == ["identical"]
        review.load_studies(project, write_tables(tmp_path / "tables"))
        responders, deaths, _ = review.run_plans(project)
        assert (responders.k, deaths.k) == (2, 0)
        content, text = review.report_content(project), review.report_html(project)
        assert reporting.lineage_gaps(content, text) == ()
        assert all(equation.holds for equation in reporting.check(content.flow))
        assert content.flow.duplicates_removed == 1
    found = review.verify(tmp_path, database=bare)
    assert (found.ok, found.differences) == (True, ())
    with review.open_project(tmp_path, actor=LEAD, clock=tick(), database=bare) as project:
        assert review.syntheses(project) == (responders, deaths, review.syntheses(project)[2])


def test_keys_are_found_and_blinding_holds(bare: str, tmp_path: Path) -> None:
    with begin(tmp_path, database=bare) as project:
        import_text(project, tmp_path, "search.ris", ris(*entries()))
        for key in ("10.5555/1", "HTTPS://DOI.ORG/10.5555/1", entries()[0]["TI"].upper()):
            assert review.reference(project, key).merged.doi == "10.5555/1"
        review.decide(as_person(project, ANN), "10.5555/1", "include", stage="title-abstract")
        seen = review.standings(as_person(project, BOB), stage="title-abstract")
        assert [item.decisions for item in seen] == [(), (), ()]


def test_duplicates_are_found_import_by_import(bare: str, tmp_path: Path) -> None:
    def held() -> set[frozenset[str]]:
        with project.store.snapshot(project.id) as view:
            return {frozenset(records) for _, records in view.references()}

    with begin(tmp_path, database=bare) as project:
        import_text(project, tmp_path, "a.ris", ris(*entries()))
        assert review.find_duplicates(project).merges == ()
        cache = project.store.files.folder.with_name(f"duplicates-{project.id}.cache")
        first = cache.read_bytes()
        import_text(
            project, tmp_path, "b.ris", ris(entries()[1] | {"TI": entries()[1]["TI"].upper()}, {"TI": "A new one"})
        )
        assert len(review.find_duplicates(project).merges) == 1
        assert cache.read_bytes() != first
        in_parts = held()
        assert (len(in_parts), max(map(len, in_parts))) == (len(entries()) + 1, 2)
        assert review.find_duplicates(project).merges == ()
        cache.unlink()
        assert review.find_duplicates(project, anew=True).merges == ()
        assert held() == in_parts
