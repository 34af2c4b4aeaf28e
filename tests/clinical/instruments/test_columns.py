"""Patient tables: separators, encodings, names of columns and visits, and tables that are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.clinical.instruments import score_table, visit_name
from stromata.errors import InvalidInput, NotFound, Unreadable

PASI = "patient,baseline_PASI,week12_PASI\n1,20,4\n2,10,9\n"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("baseline", "baseline"),
        ("BL", "baseline"),
        ("pre", "baseline"),
        ("pre-treatment", "baseline"),
        ("Week 0", "baseline"),
        ("day0", "baseline"),
        ("基线", "baseline"),
        ("治疗前", "baseline"),
        ("week 12", "week12"),
        ("wk12", "week12"),
        ("W12", "week12"),
        ("12 weeks", "week12"),
        ("第12周", "week12"),
        ("6个月", "month6"),
        ("month 6", "month6"),
        ("day 28", "day28"),
        ("2 years", "year2"),
        ("follow-up", "followup"),
        ("follow up 2", "followup2"),
        ("post", "followup"),
        ("随访", "followup"),
        ("V3", "visit3"),
        ("PASI", None),
        ("week", None),
        ("12", None),
        ("", None),
    ],
)
def test_names_of_visits(text, name):
    assert visit_name(text) == name


@pytest.mark.parametrize(
    "data",
    [
        PASI,
        "\ufeff" + PASI,
        PASI.encode("utf-8-sig"),
        PASI.encode("utf-16"),
        PASI.replace(",", ";"),
        PASI.replace(",", "\t"),
        PASI.replace("\n", "\r\n"),
        PASI.replace("baseline_PASI", "PASI at baseline").replace("week12_PASI", "PASI Wk 12"),
        PASI.replace("baseline_PASI", "PASI (baseline)").replace("week12_PASI", "PASI after 12 weeks"),
        PASI.replace("baseline_PASI", "PASI_BL").replace("week12_PASI", "pasi score week12"),
        PASI.replace("baseline_PASI", "baseline").replace("week12_PASI", "12 weeks"),
        PASI.replace("baseline_PASI", "基线PASI").replace("week12_PASI", "第12周PASI").replace("patient", "患者编号"),
        "sep=;\n" + PASI.replace(",", ";"),
        PASI.replace("20", "20.0").replace("9", " 9 "),
    ],
)
def test_one_table_in_many_forms(data):
    table = score_table("PASI", data)
    assert (table.problems, table.layout) == ((), "columns")
    assert [row.patient for row in table.rows] == ["1", "2"]
    assert [visit.score.total for visit in table.rows[0].visits] == [20, 4]
    assert [visit.visit for visit in table.rows[0].visits] == ["baseline", "week12"]


def test_a_decimal_comma_is_read_where_it_is_clear():
    table = score_table("PASI", "patient;baseline;followup\n1;22,3;5,2\n2;1,234;1\n")
    assert [visit.score.total for visit in table.rows[0].visits] == [22.3, 5.2]
    (problem,) = table.problems
    assert (problem.line, problem.column, problem.code) == (3, "baseline", "not-a-number")
    assert "thousands" in problem.text
    assert score_table("PASI", 'patient,PASI\n1,"22,3"\n').rows[0].visits[0].score.total == 22.3


def test_components_are_found_in_any_order_of_their_words():
    head = "id,Erythema head,head-induration,HEAD scaling,head %"
    arms = "arms_redness,arms thickness,scaling_arms,upper_limbs_percent"
    rest = "trunk_erythema,trunk_induration,trunk_scale,trunk_area,legs_erythema,legs_induration,legs_scale,legs_area"
    table = score_table("PASI", f"{head},{arms},{rest}\n1,2,1,1,15,2,2,2,25,3,2,2,3,3,3,2,4\n")
    assert (table.layout, table.rows[0].visits[0].score.total, table.problems) == ("single", 22.3, ())
    assert table.columns[0] == ("Erythema head", "", "head_neck_erythema")


def test_columns_that_are_not_used_are_kept():
    table = score_table("PASI", "patient,arm,PASI,remark\n1,cells,20,well\n")
    assert table.rows[0].kept == (("arm", "cells"), ("remark", "well"))
    assert table.unused == ("arm", "remark")


def test_a_duration_in_weeks_is_no_visit():
    table = score_table("PASI", "patient,PASI,weeks\n1,20,3\n2,10,5\n")
    assert (table.layout, table.unused) == ("single", ("weeks",))
    wide = score_table("PASI", "patient,baseline,followup,weeks\n1,20,3,12\n1,10,5,12\n")
    assert (wide.layout, wide.unused) == ("columns", ("weeks",))


def refusal(name, text, error=InvalidInput, **more):
    with pytest.raises(error) as caught:
        score_table(name, text, **more)
    return f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("PASI", "patient,EASI\n1,20\n", ["patient, EASI", "no column belongs to PASI", "week12_"]),
        ("PASI", "patient,PASI,week12_PASI\n1,20,4\n", ["PASI names no visit", "baseline_PASI"]),
        ("PASI", "patient,visit,week12_PASI\n1,a,4\n", ["column of visits", "week12"]),
        ("PASI", "visit,PASI\nbaseline,4\n", ["Add a column patient"]),
        ("PASI", "patient,PASI,pasi_total\n1,2,2\n", ["mean the same"]),
        (
            "PASI",
            "patient,head_erythema,trunk_erythema\n1,2,2\n",
            ["no column for", "upper_limbs_erythema"],
        ),
        ("DAS28-CRP", "patient,tjc28,sjc28,CRP,gh_mm\n1,2,2,3,4\n", ["crp_mg_l (or crp_mg_dl)", "Not understood: CRP"]),
        ("SRI", "patient,sledai,pga,new_a,new_b\n1,2,2,3,4\n", ["compares two visits", "baseline_sledai"]),
        ("nothing", PASI, ["no instrument"]),
    ],
)
def test_a_table_that_cannot_work_is_refused_with_a_remedy(name, text, words):
    told = refusal(name, text, error=(InvalidInput, NotFound))
    assert all(word in told for word in words), told


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ('"pat"ient,PASI\n1,2\n', "headings"),
        ("patient,PASI\n", "no rows"),
        ("patient,PASI,pasi\n1,2,3\n", "several columns are called pasi"),
        (b"patient,PASI\n1,\xff\xfe\xfa\n", "not UTF-8 text (line 2)"),
    ],
)
def test_what_is_no_table_is_unreadable(data, words):
    assert words in refusal("PASI", data, error=Unreadable)


def test_a_missing_file_is_not_found_and_a_folder_is_unreadable(tmp_path):
    assert "no file" in refusal("PASI", tmp_path / "none.csv", error=NotFound)
    assert "is a folder" in refusal("PASI", tmp_path, error=Unreadable)


def test_a_value_for_all_rows_stands_in_for_a_column():
    regions = ("head", "arms", "trunk", "legs")
    signs = ("erythema", "induration", "excoriation", "lichenification", "area")
    header = ",".join(f"{region}_{sign}" for region in regions for sign in signs)
    text = f"patient,{header}\n1{',1' * 20}\n"
    assert "age_years" in refusal("EASI", text)
    table = score_table("EASI", text, constants={"age": "30"})
    assert table.rows[0].visits[0].score.total == 4
    assert "'agee' is no component" in refusal("EASI", text, constants={"agee": "30"})
    assert "a column, and a value for all rows" in refusal("EASI", text, constants={"head_area": "1", "age": "3"})
    shared = text.replace(header, ",".join(f"baseline_{name}" for name in header.split(","))).replace(
        "patient,", "patient,age,"
    ).replace("\n1,", "\n1,30,")  # fmt: skip
    assert score_table("EASI", shared).rows[0].visits[0].score.total == 4


@given(st.text(alphabet="PASIbaselinweek12_,;\t\n\"'0.5xé基线 ", max_size=120))
def test_any_text_is_scored_or_refused(text):
    try:
        table = score_table("PASI", text)
    except InvalidInput:
        return
    assert table.summary.rows == len(table.rows)


@given(st.binary(max_size=200))
def test_any_bytes_are_scored_or_refused(data):
    try:
        score_table("LLDAS", data)
    except InvalidInput:
        return


CHINESE = "患者编号,基线PASI,第12周PASI,备注\n张三,20,4,好转\n2,12,9,无\n"


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-8", ""), ("utf-8-sig", ""), ("utf-16", "UTF-16"), ("gb18030", "GB18030"), ("gbk", "GB18030")],
)
def test_what_spreadsheets_write_is_read_and_another_encoding_is_named(encoding, told):
    table = score_table("PASI", CHINESE.encode(encoding))
    assert [row.patient for row in table.rows] == ["张三", "2"]
    assert table.rows[0].visits[1].score.total == 4
    cautions = [one.text for one in table.cautions if one.code == "encoding"]
    assert len(cautions) == bool(told)
    assert all(told in text for text in cautions)


def test_western_one_byte_text_is_not_taken_for_chinese():
    data = "patient,PASI,name\n1,20,Müller\n".encode("latin-1")
    assert "not UTF-8" in refusal("PASI", data, error=Unreadable)
