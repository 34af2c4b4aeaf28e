"""What analyses of sensitivity and sequential analyses say."""

from __future__ import annotations

from typing import Any

import numpy as np

from stromata.model import EffectSize, numbers
from stromata.synthesis.cautions import counted
from stromata.synthesis.results import r_code
from stromata.synthesis.results.account import Account, Row, Table, describe, table_of_columns, table_of_rows
from stromata.synthesis.results.biases import facts, given_studies, level_of, study_lines
from stromata.synthesis.results.result import Asked
from stromata.synthesis.results.wording import (
    cite,
    computed,
    listed,
    model_words,
    paragraph,
    participants,
    plain_number,
    reservations,
    studies,
    test_sentence,
)
from stromata.synthesis.sensitivity import Influence, Predictions, Refits, Residuals, Subsets
from stromata.synthesis.sequential import Fragility, TrialSequential, fragility

_UNKNOWN = r_code.without("The studies are not known here: this result is a part of another, whose call has them.")


def _how(asked: Asked | None) -> str:
    """Return how each fit was done."""
    if asked is None:
        return ""
    model = asked.get("model")
    if model is not None:
        return {
            "mh": "Studies were pooled by the Mantel-Haenszel method.",
            "peto": "Studies were pooled by Peto's method.",
        }.get(model, f"Studies were pooled under the model {model}.")
    return model_words(asked.get("method"))


# Refits.


@describe.register
def _(result: Refits) -> Account:
    asked = result.asked
    names = ("estimate", "se", "statistic", "p", "ci_low", "ci_high", "k", "q", "q_p", "tau2", "i2", "h2")
    table = table_of_columns(term=result.labels, **{name: getattr(result, name) for name in names})
    cumulated = asked is not None and asked.function == "cumulative"
    what = (
        "The synthesis was repeated as studies were added one after the other (cumulative meta-analysis)."
        if cumulated
        else "The synthesis was repeated without each study in turn (leave-one-out analysis)."
    )
    test = test_sentence(asked.get("test"), level_of(asked)) if asked else ""
    methods = paragraph(what, _how(asked), test, computed(asked))
    return Account(table, methods, _refits_said(result, cumulated=cumulated), _refits_r(result, cumulated=cumulated))


def _refits_said(result: Refits, *, cumulated: bool) -> str:
    there = np.isfinite(result.estimate)
    if not there.any():
        return paragraph("No refit has an estimate.", reservations(result.cautions))
    estimates = result.estimate[there]
    low, high = plain_number(float(estimates.min())), plain_number(float(estimates.max()))
    if cumulated:
        first, last = plain_number(float(estimates[0])), plain_number(float(estimates[-1]))
        count = studies(int(result.k[-1]))
        said = f"Over {count} the estimate went from {first} to {last}; it lay between {low} and {high} on the way."
    else:
        said = f"Without one of {studies(len(result.labels))}, the estimate ranged from {low} to {high}."
        clear = ((result.ci_low > 0) | (result.ci_high < 0))[there]
        said += f" The confidence interval excluded 0 in {int(clear.sum())} of {counted(len(clear), 'refit')}."
    return paragraph(said, reservations(result.cautions))


def _refits_r(result: Refits, *, cumulated: bool) -> str:
    asked = result.asked
    if asked is None:
        return _UNKNOWN
    function, extra = ("cumul", "order=dat$order") if cumulated else ("leave1out", "")
    if asked.get("model") is not None:
        return _tables_refits(asked, function)
    if cumulated and asked.get("order") is not None:
        used = given_studies(asked).used
        data = study_lines(asked, also={"order": [asked.get("order")[row] for row in used]})
    else:
        data, extra = study_lines(asked), ""
    call = r_code.call(function, "fit", *filter(None, (extra,)))
    return r_code.lines(data, f"fit <- {r_code.rma_of(asked)}", f"refits <- {call}", "refits")


def _tables_refits(asked: Asked, function: str) -> str:
    """Return refits of a model that works from tables; orders of studies are those given."""
    effects = [each for each in asked.get("effects") if isinstance(each, EffectSize)]
    names = [name for name, _ in effects[0].inputs]
    model = asked.get("model")
    if model not in {"mh", "peto"} or asked.get("order") is not None:
        return r_code.without(f"metafor refits rma.mh() and rma.peto() in the order given, and not the model {model}.")
    columns = {name: [dict(effect.inputs)[name] for effect in effects] for name in names}
    measure = [f"measure={r_code.text(effects[0].measure)}"] if model == "mh" else []
    level = [] if level_of(asked) == 0.95 else [f"level={r_code.number(100 * level_of(asked))}"]
    fit = r_code.call(f"rma.{model}", *measure, *(f"{name}={name}" for name in names), "data=dat", *level)
    return r_code.lines(r_code.METAFOR, r_code.frame(columns), f"fit <- {fit}", f"refits <- {function}(fit)", "refits")


# Influence, subsets, predictions, residuals.


