"""Pages of single articles, as HTML or as plain text: one page is one Record.

Data meant for programs come first (meta tags, JSON-LD, JSON objects in the text); what they leave open is taken from
the text a reader sees. What neither says stays empty.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator

import lxml.etree
import lxml.html

from stromata.formats import page_credits, page_text
from stromata.formats.language import detect_language, han_share, language_code
from stromata.formats.page_data import Facts, article_in, linked, meta, objects_in, salvaged
from stromata.formats.page_text import Block, Findings, Line
from stromata.formats.page_words import words
from stromata.formats.text import clean, iso_date, page_span, same_text
from stromata.model import LanguageBasis, Problem, Record, Translation
from stromata.model.identifiers import find_dois, find_issns, find_registry_ids, normal_doi, normal_pmcid, normal_pmid

_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body|meta)\b", re.IGNORECASE)
_NO_TEXT = frozenset(
    ("script", "style", "noscript", "nav", "footer", "aside", "button", "select", "svg", "template", "head", "form")
)
_BREAKS = frozenset(
    (
        "p", "div", "br", "li", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "header", "main",
        "tr", "td", "th", "table", "dt", "dd", "dl", "blockquote", "title", "address", "figure", "figcaption", "hr",
    )
)  # fmt: skip
_DOI_LABEL = re.compile(r"(?:doi(?:\.org)?\s*[:：/]|doi\s|doi号|dx\.doi\.org)", re.IGNORECASE)
_PMID_LABEL = re.compile(r"\bPMID\s*[:：]?\s*([1-9]\d{4,7})\b")
_PMC_LABEL = re.compile(r"\bPMCID?\s*[:：]?\s*(?:PMC)?(\d{4,9})\b")
_DATE_LABEL = re.compile(
    r"\b(?:e?pub(?:lished)?(?: online| date)?|first published(?: online)?|available online|issue (?:published|date))\b"
    r"(?: on)?\s*[:：]?\s*((?:\d{1,2}\s+)?[A-Z][a-z]+\.?\s+(?:\d{1,2},?\s+)?[12]\d{3}"
    r"|[12]\d{3}(?:[-/. ](?:\d{1,2}|[A-Z][a-z]{2,8})){0,2})",
    re.IGNORECASE,
)
_DATE_LABEL_HAN = re.compile(r"(?:出版|发表|发布|刊出)(?:日期|时间)\s*[:：]\s*([12]\d{3}(?:\s*[-/.年]\s*\d{1,2}){0,2})")
_COPYRIGHT = re.compile(r"©|\(c\)|copyright", re.IGNORECASE)


_LEFT_OPEN = re.compile(r"<(?:/?[a-z]|!)[^<>]*\Z", re.IGNORECASE)
_SCRIPT = re.compile(r"<(/?)(?:script|style)\b", re.IGNORECASE)


_SNIFFED = 5000
"""Lines that are looked at to recognise the text of a page; its title, authors and abstract come before."""


_MOST_RANGES = 500
"""Runs of lines left out that a Problem names."""

_LONGEST_TEXT, _LONGEST_HTML = 4_000_000, 16_000_000
"""Characters of a page, which is held whole: a book of a thousand pages has three million, and a saved page of an
article one million, with its pictures in it ten."""


def sniff_html(head: str) -> bool:
    """Tell whether the first part of a file looks like HTML."""
    return bool(_HTML.search(head[:5000])) and "<" in head.lstrip("\ufeff \t\r\n")[:200]


def sniff_text(head: str) -> bool:
    """Tell whether text can be a page of an article: it has a line like a title, and prose, headings or data."""
    objects, broken = objects_in(head)
    if article_in([value for _, _, value in objects], "") or broken:
        return True
    found = page_text.find(page_text.class_lines("\n".join(head.split("\n", _SNIFFED)[:_SNIFFED])))
    return bool(found.title) and bool(found.abstract or found.authors or len(found.fields) > 1)


def read_text(lines: Iterable[tuple[int, str | Problem]], *, source: str) -> Iterator[Record | Problem]:
    """Yield the Record of a page of plain text, and Problems; see `catalogue.LineReader`."""
    text, problems = _joined(lines, most=_LONGEST_TEXT)
    yield from problems
    if not text:
        return
    objects, broken = objects_in(text)
    classed = page_text.class_lines(text)
    page = _without(text, [(start, end) for start, end, _ in objects] + broken)
    facts = article_in([value for _, _, value in objects], page)
    spans = [(start, end) for start, end, _ in objects]
    ends = [match.start() for match in re.finditer("\n", text)] if spans or broken else []
    for start, end in broken:
        yield Problem(
            bisect_left(ends, start) + 1,
            "page-data-cut",
            "The data in this line are cut off; their whole fields were read.",
            "Save the page again.",
        )
        facts = (facts or Facts()).filled(article_in([salvaged(text[start:end])], page) or Facts())
        spans.append((start, end))
    for start, end in spans:
        for line in classed[bisect_left(ends, start) : bisect_left(ends, end) + 1]:
            line.kind, line.used, line.field = "furniture", True, ""
    yield from _recorded(facts or Facts(), classed, source=source)


def read_html(lines: Iterable[tuple[int, str | Problem]], *, source: str) -> Iterator[Record | Problem]:
    """Yield the Record of a page of HTML, and Problems; see `catalogue.LineReader`. Nothing is fetched."""
    text, problems = _joined(lines, most=_LONGEST_HTML)
    yield from problems
    if not text:
        return
    plain = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]", " ", re.sub(r"<\?xml[^>]*\?>", "", text))
    parser = lxml.html.HTMLParser(
        no_network=True, recover=True, remove_comments=True, remove_pis=True, encoding="utf-8"
    )
    try:
        tree = lxml.html.document_fromstring(plain.encode("utf-8"), parser=parser)
    except (lxml.etree.LxmlError, ValueError) as error:
        yield Problem(1, "page-html", f"This HTML cannot be taken apart: {clean(str(error))}.", "Save the page again.")
        return
    tags = [
        (str(tag.get("name") or tag.get("property") or ""), str(tag.get("content") or ""), _language_of(tag))
        for tag in tree.iter("meta")
    ]
    scripts = [script.text or "" for script in tree.iter("script") if "ld+json" in str(script.get("type", ""))]
    facts = meta(tags) or Facts()
    facts = facts.filled(linked(scripts) or Facts())
    facts.extra = _named_tags(facts.extra)
    shown = "\n".join(line for line in _visible(tree).split("\n") if line.strip())
    classed = page_text.class_lines(shown)
    whole = text.count("\n") + 1
    if not facts.title:
        og = next(
            (clean(value) for name, value, _ in tags if name.lower() in {"og:title", "twitter:title"} and value), ""
        )
        facts = Facts(title=og).filled(facts) if og and any(same_text(line.text, og) for line in classed) else facts
    for item in _recorded(facts, classed, source=source, end_line=whole):
        if isinstance(item, Problem) and item.code == "page-left-out":
            continue  # the lines of the visible text are not lines of the file
        if isinstance(item, Problem):
            yield Problem(0, item.code, item.text, item.hint)
        else:
            yield item
    why = _cut(text)
    if why:
        yield Problem(whole, "page-cut", f"The page is cut off: {why}. What there is was read.", "Save the page again.")


def _cut(text: str) -> str:
    """Return how one sees that a page of HTML is not whole; nothing when it is, or when that cannot be told."""
    lower = text.lower()
    if "</html" in lower:
        return ""
    if _LEFT_OPEN.search(text):
        return "it ends inside a tag"
    scripts = list(_SCRIPT.finditer(text))
    if scripts and not scripts[-1][1]:
        return "it ends inside a script or a style"
    if text.rfind("<!--") > text.rfind("-->"):
        return "it ends inside a comment"
    return "it begins with <html> but has no </html>" if re.search(r"<html\b", lower) else ""


def _named_tags(extra: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((name, value[:2000]) for name, value in extra))


def _language_of(tag: lxml.html.HtmlElement) -> str:
    return str(tag.get("{http://www.w3.org/XML/1998/namespace}lang") or tag.get("xml:lang") or tag.get("lang") or "")


def _visible(tree: lxml.html.HtmlElement) -> str:
    """Return the text a reader sees, a line to a block."""
    parts: list[str] = []
    for event, node in lxml.etree.iterwalk(tree, events=("start", "end")):
        if not isinstance(node.tag, str):
            continue
        if event == "start":
            if node.tag in _BREAKS:
                parts.append("\n")
            if not _hidden(node):
                parts.append(re.sub(r"\s+", " ", node.text or ""))
        else:
            if node.tag in _BREAKS:
                parts.append("\n")
            parent = node.getparent()
            if parent is not None and not _hidden(parent):
                parts.append(re.sub(r"\s+", " ", node.tail or ""))
    return "".join(parts)


def _hidden(node: lxml.etree._Element) -> bool:
    return any(one.tag in _NO_TEXT for one in (node, *node.iterancestors()))


def _joined(lines: Iterable[tuple[int, str | Problem]], *, most: int) -> tuple[str, list[Problem]]:
    """Return the whole text and the Problems of decoding; no text, and a Problem, when it is longer than `most`."""
    texts: list[str] = []
    problems: list[Problem] = []
    size = 0
    for _, line in lines:
        if not isinstance(line, str):
            problems.append(line)
            continue
        size += len(line) + 1
        if size > most:
            said = (
                f"This page has more than {most:,} characters; a page of one article was expected, and it was not read."
            )
            hint = "Export the reference as RIS, or save the page again without pictures or only its beginning."
            return "", [Problem(1, "page-too-long", said, hint)]
        texts.append(line)
    return "\n".join(texts), problems


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    """Return the text with data blotted out; places stay the same."""
    parts: list[str] = []
    done = 0
    for start, end in sorted(spans):
        parts += (text[done:start], re.sub(r"[^\n]", " ", text[max(start, done) : end]))
        done = max(done, end)
    return "".join((*parts, text[done:]))


def _recorded(facts: Facts, lines: list[Line], *, source: str, end_line: int = 0) -> Iterator[Record | Problem]:
    """Join data and text into one Record, and say what was odd or left out."""
    found = page_text.find(lines, known_title=facts.title)
    record = _record(facts, found, lines, source=source, end_line=end_line or len(lines))
    if not record.title or not (record.abstract or record.authors or record.doi or record.journal or record.keywords):
        yield Problem(
            1,
            "page-no-article",
            "No title and text of an article were found on this page.",
            "Save the page of one article, or export its citation as RIS.",
        )
        return
    yield record
    if found.rival and not facts.title:
        text = f"Another line could be the title as well: '{found.rival}'."
        yield Problem(next(line.number for line in lines if line.text == found.rival), "page-two-titles", text)
    if found.authors_cut:
        yield Problem(1, "page-authors-cut", "The page does not list all authors.", "Export the citation as RIS.")
    if not record.abstract:
        yield Problem(0, "page-no-abstract", "No abstract was found on this page.")
    left = [line.number for line in lines if line.text and not line.used]
    if left:
        text = f"Left out as belonging to the page, not to the article: lines {_ranges(left)}."
        yield Problem(left[0], "page-left-out", text, "Look there if something is missing from the record.")


def _ranges(numbers: list[int]) -> str:
    """Return ``3-5, 9`` for 3, 4, 5, 9."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    said = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs[:_MOST_RANGES])
    return f"{said} and {len(runs) - _MOST_RANGES} more" if len(runs) > _MOST_RANGES else said


