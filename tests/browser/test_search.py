"""The search that readers get: names, pasted messages and whole questions find the section that answers them.

A result is a page with its best section, and with the second where it fits nearly as well. A query is answered when one
of the first three results shows a link to a wanted section, without "more on this page" being opened: about three
sections, under the titles of their pages. Only a question about a whole page is answered by the page.
"""

import json
import re
import tomllib
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect
from playwright.sync_api import Page as Tab
from playwright.sync_api import TimeoutError as Late

from blocks.render.search import asked_words, place
from tests.browser.conftest import SITE

WANTED = tomllib.loads(Path(__file__).with_name("queries.toml").read_text("utf-8"))
SHARE = 0.95
FIRST = """() => [...document.querySelectorAll(".md-search-result__item")].slice(0, 3)
    .flatMap((item) => [...item.querySelectorAll(":scope > a")].map(({ href }) => href))"""
MESSAGE = re.compile(r"[\w.]*(?:Error|Warning): ")
SHOWN = "document.querySelector('.md-search-result__item, .md-search.nothing')"


def ask(tab: Tab, address: str, query: str) -> list[str]:
    """Return the pages and sections that the first three results show, such as `tensors/views#view-or-copy`."""
    field = tab.get_by_role("textbox", name="Search")
    field.fill("")
    tab.wait_for_function("!document.querySelector('.md-search-result__item')")
    field.fill(query)
    try:
        tab.wait_for_function(SHOWN, timeout=5000)  # the first query waits for the index
    except Late:
        return []
    return [place(url.removeprefix(address)) for url in tab.evaluate(FIRST)]


@pytest.fixture
def field(tab: Tab, address: str) -> Locator:
    tab.goto(address)
    field = tab.get_by_role("textbox", name="Search")
    field.focus()
    tab.wait_for_load_state("networkidle")
    return field


def texts() -> dict[str, str]:
    """Return the text of every page and section that the index knows."""
    path = SITE / "search" / "search_index.json"
    entries = json.loads(path.read_text("utf-8"))["docs"] if path.exists() else []
    return {place(entry["location"]): re.sub(r"<[^>]+>", " ", entry["text"]) for entry in entries}


TEXTS = texts()


def test_everything_wanted_exists() -> None:
    wanted = {place for kind in WANTED.values() for places in kind for place in places.split()}
    assert (wanted | asked_words().keys()) - TEXTS.keys() == set()


def test_readers_find_their_section(tab: Tab, address: str, field: Locator) -> None:
    queries = [
        (kind, query, set(places.split()))
        for kind, by_places in WANTED.items()
        for places, queries in by_places.items()
        for query in queries
    ]
    answers = {query: ask(tab, address, query) for _, query, _ in queries}
    lost = [(kind, query) for kind, query, places in queries if not places & set(answers[query])]
    asked, missed = Counter(kind for kind, *_ in queries), Counter(kind for kind, _ in lost)
    shown = "\n".join(f"{kind}: {query!r} finds {answers[query]}" for kind, query in lost)
    print({kind: f"{number - missed[kind]} of {number}" for kind, number in asked.items()}, shown, sep="\n")
    assert asked.total() - asked["names"] >= 150
    assert missed["names"] <= (1 - SHARE) * asked["names"], shown
    assert missed.total() - missed["names"] <= (1 - SHARE) * (asked.total() - asked["names"]), shown
    pasted = [query for _, query, _ in queries if MESSAGE.match(query)]
    told = [query for query in pasted if any(holds(query, place) for place in answers[query])]
    assert len(told) >= SHARE * len(pasted), sorted(set(pasted) - set(told))


def holds(message: str, place: str) -> bool:
    """Tell whether a section holds a message: a third of its word pairs, since pages often show its first part."""
    words = re.findall(r"\w+", message.lower())
    text = " ".join(re.findall(r"\w+", TEXTS.get(place, "").lower()))
    pairs = [f"{first} {second}" for first, second in pairwise(words) if not (first + second).isdigit()]
    return sum(pair in text for pair in pairs) >= len(pairs) / 3


def test_what_is_pasted_without_a_key_is_searched(tab: Tab, field: Locator) -> None:
    tab.evaluate("document.execCommand('insertText', false, 'Expected all tensors to be on the same device')")
    first = tab.locator(".md-search-result__item").first
    expect(first.locator("h1")).to_have_text("Devices and CUDA")
    expect(first.locator("> a h2").first).to_be_visible()


def test_results_show_no_missing_words_and_no_filler(tab: Tab, field: Locator) -> None:
    field.fill("RuntimeError: shape '[5, 3]' is invalid for input of size 12")
    tab.locator(".md-search-result__item").first.wait_for()
    expect(tab.locator(".md-search-result__terms:visible")).to_have_count(0)
    expect(tab.locator(".md-search-result__article p[hidden]:visible")).to_have_count(0)


def test_an_empty_result_offers_the_sections(tab: Tab, field: Locator) -> None:
    field.fill("qwertzuiop")
    offered = tab.locator(".md-search__offer a")
    expect(offered).to_have_count(tab.locator(".md-tabs__link").count())
    expect(offered.first).to_be_visible()
    field.fill("tensor")
    expect(offered.first).to_be_hidden()


def test_a_shared_word_is_marked_on_its_page(tab: Tab, address: str) -> None:
    tab.goto(f"{address}tensors/broadcasting/?h=broadcasting")
    expect(tab.locator("article mark").first).to_be_visible()
