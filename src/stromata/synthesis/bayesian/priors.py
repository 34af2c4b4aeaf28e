"""Prior distributions of tau, the standard deviation of true effects between studies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

import numpy as np
from scipy import special

from stromata.errors import InvalidInput
from stromata.synthesis.intervals import FloatArray

Kind = Literal["half-normal", "half-t", "uniform", "log-normal", "log-t", "jeffreys", "dumouchel"]

_LOG_T_DF = 5.0
"""Degrees of freedom with which Rhodes et al. (2015) describe the logarithm of tau2."""


@dataclass(frozen=True, slots=True)
class TauPrior:
    """One prior.

    Attributes
    ----------
    scale : of ``half-normal`` and ``half-t``; the upper end of ``uniform`` (infinite: improper).
    df : degrees of freedom of ``half-t``; 1 is the half-Cauchy.
    mean, sd : of the logarithm of tau2, for ``log-normal`` and ``log-t`` (5 degrees of freedom).
    name, citation : what reports print.
    """

    kind: Kind
    scale: float = math.nan
    df: float = math.nan
    mean: float = math.nan
    sd: float = math.nan
    name: str = ""
    citation: str = ""

    def log_density(self, tau: FloatArray, v: FloatArray) -> FloatArray:
        """Return log densities at (T,) `tau` > 0, given (K,) sampling variances; unnormalised where improper."""
        if self.kind == "half-normal":
            return np.asarray(0.5 * math.log(2 / math.pi) - math.log(self.scale) - 0.5 * (tau / self.scale) ** 2)
        if self.kind == "half-t":
            top = special.gammaln((self.df + 1) / 2) - special.gammaln(self.df / 2)
            constant = math.log(2) + float(top) - 0.5 * math.log(math.pi * self.df) - math.log(self.scale)
            return np.asarray(constant - (self.df + 1) / 2 * np.log1p((tau / self.scale) ** 2 / self.df))
        if self.kind == "uniform":
            inside = -math.log(self.scale) if math.isfinite(self.scale) else 0.0
            return np.where(tau <= self.scale, inside, -np.inf)
        if self.kind == "jeffreys":
            return np.asarray(0.5 * np.log(((tau[:, None] / (v + tau[:, None] ** 2)) ** 2).sum(axis=1)))
        if self.kind == "dumouchel":
            middle = math.sqrt(len(v) / float((1 / v).sum()))
            return np.asarray(math.log(middle) - 2 * np.log(middle + tau))
        z = (2 * np.log(tau) - self.mean) / self.sd
        # The density of log tau2, times d(log tau2)/d(tau) = 2 / tau.
        jacobian = math.log(2) - np.log(tau) - math.log(self.sd)
        if self.kind == "log-normal":
            return np.asarray(jacobian - 0.5 * math.log(2 * math.pi) - 0.5 * z * z)
        df = _LOG_T_DF
        constant = float(special.gammaln((df + 1) / 2) - special.gammaln(df / 2)) - 0.5 * math.log(math.pi * df)
        return np.asarray(jacobian + constant - (df + 1) / 2 * np.log1p(z * z / df))

    @property
    def proper(self) -> bool:
        """Whether it integrates to 1."""
        return not (self.kind == "jeffreys" or (self.kind == "uniform" and math.isinf(self.scale)))

    @property
    def tail(self) -> float:
        """Power of tau with which the density falls as tau grows; infinite when faster than any."""
        if self.kind in {"half-normal", "log-normal"} or (self.kind == "uniform" and math.isfinite(self.scale)):
            return math.inf
        return {"half-t": self.df + 1, "uniform": 0.0, "jeffreys": 1.0, "dumouchel": 2.0, "log-t": 1.0}[self.kind]

    @property
    def upper(self) -> float:
        """Largest tau that is possible."""
        return self.scale if self.kind == "uniform" else math.inf


def half_normal(scale: float) -> TauPrior:
    """Return the half-normal prior; its median is 0.67 times the scale.

    A scale of 0.5 or 1 is commonly taken for log odds ratios (Friede, Roever, Wandel and Neuenschwander 2017, Research
    Synthesis Methods 8, 79-91).
    """
    return TauPrior("half-normal", scale=_positive("scale", scale), name=f"half-normal, scale {scale:g}")


def half_cauchy(scale: float) -> TauPrior:
    """Return the half-Cauchy prior; its median is the scale."""
    return TauPrior("half-t", scale=_positive("scale", scale), df=1.0, name=f"half-Cauchy, scale {scale:g}")


def half_t(scale: float, df: float) -> TauPrior:
    """Return the half-t prior on `df` degrees of freedom."""
    name = f"half-t, scale {scale:g}, {df:g} df"
    return TauPrior("half-t", scale=_positive("scale", scale), df=_positive("df", df), name=name)


def uniform(upper: float = math.inf) -> TauPrior:
    """Return the prior that is uniform from 0 to `upper`; without an end it needs three studies."""
    if not upper > 0:
        raise InvalidInput(f"upper is {upper!r}; it must be above 0")
    return TauPrior("uniform", scale=upper, name="uniform" if math.isinf(upper) else f"uniform to {upper:g}")


def log_normal(mean: float, sd: float) -> TauPrior:
    """Return the prior under which log(tau2) is normal."""
    _finite(mean)
    return TauPrior("log-normal", mean=mean, sd=_positive("sd", sd), name=f"log-normal, {mean:g}, {sd:g}")


def log_t(mean: float, sd: float) -> TauPrior:
    """Return the prior under which (log(tau2) - mean) / sd is t on 5 degrees of freedom."""
    _finite(mean)
    return TauPrior("log-t", mean=mean, sd=_positive("sd", sd), name=f"log-t, {mean:g}, {sd:g}")


def jeffreys() -> TauPrior:
    """Return Jeffreys' prior of tau; improper."""
    return TauPrior("jeffreys", name="Jeffreys")


