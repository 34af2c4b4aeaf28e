"""Senn, Gavini, Magrez and Scheen (2013), Statistical Methods in Medical Research 22, 169-189: glucose-lowering drugs.

Contrasts are mean differences in HbA1c, to four decimals. Each agrees with what the arms of the data set dat.senn2013
(R package metadat, https://search.r-project.org/CRAN/refmans/metadat/html/dat.senn2013.html) give. Printed about them
by Harrer, Cuijpers, Furukawa and Ebert, Doing Meta-Analysis in R, chapter on network meta-analysis (source text of the
first edition, MathiasHarrer/Doing-Meta-Analysis-in-R, 10-network_metanalysis.Rmd, commit 260f4048, sections "Fitting
the Model" and "Data Preprocessing"): 28 rows, one study of three arms, Q = 30.89 of De Fronzo, I2 = 81.4 %,
p = 0.0021 between designs, rosiglitazone first and placebo last with a P-score of zero. The single Qs are what R's
netmeta gives from the arms, so that rounding of the contrasts leaves the second decimal in doubt.
"""

import pytest

from stromata.synthesis.networks.inconsistency import inconsistency
from stromata.synthesis.networks.network import network
from stromata.synthesis.networks.ranking import p_scores

ROWS = [
    ("De Fronzo 1995", "metformin", "placebo", -1.9, 0.1414),
    ("Lewin 2007", "metformin", "placebo", -0.82, 0.0992),
    ("Willms 1999", "metformin", "acarbose", -0.2, 0.3579),
    ("Willms 1999", "metformin", "placebo", -1.2, 0.3758),
    ("Willms 1999", "acarbose", "placebo", -1, 0.4669),
    ("Davidson 2007", "rosiglitazone", "placebo", -1.34, 0.1435),
    ("Wolffenbuttel 1999", "rosiglitazone", "placebo", -1.1, 0.1141),
    ("Kipnes 2001", "pioglitazone", "placebo", -1.3, 0.1268),
    ("Kerenyi 2004", "rosiglitazone", "placebo", -0.77, 0.1078),
    ("Hanefeld 2004", "pioglitazone", "metformin", 0.16, 0.0849),
    ("Derosa 2004", "pioglitazone", "rosiglitazone", 0.1, 0.1831),
    ("Baksi 2004", "rosiglitazone", "placebo", -1.3, 0.1014),
    ("Rosenstock 2008", "rosiglitazone", "placebo", -1.09, 0.2263),
    ("Zhu 2003", "rosiglitazone", "placebo", -1.5, 0.1624),
    ("Yang 2003", "rosiglitazone", "metformin", -0.14, 0.2239),
    ("Vongthavaravat 2002", "rosiglitazone", "sulfonylurea", -1.2, 0.1436),
    ("Oyama 2008", "acarbose", "sulfonylurea", -0.4, 0.1549),
    ("Costa 1997", "acarbose", "placebo", -0.8, 0.1432),
    ("Hermansen 2007", "sitagliptin", "placebo", -0.57, 0.1291),
    ("Garber 2008", "vildagliptin", "placebo", -0.7, 0.1273),
    ("Alex 1998", "metformin", "sulfonylurea", -0.37, 0.1184),
    ("Johnston 1994", "miglitol", "placebo", -0.74, 0.1839),
    ("Johnston 1998a", "miglitol", "placebo", -1.41, 0.2235),
    ("Kim 2007", "rosiglitazone", "metformin", 0, 0.2339),
    ("Johnston 1998b", "miglitol", "placebo", -0.68, 0.2828),
    ("Gonzalez-Ortiz 2004", "metformin", "placebo", -0.4, 0.4356),
    ("Stucci 1996", "benfluorex", "placebo", -0.23, 0.3467),
    ("Moulin 2006", "benfluorex", "placebo", -1.01, 0.1366),
]


@pytest.fixture
def net():
    study, treat1, treat2, te, se = zip(*ROWS, strict=True)
    return network(study, treat1=treat1, treat2=treat2, TE=te, seTE=se)


def test_the_printed_size_of_the_network(net):
    assert (net.k, net.comparisons, len(net.treatments), len(net.designs)) == (26, 28, 10, 15)
    assert [trial.label for trial in net.trials if len(trial.arms) > 2] == ["Willms 1999"]


def test_the_printed_heterogeneity_and_inconsistency(net):
    assert net.i2 == pytest.approx(81.4, abs=0.05)
    assert net.q_between_p == pytest.approx(0.0021, abs=5e-5)


def test_the_printed_share_of_one_study_in_q(net):
    study, first, second, effect, se = ROWS[0]
    assert study == "De Fronzo 1995"
    fitted = net.common.estimates[net.place(first), net.place(second)]
    assert ((effect - fitted) / se) ** 2 == pytest.approx(30.89, abs=0.005)


def test_the_printed_ends_of_the_ranking(net):
    scores = {each.treatment: each.score for each in p_scores(net, better="lower", model="common")}
    assert max(scores, key=scores.__getitem__) == "rosiglitazone"
    assert min(scores, key=scores.__getitem__) == "placebo"
    assert scores["placebo"] == pytest.approx(0, abs=5e-5)


def test_the_decomposition_of_q(net):
    assert (net.q, net.q_df) == (pytest.approx(96.984, abs=0.015), 18)
    assert (net.q_within, net.q_within_df) == (pytest.approx(74.450, abs=0.015), 11)
    assert (net.q_between, net.q_between_df) == (pytest.approx(22.534, abs=0.015), 7)


@pytest.mark.parametrize(
    ("pair", "q", "df"),
    [
        ({"metformin", "placebo"}, 42.16, 2),
        ({"placebo", "rosiglitazone"}, 21.27, 5),
        ({"benfluorex", "placebo"}, 4.38, 1),
        ({"miglitol", "placebo"}, 6.45, 2),
        ({"metformin", "rosiglitazone"}, 0.19, 1),
    ],
)
def test_the_heterogeneity_of_designs(net, pair, q, df):
    (design,) = (each for each in net.designs if set(each.treatments) == pair)
    assert (design.q, design.df) == (pytest.approx(q, abs=0.01), df)


@pytest.mark.parametrize(
    ("pair", "q"),
    [
        ({"rosiglitazone", "sulfonylurea"}, 6.772),
        ({"metformin", "sulfonylurea"}, 7.515),
        ({"placebo", "rosiglitazone"}, 16.297),
    ],
)
def test_q_after_detaching_a_design(net, pair, q):
    (left,) = (each for each in inconsistency(net).detached if set(each.treatments) == pair)
    assert (left.q, left.df) == (pytest.approx(q, abs=0.01), 6)
