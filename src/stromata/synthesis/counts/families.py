"""Distributions of counts in their canonical parameter: binomial, Poisson, and noncentral hypergeometric.

J observations (arms, or 1) in each of K studies. A canonical parameter eta has any leading axes and ends in (J, K). The
log-likelihood of a count y is y * eta - A(eta) plus what does not depend on eta; the derivatives of A are the mean, the
variance and the third cumulant. Values are counted from the highest that eta can reach, so that nothing large cancels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy import special

from stromata.synthesis.intervals import FloatArray

_MANY = 1e5
"""Size from which the plain formulas lose digits that count, and the distance from a study's own parameter is used."""


_HIGHEST = 250.0
"""Log of a rate above which it is taken as this: products of two such means are still doubles."""


class Family(Protocol):
    """K studies' counts and how likely they are.

    Attributes
    ----------
    best : (K,) log-likelihood at each study's own parameters, with all constants.
    rough : (J, K) rough estimates of these parameters, finite because 1/2 is added to what is counted.
    """

    @property
    def rough(self) -> FloatArray:
        """See above."""
        ...

    @property
    def best(self) -> FloatArray:
        """See above."""
        ...

    def below(self, eta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return log-likelihoods less the best (0 or below), and residuals y - mean, in the shape of `eta`."""
        ...

    def slopes(self, eta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return residuals and variances."""
        ...

    def cumulants(self, eta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return residuals, variances and third cumulants."""
        ...


@dataclass(frozen=True, slots=True)
class Binomial:
    """Events `y` of `n` people (J, K), 0 <= y <= n; eta is the logit. With n = 0 nothing was observed."""

    y: FloatArray
    n: FloatArray
    share: FloatArray
    own: FloatArray
    both: FloatArray
    height: FloatArray
    rough: FloatArray
    best: FloatArray
    many: bool

    def below(self, eta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """See `Family`."""
        if self.many:
            return self._below_many(eta)
        e = np.exp(-np.abs(eta))
        p = np.where(eta >= 0, 1.0, e) / (1 + e)
        return self.y * eta - self.n * (np.maximum(eta, 0.0) + np.log1p(e)) - self.height, self.y - self.n * p

    def slopes(self, eta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """See `Family`."""
        e = np.exp(-np.abs(eta))
        s = 1 / (1 + e)
        residual = self._residual(eta) if self.many else self.y - self.n * np.where(eta >= 0, s, e * s)
        return residual, self.n * (e * s * s)

    def cumulants(self, eta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """See `Family`."""
        residual, variance = self.slopes(eta)
        return residual, variance, -variance * np.tanh(eta / 2)

    def _below_many(self, eta: FloatArray) -> tuple[FloatArray, FloatArray]:
        # Near a study's own logit, at distance d, log(expit(eta)/p) = -log(1 + (1 - p)(exp(-d) - 1)), likewise 1 - p.
        y, n, p = self.y, self.n, self.share
        d = eta - self.own
        near = (self.both > 0) & (np.abs(d) < 1)
        d = np.where(near, d, 0.0)
        close = -y * np.log1p((1 - p) * np.expm1(-d)) - (n - y) * np.log1p(p * np.expm1(d))
        far = y * special.log_expit(eta) + (n - y) * special.log_expit(-eta) - self.height
        return np.where(near, close, far), self._residual(eta)

    def _residual(self, eta: FloatArray) -> FloatArray:
        d = eta - self.own
        near = (self.both > 0) & (np.abs(d) < 1)
        grown = np.expm1(np.where(near, d, 0.0))
        close = -self.n * self.share * (1 - self.share) * grown / (1 + self.share * grown)
        return np.where(near, close, self.y - self.n * special.expit(eta))


def binomial(y: FloatArray, n: FloatArray) -> Binomial:
    """Return the family of events `y` of `n` people, (J, K)."""
    both = (y > 0) & (y < n)
    share = np.where(n > 0, y / np.maximum(n, 1.0), 0.0)
    height = np.asarray(special.xlogy(y, share) + special.xlog1py(n - y, -share), dtype=np.float64)
    own = special.logit(np.where(both, share, 0.5))
    best = np.asarray(best_binomial(y, n).sum(axis=0))
    rough = np.log((y + 0.5) / (n - y + 0.5))
    return Binomial(y, n, share, own, both.astype(np.float64), height, rough, best, bool(n.max(initial=0.0) >= _MANY))


@dataclass(frozen=True, slots=True)
class Poisson:
    """Events `y` in a person-time `t` (J, K), t > 0; eta is the log of the rate."""

    y: FloatArray
    t: FloatArray
    own: FloatArray
    rough: FloatArray
    best: FloatArray

    def below(self, eta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """See `Family`."""
        d = eta - self.own
        some = self.y > 0
        grown = np.expm1(np.where(some, np.minimum(d, _HIGHEST), 0.0))
        none = np.where(some, 0.0, self.t * np.exp(np.where(some, 0.0, np.minimum(eta, _HIGHEST))))
        return np.where(some, self.y * (np.where(some, d, 0.0) - grown), -none), -self.y * grown - none

    def slopes(self, eta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """See `Family`."""
        mean = self.t * np.exp(np.minimum(eta, _HIGHEST))
        some = self.y > 0
        residual = np.where(some, -self.y * np.expm1(np.where(some, np.minimum(eta - self.own, _HIGHEST), 0.0)), -mean)
        return residual, mean

    def cumulants(self, eta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """See `Family`."""
        residual, mean = self.slopes(eta)
        return residual, mean, mean


def poisson(y: FloatArray, t: FloatArray) -> Poisson:
    """Return the family of events `y` in person-times `t`, (J, K)."""
    some = y > 0
    own = np.log(np.where(some, y, 1.0) / np.where(some, t, 1.0))
    # log(y^y exp(-y) / y!), from Stirling's remainder: nothing large cancels.
    best = np.where(some, -_remainder(np.maximum(y, 1.0)) - 0.5 * np.log(2 * math.pi * np.maximum(y, 1.0)), 0.0)
    return Poisson(y, t, own, np.log((y + 0.5) / t), np.asarray(best.sum(axis=0)))


@dataclass(frozen=True, slots=True)
class Hypergeometric:
    """Events in the first arm given all margins (1, K); eta is the log odds ratio.

    Attributes
    ----------
    steps, logs : per study the counts that can occur, counted from the one seen, and the logs of their probabilities
        at an odds ratio of 1, counted from that of the one seen. Of very many counts, every so many are kept.
    top : (K,) the highest log-likelihoods.
    """

    steps: tuple[FloatArray, ...]
    logs: tuple[FloatArray, ...]
    rough: FloatArray
    top: FloatArray
    best: FloatArray

    def below(self, eta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """See `Family`."""
        total, mean, _, _ = self._sums(eta, 1)
        return -total - self.top, -mean

    def slopes(self, eta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """See `Family`."""
        _, mean, variance, _ = self._sums(eta, 2)
        return -mean, variance

    def cumulants(self, eta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """See `Family`."""
        _, mean, variance, third = self._sums(eta, 3)
        return -mean, variance, third

    def _sums(self, eta: FloatArray, order: int) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return log of the sum of weights, mean of the steps, variance and third cumulant, (..., 1, K)."""
        flat = eta.reshape(-1, eta.shape[-1])
        out = np.zeros((4, *flat.shape))
        for i, (x, logs) in enumerate(zip(self.steps, self.logs, strict=True)):
            weights = flat[:, i, None] * x
            weights += logs
            peak = weights.max(axis=1, keepdims=True)
            weights -= peak
            np.exp(weights, out=weights)
            total = weights.sum(axis=1)
            out[0, :, i] = peak[:, 0] + np.log(total)
            mean = out[1, :, i] = (weights @ x) / total
            if order > 1:
                e = x - mean[:, None]
                weights *= e * e
                out[2, :, i] = weights.sum(axis=1) / total
                if order > 2:
                    out[3, :, i] = np.einsum("ij,ij->i", weights, e) / total
        return tuple(part.reshape(eta.shape) for part in out)  # type: ignore[return-value]  # four parts


_DENSE = 20_000
"""Counts per study that are summed one by one; where there are more, this many are taken."""


def hypergeometric(a: FloatArray, n1: FloatArray, m: FloatArray, n2: FloatArray) -> Hypergeometric:
    """Return the family of `a` events of `n1` people, given `m` events among `n1` and `n2` people, (K,)."""
    steps, logs = [], []
    for seen, first, events, second in zip(a, n1, m, n2, strict=True):
        low, high = max(0.0, events - second), min(first, events)
        stride = max(1.0, math.ceil((high - low) / _DENSE))
        x = np.concatenate((np.arange(seen, low - 0.5, -stride)[:0:-1], np.arange(seen, high + 0.5, stride)))
        log = _log_choose(first, x) + _log_choose(second, events - x)
        own = _log_choose(first, seen) + _log_choose(second, events - seen)
        steps.append(x - seen)
        logs.append(np.asarray(log - own + math.log(stride)))
    rough = np.log((a + 0.5) * (n2 - m + a + 0.5) / (n1 - a + 0.5) / (m - a + 0.5))[None]
    family = Hypergeometric(tuple(steps), tuple(logs), rough, np.zeros(len(a)), np.zeros(len(a)))
    highest = _highest(family, len(a))
    return replace(family, top=highest, best=highest)


def can_be_summed(a: FloatArray, n1: FloatArray, m: FloatArray, n2: FloatArray) -> npt.NDArray[np.bool_]:
    """Return the studies whose conditional distribution is summed without loss, alone or thinned.

    Thinning loses nothing where the distribution is smooth: many counts wide, and far from both ends of its range.
    """
    low, high = np.maximum(0.0, m - n2), np.minimum(n1, m)
    cells = np.stack((a, n1 - a, m - a, n2 - m + a))
    deviation = (1 / np.maximum(cells, 0.5)).sum(axis=0) ** -0.5
    smooth = (deviation >= 4 * np.ceil((high - low) / _DENSE)) & (np.minimum(a - low, high - a) >= 12 * deviation)
    return np.asarray((high - low <= _DENSE) | smooth)


def _highest(family: Hypergeometric, size: int) -> FloatArray:
    """Return the largest log-likelihood of each study."""
    eta = np.zeros((1, size))
    ends = np.array([x[0] == 0 or x[-1] == 0 for x in family.steps])
    for _ in range(200):
        residual, variance = family.slopes(eta)
        step = np.where(ends, 0.0, np.clip(residual / np.maximum(variance, 1e-12), -1.5, 1.5))
        eta = eta + step
        if float(np.abs(step).max(initial=0.0)) < 1e-12:
            break
    # A count at an end of its range becomes certain as eta grows: the highest log-likelihood is then 0.
    return np.asarray(np.where(ends, 0.0, family.below(eta)[0][0]))


def best_binomial(y: FloatArray, n: FloatArray) -> FloatArray:
    """Return the binomial log-likelihoods at each study's own proportion, coefficients included.

    From Stirling's formula with its remainders, in which nothing large cancels (Loader 2000, "Fast and accurate
    computation of binomial probabilities").
    """
    both = (y > 0) & (y < n)
    a, b = np.where(both, y, 1.0), np.where(both, n - y, 1.0)
    total = a + b
    value = _remainder(total) - _remainder(a) - _remainder(b) + 0.5 * (np.log(total / a / b) - math.log(2 * math.pi))
    return np.where(both, value, 0.0)


def _remainder(m: FloatArray) -> FloatArray:
    """Return log(m!) less Stirling's (m + 1/2) log(m) - m + log(2 pi) / 2, for m >= 1."""
    exact = special.gammaln(m + 1) - (m + 0.5) * np.log(m) + m - 0.5 * math.log(2 * math.pi)
    series = (1 / 12 - (1 / 360 - (1 / 1260 - 1 / (1680 * m**2)) / m**2) / m**2) / m
    # From 20 on, the first term left out of the series is below 2e-15.
    return np.asarray(np.where(m < 20, exact, series), dtype=np.float64)


def _log_choose(n: float, x: FloatArray | float) -> FloatArray:
    return np.asarray(special.gammaln(n + 1) - special.gammaln(np.asarray(x) + 1) - special.gammaln(n - x + 1))
