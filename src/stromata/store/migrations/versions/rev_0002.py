"""Extraction by several people, suggestions, appraisals, links and cohorts of studies, inclusions of other reviews."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Add tables; those that are there stay as they are."""
    op.create_table("inclusions", _review(), _key("id"), _integer("position"), _text("data"))
    op.create_table(
        "study_links",
        _review(),
        _key("study"),
        _key("link"),
        _integer("sequence"),
        _integer("linked"),
        _text("reason"),
    )
    op.create_table("study_cohorts", _review(), _key("study"), _integer("sequence"), _text("cohort"), _text("reason"))
    op.create_table("suggestion_runs", _review(), _key("id"), _integer("sequence"), _text("data"))
    op.create_table(
        "suggestion_verdicts",
        _review(),
        _key("run"),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        _integer("sequence"),
        _text("data"),
    )
    for name, keys in (
        ("extractions", ("study", "extractor")),
        ("settlements", ("study", "level", "subject", "field")),
        ("appraisals", ("tool", "study", "result", "appraiser")),
        ("settled_appraisals", ("tool", "study", "result")),
    ):
        op.create_table(name, _review(), *map(_key, keys), _integer("sequence"), _text("data"))


def _review() -> sa.Column[str]:
    return sa.Column("review", _TEXT, sa.ForeignKey("reviews.id"), primary_key=True)


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, _TEXT, primary_key=True, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, _TEXT, nullable=False)


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)
