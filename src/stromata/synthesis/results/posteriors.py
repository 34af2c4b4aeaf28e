"""What Bayesian results say: `PooledBayes` and `PooledBayesCounts`."""

from __future__ import annotations

import math
import re
from typing import Any

from stromata.model import Synthesis, numbers
from stromata.synthesis.bayesian.counts import WIDE, PooledBayesCounts
from stromata.synthesis.bayesian.estimates import MuPrior, PooledBayes, StudyPosterior
from stromata.synthesis.bayesian.posteriors import Posterior
from stromata.synthesis.bayesian.priors import TauPrior, empirical, log_normal, log_t
from stromata.synthesis.results import r_code
from stromata.synthesis.results.account import Account, Row, describe, table_of_rows
from stromata.synthesis.results.wording import (
    Write,
    ci,
    cite,
    computed,
    in_brackets,
    included,
    paragraph,
    participants,
    plain_number,
    reservations,
)


def _row(term: str, posterior: Posterior, *, central: bool = False) -> Row:
    low, high = (posterior.central_low, posterior.central_high) if central else (posterior.low, posterior.high)
    return Row(term, posterior.median, posterior.sd, ci_low=low, ci_high=high)


def _study(each: StudyPosterior) -> Row:
    return Row(each.label, each.mean, each.sd, ci_low=each.low, ci_high=each.high)


def prior_words(prior: TauPrior) -> str:
    """Return a prior of tau in words."""
    known = {
        "half-normal": f"a half-normal prior with scale {prior.scale:g}",
        "half-t": (
            f"a half-Cauchy prior with scale {prior.scale:g}"
            if prior.df == 1
            else f"a half-t prior on {prior.df:g} degrees of freedom with scale {prior.scale:g}"
        ),
        "uniform": f"a uniform prior from 0 to {prior.scale:g}" if math.isfinite(prior.scale) else "a flat prior",
        "log-normal": f"a prior under which log τ² is normal with mean {prior.mean:g} and SD {prior.sd:g}",
        "log-t": f"a prior under which log τ² has a t distribution with location {prior.mean:g} and scale {prior.sd:g}",
        "jeffreys": "Jeffreys' prior",
        "dumouchel": "DuMouchel's prior",
    }[prior.kind]
    return f"{known} ({prior.citation})" if prior.citation else known


def _mu_words(prior: MuPrior) -> str:
    return "a flat prior" if prior is None else f"a normal prior with mean {prior[0]:g} and SD {prior[1]:g}"


_NAMED = re.compile(r"(?P<kind>log-normal|log-t), (?P<mean>[-\d.e+]+), (?P<sd>[-\d.e+]+)$")
"""Names of priors whose two numbers would not explain themselves."""


def _named_prior(name: str) -> str:
    """Return a prior of tau in words, by the name that a synthesis carries."""
    source, _, rest = name.partition(": ")
    if rest:
        return prior_words(empirical(*source.split(", ", 1)))
    found = _NAMED.match(name)
    if found:
        make = log_normal if found["kind"] == "log-normal" else log_t
        return prior_words(make(float(found["mean"]), float(found["sd"])))
    return f"the prior “{name}”"


def bayes_sentence(result: Synthesis) -> str:
    """Return how a synthesis got its posterior: the model, both priors with their scale, and the computation."""
    counted = result.measure == "PLO" and all({"xi", "ni"} <= dict(effect.inputs).keys() for effect in result.effects)
    given = dict(result.parameters).get("mu_prior", "").split()
    mu_prior: MuPrior = WIDE if counted else None
    if len(given) == 2:
        mu_prior = float(given[0]), float(given[1])
    model = (
        f"binomial-normal hierarchical model {cite('smith-1995')}" if counted else "normal-normal hierarchical model"
    )
    return (
        f"Studies were pooled under a Bayesian {model}, with {_named_prior(result.tau2_method)} for the between-study "
        f"standard deviation τ and {_mu_words(mu_prior)} for the mean effect, both on the scale of the analysis. "
        f"{_COMPUTED} {cite('roever-2020')}; medians are given with central {numbers.level(result.level)} credible "
        "intervals (CrI)."
    )


_COMPUTED = "The posterior distributions were computed by numerical integration, without simulation"


def _chances(result: PooledBayes | PooledBayesCounts, write: Write) -> str:
    said = [
        f"below {write(each.value)} with probability {_chance(each.mu_below)} "
        f"(the effect in a new study: {_chance(each.new_below)})"
        for each in result.thresholds
    ]
    return f"The mean effect lies {'; '.join(said)}." if said else ""


def _chance(value: float) -> str:
    """Return a probability that is never rounded to one that it is not."""
    if 0 < value < 0.001:
        return "< 0.001"
    if 0.999 < value < 1:
        return "> 0.999"
    return numbers.fixed(value, 3)


@describe.register
def _(result: PooledBayes) -> Account:
    rows = (*map(_study, result.studies), _row("mu", result.mu), _row("tau", result.tau), _row("new study", result.new))
    methods = paragraph(
        "Estimates were pooled under the Bayesian normal-normal hierarchical model, with "
        f"{prior_words(result.tau_prior)} for the between-study standard deviation τ and {_mu_words(result.mu_prior)} "
        f"for the mean effect, both on the scale of the estimates. {_COMPUTED} {cite('roever-2020')}.",
        f"Posterior medians are given with the shortest {numbers.level(result.level)} credible intervals (CrI).",
        computed(result.asked),
    )
    start = included(result.k)
    texts = paragraph(start, _said(result, Write()), _chances(result, Write()), reservations(result.cautions))
    return Account(table_of_rows(rows), methods, texts, _bayes_r(result), coefficients=rows[-3:])


