"""Reviews that ship with the package."""
