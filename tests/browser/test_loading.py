"""A page loads in silence: no error on the console, no request to another host, nothing that moves."""

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import Request

from tests.browser.conftest import SITE

BUILT = sorted(path.relative_to(SITE).as_posix().removesuffix("index.html") for path in SITE.rglob("*.html"))
SHIFT = """new Promise((done) => {
    let shift = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => (shift += entry.value)))
        .observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(shift), 400);
})"""


@pytest.mark.parametrize("path", BUILT)
def test_a_page_loads_in_silence(tab: Tab, address: str, problems: list[str], path: str) -> None:
    elsewhere: list[str] = []

    def hear(request: Request) -> None:
        if not request.url.startswith((address, "data:", "blob:")):
            elsewhere.append(request.url)

    tab.on("request", hear)
    tab.goto(address + path)
    shift = tab.evaluate(SHIFT)
    tab.remove_listener("request", hear)
    assert elsewhere == []
    assert shift == 0
