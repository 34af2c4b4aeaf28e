"""`stromata dose` and `stromata score`: what they print, the JSON they give, their exit statuses."""

import pytest

import stromata.cli.clinical  # noqa: F401 - registers the commands

GOOD = "patient,baseline_PASI,week12_PASI,arm\n1,22.3,5.2,cells\n2,20,15,placebo\n"


@pytest.fixture
def table(tmp_path):
    def write(text, name="patients.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_score_gives_change_and_responders_per_row(run, table):
    done = run("score", "PASI", table(GOOD), "--json")
    first, second = done.json["rows"]
    assert (done.status, done.err) == (0, "")
    assert (first["patient"], first["visit"], first["total"], first["band"]) == ("1", "week12", 5.2, "mild")
    assert (first["baseline"], first["change"]) == (22.3, 17.1)
    assert first["percent_change"] == pytest.approx(76.6816, abs=1e-4)
    assert first["responders"] == {"PASI50": True, "PASI75": True, "PASI90": False, "PASI100": False}
    assert first["visits"][0]["band"] == "severe"
    assert first["other_columns"] == {"arm": "cells"}
    assert second["responders"]["PASI50"] is False
    assert done.json["summary"]["criteria"][1]["responders"] == 1
    assert done.json["problems"] == []


def test_score_gives_components_total_and_band(run, table):
    done = run("score", "uct", table("id;item_1;item_2;item_3;item_4\na;3;3;4;3\n"), "--json")
    (row,) = done.json["rows"]
    assert row["components"] == {"item_1": 3, "item_2": 3, "item_3": 4, "item_4": 3}
    assert (row["total"], row["band"]) == (13, "well controlled")
    assert "change" not in row


def test_score_shows_a_table_and_the_summary(run, table):
    done = run("score", "PASI", table(GOOD))
    assert done.status == 0
    assert "PASI75 at week12: 1/2 (50.0 %)" in done.out
    assert "2 rows, 2 without a problem." in done.out
    assert "severe" in done.out
    assert "Columns not used: arm." in done.err


def test_rows_with_problems_end_with_3_and_are_named_on_stderr(run, table):
    done = run("score", "PASI", table("patient,baseline_PASI,week12_PASI\n1,0,5\n2,x,4\n3,20,2\n"), "--json")
    assert done.status == 3
    assert "patients.csv:3:baseline_PASI: " in done.err
    assert [row["total"] for row in done.json["rows"]] == [5, 4, 2]
    assert done.json["rows"][0]["responders"]["PASI75"] is None
    assert "baseline is 0" in done.json["rows"][0]["why"]["PASI75"]
    shown = run("score", "PASI", table("patient,baseline_PASI,week12_PASI\n1,0,5\n2,x,4\n3,20,2\n"))
    line = next(line for line in shown.out.splitlines() if line.startswith("PASI75 at week12"))
    assert line.startswith("PASI75 at week12: 1/1 (100.0 %); 2 cannot be known (")
    assert "1: the baseline is 0, so there is no percentage" in line
    assert "1: there is no baseline score" in line
    assert "1: a value is not a number" in shown.out


def test_score_reads_stdin_and_values_for_all_rows(run):
    regions, signs = (
        ("head", "arms", "trunk", "legs"),
        ("erythema", "induration", "excoriation", "lichenification", "area"),
    )
    header = ",".join(f"{region}_{sign}" for region in regions for sign in signs)
    text = f"patient,{header}\n1{',1' * 20}\n".encode()
    done = run("score", "EASI", "-", "--set", "age_years=30", "--json", stdin=text)
    assert (done.status, done.json["rows"][0]["total"]) == (0, 4)
    assert run("score", "EASI", "-", "--set", "age_years", stdin=text).status == 4
    missing = run("score", "EASI", "-", stdin=text)
    assert (missing.status, "age_years" in missing.err) == (4, True)


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("score", "PAZI", "x.csv"), 5, "PASI"),
        (("score", "PASI", "x.csv"), 5, "no file x.csv"),
        (("score",), 4, "--list"),
    ],
)
def test_errors_teach(run, tmp_path, monkeypatch, words, status, told):
    monkeypatch.chdir(tmp_path)
    done = run(*words)
    assert (done.status, told in done.err) == (status, True)


