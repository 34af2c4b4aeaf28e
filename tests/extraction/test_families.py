"""Proposals of links and overlaps: what is proposed, how strongly, on which grounds, and what is left alone."""

import pytest

from stromata.extraction.families import propose_links, propose_overlaps
from stromata.model import Arm, CellProduct, Name, Record, Reference, Study, StudyLink

GROUP = ("Berg Anna", "Lund Bo", "Dahl Carl", "Holm Dora")


def names(people):
    return tuple(Name(family=person.split()[0], given=person.split()[1]) for person in people)


def reference(number, title, *, authors=GROUP, year=2020, **fields):
    record = Record(source="f" * 64, number=number, line=1, end_line=2, title=title, authors=names(authors), year=year)
    for name, value in fields.items():
        object.__setattr__(record, name, value)
    return Reference(record.id, (record.id,), record)


def study(name, *, condition="psoriasis", year=2020, **fields):
    return Study(name, f"Title of {name}", condition, "single-arm", year=year, **fields)


def arm(of, tissue, product="msc"):
    return Arm(f"{of}/cells", of, "Cells", product=CellProduct(product, tissue=tissue))


PAPER = "Adipose mesenchymal stromal cells for plaque psoriasis: a pilot trial"
OTHER = "Cord blood and asthma: a registry"


def test_references_with_one_registration_are_certainly_of_one_study():
    found = propose_links(
        [
            reference(1, PAPER, registry_ids=("NCT01234567",)),
            reference(2, OTHER, authors=(), registry_ids=("NCT01234567",)),
            reference(3, OTHER, authors=(), registry_ids=("NCT07654321",)),
        ],
        [],
    )
    assert [(proposal.strength, len(proposal.references), proposal.study) for proposal in found] == [
        ("certain", 2, None)
    ]
    assert "NCT01234567" in found[0].reason
    assert {(ground.field, ground.value) for ground in found[0].evidence} == {("registry_ids", "NCT01234567")}


def test_a_reference_is_proposed_for_the_study_with_its_registration():
    paper = reference(1, PAPER, doi="10.1000/a", registry_ids=("NCT01234567",))
    entry = reference(2, OTHER, authors=(), registry_ids=("NCT01234567",))
    linked = study("Berg2020", registry_ids=("NCT 01234567",), links=(StudyLink("10.1000/a", "main report"),))
    (found,) = propose_links([paper, entry], [linked])
    assert (found.study, found.references, found.strength) == ("Berg2020", (entry.id,), "certain")


@pytest.mark.parametrize(
    "key", ["10.1000/A", "https://doi.org/10.1000/a", "PMID: 123", "NCT01234567", PAPER.upper(), "ffffffffffff.1"]
)
def test_what_is_linked_already_is_not_proposed_however_the_link_is_written(key):
    fields = {"doi": "10.1000/a", "pmid": "123", "accession": "NCT01234567", "registry_ids": ("NCT01234567",)}
    linked = study("Berg2020", registry_ids=("NCT01234567",), links=(StudyLink(key, "main report"),))
    assert propose_links([reference(1, PAPER, **fields)], [linked]) == ()


def test_a_reference_that_names_other_trials_too_is_only_likely():
    trials = ("NCT01234567", "NCT01234568")
    found = propose_links(
        [reference(1, PAPER, registry_ids=trials), reference(2, OTHER, authors=(), registry_ids=("NCT01234567",))], []
    )
    assert [proposal.strength for proposal in found] == ["likely"]
    assert "name other trials too" in found[0].reason


def test_numbers_of_one_trial_in_two_registers_leave_it_certain():
    both = ("NCT01234567", "EUCTR2012-001234-56")
    found = propose_links(
        [reference(1, PAPER, registry_ids=both), reference(2, OTHER, authors=(), registry_ids=both)], []
    )
    assert [proposal.strength for proposal in found] == ["certain"]


def test_lists_of_trials_and_reviews_and_registered_reviews_link_nothing():
    many = tuple(f"NCT0123456{digit}" for digit in range(5))
    shared = {"registry_ids": ("NCT01234561",)}
    assert propose_links([reference(1, PAPER, **shared), reference(2, OTHER, authors=(), registry_ids=many)], []) == ()
    review = reference(2, "Cells for psoriasis: a systematic review", **shared)
    assert propose_links([reference(1, PAPER, **shared), review], []) == ()
    registered = {"registry_ids": ("CRD42020123456",)}
    assert propose_links([reference(1, PAPER, **registered), reference(2, OTHER, authors=(), **registered)], []) == ()


def test_two_studies_with_one_registration_leave_the_choice_open():
    owners = [study("phase1", registry_ids=("NCT01234567",)), study("phase2", registry_ids=("NCT01234567",))]
    (found,) = propose_links([reference(1, PAPER, registry_ids=("NCT01234567",))], owners)
    assert (found.study, found.strength) == (None, "possible")
    assert "phase1, phase2" in found.reason


