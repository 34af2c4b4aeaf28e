"""The calls that results give for R are run there, and find the same numbers.

Needs R with metafor, lme4 and BiasedUrn; `STROMATA_REQUIRE=metafor` makes their absence a failure. R is a black box.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from stromata import synthesis as st
from stromata.errors import InvalidInput
from stromata.synthesis.bias.selection import selmodel
from stromata.synthesis.multilevel.sampling_covariance import sampling_covariance
from stromata.synthesis.results.result import r_call
from stromata.synthesis.sensitivity import residuals

pytestmark = pytest.mark.slow

EXACT, ITERATED, SEARCHED, LME4 = 1e-9, 1e-6, 1e-4, 2e-3
"""Closed forms; searches that can be made tight; those of rma.mv and selmodel that cannot; lme4's own stopping rule."""


@dataclass(frozen=True)
class Case:
    """A result, what to take from R's, what it must be, and how nearly."""

    name: str
    result: object
    take: str
    ours: tuple[float | None, ...]
    near: float = ITERATED


RNG = np.random.default_rng(20)
K = 12
N1, N2 = RNG.integers(30, 90, K), RNG.integers(30, 90, K)
TABLE = {"ai": RNG.binomial(N1, 0.3), "n1i": N1, "ci": RNG.binomial(N2, 0.45), "n2i": N2}
TABLE["ai"][0] = 0
RATES = {"x1i": RNG.integers(0, 12, K), "t1i": RNG.uniform(20, 90, K), "x2i": RNG.integers(2, 15, K)}
RATES["t2i"] = RNG.uniform(20, 90, K)
ONE = {"xi": RNG.binomial(N1, RNG.uniform(0.1, 0.5, K)), "ni": N1}
MEANS = {"m1i": RNG.normal(5, 1, K), "sd1i": RNG.uniform(1, 3, K), "n1i": N1}
MEANS |= {"m2i": RNG.normal(4, 1, K), "sd2i": RNG.uniform(1, 3, K), "n2i": N2}
GROUPS = ["a", "b", "c"] * 4
X1 = RNG.normal(size=K)
RATE = {"xi": ONE["xi"], "ti": N2.astype(float)}
COLUMNS = (
    dict.fromkeys(("PR", "PLN", "PLO", "PAS", "PFT"), ONE)
    | dict.fromkeys(("IR", "IRLN", "IRS", "IRFT"), RATE)
    | dict.fromkeys(("OR", "RR", "RD", "AS", "PETO", "PHI", "YUQ", "YUY"), TABLE)
    | dict.fromkeys(("IRR", "IRD", "IRSD"), RATES)
    | dict.fromkeys(("MD", "SMD"), MEANS)
    | {name: {"ri": RNG.uniform(-0.3, 0.8, K), "ni": N1} for name in ("COR", "ZCOR")}
    | {"MN": {"mi": MEANS["m1i"], "sdi": MEANS["sd1i"], "ni": N1}}
)
POOLED = "c(fit$beta, fit$se, fit$tau2, fit$ci.lb, fit$ci.ub, fit$pval)"
COEFFICIENTS = "c(fit$beta, fit$se, fit$pval)"


def effects(measure, **more):
    return st.effect_sizes(measure, **COLUMNS[measure], **more)


def pooled(found):
    tau2 = () if found.tau2 is None else (found.tau2,)
    return (found.estimate, found.se, *tau2, found.ci_low, found.ci_high, found.p)


