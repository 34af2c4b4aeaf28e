"""The data beside the code: each constant and rule says where it comes from."""

import pytest

from stromata.consensus.data import load

STATUSES = {"sourced", "secondary", "derived", "project", "unsourced"}


@pytest.mark.parametrize("name", ["rand", "rules", "etd", "accord"])
def test_a_file_is_read_once_and_its_statuses_are_known(name):
    assert load(name) is load(name)
    found = set()

    def walk(part):
        if isinstance(part, dict):
            found.update(value for key, value in part.items() if key.endswith("status"))
            for value in part.values():
                walk(value)
        elif isinstance(part, list):
            for value in part:
                walk(value)

    walk(load(name))
    assert found <= STATUSES
