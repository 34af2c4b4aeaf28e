"""The report of a review: one self-contained HTML file in which every number leads to where it came from."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from stromata.model import Synthesis, SynthesisPlan, measure_family, numbers
from stromata.reporting import checks, findings, panels
from stromata.reporting.anchors import anchor
from stromata.reporting.appraisals import entries, row_place, summary_svg, traffic_light_svgs
from stromata.reporting.citations import address, doi_url, safe_url, vancouver
from stromata.reporting.content import AppraisalRow, ReportContent
from stromata.reporting.evidence_map import evidence_cells, evidence_map_svg
from stromata.reporting.forest import Linked, forest_svg
from stromata.reporting.funnel import funnel_svg
from stromata.reporting.overlap_plot import (
    banded,
    matrix_svg,
    overlap_of,
    pair_place,
    pairs_svg,
    readings,
    share,
    study_place,
)
from stromata.reporting.prisma import check, flow_svg, flow_table
from stromata.reporting.results import LEVELS, Views, caution_name, exact_intervals, term_words, views
from stromata.reporting.sensitivity import funnel_place, refit_groups, section_of
from stromata.reporting.studies import arm_rows, cohort_rows, family_rows, mapping_rows, study_link
from stromata.reporting.svg import clean

_TEMPLATES = Path(__file__).parent / "templates"

_CHINESE = re.compile(
    r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff][\u3000-\u303f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]*"
)
_KANA = re.compile(r"[\u3041-\u30ff]")

_DESIGNS = {
    "rct": "randomised trial",
    "nonrandomised-controlled": "non-randomised controlled study",
    "single-arm": "single-arm trial",
    "cohort": "cohort",
    "case-series": "case series",
    "case-report": "case report",
    "cross-sectional": "cross-sectional study",
    "preclinical": "preclinical study",
    "other": "other design",
}
_PRODUCTS = {
    "msc": "mesenchymal stromal cells",
    "svf": "stromal vascular fraction",
    "ev": "extracellular vesicles",
    "secretome": "secretome",
    "engineered": "engineered cells",
    "hsct": "haematopoietic stem cells",
    "other-cells": "other cells",
    "other": "no cells",
}
_KINDS = {
    "database": "database",
    "register": "register",
    "website": "website",
    "organisation": "organisation",
    "citation": "citation searching",
    "other": "other method",
}
_STAGES = {"title-abstract": "Title and abstract", "full-text": "Full text"}
_MODELS = {
    "common": "common-effect",
    "random": "random-effects",
    "glmm": "binomial-normal (logistic mixed)",
    "mh": "Mantel-Haenszel",
    "peto": "Peto",
    "exact": "exact conditional",
    "beta-binomial": "beta-binomial",
    "bayes": "Bayesian random-effects",
}


def render(content: ReportContent) -> str:
    """Return the report as one HTML file.

    The file asks nothing of the network: its style stands in it, its figures are inline SVG, it runs no script, and its
    own content security policy forbids all else. Texts from records are escaped throughout; addresses in them become
    links only when they are plain web addresses.

    Parameters
    ----------
    content : what to show. Sections without content say so, or are left out where a review need not have them.

    Returns
    -------
    HTML text. Equal content gives equal text.
    """
    page = _environment().get_template("report.html.j2")
    shown = views(content)
    overlap = overlap_of(content, shown.library)
    html = page.render(
        content=content,
        views=shown,
        map_cells=evidence_cells(content),
        map_figure=_drawn(evidence_map_svg(content)),
        overlap=overlap,
        matrix_figure=_drawn(matrix_svg(overlap) if overlap else ""),
        pairs_figure=_drawn(pairs_svg(overlap) if overlap else ""),
        equations=check(content.flow),
        findings=findings.findings_views(shown),
        profiles=findings.profile_views(shown),
        frames=findings.frame_views(shown),
        flow_rows=flow_table(content.flow),
        flow_figure=_drawn(flow_svg(content.flow, identifier="flow-diagram")),
    )
    return clean(html)


def _drawn(svg: str) -> Markup:
    """Return a figure as part of the page."""
    return Markup(svg)  # noqa: S704 - our own writer escapes


def _model_words(pooled: Synthesis | SynthesisPlan) -> str:
    """Return the name of a model; counts in a time are Poisson, counts of people binomial."""
    timed = measure_family(pooled.measure).kind in {"rate", "two-rates"}
    return "Poisson-normal (mixed)" if timed and pooled.model == "glmm" else _MODELS[pooled.model]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        words=mark_languages,
        plain=numbers.plain,
        count=numbers.count,
        percent=numbers.percent,
        fixed=numbers.fixed,
        level=numbers.level,
        doi_url=doi_url,
        safe_url=safe_url,
        vancouver=vancouver,
        address=address,
        caution_name=caution_name,
    )
    environment.globals.update(
        anchor=anchor,
        forest=_forest,
        funnel=_funnel,
        section_of=section_of,
        refit_groups=refit_groups,
        designs=_DESIGNS,
        products=_PRODUCTS,
        kinds=_KINDS,
        stages=_STAGES,
        model_words=_model_words,
        exact_intervals=exact_intervals,
        levels=LEVELS,
        arm_rows=arm_rows,
        mapping_rows=mapping_rows,
        family_rows=family_rows,
        cohort_rows=cohort_rows,
        study_link=study_link,
        lights=lambda section: tuple(map(_drawn, traffic_light_svgs(section))),
        bars=lambda section: _drawn(summary_svg(section)),
        entries=entries,
        row_place=row_place,
        appraised=_appraised,
        share=share,
        banded=banded,
        pair_place=pair_place,
        readings=readings,
        study_place=study_place,
        estimated=numbers.estimate,
        number=numbers.number,
        term_words=term_words,
        p_value=numbers.p_value,
        unit=numbers.unit,
    )
    environment.globals.update(_finding_words())
    environment.globals.update(_panel_words())
    environment.globals.update(_check_words())
    return environment


def _finding_words() -> dict[str, object]:
    """Return the words of the sections on findings and decisions."""
    return {
        "certainties": findings.CERTAINTIES,
        "meanings": findings.MEANINGS,
        "strengths": findings.STRENGTHS,
        "directions": findings.DIRECTIONS,
        "perspectives": findings.PERSPECTIVES,
    }


def _panel_words() -> dict[str, object]:
    """Return what the sections on panels call."""
    return {
        "panel_words": panels,
        "tally": panels.tally,
        "flagged": panels.flagged,
        "statement_place": panels.statement_place,
        "statement_link": panels.statement_link,
        "statement_rows": panels.statement_rows,
        "member_rows": panels.member_rows,
        "rating_rows": panels.rating_rows,
        "rating_cautions": panels.rating_cautions,
        "panel_share": panels.share,
        "replaced": panels.replaced,
        "day": panels.day,
    }


def _check_words() -> dict[str, object]:
    """Return what the sections on practice standards call."""
    return {
        "item_groups": checks.groups,
        "item_cells": checks.CELLS,
        "cell_markup": checks.cell_markup(),
        "check_name": checks.name_of,
        "check_place": checks.check_place,
        "check_verdict": checks.verdict,
        "check_missed": checks.missed,
        "check_unknown": checks.unknown,
        "check_others": checks.others,
        "check_statuses": checks.STATUSES,
        "check_symbols": checks.SYMBOLS,
        "authority": checks.authority,
        "criterion_rows": checks.criterion_rows,
        "loose_flags": checks.loose_flags,
    }


def mark_languages(text: object) -> Markup:
    """Return escaped text with each run of Chinese marked as such, so that it is spoken and set in its own way."""
    words = str(text)
    if _KANA.search(words):  # Japanese uses the same characters: no claim is made about its runs
        return escape(words)
    parts: list[str] = []
    end = 0
    for run in _CHINESE.finditer(words):
        parts += [escape(words[end : run.start()]), Markup('<span lang="zh">{}</span>').format(run.group())]
        end = run.end()
    return Markup("").join([*parts, escape(words[end:])])


def _forest(shown: Views, synthesis: Synthesis) -> Markup:
    """Return a synthesis' forest plot, its numbers linked within the report."""
    outcome = shown.outcomes.get(shown.outcome_id(synthesis))
    favours = ("", "")
    if outcome is not None and outcome.scale == "dichotomous":
        favours = ("Favours comparator", "Favours intervention")
        favours = favours if outcome.domain == "benefit" else (favours[1], favours[0])
    named = replace(
        synthesis,
        effects=tuple(replace(each, group=shown.condition_name(each.group)) for each in synthesis.effects),
        subgroups=tuple((shown.condition_name(label), part) for label, part in synthesis.subgroups),
    )
    svg = forest_svg(
        named,
        link=shown.link,
        title=shown.title(synthesis),
        favours=favours,
        identifier=anchor("forest", synthesis.id),
    )
    return _drawn(svg)


def _funnel(shown: Views, synthesis: Synthesis) -> Markup:
    """Return a synthesis' funnel plot, its studies linked within the report."""
    title = f"Funnel plot: {shown.title(synthesis)}"
    return _drawn(funnel_svg(synthesis, link=shown.link, title=title, identifier=funnel_place(synthesis)))


def _appraised(shown: Views, row: AppraisalRow) -> Linked:
    """Return what was appraised: a study, or the reference of a review."""
    study = row.appraisal.study
    if study in shown.studies:
        return Linked(row.label, study_link(shown, study).href)
    cited = shown.cite(study)
    return Linked(f"{row.label} {cited.text}" if cited.text != row.label else row.label, cited.href)