def synthesis_cases():
    rng = np.random.default_rng(15)
    md = effects("MD", groups=GROUPS)
    for method in ("reml", "ml", "dl", "he", "hs", "hsk", "sj", "eb", "pm", "pmm"):
        for test in ("z", "knha") if method != "reml" else ("z", "t", "knha", "adhoc"):
            found = st.pool(md, tau2=method, test=test, level=0.9)
            yield Case(f"pool {method} {test}", found, POOLED, pooled(found))
    for measure in COLUMNS:
        found = st.pool(effects(measure), tau2="dl")
        yield Case(f"pool {measure}", found, POOLED, pooled(found), EXACT)
    for measure in ("OR", "PLO", "PAS", "ZCOR", "IRS", "PLN"):
        found = st.pool(effects(measure))
        natural = found.natural
        take = "{p <- predict(fit, transf=TRANSFORM); c(p$pred, p$ci.lb, p$ci.ub, p$pi.lb, p$pi.ub)}"
        transform = r_call(found).partition("transf=")[2].partition(")")[0]
        values = (natural.estimate, natural.ci_low, natural.ci_high, natural.pi_low, natural.pi_high)
        yield Case(f"natural {measure}", found, take.replace("TRANSFORM", transform), values)
    common = st.pool(md, model="common")
    yield Case("common", common, "c(fit$beta, fit$se, fit$pval)", (common.estimate, common.se, common.p), EXACT)
    held = st.pool(md, tau2=0.3)
    yield Case("tau2 held", held, "c(fit$beta, fit$se)", (held.estimate, held.se), EXACT)
    weights = rng.uniform(1, 3, K)
    weighted = st.pool(md, tau2="genq", weights=weights)
    yield Case("genq with weights", weighted, POOLED, pooled(weighted))
    grouped = st.pool(md, by_group=True)
    parts = tuple(part.estimate for _, part in grouped.subgroups)
    yield Case("by group", grouped, "sapply(by_group, function(x) x$beta)", parts)
    alone = st.pool(md[:1])
    yield Case("one study", alone, "c(fit$beta, fit$se)", (alone.estimate, alone.se), EXACT)
    six = st.pool(st.effect_sizes("PLO", xi=[6], ni=[6]))
    yield Case("six of six", six, "c(fit$estimate, fit$conf.int)", (1.0, six.natural.ci_low, 1.0), EXACT)
    rate = st.pool(st.effect_sizes("IRLN", xi=[0], ti=[9.5]))
    yield Case("no event", rate, "fit$conf.int", (0.0, rate.natural.ci_high), EXACT)


def table_cases():
    for measure, columns in {"OR": TABLE, "RR": TABLE, "RD": TABLE, "IRR": RATES, "IRD": RATES}.items():
        for more in ({}, {"add": 0.5}) if measure == "OR" else ({},):
            found = st.pool(st.effect_sizes(measure, **columns), model="mh", **more)
            yield Case(f"mh {measure} {more}", found, COEFFICIENTS, (found.estimate, found.se, found.p), EXACT)
    found = st.pool(effects("OR"), model="mh", correct=False)
    yield Case("mh uncorrected", found, "fit$MH", (found.tests[0].statistic,), EXACT)
    found = st.pool(effects("OR"), model="peto")
    yield Case("peto", found, COEFFICIENTS, (found.estimate, found.se, found.p), EXACT)
    found = st.pool(effects("OR"), model="exact")
    natural = found.natural
    values = (natural.estimate, natural.ci_low, natural.ci_high, found.p)
    yield Case("exact", found, "c(fit$estimate, fit$conf.int, fit$p.value)", values, SEARCHED)
    single = st.pool(effects("OR")[1:2], model="exact")
    natural = single.natural
    take = "c(fit$estimate, fit$conf.int)"
    yield Case("exact, one", single, take, (natural.estimate, natural.ci_low, natural.ci_high), 1e-3)


def array_cases():
    y, v = st.effect_arrays("MD", **MEANS)
    for method in ("ee", "reml", "pm"):
        found = st.pool_estimates(y, v, method=method)
        yield Case(f"pool_estimates {method}", found, "c(fit$beta, fit$se)", (found.estimate, found.se))
    many = st.pool_many(y, v, GROUPS)
    take = "sapply(fit, function(x) c(x$beta, x$se))"
    yield Case("pool_many", many, take, tuple(np.array([many.estimate, many.se]).T.ravel()))
    many = st.pool_many(y, v, offsets=[0, 5, 12], method="dl")
    yield Case("pool_many by offsets", many, take, tuple(np.array([many.estimate, many.se]).T.ravel()))


