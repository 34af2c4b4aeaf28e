"""A fictional review, rich enough that every part of a report has something to show. No study in it exists."""

from __future__ import annotations

from dataclasses import replace

from scipy.stats import beta

from stromata.model import (
    Appraisal,
    Arm,
    Caution,
    CellProduct,
    Condition,
    DataPoint,
    EffectSize,
    EligibilityCriterion,
    Evidence,
    ExclusionReason,
    FieldAgreement,
    Interval,
    Judgement,
    LeftOut,
    Name,
    Outcome,
    OutcomeDefinition,
    OutcomeMapping,
    Problem,
    PublishedClaim,
    Question,
    Record,
    Reference,
    ReviewInclusion,
    ReviewProtocol,
    SignallingAnswer,
    Source,
    Step,
    Study,
    StudyLink,
    StudyTables,
    SubgroupTest,
    Synthesis,
    SynthesisPlan,
    Translation,
)
from stromata.reporting import (
    Agreement,
    AppraisalLevel,
    AppraisalRow,
    AppraisalSection,
    ArmDose,
    AutomationUse,
    ClaimComparison,
    CohortReason,
    CustomAnswer,
    ExcludedReport,
    FlowCounts,
    LeaveOneOut,
    MapLabels,
    PublishedReview,
    Refit,
    ReportContent,
    SensitivitySection,
)

FLOW = FlowCounts(
    sources=(
        ("MEDLINE (Ovid)", "database", 412),
        ("Embase", "database", 988),
        ("China National Knowledge Infrastructure 中国知网", "database", 240),
        ("ClinicalTrials.gov", "register", 61),
        ("Society web page", "website", 4),
        ("", "citation", 11),
    ),
    duplicates_removed=530,
    excluded_by_automation=12,
    removed_other=0,
    screened=1159,
    excluded_title_abstract=1090,
    sought=69,
    not_retrieved=3,
    assessed=66,
    excluded_full_text=(
        ("Not mesenchymal stromal cells", 21),
        ("No patients with one of the conditions", 18),
        ("No outcome of interest reported in a form that can be extracted", 11),
        ("Duplicate publication of the same cohort", 6),
    ),
    other_sought=9,
    other_not_retrieved=2,
    other_assessed=7,
    other_excluded_full_text=(("Not mesenchymal stromal cells", 4),),
    included_reports=13,
    included_studies=11,
)


def exact(x: int, n: int) -> Interval:
    """Return a proportion with its Clopper-Pearson interval."""
    low = float(beta.ppf(0.025, x, n - x + 1)) if x else 0.0
    high = float(beta.ppf(0.975, x + 1, n - x)) if x < n else 1.0
    return Interval(x / n, low, high)


def proportion(
    label: str, x: int, n: int, *, group: str = "", study: str = "", points: tuple[str, ...] = ()
) -> EffectSize:
    """Return one study's proportion."""
    return EffectSize(
        label=label,
        measure="PLO",
        yi=None,
        vi=None,
        natural=exact(x, n),
        inputs=(("xi", float(x)), ("ni", float(n))),
        study=study or label.replace(" ", ""),
        group=group,
        data_points=points or (f"{label.replace(' ', '')}.x", f"{label.replace(' ', '')}.n"),
        wilson=exact(x, n),
    )


def pooled(natural: Interval, effects: tuple[EffectSize, ...], **changes: object) -> Synthesis:
    """Return a pooled proportion with the usual fields; `changes` replace any of them."""
    result = Synthesis(
        k=len(effects),
        measure="PLO",
        model="glmm",
        tau2_method="ml",
        test="z",
        level=0.95,
        estimate=0.0,
        se=0.3,
        ci_low=-0.6,
        ci_high=0.6,
        natural=natural,
        tau2=0.412,
        i2=37.2,
        q=8.31,
        q_df=len(effects) - 1,
        q_p=0.14,
        effects=effects,
        id="response",
        plan="response",
        title="Responders, cells alone",
        input_hash="5a" * 32,
        versions=(("stromata", "0.1.0"), ("scipy", "1.16")),
    )
    return replace(result, **changes)  # type: ignore[arg-type]


