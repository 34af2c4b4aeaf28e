"""Studies' own logits integrated out, exactly, for whole rows of values of the mean logit and of tau at once.

K studies with `x` events of `n` people; M means `mu` and T standard deviations `tau` of the logits between studies. The
likelihood of a study at (mu, tau) is the integral over its logit theta of likelihood times normal density. Where tau is
small next to the width of the likelihood, that is a Gauss-Hermite sum around mu. Elsewhere it is a trapezium sum over a
lattice of theta, whose error falls exponentially; all means and all tau share the likelihood there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from stromata.synthesis.counts.families import Binomial, binomial
from stromata.synthesis.intervals import FloatArray

_SMALL = 0.25
"""Tau, in widths of the likelihood, below which points around mu are enough."""

_SMALL_POINTS = 11
"""How many: the sum is then as exact as doubles are wherever the likelihood is more than a trace."""

_STEP = 0.85
"""Distance of the points of theta, in widths of what is integrated: the trapezium rule then leaves about 1e-12."""

_WIDEST = 0.4
"""Largest distance, in logits: a likelihood without events falls like exp(-exp(theta)), which needs about 16 points
per 2 pi for the same error."""

_SHARP = 18.0
"""Fall in log-likelihood up to which the width of a likelihood is looked at: the narrowest place counts."""

_FLANK = 2.5
"""Fall in log-likelihood down to which a posterior of the mean logit is likely to show how a likelihood bends."""

_HALVINGS = 64
"""Steps to the places where a likelihood has fallen so far."""

_DEAD = 70.0
"""Fall in log-likelihood beyond which a likelihood is taken as 0."""

_REACH = 12.0
"""Standard deviations beyond which a normal density is taken as 0: exp(-72)."""

_ONE = 23.0
"""Distance from -log(n) below which nobody having the event is certain, to 1e-10."""

_SEAM = 0.8
"""Width of the seam, in logits, between that part, whose integral is known, and the lattice."""

_SEAM_REACH = 6.5
"""Half-length of the seam in such widths: what lies outside is below 1e-10."""


@dataclass(frozen=True, slots=True)
class Likelihoods:
    """The likelihoods of K studies in their own logits, as far as rows need to know them.

    Attributes
    ----------
    low, high : (K,) ends of the part that is on a lattice.
    width, flank : (K,) of the likelihood where it is narrowest, of all and of the more likely places.
    seam : (K,) middle of the seam of studies with no or only events; nan for the others.
    side : (K,) -1 where nobody had the event, so that the likelihood is 1 far below; 1 where everybody had; else 0.
    """

    family: Binomial
    low: FloatArray
    high: FloatArray
    width: FloatArray
    flank: FloatArray
    seam: FloatArray
    side: FloatArray

    def part(self, i: npt.NDArray[np.intp]) -> Likelihoods:
        """Return some of the studies."""
        family = binomial(self.family.y[:, i], self.family.n[:, i])
        return Likelihoods(family, self.low[i], self.high[i], self.width[i], self.flank[i], self.seam[i], self.side[i])

    def at(self, theta: FloatArray) -> FloatArray:
        """Return the (G, K) logs of the likelihoods at (G,) places, 0 where each is highest."""
        return self.family.below(np.broadcast_to(theta[:, None, None], (len(theta), 1, len(self.low))))[0][:, 0]


@dataclass(frozen=True, slots=True)
class Rows:
    """What `rows` finds, (T, M, K): logs of the integrals, and means and variances of the studies' logits there."""

    value: FloatArray
    mean: FloatArray
    variance: FloatArray


def likelihoods(x: FloatArray, n: FloatArray) -> Likelihoods:
    """Return the likelihoods of `x` events of `n` people, (K,) each."""
    family = binomial(x[None], n[None])
    side = np.where(x == 0, -1.0, 0.0) + np.where(x == n, 1.0, 0.0)
    flat = np.log(n) + _ONE
    with np.errstate(divide="ignore"):
        peak = np.where(side == 0, special.logit(np.where(side == 0, x / n, 0.5)), side * flat)
    sharp, flank, (low, high) = _falls(family, peak, (_SHARP, _FLANK, _DEAD))
    # Where the likelihood stays at 1 it has no end; the lattice ends behind the seam.
    seam, end = (side * (flat + part * _SEAM_REACH * _SEAM) for part in (1, 2))
    return Likelihoods(
        family,
        low=np.where(side == -1, end, low),
        high=np.where(side == 1, end, high),
        width=_width(n, np.where(side == -1, peak, sharp[0]), np.where(side == 1, peak, sharp[1])),
        flank=_width(n, np.where(side == -1, peak, flank[0]), np.where(side == 1, peak, flank[1])),
        seam=np.where(side == 0, np.nan, seam),
        side=side,
    )


def _width(n: FloatArray, first: FloatArray, last: FloatArray) -> FloatArray:
    """Return how wide the likelihoods are where they are narrowest between two places."""
    steepest = np.clip(0.0, first, last)
    return np.asarray((n * special.expit(steepest) * special.expit(-steepest)) ** -0.5)


