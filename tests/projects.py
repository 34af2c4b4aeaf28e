"""Small reviews for tests: a clock that ticks, files written by hand, people by name."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from itertools import count, takewhile
from pathlib import Path

from stromata import review
from stromata.model import (
    Condition,
    EligibilityCriterion,
    ExclusionReason,
    OutcomeDefinition,
    Question,
    ReviewProtocol,
    SynthesisPlan,
)
from stromata.review import Project

LEAD, ANN, BOB = "lead", "ann", "bob"

PROTOCOL = ReviewProtocol(
    question=Question(population="adults with psoriasis", intervention="stromal cells", outcomes="response"),
    criteria=(EligibilityCriterion("cells", "cells were given"),),
    reasons=(ExclusionReason("population", "wrong people"), ExclusionReason("design", "not a study of patients")),
    conditions=(Condition("psoriasis", "Psoriasis"), Condition("lupus", "Lupus")),
    outcomes=(OutcomeDefinition("response", "Response"), OutcomeDefinition("death", "Death", domain="harm")),
    plans=(
        SynthesisPlan("responders", "Responders", "response", "PLO", "glmm", products=("msc",)),
        SynthesisPlan("deaths", "Deaths", "death", "PLO", "glmm"),
        SynthesisPlan("versus", "Response against control", "response", "RR", "random", contrast="two-arm"),
    ),
)

TITLES = (
    "Cord stromal cells for plaque psoriasis in adults",
    "Adipose stromal cells in refractory lupus nephritis",
    "Imiquimod mice and conditioned medium: a laboratory study",
)


def tick(first: int = 0) -> review.Clock:
    """Return a clock that is one second later at each look; its first look is at second `first`."""
    seconds = count(first)

    def now() -> str:
        second = next(seconds)
        return f"2026-01-01T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.000000Z"

    return now


@cache
def _made(make: Callable[[Path], Project]) -> tuple[Path, int]:
    """Make a review once in this process; return its folder and how often its clock was looked at."""
    parent = Path(tempfile.mkdtemp(prefix="stromata-made-"))
    atexit.register(shutil.rmtree, parent, ignore_errors=True)
    with make(parent / "review") as project:
        at = project.clock()
    return parent / "review", sum(1 for _ in takewhile(lambda earlier: earlier != at, iter(tick(), "")))


def copy_of(make: Callable[[Path], Project], folder: Path) -> Project:
    """Return what `make` would make in `folder`, copied from one that is made once: forty times as quick."""
    made, looks = _made(make)
    shutil.copytree(made, folder, dirs_exist_ok=True)
    return review.open_project(folder, actor=LEAD, clock=tick(looks))


def _is_new(folder: Path) -> bool:
    return not (folder / "stromata.db").exists()


def begin(folder: Path, *, title: str = "", database: str | None = None) -> Project:
    """Begin a review with two reviewers, `PROTOCOL` in force and nothing imported."""
    if not title and database is None and _is_new(folder):
        return copy_of(_begin, folder)
    return _begin(folder, title=title or "A small review", database=database)


def _begin(folder: Path, *, title: str = "A small review", database: str | None = None) -> Project:
    project = review.create(folder, title, actor=LEAD, clock=tick(), database=database)
    review.revoke(project, LEAD, "reviewer")
    for person in (ANN, BOB):
        review.grant(project, person, "reviewer")
    review.set_protocol(project, PROTOCOL)
    return project


def as_person(project: Project, person: str) -> Project:
    """Return the same open review in the hands of another person."""
    return Project(project.store, project.id, person, project.clock)


def ris(*entries: dict[str, str]) -> str:
    """Return RIS text; keys are tags."""
    return "".join(
        "TY  - JOUR\n" + "".join(f"{tag}  - {value}\n" for tag, value in entry.items()) + "ER  - \n\n"
        for entry in entries
    )


def entries(*, first: int = 1) -> list[dict[str, str]]:
    """Return three publications as RIS tags."""
    return [
        {
            "TI": title,
            "AU": f"Author{number}, A",
            "PY": str(2018 + number),
            "JO": "Journal of Cells",
            "DO": f"10.5555/{number}",
        }
        for number, title in enumerate(TITLES, start=first)
    ]


def import_text(project: Project, folder: Path, name: str, text: str) -> str:
    """Write `text` to a file and import it; return the source's id."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return review.import_file(project, path).id


def screened(folder: Path, *, database: str | None = None) -> Project:
    """Begin a review of three references of which the first two are included at full text."""
    return copy_of(_screened, folder) if database is None and _is_new(folder) else _screened(folder, database=database)


def _screened(folder: Path, *, database: str | None = None) -> Project:
    project = _begin(folder, database=database)
    import_text(project, folder, "search.ris", ris(*entries()))
    for number in (1, 2, 3):
        verdict = "exclude" if number == 3 else "include"
        for person in (ANN, BOB):
            review.decide(as_person(project, person), f"10.5555/{number}", verdict, stage="title-abstract")
    for number in (1, 2):
        for person in (ANN, BOB):
            review.decide(as_person(project, person), f"10.5555/{number}", "include", stage="full-text")
    return project


TABLES = {
    "studies.csv": "id,title,condition,design,year,first_author,links\n"
    "a,A,psoriasis,single-arm,2019,Ames,10.5555/1\nb,B,lupus,single-arm,2020,Brook,10.5555/2\n"
    "c,C,lupus,single-arm,2021,Cole,10.5555/3\n",
    "arms.csv": "id,study,label,role,n,product_class\na1,a,cells,intervention,17,msc\nb1,b,cells,intervention,6,msc\n"
    "c1,c,cells,intervention,9,msc\n",
    "outcomes.csv": "id,study,kind,weeks\nao,a,response,26\nbo,b,response,24\nco,c,response,24\n",
    "data.csv": "study,arm,outcome,events,total,address\na,a1,ao,8,17,https://example.org/a\n"
    "b,b1,bo,6,6,https://example.org/b\nc,c1,co,9,9,https://example.org/c\n",
}
"""Extraction tables for the three publications of `entries`."""


def write_tables(folder: Path, tables: dict[str, str] = TABLES) -> Path:
    """Write extraction tables into a new folder and return it."""
    folder.mkdir()
    for name, text in tables.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder
