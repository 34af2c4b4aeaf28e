"""The shipped review holds together: tables, protocol, imports, decisions and claims agree with one another."""

import csv
import random
from collections import defaultdict
from dataclasses import fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from statistics import median

import pytest
import yaml

from stromata import appraisal, consensus, standards
from stromata.clinical import find
from stromata.clinical.doses import parse_dose
from stromata.clinical.harmonise import default_rules, harmonise
from stromata.clinical.instruments import criteria
from stromata.dedupe import find_duplicates
from stromata.dedupe.titles import folded
from stromata.extraction import read_tables
from stromata.formats import read
from stromata.model import Appraisal, EtdFrame, Panel, Record, ReviewProtocol, StudyTables, Vote
from stromata.model.codec import from_data
from stromata.review import select

MSC = Path(str(files("stromata.examples"))) / "msc"
UPDATE = MSC / "update"
PARTS = (MSC, UPDATE)
"""What the review holds at first, and what comes with the update: both together are the whole review."""

PANEL = MSC / "consensus"
REVIEWERS = {"example-reviewer-a", "example-reviewer-b"}
ANIMALS = {"mice", "rats"}
OURS = "Summary by the stromata authors:"


@cache
def protocol() -> ReviewProtocol:
    return from_data(ReviewProtocol, yaml.safe_load((MSC / "protocol.yaml").read_text(encoding="utf-8")))


@cache
def tables_of(part: Path) -> StudyTables:
    found, problems = read_tables(part, protocol=protocol())
    assert problems == ()
    return found


@cache
def tables() -> StudyTables:
    """The studies of both parts."""
    parts = [tables_of(part) for part in PARTS]
    return StudyTables(
        **{item.name: sum((getattr(part, item.name) for part in parts), ()) for item in fields(parts[0])}
    )


@cache
def sources_of(part: Path):
    return yaml.safe_load((part / "sources.yaml").read_text(encoding="utf-8"))


@cache
def sources():
    return {name: details for part in PARTS for name, details in sources_of(part).items()}


@cache
def imports() -> dict[str, tuple[Record, ...]]:
    found = {}
    for part in PARTS:
        for name in sources_of(part):
            records, problems = read(part / "search" / name)
            assert {problem.code for problem in problems} <= {"page-left-out"}, name
            found[name] = tuple(records)
    return found


@cache
def references() -> dict[str, tuple[Record, ...]]:
    """The references by id, each with its records, as de-duplication makes them."""
    records = {record.id: record for found in imports().values() for record in found}
    members = {id_: [record] for id_, record in records.items()}
    found = find_duplicates(records.items())
    for merge in found.merges:
        for id_ in merge.merged:
            members[merge.into] += members.pop(id_)
    assert found.questions == ()  # nobody is at hand to answer
    return {id_: tuple(found) for id_, found in members.items()}


def names(record: Record) -> set[str]:
    """All that a key may be: identifiers and the title."""
    own = record.registry_ids if not record.doi and not record.pmid else ()
    return {name for name in (record.doi, record.pmid, *own, folded(record.title)) if name}


@cache
def by_name() -> dict[str, set[str]]:
    found = defaultdict(set)
    for id_, records in references().items():
        for record in records:
            for name in names(record):
                found[name].add(id_)
    return found


def reference(key: str) -> str:
    title = folded(key)
    hits = by_name().get(key.lower()) or by_name().get(key) or by_name().get(title) or set()
    assert len(hits) == 1, f"{key!r} names {len(hits)} references"
    return next(iter(hits))


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def rows(name: str) -> list[dict[str, str]]:
    """The rows of a file in both parts, where both have it."""
    return [row for part in PARTS if (part / name).exists() for row in rows_of(part / name)]


@cache
def outcome_of_screening(stage: str) -> dict[str, str]:
    """The standing of each reference at a stage, after conflicts were resolved."""
    verdicts = defaultdict(dict)
    for row in rows("decisions.csv"):
        if row["stage"] == stage:
            held = verdicts[reference(row["key"])]
            assert row["reviewer"] not in held, row
            held[row["reviewer"]] = row["verdict"]
    resolved = {reference(row["key"]): row["verdict"] for row in rows("resolutions.csv") if row["stage"] == stage}
    found = {}
    for id_, given in verdicts.items():
        assert set(given) == REVIEWERS
        conflict = len(set(given.values())) > 1
        assert conflict == (id_ in resolved), f"{id_}: a conflict needs a resolution, and only a conflict"
        found[id_] = resolved[id_] if conflict else next(iter(given.values()))
    assert resolved.keys() <= found.keys()
    return found


def test_sources_lists_every_import_and_claims_no_search():
    for part in PARTS:
        assert set(sources_of(part)) == {path.name for path in (part / "search").iterdir()}
    for name, details in sources().items():
        assert details["kind"] in {"database", "register", "website", "citation", "other"}, name
        assert (details["searched_on"], details["strategy"]) == ("", "")
        assert "No search was run" in details["note"]


@pytest.mark.parametrize("name", sorted(path.name for path in (MSC / "search").glob("source-*")))
def test_each_source_document_is_one_record_with_a_summary_of_ours(name):
    (record,) = imports()[name]
    assert record.title
    assert record.doi.startswith("10.")
    assert OURS in record.abstract


