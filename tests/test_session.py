"""The Python door: names, the real clock, the environment."""

from datetime import UTC, datetime

import pytest

import stromata
from stromata import session


def test_a_review_is_begun_and_opened_from_python(tmp_path, monkeypatch):
    monkeypatch.delenv("STROMATA_DATABASE_URL", raising=False)
    monkeypatch.setenv("STROMATA_USER", "ruth")
    with stromata.new(tmp_path, "Cells") as project:
        assert project.actor == "ruth"
    with stromata.open(tmp_path, actor="ann") as project:
        assert (project.actor, stromata.review.info(project).title) == ("ann", "Cells")


def test_now_is_utc_in_iso_form():
    told = datetime.fromisoformat(session.now())
    assert told.tzinfo is not None
    assert abs((datetime.now(UTC) - told).total_seconds()) < 60


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(AttributeError, match="synthesis"):
        _ = stromata.nonsense
    assert "synthesis" in dir(stromata)


def test_the_teams_database_is_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("STROMATA_DATABASE_URL", "postgresql+psycopg://host/db")
    assert session.database() == "postgresql+psycopg://host/db"
    monkeypatch.delenv("STROMATA_DATABASE_URL")
    assert session.database() is None


def test_an_account_without_a_name_still_has_one(monkeypatch):
    monkeypatch.delenv("STROMATA_USER", raising=False)

    def nameless() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(session.getpass, "getuser", nameless)
    assert session.person().startswith("user-")
