# ruff: noqa: E501 - the samples have the long lines of real files
from __future__ import annotations

import io
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.errors import StromataError, Unreadable
from stromata.formats import endnote_xml, jats, library_xml, pubmed_xml, registry_xml, xml_entries
from stromata.formats.account import Ledger
from stromata.formats.content import Passage, examine
from stromata.formats.xml_entries import Entry, Grammar, left_over, read_entries, text_of
from stromata.model import Problem, Record
from stromata.progress import silent

GRAMMAR = Grammar(entries=("work", "part"), frame=("works",), inside=frozenset(("part",)))
NESTED = Grammar(entries=("work",), frame=("works",), nests=True)
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<works>\n'

Item = Record | Problem | Passage


def make(entry: Entry, source: str, number: int, problems: list[Problem]) -> Record | None:
    text = text_of(entry.root)
    if not text:
        problems.append(Problem(entry.line, "no-text", "nothing"))
        return None
    return Record(source=source, number=number, line=entry.line, end_line=entry.end_line, title=text)


def read(data: str | bytes, grammar: Grammar = GRAMMAR) -> list[Item]:
    raw = data.encode() if isinstance(data, str) else data
    content = examine("works.xml", lambda: io.BytesIO(raw))
    return list(read_entries(content, grammar, make, progress=silent))


def titles(items: list[Item]) -> list[str]:
    return [item.title for item in items if isinstance(item, Record)]


def codes(items: list[Item]) -> list[str]:
    return [item.code for item in items if isinstance(item, Problem)]


def lines(items: list[Item]) -> list[tuple[int, int]]:
    return [(item.line, item.end_line) for item in items if isinstance(item, Record)]


def test_entries_come_with_their_lines_and_the_frame_is_a_wrapper() -> None:
    items = read(HEAD + "<work>\n  One\n</work>\n<work>Two</work><work>Three</work>\n</works>\n")
    assert titles(items) == ["One", "Two", "Three"]
    assert lines(items) == [(3, 5), (6, 6), (6, 6)]
    assert [(one.line, one.end_line, one.kind) for one in items if isinstance(one, Passage)] == [
        (1, 2, "wrapper"),
        (7, 7, "wrapper"),
    ]
    assert codes(items) == []


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_every_kind_of_line_end_counts_the_same(end: str) -> None:
    assert lines(read((HEAD + "<work>\nOne\n</work>\n<work>Two</work></works>").replace("\n", end))) == [(3, 5), (6, 6)]


def test_a_name_in_a_comment_or_a_cdata_section_is_no_tag() -> None:
    items = read(HEAD + "<work>a<!-- </work><work> --> b <![CDATA[</work><work>]]> c</work><work>Two</work></works>")
    assert titles(items) == ["a b </work><work> c", "Two"]
    assert codes(items) == []
    items = read(HEAD + "<!-- <work>\nno</work> --><work>One</work></works>")
    assert titles(items) == ["One"]
    assert [(one.text, one.kind) for one in items if isinstance(one, Passage)][1] == ("<work> no</work>", "comment")


def test_a_longer_name_is_another_element() -> None:
    assert titles(read(HEAD + "<work><works2>a</works2><workshop>b</workshop></work></works>")) == ["ab"]


def test_an_entry_that_holds_one_of_another_kind_is_one_entry() -> None:
    items = read(HEAD + "<work><part>a</part></work>\n<part>b</part></works>")
    assert titles(items) == ["a", "b"]
    items = read(HEAD + "<work>a<work>b</work></work><work>c</work></works>", NESTED)
    assert titles(items) == ["ab", "c"]


def test_an_entry_without_an_end_costs_no_other() -> None:
    items = read(HEAD + "<work><a>One</a>\n<work><a>Two</a></work>\n<work><a>Three</a></works>\n")
    assert titles(items) == ["One", "Two", "Three"]
    assert codes(items) == ["xml-no-end", "xml-no-end"]


def test_a_broken_entry_is_told_and_saved_as_far_as_it_goes() -> None:
    items = read(HEAD + "<work>\n<a>One</b>\n</work>\n<work>Two</work></works>")
    assert titles(items) == ["One", "Two"]
    (problem,) = (item for item in items if isinstance(item, Problem))
    assert problem.code == "xml-broken"
    assert problem.line == 4
    assert "lines 3 to 5" in problem.text


