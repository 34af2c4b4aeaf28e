"""Good rows become typed values with evidence; every bad cell is reported with place, value and what is allowed."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stromata.errors import NotFound, Unreadable
from stromata.extraction import read_tables
from stromata.model import CellProduct, Condition, OutcomeDefinition, ReviewProtocol, StudyLink, SynthesisPlan

PROTOCOL = ReviewProtocol(
    conditions=(Condition("psoriasis", "Psoriasis"), Condition("lupus", "Lupus")),
    outcomes=(
        OutcomeDefinition("response", "Response"),
        OutcomeDefinition("any-ae", "Any adverse event", domain="harm"),
        OutcomeDefinition("score", "Score", scale="continuous"),
    ),
    plans=(SynthesisPlan("responders", "Responders", "response", "PLO", "glmm"),),
)
STUDIES = "id,title,condition,design\nA1,A title,psoriasis,rct\nB2,Another,lupus,single-arm\n"
ARMS = (
    "study,id,label,role,part_of,n,product_class\n"
    "A1,cells,Cells,intervention,,12,msc\nA1,placebo,Placebo,comparator,,6,\nA1,men,Men,subgroup,cells,5,msc\n"
    "B2,cells,Cells,intervention,,7,svf\n"
)
OUTCOMES = (
    "study,id,kind,weeks,counts,component_of\n"
    "A1,resp,response,12,,\nA1,part,response,12,,resp\nA1,score,score,12,,\nA1,ae,any-ae,,events,\nB2,resp,response,,,\n"
)
DATA = (
    "study,arm,outcome,events,total,mean,sd,percent,reference,level,derived,note\n"
    "A1,cells,resp,9,12,,,,10.1000/a,abstract,,\n"
    "A1,placebo,resp,,,,,40,10.1000/a,press,yes,of how many is unknown\n"
    "A1,cells,score,,12,-3.5,1e1,,10.1000/a,,,\n"
)
CLAIMS = (
    "id,review,condition,outcome,claim,statistic,value,total,plan,why_not\n"
    "c1,10.1000/r,psoriasis,response,all of six,percent,100,6,responders,\n"
)
GOOD = {"studies.csv": STUDIES, "arms.csv": ARMS, "outcomes.csv": OUTCOMES, "data.csv": DATA, "claims.csv": CLAIMS}


def write(folder: Path, **changed: str | bytes | None) -> Path:
    for name, text in (GOOD | {f"{key}.csv": value for key, value in changed.items()}).items():
        if isinstance(text, bytes):
            (folder / name).write_bytes(text)
        elif text is not None:
            (folder / name).write_text(text, encoding="utf-8", newline="")
    return folder


def read(folder: Path, **changed: str | bytes | None):
    return read_tables(write(folder, **changed), protocol=PROTOCOL)


def places(problems):
    return [(problem.text.split(":")[0], problem.line, problem.column, problem.code) for problem in problems]


def test_good_tables_are_read_whole(tmp_path):
    tables, problems = read(tmp_path)
    assert problems == ()
    assert [study.id for study in tables.studies] == ["A1", "B2"]
    assert [arm.id for arm in tables.arms] == ["A1/cells", "A1/placebo", "A1/men", "B2/cells"]
    assert tables.arms[0].product == CellProduct("msc")
    assert tables.arms[1].product is None
    assert (tables.arms[2].role, tables.arms[2].part_of, tables.arms[2].n) == ("subgroup", "A1/cells", 5)
    assert [outcome.id for outcome in tables.outcomes] == ["A1/resp", "A1/part", "A1/score", "A1/ae", "B2/resp"]
    assert tables.outcomes[1].component_of == "A1/resp"
    assert (tables.outcomes[0].weeks, tables.outcomes[3].weeks) == (12.0, None)
    assert (tables.outcomes[0].counts, tables.outcomes[3].counts) == ("patients", "events")
    assert (tables.claims[0].value, tables.claims[0].total, tables.claims[0].plan) == (100.0, 6, "responders")


def test_each_number_becomes_a_data_point_that_names_its_cell(tmp_path):
    tables, _ = read(tmp_path)
    points = {point.id: point for point in tables.data_points}
    assert list(points) == [
        "A1/cells/resp/events",
        "A1/cells/resp/total",
        "A1/placebo/resp/percent",
        "A1/cells/score/total",
        "A1/cells/score/mean",
        "A1/cells/score/sd",
    ]
    mean = points["A1/cells/score/mean"]
    assert (mean.arm, mean.outcome, mean.statistic, mean.value) == ("A1/cells", "A1/score", "mean", -3.5)
    assert (mean.evidence.file, mean.evidence.line, mean.evidence.column) == ("data.csv", 4, "mean")
    assert points["A1/cells/score/sd"].value == 10.0
    percent = points["A1/placebo/resp/percent"]
    assert (percent.unit, percent.evidence.level, percent.evidence.derived) == ("%", "press", True)
    assert percent.evidence.note == "of how many is unknown"
    assert mean.evidence.level == "unknown"


def test_every_point_refers_to_an_arm_and_an_outcome_that_were_read(tmp_path):
    tables, _ = read(tmp_path)
    arms, outcomes = {arm.id for arm in tables.arms}, {outcome.id for outcome in tables.outcomes}
    assert all(point.arm in arms and point.outcome in outcomes for point in tables.data_points)


def test_optional_columns_fill_the_study(tmp_path):
    studies = (
        "Id,Title,Condition,Design,year,registry_ids,n enrolled,followup-months,population,cohort,links,level,note\n"
        'A1,T,psoriasis,rct,2020,NCT1; NCT2,18,5.5,,oslo,"10.1016/S0(21)1-X|report; NCT1|registration",abstract,n\n'
        "B2,T,lupus,single-arm,,,,,healthy volunteers,,,,\n"
    )
    (one, two), problems = read(tmp_path, studies=studies)[0].studies, read(tmp_path, studies=studies)[1]
    assert problems == ()
    assert (one.year, one.registry_ids, one.n_enrolled, one.followup_months) == (2020, ("NCT1", "NCT2"), 18, 5.5)
    assert one.links == (StudyLink("10.1016/S0(21)1-X", "report"), StudyLink("NCT1", "registration"))
    assert (one.population, one.cohort, one.note, one.evidence.level) == ("patients", "oslo", "n", "abstract")
    assert (two.year, two.n_enrolled, two.population) == (None, None, "healthy volunteers")


BAD_STUDY = [
    ("A1,T,psoriasis,rct,20x0,,", ("year", "bad-number")),
    ("A1,T,psoriasis,rct,2020.5,,", ("year", "bad-number")),
    ("A1,T,psoriasis,rct,20200,,", ("year", "impossible-value")),
    ("A1,T,psoriasis,rct,,-1,", ("n_enrolled", "impossible-value")),
    ("A1,T,psoriasis,rct,,\u0661\u0662,", ("n_enrolled", "bad-number")),
    ("A1,T,psoriasis,rct,,,nan", ("followup_months", "bad-number")),
    ("A1,T,psoriasis,rct,,,1e999", ("followup_months", "impossible-value")),
    ("A1,T,psoriasis,rct,,,1_0", ("followup_months", "bad-number")),
    ("A1,T,eczema,rct,,,", ("condition", "unknown-id")),
    ("A1,T,psoriasis,trial,,,", ("design", "unknown-choice")),
    (",T,psoriasis,rct,,,", ("id", "missing-value")),
    ("A1,,psoriasis,rct,,,", ("title", "missing-value")),
    ("A/1,T,psoriasis,rct,,,", ("id", "bad-id")),
]


@pytest.mark.parametrize(("row", "found"), BAD_STUDY)
def test_a_bad_cell_of_a_study_is_reported_and_its_row_left_out(tmp_path, row, found):
    header = "id,title,condition,design,year,n_enrolled,followup_months\n"
    tables, problems = read(tmp_path, studies=f"{header}{row}\nB2,T,lupus,rct,,,\n")
    assert places(problems)[0] == ("studies.csv", 2, *found)
    assert [study.id for study in tables.studies] == ["B2"]


def test_a_semicolon_inside_an_old_doi_does_not_split_a_link(tmp_path):
    studies = (
        "id,title,condition,design,links\nA1,T,psoriasis,rct,10.1002/(SICI)1097(1)17:1<1::AID-X>3.0.CO;2-D|report; 1\n"
    )
    tables, _ = read(tmp_path, studies=studies)
    assert tables.studies[0].links == (
        StudyLink("10.1002/(SICI)1097(1)17:1<1::AID-X>3.0.CO;2-D", "report"),
        StudyLink("1"),
    )


def test_the_value_met_and_the_choices_stand_in_the_message(tmp_path):
    _, problems = read(tmp_path, studies=STUDIES.replace("psoriasis,rct", "eczema,trial"))
    first, second = problems[:2]
    assert first.text == "studies.csv: condition is 'eczema'; allowed: psoriasis, lupus"
    assert "'trial'; allowed: rct, nonrandomised-controlled" in second.text


def test_what_rests_on_a_row_that_was_left_out_is_left_out_too_and_says_why(tmp_path):
    tables, problems = read(tmp_path, studies=STUDIES.replace("psoriasis", "eczema"))
    assert {item.study for item in (*tables.arms, *tables.outcomes, *tables.data_points)} == {"B2"}
    texts = [problem.text for problem in problems if problem.code == "unknown-id"]
    assert "arms.csv: study 'A1' was left out of studies.csv" in texts
    assert sum(text.startswith("data.csv") for text in texts) == 3


def test_a_study_that_was_never_there_is_told_from_one_left_out(tmp_path):
    _, problems = read(tmp_path, arms=ARMS + "C3,cells,Cells,intervention,,,\n")
    assert [problem.text for problem in problems] == ["arms.csv: study 'C3' is not in studies.csv"]
    assert places(problems) == [("arms.csv", 6, "study", "unknown-id")]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("A1,x,X,bystander,,,msc", ("role", "unknown-choice")),
        ("A1,x,X,subgroup,,,msc", ("part_of", "missing-value")),
        ("A1,x,X,subgroup,nobody,,msc", ("part_of", "unknown-id")),
        ("A1,x,X,subgroup,x,,msc", ("part_of", "unknown-id")),
        ("A1,x,X,intervention,cells,,msc", ("part_of", "unknown-choice")),
        ("A1,x,X,intervention,,-3,msc", ("n", "impossible-value")),
        ("A1,x,X,intervention,,,stem", ("product_class", "unknown-choice")),
        ("A1,cells,X,intervention,,,msc", ("id", "duplicate-id")),
    ],
)
def test_a_bad_arm_is_reported_and_left_out(tmp_path, row, found):
    tables, problems = read(tmp_path, arms=f"{ARMS}{row}\n")
    assert places(problems) == [("arms.csv", 6, *found)]
    assert len(tables.arms) == 4


def test_a_part_of_a_part_falls_with_it(tmp_path):
    arms = f"{ARMS}A1,x,X,subgroup,nobody,,msc\nA1,y,Y,subgroup,x,,msc\n"
    tables, problems = read(tmp_path, arms=arms)
    assert [problem.line for problem in problems] == [6, 7]
    assert len(tables.arms) == 4


def test_the_whole_may_follow_its_part(tmp_path):
    arms = "study,id,label,role,part_of\nA1,men,Men,subgroup,all\nA1,all,All,intervention,\n"
    tables, problems = read(tmp_path, arms=arms, data=None)
    assert [arm.id for arm in tables.arms] == ["A1/men", "A1/all"]
    assert [problem.code for problem in problems] == ["missing-table"]


@pytest.mark.parametrize(("column", "value"), [("donor", "allogeneic"), ("concomitant", "methotrexate")])
def test_a_described_product_needs_its_class(tmp_path, column, value):
    arms = f"study,id,label,role,product_class,{column}\nA1,cells,C,intervention,,{value}\n"
    _, problems = read(tmp_path, arms=arms, data=None)
    assert places(problems)[-1] == ("arms.csv", 2, "product_class", "missing-value")


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("A1,x,cure,,,", ("kind", "unknown-id")),
        ("A1,x,response,-1,,", ("weeks", "impossible-value")),
        ("A1,x,response,,,nothing", ("component_of", "unknown-id")),
        ("A1,resp,response,,,", ("id", "duplicate-id")),
        ("Z9,x,response,,,", ("study", "unknown-id")),
    ],
)
def test_a_bad_outcome_is_reported_and_left_out(tmp_path, row, found):
    tables, problems = read(tmp_path, outcomes=f"{OUTCOMES}{row}\n")
    assert places(problems) == [("outcomes.csv", 7, *found)]
    assert len(tables.outcomes) == 5


VALUES = "study,arm,outcome,events,total,mean,sd,median,q1,q3,min,max,change_sd,percent,reference\n"


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("A1,cells,resp,13,12,,,,,,,,,,r", ("events", "impossible-value")),
        ("A1,cells,resp,-1,12,,,,,,,,,,r", ("events", "impossible-value")),
        ("A1,cells,resp,3.5,12,,,,,,,,,,r", ("events", "bad-number")),
        ('A1,cells,resp,"3,5",12,,,,,,,,,,r', ("events", "bad-number")),
        ("A1,cells,score,,,3,0,,,,,,,,r", ("sd", "impossible-value")),
        ("A1,cells,score,,,3,-1,,,,,,,,r", ("sd", "impossible-value")),
        ("A1,cells,score,,,,,,,,,,-2,,r", ("change_sd", "impossible-value")),
        ("A1,cells,score,,,,,5,6,,,,,,r", ("median", "impossible-value")),
        ("A1,cells,score,,,,,,,2,3,,,,r", ("q3", "impossible-value")),
        ("A1,cells,score,,,,,9,,,,8,,,r", ("max", "impossible-value")),
        ("A1,cells,resp,,,,,,,,,,,101,r", ("percent", "impossible-value")),
        ("A1,cells,resp,,,,,,,,,,,-1,r", ("percent", "impossible-value")),
        ("A1,nobody,resp,3,12,,,,,,,,,,r", ("arm", "unknown-id")),
        ("B2,men,resp,3,12,,,,,,,,,,r", ("arm", "unknown-id")),
        ("A1,cells,nothing,3,12,,,,,,,,,,r", ("outcome", "unknown-id")),
        ("A1,cells,resp,,,,,,,,,,,,r", ("study", "missing-value")),
        ("A1,cells,resp,3,12,,,,,,,,,,", ("reference", "missing-value")),
        ("A1,cells,,3,12,,,,,,,,,,r", ("outcome", "missing-value")),
    ],
)
def test_a_bad_value_is_reported_and_its_row_left_out(tmp_path, row, found):
    tables, problems = read(tmp_path, data=f"{VALUES}{row}\nA1,men,resp,0,5,,,,,,,,,,r\n")
    assert places(problems) == [("data.csv", 2, *found)]
    assert [point.id for point in tables.data_points] == ["A1/men/resp/events", "A1/men/resp/total"]


def test_the_arms_of_the_study_are_named_when_one_is_not_there(tmp_path):
    _, problems = read(tmp_path, data=f"{VALUES}B2,men,resp,3,12,,,,,,,,,,r\n")
    assert problems[0].text == "data.csv: arm 'men' of study 'B2' is not in arms.csv; allowed: cells"


@pytest.mark.parametrize(
    "row",
    [
        "A1,cells,ae,16,7,,,,,,,,,,r",  # sixteen events in seven people
        "A1,cells,score,,,,,,,,,,,-12.5,r",  # a mean change in percent
        "A1,cells,score,,,\u22123.5,2,,,,,,,,r",  # the typographic minus sign
        "A1,cells,resp,0,0,,,,,,,,,,r",
        "A1,cells,resp,3.0,12,,,,,,,,,,r",  # a whole number as some programs write it
    ],
)
def test_unusual_but_possible_values_are_read(tmp_path, row):
    tables, problems = read(tmp_path, data=f"{VALUES}{row}\n")
    assert problems == ()
    assert tables.data_points


def test_all_bad_cells_of_a_row_are_reported_at_once(tmp_path):
    data = f"{VALUES}A1,cells,resp,x,y,z,0,,,,,,,200,\n"
    _, problems = read(tmp_path, data=data)
    columns = {problem.column for problem in problems}
    assert columns == {"events", "total", "mean", "sd", "percent", "reference"}


def test_values_of_one_outcome_may_come_from_two_rows_but_each_only_once(tmp_path):
    data = f"{VALUES}A1,cells,resp,3,,,,,,,,,,,r\nA1,cells,resp,,12,,,,,,,,,,s\nA1,cells,resp,4,,,,,,,,,,,t\n"
    tables, problems = read(tmp_path, data=data)
    assert [(point.statistic, point.evidence.reference) for point in tables.data_points] == [
        ("events", "r"),
        ("total", "s"),
    ]
    assert places(problems) == [("data.csv", 4, "events", "duplicate-id")]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("c2,r,psoriasis,response,x,percent,101,,responders,", ("value", "impossible-value")),
        ("c2,r,psoriasis,response,x,events,2.5,,responders,", ("value", "bad-number")),
        ("c2,r,psoriasis,response,x,percent,,,responders,", ("value", "missing-value")),
        ("c2,r,psoriasis,response,x,percent,5,,deaths,", ("plan", "unknown-id")),
        ("c2,r,psoriasis,response,x,percent,5,,,", ("plan", "missing-value")),
        ("c2,r,psoriasis,cure,x,percent,5,,responders,", ("outcome", "unknown-id")),
        ("c1,r,psoriasis,response,x,percent,5,,responders,", ("id", "duplicate-id")),
    ],
)
def test_a_bad_claim_is_reported_and_left_out(tmp_path, row, found):
    tables, problems = read(tmp_path, claims=f"{CLAIMS}{row}\n")
    assert places(problems) == [("claims.csv", 3, *found)]
    assert [claim.id for claim in tables.claims] == ["c1"]


def test_a_claim_may_say_why_it_cannot_be_recomputed(tmp_path):
    tables, problems = read(tmp_path, claims=f"{CLAIMS}c2,r,lupus,response,x,percent,5,,,no study reports it\n")
    assert problems == ()
    assert tables.claims[1].why_not == "no study reports it"


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+cmd", "-see table"])
def test_a_formula_is_kept_as_text_and_reported_once(tmp_path, text):
    data = DATA.replace("10.1000/a,abstract,,", f"10.1000/a,abstract,,{text}")
    tables, problems = read(tmp_path, data=data)
    assert places(problems) == [("data.csv", 2, "note", "formula-cell")]
    assert tables.data_points[0].evidence.note == text
    assert repr(text) in problems[0].text


@pytest.mark.parametrize("text", ["-3.5", "+2", "-", "", "a=b"])
def test_a_number_or_a_dash_is_no_formula(tmp_path, text):
    data = DATA.replace("10.1000/a,abstract,,", f"10.1000/a,abstract,,{text}")
    assert read(tmp_path, data=data)[1] == ()


def test_headers_that_do_not_fit_are_reported(tmp_path):
    studies = "id,title,condition,design,colour,id\nA1,T,psoriasis,rct,red,zzz\nB2,T,lupus,rct,,\n"
    tables, problems = read(tmp_path, studies=studies)
    assert [(problem.line, problem.code) for problem in problems] == [(1, "unknown-column"), (1, "duplicate-column")]
    assert "'colour'" in problems[0].text
    assert [study.id for study in tables.studies] == ["A1", "B2"]


def test_many_unknown_columns_are_counted(tmp_path):
    names = ",".join(f"c{number}" for number in range(1000))
    _, problems = read(tmp_path, claims=f"{CLAIMS.splitlines()[0]},{names}\n")
    assert [problem.code for problem in problems] == ["unknown-column"] * 11
    assert problems[-1].text.startswith("claims.csv: 990 more columns")


PERCENT = "study,arm,outcome,events,total,percent,reference\n"


@pytest.mark.parametrize(
    ("counts", "percent"),
    [("4,10", "50"), ("4,10", "41"), ("2,3", "66.65"), ("2,3", "66.68"), ("2,3", "65"), ("0,9", "1"), ("9,9", "99")],
)
def test_a_percentage_that_no_rounding_of_its_count_gives_is_a_fault(tmp_path, counts, percent):
    tables, problems = read(tmp_path, data=f"{PERCENT}A1,cells,resp,{counts},{percent},r\n")
    assert places(problems) == [("data.csv", 2, "percent", "impossible-value")]
    assert tables.data_points == ()
    assert f"percent is {percent}; allowed: what {counts.replace(',', ' of ')} gives" in problems[0].text


@pytest.mark.parametrize(
    ("counts", "percent"),
    [
        ("4,10", "40"),
        ("4,10", "40.00"),
        ("2,3", "67"),
        ("2,3", "66"),
        ("2,3", "66.67"),
        ("2,3", "66.66"),
        ("2,3", "66.66666666666667"),
        ("1,8", "1.25e1"),
        ("0,0", "7"),
    ],
)
def test_a_percentage_may_be_rounded_or_cut_off(tmp_path, counts, percent):
    assert read(tmp_path, data=f"{PERCENT}A1,cells,resp,{counts},{percent},r\n")[1] == ()


def test_a_percentage_is_held_against_a_count_in_another_row(tmp_path):
    given = f"{PERCENT}A1,cells,resp,,,66.65,r\nA1,cells,resp,2,3,,r\n"
    _, problems = read(tmp_path, data=given)
    assert places(problems) == [("data.csv", 3, "percent", "impossible-value")]
    assert read(tmp_path, data=given.replace("66.65", "66.7"))[1] == ()


def test_a_percentage_of_patients_is_not_held_against_a_count_of_events(tmp_path):
    assert read(tmp_path, data=f"{PERCENT}A1,cells,ae,8,12,25,r\n")[1] == ()


def test_a_percentage_that_is_no_share_is_not_held_against_a_count(tmp_path):
    assert read(tmp_path, data=f"{PERCENT}A1,cells,score,8,12,-31.5,r\n")[1] == ()


def test_a_missing_required_column_costs_the_table(tmp_path):
    tables, problems = read(tmp_path, claims="id,review\nc1,r\n")
    assert tables.claims == ()
    assert [problem.column for problem in problems] == ["condition", "outcome", "claim", "statistic", "value"]
    assert {problem.code for problem in problems} == {"missing-column"}


def test_ragged_rows_are_left_out_unless_only_empty_cells_are_too_many(tmp_path):
    studies = STUDIES + "C3,T,lupus\nD4,T,lupus,rct,extra\nE5,T,lupus,rct,,\n"
    tables, problems = read(tmp_path, studies=studies)
    assert places(problems) == [("studies.csv", 4, "", "ragged-row"), ("studies.csv", 5, "", "ragged-row")]
    assert [study.id for study in tables.studies] == ["A1", "B2", "E5"]


def test_a_nul_byte_costs_its_row(tmp_path):
    tables, problems = read(tmp_path, studies=STUDIES.encode() + b"C3,T\x00,lupus,rct\n")
    assert places(problems) == [("studies.csv", 4, "title", "nul-byte")]
    assert [study.id for study in tables.studies] == ["A1", "B2"]


def test_chinese_tables_are_read_and_reported(tmp_path):
    tables, problems = read(tmp_path, studies=STUDIES.replace("A title", "系统性硬化症").encode("gb18030"))
    assert places(problems) == [("studies.csv", 2, "", "encoding")]
    assert tables.studies[0].title == "系统性硬化症"


def test_a_cell_knows_its_line_below_cells_of_several_lines(tmp_path):
    data = 'note,study,arm,outcome,reference,events,total\n"two\nlines",A1,cells,resp,r,13,12\n,A1,cells,resp,r,1,12\n'
    tables, problems = read(tmp_path, data=data)
    assert places(problems) == [("data.csv", 3, "events", "impossible-value")]
    assert tables.data_points[0].evidence.line == 4


def test_empty_missing_and_foreign_files_are_reported(tmp_path):
    _, problems = read(tmp_path, claims="")
    assert places(problems) == [("claims.csv", 0, "", "empty-table")]
    (tmp_path / "notes.csv").write_text("x")
    tables, problems = read_tables([tmp_path / "studies.csv", tmp_path / "notes.csv"], protocol=PROTOCOL)
    assert len(tables.studies) == 2
    assert [(problem.code, problem.text.split(":")[0]) for problem in problems] == [
        ("unknown-table", "notes.csv"),
        ("missing-table", "arms.csv"),
        ("missing-table", "outcomes.csv"),
        ("missing-table", "data.csv"),
    ]


def test_a_header_alone_is_a_table_without_rows(tmp_path):
    tables, problems = read(tmp_path, data=DATA.splitlines()[0])
    assert (tables.data_points, problems) == ((), ())


def test_folders_and_files_that_are_not_there_are_errors(tmp_path):
    with pytest.raises(NotFound, match="no folder"):
        read_tables(tmp_path / "nowhere", protocol=PROTOCOL)
    with pytest.raises(NotFound, match="no file"):
        read_tables([tmp_path / "studies.csv"], protocol=PROTOCOL)
    (tmp_path / "studies.csv").mkdir()
    with pytest.raises(Unreadable, match="is a folder"):
        read_tables([tmp_path / "studies.csv"], protocol=PROTOCOL)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=st.sampled_from(sorted(GOOD)), place=st.floats(0, 1), junk=st.binary(min_size=1, max_size=6))
def test_junk_anywhere_gives_rows_or_problems_and_never_a_broken_reference(tmp_path, table, place, junk):
    data = GOOD[table].encode()
    cut = int(place * len(data))
    tables, _ = read(tmp_path, **{table.removesuffix(".csv"): data[:cut] + junk + data[cut:]})
    studies = {study.id for study in tables.studies}
    arms, outcomes = {arm.id for arm in tables.arms}, {outcome.id for outcome in tables.outcomes}
    assert all(item.study in studies for item in (*tables.arms, *tables.outcomes, *tables.data_points))
    assert all(point.arm in arms and point.outcome in outcomes for point in tables.data_points)