_RESPONSE = (
    ("Abel 2016", 8, 17, "psoriasis"),
    ("Bianchi and the Northern Registry Group 2018", 6, 6, "psoriasis"),
    ("Chén 2019", 3, 12, "psoriasis"),
    ("王小明 2020（单臂研究）", 0, 7, "lupus"),
    ("Dvořák 2021", 61, 124, "lupus"),
    ("Eriksson 2022", 1, 3, "alopecia"),
)
FEW = Caution(
    "few-studies", "Fewer than five studies: the interval may be too narrow, and heterogeneity cannot be judged."
)
UNCONTROLLED = Caution(
    "no-comparator", "Only arms that got cells are pooled: the result does not show what the cells did."
)


def response() -> Synthesis:
    """Return responders by disease: several, none and all responding, a single study, long and Chinese names."""
    effects = tuple(proportion(label, x, n, group=group, study=_key(label)) for label, x, n, group in _RESPONSE)
    effects = tuple(replace(each, data_points=(f"{each.study}.x", f"{each.study}.n")) for each in effects)
    parts = (
        ("psoriasis", pooled(Interval(0.52, 0.23, 0.8, 0.08, 0.93), effects[:3], cautions=(FEW, UNCONTROLLED), id="")),
        (
            "lupus",
            pooled(Interval(0.31, 0.07, 0.72), effects[3:5], cautions=(FEW, UNCONTROLLED), id="", tau2=0.0, i2=0.0),
        ),
        (
            "alopecia",
            pooled(
                Interval(None, None, None), effects[5:], cautions=(UNCONTROLLED,), id="", tau2=None, i2=None, q=None
            ),
        ),
    )
    return pooled(
        Interval(0.44, 0.27, 0.63, 0.10, 0.84),
        effects,
        subgroups=parts,
        subgroup_test=SubgroupTest(1.93, 2, 0.38),
        cautions=(UNCONTROLLED,),
        left_out=(
            LeftOut(
                "Fabre2017",
                "Fabre2017.cells",
                "Fabre2017.response",
                "ulcers",
                "Ulcers were counted, not patients.",
                ("Fabre2017.x",),
            ),
            LeftOut("Gomez2015", "", "", "shared-cohort", "Shares its patients with Abel 2016."),
        ),
    )


def _key(label: str) -> str:
    return label.replace(" ", "")


def harms() -> Synthesis:
    """Return a rare harm: no event in most studies."""
    effects = tuple(
        proportion(label, x, n, study=_key(label), points=(f"{_key(label)}.sae", f"{_key(label)}.n"))
        for label, x, n in (("Abel 2016", 0, 17), ("Chén 2019", 0, 12), ("Dvořák 2021", 2, 124))
    )
    return pooled(
        Interval(0.0131, 0.0033, 0.0511),
        effects,
        id="sae",
        plan="sae",
        title="Serious adverse events, cells alone",
        tau2=0.0,
        i2=0.0,
        q=0.53,
        q_p=0.77,
        cautions=(FEW, Caution("rare-events", "Two events in all: the model has little to go by.")),
    )


def ratios() -> Synthesis:
    """Return risk ratios against a comparator, with weights, one interval much too wide, and a correction."""

    def effect(
        label: str, cells: tuple[float, ...], natural: Interval, weight: float, *, adjusted: bool = False
    ) -> EffectSize:
        return EffectSize(
            label=label,
            measure="RR",
            yi=0.1,
            vi=0.1,
            natural=natural,
            inputs=tuple(zip(("ai", "bi", "ci", "di"), cells, strict=True)),
            study=_key(label),
            data_points=tuple(f"{_key(label)}.{part}" for part in ("x", "n", "cx", "cn")),
            weight=weight,
            adjusted=adjusted,
        )

    effects = (
        effect("Abel 2016", (8, 9, 4, 12), Interval(1.88, 0.70, 5.06), 34.2),
        effect("Dvořák 2021", (61, 63, 40, 81), Interval(1.49, 1.09, 2.03), 60.1),
        effect("Hale 2014", (3, 5, 0, 9), Interval(7.8, 0.46, 132.0), 5.7, adjusted=True),
    )
    return pooled(
        Interval(1.56, 1.17, 2.09, 0.98, 2.49),
        effects,
        measure="RR",
        model="random",
        tau2_method="reml",
        test="knha",
        id="ratio",
        plan="ratio",
        title="Responders, cells against comparator",
        tau2=0.0021,
        i2=4.0,
        q=2.1,
        q_p=0.35,
        cautions=(FEW,),
    )


