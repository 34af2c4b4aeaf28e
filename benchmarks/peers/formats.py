"""Read files with other readers, and print for each one JSON line: CPU seconds, records, and what it found in them.

    PYTHON benchmarks/peers/formats.py KIND FILE...

PYTHON has rispy, nbib, biopython, bibtexparser 2, pybtex, pubmed_parser and lxml; a reader that is missing is left out.
A title, abstract or DOI counts where the reader gives it under any name of its own.
"""

# ruff: noqa: PLC0415, PTH123 - each reader is loaded only where it is there, and read as its documentation shows
from __future__ import annotations

import contextlib
import gzip
import io
import json
import shutil
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

warnings.simplefilter("ignore")
Entry = dict[str, Any]  # Any: each reader has values of its own

NAMES = {
    "title": ("title", "primary_title", "TI", "Title"),
    "abstract": ("abstract", "notes_abstract", "AB", "Abstract"),
    "doi": ("doi", "DO"),
}


def rispy(path: str) -> list[Entry]:
    import rispy

    with open(path, encoding="utf-8") as stream:
        return list(rispy.load(stream))


def nbib(path: str) -> list[Entry]:
    import nbib

    return list(nbib.read_file(path))


def medline(path: str) -> list[Entry]:
    from Bio import Medline

    with open(path, encoding="utf-8") as stream:
        found = [dict(one) for one in Medline.parse(stream)]
    for one in found:
        one["doi"] = next((str(v) for v in [one.get("LID", ""), *one.get("AID", [])] if "[doi]" in str(v)), "")
    return [one for one in found if one]


def entrez(path: str) -> list[Entry]:
    from Bio import Entrez

    found = []
    with open(path, "rb") as stream:
        for one in Entrez.read(stream)["PubmedArticle"]:
            article = one["MedlineCitation"]["Article"]
            doi = [str(v) for v in article.get("ELocationID", []) if v.attributes.get("EIdType") == "doi"]
            found.append({"title": article.get("ArticleTitle"), "abstract": article.get("Abstract"), "doi": doi})
    return found


def bibtexparser(path: str) -> list[Entry]:
    import bibtexparser

    return [{field.key: field.value for field in one.fields} for one in bibtexparser.parse_file(path).entries]


def pybtex(path: str) -> list[Entry]:
    from pybtex.database import parse_file

    return [dict(one.fields) for one in parse_file(path, "bibtex").entries.values()]


def pubmed_parser(path: str) -> list[Entry]:
    import pubmed_parser

    packed = f"{path}.gz"  # it reads nothing else
    with open(path, "rb") as plain, gzip.open(packed, "wb", 1) as stream:
        shutil.copyfileobj(plain, stream)
    return list(pubmed_parser.parse_medline_xml(packed))


def lxml(path: str) -> list[Entry]:
    from lxml import etree

    count = 0
    for _, element in etree.iterparse(path, tag="PubmedArticle"):
        count += 1
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    return [{}] * count


READERS: dict[str, tuple[tuple[str, Callable[[str], list[Entry]]], ...]] = {
    "ris": (("rispy", rispy),),
    "nbib": (("nbib", nbib), ("Bio", medline)),
    "bibtex": (("bibtexparser", bibtexparser), ("pybtex", pybtex)),
    "pubmed-xml": (("Bio", entrez), ("pubmed_parser", pubmed_parser), ("lxml", lxml)),
}


def rows(kind: str, path: str) -> Iterator[dict[str, object]]:
    """Yield what each reader of a kind did."""
    for module, read in READERS[kind]:
        if find_spec(module) is None:
            continue
        began = time.process_time()
        row: dict[str, object] = {"reader": module}
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                found = read(path)
        except Exception as error:  # noqa: BLE001 - whatever a peer raises is its result
            row["error"] = f"{type(error).__name__}: {error}"[:200]
            found = []
        row |= {"records": len(found), "cpu_seconds": round(time.process_time() - began, 3)}
        yield row | {name: sum(any(one.get(key) for key in keys) for one in found) for name, keys in NAMES.items()}


if __name__ == "__main__":
    for name in sys.argv[2:]:
        for line in rows(sys.argv[1], name):
            print(json.dumps({"file": name, **line}), flush=True)
