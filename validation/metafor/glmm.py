"""Hold the models for sparse data against recorded results of rma.glmm, bayesmeta and exact intervals.

    python validation/metafor/glmm.py DIR [--all]

DIR as in compare.py (see README.md here). Exit status 3 when a number lies beyond its tolerance without a reason that
this script can itself confirm: our log-likelihood, by the same rule, is higher than that at the reference's estimates.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
from compare import Folder, Json, Skip, Tally, difference, folders, real, split_call, target, text_of

from stromata.errors import InvalidInput
from stromata.synthesis import count_models, exact_interval, wilson_interval
from stromata.synthesis import glmm as glmm_module
from stromata.synthesis.columns import bad_cells
from stromata.synthesis.glmm import pool_glmm
from stromata.synthesis.intervals import exact_rate_interval
from stromata.synthesis.measures import get_measure

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
    kind = f"{measure} {'' if measure in {'PLO', 'IRLN'} else model} {method}" + (" nAGQ=1" if options["points"] == 1 else "")
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
    compare_numbers(kind, record, ours, tally, measure, model, columns, options)


def compare_numbers(
    kind: str, record: Json, ours: Any, tally: Tally, measure: str, model: str, columns: Json, options: Json
) -> None:
    """Note every number; one that is off although our likelihood is higher is explained."""
    value = target(record)
    beta, se, tau2 = real(value["beta"]) or 0.0, real(value["se"]) or 0.0, real(value["tau2"]) or 0.0
    off: list[tuple[str, float, float]] = []

    def note(name: str, found: float, tolerance: float) -> None:
        if found <= tolerance:
            tally.note(kind, name, record["id"], found, tolerance)
        else:
            off.append((name, found, tolerance))

    note("beta", difference(ours.estimate, beta, se), BETA)
    note("se", difference(ours.se, se), BETA)
    if ours.tau2 is not None:
        note("tau2", 0.0 if max(ours.tau2, tau2) < 1e-7 else difference(ours.tau2, tau2, se * se), TAU2)
        note("I2", difference(ours.i2, real(value["I2"]) or 0.0, 1.0), TAU2)
    if real(value.get("sigma2")) is not None and ours.sigma2 is not None:
        note("sigma2", difference(ours.sigma2, float(value["sigma2"]), se * se), TAU2)
    if ours.k > 1:
        note("QE_LRT", difference(ours.q, real(value["QE_LRT"]) or 0.0, 1.0), BETA)
        wald = real(value.get("QE_Wld"))
        if wald is not None and ours.wald is not None:
            note("QE_Wld", difference(ours.wald.statistic, wald, 1.0), BETA if model != "um.rs" else TAU2)
    for name, mine in (("ci_lb", ours.ci_low), ("ci_ub", ours.ci_high)):
        reference = real(value.get(name))
        if reference is not None:
            note("interval", difference(mine, reference, 1.0), BETA)
    interval = value.get("pi") or {}
    for name, mine in (("lb", ours.pi_low), ("ub", ours.pi_high)):
        reference = real(interval.get(name))
        if reference is not None and mine is not None:
            note("prediction interval", difference(mine, reference, 1.0), 2 * BETA)
    reference = real(value.get("ll_ML"))
    if reference is not None:
        if ours.tau2 and model != "um.rs":
            printed = at_reference(ours, measure, model, columns, beta, tau2, conditional=True)
        else:
            printed = printed_log_likelihood(ours)
        note("log-likelihood as printed", abs(printed - reference), 1e-3 if ours.tau2 and model == "um.rs" else LIKELIHOOD)
    gain = advantage(ours, measure, model, columns, beta, tau2, value)
    if ours.tau2 is not None:
        tally.note(kind, "likelihood at reference above ours", record["id"], max(-gain, 0.0), 1e-8)
    for name, found, tolerance in off:
        reason = explanation(name, gain, ours, tau2, measure, model, columns)
        if reason:
            tally.explained.append((record["id"], f"{name} differs by {found:.1e}: {reason}"))
        else:
            tally.note(kind, name, record["id"], found, tolerance)


def explanation(name: str, gain: float, ours: Any, tau2: float, measure: str, model: str, columns: Json) -> str:
    """Return why a number differs, where that can be confirmed; else nothing."""
    if any(caution.code == "tau2-not-identified" for caution in ours.cautions):
        return "tau2 is not identified (one person or event per study); stromata says so and takes 0"
    if name == "QE_Wld" and model == "um.rs":
        return "Wald test with effects at infinity: the reference's covariance is a numerical one (lme4)"
    if gain > 1e-9:
        return f"our likelihood is higher by {gain:.1e}"
    if model == "cm.el" and ours.method == "ee":
        step = 1e-3 * ours.se
        low, mid, high = (at_reference(ours, measure, model, columns, ours.estimate + d, 0.0) for d in (-step, 0.0, step))
        curvature = ((2 * mid - low - high) / step**2) ** -0.5
        if abs(curvature / ours.se - 1) < 1e-4 and abs(high - low) < 1e-6:
            return "our standard error is the curvature of the exact likelihood at its maximum, by differences"
    return ""


def at_reference(
    ours: Any, measure: str, model: str, columns: Json, beta: float, tau2: float, *, conditional: bool = False
) -> float:
    """Return the log-likelihood (or the conditional one) at given estimates, by the rule of our fit."""
    built = prepared(ours, measure, model, columns)
    function = count_models.conditional_log_likelihood if conditional else count_models.log_likelihood
    return float(function(built, np.array([[beta]]), np.array([[math.sqrt(tau2)]]), points=ours.points or 7)[0])


def prepared(ours: Any, measure: str, model: str, columns: Json) -> Any:
    """Return the model that `pool_glmm` fits."""
    given = glmm_module._checked(measure, model, None, 0.95, (), columns)
    used = glmm_module._informative(measure, given, drop=True)
    return glmm_module._model(measure, ours.model, tuple(column[used] for column in given))


def printed_log_likelihood(ours: Any) -> float:
    """Return what metafor prints: see `conditional_log_likelihood`; with normal baselines other constants go in."""
    if ours.model == "um.rs":
        return ours.log_likelihood if ours.points == 1 else ours.log_likelihood - ours.saturated_log_likelihood  # type: ignore[no-any-return]
    return ours.conditional_log_likelihood  # type: ignore[no-any-return]


def advantage(ours: Any, measure: str, model: str, columns: Json, beta: float, tau2: float, value: Json) -> float:
    """Return our log-likelihood less that at the reference's estimates, by the same rule."""
    points = ours.points or 7
    if ours.model != "um.rs":
        return float(ours.log_likelihood - at_reference(ours, measure, model, columns, beta, tau2))
    built = prepared(ours, measure, model, columns)
    sigma, tau = math.sqrt(real(value.get("sigma2")) or 0.0), math.sqrt(tau2)
    trial = np.linspace(-15.0, 10.0, 101)
    for reach in (0.3, 0.02, 1e-3, 1e-4, 1e-5):
        place = np.column_stack((trial, np.full(len(trial), beta))), np.tile([[sigma, tau]], (len(trial), 1))
        heights = count_models.log_likelihood(built, *place, points=points)
        trial = trial[int(np.argmax(heights))] + np.linspace(-reach, reach, 41)
    return float(ours.log_likelihood - heights.max())


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
                tally.note("interval", "Garwood", record["id"], difference(ours, float(value[f"exact_{end}"][i]), 1e-9), 1e-10)
        return
    for i, (x, n) in enumerate(zip(value["x"], value["n"], strict=True)):
        for function, name in ((exact_interval, "cp"), (wilson_interval, "wilson")):
            for ours, end in zip(function(x, n, level), ("lb", "ub"), strict=True):
                reference = real(value[f"{name}_{end}"][i])
                if reference is not None:
                    tally.note("interval", name, record["id"], difference(ours, reference, 1e-9), 1e-10)


COMPARE = {"rma.glmm": compare_glmm, "binom": compare_interval, "interval": compare_interval}


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
