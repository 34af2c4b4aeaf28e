"""The command line as a fixture, without the settings of whoever runs the tests."""

import pytest

from command import Command


@pytest.fixture
def run(monkeypatch, capsys):
    monkeypatch.delenv("STROMATA_DATABASE_URL", raising=False)
    monkeypatch.setenv("STROMATA_USER", "lead")
    monkeypatch.setenv("COLUMNS", "160")
    return Command(monkeypatch, capsys)
