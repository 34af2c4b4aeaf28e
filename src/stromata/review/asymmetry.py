"""What a test of funnel-plot asymmetry proposes for publication bias, by a test that suits the measure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stromata import consensus, synthesis
from stromata.consensus.grade import GradeLimits, Proposal
from stromata.errors import InvalidInput
from stromata.model import Synthesis

if TYPE_CHECKING:
    from stromata.synthesis.bias.asymmetry import Predictor


@dataclass(frozen=True, slots=True)
class _Suited:
    """A test and why it is the one for a measure."""

    predictor: Predictor
    name: str


# Peters, Sutton, Jones, Abrams and Rushton: doi 10.1001/jama.295.6.676. They weight the studies
# otherwise than by the variances of the synthesis, hence "after".
# Pustejovsky and Rodgers: doi 10.1002/jrsm.1332, volume 10(1), 57-71 (https://jepusto.com/publications/
# Testing-for-funnel-plot-asymmetry-of-SMDs/). They take the root of 1/n1 + 1/n2; with groups of equal size that is the
# inverse root of all people times two.
_EGGER = _Suited("sei", "Egger's regression test")
_PETERS = _Suited(
    "ninv",
    "a regression on the inverse of the number of people (after Peters et al. 2006, JAMA 295:676-680; the standard "
    "error of a ratio or difference of risks is tied to its size, so that Egger's test would too often find asymmetry)",
)
_BY_SIZE = _Suited(
    "sqrtninv",
    "a regression on the inverse root of the number of people (after Pustejovsky and Rodgers 2019, Research Synthesis "
    "Methods 10:57-71; the standard error of a standardised difference is tied to its size)",
)
_STANDARDISED = frozenset({"SMD", "SMDH", "SMD1", "SMD1H"})


def propose_asymmetry(result: Synthesis) -> Proposal:
    """Propose a level of publication bias for a synthesis that compares two groups.

    With fewer than ten studies, and of single arms, no test is used, and the reason says why. A person judges.

    References
    ----------
    Sterne et al. (2011), BMJ 343, d4002: fewest studies. Cochrane Handbook 5.1, section 10.4.3.1: which test for which
    measure (https://handbook-5-1.cochrane.org/chapter_10/).
    """
    few = result.k < GradeLimits().asymmetry_k
    entry = synthesis.get_measure(result.measure)
    if few or entry.kind not in {"two-by-two", "two-means", "two-rates", "printed"}:
        plain = consensus.propose_publication_bias(result.k)
        return plain if few else replace(plain, reason=_SINGLE)
    suited = _PETERS if entry.kind == "two-by-two" else _BY_SIZE if result.measure in _STANDARDISED else _EGGER
    try:
        found = synthesis.regtest(result.effects, model="lm", predictor=suited.predictor)
    except InvalidInput as error:
        plain = consensus.propose_publication_bias(result.k)
        return replace(plain, reason=f"Asymmetry could not be tested: {error.message}. {_INSTEAD}")
    proposal = consensus.propose_publication_bias(found.k, found.p)
    if proposal.level is None:
        return proposal
    return replace(proposal, reason=f"{proposal.reason} Tested by {suited.name}.{_varied(result)}")


_INSTEAD = "Judge by registries, funding and size."
_SINGLE = (
    "Asymmetry was not tested: the tests are for comparisons, and the precision of a single arm is tied to its result. "
    + _INSTEAD
)
_LARGE_I2 = 50.0
"""I2 from which the Cochrane Handbook speaks of substantial heterogeneity, which these tests do not withstand."""


def _varied(result: Synthesis) -> str:
    if result.i2 is None or result.i2 < _LARGE_I2:
        return ""
    return f" With I2 of {result.i2:.0f} % such a test says little: differences between studies can look like it."
