"""A small panel in a small review for tests: four people vote, one facilitates, statements rest on syntheses."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from projects import PROTOCOL, as_person, screened, tick, write_tables
from stromata import review
from stromata.model import ConsensusPlan, StoppingRule
from stromata.review import Project

FAY = "fay"
VOTERS = ("vera", "walt", "xena", "yuri")
PLAN = ConsensusPlan(
    "dosing",
    "Dosing of cells",
    "Delphi in two rounds",
    StoppingRule(min_rounds=2, max_rounds=3),
    feedback="own vote and distribution",
)
HEAD = "name,role,group,interests,excluded_from,declared\n"
PEOPLE = HEAD + (
    "vera,chair,dermatology,none,,yes\nwalt,panellist,dermatology,none,,yes\nxena,patient,patients,none,,yes\n"
    "yuri,panellist,rheumatology,a patent on a product,S2,yes\nfay,facilitator,,none,,yes\nolga,observer,,,,no\n"
)
STATEMENTS = (
    "id,text,syntheses,criteria,proposed_by,reason\n"
    "S1,Cells may be offered in psoriasis.,responders/psoriasis,,,\n"
    "S2,Viability is at least as the standard asks.,responders,cell-therapy/SA-01,,\n"
    "S3,A register should be kept.,,,vera,\n"
)


def begin_panel(folder: Path, plan: ConsensusPlan = PLAN) -> Project:
    """Begin a review with its syntheses run, a panel planned, and a facilitator who has no other role."""
    project = screened(folder / "review")
    review.set_protocol(project, replace(PROTOCOL, consensus=(plan,)))
    review.load_studies(project, write_tables(folder / "tables"))
    review.run_plans(project)
    review.grant(project, FAY, "facilitator")
    return project


def named(folder: Path, plan: ConsensusPlan = PLAN) -> Project:
    """Return a review with a panel whose people and statements are there, in the facilitator's hands."""
    project = as_person(begin_panel(folder, plan), FAY)
    _panel, problems = review.set_panel(project, write(folder, "panel.csv", PEOPLE))
    assert problems == ()
    _changes, problems = review.set_statements(project, write(folder, "statements.csv", STATEMENTS))
    assert problems == ()
    return project


def copied(template: Path, folder: Path) -> Project:
    """Return a copy of what `named` made in `template`, in the facilitator's hands: quicker than making it anew."""
    shutil.copytree(template / "review", folder / "review")
    now = tick()
    for _ in range(100):  # what the copy holds was written at earlier times
        now()
    return review.open_project(folder / "review", actor=FAY, clock=now)


def write(folder: Path, name: str, text: str) -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def vote(project: Project, scores: Mapping[str, Mapping[str, int | None]]) -> None:
    """Let each person vote: person to statement to score."""
    for person, given in scores.items():
        review.cast(as_person(project, person), given)


def hold_round(project: Project, s1: tuple[int, ...], s2: tuple[int, ...], s3: tuple[int, ...]) -> None:
    """Open, vote in and close a round: scores in the order of `VOTERS`; yuri may not vote on S2."""
    review.open_round(project)
    for place, person in enumerate(VOTERS):
        given = {"S1": s1[place], "S3": s3[place]} | ({"S2": s2[place]} if person != "yuri" else {})
        asked = review.participation(project).round.statements
        review.cast(as_person(project, person), {name: given[name] for name in given if name in asked})
    review.close_round(project)
