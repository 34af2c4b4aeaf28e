"""Sentences that several kinds of results share, and the literature that they cite.

Numbers are rounded as everywhere (`stromata.model.numbers`). A number whose scale is not known keeps three digits that
count.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from stromata.model import Caution, MeasureName, numbers
from stromata.model.numbers import KEPT
from stromata.synthesis.cautions import counted
from stromata.synthesis.results.result import VERSIONS, Asked

CITED: dict[str, str] = {
    "viechtbauer-2005": "Viechtbauer (2005), Journal of Educational and Behavioral Statistics 30, 261-293",
    "dersimonian-kacker": "DerSimonian and Kacker (2007), Contemporary Clinical Trials 28, 105-114",
    "knapp-hartung": "Knapp and Hartung (2003), Statistics in Medicine 22, 2693-2710",
    "roever-2015": "Röver, Knapp and Friede (2015), BMC Medical Research Methodology 15, 99",
    "q-profile": "Viechtbauer (2007), Statistics in Medicine 26, 37-52",
    "jackson-2013": "Jackson (2013), Research Synthesis Methods 4, 220-229",
    "hardy-thompson": "Hardy and Thompson (1996), Statistics in Medicine 15, 619-629",
    "higgins-thompson": "Higgins and Thompson (2002), Statistics in Medicine 21, 1539-1558",
    "mantel-haenszel": "Mantel and Haenszel (1959), Journal of the National Cancer Institute 22, 719-748",
    "robins": "Robins, Breslow and Greenland (1986), Biometrics 42, 311-323",
    "greenland-robins": "Greenland and Robins (1985), Biometrics 41, 55-68",
    "sato": "Sato, Greenland and Robins (1989), Biometrics 45, 1323-1324",
    "peto": "Yusuf, Peto, Lewis, Collins and Sleight (1985), Progress in Cardiovascular Diseases 27, 335-371",
    "breslow-day": "Breslow and Day (1980), Statistical methods in cancer research 1, 142-146",
    "fay": "Fay (2010), The R Journal 2(1), 53-58",
    "mehta": "Mehta, Patel and Gray (1985), JASA 80, 969-973",
    "clopper-pearson": "Clopper and Pearson (1934), Biometrika 26, 404-413",
    "garwood": "Garwood (1936), Biometrika 28, 437-442",
    "stijnen": "Stijnen, Hamza and Ozdemir (2010), Statistics in Medicine 29, 3046-3067",
    "turner-2000": "Turner, Omar, Yang, Goldstein and Thompson (2000), Statistics in Medicine 19, 3417-3432",
    "kuss": "Kuss (2015), Statistics in Medicine 34, 1097-1116",
    "roever-2020": "Roever (2020), Journal of Statistical Software 93(6)",
    "smith-1995": "Smith, Spiegelhalter and Thomas (1995), Statistics in Medicine 14, 2685-2699",
    "thompson-higgins": "Thompson and Higgins (2002), Statistics in Medicine 21, 1559-1573",
    "higgins-thompson-2004": "Higgins and Thompson (2004), Statistics in Medicine 23, 1663-1682",
    "harville": "Harville (1977), JASA 72, 320-338",
    "berkey": "Berkey et al. (1998), Statistics in Medicine 17, 2537-2550",
    "konstantopoulos": "Konstantopoulos (2011), Research Synthesis Methods 2, 61-76",
    "hedges-tipton": "Hedges, Tipton and Johnson (2010), Research Synthesis Methods 1, 39-65",
    "tipton": "Tipton (2015), Psychological Methods 20, 375-393",
    "ruecker-2012": "Rücker (2012), Research Synthesis Methods 3, 312-324",
    "ruecker-schwarzer": "Rücker and Schwarzer (2014), Statistics in Medicine 33, 4353-4369",
    "p-score": "Rücker and Schwarzer (2015), BMC Medical Research Methodology 15, 58",
    "salanti-2011": "Salanti, Ades and Ioannidis (2011), Journal of Clinical Epidemiology 64, 163-171",
    "papakonstantinou": (
        "Papakonstantinou, Nikolakopoulou, Rücker, Chaimani, Schwarzer, Egger and Salanti (2018), F1000Research 7, 610"
    ),
    "krahn": "Krahn, Binder and König (2013), BMC Medical Research Methodology 13, 35",
    "higgins-2012": "Higgins, Jackson, Barrett, Lu, Ades and White (2012), Research Synthesis Methods 3, 98-110",
    "greenland-longnecker": "Greenland and Longnecker (1992), American Journal of Epidemiology 135, 1301-1309",
    "hamling": "Hamling, Lee, Weitkunat and Ambühl (2008), Statistics in Medicine 27, 954-970",
    "orsini-2012": "Orsini, Li, Wolk, Khudyakov and Spiegelman (2012), American Journal of Epidemiology 175, 66-73",
    "crippa-2019": (
        "Crippa, Discacciati, Bottai, Spiegelman and Orsini (2019), Statistical Methods in Medical Research 28, "
        "1579-1596"
    ),
    "reitsma": (
        "Reitsma, Glas, Rutjes, Scholten, Bossuyt and Zwinderman (2005), Journal of Clinical Epidemiology 58, 982-990"
    ),
    "rutter-gatsonis": "Rutter and Gatsonis (2001), Statistics in Medicine 20, 2865-2884",
    "welton": "Welton, Caldwell, Adamopoulos and Vedhara (2009), American Journal of Epidemiology 169, 1158-1165",
    "ruecker-2020": "Rücker, Petropoulou and Schwarzer (2020), Biometrical Journal 62, 808-821",
    "egger": "Egger et al. (1997), BMJ 315, 629-634",
    "moreno": "Moreno et al. (2009), BMC Medical Research Methodology 9, 2",
    "begg": "Begg and Mazumdar (1994), Biometrics 50, 1088-1101",
    "harbord": "Harbord, Egger and Sterne (2006), Statistics in Medicine 25, 3443-3457",
    "peters": "Peters et al. (2006), JAMA 295, 676-680",
    "deeks": "Deeks, Macaskill and Irwig (2005), Journal of Clinical Epidemiology 58, 882-893",
    "macaskill": "Macaskill, Walter and Irwig (2001), Statistics in Medicine 20, 641-654",
    "ruecker-2008": "Rücker, Schwarzer and Carpenter (2008), Statistics in Medicine 27, 746-763",
    "duval-tweedie": "Duval and Tweedie (2000), Biometrics 56, 455-463",
    "stanley": "Stanley and Doucouliagos (2014), Research Synthesis Methods 5, 60-78",
    "henmi-copas": "Henmi and Copas (2010), Statistics in Medicine 29, 2969-2983",
    "vevea-hedges": "Vevea and Hedges (1995), Psychometrika 60, 419-435",
    "iyengar": "Iyengar and Greenhouse (1988), Statistical Science 3, 109-117",
    "preston": "Preston, Ashby and Smyth (2004), Journal of Evaluation in Clinical Practice 10, 217-224",
    "citkowicz": "Citkowicz and Vevea (2017), Psychological Methods 22, 28-41",
    "rust": "Rust, Lehmann and Farley (1990), Journal of Marketing Research 27, 220-226",
    "rosenthal": "Rosenthal (1979), Psychological Bulletin 86, 638-641",
    "orwin": "Orwin (1983), Journal of Educational Statistics 8, 157-159",
    "rosenberg": "Rosenberg (2005), Evolution 59, 464-468",
    "ioannidis": "Ioannidis and Trikalinos (2007), Clinical Trials 4, 245-253",
    "p-curve": "Simonsohn, Nelson and Simmons (2014), Journal of Experimental Psychology: General 143, 534-547",
    "viechtbauer-cheung": "Viechtbauer and Cheung (2010), Research Synthesis Methods 1, 112-125",
    "olkin": "Olkin, Dahabreh and Trikalinos (2012), Research Synthesis Methods 3, 214-223",
    "wetterslev": "Wetterslev, Thorlund, Brok and Gluud (2008), Journal of Clinical Epidemiology 61, 64-75",
    "lan-demets": "Lan and DeMets (1983), Biometrika 70, 659-663",
    "walsh": "Walsh et al. (2014), Journal of Clinical Epidemiology 67, 622-628",
    "atal": "Atal, Porcher, Boutron and Ravaud (2019), Journal of Clinical Epidemiology 111, 32-40",
}
"""The literature on the methods, by the short names that the texts use."""

ESTIMATORS: dict[str, tuple[str, str]] = {
    "reml": ("restricted maximum likelihood", "viechtbauer-2005"),
    "ml": ("maximum likelihood", "viechtbauer-2005"),
    "dl": ("the DerSimonian-Laird method", "viechtbauer-2005"),
    "he": ("the Hedges method", "viechtbauer-2005"),
    "hs": ("the Hunter-Schmidt method", "viechtbauer-2005"),
    "hsk": ("the Hunter-Schmidt method with a correction for small samples", "viechtbauer-2005"),
    "sj": ("the Sidik-Jonkman method", "viechtbauer-2005"),
    "eb": ("the empirical Bayes method", "viechtbauer-2005"),
    "pm": ("the Paule-Mandel method", "dersimonian-kacker"),
    "pmm": ("the median-unbiased form of the Paule-Mandel method", "dersimonian-kacker"),
    "genq": ("the generalised Q method", "jackson-2013"),
    "genqm": ("the median-unbiased form of the generalised Q method", "jackson-2013"),
}
"""The estimators of the between-study variance in words, and where they are described."""

TESTS: dict[str, str] = {
    "z": "Tests and confidence intervals rest on the normal distribution",
    "t": "Tests and confidence intervals rest on Student's t distribution",
    "knha": "Tests and confidence intervals are by the Hartung-Knapp method",
    "adhoc": "Tests and confidence intervals are by the Hartung-Knapp method, with a variance that is never reduced",
}


def cite(*names: str) -> str:
    """Return references in brackets."""
    sources = (re.sub(r" \((\d{4})\),", r" \1,", CITED[name], count=1) for name in dict.fromkeys(names))
    return f"({'; '.join(sources)})"


def test_sentence(test: str, level: float) -> str:
    """Return what tests and intervals rest on."""
    keys = {"knha": ("knapp-hartung",), "adhoc": ("knapp-hartung", "roever-2015")}.get(test, ())
    source = f" {cite(*keys)}" if keys else ""
    return f"{TESTS[test]}{source}; the level of confidence is {numbers.level(level)}."


def random_sentence(method: str, tau2: float | None) -> str:
    """Return how a random-effects model by inverse variance got its between-study variance."""
    start = "Studies were pooled by inverse variance under a random-effects model, with the between-study variance τ²"
    if method not in ESTIMATORS:
        return f"{start} held at {plain_number(tau2)}."
    words, source = ESTIMATORS[method]
    return f"{start} estimated by {words} {cite(source)}."


def model_words(method: str) -> str:
    """Return how estimates were pooled under a method (``ee`` or an estimator of tau2)."""
    if method == "ee":
        return "Studies were pooled by inverse variance under a common-effect model, which assumes one true effect."
    return random_sentence(method, None)


def computed(asked: Asked | None = None, versions: Sequence[tuple[str, str]] = ()) -> str:
    """Return what computed a result."""
    known = dict(asked.versions if asked else versions or VERSIONS)
    own = known.pop("stromata", "")
    rest = " and ".join(f"{name} {version}" for name, version in known.items())
    return f"Computations were done with stromata {own} ({rest})."


def studies(k: int) -> str:
    """Return a number of studies."""
    return counted(k, "study", "studies")


def included(k: int, known: str = "", *, what: str = "") -> str:
    """Return the sentence on how many studies were included, with what is `known` of them."""
    return f"{what or studies(k)}{known} {'was' if k == 1 else 'were'} included."


def participants(people: float | None) -> str:
    """Return a number of participants; empty when it is not known."""
    return counted(round(people), "participant") if people else ""


def listed(names: Iterable[str]) -> str:
    """Return names as a list in a sentence."""
    found = list(names)
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}" if found else ""


Writer: TypeAlias = Callable[[float | None], str]
"""What writes a value of one scale."""


def ci(low: float | None, high: float | None, level: float, write: Writer, *, word: str = "CI") -> str:
    """Return ``95 % CI 0.34 to 0.70``; with one bound ``at most`` or ``at least``; empty without any."""
    name = f"{numbers.level(level)}{KEPT}{word}"
    if low is None and high is None:
        return ""
    if high is None or high == math.inf:
        return f"{name} {write(low)} or more" if low is not None else ""
    if low is None or low == -math.inf:
        return f"{name} {write(high)} or less"
    return f"{name} {write(low)} to {write(high)}"


class Write:
    """Write values of one scale: with the measure's own digits, and its unit."""

    def __init__(self, measure: MeasureName | None = None, people: int | None = None) -> None:
        self.measure = measure
        self.people = people

    def __call__(self, value: float | None) -> str:
        """Return a value of the natural scale."""
        if value is not None and math.isinf(value):
            return "infinite" if value > 0 else "minus infinite"
        if self.measure is None:
            return numbers.number(value)
        text = numbers.natural(value, self.measure, self.people)
        return f"{text}{KEPT}%" if numbers.unit(self.measure) and text != numbers.MISSING else text


