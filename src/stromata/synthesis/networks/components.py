"""Additive component models: treatments such as A+B taken as the sum of what A and B do alone.

T treatments, c components. The effects of treatments are C times those of components, C (T, c) holding 1 where a
treatment has a component. A poorer model than the network itself: it may connect what the network does not compare
directly, but only on the assumption that components neither help nor hinder one another.

References
----------
Welton, Caldwell, Adamopoulos and Vedhara (2009), American Journal of Epidemiology 169, 1158-1165; Rücker, Petropoulou
and Schwarzer (2020), Biometrical Journal 62, 808-821.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from stromata.errors import InvalidInput
from stromata.model import Caution
from stromata.synthesis.intervals import FloatArray, chi_squared_p, normal_quantile, two_sided_p
from stromata.synthesis.networks.network import DOUBTFUL, Model, Network, NetworkMethod
from stromata.synthesis.regression import kernels
from stromata.synthesis.results.result import Result, recorded
from stromata.synthesis.study_set import check_choice


@dataclass(frozen=True, slots=True)
class ComponentEffect:
    """What one component adds, on the analysis scale."""

    component: str
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    p: float


@dataclass(frozen=True, slots=True)
class Additive(Result):
    """An additive model of a network.

    Attributes
    ----------
    effects : of the components, in the order of their names.
    tau2 : between-trial variance around this model; 0 under the common-effect model.
    q, q_df, q_p : how badly the additive model fits (Cochran's Q); p-values None without degrees of freedom.
    q_difference, q_difference_df, q_difference_p : what it fits worse than the network: the test of additivity.
    cautions : reservations.
    """

    effects: tuple[ComponentEffect, ...]
    tau2: float
    q: float
    q_df: int
    q_p: float | None
    q_difference: float
    q_difference_df: int
    q_difference_p: float | None
    cautions: tuple[Caution, ...]


@recorded("net")
def additive(
    net: Network,
    *,
    separator: str = "+",
    inactive: str | None = None,
    model: Model = "random",
    tau2: NetworkMethod = "dl",
) -> Additive:
    """Fit the additive component model to the trials of a network.

    Parameters
    ----------
    net : a fitted network; its treatments name their components.
    separator : what stands between components in a name.
    inactive : a component without an effect of its own, such as the placebo; None gives every component one.
    model : ``common`` or ``random``.
    tau2 : estimator of the between-trial variance under ``random``.

    Raises
    ------
    InvalidInput
        `inactive` is no component, or the trials cannot tell the components apart.
    """
    check_choice("model", model, ("common", "random"))
    parts = [frozenset(part.strip() for part in name.split(separator)) for name in net.treatments]
    names = sorted(set().union(*parts), key=lambda name: (name.casefold(), name))
    if inactive is not None:
        if inactive not in names:
            raise InvalidInput(f"no component {inactive!r}", hint=f"There are: {', '.join(names)}.")
        names.remove(inactive)
    holds = np.array([[float(name in part) for name in names] for part in parts])
    x = net.rows.x @ (holds[1:] - holds[0])
    design, kept = kernels.design(x)
    if len(kept) < len(names):
        lost = ", ".join(name for i, name in enumerate(names) if i not in kept)
        raise InvalidInput(
            f"the trials cannot tell these components from the others: {lost}",
            hint="Name an inactive component, or use the network itself.",
        )
    data = kernels.problem(net.rows.y, net.rows.v, design)
    common = kernels.fit(data, None)
    fit = common if model == "common" or data.df == 0 else kernels.fit(data, tau2)
    worse, more = max(common.q - net.q, 0.0), data.df - net.q_df
    return Additive(
        effects=tuple(_effects(names, fit.beta, fit.covariance, normal_quantile(net.level))),
        tau2=fit.between.tau2,
        q=common.q if data.df else 0.0,
        q_df=data.df,
        q_p=chi_squared_p(common.q, data.df) if data.df else None,
        q_difference=worse if more else 0.0,
        q_difference_df=more,
        q_difference_p=chi_squared_p(worse, more) if more else None,
        cautions=tuple(_cautions(worse, more)),
    )


def _effects(names: list[str], beta: FloatArray, spread: FloatArray, z: float) -> Iterator[ComponentEffect]:
    for name, b, variance in zip(names, beta.tolist(), spread.diagonal().tolist(), strict=True):
        se = math.sqrt(variance)
        yield ComponentEffect(name, b, se, b - z * se, b + z * se, two_sided_p(b / se, None))


def _cautions(worse: float, more: int) -> Iterator[Caution]:
    if more == 0:
        text = "The additive model has as many parameters as the network: whether effects add up cannot be tested."
        yield Caution("additivity-untestable", text)
    elif chi_squared_p(worse, more) < DOUBTFUL:
        text = (
            f"Effects of components do not seem to add up (p = {chi_squared_p(worse, more):.2g}): some may help or "
            "hinder one another."
        )
        yield Caution("not-additive", text)
