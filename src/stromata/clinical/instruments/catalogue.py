"""Clinical instruments as data: what they ask, how they are scored, what counts as a response, and who says so.

The data stand in the YAML files beside this module. A file lists instruments; short forms in it are spelt out here:

``each``
    One component for every word of the named list under ``words``; ``{}`` is replaced by the word.
``also``
    Other names of a component, as they occur in tables. Case, punctuation and the order of words do not matter.
``area_of``, ``factor_of``, ``sum_of``
    The component stands in for others: a share of the skin for its area score, a value in another unit, or a sum.
``interval``
    Limits of a band; a round bracket leaves the limit itself out. ``printed`` are the limits as the source prints them.
``source``
    Key in ``sources.yaml``. ``status: unsourced`` marks what is known to exist and was not found: it is never computed.
``usual_high``
    A limit of plausibility. It is ours, no fact of the instrument: a larger value is kept and gets a caution.
``vague_names``
    Names that others go by too, and what to say of each. In a table that is scored with this instrument they count as
    its total. Those that are an alias as well find the instrument, with a caution; the others do not find it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NoReturn

from stromata.errors import NotFound

Status = Literal["sourced", "partial", "unsourced"]
Direction = Literal["higher-is-worse", "higher-is-better", "none"]
ComponentKind = Literal["number", "flag", "choice", "items"]
FormulaName = Literal["regions", "weighted-sum", "mean", "das28-esr", "das28-crp", "step-points", "none"]
Threshold = Literal["percent_fall", "fall", "rise", "followup_low", "followup_high"]

FILES = ("skin", "lupus", "joints")
THRESHOLDS: dict[Threshold, str] = {
    "percent_fall": "fell by at least {:g} % of its baseline",
    "fall": "fell by at least {:g}",
    "rise": "rose by at least {:g}",
    "followup_low": "is {:g} or more at follow-up",
    "followup_high": "is {:g} or less at follow-up",
}
"""What a criterion can ask of the total, in words."""

NEEDS_BASELINE: frozenset[Threshold] = frozenset({"percent_fall", "fall", "rise"})

_WORD = re.compile(r"[a-z]+|[0-9]+|[^\W\d_a-z]+")
_INTERVAL = re.compile(r"([\[(])\s*(\S+?)\s*,\s*(\S+?)\s*([\])])")


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a number was read. `level` is ``primary`` for the instrument's or the definition's own paper or page."""

    id: str
    title: str
    url: str
    level: Literal["primary", "secondary"]
    doi: str = ""


@dataclass(frozen=True, slots=True)
class Alternative:
    """How one component stands in for others: as share of the skin, in another unit (× `factor`), or as their sum."""

    kind: Literal["area-score", "factor", "sum"]
    of: tuple[str, ...]
    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Component:
    """One thing an instrument asks.

    Attributes
    ----------
    low, high : allowed range, both ends included; None where there is no limit.
    step : the value is a multiple of it; None when any value may be given.
    choices : for a choice, (letter, points); `items` : for a list, the ids that may stand in it.
    at : for composite responders, the visits at which it is needed.
    weight : factor in a weighted sum; None where it has none or none was found (`status`).
    alternative : what it stands in for; None for a component of its own.
    """

    id: str
    label: str
    kind: ComponentKind = "number"
    low: float | None = None
    high: float | None = None
    step: float | None = None
    unit: str = ""
    required: bool = True
    weight: float | None = None
    choices: tuple[tuple[str, float], ...] = ()
    items: tuple[str, ...] = ()
    at: Literal["each", "both", "followup"] = "each"
    usual_high: float | None = None
    alternative: Alternative | None = None
    aliases: tuple[str, ...] = ()
    note: str = ""
    source: Citation | None = None
    status: Status = "sourced"


@dataclass(frozen=True, slots=True)
class Band:
    """A range of totals with its name. `printed` holds the limits as the source prints them, where they leave gaps."""

    label: str
    low: float
    high: float
    low_open: bool = False
    high_open: bool = False
    printed: tuple[float, float] | None = None
    text: str = ""

    def holds(self, total: float) -> bool:
        """Return whether `total` lies in the band."""
        above = total > self.low if self.low_open else total >= self.low
        below = total < self.high if self.high_open else total <= self.high
        return above and below


