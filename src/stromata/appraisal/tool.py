"""Appraisal tools as data: what is asked, when, what may be answered, and how answers become levels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from stromata.errors import NotFound
from stromata.model import Design

OVERALL = "overall"
"""Stands for the whole where a domain is named."""


@dataclass(frozen=True, slots=True)
class Level:
    """One of the levels that a domain, or the whole, can be given.

    Attributes
    ----------
    symbol : one character that tells it from the tool's other levels without colour.
    rank : place in the order, 0 for the best; None for a level outside the order (no information).
    also : other words that are accepted for it.
    """

    id: str
    label: str
    symbol: str
    rank: int | None
    meaning: str = ""
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerOption:
    """One of the answers that a tool allows. The attributes are those of `Level`; `symbol` may be empty."""

    id: str
    label: str
    symbol: str = ""
    rank: int | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Is:
    """True when the answer to a question is one of `answers`; unknown while it has none."""

    question: str
    answers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Several:
    """True when all, or any, of its parts are."""

    need: Literal["all", "any"]
    parts: tuple[Condition, ...]


Condition = Is | Several


def holds(condition: Condition | None, answers: Mapping[str, str]) -> bool | None:
    """Tell whether a condition holds; None when answers that it needs are still missing."""
    if condition is None:
        return True
    if isinstance(condition, Is):
        answer = answers.get(condition.question)
        return None if answer is None else answer in condition.answers
    found = [holds(part, answers) for part in condition.parts]
    decisive = condition.need == "any"
    if decisive in found:
        return decisive
    return None if None in found else not decisive


def spell(condition: Condition) -> str:
    """Return a condition in words, such as ``2.1 is Y, PY or NI``."""
    if isinstance(condition, Is):
        *first, last = sorted(condition.answers, key=_place)
        return f"{condition.question} is {', '.join(first)}{' or ' if first else ''}{last}"
    parts = (f"({spell(part)})" if isinstance(part, Several) else spell(part) for part in condition.parts)
    return (" and " if condition.need == "all" else " or ").join(parts)


def _place(answer: str) -> tuple[int, str]:
    """Return where an answer stands in a list for people: from yes to no, then what says nothing."""
    usual = ("Y", "PY", "yes", "PN", "N", "no", "NI", "NA")
    return (usual.index(answer) if answer in usual else len(usual), answer)


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a tool, in our words.

    Attributes
    ----------
    answers : what may be answered when it is asked.
    when : condition on earlier answers on which it is asked; None = always.
    item : id of the item it is a part of, where an item has several parts; else its own id.
    worse : the side on which an answer speaks for bias; empty where neither does.
    """

    id: str
    text: str
    answers: tuple[str, ...]
    help: str = ""
    when: Condition | None = None
    item: str = ""
    worse: Literal["yes", "no", ""] = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """The level given when a condition holds; of several rules the first that holds counts."""

    when: Condition
    level: str


@dataclass(frozen=True, slots=True)
class Domain:
    """One domain of a tool, or one section of a checklist.

    Attributes
    ----------
    short : label for narrow columns.
    group : kind of bias that several domains belong to; may be empty.
    parts : lists of rules; the domain's proposed level is the worst over the lists. Empty = a person decides.
    judged : whether the domain is given a level at all; the sections of a checklist are not.
    direction : whether the tool asks for the predicted direction of bias.
    guidance : in our words, what the levels mean here, where no rule gives them.
    confirmed : addresses at which the rules (or guidance) were checked; empty = not confirmed.
    doubt : what could not be confirmed, or where descriptions disagree.
    """

    id: str
    label: str
    questions: tuple[Question, ...]
    short: str = ""
    group: str = ""
    parts: tuple[tuple[Rule, ...], ...] = ()
    judged: bool = True
    direction: bool = False
    guidance: str = ""
    confirmed: tuple[str, ...] = ()
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class OverallRule:
    """The overall level when a domain has one of the levels `any`, or when items are flawed.

    Attributes
    ----------
    any : levels of domains; empty = no condition on domains.
    critical, other : least number of flawed items, critical or not; 0 = no condition.
    """

    level: str
    any: frozenset[str] = frozenset()
    critical: int = 0
    other: int = 0


