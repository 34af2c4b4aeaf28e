"""Suggestions of what to extract, drawn from a title, an abstract or a full text by a program. People decide.

Every suggestion carries the exact words that it rests on. `suggest` holds each one against the text and the list of
fields, whoever wrote the extractor: what does not hold is dropped, and listed with the reason.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass

from stromata import plugins
from stromata.errors import InvalidInput
from stromata.extraction.suggestions.extractor import Extractor
from stromata.extraction.suggestions.fields import fault
from stromata.extraction.suggestions.llm import LanguageModel
from stromata.extraction.suggestions.rules import Rules
from stromata.model import Suggestion, SuggestionRun

EXTRACTORS: Mapping[str, Callable[..., Extractor]] = {"rules": Rules, "llm": LanguageModel}
"""The extractors that stromata brings, by name. ``llm`` asks a service, and needs settings that say which."""


def suggest(
    text: str, *, extractor: str | Extractor = "rules", about: str = "", settings: object = None
) -> SuggestionRun:
    """Propose values for the fields of an extraction form from `text`.

    Parameters
    ----------
    text : title, abstract or full text, English or Chinese, as it came. Spans count its Unicode code points.
    extractor : name of an extractor, or one that was made before (as is needed where it takes a key).
    about : reference or study that the text belongs to.
    settings : the extractor's settings, where it is given by name; None for its usual ones.

    Raises
    ------
    NotFound
        There is no extractor of this name; the message lists those there are.
    InvalidInput
        Settings were given for an extractor that has its own already.
    MissingExtra
        The extractor needs a package that is not installed.

    Examples
    --------
    >>> run = suggest("Seventeen patients with lupus were enrolled.")
    >>> [(one.field, one.value, one.quote) for one in run.suggestions]
    [('n', '17', 'Seventeen patients'), ('disease', 'systemic-lupus-erythematosus', 'lupus')]
    """
    chosen = _chosen(extractor, settings)
    draft = chosen.extract(text)
    kept: list[Suggestion] = []
    rejected = list(draft.rejected)
    for one in draft.suggestions:
        reason = reason_against(one, text)
        if reason:
            rejected.append(f"{one.field}: {reason}")
        elif one not in kept:
            kept.append(one)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    pairs = setting_pairs(chosen.settings)
    return SuggestionRun(
        id=_run_id(digest, chosen, pairs),
        about=about,
        text_sha256=digest,
        extractor=chosen.name,
        version=chosen.version,
        settings=pairs,
        suggestions=tuple(sorted(kept, key=lambda one: (one.start, one.end, one.field, one.value, one.unit))),
        rejected=tuple(rejected),
    )


def _chosen(extractor: str | Extractor, settings: object) -> Extractor:
    if isinstance(extractor, str):
        make = plugins.get("extractors", extractor, builtin=EXTRACTORS)
        return make() if settings is None else make(settings)
    if settings is not None:
        raise InvalidInput(
            "Settings were given for an extractor that has its own already.", hint="Make it with these settings."
        )
    return extractor


def reason_against(one: Suggestion, text: str) -> str:
    """Return why a suggestion cannot stand beside `text`; empty when it can."""
    if not 0 <= one.start < one.end <= len(text):
        return f"the span {one.start} to {one.end} does not lie in the text of {len(text)} characters"
    if text[one.start : one.end] != one.quote:
        return f"the words {one.quote[:80]!r} do not stand at {one.start} to {one.end}"
    if not 0 < one.confidence < 1:
        return f"the confidence {one.confidence} is not above 0 and below 1"
    return fault(one.field, one.value, one.unit)


def setting_pairs(settings: object) -> tuple[tuple[str, str], ...]:
    """Return settings as (name, value) pairs of text, by name, as the log keeps them.

    Raises
    ------
    InvalidInput
        They are no dataclass.
    """
    if not is_dataclass(settings) or isinstance(settings, type):
        raise InvalidInput(f"The settings of an extractor must be a dataclass, and are {type(settings).__name__}.")
    return tuple(sorted((field.name, str(getattr(settings, field.name))) for field in fields(settings)))


def _run_id(digest: str, extractor: Extractor, pairs: tuple[tuple[str, str], ...]) -> str:
    key = json.dumps([digest, extractor.name, extractor.version, pairs], ensure_ascii=True)
    return hashlib.sha256(key.encode()).hexdigest()