@dataclass(frozen=True, slots=True)
class BandScheme:
    """One author's set of bands; it need not cover the whole range."""

    scheme: str
    bands: tuple[Band, ...]
    source: Citation | None = None
    note: str = ""

    def find(self, total: float) -> Band | None:
        """Return the band that holds `total`, if any."""
        return next((band for band in self.bands if band.holds(total)), None)


@dataclass(frozen=True, slots=True)
class ResponderCriterion:
    """One rule that says whether a patient responded.

    Attributes
    ----------
    id : stable name, such as ``PASI75``; `instrument` : id of the instrument it belongs to.
    rule : the rule in words.
    kind : ``thresholds`` on the total, a rule of its own (``composite``), or ``unsourced``: never evaluated.
    thresholds : (what, limit), see `THRESHOLDS`; all must hold, or one of them when `any_of`.
    function : name of the rule of a composite criterion.
    worsening : it marks a flare, not a response.
    """

    id: str
    instrument: str
    label: str
    rule: str
    kind: Literal["thresholds", "composite", "unsourced"]
    thresholds: tuple[tuple[Threshold, float], ...] = ()
    any_of: bool = False
    function: str = ""
    worsening: bool = False
    source: Citation | None = None
    status: Status = "sourced"
    note: str = ""

    @property
    def needs_baseline(self) -> bool:
        """Whether the rule is about a change."""
        return any(what in NEEDS_BASELINE for what, _ in self.thresholds)


@dataclass(frozen=True, slots=True)
class ImportantDifference:
    """The smallest difference that matters to patients, from `value` to `high` where a range was published."""

    value: float | None = None
    high: float | None = None
    unit: str = ""
    scope: str = ""
    source: Citation | None = None
    status: Status = "sourced"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """A remark, or a conflict between sources, and where it was read."""

    text: str
    source: Citation | None = None


@dataclass(frozen=True, slots=True)
class StepPoints:
    """Points by steps: ``points[i]`` for a value above exactly ``i`` of the limits `above`."""

    component: str
    above: tuple[float, ...]
    points: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Formula:
    """How the total comes from the components; `text` says it in words.

    `weights_young` replaces `weights` for patients younger than `young_below_years`. `partial` : some weights are
    unknown, so a total exists only where they do not matter.
    """

    name: FormulaName
    text: str
    source: Citation | None = None
    signs: tuple[str, ...] = ()
    area: str = ""
    weights: tuple[tuple[str, float], ...] = ()
    weights_young: tuple[tuple[str, float], ...] = ()
    young_below_years: float | None = None
    weights_source: Citation | None = None
    points: tuple[StepPoints, ...] = ()
    partial: bool = False


@dataclass(frozen=True, slots=True)
class DerivedScore:
    """A score beside the total: the weighted sum `without` some components, or one with a formula of its own."""

    id: str
    label: str
    without: tuple[str, ...] = ()
    source: Citation | None = None


@dataclass(frozen=True, slots=True)
class GradingRule:
    """Features of an adverse event and the grade each stands for; `term` is empty for the general rule."""

    term: str
    versions: tuple[str, ...]
    features: tuple[tuple[str, int], ...]
    source: Citation | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Instrument:
    """One clinical instrument.

    Attributes
    ----------
    conditions : ids of the vocabulary of diseases.
    vague_names : (name, caution) of names that other instruments go by too; see the module.
    computes : a ``total``, or only a ``response`` from inputs of its own.
    measures_change : the total is about a change by itself and needs no baseline.
    low, high, step : range of the total; None where there is no limit or none was found.
    bands : the first scheme gives `Score.band`, the others stand beside it.
    missing : what is not known and therefore not computed, in sentences.
    status : ``partial`` when something in `missing` concerns the score itself.
    """

    id: str
    name: str
    kind: Literal["clinician-reported", "patient-reported", "composite", "safety"]
    direction: Direction
    formula: Formula
    aliases: tuple[str, ...] = ()
    vague_names: tuple[tuple[str, str], ...] = ()
    conditions: tuple[str, ...] = ()
    unit: str = ""
    computes: Literal["total", "response"] = "total"
    measures_change: bool = False
    low: float | None = None
    high: float | None = None
    step: float | None = None
    usual_high: float | None = None
    range_note: str = ""
    source: Citation | None = None
    components: tuple[Component, ...] = ()
    derived: tuple[DerivedScore, ...] = ()
    bands: tuple[BandScheme, ...] = ()
    criteria: tuple[ResponderCriterion, ...] = ()
    mcid: tuple[ImportantDifference, ...] = ()
    notes: tuple[Note, ...] = ()
    missing: tuple[str, ...] = ()
    grading: tuple[GradingRule, ...] = ()
    status: Status = "sourced"

    def component(self, id_: str) -> Component:
        """Return the component of that id, which must exist."""
        return next(item for item in self.components if item.id == id_)