@dataclass(frozen=True, slots=True)
class OverallRules:
    """How the overall level follows from the domains (``domains``) or from flawed items (``flaws``).

    Attributes
    ----------
    flaws : answers that make an item flawed; `partial` those that do so if the team wishes.
    critical : items that are critical unless the team chooses others.
    """

    kind: Literal["domains", "flaws"]
    rules: tuple[OverallRule, ...]
    flaws: frozenset[str] = frozenset()
    partial: frozenset[str] = frozenset()
    critical: tuple[str, ...] = ()
    help: str = ""
    confirmed: tuple[str, ...] = ()
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Answers that cannot both be right, and why."""

    when: Condition
    text: str


@dataclass(frozen=True, slots=True)
class Tool:
    """An appraisal tool.

    Attributes
    ----------
    url, doi : where the tool's owners keep it, and the paper that describes it; `doi` may be empty.
    designs : the studies it is for; ``review`` stands for published reviews.
    per : whether each result or the study as a whole is appraised.
    levels : levels of domains, best first; `overall_levels` of the whole. Empty = none is given.
    overall : rule for the overall level; None = a person decides, or there is none.
    not_reached : the answer that is kept for a question that was not asked; empty where all are asked.
    support : answers that should say what supports them.
    confirmed, doubt : as in `Domain`, for which questions there are and what may be answered.
    """

    id: str
    name: str
    version: str
    url: str
    doi: str
    about: str
    designs: tuple[Design | Literal["review"], ...]
    per: Literal["result", "study"]
    answers: tuple[AnswerOption, ...]
    domains: tuple[Domain, ...]
    levels: tuple[Level, ...]
    overall_levels: tuple[Level, ...]
    overall: OverallRules | None = None
    not_reached: str = ""
    support: frozenset[str] = frozenset()
    contradictions: tuple[Contradiction, ...] = ()
    confirmed: tuple[str, ...] = ()
    doubt: str = ""

    def questions(self) -> Iterator[Question]:
        """Yield all questions, in order."""
        for domain in self.domains:
            yield from domain.questions


def tool(id: str) -> Tool:  # noqa: A002 - the word of the domain
    """Return one tool.

    Raises
    ------
    NotFound
        There is no such tool; the hint names the nearest, or all.
    """
    known = {one.id: one for one in tools()}
    if id not in known:
        near = get_close_matches(id.lower(), known, n=3)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"The tools are {', '.join(known)}."
        raise NotFound(f"there is no appraisal tool {id!r}", hint=hint)
    return known[id]


def tools_for(design: Design | Literal["review"]) -> tuple[Tool, ...]:
    """Return the tools that are meant for a design; ``review`` stands for published reviews."""
    return tuple(one for one in tools() if design in one.designs)


def levels(of: Tool | str, *, overall: bool = False) -> tuple[Level, ...]:
    """Return the levels of a tool's domains, or of its overall judgement, best first; empty where it has none."""
    found = tool(of) if isinstance(of, str) else of
    return found.overall_levels if overall else found.levels


@cache
def tools() -> tuple[Tool, ...]:
    """Return all tools, in the order of `TOOLS`; their files are read once."""
    return tuple(_tool(_data(name)) for name in TOOLS)


TOOLS = (
    "rob2-assignment",
    "rob2-adherence",
    "robins-i",
    "jbi-rct",
    "jbi-cohort",
    "jbi-case-series",
    "jbi-case-report",
    "syrcle",
    "amstar-2",
)
"""Ids of the tools, in the order in which they are listed."""

# -- from YAML -----------------------------------------------------------------------------------------------------

_Data = dict[str, Any]  # Any: what YAML holds, looked at key by key


