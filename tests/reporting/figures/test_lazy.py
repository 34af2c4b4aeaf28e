import subprocess
import sys
from importlib import import_module

import pytest

from stromata.reporting import figures


def test_matplotlib_waits_for_the_first_figure():
    code = (
        "import sys, stromata, stromata.reporting, stromata.reporting.figures as f\n"
        "stromata.reporting.forest_svg\n"
        "assert 'matplotlib' not in sys.modules, 'loaded too early'\n"
        "f.forest\n"
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_promised_name_can_be_loaded_and_lives_where_the_table_says():
    for name in figures.__all__:
        found = getattr(figures, name)
        assert found is getattr(import_module(f"stromata.reporting.figures.{figures._PUBLIC[name]}"), name)
    assert sorted(figures._PUBLIC) == list(figures.__all__) == dir(figures)


def test_an_unknown_name_is_refused_with_those_there_are():
    with pytest.raises(AttributeError, match="forest"):
        figures.pie  # noqa: B018
