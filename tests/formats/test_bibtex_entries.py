"""Where the entries of a BibTeX file begin and end, before anything is made of them."""

from __future__ import annotations

import io
from itertools import pairwise

import pytest

from stromata.formats.bibtex_entries import Entry, Scanner, mentions_parents, parents, wanted
from stromata.formats.content import Passage, examine


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
