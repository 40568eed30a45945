"""The built site as a whole: no third party, no broken link, and a build that runs nothing."""

import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, unquote, urldefrag, urlparse

import pytest
import yaml
from lxml import html

from blocks.outputs.entries import read_entries
from tests.site.conftest import GUIDE, PAGES, ROOT, SITE, address, read_html

BUILT = sorted(SITE.rglob("*.html"))
LOADED = "//script/@src | //link[not(@rel='canonical' or @rel='prev' or @rel='next')]/@href | //img/@src"


@pytest.mark.parametrize("path", BUILT, ids=lambda path: path.relative_to(SITE).as_posix())
def test_a_page_loads_nothing_from_elsewhere(path: Path) -> None:
    own = "https://pytorch-deep-dive.github.io/"
    loaded = [url for url in html.parse(path).xpath(LOADED) if urlparse(url).netloc]
    assert [url for url in loaded if not url.startswith(own)] == []


@pytest.mark.parametrize("path", BUILT, ids=lambda path: path.relative_to(SITE).as_posix())
def test_internal_links_and_anchors_lead_somewhere(path: Path) -> None:
    if path.name == "404.html":
        return
    broken = [url for url in html.parse(path).xpath("//article//a/@href") if not leads_somewhere(path, url)]
    assert broken == []


def leads_somewhere(path: Path, url: str) -> bool:
    """Tell whether a link on the built page leads to a file, and its anchor to an element."""
    target, anchor = urldefrag(url)
    if urlparse(target).scheme:
        return True
    target = target.split("?")[0]
    file = (path.parent / unquote(target)) if target else path
    file = file / "index.html" if file.is_dir() else file
    if not file.exists():
        return False
    return not anchor or bool(html.parse(file).xpath("//*[@id=$id]", id=unquote(anchor)))


def test_every_page_offers_its_program() -> None:
    for page in PAGES:
        compile((SITE / f"{page.key}.py").read_text("utf-8"), str(page.snippet), "exec")


def test_search_knows_every_page() -> None:
    index = json.loads((SITE / "search" / "search_index.json").read_text("utf-8"))
    known = {entry["location"].split("#")[0].strip("/") for entry in index["docs"]}
    assert {address(page) for page in PAGES} - known == {""}  # home only leads to the others


def test_search_has_the_messages_of_every_entry() -> None:
    index = json.loads((SITE / "search" / "search_index.json").read_text("utf-8"))
    assert {entry["location"] for entry in index["docs"] if entry.get("messages")} == set(GUIDE.messages())
    listed = json.loads((SITE / "troubleshooting" / "messages.json").read_text("utf-8"))["entries"]
    assert len(listed) == len(GUIDE.messages())


def test_the_build_runs_no_block_and_imports_no_torch() -> None:
    code = "import sys, hooks, blocks.render.guide; sys.exit('torch' in sys.modules or 'matplotlib' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_llms_and_sitemap_list_every_page() -> None:
    home = html.parse(SITE / "index.html").xpath("string(//link[@rel='canonical']/@href)")
    every = re.findall(r"\]\((.*?)\)", (SITE / "llms.txt").read_text("utf-8"))
    mapped = re.findall(r"<loc>(.*?)</loc>", (SITE / "sitemap.xml").read_text("utf-8"))
    assert all((SITE / url.removeprefix(home)).is_file() for url in every)
    listed = [url for url in every if not url.endswith(".json")]
    assert all((SITE / url.removeprefix(home) / "index.html").is_file() for url in mapped)
    texts = {url.removesuffix(".md").removesuffix("index").rstrip("/") for url in listed}
    assert texts == {url.rstrip("/") for url in mapped} | {home.rstrip("/")}
    whole = (SITE / "llms-full.txt").read_text("utf-8")
    assert all((SITE / url.removeprefix(home)).read_text("utf-8") in whole for url in listed)


def test_markdown_and_llms_hold_no_html() -> None:
    for path in [*SITE.rglob("*.md"), SITE / "llms.txt"]:
        prose = re.sub(r"^ *(```+).*?^ *\1 *$", "", path.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
        assert not re.search(r"^\s*</?(div|section|span)\b|^\{ ?\.", prose, re.MULTILINE), path
        assert path.name == "llms.txt" or "\n> https://" in path.read_text("utf-8")[:300]


def test_every_page_has_its_card() -> None:
    for path in SITE.rglob("index.html"):
        tree = html.parse(path)
        url = tree.xpath("string(//link[@rel='canonical']/@href)")
        home = url.removesuffix(f"{path.parent.relative_to(SITE).as_posix()}/") if path.parent != SITE else url
        card = tree.xpath("string(//meta[@property='og:image']/@content)").removeprefix(home)
        assert (SITE / card).read_bytes().startswith(b"\x89PNG"), path
        assert tree.xpath("string(//meta[@property='og:title']/@content)") not in ("", "Home")


def test_the_head_describes_every_page() -> None:
    seen = set()
    for page in PAGES:
        tree = read_html(page)
        title, described = tree.xpath("string(//title)"), tree.xpath("string(//meta[@name='description']/@content)")
        assert 60 <= len(described) <= 200, (page.path, len(described))
        assert all(tree.xpath(f"string(//meta[@property='og:{name}']/@content)") for name in ("description", "title"))
        assert tree.xpath("//meta[@name='theme-color']/@content") and tree.xpath("//link[@rel='canonical']/@href")
        assert tree.xpath("string(//link[@rel='icon']/@href)").endswith(".svg")
        seen.add((title, described))
    assert len(seen) == len(PAGES)


def test_a_report_fills_in_fields_that_the_form_has() -> None:
    names = "wrong-block.yml", "other-message.yml"
    forms = {name: yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE" / name).read_text("utf-8")) for name in names}
    fields = set.intersection(*({part["id"] for part in form["body"]} for form in forms.values()))
    of_entries = {entry.page for entry in read_entries(PAGES)}
    for page in PAGES:
        for url in read_html(page).xpath("//a[@class='report' and @tabindex]/@href"):
            asked = parse_qs(urlparse(url).query)
            assert set(asked) - {"template", "title"} == {"page", "block", "versions"} <= fields
            assert asked["template"] == [names[page.key in of_entries]]
