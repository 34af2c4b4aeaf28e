"""Mantel-Haenszel and Peto, and what R's meta makes of tables and means."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from agreement.counting import EXACT, Comparison, Json, LeftOut, real
from agreement.effects import computed
from agreement.reading import DataSet, expression, parse
from stromata.model import Synthesis
from stromata.synthesis import effect_sizes, pool

CELLS = re.compile(r"[abcd]i|[nxt][12]i")
HALF, ONLY = "c(1/2,1/2)", 'c("only0","only0")'
"""The one correction of Mantel-Haenszel that has a counterpart."""
TABLES = (("estimate", "beta"), ("se", "se"), ("statistic", "zval"), ("ci_low", "ci_lb"), ("ci_high", "ci_ub"))
TABLES += (("q", "QE"), ("i2", "I2"), ("h2", "H2"), ("log_likelihood", "ll_ML"))
TESTS = (("cmh", "MH"), ("cochran", "CO"), ("breslow-day", "BD"), ("tarone", "TA"))


def fitted(data: DataSet, text: str, model: str, c: Comparison) -> Synthesis:
    """Return what rma.mh() or rma.peto() gives; an arm without people is refused by name."""
    call = parse(text)
    measure = "PETO" if model == "peto" else call.text("measure", "OR")
    options = {key: value for key, value in call.named.items() if CELLS.fullmatch(key) or key in {"data", "subset"}}
    found = computed(data, type(call)("escalc", [], options), measure, all_rows=True)
    effects = found.effects
    c.cautions += ["missing values refused by name"] * found.named
    c.cautions += ["no-estimate"] * any(effect.yi is None or effect.vi is None for effect in effects)
    call.only(*options, "measure", "correct", "add", "to", "level")
    if call.named.get("add", HALF) != HALF or call.named.get("to", ONLY) != ONLY:
        raise LeftOut(f"argument add or to of {call.name}()")
    extra: dict[str, Any] = {"add": 0.5} if "add" in call.named else {}
    return pool(
        effects,
        measure=measure,  # type: ignore[arg-type]  # one of their names
        model=model,  # type: ignore[arg-type]
        correct=call.named.get("correct") != "FALSE",
        level=call.level,
        **extra,
    )


def compare_tables(data: DataSet, c: Comparison) -> None:
    """Hold rma.mh() and rma.peto()."""
    result = fitted(data, c.record["r"], c.record["kind"].removeprefix("rma."), c)
    if c.fails and result.estimate is None:
        c.alike = True
        return
    value = c.reference(result)
    c.label = f"{c.record['kind']} {result.measure}"
    if result.estimate is None:
        if real(value.get("beta")) is None:
            c.note("no estimate alike", 0.0, 0.0)
        elif real(value["se"]) == 0:
            c.differs("no-events-no-error")
        else:
            c.note("an estimate", 1.0, 0.0)
        return
    se = result.se or 1.0
    scales = {"beta": se, "ci_lb": se, "ci_ub": se, "zval": 1.0, "QE": 1e-6, "I2": 1.0, "ll_ML": 1.0}
    for ours, name in TABLES:
        c.have(name, getattr(result, ours), value.get(name), scale=scales.get(name, 0.0))
    tests = {test.name: test for test in result.tests}
    for ours, name in TESTS:
        reference = real(value.get(name))
        if reference is not None and ours in tests:
            c.hold(name, tests[ours].statistic, reference, scale=1e-2)
            if real(value.get(name + "p")) is not None:
                c.p(tests[ours].p, value[name + "p"])
        elif reference is not None and reference > 1e-20:
            c.note(f"{name} missing alike", 1.0, 0.0)
    for mine, name in ((result.p, "pval"), (result.q_p, "QEp")):
        if mine is not None and real(value.get(name)) is not None:
            c.p(mine, value[name])


def compare_predict(data: DataSet, c: Comparison) -> None:
    """Hold predict() of the same on the natural scale."""
    outer = parse(c.record["r"])
    outer.only("transf")
    if outer.named.get("transf", "") != "exp":
        raise LeftOut("another kind of prediction")
    result = fitted(data, outer.first, parse(outer.first).name.removeprefix("rma."), c)
    if c.fails and result.estimate is None:
        c.alike = True
        return
    value, n = c.reference(result), result.natural
    for ours, name in ((n.estimate, "pred"), (n.ci_low, "ci.lb"), (n.ci_high, "ci.ub")):
        c.have(name, ours, value.get(name))


META_Q = (("q", "Q"), ("i2", "I2"), ("i2_low", "lower_I2"), ("i2_high", "upper_I2"))
META_COMMON = (("estimate", "TE_common"), ("se", "seTE_common"), ("ci_low", "lower_common"))
META_RANDOM = (
    ("estimate", "TE_random"),
    ("se", "seTE_random"),
    ("ci_low", "lower_random"),
    ("ci_high", "upper_random"),
)
META_RANDOM += (("pi_low", "lower_predict"), ("pi_high", "upper_predict"), ("tau2", "tau2"))
OPTIONS = {"method.predict", "incr", "method.smd", "exact.smd", "subgroup", "adhoc.hakn.ci", "method.random.ci"}
LOOSE = 1e-4
"""What follows from an iterated tau2: R's meta stops its iterations early, and takes no other rule."""


