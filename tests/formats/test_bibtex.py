"""BibTeX and BibLaTeX, as programs and people write them."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.formats import bibtex
from stromata.formats.content import NO_LINE_END, Passage, examine
from stromata.model import Name, Problem, Record, Translation


def items(text: str | bytes) -> list[Record | Problem | Passage]:
    data = text.encode() if isinstance(text, str) else text
    found = bibtex.read(examine("a.bib", lambda: io.BytesIO(data)))
    return [item for item in found if not (isinstance(item, Problem) and item.code == NO_LINE_END)]


def records(text: str | bytes) -> list[Record]:
    return [item for item in items(text) if isinstance(item, Record)]


def codes(text: str | bytes) -> list[str]:
    return [item.code for item in items(text) if isinstance(item, Problem)]


def one(text: str) -> Record:
    (record,) = records(text)
    return record


ARTICLE = r"""
@article{takeda_stromal_2018,
	title = {Stromal cells of {Wharton}'s jelly: {A} trial},
	volume = {12},
	issn = {0932-0814, 2567-6911},
	doi = {10.99999/FJ.1},
	abstract = {BACKGROUND: Registered as NCT01234567.
RESULTS: 5\% \& more.},
	language = {English},
	number = {3},
	journal = {Journal of Cells},
	author = {Takeda, Yuichi and van der Berg, Jan and {The Cell Group} and Garc{\'\i}a, Ana},
	month = aug,
	year = {1999},
	keywords = {blood supply, cells},
	pages = {134--137},
	annote = {Read twice},
	file = {Full Text:C\:\\a_b\\x.pdf:application/pdf},
}
"""


def test_an_article_goes_into_the_fields_of_a_record() -> None:
    record = one(ARTICLE)
    assert (record.line, record.end_line, record.type) == (2, 19, "article-journal")
    assert record.title == "Stromal cells of Wharton's jelly: A trial"
    assert record.authors == (
        Name("Takeda", "Yuichi"), Name("van der Berg", "Jan"), Name(literal="The Cell Group"), Name("García", "Ana"),
    )  # fmt: skip
    assert (record.year, record.date, record.pages) == (1999, "1999-08", "134-137")
    assert (record.journal, record.volume, record.issue) == ("Journal of Cells", "12", "3")
    assert (record.doi, record.issn) == ("10.99999/fj.1", ("0932-0814", "2567-6911"))
    assert record.abstract == "BACKGROUND: Registered as NCT01234567. RESULTS: 5% & more."
    assert record.registry_ids == ("NCT01234567",)
    assert (record.language, record.language_basis) == ("en", "stated")
    assert record.keywords == ("blood supply", "cells")
    assert record.notes == ("Read twice",)
    assert record.extra[0] == ("ID", "takeda_stromal_2018")
    assert dict(record.extra)["L1"].endswith("a_b\\\\x.pdf:application/pdf")


def test_macros_months_and_concatenation() -> None:
    text = '@string{jc = "Journal of " # {Cells}}\n@article{a, title="x", journal = jc # " B",'
    text += ' month = 1 # "~" # feb, year=2020}'
    record = one(text)
    assert record.journal == "Journal of Cells B"
    assert record.date == "2020-02-01"


def test_an_unknown_macro_stands_for_itself_and_is_told_once() -> None:
    text = "@article{a, title={x}, journal = jcx}\n@article{b, title={y}, journal = jcx}\n"
    assert [record.journal for record in records(text)] == ["jcx", "jcx"]
    assert codes(text) == ["bibtex-macro"]


def test_macros_of_macros_do_not_grow_without_bound() -> None:
    text = '@string{a="xxxxxxxxxx"}\n' + "@string{a = a # a}\n" * 40 + "@article{k, title = a}\n"
    assert len(one(text).title) <= 10_000
    assert "bibtex-macro" in codes(text)


def test_entries_in_brackets_and_quotes_and_odd_case() -> None:
    record = one('@ARTICLE ( key1 ,\n  TITLE = "A {"}quoted{"} title" ,\n  Year = 2001 ,\n)\n')
    assert (record.title, record.year) == ('A "quoted" title', 2001)
    assert record.extra == (("ID", "key1"),)


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("Milton {Abramowitz} and Irene A. {Stegun}", (Name("Abramowitz", "Milton"), Name("Stegun", "Irene A."))),
        ("Ludwig van Beethoven", (Name("van Beethoven", "Ludwig"),)),
        ("von Hicks, III, Michael", (Name("von Hicks", "Michael", "III"),)),
        ("Roe, V, Ann", (Name("Roe", "Ann", "V"),)),
        ("Smith, John, Jr.", (Name("Smith", "John", "Jr."),)),
        ("{Barnes and Noble} and Roe, Ann", (Name(literal="Barnes and Noble"), Name("Roe", "Ann"))),
        ("王海霞 and 罗耀群", (Name(literal="王海霞"), Name(literal="罗耀群"))),
        ("Smith JA, Doe B, Roe CD", (Name("Smith", "JA"), Name("Doe", "B"), Name("Roe", "CD"))),
        ("Smith, J.; Doe, B.", (Name("Smith", "J."), Name("Doe", "B."))),
        (
            r"{\'E}mile Zola\nand\tX, Y".replace(r"\n", "\n").replace(r"\t", "\t"),
            (Name("Zola", "Émile"), Name("X", "Y")),
        ),
    ],
)
def test_names(written: str, names: tuple[Name, ...]) -> None:
    assert one(f"@book{{k, title={{x}}, author = {{{written}}}}}").authors == names


def test_and_others_says_that_names_are_missing() -> None:
    text = "@book{k, title={x}, author = {Smith, J. and others}}"
    assert one(text).authors == (Name("Smith", "J."),)
    assert ("AU", "others") in one(text).extra
    assert codes(text) == ["bibtex-authors-cut"]


def test_ten_thousand_authors() -> None:
    names = " and ".join(f"Name{number}, A." for number in range(10_000))
    assert len(one(f"@article{{k, title={{x}}, author={{{names}}}}}").authors) == 10_000


def test_biblatex_fields() -> None:
    record = one(
        "@online{b, title={A}, subtitle={B}, date={2020-03-04}, journaltitle={J Cells}, shortjournal={JC}, "
        "langid={german},"
        " location={Bonn}, eprint={31234567}, eprinttype={pubmed}, "
        "annotation={N}, urldate={2021-01-02}, editor={Roe, A.}}"
    )
    assert (record.title, record.date, record.journal, record.pmid) == ("A: B", "2020-03-04", "J Cells", "31234567")
    assert (record.language, record.notes, record.type) == ("de", ("N",), "webpage")
    assert {("CY", "Bonn"), ("Y2", "2021-01-02"), ("ED", "Roe, A.")} <= set(record.extra)


def test_a_part_inherits_from_the_whole_that_it_names() -> None:
    text = (
        "@inproceedings{c, title={A talk}, crossref={p}, pages={1-2}}\n"
        "@inproceedings{d, title={Alone}, crossref={nowhere}}\n"
        "@proceedings{p, title={The meeting}, year=2006, editor={Roe, A.}, doi={10.1234/whole}, abstract={Whole}}\n"
    )
    child, alone, _ = records(text)
    assert (child.journal, child.year, child.doi, child.abstract) == ("The meeting", 2006, "", "")
    assert ("inherited", "booktitle, year, editor from p") in child.extra
    assert alone.year is None
    assert codes(text) == ["bibtex-no-parent"]


def test_a_preprint_keeps_where_it_is_kept() -> None:
    record = one("@misc{k, title={x}, eprint={2001.01234}, eprinttype={arxiv}}")
    assert {("eprint", "2001.01234"), ("eprinttype", "arxiv")} <= set(record.extra)
    assert ("eprinttype", "arxiv") in one("@misc{k, title={x}, eprinttype={arxiv}}").extra
    assert same(one(written(record)), record)


def test_what_stands_between_entries_is_passages() -> None:
    text = (
        '% Encoding: UTF-8\n\n@preamble{ "x{y}" }\n@string{a = {b}}\nA remark.\n@book{k, title={x}}\n\n'
        "@Comment{jabref-meta: databaseType:bibtex;}\n"
    )
    kinds = [(item.kind, item.line) for item in items(text) if isinstance(item, Passage)]
    assert kinds == [("comment", 1), ("wrapper", 3), ("wrapper", 4), ("comment", 5), ("comment", 8)]
    assert codes(text) == []


def test_fields_outside_entries_are_told() -> None:
    assert codes("title = {Lost},\nyear = {2000}\n@book{k, title={x}}\n") == ["bibtex-outside-entry"]


def test_an_unclosed_entry_is_read_as_far_as_it_goes_and_the_next_one_whole() -> None:
    text = "@article{a,\n title = {Open,\n year = {2001},\n journal = {J}\n\n@article{b,\n title = {Next}\n}\n"
    first, second = records(text)
    assert (first.title, first.year, first.journal) == ("Open", 2001, "J")
    assert second.title == "Next"
    assert set(codes(text)) == {"bibtex-open-value", "bibtex-unclosed"}


def test_a_brace_too_many_does_not_end_the_entry() -> None:
    record = one("@article{a,\n keywords = {x}, y}, z},\n title = {Whole},\n year = {2001},\n}\n")
    assert (record.title, record.year) == ("Whole", 2001)
    assert "bibtex-closed-early" in codes("@article{a,\n keywords = {x}, y}, z},\n title = {Whole},\n}\n")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("@article{a title = {T}, year = 2000}", "bibtex-no-comma"),
        ("@article{a,\n title = {T}\n year = 2000}", "bibtex-no-comma"),
        ("@article{title = {T}, year = 2000}", "bibtex-no-key"),
        ('@article{a, title = "T", note = "an "odd" one", year = 2000}', ""),
        ("@article{a, title = {T}, year = 2000, doi = {none}}", "bibtex-doi"),
        ("@article{a, title = {T}, stray words, year = 2000}", "bibtex-stray-text"),
        (r"@article{a, title = {T}, file = {C:\dir\}, year = 2000}", ""),
        (r"@article{a, title = {T}, abstract = {one \{ brace}, year = 2000}", ""),
        ("@article{a, title = {T}, note = {x = y, z = {1}}, year = 2000}", ""),
    ],
)
def test_odd_entries_lose_nothing(text: str, code: str) -> None:
    assert (one(text).title, one(text).year) == ("T", 2000)
    assert codes(text) == ([code] if code else [])


def test_keys_of_all_kinds() -> None:
    text = (
        "@article{,\n title={A}}\n@article{smith_testing_????, title={B}}\n@article{a key with blanks, title={C}}\n"
        "@article {PMID:18888888, title={D}}\n@article{doi:10.1111/x, title={E}}\n@article{doi:10.1111/x, title={F}}\n"
    )
    found = records(text)
    assert [dict(record.extra).get("ID") for record in found] == [
        None, "smith_testing_????", "a key with blanks", "PMID:18888888", "doi:10.1111/x", "doi:10.1111/x",
    ]  # fmt: skip
    assert (found[3].pmid, found[4].doi) == ("18888888", "10.1111/x")
    assert codes(text) == ["bibtex-repeated-key"]


def test_habits_of_databases() -> None:
    scopus = one(
        "@ARTICLE{Li2020,\nauthor={Li, W.},\ntitle={S&amp;P <i>in vivo</i>},\njournal={Cells},\nart_number={17},"
        "\nyear={2020},"
        "\nabbrev_source_title={C.},\nauthor_keywords={a; b, c},"
        "\nfunding_details={X},\nfunding_details={Y},\nsource={Scopus},\n}"
    )
    assert (scopus.title, scopus.pages, scopus.database) == ("S&P in vivo", "17", "Scopus")
    assert (scopus.journal_abbreviation, scopus.keywords) == ("C.", ("a", "b, c"))
    assert [value for tag, value in scopus.extra if tag == "funding_details"] == ["X", "Y"]
    taylor = one("@article{k, title={x}, note ={PMID: 33355555},\nURL = { \n    https://doi.org/10.1111/a_b\n },\n}")
    assert (taylor.pmid, taylor.doi, taylor.notes) == ("33355555", "10.1111/a_b", ())
    wos = one(
        "@article{ WOS:000072095400011, title={x}, Unique-ID={WOS:000072095400011}, "
        "Journal-ISO={J. C.}, journal={J CELLS}}"
    )
    assert (wos.accession, wos.journal_abbreviation) == ("WOS:000072095400011", "J. C.")
    mathscinet = one("@article{k, title={x}, journal={Adv. Math.}, fjournal={Advances in Mathematics}}")
    assert (mathscinet.journal, mathscinet.journal_abbreviation) == ("Advances in Mathematics", "Adv. Math.")


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_encodings_and_line_ends(codec: str) -> None:
    data = "@book{k,\r\n title={Ü},\r year={2001}}\r".encode(codec)
    (record,) = records(data)
    assert (record.title, record.year, record.end_line) == ("Ü", 2001, 3)


def test_a_file_cut_off_in_the_last_entry() -> None:
    text = ARTICLE[: ARTICLE.index("language")]
    assert one(text).doi == "10.99999/fj.1"
    assert "bibtex-unclosed" in codes(text)


def test_empty_entries_are_problems() -> None:
    assert records("@article{}\n@article{k,}\n@misc{k2, title = {}}") == []
    assert set(codes("@article{}\n@article{k,}\n")) == {"bibtex-empty-entry"}


def test_sniff_knows_entries_and_no_style_sheets_or_addresses() -> None:
    assert bibtex.sniff("% x\n@Article{a,\n")
    assert bibtex.sniff("@string{a = {b}}\n")
    assert not bibtex.sniff("@media (max-width: 1px) {\n a {b: c}}\n")
    assert not bibtex.sniff("mail me @home, or at me@there.example {x, y}")


# --- writing ---

FULL = Record(
    source="s", number=1, line=1, end_line=1, type="article-journal", title="50% of {A}_1 & B -- ä 中",
    authors=(Name("Smith", "John", "Jr"), Name("van der Berg", "Jan"), Name(literal="The A and B Group"), Name("Solo")),
    year=2020, date="2020-03-04", journal="J Cells", journal_abbreviation="J. C.", volume="1", issue="2", pages="3-9",
    publisher="P & Q", issn=("1234-5678",), isbn=("9783161484100",), doi="10.1234/a_(b)", pmid="123", pmcid="PMC1234",
    registry_ids=("NCT01234567",), accession="L1", database="Embase", urls=("https://a.example/x_y", "https://b.example"),
    abstract='He said "x" \\ y ~ z^2 $5', keywords=("a, b",), language="en", language_basis="stated",
    translations=(Translation("zh", "题 {x}", "摘要", machine=True),), notes=("one", "two"),
    extra=(("ID", "smith2020"), ("EIN", "Erratum 1"), ("EIN", "Erratum 2"), ("CY", "Bonn"), ("art_number", "17"),
           ("ED", "Roe, A.")),
)  # fmt: skip


def written(*some: Record) -> str:
    stream = io.StringIO()
    bibtex.write(some, stream)
    return stream.getvalue()


def same(record: Record, other: Record) -> bool:
    place = {"source": "", "number": 0, "line": 0, "end_line": 0}
    left, right = ({**{f: getattr(one, f) for f in Record.__slots__}, **place} for one in (record, other))
    left["extra"], right["extra"] = sorted(left["extra"]), sorted(right["extra"])
    return left == right


def test_what_is_written_is_read_back_whole() -> None:
    back = one(written(FULL))
    assert same(back, FULL), (back, FULL)


def test_what_is_read_is_written_and_read_again() -> None:
    record = one(ARTICLE)
    assert same(one(written(record)), record)


def test_keys_are_unique_and_stable() -> None:
    first = Record(
        source="s", number=1, line=1, end_line=1, title="Stromal cells", authors=(Name("Müller", "A"),), year=2001
    )
    text = written(first, first, FULL, FULL)
    keys = [line.partition("{")[2].rstrip(",") for line in text.splitlines() if line.startswith("@")]
    assert keys == ["Müller_2001_Stromal", "Müller_2001_Stromal-2", "smith2020", "smith2020-2"]
    assert text == written(first, first, FULL, FULL)
    assert dict(records(text)[3].extra)["ID"] == "smith2020"


_TEXT = st.text(alphabet="aB 1,;:{}\\$%&#_~^\"'-=()@é中", max_size=30).map(lambda text: " ".join(text.split()))


@settings(max_examples=60, deadline=None)
@given(title=_TEXT, abstract=_TEXT, extra=_TEXT, keyword=_TEXT)
def test_any_text_survives_the_round_trip(title: str, abstract: str, extra: str, keyword: str) -> None:
    words = (keyword,) if keyword and not set(";,") & set(keyword) else ()
    pairs = (("ID", "k"), ("C7", extra)) if extra else (("ID", "k"),)
    record = Record(
        source="s", number=1, line=1, end_line=1, type="book", title=f"T {title}".strip(), abstract=abstract,
        keywords=words, extra=pairs,
    )  # fmt: skip
    back = one(written(record))
    assert (back.title, back.abstract, back.extra, back.keywords) == (record.title, record.abstract, pairs, words)


@settings(max_examples=80, deadline=None)
@given(st.text(alphabet='@ab{}()",=#\\ \n%1', max_size=120))
def test_no_text_breaks_the_reading(text: str) -> None:
    lines = text.count("\n") + 1
    for item in bibtex.read(examine("a.bib", lambda: io.BytesIO(("x" + text).encode()))):
        assert isinstance(item, Problem) or 1 <= item.line <= item.end_line <= lines


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, len(ARTICLE)), put=st.sampled_from(['"', "{", "}", "@", "\\", ",", "\n@article{"]))
def test_a_sign_anywhere_loses_no_line(cut: int, put: str) -> None:
    text = ARTICLE[:cut] + put + ARTICLE[cut:]
    covered: set[int] = set()
    for item in items(text):
        if not isinstance(item, Problem):
            covered |= set(range(item.line, item.end_line + 1))
    for number, line in enumerate(text.split("\n"), start=1):
        assert number in covered or not line.strip(), (number, line)