def test_a_shared_protocol_number_links():
    found = propose_links(
        [
            reference(1, PAPER, abstract="Protocol number: MSC-PSO-012."),
            reference(2, OTHER, authors=(), abstract="This was done under protocol no. MSC-PSO-012 of the sponsor."),
        ],
        [],
    )
    assert [(proposal.strength, proposal.evidence[0].value) for proposal in found] == [("likely", "MSC-PSO-012")]


LATER = "Three-year follow-up of adipose mesenchymal stromal cells for plaque psoriasis"


def test_a_title_that_says_follow_up_is_linked_to_the_earlier_report():
    paper = reference(1, PAPER, year=2018, doi="10.1000/a")
    later = reference(2, LATER, year=2021, authors=GROUP[:3])
    linked = study("Berg2018", links=(StudyLink("10.1000/a", "main report"),))
    (found,) = propose_links([paper, later], [linked])
    assert (found.study, found.strength, found.references) == ("Berg2018", "likely", (paper.id, later.id))
    assert "Three-year" in found.reason or "follow-up" in found.reason
    assert {"title", "authors"} == {ground.field for ground in found.evidence}


@pytest.mark.parametrize(
    "changed",
    [
        {"year": 2010},  # a follow-up cannot come before what it follows
        {"authors": GROUP[:2]},  # too few people in common
        {"title": "Three-year follow-up of hair growth in alopecia"},  # another subject
        {"title": "Adipose cells for plaque psoriasis: a comparison", "authors": GROUP[:3], "year": 2029},
        {"registry_ids": ("NCT01234599",)},  # another trial
    ],
)
def test_near_misses_of_a_follow_up_are_left_alone(changed):
    paper = reference(1, PAPER, year=2018, registry_ids=("NCT01234567",))
    fields = {"title": LATER, "year": 2021, "authors": GROUP, **changed}
    later = reference(2, fields.pop("title"), **fields)
    assert propose_links([paper, later], []) == ()


def test_an_extension_with_the_code_of_a_trial_is_proposed_although_it_has_its_own_registration():
    found = propose_links(
        [
            reference(1, "Phase 3 trial of cells (K0102)", authors=(), registry_ids=("NCT01234567",)),
            reference(2, "Extension of K0102 in the placebo group", authors=(), registry_ids=("NCT01234599",)),
        ],
        [],
    )
    assert [proposal.strength for proposal in found] == ["possible"]
    assert "registration of its own" in found[0].reason


def test_an_abstract_and_its_paper_are_asked_about():
    meeting = reference(1, "Adipose stromal cells in plaque psoriasis", year=2019, abstract="We treated 17 patients.")
    paper = reference(
        2, "Adipose stromal cells in plaque psoriasis", year=2020, abstract="In all, 17 patients took part."
    )
    (found,) = propose_links([meeting, paper], [])
    assert found.strength == "likely"
    assert "17 patients" in found.reason
    assert ("abstract", "17 patients") in {(ground.field, ground.value) for ground in found.evidence}
    other = reference(2, "Adipose stromal cells in plaque psoriasis of the scalp and nails in children", year=2020)
    assert propose_links([meeting, other], []) == ()


def test_one_question_is_asked_once():
    trial = {"registry_ids": ("NCT01234567",)}
    paper = reference(1, PAPER, year=2018, doi="10.1000/a", **trial)
    later = reference(2, LATER, year=2021, **trial)
    linked = study("Berg2018", links=(StudyLink("10.1000/a", "main report"),))
    assert [proposal.strength for proposal in propose_links([paper, later], [linked])] == ["certain"]
    assert [proposal.strength for proposal in propose_links([paper, later], [])] == ["certain"]


def test_nothing_is_proposed_without_grounds():
    assert propose_links([], []) == ()
    assert propose_links([reference(1, ""), reference(2, "")], [study("A")]) == ()


# -- overlaps ------------------------------------------------------------------------------------------------------


def strengths(studies, arms=(), references=()):
    return [(proposal.studies, proposal.strength) for proposal in propose_overlaps(studies, arms, references)]


def test_one_registration_in_two_studies_is_certain_overlap():
    two = [study("A", registry_ids=("NCT01234567",)), study("B", condition="lupus", registry_ids=("NCT01234567",))]
    assert strengths(two) == [(("A", "B"), "certain")]


def test_different_phases_of_one_registration_may_have_different_patients():
    two = [
        study("A", registry_ids=("NCT01234567",), phase="1"),
        study("B", registry_ids=("NCT01234567",), phase="2"),
    ]
    assert strengths(two) == [(("A", "B"), "possible")]


