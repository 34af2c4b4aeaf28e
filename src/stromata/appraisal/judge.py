"""From answers to levels: what a tool's rules propose, what is still to be answered, and what cannot stand."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from stromata.appraisal.tool import (
    OVERALL,
    Domain,
    Level,
    OverallRule,
    OverallRules,
    Question,
    Tool,
    holds,
    tool,
)
from stromata.errors import InvalidInput
from stromata.model import Appraisal, Judgement, Problem, SignallingAnswer

MILD = frozenset(("missing-answer", "missing-level", "support-missing"))
"""Codes of problems of an appraisal that is merely unfinished or thinly supported; the others make it wrong."""

_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a tool makes of answers.

    Attributes
    ----------
    domains : a judgement for each domain that the tool judges, in order. `proposed` is what the rules give, empty
        where they give nothing or answers are missing; `level` is the one that a person gave, else the proposed one.
    overall : likewise for the whole; None for a tool that has no overall level.
    answers : every question with its answer: those reached and answered, and the tool's word for not reached.
    asked : questions that are reached, in order.
    missing : questions reached but not answered, then domains (or ``overall``) that a person has yet to judge.
    problems : answers and levels that cannot be used; they count as missing.
    basis : a sentence on the settings that the overall level rests on; empty where there are none.
    """

    tool: str
    domains: tuple[Judgement, ...]
    overall: Judgement | None
    answers: tuple[tuple[str, str], ...]
    asked: tuple[str, ...]
    missing: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    basis: str = ""


def propose(
    of: Tool | str,
    answers: Mapping[str, str],
    *,
    levels: Mapping[str, str] = _NOTHING,
    critical: Collection[str] = (),
    partial_is_flaw: bool = False,
) -> Proposal:
    """Return the levels that a tool's rules give for answers.

    Parameters
    ----------
    of : the tool or its id.
    answers : question id to answer id. An answer to a question that the others do not reach is a problem and is not
        used; the tool's own word for "not reached" is always welcome there.
    levels : domain id (or ``overall``) to the level that a person decided. The overall rule rests on these first.
    critical : items that are critical instead of the tool's default ones, for a tool that has such.
    partial_is_flaw : whether a partial yes makes an item flawed, for a tool that has such an answer.

    Raises
    ------
    NotFound
        There is no such tool.
    InvalidInput
        `critical` names an item that the tool does not have, or the tool has no critical items.
    """
    found = tool(of) if isinstance(of, str) else of
    problems = list(_unusable(found, answers, levels))
    state, asked = _walk(found, answers, problems)
    usable = {domain: level for domain, level in levels.items() if level in _known(found, domain)}
    judged = [_judge(found, domain, state, usable) for domain in found.domains if domain.judged]
    flawed = _critical_items(found, critical)
    overall = _overall(found, judged, state, usable, flawed, partial_is_flaw=partial_is_flaw)
    open_questions = [question for question in asked if question not in state]
    open_levels = _open_levels(found, judged, overall, state)
    return Proposal(
        found.id,
        tuple(judged),
        overall,
        tuple((question.id, state[question.id]) for question in found.questions() if question.id in state),
        tuple(asked),
        (*open_questions, *open_levels),
        tuple(problems),
        _basis(found.overall, flawed, partial_is_flaw=partial_is_flaw),
    )


def complete(appraisal: Appraisal, *, critical: Collection[str] = (), partial_is_flaw: bool = False) -> Appraisal:
    """Fill in what follows from the answers: proposed levels, levels left empty, and the questions not reached.

    A level that the appraiser gave stays. Answers that cannot be used stay too, for `check` to report.

    Raises
    ------
    NotFound, InvalidInput
        As for `propose`.
    """
    found = tool(appraisal.tool)
    proposal = _proposal(found, appraisal, critical=critical, partial_is_flaw=partial_is_flaw)
    given = {answer.question for answer in appraisal.answers}
    order = {question.id: place for place, question in enumerate(found.questions())}
    filled = (SignallingAnswer(question, answer) for question, answer in proposal.answers if question not in given)
    answers = sorted((*appraisal.answers, *filled), key=lambda answer: order.get(answer.question, len(order)))
    old = {judgement.domain: judgement for judgement in appraisal.judgements}
    judgements = [
        replace(old.pop(new.domain, new), proposed=new.proposed, level=_given(appraisal, new.domain) or new.proposed)
        for new in (*proposal.domains, *((proposal.overall,) if proposal.overall else ()))
    ]
    return replace(appraisal, answers=tuple(answers), judgements=(*judgements, *old.values()))


def check(
    appraisal: Appraisal, *, critical: Collection[str] = (), partial_is_flaw: bool = False
) -> tuple[Problem, ...]:
    """Return everything that is wrong with, or wanting in, an appraisal; empty when it can stand.

    Problems whose code is in `MILD` mark what is unfinished; each of the others is a mistake. `column` holds the id
    of the question or domain.

    Raises
    ------
    NotFound, InvalidInput
        As for `propose`.
    """
    found = tool(appraisal.tool)
    proposal = _proposal(found, appraisal, critical=critical, partial_is_flaw=partial_is_flaw)
    return (
        *_misfits(found, appraisal),
        *proposal.problems,
        *(_wanting(found, name) for name in proposal.missing),
        *_unreasoned(found, appraisal, proposal),
        *_contradictory(found, proposal),
        *_unsupported(found, appraisal, proposal),
    )


