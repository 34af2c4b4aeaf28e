"""Common-effect and random-effects models without moderators: rma.uni(), its predictions, intervals and profiles."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import stats

from agreement.counting import ESTIMATE, EXACT, TAU2, Comparison, LeftOut, difference, floats, real
from agreement.effects import computed
from agreement.reading import Array, Call, DataSet, expression, parse
from stromata.model import EffectSize, Interval, Synthesis
from stromata.reporting.figures import influences
from stromata.synthesis import MEASURES, effect_sizes, leave_one_out, pool
from stromata.synthesis.effects import scales
from stromata.synthesis.pooling import heterogeneity

ITERATIVE = {"REML", "ML", "EB", "PM", "PMM", "GENQM", "SJIT"}
BOUND = 1e-7
"""Relative tolerance of bounds of tau2, I2 and H2."""
COMMON = {"EE", "FE", "CE"}
METHODS = {"DL": "dl", "HE": "he", "HS": "hs", "SJ": "sj", "ML": "ml", "REML": "reml", "EB": "eb", "PM": "pm"}
METHODS |= {"PMM": "pmm", "HSk": "hsk", "GENQ": "genq", "GENQM": "genqm", "SJIT": "pm"}
"""SJIT iterates Sidik and Jonkman's step until it stands still: where Paule and Mandel's equation holds."""
TRANSFORMS = {
    "exp": {"RR", "OR", "IRR", "ROM", "PLN", "IRLN", "PETO", "MPRR", "MPOR", "MPORC", "MPPETO", "REH", "VR", "CVR"},
    "transf.ilogit": {"PLO"},
    "transf.iarcsin": {"PAS"},
    "transf.ipft.hm": {"PFT"},
    "transf.ztor": {"ZCOR", "ZPCOR"},
    "transf.iahw": {"AHW"},
    "transf.iabt": {"ABT"},
    "transf.isqrt": {"IRS"},
}
TRANSFORMS["exp"] |= {"MNLN", "SDLN", "CVLN", "ROMC", "VRC", "CVRC"}
OWN = ("yi", "vi", "data", "subset", "method", "test", "level", "weights", "weighted", "tau2")
PROPORTIONS = {"PR", "PLN", "PLO", "PAS", "PFT"}


def effects_of(data: DataSet, call: Call) -> tuple[EffectSize, ...]:
    """Return the effects that an rma() call pools: from its counts, or from the reference's own yi and vi."""
    if "measure" in call.named:
        return computed(data, call).effects
    if len(call.positional) > 2:
        raise LeftOut("another kind of call")
    studies = data.studies(call)
    nothing = Interval(None, None, None)
    return tuple(
        EffectSize(str(i + 1), "MD", *(None if math.isnan(x) else float(x) for x in pair), nothing)
        for i, pair in enumerate(zip(studies.y, studies.v, strict=True))
    )


def usable(effects: tuple[EffectSize, ...]) -> list[EffectSize]:
    return [e for e in effects if e.yi is not None and e.vi is not None and e.vi > 0]


def given_weights(data: DataSet, call: Call, effects: tuple[EffectSize, ...]) -> list[float] | None:
    """Return the weights of an rma() call."""
    if call.named.get("weighted") == "FALSE":
        return [1.0] * len(effects)
    if "weights" not in call.named:
        return None
    studies = data.studies(call)
    frame = {"yi": studies.y.tolist(), "vi": studies.v.tolist()}
    found = expression(call.named["weights"], {**studies.frame, **frame})
    return [1.0 if math.isnan(x) or math.isinf(x) else float(x) for x in found]


def fitted(data: DataSet, call: Call, **options: Any) -> tuple[Synthesis, str, tuple[EffectSize, ...]]:  # noqa: ANN401
    """Return what an rma() call gives, its method, and the effects."""
    if call.name not in {"rma", "rma.uni"}:
        raise LeftOut(f"{call.name}()")
    roles = {name for entry in MEASURES.values() for wanted in entry.columns for name in wanted}
    call.only(
        *OWN, *(roles | {"measure", "add", "to", "drop00", "vtype", "correct"} if "measure" in call.named else ())
    )
    method, test = call.method, call.text("test", "z")
    if method not in METHODS and method not in COMMON:
        raise LeftOut(f"method {method} is not offered")
    if test not in {"z", "t", "knha", "adhoc"}:
        raise LeftOut(f"test {test} is not offered")
    effects = effects_of(data, call)
    tau2: Any = METHODS.get(method, "reml")
    if "tau2" in call.named:
        tau2, method = call.number("tau2", 0), "fixed"
    options |= {
        "model": "common" if method in COMMON else "random",
        "test": test,
        "weights": given_weights(data, call, effects),
        "level": call.level,
        "tau2": tau2,
    }
    if not effects or effects[0].measure == "MD":
        options["measure"] = "MD"
    return pool(effects, **options), method, effects


