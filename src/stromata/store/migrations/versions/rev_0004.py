"""Plans that name moderators, priors and further models: an older stromata would pass over them; no table changes."""

from __future__ import annotations

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change nothing but the number, which keeps an older stromata from computing such a plan without them."""
