"""Models of counts and Bayesian models: rma.glmm() and bayesmeta()."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import integrate, stats

from agreement.counting import Comparison, Json, LeftOut, difference, floats, real
from agreement.reading import Call, DataSet, parse
from agreement.regression import formula_of
from stromata.synthesis.bayesian import priors
from stromata.synthesis.bayesian.estimates import pool_bayes
from stromata.synthesis.counts import glmm as glmm_module
from stromata.synthesis.counts import models as count_models
from stromata.synthesis.counts.glmm import PooledGlmm, pool_glmm

BETA, TAU2, LIKELIHOOD = 1e-3, 1e-2, 1e-4
"""lme4's own stopping rule is the limit."""
ROLES = {"xi", "mi", "ni", "ti", "ai", "bi", "ci", "di", "n1i", "n2i", "x1i", "t1i", "x2i", "t2i"}
ARGUMENTS = {"measure", "data", "subset", "method", "model", "nAGQ", "test", "level", "mods"}


def fitted(data: DataSet, call: Call) -> tuple[PooledGlmm, dict[str, Any]]:
    """Return what an rma.glmm() call gives, and its columns; rows with a missing value are left out."""
    foreign = set(call.named) - ROLES - ARGUMENTS
    if foreign:
        raise LeftOut(f"argument {min(foreign)}")
    columns = data.columns(call, ROLES)
    known = np.all([np.isfinite(each) for each in columns.values()], axis=0)
    arrays = {role: each[known] for role, each in columns.items()}
    options: dict[str, Any] = {
        "model": call.text("model", "UM.FS").lower(),
        "method": "ee" if call.text("method", "ML") in {"EE", "FE", "CE"} else "ml",
        "test": call.text("test", "z"),
        "points": int(call.named["nAGQ"]) if "nAGQ" in call.named else None,
        "level": call.level,
    }
    if "mods" in call.named:
        frame = data.frame(call.named.get("data", "dat"))
        options["moderators"] = formula_of(data, call, frame)
        options["data"] = {
            name: [each for each, own in zip(values, known, strict=True) if own] for name, values in frame.items()
        }
    return pool_glmm(call.text("measure"), **options, **arrays), arrays