UNI = (
    ("estimate", "beta"),
    ("se", "se"),
    ("statistic", "zval"),
    ("ci_low", "ci_lb"),
    ("ci_high", "ci_ub"),
    ("q", "QE"),
    ("i2", "I2"),
    ("h2", "H2"),
    ("tau2_se", "se_tau2"),
)


def compare_uni(data: DataSet, c: Comparison) -> None:
    """Hold an rma() model."""
    call = parse(c.record["r"])
    result, method, effects = fitted(data, call)
    value = c.reference(result)
    c.label = f"rma.uni {method}"
    if held_back(c, effects):
        return
    c.hold("k", result.k, value.get("k"), tolerance=0.0)
    if c.beyond():
        return
    loose = method in ITERATIVE
    se = real(value["se"]) or 0.0
    y, v = (np.array([getattr(e, name) for e in usable(effects)]) for name in ("yi", "vi"))
    since = c.mark()
    if result.k == 1 and effects[0].measure in PROPORTIONS:
        c.have("beta", result.estimate, value["beta"], scale=se)
        c.differs("one-proportion", f"{result.natural.ci_low} to {result.natural.ci_high}")
        return
    if result.tau2 is not None:
        c.note("tau2", tau2_difference(result.tau2, value["tau2"], v), TAU2 if loose else EXACT)
    for ours, name in UNI:
        if (name == "zval" and se == 0) or (name == "se_tau2" and method == "SJIT"):
            continue  # of SJIT the reference gives that of one step
        scale = {"beta": se, "ci_lb": se, "ci_ub": se, "zval": 1.0, "I2": 1.0, "H2": 1.0, "QE": 1e-9}.get(name, 1e-12)
        follows = TAU2 if name in {"I2", "H2", "se_tau2"} else ESTIMATE
        c.have(name, getattr(result, ours), value.get(name), scale=scale, tolerance=follows if loose else EXACT)
    prediction = value.get("pi")
    if isinstance(prediction, dict):
        for mine, name in ((result.pi_low, "lb"), (result.pi_high, "ub")):
            c.have("pi", mine, prediction[name], scale=se, tolerance=ESTIMATE if loose else EXACT)
    for mine, name in ((result.p, "pval"), (result.q_p, "QEp")):
        if mine is not None and real(value.get(name)) is not None:
            c.p(mine, value[name])
    likelihood = value.get("ll_REML" if method == "REML" else "ll_ML")
    c.have("log-likelihood", result.log_likelihood, likelihood, scale=1.0, tolerance=ESTIMATE if loose else EXACT)
    if loose and c.beyond(since):
        code, detail = better(y, v, result.tau2 or 0.0, real(value["tau2"]) or 0.0, method, tight=call.tight)
        if code:
            c.explain(since, code, detail)


def tau2_difference(ours: float | None, reference: object, v: Array) -> float:
    """Return the relative difference, taking what is below 1e-9 median variances apart as equal."""
    mine, theirs = ours or 0.0, real(reference) or 0.0
    floor = 1e-7 * float(np.median(v)) if len(v) else 0.0
    if abs(mine - theirs) <= 1e-2 * floor or (mine < floor and theirs < floor):
        return 0.0
    return difference(mine, theirs)


def leftover(y: Array, v: Array, tau2: float, method: str) -> float:
    """Return how far `tau2` is from solving the estimator's own equation."""
    w = 1 / (v + tau2)
    mean, q = heterogeneity.fitted(y, w)
    if method in {"PM", "EB", "SJIT"}:
        return abs(q - (len(y) - 1))
    if method == "PMM":
        return abs(q - float(stats.chi2.median(len(y) - 1)))
    if method == "GENQM":
        return abs(imhof(heterogeneity.fitted(y, 1 / v)[1], 1 / v, v + tau2) - 0.5)
    trace = heterogeneity.trace_p(w) if method == "REML" else float(w.sum())
    return abs(float((w**2 * (y - mean) ** 2).sum()) / trace - 1)


