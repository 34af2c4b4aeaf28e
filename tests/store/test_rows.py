"""What can name something, and batches."""

import pytest

from stromata.errors import InvalidInput
from stromata.store.rows import KEY_LENGTH, batches, check_key, check_person


@pytest.mark.parametrize("name", ["", "  ", "x" * (KEY_LENGTH + 1)])
def test_a_key_has_something_to_read_and_fits_into_an_index(name):
    with pytest.raises(InvalidInput, match="1 to 200 characters"):
        check_key("an id", name)


@pytest.mark.parametrize("name", ["an\nn", "ann\u202e", "a\x7f", "\ud800"])
def test_a_persons_name_can_be_shown(name):
    with pytest.raises(InvalidInput, match="holds the character U"):
        check_person("the name", name)
    assert check_key("an id", name) == name


def test_batches_hold_everything_in_order():
    assert list(batches(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(batches([])) == []
