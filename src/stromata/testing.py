"""Conformance suites: what every plug-in must do, built-in or not.

Call the suite from a test of your own package:

.. code-block:: python

    from stromata.testing import check_extractor

    def test_my_extractor_conforms():
        check_extractor(MyExtractor())
"""

from __future__ import annotations

from dataclasses import FrozenInstanceError, is_dataclass
from itertools import pairwise

from stromata import plugins
from stromata.extraction.suggestions import EXTRACTORS, Draft, Extractor, reason_against, setting_pairs, suggest

EXTRACTOR_TEXTS = (
    "",
    " \n\t\r\n ",
    "No letters of a study here.",
    "We enrolled 17 patients with psoriasis; 8/17 (47.1%) achieved PASI-75.",
    "共纳入17例银屑病患者，8例（47.1%）达到PASI-75。",
    "Eight of 17\r\npatients re\u00adsponded \U0001f9ec and none of the 17 patients died.",
    "Ｎ＝１７ 例。１７例患者，随访１２个月。",
    "\ud800 a lone surrogate, \x00 a null, \u202e a turn",
    "8/17 " * 400,
    "(" * 3000,
)
"""Texts that every extractor must survive: empty, ordinary, Chinese, astral, wrapped, broken and tiresome ones."""


class NotConforming(AssertionError):  # noqa: N818 - it reads as a sentence
    """A plug-in does not do what every plug-in must; the message says what."""


def check_extractor(extractor: Extractor) -> None:
    """Hold an extractor against what every extractor must do.

    It has a name, a version and settings that can be logged; it survives any text; each suggestion quotes the text
    at its span, has a known field, a well-formed value and a confidence above 0 and below 1; runs can be told apart.
    An extractor that asks a service should be given one that answers, such as a stub.

    Raises
    ------
    NotConforming
        The message says what is wrong, and on which text.
    """
    _demand(isinstance(extractor, Extractor), "it lacks name, version, settings or extract")
    _demand(bool(extractor.name) and extractor.name == extractor.name.strip(), f"its name is {extractor.name!r}")
    _demand(bool(extractor.version), "it has no version")
    _check_settings(extractor.settings)
    ids = set()
    for text in EXTRACTOR_TEXTS:
        draft = extractor.extract(text)
        _demand(isinstance(draft, Draft), f"on {text[:40]!r} it returns {type(draft).__name__}, not a Draft")
        for one in draft.suggestions:
            reason = reason_against(one, text)
            _demand(not reason, f"on {text[:40]!r} it suggests {one.field} {one.value!r}, but {reason}")
        run = suggest(text, extractor=extractor)
        _demand((run.extractor, run.version) == (extractor.name, extractor.version), "a run does not carry its name")
        ids.add(run.id)
        _demand(all(a.start <= b.start for a, b in pairwise(run.suggestions)), "a run is not in the order of the text")
    _demand(len(ids) == len(EXTRACTOR_TEXTS), "runs on different texts have the same id")


def check_registered_extractor(name: str) -> None:
    """Hold the extractor that is installed under `name` against the suite; it must work with its usual settings.

    Raises
    ------
    NotFound
        No extractor of this name is installed.
    NotConforming
        As for `check_extractor`, or its name differs from that of its entry point.
    """
    extractor = plugins.get("extractors", name, builtin=EXTRACTORS)()
    _demand(extractor.name == name, f"it calls itself {extractor.name!r}, and is installed as {name!r}")
    check_extractor(extractor)


def _check_settings(settings: object) -> None:
    _demand(is_dataclass(settings) and not isinstance(settings, type), "its settings are no dataclass")
    pairs = setting_pairs(settings)
    secrets = [
        name for name, _ in pairs if any(word in name.lower() for word in ("key", "secret", "password", "token"))
    ]
    _demand(not secrets, f"its settings hold what must not be logged: {', '.join(secrets)}")
    for name, _ in pairs[:1]:
        try:
            setattr(settings, name, getattr(settings, name))
        except (FrozenInstanceError, AttributeError):
            continue
        _demand(False, "its settings are not frozen")  # noqa: FBT003 - as above


def _demand(holds: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise NotConforming(f"The extractor does not conform: {what}.")
