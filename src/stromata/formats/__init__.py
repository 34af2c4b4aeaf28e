"""Read and write bibliographic files.

`read` takes a whole file; `scan` goes through one of any size, record by record. What a file is, is told by its
content, never by its name. Trouble inside a file is a `Problem`; only a file that holds nothing is an error.
"""

from stromata.formats.reading import Reading, read, read_bytes, scan, scan_bytes, write
from stromata.formats.table import FORMATS, Format

__all__ = ["FORMATS", "Format", "Reading", "read", "read_bytes", "scan", "scan_bytes", "write"]
