from __future__ import annotations

import pytest

from stromata.formats.authors import as_list, habit_of, read_names
from stromata.formats.columns import NameOrder
from stromata.model import Name

SMITH, DOE = Name("Smith", "J."), Name("Doe", "A.")


@pytest.mark.parametrize(
    ("column", "names"),
    [
        (["Smith, J.; Doe, A.", "Li, B."], [(SMITH, DOE), (Name("Li", "B."),)]),
        (["Smith J.; Doe A.", "Li B."], [(SMITH, DOE), (Name("Li", "B."),)]),
        (["Smith J., Doe A.", "Li B."], [(SMITH, DOE), (Name("Li", "B."),)]),
        (["Smith J, Doe A", "Li B"], [(Name("Smith", "J"), Name("Doe", "A")), (Name("Li", "B"),)]),
        (["Smith J, Doe A, O'Neil RE."], [(Name("Smith", "J"), Name("Doe", "A"), Name("O'Neil", "RE"))]),
        (["Smith, J. and Doe, A.", "Li, B. and Wu, C. and Ng, D."],
         [(SMITH, DOE), (Name("Li", "B."), Name("Wu", "C."), Name("Ng", "D."))]),
        (["John Smith and Ann Doe"], [(Name("Smith", "John"), Name("Doe", "Ann"))]),
        (["John Smith, Ann Doe and Bo Li"], [(Name("Smith", "John"), Name("Doe", "Ann"), Name("Li", "Bo"))]),
        (["John Smith, Ann Doe, Bo Li"], [(Name("Smith", "John"), Name("Doe", "Ann"), Name("Li", "Bo"))]),
        (["Smith, J., Doe, A.", "Li, B., Wu, C."], [(SMITH, DOE), (Name("Li", "B."), Name("Wu", "C."))]),
        (["Smith, J., Doe, A. and Li, B."], [(SMITH, DOE, Name("Li", "B."))]),
        (["Smith J, Doe A and Li B"], [(Name("Smith", "J"), Name("Doe", "A"), Name("Li", "B"))]),
        (["Smith, J. and World Health Organization", "Doe, A. and Li, B."],
         [(SMITH, Name(literal="World Health Organization")), (DOE, Name("Li", "B."))]),
        (["Smith, John", "Doe, Ann"], [(Name("Smith", "John"),), (Name("Doe", "Ann"),)]),
        (["Smith, John (57190000001); Doe, Ann (57190000002)"], [(Name("Smith", "John"), Name("Doe", "Ann"))]),
        (["J. Smith; A. B. Doe"], [(SMITH, Name("Doe", "A. B."))]),
        (["John Q. Smith|Ann Doe"], [(Name("Smith", "John Q."), Name("Doe", "Ann"))]),
        (["['Smith, John', 'Doe, Ann']"], [(Name("Smith", "John"), Name("Doe", "Ann"))]),
        (['c("Smith J", "Doe A")'], [(Name("Smith", "J"), Name("Doe", "A"))]),
        (["张三;李四", "王五"], [(Name(literal="张三"), Name(literal="李四")), (Name(literal="王五"),)]),
        (["张三，李四"], [(Name(literal="张三"), Name(literal="李四"))]),
        (["张三 李四"], [(Name(literal="张三"), Name(literal="李四"))]),
        (["ZHANG Wei; LI Bo"], [(Name("ZHANG", "Wei"), Name("LI", "Bo"))]),
        (["van der Berg JA; Smith J Jr"], [(Name("van der Berg", "JA"), Name("Smith", "J", "Jr"))]),
        (["Adeli K.Lewis G. F.", "Wu B."], [(Name("Adeli", "K."), Name("Lewis", "G. F.")), (Name("Wu", "B."),)]),
        (["Smith, J.\n and Doe, A.\n"], [(SMITH, DOE)]),
        (["[No author name available]"], [()]),
    ],
)  # fmt: skip
def test_a_column_is_read_by_its_habit(column: list[str], names: list[tuple[Name, ...]]) -> None:
    habit = habit_of(column)
    assert [read_names(cell, habit)[0] for cell in column] == names


@pytest.mark.parametrize(
    ("cell", "order", "names"),
    [
        ("Björn Blomberg; Ali Al Alavi", "given", (Name("Blomberg", "Björn"), Name("Al Alavi", "Ali"))),
        ("Vivek K. NairMo BhuiyanEve M. Smith", "joined",
         (Name("Nair", "Vivek K."), Name("Bhuiyan", "Mo"), Name("Smith", "Eve M."))),
        ("Ann McDonaldBo Li", "joined", (Name("McDonald", "Ann"), Name("Li", "Bo"))),
    ],
)  # fmt: skip
def test_a_tool_may_say_how_it_writes_names(cell: str, order: NameOrder, names: tuple[Name, ...]) -> None:
    assert read_names(cell, habit_of([cell], names=order))[0] == names


def test_a_list_that_can_be_split_in_two_ways_is_kept_whole() -> None:
    column = ["Smith, John, Doe, Ann, Li"]
    habit = habit_of(column)
    assert not habit.sure
    assert read_names(column[0], habit) == ((Name(literal=column[0]),), False)


@pytest.mark.parametrize("cell", ["Smith J, et al.", "Smith J; et al", "Smith J and others", "张三，等"])
def test_a_cut_list_is_told(cell: str) -> None:
    names, cut = read_names(cell, habit_of([cell]))
    assert cut
    assert len(names) == 1


def test_a_single_cell_with_semicolons_in_another_column_is_split_at_them() -> None:
    habit = habit_of(["Smith, J. and Doe, A."] * 9)
    assert read_names("Smith, J.; Doe, A.", habit)[0] == (SMITH, DOE)


def test_nothing_is_evaluated() -> None:
    assert as_list("[__import__('os')]") is None
    assert as_list("[" * 5000 + "]" * 5000) is None
    assert as_list("['a', 3]") == ("a", "3")


def test_ten_thousand_authors_are_read() -> None:
    cell = "; ".join(f"Nomen{chr(97 + i % 26)}{i}, A." for i in range(10_000))
    assert len(read_names(cell, habit_of([cell]))[0]) == 10_000


def test_blanks_and_commas_without_end_part_no_more_than_one_does() -> None:
    for many in (" " * 5000, "\t \u00a0" * 2000):
        column = [f"Smith,{many}J.;{many}Doe, A.{many}", f"Li,{many}B."]
        habit = habit_of(column)
        assert [read_names(cell, habit)[0] for cell in column] == [(SMITH, DOE), (Name("Li", "B."),)]
    assert read_names("Smith J" + ", " * 5000 + "et al.", habit_of(["Smith J, Doe A"])) == ((Name("Smith", "J"),), True)


def test_the_last_word_of_a_list_that_is_not_closed_is_kept() -> None:
    assert as_list('c("Smith J", "Doe \\"A")') == ("Smith J", 'Doe \\"A')
    assert as_list('c("Smith J", "Doe A)') == ("Smith J", "Doe A)")


@pytest.mark.parametrize("ending", ["et al", ", et al.", "; ET AL.", " and others", "等", "，等.", ", et al. "])
def test_a_list_that_is_cut_is_known_by_its_end(ending: str) -> None:
    cell = f"Smith, J.; Doe, A.{'' if ending[0] in ',;等，' else ' '}{ending}"
    names, cut = read_names(cell, habit_of([cell]))
    assert cut
    assert names == (SMITH, DOE)
    assert not read_names("Vidal; Pascal", habit_of(["Vidal; Pascal"]))[1]