def dumouchel() -> TauPrior:
    """Return DuMouchel's prior, scaled by the harmonic mean of the sampling variances; its median is their root.

    References
    ----------
    DuMouchel and Normand (2000), in Stangl and Berry (eds), Meta-analysis in medicine and health policy.
    """
    return TauPrior("dumouchel", name="DuMouchel")


def empirical(study: str, outcome: str = "general") -> TauPrior:
    """Return what Cochrane reviews led to expect: pharmacological treatment against placebo or control.

    Parameters
    ----------
    study : ``turner-2015`` for log odds ratios, ``rhodes-2015`` for standardised mean differences.
    outcome : kind of outcome; `empirical_outcomes` lists them.

    Raises
    ------
    InvalidInput
        No such source or outcome.
    """
    table = _table()
    if study not in table:
        raise InvalidInput(f"no empirical prior {study!r}", hint=f"There are: {', '.join(table)}.")
    entry = table[study]
    if outcome not in entry["outcomes"]:
        raise InvalidInput(f"no outcome {outcome!r} in {study}", hint=f"There are: {', '.join(entry['outcomes'])}.")
    mean, sd = entry["outcomes"][outcome]
    name = f"{study}, {outcome}: {entry['family']} {mean:g}, {sd:g}"
    return TauPrior(entry["family"], mean=mean, sd=sd, name=name, citation=f"{entry['citation']}, doi:{entry['doi']}")


def empirical_outcomes(study: str) -> tuple[str, ...]:
    """Return the outcomes that `empirical` knows for a source."""
    return tuple(_table().get(study, {"outcomes": ()})["outcomes"])


@cache
def _table() -> dict[str, Any]:  # Any: a table of texts and numbers as YAML gives it
    import yaml  # noqa: PLC0415 - only needed for the named priors

    text = resources.files(__package__).joinpath("priors.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)  # Any: as above
    return found


def _positive(what: str, value: float) -> float:
    if not (math.isfinite(value) and value > 0):
        raise InvalidInput(f"{what} is {value!r}; it must be a finite number above 0")
    return float(value)


def _finite(value: float) -> None:
    if not math.isfinite(value):
        raise InvalidInput(f"mean is {value!r}; it must be finite")
