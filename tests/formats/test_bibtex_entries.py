"""Where the entries of a BibTeX file begin and end, before anything is made of them."""

from __future__ import annotations

import io
from itertools import pairwise

import pytest

from stromata.formats import bibtex_entries
from stromata.formats.bibtex_entries import Entry, Scanner, mentions_parents, parents, wanted
from stromata.formats.content import Passage, examine
from stromata.model import Problem


def entries(text: str) -> list[Entry]:
    lines = enumerate(text.split("\n"), start=1)
    return [item for item in Scanner().items(lines) if isinstance(item, Entry)]


def test_latex_is_left_as_it_stands_and_macros_are_put_in() -> None:
    (entry,) = entries(
        '@string(j = "J {C}")\n@Article{k,\n  title = {A \\textit{b} {C}},\n  journal = j # "\\&",\n  year = 2000\n}'
    )
    assert (entry.type, entry.key, entry.line, entry.end_line) == ("article", "k", 2, 6)
    assert entry.fields == [("title", "A \\textit{b} {C}"), ("journal", "J {C}\\&"), ("year", "2000")]


def test_several_entries_on_one_line_and_words_between_them() -> None:
    found = list(Scanner().items(enumerate(["@a{x, t={1}} and @b{y, t={2}}", "words"], start=1)))
    kinds = [item.key if isinstance(item, Entry) else item.kind for item in found if isinstance(item, Entry | Passage)]
    assert kinds == ["x", "comment", "y", "comment"]


@pytest.mark.parametrize(
    "text",
    [
        "@a{k,\n title = {" + "{" * 5000 + "\n@a{next, t = {1}}",
        "@a{k,\n" + "a = {\n" * 3000 + "@a{next, t = {1}}",
        "@a{k, " + 'a = "x" b ' * 3000 + "\n@a{next, t = {1}}",
        "@a{k, " + "x={1} ? } y={2} " * 3000 + "\n@a{next, t = {1}}",
        "@a{k, " + '"a" # ' * 3000 + "\n@a{next, t = {1}}",
    ],
)
def test_the_worst_entry_ends_where_the_next_one_begins(text: str) -> None:
    found = entries(text)
    assert found[-1].key == "next"
    assert found[-1].fields == [("t", "1")]
    assert len(found[0].problems) <= 21


def test_values_nested_deeper_than_the_quick_pattern_goes() -> None:
    deep = "{" * 40 + "x" + "}" * 40
    (entry,) = entries(f"@a{{k, t = {{{deep}}}, u = {{1}}}}")
    assert entry.fields == [("t", deep), ("u", "1")]


def test_a_long_stretch_without_entries_is_handed_on_in_parts() -> None:
    lines = ((number, "words " * 200) for number in range(1, 16_000))
    passages = [item for item in Scanner().items(lines) if isinstance(item, Passage)]
    assert len(passages) > 1
    assert (passages[0].line, passages[-1].end_line) == (1, 15_999)
    assert all(one.end_line + 1 == other.line for one, other in pairwise(passages))


def test_parents_are_remembered_only_where_entries_name_them() -> None:
    text = b"@inbook{c, crossref = {P}}\n@book{p, title={T}}\n@book{q, title={U}}\n"
    content = examine("a.bib", lambda: io.BytesIO(text))
    assert mentions_parents(content)
    assert wanted(content) == {"p"}
    assert parents(content, wanted(content)) == {"p": {"title": "T", "entrytype": "book"}}
    assert not mentions_parents(examine("b.bib", lambda: io.BytesIO(b"@book{q, title={crossref}}")))


def scanned(text: str) -> tuple[Scanner, list[Entry], list[Passage], list[Problem]]:
    scanner = Scanner()
    found = list(scanner.items(enumerate(text.split("\n"), start=1)))
    kinds = (Entry, Passage, Problem)
    entries, passages, problems = ([one for one in found if isinstance(one, kind)] for kind in kinds)
    return scanner, entries, passages, problems  # type: ignore[return-value]


def test_macros_in_lines_of_their_own_are_one_passage_and_mean_the_same() -> None:
    macros = ["@string{a = {First}}", '  @STRING{ B="Second" }', "", "@string{c = a # b}", "@string{d = {4}}"]
    scanner, (entry,), passages, problems = scanned("\n".join([*macros, "@x{k, t = a # b, u = c # d}"]))
    assert scanner.macros == {"a": "First", "b": "Second", "c": "FirstSecond", "d": "4"}
    assert entry.fields == [("t", "FirstSecond"), ("u", "FirstSecond4")]
    assert [(one.line, one.end_line) for one in passages] == [(1, 2), (4, 4), (5, 5)]
    assert not problems


def test_more_macros_than_any_file_needs_are_not_kept() -> None:
    doubled = "\n".join(["@string{m0 = {ab}}", *(f"@string{{m{n + 1} = m{n} # m{n}}}" for n in range(4_000))])
    scanner, (entry,), _, problems = scanned(f"{doubled}\n@x{{k, t = m3}}")
    assert sum(map(len, scanner.macros.values())) < 2 * (1 << 24)
    assert len(scanner.macros) < 4_000
    assert entry.fields == [("t", "ab" * 8)]
    assert [one for one in problems if "more than any file needs" in one.text]


def test_entries_without_fields_are_told_once() -> None:
    for empty, many in (("@a{b}\n" * 400, 400), ("@a{}" * 400 + "\n", 400), ("@a{x,}@b{ y }\n\n" * 200, 400)):
        _, (first, last), _, (problem,) = scanned("@a{p, t={1}}\n" + empty + "@a{q, t={2}}\n")
        assert (first.key, last.key) == ("p", "q")
        assert problem.code == "bibtex-empty-entry"
        assert f"{many} of them" in problem.text
    assert len(entries("@a{b}\n@comment{c}\n@a{PMID:12345}\n@a{d}")) == 3


def test_fields_behind_the_last_entry_without_any_are_still_its_own() -> None:
    found = entries("@a{b}\n@a{c}\n@a{d}\n  title = {Lost},\n}")
    assert [(one.key, one.fields) for one in found] == [("d", [("title", "Lost")])]


def test_what_an_entry_has_beyond_all_measure_is_left_out_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bibtex_entries, "_LONGEST_VALUE", 10)
    monkeypatch.setattr(bibtex_entries, "_MOST_FIELDS", 3)
    odd = ", ?" * 30
    (entry, after) = entries(
        f"@a{{k{odd}, t = {{{'x' * 50}}}, u = {{1}} # {{{'y' * 20}}}, v = 3, w = 4, x = 5}}\n@a{{n, t={{1}}}}"
    )
    assert entry.fields == [("t", "x" * 10), ("u", "1" + "y" * 9), ("v", "3")]
    codes = [one.code for one in entry.problems if "long" in one.code]
    assert codes == ["bibtex-long-value", "bibtex-long-value", "bibtex-long-entry"]
    assert after.fields == [("t", "1")]