def test_bare_signs_are_taken_as_text_and_told() -> None:
    items = read(HEAD + "<work>AT&T, p < 0.05</work></works>")
    assert titles(items) == ["AT&T, p < 0.05"]
    assert codes(items) == ["xml-broken"]


def test_named_characters_of_html_are_read_and_forbidden_ones_left_out() -> None:
    items = read(HEAD + "<work>caf&eacute;&nbsp;&alpha; &unheard; a&#x1F;b \x0cc &amp; d</work></works>")
    assert titles(items) == ["café α &unheard; ab c & d"]
    assert codes(items) == []


def test_prefixes_declared_outside_an_entry_are_known_inside() -> None:
    text = "<x:works xmlns:x=\"urn:one\" xmlns:y='urn:two'>\n<x:work>a<y:b>c</y:b></x:work></x:works>"
    items = read(text)
    assert titles(items) == ["ac"]
    assert codes(items) == []
    items = read(HEAD + '<work><l href="a" k:z="b">One</l></work></works>')
    assert titles(items) == ["One"]
    assert codes(items) == []


def test_text_and_elements_outside_entries_are_stray_and_told() -> None:
    items = read(HEAD + "Some text\n<work>One</work>\n<other>\nx</other>\n<work>Two</work>\n</works>")
    assert titles(items) == ["One", "Two"]
    assert codes(items) == ["xml-stray", "xml-stray"]
    strays = [(one.line, one.end_line, one.text) for one in items if isinstance(one, Passage) and one.kind == "stray"]
    assert [stray[2] for stray in strays] == ["Some text", "<other> x</other>"]
    assert strays[1][:2] == (5, 6)


def test_only_the_first_stray_places_are_told_one_by_one() -> None:
    items = read(HEAD + "".join(f"x{number}<work>{number}</work>\n" for number in range(70)) + "</works>")
    assert len(titles(items)) == 70
    assert len(codes(items)) == 51
    assert "20 more places" in [one.text for one in items if isinstance(one, Problem)][-1]


def test_empty_entries_are_counted() -> None:
    items = read(HEAD + "<work/><work></work>\n<work >\n</work><work>One</work></works>")
    assert titles(items) == ["One"]
    (problem,) = (item for item in items if isinstance(item, Problem))
    assert problem.code == "xml-empty"
    assert "3 of them" in problem.text


def test_an_entry_of_which_nothing_came_is_a_stray_passage() -> None:
    items = read(HEAD + '<work><a b="1"/></work></works>')
    assert codes(items) == ["no-text"]
    assert [one.kind for one in items if isinstance(one, Passage)] == ["wrapper", "stray", "wrapper"]


def test_a_document_type_is_skipped_but_one_with_entities_is_refused() -> None:
    kind = '<!DOCTYPE works PUBLIC "-//X//Y//EN" "file:///etc/passwd">\n'
    assert titles(read(f"{kind}<works><work>One</work></works>")) == ["One"]
    bomb = '<!DOCTYPE works [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>\n<works><work>&b;</work></works>'
    with pytest.raises(Unreadable, match=r"works\.xml defines entities"):
        read(bomb)


def test_deep_nesting_is_a_problem() -> None:
    items = read(HEAD + "<work>" + "<a>" * 5000 + "x" + "</a>" * 5000 + "</work><work>Two</work></works>")
    assert "xml-broken" in codes(items)
    assert "Two" in titles(items)