@dataclass
class Counted:
    """One answered record beside our result."""

    c: Comparison
    ours: PooledGlmm
    columns: dict[str, Any]

    @property
    def model(self) -> str:
        return self.ours.model

    def estimates(self, value: Json) -> None:
        """Hold estimates and intervals."""
        ours, c = self.ours, self.c
        beta, se, tau2 = (real(value[name]) or 0.0 for name in ("beta", "se", "tau2"))
        c.note("beta", difference(ours.estimate or 0.0, beta, se), BETA)
        c.note("se", difference(ours.se or 0.0, se), BETA)
        if ours.tau2 is not None and ours.i2 is not None:
            near = max(ours.tau2, tau2) < 1e-7
            c.note("tau2", 0.0 if near else difference(ours.tau2, tau2, se * se), TAU2)
            c.note("I2", difference(ours.i2, real(value["I2"]) or 0.0, 1.0), TAU2)
        c.have("sigma2", ours.sigma2, value.get("sigma2"), scale=se * se, tolerance=TAU2)
        interval = value.get("pi") or {}
        c.have("interval", ours.ci_low, value.get("ci_lb"), scale=1.0, tolerance=BETA)
        c.have("interval", ours.ci_high, value.get("ci_ub"), scale=1.0, tolerance=BETA)
        c.have("prediction interval", ours.pi_low, interval.get("lb"), scale=1.0, tolerance=2 * BETA)
        c.have("prediction interval", ours.pi_high, interval.get("ub"), scale=1.0, tolerance=2 * BETA)

    def tests(self, value: Json) -> None:
        """Hold the tests of equal effects."""
        ours = self.ours
        if ours.k < 2 or ours.q is None:
            return
        self.c.note("QE_LRT", difference(ours.q, real(value["QE_LRT"]) or 0.0, 1.0), BETA)
        if ours.wald is not None and self.model != "um.rs":
            self.c.have("QE_Wld", ours.wald.statistic, value.get("QE_Wld"), scale=1.0, tolerance=BETA)

    def likelihood(self, value: Json) -> None:
        """Hold the log-likelihood as printed, at the reference's own estimates where these are iterative."""
        ours, reference = self.ours, real(value.get("ll_ML"))
        if reference is None:
            return
        if ours.model == "um.rs":
            printed = ours.log_likelihood or 0.0
            printed -= (ours.saturated_log_likelihood or 0.0) if ours.points > 1 else 0.0
        elif ours.tau2:
            printed = self.at(real(value["beta"]) or 0.0, real(value["tau2"]) or 0.0, conditional=True)
        else:
            printed = ours.conditional_log_likelihood or 0.0
        self.c.note("log-likelihood as printed", abs(printed - reference), LIKELIHOOD)

    def explain(self, since: int, gain: float, tau2: float) -> None:
        """Explain numbers that are off where the reason can be confirmed."""
        ours, c = self.ours, self.c
        if any(caution.code == "tau2-not-identified" for caution in ours.cautions):
            c.explain(since, "tau2-not-identified")
        elif gain > 1e-9:
            c.explain(since, "likelihood-higher", f"by {gain:.1e}")
        elif self.model == "cm.el" and ours.method == "ee" and ours.se and ours.estimate is not None:
            step = 1e-3 * ours.se
            low, mid, high = (self.at(ours.estimate + d, 0.0) for d in (-step, 0.0, step))
            curvature = ((2 * mid - low - high) / step**2) ** -0.5
            if abs(curvature / ours.se - 1) < 1e-4 and abs(high - low) < 1e-6:
                c.explain(since, "error-by-curvature")
        elif ours.tau2 == 0 and tau2 < 1e-6:
            c.explain(since, "likelihood-higher", "tau2 is exactly 0, the reference stopped above")

    def at(self, beta: float, tau2: float, *, conditional: bool = False) -> float:
        """Return the log-likelihood (or the conditional one) at given estimates, by the rule of our fit."""
        function = count_models.conditional_log_likelihood if conditional else count_models.log_likelihood
        place = np.array([[beta]]), np.array([[math.sqrt(tau2)]])
        return float(function(self.prepared(), *place, points=self.ours.points or 7)[0])

    def prepared(self) -> count_models.Model:
        """Return the model that `pool_glmm` fits."""
        given = glmm_module._checked(self.ours.measure, (), self.columns)  # noqa: SLF001 - the same preparation
        used = glmm_module._informative(self.ours.measure, given, drop=True)  # noqa: SLF001
        return glmm_module._model(self.ours.measure, self.ours.model, tuple(column[used] for column in given))  # noqa: SLF001

    def advantage(self, value: Json) -> float:
        """Return our log-likelihood less that at the reference's estimates, by the same rule."""
        ours = self.ours
        beta, tau2 = real(value["beta"]) or 0.0, real(value["tau2"]) or 0.0
        if ours.model != "um.rs":
            return float((ours.log_likelihood or 0.0) - self.at(beta, tau2))
        built, spread = self.prepared(), [math.sqrt(real(value.get("sigma2")) or 0.0), math.sqrt(tau2)]
        trial, heights = np.linspace(-15.0, 10.0, 101), np.zeros(101)
        for reach in (0.3, 0.02, 1e-3, 1e-4, 1e-5):
            place = np.column_stack((trial, np.full(len(trial), beta))), np.tile([spread], (len(trial), 1))
            heights = count_models.log_likelihood(built, *place, points=ours.points or 7)
            trial = trial[int(np.argmax(heights))] + np.linspace(-reach, reach, 41)
        return float((ours.log_likelihood or 0.0) - heights.max())


def unanswered(c: Comparison, ours: PooledGlmm) -> bool:
    """Deal with records in which one of the two has no estimate."""
    if c.fails and "note" in c.record:
        raise LeftOut("the reference ran out of time")
    if ours.outcome == "fitted":
        return False
    c.reference(ours)
    c.differs("no-finite-estimate", ours.outcome)
    return True


