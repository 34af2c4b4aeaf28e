"""Blocking: which pairs of records are worth comparing, as SQL that DuckDB and Spark both run.

`candidate_pairs` returns one SELECT over a table (or view) named ``prepared`` with the columns of `normal.SCHEMA`.
Its result has two columns, ``left_place`` and ``right_place`` (int64, left < right), each pair once, in no order.
`pair_columns` returns one SELECT that joins such pairs, in a table named ``pairs``, with ``prepared``: the input of
`compare.compare`. The SQL uses what both dialects share: common table expressions, window counts, ``substr``,
``concat`` and ``<>``; no array, no similarity function, no hash.

Two records are a pair when they share a key. A key that more than `LARGEST_BLOCK` records share says little: it is
refined by the year of publication, and where it is still too large it is dropped. A duplicate is lost by that only when
all of its keys are common ones. Keys are (letters of the title meaning those without blanks):

- the DOI without version; the PMID; the PMC number; the database's accession number; the trial registrations;
- the first 24 letters of the title, and its last 30; the same of a title in a further language;
- the three longest words of the title;
- volume, first page and year; first page, year and first author; volume, year and first author;
- the first three authors' family names and year;
- the first 40 letters of the abstract.
"""

from __future__ import annotations

from stromata.dedupe.normal import COLUMNS

LARGEST_BLOCK = 24
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

Three more follow, `CONTEXT` (see `pair_columns`)."""

CONTEXT = ("doi_titles", "title_years", "url_titles")
"""What the whole collection says of a record (see `context`); all else that is compared stands in the two records."""


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
  SELECT
    CASE WHEN members <= {LARGEST_BLOCK} THEN block ELSE concat(block, chr(9), CAST(year AS VARCHAR(6))) END AS block,
    place
  FROM sized WHERE members > 1
), kept AS (
  SELECT block, place, count(*) OVER (PARTITION BY block) AS members FROM refined
), blocks AS (
  SELECT block, place FROM kept WHERE members BETWEEN 2 AND {LARGEST_BLOCK}
)
SELECT DISTINCT a.place AS left_place, b.place AS right_place
FROM blocks a JOIN blocks b ON a.block = b.block AND a.place < b.place{newer}"""  # noqa: S608 - no foreign text enters


def context() -> str:
    """Return the SELECT of ``place`` and `CONTEXT` of each record: what no record tells of itself.

    ``doi_titles`` is how many titles stand under its DOI (that of a meeting's supplement is no identity),
    ``title_years`` in how many years its title was used ("Editor's comments"), ``url_titles`` how many titles stand
    under its page's address (a journal's front page); 0 where it is not more than one.
    """
    counts = ", ".join(f"coalesce({name}.found, 0) AS {name}" for name in CONTEXT)
    return f"""WITH doi_titles AS (
  SELECT doi_stem, count(DISTINCT substr(title_key, 1, 12)) AS found FROM prepared
  WHERE doi_stem <> '' AND title_key <> '' GROUP BY doi_stem HAVING count(*) > 1
), title_years AS (
  SELECT title_key, count(DISTINCT year) AS found FROM prepared
  WHERE title_key <> '' AND year > 0 GROUP BY title_key HAVING count(*) > 1
), url_titles AS (
  SELECT url, count(DISTINCT substr(title_key, 1, 12)) AS found FROM prepared
  WHERE url <> '' AND title_key <> '' GROUP BY url HAVING count(*) > 1
)
SELECT p.place AS place, {counts} FROM prepared p
LEFT JOIN doi_titles ON p.doi_stem = doi_titles.doi_stem
LEFT JOIN title_years ON p.title_key = title_years.title_key
LEFT JOIN url_titles ON p.url = url_titles.url"""  # noqa: S608 - names of ours only


def pair_columns(pairs: str = "pairs") -> str:
    """Return the SELECT that gives each pair of the table `pairs` the columns of both of its records.

    It reads the table ``context`` too, which holds what `context` selects: of each of its columns a pair gets the
    larger number of its two records.
    """
    columns = ", ".join(f"{side}.{name} AS {side}_{name}" for side in ("l", "r") for name in PAIR_COLUMNS)
    said = ", ".join(f"greatest(lc.{name}, rc.{name}) AS {name}" for name in CONTEXT)
    return f"""SELECT {columns}, {said} FROM {pairs} AS pairs
JOIN prepared l ON pairs.left_place = l.place JOIN context lc ON pairs.left_place = lc.place
JOIN prepared r ON pairs.right_place = r.place JOIN context rc ON pairs.right_place = rc.place"""  # noqa: S608 - names of ours only
