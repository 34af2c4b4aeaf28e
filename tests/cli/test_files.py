"""overlap: files to files, without a review."""

import pytest

INCLUDES = "review,study,review_year,study_year\nA,x,2018,2015\nA,y,2018,2016\nB,x,2020,\nB,z,2020,2019\nC,z,2021,\n"


def test_overlap_is_the_corrected_covered_area_of_all_and_of_each_two(run, tmp_path):
    path = tmp_path / "includes.csv"
    path.write_text(INCLUDES, encoding="utf-8")
    found = run("overlap", path, "--json").json
    # Five marks, three studies, three reviews: (5 - 3) / (9 - 3).
    assert found["cca"] == pytest.approx(100 / 3, abs=1e-3)
    assert found["band"] == "very high"
    pairs = {tuple(pair["reviews"]): (pair["cca"], pair["shared"]) for pair in found["pairs"]}
    assert pairs == {("A", "B"): (pytest.approx(100 / 3, abs=1e-3), 1), ("A", "C"): (0, 0), ("B", "C"): (50, 1)}
    # z appeared in 2019, a year after A: (5 - 3) / (9 - 3 - 1).
    assert (found["structural_missing"], found["cca_adjusted"]) == (1, 40)
    shown = run("overlap", path)
    assert "CCA 33.3 % (very high)" in shown.out
    assert "40.0 %" in shown.err


def test_overlap_names_rows_that_say_too_little_and_goes_on(run, tmp_path):
    path = tmp_path / "includes.csv"
    path.write_text("review_id,study_id,study_year\nA,x,\nA,x,\nB,,\nB,x,soon\n", encoding="utf-8")
    done = run("overlap", path, "--json")
    assert done.status == 3
    assert [(problem["line"], problem["code"]) for problem in done.json["problems"]] == [
        (3, "duplicate-mark"),
        (4, "missing-value"),
        (5, "bad-number"),
    ]
    assert (done.json["cca"], done.json["marks"]) == (100, 2)
    path.write_text("review,paper\nA,x\n", encoding="utf-8")
    refused = run("overlap", path)
    assert (refused.status, "no column 'study'" in refused.err) == (4, True)
