"""LaTeX in the values of BibTeX."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stromata.formats.latex import address_of, latex_of, text_of


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"{\'E}tude", "Étude"),
        (r"f{\"u}r", "für"),
        (r"f\"ur", "für"),
        (r"Ji{\v{r}}{\'{\i}} and \'\i", "Jiří and í"),
        (r"Erd{\H o}s, {\c c}a, \c{c}a, \v s", "Erdős, ça, ça, š"),
        (r"\'{\^e}", "ế"),
        (r"Stra{\ss}e, \O re, {\L}\'od\'z, \aa", "Straße, Øre, Łódź, å"),
        (r"{$\alpha$}-{Gal} in $CO_{2}$ and $x^2$", "α-Gal in CO₂ and x²"),
        (r"$\mathrm{CD4}^+$ cells, $p < 0.05$", "CD4⁺ cells, p < 0.05"),
        (r"H\textsubscript{2}O, 10\textsuperscript{6}", "H₂O, 10⁶"),
        (r"\textit{Mus musculus} \emph{in vivo} {\em x}", "Mus musculus in vivo x"),
        (r"Smith \& Sons, 5\%, A\_1, \#2, \$3", "Smith & Sons, 5%, A_1, #2, $3"),
        (r"pages 1--2 --- and on", "pages 1–2 — and on"),
        (r"``quoted''", "“quoted”"),
        (r"Fig.~2, J.~Smith", "Fig. 2, J. Smith"),
        (r"{The {BMP} of {M}SC}", "The BMP of MSC"),
        (r"\{a, b\}", "{a, b}"),
        (r"\href{http://a.example}{the page}", "the page (http://a.example)"),
        (r"5\textdegree C \textpm{} 1", "5°C ± 1"),
    ],
)
def test_latex_becomes_plain_text(latex: str, text: str) -> None:
    assert text_of(latex) == text


@pytest.mark.parametrize(
    "text", ["it cost $5 and $6", r"E:\some\random\folder", "about ~ 40 and p~0.05", "Ca~(2+)", "3''-UTR"]
)
def test_what_only_looks_like_latex_stays(text: str) -> None:
    assert text_of(text) in {text, text.replace("~(", " (")}


def test_an_unknown_command_stays_readable() -> None:
    assert text_of(r"\unknowncommand{word}") == r"\unknowncommandword"


def test_addresses_keep_their_signs() -> None:
    assert address_of(r"https://a.example/x\_y~z?a=1\&b={\%}20") == "https://a.example/x_y~z?a=1&b=%20"
    assert address_of(r"\url{https://a.example/x}") == "https://a.example/x"


@given(st.text(alphabet="ab {}\\$&%#_~^-`'\"éß中\t12", max_size=40))
@example("```")
def test_what_is_written_is_read_back(text: str) -> None:
    assert text_of(latex_of(text)) == text


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading(text: str) -> None:
    assert isinstance(text_of(text), str)
