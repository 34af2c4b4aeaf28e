"""Alcohol and cardiovascular disease in six studies: one stage and two, linear and quadratic, and their pseudo-counts.

Studies as in data set alcohol_cvd of R's dosresmeta (Liu, Cook, Bergstrom and Hsieh 2009, Computational Statistics and
Data Analysis 53, 4157-4167). The results are printed by its authors in its reference: second example of dosresmeta(),
first of grl() (alecri/dosresmeta, docs/reference/dosresmeta.html and grl.html, commit dcc47a98). The two studies of
cumulative incidence need ``compat``: that program takes risks for rates. Its printed pseudo-counts of these two solve
for odds and are left out.
"""

import numpy as np
import pytest

from stromata.synthesis.curves.dose_response import dose_response, predict_doses
from stromata.synthesis.curves.pseudo_counts import _fitted

STUDIES = {
    "Bianchi": (
        "cc",
        [0, 9.06, 27, 45, 64.8],
        [126, 61, 69, 22, 19],
        [414, 261, 228, 44, 34],
        [0, -0.223143503, -0.0001, 0.530628324, 0.875468671],
        [None, 0.223337978, 0.233751923, 0.37651366, 0.444004625],
    ),
    "Bobak": (
        "cc",
        [0, 16.05, 46.425, 77.16],
        [77, 88, 24, 13],
        [258, 413, 202, 64],
        [0, -0.430782914, -1.07880998, -0.616186082],
        [None, 0.221305236, 0.297565401, 0.387079209],
    ),
    "Malarcher, wine": (
        "cc",
        [0, 1.176, 8.916, 18.72],
        [83, 46, 17, 4],
        [208, 175, 58, 11],
        [0, -0.579818487, -0.562118888, 0.615185618],
        [None, 0.317147017, 0.41861397, 0.909100592],
    ),
    "Malarcher, beer": (
        "cc",
        [0, 0.955, 7.43, 15.6],
        [83, 29, 32, 18],
        [208, 117, 81, 39],
        [0, -0.287682086, 0.512823582, -0.314710706],
        [None, 0.333233595, 0.338372588, 0.471345395],
    ),
    "Vliegenthart, wine": (
        "ci",
        [0, 6, 18, 28.8],
        [159, 229, 38, 39],
        [480, 975, 207, 133],
        [0, -0.415515512, -0.634878278, -0.083381601],
        [None, 0.144215345, 0.238348559, 0.273885369],
    ),
    "Vliegenthart, beer": (
        "ci",
        [0, 6.25, 18.75, 30],
        [302, 129, 19, 15],
        [1269, 436, 49, 41],
        [0, -0.223143503, -0.0100503, -0.261364787],
        [None, 0.156587183, 0.35108912, 0.416511417],
    ),
}
PSEUDO_COUNTS = {
    "Bianchi": [125.045754, 67.121348, 68.861059, 18.649722, 17.321957],
    "Bobak": [76.326336, 88.590929, 25.247951, 11.834726],
    "Malarcher, wine": [81.774216, 46.587219, 15.641699, 5.996615],
    "Malarcher, beer": [75.746492, 35.156220, 39.598921, 11.498375],
}


def fit(**options):
    columns = {"study": [], "design": [], "dose": [], "cases": [], "n": [], "yi": [], "sei": []}
    for name, (design, *rows) in STUDIES.items():
        columns["study"] += [name] * len(rows[0])
        columns["design"] += [design] * len(rows[0])
        for key, values in zip(("dose", "cases", "n", "yi", "sei"), rows, strict=True):
            columns[key] += values
    return dose_response(**columns, compat="dosresmeta", **options)


@pytest.mark.parametrize("name", PSEUDO_COUNTS)
def test_the_printed_pseudo_counts(name):
    design, _, cases, n, y, _ = STUDIES[name]
    first, others = _fitted(np.array(y[1:]), np.array(cases, float), np.array(n, float), design)
    # that program stops at a step of 1e-5
    assert [first, *others] == pytest.approx(PSEUDO_COUNTS[name], abs=3e-4)


def test_the_printed_linear_trend():
    found = fit(curve="linear")
    (slope,) = found.coefficients
    assert (slope.estimate, slope.se, slope.ci_low, slope.ci_high) == pytest.approx(
        (-0.0044, 0.0059, -0.0159, 0.0072), abs=5e-5
    )
    assert np.sqrt(found.psi[0, 0]) == pytest.approx(0.0100, abs=5e-5)
    assert (found.q, found.q_df, found.q_p) == (
        pytest.approx(14.1464, abs=5e-4),
        5,
        pytest.approx(0.0147, abs=5e-5),
    )
    (one,) = predict_doses(found, [1])
    assert (one.ratio, one.ci_low, one.ci_high) == pytest.approx((0.9956441, 0.9842178, 1.007203), abs=1e-6)


def test_the_printed_quadratic_trend():
    found = fit(curve="quadratic")
    estimates = [(each.estimate, each.se, each.statistic, each.p) for each in found.coefficients]
    assert estimates[0] == pytest.approx((-0.0302, 0.0132, -2.2943, 0.0218), abs=2e-4)
    assert estimates[1] == pytest.approx((0.0008, 0.0005, 1.5383, 0.1240), abs=2e-4)
    assert found.association.statistic == pytest.approx(6.3694, abs=1e-3)
    deviations = np.sqrt(found.psi.diagonal())
    assert deviations == pytest.approx((0.0209, 0.0008), abs=5e-5)
    assert found.psi[0, 1] / deviations.prod() == pytest.approx(-0.9063, abs=1e-3)
    assert (found.q, found.q_df) == (pytest.approx(35.1177, abs=2e-3), 10)
