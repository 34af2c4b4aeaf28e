"""Hold stromata's meta-regression against results of R's metafor: models, tests, predictions, intervals, inflation.

    python validation/metafor/regression.py DIR [--all]

DIR as for `compare.py`, whose reading of R calls and whose tolerances this script shares. It maps the records of kind
metareg, and those of kinds rma.uni, predict, anova, vif, confint and influence that have moderators.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from compare import (  # the neighbour, found by the line above
    ESTIMATE,
    EXACT,
    ITERATIVE,
    METHODS,
    MISSING,
    P_VALUE,
    TAU2,
    Folder,
    Json,
    Skip,
    Tally,
    difference,
    folders,
    real,
    split_call,
    target,
    text_of,
)

from stromata.errors import InvalidInput
from stromata.synthesis.regression import inference as moderators
from stromata.synthesis.regression import kernels as regression_kernels
from stromata.synthesis.regression.formulas import INTERCEPT
from stromata.synthesis.regression.meta_regression import MetaRegression, WaldTest, regress

OWN = METHODS | {"HSk": "hsk", "PMM": "pmm", "GENQ": "genq"}
"""R's name of a method to ours; None is the common effect."""


@dataclass
class Model:
    """A fit, its method in R, and its data."""

    fit: MetaRegression
    method: str

    @property
    def loose(self) -> bool:
        return self.method in ITERATIVE

    @property
    def estimate(self) -> float:
        return ESTIMATE if self.loose else EXACT

    @property
    def tau2(self) -> float:
        return TAU2 if self.loose else EXACT


# Reading.


def prepared(folder: Folder, path: Path) -> None:
    """Work out columns that R lines before the calls make with ifelse(), or two on one line."""
    told = json.loads((path / "results.json").read_text(encoding="utf-8"))
    for line in told.get("setup", []):
        folder.prepare([part.strip() for part in line.split(";")])
        match = re.fullmatch(r"dat\$([\w.]+) <- ifelse\(dat\$([\w.]+) > ([\d.]+), ([\d.]+), dat\$\2\)", line)
        if match:
            for row in folder.rows:
                value = row[match[2]]
                row[match[1]] = value if value in MISSING or float(value) <= float(match[3]) else match[4]


def columns(folder: Folder, rows: Sequence[int]) -> dict[str, list[object]]:
    """Return the columns as R reads them: numbers where all values are numbers, else text."""
    found: dict[str, list[object]] = {}
    for name in folder.rows[0] if folder.rows else ():
        texts = [folder.rows[i][name] for i in range(len(folder.rows))]
        try:
            numbers: list[object] = [None if text in MISSING else float(text) for text in texts]
        except ValueError:
            numbers = [None if text in MISSING else text for text in texts]
        found[name] = [numbers[i] for i in rows]
    return found


def model(folder: Folder, call: str) -> Model:
    """Fit what an rma() call with moderators fits."""
    name, positional, named = split_call(call)
    foreign = set(named) - {"data", "mods", "method", "control", "test", "level", "weights", "digits"}
    if name != "rma" or foreign or positional[:2] != ["yi", "vi"]:
        raise Skip(f"argument {min(foreign)}" if foreign else "another kind of call")
    if len(positional) > 2:
        raise Skip("another kind of call")
    method = text_of(named.get("method"), "REML")
    if method not in OWN:
        raise Skip(f"method {method}")
    if "control" not in named and method in ITERATIVE:
        raise Skip("loose stopping rule of the reference")
    data = named["data"]
    if data == "dat":
        y, v = folder.column("yi"), folder.column("vi")
    else:
        value = folder.computed(data)
        y, v = ([real(each) for each in value[key]] for key in ("yi", "vi"))
    if len(y) != len(folder.rows):
        raise Skip("data made in R")
    keep = [i for i in range(len(y)) if y[i] is not None and v[i] is not None]
    level = float(named.get("level", "95"))
    options: dict[str, Any] = (
        {"weights": [folder.evaluate(named["weights"])[i] for i in keep]} if "weights" in named else {}
    )
    fit = regress(
        [y[i] for i in keep],  # type: ignore[list-item]  # None were left out
        [v[i] for i in keep],  # type: ignore[list-item]
        named.get("mods", "~ 1").strip(),
        data=columns(folder, keep),
        method=OWN[method] or "ee",
        test=text_of(named.get("test"), "z"),  # type: ignore[arg-type]
        level=level / 100 if level > 1 else level,
        **options,
    )
    return Model(fit, method)


