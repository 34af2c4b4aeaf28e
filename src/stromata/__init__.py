"""stromata: from search exports to a report in which every number can be walked back to its source.

>>> import stromata as st
>>> with st.open("my-review") as project:  # doctest: +SKIP
...     st.review.import_files(project, [Path("search.ris")])

Names are loaded when they are first used, so that ``import stromata`` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stromata import (
        appraisal,
        clinical,
        consensus,
        dedupe,
        errors,
        extraction,
        formats,
        model,
        reporting,
        review,
        screening,
        session,
        standards,
        synthesis,
    )
    from stromata.session import new, open  # noqa: A004 - reads as stromata.open

__version__ = "0.1.0"

_PUBLIC = {
    "appraisal": "stromata.appraisal",
    "clinical": "stromata.clinical",
    "consensus": "stromata.consensus",
    "dedupe": "stromata.dedupe",
    "errors": "stromata.errors",
    "extraction": "stromata.extraction",
    "formats": "stromata.formats",
    "model": "stromata.model",
    "new": "stromata.session:new",
    "open": "stromata.session:open",
    "reporting": "stromata.reporting",
    "review": "stromata.review",
    "screening": "stromata.screening",
    "session": "stromata.session",
    "standards": "stromata.standards",
    "synthesis": "stromata.synthesis",
}
"""Public names and where they live; the one table of the package's surface."""

__all__ = [
    "__version__",
    "appraisal",
    "clinical",
    "consensus",
    "dedupe",
    "errors",
    "extraction",
    "formats",
    "model",
    "new",
    "open",
    "reporting",
    "review",
    "screening",
    "session",
    "standards",
    "synthesis",
]


def __getattr__(name: str) -> object:
    """Load a public name when it is first used."""
    place = _PUBLIC.get(name)
    if place is None:
        raise AttributeError(f"module 'stromata' has no attribute {name!r}; there are: {', '.join(_PUBLIC)}")
    module, _, attribute = place.partition(":")
    found = import_module(module)
    value: object = getattr(found, attribute) if attribute else found
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
