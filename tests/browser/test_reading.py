"""Reading without a script, in the dark, on paper, and at an address that does not exist."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from playwright.sync_api import Page as Tab

from blocks.outputs.store import read_outputs
from tests.site.conftest import PAGES, SITE
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


def test_ticked_answers_add_up_to_a_reading_list_without_a_script(scriptless: Tab, address: str) -> None:
    scriptless.goto(f"{address}introduction/learning-paths/")
    items = scriptless.locator("#your-reading-list ~ ol > li:visible")
    expect(items).to_have_count(0)
    for page in ("devices", "dtypes"):
        answer = scriptless.locator("details", has=scriptless.locator(f"#list-{page}"))
        answer.locator("> summary").click()
        answer.get_by_label("I expected something else").check()
    expect(items).to_have_text([re.compile("^Dtypes"), re.compile("^Devices")])


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


def test_the_cheat_sheet_is_two_sheets_of_paper(tab: Tab, address: str) -> None:
    tab.goto(f"{address}reference/cheat-sheet/")
    tab.emulate_media(media="print")
    assert len(re.findall(rb"/Type\s*/Page\b", tab.pdf(format="A4"))) == 2


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


def test_a_lost_reader_finds_search_home_guesses_and_sections(tab: Tab, address: str) -> None:
    lost = (SITE / "404.html").read_text("utf-8").replace("https://pytorch-deep-dive.github.io/", address)
    tab.route("**/tensor/broadcast/", lambda route: route.fulfill(body=lost, content_type="text/html", status=404))
    tab.goto(f"{address}tensor/broadcast/")
    expect(tab.locator("h1")).to_have_text("No such page")
    expect(tab.get_by_role("searchbox", name="Search the guide")).to_be_visible()
    expect(tab.get_by_role("link", name="home page")).to_be_visible()
    expect(tab.locator(".guesses a").first).to_have_text("Broadcasting")
    assert tab.locator(".lost .sections a").count() == tab.locator(".md-tabs__link").count()
    tab.get_by_role("searchbox", name="Search the guide").fill("keepdim")
    tab.keyboard.press("Enter")
    tab.locator(".md-search-result__item").first.wait_for()
    tab.unroute("**/tensor/broadcast/")


def test_a_page_read_to_its_end_is_ticked_until_it_is_forgotten(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    tab = context.new_page()
    tab.goto(f"{address}tensors/broadcasting/")
    ticked = tab.locator(".md-nav__link.read")
    tab.wait_for_timeout(3200)
    expect(ticked).to_have_count(0)
    tab.locator(".foot").scroll_into_view_if_needed()
    expect(ticked).to_have_count(1)
    tab.goto(f"{address}tensors/views/")
    expect(ticked).to_contain_text("Broadcasting")
    tab.locator(".page-menu summary").click()
    tab.get_by_role("button", name="Forget which pages I read").click()
    expect(ticked).to_have_count(0)
    tab.keyboard.press("Escape")
    expect(tab.locator(".page-menu ul")).to_be_hidden()
    context.close()


def test_wrapping_is_remembered(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    tab = context.new_page()
    tab.goto(f"{address}tensors/broadcasting/")
    wrap = tab.locator(".block-bar .wrap:visible").first
    wrap.tap()
    code = tab.locator(".block pre > code:visible").first
    expect(code).to_have_css("white-space", "pre-wrap")
    tab.goto(f"{address}tensors/views/")
    expect(code).to_have_css("white-space", "pre-wrap")
    tab.locator(".page-menu summary").tap()
    tab.get_by_role("button", name="Wrap long lines").tap()
    expect(code).to_have_css("white-space", "pre")
    context.close()
