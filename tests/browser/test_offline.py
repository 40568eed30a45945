"""The guide as a zip, opened from disk: pages, search and copy work, and nothing is asked of any network."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlparse

import pytest
from lxml import html
from playwright.sync_api import Browser
from playwright.sync_api import Page as Tab

from blocks.__main__ import main
from tests.site.conftest import PAGES


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Address of the unpacked guide."""
    folder = tmp_path_factory.mktemp("offline")
    assert main(["offline", "--to", str(folder / "guide.zip")]) == 0
    zipfile.ZipFile(folder / "guide.zip").extractall(folder)
    return Path(folder, "guide").as_uri()


@pytest.fixture
def disk(browser: Browser) -> Iterator[Tab]:
    """A tab that fails the test for a request to a network, and for an error on the console."""
    context = browser.new_context()
    tab = context.new_page()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("console", lambda message: asked.append(message.text) if message.type == "error" else None)
    yield tab
    assert [url for url in asked if not url.startswith(("file:", "data:", "about:"))] == []
    context.close()


def test_every_page_opens_from_disk(disk: Tab, guide: str) -> None:
    for page in PAGES:
        disk.goto(f"{guide}/{page.key}.html")
        assert disk.locator(".block").count() == len(page.blocks)


def test_every_link_leads_to_a_file_in_the_zip(guide: str) -> None:
    folder = Path(unquote(urlparse(guide).path))
    for path in folder.rglob("*.html"):
        links = [urldefrag(url)[0] for url in html.parse(path).xpath("//@href | //@src") if not urlparse(url).scheme]
        broken = [
            url for url in links if path.name != "404.html" and not (path.parent / unquote(url.split("?")[0])).is_file()
        ]
        assert [url for url in broken if url] == [], path


def test_links_and_search_lead_to_pages_on_disk(disk: Tab, guide: str) -> None:
    disk.goto(f"{guide}/index.html")
    disk.get_by_role("link", name="Tensors and autograd", exact=True).first.click()
    disk.wait_for_url(f"{guide}/tensors/*.html")
    disk.locator(".md-search__input").click()
    disk.locator(".md-search__input").press_sequentially("broadcasting", delay=20)
    disk.locator(".md-search-result__link").first.click()
    disk.wait_for_url(f"{guide}/**/broadcasting.html**")


def test_copies_from_disk(disk: Tab, guide: str) -> None:
    disk.goto(f"{guide}/tensors/creating.html")
    page = next(page for page in PAGES if page.path.stem == "creating")
    disk.locator(".block-bar .copy").nth(1).click()
    disk.wait_for_function("document.querySelector('#copied').textContent === 'Copied'")
    disk.evaluate("document.body.append(Object.assign(document.createElement('textarea'), { id: 'paste' }))")
    disk.locator("#paste").focus()
    disk.keyboard.press("Control+V")
    assert disk.locator("#paste").input_value() == page.blocks[1].code
    assert disk.get_by_role("button", name="Copy page as Markdown").count() == 0
