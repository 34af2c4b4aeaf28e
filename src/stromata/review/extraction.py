"""Extraction by people, each for themselves: forms, comparison, settlement; and suggestions by programs, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from stromata import extraction
from stromata.errors import Conflict, InvalidInput, NotAllowed, NotFound
from stromata.model import (
    Answer,
    Extraction,
    ExtractionSettled,
    ExtractionWithdrawn,
    FieldAgreement,
    Problem,
    ReviewProtocol,
    Settlement,
    StudiesLoaded,
    StudyExtracted,
    StudyTables,
    Suggestion,
    SuggestionJudged,
    SuggestionRun,
    SuggestionsMade,
    faults,
)
from stromata.review.project import Project
from stromata.review.rules import require, require_reason
from stromata.store import Snapshot

ExtractionState = Literal["open", "differing", "agreed", "loaded"]


@dataclass(frozen=True, slots=True)
class StudyExtraction:
    """How far the extraction of one study is.

    Attributes
    ----------
    state : ``open`` while extractors are missing; ``differing`` while differences wait for the adjudicator; ``agreed``;
        ``loaded`` once its rows are among the studies.
    differences : how many fields still wait; None while the extraction is open, because they are sealed.
    """

    study: str
    extractors: tuple[str, ...]
    state: ExtractionState
    differences: int | None


def extraction_form(
    project: Project,
    study: str,
    *,
    arms: Sequence[str] = (),
    outcomes: Sequence[str] = (),
    suggestions: str = "",
) -> str:
    """Return an empty extraction form for a study as CSV text.

    Parameters
    ----------
    arms, outcomes : ids that all extractors use, so that their answers can be set side by side.
    suggestions : id of a kept run of suggestions to show in it; none by default.

    Raises
    ------
    NotFound
        There is no such run.
    """
    with project.store.snapshot(project.id) as view:
        shown: Iterable[tuple[str, Suggestion]] = ()
        if suggestions:
            run = _run(view, suggestions)
            shown = ((f"{run.id[:12]}:{number}", item) for number, item in enumerate(run.suggestions))
        return extraction.write_form(study, protocol=view.protocol(), arms=arms, outcomes=outcomes, suggestions=shown)


def load_extraction(
    project: Project, path: Path, *, strict: bool = True
) -> tuple[tuple[Extraction, ...], tuple[Problem, ...]]:
    """Keep the actor's filled-in forms, one event per study.

    Parameters
    ----------
    strict : keep nothing while a row is bad; else keep the good rows.

    Raises
    ------
    NotAllowed
        The actor is no extractor, or all extractors of the study are in: then only an adjudicator can change anything.
    """
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "extract")
        protocol = tx.protocol()
        found, problems = extraction.read_form(path, extractor=project.actor, protocol=protocol)
        if strict and faults(problems):
            return found, problems
        kept = []
        for item in found:
            wanting = _wanting(item, protocol)
            problems += wanting
            if wanting and strict:
                return found, problems
            _require_open(tx.extractions(item.study), protocol, item)
            if not wanting:
                kept.append(item)
        for item in kept:
            tx.append(StudyExtracted(extraction=item, salt=project.salt()))
    return tuple(kept), problems


def _wanting(mine: Extraction, protocol: ReviewProtocol) -> tuple[Problem, ...]:
    """Return what an extraction lacks to be one: half a form would open the other extractor's answers."""
    _, problems = extraction.study_tables(mine.study, mine.answers, protocol=protocol)
    return tuple(replace(item, line=0, text=f"{mine.study}: {item.text}") for item in problems)


def withdraw_extraction(project: Project, study: str, *, reason: str) -> None:
    """Take the actor's own extraction of a study back, as after a slip in the study's id; the log keeps it.

    Raises
    ------
    NotAllowed
        The actor is no extractor, or others' extractions of the study can be seen already.
    NotFound
        The actor has not extracted the study.
    InvalidInput
        No reason was given.
    """
    require_reason("taking an extraction back", reason)
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "extract")
        there = tx.extractions(study)
        if len(there) > 1:
            raise NotAllowed(f"{study!r} has been extracted by others too, and can be seen: nothing is taken back now")
        tx.append(ExtractionWithdrawn(study=study, extractor=project.actor, reason=reason))


def _require_open(there: tuple[Extraction, ...], protocol: ReviewProtocol, mine: Extraction) -> None:
    """Raise `NotAllowed` when `mine` would be one too many, or would follow on a look at another's."""
    names = ", ".join(item.extractor for item in there)
    known = mine.extractor in {item.extractor for item in there}
    if known and len(there) == 1:
        return
    if not known and len(there) >= protocol.extractors:
        raise NotAllowed(
            f"{mine.study!r} has been extracted by {names}; the protocol asks for {protocol.extractors}",
            hint="A change of the protocol can ask for more extractors.",
        )
    if known:
        raise NotAllowed(
            f"all extractions of {mine.study!r} are in ({names}) and can be seen; yours cannot be changed any more",
            hint="An adjudicator settles differences: stromata extract settle.",
        )


