"""What was given, to whom and how. The sentences were written for this file."""

# ruff: noqa: E501 - a sentence and what it says stay on one line

import pytest

from stromata.extraction.suggestions.mentions import amount_text
from stromata.extraction.suggestions.run import suggest


def found(text: str, field: str) -> list[str]:
    """Return the values of a field with their units, sorted."""
    return sorted(f"{one.value} {one.unit}".strip() for one in suggest(text).suggestions if one.field == field)


PRODUCTS = [
    ("Umbilical cord-derived MSCs were infused intravenously.", {"tissue": ["umbilical-cord"], "product_class": ["msc"], "route": ["intravenous"]}),
    ("Patients received autologous bone marrow mesenchymal stem cells by intra-articular injection.", {"tissue": ["bone-marrow"], "donor": ["autologous"], "route": ["intra-articular"]}),
    ("Exosomes derived from adipose MSCs were applied topically.", {"product_class": ["ev"], "tissue": ["adipose"], "route": ["topical"]}),
    ("The cells were obtained from the placenta of healthy donors.", {"tissue": ["placenta"]}),
    ("Patients took oral prednisone 10 mg daily.", {"route": []}),
    ("Each patient received 1 × 10^6 cells/kg once a week for four weeks.", {"dose": ["1e6 cells/kg"], "interval_days": ["7 days"]}),
    ("Two infusions of 5 × 10^7 cells were given four weeks apart.", {"dose": ["5e7 cells"], "administrations": ["2"], "interval_days": ["28 days"]}),
    ("Patients were seen monthly for one year after the infusion.", {"administrations": [], "interval_days": []}),
    ("Patients had resisted intralesional triamcinolone.", {"route": []}),
    ("Haematopoietic stem cells of their own were given to all.", {"product_class": ["hsct"], "donor": ["autologous"]}),
    ("We gave cord mesenchymal stromal cells.", {"tissue": ["umbilical-cord"]}),
    ("Patients with lupus (n = 12) or primary Sjögren's syndrome (n = 9) were included.", {"disease": ["primary-sjogren", "systemic-lupus-erythematosus"]}),
    ("Adults with vitiligo often seek help. We enrolled 12. They got cells.", {"disease": ["vitiligo"]}),
    ("After allogeneic HSCT, 9 patients with graft-versus-host disease received MSCs.", {"product_class": ["msc"], "donor": []}),
    ("Outcomes after autologous HSCT for systemic sclerosis", {"product_class": ["hsct"], "donor": ["autologous"]}),
    ("异基因造血干细胞移植后的患者输注间充质干细胞。", {"product_class": ["msc"], "donor": []}),
    ("We compared two doses of MSCs with placebo.", {"administrations": []}),
    ("Patients received between one and six infusions of MSCs (median three).", {"administrations": ["3"]}),
    ("MSCs were infused at baseline and again at week 6.", {"administrations": ["2"], "interval_days": ["42 days"]}),
    ("The injection of MSCs was repeated once after two months.", {"administrations": ["2"], "interval_days": ["60 days"]}),
    ("Patients received a second infusion of MSCs three weeks after the first.", {"administrations": ["2"], "interval_days": ["21 days"]}),
    ("MSCs were infused once (8 patients) or twice (5 patients).", {"administrations": []}),
    ("A total of 75 infusions of MSCs was given to 25 patients.", {"administrations": []}),
    ("MSCs were injected in a single sitting.", {"administrations": ["1"]}),
    ("Blood was drawn at baseline and again at week 6.", {"administrations": [], "interval_days": []}),
    ("Stromal cells were given by vein.", {"product_class": ["msc"], "route": ["intravenous"]}),
    ("Exosomes of amnion stromal cells were applied.", {"product_class": ["ev"]}),
    ("Vesicles (40 µg) were injected into the muscles of the thigh.", {"product_class": ["ev"], "route": ["intramuscular"]}),
    ("Fat was taken from the patients themselves and SVF isolated.", {"donor": ["autologous"]}),
    ("Autologous serum was added to the MSCs.", {"donor": []}),
    ("Twelve patients underwent autologous MSC transplantation.", {"donor": ["autologous"]}),
    ("Six months after autologous mesenchymal stem cell transplantation the wounds had closed.", {"donor": ["autologous"]}),
    ("Autologous skin-derived MSCs were given.", {"donor": ["autologous"]}),
    ("Allogeneic transplantation had preceded the MSCs by a year.", {"donor": []}),
    ("Cells were grown from the marrow of volunteers.", {"tissue": ["bone-marrow"]}),
    ("对照组给予环磷酰胺，细胞组静脉输注间充质干细胞。", {"route": ["intravenous"]}),
    ("Patients with psoriasis were excluded.", {"disease": []}),
    ("Mesenchymal stem cells for the treatment of systemic lupus erythematosus", {"disease": ["systemic-lupus-erythematosus"], "product_class": ["msc"]}),
    ("The trial included patients with Crohn's disease.", {"disease": ["crohn-disease"]}),
    ("MSCs have been used to treat lupus in previous studies.", {"disease": [], "product_class": []}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), PRODUCTS)
def test_what_was_given_and_how(text, expected):
    assert {field: found(text, field) for field in expected} == expected


def test_amounts_are_written_one_way():
    assert [amount_text(value) for value in (1e6, 1.5e6, 80.0, 0.5, 9999.0, 1e4, 123456.0)] == [
        "1e6", "1.5e6", "80", "0.5", "9999", "1e4", "1.23456e5",
    ]  # fmt: skip
