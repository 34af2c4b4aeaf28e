"""Small results to draw: the trials of the BCG vaccine (Colditz et al. 1994, JAMA 271, 698-702, table 1) and others."""

import re
from functools import cache

from lxml import etree

from stromata.synthesis import effect_sizes, pool

TRIALS = [
    ("Aronson 1948", 4, 123, 11, 139, "random", 44),
    ("Ferguson & Simes 1949", 6, 306, 29, 303, "random", 55),
    ("Rosenthal 1960", 3, 231, 11, 220, "random", 42),
    ("Hart & Sutherland 1977", 62, 13598, 248, 12867, "random", 52),
    ("Frimodt-Moller 1973", 33, 5069, 47, 5808, "alternate", 13),
    ("Stein & Aronson 1953", 180, 1541, 372, 1451, "alternate", 44),
    ("TPT Madras 1980", 505, 88391, 499, 88391, "random", 13),
]
LATITUDE = [float(trial[6]) for trial in TRIALS]


@cache
def effects(measure="RR"):
    label, ai, n1i, ci, n2i, group, _ = zip(*TRIALS, strict=True)
    return effect_sizes(measure, ai=ai, n1i=n1i, ci=ci, n2i=n2i, labels=label, groups=group)


@cache
def trials(measure="RR", by_group=False, model="random"):
    return pool(effects(measure), by_group=by_group, model=model)


@cache
def proportions():
    counts = {"xi": [8, 6, 3, 0, 61], "ni": [17, 6, 12, 7, 124]}
    return pool(effect_sizes("PLO", **counts, labels=["A", "B", "C", "D", "王小明 2020"]))


def nothing(measure="OR"):
    return pool((), measure=measure)


def read(svg):
    """Return the tree of an SVG whose ids have lost what makes them unique among figures; within one they are."""
    text = svg.decode("utf-8")
    root = etree.fromstring(re.sub(r'id="f[0-9a-f]{10}-', 'id="', text).encode("utf-8"))
    every = [each.get("id") for each in root.iter() if each.get("id")]
    assert len(every) == len(set(every)), "an id stands twice"
    return root


def ids(root, start):
    return [each.get("id") for each in root.iter() if (each.get("id") or "").startswith(start)]


def part(root, name):
    (found,) = (each for each in root.iter() if each.get("id") == name)
    return found


def texts(root):
    return [
        "".join(each.itertext()).replace("\u00a0", " ") for each in root.iterfind(".//{http://www.w3.org/2000/svg}text")
    ]


def description(root):
    return root.findtext("{http://www.w3.org/2000/svg}desc").replace("\u00a0", " ")


def numbers_of(element):
    """Return the points of the first path of a group."""
    path = next(each for each in element.iter() if each.tag.endswith("path"))
    found = [float(each) for each in re.findall(r"-?\d+(?:\.\d+)?", path.get("d"))]
    return list(zip(found[::2], found[1::2], strict=True))