def better(y: Array, v: Array, ours: float, theirs: float, method: str, *, tight: bool) -> tuple[str, str]:
    """Return the code and the detail of why our tau2 may stand although it differs; empty when nothing confirms it."""
    if method in {"REML", "ML"}:
        mine, other = (heterogeneity.log_likelihood(y, v, t, restricted=method == "REML") for t in (ours, theirs))
        if mine > other + 1e-9:
            return "likelihood-higher" if tight else "stopped-early", f"by {mine - other:.3g}"
    mine, other = leftover(y, v, ours, method), leftover(y, v, theirs, method)
    gap = difference(ours, theirs)
    if ours == 0 and method in {"PM", "EB", "SJIT"}:
        # at 0 there is no equation to solve: Q lies below its expectation all along
        q = heterogeneity.fitted(y, 1 / (v + theirs))[1]
        if q < len(y) - 1:
            return "stopped-early", f"tau2 is 0; the reference stopped on its way there, at {theirs:.1e}"
    if mine < other / 10 and (gap < 1e-5 or not tight):
        return "stopped-early", f"ours leaves {mine:.0e} of its equation, the reference {other:.0e}"
    return "", ""


# Predictions.


def compare_predict(data: DataSet, c: Comparison) -> None:
    """Hold predict() of an rma() model."""
    outer = parse(c.record["r"])
    call, transform = parse(outer.first), outer.named.get("transf", "")
    if outer.named == {"pi.type": '"Riley"'}:
        compare_riley(data, c, call)
        return
    outer.only("transf", "targs")
    if transform and transform not in TRANSFORMS:
        raise LeftOut("another kind of prediction")
    result, method, effects = fitted(data, call)
    value = c.reference(result)
    if result.k == 1 and effects[0].measure in PROPORTIONS:
        c.differs("one-proportion", f"{result.natural.ci_low} to {result.natural.ci_high}")
        return
    if held_back(c, effects):
        return
    loose = method in ITERATIVE
    same = transform and result.measure in TRANSFORMS[transform]
    shown = result.natural if same else result
    y, v = (np.array([getattr(e, name) for e in usable(effects)]) for name in ("yi", "vi"))
    since = c.mark()
    pairs = (("estimate", "pred"), ("ci_low", "ci.lb"), ("ci_high", "ci.ub"), ("pi_low", "pi.lb"), ("pi_high", "pi.ub"))
    for ours, name in pairs:
        mine, theirs = getattr(shown, ours), real(value.get(name))
        if mine is not None and transform and not same:
            mine = BACK[transform](mine) if transform in BACK else with_sizes(data, call, outer, mine)
        if same and mine in {0.0, 1.0} and theirs is not None and not 0 <= theirs <= 1:
            c.differs("within-range", f"{theirs:.4g} for {mine:.0f}")
            continue
        c.have(f"{transform or 'predict'} {name}", mine, theirs, scale=1e-3, tolerance=ESTIMATE if loose else EXACT)
    if loose and c.beyond(since):
        code, detail = better(y, v, result.tau2 or 0.0, real(value.get("tau2")) or 0.0, method, tight=call.tight)
        if code and "tau2" in value:
            c.explain(since, code, detail)


def with_sizes(data: DataSet, call: Call, outer: Call, y: float) -> float:
    """Undo the double arcsine at the harmonic mean of the sizes."""
    studies = data.studies(call)
    if "attr(" not in outer.named.get("targs", "") or studies.n is None:
        raise LeftOut("a transform whose sizes are worked out in R")
    sizes = studies.n[~np.isnan(studies.n)]
    return float(scales.undo_double_arcsine(np.array([y]), np.array([len(sizes) / (1 / sizes).sum()]))[0])


def held_back(c: Comparison, effects: tuple[EffectSize, ...]) -> bool:
    """Count a set in which stromata leaves out studies whose variance is not positive, and the reference does not."""
    off = [e for e in effects if e.yi is not None and e.vi is not None and e.vi <= 0]
    if off:
        c.differs("refused-variances", f"{len(off)} of {len(effects)} studies")
    return bool(off)


BACK = {
    "exp": math.exp,
    "transf.ilogit": lambda x: 1 / (1 + math.exp(-x)),
    "transf.iarcsin": lambda x: math.sin(min(max(x, 0.0), math.pi / 2)) ** 2,
    "transf.ztor": math.tanh,
    "transf.iahw": lambda x: 1 - (1 - x) ** 3,
    "transf.iabt": lambda x: 1 - math.exp(-x),
    "transf.isqrt": lambda x: max(x, 0.0) ** 2,
}
"""The plain transforms, for records that hold only yi and vi, where stromata is not told the measure."""


