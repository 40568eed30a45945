"""The built site as a whole: no third party, no broken link, and a build that runs nothing."""

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlparse

import pytest
from lxml import html

from tests.site.conftest import PAGES, ROOT, SITE, address

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
    file = (path.parent / unquote(target)) if target else path
    file = file / "index.html" if file.is_dir() else file
    if not file.exists():
        return False
    return not anchor or bool(html.parse(file).xpath("//*[@id=$id]", id=unquote(anchor)))


def test_every_page_offers_its_program() -> None:
    for page in PAGES:
        compile((SITE / f"{address(page) or 'index'}.py").read_text("utf-8"), str(page.snippet), "exec")


def test_search_knows_every_page() -> None:
    index = json.loads((SITE / "search" / "search_index.json").read_text("utf-8"))
    known = {entry["location"].split("#")[0].strip("/") for entry in index["docs"]}
    assert {address(page) for page in PAGES} - known == {""}  # home only leads to the others


def test_the_build_runs_no_block_and_imports_no_torch() -> None:
    code = "import sys, hooks, blocks.render.guide; sys.exit('torch' in sys.modules or 'matplotlib' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
