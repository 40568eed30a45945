"""A pasted message finds its entry first: whole, in part, with other numbers and names, behind its traceback."""

import random

from playwright.sync_api import Locator, expect
from playwright.sync_api import Page as Tab

from blocks.render.search import place
from tests.browser.conftest import ENTRIES
from tests.browser.test_search import SHOWN, ask, field
from tests.variants import traced, variants

__all__ = ["field"]  # a fixture

SHARE, MOST = 0.97, 250
TOP = "document.querySelector('.md-search-result__item')?.querySelector(':scope > a:has(h2)')?.href"


def on_site(source: str) -> str:
    """Return the name that `place` gives to a section, from its link as a source has it."""
    return source.replace(".md#", "#")


def test_pasted_messages_find_their_entry_first(tab: Tab, address: str, field: Locator) -> None:
    every = list(variants(ENTRIES))
    cases = random.Random(1).sample(every, min(MOST, len(every)))
    lost = []
    for way, text, places in cases:
        ask(tab, address, text)
        found = place(str(tab.evaluate(TOP)).removeprefix(address))
        if found not in set(map(on_site, places)):
            lost.append(f"{way}: {text!r} finds {found}")
    print(f"{len(cases) - len(lost)} of {len(cases)} found", *lost, sep="\n")
    assert len(lost) <= (1 - SHARE) * len(cases), "\n".join(lost)


def test_a_traceback_can_be_pasted(tab: Tab, address: str, field: Locator) -> None:
    entry = ENTRIES[0]
    tab.evaluate("(text) => navigator.clipboard.writeText(text)", traced(entry.messages[0], random.Random(0)))
    field.press("Control+V")
    tab.wait_for_function(SHOWN)
    assert place(str(tab.evaluate(TOP)).removeprefix(address)) == on_site(entry.place)


def test_the_hub_opens_the_search(tab: Tab, address: str) -> None:
    tab.goto(f"{address}troubleshooting/")
    tab.locator(".paste").click()
    expect(tab.get_by_role("textbox", name="Search")).to_be_focused()