def regression_cases():
    rng = np.random.default_rng(16)
    y, v = st.effect_arrays("MD", **MEANS)
    data = {"dose": X1, "route": GROUPS, "year": rng.integers(2000, 2020, K)}
    formulas = ("~ dose", "~ dose + factor(route)", "~ dose * route", "~ route - 1", "~ I(dose^2) + sqrt(year)")
    for formula in (*formulas, "~ ns(dose, df=2)", "~ rcs(dose, 3)", "~ poly(dose, 2)", "~ 1"):
        for method, test in (("reml", "z"), ("dl", "knha"), ("ee", "z")):
            found = st.regress(y, v, formula, data=data, method=method, test=test)
            rows = found.coefficients
            values = tuple(getattr(each, name) for name in ("estimate", "se", "p") for each in rows)
            yield Case(f"regress {formula} {method} {test}", found, COEFFICIENTS, values, 1e-5)
    x = np.column_stack([np.ones(K), X1])
    found = st.regress(y, v, x, method="genq", weights=rng.uniform(1, 2, K))
    values = tuple(each.estimate for each in found.coefficients)
    yield Case("regress matrix, genq", found, "fit$beta", values)
    found = st.contrast(st.regress(y, v, "~ dose", data=data, test="knha"), [{"intrcpt": 1, "dose": 2}])
    take = "{x <- anova(fit, X=matrix(c(1, 2), nrow=1)); c(x$Xb, x$se, x$pval)}"
    yield Case("contrast", found, take, tuple(getattr(found.rows[0], name) for name in ("estimate", "se", "p")), 1e-5)


def multilevel_cases():
    rng = np.random.default_rng(5)
    k = 24
    study, outcome = np.repeat(np.arange(8), 3), np.tile(["a", "b", "c"], 8)
    effect = np.tile([1, 2, 3], 8)
    v = rng.uniform(0.02, 0.1, k)
    y = rng.normal(0, 0.3, 8)[study] + rng.normal(0, 0.25, k) + rng.normal(0, np.sqrt(v))
    data = {"study": study.tolist(), "effect": effect.tolist(), "outcome": outcome.tolist(), "x": rng.normal(size=k)}
    dependent = sampling_covariance(v, cluster=study, obs=effect, rho=0.5)
    kinds = (
        ("nested", v, {"random": "~ 1 | study/effect"}),
        ("moderators", v, {"random": "~ 1 | study", "formula": "~ x + outcome", "test": "t"}),
        ("dependent", dependent, {"random": "~ 1 | study", "method": "ml"}),
        ("CS", v, {"random": "~ outcome | study", "struct": "CS", "formula": "~ outcome - 1"}),
        ("HCS", dependent, {"random": "~ outcome | study", "struct": "HCS"}),
        ("UN", v, {"random": "~ outcome | study", "struct": "UN", "formula": "~ outcome - 1"}),
        ("AR", v, {"random": "~ effect | study", "struct": "AR"}),
        ("held", v, {"random": "~ 1 | study", "sigma2": 0.05}),
        ("none", v, {}),
    )
    for name, covariance, options in kinds:
        fit = st.pool_mv(y, covariance, data=data, **options)
        take = "c(fit$beta, fit$se, logLik(fit, REML=fit$method == 'REML'))"
        like = fit.log_likelihood_reml if fit.method == "reml" else fit.log_likelihood
        yield Case(f"pool_mv {name}", fit, take, (*fit.beta, *fit.se, like), SEARCHED)
    fit = st.pool_mv(y, v, data=data, random="~ 1 | study/effect", formula="~ x")
    matrix = np.full((8, 8), 0.3) + 0.7 * np.eye(8)
    known = st.pool_mv(y, v, data=data, random="~ 1 | study", R={"study": (list(range(8)), matrix)})
    yield Case("pool_mv known", known, "c(fit$beta, fit$se)", (*known.beta, *known.se), SEARCHED)
    refits = st.leave_one_out_mv(fit, cluster=study.tolist())
    yield Case("leave out clusters", refits, "refits", tuple(refits.beta.ravel()), SEARCHED)
    combined = st.contrast_robust(fit, study.tolist(), [[1.0, 2.0]], kind="CR1")
    last = "{x <- anova(robust_fit, L=matrix(c(1, 2), nrow=1)); c(x$Xb, x$se, x$pval)}"
    values = (*combined.estimate, *combined.se, *combined.p_values)
    yield Case("robust combinations", combined, last, values, SEARCHED)
    combined = st.contrast_mv(fit, [[1.0, 2.0]])
    last = "{x <- anova(fit, X=matrix(c(1, 2), nrow=1)); c(x$Xb, x$se, x$pval)}"
    yield Case("combinations", combined, last, (*combined.estimate, *combined.se, *combined.p_values), SEARCHED)
    ahead = st.predict_mv(fit, data={"x": [0.3, -1.2]}, level=0.9)
    take = "{x <- predict(fit, newmods=rows, level=90); c(x$pred, x$se, x$ci.lb, x$pi.ub)}"
    yield Case("predictions", ahead, take, (*ahead.estimate, *ahead.se, *ahead.ci_low, *ahead.pi_high), SEARCHED)
    rests = st.residuals_mv(st.pool_mv(y, v, data=data, random="~ 1 | study/effect"))
    take = 'c(rstandard(fit)$resid, rstandard(fit)$z, hatvalues(fit), weights(fit, type="rowsum"))'
    values = (*rests.raw, *rests.standardised, *rests.hat, *rests.weight)
    yield Case("residuals of levels", rests, take, values, SEARCHED)
    poorer = st.compare_fits(fit, st.pool_mv(y, v, data=data, random="~ 1 | study", formula="~ x"))
    take = "{x <- anova(full, fit); c(x$LRT, x$parms.f - x$parms.r, x$pval)}"
    yield Case("comparison of levels", poorer, take, (poorer.statistic, poorer.df, poorer.p), SEARCHED)
    moved = st.influence_mv(fit, cluster=study.tolist())
    yield Case("influence of clusters", moved, "cook", tuple(moved.cook), SEARCHED)
    for kind in ("CR0", "CR1"):
        robust = st.cluster_robust(fit, study.tolist(), kind=kind)
        values = (*robust.se, *robust.p_values)
        yield Case(f"robust {kind}", robust, "c(robust_fit$se, robust_fit$pval)", values, SEARCHED)


