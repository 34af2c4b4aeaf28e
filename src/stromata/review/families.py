"""Which references describe one study, and which studies share patients: proposed by rules, said by people."""

from __future__ import annotations

from stromata import dedupe, extraction
from stromata.errors import InvalidInput
from stromata.model import CohortMarked, StudyLinked, StudyUnlinked
from stromata.review.project import Project
from stromata.review.references import combined, resolve_key
from stromata.review.rules import require, require_reason


def propose_families(
    project: Project,
) -> tuple[tuple[extraction.LinkProposal, ...], tuple[extraction.OverlapProposal, ...]]:
    """Return which references may describe one study, and which studies may share patients, each with its reason.

    Nothing is linked or marked by this: `link_study` and `mark_cohort` do so, for a person.
    """
    with project.store.snapshot(project.id) as view:
        references, tables = tuple(combined(view)), view.tables()
    kin = dedupe.find_duplicates((item.id, item.merged) for item in references).relatives
    related = [(one.left, one.right, one.relation) for one in kin]
    return (
        extraction.propose_links(references, tables.studies, related=related),
        extraction.propose_overlaps(tables.studies, tables.arms, references),
    )


def link_study(project: Project, study: str, reference: str, *, reason: str) -> None:
    """Say that a reference describes a study. Loading the study anew does not take it back.

    Parameters
    ----------
    reference : DOI, PMID, registry id, title or id of a reference of the review.

    Raises
    ------
    NotAllowed
        The actor is neither lead nor extractor.
    NotFound
        There is no such study or reference.
    InvalidInput
        No reason was given.
    """
    require_reason("what is said of studies by hand", reason)
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "link studies")
        resolve_key(tx, reference)
        tx.append(StudyLinked(study=study, key=reference, reason=reason))


def unlink_study(project: Project, study: str, reference: str, *, reason: str) -> None:
    """Take back that a reference describes a study; `reference` is the key as the study's links show it.

    Raises
    ------
    NotAllowed, NotFound, InvalidInput
        As `link_study`; also when the study has no such link.
    """
    require_reason("what is said of studies by hand", reason)
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "link studies")
        links = next((item.links for item in tx.tables().studies if item.id == study), ())
        if links and reference not in {link.key for link in links}:
            there = ", ".join(link.key for link in links)
            raise InvalidInput(f"study {study!r} is not linked to {reference!r}; its links are: {there}")
        tx.append(StudyUnlinked(study=study, key=reference, reason=reason))


def mark_cohort(project: Project, cohort: str, studies: tuple[str, ...], *, reason: str) -> None:
    """Say that studies may share patients, so that only one of them enters a pool; an empty `cohort` takes it back.

    Raises
    ------
    NotAllowed
        The actor is neither lead nor extractor.
    NotFound
        There is no such study.
    InvalidInput
        No reason was given, or no study.
    """
    require_reason("what is said of studies by hand", reason)
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "link studies")
        tx.append(CohortMarked(cohort=cohort, studies=studies, reason=reason))
