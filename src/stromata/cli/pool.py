"""Pool a table of studies, without a review: `stromata pool`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from stromata.cli.app import FILES, Json, app
from stromata.cli.files import read_rows
from stromata.cli.output import emit, open_output, say, show_cautions, show_problems, table, tell

if TYPE_CHECKING:
    from stromata.model import Coefficient, EffectSize, MeasureName, PlanModel, Problem, Synthesis, TauMethod
    from stromata.review import Method
    from stromata.synthesis import Result
    from stromata.synthesis.effects.sizes import ZeroCells
    from stromata.synthesis.regression.terms import Node

_DATA = "The table"
_MODEL = "The model"
_MODERATORS = "Groups and moderators"
_COUNTS = "Counts"
_BAYES = "Bayesian model"
_FIGURES = "What comes out"

LEFT_OUT = 3
"""Exit status when the table was pooled and some of its rows could not be used."""

_GIVEN_TAU2 = ("random",)
"""Models that use an estimator of tau2."""

_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", ".", "-"})
"""Cells of a moderator that say that a value is missing, in lower case."""

_FACTORS = frozenset({"factor", "as.factor", "relevel"})
"""Functions of a formula that take text as well as numbers."""

Measure = Annotated[
    str, typer.Option(help="Such as OR, RR, RD, MD, SMD, PLO, IRR, HR, GEN; metafor's names.", rich_help_panel=_DATA)
]
Columns = Annotated[
    str,
    typer.Option(
        metavar="NAME=COLUMN,...", help="Which column is what: ai=tpos,bi=tneg,ci=cpos,di=cneg.", rich_help_panel=_DATA
    ),
]
Events = Annotated[str, typer.Option(help="Column of events (proportions); as xi.", rich_help_panel=_DATA)]
Total = Annotated[str, typer.Option(help="Column of totals (proportions); as ni.", rich_help_panel=_DATA)]
Label = Annotated[str, typer.Option(help="Column of study labels.", rich_help_panel=_DATA)]
Model = Annotated[
    str,
    typer.Option(help="common, random, glmm, mh, peto, exact, beta-binomial or bayes.", rich_help_panel=_MODEL),
]
Tau2 = Annotated[
    str,
    typer.Option(
        help="reml (the default), ml, dl, pm, pmm, eb, he, hs, hsk or sj; or a value.", rich_help_panel=_MODEL
    ),
]
Test = Annotated[str, typer.Option(help="z, t, knha (Knapp-Hartung) or adhoc.", rich_help_panel=_MODEL)]
Coverage = Annotated[float, typer.Option(help="Coverage of the intervals, between 0 and 1.", rich_help_panel=_MODEL)]
TauBounds = Annotated[
    str,
    typer.Option(
        "--interval",
        help="Interval of tau2, I2 and H2: qp (Q-profile), genq or pl (profile likelihood).",
        rich_help_panel=_MODEL,
    ),
]
Reach = Annotated[
    str,
    typer.Option(
        "--prediction", help="Prediction interval by: test, hts (t on k - 2), t or z.", rich_help_panel=_MODEL
    ),
]
Conventions = Annotated[
    str, typer.Option("--compat", help="Whose conventions: metafor, meta or revman.", rich_help_panel=_MODEL)
]
Group = Annotated[
    str,
    typer.Option("--group", "--subgroup", help="Column of subgroups; each is pooled.", rich_help_panel=_MODERATORS),
]
Formula = Annotated[
    str,
    typer.Option(
        metavar="FORMULA", help="Meta-regression, such as '~ dose + factor(route)'.", rich_help_panel=_MODERATORS
    ),
]
Add = Annotated[
    float | None, typer.Option(help="What cells without events get; else the usual.", rich_help_panel=_COUNTS)
]
To = Annotated[str, typer.Option(help="Which studies get it: only0, all, if0all or none.", rich_help_panel=_COUNTS)]
Drop00 = Annotated[
    bool,
    typer.Option("--drop00", help="Leave out studies without, or with only, events.", rich_help_panel=_COUNTS),
]
Glmm = Annotated[
    str, typer.Option(help="How a GLMM takes two groups: um.fs, um.rs, cm.el or cm.al.", rich_help_panel=_COUNTS)
]
TauPrior = Annotated[
    str,
    typer.Option(
        metavar="PRIOR", help="Variation between studies: 'half-normal 0.5', 'turner-2015'.", rich_help_panel=_BAYES
    ),
]
MuPrior = Annotated[
    str,
    typer.Option(metavar="'MEAN SD'", help="Normal prior of the mean effect, analysis scale.", rich_help_panel=_BAYES),
]
Threshold = Annotated[
    list[float] | None,
    typer.Option(help="How probable is less than this? Natural scale; may be repeated.", rich_help_panel=_BAYES),
]
Forest = Annotated[
    str, typer.Option(metavar="FILE", help="Draw a forest plot: .svg, .pdf or .png.", rich_help_panel=_FIGURES)
]
Funnel = Annotated[
    str, typer.Option(metavar="FILE", help="Draw a funnel plot: .svg, .pdf or .png.", rich_help_panel=_FIGURES)
]
Paper = Annotated[
    bool,
    typer.Option("--text", help="Add paragraphs for a paper, and the same analysis in R.", rich_help_panel=_FIGURES),
]


@app.command(rich_help_panel=FILES)
def pool(
    file: Annotated[str, typer.Argument(help="CSV table, one row a study; - is stdin.")],
    measure: Measure,
    columns: Columns = "",
    events: Events = "",
    total: Total = "",
    label: Label = "",
    model: Model = "random",
    tau2: Tau2 = "",
    test: Test = "z",
    level: Coverage = 0.95,
    interval: TauBounds = "",
    prediction: Reach = "",
    compat: Conventions = "metafor",
    group: Group = "",
    moderators: Formula = "",
    add: Add = None,
    to: To = "only0",
    drop00: Drop00 = False,
    glmm: Glmm = "um.fs",
    tau_prior: TauPrior = "",
    mu_prior: MuPrior = "",
    threshold: Threshold = None,
    forest: Forest = "",
    funnel: Funnel = "",
    text: Paper = False,
    as_json: Json = False,
) -> None:
    """Pool a table of studies: proportions, ratios, rates, differences; with moderators, a meta-regression.

    The exit status is 3 when rows of the table could not be used: they are on stderr, and a caution names them.
    """
    from stromata import review, synthesis
    from stromata.model import codec

    _finite(("--level", level), ("--add", add), *(("--threshold", value) for value in threshold or ()))
    entry = synthesis.get_measure(measure.upper())
    method = review.Method(
        entry.name,
        cast("PlanModel", model.lower()),
        _tau2(tau2),
        test=_word(test),
        level=level,
        by_group=bool(group),
        moderators=_formula(moderators),
        glmm=_word(glmm),
        tau_prior=tau_prior,
        mu_prior=_mu_prior(mu_prior),
        thresholds=tuple(threshold or ()),
        interval=_word(interval) or None,
        prediction=_word(prediction) or None,
        compat=_word(compat),
        add=add if model.lower() == "mh" else None,  # the other models take what the effects were given
    )
    _check(method, tau2, figures=(forest, funnel))
    studies = _studies(file, entry.name, _columns(columns, events=events, total=total), label, group, method.moderators)
    found = _effects(studies, method, add=add, to=_word(to), drop00=drop00)
    result, texts = _answer(studies, method, found, paper=text)
    _draw(result, forest=forest, funnel=funnel)
    if as_json:
        emit(codec.to_data(_with_coefficients(result)) | texts)
    else:
        _show(result, method, texts)
    _leave(result)


# What is asked.


def _leave(result: Synthesis) -> None:
    """End with the status that says so where rows were left out."""
    if any(caution.code == _ROWS_LEFT_OUT for caution in result.cautions):
        raise typer.Exit(LEFT_OUT)


def _finite(*given: tuple[str, float | None]) -> None:
    """Refuse options that are no finite number: float reads ``nan`` and ``inf`` as numbers."""
    import math

    from stromata.errors import InvalidInput

    for name, value in given:
        if value is not None and not math.isfinite(value):
            raise InvalidInput(f"{name}: {value} is not a finite number", hint=f"Such as {name} {_EXAMPLES[name]}.")


_EXAMPLES = {"--level": "0.95", "--add": "0.5", "--threshold": "0.5", "--tau2": "0.04", "--mu-prior": "'0 2'"}


def _check(method: Method, tau2: str, *, figures: Iterable[str]) -> None:
    """Stop before any work at what makes no sense, and tell what is not needed."""
    from stromata import review

    for path in filter(None, figures):
        _figure_kind(path)
    review.check_method(method)
    if tau2 and method.model not in _GIVEN_TAU2:
        tell(f"The {method.model} model uses no estimator of tau2; --tau2 {tau2} was not needed.")
    if method.glmm != "um.fs" and method.model != "glmm":
        tell(f"The {method.model} model is no GLMM; --glmm {method.glmm} was not needed.")


def _word(text: str) -> Any:  # noqa: ANN401 - a choice, which the library checks
    return text.strip().lower()


def _tau2(text: str) -> TauMethod | float:
    """Return the name of an estimator, or the value to take."""
    try:
        value = float(text)
    except ValueError:
        return cast("TauMethod", text.strip().lower() or "reml")
    _finite(("--tau2", value))
    return value


def _mu_prior(text: str) -> tuple[float, float] | None:
    from stromata.errors import InvalidInput

    if not text:
        return None
    try:
        mean, sd = (float(part) for part in text.replace(",", " ").split())
    except ValueError as error:
        raise InvalidInput(
            f"--mu-prior: {text!r} is not a mean and a standard deviation", hint="Such as --mu-prior '0 2'."
        ) from error
    _finite(("--mu-prior", mean), ("--mu-prior", sd))
    return mean, sd


def _formula(text: str) -> str:
    """Return a formula; empty when it names no moderators."""
    from stromata.errors import InvalidInput

    if not text.strip():
        return ""
    from stromata.synthesis.regression.terms import read_terms

    written = text if text.lstrip().startswith("~") else f"~ {text}"
    try:
        intercept, terms = read_terms(written)
    except InvalidInput as error:
        raise InvalidInput(f"--moderators: {error.message}", hint=error.hint) from error
    return "" if intercept and not terms else written.strip()


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
        if named.get(name.strip()):
            raise InvalidInput(
                f"--columns: {name.strip()} is given twice, as {named[name.strip()]!r} and as {column.strip()!r}",
                hint="Name one column for each; --events is xi, --total is ni.",
            )
        named[name.strip()] = column.strip()
    return {name: column for name, column in named.items() if column}


# The table.


@dataclass(frozen=True, slots=True)
class _Studies:
    """The rows that can be read, with the line of each, the moderators, and what is wrong with other rows."""

    file: str
    rows: list[dict[str, str]]
    lines: list[int]
    roles: Mapping[str, str]
    label: str
    group: str
    data: Mapping[str, list[object]]
    problems: tuple[Problem, ...]


def _studies(file: str, measure: MeasureName, roles: dict[str, str], label: str, group: str, formula: str) -> _Studies:
    lines, rows, problems = read_rows(file)
    _check_names(file, (*roles.values(), *filter(None, (label, group))), rows, "Name the columns")
    data: dict[str, list[object]] = {}
    if formula and rows:
        nodes = _nodes(formula)
        names = tuple(dict.fromkeys(name for node in nodes for name in _names(node)))
        _check_names(f"--moderators: {file}", names, rows, "Name moderators")
        bad = [_missing(line, row, names) for line, row in zip(lines, rows, strict=True)]
        problems += [problem for found in bad for problem in found]
        rows = [row for row, found in zip(rows, bad, strict=True) if not found]
        lines = [line for line, found in zip(lines, bad, strict=True) if not found]
        data = {name: _column(file, name, nodes, rows, lines) for name in names}
    return _Studies(file, rows, lines, _roles(measure, roles), label, group, data, tuple(problems))


def _roles(measure: MeasureName, given: dict[str, str]) -> dict[str, str]:
    """Return the columns that the measure is computed from; what it could also have been computed from is told."""
    from stromata import synthesis

    sets = synthesis.get_measure(measure).columns
    if not given or any(set(wanted) == given.keys() for wanted in sets):
        return given
    known = {name for wanted in sets for name in wanted}
    enough = next((wanted for wanted in sets if set(wanted) <= given.keys()), None)
    if enough is None or not given.keys() <= known:
        return given  # the library says what is missing or strange
    surplus = [name for name in given if name not in enough]
    tell(f"{measure} is computed from {', '.join(enough)}; not needed: {', '.join(surplus)}.")
    return {name: given[name] for name in enough}


def _nodes(formula: str) -> list[Node]:
    from stromata.synthesis.regression.terms import read_terms

    return [node for term in read_terms(formula)[1] for node in term]


def _names(node: Node) -> tuple[str, ...]:
    from stromata.synthesis.regression.terms import column_names

    return column_names(node)


def _check_names(where: str, names: Iterable[str], rows: Sequence[Mapping[str, str]], hint: str) -> None:
    from stromata.errors import InvalidInput

    there = [name for row in rows[:1] for name in row if name]
    for name in names if rows else ():
        if name not in there:
            quotes = "; names with blanks stand in back quotes" if where.startswith("--moderators") else ""
            raise InvalidInput(
                f"{where} has no column {name!r}; it has {', '.join(there)}",
                hint=f"{hint} as line 1 of the table spells them{quotes}.",
            )


def _missing(line: int, row: Mapping[str, str], names: Sequence[str]) -> list[Problem]:
    """Return the moderators that a row does not have."""
    from stromata.model import Problem

    found = []
    for name in names:
        cell = (row.get(name) or "").strip()
        if cell.lower() in _MISSING:
            text = f"the moderator {name} is empty; the row is left out."
            found.append(Problem(line, "cell-missing", text, "Fill in the value.", name))
        elif cell.startswith("="):
            text = f"the moderator {name} holds the formula {cell!r}; formulas are not evaluated."
            found.append(Problem(line, "cell-formula", text, "Save the table with values instead of formulas.", name))
    return found


def _column(
    file: str, name: str, nodes: Sequence[Node], rows: Sequence[Mapping[str, str]], lines: Sequence[int]
) -> list[object]:
    """Return a moderator as numbers where every cell is one, else as text.

    Raises
    ------
    InvalidInput
        Some cells are numbers and others are not, where the formula does not say that the column holds groups: a slip
        of the pen would turn a dose into groups.
    """
    from stromata.errors import InvalidInput

    cells = [(row.get(name) or "").strip() for row in rows]
    numbers = [_number(cell) for cell in cells]
    if all(number is not None for number in numbers):
        return list(numbers)
    as_groups = all(node.kind == "call" and node.value in _FACTORS for node in nodes if name in _names(node))
    if as_groups or all(number is None for number in numbers):
        return list(cells)
    place = next(i for i, number in enumerate(numbers) if number is None)
    raise InvalidInput(
        f"{file}:{lines[place]}:{name}: {cells[place]!r} is not a number, but other rows of this moderator are",
        hint=f"Correct the cell, or write factor({name}) if the column holds groups.",
    )


def _number(cell: str) -> float | None:
    import math

    try:
        value = float(cell)
    except ValueError:
        return None
    return None if "_" in cell or not math.isfinite(value) else value


def _effects(
    studies: _Studies, method: Method, *, add: float | None, to: ZeroCells, drop00: bool
) -> tuple[tuple[EffectSize, ...], tuple[Problem, ...]]:
    """Return one effect per good row, and what is wrong with the others, by line."""
    from stromata import synthesis

    effects, problems = synthesis.table_effects(
        studies.rows,
        lines=studies.lines,
        measure=method.measure,
        columns=studies.roles,
        label=studies.label or None,
        group=studies.group or None,
        add=add,
        to=to,
        drop00=drop00,
        level=method.level,
    )
    return effects, tuple(sorted((*studies.problems, *problems), key=lambda problem: problem.line))


def _answer(
    studies: _Studies, method: Method, found: tuple[tuple[EffectSize, ...], tuple[Problem, ...]], *, paper: bool
) -> tuple[Synthesis, dict[str, str]]:
    """Return the synthesis of the effects that were found, and on wish what goes into a paper; tell of other rows."""
    effects, problems = found
    show_problems(studies.file, problems)
    pooled, fit = _analysed(studies, effects, method, problems)
    result = _with_left_out(pooled, problems)
    return result, _texts(studies, effects, method, result, problems, fit) if paper else {}


def _analysed(
    studies: _Studies, effects: tuple[EffectSize, ...], method: Method, problems: Iterable[Problem]
) -> tuple[Synthesis, Result | None]:
    """Return the synthesis, and the library's own result where it has one.

    What is wrong with a moderator is told with the file and the line.
    """
    from stromata import review
    from stromata.errors import InvalidInput
    from stromata.review.analyses import fit_of

    kept = _kept(studies, problems)
    data = _moderators(studies, kept)
    try:
        found = fit_of(effects, method, data=data)
        return review.analyse(effects, method, data=data, found=found), found
    except InvalidInput as error:
        if not method.moderators:
            raise
        lines = {effect.label: studies.lines[place] for effect, place in zip(effects, kept, strict=True)}
        raise InvalidInput(
            f"--moderators {method.moderators!r}, {studies.file}: {_with_line(error.message, lines)}", hint=error.hint
        ) from error


def _kept(studies: _Studies, problems: Iterable[Problem]) -> list[int]:
    """Return the places of the rows that can be used."""
    from stromata.model import faults

    bad = {problem.line for problem in faults(problems)}
    return [place for place, line in enumerate(studies.lines) if line not in bad]


def _moderators(studies: _Studies, kept: Sequence[int]) -> dict[str, list[object]]:
    return {name: [values[place] for place in kept] for name, values in studies.data.items()}


def _texts(
    studies: _Studies,
    effects: tuple[EffectSize, ...],
    method: Method,
    result: Synthesis,
    problems: Iterable[Problem],
    found: Result | None,
) -> dict[str, str]:
    """Return what goes into a paper, and the analysis in R."""
    from stromata import review, synthesis

    data = _moderators(studies, _kept(studies, problems))
    return {
        "methods_text": synthesis.methods_text(result),
        "results_text": synthesis.results_text(result),
        "r_call": review.r_lines(effects, method, result, data=data, found=found),
    }


def _with_line(message: str, lines: Mapping[str, int]) -> str:
    """Return a message that begins with a study's name, with the line of that study."""
    found = re.match(r"study '(.*?)'", message)
    line = lines.get(found[1]) if found else None
    if found is None or line is None:
        return message
    named = "" if found[1] == f"line {line}" else f" ({found[1]})"
    return f"line {line}{named}{message[found.end() :]}"