def words(text: str) -> tuple[str, ...]:
    """Return the words of a name as they are compared: lower case, letters and digits apart, no punctuation."""
    plain = unicodedata.normalize("NFKC", text).lower().replace("%", " percent ")
    return tuple(_WORD.findall(plain))


def name_key(text: str) -> tuple[str, ...]:
    """Return what two names share when they have the same words in any order."""
    return tuple(sorted(words(text)))


def instruments() -> tuple[Instrument, ...]:
    """Return all instruments, skin first."""
    return _catalogue()


def instrument(name: str) -> Instrument:
    """Return an instrument by id or alias; case, spaces and hyphens do not matter.

    Raises
    ------
    NotFound
        There is none of that name, or the name may mean several; near names are listed.
    """
    known = _names()
    found = known.get("".join(words(name)))
    if found is None:
        _refuse_vague(name)
        _not_found("instrument", name, {item.aliases[0] for item in instruments()}, sorted(known))
    return found


def _refuse_vague(name: str) -> None:
    """Refuse a name that several instruments go by, and name them."""
    asked = name_key(name)
    found = {
        item.aliases[0]: text for item in instruments() for each, text in item.vague_names if name_key(each) == asked
    }
    if found:
        text = next(iter(found.values()))
        raise NotFound(f"{name!r} may mean several instruments. {text}", hint=f"Name one of: {', '.join(found)}.")


def criteria() -> tuple[ResponderCriterion, ...]:
    """Return the responder criteria of all instruments."""
    return tuple(criterion for item in instruments() for criterion in item.criteria)


def criterion(id_: str) -> ResponderCriterion:
    """Return a responder criterion by id; case, spaces and hyphens do not matter.

    Raises
    ------
    NotFound
        There is none of that id; near ids are listed.
    """
    known = {"".join(words(item.id)): item for item in criteria()}
    found = known.get("".join(words(id_)))
    if found is None:
        _not_found("responder criterion", id_, {item.id for item in criteria()}, sorted(known))
    return found


def _not_found(what: str, name: str, all_names: set[str], keys: list[str]) -> NoReturn:
    near = get_close_matches("".join(words(name)), keys, n=5, cutoff=0.5)
    shown = sorted({each for each in all_names if "".join(words(each)) in near}) or sorted(all_names)
    raise NotFound(f"there is no {what} {name!r}", hint=f"Did you mean one of: {', '.join(shown)}?")


@cache
def _names() -> dict[str, Instrument]:
    return {"".join(words(name)): item for item in instruments() for name in (*item.aliases, item.id)}


@cache
def _catalogue() -> tuple[Instrument, ...]:
    from stromata.model import codec  # noqa: PLC0415 - loads pydantic

    sources = {key: {"id": key, **value} for key, value in _read("sources").items()}
    raw = [item for name in FILES for item in _read(name)]
    items = {item["id"]: _component_ids(item) for item in raw}
    return tuple(codec.from_data(Instrument, _spelt_out(item, sources, items)) for item in raw)


def _read(name: str) -> Any:  # noqa: ANN401 - YAML has no narrower type
    import yaml  # noqa: PLC0415 - slow to load, and not wanted before the first instrument is

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = files("stromata.clinical.instruments").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    return yaml.load(text, loader)  # noqa: S506 - both are safe loaders


