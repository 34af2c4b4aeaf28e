"""Commands that need no review: convert, pool, overlap."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from stromata.cli.app import FILES, Json, app
from stromata.cli.output import STDOUT, emit, show_cautions, show_problems, table, tell, write_file

if TYPE_CHECKING:
    from stromata.model import MeasureName, ModelName, Problem, Synthesis, TauMethod, TestName
    from stromata.reporting import Area
    from stromata.synthesis.effects.sizes import ZeroCells
    from stromata.synthesis.pooling.pool import Compat, Prediction


@app.command(rich_help_panel=FILES)
def convert(
    file: Annotated[str, typer.Argument(help="File to read; - is stdin.")],
    to: Annotated[str, typer.Option("--to", help="Format to write: ris, nbib or csl-json.")],
    output: Annotated[str, typer.Option("-o", "--output", help="File to write; - is stdout.")] = STDOUT,
    as_json: Json = False,
) -> None:
    """Turn an export or a saved page into another format. Problems go to stderr; what can be read is written."""
    import sys

    from stromata import formats

    source = formats.read_bytes(sys.stdin.buffer.read()) if file == STDOUT else formats.read(Path(file))
    records, problems = source
    out = io.StringIO()
    formats.write(records, to, out)
    write_file(output, out.getvalue())
    if as_json and output != STDOUT:
        emit({"file": file, "to": to, "output": output, "records": len(records), "problems": problems})
    show_problems(file, problems)
    tell(f"{len(records)} records, {len(problems)} problems")


@app.command(rich_help_panel=FILES)
def pool(
    file: Annotated[str, typer.Argument(help="CSV table, one row a study; - is stdin.")],
    measure: Annotated[str, typer.Option(help="Such as OR, RR, RD, MD, SMD, PLO, IRR, HR; metafor's names.")],
    events: Annotated[str, typer.Option(help="Column of events (proportions).")] = "",
    total: Annotated[str, typer.Option(help="Column of totals (proportions).")] = "",
    columns: Annotated[str, typer.Option(help="Other columns, such as ai=tpos,bi=tneg,ci=cpos,di=cneg.")] = "",
    model: Annotated[str, typer.Option(help="common, random, glmm, mh, peto or exact.")] = "random",
    tau2: Annotated[str, typer.Option(help="reml, ml, dl, pm, pmm, eb, he, hs, hsk or sj; or a value.")] = "reml",
    test: Annotated[str, typer.Option(help="z, t, knha (Knapp-Hartung) or adhoc.")] = "z",
    level: Annotated[float, typer.Option(help="Coverage of the intervals, between 0 and 1.")] = 0.95,
    add: Annotated[float | None, typer.Option(help="What cells without events get; else the usual.")] = None,
    to: Annotated[str, typer.Option(help="Which studies get it: only0, all, if0all or none.")] = "only0",
    drop00: Annotated[bool, typer.Option("--drop00", help="Leave out studies without, or with only, events.")] = False,
    prediction: Annotated[str, typer.Option(help="Prediction interval by: test, hts (t on k - 2), t or z.")] = "",
    compat: Annotated[str, typer.Option(help="Whose conventions: metafor, meta or revman.")] = "metafor",
    label: Annotated[str, typer.Option(help="Column of study labels.")] = "",
    group: Annotated[str, typer.Option(help="Column of subgroups.")] = "",
    forest: Annotated[str, typer.Option(metavar="FILE", help="Draw a forest plot: .svg, .pdf or .png.")] = "",
    funnel: Annotated[str, typer.Option(metavar="FILE", help="Draw a funnel plot: .svg, .pdf or .png.")] = "",
    as_json: Json = False,
) -> None:
    """Pool a table of studies: proportions, ratios, rates, differences."""
    from stromata import synthesis

    for path in filter(None, (forest, funnel)):
        _figure_kind(path)  # a wrong ending stops before any work
    named = _columns(columns, events=events, total=total)
    lines, rows, surplus = _rows(file)
    effects, problems = synthesis.table_effects(
        rows,
        lines=lines,
        measure=measure,
        columns=named,
        label=label or None,
        group=group or None,
        add=add,
        to=cast("ZeroCells", to),
        drop00=drop00,
        level=level,
    )
    problems = tuple(sorted((*surplus, *problems), key=lambda problem: problem.line))
    show_problems(file, problems)
    result = synthesis.pool(
        effects,
        measure=cast("MeasureName", measure),
        model=cast("ModelName", model),
        tau2=_tau2(tau2),
        test=cast("TestName", test),
        level=level,
        by_group=bool(group),
        prediction=cast("Prediction", prediction) if prediction else None,
        compat=cast("Compat", compat),
        add=add if model == "mh" else None,  # the other models take what the effects were given
    )
    result = _with_left_out(result, problems)
    _draw(result, forest=forest, funnel=funnel)
    if as_json:
        emit(result)
        return
    _show_pool(result)


def _show_pool(result: Synthesis) -> None:
    shown = [("all" if result.subgroups else "", result), *result.subgroups]
    title = f"{result.measure}, {result.model} model"
    table(title, ("group", "k", "estimate", "low", "high"), [_line(*row) for row in shown])
    show_cautions(result.cautions)


def _draw(result: Synthesis, *, forest: str, funnel: str) -> None:
    if not (forest or funnel):
        return
    from stromata.reporting import figures

    if forest:
        _write_figure(forest, figures.forest(result, format=_figure_kind(forest)))
    if funnel:
        _write_figure(funnel, figures.funnel(result, format=_figure_kind(funnel)))


def _figure_kind(path: str) -> Literal["svg", "pdf", "png"]:
    from stromata.errors import InvalidInput

    ending = Path(path).suffix.lower().removeprefix(".")
    if ending not in {"svg", "pdf", "png"}:
        raise InvalidInput(f"{path!r} does not end in .svg, .pdf or .png", hint="The ending chooses the format.")
    return cast("Literal['svg', 'pdf', 'png']", ending)


def _write_figure(path: str, data: bytes) -> None:
    from stromata.errors import StoreError

    try:
        Path(path).write_bytes(data)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror or error}", hint="Check the folder, its rights and the disk."
        ) from error


def _tau2(text: str) -> TauMethod | float:
    """Return the name of an estimator, or the value to take."""
    try:
        return float(text)
    except ValueError:
        return cast("TauMethod", text)


def _with_left_out(result: Synthesis, problems: tuple[Problem, ...]) -> Synthesis:
    """Put rows that could not be used among the cautions: a pool of fewer studies must not look like a full one."""
    from dataclasses import replace

    from stromata.model import Caution

    lines = sorted({problem.line for problem in problems})
    if not lines:
        return result
    text = f"{len(lines)} rows of the table were left out: line {', '.join(str(line) for line in lines)}."
    return replace(result, cautions=(*result.cautions, Caution("rows-left-out", text)))


def _columns(text: str, *, events: str, total: str) -> dict[str, str]:
    """Return the measure's column names to the table's, from ``ai=tpos,bi=tneg`` and the two short options."""
    from stromata.errors import InvalidInput

    named = {"xi": events, "ni": total}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, sign, column = part.partition("=")
        if not sign or not name.strip() or not column.strip():
            raise InvalidInput(
                f"--columns: {part!r} is not NAME=COLUMN", hint="Such as ai=tpos,bi=tneg,ci=cpos,di=cneg."
            )
        named[name.strip()] = column.strip()
    return {name: column for name, column in named.items() if column}


def _rows(file: str) -> tuple[list[int], list[dict[str, str]], list[Problem]]:
    """Return the rows of a CSV table with their lines, every cell as text; and the rows that have too many cells."""
    import csv
    import sys

    from stromata import review
    from stromata.errors import Unreadable
    from stromata.model import Problem

    text = sys.stdin.read() if file == STDOUT else review.read_text(Path(file))
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        names = reader.fieldnames or []
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise Unreadable(f"{file} is not a CSV table: {error}", hint="Check its quotation marks.") from error
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Unreadable(f"{file} has several columns {', '.join(twice)}", hint="Give each column a name of its own.")
    if not rows:
        raise Unreadable(
            f"{file} holds no rows", hint="The first line names the columns; each further line is a study."
        )
    surplus = [
        Problem(line, "row-too-long", "the row has more cells than columns and is left out.", "Check its commas.")
        for line, row in rows
        if None in row
    ]
    whole = [(line, row) for line, row in rows if None not in row]
    return [line for line, _ in whole], [row for _, row in whole], surplus


def _line(name: str, result: Synthesis) -> tuple[str, int, float | None, float | None, float | None]:
    natural = result.natural
    rounded = [
        None if value is None else round(value, 4) for value in (natural.estimate, natural.ci_low, natural.ci_high)
    ]
    return name, result.k, rounded[0], rounded[1], rounded[2]


@app.command(rich_help_panel=FILES)
def overlap(
    file: Annotated[str, typer.Argument(help="CSV: review, study; if known, review_year and study_year; - is stdin.")],
    as_json: Json = False,
) -> None:
    """Tell how far reviews rest on the same studies: corrected covered area (CCA), of all and of each two."""
    from stromata import reporting

    lines, rows, problems = _rows(file)
    pairs, years, faults = _marks(lines, rows)
    problems = sorted((*problems, *faults), key=lambda problem: problem.line)
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
    if problems:
        raise typer.Exit(3)


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