_ROWS_LEFT_OUT = "rows-left-out"


def _with_left_out(result: Synthesis, problems: tuple[Problem, ...]) -> Synthesis:
    """Put rows that could not be used among the cautions: a pool of fewer studies must not look like a full one."""
    from stromata.model import Caution, faults

    lines = sorted({problem.line for problem in faults(problems)})
    if not lines:
        return result
    places = ", ".join(map(str, lines))
    one = f"1 row of the table was left out: line {places}."
    text = one if len(lines) == 1 else f"{len(lines)} rows of the table were left out: lines {places}."
    return replace(result, cautions=(*result.cautions, Caution(_ROWS_LEFT_OUT, text)))


# What comes out.


def _with_coefficients(result: Synthesis) -> Synthesis:
    """Return a result in which a model without moderators has its one coefficient too, for programs that read it."""
    from stromata import review

    parts = tuple((label, _with_coefficients(part)) for label, part in result.subgroups)
    return replace(result, coefficients=review.coefficients(result), subgroups=parts)


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
    with open_output(path, text=False) as out:
        out.write(data)


def _show(result: Synthesis, method: Method, texts: Mapping[str, str]) -> None:
    """Write an account that a person can read."""
    given = "tau2 given" if result.tau2_method == "fixed" else result.tau2_method.upper()
    how = [result.tau2_method if result.model == "bayes" else given]
    how += [] if result.model in {"bayes", "exact"} else [f"test {result.test}"]
    details = f" ({', '.join(filter(None, how))})" if any(how) else ""
    counted = "1 study" if result.k == 1 else f"{result.k} studies"
    title = f"{result.measure}, {result.model} model{details}, {counted}"
    cover = f"{100 * result.level:g} %"
    if result.moderators:
        show_coefficients(f"{title}, {result.moderators}", result)
    else:
        shown = [("all" if result.subgroups else "", result), *result.subgroups]
        table(title, ("group", "k", "estimate", f"{cover} low", "high"), [_line(*row) for row in shown])
    for text in _account(result, method, cover):
        say(text)
    show_cautions(result.cautions)
    for text in texts.values():
        for line in ("", *text.strip().splitlines()):
            say(line)


