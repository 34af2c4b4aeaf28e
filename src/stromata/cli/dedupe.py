"""Commands about duplicates: in a review, and from files to files without one."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, cast

import typer
from typer.core import TyperGroup

from stromata.cli.app import RECORDS, Json, app, opened
from stromata.cli.convert import check_outputs, end, is_text, parts_of, read_all, told
from stromata.cli.files import LEFT_OUT, read_rows
from stromata.cli.output import STDOUT, bar, emit, open_output, say, show_problems, table, tell, write_file
from stromata.errors import InvalidInput, NotFound, StromataError
from stromata.sheets import guarded, unguarded

if TYPE_CHECKING:
    from stromata.dedupe import Findings, Question
    from stromata.engine import EngineName
    from stromata.formats import Account
    from stromata.model import Record
    from stromata.progress import Progress

_FILES = "files"
_STDIN = frozenset((STDOUT, "/dev/stdin", "/dev/fd/0"))
_SHOWN = 5
"""Ids that a remark names."""

_ASK_COLUMNS = ("left", "right", "answer", "for", "against", "rule", "score")
_LATER = "Write --clusters, and merge by them; or give all files again, which takes longer."
_SAME = frozenset(("same", "yes", "y", "1", "duplicate", "相同"))
_DIFFERENT = frozenset(("different", "no", "n", "0", "不同"))


class FilesOrCommand(TyperGroup):
    """``dedupe a.ris b.ris`` names files, ``dedupe merge A B`` a command: what is no command's name is a file's."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Typer keeps the type to itself
        """Put the command for files before arguments that begin with none."""
        words = [arg for before, arg in zip(("", *args), args, strict=False) if before != "--ask"]
        first = next((word for word in words if not word.startswith("-") or word == "-"), None)
        if first is not None and first not in self.commands:
            args = [_FILES, *args]
        return super().parse_args(ctx, args)


dedupe_app = typer.Typer(cls=FilesOrCommand, invoke_without_command=True)
app.add_typer(dedupe_app, name="dedupe", rich_help_panel=RECORDS)


@dedupe_app.callback()
def dedupe(
    context: typer.Context,
    ask: Annotated[str, typer.Option("--ask", help="File to write the questions for a person to (CSV).")] = "",
    anew: Annotated[bool, typer.Option("--all", help="Compare all anew, not only what is new.")] = False,
    as_json: Json = False,
) -> None:
    """Find duplicates and merge them, reversibly; with files (dedupe IN... -o OUT), without a review.

    What is doubtful is not merged but asked: `dedupe answer` takes the answers.
    """
    if context.invoked_subcommand:
        return
    from stromata import review

    with opened(context) as project, bar("Comparing") as progress:
        found = review.find_duplicates(project, anew=anew, progress=progress)
    if ask:
        write_file(ask, _questions(found.questions))
    if as_json:
        emit(found)
        return
    say(f"{sum(len(merge.merged) for merge in found.merges)} references merged into {len(found.merges)}.")
    if found.questions:
        table(
            "A person should look at these pairs",
            ("left", "right", "for", "against"),
            [(q.left, q.right, q.evidence, q.against) for q in found.questions],
        )
    if found.relatives:
        table(
            "Different works that belong together",
            ("left", "right", "relation"),
            [(kin.left, kin.right, kin.relation) for kin in found.relatives],
        )