def test_imports_hold_no_abstract_of_others():
    for found in imports().values():
        for record in found:
            assert not record.abstract or OURS in record.abstract, record.title
            assert all(OURS in note or len(note) < 80 for note in record.notes), record.title


def test_de_duplication_has_something_to_do_and_leaves_no_two_references_with_one_doi():
    records = sum(len(found) for found in imports().values())
    assert len(references()) < records
    dois = [doi for found in references().values() for doi in {record.doi for record in found} if doi]
    assert len(dois) == len(set(dois))


def test_every_reference_was_screened_twice():
    assert set(outcome_of_screening("title-abstract")) == set(references())


def test_reports_are_sought_and_assessed_exactly_for_what_passed():
    passed = {id_ for id_, verdict in outcome_of_screening("title-abstract").items() if verdict == "include"}
    status = {reference(row["key"]): row["status"] for row in rows("retrievals.csv")}
    assert set(status) == passed
    got = {id_ for id_, found in status.items() if found == "retrieved"}
    assert got < passed
    assert set(outcome_of_screening("full-text")) == got


def test_reasons_are_those_of_the_protocol_and_stand_beside_every_exclusion():
    codes = {reason.code for reason in protocol().reasons}
    used = set()
    for row in (*rows("decisions.csv"), *rows("resolutions.csv")):
        reasons = {code for code in row["reasons"].split(";") if code}
        assert bool(reasons) == (row["verdict"] == "exclude"), row
        used |= reasons
    assert used == codes


def test_decisions_are_labelled_as_examples():
    assert all(row["note"].startswith("example decision") for row in rows("decisions.csv"))


def test_included_references_and_studies_agree():
    included = {id_ for id_, verdict in outcome_of_screening("full-text").items() if verdict == "include"}
    linked = {study.id: {reference(link.key) for link in study.links} for study in tables().studies}
    for study, found in linked.items():
        assert found, f"{study} has no reference"
        assert found <= included, f"{study} rests on a reference that was not included"
    assert set().union(*linked.values()) == included
    assert all(link.reason for study in tables().studies for link in study.links)


def test_every_value_says_where_it_was_read():
    for point in tables().data_points:
        evidence = point.evidence
        assert evidence.address.startswith("http"), point.id
        assert evidence.level != "unknown", point.id
        assert evidence.locator, point.id
        assert evidence.extractor == "curated table", point.id
        assert len(evidence.quote) < 20, point.id
        assert not evidence.derived or evidence.note, point.id


def test_a_value_whose_source_is_the_study_itself_names_its_document():
    studies = {study.id: study for study in tables().studies}
    for point in tables().data_points:
        study = studies[point.study]
        own = {link.key for link in study.links if link.key.startswith("10.")}
        if point.evidence.level in {"abstract", "article"} and own:
            assert point.evidence.reference.lower() in own, point.id
        if point.evidence.level == "review-table":
            assert point.evidence.reference.lower() not in own, point.id


def test_percentages_without_a_denominator_were_not_turned_into_counts():
    places = defaultdict(set)
    for point in tables().data_points:
        places[point.arm, point.outcome].add(point.statistic)
    trials = [key for key in places if key[0].startswith("KangStem") and key[1].endswith("easi50")]
    assert len(trials) == 4
    assert all(places[key] == {"percent"} for key in trials)


def test_the_traps_are_marked():
    outcomes = {outcome.id: outcome for outcome in tables().outcomes}
    arms = {arm.id: arm for arm in tables().arms}
    studies = {study.id: study for study in tables().studies}
    assert arms["Cheng2022/men"].role == arms["Cheng2022/women"].role == "subgroup"
    assert arms["Kim2017/high-dose"].part_of == "Kim2017/cells"
    assert outcomes["Yao2021/any-ae"].counts == "events"
    assert outcomes["DelBene2014/ulcer-healed"].counts == "ulcers"
    assert outcomes["Wang2014/relapse-52w"].denominator == "responders"
    assert outcomes["Wang2014/pcr"].component_of == "Wang2014/mcr-pcr"
    assert outcomes["Lee2021-RDEB/collagen-7"].exclude
    assert all(outcome.exclude for outcome in outcomes.values() if outcome.study == "Liang2018")
    assert studies["Chandran2025"].population != "patients"
    nanjing = {study.id for study in studies.values() if study.cohort == "nanjing-sle"}
    assert {"Gu2014", "Wang2013", "Wang2014", "Wang2018", "Bao2023", "Liang2010", "Sun2010"} <= nanjing
    assert not any(arm.role == "comparator" for arm in arms.values() if arm.study in {"He2020", "Kim2017"})
    classes = {arm.study: arm.product.product_class for arm in arms.values() if arm.product and arm.role != "subgroup"}
    assert classes["Comella2018"] == classes["Anderi2018"] == classes["Khanna2022"] == "svf"
    assert classes["Seetharaman2019"] == "secretome"
    assert classes["Educator2015"] == classes["Elmaadawi2018"] == "other-cells"
    assert "hsct" not in classes.values()


def test_no_median_and_no_uncertain_spread_became_a_mean_with_its_deviation():
    statistics = defaultdict(set)
    for point in tables().data_points:
        statistics[point.arm, point.outcome].add(point.statistic)
    assert not any({"median", "mean"} <= found or {"median", "sd"} <= found for found in statistics.values())
    for (_, outcome), found in statistics.items():
        if outcome.startswith(("Anderi2018/", "TangIIM2011/")):
            assert "sd" not in found