def extractions(project: Project) -> tuple[StudyExtraction, ...]:
    """Return how far the extraction of each study is, in the order in which extraction began."""
    with project.store.snapshot(project.id) as view:
        protocol, loaded = view.protocol(), {study.id for study in view.tables().studies}
        by_study = _by_study(view)
        return tuple(_standing(view, study, found, protocol, loaded) for study, found in by_study.items())


def compare_extractions(project: Project, study: str) -> tuple[tuple[str, ...], extraction.Merged]:
    """Return who extracted a study, and what their extractions come to: what is agreed or settled, and what differs.

    Raises
    ------
    NotAllowed
        Not all extractors are in: what the others wrote is sealed until then.
    NotFound
        Nobody has extracted the study.
    """
    with project.store.snapshot(project.id) as view:
        found = _complete(view, study)
        return tuple(item.extractor for item in found), extraction.merge(found, view.settlements(study))


def settle_extraction(
    project: Project, path: Path, *, strict: bool = True
) -> tuple[tuple[Settlement, ...], tuple[Problem, ...]]:
    """Settle differences from a CSV file with the columns of a form; ``note`` says why.

    Parameters
    ----------
    strict : settle nothing while a row is bad; else settle the good rows.

    Raises
    ------
    NotAllowed
        The actor is no adjudicator, or a study that the file names still waits for an extractor.
    """
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "settle extractions")
        found, problems = extraction.read_settlements(path, protocol=tx.protocol())
        if strict and faults(problems):
            return found, problems
        for study in dict.fromkeys(item.study for item in found):
            _complete(tx, study)
        if found:
            tx.append(ExtractionSettled(settlements=found))
    return found, problems


def finish_extraction(project: Project, study: str) -> tuple[StudyTables, tuple[Problem, ...]]:
    """Load what was agreed and settled for a study among the studies.

    Returns
    -------
    tuple
        The rows, and what is wrong with them; with problems nothing has been loaded.

    Raises
    ------
    NotAllowed
        The actor may not load studies, or an extractor is missing.
    Conflict
        Differences are still open.
    """
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "load studies")
        merged = extraction.merge(_complete(tx, study), tx.settlements(study))
        if merged.open:
            first = ", ".join(" ".join(filter(None, (d.level, d.subject, d.field))) for d in merged.open[:5])
            more = ", ..." if len(merged.open) > 5 else ""
            raise Conflict(
                f"{len(merged.open)} fields of {study!r} still differ: {first}{more}",
                hint="An adjudicator settles them: stromata extract compare, then stromata extract settle.",
            )
        tables, problems = extraction.study_tables(study, merged.answers, protocol=tx.protocol())
        if not problems:
            tx.append(StudiesLoaded(tables=tables))
    return tables, problems


def extraction_agreement(project: Project) -> tuple[FieldAgreement, ...]:
    """Return how far two extractors agreed per field, over the studies for which both are in."""
    with project.store.snapshot(project.id) as view:
        return field_agreement(view)


def field_agreement(view: Snapshot) -> tuple[FieldAgreement, ...]:
    """Return the agreement per field as of a snapshot."""
    protocol = view.protocol()
    pairs = [(found[0], found[1]) for found in _by_study(view).values() if len(found) == 2]
    return extraction.agreement(pairs, protocol=protocol) if protocol.extractors == 2 else ()


def custom_answers(view: Snapshot) -> tuple[tuple[str, Answer], ...]:
    """Return (study, answer) for the fields that only this review's form has, of all loaded studies."""
    protocol, loaded = view.protocol(), {study.id for study in view.tables().studies}
    found = []
    for study, given in _by_study(view).items():
        if study in loaded and len(given) >= protocol.extractors:
            merged = extraction.merge(given[:2], view.settlements(study))
            found += [(study, item) for item in extraction.own_answers(merged.answers)]
    return tuple(found)


# -- suggestions ---------------------------------------------------------------------------------------------------


def keep_suggestions(project: Project, run: SuggestionRun) -> None:
    """Keep what a program proposed, so that a form can show it and the report can count it.

    The study that a run is about is said once: what people make of the suggestions is sealed with that study.

    Raises
    ------
    NotAllowed
        The actor is no extractor.
    Conflict
        The same run is kept already, about another study.
    """
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "extract")
        there = next((item for item in tx.suggestion_runs() if item.id == run.id), None)
        if there is not None and there.about and run.about not in {"", there.about}:
            raise Conflict(f"these suggestions are kept already, about {there.about!r}")
        if there is None or (run.about and not there.about):
            tx.append(SuggestionsMade(run=run))


def suggestion_runs(project: Project) -> tuple[SuggestionRun, ...]:
    """Return what programs proposed, in the order in which it was kept."""
    with project.store.snapshot(project.id) as view:
        return view.suggestion_runs()