def count_cases():
    take = "c(fit$beta, fit$se, fit$tau2)"
    for model, method in (("um.fs", "ml"), ("um.rs", "ml"), ("cm.al", "ml"), ("um.fs", "ee"), ("cm.el", "ee")):
        small = {name: values[:6] for name, values in TABLE.items()}
        found = st.pool_glmm("OR", model=model, method=method, **small)
        yield Case(f"glmm OR {model} {method}", found, take, (found.estimate, found.se, found.tau2 or 0.0), LME4)
    for measure, columns in {"PLO": ONE, "IRLN": COLUMNS["IRLN"], "IRR": RATES}.items():
        found = st.pool_glmm(measure, **columns)
        yield Case(f"glmm {measure}", found, take, (found.estimate, found.se, found.tau2), LME4)
    found = st.pool(effects("PLO"), model="glmm", test="t")
    yield Case("pool glmm", found, take, (found.estimate, found.se, found.tau2), LME4)
    moderated = st.pool_glmm("PLO", moderators="~ dose", data={"dose": X1}, **ONE)
    values = tuple(moderated.regression.beta)
    yield Case("glmm with moderators", moderated, "fit$beta", values, LME4)
    crude = st.pool_glmm("PLO", xi=[0, 0], ni=[6, 9])
    yield Case("glmm without events", crude, "fit$conf.int", (0.0, crude.natural.ci_high), EXACT)


