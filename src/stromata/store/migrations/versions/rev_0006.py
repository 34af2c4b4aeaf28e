"""Plans of screening, stops, audits and priors."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Add tables; those that are there stay as they are."""
    for name in ("screening_plans", "screening_stops"):
        op.create_table(name, _review(), _key("stage"), _integer("sequence"), _text("data"))
    op.create_table(
        "screening_audits",
        _review(),
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        _text("stage"),
        _text("data"),
    )
    op.create_table(
        "screening_priors",
        _review(),
        _key("reference"),
        _integer("sequence"),
        _text("data"),
        sa.ForeignKeyConstraint(["review", "reference"], ["records.review", "records.id"]),
    )


def _review() -> sa.Column[str]:
    return sa.Column("review", _TEXT, sa.ForeignKey("reviews.id"), primary_key=True)


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, _TEXT, primary_key=True, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, _TEXT, nullable=False)


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)