def test_unreadable_input_ends_with_4(run, tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(b"\xff\xfe\x00\xd8")
    assert run("score", "PASI", path).status == 4
    path.write_text("patient,colour\n1,red\n", encoding="utf-8")
    done = run("score", "PASI", path)
    assert (done.status, "patient, colour" in done.err) == (4, True)


def test_the_list_names_every_instrument(run):
    done = run("score", "--list")
    assert done.status == 0
    assert all(name in done.out for name in ("PASI", "SLEDAI-2K", "ESSDAI", "partial", "PASI75"))
    listed = run("score", "--list", "--json").json["instruments"]
    assert len(listed) == 26
    assert {"id", "components", "criteria", "bands", "status"} <= listed[0].keys()


def test_an_instrument_without_a_table_says_what_it_asks(run):
    done = run("score", "DAS28-CRP")
    assert (done.status, "crp_mg_l" in done.out, "EULAR-good-CRP" in done.out) == (0, True, True)
    assert "renal" in run("score", "ESSDAI").out
    assert run("score", "DAS28-CRP", "--json").json["id"] == "das28-crp"


def test_a_name_that_others_go_by_too_is_pointed_out(run, table):
    done = run("score", "SLEDAI", table("patient,baseline_SLEDAI,week12_SLEDAI\n1,8,4\n"))
    assert (done.status, "SLEDAI-4 at week12: 1/1" in done.out) == (0, True)
    assert "SLEDAI-2K" in done.err + done.out
    assert "was read as" in done.err + done.out
    assert "DAS28-CRP" in run("score", "DAS28").err


def test_control_characters_of_a_table_do_not_steer_the_terminal(run, table):
    done = run("score", "PASI", table("patient,PASI\n\x1b[31mred,20\n"))
    assert "\x1b[31m" not in done.out


def test_dose_gives_its_parts(run):
    done = run("dose", "2 × 10^6 cells/kg IV every 2 weeks ×4", "--weight", "70", "--json")
    assert done.status == 0
    assert done.json["per_administration"]["value"] == 2e6
    assert (done.json["administrations"], done.json["interval_days"]) == (4, 14)
    assert done.json["cumulative"]["value"] == 8e6
    assert done.json["cells_per_kg"] == 2e6
    assert {"route", "cautions"} <= done.json.keys()


def test_dose_shows_a_table(run):
    done = run("dose", "1e8 cells", "--route", "iv", "--schedule", "weekly x 3")
    assert done.status == 0
    assert "1e+08 cells" in done.out


def test_a_text_without_a_dose_is_no_dose(run):
    done = run("dose", "some cells", "--json")
    assert done.status in {0, 4}
    assert done.status == 4 or done.json["per_administration"] is None


@pytest.mark.parametrize(
    "words",
    [
        ("dose", "\udcff 2e6 cells/kg", "--json"),
        ("dose", "2e6 cells/kg", "--route", "\udcc4\udce3"),
        ("dose", "2e6 cells/kg", "--schedule", "\udcff"),
        ("score", "EASI", "-", "--set", "age_years=\udcff"),
    ],
)
def test_words_that_are_not_utf_8_are_refused(run, words):
    done = run(*words, stdin=b"patient,EASI\n1,2\n")
    assert (done.status, "is not UTF-8 text" in done.err, done.out) == (4, True, "")


def test_a_repeated_patient_is_no_responder_and_ends_with_3(run, table):
    done = run("score", "PASI", table("patient,baseline_PASI,week12_PASI\n1,20,4\n1,20,4\n2,20,19\n"), "--json")
    assert done.status == 3
    assert len(done.json["rows"]) == 3
    count = next(one for one in done.json["summary"]["criteria"] if one["id"] == "PASI75")
    assert (count["responders"], count["judged"]) == (0, 1)
    assert "patients.csv:2: " in done.err
    assert "patients.csv:3: " in done.err


def test_a_chinese_table_of_another_encoding_is_scored_and_told(run, tmp_path):
    path = tmp_path / "patients.csv"
    path.write_bytes("患者编号,基线PASI,第12周PASI\n张三,20,4\n".encode("gbk"))
    done = run("score", "PASI", path)
    assert (done.status, "张三" in done.out, "GB18030" in done.err + done.out) == (0, True, True)
