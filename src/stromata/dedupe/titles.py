"""Titles: folded, freed of what databases add, and weighed for what an equal title says.

`folded` is the form in which two spellings of one text are equal; names, journals and abstracts are folded alike.
"""

from __future__ import annotations

import re
import unicodedata

from stromata.entities import unescape

OWN_MARKS = ("erratum", "retraction", "concern", "reply", "comment", "protocol")
"""What a title can say of an entry that makes another work of it."""

MARKS = (*OWN_MARKS, "withdrawn", "update")
"""All that a title can say of an entry: the last two describe a version of the work itself."""

_LONG = 14
"""Titles with more words than that are rich, whatever the words are."""

_LEAST_OWN = 6
"""Letters of its own that a title needs to say anything."""

_LEAST_CORE = 12
"""Letters that a main title needs to stand for the work; "Psoriasis: ..." is too common a beginning."""

_SUBTITLES = (": ", " - ", " \u2013 ", "\u2014", "? ", ". ", "! ", "; ", " (", "\uff1a")
"""What parts a main title from its subtitle."""

_NOT_WORD = re.compile(r"[\W_]+")
_ACCENT = re.compile("[\u0300-\u036f]+")
_TAGS = re.compile(r"</?[a-zA-Z][^<>]{0,40}>")
_SPACES = str.maketrans({char: " " for char in map(chr, range(128)) if not char.isalnum()} | {"'": None})
_LINES = _SPACES | {ord("\n"): "\n"}
_NOT_WORD_OF_LINE = re.compile(r"(?:[^\w\n]|_)+")
HAN = re.compile("[\u3400-\u9fff]")

_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "’": "", "‘": "",
     "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "κ": "kappa", "λ": "lambda", "μ": "mu",
     "µ": "mu", "π": "pi", "σ": "sigma", "τ": "tau", "ω": "omega", "χ": "chi", "θ": "theta", "ζ": "zeta",
     "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "е": "e", "є": "ie", "ж": "zh", "з": "z", "и": "i",
     "і": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u",
     "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e",
     "ю": "iu", "я": "ia"}
)  # fmt: skip
"""Letters that do not fall apart into a plain letter and an accent; Greek by name, Cyrillic as libraries write it."""

SMALL = frozenset(
    "of the and in for on de der und et la le des a an to with by from at as is are das di del".split()  # noqa: SIM905 - a list of words
)
"""Words that tell nothing of a title."""

_GENERIC = frozenset(  # a list of words
    [
        "editorial",
        "editorials",
        "editor",
        "editors",
        "s",
        "comment",
        "comments",
        "commentary",
        "reply",
        "replies",
        "response",
        "responses",
        "letter",
        "letters",
        "author",
        "authors",
        "introduction",
        "preface",
        "foreword",
        "erratum",
        "errata",
        "corrigendum",
        "corrigenda",
        "correction",
        "corrections",
        "notice",
        "note",
        "notes",
        "news",
        "book",
        "books",
        "review",
        "reviews",
        "abstract",
        "abstracts",
        "poster",
        "posters",
        "presentation",
        "presentations",
        "oral",
        "index",
        "contents",
        "content",
        "table",
        "cover",
        "guest",
        "special",
        "issue",
        "section",
        "remarks",
        "senior",
        "perspective",
        "perspectives",
        "announcement",
        "announcements",
        "obituary",
        "memoriam",
        "correspondence",
        "discussion",
        "untitled",
        "title",
        "anonymous",
        "retraction",
        "retracted",
        "article",
        "paper",
        "papers",
        "report",
        "this",
        "meeting",
        "annual",
        "proceedings",
        "conference",
        "program",
        "programme",
        "reviewers",
        "acknowledgement",
        "acknowledgements",
        "thanks",
        "message",
        "chair",
        "chairs",
        "president",
        "presidents",
        "welcome",
        "highlights",
        "summary",
        "minitrack",
        "track",
        "workshop",
        "session",
        "keynote",
        "tutorial",
        "panel",
        "call",
        "re",
        "reminiscences",
        "influential",
        "trade",
        "press",
        "calendar",
        "events",
    ]
)
"""Words that name the sort of an entry and not its subject."""

