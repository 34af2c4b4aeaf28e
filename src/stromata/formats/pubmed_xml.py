"""PubMed XML: what E-utilities return, and the baseline and update files of the National Library of Medicine.

Elements are those of https://dtd.nlm.nih.gov/ncbi/pubmed/out/ and
https://www.nlm.nih.gov/bsd/licensee/elements_descriptions.html. What has no field goes to `Record.extra` under the tag
that MEDLINE text has for it (https://www.nlm.nih.gov/bsd/mms/medlineelements.html), so that an article gives the same
record from XML and from MEDLINE text; what has no tag there goes under the name of its element.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from lxml import etree

from stromata.formats.content import Content, Passage
from stromata.formats.language import detect_language, language_code
from stromata.formats.nbib import kind_of
from stromata.formats.new_record import new_record
from stromata.formats.text import clean, iso_date, page_span, unique
from stromata.formats.xml_entries import (
    Entry,
    Grammar,
    cited_work,
    first_text,
    innermost,
    left_over,
    read_entries,
    root_of,
    text_of,
    texts_of,
)
from stromata.model import LanguageBasis, Name, Problem, Record, Translation
from stromata.model.identifiers import find_isbns, find_issns, find_registry_ids, normal_doi, normal_pmcid, normal_pmid
from stromata.progress import Progress

Pairs = list[tuple[str, str]]

_DELETIONS = ("DeleteCitation", "DeleteDocument")
_GRAMMAR = Grammar(
    entries=("PubmedArticle", "PubmedBookArticle", "MedlineCitation", "BookDocument", *_DELETIONS),
    frame=("PubmedArticleSet", "PubmedBookArticleSet", "MedlineCitationSet", "BookDocumentSet"),
    inside=frozenset(("MedlineCitation", "BookDocument")),
)
_SHOWN = Grammar(_GRAMMAR.entries, _GRAMMAR.frame, inside=_GRAMMAR.inside, escaped=True)
_NAMES = "|".join((*_GRAMMAR.entries, *_GRAMMAR.frame))
_OPENING = re.compile(rf"<(?:{_NAMES})(?=[\s/>])")
_PAGES = frozenset(("", "html", "head", "title", "body", "div", "pre", "code"))
"""What a page begins with that shows the XML of PubMed; in other XML, such text is part of a value."""

_SHOWN_OPENING = re.compile(rf"&lt;(?:{_NAMES})(?=\s|/|&gt;)")

_LINKS = {
    "CommentIn": "CIN", "CommentOn": "CON", "ErratumIn": "EIN", "ErratumFor": "EFR", "RetractionIn": "RIN",
    "RetractionOf": "ROF", "PartialRetractionIn": "PRIN", "PartialRetractionOf": "PROF",
    "ExpressionOfConcernIn": "ECI", "ExpressionOfConcernFor": "ECF", "UpdateIn": "UIN", "UpdateOf": "UOF",
    "CorrectedandRepublishedIn": "CRI", "CorrectedandRepublishedFrom": "CRF", "RepublishedIn": "RPI",
    "RepublishedFrom": "RPF", "ReprintIn": "RPI", "ReprintOf": "RPF", "RetractedandRepublishedIn": "RRI",
    "RetractedandRepublishedFrom": "RRF", "OriginalReportIn": "ORI", "SummaryForPatientsIn": "SPIN",
    "DatasetDescribedIn": "DDIN", "DatasetUseReportedIn": "DRIN", "Cites": "CR",
}  # fmt: skip
"""Links between articles, by the tag that MEDLINE text has for them; others keep their own name."""

_STAGES = {"pubmed": "EDAT", "medline": "MHDA", "entrez": "CRDT"}
_STAGE_ORDER = ("EDAT", "MHDA", "CRDT", "PHST")

_PLAIN = {
    "CitationSubset": "SB", "CoiStatement": "COIS", "NumberOfReferences": "RF", "SpaceFlightMission": "SFM",
    "PublicationStatus": "PST",
}  # fmt: skip
"""Elements whose text goes to `extra` as it is."""

_BRACKETED = re.compile(r"\[(.+)\]\.?")


def sniff(head: str) -> bool:
    """Tell whether the first part of a file looks like PubMed XML, as such or as a page that shows it."""
    found = _OPENING.search(head)
    if found is None:
        found = _SHOWN_OPENING.search(head)
        if found is None or root_of(head).lower() not in _PAGES:
            return False
    lead = head[: found.start()].rpartition("\n")[2]
    # a page that shows it; lines that MEDLINE text continues have six blanks
    shown = (not lead or lead.isspace()) and len(lead) < 6
    return shown or head.lstrip("\ufeff \t\r\n").startswith("<")


def read(content: Content, *, progress: Progress) -> Iterator[Record | Problem | Passage]:
    """Yield what the file holds; parameters and errors as for `read_entries`."""
    head = content.head()
    grammar = _GRAMMAR if _OPENING.search(head) else _SHOWN
    yield from read_entries(content, grammar, _make, progress=progress)


def _make(entry: Entry, source: str, number: int, problems: list[Problem]) -> Record | Passage | None:
    root = entry.root
    if entry.name in _DELETIONS:
        return _withdrawn(entry, problems)
    if entry.name in {"PubmedBookArticle", "BookDocument"}:
        book = root if entry.name == "BookDocument" else root.find("BookDocument")
        record = None if book is None else _book(entry, book, source, number)
    else:
        citation = root if entry.name == "MedlineCitation" else root.find("MedlineCitation")
        record = None if citation is None else _article(entry, citation, source, number, problems)
    if record is None or not (record.title or record.authors or record.abstract or record.pmid):
        text = f"The entry in lines {entry.line} to {entry.end_line} says nothing of a publication."
        problems.append(Problem(entry.line, "pubmed-empty-entry", text, "Export this entry again."))
        return None
    if not record.title:
        text = f"The entry that begins in line {entry.line} has no title."
        problems.append(Problem(entry.line, "pubmed-no-title", text))
    return record


def _withdrawn(entry: Entry, problems: list[Problem]) -> Passage:
    """Tell which numbers PubMed has withdrawn; records of other files may bear them."""
    numbers = [text for one in innermost(entry.root, "PMID") if (text := text_of(one))]
    text = f"PubMed has withdrawn {len(numbers)} numbers: {' '.join(numbers)}"
    hint = "Records with these numbers were merged with others or removed; leave them out."
    problems.append(Problem(entry.line, "pubmed-withdrawn", text, hint))
    return Passage(entry.line, entry.end_line, "comment", text)


# Articles. Each element is looked at once; what it says goes to `told` or to `extra`.


class _Told:
    """What an entry says, gathered on the way through its elements."""

    __slots__ = (
        "abstract", "authors", "date", "doi", "extra", "identifiers", "issn", "journal", "keywords", "languages",
        "late", "notes", "other_abstracts", "pages", "pmcid", "pmid", "registered", "short", "title", "types",
        "vernacular", "volume_issue",
    )  # fmt: skip

    def __init__(self) -> None:
        self.title = self.vernacular = self.abstract = self.journal = self.short = self.pages = ""
        self.date = self.doi = self.pmid = self.pmcid = ""
        self.volume_issue = ("", "")
        self.authors: list[Name] = []
        self.languages: list[str] = []
        self.issn: list[str] = []
        self.types: list[str] = []
        self.keywords: list[str] = []
        self.notes: list[str] = []
        self.registered: list[str] = []
        self.other_abstracts: list[tuple[str, str]] = []
        self.identifiers: Pairs = []
        self.extra: Pairs = []
        self.late: Pairs = []


def _article(
    entry: Entry, citation: etree._Element, source: str, number: int, problems: list[Problem]
) -> Record | None:
    told = _Told()
    extra = told.extra
    status = citation.attrib
    extra += [(tag, str(status[key])) for tag, key in (("OWN", "Owner"), ("STAT", "Status")) if key in status]
    for child in citation:
        reader = _CITATION.get(child.tag)
        if reader is None:
            _keep(child, told)
        else:
            reader(child, told)
    for child in entry.root if entry.root is not citation else ():
        if child.tag == "PubmedData":
            for part in child:
                reader = _DATA.get(part.tag)
                if reader is None:
                    _keep(part, told)
                else:
                    reader(part, told)
        elif child is not citation:
            told.late += left_over(child, within=str(child.tag))
    if told.date == "?":
        told.date = ""
        said = next((value for tag, value in extra if tag == "DP"), "")
        text = f"The date of publication says '{said}', which is no date."
        problems.append(Problem(entry.line, "pubmed-date", text))
    kind, types = kind_of(told.types, journal=bool(told.journal or told.short))
    extra += [("PT", one) for one in types]
    extra += told.identifiers
    if not told.date:
        told.date = next((iso_date(value) for tag, value in extra if tag == "DEP"), "")
        if told.date:
            extra[:] = [pair for pair in extra if pair[0] != "DEP"]
    return _record(entry, told, source, number, kind)


def _record(entry: Entry, told: _Told, source: str, number: int, kind: str) -> Record:
    language, basis = _language(told)
    title, translations = _translated(told, language)
    date = told.date
    return new_record(
        source=source, number=number, line=entry.line, end_line=entry.end_line, type=kind, title=title,
        authors=tuple(told.authors), year=int(date[:4]) if date else None, date=date,
        journal=told.journal or told.short, journal_abbreviation=told.short if told.journal else "",
        volume=told.volume_issue[0], issue=told.volume_issue[1], pages=told.pages, issn=unique(told.issn), doi=told.doi,
        pmid=told.pmid, pmcid=told.pmcid,
        registry_ids=unique((*told.registered, *find_registry_ids(f"{title}\n{told.abstract}"))),
        abstract=told.abstract, keywords=unique(told.keywords), language=language, language_basis=basis,
        translations=translations, notes=unique(told.notes), extra=(*told.extra, *told.late),
    )  # fmt: skip


def _language(told: _Told) -> tuple[str, LanguageBasis]:
    """Return the first language that is stated; further ones, and what is no language, go to `extra`."""
    code = language_code(told.languages[0]) if told.languages else ""
    told.extra += [("LA", one) for one in told.languages[1 if code else 0 :]]
    if code:
        return code, "stated"
    found = detect_language(f"{told.title} {told.abstract}")
    return found, "detected" if found else ""


def _translated(told: _Told, language: str) -> tuple[str, tuple[Translation, ...]]:
    """Return the title without the brackets that mark it as translated, and what there is in other languages.

    The National Library of Medicine brackets an English title that it translated; VernacularTitle is the original.
    """
    title = told.title
    found: dict[str, Translation] = {}
    inner = _BRACKETED.fullmatch(title) if title[:1] == "[" else None
    if inner and language not in {"", "en"}:
        title = inner[1]
        found[language] = Translation(language=language, title=told.vernacular)
    elif told.vernacular:
        told.extra.append(("TT", told.vernacular))
    for said, text in told.other_abstracts:
        code = language_code(said)
        if not code or code in {"und", "en" if language == "" else ""} or _has_abstract(found.get(code)):
            told.extra += [("OAB", text), *([("OABL", said)] if said else [])]
        else:
            title_there = found[code].title if code in found else ""
            found[code] = Translation(language=code, title=title_there, abstract=text)
    return title, tuple(found.values())


def _has_abstract(translation: Translation | None) -> bool:
    return translation is not None and bool(translation.abstract)


def _keep(element: etree._Element, told: _Told) -> None:
    """Put the text of an element without a reader of its own into `extra`."""
    tag = str(element.tag)
    if tag in _PLAIN or not len(element):
        if text := text_of(element):
            told.extra.append((_PLAIN.get(tag, tag), text))
    else:
        told.late += left_over(element, within=tag)


def _pmid(element: etree._Element, told: _Told) -> None:
    told.pmid = normal_pmid(element.text or "")
    version = element.get("Version", "1")
    if version != "1":
        told.late.append(("PMID/Version", version))


def _stamp(tag: str, element: etree._Element, told: _Told) -> None:
    """Write a date as MEDLINE text does: 20240623."""
    said = {part.tag: part.text or "" for part in element}
    text = "".join((said.get("Year", ""), said.get("Month", "").zfill(2), said.get("Day", "").zfill(2)))
    if text.strip("0"):
        told.extra.append((tag, clean(text)))


def _completed(element: etree._Element, told: _Told) -> None:
    _stamp("DCOM", element, told)


def _revised(element: etree._Element, told: _Told) -> None:
    _stamp("LR", element, told)


def _in_article(element: etree._Element, told: _Told) -> None:
    for child in element:
        reader = _ARTICLE.get(child.tag)
        if reader is None:
            _keep(child, told)
        else:
            reader(child, told)


def _journal(element: etree._Element, told: _Told) -> None:
    for child in element:
        tag = child.tag
        if tag == "JournalIssue":
            volume = issue = ""
            for part in child:
                if part.tag == "Volume":
                    volume = text_of(part)
                elif part.tag == "Issue":
                    issue = text_of(part)
                elif part.tag == "PubDate":
                    _published(part, told)
                else:
                    _keep(part, told)
            told.volume_issue = (volume, issue)
        elif tag == "Title":
            told.journal = text_of(child)
        elif tag == "ISOAbbreviation":
            told.short = text_of(child)
        elif tag == "ISSN":
            _issn(child, told)
        else:
            _keep(child, told)


def _issn(element: etree._Element, told: _Told) -> None:
    text = text_of(element)
    found = find_issns(text)
    told.issn += found
    if text and not found:
        told.extra.append(("IS", text))


def _published(element: etree._Element, told: _Told) -> None:
    said = {str(part.tag): part.text or "" for part in element}
    text = clean(
        said.get("MedlineDate") or " ".join(said[key] for key in ("Year", "Season", "Month", "Day") if key in said)
    )
    told.date = iso_date(text)
    if text and not told.date:
        told.date = "?"
        told.extra.append(("DP", text))
    elif "MedlineDate" in said or "Season" in said:
        told.late.append(("PubDate", text))  # a span or season, of which the date keeps the beginning alone


def _title(element: etree._Element, told: _Told) -> None:
    told.title = text_of(element)


def _vernacular(element: etree._Element, told: _Told) -> None:
    told.vernacular = text_of(element)


def _pages(element: etree._Element, told: _Told) -> None:
    said = {str(part.tag): text_of(part) for part in element}
    told.pages = said.get("MedlinePgn") or page_span(said.get("StartPage", ""), said.get("EndPage", ""))


def _location(element: etree._Element, told: _Told) -> None:
    text, kind = text_of(element), element.get("EIdType", "")
    doi = normal_doi(text) if kind == "doi" and element.get("ValidYN") != "N" else ""
    if doi and told.doi in {"", doi}:
        told.doi = doi
    elif text:
        told.extra.append(("LID", f"{text} [{kind}]" if kind else text))


def _abstract(element: etree._Element, told: _Told) -> None:
    told.abstract = _sections(element)
    for child in element:
        if child.tag == "CopyrightInformation":
            if text := text_of(child):
                told.extra.append(("CI", text))
        elif child.tag != "AbstractText":
            _keep(child, told)


def _sections(element: etree._Element) -> str:
    """Join the parts of an abstract, each behind its label as MEDLINE text has it."""
    parts = []
    for child in element:
        if child.tag == "AbstractText" and (text := text_of(child)):
            label = clean(child.get("Label", ""))
            parts.append(f"{label}: {text}" if label else text)
    text = " ".join(parts)
    return text or (text_of(element) if not len(element) else "")


def _other_abstract(element: etree._Element, told: _Told) -> None:
    if text := _sections(element):
        told.other_abstracts.append((element.get("Language", ""), text))
    for child in element:
        if child.tag == "CopyrightInformation" and (said := text_of(child)):
            told.extra.append(("CI", said))


def _authors(element: etree._Element, told: _Told) -> None:
    editors = element.get("Type") == "editors"
    for child in element:
        name = _person(child, told.extra)
        if not str(name):
            continue
        if child.get("ValidYN") == "N":
            told.late.append(("Author/ValidYN=N", str(name)))  # replaced by a corrected form, which follows
        elif editors:
            told.extra.append(("FED", str(name)))
        else:
            told.authors.append(name)
    if element.get("CompleteYN") == "N":
        told.late.append(("AuthorList/CompleteYN", "N"))


def _person(element: etree._Element, extra: Pairs) -> Name:
    """Return a person's or a group's name; identifiers and affiliations go to `extra`."""
    family = given = initials = suffix = group = ""
    for part in element:
        tag = part.tag
        if tag == "LastName":
            family = text_of(part)
        elif tag in {"ForeName", "FirstName"}:
            given = text_of(part)
        elif tag == "Initials":
            initials = text_of(part)
        elif tag == "Suffix":
            suffix = text_of(part)
        elif tag == "CollectiveName":
            group = text_of(part)
        elif tag == "AffiliationInfo":
            for one in part:
                _affiliation(one, extra)
        else:
            _affiliation(part, extra)
    if group and not family:
        return Name(literal=group)
    return Name(family=family, given=given or initials, suffix=suffix)


def _affiliation(part: etree._Element, extra: Pairs) -> None:
    text = text_of(part)
    if not text:
        return
    if part.tag == "Identifier":
        source = part.get("Source", "")
        extra.append(("AUID", f"{source}: {text}" if source else text))
    else:
        extra.append(("AD" if part.tag == "Affiliation" else str(part.tag), text))


def _investigators(element: etree._Element, told: _Told) -> None:
    for child in element:
        if name := str(_person(child, told.extra)):
            told.extra.append(("FIR", name))


def _spoken(element: etree._Element, told: _Told) -> None:
    if text := text_of(element):
        told.languages.append(text)


def _banks(element: etree._Element, told: _Told) -> None:
    for bank in element:
        name = first_text(bank, "DataBankName")
        numbers = texts_of(bank, "AccessionNumberList/AccessionNumber")
        for number in numbers or [""]:
            value = f"{name}/{number}" if number else name
            found = find_registry_ids(value)
            told.registered += found
            if value and not found:
                told.extra.append(("SI", value))


def _grants(element: etree._Element, told: _Told) -> None:
    for grant in element:
        parts = [text for part in grant if (text := text_of(part))]
        if parts:
            told.extra.append(("GR", "/".join(parts)))


def _types(element: etree._Element, told: _Told) -> None:
    told.types += [text for child in element if (text := text_of(child))]


def _electronic(element: etree._Element, told: _Told) -> None:
    _stamp("DEP", element, told)


def _source(element: etree._Element, told: _Told) -> None:
    for child in element:
        tag, text = child.tag, text_of(child)
        if tag == "MedlineTA":
            told.short = text or told.short
        elif tag == "ISSNLinking":
            _issn(child, told)
        elif text:
            told.extra.append(({"Country": "PL", "NlmUniqueID": "JID"}.get(str(tag), str(tag)), text))


def _chemicals(element: etree._Element, told: _Told) -> None:
    for child in element:
        number, name = first_text(child, "RegistryNumber"), first_text(child, "NameOfSubstance")
        if number or name:
            told.extra.append(("RN", f"{number} ({name})" if number and name else number or name))


def _supplementary(element: etree._Element, told: _Told) -> None:
    told.extra += [("NM", text) for child in element if (text := text_of(child))]


def _links(element: etree._Element, told: _Told) -> None:
    for child in element:
        kind = child.get("RefType", "")
        text, pmid, note = first_text(child, "RefSource"), first_text(child, "PMID"), first_text(child, "Note")
        parts = [text.rstrip(".") if pmid or note else text, f"PMID: {pmid}" if pmid else "", note]
        if value := ". ".join(part for part in parts if part):
            told.extra.append((_LINKS.get(kind, kind or "CommentsCorrections"), value))


def _headings(element: etree._Element, told: _Told) -> None:
    """Write headings as MEDLINE text does: ``*`` marks a major topic, ``/`` precedes a qualifier."""
    for heading in element:
        parts = [f"*{text}" if part.get("MajorTopicYN") == "Y" else text for part in heading if (text := text_of(part))]
        if parts:
            told.keywords.append("/".join(parts))


def _keywords(element: etree._Element, told: _Told) -> None:
    words = [f"*{text}" if word.get("MajorTopicYN") == "Y" else text for word in element if (text := text_of(word))]
    told.keywords += words
    owner = element.get("Owner")
    if owner and words:
        told.extra.append(("OTO", owner))


def _subjects(element: etree._Element, told: _Told) -> None:
    for child in element:
        if name := str(_person(child, told.extra)):
            told.extra.append(("FPS", name))


def _genes(element: etree._Element, told: _Told) -> None:
    told.extra += [("GS", text) for child in element if (text := text_of(child))]


def _other_id(element: etree._Element, told: _Told) -> None:
    text, source = text_of(element), element.get("Source", "")
    if text:
        told.extra.append(("OID", f"{source}: {text}" if source else text))
        if source == "NLM" and not told.pmcid and text.startswith("PMC"):
            told.pmcid = normal_pmcid(text)


def _note(element: etree._Element, told: _Told) -> None:
    if text := text_of(element):
        told.notes.append(text)


def _history(element: etree._Element, told: _Told) -> None:
    """Write the dates of PubMed and of the manuscript as MEDLINE text does."""
    found: dict[str, list[str]] = {}
    for child in element:
        said = {part.tag: (part.text or "").strip() for part in child}
        year = said.get("Year", "")
        if not year:
            continue
        day = "/".join((year, *(said[key].zfill(2) for key in ("Month", "Day") if said.get(key))))
        time = f"{said.get('Hour', '').zfill(2)}:{said.get('Minute', '').zfill(2)}"
        stage = child.get("PubStatus", "")
        tag = _STAGES.get(stage, "PHST")
        found.setdefault(tag, []).append(f"{day} {time} [{stage}]" if tag == "PHST" else f"{day} {time}")
    told.extra += [(tag, clean(value)) for tag in _STAGE_ORDER for value in found.get(tag, ())]


def _article_ids(element: etree._Element, told: _Told) -> None:
    """Read the article's own numbers. Those of cited works stand in their own lists, which are never looked at here."""
    for child in element:
        text, kind = text_of(child), child.get("IdType", "pubmed")
        if not text:
            continue
        if kind == "doi" and (doi := normal_doi(text)) and told.doi in {"", doi}:
            told.doi = doi
        elif kind == "pubmed" and told.pmid in {"", text}:
            told.pmid = told.pmid or normal_pmid(text)
        elif kind in {"pmc", "pmcid"} and (pmcid := normal_pmcid(text)) and told.pmcid in {"", pmcid}:
            told.pmcid = pmcid
        elif kind == "mid":
            told.extra.append(("MID", text))
        else:
            told.identifiers.append(("AID", f"{text} [{kind}]"))


