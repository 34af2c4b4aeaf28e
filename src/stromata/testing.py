"""Conformance suites: what every plug-in must do, built-in or not.

Call the suite from a test of your own package:

.. code-block:: python

    from stromata.testing import check_extractor

    def test_my_extractor_conforms():
        check_extractor(MyExtractor())

Likewise `check_ranker` for rankers.
"""

from __future__ import annotations

from dataclasses import FrozenInstanceError, is_dataclass
from itertools import pairwise
from math import isfinite

from stromata import plugins
from stromata.errors import NotFound, StromataError
from stromata.extraction.suggestions import EXTRACTORS, Draft, Extractor, reason_against, setting_pairs, suggest
from stromata.screening.documents import Document, Label, Ranker, Ranking, Topic

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


RANKER_DOCUMENTS = (
    Document("a", title="Stem cells for knee pain", abstract="We randomised 40 patients.", keywords=("knee",)),
    Document("b", title="Stem cells for knee pain", abstract="We randomised 40 patients.", keywords=("knee",)),
    Document("c", title="Cells for hip pain in rats", names=("10.1/c",), cites=("10.1/d", "unknown")),
    Document(
        "d", title="脐带间充质干细胞治疗膝关节炎", abstract="随机对照试验。", names=("10.1/d",), cites=("10.1/d",)
    ),
    Document("e"),
    Document("f", abstract="\ud800 a lone surrogate, \x00 a null, \U0001f9ec a helix"),
    Document("g", title="word " * 5000),
    *(Document(f"h{number}", title=f"Software fault {number}", abstract="Systems of code.") for number in range(12)),
)
"""Documents that every ranker must survive: ordinary, equal, Chinese, citing, empty, broken and long ones."""

RANKER_LABELS = (
    (),
    (Label("a", 1.0),),
    (Label("h0", 0.0), Label("e", 0.0)),
    (Label("a", 1.0), Label("h1", 0.0), Label("d", 0.5), Label("e", 1.0, 0.3), Label("h2", 0.0, 4.0)),
    (Label("a", 1.0), Label("h1", 0.0), Label("a", 0.0), Label("h1", 1.0)),
    tuple(Label(document.id, float(number < 4)) for number, document in enumerate(RANKER_DOCUMENTS)),
)
"""Verdicts that every ranker must take: none, of one kind, doubts, weights, changed ones, all."""


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


def check_ranker(ranker: Ranker) -> None:
    """Hold a ranker against what every ranker must do.

    It has a name and a version; it survives any text and any verdicts; its scores are finite, one a document, the
    same for the same seed, whether verdicts come one by one or at once, and in whatever order documents are asked
    about; explanations agree with scores; unknown documents are refused; opening it does not change what is given.

    Raises
    ------
    NotConforming
        The message says what is wrong, and after which verdicts.
    """
    _demand(isinstance(ranker, Ranker), "it lacks name, version or open", kind="ranker")
    _demand(bool(ranker.name) and ranker.name == ranker.name.strip(), f"its name is {ranker.name!r}", kind="ranker")
    _demand(bool(ranker.version), "it has no version", kind="ranker")
    known = Document("elsewhere", title="Cells for the knee")
    for topic in (Topic(), Topic("Stem cells for the knee: trials", ("adults",), ("rats",), (known,))):
        for labels in RANKER_LABELS:
            _check_ranking(ranker, topic, labels)
    for documents, why in (((), "no documents"), ((Document("a"), Document("a")), "two documents of the same id")):
        try:
            ranker.open(documents, topic=Topic())
        except StromataError:
            continue
        _demand(False, f"it opens on {why}", kind="ranker")  # noqa: FBT003 - reads as a sentence
    _demand(len(ranker.open([Document("only")], topic=Topic()).scores()) == 1, "it fails on one", kind="ranker")


def _check_ranking(ranker: Ranker, topic: Topic, labels: tuple[Label, ...]) -> None:
    where = f"after {len(labels)} verdicts"
    at_once, one_by_one = (ranker.open(iter(RANKER_DOCUMENTS), topic=topic, seed=7) for _ in range(2))
    at_once.learn(labels)
    for label in labels:
        one_by_one.learn([label])
    scores, others = list(at_once.scores()), list(one_by_one.scores())
    _demand(len(scores) == len(RANKER_DOCUMENTS), f"{where} it gives {len(scores)} scores", kind="ranker")
    _demand(all(isfinite(score) for score in scores), f"{where} a score is not finite", kind="ranker")
    _demand(scores == list(at_once.scores()), f"{where} asking twice gives other scores", kind="ranker")
    near = all(abs(one - other) <= 1e-5 * (1 + abs(one)) for one, other in zip(scores, others, strict=True))
    _demand(near, f"{where} it matters whether they come one by one", kind="ranker")
    for place, document in enumerate(RANKER_DOCUMENTS):
        _check_explanation(at_once, document.id, scores, place, where)
    for act in (lambda: at_once.learn([Label("nobody", 1.0)]), lambda: at_once.explain("nobody")):
        try:
            act()
        except NotFound:
            continue
        _demand(False, f"{where} it takes an unknown document", kind="ranker")  # noqa: FBT003 - as above


def _check_explanation(ranking: Ranking, id_: str, scores: list[float], place: int, where: str) -> None:
    found = ranking.explain(id_, limit=4)
    _demand(found.id == id_, f"{where} it explains another", kind="ranker")
    _demand(abs(found.score - scores[place]) < 1e-9, f"{where} an explanation has another score", kind="ranker")
    rank = 1 + sum(score > scores[place] for score in scores)
    _demand(found.rank == rank, f"{where} rank {found.rank} of {id_!r} should be {rank}", kind="ranker")
    _demand(len(found.reasons) <= 4, f"{where} it gives more reasons than asked for", kind="ranker")
    strengths = [abs(one.effect) for one in found.reasons]
    _demand(strengths == sorted(strengths, reverse=True), f"{where} the strongest is not first", kind="ranker")


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


def _demand(holds: bool, what: str, *, kind: str = "extractor") -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise NotConforming(f"The {kind} does not conform: {what}.")