_PART_WORDS = frozenset(
    "part parts type phase stage class grade factor study chapter volume vol section no series report".split()  # noqa: SIM905 - as above
)
_ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9", "xi": "11", "xii": "12"}
_LONE_ROMAN = {"i": "1", "v": "5", "x": "10"}
_ROMANS = frozenset((*_ROMAN, *_LONE_ROMAN))
_THOUSANDS = re.compile(r"(?<=\d) (?=\d{3}\b)")
_DIGITS = re.compile(r"\d+")

_MARK_START: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("erratum", re.compile(
        r"(?:author |publisher |publishers |editorial )?(?:erratum|errata|corrigend(?:um|a)|addendum"
        r"|corrections?|berichtigung|korrektur|fe de (?:erratas?|errores)|rectificatif|errata corrige|更正|勘误|勘誤)"
        r"(?: notice| note)?(?: (?:to|for|on|in|of|zu|zum|zur|a|au|al|de|del)(?: the)?(?: article| paper)?)? ?(?=\S)")),
    ("retraction", re.compile(
        r"(?:retraction|withdrawal|retractacion|retractation|撤稿)(?: notice| note| statement)?"
        r"(?: (?:to|for|of|in|de|del)(?: the)?)? ?(?=\S)")),
    ("concern", re.compile(r"(?:editorial )?expression of concern(?: (?:to|for|on|about|regarding))? ?")),
    ("reply", re.compile(
        r"(?:(?:in |the |a )?(?:authors? |authors |our )?(?:reply|replies|response|rejoinder|rebuttal)"
        r"(?: (?:to|from|by)(?: the)?(?: letters?| comments?| authors?| editor)?(?: (?:on|re|by))?\b)) ?")),
    ("reply", re.compile(r"(?:(?:the )?authors? )?(?:reply|replies|rejoinder) ?(?=\S)|authors? response ?")),
    ("reply", re.compile(
        r"(?:antwort auf|erwiderung (?:auf|zu)|respuesta a|reponse a)(?: la| el| le| los| die| den)? ?(?=\S)")),
    ("comment", re.compile(
        r"(?:(?:invited |guest |editorial )?(?:comments?|commentary|discussion)(?: (?:on|to|of|by|about)(?: the)?)"
        r"|letter to the editor(?: (?:on|re|regarding))?|re(?= )|review of|kommentar zu[mr]?"
        r"|comentarios? (?:a|sobre|al)|commentaire (?:sur|a)) ?")),
    ("withdrawn", re.compile(r"(?:withdrawn|retracted(?: article)?|reprint of) ?(?=\S)")),
)  # fmt: skip
"""What a folded title begins with when it is not the work itself; the match is cut from the title."""

_MARK_END: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("erratum", re.compile(r" (?:erratum|corrigendum|correction)$| vol \d+ (?:pg|p|page) \S+ \d{4}$")),
    (
        "reply",
        re.compile(r" (?:reply|(?:in )?reply from authors?|authors? (?:reply|response)|reply to (?:the )?authors?)$"),
    ),
    ("comment", re.compile(r" (?:(?:invited )?commentary|comment|discussion)$")),
    ("withdrawn", re.compile(r" retracted article(?: see .*)?$| retraction in .*$| retracted$")),
    ("protocol", re.compile(r" (?:a |the |study |review )*protocol(?: (?:for|of) (?:a|an|the) .{0,90})?$")),
)
_PROTOCOL = re.compile(r"\b(?:study|trial|review) protocol\b|\bprotocol (?:for|of) (?:a|an|the)\b|^protocol\b")
_UPDATE = re.compile(r"\b(?:update|updated|annual report|edition)\b")
_QUICK = (
    "correct", "corrig", "errat", "addend", "retract", "withdra", "concern", "repl", "respon", "rejoin", "rebut",
    "comment", "discuss", "letter", "protocol", "update", "edition", "annual", "reprint", "review of", " pg ",
    " p ", " page ", "bericht", "korrekt", "fe de err", "rectif", "antwort", "erwider", "respuesta", "reponse",
    "kommentar", "comentari", "更正", "勘", "撤稿",
)  # fmt: skip
"""A folded title without any of these (and not beginning with ``re``) bears no mark: most titles are done with that."""