_CITED = ("Citation", "ArticleId", "Title")


def _references(element: etree._Element, told: _Told) -> None:
    """Keep the works that are cited, one to a line, with their numbers."""
    words: list[str] = []
    numbers: list[tuple[str, str]] = []
    for one in element.iter("Reference", *_CITED):
        tag = one.tag
        if len(one) and tag != "Reference" and next(one.iterdescendants(*_CITED), None) is not None:
            continue  # its parts come by themselves
        if tag == "Reference":
            told.late += cited_work(words, numbers)
            words, numbers = [], []
        elif text := text_of(one):
            if tag == "ArticleId":
                numbers.append((one.get("IdType", ""), text))
            elif tag == "Citation":
                words.append(text)
            else:
                told.late.append(("ReferenceList/Title", text))
    told.late += cited_work(words, numbers)


_CITATION = {
    "PMID": _pmid, "DateCompleted": _completed, "DateRevised": _revised, "Article": _in_article,
    "MedlineJournalInfo": _source, "ChemicalList": _chemicals, "SupplMeshList": _supplementary,
    "CommentsCorrectionsList": _links, "MeshHeadingList": _headings, "KeywordList": _keywords,
    "OtherAbstract": _other_abstract, "OtherID": _other_id, "GeneralNote": _note, "InvestigatorList": _investigators,
    "PersonalNameSubjectList": _subjects, "GeneSymbolList": _genes,
}  # fmt: skip
_ARTICLE = {
    "Journal": _journal, "ArticleTitle": _title, "VernacularTitle": _vernacular, "Pagination": _pages,
    "ELocationID": _location, "Abstract": _abstract, "AuthorList": _authors, "Language": _spoken,
    "DataBankList": _banks, "GrantList": _grants, "PublicationTypeList": _types, "ArticleDate": _electronic,
}  # fmt: skip
_DATA = {"History": _history, "ArticleIdList": _article_ids, "ReferenceList": _references}