def plain_number(value: float | None) -> str:
    """Return a number whose scale is not known."""
    return numbers.number(value)


def in_brackets(*parts: str) -> str:
    """Return the parts that are not empty, in brackets; nothing without any."""
    found = [part for part in parts if part and part != numbers.MISSING]
    return f" ({'; '.join(found)})" if found else ""


def significance(statistic: float | None, df: float | None, p: float | None, letter: str = "") -> str:
    """Return ``t = 2.31 on 12 degrees of freedom, p = 0.039``, with what there is."""
    if statistic is None or not math.isfinite(statistic):
        return numbers.p_value(p) if p is not None and math.isfinite(p) else ""
    name = letter or ("z" if df is None else "t")
    on = "" if df is None else f" on {degrees(df)}"
    return f"{name}{KEPT}={KEPT}{numbers.fixed(statistic, 2)}{on}, {numbers.p_value(p)}"


def degrees(df: float) -> str:
    """Return degrees of freedom."""
    shown = numbers.fixed(df, 0) if float(df).is_integer() else numbers.fixed(df, 1)
    return f"{shown} degree{'' if df == 1 else 's'} of freedom"


def _whole_percent(value: float | None) -> str:
    return numbers.MISSING if value is None else f"{numbers.fixed(value, 0)}{KEPT}%"


