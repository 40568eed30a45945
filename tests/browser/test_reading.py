"""Reading without a script, in the dark, on paper, and at an address that does not exist."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from playwright.sync_api import Page as Tab

from blocks.record.outputs import read_outputs
from tests.site.conftest import PAGES
from tests.site.conftest import address as folder

PAGE = next(page for page in PAGES if folder(page) == "introduction/install")
PAPER = "getComputedStyle(document.body).backgroundColor"


@pytest.fixture(scope="module", params=["light", "dark"])
def scriptless(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Tab]:
    context = browser.new_context(java_script_enabled=False, color_scheme=request.param)
    yield context.new_page()
    context.close()


def test_text_code_output_and_navigation_need_no_script(scriptless: Tab, address: str) -> None:
    scriptless.goto(f"{address}{folder(PAGE)}/")
    outputs = read_outputs(PAGE.snippet)
    for block in PAGE.blocks:
        frame = scriptless.locator(f"#block-{block.name}")
        assert frame.locator("pre code").first.text_content() == block.code
        if printed := outputs.get(block.name):
            assert frame.locator("samp").text_content() == printed.rstrip("\n")
    scriptless.get_by_role("link", name="Tensors and autograd", exact=True).first.click()
    expect(scriptless.locator("h1")).to_contain_text("Creating tensors")


def test_menu_folds_and_solutions_open_without_a_script(scriptless: Tab, address: str) -> None:
    scriptless.goto(f"{address}tensors/broadcasting/")
    for kind in ("page-menu", "fold", "success"):
        fold = scriptless.locator(f"details.{kind}").first
        expect(fold.locator("> :not(summary)").first).to_be_hidden()
        fold.locator("> summary").focus()
        scriptless.keyboard.press("Enter")
        expect(fold.locator("> :not(summary)").first).to_be_visible()
    expect(scriptless.get_by_role("button", name="Copy")).to_have_count(0)


def test_the_palette_follows_the_system_without_a_script(browser: Browser, address: str) -> None:
    papers = set()
    for scheme in ("light", "dark"):
        context = browser.new_context(java_script_enabled=False, color_scheme=scheme)
        tab = context.new_page()
        tab.goto(address)
        papers.add(tab.screenshot(clip={"x": 2, "y": 300, "width": 4, "height": 4}))
        context.close()
    assert len(papers) == 2


def test_paper_shows_code_and_output_and_no_controls(tab: Tab, address: str) -> None:
    tab.goto(f"{address}{folder(PAGE)}/")
    tab.emulate_media(media="print")
    expect(tab.locator(".block-bar .copy").first).to_be_hidden()
    expect(tab.locator(".md-header")).to_be_hidden()
    expect(tab.locator("samp").first).to_be_visible()
    assert tab.locator(".block pre > code").first.evaluate("code => getComputedStyle(code).whiteSpace") == "pre-wrap"
    tab.emulate_media(media="screen")


def test_paper_shows_what_is_folded(tab: Tab, address: str) -> None:
    tab.goto(f"{address}tensors/broadcasting/")
    tab.emulate_media(media="print", color_scheme="dark")
    heights = tab.locator("details.fold pre, details.success .block").evaluate_all(
        "(all) => all.map((e) => e.offsetHeight)"
    )
    assert heights and all(heights)
    assert tab.locator("details.page-menu").is_hidden()
    assert tab.evaluate("getComputedStyle(document.querySelector('.md-typeset')).color") == "rgb(31, 35, 40)"
    tab.emulate_media(media="screen", color_scheme="light")


def test_a_lost_reader_finds_search_and_home(tab: Tab, address: str) -> None:
    tab.goto(f"{address}404.html")
    expect(tab.locator("h1")).to_have_text("No such page")
    expect(tab.get_by_role("textbox", name="Search").first).to_be_visible()
    expect(tab.get_by_role("link", name="home page")).to_be_visible()


def test_the_head_describes_every_page(tab: Tab, address: str) -> None:
    seen = set()
    for page in PAGES:
        tab.goto(f"{address}{folder(page)}", wait_until="domcontentloaded")
        head = tab.evaluate("""() => ["description", "og:description", "og:title", "theme-color"].map((name) =>
            document.querySelector(`meta[name="${name}"], meta[property="${name}"]`)?.content)""")
        assert all(head), page.path
        assert 60 <= len(head[0]) <= 200, (page.path, len(head[0]))
        assert tab.locator("link[rel=canonical]").get_attribute("href")
        assert tab.locator("link[rel=icon]").get_attribute("href").endswith(".svg")
        seen.add((tab.title(), head[0]))
    assert len(seen) == len(PAGES)