def _record(facts: Facts, found: Findings, lines: list[Line], *, source: str, end_line: int) -> Record:
    fields = _fields(found)
    title = _tidy_title(facts.title or found.title)
    abstract, translations = _abstracts(facts, found, title)
    date = facts.date or fields.get("date", "")
    labelled = _labelled_date(lines)
    if not date or (len(date) == 4 and labelled.startswith(date)):
        date = labelled or date
    journal = facts.journal or fields.get("journal", "")
    stated = facts.language or language_code(fields.get("language", ""))
    detected = "" if stated else detect_language(f"{title} {abstract}")
    basis: LanguageBasis = "stated" if stated else "detected" if detected else ""
    top = _top(lines)
    known = words().article_types
    said = [known[one.lower()] for one in (*found.types, fields.get("type", "")) if one.lower() in known]
    kind = facts.kind or (said[0] if said else "article-journal" if journal else "")
    extra = [*facts.extra, *(("publication type", one) for one in found.types), *found.extra]
    if fields.get("type"):
        extra.append(("publication type", fields["type"]))
    registered = " ".join(value for name, value in found.extra if name == "registration")
    return Record(
        source=source, number=1, line=1, end_line=end_line, type=kind, title=title,
        authors=facts.authors or found.authors, year=int(date[:4]) if date else None, date=date, journal=journal,
        journal_abbreviation=facts.journal_abbreviation, volume=facts.volume or fields.get("volume", ""),
        issue=facts.issue or fields.get("issue", ""), pages=facts.pages or fields.get("pages", ""),
        publisher=facts.publisher or fields.get("publisher", ""),
        issn=facts.issn or find_issns(fields.get("issn", "")), isbn=facts.isbn,
        doi=facts.doi or normal_doi(fields.get("doi", "")) or _doi(top),
        pmid=facts.pmid or normal_pmid(fields.get("pmid", "")) or _said(_PMID_LABEL, top),
        pmcid=facts.pmcid or normal_pmcid(fields.get("pmcid", "")) or _pmc(_said(_PMC_LABEL, top)),
        registry_ids=find_registry_ids(f"{title}\n{abstract}\n{registered}"),
        urls=facts.urls, abstract=abstract, keywords=facts.keywords or found.keywords, language=stated or detected,
        language_basis=basis, translations=translations, extra=tuple(dict.fromkeys(extra)),
    )  # fmt: skip


