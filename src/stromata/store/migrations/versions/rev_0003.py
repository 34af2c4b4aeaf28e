"""Certainty of evidence, panels with their statements, rounds and ballots, frames, standards and checks of records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Add tables; those that are there stay as they are."""
    for name in ("certainty", "panels", "statements", "frames", "adopted_standards", "record_checks"):
        op.create_table(name, _review(), _key("id"), _integer("position"), _text("data"))
    op.create_table("rounds", _review(), _key("panel"), _number("number"), _number("edition"), _text("data"))
    op.create_table(
        "ballots",
        _review(),
        _key("panel"),
        _number("number"),
        _number("edition"),
        _key("panellist"),
        _integer("sequence"),
        _text("data"),
    )


def _review() -> sa.Column[str]:
    return sa.Column("review", _TEXT, sa.ForeignKey("reviews.id"), primary_key=True)


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, _TEXT, primary_key=True, nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, primary_key=True, autoincrement=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, _TEXT, nullable=False)


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)
