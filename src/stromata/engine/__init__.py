"""Columns and scans: one SQL text and the same functions on Arrow batches, on DuckDB or on Apache Spark."""

from stromata.engine.engine import Engine, EngineName, Settings, open_engine

__all__ = ["Engine", "EngineName", "Settings", "open_engine"]
