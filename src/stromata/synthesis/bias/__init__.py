"""Publication bias and what lies behind significance: asymmetry, selection models, fail-safe N, p-curves."""