def test_plans_pool_one_kind_of_product_each_and_name_outcomes_that_exist():
    kinds = {outcome.id for outcome in protocol().outcomes}
    conditions = {condition.id for condition in protocol().conditions}
    for plan in protocol().plans:
        assert plan.outcome in kinds
        assert plan.products
        assert "msc" not in plan.products or plan.products == ("msc",)
        assert set(plan.conditions) <= conditions
    assert {study.condition for study in tables().studies} <= conditions


def test_claims_quote_a_few_words_and_lead_to_a_plan_or_a_reason():
    plans = {plan.id: plan for plan in protocol().plans}
    reviews = {record.doi for name, found in imports().items() if name.startswith("source-") for record in found}
    assert len(tables().claims) == 11
    for claim in tables().claims:
        assert claim.review.lower() in reviews
        assert claim.evidence.quote
        assert len(claim.evidence.quote) < 60
        assert claim.why_not, f"{claim.id}: what limits the comparison, or forbids it, is to stand beside the claim"
        assert not claim.plan or plans[claim.plan].outcome == claim.outcome


def test_the_six_patients_of_the_oldest_claim_are_the_sum_that_its_comment_gives():
    claim = next(claim for claim in tables().claims if claim.id == "paganelli-psoriasis")
    values = {point.id: point.value for point in tables().data_points}
    places = (
        "Chen2016/cells/improved",
        "DeJesus2016/cells/pasi50",
        "Comella2018/cells/pasi75",
        "Wang2020/cells/cleared",
    )
    events, totals = ([values[f"{place}/{name}"] for place in places] for name in ("events", "total"))
    assert events == totals == [2, 2, 1, 1]
    assert sum(totals) == claim.total
    lower = round(100 * 0.025 ** (1 / sum(totals)))  # exact limit when all respond: Clopper and Pearson 1934
    assert f"exact interval {lower} to 100 %" in claim.why_not


def test_deaths_of_a_cohort_come_from_its_longest_follow_up():
    (plan,) = [plan for plan in protocol().plans if plan.id == "deaths"]
    every = [study.id for study in tables().studies]
    selection = select(plan, tables(), protocol=protocol(), included=every)
    studies = {study.id: study for study in tables().studies}
    entered = {studies[row.study].cohort: row.study for row in selection.rows if studies[row.study].cohort}
    shared = [item for item in selection.left_out if item.code == "shared-patients"]
    assert shared
    for item in shared:
        stands = studies[entered[studies[item.study].cohort]]
        assert stands.followup_months >= (studies[item.study].followup_months or 0), item.study


def test_a_value_that_was_read_is_not_called_derived():
    derived = {point.id for point in tables().data_points if point.evidence.derived}
    assert "Gu2014/cells/death/events" in derived
    assert "Gu2014/cells/death/total" not in derived
    assert "Seo2024-phase2/cells/serious-ae/total" in derived
    assert "Seo2024-phase2/cells/treatment-related-serious-ae/events" not in derived
    assert {"Khanna2022/cells/chfs-change/change-mean", "Daumas2022/cells/chfs-change/total"} <= derived
    assert "Khanna2022/cells/chfs-change/change-sd" not in derived


def test_a_value_before_treatment_has_no_comment_on_a_later_visit():
    outcomes = {outcome.id: outcome for outcome in tables().outcomes}
    baseline = [point for point in tables().data_points if outcomes[point.outcome].weeks == 0]
    assert baseline
    assert not any("last visit" in point.evidence.note for point in baseline)


# -- criteria and what they count as -------------------------------------------------------------------------------


def test_every_criterion_is_one_that_stromata_knows():
    known = {item.id for item in criteria()} | {rule.criterion for rule in default_rules()}
    named = {outcome.criterion for outcome in tables().outcomes if outcome.criterion}
    assert {"PASI50", "PASI75", "EASI50", "EASI75", "SALT50", "ACR20", "SRI-4"} <= named
    assert named <= known


def test_no_rule_changes_what_the_extractor_took_an_outcome_for():
    outcomes = {outcome.id: outcome for outcome in tables().outcomes}
    for mapping in harmonise(tables().outcomes, protocol()):
        assert mapping.kind == outcomes[mapping.outcome].kind, mapping.outcome


def test_each_rule_of_the_protocol_differs_from_the_default_is_used_and_says_why():
    defaults = {rule.criterion: rule.response_class for rule in default_rules()}
    named = {outcome.criterion for outcome in tables().outcomes}
    assert protocol().harmonisation
    for rule in protocol().harmonisation:
        assert rule.reason
        assert rule.criterion in named
        assert defaults[rule.criterion] != rule.response_class


def test_a_synthesis_of_one_criterion_holds_that_criterion_alone():
    every = [study.id for study in tables().studies]
    outcomes = {outcome.id: outcome for outcome in tables().outcomes}
    points = {point.id: point for point in tables().data_points}
    plans = [plan for plan in protocol().plans if plan.criteria]
    assert {plan.id for plan in plans} == {"acr20", "easi50"}
    for plan in plans:
        rows_ = select(plan, tables(), protocol=protocol(), included=every).rows
        assert len(rows_) > 1
        used = {outcomes[points[id_].outcome].criterion for row in rows_ for id_ in row.data_points}
        assert used == set(plan.criteria)


