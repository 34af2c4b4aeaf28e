"""Pooled results of changing sets of studies: with each left out in turn, and with one more at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Unpack

from stromata.model import Interval, Synthesis, numbers
from stromata.reporting.figures.canvas import PageOptions, checked
from stromata.reporting.figures.rows import Column, Row, Table, draw
from stromata.reporting.figures.scales import Scale, axis_of, finite, pooled_text, studies

if TYPE_CHECKING:
    from stromata.synthesis.sensitivity import Refits

_HEADS = (("", f"I²,{numbers.KEPT}%"), ("", "p"))


def leave_one_out(
    refits: Refits, result: Synthesis, *, columns: Sequence[Column] | None = None, **page: Unpack[PageOptions]
) -> bytes:
    """Return a forest plot of the pooled result without each study.

    Parameters
    ----------
    refits : what `stromata.synthesis.sensitivity.leave_one_out` returns.
    result : the pool of all studies, drawn as a diamond and a dashed line.
    columns : as for `stromata.reporting.figures.forest`; ``inputs`` is I2 and the p-value of each pool.
    page : see `stromata.reporting.figures.canvas.PageOptions`.
    """
    scale = Scale(result.measure)
    rows = [*_rows(refits, scale), *_all(result, scale)]
    table = _table(rows, result, "Left out", _HEADS)
    description = describe_leave_one_out(refits, result)
    return draw(table, checked(page), columns, kind="Leave-one-out plot", description=description)


def cumulative(
    refits: Refits, result: Synthesis, *, columns: Sequence[Column] | None = None, **page: Unpack[PageOptions]
) -> bytes:
    """Return a forest plot of the pooled result as one study after another joins.

    Parameters
    ----------
    refits : what `stromata.synthesis.sensitivity.cumulative` returns.
    result : the pool of all studies; its measure and level are those of the figure.
    columns : as for `stromata.reporting.figures.forest`; ``inputs`` is I2 and the p-value of each pool.
    page : see `stromata.reporting.figures.canvas.PageOptions`.
    """
    scale = Scale(result.measure)
    table = _table(_rows(refits, scale), result, "Added", _HEADS)
    description = describe_cumulative(refits, result)
    return draw(table, checked(page), columns, kind="Cumulative forest plot", description=description)


def describe_leave_one_out(refits: Refits, result: Synthesis) -> str:
    """Return a leave-one-out plot in words."""
    lines = [f"Without {row.label}: {row.value}." for row in _rows(refits, Scale(result.measure))]
    start = f"Leave-one-out plot of {studies(len(refits.labels))}. {_what(result)} {pooled_text(result)}"
    return " ".join([start, *lines])


def describe_cumulative(refits: Refits, result: Synthesis) -> str:
    """Return a cumulative forest plot in words."""
    rows = _rows(refits, Scale(result.measure))
    lines = [f"With {row.label} (k = {k}): {row.value}." for row, k in zip(rows, refits.k.tolist(), strict=True)]
    return " ".join([f"Cumulative forest plot of {studies(len(refits.labels))}. {_what(result)}", *lines])


def _what(result: Synthesis) -> str:
    mark = numbers.unit(result.measure) if Scale(result.measure).readable else ""
    return f"{numbers.measure_name(result.measure)}{f', in {mark}' if mark else ''}."


def _rows(refits: Refits, scale: Scale) -> list[Row]:
    """Return a row per refit; its square grows with the studies in it."""
    most = max(refits.k.tolist(), default=1) or 1
    found = zip(
        refits.labels,
        refits.k.tolist(),
        *(array.tolist() for array in (refits.estimate, refits.ci_low, refits.ci_high, refits.i2, refits.p)),
        strict=True,
    )
    rows = []
    for label, k, estimate, low, high, i2, p in found:
        interval = scale.interval(estimate, low, high)
        cells = (numbers.fixed(i2, 0) if k > 1 else numbers.MISSING, _p(p))
        rows.append(Row("study", label, cells, interval, _value(interval, scale), share=0.5 * k / most))
    return rows


def _p(p: float) -> str:
    return numbers.p_value(p).removeprefix(f"p{numbers.KEPT}={numbers.KEPT}").removeprefix("p").strip(numbers.KEPT)


def _value(interval: Interval, scale: Scale) -> str:
    return numbers.estimate(interval, scale.measure if scale.readable else "MD", None)


def _all(result: Synthesis, scale: Scale) -> list[Row]:
    interval = _overall(result, scale)
    if interval.estimate is None:
        return []
    return [Row("total", f"All studies (k = {result.k})", ("", ""), interval, _value(interval, scale))]


def _overall(result: Synthesis, scale: Scale) -> Interval:
    """Return the pool of all studies, on the scale of the rows."""
    if scale.readable:
        return finite(result.natural)
    return scale.interval(result.estimate, result.ci_low, result.ci_high)


def _table(rows: Sequence[Row], result: Synthesis, head: str, heads: tuple[tuple[str, str], ...]) -> Table:
    scale = Scale(result.measure)
    mark, name = numbers.unit(result.measure), numbers.measure_name(result.measure)
    return Table(
        rows=tuple(rows) or (Row("note", "No study could be shown."),),
        axis=axis_of(scale, [row.interval for row in rows if row.interval is not None]),
        value_head=(f"{name}, {mark}" if mark and scale.readable else name, f"[{numbers.level(result.level)} CI]"),
        heads=heads,
        label_head=head,
        reference=numbers.no_effect(result.measure),
        pooled=_overall(result, scale).estimate,
        footnotes=("Each row is a pooled result.",) if rows else (),
    )