def bias_cases():
    y, v = st.effect_arrays("MD", **MEANS)
    for predictor in ("sei", "vi", "ni", "ninv", "sqrtni", "sqrtninv"):
        found = st.regtest(y, v, ni=N1, predictor=predictor)
        yield Case(f"regtest {predictor}", found, "c(test$zval, test$pval)", (found.statistic, found.p), 1e-5)
    found = st.regtest(y, v, model="lm")
    yield Case("regtest lm", found, "c(test$zval, test$est)", (found.statistic, found.limit), EXACT)
    x = np.column_stack([np.ones(K), X1])
    found = st.regtest(y, v, moderators=x)
    yield Case("regtest with moderators", found, "test$zval", (found.statistic,), 1e-5)
    for kind in ("harbord", "peters", "deeks", "macaskill", "macaskill-pooled"):
        found = st.regtest_tables(**TABLE, type=kind)
        take = "summary(fit)$coefficients[2, c(1, 2, 4)]"
        yield Case(f"regtest_tables {kind}", found, take, (found.slope, found.se, found.p))
    found = st.regtest_tables(**TABLE, type="arcsine")
    yield Case("regtest_tables arcsine", found, "c(test$zval, test$pval)", (found.statistic, found.p))
    ranks = st.ranktest(y, v)
    yield Case("ranktest", ranks, "c(test$tau, test$pval)", (ranks.tau, ranks.p), EXACT)
    for estimator in ("L0", "R0", "Q0"):
        filled = st.trimfill(y, v, estimator=estimator)
        values = (filled.k0, filled.pooled.estimate, filled.pooled.se)
        yield Case(f"trimfill {estimator}", filled, "c(filled$k0, filled$beta, filled$se)", values)
    rule = st.pet_peese(y, v)
    yield Case("pet-peese", rule, "c(coef(pet)[1], coef(peese)[1])", (rule.pet.limit, rule.peese.limit), EXACT)
    wide = st.henmi_copas(y, v)
    yield Case("henmi-copas", wide, "c(test$beta, test$ci.lb, test$ci.ub)", (wide.estimate, wide.ci_low, wide.ci_high))
    for kind in ("stepfun", "beta", "halfnorm", "negexp", "logistic", "power"):
        options = {"steps": (0.05, 0.5)} if kind == "stepfun" else {}
        try:
            found = selmodel(y, v, type=kind, **options)
        except InvalidInput:
            continue
        yield Case(f"selmodel {kind}", found, "logLik(sel)", (found.log_likelihood,), SEARCHED)
    steps = st.three_parameter(y, v)
    yield Case("three parameters", steps, "c(logLik(sel), sel$beta)", (steps.log_likelihood, steps.estimate), 1e-3)
    for kind, more in (("rosenthal", {}), ("orwin", {"target": 0.2}), ("rosenberg", {})):
        number = st.fsn(y, v, type=kind, **more)
        yield Case(f"fsn {kind}", number, "test$fsnum", (number.number,), EXACT)
    excess = st.tes(y, v)
    values = (excess.observed, excess.expected, excess.p)
    yield Case("tes", excess, "c(test$O, test$E, test$pval)", values)
    excess = st.tes(y, v, test="chi2")
    yield Case("tes chi2", excess, "test$pval", (excess.p,))


def sensitivity_cases():
    rng = np.random.default_rng(17)
    y, v = st.effect_arrays("MD", **MEANS)
    years = rng.permutation(np.arange(2000, 2000 + K)).tolist()
    for method in ("ee", "reml"):
        out = st.leave_one_out(y, v, method=method)
        yield Case(f"leave1out {method}", out, "c(refits$estimate, refits$se)", (*out.estimate, *out.se))
        grown = st.cumulative(y, v, order=years, method=method)
        yield Case(f"cumul {method}", grown, "c(refits$estimate, refits$se)", (*grown.estimate, *grown.se))
    tables = st.leave_one_out(effects("OR"), model="mh")
    yield Case("leave1out mh", tables, "refits$estimate", tuple(tables.estimate), EXACT)
    moved = st.influence(y, v)
    take = "with(inf$inf, c(rstudent, dffits, cook.d, cov.r, hat))"
    values = (*moved.rstudent, *moved.dffits, *moved.cook, *moved.cov_ratio, *moved.hat)
    yield Case("influence", moved, take, values, 1e-5)
    subsets = st.gosh(y[:6], v[:6], method="dl")
    values = (len(subsets.estimate), subsets.estimate.mean())
    yield Case("gosh", subsets, "c(nrow(subsets$res), mean(subsets$res$estimate))", values)
    shrunken = st.blups(y, v)
    yield Case("blups", shrunken, "c(predicted$pred, predicted$se)", (*shrunken.value, *shrunken.se))
    apart = st.blups(y, v, deviations=True)
    yield Case("deviations", apart, "predicted$pred", tuple(apart.value))
    for deleted in (False, True):
        rest = residuals(y, v, deleted=deleted)
        yield Case(f"residuals {deleted}", rest, "res$z", tuple(rest.z))
    monitored = st.trial_sequential(y, v, delta=0.4, order=years)
    yield Case("sequential", monitored, "cumul(fit, order=dat$order)$zval", tuple(monitored.z), 1e-5)


