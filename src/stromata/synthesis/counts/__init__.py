"""Models of the counts themselves, for rare events and small series: binomial-normal, GLMM, beta-binomial."""
