"""Public data sets with dependent effects: facts printed in the articles named, distributed in R's metadat."""

# Konstantopoulos (2011), Research Synthesis Methods 2, 61-76, table 1: modified school calendars and achievement.
# District, number of schools, standardised mean differences, sampling variances (dat.konstantopoulos2011).
_CALENDARS = [
    (11, [-0.18, -0.22, 0.23, -0.30], [0.118, 0.118, 0.144, 0.144]),
    (12, [0.13, -0.26, 0.19, 0.32], [0.014, 0.014, 0.015, 0.024]),
    (18, [0.45, 0.38, 0.29], [0.023, 0.043, 0.012]),
    (27, [0.16, 0.65, 0.36, 0.60], [0.020, 0.004, 0.004, 0.007]),
    (56, [0.08, 0.04, 0.19, -0.06], [0.019, 0.007, 0.005, 0.004]),
    (
        58,
        [-0.18, 0.00, 0.00, -0.28, -0.04, -0.30, 0.07, 0.00, 0.05, -0.08, -0.09],
        [0.020, 0.018, 0.019, 0.022, 0.020, 0.021, 0.006, 0.007, 0.007, 0.007, 0.007],
    ),
    (71, [0.30, 0.98, 1.19], [0.015, 0.011, 0.010]),
    (86, [-0.07, -0.05, -0.01, 0.02, -0.03, 0.00, 0.01, -0.10], [0.001] * 8),
    (91, [0.50, 0.66, 0.20, 0.00, 0.05, 0.07], [0.010, 0.011, 0.010, 0.009, 0.013, 0.013]),
    (108, [-0.52, 0.70, -0.03, 0.27, -0.34], [0.031, 0.031, 0.030, 0.030, 0.030]),
    (644, [0.12, 0.61, 0.04, -0.05], [0.087, 0.082, 0.067, 0.067]),
]
CALENDARS = {
    "district": [district for district, yi, _ in _CALENDARS for _ in yi],
    "school": [i + 1 for _, yi, _ in _CALENDARS for i in range(len(yi))],
    "yi": [y for _, yi, _ in _CALENDARS for y in yi],
    "vi": [v for _, _, vi in _CALENDARS for v in vi],
}

# Berkey et al. (1998), Statistics in Medicine 17, 2537-2550: surgical against non-surgical treatment of periodontal
# disease in five trials; probing depth (PD) and attachment level (AL), with their covariances (dat.berkey1998).
BERKEY = {
    "trial": ["1", "1", "2", "2", "3", "3", "4", "4", "5", "5"],
    "outcome": ["PD", "AL"] * 5,
    "yi": [0.47, -0.32, 0.20, -0.60, 0.40, -0.12, 0.26, -0.31, 0.56, -0.39],
    "rows": [
        [0.0075, 0.0030],
        [0.0030, 0.0077],
        [0.0057, 0.0009],
        [0.0009, 0.0008],
        [0.0021, 0.0007],
        [0.0007, 0.0014],
        [0.0029, 0.0009],
        [0.0009, 0.0015],
        [0.0148, 0.0072],
        [0.0072, 0.0304],
    ],
}
