"""Hold stromata's synthesis against recorded results of R, and account for every record.

    python validation/metafor/run.py DIR [--kind K] [--dataset NAME] [--all] [--json OUT]

DIR holds one folder per data set with `input.csv` and `results.json` (README.md says how they look). Every record goes
to the comparer of its kind once. The table has each record in exactly one column; the deliberate differences follow by
reason (DIFFERENCES.md says more about each), then what is left out. Exit status 3 when a number lies beyond its
tolerance without a reason that can be confirmed, or when comparing a record failed.
"""

from __future__ import annotations

import argparse
import re
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

from agreement import bias, counts, effects, multilevel, networks, pooling, regression, tables
from agreement.counting import Account, Comparison, Json, LeftOut, ReferenceFails, lines
from agreement.reading import DataSet, data_sets

from stromata.errors import StromataError

Comparer = Callable[[DataSet, Comparison], None]
BY_CONTENT = (
    (r"rma\.glmm\(", counts.COMPARE),
    (r"rma\.mv\(", multilevel.COMPARE),
    (r"\bscale\s*=\s*~", {}),
    (r"\bmods\s*=", regression.COMPARE),
    (r"rma\.(mh|peto)\(", tables.COMPARE),
)
"""What a call holds decides first: predictions, intervals and tests belong to their model."""
BY_KIND: dict[str, Comparer] = {
    **pooling.COMPARE,
    **{kind: tables.COMPARE[kind] for kind in ("rma.mh", "rma.peto", "meta")},
    **{kind: regression.COMPARE[kind] for kind in ("metareg", "anova", "vif")},
    **multilevel.COMPARE,
    **{kind: pooling.COMPARE[kind] for kind in ("predict", "confint", "profile")},
    **bias.COMPARE,
    **{kind: counts.COMPARE[kind] for kind in ("rma.glmm", "bayesmeta")},
    **networks.COMPARE,
    **effects.COMPARE,
    "anova": regression.COMPARE["anova"],
}


def comparer(record: Json) -> Comparer:
    """Return what compares a record."""
    found = family_of(record)
    if found is None:
        raise LeftOut("models of this kind are not offered")
    if not {"value", "error"} & record.keys():
        raise LeftOut("the reference gave neither value nor error")
    return found


def family_of(record: Json) -> Comparer | None:
    """Return the comparer of a record's model and kind, if there is one."""
    kind, call = record["kind"], str(record.get("r"))
    if kind == "plotdata":
        return BY_KIND[kind]
    for pattern, family in BY_CONTENT:
        if re.search(pattern, call):
            return family.get(kind) or (BY_KIND.get(kind) if family and kind not in pooling.COMPARE else None)
    return BY_KIND.get(kind)


def compare(data: DataSet, record: Json, account: Account) -> None:
    """Compare one record, and enter what comes of it."""
    c = Comparison(record, str(record["kind"]))
    folder = data.path.name
    data.newer = "v5" in record
    try:
        compared = comparer(record)
        for line in record.get("pre") or []:
            data.run(line)
        compared(data, c)
    except LeftOut as why:
        account.enter(folder, c, "left out", str(why))
        return
    except ReferenceFails:
        c.differs("answers-with-caution" if c.cautions else "answers", str(record["error"])[:80].replace("\n", " "))
    except StromataError as error:
        c.refuses(error)
    except Exception as error:  # noqa: BLE001 - a fault in one record must not end the run; it is named and counted
        account.enter(folder, c, "failed", f"{type(error).__name__}: {error}"[:160])
        return
    account.enter(folder, c, c.column())


def run(root: Path, *, kind: str = "", dataset: str = "") -> Account:
    """Compare every record under `root`."""
    account, records = Account(), 0
    for data in data_sets(root, dataset):
        for record in data.records:
            if record["kind"] == "matrix" and re.match(r"V\w*\s*<-", record["r"]) and "value" in record:
                data.recorded_matrix(record)
            if not kind or record["kind"] == kind:
                records += 1
                compare(data, record, account)
            elif record.get("pre"):
                data.prepare(record["pre"])
    if records != sum(row.total() for row in account.by_kind().values()):
        raise RuntimeError(f"{records} records, but {len(account.rows)} are accounted for")
    return account


def main(arguments: list[str] | None = None) -> int:
    """Print the account; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, metavar="DIR")
    parser.add_argument("--kind", default="", help="only records of this kind")
    parser.add_argument("--dataset", default="", help="only this folder")
    parser.add_argument("--all", action="store_true", help="list every quantity and every difference")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the account as JSON")
    asked = parser.parse_args(arguments)
    warnings.simplefilter("ignore", RuntimeWarning)
    account = run(asked.root, kind=asked.kind, dataset=asked.dataset)
    print("\n".join(lines(account, everything=asked.all)))
    if asked.json:
        asked.json.write_text(account.told(), encoding="utf-8")
    return account.status


if __name__ == "__main__":
    sys.exit(main())
