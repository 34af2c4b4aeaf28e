"""Appraisals as a table: a CSV form to fill in, one row for each question and level, and its reader."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from stromata import disk
from stromata.appraisal.judge import MILD, check, complete
from stromata.appraisal.tool import OVERALL, AnswerOption, Level, Question, Tool, spell, tool
from stromata.errors import NotFound
from stromata.model import Appraisal, Judgement, Problem, SignallingAnswer, faults
from stromata.sheets import plain_name, read_rows

FORM_COLUMNS = (
    "study", "result", "tool", "item", "question", "allowed", "answer", "support", "quote", "locator",
    "level", "reason", "direction",
)  # fmt: skip
"""Columns of the form. `question` and `allowed` are there for the person who fills it in; the reader skips them."""

_KEYS = ("study", "tool", "item")
_ANSWER_COLUMNS = ("answer", "support", "quote", "locator")
_LEVEL_COLUMNS = ("level", "reason", "direction")
_COLUMNS_CHECKED = ("result",)
"""Columns that `check` may name; otherwise it names questions and domains."""

_MOST_NAMED = 10
"""Columns that are named one by one when they cannot be read; the others are counted."""


def form_rows(of: Tool | str, about: Iterable[tuple[str, str]]) -> tuple[dict[str, str], ...]:
    """Return the rows of a form, each a value for every one of `FORM_COLUMNS`.

    Parameters
    ----------
    of : the tool or its id.
    about : what is appraised: ids of study and result; the result is empty for tools that judge the whole study.

    Raises
    ------
    NotFound
        There is no such tool.
    """
    found = tool(of) if isinstance(of, str) else of
    return tuple(
        dict.fromkeys(FORM_COLUMNS, "") | {"study": study, "result": result, "tool": found.id} | row
        for study, result in about
        for row in _items(found)
    )


def form_text(rows: Iterable[dict[str, str]]) -> str:
    """Return the rows of a form as CSV."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, FORM_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def read_table(
    source: Path | str, *, appraiser: str, critical: Collection[str] = (), partial_is_flaw: bool = False
) -> tuple[tuple[Appraisal, ...], tuple[Problem, ...]]:
    """Read appraisals from a filled-in form.

    Parameters
    ----------
    source : the path of a CSV file, or its text. Needed are the columns study, tool and item; item is the id of a
        question, of a domain, or ``overall``. Comma, semicolon or tab may stand between cells.
    appraiser : the person whose appraisals these are.
    critical, partial_is_flaw : as for `stromata.appraisal.propose`; critical items apply to tools that have such.

    Returns
    -------
    tuple of Appraisal
        Those without a fault, in the order of their first rows, as they were filled in: `complete` adds what follows
        from the answers. They may be unfinished. An appraisal is one statement: if one of its rows has a fault, the
        whole appraisal is left out. So are all of them if a row cannot be told to belong to one.
    tuple of Problem
        Every fault, in the order of lines; `column` names the column. The code ``encoding`` is a remark: the file is
        not UTF-8, but was read without loss.

    Raises
    ------
    NotFound
        There is no such file.
    Unreadable
        It cannot be opened.
    InvalidInput
        As for `propose`.
    """
    drafts, sheet = _drafts(source, appraiser, critical=critical, partial_is_flaw=partial_is_flaw)
    return tuple(draft.appraisal for draft in drafts), _by_line(sheet.problems)