def compare_glmm(data: DataSet, c: Comparison) -> None:
    """Hold rma.glmm()."""
    call = parse(c.record["r"])
    ours, columns = fitted(data, call)
    c.label = f"{ours.measure} {ours.model} {ours.method}" + (" nAGQ=1" if call.named.get("nAGQ") == "1" else "")
    if unanswered(c, ours):
        return
    if ours.regression is not None:
        compare_moderators(data, c, call, ours)
        return
    value, since = c.reference(ours), c.mark()
    beside = Counted(c, ours, columns)
    beside.estimates(value)
    beside.tests(value)
    beside.likelihood(value)
    gain = beside.advantage(value) if ours.k > 1 or ours.tau2 is not None else 0.0
    if c.beyond(since):
        beside.explain(since, gain, real(value["tau2"]) or 0.0)
    if ours.tau2 is not None:
        c.note("likelihood at reference above ours", max(-gain, 0.0), 1e-8)
    wald = real(value.get("QE_Wld"))
    if ours.wald is not None and ours.model == "um.rs" and wald is not None and ours.k > 1:
        if difference(ours.wald.statistic, wald, 1.0) > TAU2:
            c.differs("wald-by-differences", f"{ours.wald.statistic:.4g} and {wald:.4g}")
        else:
            c.hold("QE_Wld", ours.wald.statistic, wald, scale=1.0, tolerance=TAU2)


def compare_moderators(data: DataSet, c: Comparison, call: Call, ours: PooledGlmm) -> None:
    """Hold coefficients and what is left between studies."""
    value, since, found = c.reference(ours), c.mark(), ours.regression
    c.label += " moderators"
    if value.get("terms"):
        c.note("names", float(value["terms"] != [each.name for each in found.coefficients]), 0.0)
    for name, key in (("estimate", "beta"), ("se", "se"), ("ci_low", "ci_lb"), ("ci_high", "ci_ub")):
        mine = [getattr(each, name) for each in found.coefficients]
        for own, theirs, se in zip(mine, floats(value[key]), floats(value["se"]), strict=True):
            c.hold(key, own, theirs, scale=se, tolerance=BETA)
    c.have("tau2", ours.tau2, value["tau2"], scale=1e-4, tolerance=TAU2)
    c.have("QM", found.omnibus.statistic, value.get("QM"), scale=1.0, tolerance=TAU2)
    c.have("QE_LRT", ours.q, value["QE_LRT"], scale=1.0, tolerance=BETA)
    if c.beyond(since) and real(value["tau2"]) == 0:
        # the best that can be had without heterogeneity
        equal, _ = fitted(data, Call(call.name, call.positional, {**call.named, "method": '"EE"'}))
        gain = (ours.log_likelihood or 0.0) - (equal.log_likelihood or 0.0)
        if gain > 1e-9:
            c.explain(since, "likelihood-higher", f"by {gain:.1e} or more")


def compare_predict(data: DataSet, c: Comparison) -> None:
    """Hold predict() of the same on the natural scale."""
    outer = parse(c.record["r"])
    call = parse(outer.first)
    ours, columns = fitted(data, call)
    if outer.named.get("transf") not in {"transf.ilogit", "exp", None} or len(outer.named) > 1:
        raise LeftOut("another kind of prediction")
    c.label = f"predict {ours.measure} nAGQ={ours.points}"
    if unanswered(c, ours):
        return
    value, since = c.reference(ours), c.mark()
    if ours.k == 1:
        c.have("pred", (ours.natural if outer.named else ours).estimate, value.get("pred"), scale=1.0, tolerance=BETA)
        c.differs("one-proportion", f"{ours.natural.ci_low} to {ours.natural.ci_high}")
        return
    shown = ours.natural if outer.named else ours
    for name, key, width in (
        ("estimate", "pred", 1), ("ci_low", "ci.lb", 1), ("ci_high", "ci.ub", 1), ("pi_low", "pi.lb", 2),
        ("pi_high", "pi.ub", 2),
    ):  # fmt: skip
        c.have(key, getattr(shown, name), value.get(key), scale=1.0, tolerance=width * BETA)
    if c.beyond(since):
        fit = next(
            (
                target["value"]
                for target in data.records
                if target["kind"] == "rma.glmm" and parse(target["r"]) == call and "value" in target
            ),
            None,
        )
        beside = Counted(c, ours, columns)
        gain = beside.advantage(fit) if fit is not None else 0.0
        beside.explain(since, gain, math.inf if fit is None else real(fit["tau2"]) or 0.0)


PRIORS = {"uniform": priors.uniform(), "Jeffreys": priors.jeffreys(), "DuMouchel": priors.dumouchel()}
SCALED = {"normal": priors.half_normal, "cauchy": priors.half_cauchy}
SUMMARY = ("mode", "median", "mean", "sd", "low", "high")