def test_declared_encodings_are_honoured_and_wrong_ones_told() -> None:
    body = '<?xml version="1.0" encoding="{}"?>\n<works><work>für Köln – “x” Łódź</work></works>'
    polish = body.format("windows-1250").encode("cp1250")
    assert titles(read(polish)) == ["für Köln – “x” Łódź"]
    wrong = body.format("ISO-8859-2").encode()
    items = read(wrong)
    assert titles(items) == ["für Köln – “x” Łódź"]
    assert codes(items) == ["encoding"]
    latin = '<?xml version="1.0" encoding="UTF-8"?>\n<works><work>für Köln über Bäder</work></works>'.encode("cp1252")
    items = read(latin)
    assert titles(items) == ["für Köln über Bäder"]
    assert codes(items) == ["encoding"]
    chinese = '<?xml version="1.0" encoding="GB2312"?>\n<works><work>间充质干细胞治疗</work></works>'.encode("gb18030")
    assert titles(read(chinese)) == ["间充质干细胞治疗"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_marks_and_wide_encodings_are_read(encoding: str) -> None:
    text = '<?xml version="1.0" encoding="UTF-8"?>\n<works>\n<work>Äpfel and pears</work></works>'
    items = read(text.encode(encoding))
    assert titles(items) == ["Äpfel and pears"]
    assert lines(items) == [(3, 3)]


def test_what_is_cut_by_the_end_of_a_block_is_whole() -> None:
    chance = random.Random(7)
    entries = [f"<work>{number} {'é' * chance.randint(0, 3000)}</work>\n" for number in range(900)]
    items = read(HEAD + "".join(entries) + "</works>")
    assert [title.split()[0] for title in titles(items)] == [str(number) for number in range(900)]
    assert lines(items)[-1] == (902, 902)
    assert codes(items) == []


def test_an_entry_larger_than_any_is_left_out_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stromata.formats.xml_entries.LONGEST", 1 << 16)
    items = read(HEAD + "<work>" + "<a>word</a> " * 100_000 + "</work>\n<work>Two</work></works>")
    assert titles(items) == ["Two"]
    assert codes(items)[0] == "xml-too-long"


def test_left_over_parts_are_one_line_each() -> None:
    items = read(HEAD + "<work>x</work></works>")
    assert titles(items) == ["x"]
    content = examine("w", lambda: io.BytesIO(b"<work><a>1</a><b><c>2</c><d>3</d></b><e/></work>"))
    found: list[tuple[str, str]] = []

    def take(entry: Entry, source: str, number: int, problems: list[Problem]) -> None:
        problems.append(Problem(number, source, ""))
        found.extend(left_over(entry.root, frozenset(("a",)), within="w"))

    list(read_entries(content, GRAMMAR, take, progress=silent))
    assert found == [("w/b", "c: 2 | d: 3")]


SEED = (
    HEAD + "<PubmedArticle><MedlineCitation><PMID>1</PMID><Article><ArticleTitle>A &lt;b&gt; <i>c</i></ArticleTitle>"
    "<AuthorList><Author><LastName>Li</LastName></Author></AuthorList></Article></MedlineCitation></PubmedArticle>\n"
    '<record><ref-type name="Book">6</ref-type><titles><title>T</title></titles></record>\n'
    "<clinical_study><id_info><nct_id>NCT01234567</nct_id></id_info></clinical_study>\n"
    "<article><front><article-meta><title-group><article-title>T</article-title></title-group></article-meta></front>"
    "</article><mods><titleInfo><title>M</title></titleInfo></mods></works>\n"
).encode()
PIECES = [b"<!--", b"-->", b"<![CDATA[", b"]]>", b"&", b"&nbsp;", b"<", b">", b"</record>", b"<record>", b"\x00", b"\xff",
          b"\r", b"<?", b"?>", b"<Article>", b"<PubmedArticle>", b"</article >", b'"', b"<!DOCTYPE a>"]  # fmt: skip
READERS = (
    pubmed_xml.read, endnote_xml.read, registry_xml.read, jats.read, library_xml.read_marc, library_xml.read_mods
)  # fmt: skip


def check(data: bytes) -> None:
    try:
        content = examine("any", lambda: io.BytesIO(data))
    except StromataError:
        return
    for reader in READERS:
        ledger = Ledger()
        try:
            for item in reader(content, progress=silent):
                ledger.note(item)
        except StromataError:
            continue
        assert ledger.account(content, "xml").unread_bytes == 0


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_records_or_problems(data: bytes) -> None:
    check(b"<works><record>" + data + b"</record>")


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(SEED)), st.sampled_from(PIECES), st.integers(0, 40)), max_size=6))
def test_damaged_files_give_records_or_problems_and_every_byte_is_accounted_for(
    cuts: list[tuple[int, bytes, int]],
) -> None:
    data = SEED
    for place, piece, lost in cuts:
        data = data[:place] + piece + data[place + lost :]
    check(data)


