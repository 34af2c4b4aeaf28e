from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata import formats
from stromata.formats.account import Account, Ledger
from stromata.formats.content import Passage, examine
from stromata.model import Problem, Record

ENTRY = "TY  - JOUR\nTI  - A title\nAU  - Li, Bo\nER  - \n"


def account(data: bytes) -> Account:
    reading, ledger = formats.scan_bytes(data), Ledger()
    list(reading.noted(ledger))
    return reading.account(ledger)


def of_spans(data: bytes, *spans: Record | Passage) -> Account:
    import io

    ledger = Ledger()
    for span in spans:
        ledger.note(span)
    return ledger.account(examine("x", lambda: io.BytesIO(data)), "x")


def record(line: int, end: int) -> Record:
    return Record(source="s", number=1, line=line, end_line=end)


def shares(found: Account) -> tuple[int, int, int, int]:
    return found.record_bytes, found.passage_bytes, found.blank_bytes, found.unread_bytes


def test_every_byte_is_in_a_record_a_passage_blank_or_unread() -> None:
    data = b"frame\n\nabc\nabc\n  \nlost\nmore\n\nlost\n"
    found = of_spans(data, Passage(1, 1, "wrapper"), record(3, 4))
    assert shares(found) == (8, 6, 5, 15)
    assert found.unread == ((6, 7), (9, 9))
    assert found.bytes == len(data)
    assert found.passages == {"wrapper": 1}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_line_ends_marks_and_a_last_line_without_end_are_counted(end: str, last: bool, encoding: str) -> None:
    text = end.join(("细胞治疗银屑病的研究进展", "a", "", "bb"))
    data = (text + (end if last else "")).encode(encoding)
    found = of_spans(data, record(2, 2))
    assert sum(shares(found)) == len(data)
    assert found.record_bytes == 1 + len(end)
    assert found.blank_bytes == len(end)
    assert found.unread == ((1, 1), (4, 4))


def test_utf_16_is_counted_in_its_own_bytes() -> None:
    data = (ENTRY + "\n").encode("utf-16")
    found = account(data)
    assert (found.records, found.bytes, found.unread_bytes) == (1, len(data), 0)
    assert found.blank_bytes == 2


def test_a_record_counts_before_a_passage_in_the_same_lines() -> None:
    found = of_spans(b"a\nb\nc\n", Passage(1, 3, "wrapper"), record(1, 3))
    assert shares(found) == (6, 0, 0, 0)


def test_search_strategies_and_problems_are_kept() -> None:
    ledger = Ledger()
    problem = Problem(1, "x", "y")
    for item in (problem, Passage(2, 3, "search-strategy", "1 exp Psoriasis/"), Passage(4, 4, "preamble")):
        ledger.note(item)
    assert ledger.problems == [problem]
    assert ledger.search_log == ["1 exp Psoriasis/"]
    assert ledger.passages == {"search-strategy": 1, "preamble": 1}


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(["", " ", "a", "bb", "\t"]), min_size=1, max_size=30),
    st.lists(st.tuples(st.integers(1, 30), st.integers(0, 5), st.booleans()), max_size=8),
)
def test_the_shares_add_up_and_agree_with_a_count_line_by_line(
    lines: list[str], given_spans: list[tuple[int, int, bool]]
) -> None:
    data = "".join(f"{line}\n" for line in [*lines, "x"]).encode()
    spans = sorted(given_spans)
    found = of_spans(
        data, *(record(a, a + n) if is_record else Passage(a, a + n, "preamble") for a, n, is_record in spans)
    )
    covered = {line for a, n, _ in spans for line in range(a, a + n + 1)}
    outside = [(place, line) for place, line in enumerate([*lines, "x"], start=1) if place not in covered]
    assert found.unread_bytes == sum(len(line) + 1 for _, line in outside if line.strip())
    assert found.blank_bytes == sum(len(line) + 1 for _, line in outside if not line.strip())
    assert sum(shares(found)) == len(data)
    assert all(share >= 0 for share in shares(found))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_line_of_white_space_beyond_ascii_is_blank(encoding: str) -> None:
    text = "TY  - JOUR\nTI  - 干细胞治疗皮肤溃疡的临床研究与观察\nER  - \n\u3000\u3000\n\nTY  - JOUR\nTI  - B\nER  - \n"
    reading = formats.scan_bytes(text.encode(encoding))
    ledger = Ledger()
    assert sum(isinstance(item, Record) for item in reading.noted(ledger)) == 2
    account = reading.account(ledger)
    assert account.unread_bytes == 0
    assert account.blank_bytes == len(
        "\u3000\u3000\n\n".encode(encoding.replace("utf-16", "utf-16-le").replace("-sig", ""))
    )