@dedupe_app.command(_FILES, hidden=True)
def dedupe_files(
    files: Annotated[list[str], typer.Argument(metavar="IN...", help="Exports, tables and archives; - is stdin.")],
    output: Annotated[str, typer.Option("-o", "--output", help="File to write the unique references to.")] = "",
    to: Annotated[str, typer.Option("--to", help="Its format; told by the ending of its name unless given.")] = "",
    clusters: Annotated[str, typer.Option(help="File to write each record's cluster to (CSV).")] = "",
    ask: Annotated[str, typer.Option(help="File to write the questions for a person to (CSV).")] = "",
    related: Annotated[str, typer.Option(help="File to write works of one family to (CSV).")] = "",
    answers: Annotated[str, typer.Option(help="A file of --ask with the column 'answer' filled in.")] = "",
    against: Annotated[
        Path | None,
        typer.Option(help="File of an earlier --keep: only what is new is compared."),
    ] = None,
    keep: Annotated[Path | None, typer.Option(help="File to keep what was found in, for --against (Parquet).")] = None,
    engine: Annotated[str, typer.Option(help="duckdb, or spark for more than one machine.")] = "duckdb",
    master: Annotated[str, typer.Option(help="Address of the Spark cluster.")] = "local[*]",
    memory: Annotated[int, typer.Option(help="Megabytes that the engine may take.")] = 4_096,
    folder: Annotated[Path | None, typer.Option(help="Where what does not fit into memory goes.")] = None,
    as_json: Json = False,
) -> None:
    """Find the duplicates in files and write each reference once, its fields combined."""
    from stromata import dedupe as stage
    from stromata.formats import write

    if against and output:
        raise InvalidInput("--against and --output were given: what was there before is not read again", hint=_LATER)
    check_outputs((output, clusters, ask, related, str(keep or "")), (*files, answers))
    form = to or _format_of(output)
    apart, settled = _answers(answers) if answers else (frozenset[frozenset[str]](), dict[str, str]())
    library = _Library(files)
    with (
        bar("Comparing") as progress,
        stage.searched(
            library.entries(progress), apart=apart, settled=settled, against=against,
            engine=cast("EngineName", engine), master=master, memory_mb=memory, folder=folder, progress=progress,
        ) as found,
    ):  # fmt: skip
        library.check_read()
        if output:
            with open_output(output, text=is_text(form)) as stream:
                pairs = ((record, cluster) for record, cluster, _ in found.clusters())
                write(stage.unique(library.again(), pairs), form, stream)
        _write_tables(found, clusters, ask, related)
        if keep:
            with open_output(keep, text=False) as stream:
                found.keep(stream)
        _tell_files(library, found, output, as_json=as_json, aside=STDOUT in {output, clusters, ask, related})
    unknown = set() if against else {id_ for pair in apart for id_ in pair}.union(settled, settled.values())
    unknown -= library.ids.keys()
    if unknown:
        _tell_unknown(answers, unknown)
    end(library.accounts, library.failed)
    if unknown:
        raise typer.Exit(LEFT_OUT)


def _write_tables(found: Findings, clusters: str, ask: str, related: str) -> None:
    """Write those of the tables that were asked for."""
    kin = ((one.left, one.right, one.relation) for one in found.relatives())
    for target, columns, rows in (
        (clusters, ("record_id", "cluster_id", "decided_by"), found.clusters()),
        (ask, _ASK_COLUMNS, map(_question_row, found.asked())),
        (related, ("left", "right", "relation"), kin),
    ):
        if target:
            with open_output(target) as stream:
                _write_rows(stream, columns, rows)


def _tell_unknown(answers: str, ids: set[str]) -> None:
    shown = ", ".join(sorted(ids)[:_SHOWN]) + (", ..." if len(ids) > _SHOWN else "")
    tell(f"{answers}: no record has the id {shown}.")
    tell("  Those answers were left out. Give the same files as when the questions were asked.")


class _Library:
    """The records of several files, each under an id of its own, to be gone through twice.

    Attributes
    ----------
    ids : of all records that were gone through, each with how often it was met.
    """

    def __init__(self, files: list[str]) -> None:
        if sum(file in _STDIN for file in files) > 1:
            raise InvalidInput("standard input was given twice", hint="It can be read only once: name it once.")
        self.accounts: list[Account] = []
        self.failed: list[StromataError] = []
        self.ids: dict[str, int] = {}
        self.parts = parts_of(files, self.failed)

    def entries(self, progress: Progress) -> Iterator[tuple[str, Record]]:
        """Yield (id, record); what the files hold is accounted for on the way."""
        return _named(read_all(self.parts, self.accounts, self.failed, progress), self.ids)

    def again(self) -> Iterator[tuple[str, Record]]:
        """Yield the same once more."""
        from stromata.progress import silent

        return _named(read_all(self.parts, [], [], silent), {})

    def check_read(self) -> None:
        """Raise the first error when nothing was read at all."""
        if self.failed and not any(account.records for account in self.accounts):
            raise self.failed[0]


def _named(records: Iterable[Record], seen: dict[str, int]) -> Iterator[tuple[str, Record]]:
    """Yield each record with an id of its own: that of its row in a table, or else its place in its file.

    Parameters
    ----------
    seen : is filled with the ids, and how often each was met: in two files that number their rows alike, or in two
        copies of one file. Later ones get a number more.
    """
    for record in records:
        wanted = _own_id(record) or record.id
        id_ = wanted
        if wanted in seen:
            seen[wanted] += 1
            id_ = record.id if record.id not in seen else f"{record.id}~{seen[wanted]}"
            while id_ in seen:  # a table may hold such an id
                id_ += "~"
        seen[id_] = 1
        yield id_, record


def _own_id(record: Record) -> str:
    """Return the id that a table gives a row."""
    return next((value for name, value in record.extra if name.casefold() in {"id", "record_id"}), "")


def _format_of(output: str) -> str:
    endings = {".bib": "bibtex", ".json": "csl-json", ".xml": "endnote-xml"}
    ending = Path(output).suffix.lower()
    return endings.get(ending, ending.removeprefix(".") or "ris")


