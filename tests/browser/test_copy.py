"""What the copy buttons give: exactly the block, and a program that is the block with what it needs."""

import pytest
from playwright.sync_api import Page as Tab

from blocks.needs.needs import needs
from blocks.read.page import Page
from tests.site.conftest import PAGES
from tests.site.conftest import address as folder


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.stem)
def test_both_buttons_of_every_block(tab: Tab, address: str, page: Page) -> None:
    problems: list[str] = []
    tab.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    tab.goto(f"{address}{folder(page)}")
    tab.evaluate("document.querySelectorAll('details').forEach((fold) => (fold.open = true))")
    for block in page.blocks:
        bar = tab.locator(f"#block-{block.name} .block-bar")
        bar.get_by_role("button", name="Copy", exact=True).click()
        assert tab.evaluate("navigator.clipboard.readText()") == block.code
        if block.kind == "python":
            bar.get_by_role("button", name="Copy as script").click()
            heading, program = tab.evaluate("navigator.clipboard.readText()").split("\n", 1)
            assert heading.startswith("# ") and block.name in heading
            assert program == "\n".join(part.code for part in needs(page, block))
    assert problems == []


def test_buttons_announce_and_work_by_keyboard_after_instant_navigation(tab: Tab, address: str) -> None:
    tab.goto(f"{address}tensors/creating/")
    tab.get_by_role("link", name="Dtypes and promotion").first.click()
    tab.wait_for_url("**/tensors/dtypes/")
    button = tab.locator(".block-bar .copy").first
    button.focus()
    tab.keyboard.press("Enter")
    tab.wait_for_function("document.querySelector('#copied')?.textContent === 'Copied'")
    assert "import torch" in tab.evaluate("navigator.clipboard.readText()")


def test_without_javascript_the_text_is_complete(browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{address}tensors/creating/")
    page = next(page for page in PAGES if folder(page) == "tensors/creating")
    for block in page.blocks:
        assert tab.locator(f"#block-{block.name} pre code").first.text_content() == block.code
    context.close()
