"""Alembic's way in: run revisions on the connection that `stromata.store.database` hands over, in its transaction."""

from __future__ import annotations

from alembic import context

from stromata.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