def _tell_files(library: _Library, found: Findings, output: str, *, as_json: bool, aside: bool) -> None:
    """Write what was found to stdout, or aside to stderr where stdout holds a file."""
    counts = {
        "records": found.records,
        "references": found.records - found.merged,
        "duplicates": found.merged,
        "questions": found.questions,
    }
    for account in library.accounts:
        show_problems(account.file, account.problems)
    again = sum(library.ids.values()) - len(library.ids)
    if again:
        tell(f"{again} records have an id that an earlier one has; they are named by file and place instead.")
    if as_json and not aside:
        emit({**counts, "output": output, "files": library.accounts})
        return
    for account in library.accounts:
        tell(told(account))
    (tell if aside else say)(
        f"{counts['records']} records: {counts['references']} references, {counts['duplicates']} duplicates, "
        f"{counts['questions']} questions for a person."
    )


def _questions(questions: Iterable[Question]) -> str:
    out = io.BytesIO()
    _write_rows(out, _ASK_COLUMNS, map(_question_row, questions))
    return out.getvalue().decode()


def _question_row(question: Question) -> tuple[str, ...]:
    score = f"{question.score:.2f}"
    return question.left, question.right, "", question.evidence, question.against, question.rule, score


def _write_rows(stream: BinaryIO, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    text.flush()
    text.detach()


def _answers(file: str) -> tuple[frozenset[frozenset[str]], dict[str, str]]:
    """Return the pairs that a person has said are different, and for each id that is another's, the first such one.

    Raises
    ------
    InvalidInput
        Two ids are said to be different, and by way of others the same.
    """
    apart: set[frozenset[str]] = set()
    first: dict[str, str] = {}
    for left, right, same in _answered(file):
        if same:
            root, other = _root(first, left), _root(first, right)
            if root != other:
                first[other] = root
        elif left != right:
            apart.add(frozenset((left, right)))
    for one, other in sorted(map(sorted, apart)):
        if _root(first, one) == _root(first, other):
            raise InvalidInput(
                f"{file}: {one} and {other} are said to be different, and by way of other answers the same",
                hint="Take one of these answers out.",
            )
    return frozenset(apart), {id_: _root(first, id_) for id_ in first}


def _root(first: dict[str, str], id_: str) -> str:
    while id_ in first:
        id_ = first[id_]
    return id_


def _answered(file: str) -> Iterator[tuple[str, str, bool]]:
    """Yield (left, right, whether they are the same) of the rows that are answered."""
    lines, rows, problems = read_rows(file)
    missing = [name for name in ("left", "right", "answer") if rows and name not in rows[0]]
    if missing or problems:
        said = f"there is no column {missing[0]!r}" if missing else f"line {problems[0].line}: {problems[0].text}"
        raise InvalidInput(f"{file}: {said}", hint="Fill in the column 'answer' of a file that --ask has written.")
    for line, row in zip(lines, rows, strict=True):
        answer = row["answer"].strip().casefold()
        if answer and answer not in _SAME | _DIFFERENT:
            raise InvalidInput(
                f"{file}, line {line}: the answer is {row['answer']!r}; allowed: same, different or empty"
            )
        if answer:
            yield unguarded(row["left"].strip()), unguarded(row["right"].strip()), answer in _SAME


@dedupe_app.command("answer")
def dedupe_answer(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="File of --ask with the column 'answer' filled in; - is stdin.")],
    reason: Annotated[str, typer.Option(help="By what the pairs were judged.")] = "looked at by a person",
    as_json: Json = False,
) -> None:
    """Merge, or keep apart for good, the pairs that a person has looked at."""
    from stromata import review

    answers = list(_answered(file))
    with opened(context) as project:
        merged, kept = review.answer_questions(project, answers, reason=reason)
    if as_json:
        emit({"merged": merged, "kept_apart": kept})
    else:
        say(f"{merged} pairs merged, {kept} kept apart.")


