"""Every page holds WCAG 2.2 AA and the best practices that axe knows, on desk and phone, in both palettes."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Page as Tab

from tests.browser.conftest import ADDRESSES

AXE = Path(__file__).parents[1] / "node" / "node_modules" / "axe-core" / "axe.min.js"
STILL = "*, ::before, ::after { animation: none !important; transition: none !important; }"
WINDOWS = {"desk": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
RUN = """(only) => axe.run(document, {
    runOnly: only ?? ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    resultTypes: ["violations"],
}).then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target}`)))"""
OF_COLOUR = ["color-contrast", "link-in-text-block"]


@pytest.fixture(scope="module", params=WINDOWS)
def window(browser: Browser, request: pytest.FixtureRequest) -> Tab:
    context = browser.new_context(viewport=WINDOWS[request.param], color_scheme="light")
    context.add_init_script(path=AXE)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", ADDRESSES)
def test_nothing_is_violated_or_cut_off(window: Tab, address: str, path: str) -> None:
    window.goto(address + path)
    window.add_style_tag(content=STILL)
    window.evaluate("document.querySelectorAll('details:not(.page-menu)').forEach((fold) => (fold.open = true))")
    window.evaluate("new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)))")
    assert window.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page is wider than the window"
    assert window.evaluate(RUN) == []
    window.evaluate("document.body.dataset.mdColorScheme = 'slate'")
    assert window.evaluate(RUN, OF_COLOUR) == []