def compare_riley(data: DataSet, c: Comparison, call: Call) -> None:
    """Hold the prediction interval on k - 2 degrees of freedom; these records hold the newer metafor's."""
    data.newer = True
    result, _, effects = fitted(data, call, prediction="hts")
    value = c.reference(result)
    if held_back(c, effects):
        return
    theirs = [real(value.get(name)) for name in ("pi.lb", "pi.ub")]
    if result.pi_low is None and None in theirs:
        c.note("no interval alike", 0.0, 0.0)
        return
    if result.pi_low is None:
        c.differs("no-prediction", f"k = {result.k}")
        return
    for mine, reference in zip((result.pi_low, result.pi_high), theirs, strict=True):
        c.have("Riley", mine, reference, scale=result.se or 0.0, tolerance=10 * ESTIMATE)


# Confidence intervals of tau2, I2 and H2.


def compare_confint(data: DataSet, c: Comparison) -> None:
    """Hold confint() of an rma() model."""
    outer = parse(c.record["r"])
    call = parse(outer.first)
    outer.only("type", "fixed")
    kind = "pl" if outer.text("type") == "PL" else "genq" if call.method.startswith("GENQ") else "qp"
    result, method, effects = fitted(data, call, tau2_interval=kind)
    if c.fails and result.tau2_low is None:
        c.alike = True
        return
    value = c.reference(result)
    c.label = f"confint {kind}"
    y, v = (np.array([getattr(e, name) for e in usable(effects)]) for name in ("yi", "vi"))
    if held_back(c, effects):
        return
    if result.tau2_low is None or result.tau2_high is None:
        c.note("an interval of tau2", math.inf, 0.0)
        return
    floor = 1e-9 * float(np.median(v))
    table = value["random"]
    rows = dict(zip(table["rows"], table["values"], strict=True)) if table.get("rows") else {}
    rows = rows or dict(zip(("tau^2", "tau", "I^2(%)", "H^2"), table["values"], strict=False))
    since = c.mark()
    capped = value.get("ub_sign") == ">"
    for name, low, high, scale in (
        ("tau^2", result.tau2_low, result.tau2_high, floor),
        ("I^2(%)", result.i2_low, result.i2_high, 1e-2),
        ("H^2", result.h2_low, result.h2_high, 1e-2),
    ):
        for place, ours in ((1, low), (2, high)):
            reference = real(rows[name][place])
            if reference is None or ours is None:
                continue
            if capped and place == 2:
                c.note("beyond the search limit", float(ours < reference), 0.0)
                continue
            small = name == "tau^2" and abs(ours - reference) <= scale
            c.note(name, 0.0 if small else difference(ours, reference, scale), BOUND)
    fixed = value.get("fixed")
    if fixed:
        bounds = fixed["values"][0][1:] if isinstance(fixed, dict) else []
        c.hold("estimate", [result.ci_low, result.ci_high], bounds, scale=result.se or 0.0, tolerance=10 * ESTIMATE)
    if c.beyond(since):
        told = better_bound(y, v, result, rows["tau^2"][1:], kind=kind, restricted=method == "REML")
        if told:
            c.explain(since, "bound-truer", told)


def better_bound(y: Array, v: Array, result: Synthesis, reference: list[object], *, kind: str, restricted: bool) -> str:
    """Return by how much our bounds of tau2 leave their equations less than the reference's; empty when they do not."""
    tail = (1 - result.level) / 2

    def left(tau2: float, *, lower: bool) -> float:
        if kind == "pl":
            best = result.tau2 or 0.0
            top, here = (heterogeneity.log_likelihood(y, v, t, restricted=restricted) for t in (best, tau2))
            return abs(top - here - 0.5 * float(stats.chi2.ppf(result.level, 1)))
        if kind == "qp":
            q = heterogeneity.fitted(y, 1 / (v + tau2))[1]
            return abs(float(stats.chi2.sf(q, len(y) - 1)) - (tail if lower else 1 - tail))
        _, q = heterogeneity.fitted(y, 1 / v)
        return abs(imhof(q, 1 / v, v + tau2) - (1 - tail if lower else tail))

    told = []
    for lower, ours, theirs in (
        (True, result.tau2_low, real(reference[0])),
        (False, result.tau2_high, real(reference[1])),
    ):
        if ours is None or theirs is None or abs(ours - theirs) <= 1e-9 * float(np.median(v)):
            continue
        if difference(ours, theirs) > BOUND:
            mine, other = (left(tau2, lower=lower) for tau2 in (ours, theirs))
            if not mine < other / 10:
                return ""
            side = "lower" if lower else "upper"
            told.append(f"ours leaves {mine:.0e} of the {side} bound's equation, it {other:.0e}")
    return "; ".join(told)