def test_a_change_that_is_worked_out_states_its_correlation_and_rests_on_the_same_people():
    (plan,) = [plan for plan in protocol().plans if plan.conversions]
    assert plan.correlation == 0.5
    assert "assumed" in plan.title
    found = select(plan, tables(), protocol=protocol(), included=[study.id for study in tables().studies])
    assert {row.study for row in found.rows} == {"MollerHansen2021", "Mohammadpour2026"}
    assert all(step.method == "final-to-change" for row in found.rows for step in row.steps)
    before = {point.id: point.value for point in tables().data_points}
    for place in ("MollerHansen2021/cells/osdi", "Mohammadpour2026/cells/osdi"):
        assert before[f"{place}/baseline-mean"] == before[f"{place}-0/mean"]
        assert before[f"{place}/baseline-sd"] == before[f"{place}-0/sd"]


# -- products and doses --------------------------------------------------------------------------------------------


def test_every_reported_dose_tissue_and_route_is_understood():
    products = {arm.id: arm.product for arm in tables().arms if arm.product}
    assert sum(bool(product.dose) for product in products.values()) > 80
    unknown = set()
    for id_, product in products.items():
        dose = parse_dose(product.dose, schedule=product.schedule, route=product.route)
        assert not product.dose or dose.stated or dose.cumulative, id_
        assert not product.tissue or find("tissues", product.tissue), id_
        unknown |= {product.route for caution in dose.cautions if caution.code == "unknown-route"}
    assert unknown <= {"outside the body"}


def test_a_total_is_never_taken_for_one_administration():
    dose = {arm.id: arm.product for arm in tables().arms}["Deng2017/cells"].dose
    assert parse_dose(dose).per_administration is None
    assert parse_dose(dose).cumulative.value == 2e8


# -- animals -------------------------------------------------------------------------------------------------------


def test_studies_in_animals_are_marked_and_never_pooled():
    studies = {study.id: study for study in tables().studies}
    animals = {id_ for id_, study in studies.items() if study.design == "preclinical"}
    assert len(animals) == 18
    assert animals == {id_ for id_, study in studies.items() if study.population in ANIMALS}
    assert all(studies[id_].note.endswith("Animals: described, never pooled.") for id_ in animals)
    assert all(outcome.exclude for outcome in tables().outcomes if outcome.study in animals)
    assert not any(arm.n for arm in tables().arms if arm.study in animals)
    for plan in protocol().plans:
        found = select(plan, tables(), protocol=protocol(), included=list(studies))
        assert not animals & {row.study for row in found.rows}, plan.id


def test_human_cells_in_animals_have_a_xenogeneic_donor_and_the_engineered_ones_are_classed_so():
    arms = {arm.id: arm for arm in tables().arms}
    assert arms["ZhangExo-mice/exosomes"].product.donor == "xenogeneic"
    assert arms["MurineMSC2023-mice/marrow"].product.donor == ""
    assert arms["SOD3-mice/cells"].product.product_class == "engineered"
    people = {study.id for study in tables().studies if study.population not in ANIMALS}
    assert not any(arm.product.donor == "xenogeneic" for arm in arms.values() if arm.product and arm.study in people)


# -- families ------------------------------------------------------------------------------------------------------


def test_further_reports_are_linked_to_their_study():
    links = {study.id: {link.key: link.reason for link in study.links} for study in tables().studies}
    assert "registration" in links["Khanna2022"]["NCT02396238"]
    companions = {id_ for id_, found in links.items() if any("companion" in reason for reason in found.values())}
    assert companions == {"Ghoryani2019"}
    assert any("follow-up" in reason for reason in links["Granel2015"].values())
    assert any("abstract" in reason for reason in links["Wang2018"].values())
    shared = {record for found in imports()["companion-reports.ris"] for record in names(found)}
    assert shared
    assert all(any(reference(key) == reference(name) for found in links.values() for key in found) for name in shared)


def test_a_study_that_may_share_patients_says_why():
    cohorts = defaultdict(list)
    for study in tables().studies:
        if study.cohort:
            cohorts[study.cohort].append(study)
    for cohort, found in cohorts.items():
        assert len(found) > 1, cohort
        for study in found:
            words = study.note.lower()
            assert any(
                word in words
                for word in ("same", "share", "overlap", "earlier", "also in", "may be", "may hold", "perhaps one of")
            ), study.id


# -- appraisals ----------------------------------------------------------------------------------------------------


@cache
def appraised() -> tuple[Appraisal, ...]:
    found = []
    for path in sorted(path for part in PARTS for path in (part / "appraisals").glob("*.csv")):
        given, problems = appraisal.read_table(path, appraiser="example-appraiser")
        assert problems == (), path.name
        assert {item.tool for item in given} == {path.stem}
        found += map(appraisal.complete, given)
    return tuple(found)


def test_every_study_is_appraised_with_the_tool_for_its_design():
    rules = {design: rule for rule in protocol().appraisal for design in rule.designs}
    outcomes = {outcome.id: outcome for outcome in tables().outcomes}
    done = {(item.study, item.tool) for item in appraised()}
    without = set()
    for study in tables().studies:
        rule = rules[study.design]
        if (study.id, rule.tool) not in done:
            assert appraisal.tool(rule.tool).per == "result"
            without.add(study.id)
    assert without == {"Zeng2016"}
    assert not any(outcome.study in without for outcome in outcomes.values())
    for item in appraised():
        if item.result:
            outcome = outcomes[item.result]
            assert outcome.study == item.study
            assert outcome.kind in rules["rct"].outcomes


