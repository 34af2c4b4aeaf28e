"""The formats that are read and written, and those that are recognised only to say what to do instead."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol, TextIO

from stromata.errors import Unreadable
from stromata.formats import (
    bibtex,
    csl,
    endnote_xml,
    euctr,
    jats,
    json_records,
    library_xml,
    nbib,
    ovid,
    pages,
    parquet,
    pubmed_xml,
    registry_xml,
    ris,
    ris_entries,
    table_writing,
    tables,
    tagged,
    workbooks,
)
from stromata.formats.content import Content, Passage
from stromata.model import Problem, Record
from stromata.progress import Progress

Item = Record | Problem | Passage
"""What a file consists of, besides blank lines."""


class Reader(Protocol):
    """Turns the content of a file into what it consists of."""

    def __call__(self, content: Content, *, progress: Progress) -> Iterator[Item]:
        """Yield what the file holds, in its order; each record's `source` is the content's SHA-256."""


class LineReader(Protocol):
    """Turns numbered lines into what a file consists of: enough for formats of lines."""

    def __call__(self, lines: Iterable[tuple[int, str | Problem]], *, source: str) -> Iterator[Item]:
        """Yield what the lines hold, in order; `source` is the SHA-256 of the file."""


def _lines(read: LineReader) -> Reader:
    def by_lines(content: Content, *, progress: Progress) -> Iterator[Item]:
        return read(content.lines(progress=progress), source=content.sha256)

    return by_lines


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes
    ----------
    name : as given to `write` and shown in reports.
    description : one line for people.
    sniff : tells from the first part of a file, decoded, whether it is of this format.
    read : see `Reader`; None for a format that is only written.
    write : writes records to a text stream; None for a format that is only read as text.
    write_binary : writes records to a stream of bytes, for formats that are no text.
    """

    name: str
    description: str
    sniff: Callable[[str], bool]
    read: Reader | None = None
    write: Callable[[Iterable[Record], TextIO], None] | None = None
    write_binary: Callable[[Iterable[Record], BinaryIO], None] | None = None


def _never(head: str) -> bool:  # noqa: ARG001 - the shape of a sniff
    """Tell no text: what is no text is known by its bytes."""
    return False


FORMATS: tuple[Format, ...] = (
    Format(
        "json",
        "JSON of ClinicalTrials.gov, OpenAlex, Crossref, Semantic Scholar, Europe PMC and PubMed",
        json_records.sniff,
        json_records.read,
    ),
    Format("csl-json", "CSL-JSON, as Zotero and citation processors exchange it", csl.sniff, csl.read, csl.write),
    Format(
        "pubmed-xml", "PubMed XML, as E-utilities and the baseline files give it", pubmed_xml.sniff, pubmed_xml.read
    ),
    Format(
        "registry-xml",
        "XML of ClinicalTrials.gov, the WHO's search portal and ISRCTN",
        registry_xml.sniff,
        registry_xml.read,
    ),
    Format("jats", "JATS XML, as PubMed Central and publishers give articles", jats.sniff, jats.read),
    Format("marcxml", "MARCXML, as library catalogues give it", library_xml.sniff_marc, library_xml.read_marc),
    Format("mods", "MODS, as library catalogues give it", library_xml.sniff_mods, library_xml.read_mods),
    Format(
        "endnote-xml",
        "EndNote XML, as EndNote, Mendeley and Zotero write it",
        endnote_xml.sniff,
        endnote_xml.read,
        endnote_xml.write,
    ),
    Format(
        "ris", "RIS, as nearly every database and reference manager exports it", ris_entries.sniff, ris.read, ris.write
    ),
    Format("nbib", "MEDLINE text, as PubMed exports it", nbib.sniff, nbib.read, nbib.write),
    Format(
        "bibtex", "BibTeX and BibLaTeX, as reference managers and LaTeX use it", bibtex.sniff, bibtex.read, bibtex.write
    ),
    Format("isi", "Web of Science tagged text", tagged.sniffer("isi"), _lines(tagged.reader("isi"))),
    Format("enw", "EndNote's and Refer's tagged text", tagged.sniffer("enw"), _lines(tagged.reader("enw"))),
    Format(
        "refworks-tagged",
        "RefWorks tagged text",
        tagged.sniffer("refworks-tagged"),
        _lines(tagged.reader("refworks-tagged")),
    ),
    Format(
        "noteexpress",
        "NoteExpress text, as Chinese databases export it",
        tagged.sniffer("noteexpress"),
        _lines(tagged.reader("noteexpress")),
    ),
    Format(
        "cnki-custom",
        "A list in CNKI's own layout",
        tagged.sniffer("cnki-custom"),
        _lines(tagged.reader("cnki-custom")),
    ),
    Format("ovid-tagged", "Ovid's own tagged text, with short tags or long labels", ovid.sniff, _lines(ovid.read)),
    Format("euctr-txt", "Protocols as text, from the EU Clinical Trials Register", euctr.sniff, _lines(euctr.read)),
    Format(
        "csv",
        "A table as text, with commas, semicolons or tabs, under headings that name a title",
        tables.sniff,
        _lines(tables.read),
        table_writing.write_csv,
    ),
    Format(
        "xlsx",
        "A workbook with sheets of references",
        _never,
        workbooks.read_workbook,
        write_binary=table_writing.write_xlsx,
    ),
    Format(
        "parquet",
        "Typed columns for analysis",
        _never,
        parquet.read_parquet,
        write_binary=parquet.write_parquet,
    ),
    Format("web-page", "A saved web page (HTML) of one article", pages.sniff_html, _lines(pages.read_html)),
    Format(
        "page-text", "The text of a web page of one article, pasted or saved", pages.sniff_text, _lines(pages.read_text)
    ),
)
"""In the order in which they are tried: the strict ones first, plain text last."""