def imhof(q: float, a: Array, s: Array) -> float:
    """Return the probability that the generalised Q is at most `q`, by eigenvalues: independent of stromata's way.

    References
    ----------
    Ruben (1962), Annals of Mathematical Statistics 33, 542-570: a mixture of chi-squared distributions.
    """
    form = np.sqrt(s)[:, None] * (np.diag(a) - np.outer(a, a) / a.sum()) * np.sqrt(s)
    values = np.linalg.eigvalsh(form)[1:]
    beta = 2 / (1 / values.min() + 1 / values.max())
    ratio = 1 - beta / values
    terms = min(4000, int(60 / max(1e-3, -math.log(max(float(np.abs(ratio).max()), 1e-12)))) + 50)
    powers = np.cumprod(np.repeat(ratio[None], terms, axis=0), axis=0).sum(axis=1) / 2
    c = np.zeros(terms + 1)
    c[0] = math.exp(0.5 * float(np.log(beta / values).sum()))
    for j in range(1, terms + 1):
        c[j] = float(powers[:j][::-1] @ c[:j]) / j
    return float(c @ stats.chi2.cdf(q / beta, len(values) + 2 * np.arange(terms + 1)))


# Profiles and plots.


def compare_profile(data: DataSet, c: Comparison) -> None:
    """Hold the log-likelihood at the reference's places."""
    call = parse(parse(c.record["r"]).first)
    if call.name != "rma" or "mods" in call.named or call.method not in {"REML", "ML"}:
        raise LeftOut("another kind of profile")
    studies = data.studies(call)
    y, v = studies.y[studies.known], studies.v[studies.known]
    result, _, _ = fitted(data, call)
    value = c.reference(result)
    if (v <= 0).any():
        c.differs("refused-variances", f"{int((v <= 0).sum())} studies")
        return
    ours = [heterogeneity.log_likelihood(y, v, at, restricted=call.method == "REML") for at in floats(value["tau2"])]
    c.hold("log-likelihood", ours, value["ll"], scale=1.0)


def compare_plot(data: DataSet, c: Comparison) -> None:
    """Hold the coordinates of Baujat's, the funnel, the radial and L'Abbé's plot."""
    outer = parse(c.record["r"])
    call = parse(outer.first)
    if outer.name == "labbe":
        compare_labbe(data, c, call)
        return
    result, _, effects = fitted(data, call)
    used = usable(effects)
    y, v = (np.array([getattr(e, name) for e in used]) for name in ("yi", "vi"))
    if outer.name == "baujat":
        refits = leave_one_out(used, method=METHODS.get(call.method, "ee"))  # type: ignore[arg-type]
        points = influences._baujat_points(result, refits)  # noqa: SLF001 - what the figure draws
        x, second = [point[1] for point in points], [point[2] for point in points]
    elif outer.name == "funnel":
        x, second = y.tolist(), np.sqrt(v).tolist()
    elif outer.name == "radial":
        se = np.sqrt(v + (result.tau2 or 0.0))
        x, second = (1 / se).tolist(), (y / se).tolist()
    else:
        raise LeftOut(f"{outer.name}()")
    value = c.reference(result)
    if held_back(c, effects):
        return
    # beyond a variance ratio of 1e8 the reference itself keeps fewer digits
    c.tolerance = EXACT if v.max() < 1e8 * v.min() else 1e-8
    for name, mine in (("x", x), ("y", second)):
        c.hold(f"{outer.name} {name}", mine, [each for each in floats(value[name]) if not math.isnan(each)], scale=1e-6)


def compare_labbe(data: DataSet, c: Comparison, call: Call) -> None:
    """Hold both arms' log risks: what R draws; stromata draws risks."""
    table = computed(data, Call(call.name, [], {**call.named, "drop00": "TRUE"}))
    value = c.reference()
    if table.refused:
        c.differs("refused-rows", f"{len(table.refused)} rows")
        return
    drawn = [e for e in table.effects if len(table.effects) == len(floats(value["x"])) or e.yi is not None]
    c.cautions += ["no-estimate"] * (len(drawn) < len(table.effects))
    for name, arm, size in (("x", "ci", "n2i"), ("y", "ai", "n1i")):
        counts = [dict(effect.inputs) for effect in drawn]
        other = {"ci": "di", "ai": "bi"}[arm]
        people = [each.get(size, each[arm] + each.get(other, 0.0)) for each in counts]
        risks = effect_sizes("PLN", xi=[each[arm] for each in counts], ni=people)
        c.hold(f"labbe {name}", [math.nan if e.yi is None else e.yi for e in risks], value[name], scale=1e-6)


COMPARE = {
    "rma.uni": compare_uni,
    "predict": compare_predict,
    "confint": compare_confint,
    "profile": compare_profile,
    "plotdata": compare_plot,
}
