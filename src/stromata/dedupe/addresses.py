"""Addresses of pages: what of them names a publication, in one form for all the ways in which exports write them.

An address can hold an identifier (of the DOI resolver, of PubMed, of a registry): then it is one. It can name one page.
Or it can say nothing: a journal's front page, a search, a link that a library's system made for one session.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from stromata.model.identifiers import find_registry_ids, normal_doi

_HOSTED = re.compile(r"(?:https?://)?[\w-]+(?:\.[\w-]+)+(?::\d+)?(?:/|$)", re.IGNORECASE)
_SERVERS = re.compile(r"^(?:www\d?|m|dx)\.")
_RESOLVERS = frozenset({"doi.org", "doi.pangaea.de", "dx.plos.org"})
_PUBMED = re.compile(
    r"(?:pubmed\.ncbi\.nlm\.nih\.gov|ncbi\.nlm\.nih\.gov/pubmed|europepmc\.org/(?:article|abstract)/med)"
    r"/([1-9]\d{0,7})(?!\d)"
)
_CENTRAL = re.compile(
    r"(?:pmc\.ncbi\.nlm\.nih\.gov/articles|ncbi\.nlm\.nih\.gov/(?:labs/)?pmc/articles|europepmc\.org/articles?(?:/pmc)?)"
    r"/(pmc\d{3,9})(?!\d)"
)
_NOT_PAGES = frozenset({"ncbi.nlm.nih.gov", "pubmed.ncbi.nlm.nih.gov", "pmc.ncbi.nlm.nih.gov", "clinicaltrials.gov"})
"""Hosts whose pages are known by their identifiers; what else is there are searches."""

_INDEX = re.compile(r"(?:;jsessionid=[^/]*|/(?:index|default|home)(?:\.\w{2,5})?)?/*$")
_TRACKING = re.compile(
    r"utm_|_ga$|fbclid|gclid|dclid|msclkid|mc_|cmp|campaign|ref$|refer|source$|src$|origin|via$|casa_token|needaccess"
    r"|partnerid|md5$"
    r"|sid$|s_?id$|.*session|token|auth|accountid|groupid|ticket|cfid|cftoken|site$|scope$|lang$|locale$|hl$"
)
"""Beginnings of parameters that tell who asks, from where, in which session or tongue: not which page."""

_ASKS = frozenset({"q", "query", "term", "search", "search_query", "searchterm", "keywords"})
"""Parameters of searches."""

_LINKS = frozenset({"genre", "url_ver", "ctx_ver", "spage", "atitle", "rft_id", "rft_val_fmt", "rft.atitle"})
"""Parameters of link resolvers (OpenURL), which describe a work for one library."""

_LEAST_NAME = 12
"""Letters that a page's name without a digit needs to be that of one page: ``/journal/about`` is none."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the addresses of one record tell: identifiers, and the one page that they name; each may be empty."""

    doi: str = ""
    pmid: str = ""
    pmcid: str = ""
    registry_ids: tuple[str, ...] = ()
    page: str = ""


NOTHING = Told()


def told(urls: tuple[str, ...]) -> Told:
    """Return what the addresses of a record tell.

    Of several pages the one with the longest address counts, for it is the most special; a file of it (``.pdf``) only
    where there is no other.

    Examples
    --------
    >>> told(("http://dx.doi.org/10.1000/ABC.1", "https://www.example.org/articles/42/?utm_source=mail#top"))
    Told(doi='10.1000/abc.1', pmid='', pmcid='', registry_ids=(), page='example.org/articles/42')
    """
    if not urls:
        return NOTHING
    doi = pmid = pmcid = ""
    trials: dict[str, None] = {}
    pages: list[str] = []
    for url in urls:
        address = _parts(url)
        if address is None:
            continue
        host, path, query = address
        whole = f"{host}{path}".lower()
        named = dict.fromkeys(find_registry_ids(url))
        if host in _RESOLVERS or "doi" in query:
            doi = doi or normal_doi(query.get("doi", "") or path)
        if found := _PUBMED.search(whole):
            pmid = pmid or found[1]
        elif found := _CENTRAL.search(whole):
            pmcid = pmcid or found[1]
        elif named:
            trials |= named
        elif host not in _RESOLVERS | _NOT_PAGES and (page := _page(host, path, query)):
            pages.append(page)
    best = max(pages, key=lambda page: (not page.endswith(".pdf"), len(page), page), default="")
    return Told(doi, pmid, pmcid, tuple(trials), best)


def _parts(url: str) -> tuple[str, str, dict[str, str]] | None:
    """Return host, path and parameters of an address; nothing for a text that is none."""
    text = url.strip()
    if not _HOSTED.match(text):
        return None
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = (parts.hostname or "").lower()
        query = {name.lower(): value for name, value in parse_qsl(parts.query)}
    except ValueError:  # brackets or a port that no address has
        return None
    while (bare := _SERVERS.sub("", host)) != host:
        host = bare
    return host, unquote(parts.path), query


def _page(host: str, path: str, query: dict[str, str]) -> str:
    """Return the normal form of an address if it names one page."""
    if not (_ASKS | _LINKS).isdisjoint(query):
        return ""
    path = _INDEX.sub("", path.lower())
    kept = "&".join(f"{name}={value.lower()}" for name, value in sorted(query.items()) if not _TRACKING.match(name))
    name = path.rpartition("/")[2]
    special = any(char.isdigit() for char in path + kept) or len(name) >= _LEAST_NAME
    return f"{host}{path}{'?' if kept else ''}{kept}".replace(" ", "%20") if special else ""
