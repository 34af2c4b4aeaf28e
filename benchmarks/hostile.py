# ruff: noqa: E501, ISC004 - entries as they stand in a file, as wide as they read best
"""Files made to be slow, and ordinary ones of the same formats to compare them with. All are made by rule."""

from __future__ import annotations

from collections.abc import Callable

WORDS = "the of stromal cells was in patients with group and a response weeks dose trial to placebo safety for skin "
TEXT = (WORDS * 12).strip().capitalize() + "."

ORDINARY: dict[str, tuple[str, str, str]] = {
    # format: (what begins the file, an entry with its number as {n}, what ends it)
    "ris": (
        "",
        f"TY  - JOUR\nTI  - Trial {{n}} of cells in skin\nAU  - Garcia, Ana\nAU  - Li, Bo\nPY  - 2020\nJF  - Journal\n"
        f"AB  - {TEXT}\nDO  - 10.99999/x.{{n}}\nKW  - cells\nER  - \n\n",
        "",
    ),
    "nbib": (
        "",
        f"PMID- {{n}}\nDP  - 2020 Jan\nTI  - Trial {{n}} of cells in skin\nAB  - {TEXT}\nFAU - Garcia, Ana\nAU  - Garcia A\n"
        "LA  - eng\nPT  - Journal Article\nJT  - Journal\nSO  - J. 2020\n\n",
        "",
    ),
    "pubmed-xml": (
        '<?xml version="1.0"?>\n<PubmedArticleSet>\n',
        "<PubmedArticle><MedlineCitation><PMID>{n}</PMID><Article><Journal><Title>Journal</Title></Journal>"
        f"<ArticleTitle>Trial {{n}} of cells in skin</ArticleTitle><Abstract><AbstractText>{TEXT}</AbstractText></Abstract>"
        "<AuthorList><Author><LastName>Garcia</LastName><ForeName>Ana</ForeName></Author></AuthorList></Article>"
        "</MedlineCitation></PubmedArticle>\n",
        "</PubmedArticleSet>\n",
    ),
    "endnote-xml": (
        '<?xml version="1.0"?>\n<xml><records>\n',
        '<record><ref-type name="Journal Article">17</ref-type><contributors><authors><author>Garcia, Ana</author>'
        "</authors></contributors><titles><title>Trial {n} of cells in skin</title></titles><dates><year>2020</year></dates>"
        f"<abstract>{TEXT}</abstract></record>\n",
        "</records></xml>\n",
    ),
    "bibtex": (
        "",
        "@article{{k{n},\n  title = {{Trial {n} of cells in skin}},\n  author = {{Garcia, Ana and Li, Bo}},\n"
        f"  year = {{{{2020}}}},\n  journal = {{{{Journal}}}},\n  abstract = {{{{{TEXT}}}}},\n}}}}\n\n",
        "",
    ),
    "csv": (
        "title,authors,year,journal,abstract,doi\n",
        f'Trial {{n}} of cells in skin,"Garcia, Ana; Li, Bo",2020,Journal,"{TEXT}",10.99999/x.{{n}}\n',
        "",
    ),
    "csl-json": (
        "[\n",
        '{{"id": "k{n}", "type": "article-journal", "title": "Trial {n} of cells in skin", "author": [{{"family": "Garcia",'
        f' "given": "Ana"}}}}], "issued": {{{{"date-parts": [[2020]]}}}}, "abstract": "{TEXT}"}}}},\n',
        '{"id": "last", "type": "book", "title": "The last"}\n]\n',
    ),
    "json": (
        '{"results": [\n',
        '{{"id": "https://openalex.org/W{n}", "display_name": "Trial {n} of cells in skin", "publication_year": 2020,'
        ' "doi": "https://doi.org/10.99999/x.{n}", "authorships": [{{"author": {{"display_name": "Ana Garcia"}}}}],'
        f' "note": "{TEXT}"}}}},\n',
        '{"id": "https://openalex.org/W0", "display_name": "The last", "publication_year": 2020}\n]}\n',
    ),
    "isi": (
        "FN Clarivate Analytics Web of Science\nVR 1.0\n",
        f"PT J\nAU Garcia, A\n   Li, B\nTI Trial {{n}} of cells in skin\nSO JOURNAL\nAB {TEXT}\nPY 2020\nUT WOS:{{n}}\nER\n\n",
        "EF\n",
    ),
    "enw": ("", f"%0 Journal Article\n%T Trial {{n}} of cells in skin\n%A Garcia, Ana\n%D 2020\n%J Journal\n%X {TEXT}\n\n", ""),
    "ovid": (
        "",
        f"<{{n}}>\nUnique Identifier\n  {{n}}\nTitle\n  Trial {{n}} of cells in skin.\nAuthors\n  Garcia A.  Li B.\nSource\n"
        f"  Journal. 5(2):1-9, 2020.\nAbstract\n  {TEXT}\n\n",
        "",
    ),
    "page-text": (
        "Trial of stromal cells in the skin of patients with wounds\nAna Garcia, Bo Li\nAbstract\n",
        f"{TEXT} In {{n}} patients.\n",
        "",
    ),
    "web-page": (
        '<html><head><meta name="citation_title" content="Trial of stromal cells in skin"></head><body>\n',
        f"<p>{TEXT} In {{n}} patients.</p>\n",
        "</body></html>\n",
    ),
}  # fmt: skip


