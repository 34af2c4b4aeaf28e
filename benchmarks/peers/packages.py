"""Time one Python package of meta-analysis as a black box, for ``benchmarks/synthesis.py``.

    python packages.py PACKAGE

PACKAGE is pymare, statsmodels or pymetaanalysis; it must be installed where this runs, and stromata need not be. Reads
one request per line, "case <tab> CSV file <tab> seconds", and answers "CPU seconds of one call <tab> value <tab> fits
that stopped with an error"; "none" for what the package does not do. Says the version first.
"""

from __future__ import annotations

import csv
import importlib.metadata
import math
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Columns = dict[str, Array]
Work = Callable[[], list[float]]
Makers = dict[str, Callable[[Columns], Work]]


def sets(data: Columns) -> list[tuple[Array, Array]]:
    """Return estimates and variances of each set."""
    return [(data["yi"][data["set"] == name], data["vi"][data["set"] == name]) for name in np.unique(data["set"])]


def one_by_one(fit: Callable[[Array, Array], float]) -> Callable[[Columns], Work]:
    """Return the maker of a loop over sets; a set that stops with an error counts as NaN."""

    def attempt(y: Array, v: Array) -> float:
        try:
            return fit(y, v)
        except Exception:  # noqa: BLE001 - somebody else's package: whatever it raises is a fit that failed
            return float("nan")

    def make(data: Columns) -> Work:
        parts = sets(data)
        return lambda: [attempt(y, v) for y, v in parts]

    return make


def pymare() -> Makers:
    """Return what PyMARE does."""
    from pymare import Dataset  # noqa: PLC0415 - only one of the packages need be there
    from pymare.estimators import DerSimonianLaird, VarianceBasedLikelihoodEstimator  # noqa: PLC0415

    def reml(y: Array, v: Array, x: Array | None = None) -> Array:
        found = VarianceBasedLikelihoodEstimator(method="REML").fit_dataset(Dataset(y, v, X=x)).summary()
        return np.ravel(found.fe_params)

    def moments(y: Array, v: Array) -> float:
        return float(np.ravel(DerSimonianLaird().fit_dataset(Dataset(y, v)).summary().fe_params)[0])

    return {
        **dict.fromkeys(("REML", "REML, large"), one_by_one(lambda y, v: float(reml(y, v)[0]))),
        "DL": one_by_one(moments),
        "regression": lambda data: lambda: [float(reml(data["yi"], data["vi"], data["x"][:, None])[-1])],
    }


def statsmodels() -> Makers:
    """Return what statsmodels does: it has no REML."""
    from statsmodels.stats.meta_analysis import combine_effects  # noqa: PLC0415

    def pooled(method: str) -> Callable[[Array, Array], float]:
        return lambda y, v: float(combine_effects(y, v, method_re=method).mean_effect_re)

    return {"DL": one_by_one(pooled("chi2")), "PM": one_by_one(pooled("iterated"))}


def pymetaanalysis() -> Makers:
    """Return what PyMetaAnalysis does."""
    import meta_analyze  # noqa: PLC0415

    def fit(y: Array, v: Array, method: str) -> Any:  # noqa: ANN401 - a result without types
        return meta_analyze.meta_analysis(effect=y, variance=v, tau2_method=method)

    def leave_one_out(data: Columns) -> Work:
        whole = fit(data["yi"], data["vi"], "REML")
        return lambda: [float(whole.leave_one_out().to_dataframe()["estimate"].iloc[0])]

    def regression(data: Columns) -> Work:
        import pandas as pd  # noqa: PLC0415

        frame = pd.DataFrame(data)

        def work() -> list[float]:
            found = meta_analyze.meta_regression(frame, effect="yi", variance="vi", moderators=["x"])
            return [float(np.ravel(found.coefficients["estimate"])[-1])]

        return work

    methods = {
        name: one_by_one(lambda y, v, name=name: float(fit(y, v, name).estimate)) for name in ("REML", "DL", "PM")
    }
    return {**methods, "REML, large": methods["REML"], "leave-one-out": leave_one_out, "regression": regression}


PACKAGES = {
    "pymare": ("PyMARE", pymare),
    "statsmodels": ("statsmodels", statsmodels),
    "pymetaanalysis": ("PyMetaAnalysis", pymetaanalysis),
}


def measure(work: Work, least: float) -> tuple[float, float, int]:
    """Return CPU seconds of one call, its first value, and how many fits failed."""
    start = time.process_time()
    values = work()
    seconds = time.process_time() - start
    if seconds < 10 * least:  # the first call of quick work only warms up
        runs, start = 0, time.process_time()
        while runs == 0 or time.process_time() - start < least:
            work()
            runs += 1
        seconds = (time.process_time() - start) / runs
    return seconds, values[0], sum(map(math.isnan, values))


def main() -> None:
    """Answer requests until there are no more."""
    warnings.simplefilter("ignore")
    name, makers = PACKAGES[sys.argv[1]]
    known = makers()
    print(f"{name} {importlib.metadata.version(name)}, Python {sys.version.split()[0]}", flush=True)
    for line in sys.stdin:
        case, path, least = line.rstrip("\n").split("\t")
        if case not in known:
            print("none", flush=True)
            continue
        with Path(path).open(encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        data = {column: np.array([float(row[column]) for row in rows]) for column in rows[0]}
        print(*measure(known[case](data), float(least)), sep="\t", flush=True)


if __name__ == "__main__":
    main()
