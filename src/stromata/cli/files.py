"""Commands that need no review: overlap; and what tables they read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stromata.cli.app import FILES, Json, app
from stromata.cli.output import STDOUT, emit, show_problems, table, tell

if TYPE_CHECKING:
    from stromata.model import Problem
    from stromata.reporting import Area


LEFT_OUT = 3
"""Exit status when the table was read and some of its rows could not be used."""


@app.command(rich_help_panel=FILES)
def overlap(
    file: Annotated[str, typer.Argument(help="CSV: review, study; if known, review_year and study_year; - is stdin.")],
    as_json: Json = False,
) -> None:
    """Tell how far reviews rest on the same studies: corrected covered area (CCA), of all and of each two."""
    from stromata import reporting
    from stromata.model import faults

    lines, rows, problems = read_rows(file)
    pairs, years, bad = _marks(lines, rows)
    problems = sorted((*problems, *bad), key=lambda problem: problem.line)
    found = reporting.matrix(pairs, study_years=years["study"], review_years=years["review"])
    area = found.area()
    each = [{"reviews": (found.reviews[one], found.reviews[two]), **_overlap(part)} for one, two, part in found.pairs()]
    show_problems(file, problems)
    if as_json:
        whole = {"reviews": found.reviews, "studies": found.studies, **_overlap(area)}
        emit(whole | {"pairs": each, "structural_missing": area.impossible, "problems": problems})
    else:
        counted = f"{len(found.reviews)} reviews, {len(found.studies)} studies, {len(found.marks)} marks"
        table(
            f"{counted}: {_said(area.corrected)}",
            ("review", "and", "studies", "shared", "CCA in %", "overlap"),
            [(*part["reviews"], part["n"], part["shared"], part["cca"], part["band"]) for part in each],
        )
        if area.impossible:
            tell(f"Without {area.impossible} cells whose study is younger than the review: {_said(area.adjusted)}.")
    if faults(problems):
        raise typer.Exit(LEFT_OUT)


def _overlap(area: Area) -> dict[str, Any]:  # Any: names, counts and shares
    from stromata import reporting

    cca = None if area.corrected is None else round(area.corrected, 4)
    return {
        "cca": cca,
        "cca_adjusted": None if area.adjusted is None else round(area.adjusted, 4),
        "band": "" if cca is None else reporting.band(cca),
        "n": area.studies,
        "marks": area.marks,
        "shared": area.marks - area.studies,
    }


def _said(cca: float | None) -> str:
    from stromata import reporting

    return "CCA is undefined" if cca is None else f"CCA {cca:.1f} % ({reporting.band(cca)})"


def _marks(
    lines: list[int], rows: list[dict[str, str]]
) -> tuple[list[tuple[str, str]], dict[str, dict[str, int]], list[Problem]]:
    """Return (review, study) pairs, the years that are told, and the rows that say too little."""
    from stromata.errors import Unreadable
    from stromata.model import Problem

    names = {name.strip().lower().removesuffix("_id"): name for name in rows[0] if name}
    missing = [name for name in ("review", "study") if name not in names]
    if missing:
        there = ", ".join(names) or "none"
        raise Unreadable(f"there is no column {missing[0]!r}; there are: {there}", hint="Needed are review and study.")
    pairs: list[tuple[str, str]] = []
    years: dict[str, dict[str, int]] = {"review": {}, "study": {}}
    problems: list[Problem] = []
    for line, row in zip(lines, rows, strict=True):
        cells = {name: (row.get(column) or "").strip() for name, column in names.items()}
        pair = cells["review"], cells["study"]
        if not all(pair):
            problems.append(Problem(line, "missing-value", "review or study is empty; the row was left out"))
            continue
        if pair in pairs:
            problems.append(Problem(line, "duplicate-mark", f"{pair[0]} includes {pair[1]} on a line above already"))
        pairs.append(pair)
        for name, key in zip(("review", "study"), pair, strict=True):
            year = cells.get(f"{name}_year", "")
            if year.isascii() and year.isdecimal() and len(year) == 4:
                years[name][key] = int(year)
            elif year:
                problems.append(Problem(line, "bad-number", f"{name}_year is {year!r}; allowed: a year of four digits"))
    return pairs, years, problems


def read_rows(file: str) -> tuple[list[int], list[dict[str, str]], list[Problem]]:
    """Return the rows of a table with their lines, every cell as text; and what could not be read."""
    import sys
    from collections import Counter

    from stromata import disk, sheets
    from stromata.errors import Unreadable
    from stromata.model import Problem

    found = sheets.read_rows(sys.stdin.read() if file == STDOUT else disk.content(Path(file)), len)
    sheets.check_read(file, found)
    problems = list(found.problems)
    names = [name.strip() for name in found.rows[0][1]] if found.rows else []
    twice = sorted(name for name, count in Counter(names).items() if name and count > 1)
    if twice:
        raise Unreadable(f"{file} has several columns {', '.join(twice)}", hint="Give each column a name of its own.")
    lines, rows = [], []
    for line, cells in found.rows[1:]:
        if any(cell.strip() for cell in cells[len(names) :]):
            text = "the row has more cells than columns and is left out."
            problems.append(Problem(line, "row-too-long", text, "Check its separators."))
            continue
        lines.append(line)
        rows.append(dict.fromkeys(names, "") | dict(zip(names, cells, strict=False)))
    if not rows and not any(problem.code != "encoding" for problem in problems):
        raise Unreadable(
            f"{file} holds no rows", hint="The first line names the columns; each further line is a study."
        )
    return lines, rows, problems
