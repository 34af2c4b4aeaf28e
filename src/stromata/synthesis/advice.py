"""What the literature advises for these data, and several honest analyses of them side by side.

Four kinds of data: events of one group (`xi`, `ni`), events in time of one group (`xi`, `ti`), two groups (`ai`, `n1i`,
`ci`, `n2i`), estimates (`yi`, `vi`). Where a threshold is a judgement and not a theorem it has a name here, and the
advice says what was looked at.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from stromata.errors import InvalidInput
from stromata.model import Caution, Interval
from stromata.synthesis.bayesian.counts import mean_proportion
from stromata.synthesis.bayesian.estimates import pool_bayes
from stromata.synthesis.bayesian.priors import TauPrior, half_normal
from stromata.synthesis.cautions import CONSIDERABLE_I2, FEW_STUDIES
from stromata.synthesis.counts.beta_binomial import pool_beta_binomial
from stromata.synthesis.counts.glmm import pool_glmm
from stromata.synthesis.effects.columns import as_arrays, check, choose_columns, one_dimensional
from stromata.synthesis.effects.measures import get_measure
from stromata.synthesis.effects.sizes import effect_arrays, effect_sizes
from stromata.synthesis.intervals import FloatArray, check_level, exact_interval, exact_rate_interval
from stromata.synthesis.pooling.estimates import pool_estimates
from stromata.synthesis.pooling.pool import pool
from stromata.synthesis.study_set import study_set

Method: TypeAlias = Literal[
    "exact",
    "glmm",
    "glmm-um.rs",
    "glmm-cm.el",
    "beta-binomial",
    "bayes",
    "mh",
    "peto",
    "common",
    "random-adhoc",
    "random",
    "inverse-variance-corrected",
    "double-arcsine",
]
"""Analyses by name; `side_by_side` runs those that are advised."""

RARE = 0.01
"""Share of people with the event below which the Cochrane Handbook (5.1, 16.9.5) calls Peto's method least biased."""

SPARSE = 0.05
"""Share of people with the event below which counts are modelled as counts here even where no cell is empty."""

BALANCED = 2.0
"""Ratio of the arms' sizes up to which they count as balanced for Peto's method; the sources give no number."""

LARGE_EFFECT = 5.0
"""Odds ratio from which, or from whose inverse, an effect is too large for Peto's method; a judgement as well."""

FEW_PER_STUDY = 10
"""Largest number of people per study below which single-arm proportions say hardly anything one by one."""

# Authors, years, journals and pages were held against reference lists elsewhere; comments say where. The first four are
# in the manual pages of metafor. What is said of Peto's method below 1 % is in the authors' summary at
# http://www.csm-oxford.org.uk/projects/healthcare-interventions0/meta-analysis-rare-events/
BRADBURN = "Bradburn, Deeks, Berlin and Localio (2007), Statistics in Medicine 26, 53-77"
SWEETING = "Sweeting, Sutton and Lambert (2004), Statistics in Medicine 23, 1351-1375"
STIJNEN = "Stijnen, Hamza and Ozdemir (2010), Statistics in Medicine 29, 3046-3067"
JACKSON = "Jackson, Law, Stijnen, Viechtbauer and White (2018), Statistics in Medicine 37, 1059-1085"
KUSS = "Kuss (2015), Statistics in Medicine 34, 1097-1116"  # https://doi.org/10.1002/sim.6383
# http://handbook-5-1.cochrane.org/chapter_16/16_9_5_validity_of_methods_of_meta_analysis_for_rare_events.htm
HANDBOOK = "Cochrane Handbook for Systematic Reviews of Interventions, version 5.1, section 16.9.5"
# Its bands of I2 stand in https://processbook.kce.be/book/export/html/106. The section of the current version was not
# seen itself; many public projects name it so.
HANDBOOK_I2 = "Cochrane Handbook for Systematic Reviews of Interventions, section 10.10.2"
# https://doi.org/10.1002/jrsm.1297
BENDER = "Bender, Friede, Koch and others (2018), Research Synthesis Methods 9, 382-392"
# Title, year and DOI were found (Meta-analysis of few small studies in orphan diseases), volume and pages were not.
FRIEDE = "Friede, Roever, Wandel and Neuenschwander (2017), Research Synthesis Methods, doi:10.1002/jrsm.1217"
# https://pmc.ncbi.nlm.nih.gov/articles/PMC4647507
ROEVER = "Roever, Knapp and Friede (2015), BMC Medical Research Methodology 15, 99"
INTHOUT = "IntHout, Ioannidis and Borm (2014), BMC Medical Research Methodology 14, 25"  # a protocol's reference list
# https://doi.org/10.1002/jrsm.1348
SCHWARZER = "Schwarzer, Chemaitelly, Abu-Raddad and Ruecker (2019), Research Synthesis Methods 10, 476-483"
HANLEY = "Hanley and Lippman-Hand (1983), JAMA 249, 1743-1745"  # https://doi.org/10.1001/jama.1983.03330370053031
CLOPPER = "Clopper and Pearson (1934), Biometrika 26, 404-413"  # https://doi.org/10.1093/biomet/26.4.404
GARWOOD = "Garwood (1936), Biometrika 28, 437-442"  # https://doi.org/10.1093/biomet/28.3-4.437
MEHTA = "Mehta, Patel and Gray (1985), JASA 80, 969-973"  # https://doi.org/10.1080/01621459.1985.10478212


