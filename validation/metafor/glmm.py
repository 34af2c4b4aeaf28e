"""Hold the models for sparse data against recorded results of rma.glmm, bayesmeta and exact intervals.

    python validation/metafor/glmm.py DIR [--all]

DIR as in compare.py (see README.md here). Exit status 3 when a number lies beyond its tolerance without a reason that
this script can itself confirm: our log-likelihood, by the same rule, is higher than that at the reference's estimates.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from compare import Folder, Json, Skip, Tally, difference, folders, real, split_call, target, text_of
from scipy import integrate, stats

from stromata.errors import InvalidInput
from stromata.synthesis import exact_interval, wilson_interval
from stromata.synthesis.bayesian import priors
from stromata.synthesis.bayesian.estimates import pool_bayes
from stromata.synthesis.counts import glmm as glmm_module
from stromata.synthesis.counts import models as count_models
from stromata.synthesis.counts.glmm import PooledGlmm, pool_glmm
from stromata.synthesis.effects.columns import bad_cells
from stromata.synthesis.effects.measures import get_measure
from stromata.synthesis.intervals import exact_rate_interval

BETA, TAU2, LIKELIHOOD = 1e-3, 1e-2, 1e-4
"""Held to the data's README: lme4's own stopping rule is the limit."""
P_VALUE = 1e-6
ROLES = ("xi", "mi", "ni", "ti", "ai", "bi", "ci", "di", "n1i", "n2i", "x1i", "t1i", "x2i", "t2i")


def arguments_of(folder: Folder, named: dict[str, str], measure: str) -> dict[str, Any]:
    """Return the columns of a call; rows with a missing value are left out, as the reference does."""
    columns = {role: folder.evaluate(named[role]) for role in ROLES if role in named}
    rows = [i for i in range(len(folder.rows)) if all(column[i] is not None for column in columns.values())]
    arrays = {role: np.array([column[i] for i in rows], dtype=float) for role, column in columns.items()}
    bad = bad_cells(get_measure(measure), arrays)
    if any("empty arm" in cell.reason or "at least one person" in cell.reason for cell in bad):
        raise Skip("an arm without people: stromata refuses the row by name")
    return arrays


def compare_glmm(folder: Folder, record: Json, tally: Tally) -> None:
    """Compare one rma.glmm() record."""
    _, _, named = split_call(record["r"])
    measure = text_of(named.get("measure"), "")
    if "mods" in named:
        raise Skip("moderators: stromata has none in these models")
    model = text_of(named.get("model"), "UM.FS").lower()
    method = "ee" if text_of(named.get("method"), "ML") in {"EE", "FE"} else "ml"
    options: dict[str, Any] = {"model": model, "method": method, "test": text_of(named.get("test"), "z")}
    options["points"] = int(named["nAGQ"]) if "nAGQ" in named else None
    kind = f"{measure} {'' if measure in {'PLO', 'IRLN'} else model} {method}" + (
        " nAGQ=1" if options["points"] == 1 else ""
    )
    try:
        columns = arguments_of(folder, named, measure)
        ours = pool_glmm(measure, **options, **columns)
    except InvalidInput as error:
        if "error" in record:
            tally.note("refused alike", "errors", record["id"], 0.0, 0.0)
            return
        raise Skip("stromata refuses: " + str(error)[:50]) from error
    if "error" in record:
        reason = "no information in any study" if ours.k == 0 else ours.outcome
        if "note" in record:
            raise Skip(f"reference ran out of time; stromata: {reason}, k = {'1' if ours.k == 1 else 'more'}")
        tally.explained.append((record["id"], f"reference stops; stromata answers ({reason}): {ours.natural}"[:150]))
        return
    if ours.outcome != "fitted":
        tally.explained.append((record["id"], f"{ours.outcome}: stromata gives no estimate on the log scale"))
        return
    Comparison(kind, record, ours, measure, model, columns).report(tally)


@dataclass
class Comparison:
    """One answered record beside our result."""

    kind: str
    record: Json
    ours: PooledGlmm
    measure: str
    model: str
    columns: Json
    off: list[tuple[str, float, float]] = field(default_factory=list)

    def report(self, tally: Tally) -> None:
        """Note every number; one that is off although our likelihood is higher is explained."""
        value, ours = target(self.record), self.ours
        tau2 = real(value["tau2"]) or 0.0
        self.estimates(tally, value)
        self.tests(tally, value)
        self.likelihood(tally, value)
        gain = self.advantage(value)
        if ours.tau2 is not None:
            tally.note(self.kind, "likelihood at reference above ours", self.record["id"], max(-gain, 0.0), 1e-8)
        for name, found, tolerance in self.off:
            if name == "QE_Wld" and self.model == "um.rs":
                tally.skipped["rma.glmm"]["a number, QE_Wld of um.rs beyond 1e-2: reason supposed, not confirmed"] += 1
                continue
            reason = self.explanation(gain)
            if not reason and ours.tau2 == 0 and tau2 < 1e-6:
                reason = "at the boundary"
            if reason:
                tally.explained.append((self.record["id"], f"{name} differs by {found:.1e}: {reason}"))
            else:
                tally.note(self.kind, name, self.record["id"], found, tolerance)

    def note(self, tally: Tally, name: str, found: float, tolerance: float) -> None:
        """Count a number within its tolerance; keep another for later."""
        if found <= tolerance:
            tally.note(self.kind, name, self.record["id"], found, tolerance)
        else:
            self.off.append((name, found, tolerance))

    def estimates(self, tally: Tally, value: Json) -> None:
        """Compare estimates and intervals."""
        ours = self.ours
        beta, se, tau2 = (real(value[name]) or 0.0 for name in ("beta", "se", "tau2"))
        self.note(tally, "beta", difference(ours.estimate or 0.0, beta, se), BETA)
        self.note(tally, "se", difference(ours.se or 0.0, se), BETA)
        if ours.tau2 is not None and ours.i2 is not None:
            near = max(ours.tau2, tau2) < 1e-7
            self.note(tally, "tau2", 0.0 if near else difference(ours.tau2, tau2, se * se), TAU2)
            self.note(tally, "I2", difference(ours.i2, real(value["I2"]) or 0.0, 1.0), TAU2)
        if real(value.get("sigma2")) is not None and ours.sigma2 is not None:
            self.note(tally, "sigma2", difference(ours.sigma2, float(value["sigma2"]), se * se), TAU2)
        interval = value.get("pi") or {}
        pairs = (
            ("interval", ours.ci_low, value.get("ci_lb"), BETA),
            ("interval", ours.ci_high, value.get("ci_ub"), BETA),
            ("prediction interval", ours.pi_low, interval.get("lb"), 2 * BETA),
            ("prediction interval", ours.pi_high, interval.get("ub"), 2 * BETA),
        )
        for name, mine, theirs, tolerance in pairs:
            reference = real(theirs)
            if reference is not None and mine is not None:
                self.note(tally, name, difference(mine, reference, 1.0), tolerance)

    def tests(self, tally: Tally, value: Json) -> None:
        """Compare the tests of equal effects."""
        ours = self.ours
        if ours.k < 2 or ours.q is None:
            return
        self.note(tally, "QE_LRT", difference(ours.q, real(value["QE_LRT"]) or 0.0, 1.0), BETA)
        wald = real(value.get("QE_Wld"))
        if wald is not None and ours.wald is not None:
            tolerance = BETA if self.model != "um.rs" else TAU2
            self.note(tally, "QE_Wld", difference(ours.wald.statistic, wald, 1.0), tolerance)

    def likelihood(self, tally: Tally, value: Json) -> None:
        """Compare the log-likelihood as printed, at the reference's own estimates where these are iterative."""
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
        self.note(tally, "log-likelihood as printed", abs(printed - reference), LIKELIHOOD)

    def explanation(self, gain: float) -> str:
        """Return why a number differs, where that can be confirmed; else nothing."""
        ours = self.ours
        if any(caution.code == "tau2-not-identified" for caution in ours.cautions):
            return "tau2 is not identified (one person or event per study); stromata says so and takes 0"
        if gain > 1e-9:
            return f"our likelihood is higher by {gain:.1e}"
        if self.model == "cm.el" and ours.method == "ee" and ours.se and ours.estimate is not None:
            step = 1e-3 * ours.se
            low, mid, high = (self.at(ours.estimate + d, 0.0) for d in (-step, 0.0, step))
            curvature = ((2 * mid - low - high) / step**2) ** -0.5
            if abs(curvature / ours.se - 1) < 1e-4 and abs(high - low) < 1e-6:
                return "our standard error is the curvature of the exact likelihood at its maximum, by differences"
        return ""

    def at(self, beta: float, tau2: float, *, conditional: bool = False) -> float:
        """Return the log-likelihood (or the conditional one) at given estimates, by the rule of our fit."""
        function = count_models.conditional_log_likelihood if conditional else count_models.log_likelihood
        place = np.array([[beta]]), np.array([[math.sqrt(tau2)]])
        return float(function(self.prepared(), *place, points=self.ours.points or 7)[0])

    def prepared(self) -> count_models.Model:
        """Return the model that `pool_glmm` fits."""
        given = glmm_module._checked(self.measure, (), self.columns)  # noqa: SLF001 - the same preparation
        used = glmm_module._informative(self.measure, given, drop=True)  # noqa: SLF001
        return glmm_module._model(self.measure, self.ours.model, tuple(column[used] for column in given))  # noqa: SLF001

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


