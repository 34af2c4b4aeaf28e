"""What networks of treatments say."""

from __future__ import annotations

from typing import Any

import numpy as np

from stromata.model import numbers
from stromata.synthesis.cautions import counted
from stromata.synthesis.effects.measures import MEASURES
from stromata.synthesis.networks.components import Additive
from stromata.synthesis.networks.contribution import Contributions
from stromata.synthesis.networks.inconsistency import Inconsistency
from stromata.synthesis.networks.network import Comparison, Network, league
from stromata.synthesis.networks.ranking import Ranking
from stromata.synthesis.results import r_code
from stromata.synthesis.results.account import Account, Row, Table, describe, table_of_columns, table_of_rows
from stromata.synthesis.results.wording import (
    ESTIMATORS,
    Write,
    ci,
    cite,
    computed,
    in_brackets,
    listed,
    paragraph,
    plain_number,
    reservations,
    significance,
    spread,
)

_MOST_SAID = 12
"""Comparisons that a paragraph names; more stand in the table."""

_RARE = {
    "mh": "the Mantel-Haenszel method",
    "conditional": "the conditional (non-central hypergeometric) likelihood",
    "conditional-breslow": "Breslow's approximation to the conditional (non-central hypergeometric) likelihood",
}
_RARE_IN_R = {
    "mh": 'metafor has no Mantel-Haenszel network; netmeta::netmetabin(..., method="MH") has.',
    "conditional": "neither metafor nor netmeta has a network by the exact conditional likelihood.",
    "conditional-breslow": 'metafor has no conditional network; netmeta::netmetabin(..., method="NCH") has.',
}
"""Methods of networks under a common effect, and where R has them."""


@describe.register
def _(result: Network) -> Account:
    rows = tuple(_row(result, each) for each in league(result))
    basic = tuple(row for row in rows if row.term.endswith(f" vs {result.treatments[0]}"))
    return Account(
        table_of_rows(rows), _methods(result), _results(result), lambda: _r(result), coefficients=basic or rows
    )


def _natural(result: Network, value: float | None) -> float | None:
    measure = MEASURES.get(result.measure)
    return None if value is None or measure is None else measure.to_natural(value, 1.0)


def _row(result: Network, each: Comparison) -> Row:
    """Return a comparison, turned so that the first treatment of the network is what others are held against."""
    turn = each.treatment == result.treatments[0]
    sign = -1.0 if turn else 1.0
    first, second = (each.against, each.treatment) if turn else (each.treatment, each.against)
    low, high = (-each.ci_high, -each.ci_low) if turn else (each.ci_low, each.ci_high)
    reach = (each.pi_low, each.pi_high)
    if turn and each.pi_low is not None and each.pi_high is not None:
        reach = (-each.pi_high, -each.pi_low)
    estimate = sign * each.estimate
    return Row(
        f"{first} vs {second}",
        estimate,
        each.se,
        estimate / each.se if each.se > 0 else None,
        None,
        each.p,
        low,
        high,
        *reach,
        _natural(result, estimate),
        _natural(result, low),
        _natural(result, high),
    )


def _methods(result: Network) -> str:
    measure = MEASURES.get(result.measure)
    start = f"The effect measure was the {measure.title}." if measure is not None else ""
    if result.method in _RARE:
        how = f"Treatments were compared in a network by {_RARE[result.method]} under the common-effect model."
    else:
        held = result.method not in ESTIMATORS
        tau = (
            "a between-trial variance that was given"
            if held
            else f"the between-trial variance estimated by {ESTIMATORS[result.method][0]}"
        )
        how = (
            "Treatments were compared in a contrast-based network meta-analysis with random effects, one variance for "
            f"all comparisons and {tau}, with the correlations within multi-arm trials "
            f"{cite('ruecker-2012', 'ruecker-schwarzer')}."
        )
    return paragraph(
        start,
        how,
        f"Consistency was assessed by the Q statistic between designs {cite('krahn')}."
        if result.q_between_df
        else "The network has no loops that would allow a test of consistency.",
        f"Intervals have a level of {numbers.level(result.level)}.",
        computed(result.asked),
    )


