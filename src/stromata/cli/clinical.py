"""Commands about what the clinic measures and gives: dose, score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from stromata.cli.app import FILES, Json, app
from stromata.cli.output import emit, say, show_cautions, show_problems, source, table, tell

if TYPE_CHECKING:
    from stromata.clinical.instruments import CriterionCount, Instrument, Response, ScoredRow, ScoredTable, VisitScore
    from stromata.model import Caution

FOUND_WANTING = 3
"""Exit status when a table was scored and some of its rows have problems."""


@app.command(rich_help_panel=FILES)
def dose(
    text: Annotated[str, typer.Argument(help="Dose as written, such as '2 × 10^6 cells/kg IV every 2 weeks ×4'.")],
    weight: Annotated[float | None, typer.Option("--weight", help="Body weight in kg.")] = None,
    schedule: Annotated[str, typer.Option(help="Schedule, where the text does not hold it.")] = "",
    route: Annotated[str, typer.Option(help="Route, where the text does not hold it.")] = "",
    as_json: Json = False,
) -> None:
    """Read a dose of a cell product: each administration, their number, all together, and cells per kg."""
    from stromata.clinical.doses import parse_dose
    from stromata.model import codec

    for name, words in (("the dose", text), ("--schedule", schedule), ("--route", route)):
        _check_text(name, words)
    found = parse_dose(text, schedule=schedule, route=route, weight_kg=weight)
    if as_json:
        emit(found)
        return
    rows = [(name.replace("_", " "), shown) for name, value in codec.to_data(found).items() if (shown := _plain(value))]
    table("Dose", ("", ""), [row for row in rows if row[0] != "cautions"])
    show_cautions(found.cautions)


def _check_text(name: str, words: str) -> None:
    """Refuse words that the terminal did not send as UTF-8: Python keeps such bytes as lone surrogates."""
    from stromata.errors import InvalidInput

    if any("\ud800" <= sign <= "\udfff" for sign in words):
        shown = words.encode("utf-8", "backslashreplace").decode("utf-8")
        message = f"{name} is not UTF-8 text: {shown}"
        raise InvalidInput(message, hint="Set the terminal to UTF-8, or write the words in plain letters.")


def _plain(value: object) -> str:
    """Return a part of a result on one line; nothing for what is empty."""
    if isinstance(value, dict):
        return " ".join(filter(None, (_plain(part) for part in value.values())))
    if isinstance(value, list):
        return "; ".join(filter(None, (_plain(part) for part in value)))
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)


@app.command(rich_help_panel=FILES)
def score(
    instrument: Annotated[str, typer.Argument(help="Instrument, such as PASI or SLEDAI-2K.")] = "",
    file: Annotated[str, typer.Argument(help="Table, one row a patient or a visit; - is stdin.")] = "",
    constants: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A component that is the same for all rows.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the instruments.")] = False,
    as_json: Json = False,
) -> None:
    """Score a table of patients with a clinical instrument; with a baseline, say who responded.

    Without a table, say what the instrument asks. The exit status is 3 when rows have problems: they are on stderr.
    """
    from stromata.clinical import instruments
    from stromata.errors import InvalidInput

    if listed:
        _list(instruments.instruments(), as_json)
        return
    if not instrument:
        raise InvalidInput("no instrument is named", hint="stromata score --list shows them.")
    chosen = instruments.instrument(instrument)
    if not file:
        _describe(chosen, as_json)
        return
    found = instruments.score_table(instrument, source(file), constants=_constants(constants or []))
    if as_json:
        emit(_table_data(found))
    else:
        _show(chosen, found)
        if found.unused:
            tell(f"Columns not used: {', '.join(found.unused)}.")
    show_problems(file, found.problems)
    if found.problems:
        raise typer.Exit(FOUND_WANTING)


def _constants(pairs: list[str]) -> dict[str, str]:
    from stromata.errors import InvalidInput

    found = {}
    for pair in pairs:
        _check_text("--set", pair)
        name, sign, value = pair.partition("=")
        if not sign or not name.strip() or not value.strip():
            raise InvalidInput(f"--set: {pair!r} is not NAME=VALUE", hint="Such as --set age_years=30.")
        found[name.strip()] = value.strip()
    return found


def _list(items: tuple[Instrument, ...], as_json: bool) -> None:
    if as_json:
        emit({"instruments": items})
        return
    rows = [
        (
            item.aliases[0],
            item.name,
            ", ".join(item.conditions),
            ", ".join(one.id for one in item.criteria),
            item.status,
        )
        for item in items
    ]
    table("Instruments", ("instrument", "name", "conditions", "criteria", "status"), rows)


def _describe(item: Instrument, as_json: bool) -> None:
    if as_json:
        emit(item)
        return
    say(f"{item.aliases[0]}: {item.name}. {item.formula.text}")
    rows = [
        (part.id, part.label, part.low, part.high, part.unit, "" if part.required else "optional")
        for part in item.components
    ]
    table("Components", ("name", "meaning", "low", "high", "unit", ""), rows)
    for name, text in item.vague_names:
        say(f"! {name}: {text}")
    if item.criteria:
        table("Criteria", ("id", "rule", "status"), [(one.id, one.rule, one.status) for one in item.criteria])
    for text in item.missing:
        say(f"! {text}")


def _table_data(found: ScoredTable) -> dict[str, object]:
    return {
        "instrument": found.instrument,
        "layout": found.layout,
        "rows": [_row_data(row) for row in found.rows],
        "summary": found.summary,
        "columns": [{"heading": heading, "visit": visit, "component": part} for heading, visit, part in found.columns],
        "unused_columns": found.unused,
        "cautions": found.cautions,
        "problems": found.problems,
    }


def _row_data(row: ScoredRow) -> dict[str, object]:
    """Return a row: its last visit at the top, and each visit by itself where there are several."""
    data: dict[str, object] = {"line": row.line, "patient": row.patient}
    data |= _visit_data(row.visits[-1]) if row.visits else {"visit": "", "components": {}, "total": None, "band": None}
    if len(row.visits) > 1:
        data["visits"] = [_visit_data(visit) for visit in row.visits]
    if row.kept:
        data["other_columns"] = dict(row.kept)
    return data


def _visit_data(visit: VisitScore) -> dict[str, object]:
    found, response = visit.score, visit.response
    data: dict[str, object] = {
        "visit": visit.visit,
        "components": dict(found.components),
        "total": found.total,
        "derived": dict(found.derived),
        "band": found.band,
        "other_bands": dict(found.other_bands),
    }
    cautions: tuple[Caution, ...] = found.cautions
    if response is not None:
        data |= {
            "baseline": response.baseline,
            "change": response.change,
            "percent_change": response.percent_change,
            "improved": response.improved,
            "responders": {verdict.id: verdict.met for verdict in response.criteria},
            "why": {verdict.id: verdict.why for verdict in response.criteria},
        }
        cautions = (*cautions, *response.cautions)
    return data | {"cautions": cautions}


def _show(item: Instrument, found: ScoredTable) -> None:
    rows = [cells for row in found.rows for cells in _lines(row)]
    columns = ("line", "patient", "visit", "total", "band", "fall", "fall in %", "criteria met")
    used = [place for place, _ in enumerate(columns) if place in {0, 3} or any(row[place] != "" for row in rows)]
    table(item.aliases[0], [columns[place] for place in used], [[row[place] for place in used] for row in rows])
    summary = found.summary
    say(f"{summary.rows} rows, {summary.usable} without a problem.")
    for reason, count in summary.unusable:
        say(f"  {count}: {reason}")
    for one in summary.criteria:
        say(_counted(one))
    own = [caution for row in found.rows for visit in row.visits for caution in _cautions_of(visit)]
    show_cautions(dict.fromkeys((*found.cautions, *own)))


def _lines(row: ScoredRow) -> list[list[str | int | float]]:
    if not row.visits:
        return [[row.line, row.patient, "", "", "", "", "", ""]]
    return [[row.line, row.patient, visit.visit, *_cells(visit)] for visit in row.visits]


def _cells(visit: VisitScore) -> list[str | int | float]:
    found, response = visit.score, visit.response
    total = "" if found.total is None else round(found.total, 4)
    if response is None:
        return [total, found.band or "", "", "", ""]
    change = "" if response.change is None else round(response.change, 4)
    percent = "" if response.percent_change is None else round(response.percent_change, 1)
    return [total, found.band or "", change, percent, _met(response)]


def _met(response: Response) -> str:
    met = [verdict.id for verdict in response.criteria if verdict.met]
    open_ = [f"{verdict.id}?" for verdict in response.criteria if verdict.met is None]
    return " ".join([*met, *open_]) or "none"


def _cautions_of(visit: VisitScore) -> tuple[Caution, ...]:
    return (*visit.score.cautions, *(visit.response.cautions if visit.response else ()))


def _counted(one: CriterionCount) -> str:
    at = f" at {one.visit}" if one.visit else ""
    share = f" ({100 * one.responders / one.judged:.1f} %)" if one.judged else ""
    reasons = "; ".join(f"{count}: {reason}" for reason, count in one.reasons)
    open_ = f"; {one.undetermined} cannot be known ({reasons})" if one.undetermined else ""
    return f"{one.id}{at}: {one.responders}/{one.judged}{share}{open_}"