def differences() -> Synthesis:
    """Return mean differences of a score."""

    def effect(label: str, numbers: tuple[float, ...], natural: Interval, weight: float) -> EffectSize:
        return EffectSize(
            label=label,
            measure="MD",
            yi=natural.estimate,
            vi=1.0,
            natural=natural,
            inputs=tuple(zip(("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"), numbers, strict=True)),
            study=_key(label),
            data_points=tuple(f"{_key(label)}.{part}" for part in ("m", "s", "n", "cm", "cs", "cn")),
            weight=weight,
        )

    effects = (
        effect("Abel 2016", (6.1, 3.2, 17, 9.4, 4.0, 16), Interval(-3.3, -5.78, -0.82), 22.1),
        effect("Dvořák 2021", (5.0, 4.1, 124, 6.2, 4.4, 121), Interval(-1.2, -2.27, -0.13), 77.9),
    )
    return pooled(
        Interval(-1.66, -3.4, 0.08),
        effects,
        measure="MD",
        model="random",
        id="score",
        plan="score",
        title="Severity score, cells against comparator",
        tau2=0.9,
        i2=56.0,
        q=2.3,
        q_p=0.13,
        cautions=(FEW,),
    )


def _reference(number: int, **fields: object) -> Reference:
    record = Record(source="ab" * 32, number=number, line=number, end_line=number, **fields)  # type: ignore[arg-type]
    return Reference(record.id, (record.id,), record)


REFERENCES = (
    _reference(
        1,
        type="article-journal",
        title="Stromal cells for plaque psoriasis: a fictional single-arm trial",
        authors=(Name("Abel", "Anna Maria"), Name("Brown", "J. R."), Name(literal="Northern Registry Group")),
        journal="Journal of Imagined Dermatology",
        journal_abbreviation="J. Imag. Dermatol.",
        date="2016-03-09",
        year=2016,
        volume="12",
        issue="3",
        pages="284-287",
        doi="10.5555/abel.2016",
        pmid="11111111",
    ),
    _reference(
        2,
        type="article-journal",
        title="间充质干细胞治疗系统性红斑狼疮的虚构研究",
        authors=(Name("王", "小明"), Name("李", "华")),
        journal="虚构医学杂志",
        year=2020,
        volume="7",
        pages="12-19",
        language="zh",
        translations=(Translation("en", "Mesenchymal stromal cells in lupus: a fictional study", machine=True),),
        urls=("https://example.org/zh/2020",),
    ),
    _reference(
        3,
        title="Cells for lupus: fictional randomised trial",
        authors=tuple(Name(f"Author{letter}", letter) for letter in "ABCDEFGH"),
        journal="Lancet of Fiction",
        year=2021,
        doi="10.5555/dvorak.2021",
    ),
    _reference(
        4,
        title="A fictional review of everything",
        authors=(Name("Reviewer", "Rita"),),
        year=2022,
        doi="10.5555/review",
    ),
    _reference(5, title="Mice are not patients", authors=(Name("Mouse", "M"),), year=2011, doi="10.5555/mouse"),
    _reference(
        6, title="Included, and silent on outcomes", authors=(Name("Still", "S"),), year=2012, doi="10.5555/still"
    ),
)


def _point(
    study: str, part: str, statistic: str, value: float, outcome: str, arm: str, **evidence: object
) -> DataPoint:
    details = {"reference": "10.5555/abel.2016", "file": "outcomes.csv", "line": 4, "column": part} | evidence
    return DataPoint(
        id=f"{study}.{part}",
        study=study,
        arm=f"{study}.{arm}",
        outcome=f"{study}.{outcome}",
        statistic=statistic,  # type: ignore[arg-type]
        value=value,
        evidence=Evidence(**details),  # type: ignore[arg-type]
    )