# Books and their chapters, which have a tree of their own.

_BOOK_READERS = {
    "PMID": _pmid, "ArticleIdList": _article_ids, "ArticleTitle": _title, "VernacularTitle": _vernacular,
    "Pagination": _pages, "Language": _spoken, "AuthorList": _authors, "InvestigatorList": _investigators,
    "Abstract": _abstract, "KeywordList": _keywords, "GrantList": _grants, "ReferenceList": _references,
    "DateRevised": _revised,
}  # fmt: skip


def _book(entry: Entry, document: etree._Element, source: str, number: int) -> Record:
    """Read a book of the NCBI Bookshelf or a chapter of one."""
    told = _Told()
    types: list[str] = []
    for child in document:
        tag = str(child.tag)
        if tag == "PublicationType":
            types.append(text_of(child))
        elif tag == "ContributionDate":
            _stamp("CTDT", child, told)
        elif tag in _BOOK_READERS:
            _BOOK_READERS[tag](child, told)
        elif tag != "Book":
            _keep(child, told)
    chapter = bool(told.title)
    isbn, publisher = _volume(document.find("Book"), told, chapter=chapter)
    for child in entry.root if entry.root is not document else ():
        if child is not document:
            for part in child:
                reader = _DATA.get(str(part.tag))
                (reader or _keep)(part, told)
    kind = "chapter" if chapter else "book"
    told.extra += [("PT", one) for one in types if one and one.lower() != {"chapter": "book chapter"}.get(kind, kind)]
    told.extra += told.identifiers
    return replace(_record(entry, told, source, number, kind), isbn=isbn, publisher=publisher)


