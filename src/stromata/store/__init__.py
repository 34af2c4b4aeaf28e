"""Rows and events on SQLite or PostgreSQL, and the files beside them."""

from stromata.store.files import FileStore
from stromata.store.read import ReviewInfo, Snapshot
from stromata.store.store import Store, create, open_store
from stromata.store.transaction import Transaction
from stromata.store.verify import Verification

__all__ = ["FileStore", "ReviewInfo", "Snapshot", "Store", "Transaction", "Verification", "create", "open_store"]