def read_finished(
    source: Path | str, *, appraiser: str, critical: Collection[str] = (), partial_is_flaw: bool = False
) -> tuple[tuple[Appraisal, ...], tuple[Problem, ...]]:
    """Read appraisals from a filled-in form, with what follows from their answers; leave out the unfinished ones.

    Parameters and errors are those of `read_table`.

    Returns
    -------
    tuple of Appraisal
        Those without a fault to which nothing is wanting, completed.
    tuple of Problem
        As from `read_table`, and what is wanting: it stands at the row of its question or level, or, if the file has
        none, at the first row of its appraisal. Answers without support (``support-missing``) keep nothing out.
    """
    drafts, sheet = _drafts(source, appraiser, critical=critical, partial_is_flaw=partial_is_flaw)
    finished = []
    for draft in drafts:
        chosen = critical if draft.has_critical else ()
        whole = complete(draft.appraisal, critical=chosen, partial_is_flaw=partial_is_flaw)
        wanting = check(whole, critical=chosen, partial_is_flaw=partial_is_flaw)
        about = " ".join(filter(None, (whole.study, whole.result)))
        for problem in wanting:
            line, column = draft.place(problem)
            text = f"{whole.tool}, {about}: {problem.text}"
            sheet.report(line, problem.code, text, hint=problem.hint, column=column)
        if all(problem.code == "support-missing" for problem in wanting):
            finished.append(whole)
    return tuple(finished), _by_line(sheet.problems)


def _drafts(
    source: Path | str, appraiser: str, *, critical: Collection[str], partial_is_flaw: bool
) -> tuple[list[_Draft], _Sheet]:
    """Return the appraisals of a form that have no fault, and the sheet with all problems."""
    sheet = _Sheet()
    sheet.read(_source(source))
    drafts: dict[tuple[str, str, str], _Draft] = {}
    for row in sheet.rows:
        _take(row, drafts, sheet, appraiser)
    for draft in drafts.values():
        chosen = critical if draft.has_critical else ()
        for problem in check(draft.appraisal, critical=chosen, partial_is_flaw=partial_is_flaw):
            if problem.code not in MILD:
                draft.faulty = True
                line, column = draft.place(problem)
                sheet.report(line, problem.code, problem.text, hint=problem.hint, column=column)
    kept = [] if sheet.stray_rows else [draft for draft in drafts.values() if not draft.faulty]
    return kept, sheet


def _by_line(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: problem.line))


# -- the form ------------------------------------------------------------------------------------------------------


def _items(found: Tool) -> Iterator[dict[str, str]]:
    """Yield what differs from row to row: each domain's questions, its level, and the overall level at the end."""
    for domain in found.domains:
        for question in domain.questions:
            text = f"{question.text} {question.help}".strip()
            if question.when is not None:
                text = f"Only if {spell(question.when)}: {text}"
            yield {"item": question.id, "question": text, "allowed": " / ".join(question.answers)}
        if domain.judged:
            text = f"Level for {domain.label.lower()}."
            text += f" {domain.guidance}" if domain.guidance else ""
            text += " Leave it empty to take the proposed one." if domain.parts else ""
            yield {"item": domain.id, "question": text, "allowed": " / ".join(level.label for level in found.levels)}
    if found.overall_levels:
        text = "Level for the whole."
        text += " Leave it empty to take the proposed one." if found.overall else ""
        allowed = " / ".join(level.label for level in found.overall_levels)
        yield {"item": OVERALL, "question": text, "allowed": allowed}


