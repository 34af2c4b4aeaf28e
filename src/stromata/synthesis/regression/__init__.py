"""Meta-regression: formulas, fits, contrasts, predictions, permutation tests."""
