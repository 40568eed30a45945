"""What a reader's connection carries, counted request by request as gzip sends it."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.conftest import ADDRESSES, ENTRIES, SITE, Wire

COLD, NEXT, HTML, INDEX = 107_000, 25_000, 30_000, 500_000  # the index is of the whole guide, and comes when asked for
LONG = 42_000  # up to sixty entries, the list of all, the matrix of all pages, a whole project
OF_MESSAGES = {f"{entry.page}/" for entry in ENTRIES} | {
    "about/verification/",
    "troubleshooting/",
    "troubleshooting/messages/",
}
FIGURES = "advanced/lr-scheduling/", "advanced/data-augmentation/"


def carried(path: Path) -> int:
    """Return the bytes that a static host sends for a file."""
    return len(gzip.compress(path.read_bytes(), 6))


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.mark.parametrize("path", FIGURES)
def test_first_page_and_next_page(context: BrowserContext, address: str, path: str) -> None:
    wire, tab = Wire(context, address), context.new_page()
    tab.goto(address + path, wait_until="networkidle")
    first = wire.files()
    assert sum(map(carried, first)) <= COLD
    tab.locator(".md-footer__link--next").click()
    tab.wait_for_load_state("networkidle")
    assert sum(map(carried, wire.files() - first)) <= NEXT
    assert wire.elsewhere() == []


@pytest.mark.parametrize("path", ADDRESSES)
def test_html_is_light(path: str) -> None:
    assert carried(SITE / path / "index.html") <= (
        LONG if path in OF_MESSAGES or path.startswith("tutorials/") else HTML
    )


def test_the_search_index_is_light_and_comes_when_wanted(context: BrowserContext, address: str) -> None:
    index = SITE / "search" / "search_index.json"
    assert carried(index) <= INDEX
    wire, tab = Wire(context, address), context.new_page()
    tab.goto(address, wait_until="networkidle")
    assert index not in wire.files()
    with tab.expect_response("**/search_index.json"):
        tab.get_by_role("textbox", name="Search").focus()
    assert index in wire.files()
