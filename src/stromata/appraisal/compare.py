"""Appraisals side by side: what a figure marks for each, where two people differ, and how far they agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from stromata.appraisal.tool import OVERALL, AnswerOption, Level, Tool, tool, tools
from stromata.model import Appraisal


@dataclass(frozen=True, slots=True)
class Mark:
    """What a figure or table shows in one column for one appraisal.

    Attributes
    ----------
    column : id of a domain, of a question for a checklist, or ``overall``.
    label : heading of the column; `short` for narrow ones.
    level : id of the level or answer; empty when none was given yet.
    word, symbol : what to print for it; empty when none was given yet.
    rank : place in the order, 0 for the best; None outside it.
    """

    column: str
    label: str
    short: str
    level: str = ""
    word: str = ""
    symbol: str = ""
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """What two people said to one question, domain, or overall.

    Attributes
    ----------
    item : id of the question or domain; ``overall`` for the whole.
    given : what the two said, in the order of `appraisers`; empty where one said nothing.
    """

    tool: str
    study: str
    result: str
    item: str
    appraisers: tuple[str, str]
    given: tuple[str, str]

    @property
    def equal(self) -> bool:
        """Whether both said the same."""
        return self.given[0] == self.given[1]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two people agree in one column of a tool.

    Attributes
    ----------
    n : appraisals in which both gave a level (or, for a checklist, an answer).
    observed : share of those on which they agree, 0 to 1; None when n = 0.
    kappa : Cohen's kappa, at most 1; None when n = 0 or when both said one and the same throughout (0/0).
    n_ordered : those in which both levels have a place in the order.
    weighted : kappa with linear weights over these; None in the same cases.
    """

    tool: str
    appraisers: tuple[str, str]
    column: str
    n: int
    observed: float | None
    kappa: float | None
    n_ordered: int
    weighted: float | None


def columns(of: Tool | str) -> tuple[Mark, ...]:
    """Return the columns of a tool's figures, without levels: judged domains, else questions; then ``overall``."""
    found = tool(of) if isinstance(of, str) else of
    judged = [Mark(domain.id, domain.label, domain.short) for domain in found.domains if domain.judged]
    asked = [] if judged else [Mark(question.id, question.text, question.id) for question in found.questions()]
    whole = [Mark(OVERALL, "Overall", "Overall")] if found.overall_levels else []
    return (*judged, *asked, *whole)


def marks(appraisal: Appraisal) -> tuple[Mark, ...]:
    """Return what to show for an appraisal, a mark for each of its tool's `columns`, in their order.

    Only levels that stand in the appraisal are shown: `complete` it first to fill in the proposed ones.

    Raises
    ------
    NotFound
        There is no such tool.
    """
    found = tool(appraisal.tool)
    given = _given(appraisal)
    return tuple(_marked(found, column, given.get(column.column, "")) for column in columns(found))


def compare(appraisals: Iterable[Appraisal]) -> tuple[Difference, ...]:
    """Return what each two people said of the same result with the same tool, question by question, then levels.

    In the order of the tool's list, study, result and the people's names; equal answers are there too. Of several
    appraisals of one result by one person the last counts.

    Raises
    ------
    NotFound
        There is no tool of that id.
    """
    found: list[Difference] = []
    for left, right in _pairs(appraisals):
        one, other = _given(left), _given(right)
        who = left.appraiser, right.appraiser
        for item in _items(tool(left.tool)):
            if item in one or item in other:
                given = one.get(item, ""), other.get(item, "")
                found.append(Difference(left.tool, left.study, left.result, item, who, given))
    return tuple(found)


def agreement(appraisals: Iterable[Appraisal]) -> tuple[Agreement, ...]:
    """Return how far each two people agree, for each column of each tool that both used.

    Raises
    ------
    NotFound
        There is no tool of that id.

    References
    ----------
    Cohen J (1960). A coefficient of agreement for nominal scales. Educ Psychol Meas 20:37-46.
    Cohen J (1968). Weighted kappa. Psychol Bull 70:213-220, with disagreement weights |i - j|.
    """
    said: dict[tuple[str, tuple[str, str]], list[tuple[tuple[Mark, ...], tuple[Mark, ...]]]] = {}
    for left, right in _pairs(appraisals):
        key = left.tool, (left.appraiser, right.appraiser)
        said.setdefault(key, []).append((marks(left), marks(right)))
    return tuple(
        _agree(name, who, [(one[place], other[place]) for one, other in both])
        for (name, who), both in said.items()
        for place in range(len(columns(name)))
    )


def _agree(name: str, who: tuple[str, str], both: Sequence[tuple[Mark, Mark]]) -> Agreement:
    given = [(one, other) for one, other in both if one.level and other.level]
    ranks = [(one.rank, other.rank) for one, other in given if one.rank is not None and other.rank is not None]
    plain = [(one.level, other.level) for one, other in given]
    observed = sum(a == b for a, b in plain) / len(plain) if plain else None
    steps = {word: place for place, word in enumerate(dict.fromkeys(word for pair in plain for word in pair))}
    kappa = _kappa([(steps[a], steps[b]) for a, b in plain], weigh=lambda a, b: a != b)
    weighted = _kappa(ranks, weigh=lambda a, b: abs(a - b))
    return Agreement(name, who, both[0][0].column, len(plain), observed, kappa, len(ranks), weighted)


def _kappa(pairs: Sequence[tuple[int, int]], *, weigh: Callable[[int, int], int]) -> float | None:
    """Return 1 less the disagreement met over the disagreement that chance would give; None for 0/0."""
    left, right = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    expected = sum(weigh(a, b) * left[a] * right[b] for a in left for b in right)
    return None if expected == 0 else 1 - len(pairs) * sum(weigh(a, b) for a, b in pairs) / expected


def _pairs(appraisals: Iterable[Appraisal]) -> Iterator[tuple[Appraisal, Appraisal]]:
    """Yield each two people's appraisals of the same thing with the same tool."""
    last: dict[tuple[int, str, str, str], dict[str, Appraisal]] = {}
    places = {one.id: place for place, one in enumerate(tools())}
    for one in appraisals:
        key = places[tool(one.tool).id], one.tool, one.study, one.result
        last.setdefault(key, {})[one.appraiser] = one
    for _, by_person in sorted(last.items(), key=lambda item: item[0]):
        for left, right in combinations(sorted(by_person), 2):
            yield by_person[left], by_person[right]


def _given(appraisal: Appraisal) -> dict[str, str]:
    """Return answers and levels under the ids of their questions and domains; empty ones are left out."""
    answers = {answer.question: answer.answer for answer in appraisal.answers if answer.answer}
    return answers | {one.domain: one.level for one in appraisal.judgements if one.level}


def _items(found: Tool) -> Iterator[str]:
    """Yield the ids of a tool's questions and domains, each domain after its questions; ``overall`` last."""
    for domain in found.domains:
        yield from (question.id for question in domain.questions)
        if domain.judged:
            yield domain.id
    if found.overall_levels:
        yield OVERALL


def _marked(found: Tool, column: Mark, given: str) -> Mark:
    """Return a column with the level or answer that was given, if the tool has it."""
    options: Sequence[Level | AnswerOption]
    if column.column == OVERALL:
        options = found.overall_levels
    else:
        options = found.levels if any(domain.judged for domain in found.domains) else found.answers
    for option in options:
        if option.id == given:
            return replace(column, level=option.id, word=option.label, symbol=option.symbol, rank=option.rank)
    return column
