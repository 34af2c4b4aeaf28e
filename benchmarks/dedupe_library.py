"""An invented library as a review's searches leave it: works, each exported by several databases in their habits.

Seeded: the same number of records and the same seed give the same records on every machine. A library of 10,000
records is the beginning of one of 100,000. Works are drawn with the mix of a large review: about 45 % of the records
are copies, and beside the works stand their relatives (meeting abstracts, errata, replies, parts of series) and
generic titles, which must stay apart.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass

from stromata.model import Name, Record

SYLLABLES = (
    "ca", "ro", "len", "ti", "mus", "pha", "do", "ri", "ne", "xo", "bel", "gen", "tra", "vi", "lo", "cyt", "hep",
    "ato", "der", "mo", "sis", "pel", "ur", "ka", "zy", "fin", "os", "the", "ral", "plo",
)  # fmt: skip
COMMON = (
    "of", "the", "and", "in", "with", "for", "patients", "treatment", "study", "effect", "cells", "clinical",
    "trial", "disease", "randomized", "chronic", "acute", "therapy", "human", "controlled", "response", "risk",
    "severe", "expression", "analysis", "outcomes", "mesenchymal", "stromal", "factor",
)  # fmt: skip
TOPICS = (
    "psoriasis", "lupus nephritis", "systemic sclerosis", "rheumatoid arthritis", "atopic dermatitis",
    "alopecia areata", "myositis", "chronic urticaria", "graft versus host disease", "stroke", "type 2 diabetes",
    "heart failure", "asthma", "hypertension",
)  # fmt: skip
GENERIC = (
    "Editorial", "Reply", "Letter to the editor", "Introduction", "In this issue", "Authors' response",
)  # fmt: skip
FREQUENT = (
    "Wang", "Li", "Zhang", "Liu", "Chen", "Kim", "Lee", "Müller", "Smith", "García", "Silva", "Tanaka", "Nguyen",
    "Rossi", "Singh", "Park", "Yang", "Huang",
)  # fmt: skip
LABELS = ("Background: ", "OBJECTIVE: ", "AIMS: ", "Introduction: ", "")
DATABASES = ("MEDLINE", "Embase", "Scopus", "Web of Science", "CENTRAL", "CINAHL")
COPIES = (0.52, 0.18, 0.13, 0.09, 0.05, 0.03)
"""Share of works that 1, 2, ... 6 databases hold."""


@dataclass(frozen=True, slots=True)
class Work:
    """One publication as it is; databases make records of it."""

    number: int
    title: str
    authors: tuple[tuple[str, str], ...]
    year: int
    journal: tuple[str, str]
    volume: int
    issue: int
    page: int
    length: int
    doi: str
    pmid: str
    abstract: str
    type: str = "article-journal"


class Words:
    """The vocabulary of the library: drawn once, with frequencies that fall as in a language."""

    def __init__(self) -> None:
        chance = random.Random(20_240)
        self.rare = ["".join(chance.choices(SYLLABLES, k=chance.randint(2, 4))) for _ in range(30_000)]
        self.rare_weights = list(itertools.accumulate(1 / (rank + 20) for rank in range(len(self.rare))))
        names = ["".join(chance.choices(SYLLABLES, k=chance.randint(2, 3))).capitalize() for _ in range(20_000)]
        self.families = [*FREQUENT, *names]
        self.family_weights = list(itertools.accumulate(1 / (rank + 30) for rank in range(len(self.families))))
        self.journals = [self._journal(chance) for _ in range(4_000)]
        self.journal_weights = list(itertools.accumulate(1 / (rank + 50) for rank in range(len(self.journals))))

    def _journal(self, chance: random.Random) -> tuple[str, str]:
        head = chance.choice(
            ("Journal of", "Annals of", "International Journal of", "Archives of", "European Journal of")
        )
        words = [chance.choice(self.rare).capitalize() for _ in range(chance.randint(1, 3))]
        words.append(chance.choice(("Medicine", "Research", "Therapy", "Immunology", "Surgery")))
        full = f"{head} {' and '.join((' '.join(words[:-1]), words[-1]))}"
        short = " ".join(word[:4] for word in full.split() if word not in {"of", "and"})
        return full, short


def works(seed: int) -> Iterator[Work]:
    """Yield works without end; now and then one is a relative of the one before."""
    chance, words = random.Random(seed), Words()
    last: Work | None = None
    for number in itertools.count(1):
        drawn = chance.random()
        if last is not None and drawn < 0.05:
            yield _relative(last, number, chance)
            continue
        last = _work(number, chance, words, generic=drawn > 0.985)
        yield last


def _work(number: int, chance: random.Random, words: Words, *, generic: bool) -> Work:
    size = chance.randint(5, 16)
    parts = [
        chance.choice(COMMON)
        if chance.random() < 0.45
        else chance.choices(words.rare, cum_weights=words.rare_weights)[0]
        for _ in range(size)
    ]
    title = f"{' '.join(parts)} in {chance.choice(TOPICS)}".capitalize()
    if chance.random() < 0.25:
        title += (
            f": a {chance.choice(('randomised controlled trial', 'cohort study', 'systematic review', 'case report'))}"
        )
    people = chance.choices(
        words.families, cum_weights=words.family_weights, k=min(1 + int(chance.expovariate(0.2)), 25)
    )
    authors = tuple(
        (family, f"{chance.choice(words.rare).capitalize()} {chance.choice('ABCDEJKMPRS')}") for family in people
    )
    rank = chance.choices(range(len(words.journals)), cum_weights=words.journal_weights)[0]
    year = 2024 - min(int(chance.expovariate(0.09)), 60)
    abstract = " ".join(chance.choices(COMMON, k=6) + chance.choices(words.rare, cum_weights=words.rare_weights, k=40))
    return Work(
        number=number, title=chance.choice(GENERIC) if generic else title, authors=authors[: 2 if generic else None],
        year=year, journal=words.journals[rank], volume=max(year - 1950 - rank % 30, 1), issue=chance.randint(1, 12),
        page=chance.randint(1, 2400), length=chance.randint(1, 14),
        doi=f"10.{1000 + rank}/fict.{year}.{number}" if chance.random() < 0.8 else "",
        pmid=str(10_000_000 + number) if chance.random() < 0.8 else "",
        abstract="" if generic else abstract.capitalize(),
    )  # fmt: skip


def _relative(work: Work, number: int, chance: random.Random) -> Work:
    """Return another work of the same family: a meeting's abstract, an erratum, a reply, the next part."""
    changes: dict[str, object] = {
        name: getattr(work, name)
        for name in Work.__dataclass_fields__
        if name not in {"number", "title", "doi", "pmid", "page"}
    }
    kind = chance.choice(("abstract", "erratum", "reply", "part"))
    title = {"abstract": work.title, "erratum": f"Erratum: {work.title}", "reply": f"Reply to: {work.title}"}.get(kind)
    if kind == "abstract":
        changes |= {
            "journal": ("Proceedings of the Fictional Congress", "Proc Fict Congr"),
            "year": work.year - 1,
            "abstract": "",
        }
        changes |= {"volume": work.volume + chance.randint(5, 30), "issue": 1}
    elif kind != "part":
        changes |= {"issue": work.issue % 12 + 1, "abstract": ""}
    doi = f"10.5555/kin.{number}" if chance.random() < 0.7 else ""
    return Work(
        number=number, title=title or f"{work.title}. Part {chance.randint(2, 9)}", doi=doi,
        page=work.page + chance.randint(20, 400),
        pmid=str(10_000_000 + number) if kind != "abstract" else "", **changes,  # type: ignore[arg-type]
    )  # fmt: skip


