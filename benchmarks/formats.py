"""Measure how fast the readers are, on files that this script writes itself.

    python benchmarks/formats.py --megabytes 50
    python benchmarks/formats.py --megabytes 5 --peers PYTHON
    python benchmarks/formats.py --megabytes 1000 --only ris --whole

One JSON line per case: case, size in bytes, records, seconds, CPU seconds, peak memory in MB, and the CPU seconds of
two plain things with the same file in the same process: a loop that splits each line (``loop``), and, for XML, lxml's
bare parse (``lxml``). They tell a slow machine from a slow reader. Each case runs in a process of its own, so that
the peak is that of the case.

With ``--peers`` other readers of another Python read the same files: see ``peers/formats.py``.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from stromata import formats
from stromata.model import Record

SAID = (
    "the of and in to with for was were cells patients therapy skin trial group response weeks dose stromal "
    "placebo remission adverse events safety efficacy baseline follow score infusion median"
)
WORDS = SAID.split()
FAMILIES = ("Garcia", "Müller", "Li", "Kowalska", "Tanaka", "Okafor", "Rossi", "O'Brien", "van den Berg", "Hassan")

KINDS = ("ris", "nbib", "bibtex", "pubmed-xml")

PUBMED = (
    '<?xml version="1.0"?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2024//EN" '
    '"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_240101.dtd">\n<PubmedArticleSet>\n'
)

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
        elif kind == "bibtex":
            names = " and ".join(authors)
            lines = [
                f"@article{{key{number},",
                f"  title = {{{title}}},",
                f"  author = {{{names}}},",
                f"  year = {{{year}}},",
            ]
            lines += [
                "  journal = {Fictional Journal of Cells},",
                f"  volume = {{{number % 60}}},",
                "  pages = {12--19},",
            ]
            lines += [f"  doi = {{10.99999/fjc.{number}}},", f"  abstract = {{{abstract}}},", "  issn = {1234-5679},"]
            yield "\n".join((*lines, f"  keywords = {{{', '.join(words)}}},", "}\n\n"))
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
        stream.write(PUBMED if kind == "pubmed-xml" else "")
        for entry in pubmed_entries(seed) if kind == "pubmed-xml" else entries(kind, seed):
            stream.write(entry)
            written += len(entry.encode())
            if written >= size:
                break
        stream.write("</PubmedArticleSet>\n" if kind == "pubmed-xml" else "")


def plain(path: str, kind: str) -> dict[str, float]:
    """Return CPU seconds of splitting each line, and of lxml's bare parse of XML."""
    began = time.process_time()
    with open(path, encoding="utf-8") as stream:  # noqa: PTH123 - the plainest loop
        for line in stream:
            line.split()
    took = {"loop": round(time.process_time() - began, 3)}
    if kind.endswith("xml"):
        began = time.process_time()
        for _, element in etree.iterparse(path, tag="PubmedArticle"):
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
        took["lxml"] = round(time.process_time() - began, 3)
    return took


def measure(path: str, case: str, kind: str) -> dict[str, object]:
    """Read one file and return what it took."""
    began, cpu = time.perf_counter(), time.process_time()
    records = sum(isinstance(item, Record) for item in formats.scan(path))
    row: dict[str, object] = {
        "case": case,
        "size": Path(path).stat().st_size,
        "records": records,
        "seconds": round(time.perf_counter() - began, 3),
        "cpu_seconds": round(time.process_time() - cpu, 3),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }
    return row | plain(path, kind)


def run(megabytes: float, seed: int, kinds: tuple[str, ...], shares: tuple[float, ...]) -> Iterator[dict[str, object]]:
    """Yield the measurement of each case: half the size and the whole, so that growth of memory would show."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        for kind in kinds:
            for share in shares:
                path = Path(folder) / f"{kind}-{share}"
                write_file(path, kind, int(megabytes * share * 1_000_000), seed)
                with context.Pool(1) as pool:
                    yield pool.apply(measure, (str(path), f"{kind}-{'half' if share < 1 else 'whole'}", kind))
                path.unlink()


def run_peers(megabytes: float, seed: int, python: str) -> Iterator[dict[str, object]]:
    """Yield what other readers take for the same files, what they find in them, and the same of ours."""
    script = Path(__file__).parent / "peers" / "formats.py"
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            path = Path(folder) / kind
            write_file(path, kind, int(megabytes * 1_000_000), seed)
            began = time.process_time()
            records = [item for item in formats.scan(path) if isinstance(item, Record)]
            row = {"reader": "stromata", "records": len(records), "cpu_seconds": round(time.process_time() - began, 3)}
            row |= {name: sum(bool(getattr(one, name)) for one in records) for name in ("title", "abstract", "doi")}
            truth = len(records)
            text = path.read_text("utf-8")
            truth = text.count({"bibtex": "@article{", "ris": "TY  - ", "nbib": "PMID- "}.get(kind, "<PubmedArticle>"))
            yield {"case": kind, "size": path.stat().st_size, "truth": truth, **row}
            done = subprocess.run([python, str(script), kind, str(path)], capture_output=True, text=True, check=True)
            for line in done.stdout.splitlines():
                yield {"case": kind, "size": path.stat().st_size, "truth": truth, **json.loads(line)}


def main(arguments: list[str] | None = None) -> None:
    """Print one JSON line per case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=50.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=KINDS)
    parser.add_argument("--whole", action="store_true", help="leave out the file of half the size")
    parser.add_argument("--peers", metavar="PYTHON")
    chosen = parser.parse_args(arguments)
    if chosen.peers:
        rows = run_peers(chosen.megabytes, chosen.seed, chosen.peers)
    else:
        kinds = (chosen.only,) if chosen.only else KINDS
        rows = run(chosen.megabytes, chosen.seed, kinds, (1.0,) if chosen.whole else (0.5, 1.0))
    for row in rows:
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
