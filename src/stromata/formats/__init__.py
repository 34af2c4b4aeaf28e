"""Read and write bibliographic files.

`read` takes a whole file; `scan` goes through one of any size, record by record. What a file is, is told by its
content, never by its name. Trouble inside a file is a `Problem`; only a file that holds nothing is an error.
"""

from stromata.formats.account import Account, Ledger
from stromata.formats.archives import Part
from stromata.formats.catalogue import FORMATS, Format
from stromata.formats.content import Passage
from stromata.formats.reading import Reading, parts, read, read_bytes, scan, scan_bytes, write

__all__ = [
    "FORMATS",
    "Account",
    "Format",
    "Ledger",
    "Part",
    "Passage",
    "Reading",
    "parts",
    "read",
    "read_bytes",
    "scan",
    "scan_bytes",
    "write",
]
