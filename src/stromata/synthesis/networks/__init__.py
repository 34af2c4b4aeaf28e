"""Network meta-analysis: several treatments compared at once, ranked, and checked for agreement."""