def _line(name: str, result: Synthesis) -> tuple[str, int, float | None, float | None, float | None]:
    natural = result.natural
    rounded = [
        None if value is None else round(value, 4) for value in (natural.estimate, natural.ci_low, natural.ci_high)
    ]
    return name, result.k, rounded[0], rounded[1], rounded[2]


def _coefficient(one: Coefficient) -> tuple[str, ...]:
    values = (one.estimate, one.se, one.statistic)
    return one.term, *map(_four, values), _p(one.p), _four(one.ci_low), _four(one.ci_high)


def _four(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _p(value: float | None) -> str:
    return "" if value is None else "<0.0001" if value < 0.0001 else f"{value:.4f}"


def _with_p(value: float | None) -> str:
    return f"p {_p(value)}" if value is not None and value < 0.0001 else f"p = {_p(value)}"


def show_coefficients(title: str, result: Synthesis) -> None:
    """Write the coefficients of a meta-regression as a table."""
    cover = f"{100 * result.level:g} %"
    columns = ("coefficient", "estimate", "se", "statistic", "p", f"{cover} low", "high")
    table(title, columns, [_coefficient(one) for one in result.coefficients])


def probabilities(result: Synthesis) -> Iterator[str]:
    """Yield a line for each threshold that a posterior was asked about."""
    for one in result.probabilities:
        yield (
            f"Probability of less than {one.value:g}: {_four(one.mean_below)} for the mean effect, "
            f"{_four(one.new_below)} in a new study"
        )


def _account(result: Synthesis, method: Method, cover: str) -> Iterator[str]:
    """Yield what the tables do not hold, a line each."""
    from stromata import synthesis
    from stromata.synthesis.cautions import FEWEST_TO_PREDICT

    entry = synthesis.get_measure(result.measure)
    if result.coefficients and entry.to_natural(0.3, 1.0) != 0.3:
        yield f"Coefficients are on the analysis scale ({entry.title})."
    for index, test in enumerate(result.moderator_tests):
        name = "QM" if index == 0 else test.label
        how = f"on {test.df} df" if test.df2 is None else f"on {test.df} and {test.df2} df"
        yield f"{name} = {_four(test.statistic)} {how}, {_with_p(test.p)}" + (": all moderators" if index == 0 else "")
    if result.r2 is not None:
        yield f"R2 = {result.r2:.2f} %: of the variance between studies, what the moderators account for"
    yield from _spread(result, cover)
    if result.q is not None and result.q_df is not None:
        name, what = ("QE", "residual heterogeneity") if result.moderators else ("Q", "heterogeneity")
        yield f"{name} = {_four(result.q)} on {result.q_df} df, {_with_p(result.q_p)}: {what}"
    natural = result.natural
    enough = result.k >= FEWEST_TO_PREDICT or result.model == "bayes"
    if enough and natural.pi_low is not None and natural.pi_high is not None:
        yield f"{cover} prediction interval {_four(natural.pi_low)} to {_four(natural.pi_high)}"
    if result.subgroup_test is not None:
        between = result.subgroup_test
        yield f"Between groups: Q = {_four(between.q)} on {between.df} df, {_with_p(between.p)}"
    if result.rho is not None:
        yield f"rho = {_four(result.rho)}: correlation between people of one arm"
    yield from probabilities(result)
    if method.model != "bayes" and result.p is not None and entry.null is not None:
        statistic = "" if result.statistic is None else f"statistic {_four(result.statistic)}, "
        yield f"No effect: {statistic}{_with_p(result.p)}"


def _spread(result: Synthesis, cover: str) -> Iterator[str]:
    """Yield what is known of the variation between studies."""
    if result.tau2 is None:
        return
    bounds = ""
    if result.tau2_low is not None and result.tau2_high is not None:
        bounds = f" ({cover} {_four(result.tau2_low)} to {_four(result.tau2_high)})"
    error = "" if result.tau2_se is None else f", SE {_four(result.tau2_se)}"
    name = "Residual tau2" if result.moderators else "tau2"
    rest = "" if result.i2 is None or result.h2 is None else f"; I2 = {result.i2:.2f} %, H2 = {result.h2:.2f}"
    yield f"{name} = {_four(result.tau2)}{bounds}{error}{rest}"
