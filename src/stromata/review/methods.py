"""How effects are pooled: what a plan or a command can ask for, and why some of it makes no sense."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from stromata.errors import InvalidInput
from stromata.model import (
    GlmmName,
    MeasureName,
    ModelName,
    PlanModel,
    SynthesisPlan,
    TauMethod,
    TestName,
)

if TYPE_CHECKING:
    from stromata.synthesis.bayesian.priors import TauPrior
    from stromata.synthesis.pooling.heterogeneity import TauInterval
    from stromata.synthesis.pooling.pool import Compat, Prediction

PLAIN: tuple[ModelName, ...] = get_args(ModelName)
COUNTS: Mapping[str, Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "glmm": {
        "PLO": (("xi", "ni"),),
        "IRLN": (("xi", "ti"),),
        "OR": (("ai", "bi", "ci", "di"), ("ai", "n1i", "ci", "n2i")),
        "IRR": (("x1i", "t1i", "x2i", "t2i"),),
    },
    "beta-binomial": {
        "PLO": (("xi", "ni"),),
        "OR": (("ai", "bi", "ci", "di"), ("ai", "n1i", "ci", "n2i")),
        "RR": (("ai", "bi", "ci", "di"), ("ai", "n1i", "ci", "n2i")),
    },
}
"""Models of counts: the measures that each has, and the counts that it needs."""

_TABLES: Mapping[str, tuple[MeasureName, ...]] = {
    "mh": ("OR", "RR", "RD", "IRR", "IRD"),
    "peto": ("OR", "PETO"),
    "exact": ("OR", "PETO"),
}
_USUAL_PRIORS: Mapping[str, str] = {
    **dict.fromkeys(("OR", "PETO", "RR", "IRR", "HR"), "half-normal 0.5"),
    "PLO": "half-normal 1",
}
"""Priors where none is named: for log ratios of events after Friede, Roever, Wandel and Neuenschwander (2017)."""


@dataclass(frozen=True, slots=True)
class Method:
    """How effects are pooled.

    Attributes
    ----------
    tau2 : used under ``random`` alone. `test`, `level`, `by_group`, `interval`, `prediction`, `compat`, `add` : as
        `stromata.synthesis.pool` has them.
    moderators : formula of a meta-regression; empty for none.
    glmm : how a GLMM takes two groups.
    tau_prior, mu_prior, thresholds : of ``bayes``; see `read_prior`. `mu_prior` is mean and standard deviation.
    """

    measure: MeasureName
    model: PlanModel = "random"
    tau2: TauMethod | float = "reml"
    test: TestName = "z"
    level: float = 0.95
    by_group: bool = False
    moderators: str = ""
    glmm: GlmmName = "um.fs"
    tau_prior: str = ""
    mu_prior: tuple[float, float] | None = None
    thresholds: tuple[float, ...] = ()
    interval: TauInterval | None = None
    prediction: Prediction | None = None
    compat: Compat = "metafor"
    add: float | None = None


def method_of(plan: SynthesisPlan) -> Method:
    """Return how a plan pools."""
    return Method(
        plan.measure,
        plan.model,
        plan.tau2,
        plan.test,
        plan.level,
        plan.by_condition,
        moderators=plan.moderators,
        glmm=plan.glmm,
        tau_prior=plan.tau_prior,
        thresholds=plan.thresholds,
    )


# What does not go together.


def method_fault(method: Method) -> tuple[str, str]:
    """Return why a method makes no sense, and what to do instead; two empty texts when it does."""
    for rule in (_model_fault, _test_fault, _moderator_fault, _bayes_fault, _option_fault):
        found = rule(method)
        if found[0]:
            return found
    return "", ""


def check_method(method: Method) -> None:
    """Raise `InvalidInput` for a method that makes no sense, with the reason and what to do instead."""
    what, hint = method_fault(method)
    if what:
        raise InvalidInput(what, hint=hint)


_FINE = ("", "")


def _model_fault(method: Method) -> tuple[str, str]:
    if method.model not in get_args(PlanModel):
        return f"no model {method.model!r}", f"There are: {', '.join(get_args(PlanModel))}."
    if method.glmm not in get_args(GlmmName):
        return f"no GLMM {method.glmm!r}", f"There are: {', '.join(get_args(GlmmName))}."
    allowed = tuple(COUNTS.get(method.model, ())) or _TABLES.get(method.model, ())
    if allowed and method.measure not in allowed:
        why = "which works from counts, " if method.model in COUNTS else "which works from tables, "
        return (
            f"the {method.model} model, {why}pools {', '.join(allowed)}, not {method.measure}",
            "Choose one of these measures, or the common or random model.",
        )
    return _FINE


def _test_fault(method: Method) -> tuple[str, str]:
    if method.test not in get_args(TestName):
        return f"no test {method.test!r}", f"There are: {', '.join(get_args(TestName))}."
    if method.model == "bayes" and method.test != "z":
        text = f"test {method.test!r} does not go with the bayes model: a posterior distribution is not tested"
        return text, "Leave the test out; a threshold gives the probability that the effect lies below it."
    if method.model == "beta-binomial" and method.test != "z":
        return f"test {method.test!r} does not go with the beta-binomial model, which has a normal one", "Use z."
    if method.model != "random" and method.test in {"knha", "adhoc"}:
        return (
            f"test {method.test!r} rescales a random-effects standard error; the {method.model} model has none",
            "Use z or t, or the random model.",
        )
    return _FINE


def _moderator_fault(method: Method) -> tuple[str, str]:
    if not method.moderators:
        return _FINE
    if method.model not in {"common", "random", "glmm"}:
        return f"the {method.model} model takes no moderators", "Use the random, common or glmm model."
    if method.by_group:
        text = "moderators and subgroups are two ways to ask the same"
        return text, "Take the subgroups out, or the moderators: a column of groups can stand in the formula."
    if method.model == "random" and (not isinstance(method.tau2, str) or method.tau2 in {"genq", "genqm"}):
        what = method.tau2 if isinstance(method.tau2, str) else f"a given value ({method.tau2:g})"
        return f"with moderators, tau2 cannot be {what}", "Name another estimator, such as reml, ml, dl or pm."
    return _FINE


def _bayes_fault(method: Method) -> tuple[str, str]:
    if method.model != "bayes":
        named = [
            name
            for name, given in (
                ("a prior of tau", method.tau_prior),
                ("a prior of the mean", method.mu_prior is not None),
                ("a threshold", method.thresholds),
            )
            if given
        ]
        return (f"{named[0]} does not go with the {method.model} model", "Use model bayes.") if named else _FINE
    if not method.tau_prior and method.measure not in _USUAL_PRIORS:
        return (
            f"for {method.measure} there is no usual prior of the variation between studies: it depends on the units",
            "State one, such as 'half-normal 0.5', in units of the measure's analysis scale.",
        )
    return _FINE


def _option_fault(method: Method) -> tuple[str, str]:
    plain = method.model in PLAIN and not method.moderators and not is_own_glmm(method)
    if plain:
        return _FINE
    for name, given in (
        ("an interval of tau2", method.interval is not None),
        ("another prediction interval", method.prediction is not None),
        (f"the conventions of {method.compat}", method.compat != "metafor"),
    ):
        if given:
            what = "moderators" if method.moderators else f"the {method.model} model of {method.measure}"
            return f"{name} does not go with {what}", "Leave this option out."
    return _FINE


def is_own_glmm(method: Method) -> bool:
    """Tell a GLMM that `stromata.synthesis.pool` does not fit itself."""
    return method.model == "glmm" and (method.measure != "PLO" or bool(method.moderators))


def read_prior(text: str) -> TauPrior:
    """Read a prior of tau, the standard deviation of true effects between studies.

    Parameters
    ----------
    text : ``half-normal 0.5``, ``half-cauchy 0.5``, ``half-t 0.5 4`` (scale, degrees of freedom), ``uniform 2`` (upper
        end; none without), ``log-normal -2.56 1.74`` or ``log-t -3.44 2.59`` (of log tau2), ``jeffreys``,
        ``dumouchel``; or what Cochrane reviews led to expect, ``turner-2015 OUTCOME`` and ``rhodes-2015 OUTCOME``.

    Raises
    ------
    InvalidInput
        It is none of these, or its numbers cannot be.
    """
    from stromata.synthesis.bayesian import priors  # noqa: PLC0415 - loads scipy.special, and only bayes needs it

    shapes: dict[str, tuple[Callable[..., TauPrior], tuple[int, ...]]] = {
        "half-normal": (priors.half_normal, (1,)),
        "half-cauchy": (priors.half_cauchy, (1,)),
        "half-t": (priors.half_t, (2,)),
        "uniform": (priors.uniform, (0, 1)),
        "log-normal": (priors.log_normal, (2,)),
        "log-t": (priors.log_t, (2,)),
        "jeffreys": (priors.jeffreys, (0,)),
        "dumouchel": (priors.dumouchel, (0,)),
    }
    name, *rest = text.lower().replace(",", " ").split() or [""]
    if name in {"turner-2015", "rhodes-2015"}:
        return priors.empirical(name, " ".join(rest) or "general")
    hint = f"There are: {', '.join(shapes)}, turner-2015, rhodes-2015; such as 'half-normal 0.5'."
    if name not in shapes:
        raise InvalidInput(f"no prior {text!r}", hint=hint)
    make, counts = shapes[name]
    try:
        numbers = [float(part) for part in rest]
    except ValueError as error:
        raise InvalidInput(f"the prior {text!r} has something that is not a number", hint=hint) from error
    if len(numbers) not in counts:
        wanted = " or ".join(map(str, counts))
        raise InvalidInput(f"the prior {text!r} has {len(numbers)} numbers; {name} takes {wanted}", hint=hint)
    return make(*numbers)


def prior_text(method: Method) -> str:
    """Return the prior of tau in words: the one that was named, or the usual one of the measure."""
    return method.tau_prior or _USUAL_PRIORS[method.measure]
