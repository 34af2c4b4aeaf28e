"""The first schema: reviews, events, and the state of a review up to its syntheses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "reviews",
        _text("id", key=True),
        _text("title"),
        _text("created_at"),
        _text("protocol"),
        _integer("events"),
        _text("head"),
    )
    op.create_table(
        "events",
        _review(),
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        _text("at"),
        _text("actor"),
        _text("kind"),
        _integer("version"),
        _text("payload"),
        _text("previous"),
        _text("hash"),
    )
    op.create_table("roles", _review(), _text("person", key=True), _text("role", key=True), _integer("sequence"))
    op.create_table(
        "sources", _review(), _text("id", key=True), _integer("position"), _text("records_sha256"), _text("data")
    )
    op.create_table(
        "records",
        _review(),
        _text("id", key=True),
        _integer("position"),
        _text("source"),
        _text("data"),
        sa.ForeignKeyConstraint(["review", "source"], ["sources.review", "sources.id"]),
        sa.UniqueConstraint("review", "position"),
    )
    op.create_table(
        "identifiers",
        _review(),
        _text("scheme", key=True),
        _text("value", key=True),
        _text("record", key=True),
        _is_record("record"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "members",
        _review(),
        _text("record", key=True),
        _integer("position"),
        _text("reference"),
        _integer("reference_position"),
        _is_record("record"),
        _is_record("reference"),
        sqlite_with_rowid=False,
    )
    op.create_index("members_by_reference", "members", ["review", "reference_position", "position"])
    _screening()
    for name in ("studies", "arms", "outcomes", "data_points", "claims"):
        op.create_table(name, _review(), _text("id", key=True), _integer("position"), _text("data"))
    op.create_table("syntheses", _review(), _text("plan", key=True), _integer("position"), _text("data"))


def _screening() -> None:
    op.create_table(
        "decisions",
        _review(),
        _text("stage", key=True),
        _text("reference", key=True),
        _text("reviewer", key=True),
        _integer("sequence"),
        _text("data"),
        _is_record("reference"),
    )
    op.create_table(
        "resolutions",
        _review(),
        _text("stage", key=True),
        _text("reference", key=True),
        _integer("sequence"),
        _text("data"),
        _is_record("reference"),
    )
    op.create_table(
        "retrievals",
        _review(),
        _text("reference", key=True),
        _integer("sequence"),
        _text("data"),
        _is_record("reference"),
    )


def _review() -> sa.Column[str]:
    return sa.Column("review", _TEXT, sa.ForeignKey("reviews.id"), primary_key=True)


def _text(name: str, *, key: bool = False) -> sa.Column[str]:
    return sa.Column(name, _TEXT, primary_key=key, nullable=False)


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _is_record(column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["review", column], ["records.review", "records.id"])
