"""What the copy buttons give: the block, the block with what it needs, the page; always, and announced."""

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Page as Tab

from blocks.read.page import Page
from tests.site.conftest import PAGES, SITE, copied_script
from tests.site.conftest import address as folder

OPEN_TABS = """(element) => {
  for (let tab = element.closest(".tabbed-block"); tab; tab = tab.parentElement.closest(".tabbed-block")) {
    const place = [...tab.parentElement.children].indexOf(tab);
    tab.closest(".tabbed-set").querySelectorAll(":scope > input")[place].click();
  }
}"""


def clipboard(tab: Tab) -> str:
    return tab.evaluate("navigator.clipboard.readText()")


def copies(tab: Tab) -> bool:
    """Copy the page's first block by keyboard; tell whether it was announced and is in the clipboard."""
    tab.evaluate("navigator.clipboard.writeText('')")
    button = tab.locator(".block-bar .copy").first
    button.focus()
    tab.keyboard.press("Enter")
    tab.wait_for_function("document.querySelector('#copied')?.textContent === 'Copied'")
    return clipboard(tab) == tab.locator(".block pre code").first.text_content()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.stem)
def test_both_buttons_of_every_block(tab: Tab, address: str, problems: list[str], page: Page) -> None:
    tab.goto(f"{address}{folder(page)}")
    tab.evaluate("document.querySelectorAll('details:not(.page-menu)').forEach((fold) => (fold.open = true))")
    for block in page.blocks:
        bar = tab.locator(f"#block-{block.name} .block-bar")
        bar.evaluate(OPEN_TABS)
        bar.get_by_role("button", name="Copy", exact=True).click()
        assert clipboard(tab) == block.code
        if block.kind == "python":
            bar.get_by_role("button", name="Copy as script").click()
            assert clipboard(tab) == copied_script(page, block)


def test_copies_after_instant_navigation(tab: Tab, address: str, problems: list[str]) -> None:
    sitemap = (SITE / "sitemap.xml").read_text("utf-8")
    here = sitemap.replace(sitemap.split("<loc>")[1].split("</loc>")[0], address)  # as mkdocs serve does
    tab.route("**/sitemap.xml", lambda route: route.fulfill(body=here, content_type="application/xml"))
    with tab.expect_response("**/sitemap.xml"):
        tab.goto(f"{address}tensors/creating/")
    tab.evaluate("window.still = true")
    tab.get_by_role("link", name="Dtypes and promotion").first.click()
    tab.wait_for_url("**/tensors/dtypes/")
    tab.wait_for_function("document.title.startsWith('Dtypes')")
    assert tab.evaluate("window.still") and copies(tab)


def test_copies_after_the_palette_changes(tab: Tab, address: str, problems: list[str]) -> None:
    tab.goto(f"{address}tensors/creating/")
    before = tab.evaluate("document.body.dataset.mdColorScheme")
    tab.locator("label[for^=__palette]:visible").first.click()
    tab.wait_for_function("(before) => document.body.dataset.mdColorScheme !== before", arg=before)
    assert copies(tab)


def test_copies_after_a_search(tab: Tab, address: str, problems: list[str]) -> None:
    tab.goto(f"{address}tensors/creating/")
    tab.locator(".md-search__input").click()
    tab.locator(".md-search__input").press_sequentially("broadcasting", delay=20)
    tab.locator(".md-search-result__link").first.click()
    tab.wait_for_url("**broadcasting**")
    tab.keyboard.press("Escape")
    assert copies(tab)


def test_the_page_is_copied_as_its_markdown(tab: Tab, address: str, problems: list[str]) -> None:
    tab.goto(f"{address}tensors/creating/")
    tab.locator(".page-menu summary").click()
    tab.get_by_role("button", name="Copy page as Markdown").click()
    tab.wait_for_function("document.querySelector('#copied').textContent === 'Copied page as Markdown'")
    assert clipboard(tab) == (SITE / "tensors/creating.md").read_text("utf-8")


def test_buttons_are_there_on_a_phone_without_hover(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab = context.new_page()
    tab.goto(f"{address}tensors/creating/")
    page = next(page for page in PAGES if folder(page) == "tensors/creating")
    bar = tab.locator(f"#block-{page.blocks[1].name} .block-bar")
    bar.get_by_role("button", name="Copy as script").tap()
    assert clipboard(tab) == copied_script(page, page.blocks[1])
    context.close()


def test_without_javascript_the_text_is_complete(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{address}tensors/creating/")
    page = next(page for page in PAGES if folder(page) == "tensors/creating")
    for block in page.blocks:
        assert tab.locator(f"#block-{block.name} pre code").first.text_content() == block.code
    context.close()