@describe.register
def _(result: Influence) -> Account:
    asked = result.asked
    names = ("rstudent", "dffits", "cook", "cov_ratio", "tau2_deleted", "q_deleted", "hat", "weight", "influential")
    table = table_of_columns(term=result.labels, **{name: getattr(result, name) for name in names})
    methods = paragraph(
        "Influential studies were sought by case-deletion diagnostics (externally studentised residuals, DFFITS, "
        f"Cook's distances, covariance ratios, leverages) {cite('viechtbauer-cheung')}.",
        _how(asked),
        computed(asked),
    )
    marked = [label for label, each in zip(result.labels, result.influential.tolist(), strict=True) if each]
    far = [label for label, each in zip(result.labels, result.rstudent.tolist(), strict=True) if abs(each) > _OUTLIER]
    said = paragraph(
        f"Of {studies(len(result.labels))}, {len(marked)} "
        f"{'was' if len(marked) == 1 else 'were'} marked as influential{_named(marked)}.",
        f"Studentised residuals were beyond {_OUTLIER} in {listed(far)}." if far else "",
        reservations(result.cautions),
    )
    return Account(table, methods, said, _influence_r(asked))


_OUTLIER = 1.96
"""Size of a studentised residual beyond which one study in twenty lies by chance."""


def _named(labels: list[str]) -> str:
    return f": {listed(labels)}" if labels else ""


def _influence_r(asked: Asked | None) -> str:
    if asked is None:
        return _UNKNOWN
    given = asked.get("moderators")
    made, mods = "", []
    if given is not None:
        x = np.asarray(given, dtype=np.float64)[list(given_studies(asked).used)]
        made, mods = f"X <- {r_code.matrix(x)}", ["mods=X", "intercept=FALSE"]
    method = asked.get("method")
    options = r_code.rma_options("common" if method == "ee" else "random", method, asked.get("test"), level_of(asked))
    fit = r_code.call("rma", "yi", "vi", *mods, "data=dat", *options)
    return r_code.lines(study_lines(asked), made, f"fit <- {fit}", "inf <- influence(fit)", "inf")


@describe.register
def _(result: Subsets) -> Account:
    count = counted(len(result.estimate), "subset")
    which = f"all {count}" if result.complete else f"a random sample of {count}"
    methods = paragraph(
        f"The synthesis was repeated in {which} of the studies (GOSH) {cite('olkin')}.",
        _how(result.asked),
        computed(result.asked),
    )
    low, middle, high = (plain_number(float(each)) for each in np.quantile(result.estimate, (0.05, 0.5, 0.95)))
    said = f"In {count} the estimate had the median {middle}, and 90 % of them lay between {low} and {high}."
    r = _UNKNOWN
    if result.asked is not None:
        sample = "" if result.complete else f", subsets={len(result.estimate)}"
        note = "" if result.complete else "# A random sample: R draws other subsets."
        call = f"subsets <- gosh(fit{sample}, progbar=FALSE)"
        r = r_code.lines(study_lines(result.asked), f"fit <- {r_code.rma_of(result.asked)}", note, call, "subsets")
    return Account(lambda: _subsets(result), methods, paragraph(said, reservations(result.cautions)), r)


def _subsets(result: Subsets) -> Table:
    members = [
        " ".join(label for label, there in zip(result.labels, row, strict=True) if there)
        for row in result.members.tolist()
    ]
    columns = {name: getattr(result, name) for name in ("k", "estimate", "q", "tau2", "i2", "h2")}
    return table_of_columns(term=members, **columns)


@describe.register
def _(result: Predictions) -> Account:
    asked = result.asked
    rows = tuple(
        Row(label, value, se, ci_low=low, ci_high=high)
        for label, value, se, low, high in zip(
            result.labels,
            *(each.tolist() for each in (result.value, result.se, result.low, result.high)),
            strict=True,
        )
    )
    deviations = bool(asked.get("deviations")) if asked else False
    what = "deviations of the studies from the pooled effect" if deviations else "true effects of the studies"
    methods = paragraph(
        f"The {what} were predicted by best linear unbiased prediction, which draws each towards the pooled effect.",
        _how(asked),
        computed(asked),
    )
    low, high = plain_number(float(result.value.min())), plain_number(float(result.value.max()))
    said = f"The predicted {what} ranged from {low} to {high}."
    r = _UNKNOWN
    if asked is not None:
        call = "ranef(fit)" if deviations else "blup(fit)"
        r = r_code.lines(study_lines(asked), f"fit <- {r_code.rma_of(asked)}", f"predicted <- {call}", "predicted")
    return Account(table_of_rows(rows), methods, paragraph(said, reservations(result.cautions)), r)


