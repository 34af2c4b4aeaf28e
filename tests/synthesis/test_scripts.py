"""The comparison with metafor runs at toy size."""

import importlib.util
import json
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def load(path):
    """Return a script as a module."""
    spec = importlib.util.spec_from_file_location(path.stem + "_script", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def runner():
    """Return the module that compares recorded results of R with ours."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "validation" / "metafor"))
        yield load(ROOT / "validation" / "metafor" / "run.py")
    for name in [name for name in sys.modules if name.partition(".")[0] == "agreement"]:
        del sys.modules[name]


def recorded(tmp_path, rows, *records, setup=()):
    """Write one folder with these records."""
    folder = tmp_path / "toy"
    folder.mkdir()
    (folder / "input.csv").write_text(rows)
    numbered = [{"id": f"toy.{i}", **record} for i, record in enumerate(records)]
    (folder / "results.json").write_text(json.dumps({"setup": list(setup), "results": numbered}))
    return tmp_path


THREE = "effect,error2\n0.1,0.04\n0.5,0.04\n0.9,0.04\n"
MODEL = {
    "kind": "rma.uni",
    "r": 'rma(effect, error2, data=dat, method="EE")',
    "value": {"k": 3, "se": [0.115470053837925], "beta": [0.5], "tau2": 0},
}
WRONG = {**MODEL, "value": {**MODEL["value"], "beta": [0.51]}}


def columns(account):
    """Return how many records came to what."""
    return dict(sum(account.by_kind().values(), Counter()))


def test_the_runner_notices_a_difference(runner, tmp_path):
    account = runner.run(recorded(tmp_path, THREE, MODEL, WRONG))
    assert columns(account) == {"agree": 1, "beyond": 1}
    assert [entry[1:3] for entry in account.beyond] == [("beta", "toy.1")]
    assert account.status == 3


@pytest.mark.parametrize(("vi", "column"), [(0.021, "agree"), (0.0210001, "beyond")])
def test_the_runner_notices_a_difference_of_an_effect_size(runner, tmp_path, vi, column):
    record = {
        "kind": "escalc",
        "r": 'escalc(measure="PR", xi=x, ni=x+y, data=dat)',
        "value": {"yi": [0.3, None, 0.25], "vi": [vi, None, 0.09375]},
    }
    account = runner.run(recorded(tmp_path, "x,y\n3,7\nNA,5\n0,1\n", record))
    assert columns(account) == {column: 1}


def test_the_runner_notices_a_difference_of_a_coefficient(runner, tmp_path):
    empty = {key: [None, None] for key in ("se", "zval", "pval", "ci_lb", "ci_ub")}
    records = [
        {
            "kind": "metareg",
            "r": 'rma(yi, vi, data=dat, mods=~ x, method="FE")',
            "value": {"k": 3, "terms": ["intrcpt", "x"], "beta": [-0.1, slope], "tau2": 0, **empty},
        }
        for slope in (0.2, 0.21)
    ]
    account = runner.run(recorded(tmp_path, "yi,vi,x\n0.1,0.04,1\n0.3,0.04,2\n0.5,0.04,3\n", *records))
    assert columns(account) == {"agree": 1, "beyond": 1}


def test_a_record_that_cannot_be_compared_is_named_and_does_not_end_the_run(runner, tmp_path, capsys):
    broken = {"kind": "rma.uni", "r": 'rma(effect, error2, data=dat, method="EE")', "value": {"k": 3}}
    strange = {"kind": "rma.uni", "r": "rma(effect, error2, data=elsewhere)", "value": {"k": 3}}
    root = recorded(tmp_path, THREE, broken, strange, MODEL)
    assert runner.main([str(root)]) == 3
    told = capsys.readouterr().out
    assert "toy.0: KeyError: 'se'" in told
    assert "1 data made in R. For example rma.uni: toy.1" in told
    assert "| all | 3 | 1 | 0 | 0 | 0 | 1 | 0 | 1 | 33.3 % | 33.3 % |" in told


def test_an_error_of_the_reference_is_refused_alike_or_answered_with_a_caution(runner, tmp_path):
    failed = {"kind": "rma.uni", "r": 'rma(effect, error2, data=dat, method="EE")', "error": "Division by zero"}
    impossible = {"kind": "escalc", "r": 'escalc(measure="PR", xi=events, ni=people, data=dat)', "error": "too many"}
    rows = "effect,error2,events,people\n0.1,0.04,9,5\n0.5,0,1,5\n"
    account = runner.run(recorded(tmp_path, rows, failed, impossible))
    assert columns(account) == {"deliberate": 1, "refused": 1}
    assert list(account.reasons) == ["answers-with-caution"]


def test_objects_that_lines_of_r_make_are_known_by_any_name_or_else_forgotten(runner, tmp_path):
    setup = ['few <- dat[dat$arm=="x", ]', "few$v2 <- with(few, error2*2); few$v3 <- few$v2", "few$v3[1] <- 7"]
    known, forgotten = (
        {
            **MODEL,
            "r": f'rma(effect, {v}, data=few, method="EE")',
            "value": {"k": 2, "se": [0.2], "beta": [0.3], "tau2": 0},
        }
        for v in ("v2", "v3")
    )
    rows = "effect,error2,arm\n0.1,0.04,x\n0.5,0.04,x\n0.9,0.04,y\n"
    account = runner.run(recorded(tmp_path, rows, known, forgotten, setup=setup))
    assert columns(account) == {"agree": 1, "left out": 1}
    assert account.left_out == {"worked out in R: v3": ["rma.uni: toy.1"]}


def test_every_reason_that_the_runner_may_give_has_its_row_in_the_table(runner):
    codes = set(sys.modules["agreement.differences"].DIFFERENCES)
    table = (ROOT / "validation" / "metafor" / "DIFFERENCES.md").read_text(encoding="utf-8")
    assert {line.split("`")[1] for line in table.splitlines() if line.startswith("| `")} == codes
    used = set()
    for path in (ROOT / "validation" / "metafor").rglob("*.py"):
        used |= set(re.findall(r'(?:differs|explain)\((?:since, |coarse, )?"([a-z0-9-]+)"', path.read_text("utf-8")))
    assert used <= codes


def test_the_account_can_be_had_as_json(runner, tmp_path, capsys):
    root = recorded(tmp_path, THREE, MODEL)
    assert runner.main([str(root), "--json", str(tmp_path / "account.json"), "--all"]) == 0
    assert "| rma.uni EE | beta | 1 | 0.0e+00 | 1e-10 | toy.0 |" in capsys.readouterr().out
    told = json.loads((tmp_path / "account.json").read_text())
    assert told["kinds"]["rma.uni"] == {"records": 1, "agree": 1}


def test_a_number_that_r_would_not_make_again_is_noticed(tmp_path, capsys):
    script = load(ROOT / "validation" / "metafor" / "pinned.py")
    lines = [
        "file,name,value,digits",
        "effects/test_sizes.py,one,0.200296321950893,9",
        "effects/test_sizes.py,two,0.21,9",
    ]
    (tmp_path / "pinned.csv").write_text("\n".join(lines))
    assert script.main(str(tmp_path / "pinned.csv")) == 3
    assert "not found: effects/test_sizes.py two 0.21 to 9 digits\n1 of 2 agree" in capsys.readouterr().out