def _points() -> tuple[DataPoint, ...]:
    points: list[DataPoint] = []
    for label, x, n, _ in _RESPONSE:
        key = _key(label)
        points += [
            _point(
                key,
                "x",
                "events",
                x,
                "response",
                "cells",
                quote=f"{x} of {n} patients responded (PASI 50)" if x else "七例患者均无应答",
                locator="abstract",
                level="abstract",
                address="https://example.org/abstract?id=1&lang=en",
                extractor="R. Eader",
            ),
            _point(
                key,
                "n",
                "total",
                n,
                "response",
                "cells",
                note="Read from the flow chart; completers only.",
                level="press",
            ),
        ]
    for key, n, x in (("Abel2016", 16, 4), ("Dvořák2021", 121, 40), ("Hale2014", 9, 0)):
        points += [
            _point(key, "cx", "events", x, "response", "control"),
            _point(key, "cn", "total", n, "response", "control"),
        ]
    points += [
        _point("Hale2014", "x", "events", 3, "response", "cells", derived=True),
        _point("Hale2014", "n", "total", 8, "response", "cells"),
    ]
    for key, values in (("Abel2016", (6.1, 3.2, 9.4, 4.0)), ("Dvořák2021", (5.0, 4.1, 6.2, 4.4))):
        parts = zip(
            ("m", "s", "cm", "cs"),
            ("mean", "sd", "mean", "sd"),
            ("cells", "cells", "control", "control"),
            values,
            strict=True,
        )
        points += [_point(key, part, statistic, value, "score", arm) for part, statistic, arm, value in parts]
    points += [
        _point(key, "sae", "events", x, "sae", "cells")
        for key, x in (("Abel2016", 0), ("Chén2019", 0), ("Dvořák2021", 2))
    ]
    return (*points, _point("Fabre2017", "x", "events", 5, "response", "cells", address="https://example.org/fabre"))


def tables() -> StudyTables:
    """Return the extraction tables that the syntheses rest on."""
    conditions = {_key(label): group for label, _, _, group in _RESPONSE}
    conditions |= {"Hale2014": "lupus", "Fabre2017": "lupus", "Gomez2015": "psoriasis"}
    studies = tuple(
        Study(
            id=key,
            title=f"Fictional study of {condition}",
            condition=condition,
            design="rct" if key in ("Abel2016", "Dvořák2021", "Hale2014") else "single-arm",
            year=int("".join(filter(str.isdigit, key))),
            first_author="".join(letter for letter in key if not letter.isdigit()).replace("（单臂研究）", ""),
            country="Utopia",
            n_enrolled=20,
            followup_months=6,
            links=(StudyLink("10.5555/abel.2016"), StudyLink("10.5555/not-imported")) if key == "Abel2016" else (),
            note="Nothing is real." if key == "Abel2016" else "",
        )
        for key, condition in conditions.items()
    )
    product = CellProduct(
        "msc",
        "umbilical cord",
        "allogeneic",
        "P3–P5",
        "thawed",
        "1e6 cells/kg",
        "2 infusions, 14 days apart",
        "intravenous",
    )
    arms = tuple(Arm(f"{key}.cells", key, "UC-MSC", n=17, product=product) for key in conditions)
    arms += tuple(
        Arm(f"{key}.control", key, "Placebo", role="comparator", n=16, treatment="saline infusions")
        for key in ("Abel2016", "Dvořák2021", "Hale2014")
    )
    outcomes = tuple(
        Outcome(f"{key}.{kind}", key, kind, instrument="PASI", definition="improved by half", weeks=26)
        for key in conditions
        for kind in ("response", "sae", "score")
    )
    return StudyTables(studies, arms, outcomes, _points(), _claims())


def _claims() -> tuple[PublishedClaim, ...]:
    common = {
        "review": "10.5555/review",
        "evidence": Evidence(reference="10.5555/review", quote="all six patients improved"),
    }
    return (
        PublishedClaim(
            "all",
            condition="psoriasis",
            outcome="response",
            claim="100 % of six patients",
            statistic="percent",
            value=100,
            total=6,
            plan="response",
            **common,
        ),  # type: ignore[arg-type]
        PublishedClaim(
            "sae",
            condition="lupus",
            outcome="sae",
            claim="15 events",
            statistic="events",
            value=15,
            plan="sae",
            **common,
        ),  # type: ignore[arg-type]
        PublishedClaim(
            "deaths",
            condition="lupus",
            outcome="deaths",
            claim="6 deaths",
            statistic="events",
            value=6,
            why_not="No included study reports deaths by arm.",
            **common,
        ),  # type: ignore[arg-type]
    )


