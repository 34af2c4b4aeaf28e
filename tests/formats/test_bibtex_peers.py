"""Other readers of BibTeX find the same records in what we write."""

from __future__ import annotations

import io

import bibtexparser
from pybtex.database import parse_string

from stromata.formats import bibtex
from stromata.formats.content import examine
from stromata.formats.latex import text_of
from stromata.model import Name, Record, Translation

SOME = (
    Record(
        source="s", number=1, line=1, end_line=1, type="article-journal", title="50% of {A}_1 & B -- ä 中",
        authors=(Name("Smith", "John", "Jr"), Name("van der Berg", "Jan"), Name(literal="The A and B Group")),
        year=2020, date="2020-03-04", journal="J Cells", pages="3-9", doi="10.1234/a_(b)", urls=("https://a.example/x_y#z",),
        abstract='He said "x" \\ y ~ z^2 $5 } {', keywords=("a", "b"), registry_ids=("NCT01234567",),
        translations=(Translation("zh", "题 {x", "摘要"),), notes=("one", "two"),
        extra=(("ID", "smith2020"), ("EIN", "Erratum 1"), ("EIN", "Erratum 2"), ("CY", "Bonn")),
    ),
    Record(source="s", number=2, line=1, end_line=1, title="Same key", extra=(("ID", "smith2020"),)),
    Record(source="s", number=3, line=1, end_line=1, title="Part", type="chapter", authors=(Name("Li"),)),
)  # fmt: skip


def test_bibtexparser_and_pybtex_read_the_same_records() -> None:
    stream = io.StringIO()
    bibtex.write(SOME, stream)
    text = stream.getvalue()
    ours = [item for item in bibtex.read(examine("a", lambda: io.BytesIO(text.encode()))) if isinstance(item, Record)]
    library = bibtexparser.parse_string(text)
    other = parse_string(text, "bibtex")
    assert library.failed_blocks == []
    assert len(library.entries) == len(other.entries) == len(ours) == len(SOME)
    for entry, record in zip(library.entries, ours, strict=True):
        theirs = other.entries[entry.key]
        assert text_of(entry["title"]) == text_of(theirs.fields["title"]) == record.title
        assert text_of(theirs.fields.get("abstract", "")) == record.abstract
        assert theirs.fields.get("doi", "") == record.doi
        assert len(theirs.persons.get("author", ())) == len(record.authors)
        assert {field.key for field in entry.fields} >= {"title"}
