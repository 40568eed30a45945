"""A page loads in silence: no error on the console, no request to another host, nothing that moves."""

import pytest
from playwright.sync_api import BrowserContext
from playwright.sync_api import Page as Tab

from tests.browser.conftest import SITE, Wire

BUILT = sorted(path.relative_to(SITE).as_posix().removesuffix("index.html") for path in SITE.rglob("*.html"))
MOVED = """new Promise((done) => {
    const moved = [];
    const told = ({ value, sources }) => `${value}: ${sources.map(({ node }) => node?.outerHTML?.slice(0, 80))}`;
    new PerformanceObserver((list) => moved.push(...list.getEntries().map(told)))
        .observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(moved), 400);
})"""


@pytest.fixture(scope="module")
def wire(context: BrowserContext, address: str) -> Wire:
    return Wire(context, address)


@pytest.mark.parametrize("path", BUILT)
def test_a_page_loads_in_silence(tab: Tab, address: str, wire: Wire, problems: list[str], path: str) -> None:
    wire.asked.clear()
    tab.goto(address + path, wait_until="networkidle")
    assert tab.evaluate(MOVED) == []
    assert wire.elsewhere() == []
