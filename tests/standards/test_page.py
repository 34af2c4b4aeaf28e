"""The reference page holds all that the data hold."""

from stromata.standards import fields, reference_page, standards


def test_every_standard_criterion_and_field_has_its_entry():
    text = reference_page()
    for one in standards():
        assert f"## {one.id}\n" in text
        for each in one.criteria:
            assert f"\n| {each.id} | " in text
    for field in fields():
        assert f"\n| `{field.id}` | " in text


def test_a_row_says_what_is_asked_when_why_and_by_whom():
    row = next(line for line in reference_page().splitlines() if line.startswith("| SA-10 "))
    assert "≤ 0.2 EU/kg/h, where `route` is intrathecal" in row
    assert "pharmacopoeia: [USP general chapter 85" in row
    row = next(line for line in reference_page().splitlines() if line.startswith("| DS-09 "))
    assert "≤ 30 days where `tissue_source` is bone-marrow" in row


def test_unsourced_rows_say_so_and_tables_are_whole():
    lines = reference_page().splitlines()
    row = next(line for line in lines if line.startswith("| DS-12 "))
    assert "no limit found" in row
    assert "unsourced; said to stand in [T/CRHA 062-2024" in row
    for line in lines:
        if line.startswith("| ") and "-" in line.split("|")[1] and "`" not in line.split("|")[1]:
            assert line.replace("\\|", "").count("|") == 8 or "---" in line, line
