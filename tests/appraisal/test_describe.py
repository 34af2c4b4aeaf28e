"""The reference page tells all there is in the data."""

from stromata.appraisal import tools
from stromata.appraisal.describe import reference_page


def test_the_page_names_every_tool_question_level_and_address():
    page = reference_page()
    for one in tools():
        assert f"## {one.id}\n" in page
        assert one.url in page
        assert one.doi in page
        for question in one.questions():
            assert f"| {question.id} | {question.text}" in page
        for level in (*one.levels, *one.overall_levels):
            assert f"| {level.label} | `{level.symbol}` |" in page
        for section in (one, *(domain for domain in one.domains if domain.judged)):
            assert all(f"<{address}>" in page for address in section.confirmed)
            assert section.doubt in page


def test_rules_are_told_in_words_and_in_order():
    page = reference_page()
    assert "1. 1.2 is PN or N: **high**\n2. 1.2 is NI and 1.3 is Y or PY: **high**\n" in page
    assert (
        "1. a domain is high: **high**\n2. a domain is some-concerns: **some-concerns**\n3. otherwise: **low**" in page
    )
    assert "1. 2 or more critical items are flawed: **critically-low**" in page
    assert "items 2, 4, 7, 9, 11, 13, 15" in page
    assert "not confirmed" in page
    assert "There is no overall level." in page