def other_cases():
    rng = np.random.default_rng(11)
    study, treatment = [f"s{i}" for i in range(8) for _ in range(2)], ["a", "b", "a", "c", "b", "c", "a", "d"] * 2
    study += ["multi"] * 3
    treatment += ["a", "b", "d"]
    n = rng.integers(40, 90, len(study))
    events = rng.binomial(n, 0.4)
    for method in ("reml", "dl", "ml"):
        net = st.network(study, treatment=treatment, events=events, n=n, measure="OR", tau2=method)
        own = net.random.estimates[1:, 0]
        values = (*own, *net.random.se[1:, 0], *net.common.estimates[1:, 0])
        yield Case(f"network {method}", net, "c(fit$beta, fit$se, common$beta)", tuple(values), SEARCHED)
    sick, well = rng.integers(20, 60, 9), rng.integers(30, 90, 9)
    tp, tn = rng.binomial(sick, rng.uniform(0.6, 0.95, 9)), rng.binomial(well, rng.uniform(0.6, 0.95, 9))
    for method in ("reml", "ml", "fixed"):
        found = st.accuracy(tp, sick - tp, well - tn, tn, method=method)
        values = (*found.logits, *np.sqrt(found.covariance.diagonal()))
        yield Case(f"accuracy {method}", found, "c(fit$beta, fit$se)", values, SEARCHED)


FAMILIES = (
    *(synthesis_cases, table_cases, array_cases, regression_cases, multilevel_cases),
    *(count_cases, bias_cases, sensitivity_cases, other_cases),
)


def absent(reason):
    """Skip, unless metafor is required: a skip must not look like a pass."""
    if "metafor" in os.environ.get("STROMATA_REQUIRE", "").split(","):
        pytest.fail(f"metafor is required, but {reason}")
    pytest.skip(reason)


@cache
def r_program():
    program = shutil.which("Rscript")
    if program is None:
        return None, "there is no Rscript"
    needed = 'stopifnot(requireNamespace("metafor"), requireNamespace("lme4"), requireNamespace("BiasedUrn"))'
    done = subprocess.run([program, "-e", needed], capture_output=True, text=True, check=False)
    return (program, "") if done.returncode == 0 else (None, "R lacks metafor, lme4 or BiasedUrn")


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_r_finds_the_same_numbers(family, tmp_path):
    program, reason = r_program()
    if program is None:
        absent(reason)
    cases = list(family())
    script = "suppressMessages(library(metafor))\n"
    for i, case in enumerate(cases):
        lines = r_call(case.result)
        assert any(not line.startswith("#") for line in lines.splitlines()), case.name
        script += (
            f"suppressWarnings(invisible(try(local({{\n{lines}\n"
            f'cat("\\nCASE {i}", sprintf("%.15g", as.numeric({case.take})), "\\n")\n}}))))\n'
        )
    path = tmp_path / "calls.R"
    path.write_text(script, encoding="utf-8")
    done = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
    found = {}
    for line in done.stdout.splitlines():
        if line.startswith("CASE "):
            _, number, *values = line.split()
            found[int(number)] = [float(value) if value not in {"NA", "NaN"} else np.nan for value in values]
    wrong = []
    for i, case in enumerate(cases):
        ours = [np.nan if each is None else float(each) for each in case.ours]
        theirs = found.get(i)
        if theirs is None or len(theirs) != len(ours):
            wrong.append(f"{case.name}: {theirs} for {ours}")
            continue
        difference = np.abs(np.array(ours) - theirs) / np.maximum(1.0, np.abs(ours))
        if not np.nanmax(difference, initial=0.0) <= case.near or (np.isnan(ours) != np.isnan(theirs)).any():
            wrong.append(f"{case.name}: {theirs} for {ours}")
    assert wrong == [], done.stderr[-2000:]