def test_marked_cohorts_are_not_proposed_again():
    marked = [study(name, registry_ids=("NCT01234567",), cohort="oslo") for name in "AB"]
    assert strengths(marked) == []
    elsewhere = [marked[0], study("B", registry_ids=("NCT01234567",), cohort="bergen")]
    assert strengths(elsewhere) == [(("A", "B"), "certain")]


def test_one_report_of_two_studies_is_likely_overlap():
    two = [study(name, links=(StudyLink("10.1000/a", "main report"),)) for name in "AB"]
    assert strengths(two) == [(("A", "B"), "likely")]
    assert strengths(two, references=[reference(1, PAPER, doi="10.1000/a")]) == [(("A", "B"), "likely")]


def group_of_two(**changes):
    papers = [reference(1, PAPER, doi="10.1000/a", year=2016), reference(2, LATER, doi="10.1000/b", year=2020)]
    one = study("A", year=2016, n_enrolled=10, links=(StudyLink("10.1000/a", ""),))
    fields = {"year": 2020, "n_enrolled": 30, "links": (StudyLink("10.1000/b", ""),), **changes}
    return [one, study("B", **fields)], papers


def test_the_same_group_with_the_same_condition_is_possible_overlap():
    studies, papers = group_of_two()
    (found,) = propose_overlaps(studies, [], papers)
    assert found.strength == "possible"
    assert "4 authors" in found.reason
    assert "10 patients of the earlier may be among the 30" in found.reason


def test_a_later_title_that_says_follow_up_makes_it_likely():
    studies, papers = group_of_two()
    later = Study("B", "Long-term follow-up of cells", "psoriasis", "cohort", year=2020, links=studies[1].links)
    (found,) = propose_overlaps([studies[0], later], [], papers)
    assert found.strength == "likely"


@pytest.mark.parametrize(
    "changes",
    [
        {"condition": "alopecia-areata"},
        {"year": 2026},
        {"year": None},
        {"links": ()},
    ],
)
def test_other_conditions_far_years_and_other_people_speak_against_overlap(changes):
    studies, papers = group_of_two(**changes)
    assert strengths(studies, references=papers) == []


def test_other_countries_and_other_registrations_speak_against_overlap():
    studies, papers = group_of_two(country="Norway", registry_ids=("NCT01234567",))
    abroad = Study("A", "t", "psoriasis", "cohort", year=2016, country="Chile", links=studies[0].links)
    assert strengths([abroad, studies[1]], references=papers) == []
    apart = Study("A", "t", "psoriasis", "cohort", year=2016, registry_ids=("NCT01234568",), links=studies[0].links)
    assert strengths([apart, studies[1]], references=papers) == []


def test_other_products_speak_against_overlap():
    studies, papers = group_of_two()
    assert strengths(studies, [arm("A", "adipose"), arm("B", "bone marrow")], papers) == []
    assert strengths(studies, [arm("A", "adipose"), arm("B", "adipose", product="svf")], papers) == []
    assert strengths(studies, [arm("A", "adipose"), arm("B", "")], papers) == [(("A", "B"), "possible")]


def test_a_first_author_needs_an_initial():
    bare = [study("A", first_author="Berg"), study("B", first_author="Berg")]
    assert strengths(bare) == []
    named = [study("A", first_author="Berg A"), study("B", first_author="Berg A")]
    assert strengths(named) == [(("A", "B"), "possible")]


def test_the_strongest_come_first():
    studies = [
        study("A", first_author="Berg A"),
        study("B", first_author="Berg A", condition="lupus", registry_ids=("NCT01234567",)),
        study("C", first_author="Berg A"),
        study("D", condition="asthma", registry_ids=("NCT01234567",)),
    ]
    assert [strength for _, strength in strengths(studies)] == ["certain", "possible"]


def test_relatives_that_de_duplication_met_are_proposed_unless_they_are_replies():
    paper, abstract, reply = (
        reference(n, f"{word} of cells", authors=()) for n, word in ((1, "A"), (2, "B"), (3, "C"))
    )
    related = [
        (paper.id, abstract.id, "abstract-of"),
        (paper.id, reply.id, "reply-to"),
        (paper.id, "gone", "erratum-of"),
    ]
    linked = study("Berg2020", links=(StudyLink(paper.id, "main report"),))
    (found,) = propose_links([paper, abstract, reply], [linked], related=related)
    assert (found.study, found.references, found.strength) == ("Berg2020", (paper.id, abstract.id), "likely")
    assert "meeting's abstract" in found.reason
    both = study("Berg2020", links=(StudyLink(paper.id, "main report"), StudyLink(abstract.id, "abstract")))
    assert propose_links([paper, abstract, reply], [both], related=related) == ()
