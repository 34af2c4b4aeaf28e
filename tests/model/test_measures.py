"""The families of measures: complete, and the same as where effects are computed."""

from typing import get_args

import pytest

from stromata.model import MeasureKind, MeasureName, measure_family, measures_of, numbers
from stromata.synthesis import MEASURES


@pytest.mark.parametrize("name", get_args(MeasureName))
def test_every_measure_has_a_family_of_the_kind_it_is_computed_by(name):
    found = measure_family(name)
    assert found.kind == MEASURES[name].kind
    assert (found.name, found.family) == (numbers.measure_name(name), numbers.family(name))


def test_only_what_has_a_value_of_no_effect_favours_a_group():
    favouring = [name for name in get_args(MeasureName) if measure_family(name).favours]
    assert all(numbers.no_effect(name) is not None for name in favouring)
    assert {"OR", "IRD", "SMD", "HR"} <= set(favouring)
    assert not {"PHI", "GEN", "MC", "PLO", "COR"} & set(favouring)


def test_the_kinds_share_out_all_measures():
    shared = measures_of(*get_args(MeasureKind))
    assert sorted(shared) == sorted(get_args(MeasureName))
    assert measures_of("two-rates", "rate") == ("IRR", "IRD", "IRSD", "IR", "IRLN", "IRS", "IRFT")