# -- cells ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Row:
    line: int
    cells: dict[str, str]
    faulty: bool = False

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(slots=True)
class _Sheet:
    """The rows of a file under their column names, and the problems met so far.

    `stray_rows` tells that a row could not be read, or belongs to no appraisal that can be named.
    """

    rows: list[_Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    stray_rows: bool = False

    def report(self, line: int, code: str, text: str, *, hint: str = "", column: str = "") -> None:
        self.problems.append(Problem(line, code, text, hint, column))

    def read(self, data: bytes) -> None:
        table = read_rows(data, lambda cells: len(set(FORM_COLUMNS) & set(map(plain_name, cells))))
        self.problems += table.problems
        self.stray_rows = any(problem.code == "broken-row" for problem in table.problems)
        header: list[str] | None = None
        for line, cells in table.rows:
            if header is None:
                header = self._header(line, cells)
            elif header:
                self._row(line, header, cells)
        if header is None and not faults(table.problems):
            self.report(0, "empty-table", "the table has no rows", hint=f"Its columns are {', '.join(FORM_COLUMNS)}.")

    def _header(self, line: int, cells: Sequence[str]) -> list[str]:
        """Return the column names, none if the file cannot be read by them."""
        names = [plain_name(cell) for cell in cells]
        counts = Counter(filter(None, names))
        unknown = [name for name in counts if name not in FORM_COLUMNS]
        hint = f"The columns are {', '.join(FORM_COLUMNS)}."
        for name in unknown[:_MOST_NAMED]:
            self.report(line, "unknown-column", f"the column {name[:60]!r} is not known and was not read", hint=hint)
        if len(unknown) > _MOST_NAMED:
            text = f"{len(unknown) - _MOST_NAMED} more columns are not known and were not read"
            self.report(line, "unknown-column", text, hint=hint)
        twice = [name for name in FORM_COLUMNS if counts[name] > 1]
        for name in twice:
            self.report(line, "column-twice", f"there are two columns {name!r}", hint="Keep one.", column=name)
        missing = [name for name in _KEYS if name not in names]
        if missing:
            text = f"the column {' and '.join(missing)} is missing, so nothing was read"
            self.report(line, "missing-column", text, hint=hint)
        return [] if missing or twice else names

    def _row(self, line: int, header: list[str], cells: Sequence[str]) -> None:
        surplus = any(cell.strip() for cell in cells[len(header) :])
        if surplus:
            text = f"the row has {len(cells)} cells, but there are {len(header)} columns"
            self.report(line, "too-many-cells", text, hint="Put text that holds commas in quotation marks.")
        named = {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
        broken = [name for name, cell in named.items() if "\0" in cell]
        for name in broken:
            hint = "Write the cell anew."
            self.report(line, "nul-byte", f"{name or 'a cell'} holds a NUL byte", hint=hint, column=name)
        if {*_KEYS, "result"} & set(broken):  # nobody can tell which appraisal the row belongs to
            self.stray_rows = True
        else:
            self.rows.append(_Row(line, named, surplus or bool(broken)))


def _source(source: Path | str) -> bytes:
    return source.encode("utf-8", errors="replace") if isinstance(source, str) else disk.content(source)


# -- rows ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Draft:
    """An appraisal in the making.

    Attributes
    ----------
    line : the first row of the appraisal.
    lines : by item, the row in which it was filled in.
    rows : by item, its first row, filled in or not.
    faulty : one of the rows had a fault.
    """

    tool: Tool
    appraisal: Appraisal
    line: int
    lines: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    faulty: bool = False

    @property
    def has_critical(self) -> bool:
        """Tell whether the tool lets a team choose critical items."""
        return self.tool.overall is not None and self.tool.overall.kind == "flaws"

    def place(self, problem: Problem) -> tuple[int, str]:
        """Return the line and column in which a problem found by `check` arose."""
        item = problem.column
        if item in _COLUMNS_CHECKED:
            return self.line, item
        if not item:
            return self.line, ""
        line = self.lines.get(item) or self.rows.get(item, self.line)
        return line, "level" if item in _domains(self.tool) else "answer"


def _take(row: _Row, drafts: dict[tuple[str, str, str], _Draft], sheet: _Sheet, appraiser: str) -> None:
    """Add a row to its appraisal, or report what is wrong with it and mark the appraisal as faulty."""
    for column in _KEYS:
        if not row[column]:
            sheet.report(
                row.line, "missing-cell", f"the {column} is missing", hint="Every row needs one.", column=column
            )
    if not row["study"] or not row["tool"]:
        sheet.stray_rows = True
        return
    try:
        found = tool(row["tool"].lower())
    except NotFound as error:
        sheet.report(row.line, "unknown-tool", error.message, hint=error.hint, column="tool")
        return
    start = Appraisal(found.id, found.version, row["study"], appraiser, row["result"])
    draft = drafts.setdefault((found.id, row["study"], row["result"]), _Draft(found, start, row.line))
    before = len(sheet.problems)
    item = row["item"]
    question = next((one for one in found.questions() if one.id.lower() == item.lower()), None)
    domain = next((one for one in _domains(found) if one.lower() == item.lower()), "")
    draft.rows.setdefault(question.id if question else domain, row.line)
    if item and question is None and not domain:
        names = [*(one.id for one in found.questions()), *_domains(found)]
        hint = f"Its items are {', '.join(names)}."
        sheet.report(row.line, "unknown-item", f"{found.name} has no item {item!r}", hint=hint, column="item")
    elif question is not None:
        _answer(row, question, draft, sheet)
    elif domain:
        _level(row, domain, draft, sheet)
    draft.faulty = draft.faulty or row.faulty or not item or len(sheet.problems) > before


def _domains(found: Tool) -> tuple[str, ...]:
    judged = tuple(domain.id for domain in found.domains if domain.judged)
    return (*judged, OVERALL) if found.overall_levels else judged


def _answer(row: _Row, question: Question, draft: _Draft, sheet: _Sheet) -> None:
    stray = _stray(row, _LEVEL_COLUMNS)
    if stray:
        text = f"{question.id} is a question and takes an answer, but {stray} is filled in: {row[stray]!r}"
        sheet.report(row.line, "not-for-questions", text, hint="Move it to the row of a domain.", column=stray)
    if not row["answer"]:
        stray = _stray(row, _ANSWER_COLUMNS)
        if stray:
            text = f"{question.id} has something under {stray}, but no answer"
            hint = f"Answer {', '.join(question.answers)}."
            sheet.report(row.line, "answer-missing", text, hint=hint, column="answer")
        return
    allowed = (*question.answers, draft.tool.not_reached)
    options = [option for option in draft.tool.answers if option.id in allowed]
    answer = _option(row["answer"], options)
    if not answer:
        text = f"{question.id}: {row['answer']!r} cannot be answered here"
        hint = f"Allowed are {', '.join(f'{option.id} ({option.label})' for option in options)}."
        sheet.report(row.line, "answer-not-allowed", text, hint=hint, column="answer")
    elif _once(row, question.id, draft, sheet):
        new = SignallingAnswer(question.id, answer, row["support"], row["quote"], row["locator"])
        draft.appraisal = replace(draft.appraisal, answers=(*draft.appraisal.answers, new))


def _level(row: _Row, domain: str, draft: _Draft, sheet: _Sheet) -> None:
    stray = _stray(row, _ANSWER_COLUMNS)
    if stray:
        text = f"{domain} takes a level, but {stray} is filled in: {row[stray]!r}"
        sheet.report(row.line, "not-for-levels", text, hint="Write the level under “level”, why under “reason”.",
                     column=stray)  # fmt: skip
    if not _stray(row, _LEVEL_COLUMNS):
        return
    options = draft.tool.overall_levels if domain == OVERALL else draft.tool.levels
    level = _option(row["level"], options)
    if row["level"] and not level:
        text = f"{domain}: {row['level']!r} is no level of {draft.tool.name}"
        hint = f"Its levels are {', '.join(option.label for option in options)}."
        sheet.report(row.line, "unknown-level", text, hint=hint, column="level")
    elif _once(row, domain, draft, sheet):
        new = Judgement(domain, level, reason=row["reason"], direction=row["direction"])
        draft.appraisal = replace(draft.appraisal, judgements=(*draft.appraisal.judgements, new))


def _stray(row: _Row, columns: Iterable[str]) -> str:
    """Return the first of the columns that holds anything in this row."""
    return next((column for column in columns if row[column]), "")


def _once(row: _Row, item: str, draft: _Draft, sheet: _Sheet) -> bool:
    """Tell whether this is the first row of an item, and report it if not."""
    first = draft.lines.setdefault(item, row.line)
    if first == row.line:
        return True
    text = f"{item} was filled in for {row['study']} on line {first} already"
    sheet.report(row.line, "named-twice", text, hint="Keep one of the two.", column="item")
    return False


def _option(text: str, options: Iterable[Level | AnswerOption]) -> str:
    """Return the id of the option that a cell names by id, label or another accepted word; empty for none."""
    wanted = " ".join(text.lower().replace("_", " ").split())
    for option in options:
        if wanted in {option.id.lower(), option.id.lower().replace("-", " "), option.label.lower(), *option.also}:
            return option.id
    return ""