def _spelt_out(raw: dict[str, Any], sources: dict[str, Any], items: dict[str, list[str]]) -> dict[str, Any]:
    """Return the fields of an `Instrument` from one entry of a file. Any: the shape is checked by the codec."""
    data: dict[str, Any] = _cited(raw, sources)
    limits = data.pop("range", {})
    vocabulary = data.pop("words", {})
    grading = data.pop("grading", None)
    data |= {key: limits.get(key) for key in ("low", "high", "step", "usual_high")}
    data |= {"range_note": limits.get("note", ""), "source": limits.get("source")}
    data["vague_names"] = list(data.get("vague_names", {}).items())
    data["components"] = [_component(part, items) for spec in data["components"] for part in _each(spec, vocabulary)]
    formula = data["formula"]
    formula["weights"] = list(formula.get("weights", {}).items())
    formula["weights_young"] = list(formula.get("weights_young", {}).items())
    formula["points"] = [{"component": key, **value} for key, value in formula.get("points", {}).items()]
    for scheme in data.get("bands", []):
        scheme["bands"] = [_band(band) for band in scheme["bands"]]
    data["criteria"] = [_criterion(item, data["id"], data["aliases"][0]) for item in data["criteria"]]
    if grading:
        data["grading"] = [_grading("", grading["general"] | {"versions": grading["versions"]})]
        data["grading"] += [_grading(term, rule) for term, rule in grading["terms"].items()]
    return data


def _cited(value: Any, sources: dict[str, Any]) -> Any:  # noqa: ANN401 - any part of a YAML document
    """Return a copy in which each key of a source is replaced by the source itself."""
    if isinstance(value, dict):
        return {
            key: sources[part] if str(key).endswith("source") and isinstance(part, str) else _cited(part, sources)
            for key, part in value.items()
        }
    return [_cited(part, sources) for part in value] if isinstance(value, list) else value


def _each(spec: dict[str, Any], vocabulary: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a component, or one for each word of its list, with all names it goes by."""
    if "each" not in spec:
        return [spec]
    found = []
    patterns = [spec["id"], *spec.get("also", [])]
    for word, meaning in vocabulary[spec["each"]].items():
        names = [str(word), *meaning.get("also", [])]
        part = {key: value for key, value in spec.items() if key != "each"}
        part["id"] = spec["id"].format(word)
        part["label"] = spec["label"].format(meaning["label"])
        part["also"] = [pattern.format(name) for pattern in patterns for name in names]
        if "area_of" in spec:
            part["area_of"] = spec["area_of"].format(word)
        found.append(part)
    return found


def _component_ids(raw: dict[str, Any]) -> list[str]:
    return [part["id"] for spec in raw["components"] for part in _each(spec, raw.get("words", {}))]


def _component(spec: dict[str, Any], items: dict[str, list[str]]) -> dict[str, Any]:
    data = dict(spec)
    data["aliases"] = [name for name in data.pop("also", []) if name != data["id"]]
    if data.pop("flag", False):
        data["kind"] = "flag"
    if "choices" in data:
        data |= {"kind": "choice", "choices": list(data["choices"].items())}
    if "items_of" in data:
        data |= {"kind": "items", "items": items[data.pop("items_of")]}
    if "area_of" in data:
        data["alternative"] = {"kind": "area-score", "of": [data.pop("area_of")]}
    if "factor_of" in data:
        ((target, factor),) = data.pop("factor_of").items()
        data["alternative"] = {"kind": "factor", "of": [target], "factor": factor}
    if "sum_of" in data:
        data["alternative"] = {"kind": "sum", "of": data.pop("sum_of")}
    if "alternative" in data:
        data["required"] = False
    return data


def _band(spec: dict[str, Any]) -> dict[str, Any]:
    data = dict(spec)
    found = _INTERVAL.fullmatch(data.pop("interval"))
    if found is None:
        raise ValueError(spec)
    opening, low, high, closing = found.groups()
    return data | {"low": float(low), "high": float(high), "low_open": opening == "(", "high_open": closing == ")"}


def _criterion(spec: dict[str, Any], instrument_: str, short: str) -> dict[str, Any]:
    thresholds = [(what, float(spec[what])) for what in THRESHOLDS if what in spec]
    parts = [THRESHOLDS[what].format(limit) for what, limit in thresholds]
    joined = (" or " if spec.get("any_of") else " and ").join(parts)
    function = spec.get("rule", "")
    kind = "unsourced" if spec.get("status") == "unsourced" else "composite" if function else "thresholds"
    data = {key: value for key, value in spec.items() if key not in {*THRESHOLDS, "text"}}
    return data | {
        "instrument": instrument_,
        "thresholds": thresholds,
        "rule": spec.get("text") or f"{short} {joined}.",
        "function": function,
        "kind": kind,
    }


def _grading(term: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {**spec, "term": term, "features": list(spec["features"].items())}