PROTOCOL = ReviewProtocol(
    question=Question(
        "People with psoriasis, lupus or alopecia",
        "Mesenchymal stromal cells",
        "Any, or none",
        "Response; harms",
        "All",
    ),
    criteria=(
        EligibilityCriterion("i1", "People of any age with one of the conditions"),
        EligibilityCriterion("e1", "Animal studies", "exclude"),
    ),
    reasons=(ExclusionReason("cells", "Not mesenchymal stromal cells"), ExclusionReason("animals", "No patients")),
    conditions=(
        Condition("psoriasis", "Psoriasis"),
        Condition("lupus", "Lupus 系统性红斑狼疮"),
        Condition("alopecia", "Alopecia areata"),
    ),
    outcomes=(
        OutcomeDefinition("response", "Response"),
        OutcomeDefinition("score", "Severity score", scale="continuous"),
        OutcomeDefinition("sae", "Serious adverse events", "harm"),
        OutcomeDefinition("deaths", "Deaths", "harm"),
    ),
    plans=(
        SynthesisPlan("response", "Responders, cells alone", "response", "PLO", "glmm"),
        SynthesisPlan("ratio", "Responders, cells against comparator", "response", "RR", "random", contrast="two-arm"),
        SynthesisPlan("score", "Severity score", "score", "MD", "random", contrast="two-arm"),
        SynthesisPlan("sae", "Serious adverse events", "sae", "PLO", "glmm"),
    ),
    registration="Registered nowhere: this review is fictional",
    about="Nothing in this review exists. It shows what a report looks like.",
)


def example() -> ReportContent:
    """Return the whole fictional review."""
    answers = response()
    claims = _claims()
    return ReportContent(
        title="Stromal cells in three imagined conditions 虚构综述",
        generated_at="2026-01-02T03:04:05Z",
        version="0.1.0",
        head_hash="c0ffee" * 10 + "abcd",
        events=1234,
        flow=FLOW,
        protocol=PROTOCOL,
        sources=(
            Source(
                "cd" * 32,
                "medline.nbib",
                9999,
                "nbib",
                "utf-8",
                412,
                database="MEDLINE",
                platform="Ovid",
                searched_on="2025-11-30",
                strategy="1. exp Mesenchymal Stem Cells/\n2. (MSC* or stromal cell*).ti,ab.\n3. 1 or 2",
            ),
            Source(
                "ef" * 32,
                "知网.ris",
                999,
                "ris",
                "gb18030",
                240,
                database="CNKI",
                problems=(Problem(17, "ris-stray-line", "The line has no tag: 'abc'.", "Join it to the line before."),),
            ),
        ),
        references=REFERENCES,
        included=(REFERENCES[0].id, REFERENCES[5].id),
        excluded=(ExcludedReport(REFERENCES[4], "No patients", "A mouse model."),),
        tables=tables(),
        syntheses=(answers, ratios(), differences(), harms()),
        claims=(
            ClaimComparison(claims[0], "response", "psoriasis", answers.subgroups[0][1]),
            ClaimComparison(claims[1], "sae", "", harms(), "Serious events only; the review counted all."),
            ClaimComparison(claims[2], why_not=claims[2].why_not),
        ),
        agreement=(Agreement("title-abstract", 1159, 0.961, 0.713, 45), Agreement("full-text", 66, 0.91, None, 6)),
        notes=("A fictional example: no number in it is evidence.",),
    )


# What the domain knows: doses, harmonised outcomes, appraisals, the evidence map, and the overlap of reviews.

LEVELS = (
    AppraisalLevel("low", "Low", "+", 0),
    AppraisalLevel("some-concerns", "Some concerns", "!", 1),
    AppraisalLevel("high", "High", "-", 2),
    AppraisalLevel("no-information", "No information", "?"),
)
ANSWERS = (
    AppraisalLevel("yes", "Yes", "+", 0),
    AppraisalLevel("unclear", "Unclear", "?", 1),
    AppraisalLevel("no", "No", "-", 2),
    AppraisalLevel("not-applicable", "Not applicable", "o"),
)
VERDICTS = (
    AppraisalLevel("include", "Include", "+", 0),
    AppraisalLevel("seek-information", "Seek further information", "?", 1),
    AppraisalLevel("exclude", "Exclude", "-", 2),
)


