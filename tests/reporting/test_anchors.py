import re

from hypothesis import given
from hypothesis import strategies as st

from stromata.reporting.anchors import anchor, data_point_href


def test_plain_names_stay_readable():
    assert anchor("dp", "Cheng2022.response_x") == "dp-Cheng2022.response_x"
    assert data_point_href("a b") == "#dp-a:20:b"


@given(st.lists(st.text(max_size=8), max_size=3), st.lists(st.text(max_size=8), max_size=3))
def test_different_places_have_different_names_that_need_no_escaping(one, other):
    assert re.fullmatch(r"k-[A-Za-z0-9._:~-]*", anchor("k", *one))
    if one and other:
        assert (anchor("k", *one) == anchor("k", *other)) == (one == other)
