"""Entries of trial registries as XML: ClinicalTrials.gov, the WHO's search portal and exchange format, ISRCTN.

An entry becomes a record of the type ``report`` with the registry's number as accession and first among the
registrations. The title is the public one; the scientific title and all else that has no field go to `Record.extra`
under the names of their elements.

Elements are those of https://clinicaltrials.gov/ct2/html/images/info/public.xsd (``clinical_study``), of the export of
https://trialsearch.who.int/ (``Trials_downloaded_from_ICTRP``), of the WHO's format for registries that deliver to it
(``trials/trial/main``), and of https://www.isrctn.com/api/query/format/default (``fullTrial``; the same names in
https://github.com/michelescarlato/MDR_Downloader).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lxml import etree

from stromata.formats.content import Content, Passage
from stromata.formats.language import detect_language
from stromata.formats.new_record import new_record
from stromata.formats.text import clean, iso_date, same_text, unique
from stromata.formats.xml_entries import (
    Entry,
    Grammar,
    first_text,
    is_rooted,
    left_over,
    read_entries,
    text_of,
    texts_of,
)
from stromata.model import Problem, Record
from stromata.model.identifiers import find_registry_ids, normal_doi, registry_of
from stromata.progress import Progress

_GRAMMAR = Grammar(
    entries=("clinical_study", "Trial", "fullTrial", "trial"),
    frame=("Trials_downloaded_from_ICTRP", "trials", "allTrials", "clinical_studies", "search_results", "root"),
    inside=frozenset(("trial",)),
)
_OPENING = re.compile(
    r"<(?:clinical_study|Trials_downloaded_from_ICTRP|allTrials)[\s>]|<Trial>\s*<(?:Export_date|Internal_Number|TrialID)"
    r"|<(?:fullTrial|trials)[\s>][\s\S]{0,4000}<trial[\s>]"
)
_ICTRP = "WHO ICTRP"
_REGISTRY_ROOTS = {"ClinicalTrials.gov": "https://clinicaltrials.gov/study/", "ISRCTN": "https://www.isrctn.com/"}


def sniff(head: str) -> bool:
    """Tell whether the first part of a file looks like one of these."""
    return is_rooted(head, _GRAMMAR) and bool(_OPENING.search(head))


def read(content: Content, *, progress: Progress) -> Iterator[Record | Problem | Passage]:
    """Yield what the file holds; parameters and errors as for `read_entries`."""
    yield from read_entries(content, _GRAMMAR, _make, progress=progress)


def _make(entry: Entry, source: str, number: int, problems: list[Problem]) -> Record | None:
    root = entry.root
    inner = root if entry.name == "trial" else root.find("trial")
    if entry.name == "clinical_study":
        record = _clinical_study(entry, source, number)
    elif entry.name == "Trial":
        record = _portal(entry, source, number)
    elif inner is not None and inner.find("main") is not None:
        record = _exchanged(entry, inner, source, number)
    else:
        record = _isrctn(entry, inner if inner is not None else root, source, number)
    if not (record.title or record.accession or record.abstract):
        text = f"The entry in lines {entry.line} to {entry.end_line} says nothing of a trial."
        problems.append(Problem(entry.line, "registry-empty-entry", text, "Export this entry again."))
        return None
    if not record.title:
        text = f"The entry that begins in line {entry.line} has no title."
        problems.append(Problem(entry.line, "registry-no-title", text))
    return record


def _record(
    entry: Entry,
    source: str,
    number: int,
    *,
    trial: str,
    others: Iterable[str] = (),
    titles: tuple[str, str] = ("", ""),
    summary: str = "",
    date: str = "",
    keywords: Iterable[str] = (),
    urls: Iterable[str] = (),
    doi: str = "",
    database: str,
    extra: list[tuple[str, str]],
    scientific: str,
) -> Record:
    """Put the parts of a registry's entry together; `scientific` is the name of its second title."""
    title = titles[0] or titles[1]
    if titles[1] and not same_text(titles[1], title):
        extra.insert(0, (scientific, titles[1]))
    found = [one for text in (trial, *others) for one in find_registry_ids(text)]
    own = find_registry_ids(trial)
    address = _REGISTRY_ROOTS.get(registry_of(own[0]) if own else "", "")
    links = unique(urls) or ((f"{address}{own[0]}",) if address else ())
    language = detect_language(f"{title} {summary}")
    return new_record(
        source=source, number=number, line=entry.line, end_line=entry.end_line, type="report", title=title,
        year=int(date[:4]) if date else None, date=date, doi=doi,
        registry_ids=unique((*found, *find_registry_ids(f"{title}\n{summary}"))), accession=trial, database=database,
        urls=links, abstract=summary, keywords=unique(keywords), language=language,
        language_basis="detected" if language else "", extra=tuple(extra),
    )  # fmt: skip


_STUDY_READ = frozenset(
    (
        "id_info",
        "brief_title",
        "official_title",
        "brief_summary",
        "condition",
        "keyword",
        "intervention",
        "required_header",
    )
)


_STUDY_WORDS = ("condition", "intervention/intervention_name", "keyword")