def trial_appraisals() -> AppraisalSection:
    """Return appraisals of results of trials, domain by domain, with an overruled level and one that waits."""

    def row(study: str, levels: tuple[str, ...], weight: float, **changes: object) -> AppraisalRow:
        judgements = tuple(
            Judgement(domain, level) for domain, level in zip(("D1", "D2", "overall"), levels, strict=True)
        )
        answers = (
            SignallingAnswer("1.1", "PY", "Drawn by computer.", f"randomised by computer in {study}", "p. 3"),
            SignallingAnswer("2.1", "NI"),
        )
        appraisal = Appraisal("imagined", "1", study, "A. Judge", f"{study}.response", answers, judgements)
        fields = {"label": study, "result": "Response at 26 weeks", "appraisers": ("A. Judge", "B. Judge")}
        return replace(AppraisalRow(appraisal, weight=weight, **fields), **changes)  # type: ignore[arg-type]

    rows = (
        row("Abel2016", ("low", "some-concerns", "some-concerns"), 34.2),
        row("Dvořák2021", ("low", "low", "low"), 60.1),
        row("Hale2014", ("no-information", "high", "high"), 5.7, consensus=False),
    )
    overruled = Judgement("D2", "some-concerns", "high", "The deviations were balanced.", "favours cells")
    kept = tuple(each for each in rows[0].appraisal.judgements if each.domain != "D2")
    first = replace(rows[0], appraisal=replace(rows[0].appraisal, judgements=(*kept, overruled), note="A small trial."))
    return AppraisalSection(
        id="imagined",
        tool="Imagined tool for trials",
        version="1",
        link="https://example.org/tool",
        domains=(("D1", "Randomisation process"), ("D2", "Deviations from the intended interventions")),
        levels=LEVELS,
        rows=(first, *rows[1:]),
        questions=(("1.1", "D1", "Was the order random?"), ("2.1", "D2", "Did people know?")),
        weighting="Responders, cells against comparator",
        notes=("One appraisal per result.",),
    )


def series_appraisals() -> AppraisalSection:
    """Return appraisals with a checklist: answers in place of levels, and verdicts of their own for the whole."""

    def row(study: str, given: tuple[str, ...], verdict: str) -> AppraisalRow:
        answers = tuple(
            SignallingAnswer(number, answer) for number, answer in zip(("1", "2", "9a"), given, strict=True)
        )
        judgements = (Judgement("overall", verdict),) if verdict else ()
        return AppraisalRow(Appraisal("list", "2020", study, "A. Judge", "", answers, judgements), study)

    return AppraisalSection(
        id="list",
        tool="Imagined checklist",
        version="2020",
        domains=(("1", "Who qualified?"), ("2", "How was it measured?"), ("9a", "Was it analysed well?")),
        levels=ANSWERS,
        overall_levels=VERDICTS,
        rows=(
            row("Chén2019", ("yes", "unclear", "no"), "exclude"),
            row("BianchiandtheNorthernRegistryGroup2018", ("yes", "yes", "not-applicable"), "include"),
            row("10.5555/review", ("yes", "yes", "yes"), ""),
        ),
        questions=tuple(
            (id_, "checklist", text) for id_, text in (("1", "Who qualified?"), ("2", "How?"), ("9a", "?"))
        ),
    )


MAP_LABELS = MapLabels(
    diseases=(
        ("psoriasis", "Psoriasis"),
        ("lupus", "Lupus"),
        ("alopecia", "Alopecia areata"),
        ("vitiligo", "Vitiligo"),
    ),
    tissues=(("umbilical cord", "Umbilical cord"), ("adipose", "Adipose tissue"), ("bone marrow", "Bone marrow")),
    routes=(("intravenous", "Intravenous"), ("into the skin", "Into the skin")),
    products=(("msc", "Stromal cells"), ("svf", "Vascular fraction")),
    levels=(
        ("rct", "Randomised trial"),
        ("cohort", "Uncontrolled study"),
        ("single-arm", "Uncontrolled study"),
        ("preclinical", "Animals"),
    ),
)


def inclusions() -> tuple[ReviewInclusion, ...]:
    """Return the studies of three published reviews, one of which names a study by the DOI of its report."""
    read = Evidence(reference="10.5555/review", locator="table 1", address="https://example.org/table")
    pairs = (
        ("10.5555/review", "Reviewer 2022", ("Abel2016", "Dvořák2021", "Hale2014", "10.5555/elsewhere")),
        ("early", "Early 2018", ("10.5555/ABEL.2016", "Hale2014")),
        ("third", "Third and others 2020", ("Abel2016",)),
    )
    return tuple(
        ReviewInclusion(f"{key}/{study}", key, label, study, read) for key, label, studies in pairs for study in studies
    )


