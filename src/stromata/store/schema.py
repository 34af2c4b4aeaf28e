"""The tables: the log of events, and the current state that follows from it.

Rows of state hold their value as JSON text (`data`), beside the columns that are looked up. ``position`` counts rows of
a table within a review in the order in which they came; a row that is replaced keeps its position. ``sequence`` is the
event that last wrote the row.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Index, Integer, MetaData, Table, Text, UniqueConstraint
from sqlalchemy.dialects import postgresql

REVISIONS: tuple[str, ...] = ("0001", "0002", "0003", "0004", "0005", "0006")
"""Every schema that this stromata knows, oldest first; the last is the present one."""

TEXT = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
"""Text that both databases sort alike: by code point."""

metadata = MetaData()


def _review() -> Column[str]:
    return Column("review", TEXT, ForeignKey("reviews.id"), primary_key=True)


def _reference() -> Column[str]:
    return Column("reference", TEXT, primary_key=True)


def _is_record(column: str) -> ForeignKeyConstraint:
    """Return the rule that a column names a record: reference ids do too, they are their native record's id."""
    return ForeignKeyConstraint(["review", column], ["records.review", "records.id"])


def _rows(name: str) -> Table:
    """Return a table of extracted rows, known by their ids."""
    return Table(
        name,
        metadata,
        _review(),
        Column("id", TEXT, primary_key=True),
        Column("position", Integer, nullable=False),
        Column("data", TEXT, nullable=False),
    )


reviews = Table(
    "reviews",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("title", TEXT, nullable=False),
    Column("created_at", TEXT, nullable=False),
    Column("protocol", TEXT, nullable=False),
    # How many events the log holds and the hash of the newest: without them a log cut at its end would look whole.
    Column("events", Integer, nullable=False),
    Column("head", TEXT, nullable=False),
)

events = Table(
    "events",
    metadata,
    _review(),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("at", TEXT, nullable=False),
    Column("actor", TEXT, nullable=False),
    Column("kind", TEXT, nullable=False),
    Column("version", Integer, nullable=False),
    Column("payload", TEXT, nullable=False),
    Column("previous", TEXT, nullable=False),
    Column("hash", TEXT, nullable=False),
)

roles = Table(
    "roles",
    metadata,
    _review(),
    Column("person", TEXT, primary_key=True),
    Column("role", TEXT, primary_key=True),
    Column("sequence", Integer, nullable=False),
)