def _volume(book: etree._Element | None, told: _Told, *, chapter: bool) -> tuple[tuple[str, ...], str]:
    """Read the book that a document is or stands in; return its ISBNs and publisher."""
    isbn: list[str] = []
    publisher = ""
    for child in book if book is not None else ():
        tag, text = str(child.tag), text_of(child)
        if tag == "Publisher":
            publisher = first_text(child, "PublisherName")
            told.extra += [("PL", place) for place in texts_of(child, "PublisherLocation")]
        elif tag == "BookTitle":
            if chapter:
                told.journal = text
            else:
                told.title = text
        elif tag == "PubDate":
            _published(child, told)
        elif tag == "AuthorList" and (not chapter or child.get("Type") == "editors"):
            _authors(child, told)
        elif tag == "AuthorList":
            told.extra += [("BookAuthor", str(_person(one, told.extra))) for one in child]
        elif tag == "Volume":
            told.volume_issue = (text, "")
        elif tag == "Isbn" and find_isbns(text):
            isbn += find_isbns(text)
        elif tag == "ELocationID":
            _location(child, told)
        elif tag in {"CollectionTitle", "Edition"} and text:
            told.extra.append(({"CollectionTitle": "CTI", "Edition": "EN"}[tag], text))
        else:
            _keep(child, told)
    if told.date == "?":
        told.date = ""
    return unique(isbn), publisher
