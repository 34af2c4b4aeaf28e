"""A headless Chromium of the system, and the report of the shipped review."""

import os
import shutil

import pytest

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync")


def chromium() -> str | None:
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="session")
def browser():
    path = chromium()
    if path is None:
        if "browser" in os.environ.get("STROMATA_REQUIRE", ""):
            pytest.fail("STROMATA_REQUIRE names a browser, and there is no Chromium")
        pytest.skip("there is no Chromium here")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def report(shipped):
    """Return the address of the shipped review's report."""
    return (shipped[0] / "report.html").as_uri()