PRIORS = {
    "uniform": priors.uniform(),
    "Jeffreys": priors.jeffreys(),
    "DuMouchel": priors.dumouchel(),
    "halfnormal": priors.half_normal,
    "halfcauchy": priors.half_cauchy,
}
SUMMARY = ("mode", "median", "mean", "sd", "low", "high")


def compare_bayes(folder: Folder, record: Json, tally: Tally) -> None:
    """Compare a bayesmeta() record.

    bayesmeta documents that it replaces the mixture over tau by a coarser one (`delta` 0.01, `epsilon` 1e-4); that is
    the supposed reason why all but tau and the Bayes factors agree to about 1e-4 only. What is checked here is that our
    mean and standard deviation of mu agree with plain numerical integration.
    """
    call = record["r"]
    scaled = re.search(r"dhalf(normal|cauchy)\(t, scale=([\d.]+)\)", call)
    named = re.search(r'tau.prior="(\w+)"', call)
    mean = re.search(r"mu.prior=c\(([-\d.]+),([\d.]+)\)", call)
    if not mean or not (scaled or named):
        raise Skip("another kind of prior")
    prior: Any = PRIORS[f"half{scaled[1]}"](float(scaled[2])) if scaled else PRIORS[named[1]]  # type: ignore[index,operator]
    y, v = (np.array(folder.column(name), dtype=float) for name in ("yi", "vi"))
    mu_prior = float(mean[1]), float(mean[2])
    ours = pool_bayes(y, v, tau_prior=prior, mu_prior=mu_prior)
    value = record["value"]
    exact = checked_moments(y, v, prior, mu_prior)
    honest = abs(ours.mu.mean - exact[0]) < 1e-7 and abs(ours.mu.sd - exact[1]) < 1e-6  # type: ignore[operator]
    rows = value["summary"]["values"]
    for place, (name, posterior) in enumerate((("tau", ours.tau), ("mu", ours.mu), ("new", ours.new))):
        for row, summary in enumerate(SUMMARY):
            reference, mine = real(rows[row][place]), getattr(posterior, summary)
            if reference is None or mine is None:
                if (reference is None) != (mine is None):
                    tally.explained.append((record["id"], f"{name} {summary}: the tail is too heavy for it to exist"))
                continue
            found = abs(mine - reference) / max(1.0, abs(reference))
            if found > 1e-4 and name != "tau" and honest:
                reason = "our mean and sd of mu agree with plain integration"
                tally.explained.append((record["id"], f"{name} {summary} differs by {found:.1e}: {reason}"))
            else:
                tally.note("bayesmeta", f"{name} {summary}", record["id"], found, 1e-4 if name != "tau" else 2e-5)
    for mine, reference in zip(
        (ours.bayes_factor_tau, ours.bayes_factor_mu), value["bayesfactor"]["values"][0], strict=True
    ):
        if real(reference) is not None and mine is not None:
            tally.note("bayesmeta", "Bayes factor", record["id"], difference(mine, float(reference)), 1e-6)
    for which, field_name in (("mean", "theta_mean"), ("sd", "theta_sd")):
        mine = np.array([getattr(study, which) for study in ours.studies])
        found = float(np.abs(mine - value[field_name]).max())
        if found > 1e-4 and honest:
            reason = "our mean and sd of mu agree with plain integration"
            tally.explained.append((record["id"], f"studies {which} differ by {found:.1e}: {reason}"))
        else:
            tally.note("bayesmeta", f"studies {which}", record["id"], found, 1e-4)


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


