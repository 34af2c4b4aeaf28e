"""Practice standards in a review: the team's own ones, included studies and records held against them."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from stromata import disk, reporting, standards
from stromata.errors import Conflict, InvalidInput, NotFound, StoreError
from stromata.model import (
    Check,
    CheckReport,
    Problem,
    RecordChecked,
    ReviewProtocol,
    Standard,
    StandardAdopted,
    Study,
    StudyTables,
    Subject,
)
from stromata.review.documents import decode_as_given
from stromata.review.extraction import custom_answers, finished_extractions
from stromata.review.project import Project
from stromata.review.rules import require
from stromata.review.synthesis import included_studies
from stromata.store import Snapshot

# -- the team's own standards --------------------------------------------------------------------------------------

_ID = re.compile(r"\w[\w.-]{0,99}")


def adopt_standard(project: Project, path: Path) -> tuple[StandardAdopted, bool]:
    """Adopt a practice standard of the team's own from its YAML file. It replaces the earlier version of the same id.

    Returns
    -------
    tuple
        What is adopted now, and whether this is new: the same content again writes nothing.

    Raises
    ------
    NotAllowed
        The actor is neither lead nor facilitator.
    NotFound, Unreadable, InvalidInput
        As for `stromata.standards.read_standard`; a change rests on a statement that this review does not have, or
        has taken out; the id belongs to a standard that ships with stromata, or cannot be typed in a command.
    Conflict
        It differs from the version adopted, and its own version is not higher.
    """
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "adopt standards")
        data = disk.content(path, failed=StoreError)
        there = {item.standard.id: item for item in tx.adopted_standards()}
        same = hashlib.sha256(data).hexdigest()
        known = next((item for item in there.values() if item.file[1] == same), None)
        if known is not None:
            return known, False
        found = standards.read_standard(data, statements=_current_statements(tx), name=path.name)
        _require_own_id(found.id, there)
        before = there.get(found.id)
        if before is not None and before.standard == found:
            return before, False
        if before is not None:
            _require_higher(found, before.standard)
        adopted = StandardAdopted(standard=found, file=(path.name, project.store.files.put(data)))
        tx.append(adopted)
    return adopted, True


def _current_statements(view: Snapshot) -> frozenset[str]:
    return frozenset(item.statement.id for item in view.statements() if not item.dropped)


def _require_own_id(name: str, there: Iterable[str]) -> None:
    if not _ID.fullmatch(name) or name.lower().endswith((".yaml", ".yml")):
        raise InvalidInput(
            f"the standard's id is {name[:40]!r}; allowed: 1 to 100 letters, digits, hyphens, points, underscores",
            hint="Such as our-unit.",
        )
    if name.lower() in {one.id for one in standards.standards()}:
        raise InvalidInput(
            f"{name!r} is the id of a standard that ships with stromata",
            hint="Give yours an id of its own, such as our-unit; extends says what it rests on.",
        )
    alike = next((other for other in there if other != name and other.lower() == name.lower()), None)
    if alike is not None:
        raise InvalidInput(f"{name!r} differs from {alike!r} in capitals alone", hint="Write the id as before.")


def _require_higher(found: Standard, before: Standard) -> None:
    if _numbers(found.version) > _numbers(before.version):
        return
    raise Conflict(
        f"{found.id} was adopted as version {before.version}; this file says {found.version} and holds something else",
        hint=f"Give it a higher version than {before.version}: versions are compared number by number.",
    )


def _numbers(version: str) -> list[tuple[int, str]]:
    """Return the numbers of a version so that they compare as numbers, however long; 1.10 follows 1.9."""
    found = [digits.lstrip("0") for digits in re.findall("[0-9]+", version)]
    while found and not found[-1]:
        found.pop()
    return [(len(digits), digits) for digits in found]


def adopted_standards(project: Project) -> tuple[StandardAdopted, ...]:
    """Return the team's own standards in their current versions, in the order in which they were first adopted."""
    with project.store.snapshot(project.id) as view:
        return view.adopted_standards()


def export_standard(project: Project, name: str) -> str:
    """Return the YAML of a standard as it was adopted.

    Raises
    ------
    NotFound
        The review has adopted no standard of this id.
    StoreError
        The file was altered since.
    """
    with project.store.snapshot(project.id) as view:
        found = _adopted(view, name)
    if found is None:
        ships = any(one.id == name.lower() for one in standards.standards())
        raise NotFound(
            f"this review has adopted no standard {name!r}",
            hint=f"{name} ships with stromata: `stromata standard show {name}`."
            if ships
            else "`stromata standard` lists.",
        )
    file, sha256 = found.file
    with project.store.files.open(sha256) as stream:
        data = stream.read()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise StoreError(f"the file of {name!r} was altered since it was adopted", hint="Copy it back from a backup.")
    return decode_as_given(data, file)