def test_appraisals_are_finished_supported_and_take_the_level_that_the_rule_gives():
    for item in appraised():
        assert appraisal.check(item) == (), (item.study, item.result)
        assert all(answer.support for answer in item.answers if answer.answer != "NA"), item.study
        assert all(judgement.level == judgement.proposed for judgement in item.judgements if judgement.proposed)


def test_one_labelled_example_appraiser_and_no_more():
    assert protocol().appraisal
    assert all(rule.appraisers == 1 for rule in protocol().appraisal)
    assert "`example-appraiser` is not a person" in (MSC / "README.md").read_text(encoding="utf-8")


def test_nothing_is_known_of_most_animal_studies_and_nothing_is_claimed():
    animals = [item for item in appraised() if item.tool == "syrcle"]
    assert {answer.answer for item in animals for answer in item.answers} == {"unclear"}


# -- overlap of published reviews ----------------------------------------------------------------------------------


def test_each_inclusion_names_a_review_and_a_study_that_are_there_and_where_it_was_read():
    studies = {study.id for study in tables().studies}
    assert len(tables().inclusions) == 66
    for item in tables().inclusions:
        assert reference(item.review), item.id
        assert item.study in studies or item.study == "NCT00278525" or reference(item.study), item.id
        assert item.evidence.address.startswith("http")
        assert item.evidence.locator
        assert item.label[-4:].isdigit()
    assert len({item.review for item in tables().inclusions}) == len({item.label for item in tables().inclusions}) == 12


def test_a_review_whose_list_of_studies_was_not_seen_has_no_mark():
    assert "10.1371/journal.pone.0284828" not in {item.review.lower() for item in tables().inclusions}


# -- what comes later ----------------------------------------------------------------------------------------------


def test_the_update_is_one_study_in_the_same_columns_and_both_parts_share_no_row():
    (study,) = tables_of(UPDATE).studies
    assert study.id == "AtMSC2025"
    assert len(tables_of(MSC).studies) == 117
    for path in sorted(UPDATE.rglob("*.csv")):
        name = path.relative_to(UPDATE)
        later, first = rows_of(path), rows_of(MSC / name)
        assert later, name
        assert later[0].keys() == first[0].keys(), name
        if name.name != "certainty.csv":
            assert not [row for row in later if row in first], name
    everywhere = [path.read_text(encoding="utf-8") for path in MSC.rglob("*") if path.is_file()]
    first = [path for path in MSC.rglob("*.csv") if UPDATE not in path.parents]
    assert not any(study.id in path.read_text(encoding="utf-8") for path in first)
    assert any(study.id in text for text in everywhere)


def test_both_parts_together_are_the_whole_review():
    assert len(references()) == 187
    assert len(tables().studies) == 118
    assert len(tables().data_points) == 687
    assert len(appraised()) == 119
    assert len(protocol().plans) == 16
    assert sum(len(found) for found in imports().values()) == 236


def test_the_first_part_stands_on_its_own():
    keys = {row["key"] for row in rows_of(MSC / "decisions.csv")}
    later = {row["key"] for row in rows_of(UPDATE / "decisions.csv")}
    assert not keys & later
    (record,) = imports()["skin-update.ris"]
    assert later == {record.doi}
    assert not any(
        record.doi in names(other) for name, found in imports().items() for other in found if other != record
    )
    assert {item.key for study in tables_of(UPDATE).studies for item in study.links} == later


def test_the_update_changes_what_one_statement_rests_on_and_no_other():
    before, now = tables_of(MSC), tables()
    moved = set()
    for plan in protocol().plans:
        parts = [
            select(plan, part, protocol=protocol(), included=[s.id for s in part.studies]) for part in (before, now)
        ]
        old, new = ({row.study for row in part.rows} for part in parts)
        conditions = {study.condition for study in now.studies if study.id in new - old}
        moved |= {f"{plan.id}/{condition}" for condition in conditions} | ({plan.id} if new != old else set())
    assert moved >= {"responders/atopic-dermatitis", "serious-ae/atopic-dermatitis", "responders-vs-control"}
    flagged = {row["id"] for row in statements() if moved & set(row["syntheses"].split(";"))}
    assert flagged == {"S2"}
    judged_again = {row["synthesis"] for row in rows_of(UPDATE / "certainty.csv")}
    assert judged_again == (moved & planned()) | {"serious-ae-vs-control"}


# -- certainty -----------------------------------------------------------------------------------------------------


DOMAINS = ("start", *consensus.grade.LOWER, *consensus.grade.RAISE)


NOTHING_POOLED = {
    *(f"serious-ae/{condition}" for condition in ("psoriasis", "alopecia-areata", "systemic-sclerosis")),
    *("serious-ae/primary-sjogren", "serious-ae/inflammatory-myopathy", "serious-ae-svf/alopecia-areata"),
}
"""Outcomes of harm of which no count of people is known."""


def planned() -> set[str]:
    return {outcome.synthesis for table in protocol().findings for outcome in table.outcomes}


def pooled(name: str, part: StudyTables) -> list[str]:
    """The studies of a single-arm synthesis, or of its subgroup of one condition."""
    plan_id, _, condition = name.partition("/")
    (plan,) = [plan for plan in protocol().plans if plan.id == plan_id]
    chosen = select(plan, part, protocol=protocol(), included=[study.id for study in part.studies])
    conditions = {study.id: study.condition for study in part.studies}
    return [row.study for row in chosen.rows if condition in ("", conditions[row.study])]


