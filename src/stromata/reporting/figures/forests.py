"""Forest plots for papers: study by study with its data and weight, pooled results, prediction, several models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Unpack

from stromata.errors import InvalidInput
from stromata.model import EffectSize, Interval, Synthesis, numbers
from stromata.reporting.axes import axis_for
from stromata.reporting.figures.canvas import PageOptions, checked
from stromata.reporting.figures.rows import Column, Row, Table, draw
from stromata.reporting.figures.scales import finite, pooled_text, studies
from stromata.reporting.forest import InputColumn, data_point_link, input_cell, input_columns, mass
from stromata.reporting.lineage import effects_of

_MODELS = {
    "common": "Common-effect model",
    "random": "Random-effects model",
    "glmm": "Generalised linear mixed model",
    "mh": "Mantel-Haenszel model",
    "peto": "Peto’s model",
    "exact": "Exact conditional model",
    "beta-binomial": "Beta-binomial model",
    "bayes": "Bayesian model",
}
_SUMS = ("Events / total", "Events / time", "n")
"""Headings of columns of counts, which add up."""

_ADJUSTED = "* With a continuity correction, because a group had no event, or events only."
_ADJUSTED_EXACT = "* A continuity correction went into the pooled result; the interval shown is exact, without it."


def forest(
    result: Synthesis,
    *,
    columns: Sequence[Column] | None = None,
    prediction: bool = True,
    subgroups: bool = True,
    others: Sequence[Synthesis] = (),
    favours: tuple[str, str] = ("", ""),
    **page: Unpack[PageOptions],
) -> bytes:
    """Return a forest plot.

    Parameters
    ----------
    result : studies, pooled result, and subgroups where it has them. With no study the figure says so.
    columns : what stands beside the plot: ``inputs`` (the data), ``estimate``, ``weight``. Without, as many as leave
        the plot its room; a figure of one journal column usually has the estimates only.
    prediction : draw the prediction interval where there is one.
    subgroups : put studies under their subgroups, with a subtotal for two studies or more.
    others : further results of the same studies and measure, such as another model; a diamond each.
    favours : words left and right of no effect; drawn for measures that compare two groups.
    page : see `stromata.reporting.figures.canvas.PageOptions`.

    Returns
    -------
    The file. Ratios stand on a logarithmic axis, proportions on one from 0 to 100 %; what reaches beyond the axis ends
    in an arrow. The area of a square is the study's weight (the number of people in models without weights).

    Raises
    ------
    InvalidInput
        Another measure among `others`, an option out of range, or columns without room.
    """
    for other in others:
        if other.measure != result.measure:
            raise InvalidInput(f"a result of {other.measure} does not belong in a forest plot of {result.measure}")
    given = checked(page)
    given = replace(given, title=given.title or result.title)
    table = _table(_Shown(result, prediction, subgroups and bool(result.subgroups)), tuple(others), favours)
    description = describe_forest(result, prediction=prediction, subgroups=subgroups, others=others)
    return draw(table, given, columns, kind="Forest plot", description=description)


def describe_forest(
    result: Synthesis, *, prediction: bool = True, subgroups: bool = True, others: Sequence[Synthesis] = ()
) -> str:
    """Return a forest plot in words: every study, every pooled result; parameters as for `forest`."""
    effects = effects_of(result)
    people = numbers.people(effects)
    who = f" with {numbers.count(people)} people" if people is not None and effects else ""
    mark = f", in {numbers.unit(result.measure)}" if numbers.unit(result.measure) else ""
    parts = [f"Forest plot of {studies(len(effects))}{who}. {numbers.measure_name(result.measure)}{mark}."]
    shown = _Shown(result, prediction, subgroups and bool(result.subgroups))
    spoken = {"heading": "Subgroup {}.", "note": "{}."}
    for row in (*shown.rows(), *_other_rows(others)):
        if row.kind in spoken:
            parts.append(spoken[row.kind].format(row.label))
        else:
            weight = f", weight {row.weight}" if row.weight else ""
            data = ", ".join(
                f"{group} {head}: {cell}".strip().replace("  ", " ")
                for (group, head), cell in zip(shown.heads, row.cells, strict=False)
                if cell
            )
            parts.append(f"{row.label}: {row.value}{weight}{f' ({data})' if data else ''}.")
    if result.natural.estimate is None and result.k != 1:
        parts.append(pooled_text(result))
    return " ".join(parts)


@dataclass(frozen=True, slots=True)
class _Shown:
    """A result, and what of it is shown."""

    result: Synthesis
    prediction: bool
    grouped: bool

    @property
    def effects(self) -> tuple[EffectSize, ...]:
        return effects_of(self.result)

    @property
    def columns(self) -> tuple[InputColumn, ...]:
        return input_columns(self.result)

    @property
    def heads(self) -> tuple[tuple[str, str], ...]:
        kept = f"{numbers.KEPT}/ "  # a line may end after the stroke, not before it
        return tuple((column.group, column.heading.replace(" / ", kept)) for column in self.columns)

    def rows(self) -> Iterator[Row]:
        result = self.result
        if not self.effects:
            yield Row("note", "No study could be shown.")
            return
        if not self.grouped:
            yield from self._studies(self.effects, indented=False)
        for label, part in result.subgroups if self.grouped else ():
            members = part.effects or tuple(effect for effect in result.effects if effect.group == label)
            if not members:
                continue
            yield Row("heading", label)
            yield from self._studies(members, indented=True)
            if part.k >= 2:
                yield from self._pooled(part, members, "subtotal")
        if result.k >= 2:
            yield from self._pooled(result, self.effects, "total")
        test = result.subgroup_test
        if self.grouped and test is not None:
            line = numbers.heterogeneity(q=test.q, df=test.df, p=test.p)
            yield Row("note", f"Test for subgroup differences: {line}")

    def _studies(self, members: Sequence[EffectSize], *, indented: bool) -> Iterator[Row]:
        effects = self.effects
        weights = {(effect.label, effect.group): effect.weight for effect in effects}  # in the pool of all
        largest = max((mass(effect, effects) for effect in effects), default=0.0) or 1.0
        for member in members:
            effect = replace(member, weight=weights.get((member.label, member.group), member.weight))
            sizes = numbers.group_sizes(effect)
            text = numbers.estimate(effect.natural, effect.measure, sum(sizes) if sizes else None)
            yield Row(
                "study",
                effect.label,
                cells=tuple(self._cell(effect, column) for column in self.columns),
                interval=finite(effect.natural),
                value=text + ("*" if effect.adjusted else ""),
                weight="" if effect.weight is None else f"{numbers.fixed(effect.weight, 1)}{numbers.KEPT}%",
                share=mass(effect, effects) / largest,
                indented=indented,
            )

    def _cell(self, effect: EffectSize, column: InputColumn) -> str:
        return "".join(part.text for part in input_cell(self.result, effect, column, data_point_link))

    def _pooled(
        self, part: Synthesis, members: Sequence[EffectSize], kind: Literal["subtotal", "total"]
    ) -> Iterator[Row]:
        people = numbers.people(members)
        name = "Subtotal" if kind == "subtotal" else _MODELS[part.model]
        yield Row(
            kind,
            f"{name} (k = {part.k})".replace("k = ", f"k{numbers.KEPT}={numbers.KEPT}"),
            cells=tuple(_sum(members, column) for column in self.columns),
            interval=finite(part.natural),
            value=numbers.estimate(part.natural, part.measure, people),
            indented=kind == "subtotal",
        )
        if self.prediction:
            yield from _predicted(part, people, indented=kind == "subtotal")
        line = numbers.heterogeneity(tau2=part.tau2, i2=part.i2, q=part.q, df=part.q_df, p=part.q_p)
        if line:
            yield Row("note", f"Heterogeneity: {line}", indented=kind == "subtotal")


def _predicted(part: Synthesis, people: int | None, *, indented: bool) -> Iterator[Row]:
    low, high = part.natural.pi_low, part.natural.pi_high
    if low is None and high is None:
        return
    yield Row(
        "prediction",
        f"{numbers.level(part.level)} prediction interval",
        interval=finite(Interval(None, low, high)),
        value=numbers.bounds(low, high, part.measure, people),
        indented=indented,
    )


def _other_rows(others: Sequence[Synthesis]) -> Iterator[Row]:
    for other in others:
        people = numbers.people(effects_of(other))
        yield Row(
            "total",
            other.title or _MODELS[other.model],
            interval=finite(other.natural),
            value=numbers.estimate(other.natural, other.measure, people),
        )


def _sum(effects: Sequence[EffectSize], column: InputColumn) -> str:
    """Return the sums of a column of counts; nothing below means, nor where a study does not give the count."""
    if column.heading not in _SUMS:
        return ""
    given = [dict(effect.inputs) for effect in effects]
    terms = [part.split("+") for part in column.parts]
    if not all(term in known for known in given for part in terms for term in part):
        return ""
    return "/".join(numbers.entered(sum(known[term] for known in given for term in part)) for part in terms)


def _table(shown: _Shown, others: tuple[Synthesis, ...], favours: tuple[str, str]) -> Table:
    result, effects = shown.result, shown.effects
    rows = (*shown.rows(), *_other_rows(others))
    mark, name = numbers.unit(result.measure), numbers.measure_name(result.measure)
    weighted = all(effect.weight is not None for effect in effects)
    notes = (
        [f"The area of a square is the study’s {'weight' if weighted else 'number of people'}."]
        if len(effects) > 1
        else []
    )
    if any(effect.adjusted for effect in effects):
        notes.append(_ADJUSTED_EXACT if numbers.family(result.measure) == "proportion" else _ADJUSTED)
    pooled = result.natural.estimate if result.k >= 2 else None
    return Table(
        rows=rows,
        axis=axis_for(result.measure, [row.interval for row in rows if row.interval is not None]),
        value_head=(f"{name}, {mark}" if mark else name, f"[{numbers.level(result.level)} CI]"),
        heads=shown.heads,
        reference=numbers.no_effect(result.measure),
        pooled=pooled,
        favours=favours if result.measure in numbers.CONTRASTS else ("", ""),
        footnotes=tuple(notes),
    )
