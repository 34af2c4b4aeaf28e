"""Names of places in a report, so that everything can be linked to."""

from __future__ import annotations

import re

_OTHER = re.compile(r"[^A-Za-z0-9._-]")


def anchor(kind: str, *parts: str) -> str:
    """Return the id of a place: the kind, a hyphen, and the parts.

    Different parts give different ids: letters outside ``A-Z a-z 0-9 . _ -`` are written as ``:hex:``, parts are joined
    by a tilde, so that nothing in a name can break out of an attribute or an address.
    """
    return f"{kind}-" + "~".join(_OTHER.sub(lambda found: f":{ord(found.group()):x}:", part) for part in parts)


def data_point_href(identifier: str) -> str:
    """Return the address, within the page, of a data point's entry."""
    return "#" + anchor("dp", identifier)