def test_every_table_of_findings_has_an_outcome_of_harm():
    harms = {item.id for item in protocol().outcomes if item.domain == "harm"}
    plans = {plan.id: plan for plan in protocol().plans}
    for table in protocol().findings:
        assert any(plans[item.synthesis.split("/")[0]].outcome in harms for item in table.outcomes), table.id


def test_a_harm_of_which_nothing_can_be_pooled_says_what_is_known():
    outcomes = {item.synthesis: item for table in protocol().findings for item in table.outcomes}
    for name in NOTHING_POOLED:
        assert not pooled(name, tables()), name
        assert outcomes[name].comment, name
    assert all(outcomes[name].timeframe for name in outcomes if name.startswith("serious-ae") and name in judged())


def test_serious_events_that_are_known_and_not_pooled_are_told():
    outcomes = {item.synthesis: item for table in protocol().findings for item in table.outcomes}
    counts = {outcome.study: outcome.counts for outcome in tables().outcomes if "serious" in outcome.kind}
    values = {point.id: point.value for point in tables().data_points}
    for study, outcome, number in (
        ("Yao2021", "serious-ae", "one serious event"),
        ("Kiritsi2021", "treatment-related-serious-ae", "tells two"),
    ):
        condition = next(item.condition for item in tables().studies if item.id == study)
        comment = outcomes[f"serious-ae/{condition}"].comment
        assert values[f"{study}/cells/{outcome}/events"] == {"one serious event": 1, "tells two": 2}[number]
        assert study not in pooled(f"serious-ae/{condition}", tables())
        assert number in comment
        assert study[:-4] in comment
    assert counts["Kiritsi2021"] == "events"


def test_major_and_severe_are_not_taken_for_serious():
    outcomes = {outcome.id: outcome for outcome in tables().outcomes}
    for study in ("ParkEH2018", "Ranjbar2022", "Comella2018"):
        assert "not a count of serious events" in outcomes[f"{study}/serious-ae"].exclude
    assert outcomes["Bajouri2023/major-ae"].exclude


def test_one_outcome_has_one_importance_with_and_without_a_control():
    weights = defaultdict(set)
    for table in protocol().findings:
        for item in table.outcomes:
            weights[item.synthesis.split("/")[0].replace("-vs-control", "").replace("-svf", "")].add(item.importance)
    assert weights["serious-ae"] == {8}
    assert weights["deaths"] == {9}
    assert weights["complete-remission"] == {8}
    assert weights["acr20"] == weights["easi50"] == {7}
    for table in protocol().findings:
        for item in table.outcomes:
            if item.synthesis.startswith("responders"):
                low_bar = "without a threshold" in item.label or item.label.startswith(
                    ("Any hair", "Better elasticity")
                )
                assert item.importance == (6 if low_bar else 7), item.label


def judged() -> set[str]:
    return {row["synthesis"] for row in rows("certainty.csv")}


def certainty_of(part: Path) -> dict[str, dict[str, dict[str, str]]]:
    found: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    for row in rows_of(part / "certainty.csv"):
        assert row["domain"] not in found[row["synthesis"]], row
        found[row["synthesis"]][row["domain"]] = row
    return found


def test_each_planned_outcome_is_judged_in_every_domain():
    first, later = certainty_of(MSC), certainty_of(UPDATE)
    assert set(first) | set(later) == planned() - NOTHING_POOLED
    assert set(later) - set(first) == {"responders-vs-control/atopic-dermatitis"}
    for part in (first, later):
        assert all(tuple(found) == DOMAINS for found in part.values())


@pytest.mark.parametrize("part", PARTS, ids=("first", "update"))
def test_every_level_has_a_reason_of_its_own_and_adds_up(part):
    labels = {outcome.synthesis: outcome.label for table in protocol().findings for outcome in table.outcomes}
    levels = {}
    for name, domains in certainty_of(part).items():
        judged = [
            consensus.judge(domain, level=row["level"], reason=row["reason"], person="example-appraiser")
            for domain, row in domains.items()
            if domain != "start" and row["level"]
        ]
        assert all(len(row["reason"]) > 20 for row in domains.values() if row["level"]), name
        assert all(row["label"] == labels[name] for row in domains.values()), name
        assert not any(row["reason"] for row in domains.values() if not row["level"]), name
        made = consensus.certainty(name, domains["start"]["level"], judged)
        assert made.cautions == ()
        levels[name] = made.level
    assert {name for name, level in levels.items() if level != "very-low"} <= {"hand-function-svf"}


def test_shares_without_a_control_start_low_and_nothing_raises_them():
    plans = {plan.id: plan for plan in protocol().plans}
    for part in PARTS:
        for name, domains in certainty_of(part).items():
            controlled = plans[name.split("/")[0]].contrast == "two-arm"
            assert domains["start"]["level"] == ("high" if controlled else "low"), name
            assert {domains[factor]["level"] for factor in consensus.grade.RAISE} <= {"", "none"}, name