def _results(result: Network) -> str:
    rows = [_row(result, each) for each in league(result)]
    reference = result.treatments[0]
    against = [row for row in rows if row.term.endswith(f" vs {reference}")]
    known = result.measure in MEASURES and MEASURES[result.measure].null is not None
    write = Write(result.measure if known else None)  # type: ignore[arg-type]  # a name of MEASURES
    said = []
    for row in against[:_MOST_SAID]:
        value, low, high = (
            (row.natural, row.natural_low, row.natural_high) if known else (row.estimate, row.ci_low, row.ci_high)
        )
        bounds = ci(low, high, result.level, write)
        said.append(f"{row.term.removesuffix(f' vs {reference}')} {write(value)}{in_brackets(bounds)}")
    consistency = ""
    if result.q_between_df:
        q = numbers.fixed(result.q_between, 2)
        test = f"Q = {q} on {result.q_between_df} df, {numbers.p_value(result.q_between_p)}"
        consistency = f"Test of consistency between designs: {test}."
    return paragraph(
        f"{counted(result.k, 'trial')} compared {len(result.treatments)} treatments ({listed(result.treatments)}).",
        f"Against {reference}: {'; '.join(said)}.",
        "Other comparisons are in the table." if len(rows) > len(said) else "",
        spread(
            tau2=result.tau2,
            i2=result.i2,
            i2_bounds=(result.i2_low, result.i2_high),
            q=result.q,
            q_df=result.q_df,
            q_p=result.q_p,
            level=result.level,
            what="Heterogeneity and inconsistency",
            test="Q",
        ),
        consistency,
        reservations(result.cautions),
    )


def _r(result: Network) -> str:
    if result.method in _RARE:
        return r_code.without(_RARE_IN_R[result.method])
    names = result.treatments
    study, arm, against, y, x = [], [], [], [], []
    blocks, start = [], 1
    for trial in result.trials:
        base, rest = trial.arms[0], trial.arms[1:]
        for place, value in zip(rest, trial.y.tolist(), strict=True):
            row = np.zeros(len(names))
            row[place], row[base] = 1.0, -1.0
            study.append(trial.label)
            arm.append(names[place])
            against.append(names[base])
            y.append(value)
            x.append(row[1:])
        places = r_code.literal(list(range(start, start + len(rest))))
        blocks.append(f"V[{places}, {places}] <- {r_code.matrix(trial.v)}")
        start += len(rest)
    columns: dict[str, Any] = {"study": study, "treatment": arm, "against": against, "yi": y}  # Any: columns
    level = [] if result.level == 0.95 else [f"level={r_code.number(100 * result.level)}"]
    return r_code.lines(
        r_code.METAFOR,
        "# Rows are effects of treatment minus against; coefficients are effects against " + names[0] + ".",
        r_code.frame(columns),
        f"X <- {r_code.matrix(np.array(x))}",
        f"colnames(X) <- {r_code.literal(list(names[1:]))}",
        f"V <- matrix(0, {len(y)}, {len(y)})",
        *blocks,
        f"common <- {r_code.call('rma.mv', 'yi', 'V', 'mods=X', 'intercept=FALSE', 'data=dat', *level)}",
        *_random_r(result, level),
        "fit",
    )


def _random_r(result: Network, level: list[str]) -> list[str]:
    arguments = ["yi", "V", "mods=X", "intercept=FALSE", "random=~ treatment | study", "rho=1/2", "data=dat"]
    note = ""
    if result.method in {"reml", "ml"}:
        arguments += [f'method="{result.method.upper()}"', "control=list(rel.tol=1e-10)"]
    else:
        note = "# tau2 is held at the value found here; netmeta() estimates it by moments."
        arguments.append(f"tau2={r_code.number(result.random.tau2)}")
    return [note, f"fit <- {r_code.call('rma.mv', *arguments, *level)}"]


@describe.register
def _(result: Ranking) -> Account:
    asked = result.asked
    table = _ranks(result)
    how = "exactly" if result.exact else f"from {numbers.count(result.draws)} draws of the estimates"
    better = f" ({asked.get('better')} effects are better)" if asked else ""
    methods = paragraph(
        f"Treatments were ranked{better}: probabilities of ranks were worked out {how}, and SUCRA is the mean of the "
        f"cumulative probabilities {cite('salanti-2011')}.",
        computed(asked),
    )
    order = np.argsort(-result.sucra, kind="stable").tolist()
    said = "; ".join(
        f"{result.treatments[i]} {numbers.fixed(float(result.sucra[i]), 2)} (mean rank "
        f"{numbers.fixed(float(result.mean_ranks[i]), 1)})"
        for i in order
    )
    results = paragraph(
        f"SUCRA: {said}.", "Ranks say nothing about the size of differences.", reservations(result.cautions)
    )
    r = r_code.without('metafor has no ranks; netmeta::netrank(net, method="SUCRA") and rankogram(net) give them.')
    return Account(table, methods, results, r)


