"""Explanation of a pair: what speaks for one work, what against, and what follows, in sentences for a librarian.

Every sentence belongs to one level of agreement of one field and stands on the side on which that level's weight falls
(see `decide`), the heaviest first. Nothing is said that did not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stromata.dedupe.compare import LEVELS, compare, different_words
from stromata.dedupe.decide import VERDICTS, Facts, Parameters, decide, holds_together, levels_of, shipped
from stromata.dedupe.normal import prepare
from stromata.model import Record

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a pair is the same, different, or a question.

    Attributes
    ----------
    verdict : "same", "different" or "ask".
    conclusion : one sentence that says what follows and which rule or balance decided.
    evidence, against : one sentence each, the heaviest first.
    score : log-odds of being one work.
    rule : what forbade a merge; empty where nothing did. relation : how two works belong together; may be empty.
    reason : what the rule says, in a sentence; empty where there is no rule.
    """

    verdict: str
    conclusion: str
    evidence: tuple[str, ...]
    against: tuple[str, ...]
    score: float
    rule: str
    relation: str
    reason: str = ""


_RULES = {
    "marks": "One entry is a notice, reply or protocol and the other is not",
    "marks-identified": "One entry is a notice, reply or protocol, although both carry the same identifier",
    "kind": "They are different kinds of publication",
    "kind-identified": "They are different kinds of publication, although both carry the same identifier",
    "entries": "A registry holds one entry for each registration",
    "version": "They are two versions of one document; whether they count as one reference is for the review to say",
    "pmid": "Two PubMed numbers are two articles",
    "pmid-alone": "Everything agrees but the PubMed numbers",
    "doi": "Two DOIs are two publications unless one of them was entered wrongly",
    "column": "A regular column appears in every issue under the same title",
    "unplaced": "The title is one that many entries bear, and neither volume, issue nor page tells them apart",
    "untitled": "Their titles cannot be compared, and neither place nor abstract shows that they are one",
    "wording": "Their titles say different things, and neither place nor abstract shows that they are one",
    "numbers": "Numbers in the titles differ, as in parts of a series or yearly reports",
    "registry": "They name different trial registrations",
    "elsewhere": "They were published in different places",
    "year": "They were published more than a year apart",
    "yearly": "What is published anew every year may be another edition a year later",
    "pages": "They stand on different pages",
    "volume": "They stand in different volumes",
    "issue": "They stand in different issues, and no page or abstract shows that they are one",
    "title": "Their titles are too different to merge them unseen",
    "authors": "They have no author in common",
    "generic": "The title is one that many entries bear, and nothing else tells where they were published",
    "nobody": "One of them names no author, and nothing else tells where they were published",
    "title-alone": "Nothing but title and authors agrees",
}
"""What each rule of `decide.RULES` says."""

_RELATIONS = {
    "erratum-of": "one corrects the other", "retraction-of": "one retracts the other",
    "concern-about": "one voices concern about the other", "reply-to": "one replies to the other",
    "comment-on": "one comments on the other", "protocol-of": "one is the protocol of the other",
    "preprint-of": "one is a preprint of the other", "registry-entry-of": "one is the registration of the other",
    "version-of": "one is a later version of the other", "part-of-series": "they are parts of one series",
    "update-of": "one updates the other", "abstract-of": "one is a meeting's abstract of the other",
    "companion-of": "they report on the same work",
}  # fmt: skip
"""What each relation of `decide.Relation` says."""

_MARK_WORDS = {
    "erratum": "a correction", "retraction": "a notice of retraction", "concern": "an expression of concern",
    "reply": "a reply", "comment": "a comment", "protocol": "a protocol",
}  # fmt: skip

_WEIGHED = {
    "generic title": "The title is one that many entries bear, so that it says little.",
    "short title of few authors": "The title is short, and the authors do not make up for it.",
    "another volume and page": "Both volume and page differ: that is another place of publication.",
    "same DOI under another title": "One DOI stands under different titles, as that of a whole issue or meeting does.",
    "same pages of the same authors and year": "The same authors fill the same pages in the same year.",
    "same DOI on the same pages": "DOI, volume and pages agree: that is one place of publication, whatever the title.",
    "same abstract on another page": "The same text stands on another page: a work that was presented twice.",
}
"""What each combination of ``parameters.yaml`` says."""