def _falls(family: Binomial, peak: FloatArray, depths: Sequence[float]) -> FloatArray:
    """Return the places on either side of the peak where the log-likelihoods have fallen by (D,) depths, (D, 2, K)."""
    depth = np.array(depths)[:, None, None, None]
    near = np.broadcast_to(peak, (len(depths), 2, 1, len(peak)))
    far = peak + np.array([-1.0, 1.0])[:, None, None] * (np.abs(peak) + depth + 50.0)
    for _ in range(_HALVINGS):
        middle = (near + far) / 2
        inside = family.below(middle)[0] > -depth
        near, far = np.where(inside, middle, near), np.where(inside, far, middle)
    return np.asarray(far[:, :, 0])


def rows(studies: Likelihoods, mu: FloatArray, tau: FloatArray) -> Rows:
    """Integrate the studies' logits out at every pair of (M,) means, in order, and (T,) tau, in order.

    Studies whose likelihoods are about as wide share a lattice.
    """
    shape = len(tau), len(mu), len(studies.low)
    value, mean, variance = np.empty(shape), np.empty(shape), np.empty(shape)
    octave = np.floor(np.log2(np.minimum(studies.width, 1.0)))
    for each in np.unique(octave):
        chosen = np.flatnonzero(octave == each)
        some = studies if len(chosen) == len(octave) else studies.part(chosen)
        few = int(np.searchsorted(tau, _SMALL * float(some.width.min())))
        for part, find in ((slice(0, few), _around), (slice(few, None), _on_lattice)):
            if len(tau[part]):
                found = find(some, mu, tau[part])
                value[part, :, chosen], mean[part, :, chosen], variance[part, :, chosen] = found
    return Rows(value, mean, variance)


_Moments = tuple[FloatArray, FloatArray, FloatArray]


def _around(studies: Likelihoods, mu: FloatArray, tau: FloatArray) -> _Moments:
    z, weight = np.polynomial.hermite_e.hermegauss(_SMALL_POINTS)
    theta = mu[None, :, None] + tau[:, None, None] * z
    logs = studies.at(theta.ravel()).reshape(*theta.shape, -1)
    peak = logs.max(axis=2)
    share = np.exp(logs - peak[:, :, None])
    sums = [np.einsum("tmqk,q->tmk", share, weight * z**power) for power in range(3)]
    value, mean, variance = _moments(sums, mu, tau)
    return value + peak - 0.5 * math.log(2 * math.pi), mean, variance


def _on_lattice(studies: Likelihoods, mu: FloatArray, tau: FloatArray) -> _Moments:
    narrow = float(studies.width.min())
    h = min(_WIDEST, _STEP / math.hypot(1 / float(tau[0]), 1 / narrow))
    reach = _REACH * float(tau[-1])
    first = np.floor(np.maximum(studies.low, mu[0] - reach) / h)
    last = np.ceil(np.minimum(studies.high, mu[-1] + reach) / h)
    parts = [np.arange(a, b + 1) for a, b in zip(first.tolist(), last.tolist(), strict=True)]
    theta = h * np.unique(np.concatenate(parts))
    if not len(theta):
        theta = np.array([float(studies.low[0])])
    inside = (theta[:, None] >= studies.low) & (theta[:, None] <= studies.high)
    likelihood = np.where(inside, np.exp(studies.at(theta)), 0.0)
    sided = np.flatnonzero(studies.side)
    if len(sided):
        away = (theta[:, None] - studies.seam[sided]) * studies.side[sided] / _SEAM
        likelihood[:, sided] *= special.ndtr(-away)
    z = (theta - mu[:, None]) / tau[:, None, None]
    density = np.exp(-0.5 * z * z)
    density *= (h / math.sqrt(2 * math.pi)) / tau[:, None, None]
    sums = [density @ likelihood]
    for _ in range(2):
        density *= z
        sums.append(density @ likelihood)
    for i in sided.tolist():
        for total, extra in zip(sums, _beyond(float(studies.seam[i]), float(studies.side[i]), mu, tau), strict=True):
            total[:, :, i] += extra
    return _moments(sums, mu, tau)


def _beyond(seam: float, side: float, mu: FloatArray, tau: FloatArray) -> _Moments:
    """Return the integrals of 1, z and z squared over the part where the likelihood is 1, with its seam.

    The seam is a normal distribution function, so that everything is known: Stein's identity gives the moments.
    """
    t = tau[:, None]
    wide = np.hypot(t, _SEAM)
    d = side * (mu - seam) / wide
    height = np.exp(-0.5 * d * d) / (math.sqrt(2 * math.pi) * wide)
    below = special.ndtr(d)
    return below, side * t * height, below - t * t * d / wide * height


def _moments(sums: list[FloatArray], mu: FloatArray, tau: FloatArray) -> _Moments:
    t = tau[:, None, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        z, square = sums[1] / sums[0], sums[2] / sums[0]
        value = np.log(sums[0])
    lost = sums[0] <= 0
    z, square = np.where(lost, 0.0, z), np.where(lost, 1.0, square)
    return value, mu[:, None] + t * z, np.maximum(square - z * z, 1e-12) * t * t
