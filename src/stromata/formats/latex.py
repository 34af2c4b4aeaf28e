r"""LaTeX in the values of BibTeX: to plain text (``{\"u}`` to ``ü``, ``$\alpha$`` to ``α``), and back.

What is not known to be LaTeX stays as it is: exports hold unescaped paths, dollars and tildes.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_SPECIAL = ("{", "\\", "--", "$", "~", "}", "``")

_ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "=": "\u0304", ".": "\u0307",
    "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "k": "\u0328", "r": "\u030a", "d": "\u0323",
    "b": "\u0331", "h": "\u0309",
}  # fmt: skip
_LETTER = r"\{[ \t]*\\?([^\W\d_])([^\W\d_]*)[ \t]*\}|\\([ij])(?![A-Za-z])[ \t]?|([^\W\d_])"
_ACCENT = re.compile(rf"\\(?:([\"'`^~=.])\s*|([cvHukrdbh])(?:\s+|(?=[{{\\])))(?:{_LETTER})")

_LETTERS = {
    "ss": "ß", "SS": "SS", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "o": "ø", "O": "Ø", "aa": "å", "AA": "Å",
    "l": "ł", "L": "Ł", "i": "ı", "j": "ȷ", "dh": "ð", "DH": "Ð", "dj": "đ", "DJ": "Đ", "ng": "ŋ", "NG": "Ŋ",
    "th": "þ", "TH": "Þ",
}  # fmt: skip
_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho varsigma sigma tau "
    "upsilon phi chi psi omega"
)
_SYMBOLS = {
    **{name: chr(code) for code, name in enumerate(_GREEK.split(), start=0x3B1)},
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Upsilon": "Υ",
    "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω", "varepsilon": "ε", "vartheta": "ϑ", "varphi": "φ", "varrho": "ϱ",
    "varpi": "ϖ",
    "textbackslash": "\\", "backslash": "\\", "textasciitilde": "~", "textasciicircum": "^", "textasciigrave": "`",
    "textbar": "|", "textless": "<", "textgreater": ">", "textunderscore": "_", "textdollar": "$", "textquotedbl": '"',
    "textquotesingle": "'", "textendash": "–", "textemdash": "—", "textellipsis": "…", "ldots": "…", "dots": "…",
    "cdots": "⋯", "textquoteleft": "‘", "textquoteright": "’", "textquotedblleft": "“", "textquotedblright": "”",
    "quotesinglbase": "‚", "quotedblbase": "„", "guillemotleft": "«", "guillemotright": "»", "guilsinglleft": "‹",
    "guilsinglright": "›", "textdegree": "°", "degree": "°", "textregistered": "®", "texttrademark": "™",
    "textcopyright": "©", "copyright": "©", "textmu": "µ", "textpm": "±", "texttimes": "×", "textdiv": "÷",
    "textsection": "§", "S": "§", "P": "¶", "pounds": "£", "textsterling": "£", "texteuro": "€", "euro": "€",
    "textyen": "¥", "textcent": "¢", "dag": "†", "textdagger": "†", "ddag": "‡", "textdaggerdbl": "‡",
    "textbullet": "•", "bullet": "•", "textperiodcentered": "·", "cdot": "·", "textonehalf": "½", "textonequarter": "¼",
    "textthreequarters": "¾", "textordfeminine": "ª", "textordmasculine": "º", "textonesuperior": "¹",
    "texttwosuperior": "²", "textthreesuperior": "³", "textexclamdown": "¡", "textquestiondown": "¿", "times": "×",
    "div": "÷", "pm": "±", "mp": "∓", "leq": "≤", "le": "≤", "leqslant": "≤", "geq": "≥", "ge": "≥", "geqslant": "≥",
    "neq": "≠", "ne": "≠", "approx": "≈", "sim": "∼", "simeq": "≃", "cong": "≅", "equiv": "≡", "propto": "∝",
    "ll": "≪", "gg": "≫", "infty": "∞", "partial": "∂", "nabla": "∇", "sum": "∑", "prod": "∏", "int": "∫", "surd": "√",
    "in": "∈", "notin": "∉", "subset": "⊂", "cup": "∪", "cap": "∩", "emptyset": "∅", "forall": "∀", "exists": "∃",
    "rightarrow": "→", "to": "→", "leftarrow": "←", "leftrightarrow": "↔", "uparrow": "↑", "downarrow": "↓",
    "Rightarrow": "⇒", "Leftarrow": "⇐", "textrightarrow": "→", "textleftarrow": "←", "circ": "∘", "ast": "∗",
    "star": "⋆", "prime": "′", "ell": "ℓ", "hbar": "ℏ", "angle": "∠", "perp": "⊥", "wedge": "∧", "vee": "∨",
    "neg": "¬", "otimes": "⊗", "oplus": "⊕", "langle": "⟨", "rangle": "⟩", "textbraceleft": "\ufdd0",
    "textbraceright": "\ufdd1", "lbrace": "\ufdd0", "rbrace": "\ufdd1", "quad": " ", "qquad": " ", "newline": " ",
    "linebreak": " ", "par": " ", "LaTeX": "LaTeX", "TeX": "TeX", "BibTeX": "BibTeX", "textnumero": "№",
    "textohm": "Ω", "textperthousand": "‰", "male": "♂", "female": "♀", "checkmark": "✓", "space": " ", "slash": "/",
}  # fmt: skip
_DROPPED = frozenset(
    [
        "em",
        "it",
        "bf",
        "rm",
        "sc",
        "tt",
        "sl",
        "sf",
        "textit",
        "textbf",
        "textrm",
        "textsc",
        "texttt",
        "textsl",
        "textsf",
        "textup",
        "textmd",
        "textnormal",
        "emph",
        "mbox",
        "hbox",
        "text",
        "mathrm",
        "mathit",
        "mathbf",
        "mathsf",
        "mathtt",
        "mathcal",
        "mathbb",
        "boldsymbol",
        "bm",
        "uppercase",
        "lowercase",
        "MakeUppercase",
        "MakeLowercase",
        "underline",
        "url",
        "path",
        "nolinkurl",
        "small",
        "large",
        "Large",
        "footnotesize",
        "scriptsize",
        "normalsize",
        "bgroup",
        "egroup",
        "noopsort",
        "enquote",
        "mkbibquote",
        "mkbibemph",
        "itshape",
        "bfseries",
        "upshape",
        "scshape",
        "left",
        "right",
        "big",
        "Big",
        "ensuremath",
        "displaystyle",
        "protect",
        "relax",
        "textsubscript",
        "textsuperscript",
        "mathsurround",
        "hspace",
        "vspace",
        "noindent",
        "textnormal",
        "selectlanguage",
        "foreignlanguage",
        "ignorespaces",
        "bibstring",
        "mathop",
        "operatorname",
        "limits",
        "overline",
        "hat",
        "tilde",
        "bar",
        "vec",
        "dot",
        "ddot",
        "widehat",
        "widetilde",
    ]
)
"""Commands that style what follows and say nothing themselves."""

_ESCAPED = re.compile(r"\\(?:([A-Za-z]+)\*?+(?:\{\}|([ \t\n]++))?+|(.))", re.DOTALL)
_MATH = re.compile(r"(?<!\\)\$\$?+((?:[^$\\]|\\.){1,2000}+)\$\$?", re.DOTALL)
_IS_MATH = re.compile(r"[\\^_{}=<>+]|^\s*[\w.,+-]{1,12}\s*$")
_RAISED = re.compile(r"([\^_])(?:\{([^{}]{1,40})\}|(.))", re.DOTALL)
_RAISED_TEXT = re.compile(r"\\text(super|sub)script\{([^{}\\]{0,40})\}")
_LINK = re.compile(r"\\href\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_TILDE = re.compile(r"(?<=[\w.,:;)}\]])~(?=[\w\\{$(\[\u2013\u2014-])(?!(?<=\b[A-Za-z]~)\d)")
_SIGNS = {
    "&": "&", "%": "%", "$": "$", "#": "#", "_": "_", "{": "\ufdd0", "}": "\ufdd1", ",": " ", ";": " ", ":": " ",
    " ": " ", "\n": " ", "\t": " ", "!": "", "-": "", "/": "", "@": "", "\\": " ", "(": "", ")": "", "[": "", "]": "",
    "'": "'", '"': '"', "`": "`", "^": "^", "~": "~", "=": "=", ".": ".", "|": "|", "*": "*", "+": "+", "<": "<",
    ">": ">",
}  # fmt: skip
_PLAIN_BRACES = str.maketrans({"{": None, "}": None, "\ufdd0": "{", "\ufdd1": "}", "\ufdd2": "$"})
_UP = dict(zip("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ", strict=True))
_DOWN = dict(zip("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎", strict=True))

_OUT = str.maketrans(
    {
        "\\": r"{\textbackslash}", "{": r"{\textbraceleft}", "}": r"{\textbraceright}", "&": r"\&", "%": r"\%",
        "$": r"\$", "#": r"\#", "_": r"\_", "~": r"{\textasciitilde}", "^": r"{\textasciicircum}",
    }
)  # fmt: skip
_IN_ADDRESS = re.compile(r"\{?\\([_%&#~$])\}?")


def text_of(value: str) -> str:
    r"""Return the plain text of a value: accents and symbols in Unicode, commands and braces taken away.

    Examples
    --------
    >>> text_of(r"{\'E}tude of {$\alpha$}-{Gal} in $CO_{2}$ --- \textit{Mus}")
    'Étude of α-Gal in CO₂ — Mus'
    """
    if not any(map(value.__contains__, _SPECIAL)):
        return value
    return _text_of(value) if len(value) > 400 else _short_text_of(value)


def _text_of(value: str) -> str:
    if "\\$" in value:
        value = value.replace("\\$", "\ufdd2")
    if "$" in value:
        value = _MATH.sub(_math, value)
    if "~" in value:
        value = _TILDE.sub(" ", value)
    if "\\" in value:
        value = _commands(value)
    if "--" in value:
        value = value.replace("---", "\u2014").replace("--", "\u2013")
    if "``" in value:
        value = value.replace("``", "\u201c").replace("''", "\u201d")
    return value.translate(_PLAIN_BRACES)


_short_text_of = lru_cache(maxsize=1 << 14)(_text_of)  # names, journals and publishers come again and again


def _commands(value: str) -> str:
    for _ in range(3):  # an accent may carry another one: \'{\^e}
        changed = _ACCENT.sub(_accent, value)
        if changed == value:
            break
        value = changed
    if "script{" in value:
        value = _RAISED_TEXT.sub(lambda m: _raised(m[2], _UP if m[1] == "super" else _DOWN, ""), value)
    if "\\href" in value:
        value = _LINK.sub(r"\2 (\1)", value)
    return _ESCAPED.sub(_escaped, value)


def _accent(match: re.Match[str]) -> str:
    sign, letter = match[1] or match[2], match[3] or match[5] or match[6]
    return unicodedata.normalize("NFC", letter + _ACCENTS[sign]) + (match[4] or "")


def _escaped(match: re.Match[str]) -> str:
    """Write one command or escaped sign as text; a command that is unknown stays as it is."""
    if match[3] is not None:
        return _SIGNS.get(match[3], match[0])
    name, space = match[1], match[2] or ""
    if name in _LETTERS:
        return _LETTERS[name]  # LaTeX swallows the blank that ends the command
    if name in _SYMBOLS:
        return _SYMBOLS[name] + ("" if name.startswith("text") else space)  # in formulas blanks are kept for reading
    return "" if name in _DROPPED else match[0]


def _math(match: re.Match[str]) -> str:
    inner = match[1]
    if not _IS_MATH.search(inner):
        return match[0]
    inner = _RAISED_TEXT.sub(lambda m: _raised(m[2], _UP if m[1] == "super" else _DOWN, ""), inner)
    return _RAISED.sub(lambda m: _raised(m[2] or m[3] or "", _UP if m[1] == "^" else _DOWN, m[1]), inner)


def _raised(text: str, signs: dict[str, str], mark: str) -> str:
    """Write an index with the signs that Unicode has for it; where it has none, after its mark."""
    if text and all(sign in signs for sign in text):
        return "".join(signs[sign] for sign in text)
    return f"{mark}{text}"


def address_of(value: str) -> str:
    """Return an address, a path or a DOI: only the escapes that exports put into it are undone."""
    if "\\url" in value or "\\href" in value:
        return text_of(value)
    if "\\" in value:
        value = _IN_ADDRESS.sub(r"\1", value.replace("{\\textasciitilde}", "~").replace("\\textasciitilde{}", "~"))
    return value.replace("{", "").replace("}", "") if "{" in value or "}" in value else value


def latex_of(text: str) -> str:
    r"""Return `text` so that `text_of` gives it back and BibTeX may print it; letters stay Unicode.

    Examples
    --------
    >>> latex_of("50% of A_1 & {B}")
    '50\\% of A\\_1 \\& {\\textbraceleft}B{\\textbraceright}'
    """
    text = text.translate(_OUT)
    if "--" in text:
        text = text.replace("--", "-{}-").replace("--", "-{}-")
    return re.sub("`(?=`)", "`{}", text) if "``" in text else text