Row = Mapping[str, Any]
"""One pair: the columns of both records, as `blocking.pair_columns` gives them."""

Say = Callable[[str, Row], str]
"""Makes a sentence of a level's name and a pair."""


def explain(
    left: Record,
    right: Record,
    *,
    doi_titles: int = 1,
    title_years: int = 1,
    url_titles: int = 1,
    parameters: Parameters | None = None,
) -> Explanation:
    """Explain what is said of two records.

    Parameters
    ----------
    left, right : the records, in any order.
    doi_titles, title_years, url_titles : what the collection says of them (see `blocking.context`): how many titles
        stand under their DOI, in how many years their title was used, how many titles name their page.
    parameters : those that ship with the package unless given.
    """
    known = {"doi_titles": doi_titles, "title_years": title_years, "url_titles": url_titles}
    return explain_pairs(paired(left, right, **known), parameters)[0]


def paired(
    left: Record, right: Record, *, doi_titles: int = 1, title_years: int = 1, url_titles: int = 1
) -> pa.RecordBatch:
    """Return two records as a batch of one pair, the input of `compare.compare`."""
    import pyarrow as pa  # noqa: PLC0415 - loads late

    rows = next(prepare((("left", left), ("right", right)))).to_pylist()
    values = {f"{side}_{name}": value for side, row in zip("lr", rows, strict=True) for name, value in row.items()}
    known = {"doi_titles": doi_titles, "title_years": title_years, "url_titles": url_titles}
    return pa.RecordBatch.from_pylist([values | known])


def explain_pairs(pairs: pa.RecordBatch, parameters: Parameters | None = None) -> tuple[Explanation, ...]:
    """Explain each pair of a batch as `blocking.pair_columns` gives them."""
    parameters = parameters or shipped()
    compared = compare(pairs)
    decided = decide(compared, parameters).to_pylist()
    levels = compared.to_pylist()
    together = _together(compared, parameters)
    return tuple(
        _explained(row, level, decision, found, parameters)
        for row, level, decision, found in zip(pairs.to_pylist(), levels, decided, together, strict=True)
    )


def _together(compared: pa.RecordBatch, parameters: Parameters) -> list[list[tuple[float, str]]]:
    facts = Facts(levels_of(compared))
    found: list[list[tuple[float, str]]] = [[] for _ in range(compared.num_rows)]
    for item in parameters.together:
        for number in holds_together(facts, item).nonzero()[0]:
            found[number].append((item.weight, _WEIGHED.get(item.name, f"{item.name.capitalize()}.")))
    return found


def _explained(
    row: Row,
    levels: Mapping[str, int],
    decision: Mapping[str, Any],
    together: list[tuple[float, str]],
    parameters: Parameters,
) -> Explanation:
    weighed = [*together]
    for field, sentence in _sentences(row, {field: LEVELS[field][levels[field]] for field in LEVELS}):
        weighed.append((parameters.weights[field][levels[field]], sentence))
    weighed.sort(key=lambda item: -abs(item[0]))
    return Explanation(
        verdict=VERDICTS[decision["verdict"]],
        conclusion=_conclusion(VERDICTS[decision["verdict"]], decision["rule"], decision["relation"]),
        evidence=tuple(text for weight, text in weighed if weight > 0),
        against=tuple(text for weight, text in weighed if weight < 0),
        score=decision["score"],
        rule=decision["rule"],
        relation=decision["relation"],
        reason=f"{_RULES[decision['rule']]}." if decision["rule"] else "",
    )


def _conclusion(verdict: str, rule: str, relation: str) -> str:
    kin = f" As relatives they may be linked: {_RELATIONS[relation]}." if relation else ""
    reason = _RULES.get(rule, "")
    if verdict == "same":
        return "Both are the same record of one work."
    if verdict == "ask":
        return f"A person should decide. {reason or 'The evidence is balanced'}.{kin}"
    return f"They are different works. {reason or 'The evidence against outweighs that for'}.{kin}"


