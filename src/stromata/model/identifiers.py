"""One written form for each identifier of a publication or a trial: DOI, PubMed, PMC, ISSN, ISBN, registries.

Functions named `normal_...` take one identifier as people write it and return its normal form, or nothing when it is
none. Functions named `find_...` look for identifiers in running text.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

_DOI = re.compile(
    r"10\.\d{4,9}(?:\.\d+)*/"
    r"(?:<\d+::AID-[A-Z0-9]+>"  # old Wiley suffixes (SICI) hold angle brackets
    r"|(?![,;]10\.\d{4,9}/)[^\s\"<>{}|\\^`\u3000-\u303f\u4e00-\u9fff\uff01\uff08\uff09\uff0c\uff1b])+",
    re.IGNORECASE,
)
# Registered suffixes may hold brackets (10.1016/S0140-6736(05)67889-0); a closing one that was not opened is prose.
_DOI_TAIL = ".,;:!?'\"*&\u201c\u201d\u2018\u2019"
_BRACKETS = {")": "(", "]": "[", "}": "{", ">": "<"}
# Parts of a page's address that follow a DOI and do not belong to it.
_DOI_PATHS = re.compile(
    r"(?:/(?:abstract|full|fulltext|pdf|epdf|meta|html|xml|summary|tables?|figures?)(?:/.*)?|\.pdf|[?#].*)$",
    re.IGNORECASE,
)
# An encoded blank ends a DOI as a plain one does; so does a character that steers a terminal or the reading direction.
_DOI_END = re.compile("[\\s\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_PMID = re.compile(r"[1-9]\d{0,7}")
_PMID_TEXT = re.compile(r"\b(?:PMID|PubMed(?: ?ID)?|MEDLINE)\s*[:=]?\s*([1-9]\d{0,7})\b", re.IGNORECASE)
_PMCID = re.compile(r"\b(?:PMC)\s?(\d{3,9})\b", re.IGNORECASE)
_ISSN = re.compile(r"(?<![\d-])(\d{4})[-\u2010-\u2015]?(\d{3}[\dXx])(?![\d-])")
_ISBN = re.compile(r"(?<!\d)(97[89][- ]?(?:\d[- ]?){9}\d|(?:\d[- ]?){9}[\dXx])(?![\d])")

_REGISTRIES: tuple[tuple[str, str, str], ...] = (
    # (registry, pattern, form): groups are joined by the form. Shapes follow the WHO registry network's own rules.
    ("ClinicalTrials.gov", r"NCT[\s:#-]{0,2}(\d{8})", "NCT{}"),
    ("ISRCTN", r"ISRCTN[\s:#-]{0,2}(\d{8})", "ISRCTN{}"),
    ("ChiCTR", r"ChiCTR[\s:#-]{0,2}(\d{10})", "ChiCTR{}"),
    ("ChiCTR", r"ChiCTR[\s-]?([A-Z]{2,4})[\s-]?(\d{8})", "ChiCTR-{}-{}"),
    ("EU CTIS", r"(?:EUCT|CTIS)?(20\d\d-5\d{5}-\d\d-\d\d)", "CTIS{}"),
    ("EudraCT", r"(?:EUCTR|EudraCT)?(20\d\d-00\d{4}-\d\d)(?:-[A-Z]{2})?(?![-\d])", "EUCTR{}"),
    ("ANZCTR", r"ACTRN[\s:#-]{0,2}(\d{14})", "ACTRN{}"),
    ("CTRI", r"CTRI[\s/-]{0,2}(\d{4})/(\d{2,3})/(\d{6})", "CTRI/{}/{}/{}"),
    ("jRCT", r"jRCT[\s:#-]{0,2}(s?\d{9,10})", "jRCT{}"),
    ("UMIN", r"UMIN(?:-CTR)?[\s:#-]{0,2}(\d{9})", "UMIN{}"),
    ("JapicCTI", r"JapicCTI[\s:#-]{0,2}(\d{6})", "JapicCTI-{}"),
    ("IRCT", r"IRCT[\s:#-]{0,2}(\d{11,16}N\d{1,3}|\d{12,20})", "IRCT{}"),
    ("CRIS", r"KCT[\s:#-]{0,2}(\d{7})", "KCT{}"),
    ("DRKS", r"DRKS[\s:#-]{0,2}(\d{8})", "DRKS{}"),
    ("NTR", r"NTR[\s:#-]{0,2}(\d{3,5})", "NTR{}"),
    ("OMON", r"NL-OMON[\s:#-]{0,2}(\d{4,6})", "NL-OMON{}"),
    ("PACTR", r"PACTR[\s:#-]{0,2}(\d{15,16})", "PACTR{}"),
    ("ReBEC", r"RBR-([0-9a-z]{6,7})", "RBR-{}"),
    ("TCTR", r"TCTR[\s:#-]{0,2}(\d{11})", "TCTR{}"),
    ("SLCTR", r"SLCTR[\s/-]{0,2}(\d{4})/(\d{3})", "SLCTR/{}/{}"),
    ("RPCEC", r"RPCEC[\s:#-]{0,2}(\d{8})", "RPCEC{}"),
    ("LBCTR", r"LBCTR[\s:#-]{0,2}(\d{10})", "LBCTR{}"),
    ("REPEC", r"PER-(\d{3})-(\d{2})", "PER-{}-{}"),
    ("PROSPERO", r"CRD[\s:#-]{0,2}(42\d{9}|420\d{7,9})", "CRD{}"),
)
_TRIALS = tuple(
    (name, re.compile(rf"(?<![A-Za-z0-9])(?:{pattern})(?![A-Za-z0-9])", re.IGNORECASE), form)
    for name, pattern, form in _REGISTRIES
)
_LETTERS = {"EU CTIS": "-5", "EudraCT": "-00", "UMIN": "umin", "REPEC": "per-", "ReBEC": "rbr-"}
_NEEDLES = tuple(_LETTERS.get(name) or pattern[: pattern.index("[")].lower() for name, pattern, _ in _REGISTRIES)
"""For each registry what any text that names it holds, in small letters: to look for it is quick."""

# Most text names no trial: one look for any registry's letters (or a European number) saves two dozen searches.
_ANY_TRIAL = re.compile(
    r"(?:NCT|CTR[NI]?|RCTN?|UMIN|CTI|KCT|DRKS|NTR|OMON|TRI|PCEC|CRD)(?:-?[A-Z]{2,4})?[\s:#/-]{0,2}s?\d"
    r"|PER-\d|RBR-|20\d\d-[05]\d{4}",
    re.IGNORECASE,
)

_ZEROS = re.compile(rb"0{5,}+")
_TO_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_SMALL_NTR = re.compile(r"ntr[\s:#-]{0,2}[0-9]")  # "control" holds these letters, and every abstract holds "control"
_NEAR = 32
"""Characters before five digits in a row in which the letters of a registration stand."""


def normal_doi(text: str) -> str:
    """Return the DOI that `text` is or holds first, in lower case without resolver; nothing when there is none.

    Examples
    --------
    >>> normal_doi("https://doi.org/10.1000/ABC.123.")
    '10.1000/abc.123'
    >>> normal_doi("no identifier")
    ''
    """
    found = find_dois(text)
    return found[0] if found else ""


def find_dois(text: str) -> tuple[str, ...]:
    """Return all DOIs in `text` in normal form, in order, each once."""
    if "10." not in text:
        if "10%2e" not in text.lower():
            return ()
        text = unquote(text)
    if "%2" in text.lower():
        text = re.sub(r"%2[fF]", "/", text)
    found: dict[str, None] = {}
    for match in _DOI.finditer(text):
        doi = _trimmed_doi(match.group())
        if doi:
            found[doi.lower()] = None
    return tuple(found)


def _trimmed_doi(raw: str) -> str:
    """Cut what prose, markup and page addresses add to the end of a DOI."""
    doi = unquote(raw) if "%" in raw else raw
    doi = _DOI_END.split(doi, maxsplit=1)[0]
    doi = doi.split("&nbsp")[0].split("](")[0]
    while doi:
        shorter = _DOI_PATHS.sub("", doi).rstrip(_DOI_TAIL)
        opening = _BRACKETS.get(shorter[-1:])
        if opening and shorter.count(shorter[-1]) > shorter.count(opening):
            shorter = shorter[:-1]
        if shorter == doi:
            break
        doi = shorter
    head, _, suffix = doi.partition("/")
    return doi if suffix and head.startswith("10.") else ""


def normal_pmid(text: str) -> str:
    """Return the PubMed number that `text` is (``12345``, ``PMID: 12345``, an address of PubMed), or nothing."""
    bare = text.strip()
    stripped = bare.lstrip("0")
    if _PMID.fullmatch(stripped):
        return stripped
    address = re.search(r"pubmed(?:\.ncbi\.nlm\.nih\.gov)?/([1-9]\d{0,7})(?!\d)", bare, re.IGNORECASE)
    if address:
        return address.group(1)
    found = _PMID_TEXT.search(bare)
    return found.group(1) if found else ""


def normal_pmcid(text: str) -> str:
    """Return the PubMed Central number in `text` as ``PMC123456``; nothing when there is none."""
    found = _PMCID.search(text)
    return f"PMC{found.group(1).lstrip('0')}" if found and found.group(1).strip("0") else ""


def find_issns(text: str) -> tuple[str, ...]:
    """Return the ISSNs in `text` as ``1234-567X``, each once. Check digits are not judged: exports hold wrong ones."""
    return tuple(dict.fromkeys(f"{one}-{two.upper()}" for one, two in _ISSN.findall(text)))


def find_isbns(text: str) -> tuple[str, ...]:
    """Return the ISBNs of ten or thirteen digits in `text`, without hyphens, each once."""
    return tuple(dict.fromkeys(re.sub(r"[- ]", "", found).upper() for found in _ISBN.findall(text)))


def find_registry_ids(text: str) -> tuple[str, ...]:
    """Return the trial and review registrations that `text` names, in normal form, in order of mention, each once.

    Examples
    --------
    >>> find_registry_ids("Registered as NCT 01234567 and ChiCTR-TRC-12345678.")
    ('NCT01234567', 'ChiCTR-TRC-12345678')
    """
    near = text
    if not _may_have_few_digits(text):
        # Elsewhere a registration holds five digits in a row, and its letters stand close before them.
        zeros = text.encode("ascii", "replace").translate(_TO_ZEROS)  # finding zeros is quicker than any pattern
        if b"00000" not in zeros:
            return ()
        parts: list[str] = []
        done = 0
        for run in _ZEROS.finditer(zeros):
            start, end = max(done, run.start() - _NEAR), run.start() + 5
            parts += (text[start:end],) if start == done else ("\n", text[start:end])
            done = end
        near = "".join(parts)
    if not _ANY_TRIAL.search(near):
        return ()
    found: list[tuple[int, str]] = []
    small = text.lower()
    for needle, (name, pattern, form) in zip(_NEEDLES, _TRIALS, strict=True):
        if needle not in small:
            continue
        found += [(match.start(), _formed(name, form, match.groups())) for match in pattern.finditer(text)]
    return tuple(dict.fromkeys(identifier for _, identifier in sorted(found)))


def _may_have_few_digits(text: str) -> bool:
    """Tell whether a registry is named whose numbers may have fewer than five digits in a row."""
    return (  # written out: this is asked of every record
        "NTR" in text or "RBR-" in text or "PER-" in text or "SLCTR" in text
        or "rbr-" in text or "per-" in text or "slctr" in text or _SMALL_NTR.search(text) is not None
    )  # fmt: skip


def _formed(name: str, form: str, groups: tuple[str, ...]) -> str:
    """Join the parts of a registration in the registry's own letter case."""
    change = str.lower if name in {"jRCT", "ReBEC"} else str.upper
    return form.format(*(change(group) for group in groups))


def registry_of(identifier: str) -> str:
    """Return the name of the registry that issued `identifier`; nothing when its shape is unknown."""
    for name, pattern, _ in _TRIALS:
        if pattern.fullmatch(identifier):
            return name
    return ""