def fitted(folder: Folder, record: Json, call: str, tally: Tally) -> Model | None:
    """Return the model; None where both refuse, or where only stromata answers."""
    try:
        found = model(folder, call)
    except InvalidInput as error:
        if "error" in record:
            tally.note(record["kind"], "refused alike", record["id"], 0.0, 0.0)
            return None
        raise Skip("stromata refuses: " + str(error)[:60]) from error
    if "error" in record:
        tally.explained.append((record["id"], f"metafor fails ({record['error'][:50]}), stromata answers"))
        return None
    return found


def numbers(value: object) -> list[float | None]:
    values = value if isinstance(value, list) else [value]
    return [real(each) for each in values]


def matrix(text: str) -> np.ndarray:
    """Return a matrix written in R with rbind(), cbind(), c(), seq() and numbers."""
    name, positional, named = split_call(text) if "(" in text else ("", [], {})
    if name == "seq":
        low, high, step = (float(named[key]) for key in ("from", "to", "by"))
        return np.arange(low, high + step / 2, step)
    if name == "c":
        return np.array([float(each) for each in positional])
    if name == "rbind":
        return np.stack([matrix(each) for each in positional])
    if name == "cbind":
        return np.stack(np.broadcast_arrays(*(matrix(each) for each in positional)), axis=1)
    if re.fullmatch(r"-?[\d.]+", text):
        return np.array(float(text))
    if re.fullmatch(r"-?\d+:-?\d+", text):
        low, high = map(int, text.split(":"))
        return np.arange(low, high + 1.0)
    raise Skip("numbers computed in R")


# Comparing.


@dataclass
class Notes:
    """Where the differences of one record go."""

    tally: Tally
    kind: str
    record: str

    def note(
        self, quantity: str, ours: float | None, theirs: float | None, tolerance: float, *, scale: float = 1e-12
    ) -> None:
        if ours is not None and theirs is not None:
            self.tally.note(self.kind, quantity, self.record, difference(ours, theirs, scale), tolerance)

    def p_value(self, ours: float, theirs: float | None) -> None:
        if theirs is not None:
            self.tally.note(self.kind, "p-values (absolute)", self.record, abs(ours - theirs), P_VALUE)


def tau2_difference(fit: MetaRegression, reference: float) -> float:
    """Return the relative difference, taking what is below 1e-9 median variances apart as equal."""
    ours, floor = fit.tau2 or 0.0, 1e-7 * float(np.median(fit.vi))
    if abs(ours - reference) <= 1e-2 * floor or (ours < floor and reference < floor):
        return 0.0
    return difference(ours, reference)


def compare_metareg(folder: Folder, record: Json, tally: Tally) -> None:
    found = fitted(folder, record, record["r"], tally)
    if found is None:
        return
    value, fit, before = target(record), found.fit, len(tally.beyond)
    kind = f"metareg {found.method}" + (f" {fit.test}" if fit.test != "z" else "")
    if real(value.get("k")) != fit.k:
        raise Skip("other rows left out")
    terms = value.get("terms") or [INTERCEPT]
    tally.note(kind, "names", record["id"], float(terms != [each.name for each in fit.coefficients]), 0.0)

    notes = Notes(tally, kind, record["id"])
    se = numbers(value["se"])
    for name, key in (
        ("estimate", "beta"),
        ("se", "se"),
        ("statistic", "zval"),
        ("ci_low", "ci_lb"),
        ("ci_high", "ci_ub"),
    ):
        for each, theirs, error in zip(fit.coefficients, numbers(value[key]), se, strict=True):
            scale = 1.0 if key == "zval" else error or 0.0
            notes.note(key, getattr(each, name), theirs, found.estimate, scale=scale)
    if isinstance(value.get("vb"), dict):
        theirs = np.array(value["vb"]["values"], dtype=float)
        size = np.sqrt(np.multiply.outer(np.diagonal(theirs), np.diagonal(theirs)))
        notes.note("vb", float(np.abs((fit.covariance - theirs) / size).max()) + 1, 1.0, found.estimate)
    notes.tally.note(kind, "tau2", record["id"], tau2_difference(fit, real(value["tau2"]) or 0.0), found.tau2)
    compare_heterogeneity(found, value, notes)
    compare_omnibus(fit.omnibus, value, notes)
    for each, theirs_p in zip(fit.coefficients, numbers(value["pval"]), strict=True):
        notes.p_value(each.p, theirs_p)
    for name, key in (("aic", "AIC"), ("bic", "BIC"), ("aicc", "AICc")):
        notes.note(key, getattr(fit, name), real(value.get(key)), found.estimate, scale=1.0)
    explain(found, value, record["id"], tally, before)


