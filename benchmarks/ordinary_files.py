# ruff: noqa: E501, ISC004 - entries as they stand in a file, as wide as they read best
"""Ordinary files of each format, and makers of others from them and from pieces. All are made by rule."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable

Maker = Callable[[int], bytes]
"""Makes a file of about so many bytes."""

WORDS = "the of stromal cells was in patients with group and a response weeks dose trial to placebo safety for skin "
TEXT = (WORDS * 12).strip().capitalize() + "."

OPENALEX = (
    '{"id": "https://openalex.org/W{n}", "display_name": "Trial {n} of cells in skin", "publication_year": 2020,'
    ' "doi": "https://doi.org/10.99999/x.{n}", "authorships": [{"author": {"display_name": "Ana Garcia"}}],'
    f' "note": "{TEXT}"}}'
)
_CSL = (
    '{"id": "k{n}", "type": "article-journal", "title": "Trial {n} of cells in skin", "author": [{"family": "Garcia",'
    f' "given": "Ana"}}], "issued": {{"date-parts": [[2020]]}}, "abstract": "{TEXT}"}}'
)

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
    "registry-xml": (
        '<?xml version="1.0"?>\n<clinical_studies>\n',
        "<clinical_study><id_info><nct_id>NCT0{n}</nct_id></id_info><brief_title>Trial {n} of cells in skin</brief_title>"
        f"<brief_summary><textblock>{TEXT}</textblock></brief_summary><condition>Wounds</condition></clinical_study>\n",
        "</clinical_studies>\n",
    ),
    "jats": (
        '<?xml version="1.0"?>\n<pmc-articleset>\n',
        '<article><front><journal-meta><journal-title>Journal</journal-title></journal-meta><article-meta><article-id pub-id-type="pmid">{n}</article-id>'
        "<title-group><article-title>Trial {n} of cells in skin</article-title></title-group><contrib-group><contrib><name><surname>Garcia</surname>"
        f"<given-names>Ana</given-names></name></contrib></contrib-group><abstract><p>{TEXT}</p></abstract></article-meta></front></article>\n",
        "</pmc-articleset>\n",
    ),
    "marcxml": (
        '<?xml version="1.0"?>\n<collection xmlns="http://www.loc.gov/MARC21/slim">\n',
        '<record><leader>00000nam a2200000 a 4500</leader><controlfield tag="001">{n}</controlfield><datafield tag="100" ind1="1" ind2=" "><subfield code="a">Garcia, Ana</subfield></datafield>'
        '<datafield tag="245" ind1="1" ind2="0"><subfield code="a">Trial {n} of cells in skin</subfield></datafield>'
        f'<datafield tag="520" ind1=" " ind2=" "><subfield code="a">{TEXT}</subfield></datafield></record>\n',
        "</collection>\n",
    ),
    "mods": (
        '<?xml version="1.0"?>\n<modsCollection xmlns="http://www.loc.gov/mods/v3">\n',
        '<mods ID="k{n}"><titleInfo><title>Trial {n} of cells in skin</title></titleInfo><name type="personal"><namePart type="family">Garcia</namePart><namePart type="given">Ana</namePart></name>'
        f"<originInfo><dateIssued>2020</dateIssued></originInfo><abstract>{TEXT}</abstract></mods>\n",
        "</modsCollection>\n",
    ),
    "bibtex": (
        "",
        "@article{k{n},\n  title = {Trial {n} of cells in skin},\n  author = {Garcia, Ana and Li, Bo},\n"
        f"  year = {{2020}},\n  journal = {{Journal}},\n  abstract = {{{TEXT}}},\n}}\n\n",
        "",
    ),
    "csv": (
        "title,authors,year,journal,abstract,doi\n",
        f'Trial {{n}} of cells in skin,"Garcia, Ana; Li, Bo",2020,Journal,"{TEXT}",10.99999/x.{{n}}\n',
        "",
    ),
    "csl-json": ("[\n", _CSL + ",\n", '{"id": "last", "type": "book", "title": "The last"}\n]\n'),
    "json": (
        '{"results": [\n',
        OPENALEX + ",\n",
        '{"id": "https://openalex.org/W0", "display_name": "The last", "publication_year": 2020}\n]}\n',
    ),
    "json-lines": ("", OPENALEX + "\n", ""),
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
    count = size // len(_numbered(entry, 0)) + 1
    return (begins + "".join(_numbered(entry, n) for n in range(count)) + ends).encode()


def _numbered(piece: str, number: int) -> str:
    return piece.replace("{n}", str(1_000_000 + number))


def repeated(begins: str, piece: str, ends: str = "") -> Maker:
    """Return a maker of a file that is a piece again and again; ``{n}`` in the piece is its number."""

    def make(size: int) -> bytes:
        if "{n}" not in piece:
            return (begins + piece * (size // len(piece)) + ends).encode()
        count = size // (len(piece) + 4) + 1
        return (begins + "".join(_numbered(piece, n) for n in range(count)) + ends).encode()

    return make


def entries(form: str, old: str, new: str) -> Maker:
    """Return a maker of an ordinary file in each of whose entries some text is another."""
    begins, entry, ends = ORDINARY[form]
    return repeated(begins, entry.replace(old, new), ends)


def filled(form: str, old: str, piece: str, *, around: tuple[str, str] = ("", "")) -> Maker:
    """Return a maker of a file of one entry in which some text is a piece again and again."""
    begins, entry, ends = ORDINARY[form]
    first, _, second = _numbered(entry, 0).partition(_numbered(old, 0))
    return repeated(begins + first + around[0], piece, around[1] + second + ends)


def encoded(make: Maker, encoding: str) -> Maker:
    """Return a maker of a file in another encoding, of about the same size in bytes."""
    width = 4 if "32" in encoding else 2 if "16" in encoding else 1
    return lambda size: make(size // width).decode().encode(encoding)


def packed(make: Maker) -> Maker:
    """Return a maker of a file in a gzip archive."""
    return lambda size: gzip.compress(make(size), 1, mtime=0)


def zipped(member: bytes, many: int) -> Maker:
    """Return a maker of a ZIP archive of so many files."""

    def make(size: int) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for number in range(min(many, size // 110)):
                archive.writestr(f"{number}.ris", member)
        return stream.getvalue()

    return make