def find_standard(view: Snapshot, name: str) -> Standard:
    """Return the standard of this id: one that ships with stromata, or one that the review has adopted.

    Raises
    ------
    NotFound
        There is neither; the hint names those there are.
    """
    own = _adopted(view, name)
    if own is not None:
        return own.standard
    try:
        return standards.standard(name)
    except NotFound as error:
        there = ", ".join(item.standard.id for item in view.adopted_standards())
        hint = f"{error.hint} This review has adopted: {there}." if there else error.hint
        raise NotFound(error.message, hint=hint) from error


def _adopted(view: Snapshot, name: str) -> StandardAdopted | None:
    return next((item for item in view.adopted_standards() if item.standard.id.lower() == name.lower()), None)


def simulated_behind(view: Snapshot, standard: Standard) -> tuple[Problem, ...]:
    """Say which criteria of a standard were set by statements of a simulated panel; empty where none was.

    Nobody may take a rule that made-up votes have set for one that people agreed on.
    """
    panels = {plan.id: plan for plan in view.protocol().consensus if plan.simulated}
    of = {item.statement.id: panels.get(item.panel) for item in view.statements()}
    resting: dict[str, list[str]] = defaultdict(list)
    for criterion, statement in _resting(standard):
        plan = of.get(statement)
        if plan is not None:
            resting[plan.title or plan.id].append(criterion)
    return tuple(
        Problem(
            0,
            "panel-simulated",
            f"{standard.id} rests on a simulated panel ({title}), whose votes were made up to show how it works: "
            f"{', '.join(dict.fromkeys(names))}.",
            "Nobody should work by these criteria.",
        )
        for title, names in resting.items()
    )


def simulated_panels(project: Project, standard: Standard) -> tuple[Problem, ...]:
    """Say which criteria of a standard were set by statements of a simulated panel of this review."""
    with project.store.snapshot(project.id) as view:
        return simulated_behind(view, standard)


def team_standards(view: Snapshot, statements: Iterable[reporting.StatementView]) -> tuple[reporting.TeamStandard, ...]:
    """Return the team's own standards, with a flag wherever the statement that set a criterion no longer carries it.

    Parameters
    ----------
    statements : every statement of the review, with where it stands.
    """
    known = {item.kept.statement.id: item for item in statements}
    return tuple(
        reporting.TeamStandard(
            standard=item.standard,
            file=item.file,
            flags=tuple(
                (criterion, text)
                for criterion, statement in _resting(item.standard)
                for text in _doubts(statement, known.get(statement))
            ),
        )
        for item in view.adopted_standards()
    )


def _resting(standard: Standard) -> Iterator[tuple[str, str]]:
    """Yield (criterion, statement) for all that rests on a statement, what was taken out as well."""
    yield from ((one.id, one.statement) for one in standard.criteria if one.statement)
    yield from (
        (change.criterion, change.statement)
        for change in standard.changes
        if change.action == "drop" and change.statement
    )


def _doubts(name: str, found: reporting.StatementView | None) -> Iterator[str]:
    if found is None:
        yield f"It rests on statement {name}, which this review does not have."
    elif found.kept.dropped:
        yield f"It rests on statement {name}, which was taken out: {found.kept.dropped}"
    else:
        if found.state == "not-shown-stable":
            unstable = "which reached the threshold and was not shown to be stable"
            yield f"It rests on statement {name}, {unstable}: {found.standing}"
        elif found.state != "agreed":
            yield f"It rests on statement {name}, on which the panel has not agreed: {found.standing}"
        if found.votes_are_older:
            yield f"It rests on statement {name}, whose votes are about an earlier wording."
        yield from (f"It rests on statement {name}, which needs another look: {flag}" for flag in found.flags)


# -- records -------------------------------------------------------------------------------------------------------


