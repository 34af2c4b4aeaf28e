from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from strategies import append, begin, import_records
from stromata import store as stores
from stromata.errors import NotFound, SchemaMismatch
from stromata.model import Extraction, Panel, Panellist, PanelSet, RoleGranted, StudyExtracted
from stromata.store import Store
from stromata.store.schema import REVISIONS, metadata


def test_a_database_is_made_where_there_is_none(bare: str, tmp_path: Path) -> None:
    files = tmp_path / "deep" / "files"
    with pytest.raises(NotFound, match="there is no stromata database"):
        stores.open_store(bare, files=files)
    assert not files.exists()
    with stores.create(bare, files=files) as made:
        assert made.reviews() == ()
        begin(made)
    with stores.create(bare, files=files) as again:
        assert [info.id for info in again.reviews()] == ["r"]
    with stores.open_store(bare, files=files) as opened:
        assert [info.id for info in opened.reviews()] == ["r"]


def test_the_migrations_make_the_tables_that_the_code_expects(bare: str, tmp_path: Path) -> None:
    with stores.create(bare, files=tmp_path) as made, made._engine.connect() as connection, connection.begin():
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        found = sa.inspect(connection)
        for table in metadata.sorted_tables:
            assert found.get_pk_constraint(table.name)["constrained_columns"] == [
                column.name for column in table.primary_key.columns
            ]
            assert len(found.get_foreign_keys(table.name)) == len(table.foreign_key_constraints)
        assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalars().all() == [REVISIONS[-1]]


def test_two_programs_may_make_the_same_database_at_once(bare: str, tmp_path: Path) -> None:
    errors: list[BaseException] = []

    def make() -> None:
        try:
            stores.create(bare, files=tmp_path / "files").close()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            errors.append(error)

    threads = [threading.Thread(target=make) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with stores.open_store(bare, files=tmp_path / "files") as opened:
        assert opened.verify().ok


def test_a_database_of_a_newer_schema_is_left_as_it_is(bare: str, tmp_path: Path) -> None:
    with stores.create(bare, files=tmp_path / "files") as made:
        begin(made)
        with made._engine.connect() as connection, connection.begin():
            connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    for opening in (stores.open_store, stores.create):
        with pytest.raises(SchemaMismatch, match="schema '9999'; this stromata knows schemas up to") as caught:
            opening(bare, files=tmp_path / "files")
        assert "upgrade" in caught.value.hint
        assert caught.value.exit_status == 9
    with sa.create_engine(_raw(bare)).connect() as connection:
        assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == "9999"
        assert connection.execute(sa.text("SELECT count(*) FROM events")).scalar() == 1
        connection.engine.dispose()
        connection.invalidate()


def _raw(address: str) -> str:
    return address.replace("postgresql://", "postgresql+psycopg://") if "://" in address else f"sqlite:///{address}"


def test_a_database_of_an_older_schema_is_upgraded_when_it_is_opened(
    bare: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores.create(bare, files=tmp_path / "files").close()
    upgraded: list[bool] = []
    monkeypatch.setattr("stromata.store.schema.REVISIONS", (*REVISIONS, "next"))
    monkeypatch.setattr("stromata.store.database.REVISIONS", (*REVISIONS, "next"))
    monkeypatch.setattr("stromata.store.database._run_migrations", lambda _: upgraded.append(True))
    stores.open_store(bare, files=tmp_path / "files").close()
    assert upgraded == [True]


_NEW_IN = {
    "0002": (
        *("inclusions", "study_links", "study_cohorts", "suggestion_runs", "suggestion_verdicts"),
        *("extractions", "settlements", "appraisals", "settled_appraisals"),
    ),
    "0003": (
        *("certainty", "panels", "statements", "rounds", "ballots"),
        *("frames", "adopted_standards", "record_checks"),
    ),
    "0004": (),
    "0005": (),
    "0006": ("screening_plans", "screening_stops", "screening_audits", "screening_priors"),
}


def test_each_revision_has_its_upgrade_tested() -> None:
    assert ("0001", *_NEW_IN) == REVISIONS


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_a_review_of_an_older_schema_goes_on_in_the_present_one(store: Store, address: str, revision: str) -> None:
    import_records(store)
    store.close()
    later = [name for number, tables in _NEW_IN.items() if number > revision for name in tables]
    engine = sa.create_engine(_raw(address))
    with engine.begin() as connection:
        for name in later:
            connection.execute(sa.text(f"DROP TABLE {name}"))
        connection.execute(sa.text(f"UPDATE alembic_version SET version_num = '{revision}'"))
        assert set(sa.inspect(connection).get_table_names()) == {*metadata.tables, "alembic_version"} - set(later)
    engine.dispose()
    with stores.open_store(address, files=store.files.folder) as again:
        append(again, StudyExtracted(Extraction("a", "ann", ())), PanelSet(Panel("p", members=(Panellist("ann"),))))
        assert again.verify().ok
        with again.snapshot("r") as view:
            assert [item.extractor for item in view.extractions()] == ["ann"]
            assert [item.id for item in view.panels()] == ["p"]
            assert len(list(view.records())) > 0


def test_all_is_still_there_after_closing(store: Store, address: str) -> None:
    ids = import_records(store)
    append(store, RoleGranted("bo", "lead"))
    before = store.reviews()
    store.close()
    with stores.open_store(address, files=store.files.folder) as again:
        assert again.reviews() == before
        with again.snapshot("r") as view:
            assert [record.id for record in view.records()] == ids


def test_a_store_shows_where_it_is_without_a_password(store: Store, address: str) -> None:
    assert "secret" not in store.url
    assert store.url == address or store.url.startswith("postgresql+psycopg://")