def people_of(name: str, part: StudyTables) -> float:
    """How many people a single-arm synthesis of counts rests on."""
    plan_id, _, condition = name.partition("/")
    (plan,) = [plan for plan in protocol().plans if plan.id == plan_id]
    chosen = select(plan, part, protocol=protocol(), included=[study.id for study in part.studies])
    conditions = {study.id: study.condition for study in part.studies}
    points = {point.id: point for point in part.data_points}
    return sum(
        points[id_].value
        for row in chosen.rows
        if condition in ("", conditions[row.study])
        for id_ in row.data_points
        if points[id_].statistic == "total"
    )


@pytest.mark.parametrize("part", PARTS, ids=("first", "update"))
def test_imprecision_of_shares_follows_the_number_of_people(part):
    plans = {plan.id: plan for plan in protocol().plans}
    held = tables() if part == UPDATE else tables_of(MSC)
    for name, domains in certainty_of(part).items():
        if plans[name.split("/")[0]].measure == "PLO":
            people, level = people_of(name, held), domains["imprecision"]["level"]
            few = people < 50
            assert people > 0, name
            assert ("fewer than 50" in domains["imprecision"]["reason"]) == few, (name, people)
            assert level == "very-serious" or not few, name
            assert level != "very-serious" or few or "10 points" in domains["imprecision"]["reason"], name


@pytest.mark.parametrize("part", PARTS, ids=("first", "update"))
def test_what_was_not_read_lowers_nothing_for_publication_bias(part):
    for name, domains in certainty_of(part).items():
        row = domains["publication-bias"]
        if row["level"] == "not-serious":
            assert "never published" not in row["reason"], name
        else:
            grounds = ("never published in a journal", "of them successes", "it went well", "A known result")
            assert any(ground in row["reason"] for ground in grounds), name


def test_the_level_of_a_domain_that_differs_from_the_proposed_one_is_the_persons_own():
    rows_ = [row for row in rows("certainty.csv") if row["level"] and row["proposed"]]
    assert all(row["because"] for row in rows_)
    assert any(row["level"] != row["proposed"] for row in rows_)


# -- the simulated panel -------------------------------------------------------------------------------------------

CENTRES = (8, 7.8, 4.6, 8.3, 7.9, 1.8, 5, 8.6, 7.9, 8.5)
SPREADS = (0.9, 0.8, 2, 0.6, 0.8, 0.7, 2, 0.5, 0.7, 0.6)
"""As the README prints them, for statements S1 to S10."""


@cache
def statements() -> list[dict[str, str]]:
    return rows_of(PANEL / "statements.csv")


@cache
def panel() -> Panel:
    found, problems = consensus.read_panel(PANEL / "panel.csv", id="example-panel")
    assert problems == ()
    return found


@cache
def votes(number: int) -> tuple[Vote, ...]:
    known = [row["id"] for row in statements()]
    found, problems = consensus.read_votes(PANEL / f"votes-round-{number}.csv", panel=panel(), statements=known)
    assert problems == ()
    assert {vote.round for vote in found} == {number}
    return found


def test_the_panel_is_called_simulated_wherever_it_is_seen():
    (plan,) = protocol().consensus
    assert plan.simulated
    assert "imulated" in plan.title
    assert "imulated" in plan.method
    assert all(member.name.startswith(("Simulated ", "example-")) for member in panel().members)
    assert all(
        interest.text.startswith("Made up: ")
        for member in panel().members
        for interest in member.interests
        if interest.text
    )
    comments = [vote.comment for number in (1, 2) for vote in votes(number) if vote.comment]
    assert comments
    assert all(comment.startswith("simulated comment: ") for comment in comments)


def test_the_panel_has_eleven_votes_a_facilitator_an_observer_and_declared_interests():
    voters = [member for member in panel().members if consensus.may_vote(member, "S1")]
    assert len(voters) == 11
    assert {member.role for member in panel().members} >= {"facilitator", "observer", "patient", "methodologist"}
    assert {member.group for member in voters} == {
        *("dermatology", "rheumatology", "cell manufacturing", "methodology", "patients", "nursing"),
    }
    assert all(member.declared for member in panel().members)
    barred = {(m.name, one) for m in voters for interest in m.interests for one in interest.excludes}
    assert barred == {("Simulated panellist 6", "S9")}


def test_statements_rest_on_planned_outcomes_and_on_criteria_of_the_standard():
    known = {f"{name}/{one.id}" for name in protocol().standards for one in standards.standard(name).criteria}
    ids = [row["id"] for row in statements()]
    assert len(set(ids)) == len(ids) == 10
    (revised,) = rows_of(PANEL / "statements-round-2.csv")
    for row in (*statements(), revised):
        rests = {part for part in row["syntheses"].split(";") if part}
        criteria_ = {part for part in row["criteria"].split(";") if part}
        assert rests | criteria_, row["id"]
        assert rests <= planned(), row["id"]
        assert criteria_ <= known, row["id"]
        assert row["reason"], row["id"]
    assert revised["id"] == "S3"
    assert revised["text"] != next(row["text"] for row in statements() if row["id"] == "S3")


