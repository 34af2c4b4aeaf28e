"""Common-effect and random-effects models of one outcome: plain kernels, estimators, and `pool` on top of them."""
