"""Recorded results of R beside stromata's: reading, comparing, counting."""