def library(size: int, *, seed: int = 1) -> Iterator[tuple[str, Record, int]]:
    """Yield (id, record, number of its work) for `size` records, copies scattered as in files of several databases."""
    chance = random.Random(seed + 1)
    waiting: list[tuple[Work, str]] = []
    source = works(seed)
    for number in range(1, size + 1):
        while len(waiting) < 2_000:
            work = next(source)
            held = chance.choices(range(1, 7), weights=COPIES)[0]
            waiting += [(work, database) for database in chance.sample(DATABASES, held)]
        place = chance.randrange(len(waiting))
        waiting[place], waiting[-1] = waiting[-1], waiting[place]
        work, database = waiting.pop()
        yield f"r{number}", exported(work, database, number, chance), work.number


def exported(work: Work, database: str, number: int, chance: random.Random) -> Record:
    """Return the work's record in the habits of a database, with the slips that happen."""
    initials = database in {"Embase", "Scopus", "CINAHL"}
    names = tuple(
        Name(family=family, given=" ".join(f"{part[0]}." for part in given.split()) if initials else given)
        for family, given in work.authors
    )
    title = work.title
    if chance.random() < 0.06:
        at = chance.randrange(len(title))
        title = title[:at] + chance.choice("aeinort ") + title[at + 1 :]
    title = {"MEDLINE": title + ".", "CINAHL": title.title(), "Web of Science": title.upper()}.get(database, title)
    full, short = work.journal
    with_pmid = {"MEDLINE", "CENTRAL"}
    last = work.page + work.length
    ends = str(last)[-2:] if database in {"MEDLINE", "CENTRAL"} and last // 100 == work.page // 100 else str(last)
    keeps = {"MEDLINE": 0.9, "Embase": 0.85, "Scopus": 0.97, "Web of Science": 0.9, "CENTRAL": 0.6, "CINAHL": 0.3}[
        database
    ]
    return Record(
        source="f" * 64, number=number, line=number, end_line=number, type=work.type, title=title,
        authors=names[:3] if database == "CINAHL" else names, year=work.year + (chance.random() < 0.03),
        journal=short if database in {"MEDLINE", "Web of Science"} else full,
        volume=str(work.volume) if chance.random() < 0.97 else "",
        issue=str(work.issue) if chance.random() < 0.9 else "",
        pages=f"{work.page}-{ends}" if chance.random() < 0.95 else "", doi=work.doi if chance.random() < keeps else "",
        pmid=work.pmid if database in with_pmid or (database == "Embase" and chance.random() < 0.5) else "",
        accession=f"{number + 2_000_000}", database=database,
        abstract=chance.choice(LABELS) + work.abstract if work.abstract and chance.random() < 0.9 else "",
    )  # fmt: skip
