"""Measure how fast the readers are, on files that this script writes itself.

    python benchmarks/formats.py --megabytes 50

One JSON line per case: case, size in bytes, records, seconds, CPU seconds, peak memory in MB. Each case runs in a
process of its own, so that the peak is that of the case.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from stromata import formats
from stromata.model import Record

SAID = (
    "the of and in to with for was were cells patients therapy skin trial group response weeks dose stromal "
    "placebo remission adverse events safety efficacy baseline follow score infusion median"
)
WORDS = SAID.split()
FAMILIES = ("Garcia", "Müller", "Li", "Kowalska", "Tanaka", "Okafor", "Rossi", "O'Brien", "van den Berg", "Hassan")

GIVEN = ("Ana", "Bo", "C.", "D. E.", "Farid", "Grace", "Hiro", "Ida", "J.-P.")


def sentences(chance: random.Random, length: int) -> str:
    """Return about `length` characters of words in sentences."""
    parts: list[str] = []
    size = 0
    while size < length:
        sentence = " ".join(chance.choices(WORDS, k=chance.randint(8, 24))).capitalize() + "."
        parts.append(sentence)
        size += len(sentence) + 1
    return " ".join(parts)


def entries(kind: str, seed: int) -> Iterator[str]:
    """Yield invented entries without end."""
    chance = random.Random(seed)
    number = 0
    while True:
        number += 1
        title, abstract = sentences(chance, 80), sentences(chance, 1500)
        authors = [f"{chance.choice(FAMILIES)}, {chance.choice(GIVEN)}" for _ in range(chance.randint(1, 12))]
        words = [chance.choice(WORDS) for _ in range(8)]
        year = chance.randint(1990, 2024)
        if kind == "ris":
            lines = ["TY  - JOUR", f"TI  - {title}", *(f"AU  - {name}" for name in authors), f"PY  - {year}"]
            lines += ["JF  - Fictional Journal of Cells", f"VL  - {number % 60}", "SP  - 12", "EP  - 19"]
            lines += [f"DO  - 10.99999/fjc.{number}", f"AB  - {abstract}", *(f"KW  - {word}" for word in words)]
            yield "\n".join((*lines, "N1  - Export Date: 1 January 2024", "SN  - 1234-5679", "ER  - \n\n"))
        else:
            lines = [
                f"PMID- {30_000_000 + number}",
                f"DP  - {year} Jan",
                f"TI  - {title}",
                f"LID - 10.99999/fjc.{number} [doi]",
            ]
            pieces = [abstract[at : at + 80] for at in range(0, len(abstract), 80)]
            lines += [f"AB  - {pieces[0]}", *(f"      {piece}" for piece in pieces[1:])]
            lines += [line for name in authors for line in (f"FAU - {name}", f"AU  - {name.replace(',', '')}")]
            lines += ["LA  - eng", "PT  - Journal Article", "TA  - Fict J Cells", "JT  - Fictional Journal of Cells"]
            yield "\n".join((*lines, *(f"MH  - {word}" for word in words), "\n"))


def pubmed_entries(seed: int) -> Iterator[str]:
    """Yield invented articles as PubMed's files have them, indented, with cited works and dates, without end."""
    chance = random.Random(seed)
    number = 0
    while True:
        number += 1
        names = [(chance.choice(FAMILIES), chance.choice(GIVEN)) for _ in range(chance.randint(1, 12))]
        authors = [
            f'<Author ValidYN="Y"><LastName>{family}</LastName><ForeName>{given}</ForeName><AffiliationInfo>'
            f"<Affiliation>{sentences(chance, 120)}</Affiliation></AffiliationInfo></Author>"
            for family, given in names
        ]
        headings = [
            f'<MeshHeading><DescriptorName MajorTopicYN="N">{chance.choice(WORDS)}</DescriptorName></MeshHeading>'
            for _ in range(12)
        ]
        cited = [
            f"<Reference><Citation>{sentences(chance, 60)}</Citation><ArticleIdList>"
            f'<ArticleId IdType="pubmed">{chance.randint(1, 9_999_999)}</ArticleId></ArticleIdList></Reference>'
            for _ in range(chance.randint(0, 30))
        ]
        dates = [
            f'<PubMedPubDate PubStatus="{stage}"><Year>2020</Year><Month>1</Month><Day>{n}</Day></PubMedPubDate>'
            for n, stage in enumerate(("received", "accepted", "entrez", "pubmed", "medline"), start=1)
        ]
        yield (
            f'<PubmedArticle><MedlineCitation Status="MEDLINE"><PMID Version="1">{30_000_000 + number}</PMID>'
            '<Article PubModel="Print"><Journal><ISSN IssnType="Print">1234-5679</ISSN><JournalIssue><Volume>5</Volume>'
            f"<PubDate><Year>{chance.randint(1990, 2024)}</Year><Month>Jan</Month></PubDate></JournalIssue>"
            f"<Title>Fictional Journal</Title></Journal><ArticleTitle>{sentences(chance, 80)}</ArticleTitle>"
            f'<ELocationID EIdType="doi" ValidYN="Y">10.99999/fjc.{number}</ELocationID>'
            f'<Abstract><AbstractText Label="BACKGROUND">{sentences(chance, 1500)}</AbstractText></Abstract>'
            f'<AuthorList CompleteYN="Y">{"".join(authors)}</AuthorList><Language>eng</Language></Article>'
            f"<MeshHeadingList>{''.join(headings)}</MeshHeadingList></MedlineCitation><PubmedData>"
            f"<History>{''.join(dates)}</History><ReferenceList>{''.join(cited)}</ReferenceList></PubmedData>"
            "</PubmedArticle>"
        ).replace("><", ">\n        <") + "\n"


def write_file(path: Path, kind: str, size: int, seed: int) -> None:
    """Write entries until the file holds at least `size` bytes."""
    written = 0
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write('<?xml version="1.0"?>\n<PubmedArticleSet>\n' if kind == "pubmed-xml" else "")
        for entry in pubmed_entries(seed) if kind == "pubmed-xml" else entries(kind, seed):
            stream.write(entry)
            written += len(entry.encode())
            if written >= size:
                break
        stream.write("</PubmedArticleSet>\n" if kind == "pubmed-xml" else "")


def measure(path: str, case: str) -> dict[str, object]:
    """Read one file and return what it took."""
    began, cpu = time.perf_counter(), time.process_time()
    records = sum(isinstance(item, Record) for item in formats.scan(path))
    return {
        "case": case,
        "size": Path(path).stat().st_size,
        "records": records,
        "seconds": round(time.perf_counter() - began, 3),
        "cpu_seconds": round(time.process_time() - cpu, 3),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def run(megabytes: float, seed: int) -> Iterator[dict[str, object]]:
    """Yield the measurement of each case: half the size and the whole, so that growth of memory would show."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("ris", "nbib", "pubmed-xml"):
            for share in (0.5, 1.0):
                path = Path(folder) / f"{kind}-{share}"
                write_file(path, kind, int(megabytes * share * 1_000_000), seed)
                with context.Pool(1) as pool:
                    yield pool.apply(measure, (str(path), f"{kind}-{'half' if share < 1 else 'whole'}"))


def main(arguments: list[str] | None = None) -> None:
    """Print one JSON line per case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=float, default=50.0)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    for row in run(chosen.megabytes, chosen.seed):
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