def compare_heterogeneity(found: Model, value: Json, notes: Notes) -> None:
    fit = found.fit
    notes.note("se_tau2", fit.tau2_se, real(value.get("se_tau2")), found.tau2)
    notes.note("I2", fit.i2, real(value.get("I2")), found.tau2, scale=1.0)
    notes.note("H2", fit.h2, real(value.get("H2")), found.tau2, scale=1.0)
    notes.note("R2", fit.r2, real(value.get("R2")), found.tau2, scale=1.0)
    notes.note("vt", fit.typical, real(value.get("vt")), EXACT)
    notes.note("QE", fit.q, real(value.get("QE")), EXACT, scale=1e-9)
    notes.p_value(fit.q_p, real(value.get("QEp")))
    likelihood = real(value.get("ll_REML" if found.method == "REML" else "ll_ML"))
    notes.note("log-likelihood", fit.log_likelihood, likelihood, found.estimate, scale=1.0)
    if "s2w" in value:
        notes.note("s2w", fit.scale, real(value["s2w"]), found.estimate, scale=1e-9)


def compare_omnibus(test: WaldTest, value: Json, notes: Notes) -> None:
    notes.note("QM", test.statistic, real(value.get("QM")), ESTIMATE, scale=1.0)
    if "m" in value:
        notes.note("m", float(test.df), real(value["m"]), 0.0)
    notes.p_value(test.p, real(value.get("QMp")))


def explain(found: Model, value: Json, record: str, tally: Tally, before: int) -> None:
    """Take back what lies beyond where our tau2 can be shown to be the better one."""
    if len(tally.beyond) == before:
        return
    worst = max(entry[3] for entry in tally.beyond[before:])
    exact = float(exact_q(found.fit))
    mine, other = (difference(each or 0.0, exact) for each in (found.fit.q, real(value.get("QE"))))
    if worst < 1e-6 and mine < other / 100:
        del tally.beyond[before:]
        tally.explained.append(
            (record, f"worst {worst:.1e}; in exact arithmetic QE is off by {mine:.0e}, the reference's by {other:.0e}")
        )
    if not found.loose or len(tally.beyond) == before:
        return
    fit, theirs = found.fit, real(value["tau2"]) or 0.0
    data = regression_kernels.problem(fit.yi, fit.vi, regression_kernels.design(fit.matrix.x)[0])
    ours = fit.tau2 or 0.0
    if found.method in {"REML", "ML"}:
        mine, other = (
            regression_kernels.log_likelihood(data, tau2, restricted=found.method == "REML") for tau2 in (ours, theirs)
        )
        better = mine >= other - 1e-13 * max(abs(mine), 1.0)
        reason = f"our likelihood is not lower ({mine - other:.1e})"
    else:
        left = [abs(regression_kernels.generalised_q(data, tau2) - fit.q_df) for tau2 in (ours, theirs)]
        better = left[0] <= left[1]
        reason = f"ours leaves {left[0]:.0e} of its equation, the reference {left[1]:.0e}"
    if better and worst < 1e-4:
        del tally.beyond[before:]
        tally.explained.append((record, f"worst {worst:.1e}; {reason}"))


def exact_q(fit: MetaRegression) -> Fraction:
    """Return Q_E of the doubles at hand without any rounding, by Gauss's elimination on fractions."""
    x = [[Fraction(float(each)) for each in row] for row in fit.matrix.x]
    y, w = [Fraction(float(each)) for each in fit.yi], [1 / Fraction(float(each)) for each in fit.vi]
    rows = [*zip(*x, strict=True), y]
    # The last pivot of the cross-products of all columns and y, in that order, is the residual sum of squares.
    a = [
        [sum((p * q * z for p, q, z in zip(one, other, w, strict=True)), Fraction()) for other in rows] for one in rows
    ]
    for i in range(len(rows) - 1):
        for j in range(i + 1, len(rows)):
            factor = a[j][i] / a[i][i]
            a[j] = [p - factor * q for p, q in zip(a[j], a[i], strict=True)]
    return a[-1][-1]