def test_counts_in_statements_are_those_of_the_data():
    texts = {row["id"]: row["text"] for row in statements()}
    (revised,) = rows_of(PANEL / "statements-round-2.csv")
    first = tables_of(MSC)
    assert f"{people_of('responders/psoriasis', first):.0f} people" in texts["S1"]
    assert f"{people_of('responders/atopic-dermatitis', first):.0f} people" in texts["S2"]
    assert f"of {people_of('serious-ae/rheumatoid-arthritis', first):.0f} people" in texts["S5"]
    points = {point.id: point for point in first.data_points}
    lupus = pooled("responders/systemic-lupus-erythematosus", first)
    (plan,) = [plan for plan in protocol().plans if plan.id == "responders"]
    chosen = select(plan, first, protocol=protocol(), included=[study.id for study in first.studies])
    events = sum(
        points[id_].value
        for row in chosen.rows
        if row.study in lupus
        for id_ in row.data_points
        if points[id_].statistic == "events"
    )
    people = people_of("responders/systemic-lupus-erythematosus", first)
    assert f"({events:.0f} of {people:.0f})" in revised["text"]
    assert events > people / 2


def test_everybody_who_may_vote_does_but_for_one_who_leaves():
    asked = {
        (row["id"], member.name)
        for row in statements()
        for member in panel().members
        if consensus.may_vote(member, row["id"])
    }
    assert {(vote.statement, vote.panellist) for vote in votes(1)} == asked
    stayed = {pair for pair in asked if pair[1] != "Simulated panellist 9"}
    assert {(vote.statement, vote.panellist) for vote in votes(2)} == stayed
    assert any(vote.score is None for vote in votes(2))


def test_the_votes_are_those_of_the_recipe_in_the_readme():
    source = random.Random(20)
    people = [member for member in panel().members if member.role not in {"facilitator", "observer"}]
    first: dict[tuple[str, str], int | None] = {}
    for row, centre, spread in zip(statements(), CENTRES, SPREADS, strict=True):
        for member in people:
            score, second = min(9, max(1, round(source.gauss(centre, spread)))), source.random()
            unable = row["id"] in {"S8", "S9"} and member.group in {"patients", "nursing"} and second < 0.4
            if consensus.may_vote(member, row["id"]):
                first[row["id"], member.name] = None if unable else score
    assert {(vote.statement, vote.panellist): vote.score for vote in votes(1)} == first
    second_round: dict[tuple[str, str], int | None] = {}
    for row in statements():
        middle = median(score for (id_, _), score in first.items() if id_ == row["id"] and score is not None)
        for member in people:
            stays, anew = source.random() < 0.9, min(9, max(1, round(source.gauss(8, 0.7))))
            pair = row["id"], member.name
            if pair not in first or member.name == "Simulated panellist 9":
                continue
            before = first[pair]
            if row["id"] == "S3":
                second_round[pair] = anew
            elif before is None or stays or before == middle:
                second_round[pair] = before
            else:
                second_round[pair] = before + (1 if before < middle else -1)
    assert {(vote.statement, vote.panellist): vote.score for vote in votes(2)} == second_round


def test_after_two_rounds_most_are_agreed_one_is_rejected_and_one_divides_the_panel():
    (plan,) = protocol().consensus
    result = consensus.evaluate_stopping((*votes(1), *votes(2)), plan.stopping)
    assert result.stop
    by_id = {item.statement: (item.standing, item.outcome) for item in result.statements}
    assert [id_ for id_, found in by_id.items() if found == ("consensus", "out")] == ["S6"]
    assert [id_ for id_, found in by_id.items() if found[1] == "none"] == ["S7"]
    assert by_id["S3"] == ("open", "in")
    assert list(by_id.values()).count(("consensus", "in")) == 7
    classes = {item.statement: item.appropriateness for item in consensus.appropriateness(votes(2))}
    assert classes["S6"] == "inappropriate"
    assert classes["S7"] == "uncertain"
    assert sum(found == "appropriate" for found in classes.values()) == 8


def test_the_frame_answers_all_criteria_and_fits_its_recommendation():
    data = yaml.safe_load((PANEL / "etd-psoriasis.yaml").read_text(encoding="utf-8"))
    frame = from_data(EtdFrame, data)
    assert {item.criterion for item in frame.judgements} == {item.id for item in consensus.etd_criteria()}
    assert all(item.evidence for item in frame.judgements)
    assert not any(item.votes for item in frame.judgements)
    assert set(frame.outcomes) <= planned()
    assert consensus.consistency(frame, certainties=["very-low"] * len(frame.outcomes)) == ()
    made = frame.recommendation
    assert made is not None
    assert (made.strength, made.direction, made.certainty) == ("conditional", "against", "very-low")
    assert made.statement in {row["id"] for row in statements()}


def test_the_panels_standard_names_the_statement_of_each_change():
    agreed = {row["id"] for row in statements()} - {"S6", "S7"}
    found = standards.read_standard(PANEL / "standard.yaml", statements=agreed)
    assert found.extends == "cell-therapy 1.0"
    assert len(found.changes) == 5
    assert all(change.statement in agreed for change in found.changes)
    by_id = {one.id: one for one in found.criteria}
    assert (by_id["SA-02"].value, by_id["SA-02"].severity, by_id["SA-02"].statement) == (80, "must", "S9")
    reports = {one.id for one in found.criteria if one.id.startswith("EP-")}
    assert {by_id[id_].subject for id_ in reports} == {"study-report"}
    assert {by_id[id_].severity for id_ in reports} == {"should"}
    assert {by_id[id_].severity for id_ in ("SA-02", "DS-14")} == {"must"}
    assert by_id["CR-08"] == next(one for one in standards.standard("cell-therapy").criteria if one.id == "CR-08")
    assert protocol().standards == ("cell-therapy", "isct", "doses", "msc-delphi-2024", "misev-2018", "misev-2023")
