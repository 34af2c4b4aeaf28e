"""Evidence to Decision: twelve criteria with fixed answers, the wording of a recommendation, and whether both agree.

Criteria, answers, wording and their sources stand in ``etd.yaml``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from stromata.consensus.data import load
from stromata.errors import InvalidInput, NotFound
from stromata.model import Caution
from stromata.model.consensus import CERTAINTIES, Certainty, Direction, EtdFrame, EtdJudgement, Recommendation, Strength

AUDIENCES = ("patients", "clinicians", "policy")
"""For whom it is said what a recommendation means."""


@dataclass(frozen=True, slots=True)
class EtdAnswer:
    """One of the answers to a criterion."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class EtdCriterion:
    """One criterion of the frame.

    Attributes
    ----------
    source, status : where the criterion was read; ``unsourced`` when nowhere.
    scale_status : the same for its answers.
    """

    id: str
    label: str
    question: str
    answers: tuple[EtdAnswer, ...]
    source: str
    status: str
    scale_status: str


@cache
def etd_criteria() -> tuple[EtdCriterion, ...]:
    """Return the twelve criteria in their order."""
    data = load("etd")
    return tuple(
        EtdCriterion(
            one["id"],
            one["label"],
            one["question"],
            tuple(EtdAnswer(**answer) for answer in data["scales"][one["scale"]]["answers"]),
            data["sources"].get(one["source"], ""),
            one.get("status", "sourced"),
            data["scales"][one["scale"]]["status"],
        )
        for one in data["criteria"]
    )


def etd_criterion(id: str) -> EtdCriterion:  # noqa: A002 - the word that users know it by
    """Return a criterion.

    Raises
    ------
    NotFound
        There is no such criterion; the hint lists those there are.
    """
    found = next((one for one in etd_criteria() if one.id == id), None)
    if found is None:
        raise NotFound(
            f"there is no criterion {id!r}", hint=f"There are: {', '.join(one.id for one in etd_criteria())}."
        )
    return found


def check_judgement(judgement: EtdJudgement) -> None:
    """Make sure that a judgement answers its criterion with one of the fixed answers, votes included.

    Raises
    ------
    NotFound
        There is no such criterion.
    InvalidInput
        Another answer, or a number of votes below 0.
    """
    criterion = etd_criterion(judgement.criterion)
    allowed = [answer.id for answer in criterion.answers]
    for answer in (judgement.answer, *(answer for answer, _ in judgement.votes)):
        if answer not in allowed:
            raise InvalidInput(f"{criterion.id}: {answer!r} is not one of {', '.join(allowed)}")
    if any(count < 0 for _, count in judgement.votes):
        raise InvalidInput(f"{criterion.id}: a number of votes below 0 cannot be")


def wording(strength: Strength, direction: Direction, action: str) -> str:
    """Return the sentence of a recommendation.

    Parameters
    ----------
    action : what should be done, as it follows "to", without a full stop.

    Raises
    ------
    InvalidInput
        No action, or a strong recommendation for either option.
    """
    text = action.strip().rstrip(".")
    if not text:
        raise InvalidInput(
            "a recommendation needs an action", hint="Such as: offer cord MSC to adults with severe lupus."
        )
    forms = load("etd")["wording"]
    _require_side(strength, direction)
    if direction == "either":
        return str(forms["either"]["text"]).format(action=text)
    return str(forms[strength][direction]).format(action=text)


def implications(strength: Strength, direction: Direction) -> tuple[tuple[str, str], ...]:
    """Return what a recommendation means: (audience, sentence) for patients, clinicians and policy.

    The sentences speak of the recommended course of action: of one against the option, that is to do without it.

    Raises
    ------
    InvalidInput
        A strong recommendation for either option.

    References
    ----------
    Implement Sci 2012;7:61, Table 3. 10.1186/1748-5908-7-61
    """
    _require_side(strength, direction)
    data = load("etd")["implications"]
    texts = data["either" if direction == "either" else strength]
    course = data["courses"].get(direction, "")
    return tuple((audience, str(texts[audience]).format(course=course)) for audience in AUDIENCES)


def _require_side(strength: Strength, direction: Direction) -> None:
    if direction == "either" and strength == "strong":
        raise InvalidInput("a recommendation for either option cannot be strong", hint="Make it conditional.")


_OPEN = frozenset({"varies", "unknown", "no-studies"})


def consistency(frame: EtdFrame, *, certainties: Iterable[Certainty] = ()) -> tuple[Caution, ...]:
    """Return what does not fit between a frame's judgements and its recommendation.

    Parameters
    ----------
    certainties : of the outcomes that are critical to the decision; the lowest is the certainty as a whole.

    Raises
    ------
    NotFound, InvalidInput
        As for `check_judgement`; a criterion that was judged twice.
    """
    answers: dict[str, str] = {}
    for judgement in frame.judgements:
        check_judgement(judgement)
        if judgement.criterion in answers:
            raise InvalidInput(f"{judgement.criterion} was judged twice", hint="Keep one judgement of each criterion.")
        answers[judgement.criterion] = judgement.answer
    found = []
    missing = [one.label for one in etd_criteria() if one.id not in answers]
    if missing:
        found.append(Caution("etd-incomplete", f"Not judged yet: {', '.join(missing)}."))
    lowest = min(certainties, key=CERTAINTIES.index, default=None)
    given = answers.get("certainty")
    if lowest and given and given != lowest:
        text = f"The frame calls the certainty {_plain(given)}, but a critical outcome has {_plain(lowest)}."
        found.append(Caution("certainty-differs", text))
    if frame.recommendation is not None:
        found += _against_judgements(frame.recommendation, answers, lowest)
    return tuple(found)


def _plain(word: str) -> str:
    return word.replace("-", " ")


def _against_judgements(made: Recommendation, answers: dict[str, str], lowest: Certainty | None) -> list[Caution]:
    found = []
    certainty = made.certainty or lowest or answers.get("certainty")
    strong = made.strength == "strong"
    if strong and certainty in {"low", "very-low", "no-studies"} and not made.reason.strip():
        text = (
            f"A strong recommendation rests on evidence of {_plain(str(certainty))} certainty, and no reason is given."
        )
        found.append(Caution("strong-on-weak-evidence", text))
    elif strong and certainty in {"low", "very-low", "no-studies"}:
        text = f"A strong recommendation rests on evidence of {_plain(str(certainty))} certainty; its reason is given."
        found.append(Caution("strong-on-weak-evidence-explained", text))
    if strong and made.direction == "either":
        found.append(Caution("strong-either", "A recommendation for either option cannot be strong."))
    balance = answers.get("balance")
    opposite = {"for": {"comparison", "probably-comparison"}, "against": {"option", "probably-option"}, "either": set()}
    if balance in opposite[made.direction]:
        text = (
            f"The recommendation is {made.direction} the option, but the balance of effects was judged the other way."
        )
        found.append(Caution("balance-opposes", text))
    elif strong and balance in {"neither", *_OPEN}:
        text = "The recommendation is strong, but the balance of effects was not judged to favour a side."
        found.append(Caution("balance-open", text))
    if strong and answers.get("values") in {"important", "possibly-important"}:
        text = "The recommendation is strong, although people may value the outcomes differently."
        found.append(Caution("values-vary", text))
    if strong and made.direction == "for":
        doubted = [name for name in ("acceptability", "feasibility") if answers.get(name) in {"no", "probably-no"}]
        if doubted:
            text = f"The recommendation is strong, but {' and '.join(doubted)} was judged to be lacking."
            found.append(Caution("hard-to-carry-out", text))
    return found
