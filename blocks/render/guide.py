"""The whole guide at one moment: its pages and records, and what a site builder asks of them."""

import posixpath
from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from blocks.read import tutorial
from blocks.read.page import Page, read_page
from blocks.read.paths import find_pages
from blocks.record.documentation import read_addresses
from blocks.record.record import page_key, read_records
from blocks.render import heading, verification
from blocks.render import html as rendering
from blocks.render.frame import Site
from blocks.render.notebook import notebook
from blocks.render.program import program
from blocks.render.prose import markdown

TOTALS = "<!-- totals -->"


def absolute(site_url: str, key: str, path: str, anchor: str) -> str:
    """Return the absolute address of what a link on the page `key` leads to."""
    if path.startswith("assets/"):
        return f"{site_url}{path}"
    target = posixpath.normpath(posixpath.join(posixpath.dirname(key), path))
    target = target.removesuffix(".md").removesuffix(".py").removesuffix("index")
    return f"{site_url}{target.rstrip('/')}/{anchor}" if target else f"{site_url}{anchor}"


class Guide:
    """Pages, snippets and records below one root, read once."""

    def __init__(self, root: Path, repository: str, folders: bool = True) -> None:
        self.root = root
        self.reading: dict[Path, int] = {}  # minutes that a page takes, measured before it gets its outputs
        records = tuple(read_records(root / "docs" / "records"))
        self.site = Site(root, records, repository.rstrip("/"), read_addresses(root), folders)

    @cached_property
    def pages(self) -> dict[Path, Page]:
        """Every page by the path of its Markdown file, or of its script for a tutorial."""
        return {path: read_page(path, self.root) for path in find_pages(self.root)}

    def read_again(self, path: Path) -> None:
        """Read one page as it is now."""
        self.pages[path] = read_page(path, self.root)

    def tutorials(self) -> list[Path]:
        """Return the scripts of the tutorials."""
        return [path for path, page in self.pages.items() if path == page.snippet]

    def downloads(self, site_url: str) -> Iterator[tuple[str, str]]:
        """Yield address and text of what a reader can take away: each page as a program and as a notebook."""
        for page in self.pages.values():
            key = page_key(page, self.root)
            if page.blocks:
                yield f"{key}.ipynb", notebook(page, self.root, partial(absolute, site_url, key))
                yield f"{key}.py", program(page)

    def texts(self, site_url: str) -> Iterator[tuple[str, str, str]]:
        """Yield address, title and text of each page as Markdown."""
        for page in self.pages.values():
            key = page_key(page, self.root)
            text = markdown(page, self.root, partial(absolute, site_url, key))
            yield f"{key}.md", text.splitlines()[0].lstrip("# "), text

    def markdown(self, path: Path, markdown: str) -> str:
        """Return a page's Markdown with the code in its fences and the totals filled in."""
        if TOTALS in markdown:
            markdown = markdown.replace(TOTALS, verification.totals(list(self.pages.values()), self.site))
        return rendering.with_code(self.pages[path], markdown)

    def html(self, path: Path, html: str, title: heading.Title, top: str) -> str:
        """Return what search finds of a page's HTML: with what came of each block below it."""
        page, self.reading[path] = self.pages[path], heading.minutes(html)
        if path == page.snippet:
            html = tutorial.with_links(path, html, title)
        framed = rendering.with_results(page, rendering.with_wide_tables(html), self.site, top)
        return verification.with_tables(framed, list(self.pages.values()), self.site, top)

    def framed(self, path: Path, html: str, meta: Mapping[str, Any], title: heading.Title, top: str) -> str:
        """Return a page's HTML with the facts below its title and a bar on every block."""
        page, reading = self.pages[path], self.reading[path]
        return heading.with_heading(
            page, rendering.with_bars(page, html, self.site, top), reading, meta, title, self.site
        )
