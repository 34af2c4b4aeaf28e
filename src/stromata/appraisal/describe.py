"""The reference page of the tools, written from their data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stromata.appraisal.tool import Domain, Level, OverallRule, OverallRules, Question, Tool, spell, tools

_OPENING = """# Appraisal tools

The tools below are data that stromata reads. Questions and help are in our own words: the official wording belongs to
the tools' owners, and every tool links to it. Read their guidance before you appraise.

Each rule says where it was checked. "Not confirmed" means that no independent description could be opened; a doubt says
where descriptions disagree. A proposed level is a proposal: a person decides, and gives a reason where theirs differs.

How to use them: [appraise studies](../how-to/appraise.md).
"""


def reference_page() -> str:
    """Return the page in Markdown: every tool with its questions, rules, levels and where they were checked."""
    rows = [
        f"| [`{one.id}`](#{one.id}) | {one.name} | {one.version} | {', '.join(one.designs)} | {one.per} |"
        for one in tools()
    ]
    table = ["| id | tool | version | for | appraises each |", "| --- | --- | --- | --- | --- |", *rows, ""]
    return "\n".join([_OPENING, *table, *(line for one in tools() for line in _tool(one))])


def _tool(found: Tool) -> Iterator[str]:
    paper = f", paper: <https://doi.org/{found.doi}>" if found.doi else ""
    yield f"## {found.id}\n"
    yield f"{found.name}, version {found.version}. Authority: <{found.url}>{paper}.\n"
    yield f"{found.about}\n"
    yield f"Questions checked at: {_addresses(found.confirmed)}"
    yield f"{f'Doubt: {found.doubt}' if found.doubt else ''}\n"
    yield from _answers(found)
    if found.levels:
        yield from _levels("Level", found.levels)
    if found.overall_levels and found.overall_levels != found.levels:
        yield from _levels("Overall level", found.overall_levels)
    for domain in found.domains:
        yield from _domain(domain)
    yield from _overall(found)


def _answers(found: Tool) -> Iterator[str]:
    yield f"Answers: {', '.join(f'`{one.id}` {one.label.lower()}' for one in found.answers)}.\n"


def _levels(heading: str, of: Iterable[Level]) -> Iterator[str]:
    yield f"| {heading} | | meaning |\n| --- | --- | --- |"
    for level in of:
        yield f"| {level.label} | `{level.symbol}` | {level.meaning} |"
    yield ""


def _domain(domain: Domain) -> Iterator[str]:
    title = f"{domain.id}: {domain.label}" if domain.judged else domain.label
    yield f"### {title}{f' ({domain.group})' if domain.group else ''}\n"
    yield "| | question | asked if | answers |\n| --- | --- | --- | --- |"
    for question in domain.questions:
        yield _question(question)
    yield ""
    if not domain.judged:
        return
    if domain.guidance:
        yield f"A person decides. {domain.guidance}\n"
    for part in domain.parts:
        yield f"{'The worst part counts. In this part, the' if len(domain.parts) > 1 else 'The'} first that holds:\n"
        for place, rule in enumerate(part, start=1):
            yield f"{place}. {spell(rule.when)}: **{rule.level}**"
        yield ""
    yield f"Checked at: {_addresses(domain.confirmed)}"
    yield f"{f'Doubt: {domain.doubt}' if domain.doubt else ''}\n"


def _question(question: Question) -> str:
    text = f"{question.text}{f'<br>{question.help}' if question.help else ''}"
    when = spell(question.when) if question.when is not None else "always"
    return f"| {question.id} | {text} | {when} | {', '.join(question.answers)} |"


def _overall(found: Tool) -> Iterator[str]:
    if not found.overall_levels:
        yield "There is no overall level.\n"
        return
    yield "### Overall\n"
    if found.overall is None:
        yield "A person decides; there is no rule.\n"
        return
    for place, rule in enumerate(found.overall.rules, start=1):
        yield f"{place}. {_when(found.overall, rule)}: **{rule.level}**"
    if found.overall.critical:
        yield f"\nCritical unless the team chooses others: items {', '.join(found.overall.critical)}."
    yield f"\n{found.overall.help}\n"
    yield f"Checked at: {_addresses(found.overall.confirmed)}"
    yield f"{f'Doubt: {found.overall.doubt}' if found.overall.doubt else ''}\n"


def _when(rules: OverallRules, rule: OverallRule) -> str:
    if rules.kind == "domains":
        return f"a domain is {' or '.join(sorted(rule.any))}" if rule.any else "otherwise"
    counts = [(rule.critical, "critical"), (rule.other, "other")]
    said = [f"{count} or more {kind} items are flawed" for count, kind in counts if count]
    return " and ".join(said) or "otherwise"


def _addresses(confirmed: Iterable[str]) -> str:
    return ", ".join(f"<{address}>" for address in confirmed) or "not confirmed."
