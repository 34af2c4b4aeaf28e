"""What a result hangs on, as rows of a report: pooled again without each study in turn."""

from __future__ import annotations

from dataclasses import dataclass

from stromata.model import EffectSize, Interval, Synthesis, numbers
from stromata.reporting.anchors import anchor
from stromata.reporting.content import LeaveOneOut, SensitivitySection
from stromata.reporting.forest import Linked
from stromata.reporting.results import TOGETHER, Views, effect_place


@dataclass(frozen=True, slots=True)
class RefitRow:
    """A pool without one study, or with all of them, as printed; it leads to the study's effect, or to the result."""

    without: Linked
    estimate: str
    heterogeneity: str


@dataclass(frozen=True, slots=True)
class RefitGroup:
    """The refits of a synthesis or of a subgroup.

    Attributes
    ----------
    label : of the subgroup; empty where there is one group only.
    rows : the first is the result itself. `span` : from the lowest to the highest estimate; empty without any.
    """

    label: str
    rows: tuple[RefitRow, ...]
    span: str
    remark: str


def section_of(shown: Views, synthesis: Synthesis) -> SensitivitySection | None:
    """Return what a report holds on how far a synthesis can be relied on; None when it holds nothing."""
    return next((each for each in shown.content.sensitivity if each.synthesis == synthesis.id), None)


def refit_groups(shown: Views, synthesis: Synthesis, section: SensitivitySection) -> tuple[RefitGroup, ...]:
    """Return the groups of refits of a synthesis, in the order of its section."""
    parts = dict(synthesis.subgroups)
    return tuple(_group(shown, synthesis, parts.get(each.label, synthesis), each) for each in section.left_out)


def _group(shown: Views, whole: Synthesis, part: Synthesis, given: LeaveOneOut) -> RefitGroup:
    people = numbers.people(each.without for each in given.refits)

    def row(effect: EffectSize | None, natural: Interval, tau2: float | None, i2: float | None) -> RefitRow:
        place = shown.link(part, None, "estimate") if effect is None else "#" + effect_place(whole, effect)
        name = f"None: all {part.k} studies" if effect is None else effect.label
        spread = numbers.heterogeneity(tau2=tau2, i2=i2) or numbers.MISSING
        return RefitRow(Linked(name, place), numbers.estimate(natural, part.measure, people), spread)

    found = [each.natural.estimate for each in given.refits if each.natural.estimate is not None]
    low, high = (numbers.natural(end, part.measure, people) for end in (min(found), max(found))) if found else ("", "")
    mark = numbers.unit(part.measure)
    unit = f"{numbers.KEPT}{mark}" if mark else ""
    return RefitGroup(
        label=shown.condition_name(given.label) if given.label else TOGETHER if whole.subgroups else "",
        rows=(
            row(None, part.natural, part.tau2, part.i2),
            *(row(each.without, each.natural, each.tau2, each.i2) for each in given.refits),
        ),
        span=f"{low} to {high}{unit}" if found else "",
        remark=given.remark,
    )


def funnel_place(synthesis: Synthesis) -> str:
    """Return the id of a synthesis' funnel plot."""
    return anchor("funnel", synthesis.id)
