"""Effect sizes: from counts, means and printed results to estimates with variances, and back to natural scales."""