def keep_check(
    project: Project,
    record: Path | bytes,
    standard: str = "cell-therapy",
    *,
    name: str = "",
    subject: Sequence[Subject] = (),
    row: int | None = None,
) -> tuple[RecordChecked, bool]:
    """Hold a record against a standard and keep what came of it, with the record itself by its hash.

    A check of the same name against the same standard takes the place of the earlier one; the log keeps both.

    Parameters
    ----------
    record : a file, or its bytes.
    standard : id of a standard that ships with stromata, or that the review has adopted.
    name : under which it is kept; by default the record's own number, else the name of its file. Where that name is
        taken by a check against another standard, the standard's id follows in brackets.
    subject, row : as for `stromata.standards.check` and `stromata.standards.read_record`.

    Returns
    -------
    tuple
        What is kept now, and whether this is new: the same record against the same version again writes nothing.

    Raises
    ------
    NotAllowed
        The actor is neither lead nor extractor.
    NotFound, Unreadable, InvalidInput
        There is no such record or standard, or the record cannot be read or has no name. Nothing is kept then.
    Conflict
        The name was given to the check of another record, or against another standard.
    """
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "keep checks")
        data = record if isinstance(record, bytes) else disk.content(record, failed=StoreError)
        read, problems = standards.read_record(data, row=row)
        chosen_standard = find_standard(tx, standard)
        report = standards.check(read, chosen_standard, subject=subject)
        report = replace(report, problems=(*simulated_behind(tx, chosen_standard), *problems, *report.problems))
        there = {item.name: item for item in tx.record_checks()}
        file = record.stem if isinstance(record, Path) else ""
        chosen = _given_name(name, report, there) if name else _own_name(report, file, row, there)
        before = there.get(chosen)
        if before is not None and before.report == report:
            return before, False
        kept = RecordChecked(name=chosen, report=report)
        tx.append(kept)
        project.store.files.put(data, check=True)
    return kept, True


def _given_name(name: str, report: CheckReport, there: Mapping[str, RecordChecked]) -> str:
    before = there.get(name)
    if before is not None and _is_another(before.report, report):
        of = f"record {before.report.record or 'without a number'} against {before.report.standard}"
        raise Conflict(f"{name!r} is the name of a check that is kept already: {of}", hint="Choose another name.")
    return name


def _own_name(report: CheckReport, file: str, row: int | None, there: Mapping[str, RecordChecked]) -> str:
    name = report.record or (f"{file}, row {row}" if file and row is not None else file)
    if not name.strip():
        raise InvalidInput("the record has no number of its own", hint="Say under which name it is kept: --name NAME.")
    before = there.get(name)
    return f"{name} ({report.standard})" if before is not None and _is_another(before.report, report) else name


def _is_another(before: CheckReport, report: CheckReport) -> bool:
    numbers = {before.record, report.record} - {""}
    return before.standard != report.standard or len(numbers) > 1


# -- studies -------------------------------------------------------------------------------------------------------


def check_studies(project: Project, standard: str = "", *, study: str = "") -> tuple[reporting.StudyChecks, ...]:
    """Hold the included studies against the reporting items of a standard.

    Parameters
    ----------
    standard : its id; by default each of those that the protocol names.
    study : id of the one study to be looked at; all included ones by default.

    Raises
    ------
    NotFound
        There is no such standard or study, or the protocol names no standard.
    InvalidInput
        The standard has no items about reports, or the study is not included.
    """
    with project.store.snapshot(project.id) as view:
        protocol, tables = view.protocol(), view.tables()
        included = included_studies(view)
        if study and study not in {item.id for item in tables.studies}:
            raise NotFound(f"there is no study {study!r} in this review", hint="`stromata studies` lists them.")
        if study and study not in included:
            raise InvalidInput(f"study {study!r} is not included", hint="No report of it was included at full text.")
        if not standard and not protocol.standards:
            raise NotFound(
                "the protocol names no standards",
                hint="Name one, such as doses, or list their ids in the protocol under standards.",
            )
        chosen = replace(protocol, standards=(standard,)) if standard else protocol
        wanted = {study} if study else set(included)
        kept = replace(tables, studies=tuple(item for item in tables.studies if item.id in wanted))
        return study_checks(view, chosen, kept)


def study_checks(view: Snapshot, protocol: ReviewProtocol, tables: StudyTables) -> tuple[reporting.StudyChecks, ...]:
    """Return, for each standard that a protocol names, the studies of `tables` held against its reporting items.

    Studies in animals are left out, with a note. Answers to the review's own fields of extraction count where such a
    field has the name of one that the standard asks for.

    Parameters
    ----------
    tables : of the included studies.

    Raises
    ------
    NotFound
        There is no standard of that name.
    InvalidInput
        It has no items about reports of studies.
    """
    chosen = [_with_items(find_standard(view, name)) for name in dict.fromkeys(protocol.standards)]
    if not chosen:
        return ()
    people = [item for item in tables.studies if item.design != "preclinical"]
    answers = _answers(view, protocol, {item.id for item in people})
    kinds = [item.id for item in protocol.outcomes]
    parts = {item.id: _part(tables, item.id) for item in people}
    records = {
        item.id: standards.study_record(
            item,
            parts[item.id].arms,
            outcomes=parts[item.id].outcomes,
            data_points=parts[item.id].data_points,
            answers=answers.get(item.id),
        )
        for item in people
    }
    found = []
    for standard in chosen:
        reports = tuple(
            standards.check_study(
                item,
                parts[item.id].arms,
                standard,
                outcomes=parts[item.id].outcomes,
                data_points=parts[item.id].data_points,
                answers=answers.get(item.id),
                outcome_kinds=kinds,
                record=records[item.id],
            )
            for item in people
        )
        found.append(_study_checks(standard, reports, people, len(tables.studies) - len(people)))
    return tuple(found)


