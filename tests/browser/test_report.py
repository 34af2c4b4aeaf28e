"""The report in a real browser: whole in itself, walkable to the source, readable on a phone, printable."""

from itertools import pairwise

import pytest

pytestmark = pytest.mark.browser

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}


@pytest.fixture
def page(browser, report):
    """Open the report; fail on anything it asks the network for, and on any script error."""
    context = browser.new_context(viewport=WIDE, java_script_enabled=True)
    opened = context.new_page()
    asked, errors = [], []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    opened.goto(report)
    yield opened
    assert [url for url in asked if not url.startswith(report)] == []
    assert errors == []
    context.close()


def test_a_number_in_a_figure_leads_to_its_data_point_and_on_to_its_source(page):
    link = page.locator("svg a[href^='#dp-']").first
    target = link.get_attribute("href")
    link.evaluate("node => node.scrollIntoView()")
    page.goto(page.url.partition("#")[0] + target)
    entry = page.locator(f"[id='{target[1:]}']")
    assert entry.is_visible()
    assert entry.locator("a[href^='http']").count() >= 1


def test_every_internal_link_has_its_target(page):
    missing = page.evaluate(
        """() => [...document.querySelectorAll("a[href^='#']")]
        .map(link => link.getAttribute("href").slice(1)).filter(id => id && !document.getElementById(id))"""
    )
    assert missing == []


def test_nothing_overflows_on_a_phone(page):
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_headings_come_in_order_and_figures_have_names(page):
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(node => +node.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    unnamed = page.evaluate(
        "[...document.querySelectorAll('figure svg')].filter(node => !node.querySelector('title')).length"
    )
    assert unnamed == 0
    assert page.locator("figure svg").count() > 3


def test_the_keyboard_reaches_the_contents_first(page):
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.tagName")
    assert focused == "A"


def test_it_prints(page):
    printed = page.pdf(format="A4")
    assert printed.startswith(b"%PDF")
    assert len(printed) > 50_000
