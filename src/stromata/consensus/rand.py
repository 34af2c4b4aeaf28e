"""The RAND/UCLA appropriateness method: median, spread, disagreement and class of ratings from 1 to 9.

All arithmetic is in fractions: whether a range of 3.1 is above a limit of 3.1 must not hang on rounding. Constants,
tables and what is known of their origin stand in ``rand.yaml``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

from stromata.consensus.data import load
from stromata.errors import InvalidInput
from stromata.model import Caution
from stromata.model.consensus import (
    AgreementCount,
    Appropriateness,
    AppropriatenessClass,
    Band,
    CountVerdict,
    Vote,
)
from stromata.model.protocol import DisagreementRule, HalfMedian, PercentileMethod

LOW, MIDDLE, HIGH = (1, 2, 3), (4, 5, 6), (7, 8, 9)
BANDS: dict[Band, tuple[int, ...]] = {"1-3": LOW, "4-6": MIDDLE, "7-9": HIGH}
_CLASSES: dict[Band, AppropriatenessClass] = {"1-3": "inappropriate", "4-6": "uncertain", "7-9": "appropriate"}
_CENTRE = 5


def percentile(ratings: Sequence[int], share: Fraction | str, *, method: PercentileMethod = "linear") -> Fraction:
    """Return a percentile of ratings.

    Parameters
    ----------
    ratings : whole numbers, at least one, in any order.
    share : such as ``"0.3"``, strictly between 0 and 1.

    Raises
    ------
    InvalidInput
        No ratings, or a share outside the range.

    References
    ----------
    Hyndman RJ, Fan Y (1996). Sample quantiles in statistical packages. Am Stat 50:361-5.
    """
    p, n, values = Fraction(share), len(ratings), sorted(ratings)
    if not n:
        raise InvalidInput("a percentile needs at least one rating")
    if not 0 < p < 1:
        raise InvalidInput(f"the share of a percentile is {share}; it lies between 0 and 1")
    if method == "averaged":
        return (_at(values, -((-n * p) // 1)) + _at(values, (n * p) // 1 + 1)) / 2
    shift = {
        "linear": 1 - p,
        "weibull": p,
        "hazen": Fraction(1, 2),
        "median-unbiased": (p + 1) / 3,
    }[method]
    place = n * p + shift
    below = place // 1
    part = place - below
    return _at(values, below) * (1 - part) + _at(values, below + 1) * part


def _at(values: Sequence[int], place: int) -> Fraction:
    """Return the value at a 1-based place; places beyond an end are that end."""
    return Fraction(values[min(max(place, 1), len(values)) - 1])


def median(ratings: Sequence[int]) -> Fraction:
    """Return the median; for an even number of ratings the mean of the two in the middle."""
    return percentile(ratings, Fraction(1, 2), method="averaged")


def band_of(value: Fraction | float, *, half_medians: HalfMedian = "middle") -> Band:
    """Return the band of the scale that holds a median.

    Parameters
    ----------
    value : 1 to 9, in halves.
    half_medians : with ``middle`` 3.5 and 6.5 belong to 4-6; with ``higher`` 6.5 belongs to 7-9 and 3.5 to 4-6.
    """
    top = Fraction(13, 2) if half_medians == "higher" else Fraction(7)
    if value <= LOW[-1]:
        return "1-3"
    return "7-9" if value >= top else "4-6"


def count_limits(n: int) -> tuple[int, int]:
    """Return how many ratings agreement allows outside the band, and how many disagreement asks for at each end.

    Parameters
    ----------
    n : ratings, at least 1. For 8 to 16 the limits are those of the printed table; the rule that gives them, a third
        of the panel rounded to a whole number, serves for all other sizes (see ``rand.yaml``).

    Raises
    ------
    InvalidInput
        n < 1.
    """
    if n < 1:
        raise InvalidInput(f"a panel of {n} has no limits; at least one rating is needed")
    third = max((n + 1) // 3, 1)
    return third - 1, third


def count_agreement(ratings: Sequence[int], *, half_medians: HalfMedian = "middle") -> AgreementCount:
    """Judge agreement and disagreement by counting ratings, for any size of panel.

    References
    ----------
    10.1186/1472-6947-12-93, Table 7 (panels of 8 to 16); 10.1259/bjr.20170577, Table 4 (17 to 25).
    """
    outside_max, extreme_min = count_limits(len(ratings))
    band = BANDS[band_of(median(ratings), half_medians=half_medians)]
    outside = sum(rating not in band for rating in ratings)
    low, high = (sum(rating in end for rating in ratings) for end in (LOW, HIGH))
    verdict: CountVerdict = "indeterminate"
    if min(low, high) >= extreme_min:
        verdict = "disagreement"
    elif outside <= outside_max:
        verdict = "agreement"
    return AgreementCount(outside, outside_max, low, high, extreme_min, verdict)


def ipras(p30: Fraction | str, p70: Fraction | str) -> tuple[Fraction, Fraction, Fraction]:
    """Return IPRAS, the centre of the range (IPRCP) and its distance from 5 (the asymmetry index).

    ``IPRAS = 2.35 + 1.5 |5 - (P30 + P70) / 2|``: ratings near an end of the scale may spread more.

    References
    ----------
    10.1136/bmjopen-2012-001431, Table 1, with the constant corrected as ``rand.yaml`` explains.
    """
    constants = load("rand")["constants"]
    centre = (Fraction(p30) + Fraction(p70)) / 2
    asymmetry = abs(_CENTRE - centre)
    return Fraction(constants["base"]["value"]) + Fraction(constants["slope"]["value"]) * asymmetry, centre, asymmetry


def rate(
    ratings: Sequence[int],
    *,
    statement: str = "",
    round_number: int = 1,
    unable: int = 0,
    method: PercentileMethod = "linear",
    disagreement: DisagreementRule = "ipras",
    half_medians: HalfMedian = "middle",
) -> Appropriateness:
    """Rate one statement.

    Parameters
    ----------
    ratings : whole numbers from 1 to 9. Votes of those unable to score are not among them; `unable` counts these.
    method : definition of percentiles.
    disagreement : what makes a statement uncertain whatever its median: IPR above IPRAS, disagreement by count, or one
        of both.

    Returns
    -------
    Appropriateness
        Appropriate: median in 7-9 without disagreement. Inappropriate: median in 1-3 without disagreement. Uncertain:
        all else. With no ratings there is no class.

    Raises
    ------
    InvalidInput
        A rating is not a whole number from 1 to 9.

    References
    ----------
    Fitch K, Bernstein SJ, Aguilar MD, et al. The RAND/UCLA Appropriateness Method User's Manual. RAND, 2001.
    """
    wrong = [rating for rating in ratings if rating not in range(1, 10)]
    if wrong:
        raise InvalidInput(f"a rating is {wrong[0]}; whole numbers from 1 to 9 are allowed")
    found = Appropriateness(statement, round_number, len(ratings), unable)
    if not ratings:
        text = "Nobody rated this statement, so it has no class."
        return replace(found, cautions=(Caution("no-ratings", text),))
    p25, p30, p70, p75 = (percentile(ratings, share, method=method) for share in ("0.25", "0.3", "0.7", "0.75"))
    limit, centre, asymmetry = ipras(p30, p70)
    spread, middle = p70 - p30, median(ratings)
    band = band_of(middle, half_medians=half_medians)
    counts = count_agreement(ratings, half_medians=half_medians)
    by_range, by_count = spread > limit, counts.verdict == "disagreement"
    split = {"ipras": by_range, "count": by_count, "either": by_range or by_count}[disagreement]
    return replace(
        found,
        median=float(middle),
        tertile=band,
        p25=float(p25),
        p75=float(p75),
        iqr=float(p75 - p25),
        p30=float(p30),
        p70=float(p70),
        ipr=float(spread),
        iprcp=float(centre),
        asymmetry=float(asymmetry),
        ipras=float(limit),
        disagreement=by_range,
        counts=counts,
        appropriateness="uncertain" if split else _CLASSES[band],
        cautions=_cautions(len(ratings), unable, middle, differ=by_range != by_count),
    )


def _cautions(n: int, unable: int, middle: Fraction, *, differ: bool) -> tuple[Caution, ...]:
    found = []
    printed = load("rand")["counts"]["printed"]
    if not printed[0]["from"] <= n <= printed[-1]["to"]:
        text = (
            f"Ratings: {n}. The printed limits of agreement by count are for {printed[0]['from']} to "
            f"{printed[-1]['to']}; the rule behind them was used."
        )
        found.append(Caution("panel-size", text))
    if differ:
        text = "The range of the ratings (IPRAS) and their count differ on whether there is disagreement."
        found.append(Caution("rules-differ", text))
    if middle in {Fraction(7, 2), Fraction(13, 2)}:
        found.append(Caution("half-median", f"The median of {float(middle)} lies between two bands of the scale."))
    if unable > n:
        found.append(
            Caution("mostly-unable", f"{unable} people were unable to score this statement and {n} scored it.")
        )
    return tuple(found)


def appropriateness(
    votes: Iterable[Vote],
    *,
    round_number: int | None = None,
    method: PercentileMethod = "linear",
    disagreement: DisagreementRule = "ipras",
    half_medians: HalfMedian = "middle",
) -> tuple[Appropriateness, ...]:
    """Rate every statement in the order of its first vote.

    Parameters
    ----------
    votes : each panellist at most once per statement and round, as `read_votes` gives them.
    round_number : the round to rate; None takes each statement's own last round.
    method, disagreement, half_medians : as for `rate`.

    Raises
    ------
    InvalidInput
        There are no votes in the round, or a rating is not a whole number from 1 to 9.
    """
    by_statement: dict[str, list[Vote]] = {}
    for vote in votes:
        by_statement.setdefault(vote.statement, []).append(vote)
    found = []
    for statement, own in by_statement.items():
        wanted = max(vote.round for vote in own) if round_number is None else round_number
        here = [vote for vote in own if vote.round == wanted]
        scores = [vote.score for vote in here if vote.score is not None]
        if here:
            found.append(
                rate(
                    scores,
                    statement=statement,
                    round_number=wanted,
                    unable=len(here) - len(scores),
                    method=method,
                    disagreement=disagreement,
                    half_medians=half_medians,
                )
            )
    if round_number is not None and by_statement and not found:
        rounds = ", ".join(
            str(number) for number in sorted({vote.round for own in by_statement.values() for vote in own})
        )
        raise InvalidInput(f"there are no votes in round {round_number}", hint=f"There are votes in round {rounds}.")
    return tuple(found)
