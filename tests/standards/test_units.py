"""Which units turn into which."""

import pytest

from stromata.standards import units


@pytest.mark.parametrize(
    ("value", "unit", "to", "expected"),
    [
        (0.29, "fraction", "percent", 29),
        (97, "%", "percent", 97),
        (2, "h", "min", 120),
        (2, "weeks", "days", 14),
        (90, "min", "h", 1.5),
        (2, "1e6 cells/kg", "cells/kg", 2e6),
        (2, "10^6 cells/kg", "cells/kg", 2e6),
        (2, "10⁶ cells per kg", "cells/kg", 2e6),
        (2, "million cells/kg", "cells/kg", 2e6),
        (140, "1e6 cells", "cells", 140e6),
        (5, "IU/mL", "EU/mL", 5),
        (500, "EU/L", "EU/mL", 0.5),
        (300, "EU/kg/min", "EU/kg/h", 18000),
        (150, "mg/kg", "g/kg", 0.15),
        (1, "mg/g", "g/kg", 1),
        (37, "°C", "degC", 37),
        (-238, "°F", "degC", -150),
        (123.15, "K", "degC", -150),
        (1, "year", "months", 12),
        (0.18, "L/h", "mL/min", 3),
        (7, "furlongs", "Furlongs", 7),
    ],
)
def test_a_unit_turns_into_another_of_the_same_things(value, unit, to, expected):
    assert units.convert(value, unit, to) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize(
    ("unit", "to"),
    [
        ("EU/mL", "EU/kg"),
        ("cells", "cells/kg"),
        ("months", "days"),
        ("mg", "EU"),
        ("percent", "cells"),
        ("furlongs", "min"),
        ("°F", "min"),
        ("", "percent"),
        ("g", "g/kg"),
        ("kg/kg/h", "g/kg"),
    ],
)
def test_what_cannot_be_told_is_not_guessed(unit, to):
    assert units.convert(1, unit, to) is None


def test_a_fraction_becomes_the_percentage_that_was_meant():
    assert [units.convert(each / 100, "fraction", "percent") for each in range(101)] == list(range(101))


def test_a_unit_is_known_or_not():
    assert units.known("EU/kg/h")
    assert units.known("℉")
    assert not units.known("bananas")
