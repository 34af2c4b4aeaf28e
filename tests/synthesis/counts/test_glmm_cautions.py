import re
from pathlib import Path

import pytest

from stromata.synthesis.counts.glmm import pool_glmm
from stromata.synthesis.counts.glmm_cautions import GLMM_CAUTION_CODES
from synthesis.published import BCG, PRITZ
from synthesis.sparse_data import CATHETERS

DOC = Path(__file__).parents[3] / "docs" / "reference" / "sparse.md"


def codes(*args, **kwargs):
    return {caution.code for caution in pool_glmm(*args, **kwargs).cautions}


def test_every_code_is_documented():
    text = DOC.read_text(encoding="utf-8")
    assert [code for code in GLMM_CAUTION_CODES if f"`{code}`" not in text] == []


@pytest.mark.parametrize(
    ("code", "there", "absent"),
    [
        ("many-baselines", codes("OR", **CATHETERS), codes("OR", model="cm.el", **CATHETERS)),
        ("heterogeneity-large", codes("OR", **BCG), codes("OR", **CATHETERS)),
        ("uncontrolled", codes("PLO", **PRITZ), codes("OR", **CATHETERS)),
        ("few-studies", codes("PLO", xi=[3, 4], ni=[9, 30]), codes("PLO", method="ee", xi=[3, 4], ni=[9, 30])),
        ("tau2-zero", codes("PLO", xi=[2, 4, 6], ni=[10, 20, 30]), codes("PLO", **PRITZ)),
        ("small-total", codes("PLO", xi=[2], ni=[10]), codes("PLO", **PRITZ)),
        ("all-events", codes("PLO", xi=[6, 9], ni=[6, 9]), codes("PLO", xi=[6, 8], ni=[6, 9])),
        ("no-events", codes("PLO", xi=[0, 0], ni=[6, 9]), codes("PLO", xi=[0, 1], ni=[6, 9])),
        ("quadrature", codes("PLO", points=1, **PRITZ), codes("PLO", **PRITZ)),
    ],
)
def test_a_caution_is_there_when_it_is_true_and_only_then(code, there, absent):
    assert code in there
    assert code not in absent


def test_texts_are_sentences():
    result = pool_glmm("OR", ai=[0, 0], n1i=[9, 4], ci=[1, 0], n2i=[9, 4])
    assert result.cautions
    for caution in result.cautions:
        assert re.fullmatch(r"[A-Z].*\.", caution.text, re.DOTALL)