def compare_meta(data: DataSet, c: Comparison) -> None:
    """Hold what R's meta reports under `compat="meta"`."""
    match = re.fullmatch(r"MX\((meta::meta(bin|cont)\(.*\))\)", c.record["r"])
    if not match:
        raise LeftOut("another call of R's meta")
    call = parse(match[1])
    measure, method = call.text("sm"), call.text("method", "MH" if match[2] == "bin" else "Inverse")
    ours_lacks = OPTIONS & call.named.keys() - {"adhoc.hakn.ci", "method.random.ci", "method.predict", "incr"}
    if call.named.get("exact.smd") == "FALSE":
        ours_lacks -= {"exact.smd"}
    if ours_lacks or method == "SSW" or measure == "SMD":
        raise LeftOut("an effect size or an option that only R's meta has")
    if call.text("method.random.ci") == "KR" or call.text("method.predict") not in {"", "HTS", "V", "HTS-KR"}:
        raise LeftOut("an interval that only R's meta has")
    frame = data.frame(call.named.get("data", "dat"))
    arrays = [np.array(expression(text, frame), dtype=float) for text in call.positional]
    names = ("ai", "n1i", "ci", "n2i") if match[2] == "bin" else ("n1i", "m1i", "sd1i", "n2i", "m2i", "sd2i")
    known = np.all([np.isfinite(each) for each in arrays], axis=0)
    columns: dict[str, Any] = {name: each[known] for name, each in zip(names, arrays, strict=True)}
    model = (
        "common"
        if match[2] == "cont"
        else "common"
        if measure == "ASD"
        else {"MH": "mh", "Inverse": "common", "Peto": "peto"}[method]
    )
    zero = match[2] == "bin" and any((columns[name] == 0).any() for name in ("ai", "ci"))
    if zero and ("incr" in call.named or measure == "RD" or (measure == "RR" and model == "common")):
        raise LeftOut("an effect size or an option that only R's meta has")
    own = {"ASD": "AS", "DOR": "OR"}.get(measure, "PETO" if model == "peto" else measure)
    options: dict[str, Any] = {"correct": "none"} if own == "ROM" else {}
    effects = effect_sizes(own, drop00=own in {"OR", "RR"}, **options, **columns)
    tau2: Any = call.text("method.tau", "REML").lower()
    knha = call.text("method.random.ci") == "HK"
    add = 0.0 if call.named.get("MH.exact") == "TRUE" and model == "mh" else None
    common = pool(effects, model=model, compat="meta", add=add)  # type: ignore[arg-type]  # one of three models
    test = "z" if not knha else "adhoc" if call.text("adhoc.hakn.ci") == "se" else "knha"
    random = pool(effects, tau2=tau2, compat="meta", test=test)  # type: ignore[arg-type]
    value = c.reference(common, random)
    note_meta(c, common, value, META_COMMON, EXACT)
    if not zero or (measure == "OR" and model != "peto"):
        note_meta(c, random, value, META_Q, EXACT)
        if test == "adhoc":
            raise_if_nothing(c, "an interval that only R's meta has")
            return
        note_meta(c, random, value, META_RANDOM, EXACT if tau2 == "dl" else LOOSE)


def raise_if_nothing(c: Comparison, why: str) -> None:
    if not c.held:
        raise LeftOut(why)


def note_meta(
    c: Comparison, result: Synthesis, value: Json, pairs: tuple[tuple[str, str], ...], tolerance: float
) -> None:
    se = result.se or 0.0
    for ours, name in pairs:
        reference = real(value.get(name))
        if reference is not None:
            reference *= 100 if name.endswith("I2") else 1
            near = 1e-6 if tolerance == EXACT else se * se if name == "tau2" else se
            c.have(name, getattr(result, ours), reference, scale=near, tolerance=tolerance)


COMPARE = {"rma.mh": compare_tables, "rma.peto": compare_tables, "meta": compare_meta, "predict": compare_predict}