_FOREIGN: tuple[tuple[str, re.Pattern[str], str], ...] = tuple(
    (name, re.compile(pattern, re.MULTILINE | re.IGNORECASE), advice)
    for name, pattern, advice in (("an XML file", r"\A\s*<\?xml(?![\s\S]{0,2000}<html)", "Export RIS instead."),)
)


_COLUMNS = frozenset(
    ("title", "titles", "author", "authors", "abstract", "year", "doi", "journal", "pmid", "keywords", "key", "source",
     "item type", "publication year", "label", "included", "record_id", "author names", "source title", "article title",
     "document title", "item title", "primary_title", "notes", "url", "id", "t1", "language")
)  # fmt: skip
"""Names of columns: two of them in the first line make a table."""

_KEY_LINE = re.compile(r"^[ \t]*([^\W\d_][^:：=\n]{1,120}?)[ \t]*[:：=](?:[ \t]|$)", re.MULTILINE)
_REPEATED_KEYS = 6
"""Keys met twice or more that make a dump of records: lists of related articles repeat authors, journal, year, DOI."""

_NUMBERED_KEY = re.compile(r"^[ \t]*[A-Z]\.\d{1,2}(?:\.\d{1,2}){0,4}\.?[ \t]+[^:\n]{3,}:", re.MULTILINE)
_TRIAL_KEY = re.compile(
    r"^[ \t]*(?:(?:main |trial |study |registration |registry |eudract |eu (?:ct )?|nct |public )*(?:id|number|no\.?)"
    r"|(?:overall |recruitment |trial )status|(?:primary |lead )?sponsor|(?:public|scientific|brief|official) title"
    r"|study (?:type|design|phase)|phase|conditions?|interventions?|inclusion criteria|exclusion criteria"
    r"|(?:key |target |actual )?(?:enrol?lment|sample size)|(?:primary|secondary) outcomes?(?: measures?)?"
    r"|date (?:of )?(?:registration|first enrol?lment))[ \t]*:",
    re.MULTILINE | re.IGNORECASE,
)
_TRIAL_KEYS = 6
"""Different labels of trial registries, or numbered field lines, that make a registry's record."""

_QUOTED_ROW = re.compile(r'^"[^"\n]*"(?:[,;\t]"[^"\n]*")+', re.MULTILINE)


def recognise(name: str, head: str) -> Format:
    """Return the format of a file from its first part.

    Raises
    ------
    Unreadable
        None of them: the message says what it looks like instead, where that can be told.
    """
    for form in FORMATS:
        if form.name == "page-text":
            _refuse_foreign(name, head)
        if form.sniff(head):
            return form
    if why := tables.refusal(head):
        raise _table(name, why)
    raise Unreadable(
        f"{name} holds nothing that can be read as a reference.",
        hint="See `stromata convert --help` for the formats; pages of single articles are read as HTML or text.",
    )


def _even_rows(head: str) -> bool:
    """Tell whether the first lines have many cells, the same number in each."""
    counts = [line.count(sign) for sign in (";", "\t") for line in head.split("\n", 5)[:5]]
    return any(count >= 6 and counts.count(count) >= 2 for count in counts)


def _is_dump(head: str) -> bool:
    """Tell whether text is records of labelled fields, as registries and databases dump them, and not a page.

    Either many of its labels come again and again and they begin a third of all lines or more; or it has the fields of
    a trial registry, by their names or by their numbers (``E.5.1 Primary end point:``).
    """
    keys = Counter(key.lower() for key in _KEY_LINE.findall(head))
    lines = sum(not line.isspace() for line in head.split("\n") if line)
    repeated = sum(count > 1 for count in keys.values())
    if repeated >= _REPEATED_KEYS and 3 * keys.total() >= lines:
        return True
    trial = {label.lower().strip() for label in _TRIAL_KEY.findall(head)}
    return max(len(trial), len(set(_NUMBERED_KEY.findall(head)))) >= _TRIAL_KEYS


def _table(name: str, why: str) -> Unreadable:
    return Unreadable(
        f"{name} is a table that is not read. {why}",
        hint="Give the columns headings such as title, authors, year, journal, doi, abstract; or export RIS.",
    )


def _refuse_foreign(name: str, head: str) -> None:
    for what, pattern, advice in _FOREIGN:
        if pattern.search(head):
            raise Unreadable(f"{name} is {what}, which is not read.", hint=advice)
    if _is_dump(head):
        raise Unreadable(
            f"{name} is a list of labelled fields, such as a trial registry's dump, which is not read.",
            hint="Export the references as RIS, or the registry's records by way of a reference manager.",
        )
    first = head.lstrip().partition("\n")[0]
    cells = {cell.strip(' "\ufeff').lower() for cell in re.split("[,;\t]", first)}
    if len(cells & _COLUMNS) >= 2 or _even_rows(head) or len(_QUOTED_ROW.findall(head[:20000])) >= 2:
        raise _table(name, tables.refusal(head) or "It is a table without headings that name its columns.")
