"""MkDocs events: hand each page to `blocks` and take back what the reader sees."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

from blocks import page as pages
from blocks import render
from blocks.errors import BadInput

ROOT = Path(__file__).parent


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    try:
        return render.with_anchors(read(page), markdown)
    except BadInput as error:
        raise PluginError(str(error)) from None


def on_page_content(html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    try:
        return render.with_results(read(page), html, ROOT, lambda target: get_relative_url(target, page.url))
    except BadInput as error:
        raise PluginError(str(error)) from None


def read(page: Page) -> pages.Page:
    """Return our page for theirs."""
    return pages.read_page(Path(page.file.abs_src_path), ROOT)