def _sentences(row: Row, levels: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield (field, sentence) for each field of which something can be said."""
    for field, say in _SAY.items():
        if levels[field] != LEVELS[field][0] and (text := say(levels[field], row)):
            yield field, text


def _two(row: Row, column: str) -> tuple[str, str]:
    return str(row[f"l_{column}"]), str(row[f"r_{column}"])


def _title(level: str, row: Row) -> str:
    one, two = _two(row, "title")
    return {
        "equal": f'The titles are the same: "{one}".',
        "almost": f'The titles are nearly the same: "{one}" and "{two}".',
        "main": f'One title is the other without its subtitle: "{min(one, two, key=len)}".',
        "part": f'One title is a part of the other: "{min(one, two, key=len)}".',
    }.get(level, f'The titles differ: "{one}" and "{two}".')


def _wording(level: str, row: Row) -> str:
    one, two = different_words(*_two(row, "title"))
    if level == "spelling":
        return "The titles differ only in spelling, small words or hyphens."
    if level == "added":
        return f"One title has words that the other lacks: {', '.join(one or two)}."
    if level == "opposed" and not (one and two):
        return f"One title denies what the other says: {', '.join(one or two) or 'another letter'}."
    return f"In the titles words are exchanged: {', '.join(one)} for {', '.join(two)}."


def _numbers(level: str, row: Row) -> str:
    one, two = _two(row, "numbers")
    if level == "equal":
        return f"The titles hold the same numbers: {one}."
    return f"The titles hold different numbers: {one or 'none'} and {two or 'none'}."


def _marks(level: str, row: Row) -> str:
    one, two = _two(row, "marks")
    if level in _MARK_WORDS:
        return f"Only the {'first' if level in one.split() else 'second'} is {_MARK_WORDS[level]}, as its title says."
    if level == "differ":
        return f"Their titles are marked differently: {one or 'no mark'} and {two or 'no mark'}."
    return f"Both titles are marked in the same way: {one}."


def _kind(level: str, row: Row) -> str:
    one, two = _two(row, "kind")
    if level == "equal":
        return f"Both are of the same kind: {one}."
    return f"They are of different kinds: {one or 'publication'} and {two or 'publication'}."


def _authors(level: str, row: Row) -> str:
    one, two = _two(row, "authors")
    return {
        "same": "Both have the same authors.",
        "all": f"All authors of the shorter list ({one} and {two} names) stand in the longer one.",
        "most": f"Most authors agree ({one} and {two} names).",
        "half": f"About half of the authors agree ({one} and {two} names).",
        "few": "Few authors agree.",
        "none": "No author agrees.",
    }[level]


def _first(level: str, row: Row) -> str:
    one, two = (f"{row[f'{side}_first'].title()} {row[f'{side}_given'].title()}".strip() for side in "lr")
    return {
        "equal": f"The first author is the same: {one}.",
        "swapped": f"The first author is the same with family and given name exchanged: {one} and {two}.",
        "in-list": f"The first authors differ, but one stands further down in the other's list: {one} and {two}.",
        "initials-differ": f"The first authors share a family name, but not the initial: {one} and {two}.",
        "other": f"The first authors differ: {one} and {two}.",
    }[level]


def _year(level: str, row: Row) -> str:
    one, two = _two(row, "year")
    if level == "equal":
        return f"Both are of {one}."
    note = ", as when one counts the publication online and the other that in print" if level == "one" else ""
    return f"The years differ: {one} and {two}{note}."


def _journal(level: str, row: Row) -> str:
    one, two = _two(row, "journal")
    if one == two:
        return f'Both stand in "{one}".'
    return {
        "equal": f'The journals are the same: "{one}" and "{two}".',
        "abbreviated": f'One journal\'s name can be short for the other: "{one}" and "{two}".',
        "part": f'The journals\' names are alike: "{one}" and "{two}".',
        "meetings": f'Both stand in the proceedings of meetings with different names: "{one}" and "{two}".',
    }.get(level, f'The journals differ: "{one}" and "{two}".')


def _place(noun: str, column: str) -> Say:
    def say(level: str, row: Row) -> str:
        one, two = _two(row, column)
        return {
            "equal": f"The {noun} is the same: {one}.",
            "overlap": f"The {noun}s overlap: {one} and {two}.",
            "elsewhere": f"The {noun}s differ ({one} and {two}), but one stands in another field or is the year.",
        }.get(level, f"The {noun}s differ: {one} and {two}.")

    return say


def _pages(level: str, row: Row) -> str:
    one, two = ("-".join(part for part in (row[f"{side}_page"], row[f"{side}_last"]) if part) for side in "lr")
    both = f"{one or 'in another field'} and {two or 'in another field'}"
    return {
        "equal": f"The pages are the same: {one}.",
        "first": f"The first page is the same, as far as can be told: {both}.",
        "overlap": f"The pages overlap: {one} and {two}.",
        "unlike": f"The pages are counted in different ways: {one} and {two}.",
    }.get(level, f"The pages differ: {one} and {two}.")


def _doi(level: str, row: Row) -> str:
    one, two = _two(row, "doi")
    return {
        "equal": f"Both carry the DOI {one}." if one == two else f"The DOIs differ only in writing: {one} and {two}.",
        "container": f"Both carry the DOI {one}, but it is that of a whole issue or meeting.",
        "version": f"The DOIs are versions of one document: {one} and {two}.",
    }.get(level, f"The DOIs differ: {one} and {two}.")


def _identifier(noun: str, column: str) -> Say:
    def say(level: str, row: Row) -> str:
        one, two = (value.upper() for value in _two(row, column))
        if level == "equal":
            return f"Both carry the {noun} {one}."
        return f"The {noun}s {'overlap' if level == 'overlap' else 'differ'}: {one} and {two}."

    return say


def _record(level: str, row: Row) -> str:
    column = "pmcid" if row["l_pmcid"] and row["r_pmcid"] else "accession"
    return _identifier("PMC number" if column == "pmcid" else "accession number", column)(level, row)


def _abstract(level: str, _row: Row) -> str:
    return {
        "equal": "The abstracts begin in the same words.",
        "near": "The abstracts begin in nearly the same words.",
        "like": "The abstracts begin alike, but not in the same words.",
        "other": "The abstracts begin differently.",
    }[level]


def _url(level: str, row: Row) -> str:
    one = row["l_url"]
    return f"Both name the page {one}." if level == "equal" else f"Both name the page {one}, but so do other titles."


_SAY: dict[str, Say] = {  # field -> maker of its sentence from the level's name and the pair
    "title": _title, "wording": _wording, "numbers": _numbers, "marks": _marks, "kind": _kind, "authors": _authors,
    "first": _first, "year": _year, "journal": _journal, "volume": _place("volume", "volume"),
    "issue": _place("issue", "issue"), "pages": _pages, "doi": _doi, "pmid": _identifier("PubMed number", "pmid"),
    "record": _record, "registry": _identifier("registration", "registry"), "abstract": _abstract, "url": _url,
}  # fmt: skip

_BRIEF = {
    ("doi", "equal"): "DOI", ("pmid", "equal"): "PubMed number", ("record", "equal"): "PMC or accession number",
    ("title", "equal"): "title", ("title", "almost"): "title but for its spelling",
    ("title", "main"): "title but for its subtitle", ("authors", "same"): "authors", ("first", "equal"): "first author",
    ("year", "equal"): "year", ("journal", "equal"): "journal", ("journal", "abbreviated"): "journal (abbreviated)",
    ("volume", "equal"): "volume", ("pages", "equal"): "pages", ("pages", "first"): "first page",
    ("abstract", "equal"): "abstract", ("url", "equal"): "page address",
}  # fmt: skip


def brief(levels: Mapping[str, int]) -> str:
    """Return in a few words what agrees in a pair: the evidence that the log keeps of a merge.

    Parameters
    ----------
    levels : one row of what `compare.compare` returns.
    """
    agreeing = [words for (field, name), words in _BRIEF.items() if LEVELS[field][levels[field]] == name]
    return f"same {', '.join(agreeing)}" if agreeing else "alike in all"
