"""stromata: from search exports to a report in which every number can be walked back to its source.

>>> import stromata as st
>>> with st.open("my-review") as project:  # doctest: +SKIP
...     st.review.import_files(project, [Path("search.ris")])

Names are loaded when they are first used, so that ``import stromata`` costs next to nothing.
"""

from typing import TYPE_CHECKING

from stromata import lazy

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
    "appraisal": "",
    "clinical": "",
    "consensus": "",
    "dedupe": "",
    "errors": "",
    "extraction": "",
    "formats": "",
    "model": "",
    "new": "session",
    "open": "session",
    "reporting": "",
    "review": "",
    "screening": "",
    "session": "",
    "standards": "",
    "synthesis": "",
}
"""Public names and the modules they live in, empty for the modules themselves; the one table of the surface."""

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

__getattr__, __dir__ = lazy.names(__name__, _PUBLIC, __all__)