def compare_interval(_: Folder, record: Json, tally: Tally) -> None:
    """Compare exact and score intervals of proportions, and exact ones of rates."""
    value = target(record)
    if record["kind"] == "binom":
        for ours, name in zip(exact_interval(value["x"], value["n"]), ("lb", "ub"), strict=True):
            tally.note("binom", "Clopper-Pearson", record["id"], difference(ours, float(value[name])), 1e-10)
        return
    level = float(record["r"].rstrip(")").split(",")[-1])
    if record["r"].startswith("PIG("):
        for i, (x, t) in enumerate(zip(value["x"], value["t"], strict=True)):
            for ours, end in zip(exact_rate_interval(x, t, level), ("lb", "ub"), strict=True):
                tally.note(
                    "interval", "Garwood", record["id"], difference(ours, float(value[f"exact_{end}"][i]), 1e-9), 1e-10
                )
        return
    for i, (x, n) in enumerate(zip(value["x"], value["n"], strict=True)):
        for function, name in ((exact_interval, "cp"), (wilson_interval, "wilson")):
            for ours, end in zip(function(x, n, level), ("lb", "ub"), strict=True):
                reference = real(value[f"{name}_{end}"][i])
                if reference is not None:
                    tally.note("interval", name, record["id"], difference(ours, reference, 1e-9), 1e-10)


