import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.reporting.overlap import Area, band, matrix

# The example of the junoR vignette (juno-evidence-alliance.github.io/junoR/articles/CCA.html): five reviews and the
# three studies that any of them includes; printed result 41.66667.
JUNO = {
    "Review_1": ("Study_1", "Study_2"),
    "Review_2": ("Study_2",),
    "Review_3": ("Study_1", "Study_3"),
    "Review_4": ("Study_1", "Study_3"),
    "Review_5": ("Study_2",),
}


def pairs(reviews):
    return [(review, study) for review, studies in reviews.items() for study in studies]


def test_a_published_example():
    area = matrix(pairs(JUNO)).area()
    assert (area.marks, area.studies, area.reviews) == (8, 3, 5)
    assert area.corrected == pytest.approx(41.66667, abs=5e-6)
    assert area.covered == pytest.approx(100 * 8 / 15)


def test_impossible_cells_leave_the_denominator():
    found = matrix(
        [("old", "a"), ("old", "b"), ("new", "a"), ("new", "c")],
        study_years={"a": 2010, "b": 2012, "c": 2020},
        review_years={"old": 2015, "new": 2022},
    )
    assert [(found.studies[row], found.reviews[column]) for row, column in found.impossible] == [("c", "old")]
    area = found.area()
    assert area.corrected == pytest.approx(100 * (4 - 3) / (6 - 3))
    assert area.adjusted == pytest.approx(100 * (4 - 3) / (6 - 3 - 1))


def test_a_study_of_the_year_of_the_search_or_of_an_unknown_year_is_possible():
    years = {"review_years": {"one": 2015, "two": 2015}, "study_years": {"a": 2015, "b": 2010}}
    assert matrix([("one", "a"), ("two", "b"), ("two", "c")], **years).impossible == frozenset()
    assert matrix([("one", "a"), ("two", "b")], study_years={"a": 2020, "b": 2020}).impossible == frozenset()


def test_an_included_study_is_never_impossible_even_when_the_years_say_so():
    years = {"review_years": {"one": 2015}, "study_years": {"a": 2016}}  # in print a year after it was on the web
    assert matrix([("one", "a"), ("two", "b")], **years).impossible == frozenset()


def test_a_study_that_a_review_names_twice_counts_once():
    assert matrix([("one", "a"), ("one", "a"), ("two", "a")]).area() == Area(2, 1, 2)


def test_the_overlap_of_two_reviews_is_what_they_share_of_all_that_they_have():
    found = matrix(pairs({"one": "abcd", "two": "cde", "three": "xyz"}))
    shares = {(found.reviews[one], found.reviews[two]): area.corrected for one, two, area in found.pairs()}
    assert shares == {("one", "two"): pytest.approx(40.0), ("one", "three"): 0.0, ("two", "three"): 0.0}


def test_impossible_cells_of_a_pair_are_those_of_its_own_studies():
    found = matrix(
        pairs({"old": "a", "new": "ab", "third": "c"}),
        study_years={"a": 2000, "b": 2020, "c": 2021},
        review_years={"old": 2010},
    )
    areas = {(one, two): area for one, two, area in found.pairs()}
    assert areas[0, 1] == Area(3, 2, 2, 1)
    assert areas[0, 1].adjusted == pytest.approx(100.0)
    assert areas[1, 2].impossible == 0


def test_studies_of_many_reviews_come_first_and_reviews_keep_their_order():
    found = matrix([("z", "rare"), ("z", "common"), ("a", "common")])
    assert found.studies == ("common", "rare")
    assert found.reviews == ("z", "a")


@pytest.mark.parametrize(
    ("cca", "name"),
    [
        (0, "slight"),
        (5, "slight"),
        (5.01, "moderate"),
        (10, "moderate"),
        (10.5, "high"),
        (15, "high"),
        (15.1, "very high"),
    ],
)
def test_bands(cca, name):
    assert band(cca) == name


def test_without_two_reviews_there_is_no_overlap():
    assert matrix([("one", "a")]).area().corrected is None
    assert matrix([]).area().covered is None


@given(st.lists(st.tuples(st.sampled_from("RSTU"), st.sampled_from("abcdef")), min_size=1, max_size=20))
def test_it_lies_between_none_and_all(inclusions):
    found = matrix(inclusions)
    area = found.area()
    assert area.marks == len(set(inclusions))
    if len(found.reviews) > 1:
        assert 0 <= area.corrected <= 100
        assert (area.corrected == 0) == (area.marks == area.studies)
    doubled = matrix([*inclusions, *((f"{review} again", study) for review, study in inclusions)])
    mirrored = next(
        item for one, two, item in doubled.pairs() if doubled.reviews[two] == f"{doubled.reviews[one]} again"
    )
    assert mirrored.corrected == 100