_TONGUES = (
    "chinese|japanese|french|german|spanish|italian|russian|polish|portuguese|korean|turkish|dutch|persian|hungarian|czech"
    "|croatian|danish|swedish|norwegian|hebrew|ukrainian|serbian|romanian|finnish|greek|arabic|slovak|bulgarian"
)
_TONGUE_SET = frozenset(_TONGUES.split("|"))
_ASIDE = re.compile(
    r"\[(?:see comments?|comments?|review|reviews?, \w+|\d+ refs?|erratum|correction|correct|corrected|published"
    r"|republished|retraction in|retracted|summary for|abstract|poster"
    rf"|in (?:{_TONGUES})|(?:{_TONGUES}))\b[^\]]*\]?[\s.]*$"
    r"|\((?:review|\d+ refs?|provisional abstract|structured abstract|abstract|poster|panel|author'?s? transl"
    r"|[\w ]*(?:paper|tutorial|demo|demonstration|session|keynote|talk|extended abstract|book review|description)"
    rf"|in (?:{_TONGUES})|(?:{_TONGUES})|vol\.? \d+ ?, ?\w+ \d+|see vol)\b[^)]*\)?[\s.]*$",
    re.IGNORECASE,
)
"""Notes that databases set behind a title: ``[Review] [31 refs]``, ``.[Erratum appears in ...]``, ``(Poster)``."""

_NOTICE = re.compile(r"[\[(](?:vol\.? \d+ ?, ?p|erratum[\])]|correction[\])])", re.IGNORECASE)
_NUMBERED = re.compile(r"^\s*(?:#\s?\d+|[A-Z]{1,3}[-. ]?\d{2,5}[:.)])\s*")
_SHEET_ERRORS = frozenset({"#name?", "#ref!", "#value!", "#n/a", "[no title available]", "[not available]", "unknown"})


def folded(text: str) -> str:
    """Return `text` in lower case without accents, markup and punctuation, words parted by one space."""
    if "<" in text or "&" in text:
        text = _TAGS.sub("", unescape(text))
    if text.isascii():
        return " ".join(text.lower().translate(_SPACES).split())
    text = unicodedata.normalize("NFKD", mended(text)).casefold()
    return " ".join(_NOT_WORD.sub(" ", _ACCENT.sub("", text).translate(_LETTERS).replace("'", "")).split())


def folded_lines(texts: list[str]) -> list[str]:
    """Fold many short texts at once, each as `folded` does, without marks of lost letters (``M?ller``)."""
    text = "\n".join(texts).replace("?", "").replace("\ufffd", "")
    if "&" in text:
        text = unescape(text)
    if not texts or text.count("\n") != len(texts) - 1:
        return [folded(one) for one in texts]
    if text.isascii():
        return [" ".join(line.split()) for line in text.lower().translate(_LINES).split("\n")]
    text = unicodedata.normalize("NFKD", mended(text)).casefold()
    text = _NOT_WORD_OF_LINE.sub(" ", _ACCENT.sub("", text).translate(_LETTERS).replace("'", ""))
    return [" ".join(line.split()) for line in text.split("\n")]


def mended(text: str) -> str:
    """Return `text` with UTF-8 that was read as Latin-1 (``KÃ¶nig``) put right; other text as it is."""
    if "Ã" not in text and "â€" not in text:
        return text
    for encoding in ("cp1252", "latin-1"):
        try:
            return text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return text