def compare_bayes(data: DataSet, c: Comparison) -> None:
    """Hold bayesmeta().

    bayesmeta documents that it replaces the mixture over tau by a coarser one (`delta` 0.01, `epsilon` 1e-4); that is
    the supposed reason why all but tau and the Bayes factors agree to about 1e-4 only. What is checked here is that our
    mean and standard deviation of mu agree with plain numerical integration.
    """
    text = c.record["r"]
    scaled = re.search(r"dhalf(normal|cauchy)\(t, scale=([\d.]+)\)", text)
    named = re.search(r'tau.prior="(\w+)"', text)
    mean = re.search(r"mu.prior=c\(([-\d.]+),\s*([\d.]+)\)", text)
    place = re.search(r"y=dat\$([\w.]+), sigma=sqrt\(dat\$([\w.]+)\)", text)
    if not mean or not place or not (scaled or (named and named[1] in PRIORS)):
        raise LeftOut("another kind of prior")
    prior: Any = SCALED[scaled[1]](float(scaled[2])) if scaled else PRIORS[named[1]]  # type: ignore[index]
    y, v = (np.array(data.dat[name], dtype=float) for name in place.groups())
    mu_prior = float(mean[1]), float(mean[2])
    ours = pool_bayes(y, v, tau_prior=prior, mu_prior=mu_prior)
    value = c.reference(ours)
    exact = checked_moments(y, v, prior, mu_prior)
    honest = abs((ours.mu.mean or 0.0) - exact[0]) < 1e-7 and abs((ours.mu.sd or 0.0) - exact[1]) < 1e-6
    rows, coarse = value["summary"]["values"], c.mark()
    for at, (name, posterior) in enumerate((("mu", ours.mu), ("new", ours.new)), start=1):
        for row, summary in enumerate(SUMMARY):
            hold_summary(c, f"{name} {summary}", getattr(posterior, summary), rows[row][at], 1e-4)
    for which in ("mean", "sd"):
        mine = [getattr(study, which) for study in ours.studies]
        c.hold(f"studies {which}", mine, value[f"theta_{which}"], scale=1.0, tolerance=1e-4)
    if c.beyond(coarse) and honest:
        c.explain(coarse, "coarse-mixture", "our mean and sd of mu agree with plain integration")
    for row, summary in enumerate(SUMMARY):
        hold_summary(c, f"tau {summary}", getattr(ours.tau, summary), rows[row][0], 2e-5)
    factors = floats(value["bayesfactor"]["values"][0])
    for mine, theirs in zip((ours.bayes_factor_tau, ours.bayes_factor_mu), factors, strict=True):
        if mine is not None:
            c.hold("Bayes factor", mine, theirs, tolerance=1e-6)


def hold_summary(c: Comparison, name: str, mine: float | None, theirs: object, tolerance: float) -> None:
    if mine is None and real(theirs) is not None:
        c.differs("tail-too-heavy", name)
    c.have(name, mine, theirs, scale=1.0, tolerance=tolerance)


def checked_moments(
    y: np.ndarray, v: np.ndarray, prior: priors.TauPrior, mu_prior: tuple[float, float]
) -> tuple[float, float]:
    """Return mean and standard deviation of mu by adaptive integration over log tau."""

    def parts(s: float) -> tuple[float, float, float]:
        tau = math.exp(s)
        covariance = np.diag(v + tau * tau) + mu_prior[1] ** 2
        log_likelihood = stats.multivariate_normal.logpdf(y, np.full(len(y), mu_prior[0]), covariance)
        weight = math.exp(log_likelihood + float(prior.log_density(np.array([tau]), v)[0]) + s + 10.0)
        precision = float((1 / (v + tau * tau)).sum()) + mu_prior[1] ** -2
        mean = (float((y / (v + tau * tau)).sum()) + mu_prior[0] * mu_prior[1] ** -2) / precision
        return weight, weight * mean, weight * (mean**2 + 1 / precision)

    pieces = [(-30.0, -6.0), (-6.0, -2.0), (-2.0, 0.0), (0.0, 2.0), (2.0, 6.0), (6.0, 30.0)]
    totals = [
        sum(integrate.quad(lambda s, i=i: parts(s)[i], a, b, epsabs=1e-13, epsrel=1e-10)[0] for a, b in pieces)
        for i in range(3)
    ]
    mean = totals[1] / totals[0]
    return mean, math.sqrt(totals[2] / totals[0] - mean**2)


COMPARE = {"rma.glmm": compare_glmm, "predict": compare_predict, "bayesmeta": compare_bayes}