# -- answers -------------------------------------------------------------------------------------------------------


def _proposal(found: Tool, appraisal: Appraisal, *, critical: Collection[str], partial_is_flaw: bool) -> Proposal:
    answers = {answer.question: answer.answer for answer in appraisal.answers if answer.answer}
    levels = {judgement.domain: judgement.level for judgement in appraisal.judgements if judgement.level}
    return propose(found, answers, levels=levels, critical=critical, partial_is_flaw=partial_is_flaw)


def _walk(found: Tool, answers: Mapping[str, str], problems: list[Problem]) -> tuple[dict[str, str], list[str]]:
    """Return the answers that count, with the tool's word for questions not reached, and the questions reached.

    A question whose condition hangs on a missing answer is neither: it has no answer yet and is not asked yet.
    """
    state: dict[str, str] = {}
    asked: list[str] = []
    for question in found.questions():
        answer = answers.get(question.id, "")
        reached = holds(question.when, state)
        if reached:
            asked.append(question.id)
            if answer in question.answers:
                state[question.id] = answer
        elif reached is False:
            state[question.id] = found.not_reached
            if answer not in {"", found.not_reached}:
                text = f"{question.id}: {answer} was answered, but the answers before it do not lead to this question"
                hint = f"Leave it empty or answer {found.not_reached}; or look at the earlier answers again."
                problems.append(Problem(0, "unreached-answer", text, hint, question.id))
        if answer and answer not in question.answers and (reached or answer != found.not_reached):
            problems.append(_not_allowed(question, answer))
    return state, asked


def _not_allowed(question: Question, answer: str) -> Problem:
    text = f"{question.id}: {answer!r} cannot be answered here"
    return Problem(0, "answer-not-allowed", text, f"Allowed are {', '.join(question.answers)}.", question.id)


def _unusable(found: Tool, answers: Mapping[str, str], levels: Mapping[str, str]) -> Iterator[Problem]:
    """Yield problems for questions, domains and levels that the tool does not have."""
    questions = {question.id for question in found.questions()}
    for name in answers:
        if name not in questions:
            hint = f"Its questions are {', '.join(question.id for question in found.questions())}."
            yield Problem(0, "unknown-question", f"{found.name} has no question {name!r}", hint, name)
    judged = [domain.id for domain in found.domains if domain.judged]
    for name, level in levels.items():
        known = _known(found, name)
        if not known:
            domains = [*judged, *((OVERALL,) if found.overall_levels else ())]
            text = f"{found.name} gives no level for {name!r}"
            yield Problem(0, "unknown-domain", text, f"It does for {', '.join(domains)}.", name)
        elif level not in known:
            text = f"{name}: {level!r} is no level of {found.name}"
            yield Problem(0, "unknown-level", text, f"Its levels are {', '.join(known)}.", name)


def _known(found: Tool, domain: str) -> dict[str, Level]:
    """Return the levels that a domain, or the whole, can be given."""
    if domain == OVERALL:
        return {level.id: level for level in found.overall_levels}
    judged = any(one.id == domain and one.judged for one in found.domains)
    return {level.id: level for level in found.levels} if judged else {}


# -- levels --------------------------------------------------------------------------------------------------------


def _judge(found: Tool, domain: Domain, state: Mapping[str, str], levels: Mapping[str, str]) -> Judgement:
    """Return the judgement of a domain; without a proposal while any of its questions is open."""
    proposed = ""
    if domain.parts and all(question.id in state for question in domain.questions):
        order = [level.id for level in found.levels]
        given = [next(rule.level for rule in part if holds(rule.when, state)) for part in domain.parts]
        proposed = max(given, key=order.index)
    return Judgement(domain.id, levels.get(domain.id, proposed), proposed)


def _overall(
    found: Tool,
    judged: list[Judgement],
    state: Mapping[str, str],
    levels: Mapping[str, str],
    critical: frozenset[str],
    *,
    partial_is_flaw: bool,
) -> Judgement | None:
    if not found.overall_levels:
        return None
    proposed = ""
    rules = found.overall
    if rules is not None and rules.kind == "domains" and all(one.level for one in judged):
        met = {one.level for one in judged}
        proposed = next(rule.level for rule in rules.rules if not rule.any or rule.any & met)
    elif rules is not None and rules.kind == "flaws" and all(question.id in state for question in found.questions()):
        counts_as = rules.flaws | (rules.partial if partial_is_flaw else frozenset())
        flawed = {question.item for question in found.questions() if state[question.id] in counts_as}
        counts = len(flawed & critical), len(flawed - critical)
        proposed = next(rule.level for rule in rules.rules if _enough(rule, *counts))
    return Judgement(OVERALL, levels.get(OVERALL, proposed), proposed)