def test_comments_and_instructions_are_passed_in_runs_and_text_among_them_is_told_once() -> None:
    items = read(HEAD + "<!--a-->x<?b?>\n<!--c-->y\n" * 200 + "<work>One</work></works>")
    assert titles(items) == ["One"]
    assert codes(items) == ["xml-stray"]
    (told,) = [one for one in items if isinstance(one, Problem)]
    assert "x" in told.text
    items = read(HEAD + "<!--a--><?b?>\n" * 200 + "<work>One</work></works>")
    assert codes(items) == []
    assert [one.kind for one in items if isinstance(one, Passage)] == ["wrapper", "comment", "wrapper"]


def test_a_comment_longer_than_most_hides_the_entries_in_it() -> None:
    items = read(HEAD + "<!--a--><!--" + "<work>no</work> " * 100 + "--><work>One</work></works>")
    assert titles(items) == ["One"]
    assert codes(items) == []


def test_names_of_many_prefixes_are_found_without_them() -> None:
    prefixes = "".join(f' xmlns:p{n}="http://a/{n}"' for n in range(500))
    items = read(f"<works{prefixes}><work><p1:b>One</p1:b></work><work><p400:b>Two</p400:b></work></works>")
    assert titles(items) == ["One", "Two"]


def test_an_inclusion_is_named_with_its_line() -> None:
    items = read(
        HEAD + '<work>One\n<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/hosts"/></work></works>'
    )
    assert titles(items) == ["One"]
    (told,) = [one for one in items if isinstance(one, Problem)]
    assert (told.code, told.line) == ("xml-include", 4)


def test_entries_of_tags_alone_are_told_together_and_those_that_say_something_are_read() -> None:
    empty = "<work><a/><b></b></work>\n<work> <c></c></work>\n<work/>"
    items = read(f"{HEAD}{empty}\n<work><a>One</a></work>{empty}<work><a b='2'/>Two</work></works>")
    assert titles(items) == ["One", "Two"]
    told = [one for one in items if isinstance(one, Problem)]
    assert [(one.code, one.line) for one in told if one.code == "xml-empty"] == [("xml-empty", 3), ("xml-empty", 6)]


@pytest.mark.parametrize(
    "before",
    [
        "<?a\nb\n?>\n\n",
        "<!--a\nb\n-->\n",
        "<?a\n?><!--b\n-->",
        "<!--a\n--><?b\n?>\n",
        "<?a\n?>\n<works\n>\n<!--\n-->\n<works>\n",
    ],
)
def test_remarks_of_several_lines_are_accounted_for(before: str) -> None:
    check(f"{before}{HEAD}{before}<PubmedArticle/>{before}x{before}</works>".encode())
    content = examine("any", lambda: io.BytesIO(f"{before}{HEAD}{before}<work>One</work>{before}</works>\n".encode()))
    ledger = Ledger()
    for item in read_entries(content, GRAMMAR, make, progress=silent):
        ledger.note(item)
    account = ledger.account(content, "xml")
    assert (account.unread_bytes, account.records) == (0, 1)


@pytest.mark.parametrize("name", ["a:", "a:1b", "a:b:", "a::"])
def test_a_broken_entry_with_a_colon_that_no_name_follows_is_saved(name: str) -> None:
    items = read(f'<works><work xmlns:a="x">One & two <{name}>three</{name}></work><work>Four</work></works>')
    assert titles(items) == ["One & two three", "Four"]


def test_entries_without_anything_are_told_once_with_what_stands_between_them() -> None:
    for between in ("x", "words\n", "<!-- c -->", "\n"):
        items = read(HEAD + f"<work/>{between}<work> </work>{between}" * 300 + "<work>A</work></works>")
        assert titles(items) == ["A"]
        problems = [one for one in items if isinstance(one, Problem)]
        empty = [one for one in problems if one.code == "xml-empty"]
        assert len(empty) == 1
        assert "600 of them" in empty[0].text
        assert [one.code for one in problems if one.code != "xml-empty"] == ["xml-stray"] * (between[0] in "xw")


def test_once_many_entries_were_broken_tiny_ones_without_ends_are_passed_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken = 0
    plain = xml_entries._taken

    def counted(*given: Any) -> Any:  # Any: passed on as it comes
        nonlocal taken
        taken += 1
        return plain(*given)

    monkeypatch.setattr(xml_entries, "_taken", counted)
    items = read(HEAD + "<work><a>1</b>x" * 20_000 + "<work>A</work><work>B</work></works>")
    assert titles(items)[-2:] == ["A", "B"]
    assert taken < 2_000