@dedupe_app.command("explain")
def dedupe_explain(
    context: typer.Context,
    one: Annotated[str, typer.Argument(help="A reference: id, DOI, PMID, registry id or title.")],
    other: Annotated[str, typer.Argument(help="The other.")],
    files: Annotated[
        list[str] | None, typer.Option("--in", help="Files to find them in, instead of the review.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what speaks for and against two references being one publication, in a sentence each."""
    from stromata import dedupe as stage
    from stromata import review

    if files:
        pair = _found_in(files, one), _found_in(files, other)
        explained = stage.explain(*pair)
    else:
        with opened(context) as project:
            explained = review.explain_pair(project, one, other)
    if as_json:
        emit(explained)
        return
    say(explained.conclusion)
    for heading, sentences in (("For", explained.evidence), ("Against", explained.against)):
        for sentence in sentences:
            say(f"{heading}: {sentence}")


def _found_in(files: list[str], key: str) -> Record:
    from stromata.progress import silent

    folded = key.casefold().strip()
    for id_, record in _Library(files).entries(silent):
        if folded in {id_.casefold(), record.id, record.doi, record.pmid, record.title.casefold()}:
            return record
    raise NotFound(f"no record of {', '.join(files)} has the key {key!r}", hint="Give its id, DOI, PMID or title.")


@dedupe_app.command("evaluate")
def dedupe_evaluate(
    clusters: Annotated[str, typer.Argument(help="CSV of --clusters: record_id, cluster_id.")],
    truth: Annotated[str, typer.Option("--truth", help="CSV with the same records and their true cluster_id.")],
    as_json: Json = False,
) -> None:
    """Measure clusters against a truth: precision, recall, F1, specificity; false merges and missed ones by name."""
    from stromata.dedupe.evaluate import evaluate

    found = evaluate(_clusters_of(clusters), _clusters_of(truth))
    shares = {name: getattr(found, name) for name in ("precision", "recall", "f1", "specificity")}
    if as_json:
        emit({
            **shares, "records": found.records, "works": found.works, "duplicates": found.duplicates,
            "found": found.found, "missed": found.missed, "references_lost": found.references_lost,
            "false_merges": found.false_merges, "missed_works": found.missed_works,
        })  # fmt: skip
        return
    say(f"{found.records} records, {found.works} works, {found.duplicates} duplicates.")
    say(", ".join(f"{name} {value:.4f}" for name, value in shares.items()))
    say(f"{found.found} duplicates found, {found.missed} missed, {found.references_lost} references lost.")
    for title, groups in (("False merges", found.false_merges), ("Missed", found.missed_works)):
        if groups:
            table(title, ("records",), [(", ".join(group),) for group in groups])


def _clusters_of(file: str) -> dict[str, str]:
    """Return record -> cluster of a table."""
    lines, rows, problems = read_rows(file)
    names = {name.strip().casefold(): name for name in rows[0]} if rows else {}
    record = next((names[name] for name in ("record_id", "id", "record") if name in names), None)
    cluster = next((names[name] for name in ("cluster_id", "cluster", "work") if name in names), None)
    if record is None or cluster is None or problems:
        said = f"line {problems[0].line}: {problems[0].text}" if problems else f"its columns are {', '.join(names)}"
        raise InvalidInput(f"{file}: {said}", hint="Needed are the columns record_id and cluster_id.")
    found: dict[str, str] = {}
    for line, row in zip(lines, rows, strict=True):
        id_ = unguarded(row[record].strip())
        if id_ in found:
            raise InvalidInput(f"{file}, line {line}: the record {id_!r} stands in it twice")
        found[id_] = unguarded(row[cluster].strip())
    return found


@dedupe_app.command("merge")
def dedupe_merge(
    context: typer.Context,
    into: Annotated[str, typer.Argument(help="The reference that stays: id, DOI, PMID, registry id or title.")],
    others: Annotated[list[str], typer.Argument(metavar="OTHER...", help="The references that become part of it.")],
    reason: Annotated[str, typer.Option(help="Why they are the same.")],
    as_json: Json = False,
) -> None:
    """Merge references by hand."""
    from stromata import review

    with opened(context) as project:
        review.merge(project, into, tuple(others), reason=reason)
        found = review.reference(project, into)
    if as_json:
        emit(found)
    else:
        say(f"{found.id} now holds {len(found.records)} records.")


@dedupe_app.command("apart")
def dedupe_apart(
    context: typer.Context,
    one: Annotated[str, typer.Argument(help="A reference: id, DOI, PMID, registry id or title.")],
    other: Annotated[str, typer.Argument(help="The other.")],
    reason: Annotated[str, typer.Option(help="Why they differ.")],
    as_json: Json = False,
) -> None:
    """Say that two references are different: they are never merged, or asked about, again."""
    from stromata import review

    with opened(context) as project:
        review.keep_apart(project, one, other, reason=reason)
    if as_json:
        emit({"kept_apart": [one, other]})
    else:
        say("They stay apart.")


@dedupe_app.command("split")
def dedupe_split(
    context: typer.Context,
    reference: Annotated[str, typer.Argument(help="The reference: id, DOI, PMID, registry id or title.")],
    records: Annotated[list[str], typer.Argument(metavar="RECORD...", help="Ids of the records to take out.")],
    reason: Annotated[str, typer.Option(help="Why they differ.")],
    as_json: Json = False,
) -> None:
    """Take records out of a reference; they are never merged with it again by themselves."""
    from stromata import review

    with opened(context) as project:
        review.split(project, reference, tuple(records), reason=reason)
    if as_json:
        emit({"split": records})
    else:
        say(f"{len(records)} records taken out.")
