"""stromata: from search exports to a report in which every number can be walked back to its source."""

__version__ = "0.1.0"
