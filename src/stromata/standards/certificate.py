"""What came of a check as one self-contained page that prints on a sheet or two."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template

from stromata.model.standards import Authority, Check, CheckReport
from stromata.standards.judge import is_unsourced

SYMBOLS = {"met": "✓", "not-met": "✗", "not-reported": "?", "unsourced": "○", "not-applicable": "–"}
WORDS = {
    "met": "met",
    "not-met": "not met",
    "not-reported": "not reported",
    "unsourced": "unsourced",
    "not-applicable": "not applicable",
}
"""What came of a criterion; one that is stated and has no sourced limit is shown as unsourced."""


def certificate(report: CheckReport, *, checked_on: str, version: str, checked_by: str = "") -> str:
    """Return a check as one HTML page.

    The page asks nothing of the network and runs no script; its own content security policy forbids both. Everything
    that a record says is escaped. It says of itself that it is a check against a list, and no certification.

    Parameters
    ----------
    checked_on : date, or date and time, of the check; the page shows it as it is given.
    version : of stromata.
    checked_by : who asked for it; may be empty.

    Returns
    -------
    HTML text. Equal arguments give equal text.
    """
    html = _template().render(
        report=report,
        stages=_stages(report),
        checked_on=checked_on,
        checked_by=checked_by,
        version=version,
        cited=_cited(report),
        symbols=SYMBOLS,
        words=WORDS,
        address=address,
        unknown=len([one for one in report.results if _unknown_must(one)]),
        state=_state,
        counts=[(name, _counts(report, name)) for name in ("must", "should")],
    )
    return html.encode("utf-8", "replace").decode()  # half a character in a record must not stop the file


def _state(one: Check) -> str:
    return "unsourced" if is_unsourced(one) else one.status


def _counts(report: CheckReport, severity: str) -> list[int]:
    """Return how many criteria came out how, in the order of `WORDS`."""
    states = [_state(one) for one in report.results if one.severity == severity]
    return [states.count(state) for state in WORDS]


def _cited(report: CheckReport) -> dict[Authority, int]:
    """Number the sources in the order in which the page names them."""
    stages = _stages(report)
    ordered = [one.source for _, applies, others in stages for one in (*applies, *others)]
    found = dict.fromkeys(source for source in ordered if source is not None)
    return {source: number for number, source in enumerate(found, start=1)}


def _unknown_must(one: Check) -> bool:
    return one.severity == "must" and one.status == "not-reported" and one.criterion_status != "unsourced"


def _stages(report: CheckReport) -> list[tuple[str, list[Check], list[Check]]]:
    """Return per stage what applies, in the order of the standard, and what does not."""
    names = dict.fromkeys(one.stage for one in report.results)
    of = {name: [one for one in report.results if one.stage == name] for name in names}
    return [
        (
            name,
            [one for one in checks if _state(one) != "not-applicable"],
            [one for one in checks if _state(one) == "not-applicable"],
        )
        for name, checks in of.items()
    ]


def address(source: Authority | None) -> str:
    """Return where a source can be opened: its DOI, else its web address; empty when it has neither."""
    if source is None:
        return ""
    if source.doi.startswith("10."):
        return f"https://doi.org/{quote(source.doi, safe='/().;:-_')}"
    try:
        parts = urlsplit(source.url.strip())
    except ValueError:
        return ""
    plain = all(ord(letter) > 32 for letter in source.url.strip())
    return source.url.strip() if parts.scheme in {"http", "https"} and parts.netloc and plain else ""


@cache
def _template() -> Template:
    environment = Environment(
        loader=FunctionLoader(_text), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("certificate.html.j2")


def _text(name: str) -> str:
    return files("stromata.standards").joinpath(f"templates/{name}").read_text(encoding="utf-8")
