"""Which engine is opened, and what it refuses."""

import builtins

import pytest

from stromata.engine import Settings, open_engine
from stromata.errors import InvalidInput, MissingExtra


def test_another_name_is_refused_with_the_names_there_are():
    with pytest.raises(InvalidInput, match="oracle") as caught:
        open_engine("oracle")
    assert "duckdb and spark" in caught.value.hint


@pytest.mark.parametrize("wrong", [{"memory_mb": 10}, {"threads": 0}])
def test_too_little_of_a_machine_is_refused(wrong):
    with pytest.raises(InvalidInput):
        Settings(**wrong)


def test_without_pyspark_the_extra_is_named(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **named):
        if name.split(".")[0] == "pyspark":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra) as caught:
        open_engine("spark")
    assert "stromata[spark]" in caught.value.hint