@describe.register
def _(result: Residuals) -> Account:
    asked = result.asked
    table = table_of_columns(term=result.labels, residual=result.residual, se=result.se, z=result.z)
    deleted = bool(asked.get("deleted")) if asked else False
    kind = "externally" if deleted else "internally"
    methods = paragraph(
        f"Residuals were {kind} studentised {cite('viechtbauer-cheung')}.", _how(asked), computed(asked)
    )
    far = [label for label, z in zip(result.labels, result.z.tolist(), strict=True) if abs(z) > _OUTLIER]
    where = f"in {listed(far)}" if far else "in no study"
    said = f"Among {studies(len(result.labels))}, standardised residuals were beyond {_OUTLIER} {where}."
    r = _UNKNOWN
    if asked is not None:
        call = "rstudent(fit)" if deleted else "rstandard(fit)"
        r = r_code.lines(study_lines(asked), f"fit <- {r_code.rma_of(asked)}", f"res <- {call}", "res")
    return Account(table, methods, paragraph(said, reservations(result.cautions)), r)


# Sequential analyses.

_VERDICTS = {
    "benefit-or-harm": "A boundary for benefit or harm was crossed.",
    "futile": "The boundary for futility was crossed: the effect looked for is ruled out.",
    "reached": "The required information was reached without crossing a boundary.",
    "insufficient": "The required information was not reached and no boundary was crossed.",
}


@describe.register
def _(result: TrialSequential) -> Account:
    asked = result.asked
    bounds = result.boundaries
    table = table_of_columns(
        term=result.labels,
        information=result.information,
        fraction=bounds.fraction,
        z=result.z,
        spent=bounds.spent,
        efficacy=bounds.efficacy,
        futility=bounds.futility,
    )
    alpha = asked.get("alpha") if asked else None
    beta = asked.get("beta") if asked else None
    errors = f"with a two-sided error of {alpha:g} and a power of {1 - beta:g}" if alpha and beta else ""
    spending = {"obrien-fleming": "O'Brien-Fleming", "pocock": "Pocock"}.get(asked.get("spending") if asked else "", "")
    methods = paragraph(
        f"A trial sequential analysis compared the cumulative evidence with the required information size {errors} "
        f"{cite('wetterslev')}, with boundaries of the {spending} type by the spending function of Lan and DeMets "
        f"{cite('lan-demets')}.".replace("  ", " "),
        _how(asked),
        computed(asked),
    )
    unit = "participants" if asked is not None and asked.get("people") is not None else "units of inverse variance"
    share = numbers.percent(min(float(bounds.fraction[-1]), 1.0), None)
    said = paragraph(
        f"The required information size was {plain_number(result.required)} {unit}; {studies(len(result.labels))} gave "
        f"{plain_number(float(result.information[-1]))} ({share} %).",
        f"The cumulative z was {numbers.fixed(float(result.z[-1]), 2)}.",
        _VERDICTS[result.verdict],
        reservations(result.cautions),
    )
    return Account(table, methods, said, _sequential_r(asked))


def _sequential_r(asked: Asked | None) -> str:
    if asked is None:
        return _UNKNOWN
    used = given_studies(asked).used
    order = asked.get("order")
    values = [order[row] for row in used] if order is not None else list(range(1, len(used) + 1))
    fit = r_code.rma_of(asked)
    return r_code.lines(
        "# metafor has no boundaries; these lines give the cumulative z-values that are held against them.",
        study_lines(asked, also={"order": values}),
        f"fit <- {fit}",
        "cumul(fit, order=dat$order)$zval",
    )


@describe.register
def _(result: Fragility) -> Account:
    asked = result.asked
    single = asked is not None and asked.function == fragility.__name__
    source = "walsh" if single else "atal"
    what = "the trial" if single else "the synthesis"
    methods = paragraph(
        f"The fragility index is the number of participants whose outcome, had it been another, would turn the "
        f"significance of {what} {cite(source)}.",
        "Significance was judged by Fisher's exact test." if single else _how(asked),
        computed(asked),
    )
    state = "significant" if result.significant else "not significant"
    before = numbers.p_value(result.p_before)
    if result.index is None:
        said = f"The result was {state} ({before}); no number of changes within reach turns it."
    else:
        share = ""
        if result.quotient is not None:
            share = f", {numbers.percent(result.quotient, None)} % of all"
        after = numbers.p_value(result.p_after)
        changed = f"{participants(result.index)}{share}"
        said = f"The result was {state} ({before}); another outcome of {changed} turns it ({after})."
    table = facts(
        index=result.index,
        significant=result.significant,
        quotient=result.quotient,
        p_before=result.p_before,
        p_after=result.p_after,
    )
    return Account(table, methods, paragraph(said, reservations(result.cautions)), _fragility_r(asked, single=single))


def _fragility_r(asked: Asked | None, *, single: bool) -> str:
    if asked is None or not single:
        return r_code.without(
            "metafor has no fragility index; repeat rma() on the tables after each change to check it."
        )
    cells: Any = {name: asked.get(name) for name in ("events1", "total1", "events2", "total2")}  # Any: numbers
    a, n1, c, n2 = (r_code.number(float(value)) for value in cells.values())
    return (
        "# R has no fragility index of its own; this is the p-value before any change.\n"
        f"fisher.test(matrix(c({a}, {n1} - {a}, {c}, {n2} - {c}), nrow=2))$p.value\n"
    )
