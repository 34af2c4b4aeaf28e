"""The reference page names everything that the data hold."""

import re

from stromata.clinical.instruments import criteria, instruments, reference_page

PAGE = reference_page()


def test_every_instrument_component_and_criterion_has_its_entry():
    for item in instruments():
        assert f'<a id="{item.id}"></a>' in PAGE
        assert all(f"| `{part.id}` |" in PAGE for part in item.components)
        assert all(text in PAGE for text in item.missing)
        assert all(note.text in PAGE for note in item.notes)
        assert all(f"Bands, {scheme.scheme}" in PAGE for scheme in item.bands)
    assert all(f"| `{one.id}` |" in PAGE for one in criteria())


def test_every_source_that_is_named_is_listed_with_its_address():
    named = set(re.findall(r"\(#source-([a-z0-9_]+)\)", PAGE))
    listed = set(re.findall(r'<a id="source-([a-z0-9_]+)"></a>.*<https?://\S+>', PAGE))
    assert named <= listed
    assert len(listed) > 60


def test_what_is_not_known_is_marked():
    assert PAGE.count("unsourced") > 5
    assert "**Not computed.**" in PAGE
    assert "not found" in PAGE


def test_tables_keep_their_columns():
    rows = [line for line in PAGE.splitlines() if line.startswith("|")]
    width = 0
    for before, line in zip(["", *PAGE.splitlines()], PAGE.splitlines(), strict=False):
        if line.startswith("|"):
            cells = len(re.findall(r"(?<!\\)\|", line))
            width = cells if not before.startswith("|") else width
            assert cells == width, line
    assert rows
