"""The search that readers get: names, pasted error messages and plain questions find their page in the top three."""

import tomllib
from pathlib import Path

from playwright.sync_api import Page as Tab
from playwright.sync_api import TimeoutError as Late

from tests.browser.conftest import ADDRESSES

WANTED = tomllib.loads(Path(__file__).with_name("queries.toml").read_text("utf-8"))
SHARE = 0.95
FIRST = """() => [...document.querySelectorAll(".md-search-result__item")].slice(0, 3)
    .map((item) => item.querySelector("a").href)"""


def ask(tab: Tab, address: str, query: str) -> list[str]:
    """Return the pages of the first three results."""
    field = tab.get_by_role("textbox", name="Search")
    field.fill("")
    field.press("Shift")
    tab.wait_for_function("!document.querySelector('.md-search-result__item')")
    field.fill(query)
    field.press("Shift")
    try:
        tab.wait_for_function("document.querySelector('.md-search-result__item')", timeout=2000)
    except Late:
        return []
    found = tab.evaluate(FIRST)
    return [url.removeprefix(address).split("?")[0].split("#")[0].strip("/") for url in found]


def test_every_wanted_page_exists() -> None:
    pages = {page for pages in WANTED for page in pages.split()}
    assert pages <= {path.strip("/") for path in ADDRESSES}


def test_readers_find_their_page(tab: Tab, address: str) -> None:
    tab.goto(address)
    tab.get_by_role("textbox", name="Search").focus()
    tab.wait_for_load_state("networkidle")
    queries = [(query, set(pages.split())) for pages, queries in WANTED.items() for query in queries]
    answers = {query: ask(tab, address, query) for query, _ in queries}
    lost = [f"{query!r} finds {answers[query]}" for query, pages in queries if not pages & set(answers[query])]
    assert len(queries) >= 100
    assert len(lost) <= (1 - SHARE) * len(queries), "\n".join(lost)
    print(f"{len(queries) - len(lost)} of {len(queries)} found; not found:", *lost, sep="\n")


def test_results_show_the_section(tab: Tab, address: str) -> None:
    tab.goto(address)
    tab.get_by_role("textbox", name="Search").fill("retain_grad")
    tab.locator(".md-search-result__item details > summary, .md-search-result__item a[href*='#']").first.wait_for(
        state="attached"
    )
    assert tab.locator(".md-search-result__item a[href*='autograd/graph/'][href*='#']").count() >= 1
