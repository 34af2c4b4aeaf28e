"""Languages: how sources name them, and which one a text is written in."""

from __future__ import annotations

import re
from itertools import repeat

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_SCRIPTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7a3]")),
    ("zh", _HAN),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
)
# The commonest short words of each language; those that several share are left out where they would mislead.
_STOP_WORDS = {
    "en": "the of and to in that is was were with for by are this which from as on be an or have been has at we",
    "de": "der die das und von mit den ist für nicht eine einer wurde wurden bei auf dem des im zur durch werden nach",
    "fr": "le la les des et du une dans est pour que par avec sur qui été au sont ont cette chez aux nous",
    "es": "el la los las y del una en con por para que se fueron fue como más su entre pacientes al es este",
    "pt": "o os as e da do das dos uma em com por para que foi foram não mais ao na no entre pacientes estudo",
    "it": "il la gli le e della dei delle una in con per che è sono nel alla stato nei dal pazienti questo",
    "nl": "de het een van en in met voor zijn werd werden niet bij op dat aan door ook deze naar of patiënten",
    "pl": "i w z na do się nie jest oraz przez dla od po u jako był była badania chorych pacjentów",
    "tr": "ve bir bu ile için olarak olan hastalarda çalışma daha edildi tedavi arasında",
}
_LANGUAGES_OF: dict[str, tuple[str, ...]] = {
    word: tuple(code for code, words in _STOP_WORDS.items() if word in words.split())
    for words in _STOP_WORDS.values()
    for word in words.split()
}
_WORDS = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_ASCII_WORDS = re.compile(r"[a-z]+(?:'[a-z]+)?")
_FOR_OTHERS = 1 << 20
_SPEAKS = {
    word: (2 if codes == ("en",) else "en" in codes) + _FOR_OTHERS * (len(codes) > 1 or 2 * ("en" not in codes))
    for word, codes in _LANGUAGES_OF.items()
}
"""For each of these words, twice how much it speaks for English, and `_FOR_OTHERS` times twice how much for others: a
word that languages share speaks for each, but half. One sum over a text tells both."""
_MIN_WORDS = 12
"""Words below which a Latin text is too short to tell its language."""

_LANGUAGES = {
    "en": "en eng english 英语 英文 anglais englisch inglés",
    "zh": "zh chi zho chinese 中文 汉语 简体中文 zh-cn zh-hans mandarin cn zh_cn",
    "ja": "ja jpn japanese 日语 日文 日本語",
    "ko": "ko kor korean 韩语",
    "de": "de ger deu german deutsch 德语",
    "fr": "fr fre fra french français 法语",
    "es": "es spa spanish español castellano 西班牙语",
    "pt": "pt por portuguese português",
    "it": "it ita italian italiano",
    "ru": "ru rus russian русский 俄语",
    "nl": "nl dut nld dutch",
    "pl": "pl pol polish polski",
    "tr": "tr tur turkish türkçe",
    "fa": "fa per fas persian farsi",
    "ar": "ar ara arabic",
    "cs": "cs cze ces czech",
    "da": "da dan danish",
    "sv": "sv swe swedish",
    "no": "no nor norwegian nb nn",
    "fi": "fi fin finnish",
    "hu": "hu hun hungarian",
    "ro": "ro rum ron romanian",
    "hr": "hr hrv croatian",
    "sr": "sr srp serbian",
    "sk": "sk slo slk slovak",
    "sl": "sl slv slovenian slovene",
    "bg": "bg bul bulgarian",
    "uk": "uk ukr ukrainian",
    "el": "el gre ell greek",
    "he": "he heb hebrew",
    "th": "th tha thai",
    "vi": "vi vie vietnamese",
    "id": "id ind indonesian",
    "und": "und undetermined mul multiple",
}
_CODES = {word: code for code, words in _LANGUAGES.items() for word in words.split()}
_MEDLINE_CODES = {code: next((w for w in words.split() if len(w) == 3), code) for code, words in _LANGUAGES.items()}


def language_code(text: str) -> str:
    """Return the BCP 47 code of a language as sources name it (``eng``, ``English``, ``zh_CN``), or nothing."""
    if not text:
        return ""
    word = text.strip().lower()
    if word in _CODES:
        return _CODES[word]
    first = re.split(r"[;,/|\s(_-]", word, maxsplit=1)[0]
    return _CODES.get(first, "")


def medline_language(code: str) -> str:
    """Return the three letters that MEDLINE uses for a BCP 47 code."""
    return _MEDLINE_CODES.get(code, code)


def han_share(text: str) -> float:
    """Return the share of Chinese characters among the letters of `text`, from 0 to 1."""
    letters = sum(map(str.isalpha, text))
    return len(_HAN.findall(text)) / letters if letters else 0.0


def detect_language(text: str) -> str:
    """Return the BCP 47 code of the language `text` is written in, or nothing when that is not clear.

    Scripts other than Latin tell at once (kana before Chinese characters). Latin text needs a dozen words, among them
    enough of one language's commonest words and clearly more than of any other's.
    """
    sample = text[:400]
    if not sample.isascii():
        letters = sum(map(str.isalpha, sample))
        for code, script in _SCRIPTS:
            share = len(script.findall(sample)) / letters if letters else 0.0
            if share > (0.1 if code in {"ja", "ko"} else 0.3) and letters >= 4:
                return code
        words = _WORDS.findall(sample.lower())
    elif len(sample) < 2 * _MIN_WORDS - 1:
        return ""
    else:
        words = _ASCII_WORDS.findall(sample.lower())
    if len(words) < _MIN_WORDS:
        return ""
    # Nearly all text is English, and clearly so: enough of its own words, though all others spoke for one language.
    foreign, english = divmod(sum(map(_SPEAKS.get, words, repeat(0))), _FOR_OTHERS)
    if english >= 0.16 * len(words) and english > 1.5 * foreign:
        return "en"
    counts = dict.fromkeys(_STOP_WORDS, 0.0)
    for word in words:
        if word in _LANGUAGES_OF:
            languages = _LANGUAGES_OF[word]
            share = 1.0 if len(languages) == 1 else 0.5  # a word that languages share speaks for each, but less
            for code in languages:
                counts[code] += share
    *_, second, most = sorted(counts.values())
    if most < 0.08 * len(words) or most < 1.5 * second:
        return ""
    return next(code for code, count in counts.items() if count == most)