sources = Table(
    "sources",
    metadata,
    _review(),
    Column("id", TEXT, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("records_sha256", TEXT, nullable=False),
    Column("data", TEXT, nullable=False),
)

records = Table(
    "records",
    metadata,
    _review(),
    Column("id", TEXT, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("source", TEXT, nullable=False),
    Column("data", TEXT, nullable=False),
    ForeignKeyConstraint(["review", "source"], ["sources.review", "sources.id"]),
    UniqueConstraint("review", "position"),
)

identifiers = Table(
    "identifiers",
    metadata,
    _review(),
    Column("scheme", TEXT, primary_key=True),
    Column("value", TEXT, primary_key=True),
    Column("record", TEXT, primary_key=True),
    _is_record("record"),
    sqlite_with_rowid=False,
)

# Which reference each record belongs to. A reference goes by its native record, which is always one of its members;
# `reference_position` is the position of that record, so that references can be read in order without a sort.
members = Table(
    "members",
    metadata,
    _review(),
    Column("record", TEXT, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("reference", TEXT, nullable=False),
    Column("reference_position", Integer, nullable=False),
    _is_record("record"),
    _is_record("reference"),
    Index("members_by_reference", "review", "reference_position", "position"),
    sqlite_with_rowid=False,
)

decisions = Table(
    "decisions",
    metadata,
    _review(),
    Column("stage", TEXT, primary_key=True),
    _reference(),
    Column("reviewer", TEXT, primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("data", TEXT, nullable=False),
    _is_record("reference"),
)

resolutions = Table(
    "resolutions",
    metadata,
    _review(),
    Column("stage", TEXT, primary_key=True),
    _reference(),
    Column("sequence", Integer, nullable=False),
    Column("data", TEXT, nullable=False),
    _is_record("reference"),
)

retrievals = Table(
    "retrievals",
    metadata,
    _review(),
    _reference(),
    Column("sequence", Integer, nullable=False),
    Column("data", TEXT, nullable=False),
    _is_record("reference"),
)

screening_plans = Table(
    "screening_plans",
    metadata,
    _review(),
    Column("stage", TEXT, primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("data", TEXT, nullable=False),
)

screening_stops = Table(
    "screening_stops",
    metadata,
    _review(),
    Column("stage", TEXT, primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("data", TEXT, nullable=False),
)

screening_audits = Table(
    "screening_audits",
    metadata,
    _review(),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("stage", TEXT, nullable=False),
    Column("data", TEXT, nullable=False),
)

screening_priors = Table(
    "screening_priors",
    metadata,
    _review(),
    _reference(),
    Column("sequence", Integer, nullable=False),
    Column("data", TEXT, nullable=False),
    _is_record("reference"),
)

studies = _rows("studies")
arms = _rows("arms")
outcomes = _rows("outcomes")
data_points = _rows("data_points")
claims = _rows("claims")
inclusions = _rows("inclusions")

# What people said of studies after they were loaded; loading a study anew does not take it back.
study_links = Table(
    "study_links",
    metadata,
    _review(),
    Column("study", TEXT, primary_key=True),
    Column("link", TEXT, primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("linked", Integer, nullable=False),  # 1, or 0 for a link that was taken back
    Column("reason", TEXT, nullable=False),
)

study_cohorts = Table(
    "study_cohorts",
    metadata,
    _review(),
    Column("study", TEXT, primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("cohort", TEXT, nullable=False),
    Column("reason", TEXT, nullable=False),
)

suggestion_runs = Table(
    "suggestion_runs",
    metadata,
    _review(),
    Column("id", TEXT, primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("data", TEXT, nullable=False),
)

suggestion_verdicts = Table(
    "suggestion_verdicts",
    metadata,
    _review(),
    Column("run", TEXT, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("sequence", Integer, nullable=False),
    Column("data", TEXT, nullable=False),
)

extractions = Table(
    "extractions",
    metadata,
    _review(),
    Column("study", TEXT, primary_key=True),
    Column("extractor", TEXT, primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("data", TEXT, nullable=False),
)

settlements = Table(
    "settlements",
    metadata,
    _review(),
    Column("study", TEXT, primary_key=True),
    Column("level", TEXT, primary_key=True),
    Column("subject", TEXT, primary_key=True),
    Column("field", TEXT, primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("data", TEXT, nullable=False),
)

appraisals = Table(
    "appraisals",
    metadata,
    _review(),
    Column("tool", TEXT, primary_key=True),
    Column("study", TEXT, primary_key=True),
    Column("result", TEXT, primary_key=True),
    Column("appraiser", TEXT, primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("data", TEXT, nullable=False),
)

settled_appraisals = Table(
    "settled_appraisals",
    metadata,
    _review(),
    Column("tool", TEXT, primary_key=True),
    Column("study", TEXT, primary_key=True),
    Column("result", TEXT, primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("data", TEXT, nullable=False),
)

syntheses = Table(
    "syntheses",
    metadata,
    _review(),
    Column("plan", TEXT, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("data", TEXT, nullable=False),
)

# How certain the evidence of each synthesis is, and who consents to what.
certainty = _rows("certainty")
panels = _rows("panels")
statements = _rows("statements")
frames = _rows("frames")
adopted_standards = _rows("adopted_standards")
record_checks = _rows("record_checks")

# `edition` counts the rounds of one number: a sealed one is not changed, another takes its place.
rounds = Table(
    "rounds",
    metadata,
    _review(),
    Column("panel", TEXT, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("edition", Integer, primary_key=True, autoincrement=False),
    Column("data", TEXT, nullable=False),
)

ballots = Table(
    "ballots",
    metadata,
    _review(),
    Column("panel", TEXT, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("edition", Integer, primary_key=True, autoincrement=False),
    Column("panellist", TEXT, primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("data", TEXT, nullable=False),
)

STATE: tuple[Table, ...] = tuple(table for table in metadata.sorted_tables if table is not events)
"""The tables of current state: all that can be rebuilt from the log."""
