# ruff: noqa: E501 - entries as they stand in a file, as wide as they read best
"""Measure how slow files are that are made to be slow, all by rule: text here, XML, JSON and archives in another file.

    python benchmarks/hostile.py --megabytes 6 [--only PART-OF-A-NAME]

One JSON line per case: size in bytes, items (records, problems), CPU seconds, ``times`` those of an ordinary file of
the same format and size, microseconds for one item, and the peak of memory in MB, each case in a process of its own.
What is worse than three times for a byte is cheap for an item, or it is a defect.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import hostile_xml
from ordinary_files import ORDINARY, TEXT, Maker, filled, ordinary, repeated

from stromata import formats
from stromata.errors import StromataError


def _chained(size: int) -> bytes:
    """Return macros of which each is twice the one before."""
    begins = '@string{m1000000 = "ab"}\n'
    rest = repeated("", "@string{m{n} = m{m} # m{m}}\n")(size).decode()
    lines = [line.replace("{m}", str(999_999 + at)) for at, line in enumerate(rest.split("\n")[1:-1], start=1)]
    return (begins + "\n".join(lines) + "\n@article{a, title=m1000040, author={Garcia, Ana}}\n").encode()


def _behind_blank_lines(form: str) -> Maker:
    """Return a maker of an ordinary file behind as many bytes of blank lines."""
    return lambda size: b"\n" * (size // 2) + ordinary(form, size // 2)


TRAPS: dict[str, str] = {
    "one-letter": "a", "spaces": " ", "no-break-spaces": "\u00a0", "dashes": "-", "digits": "7", "doi-starts": "10.", "dois": "10.1234/a ",
    "doi-brackets": "10.1234/(((", "nct": "NCT", "nct-spaced": "NCT ", "ntr": "ntr-1", "years": "2019", "issn": "1234-", "commas": ", ",
    "semicolons": ";", "ampersands": "& ", "entities": "&amp;amp;", "numbers-of-signs": "&#", "less": "< ", "tags": "<a ", "quotes": "'", "colons": "a: ",
    "capitals": "A. ", "han": "干细胞", "combining": "a\u0301\u0323", "months": "Jan ", "pubmed": "PubMed ", "pmid": "PMID: ", "at-signs": "@a ",
    "web": "http://", "percent": "10.1/%2", "full-stops": ".", "brackets": "(", "closed": ")", "degrees": "MD, ", "ands": "a and ", "et-al": "et al ", "backslashes": '\\"', "slashes": "10.1234/a/pdf/",
}  # fmt: skip
"""Text again and again: each is a trap for some pattern."""

_RIS, _NBIB = "TY  - JOUR\nTI  - A\n", "PMID- 1\nTI  - A\n"
_PX, _PXE = ORDINARY["pubmed-xml"][0], ORDINARY["pubmed-xml"][2]
_ART = "<PubmedArticle><MedlineCitation><PMID>1</PMID><Article><ArticleTitle>A b</ArticleTitle>"
_ARTE = "</Article></MedlineCitation></PubmedArticle>\n"
_CSV = ORDINARY["csv"][0]
_AUTHORS = {
    "ris": "Garcia, Ana",
    "nbib": "Garcia, Ana",
    "bibtex": "Garcia, Ana and Li, Bo",
    "csv": "Garcia, Ana; Li, Bo",
    "isi": "Garcia, A",
    "enw": "Garcia, Ana",
    "ovid": "Garcia A.  Li B.",
}

CASES: dict[str, tuple[str, Maker]] = {
    "ris-tiny": ("ris", repeated("", "TY  - JOUR\nER  - \n")),
    "ris-tiny-titled": ("ris", repeated("", "TY  - JOUR\nTI  - A\nER  - \n")),
    "ris-empty-tags": ("ris", repeated(_RIS, "AU  - \n", "ER  - \n")),
    "ris-authors": ("ris", repeated(_RIS, "AU  - Garcia{n}, Ana\n", "ER  - \n")),
    "ris-same-author": ("ris", repeated(_RIS, "AU  - Garcia, Ana\n", "ER  - \n")),
    "ris-keywords": ("ris", repeated(_RIS, "KW  - word {n}\n", "ER  - \n")),
    "ris-keyword-lines": ("ris", repeated(_RIS + "KW  - a\n", "word {n}\n", "ER  - \n")),
    "ris-titles": ("ris", repeated(_RIS, "TI  - Title {n}\n", "ER  - \n")),
    "ris-journals": ("ris", repeated(_RIS, "JF  - Title {n}\nT2  - Other {n}\n", "ER  - \n")),
    "ris-abstracts": ("ris", repeated(_RIS, "AB  - Title {n} of a\nN2  - Other {n}\n", "ER  - \n")),
    "ris-dates": ("ris", repeated(_RIS, "PY  - {n}\nDA  - {n}/1/1\n", "ER  - \n")),
    "ris-urls": ("ris", repeated(_RIS, "UR  - http://a/{n}\n", "ER  - \n")),
    "ris-pages": ("ris", repeated(_RIS, "SP  - {n}\nEP  - {n}\nSN  - {n}\n", "ER  - \n")),
    "ris-ids": ("ris", repeated(_RIS, "AN  - {n}\nDO  - 10.1234/{n}\nC2  - {n}\nM3  - 10.1/{n}\n", "ER  - \n")),
    "ris-unclosed": ("ris", repeated("", "TY  - JOUR\nTI  - A title of it\n")),
    "ris-ends": ("ris", repeated(_RIS + "ER  - \n", "ER  - \n")),
    "ris-wrapped": ("ris", repeated(_RIS + "AB  - a\n", "word\n", "ER  - \n")),
    "ris-outside": ("ris", repeated(_RIS + "ER  - \n", "word\n")),
    "ris-blank": ("ris", repeated(_RIS, "\n")),
    "ris-returns": ("ris", repeated(_RIS.replace("\n", "\r"), "\r")),
    "ris-nuls": ("ris", lambda size: ordinary("ris", size).replace(b"Trial", b"Tri\0al")),
    "ris-mixed-ends": ("ris", lambda size: ordinary("ris", size).replace(b"AU  -", b"\rAU  -").replace(b"\nAB", b"\r\nAB")),
    "ris-returns-alone": ("ris", lambda size: ordinary("ris", size).replace(b"\n", b"\r")),
    "ris-mixed-encodings": ("ris", lambda size: ordinary("ris", size).replace(b"Garcia", b"Garc\xeda").replace(b"Li, Bo", b"L\xc3\xad, Bo")),
    "ris-mixed-encodings-han": ("ris", lambda size: ordinary("ris", size).replace(b"Garcia", "\u5e72\u7ec6\u80de".encode("gb18030")).replace(b"Li, Bo", "\u5e72\u7ec6\u80de".encode())),
    "ris-one-line": ("ris", lambda size: ordinary("ris", size).replace(b"\n", b" ").replace(b"TY  - JOUR ", b"TY  - JOUR\n", 1)),
    "ris-tags-unknown": ("ris", repeated(_RIS, "ZZ  - {n}\n", "ER  - \n")),
    "ris-notes-of-ours": ("ris", repeated(_RIS, "N1  - stromata.extra: A{n}=b\n", "ER  - \n")),
    "nbib-nuls": ("nbib", lambda size: ordinary("nbib", size).replace(b"Trial", b"Tri\0al")),
    "nbib-openers": ("nbib", repeated(_NBIB + "\n", "TI  - A\n\n")),
    "nbib-run-together": ("nbib", lambda size: ordinary("nbib", size).replace(b"\n\n", b"\n")),
    "nbib-tiny": ("nbib", repeated("", "PMID- {n}\n\n")),
    "nbib-empty-tags": ("nbib", repeated(_NBIB, "MH  - \n")),
    "nbib-authors": ("nbib", repeated(_NBIB, "FAU - Garcia{n}, Ana\nAU  - Garcia A\n")),
    "nbib-keywords": ("nbib", repeated(_NBIB, "MH  - word {n}\n")),
    "nbib-continued": ("nbib", repeated(_NBIB + "AB  - a\n", "      a\n")),
    "nbib-ids": ("nbib", repeated(_NBIB, "LID - 10.1234/{n} [doi]\nSI  - NCT0{n}\nIS  - 1234-{n}\n")),
    "nbib-stray": ("nbib", repeated(_NBIB, "stray\n")),
    "pubmed-tiny": ("pubmed-xml", repeated(_PX, "<PubmedArticle><a/></PubmedArticle>", _PXE)),
    "pubmed-empty": ("pubmed-xml", repeated(_PX, "<PubmedArticle/>", _PXE)),
    "pubmed-broken": ("pubmed-xml", repeated(_PX, "<PubmedArticle><a></PubmedArticle>", _PXE)),
    "pubmed-broken-big": ("pubmed-xml", repeated(_PX, f"{_ART}<a>{TEXT}& {TEXT}{_ARTE}", _PXE)),
    "pubmed-spaced-ends": ("pubmed-xml", repeated(_PX, "<PubmedArticle></x ></PubmedArticle>", _PXE)),
    "pubmed-spaced-ends-alone": ("pubmed-xml", repeated(_PX, "<PubmedArticle></x >", _PXE)),
    "pubmed-unclosed": ("pubmed-xml", repeated(_PX, "<PubmedArticle>", _PXE)),
    "pubmed-unclosed-text": ("pubmed-xml", repeated(_PX, "<PubmedArticle><PMID>1</PMID>a", _PXE)),
    "pubmed-cdata": ("pubmed-xml", repeated(_PX + "<PubmedArticle>", "<![CDATA[")),
    "pubmed-cdata-outside": ("pubmed-xml", repeated(_PX, "<![CDATA[")),
    "pubmed-comments": ("pubmed-xml", repeated(_PX, "<!--")),
    "pubmed-comments-closed": ("pubmed-xml", repeated(_PX, "<!---->x")),
    "pubmed-comments-inside": ("pubmed-xml", repeated(_PX + _ART, "<!--->", _ARTE)),
    "pubmed-instructions": ("pubmed-xml", repeated(_PX, "<?")),
    "pubmed-doctypes": ("pubmed-xml", repeated(_PX, "<!DOCTYPE")),
    "pubmed-nested": ("pubmed-xml", repeated(_PX + _ART, "<a>", _ARTE)),
    "pubmed-attributes": ("pubmed-xml", repeated(_PX + _ART + "<a ", 'b{n}="" ', "/>" + _ARTE)),
    "pubmed-elements": ("pubmed-xml", repeated(_PX + _ART, "<a/>", _ARTE + _PXE)),
    "pubmed-less": ("pubmed-xml", repeated(_PX, "<")),
    "endnote-spaced-ends": ("endnote-xml", repeated(ORDINARY["endnote-xml"][0], "<record></x ></record>")),
    "bibtex-tiny": ("bibtex", repeated("", "@a{b}\n")),
    "bibtex-empty": ("bibtex", repeated("", "@a{}")),
    "bibtex-braces": ("bibtex", repeated("@article{a, title={", "{", "")),
    "bibtex-braces-lines": ("bibtex", repeated("@article{a,\n", "title={\n", "")),
    "bibtex-braces-entries": ("bibtex", repeated("", "@article{a, title={\n", "")),
    "bibtex-closed-braces": ("bibtex", repeated("@article{a, title={x", "}", "")),
    "bibtex-pairs": ("bibtex", repeated("@article{a, title={", "{}", "}}")),
    "bibtex-deep": ("bibtex", lambda size: b"@article{a, title={" + b"{" * (size // 2) + b"}" * (size // 2) + b"}}\n"),
    "bibtex-quotes": ("bibtex", repeated("@article{a, title=", '"', "}")),
    "bibtex-backslashes": ("bibtex", repeated("@article{a, title={", "\\", "}}")),
    "bibtex-accents": ("bibtex", repeated("@article{a, title={", "\\'{e}", "}}")),
    "bibtex-commands": ("bibtex", repeated("@article{a, title={", "\\textbf{", "}}")),
    "bibtex-dollars": ("bibtex", repeated("@article{a, title={", "$", "}}")),
    "bibtex-ats": ("bibtex", repeated("@article{a, title={x}}\n", "@")),
    "bibtex-commas": ("bibtex", repeated("@article{a", ",", "}")),
    "bibtex-hashes": ("bibtex", repeated("@article{a, title=b", " # b", "}")),
    "bibtex-authors": ("bibtex", repeated("@article{a, title={b}, author={", "Garcia{n}, Ana and ", "Li, Bo}}\n")),
    "bibtex-fields": ("bibtex", repeated("@article{a, title={b}", ", f{n}={a}", "}\n")),
    "bibtex-macros": ("bibtex", repeated("", "@string{m{n} = {a}}\n", "@article{a, title={b}}\n")),
    "bibtex-macro-chain": ("bibtex", _chained),
    "bibtex-same-key": ("bibtex", repeated("", f"@article{{a, title={{A title}}, abstract={{{TEXT}}}}}\n")),
    "bibtex-same-field": ("bibtex", repeated("@article{a, title={b}", ", note={a}", "}\n")),
    "bibtex-parents": ("bibtex", repeated("", "@a{k{n}, crossref={k{n}}, title={b}}\n")),
    "csv-open-quotes": ("csv", repeated(_CSV, '"A title of it,"Garcia, A",2020,Journal,text,\n')),
    "csv-open-cells": ("csv", repeated(_CSV, 'A title,"Garcia,2020,Journal,text,\n')),
    "csv-stray-quotes": ("csv", repeated(_CSV, 'A title,"Ga"rcia",2020,Journal,"te"xt",\n')),
    "csv-open-quotes-long": ("csv", repeated(_CSV, f'"A title of it,"Garcia, A",2020,Journal,"{TEXT}" x,\n')),
    "csv-open-cells-long": ("csv", repeated(_CSV, f'A title,"Garcia,2020,Journal,{TEXT},\n')),
    "csv-quotes": ("csv", repeated(_CSV + "A,", '"')),
    "csv-cell": ("csv", repeated(_CSV + "A,b,2020,", "J", ",a,b\n")),
    "csv-commas": ("csv", repeated(_CSV, ",")),
    "csv-empty-rows": ("csv", repeated(_CSV + "A,b,2020,J,a,b\n", ",,,,,\n")),
    "csv-tiny": ("csv", repeated(_CSV, "a,,,,,\n")),
    "csv-open-lines": ("csv", repeated(_CSV + 'A title,"b', "\nA")),
    "csv-authors": ("csv", repeated(_CSV + 'A title,"', "Garcia{n}, A.; ", '",2020,J,a,b\n')),
    "csv-same-headings": ("csv", repeated("title,authors,year", ",title", "\nA,b,2020\n")),
    "csv-repeated-headings": ("csv", repeated(_CSV + "A,b,2020,J,a,b\n", _CSV)),
    "csv-wide-rows": ("csv", repeated(_CSV, f"A title,Garcia,2020,Journal{',x' * 50},{TEXT}\n")),
    "csv-returns": ("csv", lambda size: ordinary("csv", size).replace(b"\n", b"\r")),
    "csv-nuls": ("csv", lambda size: ordinary("csv", size).replace(b"Trial", b"Tri\0al")),
    "csv-headings": ("csv", repeated("title,authors,year", ",column", "\nA,b,2020\n")),
    "csl-nested": ("csl-json", repeated('[{"id":1,"type":"book","title":"A"},{"a":', "[", "")),
    "csl-unclosed": ("csl-json", repeated('[{"id":1,"type":"book","title":"A"}', ',{"a":', "")),
    "json-nested": ("json", repeated('{"results": [{"id": "W1", "display_name": "A"}], "a":', "[", "")),
    "json-unclosed": ("json", repeated('{"results": [{"id": "W1", "display_name": "A"},', '{"a":', "")),
    "json-strings": ("json", repeated('{"results": [{"id": "W1", "display_name": "A"},', '"', "")),
    "json-digits": ("json", repeated('{"results": [{"id": "W1", "display_name": "A", "publication_year": ', "1", "}]}")),
    "isi-tiny": ("isi", repeated(ORDINARY["isi"][0], "PT J\nER\n", "EF\n")),
    "isi-authors": ("isi", repeated(ORDINARY["isi"][0] + "PT J\nTI A\nAU B\n", "   Garcia{n}, A\n", "ER\nEF\n")),
    "isi-cited": ("isi", repeated(ORDINARY["isi"][0] + "PT J\nTI A\nCR B\n", "   Garcia{n}, A\n", "ER\nEF\n")),
    "enw-tiny": ("enw", repeated("%0 Journal Article\n%T A title of it\n\n", "%0 Book\n\n")),
    "enw-authors": ("enw", repeated("%0 Journal Article\n%T A title of it\n", "%A Garcia{n}, A\n")),
    "ovid-tiny": ("ovid", repeated("<1>\nTitle\n  A title of it.\n\n", "<{n}>\nTitle\n  A.\n\n")),
    "page-lines": ("page-text", repeated("", "Line {n} of nothing much at all in it\n")),
    "page-braces": ("page-text", repeated(ORDINARY["page-text"][0] + TEXT + "\n", '{"')),
    "html-tags": ("web-page", repeated(ORDINARY["web-page"][0], "<p>")),
    "html-nested": ("web-page", repeated(ORDINARY["web-page"][0], "<div><p>a ")),
    "html-tables": ("web-page", repeated(ORDINARY["web-page"][0], "<table><tr><td>")),
    "html-script": ("web-page", repeated(ORDINARY["web-page"][0] + "<script>", "var a = '<p>';\n")),
    "html-data": ("web-page", repeated(ORDINARY["web-page"][0] + '<script type="application/ld+json">', '{"a":')),
    "html-metas": ("web-page", repeated(ORDINARY["web-page"][0], '<meta name="citation_author" content="Garcia{n}, A">')),
    "html-less": ("web-page", repeated(ORDINARY["web-page"][0], "<")),
    **{f"{form}-{name}": (form, filled(form, TEXT, piece)) for form in ("ris", "bibtex", "csv") for name, piece in TRAPS.items()},
    **{f"{form}-title-{name}": (form, filled(form, "Trial {n} of cells in skin", piece)) for form in ("ris", "nbib", "isi", "enw") for name, piece in TRAPS.items()},
    **{f"{form}-authors-{name}": (form, filled(form, old, piece)) for form, old in _AUTHORS.items() for name, piece in TRAPS.items()},
    **{f"{form}-blank-before": (form, _behind_blank_lines(form)) for form in ORDINARY},
    **{f"page-text-{name}": ("page-text", repeated(ORDINARY["page-text"][0] + TEXT + "\n", piece)) for name, piece in TRAPS.items()},
    **{f"page-text-lines-{name}": ("page-text", repeated(ORDINARY["page-text"][0] + TEXT + "\n", piece * 20 + "\n")) for name, piece in TRAPS.items()},
}  # fmt: skip
"""Name: (format of the ordinary file to compare with, maker of a file of about so many bytes)."""


def _stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the shape of a handler
    raise TimeoutError


def weigh(path: str, limit: float) -> tuple[float, int, float]:
    """Return CPU seconds of reading a file, which may be refused, the number of items met, and the peak in MB.

    limit : CPU seconds after which it is given up.
    """
    signal.signal(signal.SIGVTALRM, _stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, limit)
    began, items = time.process_time(), 0
    try:
        for part in formats.parts(path):
            for _ in formats.scan(part):
                items += 1
    except (StromataError, TimeoutError):
        pass
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return time.process_time() - began, items, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(megabytes: float, wanted: str = "") -> Iterator[dict[str, object]]:
    """Yield what each file takes, by an ordinary one of its format."""
    context = multiprocessing.get_context("spawn")
    size = int(megabytes * 1_000_000)
    usual: dict[str, tuple[float, int, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        for name, (form, make) in (CASES | hostile_xml.CASES).items():
            if wanted not in name:
                continue
            if form not in usual:
                path.write_bytes(ordinary(form, size))
                with context.Pool(1) as pool:
                    usual[form] = pool.apply(weigh, (str(path), max(60, 10 * megabytes)))
                took, items, peak = usual[form]
                yield {
                    "case": f"ordinary {form}",
                    "cpu_seconds": round(took, 3),
                    "items": items,
                    "peak_mb": round(peak),
                }
            path.write_bytes(make(size))
            with context.Pool(1) as pool:
                took, items, peak = pool.apply(weigh, (str(path), max(60, 10 * megabytes)))
            yield {
                "case": name,
                "size": path.stat().st_size,
                "items": items,
                "cpu_seconds": round(took, 3),
                "times": round(took / max(usual[form][0], 1e-9), 2),
                "microseconds": round(1e6 * took / max(items, 1), 1),
                "peak_mb": round(peak),
            }


def main(arguments: list[str] | None = None) -> None:
    """Print one JSON line per case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=6.0)
    parser.add_argument("--only", default="")
    chosen = parser.parse_args(arguments)
    for row in run(chosen.megabytes, chosen.only):
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
