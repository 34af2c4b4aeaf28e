"""Every deliberate difference by its code, and which refusals and warnings are answered how.

`DIFFERENCES.md` beside the runner says more about each code: what the reference does, what stromata does, and why.
"""

DIFFERENCES = {
    "answers-with-caution": "The reference stops with an error; stromata answers, with a caution.",
    "answers": "The reference stops with an error that the data do not call for; stromata answers.",
    "refused-rows": "Rows with impossible or too few values are refused by name.",
    "refused-arm": "A table with an arm without people is refused by name.",
    "refused-variances": "Studies with a variance of zero or less are refused or left out, with a caution.",
    "refused-too-few": "Too few studies for the question: refused by name.",
    "refused-predictor": "A predictor that does not vary cannot be tested: refused by name.",
    "refused-positive-definite": "A covariance matrix that is not positive definite is refused by name.",
    "one-proportion": "One proportion alone carries its exact interval.",
    "no-events-no-error": "Nobody had the event: the reference's standard error is 0, ours none.",
    "no-finite-estimate": "All events lie on one side: no estimate on the log scale, an exact bound on the natural.",
    "within-range": "A bound of a proportion stays within 0 and 1.",
    "tetrachoric-undefined": "A table with an empty cell has no tetrachoric correlation; the reference gives 1 or -1.",
    "negative-alpha": "Alpha may be negative: it is not raised to 0.",
    "no-prediction": "Fewer than three studies carry no prediction interval on k - 2 degrees of freedom.",
    "stopped-early": "The reference stopped before its equation or likelihood was satisfied; ours satisfies it better.",
    "likelihood-higher": "Our likelihood is higher.",
    "likelihood-overstated": "The reference's integration overstates its likelihood; at its place ours is higher.",
    "flat-likelihood": "The likelihood is flat; a caution says so, and components are not compared.",
    "component-unknown": "No data bear on this component: it is NaN here, a starting value there.",
    "bound-truer": "Our bound solves its equation at least ten times better than the reference's.",
    "coverage": "The pivot's coverage is 95 % at our bound, and not at the reference's.",
    "rounding": "In exact arithmetic our Q is right to more digits than the reference's.",
    "tau2-not-identified": "One person or event per study: tau2 is not identified; a caution says so.",
    "error-by-curvature": "Our standard error is the curvature of the exact likelihood at its maximum, by differences.",
    "wald-by-differences": "The reference's Wald test inverts a covariance matrix by finite differences.",
    "coarse-mixture": "The reference takes a coarser mixture over tau; ours agrees with plain integration.",
    "tail-too-heavy": "The tail is too heavy for this moment to exist; none is given.",
    "undetermined-tables": "Tables without events, with only events, or one alone do not determine these numbers.",
    "undetermined-when-deleted": "Without this study a coefficient is not determined; no number is given.",
    "equal-estimates": "All estimates are equal, so that the reference tests rounding errors.",
    "hardly-varies": "The predictor varies by less than one millionth, so that digits are lost on both sides.",
    "rank-exact": "The rank test is exact up to 400 studies without ties; the reference is normal or has no value.",
    "tied-distances": "Studies at equal distances from the centre, whose ranks hang on the last bit.",
    "fisher-direction": "Fisher's combination is one-sided in the direction of the average study, not of each study.",
    "one-study-fewer": "The fewest studies that suffice; the reference gives one more.",
    "empty-pair": "A study of several arms with an empty pair: all its arms are corrected alike and it stays.",
    "all-direct": "All evidence is direct but for rounding: no indirect estimate is made of the rest.",
    "equal-paths": "Equally short paths: which takes the flow first is a convention; both divide the same flow.",
    "incidence-covariance": "Cumulative incidence: the reference leaves out -1/N of the covariance.",
    "area-by-integral": "The area is the integral from 0 to 1, not a sum over 98 trapezoids divided by 99.",
}
REFUSALS = (
    (r"an arm needs at least one|empty arm|needs at least one person", "refused-arm"),
    (r"(vi|variance)s? (is|are) (0|-|nan)|variances must lie within", "refused-variances"),
    (r"needs? at least \d+ stud|; at least \d+|cannot be tested with", "refused-too-few"),
    (r"does not vary", "refused-predictor"),
    (r"not positive definite", "refused-positive-definite"),
)
"""Patterns of our errors, and the codes of the deliberate differences that they are where the reference answers."""
OWN_TO_R = (
    r"nAGQ|Hessian|Choleski|failed to converge|failure to converge|scaled gradient|nearly unidentifiable",
    r"NaNs produced|exact p-value with ties|Setting argument test|integer overflow|iterative search|invert Hessian",
    r"finite-difference|not meaningful",
)
"""Warnings that speak of R's own computing or of arguments, not of the data."""