def compare_predict(folder: Folder, record: Json, tally: Tally) -> None:
    name, positional, named = split_call(record["r"])
    if name != "predict" or not positional or "mods" not in positional[0] or "pi.type" in named:
        raise Skip("another kind of prediction")
    transform = named.get("transf", "")
    if transform not in {"", "exp"} or "newscale" in named:
        raise Skip("another transform")
    # Two records use a looser rule for roots, which REML does not use.
    found = fitted(folder, record, positional[0].replace("control=TC2", "control=TC"), tally)
    if found is None:
        return
    value, new = target(record), None
    if "newmods" in named:
        new = np.atleast_2d(matrix(named["newmods"]))
        if found.fit.matrix.intercept:
            new = np.column_stack((np.ones(len(new)), new))
    ours = moderators.predict(found.fit, new)
    theirs = {key: numbers(value[key]) for key in ("pred", "se", "ci.lb", "ci.ub", "pi.lb", "pi.ub") if key in value}
    if len(theirs["pred"]) == 1:
        ours = ours[:1]
    for i, each in enumerate(ours):
        pairs = zip(
            (each.estimate, each.se, each.ci_low, each.ci_high, each.pi_low, each.pi_high),
            ("pred", "se", "ci.lb", "ci.ub", "pi.lb", "pi.ub"),
            strict=True,
        )
        for mine, key in pairs:
            reference = theirs[key][i] if key in theirs else None
            if mine is not None and reference is not None:
                shown = math.exp(mine) if transform == "exp" and key != "se" else mine
                tally.note("predict mods", key, record["id"], difference(shown, reference, each.se), found.estimate)


def compare_anova(folder: Folder, record: Json, tally: Tally) -> None:
    name, positional, named = split_call(record["r"])
    if name != "anova" or not positional or "mods" not in positional[0]:
        raise Skip("another kind of test")
    call = positional[0].replace("control=TC2", "control=TC")
    if len(positional) == 1:
        compare_wald(folder, record, tally, call, named)
        return
    try:
        full, reduced = model(folder, call), model(folder, positional[1])
        ours = moderators.likelihood_ratio(full.fit, reduced.fit)
    except InvalidInput as error:
        if "error" not in record:
            raise Skip("stromata refuses: " + str(error)[:60]) from error
        tally.note("anova", "refused alike", record["id"], 0.0, 0.0)
        return
    if "error" in record:
        tally.explained.append((record["id"], "metafor fails, stromata answers"))
        return
    value = target(record)
    tally.note("anova", "LRT", record["id"], difference(ours.statistic, real(value["LRT"]) or 0.0, 1.0), ESTIMATE)
    Notes(tally, "anova", record["id"]).p_value(ours.p, real(value["pval"]))
    theirs = real(value.get("R2"))
    if ours.r2 is not None and theirs is not None:
        tally.note("anova", "R2", record["id"], difference(ours.r2, theirs, 1.0), TAU2)
    for fit, key in ((full.fit, "fit.stats.f"), (reduced.fit, "fit.stats.r")):
        for mine, reference in zip(
            (fit.log_likelihood, None, fit.aic, fit.bic, fit.aicc), numbers(value[key]), strict=True
        ):
            if mine is not None and reference is not None:
                tally.note("anova", "fit statistics", record["id"], difference(mine, reference, 1.0), ESTIMATE)


def compare_wald(folder: Folder, record: Json, tally: Tally, call: str, named: dict[str, str]) -> None:
    found = fitted(folder, record, call, tally)
    if found is None:
        return
    p, value = len(found.fit.coefficients), target(record)
    if "btt" in named:
        weights = np.eye(p)[[int(i) - 1 for i in matrix(named["btt"])]]
    elif "X" in named:
        weights = np.atleast_2d(matrix(named["X"]))
    else:
        raise Skip("another kind of test")
    ours = moderators.contrast(found.fit, weights)
    tally.note("anova", "QM", record["id"], difference(ours.joint.statistic, real(value["QM"]) or 0.0, 1.0), ESTIMATE)
    Notes(tally, "anova", record["id"]).p_value(ours.joint.p, real(value["QMp"]))
    for name, key in (("estimate", "Xb"), ("se", "se"), ("statistic", "zval")):
        theirs = value.get(key)
        theirs = [row[0] for row in theirs["values"]] if isinstance(theirs, dict) else theirs
        if theirs is not None and "X" in named:
            for each, reference in zip(ours.rows, numbers(theirs), strict=True):
                if reference is not None:
                    mine = getattr(each, name)
                    tally.note("anova", f"contrast {key}", record["id"], difference(mine, reference, 0.01), ESTIMATE)