def spread(
    *,
    tau2: float | None = None,
    tau2_bounds: tuple[float | None, float | None] = (None, None),
    i2: float | None = None,
    i2_bounds: tuple[float | None, float | None] = (None, None),
    q: float | None = None,
    q_df: float | None = None,
    q_p: float | None = None,
    level: float = 0.95,
    what: str = "Heterogeneity between studies",
    test: str = "Cochran's Q",
    word: str = "CI",
) -> str:
    """Return a sentence on heterogeneity with what there is; empty when there is nothing."""
    parts = []
    if tau2 is not None and math.isfinite(tau2):
        parts.append(
            f"τ²{KEPT}={KEPT}{plain_number(tau2)}{in_brackets(ci(*tau2_bounds, level, plain_number, word=word))}"
        )
    if i2 is not None and math.isfinite(i2):
        bounds = ci(*i2_bounds, level, _whole_percent, word=word)
        parts.append(f"I²{KEPT}={KEPT}{numbers.fixed(i2, 0)}{KEPT}%{in_brackets(bounds)}")
    if q is not None and q_df is not None and math.isfinite(q) and q_df > 0:
        parts.append(f"{test}{KEPT}={KEPT}{numbers.fixed(q, 2)} on {degrees(q_df)}, {numbers.p_value(q_p)}")
    return f"{what}: {'; '.join(parts)}." if parts else ""


def reservations(cautions: Iterable[Caution], *, but: Sequence[str] = ()) -> str:
    """Return the texts of all cautions, one after the other, but for some codes."""
    return " ".join(caution.text for caution in cautions if caution.code not in but)


def paragraph(*sentences: str) -> str:
    """Return the sentences that are not empty, as one paragraph."""
    return " ".join(sentence.strip() for sentence in sentences if sentence.strip())