def _ranks(result: Ranking) -> Table:
    ranks = {f"rank_{i + 1}": result.probabilities[:, i] for i in range(len(result.treatments))}
    return table_of_columns(term=result.treatments, sucra=result.sucra, mean_rank=result.mean_ranks, **ranks)


@describe.register
def _(result: Inconsistency) -> Account:
    rows = [("between designs", result.q, result.df, result.p)]
    if result.q_random is not None:
        rows.append(("between designs, random effects", result.q_random, result.df, result.p_random))
    rows += [(f"without {' : '.join(each.treatments)}", each.q, each.df, each.p) for each in result.detached]
    names = ("term", "q", "df", "p")
    table = table_of_columns(**{name: [row[i] for row in rows] for i, name in enumerate(names)})
    methods = paragraph(
        "Consistency of the network was assessed by the design-by-treatment interaction: the Q statistic between "
        f"designs, with each design detached in turn {cite('krahn', 'higgins-2012')}.",
        computed(result.asked),
    )
    if not result.df:
        said = "The network has no loops of different designs, so that consistency cannot be tested."
    else:
        said = f"Between designs, {significance(result.q, result.df, result.p, letter='Q')}."
        if result.q_random is not None:
            random = significance(result.q_random, result.df, result.p_random, letter="Q")
            said += f" With random effects within designs, {random}."
    r = r_code.without("metafor has no such decomposition; netmeta::decomp.design(net) gives it.")
    return Account(
        table, methods, paragraph(said, "A test that finds nothing does not show consistency." if result.df else ""), r
    )


@describe.register
def _(result: Contributions) -> Account:
    asked = result.asked
    direct = [" : ".join(pair) for pair in result.direct]
    table = table_of_columns(
        term=[" : ".join(pair) for pair in result.estimates],
        **{name: result.shares[:, i] for i, name in enumerate(direct)},
    )
    methods = paragraph(
        "The contribution of each comparison made in trials to each estimate of the network was found by dividing the "
        f"flow of evidence among paths {cite('papakonstantinou')}.",
        computed(asked),
    )
    mean = result.shares.mean(axis=0)
    order = np.argsort(-mean, kind="stable").tolist()[:_MOST_SAID]
    shares = "; ".join(f"{direct[i]} {numbers.percent(float(mean[i]), None)} %" for i in order)
    results = paragraph(f"Over all estimates, the comparisons contributed on average: {shares}.")
    r = r_code.without("metafor has no contributions; netmeta::netcontrib(net) gives them.")
    return Account(table, methods, results, r)


@describe.register
def _(result: Additive) -> Account:
    asked = result.asked
    net = asked.get("net") if asked else None
    level = net.level if isinstance(net, Network) else 0.95
    random = asked is not None and asked.get("model") == "random"
    rows = tuple(
        Row(each.component, each.estimate, each.se, each.estimate / each.se, None, each.p, each.ci_low, each.ci_high)
        for each in result.effects
    )
    tau = ""
    if random and asked is not None:
        words, source = ESTIMATORS[asked.get("tau2")]
        tau = f", with the between-trial variance τ² estimated by {words} {cite(source)}"
    said = [
        f"{row.term} {plain_number(row.estimate)}"
        + in_brackets(ci(row.ci_low, row.ci_high, level, plain_number), significance(row.statistic, None, row.p))
        for row in rows[:_MOST_SAID]
    ]
    fit = f"The additive model fits with {significance(result.q, result.q_df, result.q_p, letter='Q')}."
    worse = significance(result.q_difference, result.q_difference_df, result.q_difference_p, letter="Q")
    inactive = asked.get("inactive") if asked else None
    option = f', inactive="{inactive}"' if inactive else ""
    return Account(
        table_of_rows(rows),
        paragraph(
            "Effects of the components of treatments were estimated in an additive model of the network under the "
            f"{'random-effects' if random else 'common-effect'} model{tau} {cite('welton', 'ruecker-2020')}.",
            "The level of confidence is " + numbers.level(level) + ".",
            computed(asked),
        ),
        paragraph(
            f"Effects of components: {'; '.join(said)}." if len(rows) <= _MOST_SAID else "",
            f"τ² = {plain_number(result.tau2)}." if random else "",
            fit if result.q_df else "",
            f"Compared with the network itself: {worse}." if result.q_difference_df else "",
            reservations(result.cautions),
        ),
        r_code.without(f"metafor has no additive networks; netmeta::netcomb(net{option}) gives them."),
        coefficients=rows,
    )
