import sys
from importlib.metadata import Distribution, EntryPoint

import pytest

from stromata import plugins
from stromata.errors import Conflict, InvalidInput, MissingExtra, NotFound


class Package(Distribution):
    """An installed package of which only the name matters."""

    def __init__(self, name):
        self._name = name

    @property
    def metadata(self):
        return {"Name": self._name}

    @property
    def name(self):
        return self._name

    def read_text(self, filename):
        return None

    def locate_file(self, path):
        return path


@pytest.fixture
def installed(monkeypatch):
    """Install entry points as (package, name, target)."""

    def install(*entries, group="stromata.extractors"):
        made = [EntryPoint(name, target, group)._for(Package(package)) for package, name, target in entries]
        monkeypatch.setattr(plugins, "entry_points", lambda group: [one for one in made if one.group == group])

    install()
    return install


BUILTIN = {"rules": "the rules"}


def test_a_built_in_part_is_found_by_name(installed):
    assert plugins.get("extractors", "rules", builtin=BUILTIN) == "the rules"


def test_an_installed_part_is_imported_when_it_is_asked_for(installed):
    installed(("other", "join", "posixpath:join"), ("other", "broken", "no_such_module_at_all:x"))
    from posixpath import join

    assert plugins.names("extractors", builtin=BUILTIN) == ("broken", "join", "rules")
    assert plugins.get("extractors", "join", builtin=BUILTIN) is join


def test_an_installed_part_cannot_take_the_place_of_a_built_in_one(installed):
    installed(("other", "rules", "posixpath:join"))
    assert plugins.get("extractors", "rules", builtin=BUILTIN) == "the rules"
    assert plugins.names("extractors", builtin=BUILTIN) == ("rules",)


def test_an_unknown_name_is_answered_with_those_there_are(installed):
    installed(("other", "mine", "posixpath:join"))
    with pytest.raises(NotFound, match=r"no extractor 'ruels'. There are: mine, rules\."):
        plugins.get("extractors", "ruels", builtin=BUILTIN)
    installed()
    with pytest.raises(NotFound, match=r"There are: none\."):
        plugins.get("sections", "x", builtin={})


def test_two_packages_with_one_name_are_not_chosen_between(installed):
    installed(("one", "mine", "posixpath:join"), ("two", "mine", "posixpath:split"))
    with pytest.raises(Conflict, match="more than one package: one, two"):
        plugins.get("extractors", "mine", builtin={})


def test_the_same_part_told_twice_is_one_part(installed):
    installed(("one", "mine", "posixpath:join"), ("one", "mine", "posixpath:join"))
    assert plugins.names("extractors") == ("mine",)
    plugins.get("extractors", "mine", builtin={})


def test_a_missing_package_is_named_with_the_extra_that_brings_it(installed, tmp_path, monkeypatch):
    (tmp_path / "needs_much.py").write_text("import no_such_package_here\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    installed(("other", "mine", "needs_much:x [fast]"))
    with pytest.raises(MissingExtra, match="needs 'no_such_package_here'") as error:
        plugins.get("extractors", "mine", builtin={})
    assert "other[fast]" in error.value.hint
    sys.modules.pop("needs_much", None)
    installed(("other", "mine", "needs_much:x"))
    with pytest.raises(MissingExtra) as error:
        plugins.get("extractors", "mine", builtin={})
    assert '"no_such_package_here"' in error.value.hint


@pytest.mark.parametrize("target", ["no_such_module_at_all:x", "posixpath:no_such_name", "os.no_such_part:x"])
def test_an_entry_that_leads_nowhere_is_told_from_a_missing_package(installed, target):
    installed(("other", "mine", target))
    with pytest.raises(InvalidInput, match="leads nowhere"):
        plugins.get("extractors", "mine", builtin={})


def test_there_are_seven_groups_and_no_others(installed):
    assert set(plugins.GROUPS) == {
        "formats", "rankers", "measures", "estimators", "extractors", "connectors", "sections",
    }  # fmt: skip
    with pytest.raises(InvalidInput, match="no group of parts called 'gadgets'"):
        plugins.names("gadgets")


def test_groups_of_real_packages_are_read():
    """What is installed here may add nothing; the question itself must work."""
    assert plugins.names("extractors", builtin=BUILTIN)[-1] == "rules"
