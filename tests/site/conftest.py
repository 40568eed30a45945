"""The built site that these checks read: `mkdocs build` writes it before they run."""

from pathlib import Path

import pytest
from lxml import html

from blocks.read.page import Block, Page
from blocks.records.status import block_status
from blocks.render.guide import Guide
from blocks.render.script import script
from blocks.run.child.fake_checkpoints import seed_cache
from blocks.run.shared.variables import of_readers

ROOT = Path(__file__).parents[2]
SITE = ROOT / "site"
GUIDE = Guide(ROOT, "https://example.org/guide")
PAGES = [page for page in GUIDE.pages.values() if page.blocks]


@pytest.fixture(scope="session", autouse=True)
def built() -> None:
    if not (SITE / "index.html").exists():
        pytest.fail("no site is built: run mkdocs build --strict first")


def address(page: Page) -> str:
    """Return the page's folder below the site's root."""
    return f"/{page.key}".removesuffix("/index").strip("/")


def read_html(page: Page) -> html.HtmlElement:
    """Return the built page."""
    return html.parse(SITE / address(page) / "index.html").getroot()


def copied_script(page: Page, block: Block) -> str:
    """Return what "Copy as script" gives for a block."""
    torch = block_status(page, block, GUIDE.site.records).torch
    return script(page, page.key, block, torch)


@pytest.fixture
def environment(page: Page, request: pytest.FixtureRequest) -> dict[str, str]:
    """Environment of a reader's Python without a GPU and a screen, with the checkpoints that the page loads."""
    own = {"CUDA_VISIBLE_DEVICES": "", "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"}
    if any("_Weights" in block.code for block in page.blocks):
        own["TORCH_HOME"] = str(request.getfixturevalue("checkpoints"))
    return of_readers() | own


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made-up checkpoints for every page that loads published weights."""
    folder = tmp_path_factory.mktemp("torch")
    seed_cache(folder, "".join(block.code for page in PAGES for block in page.blocks))
    return folder