def _data(name: str) -> _Data:
    """Return the data of a tool; one that is based on another replaces its keys, and its domains by id."""
    text = files("stromata.appraisal").joinpath("tools", f"{name}.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast where it was built
    data: _Data = yaml.load(text, loader)  # noqa: S506 - both are safe loaders
    if "based_on" not in data:
        return data
    base = _data(data.pop("based_on"))
    own = {domain["id"]: domain for domain in data.get("domains", ())}
    return base | data | {"domains": [own.get(domain["id"], domain) for domain in base["domains"]]}


def _tool(data: _Data) -> Tool:
    sets = {name: frozenset(answers) for name, answers in data.get("sets", {}).items()}
    domain_levels = _levels(data["levels"])
    overall = data.get("overall")
    return Tool(
        **{key: data[key] for key in ("id", "name", "version", "url", "doi", "about", "per")},
        designs=tuple(data["designs"]),
        answers=tuple(AnswerOption(**(row | {"also": tuple(row.get("also", ()))})) for row in data["answers"]),
        domains=tuple(_domain(domain, sets) for domain in data["domains"]),
        levels=domain_levels,
        overall_levels=_levels(data["overall_levels"]) if "overall_levels" in data else domain_levels,
        overall=_overall(overall) if overall else None,
        not_reached=data.get("not_reached", ""),
        support=frozenset(data.get("support", ())),
        contradictions=tuple(
            Contradiction(_condition(row["when"], sets), row["text"]) for row in data.get("contradictions", ())
        ),
        confirmed=tuple(data.get("confirmed", ())),
        doubt=data.get("doubt", "").strip(),
    )


def _levels(rows: Iterable[_Data]) -> tuple[Level, ...]:
    return tuple(Level(**(row | {"also": tuple(row.get("also", ()))})) for row in rows)


def _domain(data: _Data, sets: Mapping[str, frozenset[str]]) -> Domain:
    questions = tuple(_question(row, sets) for row in data["questions"])
    parts = [[Rule(_condition(row["when"], sets), row["level"]) for row in part] for part in data.get("parts", ())]
    if "by_answer" in data:
        (only,) = questions
        parts = [[Rule(Is(only.id, frozenset((answer,))), level) for answer, level in data["by_answer"].items()]]
    return Domain(
        data["id"],
        data["label"],
        questions,
        short=str(data.get("short", data["label"])),
        group=data.get("group", ""),
        parts=tuple(map(tuple, parts)),
        judged=data.get("judged", True),
        direction=data.get("direction", False),
        guidance=data.get("guidance", "").strip(),
        confirmed=tuple(data.get("confirmed", ())),
        doubt=data.get("doubt", "").strip(),
    )


def _question(data: _Data, sets: Mapping[str, frozenset[str]]) -> Question:
    return Question(
        data["id"],
        data["text"],
        tuple(data["answers"]),
        help=data.get("help", "").strip(),
        when=_condition(data["when"], sets) if "when" in data else None,
        item=str(data.get("item", data["id"])),
        worse=data.get("worse", ""),
    )


def _condition(data: _Data, sets: Mapping[str, frozenset[str]]) -> Condition:
    """Return a condition: question ids with the answers that are met (all must be), or ``any``/``all`` of several."""
    parts: list[Condition] = []
    for key, value in data.items():
        if key in {"any", "all"}:
            parts.append(Several("any" if key == "any" else "all", tuple(_condition(part, sets) for part in value)))
        else:
            parts.append(Is(key, frozenset().union(*(sets.get(name, frozenset((name,))) for name in value))))
    return parts[0] if len(parts) == 1 else Several("all", tuple(parts))


def _overall(data: _Data) -> OverallRules:
    return OverallRules(
        data["kind"],
        tuple(OverallRule(**(row | {"any": frozenset(row.get("any", ()))})) for row in data["rules"]),
        flaws=frozenset(data.get("flaws", ())),
        partial=frozenset(data.get("partial", ())),
        critical=tuple(data.get("critical", ())),
        help=data.get("help", "").strip(),
        confirmed=tuple(data.get("confirmed", ())),
        doubt=data.get("doubt", "").strip(),
    )
