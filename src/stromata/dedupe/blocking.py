"""Blocking: which pairs of records are worth comparing, as SQL that DuckDB and Spark both run.

`candidate_pairs` returns one SELECT over a table (or view) named ``prepared`` with the columns of `normal.SCHEMA`.
Its result has two columns, ``left_place`` and ``right_place`` (int64, left < right), each pair once, in no order.
`pair_columns` returns one SELECT that joins such pairs, in a table named ``pairs``, with ``prepared``: the input of
`compare.compare`. The SQL uses what both dialects share: common table expressions, window counts, ``substr``,
``concat`` and ``<>``; no array, no similarity function, no hash.

Two records are a pair when they share a key. A key that more than `LARGEST` records share says little: it is refined
by the year of publication, and where it is still too large it is dropped. A duplicate is lost by that only when all
of its keys are common ones. Keys are (letters of the title meaning those without blanks):

- the DOI without version; the PMID; the PMC number; the database's accession number; the trial registrations;
- the first 24 letters of the title, and its last 30; the same of a title in a further language;
- the three longest words of the title;
- volume, first page and year; first page, year and first author; volume, year and first author;
- the first three authors' family names and year;
- the first 40 letters of the abstract.
"""

from __future__ import annotations

from stromata.dedupe.normal import COLUMNS

LARGEST = 24
"""Most records that may share a key: 24 records make 276 pairs, 11.5 for each of them."""

_KEYS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    # (letter, parts of the key, condition)
    ("d", ("doi_stem",), "doi_stem <> ''"),
    ("p", ("pmid",), "pmid <> ''"),
    ("c", ("pmcid",), "pmcid <> ''"),
    ("a", ("accession",), "accession <> ''"),
    ("r", ("registry",), "registry <> ''"),
    ("t", ("substr(title_key, 1, 24)",), "title_key <> ''"),
    ("t", ("substr(alternative, 1, 24)",), "alternative <> ''"),
    ("e", ("substr(title_key, length(title_key) - 29, 30)",), "length(title_key) >= 40"),
    ("w", ("words_key",), "words_key <> ''"),
    ("v", ("volume", "page", "CAST(year AS VARCHAR(6))"), "volume <> '' AND page <> '' AND year > 0"),
    ("f", ("first", "page", "CAST(year AS VARCHAR(6))"), "first <> '' AND page <> '' AND year > 0"),
    ("g", ("first", "volume", "CAST(year AS VARCHAR(6))"), "first <> '' AND volume <> '' AND year > 0"),
    ("n", ("authors_key", "CAST(year AS VARCHAR(6))"), "authors_key <> '' AND year > 0"),
    ("s", ("substr(abstract, 1, 40)",), "length(abstract) >= 40"),
)

PAIR_COLUMNS = tuple(name for name, _ in COLUMNS if name not in {"id", "words_key", "authors_key", "database"})
"""Columns of PREPARED that comparison reads, in order; each comes twice, with ``l_`` and with ``r_`` before its name.

Two more follow: ``doi_titles`` and ``title_years`` (see `pair_columns`)."""


def candidate_pairs(*, added_from: int = 0, table: str = "prepared") -> str:
    """Return the SELECT of candidate pairs.

    Parameters
    ----------
    added_from : only pairs whose later record has this place or a later one, for records added to a table.
    table : where the keys are taken from.
    """
    keys = "\n  UNION ALL ".join(
        f"SELECT concat('{letter}:', {', chr(9), '.join(parts)}) AS block, place, year "  # noqa: S608 - names of ours only
        f"FROM {table} WHERE {condition}"
        for letter, parts, condition in _KEYS
    )
    newer = f" AND b.place >= {added_from}" if added_from else ""
    return f"""WITH keys AS (
  {keys}
), sized AS (
  SELECT block, place, year, count(*) OVER (PARTITION BY block) AS members FROM keys
), refined AS (
  SELECT CASE WHEN members <= {LARGEST} THEN block ELSE concat(block, chr(9), CAST(year AS VARCHAR(6))) END AS block,
    place
  FROM sized WHERE members > 1
), kept AS (
  SELECT block, place, count(*) OVER (PARTITION BY block) AS members FROM refined
), blocks AS (
  SELECT block, place FROM kept WHERE members BETWEEN 2 AND {LARGEST}
)
SELECT DISTINCT a.place AS left_place, b.place AS right_place
FROM blocks a JOIN blocks b ON a.block = b.block AND a.place < b.place{newer}"""  # noqa: S608 - no foreign text enters


def pair_columns(pairs: str = "pairs") -> str:
    """Return the SELECT that gives each pair of the table `pairs` the columns of both of its records.

    Two columns more tell what the whole collection knows: ``doi_titles``, how many titles stand under the left
    record's DOI (the DOI of a meeting's supplement is no identity), and ``title_years``, in how many years its title
    was used ("Editor's comments").
    """
    columns = ", ".join(f"{side}.{name} AS {side}_{name}" for side in ("l", "r") for name in PAIR_COLUMNS)
    return f"""WITH containers AS (
  SELECT doi_stem, count(DISTINCT substr(title_key, 1, 12)) AS titles FROM prepared
  WHERE doi_stem <> '' AND title_key <> '' GROUP BY doi_stem
), columns_of_journals AS (
  SELECT title_key, count(DISTINCT year) AS years FROM prepared WHERE title_key <> '' AND year > 0 GROUP BY title_key
)
SELECT {columns}, coalesce(containers.titles, 0) AS doi_titles, coalesce(columns_of_journals.years, 0) AS title_years
FROM {pairs} AS pairs JOIN prepared l ON pairs.left_place = l.place JOIN prepared r ON pairs.right_place = r.place
LEFT JOIN containers ON l.doi_stem = containers.doi_stem
LEFT JOIN columns_of_journals ON l.title_key = columns_of_journals.title_key"""  # noqa: S608 - names of ours only
