import subprocess
import sys
from types import ModuleType

import pytest

from stromata import lazy


@pytest.fixture
def package(tmp_path, monkeypatch) -> ModuleType:
    """Return a package of two modules, neither of which is loaded yet."""
    folder = tmp_path / "lazily"
    folder.mkdir()
    (folder / "rates.py").write_text("def pool():\n    return 7\n")
    (folder / "shapes.py").write_text("")
    (folder / "__init__.py").write_text(
        "from stromata import lazy\n\n__all__ = ['pool', 'shapes', 'there']\nthere = 1\n"
        "__getattr__, __dir__ = lazy.names(__name__, {'pool': 'rates', 'shapes': ''}, __all__)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import lazily

    yield lazily
    for name in ("lazily", "lazily.rates", "lazily.shapes"):
        sys.modules.pop(name, None)


def test_a_name_is_loaded_when_it_is_first_used_and_kept(package):
    assert package.there == 1
    assert "lazily.rates" not in sys.modules
    assert package.pool() == 7
    assert vars(package)["pool"] is package.pool


def test_a_name_without_a_home_is_a_module_of_the_package(package):
    assert "lazily.shapes" not in sys.modules
    assert package.shapes is sys.modules["lazily.shapes"]


def test_an_unknown_name_is_refused_with_those_there_are(package):
    with pytest.raises(
        AttributeError, match=r"module 'lazily' has no attribute 'pol'; there are: pool, shapes, there$"
    ):
        _ = package.pol


def test_a_package_lists_its_public_names_loaded_or_not(package):
    assert dir(package) == ["pool", "shapes", "there"]


def test_nothing_but_the_standard_library_is_loaded_for_it():
    code = "import sys, stromata.lazy\nprint(*sorted(name for name in sys.modules if name.startswith('stromata')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["stromata", "stromata.lazy"]
    assert lazy.names("stromata", {}, ["b", "a"])[1]() == ["a", "b"]