def _fields(found: Findings) -> dict[str, str]:
    """Turn labelled values into fields: what 'source' means, and combined year, volume and issue."""
    fields = {name: value.strip(" ;；,，") for name, value in found.fields.items()}
    combined = fields.pop("yearissue", "")
    if combined:
        for name, value in page_credits.year_issue(combined).items():
            fields.setdefault(name, value)
    journal = fields.get("journal", "")
    source = fields.pop("source", "")
    if source:
        printed = page_credits.year_issue(source) if re.search(r"[12]\d{3}", source) else {}
        plain = re.split(r"(?<![,，.\s])[,，.\s]*+[12]\d{3}", source)[0] if printed else source
        plain = plain.strip(" 《》,，." if printed else " 《》")
        for name, value in printed.items():
            fields.setdefault(name, value)
        maker = words().publisher.search(plain) and not words().journal.match(plain)
        if maker or (journal and not same_text(journal, plain)):
            fields.setdefault("publisher", plain)
        else:
            fields.setdefault("journal", plain)
    if journal:
        printed = page_credits.year_issue(journal) if re.search(r"[,，.;\s(（][12]\d{3}", journal) else {}
        if printed:
            fields["journal"] = re.split(r"(?<![,，.;\s(（])[,，.;\s(（]*+[12]\d{3}", journal)[0]
            for name, value in printed.items():
                fields.setdefault(name, value)
        fields["journal"] = fields["journal"].strip(" 《》,，.;")
    date = iso_date(fields.get("date", "")) or iso_date(fields.get("year", ""))
    fields["date"] = date
    fields["pages"] = page_span(fields.get("pages", ""), "")
    fields["volume"] = re.sub(r"^(?:第|vol(?:ume)?\.?)\s*|卷$", "", fields.get("volume", ""), flags=re.IGNORECASE)
    fields["issue"] = re.sub(r"^(?:第|no\.?|issue)\s*|期$", "", fields.get("issue", ""), flags=re.IGNORECASE)
    return fields