def ordinary(form: str, size: int) -> bytes:
    """Return an ordinary file of at least `size` bytes."""
    begins, entry, ends = ORDINARY[form]
    count = size // len(entry.format(n=1_000_000)) + 1
    return (begins + "".join(entry.format(n=n) for n in range(1_000_000, 1_000_000 + count)) + ends).encode()


def _filled(form: str, piece: str, *, where: str = "abstract") -> Callable[[int], bytes]:
    """Return a maker of a file of one entry whose title or abstract is a piece again and again."""

    def make(size: int) -> bytes:
        begins, entry, ends = ORDINARY[form]
        text = piece * (size // len(piece))
        entry = entry.format(n=1_000_000)
        old = TEXT if where == "abstract" else "Trial 1000000 of cells in skin"
        return (begins + entry.replace(old, text) + ends).encode()

    return make


def _repeated(begins: str, piece: str, ends: str = "") -> Callable[[int], bytes]:
    """Return a maker of a file that is a piece again and again."""
    return lambda size: (begins + piece * (size // len(piece)) + ends).encode()


def _numbered(begins: str, piece: str, ends: str = "") -> Callable[[int], bytes]:
    def make(size: int) -> bytes:
        count = size // (len(piece) + 4) + 1
        return (begins + "".join(piece.replace("{n}", str(1_000_000 + n)) for n in range(count)) + ends).encode()

    return make


def _chained(size: int) -> bytes:
    """Return macros of which each is twice the one before."""
    begins = '@string{m1000000 = "ab"}\n'
    rest = _numbered("", "@string{m{n} = m{m} # m{m}}\n")(size).decode()
    lines = [line.replace("{m}", str(999_999 + at)) for at, line in enumerate(rest.split("\n")[1:-1], start=1)]
    return (begins + "\n".join(lines) + "\n@article{a, title=m1000040, author={Garcia, Ana}}\n").encode()


TRAPS: dict[str, str] = {
    "one-letter": "a", "spaces": " ", "no-break-spaces": "\u00a0", "dashes": "-", "digits": "7", "doi-starts": "10.", "dois": "10.1234/a ",
    "doi-brackets": "10.1234/(((", "nct": "NCT", "nct-spaced": "NCT ", "ntr": "ntr-1", "years": "2019", "issn": "1234-", "commas": ", ",
    "semicolons": ";", "ampersands": "& ", "entities": "&amp;amp;", "numbers-of-signs": "&#", "less": "< ", "tags": "<a ", "quotes": "'", "colons": "a: ",
    "capitals": "A. ", "han": "干细胞", "combining": "a\u0301\u0323", "months": "Jan ", "pubmed": "PubMed ", "pmid": "PMID: ", "at-signs": "@a ",
    "web": "http://", "percent": "10.1/%2", "full-stops": ".", "brackets": "(", "closed": ")", "slashes": "10.1234/a/pdf/",
}  # fmt: skip
"""Text again and again: each is a trap for some pattern."""

_RIS, _NBIB = "TY  - JOUR\nTI  - A\n", "PMID- 1\nTI  - A\n"
_PX, _PXE = ORDINARY["pubmed-xml"][0], ORDINARY["pubmed-xml"][2]
_ART = "<PubmedArticle><MedlineCitation><PMID>1</PMID><Article><ArticleTitle>A b</ArticleTitle>"
_ARTE = "</Article></MedlineCitation></PubmedArticle>\n"
_CSV = ORDINARY["csv"][0]

CASES: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "ris-tiny": ("ris", _repeated("", "TY  - JOUR\nER  - \n")),
    "ris-tiny-titled": ("ris", _repeated("", "TY  - JOUR\nTI  - A\nER  - \n")),
    "ris-empty-tags": ("ris", _repeated(_RIS, "AU  - \n", "ER  - \n")),
    "ris-authors": ("ris", _numbered(_RIS, "AU  - Garcia{n}, Ana\n", "ER  - \n")),
    "ris-same-author": ("ris", _repeated(_RIS, "AU  - Garcia, Ana\n", "ER  - \n")),
    "ris-keywords": ("ris", _numbered(_RIS, "KW  - word {n}\n", "ER  - \n")),
    "ris-keyword-lines": ("ris", _numbered(_RIS + "KW  - a\n", "word {n}\n", "ER  - \n")),
    "ris-titles": ("ris", _numbered(_RIS, "TI  - Title {n}\n", "ER  - \n")),
    "ris-journals": ("ris", _numbered(_RIS, "JF  - Title {n}\nT2  - Other {n}\n", "ER  - \n")),
    "ris-abstracts": ("ris", _numbered(_RIS, "AB  - Title {n} of a\nN2  - Other {n}\n", "ER  - \n")),
    "ris-dates": ("ris", _numbered(_RIS, "PY  - {n}\nDA  - {n}/1/1\n", "ER  - \n")),
    "ris-urls": ("ris", _numbered(_RIS, "UR  - http://a/{n}\n", "ER  - \n")),
    "ris-pages": ("ris", _numbered(_RIS, "SP  - {n}\nEP  - {n}\nSN  - {n}\n", "ER  - \n")),
    "ris-ids": ("ris", _numbered(_RIS, "AN  - {n}\nDO  - 10.1234/{n}\nC2  - {n}\nM3  - 10.1/{n}\n", "ER  - \n")),
    "ris-unclosed": ("ris", _repeated("", "TY  - JOUR\nTI  - A title of it\n")),
    "ris-ends": ("ris", _repeated(_RIS + "ER  - \n", "ER  - \n")),
    "ris-wrapped": ("ris", _repeated(_RIS + "AB  - a\n", "word\n", "ER  - \n")),
    "ris-outside": ("ris", _repeated(_RIS + "ER  - \n", "word\n")),
    "ris-blank": ("ris", _repeated(_RIS, "\n")),
    "ris-returns": ("ris", _repeated(_RIS.replace("\n", "\r"), "\r")),
    "ris-nuls": ("ris", lambda size: ordinary("ris", size).replace(b"Trial", b"Tri\0al")),
    "ris-mixed-ends": ("ris", lambda size: ordinary("ris", size).replace(b"AU  -", b"\rAU  -").replace(b"\nAB", b"\r\nAB")),
    "ris-returns-alone": ("ris", lambda size: ordinary("ris", size).replace(b"\n", b"\r")),
    "ris-mixed-encodings": ("ris", lambda size: ordinary("ris", size).replace(b"Garcia", b"Garc\xeda").replace(b"Li, Bo", b"L\xc3\xad, Bo")),
    "ris-mixed-encodings-han": ("ris", lambda size: ordinary("ris", size).replace(b"Garcia", "\u5e72\u7ec6\u80de".encode("gb18030")).replace(b"Li, Bo", "\u5e72\u7ec6\u80de".encode())),
    "ris-one-line": ("ris", lambda size: ordinary("ris", size).replace(b"\n", b" ").replace(b"TY  - JOUR ", b"TY  - JOUR\n", 1)),
    "ris-tags-unknown": ("ris", _numbered(_RIS, "ZZ  - {n}\n", "ER  - \n")),
    "ris-notes-of-ours": ("ris", _numbered(_RIS, "N1  - stromata.extra: A{n}=b\n", "ER  - \n")),
    "nbib-nuls": ("nbib", lambda size: ordinary("nbib", size).replace(b"Trial", b"Tri\0al")),
    "nbib-openers": ("nbib", _repeated(_NBIB + "\n", "TI  - A\n\n")),
    "nbib-run-together": ("nbib", lambda size: ordinary("nbib", size).replace(b"\n\n", b"\n")),
    "nbib-tiny": ("nbib", _numbered("", "PMID- {n}\n\n")),
    "nbib-empty-tags": ("nbib", _repeated(_NBIB, "MH  - \n")),
    "nbib-authors": ("nbib", _numbered(_NBIB, "FAU - Garcia{n}, Ana\nAU  - Garcia A\n")),
    "nbib-keywords": ("nbib", _numbered(_NBIB, "MH  - word {n}\n")),
    "nbib-continued": ("nbib", _repeated(_NBIB + "AB  - a\n", "      a\n")),
    "nbib-ids": ("nbib", _numbered(_NBIB, "LID - 10.1234/{n} [doi]\nSI  - NCT0{n}\nIS  - 1234-{n}\n")),
    "nbib-stray": ("nbib", _repeated(_NBIB, "stray\n")),
    "pubmed-tiny": ("pubmed-xml", _repeated(_PX, "<PubmedArticle><a/></PubmedArticle>", _PXE)),
    "pubmed-empty": ("pubmed-xml", _repeated(_PX, "<PubmedArticle/>", _PXE)),
    "pubmed-broken": ("pubmed-xml", _repeated(_PX, "<PubmedArticle><a></PubmedArticle>", _PXE)),
    "pubmed-broken-big": ("pubmed-xml", _repeated(_PX, f"{_ART}<a>{TEXT}& {TEXT}{_ARTE}", _PXE)),
    "pubmed-spaced-ends": ("pubmed-xml", _repeated(_PX, "<PubmedArticle></x ></PubmedArticle>", _PXE)),
    "pubmed-spaced-ends-alone": ("pubmed-xml", _repeated(_PX, "<PubmedArticle></x >", _PXE)),
    "pubmed-unclosed": ("pubmed-xml", _repeated(_PX, "<PubmedArticle>", _PXE)),
    "pubmed-unclosed-text": ("pubmed-xml", _repeated(_PX, "<PubmedArticle><PMID>1</PMID>a", _PXE)),
    "pubmed-cdata": ("pubmed-xml", _repeated(_PX + "<PubmedArticle>", "<![CDATA[")),
    "pubmed-cdata-outside": ("pubmed-xml", _repeated(_PX, "<![CDATA[")),
    "pubmed-comments": ("pubmed-xml", _repeated(_PX, "<!--")),
    "pubmed-comments-closed": ("pubmed-xml", _repeated(_PX, "<!---->x")),
    "pubmed-comments-inside": ("pubmed-xml", _repeated(_PX + _ART, "<!--->", _ARTE)),
    "pubmed-instructions": ("pubmed-xml", _repeated(_PX, "<?")),
    "pubmed-doctypes": ("pubmed-xml", _repeated(_PX, "<!DOCTYPE")),
    "pubmed-nested": ("pubmed-xml", _repeated(_PX + _ART, "<a>", _ARTE)),
    "pubmed-attributes": ("pubmed-xml", _numbered(_PX + _ART + "<a ", 'b{n}="" ', "/>" + _ARTE)),
    "pubmed-authors": ("pubmed-xml", _numbered(_PX + _ART + "<AuthorList>", "<Author><LastName>G{n}</LastName></Author>", "</AuthorList>" + _ARTE + _PXE)),
    "pubmed-elements": ("pubmed-xml", _repeated(_PX + _ART, "<a/>", _ARTE + _PXE)),
    "pubmed-less": ("pubmed-xml", _repeated(_PX, "<")),
    "endnote-tiny": ("endnote-xml", _repeated(ORDINARY["endnote-xml"][0], "<record><a/></record>", "</records></xml>")),
    "endnote-spaced-ends": ("endnote-xml", _repeated(ORDINARY["endnote-xml"][0], "<record></x ></record>")),
    "bibtex-tiny": ("bibtex", _repeated("", "@a{b}\n")),
    "bibtex-empty": ("bibtex", _repeated("", "@a{}")),
    "bibtex-braces": ("bibtex", _repeated("@article{a, title={", "{", "")),
    "bibtex-braces-lines": ("bibtex", _repeated("@article{a,\n", "title={\n", "")),
    "bibtex-braces-entries": ("bibtex", _repeated("", "@article{a, title={\n", "")),
    "bibtex-closed-braces": ("bibtex", _repeated("@article{a, title={x", "}", "")),
    "bibtex-pairs": ("bibtex", _repeated("@article{a, title={", "{}", "}}")),
    "bibtex-deep": ("bibtex", lambda size: b"@article{a, title={" + b"{" * (size // 2) + b"}" * (size // 2) + b"}}\n"),
    "bibtex-quotes": ("bibtex", _repeated("@article{a, title=", '"', "}")),
    "bibtex-backslashes": ("bibtex", _repeated("@article{a, title={", "\\", "}}")),
    "bibtex-accents": ("bibtex", _repeated("@article{a, title={", "\\'{e}", "}}")),
    "bibtex-commands": ("bibtex", _repeated("@article{a, title={", "\\textbf{", "}}")),
    "bibtex-dollars": ("bibtex", _repeated("@article{a, title={", "$", "}}")),
    "bibtex-ats": ("bibtex", _repeated("@article{a, title={x}}\n", "@")),
    "bibtex-commas": ("bibtex", _repeated("@article{a", ",", "}")),
    "bibtex-hashes": ("bibtex", _repeated("@article{a, title=b", " # b", "}")),
    "bibtex-authors": ("bibtex", _numbered("@article{a, title={b}, author={", "Garcia{n}, Ana and ", "Li, Bo}}\n")),
    "bibtex-fields": ("bibtex", _numbered("@article{a, title={b}", ", f{n}={a}", "}\n")),
    "bibtex-macros": ("bibtex", _numbered("", "@string{m{n} = {a}}\n", "@article{a, title={b}}\n")),
    "bibtex-macro-chain": ("bibtex", _chained),
    "bibtex-same-key": ("bibtex", _repeated("", f"@article{{a, title={{A title}}, abstract={{{TEXT}}}}}\n")),
    "bibtex-same-field": ("bibtex", _repeated("@article{a, title={b}", ", note={a}", "}\n")),
    "bibtex-parents": ("bibtex", _numbered("", "@a{k{n}, crossref={k{n}}, title={b}}\n")),
    "csv-open-quotes": ("csv", _repeated(_CSV, '"A title of it,"Garcia, A",2020,Journal,text,\n')),
    "csv-open-cells": ("csv", _repeated(_CSV, 'A title,"Garcia,2020,Journal,text,\n')),
    "csv-stray-quotes": ("csv", _repeated(_CSV, 'A title,"Ga"rcia",2020,Journal,"te"xt",\n')),
    "csv-open-quotes-long": ("csv", _repeated(_CSV, f'"A title of it,"Garcia, A",2020,Journal,"{TEXT}" x,\n')),
    "csv-open-cells-long": ("csv", _repeated(_CSV, f'A title,"Garcia,2020,Journal,{TEXT},\n')),
    "csv-quotes": ("csv", _repeated(_CSV + "A,", '"')),
    "csv-cell": ("csv", _repeated(_CSV + "A,b,2020,", "J", ",a,b\n")),
    "csv-commas": ("csv", _repeated(_CSV, ",")),
    "csv-empty-rows": ("csv", _repeated(_CSV + "A,b,2020,J,a,b\n", ",,,,,\n")),
    "csv-tiny": ("csv", _repeated(_CSV, "a,,,,,\n")),
    "csv-open-lines": ("csv", _repeated(_CSV + 'A title,"b', "\nA")),
    "csv-authors": ("csv", _numbered(_CSV + 'A title,"', "Garcia{n}, A.; ", '",2020,J,a,b\n')),
    "csv-same-headings": ("csv", _repeated("title,authors,year", ",title", "\nA,b,2020\n")),
    "csv-repeated-headings": ("csv", _repeated(_CSV + "A,b,2020,J,a,b\n", _CSV)),
    "csv-wide-rows": ("csv", _repeated(_CSV, f"A title,Garcia,2020,Journal{',x' * 50},{TEXT}\n")),
    "csv-returns": ("csv", lambda size: ordinary("csv", size).replace(b"\n", b"\r")),
    "csv-nuls": ("csv", lambda size: ordinary("csv", size).replace(b"Trial", b"Tri\0al")),
    "csv-headings": ("csv", _repeated("title,authors,year", ",column", "\nA,b,2020\n")),
    "csl-tiny": ("csl-json", _repeated('[{"id":1,"type":"book","title":"A"}', ',{"id":1,"type":"book"}', "]")),
    "csl-authors": ("csl-json", _numbered('[{"id":1,"type":"book","title":"A","author":[{"family":"B"}', ',{"family":"C{n}"}', "]}]")),
    "csl-nested": ("csl-json", _repeated('[{"id":1,"type":"book","title":"A"},{"a":', "[", "")),
    "csl-unclosed": ("csl-json", _repeated('[{"id":1,"type":"book","title":"A"}', ',{"a":', "")),
    "json-nested": ("json", _repeated('{"results": [{"id": "W1", "display_name": "A"}], "a":', "[", "")),
    "json-unclosed": ("json", _repeated('{"results": [{"id": "W1", "display_name": "A"},', '{"a":', "")),
    "json-broken": ("json", _repeated('{"results": [{"id": "W1", "display_name": "A"},\n', '{"a" 1},\n', "]}")),
    "json-strings": ("json", _repeated('{"results": [{"id": "W1", "display_name": "A"},', '"', "")),
    "json-digits": ("json", _repeated('{"results": [{"id": "W1", "display_name": "A", "publication_year": ', "1", "}]}")),
    "isi-tiny": ("isi", _repeated(ORDINARY["isi"][0], "PT J\nER\n", "EF\n")),
    "isi-authors": ("isi", _numbered(ORDINARY["isi"][0] + "PT J\nTI A\nAU B\n", "   Garcia{n}, A\n", "ER\nEF\n")),
    "isi-cited": ("isi", _numbered(ORDINARY["isi"][0] + "PT J\nTI A\nCR B\n", "   Garcia{n}, A\n", "ER\nEF\n")),
    "enw-tiny": ("enw", _repeated("%0 Journal Article\n%T A title of it\n\n", "%0 Book\n\n")),
    "enw-authors": ("enw", _numbered("%0 Journal Article\n%T A title of it\n", "%A Garcia{n}, A\n")),
    "ovid-tiny": ("ovid", _numbered("<1>\nTitle\n  A title of it.\n\n", "<{n}>\nTitle\n  A.\n\n")),
    "page-lines": ("page-text", _numbered("", "Line {n} of nothing much at all in it\n")),
    "page-braces": ("page-text", _repeated(ORDINARY["page-text"][0] + TEXT + "\n", '{"')),
    "html-tags": ("web-page", _repeated(ORDINARY["web-page"][0], "<p>")),
    "html-nested": ("web-page", _repeated(ORDINARY["web-page"][0], "<div><p>a ")),
    "html-tables": ("web-page", _repeated(ORDINARY["web-page"][0], "<table><tr><td>")),
    "html-script": ("web-page", _repeated(ORDINARY["web-page"][0] + "<script>", "var a = '<p>';\n")),
    "html-data": ("web-page", _repeated(ORDINARY["web-page"][0] + '<script type="application/ld+json">', '{"a":')),
    "html-metas": ("web-page", _numbered(ORDINARY["web-page"][0], '<meta name="citation_author" content="Garcia{n}, A">')),
    "html-less": ("web-page", _repeated(ORDINARY["web-page"][0], "<")),
    **{f"{form}-{name}": (form, _filled(form, piece)) for form in ("ris", "bibtex", "csv") for name, piece in TRAPS.items()},
    **{f"{form}-title-{name}": (form, _filled(form, piece, where="title")) for form in ("ris", "nbib", "isi", "enw") for name, piece in TRAPS.items()},
    **{f"page-text-{name}": ("page-text", _repeated(ORDINARY["page-text"][0] + TEXT + "\n", piece)) for name, piece in TRAPS.items()},
    **{f"page-text-lines-{name}": ("page-text", _repeated(ORDINARY["page-text"][0] + TEXT + "\n", piece * 20 + "\n")) for name, piece in TRAPS.items()},
}  # fmt: skip
"""Name: (format of the ordinary file to compare with, maker of a file of about so many bytes)."""
