"""What a record is called by those who cite it, and what it cites, as far as its source tells."""

from __future__ import annotations

import json
import re

from stromata.model import Record
from stromata.model.identifiers import normal_doi

_LISTS = frozenset(
    ("cr", "references", "reference", "referenced_works", "referencelist", "cited-references", "cited references")
)
"""Tags under which sources keep the list of cited works, in lower case."""

_DOI = re.compile(r"\b10\.\d{4,9}/[^\s|;,\"<>]+")
_PMID = re.compile(r"\bPMID:?\s*(\d{1,9})\b", re.IGNORECASE)
_PMCID = re.compile(r"\bPMC0*([1-9]\d{1,8})\b", re.IGNORECASE)
_OPENALEX = re.compile(r"\bW\d{4,}\b")
_LENS = re.compile(r"\b\d{3}-\d{3}-\d{3}-\d{3}-\d{2}[\dX]\b")
_LISTED = re.compile(r"^\s*(?:cited )?references\s*:", re.IGNORECASE)


def names_of(record: Record) -> tuple[str, ...]:
    """Return the ids under which others may cite a record, as in `Document.names`."""
    found = {f"doi:{record.doi.casefold()}"} if record.doi else set()
    found |= {f"pmid:{record.pmid}"} if record.pmid else set()
    found |= {f"pmcid:{one}" for one in _PMCID.findall(record.pmcid)}
    return tuple(sorted(found | _catalogued(record.accession)))


def cited_by(record: Record) -> tuple[str, ...]:
    """Return the ids of the works that a record cites, as far as its source tells them, as in `Document.cites`.

    Read are the lists of Web of Science, Scopus, PubMed, Europe PMC, OpenAlex, Crossref, Lens and of others that tag
    them likewise: the DOIs, PMIDs, PMCIDs, OpenAlex and Lens ids in them. A cited work without any is not known by its
    words.
    """
    lists = [text for tag, text in record.extra if tag.casefold() in _LISTS]
    lists += [note for note in record.notes if _LISTED.match(note)]
    found: set[str] = set()
    for text in lists:
        found |= _ids(text) | _catalogued(text) | _structured(text)
    return tuple(sorted(found.difference(names_of(record))))


def _ids(text: str) -> set[str]:
    dois = (_ended(doi) for doi in _DOI.findall(text))
    found = {f"doi:{normal_doi(doi) or doi.casefold()}" for doi in dois}
    found |= {f"pmid:{one}" for one in _PMID.findall(text)}
    return found | {f"pmcid:{one}" for one in _PMCID.findall(text)}


def _ended(doi: str) -> str:
    """Return a DOI without the signs of the sentence or list in which it stood; brackets of its own stay."""
    doi = doi.rstrip(".'")
    while doi[-1] in ")]}" and doi.count(doi[-1]) > doi.count({")": "(", "]": "[", "}": "{"}[doi[-1]]):
        doi = doi[:-1].rstrip(".'")
    return doi


def _catalogued(text: str) -> set[str]:
    found = {f"openalex:{one.casefold()}" for one in _OPENALEX.findall(text)}
    return found | {f"lens:{one.casefold()}" for one in _LENS.findall(text)}


def _structured(text: str) -> set[str]:
    """Return the PMIDs and PMCIDs in a list of cited works that is JSON, as of Europe PMC and Semantic Scholar."""
    if text[:1] not in "[{" or not text:
        return set()
    try:
        waiting = [json.loads(text)]
    except (ValueError, RecursionError):  # cut off, or no JSON after all
        return set()
    found = set()
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        elif isinstance(item, dict):
            waiting += [value for value in item.values() if isinstance(value, dict | list)]
            named = [item.get(key) for key in ("pmid", "PMID", "PubMed")]
            named += [item.get("id")] if item.get("source") == "MED" else []
            found |= {f"pmid:{one}" for one in named if str(one).isdecimal()}
            in_central = str(item.get("PubMedCentral", ""))
            found |= {f"pmcid:{in_central}"} if in_central.isdecimal() else set()
    return found
