"""Labelled sets as the tools write them."""

import re
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stromata.errors import InvalidInput, NotFound, Unreadable
from stromata.model import Record
from stromata.screening.labelled import LabelledSet, Part, is_table, labelled_set, read_records, read_table

TEXTS = ("Cells in psoriasis,We gave cells.", "Cells in lupus,We gave more.", "Roads,We built roads.")


def table(headings, *labels):
    rows = [f"{text},{label}" for text, label in zip(TEXTS, labels, strict=False)]
    return "\n".join((f"title,abstract,{headings}", *rows)) + "\n"


def read(data, name="set.csv", **more):
    return labelled_set([read_table(data, name=name, **more)], name="set")


def codes(data):
    return [(problem.line, problem.code) for _, problem in data.problems]


@pytest.mark.parametrize(
    "heading", ["label", "included", "label_included", "final_included", "asreview_label", "Included", "Label Included"]
)
def test_columns_of_labels_are_known_by_their_heading(heading):
    found = read(table(heading, 1, 0, 0))
    assert found.relevant == (True, False, False)
    assert [one.id for one in found.documents] == ["0", "1", "2"]
    assert (found.documents[1].title, found.documents[1].abstract) == ("Cells in lupus", "We gave more.")


@pytest.mark.parametrize(
    "labels",
    [("1", "0", "0"), ("1.0", "0.0", "0.0"), ("yes", "no", "no"), ("TRUE", "FALSE", "False"),
     ("Included", "Excluded", "excluded"), ("relevant", "not_relevant", "irrelevant"), ("纳入", "排除", "排除")],
)  # fmt: skip
def test_words_for_labels(labels):
    assert read(table("label", *labels)).relevant == (True, False, False)


def test_asreviews_own_label_comes_before_older_ones_and_full_text_before_abstract():
    assert read(table("label,asreview_label", "0,1", "0,0", "1,0")).relevant == (True, False, False)
    both = table("label_abstract_screening,label_included", "1,1", "1,0", "0,0")
    assert read(both).relevant == (True, False, False)
    assert read(both, label="label_abstract_screening").relevant == (True, True, False)


@pytest.mark.parametrize("empty", ["", "-1", "NA", "maybe", "not_seen"])
def test_a_row_without_a_label_is_not_part_of_the_set_but_keeps_its_place(empty):
    found = read(table("label", 1, empty, 0))
    assert [one.id for one in found.documents] == ["0", "2"]
    assert (found.unlabelled, found.left_out, found.problems) == (1, 0, ())


def test_a_label_that_is_none_is_named_with_its_place_and_only_its_row_is_left_out():
    rows = "".join(f"A title,A text,{place % 2}\n" for place in range(20))
    found = read(f"title,abstract,label\n{rows}Another,Text,7\n")
    assert (len(found.documents), found.left_out) == (20, 1)
    ((file, problem),) = found.problems
    assert (file, problem.line, problem.column, problem.code) == ("set.csv", 22, "label", "bad-label")
    assert "'7' is no label" in problem.text
    assert "1 for relevant" in problem.hint


def test_in_a_short_file_too_one_wrong_label_takes_only_its_row():
    found = read(table("label", 1, 0, 2))
    assert (found.relevant, found.left_out, codes(found)) == ((True, False), 1, [(4, "bad-label")])


def test_a_column_of_something_else_is_refused_with_place_value_and_remedy():
    with pytest.raises(Unreadable, match=r"set.csv, line 2, column label: '3' is no label, nor are 2 others") as raised:
        read(table("label", 3, 4, 5))
    assert "Correct the column" in raised.value.hint


def test_a_status_counts_as_label_only_if_it_is_nothing_else():
    assert read(table("status", "included", "excluded", "excluded")).relevant == (True, False, False)
    with pytest.raises(Unreadable, match="no column holds labels"):
        read(table("status", "included", "published", "excluded"))


def test_sets_in_which_nothing_can_be_found_are_refused():
    with pytest.raises(InvalidInput, match="none of the 3 labelled rows is relevant"):
        read(table("label", 0, 0, 0))
    with pytest.raises(InvalidInput, match="none of the 3 labelled rows is irrelevant"):
        read(table("label", 1, 1, 1))
    with pytest.raises(Unreadable, match="no column holds labels"):
        read(table("label", "", "", ""))
    with pytest.raises(Unreadable, match="no rows below"):
        read("title,abstract,label\n")
    with pytest.raises(NotFound, match="no column 'verdikt'"):
        read(table("label", 1, 0, 0), label="verdikt")


def test_identifiers_without_texts_say_what_is_missing():
    """The form in which SYNERGY is published."""
    with pytest.raises(Unreadable, match="no column holds titles or abstracts") as raised:
        read(
            "doi,pmid,openalex_id,label_included\n10.1/x,,https://openalex.org/W1,1\n10.1/y,,https://openalex.org/W2,0\n"
        )
    assert "title, abstract and label" in raised.value.hint
    with pytest.raises(InvalidInput, match="no labelled row has a title"):
        read("title,abstract,label\n,,1\n,,0\n")