def _tidy_title(title: str) -> str:
    """Strip the one full stop that databases put behind a title, and decoration."""
    title = title.strip().strip("*#").strip()
    bare = title[:-1]
    return bare if title[-1:] in {".", "。"} and not title.endswith("..") and "." not in bare[-3:] else title


def _abstracts(facts: Facts, found: Findings, title: str) -> tuple[str, tuple[Translation, ...]]:
    """Return the abstract and the translations, of which a page may have one in its text and one in its data."""
    first, second = found.abstract, found.other_abstract
    own_han = han_share(title) > 0.3 if title else bool(first and first.han)
    shown = next((block for block in (first, second) if block and block.han == own_han), None)
    abstract = facts.abstract
    if shown and (not abstract or (abstract.rstrip().endswith(("...", "…")) and len(shown.joined()) > len(abstract))):
        abstract = shown.joined()
    other = next((block for block in (first, second) if block and block.han != own_han), None)
    if other and not abstract and not title:
        abstract, other = other.joined(), None
    translations = list(facts.translations)
    other_title = _tidy_title(found.other_title)
    if (other or other_title) and not translations:
        text = other.joined() if other else ""
        language = detect_language(f"{other_title} {text}") or ("zh" if han_share(other_title + text) > 0.3 else "und")
        machine = bool(other and other.machine) or (found.machine and not _marked(first, second))
        translations.append(Translation(language=language, title=other_title, abstract=text, machine=machine))
    return abstract, tuple(translations)


def _marked(*blocks: Block | None) -> bool:
    return any(block is not None and block.machine for block in blocks)


def _top(lines: list[Line]) -> list[str]:
    """Return the lines before the list of references and the other articles, where the article's own numbers stand."""
    kept: list[str] = []
    skipping = False
    for line in lines:
        if line.kind in {"heading", "field"}:
            skipping = line.field == "stop" and bool(
                re.search(
                    "referen|参考|similar|相似|related|相关|recommend|推荐|cited|citing|引证|read",
                    line.text,
                    re.IGNORECASE,
                )
            )
        if not skipping:
            kept.append(line.text)
    return kept


def _doi(top: list[str]) -> str:
    """Return the article's DOI from the page's text: one with a label before one without."""
    labelled = [doi for text in top if _DOI_LABEL.search(text) for doi in find_dois(text)]
    return (labelled or [doi for text in top if len(text) < 300 for doi in find_dois(text)] or [""])[0]


def _said(pattern: re.Pattern[str], top: list[str]) -> str:
    return next((match[1] for text in top if (match := pattern.search(text))), "")


def _pmc(digits: str) -> str:
    return f"PMC{digits}" if digits else ""


def _labelled_date(lines: list[Line]) -> str:
    """Return a date that a line calls the date of publication; years of copyright notices do not count."""
    for line in lines:
        if len(line.text) < 300 and not _COPYRIGHT.search(line.text):
            match = _DATE_LABEL_HAN.search(line.text) or _DATE_LABEL.search(line.text)
            if match and iso_date(match[1]):
                return iso_date(match[1])
    return ""
