"""Bayesian random-effects models by quadrature: priors of heterogeneity, posteriors, shrinkage."""