def convert(effect: EffectSize) -> EffectSize:
    """Return the first effect of `ratios` as if the count had been worked out from a percentage."""
    step = Step(
        "percent-to-events",
        (("percent", 47.1), ("total", 17.0), ("decimals", 1.0)),
        (("events", 8.0),),
        ("The percentage refers to all 17 people.",),
        "arithmetic",
    )
    return replace(effect, steps=(step,), data_points=("Abel2016.pct", *effect.data_points[1:]))


def sensitivity(synthesis: Synthesis) -> SensitivitySection:
    """Return made-up refits of a synthesis, of which the last determines no estimate, with words and lines of R."""
    naturals = (Interval(1.49, 1.09, 2.03), Interval(2.02, 0.8, 5.11), Interval(None, None, None))
    refits = tuple(Refit(each, natural, 0.2, 12.0) for each, natural in zip(synthesis.effects, naturals, strict=True))
    return SensitivitySection(
        synthesis=synthesis.id,
        funnel="Asymmetry was not tested.",
        left_out=(LeaveOneOut("", (*refits[:2], replace(refits[2], tau2=None, i2=None)), "All hangs on Hale 2014."),),
        methods="Studies were pooled.",
        results="The risk ratio was 1.56.",
        r_lines='rma(measure="RR", ai=c(8, 61, 3))',
    )


def full() -> ReportContent:
    """Return the fictional review with all that a report can show."""
    content = example()
    held = content.tables
    pct = replace(_point("Abel2016", "pct", "percent", 47.1, "response", "cells"), unit="%")
    spread = replace(
        next(each for each in held.data_points if each.id == "Abel2016.s"),
        steps=(Step("se-to-sd", (("se", 0.776114), ("n", 17.0)), (("sd", 3.2),), (), "Handbook"),),
    )
    points = tuple(spread if each.id == spread.id else each for each in held.data_points)
    studies = tuple(
        replace(each, cohort="north") if each.id in ("Abel2016", "Gomez2015") else each for each in held.studies
    )
    studies = tuple(
        replace(each, links=(StudyLink("10.5555/abel.2016", "main report"), StudyLink("NCT00000001", "same sponsor")))
        if each.id == "Abel2016"
        else each
        for each in studies
    )
    shared = LeftOut("Gomez2015", "", "", "shared-patients", "May share patients with Abel2016.")
    ratio = ratios()
    ratio = replace(ratio, effects=(convert(ratio.effects[0]), *ratio.effects[1:]), left_out=(shared,))
    return replace(
        content,
        tables=replace(held, studies=studies, data_points=(*points, pct), inclusions=inclusions()),
        syntheses=(content.syntheses[0], ratio, *content.syntheses[2:]),
        doses=(
            ArmDose(
                "Abel2016.cells",
                "1 × 10⁶ cells/kg",
                2,
                14.0,
                "2 × 10⁶ cells/kg",
                1e6,
                (Caution("assumed-weight", "A body weight of 70 kg was assumed."),),
            ),
            ArmDose("Chén2019.cells", "2 × 10⁷ cells", 1),
        ),
        mappings=(
            OutcomeMapping("Abel2016.score", "response", "PASI75", "default", "response", "Three quarters suffice."),
            OutcomeMapping("Dvořák2021.response", "response", "SRI-4", "protocol", "any-improvement"),
            OutcomeMapping("unknown", "response", "PASI50", "hand"),
        ),
        appraisals=(trial_appraisals(), series_appraisals()),
        map_labels=MAP_LABELS,
        reviews=(PublishedReview("early", "Early 2018", 2018, 2015),),
        cohorts=(CohortReason("north", "Same hospital, same years."),),
        extraction_agreement=(
            FieldAgreement("arm", "n", 20, 18),
            FieldAgreement("study", "design", 10, 9, 0.74),
        ),
        automation=(AutomationUse("stromata.suggest", "0.2.0", 40, 21, 6, 10),),
        answers=(
            CustomAnswer(
                "Abel2016", "Medium", "human platelet lysate", evidence=Evidence(reference="10.5555/abel.2016")
            ),
            CustomAnswer("Abel2016", "Viability", "", subject="UC-MSC"),
            CustomAnswer("Chén2019", "Viability", "95", "UC-MSC", "%", Evidence(file="own.csv", line=3, quote="95 %")),
        ),
        sensitivity=(sensitivity(ratio),),
    )
