"""Decision: from levels of agreement to same, different or ask a person, and how relatives are related.

`decide` takes what `compare.compare` returns and gives for each pair, in the same order, the columns of `RESULT`:

=============  ========================================================================================
left_place     place of the earlier record; `right_place` of the later
score          log-odds that both are the same record of a work: the sum of what each level weighs
verdict        index in `VERDICTS`: 0 different, 1 ask, 2 same
contradicts    the pair must not share a cluster unless a person says so
rule           name of the rule in `RULES` that kept the pair from being merged; empty where none did
relation       how two different works belong together (see `RELATIONS`); empty where they do not
=============  ========================================================================================

Weights alone never merge: each of the `RULES` names something that no sum of agreements outweighs. The weights were
learnt once from labelled sets and stand in ``parameters.yaml``; the rules come from the field's knowledge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from stromata.dedupe.compare import LEVELS, level
from stromata.dedupe.titles import OWN_MARKS

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

VERDICTS = ("different", "ask", "same")
"""What can be said of a pair, from no to yes."""

RESULT = ("left_place", "right_place", "score", "verdict", "contradicts", "rule", "relation")
"""Columns that `decide` returns."""

Relation = Literal[
    "", "erratum-of", "retraction-of", "concern-about", "reply-to", "comment-on", "protocol-of", "preprint-of",
    "registry-entry-of", "version-of", "part-of-series", "update-of", "abstract-of", "companion-of",
]  # fmt: skip
"""How different works of one family are related; ``companion-of`` where more cannot be told."""


@dataclass(frozen=True, slots=True)
class Together:
    """What levels of several fields weigh beyond the sum of each; it holds when every field is at one of its levels."""

    name: str
    when: tuple[tuple[str, tuple[str, ...]], ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Parameters:
    """The learnt part of the decision.

    Attributes
    ----------
    base : score of a pair of which nothing is known.
    weights : field -> weight of each level, in the order of `compare.LEVELS`; 0 for level 0.
    same : least score of a merge. ask : least score of a question. ask_ruled : the same where a rule forbids the merge.
    trained_on : names of the labelled sets.
    """

    base: float
    weights: Mapping[str, tuple[float, ...]]
    together: tuple[Together, ...]
    same: float
    ask: float
    ask_ruled: float
    trained_on: tuple[str, ...] = ()


_PLACES = ("volume", "issue", "pages", "abstract")
"""Fields that tell two entries under one general title apart."""


class Facts:
    """The levels of a batch of pairs, asked for by name."""

    def __init__(self, levels: Mapping[str, NDArray[np.int8]]) -> None:
        self.levels = levels

    def at(self, field: str, *names: str) -> NDArray[np.bool_]:
        """Tell which pairs are at one of these levels."""
        return np.isin(self.levels[field], [level(field, name) for name in names])

    def least(self, field: str, name: str) -> NDArray[np.bool_]:
        """Tell which pairs are at this level or a better one."""
        return self.levels[field] >= level(field, name)

    @property
    def identified(self) -> NDArray[np.bool_]:
        """Both have the same DOI (no container's), PMID, PMC or accession number."""
        return self.at("doi", "equal") | self.at("pmid", "equal") | self.at("record", "equal")

    @property
    def same_authors(self) -> NDArray[np.bool_]:
        """The first authors can be one person, or most authors agree."""
        return self.least("first", "initials-differ") | self.least("authors", "most")

    @property
    def same_place(self) -> NDArray[np.bool_]:
        """Both stand in the same volume and begin on the same page."""
        return self.at("volume", "equal") & self.least("pages", "first")

    @property
    def same_pages(self) -> NDArray[np.bool_]:
        """Both fill the same pages of the same volume under the same first author: no two works can."""
        return (
            self.at("volume", "equal") & self.at("pages", "equal")
            & (self.least("journal", "part") | (self.at("journal", "missing") & self.at("title", "missing")))
            & self.at("year", "equal") & self.least("first", "in-list") & ~self.at("issue", "other")
        )  # fmt: skip

    @property
    def same_issue(self) -> NDArray[np.bool_]:
        """Both stand in the same issue of the same journal under the same title."""
        return (
            self.at("volume", "equal") & self.at("issue", "equal") & self.least("journal", "abbreviated")
            & self.least("title", "almost")
        )  # fmt: skip

    @property
    def same_text(self) -> NDArray[np.bool_]:
        """Both print the same abstract in the same volume of the same journal and year."""
        return (
            self.at("volume", "equal") & ~self.at("issue", "other") & self.least("journal", "abbreviated")
            & self.at("abstract", "equal") & self.at("year", "equal")
        )  # fmt: skip

    @property
    def same_entry(self) -> NDArray[np.bool_]:
        """One issue or one text, one title and the same several authors: another page is then a slip."""
        return (
            (self.same_issue | self.same_text) & self.at("title", "equal") & self.least("weight", "middling")
            & self.at("authors", "same") & ~self.at("abstract", "other", "like")
        )  # fmt: skip

    @property
    def reissued(self) -> NDArray[np.bool_]:
        """Two versions of one document within a year, of the same title, authors and abstract: a slip was mended."""
        return (
            self.at("doi", "version") & self.at("year", "equal") & self.at("title", "equal")
            & self.least("authors", "most")
            & self.at("marks", "none", "equal") & ~self.at("abstract", "other", "like")
        )  # fmt: skip

    @property
    def unplaced(self) -> NDArray[np.bool_]:
        """Neither volume, issue, pages nor abstract can be compared: nobody could tell two entries apart."""
        found: NDArray[np.bool_] = np.all([self.levels[field] == 0 for field in _PLACES], axis=0)
        return found

    @property
    def addressed(self) -> NDArray[np.bool_]:
        """Both name one page that bears no other title, and say the same of it: it is the page of one work."""
        return (
            self.at("url", "equal") & self.least("title", "almost") & self.least("year", "one")
            & (self.at("authors", "missing") | self.same_authors)
        )  # fmt: skip

    @property
    def placed(self) -> NDArray[np.bool_]:
        """Something beside title and authors agrees: where the work was published."""
        return (
            self.addressed | self.at("doi", "container") | self.at("volume", "equal") | self.least("pages", "overlap")
            | (self.least("journal", "abbreviated") & self.least("year", "one"))
            | (self.least("journal", "meetings") & self.at("year", "equal"))
            | (
                self.least("journal", "abbreviated") & self.at("year", "missing") & self.at("title", "equal")
                & self.at("authors", "same") & self.least("weight", "middling")
            )
        )  # fmt: skip

    @property
    def all_but_identifier(self) -> NDArray[np.bool_]:
        """Everything agrees so fully that a foreign identifier is taken for a slip of one database."""
        place = (
            self.same_place
            | (self.same_entry & ~self.at("pages", "other", "unlike"))
            | (self.at("abstract", "equal") & self.least("pages", "first") & ~self.at("volume", "other"))
        )
        return (
            place & self.least("title", "almost") & self.least("weight", "short") & self.least("first", "in-list")
            & self.least("journal", "abbreviated") & self.least("year", "one") & ~self.at("issue", "other")
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """Something that forbids a merge, whatever the score.

    Attributes
    ----------
    at_most : the most that may still be said.
    holds : tells of which pairs.
    contradicts : members of one cluster must not stand so; otherwise the rule only says that evidence is lacking.
    """

    name: str
    at_most: Literal["different", "ask"]
    holds: Callable[[Facts], NDArray[np.bool_]]
    contradicts: bool = True


RULES: tuple[Rule, ...] = (
    Rule("marks", "different", lambda f: f.at("marks", *OWN_MARKS) & ~f.identified),
    Rule("marks-identified", "ask", lambda f: f.at("marks", *OWN_MARKS) & f.identified),
    Rule("kind", "different", lambda f: f.at("kind", "preprint", "registry", "other") & ~f.identified),
    Rule("kind-identified", "ask", lambda f: f.at("kind", "preprint", "registry", "other") & f.identified),
    Rule("entries", "different", lambda f: f.at("registry", "entries")),
    Rule("version", "ask", lambda f: f.at("doi", "version") & ~f.reissued),
    Rule("pmid", "different", lambda f: f.at("pmid", "other") & ~f.at("doi", "version") & ~f.all_but_identifier),
    Rule("pmid-alone", "ask", lambda f: f.at("pmid", "other") & (f.at("doi", "version") | f.all_but_identifier)),
    Rule("doi", "ask", lambda f: f.at("doi", "other") & ~f.all_but_identifier),
    Rule("column", "different", lambda f: (
        f.at("weight", "generic") & f.at("issue", "other") & ~f.at("doi", "version") & ~f.identified & ~f.same_place)),
    Rule("unplaced", "different", lambda f: (
        f.at("weight", "generic") & f.unplaced & ~f.identified & ~f.addressed), contradicts=False),
    Rule("untitled", "different", lambda f: (
        f.at("title", "missing") & ~f.identified & ~f.same_place & ~f.least("abstract", "near")), contradicts=False),
    Rule("wording", "ask", lambda f: (
        f.at("wording", "opposed", "exchanged") & ~f.identified & ~f.least("pages", "first")
        & ~f.least("abstract", "near"))),
    Rule("numbers", "ask", lambda f: (
        f.at("numbers", "contradict") & ~(f.identified & f.same_place) & ~f.same_pages)),
    Rule("registry", "ask", lambda f: f.at("registry", "other") & ~f.identified),
    Rule("elsewhere", "ask", lambda f: (
        f.at("volume", "other") & f.at("pages", "other", "unlike") & ~f.at("pmid", "equal"))),
    Rule("year", "ask", lambda f: f.at("year", "far", "two") & ~f.identified & ~f.same_place),
    Rule("yearly", "ask", lambda f: (
        f.at("marks", "equal") & f.at("year", "one") & ~f.identified & ~f.at("volume", "equal"))),
    Rule("pages", "ask", lambda f: f.at("pages", "other") & ~f.identified & ~f.same_entry),
    Rule("volume", "ask", lambda f: (
        f.at("volume", "other") & ~f.identified
        & ~(f.at("pages", "equal") | (f.at("pages", "first") & f.at("year", "missing", "equal"))))),
    Rule("issue", "ask", lambda f: (
        f.at("issue", "other") & ~f.identified & ~f.reissued
        & (~f.least("pages", "overlap") | (f.at("weight", "generic") & f.at("abstract", "missing", "other")))
        & ~f.least("abstract", "near"))),
    Rule("title", "ask", lambda f: (
        f.at("title", "missing", "other", "distant", "near") & ~f.same_pages
        & ~(f.identified & f.same_authors & (f.least("title", "near") | f.same_place)))),
    Rule("authors", "ask", lambda f: f.at("authors", "none") & ~f.identified & ~f.same_place),
    Rule("generic", "ask", lambda f: (
        f.at("weight", "generic") & ~f.identified & ~f.same_place & ~f.addressed & ~f.same_text), contradicts=False),
    Rule("nobody", "ask", lambda f: (
        f.at("authors", "missing") & ~f.identified & ~f.same_place & ~f.addressed
        & ~(f.same_issue & (f.least("weight", "short") | f.same_text))),
        contradicts=False),
    Rule("title-alone", "ask", lambda f: ~f.identified & ~f.placed, contradicts=False),
)  # fmt: skip
"""What forbids a merge, the gravest first. The first that holds names the reason."""

_MARK_RELATIONS: dict[str, Relation] = {
    "erratum": "erratum-of", "retraction": "retraction-of", "concern": "concern-about", "reply": "reply-to",
    "comment": "comment-on", "protocol": "protocol-of",
}  # fmt: skip


@cache
def shipped() -> Parameters:
    """Return the parameters that ship with the package."""
    from importlib.resources import files  # noqa: PLC0415 - loads late

    import yaml  # noqa: PLC0415 - likewise

    text = files("stromata.dedupe").joinpath("parameters.yaml").read_text(encoding="utf-8")
    return parameters_from(yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))  # noqa: S506 - both are safe


def parameters_from(data: Mapping[str, Any]) -> Parameters:  # what a YAML file holds
    """Return the parameters that the data of ``parameters.yaml`` describe."""
    weights = {
        field: (0.0, *(float(data["weights"][field][name]) for name in LEVELS[field][1:])) for field in data["weights"]
    }
    together = tuple(
        Together(
            item["name"], tuple((field, tuple(names)) for field, names in item["when"].items()), float(item["weight"])
        )
        for item in data["together"]
    )
    bounds = data["thresholds"]
    return Parameters(
        base=float(data["base"]), weights=weights, together=together, same=float(bounds["same"]),
        ask=float(bounds["ask"]), ask_ruled=float(bounds["ask_ruled"]), trained_on=tuple(data["trained_on"]),
    )  # fmt: skip


def levels_of(compared: pa.RecordBatch) -> dict[str, NDArray[np.int8]]:
    """Return the levels of each field as arrays."""
    return {field: compared.column(field).to_numpy(zero_copy_only=False) for field in LEVELS}


def scores(levels: Mapping[str, NDArray[np.int8]], parameters: Parameters) -> NDArray[np.float64]:
    """Return the sum of weights of each pair."""
    facts = Facts(levels)
    total = np.full(len(levels["title"]), parameters.base)
    for field, weights in parameters.weights.items():
        total += np.asarray(weights)[levels[field]]
    for item in parameters.together:
        total += item.weight * holds_together(facts, item)
    return total


def holds_together(facts: Facts, item: Together) -> NDArray[np.bool_]:
    """Tell which pairs are at one of the levels of each field that the item names."""
    held = np.ones(len(facts.levels["title"]), dtype=bool)
    for field, names in item.when:
        held &= facts.at(field, *names)
    return held


def decide(compared: pa.RecordBatch, parameters: Parameters | None = None) -> pa.RecordBatch:
    """Decide on each compared pair.

    Parameters
    ----------
    compared : as `compare.compare` returns it, N rows.
    parameters : those that ship with the package unless given.

    Returns
    -------
    pa.RecordBatch
        N rows in the same order with the columns of `RESULT`.
    """
    import pyarrow as pa  # noqa: PLC0415 - loads late

    parameters = parameters or shipped()
    levels = levels_of(compared)
    facts = Facts(levels)
    score = scores(levels, parameters)
    size = len(score)
    rule = np.full(size, "", dtype=object)
    at_most = np.full(size, VERDICTS.index("same"), dtype=np.int8)
    contradicts = np.zeros(size, dtype=bool)
    for item in RULES:
        held = item.holds(facts)
        rule[held & (rule == "")] = item.name
        at_most[held] = np.minimum(at_most[held], VERDICTS.index(item.at_most))
        contradicts |= held & item.contradicts
    verdict = _verdicts(facts, score, at_most, parameters)
    columns = [
        compared.column("left_place"), compared.column("right_place"), pa.array(score.astype(np.float32)),
        pa.array(verdict), pa.array(contradicts), pa.array(rule, type=pa.string()),
        pa.array(_relations(facts, verdict), type=pa.string()),
    ]  # fmt: skip
    return pa.RecordBatch.from_arrays(columns, names=list(RESULT))


def _verdicts(
    facts: Facts, score: NDArray[np.float64], at_most: NDArray[np.int8], parameters: Parameters
) -> NDArray[np.int8]:
    free = at_most == VERDICTS.index("same")
    asked = score >= np.where(free, parameters.ask, parameters.ask_ruled)
    # Whether two versions of one review count as one reference is the reviewers' choice: they are always asked.
    asked |= facts.at("doi", "version") & facts.least("title", "close")
    # So is the same text twice in one journal: reprinted, brought up to date, or entered wrongly.
    asked |= (
        facts.at("title", "equal") & facts.at("abstract", "equal") & facts.at("marks", "none", "equal")
        & facts.least("journal", "abbreviated")
    )  # fmt: skip
    verdict = np.where(free & (score >= parameters.same), VERDICTS.index("same"), asked.astype(np.int8))
    return np.minimum(verdict, at_most).astype(np.int8)


def _relations(facts: Facts, verdict: NDArray[np.int8]) -> NDArray[np.object_]:
    """Name the relation of pairs that are not merged but belong together: of one title and authors, or of one trial."""
    alike = facts.least("title", "close") & (facts.least("authors", "half") | facts.least("first", "in-list"))
    noticed = facts.at("marks", *OWN_MARKS) & facts.least("title", "close")  # notices often name no author, or others
    one_trial = facts.at("registry", "equal", "overlap", "entries")
    family = (alike | noticed | one_trial | facts.at("doi", "version")) & (verdict < VERDICTS.index("same"))
    family &= facts.least("weight", "short") | facts.identified
    elsewhere = facts.at("volume", "other") | facts.at("pages", "other", "unlike") | facts.at("journal", "other")
    found = np.full(len(verdict), "", dtype=object)
    for name, held in (
        *((name, facts.at("marks", mark)) for mark, name in _MARK_RELATIONS.items()),
        ("preprint-of", facts.at("kind", "preprint")),
        ("registry-entry-of", facts.at("kind", "registry")),
        ("version-of", facts.at("doi", "version")),
        ("part-of-series", facts.at("numbers", "contradict") & facts.least("title", "close")),
        ("update-of", facts.at("year", "two", "far") & facts.at("journal", "equal") & facts.least("title", "main")),
        ("abstract-of", facts.at("kind", "abstract")),
        ("companion-of", elsewhere | one_trial),
    ):
        found[family & held & (found == "")] = name
    return found