def title_words(text: str) -> tuple[str, str]:
    """Return the folded title without what is not its own, and the marks found (see `MARKS`).

    Examples
    --------
    >>> title_words("[Erratum to: Stromal cells for lupus.] [Chinese]")
    ('stromal cells for lupus', 'erratum')
    """
    if not text or text.lower().strip() in _SHEET_ERRORS:
        return "", ""
    text, marks = _without_asides(text)
    if text[:1] and text[0] in "#[ABCDEFGHIJKLMNOPQRSTUVWXYZ ":
        text = _NUMBERED.sub("", text) or text
    title = folded(text)
    doubtful = marks or title.startswith("re ") or any(word in title for word in _QUICK)
    return _without_marks(title, marks) if doubtful else (title, "")


def _without_asides(text: str) -> tuple[str, set[str]]:
    """Cut the notes behind a title; one that says that the entry is a notice about another is a mark."""
    marks = set()
    while (at := max(text.rfind("["), text.rfind("("))) > 0 and _ASIDE.match(text, at):
        if _NOTICE.match(text, at):
            marks.add("erratum")
        text = text[:at].rstrip(" .")
    before, _, tongue = text.rstrip(" .").rpartition(" ")
    if before.endswith((".", "?", "!")) and tongue.lower() in _TONGUE_SET:
        text = before
    return text, marks


def _without_marks(title: str, marks: set[str]) -> tuple[str, str]:
    for mark, pattern in _MARK_START:
        match = pattern.match(title)
        if match and match.end() < len(title) - 3:
            title = title[match.end() :].lstrip()
            marks.add(mark)
    for mark, pattern in _MARK_END:
        match = pattern.search(title)
        if match and match.start() > 3:
            title = title[: match.start()] + title[match.end() :]
            marks.add(mark)
    if _PROTOCOL.search(title):
        marks.add("protocol")
    if _UPDATE.search(title):
        marks.add("update")
    return title.strip(), " ".join(sorted(marks))


def core(text: str, key: str, marks: str) -> int:
    """Return how many letters of the title's key belong to the main title."""
    end = min((at for at in map(text.find, _SUBTITLES) if at > 0), default=0)
    if not end:
        return len(key)
    main = text[: end + 1]
    size = len((title_words(main)[0] if marks else folded(main)).replace(" ", ""))
    return size if _LEAST_CORE <= size < len(key) else len(key)


def numbers(title: str) -> str:
    """Return the numbers of a folded title, Roman ones as Arabic where they can be told from letters."""
    words = title.split()
    if _DIGITS.search(title) is None and _ROMANS.isdisjoint(words):
        return ""
    found: list[str] = []
    previous = ""
    for word in _THOUSANDS.sub("", title).split():
        if word.isalpha():
            if word in _ROMAN:
                found.append(_ROMAN[word])
            elif word in _LONE_ROMAN and previous in _PART_WORDS:
                found.append(_LONE_ROMAN[word])
        else:
            found += [number.lstrip("0") or "0" for number in _DIGITS.findall(word)]
        previous = word
    return " ".join(found)


def weight(title: str, key: str, journal: str) -> int:
    """Return how much an equal title says; a Chinese character counts for three letters.

    Words that name the sort of entry say nothing, nor do those of the journal's own name ("Editor of MIS Quarterly").
    """
    words = title.split()
    if len(words) > _LONG:
        return 3
    at_home = frozenset(journal.split())
    own = [
        word
        for word in words
        if word not in _GENERIC and word not in SMALL and word not in at_home and not word.isdigit()
    ]
    size = sum(map(len, own)) + 2 * len(HAN.findall(key))
    if not own or (len(own) < 2 and size < 20) or size < _LEAST_OWN:
        return 0
    return 1 if size < 25 else 2 if size < 45 else 3


def words_key(title: str) -> str:
    """Return the three longest words of a folded title in order of the alphabet; nothing when there are fewer."""
    words = sorted({word for word in title.split() if len(word) > 4}, key=lambda word: (-len(word), word))[:3]
    return " ".join(sorted(words)) if len(words) == 3 else ""
