"""The Python door: reviews opened with the real clock, the person's name and the team's database.

This module and the command line are the only places that read the clock and the environment.
"""

from __future__ import annotations

import getpass
import os
from datetime import UTC, datetime
from pathlib import Path

from stromata import review
from stromata.errors import InvalidInput
from stromata.model import SuggestionRun
from stromata.review import Project

DATABASE_VARIABLE = "STROMATA_DATABASE_URL"
"""Environment variable with the SQLAlchemy URL of a team's database; without it each folder has its own file."""

PERSON_VARIABLE = "STROMATA_USER"
"""Environment variable with the name that the log records; without it the account's name."""


LLM_KEY_VARIABLE = "STROMATA_LLM_KEY"
"""Environment variable with the key for the language model that suggestions may be asked of. It is kept nowhere."""


def now() -> str:
    """Return the present time in UTC as ISO 8601 with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def person() -> str:
    """Return the name under which this account's work is logged."""
    try:
        return os.environ.get(PERSON_VARIABLE) or getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in a container with a bare user number
        return f"user-{os.getuid()}"


def database() -> str | None:
    """Return the URL of the team's database, if one is set."""
    return os.environ.get(DATABASE_VARIABLE) or None


def new(folder: str | Path, title: str, *, actor: str | None = None) -> Project:
    """Begin a review in `folder` and return it, open.

    Parameters
    ----------
    actor : name that the log records; the account's name by default.

    Raises
    ------
    Conflict
        There is a review of this title already.
    """
    return review.create(Path(folder), title, actor=actor or person(), clock=now, database=database())


def open(folder: str | Path = ".", *, actor: str | None = None, review_id: str | None = None) -> Project:  # noqa: A001 - reads as stromata.open
    """Open the review that `folder` holds.

    Parameters
    ----------
    actor : name that the log records; the account's name by default.
    review_id : needed only when the database holds several reviews: id, its beginning, or the title.

    Raises
    ------
    NotFound
        There is no review.
    """
    return review.open_project(Path(folder), actor=actor or person(), clock=now, database=database(), review=review_id)


def suggest(
    text: str, *, extractor: str = "rules", about: str = "", endpoint: str = "", model: str = ""
) -> SuggestionRun:
    """Propose what to extract from a text. No review is needed, and nothing is kept.

    Parameters
    ----------
    extractor : name of the program that reads the text; ``llm`` sends it to `endpoint`, every other stays here.
    about : study that the text is about.
    endpoint, model : for ``llm``: address of an OpenAI-compatible service, and name of the model there.

    Raises
    ------
    NotFound
        There is no extractor of that name.
    InvalidInput
        ``llm`` without endpoint and model, or another extractor with them.
    """
    from stromata.extraction import LanguageModel, LanguageModelSettings  # noqa: PLC0415 - takes long to load
    from stromata.extraction import suggest as propose  # noqa: PLC0415 - as above

    if extractor == "llm":
        settings = LanguageModelSettings(base_url=endpoint, model=model)
        asked = LanguageModel(settings, api_key=os.environ.get(LLM_KEY_VARIABLE, ""))
        return propose(text, extractor=asked, about=about)
    if endpoint or model:
        raise InvalidInput(f"extractor {extractor!r} takes no endpoint and no model", hint="Those belong to 'llm'.")
    return propose(text, extractor=extractor, about=about)
