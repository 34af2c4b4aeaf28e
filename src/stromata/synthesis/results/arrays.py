"""What plain arrays of pooled estimates say: `PooledEstimate` and `PooledMany`."""

from __future__ import annotations

import numpy as np

from stromata.model import numbers
from stromata.synthesis.cautions import FEWEST_TO_PREDICT, counted
from stromata.synthesis.pooling.estimates import PooledEstimate, PooledMany
from stromata.synthesis.results import r_code
from stromata.synthesis.results.account import Account, Row, Table, describe, table_of_columns, table_of_rows
from stromata.synthesis.results.result import Asked
from stromata.synthesis.results.wording import (
    ci,
    cite,
    computed,
    in_brackets,
    included,
    model_words,
    paragraph,
    plain_number,
    reservations,
    significance,
    spread,
    studies,
    test_sentence,
)


@describe.register
def _(result: PooledEstimate) -> Account:
    asked = result.asked
    row = Row.of("pooled", result)
    return Account(
        table_of_rows((row,)),
        _estimate_methods(result, asked),
        _estimate_results(result, _level(asked)),
        _estimate_r(asked),
        coefficients=(Row("intrcpt", *_values(row)),),
    )


def _values(row: Row) -> tuple[float | None, ...]:
    return (
        *(row.estimate, row.se, row.statistic, row.df, row.p),
        *(row.ci_low, row.ci_high, row.pi_low, row.pi_high),
    )


def _level(asked: Asked | None) -> float:
    return float(asked.get("level")) if asked else 0.95


def _estimate_methods(result: PooledEstimate, asked: Asked | None) -> str:
    if asked is None or result.k == 1:
        return paragraph("With one study nothing was pooled." if result.k == 1 else "", computed(asked))
    spread_words = f"Heterogeneity was described by I² and Cochran's Q {cite('higgins-thompson')}."
    return paragraph(
        model_words(asked.get("method")),
        test_sentence(asked.get("test"), _level(asked)),
        spread_words,
        computed(asked),
    )


def _estimate_results(result: PooledEstimate, level: float) -> str:
    bounds = ci(result.ci_low, result.ci_high, level, plain_number)
    test = significance(result.statistic, result.df, result.p)
    name = "The study's own estimate" if result.k == 1 else "The pooled estimate"
    predicted = ""
    if result.k >= FEWEST_TO_PREDICT and result.pi_low is not None and result.pi_high is not None:
        reach = f"{plain_number(result.pi_low)} to {plain_number(result.pi_high)}"
        predicted = f"The {numbers.level(level)} prediction interval was {reach}."
    few = ""
    if 1 < result.k < FEWEST_TO_PREDICT and result.tau2 is not None:
        few = "With two studies, how much results vary between studies can hardly be estimated."
    return paragraph(
        included(result.k),
        f"{name} was {plain_number(result.estimate)}{in_brackets(bounds, test)}.",
        spread(
            tau2=result.tau2,
            i2=result.i2,
            q=result.q,
            q_df=result.k - 1 if result.q is not None else None,
            q_p=result.q_p,
        ),
        predicted,
        few,
        reservations(result.cautions),
    )


def _estimate_r(asked: Asked | None) -> str:
    if asked is None:
        return r_code.without("The studies are not known here: this result is a part of another, whose call has them.")
    return r_code.lines(
        r_code.METAFOR,
        r_code.frame({"yi": asked.get("yi"), "vi": asked.get("vi")}),
        f"fit <- {r_code.rma_of(asked)}",
        "fit",
    )


@describe.register
def _(result: PooledMany) -> Account:
    asked = result.asked
    methods = paragraph(
        "One set of studies was pooled."
        if len(result.labels) == 1
        else f"{numbers.count(len(result.labels))} sets of studies were pooled, each for itself.",
        model_words(asked.get("method")) if asked else "",
        test_sentence(asked.get("test"), _level(asked)) if asked else "",
        computed(asked),
    )
    return Account(
        lambda: _many_table(result), methods, _many_results(result, _level(asked)), lambda: _many_r(result, asked)
    )


_MANY_COLUMNS = (
    "k", "left_out", "flag", "estimate", "se", "statistic", "p", "ci_low", "ci_high", "pi_low", "pi_high", "tau2",
    "tau2_se", "i2", "h2", "q", "q_p", "log_likelihood",
)  # fmt: skip


def _many_table(result: PooledMany) -> Table:
    return table_of_columns(
        term=list(map(str, result.labels)), **{name: getattr(result, name) for name in _MANY_COLUMNS}
    )


def _many_results(result: PooledMany, level: float) -> str:
    pooled = int((result.k > 1).sum())
    clear = int(((result.ci_low > 0) | (result.ci_high < 0))[result.k > 1].sum())
    gone = int(result.left_out.sum())
    single, none = int((result.k == 1).sum()), int((result.k == 0).sum())
    return paragraph(
        f"Of {counted(len(result.labels), 'set')}, {numbers.count(pooled)} had several studies and "
        f"{'was' if pooled == 1 else 'were'} pooled.",
        f"The {numbers.level(level)} confidence interval excluded 0 in {numbers.count(clear)} of them."
        if pooled
        else "",
        f"{numbers.count(single)} had one study, whose own result is given." if single else "",
        f"{numbers.count(none)} had no usable study." if none else "",
        f"{studies(gone)} could not be used and {'was' if gone == 1 else 'were'} left out." if gone else "",
    )


def _many_r(result: PooledMany, asked: Asked | None) -> str:
    if asked is None:
        return r_code.without("The studies are not known here.")
    offsets, groups = asked.get("offsets"), asked.get("groups")
    if groups is None:
        groups = np.repeat(np.arange(len(result.labels)), np.diff(np.asarray(offsets)))
    order = "unique(dat$set)"
    data = r_code.frame({"set": groups, "yi": asked.get("yi"), "vi": asked.get("vi")})
    usable = "dat <- dat[is.finite(dat$yi) & is.finite(dat$vi) & dat$vi > 0, ]"
    one = r_code.rma_of(asked).replace("data=dat", "data=d")
    fit = f"fit <- lapply(split(dat, factor(dat$set, {order})), function(d) {one})"
    return r_code.lines(r_code.METAFOR, data, usable, fit, "t(sapply(fit, function(x) c(x$k, x$beta, x$se, x$tau2)))")
