"""The one table of permissions is complete, and each act is refused to those it does not name."""

from typing import get_args

import pytest

from projects import LEAD, as_person, begin
from stromata import review
from stromata.errors import NotAllowed
from stromata.model import ROLES
from stromata.review.rules import MAY, Act, require


def test_the_table_names_every_act_and_known_roles_only():
    assert set(MAY) == set(get_args(Act))
    assert {role for roles in MAY.values() for role in roles} <= set(ROLES)


@pytest.mark.parametrize("act", get_args(Act))
def test_each_role_may_do_what_the_table_says_and_nothing_else(tmp_path, act):
    with begin(tmp_path) as project:
        for role in ROLES:
            review.grant(as_person(project, LEAD), f"only-{role}", role)
        with project.store.snapshot(project.id) as view:
            for role in ROLES:
                person = as_person(project, f"only-{role}")
                if role in MAY[act]:
                    require(person, view, act)
                else:
                    with pytest.raises(NotAllowed, match=act):
                        require(person, view, act)