def test_names_and_citations_of_synergy_are_written_alike():
    data = (
        "openalex_id,doi,pmid,title,abstract,referenced_works,label_included\n"
        "https://openalex.org/W11,https://doi.org/10.1000/AB,123,A,B,https://openalex.org/W22;https://openalex.org/W33,1\n"
        "https://openalex.org/W22,,,C,D,,0\n"
    )
    first, second = read(data).documents
    assert first.names == ("10.1000/ab", "123", "W11")
    assert first.cites == ("W22", "W33")
    assert second.names == ("W22",)


def test_rows_without_text_are_left_out_and_named_unless_they_are_to_be_kept():
    data = "title,abstract,label\nA,B,1\n,,0\nC,,0\nnan,NA,1\n"
    found = read(data)
    assert [one.id for one in found.documents] == ["0", "2"]
    assert (found.textless, codes(found)) == (2, [(3, "empty-text"), (5, "empty-text")])
    kept = labelled_set([read_table(data, name="set.csv")], name="set", keep_textless=True)
    assert (len(kept.documents), kept.relevant, kept.textless) == (4, (True, False, False, True), 0)


def test_many_problems_of_a_kind_are_counted():
    data = "title,abstract,label\nA,B,1\nC,D,0\n" + ",,0\n" * 30
    found = read(data)
    assert len(found.problems) == 6
    assert "25 more rows" in found.problems[-1][1].text


def test_an_id_that_stands_twice_is_named_and_both_rows_stay():
    found = read("record_id,title,abstract,label\n7,A,B,1\n8,C,D,0\n7,E,F,0\n")
    assert len(found.documents) == 3
    ((_, problem),) = found.problems
    assert (problem.line, problem.code, problem.column) == (4, "duplicate-id", "record_id")
    assert "line 2" in problem.text


def test_a_row_with_too_many_cells_is_not_guessed_at():
    found = read("title,abstract,label\nA,B,1,,\nC,D,0\nE,F, with a comma,1\n")
    assert (len(found.documents), found.left_out, codes(found)) == (2, 1, [(4, "ragged-row")])


@pytest.mark.parametrize(("mark", "line"), [(";", ""), ("\t", ""), (",", "sep=,\n")])
def test_separators_of_spreadsheet_programs(mark, line):
    data = line + table("label", 1, 0, 0).replace(",", mark)
    assert read(data).relevant == (True, False, False)
    assert is_table(table("label", 1, 0, 0).replace(",", mark).encode())


def test_a_table_in_windows_1252_is_read_and_it_is_said():
    found = read("title,abstract,label\nDüsseldorf,Süß,1\nRoad,Straße,0\n".encode("cp1252"))
    assert found.documents[0].title == "Düsseldorf"
    assert codes(found) == [(0, "encoding")]


def test_rayyans_votes_count_when_they_agree():
    votes = ['{""A""=>""Included""}', '{""A""=>""Excluded"", ""B""=>""Excluded""}',
             '{""A""=>""Included"", ""B""=>""Excluded""}', '{""A""=>""Maybe""}']  # fmt: skip
    rows = "".join(
        f'rayyan-{place},T{place},Text,"RAYYAN-INCLUSION: {vote} | RAYYAN-LABELS: x"\n'
        for place, vote in enumerate(votes)
    )
    found = read(f"key,title,abstract,notes\n{rows}rayyan-9,T9,Text,\n")
    assert (found.relevant, found.unlabelled) == ((True, False), 3)


def test_covidence_says_in_the_name_of_a_file_which_list_it_holds():
    heading = "Title,Authors,Abstract,Published Year,Covidence #,Study,Notes,Tags\n"
    included = read_table(f'{heading}A,,B,2020,#1,X 2020,"",""\n', name="review_77_included_csv_20240320.csv")
    irrelevant = read_table(f'{heading}C,,D,2021,#2,Y 2021,"",""\n', name="review_77_irrelevant_csv_20240320.csv")
    assert included.group == irrelevant.group == "review_77"
    found = labelled_set([included, irrelevant], name="review_77")
    assert found.relevant == (True, False)
    assert [one.id for one in found.documents] == ["0", "1"]
    with pytest.raises(InvalidInput, match="none of the 1 labelled rows is irrelevant") as raised:
        labelled_set([included], name="review_77")
    assert "together" in raised.value.hint


def record(number, **more):
    return Record(source="0" * 64, number=number, line=10 * number, end_line=10 * number + 5, **more)


