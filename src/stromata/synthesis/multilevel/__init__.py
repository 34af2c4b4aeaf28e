"""Several effects per study: multilevel and multivariate models, sampling covariances, robust variances."""