@dataclass(frozen=True, slots=True)
class Option:
    """One way to analyse the data, with the reason for it or against it."""

    method: Method
    why: str
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do with these data.

    Attributes
    ----------
    kind : what the data are.
    k, events, people : studies, events and people (or time) in all; None where the data do not say.
    first : what is advised; None when nothing meaningful can be done.
    others : reasonable beside it, the better ones first.
    against : what is often done and should not be, here.
    refused : why a question cannot be answered from these data; empty when it can.
    """

    kind: Literal["proportions", "rates", "two groups", "estimates"]
    k: int
    events: float | None
    people: float | None
    first: Option | None
    others: tuple[Option, ...]
    against: tuple[Option, ...]
    refused: str
    cautions: tuple[Caution, ...]


@dataclass(frozen=True, slots=True)
class Analysis:
    """One analysis of the same data.

    Attributes
    ----------
    title : what a table prints.
    natural : estimate with its interval on the natural scale (for ``bayes`` the median and the central interval).
    refused : why there is no result; empty when there is one.
    """

    method: Method
    title: str
    natural: Interval
    cautions: tuple[Caution, ...]
    refused: str = ""


def recommend(**columns: npt.ArrayLike) -> Advice:
    """Say which model the literature advises for these data, and why.

    Parameters
    ----------
    columns : (K,) one of the sets `xi` and `ni`; `xi` and `ti`; `ai`, `n1i`, `ci` and `n2i`; `yi` and `vi`.

    Raises
    ------
    InvalidInput
        Another set of columns, or impossible values (the study and the column are named).

    Examples
    --------
    >>> advice = recommend(xi=[0], ni=[6])
    >>> advice.first.method, [caution.code for caution in advice.cautions]
    ('exact', ['no-events', 'single-study', 'small-total', 'uncontrolled'])
    """
    kind, given = _given(columns)
    if kind == "estimates":
        return _for_estimates(given["yi"], given["vi"])
    if kind == "two groups":
        return _for_two_groups(given["ai"], given["n1i"], given["ci"], given["n2i"])
    size = given["ni"] if kind == "proportions" else given["ti"]
    return _for_one_group(kind, given["xi"], size)


def side_by_side(
    *, tau_prior: TauPrior | None = None, level: float = 0.95, **columns: npt.ArrayLike
) -> tuple[Analysis, ...]:
    """Run what `recommend` advises, the first choice first, each with its own cautions.

    Parameters
    ----------
    tau_prior : prior of the Bayesian analysis. The default is half-normal with scale 1 for logits of one group, and 1/2
        for log odds ratios. For `yi` and `vi` there is none, since it depends on their scale: that analysis is then
        refused with this reason.
    level : coverage of all intervals.
    columns : as `recommend`.

    Returns
    -------
    Proportions or rates; odds ratios; or the scale of the estimates. A method that fails on these data stands there
    with its reason.

    Raises
    ------
    InvalidInput
        As `recommend`, and a level outside (0, 1).
    """
    check_level(level)
    advice = recommend(**columns)
    _, given = _given(columns)
    options = (*((advice.first,) if advice.first else ()), *advice.others)
    found = [_run(option.method, advice.kind, given, tau_prior, level) for option in options]
    # A bare interval has no reservations of its own; those about the data hold for it all the same.
    return tuple(each if each.cautions or each.refused else replace(each, cautions=advice.cautions) for each in found)


_SETS: dict[frozenset[str], tuple[Literal["proportions", "rates", "two groups", "estimates"], str]] = {
    frozenset({"xi", "ni"}): ("proportions", "PLO"),
    frozenset({"xi", "ti"}): ("rates", "IRLN"),
    frozenset({"ai", "n1i", "ci", "n2i"}): ("two groups", "OR"),
    frozenset({"yi", "vi"}): ("estimates", ""),
}


def _given(
    columns: dict[str, npt.ArrayLike],
) -> tuple[Literal["proportions", "rates", "two groups", "estimates"], dict[str, FloatArray]]:
    names = frozenset(columns)
    if names not in _SETS:
        sets = "; ".join(", ".join(sorted(wanted)) for wanted in _SETS)
        raise InvalidInput(f"got the columns {', '.join(sorted(names)) or '(none)'}; there are: {sets}")
    kind, measure = _SETS[names]
    if kind == "estimates":
        if np.size(columns["yi"]) == 0:
            return kind, {"yi": np.zeros(0), "vi": np.zeros(0)}
        studies = study_set(columns["yi"], columns["vi"], purpose="advice")
        return kind, {"yi": studies.y, "vi": studies.v}
    entry = get_measure(measure)
    given = as_arrays(choose_columns(entry, columns), columns)
    one_dimensional(given)
    check(entry, given)
    return kind, given


def _for_one_group(kind: Literal["proportions", "rates"], x: FloatArray, size: FloatArray) -> Advice:
    k, events, people = len(x), float(x.sum()), float(size.sum())
    counted = kind == "proportions"
    found = [Caution(code, text) for code, text in _one_group_reservations(x, size, counted=counted)]
    blank = Advice(kind, k, events, people, None, (), (), "", tuple(found))
    if k == 0:
        return _refuse(blank, "There is no study.")
    exact = CLOPPER if counted else GARWOOD
    against = (_AGAINST_CORRECTION,) + ((_AGAINST_ARCSINE,) if counted and k > 1 else ())
    bayes = Option("bayes", "A stated prior says what is unlikely, and gives an interval at any size.", (FRIEDE,))
    others: tuple[Option, ...] = (bayes,) if counted else ()
    if k == 1:
        why = (
            "There is one study: its exact interval covers at least what it promises at any size, and assumes nothing."
        )
        return _advise(blank, Option("exact", why, (exact,)), others, against)
    if events in ({0.0, people} if counted else {0.0}):
        why = (
            "No model has a finite estimate when nobody, or everybody, had the event. The exact interval of all people "
            "together is a one-sided bound; it takes the studies as alike, which such data cannot contradict."
        )
        return _advise(blank, Option("exact", why, (HANLEY, exact)), others, against)
    if counted and float(size.max()) == 1:
        why = "Every study has one person, so that variation between studies leaves no trace: they are pooled as one."
        return _advise(blank, Option("exact", why, (exact,)), others, against)
    glmm = Option(
        "glmm",
        "The counts are modelled as they are, with no correction where nobody or everybody had the event.",
        (STIJNEN,),
    )
    together = Option("exact", "What would hold if the studies were alike; too narrow if they are not.", (exact,))
    beta = (Option("beta-binomial", "Another shape of the variation, on the scale of proportions.", (KUSS,)),) * counted
    if k < FEW_STUDIES and counted:
        why = (
            f"With {k} studies the variance between them is hardly estimable, and an estimate of zero would pass for "
            "agreement. A weak prior keeps plausible variation in the interval."
        )
        return _advise(blank, Option("bayes", why, (BENDER, FRIEDE)), (glmm, *beta, together), against)
    return _advise(blank, glmm, (*beta, *others, together), against)


def _one_group_reservations(x: FloatArray, size: FloatArray, *, counted: bool) -> list[tuple[str, str]]:
    found = []
    k, events, people = len(x), float(x.sum()), float(size.sum())
    if k and events == 0:
        found.append(("no-events", "Nobody had the event: only an upper bound can be given."))
    if k and counted and events == people:
        found.append(("all-events", "Everybody had the event: only a lower bound can be given."))
    if k == 1:
        found.append(("single-study", "One study only: nothing can be said about how results vary between studies."))
    elif 1 < k < FEW_STUDIES:
        found.append(("few-studies", f"Only {k} studies: how much results vary between them is hardly estimable."))
    if counted and k > 1 and 1 < float(size.max()) < FEW_PER_STUDY:
        text = f"No study has {FEW_PER_STUDY} people: variation between studies can hardly be told from chance."
        found.append(("tiny-studies", text))
    if counted and 0 < people < 100:
        who = "1 person" if people == 1 else f"{people:g} people"
        found.append(("small-total", f"Only {who} in all: the result is imprecise whatever the method."))
    if k:
        text = "Single-arm data: without a comparison group this cannot be read as an effect of the treatment."
        found.append(("uncontrolled", text))
    return found


_AGAINST_CORRECTION = Option(
    "inverse-variance-corrected",
    "Constants added to empty cells, and weights that depend on the counts, bias the result when events are few.",
    (SWEETING, STIJNEN),
)
_AGAINST_ARCSINE = Option(
    "double-arcsine",
    "Turning the average back into a proportion needs one study size, and can give values outside the studies' range.",
    (SCHWARZER,),
)


def _for_two_groups(a: FloatArray, n1: FloatArray, c: FloatArray, n2: FloatArray) -> Advice:
    told = (a + c > 0) & (a + c < n1 + n2)
    events, people = float((a + c).sum()), float((n1 + n2).sum())
    silent, k = int((~told).sum()), int(told.sum())
    blank = Advice("two groups", len(a), events, people, None, (), (), "", ())
    if not len(a):
        return _refuse(blank, "There is no study.")
    found = []
    if silent:
        text = (
            f"In {silent} of {len(a)} studies nobody, or everybody, had the event: they say nothing about a ratio. "
            "They do count in a beta-binomial model and in the people observed."
        )
        found.append(Caution("double-zero", text))
    if not k:
        return _refuse(
            _with(blank, found),
            "Nobody, or everybody, had the event in every study: no ratio can be estimated or bounded. Show the exact "
            "interval of each group instead.",
        )
    if k == 1:
        text = "One study only that says anything: nothing can be said about how results vary between studies."
        found.append(Caution("single-study", text))
    elif k < FEW_STUDIES:
        text = f"Only {k} studies say anything: how much results vary between them is hardly estimable."
        found.append(Caution("few-studies", text))
    spread = _i2(a[told], n1[told], c[told], n2[told]) if k > 1 else 0.0
    if spread >= CONSIDERABLE_I2:
        text = f"Results differ widely between studies (I2 {spread:.0f} %): look for reasons before pooling."
        found.append(Caution("heterogeneity-large", text))
    return _two_groups_choice(_with(blank, found), (a[told], n1[told], c[told], n2[told]), silent, spread)


def _two_groups_choice(
    blank: Advice, counts: tuple[FloatArray, FloatArray, FloatArray, FloatArray], silent: int, spread: float
) -> Advice:
    a, n1, c, n2 = counts
    k = len(a)
    exact = Option("exact", "Conditional on the totals it assumes nothing about the baselines, at any size.", (MEHTA,))
    conditional = Option(
        "glmm-cm.el",
        "Counts as they are, baselines drop out, and effects may vary between studies.",
        (STIJNEN, JACKSON),
    )
    haenszel = Option("mh", "Needs no correction unless all events are in one group.", (HANDBOOK, BRADBURN))
    beta = Option(
        "beta-binomial", "Uses the studies without events; does not keep the comparison within studies.", (KUSS,)
    )
    if k == 1:
        why = "One study says anything: its exact odds ratio and interval."
        return _advise(blank, Option("exact", why, (MEHTA,)), (beta,) if silent else (), (_AGAINST_CORRECTION,))
    low, high = np.maximum(0.0, a + c - n2), np.minimum(n1, a + c)
    if a.sum() in {float(low.sum()), float(high.sum())}:
        why = "All events that count are in one group: no finite ratio exists, and the exact bound is one-sided."
        return _advise(blank, Option("exact", why, (MEHTA,)), (), (_AGAINST_CORRECTION,))
    share = float((a + c).sum() / (n1 + n2).sum())
    cells = np.stack((a, n1 - a, c, n2 - c))
    sparse = bool((cells == 0).any()) or silent > 0 or share < SPARSE
    if sparse:
        return _sparse_choice(blank, counts, (exact, conditional, haenszel, beta), spread, share)
    common = Option("mh", "What holds if the studies share one odds ratio.", (HANDBOOK,))
    if k < FEW_STUDIES:
        why = (
            f"With {k} studies the variance between them is hardly estimable: a weak prior keeps plausible variation "
            "in the interval, where ordinary random-effects intervals are too narrow."
        )
        adhoc = Option("random-adhoc", "Hartung-Knapp, never narrower than the ordinary interval.", (ROEVER,))
        return _advise(blank, Option("bayes", why, (BENDER, FRIEDE)), (common, adhoc, conditional), (_AGAINST_WALD,))
    why = "Enough studies and events for a random-effects model with Hartung-Knapp intervals."
    others = (conditional, common) if spread < CONSIDERABLE_I2 else (conditional,)
    return _advise(blank, Option("random-adhoc", why, (INTHOUT, ROEVER)), others, ())


_AGAINST_WALD = Option(
    "random",
    "Its normal interval takes the variance between studies as known, and is too narrow here.",
    (INTHOUT, BENDER),
)


def _sparse_choice(
    blank: Advice,
    counts: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    options: tuple[Option, Option, Option, Option],
    spread: float,
    share: float,
) -> Advice:
    a, n1, c, n2 = counts
    exact, conditional, haenszel, beta = options
    ratio = np.maximum(n1, n2) / np.minimum(n1, n2)
    b, d = n1 - a, n2 - c
    top, bottom = float((a * d / (n1 + n2)).sum()), float((b * c / (n1 + n2)).sum())
    large = not (bottom > 0 and top > 0 and 1 / LARGE_EFFECT < top / bottom < LARGE_EFFECT)
    reasons = []
    if share >= RARE:
        reasons.append(f"{100 * share:.1f} % of people had the event")
    if float(ratio.max()) > BALANCED:
        reasons.append(f"the arms differ in size by up to {float(ratio.max()):.1f} to 1")
    if large:
        reasons.append("the effect is large")
    if spread >= CONSIDERABLE_I2:
        reasons.append("results vary widely")
    peto_why = (
        f"Events are rare ({100 * share:.2f} %), the arms balanced and the effect moderate: Peto's method is then the "
        "least biased of the simple ones."
    )
    peto = Option("peto", peto_why, (BRADBURN, HANDBOOK))
    against: tuple[Option, ...] = (_AGAINST_CORRECTION,)
    baselines = Option(
        "glmm-um.rs", "Normal baselines instead of conditioning; a check of that assumption.", (JACKSON,)
    )
    if reasons:
        against += (Option("peto", f"It is biased here: {'; '.join(reasons)}.", (BRADBURN,)),)
        if len(a) < FEW_STUDIES and spread < CONSIDERABLE_I2:
            why = "Few studies and few events: one common odds ratio, estimated exactly; variation cannot be estimated."
            return _advise(blank, Option("exact", why, (MEHTA,)), (haenszel, conditional, beta), against)
        return _advise(blank, conditional, (haenszel, exact, baselines, beta), against)
    return _advise(blank, peto, (exact, haenszel, conditional, beta), against)


def _for_estimates(y: FloatArray, v: FloatArray) -> Advice:
    k = len(y)
    blank = Advice("estimates", k, None, None, None, (), (), "", ())
    if k == 0:
        return _refuse(blank, "There is no study.")
    if k == 1:
        text = "One study only: its own result is all there is; nothing can be said about how results vary."
        why = "There is nothing to pool: show the study's own estimate and interval."
        return _advise(_with(blank, [Caution("single-study", text)]), Option("common", why, (HANDBOOK_I2,)), (), ())
    i2 = pool_estimates(y, v).i2 or 0.0
    found = []
    if k < FEW_STUDIES:
        text = f"Only {k} studies: how much results vary between them is hardly estimable."
        found.append(Caution("few-studies", text))
    if i2 >= CONSIDERABLE_I2:
        text = f"Results differ widely between studies (I2 {i2:.0f} %): look for reasons before pooling."
        found.append(Caution("heterogeneity-large", text))
    common = Option("common", "What holds if the studies share one true effect.", (BENDER,))
    adhoc = Option("random-adhoc", "Hartung-Knapp, never narrower than the ordinary interval.", (ROEVER, INTHOUT))
    if k < FEW_STUDIES:
        why = (
            f"With {k} studies no variance between them can be estimated without help: state a prior for it. With two, "
            "Hartung-Knapp intervals are often too wide to say anything, and normal ones too narrow."
        )
        others = (adhoc,) if i2 >= CONSIDERABLE_I2 else (common, adhoc)
        return _advise(_with(blank, found), Option("bayes", why, (FRIEDE, BENDER)), others, (_AGAINST_WALD,))
    why = "Random effects with Hartung-Knapp intervals keep their coverage when studies are few or unequal."
    extra = (Option("random", "The same with a normal interval, for comparison.", (INTHOUT,)),)
    rest = () if i2 >= CONSIDERABLE_I2 else (common,)
    return _advise(_with(blank, found), Option("random-adhoc", why, (INTHOUT, ROEVER)), extra + rest, ())


def _i2(a: FloatArray, n1: FloatArray, c: FloatArray, n2: FloatArray) -> float:
    """Return I2 of the log odds ratios, 1/2 added where a cell is empty: a rough look, not a result."""
    y, v = effect_arrays("OR", ai=a, n1i=n1, ci=c, n2i=n2)
    return pool_estimates(y, v).i2 or 0.0


def _with(advice: Advice, cautions: Sequence[Caution]) -> Advice:
    return _changed(advice, cautions=tuple(cautions))


def _refuse(advice: Advice, reason: str) -> Advice:
    return _changed(advice, refused=reason)


def _advise(advice: Advice, first: Option, others: tuple[Option, ...], against: tuple[Option, ...]) -> Advice:
    return _changed(advice, first=first, others=others, against=against)


def _changed(
    advice: Advice,
    *,
    first: Option | None = None,
    others: tuple[Option, ...] = (),
    against: tuple[Option, ...] = (),
    refused: str = "",
    cautions: tuple[Caution, ...] | None = None,
) -> Advice:
    kept = advice.cautions if cautions is None else cautions
    return Advice(advice.kind, advice.k, advice.events, advice.people, first, others, against, refused, kept)


_NOTHING = Interval(None, None, None)


def _run(method: Method, kind: str, given: dict[str, FloatArray], tau_prior: TauPrior | None, level: float) -> Analysis:
    runner = {"proportions": _run_proportions, "rates": _run_rates, "two groups": _run_two, "estimates": _run_estimates}
    try:
        return runner[kind](method, given, tau_prior, level)
    except InvalidInput as error:
        return Analysis(method, _TITLES[method], _NOTHING, (), refused=error.message)


_TITLES: dict[Method, str] = {
    "exact": "exact interval, all people together",
    "glmm": "binomial-normal (GLMM)",
    "glmm-um.rs": "GLMM, normal baselines",
    "glmm-cm.el": "GLMM, conditional exact",
    "beta-binomial": "beta-binomial",
    "bayes": "Bayesian random effects",
    "mh": "Mantel-Haenszel",
    "peto": "Peto",
    "common": "common effect, inverse variance",
    "random-adhoc": "random effects (REML), Hartung-Knapp",
    "random": "random effects (REML), normal",
    "inverse-variance-corrected": "inverse variance with corrections",
    "double-arcsine": "double arcsine",
}


def _run_proportions(method: Method, g: dict[str, FloatArray], tau_prior: TauPrior | None, level: float) -> Analysis:
    x, n = g["xi"], g["ni"]
    if method == "exact":
        events, people = float(x.sum()), float(n.sum())
        return Analysis(method, _TITLES[method], Interval(events / people, *exact_interval(events, people, level)), ())
    if method == "glmm":
        found = pool_glmm("PLO", xi=x, ni=n, level=level)
        return Analysis(method, _TITLES[method], found.natural, found.cautions)
    if method == "beta-binomial":
        beta = pool_beta_binomial("PLO", xi=x, ni=n, level=level)
        return Analysis(method, _TITLES[method], beta.natural, beta.cautions)
    prior = tau_prior or half_normal(1.0)
    return Analysis(method, f"{_TITLES[method]}, {prior.name}", *mean_proportion(x, n, tau_prior=prior, level=level))


def _run_rates(method: Method, g: dict[str, FloatArray], tau_prior: TauPrior | None, level: float) -> Analysis:  # noqa: ARG001 - one signature for all kinds
    x, t = g["xi"], g["ti"]
    if method == "exact":
        events, time = float(x.sum()), float(t.sum())
        interval = Interval(events / time, *exact_rate_interval(events, time, level))
        return Analysis(method, "exact interval, all time together", interval, ())
    found = pool_glmm("IRLN", xi=x, ti=t, level=level)
    return Analysis(method, "Poisson-normal (GLMM)", found.natural, found.cautions)


def _run_two(method: Method, given: dict[str, FloatArray], tau_prior: TauPrior | None, level: float) -> Analysis:
    g: dict[str, Any] = dict(given)  # Any: columns, which the functions take beside their options
    if method in {"glmm-cm.el", "glmm-um.rs"}:
        found = pool_glmm("OR", model="cm.el" if method == "glmm-cm.el" else "um.rs", level=level, **g)
        return Analysis(method, _TITLES[method], found.natural, found.cautions)
    if method == "beta-binomial":
        beta = pool_beta_binomial("OR", level=level, **g)
        return Analysis(method, _TITLES[method], beta.natural, beta.cautions)
    if method == "bayes":
        y, v = effect_arrays("OR", **g)
        prior = tau_prior or half_normal(0.5)
        bayes = pool_bayes(y, v, tau_prior=prior, level=level)
        values = bayes.mu.median, bayes.mu.central_low, bayes.mu.central_high
        interval = Interval(*(math.exp(value) for value in values))
        return Analysis(method, f"{_TITLES[method]}, {prior.name}", interval, bayes.cautions)
    effects = effect_sizes("PETO" if method == "peto" else "OR", level=level, **g)
    if method in {"mh", "peto", "exact"}:
        result = pool(effects, model="mh" if method == "mh" else "peto" if method == "peto" else "exact", level=level)
    else:
        result = pool(effects, model="random", test="adhoc", level=level)
    title = "exact conditional odds ratio" if method == "exact" else _TITLES[method]
    return Analysis(method, title, result.natural, result.cautions)


def _run_estimates(method: Method, g: dict[str, FloatArray], tau_prior: TauPrior | None, level: float) -> Analysis:
    y, v = g["yi"], g["vi"]
    if method == "bayes":
        if tau_prior is None:
            raise InvalidInput("the scale of the estimates is not known here, so that no prior can be assumed")
        bayes = pool_bayes(y, v, tau_prior=tau_prior, level=level)
        interval = Interval(bayes.mu.median, bayes.mu.central_low, bayes.mu.central_high)
        return Analysis(method, f"{_TITLES[method]}, {tau_prior.name}", interval, bayes.cautions)
    found = pool_estimates(
        y,
        v,
        method="ee" if method == "common" else "reml",
        test="adhoc" if method == "random-adhoc" else "z",
        level=level,
    )
    return Analysis(method, _TITLES[method], Interval(found.estimate, found.ci_low, found.ci_high), ())
