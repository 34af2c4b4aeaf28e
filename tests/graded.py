"""A small review for tests of certainty: two trials and their syntheses, appraisals by hand, forms filled in."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from shutil import copytree

from projects import LEAD, PROTOCOL, screened, tick, write_tables
from stromata import review
from stromata.model import (
    Appraisal,
    AppraisalRule,
    Appraised,
    FindingsOutcome,
    FindingsTable,
    Judgement,
    OutcomeDefinition,
    ReviewProtocol,
    SynthesisPlan,
)
from stromata.review import Project

TWO_ARM = {
    "studies.csv": "id,title,condition,design,year,first_author,links\n"
    "a,A,psoriasis,rct,2019,Ames,10.5555/1\nb,B,lupus,rct,2020,Brook,10.5555/2\n",
    "arms.csv": "id,study,label,role,n,product_class\n"
    "a1,a,cells,intervention,20,msc\na2,a,control,comparator,20,\n"
    "b1,b,cells,intervention,30,msc\nb2,b,control,comparator,30,\n",
    "outcomes.csv": "id,study,kind,weeks\nar,a,response,24\nbr,b,response,24\nad,a,death,24\nap,a,pain,24\n",
    "data.csv": "study,arm,outcome,events,total,mean,sd,address\n"
    "a,a1,ar,12,20,,,https://example.org/a\na,a2,ar,4,20,,,https://example.org/a\n"
    "b,b1,br,18,30,,,https://example.org/b\nb,b2,br,9,30,,,https://example.org/b\n"
    "a,a1,ad,1,20,,,https://example.org/a\na,a2,ad,0,20,,,https://example.org/a\n"
    "a,a1,ap,,20,3,2,https://example.org/a\na,a2,ap,,20,5,2,https://example.org/a\n",
}
"""Risks of response 12/20 against 4/20 and 18/30 against 9/30; a death against none; pain 3 against 5, each SD 2."""

PLANS = (
    SynthesisPlan("responders", "Responders", "response", "PLO", "glmm", products=("msc",)),
    SynthesisPlan("versus", "Response against control", "response", "RR", "random", contrast="two-arm"),
    SynthesisPlan("more", "More responders", "response", "RD", "random", contrast="two-arm", by_condition=False),
    SynthesisPlan("deaths", "Deaths", "death", "RR", "random", contrast="two-arm", by_condition=False),
    SynthesisPlan("pain", "Pain", "pain", "MD", "random", contrast="two-arm", by_condition=False),
    SynthesisPlan("mean-pain", "Mean pain", "pain", "MN", "random", by_condition=False),
)
TABLE = FindingsTable(
    "main",
    "Cells against control",
    "adults with psoriasis or lupus",
    "stromal cells",
    "usual care",
    outcomes=(
        FindingsOutcome("deaths", "Deaths", importance=5),
        FindingsOutcome("versus", "Response", timeframe="24 weeks", importance=8, thresholds=(1.25,)),
        FindingsOutcome("versus/psoriasis", "Response in psoriasis", importance=7),
        FindingsOutcome("pain", "Pain", importance=6, instrument="Pain scale", unit="points", important=1.5),
    ),
)
GRADED = replace(
    PROTOCOL,
    outcomes=(*PROTOCOL.outcomes, OutcomeDefinition("pain", "Pain", scale="continuous")),
    plans=PLANS,
    appraisal=(
        AppraisalRule("rob2-assignment", ("rct",), appraisers=1),
        AppraisalRule("robins-i", ("cohort",), appraisers=1),
    ),
    findings=(TABLE,),
)


def begin_graded(
    folder: Path, protocol: ReviewProtocol = GRADED, *, tables: Mapping[str, str] = TWO_ARM, run: bool = True
) -> Project:
    """Begin a review of two trials with the syntheses run."""
    project = screened(folder)
    review.set_protocol(project, protocol)
    review.load_studies(project, write_tables(folder.parent / "tables", dict(tables)))
    if run:
        review.run_plans(project)
    return project


def copied(prepared: Path, folder: Path) -> Project:
    """Return an open copy of a review that was begun once for many tests."""
    copytree(prepared, folder)
    return review.open_project(folder, actor=LEAD, clock=tick())


def appraise(project: Project, study: str, level: str, *, result: str = "", tool: str = "rob2-assignment") -> None:
    """Write one person's appraisal with an overall level."""
    made = Appraisal(tool, "1", study, LEAD, result, judgements=(Judgement("overall", level),))
    with project.store.transaction(project.id, actor=LEAD, at=project.clock()) as tx:
        tx.append(Appraised(appraisal=made, salt="salt"))


def form(project: Project, *names: str, **options: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the rows of a form."""
    return list(csv.DictReader(io.StringIO(review.certainty_form(project, names or None, **options))))


UNMOVED = {"start": "high"} | dict.fromkeys(
    ("risk-of-bias", "inconsistency", "indirectness", "imprecision", "publication-bias"), "not-serious"
)


def filled(project: Project, path: Path, *names: str, **levels: str) -> Path:
    """Fill in a form: certainty starts high and is not lowered, but for `levels` (with underscores for hyphens)."""
    chosen = UNMOVED | {name.replace("_", "-"): level for name, level in levels.items()}
    rows = form(project, *names)
    for row in rows:
        row["level"] = chosen.get(row["domain"], "")
        row["reason"] = f"because of {row['domain']}" if row["level"] else ""
    return write_rows(path, rows)


def write_rows(path: Path, rows: list[dict[str, str]]) -> Path:
    """Write the rows of a form."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def judge(project: Project, folder: Path, *names: str, **levels: str) -> None:
    """Judge the certainty of syntheses, all with the same levels."""
    _, problems = review.load_certainty(project, filled(project, folder / "judged.csv", *names, **levels))
    assert not problems, problems
