"""Times, printed estimates and correlations: an older stromata cannot read such values; no table changes."""

from __future__ import annotations

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change nothing but the number, so that an older stromata says that it is too old."""
