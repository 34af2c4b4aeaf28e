"""Sentences for and against, and what follows from them."""

from dedupe.records import record
from stromata.dedupe.compare import LEVELS, compare
from stromata.dedupe.decide import RULES, shipped
from stromata.dedupe.evidence import _BRIEF, _RELATIONS, _RULES, _SAY, _WEIGHED, brief, explain, paired
from stromata.dedupe.titles import OWN_MARKS
from stromata.model import Name

PLACE = {"volume": "12", "issue": "3", "pages": "101-109"}


def test_a_duplicate_is_explained_with_values_the_heaviest_first():
    found = explain(record(1, doi="10.1000/a", **PLACE), record(2, doi="10.1000/a", journal="J Fict Cells", year=2021))
    assert found.verdict == "same"
    assert found.conclusion == "Both are the same record of one work."
    assert found.evidence[0] == "Both carry the DOI 10.1000/a."
    assert (
        'One journal\'s name can be short for the other: "journal of fictional cells" and "j fict cells".'
        in found.evidence
    )
    assert found.against == (
        "The years differ: 2020 and 2021, as when one counts the publication online and the other that in print.",
    )
    assert found.score > 5


def test_the_rule_that_forbids_a_merge_is_named_and_the_relation_offered():
    notice = record(2, title="Erratum to: Stromal cells for plaque psoriasis in adults", pages="200", volume="12")
    found = explain(record(1, **PLACE), notice)
    assert found.verdict == "different"
    assert (found.rule, found.relation) == ("marks", "erratum-of")
    assert found.conclusion == (
        "They are different works. One entry is a notice, reply or protocol and the other is not. "
        "As relatives they may be linked: one corrects the other."
    )
    assert "Only the second is a correction, as its title says." in found.against


def test_a_question_says_that_a_person_should_decide():
    found = explain(record(1, doi="10.1000/a"), record(2, doi="10.1000/b"))
    assert found.verdict == "ask"
    assert found.conclusion.startswith("A person should decide. Two DOIs are two publications")
    assert "The DOIs differ: 10.1000/a and 10.1000/b." in found.against


def test_words_and_numbers_that_differ_are_shown():
    one, two = record(1, title="Cells for lupus in rats: part 1"), record(2, title="Cells for lupus in mice: part 2")
    against = " ".join(explain(one, two).against)
    assert "In the titles words are exchanged: rats, 1 for mice, 2." in against
    assert "The titles hold different numbers: 1 and 2." in against


def test_what_the_collection_knows_is_told():
    one, two = record(1, doi="10.1000/s", pages="S1"), record(2, doi="10.1000/s", pages="S9")
    found = explain(one, two, doi_titles=30)
    assert not any("Both carry the DOI" in text for text in found.evidence), "a container's DOI weighs nothing"


def test_order_of_the_records_changes_no_verdict():
    one, two = record(1, **PLACE), record(2, authors=(Name("Bose", "K"),), year=2021)
    there, back = explain(one, two), explain(two, one)
    assert (there.verdict, there.rule, there.score) == (back.verdict, back.rule, back.score)
    assert len(there.evidence) == len(back.evidence)


def test_every_rule_relation_level_and_combination_has_its_sentence():
    assert set(_RULES) == {rule.name for rule in RULES}
    assert set(_WEIGHED) == {item.name for item in shipped().together}
    assert set(_SAY) == set(LEVELS) - {"weight"}
    assert all(text for text in _RELATIONS.values())
    filled = {"pmid": "1", "doi": "10.1000/a", "pmcid": "PMC1", "registry_ids": ("NCT1",), **PLACE}
    row = paired(record(1, **filled), record(2, title="Cells in rats", **filled)).to_pylist()[0]
    for field, say in _SAY.items():
        for name in LEVELS[field][1:]:
            if field == "marks" and name in OWN_MARKS:
                row |= {"l_marks": name, "r_marks": ""}
            text = say(name, row)
            assert text.endswith("."), (field, name)
            assert "  " not in text, (field, name)


def test_the_log_keeps_the_agreeing_fields_in_brief():
    levels = compare(
        paired(record(1, doi="10.1000/a"), record(2, doi="10.1000/a", title="Other words entirely"))
    ).to_pylist()[0]
    assert brief(levels) == "same DOI, authors, first author, year, journal"
    assert all(name in LEVELS[field] for field, name in _BRIEF)
