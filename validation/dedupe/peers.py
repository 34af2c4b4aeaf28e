"""Other tools on one labelled set; run by run.py in an environment that holds them.

    PYTHON validation/dedupe/peers.py TOOL FILE.parquet

TOOL is `bib-dedupe` (0.11), `splink` (5, on DuckDB), `destiny` (destiny-deduper 0.2.7, which asks for Python 3.12 but
runs on 3.11 when installed with pip's --ignore-requires-python, beside pandas and scikit-learn) or `key` (folded title
with year). Prints one JSON line:
{"clusters": [[id, ...], ...], "version": ..., "cpu_seconds": ...} with clusters of two or more records.
"""

from __future__ import annotations

import json
import re
import sys
import time
import unicodedata
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path


def by_key(rows: list[dict[str, str]]) -> list[list[str]]:
    """Merge records whose title (letters and digits only) and year are equal: what many people do by hand."""
    groups = defaultdict(list)
    for row in rows:
        title = unicodedata.normalize("NFKD", row["title"] or "").casefold()
        key = re.sub(r"[\W_]", "", "".join(char for char in title if not unicodedata.combining(char)))
        if key and row["year"]:
            groups[key, row["year"]].append(row["ID"])
    return [group for group in groups.values() if len(group) > 1]


def by_bib_dedupe(rows: list[dict[str, str]]) -> list[list[str]]:
    import pandas as pd  # noqa: PLC0415 - only where the tool is there
    from bib_dedupe.bib_dedupe import block, cluster, match, prep  # noqa: PLC0415 - only where the tool is there

    kept = [{name: value for name, value in row.items() if name not in {"cluster", "sra_flag"}} for row in rows]
    prepared = prep(pd.DataFrame(kept), verbosity_level=0, cpu=1)
    matched = match(block(prepared, verbosity_level=0, cpu=1), verbosity_level=0, cpu=1)
    return [list(group) for group in cluster(matched, verbosity_level=0)]


def by_splink(rows: list[dict[str, str]]) -> list[list[str]]:
    """Splink as its documentation advises for bibliographic data: blocking on several keys, weights by expectation
    maximisation on the set itself, clusters at a match probability of 0.9999."""
    import pandas as pd  # noqa: PLC0415 - only where the tool is there
    import splink.comparison_library as cl  # noqa: PLC0415 - only where the tool is there
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on  # noqa: PLC0415 - only where the tool is there

    def folded(text: str | None) -> str | None:
        return re.sub(r"[\W_]+", " ", (text or "").casefold()).strip() or None

    table = pd.DataFrame(
        [
            {
                "unique_id": row["ID"], "title": folded(row["title"]), "author": folded(row["author"]),
                "year": row["year"] or None, "journal": folded(row["journal"] or row["booktitle"]),
                "volume": folded(row["volume"]), "pages": folded(row["pages"]),
                "doi": (row["doi"] or "").lower() or None,
            }
            for row in rows
        ]
    )  # fmt: skip
    filled = [name for name in ("journal", "volume", "pages", "doi") if table[name].notna().mean() > 0.05]
    exact = [name for name in filled if name != "journal"]
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            cl.JaroWinklerAtThresholds("title", [0.97, 0.9, 0.8]), cl.JaroWinklerAtThresholds("author", [0.95, 0.85]),
            cl.ExactMatch("year"), *(cl.JaroWinklerAtThresholds(name, [0.9]) for name in filled if name == "journal"),
            *(cl.ExactMatch(name) for name in exact),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("substr(title, 1, 20)"), block_on("substr(author, 1, 8)", "year"),
            *(block_on(name) for name in exact if name == "doi"),
        ],
    )  # fmt: skip
    api = DuckDBAPI()
    linker = (
        Linker(api.register(table) if hasattr(api, "register") else table, settings, db_api=api)
        if not hasattr(api, "register")
        else Linker(api.register(table), settings)
    )
    linker.training.estimate_probability_two_random_records_match([block_on("title", "year")], recall=0.8)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("substr(title, 1, 20)"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("substr(author, 1, 8)", "year"))
    predicted = linker.inference.predict(threshold_match_probability=0.9999)
    found = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, 0.9999).as_pandas_dataframe()
    return [list(group) for group in found.groupby("cluster_id")["unique_id"].apply(list) if len(group) > 1]


def by_destiny(rows: list[dict[str, str]]) -> list[list[str]]:
    """destiny-deduper with its own blocking, weights, threshold and clusters, as in its own evaluation."""
    from destiny_deduper.algorithm.candidate_selection import build_blocked_pairs  # noqa: PLC0415 - as above
    from destiny_deduper.algorithm.evaluation import SCORE_CONFIG  # noqa: PLC0415 - as above
    from destiny_deduper.algorithm.import_references import row_to_paper_kwargs  # noqa: PLC0415 - as above
    from destiny_deduper.algorithm.record_resolution import cluster_components  # noqa: PLC0415 - as above
    from destiny_deduper.data_models import PaperWithId  # noqa: PLC0415 - as above
    from destiny_deduper.dedupe import Deduper, PairLabel  # noqa: PLC0415 - as above
    from loguru import logger  # noqa: PLC0415 - as above

    logger.remove()
    papers = []
    for number, row in enumerate(rows):
        # The parser of authors takes the full stop before a letter for the end of a name, as EndNote writes lists.
        names = ".".join(name.rstrip(". ") for name in re.split(r"\s+and\s+|;\s*", row["author"] or ""))
        year = re.search(r"(?:1[5-9]|20)\d\d", row["year"] or "")
        papers.append(
            PaperWithId(
                **row_to_paper_kwargs(
                    {
                        "recordid": number, "title": row["title"] or None, "authors": names or None,
                        "year": int(year.group()) if year else None,
                        "journal": row["journal"] or row["booktitle"] or None,
                        "volume": row["volume"] or None, "issue": row["number"] or None, "pages": row["pages"] or None,
                        "doi": row["doi"] or None,
                    }
                )
            )
        )  # fmt: skip
    pairs = build_blocked_pairs(papers)
    deduper = Deduper(reference=papers[0], candidates=[])
    same = [
        (left, right)
        for left, right in pairs.itertuples(index=False)
        if deduper.score_pair(papers[left], papers[right], config=SCORE_CONFIG).label == PairLabel.DUPLICATE
    ]
    groups = defaultdict(list)
    for number, group in cluster_components(range(len(papers)), same).items():
        groups[group].append(rows[number]["ID"])
    return [group for group in groups.values() if len(group) > 1]


TOOLS = {
    "key": (by_key, ""), "bib-dedupe": (by_bib_dedupe, "bib-dedupe"), "splink": (by_splink, "splink"),
    "destiny": (by_destiny, "destiny-deduper"),
}  # fmt: skip


def main() -> None:
    import contextlib  # noqa: PLC0415 - only where the tool is there
    import os  # noqa: PLC0415 - only where the tool is there

    import pyarrow.parquet as pq  # noqa: PLC0415 - only where the tool is there

    tool, package = TOOLS[sys.argv[1]]
    rows = pq.read_table(sys.argv[2]).to_pylist()
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        begun = time.process_time()
        clusters = tool(rows)
        seconds = time.process_time() - begun
    print(json.dumps({"clusters": clusters, "version": version(package) if package else "", "cpu_seconds": seconds}))


if __name__ == "__main__":
    main()