def _clinical_study(entry: Entry, source: str, number: int) -> Record:
    """Read a study of ClinicalTrials.gov as its classic site gave it."""
    root = entry.root
    dates = ("study_first_posted", "study_first_submitted", "firstreceived_date")
    extra = [("org_study_id", text) for text in texts_of(root, "id_info/org_study_id")]
    secondary = [*texts_of(root, "id_info/secondary_id"), *texts_of(root, "id_info/nct_alias")]
    extra += [("secondary_id", text) for text in secondary]
    for one in root.iterfind("intervention"):
        parts = [f"{part.tag}: {text}" for part in one if (text := text_of(part))]
        extra.append(("intervention", " | ".join(parts)))
    extra += left_over(root, _STUDY_READ)
    extra += [("download_date", text) for text in texts_of(root, "required_header/download_date")]
    return _record(
        entry, source, number, trial=first_text(root, "id_info/nct_id"), others=secondary,
        titles=(first_text(root, "brief_title"), first_text(root, "official_title")),
        summary=first_text(root, "brief_summary"),
        date=next((found for name in dates if (found := iso_date(first_text(root, name)))), ""),
        keywords=[text for path in _STUDY_WORDS for text in texts_of(root, path)],
        database="ClinicalTrials.gov", extra=extra, scientific="official_title",
    )  # fmt: skip


_PORTAL_READ = frozenset(
    ("TrialID", "Public_title", "Scientific_title", "web_address", "Date_registration", "Date_registration3")
)
_MARKUP = re.compile(r"</?[A-Za-z][^<>]{0,100}>")


def _parts(text: str) -> list[str]:
    """Return the values of a field that holds several, parted by semicolons; the portal leaves HTML's breaks in."""
    return [part for one in _MARKUP.sub(";", text).split(";") if (part := clean(one))]


def _portal(entry: Entry, source: str, number: int) -> Record:
    """Read a trial that the WHO's search portal exported."""
    root = entry.root
    trial = first_text(root, "TrialID")
    others = [*texts_of(root, "SecondaryIDs"), *texts_of(root, "Secondary_ID"), *texts_of(root, "Secondary_IDs")]
    packed, said = first_text(root, "Date_registration3"), first_text(root, "Date_registration")
    date = iso_date(packed) or _european(said)
    extra = [] if date or not said else [("Date_registration", said)]
    words = [*_parts(first_text(root, "Condition")), *_parts(first_text(root, "Intervention"))]
    return _record(
        entry, source, number, trial=trial, others=others,
        titles=(first_text(root, "Public_title"), first_text(root, "Scientific_title")), date=date, keywords=words,
        urls=texts_of(root, "web_address"), database=_ICTRP, extra=[*extra, *left_over(root, _PORTAL_READ)],
        scientific="Scientific_title",
    )  # fmt: skip


def _european(text: str) -> str:
    """Return a date that is written with its day first, as the WHO writes it."""
    match = re.fullmatch(r"\s*(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})\b.*", text)
    return iso_date(f"{match[3]}-{match[2]}-{match[1]}") if match and int(match[2]) <= 12 else iso_date(text)


def _exchanged(entry: Entry, trial: etree._Element, source: str, number: int) -> Record:
    """Read a trial in the format in which registries deliver to the WHO."""
    main = trial.find("main")
    known = frozenset(("trial_id", "public_title", "scientific_title", "url", "date_registration"))
    others = [
        text for path in ("secondary_ids//sec_id", "secondary_ids/secondary_id") for text in texts_of(trial, path)
    ]
    words = [text for path in ("hc_freetext", "i_freetext") for text in _parts(first_text(main, path))]
    words += [
        *texts_of(trial, "health_condition_keyword/hc_keyword"),
        *texts_of(trial, "intervention_keyword/i_keyword"),
    ]
    extra = left_over(main, known) if main is not None else []
    extra += left_over(trial, frozenset(("main",)))
    return _record(
        entry, source, number, trial=first_text(main, "trial_id"), others=[*others, first_text(main, "utrn")],
        titles=(first_text(main, "public_title"), first_text(main, "scientific_title")),
        date=_european(first_text(main, "date_registration")), keywords=words, urls=texts_of(main, "url"),
        database=first_text(main, "reg_name") or _ICTRP, extra=extra, scientific="scientific_title",
    )  # fmt: skip


def _isrctn(entry: Entry, trial: etree._Element, source: str, number: int) -> Record:
    """Read a trial of the ISRCTN registry."""
    own = trial.find("isrctn")
    digits = text_of(own)
    identifier = f"ISRCTN{digits.upper().removeprefix('ISRCTN')}" if digits else ""
    described, refs = trial.find("trialDescription"), trial.find("externalRefs")
    numbers = ("clinicalTrialsGovNumber", "eudraCTNumber", "ctisNumber", "secondaryNumbers/secondaryNumber")
    others = [text for path in numbers for text in texts_of(refs, path)]
    stated = own.get("dateAssigned", "") if own is not None else ""
    assigned = iso_date((stated or trial.get("publicIdentifierDateAssigned", ""))[:10])
    words = [
        *texts_of(trial, "conditions/condition/description"), *texts_of(trial, "interventions/intervention/drugNames")
    ]  # fmt: skip
    known = frozenset(("title", "scientificTitle", "plainEnglishSummary"))
    extra = left_over(described, known) if described is not None else []
    extra += left_over(refs, frozenset(("doi",))) if refs is not None else []
    extra += left_over(trial, frozenset(("isrctn", "trialDescription", "externalRefs")))
    if trial is not entry.root:
        extra += left_over(entry.root, frozenset(("trial",)))
    return _record(
        entry, source, number, trial=identifier, others=others,
        titles=(first_text(described, "title"), first_text(described, "scientificTitle")),
        summary=first_text(described, "plainEnglishSummary", "studyHypothesis"), date=assigned, keywords=words,
        doi=normal_doi(first_text(refs, "doi")), database="ISRCTN", extra=extra, scientific="scientificTitle",
    )  # fmt: skip