def test_references_of_any_format_may_carry_their_label_in_notes():
    records = [
        record(1, title="A", notes=("ASReview_relevant",)),
        record(2, title="B", notes=("asreview_time: 3", "ASReview_irrelevant")),
        record(3, title="C", notes=("ASReview_not_seen",)),
    ]
    found = labelled_set([read_records(records, name="x.ris")], name="x")
    assert (found.relevant, found.unlabelled) == ((True, False), 1)


def test_references_of_any_format_may_carry_their_label_in_a_tag():
    records = [
        record(1, title="A", doi="10.1000/a", keywords=("k", "l"), extra=(("label_included", "1"),)),
        record(2, title="B", extra=(("label_included", "0"),)),
    ]
    found = labelled_set([read_records(records, name="x.xlsx")], name="x")
    assert found.relevant == (True, False)
    assert (found.documents[0].names, found.documents[0].keywords) == (("10.1000/a",), ("k", "l"))


def test_covidences_reasons_tell_the_excluded():
    records = [
        record(1, title="A", extra=(("Status", "Included"), ("Notes", ""))),
        record(2, title="B", extra=(("Status", "Excluded"), ("Notes", "Exclusion reason: Wrong population; "))),
    ]
    assert labelled_set([read_records(records, name="x.csv")], name="x").relevant == (True, False)
    reasons = read_table('Title,Abstract,Notes\nA,B,"Exclusion reason: Wrong design; "\nC,D,\n', name="x.csv")
    assert [row.verdict for row in reasons.rows] == [False, None]


@pytest.mark.parametrize(
    "data", [b"", b"TY  - JOUR\nTI  - label, title\n", b"@article{a, title={x},\n", b'[{"title": 1}]']
)
def test_other_formats_are_no_tables(data):
    assert not is_table(data)


pieces = st.sampled_from(
    ["title", "abstract", "label", "notes", ",", ";", "\t", "\n", "\r\n", '"', "1", "0", "x", "", "RAYYAN-INCLUSION: {"]
)


def check_account(part: Part, found: LabelledSet) -> None:
    """Assert that each row is a document, or has no label, or is told of, and that it is counted once."""
    places = [int(one.id) for one in found.documents]
    assert places == sorted(set(places))
    kept = dict(zip(places, zip(found.documents, found.relevant, strict=True), strict=True))
    problems = [problem for name, problem in found.problems if name == part.name]
    lines, kinds = {problem.line for problem in problems}, Counter()
    for problem in problems:
        more = re.search(r"for (\d+) more rows", problem.text)
        kinds[problem.code] += int(more[1]) if more else 1
    for place, row in enumerate(part.rows):
        if place in kept:
            assert kept[place] == (replace(row.document, id=str(place)), row.verdict)
        elif row.verdict is not None:
            assert row.line in lines or any("more rows" in problem.text for problem in problems)
    assert not places or places[-1] < len(part.rows)
    assert found.unlabelled == sum(row.verdict is None for row in part.rows)
    assert found.left_out == kinds["ragged-row"] + kinds["bad-label"] + kinds["broken-row"]
    assert found.textless == kinds["empty-text"]
    assert len(found.documents) + found.unlabelled + found.left_out + found.textless == len(part.rows) + part.broken


def read_or_refused(data: bytes | str) -> tuple[Part, LabelledSet] | None:
    try:
        part = read_table(data, name="x.csv")
        return part, labelled_set([part], name="x")
    except InvalidInput:
        return None


@given(st.lists(pieces, max_size=40).map("".join) | st.text(max_size=60))
def test_any_table_is_read_or_refused_and_no_row_is_lost(text):
    read = read_or_refused("title,abstract,label\nA,B,1\nC,D,0\n" + text)
    if read:
        check_account(*read)


signs = st.sampled_from(
    [b"title", b",", b",", b"\n", b"\r", b'"', b"1", b"0", b"x", b" ", b"NA", b"\x00", b"\xff", b"\xe9", "é".encode(),
     "细胞".encode(), "细胞".encode("gb18030"), b"\n,,1\n", b"\nE,F,1\n", b"\nG,,perhaps\n", b"\nH,I,0,J\n"]
)  # fmt: skip


@given(st.binary(max_size=80) | st.lists(signs, max_size=30).map(b"".join))
@example(b"\n,,1" * 9)
@example(b"\nA,B,1,2\nC,perhaps,perhaps")
def test_any_bytes_are_read_or_refused_and_no_row_is_lost(data):
    is_table(data)
    read_or_refused(data)
    read = read_or_refused(b"title,abstract,label\nA,B,1\nC,D,0\n" + data)
    if read is None:
        return
    part, found = read
    check_account(part, found)
    if data.isascii() and b'"' not in data:  # then a line is a row, whoever counts
        lines = re.split("\r\n|\r|\n", "A,B,1\nC,D,0\n" + data.decode())
        filled = [number for number, line in enumerate(lines, start=2) if line.replace(",", "").strip()]
        assert [row.line for row in part.rows] == filled
        assert part.broken == 0