def compare_vif(folder: Folder, record: Json, tally: Tally) -> None:
    name, positional, named = split_call(record["r"])
    if name != "vif" or named or not positional or "mods" not in positional[0]:
        raise Skip("another kind of inflation")
    try:
        found = model(folder, positional[0])
        ours = moderators.variance_inflation(found.fit)
    except InvalidInput as error:
        if "error" not in record:
            raise Skip("stromata refuses: " + str(error)[:60]) from error
        tally.note("vif", "refused alike", record["id"], 0.0, 0.0)
        return
    if "error" in record:
        tally.explained.append((record["id"], "metafor fails, stromata answers"))
        return
    for each, reference in zip(ours, numbers(target(record)["vifs"]), strict=True):
        tally.note("vif", "vif", record["id"], difference(each.vif, reference or 0.0), ESTIMATE)


def compare_confint(folder: Folder, record: Json, tally: Tally) -> None:
    name, positional, named = split_call(record["r"])
    if name != "confint" or not positional or "mods" not in positional[0]:
        raise Skip("another kind of interval")
    found = fitted(folder, record, positional[0], tally)
    if found is None:
        return
    kind = "pl" if text_of(named.get("type"), "QP") == "PL" else "qp"
    ours = moderators.tau2_interval(found.fit, kind=kind)  # type: ignore[arg-type]
    value = target(record)["random"]
    at = {row: numbers(value["values"][i]) for i, row in enumerate(value["rows"])}
    floor = 1e-2 * float(np.median(found.fit.vi))
    for row, low, high, scale in (
        ("tau^2", ours.tau2_low, ours.tau2_high, floor),
        ("I^2(%)", ours.i2_low, ours.i2_high, 1.0),
        ("H^2", ours.h2_low, ours.h2_high, 1.0),
    ):
        for mine, reference in ((low, at[row][1]), (high, at[row][2])):
            if reference is not None and not (record.get("ub_sign") == ">" and mine is high):
                tally.note("confint mods", row, record["id"], difference(mine, reference, scale), ESTIMATE)


def compare_influence(folder: Folder, record: Json, tally: Tally) -> None:
    name, positional, _ = split_call(record["r"])
    if name != "influence" or not positional or "mods" not in positional[0]:
        raise Skip("another kind of diagnostic")
    found = fitted(folder, record, positional[0], tally)
    if found is None:
        return
    theirs = numbers(target(record)["inf"]["hat"])
    for mine, reference in zip(moderators.residuals(found.fit).leverage.tolist(), theirs, strict=True):
        if reference is not None:
            tally.note("influence mods", "hat", record["id"], difference(mine, reference, 1e-3), ESTIMATE)


COMPARE = {
    "metareg": compare_metareg,
    "rma.uni": compare_metareg,
    "predict": compare_predict,
    "anova": compare_anova,
    "vif": compare_vif,
    "confint": compare_confint,
    "influence": compare_influence,
}


def run(root: Path) -> Tally:
    """Compare every record of a model with moderators under `root`."""
    tally = Tally()
    for folder in folders(root):
        prepared(folder, folder.path)
        for record in folder.records:
            compare = COMPARE.get(record["kind"])
            if compare is None or "mods" not in str(record.get("r")) or not {"value", "error"} & record.keys():
                continue
            folder.newer = "v5" in record
            try:
                compare(folder, record, tally)
                tally.records[record["kind"]] += 1
            except Skip as reason:
                tally.skipped[record["kind"]][str(reason)] += 1
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, metavar="DIR")
    parser.add_argument("--all", action="store_true", help="list every record beyond tolerance, not the first 40")
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
    for record, reason in tally.explained:
        print(f"  {record}: {reason}")
    print(f"Beyond tolerance: {len(tally.beyond)}")
    for kind, quantity, record, found, tolerance in tally.beyond if arguments.all else tally.beyond[:40]:
        print(f"  {record} {kind} {quantity}: {found:.3e} > {tolerance:.0e}")
    return 3 if tally.beyond else 0


if __name__ == "__main__":
    sys.exit(main())