def judge_suggestion(
    project: Project,
    suggestion: str,
    verdict: Literal["accepted", "amended", "rejected"],
    *,
    value: str = "",
    note: str = "",
) -> None:
    """Record what the actor makes of one suggestion, named ``run:number`` as forms print it.

    A form that names the suggestion beside its answer says the same, and need not be repeated here.

    Raises
    ------
    NotAllowed
        The actor is no extractor.
    NotFound
        There is no such suggestion.
    InvalidInput
        An amended suggestion without its new value; a run that is about no study, where two people extract.
    """
    if verdict not in get_args(Literal["accepted", "amended", "rejected"]):
        raise InvalidInput(f"verdict is {verdict!r}; allowed: accepted, amended, rejected")
    if (verdict == "amended") != bool(value):
        raise InvalidInput(f"the verdict is {verdict} and the value {value!r}", hint="A value goes with 'amended'.")
    name, _, number = suggestion.rpartition(":")
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "extract")
        run = _run(tx, name)
        chosen = _number(number, run)
        if chosen is None:
            raise NotFound(f"run {name!r} has no suggestion {number[:20]!r}; it has {len(run.suggestions)}, from 0")
        if not run.about and tx.protocol().extractors > 1:
            raise InvalidInput(
                "nobody has said which study these suggestions are about, so what you make of them could not be sealed",
                hint="Keep them again: stromata suggest TEXT --keep --about STUDY.",
            )
        tx.append(
            SuggestionJudged(run=run.id, number=chosen, verdict=verdict, value=value, note=note, salt=project.salt())
        )


def _number(text: str, run: SuggestionRun) -> int | None:
    """Return the number of a suggestion of the run, None when it has none of that number."""
    return next((number for number in range(len(run.suggestions)) if str(number) == text), None)


def automation_ledger(view: Snapshot) -> tuple[tuple[str, str, int, Counter[str]], ...]:
    """Return (program, version, suggestions made, how many were accepted, amended, rejected) over the whole review.

    A suggestion counts once, by what a person said of it, else by the answers that name it. What is sealed does not
    count yet.
    """
    runs = view.suggestion_runs()
    finished = finished_extractions(view)
    sealed = {run.id for run in runs if run.about and run.about not in finished}
    outcome: dict[tuple[str, int], str] = {}
    for item in view.extractions():
        for answer in item.answers if item.study in finished else ():
            name, _, text = answer.suggestion.rpartition(":")
            run = next((run for run in runs if name and run.id.startswith(name)), None)
            number = _number(text, run) if run else None
            if run is not None and number is not None:
                same = run.suggestions[number].value == answer.value
                outcome.setdefault((run.id, number), "accepted" if same else "amended")
    outcome |= {(item.run, item.number): item.verdict for item in view.suggestion_verdicts() if item.run not in sealed}
    made: dict[tuple[str, str], int] = {}
    judged: dict[tuple[str, str], Counter[str]] = {}
    for run in runs:
        program = (run.extractor, run.version)
        made[program] = made.get(program, 0) + len(run.suggestions)
        counts = judged.setdefault(program, Counter())
        counts.update(outcome[run.id, number] for number in range(len(run.suggestions)) if (run.id, number) in outcome)
    return tuple((*program, n, judged[program]) for program, n in made.items())


# -- what the above rest on ----------------------------------------------------------------------------------------


def finished_extractions(view: Snapshot) -> frozenset[str]:
    """Return the studies that wait for no extractor: what others wrote of the rest is sealed."""
    wanted = view.protocol().extractors
    return frozenset(study for study, found in _by_study(view).items() if len(found) >= wanted)


def _by_study(view: Snapshot) -> dict[str, list[Extraction]]:
    found: dict[str, list[Extraction]] = {}
    for item in view.extractions():
        found.setdefault(item.study, []).append(item)
    return found


def _standing(
    view: Snapshot, study: str, found: list[Extraction], protocol: ReviewProtocol, loaded: set[str]
) -> StudyExtraction:
    names = tuple(item.extractor for item in found)
    if len(found) < protocol.extractors:
        return StudyExtraction(study, names, "open", None)
    waiting = len(extraction.merge(found[:2], view.settlements(study)).open)
    state: ExtractionState = "differing" if waiting else "loaded" if study in loaded else "agreed"
    return StudyExtraction(study, names, state, waiting)


def _complete(view: Snapshot, study: str) -> tuple[Extraction, ...]:
    """Return the extractions of a study once all are in."""
    found, wanted = view.extractions(study), view.protocol().extractors
    if not found:
        raise NotFound(f"nobody has extracted {study!r}", hint="`stromata extract` lists what was extracted.")
    if len(found) < wanted:
        names = ", ".join(item.extractor for item in found)
        raise NotAllowed(
            f"{study!r} has been extracted by {names} alone; the protocol asks for {wanted}, each for themselves",
            hint="Until then their answers are sealed.",
        )
    return found[:2]


def _run(view: Snapshot, name: str) -> SuggestionRun:
    matches = [run for run in view.suggestion_runs() if name and run.id.startswith(name)]
    if len(matches) != 1:
        there = ", ".join(run.id[:12] for run in view.suggestion_runs()) or "none"
        raise NotFound(f"there is no run of suggestions {name!r}; there are: {there}")
    return matches[0]