def _said(result: PooledBayes | PooledBayesCounts, write: Write) -> str:
    mu, new, tau = result.mu, result.new, result.tau
    level = result.level
    return (
        f"The posterior median of the mean effect was {write(mu.median)}"
        f"{in_brackets(ci(mu.low, mu.high, level, write, word='CrI'))}, that of τ {plain_number(tau.median)}"
        f"{in_brackets(ci(tau.low, tau.high, level, plain_number, word='CrI'))}. The true effect in a new study was "
        f"predicted at {write(new.median)}{in_brackets(ci(new.low, new.high, level, write, word='CrI'))}."
    )


_DENSITIES = {
    "half-normal": "function(t) dhalfnormal(t, scale={0})",
    "half-t": "function(t) dhalft(t, scale={0}, df={1})",
    "uniform": "function(t) dunif(t, 0, {0})",
    "log-normal": "function(t) 2 / t * dnorm(2 * log(t), {2}, {3})",
    "log-t": "function(t) 2 / t * dt((2 * log(t) - {2}) / {3}, df=5) / {3}",
}


def _prior_r(prior: TauPrior) -> str:
    if prior.kind == "uniform" and not math.isfinite(prior.scale):
        return r_code.text("uniform")
    if prior.kind in {"jeffreys", "dumouchel"}:
        return r_code.text({"jeffreys": "Jeffreys", "dumouchel": "DuMouchel"}[prior.kind])
    values = [r_code.number(value) for value in (prior.scale, prior.df, prior.mean, prior.sd)]
    return _DENSITIES[prior.kind].format(*values)


def _bayes_r(result: PooledBayes) -> str:
    asked = result.asked
    if asked is None:
        return r_code.without("The studies are not known here.")
    labels = r_code.names_of(asked.get("labels") or (), len(asked.get("yi")))
    data = r_code.frame({"study": labels, "yi": asked.get("yi"), "vi": asked.get("vi")})
    complete = "dat <- dat[complete.cases(dat), ]"
    named: dict[str, Any] = {}  # Any: values that R has a word for
    if result.mu_prior is not None:
        named = {"mu.prior.mean": result.mu_prior[0], "mu.prior.sd": result.mu_prior[1]}
    prior = f"tau.prior={_prior_r(result.tau_prior)}"
    fit = r_code.call("bayesmeta", "y=dat$yi", "sigma=sqrt(dat$vi)", "labels=dat$study", prior, **named)
    return r_code.lines("library(bayesmeta)", data, complete, f"fit <- {fit}", "fit$summary")


@describe.register
def _(result: PooledBayesCounts) -> Account:
    middle = (("mu", result.mu, result.mu_natural), ("new study", result.new, result.new_natural))
    mu, new = (
        Row(
            term,
            each.median,
            each.sd,
            ci_low=each.low,
            ci_high=each.high,
            natural=natural.estimate,
            natural_low=natural.ci_low,
            natural_high=natural.ci_high,
        )
        for term, each, natural in middle
    )
    shown = [
        Row(each.label, each.mean, each.sd, natural_low=each.low, natural_high=each.high) for each in result.studies
    ]
    rows = (*shown, mu, _row("tau", result.tau), new)
    methods = paragraph(
        f"Counts were pooled under a Bayesian binomial-normal hierarchical model {cite('smith-1995')}, with "
        f"{prior_words(result.tau_prior)} for the standard deviation τ of the logits between studies and "
        f"{_mu_words(result.mu_prior)} for the mean logit. No continuity correction was needed.",
        f"{_COMPUTED}.",
        f"Posterior medians are given with central {numbers.level(result.level)} credible intervals (CrI).",
        computed(result.asked),
    )
    return Account(table_of_rows(rows), methods, _counts_results(result), _COUNTS_R, coefficients=rows[-3:])


def _counts_results(result: PooledBayesCounts) -> str:
    asked = result.asked
    people = round(float(sum(asked.get("ni")))) if asked else None
    events = round(float(sum(asked.get("xi")))) if asked else None
    write = Write("PLO", people)
    start = included(result.k)
    occurred = f"The event occurred in {numbers.count(events)} of {participants(people)}." if asked else ""
    mu, new = result.mu_natural, result.new_natural
    said = (
        f"The posterior median of the typical proportion was {write(mu.estimate)}"
        f"{in_brackets(ci(mu.ci_low, mu.ci_high, result.level, write, word='CrI'))}; for a new study it was "
        f"{write(new.estimate)}{in_brackets(ci(new.ci_low, new.ci_high, result.level, write, word='CrI'))}."
    )
    tau = result.tau
    spread = (
        f"The median of τ was {plain_number(tau.median)}"
        f"{in_brackets(ci(tau.low, tau.high, result.level, plain_number, word='CrI'))}."
    )
    chances = [
        f"below {write(each.value)} with probability {_chance(each.mu_below)} (new study: {_chance(each.new_below)})"
        for each in result.thresholds
    ]
    known = f"The typical proportion lies {'; '.join(chances)}." if chances else ""
    return paragraph(start, occurred, said, spread, known, reservations(result.cautions))


_COUNTS_R = r_code.without(
    "metafor and bayesmeta have no binomial model with priors. In R, the same posterior comes from a sampler such as",
    "Stan (brms): xi | trials(ni) ~ 1 + (1 | study), with the priors named with the results.",
)