def _with_items(standard: Standard) -> Standard:
    if not any(one.subject == "study-report" for one in standard.criteria):
        raise InvalidInput(
            f"the standard {standard.id} has no items about reports of studies",
            hint=f"It has criteria about: {', '.join(standard.subjects)}.",
        )
    return standard


def _part(tables: StudyTables, study: str) -> StudyTables:
    return StudyTables(
        arms=tuple(item for item in tables.arms if item.study == study),
        outcomes=tuple(item for item in tables.outcomes if item.study == study),
        data_points=tuple(item for item in tables.data_points if item.study == study),
    )


def _answers(view: Snapshot, protocol: ReviewProtocol, wanted: set[str]) -> dict[str, dict[str, str]]:
    """Return per study what the review's own form asked: the answers by field, empty where it found nothing.

    Several arms or outcomes may have answered one field. A study that was loaded from tables was not asked.
    """
    fields = {(item.level, item.id): item for item in protocol.form}
    said: dict[str, dict[str, dict[str, None]]] = {
        study: {item.id: {} for item in protocol.form} for study in finished_extractions(view) & wanted
    }
    for study, answer in custom_answers(view):
        field = fields.get((answer.level, answer.field))
        if field is not None and study in said and answer.value:
            number = field.kind in {"integer", "number"} and field.unit
            said[study][field.id][f"{answer.value} {field.unit}" if number else answer.value] = None
    return {study: {field: "; ".join(texts) for field, texts in found.items()} for study, found in said.items()}


def _study_checks(
    standard: Standard, reports: tuple[CheckReport, ...], people: Sequence[Study], animals: int
) -> reporting.StudyChecks:
    groups, member = standards.item_groups(standard)
    by_item: dict[str, list[Check]] = defaultdict(list)
    for report in reports:
        for check in report.results:
            by_item[check.criterion].append(check)
    unasked = {name: _share_not_looked_for(checks) for name, checks in by_item.items()}
    return reporting.StudyChecks(
        standard=standard,
        groups=groups,
        member=tuple(member.items()),
        reports=reports,
        notes=tuple(_notes(by_item, reports, people, animals, tuple(unasked.values()))),
        not_looked_for=tuple(name for name, share in unasked.items() if share),
    )


def _share_not_looked_for(checks: Sequence[Check]) -> float:
    """Return in which share of the studies without a value nobody looked for the item, 0 to 1."""
    silent = [one.note.endswith(standards.NOT_LOOKED_FOR) for one in checks if one.status == "not-reported"]
    return sum(silent) / len(silent) if silent else 0.0


def _notes(
    by_item: Mapping[str, Sequence[Check]],
    reports: Sequence[CheckReport],
    people: Sequence[Study],
    animals: int,
    unasked: Sequence[float],
) -> Iterator[str]:
    if animals:
        many = "study in animals was" if animals == 1 else "studies in animals were"
        yield f"{animals} {many} left out: these items are about studies in people."
    applies = [any(one.status != "not-applicable" for one in report.results) for report in reports]
    if not all(applies):
        yield f"The items apply to {sum(applies)} of {len(applies)} studies."
    open_at = [[one.column for one in report.problems if one.code == "guard-not-stated"] for report in reports]
    unknown = sum(map(bool, open_at))
    if unknown:
        names = ", ".join(dict.fromkeys(name for columns in open_at for name in columns))
        yield (
            f"Of {unknown} {'study' if unknown == 1 else 'studies'} it is not known whether some items apply, since "
            f"this was not extracted: {names}. Those items were left out there."
        )
    never, partly = sum(share == 1 for share in unasked), sum(0 < share < 1 for share in unasked)
    if never or partly:
        some = f"{never} of {len(by_item)} items" if never else f"In some studies {partly} of {len(by_item)} items"
        more = f" In some studies this holds for {partly} more." if never and partly else ""
        yield f"{some} were not looked for by the extraction: the reports may state them and are not blamed.{more}"
    bare = [name for name, checks in by_item.items() if any(one.criterion_status == "unsourced" for one in checks)]
    if bare:
        yield f"No source was found for {', '.join(bare)}: shown as unsourced, held against nothing."
    read = sum(item.evidence.level == "article" for item in people)
    if read < len(people):
        yield (
            f"{read} of {len(people)} studies are known to have been read in their article. Of the others an abstract, "
            "a register or another's table was seen: what is not reported here may stand in the article."
        )
