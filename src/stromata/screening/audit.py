"""What a random sample says of the whole: how many of the excluded were excluded wrongly."""

from __future__ import annotations

from dataclasses import dataclass

from stromata.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class AuditEstimate:
    """What an audit found.

    Attributes
    ----------
    frame : excluded references that the sample was drawn from. `drawn`, `read` : of the sample, in all and read again.
    wrong : of those read, how many ought to have been kept.
    share, share_low, share_high : share of the frame excluded wrongly, 0 to 1; None while nothing has been read.
    number, number_low, number_high : the same as a number of references.
    """

    frame: int
    drawn: int
    read: int
    wrong: int
    share: float | None = None
    share_low: float | None = None
    share_high: float | None = None
    number: float | None = None
    number_low: int | None = None
    number_high: int | None = None


def audit_estimate(*, frame: int, drawn: int, read: int, wrong: int, level: float = 0.95) -> AuditEstimate:
    """Estimate how many of the excluded were excluded wrongly, with an exact interval for a sample without replacement.

    The interval holds all numbers M of wrongly excluded references in the frame under which neither `wrong` or more,
    nor `wrong` or fewer, in the sample has a probability below (1 - level) / 2: Clopper and Pearson's idea under the
    hypergeometric distribution. It holds at least at its level, also at none found.

    Parameters
    ----------
    frame, drawn, read, wrong : 0 <= wrong <= read <= drawn <= frame.
    level : between 0 and 1.

    Raises
    ------
    InvalidInput
        The numbers do not fit one another.

    References
    ----------
    Clopper CJ, Pearson ES (1934). The use of confidence or fiducial limits. Biometrika 26:404-413.
    Buonaccorsi JP (1987). A note on confidence intervals for proportions in finite populations. Am Stat 41:215-218.
    """
    if not 0 <= wrong <= read <= drawn <= frame:
        raise InvalidInput(f"{wrong} wrong of {read} read of {drawn} drawn of {frame}: each must be at most the next")
    if not read:
        return AuditEstimate(frame, drawn, read, wrong)
    tail = (1 - level) / 2
    low = _least(frame, read, wrong, tail)
    high = frame - _least(frame, read, read - wrong, tail)
    return AuditEstimate(
        frame,
        drawn,
        read,
        wrong,
        share=wrong / read,
        share_low=low / frame,
        share_high=high / frame,
        number=frame * wrong / read,
        number_low=low,
        number_high=high,
    )


def _least(frame: int, read: int, hits: int, tail: float) -> int:
    """Return the least number in the frame under which `hits` or more in the sample is not too improbable."""
    from scipy.stats import hypergeom  # noqa: PLC0415 - takes long to load

    if not hits:
        return 0
    below, enough = hits - 1, frame - (read - hits)  # with `hits - 1` in the frame it is impossible
    while enough - below > 1:
        middle = (below + enough) // 2
        if hypergeom.sf(hits - 1, frame, middle, read) > tail:
            enough = middle
        else:
            below = middle
    return enough
