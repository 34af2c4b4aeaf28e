"""The history of the schema, as Alembic revisions. A revision that has been released is never edited."""
