from __future__ import annotations

import pytest

from stromata.formats.language import detect_language, han_share, language_code, medline_language


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("eng", "en"),
        ("English", "en"),
        ("en-GB", "en"),
        ("zh_CN", "zh"),
        ("中文", "zh"),
        ("chi", "zh"),
        ("English; French", "en"),
        ("?", ""),
    ],
)
def test_a_language_has_one_code(said: str, code: str) -> None:
    assert language_code(said) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("We treated the patients with cells and measured the response in each of the groups for a year.", "en"),
        (
            "Die Patienten wurden mit Zellen behandelt und nach einem Jahr wurde die Haut in der Klinik untersucht.",
            "de",
        ),
        ("Les patients ont été traités par des cellules et la réponse dans le groupe est mesurée sur une année.", "fr"),
        ("Los pacientes fueron tratados con células y la respuesta en el grupo se midió durante más de un año.", "es"),
        ("间充质干细胞治疗银屑病", "zh"),
        ("幹細胞による乾癬の治療について", "ja"),
        ("Стволовые клетки в лечении псориаза", "ru"),
        ("Stromal cells in psoriasis", ""),
        ("Li, Bo; Kim, Ha; Novak, Petr; Sato, Hiro; Berg, Ana; Rossi, Ugo", ""),
        ("", ""),
    ],
)
def test_a_language_is_told_only_where_it_is_clear(text: str, code: str) -> None:
    assert detect_language(text) == code


def test_medline_has_codes_of_its_own() -> None:
    assert medline_language("zh") == "chi"
    assert medline_language("en") == "eng"


def test_the_share_of_chinese_counts_letters_only() -> None:
    assert han_share("干细胞 123 ...") == 1.0
    assert han_share("12") == 0.0