def _open_levels(
    found: Tool, judged: list[Judgement], overall: Judgement | None, state: Mapping[str, str]
) -> list[str]:
    """Return the domains that wait for a person's level rather than for answers; then the whole, likewise."""
    waiting = {domain.id for domain in found.domains if any(one.id not in state for one in domain.questions)}
    found_open = [one.domain for one in judged if not one.level and one.domain not in waiting]
    if overall and not overall.level and not waiting and not found_open:
        found_open.append(OVERALL)
    return found_open


def _enough(rule: OverallRule, critical: int, other: int) -> bool:
    return critical >= rule.critical and other >= rule.other


def _critical_items(found: Tool, chosen: Collection[str]) -> frozenset[str]:
    rules = found.overall
    if not chosen:
        return frozenset(rules.critical if rules else ())
    if rules is None or rules.kind != "flaws":
        raise InvalidInput(f"{found.name} has no critical items, but {', '.join(chosen)} were named as such")
    items = dict.fromkeys(question.item for question in found.questions())
    strangers = [item for item in chosen if item not in items]
    if strangers:
        raise InvalidInput(
            f"{', '.join(strangers)} cannot be critical: {found.name} has no such item",
            hint=f"Its items are {', '.join(items)}.",
        )
    return frozenset(chosen)


def _basis(rules: OverallRules | None, critical: frozenset[str], *, partial_is_flaw: bool) -> str:
    if rules is None or rules.kind != "flaws":
        return ""
    items = ", ".join(sorted(critical, key=lambda item: (len(item), item)))
    word = "counts" if partial_is_flaw else "does not count"
    return f"Critical items: {items}. A partial yes {word} as a flaw."


# -- what cannot stand ---------------------------------------------------------------------------------------------


def _given(appraisal: Appraisal, domain: str) -> str:
    return next((one.level for one in appraisal.judgements if one.domain == domain), "")


def _misfits(found: Tool, appraisal: Appraisal) -> Iterator[Problem]:
    """Yield problems of the appraisal as a whole, and things named twice."""
    if appraisal.version != found.version:
        text = f"the appraisal was made with version {appraisal.version!r} of {found.name}"
        yield Problem(0, "wrong-version", text, f"This is version {found.version}; questions may differ.")
    if found.per == "result" and not appraisal.result:
        text = f"{found.name} judges one result, but none is named for {appraisal.study}"
        yield Problem(0, "missing-result", text, "Name the outcome whose result was appraised.", "result")
    if found.per == "study" and appraisal.result:
        text = f"{found.name} judges the whole study, but the result {appraisal.result!r} is named"
        yield Problem(0, "result-not-allowed", text, "Leave the result empty.", "result")
    names = [answer.question for answer in appraisal.answers] + [one.domain for one in appraisal.judgements]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield Problem(0, "named-twice", f"{name}: there is more than one entry", "Keep one of them.", name)


def _wanting(found: Tool, name: str) -> Problem:
    question = next((one for one in found.questions() if one.id == name), None)
    if question is not None:
        hint = f"Answer {', '.join(question.answers)}."
        return Problem(0, "missing-answer", f"{name}: not answered yet: {question.text}", hint, name)
    text = f"{name}: no level yet"
    return Problem(0, "missing-level", text, f"Give one of {', '.join(_known(found, name))}.", name)


def _unreasoned(found: Tool, appraisal: Appraisal, proposal: Proposal) -> Iterator[Problem]:
    """Yield problems for levels that differ from the proposed one without a reason."""
    reasons = {judgement.domain: judgement.reason.strip() for judgement in appraisal.judgements}
    for one in (*proposal.domains, *((proposal.overall,) if proposal.overall else ())):
        if not one.proposed or one.level == one.proposed or reasons.get(one.domain):
            continue
        known = _known(found, one.domain)
        given, proposed = known[one.level], known[one.proposed]
        text = f"{one.domain}: the level is {given.label}, but the answers give {proposed.label}; there is no reason"
        better = given.rank is not None and proposed.rank is not None and given.rank < proposed.rank
        code = "overall-too-good" if one.domain == OVERALL and better else "missing-reason"
        yield Problem(0, code, text, "Give the reason, or leave the level empty to take the proposed one.", one.domain)


def _contradictory(found: Tool, proposal: Proposal) -> Iterator[Problem]:
    answers = dict(proposal.answers)
    for contradiction in found.contradictions:
        if holds(contradiction.when, answers):
            yield Problem(0, "contradiction", contradiction.text, "Look at these answers again.")


def _unsupported(found: Tool, appraisal: Appraisal, proposal: Proposal) -> Iterator[Problem]:
    for answer in appraisal.answers:
        asked = answer.question in proposal.asked and answer.answer in found.support
        if asked and not (answer.support.strip() or answer.quote.strip()):
            text = f"{answer.question}: {answer.answer} is not supported by anything"
            yield Problem(0, "support-missing", text, "Say why, or quote the report.", answer.question)
