from stromata.extraction.suggestions.claims import Claim, best, distinct


def claim(value="17", start=0, rank=0, unit="patients"):
    return Claim("n", value, unit, start, start + 2, "n:taken", rank)


def test_the_highest_rank_wins_and_of_equal_ones_the_first():
    assert best([claim(start=9), claim("20", 30, rank=5), claim("21", 20, rank=5)]).value == "21"
    assert best([]) is None


def test_each_fact_stands_once_at_its_best_place_in_the_order_of_the_text():
    kept = distinct([claim(start=9), claim(start=40, rank=3), claim("3", 50), claim(unit="animals", start=60)])
    assert [(one.value, one.unit, one.start) for one in kept] == [
        ("17", "patients", 40),
        ("3", "patients", 50),
        ("17", "animals", 60),
    ]
