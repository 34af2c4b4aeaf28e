from stromata import synthesis as st
from stromata.synthesis.curves.dose_response import dose_response

ROWS = {
    "study": list("aaabbbccc"),
    "dose": [0, 1, 2, 0, 1, 3, 0, 2, 4],
    "yi": [0, 0.1, 0.3, 0, 0.2, 0.5, 0, 0.2, 0.6],
    "sei": [0, 0.1, 0.12, 0, 0.1, 0.2, None, 0.1, 0.2],
    "cases": [10, 20, 30, 12, 20, 22, 9, 15, 21],
    "n": [50, 60, 70, 60, 70, 80, 50, 60, 66],
}


def test_a_straight_curve_is_a_relative_risk_per_unit():
    result = dose_response(**ROWS)
    assert "The relative risk per unit of dose was 1.1" in st.results_text(result)
    assert "Greenland and Longnecker 1992" in st.methods_text(result)
    assert "in two stages by restricted maximum likelihood" in st.methods_text(result)


def test_bent_curves_are_tested_for_their_bend():
    result = dose_response(**ROWS, curve="quadratic", method="fixed")
    assert "departure from a straight line" in st.results_text(result)
    call = st.r_call(result)
    assert "formula=logrr ~ dose + I(dose^2)" in call
    assert 'method="fixed"' in call


def test_r_gets_no_error_for_reference_doses():
    assert "se = c(0, 0.1, 0.12, 0, 0.1, 0.2, 0, 0.1, 0.2)" in st.r_call(dose_response(**ROWS))
    assert 'proc="1stage"' in st.r_call(dose_response(**ROWS, stages=1))


def test_accuracy_is_told_in_percent_and_as_ratios():
    result = st.accuracy([18, 25, 9, 30], [2, 4, 3, 9], [5, 9, 4, 12], [40, 60, 33, 50])
    text = st.results_text(result)
    assert f"sensitivity was {100 * result.sensitivity.estimate:.1f} %" in text
    assert f"{result.positive_ratio.estimate:.2f}" in text
    assert "Reitsma" in st.methods_text(result)
    assert [row["term"] for row in st.to_data(result)["coefficients"]] == ["logit sensitivity", "logit specificity"]


def test_corrected_tables_are_told_and_repeated():
    result = st.accuracy([18, 25, 9], [0, 4, 3], [5, 9, 4], [40, 60, 33])
    assert "In 1 study with an empty cell" in st.methods_text(result)
    assert "dat[c(1), ] <- dat[c(1), ] + 0.5" in st.r_call(result)
