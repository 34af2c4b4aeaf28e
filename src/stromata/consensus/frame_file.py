"""Evidence-to-Decision frames as YAML files: a template that names every answer, and a reader that names every fault.

The reader looks at the words as they were written. YAML takes a bare ``no`` for a truth value; here it is the answer.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import cast, get_args

import yaml

from stromata import disk
from stromata.consensus.etd import check_judgement, etd_criteria, etd_criterion, wording
from stromata.errors import InvalidInput, NotFound, Unreadable
from stromata.model import Problem
from stromata.model.consensus import (
    CERTAINTIES,
    Certainty,
    Direction,
    EtdFrame,
    EtdJudgement,
    Recommendation,
    Strength,
)
from stromata.yaml_text import compose, line_of, text_of

FRAME_KEYS = tuple(item.name for item in fields(EtdFrame))
JUDGEMENT_KEYS = ("criterion", "answer", "evidence", "considerations", "votes")
RECOMMENDATION_KEYS = tuple(item.name for item in fields(Recommendation))
_PERSPECTIVES = ("individual", "population")
_CHOICES: dict[str, tuple[str, ...]] = {
    "strength": get_args(Strength),
    "direction": get_args(Direction),
    "certainty": tuple(reversed(CERTAINTIES)),
}


# -- the file ------------------------------------------------------------------------------------------------------


def frame_yaml(frame: EtdFrame) -> str:
    """Return a frame as YAML: all twelve criteria, each with its answers as a comment, empty where nobody judged yet.

    A judgement without an answer may carry evidence; it is written, and stays unanswered.
    """
    given = {one.criterion: one for one in frame.judgements}
    parts = [
        _dumped({"id": frame.id, "question": frame.question, "options": frame.options}),
        f"# whose decision it is: {' or '.join(_PERSPECTIVES)}\n" + _dumped({"perspective": frame.perspective}),
        "# the syntheses whose certainty is critical to the decision\n" + _dumped({"outcomes": list(frame.outcomes)}),
        "\n# An empty answer is not judged yet. votes: how many people gave each answer, such as {yes: 7, varies: 2}\n",
        "judgements:\n",
    ]
    for criterion in etd_criteria():
        judged = given.get(criterion.id, EtdJudgement(criterion.id, ""))
        answers = ", ".join(answer.id for answer in criterion.answers)
        parts.append(f"  # {criterion.label}. {criterion.question}\n  # {answers}\n")
        row = {name: getattr(judged, name) for name in JUDGEMENT_KEYS} | {"votes": dict(judged.votes)}
        parts.append("  - " + textwrap.indent(_dumped(row), "    ").removeprefix("    "))
    parts += ["\n", _recommendation(frame.recommendation), "\n"]
    parts.append(_dumped({name: getattr(frame, name) for name in ("subgroups", "implementation")}))
    parts.append(_dumped({name: getattr(frame, name) for name in ("monitoring", "research")}))
    return "".join(parts)


def _recommendation(made: Recommendation | None) -> str:
    lines = [
        "# Leave it empty until there is one. statement: id of a statement of the panel; may be empty",
        *(f"# {name}: {', '.join(words)}" for name, words in _CHOICES.items()),
        "# action: as it follows “to”, such as: offer cord MSC to adults with severe lupus",
    ]
    row = {name: (getattr(made, name) or "") if made else "" for name in RECOMMENDATION_KEYS}
    return "\n".join(lines) + "\n" + _dumped({"recommendation": row})


def _dumped(data: Mapping[str, object]) -> str:
    text: str = yaml.safe_dump(dict(data), allow_unicode=True, sort_keys=False, width=100)
    return text


def read_frame(
    text: str,
    *,
    name: str = "the frame",
    person: str = "",
    statements: Collection[str] | None = None,
    judged: Collection[str] | None = None,
    frames: Collection[str] = (),
) -> tuple[EtdFrame | None, tuple[Problem, ...]]:
    """Read a frame.

    Parameters
    ----------
    text : YAML; its keys are the fields of `stromata.model.EtdFrame`.
    name : of the file, for errors.
    person : whose judgements these are.
    statements : ids of the statements that there are; None = any.
    judged : syntheses whose certainty has been judged; None = any.
    frames : ids of the frames that there are; one that differs from these in capital letters alone is refused.

    Returns
    -------
    tuple
        The frame, None when something is wrong with it; and everything that is wrong, in the order of lines. Criteria
        without an answer are not judged yet and left out.

    Raises
    ------
    Unreadable
        It is not YAML, or holds aliases; the message names the line.
    """
    draft = _Draft()
    root = draft.mapping(_composed(name, text), FRAME_KEYS, "the frame")
    draft.required(root, ("id", "question"), "the frame", 1)
    _check_id(draft, root, frames)
    frame = EtdFrame(
        id=draft.text(root, "id"),
        question=draft.text(root, "question"),
        perspective=draft.choice(root, "perspective", _PERSPECTIVES) or "individual",  # type: ignore[arg-type]  # one of the two
        judgements=tuple(_judgements(draft, root, person)),
        recommendation=_read_recommendation(draft, root, statements),
        outcomes=tuple(_outcomes(draft, root, judged)),
        **{
            name: draft.text(root, name)
            for name in ("subgroups", "implementation", "monitoring", "research", "options")
        },
    )
    problems = tuple(sorted(draft.problems, key=lambda problem: problem.line))
    return (None if problems else frame), problems


DEEPEST = 20
"""Levels of nesting beyond which a file is no frame; ours have four."""
_ID = re.compile(r"\w[\w.-]{0,99}")
_TEMPLATE = "`stromata etd form` writes a template."


def frame_text(path: Path) -> str:
    """Return the text of a file: UTF-8, or UTF-16 with its mark, as tables are read.

    Raises
    ------
    NotFound
        There is no such file.
    Unreadable
        It is a folder, cannot be opened or is no text; the message names the line.
    """
    return text_of(disk.content(path), where=str(path))


def is_frame_id(text: str) -> bool:
    """Tell whether a frame may have this id: up to 100 letters, digits, hyphens, points and underscores."""
    return bool(_ID.fullmatch(text))


def _composed(where: str, text: str) -> yaml.Node:
    node = compose(text, where=where, what="a frame", deepest=DEEPEST, hint=_TEMPLATE)
    if node is None:
        raise Unreadable(f"{where} is empty", hint=_TEMPLATE)
    return node


def _check_id(draft: _Draft, root: Keys, frames: Collection[str]) -> None:
    name = draft.text(root, "id")
    if not name:
        return
    line = line_of(root["id"])
    alike = [one for one in frames if one != name and one.casefold() == name.casefold()]
    if not is_frame_id(name):
        text = f"The id {name[:40]!r} holds other characters than letters, digits, hyphens, points and underscores."
        draft.report(line, "id-unsound", text, "Choose a short name, such as lupus-cord.", "id")
    elif alike:
        text = f"The id {name!r} differs from {alike[0]!r} in capital letters alone."
        draft.report(line, "id-alike", text, "Write it as before, or choose another.", "id")


# -- nodes ---------------------------------------------------------------------------------------------------------

Keys = Mapping[str, yaml.Node]


@dataclass(slots=True)
class _Draft:
    """The problems met while the nodes of a file are read."""

    problems: list[Problem] = field(default_factory=list)

    def report(self, line: int, code: str, text: str, hint: str = "", column: str = "") -> None:
        self.problems.append(Problem(line, code, text, hint, column))

    def mapping(self, node: yaml.Node, allowed: Sequence[str], what: str) -> dict[str, yaml.Node]:
        """Return the values of a mapping by key; any key at all where `allowed` is empty."""
        if not isinstance(node, yaml.MappingNode):
            if not _is_empty(node):
                self.report(
                    line_of(node), "no-mapping", f"{_capital(what)} holds no keys with values.", _keys_hint(allowed)
                )
            return {}
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if allowed and name not in allowed:
                near = get_close_matches(name, allowed, n=1)
                hint = f"Did you mean {near[0]}?" if near else _keys_hint(allowed)
                self.report(line_of(key), "key-unknown", f"{_capital(what)} has no key {name!r}.", hint, name)
            elif name in found:
                text = f"The key {name!r} of {what} stands twice."
                self.report(line_of(key), "key-twice", text, "Keep one of the two.", name)
            else:
                found[name] = value
        return found

    def text(self, keys: Keys, name: str) -> str:
        node = keys.get(name)
        if node is None or _is_empty(node):
            return ""
        if not isinstance(node, yaml.ScalarNode):
            self.report(line_of(node), "no-text", f"{name} is not a text.", "Write words; put a colon in quotes.", name)
            return ""
        return str(node.value).strip()

    def choice(self, keys: Keys, name: str, allowed: Sequence[str]) -> str:
        """Return the word under a key; empty when there is none, or one that is not allowed."""
        given = self.text(keys, name).lower().replace(" ", "-").replace("_", "-")
        if given and given not in allowed:
            text = f"{name} is {self.text(keys, name)!r}."
            self.report(line_of(keys[name]), "word-unknown", text, f"Write one of {', '.join(allowed)}.", name)
            return ""
        return given

    def listed(self, keys: Keys, name: str) -> list[yaml.Node]:
        node = keys.get(name)
        if node is None or _is_empty(node):
            return []
        if isinstance(node, yaml.SequenceNode):
            return list(node.value)
        self.report(line_of(node), "no-list", f"{name} is not a list.", "Begin each entry with a hyphen.", name)
        return []

    def required(self, keys: Keys, names: Sequence[str], what: str, line: int) -> bool:
        missing = [name for name in names if name not in keys or _is_empty(keys[name])]
        for name in missing:
            at = line_of(keys[name]) if name in keys else line
            self.report(at, "key-missing", f"{_capital(what)} has no {name}.", f"Fill in {name}.", name)
        return not missing


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and (node.tag == "tag:yaml.org,2002:null" or not node.value.strip())


def _keys_hint(allowed: Sequence[str]) -> str:
    return f"The keys are {', '.join(allowed)}." if allowed else "Write each as answer: number."


def _capital(what: str) -> str:
    return what[:1].upper() + what[1:]


# -- what the file says --------------------------------------------------------------------------------------------


def _judgements(draft: _Draft, root: Keys, person: str) -> Iterator[EtdJudgement]:
    seen: dict[str, int] = {}
    for node in draft.listed(root, "judgements"):
        keys = draft.mapping(node, JUDGEMENT_KEYS, "a judgement")
        if not keys or not draft.required(keys, ("criterion",), "a judgement", line_of(node)):
            continue
        name, line = draft.text(keys, "criterion"), line_of(keys["criterion"])
        if name in seen:
            text = f"{name} was judged on line {seen[name]} already."
            draft.report(line, "criterion-twice", text, "Keep one judgement of each criterion.", "criterion")
            continue
        seen[name] = line
        found = _judgement(draft, keys, person)
        if found is not None:
            yield found


def _judgement(draft: _Draft, keys: Keys, person: str) -> EtdJudgement | None:
    """Return a judgement; None when the criterion is unknown, not answered yet, or answered wrongly."""
    name, votes = draft.text(keys, "criterion"), tuple(_votes(draft, keys))
    try:
        etd_criterion(name)
    except NotFound as error:
        draft.report(line_of(keys["criterion"]), "criterion-unknown", f"{error.message}.", error.hint, "criterion")
        return None
    answer = draft.text(keys, "answer").lower().replace(" ", "-")
    evidence, considerations = draft.text(keys, "evidence"), draft.text(keys, "considerations")
    if not answer:
        if votes or considerations:
            text = f"{name} has {'votes' if votes else 'considerations'}, but no answer."
            draft.report(line_of(keys["criterion"]), "answer-missing", text, "Write the panel's answer.", "answer")
        return None
    for word, node in ((answer, keys["answer"]), *((word, keys["votes"]) for word, _ in votes)):
        try:
            check_judgement(EtdJudgement(name, word))
        except InvalidInput as error:
            draft.report(line_of(node), "answer-unknown", f"{error.message}.", "Write one of these words.", "answer")
    return EtdJudgement(name, answer, evidence, considerations, person, votes)


def _votes(draft: _Draft, keys: Keys) -> Iterator[tuple[str, int]]:
    if "votes" not in keys or _is_empty(keys["votes"]):
        return
    for answer, node in draft.mapping(keys["votes"], (), "votes").items():
        said = str(node.value) if isinstance(node, yaml.ScalarNode) else "a list"
        if not (said.isascii() and said.isdigit() and len(said) < 7):
            text = f"The votes for {answer} are {said!r}; a whole number of people is needed."
            draft.report(line_of(node), "votes-not-a-number", text, "Write how many people gave this answer.", "votes")
        elif int(said):
            yield answer.lower().replace(" ", "-"), int(said)


def _read_recommendation(draft: _Draft, root: Keys, statements: Collection[str] | None) -> Recommendation | None:
    if "recommendation" not in root:
        return None
    node = root["recommendation"]
    keys = draft.mapping(node, RECOMMENDATION_KEYS, "the recommendation")
    if not any(not _is_empty(value) for value in keys.values()):
        return None
    line = line_of(node)
    draft.required(keys, ("strength", "direction", "action"), "the recommendation", line)
    strength, direction, certainty = (draft.choice(keys, name, words) for name, words in _CHOICES.items())
    action, statement = draft.text(keys, "action"), draft.text(keys, "statement")
    if statement and statements is not None and statement not in statements:
        text = f"There is no statement {statement!r}, or it was taken out."
        hint = f"There are: {', '.join(statements) or 'none'}. It may also be left empty."
        draft.report(line_of(keys["statement"]), "statement-unknown", text, hint, "statement")
    if not (strength and direction and action):
        return None
    try:
        wording(cast("Strength", strength), cast("Direction", direction), action)
    except InvalidInput as error:
        draft.report(line_of(keys["strength"]), "recommendation-unsound", f"{error.message}.", error.hint, "strength")
    return Recommendation(
        statement,
        cast("Strength", strength),
        cast("Direction", direction),
        action,
        cast("Certainty", certainty) if certainty else None,
        draft.text(keys, "reason"),
    )


def _outcomes(draft: _Draft, root: Keys, judged: Collection[str] | None) -> Iterator[str]:
    seen: set[str] = set()
    for node in draft.listed(root, "outcomes"):
        name = str(node.value).strip() if isinstance(node, yaml.ScalarNode) else ""
        if not name:
            draft.report(line_of(node), "no-text", "An outcome is not a text.", "Write the synthesis.", "outcomes")
        elif name in seen:
            draft.report(line_of(node), "outcome-twice", f"{name} stands twice.", "Keep one of the two.", "outcomes")
        elif judged is not None and name not in judged:
            text = f"The certainty of {name!r} has not been judged."
            hint = f"Judge it first (stromata grade form {name}), or take it out."
            draft.report(line_of(node), "outcome-not-judged", text, hint, "outcomes")
        else:
            seen.add(name)
            yield name