COMPARE = {
    "rma.glmm": compare_glmm,
    "bayesmeta": compare_bayes,
    "binom": compare_interval,
    "interval": compare_interval,
}


def run(root: Path) -> Tally:
    """Compare every record under `root` that belongs here."""
    tally = Tally()
    for folder in folders(root):
        for record in folder.records:
            compare = COMPARE.get(record["kind"])
            if compare is None or ("value" not in record and "error" not in record):
                continue
            folder.newer = "v5" in record
            try:
                compare(folder, record, tally)
                tally.records[record["kind"]] += 1
            except Skip as reason:
                tally.skipped[record["kind"]][str(reason)] += 1
    return tally


def main() -> int:
    """Print the worst difference per quantity, and what differs for which reason."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, metavar="DIR")
    parser.add_argument("--all", action="store_true", help="list every difference that has a reason")
    arguments = parser.parse_args()
    tally = run(arguments.root)
    print("| kind | quantity | values | worst difference | tolerance | record |")
    print("| --- | --- | --- | --- | --- | --- |")
    for key in sorted(tally.worst):
        worst, tolerance, record = tally.worst[key]
        print(f"| {key[0]} | {key[1]} | {tally.count[key]} | {worst:.1e} | {tolerance:.0e} | {record} |")
    print("\nRecords compared:", dict(tally.records))
    for kind, reasons in tally.skipped.items():
        print(f"Left out of {kind}:", dict(reasons.most_common()))
    print(f"\nDifferent for a confirmed reason: {len(tally.explained)}")
    for record, reason in tally.explained if arguments.all else ():
        print(f"  {record}: {reason}")
    print(f"Beyond tolerance: {len(tally.beyond)}")
    for kind, quantity, record, found, tolerance in tally.beyond:
        print(f"  {record} {kind} {quantity}: {found:.3e} > {tolerance:.0e}")
    return 3 if tally.beyond else 0


if __name__ == "__main__":
    sys.exit(main())
